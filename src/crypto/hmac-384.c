/* SPDX-License-Identifier: Apache-2.0 */
/* Over libcrypto's low-level functions, whose deprecation is silenced for the reason that stands in hmac.c. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/hmac-384.h"

#include <openssl/sha.h>

#include "core/secret.h"

#define BLOCK SHA512_CBLOCK

static void update(SHA512_CTX *s, const struct ms_span *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (parts[i].len > 0)
			SHA384_Update(s, parts[i].p, parts[i].len);
}

/* The state after exactly one block is eight words and a length of 1024 bits. */
static void resume(SHA512_CTX *s, const uint64_t word[8])
{
	for (size_t i = 0; i < 8; i++)
		s->h[i] = word[i];
	s->Nl = (SHA_LONG64)BLOCK * 8;
	s->Nh = 0;
	s->num = 0;
	s->md_len = SHA384_DIGEST_LENGTH;
}

static void after_block(const uint8_t block[BLOCK], uint64_t word[8])
{
	SHA512_CTX s;

	SHA384_Init(&s);
	SHA384_Update(&s, block, BLOCK);
	for (size_t i = 0; i < 8; i++)
		word[i] = s.h[i];
	ms_wipe(&s, sizeof(s));
}

void ms_hmac_384_key_set(struct ms_hmac_384_key *k, struct ms_span key)
{
	uint8_t pad[BLOCK] = { 0 };

	if (key.len > BLOCK)
		ms_sha384(&key, 1, pad);
	else if (key.len > 0)
		memcpy(pad, key.p, key.len);
	for (size_t i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36;
	after_block(pad, k->inner);
	for (size_t i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	after_block(pad, k->outer);
	ms_wipe(pad, sizeof(pad));
}

void ms_hmac_384_key_wipe(struct ms_hmac_384_key *k)
{
	ms_wipe(k, sizeof(*k));
}

void ms_hmac_384(const struct ms_hmac_384_key *k, const struct ms_span *parts, size_t n,
		 uint8_t mac[MS_SHA384_LEN])
{
	uint8_t inner[MS_SHA384_LEN];
	SHA512_CTX s;

	resume(&s, k->inner);
	update(&s, parts, n);
	SHA384_Final(inner, &s);
	resume(&s, k->outer);
	SHA384_Update(&s, inner, sizeof(inner));
	SHA384_Final(mac, &s);
	ms_wipe(inner, sizeof(inner));
	/* What is left in the state is the result, which may be key material; it stands in front. */
	ms_wipe(s.h, sizeof(s.h));
}

void ms_sha384(const struct ms_span *parts, size_t n, uint8_t digest[MS_SHA384_LEN])
{
	SHA512_CTX s;

	SHA384_Init(&s);
	update(&s, parts, n);
	SHA384_Final(digest, &s);
	ms_wipe(&s, sizeof(s));
}
