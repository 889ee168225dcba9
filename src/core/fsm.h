/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State machines as tables: which events a state accepts, which states it may go to, their names.
 * What the table does not allow is refused, and the caller logs and counts it. Timers are not here:
 * a machine's owner keeps one deadline a state and hands time in.
 */
#ifndef MS_CORE_FSM_H
#define MS_CORE_FSM_H

#include <stdint.h>

#include "core/attr.h"

struct ms_fsm_state {
	const char *name;
	uint32_t events; /* bit mask of accepted events */
	uint32_t next;   /* bit mask of reachable states */
};

struct ms_fsm_table {
	const char *name;
	const struct ms_fsm_state *state; /* borrowed, n_states of them; at most 32 */
	unsigned n_states;
	const char *const *event_name; /* borrowed, n_events of them; at most 32 */
	unsigned n_events;
};

struct ms_fsm {
	const struct ms_fsm_table *table; /* borrowed, static */
	unsigned state;
	/** Told after each change; may be NULL. */
	void (*changed)(void *arg, unsigned from, unsigned to);
	void *arg;
};

#define MS_FSM_BIT(n) ((uint32_t)1 << (n))

/** 0 if the present state accepts `event`, else -EPROTO. Changes nothing. */
MS_MUST_CHECK int ms_fsm_accepts(const struct ms_fsm *f, unsigned event);

/** Goes to `state`. -EPROTO if the table does not allow it, and then nothing changes. */
MS_MUST_CHECK int ms_fsm_go(struct ms_fsm *f, unsigned state);

const char *ms_fsm_state_name(const struct ms_fsm *f);
const char *ms_fsm_event_name(const struct ms_fsm *f, unsigned event);

#endif
