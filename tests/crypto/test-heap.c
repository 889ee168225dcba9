/* SPDX-License-Identifier: Apache-2.0 */
/* libcrypto's memory: kept up to a limit, found again, and never a size too small. */
#include "ms-test.h"

#include <openssl/crypto.h>

#include "crypto/heap.h"

#define MOST 100000

static size_t next_size(size_t n)
{
	return n < 1200 ? n + 1 : n + n / 7;
}

static void fill_and_check(uint8_t *p, size_t n, uint8_t with)
{
	assert_non_null(p);
	assert_int_equal((uintptr_t)p % 16, 0);
	memset(p, with, n);
}

/* Blocks of all sizes at once do not overlap. */
static void all_sizes(void **state)
{
	uint8_t *blocks[2000];
	size_t sizes[2000], k = 0;

	(void)state;
	for (int round = 0; round < 2; round++) {
		k = 0;
		for (size_t n = 1; n < 70000; n = next_size(n)) {
			sizes[k] = n;
			blocks[k] = OPENSSL_malloc(n);
			fill_and_check(blocks[k], n, (uint8_t)k);
			k++;
		}
		for (size_t i = 0; i < k; i++) {
			for (size_t j = 0; j < sizes[i]; j++)
				assert_int_equal(blocks[i][j], (uint8_t)i);
			OPENSSL_free(blocks[i]);
			assert_true(ms_crypto_heap_kept() <= MOST);
		}
	}
}

static void growing(void **state)
{
	uint8_t *p = NULL;
	size_t had = 0;

	(void)state;
	for (size_t n = 1; n < 100000; had = n, n = next_size(n)) {
		p = OPENSSL_realloc(p, n);
		assert_non_null(p);
		for (size_t i = 0; i < had; i++)
			assert_int_equal(p[i], (uint8_t)(i * 7));
		for (size_t i = had; i < n; i++)
			p[i] = (uint8_t)(i * 7);
	}
	p = OPENSSL_realloc(p, 10);
	assert_int_equal(p[9], 63);
	assert_null(OPENSSL_realloc(p, 0));
	assert_null(OPENSSL_malloc(0));
}

static void found_again(void **state)
{
	void *a = OPENSSL_malloc(100), *b;
	size_t before = ms_crypto_heap_kept();

	(void)state;
	OPENSSL_free(a);
	if (ms_crypto_heap_kept() == before) /* nothing is kept with sanitizers */
		skip();
	assert_int_equal(ms_crypto_heap_kept(), before + 128);
	b = OPENSSL_malloc(97);
	assert_ptr_equal(a, b);
	assert_int_equal(ms_crypto_heap_kept(), before);
	OPENSSL_free(b);
}

/* Nothing more is kept; what is kept already is still used. */
static void another_limit(void **state)
{
	void *p = OPENSSL_malloc(100);
	size_t kept = ms_crypto_heap_kept();

	(void)state;
	assert_int_equal(ms_crypto_heap_keep(0), 0);
	OPENSSL_free(p);
	assert_int_equal(ms_crypto_heap_kept(), kept);
	assert_int_equal(ms_crypto_heap_keep(MOST), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found_again),
		cmocka_unit_test(all_sizes),
		cmocka_unit_test(growing),
		cmocka_unit_test(another_limit),
	};

	if (ms_crypto_heap_keep(MOST))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
