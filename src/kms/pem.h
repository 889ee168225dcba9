/* SPDX-License-Identifier: Apache-2.0 */
/* Two forms that operators hand in: certificates and keys as PEM, and ids that may be no text. */
#ifndef MS_KMS_PEM_H
#define MS_KMS_PEM_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"
#include "core/time.h"

/**
 * The first PEM block of a text, or DER as it is. *ret_der is owned (OPENSSL_free()). With
 * ret_expires (may be NULL) it must be a certificate, and its notAfter is given. -EINVAL, -ENOMEM.
 */
MS_MUST_CHECK int ms_kms_pem_decode(struct ms_span text, uint8_t **ret_der, size_t *ret_len,
				    ms_usec *ret_expires);

/** The octets of an id given as text, or as "hex:" and digits; appends. -EINVAL, -EMSGSIZE. */
MS_MUST_CHECK int ms_kms_id_parse(struct ms_span text, struct ms_buf *out);

/** The inverse: as text if all octets are printable, else "hex:..."; errors stick in `out`. */
void ms_kms_id_print(struct ms_span id, struct ms_buf *out);

#endif
