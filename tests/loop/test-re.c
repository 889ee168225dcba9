/* SPDX-License-Identifier: Apache-2.0 */
/* Our loop inside libre's: both kinds of handler in one process, each starting things of the other. */
#include "ms-test.h"

#include "loop/loop.h"
#include "loop/re.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
	struct tmr theirs;
	struct ms_timer ours;
	struct ms_defer defer;
	struct ms_watch watch;
	int fds[2];
	unsigned order[8], n;
} t;

static void note(unsigned what)
{
	if (t.n < MS_ARRAY_SIZE(t.order))
		t.order[t.n++] = what;
}

static void got_octet(unsigned events, void *arg MS_UNUSED)
{
	char c;

	assert_int_equal(events, MS_LOOP_READ);
	assert_int_equal(read(t.fds[0], &c, 1), 1);
	note(4);
	ms_loop_stop();
}

static void deferred(void *arg MS_UNUSED)
{
	note(3);
	assert_int_equal(write(t.fds[1], "x", 1), 1);
}

static void our_timer(void *arg MS_UNUSED)
{
	note(2);
	ms_defer_call(&t.defer);
}

/* Outside our rounds: the timer must fire nevertheless, and soon. */
static void their_timer(void *arg MS_UNUSED)
{
	note(1);
	ms_timer_start(&t.ours, 5 * MS_MSEC);
}

static void run_once(void)
{
	ms_usec began = ms_clock_mono();

	t.n = 0;
	tmr_init(&t.theirs);
	tmr_start(&t.theirs, 5, their_timer, NULL);
	assert_int_equal(ms_loop_run(), 0);
	assert_true(ms_clock_mono() - began < 2 * MS_SEC);
	assert_int_equal(t.n, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(t.order[i], i + 1);
}

static void test_nested(void **state MS_UNUSED)
{
	assert_int_equal(ms_loop_init(), 0);
	assert_int_equal(ms_loop_re_init(), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, t.fds), 0);
	ms_timer_init(&t.ours, "test", our_timer, NULL);
	ms_defer_init(&t.defer, deferred, NULL);
	ms_watch_init(&t.watch, "test", got_octet, NULL);
	assert_int_equal(ms_watch_set(&t.watch, t.fds[0], MS_LOOP_READ), 0);
	run_once();
	run_once();
	ms_watch_stop(&t.watch);
	close(t.fds[0]);
	close(t.fds[1]);
	ms_loop_re_close();
	ms_loop_close();
}

static void never(int flags MS_UNUSED, void *arg MS_UNUSED)
{
	fail();
}

/* libre takes connections without end: it must not have all descriptors. */
static void test_descriptors_left(void **state MS_UNUSED)
{
	struct rlimit few = { 64, 64 };
	int first = -1, fd = -1, err = 0;

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(ms_loop_init(), 0);
	assert_int_equal(ms_loop_re_init(), 0);
	while (err == 0) {
		fd = eventfd(0, EFD_CLOEXEC);
		assert_true(fd >= 0);
		first = first < 0 ? fd : first;
		err = fd_listen(fd, FD_READ, never, NULL);
	}
	assert_int_equal(fd, 32);
	for (; fd >= first; fd--) {
		fd_close(fd);
		close(fd);
	}
	ms_loop_re_close();
	ms_loop_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_nested), /* everything can be started again */
		cmocka_unit_test(test_descriptors_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
