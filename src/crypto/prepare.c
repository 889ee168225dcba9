/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/prepare.h"

#include <errno.h>

#include <stdbool.h>
#include <string.h>

#include <openssl/rand.h>

#include "crypto/aead.h"
#include "crypto/aes.h"
#include "crypto/hmac.h"

/* Key and text of all answers: octets 00, 01, 02 ... */
static void count_up(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)i;
}

static bool check_hmac(enum ms_hash_alg alg, const uint8_t *octets, const uint8_t want[4])
{
	struct ms_span text = ms_span_of(octets, 32);
	struct ms_hmac_key k;
	uint8_t mac[MS_HASH_MAX];

	ms_hmac_key_set(&k, alg, ms_span_of(octets, 16));
	ms_hmac(&k, &text, 1, mac);
	return memcmp(mac, want, 4) == 0;
}

static bool check_aes(const uint8_t *octets, size_t key_len, const uint8_t want_cm[4],
		      const uint8_t want_wrap[4])
{
	struct ms_span key = ms_span_of(octets, key_len);
	uint8_t out[32 + MS_AES_WRAP_EXTRA], back[32];

	if (ms_aes_cm(key, octets, ms_span_of(octets, 32), out) < 0 || memcmp(out, want_cm, 4) != 0)
		return false;
	if (ms_aes_wrap(key, ms_aes_wrap_iv, ms_span_of(octets, 32), out) < 0 ||
	    memcmp(out, want_wrap, 4) != 0)
		return false;
	return ms_aes_unwrap(key, ms_aes_wrap_iv, ms_span_of(out, sizeof(out)), back) == 0 &&
	       memcmp(back, octets, sizeof(back)) == 0;
}

static bool check_aead(enum ms_aead_alg alg, const uint8_t *octets, const uint8_t want[4])
{
	const struct ms_aead_info *info = ms_aead_info(alg);
	struct ms_span key = ms_span_of(octets, info->key_len);
	struct ms_span nonce = ms_span_of(octets, 12);
	uint8_t cipher[32], tag[16], back[32];

	if (ms_aead_seal(alg, key, nonce, MS_SPAN_NULL, ms_span_of(octets, 32), 16, cipher, tag) <
		    0 ||
	    memcmp(cipher, want, 4) != 0)
		return false;
	return ms_aead_open(alg, key, nonce, MS_SPAN_NULL, ms_span_of(cipher, 32),
			    ms_span_of(tag, 16), back) == 0 &&
	       memcmp(back, octets, sizeof(back)) == 0;
}

int ms_crypto_prepare(void)
{
	static const uint8_t sha1[] = { 0xc9, 0x20, 0x7d, 0x90 };
	static const uint8_t sha256[] = { 0x13, 0x41, 0xaf, 0x86 };
	static const uint8_t cm128[] = { 0x0a, 0x95, 0x09, 0xb6 };
	static const uint8_t wrap128[] = { 0x0e, 0x78, 0x08, 0xf5 };
	static const uint8_t cm256[] = { 0x5a, 0x6f, 0x06, 0x54 };
	static const uint8_t wrap256[] = { 0x82, 0xc6, 0x93, 0xbf };
	static const uint8_t aead[][4] = {
		[MS_AEAD_AES_128_GCM] = { 0x93, 0x6d, 0xa5, 0xcd },
		[MS_AEAD_AES_256_GCM] = { 0x47, 0x03, 0xd4, 0x18 },
		[MS_AEAD_AES_128_CCM] = { 0x33, 0x14, 0xf1, 0x64 },
		[MS_AEAD_AES_256_CCM] = { 0x8a, 0xd4, 0xba, 0x15 },
	};
	uint8_t octets[32];
	bool ok;

	count_up(octets, sizeof(octets));
	ok = check_hmac(MS_HASH_SHA1, octets, sha1) && check_hmac(MS_HASH_SHA256, octets, sha256) &&
	     check_aes(octets, 16, cm128, wrap128) && check_aes(octets, 32, cm256, wrap256);
	for (size_t i = 0; ok && i < MS_ARRAY_SIZE(aead); i++)
		ok = check_aead((enum ms_aead_alg)i, octets, aead[i]);
	/* RSA blinds with it */
	return ok && RAND_priv_bytes(octets, sizeof(octets)) == 1 ? 0 : -EIO;
}
