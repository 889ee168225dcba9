/* SPDX-License-Identifier: Apache-2.0 */
/* The public-key variants, what the engines need of them. Inside of src/mikey only. */
#ifndef MS_MIKEY_PK_PRIV_H
#define MS_MIKEY_PK_PRIV_H

#include "mikey/mac.h"
#include "mikey/party.h"
#include "mikey/pk.h"
#include "mikey/writer.h"

/** As ms_mikey_cover_init() for a message that ends with SIGN. */
void ms_mikey_pk_cover(struct ms_mikey_cover *c, const struct ms_mikey_message *m,
		       struct ms_span id1, struct ms_span id2);

/** Ends an INIT message that starts at `start` in the writer's buffer: {CERT} CHASH PKE SIGN, with a
 * fresh envelope key. */
MS_MUST_CHECK int ms_mikey_pk_finish(const struct ms_mikey_party *me,
				     const struct ms_mikey_suite *suite, struct ms_mikey_writer *w,
				     size_t start, struct ms_secret *ret_envelope);

/** At the KMS: verifies the signature with `cert` (DER), then decrypts the envelope key. */
MS_MUST_CHECK int ms_mikey_pk_check(const struct ms_mikey_credential *c,
				    const struct ms_random *random,
				    const struct ms_mikey_message *m, struct ms_span cert,
				    const struct ms_mikey_cover *cover,
				    struct ms_secret *ret_envelope, struct ms_fault *fault);

#endif
