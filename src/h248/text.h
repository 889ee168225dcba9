/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text encoding of H.248 (RFC 3525 annex B, H.248.1 versions 1 to 3) to and from the tree of
 * message.h. Reading is one pass, total for any octets, without recursion deeper than the grammar
 * allows; it takes memory from the arena alone.
 */
#ifndef MS_H248_TEXT_H
#define MS_H248_TEXT_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/span.h"
#include "h248/codec.h"
#include "h248/message.h"

/** As codec.h describes it. Both read all of the text encoding; compact writes short tokens. */
extern const struct ms_h248_codec ms_h248_codec_compact;
extern const struct ms_h248_codec ms_h248_codec_pretty;

/**
 * Reads one message. The tree is in the arena, its spans point into `octets` (or into the arena,
 * where escapes were undone): both must stay. Tokens may be long, short or mixed, in any case; what
 * a later version of H.248 added is read whatever version the header states; the header's version
 * is only reported (1 to 99).
 *
 * Returns 0, -EBADMSG (*ret_refused says what and where; ret_refused may be NULL) or -ENOMEM (the
 * arena is full: fault.code is 500 then). Never resets the arena.
 */
MS_MUST_CHECK int ms_h248_text_decode(struct ms_span octets, struct ms_h248_arena *arena,
				      struct ms_h248_refused *ret_refused,
				      const struct ms_h248_message **ret_message);

/** Styles of writing, to be combined. 0: short tokens, no white space that is not needed. */
enum {
	MS_H248_TEXT_LONG = 1,   /* long tokens */
	MS_H248_TEXT_INDENT = 2, /* line breaks, tabs and blanks for readers */
	MS_H248_TEXT_PRETTY = MS_H248_TEXT_LONG | MS_H248_TEXT_INDENT,
};

/**
 * Appends the message to `b`. Names are written as text: a name that only has its number must have
 * been bound before (package.h). A value that is text but could not be read back as such (it has
 * other characters than VALUE's) is written between quotes.
 *
 * Returns 0, -EINVAL (something in the tree has no text form: a name without text, a quote within
 * a quoted string, ...; what was appended is taken back) or what the buffer says.
 */
MS_MUST_CHECK int ms_h248_text_encode(const struct ms_h248_message *m, unsigned style,
				      struct ms_buf *b);

#endif
