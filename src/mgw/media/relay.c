/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Octets between two endpoints that are up: read into the plane's buffer, decrypted into the TLS desk
 * or passed on as they are, encrypted or not, and given to the partner in one send.
 *
 * An endpoint is read only while its partner takes what it is given, while both modes let octets pass
 * in that direction, and while policing has tokens. Otherwise TCP holds the peer back.
 */
#include <errno.h>
#include <sys/socket.h>

#include "mgw/media/media-priv.h"

/* ---- giving ---- */

static bool give_plain(struct ms_media_endpoint *e, struct ms_span s)
{
	ssize_t n = e->waiting ? 0 : send(e->fd, s.p, s.len, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		ms_media_broken(e, errno);
		return false;
	}
	if (n < 0)
		n = 0;
	e->wire_out += (uint64_t)n;
	return (size_t)n == s.len || ms_media_wait(e, ms_span_from(s, (size_t)n));
}

static bool flush(struct ms_media_endpoint *e, int flags)
{
	struct ms_span out = ms_tls_output(e->tls);
	ssize_t n;

	if (out.len == 0)
		return true;
	n = e->waiting ? 0 : send(e->fd, out.p, out.len, MSG_NOSIGNAL | flags);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		ms_media_broken(e, errno);
		return false;
	}
	if (n < 0)
		n = 0;
	e->wire_out += (uint64_t)n;
	ms_tls_sent(e->tls, (size_t)n);
	return (size_t)n == out.len || ms_media_wait_tls(e, out.len - (size_t)n);
}

bool ms_media_flush(struct ms_media_endpoint *e)
{
	return flush(e, 0);
}

bool ms_media_flush_last(struct ms_media_endpoint *e)
{
	return flush(e, MSG_MORE);
}

static bool give_tls(struct ms_media_endpoint *e, struct ms_span s)
{
	while (s.len > 0) {
		size_t taken = 0;

		if (ms_tls_write(e->tls, s, &taken)) {
			ms_media_tls_broken(e);
			return false;
		}
		s = ms_span_from(s, taken);
		if (!ms_media_flush(e))
			return false;
		/* As much waits as may: more than one read never comes together. */
		if (taken == 0) {
			ms_media_broken(e, ENOBUFS);
			return false;
		}
	}
	return true;
}

bool ms_media_send(struct ms_media_endpoint *e, struct ms_span s)
{
	return e->tls ? give_tls(e, s) : give_plain(e, s);
}

/* To the partner of `e`. false: the partner has ended, and most likely `e` with it. */
static bool give(struct ms_media_endpoint *e, struct ms_span s)
{
	struct ms_media_endpoint *p = e->partner;

	e->octets_in += s.len;
	e->media->stats.octets += s.len;
	if (e->aware)
		return ms_media_aware_give(e, s);
	p->octets_out += s.len;
	return ms_media_send(p, s);
}

/* ---- taking ---- */

static bool may_pass(const struct ms_media_endpoint *e)
{
	const struct ms_media_endpoint *p = e->partner;

	return p && !e->mute && ms_media_aware_ready(e) && e->state == MS_MEDIA_UP &&
	       p->state == MS_MEDIA_UP && !p->eof_due && !p->eof_out &&
	       (e->mode == MS_BEARER_RECVONLY || e->mode == MS_BEARER_SENDRECV) &&
	       (p->mode == MS_BEARER_SENDONLY || p->mode == MS_BEARER_SENDRECV);
}

/* Decrypted octets go on. false: `e` is not up any more. */
static bool pass_plain(struct ms_media_endpoint *e)
{
	struct ms_span plain = ms_tls_plain(e->tls);

	if (plain.len == 0 || !may_pass(e))
		return true; /* the session keeps it */
	if (!give(e, plain) || e->state != MS_MEDIA_UP)
		return e->state == MS_MEDIA_UP;
	ms_tls_consume(e->tls, plain.len);
	return true;
}

static void look(struct ms_media_endpoint *e)
{
	if (!ms_media_flush(e))
		return;
	if (ms_tls_state(e->tls) == MS_TLS_HALF)
		ms_media_tls_end(e);
	else if (ms_tls_state(e->tls) == MS_TLS_FAILED)
		ms_media_tls_broken(e);
}

static void take_tls(struct ms_media_endpoint *e, struct ms_span in)
{
	while (in.len > 0) {
		size_t taken = 0;
		int err = ms_tls_input(e->tls, in, &taken);

		if (!pass_plain(e))
			return;
		if (err || taken == 0)
			break;
		in = ms_span_from(in, taken);
	}
	look(e);
}

static void take(struct ms_media_endpoint *e)
{
	struct ms_media *m = e->media;
	/* Messages may grow: what one read makes must have room in what may wait. */
	size_t room = e->aware ? m->config.read_size / 8 : m->config.read_size;
	ssize_t n;

	if (e->policy)
		room = ms_media_allowance(e, room);
	if (room == 0) {
		ms_media_watch(e);
		return;
	}
	if (ms_media_may_splice(e)) {
		ms_media_splice(e);
		return;
	}
	n = recv(e->fd, m->in, room, 0);
	if (n > 0) {
		e->bulk = (size_t)n == room;
		e->wire_in += (uint64_t)n;
		if (e->policy)
			ms_media_spend(e, (size_t)n);
		if (e->tls)
			take_tls(e, ms_span_of(m->in, (size_t)n));
		else
			give(e, ms_span_of(m->in, (size_t)n));
		if ((e->aware && e->waiting) || (e->partner && e->partner->waiting))
			ms_media_watch(e);
		if (e->partner && e->partner->waiting)
			ms_media_watch(e->partner);
	} else if (n == 0) {
		ms_media_eof(e);
	} else if (errno != EAGAIN && errno != EINTR) {
		ms_media_broken(e, errno);
	}
}

/* We have ended and wait for the peer to end too: what it still says goes nowhere. */
static void discard(struct ms_media_endpoint *e)
{
	struct ms_media *m = e->media;
	ssize_t n = recv(e->fd, m->in, m->config.read_size, 0);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		ms_media_close(e, false);
}

/* A hang-up is told to those who do not read as well, and would be told again and again. */
static void hung_up(struct ms_media_endpoint *e)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err)
		ms_media_broken(e, err);
	else
		ms_watch_stop(&e->watch);
}

/* ---- the loop ---- */

static unsigned wanted(const struct ms_media_endpoint *e)
{
	unsigned events = e->waiting ? MS_LOOP_WRITE : 0;

	if (e->state == MS_MEDIA_FINISHING)
		return events ? events : MS_LOOP_READ;
	/* Who does not read our answers is not read either. */
	if (!e->eof_in && !e->paused && may_pass(e) && !e->partner->waiting &&
	    !(e->aware && e->waiting))
		events |= MS_LOOP_READ;
	return events;
}

void ms_media_watch(struct ms_media_endpoint *e)
{
	int err;

	if (e->state != MS_MEDIA_UP && e->state != MS_MEDIA_FINISHING)
		return;
	err = ms_watch_set(&e->watch, e->fd, wanted(e));
	if (err)
		ms_media_broken(e, -err);
}

static void drained(struct ms_media_endpoint *e)
{
	if (e->waiting)
		return;
	if (e->eof_due)
		ms_media_shut(e);
	if (e->fd >= 0)
		ms_media_watch(e);
	if (e->partner)
		ms_media_watch(e->partner);
}

static void on_event(unsigned events, void *arg)
{
	struct ms_media_endpoint *e = arg;
	bool reading = wanted(e) & MS_LOOP_READ;

	if (events & MS_LOOP_WRITE && e->waiting) {
		if (!ms_media_drain(e))
			return;
		drained(e);
	}
	if (!(events & MS_LOOP_READ) || e->fd < 0)
		return;
	if (!reading)
		hung_up(e);
	else if (e->state == MS_MEDIA_FINISHING)
		discard(e);
	else
		take(e);
}

/* ---- coming up ---- */

void ms_media_join(struct ms_media_endpoint *e)
{
	struct ms_media_endpoint *p = e->partner;

	if (p && e->tls && e->state == MS_MEDIA_UP && !p->waiting && pass_plain(e))
		look(e);
	ms_media_watch(e);
}

void ms_media_up(struct ms_media_endpoint *e)
{
	struct ms_media_endpoint *p = e->partner;

	ms_media_entry_remove(e, e->fd);
	ms_media_work_end(e);
	ms_media_become(e, MS_MEDIA_UP);
	e->up_since = ms_loop_now();
	ms_watch_init(&e->watch, e->tls ? "media.tls" : "media.tcp", on_event, e);
	if (e->policy)
		ms_media_policy_up(e);
	ms_media_aware_up(e);
	ms_media_join(e);
	if (p && p->state == MS_MEDIA_UP && e->state == MS_MEDIA_UP)
		ms_media_join(p);
}
