/* SPDX-License-Identifier: Apache-2.0 */
/* X.509 certificates with RSA keys (RFC 5280), as far as MIKEY's public-key variants need them. */
#ifndef MS_CRYPTO_CERT_H
#define MS_CRYPTO_CERT_H

#include <stdbool.h>

#include "core/time.h"
#include "crypto/rsa.h"

/** Longest certificate, in octets of DER. */
#define MS_CERT_MAX 16384

/** A certificate. Owned by who made it. */
struct ms_cert;

/** From DER that ends exactly. Returns 0, -EINVAL (not a certificate, too long, or its key is none
 * that crypto/rsa.h takes), -ENOMEM. */
MS_MUST_CHECK int ms_cert_new(struct ms_span der, struct ms_cert **ret_cert);

/** NULL is fine. Returns NULL. */
struct ms_cert *ms_cert_free(struct ms_cert *cert);

/** For MS_CLEANUP. */
void ms_cert_freep(struct ms_cert **cert);

/** Borrowed from the certificate. */
const struct ms_rsa_key *ms_cert_key(const struct ms_cert *cert);

/** notBefore <= now <= notAfter */
bool ms_cert_valid_at(const struct ms_cert *cert, ms_usec now);

/** Does it allow digital signatures, key encipherment? A certificate without keyUsage allows all. */
bool ms_cert_may_sign(const struct ms_cert *cert);
bool ms_cert_may_encrypt(const struct ms_cert *cert);

#endif
