/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How bearers end. A peer's FIN is passed on as a half-close, its RST as a RST; TLS that ends takes its
 * TCP connection along at once. The end of one endpoint's bearer is the end of its partner's, unless
 * the controller wants that one kept. Each end is told where it began; if the controller asked to be
 * told at the partner only, there too.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mgw/media/media-priv.h"

void ms_media_tell(struct ms_media_endpoint *e, const struct ms_bearer_event *event)
{
	const struct ms_media *m = e->media;

	if (m->handlers.event && e->number)
		m->handlers.event(e->number, event, m->handlers.arg);
}

static void tell_released(struct ms_media_endpoint *e, enum ms_bearer_general_cause general,
			  const char *cause, int alert)
{
	struct ms_bearer_event event = { .kind = MS_BEARER_RELEASED,
					 .general = general,
					 .alert = alert };

	(void)!ms_span_to_str(ms_span_str(cause), event.cause, sizeof(event.cause));
	e->media->stats.released++;
	ms_media_tell(e, &event);
	if (!e->report_release && e->partner && e->partner->report_release && !e->keep_partner)
		ms_media_tell(e->partner, &event);
}

/* ---- closing ---- */

static void with_reset(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void close_connection(struct ms_media_endpoint *e, bool reset)
{
	if (reset) {
		with_reset(e->fd);
		e->media->stats.reset++;
	}
	ms_media_entry_forget(e);
	if (e->watch.added)
		ms_watch_close(&e->watch);
	else
		close(e->fd);
	e->fd = -1;
}

void ms_media_close(struct ms_media_endpoint *e, bool reset)
{
	if (ms_media_listens(e)) {
		ms_media_entry_forget(e);
		close(e->work->listener);
		e->work->listener = -1;
	}
	if (e->fd >= 0)
		close_connection(e, reset);
	ms_media_waiting_drop(e);
	ms_media_work_end(e);
	e->tls = ms_tls_free(e->tls);
	if (e->policy) {
		ms_timer_stop(&e->policy->refill);
		ms_timer_stop(&e->policy->idle);
	}
	ms_media_become(e, MS_MEDIA_OVER);
}

/* Our direction of a connection that is up ends; what waits goes out before. */
void ms_media_shut(struct ms_media_endpoint *e)
{
	if (e->eof_out)
		return;
	if (e->tls && !e->eof_due) {
		e->eof_due = true;
		ms_tls_close(e->tls);
		if (!ms_media_flush_last(e))
			return;
	}
	e->eof_due = true;
	if (e->waiting)
		return;
	e->eof_out = true;
	shutdown(e->fd, SHUT_WR);
}

static void finish_passed(void *arg)
{
	ms_media_close(arg, true);
}

/* Nobody is behind it any more. The peer is given time to take what waits and to end. */
void ms_media_finish(struct ms_media_endpoint *e)
{
	if (e->state == MS_MEDIA_FINISHING || e->state == MS_MEDIA_OVER)
		return;
	if (e->state != MS_MEDIA_UP || ms_media_work_begin(e)) {
		ms_media_close(e, true);
		return;
	}
	ms_media_become(e, MS_MEDIA_FINISHING);
	ms_timer_init(&e->work->guard, "media.finish", finish_passed, e);
	ms_timer_start(&e->work->guard, e->media->config.finish_limit);
	ms_media_shut(e);
	if (e->state == MS_MEDIA_FINISHING && e->eof_in && e->eof_out)
		ms_media_close(e, false);
	else
		ms_media_watch(e);
}

/* ---- the partner ---- */

static void end_held(struct ms_media_endpoint *p)
{
	if (p->state == MS_MEDIA_HELD)
		ms_media_held_refuse(p);
	else
		ms_media_close(p, true);
}

void ms_media_end_partner(struct ms_media_endpoint *e, bool reset)
{
	struct ms_media_endpoint *p = e->partner;

	if (!p || e->keep_partner || p->state == MS_MEDIA_CLOSED || p->state == MS_MEDIA_OVER ||
	    p->state == MS_MEDIA_LISTENING) {
		if (p)
			ms_media_watch(p);
		return;
	}
	if (p->state != MS_MEDIA_UP && p->state != MS_MEDIA_FINISHING)
		end_held(p);
	else if (reset)
		ms_media_close(p, true);
	else
		ms_media_finish(p);
}

/* ---- setting up fails ---- */

static void count_tls_failure(struct ms_media_stats *s, const char *cause)
{
	s->handshakes_failed++;
	if (strcmp(cause, "fpmismatch") == 0)
		s->failed_fingerprint++;
	else if (strcmp(cause, "nocert") == 0)
		s->failed_certificate++;
	else if (strcmp(cause, "badpsk") == 0)
		s->failed_psk++;
	else if (strcmp(cause, "timeout") == 0)
		s->failed_timeout++;
	else
		s->failed_other++;
}

void ms_media_failed(struct ms_media_endpoint *e, enum ms_bearer_event_kind kind, const char *cause,
		     int alert)
{
	struct ms_bearer_event event = { .kind = kind,
					 .alert = alert,
					 .general = MS_BEARER_TEMPORARY };

	(void)!ms_span_to_str(ms_span_str(cause), event.cause, sizeof(event.cause));
	e->failed++;
	if (kind == MS_BEARER_TLS_FAILED) {
		event.general = MS_BEARER_PERMANENT;
		e->handshakes_failed++;
		count_tls_failure(&e->media->stats, cause);
	} else {
		e->media->stats.tcp_failed++;
	}
	ms_media_close(e, false);
	ms_media_tell(e, &event);
	ms_media_end_partner(e, true);
}

void ms_media_tls_failed(struct ms_media_endpoint *e)
{
	const char *cause = ms_tls_fault_token(e->tls);

	/* The alert goes before the connection does. */
	if (ms_media_flush(e))
		ms_media_failed(e, MS_BEARER_TLS_FAILED, cause ? cause : "peeralert",
				(int)ms_tls_fault_alert(e->tls));
}

/* ---- bearers that stood ---- */

static void both_ended(struct ms_media_endpoint *e)
{
	struct ms_media_endpoint *p = e->partner;

	tell_released(e, MS_BEARER_NORMAL, "tcp-fin", 255);
	ms_media_close(e, false);
	if (p && p->state == MS_MEDIA_UP && p->eof_in && p->eof_out)
		ms_media_close(p, false);
	else
		ms_media_end_partner(e, false);
}

void ms_media_eof(struct ms_media_endpoint *e)
{
	struct ms_media_endpoint *p = e->partner;

	e->eof_in = true;
	if (e->tls) {
		(void)!ms_tls_input_end(e->tls);
		ms_media_tls_broken(e);
		return;
	}
	/* TLS has no half-close: after our close_notify nothing can come of the partner's peer. */
	if (!p || p->state != MS_MEDIA_UP || e->keep_partner || e->eof_out || p->tls) {
		both_ended(e);
		return;
	}
	ms_media_shut(p);
	ms_media_watch(e);
	ms_media_watch(p);
}

void ms_media_tls_end(struct ms_media_endpoint *e)
{
	tell_released(e, MS_BEARER_NORMAL, "tls-close", 255);
	ms_tls_close(e->tls);
	if (!ms_media_flush_last(e))
		return;
	ms_media_close(e, false);
	ms_media_end_partner(e, false);
}

static const char *words_of(int err)
{
	switch (err) {
	case ECONNRESET:
	case EPIPE:
		return "tcp-rst";
	case ETIMEDOUT:
		return "timeout";
	case ENOBUFS:
	case ENOMEM:
		return "resources";
	default:
		return "tcplost";
	}
}

void ms_media_broken(struct ms_media_endpoint *e, int err)
{
	if (e->state == MS_MEDIA_SECURING) {
		ms_media_failed(e, MS_BEARER_TLS_FAILED, "tcplost", 255);
		return;
	}
	if (e->state == MS_MEDIA_FINISHING) {
		ms_media_close(e, true);
		return;
	}
	if (e->state != MS_MEDIA_UP)
		return;
	tell_released(e, MS_BEARER_TEMPORARY, words_of(err), 255);
	ms_media_close(e, true);
	ms_media_end_partner(e, true);
}

/* Alerts about certificates and the like (RFC 5246 section 7.2.2): no use to try again. */
static bool about_authentication(unsigned alert)
{
	return alert >= 41 && alert <= 49;
}

void ms_media_tls_broken(struct ms_media_endpoint *e)
{
	const char *cause = ms_tls_fault_token(e->tls);
	unsigned alert = ms_tls_fault_alert(e->tls);

	if (!ms_media_flush(e) || e->state != MS_MEDIA_UP)
		return;
	tell_released(e, about_authentication(alert) ? MS_BEARER_PERMANENT : MS_BEARER_TEMPORARY,
		      cause ? cause : "tcplost", (int)alert);
	ms_media_close(e, false);
	ms_media_end_partner(e, true);
}
