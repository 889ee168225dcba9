/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passive opening. A listener is there for one connection: it exists while the gate is open and goes
 * as soon as that connection is accepted, so that a closed gate answers with RST like any closed port.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "mgw/media/media-priv.h"

/* One peer is expected; a few more may try before it does. */
#define BACKLOG 8

/* ---- opening and closing ---- */

/* "Discard": the SYN is dropped where the kernel looks for sockets, so that nothing is answered. */
static int drop_silently(int fd)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { .len = 1, .filter = &none };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return -errno;
	return 0;
}

static int heed_again(int fd)
{
	int none = 0;

	return setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)) < 0 ? -errno : 0;
}

static int open_listener(struct ms_media_endpoint *e, const struct ms_bearer *b)
{
	struct ms_addr local;
	int one = 1, err = ms_media_address(&b->local, &local);
	int fd = err ? err : ms_media_socket(e, b, ms_addr_family(&local));

	if (fd < 0)
		return fd;
	err = bind(fd, &local.u.sa, local.len) < 0 ? -errno : 0;
	if (err == 0 && b->incoming == MS_BEARER_DISCARD)
		err = drop_silently(fd);
	/* What it accepts has this too. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (err == 0 && listen(fd, BACKLOG) < 0)
		err = -errno;
	if (err == 0)
		err = ms_media_entry_listen(e, fd);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int ms_media_listen(struct ms_media_endpoint *e, const struct ms_bearer *b)
{
	int err = ms_media_work_begin(e);
	int fd = err ? err : open_listener(e, b);

	if (fd < 0) {
		ms_media_work_end(e);
		return fd;
	}
	e->work->listener = fd;
	ms_media_become(e, MS_MEDIA_LISTENING);
	return 0;
}

/*
 * A peer who has come already is still in the queue, so the socket stays. What else there is to do with
 * connections is looked up when one is taken.
 */
int ms_media_listen_as(struct ms_media_endpoint *e, enum ms_bearer_incoming old,
		       enum ms_bearer_incoming now)
{
	if ((old == MS_BEARER_DISCARD) == (now == MS_BEARER_DISCARD))
		return 0;
	return now == MS_BEARER_DISCARD ? drop_silently(e->work->listener)
					: heed_again(e->work->listener);
}

static void close_listener(struct ms_media_endpoint *e)
{
	ms_media_entry_forget(e);
	close(e->work->listener);
	e->work->listener = -1;
}

void ms_media_unlisten(struct ms_media_endpoint *e)
{
	if (!ms_media_listens(e))
		return;
	close_listener(e);
	ms_media_work_end(e);
	ms_media_become(e, MS_MEDIA_CLOSED);
}

/* ---- who may come in (gm/saf, sam, spf, spr; for TCP: at its SYN) ---- */

static bool in_prefix(const struct ms_bearer_address *a, const struct ms_bearer_prefix *p)
{
	unsigned whole = p->bits / 8, rest = p->bits % 8;

	if (a->family != p->family || p->bits > (p->family == 6 ? 128 : 32))
		return false;
	if (memcmp(a->octets, p->octets, whole) != 0)
		return false;
	return rest == 0 || (a->octets[whole] ^ p->octets[whole]) >> (8 - rest) == 0;
}

static bool same_host(const struct ms_bearer_address *a, const struct ms_bearer_address *b)
{
	return a->family == b->family && memcmp(a->octets, b->octets, a->family == 6 ? 16 : 4) == 0;
}

static bool address_allowed(const struct ms_bearer *b, const struct ms_bearer_address *a)
{
	if (!b->policy.filter_address)
		return true;
	for (unsigned i = 0; i < b->policy.n_prefixes; i++)
		if (in_prefix(a, &b->policy.prefixes[i]))
			return true;
	if (b->policy.n_prefixes > 0)
		return false;
	/* Latching ignores the Remote address until it has learnt one. */
	return b->latch != MS_BEARER_LATCH_OFF || same_host(a, &b->remote);
}

static bool port_allowed(const struct ms_bearer *b, const struct ms_bearer_address *a)
{
	if (!b->policy.filter_port)
		return true;
	if (b->policy.port_first || b->policy.port_last)
		return a->port >= b->policy.port_first && a->port <= b->policy.port_last;
	return b->latch != MS_BEARER_LATCH_OFF || a->port == b->remote.port;
}

/* ---- accepting ---- */

static void refuse(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/*
 * No descriptor is left: the spare one lets us take the peer out of the queue and refuse it, or the
 * listener would be readable for ever.
 */
static void refuse_without_files(struct ms_media *m, int listener)
{
	int fd;

	m->stats.refused_files++;
	if (m->spare_fd >= 0)
		close(m->spare_fd);
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		refuse(fd);
	m->spare_fd = fcntl(m->entry_fd, F_DUPFD_CLOEXEC, 0);
}

static int take_one(struct ms_media_endpoint *e, struct ms_addr *ret_peer)
{
	struct ms_addr a;
	int fd;

	a.len = sizeof(a.u);
	fd = accept4(e->work->listener, &a.u.sa, &a.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			refuse_without_files(e->media, e->work->listener);
		return -EAGAIN;
	}
	*ret_peer = a;
	return fd;
}

/* Filters and limits. Whoever fails them is sent a RST, and the endpoint goes on listening. */
static bool admitted(struct ms_media_endpoint *e, const struct ms_bearer *b,
		     const struct ms_bearer_address *peer)
{
	struct ms_media *m = e->media;

	if (!address_allowed(b, peer) || !port_allowed(b, peer)) {
		m->stats.dropped_source++;
		return false;
	}
	if (m->stats.half >= m->config.half_open) {
		m->stats.refused_half_open++;
		return false;
	}
	if (e->secure && !e->tls_client && !ms_media_admit_handshake(m)) {
		m->stats.refused_handshakes++;
		return false;
	}
	return true;
}

static void tell_latched(struct ms_media_endpoint *e, const struct ms_bearer_address *peer)
{
	struct ms_bearer_event event = { .kind = MS_BEARER_LATCHED, .alert = 255, .remote = *peer };

	ms_media_tell(e, &event);
}

static void accepted(struct ms_media_endpoint *e, const struct ms_bearer *b, int fd,
		     const struct ms_addr *peer, const struct ms_bearer_address *from)
{
	e->media->stats.accepted++;
	close_listener(e);
	e->fd = fd;
	if (b->latch != MS_BEARER_LATCH_OFF)
		tell_latched(e, from);
	ms_media_tcp_up(e, peer);
}

static void take_peer(struct ms_media_endpoint *e, const struct ms_bearer *b)
{
	struct ms_addr peer;
	struct ms_bearer_address from;
	int fd = take_one(e, &peer);

	if (fd < 0)
		return;
	ms_media_bearer_address(&peer, &from);
	if (!admitted(e, b, &from)) {
		e->dropped++;
		refuse(fd);
		return;
	}
	accepted(e, b, fd, &peer, &from);
}

/* ---- interlinked opening (xem/tcpin forward) ---- */

/* The partner is to be opened first: the peer stays in the listener's queue until it stands. */
static bool forwarded(struct ms_media_endpoint *e, const struct ms_bearer *b)
{
	struct ms_media_endpoint *p = e->partner;
	struct ms_bearer other;
	bool can;

	if (b->incoming != MS_BEARER_FORWARD || !p)
		return false;
	if (p->state != MS_MEDIA_CLOSED && p->state != MS_MEDIA_LISTENING)
		return p->state == MS_MEDIA_CONNECTING;
	if (ms_media_bearer(p, &other))
		return false;
	can = other.mode != MS_BEARER_INACTIVE && ms_media_can_connect(&other);
	ms_bearer_wipe(&other);
	return can;
}

static void hold(struct ms_media_endpoint *e)
{
	ms_media_become(e, MS_MEDIA_HELD);
	if (e->partner->state != MS_MEDIA_CONNECTING)
		ms_media_connect(e->partner);
}

/* It has gone meanwhile, or was not let in: another one may come. */
static void listen_on(struct ms_media_endpoint *e)
{
	if (ms_media_entry_listen_on(e))
		ms_media_close(e, true);
}

void ms_media_listen_ready(struct ms_media_endpoint *e)
{
	struct ms_bearer b;

	if (ms_media_bearer(e, &b))
		return;
	if (forwarded(e, &b))
		hold(e);
	else
		take_peer(e, &b);
	ms_bearer_wipe(&b);
	if (e->state == MS_MEDIA_LISTENING)
		listen_on(e);
}

void ms_media_held_go(struct ms_media_endpoint *e)
{
	struct ms_bearer b;

	if (e->state != MS_MEDIA_HELD || ms_media_bearer(e, &b))
		return;
	take_peer(e, &b);
	ms_bearer_wipe(&b);
	if (e->state == MS_MEDIA_HELD) {
		ms_media_become(e, MS_MEDIA_LISTENING);
		listen_on(e);
	}
}

void ms_media_held_refuse(struct ms_media_endpoint *e)
{
	struct ms_addr peer;
	int fd = take_one(e, &peer);

	if (fd >= 0)
		refuse(fd);
	ms_media_close(e, true);
}
