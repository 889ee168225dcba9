/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who opens TCP on each side of a line (RFC 4145, RFC 6135), when the set-up direction may differ
 * between the sides (TS 23.334 clause 5.16.2.3), and who is TLS client (RFC 6135, RFC 8856).
 */
#include <errno.h>

#include "anchor/anchor-priv.h"
#include "sdp/offer.h"

bool ms_anchor_turns(const struct ms_anchor_session *s)
{
	switch (s->anchor->p.direction) {
	case MS_ANCHOR_DIRECTION_KEEP:
		return false;
	case MS_ANCHOR_DIRECTION_NEEDED:
		return s->c.nat;
	case MS_ANCHOR_DIRECTION_FREE:
		break;
	}
	return true;
}

/*
 * Kept, unless a UE behind a NAT must be able to open it, or each side may do as it likes: then that
 * side is asked (actpass). A passive offer stays: it makes the other side open.
 */
enum ms_sdp_setup ms_anchor_setup_out(const struct ms_anchor_session *s, enum ms_sdp_setup in,
				      enum ms_anchor_side to)
{
	bool free_ = s->anchor->p.direction == MS_ANCHOR_DIRECTION_FREE;

	if (!ms_anchor_turns(s) || in == MS_SDP_PASSIVE)
		return in;
	if (free_ || (to == MS_ANCHOR_ACCESS && s->c.nat))
		return MS_SDP_ACTPASS;
	return in;
}

/*
 * The answer to the offerer. Its offer may leave no choice. If it does, the direction is passed on as
 * the other side answered, but a UE behind a NAT opens: with an answerer that opens, too, both come to us
 * (merge).
 */
static enum ms_sdp_setup answer_to(const struct ms_anchor_session *s,
				   const struct ms_anchor_plan *p, bool answerer_active)
{
	bool behind_nat = s->from == MS_ANCHOR_ACCESS && s->c.nat && ms_anchor_turns(s);

	switch (p->party.setup) {
	case MS_SDP_PASSIVE:
		return MS_SDP_ACTIVE;
	case MS_SDP_ACTPASS:
		return answerer_active && !behind_nat ? MS_SDP_ACTIVE : MS_SDP_PASSIVE;
	default:
		return MS_SDP_PASSIVE;
	}
}

int ms_anchor_roles(const struct ms_anchor_session *s, const struct ms_anchor_plan *p,
		    enum ms_sdp_setup answered, struct ms_anchor_roles *ret_r)
{
	struct ms_anchor_roles r;
	bool we_open;

	if (ms_sdp_setup_roles(p->out, answered, &we_open))
		return -EPROTO;
	r.answerer_active = !we_open;
	r.back = answer_to(s, p, r.answerer_active);
	r.offerer_active = r.back == MS_SDP_PASSIVE;
	/* who knows no setup is not told any (RFC 4975 section 5.4) */
	if (p->party.setup == MS_SDP_SETUP_NONE)
		r.back = MS_SDP_SETUP_NONE;
	*ret_r = r;
	return 0;
}
