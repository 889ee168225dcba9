/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a message's tree lives: memory handed out in order and given back all at once. One received
 * message is one buffer and one arena; nothing in the tree is freed alone. An arena keeps its blocks
 * when it is reset, so that a running system allocates nothing a message. What is free is zero: a reset
 * clears in one go what was used, which costs less than to clear node by node.
 */
#ifndef MS_H248_ARENA_H
#define MS_H248_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "core/span.h"

struct ms_h248_block; /* inside */

struct ms_h248_arena {
	uint8_t *p;   /* next free octet */
	uint8_t *end; /* of the current block */
	struct ms_h248_block *blocks;
	struct ms_h248_block *current;
	size_t used; /* octets in blocks */
	size_t max;  /* most octets in blocks: a peer can use no more */
};

/** `max`: most octets the arena may take, 0: 1 MiB. Takes no memory before its first use. */
void ms_h248_arena_init(struct ms_h248_arena *a, size_t max);

/** Forgets all that was handed out and keeps the blocks. */
void ms_h248_arena_reset(struct ms_h248_arena *a);

/** Gives all memory back. */
void ms_h248_arena_done(struct ms_h248_arena *a);

/** The slow path of ms_h248_arena_get(): a new block. NULL: no memory, or over the maximum. `n` is a multiple of 16. */
void *ms_h248_arena_grow(struct ms_h248_arena *a, size_t n);

/** `n` octets, zeroed, aligned for any type, valid until the reset. NULL: none left. */
static inline void *ms_h248_arena_get(struct ms_h248_arena *a, size_t n)
{
	uint8_t *ret = a->p;
	n = (n + 15) & ~(size_t)15;
	if (n > (size_t)(a->end - ret))
		return ms_h248_arena_grow(a, n);
	a->p = ret + n;
	return ret;
}

/** A copy of the octets; a span with NULL and 0 when there is no memory (or nothing to copy). */
struct ms_span ms_h248_arena_copy(struct ms_h248_arena *a, struct ms_span s);

#endif
