/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A controller whose gateway says anything: the input is messages in text, one after another, separated
 * by NUL. Their requests come from the gateway, their replies answer whatever the controller has asked
 * last. It holds a context all the time and takes up new ones; the end must leave nothing behind.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"
#include "h248/mgc.h"
#include "h248/package.h"
#include "h248/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WAITING 64

struct world {
	struct ms_mgc *m;
	struct ms_mgc_gateway *g;
	uint32_t waiting[WAITING];
	size_t n, replies;
	struct ms_mgc_context *c;
};

static struct ms_h248_registry registry;

static void check(int condition)
{
	if (!condition)
		abort();
}

static int on_request(void *arg, struct ms_mgc_gateway *g, uint32_t cookie,
		      struct ms_h248_action *actions)
{
	struct world *w = arg;

	(void)g;
	check(actions->commands != NULL);
	if (w->n == WAITING)
		return -EAGAIN;
	w->waiting[w->n++] = cookie;
	return 0;
}

static void on_reply(void *arg, void *job, const struct ms_h248_transaction *t)
{
	struct world *w = arg;

	(void)job;
	check(t->error || t->actions || w->replies < SIZE_MAX);
	w->replies++;
}

static void on_event(void *arg, struct ms_mgc_context *c, unsigned slot,
		     const struct ms_bearer_event *e)
{
	struct world *w = arg;

	check(c == w->c && slot < MS_MGC_SLOTS_MAX && memchr(e->cause, 0, sizeof(e->cause)));
	if (e->kind == MS_BEARER_TLS_FAILED) /* holders may let go in the midst of it */
		w->c = ms_mgc_context_release(c, 0);
}

static void on_lost(void *arg, struct ms_mgc_context *c, enum ms_mgc_lost why)
{
	struct world *w = arg;

	(void)why;
	check(c == w->c);
	w->c = ms_mgc_context_release(c, 0);
}

static void on_done(void *arg, struct ms_mgc_context *c, int status, uint16_t error,
		    const struct ms_mgc_result *results, size_t n)
{
	struct world *w = arg;

	(void)error;
	check(c == w->c && n <= 2);
	for (size_t i = 0; !status && i < n; i++)
		check(results[i].status == 0);
}

/* A new context, or more in the one there is. */
static void ask(struct world *w)
{
	struct ms_mgc_context_handlers h = { on_event, on_lost, w };
	struct ms_mgc_want want = { .not_at = NULL };
	struct ms_mgc_procedure *p;
	struct ms_bearer b;

	ms_bearer_init(&b);
	b.tls = true;
	b.want_fingerprints = 1u << MS_BEARER_SHA256;
	if (!w->c && ms_mgc_context_new(w->m, &want, &h, 0, &w->c) < 0)
		return;
	if (ms_mgc_begin(w->c, &p) < 0)
		return;
	for (unsigned slot = 0; slot < 2; slot++)
		if (ms_mgc_configure(p, slot, &b) < 0)
			check(ms_mgc_reserve(p, slot, 1, &b) == 0);
	(void)!ms_mgc_run(p, 0, on_done, w);
}

static void take(struct world *w, struct ms_h248_transaction *t, struct ms_h248_arena *arena)
{
	if (ms_h248_bind_transaction(t, &registry, MS_H248_BIND_TEXT, arena, NULL) < 0)
		return;
	if (t->kind == MS_H248_REQUEST) {
		size_t before = w->replies;

		ms_mgc_request(w->g, w, t, 0);
		check(w->replies == before + 1);
	} else if (t->kind == MS_H248_REPLY && w->n) {
		uint32_t cookie = w->waiting[--w->n];

		ms_mgc_answered(w->g, cookie, t->id % 7 ? 0 : -ETIMEDOUT, t, 0);
	}
}

static void message(struct world *w, struct ms_span text)
{
	const struct ms_h248_message *m;
	struct ms_h248_refused refused;
	struct ms_h248_arena arena;

	ms_h248_arena_init(&arena, 0);
	if (ms_h248_text_decode(text, &arena, &refused, &m) == 0)
		for (struct ms_h248_transaction *t = m->transactions; t; t = t->next)
			take(w, t, &arena);
	ms_h248_arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_mgc_handlers h = { .request = on_request, .reply = on_reply };
	struct ms_mgc_options o = { .coding.registry = &registry,
				    .any_profile = true,
				    .patience = size % 2 ? 0 : MS_SEC };
	struct ms_mgc_gateway_options go = { .name = "<agw1>", .weight = 1 };
	struct ms_span rest = ms_span_of(data, size);
	struct world w = { .m = NULL };

	if (!registry.packages[1].name.len)
		ms_h248_registry_init(&registry);
	h.arg = &w;
	check(ms_mgc_new(&o, &h, NULL, &w.m) == 0);
	check(ms_mgc_gateway_add(w.m, &go, &w.g) == 0);
	while (rest.len) {
		message(&w, ms_span_cut(&rest, 0));
		ask(&w);
		ms_mgc_tick(w.m, ms_mgc_deadline(w.m) == MS_NEVER ? 0 : ms_mgc_deadline(w.m));
	}
	w.c = ms_mgc_context_release(w.c, 0);
	check(ms_mgc_gateway_contexts(w.g) == 0);
	ms_mgc_free(w.m);
	return 0;
}
