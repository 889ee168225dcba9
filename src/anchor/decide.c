/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done with an m-line: TS 33.328 clauses 7.2.1 and 7.3.1 (e2ae), TS 23.334 clause 6.2.10A (e2e
 * passes), TS 24.247 clause 8.3.1 and RFC 6714 (which kind of MSRP passage).
 */
#include <errno.h>

#include "anchor/anchor-priv.h"

static enum ms_anchor_medium medium_of(enum ms_sdp_proto kind)
{
	switch (kind) {
	case MS_SDP_TCP_MSRP:
	case MS_SDP_TCP_TLS_MSRP:
		return MS_ANCHOR_MSRP;
	case MS_SDP_TCP_BFCP:
	case MS_SDP_TCP_TLS_BFCP:
		return MS_ANCHOR_BFCP;
	default:
		return MS_ANCHOR_OTHER;
	}
}

/* TS 24.229 clause 7.5.2: other tokens than the two are ignored. */
static bool asks_for_e2ae(const struct ms_sdp_media *m)
{
	struct ms_span v;

	for (size_t i = 0; ms_sdp_attr_at(&m->section, "3ge2ae", i, &v); i++)
		if (ms_span_is(ms_span_trim(v), "requested"))
			return true;
	return false;
}

/* The network offers it and the UE registered it, or may ask without (TS 33.328 7.1.2 NOTE 2). */
static bool may_e2ae(const struct ms_anchor_session *s, enum ms_anchor_medium medium, bool asked)
{
	const struct ms_anchor_policy *p = &s->anchor->p;
	bool network = medium == MS_ANCHOR_MSRP ? p->msrp : p->bfcp;
	bool ue = medium == MS_ANCHOR_MSRP ? s->c.ue_msrp : s->c.ue_bfcp;

	return p->role == MS_ANCHOR_ALG && network && (ue || (asked && p->unregistered));
}

static bool is_e2ae(const struct ms_anchor_session *s, const struct ms_sdp_media *m,
		    enum ms_anchor_side from, const struct ms_anchor_line *had,
		    enum ms_anchor_medium medium)
{
	bool tls = ms_sdp_proto_is_tls(m->kind);
	bool was = had && had->treatment == MS_ANCHOR_E2AE && had->medium == medium;

	if (from == MS_ANCHOR_CORE)
		return !tls && (was || may_e2ae(s, medium, false));
	if (!tls)
		return false;
	if (was)
		return true;
	if (!asks_for_e2ae(m))
		return false;
	if (may_e2ae(s, medium, true))
		return true;
	ms_anchor_count(s->anchor, "anchor_e2ae_not_offered");
	return false;
}

static bool wanted(const struct ms_anchor_session *s, enum ms_anchor_when when)
{
	return when == MS_ANCHOR_ALWAYS || (when == MS_ANCHOR_NAT && s->c.nat);
}

/* MSRP whose octets we could change. A CEMA offer never gets the aware mode (TS 24.247 8.3.1). */
static int msrp_mode(const struct ms_anchor_session *s, const struct ms_sdp_media *m,
		     enum ms_anchor_mode *ret_mode, const char **ret_reason)
{
	enum ms_anchor_msrp how = s->anchor->p.without_cema;

	if (ms_sdp_has(&m->section, "msrp-cema")) {
		*ret_mode = MS_ANCHOR_MODE_CEMA;
		return 0;
	}
	if (how == MS_ANCHOR_MSRP_REFUSE) {
		*ret_reason = "anchor_no_cema";
		return -EPROTO;
	}
	if (how == MS_ANCHOR_MSRP_B2BUA && s->anchor->p.role == MS_ANCHOR_IBCF)
		how = MS_ANCHOR_MSRP_SESSMATCH; /* TS 29.162 10.1: a TrGW is agnostic */
	*ret_mode = how == MS_ANCHOR_MSRP_B2BUA ? MS_ANCHOR_MODE_B2BUA : MS_ANCHOR_MODE_SESSMATCH;
	return 0;
}

/*
 * TLS of somebody else. Without CEMA the peer connects to the path, which is out of our reach: such a
 * line is better left alone.
 */
static bool passes_tls(const struct ms_anchor_session *s, const struct ms_sdp_media *m,
		       enum ms_anchor_medium medium)
{
	if (!wanted(s, s->anchor->p.tls))
		return false;
	if (medium == MS_ANCHOR_MSRP && !ms_sdp_has(&m->section, "msrp-cema")) {
		ms_anchor_count(s->anchor, "anchor_tls_without_cema");
		return false;
	}
	return true;
}

int ms_anchor_decide(const struct ms_anchor_session *s, const struct ms_sdp_media *m,
		     enum ms_anchor_side from, const struct ms_anchor_line *had,
		     struct ms_anchor_decision *ret_d, const char **ret_reason)
{
	struct ms_anchor_decision d = { .treatment = MS_ANCHOR_UNTOUCHED };
	int err = 0;

	d.medium = medium_of(m->kind);
	if (d.medium == MS_ANCHOR_OTHER) {
		*ret_d = d;
		return 0;
	}
	if (is_e2ae(s, m, from, had, d.medium)) {
		d.treatment = MS_ANCHOR_E2AE;
	} else if (ms_sdp_proto_is_tls(m->kind)) {
		if (passes_tls(s, m, d.medium))
			d.treatment = MS_ANCHOR_TRANSPARENT;
		d.mode = MS_ANCHOR_MODE_TLS;
	} else if (wanted(s, s->anchor->p.plain)) {
		d.treatment = MS_ANCHOR_TRANSPARENT;
	}
	if (d.treatment == MS_ANCHOR_UNTOUCHED)
		d.mode = MS_ANCHOR_MODE_NONE;
	else if (d.medium == MS_ANCHOR_BFCP && d.mode != MS_ANCHOR_MODE_TLS)
		d.mode = MS_ANCHOR_MODE_BFCP;
	else if (d.mode != MS_ANCHOR_MODE_TLS)
		err = msrp_mode(s, m, &d.mode, ret_reason);
	if (!err)
		*ret_d = d;
	return err;
}
