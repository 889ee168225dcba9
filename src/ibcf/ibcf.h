/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mediasec-ibcf: between our network and others (TS 24.229 clause 5.10, TS 29.162). SIP passes by domain,
 * media through a TrGW under Ix; what is secured end to end stays so.
 */
#ifndef MS_IBCF_IBCF_H
#define MS_IBCF_IBCF_H

#include "ibcf/config.h"

struct ms_ibcf {
	const struct ms_ibcf_config *config; /* in force */
	struct ms_config *first; /* a copy of what it began with: what a reload does not change */
	struct ms_border_service service;
};

/** The program's only one; commands know it by this. */
extern struct ms_ibcf ms_ibcf;
extern const struct ms_daemon_app ms_ibcf_app;
extern const struct ms_control_command ms_ibcf_commands[];

/* ---- request.c: handlers of the border ---- */

void ms_ibcf_request(struct ms_border *b, struct ms_sip_exchange *x, void *arg);
void ms_ibcf_response(struct ms_border *b, struct ms_sip_exchange *x, const struct ms_sip_packet *m,
		      struct ms_border_edits *edits, void *tag, void *arg);

#endif
