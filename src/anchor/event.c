/* SPDX-License-Identifier: Apache-2.0 */
/* What fails: offers that are taken back, bearers, contexts, gateways. */
#include <errno.h>

#include "anchor/anchor-priv.h"
#include "core/alloc.h"

/* ---- taking back ---- */

static void on_undone(void *arg, struct ms_mgc_context *c, int status, uint16_t error,
		      const struct ms_mgc_result *results, size_t n)
{
	struct ms_anchor_session *s = arg;

	/* what could not be subtracted is found by hangterm/thb */
	(void)c;
	(void)status;
	(void)error;
	(void)results;
	(void)n;
	s->step = MS_ANCHOR_IDLE;
}

/* 1: there is something to subtract; 0: nothing. */
static int put_fresh(const struct ms_anchor_session *s, struct ms_mgc_procedure *p)
{
	int err = 0, any = 0;

	for (size_t i = 0; i < s->n_plan; i++) {
		const struct ms_anchor_line *l = s->plan[i].fresh ? s->plan[i].line : NULL;

		for (unsigned side = 0; l && !err && side < 2; side++)
			if (l->end[side].there) {
				err = ms_mgc_release(p, MS_ANCHOR_SLOT(l, side));
				any = 1;
			}
	}
	return err ? err : any;
}

static bool subtract_fresh(struct ms_anchor_session *s, ms_usec now)
{
	struct ms_mgc_procedure *p;

	if (!s->context || ms_mgc_begin(s->context, &p))
		return false;
	if (put_fresh(s, p) != 1) {
		ms_mgc_abandon(p);
		return false;
	}
	return ms_mgc_run(p, now, on_undone, s) == 0;
}

void ms_anchor_undo(struct ms_anchor_session *s, ms_usec now)
{
	/* a procedure that cannot be sent may be over before ms_mgc_run() returns */
	s->step = MS_ANCHOR_UNDOING;
	if (s->initial) {
		s->context = ms_mgc_context_release(s->context, now);
		for (size_t i = 0; i < MS_ANCHOR_MEDIA_MAX; i++)
			s->line[i] = ms_free(s->line[i]);
		s->n_media = 0;
		s->winner[0] = '\0';
		ms_anchor_fork_end(s);
		s->step = MS_ANCHOR_IDLE;
	} else if (!subtract_fresh(s, now)) {
		s->step = MS_ANCHOR_IDLE;
	}
	ms_anchor_plan_clear(s);
}

void ms_anchor_rollback(struct ms_anchor_session *s, ms_usec now)
{
	s->done = NULL;
	switch (s->step) {
	case MS_ANCHOR_IDLE:
	case MS_ANCHOR_UNDOING:
		break;
	case MS_ANCHOR_OFFERED:
		/* an answer that was given before the refusal stays in force: RFC 6141 section 3.4 */
		ms_anchor_undo(s, now);
		break;
	case MS_ANCHOR_OFFERING:
	case MS_ANCHOR_ANSWERING:
		if (s->initial)
			ms_anchor_undo(s, now);
		else if (s->step == MS_ANCHOR_OFFERING)
			s->step = MS_ANCHOR_UNDOING; /* when the reservation's reply is here */
		break;
	}
}

/* ---- ends ---- */

static void end(struct ms_anchor_session *s, const char *reason, const char *detail)
{
	const struct ms_anchor_handlers *h = &s->anchor->h;

	if (s->ended)
		return;
	s->ended = true;
	ms_anchor_count(s->anchor, reason);
	h->end(h->arg, s, 503, reason, detail);
}

static void on_lost(void *arg, struct ms_mgc_context *c, enum ms_mgc_lost why)
{
	static const char *const words[] = {
		[MS_MGC_LOST_GATEWAY] = "gateway does not answer",
		[MS_MGC_LOST_RESTART] = "gateway restarted",
		[MS_MGC_LOST_UNKNOWN] = "gateway does not know the context",
	};
	struct ms_anchor_session *s = arg;

	(void)c;
	s->context = ms_mgc_context_release(s->context, 0);
	end(s, "anchor_gateway_lost", words[why]);
}

/* Is there still a line on which something can pass? */
static bool anything_left(const struct ms_anchor_session *s)
{
	for (size_t i = 0; i < s->n_media; i++)
		if (s->line[i] && s->line[i]->up && !s->line[i]->failed)
			return true;
	return s->others_up;
}

/* Of a dialog that still rings: it may pick up elsewhere, and its final answer tries again. */
static bool may_come_yet(const struct ms_anchor_session *s, unsigned side)
{
	return s->early && s->initial && s->step == MS_ANCHOR_OFFERED && side != s->from;
}

/* A line whose bearer did not come up is over; a session that has no other ends with it. */
static void line_failed(struct ms_anchor_session *s, struct ms_anchor_line *l, unsigned side,
			const struct ms_bearer_event *e)
{
	const char *reason = e->kind == MS_BEARER_TLS_FAILED   ? "anchor_tls_failed"
			     : e->kind == MS_BEARER_TCP_FAILED ? "anchor_tcp_failed"
							       : "anchor_bearer_released";

	l->failed = true;
	if (anything_left(s) || may_come_yet(s, side))
		ms_anchor_count(s->anchor, reason);
	else
		end(s, reason, e->cause);
}

/* The gateway took it away; a party that hangs up does so by SIP. */
static bool by_gateway(const struct ms_bearer_event *e)
{
	return e->kind == MS_BEARER_RELEASED &&
	       (e->general == MS_BEARER_UNAVAILABLE ||
		ms_span_is(ms_span_str(e->cause), "worker-lost") ||
		ms_span_is(ms_span_str(e->cause), "service-change"));
}

static void on_event(void *arg, struct ms_mgc_context *c, unsigned slot,
		     const struct ms_bearer_event *e)
{
	struct ms_anchor_session *s = arg;
	const struct ms_anchor_handlers *h = &s->anchor->h;
	struct ms_anchor_line *l = NULL;
	size_t i;

	(void)c;
	for (i = 0; i < MS_ANCHOR_MEDIA_MAX && !l; i++)
		if (s->line[i] && s->line[i]->k == slot / 2)
			l = s->line[i];
	if (!l)
		return;
	if (h->event)
		h->event(h->arg, s, i - 1, (enum ms_anchor_side)(slot % 2), e);
	if (e->kind == MS_BEARER_TLS_FAILED || e->kind == MS_BEARER_TCP_FAILED || by_gateway(e))
		line_failed(s, l, slot % 2, e);
	else if (e->kind == MS_BEARER_RELEASED)
		ms_anchor_count(s->anchor, "anchor_bearer_released");
}

struct ms_mgc_context_handlers ms_anchor_context_handlers(struct ms_anchor_session *s)
{
	return (struct ms_mgc_context_handlers){ on_event, on_lost, s };
}
