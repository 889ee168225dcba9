/* SPDX-License-Identifier: Apache-2.0 */
/* H.248 over TCP, framed by TPKT (RFC 3525 D.2). */
#include <errno.h>

#include "core/alloc.h"
#include "gcp/gcp-priv.h"

struct tcp {
	struct ms_gcp_conn conn;
	struct ms_tcp *tcp;
	struct ms_gcp_tpkt in;
	bool open;
	struct ms_buf early; /* frames that wait for the connection */
};

struct listener {
	struct ms_gcp_listener l;
	struct ms_tcp_listener *tcp;
};

static struct tcp *tcp_of(struct ms_gcp_channel *ch)
{
	return (struct tcp *)ch;
}

/* ---- sending ---- */

static void tcp_send(struct ms_gcp_channel *ch, const struct ms_h248_path *to,
		     struct ms_span message)
{
	struct tcp *t = tcp_of(ch);
	uint8_t header[MS_GCP_TPKT_HEADER];
	size_t len = t->early.len;

	(void)to;
	if (message.len > MS_GCP_TPKT_MAX) {
		ch->g->counts.send_dropped++;
		return;
	}
	ms_gcp_tpkt_header(message.len, header);
	ms_buf_put(&t->early, header, sizeof(header));
	ms_buf_put_span(&t->early, message);
	if (ms_buf_status(&t->early) != 0) { /* whole frames or none */
		ms_buf_truncate(&t->early, len);
		t->early.err = 0;
		ch->g->counts.send_dropped++;
	}
	ms_gcp_channel_dirty(ch);
}

static void tcp_flush(struct ms_gcp_channel *ch)
{
	struct tcp *t = tcp_of(ch);
	int err;

	if (!t->open || t->early.len == 0)
		return;
	err = ms_tcp_send(t->tcp, ms_buf_span(&t->early));
	if (err)
		ch->g->counts.send_dropped++;
	ms_buf_reset(&t->early);
}

/* ---- receiving ---- */

static void tcp_connected(struct ms_tcp *tcp, void *arg)
{
	struct tcp *t = arg;

	t->open = true;
	t->conn.ch.g->counts.connected++;
	if (ms_tcp_local(tcp, &t->conn.ch.local) != 0)
		t->conn.ch.local = (struct ms_addr){ 0 };
	ms_gcp_channel_dirty(&t->conn.ch);
}

static void tcp_received(struct ms_tcp *tcp, struct ms_span data, void *arg)
{
	struct tcp *t = arg;
	struct ms_gcp *g = t->conn.ch.g;
	struct ms_h248_path path = ms_gcp_path_of(&t->conn.ch, &t->conn.peer);
	struct ms_span message;
	int r;

	(void)tcp;
	while ((r = ms_gcp_tpkt_next(&t->in, &data, &message)) == 1) {
		ms_gcp_conn_received(&t->conn, message);
		if (ms_gcp_channel_of(g, &path) != &t->conn.ch)
			return; /* closed by what the message led to */
	}
	if (r == 0)
		return;
	g->counts.bad_frames++;
	ms_gcp_conn_lost(&t->conn);
}

static void tcp_closed(struct ms_tcp *tcp, int err, void *arg)
{
	struct tcp *t = arg;

	(void)tcp;
	(void)err;
	ms_gcp_conn_lost(&t->conn);
}

static const struct ms_tcp_handlers handlers = {
	.connected = tcp_connected,
	.received = tcp_received,
	.closed = tcp_closed,
};

/* ---- life ---- */

static void tcp_free(struct ms_gcp_channel *ch)
{
	struct tcp *t = tcp_of(ch);

	ms_gcp_conn_remove(&t->conn);
	ms_tcp_close(t->tcp);
	ms_gcp_tpkt_done(&t->in);
	ms_buf_done(&t->early);
	ms_free(t);
}

static const struct ms_gcp_channel_ops tcp_ops = { tcp_send, tcp_flush, tcp_free };

static struct tcp *tcp_new(struct ms_gcp *g, const struct ms_addr *peer,
			   const struct ms_h248_codec *codec, bool accepted)
{
	struct tcp *t = ms_zalloc(sizeof(*t));

	if (!t)
		return NULL;
	ms_gcp_tpkt_init(&t->in, MS_GCP_TPKT_MAX);
	ms_buf_init(&t->early, g->limits.queue);
	if (ms_gcp_conn_add(g, &t->conn, &tcp_ops, MS_H248_TCP, codec, peer, accepted) != 0)
		return ms_free(t);
	return t;
}

static struct ms_tcp_options options_of(const struct ms_gcp *g, const struct ms_addr *from)
{
	struct ms_tcp_options o = { .queue_max = g->limits.queue,
				    .connect_limit = g->limits.connect,
				    .name = "gcp.tcp" };

	if (from)
		o.bind = *from;
	return o;
}

int ms_gcp_tcp_connect(struct ms_gcp *g, const struct ms_addr *to,
		       const struct ms_h248_codec *codec, const struct ms_addr *from,
		       struct ms_gcp_channel **ret_ch)
{
	struct ms_tcp_options o = options_of(g, from);
	struct tcp *t;
	int err;

	if (g->n_conns >= g->limits.connections)
		return -ENOSPC;
	t = tcp_new(g, to, codec, false);
	if (!t)
		return -ENOMEM;
	err = ms_tcp_connect(to, &o, &handlers, t, &t->tcp);
	if (err) {
		tcp_free(&t->conn.ch);
		return err;
	}
	*ret_ch = &t->conn.ch;
	return 0;
}

/* ---- listening ---- */

static void tcp_accepted(int fd, const struct ms_addr *peer, void *arg)
{
	struct listener *l = arg;
	struct ms_gcp *g = l->l.g;
	struct ms_tcp_options o = options_of(g, NULL);
	struct ms_tcp *tcp = NULL;
	struct tcp *t = NULL;

	if (ms_tcp_attach(fd, peer, &o, &handlers, NULL, &tcp) != 0)
		return;
	if (ms_gcp_conn_admitted(g, peer))
		t = tcp_new(g, peer, l->l.codec, true);
	if (!t) {
		ms_tcp_close(tcp);
		return;
	}
	ms_tcp_set_handlers(tcp, &handlers, t);
	t->tcp = tcp;
	t->open = true;
	if (ms_tcp_local(tcp, &t->conn.ch.local) != 0)
		t->conn.ch.local = (struct ms_addr){ 0 };
}

static void listener_free(struct ms_gcp_listener *l)
{
	struct listener *t = (struct listener *)l;

	ms_tcp_listener_close(t->tcp);
	ms_list_remove(&l->link);
	ms_free(t);
}

int ms_gcp_tcp_listen(struct ms_gcp *g, const struct ms_addr *at, const struct ms_h248_codec *codec,
		      struct ms_addr *ret_at)
{
	struct listener *l = ms_zalloc(sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	err = ms_tcp_listen(at, NULL, tcp_accepted, l, &l->tcp);
	if (err) {
		ms_free(l);
		return err;
	}
	l->l.g = g;
	l->l.codec = codec;
	l->l.free = listener_free;
	ms_list_append(&g->listeners, &l->l.link);
	*ret_at = *ms_tcp_listener_addr(l->tcp);
	return 0;
}
