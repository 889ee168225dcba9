/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway engine as a whole: making and freeing it, time, overload, what an operator sees. */
#include "h248/mg.h"

#include <errno.h>
#include <stdio.h>

#include "core/alloc.h"
#include "h248/mg-priv.h"

const char *const ms_mg_counters[] = {
	"bearer_idle",
	"bearer_latched",
	"bearer_released",
	"command_failed",
	"controller_lost",
	"embedded_done",
	"embedded_failed",
	"embedded_lost",
	"event_buffer_full",
	"hanging_asked",
	"held_contexts_released",
	"no_memory",
	"not_registered",
	"notified",
	"notify_lost",
	"notify_refused",
	"orphan_released",
	"overload_refused",
	"registered",
	"registration_refused",
	"requests_dropped",
	"tcp_failed",
	"tcp_up",
	"tls_failed",
	"tls_up",
	"transaction_failed",
	"unauthorized",
	NULL,
};

/* ---- making ---- */

static uint32_t default_of(uint32_t v, uint32_t otherwise)
{
	return v ? v : otherwise;
}

static void set_limits(struct ms_mg *g)
{
	struct ms_mg_limits *l = &g->limits;

	*l = g->o.limits;
	l->contexts = default_of(l->contexts, 100000);
	l->terminations = default_of(l->terminations, 16);
	l->all_terminations = default_of(l->all_terminations, 2 * l->contexts);
	if (l->all_terminations > MG_NUMBER_MAX)
		l->all_terminations = MG_NUMBER_MAX;
	l->streams = default_of(l->streams, 4);
	l->events = default_of(l->events, 16);
	l->buffered = default_of(l->buffered, 16);
	l->jobs = default_of(l->jobs, 10000);
	l->commands = default_of(l->commands, 100000);
	l->tree = l->tree ? l->tree : (size_t)64 << 20;
}

static uint32_t mask_for(uint32_t n)
{
	uint32_t m = 15;

	while (m < n && m < UINT32_MAX / 2)
		m = m << 1 | 1;
	return m;
}

/* The tables are as large as the limits say; untouched parts of them take no memory. */
static int make_tables(struct ms_mg *g)
{
	g->contexts_mask = mask_for(g->limits.contexts);
	g->terminations_mask = mask_for(g->limits.all_terminations);
	g->contexts = ms_calloc((size_t)g->contexts_mask + 1, sizeof(struct mg_context *));
	g->terminations =
		ms_calloc((size_t)g->terminations_mask + 1, sizeof(struct mg_termination *));
	g->endpoints = ms_calloc((size_t)g->terminations_mask + 1, sizeof(struct mg_stream *));
	return g->contexts && g->terminations && g->endpoints ? 0 : -ENOMEM;
}

static int take_realms(struct ms_mg *g)
{
	g->n_realms = g->o.n_realms;
	g->realms = ms_calloc(g->n_realms, sizeof(*g->realms));
	if (!g->realms)
		return -ENOMEM;
	for (unsigned i = 0; i < g->n_realms; i++)
		if (ms_span_to_str(ms_span_str(g->o.realms[i]), g->realms[i], sizeof(g->realms[i])))
			return -EINVAL;
	return 0;
}

/* Numbers begin at random: after a restart old ones are hardly met again. */
static int begin_numbers(struct ms_mg *g)
{
	uint32_t r[3] = { 0 };

	if (ms_random_fill(g->random, r, sizeof(r)))
		return -EIO;
	g->next_context = r[0] & 0x0fffffff;
	g->next_number = r[1] & (MG_NUMBER_MAX >> 1);
	g->next_endpoint = r[2] & 0x0fffffff;
	return 0;
}

static void begin_association(struct ms_mg *g, ms_usec now)
{
	const struct ms_h248_profile *p = g->o.coding.profile;
	uint32_t random = 0;

	(void)snprintf(g->profile, sizeof(g->profile), "%s",
		       g->o.profile ? g->o.profile : ms_h248_profile_name(p, &ms_profile_default));
	if (!g->o.ito_unit_ms)
		g->o.ito_unit_ms = ms_profile_default.h248_ito_unit_ms;
	if (!g->o.version)
		g->o.version = p->protocol;
	g->version = g->o.version;
	g->o.retry = g->o.retry ? g->o.retry : 5 * MS_SEC;
	g->o.hold = g->o.hold ? g->o.hold : 600 * MS_SEC;
	g->o.drain = g->o.drain ? g->o.drain : 60 * MS_SEC;
	g->previous = MS_MG_STRANGER;
	g->lost_at = g->handoff_due = MS_NEVER;
	g->overload_told = now - MS_SEC;
	g->timing = ms_h248_root_timing_default;
	/* RFC 3525 section 9.2: not all gateways at once when the power is back */
	if (g->o.avalanche > 0)
		(void)!ms_random_u32(g->random, &random);
	g->due = now +
		 (g->o.avalanche > 0 ? g->o.avalanche * (ms_usec)(random >> 1) / INT32_MAX : 0);
}

static bool complete(const struct ms_mg_options *o)
{
	return o->coding.profile && o->coding.registry && o->controllers && o->n_realms &&
	       o->n_realms < 255 && o->plane.place && o->plane.reserve && o->plane.release &&
	       o->plane.fingerprint && o->plane.submit && o->handlers.request && o->handlers.reply;
}

int ms_mg_new(const struct ms_mg_options *o, ms_usec now, struct ms_mg **ret_g)
{
	struct ms_mg *g;
	int err;

	if (!complete(o))
		return -EINVAL;
	g = ms_zalloc(sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->o = *o;
	g->random = o->random ? o->random : &ms_random_system;
	ms_list_init(&g->jobs);
	ms_list_init(&g->unused);
	ms_list_init(&g->activations);
	for (size_t i = 0; i < MG_WHEEL_SLOTS; i++)
		ms_list_init(&g->wheel[i]);
	ms_h248_arena_init(&g->scratch, 64 * 1024);
	g->root.set.service = MS_H248_SERVICE_IN;
	set_limits(g);
	begin_association(g, now);
	err = make_tables(g);
	if (!err)
		err = take_realms(g);
	if (!err)
		err = begin_numbers(g);
	if (err) {
		ms_mg_free(g);
		return err;
	}
	*ret_g = g;
	return 0;
}

/* ---- freeing ---- */

static void free_jobs(struct ms_list *head)
{
	struct ms_list *l, *tmp;

	ms_list_foreach_safe (l, tmp, head) {
		struct mg_job *j = (struct mg_job *)((char *)l - offsetof(struct mg_job, link));

		ms_h248_arena_done(&j->arena);
		ms_free(j);
	}
}

/* What the undo lists of jobs still hold, without a word to the plane. */
static void drop_undo(struct ms_mg *g)
{
	struct ms_list *l;

	ms_list_foreach (l, &g->jobs) {
		struct mg_job *j = (struct mg_job *)((char *)l - offsetof(struct mg_job, link));

		for (struct mg_undo *u = j->at.undo; u; u = u->prev) {
			if (u->kind == MG_UNDO_STREAM_SET)
				ms_mg_packed_free(&u->old.stream_set);
			else if (u->kind == MG_UNDO_EVENTS || u->kind == MG_UNDO_BUFFER)
				ms_mg_events_free(u->old.events);
			else if (u->kind == MG_UNDO_ATTRIBUTES)
				ms_mg_topology_free(u->old.attributes.topology);
		}
	}
}

static bool free_context(struct mg_context *c, void *arg)
{
	ms_mg_context_free(arg, c);
	return true;
}

struct ms_mg *ms_mg_free(struct ms_mg *g)
{
	if (!g)
		return NULL;
	drop_undo(g);
	if (g->contexts && g->terminations && g->endpoints)
		ms_mg_contexts_each(g, free_context, g);
	free_jobs(&g->jobs);
	free_jobs(&g->unused);
	ms_h248_arena_done(&g->scratch);
	ms_mg_embedded_done(g);
	ms_mg_events_free(g->root.events);
	ms_mg_events_free(g->root.event_buffer);
	ms_mg_observed_free(&g->root);
	ms_free(g->contexts);
	ms_free(g->terminations);
	ms_free(g->endpoints);
	ms_free(g->realms);
	ms_free(g);
	return NULL;
}

/* ---- released without being asked ---- */

static unsigned take_context(struct mg_job *j, struct mg_context *c)
{
	struct mg_termination *t;
	struct ms_list *l;
	unsigned code = 0;

	ms_mg_touch(j, c);
	mg_each_termination(t, l, c)
	{
		if (!code)
			code = ms_mg_take_away(j, t, NULL);
	}
	return code;
}

static bool release_context(struct mg_context *c, void *arg)
{
	struct lost {
		struct ms_mg *g;
		ms_usec now;
	} *x = arg;
	struct mg_job *j;

	if (c->job)
		return true;
	j = ms_mg_job_new(x->g, NULL, x->now);
	if (!j)
		return false;
	if (take_context(j, c)) {
		ms_mg_undo_to(j, &(struct mg_mark){ 0 });
		ms_mg_job_free(j);
		return false;
	}
	ms_mg_job_submit(j);
	return true;
}

void ms_mg_release_all(struct ms_mg *g, ms_usec now)
{
	struct {
		struct ms_mg *g;
		ms_usec now;
	} x = { g, now };

	ms_mg_contexts_each(g, release_context, &x);
}

void ms_mg_release_orphan(struct ms_mg *g, uint32_t number, ms_usec now)
{
	struct mg_termination *t = ms_mg_termination_find(g, number);
	struct mg_job *j;

	if (!t || t->gone || t->set.context->job)
		return;
	j = ms_mg_job_new(g, NULL, now);
	if (!j)
		return;
	mg_count(g, "orphan_released");
	ms_mg_touch(j, t->set.context);
	if (ms_mg_take_away(j, t, NULL))
		ms_mg_undo_to(j, &(struct mg_mark){ 0 });
	ms_mg_job_submit(j);
}

/* ---- overload (H.248.10, H.248.11) ---- */

void ms_mg_load(struct ms_mg *g, unsigned percent, ms_usec now)
{
	unsigned before = g->load >= 80 ? (g->load - 80) / 5 : 0;
	unsigned after = percent >= 80 ? (percent - 80) / 5 : 0;

	g->load = percent;
	if (before != after) /* steps of 20 percent less */
		ms_mg_notify_root(g, MS_H248_CHP_MGCON, after > 4 ? 100 : after * 20, MG_ASK_NOTIFY,
				  now);
	if (percent >= 80 && now - g->overload_told >= MS_SEC) {
		g->overload_told = now;
		ms_mg_notify_root(g, MS_H248_OCP_MG_OVERLOAD, 0, MG_ASK_NOTIFY, now);
	}
}

/* ---- time ---- */

void ms_mg_tick(struct ms_mg *g, ms_usec now)
{
	ms_mg_control_tick(g, now);
	ms_mg_wheel_tick(g, now);
}

ms_usec ms_mg_deadline(const struct ms_mg *g)
{
	ms_usec a = ms_mg_control_deadline(g), b = ms_mg_wheel_deadline(g);

	return a < b ? a : b;
}

/* ---- looking ---- */

enum ms_mg_state ms_mg_state(const struct ms_mg *g)
{
	return g->state;
}

unsigned ms_mg_controller(const struct ms_mg *g)
{
	return g->state == MS_MG_REGISTERING || g->state == MS_MG_IN_SERVICE ? g->controller
									     : MS_MG_STRANGER;
}

uint8_t ms_mg_version(const struct ms_mg *g)
{
	return g->version;
}

bool ms_mg_draining(const struct ms_mg *g)
{
	return g->draining;
}

void ms_mg_figures(const struct ms_mg *g, struct ms_mg_figures *ret)
{
	*ret = g->figures;
	ret->jobs = g->n_jobs;
}

struct look {
	const struct ms_mg *g;
	int (*f)(void *arg, const struct ms_mg_view *v);
	void *arg;
	int ret;
};

static int look_at(const struct look *x, const struct mg_termination *t, const struct mg_stream *s,
		   const char *name)
{
	struct ms_bearer b;
	struct ms_mg_view v = {
		.context = t->set.context->id,
		.termination = name,
		.stream = s->id,
		.endpoint = s->endpoint,
		.home = t->home,
		.live = s->set.live,
		.tcp_up = s->tcp_up,
		.tls_up = s->tls_up,
		.bearer = &b,
	};

	ms_mg_stream_bearer(s, &b);
	ms_secret_wipe(&b.psk);
	memcpy(b.realm, x->g->realms[t->realm], sizeof(b.realm));
	int ret = x->f(x->arg, &v);
	ms_bearer_wipe(&b);
	return ret;
}

static bool look_in(struct mg_context *c, void *arg)
{
	struct look *x = arg;
	struct mg_termination *t;
	struct ms_list *l;
	char name[MG_NAME_MAX];

	mg_each_termination(t, l, c)
	{
		ms_mg_name_put(x->g, t, name);
		for (struct mg_stream *s = t->streams; s && !x->ret; s = s->next)
			x->ret = look_at(x, t, s, name);
	}
	return !x->ret;
}

int ms_mg_each(const struct ms_mg *g, uint32_t context,
	       int (*f)(void *arg, const struct ms_mg_view *v), void *arg)
{
	struct look x = { g, f, arg, 0 };

	if (context == MS_H248_CONTEXT_ALL) {
		/* nothing is changed: the callback only looks */
		ms_mg_contexts_each((struct ms_mg *)(uintptr_t)g, look_in, &x);
		return x.ret;
	}
	struct mg_context *c = ms_mg_context_find(g, context);
	if (!c)
		return -ENOENT;
	(void)look_in(c, &x);
	return x.ret;
}

int ms_mg_look(const struct ms_mg *g, ms_plane_endpoint e,
	       int (*f)(void *arg, const struct ms_mg_view *v), void *arg)
{
	const struct look x = { g, f, arg, 0 };
	const struct mg_stream *s = ms_mg_endpoint_find(g, e);
	char name[MG_NAME_MAX];

	if (!s || !s->termination->set.context)
		return -ENOENT;
	ms_mg_name_put(g, s->termination, name);
	return look_at(&x, s->termination, s, name);
}
