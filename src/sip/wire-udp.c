/* SPDX-License-Identifier: Apache-2.0 */
/* SIP over UDP: RFC 3261 section 18. */
#include <errno.h>
#include <unistd.h>

#include "sip/wire-priv.h"

#define DATAGRAMS_AT_ONCE 32 /* then others have their turn */
#define SHORTEST 12          /* less is a keep-alive (RFC 5626 section 3.5.1) or nothing */
#define RECEIVE_BUFFER (2 * 1024 * 1024)

static void take(struct ms_sip_wire_point *p, const struct ms_addr *from, size_t len)
{
	struct ms_sip_wire *w = p->wire;
	struct ms_sip_hop hop = {
		.side = p->config.side, .transport = MS_SIP_UDP, .peer = *from, .point = p->index
	};
	struct ms_span octets = ms_span_of(w->datagram, len);

	if (len < SHORTEST)
		return;
	if (w->handlers.trace)
		w->handlers.trace(false, &hop, &p->config.address, octets, w->arg);
	w->handlers.received(&hop, octets, w->arg);
}

static void readable(unsigned events MS_UNUSED, void *arg)
{
	struct ms_sip_wire_point *p = arg;

	for (unsigned i = 0; i < DATAGRAMS_AT_ONCE; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		struct ms_addr from;
		ssize_t n = recvfrom(p->fd, p->wire->datagram, p->wire->limits.message, MSG_TRUNC,
				     (struct sockaddr *)&ss, &len);

		if (n < 0 && errno == EINTR)
			continue;
		/* An error of an earlier datagram (ECONNREFUSED) is told here and is over. */
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n < 0 || ms_addr_from_sockaddr((struct sockaddr *)&ss, len, &from) < 0)
			continue;
		if ((size_t)n > p->wire->limits.message)
			p->wire->handlers.count(MS_SIP_PROXY_MALFORMED, p->wire->arg);
		else
			take(p, &from, (size_t)n);
	}
}

static int bind_socket(int fd, struct ms_addr *a)
{
	socklen_t len = sizeof(a->u);
	int on = 1, size = RECEIVE_BUFFER;

	if (ms_addr_family(a) == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, &a->u.sa, a->len) < 0 || getsockname(fd, &a->u.sa, &len) < 0)
		return -errno;
	return 0;
}

int ms_sip_wire_udp_open(struct ms_sip_wire_point *p)
{
	int err;

	p->fd = socket(ms_addr_family(&p->config.address),
		       SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->fd < 0)
		return -errno;
	err = bind_socket(p->fd, &p->config.address);
	if (err < 0)
		return err;
	ms_watch_init(&p->watch, "sip.udp", readable, p);
	return ms_watch_set(&p->watch, p->fd, MS_LOOP_READ);
}

int ms_sip_wire_udp_send(struct ms_sip_wire_point *p, const struct ms_addr *to,
			 struct ms_span octets)
{
	ssize_t n;

	/* The first try may only tell what became of a datagram before. */
	for (unsigned i = 0; i < 2; i++) {
		n = sendto(p->fd, octets.p, octets.len, 0, &to->u.sa, to->len);
		if (n >= 0)
			return 0;
		if (errno != ECONNREFUSED && errno != EINTR)
			break;
	}
	/* A full queue is a lost datagram: the timers repeat it. */
	return errno == EAGAIN || errno == ENOBUFS ? 0 : -errno;
}
