/* SPDX-License-Identifier: Apache-2.0 */
/* Error messages, what the engines share. Inside of src/mikey only. */
#ifndef MS_MIKEY_ERROR_PRIV_H
#define MS_MIKEY_ERROR_PRIV_H

#include "mikey/error.h"
#include "mikey/guard.h"
#include "mikey/reason.h"

/** The header fields that an Error message about `in` repeats, even if it does not decode. False if
 * there is nothing to answer: not MIKEY version 1, or an Error message itself. */
bool ms_mikey_error_about(struct ms_span in, struct ms_mikey_hdr *ret_hdr);

/** Error numbers of a decoded message. */
MS_MUST_CHECK int ms_mikey_error_collect(const struct ms_mikey_message *m,
					 struct ms_mikey_error *ret_e, struct ms_fault *fault);

/** An Error message came in place of an answer: -EREMOTEIO with one of the two reasons. */
MS_MUST_CHECK int ms_mikey_error_taken(const struct ms_mikey_guard *g,
				       const struct ms_mikey_message *m,
				       enum ms_mikey_reason proven, enum ms_mikey_reason hint,
				       struct ms_fault *fault);

#endif
