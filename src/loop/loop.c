/* SPDX-License-Identifier: Apache-2.0 */
/* The loop itself: epoll, rounds of handlers, deferred calls, the watch on slow handlers. */
#include "loop/loop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "loop/loop-priv.h"

/* How often deferred calls may ask for more of them within one round. */
#define DEFER_PASSES 8

static struct {
	bool up;
	bool stopping;
	bool in_round;
	int epfd;
	ms_usec now;
	struct epoll_event batch[MS_LOOP_BATCH];
	int batch_at, batch_n; /* events of this round not yet handled: [batch_at, batch_n) */
	struct ms_list defers;
	const struct ms_loop_outer *outer;
	ms_loop_slow_f *slow;
	void *slow_arg;
	struct ms_loop_stats stats;
} loop = { .epfd = -1 };

static ms_usec clock_usec(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (ms_usec)ts.tv_sec * MS_SEC + ts.tv_nsec / 1000;
}

ms_usec ms_clock_wall(void)
{
	return clock_usec(CLOCK_REALTIME);
}

ms_usec ms_clock_mono(void)
{
	return clock_usec(CLOCK_MONOTONIC);
}

ms_usec ms_loop_now(void)
{
	return loop.now;
}

/* As many descriptors as the operator allows, never more. */
static void raise_file_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return;
	if (rl.rlim_cur < rl.rlim_max) {
		rl.rlim_cur = rl.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &rl) < 0)
			getrlimit(RLIMIT_NOFILE, &rl);
	}
	loop.stats.max_files = rl.rlim_cur > UINT32_MAX ? UINT32_MAX : (uint32_t)rl.rlim_cur;
}

int ms_loop_init(void)
{
	if (loop.up)
		return -EBUSY;
	loop.epfd = epoll_create1(EPOLL_CLOEXEC);
	if (loop.epfd < 0)
		return -errno;
	memset(&loop.stats, 0, sizeof(loop.stats));
	raise_file_limit();
	signal(SIGPIPE, SIG_IGN);
	ms_list_init(&loop.defers);
	loop.batch_at = loop.batch_n = 0;
	loop.stopping = false;
	loop.outer = NULL;
	loop.slow = NULL;
	loop.now = ms_clock_mono();
	loop.up = true;
	return 0;
}

void ms_loop_close(void)
{
	if (!loop.up)
		return;
	ms_signal_done();
	close(loop.epfd);
	loop.epfd = -1;
	loop.up = false;
}

int ms_loop_fd(void)
{
	return loop.epfd;
}

void ms_loop_set_outer(const struct ms_loop_outer *outer)
{
	loop.outer = outer;
}

void ms_loop_kick(void)
{
	if (loop.outer && !loop.in_round)
		loop.outer->kick();
}

struct ms_loop_stats *ms_loop_counts(void)
{
	return &loop.stats;
}

const struct ms_loop_stats *ms_loop_stats(void)
{
	return &loop.stats;
}

void ms_loop_on_slow(ms_loop_slow_f *f, void *arg)
{
	loop.slow = f;
	loop.slow_arg = arg;
}

void ms_loop_measured(const char *name, ms_usec began)
{
	ms_usec took;

	loop.now = ms_clock_mono();
	took = loop.now - began;
	if (took > loop.stats.slowest)
		loop.stats.slowest = took;
	if (took <= MS_LOOP_SLOW)
		return;
	loop.stats.slow++;
	if (loop.slow)
		loop.slow(name, took, loop.slow_arg);
}

/* ---- descriptors ---- */

void ms_watch_init(struct ms_watch *w, const char *name, ms_watch_f *handler, void *arg)
{
	*w = (struct ms_watch){ .fd = -1, .handler = handler, .arg = arg, .name = name };
}

int ms_watch_set(struct ms_watch *w, int fd, unsigned events)
{
	struct epoll_event e = { .data.ptr = w };

	if (w->added && w->fd == fd && w->events == events)
		return 0;
	if (w->added && w->fd != fd)
		ms_watch_stop(w);
	if (events & MS_LOOP_READ)
		e.events |= EPOLLIN;
	if (events & MS_LOOP_WRITE)
		e.events |= EPOLLOUT;
	if (epoll_ctl(loop.epfd, w->added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e) < 0)
		return -errno;
	loop.stats.watches += !w->added;
	w->fd = fd;
	w->events = events;
	w->added = true;
	return 0;
}

/* Events of this round that were taken from the kernel already must not reach a stopped watch. */
static void forget_events(const struct ms_watch *w)
{
	for (int i = loop.batch_at; i < loop.batch_n; i++)
		if (loop.batch[i].data.ptr == w)
			loop.batch[i].data.ptr = NULL;
}

static void forget(struct ms_watch *w)
{
	forget_events(w);
	loop.stats.watches--;
	w->added = false;
	w->fd = -1;
	w->events = 0;
}

void ms_watch_stop(struct ms_watch *w)
{
	if (!w->added)
		return;
	epoll_ctl(loop.epfd, EPOLL_CTL_DEL, w->fd, NULL);
	forget(w);
}

void ms_watch_close(struct ms_watch *w)
{
	if (!w->added)
		return;
	close(w->fd);
	forget(w);
}

/*
 * Errors and hang-ups show as whatever the watch asked for: its read or write then finds them. The
 * kernel tells them also to a watch that asks for nothing, again and again; such a watch is told
 * MS_LOOP_READ, which is the one way to get its owner to look.
 */
static unsigned watched_events(const struct ms_watch *w, uint32_t kernel)
{
	unsigned events = 0;

	if (kernel & EPOLLIN)
		events |= MS_LOOP_READ;
	if (kernel & EPOLLOUT)
		events |= MS_LOOP_WRITE;
	if (kernel & (EPOLLERR | EPOLLHUP))
		events |= w->events ? w->events : MS_LOOP_READ;
	return events;
}

static void handle_event(const struct epoll_event *e)
{
	struct ms_watch *w = e->data.ptr;
	ms_usec began = loop.now;
	const char *name;

	if (!w)
		return;
	name = w->name;
	loop.stats.events++;
	w->handler(watched_events(w, e->events), w->arg);
	ms_loop_measured(name, began);
}

/* ---- deferred calls ---- */

void ms_defer_init(struct ms_defer *d, ms_timer_f *handler, void *arg)
{
	*d = (struct ms_defer){ .handler = handler, .arg = arg };
}

void ms_defer_call(struct ms_defer *d)
{
	if (d->pending)
		return;
	d->pending = true;
	ms_list_append(&loop.defers, &d->link);
	ms_loop_kick();
}

bool ms_defer_waiting(void)
{
	return !ms_list_empty(&loop.defers);
}

void ms_defer_cancel(struct ms_defer *d)
{
	if (!d->pending)
		return;
	d->pending = false;
	ms_list_remove(&d->link);
}

/* The calls that wait now. */
static void run_waiting_defers(void)
{
	struct ms_list now;

	ms_list_init(&now);
	now.next = loop.defers.next;
	now.prev = loop.defers.prev;
	now.next->prev = now.prev->next = &now;
	ms_list_init(&loop.defers);
	while (!ms_list_empty(&now)) {
		struct ms_defer *d = MS_CONTAINER_OF(now.next, struct ms_defer, link);

		ms_defer_cancel(d);
		d->handler(d->arg);
	}
}

/*
 * What a deferred call asks for still belongs to this round (a batch is worked through, then its
 * answers are sent), but one that asks for itself again and again must not keep the loop.
 */
static void run_defers(void)
{
	for (int pass = 0; pass < DEFER_PASSES && !ms_list_empty(&loop.defers); pass++)
		run_waiting_defers();
}

/* ---- rounds ---- */

/* Milliseconds for epoll_wait(), rounded up so that the timer is really due afterwards. */
static int wait_ms(void)
{
	ms_usec next = ms_timer_next(), left;

	if (!ms_list_empty(&loop.defers))
		return 0;
	if (next == MS_NEVER)
		return -1;
	left = next - ms_clock_mono();
	if (left <= 0)
		return 0;
	left = (left + MS_MSEC - 1) / MS_MSEC;
	return left > 60000 ? 60000 : (int)left;
}

int ms_loop_round(bool wait)
{
	int n = epoll_wait(loop.epfd, loop.batch, MS_LOOP_BATCH, wait ? wait_ms() : 0);

	if (n < 0 && errno != EINTR)
		return -errno;
	loop.stats.rounds++;
	loop.in_round = true;
	loop.now = ms_clock_mono();
	loop.batch_n = n > 0 ? n : 0;
	for (loop.batch_at = 0; loop.batch_at < loop.batch_n;)
		handle_event(&loop.batch[loop.batch_at++]);
	ms_timer_run(loop.now);
	run_defers();
	loop.in_round = false;
	return 0;
}

static int run_alone(void)
{
	int err = 0;

	while (!loop.stopping && err == 0)
		err = ms_loop_round(true);
	return err;
}

int ms_loop_run(void)
{
	int err = 0;

	if (!loop.stopping)
		err = loop.outer ? loop.outer->run() : run_alone();
	loop.stopping = false;
	return err;
}

void ms_loop_stop(void)
{
	loop.stopping = true;
	if (loop.outer)
		loop.outer->stop();
}
