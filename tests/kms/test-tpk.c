/* SPDX-License-Identifier: Apache-2.0 */
/* Ticket protection keys: made in the store first, retired, found for as long as their tickets last. */
#include "ms-test.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kms/tpk.h"

#define HOUR (3600 * MS_SEC)
#define NOW (1800000000 * MS_SEC)

struct fixture {
	char dir[64], db[96], master[96];
	struct ms_store *store;
	struct ms_kms_keyring ring;
};

static int load_one(void *arg, const struct ms_store_tpk *k)
{
	return ms_kms_keyring_load(arg, k);
}

static void reopen(struct fixture *f)
{
	const struct ms_store_config c = { f->db, f->master, 50 };
	const struct ms_store_visitor v = { .tpk = load_one, .arg = &f->ring };
	char why[MS_STORE_MESSAGE_MAX];

	ms_kms_keyring_done(&f->ring);
	f->store = ms_store_close(f->store);
	assert_int_equal(ms_store_open(&c, why, &f->store), 0);
	ms_kms_keyring_init(&f->ring);
	assert_int_equal(ms_store_load(f->store, &v), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/ms-tpk-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->db, sizeof(f->db), "%s/db", f->dir);
	snprintf(f->master, sizeof(f->master), "%s/master", f->dir);
	assert_int_equal(ms_store_master_create(f->master), 0);
	ms_kms_keyring_init(&f->ring);
	reopen(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char wal[112];

	ms_kms_keyring_done(&f->ring);
	ms_store_close(f->store);
	snprintf(wal, sizeof(wal), "%s-wal", f->db);
	unlink(wal);
	unlink(f->db);
	unlink(f->master);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static int rotate(struct fixture *f, ms_usec lifetime, ms_usec now)
{
	return ms_kms_keyring_rotate(&f->ring, f->store, &ms_random_system, lifetime, now);
}

static const struct ms_kms_tpk *find(struct fixture *f, const uint8_t *id, ms_usec now)
{
	return ms_kms_keyring_find(&f->ring, ms_span_of(id, MS_KMS_TPK_ID_LEN), now);
}

static void test_life_of_a_key(void **state)
{
	struct fixture *f = *state;
	uint8_t first[MS_KMS_TPK_ID_LEN], secret[MS_KMS_TPK_LEN];
	const struct ms_kms_tpk *k;

	assert_null(ms_kms_keyring_current(&f->ring));
	assert_int_equal(rotate(f, 24 * HOUR, NOW), 0);
	k = ms_kms_keyring_current(&f->ring);
	assert_non_null(k);
	memcpy(first, k->id, sizeof(first));
	memcpy(secret, k->secret.b, sizeof(secret));
	/* In the store before anybody could use it. */
	reopen(f);
	k = ms_kms_keyring_current(&f->ring);
	assert_memory_equal(k->id, first, sizeof(first));
	assert_memory_equal(k->secret.b, secret, sizeof(secret));

	assert_int_equal(rotate(f, 24 * HOUR, NOW + HOUR), 0);
	assert_memory_not_equal(ms_kms_keyring_current(&f->ring)->id, first, sizeof(first));
	assert_non_null(find(f, first, NOW + 25 * HOUR));
	assert_null(find(f, first, NOW + 25 * HOUR + 1));
	reopen(f);
	assert_int_equal(f->ring.n, 2);
	assert_non_null(find(f, first, NOW + 25 * HOUR));
	assert_null(find(f, first, NOW + 25 * HOUR + 1));
	assert_int_equal(ms_kms_keyring_purge(&f->ring, f->store, NOW + 25 * HOUR), 0);
	assert_int_equal(f->ring.n, 2);
	assert_int_equal(ms_kms_keyring_purge(&f->ring, f->store, NOW + 26 * HOUR), 0);
	assert_int_equal(f->ring.n, 1);
	reopen(f);
	assert_int_equal(f->ring.n, 1);
	assert_null(find(f, first, NOW));
}

/* Tickets made while a longer validity was allowed keep their key, also after it was shortened. */
static void test_lifetimes(void **state)
{
	struct fixture *f = *state;
	uint8_t first[MS_KMS_TPK_ID_LEN];

	assert_int_equal(rotate(f, HOUR, NOW), 0);
	memcpy(first, ms_kms_keyring_current(&f->ring)->id, sizeof(first));
	assert_int_equal(ms_kms_keyring_lifetime(&f->ring, f->store, 48 * HOUR), 0);
	assert_int_equal(ms_kms_keyring_lifetime(&f->ring, f->store, 2 * HOUR), 0);
	reopen(f);
	assert_int_equal(rotate(f, 2 * HOUR, NOW + HOUR), 0);
	assert_non_null(find(f, first, NOW + 49 * HOUR));
	assert_null(find(f, first, NOW + 49 * HOUR + 1));
}

static void test_clock_set_back(void **state)
{
	struct fixture *f = *state;
	uint8_t last[MS_KMS_TPK_ID_LEN];

	assert_int_equal(rotate(f, HOUR, NOW), 0);
	assert_int_equal(rotate(f, HOUR, NOW - 24 * HOUR), 0);
	memcpy(last, ms_kms_keyring_current(&f->ring)->id, sizeof(last));
	reopen(f);
	assert_memory_equal(ms_kms_keyring_current(&f->ring)->id, last, sizeof(last));
}

static void test_full_disk(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, small;
	uint8_t first[MS_KMS_TPK_ID_LEN];

	assert_int_equal(rotate(f, HOUR, NOW), 0);
	memcpy(first, ms_kms_keyring_current(&f->ring)->id, sizeof(first));
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ 16, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(rotate(f, HOUR, NOW + HOUR), -ENOSPC);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_memory_equal(ms_kms_keyring_current(&f->ring)->id, first, sizeof(first));
	assert_int_equal(f->ring.n, 1);
	reopen(f);
	assert_memory_equal(ms_kms_keyring_current(&f->ring)->id, first, sizeof(first));
	assert_int_equal(rotate(f, HOUR, NOW + HOUR), 0);
}

static void test_many(void **state)
{
	struct fixture *f = *state;
	int err = 0;
	size_t n = 0;

	while (err == 0 && n < 1000) {
		err = rotate(f, HOUR, NOW + (ms_usec)n);
		n += err == 0;
	}
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(n, MS_KMS_TPK_MAX);
	assert_non_null(ms_kms_keyring_current(&f->ring));
}

static int torture(void *arg)
{
	struct fixture *f = arg;
	size_t n = f->ring.n;
	int err = rotate(f, HOUR, NOW);

	if (err)
		assert_int_equal(f->ring.n, n);
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
		T(test_life_of_a_key), T(test_lifetimes), T(test_clock_set_back),
		T(test_full_disk),     T(test_many),      T(test_torture),
	};

	return cmocka_run_group_tests_name("kms-tpk", tests, NULL, NULL);
}
