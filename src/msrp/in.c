/* SPDX-License-Identifier: Apache-2.0 */
/* A message being received: RFC 4975 section 7.3.1. */
#include <errno.h>

#include "core/alloc.h"
#include "msrp/session-priv.h"
#include "msrp/types.h"

static void in_free(struct ms_msrp_in *in)
{
	ms_buf_done(&in->body);
	ms_msrp_range_set_done(&in->received);
	ms_free(in);
}

static struct ms_msrp_in *make(struct ms_msrp_session *s, const struct ms_msrp_head *h)
{
	struct ms_msrp_in *in = ms_zalloc(sizeof(*in) + h->content_type.len);

	if (!in)
		return NULL;
	in->session = s;
	memcpy(in->id, h->message_id.p, h->message_id.len);
	in->id_len = (uint8_t)h->message_id.len;
	memcpy(in->memory, h->content_type.p, h->content_type.len);
	in->type = ms_span_of(in->memory, h->content_type.len);
	in->total = MS_MSRP_UNKNOWN;
	in->success = h->success;
	in->failure = h->failure;
	in->deadline = MS_NEVER;
	ms_list_init(&in->link);
	ms_buf_init(&in->body, s->params.limits.collect);
	ms_msrp_range_set_init(&in->received, s->params.limits.ranges);
	return in;
}

struct ms_msrp_in *ms_msrp_in_find(struct ms_msrp_session *s, struct ms_span id)
{
	struct ms_list *link;

	ms_list_foreach (link, &s->ins) {
		struct ms_msrp_in *in = MS_CONTAINER_OF(link, struct ms_msrp_in, link);

		if (ms_span_eq(msrp_in_id(in), id))
			return in;
	}
	return NULL;
}

static void unlink_in(struct ms_msrp_in *in)
{
	struct ms_msrp_session *s = in->session;

	if (s->conn && s->conn->request.in == in)
		s->conn->request.in = NULL;
	if (!ms_list_empty(&in->link)) {
		ms_list_remove(&in->link);
		s->n_ins--;
	}
}

static int call_end(struct ms_msrp_in *in, enum ms_msrp_in_end how)
{
	const struct ms_msrp_session_params *p = &in->session->params;

	if (in->collect || !p->handlers.end)
		return 0;
	return p->handlers.end(p->arg, in, how);
}

void ms_msrp_in_finish(struct ms_msrp_in *in, enum ms_msrp_in_end how)
{
	unlink_in(in);
	if (in->busy) { /* from inside its own handler */
		in->gone = true;
		return;
	}
	in->busy = true;
	(void)call_end(in, how);
	in_free(in);
}

/* Stops the message with a status code that will be the answer. */
static int stop(struct ms_msrp_in *in, int code)
{
	ms_msrp_history_add(in->session->history, msrp_in_id(in), code);
	ms_msrp_in_finish(in, MS_MSRP_IN_STOPPED);
	return code;
}

/* After a handler: its status code or what happened meanwhile. 0, or a code and `in` is gone. */
static int after_handler(struct ms_msrp_in *in, int code)
{
	in->busy = false;
	if (in->gone) {
		ms_msrp_in_finish(in, MS_MSRP_IN_LOST);
		return MS_MSRP_NO_SESSION;
	}
	if (in->stop_code != 0)
		code = in->stop_code;
	return code != 0 ? stop(in, code) : 0;
}

/* 0 stream, 1 gather, or a status code; the message does not count as begun before. */
static int call_begin(struct ms_msrp_in *in)
{
	const struct ms_msrp_session_params *p = &in->session->params;
	int answer = 1;

	if (p->handlers.begin) {
		in->busy = true;
		answer = p->handlers.begin(p->arg, in);
		in->busy = false;
	}
	if (in->stop_code != 0)
		answer = in->stop_code;
	if (in->gone)
		answer = MS_MSRP_NO_SESSION;
	in->collect = answer == 1;
	return answer == 1 ? 0 : answer;
}

static int begin(struct ms_msrp_session *s, const struct ms_msrp_head *h, struct ms_msrp_in **ret)
{
	struct ms_msrp_in *in;
	int code;

	if (!ms_msrp_types_admit(s->params.accept_types, h->content_type))
		return MS_MSRP_UNSUPPORTED_TYPE;
	if (s->n_ins >= s->params.limits.incoming)
		return MS_MSRP_STOP_SENDING;
	in = make(s, h);
	if (!in)
		return MS_MSRP_STOP_SENDING;
	if (h->has_range)
		in->total = h->range.total;
	ms_list_append(&s->ins, &in->link);
	s->n_ins++;
	code = call_begin(in);
	if (code != 0) {
		unlink_in(in);
		ms_msrp_history_add(s->history, msrp_in_id(in), code);
		in_free(in);
		return code;
	}
	*ret = in;
	return 0;
}

/* What a chunk says of the whole must not contradict what others said. */
static int check_total(struct ms_msrp_in *in, uint64_t total)
{
	if (total == MS_MSRP_UNKNOWN)
		return 0;
	if ((in->total != MS_MSRP_UNKNOWN && in->total != total) ||
	    ms_msrp_range_set_end(&in->received) > total)
		return MS_MSRP_BAD_REQUEST;
	in->total = total;
	return 0;
}

/* The most octets of one message that are taken. */
static uint64_t size_limit(const struct ms_msrp_in *in)
{
	const struct ms_msrp_session_params *p = &in->session->params;

	if (in->collect && p->limits.collect < p->max_size)
		return p->limits.collect;
	return p->max_size;
}

struct ms_msrp_in *ms_msrp_in_get(struct ms_msrp_session *s, const struct ms_msrp_head *h,
				  int *ret_status)
{
	struct ms_msrp_in *in = ms_msrp_in_find(s, h->message_id);
	int code = 0;

	if (h->has_range && h->range.total != MS_MSRP_UNKNOWN &&
	    h->range.total > s->params.max_size)
		code = MS_MSRP_STOP_SENDING;
	if (!in && code == 0)
		code = begin(s, h, &in);
	else if (in && code != 0)
		code = stop(in, code);
	if (code == 0) {
		code = check_total(in, h->has_range ? h->range.total : MS_MSRP_UNKNOWN);
		if (code == 0 && in->total != MS_MSRP_UNKNOWN && in->total > size_limit(in))
			code = MS_MSRP_STOP_SENDING;
		if (code != 0)
			code = stop(in, code);
	}
	*ret_status = code;
	return code == 0 ? in : NULL;
}

/* Into the gathered message; a hole is zeroes until its octets come. */
static int gather(struct ms_msrp_in *in, uint64_t offset, struct ms_span octets)
{
	size_t end = (size_t)offset + octets.len;

	if (end > in->body.len)
		ms_buf_put_zero(&in->body, end - in->body.len);
	if (ms_buf_status(&in->body) < 0)
		return MS_MSRP_STOP_SENDING;
	memcpy(in->body.p + offset, octets.p, octets.len);
	return 0;
}

int ms_msrp_in_data(struct ms_msrp_in *in, uint64_t offset, struct ms_span octets)
{
	const struct ms_msrp_session_params *p = &in->session->params;
	uint64_t end = offset + octets.len;
	int code = 0;

	if (in->total != MS_MSRP_UNKNOWN && end > in->total)
		return stop(in, MS_MSRP_BAD_REQUEST);
	if (end > size_limit(in) || ms_msrp_range_set_add(&in->received, offset, end) < 0)
		return stop(in, MS_MSRP_STOP_SENDING);
	if (in->collect) {
		code = gather(in, offset, octets);
		return code != 0 ? stop(in, code) : 0;
	}
	if (!p->handlers.data)
		return 0;
	in->busy = true;
	code = p->handlers.data(p->arg, in, offset, octets);
	return after_handler(in, code);
}

int ms_msrp_in_set_total(struct ms_msrp_in *in, uint64_t end)
{
	int code = check_total(in, end);

	if (code != 0)
		return stop(in, code);
	in->total_final = true;
	return 0;
}

bool ms_msrp_in_complete(struct ms_msrp_in *in, int *ret_code)
{
	struct ms_msrp_session *s = in->session;
	const struct ms_msrp_handlers *h = &s->params.handlers;
	int code = 0;

	if (!in->total_final || !ms_msrp_range_set_is_whole(&in->received, in->total))
		return false;
	unlink_in(in);
	in->busy = true;
	if (!in->collect)
		code = call_end(in, MS_MSRP_IN_COMPLETE);
	else if (h->message)
		code = h->message(s->params.arg, in, ms_buf_span(&in->body));
	/* A message that the application could not take may come again. */
	if (code == 0)
		ms_msrp_history_add(s->history, msrp_in_id(in), MS_MSRP_OK);
	in_free(in);
	*ret_code = code != 0 ? code : MS_MSRP_OK;
	return true;
}

void ms_msrp_in_touch(struct ms_msrp_in *in, ms_usec now)
{
	in->deadline = ms_usec_add(now, in->session->params.limits.incoming_idle);
}

void ms_msrp_in_stop(struct ms_msrp_in *in, int code)
{
	struct ms_msrp_conn *c = in->session->conn;

	if (in->busy) {
		in->stop_code = code;
		return;
	}
	if (c && c->request.in == in) {
		c->request.status = code;
		ms_msrp_request_answer(c, code);
	}
	(void)stop(in, code);
}

struct ms_span ms_msrp_in_content_type(const struct ms_msrp_in *in)
{
	return in->type;
}

uint64_t ms_msrp_in_total(const struct ms_msrp_in *in)
{
	return in->total;
}
