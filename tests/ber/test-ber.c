/* SPDX-License-Identifier: Apache-2.0 */
/* BER read, DER written. */
#include "ms-test.h"

#include <errno.h>

#include "ber/ber.h"

#define LIT MS_SPAN_LIT

static int next(struct ms_span s, struct ms_ber_tlv *ret_e)
{
	struct ms_ber c = ms_ber_of(s);

	return ms_ber_next(&c, ret_e);
}

static void test_lengths(void **state MS_UNUSED)
{
	struct ms_ber_tlv e;

	assert_int_equal(next(LIT("\x04\x02"
				  "ab"),
			      &e),
			 0);
	assert_int_equal(e.id, MS_BER_OCTET_STRING);
	assert_span_str(e.value, "ab");
	assert_int_equal(e.whole.len, 4);
	assert_int_equal(next(LIT("\x04\x84\0\0\0\x02"
				  "ab"),
			      &e),
			 0);
	assert_span_str(e.value, "ab");
	assert_int_equal(next(LIT("\x04\x00"), &e), 0);
	assert_int_equal(e.value.len, 0);
	assert_int_equal(next(LIT("\x24\x80\x04\x01x\x24\x80\x04\x01y\0\0\0\0z"), &e), 0);
	assert_int_equal(e.whole.len, 14);
	assert_int_equal(e.value.len, 10);
}

static void test_malformed(void **state MS_UNUSED)
{
	static const struct ms_span bad[] = {
		LIT(""),
		LIT("\x04"),
		LIT("\x04\x02"
		    "a"),
		LIT("\x04\x80\0\0"),          /* indefinite and primitive */
		LIT("\x1f\x01\x00"),          /* high tag */
		LIT("\x04\x85\0\0\0\0\x01x"), /* five octets of length */
		LIT("\x04\x81"),
		LIT("\x04\xff\x01"),
		LIT("\x00\x00"),
		LIT("\x24\x80\x04\x01x"),     /* never ended */
		LIT("\x24\x80\x00\x01x\0\0"), /* an end with content */
		LIT("\x24\x80\x04\x7fx\0\0"),
		LIT("\x04\x84\xff\xff\xff\xff"
		    "ab"),
	};
	struct ms_ber_tlv e;

	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++)
		assert_int_equal(next(bad[i], &e), -EBADMSG);
}

static void test_depth(void **state MS_UNUSED)
{
	uint8_t deep[200];
	struct ms_ber_tlv e;
	struct ms_ber c;
	unsigned levels = 0;

	/* Indefinite lengths inside each other, all open: no recursion, and refused. */
	for (size_t i = 0; i < sizeof(deep); i += 2) {
		deep[i] = MS_BER_SEQUENCE;
		deep[i + 1] = 0x80;
	}
	assert_int_equal(next(ms_span_of(deep, sizeof(deep)), &e), -EBADMSG);
	/* Definite ones can be entered so many times. */
	for (size_t i = 0; i < sizeof(deep); i += 2) {
		deep[i] = MS_BER_SEQUENCE;
		deep[i + 1] = (uint8_t)(i < 80 ? 78 - i : 0);
	}
	c = ms_ber_of(ms_span_of(deep, 80));
	while (ms_ber_enter(&c, MS_BER_SEQUENCE, &c) == 0)
		levels++;
	assert_int_equal(levels, MS_BER_DEPTH);
}

static void test_uint(void **state MS_UNUSED)
{
	static const struct {
		struct ms_span der;
		uint32_t v;
	} good[] = {
		{ LIT("\x02\x01\x00"), 0 },
		{ LIT("\x02\x01\x7f"), 127 },
		{ LIT("\x02\x02\x00\x80"), 128 },
		{ LIT("\x02\x02\x01\x00"), 256 },
		{ LIT("\x02\x04\x7f\xff\xff\xff"), 0x7fffffff },
	};
	static const struct ms_span bad[] = {
		LIT("\x02\x00"),
		LIT("\x02\x01\x80"),
		LIT("\x02\x02\x00\x01"),
		LIT("\x04\x01\x01"),
		LIT("\x02\x05\x00\xff\xff\xff\xff"),
	};
	uint32_t v = 1;

	for (size_t i = 0; i < MS_ARRAY_SIZE(good); i++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf b;
		struct ms_ber c = ms_ber_of(good[i].der);

		assert_int_equal(ms_ber_uint(&c, &v), 0);
		assert_int_equal(v, good[i].v);
		assert_int_equal(ms_ber_end(&c), 0);
		ms_buf_init(&b, 16);
		ms_der_put_uint(&b, v);
		assert_span_equal(ms_buf_span(&b), good[i].der);
	}
	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++) {
		struct ms_ber c = ms_ber_of(bad[i]);

		assert_int_equal(ms_ber_uint(&c, &v), -EBADMSG);
		assert_int_equal(ms_read_offset(&c.r), 0);
	}
}

static void test_oid(void **state MS_UNUSED)
{
	struct ms_ber c = ms_ber_of(LIT("\x06\x03\x2a\x86\x48"));
	struct ms_span oid;

	assert_int_equal(ms_ber_oid(&c, &oid), 0);
	assert_span_str(oid, "\x2a\x86\x48");
	c = ms_ber_of(LIT("\x06\x00"));
	assert_int_equal(ms_ber_oid(&c, &oid), -EBADMSG);
	c = ms_ber_of(LIT("\x06\x02\x2a\x86"));
	assert_int_equal(ms_ber_oid(&c, &oid), -EBADMSG);
	c = ms_ber_of(LIT("\x06\x03\x2a\x80\x01"));
	assert_int_equal(ms_ber_oid(&c, &oid), -EBADMSG);
}

static void test_octets(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf join;
	struct ms_ber c = ms_ber_of(LIT("\x04\x02"
					"ab"
					"\x24\x80\x04\x01x\x24\x03\x04\x01y\0\0"));
	struct ms_span s;

	ms_buf_init(&join, 100);
	assert_int_equal(ms_ber_octets(&c, MS_BER_OCTET_STRING, &join, &s), 0);
	assert_span_str(s, "ab");
	assert_int_equal(join.len, 0);
	assert_int_equal(ms_ber_octets(&c, MS_BER_OCTET_STRING, &join, &s), 0);
	assert_span_str(s, "xy");
	assert_int_equal(ms_ber_end(&c), 0);
	c = ms_ber_of(LIT("\x24\x03\x02\x01x"));
	assert_int_equal(ms_ber_octets(&c, MS_BER_OCTET_STRING, &join, &s), -EBADMSG);
	c = ms_ber_of(LIT("\xa0\x03\x04\x01x"));
	assert_int_equal(ms_ber_octets(&c, MS_BER_CONTEXT(0), &join, &s), 0);
	assert_span_str(s, "x");
	ms_buf_done(&join);
	ms_buf_init(&join, 1);
	c = ms_ber_of(LIT("\x24\x06\x04\x01x\x04\x01y"));
	assert_int_equal(ms_ber_octets(&c, MS_BER_OCTET_STRING, &join, &s), -EMSGSIZE);
}

static void test_write(void **state MS_UNUSED)
{
	static const size_t sizes[] = { 0, 1, 127, 128, 255, 256, 65535, 65536, 70000 };
	static uint8_t zeroes[70000];

	for (size_t i = 0; i < MS_ARRAY_SIZE(sizes); i++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf a;
		MS_CLEANUP(ms_buf_done) struct ms_buf b;
		struct ms_span content = ms_span_of(zeroes, sizes[i]);
		struct ms_ber_tlv e;
		size_t mark;

		ms_buf_init(&a, 100000);
		ms_buf_init(&b, 100000);
		ms_der_put(&a, MS_BER_SEQUENCE, content);
		mark = ms_der_open(&b, MS_BER_SEQUENCE);
		ms_buf_put_span(&b, content);
		ms_der_close(&b, mark);
		assert_int_equal(ms_buf_status(&b), 0);
		assert_span_equal(ms_buf_span(&a), ms_buf_span(&b));
		assert_int_equal(a.len, ms_der_size(content.len));
		assert_int_equal(next(ms_buf_span(&a), &e), 0);
		assert_int_equal(e.value.len, content.len);
	}
}

static void set_of(struct ms_span content, int want, struct ms_span der)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_ber c = ms_ber_of(content);

	ms_buf_init(&b, 4096);
	assert_int_equal(ms_der_put_set_of(&b, MS_BER_SET, &c), want);
	assert_span_equal(ms_buf_span(&b), der);
}

static void test_set_of(void **state MS_UNUSED)
{
	uint8_t many[65 * 2];

	set_of(LIT(""), 0, LIT("\x31\x00"));
	set_of(LIT("\x04\x01"
		   "b"
		   "\x04\x01"
		   "a"
		   "\x02\x01\x05"),
	       0,
	       LIT("\x31\x09\x02\x01\x05\x04\x01"
		   "a"
		   "\x04\x01"
		   "b"));
	/* A prefix sorts first; lengths and strings become DER. */
	set_of(LIT("\x30\x80\x24\x80\x04\x01x\x04\x01y\0\0\0\0\x30\x81\x00"), 0,
	       LIT("\x31\x08\x30\x00\x30\x04\x04\x02xy"));
	set_of(LIT("\x30\x80\x04\x05x\0\0"), -EBADMSG, LIT(""));
	for (size_t i = 0; i < sizeof(many); i += 2) {
		many[i] = MS_BER_NULL;
		many[i + 1] = 0;
	}
	set_of(ms_span_of(many, sizeof(many)), -E2BIG, LIT(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths), cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_depth),   cmocka_unit_test(test_uint),
		cmocka_unit_test(test_oid),     cmocka_unit_test(test_octets),
		cmocka_unit_test(test_write),   cmocka_unit_test(test_set_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
