/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entry: listeners and connections being set up are watched by an epoll of their own, nested in
 * the loop's. A round of the loop gives them a budget of time, which one step of a handshake may use
 * up; ten thousand peers that shake hands at once wait for each other there, and the connections that
 * carry octets do not wait for them.
 */
#include <errno.h>
#include <unistd.h>

#include "mgw/media/media-priv.h"

static void ready(struct ms_media_endpoint *e)
{
	switch (e->state) {
	case MS_MEDIA_LISTENING:
		ms_media_listen_ready(e);
		break;
	case MS_MEDIA_CONNECTING:
		ms_media_connect_ready(e);
		break;
	case MS_MEDIA_SECURING:
		ms_media_secure_ready(e);
		break;
	default:
		break;
	}
}

/* The next one that is ready, or NULL for now. */
static struct ms_media_endpoint *next(struct ms_media *m)
{
	struct epoll_event events[MS_MEDIA_ENTRY_BATCH];

	if (m->batch_at == m->batch_n) {
		int n = epoll_wait(m->entry_fd, events, MS_MEDIA_ENTRY_BATCH, 0);

		m->batch_at = 0;
		m->batch_n = n > 0 ? n : 0;
		for (int i = 0; i < n; i++)
			m->batch[i] = events[i].data.ptr;
	}
	while (m->batch_at < m->batch_n) {
		struct ms_media_endpoint *e = m->batch[m->batch_at++];

		if (e) /* not gone meanwhile */
			return e;
	}
	return NULL;
}

/*
 * A fifth of the time, where relayed octets would take all of it: calls can be set up in bulk traffic
 * too. Whoever has slept is not owed for that.
 */
static ms_usec budget(const struct ms_media *m, ms_usec now)
{
	ms_usec least = m->config.round_budget, share = (now - m->entry_left) / 4;

	return share < least ? least : share > 10 * least ? 10 * least : share;
}

/* What a round had no time for keeps its place: the following one begins with it. */
static void run(struct ms_media *m)
{
	ms_usec now = ms_clock_mono(), until = now + budget(m, now);
	struct ms_media_endpoint *e;

	ms_timer_stop(&m->entry_again);
	while (now < until && (e = next(m)) != NULL) {
		ready(e);
		now = ms_clock_mono();
	}
	if (m->batch_at < m->batch_n)
		ms_timer_start(&m->entry_again, 0);
	m->entry_left = now;
}

/* Listeners are told of once, so nothing else might wake us for those that are left. */
static void run_again(void *arg)
{
	run(arg);
}

static void readable(unsigned events MS_UNUSED, void *arg)
{
	run(arg);
}

int ms_media_entry_open(struct ms_media *m)
{
	m->entry_fd = epoll_create1(EPOLL_CLOEXEC);
	if (m->entry_fd < 0)
		return -errno;
	ms_watch_init(&m->entry, "media.entry", readable, m);
	ms_timer_init(&m->entry_again, "media.entry", run_again, m);
	return ms_watch_set(&m->entry, m->entry_fd, MS_LOOP_READ);
}

void ms_media_entry_close(struct ms_media *m)
{
	if (m->entry_fd < 0)
		return;
	ms_watch_stop(&m->entry);
	ms_timer_stop(&m->entry_again);
	close(m->entry_fd);
	m->entry_fd = -1;
}

static int ask(struct ms_media_endpoint *e, int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = e };

	return epoll_ctl(e->media->entry_fd, op, fd, &ev) < 0 ? -errno : 0;
}

static int control(struct ms_media_endpoint *e, int op, int fd, unsigned events)
{
	return ask(e, op, fd,
		   (events & MS_LOOP_READ ? EPOLLIN : 0u) |
			   (events & MS_LOOP_WRITE ? EPOLLOUT : 0u));
}

int ms_media_entry_listen(struct ms_media_endpoint *e, int listener)
{
	int err = ask(e, EPOLL_CTL_ADD, listener, EPOLLIN | EPOLLONESHOT);

	if (err == 0)
		e->in_entry = true;
	return err;
}

int ms_media_entry_listen_on(struct ms_media_endpoint *e)
{
	return ask(e, EPOLL_CTL_MOD, e->work->listener, EPOLLIN | EPOLLONESHOT);
}

int ms_media_entry_add(struct ms_media_endpoint *e, int fd, unsigned events)
{
	int err = control(e, EPOLL_CTL_ADD, fd, events);

	if (err == 0)
		e->in_entry = true;
	return err;
}

int ms_media_entry_change(struct ms_media_endpoint *e, int fd, unsigned events)
{
	return control(e, EPOLL_CTL_MOD, fd, events);
}

void ms_media_entry_forget(struct ms_media_endpoint *e)
{
	struct ms_media *m = e->media;

	e->in_entry = false;
	for (int i = m->batch_at; i < m->batch_n; i++)
		if (m->batch[i] == e)
			m->batch[i] = NULL;
}

void ms_media_entry_remove(struct ms_media_endpoint *e, int fd)
{
	if (!e->in_entry)
		return;
	epoll_ctl(e->media->entry_fd, EPOLL_CTL_DEL, fd, NULL);
	ms_media_entry_forget(e);
}
