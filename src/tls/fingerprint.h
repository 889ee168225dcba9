/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate fingerprints as session descriptions carry them (RFC 8122 section 5). */
#ifndef MS_TLS_FINGERPRINT_H
#define MS_TLS_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"

/** Hash functions we compute, the stronger the greater. MD2 and MD5 must not be used and are none. */
enum ms_tls_hash {
	MS_TLS_HASH_NONE,
	MS_TLS_SHA1, /* only where a switch allows it */
	MS_TLS_SHA224,
	MS_TLS_SHA256,
	MS_TLS_SHA384,
	MS_TLS_SHA512,
};

/** Longest fingerprint, octets. */
#define MS_TLS_DIGEST_MAX 64

/** Longest text of one: the hash's name, a blank, three characters an octet. */
#define MS_TLS_FINGERPRINT_TEXT_MAX (8 + 3 * MS_TLS_DIGEST_MAX)

/** Most fingerprints accepted for one peer (RFC 8122 section 5.1: one a hash and certificate). */
#define MS_TLS_FINGERPRINTS_MAX 8

struct ms_tls_fingerprint {
	enum ms_tls_hash hash;
	uint8_t digest[MS_TLS_DIGEST_MAX]; /* the first ms_tls_hash_length(hash) octets */
};

/** Octets of a digest; 0 for NONE. */
size_t ms_tls_hash_length(enum ms_tls_hash hash);

/** "sha-256", static; "" for NONE. */
const char *ms_tls_hash_name(enum ms_tls_hash hash);

/** By its name, in any case. -EOPNOTSUPP: md2, md5 or not known: the fingerprint is to be ignored. */
MS_MUST_CHECK int ms_tls_hash_find(struct ms_span name, enum ms_tls_hash *ret_hash);

/**
 * The value of an a=fingerprint line, e.g. "SHA-256 4A:AD:...". Hexadecimal digits in either case.
 * -EOPNOTSUPP as above, -EINVAL (no hash and digest, or the digest's length is not the hash's).
 */
MS_MUST_CHECK int ms_tls_fingerprint_parse(struct ms_span value, struct ms_tls_fingerprint *ret_fp);

/** Appends "sha-256 4A:AD:...": what stands behind "a=fingerprint:". */
void ms_tls_fingerprint_put(struct ms_buf *b, const struct ms_tls_fingerprint *fp);

/** Of a certificate's DER. -EINVAL (NONE), -ENOMEM, -EIO (libcrypto). */
MS_MUST_CHECK int ms_tls_fingerprint_of(struct ms_span der, enum ms_tls_hash hash,
					struct ms_tls_fingerprint *ret_fp);

bool ms_tls_fingerprint_eq(const struct ms_tls_fingerprint *a, const struct ms_tls_fingerprint *b);

/**
 * The hash that decides among several fingerprints of a peer: the strongest one (RFC 8122 section
 * 5.1). NONE if there is none, or only SHA-1 without allow_sha1.
 */
enum ms_tls_hash ms_tls_fingerprint_deciding(const struct ms_tls_fingerprint *list, size_t n,
					     bool allow_sha1);

#endif
