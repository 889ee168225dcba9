/* SPDX-License-Identifier: Apache-2.0 */
/* Listening stream sockets. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "loop/loop.h"
#include "loop/tcp.h"

#define BACKLOG 511
#define AT_ONCE 16
#define NO_FILES_PAUSE (100 * MS_MSEC)

struct ms_tcp_listener {
	int fd;
	struct ms_addr addr;
	int at_once;
	bool paused;
	bool busy, dead;   /* in its own handler; closed there */
	char *unlink_path; /* owned; NULL: nothing to unlink */
	struct ms_watch watch;
	struct ms_timer again;
	ms_tcp_accept_f *handler;
	void *arg;
};

static const struct ms_tcp_listen_options no_options;

/* A socket file that nobody listens on is left over from a crash and may go. */
static int clear_unix_path(const struct ms_addr *a)
{
	const char *path = a->u.un.sun_path;
	struct stat st;
	int fd, err;

	if (path[0] == 0 || lstat(path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return -EADDRINUSE;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	err = connect(fd, &a->u.sa, a->len) < 0 && errno == ECONNREFUSED ? 0 : -EADDRINUSE;
	close(fd);
	if (err == 0 && unlink(path) < 0)
		err = -errno;
	return err;
}

/* The permissions are right from the first moment: the socket exists before it is reachable. */
static int bind_unix(int fd, const struct ms_addr *a, mode_t mode)
{
	mode_t old;
	int err = clear_unix_path(a);

	if (err)
		return err;
	old = umask((mode_t)~mode & 0777);
	if (bind(fd, &a->u.sa, a->len) < 0)
		err = -errno;
	umask(old);
	return err;
}

static int bind_ip(int fd, const struct ms_addr *a)
{
	int on = 1, off = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	/* [::] takes IPv4 too, whatever the system's default. */
	if (ms_addr_family(a) == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, ms_addr_is_any(a) ? &off : &on, sizeof(on)) <
		    0)
		return -errno;
	return bind(fd, &a->u.sa, a->len) < 0 ? -errno : 0;
}

int ms_tcp_bind(const struct ms_addr *a, const struct ms_tcp_listen_options *options, int *ret_fd)
{
	const struct ms_tcp_listen_options *o = options ? options : &no_options;
	int fd, err;

	fd = socket(ms_addr_family(a), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (ms_addr_family(a) == AF_UNIX)
		err = bind_unix(fd, a, o->unix_mode ? o->unix_mode : 0600);
	else
		err = bind_ip(fd, a);
	if (err == 0 && listen(fd, o->backlog > 0 ? o->backlog : BACKLOG) < 0)
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

static void again_due(void *arg)
{
	struct ms_tcp_listener *l = arg;

	if (!l->paused && ms_watch_set(&l->watch, l->fd, MS_LOOP_READ))
		ms_timer_start(&l->again, NO_FILES_PAUSE);
}

/* Out of descriptors or memory: the waiting connection would wake us again at once. */
static void rest_a_while(struct ms_tcp_listener *l)
{
	ms_watch_stop(&l->watch);
	ms_timer_start(&l->again, NO_FILES_PAUSE);
}

static bool out_of_means(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

/* The handler may pause or close the listener. */
static void acceptable(unsigned events MS_UNUSED, void *arg)
{
	struct ms_tcp_listener *l = arg;

	l->busy = true;
	for (int i = l->at_once; i > 0 && !l->dead && !l->paused; i--) {
		struct ms_addr peer = { .len = sizeof(peer.u) };
		int fd = accept4(l->fd, &peer.u.sa, &peer.len, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			if (out_of_means(errno))
				rest_a_while(l);
			break;
		}
		l->handler(fd, &peer, l->arg);
	}
	l->busy = false;
	if (l->dead)
		ms_free(l);
}

static int make(int fd, const struct ms_tcp_listen_options *o, ms_tcp_accept_f *handler, void *arg,
		struct ms_tcp_listener **ret_listener)
{
	struct ms_tcp_listener *l = ms_zalloc(sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->fd = fd;
	l->handler = handler;
	l->arg = arg;
	l->at_once = o->accepts_at_once > 0 ? o->accepts_at_once : AT_ONCE;
	l->addr.len = sizeof(l->addr.u);
	ms_timer_init(&l->again, "tcp.accept", again_due, l);
	ms_watch_init(&l->watch, "tcp.accept", acceptable, l);
	err = getsockname(fd, &l->addr.u.sa, &l->addr.len) < 0 ? -errno : 0;
	if (err == 0)
		err = ms_watch_set(&l->watch, fd, MS_LOOP_READ);
	if (err) {
		ms_free(l);
		return err;
	}
	*ret_listener = l;
	return 0;
}

int ms_tcp_listen_fd(int fd, const struct ms_tcp_listen_options *options, ms_tcp_accept_f *handler,
		     void *arg, struct ms_tcp_listener **ret_listener)
{
	int err = make(fd, options ? options : &no_options, handler, arg, ret_listener);

	if (err)
		close(fd);
	return err;
}

int ms_tcp_listen(const struct ms_addr *a, const struct ms_tcp_listen_options *options,
		  ms_tcp_accept_f *handler, void *arg, struct ms_tcp_listener **ret_listener)
{
	bool path = ms_addr_family(a) == AF_UNIX && a->u.un.sun_path[0] != 0;
	char *copy = path ? ms_strdup(a->u.un.sun_path) : NULL;
	int fd = -1, err = path && !copy ? -ENOMEM : 0;

	if (err == 0)
		err = ms_tcp_bind(a, options, &fd);
	if (err == 0)
		err = ms_tcp_listen_fd(fd, options, handler, arg, ret_listener);
	if (err) {
		ms_free(copy);
		return err;
	}
	(*ret_listener)->unlink_path = copy;
	return 0;
}

const struct ms_addr *ms_tcp_listener_addr(const struct ms_tcp_listener *l)
{
	return &l->addr;
}

void ms_tcp_listener_pause(struct ms_tcp_listener *l, bool pause)
{
	l->paused = pause;
	ms_watch_stop(&l->watch);
	ms_timer_stop(&l->again);
	if (!pause)
		again_due(l);
}

struct ms_tcp_listener *ms_tcp_listener_close(struct ms_tcp_listener *l)
{
	if (!l)
		return NULL;
	ms_watch_stop(&l->watch);
	ms_timer_stop(&l->again);
	close(l->fd);
	if (l->unlink_path)
		unlink(l->unlink_path);
	l->unlink_path = ms_free(l->unlink_path);
	l->dead = true;
	return l->busy ? NULL : ms_free(l);
}
