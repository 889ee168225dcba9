/* SPDX-License-Identifier: Apache-2.0 */
/* Offer and answer: RFC 3264, 4975, 5547, 6135, 6714. */
#include "ms-test.h"

#include <errno.h>

#include "core/buf.h"
#include "sdp/keymgmt.h"
#include "sdp/offer.h"

#define HEAD "v=0\r\no=alice 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
#define MSRP(port, proto) "m=message " port " " proto " *\r\na=accept-types:text/plain\r\n"

static const struct ms_sdp_session_info info = {
	.session_id = 7, .version = 1, .address = { false, { (const uint8_t *)"192.0.2.2", 9 } }
};

static const struct ms_sdp_line_spec chat = {
	.tls = true,
	.port = 7000,
	.path = { (const uint8_t *)"msrps://192.0.2.2:7000/b;tcp", 28 },
	.max_size = UINT64_MAX,
	.setup = MS_SDP_ACTPASS,
};

static struct ms_sdp parsed(struct ms_span text)
{
	struct ms_sdp sdp;

	assert_int_equal(ms_sdp_parse(text, NULL, NULL, &sdp), 0);
	return sdp;
}

static void test_offer_text(void **state MS_UNUSED)
{
	static const struct ms_sdp_attr_value file[] = {
		{ "file-transfer-id", { (const uint8_t *)"abc", 3 } }, { "flag", { NULL, 0 } }
	};
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_sdp_line_spec l = chat;

	ms_buf_init(&b, 4096);
	l.attrs = file;
	l.n_attrs = 2;
	l.max_size = 1000;
	l.direction = MS_SDP_SENDONLY;
	l.key_mgmt = MS_SPAN_LIT("\1\2\3");
	assert_int_equal(ms_sdp_offer(&b, &info, MS_SPAN_NULL, &l, 1), 0);
	assert_span_str(ms_buf_span(&b), "v=0\r\no=- 7 1 IN IP4 192.0.2.2\r\ns=-\r\n"
					 "c=IN IP4 192.0.2.2\r\nt=0 0\r\n"
					 "m=message 7000 TCP/TLS/MSRP *\r\n"
					 "a=accept-types:*\r\n"
					 "a=max-size:1000\r\n"
					 "a=path:msrps://192.0.2.2:7000/b;tcp\r\n"
					 "a=setup:actpass\r\n"
					 "a=msrp-cema\r\n"
					 "a=sendonly\r\n"
					 "a=key-mgmt:mikey AQID\r\n"
					 "a=file-transfer-id:abc\r\n"
					 "a=flag\r\n");
}

/* RFC 4145 section 4.1: an active party writes port 9; RFC 6135 section 4.2.2: no passive offer. */
static void test_offer_setup(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_sdp_line_spec l = chat;
	struct ms_sdp sdp;

	ms_buf_init(&b, 4096);
	l.setup = MS_SDP_ACTIVE;
	assert_int_equal(ms_sdp_offer(&b, &info, MS_SPAN_NULL, &l, 1), 0);
	sdp = parsed(ms_buf_span(&b));
	assert_int_equal(sdp.media[0].port, 9);
	ms_sdp_done(&sdp);
	l.setup = MS_SDP_PASSIVE;
	assert_int_equal(ms_sdp_offer(&b, &info, MS_SPAN_NULL, &l, 1), -EINVAL);
	l.setup = MS_SDP_SETUP_NONE;
	assert_int_equal(ms_sdp_offer(&b, &info, MS_SPAN_NULL, &l, 1), -EINVAL);
}

static void test_nothing_smuggled(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_sdp_line_spec l = chat;

	ms_buf_init(&b, 4096);
	l.accept_types = MS_SPAN_LIT("text/plain\r\na=path:msrp://evil:1/x;tcp");
	assert_int_equal(ms_sdp_offer(&b, &info, MS_SPAN_NULL, &l, 1), -EINVAL);
}

static void test_setup_table(void **state MS_UNUSED)
{
	enum ms_sdp_setup s;
	bool offerer;

	/* offered, preferred -> answer */
	assert_int_equal(ms_sdp_setup_answer(MS_SDP_ACTPASS, MS_SDP_SETUP_NONE, &s), 0);
	assert_int_equal(s, MS_SDP_PASSIVE);
	assert_int_equal(ms_sdp_setup_answer(MS_SDP_ACTPASS, MS_SDP_ACTIVE, &s), 0);
	assert_int_equal(s, MS_SDP_ACTIVE);
	assert_int_equal(ms_sdp_setup_answer(MS_SDP_ACTIVE, MS_SDP_SETUP_NONE, &s), 0);
	assert_int_equal(s, MS_SDP_PASSIVE);
	assert_int_equal(ms_sdp_setup_answer(MS_SDP_SETUP_NONE, MS_SDP_SETUP_NONE, &s), 0);
	assert_int_equal(s, MS_SDP_PASSIVE);
	assert_int_equal(ms_sdp_setup_answer(MS_SDP_PASSIVE, MS_SDP_SETUP_NONE, &s), 0);
	assert_int_equal(s, MS_SDP_ACTIVE);
	assert_int_equal(ms_sdp_setup_answer(MS_SDP_ACTIVE, MS_SDP_ACTIVE, &s), -EPROTO);
	assert_int_equal(ms_sdp_setup_answer(MS_SDP_PASSIVE, MS_SDP_PASSIVE, &s), -EPROTO);

	assert_int_equal(ms_sdp_setup_roles(MS_SDP_ACTPASS, MS_SDP_ACTIVE, &offerer), 0);
	assert_false(offerer);
	assert_int_equal(ms_sdp_setup_roles(MS_SDP_ACTPASS, MS_SDP_PASSIVE, &offerer), 0);
	assert_true(offerer);
	assert_int_equal(ms_sdp_setup_roles(MS_SDP_ACTPASS, MS_SDP_SETUP_NONE, &offerer), 0);
	assert_true(offerer);
	assert_int_equal(ms_sdp_setup_roles(MS_SDP_ACTIVE, MS_SDP_ACTIVE, &offerer), -EPROTO);
	assert_int_equal(ms_sdp_setup_roles(MS_SDP_ACTPASS, MS_SDP_ACTPASS, &offerer), -EPROTO);
}

static void answered(const char *offer_text, const struct ms_sdp_answer_line *lines, size_t n,
		     const char *expected)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_sdp offer = parsed(ms_span_str(offer_text)), answer;
	struct ms_span rest;

	ms_buf_init(&b, 4096);
	assert_int_equal(ms_sdp_answer(&b, &info, &offer, MS_SPAN_NULL, lines, n, NULL), 0);
	rest = ms_span_from(ms_buf_span(&b), ms_span_find_span(ms_buf_span(&b), MS_SPAN_LIT("m=")));
	assert_span_str(rest, expected);
	answer = parsed(ms_buf_span(&b));
	assert_int_equal(ms_sdp_answer_check(&offer, &answer, NULL), 0);
	ms_sdp_done(&answer);
	ms_sdp_done(&offer);
}

/* Lines stay in order, those not wanted get port 0; the offer without CEMA gets none. */
static void test_answer_beside_rtp(void **state MS_UNUSED)
{
	struct ms_sdp_answer_line lines[] = { { .accept = false },
					      { .accept = true, .line = chat } };

	lines[1].line.setup = MS_SDP_SETUP_NONE;
	answered(
		HEAD "m=audio 4000 RTP/AVP 0\r\n" MSRP(
			"7394",
			"TCP/MSRP") "a=path:msrp://192.0.2.1:7394/a;tcp\r\nm=video 0 RTP/AVP 31\r\n",
		lines, 2,
		"m=audio 0 RTP/AVP 0\r\n"
		"m=message 7000 TCP/MSRP *\r\n"
		"a=accept-types:*\r\n"
		"a=path:msrps://192.0.2.2:7000/b;tcp\r\n"
		"a=setup:passive\r\n"
		"m=video 0 RTP/AVP 31\r\n");
	lines[0].accept = true;
	lines[0].line.verbatim = MS_SPAN_LIT("m=audio 6000 RTP/AVP 0\r\na=recvonly\r\n");
	answered(HEAD "m=audio 4000 RTP/AVP 0\r\n", lines, 1,
		 "m=audio 6000 RTP/AVP 0\r\na=recvonly\r\n");
}

static void test_answer_active(void **state MS_UNUSED)
{
	struct ms_sdp_answer_line line = { .accept = true, .line = chat };

	line.line.setup = MS_SDP_ACTIVE;
	answered(HEAD MSRP("7394", "TCP/TLS/MSRP") "a=path:msrps://x.invalid:9/a;tcp\r\n"
						   "a=setup:actpass\r\na=msrp-cema\r\n"
						   "a=sendonly\r\n",
		 &line, 1,
		 "m=message 9 TCP/TLS/MSRP *\r\n"
		 "a=accept-types:*\r\n"
		 "a=path:msrps://192.0.2.2:7000/b;tcp\r\n"
		 "a=setup:active\r\n"
		 "a=msrp-cema\r\n"
		 "a=recvonly\r\n");
}

/* RFC 6714 section 4.3: no CEMA, and a middlebox has changed the address. */
static void test_answer_middlebox(void **state MS_UNUSED)
{
	struct ms_sdp_answer_line line = { .accept = true, .line = chat };

	answered(HEAD MSRP("7394", "TCP/MSRP") "a=path:msrp://192.0.2.99:7394/a;tcp\r\n", &line, 1,
		 "m=message 0 TCP/MSRP *\r\n");
}

static void test_answer_contradiction(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_sdp_answer_line line = { .accept = true, .line = chat };
	struct ms_fault f = { 0 };
	struct ms_sdp offer =
		parsed(MS_SPAN_LIT(HEAD MSRP("9", "TCP/MSRP") "a=path:msrp://x.invalid:9/a;tcp\r\n"
							      "a=setup:active\r\na=msrp-cema\r\n"));

	ms_buf_init(&b, 4096);
	line.line.setup = MS_SDP_ACTIVE;
	assert_int_equal(ms_sdp_answer(&b, &info, &offer, MS_SPAN_NULL, &line, 1, &f), -EPROTO);
	assert_string_equal(f.reason, "sdp_setup");
	ms_sdp_done(&offer);
}

static void check_fails(const char *offer_text, const char *answer_text, const char *reason)
{
	struct ms_sdp offer = parsed(ms_span_str(offer_text));
	struct ms_sdp answer = parsed(ms_span_str(answer_text));
	struct ms_fault f = { 0 };

	assert_int_equal(ms_sdp_answer_check(&offer, &answer, &f), -EPROTO);
	assert_string_equal(f.reason, reason);
	ms_sdp_done(&offer);
	ms_sdp_done(&answer);
}

static void test_answer_check(void **state MS_UNUSED)
{
	check_fails(HEAD MSRP("1", "TCP/TLS/MSRP"), HEAD, "sdp_answer_lines");
	/* Stripping TLS is exactly what must not pass. */
	check_fails(HEAD MSRP("1", "TCP/TLS/MSRP"), HEAD MSRP("1", "TCP/MSRP"),
		    "sdp_answer_transport");
	check_fails(HEAD MSRP("1", "TCP/TLS/MSRP"), HEAD "m=audio 1 TCP/TLS/MSRP *\r\n",
		    "sdp_answer_media");
	check_fails(HEAD MSRP("0", "TCP/TLS/MSRP"), HEAD MSRP("1", "TCP/TLS/MSRP"),
		    "sdp_answer_media");
	check_fails(HEAD MSRP("1", "TCP/TLS/MSRP") "a=setup:active\r\n",
		    HEAD MSRP("1", "TCP/TLS/MSRP") "a=setup:active\r\n", "sdp_setup");
}

static bool matches(const char *address, const char *port, const char *path)
{
	char text[512];
	struct ms_sdp sdp;
	bool result;

	(void)snprintf(text, sizeof(text),
		       "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP6 %s\r\nt=0 0\r\nm=message %s "
		       "TCP/MSRP *\r\n",
		       address, port);
	sdp = parsed(ms_span_str(text));
	result = ms_sdp_address_matches_path(&sdp.media[0], ms_span_str(path));
	ms_sdp_done(&sdp);
	return result;
}

/* RFC 6714 section 4.4: addresses are compared as addresses. */
static void test_address_match(void **state MS_UNUSED)
{
	assert_true(matches("2001:db8::1", "5", "msrp://[2001:0DB8:0:0::0001]:5/a;tcp"));
	assert_true(matches("::ffff:192.0.2.1", "5", "msrp://[::ffff:c000:201]:5/a;tcp"));
	assert_true(matches("192.0.2.1", "2855", "msrp://192.0.2.1/a;tcp msrp://other:1/b;tcp"));
	assert_true(matches("Host.Example", "5", "msrp://host.example:5/a;tcp"));
	assert_false(matches("2001:db8::1", "5", "msrp://[2001:db8::1]:6/a;tcp"));
	assert_false(matches("2001:db8::1", "5", "msrp://[2001:db8::2]:5/a;tcp"));
	assert_false(matches("192.0.2.1", "5", "msrp://192.0.2.1.1:5/a;tcp"));
	assert_false(matches("1::2::3", "5", "msrp://[1:0::2:3]:5/a;tcp"));
	assert_false(matches("192.0.2.1", "5", "nonsense"));
}

static enum ms_sdp_cema cema_of(const char *attrs, bool is_offer)
{
	char text[512];
	struct ms_sdp_msrp msrp;
	struct ms_sdp sdp;
	enum ms_sdp_cema result;

	(void)snprintf(text, sizeof(text), HEAD MSRP("7394", "TCP/MSRP") "%s", attrs);
	sdp = parsed(ms_span_str(text));
	assert_int_equal(ms_sdp_msrp_read(&sdp.media[0], NULL, &msrp), 0);
	result = is_offer ? ms_sdp_cema_offer(&sdp.media[0], &msrp)
			  : ms_sdp_cema_answer(&sdp.media[0], &msrp);
	ms_sdp_done(&sdp);
	return result;
}

static void test_cema(void **state MS_UNUSED)
{
#define SAME "a=path:msrp://192.0.2.1:7394/a;tcp\r\n"
#define OTHER "a=path:msrp://x.invalid:9/a;tcp\r\n"
#define RELAY "a=path:msrp://relay:1/r;tcp msrp://x.invalid:9/a;tcp\r\n"
	assert_int_equal(cema_of(OTHER "a=msrp-cema\r\n", true), MS_SDP_CEMA_USE);
	assert_int_equal(cema_of(SAME, true), MS_SDP_CEMA_FALLBACK);
	assert_int_equal(cema_of(OTHER, true), MS_SDP_CEMA_REJECT);
	assert_int_equal(cema_of(RELAY "a=msrp-cema\r\na=setup:active\r\n", true),
			 MS_SDP_CEMA_FALLBACK);
	assert_int_equal(cema_of(RELAY "a=msrp-cema\r\na=setup:actpass\r\n", true),
			 MS_SDP_CEMA_USE);

	assert_int_equal(cema_of(OTHER "a=msrp-cema\r\n", false), MS_SDP_CEMA_USE);
	assert_int_equal(cema_of(SAME, false), MS_SDP_CEMA_FALLBACK);
	assert_int_equal(cema_of(OTHER "a=setup:active\r\n", false), MS_SDP_CEMA_REOFFER);
	assert_int_equal(cema_of(OTHER "a=setup:passive\r\n", false), MS_SDP_CEMA_USE);
	assert_int_equal(cema_of(RELAY "a=setup:passive\r\n", false), MS_SDP_CEMA_REOFFER);
}

static int answer_once(void *arg MS_UNUSED)
{
	struct ms_sdp_answer_line line = { .accept = true, .line = chat };
	MS_CLEANUP(ms_sdp_done) struct ms_sdp offer = { 0 };
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	int err;

	ms_buf_init(&b, 4096);
	line.line.setup = MS_SDP_SETUP_NONE;
	err = ms_sdp_parse(MS_SPAN_LIT(HEAD MSRP("7394", "TCP/MSRP") "a=msrp-cema\r\n" OTHER), NULL,
			   NULL, &offer);
	if (err == 0)
		err = ms_sdp_answer(&b, &info, &offer, MS_SPAN_LIT("key"), &line, 1, NULL);
	return err;
}

static void test_allocations(void **state MS_UNUSED)
{
	assert_true(ms_test_torture(answer_once, NULL) > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offer_text),
		cmocka_unit_test(test_offer_setup),
		cmocka_unit_test(test_nothing_smuggled),
		cmocka_unit_test(test_setup_table),
		cmocka_unit_test(test_answer_beside_rtp),
		cmocka_unit_test(test_answer_active),
		cmocka_unit_test(test_answer_middlebox),
		cmocka_unit_test(test_answer_contradiction),
		cmocka_unit_test(test_answer_check),
		cmocka_unit_test(test_address_match),
		cmocka_unit_test(test_cema),
		cmocka_unit_test(test_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
