/* SPDX-License-Identifier: Apache-2.0 */
/* The arena of a message: what it hands out is zero, its blocks are kept, and it ends somewhere. */
#include "ms-test.h"

#include "h248/arena.h"

static size_t fill(struct ms_h248_arena *a, size_t step)
{
	size_t sum = 0;

	for (size_t n = 1; n < 9000; n += step) {
		uint8_t *p = ms_h248_arena_get(a, n);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < n; i++)
			if (p[i] != 0)
				fail_msg("octet %zu of %zu is not zero", i, n);
		memset(p, 0xff, n);
		sum += n;
	}
	return sum;
}

/* In other sizes each time, so that blocks end elsewhere. */
static void test_zero_after_a_reset(void **state)
{
	struct ms_h248_arena a;

	(void)state;
	ms_h248_arena_init(&a, 0);
	ms_h248_arena_reset(&a); /* before its first use */
	assert_true(fill(&a, 97) > 65536);
	for (size_t step = 90; step < 250; step += 13) {
		ms_h248_arena_reset(&a);
		fill(&a, step);
	}
	ms_h248_arena_done(&a);
}

static void test_blocks_are_kept(void **state)
{
	struct ms_h248_arena a;
	size_t used;

	(void)state;
	ms_h248_arena_init(&a, 0);
	fill(&a, 97);
	used = a.used;
	for (int i = 0; i < 10; i++) {
		ms_h248_arena_reset(&a);
		fill(&a, 97);
		assert_int_equal(a.used, used);
	}
	ms_h248_arena_done(&a);
}

static void test_ends(void **state)
{
	struct ms_h248_arena a;
	size_t n = 0;

	(void)state;
	ms_h248_arena_init(&a, 20000);
	while (ms_h248_arena_get(&a, 100))
		n++;
	assert_in_range(n, 36, 200);
	assert_null(ms_h248_arena_get(&a, 20001));
	assert_null(ms_h248_arena_get(&a, SIZE_MAX - 100));
	ms_h248_arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zero_after_a_reset),
		cmocka_unit_test(test_blocks_are_kept),
		cmocka_unit_test(test_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
