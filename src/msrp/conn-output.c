/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written next: responses and reports first, then messages in turn. A chunk is interrupted
 * for what waits (RFC 4975 sections 5.1 and 7.1.1).
 */
#include <errno.h>

#include "msrp/scan.h"
#include "msrp/session-priv.h"

/* The first message in turn that can begin a chunk now, or NULL. */
static struct ms_msrp_out *next_ready(const struct ms_msrp_conn *c)
{
	bool free_one = ms_msrp_transaction_free_one(c);
	struct ms_list *link;

	ms_list_foreach (link, &c->ready) {
		struct ms_msrp_out *out = MS_CONTAINER_OF(link, struct ms_msrp_out, ready);

		if (free_one || out->failure == MS_MSRP_FAILURE_NO)
			return out;
	}
	return NULL;
}

static struct ms_msrp_session *next_to_bind(const struct ms_msrp_conn *c)
{
	struct ms_list *link;

	if (!ms_msrp_transaction_free_one(c))
		return NULL;
	ms_list_foreach (link, &c->sessions) {
		struct ms_msrp_session *s = MS_CONTAINER_OF(link, struct ms_msrp_session, link);

		if (s->bind_wanted && !s->failed)
			return s;
	}
	return NULL;
}

static uint64_t remaining(const struct ms_msrp_out *out)
{
	return out->total == MS_MSRP_UNKNOWN ? MS_MSRP_UNKNOWN : out->total - out->sent;
}

/* How many octets the open chunk may have before it makes way, given what waits. */
static uint64_t patience(const struct ms_msrp_conn *c)
{
	const struct ms_msrp_chunk *k = &c->chunk;
	const struct ms_msrp_out *next;

	if (k->fixed)
		return MS_MSRP_UNKNOWN;
	if (c->control.len > 0 || next_to_bind(c))
		return MSRP_CHUNK_SMALL;
	next = next_ready(c);
	if (!next)
		return MS_MSRP_UNKNOWN;
	if (remaining(next) <= MSRP_CHUNK_SMALL)
		return MSRP_CHUNK_SMALL;
	return k->out->session->params.limits.share;
}

static void check_stage(struct ms_msrp_conn *c)
{
	if (ms_buf_status(&c->stage) < 0)
		ms_msrp_conn_fail(c, ms_buf_status(&c->stage));
}

static struct ms_span chunk_tid(const struct ms_msrp_chunk *k)
{
	return ms_span_of(k->tid, MSRP_TID_LEN);
}

/*
 * Section 7.1: the body must not hold the end-line. Returns how many of the `n` octets just read may
 * be sent in this chunk: less than n if an end-line would be complete with them.
 */
static size_t scan_body(struct ms_msrp_chunk *k, const uint8_t *p, size_t n)
{
	struct ms_span tid = chunk_tid(k);
	uint8_t both[2 * sizeof(k->tail)];
	size_t more = n < sizeof(k->tail) ? n : sizeof(k->tail), safe, keep;

	memcpy(both, k->tail, k->tail_len);
	memcpy(both + k->tail_len, p, more);
	safe = msrp_scan_tid(ms_span_of(both, k->tail_len + more), tid);
	if (safe < k->tail_len + more)
		return safe > k->tail_len ? safe - k->tail_len : 0;
	safe = msrp_scan_tid(ms_span_of(p, n), tid);
	keep = k->tail_len + more < sizeof(k->tail) ? k->tail_len + more : sizeof(k->tail);
	if (n >= sizeof(k->tail))
		memcpy(k->tail, p + n - keep, keep);
	else
		memcpy(k->tail, both + k->tail_len + more - keep, keep);
	k->tail_len = keep;
	return safe;
}

/* A chunk whose range-end was said must reach it, even if its message is given up. */
static void fill_fixed(struct ms_msrp_conn *c)
{
	struct ms_msrp_chunk *k = &c->chunk;
	struct ms_span rest =
		ms_span_sub(k->out->body, (size_t)k->out->sent, (size_t)(k->limit - k->body));

	if (rest.len > 0)
		ms_buf_put(&c->stage, rest.p, scan_body(k, rest.p, rest.len));
}

void ms_msrp_chunk_close(struct ms_msrp_conn *c, char flag)
{
	struct ms_msrp_chunk *k = &c->chunk;

	if (k->fixed && flag == '#')
		fill_fixed(c);
	ms_msrp_put_end(&c->stage, chunk_tid(k), flag, true);
	check_stage(c);
	/* section 7.1.1: the time runs from the last octet */
	if (k->transaction)
		ms_msrp_transaction_await(c, k->transaction,
					  k->out->session->params.limits.transaction);
	k->open = false;
	k->out = NULL;
	k->transaction = NULL;
}

/* "+": the rest takes its turn again. */
static void suspend(struct ms_msrp_conn *c)
{
	struct ms_msrp_out *out = c->chunk.out;

	ms_msrp_chunk_close(c, '+');
	ms_msrp_out_ready(out);
}

/* "$": all octets are on their way. */
static void complete(struct ms_msrp_conn *c)
{
	struct ms_msrp_out *out = c->chunk.out;
	struct ms_msrp_session *s = out->session;

	out->all_sent = true;
	out->total = out->sent;
	ms_msrp_chunk_close(c, '$');
	if (out->success) {
		out->deadline = ms_usec_add(c->now, s->params.limits.report);
		ms_list_append(&s->reporting, &out->reporting);
	}
	ms_msrp_out_check(out);
}

static void put_chunk_fields(struct ms_buf *b, const struct ms_msrp_out *out,
			     const struct ms_msrp_range *range)
{
	static const char *const failure[] = { NULL, "no", "partial" };

	ms_msrp_put_field(b, "Message-ID", msrp_out_id(out));
	ms_buf_put(b, "Byte-Range: ", 12);
	ms_msrp_range_put(b, range);
	ms_buf_put(b, "\r\n", 2);
	if (out->success)
		ms_buf_put_str(b, "Success-Report: yes\r\n");
	ms_msrp_put_field(b, "Failure-Report", ms_span_str(failure[out->failure]));
	ms_msrp_put_field(b, "Content-Disposition", out->disposition);
	ms_msrp_put_field(b, "Content-Type", out->type);
	ms_buf_put(b, "\r\n", 2);
}

/*
 * Only octets in memory can be promised: the range-end of what comes from a source stays open, so
 * that the chunk can be interrupted when the source has nothing at hand.
 */
static void set_limits(struct ms_msrp_chunk *k, const struct ms_msrp_out *out)
{
	size_t most = out->session->params.limits.chunk;

	k->limit = most > 0 ? most : MS_MSRP_UNKNOWN;
	if (remaining(out) < k->limit)
		k->limit = remaining(out);
	k->fixed = !out->source.read && k->limit <= MSRP_CHUNK_SMALL;
}

static void open_chunk(struct ms_msrp_conn *c, struct ms_msrp_out *out)
{
	struct ms_msrp_chunk *k = &c->chunk;
	struct ms_msrp_range range = { .first = out->sent + 1, .total = out->total };

	ms_list_remove(&out->ready);
	k->transaction = NULL;
	if (out->failure != MS_MSRP_FAILURE_NO) {
		k->transaction = ms_msrp_transaction_new(c);
		if (!k->transaction)
			return;
		k->transaction->out = out;
		out->open++;
		memcpy(k->tid, k->transaction->tid, MSRP_TID_LEN);
	} else if (ms_msrp_random_text(c->random, k->tid, MSRP_TID_LEN) < 0) {
		ms_msrp_conn_fail(c, -EIO);
		return;
	}
	k->out = out;
	k->open = true;
	k->body = 0;
	k->tail_len = 0;
	set_limits(k, out);
	range.last = k->fixed ? out->sent + k->limit : MS_MSRP_UNKNOWN;
	ms_msrp_put_request(&c->stage, chunk_tid(k), "SEND", out->session->params.remote_path,
			    out->session->params.local_uri);
	put_chunk_fields(&c->stage, out, &range);
	check_stage(c);
	out->begun = true;
	out->session->bind_wanted = false;
	c->counters.requests_out++;
	if (out->aborting)
		ms_msrp_out_finish(out, MS_MSRP_ABORTED, 0);
}

/* A SEND without a body: section 7.1. */
static void put_binding(struct ms_msrp_conn *c, struct ms_msrp_session *s)
{
	struct ms_msrp_transaction *t = ms_msrp_transaction_new(c);
	struct ms_span tid;
	char id[MSRP_TID_LEN];

	if (!t)
		return;
	if (ms_msrp_random_text(c->random, id, sizeof(id)) < 0) {
		ms_msrp_conn_fail(c, -EIO);
		return;
	}
	s->bind_wanted = false;
	t->binding = s;
	tid = ms_span_of(t->tid, MSRP_TID_LEN);
	ms_msrp_put_request(&c->stage, tid, "SEND", s->params.remote_path, s->params.local_uri);
	ms_msrp_put_field(&c->stage, "Message-ID", ms_span_of(id, sizeof(id)));
	ms_buf_put_str(&c->stage, "Byte-Range: 1-0/0\r\n");
	ms_msrp_put_end(&c->stage, tid, '$', false);
	check_stage(c);
	ms_msrp_transaction_await(c, t, s->params.limits.transaction);
	c->counters.requests_out++;
}

/* Reads from the message. Returns 0 and how many octets, or negative errno. */
static int read_body(struct ms_msrp_out *out, uint8_t *dst, size_t size, size_t *ret_n)
{
	struct ms_span octets;

	if (out->source.read)
		return out->source.read(out->source.arg, out->sent, dst, size, ret_n);
	octets = ms_span_sub(out->body, (size_t)out->sent, size);
	memcpy(dst, octets.p, octets.len);
	*ret_n = octets.len;
	return 0;
}

/* The source gave nothing: end of message, nothing at hand, or an error. */
static void handle_dry(struct ms_msrp_conn *c, int err)
{
	struct ms_msrp_out *out = c->chunk.out;

	if (err == -EAGAIN)
		out->stalled = true;
	else if (err < 0 || out->total != MS_MSRP_UNKNOWN)
		ms_msrp_out_finish(out, MS_MSRP_ABORTED, 0); /* shorter than it was said to be */
	else
		complete(c);
}

/* Octets of the open chunk into dst. Returns how many; 0 if the chunk was closed or stalls. */
static size_t fill_body(struct ms_msrp_conn *c, uint8_t *dst, size_t size)
{
	struct ms_msrp_chunk *k = &c->chunk;
	struct ms_msrp_out *out = k->out;
	uint64_t most = patience(c) < k->limit ? patience(c) : k->limit;
	size_t n = 0, safe;
	int err;

	if (most - k->body < size)
		size = (size_t)(most - k->body);
	err = read_body(out, dst, size, &n);
	if (err < 0 || n == 0 || n > size) {
		handle_dry(c, n > size ? -EIO : err);
		return 0;
	}
	if (out->sent + n > out->session->params.peer_max_size) {
		ms_msrp_out_finish(out, MS_MSRP_ABORTED, MS_MSRP_STOP_SENDING);
		return 0;
	}
	safe = scan_body(k, dst, n);
	out->sent += safe;
	k->body += safe;
	if (safe < n) /* the rest goes under another transaction identifier */
		suspend(c);
	return safe;
}

/* Closes the open chunk if it has to be. */
static bool close_if_due(struct ms_msrp_conn *c)
{
	struct ms_msrp_chunk *k = &c->chunk;

	if (remaining(k->out) == 0) {
		complete(c);
	} else if (k->body >= k->limit) {
		suspend(c);
	} else if (k->body >= patience(c) || (k->out->stalled && patience(c) != MS_MSRP_UNKNOWN)) {
		c->counters.interrupted++;
		suspend(c);
	} else {
		return false;
	}
	return true;
}

/* Puts the next thing into the empty stage. False: there is nothing. */
static bool begin_next(struct ms_msrp_conn *c)
{
	struct ms_msrp_session *s;
	struct ms_msrp_out *out;

	if (c->control.len > 0) {
		struct ms_buf swap = c->stage;

		c->stage = c->control;
		c->control = swap;
		return true;
	}
	if (ms_msrp_auth_wanted(c->auth) && ms_msrp_transaction_free_one(c)) {
		ms_msrp_auth_put(c->auth);
		check_stage(c);
		return true;
	}
	out = next_ready(c);
	if (out) {
		open_chunk(c, out);
		return true;
	}
	s = next_to_bind(c);
	if (s)
		put_binding(c, s);
	return s != NULL;
}

static size_t flush_stage(struct ms_msrp_conn *c, uint8_t *dst, size_t size)
{
	struct ms_span left = ms_span_from(ms_buf_span(&c->stage), c->staged);
	size_t n = left.len < size ? left.len : size;

	memcpy(dst, left.p, n);
	c->staged += n;
	if (c->staged == c->stage.len) {
		ms_buf_reset(&c->stage);
		c->staged = 0;
	}
	return n;
}

size_t ms_msrp_conn_output(struct ms_msrp_conn *c, uint8_t *dst, size_t size, ms_usec now)
{
	size_t n = 0;

	c->now = now;
	while (n < size && c->err == 0 && !c->lost) {
		if (c->stage.len > 0) {
			n += flush_stage(c, dst + n, size - n);
		} else if (c->chunk.open) {
			size_t got;

			if (close_if_due(c))
				continue;
			if (c->chunk.out->stalled)
				break;
			got = fill_body(c, dst + n, size - n);
			n += got;
		} else if (!begin_next(c)) {
			break;
		}
	}
	c->counters.octets_out += n;
	return n;
}

bool ms_msrp_conn_wants_output(const struct ms_msrp_conn *c)
{
	if (c->err < 0 || c->lost)
		return false;
	if (c->stage.len > 0 || c->control.len > 0)
		return true;
	if (c->chunk.open)
		return !c->chunk.out->stalled || patience(c) != MS_MSRP_UNKNOWN;
	if (ms_msrp_auth_wanted(c->auth) && ms_msrp_transaction_free_one(c))
		return true;
	return next_ready(c) != NULL || next_to_bind(c) != NULL;
}
