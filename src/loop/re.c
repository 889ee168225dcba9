/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libre's loop around ours: it watches our epoll descriptor, and a timerfd in it stands for our
 * timers. libre 1.1.0 counts its own timers on gettimeofday(), so ours do not rest on them.
 */
#include "loop/re.h"

#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "loop/loop-priv.h"

static struct {
	bool up;
	int timerfd;
	ms_usec armed; /* what the timerfd is set to; MS_NEVER if it is not */
	struct ms_watch watch;
	int err;
} outer = { .timerfd = -1 };

/*
 * libre's own handlers (SIP over UDP, its timers) start timers and deferred calls of ours outside our
 * rounds: ms_loop_kick() leads here. A deferred call is a timer that is due already.
 */
static void arm(void)
{
	ms_usec next = ms_defer_waiting() ? 0 : ms_timer_next();
	struct itimerspec when = { 0 };

	if (next == outer.armed)
		return;
	outer.armed = next;
	if (next != MS_NEVER) {
		when.it_value.tv_sec = next / MS_SEC;
		when.it_value.tv_nsec = next % MS_SEC * 1000 + 1; /* 0 would mean "off" */
	}
	timerfd_settime(outer.timerfd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void timer_due(unsigned events MS_UNUSED, void *arg MS_UNUSED)
{
	uint64_t expired;

	if (read(outer.timerfd, &expired, sizeof(expired)) > 0)
		outer.armed = MS_NEVER;
}

static void inner_ready(int flags MS_UNUSED, void *arg MS_UNUSED)
{
	outer.err = ms_loop_round(false);
	if (outer.err)
		re_cancel();
	arm();
}

static int outer_run(void)
{
	int err;

	outer.err = 0;
	arm();
	err = -re_main(NULL);
	return outer.err ? outer.err : err;
}

static void outer_stop(void)
{
	re_cancel();
}

static const struct ms_loop_outer hooks = { outer_run, outer_stop, arm };

static int watch_timers(void)
{
	outer.timerfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (outer.timerfd < 0)
		return -errno;
	outer.armed = MS_NEVER;
	ms_watch_init(&outer.watch, "loop.timer", timer_due, NULL);
	return ms_watch_set(&outer.watch, outer.timerfd, MS_LOOP_READ);
}

/*
 * libre keeps an array over all descriptor numbers, and takes every connection that strangers open until
 * there are none left, then asks for the next one without a pause. It may have the lower half: it closes
 * what it gets above, and the other half stays ours.
 */
static int set_size(void)
{
	uint32_t half = ms_loop_stats()->max_files / 2;

	return -fd_setsize(half > 65536 ? 65536 : (int)half);
}

int ms_loop_re_init(void)
{
	int err = -libre_init();

	if (err)
		return err;
	outer.up = true;
	err = set_size();
	if (err == 0)
		err = watch_timers();
	if (err == 0)
		err = -fd_listen(ms_loop_fd(), FD_READ, inner_ready, NULL);
	if (err)
		ms_loop_re_close();
	else
		ms_loop_set_outer(&hooks);
	return err;
}

void ms_loop_re_close(void)
{
	if (!outer.up)
		return;
	outer.up = false;
	ms_loop_set_outer(NULL);
	fd_close(ms_loop_fd());
	ms_watch_stop(&outer.watch);
	if (outer.timerfd >= 0)
		close(outer.timerfd);
	outer.timerfd = -1;
	fd_setsize(0);
	libre_close();
}
