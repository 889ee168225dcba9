/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens at the endpoints becomes Notify transactions, if the controller asked for it (RFC 3525
 * sections 7.1.9, 7.1.10, 7.2.7), once a transition. With EventBufferControl LockStep, events after a
 * Notify wait for new Events.
 */
#include <stdio.h>

#include "core/alloc.h"
#include "h248/mg-priv.h"

/* ---- sending ---- */

/* "2026-11-20T06:45:00.123Z" as yyyymmdd and hhmmss with hundredths. */
static void stamp(const struct ms_mg *g, ms_usec now, struct ms_h248_timestamp *ret)
{
	static const uint8_t date[8] = { 0, 1, 2, 3, 5, 6, 8, 9 };
	static const uint8_t time[8] = { 11, 12, 14, 15, 17, 18, 20, 21 };
	char iso[32];

	if (!g->o.wall)
		return;
	ms_usec_to_iso(now + g->o.wall, iso);
	for (size_t i = 0; i < 8; i++) {
		ret->date[i] = iso[date[i]];
		ret->time[i] = iso[time[i]];
	}
	ret->present = true;
}

bool ms_mg_notify(struct ms_mg *g, struct mg_termination *t, uint32_t request_id,
		  struct ms_h248_observed *o, enum mg_ask_kind kind, ms_usec now)
{
	struct ms_h248_command cmd = { .verb = MS_H248_NOTIFY,
				       .has_observed = true,
				       .observed_id = request_id,
				       .observed = o };
	struct ms_h248_action action = { .commands = &cmd };

	if (g->state != MS_MG_IN_SERVICE)
		return false;
	action.context = t->set.context ? t->set.context->id : MS_H248_CONTEXT_NULL;
	cmd.terminations = ms_mg_name_node(g, &g->scratch, t);
	if (!o->time.present)
		stamp(g, now, &o->time);
	bool ok = cmd.terminations && ms_mg_ask(g, kind, t, &action);
	ms_h248_arena_reset(&g->scratch);
	t->touched = (uint32_t)(now / MS_SEC);
	g->figures.notifies += ok;
	mg_count(g, ok ? "notified" : "notify_lost");
	return ok;
}

/* ---- buffering ---- */

void ms_mg_observed_free(struct mg_termination *t)
{
	while (t->buffered) {
		struct mg_observed *next = t->buffered->next;

		ms_free(t->buffered);
		t->buffered = next;
	}
}

static void buffer(struct ms_mg *g, struct mg_termination *t, const struct mg_observed *what)
{
	struct mg_observed **at = &t->buffered, *o;
	uint32_t n = 0;

	for (; *at; at = &(*at)->next)
		n++;
	o = n < g->limits.buffered ? ms_zalloc(sizeof(*o)) : NULL;
	if (!o) {
		mg_count(g, "event_buffer_full");
		return;
	}
	*o = *what;
	o->next = NULL;
	*at = o;
}

/* Recognized: told, unless that is not wanted, and what is embedded in it takes effect. */
static bool recognize(struct ms_mg *g, struct mg_termination *t, const struct mg_armed *a,
		      const struct mg_observed *what, ms_usec now)
{
	uint32_t id = t->events->request_id;
	struct ms_h248_observed *o;
	bool ok = a->silent;

	if (a->then)
		ms_mg_embedded_due(g, t, a);
	o = ok ? NULL : ms_mg_observed_put(g, &g->scratch, what);
	ok |= o && ms_mg_notify(g, t, id, o, MG_ASK_NOTIFY, now);
	ms_h248_arena_reset(&g->scratch);
	/* nobody answers what was not told with new Events */
	t->locked = ok && t->set.buffering == MS_H248_BUFFER_LOCKSTEP;
	return ok;
}

enum mg_heard ms_mg_observe(struct ms_mg *g, struct mg_termination *t, const struct mg_observed *o,
			    ms_usec now)
{
	const struct mg_armed *a;

	if (t->locked) {
		if (!ms_mg_events_find(t->event_buffer, o->ref, o->stream))
			return MG_NOT_ARMED;
		buffer(g, t, o);
		return MG_TOLD;
	}
	a = ms_mg_events_find(t->events, o->ref, o->stream);
	if (!a)
		return MG_NOT_ARMED;
	return recognize(g, t, a, o, now) ? MG_TOLD : MG_NOT_TOLD;
}

void ms_mg_notify_unbuffered(struct mg_termination *t)
{
	if (t->set.buffering == MS_H248_BUFFER_LOCKSTEP)
		return;
	ms_mg_observed_free(t);
	t->locked = false;
}

/* RFC 3525 section 7.1.9: in order; what the new Events do not have is dropped; a Notify locks again. */
void ms_mg_notify_buffered(struct ms_mg *g, struct mg_termination *t, ms_usec now)
{
	t->locked = false;
	while (t->buffered && !t->locked) {
		struct mg_observed *o = t->buffered;
		const struct mg_armed *a = ms_mg_events_find(t->events, o->ref, o->stream);

		t->buffered = o->next;
		if (a)
			(void)recognize(g, t, a, o, now);
		ms_free(o);
	}
}

/* ---- as a descriptor ---- */

static bool put_param(const struct ms_mg *g, struct ms_h248_arena *a, struct ms_h248_observed *o,
		      uint16_t ref, struct ms_span text)
{
	struct ms_h248_param *p = ms_h248_arena_get(a, sizeof(*p)), **at = &o->params;
	struct ms_h248_value *v = ms_h248_arena_get(a, sizeof(*v));

	if (!p || !v)
		return false;
	v->octets = ms_h248_arena_copy(a, text);
	p->name = ms_h248_name_of(g->o.coding.registry, ref);
	p->values = v;
	while (*at)
		at = &(*at)->next;
	*at = p;
	return v->octets.p != NULL;
}

static int meth_of(unsigned how)
{
	return how == MS_H248_NC_TIMEOUT  ? MS_H248_G_SC_METH_TO
	       : how == MS_H248_NC_SIGNAL ? MS_H248_G_SC_METH_SD
					  : MS_H248_G_SC_METH_NC;
}

/* g/sc (RFC 3525 E.1.2) */
static struct ms_h248_observed *put_ended(const struct ms_mg *g, struct ms_h248_arena *a,
					  const struct mg_observed *what)
{
	const struct ms_h248_registry *r = g->o.coding.registry;
	struct ms_h248_name name = ms_h248_name_of(r, what->signal);
	struct ms_h248_observed *o = ms_h248_arena_get(a, sizeof(*o));
	char text[160];

	if (!o)
		return NULL;
	o->name = ms_h248_name_of(r, MS_H248_G_SC);
	o->stream = what->stream;
	(void)snprintf(text, sizeof(text), "%.*s/%.*s", MS_SPAN_FMT(name.package),
		       MS_SPAN_FMT(name.item));
	bool ok = put_param(g, a, o, MS_H248_G_SC_SIGID, ms_span_str(text));

	if (ok)
		o->params->values->form = MS_H248_QUOTED; /* a string */
	ok = ok && put_param(g, a, o, MS_H248_G_SC_METH,
			     ms_h248_choice_name(r, MS_H248_G_SC_METH, meth_of(what->how)));
	(void)snprintf(text, sizeof(text), "%u", what->list);
	if (ok && what->listed)
		ok = put_param(g, a, o, MS_H248_G_SC_SLID, ms_span_str(text));
	return ok ? o : NULL;
}

struct ms_h248_observed *ms_mg_observed_put(const struct ms_mg *g, struct ms_h248_arena *a,
					    const struct mg_observed *o)
{
	struct ms_h248_observed *ret =
		o->ref == MS_H248_G_SC
			? put_ended(g, a, o)
			: ms_h248_coding_put_event(&g->o.coding, a, &o->event, o->ref, o->stream);

	if (ret)
		stamp(g, o->at, &ret->time); /* when it was detected */
	return ret;
}

/* ---- bearer events ---- */

static bool is_end(const struct ms_bearer_event *e)
{
	return e->kind == MS_BEARER_RELEASED || e->kind == MS_BEARER_TCP_FAILED ||
	       e->kind == MS_BEARER_TLS_FAILED;
}

/* True: the controller was told, or will be. */
static bool report(struct ms_mg *g, struct mg_stream *s, const struct ms_bearer_event *event,
		   ms_usec now)
{
	struct mg_observed o = { .at = now, .stream = s->id, .event = *event };

	for (const uint16_t *ref = ms_h248_coding_events(event->kind); *ref; ref++) {
		o.ref = *ref;
		enum mg_heard heard = ms_mg_observe(g, s->termination, &o, now);

		if (heard == MG_NOT_TOLD && is_end(event)) /* told when a controller is back */
			s->missed =
				(uint8_t)(event->general ? event->general : MS_BEARER_TEMPORARY);
		if (heard != MG_NOT_ARMED)
			return true;
	}
	return false;
}

/* What the event says of the endpoint. */
static const struct transition {
	const char *counter;
	bool tcp, tls, sets; /* up or not from now on; sets: they change */
	uint8_t over;        /* signals that ended by it */
	uint8_t how;
} transitions[] = {
	[MS_BEARER_TCP_UP] = { "tcp_up", true, false, true, MG_TCP, MS_H248_NC_TIMEOUT },
	[MS_BEARER_TCP_FAILED] = { "tcp_failed", false, false, true, MG_TCP | MG_TLS,
				   MS_H248_NC_OTHER },
	[MS_BEARER_TLS_UP] = { "tls_up", true, true, true, MG_TLS, MS_H248_NC_TIMEOUT },
	[MS_BEARER_TLS_FAILED] = { "tls_failed", false, false, true, MG_TCP | MG_TLS,
				   MS_H248_NC_OTHER },
	[MS_BEARER_RELEASED] = { "bearer_released", false, false, true, MG_TCP | MG_TLS,
				 MS_H248_NC_OTHER },
	[MS_BEARER_IDLE] = { "bearer_idle", false, false, false, 0, 0 },
	[MS_BEARER_LATCHED] = { "bearer_latched", false, false, false, 0, 0 },
};

static bool take_event(struct ms_mg *g, struct mg_stream *s, const struct ms_bearer_event *event,
		       ms_usec now)
{
	const struct transition *x = &transitions[event->kind];

	mg_count(g, x->counter);
	if (event->kind == MS_BEARER_LATCHED)
		s->set.latching = false;
	if (x->sets) {
		s->tcp_up = x->tcp;
		s->tls_up = x->tls;
	}
	ms_mg_signals_ended(g, s, x->over, x->how, now);
	return report(g, s, event, now);
}

void ms_mg_event(struct ms_mg *g, ms_plane_endpoint e, const struct ms_bearer_event *event,
		 ms_usec now)
{
	struct mg_stream *s = ms_mg_endpoint_find(g, e);

	if (s && !s->termination->gone && event->kind <= MS_BEARER_LATCHED)
		(void)take_event(g, s, event, now);
	ms_mg_embedded_run(g, now);
}

/* ---- a worker is gone ---- */

struct lost {
	struct ms_mg *g;
	uint16_t home;
	ms_usec now;
};

static bool lost_in(struct mg_context *c, void *arg)
{
	static const struct ms_bearer_event gone = { .kind = MS_BEARER_RELEASED,
						     .general = MS_BEARER_TEMPORARY,
						     .alert = 255,
						     .cause = "worker-lost" };
	struct lost *x = arg;
	struct mg_termination *t;
	struct ms_list *l;

	mg_each_termination(t, l, c)
	{
		bool told = true;

		for (struct mg_stream *s = t->streams; s && t->home == x->home; s = s->next) {
			if (!s->set.live)
				continue;
			s->set.live = false;
			s->partner = 0;
			told &= take_event(x->g, s, &gone, x->now);
		}
		if (!told)
			(void)ms_mg_tell_change(x->g, t, MS_H248_SC_FORCED,
						"904 Termination Malfunctioning", 0);
	}
	return true;
}

/* What an undo would bring back is gone, too. */
static void lost_in_undo(const struct mg_job *j, uint16_t home)
{
	for (struct mg_undo *u = j->at.undo; u; u = u->prev) {
		const struct mg_stream *s = u->what;

		if (u->kind == MG_UNDO_STREAM_SET && s->termination->home == home)
			u->old.stream_set.live = false;
	}
}

void ms_mg_home_lost(struct ms_mg *g, uint16_t home, ms_usec now)
{
	struct lost x = { g, home, now };
	struct ms_list *l;

	ms_list_foreach (l, &g->jobs)
		lost_in_undo((struct mg_job *)((char *)l - offsetof(struct mg_job, link)), home);

	ms_mg_contexts_each(g, lost_in, &x);
	ms_mg_embedded_run(g, now);
}

/* ---- what could not be told while there was no controller ---- */

static bool missed_in(struct mg_context *c, void *arg)
{
	struct lost *x = arg;
	struct mg_termination *t;
	struct ms_list *l;

	mg_each_termination(t, l, c)
	{
		for (struct mg_stream *s = t->streams; s; s = s->next) {
			struct ms_bearer_event e = { .kind = MS_BEARER_RELEASED,
						     .general = s->missed,
						     .alert = 255,
						     .cause = "while-alone" };

			if (!s->missed)
				continue;
			s->missed = 0;
			(void)report(x->g, s, &e, x->now);
		}
	}
	return true;
}

void ms_mg_notify_missed(struct ms_mg *g, ms_usec now)
{
	struct lost x = { g, 0, now };

	ms_mg_contexts_each(g, missed_in, &x);
	ms_mg_embedded_run(g, now);
}

/* ---- ROOT ---- */

void ms_mg_notify_root(struct ms_mg *g, uint16_t ref, unsigned percent, enum mg_ask_kind kind,
		       ms_usec now)
{
	struct ms_h248_value v = { .form = MS_H248_TEXT };
	struct ms_h248_param p = { .values = &v };
	struct ms_h248_observed o = { .name = ms_h248_name_of(g->o.coding.registry, ref) };
	char text[12];

	const struct mg_armed *a = ms_mg_events_find(g->root.events, ref, 0);

	if (!a)
		return;
	if (ref == MS_H248_CHP_MGCON) {
		(void)snprintf(text, sizeof(text), "%u", percent);
		v.octets = ms_span_str(text);
		p.name = ms_h248_name_of(g->o.coding.registry, MS_H248_CHP_MGCON_REDUCTION);
		o.params = &p;
	}
	if (a->then)
		ms_mg_embedded_due(g, &g->root, a);
	if (!a->silent)
		(void)ms_mg_notify(g, &g->root, g->root.events->request_id, &o, kind, now);
	ms_mg_embedded_run(g, now);
}
