/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/replay.h"

static struct ms_keys_replay *r;
static char folder[] = "/tmp/ue-replay-XXXXXX", path[64];

static int set_up(void **state)
{
	(void)state;
	return ms_keys_replay_new(4, &ms_random_system, &r);
}

static int tear_down(void **state)
{
	(void)state;
	r = ms_keys_replay_free(r);
	unlink(path);
	return 0;
}

static const uint8_t *id(unsigned n)
{
	static uint8_t v[MS_KEYS_REPLAY_ID];

	memset(v, 0, sizeof(v));
	for (size_t i = 0; i < 4; i++)
		v[i] = (uint8_t)(n >> (8 * i));
	return v;
}

static off_t size_of(const char *file)
{
	struct stat st;

	assert_int_equal(stat(file, &st), 0);
	return st.st_size;
}

static void once_each(void **state)
{
	(void)state;
	assert_false(ms_keys_replay_seen(r, id(1)));
	assert_int_equal(ms_keys_replay_enter(r, id(1), 100), 0);
	assert_true(ms_keys_replay_seen(r, id(1)));
	assert_int_equal(ms_keys_replay_enter(r, id(1), 100), -EALREADY);
	assert_int_equal(ms_keys_replay_enter(r, id(2), 100), 0);
}

/* TR 33.829: a full cache takes what is newer than its oldest entry, which it forgets. */
static void deferred_delivery(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 4; i++)
		assert_int_equal(ms_keys_replay_enter(r, id(i), 10 * i), 0);
	assert_int_equal(ms_keys_replay_enter(r, id(5), 5), -ESTALE);
	assert_int_equal(ms_keys_replay_enter(r, id(5), 15), 0); /* forgets 1 */
	assert_int_equal(ms_keys_replay_count(r), 4);
	assert_int_equal(ms_keys_replay_enter(r, id(1), 10), -ESTALE); /* not a second time */
	assert_int_equal(ms_keys_replay_enter(r, id(6), 25), 0);       /* forgets 5 */
	assert_int_equal(ms_keys_replay_enter(r, id(5), 15), -ESTALE);
	assert_int_equal(ms_keys_replay_enter(r, id(3), 30), -EALREADY);
}

static void across_runs_and_processes(void **state)
{
	struct ms_keys_replay *other = NULL;

	(void)state;
	assert_int_equal(ms_keys_replay_new(4, &ms_random_system, &other), 0);
	assert_int_equal(ms_keys_replay_open(r, path), 0);
	assert_int_equal(ms_keys_replay_open(other, path), 0);
	assert_int_equal(ms_keys_replay_enter(r, id(1), 100), 0);
	assert_true(ms_keys_replay_seen(other, id(1)));
	assert_int_equal(ms_keys_replay_enter(other, id(1), 100), -EALREADY);
	assert_int_equal(ms_keys_replay_enter(other, id(2), 100), 0);
	assert_int_equal(ms_keys_replay_enter(r, id(2), 100), -EALREADY);
	r = ms_keys_replay_free(r);
	assert_int_equal(ms_keys_replay_new(4, &ms_random_system, &r), 0);
	assert_int_equal(ms_keys_replay_open(r, path), 0);
	assert_true(ms_keys_replay_seen(r, id(2)));
	assert_int_equal(ms_keys_replay_count(r), 2);
	ms_keys_replay_free(other);
}

static void another_kind_of_file(void **state)
{
	FILE *f = fopen(path, "w");

	(void)state;
	assert_non_null(f);
	fputs("something the user would miss, were it taken for ours and written on", f);
	fclose(f);
	assert_int_equal(ms_keys_replay_open(r, path), -EBADMSG);
	assert_int_equal(ms_keys_replay_open(r, "/nowhere/at/all"), -ENOENT);
}

/* Timestamps in no order, far more of them than there is room: what is remembered are always the
 * newest, and whatever was taken once is not taken again. */
static void the_newest_are_remembered(void **state)
{
	enum { N = 5000, MAX = 100 };
	static bool taken[N];
	static ms_usec newest[N];
	size_t n_taken = 0;

	(void)state;
	ms_keys_replay_free(r);
	assert_int_equal(ms_keys_replay_new(MAX, &ms_random_system, &r), 0);
	for (unsigned i = 0; i < N; i++) {
		ms_usec stamp = 1 + (ms_usec)i * 7919 % 3001;
		size_t newer = 0;
		int err;

		for (size_t k = 0; k < n_taken; k++)
			newer += newest[k] >= stamp;
		err = ms_keys_replay_enter(r, id(i), stamp);
		assert_int_equal(err, newer < MAX ? 0 : -ESTALE); /* the rule, said otherwise */
		taken[i] = !err;
		if (!err)
			newest[n_taken++] = stamp;
	}
	assert_int_equal(ms_keys_replay_count(r), MAX);
	for (unsigned i = 0; i < N; i++) {
		if (taken[i])
			assert_int_not_equal(
				ms_keys_replay_enter(r, id(i), 1 + (ms_usec)i * 7919 % 3001), 0);
	}
}

/* The file does not grow for ever, and what was forgotten before it was written anew stays so. */
static void the_file_is_bounded(void **state)
{
	struct ms_keys_replay *other = NULL;

	(void)state;
	assert_int_equal(ms_keys_replay_open(r, path), 0);
	assert_int_equal(ms_keys_replay_new(4, &ms_random_system, &other), 0);
	assert_int_equal(ms_keys_replay_open(other, path), 0);
	for (unsigned i = 1; i <= 5000; i++) {
		assert_int_equal(ms_keys_replay_enter(r, id(i), 10 * i), 0);
		assert_true(size_of(path) <= 40 * (2 * 4 + 1024 + 1));
	}
	/* The other process had the old file open. */
	assert_int_equal(ms_keys_replay_enter(other, id(5000), 50000), -EALREADY);
	assert_int_equal(ms_keys_replay_enter(other, id(6000), 60000), 0);
	assert_int_equal(ms_keys_replay_enter(r, id(6000), 60000), -EALREADY);
	ms_keys_replay_free(other);
	r = ms_keys_replay_free(r);
	/* More room than before does not bring back what was forgotten. */
	assert_int_equal(ms_keys_replay_new(1000, &ms_random_system, &r), 0);
	assert_int_equal(ms_keys_replay_open(r, path), 0);
	assert_int_equal(ms_keys_replay_enter(r, id(20), 200), -ESTALE);
	assert_int_equal(ms_keys_replay_enter(r, id(5000), 50000), -EALREADY);
	assert_int_equal(ms_keys_replay_enter(r, id(7000), 70000), 0);
}

static void less_room_than_before(void **state)
{
	(void)state;
	assert_int_equal(ms_keys_replay_open(r, path), 0);
	for (unsigned i = 4; i > 0; i--)
		assert_int_equal(ms_keys_replay_enter(r, id(i), 10 * i), 0);
	r = ms_keys_replay_free(r);
	assert_int_equal(ms_keys_replay_new(2, &ms_random_system, &r), 0);
	assert_int_equal(ms_keys_replay_open(r, path), 0);
	assert_int_equal(ms_keys_replay_count(r), 2);
	assert_true(ms_keys_replay_seen(r, id(4)));
	assert_int_equal(ms_keys_replay_enter(r, id(1), 10), -ESTALE);
	assert_int_equal(ms_keys_replay_enter(r, id(9), 25), -ESTALE);
	assert_int_equal(ms_keys_replay_enter(r, id(9), 35), 0);
}

/* A crash in the middle of a record: it would shift all that follow. */
static void half_a_record(void **state)
{
	(void)state;
	assert_int_equal(ms_keys_replay_open(r, path), 0);
	assert_int_equal(ms_keys_replay_enter(r, id(1), 10), 0);
	assert_int_equal(ms_keys_replay_enter(r, id(2), 20), 0);
	r = ms_keys_replay_free(r);
	assert_int_equal(truncate(path, size_of(path) - 7), 0);
	for (int run = 0; run < 2; run++) {
		assert_int_equal(ms_keys_replay_new(4, &ms_random_system, &r), 0);
		assert_int_equal(ms_keys_replay_open(r, path), 0);
		assert_true(ms_keys_replay_seen(r, id(1)));
		assert_int_equal(ms_keys_replay_enter(r, id(3), 30), run ? -EALREADY : 0);
		r = ms_keys_replay_free(r);
	}
	assert_int_equal(ms_keys_replay_new(4, &ms_random_system, &r), 0);
}

/* A full disk: the message is refused, and may come again when there is room. */
static void a_full_disk(void **state)
{
	const struct rlimit none = { 90, RLIM_INFINITY };
	struct rlimit before;

	(void)state;
	assert_int_equal(ms_keys_replay_open(r, path), 0);
	assert_int_equal(ms_keys_replay_enter(r, id(1), 10), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(ms_keys_replay_enter(r, id(2), 20), -EFBIG);
	assert_int_equal(ms_keys_replay_enter(r, id(2), 20), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(size_of(path), 80);
	assert_int_equal(ms_keys_replay_enter(r, id(2), 20), 0);
	assert_int_equal(ms_keys_replay_enter(r, id(2), 20), -EALREADY);
	assert_int_equal(size_of(path), 120);
}

/* Two processes race for the same messages: each is taken by one of them. */
static void two_processes_race(void **state)
{
	enum { N = 2000 };
	unsigned mine = 0;
	int ends[2], status;
	unsigned theirs = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	ms_keys_replay_free(r);
	pid = fork();
	assert_int_equal(ms_keys_replay_new(100, &ms_random_system, &r), 0);
	assert_int_equal(ms_keys_replay_open(r, path), 0);
	for (unsigned i = 1; i <= N; i++) {
		int err = ms_keys_replay_enter(r, id(i), i);

		mine += err == 0;
	}
	if (pid == 0)
		_exit(write(ends[1], &mine, sizeof(mine)) != sizeof(mine));
	assert_true(pid > 0);
	assert_int_equal(read(ends[0], &theirs, sizeof(theirs)), sizeof(theirs));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(mine + theirs, N);
}

static int torture_run(void *arg)
{
	struct ms_keys_replay *c = NULL;
	int err = ms_keys_replay_new(100, &ms_random_system, &c);

	(void)arg;
	unlink(path);
	if (!err)
		err = ms_keys_replay_open(c, path);
	for (unsigned i = 1; !err && i <= 200; i++)
		err = ms_keys_replay_enter(c, id(i), i);
	ms_keys_replay_free(c);
	return err;
}

static void without_memory(void **state)
{
	(void)state;
	assert_true(ms_test_torture(torture_run, NULL) > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(once_each, set_up, tear_down),
		cmocka_unit_test_setup_teardown(deferred_delivery, set_up, tear_down),
		cmocka_unit_test_setup_teardown(across_runs_and_processes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_kind_of_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_newest_are_remembered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_file_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(less_room_than_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(half_a_record, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(two_processes_race, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_memory, set_up, tear_down),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/seen", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
