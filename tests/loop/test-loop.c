/* SPDX-License-Identifier: Apache-2.0 */
/* Timers, descriptors, deferred calls and signals, alone and getting in each other's way. */
#include "ms-test.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/random.h"
#include "loop/loop.h"

static int setup(void **state MS_UNUSED)
{
	return ms_loop_init();
}

static int teardown(void **state MS_UNUSED)
{
	ms_loop_close();
	return 0;
}

static void stop(void *arg MS_UNUSED)
{
	ms_loop_stop();
}

static void run_for(ms_usec t)
{
	struct ms_timer end;

	ms_timer_init(&end, "test.end", stop, NULL);
	ms_timer_start(&end, t);
	assert_int_equal(ms_loop_run(), 0);
	ms_timer_stop(&end);
}

#define TIMERS 300

struct timers {
	struct ms_timer t[TIMERS];
	ms_usec last;
	unsigned fired, wrong;
} timers;

static void fired(void *arg)
{
	struct ms_timer *t = arg;

	timers.wrong += t->at < timers.last;
	timers.last = t->at;
	timers.fired++;
}

static void test_timers_in_order(void **state MS_UNUSED)
{
	unsigned stopped = 0;
	uint32_t r;

	memset(&timers, 0, sizeof(timers));
	for (size_t i = 0; i < TIMERS; i++) {
		assert_int_equal(ms_random_u32(&ms_random_system, &r), 0);
		ms_timer_init(&timers.t[i], "test", fired, &timers.t[i]);
		ms_timer_start(&timers.t[i], (ms_usec)(r % 50000));
	}
	for (size_t i = 0; i < TIMERS; i += 3, stopped++)
		ms_timer_stop(&timers.t[i]);
	for (size_t i = 1; i < TIMERS; i += 3)
		ms_timer_start(&timers.t[i], 20 * MS_MSEC); /* restarted */
	run_for(80 * MS_MSEC);
	assert_int_equal(timers.fired, TIMERS - stopped);
	assert_int_equal(timers.wrong, 0);
	for (size_t i = 0; i < TIMERS; i++)
		assert_false(ms_timer_running(&timers.t[i]));
}

struct pair {
	struct ms_timer a, b;
	int calls;
};

static void stop_other(void *arg)
{
	struct pair *p = arg;

	p->calls++;
	ms_timer_stop(&p->b);
	ms_timer_start(&p->a, 0);
	if (p->calls == 5)
		ms_timer_stop(&p->a);
}

static void never(void *arg MS_UNUSED)
{
	fail_msg("a stopped timer fired");
}

static void test_timer_stops_timer(void **state MS_UNUSED)
{
	struct pair p = { .calls = 0 };

	ms_timer_init(&p.a, "a", stop_other, &p);
	ms_timer_init(&p.b, "b", never, &p);
	ms_timer_start(&p.a, 0);
	ms_timer_start(&p.b, 0);
	run_for(100 * MS_MSEC);
	assert_int_equal(p.calls, 5);
}

struct ends {
	int fds[2];
	struct ms_watch w[2];
	int calls;
};

static void close_both(unsigned events, void *arg)
{
	struct ends *e = arg;

	assert_true(events & MS_LOOP_READ);
	e->calls++;
	ms_watch_stop(&e->w[0]);
	ms_watch_stop(&e->w[1]);
}

/* Both are ready in the same round; the first handler stops both, so only one may be called. */
static void test_watch_stops_watch(void **state MS_UNUSED)
{
	struct ends e = { .calls = 0 };

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, e.fds), 0);
	for (int i = 0; i < 2; i++) {
		ms_watch_init(&e.w[i], "test", close_both, &e);
		assert_int_equal(ms_watch_set(&e.w[i], e.fds[i], MS_LOOP_READ), 0);
		assert_int_equal(write(e.fds[i], "x", 1), 1);
	}
	assert_int_equal(ms_loop_stats()->watches, 2);
	run_for(100 * MS_MSEC);
	assert_int_equal(e.calls, 1);
	assert_int_equal(ms_loop_stats()->watches, 0);
	close(e.fds[0]);
	close(e.fds[1]);
}

static void count_writable(unsigned events, void *arg)
{
	struct ends *e = arg;

	assert_int_equal(events, MS_LOOP_WRITE);
	e->calls++;
	assert_int_equal(ms_watch_set(&e->w[0], e->fds[0], 0), 0);
}

static void test_watch_changes(void **state MS_UNUSED)
{
	struct ends e = { .calls = 0 };

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, e.fds), 0);
	ms_watch_init(&e.w[0], "test", count_writable, &e);
	assert_int_equal(ms_watch_set(&e.w[0], e.fds[0], MS_LOOP_WRITE), 0);
	run_for(100 * MS_MSEC);
	assert_int_equal(e.calls, 1); /* asked for nothing since */
	assert_int_equal(ms_watch_set(&e.w[0], 9999, MS_LOOP_READ), -EBADF);
	ms_watch_stop(&e.w[0]);
	ms_watch_stop(&e.w[0]);
	close(e.fds[0]);
	close(e.fds[1]);
}

struct later {
	struct ms_defer d, other;
	int calls;
};

static void deferred(void *arg)
{
	struct later *l = arg;

	if (++l->calls < 3)
		ms_defer_call(&l->d);
	ms_defer_cancel(&l->other);
}

static void test_defer(void **state MS_UNUSED)
{
	struct later l = { .calls = 0 };

	ms_defer_init(&l.d, deferred, &l);
	ms_defer_init(&l.other, never, &l);
	ms_defer_call(&l.d);
	ms_defer_call(&l.d);
	ms_defer_call(&l.other);
	run_for(100 * MS_MSEC);
	assert_int_equal(l.calls, 3);
}

static void on_signal(int signo, void *arg)
{
	*(int *)arg = signo;
	ms_loop_stop();
}

static void test_signal(void **state MS_UNUSED)
{
	int got = 0, hup = 0;

	assert_int_equal(ms_loop_signal(SIGTERM, on_signal, &got), 0);
	assert_int_equal(ms_loop_signal(SIGHUP, on_signal, &hup), 0);
	assert_int_equal(ms_loop_signal(0, on_signal, &hup), -EINVAL);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(ms_loop_run(), 0);
	assert_int_equal(got, SIGTERM);
	assert_int_equal(hup, 0);
}

static void sleep_long(void *arg MS_UNUSED)
{
	usleep(60000);
}

static void slow_seen(const char *name, ms_usec took, void *arg)
{
	assert_true(took >= MS_LOOP_SLOW);
	*(int *)arg += strcmp(name, "test.slow") == 0;
}

static void test_slow_handler(void **state MS_UNUSED)
{
	struct ms_timer t;
	int seen = 0;

	ms_loop_on_slow(slow_seen, &seen);
	ms_timer_init(&t, "test.slow", sleep_long, NULL);
	ms_timer_start(&t, 0);
	run_for(70 * MS_MSEC);
	assert_int_equal(seen, 1);
	assert_true(ms_loop_stats()->slow >= 1);
	assert_true(ms_loop_stats()->slowest >= MS_LOOP_SLOW);
}

static void test_limits(void **state MS_UNUSED)
{
	struct rlimit rl;

	assert_int_equal(ms_loop_init(), -EBUSY);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &rl), 0);
	assert_true(rl.rlim_cur == rl.rlim_max);
	assert_true(ms_loop_stats()->max_files <= rl.rlim_max);
}

/* A stop asked for before the loop runs is kept. */
static void test_stop_before(void **state MS_UNUSED)
{
	ms_loop_stop();
	assert_int_equal(ms_loop_run(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_timers_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timer_stops_timer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_watch_stops_watch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_watch_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_defer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_handler, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_before, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
