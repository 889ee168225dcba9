/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServiceChange by the controller (RFC 3525 section 7.2.8): terminations, or with ROOT the whole gateway,
 * taken out of service or back into it, at once or after a delay; and HandOff (section 11.5). Failover
 * and Disconnected are the gateway's own to say.
 */
#include "h248/mg-priv.h"

#define DELAY_MAX 0x7fffffffu /* seconds: 68 years */

static ms_usec delay_of(const struct ms_h248_service_change *sc)
{
	uint32_t seconds = sc->has_delay ? sc->delay : 0;

	return (ms_usec)(seconds < DELAY_MAX ? seconds : DELAY_MAX) * MS_SEC;
}

static unsigned unsuited(struct mg_job *j, const struct ms_h248_service_change *sc)
{
	return ms_mg_refuse(
		j, 449, sc->method_name.len ? sc->method_name : MS_SPAN_LIT("ServiceChangeMethod"));
}

/* ---- one termination ---- */

/* Seconds are what the wheel knows; a part of one counts. */
static void plan(struct ms_mg *g, struct mg_termination *t, enum ms_h248_service_state state,
		 ms_usec delay, ms_usec now)
{
	t->set.change_to = state;
	t->set.change_at = (uint32_t)((now + delay + MS_SEC - 1) / MS_SEC);
	ms_mg_wheel_arm(g, t, now);
}

static void set_now(struct mg_termination *t, enum ms_h248_service_state state)
{
	t->set.service = state;
	t->set.change_at = 0;
}

static unsigned release(struct mg_job *j, struct mg_termination *t)
{
	for (struct mg_stream *s = t->streams; s; s = s->next)
		if (s->set.live && !ms_mg_op_new(j, MG_OP_SIGNALS, MS_PLANE_RELEASE, s))
			return 510;
	return 0;
}

static unsigned change(struct mg_job *j, struct mg_termination *t,
		       const struct ms_h248_service_change *sc)
{
	struct mg_undo *u = ms_mg_undo_new(j, MG_UNDO_SET, t);
	ms_usec delay = delay_of(sc);

	if (!u)
		return 510;
	u->old.set = t->set;
	switch (sc->method) {
	case MS_H248_SC_FORCED:
		set_now(t, MS_H248_SERVICE_OUT);
		return release(j, t);
	case MS_H248_SC_GRACEFUL:
		/* no delay: when it is in the null context, and ours are gone then */
		t->set.change_at = 0;
		if (delay)
			plan(j->g, t, MS_H248_SERVICE_OUT, delay, j->now);
		return 0;
	case MS_H248_SC_RESTART:
		if (delay)
			plan(j->g, t, MS_H248_SERVICE_IN, delay, j->now);
		else
			set_now(t, MS_H248_SERVICE_IN);
		return 0;
	default:
		return unsuited(j, sc);
	}
}

/* ---- ROOT ---- */

static bool set_context(struct mg_context *c, void *arg)
{
	const enum ms_h248_service_state *state = arg;
	struct mg_termination *t;
	struct ms_list *l;

	mg_each_termination(t, l, c)
	{
		set_now(t, *state);
	}
	return true;
}

static void set_all(struct ms_mg *g, enum ms_h248_service_state state)
{
	set_now(&g->root, state);
	ms_mg_contexts_each(g, set_context, &state);
}

void ms_mg_service_due(struct ms_mg *g, struct mg_termination *t)
{
	enum ms_h248_service_state state = t->set.change_to;

	if (t != &g->root) {
		set_now(t, state);
		return;
	}
	g->ordered_out = state == MS_H248_SERVICE_OUT;
	set_all(g, state);
}

/* The reply is on its way: nothing can be refused any more. */
void ms_mg_root_changed(struct ms_mg *g, enum ms_h248_sc_method method, ms_usec delay, ms_usec now)
{
	bool back = method == MS_H248_SC_RESTART;

	g->root.set.change_at = 0;
	if (!back)
		g->ordered_out = true;
	if (method == MS_H248_SC_FORCED) {
		set_all(g, MS_H248_SERVICE_OUT);
		ms_mg_release_all(g, now);
	} else if (delay) {
		plan(g, &g->root, back ? MS_H248_SERVICE_IN : MS_H248_SERVICE_OUT, delay, now);
	} else if (back) {
		g->ordered_out = false;
		set_all(g, MS_H248_SERVICE_IN);
	}
}

static unsigned change_root(struct mg_job *j, const struct ms_h248_service_change *sc)
{
	switch (sc->method) {
	case MS_H248_SC_HANDOFF:
		return ms_mg_handoff(j->g, sc, j->now);
	case MS_H248_SC_FORCED:
	case MS_H248_SC_GRACEFUL:
	case MS_H248_SC_RESTART:
		j->g->root_job = j;
		j->root_method = sc->method;
		j->root_delay = delay_of(sc);
		return 0;
	default:
		return unsuited(j, sc);
	}
}

bool ms_mg_closed(const struct ms_mg *g)
{
	return g->draining || g->ordered_out;
}

unsigned ms_mg_service_change(struct mg_call *c, struct mg_termination *t)
{
	const struct ms_h248_service_change *sc = c->cmd->service_change;

	if (!sc || !sc->method)
		return 472;
	if (!c->quiet && !ms_mg_reply_add(c->job, c->reply, c->cmd->verb,
					  ms_mg_name_node(c->job->g, &c->job->arena, t)))
		return 510;
	return t == &c->job->g->root ? change_root(c->job, sc) : change(c->job, t, sc);
}
