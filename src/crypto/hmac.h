/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HMAC (RFC 2104) with SHA-1 and SHA-256, keyed once and used often: a key object holds the two
 * hash states that follow the padded key, so that a MAC costs no more than its text. And one-shot
 * SHA-1 and SHA-256.
 */
#ifndef MS_CRYPTO_HMAC_H
#define MS_CRYPTO_HMAC_H

#include <stddef.h>
#include <stdint.h>

#include "core/span.h"

enum ms_hash_alg {
	MS_HASH_SHA1,
	MS_HASH_SHA256,
};

/** Longest digest of the two, in octets. */
#define MS_HASH_MAX 32

/** 20 or 32. */
static inline size_t ms_hash_len(enum ms_hash_alg alg)
{
	return alg == MS_HASH_SHA1 ? 20 : 32;
}

/** A key, ready for use. Secret: wipe with ms_hmac_key_wipe() (fit for MS_CLEANUP). Copyable. */
struct ms_hmac_key {
	enum ms_hash_alg alg;
	uint32_t inner[8]; /* hash state after key ^ ipad */
	uint32_t outer[8]; /* hash state after key ^ opad */
};

/** Any key length; longer than 64 octets is hashed first, as RFC 2104 section 2 has it. */
void ms_hmac_key_set(struct ms_hmac_key *k, enum ms_hash_alg alg, struct ms_span key);

void ms_hmac_key_wipe(struct ms_hmac_key *k);

/** MAC over the `n` parts one after the other; ms_hash_len(k->alg) octets go to `mac`. */
void ms_hmac(const struct ms_hmac_key *k, const struct ms_span *parts, size_t n,
	     uint8_t mac[MS_HASH_MAX]);

/** Digest over the `n` parts one after the other; ms_hash_len(alg) octets go to `digest`. */
void ms_hash(enum ms_hash_alg alg, const struct ms_span *parts, size_t n,
	     uint8_t digest[MS_HASH_MAX]);

#endif
