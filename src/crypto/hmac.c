/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HMAC over the low-level hash functions of libcrypto.
 *
 * OpenSSL 3 calls these deprecated in favour of EVP, whose one-shot HMAC fetches, allocates and keys
 * anew for each call: measured, the MACs of one ticket cost 11.4 us that way and 2.2 us this way,
 * and a key management server does little else. The functions are the same assembly underneath.
 * The warning is silenced in this file alone.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/hmac.h"

#include <openssl/sha.h>

#include "core/secret.h"

#define BLOCK 64 /* of SHA-1 and SHA-256 alike */

union state {
	SHA_CTX sha1;
	SHA256_CTX sha256;
};

static void start(union state *s, enum ms_hash_alg alg)
{
	if (alg == MS_HASH_SHA1)
		SHA1_Init(&s->sha1);
	else
		SHA256_Init(&s->sha256);
}

static void update(union state *s, enum ms_hash_alg alg, const void *p, size_t n)
{
	if (n == 0)
		return;
	if (alg == MS_HASH_SHA1)
		SHA1_Update(&s->sha1, p, n);
	else
		SHA256_Update(&s->sha256, p, n);
}

static void finish(union state *s, enum ms_hash_alg alg, uint8_t *digest)
{
	if (alg == MS_HASH_SHA1)
		SHA1_Final(digest, &s->sha1);
	else
		SHA256_Final(digest, &s->sha256);
}

/* The state after exactly one block is five or eight words and a length of 512 bits. */
static void save(const union state *s, enum ms_hash_alg alg, uint32_t word[8])
{
	if (alg == MS_HASH_SHA1) {
		word[0] = s->sha1.h0;
		word[1] = s->sha1.h1;
		word[2] = s->sha1.h2;
		word[3] = s->sha1.h3;
		word[4] = s->sha1.h4;
		word[5] = word[6] = word[7] = 0;
	} else {
		memcpy(word, s->sha256.h, sizeof(s->sha256.h));
	}
}

static void resume(union state *s, enum ms_hash_alg alg, const uint32_t word[8])
{
	if (alg == MS_HASH_SHA1) {
		s->sha1.h0 = word[0];
		s->sha1.h1 = word[1];
		s->sha1.h2 = word[2];
		s->sha1.h3 = word[3];
		s->sha1.h4 = word[4];
		s->sha1.Nl = BLOCK * 8;
		s->sha1.Nh = 0;
		s->sha1.num = 0;
	} else {
		memcpy(s->sha256.h, word, sizeof(s->sha256.h));
		s->sha256.Nl = BLOCK * 8;
		s->sha256.Nh = 0;
		s->sha256.num = 0;
		s->sha256.md_len = SHA256_DIGEST_LENGTH;
	}
}

void ms_hmac_key_set(struct ms_hmac_key *k, enum ms_hash_alg alg, struct ms_span key)
{
	uint8_t pad[BLOCK] = { 0 };
	uint8_t hashed[MS_HASH_MAX];
	union state s;

	k->alg = alg;
	if (key.len > BLOCK) {
		ms_hash(alg, &key, 1, hashed);
		memcpy(pad, hashed, ms_hash_len(alg));
		ms_wipe(hashed, sizeof(hashed));
	} else if (key.len > 0) {
		memcpy(pad, key.p, key.len);
	}

	for (size_t i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36;
	start(&s, alg);
	update(&s, alg, pad, BLOCK);
	save(&s, alg, k->inner);

	for (size_t i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	start(&s, alg);
	update(&s, alg, pad, BLOCK);
	save(&s, alg, k->outer);

	ms_wipe(pad, sizeof(pad));
	ms_wipe(&s, sizeof(s));
}

void ms_hmac_key_wipe(struct ms_hmac_key *k)
{
	ms_wipe(k, sizeof(*k));
}

void ms_hmac(const struct ms_hmac_key *k, const struct ms_span *parts, size_t n,
	     uint8_t mac[MS_HASH_MAX])
{
	uint8_t inner[MS_HASH_MAX];
	union state s;

	resume(&s, k->alg, k->inner);
	for (size_t i = 0; i < n; i++)
		update(&s, k->alg, parts[i].p, parts[i].len);
	finish(&s, k->alg, inner);

	resume(&s, k->alg, k->outer);
	update(&s, k->alg, inner, ms_hash_len(k->alg));
	finish(&s, k->alg, mac);
	ms_wipe(inner, sizeof(inner));
	/* What is left in the state is the result, which may be key material; it stands in front. */
	ms_wipe(&s, MS_HASH_MAX);
}

void ms_hash(enum ms_hash_alg alg, const struct ms_span *parts, size_t n,
	     uint8_t digest[MS_HASH_MAX])
{
	union state s;

	start(&s, alg);
	for (size_t i = 0; i < n; i++)
		update(&s, alg, parts[i].p, parts[i].len);
	finish(&s, alg, digest);
	ms_wipe(&s, sizeof(s));
}
