/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the loop, shared by its files. */
#ifndef MS_LOOP_LOOP_PRIV_H
#define MS_LOOP_LOOP_PRIV_H

#include "loop/loop.h"

/** Most events taken from the kernel in one round. */
#define MS_LOOP_BATCH 128

/** The descriptor that is readable when the loop has something to do. */
int ms_loop_fd(void);

/**
 * One round: waits at most until the next timer (not at all if `wait` is false), calls handlers,
 * timers, deferred calls. 0 or negative errno.
 */
int ms_loop_round(bool wait);

/** A loop around ours. */
struct ms_loop_outer {
	int (*run)(void);
	void (*stop)(void);
	void (*kick)(void); /* a timer or deferred call was asked for outside our rounds */
};

void ms_loop_set_outer(const struct ms_loop_outer *outer);

/** Tells the outer loop, if there is one, that the next round has to come sooner. */
void ms_loop_kick(void);

/** Is a deferred call waiting? */
bool ms_defer_waiting(void);

/** When the first timer is due (ms_clock_mono()), or MS_NEVER. */
ms_usec ms_timer_next(void);

/** Calls what is due at `now`. */
void ms_timer_run(ms_usec now);

/** Starts measuring a handler; ms_loop_measured() counts and reports it if it was slow. */
void ms_loop_measured(const char *name, ms_usec began);

/** Closes the signal descriptor and unblocks the signals. */
void ms_signal_done(void);

/** Counts of struct ms_loop_stats, writable. */
struct ms_loop_stats *ms_loop_counts(void);

#endif
