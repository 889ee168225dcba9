/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Octets that a peer has not taken. The partner is not read while there are any, so that an endpoint
 * never has more than what one read of its partner made. All together have a limit; when it is
 * reached, the peer that has taken nothing for the longest time is let go.
 */
#include <errno.h>
#include <sys/socket.h>

#include "core/alloc.h"
#include "mgw/media/media-priv.h"

static void leave(struct ms_media_endpoint *e)
{
	struct ms_media_waiting *w = e->waiting;

	ms_list_remove(&w->link);
	e->media->stats.waiting -= w->size - w->off;
	e->waiting = NULL;
	ms_free(w);
}

void ms_media_waiting_drop(struct ms_media_endpoint *e)
{
	if (e->waiting)
		leave(e);
}

/* The peer took something: it is the last to be let go. */
static void moved(struct ms_media_endpoint *e, size_t n)
{
	struct ms_media_waiting *w = e->waiting;

	w->off += n;
	e->media->stats.waiting -= n;
	ms_list_remove(&w->link);
	ms_list_append(&e->media->waiting, &w->link);
}

/* Makes room for `n`. The first in the list has waited longest. */
static bool make_room(struct ms_media *m, size_t n)
{
	while (m->stats.waiting + n > m->config.memory_max && !ms_list_empty(&m->waiting)) {
		struct ms_media_waiting *w =
			MS_CONTAINER_OF(m->waiting.next, struct ms_media_waiting, link);

		m->stats.refused_memory++;
		ms_media_broken(w->owner, ENOBUFS);
	}
	return m->stats.waiting + n <= m->config.memory_max;
}

static bool enter(struct ms_media_endpoint *e, size_t account, struct ms_span octets)
{
	struct ms_media *m = e->media;
	struct ms_media_waiting *w = NULL;

	if (make_room(m, account))
		w = ms_zalloc(sizeof(*w) + octets.len);
	if (!w) {
		m->stats.refused_memory++;
		ms_media_broken(e, ENOBUFS);
		return false;
	}
	w->owner = e;
	w->size = account;
	if (octets.len > 0)
		memcpy(w->octets, octets.p, octets.len);
	ms_list_append(&m->waiting, &w->link);
	m->stats.waiting += account;
	e->waiting = w;
	return true;
}

/* What waits and `rest` behind it, as one block. */
static bool again(struct ms_media_endpoint *e, struct ms_span rest)
{
	struct ms_media_waiting *w = e->waiting;
	size_t left = w->size - w->off;
	uint8_t *p = ms_zalloc(left + rest.len);
	bool ok;

	if (!p) {
		ms_media_broken(e, ENOBUFS);
		return false;
	}
	memcpy(p, w->octets + w->off, left);
	memcpy(p + left, rest.p, rest.len);
	leave(e);
	ok = enter(e, left + rest.len, ms_span_of(p, left + rest.len));
	ms_free(p);
	return ok;
}

bool ms_media_wait(struct ms_media_endpoint *e, struct ms_span rest)
{
	return e->waiting ? again(e, rest) : enter(e, rest.len, rest);
}

bool ms_media_wait_tls(struct ms_media_endpoint *e, size_t n)
{
	struct ms_media_waiting *w = e->waiting;

	if (!w)
		return enter(e, n, MS_SPAN_NULL);
	/* The account follows what the session has now. */
	e->media->stats.waiting -= w->size - w->off;
	e->media->stats.waiting += n;
	w->size = n;
	w->off = 0;
	return true;
}

/* ---- sending ---- */

/* 0: nothing now; negative: the connection broke (told already). */
static ssize_t send_some(struct ms_media_endpoint *e, struct ms_span s)
{
	ssize_t n = send(e->fd, s.p, s.len, MSG_NOSIGNAL);

	if (n >= 0) {
		e->wire_out += (uint64_t)n;
		return n;
	}
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	ms_media_broken(e, errno);
	return -1;
}

static bool drain_tls(struct ms_media_endpoint *e)
{
	struct ms_span out = ms_tls_output(e->tls);
	ssize_t n = send_some(e, out);

	if (n < 0)
		return false;
	ms_tls_sent(e->tls, (size_t)n);
	if ((size_t)n == out.len)
		leave(e);
	else
		moved(e, (size_t)n);
	return true;
}

bool ms_media_drain(struct ms_media_endpoint *e)
{
	struct ms_media_waiting *w = e->waiting;
	ssize_t n;

	if (e->tls)
		return drain_tls(e);
	n = send_some(e, ms_span_of(w->octets + w->off, w->size - w->off));
	if (n < 0)
		return false;
	if (w->off + (size_t)n == w->size)
		leave(e);
	else
		moved(e, (size_t)n);
	return true;
}
