/* SPDX-License-Identifier: Apache-2.0 */
/* The controller against a gateway of few words: registration, procedures, losses, resynchronisation. */
#include "ms-test.h"

#include <errno.h>

#include "h248/fake-gateway.h"
#include "h248/package.h"

static struct ms_h248_registry registry;

struct reply {
	uint16_t error; /* of the transaction or its first command */
	uint8_t version;
	char profile[32];
};

/* Two gateways, and everything the controller tells. */
struct world {
	struct ms_mgc *m;
	struct fake_gateway fake[2];
	struct ms_mgc_gateway *g[2];
	struct reply reply;
	unsigned events, lost, done;
	struct ms_bearer_event event;
	unsigned event_slot;
	enum ms_mgc_lost why;
	int status;
	uint16_t error;
	struct ms_bearer bearer[4]; /* results by slot */
	unsigned states;
};

static int on_request(void *arg, struct ms_mgc_gateway *g, uint32_t cookie,
		      struct ms_h248_action *actions)
{
	struct world *w = arg;

	return fake_request(&w->fake[g == w->g[1]], cookie, actions);
}

static void on_reply(void *arg, void *job, const struct ms_h248_transaction *t)
{
	struct reply *r = job;
	const struct ms_h248_command *c = t->actions ? t->actions->commands : NULL;

	(void)arg;
	memset(r, 0, sizeof(*r));
	r->error = t->error ? t->error->code : c && c->error ? c->error->code : 0;
	if (c && c->service_change) {
		r->version = c->service_change->version;
		assert_int_equal(
			ms_span_to_str(c->service_change->profile, r->profile, sizeof(r->profile)),
			0);
	}
}

static void on_state(void *arg, struct ms_mgc_gateway *g, enum ms_mgc_state from,
		     enum ms_mgc_state to, const char *why)
{
	(void)g;
	(void)why;
	assert_true(from != to);
	((struct world *)arg)->states++;
}

static void on_event(void *arg, struct ms_mgc_context *c, unsigned slot,
		     const struct ms_bearer_event *e)
{
	struct world *w = arg;

	(void)c;
	w->events++;
	w->event = *e;
	w->event_slot = slot;
}

static void on_lost(void *arg, struct ms_mgc_context *c, enum ms_mgc_lost why)
{
	struct world *w = arg;

	(void)c;
	w->lost++;
	w->why = why;
}

static void on_done(void *arg, struct ms_mgc_context *c, int status, uint16_t error,
		    const struct ms_mgc_result *results, size_t n)
{
	struct world *w = arg;

	(void)c;
	w->done++;
	w->status = status;
	w->error = error;
	for (size_t i = 0; i < n; i++)
		if (results[i].bearer && results[i].slot < 4)
			w->bearer[results[i].slot] = *results[i].bearer;
}

static struct ms_mgc_context_handlers holder(struct world *w)
{
	return (struct ms_mgc_context_handlers){ on_event, on_lost, w };
}

static void world_open(struct world *w, ms_usec patience)
{
	struct ms_mgc_handlers h = {
		.request = on_request, .reply = on_reply, .state = on_state, .arg = w
	};
	struct ms_mgc_options o = { .coding.registry = &registry,
				    .inactivity_ms = 30000,
				    .patience = patience };
	struct ms_mgc_gateway_options a = { .name = "<agw1.example.net>:2944",
					    .weight = 3,
					    .realms = { "access", "core" } };
	struct ms_mgc_gateway_options b = { .name = "<agw2.example.net>:2944", .weight = 1 };

	memset(w, 0, sizeof(*w));
	assert_int_equal(ms_mgc_new(&o, &h, NULL, &w->m), 0);
	assert_int_equal(ms_mgc_gateway_add(w->m, &a, &w->g[0]), 0);
	assert_int_equal(ms_mgc_gateway_add(w->m, &b, &w->g[1]), 0);
	assert_int_equal(ms_mgc_gateway_add(w->m, &b, &w->g[1]), -EEXIST);
	for (int i = 0; i < 2; i++) {
		fake_init(&w->fake[i], &registry);
		w->fake[i].g = w->g[i];
	}
}

static void world_close(struct world *w)
{
	for (int i = 0; i < 2; i++)
		fake_done(&w->fake[i]);
	ms_mgc_free(w->m);
}

/* ---- what a gateway sends ---- */

static void service_change(struct world *w, int i, enum ms_h248_sc_method method, uint8_t version,
			   const char *profile, const char *reason, ms_usec now)
{
	struct ms_h248_service_change s = { .method = method,
					    .version = version,
					    .profile = ms_span_str(profile),
					    .reason = ms_span_str(reason) };
	struct ms_h248_termination root = { .kind = MS_H248_TERMINATION_ROOT };
	struct ms_h248_command c = { .verb = MS_H248_SERVICE_CHANGE,
				     .terminations = &root,
				     .service_change = &s };
	struct ms_h248_action a = { .commands = &c };
	struct ms_h248_transaction t = { .id = 1, .actions = &a };

	ms_mgc_request(w->g[i], &w->reply, &t, now);
	fake_deliver(&w->fake[i], now);
}

static void join(struct world *w, int i)
{
	service_change(w, i, MS_H248_SC_RESTART, 2, "xIq/1", "901 Cold Boot", 0);
}

static void assert_joined(struct world *w, int i)
{
	join(w, i);
	assert_int_equal(ms_mgc_gateway_state(w->g[i]), MS_MGC_IN_SERVICE);
}

static void notify(struct world *w, int i, uint32_t context, const char *name, uint16_t ref,
		   const char *value, uint16_t param)
{
	struct ms_h248_value v = { .octets = ms_span_str(value) };
	struct ms_h248_param p = { .name.ref = param, .values = &v };
	struct ms_h248_observed o = { .name.ref = ref, .stream = 1, .params = value ? &p : NULL };
	struct ms_h248_termination term = { .name = ms_span_str(name) };
	struct ms_h248_command c = { .verb = MS_H248_NOTIFY,
				     .terminations = &term,
				     .has_observed = true,
				     .observed_id = 1,
				     .observed = &o };
	struct ms_h248_action a = { .context = context, .commands = &c };
	struct ms_h248_transaction t = { .id = 9, .actions = &a };

	if (!name)
		term.kind = MS_H248_TERMINATION_ROOT;
	ms_mgc_request(w->g[i], &w->reply, &t, 0);
	fake_deliver(&w->fake[i], 0);
}

/* ---- what a holder does ---- */

static struct ms_bearer bearer(const char *realm, bool tls)
{
	struct ms_bearer b;

	ms_bearer_init(&b);
	(void)snprintf(b.realm, sizeof(b.realm), "%s", realm);
	b.mode = MS_BEARER_SENDRECV;
	b.tls = tls;
	b.want_fingerprints = tls ? 1u << MS_BEARER_SHA256 : 0;
	b.report_release = true;
	return b;
}

static struct ms_mgc_context *reserve(struct world *w, unsigned slot)
{
	struct ms_mgc_want want = { .realms = { "access", "core" } };
	struct ms_mgc_context_handlers h = holder(w);
	struct ms_bearer b = bearer("core", false);
	struct ms_mgc_procedure *p;
	struct ms_mgc_context *c;

	if (ms_mgc_context_new(w->m, &want, &h, 0, &c) < 0)
		return NULL;
	assert_int_equal(ms_mgc_begin(c, &p), 0);
	assert_int_equal(ms_mgc_reserve(p, slot, 1, &b), 0);
	assert_int_equal(ms_mgc_reserve(p, slot, 1, &b), -EEXIST);
	assert_int_equal(ms_mgc_configure(p, slot, &b), -ENOENT);
	assert_int_equal(ms_mgc_run(p, 0, on_done, w), 0);
	return c;
}

static struct ms_mgc_context *reserved(struct world *w)
{
	struct ms_mgc_context *c = reserve(w, 0);

	assert_non_null(c);
	fake_deliver(&w->fake[0], 0);
	fake_deliver(&w->fake[1], 0);
	assert_int_equal(w->status, 0);
	return c;
}

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
	struct ms_mgc_options o = { .coding.registry = &registry };
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
	fake_init(&w.fake[0], &registry);
	assert_true(ms_test_torture(live, &w) > 10);
	fake_done(&w.fake[0]);
}

static int setup(void **state)
{
	(void)state;
	ms_h248_registry_init(&registry);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gateway_registers),
		cmocka_unit_test(test_overload_packages_are_optional),
		cmocka_unit_test(test_reserve_configure_release),
		cmocka_unit_test(test_failed_procedure_leaves_nothing),
		cmocka_unit_test(test_release_while_the_reply_is_on_its_way),
		cmocka_unit_test(test_restart_loses_contexts),
		cmocka_unit_test(test_silence_loses_contexts),
		cmocka_unit_test(test_patience_keeps_contexts),
		cmocka_unit_test(test_controller_restart),
		cmocka_unit_test(test_weights_and_draining),
		cmocka_unit_test(test_other_weight_and_realms),
		cmocka_unit_test(test_gateway_leaves_with_its_last_context),
		cmocka_unit_test(test_lost_context_holds_its_gateway),
		cmocka_unit_test(test_overloaded_gateway_gets_less),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
