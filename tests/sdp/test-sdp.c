/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing, attributes, key management and crypto session numbers. */
#include "ms-test.h"

#include <errno.h>

#include "core/buf.h"
#include "sdp/keymgmt.h"
#include "sdp/sdp.h"

#define HEAD "v=0\r\no=alice 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

static struct ms_sdp parsed(const char *text)
{
	struct ms_sdp sdp;
	struct ms_fault f = { 0 };

	assert_int_equal(ms_sdp_parse(ms_span_str(text), NULL, &f, &sdp), 0);
	return sdp;
}

static void refused(const char *text, int err, const char *reason, size_t offset)
{
	struct ms_sdp sdp;
	struct ms_fault f = { 0 };

	assert_int_equal(ms_sdp_parse(ms_span_str(text), NULL, &f, &sdp), err);
	assert_string_equal(f.reason, reason);
	assert_int_equal(f.offset, offset);
	assert_int_equal(f.code, err == -E2BIG ? 513 : 488);
}

/* RFC 4975 section 8.2, figure 7. */
static void test_rfc4975(void **state MS_UNUSED)
{
	struct ms_sdp_msrp msrp;
	struct ms_span host;
	uint16_t port;
	struct ms_sdp sdp = parsed("v=0\r\n"
				   "o=alice 2890844526 2890844527 IN IP4 alice.example.com\r\n"
				   "s= -\r\n"
				   "c=IN IP4 alice.example.com\r\n"
				   "t=0 0\r\n"
				   "m=message 7394 TCP/MSRP *\r\n"
				   "a=accept-types:text/plain\r\n"
				   "a=path:msrp://alice.example.com:7394/2s93i9ek2a;tcp\r\n");

	assert_int_equal(sdp.n_media, 1);
	assert_span_str(sdp.username, "alice");
	assert_span_str(sdp.session_version, "2890844527");
	assert_span_str(sdp.name, " -");
	assert_span_str(sdp.media[0].connection.address, "alice.example.com");
	assert_int_equal(sdp.media[0].port, 7394);
	assert_int_equal(sdp.media[0].kind, MS_SDP_TCP_MSRP);
	assert_int_equal(sdp.media[0].direction, MS_SDP_SENDRECV);
	assert_int_equal(ms_sdp_msrp_read(&sdp.media[0], NULL, &msrp), 0);
	assert_span_str(msrp.path, "msrp://alice.example.com:7394/2s93i9ek2a;tcp");
	assert_span_str(msrp.accept_types, "text/plain");
	assert_true(msrp.max_size == UINT64_MAX);
	assert_int_equal(ms_sdp_msrp_uri_address(msrp.path, &host, &port), 0);
	assert_span_str(host, "alice.example.com");
	assert_int_equal(port, 7394);
	ms_sdp_done(&sdp);
}

/* RFC 5547 section 9.1, the offer, its file-selector unfolded as the text says. */
static void test_rfc5547(void **state MS_UNUSED)
{
	struct ms_sdp_msrp msrp;
	struct ms_span title;
	struct ms_sdp sdp =
		parsed("v=0\r\n"
		       "o=alice 2890844526 2890844526 IN IP4 alicepc.example.com\r\n"
		       "s=\r\n"
		       "c=IN IP4 alicepc.example.com\r\n"
		       "t=0 0\r\n"
		       "m=message 7654 TCP/MSRP *\r\n"
		       "i=This is my latest picture\r\n"
		       "a=sendonly\r\n"
		       "a=accept-types:message/cpim\r\n"
		       "a=accept-wrapped-types:*\r\n"
		       "a=path:msrp://alicepc.example.com:7654/jshA7we;tcp\r\n"
		       "a=file-selector:name:\"My cool picture.jpg\" type:image/jpeg size:4092\r\n"
		       "a=file-transfer-id:Q6LMoGymJdh0IKIgD6wD0jkcfgva4xvE\r\n"
		       "a=file-disposition:render\r\n"
		       "a=file-date:creation:\"Mon, 15 May 2006 15:01:31 +0300\"\r\n"
		       "a=file-icon:cid:id2@alicepc.example.com\r\n");

	assert_int_equal(ms_sdp_msrp_read(&sdp.media[0], NULL, &msrp), 0);
	assert_int_equal(sdp.media[0].direction, MS_SDP_SENDONLY);
	assert_true(ms_sdp_line(&sdp.media[0].section, 'i', &title));
	assert_span_str(title, "This is my latest picture");
	assert_span_str(msrp.accept_wrapped_types, "*");
	assert_span_str(msrp.file_selector,
			"name:\"My cool picture.jpg\" type:image/jpeg size:4092");
	assert_span_str(msrp.file_transfer_id, "Q6LMoGymJdh0IKIgD6wD0jkcfgva4xvE");
	assert_span_str(msrp.file_disposition, "render");
	assert_span_str(msrp.file_icon, "cid:id2@alicepc.example.com");
	assert_int_equal(msrp.file_range.len, 0);
	ms_sdp_done(&sdp);
}

static void test_inheritance(void **state MS_UNUSED)
{
	struct ms_span v;
	struct ms_sdp sdp = parsed("v=0\no=- 1 1 IN IP6 2001:db8::1\ns=-\nc=IN IP6 2001:db8::1\n"
				   "t=0 0\na=setup:actpass\na=inactive\nz=unknown\n"
				   "m=message 9 TCP/TLS/MSRP *\nc=IN IP4 224.2.1.1/127/3\n"
				   "a=setup:holdconn\na=connection:new\na=3ge2ae:requested\n"
				   "m=audio 4000/2 RTP/SAVPF 0 8\na=sendrecv\n");

	assert_true(sdp.origin.ipv6);
	assert_false(sdp.media[0].connection.ipv6);
	assert_span_str(sdp.media[0].connection.address, "224.2.1.1");
	assert_int_equal(sdp.media[0].setup, MS_SDP_SETUP_NONE);
	assert_int_equal(sdp.media[0].direction, MS_SDP_INACTIVE);
	assert_true(sdp.media[1].connection.ipv6);
	assert_int_equal(sdp.media[1].setup, MS_SDP_ACTPASS);
	assert_int_equal(sdp.media[1].direction, MS_SDP_SENDRECV);
	assert_int_equal(sdp.media[1].n_ports, 2);
	assert_span_str(sdp.media[1].fmt, "0 8");
	assert_int_equal(sdp.media[1].kind, MS_SDP_SRTP);
	assert_true(ms_sdp_line(&sdp.session, 'z', &v));
	assert_true(ms_sdp_attr(&sdp.media[0].section, "3ge2ae", &v));
	assert_span_str(v, "requested");
	assert_true(ms_sdp_attr_inherited(&sdp, &sdp.media[1], "setup", &v));
	ms_sdp_done(&sdp);
}

static void test_refusals(void **state MS_UNUSED)
{
	refused("", -EBADMSG, "sdp_missing", 0);
	refused("v=1\r\no=- 1 1 IN IP4 h\r\ns=-\r\n", -EBADMSG, "sdp_version", 0);
	refused("v=0\r\ns=-\r\no=- 1 1 IN IP4 h\r\n", -EBADMSG, "sdp_origin", 5);
	refused("v=0\r\no=- x 1 IN IP4 h\r\ns=-\r\n", -EBADMSG, "sdp_origin", 5);
	refused("v=0\r\no=- 1 1 IN IP4 h\r\n", -EBADMSG, "sdp_missing", 0);
	refused("v=0\r\nnonsense\r\n", -EBADMSG, "sdp_line", 5);
	refused("v=0\r\no=- 1 1 IN IP4 h\r\ns=a\rb\r\n", -EBADMSG, "sdp_line", 23);
	refused(HEAD "v=0\r\n", -EBADMSG, "sdp_line", sizeof(HEAD) - 1);
	refused(HEAD "m=message 70000 TCP/MSRP *\r\n", -EBADMSG, "sdp_media", sizeof(HEAD) - 1);
	refused(HEAD "m=message 1/0 TCP/MSRP *\r\n", -EBADMSG, "sdp_media", sizeof(HEAD) - 1);
	refused(HEAD "m=message 1 TCP/MSRP\r\n", -EBADMSG, "sdp_media", sizeof(HEAD) - 1);
	refused(HEAD "m=message  1 TCP/MSRP *\r\n", -EBADMSG, "sdp_media", sizeof(HEAD) - 1);
	refused(HEAD "a=:x\r\n", -EBADMSG, "sdp_attribute", sizeof(HEAD) - 1);
	refused("v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP5 h\r\n", -EBADMSG, "sdp_connection", 28);
	refused("v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nm=audio 1 RTP/AVP 0\r\n", -EBADMSG,
		"sdp_connection", 28);
}

static void test_limits(void **state MS_UNUSED)
{
	struct ms_sdp_limits limits = { .lines = 6, .media = 1, .line = 40, .text = 200 };
	struct ms_span one = MS_SPAN_LIT(HEAD "m=message 1 TCP/MSRP *\r\n");
	struct ms_span two =
		MS_SPAN_LIT(HEAD "m=message 1 TCP/MSRP *\r\nm=message 1 TCP/MSRP *\r\n");
	struct ms_fault f = { 0 };
	struct ms_sdp sdp;

	assert_int_equal(ms_sdp_parse(one, &limits, &f, &sdp), 0);
	ms_sdp_done(&sdp);
	assert_int_equal(ms_sdp_parse(two, &limits, &f, &sdp), -E2BIG);
	assert_string_equal(f.reason, "sdp_limit");
	limits.line = 10;
	assert_int_equal(ms_sdp_parse(one, &limits, &f, &sdp), -E2BIG);
	limits.line = 40;
	limits.text = 20;
	assert_int_equal(ms_sdp_parse(one, &limits, &f, &sdp), -E2BIG);
}

static void test_msrp_refusals(void **state MS_UNUSED)
{
	static const char *const bad[] = {
		HEAD "m=message 1 TCP/MSRP *\r\na=accept-types:*\r\n",
		HEAD "m=message 1 TCP/MSRP *\r\na=path:msrp://h:1/a;tcp\r\n",
		HEAD "m=message 1 TCP/MSRP *\r\na=accept-types:*\r\na=path:x\r\na=path:y\r\n",
		HEAD "m=message 1 TCP/MSRP *\r\na=accept-types:*\r\na=path:x\r\na=max-size:-1\r\n",
	};
	struct ms_sdp_msrp msrp;
	struct ms_fault f;

	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++) {
		struct ms_sdp sdp = parsed(bad[i]);

		f = (struct ms_fault){ 0 };
		assert_int_equal(ms_sdp_msrp_read(&sdp.media[0], &f, &msrp), -EBADMSG);
		assert_string_equal(f.reason, "sdp_msrp");
		ms_sdp_done(&sdp);
	}
}

static void test_msrp_uris(void **state MS_UNUSED)
{
	struct ms_span host;
	uint16_t port;

	assert_int_equal(ms_sdp_msrp_uri_address(MS_SPAN_LIT("msrps://u@[2001:db8::1]:7/s;tcp"),
						 &host, &port),
			 0);
	assert_span_str(host, "2001:db8::1");
	assert_int_equal(port, 7);
	assert_int_equal(ms_sdp_msrp_uri_address(MS_SPAN_LIT("MSRP://h/s;tcp"), &host, &port), 0);
	assert_int_equal(port, 2855);
	assert_int_equal(ms_sdp_msrp_uri_address(MS_SPAN_LIT("http://h/"), &host, &port), -EBADMSG);
	assert_int_equal(ms_sdp_msrp_uri_address(MS_SPAN_LIT("msrp://:5/s"), &host, &port),
			 -EBADMSG);
	assert_int_equal(ms_sdp_msrp_uri_address(MS_SPAN_LIT("msrp://[::1/s"), &host, &port),
			 -EBADMSG);
	assert_int_equal(ms_sdp_msrp_uri_address(MS_SPAN_LIT("msrp://h:70000/s"), &host, &port),
			 -EBADMSG);
}

/* RFC 4567 section 4.1.4: the example with three protocols. */
static void test_keymgmt_list(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf ids;
	struct ms_span data;
	struct ms_sdp sdp = parsed(HEAD "a=key-mgmt:mikey AQAFgM0X\r\n"
					"a=key-mgmt:keyp1 727gkdOs\r\n"
					"a=key-mgmt:keyp2 DFsnuiSD\r\n"
					"m=audio 39000 RTP/SAVP 98\r\n"
					"m=video 42000 RTP/SAVP 31\r\n");

	ms_buf_init(&ids, 100);
	assert_int_equal(ms_sdp_keymgmt_ids(&sdp, SIZE_MAX, &ids), MS_SDP_LEVEL_SESSION);
	assert_span_str(ms_buf_span(&ids), "mikey;keyp1;keyp2");
	assert_int_equal(ms_sdp_keymgmt_find(&sdp, 1, "mikey", &data), MS_SDP_LEVEL_SESSION);
	assert_span_str(data, "AQAFgM0X");
	assert_int_equal(ms_sdp_keymgmt_find(&sdp, 1, "other", &data), MS_SDP_LEVEL_NONE);
	ms_sdp_done(&sdp);
}

static void test_keymgmt_media_wins(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf ids;
	struct ms_span data;
	struct ms_sdp sdp = parsed(HEAD "a=key-mgmt:mikey AAAA\r\n"
					"m=audio 39000 RTP/SAVP 98\r\n"
					"m=message 9 TCP/TLS/MSRP *\r\na=key-mgmt:mikey BBBB\r\n"
					"m=message 9 TCP/TLS/MSRP *\r\na=key-mgmt:keyp1 CCCC\r\n");

	ms_buf_init(&ids, 100);
	assert_int_equal(ms_sdp_keymgmt_find(&sdp, 0, "mikey", &data), MS_SDP_LEVEL_SESSION);
	assert_span_str(data, "AAAA");
	assert_int_equal(ms_sdp_keymgmt_find(&sdp, 1, "mikey", &data), MS_SDP_LEVEL_MEDIA);
	assert_span_str(data, "BBBB");
	/* The line's own list governs, even where it lacks what the session has. */
	assert_int_equal(ms_sdp_keymgmt_find(&sdp, 2, "mikey", &data), MS_SDP_LEVEL_NONE);
	assert_int_equal(ms_sdp_keymgmt_ids(&sdp, 2, &ids), MS_SDP_LEVEL_MEDIA);
	assert_span_str(ms_buf_span(&ids), "keyp1");
	assert_int_equal(ms_sdp_keymgmt_find(&sdp, 3, "mikey", &data), MS_SDP_LEVEL_NONE);
	ms_sdp_done(&sdp);
}

static void test_crypto_sessions(void **state MS_UNUSED)
{
	struct ms_sdp_crypto_session cs[4];
	size_t n = 0;
	struct ms_sdp sdp = parsed(HEAD "a=key-mgmt:mikey AAAA\r\n"
					"m=audio 1000 RTP/SAVP 98\r\n"
					"m=audio 1000 RTP/AVP 98\r\n"
					"m=message 0 TCP/TLS/MSRP *\r\n"
					"m=message 9 TCP/TLS/MSRP *\r\na=key-mgmt:mikey BBBB\r\n"
					"m=video 2000 RTP/SAVPF 31\r\n");

	assert_int_equal(ms_sdp_crypto_sessions(&sdp, SIZE_MAX, cs, 4, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(cs[0].media, 0);
	assert_int_equal(cs[0].first_id, 1);
	assert_int_equal(cs[0].count, 2);
	assert_int_equal(cs[1].media, 2);
	assert_int_equal(cs[1].first_id, 3);
	assert_int_equal(cs[1].count, 1);
	assert_int_equal(cs[2].media, 4);
	assert_int_equal(cs[2].first_id, 4);
	assert_int_equal(ms_sdp_crypto_sessions(&sdp, 3, cs, 4, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(cs[0].first_id, 1);
	assert_int_equal(ms_sdp_crypto_sessions(&sdp, SIZE_MAX, cs, 2, &n), -ENOSPC);
	ms_sdp_done(&sdp);
}

static int parse_once(void *arg)
{
	struct ms_sdp sdp;
	int err = ms_sdp_parse(ms_span_str(arg), NULL, NULL, &sdp);

	if (err == 0)
		ms_sdp_done(&sdp);
	return err;
}

static void test_allocations(void **state MS_UNUSED)
{
	char text[] = HEAD "m=message 1 TCP/MSRP *\r\n";

	assert_true(ms_test_torture(parse_once, text) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc4975),
		cmocka_unit_test(test_rfc5547),
		cmocka_unit_test(test_inheritance),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_msrp_refusals),
		cmocka_unit_test(test_msrp_uris),
		cmocka_unit_test(test_keymgmt_list),
		cmocka_unit_test(test_keymgmt_media_wins),
		cmocka_unit_test(test_crypto_sessions),
		cmocka_unit_test(test_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
