/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A timing wheel: many timers that are mostly stopped before they are due. Setting and stopping take
 * the same time however many there are; a timer is up to MS_H248_WHEEL_SLOT late.
 */
#ifndef MS_H248_WHEEL_H
#define MS_H248_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/list.h"
#include "core/time.h"

#define MS_H248_WHEEL_SLOT (10 * MS_MSEC)
#define MS_H248_WHEEL_SLOTS 512u /* a multiple of 64; what is further away goes round again */

/** Embedded in its owner; all-zero is "not set". */
struct ms_h248_timer {
	struct ms_list link;
	ms_usec at;
	uint16_t slot;
	bool set;
	uint8_t kind; /* the owner's */
};

struct ms_h248_wheel {
	struct ms_list slots[MS_H248_WHEEL_SLOTS];
	uint64_t busy[MS_H248_WHEEL_SLOTS / 64]; /* a bit a slot that is not empty */
	int64_t tick;                            /* slots up to this one have been run */
	size_t n;                                /* timers set */
};

void ms_h248_wheel_init(struct ms_h248_wheel *w, ms_usec now);

/** An empty wheel stands still: whoever sets timers says what time it is before. */
static inline void ms_h248_wheel_see(struct ms_h248_wheel *w, ms_usec now)
{
	if (w->n == 0)
		w->tick = now / MS_H248_WHEEL_SLOT;
}

/** Sets or moves a timer. */
void ms_h248_wheel_set(struct ms_h248_wheel *w, struct ms_h248_timer *t, ms_usec at);

/** Harmless if it is not set. */
void ms_h248_wheel_stop(struct ms_h248_wheel *w, struct ms_h248_timer *t);

/** Takes out one timer that is due at `now`, or NULL: call until NULL. */
struct ms_h248_timer *ms_h248_wheel_due(struct ms_h248_wheel *w, ms_usec now);

/** When ms_h248_wheel_due() should be asked again; MS_NEVER if no timer is set. */
ms_usec ms_h248_wheel_next(const struct ms_h248_wheel *w);

#endif
