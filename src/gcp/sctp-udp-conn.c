/* SPDX-License-Identifier: Apache-2.0 */
/* H.248 over SCTP in user space: associations and listening ports on the stack of sctp-udp.c. */
#include <errno.h>
#include <usrsctp.h>

#include "core/alloc.h"
#include "gcp/queue.h"
#include "gcp/sctp-udp-priv.h"

#define BACKLOG 64
#define READ_SIZE 65536u
#define PATH_MTU 1200u /* octets of SCTP in a UDP datagram that passes everywhere */

struct assoc {
	struct ms_gcp_conn conn;
	struct ms_sctp_ready ready;
	struct socket *socket;
	struct ms_sctp_link *link; /* used */
	bool open;
	struct ms_timer limit; /* to connect */
	struct ms_gcp_queue out;
	struct ms_buf part; /* a message that has come in pieces */
};

struct listener {
	struct ms_gcp_listener l;
	struct ms_sctp_ready ready;
	struct socket *socket;
	struct ms_addr at;
};

static struct assoc *assoc_of(struct ms_gcp_channel *ch)
{
	return (struct assoc *)ch;
}

/* ---- sending ---- */

static int send_one(const struct assoc *s, struct ms_span message)
{
	struct sctp_sndinfo info = { .snd_ppid = htonl(s->conn.ch.g->sctp.ppid) };

	return usrsctp_sendv(s->socket, message.p, message.len, NULL, 0, &info, sizeof(info),
			     SCTP_SENDV_SNDINFO, 0) < 0
		       ? -errno
		       : 0;
}

static void assoc_flush(struct ms_gcp_channel *ch)
{
	struct assoc *s = assoc_of(ch);
	struct ms_span message;

	while (s->open && ms_gcp_queue_first(&s->out, &message)) {
		int err = send_one(s, message);

		if (err == -EAGAIN || err == -EWOULDBLOCK)
			break; /* an upcall tells when there is room */
		if (err)
			ch->g->counts.send_dropped++;
		ms_gcp_queue_drop(&s->out);
	}
	ms_sctp_settle();
}

static void assoc_send(struct ms_gcp_channel *ch, const struct ms_h248_path *to,
		       struct ms_span message)
{
	(void)to;
	if (ms_gcp_queue_put(&assoc_of(ch)->out, message) != 0)
		ch->g->counts.send_dropped++;
	ms_gcp_channel_dirty(ch);
}

/* ---- receiving ---- */

/* One piece of a message; whole ones are handed up. 1: go on, 0: nothing there, -1: it is over. */
static int receive_one(struct assoc *s, uint8_t octets[static READ_SIZE])
{
	struct sctp_rcvinfo info;
	socklen_t info_len = sizeof(info), from_len = 0;
	unsigned type = 0;
	int flags = 0;
	ssize_t n = usrsctp_recvv(s->socket, octets, READ_SIZE, NULL, &from_len, &info, &info_len,
				  &type, &flags);

	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	if (n == 0)
		return -1;
	if (flags & MSG_NOTIFICATION)
		return 1;
	if ((flags & MSG_EOR) && s->part.len == 0) {
		ms_gcp_conn_received(&s->conn, ms_span_of(octets, (size_t)n));
		return 1;
	}
	ms_buf_put(&s->part, octets, (size_t)n);
	if (ms_buf_status(&s->part) != 0)
		return -1; /* over the limit */
	if (flags & MSG_EOR) {
		ms_gcp_conn_received(&s->conn, ms_buf_span(&s->part));
		ms_buf_reset(&s->part);
	}
	return 1;
}

static void assoc_read(struct assoc *s)
{
	struct ms_gcp *g = s->conn.ch.g;
	struct ms_h248_path path = ms_gcp_path_of(&s->conn.ch, &s->conn.peer);
	uint8_t octets[READ_SIZE];
	int r;

	do {
		r = receive_one(s, octets);
		if (ms_gcp_channel_of(g, &path) != &s->conn.ch)
			return; /* closed by what the message led to */
	} while (r > 0);
	if (r < 0)
		ms_gcp_conn_lost(&s->conn);
}

static void assoc_ready(struct ms_sctp_ready *r)
{
	struct assoc *s = (struct assoc *)((char *)r - offsetof(struct assoc, ready));
	int events = usrsctp_get_events(s->socket);

	if (events & SCTP_EVENT_ERROR) {
		ms_gcp_conn_lost(&s->conn);
		return;
	}
	if ((events & SCTP_EVENT_WRITE) && !s->open) {
		s->open = true;
		s->conn.ch.g->counts.connected++;
		ms_timer_stop(&s->limit);
	}
	if (events & SCTP_EVENT_WRITE)
		ms_gcp_channel_dirty(&s->conn.ch);
	if (events & SCTP_EVENT_READ)
		assoc_read(s);
}

static void upcall(struct socket *socket, void *arg, int flags)
{
	(void)socket, (void)flags;
	ms_sctp_mark(arg);
}

/* ---- life ---- */

static void close_socket(struct socket *socket)
{
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	usrsctp_set_upcall(socket, NULL, NULL);
	usrsctp_setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	usrsctp_close(socket);
}

static void assoc_free(struct ms_gcp_channel *ch)
{
	struct assoc *s = assoc_of(ch);

	ms_gcp_conn_remove(&s->conn);
	ms_timer_stop(&s->limit);
	close_socket(s->socket);
	ms_sctp_unmark(&s->ready);
	ms_sctp_link_leave(s->link);
	ms_gcp_queue_done(&s->out);
	ms_buf_done(&s->part);
	ms_free(s);
}

static const struct ms_gcp_channel_ops assoc_ops = { assoc_send, assoc_flush, assoc_free };

static void limit_due(void *arg)
{
	struct assoc *s = arg;

	ms_gcp_conn_lost(&s->conn);
	ms_sctp_settle();
}

static void set_options(const struct ms_gcp *g, struct socket *socket)
{
	struct sctp_paddrparams p = { .spp_flags = SPP_HB_ENABLE | SPP_PMTUD_DISABLE,
				      .spp_hbinterval = (uint32_t)(g->sctp.heartbeat / MS_MSEC),
				      .spp_pathmtu = PATH_MTU };
	int on = 1;

	p.spp_address.ss_family = AF_CONN;
	usrsctp_set_non_blocking(socket, 1);
	/* without these it is slower, not wrong */
	usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof(on));
	usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &p, sizeof(p));
}

/* The address as the entity knows the peer: its host, its SCTP port. */
static struct ms_addr peer_of(const struct ms_sctp_link *l, uint16_t port)
{
	struct ms_addr peer = l->peer;

	ms_addr_set_port(&peer, port);
	return peer;
}

/* Takes the socket over on success. */
static int attach(struct ms_gcp *g, struct socket *socket, struct ms_sctp_link *link,
		  const struct ms_addr *peer, const struct ms_h248_codec *codec, bool accepted,
		  struct assoc **ret_s)
{
	struct assoc *s = ms_zalloc(sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	err = ms_gcp_conn_add(g, &s->conn, &assoc_ops, MS_H248_SCTP, codec, peer, accepted);
	if (err) {
		ms_free(s);
		return err;
	}
	s->socket = socket;
	s->link = link;
	s->open = accepted;
	s->conn.ch.local = link->udp->local;
	s->ready.handler = assoc_ready;
	ms_sctp_link_use(link);
	ms_gcp_queue_init(&s->out, g->limits.queue);
	ms_buf_init(&s->part, READ_SIZE);
	ms_timer_init(&s->limit, "gcp.sctp", limit_due, s);
	set_options(g, socket);
	usrsctp_set_upcall(socket, upcall, &s->ready);
	*ret_s = s;
	return 0;
}

static struct sockaddr_conn address_of(const struct ms_sctp_link *link, uint16_t port)
{
	return (struct sockaddr_conn){ .sconn_family = AF_CONN,
				       .sconn_port = htons(port),
				       .sconn_addr = link ? (void *)link->number : NULL };
}

static int link_for(struct ms_gcp *g, const struct ms_addr *to, const struct ms_addr *from,
		    struct ms_sctp_link **ret_link)
{
	static const uint8_t zero[16];
	struct ms_addr host, peer = *to;
	struct ms_sctp_udp *udp;
	int err = ms_sctp_start();

	ms_addr_set_port(&peer, g->sctp.remote_udp);
	if (!err && from && ms_addr_is_set(from))
		host = *from;
	else if (!err)
		err = ms_addr_from_octets(ms_span_of(zero, ms_addr_family(to) == AF_INET ? 4 : 16),
					  0, &host);
	if (!err)
		err = ms_sctp_udp_of(g, &host, &udp);
	return err ? err : ms_sctp_link_to(udp, &peer, ret_link);
}

static int begin_connect(struct socket *socket, const struct ms_sctp_link *link, uint16_t from_port,
			 uint16_t to_port)
{
	struct sockaddr_conn here = address_of(link, from_port);
	struct sockaddr_conn there = address_of(link, to_port);

	if (usrsctp_bind(socket, (struct sockaddr *)&here, sizeof(here)) < 0)
		return -errno;
	if (usrsctp_connect(socket, (struct sockaddr *)&there, sizeof(there)) < 0 &&
	    errno != EINPROGRESS)
		return -errno;
	return 0;
}

int ms_gcp_sctp_udp_connect(struct ms_gcp *g, const struct ms_addr *to,
			    const struct ms_h248_codec *codec, const struct ms_addr *from,
			    struct ms_gcp_channel **ret_ch)
{
	struct ms_sctp_link *link;
	struct socket *socket;
	struct assoc *s;
	int err = g->n_conns < g->limits.connections ? link_for(g, to, from, &link) : -ENOSPC;

	if (err)
		return err;
	socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
	if (!socket)
		return -ENOMEM;
	err = attach(g, socket, link, to, codec, false, &s);
	if (err) {
		usrsctp_close(socket);
		return err;
	}
	ms_timer_start(&s->limit, g->limits.connect);
	err = begin_connect(socket, link, from ? ms_addr_port(from) : 0, ms_addr_port(to));
	if (err) {
		assoc_free(&s->conn.ch);
		return err;
	}
	ms_sctp_settle();
	*ret_ch = &s->conn.ch;
	return 0;
}

/* ---- listening ---- */

static void accepted(struct listener *l, struct socket *socket, const struct sockaddr_conn *from)
{
	struct ms_gcp *g = l->l.g;
	struct ms_sctp_link *link = ms_sctp_link_of(from->sconn_addr);
	struct ms_addr peer;
	struct assoc *s;

	if (link && link->udp->g == g) {
		peer = peer_of(link, ntohs(from->sconn_port));
		if (ms_gcp_conn_admitted(g, &peer) &&
		    attach(g, socket, link, &peer, l->l.codec, true, &s) == 0) {
			ms_sctp_mark(&s->ready); /* the first message may be there */
			return;
		}
	}
	close_socket(socket);
}

static void accept_ready(struct ms_sctp_ready *r)
{
	struct listener *l = (struct listener *)((char *)r - offsetof(struct listener, ready));

	for (int i = 0; i < BACKLOG; i++) {
		struct sockaddr_conn from = { 0 };
		socklen_t len = sizeof(from);
		struct socket *socket = usrsctp_accept(l->socket, (struct sockaddr *)&from, &len);

		if (!socket)
			return;
		accepted(l, socket, &from);
	}
	ms_sctp_mark(r);
}

static void listener_free(struct ms_gcp_listener *base)
{
	struct listener *l = (struct listener *)base;

	if (l->socket)
		close_socket(l->socket);
	ms_sctp_unmark(&l->ready);
	ms_list_remove(&l->l.link);
	ms_free(l);
}

static int open_port(struct listener *l, uint16_t port)
{
	struct sockaddr_conn any = address_of(NULL, port);

	l->socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
	if (!l->socket)
		return -ENOMEM;
	set_options(l->l.g, l->socket);
	usrsctp_set_upcall(l->socket, upcall, &l->ready);
	if (usrsctp_bind(l->socket, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    usrsctp_listen(l->socket, BACKLOG) < 0)
		return -errno;
	return 0;
}

int ms_gcp_sctp_udp_listen(struct ms_gcp *g, const struct ms_addr *at,
			   const struct ms_h248_codec *codec, struct ms_addr *ret_at)
{
	struct ms_sctp_udp *udp;
	struct listener *l;
	int err = ms_sctp_start();

	if (!err)
		err = ms_sctp_udp_of(g, at, &udp);
	if (err)
		return err;
	l = ms_zalloc(sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->l = (struct ms_gcp_listener){ .g = g, .codec = codec, .free = listener_free };
	l->ready.handler = accept_ready;
	ms_list_append(&g->listeners, &l->l.link);
	err = open_port(l, ms_addr_port(at));
	if (err) {
		listener_free(&l->l);
		return err;
	}
	ms_sctp_settle();
	*ret_at = udp->local;
	ms_addr_set_port(ret_at, ms_addr_port(at));
	return 0;
}
