/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and responses between the proxy, the program and the sessions. */
#include <errno.h>

#include "border/body.h"
#include "border/session-priv.h"
#include "core/alloc.h"

#define BODY_MAX ((size_t)2 << 20)

/* ---- calls ---- */

static void free_call(struct ms_border_call *c)
{
	if (c->session) {
		ms_border_job_forget(c->session, c);
		if (c->session->invite == c)
			c->session->invite = NULL;
		ms_list_remove(&c->session_link);
	}
	ms_sip_exchange_set_user(c->x, NULL);
	ms_list_remove(&c->link);
	ms_border_edits_done(&c->edits);
	ms_border_edits_done(&c->answered);
	ms_free(c->uri);
	ms_free(c);
}

static struct ms_border_call *new_call(struct ms_border *b, struct ms_sip_exchange *x,
				       struct ms_border_way *way)
{
	struct ms_border_call *c = ms_zalloc(sizeof(*c));

	if (!c)
		return NULL;
	c->border = b;
	c->x = x;
	c->tag = way->tag;
	c->record_route = way->record_route;
	c->path = way->path;
	if (way->hop) {
		c->hop = *way->hop;
		c->has_hop = true;
	}
	if (way->edits)
		ms_border_edits_move(way->edits, &c->edits);
	ms_list_append(&b->calls, &c->link);
	ms_sip_exchange_set_user(x, c);
	if (way->uri.len > 0) {
		c->uri = ms_strdup_span(way->uri);
		if (!c->uri)
			c->edits.err = -ENOMEM;
	}
	return c;
}

static unsigned status_of(int err)
{
	return err == -ENETUNREACH ? 404 : err == -EINVAL ? 400 : 500;
}

/* The message's body with another description in it, or none if there shall be none. */
static void change_body(const struct ms_sip_packet *m, struct ms_span sdp, struct ms_buf *body,
			struct ms_buf *type, struct ms_sip_change *change)
{
	ms_buf_put_span(type, ms_sip_packet_get(m, "Content-Type"));
	if (sdp.len > 0)
		ms_border_body_put(m, sdp, body);
	change->new_body = true;
	change->body = ms_buf_span(body);
	change->content_type = ms_buf_cstr(type);
}

void ms_border_call_forward(struct ms_border_call *c, bool new_body, struct ms_span sdp)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf body, type;
	struct ms_sip_forward f = { .hop = c->has_hop ? &c->hop : NULL,
				    .uri = ms_span_str(c->uri),
				    .record_route = c->record_route,
				    .path = c->path };
	int err = c->edits.err;

	ms_buf_init(&body, BODY_MAX);
	ms_buf_init(&type, BODY_MAX);
	f.change = ms_border_edits_change(&c->edits);
	if (new_body)
		change_body(ms_sip_exchange_request(c->x), sdp, &body, &type, &f.change);
	if (err == 0)
		err = ms_buf_status(&body) ? ms_buf_status(&body) : ms_buf_status(&type);
	if (err == 0)
		err = ms_sip_exchange_forward(c->x, &f);
	c->forwarded = err == 0;
	if (err < 0 && err != -EALREADY)
		ms_border_reject(c->border, c->x, status_of(err), "unreachable", NULL);
}

void ms_border_call_pass(struct ms_border_call *c, const struct ms_sip_packet *m, bool new_body,
			 struct ms_span sdp)
{
	struct ms_sip_change change = ms_border_edits_change(&c->answered);
	MS_CLEANUP(ms_buf_done) struct ms_buf body, type;

	ms_buf_init(&body, BODY_MAX);
	ms_buf_init(&type, BODY_MAX);
	if (new_body && m)
		change_body(m, sdp, &body, &type, &change);
	if (c->session && c->session->invite == c && ms_sip_packet_is_success(m))
		c->session->invite = NULL;
	if (ms_buf_status(&body) || ms_buf_status(&type))
		ms_sip_exchange_replace(c->x, 500, NULL);
	else
		ms_sip_exchange_pass(c->x, &change);
}

void ms_border_call_drop_2xx(struct ms_border_call *c, const struct ms_sip_packet *m,
			     unsigned cause, const char *text)
{
	struct ms_border *b = c->border;
	struct ms_border_dialog *d;
	bool by_flow;

	if (ms_border_dialog_new(c->x, m, &d) < 0)
		return;
	by_flow = ms_border_by_flow(b, &d->leg[MS_BORDER_CALLEE]);
	ms_border_dialog_ack(d, b->proxy, m->call_id, by_flow);
	ms_border_dialog_bye(d, b->proxy, m->call_id, MS_BORDER_CALLEE, by_flow, cause, text);
	ms_border_dialog_free(d);
	if (c->session && c->session->invite == c) {
		c->session->invite = NULL;
		ms_border_session_end(c->session);
	}
}

/* ---- requests ---- */

void ms_border_reject(struct ms_border *b, struct ms_sip_exchange *x, unsigned status,
		      const char *reason, const struct ms_sip_change *c)
{
	char from[160];

	(void)b;
	ms_border_count_reason("rejected", reason);
	MS_LOG(&ms_border_log, MS_LOG_INFO, "call=%s %s from %s refused status=%u reason=%s",
	       MS_QUOTED(ms_sip_packet_get(ms_sip_exchange_request(x), "Call-ID")),
	       MS_QUOTED(ms_sip_exchange_request(x)->method),
	       ms_sip_hop_print(ms_sip_exchange_from(x), from), status, reason);
	ms_sip_exchange_reject(x, status, NULL, c);
}

void ms_border_answer_options(struct ms_sip_exchange *x)
{
	static const struct ms_sip_edit edits[] = {
		{ "Allow",
		  MS_SPAN_LIT("INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, INFO, MESSAGE, SUBSCRIBE, "
			      "NOTIFY, REFER, PUBLISH, REGISTER, OPTIONS"),
		  false },
		{ "Accept", MS_SPAN_LIT("application/sdp, multipart/*"), false },
		{ "Accept-Encoding", MS_SPAN_LIT("identity"), false },
	};
	const struct ms_sip_change c = { .edits = edits, .n_edits = MS_ARRAY_SIZE(edits) };

	ms_sip_exchange_reject(x, 200, NULL, &c);
}

static int begin_session(struct ms_border *b, struct ms_border_call *c, struct ms_border_way *way)
{
	struct ms_border_session *s;
	int err = ms_border_session_new(b, c->x, &way->media, &s);

	if (err < 0)
		return err;
	ms_border_count(MS_BORDER_C_CALLS);
	ms_border_session_join(s, c);
	s->invite = c;
	return 0;
}

/* Finds or begins the session. */
static int attach(struct ms_border *b, struct ms_border_call *c, struct ms_border_way *way)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(c->x);
	struct ms_border_session *s;
	enum ms_border_end end;

	if (m->to_tag.len == 0)
		return ms_sip_packet_is(m, "INVITE") ? begin_session(b, c, way) : 0;
	s = ms_border_session_find(b, c->x, &end);
	if (!s)
		return 0;
	ms_border_session_join(s, c);
	ms_border_session_request(s, m, end);
	c->bye = ms_border_session_is_bye(s, m, end);
	return 0;
}

void ms_border_forward(struct ms_border *b, struct ms_sip_exchange *x, struct ms_border_way *way)
{
	struct ms_border_call *c = new_call(b, x, way);
	int err;

	if (!c) {
		ms_border_reject(b, x, 500, "no_memory", NULL);
		return;
	}
	err = attach(b, c, way);
	if (err < 0)
		ms_border_reject(b, x, 503, "too_many_sessions", NULL);
	else if (!c->session || !ms_border_media_request(c->session, c))
		ms_border_call_forward(c, false, MS_SPAN_NULL);
}

static void on_request(struct ms_sip_exchange *x, void *arg)
{
	struct ms_border *b = arg;

	b->handlers.request(b, x, b->arg);
}

/* ---- responses ---- */

static bool is_challenge(const struct ms_sip_packet *m)
{
	return m && (m->status == 401 || m->status == 407);
}

/* The call is over with the final answer to its BYE, whatever it is, or with a refusal of the INVITE. */
static void end_by(struct ms_border_call *c, const struct ms_sip_packet *m)
{
	struct ms_border_session *s = c->session;

	if (!s || (m && m->status < 200))
		return;
	if (c->bye && !is_challenge(m))
		ms_border_session_end(s);
	else if (s->invite == c && (!m || m->status >= 300))
		ms_border_session_end(s);
}

/* A fork that answers after we gave the call up, or after another one did. */
static bool is_unwanted(const struct ms_border_call *c, const struct ms_sip_packet *m)
{
	if (c->session && c->session->state != MS_BORDER_ENDED)
		return ms_border_media_is_second(c->session, c, m);
	return ms_sip_packet_is_success(m) && ms_sip_packet_is(m, "INVITE") &&
	       ms_sip_exchange_request(c->x)->to_tag.len == 0;
}

static void on_response(struct ms_sip_exchange *x, const struct ms_sip_packet *m,
			enum ms_sip_failure why MS_UNUSED, void *arg)
{
	struct ms_border_call *c = ms_sip_exchange_user(x);
	struct ms_border *b = arg;

	if (!c) {
		ms_sip_exchange_pass(x, NULL);
		return;
	}
	if (is_unwanted(c, m)) {
		ms_border_call_drop_2xx(c, m, 487, "Answered elsewhere");
		ms_sip_exchange_absorb(x);
		return;
	}
	ms_border_edits_done(&c->answered);
	if (b->handlers.response)
		b->handlers.response(b, x, m, &c->answered, c->tag, b->arg);
	if (c->session && m)
		ms_border_session_response(c->session, c, m);
	if (c->session && ms_border_media_response(c->session, c, m))
		return;
	end_by(c, m);
	ms_border_call_pass(c, m, false, MS_SPAN_NULL);
}

static void on_ended(struct ms_sip_exchange *x, void *arg)
{
	struct ms_border *b = arg;
	struct ms_border_call *c = ms_sip_exchange_user(x);
	void *tag = c ? c->tag : NULL;
	struct ms_border_session *s = c ? c->session : NULL;

	/* The INVITE went without an answer (cancelled before it was sent on, or refused by us). */
	if (s && s->invite == c)
		ms_border_session_end(s);
	if (c)
		free_call(c);
	if (b->handlers.ended)
		b->handlers.ended(b, x, tag, b->arg);
}

/*
 * Nothing went on yet, so nothing more is heard of it until the caller has acknowledged our 487: what was
 * asked of the gateway is given back now.
 */
static void on_cancelled(struct ms_sip_exchange *x, void *arg MS_UNUSED)
{
	struct ms_border_call *c = ms_sip_exchange_user(x);

	if (!c || !c->session || c->forwarded)
		return;
	if (c->session->invite == c)
		ms_border_session_end(c->session);
	else
		ms_border_job_forget(c->session, c);
}

static void on_stream_lost(const struct ms_sip_hop *hop, void *arg)
{
	struct ms_border *b = arg;

	if (b->handlers.stream_lost)
		b->handlers.stream_lost(hop, b->arg);
}

struct ms_sip_proxy_handlers ms_border_call_handlers(void)
{
	return (struct ms_sip_proxy_handlers){ .request = on_request,
					       .response = on_response,
					       .ended = on_ended,
					       .cancelled = on_cancelled,
					       .stream_lost = on_stream_lost };
}
