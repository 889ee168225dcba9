/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap memory. The tree allocates only through these, so that a test can make the Nth allocation
 * fail and see what happens.
 */
#ifndef MS_CORE_ALLOC_H
#define MS_CORE_ALLOC_H

#include <stddef.h>

#include "core/attr.h"
#include "core/span.h"

/** `size` octets of zeroes, or NULL. size 0 gives a pointer that may be freed. */
MS_MUST_CHECK void *ms_zalloc(size_t size);

/** `n` elements of `size` octets, zeroed; NULL if memory is short or n * size overflows. */
MS_MUST_CHECK void *ms_calloc(size_t n, size_t size);

/** Like realloc(3): on NULL the old block is still there. */
MS_MUST_CHECK void *ms_realloc(void *p, size_t size);

/** A NUL-terminated copy of a span or string, owned by the caller; NULL if memory is short. */
MS_MUST_CHECK char *ms_strdup_span(struct ms_span s);
MS_MUST_CHECK char *ms_strdup(const char *s);

/** Frees; NULL is fine. Returns NULL, so that `x = ms_free(x)` clears the pointer. */
void *ms_free(void *p);

/** For MS_CLEANUP on a pointer variable: `MS_CLEANUP(ms_freep) char *s = NULL;` */
void ms_freep(void *pp);

/**
 * Tests only: the allocation after `n` more successful ones fails, and all after it; n < 0 switches
 * this off. Returns how many allocations were made since the last call.
 */
size_t ms_alloc_fail_after(long n);

#endif
