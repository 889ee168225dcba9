/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random octets as a thing that is passed in, so that a test can choose them.
 */
#ifndef MS_CORE_RANDOM_H
#define MS_CORE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"

struct ms_random {
	/** Fills `n` octets. Returns 0 or negative errno. */
	int (*fill)(void *arg, void *p, size_t n);
	void *arg; /* borrowed */
};

/** The kernel's generator (getrandom), with a small buffer in front; not for several threads. */
extern const struct ms_random ms_random_system;

/** Fills `n` octets from `r`. Returns 0 or negative errno; on error the octets are zeroed. */
MS_MUST_CHECK int ms_random_fill(const struct ms_random *r, void *p, size_t n);

MS_MUST_CHECK int ms_random_u32(const struct ms_random *r, uint32_t *ret_v);

#endif
