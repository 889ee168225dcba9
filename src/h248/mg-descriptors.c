/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The descriptors of an Add, Modify or Move, one after another: what may stand there, then
 * TerminationState, streams (mg-stream.c), events (mg-events.c), Audit. And the attributes of a context.
 */
#include "core/alloc.h"
#include "h248/mg-priv.h"

static unsigned legal(struct mg_job *j, const struct ms_h248_command *cmd)
{
	if (cmd->modem)
		return ms_mg_refuse(j, 444, MS_SPAN_LIT("Modem"));
	if (cmd->mux)
		return ms_mg_refuse(j, 444, MS_SPAN_LIT("Mux"));
	if (cmd->digitmap.present)
		return ms_mg_refuse(j, 444, MS_SPAN_LIT("DigitMap"));
	if (cmd->has_observed || cmd->has_statistics || cmd->packages || cmd->service_change)
		return 447;
	return 0;
}

static unsigned state(struct mg_job *j, struct mg_termination *t, const struct ms_h248_media *m)
{
	struct mg_undo *u;

	if (m->state_properties)
		return ms_mg_refuse(j, m->state_properties->name.ref ? 455 : 440,
				    m->state_properties->name.item);
	if (m->service_state == MS_H248_SERVICE_TEST)
		return ms_mg_refuse(j, 449, MS_SPAN_LIT("Test"));
	u = ms_mg_undo_new(j, MG_UNDO_SET, t);
	if (!u)
		return 510;
	u->old.set = t->set;
	if (m->service_state == MS_H248_SERVICE_OUT || m->service_state == MS_H248_SERVICE_IN)
		t->set.service = m->service_state;
	if (m->event_buffer == MS_H248_BUFFER_OFF || m->event_buffer == MS_H248_BUFFER_LOCKSTEP)
		t->set.buffering = m->event_buffer;
	return 0;
}

static uint16_t id_of(const struct ms_h248_stream *s)
{
	return s->id ? s->id : 1;
}

static bool is_given(const struct ms_h248_media *m, uint16_t id)
{
	for (const struct ms_h248_stream *s = m ? m->streams : NULL; s; s = s->next)
		if (id_of(s) == id)
			return true;
	return false;
}

static unsigned given_streams(struct mg_job *j, struct mg_termination *t,
			      const struct ms_h248_command *cmd, struct ms_h248_command *reply)
{
	unsigned code = 0;

	for (const struct ms_h248_stream *s = cmd->media ? cmd->media->streams : NULL; s && !code;
	     s = s->next) {
		for (const struct ms_h248_stream *o = cmd->media->streams; o != s; o = o->next)
			if (id_of(o) == id_of(s))
				return 448;
		code = ms_mg_stream_apply(j, t, id_of(s), cmd, reply);
	}
	return code;
}

/* Signals and Events without a word about media concern the streams that are there. */
static unsigned other_streams(struct mg_job *j, struct mg_termination *t,
			      const struct ms_h248_command *cmd, struct ms_h248_command *reply)
{
	unsigned code = 0;

	if (!cmd->signals && !cmd->events)
		return 0;
	for (struct mg_stream *s = t->streams; s && !code; s = s->next)
		if (!is_given(cmd->media, s->id))
			code = ms_mg_stream_apply(j, t, s->id, cmd, reply);
	return code;
}

/* A signal or event names a stream: it must be one of the termination. */
static unsigned streams_exist(struct mg_job *j, const struct mg_termination *t,
			      const struct ms_h248_command *cmd)
{
	const struct ms_h248_signal *s = cmd->signals ? cmd->signals->list : NULL;
	const struct ms_h248_event *e = cmd->events ? cmd->events->list : NULL;

	for (; s; s = s->next)
		if ((s->stream && !ms_mg_stream_find(t, s->stream)) || !t->streams)
			return ms_mg_refuse(j, 441, s->name.item);
	for (; e; e = e->next)
		if (e->stream && !ms_mg_stream_find(t, e->stream))
			return ms_mg_refuse(j, 449, MS_SPAN_LIT("Stream"));
	return 0;
}

unsigned ms_mg_descriptors(struct mg_job *j, struct mg_termination *t,
			   const struct ms_h248_command *cmd, struct ms_h248_command *reply)
{
	unsigned code = legal(j, cmd);

	if (!code && cmd->media && cmd->media->has_state)
		code = state(j, t, cmd->media);
	if (!code)
		code = given_streams(j, t, cmd, reply);
	if (!code)
		code = other_streams(j, t, cmd, reply);
	if (!code)
		code = streams_exist(j, t, cmd);
	if (!code)
		code = ms_mg_events_apply(j, t, cmd);
	if (!code && cmd->audit)
		code = ms_mg_audit(j, t, cmd->audit, reply);
	return code;
}

/* ---- context attributes (RFC 3525 sections 6.1.1 and 7.1.18) ---- */

static unsigned termination_of(struct mg_job *j, const struct mg_context *c,
			       const struct ms_h248_termination *id, struct mg_termination **ret)
{
	struct mg_pattern p;
	unsigned code = ms_mg_pattern_read(j->g, id, &p);
	struct mg_termination *t;

	if (code)
		return code;
	if (p.kind != MG_PATTERN_ONE)
		return ms_mg_refuse(j, 501, MS_SPAN_LIT("wildcards in Topology"));
	t = ms_mg_termination_find(j->g, p.number);
	if (!t || t->gone)
		return 430;
	if (t->set.context != c)
		return 435;
	*ret = t;
	return 0;
}

/* Octets pass both ways between two ends of a connection or not at all. */
static unsigned topology(struct mg_job *j, const struct mg_context *c,
			 const struct ms_h248_topology *list, struct mg_topology **ret)
{
	unsigned code = 0;

	for (; list && !code; list = list->next) {
		struct mg_termination *from = NULL, *to = NULL;
		struct mg_topology *t;

		if (list->kind != MS_H248_TOPOLOGY_BOTHWAY &&
		    list->kind != MS_H248_TOPOLOGY_ISOLATE)
			return ms_mg_refuse(j, 501, MS_SPAN_LIT("one-way Topology"));
		if (list->stream)
			return ms_mg_refuse(j, 501, MS_SPAN_LIT("Topology of a stream"));
		code = termination_of(j, c, &list->from, &from);
		if (!code)
			code = termination_of(j, c, &list->to, &to);
		if (code || list->kind == MS_H248_TOPOLOGY_BOTHWAY)
			continue;
		t = ms_zalloc(sizeof(*t));
		if (!t)
			return 510;
		*t = (struct mg_topology){ *ret, from, to, list->kind };
		*ret = t;
	}
	return code;
}

static void tell(struct mg_job *j, const struct mg_context *c, const struct ms_h248_context *asked,
		 struct ms_h248_context *ret)
{
	if (!asked->audit)
		return;
	ret->present = true;
	if (asked->audit_emergency)
		ret->emergency = c->attributes.emergency ? MS_H248_FLAG_ON : MS_H248_FLAG_OFF;
	if (asked->audit_ieps)
		ret->ieps = c->attributes.ieps ? MS_H248_FLAG_ON : MS_H248_FLAG_OFF;
	if (asked->audit_priority) {
		ret->has_priority = true;
		ret->priority = c->attributes.priority;
	}
	if (!asked->audit_topology)
		return;
	ret->has_topology = true;
	for (const struct mg_topology *t = c->attributes.topology; t; t = t->next) {
		struct ms_h248_topology *n = ms_h248_arena_get(&j->arena, sizeof(*n));
		struct ms_h248_termination *from = ms_mg_name_node(j->g, &j->arena, t->from);
		struct ms_h248_termination *to = ms_mg_name_node(j->g, &j->arena, t->to);

		if (!n || !from || !to)
			return;
		*n = (struct ms_h248_topology){ ret->topology, *from, *to, t->kind, 0 };
		ret->topology = n;
	}
}

unsigned ms_mg_context_attributes(struct mg_job *j, struct mg_context *c,
				  const struct ms_h248_context *asked, struct ms_h248_context *ret)
{
	struct mg_attributes now = c->attributes;
	struct mg_undo *u;

	if (asked->properties)
		return ms_mg_refuse(j, 445, asked->properties->name.item);
	if (asked->has_priority && asked->priority > 15)
		return 449;
	now.topology = NULL;
	if (asked->has_priority)
		now.priority = asked->priority;
	if (asked->emergency)
		now.emergency = asked->emergency == MS_H248_FLAG_ON;
	if (asked->ieps)
		now.ieps = asked->ieps == MS_H248_FLAG_ON;
	unsigned code = topology(j, c, asked->topology, &now.topology);
	u = code ? NULL : ms_mg_undo_new(j, MG_UNDO_ATTRIBUTES, c);
	if (!u) {
		ms_mg_topology_free(now.topology);
		return code ? code : 510;
	}
	if (!asked->has_topology) {
		u->old.attributes =
			(struct mg_attributes){ c->attributes.priority, c->attributes.emergency,
						c->attributes.ieps, NULL };
		u->keep_topology = true;
		now.topology = c->attributes.topology;
	} else {
		u->old.attributes = c->attributes;
	}
	c->attributes = now;
	tell(j, c, asked, ret);
	return 0;
}
