/* SPDX-License-Identifier: Apache-2.0 */
/* AES-GCM and AES-CCM against the examples of their specifications. */
#include "ms-test.h"

#include <errno.h>

#include "core/buf.h"
#include "core/hex.h"
#include "crypto/aead.h"

struct vector {
	const char *name;
	enum ms_aead_alg alg;
	const char *key, *nonce, *aad, *plain, *cipher, *tag;
};

#define GCM_KEY "feffe9928665731c6d6a8f9467308308"
#define GCM_AAD "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define GCM_PLAIN                                                          \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" \
	"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"

static const struct vector vectors[] = {
	{ "GCM specification, test case 4", MS_AEAD_AES_128_GCM, GCM_KEY,
	  "cafebabefacedbaddecaf888", GCM_AAD, GCM_PLAIN,
	  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5a"
	  "ac84aa051ba30b396a0aac973d58e091",
	  "5bc94fbc3221a5db94fae95ae7121a47" },
	{ "GCM specification, test case 16", MS_AEAD_AES_256_GCM, GCM_KEY GCM_KEY,
	  "cafebabefacedbaddecaf888", GCM_AAD, GCM_PLAIN,
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10"
	  "56828838c5f61e6393ba7a0abcc9f662",
	  "76fc6ece0f4e1768cddf8853bb2d551b" },
	{ "SP 800-38C, example 1", MS_AEAD_AES_128_CCM, "404142434445464748494a4b4c4d4e4f",
	  "10111213141516", "0001020304050607", "20212223", "7162015b", "4dac255d" },
	{ "SP 800-38C, example 2", MS_AEAD_AES_128_CCM, "404142434445464748494a4b4c4d4e4f",
	  "1011121314151617", "000102030405060708090a0b0c0d0e0f",
	  "202122232425262728292a2b2c2d2e2f", "d2a1f0e051ea5f62081a7792073d593d", "1fc64fbfaccd" },
	{ "RFC 3610, packet vector 1", MS_AEAD_AES_128_CCM, "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf",
	  "00000003020100a0a1a2a3a4a5", "0001020304050607",
	  "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e",
	  "588c979a61c663d2f066d0c2c0f989806d5f6b61dac384", "17e8d12cfdf926e0" },
};

static struct ms_span unhex(struct ms_buf *b, const char *text)
{
	ms_buf_init(b, 256);
	assert_int_equal(ms_hex_decode(b, ms_span_str(text)), 0);
	return ms_buf_span(b);
}

static void test_vectors(void **state MS_UNUSED)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct ms_buf b[6];
		struct ms_span key = unhex(&b[0], v->key), nonce = unhex(&b[1], v->nonce);
		struct ms_span aad = unhex(&b[2], v->aad), plain = unhex(&b[3], v->plain);
		struct ms_span cipher = unhex(&b[4], v->cipher), tag = unhex(&b[5], v->tag);
		uint8_t out[128], mac[16];

		print_message("%s\n", v->name);
		/* GCM's examples have the full tag, CCM's lengths are those of the example. */
		assert_int_equal(ms_aead_seal(v->alg, key, nonce, aad, plain, tag.len, out, mac),
				 0);
		assert_span_equal(ms_span_of(out, plain.len), cipher);
		assert_span_equal(ms_span_of(mac, tag.len), tag);
		assert_int_equal(ms_aead_open(v->alg, key, nonce, aad, cipher, tag, out), 0);
		assert_span_equal(ms_span_of(out, plain.len), plain);
		b[5].p[0] ^= 1;
		assert_int_equal(ms_aead_open(v->alg, key, nonce, aad, cipher, tag, out), -EBADMSG);
		for (size_t k = 0; k < plain.len; k++)
			assert_int_equal(out[k], 0);
		for (size_t k = 0; k < 6; k++)
			ms_buf_done(&b[k]);
	}
}

static void test_in_place_and_empty(void **state MS_UNUSED)
{
	struct ms_span key = MS_SPAN_LIT("0123456789abcdef"), nonce = MS_SPAN_LIT("0123456789ab");

	for (enum ms_aead_alg a = MS_AEAD_AES_128_GCM; a <= MS_AEAD_AES_128_CCM; a += 2) {
		uint8_t text[] = "in place", tag[16];

		assert_int_equal(ms_aead_seal(a, key, nonce, MS_SPAN_NULL, ms_span_of(text, 8), 16,
					      text, tag),
				 0);
		assert_memory_not_equal(text, "in place", 8);
		assert_int_equal(ms_aead_open(a, key, nonce, MS_SPAN_NULL, ms_span_of(text, 8),
					      ms_span_of(tag, 16), text),
				 0);
		assert_memory_equal(text, "in place", 8);
		assert_int_equal(ms_aead_seal(a, key, nonce, MS_SPAN_LIT("aad"), MS_SPAN_NULL, 16,
					      text, tag),
				 0);
		assert_int_equal(ms_aead_open(a, key, nonce, MS_SPAN_LIT("aad"), MS_SPAN_NULL,
					      ms_span_of(tag, 16), text),
				 0);
		assert_int_equal(ms_aead_open(a, key, nonce, MS_SPAN_LIT("aaD"), MS_SPAN_NULL,
					      ms_span_of(tag, 16), text),
				 -EBADMSG);
	}
}

static void refused(enum ms_aead_alg alg, size_t key_len, size_t nonce_len, size_t tag_len,
		    size_t len, int want)
{
	static uint8_t text[65536 + 16];
	uint8_t key[64] = { 0 }, tag[32] = { 0 };

	assert_int_equal(ms_aead_seal(alg, ms_span_of(key, key_len), ms_span_of(key, nonce_len),
				      MS_SPAN_NULL, ms_span_of(text, len), tag_len, text, tag),
			 want);
	assert_int_equal(ms_aead_open(alg, ms_span_of(key, key_len), ms_span_of(key, nonce_len),
				      MS_SPAN_NULL, ms_span_of(text, len), ms_span_of(tag, tag_len),
				      text),
			 want);
}

static void test_wrong_lengths(void **state MS_UNUSED)
{
	refused(MS_AEAD_AES_128_GCM, 32, 12, 16, 1, -EINVAL);
	refused(MS_AEAD_AES_256_GCM, 16, 12, 16, 1, -EINVAL);
	refused(MS_AEAD_AES_128_GCM, 16, 0, 16, 1, -EINVAL);
	refused(MS_AEAD_AES_128_GCM, 16, 12, 11, 1, -EINVAL);
	refused(MS_AEAD_AES_128_GCM, 16, 12, 17, 1, -EINVAL);
	refused(MS_AEAD_AES_128_CCM, 16, 6, 16, 1, -EINVAL);
	refused(MS_AEAD_AES_128_CCM, 16, 14, 16, 1, -EINVAL);
	refused(MS_AEAD_AES_128_CCM, 16, 12, 13, 1, -EINVAL);
	refused((enum ms_aead_alg)9, 16, 12, 16, 1, -EINVAL);
	/* With a nonce of 13 octets CCM counts to 65535. */
	refused(MS_AEAD_AES_128_CCM, 16, 13, 16, 65536, -EMSGSIZE);
	assert_null(ms_aead_info((enum ms_aead_alg)9));
	assert_string_equal(ms_aead_info(MS_AEAD_AES_256_CCM)->name, "AES-256-CCM");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_in_place_and_empty),
		cmocka_unit_test(test_wrong_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
