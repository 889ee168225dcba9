/* SPDX-License-Identifier: Apache-2.0 */
/* What rsa.c and cert.c share. */
#ifndef MS_CRYPTO_RSA_PRIV_H
#define MS_CRYPTO_RSA_PRIV_H

#include <openssl/evp.h>

#include "crypto/rsa.h"

struct ms_rsa_key {
	EVP_PKEY *pkey; /* owned */
};

/** Takes over `pkey` (which may be NULL: -EINVAL), also on error. */
MS_MUST_CHECK int ms_rsa_adopt(EVP_PKEY *pkey, struct ms_rsa_key **ret_key);

#endif
