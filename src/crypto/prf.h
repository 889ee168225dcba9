/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pseudo-random functions of MIKEY: MIKEY-1 (RFC 3830 section 4.1.2) and PRF-HMAC-SHA-256
 * (RFC 6043 section 6.1). They differ in the hash alone.
 */
#ifndef MS_CRYPTO_PRF_H
#define MS_CRYPTO_PRF_H

#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/span.h"
#include "crypto/hmac.h"

/** Longest input key, in octets: eight blocks of 32. */
#define MS_PRF_INKEY_MAX 256

/** Longest output, in octets. */
#define MS_PRF_OUT_MAX 256

#define MS_PRF_BLOCK 32

/** An input key with its blocks hashed, for several labels. Secret: ms_prf_key_wipe(). */
struct ms_prf_key {
	size_t n; /* blocks in use */
	struct ms_hmac_key block[MS_PRF_INKEY_MAX / MS_PRF_BLOCK];
};

/** Returns 0, or -EINVAL if inkey is empty or longer than MS_PRF_INKEY_MAX. */
MS_MUST_CHECK int ms_prf_key_set(struct ms_prf_key *k, enum ms_hash_alg alg, struct ms_span inkey);

/** Fit for MS_CLEANUP; a key that was never set must be zeroed (n = 0). */
void ms_prf_key_wipe(struct ms_prf_key *k);

/** `len` octets of PRF(inkey, label) to `out`. Returns 0, or -EINVAL if len > MS_PRF_OUT_MAX. */
MS_MUST_CHECK int ms_prf_out(const struct ms_prf_key *k, struct ms_span label, uint8_t *out,
			     size_t len);

/** Key, derive, wipe in one. */
MS_MUST_CHECK int ms_prf(enum ms_hash_alg alg, struct ms_span inkey, struct ms_span label,
			 uint8_t *out, size_t len);

#endif
