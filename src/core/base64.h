/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4648 section 4, standard alphabet with padding. */
#ifndef MS_CORE_BASE64_H
#define MS_CORE_BASE64_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"

/** Appends the encoding with padding and without line breaks. */
void ms_base64_encode(struct ms_buf *b, struct ms_span s);

/** Appends the encoding broken by CRLF after every 76 characters, and at its end (RFC 2045 6.8). */
void ms_base64_encode_mime(struct ms_buf *b, struct ms_span s);

/**
 * Appends the decoded octets. Strict: padding is required and must be right, unused bits must be
 * zero, nothing else may be there. With `skip_blanks`, spaces, tabs, CR and LF are passed over.
 * Returns 0, -EINVAL, or what the buffer says; on error nothing is appended.
 */
MS_MUST_CHECK int ms_base64_decode(struct ms_buf *b, struct ms_span text, bool skip_blanks);

#endif
