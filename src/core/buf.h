/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing buffer with a maximum stated at its creation, and the writing half of every codec.
 *
 * Errors stick: after the first one further writes do nothing, so a run of writes is checked once,
 * by ms_buf_status(), and the exact first error is kept.
 */
#ifndef MS_CORE_BUF_H
#define MS_CORE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/span.h"

struct ms_buf {
	uint8_t *p;  /* owned unless `fixed` */
	size_t len;  /* octets written */
	size_t cap;  /* octets allocated */
	size_t max;  /* never more octets than this */
	int err;     /* first error, negative errno; 0 if all is well */
	bool secret; /* wipe before freeing or moving */
	bool fixed;  /* p is the caller's array and does not grow */
};

/** An empty buffer that grows up to `max` octets (then -EMSGSIZE). Allocates nothing yet. */
void ms_buf_init(struct ms_buf *b, size_t max);

/** As ms_buf_init(), for secrets: old and freed memory is wiped. */
void ms_buf_init_secret(struct ms_buf *b, size_t max);

/** A buffer over the caller's array of `size` octets, borrowed; it never allocates. */
void ms_buf_init_fixed(struct ms_buf *b, void *array, size_t size);

/** Frees (and wipes, if secret). The buffer may be used again after ms_buf_init(). For MS_CLEANUP. */
void ms_buf_done(struct ms_buf *b);

/** Empties; keeps memory and maximum, clears the sticky error. */
void ms_buf_reset(struct ms_buf *b);

/** 0 or the first error of the writes so far (-ENOMEM, -EMSGSIZE, or what ms_buf_fail() set). */
MS_MUST_CHECK int ms_buf_status(const struct ms_buf *b);

/** Sets the sticky error unless one is there already. */
void ms_buf_fail(struct ms_buf *b, int err);

/** What has been written, borrowed until the next write. */
static inline struct ms_span ms_buf_span(const struct ms_buf *b)
{
	return ms_span_of(b->p, b->len);
}

void ms_buf_put(struct ms_buf *b, const void *p, size_t n);
void ms_buf_put_span(struct ms_buf *b, struct ms_span s);
void ms_buf_put_str(struct ms_buf *b, const char *s);
void ms_buf_put_zero(struct ms_buf *b, size_t n);
void ms_buf_put_u8(struct ms_buf *b, unsigned v);
void ms_buf_put_u16(struct ms_buf *b, unsigned v);
void ms_buf_put_u24(struct ms_buf *b, uint32_t v);
void ms_buf_put_u32(struct ms_buf *b, uint32_t v);
void ms_buf_put_u64(struct ms_buf *b, uint64_t v);

/** Decimal digits, without leading zeroes. */
void ms_buf_put_decimal(struct ms_buf *b, uint64_t v);

/** One length octet and the span; -EMSGSIZE if it is longer than 255. */
void ms_buf_put_lv8(struct ms_buf *b, struct ms_span s);

/** Two length octets and the span; -EMSGSIZE if it is longer than 65535. */
void ms_buf_put_lv16(struct ms_buf *b, struct ms_span s);

void ms_buf_printf(struct ms_buf *b, const char *fmt, ...) MS_PRINTF(2, 3);
void ms_buf_vprintf(struct ms_buf *b, const char *fmt, va_list ap) MS_PRINTF(2, 0);

/**
 * Text from a peer, made safe for one log line: control and non-ASCII octets and quotes become
 * \xHH, cut with "..." after `max` octets of input.
 */
void ms_buf_put_quoted(struct ms_buf *b, struct ms_span s, size_t max);

/** `n` octets of room, counted as written, for the caller to fill; NULL on error. Borrowed. */
MS_MUST_CHECK uint8_t *ms_buf_extend(struct ms_buf *b, size_t n);

/** Drops the first `n` octets (all if there are fewer); the rest moves to the front. */
void ms_buf_consume(struct ms_buf *b, size_t n);

/** Cuts to `len` octets if it is longer. */
void ms_buf_truncate(struct ms_buf *b, size_t len);

/** Opens a block with a length of 2 octets in front; returns a mark for ms_buf_close_u16(). */
MS_MUST_CHECK size_t ms_buf_open_u16(struct ms_buf *b);

/** Closes the block: patches its length in; -EMSGSIZE sticks if it is over 65535. */
void ms_buf_close_u16(struct ms_buf *b, size_t mark);

/** NUL-terminates without counting the NUL and returns the text, borrowed; "" on error. */
const char *ms_buf_cstr(struct ms_buf *b);

/**
 * Hands the memory over: *ret_p is owned by the caller (ms_free()), *ret_len its length. The buffer
 * is empty afterwards. Returns 0 or the sticky error. Not for fixed buffers (-EINVAL).
 */
MS_MUST_CHECK int ms_buf_steal(struct ms_buf *b, uint8_t **ret_p, size_t *ret_len);

#endif
