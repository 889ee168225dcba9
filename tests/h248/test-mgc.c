/* SPDX-License-Identifier: Apache-2.0 */
/* The controller against a gateway of few words: registration and procedures. */
#include "mgc-world.h"

/* ---- registration ---- */

static void test_gateway_registers(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, 0);
	notify(&w, 0, 7, "ip/x/1/1", MS_H248_G_CAUSE, NULL, 0);
	assert_int_equal(w.reply.error, 505);
	service_change(&w, 0, MS_H248_SC_RESTART, 3, "ResGW/1", "901 Cold Boot", 0);
	assert_int_equal(w.reply.error, 459);
	assert_int_equal(ms_mgc_gateway_state(w.g[0]), MS_MGC_AWAY);
	service_change(&w, 0, MS_H248_SC_RESTART, 3, "xIq/1", "901 Cold Boot", 0);
	assert_int_equal(w.reply.error, 0);
	assert_int_equal(w.reply.version, 2); /* the lower one: RFC 3525 section 11.3 */
	assert_string_equal(w.reply.profile, "xIq/1");
	assert_int_equal(ms_mgc_gateway_state(w.g[0]), MS_MGC_IN_SERVICE);
	assert_int_equal(w.fake[0].root_events, 1);
	assert_string_equal(ms_mgc_gateway_profile(w.g[0]), "xIq/1");
	service_change(&w, 0, MS_H248_SC_GRACEFUL, 0, "", "908", 0);
	assert_int_equal(ms_mgc_gateway_state(w.g[0]), MS_MGC_DRAINING);
	assert_null(reserve(&w, 0));
	service_change(&w, 0, MS_H248_SC_FORCED, 0, "", "905", 0);
	assert_int_equal(ms_mgc_gateway_state(w.g[0]), MS_MGC_AWAY);
	world_close(&w);
}

static void test_overload_packages_are_optional(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, 0);
	w.fake[0].refuse_overload = true;
	assert_joined(&w, 0);
	assert_int_equal(w.fake[0].root_events, 2); /* once more, with it/ito alone */
	world_close(&w);
}

/* ---- procedures ---- */

static void test_reserve_configure_release(void **state)
{
	struct world w;
	struct ms_mgc_context *c;
	struct ms_mgc_procedure *p;
	struct ms_bearer b = bearer("access", true), core;

	(void)state;
	world_open(&w, 0);
	assert_joined(&w, 0);
	c = reserved(&w);
	assert_int_equal(ms_mgc_context_id(c), 7);
	assert_string_equal(ms_mgc_context_termination(c, 0), "ip/core/1/9001");
	assert_int_equal(w.bearer[0].local.octets[0], 192);
	core = w.bearer[0];
	core.remote = (struct ms_bearer_address){ 4, { 198, 51, 100, 5 }, 2855 };
	core.start_tcp = true;
	assert_int_equal(ms_mgc_begin(c, &p), 0);
	assert_int_equal(ms_mgc_configure(p, 0, &core), 0);
	assert_int_equal(ms_mgc_reserve(p, 1, 1, &b), 0);
	assert_int_equal(ms_mgc_run(p, 0, on_done, &w), 0);
	assert_int_equal(ms_mgc_begin(c, &p), 0);
	assert_int_equal(ms_mgc_run(p, 0, on_done, &w), -ENODATA);
	assert_int_equal(ms_mgc_begin(c, &p), 0);
	assert_int_equal(ms_mgc_through_connection(p, 0, &core), 0);
	assert_int_equal(ms_mgc_run(p, 0, on_done, &w), -EBUSY); /* one at a time */
	fake_deliver(&w.fake[0], 0);
	assert_int_equal(w.done, 2);
	assert_int_equal(w.status, 0);
	assert_int_equal(w.bearer[1].local_fingerprints.n, 1);
	assert_true(fake_find(&w.fake[0], "core", 1)->bearer.start_tcp);
	assert_int_equal(fake_find(&w.fake[0], "core", 1)->bearer.remote.port, 2855);
	assert_true(fake_find(&w.fake[0], "access", 1)->armed_heartbeat);
	assert_int_equal(fake_contexts(&w.fake[0]), 1);
	notify(&w, 0, 7, "ip/access/1/9002", MS_H248_G_CAUSE, "NR", MS_H248_G_CAUSE_GENERALCAUSE);
	assert_int_equal(w.reply.error, 0);
	assert_int_equal(w.events, 1);
	assert_int_equal(w.event_slot, 1);
	assert_int_equal(w.event.general, MS_BEARER_NORMAL);
	assert_null(ms_mgc_context_release(c, 0));
	fake_deliver(&w.fake[0], 0);
	assert_int_equal(fake_terminations(&w.fake[0]), 0);
	world_close(&w);
}

static void test_failed_procedure_leaves_nothing(void **state)
{
	struct world w;
	struct ms_mgc_context *c;
	struct ms_mgc_procedure *p;
	struct ms_bearer b = bearer("access", true);

	(void)state;
	world_open(&w, 0);
	assert_joined(&w, 0);
	w.fake[0].refuse = 510;
	c = reserve(&w, 0);
	fake_deliver(&w.fake[0], 0);
	assert_int_equal(w.status, -EREMOTEIO);
	assert_int_equal(w.error, 510);
	assert_int_equal(ms_mgc_context_id(c), MS_H248_CONTEXT_CHOOSE);
	ms_mgc_context_release(c, 0);

	c = reserved(&w);
	assert_int_equal(ms_mgc_begin(c, &p), 0);
	assert_int_equal(ms_mgc_reserve(p, 1, 2, &b), 0);
	assert_int_equal(ms_mgc_reserve(p, 2, 3, &b), 0);
	w.fake[0].refuse = 432;
	w.fake[0].refuse_at = 1;
	assert_int_equal(ms_mgc_run(p, 0, on_done, &w), 0);
	fake_deliver(&w.fake[0], 0);
	assert_int_equal(w.error, 432);
	assert_int_equal(fake_terminations(&w.fake[0]), 1); /* the first Add was undone */
	assert_string_equal(ms_mgc_context_termination(c, 1), "");

	w.fake[0].no_local = true;
	assert_int_equal(ms_mgc_begin(c, &p), 0);
	assert_int_equal(ms_mgc_reserve(p, 1, 2, &b), 0);
	assert_int_equal(ms_mgc_run(p, 0, on_done, &w), 0);
	fake_deliver(&w.fake[0], 0);
	assert_int_equal(w.status, -EBADMSG);
	assert_int_equal(fake_terminations(&w.fake[0]), 1);
	ms_mgc_context_release(c, 0);
	fake_deliver(&w.fake[0], 0);
	assert_int_equal(fake_terminations(&w.fake[0]), 0);
	world_close(&w);
}

static void test_release_while_the_reply_is_on_its_way(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, 0);
	assert_joined(&w, 0);
	ms_mgc_context_release(reserve(&w, 0), 0);
	fake_deliver(&w.fake[0], 0);
	assert_int_equal(w.done, 0);
	assert_int_equal(fake_terminations(&w.fake[0]), 0);
	world_close(&w);
}

/* ---- memory ---- */

static int use(struct world *w)
{
	struct ms_mgc_want want = { .realms = { NULL } };
	struct ms_mgc_context_handlers held = holder(w);
	struct ms_bearer b = bearer("core", false);
	struct ms_mgc_procedure *p = NULL;
	struct ms_mgc_context *c = NULL;
	int err = ms_mgc_context_new(w->m, &want, &held, 0, &c);

	if (!err)
		err = ms_mgc_begin(c, &p);
	if (!err) {
		err = ms_mgc_reserve(p, 0, 1, &b);
		if (err)
			ms_mgc_abandon(p);
		else
			err = ms_mgc_run(p, 0, on_done, w);
	}
	if (!err) {
		w->status = -ETIMEDOUT;
		fake_deliver(&w->fake[0], 0);
		err = w->status;
	}
	ms_mgc_context_release(c, 0);
	fake_deliver(&w->fake[0], 0);
	return err;
}

static int live(void *arg)
{
	struct ms_mgc_handlers h = { .request = on_request, .reply = on_reply, .arg = arg };
	struct ms_mgc_options o = { .coding.registry = &world_registry };
	struct ms_mgc_gateway_options a = { .name = "<agw1>", .weight = 1 };
	struct world *w = arg;
	int err = ms_mgc_new(&o, &h, NULL, &w->m);

	if (err)
		return err;
	err = ms_mgc_gateway_add(w->m, &a, &w->g[0]);
	if (!err) {
		w->fake[0].g = w->g[0];
		join(w, 0);
		err = use(w);
	}
	fake_forget(&w->fake[0]);
	w->m = ms_mgc_free(w->m);
	return err;
}

static void test_without_memory(void **state)
{
	struct world w;

	(void)state;
	memset(&w, 0, sizeof(w));
	fake_init(&w.fake[0], &world_registry);
	assert_true(ms_test_torture(live, &w) > 10);
	fake_done(&w.fake[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gateway_registers),
		cmocka_unit_test(test_overload_packages_are_optional),
		cmocka_unit_test(test_reserve_configure_release),
		cmocka_unit_test(test_failed_procedure_leaves_nothing),
		cmocka_unit_test(test_release_while_the_reply_is_on_its_way),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, world_setup, NULL);
}
