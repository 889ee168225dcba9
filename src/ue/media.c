/* SPDX-License-Identifier: Apache-2.0 */
/* A session's media: listening, connecting, choosing the connection, deadlines, the end. */
#include "ue/media.h"

#include <errno.h>
#include <unistd.h>

#include "core/alloc.h"
#include "ue/media-priv.h"

#define LINGER (5 * MS_SEC)

static void on_timer(void *arg);
static void on_pump(void *arg);

int ms_ue_media_new(const struct ms_ue_media_options *o, struct ms_ue_media **ret_m)
{
	struct ms_ue_media *m = ms_zalloc(sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->o = *o;
	m->deadline = MS_NEVER;
	m->detail = "";
	ms_list_init(&m->streams);
	ms_timer_init(&m->timer, "ue.media", on_timer, m);
	ms_timer_init(&m->pump, "ue.pump", on_pump, m);
	*ret_m = m;
	return 0;
}

static void stream_free(struct ms_ue_stream *s)
{
	ms_list_remove(&s->link);
	s->media->n_streams--;
	if (s->media->chosen == s)
		s->media->chosen = NULL;
	ms_tcp_close(s->tcp);
	ms_tls_free(s->tls);
	ms_buf_done(&s->held);
	ms_buf_done(&s->pending);
	ms_free(s);
}

static struct ms_ue_stream *stream_of(struct ms_list *l)
{
	return MS_CONTAINER_OF(l, struct ms_ue_stream, link);
}

struct ms_ue_media *ms_ue_media_free(struct ms_ue_media *m)
{
	if (!m)
		return NULL;
	ms_timer_stop(&m->timer);
	ms_timer_stop(&m->pump);
	ms_tcp_listener_close(m->listener);
	while (!ms_list_empty(&m->streams))
		stream_free(stream_of(m->streams.next));
	if (m->running)
		m->start.engine->close(m->start.engine_arg);
	ms_secret_wipe(&m->psk);
	return ms_free(m);
}

/* ---- the end ---- */

/* Told from the timer: whoever noticed the end may be deep inside an engine. */
static void finish(struct ms_ue_media *m, int err, const char *reason)
{
	if (m->over)
		return;
	m->over = true;
	m->err = err;
	m->reason = reason;
	ms_timer_stop(&m->pump);
	ms_timer_start(&m->timer, 0);
}

static void tell_end(struct ms_ue_media *m)
{
	m->inside = true;
	if (m->running)
		m->start.engine->lost(m->start.engine_arg);
	m->inside = false;
	m->o.handlers.closed(m->o.handlers.arg, m->err, m->reason);
}

/* A candidate that failed is forgotten, and the port waits for a better one. */
void ms_ue_stream_fail(struct ms_ue_stream *s, int err, const char *reason)
{
	struct ms_ue_media *m = s->media;

	if (s->chosen || m->start.active) {
		finish(m, err, reason ? reason : "media_lost");
		return;
	}
	m->reason = reason; /* what to say if nobody better comes in time */
	m->err = err ? err : -EPROTO;
	s->tcp = ms_tcp_finish(s->tcp, LINGER); /* an alert may be on its way */
}

/* Candidates that failed are freed here, not inside their own handlers. */
static void sweep(struct ms_ue_media *m)
{
	struct ms_list *l, *next;

	ms_list_foreach_safe (l, next, &m->streams) {
		if (!stream_of(l)->tcp)
			stream_free(stream_of(l));
	}
}

/* ---- deadlines ---- */

static ms_usec earlier(ms_usec a, ms_usec b)
{
	return a < b ? a : b;
}

void ms_ue_media_rearm(struct ms_ue_media *m)
{
	ms_usec at = m->deadline, now = ms_clock_mono();
	struct ms_list *l;

	if (m->over)
		return;
	if (m->running)
		at = earlier(at, m->start.engine->deadline(m->start.engine_arg));
	ms_list_foreach (l, &m->streams) {
		if (stream_of(l)->tls)
			at = earlier(at, ms_tls_deadline(stream_of(l)->tls));
		if (!stream_of(l)->tcp)
			at = now;
	}
	if (at == MS_NEVER)
		ms_timer_stop(&m->timer);
	else
		ms_timer_start(&m->timer, at > now ? at - now : 0);
}

static void expire_handshakes(struct ms_ue_media *m, ms_usec now)
{
	struct ms_list *l, *next;

	ms_list_foreach_safe (l, next, &m->streams) {
		struct ms_ue_stream *s = stream_of(l);

		if (!s->tls || !s->tcp || ms_tls_deadline(s->tls) > now)
			continue;
		ms_tls_expire(s->tls, now);
		ms_ue_stream_flush(s);
		ms_ue_stream_fail(s, -ETIMEDOUT, "tls_timeout");
	}
}

static void on_timer(void *arg)
{
	struct ms_ue_media *m = arg;
	ms_usec now = ms_clock_mono();

	if (m->over) {
		tell_end(m);
		return;
	}
	if (now >= m->deadline) {
		finish(m, m->reason ? m->err : -ETIMEDOUT, m->reason ? m->reason : "media_timeout");
		return;
	}
	expire_handshakes(m, now);
	sweep(m);
	if (m->running && m->start.engine->deadline(m->start.engine_arg) <= now) {
		m->inside = true;
		m->start.engine->tick(m->start.engine_arg, now);
		m->inside = false;
	}
	ms_ue_media_wake(m);
	ms_ue_media_rearm(m);
}

static void on_pump(void *arg)
{
	struct ms_ue_media *m = arg;
	int err = m->running ? m->start.engine->status(m->start.engine_arg) : 0;

	if (err && m->chosen && !m->over) {
		ms_ue_stream_fail(m->chosen, err, "media_memory");
		return;
	}
	ms_ue_media_wake(m);
	ms_ue_media_rearm(m);
}

void ms_ue_media_wake(struct ms_ue_media *m)
{
	if (m->inside || m->over || !m->chosen)
		return;
	ms_ue_stream_flush(m->chosen);
	if (m->chosen && m->chosen->held.len > 0)
		ms_ue_stream_input(m->chosen, MS_SPAN_NULL);
	ms_ue_media_rearm(m);
}

/* ---- one connection ---- */

static void on_connected(struct ms_tcp *c, void *arg)
{
	struct ms_ue_stream *s = arg;

	(void)c;
	s->connected = true;
	if (!s->tls)
		ms_ue_media_choose(s);
	if (s->tcp && !s->media->over)
		ms_ue_stream_flush(s); /* ClientHello; or the first SEND of a plain session */
	ms_ue_media_rearm(s->media);
}

static void on_received(struct ms_tcp *c, struct ms_span data, void *arg)
{
	struct ms_ue_stream *s = arg;
	struct ms_ue_media *m = s->media;

	(void)c;
	if (!m->over)
		ms_ue_stream_input(s, data);
	ms_ue_media_rearm(m);
}

static void on_drained(struct ms_tcp *c, void *arg)
{
	struct ms_ue_stream *s = arg;

	(void)c;
	ms_ue_stream_flush(s);
	if (s->held.len > 0 && s->tcp && !s->media->over)
		ms_ue_stream_input(s, MS_SPAN_NULL);
	ms_ue_media_rearm(s->media);
}

static void on_closed(struct ms_tcp *c, int err, void *arg)
{
	struct ms_ue_stream *s = arg;
	struct ms_ue_media *m = s->media;
	const char *reason = err ? "media_lost" : "media_closed";

	(void)c;
	if (!m->over && s->tls && ms_tls_state(s->tls) != MS_TLS_HALF && ms_tls_input_end(s->tls)) {
		err = err ? err : -ECONNRESET;
		reason = ms_tls_fault(s->tls) ? ms_tls_fault(s->tls)->reason : reason;
	}
	ms_ue_stream_fail(s, err, reason);
	s->tcp = ms_tcp_close(s->tcp);
	ms_ue_media_rearm(m);
}

static const struct ms_tcp_handlers tcp_handlers = {
	.connected = on_connected,
	.received = on_received,
	.drained = on_drained,
	.closed = on_closed,
};

static int start_tls(struct ms_ue_stream *s)
{
	struct ms_ue_media *m = s->media;
	const struct ms_tls_peer peer = {
		.role = m->start.tls_client ? MS_TLS_CLIENT : MS_TLS_SERVER,
		.mode = m->start.certificates ? MS_TLS_CERTIFICATE : m->o.tls_mode,
		.psk = ms_secret_span(&m->psk),
		.identity = m->o.psk_identity,
		.fingerprints = m->start.fingerprints,
		.n_fingerprints = m->start.n_fingerprints,
	};

	if (!m->start.secure && !m->start.certificates)
		return 0;
	return ms_tls_new(m->o.tls, &peer, ms_clock_mono(), &s->tls);
}

static int stream_new(struct ms_ue_media *m, struct ms_ue_stream **ret_s)
{
	struct ms_ue_stream *s = ms_zalloc(sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->media = m;
	ms_buf_init_secret(&s->held, MS_UE_HELD_MAX);
	ms_buf_init_secret(&s->pending, MS_UE_PIECE);
	ms_list_append(&m->streams, &s->link);
	m->n_streams++;
	err = start_tls(s);
	if (err) {
		stream_free(s);
		return err;
	}
	*ret_s = s;
	return 0;
}

static struct ms_tcp_options tcp_options(const struct ms_ue_media *m)
{
	return (struct ms_tcp_options){
		.connect_limit = m->o.connect_limit,
		.idle_limit = m->o.idle_limit,
		.name = "ue.msrp",
	};
}

void ms_ue_media_choose(struct ms_ue_stream *s)
{
	struct ms_ue_media *m = s->media;
	struct ms_list *l;
	int err;

	s->chosen = true;
	m->chosen = s;
	m->deadline = MS_NEVER;
	ms_list_foreach (l, &m->streams) {
		if (stream_of(l) != s)
			stream_of(l)->tcp = ms_tcp_close(stream_of(l)->tcp);
	}
	if (m->listener)
		ms_tcp_listener_pause(m->listener, true);
	m->running = true; /* what open() made before it failed is closed too */
	err = m->start.engine->open(m->start.engine_arg);
	if (err) {
		finish(m, err, "memory");
		return;
	}
	m->o.handlers.open(m->o.handlers.arg);
}

/* ---- listening and connecting ---- */

static void on_accept(int fd, const struct ms_addr *peer, void *arg)
{
	struct ms_ue_media *m = arg;
	struct ms_tcp_options o = tcp_options(m);
	struct ms_ue_stream *s;

	if (m->n_streams >= MS_UE_CANDIDATES_MAX && !m->chosen)
		stream_free(stream_of(m->streams.next)); /* who says nothing keeps nobody out */
	if (m->over || m->chosen || stream_new(m, &s)) {
		close(fd);
		return;
	}
	if (ms_tcp_attach(fd, peer, &o, &tcp_handlers, s, &s->tcp))
		stream_free(s);
	else
		on_connected(s->tcp, s);
	ms_ue_media_rearm(m);
}

static int listen_at(struct ms_ue_media *m, struct ms_addr *a, uint16_t port)
{
	ms_addr_set_port(a, port);
	return ms_tcp_listen(a, NULL, on_accept, m, &m->listener);
}

/* The search begins anywhere in the range, so that ports are not guessed and not used again soon. */
int ms_ue_media_listen(struct ms_ue_media *m, const struct ms_addr *host, uint16_t port_min,
		       uint16_t port_max, uint16_t *ret_port)
{
	struct ms_addr a = *host;
	unsigned n = port_max > port_min ? port_max - port_min + 1u : 1;
	uint32_t first = 0;
	int err = ms_random_u32(&ms_random_system, &first);

	if (err)
		return err;
	err = -EADDRINUSE;
	for (unsigned i = 0; i < n && err == -EADDRINUSE; i++)
		err = listen_at(m, &a, (uint16_t)(port_min + (first + i) % n));
	if (err)
		return err;
	ms_tcp_listener_pause(m->listener, true);
	*ret_port = ms_addr_port(ms_tcp_listener_addr(m->listener));
	return 0;
}

static int connect_to(struct ms_ue_media *m)
{
	struct ms_tcp_options o = tcp_options(m);
	struct ms_ue_stream *s;
	int err = stream_new(m, &s);

	if (err)
		return err;
	err = ms_tcp_connect(&m->start.to, &o, &tcp_handlers, s, &s->tcp);
	if (err)
		stream_free(s);
	return err;
}

int ms_ue_media_start(struct ms_ue_media *m, const struct ms_ue_media_start *start)
{
	int err = 0;

	m->start = *start;
	m->started = true;
	m->deadline = ms_usec_add(ms_clock_mono(), m->o.connect_limit);
	if (start->secure)
		err = ms_secret_set(&m->psk, start->psk);
	m->start.psk = MS_SPAN_NULL;
	if (!err && start->active) {
		m->listener = ms_tcp_listener_close(m->listener);
		err = connect_to(m);
	} else if (!err) {
		if (!m->listener)
			return -EINVAL;
		ms_tcp_listener_pause(m->listener, false);
	}
	ms_ue_media_rearm(m);
	return err;
}

const char *ms_ue_media_suite(const struct ms_ue_media *m)
{
	return m->chosen && m->chosen->tls ? ms_tls_suite(m->chosen->tls) : NULL;
}

const char *ms_ue_media_detail(const struct ms_ue_media *m)
{
	return m->detail;
}

void ms_ue_media_close(struct ms_ue_media *m)
{
	struct ms_ue_stream *s = m->chosen;

	ms_timer_stop(&m->timer);
	ms_timer_stop(&m->pump);
	m->listener = ms_tcp_listener_close(m->listener);
	if (!s || !s->tcp || m->over) {
		m->over = true;
		return;
	}
	if (!m->inside)
		ms_ue_stream_flush(s);
	m->over = true;
	if (s->tls) {
		struct ms_span out;

		ms_tls_close(s->tls); /* 23.333 section 5.20.2: TCP goes with TLS */
		out = ms_tls_output(s->tls);
		if (out.len > 0 && !ms_tcp_send(s->tcp, ms_span_sub(out, 0, ms_tcp_room(s->tcp))))
			ms_tls_sent(s->tls, out.len);
	}
	s->tcp = ms_tcp_finish(s->tcp, LINGER);
}
