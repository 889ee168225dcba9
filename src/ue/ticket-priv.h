/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges with the key management server under way: what requests and resolves share. */
#ifndef MS_KEYS_TICKET_PRIV_H
#define MS_KEYS_TICKET_PRIV_H

#include "mikey/request.h"
#include "ue/ue-priv.h"

/**
 * Somebody who waits for a ticket. Who wants what is being asked for already has no call of its own,
 * but waits for that one: a burst of messages costs one request and one resolve.
 */
struct ms_ue_asking {
	struct ms_list link;
	struct ms_ue *ue;
	struct ms_keys_kms_call *call; /* NULL: waits for another's */
	void *arg;
	/* a Ticket Request */
	struct ms_mikey_request *request; /* owned */
	enum ms_keys_ticket_kind kind;
	char *resolver; /* owned; NULL in a Resolve */
	ms_ue_ticket_f *ticket;
	/* a Ticket Resolve */
	struct ms_mikey_incoming *incoming; /* borrowed; NULL in a Request */
	ms_ue_resolve_f *resolved;
};

/** NULL without memory. */
struct ms_ue_asking *ms_ue_asking_new(struct ms_ue *ue, void *arg);
void ms_ue_asking_free(struct ms_ue_asking *a);

/** Who asks the KMS to resolve, for others too, does not want it any more. Frees it. */
void ms_ue_resolve_give_up(struct ms_ue_asking *a);

/** Why no answer came; why an answer was refused. */
struct ms_ue_failure ms_ue_failure_of_answer(const struct ms_keys_kms_answer *a);
struct ms_ue_failure ms_ue_failure_of_fault(int err, const struct ms_fault *fault);

/** Tells it as an event with the server's URL. */
void ms_ue_tell_kms_failure(const struct ms_ue *ue, const struct ms_ue_failure *f);

#endif
