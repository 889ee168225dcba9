/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of transaction identifiers as runs (RFC 3525 D.1.2.2: "confirmed transaction-id ranges"). Peers
 * count upwards, so that a million of them are a run or two; the number of runs has a maximum.
 */
#ifndef MS_H248_IDSET_H
#define MS_H248_IDSET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"

struct ms_h248_run {
	uint32_t first, last;
};

struct ms_h248_idset {
	struct ms_h248_run *runs; /* owned, ascending, not touching each other */
	uint32_t n, cap, max;
};

/** Takes no memory before the first id. */
void ms_h248_idset_init(struct ms_h248_idset *s, uint32_t max_runs);
void ms_h248_idset_done(struct ms_h248_idset *s);

/** Empties, keeps the memory. */
void ms_h248_idset_clear(struct ms_h248_idset *s);

/** 0 (also if it is in already), -ENOSPC (too many runs) or -ENOMEM. */
MS_MUST_CHECK int ms_h248_idset_put(struct ms_h248_idset *s, uint32_t id);

bool ms_h248_idset_has(const struct ms_h248_idset *s, uint32_t id);

#endif
