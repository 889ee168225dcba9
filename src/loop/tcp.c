/* SPDX-License-Identifier: Apache-2.0 */
/* A stream connection: making, settings, letting go. What moves over it is in tcp-io.c. */
#include "loop/tcp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "core/alloc.h"
#include "loop/tcp-priv.h"

#define QUEUE_MAX ((size_t)256 * 1024)
#define CONNECT_LIMIT (10 * MS_SEC)

static const struct ms_tcp_options no_options;

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
	ms_watch_init(&c->watch, name, ms_tcp_ready, c);
	ms_timer_init(&c->timer, name, ms_tcp_time_due, c);
	ms_defer_init(&c->tell, ms_tcp_tell_due, c);
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
	c->state = MS_TCP_OPEN;
	err = ms_watch_set(&c->watch, fd, MS_LOOP_READ);
	if (err) {
		ms_tcp_release(c);
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
	c->state = MS_TCP_CONNECTING;
	err = ms_watch_set(&c->watch, fd, MS_LOOP_WRITE);
	if (err) {
		ms_tcp_release(c);
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
	ms_tcp_update_watch(c);
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
	if (c->state != MS_TCP_OPEN)
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
		ms_tcp_release(c);
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
	if (c->state != MS_TCP_OPEN || c->broken || limit <= 0)
		return ms_tcp_close(c);
	ms_tcp_shutdown(c);
	if (ms_tcp_finishing == MS_TCP_FINISHING_MAX)
		return ms_tcp_close(c);
	ms_tcp_finishing++;
	c->state = MS_TCP_FINISHING;
	c->corked = c->paused = false;
	if (c->was_shut && c->eof_read)
		return ms_tcp_close(c);
	if (ms_tcp_queued(c) > 0)
		ms_tcp_flush(c);
	else
		ms_tcp_update_watch(c);
	ms_timer_start(&c->timer, limit);
	return NULL;
}
