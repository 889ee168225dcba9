/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes by the connection we registered over is cut into messages before libre sees it. Its parser
 * closes a connection for one bad header of one message, and a peer behind the proxy chooses those:
 * the user would be out of reach. Here such a request is answered 400 and passed over. libre also parses
 * the beginning of a message anew with each segment; it is given whole ones.
 */
#include <errno.h>

#include "core/alloc.h"
#include "sip/frame-priv.h"
#include "sip/sip-priv.h"

#define LAYER 10          /* above TLS, which is at 0 */
#define MESSAGE_MAX 65536 /* libre's own limit of a stream */

struct ms_sip_stream {
	struct ms_sip *sip;
	struct tcp_conn *tcp; /* libre's; there as long as its keep-alive is */
	enum ms_sip_transport transport;
	struct tcp_helper *helper;
	struct ms_buf held; /* a message that is not all here */
	size_t skip;        /* octets of a refused one still to come */
	bool in_step;       /* we know where messages begin */
};

static void trace(struct ms_sip_stream *s, bool sent, struct ms_span message)
{
	char own[64] = "", peer[64] = "";
	struct sa sa;

	if (!s->sip->handlers.trace)
		return;
	if (tcp_conn_local_get(s->tcp, &sa) == 0)
		(void)re_snprintf(own, sizeof(own), "%J", &sa);
	if (tcp_conn_peer_get(s->tcp, &sa) == 0)
		(void)re_snprintf(peer, sizeof(peer), "%J", &sa);
	s->sip->handlers.trace(sent, s->transport, sent ? own : peer, sent ? peer : own, message,
			       s->sip->arg);
}

static void send_octets(struct ms_sip_stream *s, struct ms_span octets)
{
	struct mbuf *mb = mbuf_alloc(octets.len);

	if (!mb || mbuf_write_mem(mb, octets.p, octets.len)) {
		mem_deref(mb);
		return;
	}
	mb->pos = 0;
	trace(s, true, octets);
	if (tcp_send(s->tcp, mb))
		ms_sip_count(s->sip, MS_SIP_TRANSPORT_ERRORS);
	mem_deref(mb);
}

static void refuse(struct ms_sip_stream *s, struct ms_span head, unsigned status)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf answer;
	char tag[MS_SIP_TOKEN_SIZE];

	ms_sip_count(s->sip, MS_SIP_MALFORMED);
	trace(s, false, head);
	ms_buf_init(&answer, MESSAGE_MAX + 4096);
	if (ms_sip_token(tag) == 0 && ms_sip_frame_answer(head, status, tag, &answer) == 0) {
		ms_sip_count(s->sip, MS_SIP_REQUESTS_REFUSED);
		send_octets(s, ms_buf_span(&answer));
	}
}

static bool libre_takes(struct ms_span head)
{
	struct mbuf *mb = mbuf_alloc(head.len);
	struct sip_msg *m = NULL;
	bool ok;

	if (!mb || mbuf_write_mem(mb, head.p, head.len)) {
		mem_deref(mb);
		return true; /* let it find out about the memory */
	}
	mb->pos = 0;
	ok = sip_msg_decode(&m, mb) == 0;
	mem_deref(m);
	mem_deref(mb);
	return ok;
}

/* Takes the line break of a keep-alive (RFC 5626 section 3.5.1) or one message off `rest`. */
static int take_one(struct ms_sip_stream *s, struct ms_span *rest, struct ms_buf *out)
{
	struct ms_sip_frame f;
	struct ms_span head;
	int err;

	if (rest->len >= 2 && rest->p[0] == '\r' && rest->p[1] == '\n') {
		ms_buf_put(out, rest->p, 2);
		*rest = ms_span_from(*rest, 2);
		return 0;
	}
	err = ms_sip_frame_read(*rest, &f);
	if (err)
		return err == -EAGAIN && rest->len > MESSAGE_MAX ? -EOVERFLOW : err;
	head = ms_span_sub(*rest, 0, f.head);
	if (f.head + f.body > MESSAGE_MAX || !libre_takes(head)) {
		refuse(s, head, f.head + f.body > MESSAGE_MAX ? 413 : 400);
		*rest = ms_span_from(*rest, f.head);
		s->skip = f.body;
		return 0;
	}
	if (rest->len < f.head + f.body)
		return -EAGAIN;
	ms_buf_put(out, rest->p, f.head + f.body);
	*rest = ms_span_from(*rest, f.head + f.body);
	return 0;
}

static int take_all(struct ms_sip_stream *s, struct ms_buf *out)
{
	struct ms_span rest = ms_buf_span(&s->held);
	int err = 0;

	while (err == 0 && rest.len > 0) {
		size_t skipped = s->skip < rest.len ? s->skip : rest.len;

		s->skip -= skipped;
		rest = ms_span_from(rest, skipped);
		if (rest.len > 0)
			err = take_one(s, &rest, out);
	}
	ms_buf_consume(&s->held, s->held.len - rest.len);
	return err == -EAGAIN ? 0 : err;
}

/* Puts whole messages in place of what came. */
static int replace(struct ms_sip_stream *s, struct mbuf *mb)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	int err;

	ms_buf_init(&out, 4 * MESSAGE_MAX);
	ms_buf_put(&s->held, mbuf_buf(mb), mbuf_get_left(mb));
	mb->pos = mb->end = 0;
	err = ms_buf_status(&s->held);
	if (err == 0)
		err = take_all(s, &out);
	if (err == 0)
		err = ms_buf_status(&out);
	if (err == 0 && out.len > 0)
		err = -mbuf_write_mem(mb, out.p, out.len);
	mb->pos = 0;
	return err;
}

/* libre calls it with what came; what is left in `mb` goes on to libre's SIP. True: nothing is. */
static bool received(int *ret_err, struct mbuf *mb, bool *ret_established MS_UNUSED, void *arg)
{
	struct ms_sip_stream *s = arg;
	int err;

	/* The rest of a message whose beginning libre has seen: it shall have it all. */
	if (!s->in_step && !ms_sip_frame_begins(ms_span_of(mbuf_buf(mb), mbuf_get_left(mb))))
		return false;
	s->in_step = true;
	err = replace(s, mb);
	if (err < 0)
		ms_sip_count(s->sip, MS_SIP_MALFORMED);
	*ret_err = -err;
	return mbuf_get_left(mb) == 0;
}

static bool established(int *err MS_UNUSED, bool active MS_UNUSED, void *arg MS_UNUSED)
{
	return false;
}

static bool sent(int *err MS_UNUSED, struct mbuf *mb MS_UNUSED, void *arg MS_UNUSED)
{
	return false;
}

struct ms_sip_stream *ms_sip_stream_guard(struct ms_sip_stream *s, struct ms_sip *sip,
					  const struct sip_msg *m)
{
	struct tcp_conn *tcp = sip_msg_tcpconn(m);

	if (s && s->tcp == tcp)
		return s;
	ms_sip_stream_free(s);
	s = tcp ? ms_zalloc(sizeof(*s)) : NULL;
	if (!s)
		return NULL; /* without it all works as well */
	s->sip = sip;
	s->tcp = tcp;
	s->transport = ms_sip_message_transport(ms_sip_cooked(m));
	ms_buf_init(&s->held, 4 * MESSAGE_MAX);
	if (tcp_register_helper(&s->helper, tcp, LAYER, established, sent, received, s))
		return ms_sip_stream_free(s);
	return s;
}

struct ms_sip_stream *ms_sip_stream_lost(struct ms_sip_stream *s)
{
	if (s)
		s->helper = NULL; /* went with the connection */
	return ms_sip_stream_free(s);
}

struct ms_sip_stream *ms_sip_stream_free(struct ms_sip_stream *s)
{
	if (!s)
		return NULL;
	mem_deref(s->helper);
	ms_buf_done(&s->held);
	return ms_free(s);
}
