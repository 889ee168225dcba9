/* SPDX-License-Identifier: Apache-2.0 */
/* Whole exchanges, fed to the roles and built again. */
#ifndef MS_TESTS_MIKEY_VEC_EXCHANGE_H
#define MS_TESTS_MIKEY_VEC_EXCHANGE_H

#include "mikey/held.h"
#include "mikey/incoming.h"
#include "mikey/transfer.h"
#include "vec-world.h"

/* Where an exchange stands: what both ends have so far. */
struct vec_walk {
	struct vec_world w;
	struct vec_run *run;
	const json_t *v, *steps;
	struct ms_span request, transfer_init, resolve, update; /* INIT messages sent last */
	struct ms_mikey_ticket_held *held;                      /* the Initiator's */
	struct ms_mikey_resolved *resolved;                     /* the Responder's */
	struct ms_mikey_incoming *incoming;                     /* the Responder's */
	struct ms_mikey_csb *csb_i, *csb_r;                     /* bundles of both */
};

/* Builds message `n` from its decoded fields and what is chosen freely; the octets must be equal. */
bool vec_build(struct vec_walk *walk, size_t n);

#endif
