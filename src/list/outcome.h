/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a message for one recipient. The numbers stand in the store. */
#ifndef MS_LISTS_OUTCOME_H
#define MS_LISTS_OUTCOME_H

#include <stdbool.h>

enum ms_lists_outcome {
	MS_LISTS_WAITING,   /* to be sent, or sent and not answered */
	MS_LISTS_AWAY,      /* not registered: it waits */
	MS_LISTS_DELIVERED, /* 2xx */
	MS_LISTS_FAILED,    /* refused for good, too many attempts, or too much waits for him */
	MS_LISTS_EXPIRED,   /* the ticket or the time we keep it ended */
	MS_LISTS_OUTCOMES
};

static inline bool ms_lists_outcome_final(enum ms_lists_outcome o)
{
	return o >= MS_LISTS_DELIVERED;
}

#endif
