/* SPDX-License-Identifier: Apache-2.0 */
/* File attributes in SDP, and names of files: RFC 5547 sections 6 and 8. */
#include <errno.h>

#include "ms-test.h"
#include "msrp/transfer.h"
#include "peers.h"

#define EXAMPLE                                                               \
	"name:\"My cool picture.jpg\" type:image/jpeg size:32349 hash:sha-1:" \
	"72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E"

static struct ms_msrp_file_selector selector(const char *text)
{
	struct ms_msrp_file_selector s;

	assert_int_equal(ms_msrp_file_selector_parse(ms_span_str(text), &s), 0);
	return s;
}

/* Figure 2 of section 6. */
static void test_selector(void **state)
{
	struct ms_msrp_file_selector s = selector(EXAMPLE);
	struct ms_buf b;

	(void)state;
	ms_buf_init(&b, 1000);
	assert_string_equal(s.name, "My cool picture.jpg");
	assert_string_equal(s.type, "image/jpeg");
	assert_int_equal(s.size, 32349);
	assert_true(s.has_sha1 && s.sha1[0] == 0x72 && s.sha1[19] == 0x2E);
	ms_msrp_file_selector_put(&b, &s);
	assert_string_equal(ms_buf_cstr(&b), EXAMPLE);
	/* any order; unknown hashes are passed over; escapes */
	s = selector(
		"hash:md5:00:01 size:0 name:\"a%22b%2Fc\" hash:sha-256:"
		"00:01:02:03:04:05:06:07:08:09:0a:0B:0c:0d:0e:0f:00:01:02:03:04:05:06:07:08:09:0a:0b:"
		"0c:0d:0e:0f type:text/plain;charset=\"x y\"");
	assert_string_equal(s.name, "a\"b/c");
	assert_string_equal(s.type, "text/plain;charset=\"x y\"");
	assert_true(s.has_sha256 && !s.has_sha1 && s.has_size);
	ms_buf_reset(&b);
	ms_msrp_file_selector_put(&b, &s);
	assert_non_null(strstr(ms_buf_cstr(&b),
			       "name:\"a%22b%2Fc\" type:text/plain;charset=\"x y\" size:0 "));
	s = selector("");
	assert_false(ms_msrp_file_selector_any(&s));
	ms_buf_done(&b);
}

static void test_selector_refused(void **state)
{
	static const char *const bad[] = {
		"name:",
		"name:x",
		"name:\"\"",
		"name:\"x",
		"name:\"a%2\"",
		"name:\"a%00\"",
		"size:",
		"size:-1",
		"size:1x",
		"size:1 size:1",
		"type:image",
		"type:\"",
		"hash:sha-1:00",
		"hash:sha-1",
		"hash:sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE-2E",
		"colour:red",
		"size:1,type:a/b",
		"name:\"a\"size:1",
	};
	struct ms_msrp_file_selector s;

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++)
		assert_int_equal(ms_msrp_file_selector_parse(ms_span_str(bad[i]), &s), -EBADMSG);
}

static void test_selector_matches(void **state)
{
	struct ms_msrp_file_selector file = selector(EXAMPLE), wanted = selector("");

	(void)state;
	assert_true(ms_msrp_file_selector_matches(&wanted, &file));
	assert_true(ms_msrp_file_selector_matches(&file, &file));
	wanted = selector("type:IMAGE/jpeg size:32349");
	assert_true(ms_msrp_file_selector_matches(&wanted, &file));
	wanted = selector("size:32348");
	assert_false(ms_msrp_file_selector_matches(&wanted, &file));
	wanted = selector("name:\"my cool picture.jpg\"");
	assert_false(ms_msrp_file_selector_matches(&wanted, &file));
	wanted = selector(EXAMPLE);
	wanted.sha1[3] ^= 1;
	assert_false(ms_msrp_file_selector_matches(&wanted, &file));
	/* what is not known of a file does not satisfy */
	wanted = selector(
		"hash:sha-256:00:01:02:03:04:05:06:07:08:09:0a:0B:0c:0d:0e:0f:00:01:02:03:04:05:06:"
		"07:08:09:0a:0b:0c:0d:0e:0f");
	assert_false(ms_msrp_file_selector_matches(&wanted, &file));
}

static void test_other_attributes(void **state)
{
	struct ms_msrp_file_range r;
	struct peer_random random;
	struct ms_buf b;

	(void)state;
	ms_buf_init(&b, 1000);
	peer_random_init(&random, 1);
	assert_int_equal(ms_msrp_file_range_parse(MS_SPAN_LIT("1-32349"), &r), 0);
	assert_int_equal(r.last, 32349);
	assert_int_equal(ms_msrp_file_range_parse(MS_SPAN_LIT("7-*"), &r), 0);
	ms_msrp_file_range_put(&b, &r);
	assert_string_equal(ms_buf_cstr(&b), "7-*");
	assert_int_equal(ms_msrp_file_range_parse(MS_SPAN_LIT("0-1"), &r), -EBADMSG);
	assert_int_equal(ms_msrp_file_range_parse(MS_SPAN_LIT("2-1"), &r), -EBADMSG);
	assert_int_equal(ms_msrp_file_range_parse(MS_SPAN_LIT("2"), &r), -EBADMSG);
	ms_buf_reset(&b);
	assert_int_equal(ms_msrp_file_id_put(&b, &random.random), 0);
	assert_int_equal(b.len, 32);
	assert_true(ms_msrp_file_id_valid(ms_buf_span(&b)));
	assert_false(ms_msrp_file_id_valid(MS_SPAN_LIT("a b")));
	ms_buf_done(&b);
}

static void test_safe_names(void **state)
{
	static const char *const names[][2] = {
		{ "picture.jpg", "picture.jpg" },
		{ "../../etc/passwd", "passwd" },
		{ "..", "file" },
		{ "", "file" },
		{ ".bashrc", "bashrc" },
		{ "C:\\windows\\x.exe", "x.exe" },
		{ "a\nb:c", "a_b_c" },
		{ "dir/", "file" },
		{ "\xC3\xA4.txt", "\xC3\xA4.txt" },
	};
	char longer[301];
	struct ms_buf b;

	(void)state;
	ms_buf_init(&b, 1000);
	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		ms_buf_reset(&b);
		ms_msrp_file_safe_name(&b, ms_span_str(names[i][0]));
		assert_string_equal(ms_buf_cstr(&b), names[i][1]);
	}
	/* cut between characters */
	memset(longer, 'x', sizeof(longer));
	memcpy(longer + 199, "\xC3\xA4", 2);
	ms_buf_reset(&b);
	ms_msrp_file_safe_name(&b, ms_span_of(longer, 300));
	assert_int_equal(b.len, 199);
	ms_buf_done(&b);
}

/* Figure 3 of section 8.1. */
static void test_repeated_offers(void **state)
{
	struct ms_msrp_file_selector a = selector("name:\"a\" size:1"),
				     b = selector("name:\"a\" size:2"),
				     more = selector("name:\"a\" size:1 type:a/b");
	struct ms_span id = MS_SPAN_LIT("one"), other = MS_SPAN_LIT("two");

	(void)state;
	assert_int_equal(ms_msrp_file_offer_kind(id, &a, id, &a), MS_MSRP_FILE_SAME);
	assert_int_equal(ms_msrp_file_offer_kind(id, &a, id, &more), MS_MSRP_FILE_SAME);
	assert_int_equal(ms_msrp_file_offer_kind(id, &a, id, &b), MS_MSRP_FILE_ERROR);
	assert_int_equal(ms_msrp_file_offer_kind(id, &a, other, &a), MS_MSRP_FILE_NEW);
	assert_int_equal(ms_msrp_file_offer_kind(id, &a, other, &b), MS_MSRP_FILE_NEW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_selector),         cmocka_unit_test(test_selector_refused),
		cmocka_unit_test(test_selector_matches), cmocka_unit_test(test_other_attributes),
		cmocka_unit_test(test_safe_names),       cmocka_unit_test(test_repeated_offers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
