/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An intrusive hash map for the transaction layer: the link is a member of what is found, so that
 * putting and taking allocate nothing but the array of buckets, which doubles now and then.
 */
#ifndef MS_H248_IDMAP_H
#define MS_H248_IDMAP_H

#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"

struct ms_h248_idlink {
	struct ms_h248_idlink *next;
	uint64_t hash; /* the caller's; keyed where a peer chooses ids */
};

struct ms_h248_idmap {
	struct ms_h248_idlink **buckets; /* owned; a power of two of them */
	size_t n, count;
};

/** -ENOMEM. */
MS_MUST_CHECK int ms_h248_idmap_init(struct ms_h248_idmap *m);
void ms_h248_idmap_done(struct ms_h248_idmap *m);

/** Puts the link in, its hash set. */
void ms_h248_idmap_put(struct ms_h248_idmap *m, struct ms_h248_idlink *link);

void ms_h248_idmap_take(struct ms_h248_idmap *m, struct ms_h248_idlink *link);

/** The first link with this hash; go on with ->next and compare, hash first. */
static inline struct ms_h248_idlink *ms_h248_idmap_first(const struct ms_h248_idmap *m,
							 uint64_t hash)
{
	return m->buckets[hash & (m->n - 1)];
}

#endif
