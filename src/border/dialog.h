/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dialog as somebody in between sees it (RFC 3261 section 12): enough to end it from both sides in the
 * name of the other one (TS 24.229 clause 5.2.8.1.2).
 */
#ifndef MS_BORDER_DIALOG_H
#define MS_BORDER_DIALOG_H

#include "core/list.h"
#include "sip/proxy.h"

#define MS_BORDER_ROUTES_MAX 32

enum ms_border_end { MS_BORDER_CALLER, MS_BORDER_CALLEE };

/** One of its ends, seen from here. */
struct ms_border_leg {
	char *address; /* From or To value, with its tag */
	char *target;  /* its Contact URI */
	char **route;  /* Route values from here to it */
	size_t n_routes;
	struct ms_sip_hop hop; /* where its messages come from */
	uint32_t cseq;         /* of the last request it sent; 0: none */
};

struct ms_border_dialog {
	struct ms_list link;
	char *tag; /* the callee's */
	bool confirmed;
	uint32_t invite_cseq; /* what ACK has to name */
	struct ms_border_leg leg[2];
};

/** From an INVITE and a response with a tag. -EBADMSG (no Contact in a 2xx ...), -ENOMEM. */
MS_MUST_CHECK int ms_border_dialog_new(const struct ms_sip_exchange *x,
				       const struct ms_sip_packet *m,
				       struct ms_border_dialog **ret_d);
struct ms_border_dialog *ms_border_dialog_free(struct ms_border_dialog *d);

/** Contact, Record-Route and state of another response to its INVITE. */
void ms_border_dialog_response(struct ms_border_dialog *d, const struct ms_sip_exchange *x,
			       const struct ms_sip_packet *m);

/** A request inside, sent by that end: its CSeq, its new target. */
void ms_border_dialog_request(struct ms_border_dialog *d, enum ms_border_end end,
			      const struct ms_sip_packet *m);

/**
 * Acknowledges a 2xx in the caller's name. `by_flow`: the callee is a user of ours, reached by the flow
 * his messages come by.
 */
void ms_border_dialog_ack(struct ms_border_dialog *d, struct ms_sip_proxy *p,
			  struct ms_span call_id, bool by_flow);

/** Sends BYE to one end in the other one's name, with Reason (RFC 3326); `text` without quotes. */
void ms_border_dialog_bye(struct ms_border_dialog *d, struct ms_sip_proxy *p,
			  struct ms_span call_id, enum ms_border_end end, bool by_flow,
			  unsigned cause, const char *text);

#endif
