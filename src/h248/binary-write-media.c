/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, writing: properties, media, events, signals and the small descriptors. */
#include "h248/binary-write-priv.h"

/* ---- names, values, properties ---- */

void ms_wr_name(struct wr *w, unsigned id, const struct ms_h248_name *n)
{
	uint8_t *p = ms_wr_room(w, 6);
	if (!n->id)
		ms_wr_bad(w);
	p[0] = (uint8_t)id;
	p[1] = 4;
	p[2] = (uint8_t)(n->id >> 24);
	p[3] = (uint8_t)(n->id >> 16);
	p[4] = (uint8_t)(n->id >> 8);
	p[5] = (uint8_t)n->id;
}

/* The lower half: names of parameters. */
static void wr_short_name(struct wr *w, unsigned id, uint32_t number)
{
	uint8_t *p = ms_wr_room(w, 4);
	if (!number)
		ms_wr_bad(w);
	p[0] = (uint8_t)id;
	p[1] = 2;
	p[2] = (uint8_t)(number >> 8);
	p[3] = (uint8_t)number;
}

static bool is_choose(const struct ms_h248_value *v)
{
	return !v->next && v->form == MS_H248_TEXT && v->octets.len == 1 && v->octets.p[0] == '$';
}

/* A.2, PropertyParm: CHOOSE is an empty sequence. */
void ms_wr_values(struct wr *w, unsigned id, const struct ms_h248_value *list)
{
	size_t mark = ms_wr_open(w, id);
	for (const struct ms_h248_value *v = list; v && !is_choose(v); v = v->next) {
		if (v->form != MS_H248_BER)
			ms_wr_bad(w);
		ms_wr_string(w, U_OCTETS, v->octets);
	}
	ms_wr_close(w, mark);
}

/* extraInfo: relation(0), range(1), sublist(2), a CHOICE. */
static void wr_extra(struct wr *w, enum ms_h248_relation relation)
{
	static const uint8_t relations[] = {
		[MS_H248_GREATER] = 0, [MS_H248_LESS] = 1, [MS_H248_UNEQUAL] = 2
	};
	if (relation == MS_H248_EQUAL)
		return;
	size_t mark = ms_wr_open(w, C(2));
	if (relation == MS_H248_RANGE)
		ms_wr_bool(w, P(1), true);
	else if (relation == MS_H248_ALL_OF || relation == MS_H248_ANY_OF)
		ms_wr_bool(w, P(2), relation == MS_H248_ALL_OF);
	else
		ms_wr_u8(w, P(0), relations[relation]);
	ms_wr_close(w, mark);
}

void ms_wr_param(struct wr *w, unsigned id, const struct ms_h248_param *p, size_t name_len)
{
	size_t mark = ms_wr_open(w, id);
	if (name_len == 4)
		ms_wr_name(w, P(0), &p->name);
	else
		wr_short_name(w, P(0), p->name.id & 0xffff);
	ms_wr_values(w, C(1), p->values);
	wr_extra(w, p->relation);
	ms_wr_close(w, mark);
}

void ms_wr_params(struct wr *w, unsigned id, const struct ms_h248_param *list, size_t name_len)
{
	size_t mark = ms_wr_open(w, id);
	for (; list; list = list->next)
		ms_wr_param(w, U_SEQUENCE, list, name_len);
	ms_wr_close(w, mark);
}

/* ---- media ---- */

static void wr_flag(struct wr *w, unsigned id, enum ms_h248_flag flag)
{
	if (flag)
		ms_wr_bool(w, id, flag == MS_H248_FLAG_ON);
}

static void wr_control(struct wr *w, unsigned id, const struct ms_h248_local_control *c)
{
	size_t mark = ms_wr_open(w, id);
	if (c->mode)
		ms_wr_u8(w, P(0), c->mode - MS_H248_MODE_SENDONLY);
	wr_flag(w, P(1), c->reserve_value);
	wr_flag(w, P(2), c->reserve_group);
	ms_wr_params(w, C(3), c->properties, 4);
	ms_wr_close(w, mark);
}

static void wr_stream(struct wr *w, unsigned id, const struct ms_h248_stream *s)
{
	size_t mark = ms_wr_open(w, id);
	if (s->has_control)
		wr_control(w, C(0), &s->control);
	if (s->local.present)
		ms_wr_sdp(w, C(1), &s->local);
	if (s->remote.present)
		ms_wr_sdp(w, C(2), &s->remote);
	if (s->has_statistics && ms_wr_since(w, 3))
		ms_wr_statistics(w, C(3), s->statistics);
	ms_wr_close(w, mark);
}

static void wr_state(struct wr *w, unsigned id, const struct ms_h248_media *m)
{
	size_t mark = ms_wr_open(w, id);
	ms_wr_params(w, C(0), m->state_properties, 4);
	if (m->event_buffer)
		ms_wr_u8(w, P(1), m->event_buffer - MS_H248_BUFFER_OFF);
	if (m->service_state)
		ms_wr_u8(w, P(2), m->service_state - MS_H248_SERVICE_TEST);
	ms_wr_close(w, mark);
}

static void wr_streams(struct wr *w, unsigned id, const struct ms_h248_stream *s)
{
	size_t choice = ms_wr_open(w, id);
	if (s->id == 0) {
		wr_stream(w, C(0), s);
	} else {
		size_t list = ms_wr_open(w, C(1));
		for (; s; s = s->next) {
			size_t one = ms_wr_open(w, U_SEQUENCE);
			ms_wr_uint(w, P(0), s->id);
			wr_stream(w, C(1), s);
			ms_wr_close(w, one);
		}
		ms_wr_close(w, list);
	}
	ms_wr_close(w, choice);
}

void ms_wr_media(struct wr *w, unsigned id, const struct ms_h248_media *m)
{
	size_t mark = ms_wr_open(w, id);
	if (m->has_state)
		wr_state(w, C(0), m);
	if (m->streams)
		wr_streams(w, C(1), m->streams);
	ms_wr_close(w, mark);
}

void ms_wr_statistics(struct wr *w, unsigned id, const struct ms_h248_param *list)
{
	size_t mark = ms_wr_open(w, id);
	for (; list; list = list->next) {
		size_t one = ms_wr_open(w, U_SEQUENCE);
		ms_wr_name(w, P(0), &list->name);
		if (list->values)
			ms_wr_values(w, C(1), list->values);
		ms_wr_close(w, one);
	}
	ms_wr_close(w, mark);
}

/* ---- signals ---- */

static const uint8_t directions[] = { [MS_H248_DIRECTION_INTERNAL] = 0,
				      [MS_H248_DIRECTION_EXTERNAL] = 1,
				      [MS_H248_DIRECTION_BOTH] = 3 };

static void wr_signal_v3(struct wr *w, const struct ms_h248_signal *s)
{
	if (!s->direction && !s->has_request_id && !s->has_delay)
		return;
	if (!ms_wr_since(w, 3))
		return;
	if (s->direction)
		ms_wr_u8(w, P(7), directions[s->direction]);
	if (s->has_request_id)
		ms_wr_uint(w, P(8), s->request_id);
	if (s->has_delay)
		ms_wr_uint(w, P(9), s->delay);
}

static void wr_signal(struct wr *w, unsigned id, const struct ms_h248_signal *s)
{
	size_t mark = ms_wr_open(w, id);
	ms_wr_name(w, P(0), &s->name);
	if (s->stream)
		ms_wr_uint(w, P(1), s->stream);
	if (s->type)
		ms_wr_u8(w, P(2), s->type - MS_H248_BRIEF);
	if (s->has_duration)
		ms_wr_uint(w, P(3), s->duration);
	if (s->has_completion)
		ms_wr_bits(w, P(4), s->completion);
	if (s->keep_active)
		ms_wr_bool(w, P(5), true);
	ms_wr_params(w, C(6), s->params, 2);
	wr_signal_v3(w, s);
	ms_wr_close(w, mark);
}

static void wr_signal_list(struct wr *w, const struct ms_h248_signal *s)
{
	size_t mark = ms_wr_open(w, C(1));
	ms_wr_uint(w, P(0), s->list_id);
	size_t list = ms_wr_open(w, C(1));
	for (const struct ms_h248_signal *inner = s->list; inner; inner = inner->next)
		wr_signal(w, U_SEQUENCE, inner);
	ms_wr_close(w, list);
	ms_wr_close(w, mark);
}

void ms_wr_signals(struct wr *w, unsigned id, const struct ms_h248_signals *signals)
{
	size_t mark = ms_wr_open(w, id);
	for (const struct ms_h248_signal *s = signals->list; s; s = s->next)
		if (s->is_list)
			wr_signal_list(w, s);
		else
			wr_signal(w, C(0), s);
	ms_wr_close(w, mark);
}

/* ---- events ---- */

static void wr_digitmap_fields(struct wr *w, const struct ms_h248_digitmap *d)
{
	if (d->name.len == 2)
		ms_wr_string(w, P(0), d->name);
	else if (d->name.len)
		ms_wr_bad(w);
	if (!d->body.p)
		return;
	size_t value = ms_wr_open(w, C(1));
	if (d->t)
		ms_wr_uint(w, P(0), d->t);
	if (d->s)
		ms_wr_uint(w, P(1), d->s);
	if (d->l)
		ms_wr_uint(w, P(2), d->l);
	ms_wr_string(w, P(3), d->body);
	if (d->z && ms_wr_since(w, 2))
		ms_wr_uint(w, P(4), d->z);
	ms_wr_close(w, value);
}

void ms_wr_digitmap(struct wr *w, unsigned id, const struct ms_h248_digitmap *d)
{
	size_t mark = ms_wr_open(w, id);
	wr_digitmap_fields(w, d);
	ms_wr_close(w, mark);
}

/* EventDM, a CHOICE: one of the two. */
static void wr_event_digitmap(struct wr *w, const struct ms_h248_digitmap *d)
{
	struct ms_h248_digitmap one = *d;
	if (one.body.p)
		one.name = MS_SPAN_NULL;
	ms_wr_digitmap(w, C(1), &one);
}

static void wr_event_list(struct wr *w, unsigned id, bool second,
			  const struct ms_h248_events *events);

static void wr_notify_behaviour(struct wr *w, unsigned id, const struct ms_h248_event *e)
{
	size_t mark = ms_wr_open(w, id);
	if (e->notify == MS_H248_NOTIFY_REGULATED) {
		size_t regulated = ms_wr_open(w, C(1));
		if (e->regulated_events)
			wr_event_list(w, C(0), true, e->regulated_events);
		if (e->regulated_signals)
			ms_wr_signals(w, C(1), e->regulated_signals);
		ms_wr_close(w, regulated);
	} else {
		ms_wr_null(w, e->notify == MS_H248_NOTIFY_IMMEDIATE ? P(0) : P(2));
	}
	ms_wr_close(w, mark);
}

/* RequestedActions, and SecondRequestedActions, which has no embedded events and lower fields. */
static void wr_actions(struct wr *w, bool second, const struct ms_h248_event *e)
{
	size_t mark = ms_wr_open(w, C(2));
	unsigned less = second ? 1 : 0;
	if (e->keep_active)
		ms_wr_bool(w, P(0), true);
	if (e->digitmap.present)
		wr_event_digitmap(w, &e->digitmap);
	if (e->events && second)
		ms_wr_bad(w);
	else if (e->events)
		wr_event_list(w, C(2), true, e->events);
	if (e->signals)
		ms_wr_signals(w, C(3 - less), e->signals);
	if (e->notify && ms_wr_since(w, 3))
		wr_notify_behaviour(w, C(4 - less), e);
	if (e->reset_events && ms_wr_since(w, 3))
		ms_wr_null(w, P(5 - less));
	ms_wr_close(w, mark);
}

static void wr_event(struct wr *w, bool second, const struct ms_h248_event *e)
{
	size_t mark = ms_wr_open(w, U_SEQUENCE);
	ms_wr_name(w, P(0), &e->name);
	if (e->stream)
		ms_wr_uint(w, P(1), e->stream);
	if (e->keep_active || e->digitmap.present || e->events || e->signals || e->notify ||
	    e->reset_events)
		wr_actions(w, second, e);
	ms_wr_params(w, C(3), e->params, 2);
	ms_wr_close(w, mark);
}

static void wr_event_list(struct wr *w, unsigned id, bool second,
			  const struct ms_h248_events *events)
{
	size_t mark = ms_wr_open(w, id);
	if (events->has_request_id)
		ms_wr_uint(w, P(0), events->request_id);
	size_t list = ms_wr_open(w, C(1));
	if (w->level > 64) /* a tree by hand that loops */
		ms_wr_bad(w);
	else
		for (const struct ms_h248_event *e = events->list; e; e = e->next)
			wr_event(w, second, e);
	ms_wr_close(w, list);
	ms_wr_close(w, mark);
}

void ms_wr_events(struct wr *w, unsigned id, const struct ms_h248_events *events)
{
	wr_event_list(w, id, false, events);
}

/* EventSpec: name, stream, parameters. */
void ms_wr_event_buffer(struct wr *w, unsigned id, const struct ms_h248_event *list)
{
	size_t mark = ms_wr_open(w, id);
	for (; list; list = list->next) {
		size_t one = ms_wr_open(w, U_SEQUENCE);
		ms_wr_name(w, P(0), &list->name);
		if (list->stream)
			ms_wr_uint(w, P(1), list->stream);
		ms_wr_params(w, C(2), list->params, 2);
		ms_wr_close(w, one);
	}
	ms_wr_close(w, mark);
}

void ms_wr_observed(struct wr *w, unsigned id, const struct ms_h248_command *c)
{
	size_t mark = ms_wr_open(w, id);
	ms_wr_uint(w, P(0), c->observed_id);
	size_t list = ms_wr_open(w, C(1));
	for (const struct ms_h248_observed *o = c->observed; o; o = o->next) {
		size_t one = ms_wr_open(w, U_SEQUENCE);
		ms_wr_name(w, P(0), &o->name);
		if (o->stream)
			ms_wr_uint(w, P(1), o->stream);
		ms_wr_params(w, C(2), o->params, 2);
		if (o->time.present)
			ms_wr_time(w, C(3), &o->time);
		ms_wr_close(w, one);
	}
	ms_wr_close(w, list);
	ms_wr_close(w, mark);
}

/* ---- the small descriptors ---- */

void ms_wr_package(struct wr *w, const struct ms_h248_package *p)
{
	wr_short_name(w, P(0), p->name.id >> 16);
	ms_wr_uint(w, P(1), p->version);
}

void ms_wr_packages(struct wr *w, unsigned id, const struct ms_h248_package *list)
{
	size_t mark = ms_wr_open(w, id);
	for (; list; list = list->next) {
		size_t one = ms_wr_open(w, U_SEQUENCE);
		ms_wr_package(w, list);
		ms_wr_close(w, one);
	}
	ms_wr_close(w, mark);
}

void ms_wr_modem(struct wr *w, unsigned id, const struct ms_h248_modem *m)
{
	size_t mark = ms_wr_open(w, id);
	ms_wr_string(w, C(0), m->types);
	ms_wr_params(w, C(1), m->properties, 4);
	ms_wr_close(w, mark);
}

void ms_wr_mux(struct wr *w, unsigned id, const struct ms_h248_mux *m)
{
	size_t mark = ms_wr_open(w, id);
	if (m->type < MS_H248_MUX_H221 || m->type > MS_H248_MUX_NX64)
		ms_wr_bad(w);
	else
		ms_wr_u8(w, P(0), m->type - MS_H248_MUX_H221);
	ms_wr_terminations(w, C(1), m->terminations);
	ms_wr_close(w, mark);
}
