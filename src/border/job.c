/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptions on their way to the anchor, a session's one after the other, and what becomes of the request
 * or response that brought each: it goes on with the anchor's text, or somebody is told why not.
 */
#include <errno.h>
#include <inttypes.h>

#include "border/body.h"
#include "border/session-priv.h"
#include "core/alloc.h"

#define AGAIN (20 * MS_MSEC) /* how soon a job is tried that the anchor was too busy for */

struct ms_border_job {
	struct ms_list link;
	struct ms_border_session *session;
	struct ms_border_call *call; /* NULL: gone meanwhile */
	struct ms_sip_packet *m;     /* counted: the request or response */
	enum ms_border_what what;
	enum ms_anchor_side from;
	bool final;
	char *dialog; /* the callee's tag, or "" */
};

/* ---- the end of a job ---- */

static void free_job(struct ms_border_job *j)
{
	ms_list_remove(&j->link);
	ms_sip_packet_unref(j->m);
	ms_free(j->dialog);
	ms_free(j);
}

/* The ACK may come again, and then finds no offer: it shall say the same as before. */
static void keep_ack(struct ms_border_session *s, const struct ms_border_job *j, struct ms_span sdp)
{
	if (!ms_sip_packet_is(j->m, "ACK"))
		return;
	ms_free(s->ack_body);
	s->ack_body = ms_strdup_span(sdp);
	s->ack_cseq = j->m->cseq;
}

static void go_on(struct ms_border_job *j, const struct ms_anchor_result *r)
{
	bool new_body = j->what != MS_BORDER_CONFIRM && r->changed;

	if (j->m->request)
		ms_border_call_forward(j->call, new_body, r->sdp);
	else
		ms_border_call_pass(j->call, j->m, new_body, r->sdp);
}

/* Who answered takes the call, or its change, for made: he is told otherwise. */
static void end_answered(struct ms_border_job *j, unsigned status)
{
	struct ms_border_session *s = j->session;

	if (ms_sip_exchange_request(j->call->x)->to_tag.len > 0) {
		ms_border_session_release(s, status, "Media refused");
		return;
	}
	ms_border_call_drop_2xx(j->call, j->m, status, "Media refused");
	ms_border_session_end(s);
}

/* RFC 3261 section 21.4.13: 415 says what would do. */
static void reject(struct ms_border_call *c, unsigned status)
{
	static const struct ms_sip_edit identity = { "Accept-Encoding",
						     { (const uint8_t *)"identity", 8 },
						     false };
	struct ms_sip_change change = { .edits = &identity, .n_edits = status == 415 ? 1 : 0 };

	ms_sip_exchange_reject(c->x, status, NULL, &change);
}

static void refuse_request(struct ms_border_job *j, unsigned status)
{
	struct ms_border_session *s = j->session;

	/* ACK cannot be refused: what it would answer is over. */
	if (ms_sip_packet_is(j->m, "ACK"))
		ms_border_session_release(s, status, "Media refused");
	/* The offer still waits for its answer: another PRACK may have a better one. */
	else if (j->what == MS_BORDER_ANSWER)
		s->late_offer = true;
	reject(j->call, status);
	if (s->invite == j->call) {
		s->invite = NULL;
		ms_border_session_end(s);
	}
}

/* Nobody relies on it yet: the same answer, or a better one, comes in a later response. */
static bool may_be_left_out(const struct ms_border_job *j, unsigned status)
{
	return status == 488 && j->m->status < 200 && ms_sip_packet_get(j->m, "RSeq").len == 0;
}

static void refuse_response(struct ms_border_job *j, unsigned status)
{
	struct ms_border_session *s = j->session;
	struct ms_border_call *c = j->call;

	if (may_be_left_out(j, status)) {
		ms_border_call_pass(c, j->m, true, MS_SPAN_NULL);
		return;
	}
	if (ms_sip_packet_is_success(j->m))
		end_answered(j, status);
	ms_sip_exchange_replace(c->x, status, NULL);
	/* The call that rang is cancelled with this. */
	if (s->invite == c) {
		s->invite = NULL;
		ms_border_session_end(s);
	}
}

/* The gateway or the rules say no: to whom, depends on who is waiting. */
static void refuse(struct ms_border_job *j, const struct ms_anchor_result *r)
{
	unsigned status = (unsigned)r->status;
	char text[MS_BORDER_SESSION_TEXT];

	ms_border_count(MS_BORDER_C_MEDIA_REFUSED);
	ms_border_count_reason("rejected", r->reason);
	MS_LOG(&ms_border_log, MS_LOG_INFO, "%s refused status=%u reason=%s h248=%u",
	       ms_border_session_text(j->session, text), status, r->reason ? r->reason : "-",
	       r->h248);
	if (j->m->request)
		refuse_request(j, status);
	else
		refuse_response(j, status);
}

/* The anchor has the offer: that of the request, or of somebody who has given up meanwhile. */
static void note_offer(struct ms_border_job *j)
{
	struct ms_border_session *s = j->session;

	s->offers++;
	if (j->call)
		j->call->offer = s->offers;
	else
		ms_anchor_rollback(s->media, ms_clock_mono());
}

static void on_done(void *arg, struct ms_anchor_session *media MS_UNUSED,
		    const struct ms_anchor_result *r)
{
	struct ms_border_job *j = arg;
	struct ms_border_session *s = j->session;

	s->busy = false;
	if (j->what == MS_BORDER_OFFER && r->status == 0)
		note_offer(j);
	if (s->state != MS_BORDER_ENDED)
		ms_timer_start(&s->next, 0);
	if (j->call && j->what == MS_BORDER_ANSWER && j->final && r->status == 0)
		j->call->settled = true;
	if (r->status == 0 && r->changed)
		keep_ack(s, j, r->sdp);
	if (j->call && r->status == 0)
		go_on(j, r);
	else if (j->call)
		refuse(j, r);
	free_job(j);
}

/* ---- doing them ---- */

static int start(struct ms_border_job *j)
{
	struct ms_anchor_session *media = j->session->media;
	struct ms_span dialog = ms_span_str(j->dialog), sdp = MS_SPAN_NULL;
	ms_usec now = ms_clock_mono();

	if (j->what != MS_BORDER_CONFIRM && ms_border_body_find(j->m, &sdp) != MS_BORDER_BODY_SDP)
		return -EBADMSG;
	switch (j->what) {
	case MS_BORDER_OFFER:
		return ms_anchor_offer(media, j->from, dialog, sdp, now, on_done, j);
	case MS_BORDER_ANSWER:
		return ms_anchor_answer(media, dialog, sdp, j->final, now, on_done, j);
	default:
		return ms_anchor_confirm(media, dialog, now, on_done, j);
	}
}

/* What nobody can tell is not passed: it could lead round the gateway. */
static struct ms_anchor_result unreadable(const struct ms_sip_packet *m)
{
	static const struct ms_anchor_result results[] = {
		[MS_BORDER_BODY_SEVERAL] = { .status = 488, .reason = "several_descriptions" },
		[MS_BORDER_BODY_ENCODED] = { .status = 415, .reason = "encoded_body" },
		[MS_BORDER_BODY_MALFORMED] = { .status = 400, .reason = "malformed_body" },
	};
	struct ms_span sdp;
	struct ms_anchor_result r = results[ms_border_body_find(m, &sdp)];

	/* The caller has done nothing wrong when an answer is. */
	if (!m->request)
		r.status = 488;
	return r;
}

static void not_started(struct ms_border_job *j, int err)
{
	struct ms_anchor_result r = { .status = 500, .reason = "media_failed" };

	if (err == -EBADMSG)
		r = unreadable(j->m);
	if (err == -EBUSY) {
		/* RFC 3311 section 5.2, RFC 3261 section 14.1: offers that cross. */
		ms_border_count(MS_BORDER_C_BUSY);
		r = (struct ms_anchor_result){ .status = 491, .reason = "glare" };
	}
	/* An answer to no offer: where the gateway is, it would tell of a way around it. */
	if (err == -ENOENT)
		r = (struct ms_anchor_result){
			.status = 0, .changed = ms_anchor_session_context(j->session->media) != NULL
		};
	on_done(j, j->session->media, &r);
}

void ms_border_job_next(struct ms_border_session *s)
{
	struct ms_border_job *j;
	int err;

	if (s->busy || ms_list_empty(&s->jobs) || s->state == MS_BORDER_ENDED)
		return;
	j = MS_CONTAINER_OF(s->jobs.next, struct ms_border_job, link);
	s->busy = true;
	err = start(j);
	if (err == -EBUSY && j->what != MS_BORDER_OFFER) {
		/* The gateway still takes back what another fork offered. */
		s->busy = false;
		ms_timer_start(&s->next, AGAIN);
	} else if (err < 0) {
		not_started(j, err);
	}
}

/* The caller's call-leg names nothing: dialogs are told by the callee's tag. */
/* ---- the queue ---- */

struct ms_span ms_border_dialog_of(const struct ms_border_session *s, const struct ms_sip_packet *m)
{
	return ms_span_is(m->from_tag, s->caller_tag) ? m->to_tag : m->from_tag;
}

/* The request cannot go on, or the response comes to its sender as a failure. */
static void give_up(struct ms_border_call *c, const struct ms_sip_packet *m)
{
	if (m->request)
		ms_sip_exchange_reject(c->x, 500, NULL, NULL);
	else
		ms_sip_exchange_replace(c->x, 500, NULL);
}

void ms_border_job_add(struct ms_border_session *s, struct ms_border_call *c,
		       const struct ms_sip_packet *m, enum ms_border_what what, bool final)
{
	const struct ms_sip_hop *hop =
		m->request ? ms_sip_exchange_from(c->x) : ms_sip_exchange_to(c->x);
	struct ms_border_job *j = ms_zalloc(sizeof(*j));

	if (j)
		j->dialog = ms_strdup_span(ms_border_dialog_of(s, m));
	if (!j || !j->dialog) {
		ms_free(j);
		give_up(c, m);
		return;
	}
	j->session = s;
	j->call = c;
	j->m = ms_sip_packet_ref((struct ms_sip_packet *)(uintptr_t)m);
	j->what = what;
	j->final = final;
	j->from = hop->side == MS_SIP_ACCESS ? MS_ANCHOR_ACCESS : MS_ANCHOR_CORE;
	ms_list_append(&s->jobs, &j->link);
	ms_border_job_next(s);
}

void ms_border_job_forget(struct ms_border_session *s, struct ms_border_call *c)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &s->jobs) {
		struct ms_border_job *j = MS_CONTAINER_OF(link, struct ms_border_job, link);

		if (j->call != c)
			continue;
		j->call = NULL;
		/* What is at the anchor comes back; what was not begun need not be. */
		if (!s->busy || link != s->jobs.next)
			free_job(j);
	}
}

void ms_border_job_drop_all(struct ms_border_session *s)
{
	s->busy = false;
	while (!ms_list_empty(&s->jobs))
		free_job(MS_CONTAINER_OF(s->jobs.next, struct ms_border_job, link));
}

void ms_border_job_abort(struct ms_border_session *s, const struct ms_border_call *c)
{
	struct ms_border_job *j;

	if (!s->busy || ms_list_empty(&s->jobs))
		return;
	j = MS_CONTAINER_OF(s->jobs.next, struct ms_border_job, link);
	s->busy = false;
	if (j->call && j->call != c)
		give_up(j->call, j->m);
	free_job(j);
	ms_timer_start(&s->next, 0);
}
