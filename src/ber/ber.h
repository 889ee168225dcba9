/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BER and DER (X.690) as a cursor over octets, and a DER writer. Definite and indefinite lengths are
 * read; nesting and size are bounded by the cursor itself.
 */
#ifndef MS_BER_BER_H
#define MS_BER_BER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/reader.h"
#include "core/span.h"

/** Identifier octets as one number: class and constructed bit as in the first octet, tag below 31. */
enum {
	MS_BER_BOOLEAN = 0x01,
	MS_BER_INTEGER = 0x02,
	MS_BER_OCTET_STRING = 0x04,
	MS_BER_NULL = 0x05,
	MS_BER_OID = 0x06,
	MS_BER_GENERALIZED_TIME = 0x18,
	MS_BER_SEQUENCE = 0x30,
	MS_BER_SET = 0x31,
};
#define MS_BER_CONSTRUCTED 0x20u
#define MS_BER_CONTEXT(n) (0x80u | (unsigned)(n))             /* [n] IMPLICIT, primitive */
#define MS_BER_CONTEXT_CONSTRUCTED(n) (0xa0u | (unsigned)(n)) /* [n], constructed */

/** Nesting allowed by ms_ber_of(). */
#define MS_BER_DEPTH 16

/** A cursor over the elements of one level. */
struct ms_ber {
	struct ms_reader r;
	unsigned depth; /* levels that may still be entered */
};

/** One element; spans borrowed from the input. */
struct ms_ber_tlv {
	uint8_t id;           /* identifier octet; tags of 31 and more are refused */
	struct ms_span value; /* content octets, without the end-of-contents octets */
	struct ms_span whole; /* identifier, length, content and end-of-contents */
	unsigned depth;       /* levels left below it */
};

/** A cursor over encoded elements. */
struct ms_ber ms_ber_of(struct ms_span s);

/** The next element, any tag. -EBADMSG if it is malformed, cut short or too deep; nothing moves. */
MS_MUST_CHECK int ms_ber_next(struct ms_ber *c, struct ms_ber_tlv *ret_e);

/** The next element, which must have identifier `id`. */
MS_MUST_CHECK int ms_ber_expect(struct ms_ber *c, unsigned id, struct ms_ber_tlv *ret_e);

/** Identifier octet of the next element without reading it; 0 at the end. */
unsigned ms_ber_peek(const struct ms_ber *c);

/** ms_ber_expect() of a constructed element, and a cursor over what is inside. */
MS_MUST_CHECK int ms_ber_enter(struct ms_ber *c, unsigned id, struct ms_ber *ret_inside);

/** A cursor over the inside of an element. -EBADMSG if it is primitive or too deep. */
MS_MUST_CHECK int ms_ber_inside(const struct ms_ber_tlv *e, struct ms_ber *ret_inside);

/** 0 if nothing is left, else -EBADMSG. */
MS_MUST_CHECK int ms_ber_end(const struct ms_ber *c);

/** A non-negative INTEGER of at most 31 bits, minimal encoding. */
MS_MUST_CHECK int ms_ber_uint(struct ms_ber *c, uint32_t *ret_v);

/** An OBJECT IDENTIFIER's content octets, checked for well-formedness. */
MS_MUST_CHECK int ms_ber_oid(struct ms_ber *c, struct ms_span *ret_oid);

/**
 * An OCTET STRING under identifier `id` (its primitive form; the constructed one is accepted too).
 * In one piece it is borrowed from the input; in several they are joined in *join, which the result
 * then borrows. -EBADMSG, or what the buffer says; *join may then hold a part.
 */
MS_MUST_CHECK int ms_ber_octets(struct ms_ber *c, unsigned id, struct ms_buf *join,
				struct ms_span *ret_s);

/** Octets an identifier and a length of `len` take in DER. */
size_t ms_der_header_size(size_t len);

/** Octets a whole element with `len` octets of content takes. */
static inline size_t ms_der_size(size_t len)
{
	return ms_der_header_size(len) + len;
}

/** Appends identifier and length. */
void ms_der_put_header(struct ms_buf *b, unsigned id, size_t len);

/** Appends a whole element. */
void ms_der_put(struct ms_buf *b, unsigned id, struct ms_span value);

/** Appends an INTEGER. */
void ms_der_put_uint(struct ms_buf *b, uint32_t v);

/** Opens a constructed element of unknown size; returns a mark for ms_der_close(). For small things:
 * closing may move the content. */
MS_MUST_CHECK size_t ms_der_open(struct ms_buf *b, unsigned id);
void ms_der_close(struct ms_buf *b, size_t mark);

/**
 * Appends the DER SET OF (identifier `id`) of the elements inside `content`: each element's encoding
 * is made DER as far as lengths and constructed strings go, then sorted (X.690 section 11.6).
 * -EBADMSG, -E2BIG (more than 64 elements), or what the buffer says.
 */
MS_MUST_CHECK int ms_der_put_set_of(struct ms_buf *b, unsigned id, const struct ms_ber *content);

#endif
