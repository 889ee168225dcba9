/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table from octets to pointers. Hashing is keyed (SipHash-2-4), so a peer cannot choose keys
 * that collide. The number of entries has a maximum.
 */
#ifndef MS_CORE_HASH_H
#define MS_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/span.h"

struct ms_hash;

/** SipHash-2-4 of `s` under a 128-bit key. */
uint64_t ms_siphash(const uint8_t key[static 16], struct ms_span s);

/** A table of at most `max` entries; `key` is 16 random octets. -ENOMEM. Owned by the caller. */
MS_MUST_CHECK int ms_hash_new(size_t max, const uint8_t key[static 16], struct ms_hash **ret_h);

/** Frees the table and its copies of the keys, not the values. NULL is fine. Returns NULL. */
struct ms_hash *ms_hash_free(struct ms_hash *h);

/** Puts `value` under a copy of `key`. -EEXIST, -ENOSPC (maximum reached) or -ENOMEM. */
MS_MUST_CHECK int ms_hash_put(struct ms_hash *h, struct ms_span key, void *value);

/** The value, borrowed, or NULL. */
void *ms_hash_get(const struct ms_hash *h, struct ms_span key);

/** Takes the entry out and returns its value, or NULL. */
void *ms_hash_take(struct ms_hash *h, struct ms_span key);

size_t ms_hash_count(const struct ms_hash *h);

/**
 * Calls f for each entry until it returns non-zero, which is then returned; else 0. f must not put
 * or take.
 */
int ms_hash_each(const struct ms_hash *h, int (*f)(struct ms_span key, void *value, void *arg),
		 void *arg);

#endif
