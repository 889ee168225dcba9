/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include "ue/display.h"

#define R "\xef\xbf\xbd"

static void expect(struct ms_span in, const char *indent, size_t max, const char *out)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, 4096);
	ms_ue_display_text(&b, in, indent, max);
	assert_string_equal(ms_buf_cstr(&b), out);
}

static void plain_text_passes(void **state)
{
	(void)state;
	expect(MS_SPAN_LIT("Gr\xc3\xbc\xc3\x9f \xe4\xb8\xad \xf0\x9f\x98\x80"), NULL, 100,
	       "Gr\xc3\xbc\xc3\x9f \xe4\xb8\xad \xf0\x9f\x98\x80");
	expect(MS_SPAN_LIT("a\tb"), NULL, 100, "a b");
}

static void controls_do_not(void **state)
{
	(void)state;
	expect(MS_SPAN_LIT("a\x1b[2Jb"), NULL, 100, "a" R "[2Jb");
	expect(MS_SPAN_LIT("\x07\x08\x7f\x00z"), NULL, 100, R R R R "z");
	expect(MS_SPAN_LIT("\xc2\x9b"
			   "31m"),
	       NULL, 100, R "31m"); /* C1 CSI */
	expect(MS_SPAN_LIT("\x9b"
			   "31m"),
	       NULL, 100, R "31m"); /* the same as a bare octet */
	expect(MS_SPAN_LIT("ab\xe2\x80\xae"
			   "dc"),
	       NULL, 100, "ab" R "dc"); /* right-to-left override */
	expect(MS_SPAN_LIT("\xe2\x81\xa6\xef\xbb\xbf"), NULL, 100, R R);
}

static void malformed_utf8_is_replaced(void **state)
{
	(void)state;
	expect(MS_SPAN_LIT("\xc0\x9b"), NULL, 100, R R);       /* overlong ESC-like */
	expect(MS_SPAN_LIT("\xed\xa0\x80"), NULL, 100, R R R); /* surrogate */
	expect(MS_SPAN_LIT("\xf4\x90\x80\x80"), NULL, 100, R R R R);
	expect(MS_SPAN_LIT("a\xe4\xb8"), NULL, 100, "a" R R);
}

static void lines_and_cuts(void **state)
{
	(void)state;
	expect(MS_SPAN_LIT("a\r\nb\nc\rd"), "> ", 100, "a\n> b\n> c\n> d");
	expect(MS_SPAN_LIT("a\r\nb"), NULL, 100, "a b");
	expect(MS_SPAN_LIT("abcdef"), NULL, 3, "abc...");
	expect(MS_SPAN_LIT("ab\xe4\xb8\xad"), NULL, 4, "ab...");
}

static void utf8_for_json(void **state)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	(void)state;
	ms_buf_init(&b, 100);
	ms_ue_display_utf8(&b, MS_SPAN_LIT("a\0\xff\x1b\xc3\xbc"));
	assert_string_equal(ms_buf_cstr(&b), "a" R R "\x1b\xc3\xbc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_passes),
		cmocka_unit_test(controls_do_not),
		cmocka_unit_test(malformed_utf8_is_replaced),
		cmocka_unit_test(lines_and_cuts),
		cmocka_unit_test(utf8_for_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
