/* SPDX-License-Identifier: Apache-2.0 */
/* A message being sent: RFC 4975 sections 7.1.1, 7.1.3 and 8.6. */
#include <errno.h>

#include "core/alloc.h"
#include "msrp/session-priv.h"
#include "msrp/types.h"

#define ID_LEN 20
#define DISPOSITION_MAX 1024

static bool is_field_text(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < 0x20 || s.p[i] == 0x7F)
			return false;
	}
	return s.len <= DISPOSITION_MAX;
}

/* RFC 4975 section 8.6: only what the peer signalled, container and contents */
static int check_types(const struct ms_msrp_session *s, const struct ms_msrp_send *m)
{
	const struct ms_msrp_session_params *p = &s->params;

	if (!ms_msrp_type_valid(m->content_type))
		return -EINVAL;
	if (!ms_msrp_types_admit(p->peer_accept_types, m->content_type) ||
	    ms_msrp_session_type_refused(s, m->content_type))
		return -EPROTONOSUPPORT;
	if (m->wrapped_type.len == 0)
		return 0;
	if (!ms_msrp_type_valid(m->wrapped_type))
		return -EINVAL;
	if (!ms_msrp_types_admit(p->peer_accept_types, m->wrapped_type) &&
	    !ms_msrp_types_admit(p->peer_accept_wrapped_types, m->wrapped_type))
		return -EPROTONOSUPPORT;
	return 0;
}

static int check(const struct ms_msrp_session *s, const struct ms_msrp_send *m, uint64_t total)
{
	int err;

	if (s->failed)
		return -ENOTCONN;
	err = check_types(s, m);
	if (err < 0)
		return err;
	if (!is_field_text(m->content_disposition) ||
	    (m->message_id.len > 0 && !ms_msrp_is_ident(m->message_id)))
		return -EINVAL;
	if (total != MS_MSRP_UNKNOWN && (total > MS_MSRP_SIZE_MAX || m->from > total))
		return -EINVAL;
	if (total != MS_MSRP_UNKNOWN && total > s->params.peer_max_size)
		return -EMSGSIZE;
	return s->n_outs >= s->params.limits.outgoing ? -ENOBUFS : 0;
}

static struct ms_span keep(uint8_t **at, struct ms_span s)
{
	struct ms_span copy = ms_span_of(*at, s.len);

	if (s.len > 0)
		memcpy(*at, s.p, s.len);
	*at += s.len;
	return copy;
}

static int set_id(struct ms_msrp_out *out, struct ms_span id)
{
	if (id.len == 0) {
		out->id_len = ID_LEN;
		return ms_msrp_random_text(out->session->random, out->id, ID_LEN);
	}
	memcpy(out->id, id.p, id.len);
	out->id_len = (uint8_t)id.len;
	return 0;
}

static struct ms_msrp_out *out_free(struct ms_msrp_out *out)
{
	ms_msrp_range_set_done(&out->reported);
	return ms_free(out);
}

static int make(struct ms_msrp_session *s, const struct ms_msrp_send *m, struct ms_msrp_out **ret)
{
	struct ms_span body = m->source.read ? MS_SPAN_NULL : m->body;
	struct ms_msrp_out *out;
	uint8_t *at;
	int err;

	out = ms_zalloc(sizeof(*out) + m->content_type.len + m->content_disposition.len + body.len);
	if (!out)
		return -ENOMEM;
	at = out->memory;
	out->session = s;
	out->type = keep(&at, m->content_type);
	if (m->content_disposition.len > 0)
		out->disposition = keep(&at, m->content_disposition);
	out->body = keep(&at, body);
	out->source = m->source;
	out->total = m->source.read ? m->total : body.len;
	out->from = out->sent = m->from;
	out->success = m->success_report;
	out->failure = m->failure_report;
	out->user = m->user;
	out->deadline = MS_NEVER;
	ms_list_init(&out->ready);
	ms_list_init(&out->reporting);
	ms_msrp_range_set_init(&out->reported, s->params.limits.ranges);
	err = set_id(out, m->message_id);
	if (err == 0)
		err = ms_msrp_range_set_add(&out->reported, 0, out->from);
	if (err < 0) {
		out_free(out);
		return err;
	}
	*ret = out;
	return 0;
}

int ms_msrp_send(struct ms_msrp_session *s, const struct ms_msrp_send *m,
		 struct ms_msrp_out **ret_out)
{
	uint64_t total = m->source.read ? m->total : m->body.len;
	struct ms_msrp_out *out = NULL;
	int err = check(s, m, total);

	if (err == 0)
		err = make(s, m, &out);
	if (err < 0)
		return err;
	ms_list_append(&s->outs, &out->link);
	s->n_outs++;
	ms_msrp_out_ready(out);
	if (ret_out)
		*ret_out = out;
	return 0;
}

/* Takes its turn in sending, if it can and does not already. */
void ms_msrp_out_ready(struct ms_msrp_out *out)
{
	if (!ms_msrp_session_can_send(out->session) || !ms_list_empty(&out->ready))
		return;
	if (out->all_sent || (out->stalled && !out->aborting))
		return;
	if (out->session->conn->chunk.open && out->session->conn->chunk.out == out)
		return;
	ms_list_append(&out->session->conn->ready, &out->ready);
}

/* Responses that still come are for nobody. */
static void forget_transactions(struct ms_msrp_conn *c, const struct ms_msrp_out *out)
{
	struct ms_list *link;

	ms_list_foreach (link, &c->awaiting) {
		struct ms_msrp_transaction *t =
			MS_CONTAINER_OF(link, struct ms_msrp_transaction, link);

		if (t->out == out)
			t->out = NULL;
	}
}

void ms_msrp_out_finish(struct ms_msrp_out *out, enum ms_msrp_outcome outcome, int code)
{
	struct ms_msrp_session *s = out->session;
	struct ms_msrp_conn *c = s->conn;

	if (c && c->chunk.open && c->chunk.out == out)
		ms_msrp_chunk_close(c, '#');
	ms_list_remove(&out->ready);
	ms_list_remove(&out->reporting);
	ms_list_remove(&out->link);
	s->n_outs--;
	if (c && out->open > 0)
		forget_transactions(c, out);
	if (s->params.handlers.done)
		s->params.handlers.done(s->params.arg, out, outcome, code);
	out_free(out);
}

/* RFC 4975 section 10: what a status code means to the message and its session */
void ms_msrp_out_fail(struct ms_msrp_out *out, enum ms_msrp_outcome outcome, int code)
{
	struct ms_msrp_session *s = out->session;

	if (code == MS_MSRP_UNSUPPORTED_TYPE)
		ms_msrp_session_refuse_type(s, out->type);
	ms_msrp_out_finish(out, outcome, code);
	if (code == MS_MSRP_NO_SESSION || code == MS_MSRP_SESSION_IN_USE)
		ms_msrp_session_failed(s, code);
}

void ms_msrp_out_answered(struct ms_msrp_out *out, int code)
{
	out->open--;
	if (code >= 200 && code < 300) {
		struct ms_msrp_session *s = out->session;
		bool first = !s->bound;

		ms_msrp_out_check(out);
		if (first)
			ms_msrp_session_bound(s);
	} else {
		/* section 10.4: 408 is treated as a local timeout */
		ms_msrp_out_fail(out, code == MS_MSRP_TIMEOUT ? MS_MSRP_TIMED_OUT : MS_MSRP_REFUSED,
				 code);
	}
}

void ms_msrp_out_check(struct ms_msrp_out *out)
{
	if (!out->all_sent)
		return;
	if (out->success && ms_msrp_range_set_is_whole(&out->reported, out->sent)) {
		ms_msrp_out_finish(out, MS_MSRP_REPORTED, MS_MSRP_OK);
		return;
	}
	if (out->open > 0 || out->success)
		return;
	ms_msrp_out_finish(out,
			   out->failure == MS_MSRP_FAILURE_YES ? MS_MSRP_ACCEPTED : MS_MSRP_SENT,
			   out->failure == MS_MSRP_FAILURE_YES ? MS_MSRP_OK : 0);
}

static struct ms_msrp_out *find(struct ms_msrp_session *s, struct ms_span id)
{
	struct ms_list *link;

	ms_list_foreach (link, &s->outs) {
		struct ms_msrp_out *out = MS_CONTAINER_OF(link, struct ms_msrp_out, link);

		if (ms_span_eq(msrp_out_id(out), id))
			return out;
	}
	return NULL;
}

static void reported(struct ms_msrp_out *out, const struct ms_msrp_head *h)
{
	struct ms_msrp_session *s = out->session;
	uint64_t first = h->has_range ? h->range.first : 1;
	uint64_t last = h->has_range ? h->range.last : MS_MSRP_UNKNOWN;

	if (last > out->sent)
		last = out->sent;
	/* Too many pieces, or no memory: the message stays unconfirmed, which is true. */
	if (first <= last && ms_msrp_range_set_add(&out->reported, first - 1, last) < 0)
		return;
	if (first <= last && s->params.handlers.reported) {
		struct ms_msrp_out *still;
		char id[MS_MSRP_IDENT_MAX];
		size_t len = out->id_len;

		/* the handler may abort the message */
		memcpy(id, out->id, len);
		s->params.handlers.reported(s->params.arg, out, first, last);
		still = find(s, ms_span_of(id, len));
		if (still != out)
			return;
	}
	ms_msrp_out_check(out);
}

/* RFC 4975 section 7.3.2 */
void ms_msrp_out_report(struct ms_msrp_session *s, const struct ms_msrp_head *h)
{
	struct ms_msrp_out *out = find(s, h->message_id);
	int code = h->report_status;

	if (!out || h->report_namespace != 0) {
		s->conn->counters.unmatched++;
		return;
	}
	if (code >= 200 && code < 300) {
		reported(out, h);
		return;
	}
	ms_msrp_out_fail(out, code == MS_MSRP_TIMEOUT ? MS_MSRP_TIMED_OUT : MS_MSRP_REFUSED, code);
	/* Octets got lost on the way; other codes speak of the message (or were dealt with above). */
	if (code == MS_MSRP_TIMEOUT)
		ms_msrp_session_failed(s, code);
}

void ms_msrp_out_abort(struct ms_msrp_out *out)
{
	struct ms_msrp_conn *c = out->session->conn;
	bool open = c && c->chunk.open && c->chunk.out == out;

	if (!open && out->begun && !out->all_sent && ms_msrp_session_can_send(out->session)) {
		out->aborting = true;
		ms_msrp_out_ready(out);
		return;
	}
	ms_msrp_out_finish(out, MS_MSRP_ABORTED, 0);
}

void ms_msrp_out_wake(struct ms_msrp_out *out)
{
	out->stalled = false;
	ms_msrp_out_ready(out);
}

void *ms_msrp_out_user(const struct ms_msrp_out *out)
{
	return out->user;
}

uint64_t ms_msrp_out_sent(const struct ms_msrp_out *out)
{
	return out->sent;
}
