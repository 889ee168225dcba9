/* SPDX-License-Identifier: Apache-2.0 */
/* One connection: collects a request, hands it out, waits for its answer, goes on. */
#include <errno.h>
#include <unistd.h>

#include "core/alloc.h"
#include "http/http-priv.h"

#define READ_SIZE ((size_t)64 * 1024) /* most octets loop/tcp.h gives at once */
#define KEEP_SIZE 8192                /* an idle connection gives memory over this back */

#define LOOK_AT_MOST 64

/* A peer that leaves more than this of its answers unread gets no further request served. */
#define UNREAD_MAX ((size_t)64 * 1024)

/* One answer may be long: this bounds what handlers answer with. */
#define QUEUE_MAX ((size_t)16 * 1024 * 1024)

static void free_conn(struct ms_http_request *r)
{
	ms_buf_done(&r->in);
	ms_buf_done(&r->ahead);
	ms_free(r);
}

/* The socket and the server's books; the memory stays while an answer is owed or work goes on. */
void ms_http_conn_end(struct ms_http_request *r)
{
	struct ms_http_server *s = r->server;

	r->tcp = ms_tcp_finish(r->tcp, MS_HTTP_LINGER);
	ms_timer_stop(&r->timer);
	if (s) {
		ms_list_remove(&r->link);
		ms_http_address_leave(&s->addresses, r->address);
		s->stats.open--;
		r->server = NULL;
		s->stats.in_flight -= r->owed;
		s->stats.gone += r->owed;
		ms_http_server_left(s);
	}
	if (!r->owed && !r->working)
		free_conn(r);
}

void ms_http_conn_refuse(struct ms_http_request *r, int status)
{
	if (status == 408)
		r->server->stats.slow++;
	else
		r->server->stats.malformed++;
	r->last = true;
	ms_http_send(r, status, NULL, NULL, MS_SPAN_NULL);
	ms_http_conn_end(r);
}

/* ---- time ---- */

static ms_usec limit_of(const struct ms_http_request *r)
{
	const struct ms_http_limits *l = &r->server->limits;

	switch (r->phase) {
	case MS_HTTP_HEAD_COMING:
		return l->head_limit;
	case MS_HTTP_BODY_COMING:
		return l->body_limit;
	case MS_HTTP_ANSWERING:
		return l->send_limit;
	case MS_HTTP_IDLE:
		break;
	}
	return ms_tcp_queued(r->tcp) > 0 ? l->send_limit : l->idle_limit;
}

/* The server's list is in the order of waiting: whose peer did something last stands last. */
static void stand_last(struct ms_http_request *r)
{
	ms_list_remove(&r->link);
	ms_list_append(&r->server->conns, &r->link);
	r->since = ms_loop_now();
}

/*
 * The deadline moves with every request; the timer only when it would be too late. It looks at the
 * deadline when it fires.
 */
static void enter(struct ms_http_request *r, enum ms_http_phase phase)
{
	ms_usec left;

	stand_last(r);
	r->phase = phase;
	left = limit_of(r);
	r->deadline = ms_loop_now() + left;
	if (!ms_timer_running(&r->timer) || r->timer.at > r->deadline)
		ms_timer_start(&r->timer, left);
}

static void time_due(void *arg)
{
	struct ms_http_request *r = arg;
	ms_usec left = r->deadline - ms_loop_now();

	/* The program's own slowness is not the peer's fault: no limit while an answer is owed. */
	if (r->owed)
		left = r->server->limits.send_limit;
	if (left > 0) {
		ms_timer_start(&r->timer, left);
	} else if (r->phase == MS_HTTP_HEAD_COMING || r->phase == MS_HTTP_BODY_COMING) {
		ms_http_conn_refuse(r, 408);
	} else {
		if (ms_tcp_queued(r->tcp) > 0) {
			r->server->stats.slow++;
			r->tcp = ms_tcp_close(r->tcp);
		}
		ms_http_conn_end(r);
	}
}

/* ---- requests ---- */

static int take_head(struct ms_http_request *r)
{
	struct ms_fault fault = { 0 };
	int err = ms_http_head_parse(ms_buf_span(&r->in), r->server->limits.head_max, &r->head,
				     &r->head_size, &fault);

	if (err == -EBADMSG) {
		ms_http_conn_refuse(r, fault.code);
	} else if (err == 0 && r->head.length > r->server->limits.body_max) {
		ms_http_conn_refuse(r, 413);
		err = -EBADMSG;
	} else if (err == -EAGAIN && r->phase != MS_HTTP_HEAD_COMING) {
		enter(r, MS_HTTP_HEAD_COMING);
	}
	return err;
}

/* RFC 9110 section 10.1.1 */
static int send_continue(struct ms_http_request *r)
{
	r->head.expects = false;
	return ms_tcp_send(r->tcp, MS_SPAN_LIT("HTTP/1.1 100 Continue\r\n\r\n"));
}

static int take_body(struct ms_http_request *r)
{
	if (r->in.len - r->head_size >= r->head.length)
		return 0;
	if (r->phase != MS_HTTP_BODY_COMING)
		enter(r, MS_HTTP_BODY_COMING);
	if (r->head.expects && send_continue(r)) {
		ms_http_conn_end(r);
		return -EBADMSG;
	}
	return -EAGAIN;
}

/*
 * The spans of the head point into `in`, which moves when it grows. While an answer is owed it does
 * not grow: what comes then goes to `ahead`.
 */
static void point_again(struct ms_http_request *r)
{
	size_t used;

	if (ms_http_head_parse(ms_buf_span(&r->in), r->server->limits.head_max, &r->head, &used,
			       NULL))
		r->last = true; /* cannot be: it was parsed before, from the same octets */
}

/* One request, if a whole one is there. 0: it was dispatched. */
static int take_request(struct ms_http_request *r)
{
	bool fresh = r->head_size == 0;
	int err = 0;

	if (r->in.len == 0)
		return -EAGAIN;
	if (fresh)
		err = take_head(r);
	if (err == 0)
		err = take_body(r);
	if (err)
		return err;
	if (!fresh)
		point_again(r);
	r->owed = true;
	stand_last(r);
	r->served++;
	r->last = r->last || r->head.close || r->peer_end ||
		  (r->server->limits.per_connection > 0 &&
		   r->served >= r->server->limits.per_connection);
	r->server->stats.in_flight++;
	r->phase = MS_HTTP_ANSWERING;
	ms_http_dispatch(r);
	return 0;
}

static bool unread(const struct ms_http_request *r)
{
	return r->tcp && ms_tcp_queued(r->tcp) > UNREAD_MAX;
}

/* Until its answers are read, or send_limit is over; drained() goes on. */
static void wait_for_reader(struct ms_http_request *r)
{
	r->choked = true;
	ms_tcp_pause(r->tcp, true);
	enter(r, MS_HTTP_IDLE);
}

static void rest(struct ms_http_request *r)
{
	if (r->in.cap > KEEP_SIZE && r->in.len == 0) {
		size_t max = r->in.max;

		ms_buf_done(&r->in);
		ms_buf_init(&r->in, max);
	}
	if (r->peer_end)
		ms_http_conn_end(r);
	else if (r->in.len == 0)
		enter(r, MS_HTTP_IDLE);
}

void ms_http_conn_work(struct ms_http_request *r)
{
	int err = 0;

	if (r->working)
		return;
	r->working = true;
	while (err == 0 && r->server && !r->owed && !unread(r))
		err = take_request(r);
	if (r->server && !r->owed) {
		if (err == 0)
			wait_for_reader(r);
		else
			rest(r);
	}
	r->working = false;
	if (!r->server && !r->owed)
		free_conn(r);
}

/* What came while the answer was owed becomes the next request's beginning. */
static void move_on(struct ms_http_request *r)
{
	ms_buf_consume(&r->in, r->head_size + (size_t)r->head.length);
	r->head_size = 0;
	if (r->ahead.len == 0)
		return;
	ms_buf_put_span(&r->in, ms_buf_span(&r->ahead));
	ms_buf_reset(&r->ahead);
	ms_tcp_pause(r->tcp, false);
}

void ms_http_conn_answered(struct ms_http_request *r)
{
	r->owed = false;
	if (!r->server) {
		if (!r->working)
			free_conn(r);
		return;
	}
	r->server->stats.in_flight--;
	if (r->last || !r->tcp) {
		ms_http_conn_end(r);
		return;
	}
	move_on(r);
	if (ms_buf_status(&r->in))
		ms_http_conn_end(r);
	else
		ms_http_conn_work(r);
}

/* ---- the socket's events ---- */

static void received(struct ms_tcp *tcp, struct ms_span data, void *arg)
{
	struct ms_http_request *r = arg;
	struct ms_buf *to = r->owed ? &r->ahead : &r->in;

	ms_buf_put_span(to, data);
	if (ms_buf_status(to)) {
		/* More pipelined at once than any limit allows, or no memory. */
		r->tcp = ms_tcp_close(r->tcp);
		ms_http_conn_end(r);
	} else if (r->owed) {
		ms_tcp_pause(tcp, true);
	} else {
		ms_http_conn_work(r);
	}
}

/* A peer may end its direction and still wait for its answer. */
static void peer_ended(struct ms_tcp *tcp MS_UNUSED, void *arg)
{
	struct ms_http_request *r = arg;

	r->peer_end = r->last = true;
	if (!r->owed)
		ms_http_conn_end(r);
}

static void closed(struct ms_tcp *tcp, int err MS_UNUSED, void *arg)
{
	struct ms_http_request *r = arg;

	r->tcp = ms_tcp_close(tcp);
	ms_http_conn_end(r);
}

/* The answer is out: the peer may take its time again. */
static void drained(struct ms_tcp *tcp, void *arg)
{
	struct ms_http_request *r = arg;

	if (r->choked) {
		r->choked = false;
		ms_tcp_pause(tcp, false);
		ms_http_conn_work(r);
	} else if (r->phase == MS_HTTP_IDLE) {
		enter(r, MS_HTTP_IDLE);
	}
}

static const struct ms_tcp_handlers handlers = {
	.received = received,
	.drained = drained,
	.eof = peer_ended,
	.closed = closed,
};

static void init(struct ms_http_request *r, struct ms_http_server *s, const struct ms_addr *peer)
{
	static uint64_t ids;

	r->server = s;
	r->peer = *peer;
	r->id = ++ids;
	/* One read may bring more than the request in hand, one more comes ahead of its time. */
	ms_buf_init(&r->in, s->limits.head_max + s->limits.body_max + 2 * READ_SIZE);
	ms_buf_init(&r->ahead, READ_SIZE);
	ms_timer_init(&r->timer, "http.limit", time_due, r);
}

/* Refused before anything is read: one small packet, which fits any socket buffer. */
static void turn_away(int fd)
{
	static const char busy[] =
		"HTTP/1.1 503 Service Unavailable\r\n"
		"Connection: close\r\nContent-Length: 0\r\nRetry-After: 5\r\n\r\n";

	if (send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		shutdown(fd, SHUT_WR);
	close(fd);
}

/*
 * Peers that only hold connections must not keep others out: the one that has let us wait longest
 * makes room, if it had its time. Those whose answer is owed may stand before it, but they are few.
 */
static bool make_room(struct ms_http_server *s)
{
	struct ms_list *link;
	int looked = 0;

	ms_list_foreach (link, &s->conns) {
		struct ms_http_request *r = MS_CONTAINER_OF(link, struct ms_http_request, link);

		if (!r->owed && ms_loop_now() - r->since >= MS_HTTP_FAIR_IDLE) {
			s->stats.evicted++;
			ms_http_conn_end(r);
			return true;
		}
		if (++looked == LOOK_AT_MOST)
			break;
	}
	return false;
}

/* -EUSERS: too many connections; -EDQUOT: too many from this address. */
static int admit(struct ms_http_server *s, struct ms_http_request *r)
{
	int err;

	if (s->stats.open >= s->limits.connections && !make_room(s)) {
		s->stats.refused_total++;
		return -EUSERS;
	}
	err = ms_http_address_enter(&s->addresses, &r->peer, s->limits.per_address, &r->address);
	s->stats.refused_address += err == -EDQUOT;
	return err;
}

void ms_http_conn_new(struct ms_http_server *s, int fd, const struct ms_addr *peer)
{
	const struct ms_tcp_options options = { .queue_max = QUEUE_MAX, .name = "http.conn" };
	struct ms_http_request *r = ms_zalloc(sizeof(*r));

	s->stats.accepted++;
	if (r)
		init(r, s, peer);
	if (!r || admit(s, r)) {
		turn_away(fd);
		ms_free(r);
		return;
	}
	ms_list_append(&s->conns, &r->link);
	s->stats.open++;
	if (ms_tcp_attach(fd, peer, &options, &handlers, r, &r->tcp))
		ms_http_conn_end(r);
	else
		enter(r, MS_HTTP_IDLE);
}
