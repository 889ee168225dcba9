/* SPDX-License-Identifier: Apache-2.0 */
#include "h248/fake-gateway.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "h248/package.h"

static void must(bool condition)
{
	if (!condition)
		abort();
}

void fake_init(struct fake_gateway *f, const struct ms_h248_registry *registry)
{
	memset(f, 0, sizeof(*f));
	f->registry = registry;
	f->next_context = 7;
	f->next_termination = 9001;
	for (size_t i = 0; i < FAKE_QUEUE; i++) {
		ms_h248_arena_init(&f->queue[i].arena, 0);
		must(ms_h248_arena_get(&f->queue[i].arena, 1024) !=
		     NULL); /* no lack of memory later */
	}
}

void fake_done(struct fake_gateway *f)
{
	for (size_t i = 0; i < FAKE_QUEUE; i++)
		ms_h248_arena_done(&f->queue[i].arena);
}

void fake_forget(struct fake_gateway *f)
{
	memset(f->t, 0, sizeof(f->t));
}

struct fake_termination *fake_find(struct fake_gateway *f, const char *realm, uint16_t stream)
{
	for (size_t i = 0; i < FAKE_TERMINATIONS; i++)
		if (f->t[i].context && f->t[i].stream == stream &&
		    (!realm || strcmp(f->t[i].realm, realm) == 0))
			return &f->t[i];
	return NULL;
}

size_t fake_terminations(const struct fake_gateway *f)
{
	size_t n = 0;

	for (size_t i = 0; i < FAKE_TERMINATIONS; i++)
		n += f->t[i].context != 0;
	return n;
}

size_t fake_contexts(const struct fake_gateway *f)
{
	size_t n = 0;

	for (size_t i = 0; i < FAKE_TERMINATIONS; i++) {
		bool first = f->t[i].context != 0;

		for (size_t j = 0; j < i; j++)
			first = first && f->t[j].context != f->t[i].context;
		n += first;
	}
	return n;
}

/* ---- what a command says ---- */

static const struct ms_h248_param *find(const struct ms_h248_param *p, uint16_t ref)
{
	while (p && p->name.ref != ref)
		p = p->next;
	return p;
}

static int number(struct fake_gateway *f, const struct ms_h248_param *list, uint16_t ref,
		  int otherwise)
{
	const struct ms_h248_param *p = find(list, ref);
	int64_t n;

	if (!p || ms_h248_value_number(f->registry, ref, p->values, &n) < 0)
		return otherwise;
	return (int)n;
}

static void take_control(struct fake_gateway *f, struct fake_termination *t,
			 const struct ms_h248_local_control *c)
{
	const struct ms_h248_param *realm = find(c->properties, MS_H248_IPDC_REALM);

	t->bearer.mode = (enum ms_bearer_mode)(
		c->mode == MS_H248_MODE_SENDRECV ? MS_BEARER_SENDRECV : MS_BEARER_INACTIVE);
	t->bearer.incoming = (enum ms_bearer_incoming)(
		number(f, c->properties, MS_H248_XEM_TCPIN, MS_H248_XEM_TCPIN_ACCEPT) -
		MS_H248_XEM_TCPIN_ACCEPT);
	t->bearer.tcp_mode = (enum ms_bearer_tcp_mode)(
		number(f, c->properties, MS_H248_XEM_TCPMODE, MS_H248_XEM_TCPMODE_PROXY) -
		MS_H248_XEM_TCPMODE_PROXY);
	t->bearer.policy.filter_address = number(f, c->properties, MS_H248_GM_SAF, 0);
	if (realm)
		(void)!ms_span_to_str(realm->values->octets, t->realm, sizeof(t->realm));
}

static void take_signals(struct fake_gateway *f, struct fake_termination *t,
			 const struct ms_h248_signals *s)
{
	t->bearer.start_tcp = t->bearer.start_tls = false;
	t->bearer.latch = MS_BEARER_LATCH_OFF;
	for (const struct ms_h248_signal *i = s ? s->list : NULL; i; i = i->next) {
		if (i->name.ref == MS_H248_TCPBCC_ESTBNC)
			t->bearer.start_tcp = true;
		else if (i->name.ref == MS_H248_TLSBSC_ESTBNC)
			t->bearer.start_tls = true;
		else if (i->name.ref == MS_H248_IPNAPT_LATCH)
			t->bearer.latch = (enum ms_bearer_latch)number(
				f, i->params, MS_H248_IPNAPT_LATCH_NAPT, 0);
	}
}

static void take_events(struct fake_termination *t, const struct ms_h248_events *e)
{
	if (!e)
		return;
	t->armed_release = t->armed_tcp = t->armed_tls = t->armed_heartbeat = false;
	for (const struct ms_h248_event *i = e->list; i; i = i->next) {
		t->armed_release |= i->name.ref == MS_H248_G_CAUSE;
		t->armed_tcp |= i->name.ref == MS_H248_TCPBCC_BNCCHANGE;
		t->armed_tls |= i->name.ref == MS_H248_TLSBSC_BNCCHANGE;
		t->armed_heartbeat |= i->name.ref == MS_H248_HANGTERM_THB;
	}
}

static void take(struct fake_gateway *f, struct fake_termination *t,
		 const struct ms_h248_command *cmd)
{
	const struct ms_h248_stream *s = cmd->media ? cmd->media->streams : NULL;

	if (s) {
		t->stream = s->id;
		take_control(f, t, &s->control);
		if (s->local.present)
			must(ms_h248_coding_get_sdp(s->local.sdp, MS_H248_CODING_LOCAL, &t->bearer,
						    NULL) == 0);
		if (s->remote.present)
			must(ms_h248_coding_get_sdp(s->remote.sdp, MS_H248_CODING_REMOTE,
						    &t->bearer, NULL) == 0);
	}
	take_signals(f, t, cmd->signals);
	take_events(t, cmd->events);
}

/* 203.0.113.x in the realm "access", 192.0.2.x elsewhere; 2001:db8::x for IPv6. */
static void choose(struct fake_gateway *f, struct fake_termination *t)
{
	struct ms_bearer *b = &t->bearer;
	static const uint8_t v6[] = { 0x20, 0x01, 0x0d, 0xb8 };
	static const uint8_t access[] = { 203, 0, 113, 7 }, core[] = { 192, 0, 2, 10 };

	if (!b->local.port) {
		b->local.port = (uint16_t)(40000 + f->next_termination - 9000);
		if (b->local.family == 6)
			memcpy(b->local.octets, v6, 4);
		else
			memcpy(b->local.octets, strcmp(t->realm, "access") ? core : access, 4);
	}
	if (b->want_fingerprints && !b->local_fingerprints.n) {
		b->local_fingerprints.n = 1;
		b->local_fingerprints.list[0].hash = MS_BEARER_SHA256;
		b->local_fingerprints.list[0].len = 32;
		memset(b->local_fingerprints.list[0].digest, 0xAB, 32);
	}
	if (strcmp(b->local_path, "$") == 0)
		(void)snprintf(b->local_path, sizeof(b->local_path),
			       "msrp%s://192.0.2.10:%u/gw%u;tcp", b->tls ? "s" : "", b->local.port,
			       f->next_termination);
}

/* ---- answers ---- */

static void put_error(struct ms_h248_arena *a, struct ms_h248_command *r, uint16_t code)
{
	r->error = ms_h248_arena_get(a, sizeof(*r->error));
	r->error->code = code;
}

static void put_local(struct fake_gateway *f, struct ms_h248_arena *a, struct ms_h248_command *r,
		      const struct fake_termination *t)
{
	char room[2048];
	struct ms_buf b;

	if (f->no_local)
		return;
	ms_buf_init_fixed(&b, room, sizeof(room));
	ms_h248_coding_put_sdp(&b, &t->bearer, MS_H248_CODING_LOCAL);
	r->media = ms_h248_arena_get(a, sizeof(*r->media));
	r->media->streams = ms_h248_arena_get(a, sizeof(*r->media->streams));
	r->media->streams->id = t->stream;
	r->media->streams->local.present = true;
	r->media->streams->local.sdp = ms_h248_arena_copy(a, ms_buf_span(&b));
}

static struct fake_termination *named(struct fake_gateway *f, uint32_t context,
				      const struct ms_h248_termination *t)
{
	for (size_t i = 0; i < FAKE_TERMINATIONS; i++)
		if (f->t[i].context == context && ms_span_is(t->name, f->t[i].name))
			return &f->t[i];
	return NULL;
}

static void add(struct fake_gateway *f, uint32_t context, const struct ms_h248_command *cmd,
		struct ms_h248_arena *a, struct ms_h248_command *r)
{
	struct fake_termination *t = f->t;

	while (t->context)
		t++;
	memset(t, 0, sizeof(*t));
	t->context = context;
	ms_bearer_init(&t->bearer);
	take(f, t, cmd);
	choose(f, t);
	(void)snprintf(t->name, sizeof(t->name), "ip/%s/1/%u", t->realm[0] ? t->realm : "any",
		       f->next_termination++);
	r->terminations = ms_h248_arena_get(a, sizeof(*r->terminations));
	r->terminations->name = ms_h248_arena_copy(a, ms_span_str(t->name));
	put_local(f, a, r, t);
	f->adds++;
}

static void subtract(struct fake_gateway *f, uint32_t context, const struct ms_h248_command *cmd)
{
	for (size_t i = 0; i < FAKE_TERMINATIONS; i++)
		if (f->t[i].context == context &&
		    (cmd->terminations->kind == MS_H248_TERMINATION_ALL ||
		     ms_span_is(cmd->terminations->name, f->t[i].name)))
			f->t[i].context = 0;
	f->subtracts++;
}

static void command(struct fake_gateway *f, uint32_t context, const struct ms_h248_command *cmd,
		    struct ms_h248_arena *a, struct ms_h248_command *r)
{
	struct fake_termination *t;

	switch (cmd->verb) {
	case MS_H248_ADD:
		add(f, context, cmd, a, r);
		return;
	case MS_H248_MODIFY:
		if (cmd->terminations->kind == MS_H248_TERMINATION_ROOT) {
			f->root_events++;
			if (f->refuse_overload && cmd->events && cmd->events->list &&
			    cmd->events->list->next)
				put_error(a, r, 440);
			return;
		}
		t = named(f, context, cmd->terminations);
		if (!t) {
			put_error(a, r, 430);
			return;
		}
		take(f, t, cmd);
		choose(f, t);
		t->modified++;
		f->modifies++;
		return;
	case MS_H248_SUBTRACT:
		subtract(f, context, cmd);
		return;
	case MS_H248_AUDIT_VALUE:
		if (cmd->terminations->kind == MS_H248_TERMINATION_ROOT)
			f->heartbeats++;
		else
			f->audits++;
		return;
	default:
		put_error(a, r, 443);
	}
}

static void audit_all(struct fake_gateway *f, struct ms_h248_arena *a,
		      struct ms_h248_transaction *reply)
{
	struct ms_h248_action **at = &reply->actions;

	f->audits++;
	if (f->refuse_audit) {
		reply->error = ms_h248_arena_get(a, sizeof(*reply->error));
		reply->error->code = 533;
		return;
	}
	for (size_t i = 0; i < FAKE_TERMINATIONS; i++) {
		if (!f->t[i].context)
			continue;
		*at = ms_h248_arena_get(a, sizeof(**at));
		(*at)->context = f->t[i].context;
		(*at)->commands = ms_h248_arena_get(a, sizeof(*(*at)->commands));
		(*at)->commands->verb = MS_H248_AUDIT_VALUE;
		at = &(*at)->next;
	}
}

static bool exists(const struct fake_gateway *f, uint32_t context)
{
	for (size_t i = 0; i < FAKE_TERMINATIONS; i++)
		if (f->t[i].context == context)
			return true;
	return false;
}

static void action(struct fake_gateway *f, const struct ms_h248_action *in, struct ms_h248_arena *a,
		   struct ms_h248_action *out)
{
	struct ms_h248_command **at = &out->commands;
	unsigned i = 0;

	out->context = in->context == MS_H248_CONTEXT_CHOOSE ? f->next_context++ : in->context;
	if (out->context != MS_H248_CONTEXT_NULL && in->context != MS_H248_CONTEXT_CHOOSE &&
	    !exists(f, out->context)) {
		out->error = ms_h248_arena_get(a, sizeof(*out->error));
		out->error->code = 411;
		return;
	}
	for (const struct ms_h248_command *c = in->commands; c; c = c->next, i++) {
		*at = ms_h248_arena_get(a, sizeof(**at));
		(*at)->verb = c->verb;
		(*at)->terminations = c->terminations;
		if (c->terminations->kind == MS_H248_TERMINATION_NAMED) {
			(*at)->terminations = ms_h248_arena_get(a, sizeof(*c->terminations));
			(*at)->terminations->name = ms_h248_arena_copy(a, c->terminations->name);
		} else {
			(*at)->terminations = NULL;
		}
		if (f->refuse && f->refuse_at == i)
			put_error(a, *at, f->refuse);
		else
			command(f, out->context, c, a, *at);
		if ((*at)->error)
			break;
		at = &(*at)->next;
	}
	f->refuse = 0;
}

int fake_request(struct fake_gateway *f, uint32_t cookie, const struct ms_h248_action *actions)
{
	struct ms_h248_arena *a;

	must(f->n_queue < FAKE_QUEUE);
	f->requests++;
	a = &f->queue[f->n_queue].arena;
	ms_h248_arena_reset(a);
	f->queue[f->n_queue].cookie = cookie;
	f->queue[f->n_queue].reply = (struct ms_h248_transaction){ .kind = MS_H248_REPLY };
	if (actions->context == MS_H248_CONTEXT_ALL) {
		audit_all(f, a, &f->queue[f->n_queue].reply);
	} else {
		struct ms_h248_action *out = ms_h248_arena_get(a, sizeof(*out));

		action(f, actions, a, out);
		f->queue[f->n_queue].reply.actions = out;
	}
	f->n_queue++;
	return 0;
}

/* A reply may make the controller send more, which is queued behind. */
static void drain(struct fake_gateway *f, int err, ms_usec now)
{
	for (size_t i = 0; i < f->n_queue; i++)
		ms_mgc_answered(f->g, f->queue[i].cookie, err, err ? NULL : &f->queue[i].reply,
				now);
	f->n_queue = 0;
}

void fake_deliver(struct fake_gateway *f, ms_usec now)
{
	drain(f, 0, now);
}

void fake_lose(struct fake_gateway *f, ms_usec now)
{
	drain(f, -ETIMEDOUT, now);
}
