/* SPDX-License-Identifier: Apache-2.0 */
/* Which octets of a message have come: a sorted set of half-open ranges with a maximum. */
#ifndef MS_MSRP_RANGE_SET_H
#define MS_MSRP_RANGE_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"

struct ms_msrp_span64 {
	uint64_t from, to; /* to is not included */
};

struct ms_msrp_range_set {
	struct ms_msrp_span64 first; /* most messages need no more than this one */
	struct ms_msrp_span64 *more; /* owned, sorted, behind first */
	unsigned n;                  /* ranges in all */
	unsigned max;
};

/** At most `max` (> 0) separate ranges. Allocates nothing yet. */
void ms_msrp_range_set_init(struct ms_msrp_range_set *s, unsigned max);
void ms_msrp_range_set_done(struct ms_msrp_range_set *s);

/** Adds from..to. -ENOSPC if there would be too many ranges, -ENOMEM; then nothing changes. */
MS_MUST_CHECK int ms_msrp_range_set_add(struct ms_msrp_range_set *s, uint64_t from, uint64_t to);

/** True if the set is exactly 0..total (or empty, for total 0). */
bool ms_msrp_range_set_is_whole(const struct ms_msrp_range_set *s, uint64_t total);

/** Where the gap-less beginning ends: 0 if octet 0 is missing. */
uint64_t ms_msrp_range_set_prefix(const struct ms_msrp_range_set *s);

/** The end of the last range; 0 if empty. */
uint64_t ms_msrp_range_set_end(const struct ms_msrp_range_set *s);

/** How many octets are in the set. */
uint64_t ms_msrp_range_set_size(const struct ms_msrp_range_set *s);

#endif
