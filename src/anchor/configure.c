/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an answer changes at the gateway, as one procedure: TS 23.334 "Configure" and "Reserve and Configure
 * AGW Connection Point", and the release of what the answer leaves without a use.
 */
#include "anchor/anchor-priv.h"

/* RFC 8856 clause 8, RFC 6135 section 6: roles of TLS are those of the connection, not of each offer. */
static void take_tls_role(struct ms_anchor_line *l, const struct ms_anchor_plan *p)
{
	struct ms_anchor_end *e = &l->end[MS_ANCHOR_ACCESS];

	if (l->treatment != MS_ANCHOR_E2AE)
		return;
	e->client = l->medium == MS_ANCHOR_BFCP ? !p->offerer_is_ue : !e->active;
}

struct change {
	bool restart; /* connections begin anew */
	bool any;
};

static struct change take_parties(struct ms_anchor_session *s, const struct ms_anchor_plan *p,
				  const struct ms_anchor_verdict *v)
{
	struct ms_anchor_line *l = p->line;
	struct ms_anchor_end *of = &l->end[s->from], *an = &l->end[ms_anchor_other(s->from)];
	struct change c;

	c.restart = !l->up || l->failed || of->active != v->roles.offerer_active ||
		    an->active != v->roles.answerer_active ||
		    !ms_anchor_party_same(&of->party, &p->party) ||
		    !ms_anchor_party_same(&an->party, &v->party) ||
		    (l->medium == MS_ANCHOR_BFCP && v->party.new_connection);
	c.any = c.restart || of->party.inactive != p->party.inactive ||
		an->party.inactive != v->party.inactive;
	of->party = p->party;
	an->party = v->party;
	of->active = v->roles.offerer_active;
	an->active = v->roles.answerer_active;
	if (c.restart) {
		take_tls_role(l, p);
		l->failed = false;
		if (of->active && an->active)
			ms_anchor_count(s->anchor, "anchor_merge");
	}
	return c;
}

static int put_end(struct ms_anchor_session *s, struct ms_mgc_procedure *proc,
		   struct ms_anchor_line *l, enum ms_anchor_side side, bool restart)
{
	/* the answerer may have connected already, before the offerer's endpoint was there */
	bool start = side == s->from && l->end[ms_anchor_other(side)].active;
	struct ms_bearer b;

	ms_anchor_bearer_configure(s, l, side, restart, start, &b);
	if (l->end[side].there)
		return ms_mgc_configure(proc, MS_ANCHOR_SLOT(l, side), &b);
	return ms_mgc_reserve(proc, MS_ANCHOR_SLOT(l, side), (uint16_t)(l->k + 1), &b);
}

static int put_release(struct ms_mgc_procedure *proc, const struct ms_anchor_line *l)
{
	int err = 0;

	for (unsigned side = 0; l && !err && side < 2; side++)
		if (l->end[side].there)
			err = ms_mgc_release(proc, MS_ANCHOR_SLOT(l, side));
	return err;
}

static int put_line(struct ms_anchor_session *s, struct ms_mgc_procedure *proc, size_t i,
		    const struct ms_anchor_verdict *v)
{
	struct ms_anchor_plan *p = &s->plan[i];
	struct change c;
	int err = put_release(proc, p->stale);

	if (err || !p->line)
		return err;
	if (!v->accepted)
		return s->final ? put_release(proc, p->line) : 0;
	c = take_parties(s, p, v);
	if (!c.any)
		return 0;
	err = put_end(s, proc, p->line, ms_anchor_other(s->from), c.restart);
	return err ? err : put_end(s, proc, p->line, s->from, c.restart);
}

int ms_anchor_configure(struct ms_anchor_session *s, const struct ms_anchor_verdict *verdicts,
			ms_mgc_done *done)
{
	struct ms_mgc_procedure *p;
	int err = ms_mgc_begin(s->context, &p);

	for (size_t i = 0; !err && i < s->n_plan; i++) {
		err = put_line(s, p, i, &verdicts[i]);
		if (err)
			ms_mgc_abandon(p);
	}
	return err ? err : ms_mgc_run(p, s->now, done, s);
}

void ms_anchor_configured(struct ms_anchor_session *s, const struct ms_mgc_result *results,
			  size_t n)
{
	for (size_t r = 0; r < n; r++) {
		for (size_t i = 0; results[r].bearer && i < s->n_plan; i++) {
			struct ms_anchor_line *l = s->plan[i].line;

			if (l && l->k == results[r].slot / 2)
				ms_anchor_end_take(&l->end[results[r].slot % 2], results[r].bearer);
		}
	}
}
