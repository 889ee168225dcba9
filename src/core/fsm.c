/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fsm.h"

#include <errno.h>

int ms_fsm_accepts(const struct ms_fsm *f, unsigned event)
{
	if (event >= f->table->n_events)
		return -EPROTO;
	return f->table->state[f->state].events & MS_FSM_BIT(event) ? 0 : -EPROTO;
}

int ms_fsm_go(struct ms_fsm *f, unsigned state)
{
	unsigned from = f->state;

	if (state >= f->table->n_states || !(f->table->state[from].next & MS_FSM_BIT(state)))
		return -EPROTO;
	f->state = state;
	if (f->changed)
		f->changed(f->arg, from, state);
	return 0;
}

const char *ms_fsm_state_name(const struct ms_fsm *f)
{
	return f->table->state[f->state].name;
}

const char *ms_fsm_event_name(const struct ms_fsm *f, unsigned event)
{
	return event < f->table->n_events ? f->table->event_name[event] : "?";
}
