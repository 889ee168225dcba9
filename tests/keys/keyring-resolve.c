/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets of others that a keyring resolves: once for many messages, each time, or not at all. */
#include "keyring-world.h"

static bool resolve(struct ms_mikey_incoming *in, enum ms_keys_resolve how,
		    struct ms_keys_failure *ret_why)
{
	struct ms_keys_asking *asking = NULL;
	struct ms_fault fault = { 0 };
	unsigned told = 0;
	struct outcome o = { .told = &told };

	assert_int_equal(
		ms_keys_ring_resolve(world.ring[BOB], in, how, got_resolve, &o, &fault, &asking),
		0);
	if (!asking)
		return true;
	run_until(&told, 1);
	if (ret_why)
		*ret_why = o.why;
	return o.got;
}

static void one_resolve_for_many_messages(void **state)
{
	const char *const bob[] = { small_uri(BOB) };
	uint64_t in_before = counted("exchanges_total", "in");

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct ms_mikey_incoming *in = message(bob, 1);

		assert_true(resolve(in, MS_KEYS_RESOLVE_CACHED, NULL));
		ms_mikey_incoming_free(in);
	}
	assert_int_equal(world.resolves, 1);
	for (unsigned i = 0; i < 2; i++) { /* proof of origin: the server sees each */
		struct ms_mikey_incoming *in = message(bob, 1);

		assert_true(resolve(in, MS_KEYS_RESOLVE_EACH, NULL));
		assert_int_equal(world.resolves, 2 + i);
		ms_mikey_incoming_free(in);
	}
	assert_int_equal(ms_keys_cache_n_resolved(ms_keys_ring_tickets(world.ring[BOB])), 1);
	assert_int_equal(counted("exchanges_total", "in"), in_before + 7);
}

static void resolves_at_once(void **state)
{
	const char *const bob[] = { small_uri(BOB) };
	struct ms_mikey_incoming *in[20];
	struct outcome o[20];
	unsigned told = 0;

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		struct ms_keys_asking *asking = NULL;

		in[i] = message(bob, 1);
		o[i] = (struct outcome){ .told = &told };
		assert_int_equal(ms_keys_ring_resolve(world.ring[BOB], in[i],
						      MS_KEYS_RESOLVE_CACHED, got_resolve, &o[i],
						      NULL, &asking),
				 0);
		assert_non_null(asking);
	}
	run_until(&told, 20);
	assert_int_equal(world.resolves, 1);
	for (size_t i = 0; i < 20; i++) {
		assert_true(o[i].got);
		ms_mikey_incoming_free(in[i]);
	}
}

static void refused_and_unreachable(void **state)
{
	const char *const carol[] = { small_uri(CAROL) };
	struct ms_mikey_incoming *in = message(carol, 1); /* not for Bob */
	struct ms_keys_failure why = { 0 };

	(void)state;
	assert_false(resolve(in, MS_KEYS_RESOLVE_CACHED, &why));
	assert_string_equal(why.reason, "kms_error_unauthenticated");
	assert_false(why.unreachable);
	world.status = 503;
	assert_false(resolve(in, MS_KEYS_RESOLVE_CACHED, &why));
	assert_string_equal(why.reason, "kms_http_status");
	assert_true(why.unreachable);
	world.server = ms_http_server_free(world.server);
	assert_false(resolve(in, MS_KEYS_RESOLVE_CACHED, &why));
	assert_string_equal(why.reason, "kms_unreachable");
	assert_true(why.unreachable);
	ms_mikey_incoming_free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_resolve_for_many_messages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(resolves_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refused_and_unreachable, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
