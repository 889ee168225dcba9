/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and RSA for the public-key variants REQUEST_INIT_PK and RESOLVE_INIT_PK: RFC 6043
 * sections 4.2.1.3 and 4.2.3.3, RFC 3830 sections 3.2, 6.3 and 6.5. An envelope key, encrypted to
 * the KMS, takes the place of the pre-shared key; a signature that of the MAC.
 */
#ifndef MS_MIKEY_PK_H
#define MS_MIKEY_PK_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/secret.h"
#include "crypto/hmac.h"
#include "mikey/numbers.h"

/** Most certificates of one chain. */
#define MS_MIKEY_CHAIN_MAX 4

/** Largest RSA modulus, in octets: signature lengths have 12 bits. */
#define MS_MIKEY_RSA_MAX 1024

/** Our private key with its certificates. For a user also the KMS's certificate. Owned; secret. */
struct ms_mikey_credential;

/** DER throughout: `key` PKCS #8 or PKCS #1, chain[0] our own certificate. `kms_cert` is the
 * certificate envelope keys are encrypted to; empty at the KMS itself. -EINVAL, -ENOMEM. */
MS_MUST_CHECK int ms_mikey_credential_new(struct ms_span key, const struct ms_span *chain, size_t n,
					  struct ms_span kms_cert,
					  struct ms_mikey_credential **ret_c);

/** NULL is fine. Returns NULL. */
struct ms_mikey_credential *ms_mikey_credential_free(struct ms_mikey_credential *c);

size_t ms_mikey_credential_chain(const struct ms_mikey_credential *c,
				 const struct ms_span **ret_chain);

/** Octets that a signature or an encrypted envelope key with this certificate's key takes. */
MS_MUST_CHECK int ms_mikey_cert_size(struct ms_span cert, size_t *ret_n);

/** Octets of our own signatures. */
size_t ms_mikey_credential_size(const struct ms_mikey_credential *c);

/** E(PKkms, env_key): RSAES-PKCS1-v1_5 (RFC 3830 section 3.2). Appends. -EINVAL, -EIO, -ENOMEM. */
MS_MUST_CHECK int ms_mikey_pk_encrypt(const struct ms_mikey_credential *c, struct ms_span env_key,
				      struct ms_buf *b);

/**
 * The inverse, at the KMS. A ciphertext that does not decrypt gives a random key of 16 octets and 0,
 * so that nothing tells whether the padding was right (RFC 3218). -EINVAL (length), -EIO, -ENOMEM.
 */
MS_MUST_CHECK int ms_mikey_pk_decrypt(const struct ms_mikey_credential *c, struct ms_span data,
				      struct ms_secret *ret_key);

/** Signature over the parts: RSA PKCS #1 v1.5 with SHA-1 or SHA-256. Writes exactly
 * ms_mikey_credential_size() octets. */
MS_MUST_CHECK int ms_mikey_pk_sign(const struct ms_mikey_credential *c, unsigned s_type,
				   enum ms_hash_alg hash, const struct ms_span *parts, size_t n,
				   uint8_t *out);

/** 0, -EKEYREJECTED, -EINVAL (certificate, type), -ENOMEM. */
MS_MUST_CHECK int ms_mikey_pk_verify(struct ms_span cert, unsigned s_type, enum ms_hash_alg hash,
				     const struct ms_span *parts, size_t n, struct ms_span sig);

/** Hash of our KMS certificate, for CHASH. */
void ms_mikey_credential_kms_hash(const struct ms_mikey_credential *c, enum ms_hash_alg hash,
				  uint8_t digest[MS_HASH_MAX]);

#endif
