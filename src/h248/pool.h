/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the transaction layer: blocks in sizes of powers of two, kept when given back, so that a
 * busy entity allocates nothing a message. What is kept has a maximum.
 */
#ifndef MS_H248_POOL_H
#define MS_H248_POOL_H

#include <stddef.h>

#include "core/attr.h"

#define MS_H248_POOL_SMALLEST 64u
#define MS_H248_POOL_CLASSES 11u /* 64 octets to 64 KiB; larger ones come from the heap */

struct ms_h248_pool {
	void *free[MS_H248_POOL_CLASSES]; /* chained through their first octets */
	size_t kept, max_kept;
};

void ms_h248_pool_init(struct ms_h248_pool *p, size_t max_kept);

/** Gives the kept blocks back to the heap; blocks handed out must have come back. */
void ms_h248_pool_done(struct ms_h248_pool *p);

/** `n` octets, not zeroed, or NULL. */
MS_MUST_CHECK void *ms_h248_pool_get(struct ms_h248_pool *p, size_t n);

/** Back; `n` as it was asked for. NULL is fine. */
void ms_h248_pool_put(struct ms_h248_pool *p, void *block, size_t n);

/** Octets a block of `n` really takes. */
size_t ms_h248_pool_size(size_t n);

#endif
