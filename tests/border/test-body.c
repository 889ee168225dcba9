/* SPDX-License-Identifier: Apache-2.0 */
/* Where the session description stands in a message, and when nobody can tell (RFC 5621). */
#include "ms-test.h"

#include "border/body.h"

#define HEAD                                                                                  \
	"INVITE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx\r\n" \
	"From: <sip:alice@example.org>;tag=1\r\nTo: <sip:bob@example.org>\r\nCall-ID: c1\r\n" \
	"CSeq: 1 INVITE\r\n"
#define SDP_TYPE "Content-Type: application/sdp\r\n"
#define MIXED "Content-Type: multipart/mixed;boundary=b\r\n"
#define PART(fields, text) "--b\r\n" fields "\r\n" text "\r\n"
#define END "--b--\r\n"

static struct ms_sip_packet *with(const char *fields, const char *body)
{
	struct ms_sip_packet *m = NULL;
	struct ms_buf b;

	ms_buf_init(&b, 65536);
	ms_buf_printf(&b, "%s%sContent-Length: %zu\r\n\r\n%s", HEAD, fields, strlen(body), body);
	assert_int_equal(ms_sip_packet_read(ms_buf_span(&b), &m, NULL), 0);
	ms_buf_done(&b);
	return m;
}

static void test_what_is_there(void **state)
{
	static const struct {
		const char *fields, *body;
		enum ms_border_body want;
		const char *sdp;
	} cases[] = {
		{ "", "", MS_BORDER_BODY_NONE, NULL },
		{ SDP_TYPE, "", MS_BORDER_BODY_NONE, NULL },
		{ "Content-Type: text/plain\r\n", "v=0", MS_BORDER_BODY_NONE, NULL },
		{ SDP_TYPE, "v=0", MS_BORDER_BODY_SDP, "v=0" },
		{ "c: Application/SDP;x=y\r\n", "v=0", MS_BORDER_BODY_SDP, "v=0" },
		{ SDP_TYPE "Content-Encoding: identity\r\n", "v=0", MS_BORDER_BODY_SDP, "v=0" },
		{ SDP_TYPE "Content-Transfer-Encoding: 8bit\r\n", "v=0", MS_BORDER_BODY_SDP,
		  "v=0" },
		{ MIXED, PART("Content-Type: text/plain\r\n", "x") PART(SDP_TYPE, "v=0") END,
		  MS_BORDER_BODY_SDP, "v=0" },
		{ MIXED, PART("Content-Type: text/plain\r\n", "x") END, MS_BORDER_BODY_NONE, NULL },
		/* encoded XML beside it is not our business */
		{ MIXED,
		  PART("Content-Type: application/pidf+xml\r\nContent-Encoding: gzip\r\n", "x")
			  PART(SDP_TYPE, "v=0") END,
		  MS_BORDER_BODY_SDP, "v=0" },
		{ "Content-Type: text/plain\r\ne: gzip\r\n", "x", MS_BORDER_BODY_NONE, NULL },

		{ MIXED, PART(SDP_TYPE, "v=0") PART(SDP_TYPE, "v=1") END, MS_BORDER_BODY_SEVERAL,
		  NULL },
		{ MIXED,
		  PART(SDP_TYPE, "v=0") PART("Content-Type: multipart/alternative;boundary=c\r\n",
					     "--c\r\n" SDP_TYPE "\r\nv=1\r\n--c--\r\n") END,
		  MS_BORDER_BODY_SEVERAL, NULL },
		{ MIXED,
		  PART(SDP_TYPE, "v=0")
			  PART(SDP_TYPE "Content-Disposition: early-session\r\n", "v=1") END,
		  MS_BORDER_BODY_SEVERAL, NULL },

		{ SDP_TYPE "Content-Encoding: gzip\r\n", "v=0", MS_BORDER_BODY_ENCODED, NULL },
		{ SDP_TYPE "e: x\r\n", "v=0", MS_BORDER_BODY_ENCODED, NULL },
		{ SDP_TYPE "e: identity\r\ne: deflate\r\n", "v=0", MS_BORDER_BODY_ENCODED, NULL },
		{ SDP_TYPE "Content-Transfer-Encoding: base64\r\n", "dj0w", MS_BORDER_BODY_ENCODED,
		  NULL },
		{ MIXED "e: gzip\r\n", PART(SDP_TYPE, "v=0") END, MS_BORDER_BODY_ENCODED, NULL },
		{ MIXED, PART(SDP_TYPE "Content-Encoding: gzip\r\n", "v=0") END,
		  MS_BORDER_BODY_ENCODED, NULL },
		{ MIXED,
		  PART(SDP_TYPE "Content-Transfer-Encoding: base64\r\n", "dj0w")
			  PART(SDP_TYPE, "v=0") END,
		  MS_BORDER_BODY_ENCODED, NULL },

		{ "", "v=0", MS_BORDER_BODY_MALFORMED, NULL },
		{ "Content-Type: text/plain\r\n" SDP_TYPE, "v=0", MS_BORDER_BODY_MALFORMED, NULL },
		{ "Content-Type: sdp\r\n", "v=0", MS_BORDER_BODY_MALFORMED, NULL },
		{ "Content-Type: multipart/mixed\r\n", PART(SDP_TYPE, "v=0") END,
		  MS_BORDER_BODY_MALFORMED, NULL },
		{ MIXED, PART(SDP_TYPE, "v=0"), MS_BORDER_BODY_MALFORMED, NULL },
		{ MIXED, PART(SDP_TYPE SDP_TYPE, "v=0") END, MS_BORDER_BODY_MALFORMED, NULL },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		struct ms_sip_packet *m = with(cases[i].fields, cases[i].body);
		struct ms_span sdp = MS_SPAN_NULL;
		enum ms_border_body got = ms_border_body_find(m, &sdp);

		if (got != cases[i].want)
			fail_msg("case %zu: %d", i, (int)got);
		if (cases[i].sdp)
			assert_span_str(sdp, cases[i].sdp);
		else
			assert_null(sdp.p);
		ms_sip_packet_unref(m);
	}
}

static void test_put(void **state)
{
	struct ms_sip_packet *m =
		with(MIXED, PART("Content-Type: a/b\r\n", "x") PART(SDP_TYPE, "v=0")
				    PART("Content-Type: c/d\r\n", "y") END);
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	(void)state;
	ms_buf_init(&b, 65536);
	ms_border_body_put(m, MS_SPAN_LIT("other"), &b);
	assert_string_equal(ms_buf_cstr(&b),
			    PART("Content-Type: a/b\r\n", "x") PART(SDP_TYPE, "other")
				    PART("Content-Type: c/d\r\n", "y") END);
	ms_sip_packet_unref(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_there),
		cmocka_unit_test(test_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
