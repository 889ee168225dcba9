/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offer and answer on their way through (RFC 3264, RFC 3261 section 13.2.1, RFC 3262 section 5, RFC 3311
 * section 5, RFC 6337): which description is which. job.c brings them to the anchor.
 *
 *   offers:  INVITE, UPDATE, PRACK; a reliable response to an INVITE without one
 *   answers: the responses to those; PRACK or ACK after an offer in a response
 */
#include <inttypes.h>

#include "border/body.h"
#include "border/gateways.h"
#include "border/session-priv.h"

/* Or something of which we cannot tell: then the job refuses it. */
static bool has_description(const struct ms_sip_packet *m)
{
	struct ms_span sdp;

	return ms_border_body_find(m, &sdp) != MS_BORDER_BODY_NONE;
}

static bool add(struct ms_border_session *s, struct ms_border_call *c,
		const struct ms_sip_packet *m, enum ms_border_what what, bool final)
{
	ms_border_job_add(s, c, m, what, final);
	return true;
}

/* ---- which is which ---- */

/* In a dialog of another fork than the one that was answered, which has the endpoints at the gateway. */
static bool of_a_loser(const struct ms_border_session *s, const struct ms_sip_packet *m)
{
	return s->winner && ms_anchor_session_context(s->media) &&
	       !ms_span_is(ms_border_dialog_of(s, m), s->winner);
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
		return add(s, c, m, MS_BORDER_ANSWER, true);
	}
	if (ack)
		return ack_again(s, c, m);
	if (!prack && !ms_sip_packet_is(m, "INVITE") && !ms_sip_packet_is(m, "UPDATE"))
		return false;
	if (of_a_loser(s, m))
		return refuse_loser(c);
	c->offered = true;
	return add(s, c, m, MS_BORDER_OFFER, false);
}

static void roll_back(struct ms_border_session *s, struct ms_border_call *c)
{
	ms_anchor_rollback(s->media, ms_clock_mono());
	c->offered = false;
	/* A procedure that was on its way does not come back. */
	ms_border_job_abort(s, c);
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
	       ms_span_is(ms_border_dialog_of(s, m), ms_anchor_session_dialog(s->media));
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

	return s->media && s->winner && ms_sip_packet_is_success(m) &&
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
		c->settled = ms_sip_packet_is_success(m);
		return has_description(m) && strip(c, m);
	}
	if (!has_description(m)) {
		if (!c->offered || !ms_sip_packet_is_success(m) || !invite)
			return false;
		c->settled = true;
		return add(s, c, m, MS_BORDER_CONFIRM, true);
	}
	/* A fork that still rings, or did when it was asked: nobody is to hear of its media any more. */
	if (of_a_loser(s, m))
		return strip(c, m);
	if (c->offered)
		return add(s, c, m, MS_BORDER_ANSWER, ms_sip_packet_is_success(m));
	if (!invite)
		return false;
	if (c->late || (!ms_sip_packet_is_success(m) && ms_sip_packet_get(m, "RSeq").len == 0))
		return strip(c, m);
	c->late = true;
	s->late_offer = true;
	return add(s, c, m, MS_BORDER_OFFER, false);
}

/* ---- the anchor ---- */

static void on_media_end(void *arg MS_UNUSED, struct ms_anchor_session *media, int cause,
			 const char *reason, const char *detail)
{
	struct ms_border_session *s = ms_anchor_session_user(media);
	char text[MS_BORDER_SESSION_TEXT];

	ms_border_count_reason("media_ended", reason);
	MS_LOG(&ms_border_log, MS_LOG_NOTICE, "%s media ended reason=%s detail=%s",
	       ms_border_session_text(s, text), reason ? reason : "-", detail ? detail : "-");
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

void ms_border_media_done(struct ms_border_session *s)
{
	if (s->media)
		s->media = ms_anchor_release(s->media, ms_clock_mono());
	ms_border_job_drop_all(s);
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
