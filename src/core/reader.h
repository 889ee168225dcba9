/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor over octets: the reading half of every binary codec. Every read says whether it
 * succeeded and none returns a default. A failed read moves nothing.
 *
 * A nested block is read by taking its span and opening a reader of its own over it; the block must
 * then end exactly (ms_read_end()).
 */
#ifndef MS_CORE_READER_H
#define MS_CORE_READER_H

#include <stdint.h>

#include "core/attr.h"
#include "core/span.h"

struct ms_reader {
	const uint8_t *start; /* borrowed */
	const uint8_t *p;     /* next octet */
	const uint8_t *end;
};

struct ms_reader ms_reader_of(struct ms_span s);

/** Octets not yet read. */
static inline size_t ms_read_left(const struct ms_reader *r)
{
	return (size_t)(r->end - r->p);
}

/** Offset of the next octet from the start of the span. */
static inline size_t ms_read_offset(const struct ms_reader *r)
{
	return (size_t)(r->p - r->start);
}

/* All return 0, or -EBADMSG if fewer octets are left than wanted. Integers are big-endian. */
MS_MUST_CHECK int ms_read_u8(struct ms_reader *r, uint8_t *ret_v);
MS_MUST_CHECK int ms_read_u16(struct ms_reader *r, uint16_t *ret_v);
MS_MUST_CHECK int ms_read_u24(struct ms_reader *r, uint32_t *ret_v);
MS_MUST_CHECK int ms_read_u32(struct ms_reader *r, uint32_t *ret_v);
MS_MUST_CHECK int ms_read_u64(struct ms_reader *r, uint64_t *ret_v);

/** The next `n` octets, borrowed from what the reader was opened over. */
MS_MUST_CHECK int ms_read_span(struct ms_reader *r, size_t n, struct ms_span *ret_s);

/** A length of one (two) octets and that many octets. */
MS_MUST_CHECK int ms_read_lv8(struct ms_reader *r, struct ms_span *ret_s);
MS_MUST_CHECK int ms_read_lv16(struct ms_reader *r, struct ms_span *ret_s);

/** 0 if everything has been read, else -EBADMSG. */
MS_MUST_CHECK int ms_read_end(const struct ms_reader *r);

#endif
