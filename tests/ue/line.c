/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include <locale.h>

#include "ue/line.h"

#define UP "\x1b[A"
#define DOWN "\x1b[B"
#define RIGHT "\x1b[C"
#define LEFT "\x1b[D"

static struct ms_ue_line line;
static struct ms_buf out;

static int set_up(void **state)
{
	(void)state;
	ms_ue_line_init(&line, "> ");
	ms_buf_init(&out, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ms_ue_line_done(&line);
	ms_buf_done(&out);
	return 0;
}

static enum ms_ue_line_event type(const char *keys)
{
	enum ms_ue_line_event e = MS_UE_LINE_NONE;

	for (; *keys; keys++)
		e = ms_ue_line_key(&line, (uint8_t)*keys, &out);
	return e;
}

static void editing(void **state)
{
	(void)state;
	assert_int_equal(type("helo" LEFT "l"), MS_UE_LINE_NONE);
	assert_span_str(ms_ue_line_text(&line), "hello");
	type("\x01>\x05<");
	assert_span_str(ms_ue_line_text(&line), ">hello<");
	type("\x7f\x01\x1b[3~");
	assert_span_str(ms_ue_line_text(&line), "hello");
	type("\x05 big world\x17\x17");
	assert_span_str(ms_ue_line_text(&line), "hello ");
	type("\x01" RIGHT "\x0b");
	assert_span_str(ms_ue_line_text(&line), "h");
	type("\x15");
	assert_span_str(ms_ue_line_text(&line), "");
	assert_int_equal(type("\x04"), MS_UE_LINE_END);
	assert_int_equal(type("\x03"), MS_UE_LINE_BREAK);
}

static void characters_of_several_octets(void **state)
{
	(void)state;
	type("a\xc3\xbc\xe4\xb8\xad");
	type("\x7f");
	assert_span_str(ms_ue_line_text(&line), "a\xc3\xbc");
	type(LEFT "x" RIGHT "y");
	assert_span_str(ms_ue_line_text(&line), "ax\xc3\xbcy");
}

static void history(void **state)
{
	(void)state;
	assert_int_equal(type("one\r"), MS_UE_LINE_ENTER);
	ms_ue_line_clear(&line);
	assert_int_equal(type("two\n"), MS_UE_LINE_ENTER);
	ms_ue_line_clear(&line);
	type(UP);
	assert_span_str(ms_ue_line_text(&line), "two");
	type(UP UP);
	assert_span_str(ms_ue_line_text(&line), "one");
	type(DOWN DOWN);
	assert_span_str(ms_ue_line_text(&line), "");
}

static void completion(void **state)
{
	static const char *const words[] = { "/chat", "/contacts", "/msg", NULL };

	(void)state;
	line.words = words;
	type("/m\t");
	assert_span_str(ms_ue_line_text(&line), "/msg ");
	type("\x15/c\t");
	assert_span_str(ms_ue_line_text(&line), "/c");
}

static void an_event_above_the_line(void **state)
{
	(void)state;
	type("abc");
	ms_buf_reset(&out);
	ms_ue_line_hide(&line, &out);
	ms_buf_put_str(&out, "event\r\n");
	ms_ue_line_show(&line, &out);
	assert_string_equal(ms_buf_cstr(&out), "\r\x1b[Kevent\r\n\r> abc\x1b[K\r\x1b[5C");
}

static void long_lines_scroll(void **state)
{
	struct ms_span s;

	(void)state;
	line.columns = 20;
	for (int i = 0; i < 100; i++)
		type("x");
	ms_buf_reset(&out);
	ms_ue_line_show(&line, &out);
	s = ms_buf_span(&out);
	assert_true(s.len < 20 + 12);
}

static void limits_hold(void **state)
{
	(void)state;
	for (int i = 0; i < MS_UE_LINE_MAX + 10; i++)
		line.columns = 20, (void)ms_ue_line_key(&line, 'x', &out), ms_buf_reset(&out);
	assert_int_equal(line.len, MS_UE_LINE_MAX);
	type("\x1b[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1~ab");
	assert_int_equal(line.len, MS_UE_LINE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(editing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(characters_of_several_octets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(history, set_up, tear_down),
		cmocka_unit_test_setup_teardown(completion, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_event_above_the_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_lines_scroll, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limits_hold, set_up, tear_down),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
