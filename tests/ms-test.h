/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes first: cmocka with the headers it needs, and our own helpers. */
#ifndef MS_TEST_H
#define MS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/alloc.h"
#include "core/span.h"

#define assert_span_equal(a, b)                                  \
	do {                                                     \
		struct ms_span a_ = (a), b_ = (b);               \
		assert_int_equal(a_.len, b_.len);                \
		if (a_.len > 0)                                  \
			assert_memory_equal(a_.p, b_.p, a_.len); \
	} while (0)

#define assert_span_str(a, s) assert_span_equal((a), ms_span_str(s))

/*
 * Repeats f() with the 1st, 2nd, 3rd ... allocation failing until a run needs no more of them. f
 * returns 0 when it got through and -ENOMEM (or any negative errno it expects) when memory ran out;
 * leaks and misuse are for the sanitizers to find. Returns how many allocations a full run makes.
 */
static inline size_t ms_test_torture(int (*f)(void *arg), void *arg)
{
	for (long n = 0;; n++) {
		int err;
		size_t made;

		ms_alloc_fail_after(n);
		err = f(arg);
		made = ms_alloc_fail_after(-1);
		if (made <= (size_t)n) {
			assert_int_equal(err, 0);
			return made;
		}
		assert_true(n < 100000);
	}
}

#endif
