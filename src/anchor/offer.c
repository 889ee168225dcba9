/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An offer: what is to become of each line, what the gateway must reserve on the other side (TS 23.334
 * "Reserve AGW Connection Point", TS 29.162 clause 10.1.3.1.1), and the offer that goes on.
 */
#include <errno.h>
#include <string.h>

#include "anchor/anchor-priv.h"
#include "core/alloc.h"

/* ---- the plan ---- */

bool ms_anchor_line_fits(const struct ms_anchor_line *l, const struct ms_anchor_decision *d)
{
	return l && l->treatment == d->treatment && l->medium == d->medium && l->mode == d->mode;
}

static int plan_line(struct ms_anchor_session *s, const struct ms_sdp *sdp, size_t i,
		     const char **ret_reason)
{
	const struct ms_sdp_media *m = &sdp->media[i];
	struct ms_anchor_plan *p = &s->plan[i];
	struct ms_anchor_line *had = s->line[i];
	struct ms_anchor_decision d;
	int err;

	p->offerer_is_ue = s->from == MS_ANCHOR_ACCESS;
	if (m->port == 0) {
		p->rejected = true;
		p->line = had; /* its transport has another name on the other side */
		return 0;
	}
	err = ms_anchor_decide(s, m, s->from, had, &d, ret_reason);
	if (err)
		return err;
	p->decided = d;
	if (d.treatment == MS_ANCHOR_UNTOUCHED) {
		p->stale = had;
		return 0;
	}
	err = ms_anchor_party_read(s->anchor, sdp, m, d.mode,
				   d.treatment == MS_ANCHOR_E2AE && s->from == MS_ANCHOR_ACCESS,
				   &p->party, ret_reason);
	if (err)
		return err;
	p->out = ms_anchor_setup_out(s, p->party.setup, ms_anchor_other(s->from));
	if (ms_anchor_line_fits(had, &d)) {
		p->line = had;
		return 0;
	}
	p->stale = had;
	p->line = ms_anchor_line_new(s);
	if (!p->line) {
		*ret_reason = "anchor_lines";
		return -EPROTO;
	}
	p->fresh = true;
	p->line->treatment = d.treatment;
	p->line->medium = d.medium;
	p->line->mode = d.mode;
	return 0;
}

static int plan_offer(struct ms_anchor_session *s, const struct ms_sdp *sdp,
		      const char **ret_reason)
{
	int err = 0;

	/* RFC 3264 section 8: lines never become fewer */
	if (sdp->n_media > MS_ANCHOR_MEDIA_MAX || sdp->n_media < s->n_media) {
		*ret_reason = "anchor_lines";
		return -EPROTO;
	}
	s->plan = ms_calloc(sdp->n_media ? sdp->n_media : 1, sizeof(*s->plan));
	if (!s->plan)
		return -ENOMEM;
	s->n_plan = sdp->n_media;
	for (size_t i = 0; !err && i < s->n_plan; i++)
		err = plan_line(s, sdp, i, ret_reason);
	return err;
}

/* ---- refusals ---- */

static void fail(struct ms_anchor_session *s, int err, uint16_t h248)
{
	const char *reason;
	int status;

	ms_anchor_failure(err, h248, &status, &reason);
	ms_anchor_undo(s, s->now);
	ms_anchor_refuse(s, s->step, status, reason, h248);
}

/* ---- the offer that goes on ---- */

static int rewrite(const struct ms_anchor_session *s, struct ms_buf *out)
{
	enum ms_anchor_side to = ms_anchor_other(s->from);
	struct ms_anchor_edit edits[MS_ANCHOR_MEDIA_MAX] = { { .line = NULL } };
	struct ms_sdp sdp;
	int err = ms_sdp_parse(ms_span_of(s->offer, s->offer_len), NULL, NULL, &sdp);

	if (err)
		return err;
	for (size_t i = 0; i < s->n_plan; i++) {
		edits[i].line = s->plan[i].line;
		edits[i].setup = s->plan[i].out;
		edits[i].applied = to == MS_ANCHOR_ACCESS;
	}
	err = ms_anchor_rewrite(&sdp, edits, to, out);
	ms_sdp_done(&sdp);
	return err;
}

static void emit(struct ms_anchor_session *s)
{
	struct ms_anchor_result r = { .status = 0 };
	struct ms_buf out;
	int err;

	ms_buf_init(&out, MS_ANCHOR_TEXT_MAX);
	err = rewrite(s, &out);
	if (err) {
		fail(s, err, 0);
	} else {
		r.sdp = ms_buf_span(&out);
		r.changed = !ms_span_eq(r.sdp, ms_span_of(s->offer, s->offer_len));
		ms_anchor_finish(s, MS_ANCHOR_OFFERED, &r);
	}
	ms_buf_done(&out);
}

/* ---- reservation ---- */

static int reserve(struct ms_anchor_session *s, struct ms_mgc_gateway *not_at);

/* Another gateway may have what this one lacks, as long as nothing of the session is at this one. */
static bool move(struct ms_anchor_session *s)
{
	struct ms_mgc_gateway *g = ms_mgc_context_gateway(s->context);

	if (!s->initial || s->tries++ || ms_mgc_context_id(s->context) != MS_H248_CONTEXT_CHOOSE)
		return false;
	s->context = ms_mgc_context_release(s->context, s->now);
	ms_anchor_count(s->anchor, "anchor_moved");
	return reserve(s, g) == 0;
}

static void on_reserved(void *arg, struct ms_mgc_context *c, int status, uint16_t error,
			const struct ms_mgc_result *results, size_t n)
{
	struct ms_anchor_session *s = arg;
	enum ms_anchor_side to = ms_anchor_other(s->from);
	size_t r = 0;

	(void)c;
	if (status) {
		if (s->step != MS_ANCHOR_OFFERING)
			ms_anchor_undo(s, s->now);
		else if (!move(s))
			fail(s, status, error);
		return;
	}
	for (size_t i = 0; i < s->n_plan; i++) {
		struct ms_anchor_line *l = s->plan[i].line;

		if (l && r < n && results[r].slot == MS_ANCHOR_SLOT(l, to))
			ms_anchor_end_take(&l->end[to], results[r++].bearer);
	}
	if (s->step == MS_ANCHOR_UNDOING)
		ms_anchor_undo(s, s->now);
	else
		emit(s);
}

static bool to_reserve(const struct ms_anchor_session *s, const struct ms_anchor_plan *p)
{
	return p->line && !p->rejected && !p->line->end[ms_anchor_other(s->from)].there;
}

static int put_reservations(struct ms_anchor_session *s, struct ms_mgc_procedure *p)
{
	enum ms_anchor_side to = ms_anchor_other(s->from);
	int err = 0;

	for (size_t i = 0; !err && i < s->n_plan; i++) {
		const struct ms_anchor_plan *plan = &s->plan[i];
		struct ms_bearer b;

		if (!to_reserve(s, plan))
			continue;
		ms_anchor_bearer_reserve(s, plan->line, to, plan->out, &plan->party, &b);
		err = ms_mgc_reserve(p, MS_ANCHOR_SLOT(plan->line, to),
				     (uint16_t)(plan->line->k + 1), &b);
	}
	return err;
}

static int open_context(struct ms_anchor_session *s, struct ms_mgc_gateway *not_at)
{
	const struct ms_anchor_policy *p = &s->anchor->p;
	struct ms_mgc_want want = { .realms = { p->realm[0], p->realm[1] }, .not_at = not_at };
	struct ms_mgc_context_handlers h = ms_anchor_context_handlers(s);

	return s->context ? 0 : ms_mgc_context_new(s->anchor->mgc, &want, &h, s->now, &s->context);
}

static int reserve(struct ms_anchor_session *s, struct ms_mgc_gateway *not_at)
{
	struct ms_mgc_procedure *p;
	int err = open_context(s, not_at);

	if (!err)
		err = ms_mgc_begin(s->context, &p);
	if (err)
		return err;
	err = put_reservations(s, p);
	if (err) {
		ms_mgc_abandon(p);
		return err;
	}
	return ms_mgc_run(p, s->now, on_reserved, s);
}

/* ---- the door ---- */

static bool may_offer(struct ms_anchor_session *s, struct ms_span dialog, int *ret_err)
{
	/* UPDATE in an early dialog whose answer stands */
	bool update = s->step == MS_ANCHOR_OFFERED && s->answered;

	*ret_err = update || s->step == MS_ANCHOR_IDLE ? 0 : -EBUSY;
	if (*ret_err || ms_anchor_fork_is_other(s, dialog))
		return false;
	if (update)
		ms_anchor_fork_put_aside(s);
	return true;
}

static int keep_offer(struct ms_anchor_session *s, enum ms_anchor_side from, struct ms_span dialog,
		      struct ms_span sdp, ms_usec now)
{
	if (!s->early)
		ms_anchor_fork_end(s); /* what a change that failed left behind */
	s->offer = ms_strdup_span(sdp);
	if (!s->offer)
		return -ENOMEM;
	s->offer_len = sdp.len;
	s->from = from;
	s->initial = s->n_media == 0;
	if (s->initial) {
		s->early = dialog.len == 0;
		s->winner[0] = '\0';
	}
	s->tries = 0;
	s->now = now;
	return 0;
}

int ms_anchor_offer(struct ms_anchor_session *s, enum ms_anchor_side from, struct ms_span dialog,
		    struct ms_span text, ms_usec now, ms_anchor_done *done, void *arg)
{
	const char *reason = "anchor_sdp";
	struct ms_sdp sdp = { .lines = NULL };
	bool any = false;
	int err;

	if (!may_offer(s, dialog, &err)) {
		if (err)
			return err;
		s->done = done;
		s->arg = arg;
		ms_anchor_refuse(s, s->step, 488, "anchor_fork_offer", 0);
		return 0;
	}
	err = keep_offer(s, from, dialog, text, now);
	if (err)
		return err;
	s->done = done;
	s->arg = arg;
	s->step = MS_ANCHOR_OFFERING;
	err = ms_sdp_parse(ms_span_of(s->offer, s->offer_len), NULL, NULL, &sdp);
	if (!err)
		err = plan_offer(s, &sdp, &reason);
	else if (err != -ENOMEM)
		err = -EPROTO;
	ms_sdp_done(&sdp);
	if (err == -EPROTO) {
		ms_anchor_plan_clear(s);
		ms_anchor_refuse(s, MS_ANCHOR_IDLE, 488, reason, 0);
		return 0;
	}
	for (size_t i = 0; !err && i < s->n_plan; i++)
		any = any || to_reserve(s, &s->plan[i]);
	if (!err && any)
		err = reserve(s, NULL);
	if (err)
		fail(s, err, 0);
	else if (!any)
		emit(s);
	return 0;
}
