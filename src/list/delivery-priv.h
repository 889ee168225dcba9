/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the delivery engine. */
#ifndef MS_LISTS_DELIVERY_PRIV_H
#define MS_LISTS_DELIVERY_PRIV_H

#include "core/hash.h"
#include "list/delivery.h"

/** Recipients that wait equally long, the first due first. */
struct ms_lists_pause {
	struct ms_list list;
	ms_usec length;
};

struct ms_lists_delivery {
	struct ms_lists_delivery_limits limits;
	struct ms_lists_delivery_handlers handlers;
	struct ms_list jobs;
	struct ms_list ready;
	struct ms_lists_pause pause[MS_LISTS_PAUSES + 1]; /* by attempts; the last: who is away */
	struct ms_hash *members;                          /* URI -> struct ms_lists_member, owned */
	ms_usec next_expiry;                              /* of any job, or earlier */
	bool stopped;
	struct ms_lists_delivery_state state;
};

/** One for whom messages wait. */
struct ms_lists_member {
	struct ms_list away; /* of struct ms_lists_recipient */
	size_t messages, octets;
	char *uri; /* owned */
};

void ms_lists_job_free(struct ms_lists_delivery *d, struct ms_lists_job *j);

/** Tells and frees it if every outcome is final. */
void ms_lists_job_check(struct ms_lists_delivery *d, struct ms_lists_job *j);

/** It is not under way any more. */
void ms_lists_recipient_back(struct ms_lists_delivery *d, struct ms_lists_recipient *r);

/** A final outcome; the job stays. */
void ms_lists_recipient_settle(struct ms_lists_delivery *d, struct ms_lists_recipient *r,
			       enum ms_lists_outcome o);

/** It waits for a registration; if too much does already, it fails. */
void ms_lists_recipient_away(struct ms_lists_delivery *d, struct ms_lists_recipient *r,
			     ms_usec now);

/** It goes as soon as there is room. */
void ms_lists_recipient_ready(struct ms_lists_delivery *d, struct ms_lists_recipient *r);

void ms_lists_member_leave(struct ms_lists_delivery *d, struct ms_lists_recipient *r);

#endif
