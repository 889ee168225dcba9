/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates as operators hand them in: PEM (RFC 7468), or DER as it is. */
#ifndef MS_CRYPTO_PEM_H
#define MS_CRYPTO_PEM_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"

/**
 * Appends the DER of the first PEM block of a text; what begins like DER is appended as it is. With a
 * secret buffer nothing is left elsewhere. -EINVAL (neither, or an encrypted block), -ENOMEM, -EMSGSIZE.
 */
MS_MUST_CHECK int ms_pem_decode(struct ms_span text, struct ms_buf *out);

#endif
