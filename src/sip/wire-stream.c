/* SPDX-License-Identifier: Apache-2.0 */
/* SIP over TCP and TLS: messages cut out of streams (RFC 3261 section 18.3), keep-alives (RFC 5626). */
#include <errno.h>
#include <unistd.h>

#include "core/alloc.h"
#include "sip/frame-priv.h"
#include "sip/wire-priv.h"

#define LINGER (2 * MS_SEC)

static struct ms_span number_key(const struct ms_sip_wire_stream *s)
{
	return ms_span_of(&s->hop.stream, sizeof(s->hop.stream));
}

static void forget(struct ms_sip_wire_stream *s)
{
	char text[160];

	if (ms_hash_get(s->wire->by_number, number_key(s)) == s)
		(void)ms_hash_take(s->wire->by_number, number_key(s));
	if (s->opened)
		(void)ms_hash_take(s->wire->by_peer, ms_span_str(ms_sip_hop_print(&s->hop, text)));
	if (s->counted)
		ms_sip_tally_remove(s->wire->hosts, &s->hop.peer);
	ms_list_remove(&s->link);
	s->wire->n_streams--;
}

void ms_sip_wire_stream_free(struct ms_sip_wire_stream *s)
{
	forget(s);
	ms_timer_stop(&s->first);
	ms_tcp_finish(s->tcp, LINGER);
	SSL_free(s->ssl);
	ms_buf_done(&s->in);
	ms_buf_done(&s->wait);
	ms_free(s);
}

/* Frees it, then tells: who is told finds it gone. */
static void lose(struct ms_sip_wire_stream *s)
{
	struct ms_sip_wire *w = s->wire;
	struct ms_sip_hop hop = s->hop;

	ms_sip_wire_stream_free(s);
	w->handlers.lost(&hop, w->arg);
}

/* ---- out ---- */

static int send_ready(struct ms_sip_wire_stream *s, struct ms_span octets)
{
	return s->ssl ? ms_sip_wire_tls_write(s, octets) : ms_tcp_send(s->tcp, octets);
}

int ms_sip_wire_stream_send(struct ms_sip_wire_stream *s, struct ms_span octets)
{
	if (s->ready)
		return send_ready(s, octets);
	if (s->wait.len + octets.len > s->wire->limits.queue)
		return -ENOBUFS;
	ms_buf_put_span(&s->wait, octets);
	return ms_buf_status(&s->wait);
}

static int flush_waiting(struct ms_sip_wire_stream *s)
{
	int err = s->wait.len > 0 ? send_ready(s, ms_buf_span(&s->wait)) : 0;

	s->ready = true;
	ms_buf_done(&s->wait);
	ms_buf_init(&s->wait, s->wire->limits.queue);
	return err;
}

/* ---- in ---- */

/* What cannot be cut out: the peer is told, if it can be, and the stream ends. */
static int refuse(struct ms_sip_wire_stream *s, struct ms_span head, unsigned status)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf answer;

	s->wire->handlers.count(MS_SIP_PROXY_MALFORMED, s->wire->arg);
	ms_buf_init(&answer, 2 * s->wire->limits.message);
	if (ms_sip_frame_answer(head, status, "refused", &answer) == 0 &&
	    ms_sip_wire_stream_send(s, ms_buf_span(&answer)) == 0)
		s->wire->handlers.count(MS_SIP_PROXY_SENT, s->wire->arg);
	return -EBADMSG;
}

/* Line breaks before a message: two are a ping and are answered by one (RFC 5626 section 4.4.1). */
static bool take_blanks(struct ms_sip_wire_stream *s, struct ms_span *rest)
{
	static const struct ms_span ping = MS_SPAN_LIT("\r\n\r\n"), pong = MS_SPAN_LIT("\r\n");

	if (ms_span_starts(*rest, ping)) {
		*rest = ms_span_from(*rest, ping.len);
		/* A pong that finds no room is one the peer does not read anyway. */
		if (ms_sip_wire_stream_send(s, pong) < 0)
			return false;
		return true;
	}
	if (rest->len < ping.len || !ms_span_starts(*rest, pong))
		return false;
	*rest = ms_span_from(*rest, pong.len);
	return true;
}

static int take_one(struct ms_sip_wire_stream *s, struct ms_span *rest)
{
	struct ms_sip_wire *w = s->wire;
	struct ms_sip_frame f;
	struct ms_span octets;
	int err = ms_sip_frame_read(*rest, &f);

	if (err == -EAGAIN)
		return rest->len > w->limits.message ? refuse(s, *rest, 413) : -EAGAIN;
	if (err < 0)
		return refuse(s, ms_span_sub(*rest, 0, w->limits.message), 400);
	if (f.head + f.body > w->limits.message)
		return refuse(s, ms_span_sub(*rest, 0, f.head), 413);
	if (rest->len < f.head + f.body)
		return -EAGAIN;
	octets = ms_span_sub(*rest, 0, f.head + f.body);
	*rest = ms_span_from(*rest, octets.len);
	ms_timer_stop(&s->first);
	if (w->handlers.trace)
		w->handlers.trace(false, &s->hop, &w->point[s->hop.point].config.address, octets,
				  w->arg);
	w->handlers.received(&s->hop, octets, w->arg);
	return 0;
}

/* Nothing the handlers do frees the stream: that happens by its own events only. */
static int take_all(struct ms_sip_wire_stream *s)
{
	struct ms_span rest = ms_buf_span(&s->in);
	int err = ms_buf_status(&s->in);

	while (err == 0 && rest.len > 0)
		if (!take_blanks(s, &rest))
			err = rest.len < 4 ? -EAGAIN : take_one(s, &rest);
	ms_buf_consume(&s->in, s->in.len - rest.len);
	return err == -EAGAIN ? 0 : err;
}

static void on_received(struct ms_tcp *c MS_UNUSED, struct ms_span data, void *arg)
{
	struct ms_sip_wire_stream *s = arg;
	int err = 0;

	if (s->ssl) {
		bool was = s->ready;

		err = ms_sip_wire_tls_input(s, data);
		if (err == 0 && s->ready && !was)
			err = flush_waiting(s);
	} else {
		ms_buf_put_span(&s->in, data);
	}
	if (err == 0)
		err = take_all(s);
	if (err < 0)
		lose(s);
}

static void on_connected(struct ms_tcp *c MS_UNUSED, void *arg)
{
	struct ms_sip_wire_stream *s = arg;
	int err;

	s->connected = true;
	if (s->ssl)
		err = ms_sip_wire_tls_input(s, MS_SPAN_NULL);
	else
		err = flush_waiting(s);
	if (err < 0)
		lose(s);
}

static void on_closed(struct ms_tcp *c MS_UNUSED, int err, void *arg)
{
	struct ms_sip_wire_stream *s = arg;

	if (err < 0 && !s->ready)
		s->wire->handlers.count(MS_SIP_PROXY_TRANSPORT, s->wire->arg);
	lose(s);
}

static const struct ms_tcp_handlers handlers = {
	.connected = on_connected,
	.received = on_received,
	.closed = on_closed,
};

static void first_due(void *arg)
{
	lose(arg);
}

/* ---- making ---- */

static int enlist(struct ms_sip_wire_stream *s)
{
	struct ms_sip_wire *w = s->wire;
	char text[160];
	int err = ms_hash_put(w->by_number, number_key(s), s);

	if (err == 0 && s->opened)
		err = ms_hash_put(w->by_peer, ms_span_str(ms_sip_hop_print(&s->hop, text)), s);
	if (err == 0 && !s->opened) {
		err = ms_sip_tally_add(w->hosts, &s->hop.peer, w->limits.streams_host);
		s->counted = err == 0;
	}
	if (err == 0 && s->hop.transport == MS_SIP_TLS)
		err = ms_sip_wire_tls_attach(s);
	return err;
}

static int make(struct ms_sip_wire_point *p, const struct ms_addr *peer, bool opened,
		struct ms_sip_wire_stream **ret_s)
{
	struct ms_sip_wire *w = p->wire;
	struct ms_sip_wire_stream *s;
	int err;

	if (w->n_streams >= w->limits.streams)
		return -ENOSPC;
	s = ms_zalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->wire = w;
	s->hop = (struct ms_sip_hop){ .side = p->config.side,
				      .transport = p->config.transport,
				      .peer = *peer,
				      .stream = ++w->last_number,
				      .point = p->index };
	s->opened = opened;
	ms_buf_init(&s->in, 2 * w->limits.message + (size_t)64 * 1024);
	ms_buf_init(&s->wait, w->limits.queue);
	ms_timer_init(&s->first, "sip.first", first_due, s);
	ms_list_append(&w->streams, &s->link);
	w->n_streams++;
	err = enlist(s);
	if (err < 0) {
		ms_sip_wire_stream_free(s);
		return err;
	}
	w->handlers.count(MS_SIP_PROXY_STREAMS, w->arg);
	*ret_s = s;
	return 0;
}

static struct ms_tcp_options options_of(const struct ms_sip_wire *w)
{
	return (struct ms_tcp_options){ .queue_max = w->limits.queue,
					.idle_limit = w->limits.idle,
					.name = "sip.stream" };
}

static void on_accept(int fd, const struct ms_addr *peer, void *arg)
{
	struct ms_sip_wire_point *p = arg;
	struct ms_tcp_options o = options_of(p->wire);
	struct ms_sip_wire_stream *s;

	if (make(p, peer, false, &s) < 0) {
		p->wire->handlers.count(MS_SIP_PROXY_STREAMS_REFUSED, p->wire->arg);
		close(fd);
		return;
	}
	s->connected = true;
	s->ready = !s->ssl;
	ms_timer_start(&s->first, p->wire->limits.first);
	if (ms_tcp_attach(fd, peer, &o, &handlers, s, &s->tcp) < 0)
		ms_sip_wire_stream_free(s);
}

int ms_sip_wire_listen(struct ms_sip_wire_point *p)
{
	int err = ms_tcp_listen(&p->config.address, NULL, on_accept, p, &p->listener);

	if (err == 0)
		p->config.address = *ms_tcp_listener_addr(p->listener);
	return err;
}

int ms_sip_wire_connect(struct ms_sip_wire_point *p, const struct ms_addr *to,
			struct ms_sip_wire_stream **ret_s)
{
	struct ms_tcp_options o = options_of(p->wire);
	struct ms_sip_wire_stream *s;
	int err = make(p, to, true, &s);

	if (err < 0)
		return err;
	if (!ms_addr_is_any(&p->config.address)) {
		o.bind = p->config.address;
		ms_addr_set_port(&o.bind, 0);
	}
	err = ms_tcp_connect(to, &o, &handlers, s, &s->tcp);
	if (err < 0)
		ms_sip_wire_stream_free(s);
	else
		*ret_s = s;
	return err;
}
