/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mediasec-alg: P-CSCF with IMS-ALG (TS 24.229 clause 5.2, TS 23.334). Between users (UDP, TCP, TLS, IPv4
 * and IPv6) and an IMS core.
 */
#ifndef MS_ALG_ALG_H
#define MS_ALG_ALG_H

#include "alg/agreement.h"
#include "alg/config.h"
#include "alg/registrar.h"

struct ms_alg {
	const struct ms_alg_config *config; /* in force */
	struct ms_config *first; /* a copy of what it began with: what a reload does not change */
	struct ms_border_service service;
	struct ms_alg_registrar *registrar;
};

extern const struct ms_daemon_app ms_alg_app;

/* ---- request.c: handlers of the border ---- */

void ms_alg_request(struct ms_border *b, struct ms_sip_exchange *x, void *arg);
void ms_alg_response(struct ms_border *b, struct ms_sip_exchange *x, const struct ms_sip_packet *m,
		     struct ms_border_edits *edits, void *tag, void *arg);
void ms_alg_stream_lost(const struct ms_sip_hop *hop, void *arg);
bool ms_alg_reach(struct ms_span contact, struct ms_sip_hop *ret_hop, void *arg);

/* ---- register.c ---- */

/** REGISTER of a user. */
void ms_alg_take_register(struct ms_alg *a, struct ms_sip_exchange *x);
/** Its response: Security-Server goes in, the contact is kept or goes. */
void ms_alg_register_response(struct ms_alg *a, struct ms_sip_exchange *x,
			      const struct ms_sip_packet *m, struct ms_border_edits *edits);
/** Which mechanisms hold for who says this in Security-Client. */
unsigned ms_alg_agree(const struct ms_alg *a, const struct ms_sip_packet *m);
/** Option tags of the agreement, ended by NULL; borrowed from the configuration. */
#define MS_ALG_TAGS 3
void ms_alg_agreement_tags(const struct ms_alg *a, const char *ret_tags[static MS_ALG_TAGS]);
/** Takes what belongs between user and P-CSCF off a request (RFC 3329 section 2.3.1). */
void ms_alg_strip_agreement(const struct ms_alg *a, const struct ms_sip_packet *m,
			    struct ms_border_edits *edits);
/** Is Security-Verify as it should be? Else answers 494. */
MS_MUST_CHECK bool ms_alg_verified(struct ms_alg *a, struct ms_sip_exchange *x, unsigned agreed,
				   bool was_told);
/** P-Charging-Vector, if configured. */
void ms_alg_put_charging(const struct ms_alg *a, const struct ms_sip_packet *m,
			 struct ms_border_edits *edits);

/* ---- control.c ---- */

extern const struct ms_control_command ms_alg_commands[];
/** Commands know the program by this. */
extern struct ms_alg ms_alg;

#endif
