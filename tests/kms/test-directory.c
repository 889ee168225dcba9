/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns, rules and the directory of users. */
#include "ms-test.h"

#include <errno.h>

#include "kms/directory.h"

static const uint8_t hash_key[16] = "0123456789abcde";

static struct ms_span str(const char *s)
{
	return ms_span_str(s);
}

static bool covers(const char *pattern, const char *text)
{
	return ms_kms_covers(str(pattern), str(text), '?');
}

static void test_patterns(void **state)
{
	(void)state;
	assert_true(covers("?@?", "sip:bob@example.com"));
	assert_true(covers("sip:?@example.com", "sip:bob@example.com"));
	assert_true(covers("sip:b?b@example.com", "sip:bob@example.com"));
	assert_true(covers("sip:?b@example.com", "sip:bobob@example.com"));
	assert_true(covers("sip:?ob@?.com", "sip:bobob@a.com.com"));
	assert_true(covers("*", "tel:+4670"));
	assert_true(covers("sip:bob@example.com", "sip:bob@example.com"));
	/* One octet at least, never '@', case and everything else as it is. */
	assert_false(covers("?@?", "tel:+4670"));
	assert_false(covers("?@?", "@example.com"));
	assert_false(covers("?@?", "bob@"));
	assert_false(covers("?@?", "a@b@c"));
	assert_false(covers("sip:?@example.com", "sip:@example.com"));
	assert_false(covers("sip:?@example.com", "sip:bob@example.org"));
	assert_false(covers("sip:bob@example.com", "sip:Bob@example.com"));
	assert_false(covers("?", ""));
	assert_true(covers("", ""));
	assert_false(covers("", "x"));
	assert_true(covers("??", "ab"));
	assert_false(covers("??", "a"));
	assert_true(covers("?a?", "xaay"));
	/* A wildcard asked for is met only by one that is as wide. */
	assert_true(covers("?@?", "?@?"));
	assert_true(covers("?@?", "sip:?@example.com"));
	assert_true(covers("sip:?@?", "sip:?@example.com"));
	assert_false(covers("sip:?@?", "?@?"));
	assert_false(covers("sip:?@example.com", "?@?"));
	assert_false(covers("sip:bob@example.com", "sip:?@example.com"));
	/* Without wildcards it is an octet like others. */
	assert_false(ms_kms_covers(str("?@?"), str("a@b"), -1));
	assert_true(ms_kms_covers(str("?@?"), str("?@?"), -1));
}

/* Against the definition: a wildcard takes 1, 2, 3 ... octets that are not '@'. */
static bool slow(const char *p, const char *t)
{
	if (*p == 0)
		return *t == 0;
	if (*p != '?')
		return *p == *t && slow(p + 1, t + 1);
	for (; *t && *t != '@'; t++)
		if (slow(p + 1, t + 1))
			return true;
	return false;
}

static void test_patterns_by_definition(void **state)
{
	static const char alphabet[] = "a?@b";
	char p[6] = "", t[7] = "";
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		size_t np = (seed = seed * 1103515245 + 12345) >> 16 & 3, nt;

		np += 2;
		for (size_t k = 0; k < np; k++)
			p[k] = alphabet[(seed = seed * 1103515245 + 12345) >> 16 & 3];
		p[np] = 0;
		nt = 1 + ((seed = seed * 1103515245 + 12345) >> 16) % 6;
		for (size_t k = 0; k < nt; k++)
			t[k] = alphabet[(seed = seed * 1103515245 + 12345) >> 16 & 3];
		t[nt] = 0;
		if (covers(p, t) != slow(p, t))
			fail_msg("pattern %s text %s", p, t);
	}
}

static void test_rules(void **state)
{
	struct ms_kms_policy p = { 0 };
	const struct ms_store_policy narrow = {
		20, str("sip:?@a.com"), str("sip:?@a.com"), true, 60, 2, 3
	};
	const struct ms_store_policy ban = { 10, str("sip:eve@a.com"), str("*"), false, 0, 0, 0 };
	struct ms_kms_limits l = { 3600, 8, 2 };
	const struct ms_kms_rule *r;

	(void)state;
	assert_int_equal(ms_kms_policy_add(&p, &narrow), 0);
	assert_int_equal(ms_kms_policy_add(&p, &ban), 0);
	assert_int_equal(ms_kms_policy_add(&p, &ban), -EEXIST);
	r = ms_kms_policy_decide(&p, str("sip:eve@a.com"), str("sip:bob@a.com"), '?', &l);
	assert_non_null(r);
	assert_false(r->allow);
	assert_int_equal(l.lifetime_s, 3600);
	r = ms_kms_policy_decide(&p, str("sip:bob@a.com"), str("sip:eve@a.com"), '?', &l);
	assert_non_null(r);
	assert_true(r->allow);
	assert_int_equal(l.lifetime_s, 60);
	assert_int_equal(l.max_keys, 2);
	assert_int_equal(l.max_responders, 2);
	/* The limits for a part of those asked for hold for the ticket. */
	l = (struct ms_kms_limits){ 3600, 8, 2 };
	assert_null(ms_kms_policy_decide(&p, str("sip:bob@a.com"), str("?@?"), '?', &l));
	assert_int_equal(l.lifetime_s, 60);
	assert_null(ms_kms_policy_decide(&p, str("sip:bob@a.com"), str("tel:?"), '?', NULL));
	assert_int_equal(ms_kms_policy_remove(&p, 10), 0);
	assert_int_equal(ms_kms_policy_remove(&p, 10), -ENOENT);
	ms_kms_policy_done(&p);
}

static int fill(struct ms_kms_directory *d)
{
	const struct ms_store_user alice = { str("alice"), false, 1, 0 };
	const struct ms_store_user server = { str("server"), false, 1, 0 };
	const struct ms_store_key old = { str("k1"), str("alice"), MS_STORE_KEY_STATIC,
					  1,         MS_NEVER,     str("0123456789abcdef") };
	const struct ms_store_key naf = { str("k2"), str("alice"), MS_STORE_KEY_GBA,
					  2,         100,          str("fedcba9876543210") };
	struct ms_store_cert cert = { { 7 }, str("alice"), 50, str("DER") };
	int err = ms_kms_add_user(d, &alice);

	err = err ? err : ms_kms_add_user(d, &server);
	err = err ? err : ms_kms_add_identity(d, alice.name, str("sip:alice@a.com"));
	err = err ? err : ms_kms_add_identity(d, alice.name, str("sip:ally@a.com"));
	err = err ? err : ms_kms_add_key(d, &old);
	err = err ? err : ms_kms_add_key(d, &naf);
	err = err ? err : ms_kms_add_cert(d, &cert);
	err = err ? err : ms_kms_add_psi(d, str("sip:team@a.com"), alice.name);
	err = err ? err : ms_kms_add_psi(d, str("sip:team@a.com"), server.name);
	err = err ? err : ms_kms_add_psi(d, str("sip:solo@a.com"), alice.name);
	err = err ? err : ms_kms_add_psi_member(d, str("sip:team@a.com"), alice.name);
	err = err ? err : ms_kms_add_psi_member(d, str("sip:solo@a.com"), server.name);
	return err;
}

static void test_directory(void **state)
{
	struct ms_kms_directory *d;
	const struct ms_store_revoked gone = { str("ticket"), 99 };
	const struct ms_kms_user *u;
	uint8_t fingerprint[32] = { 7 };

	(void)state;
	assert_int_equal(ms_kms_directory_new(1000, hash_key, &d), 0);
	assert_int_equal(fill(d), 0);
	u = ms_kms_find_identity(d, str("sip:ally@a.com"));
	assert_non_null(u);
	assert_string_equal(u->name, "alice");
	assert_ptr_equal(ms_kms_find_user(d, str("alice")), u);
	assert_ptr_equal(ms_kms_find_key(d, str("k1"))->user, u);
	assert_null(ms_kms_find_key(d, str("k3")));
	assert_ptr_equal(ms_kms_newest_key(u, 50), ms_kms_find_key(d, str("k2")));
	assert_ptr_equal(ms_kms_newest_key(u, 100), ms_kms_find_key(d, str("k1")));
	assert_ptr_equal(ms_kms_find_cert(d, fingerprint)->user, u);
	assert_true(ms_kms_owns_psi(d, str("sip:team@a.com"), u));
	assert_false(ms_kms_owns_psi(d, str("sip:nobody@a.com"), u));
	assert_false(ms_kms_owns_psi(d, str("sip:solo@a.com"), ms_kms_find_user(d, str("server"))));
	assert_int_equal(ms_kms_add_psi(d, str("sip:team@a.com"), str("alice")), -EEXIST);
	assert_true(ms_kms_in_psi(d, str("sip:team@a.com"), u));
	/* Who owns it is not in it by that, and who is in it does not own it. */
	assert_false(ms_kms_in_psi(d, str("sip:solo@a.com"), u));
	assert_true(ms_kms_in_psi(d, str("sip:solo@a.com"), ms_kms_find_user(d, str("server"))));
	assert_int_equal(ms_kms_add_psi_member(d, str("sip:team@a.com"), str("alice")), -EEXIST);
	assert_int_equal(ms_kms_add_psi_member(d, str("sip:none@a.com"), str("alice")), -ENOENT);
	assert_int_equal(ms_kms_add_psi_member(d, str("sip:team@a.com"), str("bob")), -ENOENT);
	assert_int_equal(ms_kms_remove_psi_member(d, str("sip:team@a.com"), str("server")),
			 -ENOENT);
	assert_int_equal(ms_kms_add_identity(d, str("server"), str("sip:ally@a.com")), -EEXIST);
	assert_int_equal(ms_kms_set_disabled(d, str("alice"), true), 0);
	assert_true(u->disabled);
	assert_int_equal(ms_kms_set_disabled(d, str("bob"), true), -ENOENT);
	assert_false(ms_kms_is_revoked(d, str("ticket")));
	assert_int_equal(ms_kms_add_revoked(d, &gone), 0);
	assert_true(ms_kms_is_revoked(d, str("ticket")));

	assert_int_equal(ms_kms_remove_identity(d, str("sip:ally@a.com")), 0);
	assert_null(ms_kms_find_identity(d, str("sip:ally@a.com")));
	assert_int_equal(ms_kms_remove_user(d, str("alice")), 0);
	assert_null(ms_kms_find_identity(d, str("sip:alice@a.com")));
	assert_null(ms_kms_find_key(d, str("k1")));
	assert_null(ms_kms_find_cert(d, fingerprint));
	assert_null(ms_kms_find_psi(d, str("sip:solo@a.com")));
	assert_non_null(ms_kms_find_psi(d, str("sip:team@a.com")));
	assert_int_equal(ms_hash_count(ms_kms_find_psi(d, str("sip:team@a.com"))->members), 0);
	assert_int_equal(ms_kms_remove_psi(d, str("sip:team@a.com"), str("alice")), -ENOENT);
	assert_int_equal(ms_kms_remove_psi(d, str("sip:team@a.com"), MS_SPAN_NULL), 0);
	assert_null(ms_kms_find_psi(d, str("sip:team@a.com")));
	assert_int_equal(ms_kms_directory_counts(d).users, 1);
	ms_kms_directory_free(d);
}

static int torture(void *arg)
{
	struct ms_kms_directory *d = NULL;
	int err = ms_kms_directory_new(1000, hash_key, &d);

	(void)arg;
	if (err == 0)
		err = fill(d);
	ms_kms_directory_free(d);
	return err;
}

static void test_torture(void **state)
{
	(void)state;
	assert_true(ms_test_torture(torture, NULL) > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns), cmocka_unit_test(test_patterns_by_definition),
		cmocka_unit_test(test_rules),    cmocka_unit_test(test_directory),
		cmocka_unit_test(test_torture),
	};

	return cmocka_run_group_tests_name("kms-directory", tests, NULL, NULL);
}
