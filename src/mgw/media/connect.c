/* SPDX-License-Identifier: Apache-2.0 */
/* Active opening: to the remote address, from the address and port that the endpoint was given. */
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "mgw/media/media-priv.h"

/* ---- addresses ---- */

int ms_media_address(const struct ms_bearer_address *a, struct ms_addr *ret_addr)
{
	if (a->family != 4 && a->family != 6)
		return -EADDRNOTAVAIL;
	return ms_addr_from_octets(ms_span_of(a->octets, a->family == 6 ? 16 : 4), a->port,
				   ret_addr);
}

void ms_media_bearer_address(const struct ms_addr *a, struct ms_bearer_address *ret_a)
{
	memset(ret_a, 0, sizeof(*ret_a));
	ret_a->port = ms_addr_port(a);
	if (ms_addr_family(a) == AF_INET6) {
		ret_a->family = 6;
		memcpy(ret_a->octets, &a->u.in6.sin6_addr, 16);
	} else if (ms_addr_family(a) == AF_INET) {
		ret_a->family = 4;
		memcpy(ret_a->octets, &a->u.in.sin_addr, 4);
	}
}

/* A peer that is active itself names a port (9) that nobody listens on (RFC 4145 section 4.1). */
bool ms_media_can_connect(const struct ms_bearer *b)
{
	return b->remote.family && b->remote.port && b->remote_setup != MS_BEARER_SETUP_ACTIVE &&
	       b->latch == MS_BEARER_LATCH_OFF;
}

/* ---- sockets ---- */

static void mark(int fd, int family, uint8_t dscp)
{
	int tos = dscp << 2;

	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	else
		setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
}

int ms_media_socket(struct ms_media_endpoint *e, const struct ms_bearer *b, int family)
{
	int one = 1, fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			e->media->stats.refused_files++;
		return -errno;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (b->policy.has_dscp)
		mark(fd, family, b->policy.dscp);
	return fd;
}

/* The peer's filters may know the port that the controller told it of. */
static void bind_local(int fd, const struct ms_bearer *b)
{
	struct ms_addr local;

	if (ms_media_address(&b->local, &local))
		return;
	if (bind(fd, &local.u.sa, local.len) == 0)
		return;
	ms_addr_set_port(&local, 0);
	/* Without that port, or even that address, a connection is still better than none. */
	(void)!bind(fd, &local.u.sa, local.len);
}

/* ---- opening ---- */

static const char *cause_of(int err)
{
	switch (err) {
	case ECONNREFUSED:
		return "refused";
	case ETIMEDOUT:
		return "timeout";
	case EHOSTUNREACH:
	case ENETUNREACH:
		return "unreachable";
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EADDRNOTAVAIL:
		return "resources";
	default:
		return "tcplost";
	}
}

static void guard_passed(void *arg)
{
	ms_media_failed(arg, MS_BEARER_TCP_FAILED, "timeout", 255);
}

static int begin(struct ms_media_endpoint *e, const struct ms_bearer *b)
{
	struct ms_addr remote;
	int one = 1, err = ms_media_address(&b->remote, &remote);

	if (err == 0)
		err = ms_media_work_begin(e);
	if (err == 0)
		e->fd = ms_media_socket(e, b, ms_addr_family(&remote));
	if (err || e->fd < 0)
		return err ? err : -errno;
	setsockopt(e->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	bind_local(e->fd, b);
	ms_media_become(e, MS_MEDIA_CONNECTING);
	if (connect(e->fd, &remote.u.sa, remote.len) < 0 && errno != EINPROGRESS)
		return -errno;
	err = ms_media_entry_add(e, e->fd, MS_LOOP_WRITE);
	ms_timer_init(&e->work->guard, "media.connect", guard_passed, e);
	ms_timer_start(&e->work->guard,
		       (b->tcp_ms ? b->tcp_ms : e->media->config.tcp_ms) * MS_MSEC);
	return err;
}

void ms_media_connect(struct ms_media_endpoint *e)
{
	struct ms_bearer b;
	int err;

	if (e->state != MS_MEDIA_CLOSED && e->state != MS_MEDIA_LISTENING)
		return;
	ms_media_unlisten(e);
	err = ms_media_bearer(e, &b);
	if (err == 0) {
		err = begin(e, &b);
		ms_bearer_wipe(&b);
	}
	if (err)
		ms_media_failed(e, MS_BEARER_TCP_FAILED, cause_of(-err), 255);
}

void ms_media_connect_ready(struct ms_media_endpoint *e)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err) {
		ms_media_failed(e, MS_BEARER_TCP_FAILED, cause_of(err), 255);
		return;
	}
	e->media->stats.connected++;
	ms_media_tcp_up(e, NULL);
}

void ms_media_tcp_up(struct ms_media_endpoint *e, const struct ms_addr *remote)
{
	struct ms_bearer_event event = { .kind = MS_BEARER_TCP_UP, .alert = 255 };

	e->connections++;
	if (e->work)
		ms_timer_stop(&e->work->guard);
	if (remote)
		ms_media_bearer_address(remote, &event.remote);
	ms_media_tell(e, &event);
	if (e->secure)
		ms_media_secure(e);
	else
		ms_media_up(e);
	if (e->partner && e->partner->state == MS_MEDIA_HELD && e->fd >= 0)
		ms_media_held_go(e->partner);
}
