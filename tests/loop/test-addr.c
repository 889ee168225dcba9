/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include <errno.h>

#include "loop/addr.h"

static struct ms_addr addr(const char *text)
{
	struct ms_addr a;

	assert_int_equal(ms_addr_parse(ms_span_str(text), 5060, &a), 0);
	return a;
}

static void prints_as(const char *text, const char *expected)
{
	struct ms_addr a = addr(text);
	char printed[MS_ADDR_TEXT_MAX];

	assert_string_equal(ms_addr_print(&a, printed), expected);
}

static void test_text(void **state MS_UNUSED)
{
	prints_as("192.0.2.1", "192.0.2.1:5060");
	prints_as("192.0.2.1:80", "192.0.2.1:80");
	prints_as("192.0.2.1:0", "192.0.2.1:0");
	prints_as("[2001:DB8::1]:80", "[2001:db8::1]:80");
	prints_as("[2001:db8::1]", "[2001:db8::1]:5060");
	prints_as("2001:db8::1", "[2001:db8::1]:5060");
	prints_as("::", "[::]:5060");
	prints_as("*", "[::]:5060");
	prints_as("*:80", "[::]:80");
	prints_as(":80", "[::]:80");
	prints_as("unix:/run/kms.sock", "unix:/run/kms.sock");
	prints_as("unix:@hidden", "unix:@hidden");
}

static void test_refused(void **state MS_UNUSED)
{
	static const char *const bad[] = {
		"",          "localhost",   "1.2.3",         "1.2.3.4:",   "1.2.3.4:65536",
		"1.2.3.4:x", "[::1",        "[::1]x",        "[::1]:",     "[1.2.3.4]:80",
		"::1]:80",   "unix:",       "unix:relative", "1.2.3.4:-1", " 1.2.3.4",
		"1.2.3.4 ",  "[::1]:80:90", "256.1.1.1:1",   "1.2.3.4:+1", "[fe80::1%lo]:1",
	};
	struct ms_addr a = { .len = 77 };
	char longest[200] = "unix:/";

	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++)
		assert_int_equal(ms_addr_parse(ms_span_str(bad[i]), 1, &a), -EINVAL);
	memset(longest + 6, 'x', sizeof(longest) - 7);
	assert_int_equal(ms_addr_parse(ms_span_str(longest), 1, &a), -ENAMETOOLONG);
	assert_int_equal(ms_addr_parse(MS_SPAN_LIT("1.2.3.4\0:1"), 1, &a), -EINVAL);
	assert_int_equal(a.len, 77); /* untouched by all of them */
}

static void test_compare(void **state MS_UNUSED)
{
	struct ms_addr v4 = addr("192.0.2.1:80"), mapped = addr("[::ffff:192.0.2.1]:80");
	struct ms_addr other = addr("192.0.2.1:81"), v6 = addr("[2001:db8::1]:80");
	struct ms_addr neighbour = addr("[2001:db8::2]:80"), local = addr("unix:/a");
	struct ms_addr none = { 0 };

	assert_true(ms_addr_equal(&v4, &mapped));
	assert_false(ms_addr_equal(&v4, &other));
	assert_true(ms_addr_same_host(&v4, &other));
	assert_false(ms_addr_same_host(&v4, &v6));
	assert_false(ms_addr_same_host(&v4, &local));
	assert_span_equal(ms_addr_host_key(&v4), ms_addr_host_key(&mapped));
	assert_span_equal(ms_addr_host_key(&v6), ms_addr_host_key(&neighbour));
	assert_int_equal(ms_addr_host_key(&local).len, 0);
	assert_int_equal(ms_addr_family(&none), AF_UNSPEC);
	assert_int_equal(ms_addr_port(&none), 0);
}

static void test_kinds(void **state MS_UNUSED)
{
	struct ms_addr a = addr("127.3.2.1"), b = addr("[::1]"), c = addr("*"),
		       d = addr("0.0.0.0:1");
	struct ms_addr e = addr("unix:/a"), f = addr("192.0.2.1");
	char text[MS_ADDR_TEXT_MAX];

	assert_true(ms_addr_is_loopback(&a));
	assert_true(ms_addr_is_loopback(&b));
	assert_true(ms_addr_is_loopback(&e));
	assert_false(ms_addr_is_loopback(&f));
	assert_true(ms_addr_is_any(&c));
	assert_true(ms_addr_is_any(&d));
	assert_false(ms_addr_is_any(&f));
	assert_false(ms_addr_is_any(&e));
	ms_addr_set_port(&b, 99);
	assert_int_equal(ms_addr_port(&b), 99);
	assert_string_equal(ms_addr_print_host(&b, text), "::1");
}

static void test_octets(void **state MS_UNUSED)
{
	struct ms_addr a, b = addr("1.2.3.4:7");

	assert_int_equal(ms_addr_from_octets(MS_SPAN_LIT("\1\2\3\4"), 7, &a), 0);
	assert_true(ms_addr_equal(&a, &b));
	assert_int_equal(ms_addr_from_octets(MS_SPAN_LIT("\1\2\3"), 7, &a), -EINVAL);
	assert_int_equal(ms_addr_from_sockaddr(&b.u.sa, b.len, &a), 0);
	assert_true(ms_addr_equal(&a, &b));
	assert_int_equal(ms_addr_from_sockaddr(&b.u.sa, 3, &a), -EAFNOSUPPORT);
	b.u.sa.sa_family = AF_PACKET;
	assert_int_equal(ms_addr_from_sockaddr(&b.u.sa, b.len, &a), -EAFNOSUPPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),    cmocka_unit_test(test_refused),
		cmocka_unit_test(test_compare), cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
