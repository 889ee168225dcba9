/* SPDX-License-Identifier: Apache-2.0 */
/* Getting libcrypto ready before a sandbox closes. */
#ifndef MS_CRYPTO_PREPARE_H
#define MS_CRYPTO_PREPARE_H

#include "core/attr.h"

/**
 * Uses each algorithm of this module once, with a known answer: libcrypto then has read its
 * configuration, loaded its providers and seeded its generator, and a machine on which one of them is
 * missing or wrong is found out at start. Returns 0, or -EIO.
 */
MS_MUST_CHECK int ms_crypto_prepare(void);

#endif
