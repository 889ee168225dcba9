/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The descriptors of an Add, Modify or Move, one after another: what may stand there, then
 * TerminationState, streams (mg-stream.c), events (mg-events.c), Audit.
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
	if (cmd->has_observed || cmd->packages || cmd->service_change ||
	    (cmd->has_statistics && j->g->version < 3))
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

/* Version 3: which statistics are to be kept and told. */
static unsigned statistics(struct mg_job *j, struct mg_termination *t,
			   const struct ms_h248_param *list)
{
	struct mg_undo *u = ms_mg_undo_new(j, MG_UNDO_SET, t);

	if (!u)
		return 510;
	u->old.set = t->set;
	return ms_mg_statistics_mask(j, list, &t->set.statistics);
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

static unsigned signals_exist(struct mg_job *j, const struct mg_termination *t,
			      const struct ms_h248_signal *s)
{
	for (; s; s = s->next) {
		unsigned code = s->is_list ? signals_exist(j, t, s->list) : 0;

		if (code)
			return code;
		if (!s->is_list && ((s->stream && !ms_mg_stream_find(t, s->stream)) || !t->streams))
			return ms_mg_refuse(j, 441, s->name.item);
	}
	return 0;
}

unsigned ms_mg_streams_exist(struct mg_job *j, const struct mg_termination *t,
			     const struct ms_h248_command *cmd)
{
	const struct ms_h248_signal *s = cmd->signals ? cmd->signals->list : NULL;
	const struct ms_h248_event *e = cmd->events ? cmd->events->list : NULL;
	unsigned code = s ? signals_exist(j, t, s) : 0;

	if (code)
		return code;
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
	if (!code && cmd->has_statistics)
		code = statistics(j, t, cmd->statistics);
	if (!code)
		code = given_streams(j, t, cmd, reply);
	if (!code)
		code = other_streams(j, t, cmd, reply);
	if (!code)
		code = ms_mg_streams_exist(j, t, cmd);
	if (!code)
		code = ms_mg_events_apply(j, t, cmd);
	if (!code && cmd->audit)
		code = ms_mg_audit(j, t, cmd->audit, reply);
	return code;
}
