/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-plane.h"

#include <errno.h>

#include "h248/binary.h"

bool fake_binary;

int fake_as_text(void **state)
{
	(void)state;
	fake_binary = false;
	return 0;
}

int fake_as_binary(void **state)
{
	(void)state;
	fake_binary = true;
	return 0;
}

static const char *const verbs[] = { "SET", "PAIR", "TCP", "TLS", "RELEASE", "STATS", "DELETE" };

/* ---- the plane ---- */

static int place(void *arg, uint16_t *ret_home)
{
	(void)arg;
	*ret_home = 1;
	return 0;
}

static int reserve(void *arg, const char *realm, const struct ms_bearer_address *local,
		   struct ms_bearer_address *ret_local)
{
	struct fake *f = arg;

	if (f->reserve_fails)
		return 510;
	f->reserved++;
	*ret_local = (struct ms_bearer_address){ local->family ? local->family : 4,
						 { 192, 0, 2, realm[0] == 'c' ? 10 : 20 },
						 local->port ? local->port : ++f->next_port };
	return 0;
}

static void release(void *arg, const char *realm, const struct ms_bearer_address *local)
{
	struct fake *f = arg;

	(void)realm;
	assert_true(local->port != 0);
	f->released++;
}

static int fingerprint(void *arg, uint16_t home, uint32_t *certificate, enum ms_bearer_hash hash,
		       struct ms_bearer_fingerprint *ret)
{
	(void)arg;
	assert_int_equal(home, 1);
	if (hash != MS_BEARER_SHA256)
		return 449;
	*certificate = 7;
	*ret = (struct ms_bearer_fingerprint){ hash, 32, { 0xaa, 0xbb } };
	return 0;
}

static void carry_out(struct fake *f, struct ms_plane_op *op, size_t i)
{
	size_t at = strlen(f->did);

	op->error = f->fail_at == i + 1 ? 510 : 0;
	if (f->fail_at && f->fail_at <= i && op->verb <= MS_PLANE_PAIR)
		op->error = 500;
	(void)snprintf(f->did + at, sizeof(f->did) - at, "%s%s ", verbs[op->verb],
		       op->error                                   ? "!"
		       : op->verb == MS_PLANE_PAIR && !op->partner ? "-"
								   : "");
	if (op->verb == MS_PLANE_SET && !op->error) {
		assert_int_equal(ms_bearer_unpack(op->bearer, &f->last), 0);
		f->endpoint = op->endpoint;
	}
	if (op->error)
		return;
	if (op->verb == MS_PLANE_PAIR) {
		f->flow = op->flow;
		f->paired[0] = op->endpoint;
		f->paired[1] = op->partner;
	}
	op->statistics = (struct ms_bearer_statistics){ .octets_in = 1000, .octets_out = 2000 };
}

static int submit(void *arg, uint64_t token, struct ms_plane_op *ops, size_t n)
{
	struct fake *f = arg;

	if (f->submit_fails)
		return 511;
	assert_int_equal(f->token, 0);
	f->token = token;
	f->ops = ops;
	f->n_ops = n;
	for (size_t i = 0; i < n; i++)
		carry_out(f, &ops[i], i);
	f->fail_at = 0;
	return 0;
}

void fake_apply(struct fake *f)
{
	while (f->token) {
		uint64_t token = f->token;

		f->token = 0;
		ms_mg_applied(f->g, token, f->now);
	}
}

/* ---- the binary codec ---- */

/* Text to octets and back to a tree that is bound to text. */
static const struct ms_h248_message *recode(struct fake *f, struct ms_h248_message *m,
					    struct ms_h248_arena *a, struct ms_buf *octets)
{
	const struct ms_h248_message *ret = NULL;
	struct ms_h248_refused refused;
	struct ms_fault fault = { 0 };

	if (ms_h248_bind(m, &f->registry, MS_H248_BIND_BER, a, &fault))
		fail_msg("not bound: %d %s", fault.code, fault.reason);
	assert_int_equal(ms_h248_binary_encode(m, octets), 0);
	if (ms_h248_binary_decode(ms_buf_span(octets), a, &refused, &ret))
		fail_msg("not read: %d %s", refused.fault.code, refused.fault.reason);
	assert_int_equal(ms_h248_bind((struct ms_h248_message *)(uintptr_t)ret, &f->registry,
				      MS_H248_BIND_TEXT, a, &fault),
			 0);
	return ret;
}

static void through_binary(struct fake *f, struct ms_buf *text)
{
	struct ms_h248_refused refused;
	const struct ms_h248_message *m;
	struct ms_h248_arena a;
	struct ms_buf octets;

	ms_h248_arena_init(&a, 0);
	ms_buf_init(&octets, 1 << 20);
	if (ms_h248_text_decode(ms_buf_span(text), &a, &refused, &m))
		fail_msg("%d %s in %s", refused.fault.code, refused.fault.reason,
			 ms_buf_cstr(text));
	assert_int_equal(ms_h248_bind((struct ms_h248_message *)(uintptr_t)m, &f->registry,
				      MS_H248_BIND_TEXT, &a, NULL),
			 0);
	m = recode(f, (struct ms_h248_message *)(uintptr_t)m, &a, &octets);
	ms_buf_reset(text);
	assert_int_equal(ms_h248_text_encode(m, MS_H248_TEXT_LONG, text), 0);
	ms_h248_arena_done(&a);
	ms_buf_done(&octets);
}

/* ---- the controller ---- */

static void write_text(struct fake *f, struct ms_buf *to, const struct ms_h248_action *actions,
		       const struct ms_h248_error *error, enum ms_h248_transaction_kind kind)
{
	struct ms_h248_transaction t = { .kind = kind, .id = 1 };
	struct ms_h248_message m = { .version = f->version, .transactions = &t };

	t.actions = (struct ms_h248_action *)(uintptr_t)actions;
	t.error = (struct ms_h248_error *)(uintptr_t)error;
	m.mid = (struct ms_h248_mid){ .kind = MS_H248_MID_DOMAIN, .name = MS_SPAN_LIT("mg") };
	ms_buf_reset(to);
	assert_int_equal(ms_h248_text_encode(&m, MS_H248_TEXT_LONG, to), 0);
	if (fake_binary)
		through_binary(f, to);
}

static int on_request(void *arg, unsigned controller, uint32_t cookie,
		      struct ms_h248_action *actions)
{
	struct fake *f = arg;

	(void)controller;
	write_text(f, &f->request, actions, NULL, MS_H248_REQUEST);
	f->cookie = cookie;
	f->requests++;
	return 0;
}

static void on_reply(void *arg, void *job, const struct ms_h248_transaction *t)
{
	struct fake *f = arg;

	assert_ptr_equal(job, f);
	if (f->tortured)
		f->made = ms_alloc_fail_after(-1);
	f->tortured = false;
	f->replies++;
	write_text(f, &f->reply, t->actions, t->error, MS_H248_REPLY);
}

static void on_state(void *arg, enum ms_mg_state from, enum ms_mg_state to, unsigned controller,
		     const char *why)
{
	struct fake *f = arg;

	(void)from;
	(void)to;
	(void)controller;
	f->state = why;
}

static void on_count(void *arg, const char *counter)
{
	struct fake *f = arg;
	bool known = false;

	for (const char *const *c = ms_mg_counters; *c; c++)
		known |= strcmp(*c, counter) == 0;
	assert_true(known);
	ms_buf_put_str(&f->counts, counter);
	ms_buf_put_u8(&f->counts, ' ');
}

/* Decodes "MEGACO/2 ..." around the actions, and binds. */
struct decoded {
	struct ms_h248_arena arena;
	char text[8192];
	struct ms_buf octets;
	const struct ms_h248_message *m;
};

static void decode(struct fake *f, struct decoded *d, const char *kind, const char *actions)
{
	struct ms_h248_refused refused;
	struct ms_fault fault;

	ms_h248_arena_init(&d->arena, 0);
	ms_buf_init(&d->octets, 1 << 20);
	(void)snprintf(d->text, sizeof(d->text), "MEGACO/%u <mgc> %s=1{%s}", f->version, kind,
		       actions);
	if (ms_h248_text_decode(ms_span_str(d->text), &d->arena, &refused, &d->m))
		fail_msg("%d %s at %zu: %s", refused.fault.code, refused.fault.reason,
			 refused.fault.offset, d->text + refused.fault.offset);
	assert_int_equal(ms_h248_bind((struct ms_h248_message *)(uintptr_t)d->m, &f->registry,
				      MS_H248_BIND_TEXT, &d->arena, &fault),
			 0);
	if (fake_binary)
		d->m = recode(f, (struct ms_h248_message *)(uintptr_t)d->m, &d->arena, &d->octets);
}

static void forget(struct decoded *d)
{
	memset(d->text, 'X', sizeof(d->text)); /* the tree is borrowed during the call only */
	if (d->octets.len)
		memset(d->octets.p, 'X', d->octets.len);
	ms_h248_arena_done(&d->arena);
	ms_buf_done(&d->octets);
}

int fake_ask_from(struct fake *f, unsigned controller, const char *actions)
{
	struct decoded d;
	int err;

	decode(f, &d, "Transaction", actions);
	f->did[0] = 0;
	if (f->tortured)
		ms_alloc_fail_after(f->fail_after);
	err = ms_mg_request(f->g, controller, f, d.m->transactions, f->now);
	forget(&d);
	if (!f->by_hand)
		fake_apply(f);
	return err;
}

int fake_ask(struct fake *f, const char *actions)
{
	return fake_ask_from(f, 0, actions);
}

void fake_answer(struct fake *f, int err, const char *actions)
{
	struct decoded d;

	if (err) {
		ms_mg_answered(f->g, f->cookie, err, NULL, f->now);
		return;
	}
	decode(f, &d, "Reply", actions);
	ms_mg_answered(f->g, f->cookie, 0, d.m->transactions, f->now);
	forget(&d);
	if (!f->by_hand)
		fake_apply(f);
}

const char *fake_reply(struct fake *f)
{
	return ms_buf_cstr(&f->reply);
}

const char *fake_request(struct fake *f)
{
	return ms_buf_cstr(&f->request);
}

void fake_event(struct fake *f, enum ms_bearer_event_kind kind, const char *cause)
{
	struct ms_bearer_event e = { .kind = kind, .general = MS_BEARER_NORMAL, .alert = 255 };

	(void)snprintf(e.cause, sizeof(e.cause), "%s", cause);
	f->did[0] = 0;
	ms_mg_event(f->g, f->endpoint, &e, f->now);
	if (!f->by_hand)
		fake_apply(f);
}

/* ---- all ---- */

static int fill(void *arg, void *p, size_t n)
{
	(void)arg;
	memset(p, 0, n);
	return 0;
}

void fake_begin(struct fake *f)
{
	static const char *const realms[] = { "core", "access" };
	static const struct ms_random zero = { fill, NULL };

	memset(f, 0, sizeof(*f));
	f->now = 1000 * MS_SEC;
	f->next_port = 40000;
	f->version = 2;
	ms_buf_init(&f->reply, 1 << 20);
	ms_buf_init(&f->request, 1 << 20);
	ms_buf_init(&f->counts, 1 << 20);
	ms_h248_registry_init(&f->registry);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(ms_h248_registry_add_group(&f->registry, ms_span_str(realms[i]),
							    MS_SPAN_LIT("1")),
				 0);
	f->options = (struct ms_mg_options){
		.coding = { &ms_h248_profile_iq, &f->registry },
		.controllers = 2,
		.realms = realms,
		.n_realms = 2,
		.plane = { place, reserve, release, fingerprint, submit, f },
		.handlers = { .request = on_request,
			      .reply = on_reply,
			      .state = on_state,
			      .count = on_count,
			      .arg = f },
		.random = &zero,
	};
}

int fake_start(struct fake *f)
{
	return ms_mg_new(&f->options, f->now, &f->g);
}

void fake_register(struct fake *f)
{
	ms_mg_tick(f->g, f->now);
	fake_answer(f, 0, "Context=-{ServiceChange=ROOT{Services{Version=2}}}");
	assert_int_equal(ms_mg_state(f->g), MS_MG_IN_SERVICE);
}

void fake_new(struct fake *f)
{
	fake_begin(f);
	assert_int_equal(fake_start(f), 0);
	fake_register(f);
}

void fake_free(struct fake *f)
{
	f->g = ms_mg_free(f->g);
	ms_bearer_wipe(&f->last);
	ms_buf_done(&f->reply);
	ms_buf_done(&f->request);
	ms_buf_done(&f->counts);
}
