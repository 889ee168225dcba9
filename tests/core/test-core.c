/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include <errno.h>

#include "core/base64.h"
#include "core/buf.h"
#include "core/fsm.h"
#include "core/hash.h"
#include "core/hex.h"
#include "core/ip.h"
#include "core/list.h"
#include "core/profile.h"
#include "core/random.h"
#include "core/reader.h"
#include "core/secret.h"
#include "core/time.h"

static void test_span_cut(void **state MS_UNUSED)
{
	struct ms_span rest = MS_SPAN_LIT("a,,b,");

	assert_span_str(ms_span_cut(&rest, ','), "a");
	assert_span_str(ms_span_cut(&rest, ','), "");
	assert_span_str(ms_span_cut(&rest, ','), "b");
	assert_non_null(rest.p);
	assert_span_str(ms_span_cut(&rest, ','), "");
	assert_null(rest.p);
}

static void test_span_numbers(void **state MS_UNUSED)
{
	uint64_t v = 7;

	assert_int_equal(ms_span_u64(MS_SPAN_LIT("18446744073709551615"), UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(ms_span_u64(MS_SPAN_LIT("18446744073709551616"), UINT64_MAX, &v), -ERANGE);
	assert_int_equal(ms_span_u64(MS_SPAN_LIT("256"), 255, &v), -ERANGE);
	assert_int_equal(ms_span_u64(MS_SPAN_LIT("255"), 255, &v), 0);
	assert_int_equal(ms_span_u64(MS_SPAN_LIT("5"), 3, &v), -ERANGE);
	assert_int_equal(ms_span_u64(MS_SPAN_LIT(""), 255, &v), -EINVAL);
	assert_int_equal(ms_span_u64(MS_SPAN_LIT("-1"), 255, &v), -EINVAL);
	assert_int_equal(ms_span_u64(MS_SPAN_LIT(" 1"), 255, &v), -EINVAL);
	assert_int_equal(v, 255);
}

static void test_span_is_total(void **state MS_UNUSED)
{
	struct ms_span s = MS_SPAN_LIT("abc");

	assert_span_str(ms_span_from(s, 99), "");
	assert_span_str(ms_span_sub(s, 1, SIZE_MAX), "bc");
	assert_int_equal(ms_span_find(MS_SPAN_NULL, 'x'), 0);
	assert_int_equal(ms_span_find_span(s, MS_SPAN_LIT("bc")), 1);
	assert_span_str(ms_span_trim(MS_SPAN_LIT(" \t x y \r\n")), "x y");
	assert_true(ms_span_is_nocase(s, "AbC"));
	assert_false(ms_span_is(s, "AbC"));
}

static void test_buf_has_a_maximum(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, 100);
	ms_buf_put_zero(&b, 100);
	assert_int_equal(ms_buf_status(&b), 0);
	ms_buf_put_u8(&b, 1);
	assert_int_equal(ms_buf_status(&b), -EMSGSIZE);
	ms_buf_reset(&b);
	ms_buf_put_u8(&b, 1);
	assert_int_equal(ms_buf_status(&b), 0);
	assert_int_equal(b.len, 1);
}

static void test_buf_blocks(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	size_t mark;

	ms_buf_init(&b, 1 << 20);
	mark = ms_buf_open_u16(&b);
	ms_buf_printf(&b, "%s-%d", "ab", 7);
	ms_buf_close_u16(&b, mark);
	assert_span_equal(ms_buf_span(&b), MS_SPAN_LIT("\0\4ab-7"));
	mark = ms_buf_open_u16(&b);
	ms_buf_put_zero(&b, 65536);
	ms_buf_close_u16(&b, mark);
	assert_int_equal(ms_buf_status(&b), -EMSGSIZE);
}

static void test_buf_quotes_peer_text(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, 100);
	ms_buf_put_quoted(&b,
			  MS_SPAN_LIT("a\"\n\xff"
				      "bcdef"),
			  6);
	assert_string_equal(ms_buf_cstr(&b), "a\\x22\\x0a\\xffbc...");
}

static int build(void *arg MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init_secret(&b, 4096);
	for (int i = 0; i < 300; i++)
		ms_buf_put_u32(&b, (uint32_t)i);
	return ms_buf_status(&b);
}

static void test_buf_survives_lack_of_memory(void **state MS_UNUSED)
{
	assert_true(ms_test_torture(build, NULL) >= 2);
}

static void test_reader(void **state MS_UNUSED)
{
	struct ms_reader r = ms_reader_of(MS_SPAN_LIT("\1\2\3\4\2ab\0\1c\5x"));
	struct ms_span s = MS_SPAN_NULL;
	uint32_t v32 = 0;
	uint8_t v8 = 0;

	assert_int_equal(ms_read_u32(&r, &v32), 0);
	assert_int_equal(v32, 0x01020304);
	assert_int_equal(ms_read_lv8(&r, &s), 0);
	assert_span_str(s, "ab");
	assert_int_equal(ms_read_lv16(&r, &s), 0);
	assert_span_str(s, "c");
	assert_int_equal(ms_read_lv8(&r, &s), -EBADMSG);
	assert_int_equal(ms_read_left(&r), 2);
	assert_int_equal(ms_read_end(&r), -EBADMSG);
	assert_int_equal(ms_read_u8(&r, &v8), 0);
	assert_int_equal(ms_read_u8(&r, &v8), 0);
	assert_int_equal(ms_read_end(&r), 0);
	assert_int_equal(ms_read_u8(&r, &v8), -EBADMSG);
	assert_int_equal(v8, 'x');
}

static void test_secret(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_secret_wipe) struct ms_secret s = { 0 };
	uint8_t big[MS_SECRET_MAX + 1] = { 0 };

	assert_int_equal(ms_secret_set(&s, MS_SPAN_LIT("key")), 0);
	assert_int_equal(ms_secret_set(&s, ms_span_of(big, sizeof(big))), -EMSGSIZE);
	assert_true(ms_secret_equal(ms_secret_span(&s), MS_SPAN_LIT("key")));
	assert_false(ms_secret_equal(ms_secret_span(&s), MS_SPAN_LIT("kez")));
	assert_false(ms_secret_equal(ms_secret_span(&s), MS_SPAN_LIT("keyy")));
	ms_secret_wipe(&s);
	assert_int_equal(s.b[0], 0);
}

static void upper_hex_and_decimals(void **state)
{
	struct ms_buf b;

	(void)state;
	ms_buf_init(&b, 256);
	ms_hex_encode_upper(&b, MS_SPAN_LIT("\x01\xab\xff"), ':');
	ms_hex_encode_upper(&b, MS_SPAN_LIT("\x0f\xf0"), 0);
	ms_hex_encode_upper(&b, MS_SPAN_NULL, ':');
	ms_buf_put_u8(&b, ' ');
	ms_buf_put_decimal(&b, 0);
	ms_buf_put_u8(&b, ' ');
	ms_buf_put_decimal(&b, 65535);
	ms_buf_put_u8(&b, ' ');
	ms_buf_put_decimal(&b, UINT64_MAX);
	assert_span_str(ms_buf_span(&b), "01:AB:FF0FF0 0 65535 18446744073709551615");
	ms_buf_done(&b);
}

static void test_text_codecs(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	static const struct {
		const char *raw, *text;
	} rfc4648[] = { { "", "" },
			{ "f", "Zg==" },
			{ "fo", "Zm8=" },
			{ "foo", "Zm9v" },
			{ "foob", "Zm9vYg==" },
			{ "fooba", "Zm9vYmE=" },
			{ "foobar", "Zm9vYmFy" } };

	ms_buf_init(&b, 1000);
	for (size_t i = 0; i < MS_ARRAY_SIZE(rfc4648); i++) {
		ms_buf_reset(&b);
		ms_base64_encode(&b, ms_span_str(rfc4648[i].raw));
		assert_span_str(ms_buf_span(&b), rfc4648[i].text);
		ms_buf_reset(&b);
		assert_int_equal(ms_base64_decode(&b, ms_span_str(rfc4648[i].text), false), 0);
		assert_span_str(ms_buf_span(&b), rfc4648[i].raw);
	}
	ms_buf_reset(&b);
	assert_int_equal(ms_base64_decode(&b, MS_SPAN_LIT("Zg="), false), -EINVAL);
	assert_int_equal(ms_base64_decode(&b, MS_SPAN_LIT("Zh=="), false), -EINVAL);
	assert_int_equal(ms_base64_decode(&b, MS_SPAN_LIT("Zg==Zg=="), false), -EINVAL);
	assert_int_equal(ms_base64_decode(&b, MS_SPAN_LIT("Zm 9v"), false), -EINVAL);
	assert_int_equal(b.len, 0);
	assert_int_equal(ms_base64_decode(&b, MS_SPAN_LIT("Zm\r\n 9v"), true), 0);
	ms_buf_reset(&b);
	assert_int_equal(ms_hex_decode(&b, MS_SPAN_LIT("00fFa5")), 0);
	assert_span_equal(ms_buf_span(&b), MS_SPAN_LIT("\0\xff\xa5"));
	assert_int_equal(ms_hex_decode(&b, MS_SPAN_LIT("0g")), -EINVAL);
	assert_int_equal(ms_hex_decode(&b, MS_SPAN_LIT("0")), -EINVAL);
	assert_int_equal(b.len, 3);
}

/* Reference value of the SipHash paper, appendix A. */
static void test_siphash(void **state MS_UNUSED)
{
	uint8_t key[16], in[15];

	for (uint8_t i = 0; i < 16; i++)
		key[i] = i;
	for (uint8_t i = 0; i < 15; i++)
		in[i] = i;
	assert_true(ms_siphash(key, ms_span_of(in, 15)) == 0xa129ca6149be45e5U);
}

static void test_hash_table(void **state MS_UNUSED)
{
	static const uint8_t key[16] = "0123456789abcdef";
	static int values[1000];
	struct ms_hash *h = NULL;

	assert_int_equal(ms_hash_new(1000, key, &h), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(ms_hash_put(h, ms_span_of(&i, sizeof(i)), &values[i]), 0);
	for (int i = 0; i < 1000; i++)
		assert_ptr_equal(ms_hash_get(h, ms_span_of(&i, sizeof(i))), &values[i]);
	assert_int_equal(ms_hash_put(h, MS_SPAN_LIT("x"), values), -ENOSPC);
	for (int i = 0; i < 1000; i += 2)
		assert_ptr_equal(ms_hash_take(h, ms_span_of(&i, sizeof(i))), &values[i]);
	assert_int_equal(ms_hash_count(h), 500);
	assert_null(ms_hash_get(h, MS_SPAN_LIT("x")));
	assert_int_equal(ms_hash_put(h, MS_SPAN_LIT("x"), values), 0);
	assert_int_equal(ms_hash_put(h, MS_SPAN_LIT("x"), values), -EEXIST);
	ms_hash_free(h);
}

static void test_fsm(void **state MS_UNUSED)
{
	enum { IDLE, BUSY, OVER };
	static const uint32_t next[] = {
		[IDLE] = MS_FSM_BIT(BUSY),
		[BUSY] = MS_FSM_BIT(BUSY) | MS_FSM_BIT(OVER),
		[OVER] = 0,
	};
	struct ms_fsm f = { .next = next, .n_states = MS_ARRAY_SIZE(next), .state = IDLE };

	assert_int_equal(ms_fsm_go(&f, OVER), -EPROTO);
	assert_int_equal(ms_fsm_go(&f, 31), -EPROTO);
	assert_int_equal(f.state, IDLE);
	assert_int_equal(ms_fsm_go(&f, BUSY), 0);
	assert_int_equal(ms_fsm_go(&f, BUSY), 0);
	assert_int_equal(ms_fsm_go(&f, IDLE), -EPROTO);
	assert_int_equal(ms_fsm_go(&f, OVER), 0);
	assert_int_equal(ms_fsm_go(&f, OVER), -EPROTO);
	assert_int_equal(f.state, OVER);
}

static void test_time_text(void **state MS_UNUSED)
{
	char text[32];

	assert_string_equal(ms_usec_to_iso(0, text), "1970-01-01T00:00:00.000Z");
	assert_string_equal(ms_usec_to_iso(951827696 * MS_SEC + 789 * MS_MSEC, text),
			    "2000-02-29T12:34:56.789Z");
	assert_string_equal(ms_usec_to_iso(-1, text), "1969-12-31T23:59:59.999Z");
	for (ms_usec t = 0; t < (ms_usec)250 * 365 * 86400 * MS_SEC;
	     t += 86399 * MS_SEC * 7 + 1000) {
		ms_usec back = -1;

		assert_int_equal(ms_usec_of_iso(ms_span_str(ms_usec_to_iso(t, text)), &back), 0);
		assert_int_equal(back, t);
	}
	assert_true(ms_usec_add(MS_NEVER - 1, 2) == MS_NEVER);
}

static void test_random(void **state MS_UNUSED)
{
	uint8_t a[32], b[32], big[2000];

	assert_int_equal(ms_random_fill(&ms_random_system, a, sizeof(a)), 0);
	assert_int_equal(ms_random_fill(&ms_random_system, b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(ms_random_fill(&ms_random_system, big, sizeof(big)), 0);
}

static void test_profile(void **state MS_UNUSED)
{
	struct ms_profile p = ms_profile_default;

	for (size_t i = 0; ms_profile_entry(i); i++)
		assert_int_equal(ms_profile_set(&p, ms_profile_entry(i)->name,
						ms_span_str(ms_profile_entry(i)->value)),
				 0);
	assert_memory_equal(&p, &ms_profile_default, sizeof(p));
	assert_int_equal(ms_profile_set(&p, "prot_type_tls", MS_SPAN_LIT("256")), -ERANGE);
	assert_int_equal(ms_profile_set(&p, "prot_type_tls", MS_SPAN_LIT("x")), -EINVAL);
	assert_int_equal(ms_profile_set(&p, "no_such", MS_SPAN_LIT("1")), -ENOENT);
	assert_int_equal(p.prot_type_tls, 241);
}

static void test_ip_literals(void **state)
{
	static const struct {
		const char *text, *again;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "fe80::", "fe80::" },
		{ "1:0:0:2:0:0:0:3", "1:0:0:2::3" },
		{ "1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0" },
		{ "::ffff:1.2.3.4", "::ffff:102:304" },
	};
	static const char *const bad[] = { "",        "1.2.3", "1.2.3.256", "1.2.3.4.5",
					   "1::2::3", ":",     "g::",       "1:2:3:4:5:6:7:8:9",
					   "[::1]",   "host" };
	uint8_t octets[16];
	char room[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t family = ms_ip_parse(ms_span_str(cases[i].text), octets);
		struct ms_buf b;

		assert_int_equal(family, strchr(cases[i].text, ':') ? 6 : 4);
		ms_buf_init_fixed(&b, room, sizeof(room));
		ms_ip_put(&b, family, octets);
		assert_span_str(ms_buf_span(&b), cases[i].again);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ms_ip_parse(ms_span_str(bad[i]), octets), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_span_cut),
		cmocka_unit_test(test_span_numbers),
		cmocka_unit_test(test_span_is_total),
		cmocka_unit_test(test_buf_has_a_maximum),
		cmocka_unit_test(test_buf_blocks),
		cmocka_unit_test(test_buf_quotes_peer_text),
		cmocka_unit_test(test_buf_survives_lack_of_memory),
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_text_codecs),
		cmocka_unit_test(upper_hex_and_decimals),
		cmocka_unit_test(test_siphash),
		cmocka_unit_test(test_hash_table),
		cmocka_unit_test(test_fsm),
		cmocka_unit_test(test_time_text),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_profile),
		cmocka_unit_test(test_ip_literals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
