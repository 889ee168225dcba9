/* SPDX-License-Identifier: Apache-2.0 */
/* Octets to requests and responses, and what answers them: RFC 4975 sections 7.2 and 7.3. */
#include <errno.h>

#include "msrp/session-priv.h"

static struct ms_span request_tid(const struct ms_msrp_request *r)
{
	return ms_span_of(r->tid, r->tid_len);
}

static void check_control(struct ms_msrp_conn *c)
{
	if (ms_buf_status(&c->control) < 0)
		ms_msrp_conn_fail(c, ms_buf_status(&c->control));
}

/* Section 7.2. Failure-Report says which responses the sender wants. */
void ms_msrp_request_answer(struct ms_msrp_conn *c, int code)
{
	struct ms_msrp_request *r = &c->request;
	struct ms_span to = ms_buf_span(&r->from);
	struct ms_span from = r->session ? r->session->params.local_uri : ms_buf_span(&r->to);

	if (r->answered || r->method == MS_MSRP_REPORT)
		return;
	r->answered = true;
	if (code != MS_MSRP_OK)
		c->counters.refused++;
	if (r->failure == MS_MSRP_FAILURE_NO ||
	    (r->failure == MS_MSRP_FAILURE_PARTIAL && code == MS_MSRP_OK))
		return;
	/* A response to SEND goes to the previous hop only, others go all the way back. */
	if (r->method == MS_MSRP_SEND)
		to = ms_span_sub(to, 0, r->from_first);
	ms_msrp_put_response(&c->control, request_tid(r), code, to, from);
	ms_msrp_put_end(&c->control, request_tid(r), '$', false);
	c->counters.responses_out++;
	check_control(c);
}

/* Sections 7.1.2 to 7.1.4 */
void ms_msrp_put_report(struct ms_msrp_session *s, struct ms_span to_path, struct ms_span id,
			int code, uint64_t total)
{
	struct ms_msrp_range range = { .first = 1, .last = total, .total = total };
	struct ms_msrp_conn *c = s->conn;
	char text[MSRP_TID_LEN + 2]; /* longer than those of transactions: none awaits a response */
	struct ms_span tid = ms_span_of(text, sizeof(text));
	int err = ms_msrp_random_text(c->random, text, sizeof(text));

	if (err < 0) {
		ms_msrp_conn_fail(c, err);
		return;
	}
	ms_msrp_put_request(&c->control, tid, "REPORT", to_path, s->params.local_uri);
	ms_msrp_put_field(&c->control, "Message-ID", id);
	ms_buf_put_str(&c->control, "Byte-Range: ");
	ms_msrp_range_put(&c->control, &range);
	ms_buf_printf(&c->control, "\r\nStatus: 000 %03d %s\r\n", code, ms_msrp_status_text(code));
	ms_msrp_put_end(&c->control, tid, '$', false);
	c->counters.reports_out++;
	check_control(c);
}

static void refuse(struct ms_msrp_conn *c, int code)
{
	c->request.status = code;
	ms_msrp_request_answer(c, code);
}

static struct ms_msrp_session *on_this_connection(struct ms_msrp_conn *c,
						  const struct ms_msrp_uri *to)
{
	struct ms_list *link;

	ms_list_foreach (link, &c->sessions) {
		struct ms_msrp_session *s = MS_CONTAINER_OF(link, struct ms_msrp_session, link);

		if (!s->failed && ms_msrp_uri_equal(&s->uri, to, s->params.match))
			return s;
	}
	return NULL;
}

/* Sections 5.4 and 7.3: the session that the request belongs to, or 481 or 506. */
static struct ms_msrp_session *find_session(struct ms_msrp_conn *c, const struct ms_msrp_head *h,
					    int *ret_code)
{
	struct ms_msrp_session *s;

	*ret_code = MS_MSRP_NO_SESSION;
	if (h->to.n != 1)
		return NULL;
	s = on_this_connection(c, &h->to.uri[0]);
	if (s)
		return s;
	if (!c->params.find)
		return NULL;
	s = c->params.find(c->params.arg, &h->to.uri[0]);
	if (!s || s->failed)
		return NULL;
	if (s->conn || ms_msrp_conn_attach(c, s) < 0) {
		*ret_code = MS_MSRP_SESSION_IN_USE;
		return NULL;
	}
	return s;
}

/* What outlives the head: it is gone when the body comes. */
static int keep_request(struct ms_msrp_conn *c, const struct ms_msrp_head *h)
{
	struct ms_msrp_request *r = &c->request;

	r->is_request = true;
	r->answered = r->duplicate = false;
	r->method = h->method;
	r->failure = h->failure;
	r->success = h->success;
	r->status = 0;
	r->pos = r->body = 0;
	memcpy(r->tid, h->tid.p, h->tid.len);
	r->tid_len = h->tid.len;
	if (h->message_id.len > 0)
		memcpy(r->id, h->message_id.p, h->message_id.len);
	r->id_len = h->message_id.len;
	ms_buf_reset(&r->to);
	ms_buf_reset(&r->from);
	ms_buf_put_span(&r->to, h->to.uri[0].text);
	ms_buf_put_span(&r->from, h->from.text);
	r->from_first = h->from.uri[0].text.len;
	r->session = NULL;
	r->in = NULL;
	return ms_buf_status(&r->to) < 0 ? ms_buf_status(&r->to) : ms_buf_status(&r->from);
}

/* A chunk of a message: section 7.3.1. Returns 0 or the status code to refuse it with. */
static int start_chunk(struct ms_msrp_conn *c, const struct ms_msrp_head *h)
{
	struct ms_msrp_request *r = &c->request;
	struct ms_msrp_session *s = r->session;
	int code;

	r->pos = h->has_range ? h->range.first - 1 : 0;
	if (!ms_msrp_in_find(s, h->message_id)) {
		code = ms_msrp_history_find(s->history, h->message_id);
		r->duplicate = code == MS_MSRP_OK;
		if (code != 0)
			return r->duplicate ? 0 : code;
	}
	r->in = ms_msrp_in_get(s, h, &code);
	if (r->in)
		ms_msrp_in_touch(r->in, c->now);
	return code;
}

static void handle_send(struct ms_msrp_conn *c, const struct ms_msrp_head *h)
{
	struct ms_msrp_request *r = &c->request;
	int code;

	r->session = find_session(c, h, &code);
	if (!r->session) {
		refuse(c, code);
		return;
	}
	ms_msrp_session_bound(r->session);
	if (!r->session || h->refuse.code != 0) {
		refuse(c, r->session ? h->refuse.code : MS_MSRP_NO_SESSION);
		return;
	}
	if (!c->parser.body) /* it only binds or keeps alive */
		return;
	code = start_chunk(c, h);
	if (code != 0)
		refuse(c, code);
}

static void handle_report(struct ms_msrp_conn *c, const struct ms_msrp_head *h)
{
	int code;
	struct ms_msrp_session *s;

	c->counters.reports_in++;
	s = find_session(c, h, &code);
	/* section 7.1.2: whatever is wrong with a REPORT, it is not answered */
	if (!s || h->refuse.code != 0) {
		c->counters.unmatched++;
		return;
	}
	c->request.session = s;
	ms_msrp_session_bound(s);
	if (c->request.session)
		ms_msrp_out_report(s, h);
}

static void handle_other(struct ms_msrp_conn *c, const struct ms_msrp_head *h)
{
	int code;

	c->request.session = find_session(c, h, &code);
	refuse(c, c->request.session ? MS_MSRP_UNKNOWN_METHOD : code);
}

static void handle_head(struct ms_msrp_conn *c)
{
	const struct ms_msrp_head *h = &c->parser.head;
	int err;

	if (h->method == MS_MSRP_RESPONSE) {
		c->request.is_request = false;
		c->counters.responses_in++;
		ms_msrp_transaction_response(c, h);
		return;
	}
	err = keep_request(c, h);
	if (err < 0) {
		ms_msrp_conn_fail(c, err);
		return;
	}
	c->counters.requests_in++;
	if (h->method == MS_MSRP_SEND)
		handle_send(c, h);
	else if (h->method == MS_MSRP_REPORT)
		handle_report(c, h);
	else
		handle_other(c, h);
}

static void handle_body(struct ms_msrp_conn *c, struct ms_span octets)
{
	struct ms_msrp_request *r = &c->request;
	int code;

	if (!r->is_request)
		return;
	r->body += octets.len;
	if (r->method != MS_MSRP_SEND) {
		if (r->body > MSRP_OTHER_BODY_MAX)
			ms_msrp_conn_fail(
				c, ms_fault_set(&c->parser.fault, -EBADMSG, 0, "body_too_long", 0));
		return;
	}
	if (r->in) {
		ms_msrp_in_touch(r->in, c->now);
		code = ms_msrp_in_data(r->in, r->pos, octets);
		if (code != 0)
			refuse(c, code);
	}
	r->pos += octets.len;
}

/* The report on a message that has ended: a success, or a failure that came to light late. */
static void report(struct ms_msrp_conn *c, int code, uint64_t total)
{
	struct ms_msrp_request *r = &c->request;
	bool wanted = code == MS_MSRP_OK ? r->success : r->failure != MS_MSRP_FAILURE_NO;

	if (wanted && r->session && r->session->conn == c && !r->session->failed)
		ms_msrp_put_report(r->session, ms_buf_span(&r->from), ms_span_of(r->id, r->id_len),
				   code, total);
}

/* A chunk of a message that is being received ended well. */
static void end_chunk(struct ms_msrp_conn *c, char flag)
{
	struct ms_msrp_request *r = &c->request;
	struct ms_msrp_in *in = r->in;
	int code = 0;
	uint64_t total;

	if (flag == '$') {
		code = ms_msrp_in_set_total(in, r->pos);
		if (code != 0) {
			refuse(c, code);
			return;
		}
	}
	ms_msrp_request_answer(c, MS_MSRP_OK);
	if (flag == '#') {
		ms_msrp_in_finish(in, MS_MSRP_IN_ABORTED);
		return;
	}
	total = in->total;
	if (ms_msrp_in_complete(in, &code))
		report(c, code, total);
}

static void end_duplicate(struct ms_msrp_conn *c, char flag)
{
	struct ms_msrp_request *r = &c->request;
	struct ms_msrp_session *s = r->session;

	ms_msrp_request_answer(c, MS_MSRP_OK);
	if (flag != '$' || !s)
		return;
	report(c, MS_MSRP_OK, r->pos);
	if (s->params.handlers.duplicate)
		s->params.handlers.duplicate(s->params.arg, ms_span_of(r->id, r->id_len));
}

static void handle_end(struct ms_msrp_conn *c)
{
	struct ms_msrp_request *r = &c->request;

	if (!r->is_request || r->method == MS_MSRP_REPORT)
		return;
	if (r->status != 0)
		ms_msrp_request_answer(c, r->status);
	else if (r->in)
		end_chunk(c, c->parser.flag);
	else if (r->duplicate)
		end_duplicate(c, c->parser.flag);
	else
		ms_msrp_request_answer(c, MS_MSRP_OK);
	r->session = NULL;
	r->in = NULL;
}

/* Between requests: is there room for what the next one causes? */
static bool control_full(const struct ms_msrp_conn *c, bool between)
{
	return between && c->control.len >= c->params.control;
}

int ms_msrp_conn_input(struct ms_msrp_conn *c, struct ms_span octets, ms_usec now, size_t *ret_used)
{
	struct ms_span rest = octets, body;

	c->now = now;
	while (c->err == 0 && !c->lost) {
		int event;

		if (control_full(c, !c->reading))
			break;
		event = ms_msrp_parser_next(&c->parser, &rest, &body);
		if (event < 0)
			ms_msrp_conn_fail(c, event);
		if (event <= MS_MSRP_PARSE_NONE)
			break;
		c->reading = event != MS_MSRP_PARSE_END;
		if (event == MS_MSRP_PARSE_HEAD)
			handle_head(c);
		else if (event == MS_MSRP_PARSE_BODY)
			handle_body(c, body);
		else
			handle_end(c);
	}
	if (c->err < 0)
		return c->err;
	c->counters.octets_in += octets.len - rest.len;
	*ret_used = octets.len - rest.len;
	return 0;
}
