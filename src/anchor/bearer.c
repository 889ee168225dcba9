/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints of a line as stage 2 wants them (TS 23.334 clauses 6.2.10 and 6.2.18). */
#include <string.h>

#include "anchor/anchor-priv.h"

/* What does not depend on the party: realm, what is understood, policy, reports. */
static void common(const struct ms_anchor_session *s, const struct ms_anchor_line *l,
		   enum ms_anchor_side side, struct ms_bearer *b)
{
	const struct ms_anchor_policy *p = &s->anchor->p;

	ms_bearer_init(b);
	if (p->realm[side])
		(void)!ms_span_to_str(ms_span_str(p->realm[side]), b->realm, sizeof(b->realm));
	b->application = l->mode == MS_ANCHOR_MODE_B2BUA ? MS_BEARER_MSRP : MS_BEARER_AGNOSTIC;
	b->tls = l->treatment == MS_ANCHOR_E2AE && side == MS_ANCHOR_ACCESS;
	if (b->tls)
		b->want_fingerprints = p->fingerprints;
	b->tcp_ms = p->tcp_ms;
	b->tls_ms = b->tls ? p->tls_ms : 0;
	b->policy.has_dscp = p->has_dscp;
	b->policy.dscp = p->dscp;
	b->policy.inactivity_s = p->inactivity_s;
	b->policy.inactivity_direction = MS_BEARER_BOTH;
	b->report_release = true;
	b->report_tcp = true;
	b->report_tls = b->tls;
	b->local = l->end[side].local;
	b->local_fingerprints = l->end[side].own;
	if (l->mode == MS_ANCHOR_MODE_B2BUA)
		memcpy(b->local_path, l->end[side].path[0] ? l->end[side].path : "$",
		       l->end[side].path[0] ? sizeof(b->local_path) : 2);
}

static bool behind_nat(const struct ms_anchor_session *s, enum ms_anchor_side side)
{
	return side == MS_ANCHOR_ACCESS && s->c.nat;
}

/*
 * The gate is open before the answer only where the other side was told that it may connect: it may do
 * so as soon as it has the offer (TS 23.333 clause 6.2.20.1).
 */
void ms_anchor_bearer_reserve(const struct ms_anchor_session *s, const struct ms_anchor_line *l,
			      enum ms_anchor_side side, enum ms_sdp_setup out,
			      const struct ms_anchor_party *like, struct ms_bearer *ret_b)
{
	const struct ms_anchor_policy *p = &s->anchor->p;
	bool may_come = out == MS_SDP_ACTPASS || out == MS_SDP_PASSIVE;

	common(s, l, side, ret_b);
	ret_b->local.family = p->family[side] ? p->family[side] : like->address.family;
	ret_b->mode = may_come && !like->inactive ? MS_BEARER_SENDRECV : MS_BEARER_INACTIVE;
	ret_b->setup = out == MS_SDP_ACTPASS   ? MS_BEARER_SETUP_ACTPASS
		       : out == MS_SDP_PASSIVE ? MS_BEARER_SETUP_PASSIVE
					       : MS_BEARER_SETUP_ACTIVE;
}

/*
 *	this party active, the other passive   wait; what comes opens the other side first
 *	this party passive                     open when the other side comes (interlinked)
 *	both active                            merge: wait on both sides
 *	both passive                           open both
 */
static void roles(const struct ms_anchor_line *l, enum ms_anchor_side side, bool start_tcp,
		  struct ms_bearer *b)
{
	bool active = l->end[side].active, other = l->end[ms_anchor_other(side)].active;

	b->setup = active ? MS_BEARER_SETUP_PASSIVE : MS_BEARER_SETUP_ACTIVE;
	b->remote_setup = active ? MS_BEARER_SETUP_ACTIVE : MS_BEARER_SETUP_PASSIVE;
	if (active && other)
		b->tcp_mode = MS_BEARER_MERGE;
	if (active && !other)
		b->incoming = MS_BEARER_FORWARD;
	if (!active)
		b->start_tcp = start_tcp || !other;
}

void ms_anchor_bearer_configure(const struct ms_anchor_session *s, const struct ms_anchor_line *l,
				enum ms_anchor_side side, bool restart, bool start_tcp,
				struct ms_bearer *ret_b)
{
	const struct ms_anchor_end *e = &l->end[side];
	struct ms_bearer *b = ret_b;

	common(s, l, side, b);
	if (!b->local.family)
		b->local.family = s->anchor->p.family[side] ? s->anchor->p.family[side]
							    : e->party.address.family;
	b->mode = l->end[0].party.inactive || l->end[1].party.inactive ? MS_BEARER_INACTIVE
								       : MS_BEARER_SENDRECV;
	b->remote = e->party.address;
	if (b->tls)
		b->remote_fingerprints = e->party.fingerprints;
	if (l->mode == MS_ANCHOR_MODE_B2BUA)
		memcpy(b->remote_path, e->party.path, sizeof(b->remote_path));
	roles(l, side, start_tcp, b);
	/* who comes from behind a NAT has another address than he says; who is called has his own */
	if (e->active && behind_nat(s, side))
		b->latch = restart ? MS_BEARER_LATCH : MS_BEARER_LATCH_OFF;
	else if (e->active)
		b->policy.filter_address = s->anchor->p.filter;
	b->start_tcp = b->start_tcp && restart;
	b->start_tls = b->tls && e->client && restart;
}

void ms_anchor_end_take(struct ms_anchor_end *e, const struct ms_bearer *b)
{
	e->there = true;
	e->local = b->local;
	e->own = b->local_fingerprints;
	memcpy(e->path, b->local_path, sizeof(e->path));
}
