/* SPDX-License-Identifier: Apache-2.0 */
/* The way of the octets: TCP - TLS - engine and back, with back-pressure both ways. */
#include <errno.h>

#include "core/alloc.h"
#include "ue/media-priv.h"

#define FLUSH_MAX (1 << 20) /* octets written before the loop gets its turn */

static bool is_open(const struct ms_ue_stream *s)
{
	return s->tls ? ms_tls_state(s->tls) == MS_TLS_OPEN : s->connected;
}

/* ---- out ---- */

static int send_some(struct ms_ue_stream *s, struct ms_span *octets)
{
	struct ms_span part = ms_span_sub(*octets, 0, ms_tcp_room(s->tcp));
	int err;

	if (part.len == 0)
		return -EAGAIN;
	err = ms_tcp_send(s->tcp, part);
	if (!err)
		*octets = ms_span_from(*octets, part.len);
	return err;
}

/* What TLS has to send. 0 if all of it went. */
static int flush_tls(struct ms_ue_stream *s)
{
	while (s->tls) {
		struct ms_span out = ms_tls_output(s->tls), rest = out;
		int err;

		if (out.len == 0)
			return 0;
		err = send_some(s, &rest);
		ms_tls_sent(s->tls, out.len - rest.len);
		if (err)
			return err;
	}
	return 0;
}

/* What the engine gave and nobody has taken yet. 0 if all of it went. */
static int flush_pending(struct ms_ue_stream *s)
{
	while (s->pending.len > 0) {
		struct ms_span out = ms_buf_span(&s->pending), rest = out;
		size_t taken = 0;
		int err;

		if (s->tls) {
			err = ms_tls_write(s->tls, out, &taken);
			rest = ms_span_from(out, taken);
		} else {
			err = send_some(s, &rest);
		}
		ms_buf_consume(&s->pending, out.len - rest.len);
		if (err || out.len == rest.len)
			return err ? err : -EAGAIN;
	}
	return 0;
}

static bool fetch(struct ms_ue_stream *s)
{
	struct ms_ue_media *m = s->media;
	uint8_t *room;
	size_t n;

	if (!m->running || s != m->chosen || !is_open(s))
		return false;
	ms_buf_reset(&s->pending);
	room = ms_buf_extend(&s->pending, MS_UE_PIECE);
	if (!room)
		return false;
	n = m->start.engine->output(m->start.engine_arg, room, MS_UE_PIECE, ms_clock_mono());
	ms_buf_truncate(&s->pending, n);
	return n > 0;
}

/* Without memory or random octets an engine is at its end: told from the loop, not from in here. */
static void notice_failure(struct ms_ue_media *m)
{
	if (m->running && !m->over && m->start.engine->status(m->start.engine_arg))
		ms_timer_start(&m->pump, 0);
}

void ms_ue_stream_flush(struct ms_ue_stream *s)
{
	size_t moved = 0;

	if (!s->connected)
		return;
	for (;;) {
		if (flush_tls(s) || flush_pending(s) || flush_tls(s))
			return; /* `drained` goes on, or `closed` tells */
		if (moved >= FLUSH_MAX) {
			ms_timer_start(&s->media->pump, 0);
			return;
		}
		if (!fetch(s)) {
			notice_failure(s->media);
			return;
		}
		moved += s->pending.len;
	}
}

/* ---- in ---- */

/* Plain octets to the engine. True if some were taken. */
static bool deliver(struct ms_ue_stream *s, struct ms_span plain, size_t *ret_used)
{
	struct ms_ue_media *m = s->media;
	const char *reason = NULL;
	int err;

	*ret_used = 0;
	if (!m->running || plain.len == 0)
		return false;
	m->inside = true;
	err = m->start.engine->input(m->start.engine_arg, plain, ms_clock_mono(), ret_used,
				     &reason);
	m->inside = false;
	if (err) {
		ms_ue_stream_fail(s, err, reason);
		return false;
	}
	return *ret_used > 0;
}

static bool deliver_decrypted(struct ms_ue_stream *s)
{
	size_t used;
	bool some = deliver(s, ms_tls_plain(s->tls), &used);

	if (used > 0)
		ms_tls_consume(s->tls, used);
	return some;
}

static void look_at_state(struct ms_ue_stream *s)
{
	switch (ms_tls_state(s->tls)) {
	case MS_TLS_OPEN:
		if (!s->media->chosen)
			ms_ue_media_choose(s);
		break;
	case MS_TLS_HALF:
	case MS_TLS_CLOSED:
		if (ms_tls_plain(s->tls).len == 0)
			ms_ue_stream_fail(s, 0, "tls_closed");
		break;
	case MS_TLS_FAILED:
		s->media->detail = ms_tls_fault_detail(s->tls);
		ms_ue_stream_fail(s, -EPROTO, ms_tls_fault(s->tls)->reason);
		break;
	case MS_TLS_HANDSHAKE:
	case MS_TLS_UNVERIFIED:
		break;
	}
}

/* True if some of `data` was used, or of what had been decrypted before. */
static bool input_tls(struct ms_ue_stream *s, struct ms_span *data)
{
	size_t taken = 0;
	int err = ms_tls_input(s->tls, *data, &taken);
	bool some = taken > 0;

	(void)err; /* the state says it, and why */
	*data = ms_span_from(*data, taken);
	ms_ue_stream_flush(s);
	look_at_state(s);
	if (!s->media->over && s->tls && deliver_decrypted(s))
		some = true;
	return some;
}

static bool input_plain(struct ms_ue_stream *s, struct ms_span *data)
{
	size_t used;
	bool some = deliver(s, *data, &used);

	*data = ms_span_from(*data, used);
	return some;
}

static bool is_gone(const struct ms_ue_stream *s)
{
	return !s->tcp || s->media->over;
}

/* All that can be taken now, answers sent in between. */
static void take(struct ms_ue_stream *s, struct ms_span *data)
{
	bool some = true;

	while (some && !is_gone(s)) {
		if (s->tls)
			some = input_tls(s, data);
		else
			some = input_plain(s, data);
		if (!is_gone(s))
			ms_ue_stream_flush(s);
	}
	if (!is_gone(s) && s->tls)
		look_at_state(s);
}

void ms_ue_stream_input(struct ms_ue_stream *s, struct ms_span data)
{
	struct ms_span rest;

	if (s->held.len > 0) {
		ms_buf_put_span(&s->held, data);
		rest = ms_buf_span(&s->held);
		take(s, &rest);
		ms_buf_consume(&s->held, s->held.len - rest.len);
	} else {
		rest = data;
		take(s, &rest);
		ms_buf_put_span(&s->held, rest);
	}
	if (is_gone(s))
		return;
	if (ms_buf_status(&s->held))
		ms_ue_stream_fail(s, -ENOBUFS, "media_input_limit");
	else
		ms_tcp_pause(s->tcp, s->held.len > 0);
}
