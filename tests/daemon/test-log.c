/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include <errno.h>
#include <unistd.h>

#include "daemon/log.h"

static struct ms_log_category ticket = { .name = "ticket",
					 .help = "tickets",
					 .level = MS_LOG_INFO };

static struct {
	unsigned n;
	char last[2048];
	enum ms_log_level level;
} seen;

static void see(enum ms_log_level level, const char *line, void *arg MS_UNUSED)
{
	seen.n++;
	seen.level = level;
	snprintf(seen.last, sizeof(seen.last), "%s", line);
}

static int setup(void **state MS_UNUSED)
{
	memset(&seen, 0, sizeof(seen));
	ms_log_divert(see, NULL);
	ms_log_category_add(&ticket);
	ms_log_category_add(&ticket);
	return ms_log_set_level(NULL, MS_LOG_INFO);
}

static int teardown(void **state MS_UNUSED)
{
	ms_log_divert(NULL, NULL);
	return 0;
}

static void test_levels(void **state MS_UNUSED)
{
	enum ms_log_level level;

	MS_LOG(&ticket, MS_LOG_DEBUG, "no");
	assert_int_equal(seen.n, 0);
	MS_LOG(&ticket, MS_LOG_INFO, "req=%d issued", 7);
	assert_string_equal(seen.last, "ticket: req=7 issued");
	assert_int_equal(seen.level, MS_LOG_INFO);
	assert_int_equal(ms_log_set_level("ticket", MS_LOG_ERROR), 0);
	MS_LOG(&ticket, MS_LOG_WARNING, "no");
	MS_LOG(&ms_log_main, MS_LOG_WARNING, "yes");
	assert_int_equal(seen.n, 2);
	assert_int_equal(ms_log_set_level("no-such", MS_LOG_ERROR), -ENOENT);
	assert_int_equal(ms_log_level_parse(MS_SPAN_LIT("debug"), &level), 0);
	assert_int_equal(level, MS_LOG_DEBUG);
	assert_int_equal(ms_log_level_parse(MS_SPAN_LIT("loud"), &level), -EINVAL);
	assert_string_equal(ms_log_level_name(MS_LOG_NOTICE), "notice");
}

static void test_one_line(void **state MS_UNUSED)
{
	static char longest[5000];

	MS_LOG(&ticket, MS_LOG_INFO, "a\nb\x1b[31m");
	assert_string_equal(seen.last, "ticket: a b [31m");
	MS_LOG(&ticket, MS_LOG_INFO, "from=%s", MS_QUOTED(MS_SPAN_LIT("x\"\r\nForged: line\xff")));
	assert_string_equal(seen.last, "ticket: from=\"x\\x22\\x0d\\x0aForged: line\\xff\"");
	memset(longest, 'x', sizeof(longest) - 1);
	MS_LOG(&ticket, MS_LOG_INFO, "%s", longest);
	assert_true(strlen(seen.last) < 1100);
	MS_LOG(&ticket, MS_LOG_INFO, "%s", MS_QUOTED(ms_span_str(longest)));
	assert_non_null(strstr(seen.last, "x...\""));
	assert_true(strlen(seen.last) < 120);
}

static void flood(void)
{
	MS_LOG(&ticket, MS_LOG_INFO, "again");
}

static void test_rate(void **state MS_UNUSED)
{
	for (int i = 0; i < 1000; i++)
		flood();
	assert_in_range(seen.n, 20, 40); /* the second may turn meanwhile */
	usleep(1050000);
	seen.n = 0;
	flood();
	assert_int_equal(seen.n, 2); /* what was dropped, and the line */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_levels, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rate, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
