/* SPDX-License-Identifier: Apache-2.0 */
/* Replay protection: restarts, torn and damaged journals, clocks, a full disk, a million records. */
#include "ms-test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kms/replay.h"

#define SKEW (300 * MS_SEC)
#define NOW (1800000000 * MS_SEC)

struct fixture {
	char dir[64];
	char why[MS_KMS_REPLAY_WHY_MAX];
	struct ms_kms_replay_config c;
	struct ms_kms_replay *r;
};

static const uint8_t hash_key[16] = "0123456789abcde";

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/ms-replay-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->c = (struct ms_kms_replay_config){ .dir = f->dir,
					      .window = 2 * SKEW,
					      .bucket = 60 * MS_SEC,
					      .max_records = 2000000,
					      .hash_key = hash_key };
	*state = f;
	return 0;
}

static void path_of(struct fixture *f, ms_usec until, char path[128])
{
	snprintf(path, 128, "%s/bucket.%lld", f->dir, (long long)(until / f->c.bucket));
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	ms_kms_replay_close(f->r);
	for (ms_usec t = NOW - 3600 * MS_SEC; t < NOW + 7200 * MS_SEC; t += f->c.bucket) {
		path_of(f, t, command);
		unlink(command);
	}
	snprintf(command, sizeof(command), "%s/floor", f->dir);
	unlink(command);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static int reopen_at(struct fixture *f, ms_usec now)
{
	f->r = ms_kms_replay_close(f->r);
	return ms_kms_replay_open(&f->c, now, f->why, &f->r);
}

static int reopen(struct fixture *f)
{
	return reopen_at(f, NOW);
}

static const uint8_t *digest(uint64_t n)
{
	static uint8_t d[MS_KMS_DIGEST_LEN];

	memset(d, 0, sizeof(d));
	memcpy(d, &n, sizeof(n));
	return d;
}

static int add(struct fixture *f, uint64_t n, ms_usec until)
{
	return ms_kms_replay_add(f->r, digest(n), until);
}

static void test_seen(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reopen(f), 0);
	assert_string_equal(f->why, "");
	assert_int_equal(ms_kms_replay_check(f->r, digest(1), NOW), 0);
	assert_int_equal(add(f, 1, NOW), 0);
	assert_int_equal(add(f, 1, NOW), -EEXIST);
	assert_int_equal(ms_kms_replay_check(f->r, digest(1), NOW), -EEXIST);
	assert_int_equal(add(f, 0, NOW), 0); /* all zeroes */
	assert_int_equal(add(f, 0, NOW), -EEXIST);
	assert_int_equal(add(f, 2, NOW + 599 * MS_SEC), 0);
	assert_int_equal(ms_kms_replay_stats(f->r)->records, 3);
}

static void test_restart(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reopen(f), 0);
	for (uint64_t i = 0; i < 5000; i++)
		assert_int_equal(add(f, i, NOW + (ms_usec)(i % 500) * MS_SEC), 0);
	assert_int_equal(ms_kms_replay_flush(f->r), 0);
	assert_int_equal(reopen(f), 0);
	assert_int_equal(ms_kms_replay_stats(f->r)->loaded, 5000);
	for (uint64_t i = 0; i < 5000; i++)
		assert_int_equal(add(f, i, NOW + (ms_usec)(i % 500) * MS_SEC), -EEXIST);
	assert_int_equal(add(f, 5000, NOW), 0);
}

/* What was flushed survives a kill; what was not had not been answered. */
static void test_kill(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (reopen(f) || add(f, 1, NOW) || ms_kms_replay_flush(f->r) || add(f, 2, NOW))
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(reopen(f), 0);
	assert_int_equal(add(f, 1, NOW), -EEXIST);
	assert_int_equal(add(f, 2, NOW), 0);
}

static void test_torn(void **state)
{
	struct fixture *f = *state;
	char path[128];

	assert_int_equal(reopen(f), 0);
	for (uint64_t i = 1; i <= 10; i++)
		assert_int_equal(add(f, i, NOW), 0);
	f->r = ms_kms_replay_close(f->r);
	path_of(f, NOW, path);
	/* Every length the file can have been left with. */
	for (off_t len = 32 + 160; len >= 0; len--) {
		int whole = len < 32 ? 0 : (int)(len - 32) / 16;

		assert_int_equal(truncate(path, len), 0);
		assert_int_equal(reopen(f), 0);
		assert_string_equal(f->why, "");
		assert_int_equal(ms_kms_replay_stats(f->r)->loaded, whole);
		f->r = ms_kms_replay_close(f->r);
	}
	/* And writing goes on behind the last whole record. */
	assert_int_equal(reopen(f), 0);
	assert_int_equal(add(f, 1, NOW), 0);
	assert_int_equal(add(f, 2, NOW), 0);
	f->r = ms_kms_replay_close(f->r);
	assert_int_equal(truncate(path, 32 + 16 + 5), 0);
	assert_int_equal(reopen(f), 0);
	assert_int_equal(add(f, 3, NOW), 0);
	assert_int_equal(reopen(f), 0);
	assert_int_equal(ms_kms_replay_stats(f->r)->loaded, 2);
	assert_int_equal(add(f, 1, NOW), -EEXIST);
	assert_int_equal(add(f, 2, NOW), 0);
	assert_int_equal(add(f, 3, NOW), -EEXIST);
}

static void test_damaged_head(void **state)
{
	struct fixture *f = *state;
	char path[128];
	int fd;

	assert_int_equal(reopen(f), 0);
	assert_int_equal(add(f, 1, NOW), 0);
	f->r = ms_kms_replay_close(f->r);
	path_of(f, NOW, path);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "garbage!", 8, 4), 8);
	close(fd);
	assert_int_equal(reopen(f), 0);
	assert_non_null(strstr(f->why, "1 damaged"));
	assert_int_equal(add(f, 1, NOW), -ESTALE);
	assert_int_equal(add(f, 2, NOW), -ESTALE);
	assert_int_equal(add(f, 2, NOW + 120 * MS_SEC), 0);
}

static void test_expire(void **state)
{
	struct fixture *f = *state;
	ms_usec later = NOW + 120 * MS_SEC;
	char path[128];

	assert_int_equal(reopen(f), 0);
	assert_int_equal(add(f, 1, NOW), 0);
	assert_int_equal(add(f, 2, NOW + 300 * MS_SEC), 0);
	assert_int_equal(ms_kms_replay_flush(f->r), 0);
	path_of(f, NOW, path);
	assert_int_equal(access(path, F_OK), 0);
	ms_kms_replay_expire(f->r, later);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(ms_kms_replay_stats(f->r)->records, 1);
	/* A clock that goes back does not open what was forgotten, not even after a restart. */
	assert_int_equal(add(f, 1, NOW), -ESTALE);
	assert_int_equal(reopen(f), 0);
	assert_int_equal(add(f, 1, NOW), -ESTALE);
	assert_int_equal(add(f, 2, NOW + 300 * MS_SEC), -EEXIST);
}

static void test_clock(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reopen(f), 0);
	assert_int_equal(add(f, 1, NOW), 0);
	assert_int_equal(ms_kms_replay_ahead(f->r, NOW), 0);
	assert_int_equal(reopen_at(f, NOW - 3600 * MS_SEC), 0);
	assert_non_null(strstr(f->why, "clock is at least"));
	assert_true(ms_kms_replay_ahead(f->r, NOW - 3600 * MS_SEC) > 2900 * MS_SEC);
	assert_true(ms_kms_replay_ahead(f->r, NOW - 3600 * MS_SEC) <= 3000 * MS_SEC);
	/* A clock ten years ahead for a while: afterwards new messages are still accepted. */
	ms_kms_replay_expire(f->r, NOW + (ms_usec)10 * 365 * 86400 * MS_SEC);
	assert_int_equal(add(f, 1, NOW), -ESTALE);
	assert_int_equal(add(f, 2, NOW + 60 * MS_SEC), 0);
}

/* Another bucket length in the configuration must neither forget nor shut anybody out. */
static void test_other_length(void **state)
{
	struct fixture *f = *state;
	ms_usec later = NOW + 3600 * MS_SEC;

	assert_int_equal(reopen(f), 0);
	assert_int_equal(add(f, 1, NOW + 60 * MS_SEC), 0);
	f->c.bucket = 7 * MS_SEC;
	assert_int_equal(reopen(f), 0);
	assert_non_null(strstr(f->why, "buckets of 60 s"));
	assert_int_equal(add(f, 1, NOW + 60 * MS_SEC), -EEXIST);
	assert_int_equal(add(f, 2, NOW + 300 * MS_SEC), 0);
	/* None of them lives any more: the new length holds, and what was closed stays closed. */
	assert_int_equal(reopen_at(f, later), 0);
	ms_kms_replay_expire(f->r, later);
	assert_int_equal(reopen_at(f, later), 0);
	assert_string_equal(f->why, "");
	assert_int_equal(add(f, 2, NOW + 300 * MS_SEC), -ESTALE);
	assert_int_equal(add(f, 3, later), 0);
	assert_int_equal(reopen_at(f, later), 0);
	assert_int_equal(add(f, 3, later), -EEXIST);
	/* Not to be found under a name that the others have. */
	ms_kms_replay_expire(f->r, later + 3600 * MS_SEC);
	f->c.bucket = 60 * MS_SEC;
}

static void test_full(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, small;

	f->c.max_records = 100;
	assert_int_equal(reopen(f), 0);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(add(f, i, NOW), 0);
	assert_int_equal(add(f, 100, NOW), -ENOSPC);
	assert_int_equal(ms_kms_replay_flush(f->r), 0);

	f->c.max_records = 1000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(reopen(f), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ 32 + 100 * 16 + 24, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (uint64_t i = 100; i < 110; i++)
		assert_int_equal(add(f, i, NOW), 0);
	assert_int_equal(ms_kms_replay_flush(f->r), -ENOSPC);
	assert_int_equal(ms_kms_replay_flush(f->r), -ENOSPC);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	/* Room again: the same records go out whole, after a part of them was written before. */
	assert_int_equal(ms_kms_replay_flush(f->r), 0);
	assert_int_equal(reopen(f), 0);
	assert_int_equal(ms_kms_replay_stats(f->r)->loaded, 110);
	for (uint64_t i = 0; i < 110; i++)
		assert_int_equal(add(f, i, NOW), -EEXIST);
}

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double add_many(struct fixture *f, uint64_t from, uint64_t n)
{
	double start = cpu();

	for (uint64_t i = from; i < from + n; i++)
		assert_int_equal(add(f, i * 0x9e3779b97f4a7c15, NOW + (ms_usec)(i % 600) * MS_SEC),
				 0);
	assert_int_equal(ms_kms_replay_flush(f->r), 0);
	return cpu() - start;
}

/* Cost does not grow with the number of records: only caches get colder. The bound is wide because
 * a shared machine measures this; growth in proportion would be a factor of ten and more. */
static void test_million(void **state)
{
	struct fixture *f = *state;
	double first, last;

	assert_int_equal(reopen(f), 0);
	first = add_many(f, 1, 100000);
	add_many(f, 100001, 800000);
	last = add_many(f, 900001, 100000);
	assert_int_equal(ms_kms_replay_stats(f->r)->records, 1000000);
	print_message("100,000 records: the first %.0f ns each, the last of a million %.0f ns\n",
		      first * 1e4, last * 1e4);
	assert_true(last < 6 * first + 0.05);
	assert_int_equal(reopen(f), 0);
	assert_int_equal(ms_kms_replay_stats(f->r)->records, 1000000);
}

static void test_sync(void **state)
{
	struct fixture *f = *state;

	f->c.sync = MS_KMS_SYNC_BATCH;
	assert_int_equal(reopen(f), 0);
	assert_int_equal(add(f, 1, NOW), 0);
	assert_int_equal(ms_kms_replay_flush(f->r), 0);
	assert_int_equal(ms_kms_replay_stats(f->r)->syncs, 1);
	f->c.sync = MS_KMS_SYNC_INTERVAL;
	assert_int_equal(reopen(f), 0);
	assert_int_equal(add(f, 2, NOW), 0);
	assert_int_equal(ms_kms_replay_flush(f->r), 0);
	assert_int_equal(ms_kms_replay_stats(f->r)->syncs, 0);
	assert_int_equal(ms_kms_replay_sync(f->r), 0);
	assert_int_equal(ms_kms_replay_sync(f->r), 0);
	assert_int_equal(ms_kms_replay_stats(f->r)->syncs, 1);
}

static int torture(void *arg)
{
	struct fixture *f = arg;
	struct ms_kms_replay *r = NULL;
	int err = ms_kms_replay_open(&f->c, NOW, f->why, &r);

	if (err == 0)
		err = ms_kms_replay_add(r, digest(7), NOW + 10 * MS_SEC);
	if (err == -EEXIST)
		err = 0;
	ms_kms_replay_close(r);
	return err;
}

static void test_torture(void **state)
{
	assert_true(ms_test_torture(torture, *state) > 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_seen),         T(test_restart), T(test_kill),  T(test_torn),
		T(test_damaged_head), T(test_expire),  T(test_clock), T(test_full),
		T(test_other_length), T(test_million), T(test_sync),  T(test_torture),
	};

	return cmocka_run_group_tests_name("kms-replay", tests, NULL, NULL);
}
