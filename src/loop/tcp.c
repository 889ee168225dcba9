/* SPDX-License-Identifier: Apache-2.0 */
/* A stream connection: read, bounded output queue, half-close, time limits. */
#include "loop/tcp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/buf.h"
#include "loop/loop.h"

#define QUEUE_MAX ((size_t)256 * 1024)
#define CONNECT_LIMIT (10 * MS_SEC)
#define READ_SIZE ((size_t)64 * 1024)
#define KEEP_SIZE 4096 /* an empty queue gives memory over this back */

enum state {
	CONNECTING,
	OPEN,
	FINISHING, /* nobody listens any more; what is queued still goes out */
	OVER,      /* `closed` was told */
};

struct ms_tcp {
	enum state state;
	int fd;
	struct ms_watch watch;
	const struct ms_tcp_handlers *handlers; /* borrowed */
	void *arg;
	struct ms_buf out;
	size_t sent; /* octets at the front of `out` that the kernel has */
	bool corked, paused;
	bool waiting;        /* `drained` is owed */
	bool eof_read;       /* the peer sends no more */
	bool shut, was_shut; /* our end is to be sent; was sent */
	int broken;          /* an error found while sending, told from `tell` */
	struct ms_defer tell;
	struct ms_timer timer; /* connect, idle or finish limit */
	ms_usec idle_limit, active;
	struct ms_addr peer;
	bool busy, dead; /* in `drained`; closed there */
};

static uint8_t received[READ_SIZE]; /* one process, one loop, one read at a time */
static const struct ms_tcp_options no_options;

static void release(struct ms_tcp *c)
{
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
static void over(struct ms_tcp *c, int err)
{
	if (c->state == FINISHING) {
		release(c);
		return;
	}
	ms_watch_stop(&c->watch);
	ms_timer_stop(&c->timer);
	ms_defer_cancel(&c->tell);
	close(c->fd);
	c->fd = -1;
	c->state = OVER;
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
static void update_watch(struct ms_tcp *c)
{
	unsigned events = 0;
	int err;

	if (c->fd < 0)
		return;
	if (c->state != CONNECTING && !c->paused && !c->eof_read)
		events |= MS_LOOP_READ;
	if (c->state == CONNECTING || (ms_tcp_queued(c) > 0 && !c->corked))
		events |= MS_LOOP_WRITE;
	err = ms_watch_set(&c->watch, c->fd, events);
	if (err && !c->broken) {
		c->broken = err;
		ms_defer_call(&c->tell);
	}
}

static void tell_due(void *arg)
{
	struct ms_tcp *c = arg;

	over(c, c->broken);
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

static void flush(struct ms_tcp *c)
{
	size_t left = ms_tcp_queued(c);

	if (left > 0 && !c->broken)
		c->sent += write_some(c, ms_span_of(c->out.p + c->sent, left));
	if (!c->broken && ms_tcp_queued(c) == 0)
		queue_emptied(c);
	update_watch(c);
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

	if (c->state != OPEN || c->broken)
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
	update_watch(c);
	return 0;
}

void ms_tcp_cork(struct ms_tcp *c, bool cork)
{
	c->corked = cork;
	if (!cork && c->state == OPEN && ms_tcp_queued(c) > 0)
		flush(c);
}

void ms_tcp_shutdown(struct ms_tcp *c)
{
	if (c->shut || c->state != OPEN || c->broken)
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
		over(c, -err);
		return;
	}
	if (ms_addr_family(&c->peer) != AF_UNIX)
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->state = OPEN;
	c->active = ms_loop_now();
	ms_timer_stop(&c->timer);
	ms_tcp_set_idle(c, c->idle_limit);
	update_watch(c);
	if (c->handlers->connected)
		c->handlers->connected(c, c->arg);
}

static void read_eof(struct ms_tcp *c)
{
	c->eof_read = true;
	update_watch(c);
	if (c->state == OPEN && c->handlers->eof && !c->was_shut)
		c->handlers->eof(c, c->arg);
	else
		over(c, 0);
}

static void readable(struct ms_tcp *c)
{
	ssize_t n;

	do
		n = recv(c->fd, received, sizeof(received), 0);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		c->active = ms_loop_now();
		if (c->state == OPEN && c->handlers->received)
			c->handlers->received(c, ms_span_of(received, (size_t)n), c->arg);
	} else if (n == 0) {
		read_eof(c);
	} else if (errno != EAGAIN) {
		over(c, -errno);
	}
}

/* Returns false if the connection was freed. */
static bool writable(struct ms_tcp *c)
{
	flush(c);
	if (c->broken || ms_tcp_queued(c) > 0 || !c->waiting)
		return true;
	c->waiting = false;
	if (c->state != OPEN || !c->handlers->drained)
		return true;
	c->busy = true;
	c->handlers->drained(c, c->arg);
	c->busy = false;
	if (!c->dead)
		return true;
	ms_free(c);
	return false;
}

static void ready(unsigned events, void *arg)
{
	struct ms_tcp *c = arg;

	if (c->broken)
		return;
	if (c->state == CONNECTING) {
		become_open(c);
		return;
	}
	if ((events & MS_LOOP_WRITE) && !writable(c))
		return;
	if (!(events & MS_LOOP_READ) || c->state == OVER || c->broken)
		return;
	if (c->paused || c->eof_read) {
		/* A hang-up nobody asked about would be told for ever: look again after the pause. */
		if (c->eof_read)
			over(c, 0);
		else
			ms_watch_stop(&c->watch);
		return;
	}
	readable(c);
}

static void time_due(void *arg)
{
	struct ms_tcp *c = arg;
	ms_usec quiet = ms_loop_now() - c->active;

	if (c->state == OPEN && quiet < c->idle_limit)
		ms_timer_start(&c->timer, c->idle_limit - quiet);
	else
		over(c, -ETIMEDOUT);
}

/* ---- making and ending ---- */

static struct ms_tcp *make(int fd, const struct ms_addr *peer, const struct ms_tcp_options *o,
			   const struct ms_tcp_handlers *handlers, void *arg)
{
	struct ms_tcp *c = ms_zalloc(sizeof(*c));
	const char *name = o->name ? o->name : "tcp";

	if (!c)
		return NULL;
	c->fd = fd;
	c->peer = *peer;
	c->handlers = handlers;
	c->arg = arg;
	c->idle_limit = o->idle_limit;
	c->active = ms_loop_now();
	ms_buf_init(&c->out, o->queue_max > 0 ? o->queue_max : QUEUE_MAX);
	ms_watch_init(&c->watch, name, ready, c);
	ms_timer_init(&c->timer, name, time_due, c);
	ms_defer_init(&c->tell, tell_due, c);
	return c;
}

int ms_tcp_attach(int fd, const struct ms_addr *peer, const struct ms_tcp_options *options,
		  const struct ms_tcp_handlers *handlers, void *arg, struct ms_tcp **ret_c)
{
	const struct ms_tcp_options *o = options ? options : &no_options;
	struct ms_tcp *c = make(fd, peer, o, handlers, arg);
	int err, on = 1;

	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	if (ms_addr_family(peer) != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->state = OPEN;
	err = ms_watch_set(&c->watch, fd, MS_LOOP_READ);
	if (err) {
		release(c);
		return err;
	}
	ms_tcp_set_idle(c, c->idle_limit);
	*ret_c = c;
	return 0;
}

static int begin_connect(const struct ms_addr *to, const struct ms_addr *from, int *ret_fd)
{
	int on = 1, err = 0;
	int fd = socket(ms_addr_family(to), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (ms_addr_is_set(from) &&
	    (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	     bind(fd, &from->u.sa, from->len) < 0))
		err = -errno;
	if (err == 0 && connect(fd, &to->u.sa, to->len) < 0 && errno != EINPROGRESS)
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int ms_tcp_connect(const struct ms_addr *to, const struct ms_tcp_options *options,
		   const struct ms_tcp_handlers *handlers, void *arg, struct ms_tcp **ret_c)
{
	const struct ms_tcp_options *o = options ? options : &no_options;
	struct ms_tcp *c;
	int fd = -1, err = begin_connect(to, &o->bind, &fd);

	if (err)
		return err;
	c = make(fd, to, o, handlers, arg);
	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	c->state = CONNECTING;
	err = ms_watch_set(&c->watch, fd, MS_LOOP_WRITE);
	if (err) {
		release(c);
		return err;
	}
	ms_timer_start(&c->timer, o->connect_limit > 0 ? o->connect_limit : CONNECT_LIMIT);
	*ret_c = c;
	return 0;
}

void ms_tcp_pause(struct ms_tcp *c, bool pause)
{
	if (c->paused == pause)
		return;
	c->paused = pause;
	update_watch(c);
}

void ms_tcp_set_handlers(struct ms_tcp *c, const struct ms_tcp_handlers *handlers, void *arg)
{
	c->handlers = handlers;
	c->arg = arg;
}

void ms_tcp_set_idle(struct ms_tcp *c, ms_usec limit)
{
	c->idle_limit = limit;
	c->active = ms_loop_now();
	if (c->state != OPEN)
		return;
	ms_timer_stop(&c->timer);
	if (limit > 0)
		ms_timer_start(&c->timer, limit);
}

const struct ms_addr *ms_tcp_peer(const struct ms_tcp *c)
{
	return &c->peer;
}

int ms_tcp_local(const struct ms_tcp *c, struct ms_addr *ret_addr)
{
	struct ms_addr a = { .len = sizeof(a.u) };

	if (c->fd < 0)
		return -ENOTCONN;
	if (getsockname(c->fd, &a.u.sa, &a.len) < 0)
		return -errno;
	*ret_addr = a;
	return 0;
}

struct ms_tcp *ms_tcp_close(struct ms_tcp *c)
{
	if (c)
		release(c);
	return NULL;
}

/*
 * RFC 9112 section 9.6: closing while octets of the peer are unread would reset the connection and
 * could take our last answer from it. So: our end, then read and drop until the peer's end.
 */
struct ms_tcp *ms_tcp_finish(struct ms_tcp *c, ms_usec limit)
{
	if (!c)
		return NULL;
	if (c->state != OPEN || c->broken || limit <= 0)
		return ms_tcp_close(c);
	ms_tcp_shutdown(c);
	c->state = FINISHING;
	c->corked = c->paused = false;
	if (c->was_shut && c->eof_read)
		return ms_tcp_close(c);
	if (ms_tcp_queued(c) > 0)
		flush(c);
	else
		update_watch(c);
	ms_timer_start(&c->timer, limit);
	return NULL;
}
