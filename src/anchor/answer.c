/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer: the gateway is configured for both parties (TS 23.334 "Configure" and "Reserve and Configure
 * AGW Connection Point" in one transaction), and the answer that goes on.
 */
#include <errno.h>
#include <string.h>

#include "anchor/anchor-priv.h"
#include "core/alloc.h"
#include "sdp/offer.h"

/* What an answer says of one line. */
struct verdict {
	bool accepted;
	struct ms_anchor_party party;
	struct ms_anchor_roles roles;
};

/* ---- reading ---- */

static bool transport_fits(const struct ms_anchor_line *l, const struct ms_sdp_media *m,
			   enum ms_anchor_side side)
{
	bool tls = ms_sdp_proto_is_tls(m->kind);
	bool msrp = m->kind == MS_SDP_TCP_MSRP || m->kind == MS_SDP_TCP_TLS_MSRP;
	bool bfcp = m->kind == MS_SDP_TCP_BFCP || m->kind == MS_SDP_TCP_TLS_BFCP;

	if (l->treatment == MS_ANCHOR_E2AE ? tls != (side == MS_ANCHOR_ACCESS)
					   : tls != (l->mode == MS_ANCHOR_MODE_TLS))
		return false;
	return l->medium == MS_ANCHOR_MSRP ? msrp : bfcp;
}

static int judge(const struct ms_anchor_session *s, const struct ms_sdp *sdp, size_t i,
		 struct verdict *v, const char **ret_reason)
{
	const struct ms_anchor_plan *p = &s->plan[i];
	const struct ms_sdp_media *m = &sdp->media[i];
	enum ms_anchor_side side = ms_anchor_other(s->from);
	int err;

	if (!p->line || p->rejected || m->port == 0)
		return 0;
	*ret_reason = "anchor_answer";
	if (!transport_fits(p->line, m, side))
		return -EPROTO;
	err = ms_anchor_party_read(s->anchor, sdp, m, p->line->mode,
				   p->line->treatment == MS_ANCHOR_E2AE && side == MS_ANCHOR_ACCESS,
				   &v->party, ret_reason);
	if (err)
		return err;
	*ret_reason = "anchor_setup";
	v->accepted = true;
	return ms_anchor_roles(s, p, m->setup, &v->roles);
}

static int judge_all(const struct ms_anchor_session *s, const struct ms_sdp *sdp,
		     struct verdict *verdicts, const char **ret_reason)
{
	int err = 0;

	*ret_reason = "anchor_answer";
	if (sdp->n_media != s->n_plan)
		return -EPROTO; /* RFC 3264 section 6 */
	for (size_t i = 0; !err && i < s->n_plan; i++)
		err = judge(s, sdp, i, &verdicts[i], ret_reason);
	return err;
}

/* ---- the answer that goes on ---- */

static int rewrite(const struct ms_anchor_session *s, const struct ms_sdp *sdp,
		   const struct verdict *verdicts, struct ms_buf *out)
{
	struct ms_anchor_edit edits[MS_ANCHOR_MEDIA_MAX] = { { .line = NULL } };

	for (size_t i = 0; i < s->n_plan; i++) {
		edits[i].line = s->plan[i].line;
		edits[i].setup = verdicts[i].roles.back;
	}
	return ms_anchor_rewrite(sdp, edits, s->from, out);
}

static void emit(struct ms_anchor_session *s, enum ms_anchor_step step, int err,
		 const struct ms_buf *out)
{
	struct ms_anchor_result r = { .status = 0, .sdp = ms_buf_span(out) };

	if (err) {
		ms_anchor_refuse(s, step, 500, "anchor_internal", 0);
		return;
	}
	r.changed = !ms_span_eq(r.sdp, ms_span_of(s->answer, s->answer_len));
	ms_anchor_finish(s, step, &r);
}

/* ---- what changes ---- */

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
				  const struct verdict *v)
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
		    const struct verdict *v)
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

/* ---- the gateway has done it ---- */

static void take_results(struct ms_anchor_session *s, const struct ms_mgc_result *results, size_t n)
{
	for (size_t r = 0; r < n; r++) {
		for (size_t i = 0; results[r].bearer && i < s->n_plan; i++) {
			struct ms_anchor_line *l = s->plan[i].line;

			if (l && l->k == results[r].slot / 2)
				ms_anchor_end_take(&l->end[results[r].slot % 2], results[r].bearer);
		}
	}
}

/* What was chosen, counted when it comes into use: an offer that is challenged comes twice. */
static void count(const struct ms_anchor_session *s, const struct ms_anchor_line *l)
{
	const struct ms_anchor *a = s->anchor;

	static const char *const modes[] = {
		[MS_ANCHOR_MODE_TLS] = "anchor_tls_passed",
		[MS_ANCHOR_MODE_CEMA] = "anchor_msrp_cema",
		[MS_ANCHOR_MODE_SESSMATCH] = "anchor_msrp_sessmatch",
		[MS_ANCHOR_MODE_B2BUA] = "anchor_msrp_b2bua",
		[MS_ANCHOR_MODE_BFCP] = "anchor_bfcp",
	};

	if (l->treatment == MS_ANCHOR_E2AE) {
		ms_anchor_count(a, l->medium == MS_ANCHOR_MSRP ? "anchor_e2ae_msrp"
							       : "anchor_e2ae_bfcp");
		ms_anchor_count(a, s->from == MS_ANCHOR_ACCESS ? "anchor_e2ae_originating"
							       : "anchor_e2ae_terminating");
	}
	if (modes[l->mode])
		ms_anchor_count(a, modes[l->mode]);
}

/* The lines are now as offered and answered. */
static void commit(struct ms_anchor_session *s, const struct verdict *verdicts)
{
	for (size_t i = 0; i < s->n_plan; i++) {
		struct ms_anchor_plan *p = &s->plan[i];

		ms_free(p->stale);
		p->stale = NULL;
		p->fresh = false;
		s->line[i] = p->line;
		if (!p->line || !verdicts[i].accepted)
			continue;
		if (!p->line->up)
			count(s, p->line);
		p->line->up = true;
	}
	s->n_media = s->n_plan;
}

/* Those that were refused, by either side, once it is final. */
static void drop_rejected(struct ms_anchor_session *s, const struct verdict *verdicts)
{
	bool any = false;

	for (size_t i = 0; i < s->n_plan; i++) {
		if (s->line[i] && !verdicts[i].accepted)
			s->line[i] = ms_free(s->line[i]);
		any = any || s->line[i];
		s->plan[i].line = s->line[i];
	}
	if (!any)
		s->context = ms_mgc_context_release(s->context, s->now);
}

static void note_others(struct ms_anchor_session *s, const struct ms_sdp *sdp)
{
	s->others_up = false;
	for (size_t i = 0; i < s->n_plan; i++) {
		if (s->plan[i].line || !sdp->media[i].port)
			continue;
		s->others_up = true;
		if (s->initial && s->final)
			ms_anchor_count(s->anchor, "anchor_untouched");
	}
}

static void complete(struct ms_anchor_session *s, const struct ms_sdp *sdp,
		     const struct verdict *verdicts)
{
	struct ms_anchor *a = s->anchor;
	bool final = s->final;
	struct ms_anchor_result r = { .status = 0 };
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	int err;

	commit(s, verdicts);
	note_others(s, sdp);
	ms_buf_init(&out, MS_ANCHOR_TEXT_MAX);
	err = rewrite(s, sdp, verdicts, &out);
	r.sdp = ms_buf_span(&out);
	r.changed = !ms_span_eq(r.sdp, ms_span_of(s->answer, s->answer_len));
	if (final) {
		drop_rejected(s, verdicts);
		ms_anchor_plan_clear(s);
		/* Not the answer to an UPDATE before INVITE's. */
		if (s->initial)
			ms_anchor_fork_end(s);
	}
	s->answered = !final;
	s->step = final ? MS_ANCHOR_IDLE : MS_ANCHOR_OFFERED;
	if (final && a->h.changed)
		a->h.changed(a->h.arg, s);
	if (err)
		ms_anchor_refuse(s, s->step, 500, "anchor_internal", 0);
	else
		ms_anchor_finish(s, s->step, &r);
}

static void failed(struct ms_anchor_session *s, int err, uint16_t h248)
{
	const char *reason;
	int status;

	ms_anchor_failure(err, h248, &status, &reason);
	ms_anchor_plan_clear(s);
	ms_anchor_refuse(s, MS_ANCHOR_IDLE, status, reason, h248);
}

static int parse_answer(const struct ms_anchor_session *s, struct ms_sdp *sdp,
			struct verdict *verdicts, const char **ret_reason)
{
	int err = ms_sdp_parse(ms_span_of(s->answer, s->answer_len), NULL, NULL, sdp);

	*ret_reason = "anchor_sdp";
	if (err)
		return err == -ENOMEM ? err : -EPROTO;
	return judge_all(s, sdp, verdicts, ret_reason);
}

static void on_configured(void *arg, struct ms_mgc_context *c, int status, uint16_t error,
			  const struct ms_mgc_result *results, size_t n)
{
	struct ms_anchor_session *s = arg;
	struct verdict verdicts[MS_ANCHOR_MEDIA_MAX] = { { .accepted = false } };
	struct ms_sdp sdp = { .lines = NULL };
	const char *reason;
	int err = status;

	(void)c;
	if (!err) {
		take_results(s, results, n);
		err = parse_answer(s, &sdp, verdicts, &reason);
	}
	if (err)
		failed(s, err, error);
	else
		complete(s, &sdp, verdicts);
	ms_sdp_done(&sdp);
}

/* ---- the door ---- */

/* `of_invite`: others may pick up, or this one without saying it again. */
static int keep_answer(struct ms_anchor_session *s, struct ms_span dialog, struct ms_span sdp,
		       bool of_invite)
{
	char *text = ms_strdup_span(sdp);
	int err = !text ? -ENOMEM : of_invite ? ms_anchor_fork_keep(s, dialog, sdp) : 0;

	if (err) {
		ms_free(text);
		return err;
	}
	ms_free(s->answer);
	s->answer = text;
	s->answer_len = sdp.len;
	return 0;
}

/* The gateway's configuration is another dialog's, and stays so until somebody picks up there. */
static bool only_rewrite(const struct ms_anchor_session *s, struct ms_span dialog)
{
	return !s->final && ms_anchor_fork_is_other(s, dialog);
}

static bool any_accepted(const struct ms_anchor_session *s, const struct verdict *verdicts)
{
	for (size_t i = 0; i < s->n_plan; i++)
		if (verdicts[i].accepted)
			return true;
	return false;
}

static int configure(struct ms_anchor_session *s, const struct verdict *verdicts)
{
	struct ms_mgc_procedure *p;
	int err = ms_mgc_begin(s->context, &p);

	for (size_t i = 0; !err && i < s->n_plan; i++) {
		err = put_line(s, p, i, &verdicts[i]);
		if (err)
			ms_mgc_abandon(p);
	}
	return err ? err : ms_mgc_run(p, s->now, on_configured, s);
}

static int take_answer(struct ms_anchor_session *s, struct ms_span dialog, const struct ms_sdp *sdp,
		       const struct verdict *verdicts)
{
	int err;

	if (ms_anchor_fork_is_other(s, dialog))
		ms_anchor_count(s->anchor, "anchor_fork_switched");
	err = ms_span_to_str(dialog, s->winner, sizeof(s->winner));
	s->step = MS_ANCHOR_ANSWERING;
	/* of a session without such lines the whole context goes, see drop_rejected() */
	if (!err)
		err = s->context && (!s->final || any_accepted(s, verdicts))
			      ? configure(s, verdicts)
			      : -ENODATA;
	if (err != -ENODATA)
		return err;
	complete(s, sdp, verdicts); /* there is nothing for the gateway to do */
	return 0;
}

static void answer(struct ms_anchor_session *s, struct ms_span dialog)
{
	struct verdict verdicts[MS_ANCHOR_MEDIA_MAX] = { { .accepted = false } };
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	struct ms_sdp sdp = { .lines = NULL };
	const char *reason;
	int err = parse_answer(s, &sdp, verdicts, &reason);

	ms_buf_init(&out, MS_ANCHOR_TEXT_MAX);
	if (err == -EPROTO) {
		ms_anchor_refuse(s, MS_ANCHOR_OFFERED, 488, reason, 0);
	} else if (!err && only_rewrite(s, dialog)) {
		err = rewrite(s, &sdp, verdicts, &out);
		emit(s, MS_ANCHOR_OFFERED, err, &out);
	} else {
		err = err ? err : take_answer(s, dialog, &sdp, verdicts);
		if (err)
			failed(s, err, 0);
	}
	ms_sdp_done(&sdp);
}

/* An early answer to INVITE's offer, while the dialog that has the gateway is further on. */
static void answer_aside(struct ms_anchor_session *s)
{
	struct verdict verdicts[MS_ANCHOR_MEDIA_MAX] = { { .accepted = false } };
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	struct ms_sdp sdp = { .lines = NULL };
	const char *reason = "anchor_fork_offer";
	int err = ms_anchor_fork_borrow(s);

	ms_buf_init(&out, MS_ANCHOR_TEXT_MAX);
	if (!err) {
		err = parse_answer(s, &sdp, verdicts, &reason);
		if (!err)
			err = rewrite(s, &sdp, verdicts, &out);
		ms_anchor_fork_give_back(s);
	}
	ms_sdp_done(&sdp);
	if (err == -EPROTO)
		ms_anchor_refuse(s, s->step, 488, reason, 0);
	else
		emit(s, s->step, err, &out);
}

/* The final one: what the other dialog offered and nobody answered is no more. */
static int make_way(struct ms_anchor_session *s, ms_usec now)
{
	if (s->step == MS_ANCHOR_OFFERED)
		ms_anchor_rollback(s, now);
	if (s->step != MS_ANCHOR_IDLE)
		return -EBUSY;
	return ms_anchor_fork_take_up(s);
}

/* Where a session stands as to an answer in that dialog. */
static int prepare(struct ms_anchor_session *s, bool aside, bool final, ms_usec now)
{
	if (aside && (s->step == MS_ANCHOR_IDLE || s->step == MS_ANCHOR_OFFERED))
		return final ? make_way(s, now) : 0;
	if (s->step == MS_ANCHOR_OFFERED)
		return 0;
	return s->step == MS_ANCHOR_IDLE ? -ENOENT : -EBUSY;
}

int ms_anchor_answer(struct ms_anchor_session *s, struct ms_span dialog, struct ms_span sdp,
		     bool final, ms_usec now, ms_anchor_done *done, void *arg)
{
	bool aside = s->first.plan && ms_anchor_fork_is_other(s, dialog);
	int err = prepare(s, aside, final, now), kept;

	if (err && err != -EPROTO)
		return err;
	kept = keep_answer(s, dialog, sdp, aside || s->initial || !s->early);
	if (kept == -ENOMEM)
		return kept;
	s->done = done;
	s->arg = arg;
	s->now = now;
	s->final = final;
	if (kept)
		ms_anchor_refuse(s, s->step, 488, "anchor_forks", 0);
	else if (err)
		ms_anchor_refuse(s, s->step, 488, "anchor_fork_offer", 0);
	else if (aside && !final)
		answer_aside(s);
	else
		answer(s, dialog);
	return 0;
}

/* INVITE's answer came before, or more was agreed in that dialog since. */
static bool is_settled(const struct ms_anchor_session *s, struct ms_span dialog)
{
	if (s->first.plan)
		return !ms_anchor_fork_is_other(s, dialog);
	return s->step == MS_ANCHOR_IDLE;
}

int ms_anchor_confirm(struct ms_anchor_session *s, struct ms_span dialog, ms_usec now,
		      ms_anchor_done *done, void *arg)
{
	struct ms_anchor_result r = { .status = 0 };
	const struct ms_anchor_fork *f = ms_anchor_fork_find(s, dialog);

	if (is_settled(s, dialog)) {
		ms_anchor_fork_end(s);
		if (done)
			done(arg, s, &r);
		return 0;
	}
	if (f)
		return ms_anchor_answer(s, dialog, ms_span_str(f->sdp), true, now, done, arg);
	return s->step == MS_ANCHOR_OFFERED || s->step == MS_ANCHOR_IDLE ? -ENOENT : -EBUSY;
}
