/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA keys: signatures (RFC 8017 sections 8.1 and 8.2) and the encryption of short keys (section
 * 7.2), as the public-key variants of MIKEY use them (RFC 3830 sections 3.2, 6.3, 6.5).
 */
#ifndef MS_CRYPTO_RSA_H
#define MS_CRYPTO_RSA_H

#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/random.h"
#include "core/secret.h"
#include "core/span.h"
#include "crypto/hmac.h"

/** Sizes of a modulus that are taken, in bits: weaker ones protect nothing, and larger ones let a
 * peer choose how long we compute. */
#define MS_RSA_BITS_MIN 2048
#define MS_RSA_BITS_MAX 8192

/** Octets of the largest signature or ciphertext. */
#define MS_RSA_MAX (MS_RSA_BITS_MAX / 8)

/** A private or public key. Owned by who made it. */
struct ms_rsa_key;

enum ms_rsa_padding {
	MS_RSA_PKCS1, /* RSASSA-PKCS1-v1_5 */
	MS_RSA_PSS,   /* RSASSA-PSS; MGF1 with the same hash, a salt as long as the hash */
};

/** Private key from DER: PKCS #8 without a password, or PKCS #1. Returns 0, -EINVAL (not DER, not
 * RSA, size not taken), -ENOMEM. */
MS_MUST_CHECK int ms_rsa_private_new(struct ms_span der, struct ms_rsa_key **ret_key);

/** Public key from DER: SubjectPublicKeyInfo. Errors as above. */
MS_MUST_CHECK int ms_rsa_public_new(struct ms_span der, struct ms_rsa_key **ret_key);

/** NULL is fine. Returns NULL. */
struct ms_rsa_key *ms_rsa_free(struct ms_rsa_key *key);

/** Octets of the modulus, and so of each signature and ciphertext. */
size_t ms_rsa_size(const struct ms_rsa_key *key);

/** Signs the parts, one after the other: ms_rsa_size() octets go to `sig`. Returns 0, -ENOMEM, -EIO
 * (not a private key, or libcrypto failed). */
MS_MUST_CHECK int ms_rsa_sign(const struct ms_rsa_key *key, enum ms_rsa_padding padding,
			      enum ms_hash_alg hash, const struct ms_span *parts, size_t n,
			      uint8_t *sig);

/** Returns 0, -EBADMSG (wrong signature), -ENOMEM. */
MS_MUST_CHECK int ms_rsa_verify(const struct ms_rsa_key *key, enum ms_rsa_padding padding,
				enum ms_hash_alg hash, const struct ms_span *parts, size_t n,
				struct ms_span sig);

/** RSAES-PKCS1-v1_5 of a key of 16, 24 or 32 octets: ms_rsa_size() octets go to `out`. Returns 0,
 * -EINVAL (length), -ENOMEM, -EIO. */
MS_MUST_CHECK int ms_rsa_encrypt(const struct ms_rsa_key *key, struct ms_span plain, uint8_t *out);

/**
 * The inverse. What does not decrypt to a key of 16, 24 or 32 octets gives a key of 16 octets from
 * `random`, in the same time: a wrong padding shows only in what that key is good for, so that
 * nobody can ask us about ciphertexts (RFC 3218 section 2.3.2). Returns 0, -EINVAL (length of the
 * ciphertext), -ENOMEM, -EIO.
 */
MS_MUST_CHECK int ms_rsa_decrypt(const struct ms_rsa_key *key, const struct ms_random *random,
				 struct ms_span cipher, struct ms_secret *ret_plain);

#endif
