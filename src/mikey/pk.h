/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials for the public-key variants REQUEST_INIT_PK and RESOLVE_INIT_PK: RFC 6043 sections
 * 4.2.1.3 and 4.2.3.3. An envelope key, encrypted to the KMS, takes the place of the pre-shared key,
 * and a signature that of the MAC.
 */
#ifndef MS_MIKEY_PK_H
#define MS_MIKEY_PK_H

#include "core/attr.h"
#include "core/span.h"

/** Most certificates of one chain. */
#define MS_MIKEY_CHAIN_MAX 4

/** A private key with its certificates, and for a user that of the KMS. Owned; secret. */
struct ms_mikey_credential;

/**
 * Everything is DER and copied: `key` PKCS #8 or PKCS #1, chain[0] the certificate of that key, each
 * further one certifying the one before it. `kms_cert` is the certificate that envelope keys are
 * encrypted to; empty at the KMS. Returns 0, -EINVAL (not DER, not RSA, too many, the key is not the
 * certificate's), -ENOMEM.
 */
MS_MUST_CHECK int ms_mikey_credential_new(struct ms_span key, const struct ms_span *chain, size_t n,
					  struct ms_span kms_cert,
					  struct ms_mikey_credential **ret_c);

/** NULL is fine. Returns NULL. */
struct ms_mikey_credential *ms_mikey_credential_free(struct ms_mikey_credential *c);
void ms_mikey_credential_freep(struct ms_mikey_credential **c);

#endif
