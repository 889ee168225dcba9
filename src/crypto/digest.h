/* SPDX-License-Identifier: Apache-2.0 */
/* Message digests over data that comes in pieces. */
#ifndef MS_CRYPTO_DIGEST_H
#define MS_CRYPTO_DIGEST_H

#include <stdint.h>

#include "core/attr.h"
#include "core/span.h"

/** Longest digest, octets. */
#define MS_DIGEST_MAX 32

enum ms_digest_algorithm {
	MS_DIGEST_MD5,  /* HTTP Digest (RFC 2617) only */
	MS_DIGEST_SHA1, /* file hashes of RFC 5547: recognises, does not protect */
	MS_DIGEST_SHA256,
};

struct ms_digest;

/** Begins. -ENOMEM, or -ENOTSUP if libcrypto does not offer the algorithm. Owned by the caller. */
MS_MUST_CHECK int ms_digest_new(enum ms_digest_algorithm algorithm, struct ms_digest **ret_d);

/** NULL is fine. Returns NULL. */
struct ms_digest *ms_digest_free(struct ms_digest *d);

/** Takes in the next octets. -EIO if libcrypto fails. */
MS_MUST_CHECK int ms_digest_update(struct ms_digest *d, struct ms_span octets);

/** Ends: the digest and its length. The object can only be freed afterwards. -EIO. */
MS_MUST_CHECK int ms_digest_final(struct ms_digest *d, uint8_t ret_digest[static MS_DIGEST_MAX],
				  size_t *ret_len);

/** Octets of the algorithm's digest. */
size_t ms_digest_length(enum ms_digest_algorithm algorithm);

#endif
