/* SPDX-License-Identifier: Apache-2.0 */
#include "mgc-world.h"

struct ms_h248_registry world_registry;

int on_request(void *arg, struct ms_mgc_gateway *g, uint32_t cookie, struct ms_h248_action *actions)
{
	struct world *w = arg;

	return fake_request(&w->fake[g == w->g[1]], cookie, actions);
}

void on_reply(void *arg, void *job, const struct ms_h248_transaction *t)
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

void on_done(void *arg, struct ms_mgc_context *c, int status, uint16_t error,
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

struct ms_mgc_context_handlers holder(struct world *w)
{
	return (struct ms_mgc_context_handlers){ on_event, on_lost, w };
}

void world_open(struct world *w, ms_usec patience)
{
	struct ms_mgc_handlers h = {
		.request = on_request, .reply = on_reply, .state = on_state, .arg = w
	};
	struct ms_mgc_options o = { .coding.registry = &world_registry,
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
		fake_init(&w->fake[i], &world_registry);
		w->fake[i].g = w->g[i];
	}
}

void world_close(struct world *w)
{
	for (int i = 0; i < 2; i++)
		fake_done(&w->fake[i]);
	ms_mgc_free(w->m);
}

/* ---- what a gateway sends ---- */

void service_change(struct world *w, int i, enum ms_h248_sc_method method, uint8_t version,
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

void join(struct world *w, int i)
{
	service_change(w, i, MS_H248_SC_RESTART, 2, "xIq/1", "901 Cold Boot", 0);
}

void assert_joined(struct world *w, int i)
{
	join(w, i);
	assert_int_equal(ms_mgc_gateway_state(w->g[i]), MS_MGC_IN_SERVICE);
}

void notify(struct world *w, int i, uint32_t context, const char *name, uint16_t ref,
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

struct ms_bearer bearer(const char *realm, bool tls)
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

struct ms_mgc_context *reserve(struct world *w, unsigned slot)
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

struct ms_mgc_context *reserved(struct world *w)
{
	struct ms_mgc_context *c = reserve(w, 0);

	assert_non_null(c);
	fake_deliver(&w->fake[0], 0);
	fake_deliver(&w->fake[1], 0);
	assert_int_equal(w->status, 0);
	return c;
}

int world_setup(void **state)
{
	(void)state;
	ms_h248_registry_init(&world_registry);
	return 0;
}
