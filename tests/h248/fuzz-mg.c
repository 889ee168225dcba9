/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway engine under a controller, a media plane and a clock that do what the input says. Input:
 * steps, each a letter and what belongs to it, ended by a line that is a dot:
 *
 *	T actions   a request of the controller, as in the text of a transaction
 *	F actions   the same, and the media plane refuses an operation of it
 *	S actions   the same from a controller that is none
 *	R actions   the answer to the gateway's last request
 *	X           that request is never answered
 *	E n k       event of kind k at the n-th endpoint
 *	W n         n seconds pass
 *	L           the controller is lost
 *	H           the worker is lost
 *	O n         load in percent
 *
 * Each request must be answered once; in the end everything must be released that was reserved.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "h248/mg.h"
#include "h248/package.h"
#include "h248/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ENDPOINTS 64

static struct ms_h248_registry registry;

/* What any of the profiles can. */
static const struct ms_h248_profile everything = { .name = offsetof(struct ms_profile,
								    h248_profile_iq),
						   .protocol = 3,
						   .tls = true,
						   .psk = true,
						   .msrp = true,
						   .latch = true };

struct world {
	struct ms_mg *g;
	ms_usec now;
	uint64_t token;
	struct ms_plane_op *ops;
	size_t n_ops;
	bool refuse;
	long reserved;
	uint16_t port;
	uint32_t cookie;
	unsigned asked, replies;
	ms_plane_endpoint endpoints[ENDPOINTS];
	unsigned n_endpoints;
};

static int place(void *arg, uint16_t *ret_home)
{
	(void)arg;
	*ret_home = 0;
	return 0;
}

static int reserve(void *arg, const char *realm, const struct ms_bearer_address *local,
		   struct ms_bearer_address *ret_local)
{
	struct world *w = arg;

	(void)realm;
	w->reserved++;
	*ret_local =
		(struct ms_bearer_address){ local->family ? local->family : 4, { 1 }, ++w->port };
	if (!ret_local->port)
		ret_local->port = ++w->port;
	return 0;
}

static void release(void *arg, const char *realm, const struct ms_bearer_address *local)
{
	struct world *w = arg;

	(void)realm;
	if (!local->port || --w->reserved < 0)
		abort();
}

static int fingerprint(void *arg, uint16_t home, uint32_t *certificate, enum ms_bearer_hash hash,
		       struct ms_bearer_fingerprint *ret)
{
	(void)arg;
	(void)home;
	*certificate = 1;
	*ret = (struct ms_bearer_fingerprint){ hash, 32, { 1 } };
	return hash == MS_BEARER_SHA256 ? 0 : 449;
}

static int submit(void *arg, uint64_t token, struct ms_plane_op *ops, size_t n)
{
	struct world *w = arg;

	if (w->token)
		return 511;
	w->token = token;
	w->ops = ops;
	w->n_ops = n;
	return 0;
}

static void apply(struct world *w)
{
	while (w->token) {
		uint64_t token = w->token;

		for (size_t i = 0; i < w->n_ops; i++) {
			struct ms_bearer b;

			w->ops[i].error = w->refuse && i == w->n_ops - 1 ? 510 : 0;
			if (w->ops[i].verb != MS_PLANE_SET)
				continue;
			if (ms_bearer_unpack(w->ops[i].bearer, &b))
				abort();
			ms_bearer_wipe(&b);
			w->endpoints[w->n_endpoints++ % ENDPOINTS] = w->ops[i].endpoint;
		}
		w->refuse = false;
		w->token = 0;
		ms_mg_applied(w->g, token, w->now);
	}
}

static int on_request(void *arg, unsigned controller, uint32_t cookie, struct ms_h248_action *a)
{
	struct world *w = arg;

	(void)controller;
	(void)a;
	w->cookie = cookie;
	return 0;
}

static void on_reply(void *arg, void *job, const struct ms_h248_transaction *t)
{
	struct world *w = arg;
	struct ms_h248_message m = { .version = 2,
				     .transactions = (struct ms_h248_transaction *)(uintptr_t)t };
	struct ms_buf b;

	if (job != w)
		abort();
	w->replies++;
	m.mid = (struct ms_h248_mid){ .kind = MS_H248_MID_DOMAIN, .name = MS_SPAN_LIT("g") };
	ms_buf_init(&b, 1 << 20);
	if (ms_h248_text_encode(&m, 0, &b) == -EINVAL)
		abort(); /* what we answer can be written */
	ms_buf_done(&b);
}

/* ---- steps ---- */

static void with_text(struct world *w, const char *kind, struct ms_span actions,
		      unsigned controller)
{
	struct ms_h248_refused refused;
	struct ms_h248_arena arena;
	const struct ms_h248_message *m;
	struct ms_buf text;

	ms_buf_init(&text, 1 << 17);
	ms_buf_printf(&text, "!/2 <m> %s=1{", kind);
	ms_buf_put_span(&text, actions);
	ms_buf_put_str(&text, "}");
	ms_h248_arena_init(&arena, 0);
	if (!ms_h248_text_decode(ms_buf_span(&text), &arena, &refused, &m) && m->transactions &&
	    !ms_h248_bind((struct ms_h248_message *)(uintptr_t)m, &registry, MS_H248_BIND_TEXT,
			  &arena, NULL)) {
		if (kind[0] == 'P') {
			ms_mg_answered(w->g, w->cookie, 0, m->transactions, w->now);
		} else if (ms_mg_request(w->g, controller, w, m->transactions, w->now) == 0) {
			w->asked++;
		} else {
			abort(); /* nothing is busy here */
		}
	}
	ms_h248_arena_done(&arena);
	ms_buf_done(&text);
	apply(w);
	if (w->asked != w->replies)
		abort();
}

static unsigned number(struct ms_span *s)
{
	struct ms_span word = ms_span_cut(s, ' ');
	uint64_t v = 0;

	return ms_span_u64(word, 1000000, &v) ? 0 : (unsigned)v;
}

static void happen(struct world *w, struct ms_span s)
{
	unsigned n = number(&s), kind = number(&s);
	struct ms_bearer_event e = { .kind = kind % (MS_BEARER_LATCHED + 1),
				     .general = 1 + n % 6,
				     .alert = 255,
				     .cause = "x" };

	ms_mg_event(w->g, w->endpoints[n % ENDPOINTS], &e, w->now);
}

static void pass(struct world *w, unsigned seconds)
{
	for (unsigned i = 0; i < seconds % 2000; i += 20) {
		w->now += 20 * MS_SEC;
		ms_mg_tick(w->g, w->now);
		apply(w);
	}
}

static void step(struct world *w, struct ms_span s)
{
	uint8_t letter = s.len ? s.p[0] : 0;
	struct ms_span rest = ms_span_trim(ms_span_from(s, 1));

	switch (letter) {
	case 'F':
		w->refuse = true;
		with_text(w, "T", rest, 0);
		w->refuse = false;
		break;
	case 'T':
		with_text(w, "T", rest, 0);
		break;
	case 'S':
		with_text(w, "T", rest, MS_MG_STRANGER);
		break;
	case 'R':
		with_text(w, "P", rest, 0);
		break;
	case 'X':
		ms_mg_answered(w->g, w->cookie, -ETIMEDOUT, NULL, w->now);
		break;
	case 'E':
		happen(w, rest);
		break;
	case 'W':
		pass(w, number(&rest));
		break;
	case 'L':
		ms_mg_controller_lost(w->g, 0, w->now);
		break;
	case 'H':
		ms_mg_home_lost(w->g, 0, w->now);
		break;
	case 'O':
		ms_mg_load(w->g, number(&rest), w->now);
		break;
	default:
		break;
	}
	apply(w);
}

/* ---- the whole ---- */

static int fill(void *arg, void *p, size_t n)
{
	(void)arg;
	memset(p, 0, n);
	return 0;
}

static bool open_world(struct world *w)
{
	static const char *const realms[] = { "core", "access" };
	static const struct ms_random zero = { fill, NULL };
	const struct ms_mg_options o = {
		.coding = { &everything, &registry },
		.controllers = 1,
		.realms = realms,
		.n_realms = 2,
		.limits = { .contexts = 16, .all_terminations = 64, .tree = 1 << 20 },
		.hold = 1000 * MS_SEC,
		.plane = { place, reserve, release, fingerprint, submit, w },
		.handlers = { .request = on_request, .reply = on_reply, .arg = w },
		.random = &zero,
	};

	memset(w, 0, sizeof(*w));
	w->now = 100 * MS_SEC;
	return ms_mg_new(&o, w->now, &w->g) == 0;
}

static void close_world(struct world *w)
{
	struct ms_mg_figures f;

	if (ms_mg_state(w->g) == MS_MG_IN_SERVICE) {
		ms_mg_load(w->g, 0, w->now);
		with_text(w, "T", MS_SPAN_LIT("C=*{W-S=*{AT{}}}"), 0);
		ms_mg_figures(w->g, &f);
		if (f.contexts || f.terminations || f.streams || w->reserved)
			abort();
	}
	ms_mg_free(w->g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_span rest = ms_span_of(data, size);
	struct world w;

	if (!registry.packages[1].name.len)
		ms_h248_registry_init(&registry);
	if (!open_world(&w))
		return 0;
	ms_mg_tick(w.g, w.now);
	with_text(&w, "P", MS_SPAN_LIT("C=-{SC=ROOT}"), 0);
	while (rest.len) {
		size_t n = ms_span_find_span(rest, MS_SPAN_LIT("\n.\n"));

		step(&w, ms_span_sub(rest, 0, n));
		rest = ms_span_from(rest, n + 3);
	}
	close_world(&w);
	return 0;
}
