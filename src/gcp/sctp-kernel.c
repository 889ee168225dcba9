/* SPDX-License-Identifier: Apache-2.0 */
/*
 * H.248 over the kernel's SCTP (H.248.4; RFC 6458 sockets, one socket an association). One message of
 * H.248 is one user message; everything goes on stream 0.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sctp.h> /* wants the others before it */

#include "core/alloc.h"
#include "gcp/gcp-priv.h"
#include "gcp/queue.h"

#define BACKLOG 64
#define READ_SIZE 65536u
#define READS 32 /* messages taken before others have their turn */

struct sctp {
	struct ms_gcp_conn conn;
	int fd;
	bool open;
	struct ms_watch watch;
	struct ms_gcp_queue out;
	struct ms_buf part; /* a message that has come in pieces */
};

struct listener {
	struct ms_gcp_listener l;
	int fd;
	struct ms_watch watch;
};

bool ms_gcp_sctp_kernel_works(void)
{
	static int works = -1;

	if (works < 0) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);

		works = fd >= 0;
		if (fd >= 0)
			close(fd);
	}
	return works > 0;
}

static struct sctp *sctp_of(struct ms_gcp_channel *ch)
{
	return (struct sctp *)ch;
}

/* ---- sending ---- */

static int send_one(const struct sctp *s, struct ms_span message)
{
	union {
		struct cmsghdr h;
		uint8_t room[CMSG_SPACE(sizeof(struct sctp_sndinfo))];
	} control = { 0 };
	struct sctp_sndinfo info = { .snd_ppid = htonl(s->conn.ch.g->sctp.ppid) };
	struct iovec v = { (void *)message.p, message.len };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control.room) };

	control.h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(info)),
				      .cmsg_level = IPPROTO_SCTP,
				      .cmsg_type = SCTP_SNDINFO };
	memcpy(CMSG_DATA(&control.h), &info, sizeof(info));
	return sendmsg(s->fd, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void sctp_flush(struct ms_gcp_channel *ch)
{
	struct sctp *s = sctp_of(ch);
	struct ms_span message;
	unsigned events = MS_LOOP_READ;
	int err = 0;

	if (!s->open)
		return;
	while (ms_gcp_queue_first(&s->out, &message)) {
		err = send_one(s, message);
		if (err == -EAGAIN)
			break;
		if (err)
			ch->g->counts.send_dropped++; /* a broken association is told by reading */
		ms_gcp_queue_drop(&s->out);
	}
	if (err == -EAGAIN)
		events |= MS_LOOP_WRITE;
	if (ms_watch_set(&s->watch, s->fd, events) != 0)
		ch->g->counts.send_dropped++;
}

static void sctp_send(struct ms_gcp_channel *ch, const struct ms_h248_path *to,
		      struct ms_span message)
{
	(void)to;
	if (ms_gcp_queue_put(&sctp_of(ch)->out, message) != 0)
		ch->g->counts.send_dropped++;
	ms_gcp_channel_dirty(ch);
}

/* ---- receiving ---- */

/* One piece of a message; whole ones are handed up. False: the association is over. */
static bool receive_one(struct sctp *s, bool *ret_more)
{
	uint8_t octets[READ_SIZE];
	struct iovec v = { octets, sizeof(octets) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	ssize_t n = recvmsg(s->fd, &m, 0);
	bool whole = m.msg_flags & MSG_EOR;

	*ret_more = n > 0;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (whole && s->part.len == 0) {
		ms_gcp_conn_received(&s->conn, ms_span_of(octets, (size_t)n));
		return true;
	}
	ms_buf_put(&s->part, octets, (size_t)n);
	if (ms_buf_status(&s->part) != 0)
		return false; /* over the limit */
	if (whole) {
		ms_gcp_conn_received(&s->conn, ms_buf_span(&s->part));
		ms_buf_reset(&s->part);
	}
	return true;
}

static void sctp_read(struct sctp *s)
{
	struct ms_gcp *g = s->conn.ch.g;
	struct ms_h248_path path = ms_gcp_path_of(&s->conn.ch, &s->conn.peer);
	bool more = true;

	for (int i = 0; i < READS && more; i++) {
		bool alive = receive_one(s, &more);

		if (ms_gcp_channel_of(g, &path) != &s->conn.ch)
			return; /* closed by what the message led to */
		if (!alive) {
			ms_gcp_conn_lost(&s->conn);
			return;
		}
	}
}

static void note_local(struct sctp *s)
{
	socklen_t len = sizeof(s->conn.ch.local.u);

	if (getsockname(s->fd, &s->conn.ch.local.u.sa, &len) == 0)
		s->conn.ch.local.len = len;
}

static bool is_connected(struct sctp *s)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 || err)
		return false;
	s->open = true;
	s->conn.ch.g->counts.connected++;
	note_local(s);
	return true;
}

static void sctp_ready(unsigned events, void *arg)
{
	struct sctp *s = arg;

	if (!s->open && !is_connected(s)) {
		ms_gcp_conn_lost(&s->conn);
		return;
	}
	if (events & MS_LOOP_WRITE)
		sctp_flush(&s->conn.ch);
	if (events & MS_LOOP_READ)
		sctp_read(s);
}

/* ---- life ---- */

static void sctp_free(struct ms_gcp_channel *ch)
{
	struct sctp *s = sctp_of(ch);

	ms_gcp_conn_remove(&s->conn);
	ms_watch_stop(&s->watch);
	close(s->fd);
	ms_gcp_queue_done(&s->out);
	ms_buf_done(&s->part);
	ms_free(s);
}

static const struct ms_gcp_channel_ops sctp_ops = { sctp_send, sctp_flush, sctp_free };

static void set_heartbeat(int fd, const struct ms_gcp *g)
{
	struct sctp_paddrparams p = { .spp_hbinterval = (uint32_t)(g->sctp.heartbeat / MS_MSEC),
				      .spp_flags = SPP_HB_ENABLE };

	/* without it the kernel's 30 s hold */
	setsockopt(fd, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &p, sizeof(p));
}

/* Takes `fd` over, also when it fails. */
static int attach(struct ms_gcp *g, int fd, const struct ms_addr *peer,
		  const struct ms_h248_codec *codec, bool accepted, struct ms_gcp_channel **ret_ch)
{
	struct sctp *s = ms_zalloc(sizeof(*s));
	int on = 1, err = -ENOMEM;

	if (s)
		err = ms_gcp_conn_add(g, &s->conn, &sctp_ops, MS_H248_SCTP, codec, peer, accepted);
	if (err) {
		close(fd);
		ms_free(s);
		return err;
	}
	s->fd = fd;
	s->open = accepted;
	ms_gcp_queue_init(&s->out, g->limits.queue);
	ms_buf_init(&s->part, READ_SIZE);
	ms_watch_init(&s->watch, "gcp.sctp", sctp_ready, s);
	setsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof(on));
	set_heartbeat(fd, g);
	note_local(s);
	err = ms_watch_set(&s->watch, fd, accepted ? MS_LOOP_READ : MS_LOOP_WRITE);
	if (err) {
		sctp_free(&s->conn.ch);
		return err;
	}
	*ret_ch = &s->conn.ch;
	return 0;
}

static int sctp_socket(int family, const struct ms_addr *bind_to)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_SCTP);
	int err;

	if (fd < 0)
		return errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT ? -EPROTONOSUPPORT
									    : -errno;
	if (!bind_to || !ms_addr_is_set(bind_to) || bind(fd, &bind_to->u.sa, bind_to->len) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int ms_gcp_sctp_kernel_connect(struct ms_gcp *g, const struct ms_addr *to,
			       const struct ms_h248_codec *codec, const struct ms_addr *from,
			       struct ms_gcp_channel **ret_ch)
{
	int fd = sctp_socket(ms_addr_family(to), from), err;

	if (fd < 0)
		return fd;
	if (connect(fd, &to->u.sa, to->len) < 0 && errno != EINPROGRESS) {
		err = -errno;
		close(fd);
		return err;
	}
	return attach(g, fd, to, codec, false, ret_ch);
}

/* ---- listening ---- */

static void accept_ready(unsigned events, void *arg)
{
	struct listener *l = arg;
	struct ms_gcp_channel *ch;
	struct ms_addr peer;

	(void)events;
	for (int i = 0; i < BACKLOG; i++) {
		socklen_t len = sizeof(peer.u);
		int fd = accept4(l->fd, &peer.u.sa, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		peer.len = len;
		if (!ms_gcp_conn_admitted(l->l.g, &peer))
			close(fd);
		else if (attach(l->l.g, fd, &peer, l->l.codec, true, &ch) != 0)
			l->l.g->counts.refused++;
	}
}

static void listener_free(struct ms_gcp_listener *base)
{
	struct listener *l = (struct listener *)base;

	ms_watch_stop(&l->watch);
	close(l->fd);
	ms_list_remove(&l->l.link);
	ms_free(l);
}

int ms_gcp_sctp_kernel_listen(struct ms_gcp *g, const struct ms_addr *at,
			      const struct ms_h248_codec *codec, struct ms_addr *ret_at)
{
	struct listener *l = ms_zalloc(sizeof(*l));
	struct ms_addr bound;
	socklen_t len = sizeof(bound.u);
	int err = 0;

	if (!l)
		return -ENOMEM;
	l->l = (struct ms_gcp_listener){ .g = g, .codec = codec, .free = listener_free };
	ms_list_append(&g->listeners, &l->l.link);
	ms_watch_init(&l->watch, "gcp.sctp.accept", accept_ready, l);
	l->fd = sctp_socket(ms_addr_family(at), at);
	if (l->fd < 0)
		err = l->fd;
	else if (listen(l->fd, BACKLOG) < 0 || getsockname(l->fd, &bound.u.sa, &len) < 0)
		err = -errno;
	if (!err)
		err = ms_watch_set(&l->watch, l->fd, MS_LOOP_READ);
	if (err) {
		listener_free(&l->l);
		return err;
	}
	bound.len = len;
	*ret_at = bound;
	return 0;
}
