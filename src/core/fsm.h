/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State machines as tables: which states may follow which. Timers are not here: a machine's owner keeps
 * one deadline a state and hands time in.
 */
#ifndef MS_CORE_FSM_H
#define MS_CORE_FSM_H

#include <stdint.h>

#include "core/attr.h"

struct ms_fsm {
	const uint32_t
		*next; /* borrowed, static: for each state, MS_FSM_BIT() of those it may go to */
	unsigned n_states; /* at most 32 */
	unsigned state;
};

#define MS_FSM_BIT(n) ((uint32_t)1 << (n))

/** Goes to `state`. -EPROTO if the table does not allow it, and then nothing changes. */
MS_MUST_CHECK int ms_fsm_go(struct ms_fsm *f, unsigned state);

#endif
