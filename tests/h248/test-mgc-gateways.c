/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways come, go and are full: what the controller does with its contexts, and where new ones go. */
#include "mgc-world.h"

/* ---- losses ---- */

static void test_restart_loses_contexts(void **state)
{
	struct world w;
	struct ms_mgc_context *c;

	(void)state;
	world_open(&w, 0);
	assert_joined(&w, 0);
	c = reserved(&w);
	fake_forget(&w.fake[0]);
	assert_joined(&w, 0);
	assert_int_equal(w.lost, 1);
	assert_int_equal(w.why, MS_MGC_LOST_RESTART);
	ms_mgc_context_release(c, 0);
	assert_int_equal(w.fake[0].n_queue, 0); /* nothing is subtracted there */
	world_close(&w);
}

static void test_silence_loses_contexts(void **state)
{
	struct world w;
	struct ms_mgc_context *c;
	ms_usec due;

	(void)state;
	world_open(&w, 0);
	assert_joined(&w, 0);
	c = reserved(&w);
	due = ms_mgc_deadline(w.m);
	assert_int_equal(due, 10 * MS_SEC);
	ms_mgc_tick(w.m, due);
	assert_int_equal(w.fake[0].heartbeats, 1);
	fake_lose(&w.fake[0], due + 25 * MS_SEC);
	assert_int_equal(w.lost, 1);
	assert_int_equal(w.why, MS_MGC_LOST_GATEWAY);
	assert_int_equal(ms_mgc_gateway_state(w.g[0]), MS_MGC_AWAY);
	ms_mgc_context_release(c, 0);
	/* it is still asked, and comes back by answering; what it kept is an orphan */
	ms_mgc_tick(w.m, ms_mgc_deadline(w.m));
	fake_deliver(&w.fake[0], 0);
	assert_int_equal(ms_mgc_gateway_state(w.g[0]), MS_MGC_IN_SERVICE);
	assert_int_equal(fake_terminations(&w.fake[0]), 0);
	world_close(&w);
}

static void test_patience_keeps_contexts(void **state)
{
	struct world w;
	struct ms_mgc_context *c;

	(void)state;
	world_open(&w, 60 * MS_SEC);
	assert_joined(&w, 0);
	c = reserved(&w);
	ms_mgc_gateway_lost(w.g[0], 0);
	assert_int_equal(w.lost, 0);
	service_change(&w, 0, MS_H248_SC_DISCONNECTED, 2, "xIq/1", "900", MS_SEC);
	assert_int_equal(ms_mgc_gateway_state(w.g[0]), MS_MGC_IN_SERVICE);
	assert_int_equal(w.lost, 0);
	ms_mgc_gateway_lost(w.g[0], 2 * MS_SEC);
	ms_mgc_tick(w.m, 62 * MS_SEC);
	assert_int_equal(w.lost, 1);
	ms_mgc_context_release(c, 0);
	world_close(&w);
}

/* ---- the controller was restarted ---- */

static void adopt(struct world *w, uint32_t id, const char *name, struct ms_mgc_context **ret)
{
	struct ms_mgc_endpoint e = { .slot = 0, .stream = 1 };
	struct ms_mgc_context_handlers h = holder(w);

	(void)snprintf(e.termination, sizeof(e.termination), "%s", name);
	assert_int_equal(ms_mgc_context_adopt(w->m, w->g[0], id, &e, 1, &h, ret), 0);
}

static void resynchronise(bool one_by_one)
{
	struct world old, w;
	struct ms_mgc_context *kept, *missing, *c[2];

	world_open(&old, 0);
	assert_joined(&old, 0);
	c[0] = reserved(&old); /* 7: known to the new controller */
	c[1] = reserved(&old); /* 8: not */
	world_open(&w, 0);
	memcpy(w.fake[0].t, old.fake[0].t, sizeof(w.fake[0].t)); /* the gateway is the same */
	w.fake[0].refuse_audit = one_by_one;
	assert_int_equal(ms_mgc_gateway_restore(w.g[0], 2, MS_SPAN_LIT("xIq/1"), false, 5 * MS_SEC),
			 0);
	adopt(&w, 7, "ip/core/1/9001", &kept);
	adopt(&w, 99, "ip/core/1/9055", &missing);
	ms_mgc_tick(w.m, 5 * MS_SEC);
	fake_deliver(&w.fake[0], 5 * MS_SEC);
	assert_int_equal(ms_mgc_gateway_state(w.g[0]), MS_MGC_IN_SERVICE);
	assert_int_equal(w.lost, 1);
	assert_int_equal(w.why, MS_MGC_LOST_UNKNOWN);
	assert_int_equal(fake_contexts(&w.fake[0]), one_by_one ? 2 : 1);
	/* what nobody knows asks by hangterm/thb sooner or later */
	notify(&w, 0, 8, "ip/core/1/9002", MS_H248_HANGTERM_THB, NULL, 0);
	assert_int_equal(w.reply.error, 430);
	notify(&w, 0, 7, "ip/core/1/9001", MS_H248_HANGTERM_THB, NULL, 0);
	assert_int_equal(w.reply.error, 0);
	notify(&w, 0, 7, "ip/core/1/7777", MS_H248_HANGTERM_THB, NULL, 0);
	assert_int_equal(w.reply.error, 435);
	assert_int_equal(w.events, 0);
	ms_mgc_context_release(kept, 0);
	ms_mgc_context_release(missing, 0);
	for (int i = 0; i < 2; i++)
		ms_mgc_context_release(c[i], 0);
	world_close(&old);
	world_close(&w);
}

static void test_controller_restart(void **state)
{
	(void)state;
	resynchronise(false);
	resynchronise(true);
}

/* ---- several gateways ---- */

static void test_weights_and_draining(void **state)
{
	struct world w;
	struct ms_mgc_context *c[200];
	size_t first;

	(void)state;
	world_open(&w, 0);
	assert_joined(&w, 0);
	assert_joined(&w, 1);
	for (int i = 0; i < 200; i++) {
		struct ms_mgc_want want = { .realms = { "access" } };
		struct ms_mgc_context_handlers h = holder(&w);

		assert_int_equal(ms_mgc_context_new(w.m, &want, &h, 0, &c[i]), 0);
	}
	first = ms_mgc_gateway_contexts(w.g[0]);
	assert_in_range(first, 120, 180); /* 3 of 4; 5 standard deviations are 30 */
	for (int i = 0; i < 200; i++)
		ms_mgc_context_release(c[i], 0);
	ms_mgc_gateway_drain(w.g[0], true);
	for (int i = 0; i < 10; i++) {
		c[i] = reserve(&w, 0);
		assert_ptr_equal(ms_mgc_context_gateway(c[i]), w.g[1]);
	}
	for (int i = 0; i < 10; i++)
		ms_mgc_context_release(c[i], 0);
	ms_mgc_gateway_drain(w.g[0], false);
	{
		struct ms_mgc_want elsewhere = { .realms = { "moon" } };
		struct ms_mgc_want refused = { .not_at = w.g[1], .realms = { "core" } };
		struct ms_mgc_context_handlers h = holder(&w);

		/* the second has no list: it takes any realm */
		assert_int_equal(ms_mgc_context_new(w.m, &elsewhere, &h, 0, &c[0]), 0);
		assert_ptr_equal(ms_mgc_context_gateway(c[0]), w.g[1]);
		assert_int_equal(ms_mgc_context_new(w.m, &refused, &h, 0, &c[1]), 0);
		assert_ptr_equal(ms_mgc_context_gateway(c[1]), w.g[0]);
		elsewhere.not_at = w.g[1];
		assert_int_equal(ms_mgc_context_new(w.m, &elsewhere, &h, 0, &c[2]), -EHOSTUNREACH);
		ms_mgc_context_release(c[0], 0);
		ms_mgc_context_release(c[1], 0);
	}
	fake_deliver(&w.fake[0], 0);
	fake_deliver(&w.fake[1], 0);
	world_close(&w);
}

static void test_other_weight_and_realms(void **state)
{
	struct ms_mgc_gateway_options o = { .name = "ignored", .realms = { "moon" } };
	struct ms_mgc_want want = { .realms = { "moon" } };
	char longest[MS_BEARER_REALM_MAX + 1];
	struct ms_mgc_context_handlers h;
	struct ms_mgc_context *c;
	struct world w;

	(void)state;
	world_open(&w, 0);
	h = holder(&w);
	assert_joined(&w, 0);
	assert_int_equal(ms_mgc_context_new(w.m, &want, &h, 0, &c), -EHOSTUNREACH);
	assert_int_equal(ms_mgc_gateway_change(w.g[0], &o), 0); /* the realm, but no weight */
	assert_int_equal(ms_mgc_context_new(w.m, &want, &h, 0, &c), -EHOSTUNREACH);
	o.weight = 1;
	assert_int_equal(ms_mgc_gateway_change(w.g[0], &o), 0);
	assert_int_equal(ms_mgc_context_new(w.m, &want, &h, 0, &c), 0);
	ms_mgc_context_release(c, 0);
	memset(longest, 'r', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	o.realms[0] = longest;
	o.weight = 7;
	assert_int_equal(ms_mgc_gateway_change(w.g[0], &o), -EINVAL);
	assert_int_equal(ms_mgc_gateway_weight(w.g[0]), 1);
	world_close(&w);
}

static void test_gateway_leaves_with_its_last_context(void **state)
{
	struct world w;
	struct ms_mgc_context *c, *other;

	(void)state;
	world_open(&w, 0);
	assert_joined(&w, 0);
	c = reserved(&w);
	ms_mgc_gateway_leave(w.g[0], true);
	assert_int_equal(ms_mgc_gateway_state(w.g[0]), MS_MGC_DRAINING);
	assert_null(reserve(&w, 0)); /* the only one in service */
	assert_int_equal(ms_mgc_gateway_remove(w.g[0]), -EBUSY);
	ms_mgc_gateway_drain(w.g[0], false); /* the operator does not call it back */
	assert_int_equal(ms_mgc_gateway_state(w.g[0]), MS_MGC_DRAINING);
	ms_mgc_gateway_leave(w.g[0], false);
	assert_int_equal(ms_mgc_gateway_state(w.g[0]), MS_MGC_IN_SERVICE);
	other = reserved(&w);
	ms_mgc_context_release(other, 0);
	ms_mgc_context_release(c, 0);
	/* their Subtracts are on the way */
	assert_int_equal(ms_mgc_gateway_remove(w.g[0]), -EBUSY);
	fake_deliver(&w.fake[0], 0);
	assert_int_equal(ms_mgc_gateway_remove(w.g[0]), 0);
	assert_null(ms_mgc_gateway_find(w.m, MS_SPAN_LIT("<agw1.example.net>:2944")));
	assert_ptr_equal(ms_mgc_gateway_at(w.m, 0), w.g[1]);
	world_close(&w);
}

/* A context that was told lost is held until its holder lets go. */
static void test_lost_context_holds_its_gateway(void **state)
{
	struct world w;
	struct ms_mgc_context *c;

	(void)state;
	world_open(&w, 0);
	assert_joined(&w, 0);
	c = reserved(&w);
	ms_mgc_gateway_leave(w.g[0], true);
	ms_mgc_gateway_lost(w.g[0], 0);
	assert_int_equal(w.lost, 1);
	assert_int_equal(ms_mgc_gateway_remove(w.g[0]), -EBUSY);
	ms_mgc_context_release(c, 0);
	assert_int_equal(ms_mgc_gateway_remove(w.g[0]), 0);
	world_close(&w);
}

static size_t taken_of(struct world *w, size_t n, ms_usec now)
{
	size_t taken = 0;

	for (size_t i = 0; i < n; i++) {
		struct ms_mgc_want want = { .not_at = w->g[1] };
		struct ms_mgc_context_handlers h = holder(w);
		struct ms_mgc_context *c;
		int err = ms_mgc_context_new(w->m, &want, &h, now, &c);

		assert_true(err == 0 || err == -EBUSY);
		taken += err == 0;
		if (!err)
			ms_mgc_context_release(c, now);
	}
	return taken;
}

static void test_overloaded_gateway_gets_less(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, 0);
	assert_joined(&w, 0);
	assert_int_equal(taken_of(&w, 100, 0), 100);
	notify(&w, 0, 0, NULL, MS_H248_CHP_MGCON, "60", MS_H248_CHP_MGCON_REDUCTION);
	assert_in_range(taken_of(&w, 1000, 0), 300, 500);
	notify(&w, 0, 0, NULL, MS_H248_CHP_MGCON, "0", MS_H248_CHP_MGCON_REDUCTION);
	notify(&w, 0, 0, NULL, MS_H248_OCP_MG_OVERLOAD, NULL, 0);
	notify(&w, 0, 0, NULL, MS_H248_OCP_MG_OVERLOAD, NULL,
	       0); /* within a second: the same one */
	assert_in_range(taken_of(&w, 1000, 0), 400, 600);
	assert_int_equal(taken_of(&w, 100, 10 * MS_SEC), 100); /* 50 steps of 200 ms later */
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart_loses_contexts),
		cmocka_unit_test(test_silence_loses_contexts),
		cmocka_unit_test(test_patience_keeps_contexts),
		cmocka_unit_test(test_controller_restart),
		cmocka_unit_test(test_weights_and_draining),
		cmocka_unit_test(test_other_weight_and_realms),
		cmocka_unit_test(test_gateway_leaves_with_its_last_context),
		cmocka_unit_test(test_lost_context_holds_its_gateway),
		cmocka_unit_test(test_overloaded_gateway_gets_less),
	};

	return cmocka_run_group_tests(tests, world_setup, NULL);
}
