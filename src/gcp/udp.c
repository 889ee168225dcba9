/* SPDX-License-Identifier: Apache-2.0 */
/*
 * H.248 over UDP (RFC 3525 D.1): one message a datagram, many datagrams a system call. What the kernel
 * does not take waits, up to a limit; what is lost the transaction layer repeats.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/alloc.h"
#include "gcp/gcp-priv.h"

#define BATCH 64u
#define ROUNDS 4u /* batches taken before others have their turn */
#define DATAGRAM 65536u
#define SEND_MAX 512u /* datagrams waiting */

struct waiting {
	struct ms_addr to;
	size_t at, len; /* in `octets` */
};

struct udp {
	struct ms_gcp_channel ch;
	int fd;
	struct ms_watch watch;
	struct ms_buf octets; /* what waits, one datagram after another */
	struct waiting queue[SEND_MAX];
	uint32_t first, n; /* of queue */
	uint8_t *in;       /* owned: BATCH datagrams; touched as far as they are long */
};

static struct udp *udp_of(struct ms_gcp_channel *ch)
{
	return (struct udp *)ch;
}

/* ---- sending ---- */

static int send_batch(struct udp *u)
{
	struct mmsghdr m[BATCH] = { 0 };
	struct iovec v[BATCH];
	unsigned n = u->n - u->first < BATCH ? u->n - u->first : BATCH;
	int sent;

	for (unsigned i = 0; i < n; i++) {
		struct waiting *w = &u->queue[u->first + i];

		v[i] = (struct iovec){ u->octets.p + w->at, w->len };
		m[i].msg_hdr = (struct msghdr){ .msg_name = &w->to.u,
						.msg_namelen = w->to.len,
						.msg_iov = &v[i],
						.msg_iovlen = 1 };
	}
	sent = sendmmsg(u->fd, m, n, 0);
	return sent < 0 ? -errno : sent;
}

static void udp_flush(struct ms_gcp_channel *ch)
{
	struct udp *u = udp_of(ch);

	while (u->first < u->n) {
		int sent = send_batch(u);

		if (sent == -EAGAIN || sent == -EWOULDBLOCK) {
			if (ms_watch_set(&u->watch, u->fd, MS_LOOP_READ | MS_LOOP_WRITE) == 0)
				return;
			sent = 1;
		}
		if (sent < 0) { /* of the first one: unreachable, too long, ... */
			ch->g->counts.send_dropped++;
			sent = 1;
		}
		u->first += (uint32_t)sent;
	}
	u->first = u->n = 0;
	ms_buf_reset(&u->octets);
}

/* A socket of both families takes IPv4 addresses as mapped ones. */
static void destination(const struct udp *u, const struct ms_h248_path *to, struct ms_addr *ret_to)
{
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6 };

	ms_gcp_path_addr(to, ret_to);
	if (to->family != 4 || ms_addr_family(&u->ch.local) != AF_INET6)
		return;
	mapped.sin6_port = htons(to->port);
	memset(&mapped.sin6_addr.s6_addr[10], 0xff, 2);
	memcpy(&mapped.sin6_addr.s6_addr[12], to->host, 4);
	ret_to->u.in6 = mapped;
	ret_to->len = sizeof(mapped);
}

static void udp_send(struct ms_gcp_channel *ch, const struct ms_h248_path *to,
		     struct ms_span message)
{
	struct udp *u = udp_of(ch);
	struct waiting *w;

	if (u->n - u->first >= BATCH && u->first == 0)
		udp_flush(ch);
	if (u->n == SEND_MAX || u->octets.len + message.len > ch->g->limits.udp_queue) {
		ch->g->counts.send_dropped++;
		return;
	}
	w = &u->queue[u->n];
	destination(u, to, &w->to);
	w->at = u->octets.len;
	w->len = message.len;
	ms_buf_put_span(&u->octets, message);
	if (ms_buf_status(&u->octets) != 0) {
		ms_buf_truncate(&u->octets, w->at);
		u->octets.err = 0;
		ch->g->counts.send_dropped++;
		return;
	}
	u->n++;
	ms_gcp_channel_dirty(ch);
}

/* ---- receiving ---- */

static int receive_batch(struct udp *u)
{
	struct mmsghdr m[BATCH] = { 0 };
	struct iovec v[BATCH];
	struct ms_addr from[BATCH];
	struct ms_gcp *g = u->ch.g;
	int n;

	for (unsigned i = 0; i < BATCH; i++) {
		v[i] = (struct iovec){ u->in + (size_t)i * DATAGRAM, DATAGRAM };
		m[i].msg_hdr = (struct msghdr){ .msg_name = &from[i].u,
						.msg_namelen = sizeof(from[i].u),
						.msg_iov = &v[i],
						.msg_iovlen = 1 };
	}
	n = recvmmsg(u->fd, m, BATCH, 0, NULL);
	for (int i = 0; i < n; i++) {
		struct ms_h248_path path;

		from[i].len = m[i].msg_hdr.msg_namelen;
		if (m[i].msg_hdr.msg_flags & MSG_TRUNC) {
			g->counts.truncated++;
			continue;
		}
		path = ms_gcp_path_of(&u->ch, &from[i]);
		ms_gcp_received(&u->ch, &path, ms_span_of(v[i].iov_base, m[i].msg_len));
	}
	return n;
}

static void udp_ready(unsigned events, void *arg)
{
	struct udp *u = arg;

	if (events & MS_LOOP_WRITE) {
		if (ms_watch_set(&u->watch, u->fd, MS_LOOP_READ) != 0)
			return;
		udp_flush(&u->ch);
	}
	if (!(events & MS_LOOP_READ))
		return;
	for (unsigned i = 0; i < ROUNDS; i++)
		if (receive_batch(u) < (int)BATCH)
			break;
	ms_gcp_wake(u->ch.g);
}

/* ---- life ---- */

static void udp_free(struct ms_gcp_channel *ch)
{
	struct udp *u = udp_of(ch);

	ms_gcp_channel_remove(ch);
	ms_watch_stop(&u->watch);
	if (u->fd >= 0)
		close(u->fd);
	ms_buf_done(&u->octets);
	ms_free(u->in);
	ms_free(u);
}

static const struct ms_gcp_channel_ops udp_ops = { udp_send, udp_flush, udp_free };

static int udp_socket(const struct ms_gcp *g, const struct ms_addr *at, struct ms_addr *ret_local)
{
	int fd = socket(ms_addr_family(at), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int size = g->limits.socket_buffer, err = 0;
	socklen_t len = sizeof(ret_local->u);

	if (fd < 0)
		return -errno;
	/* as much of it as the system allows */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (bind(fd, &at->u.sa, at->len) < 0 || getsockname(fd, &ret_local->u.sa, &len) < 0)
		err = -errno;
	ret_local->len = len;
	if (!err)
		return fd;
	close(fd);
	return err;
}

int ms_gcp_udp_open(struct ms_gcp *g, const struct ms_addr *at, const struct ms_h248_codec *codec,
		    struct ms_gcp_channel **ret_ch)
{
	struct udp *u = ms_zalloc(sizeof(*u));
	int err = -ENOMEM;

	if (!u)
		return err;
	u->fd = -1;
	ms_watch_init(&u->watch, "gcp.udp", udp_ready, u);
	ms_buf_init(&u->octets, g->limits.udp_queue);
	u->in = ms_zalloc((size_t)BATCH * DATAGRAM);
	if (u->in)
		err = u->fd = udp_socket(g, at, &u->ch.local);
	if (err >= 0)
		err = ms_watch_set(&u->watch, u->fd, MS_LOOP_READ);
	if (err >= 0)
		err = ms_gcp_channel_add(g, &u->ch, &udp_ops, MS_H248_UDP, codec);
	if (err < 0) {
		udp_free(&u->ch);
		return err;
	}
	*ret_ch = &u->ch;
	return 0;
}
