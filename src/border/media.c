/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offer and answer on their way through (RFC 3264, RFC 3261 section 13.2.1, RFC 3262 section 5, RFC 3311
 * section 5, RFC 6337): which description is which, and one after the other to the anchor.
 *
 *   offers:  INVITE, UPDATE, PRACK; a reliable response to an INVITE without one
 *   answers: the responses to those; PRACK or ACK after an offer in a response
 */
#include <errno.h>
#include <inttypes.h>

#include "border/body.h"
#include "border/gateways.h"
#include "border/session-priv.h"
#include "core/alloc.h"

#define AGAIN (20 * MS_MSEC)

enum what { OFFER, ANSWER, CONFIRM };

struct ms_border_job {
	struct ms_list link;
	struct ms_border_session *session;
	struct ms_border_call *call; /* NULL: gone meanwhile */
	struct ms_sip_packet *m;     /* counted: the request or response */
	enum what what;
	enum ms_anchor_side from;
	bool final;
	char *dialog; /* the callee's tag, or "" */
};

/* Or something of which we cannot tell: then the job's start() refuses it. */
static bool has_description(const struct ms_sip_packet *m)
{
	struct ms_span sdp;

	return ms_border_body_find(m, &sdp) != MS_BORDER_BODY_NONE;
}

static bool is_success(const struct ms_sip_packet *m)
{
	return m->status >= 200 && m->status < 300;
}

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
	bool new_body = j->what != CONFIRM && r->changed;

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
	else if (j->what == ANSWER)
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
	if (is_success(j->m))
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

	ms_border_count(MS_BORDER_C_MEDIA_REFUSED);
	ms_border_count_reason("rejected", r->reason);
	MS_LOG(&ms_border_log, MS_LOG_INFO,
	       "session=%" PRIu64 " refused status=%u reason=%s h248=%u", j->session->id, status,
	       r->reason ? r->reason : "-", r->h248);
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
	if (j->what == OFFER && r->status == 0)
		note_offer(j);
	if (s->state != MS_BORDER_ENDED)
		ms_timer_start(&s->next, 0);
	if (j->call && j->what == ANSWER && j->final && r->status == 0)
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

	if (j->what != CONFIRM && ms_border_body_find(j->m, &sdp) != MS_BORDER_BODY_SDP)
		return -EBADMSG;
	switch (j->what) {
	case OFFER:
		return ms_anchor_offer(media, j->from, dialog, sdp, now, on_done, j);
	case ANSWER:
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

void ms_border_media_next(struct ms_border_session *s)
{
	struct ms_border_job *j;
	int err;

	if (s->busy || ms_list_empty(&s->jobs) || s->state == MS_BORDER_ENDED)
		return;
	j = MS_CONTAINER_OF(s->jobs.next, struct ms_border_job, link);
	s->busy = true;
	err = start(j);
	if (err == -EBUSY && j->what != OFFER) {
		/* The gateway still takes back what another fork offered. */
		s->busy = false;
		ms_timer_start(&s->next, AGAIN);
	} else if (err < 0) {
		not_started(j, err);
	}
}

/* The caller's call-leg names nothing: dialogs are told by the callee's tag. */
static struct ms_span dialog_of(const struct ms_border_session *s, const struct ms_sip_packet *m)
{
	return ms_span_is(m->from_tag, s->caller_tag) ? m->to_tag : m->from_tag;
}

static bool add(struct ms_border_session *s, struct ms_border_call *c,
		const struct ms_sip_packet *m, enum what what, bool final)
{
	const struct ms_sip_hop *hop =
		m->request ? ms_sip_exchange_from(c->x) : ms_sip_exchange_to(c->x);
	struct ms_border_job *j = ms_zalloc(sizeof(*j));

	if (j)
		j->dialog = ms_strdup_span(dialog_of(s, m));
	if (!j || !j->dialog) {
		ms_free(j);
		if (m->request)
			ms_sip_exchange_reject(c->x, 500, NULL, NULL);
		else
			ms_sip_exchange_replace(c->x, 500, NULL);
		return true;
	}
	j->session = s;
	j->call = c;
	j->m = ms_sip_packet_ref((struct ms_sip_packet *)(uintptr_t)m);
	j->what = what;
	j->final = final;
	j->from = hop->side == MS_SIP_ACCESS ? MS_ANCHOR_ACCESS : MS_ANCHOR_CORE;
	ms_list_append(&s->jobs, &j->link);
	ms_border_media_next(s);
	return true;
}

void ms_border_media_forget(struct ms_border_session *s, struct ms_border_call *c)
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

void ms_border_media_done(struct ms_border_session *s)
{
	if (s->media)
		s->media = ms_anchor_release(s->media, ms_clock_mono());
	s->busy = false;
	while (!ms_list_empty(&s->jobs))
		free_job(MS_CONTAINER_OF(s->jobs.next, struct ms_border_job, link));
}

/* ---- which is which ---- */

/* In a dialog of another fork than the one that was answered, which has the endpoints at the gateway. */
static bool of_a_loser(const struct ms_border_session *s, const struct ms_sip_packet *m)
{
	return s->winner && ms_anchor_session_context(s->media) &&
	       !ms_span_is(dialog_of(s, m), s->winner);
}

/* It would change the media of the call that is on. As the caller's end will have it in a moment. */
static bool refuse_loser(const struct ms_border_call *c)
{
	ms_border_reject(c->border, c->x, 481, "lost_fork", NULL);
	return true;
}

/* The same ACK again goes on with the same body. */
static bool ack_again(struct ms_border_session *s, struct ms_border_call *c,
		      const struct ms_sip_packet *m)
{
	if (!s->ack_body || s->ack_cseq != m->cseq)
		return false;
	ms_border_call_forward(c, true, ms_span_str(s->ack_body));
	return true;
}

bool ms_border_media_request(struct ms_border_session *s, struct ms_border_call *c)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(c->x);
	bool prack = ms_sip_packet_is(m, "PRACK"), ack = ms_sip_packet_is(m, "ACK");

	if (!s->media || !has_description(m))
		return false;
	if ((prack || ack) && s->late_offer) {
		s->late_offer = false;
		return add(s, c, m, ANSWER, true);
	}
	if (ack)
		return ack_again(s, c, m);
	if (!prack && !ms_sip_packet_is(m, "INVITE") && !ms_sip_packet_is(m, "UPDATE"))
		return false;
	if (of_a_loser(s, m))
		return refuse_loser(c);
	c->offered = true;
	return add(s, c, m, OFFER, false);
}

/* Another request's description, cut off with the offer it belonged to. */
static void give_up(struct ms_border_job *j)
{
	if (j->m->request)
		ms_sip_exchange_reject(j->call->x, 500, NULL, NULL);
	else
		ms_sip_exchange_replace(j->call->x, 500, NULL);
}

static void roll_back(struct ms_border_session *s, struct ms_border_call *c)
{
	struct ms_border_job *j;

	ms_anchor_rollback(s->media, ms_clock_mono());
	c->offered = false;
	/* A procedure that was on its way does not come back. */
	if (s->busy && !ms_list_empty(&s->jobs)) {
		j = MS_CONTAINER_OF(s->jobs.next, struct ms_border_job, link);
		s->busy = false;
		if (j->call && j->call != c)
			give_up(j);
		free_job(j);
		ms_timer_start(&s->next, 0);
	}
}

/* Its offer is the one the anchor has, and has no final answer. */
static bool is_pending(const struct ms_border_session *s, const struct ms_border_call *c)
{
	return c->offered && !c->settled && c->offer == s->offers;
}

/*
 * INVITE's answer again, after UPDATE changed what holds in that dialog: nobody looks at it (RFC 3261
 * section 13.2.1), and the pending offer, if there is one, is another one.
 */
static bool is_superseded(const struct ms_border_session *s, const struct ms_border_call *c,
			  const struct ms_sip_packet *m)
{
	return c->offered && !c->settled && c->offer != s->offers &&
	       ms_span_is(dialog_of(s, m), ms_anchor_session_dialog(s->media));
}

/* RFC 3261 section 13.2.1: what is no offer and no answer is not to be looked at by anybody. */
static bool strip(struct ms_border_call *c, const struct ms_sip_packet *m)
{
	ms_border_count(MS_BORDER_C_STRIPPED);
	ms_border_call_pass(c, m, true, MS_SPAN_NULL);
	return true;
}

/* The caller could take both (RFC 3261 section 13.2.2.4); one of them would have no media. */
bool ms_border_media_is_second(const struct ms_border_session *s, const struct ms_border_call *c,
			       const struct ms_sip_packet *m)
{
	const struct ms_sip_packet *request = ms_sip_exchange_request(c->x);

	return s->media && s->winner && m && m->status >= 200 && m->status < 300 &&
	       ms_sip_packet_is(request, "INVITE") && request->to_tag.len == 0 &&
	       !ms_span_is(m->to_tag, s->winner) && ms_anchor_session_context(s->media);
}

bool ms_border_media_response(struct ms_border_session *s, struct ms_border_call *c,
			      const struct ms_sip_packet *m)
{
	bool invite = ms_sip_packet_is(ms_sip_exchange_request(c->x), "INVITE");

	if (!s->media)
		return false;
	if (!m || m->status >= 300) {
		if (is_pending(s, c))
			roll_back(s, c);
		return false;
	}
	if (invite && is_superseded(s, c, m)) {
		c->settled = is_success(m);
		return has_description(m) && strip(c, m);
	}
	if (!has_description(m)) {
		if (!c->offered || !is_success(m) || !invite)
			return false;
		c->settled = true;
		return add(s, c, m, CONFIRM, true);
	}
	/* A fork that still rings, or did when it was asked: nobody is to hear of its media any more. */
	if (of_a_loser(s, m))
		return strip(c, m);
	if (c->offered)
		return add(s, c, m, ANSWER, is_success(m));
	if (!invite)
		return false;
	if (c->late || (!is_success(m) && ms_sip_packet_get(m, "RSeq").len == 0))
		return strip(c, m);
	c->late = true;
	s->late_offer = true;
	return add(s, c, m, OFFER, false);
}

/* ---- the anchor ---- */

static void on_media_end(void *arg MS_UNUSED, struct ms_anchor_session *media, int cause,
			 const char *reason, const char *detail)
{
	struct ms_border_session *s = ms_anchor_session_user(media);

	ms_border_count_reason("media_ended", reason);
	MS_LOG(&ms_border_log, MS_LOG_NOTICE, "session=%" PRIu64 " media ended reason=%s detail=%s",
	       s->id, reason ? reason : "-", detail ? detail : "-");
	ms_border_session_release(s, (unsigned)cause,
				  detail && *detail ? detail : "Media released");
}

static void on_media_changed(void *arg MS_UNUSED, struct ms_anchor_session *media)
{
	ms_border_state_save(ms_anchor_session_user(media));
}

/* All that happens is an event; what became of m-lines is a figure of its own. */
static void on_media_count(void *arg, const char *event)
{
	struct ms_span name = ms_span_str(event);

	ms_border_gateways_count(arg, event);
	if (ms_span_starts(name, MS_SPAN_LIT("anchor_")))
		ms_border_count_line(event + strlen("anchor_"));
}

int ms_border_media_start(struct ms_border *b, const struct ms_border_spec *spec)
{
	struct ms_anchor_handlers h = {
		.changed = on_media_changed, .end = on_media_end, .count = on_media_count, .arg = b
	};

	return spec->mgc ? ms_anchor_new(&spec->policy, spec->mgc, &h, &b->anchor) : 0;
}

void ms_border_media_stop(struct ms_border *b)
{
	b->anchor = ms_anchor_free(b->anchor);
}

int ms_border_media_open(struct ms_border_session *s, const struct ms_anchor_context *context)
{
	struct ms_anchor_context c = *context;

	c.user = s;
	return s->border->anchor ? ms_anchor_session_new(s->border->anchor, &c, &s->media) : 0;
}

/* ---- for operators ---- */

json_t *ms_border_media_show(const struct ms_border_session *s)
{
	static const char *const treatments[] = { "untouched", "transparent", "e2ae" };
	json_t *list = json_array();
	struct ms_anchor_line_info line;

	for (size_t i = 0; s->media && ms_anchor_line_info(s->media, i, &line); i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:s, s:s}", "treatment",
						      treatments[line.treatment], "mode", line.mode,
						      "medium", line.medium, "up", line.up,
						      "access", line.termination[MS_ANCHOR_ACCESS],
						      "core", line.termination[MS_ANCHOR_CORE]));
	return list;
}
