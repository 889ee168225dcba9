/* SPDX-License-Identifier: Apache-2.0 */
/* AuthEnvelopedData with a KEK recipient: both directions, and everything that must be refused. */
#include "ms-test.h"

#include <errno.h>

#include "ber/ber.h"
#include "cms/cms.h"
#include "core/profile.h"
#include "crypto/aes.h"

#define KEK16 MS_SPAN_LIT("0123456789abcdef")
#define KEK32 MS_SPAN_LIT("0123456789abcdef0123456789abcdef")
#define ENTITY MS_SPAN_LIT("Content-Type: text/plain\r\n\r\nMeet me at the usual place.\r\n")
#define TRANSFER MS_SPAN_LIT("as if this were a TRANSFER_INIT")

static const struct ms_cms_locator *key_id(void)
{
	return ms_cms_locator(ms_span_str(ms_profile_default.transfer_locator));
}

static int seal(enum ms_aead_alg alg, size_t tag_len, struct ms_span kek, struct ms_span entity,
		struct ms_buf *b)
{
	struct ms_cms_params p = { .alg = alg, .tag_len = tag_len };
	struct ms_cms_message *m = NULL;
	int err = ms_cms_seal(&p, kek, entity, &ms_random_system, &m);

	if (err == 0)
		err = ms_cms_put_transfer(m, key_id(), TRANSFER);
	if (err == 0)
		err = ms_cms_write(m, b);
	ms_cms_free(m);
	return err;
}

/* Reads and opens; *ret_transfer_ok says whether the key identifier came through as it was sent. */
static int open_it(struct ms_span der, const struct ms_cms_limits *l, struct ms_span kek,
		   struct ms_buf *entity, bool *ret_transfer_ok, struct ms_fault *f)
{
	struct ms_cms_message *m = NULL;
	struct ms_span t;
	int err = ms_cms_read(der, l, &m, f);

	if (err == 0) {
		*ret_transfer_ok = ms_cms_transfer(m, key_id(), &t) == 0 && ms_span_eq(t, TRANSFER);
		err = ms_cms_open(m, kek, entity, f);
	}
	ms_cms_free(m);
	return err;
}

static void round_trip(enum ms_aead_alg alg, size_t tag_len, struct ms_span kek,
		       struct ms_span entity)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf der;
	MS_CLEANUP(ms_buf_done) struct ms_buf plain;
	struct ms_cms_limits l = { .mac_min = 4 };
	struct ms_cms_message *m = NULL;
	struct ms_fault f = { 0 };
	bool transfer_ok = false;

	ms_buf_init(&der, 1 << 21);
	ms_buf_init(&plain, 1 << 21);
	assert_int_equal(seal(alg, tag_len, kek, entity, &der), 0);
	assert_int_equal(open_it(ms_buf_span(&der), &l, kek, &plain, &transfer_ok, &f), 0);
	assert_true(transfer_ok);
	assert_span_equal(ms_buf_span(&plain), entity);
	assert_int_equal(ms_cms_read(ms_buf_span(&der), &l, &m, &f), 0);
	assert_int_equal(ms_cms_alg(m), alg);
	assert_int_equal(ms_cms_kek_len(m), kek.len);
	assert_int_equal(ms_cms_mac(m).len, tag_len > 0 ? tag_len : 16);
	ms_cms_free(m);
}

static void test_all_algorithms(void **state MS_UNUSED)
{
	for (enum ms_aead_alg a = MS_AEAD_AES_128_GCM; a <= MS_AEAD_AES_256_CCM; a++) {
		for (size_t tag = 0; tag <= 16; tag++) {
			if (tag != 0 && !ms_aead_tag_ok(a, tag))
				continue;
			round_trip(a, tag, KEK16, ENTITY);
			round_trip(a, tag, KEK32, ENTITY);
		}
		round_trip(a, 16, KEK16, MS_SPAN_NULL);
	}
}

static void test_sizes(void **state MS_UNUSED)
{
	static uint8_t big[200000];

	memset(big, 'x', sizeof(big));
	for (size_t n = 100; n < 300; n++)
		round_trip(MS_AEAD_AES_128_GCM, 0, KEK16, ms_span_of(big, n));
	round_trip(MS_AEAD_AES_256_CCM, 0, KEK16, ms_span_of(big, 65500));
	round_trip(MS_AEAD_AES_128_GCM, 0, KEK16, ms_span_of(big, sizeof(big)));
}

static void test_bad_arguments(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_cms_params p = { .alg = MS_AEAD_AES_128_GCM };
	struct ms_cms_message *m = NULL;
	struct ms_span t;

	ms_buf_init(&b, 4096);
	assert_int_equal(seal(MS_AEAD_AES_128_GCM, 11, KEK16, ENTITY, &b), -EINVAL);
	assert_int_equal(seal(MS_AEAD_AES_128_GCM, 17, KEK16, ENTITY, &b), -EINVAL);
	assert_int_equal(seal(MS_AEAD_AES_128_CCM, 13, KEK16, ENTITY, &b), -EINVAL);
	assert_int_equal(seal(MS_AEAD_AES_128_GCM, 16, MS_SPAN_LIT("short"), ENTITY, &b), -EINVAL);
	assert_int_equal(b.len, 0);
	assert_int_equal(ms_cms_seal(&p, KEK16, ENTITY, &ms_random_system, &m), 0);
	assert_int_equal(ms_cms_transfer(m, key_id(), &t), -ENOENT);
	assert_int_equal(ms_cms_write(m, &b), -EINVAL);
	assert_int_equal(ms_cms_put_transfer(m, key_id(), MS_SPAN_NULL), -EINVAL);
	ms_cms_free(m);
	assert_null(ms_cms_locator(MS_SPAN_LIT("elsewhere")));
}

static void test_wrong_key(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf der;
	MS_CLEANUP(ms_buf_done) struct ms_buf plain;
	struct ms_fault f = { 0 };
	bool ok;

	ms_buf_init(&der, 4096);
	ms_buf_init(&plain, 4096);
	ms_buf_put_str(&plain, "before");
	assert_int_equal(seal(MS_AEAD_AES_128_CCM, 0, KEK16, ENTITY, &der), 0);
	assert_int_equal(
		open_it(ms_buf_span(&der), NULL, MS_SPAN_LIT("0123456789abcdeF"), &plain, &ok, &f),
		-EKEYREJECTED);
	assert_string_equal(f.reason, "cms_wrong_key");
	assert_int_equal(open_it(ms_buf_span(&der), NULL, KEK32, &plain, &ok, &f), -EINVAL);
	assert_string_equal(f.reason, "cms_key_length");
	assert_span_str(ms_buf_span(&plain), "before");
}

/* Any octet altered: an error and no plaintext, or, where the CMS object protects nothing, another
 * key identifier, which MIKEY then refuses. */
static void test_each_octet_altered(void **state MS_UNUSED)
{
	for (enum ms_aead_alg a = MS_AEAD_AES_128_GCM; a <= MS_AEAD_AES_256_CCM; a++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf der;
		MS_CLEANUP(ms_buf_done) struct ms_buf plain;
		size_t key_ids = 0;

		ms_buf_init(&der, 4096);
		ms_buf_init(&plain, 4096);
		assert_int_equal(seal(a, 0, KEK16, ENTITY, &der), 0);
		for (size_t i = 0; i < der.len * 8; i++) {
			struct ms_fault f = { 0 };
			bool ok = false;
			int err;

			der.p[i / 8] ^= (uint8_t)(1 << (i % 8));
			err = open_it(ms_buf_span(&der), NULL, KEK16, &plain, &ok, &f);
			der.p[i / 8] ^= (uint8_t)(1 << (i % 8));
			if (err == 0) {
				assert_false(ok);
				key_ids++;
				ms_buf_reset(&plain);
				continue;
			}
			assert_non_null(f.reason);
			assert_int_equal(plain.len, 0);
		}
		assert_true(key_ids <= TRANSFER.len * 8);
	}
}

static void test_truncation_and_trailing(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf der;
	MS_CLEANUP(ms_buf_done) struct ms_buf plain;
	struct ms_fault f = { 0 };
	bool ok;

	ms_buf_init(&der, 4096);
	ms_buf_init(&plain, 4096);
	assert_int_equal(seal(MS_AEAD_AES_128_GCM, 0, KEK16, ENTITY, &der), 0);
	for (size_t n = 0; n < der.len; n++)
		assert_int_equal(open_it(ms_span_of(der.p, n), NULL, KEK16, &plain, &ok, &f),
				 -EBADMSG);
	ms_buf_put_u8(&der, 0);
	assert_int_equal(open_it(ms_buf_span(&der), NULL, KEK16, &plain, &ok, &f), -EBADMSG);
	assert_int_equal(plain.len, 0);
}

static void test_limits(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf der;
	MS_CLEANUP(ms_buf_done) struct ms_buf plain;
	struct ms_cms_limits l = { .message_max = 100 };
	struct ms_fault f = { 0 };
	bool ok;

	ms_buf_init(&der, 4096);
	ms_buf_init(&plain, 4096);
	assert_int_equal(seal(MS_AEAD_AES_128_CCM, 8, KEK16, ENTITY, &der), 0);
	assert_int_equal(open_it(ms_buf_span(&der), &l, KEK16, &plain, &ok, &f), -EMSGSIZE);
	assert_string_equal(f.reason, "cms_too_long");
	assert_int_equal(open_it(ms_buf_span(&der), NULL, KEK16, &plain, &ok, &f), -ENOTSUP);
	assert_string_equal(f.reason, "cms_mac_length");
	l = (struct ms_cms_limits){ .mac_min = 8, .key_id_max = 30 };
	assert_int_equal(open_it(ms_buf_span(&der), &l, KEK16, &plain, &ok, &f), -EMSGSIZE);
	assert_string_equal(f.reason, "cms_key_id_too_long");
	l.key_id_max = 31;
	assert_int_equal(open_it(ms_buf_span(&der), &l, KEK16, &plain, &ok, &f), 0);
	ms_buf_done(&plain);
	ms_buf_init(&plain, 10);
	assert_int_equal(open_it(ms_buf_span(&der), &l, KEK16, &plain, &ok, &f), -EMSGSIZE);
}

/* Rebuilds an object with indefinite lengths and the content in pieces, as a streaming writer does. */
static void put_ber(struct ms_buf *b, const struct ms_ber_tlv *e)
{
	static const uint8_t end[2] = { 0, 0 };
	struct ms_ber inside;
	struct ms_ber_tlv part;

	if (e->id == MS_BER_CONTEXT(0) || (e->id == MS_BER_OCTET_STRING && e->value.len > 20)) {
		ms_buf_put_u8(b, e->id | MS_BER_CONSTRUCTED);
		ms_buf_put_u8(b, 0x80);
		for (size_t i = 0; i < e->value.len; i += 7)
			ms_der_put(b, MS_BER_OCTET_STRING, ms_span_sub(e->value, i, 7));
		ms_buf_put(b, end, 2);
	} else if (ms_ber_inside(e, &inside) == 0) {
		ms_buf_put_u8(b, e->id);
		ms_buf_put_u8(b, 0x80);
		while (ms_ber_next(&inside, &part) == 0)
			put_ber(b, &part);
		ms_buf_put(b, end, 2);
	} else {
		ms_buf_put_span(b, e->whole);
	}
}

static void test_indefinite_lengths(void **state MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf der;
	MS_CLEANUP(ms_buf_done) struct ms_buf ber;
	MS_CLEANUP(ms_buf_done) struct ms_buf plain;
	struct ms_fault f = { 0 };
	struct ms_ber_tlv top;
	struct ms_ber at;
	bool ok = false;

	ms_buf_init(&der, 4096);
	ms_buf_init(&ber, 8192);
	ms_buf_init(&plain, 4096);
	assert_int_equal(seal(MS_AEAD_AES_256_GCM, 0, KEK16, ENTITY, &der), 0);
	at = ms_ber_of(ms_buf_span(&der));
	assert_int_equal(ms_ber_next(&at, &top), 0);
	put_ber(&ber, &top);
	assert_int_equal(open_it(ms_buf_span(&ber), NULL, KEK16, &plain, &ok, &f), 0);
	assert_true(ok);
	assert_span_equal(ms_buf_span(&plain), ENTITY);
	for (size_t n = 0; n < ber.len; n++)
		assert_true(open_it(ms_span_of(ber.p, n), NULL, KEK16, &plain, &ok, &f) < 0);
}

/* An object with authenticated attributes, which we read but do not write: `attrs` as they are sent,
 * `aad` what the MAC is made over. */
static void put_with_attributes(struct ms_buf *b, struct ms_span attrs, struct ms_span aad)
{
	static const char around[] = "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x05";
	struct ms_span cek = KEK32, nonce = MS_SPAN_LIT("nonce of 12.");
	uint8_t wrapped[40], cipher[100], mac[16];
	size_t info, data, inner, deep, deeper;

	assert_int_equal(ms_aes_wrap(KEK16, ms_aes_wrap_iv, cek, wrapped), 0);
	assert_int_equal(
		ms_aead_seal(MS_AEAD_AES_256_GCM, cek, nonce, aad, ENTITY, 16, cipher, mac), 0);
	info = ms_der_open(b, MS_BER_SEQUENCE);
	ms_der_put(b, MS_BER_OID, MS_SPAN_LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"));
	data = ms_der_open(b, MS_BER_CONTEXT_CONSTRUCTED(0));
	inner = ms_der_open(b, MS_BER_SEQUENCE);
	ms_der_put_uint(b, 0);
	deep = ms_der_open(b, MS_BER_SET);
	deeper = ms_der_open(b, MS_BER_CONTEXT_CONSTRUCTED(2));
	ms_buf_put_str(b, "\x02\x01\x04\x30\x03\x04\x01k\x30\x0b");
	ms_buf_put(b, around, sizeof(around) - 1);
	ms_der_put(b, MS_BER_OCTET_STRING, ms_span_of(wrapped, sizeof(wrapped)));
	ms_der_close(b, deeper);
	ms_der_close(b, deep);
	deep = ms_der_open(b, MS_BER_SEQUENCE);
	ms_der_put(b, MS_BER_OID, MS_SPAN_LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"));
	deeper = ms_der_open(b, MS_BER_SEQUENCE);
	ms_der_put(b, MS_BER_OID, MS_SPAN_LIT("\x60\x86\x48\x01\x65\x03\x04\x01\x2e"));
	ms_der_put_header(b, MS_BER_SEQUENCE, ms_der_size(nonce.len) + 3);
	ms_der_put(b, MS_BER_OCTET_STRING, nonce);
	ms_der_put_uint(b, 16);
	ms_der_close(b, deeper);
	ms_der_put(b, MS_BER_CONTEXT(0), ms_span_of(cipher, ENTITY.len));
	ms_der_close(b, deep);
	ms_buf_put_span(b, attrs);
	ms_der_put(b, MS_BER_OCTET_STRING, ms_span_of(mac, sizeof(mac)));
	ms_der_close(b, inner);
	ms_der_close(b, data);
	ms_der_close(b, info);
	assert_int_equal(ms_buf_status(b), 0);
}

static void with_attributes(struct ms_span attrs, struct ms_span aad, int want, const char *reason)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf der;
	MS_CLEANUP(ms_buf_done) struct ms_buf plain;
	struct ms_fault f = { 0 };
	bool ok;

	ms_buf_init(&der, 4096);
	ms_buf_init(&plain, 4096);
	put_with_attributes(&der, attrs, aad);
	assert_int_equal(open_it(ms_buf_span(&der), NULL, KEK16, &plain, &ok, &f), want);
	if (want < 0)
		assert_string_equal(f.reason, reason);
	assert_span_equal(ms_buf_span(&plain), want < 0 ? MS_SPAN_NULL : ENTITY);
}

#define ATTR_A "\x30\x08\x06\x02\x2a\x01\x31\x02\x05\x00"
#define ATTR_B "\x30\x09\x06\x02\x2a\x02\x31\x03\x04\x01x"

/* RFC 5083 section 2.1: what is authenticated is the DER SET OF, whatever order, lengths and tag the
 * attributes came in. */
static void test_authenticated_attributes(void **state MS_UNUSED)
{
	struct ms_span aad = MS_SPAN_LIT("\x31\x15" ATTR_A ATTR_B);

	with_attributes(MS_SPAN_LIT("\xa1\x15" ATTR_A ATTR_B), aad, 0, NULL);
	with_attributes(MS_SPAN_LIT("\xa1\x15" ATTR_B ATTR_A), aad, 0, NULL);
	with_attributes(MS_SPAN_LIT("\xa1\x80" ATTR_B ATTR_A "\0\0"), aad, 0, NULL);
	with_attributes(MS_SPAN_LIT("\xa1\x0a" ATTR_A), aad, -EBADMSG, "cms_mac");
	with_attributes(MS_SPAN_NULL, aad, -EBADMSG, "cms_mac");
	with_attributes(MS_SPAN_LIT("\xa1\x15" ATTR_A ATTR_B), MS_SPAN_NULL, -EBADMSG, "cms_mac");
	with_attributes(MS_SPAN_LIT("\xa1\x15" ATTR_A ATTR_B),
			MS_SPAN_LIT("\xa1\x15" ATTR_A ATTR_B), -EBADMSG, "cms_mac");
	with_attributes(MS_SPAN_LIT("\xa1\x03\x30\x05\x01"), MS_SPAN_NULL, -EBADMSG,
			"cms_auth_attributes");
}

static int torture(void *arg MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf der;
	MS_CLEANUP(ms_buf_done) struct ms_buf plain;
	struct ms_fault f = { 0 };
	bool ok;
	int err;

	ms_buf_init(&der, 4096);
	ms_buf_init(&plain, 4096);
	err = seal(MS_AEAD_AES_128_GCM, 0, KEK16, ENTITY, &der);
	if (err == 0)
		err = open_it(ms_buf_span(&der), NULL, KEK16, &plain, &ok, &f);
	if (err < 0)
		assert_int_equal(plain.len, 0);
	return err;
}

static void test_lack_of_memory(void **state MS_UNUSED)
{
	assert_true(ms_test_torture(torture, NULL) >= 8);
}

static int no_random(void *arg MS_UNUSED, void *p MS_UNUSED, size_t n MS_UNUSED)
{
	return -EIO;
}

static void test_no_random(void **state MS_UNUSED)
{
	const struct ms_random rng = { no_random, NULL };
	struct ms_cms_params p = { .alg = MS_AEAD_AES_128_GCM };
	struct ms_cms_message *m = NULL;

	assert_int_equal(ms_cms_seal(&p, KEK16, ENTITY, &rng, &m), -EIO);
	assert_null(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_algorithms),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_each_octet_altered),
		cmocka_unit_test(test_truncation_and_trailing),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_indefinite_lengths),
		cmocka_unit_test(test_authenticated_attributes),
		cmocka_unit_test(test_lack_of_memory),
		cmocka_unit_test(test_no_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
