/* SPDX-License-Identifier: Apache-2.0 */
/* A call between two users in memory: request, transfer, resolve, answer, each step by step. */
#ifndef MS_TESTS_MIKEY_MEMORY_CALL_H
#define MS_TESTS_MIKEY_MEMORY_CALL_H

#include "memory-kms.h"
#include "mikey/incoming.h"
#include "mikey/request.h"
#include "mikey/transfer.h"

/* Flags of a ticket for a session, and of one for an immediate message. */
#define SESSION_FLAGS                                                                              \
	(MS_MIKEY_FLAG_D | MS_MIKEY_FLAG_E | MS_MIKEY_FLAG_F | MS_MIKEY_FLAG_G | MS_MIKEY_FLAG_H | \
	 MS_MIKEY_FLAG_I | MS_MIKEY_FLAG_J | MS_MIKEY_FLAG_N | MS_MIKEY_FLAG_O)
#define MESSAGE_FLAGS                                                                              \
	(MS_MIKEY_FLAG_D | MS_MIKEY_FLAG_E | MS_MIKEY_FLAG_H | MS_MIKEY_FLAG_I | MS_MIKEY_FLAG_J | \
	 MS_MIKEY_FLAG_N | MS_MIKEY_FLAG_O)

struct call {
	struct memory_kms *k;
	struct ms_mikey_party a, b;     /* who calls, who answers */
	struct ms_mikey_replay *replay; /* of b */
	struct ms_mikey_ticket_held *ticket;
	struct ms_mikey_transfer *transfer;
	struct ms_mikey_incoming *incoming;
	struct ms_mikey_csb *csb_a, *csb_b;
	struct ms_buf init, resp; /* TRANSFER_INIT and TRANSFER_RESP */
	struct ms_buf out, in;    /* to and from the KMS */
	struct ms_fault fault;    /* of the last step */
};

void call_init(struct call *c, struct memory_kms *k, int from, int to,
	       const struct ms_mikey_suite *suite);
void call_done(struct call *c);

/* Each gives 0 or the error of the step. */

/* From the KMS if D is in the flags, else made by the caller itself. */
int call_ticket(struct call *c, const struct ms_mikey_wanted *w);

/* One TLS session, or what `o` offers. */
int call_offer(struct call *c, const struct ms_mikey_offer *o);

/* b takes the TRANSFER_INIT of c->init, and resolves or opens its ticket. */
int call_receive(struct call *c);

/* b answers, a takes the answer; without F both just have their bundles. */
int call_answer(struct call *c, const struct ms_mikey_answer *answer);

/* All of it with flags and one resolver. */
int call_all(struct call *c, uint16_t flags, const char *resolver);

/* Both ends have the same keys for the same sessions, at least one. */
bool call_agrees(const struct call *c);

#endif
