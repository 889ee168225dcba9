/* SPDX-License-Identifier: Apache-2.0 */
/* The store: rows in and out, sealing, and every way a file can be unusable. */
#include "ms-test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"

struct fixture {
	char dir[64], db[96], master[96];
	char why[MS_STORE_MESSAGE_MAX];
	struct ms_store *s;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/ms-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->db, sizeof(f->db), "%s/kms.db", f->dir);
	snprintf(f->master, sizeof(f->master), "%s/master", f->dir);
	assert_int_equal(ms_store_master_create(f->master), 0);
	*state = f;
	return 0;
}

static void remove_in(struct fixture *f, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	unlink(path);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ms_store_close(f->s);
	remove_in(f, "kms.db");
	remove_in(f, "kms.db-wal");
	remove_in(f, "kms.db-journal");
	remove_in(f, "master");
	remove_in(f, "other");
	rmdir(f->dir);
	free(f);
	return 0;
}

static int reopen(struct fixture *f)
{
	const struct ms_store_config c = { f->db, f->master, 50 };

	f->s = ms_store_close(f->s);
	return ms_store_open(&c, f->why, &f->s);
}

static struct ms_span str(const char *s)
{
	return ms_span_str(s);
}

static int add_alice(struct ms_store *s)
{
	const struct ms_store_key psk = {
		str("alice-psk"), str("alice"),           MS_STORE_KEY_STATIC, 5,
		MS_NEVER,         str("0123456789abcdef")
	};
	const struct ms_store_key naf = { str("btid@bsf"),
					  str("alice"),
					  MS_STORE_KEY_GBA,
					  6,
					  900,
					  str("fedcba9876543210fedcba9876543210") };
	struct ms_store_cert cert = { .user = str("alice"), .expires = 77, .der = str("DER") };
	int err = ms_store_user_add(s, str("alice"), 5);

	memset(cert.fingerprint, 0xab, sizeof(cert.fingerprint));
	if (err == 0)
		err = ms_store_identity_add(s, str("alice"), str("sip:alice@example.com"));
	if (err == 0)
		err = ms_store_identity_add(s, str("alice"), str("sip:ally@example.com"));
	if (err == 0)
		err = ms_store_key_add(s, &psk);
	if (err == 0)
		err = ms_store_key_add(s, &naf);
	if (err == 0)
		err = ms_store_cert_add(s, &cert);
	if (err == 0)
		err = ms_store_psi_add(s, str("sip:team@example.com"), str("alice"));
	if (err == 0)
		err = ms_store_psi_member_add(s, str("sip:team@example.com"), str("alice"));
	return err;
}

struct seen {
	int users, identities, keys, certs, psis, psi_members, policies, revoked, tpks;
	bool disabled;
	ms_usec revoked_before, tpk_retires;
	char last_policy[64];
};

static int on_user(void *arg, const struct ms_store_user *u)
{
	struct seen *x = arg;

	x->users++;
	x->disabled = u->disabled;
	x->revoked_before = u->revoked_before;
	return 0;
}

static int on_identity(void *arg, struct ms_span user, struct ms_span uri)
{
	assert_true(ms_span_is(user, "alice"));
	assert_true(ms_span_starts(uri, str("sip:al")));
	((struct seen *)arg)->identities++;
	return 0;
}

static int on_key(void *arg, const struct ms_store_key *k)
{
	assert_span_str(k->user, "alice");
	if (k->kind == MS_STORE_KEY_GBA) {
		assert_span_str(k->id, "btid@bsf");
		assert_int_equal(k->expires, 900);
		assert_span_str(k->secret, "fedcba9876543210fedcba9876543210");
	} else {
		assert_span_str(k->id, "alice-psk");
		assert_true(k->expires == MS_NEVER);
		assert_span_str(k->secret, "0123456789abcdef");
	}
	((struct seen *)arg)->keys++;
	return 0;
}

static int on_cert(void *arg, const struct ms_store_cert *c)
{
	assert_int_equal(c->fingerprint[31], 0xab);
	assert_span_str(c->der, "DER");
	((struct seen *)arg)->certs++;
	return 0;
}

static int on_psi(void *arg, struct ms_span psi, struct ms_span user)
{
	assert_span_str(psi, "sip:team@example.com");
	assert_span_str(user, "alice");
	((struct seen *)arg)->psis++;
	return 0;
}

static int on_psi_member(void *arg, struct ms_span psi, struct ms_span user)
{
	assert_span_str(psi, "sip:team@example.com");
	assert_span_str(user, "alice");
	((struct seen *)arg)->psi_members++;
	return 0;
}

static int on_policy(void *arg, const struct ms_store_policy *p)
{
	struct seen *x = arg;

	snprintf(x->last_policy, sizeof(x->last_policy), "%lld %.*s>%.*s %d %u/%u/%u",
		 (long long)p->id, MS_SPAN_FMT(p->who), MS_SPAN_FMT(p->responder), p->allow,
		 p->lifetime_s, p->max_keys, p->max_responders);
	x->policies++;
	return 0;
}

static int on_revoked(void *arg, const struct ms_store_revoked *r)
{
	assert_int_equal(r->until, 1000);
	((struct seen *)arg)->revoked++;
	return 0;
}

static int on_tpk(void *arg, const struct ms_store_tpk *k)
{
	assert_span_str(k->secret, "a ticket protection key of 32 b.");
	((struct seen *)arg)->tpk_retires = k->retires;
	((struct seen *)arg)->tpks++;
	return 0;
}

static int look(struct ms_store *s, struct seen *x)
{
	const struct ms_store_visitor v = { on_user,       on_identity, on_key,     on_cert, on_psi,
					    on_psi_member, on_policy,   on_revoked, on_tpk,  x };

	memset(x, 0, sizeof(*x));
	return ms_store_load(s, &v);
}

static void test_rows(void **state)
{
	struct fixture *f = *state;
	const struct ms_store_policy p = { 0, str("?@example.com"), str("?@?"), true, 3600, 4, 8 };
	const struct ms_store_revoked gone = { str("t1"), 10 }, kept = { str("t2"), 1000 };
	const struct ms_store_tpk tpk = { str("k1"), 1, MS_NEVER, MS_NEVER,
					  str("a ticket protection key of 32 b.") };
	struct seen x;
	int64_t id;

	assert_int_equal(reopen(f), 0);
	assert_int_equal(add_alice(f->s), 0);
	assert_int_equal(ms_store_policy_add(f->s, &p, &id), 0);
	assert_int_equal(ms_store_ticket_revoke(f->s, &gone), 0);
	assert_int_equal(ms_store_ticket_revoke(f->s, &kept), 0);
	assert_int_equal(ms_store_ticket_purge(f->s, 500), 0);
	assert_int_equal(ms_store_tpk_add(f->s, &tpk), 0);
	assert_int_equal(ms_store_tpk_retire(f->s, tpk.id, 44, 99), 0);
	assert_int_equal(ms_store_user_disable(f->s, str("alice"), true), 0);
	assert_int_equal(ms_store_user_revoke(f->s, str("alice"), 123), 0);

	assert_int_equal(reopen(f), 0);
	assert_int_equal(look(f->s, &x), 0);
	assert_int_equal(x.users, 1);
	assert_true(x.disabled);
	assert_int_equal(x.revoked_before, 123);
	assert_int_equal(x.identities, 2);
	assert_int_equal(x.keys, 2);
	assert_int_equal(x.certs, 1);
	assert_int_equal(x.psis, 1);
	assert_int_equal(x.psi_members, 1);
	assert_string_equal(x.last_policy, "1 ?@example.com>?@? 1 3600/4/8");
	assert_int_equal(x.revoked, 1);
	assert_int_equal(x.tpks, 1);
	assert_int_equal(x.tpk_retires, 44);

	assert_int_equal(ms_store_user_remove(f->s, str("alice")), 0);
	assert_int_equal(look(f->s, &x), 0);
	assert_int_equal(x.users + x.identities + x.keys + x.certs + x.psis + x.psi_members, 0);
	assert_int_equal(ms_store_policy_remove(f->s, id), 0);
	assert_int_equal(ms_store_tpk_remove(f->s, tpk.id), 0);
}

static void test_refusals(void **state)
{
	struct fixture *f = *state;
	const struct ms_store_key orphan = { str("k"), str("nobody"), MS_STORE_KEY_STATIC,
					     0,        MS_NEVER,      str("secret") };
	struct ms_store_key bad = { str("k"), str("alice"), MS_STORE_KEY_STATIC,
				    0,        MS_NEVER,     MS_SPAN_NULL };
	char long_name[MS_STORE_NAME_MAX + 1];

	memset(long_name, 'x', sizeof(long_name));
	assert_int_equal(reopen(f), 0);
	assert_int_equal(add_alice(f->s), 0);
	assert_int_equal(ms_store_user_add(f->s, str("alice"), 1), -EEXIST);
	assert_int_equal(ms_store_user_add(f->s, MS_SPAN_NULL, 1), -EINVAL);
	assert_int_equal(ms_store_user_add(f->s, ms_span_of("a\0b", 3), 1), -EINVAL);
	assert_int_equal(ms_store_user_add(f->s, ms_span_of(long_name, sizeof(long_name)), 1),
			 -EINVAL);
	assert_int_equal(ms_store_user_remove(f->s, str("bob")), -ENOENT);
	assert_int_equal(ms_store_identity_add(f->s, str("bob"), str("sip:b@x")), -ENOENT);
	assert_int_equal(ms_store_identity_add(f->s, str("alice"), str("sip:ally@example.com")),
			 -EEXIST);
	assert_int_equal(ms_store_identity_remove(f->s, str("bob"), str("sip:ally@example.com")),
			 -ENOENT);
	assert_int_equal(ms_store_key_add(f->s, &orphan), -ENOENT);
	assert_int_equal(ms_store_key_add(f->s, &bad), -EINVAL);
	assert_int_equal(ms_store_psi_remove(f->s, str("sip:x@y"), MS_SPAN_NULL), -ENOENT);
	assert_int_equal(ms_store_psi_member_remove(f->s, str("sip:x@y"), str("alice")), -ENOENT);
	assert_int_equal(ms_store_psi_member_add(f->s, str("sip:x@y"), str("nobody")), -ENOENT);
	assert_int_equal(ms_store_begin(f->s), 0);
	assert_int_equal(ms_store_begin(f->s), -EALREADY);
	assert_int_equal(ms_store_user_remove(f->s, str("alice")), 0);
	ms_store_rollback(f->s);
	assert_int_equal(ms_store_user_disable(f->s, str("alice"), true), 0);
}

static void raw_sql(struct fixture *f, const char *sql)
{
	sqlite3 *db;

	f->s = ms_store_close(f->s);
	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Whoever can write the file but has no master key cannot give a key to somebody else. */
static void test_moved_secret(void **state)
{
	struct fixture *f = *state;
	struct seen x;

	assert_int_equal(reopen(f), 0);
	assert_int_equal(add_alice(f->s), 0);
	assert_int_equal(ms_store_user_add(f->s, str("mallory"), 1), 0);
	raw_sql(f, "UPDATE key SET user='mallory' WHERE id=CAST('alice-psk' AS BLOB)");
	assert_int_equal(reopen(f), 0);
	assert_int_equal(look(f->s, &x), -EUCLEAN);
	assert_non_null(strstr(ms_store_message(f->s), "changed or moved"));
	raw_sql(f, "UPDATE key SET user='alice', expires=expires-1");
	assert_int_equal(reopen(f), 0);
	assert_int_equal(look(f->s, &x), -EUCLEAN);
}

static void file_has_no(const char *path, const char *secret)
{
	int fd = open(path, O_RDONLY);
	static uint8_t all[1 << 20];
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, all, sizeof(all));
	close(fd);
	assert_true(n > 0 && (size_t)n < sizeof(all));
	assert_int_equal(ms_span_find_span(ms_span_of(all, (size_t)n), str(secret)), (size_t)n);
}

static void test_nothing_in_clear(void **state)
{
	struct fixture *f = *state;
	char wal[128];
	struct stat st;

	assert_int_equal(reopen(f), 0);
	assert_int_equal(add_alice(f->s), 0);
	snprintf(wal, sizeof(wal), "%s-wal", f->db);
	file_has_no(wal, "0123456789abcdef");
	assert_int_equal(stat(f->db, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	f->s = ms_store_close(f->s);
	file_has_no(f->db, "0123456789abcdef");
}

static void test_master_key(void **state)
{
	struct fixture *f = *state;
	char other[160];
	struct ms_store_config c = { f->db, other, 50 };
	struct seen x;
	int fd;

	assert_int_equal(reopen(f), 0);
	assert_int_equal(add_alice(f->s), 0);
	f->s = ms_store_close(f->s);
	snprintf(other, sizeof(other), "%s/other", f->dir);

	assert_int_equal(ms_store_open(&c, f->why, &f->s), -ENOENT);
	assert_non_null(strstr(f->why, "/other: no such file"));
	assert_int_equal(ms_store_master_create(other), 0);
	assert_int_equal(ms_store_master_create(other), -EEXIST);
	assert_int_equal(ms_store_open(&c, f->why, &f->s), -EKEYREJECTED);
	assert_non_null(strstr(f->why, "not the master key of this store"));
	assert_int_equal(chmod(other, 0640), 0);
	assert_int_equal(ms_store_open(&c, f->why, &f->s), -EACCES);
	assert_non_null(strstr(f->why, "0600"));
	assert_int_equal(chmod(other, 0600), 0);
	fd = open(other, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "short\n", 6), 6);
	close(fd);
	assert_int_equal(ms_store_open(&c, f->why, &f->s), -EINVAL);

	/* And nothing was lost by all that. */
	assert_int_equal(reopen(f), 0);
	assert_int_equal(look(f->s, &x), 0);
	assert_int_equal(x.keys, 2);
}

static void test_not_ours(void **state)
{
	struct fixture *f = *state;
	char text[16] = "";
	int fd = open(f->db, O_WRONLY | O_CREAT, 0600);

	assert_int_equal(write(fd, "my shopping list", 16), 16);
	assert_int_equal(ftruncate(fd, 8192), 0);
	close(fd);
	assert_int_equal(reopen(f), -EUCLEAN);
	assert_non_null(strstr(f->why, "not a database"));
	fd = open(f->db, O_RDONLY);
	assert_int_equal(read(fd, text, 16), 16);
	close(fd);
	assert_memory_equal(text, "my shopping list", 16);

	unlink(f->db);
	raw_sql(f, "CREATE TABLE theirs (x)");
	assert_int_equal(reopen(f), -EPROTONOSUPPORT);
	assert_non_null(strstr(f->why, "another program"));

	unlink(f->db);
	assert_int_equal(reopen(f), 0);
	raw_sql(f, "PRAGMA user_version=99");
	assert_int_equal(reopen(f), -EPROTONOSUPPORT);
	assert_non_null(strstr(f->why, "version 99"));
}

/* What an earlier version left becomes what this one needs, and keeps what was in it. */
static void test_upgrade(void **state)
{
	struct fixture *f = *state;
	uint64_t size;
	unsigned version;

	assert_int_equal(reopen(f), 0);
	assert_int_equal(add_alice(f->s), 0);
	raw_sql(f, "DROP TABLE psi_member; PRAGMA user_version=1");
	assert_int_equal(reopen(f), 0);
	assert_int_equal(ms_store_size(f->s, &size, &version), 0);
	assert_int_equal(version, 2);
	assert_int_equal(ms_store_user_disable(f->s, str("alice"), true), 0);
	raw_sql(f, "INSERT INTO psi_member VALUES ('sip:x@example.org', 'alice')");
	assert_int_equal(reopen(f), 0);
}

static void test_damaged(void **state)
{
	struct fixture *f = *state;
	uint8_t junk[4096];
	int fd;

	assert_int_equal(reopen(f), 0);
	assert_int_equal(add_alice(f->s), 0);
	f->s = ms_store_close(f->s);
	memset(junk, 0x5a, sizeof(junk));
	fd = open(f->db, O_WRONLY);
	for (off_t page = 1; page < 10; page++)
		assert_int_equal(pwrite(fd, junk, sizeof(junk), page * 4096), sizeof(junk));
	close(fd);
	assert_int_equal(reopen(f), -EUCLEAN);
	assert_non_null(strstr(f->why, "damaged"));
}

static void test_locked(void **state)
{
	struct fixture *f = *state;
	int ready[2], status;
	char c;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		int err = reopen(f);

		if (err || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(reopen(f), -EBUSY);
	assert_non_null(strstr(f->why, "locked by another process"));
	/* The lock dies with its holder, however it dies. */
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(reopen(f), 0);
	close(ready[0]);
	close(ready[1]);
}

/* A limit on file size is what a full disk is: the change fails, what was there stays. */
static void test_full_disk(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, small = { 100000, RLIM_INFINITY };
	char name[32];
	struct seen x;
	int err = 0, added = 0;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(reopen(f), 0);
	assert_int_equal(add_alice(f->s), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	while (err == 0 && added < 10000) {
		snprintf(name, sizeof(name), "user-%d", added);
		err = ms_store_user_add(f->s, str(name), 1);
		added += err == 0;
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(err, -ENOSPC);
	assert_non_null(strstr(ms_store_message(f->s), "disk full"));
	assert_int_equal(reopen(f), 0);
	assert_int_equal(look(f->s, &x), 0);
	assert_int_equal(x.users, 1 + added);
	assert_int_equal(x.keys, 2);
}

static int torture(void *arg)
{
	struct fixture *f = arg;
	struct ms_store *s = NULL;
	const struct ms_store_config c = { f->db, f->master, 50 };
	int err = ms_store_open(&c, f->why, &s);

	ms_store_close(s);
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
		T(test_rows),         T(test_refusals),
		T(test_moved_secret), T(test_nothing_in_clear),
		T(test_master_key),   T(test_not_ours),
		T(test_upgrade),      T(test_damaged),
		T(test_locked),       T(test_full_disk),
		T(test_torture),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
