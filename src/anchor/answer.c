/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer on its way: read (verdict.c), the gateway configured for both parties (configure.c), and the
 * answer that goes on; which dialog's it is, as calls fork (RFC 3261 section 13.2.2.4).
 */
#include <errno.h>

#include "anchor/anchor-priv.h"
#include "core/alloc.h"

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

/* ---- the gateway has done it ---- */

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
static void commit(struct ms_anchor_session *s, const struct ms_anchor_verdict *verdicts)
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
static void drop_rejected(struct ms_anchor_session *s, const struct ms_anchor_verdict *verdicts)
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
		     const struct ms_anchor_verdict *verdicts)
{
	struct ms_anchor *a = s->anchor;
	bool final = s->final;
	struct ms_anchor_result r = { .status = 0 };
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	int err;

	commit(s, verdicts);
	note_others(s, sdp);
	ms_buf_init(&out, MS_ANCHOR_TEXT_MAX);
	err = ms_anchor_verdicts_rewrite(s, sdp, verdicts, &out);
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

static void on_configured(void *arg, struct ms_mgc_context *c, int status, uint16_t error,
			  const struct ms_mgc_result *results, size_t n)
{
	struct ms_anchor_session *s = arg;
	struct ms_anchor_verdict verdicts[MS_ANCHOR_MEDIA_MAX] = { { .accepted = false } };
	struct ms_sdp sdp = { .lines = NULL };
	const char *reason;
	int err = status;

	(void)c;
	if (!err) {
		ms_anchor_configured(s, results, n);
		err = ms_anchor_verdicts_read(s, &sdp, verdicts, &reason);
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

static bool any_accepted(const struct ms_anchor_session *s,
			 const struct ms_anchor_verdict *verdicts)
{
	for (size_t i = 0; i < s->n_plan; i++)
		if (verdicts[i].accepted)
			return true;
	return false;
}

static int take_answer(struct ms_anchor_session *s, struct ms_span dialog, const struct ms_sdp *sdp,
		       const struct ms_anchor_verdict *verdicts)
{
	int err;

	if (ms_anchor_fork_is_other(s, dialog))
		ms_anchor_count(s->anchor, "anchor_fork_switched");
	err = ms_span_to_str(dialog, s->winner, sizeof(s->winner));
	s->step = MS_ANCHOR_ANSWERING;
	/* of a session without such lines the whole context goes, see drop_rejected() */
	if (!err)
		err = s->context && (!s->final || any_accepted(s, verdicts))
			      ? ms_anchor_configure(s, verdicts, on_configured)
			      : -ENODATA;
	if (err != -ENODATA)
		return err;
	complete(s, sdp, verdicts); /* there is nothing for the gateway to do */
	return 0;
}

static void answer(struct ms_anchor_session *s, struct ms_span dialog)
{
	struct ms_anchor_verdict verdicts[MS_ANCHOR_MEDIA_MAX] = { { .accepted = false } };
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	struct ms_sdp sdp = { .lines = NULL };
	const char *reason;
	int err = ms_anchor_verdicts_read(s, &sdp, verdicts, &reason);

	ms_buf_init(&out, MS_ANCHOR_TEXT_MAX);
	if (err == -EPROTO) {
		ms_anchor_refuse(s, MS_ANCHOR_OFFERED, 488, reason, 0);
	} else if (!err && only_rewrite(s, dialog)) {
		err = ms_anchor_verdicts_rewrite(s, &sdp, verdicts, &out);
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
	struct ms_anchor_verdict verdicts[MS_ANCHOR_MEDIA_MAX] = { { .accepted = false } };
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	struct ms_sdp sdp = { .lines = NULL };
	const char *reason = "anchor_fork_offer";
	int err = ms_anchor_fork_borrow(s);

	ms_buf_init(&out, MS_ANCHOR_TEXT_MAX);
	if (!err) {
		err = ms_anchor_verdicts_read(s, &sdp, verdicts, &reason);
		if (!err)
			err = ms_anchor_verdicts_rewrite(s, &sdp, verdicts, &out);
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
