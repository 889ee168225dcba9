/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fsm.h"

#include <errno.h>

int ms_fsm_go(struct ms_fsm *f, unsigned state)
{
	if (state >= f->n_states || !(f->next[f->state] & MS_FSM_BIT(state)))
		return -EPROTO;
	f->state = state;
	return 0;
}
