/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include <errno.h>
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
	v[0] = (uint8_t)n;
	return v;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(once_each, set_up, tear_down),
		cmocka_unit_test_setup_teardown(deferred_delivery, set_up, tear_down),
		cmocka_unit_test_setup_teardown(across_runs_and_processes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_kind_of_file, set_up, tear_down),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/seen", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
