/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MS_MIME_MIME_PRIV_H
#define MS_MIME_MIME_PRIV_H

#include "core/span.h"
#include "mime/entity.h"

/** RFC 2045 section 5.1: a visible ASCII character that is no tspecial. */
bool ms_mime_is_token_char(uint8_t c);

/** All of it token characters, and at least one. */
bool ms_mime_is_token(struct ms_span s);

/** Has it an octet below 0x20 (but tab) or 0x7f? */
bool ms_mime_has_control(struct ms_span s);

/** Well-formed UTF-8 (RFC 3629). */
bool ms_mime_is_utf8(struct ms_span s);

/** Takes one line off *rest, without its CRLF or LF. The last one need not be ended. */
struct ms_span ms_mime_line(struct ms_span *rest);

/** As ms_mime_read() with a depth, for parts of multiparts. */
MS_MUST_CHECK int ms_mime_read_at(struct ms_span text, const struct ms_mime_limits *l, size_t depth,
				  struct ms_mime_entity *ret_e, struct ms_fault *f);

/** `l` with zeroes (or NULL) replaced by the defaults. */
struct ms_mime_limits ms_mime_limits_of(const struct ms_mime_limits *l);

/** Appends the text of a quoted-printable body (RFC 2045 section 6.7). -EBADMSG or as the buffer. */
MS_MUST_CHECK int ms_mime_decode_qp(struct ms_span body, struct ms_buf *b);

#endif
