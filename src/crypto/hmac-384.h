/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC (RFC 2104) with SHA-384, keyed once and used often, as crypto/hmac.h has it for the shorter hashes. */
#ifndef MS_CRYPTO_HMAC_384_H
#define MS_CRYPTO_HMAC_384_H

#include <stddef.h>
#include <stdint.h>

#include "core/span.h"

/** Digest, in octets. */
#define MS_SHA384_LEN 48

/** A key, ready for use. Secret: wipe with ms_hmac_384_key_wipe() (fit for MS_CLEANUP). Copyable. */
struct ms_hmac_384_key {
	uint64_t inner[8]; /* hash state after key ^ ipad */
	uint64_t outer[8]; /* hash state after key ^ opad */
};

/** Any key length; longer than 128 octets is hashed first, as RFC 2104 section 2 has it. */
void ms_hmac_384_key_set(struct ms_hmac_384_key *k, struct ms_span key);

void ms_hmac_384_key_wipe(struct ms_hmac_384_key *k);

/** MAC over the `n` parts one after the other. */
void ms_hmac_384(const struct ms_hmac_384_key *k, const struct ms_span *parts, size_t n,
		 uint8_t mac[MS_SHA384_LEN]);

/** Digest over the `n` parts one after the other. */
void ms_sha384(const struct ms_span *parts, size_t n, uint8_t digest[MS_SHA384_LEN]);

#endif
