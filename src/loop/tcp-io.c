/* SPDX-License-Identifier: Apache-2.0 */
/* The traffic of a connection: its queue, the loop's events, its end. */
#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "core/alloc.h"
#include "loop/tcp-priv.h"

#define READ_SIZE ((size_t)64 * 1024)
#define KEEP_SIZE 4096 /* an empty queue gives memory over this back */

static uint8_t received[READ_SIZE]; /* one process, one loop, one read at a time */

unsigned ms_tcp_finishing;

void ms_tcp_release(struct ms_tcp *c)
{
	if (c->state == MS_TCP_FINISHING)
		ms_tcp_finishing--;
	c->state = MS_TCP_OVER;
	ms_watch_stop(&c->watch);
	ms_timer_stop(&c->timer);
	ms_defer_cancel(&c->tell);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	ms_buf_done(&c->out);
	c->dead = true;
	if (!c->busy)
		ms_free(c);
}

/* The end: tells the owner, who frees it; frees it if nobody owns it any more. */
void ms_tcp_over(struct ms_tcp *c, int err)
{
	if (c->state == MS_TCP_FINISHING) {
		ms_tcp_release(c);
		return;
	}
	ms_watch_stop(&c->watch);
	ms_timer_stop(&c->timer);
	ms_defer_cancel(&c->tell);
	close(c->fd);
	c->fd = -1;
	c->state = MS_TCP_OVER;
	c->handlers->closed(c, err, c->arg);
}

size_t ms_tcp_queued(const struct ms_tcp *c)
{
	return c->out.len - c->sent;
}

size_t ms_tcp_room(const struct ms_tcp *c)
{
	return c->out.max - ms_tcp_queued(c);
}

/* Asks the loop for what can be used now; an error of the loop is an error of the connection. */
void ms_tcp_update_watch(struct ms_tcp *c)
{
	unsigned events = 0;
	int err;

	if (c->fd < 0)
		return;
	if (c->state != MS_TCP_CONNECTING && !c->paused && !c->eof_read)
		events |= MS_LOOP_READ;
	if (c->state == MS_TCP_CONNECTING || (ms_tcp_queued(c) > 0 && !c->corked))
		events |= MS_LOOP_WRITE;
	err = ms_watch_set(&c->watch, c->fd, events);
	if (err && !c->broken) {
		c->broken = err;
		ms_defer_call(&c->tell);
	}
}

void ms_tcp_tell_due(void *arg)
{
	struct ms_tcp *c = arg;

	ms_tcp_over(c, c->broken);
}

static void broke(struct ms_tcp *c, int err)
{
	c->broken = err;
	ms_buf_reset(&c->out);
	c->sent = 0;
	ms_defer_call(&c->tell);
}

/* ---- sending ---- */

static void queue_emptied(struct ms_tcp *c)
{
	c->sent = 0;
	if (c->out.cap > KEEP_SIZE) {
		size_t max = c->out.max;

		ms_buf_done(&c->out);
		ms_buf_init(&c->out, max);
	} else {
		ms_buf_reset(&c->out);
	}
	if (c->shut && !c->was_shut) {
		c->was_shut = true;
		shutdown(c->fd, SHUT_WR);
	}
}

/* What the kernel takes of `s`; 0 if it takes nothing now or the connection broke. */
static size_t write_some(struct ms_tcp *c, struct ms_span s)
{
	ssize_t n;

	do
		n = send(c->fd, s.p, s.len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0) {
		c->active = ms_loop_now();
		return (size_t)n;
	}
	if (errno != EAGAIN)
		broke(c, -errno);
	return 0;
}

void ms_tcp_flush(struct ms_tcp *c)
{
	size_t left = ms_tcp_queued(c);

	if (left > 0 && !c->broken)
		c->sent += write_some(c, ms_span_of(c->out.p + c->sent, left));
	if (!c->broken && ms_tcp_queued(c) == 0)
		queue_emptied(c);
	ms_tcp_update_watch(c);
}

/* Room at the end by moving what is unsent to the front. */
static void compact(struct ms_tcp *c)
{
	if (c->sent == 0)
		return;
	ms_buf_consume(&c->out, c->sent);
	c->sent = 0;
}

static int enqueue(struct ms_tcp *c, struct ms_span data)
{
	int err;

	/* Moving costs what is unsent: worth it when more than that was sent, or for want of room. */
	if (c->sent > ms_tcp_queued(c) || c->out.len + data.len > c->out.max)
		compact(c);
	ms_buf_put_span(&c->out, data);
	err = ms_buf_status(&c->out);
	c->out.err = 0; /* nothing was written: the queue stays good */
	return err;
}

int ms_tcp_send(struct ms_tcp *c, struct ms_span data)
{
	size_t now = 0;
	int err;

	if (c->state != MS_TCP_OPEN || c->broken)
		return c->broken ? 0 : -ENOTCONN;
	if (c->shut)
		return -EPIPE;
	if (data.len > ms_tcp_room(c))
		return -ENOBUFS;
	if (ms_tcp_queued(c) == 0 && !c->corked)
		now = write_some(c, data);
	if (now == data.len || c->broken)
		return 0;
	err = enqueue(c, ms_span_from(data, now));
	if (err && now > 0) {
		broke(c, err); /* half of it is out already */
		return 0;
	}
	if (err)
		return err;
	c->waiting = true;
	ms_tcp_update_watch(c);
	return 0;
}

void ms_tcp_cork(struct ms_tcp *c, bool cork)
{
	c->corked = cork;
	if (!cork && c->state == MS_TCP_OPEN && ms_tcp_queued(c) > 0)
		ms_tcp_flush(c);
}

void ms_tcp_shutdown(struct ms_tcp *c)
{
	if (c->shut || c->state != MS_TCP_OPEN || c->broken)
		return;
	c->shut = true;
	if (ms_tcp_queued(c) == 0)
		queue_emptied(c);
}

/* ---- the loop's events ---- */

static void become_open(struct ms_tcp *c)
{
	int err = 0, on = 1;
	socklen_t len = sizeof(err);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err) {
		ms_tcp_over(c, -err);
		return;
	}
	if (ms_addr_family(&c->peer) != AF_UNIX)
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->state = MS_TCP_OPEN;
	c->active = ms_loop_now();
	ms_timer_stop(&c->timer);
	ms_tcp_set_idle(c, c->idle_limit);
	ms_tcp_update_watch(c);
	if (c->handlers->connected)
		c->handlers->connected(c, c->arg);
}

static void read_eof(struct ms_tcp *c)
{
	c->eof_read = true;
	ms_tcp_update_watch(c);
	if (c->state == MS_TCP_OPEN && c->handlers->eof && !c->was_shut)
		c->handlers->eof(c, c->arg);
	else
		ms_tcp_over(c, 0);
}

static void readable(struct ms_tcp *c)
{
	ssize_t n;

	do
		n = recv(c->fd, received, sizeof(received), 0);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		c->active = ms_loop_now();
		if (c->state == MS_TCP_OPEN && c->handlers->received)
			c->handlers->received(c, ms_span_of(received, (size_t)n), c->arg);
	} else if (n == 0) {
		read_eof(c);
	} else if (errno != EAGAIN) {
		ms_tcp_over(c, -errno);
	}
}

/* Returns false if the connection was freed. */
static bool writable(struct ms_tcp *c)
{
	ms_tcp_flush(c);
	if (c->broken || ms_tcp_queued(c) > 0 || !c->waiting)
		return true;
	c->waiting = false;
	if (c->state != MS_TCP_OPEN || !c->handlers->drained)
		return true;
	c->busy = true;
	c->handlers->drained(c, c->arg);
	c->busy = false;
	if (!c->dead)
		return true;
	ms_free(c);
	return false;
}

void ms_tcp_ready(unsigned events, void *arg)
{
	struct ms_tcp *c = arg;

	if (c->broken)
		return;
	if (c->state == MS_TCP_CONNECTING) {
		become_open(c);
		return;
	}
	if ((events & MS_LOOP_WRITE) && !writable(c))
		return;
	if (!(events & MS_LOOP_READ) || c->state == MS_TCP_OVER || c->broken)
		return;
	if (c->paused || c->eof_read) {
		/* A hang-up nobody asked about would be told for ever: look again after the pause. */
		if (c->eof_read)
			ms_tcp_over(c, 0);
		else
			ms_watch_stop(&c->watch);
		return;
	}
	readable(c);
}

void ms_tcp_time_due(void *arg)
{
	struct ms_tcp *c = arg;
	ms_usec quiet = ms_loop_now() - c->active;

	if (c->state == MS_TCP_OPEN && quiet < c->idle_limit)
		ms_timer_start(&c->timer, c->idle_limit - quiet);
	else
		ms_tcp_over(c, -ETIMEDOUT);
}
