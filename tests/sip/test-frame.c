/* SPDX-License-Identifier: Apache-2.0 */
/* Messages cut out of a stream, and the answer to those that the parser does not take. */
#include "ms-test.h"

#include <errno.h>

#include "sip/frame-priv.h"

#define START "MESSAGE sip:bob@x SIP/2.0\r\n"

static int read_text(const char *text, struct ms_sip_frame *f)
{
	return ms_sip_frame_read(ms_span_str(text), f);
}

static void test_ends(void **state MS_UNUSED)
{
	struct ms_sip_frame f = { 0 };

	assert_int_equal(read_text(START "Content-Length: 5\r\n\r\nhello, more", &f), 0);
	assert_int_equal(f.head, strlen(START) + 21);
	assert_int_equal(f.body, 5);
	assert_int_equal(read_text(START "l:\r\n 7 \r\n\r\n", &f), 0);
	assert_int_equal(f.body, 7);
	assert_int_equal(read_text(START "l: 7\nL: 7\n\n", &f), 0);
	assert_int_equal(read_text(START "Content-Length: 5\r\n", &f), -EAGAIN);
	assert_int_equal(read_text("", &f), -EAGAIN);
	/* A folded line is not a header of its own. */
	assert_int_equal(read_text(START "Subject: a\r\n l: 9\r\nl: 2\r\n\r\n", &f), 0);
	assert_int_equal(f.body, 2);
}

/* Two lengths: whoever counted by the other one would read a message out of the body. */
static void test_unclear(void **state MS_UNUSED)
{
	static const char *const heads[] = {
		START "\r\n",
		START "Content-Length: 5x\r\n\r\n",
		START "Content-Length:\r\n\r\n",
		START "Content-Length: -1\r\n\r\n",
		START "Content-Length: 99999999999999999999\r\n\r\n",
		START "Content-Length: 0\r\nContent-Length: 400\r\n\r\n",
		START "l: 400\r\nContent-Length: 0\r\n\r\n",
	};
	struct ms_sip_frame f;

	for (size_t i = 0; i < MS_ARRAY_SIZE(heads); i++)
		assert_int_equal(read_text(heads[i], &f), -EBADMSG);
}

static void test_begins(void **state MS_UNUSED)
{
	assert_true(ms_sip_frame_begins(ms_span_str(START)));
	assert_true(ms_sip_frame_begins(ms_span_str("SIP/2.0 200 OK\r\n")));
	assert_true(ms_sip_frame_begins(ms_span_str("\r\n")));
	assert_false(ms_sip_frame_begins(ms_span_str("v=0\r\no=- 1 1\r\n")));
	assert_false(ms_sip_frame_begins(ms_span_str("MESSA")));
	assert_false(ms_sip_frame_begins(ms_span_str("")));
}

#define HEADS "Via: a\r\nv: b,\r\n c\r\nFrom: <sip:a@x>;tag=1\r\n"

static void expect(const char *head, const char *wanted)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	int err;

	ms_buf_init(&b, 4096);
	err = ms_sip_frame_answer(ms_span_str(head), 400, "T", &b);
	assert_int_equal(err, wanted ? 0 : -ENOENT);
	if (wanted)
		assert_string_equal(ms_buf_cstr(&b), wanted);
}

static void test_answer(void **state MS_UNUSED)
{
	expect(START HEADS "To: <sip:b@x;tag=no>\r\nCall-ID: i\r\nCSeq: 1 MESSAGE\r\n"
			   "Content-Type: text\r\nTo: second\r\nContent-Length: 3\r\n\r\n",
	       "SIP/2.0 400 Bad Request\r\n" HEADS "To: <sip:b@x;tag=no>;tag=T\r\nCall-ID: i\r\n"
	       "CSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n");
	expect("BYE sip:b@x SIP/2.0\r\n" HEADS
	       "t: sip:b@x;x=y; tag=2\r\ni: i\r\nCSeq: 2 BYE\r\n\r\n",
	       "SIP/2.0 400 Bad Request\r\n" HEADS "t: sip:b@x;x=y; tag=2\r\ni: i\r\n"
	       "CSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n");
	/* To none of these there is an answer. */
	expect("ACK sip:b@x SIP/2.0\r\n" HEADS "To: b\r\nCall-ID: i\r\nCSeq: 1 ACK\r\n\r\n", NULL);
	expect("SIP/2.0 200 OK\r\n" HEADS "To: b\r\nCall-ID: i\r\nCSeq: 1 BYE\r\n\r\n", NULL);
	expect(START HEADS "To: b\r\nCall-ID: i\r\n\r\n", NULL);
	expect("\r\n", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_unclear),
		cmocka_unit_test(test_begins),
		cmocka_unit_test(test_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
