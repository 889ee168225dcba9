/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The undo list of a transaction: each change of the gateway's state leaves an entry with what was
 * there before. A command that fails takes back its own entries, a transaction that fails all of
 * them; a transaction that is through frees what the entries hold.
 */
#include "core/alloc.h"
#include "h248/mg-priv.h"

struct mg_undo *ms_mg_undo_new(struct mg_job *j, enum mg_undo_kind kind, void *what)
{
	struct mg_undo *u = ms_h248_arena_get(&j->arena, sizeof(*u));

	if (!u)
		return NULL;
	u->kind = kind;
	u->what = what;
	u->prev = j->at.undo;
	j->at.undo = u;
	return u;
}

void ms_mg_touch(struct mg_job *j, struct mg_context *c)
{
	if (c->job == j)
		return;
	c->job = j;
	c->touched = j->touched;
	j->touched = c;
}

static void untouch(struct mg_job *j, struct mg_context *c)
{
	for (struct mg_context **at = &j->touched; *at; at = &(*at)->touched)
		if (*at == c) {
			*at = c->touched;
			return;
		}
}

static void move_back(struct mg_termination *t, const struct mg_termination_set *old)
{
	struct mg_context *now = t->set.context;

	t->set = *old;
	if (!now || old->context == now)
		return;
	ms_list_remove(&t->link);
	ms_list_append(&old->context->terminations, &t->link);
	now->n--;
	old->context->n++;
}

static void give_back(const struct ms_mg *g, const struct mg_port *port)
{
	g->o.plane.release(g->o.plane.arg, g->realms[port->realm], &port->address);
}

static void undo_termination(struct mg_undo *u)
{
	struct mg_termination *t = u->what;

	if (u->kind == MG_UNDO_SET) {
		move_back(t, &u->old.set);
	} else if (u->kind == MG_UNDO_EVENTS) {
		ms_mg_events_free(t->events);
		t->events = u->old.events;
	} else if (u->kind == MG_UNDO_BUFFER) {
		ms_mg_events_free(t->event_buffer);
		t->event_buffer = u->old.events;
	} else {
		t->gone = false;
		t->set.context->n++;
	}
}

static void undo_context(struct mg_job *j, struct mg_undo *u)
{
	struct mg_context *c = u->what;

	if (u->kind == MG_UNDO_CONTEXT) {
		untouch(j, c);
		ms_mg_context_free(j->g, c);
	} else {
		struct mg_topology *now = c->attributes.topology;

		c->attributes = u->old.attributes;
		if (u->keep_topology)
			c->attributes.topology = now;
		else
			ms_mg_topology_free(now);
	}
}

static void undo_stream(struct mg_job *j, struct mg_undo *u)
{
	struct mg_stream *s = u->what;

	if (u->kind == MG_UNDO_STREAM) {
		ms_mg_stream_free(j->g, s);
	} else {
		ms_mg_packed_free(&s->set);
		s->set = u->old.stream_set;
	}
}

static void undo_one(struct mg_job *j, struct mg_undo *u)
{
	switch (u->kind) {
	case MG_UNDO_CONTEXT:
	case MG_UNDO_ATTRIBUTES:
		undo_context(j, u);
		break;
	case MG_UNDO_TERMINATION:
		ms_mg_termination_free(j->g, u->what);
		break;
	case MG_UNDO_SET:
	case MG_UNDO_EVENTS:
	case MG_UNDO_BUFFER:
	case MG_UNDO_GONE:
		undo_termination(u);
		break;
	case MG_UNDO_STREAM:
	case MG_UNDO_STREAM_SET:
		undo_stream(j, u);
		break;
	case MG_UNDO_TAKEN:
		give_back(j->g, &u->old.port);
		break;
	case MG_UNDO_LEFT:
	case MG_UNDO_NOTHING:
		break;
	}
}

void ms_mg_undo_to(struct mg_job *j, const struct mg_mark *mark)
{
	while (j->at.undo != mark->undo) {
		struct mg_undo *u = j->at.undo;

		j->at.undo = u->prev;
		undo_one(j, u);
	}
	j->at = *mark;
}

/* Signals that a RelBNC has ended. */
static void commit_stream(struct mg_job *j, struct mg_stream *s)
{
	unsigned halted = s->set.halted;

	s->set.halted = 0;
	if (halted && !s->termination->gone)
		ms_mg_signals_ended(j->g, s, halted, MS_H248_NC_SIGNAL, j->now);
}

static void commit_one(struct mg_job *j, struct mg_undo *u)
{
	switch (u->kind) {
	case MG_UNDO_ATTRIBUTES:
		ms_mg_topology_free(u->old.attributes.topology);
		break;
	case MG_UNDO_EVENTS:
		ms_mg_events_free(u->old.events);
		if (!((struct mg_termination *)u->what)->gone)
			ms_mg_notify_buffered(j->g, u->what, j->now);
		break;
	case MG_UNDO_BUFFER:
		ms_mg_events_free(u->old.events);
		if (!((struct mg_termination *)u->what)->event_buffer)
			ms_mg_observed_free(u->what); /* RFC 3525 section 7.1.9 */
		break;
	case MG_UNDO_STREAM_SET:
		ms_mg_packed_free(&u->old.stream_set);
		commit_stream(j, u->what);
		break;
	case MG_UNDO_SET:
		ms_mg_notify_unbuffered(u->what);
		break;
	case MG_UNDO_LEFT:
		give_back(j->g, &u->old.port);
		break;
	case MG_UNDO_CONTEXT:
	case MG_UNDO_TERMINATION:
	case MG_UNDO_STREAM:
	case MG_UNDO_TAKEN:
	case MG_UNDO_GONE:
	case MG_UNDO_NOTHING:
		break;
	}
}

/* Last: the entries before may speak of terminations that go. */
void ms_mg_commit(struct mg_job *j)
{
	for (struct mg_undo *u = j->at.undo; u; u = u->prev)
		commit_one(j, u);
	for (struct mg_undo *u = j->at.undo; u; u = u->prev)
		if (u->kind == MG_UNDO_GONE)
			ms_mg_termination_free(j->g, u->what);
	j->at = (struct mg_mark){ 0 };
}
