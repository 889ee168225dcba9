/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include <errno.h>
#include <unistd.h>

#include "config-table.h"

static struct ms_config *good(const char *text)
{
	struct ms_config_error error = { "" };
	struct ms_config *c = NULL;
	int err = ms_config_parse(ms_span_str(text), "t.yaml", outer_fields, sizeof(struct outer),
				  &c, &error);

	if (err)
		fail_msg("%s", error.text);
	return c;
}

static void bad(const char *text, const char *expected)
{
	struct ms_config_error error = { "" };
	struct ms_config *c = NULL;

	assert_int_equal(ms_config_parse(ms_span_str(text), "t.yaml", outer_fields,
					 sizeof(struct outer), &c, &error),
			 -EINVAL);
	assert_string_equal(error.text, expected);
	assert_null(c);
}

static void check_defaults(const char *text)
{
	struct ms_config *c = good(text);
	const struct outer *o = ms_config_values(c);
	char printed[MS_ADDR_TEXT_MAX];

	assert_int_equal(o->number, 7);
	assert_int_equal(o->time, 30 * MS_SEC);
	assert_int_equal(o->size, 65536);
	assert_true(o->flag);
	assert_string_equal(o->text, "");
	assert_string_equal(ms_addr_print(&o->addr, printed), "127.0.0.1:8080");
	assert_int_equal(o->choice, 1);
	assert_string_equal(o->map.name, "nobody");
	assert_int_equal(o->map.port, 80);
	assert_int_equal(o->list.n, 0);
	assert_int_equal(o->profile.clock_skew_s, ms_profile_default.clock_skew_s);
	ms_config_free(c);
}

static void test_defaults(void **state MS_UNUSED)
{
	check_defaults("");
	check_defaults("# only words\n");
	check_defaults("---\n...\n");
	check_defaults("map:\nlist:\nprofile:\n");
	check_defaults("{}");
}

static void test_values(void **state MS_UNUSED)
{
	struct ms_config *c = good("number: 12\ntime: 250ms\nsize: 8M\nflag: false\n"
				   "text: \"a: b\"\naddr: \"[::1]:9\"\nchoice: red\n"
				   "map:\n  port: 5\n  name: n\n"
				   "list:\n  - name: a\n  - {port: 2, name: b}\n"
				   "words: [one, \"two\"]\n"
				   "profile:\n  clock_skew_s: 60\n  kms_path: /x\n");
	const struct outer *o = ms_config_values(c);
	const struct inner *list = o->list.items;
	const char *const *words = o->words.items;
	char printed[MS_ADDR_TEXT_MAX];

	assert_int_equal(o->number, 12);
	assert_int_equal(o->time, 250 * MS_MSEC);
	assert_int_equal(o->size, 8 * 1024 * 1024);
	assert_false(o->flag);
	assert_string_equal(o->text, "a: b");
	assert_string_equal(ms_addr_print(&o->addr, printed), "[::1]:9");
	assert_int_equal(o->choice, 0);
	assert_string_equal(o->map.name, "n");
	assert_int_equal(o->list.n, 2);
	assert_string_equal(list[0].name, "a");
	assert_int_equal(list[0].port, 80);
	assert_int_equal(list[1].port, 2);
	assert_int_equal(o->words.n, 2);
	assert_string_equal(words[1], "two");
	assert_int_equal(o->profile.clock_skew_s, 60);
	assert_string_equal(o->profile.kms_path, "/x");
	ms_config_free(c);
}

static void test_errors(void **state MS_UNUSED)
{
	bad("nummer: 1\n", "t.yaml:1: nummer: unknown key");
	bad("\nmap:\n  prot: 1\n", "t.yaml:3: map.prot: unknown key");
	bad("number: 1\nflag: true\nnumber: 2\n", "t.yaml:3: number: given twice");
	bad("number: 0\n", "t.yaml:1: number: must be between 1 and 100, not \"0\"");
	bad("number: 101\n", "t.yaml:1: number: must be between 1 and 100, not \"101\"");
	bad("number: -1\n", "t.yaml:1: number: must be a number, not \"-1\"");
	bad("number: 1.5\n", "t.yaml:1: number: must be a number, not \"1.5\"");
	bad("number: 99999999999999999999\n",
	    "t.yaml:1: number: must be a number, not \"99999999999999999999\"");
	bad("number:\n", "t.yaml:1: number: must be a number (for none write \"\")");
	bad("number: [1]\n", "t.yaml:1: number: must be a number");
	bad("time: 30\n",
	    "t.yaml:1: time: must be a time with its unit, such as 500ms, 30s, 5m, 24h "
	    "or 7d, not \"30\"");
	bad("time: 2h\n", "t.yaml:1: time: must be between 0s and 3600s, not \"2h\"");
	bad("time: 999999999999999d\n",
	    "t.yaml:1: time: must be a time with its unit, such as 500ms, 30s, 5m, 24h or 7d, not "
	    "\"999999999999999d\"");
	bad("size: 8x\n", "t.yaml:1: size: must be a size such as 4096, 64k, 8M or 1G, not \"8x\"");
	bad("flag: yes\n", "t.yaml:1: flag: must be true or false, not \"yes\"");
	bad("addr: localhost:80\n", "t.yaml:1: addr: must be an address such as 127.0.0.1:80, "
				    "[::1]:80 or unix:/path, not \"localhost:80\"");
	bad("choice: blue\n", "t.yaml:1: choice: must be one of: red green, not \"blue\"");
	bad("text: \"a\\0b\"\n", "t.yaml:1: text: may not contain a NUL, not \"a\\x00b\"");
	bad("map: 3\n", "t.yaml:1: map: must be a mapping");
	bad("list: 3\n", "t.yaml:1: list: must be a list");
	bad("list:\n  - name: a\n  - port: 3\n", "t.yaml:3: list[1].name: must be given");
	bad("list:\n  - name: \"\"\n", "t.yaml:2: list[0].name: may not be empty, not \"\"");
	bad("list:\n  - name: a12345678901234567\n",
	    "t.yaml:2: list[0].name: is too long, not \"a12345678901234567\"");
	bad("words: [one, [two]]\n", "t.yaml:1: words[1]: must be text");
	bad("list: [{name: a},{name: a},{name: a},{name: a},{name: a},{name: a},{name: a},{name: a},"
	    "{name: a},{name: a},{name: a}]\n",
	    "t.yaml:1: list[10]: more than 10 elements");
	bad("- 1\n", "t.yaml:1: must be a mapping");
	bad("? [a]\n: b\n", "t.yaml:1: a key must be a word");
	bad("number: 7\n---\nnumber: 8\n", "t.yaml:2: a second document");
	bad("text: &a x\nmap:\n  name: *a\n", "t.yaml:3: map.name: aliases are not allowed");
	bad("map: {name: a\n", "t.yaml:2: did not find expected ',' or '}'");
	bad("text: \"\x80\"\n", "t.yaml:1: invalid leading UTF-8 octet");
	bad("profile:\n  clock_skew_s: x\n", "t.yaml:2: profile.clock_skew_s: cannot be \"x\"");
	bad("profile:\n  clock_skew_s: 99999999\n",
	    "t.yaml:2: profile.clock_skew_s: is out of range: \"99999999\"");
	bad("profile:\n  no_such: 1\n", "t.yaml:2: profile.no_such: unknown key");
	bad("profile:\n  kms_path: /a\n  kms_path: /b\n",
	    "t.yaml:3: profile.kms_path: given twice");
}

static void test_complain(void **state MS_UNUSED)
{
	struct ms_config *c = good("number: 3\nlist:\n  - name: a\n");
	struct ms_config_error error = { "" };

	assert_int_equal(ms_config_complain(c, "number", &error, "not with %d", 4), -EINVAL);
	assert_string_equal(error.text, "t.yaml:1: number: not with 4");
	ms_config_complain(c, "list[0].name", &error, "no");
	assert_string_equal(error.text, "t.yaml:3: list[0].name: no");
	ms_config_complain(c, "time", &error, "too short");
	assert_string_equal(error.text, "t.yaml: time: too short"); /* it was left out */
	ms_config_free(c);
}

static void test_files(void **state MS_UNUSED)
{
	struct ms_config_error error = { "" };
	struct ms_config *c = NULL;
	char path[] = "/tmp/ms-test-config-XXXXXX";
	static char big[1024 * 1024 + 2];
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "number: 5\n", 10), 10);
	assert_int_equal(ms_config_load(path, outer_fields, sizeof(struct outer), &c, &error), 0);
	assert_int_equal(((const struct outer *)ms_config_values(c))->number, 5);
	ms_config_free(c);
	memset(big, '#', sizeof(big));
	assert_int_equal(write(fd, big, sizeof(big)), (ssize_t)sizeof(big));
	assert_int_equal(ms_config_load(path, outer_fields, sizeof(struct outer), &c, &error),
			 -EMSGSIZE);
	assert_non_null(strstr(error.text, "longer than 1 MiB"));
	close(fd);
	unlink(path);
	assert_int_equal(ms_config_load(path, outer_fields, sizeof(struct outer), &c, &error),
			 -ENOENT);
	assert_non_null(strstr(error.text, path));
}

/* The documentation is itself a valid file and gives the defaults. */
static void test_document(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;

	ms_buf_init(&text, 65536);
	ms_config_document(outer_fields, &text);
	assert_int_equal(ms_buf_status(&text), 0);
	check_defaults(ms_buf_cstr(&text));
	assert_non_null(strstr(ms_buf_cstr(&text), "# A number. (1 to 100)\nnumber: 7\n"));
	assert_non_null(strstr(ms_buf_cstr(&text), "One of red, green"));
}

static const char *difference(const char *a, const char *b, const char *const *loose)
{
	static char path[MS_CONFIG_PATH_MAX];
	struct ms_config *x = good(a), *y = good(b);
	bool differs = ms_config_differs(outer_fields, ms_config_values(x), ms_config_values(y),
					 loose, path);

	ms_config_free(x);
	ms_config_free(y);
	return differs ? path : NULL;
}

static void test_differs(void **state MS_UNUSED)
{
	static const char *const loose[] = { "number", "map.name", "list", NULL };
	static const char *const sections[] = { "map", "nu", NULL };
	static const char *const profile[] = { "profile.kms_path", "profile.id_type", NULL };

	assert_null(difference("{}", "number: 7\n", NULL));
	assert_string_equal(difference("{}", "number: 8\n", NULL), "number");
	assert_null(difference("{}", "number: 8\nmap: {name: x}\nlist: [{name: y}]\n", loose));
	assert_string_equal(difference("{}", "map: {port: 81}\n", loose), "map.port");
	assert_null(difference("{}", "map: {port: 81, name: z}\n", sections));
	assert_string_equal(difference("{}", "number: 8\n", sections), "number"); /* no prefix */
	assert_string_equal(difference("words: [a, b]\n", "words: [a, c]\n", loose), "words");
	assert_string_equal(
		difference("list: [{name: a}]\n", "list: [{name: a}, {name: b}]\n", NULL), "list");
	assert_string_equal(difference("{}", "profile: {clock_skew_s: 5}\n", loose),
			    "profile.clock_skew_s");
	assert_string_equal(difference("{}", "profile: {kms_path: /x}\n", loose),
			    "profile.kms_path");
	assert_null(difference("{}", "profile: {kms_path: /x, id_type: 2}\n", profile));
	assert_string_equal(difference("{}", "profile: {id_type: 2, kms_query: q}\n", profile),
			    "profile.kms_query");
	assert_string_equal(difference("text: a\n", "text: b\n", loose), "text");
	assert_string_equal(difference("{}", "addr: \"127.0.0.1:81\"\n", loose), "addr");
}

static void test_copy(void **state MS_UNUSED)
{
	struct ms_config *c = good("text: kept\nlist: [{name: a, port: 9}]\n"), *copy;
	const struct outer *o;
	const struct inner *i;

	assert_int_equal(
		ms_config_copy(outer_fields, ms_config_values(c), sizeof(struct outer), &copy), 0);
	ms_config_free(c);
	o = ms_config_values(copy);
	i = o->list.items;
	assert_string_equal(o->text, "kept");
	assert_int_equal(o->list.n, 1);
	assert_string_equal(i->name, "a");
	assert_int_equal(i->port, 9);
	ms_config_free(copy);
}

static int parse_all(void *arg MS_UNUSED)
{
	struct ms_config_error error = { "" };
	struct ms_config *c = NULL;
	int err = ms_config_parse(MS_SPAN_LIT("list: [{name: a},{name: a},{name: a},{name: a},"
					      "{name: b}]\nwords: [x]\nprofile: {kms_path: /x}\n"),
				  "t.yaml", outer_fields, sizeof(struct outer), &c, &error);

	ms_config_free(c);
	if (err)
		assert_string_equal(error.text, "out of memory");
	return err;
}

static void test_torture(void **state MS_UNUSED)
{
	assert_true(ms_test_torture(parse_all, NULL) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),
		cmocka_unit_test(test_errors),   cmocka_unit_test(test_complain),
		cmocka_unit_test(test_files),    cmocka_unit_test(test_document),
		cmocka_unit_test(test_differs),  cmocka_unit_test(test_copy),
		cmocka_unit_test(test_torture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
