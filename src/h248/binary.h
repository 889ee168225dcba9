/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binary encoding of H.248: BER (RFC 3525 annex A, with what H.248.1 versions 2 and 3 added) onto
 * the tree of message.h.
 *
 * Definite and indefinite lengths are read, and strings in one piece or several. Depth is bounded by
 * the grammar, memory by the arena. Values of properties, parameters and statistics stay encodings
 * (MS_H248_BER) and names stay numbers: ms_h248_bind() gives both their text, and makes a tree that
 * was written by hand ready to be encoded. Local and Remote are text on both sides: the properties
 * of annex C.11 become SDP lines and the other way round.
 *
 * What differs from text: the name of a digit map is two octets; a termination is known by `octets`
 * and `wildcard`, its kind only where all of it is ROOT, CHOOSE or ALL (binding gives the name).
 */
#ifndef MS_H248_BINARY_H
#define MS_H248_BINARY_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "h248/codec.h"
#include "h248/message.h"

/** Largest message read, octets. */
#define MS_H248_BINARY_MAX 65536

/** As codec.h describes it. */
extern const struct ms_h248_codec ms_h248_codec_binary;

/**
 * Reads one message, all of `octets`. Tree and spans are borrowed from both; never resets the arena.
 * 0, -EBADMSG (*ret_refused says what, where and in which transaction; it may be NULL), -ENOMEM (the
 * arena is full: fault.code is 500 then).
 */
MS_MUST_CHECK int ms_h248_binary_decode(struct ms_span octets, struct ms_h248_arena *arena,
					struct ms_h248_refused *ret_refused,
					const struct ms_h248_message **ret_message);

/**
 * Appends a message. What is new in a later version than m->version is not written to a peer that
 * would not know it: -EINVAL. Also -EINVAL: a name without a number, a value that is no encoding, a
 * termination without octets. On error what was appended is taken back.
 */
MS_MUST_CHECK int ms_h248_binary_encode(const struct ms_h248_message *m, struct ms_buf *b);

/** The same with indefinite lengths in the `levels` outer levels. For tests of receivers. */
MS_MUST_CHECK int ms_h248_binary_encode_indefinite(const struct ms_h248_message *m, unsigned levels,
						   struct ms_buf *b);

#endif
