/* SPDX-License-Identifier: Apache-2.0 */
/* What the transaction layer is made of, each against the plainest thing that does the same. */
#include "ms-test.h"

#include <errno.h>

#include "h248/idmap.h"
#include "h248/idset.h"
#include "h248/pool.h"
#include "h248/wheel.h"

static uint64_t state = 88172645463325252U;

static uint32_t dice(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % n;
}

/* ---- sets of ids ---- */

static void idset(void **unused)
{
	static bool in[512];
	struct ms_h248_idset s;

	(void)unused;
	ms_h248_idset_init(&s, 512);
	for (int round = 0; round < 20; round++) {
		memset(in, 0, sizeof(in));
		ms_h248_idset_clear(&s);
		for (int i = 0; i < 400; i++) {
			uint32_t id = dice(512);

			assert_int_equal(ms_h248_idset_put(&s, id), 0);
			in[id] = true;
			for (uint32_t k = 0; k < 512; k++)
				assert_int_equal(ms_h248_idset_has(&s, k), in[k]);
			for (uint32_t k = 1; k < s.n; k++)
				assert_true(s.runs[k].first > s.runs[k - 1].last + 1);
		}
	}
	ms_h248_idset_done(&s);
}

static void idset_edges(void **unused)
{
	struct ms_h248_idset s;

	(void)unused;
	ms_h248_idset_init(&s, 3);
	assert_int_equal(ms_h248_idset_put(&s, UINT32_MAX), 0);
	assert_int_equal(ms_h248_idset_put(&s, 0), 0);
	assert_false(ms_h248_idset_has(&s, 1));
	assert_int_equal(ms_h248_idset_put(&s, 7), 0);
	assert_int_equal(ms_h248_idset_put(&s, 100), -ENOSPC);
	assert_int_equal(ms_h248_idset_put(&s, 6), 0); /* joins a run */
	assert_int_equal(ms_h248_idset_put(&s, UINT32_MAX - 1), 0);
	assert_true(ms_h248_idset_has(&s, UINT32_MAX));
	assert_int_equal(s.n, 3);
	ms_h248_idset_done(&s);
}

/* ---- timers ---- */

#define TIMERS 300

static void wheel(void **unused)
{
	static struct ms_h248_timer timers[TIMERS];
	static struct ms_h248_wheel w;
	ms_usec now = 12345 * MS_SEC;
	unsigned fired = 0;

	(void)unused;
	memset(timers, 0, sizeof(timers));
	ms_h248_wheel_init(&w, now);
	assert_int_equal(ms_h248_wheel_next(&w), MS_NEVER);
	for (int round = 0; round < 20000; round++) {
		struct ms_h248_timer *t = &timers[dice(TIMERS)];
		ms_usec next;

		ms_h248_wheel_see(&w, now);
		if (dice(4) == 0)
			ms_h248_wheel_stop(&w, t);
		else /* from the past to twice round the circle */
			ms_h248_wheel_set(&w, t, now - 5000 + (ms_usec)dice(12000000));
		if (dice(3) == 0)
			now += dice(dice(20) ? 30000 : 4000000);
		while ((t = ms_h248_wheel_due(&w, now)) != NULL) {
			assert_true(t->at <= now);
			assert_false(t->set);
			fired++;
		}
		next = ms_h248_wheel_next(&w);
		for (unsigned i = 0; i < TIMERS; i++)
			if (timers[i].set) { /* none forgotten, none more than a slot late */
				assert_true(timers[i].at > now - 2 * MS_H248_WHEEL_SLOT);
				assert_true(next <= timers[i].at + 2 * MS_H248_WHEEL_SLOT);
			}
	}
	assert_true(fired > 1000);
}

/* ---- memory and maps ---- */

static void pool(void **unused)
{
	struct ms_h248_pool p;
	size_t sizes[] = { 0, 1, 64, 65, 128, 129, 4096, 65536, 65537, 200000 };
	void *blocks[10];

	(void)unused;
	ms_h248_pool_init(&p, 100000);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 10; i++) {
			blocks[i] = ms_h248_pool_get(&p, sizes[i]);
			assert_non_null(blocks[i]);
			memset(blocks[i], i, sizes[i]);
			assert_true(ms_h248_pool_size(sizes[i]) >= sizes[i]);
		}
		for (int i = 0; i < 10; i++)
			ms_h248_pool_put(&p, blocks[i], sizes[i]);
		assert_true(p.kept <= 100000 && p.kept > 60000);
	}
	ms_h248_pool_put(&p, NULL, 5);
	ms_h248_pool_done(&p);
}

static void idmap(void **unused)
{
	static struct ms_h248_idlink links[1000];
	struct ms_h248_idmap m;

	(void)unused;
	assert_int_equal(ms_h248_idmap_init(&m), 0);
	for (unsigned i = 0; i < 1000; i++) {
		links[i].hash = i / 2 * 0x9e3779b97f4a7c15U; /* two of each */
		ms_h248_idmap_put(&m, &links[i]);
	}
	for (unsigned i = 0; i < 1000; i += 3)
		ms_h248_idmap_take(&m, &links[i]);
	for (unsigned i = 0; i < 1000; i++) {
		struct ms_h248_idlink *l = ms_h248_idmap_first(&m, links[i].hash);

		while (l && l != &links[i])
			l = l->next;
		assert_int_equal(l != NULL, i % 3 != 0);
	}
	assert_int_equal(m.count, 1000 - 334);
	ms_h248_idmap_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idset), cmocka_unit_test(idset_edges), cmocka_unit_test(wheel),
		cmocka_unit_test(pool),  cmocka_unit_test(idmap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
