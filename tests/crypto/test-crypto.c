/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC, PRFs, AES-CM and AES key wrap against published vectors and against libcrypto's own. */
#include "ms-test.h"

#include <errno.h>

#include <openssl/hmac.h>

#include "core/hex.h"
#include "core/secret.h"
#include "crypto/aes.h"
#include "crypto/hmac-384.h"
#include "crypto/hmac.h"
#include "crypto/prepare.h"
#include "crypto/prf.h"

static struct ms_span hex(const char *text)
{
	static uint8_t room[8][512];
	static unsigned n;
	struct ms_buf b;

	ms_buf_init_fixed(&b, room[n++ % 8], sizeof(room[0]));
	assert_int_equal(ms_hex_decode(&b, ms_span_str(text)), 0);
	return ms_buf_span(&b);
}

static void check_hmac(enum ms_hash_alg alg, struct ms_span key, struct ms_span data,
		       const char *want)
{
	struct ms_hmac_key k;
	uint8_t mac[MS_HASH_MAX];
	/* in one piece, and in three with an empty one */
	struct ms_span parts[3] = { ms_span_sub(data, 0, 3), MS_SPAN_NULL, ms_span_from(data, 3) };

	ms_hmac_key_set(&k, alg, key);
	ms_hmac(&k, &data, 1, mac);
	assert_span_equal(ms_span_of(mac, ms_hash_len(alg)), hex(want));
	memset(mac, 0, sizeof(mac));
	ms_hmac(&k, parts, 3, mac);
	assert_span_equal(ms_span_of(mac, ms_hash_len(alg)), hex(want));
	ms_hmac_key_wipe(&k);
}

/* RFC 2202 section 3 and RFC 4231 section 4: short key, key "Jefe", key longer than a block */
static void test_hmac_rfc(void **state)
{
	uint8_t aa[131];
	struct ms_span key20 = hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
	struct ms_span what = MS_SPAN_LIT("what do ya want for nothing?");
	struct ms_span large =
		MS_SPAN_LIT("Test Using Larger Than Block-Size Key - Hash Key First");

	(void)state;
	memset(aa, 0xaa, sizeof(aa));
	check_hmac(MS_HASH_SHA1, key20, MS_SPAN_LIT("Hi There"),
		   "b617318655057264e28bc0b6fb378c8ef146be00");
	check_hmac(MS_HASH_SHA1, MS_SPAN_LIT("Jefe"), what,
		   "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	check_hmac(MS_HASH_SHA1, ms_span_of(aa, 80), large,
		   "aa4ae5e15272d00e95705637ce8a3b55ed402112");
	check_hmac(MS_HASH_SHA256, key20, MS_SPAN_LIT("Hi There"),
		   "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	check_hmac(MS_HASH_SHA256, MS_SPAN_LIT("Jefe"), what,
		   "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	check_hmac(MS_HASH_SHA256, ms_span_of(aa, 131), large,
		   "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* Every length of key and text around the block sizes gives what libcrypto's HMAC gives. */
static void test_hmac_lengths(void **state)
{
	uint8_t text[300], mac[MS_HASH_MAX], want[64];
	struct ms_hmac_key k;
	unsigned len;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7 + 1);
	for (size_t key_len = 0; key_len < 140; key_len += key_len < 60 ? 7 : 1) {
		for (size_t n = 0; n < sizeof(text); n += 13) {
			struct ms_span part = ms_span_of(text, n);

			ms_hmac_key_set(&k, MS_HASH_SHA1, ms_span_of(text, key_len));
			ms_hmac(&k, &part, 1, mac);
			HMAC(EVP_sha1(), text, (int)key_len, text, n, want, &len);
			assert_memory_equal(mac, want, 20);
			ms_hmac_key_set(&k, MS_HASH_SHA256, ms_span_of(text, key_len));
			ms_hmac(&k, &part, 1, mac);
			HMAC(EVP_sha256(), text, (int)key_len, text, n, want, &len);
			assert_memory_equal(mac, want, 32);
		}
	}
}

/* RFC 4231 section 4.2 and 4.7; then every length around the block size, against libcrypto's HMAC. */
static void test_hmac_384(void **state)
{
	uint8_t text[300], mac[MS_SHA384_LEN], want[64];
	struct ms_hmac_384_key k;
	struct ms_span hi = MS_SPAN_LIT("Hi There");
	unsigned len;

	(void)state;
	ms_hmac_384_key_set(&k, hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"));
	ms_hmac_384(&k, &hi, 1, mac);
	assert_span_equal(ms_span_of(mac, sizeof(mac)),
			  hex("afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
			      "faea9ea9076ede7f4af152e8b2fa9cb6"));
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7 + 1);
	for (size_t key_len = 0; key_len < 260; key_len += key_len < 120 ? 7 : 1) {
		for (size_t n = 0; n < sizeof(text); n += 13) {
			struct ms_span parts[2] = { ms_span_of(text, n / 3),
						    ms_span_of(text + n / 3, n - n / 3) };

			ms_hmac_384_key_set(&k, ms_span_of(text, key_len));
			ms_hmac_384(&k, parts, 2, mac);
			HMAC(EVP_sha384(), text, (int)key_len, text, n, want, &len);
			assert_memory_equal(mac, want, MS_SHA384_LEN);
		}
	}
	ms_hmac_384_key_wipe(&k);
}

static void test_hash(void **state)
{
	struct ms_span parts[2] = { MS_SPAN_LIT("a"), MS_SPAN_LIT("bc") };
	uint8_t digest[MS_HASH_MAX], long_digest[MS_SHA384_LEN];

	(void)state;
	ms_hash(MS_HASH_SHA1, parts, 2, digest); /* FIPS 180 */
	assert_span_equal(ms_span_of(digest, 20), hex("a9993e364706816aba3e25717850c26c9cd0d89d"));
	ms_hash(MS_HASH_SHA256, parts, 2, digest);
	assert_span_equal(ms_span_of(digest, 32),
			  hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	ms_sha384(parts, 2, long_digest);
	assert_span_equal(ms_span_of(long_digest, MS_SHA384_LEN),
			  hex("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
			      "8086072ba1e7cc2358baeca134c825a7"));
}

/* Values that an independent implementation of PRF-HMAC-SHA-256 publishes. */
static void test_prf(void **state)
{
	uint8_t out[MS_PRF_OUT_MAX + 1];
	struct ms_prf_key k;

	(void)state;
	assert_int_equal(ms_prf(MS_HASH_SHA256, hex("a27b7d578eeb9b1ee7705e385996d300"),
				hex("15798cef0405a85c164339f62f55aac86348846a482c893802"), out, 16),
			 0);
	assert_span_equal(ms_span_of(out, 16), hex("3924935940c154ccbc3c2ad05c8f5181"));

	assert_int_equal(ms_prf_key_set(&k, MS_HASH_SHA1, MS_SPAN_NULL), -EINVAL);
	assert_int_equal(ms_prf_key_set(&k, MS_HASH_SHA1, ms_span_of(out, MS_PRF_INKEY_MAX + 1)),
			 -EINVAL);
	assert_int_equal(ms_prf(MS_HASH_SHA1, ms_span_of(out, 16), MS_SPAN_LIT("x"), out,
				MS_PRF_OUT_MAX + 1),
			 -EINVAL);
}

/* A longer output starts with the shorter one; two blocks of key are both used. */
static void test_prf_lengths(void **state)
{
	uint8_t key[64] = { 1, 2, 3 };
	uint8_t all[MS_PRF_OUT_MAX], some[MS_PRF_OUT_MAX];

	(void)state;
	assert_int_equal(ms_prf(MS_HASH_SHA1, ms_span_of(key, 64), MS_SPAN_LIT("l"), all, 256), 0);
	for (size_t n = 0; n < 256; n++) {
		assert_int_equal(
			ms_prf(MS_HASH_SHA1, ms_span_of(key, 64), MS_SPAN_LIT("l"), some, n), 0);
		assert_memory_equal(all, some, n);
	}
	key[63] ^= 1;
	assert_int_equal(ms_prf(MS_HASH_SHA1, ms_span_of(key, 64), MS_SPAN_LIT("l"), some, 20), 0);
	assert_memory_not_equal(all, some, 20);
}

/* NIST SP 800-38A F.5.1 and F.5.5 */
static void test_aes_cm(void **state)
{
	struct ms_span iv = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
	struct ms_span plain =
		hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
	struct ms_span key128 = hex("2b7e151628aed2a6abf7158809cf4f3c");
	uint8_t out[32];

	(void)state;
	assert_int_equal(ms_aes_cm(key128, iv.p, plain, out), 0);
	assert_span_equal(ms_span_of(out, 32),
			  hex("874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"));
	assert_int_equal(ms_aes_cm(key128, iv.p, ms_span_of(out, 32), out), 0); /* in place */
	assert_span_equal(ms_span_of(out, 32), plain);
	assert_int_equal(
		ms_aes_cm(hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
			  iv.p, plain, out),
		0);
	assert_span_equal(ms_span_of(out, 32),
			  hex("601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"));
	assert_int_equal(ms_aes_cm(ms_span_of(key128.p, 15), iv.p, plain, out), -EINVAL);
	assert_int_equal(ms_aes_cm(key128, iv.p, MS_SPAN_NULL, out), 0);
}

/* RFC 3394 section 4 */
static void test_aes_wrap(void **state)
{
	struct ms_span kek =
		hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
	struct ms_span kek128 = ms_span_sub(kek, 0, 16);
	struct ms_span key =
		hex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f");
	uint8_t out[48], back[48];

	(void)state;
	/* 4.1: 128 bits of key data with a 128-bit KEK */
	assert_int_equal(ms_aes_wrap(kek128, ms_aes_wrap_iv, ms_span_sub(key, 0, 16), out), 0);
	assert_span_equal(ms_span_of(out, 24),
			  hex("1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"));
	/* 4.6: 256 bits of key data with a 256-bit KEK */
	assert_int_equal(ms_aes_wrap(kek, ms_aes_wrap_iv, key, out), 0);
	assert_span_equal(
		ms_span_of(out, 40),
		hex("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"));
	assert_int_equal(ms_aes_unwrap(kek, ms_aes_wrap_iv, ms_span_of(out, 40), back), 0);
	assert_span_equal(ms_span_of(back, 32), key);
}

/* Ours is put together from blocks: libcrypto's own says the same at every length. */
static void test_aes_wrap_of_libcrypto(void **state)
{
	static const char *const names[] = { "AES-128-WRAP", "AES-256-WRAP" };
	uint8_t kek[32], text[512], mine[520], theirs[536], back[512];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * i + 3);
	for (size_t size = 0; size < 2; size++) {
		EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, names[size], NULL);
		struct ms_span k = ms_span_of(kek, size ? 32 : 16);

		assert_non_null(cipher);
		for (size_t n = 16; n <= sizeof(text); n += 8) {
			EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
			int len = 0;

			memset(kek, (int)n, sizeof(kek));
			EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
			assert_int_equal(
				EVP_EncryptInit_ex2(ctx, cipher, kek, ms_aes_wrap_iv, NULL), 1);
			assert_int_equal(EVP_EncryptUpdate(ctx, theirs, &len, text, (int)n), 1);
			EVP_CIPHER_CTX_free(ctx);
			assert_int_equal(ms_aes_wrap(k, ms_aes_wrap_iv, ms_span_of(text, n), mine),
					 0);
			assert_int_equal(len, n + 8);
			assert_memory_equal(mine, theirs, n + 8);
			assert_int_equal(
				ms_aes_unwrap(k, ms_aes_wrap_iv, ms_span_of(theirs, n + 8), back),
				0);
			assert_memory_equal(back, text, n);
		}
		EVP_CIPHER_free(cipher);
	}
}

static void test_aes_unwrap_refuses(void **state)
{
	uint8_t kek[32] = { 7 }, text[24] = { 1, 2, 3 }, out[32], back[24], iv[8] = { 9 };

	(void)state;
	assert_int_equal(ms_aes_wrap(ms_span_of(kek, 16), iv, ms_span_of(text, 24), out), 0);
	assert_int_equal(ms_aes_unwrap(ms_span_of(kek, 16), iv, ms_span_of(out, 32), back), 0);
	assert_memory_equal(back, text, 24);
	for (size_t bit = 0; bit < 32 * 8; bit++) {
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(ms_aes_unwrap(ms_span_of(kek, 16), iv, ms_span_of(out, 32), back),
				 -EBADMSG);
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	iv[0] ^= 1;
	assert_int_equal(ms_aes_unwrap(ms_span_of(kek, 16), iv, ms_span_of(out, 32), back),
			 -EBADMSG);
	assert_int_equal(ms_aes_unwrap(ms_span_of(kek, 16), iv, ms_span_of(out, 31), back),
			 -EINVAL);
	assert_int_equal(ms_aes_unwrap(ms_span_of(kek, 16), iv, ms_span_of(out, 16), back),
			 -EINVAL);
	assert_int_equal(ms_aes_unwrap(ms_span_of(kek, 16), iv, ms_span_of(out, 0), back), -EINVAL);
	assert_int_equal(ms_aes_wrap(ms_span_of(kek, 16), iv, ms_span_of(text, 8), out), -EINVAL);
	assert_int_equal(ms_aes_wrap(ms_span_of(kek, 24), iv, ms_span_of(text, 16), out), -EINVAL);
	/* and the kept context still works after all these errors */
	iv[0] ^= 1;
	assert_int_equal(ms_aes_unwrap(ms_span_of(kek, 16), iv, ms_span_of(out, 32), back), 0);
	assert_memory_equal(back, text, 24);
}

/* Known answers, twice: the kept contexts give them again. */
static void test_prepare(void **state)
{
	(void)state;
	assert_int_equal(ms_crypto_prepare(), 0);
	assert_int_equal(ms_crypto_prepare(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hmac_rfc),
		cmocka_unit_test(test_hmac_lengths),
		cmocka_unit_test(test_hmac_384),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_prf),
		cmocka_unit_test(test_prf_lengths),
		cmocka_unit_test(test_aes_cm),
		cmocka_unit_test(test_aes_wrap),
		cmocka_unit_test(test_aes_unwrap_refuses),
		cmocka_unit_test(test_aes_wrap_of_libcrypto),
		cmocka_unit_test(test_prepare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
