/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How TLS derives keys: the PRF of TLS 1.2 (RFC 5246 section 5) and HKDF as TLS 1.3 uses it (RFC 8446
 * section 7.1), with SHA-256 or SHA-384. Used for traffic keys (record-keys.c), and by libssl for its
 * handshakes (kdf.c).
 */
#ifndef MS_TLS_DERIVE_H
#define MS_TLS_DERIVE_H

#include "crypto/hmac-384.h"
#include "crypto/hmac.h"

/** Longest digest, in octets. */
#define MS_TLS_HASH_MAX MS_SHA384_LEN

/** HMAC keyed with either hash. Secret: wipe with ms_tls_mac_wipe(). */
struct ms_tls_mac {
	size_t len; /* of the digest */
	union {
		struct ms_hmac_key sha256;
		struct ms_hmac_384_key sha384;
	} key;
};

/** `hash_len` says which hash: 32 or 48. */
void ms_tls_mac_set(struct ms_tls_mac *m, size_t hash_len, struct ms_span key);

/** Over the `n` parts one after the other; m->len octets go to `mac`. */
void ms_tls_mac(const struct ms_tls_mac *m, const struct ms_span *parts, size_t n,
		uint8_t mac[MS_TLS_HASH_MAX]);

void ms_tls_mac_wipe(struct ms_tls_mac *m);

/** Most parts of a seed: a label and what follows it. */
#define MS_TLS_SEEDS_MAX 6

/** P_hash: n octets to `out`. The seed is the parts one after the other, the label first. */
void ms_tls_prf(size_t hash_len, struct ms_span secret, const struct ms_span *seed, size_t n_seed,
		uint8_t *out, size_t n);

/** HKDF-Extract (RFC 5869 section 2.2); hash_len octets to `out`. */
void ms_tls_extract(size_t hash_len, struct ms_span salt, struct ms_span secret,
		    uint8_t out[MS_TLS_HASH_MAX]);

/**
 * HKDF-Expand-Label: n octets to `out`, at most 255 times hash_len. `prefix` is "tls13 "; it and `label`
 * have at most 255 octets together, `context` as many.
 */
void ms_tls_expand_label(size_t hash_len, struct ms_span secret, struct ms_span prefix,
			 struct ms_span label, struct ms_span context, uint8_t *out, size_t n);

#endif
