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

/* Step `n`, or NULL past the end; and its message. */
const json_t *vec_step(const struct vec_walk *k, size_t n);
struct ms_span vec_step_octets(struct vec_walk *k, const json_t *step);

/* Whether the step after `n` is this message. */
bool vec_next_is(const struct vec_walk *k, size_t n, const char *msg);

/* Notes that a message was refused; false. */
bool vec_refused(struct vec_walk *k, const char *what, int err, const struct ms_fault *fault);

/* Results that both ends can know after step `n`. */
bool vec_results_after(struct vec_walk *k, size_t n);

/* TRANSFER_INIT(update) and TRANSFER_RESP(update). */
bool vec_update_init(struct vec_walk *k, const json_t *step, ms_usec now, size_t n);
bool vec_update_resp(struct vec_walk *k, const json_t *step, ms_usec now, size_t n);

/* Builds message `n` from its decoded fields and what is chosen freely; the octets must be equal. */
bool vec_build(struct vec_walk *walk, size_t n);

#endif
