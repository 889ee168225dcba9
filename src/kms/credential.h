/* SPDX-License-Identifier: Apache-2.0 */
/* Our certificate and private key for the public-key variants, from PEM files. */
#ifndef MS_KMS_CREDENTIAL_H
#define MS_KMS_CREDENTIAL_H

#include "kms/config.h"
#include "mikey/pk.h"

/** Reads what the configuration names; *ret_c is NULL if it names none. Logs what is wrong. */
MS_MUST_CHECK int ms_kms_credential_load(const struct ms_kms_config *c,
					 struct ms_mikey_credential **ret_c);

#endif
