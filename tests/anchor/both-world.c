/* SPDX-License-Identifier: Apache-2.0 */
#include "both-world.h"

#include <errno.h>

#define FP \
	"4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42:CD:54:F1"

static const char offer[] =
	"v=0\r\no=u 1 1 IN IP4 10.1.2.3\r\ns=-\r\nc=IN IP4 10.1.2.3\r\nt=0 0\r\n"
	"m=message 9 TCP/TLS/MSRP *\r\na=path:msrps://a.invalid:9/s;tcp\r\n"
	"a=accept-types:*\r\na=msrp-cema\r\na=setup:active\r\n"
	"a=fingerprint:SHA-256 " FP "\r\na=3ge2ae:requested\r\n";
const char both_answer[] =
	"v=0\r\no=p 1 1 IN IP4 198.51.100.5\r\ns=-\r\nc=IN IP4 198.51.100.5\r\n"
	"t=0 0\r\nm=message 2855 TCP/MSRP *\r\na=path:msrp://b.invalid:9/t;tcp\r\n"
	"a=accept-types:*\r\na=msrp-cema\r\na=setup:passive\r\n";

static uint64_t roll(struct world *w)
{
	w->dice ^= w->dice << 13;
	w->dice ^= w->dice >> 7;
	return w->dice ^= w->dice << 17;
}

/* ---- the network ---- */

const struct ms_h248_path path_of[2] = {
	{ .transport = MS_H248_UDP, .family = 4, .host = { 127, 0, 0, 1 }, .port = 2944 },
	{ .transport = MS_H248_UDP, .family = 4, .host = { 127, 0, 0, 2 }, .port = 2944 },
};

static void fly(struct world *w, unsigned to, struct ms_span message)
{
	struct flight *f = &w->flights[w->n_flights];

	if (w->n_flights == FLIGHTS)
		return;
	f->to = to;
	f->at = w->now + (ms_usec)(roll(w) % 40) * MS_MSEC;
	f->len = message.len;
	f->octets = malloc(message.len);
	memcpy(f->octets, message.p, message.len);
	w->n_flights++;
}

static void on_send(const struct ms_h248_path *to, struct ms_span message, void *arg)
{
	struct world *w = arg;
	unsigned peer = to->host[3] == 2;

	if (w->cut || roll(w) % 100 < w->loss)
		return;
	fly(w, peer, message);
	if (roll(w) % 100 < w->doubled)
		fly(w, peer, message);
}

/* ---- the controller's association ---- */

static bool c_admit(struct ms_h248_association *a, const struct ms_h248_message *m, void *arg)
{
	(void)m;
	((struct world *)arg)->to_gateway = a;
	return true;
}

static void c_request(struct ms_h248_job *job, const struct ms_h248_message *m,
		      const struct ms_h248_transaction *t, void *arg)
{
	struct world *w = arg;

	(void)m;
	ms_mgc_request(w->g, job, t, w->now);
}

static void c_answered(struct ms_h248_association *a, void *request, int err,
		       const struct ms_h248_message *m, const struct ms_h248_transaction *reply,
		       void *arg)
{
	struct world *w = arg;

	(void)a;
	(void)m;
	if (w->mgc)
		ms_mgc_answered(w->g, (uint32_t)(uintptr_t)request, err, reply, w->now);
}

static void c_lost(struct ms_h248_association *a, enum ms_h248_lost why, void *arg)
{
	struct world *w = arg;

	(void)a;
	(void)why;
	if (w->mgc)
		ms_mgc_gateway_lost(w->g, w->now);
}

static const struct ms_h248_handlers controller_handlers = {
	.admit = c_admit, .request = c_request, .answered = c_answered, .lost = c_lost
};

static int mgc_request(void *arg, struct ms_mgc_gateway *g, uint32_t cookie,
		       struct ms_h248_action *actions)
{
	struct world *w = arg;
	uint32_t id;

	(void)g;
	return w->to_gateway ? ms_h248_request(w->to_gateway, actions, (void *)(uintptr_t)cookie,
					       w->now, &id)
			     : -ENOTCONN;
}

static void mgc_reply(void *arg, void *job, const struct ms_h248_transaction *t)
{
	assert_int_equal(ms_h248_job_reply(job, t, ((struct world *)arg)->now), 0);
}

/* ---- the gateway's ---- */

static void g_request(struct ms_h248_job *job, const struct ms_h248_message *m,
		      const struct ms_h248_transaction *t, void *arg)
{
	struct world *w = arg;

	(void)m;
	/* operations are carried out before the next message comes: no context is ever busy */
	assert_int_equal(ms_mg_request(w->mg, 0, job, t, w->now), 0);
	if (w->token) {
		uint64_t token = w->token;

		w->token = 0;
		ms_mg_applied(w->mg, token, w->now);
	}
}

static void g_answered(struct ms_h248_association *a, void *request, int err,
		       const struct ms_h248_message *m, const struct ms_h248_transaction *reply,
		       void *arg)
{
	struct world *w = arg;

	(void)a;
	(void)m;
	if (w->mg)
		ms_mg_answered(w->mg, (uint32_t)(uintptr_t)request, err, reply, w->now);
}

static void g_lost(struct ms_h248_association *a, enum ms_h248_lost why, void *arg)
{
	struct world *w = arg;

	(void)a;
	(void)why;
	if (w->mg)
		ms_mg_controller_lost(w->mg, 0, w->now);
}

static const struct ms_h248_handlers gateway_handlers = { .request = g_request,
							  .answered = g_answered,
							  .lost = g_lost };

static int mg_request(void *arg, unsigned controller, uint32_t cookie,
		      struct ms_h248_action *actions)
{
	struct world *w = arg;
	uint32_t id;

	(void)controller;
	return ms_h248_request(w->to_controller, actions, (void *)(uintptr_t)cookie, w->now, &id);
}

static void mg_reply(void *arg, void *job, const struct ms_h248_transaction *t)
{
	assert_int_equal(ms_h248_job_reply(job, t, ((struct world *)arg)->now), 0);
}

/* ---- a plane that does what it is told ---- */

static int p_place(void *arg, uint16_t *ret_home)
{
	(void)arg;
	*ret_home = 0;
	return 0;
}

static int p_reserve(void *arg, const char *realm, const struct ms_bearer_address *local,
		     struct ms_bearer_address *ret_local)
{
	struct world *w = arg;

	(void)local;
	*ret_local =
		(struct ms_bearer_address){ 4, { 192, 0, 2, strcmp(realm, "core") ? 1 : 2 }, 0 };
	ret_local->port = (uint16_t)(40000 + w->port++ % 20000);
	return 0;
}

static void p_release(void *arg, const char *realm, const struct ms_bearer_address *local)
{
	(void)arg;
	(void)realm;
	(void)local;
}

static int p_fingerprint(void *arg, uint16_t home, uint32_t *certificate, enum ms_bearer_hash hash,
			 struct ms_bearer_fingerprint *ret_f)
{
	(void)arg;
	(void)home;
	*certificate = 1;
	*ret_f = (struct ms_bearer_fingerprint){ hash, 32, { 0xAB } };
	return hash == MS_BEARER_SHA256 ? 0 : 449;
}

static int p_submit(void *arg, uint64_t token, struct ms_plane_op *ops, size_t n)
{
	struct world *w = arg;

	assert_int_equal(w->token, 0);
	w->token = token;
	for (size_t i = 0; i < n; i++)
		if (ops[i].verb == MS_PLANE_SET)
			w->set[w->n_set++ % 64] = ops[i].endpoint;
	return 0;
}

/* ---- sessions ---- */

static void on_end(void *arg, struct ms_anchor_session *s, int cause, const char *reason,
		   const char *detail)
{
	struct call *c = ms_anchor_session_user(s);

	(void)cause;
	(void)reason;
	(void)detail;
	((struct world *)arg)->ends++;
	c->ended = true;
}

void on_done(void *arg, struct ms_anchor_session *s, const struct ms_anchor_result *r)
{
	struct call *c = arg;

	(void)s;
	assert_true(c->phase == OFFERING || c->phase == ANSWERING);
	if (r->status) {
		c->w->bad++;
		c->ended = true;
	} else {
		c->w->good++;
	}
	c->phase = c->phase == OFFERING ? OFFERED : UP;
}

static void hang_up(struct call *c)
{
	c->s = ms_anchor_release(c->s, c->w->now);
	c->phase = FREE;
	c->ended = false;
}

void begin(struct call *c)
{
	struct ms_anchor_context context = { .ue_msrp = true, .user = c };

	assert_int_equal(ms_anchor_session_new(c->w->anchor, &context, &c->s), 0);
	c->phase = OFFERING;
	assert_int_equal(ms_anchor_offer(c->s, MS_ANCHOR_ACCESS, MS_SPAN_NULL, ms_span_str(offer),
					 c->w->now, on_done, c),
			 0);
}

/* One call does one thing: goes on, is cancelled, ends. */
static void do_something(struct world *w)
{
	struct call *c = &w->calls[roll(w) % CALLS];

	if (c->ended) {
		hang_up(c);
		return;
	}
	switch (c->phase) {
	case FREE:
		begin(c);
		break;
	case OFFERING:
	case ANSWERING:
		if (roll(w) % 4 == 0)
			hang_up(c); /* CANCEL, while the gateway works */
		break;
	case OFFERED:
		c->phase = ANSWERING;
		assert_int_equal(ms_anchor_answer(c->s, MS_SPAN_LIT("d"), ms_span_str(both_answer),
						  true, w->now, on_done, c),
				 0);
		break;
	case UP:
		hang_up(c);
		break;
	}
}

/* ---- time ---- */

static void deliver(struct world *w)
{
	for (size_t i = 0; i < w->n_flights;) {
		struct flight f = w->flights[i];

		if (f.at > w->now) {
			i++;
			continue;
		}
		w->flights[i] = w->flights[--w->n_flights];
		{
			struct ms_h248_path from = path_of[!f.to];

			from.codec = w->codec;
			(void)ms_h248_entity_receive(w->e[f.to], &from, ms_span_of(f.octets, f.len),
						     w->now);
		}
		free(f.octets); /* the test's own, not the library's memory */
	}
}

static void step(struct world *w, ms_usec by)
{
	w->now += by;
	deliver(w);
	for (int i = 0; i < 2; i++)
		ms_h248_entity_tick(w->e[i], w->now);
	ms_mgc_tick(w->mgc, w->now);
	ms_mg_tick(w->mg, w->now);
	for (int i = 0; i < 2; i++)
		ms_h248_entity_flush(w->e[i], w->now);
}

void run(struct world *w, ms_usec time, bool busy)
{
	for (ms_usec until = w->now + time; w->now < until;) {
		if (busy)
			do_something(w);
		step(w, 5 * MS_MSEC);
	}
}

/* ---- making ---- */

void open_entity(struct world *w, int i, const char *name)
{
	struct ms_h248_entity_options o = {
		.mid = { .kind = MS_H248_MID_DOMAIN, .name = ms_span_str(name) },
		.wire = { .send = on_send, .arg = w },
		.handlers = i ? &gateway_handlers : &controller_handlers,
		.arg = w,
		.registry = i ? &w->gateway_registry : &w->registry,
	};

	o.timers = ms_h248_timers_default;
	if (w->stubborn) { /* annex D.1.3 doubles its average delay with each loss: that takes time */
		o.timers.t_max = 120 * MS_SEC;
		o.timers.long_timer = 125 * MS_SEC;
		o.timers.repeats = 40;
	}
	assert_int_equal(ms_h248_entity_new(&o, &w->e[i]), 0);
}

void open_gateway(struct world *w)
{
	static const char *const realms[] = { "access", "core" };
	struct ms_mg_options o = {
		.coding = { &ms_h248_profile_iq, &w->gateway_registry },
		.controllers = 1,
		.realms = realms,
		.n_realms = 2,
		.retry = MS_SEC,
		.plane = { p_place, p_reserve, p_release, p_fingerprint, p_submit, w },
		.handlers = { .request = mg_request, .reply = mg_reply, .arg = w },
	};

	assert_int_equal(ms_mg_new(&o, w->now, &w->mg), 0);
}

static void open_controller(struct world *w, ms_usec patience)
{
	struct ms_mgc_options o = { .coding.registry = &w->registry,
				    .inactivity_ms = 10000,
				    .heartbeat = 3 * MS_SEC,
				    .patience = patience };
	struct ms_mgc_handlers h = { .request = mgc_request, .reply = mgc_reply, .arg = w };
	struct ms_mgc_gateway_options go = { .name = "<agw1.example.net>", .weight = 1 };
	struct ms_anchor_policy p = { .role = MS_ANCHOR_ALG,
				      .msrp = true,
				      .realm = { "access", "core" } };
	struct ms_anchor_handlers ah = { .end = on_end, .arg = w };

	assert_int_equal(ms_mgc_new(&o, &h, NULL, &w->mgc), 0);
	assert_int_equal(ms_mgc_gateway_add(w->mgc, &go, &w->g), 0);
	assert_int_equal(ms_anchor_new(&p, w->mgc, &ah, &w->anchor), 0);
}

void open_world(struct world *w, uint64_t seed, const struct ms_h248_codec *codec, ms_usec patience,
		bool stubborn)
{
	struct ms_h248_path to = path_of[0];

	memset(w, 0, sizeof(*w));
	w->stubborn = stubborn;
	w->dice = seed * 0x9E3779B97F4A7C15u + 1;
	w->codec = codec;
	w->now = MS_SEC;
	ms_h248_registry_init(&w->registry);
	ms_h248_registry_init(&w->gateway_registry);
	assert_int_equal(ms_h248_registry_add_group(&w->gateway_registry, MS_SPAN_LIT("access"),
						    MS_SPAN_LIT("1")),
			 0);
	assert_int_equal(ms_h248_registry_add_group(&w->gateway_registry, MS_SPAN_LIT("core"),
						    MS_SPAN_LIT("1")),
			 0);
	open_entity(w, 0, "alg1.example.net");
	open_entity(w, 1, "agw1.example.net");
	to.codec = codec;
	assert_int_equal(ms_h248_associate(w->e[1], &to, NULL, &w->to_controller), 0);
	open_controller(w, patience);
	open_gateway(w);
	for (int i = 0; i < CALLS; i++)
		w->calls[i].w = w;
}

uint32_t contexts(const struct world *w)
{
	struct ms_mg_figures f;

	ms_mg_figures(w->mg, &f);
	return f.contexts;
}

void close_world(struct world *w)
{
	w->loss = w->doubled = 0;
	w->cut = false;
	for (int i = 0; i < CALLS; i++)
		if (w->calls[i].s)
			hang_up(&w->calls[i]);
	run(w, 150 * MS_SEC, false);
	assert_int_equal(ms_mgc_gateway_state(w->g), MS_MGC_IN_SERVICE);
	assert_int_equal(ms_mgc_gateway_contexts(w->g), 0);
	assert_int_equal(contexts(w), 0);
	ms_anchor_free(w->anchor);
	w->mgc = ms_mgc_free(w->mgc);
	w->mg = ms_mg_free(w->mg);
	for (int i = 0; i < 2; i++)
		ms_h248_entity_free(w->e[i]);
	for (size_t i = 0; i < w->n_flights; i++)
		free(w->flights[i].octets); /* the test's own, not the library's memory */
}
