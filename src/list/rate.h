/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much a sender may cause: a bucket for each, which fills evenly. A message takes as many as it
 * has recipients. Time comes in from outside.
 */
#ifndef MS_LISTS_RATE_H
#define MS_LISTS_RATE_H

#include "core/attr.h"
#include "core/span.h"
#include "core/time.h"

struct ms_lists_rate; /* owned */

/** Remembers at most `max` (> 0) senders; the one not seen for longest is forgotten. -ENOMEM. */
MS_MUST_CHECK int ms_lists_rate_new(size_t max, struct ms_lists_rate **ret_r);

/** NULL is fine. Returns NULL. */
struct ms_lists_rate *ms_lists_rate_free(struct ms_lists_rate *r);

/** `per_minute` 0: no limit; `burst` 0: as many as a minute's. */
void ms_lists_rate_set(struct ms_lists_rate *r, uint64_t per_minute, uint64_t burst);

/** May more come at once than this? Then nothing takes it, ever. */
bool ms_lists_rate_fits(const struct ms_lists_rate *r, uint64_t n);

/**
 * Takes `n` from the sender's bucket. 0: allowed; else microseconds until it would be. Without
 * memory for a new sender: a second.
 */
MS_MUST_CHECK ms_usec ms_lists_rate_take(struct ms_lists_rate *r, struct ms_span sender, uint64_t n,
					 ms_usec now);

#endif
