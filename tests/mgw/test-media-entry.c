/* SPDX-License-Identifier: Apache-2.0 */
/* Many who come at once: a round of the loop takes some of them, and octets of others pass in between. */
#include "media-lab.h"

#define N 40
#define FIRST_PORT 10600
#define FIRST 10 /* number of the first endpoint */

static struct {
	int peers[N];
	int access, core; /* peers of endpoints 1 and 2, which are up */
} many;

/* One step a round, or a few: nothing takes less than a microsecond. */
static const struct ms_media_config little_time = { .round_budget = 1 };

static void open_standing(void)
{
	struct ms_bearer a = lab_bearer(LAB_PORT_A), b = lab_bearer(LAB_PORT_B);
	int listener = lab_listen(LAB_PEER_B);

	a.incoming = MS_BEARER_FORWARD;
	b.remote = lab_address(LAB_PEER_B);
	lab_set_pair(&a, &b);
	many.access = lab_connect(0, LAB_PORT_A);
	many.core = lab_accept(listener);
	close(listener);
	LAB_UNTIL(ms_media_stats(lab.media)->up == 2);
}

/* The kernel has them all in the listeners' queues; the gateway has not looked yet. */
static void open_many(void)
{
	for (int i = 0; i < N; i++) {
		struct ms_bearer b = lab_bearer((uint16_t)(FIRST_PORT + i));

		assert_int_equal(lab_set((ms_plane_endpoint)(FIRST + i), &b), 0);
	}
	for (int i = 0; i < N; i++)
		many.peers[i] = lab_connect(0, (uint16_t)(FIRST_PORT + i));
}

static int setup(void **state MS_UNUSED)
{
	lab_open(&little_time);
	open_standing();
	open_many();
	return 0;
}

static int teardown(void **state MS_UNUSED)
{
	for (int i = 0; i < N; i++)
		close(many.peers[i]);
	close(many.access);
	close(many.core);
	lab_close();
	return 0;
}

static uint64_t accepted(void)
{
	return ms_media_stats(lab.media)->accepted - 1; /* the standing one */
}

static void test_in_turns(void **state MS_UNUSED)
{
	unsigned rounds = 0;

	for (; accepted() < N && rounds < 100 * N; rounds++)
		ms_loop_round(false);
	assert_int_equal(accepted(), N);
	/* Ten times the budget are 10 us, in which not many are taken. */
	assert_true(rounds >= N / 20);
	LAB_UNTIL(ms_media_stats(lab.media)->up == 2 + N);
}

static void test_octets_between(void **state MS_UNUSED)
{
	lab_send(many.access, "hello");
	for (int i = 0; i < 2; i++)
		ms_loop_round(false);
	lab_expect(many.core, "hello");
	assert_true(ms_media_stats(lab.media)->octets == 5);
	assert_true(accepted() < N);
	LAB_UNTIL(accepted() == N);
}

/* Endpoints that a round had seen, and had no time for, are deleted before the next one. */
static void test_gone_between(void **state MS_UNUSED)
{
	struct ms_bearer_statistics s;

	ms_loop_round(false);
	assert_true(accepted() < N);
	for (int i = 0; i < N; i += 2)
		assert_int_equal(
			ms_media_delete(lab.media, (ms_plane_endpoint)(FIRST + i), false, &s), 0);
	LAB_UNTIL(ms_media_stats(lab.media)->up == 2 + N / 2);
	LAB_FOR(5 * MS_MSEC);
	assert_int_equal(ms_media_stats(lab.media)->endpoints, 2 + N / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_octets_between, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone_between, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
