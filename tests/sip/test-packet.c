/* SPDX-License-Identifier: Apache-2.0 */
/* Messages read and written again as a proxy does it. */
#include "ms-test.h"

#include <errno.h>

#include "sip/packet.h"

#define COMMON                                                                          \
	"From: \"A, B\" <sip:alice@example.org>;tag=1\r\nTo: <sip:bob@example.org>\r\n" \
	"Call-ID: c1\r\n"
#define VIA \
	"Via: SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bKx, SIP/2.0/TCP h;branch=z9hG4bKy\r\n"

static struct ms_sip_packet *reading(const char *text)
{
	struct ms_sip_packet *p = NULL;

	assert_int_equal(ms_sip_packet_read(ms_span_str(text), &p, NULL), 0);
	return p;
}

static int code_of(const char *text, const char **ret_reason)
{
	struct ms_sip_packet *p = NULL;
	struct ms_fault f = { 0 };

	assert_int_equal(ms_sip_packet_read(ms_span_str(text), &p, &f), -EBADMSG);
	*ret_reason = f.reason;
	return f.code;
}

static void test_read(void **state MS_UNUSED)
{
	struct ms_sip_packet *p =
		reading("INVITE sip:bob@example.org SIP/2.0\r\n" VIA COMMON
			"CSeq: 7 INVITE\r\nMax-Forwards: 9\r\nk: 100rel,\r\n timer\r\n"
			"Route: <sip:a;lr>, <sip:b,c;lr>\r\nRoute: <sip:d>\r\n"
			"l: 3\r\n\r\nabcdef");
	struct ms_span v;

	assert_true(p->request);
	assert_span_str(p->method, "INVITE");
	assert_span_str(p->uri, "sip:bob@example.org");
	assert_span_str(p->via.host, "10.0.0.1");
	assert_int_equal(p->via.port, 5070);
	assert_span_str(p->via.branch, "z9hG4bKx");
	assert_true(p->via.rport);
	assert_span_str(p->from_tag, "1");
	assert_int_equal(p->to_tag.len, 0);
	assert_int_equal(p->cseq, 7);
	assert_int_equal(p->max_forwards, 9);
	assert_span_str(p->body, "abc");
	assert_true(ms_sip_packet_has_token(p, "Supported", "timer"));
	assert_true(ms_sip_packet_element(p, "Route", 1, &v));
	assert_span_str(v, "<sip:b,c;lr>");
	assert_true(ms_sip_packet_element(p, "Route", 2, &v));
	assert_span_str(v, "<sip:d>");
	assert_false(ms_sip_packet_element(p, "Route", 3, &v));
	ms_sip_packet_unref(p);
}

static void test_refused(void **state MS_UNUSED)
{
	static const struct {
		const char *text, *reason;
		int code;
	} bad[] = {
		{ "", "start_line", 400 },
		{ "INVITE sip:b\r\n\r\n", "start_line", 400 },
		{ "INVITE sip:b SIP/3.0\r\n\r\n", "version", 505 },
		{ "SIP/2.0 99 x\r\n\r\n", "start_line", 400 },
		{ "INVITE sip:b SIP/2.0\r\n" COMMON "CSeq: 1 INVITE\r\n\r\n", "via", 400 },
		{ "INVITE sip:b SIP/2.0\r\n" VIA COMMON "CSeq: 1 BYE\r\n\r\n", "cseq", 400 },
		{ "INVITE sip:b SIP/2.0\r\n" VIA COMMON "CSeq: 4294967296 INVITE\r\n\r\n", "cseq",
		  400 },
		{ "INVITE sip:b SIP/2.0\r\n" VIA COMMON "i: c2\r\nCSeq: 1 INVITE\r\n\r\n",
		  "header_count", 400 },
		{ "INVITE sip:b SIP/2.0\r\n" VIA COMMON "CSeq: 1 INVITE\r\nl: 5\r\n\r\nabc",
		  "content_length", 400 },
		{ "INVITE sip:b SIP/2.0\r\n" VIA COMMON "CSeq: 1 INVITE\r\nl: 1\r\nl: 2\r\n\r\nabc",
		  "content_length", 400 },
		{ "INVITE sip:b SIP/2.0\r\n" VIA COMMON "CSeq: 1 INVITE\r\nMax-Forwards: x\r\n\r\n",
		  "max_forwards", 400 },
		{ "INVITE sip:b SIP/2.0\r\nno colon\r\n\r\n", "header", 400 },
	};
	const char *reason;

	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++) {
		assert_int_equal(code_of(bad[i].text, &reason), bad[i].code);
		assert_string_equal(reason, bad[i].reason);
	}
}

static void test_forward(void **state MS_UNUSED)
{
	static const struct ms_sip_edit edits[] = {
		{ "P-Asserted-Identity", { (const uint8_t *)"<sip:a@b>", 9 }, false },
		{ "Supported", { (const uint8_t *)"path", 4 }, true },
	};
	struct ms_sip_change c = { .edits = edits,
				   .n_edits = 2,
				   .new_body = true,
				   .body = MS_SPAN_LIT("new"),
				   .content_type = "text/plain" };
	struct ms_sip_rewrite r = { .change = &c,
				    .uri = MS_SPAN_LIT("sip:x@y"),
				    .routes_used = 2,
				    .via = MS_SPAN_LIT("SIP/2.0/UDP us;branch=z9hG4bKu"),
				    .received = MS_SPAN_LIT(";received=10.0.0.9;rport=1"),
				    .max_forwards = 69,
				    .head = MS_SPAN_LIT("Record-Route: <sip:us;lr>\r\n") };
	struct ms_sip_packet *p = reading(
		"MESSAGE sip:bob@example.org SIP/2.0\r\n" VIA COMMON
		"CSeq: 7 MESSAGE\r\nMax-Forwards: 70\r\nRoute: <sip:a>\r\nRoute: <sip:b>,<sip:c>\r\n"
		"P-Asserted-Identity: <sip:liar@x>\r\nk: timer\r\nContent-Type: text/html\r\n"
		"Content-Length: 3\r\n\r\nold");
	struct ms_buf b;

	ms_buf_init(&b, 4096);
	ms_sip_packet_write(p, &r, &b);
	assert_int_equal(ms_buf_status(&b), 0);
	assert_string_equal(
		ms_buf_cstr(&b),
		"MESSAGE sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP us;branch=z9hG4bKu\r\n"
		"Record-Route: <sip:us;lr>\r\nP-Asserted-Identity: <sip:a@b>\r\nSupported: path\r\n"
		"Max-Forwards: 69\r\nVia: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKx;received=10.0.0.9"
		";rport=1, SIP/2.0/TCP h;branch=z9hG4bKy\r\n" COMMON
		"CSeq: 7 MESSAGE\r\nRoute: <sip:c>\r\nk: timer\r\nContent-Type: text/plain\r\n"
		"Content-Length: 3\r\n\r\nnew");
	ms_buf_done(&b);
	ms_sip_packet_unref(p);
}

static void test_response(void **state MS_UNUSED)
{
	struct ms_sip_rewrite r = { .max_forwards = -1 };
	struct ms_sip_packet *p = reading("SIP/2.0 200 Fine\r\n" VIA "v: SIP/2.0/UDP z\r\n" COMMON
					  "CSeq: 1 INVITE\r\n\r\n");
	struct ms_buf b;

	ms_buf_init(&b, 4096);
	ms_sip_packet_write(p, &r, &b);
	assert_string_equal(ms_buf_cstr(&b),
			    "SIP/2.0 200 Fine\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKy\r\n"
			    "Via: SIP/2.0/UDP z\r\n" COMMON
			    "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
	ms_buf_done(&b);
	ms_sip_packet_unref(p);
}

/* What others gave us may not become a line of its own. */
static void test_injection(void **state MS_UNUSED)
{
	static const struct ms_sip_edit edit = { "X", { (const uint8_t *)"a\r\nY: b", 7 }, false };
	struct ms_sip_change c = { .edits = &edit, .n_edits = 1 };
	struct ms_sip_rewrite r = { .change = &c, .max_forwards = -1 };
	struct ms_sip_packet *p =
		reading("INVITE sip:b SIP/2.0\r\n" VIA COMMON "CSeq: 1 INVITE\r\n\r\n");
	struct ms_buf b;

	ms_buf_init(&b, 4096);
	ms_sip_packet_write(p, &r, &b);
	assert_int_equal(ms_buf_status(&b), -EINVAL);
	ms_buf_done(&b);
	ms_sip_packet_unref(p);
}

static void test_answer(void **state MS_UNUSED)
{
	struct ms_sip_packet *p = reading("INVITE sip:b SIP/2.0\r\n" VIA COMMON
					  "CSeq: 1 INVITE\r\nTimestamp: 5\r\n\r\n");
	struct ms_buf b;

	ms_buf_init(&b, 4096);
	ms_sip_packet_answer(p, 488, NULL, "tt", MS_SPAN_NULL, NULL, &b);
	assert_string_equal(ms_buf_cstr(&b), "SIP/2.0 488 Not Acceptable Here\r\n" VIA
					     "From: \"A, B\" <sip:alice@example.org>;tag=1\r\n"
					     "To: <sip:bob@example.org>;tag=tt\r\nCall-ID: c1\r\n"
					     "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
	ms_buf_done(&b);
	ms_sip_packet_unref(p);
}

static int tortured(void *arg)
{
	struct ms_sip_packet *p;
	int err = ms_sip_packet_read(ms_span_str(arg), &p, NULL);

	if (err == 0)
		ms_sip_packet_unref(p);
	return err;
}

static void test_memory(void **state MS_UNUSED)
{
	char text[] = "INVITE sip:b SIP/2.0\r\n" VIA COMMON "CSeq: 1 INVITE\r\n\r\n";

	assert_true(ms_test_torture(tortured, text) >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),      cmocka_unit_test(test_refused),
		cmocka_unit_test(test_forward),   cmocka_unit_test(test_response),
		cmocka_unit_test(test_injection), cmocka_unit_test(test_answer),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
