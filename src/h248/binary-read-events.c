/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, reading: events, signals, observed events. */
#include "h248/binary-priv.h"

/* ---- signals ---- */

/* SignalDirection: internal(0), external(1), both(3). */
static bool rd_direction(struct rd *r, const struct el *e, enum ms_h248_direction *ret_direction)
{
	uint32_t v;
	if (!ms_rd_uint(r, e, 3, &v))
		return false;
	*ret_direction = v == 3 ? MS_H248_DIRECTION_BOTH : MS_H248_DIRECTION_INTERNAL + v;
	return v != 2 || ms_rd_bad(r, e->p, "direction");
}

static bool rd_signal_type(struct rd *r, const struct el *e, enum ms_h248_signal_type *ret_type)
{
	uint32_t v;
	if (!ms_rd_uint(r, e, 2, &v))
		return false;
	*ret_type = MS_H248_BRIEF + v;
	return true;
}

static bool rd_completion(struct rd *r, const struct el *e, struct ms_h248_signal *s)
{
	uint32_t bits;
	if (!ms_rd_bits(r, e, &bits))
		return false;
	s->has_completion = true;
	s->completion = bits & 0x1f;
	return true;
}

static bool rd_signal_field(struct rd *r, unsigned id, const struct el *x, struct ms_h248_signal *s)
{
	switch (id) {
	case P(0):
		return ms_rd_name(r, x, &s->name.id);
	case P(1):
		return ms_rd_u16(r, x, &s->stream);
	case P(2):
		return rd_signal_type(r, x, &s->type);
	case P(3):
		s->has_duration = true;
		return ms_rd_uint(r, x, UINT16_MAX, &s->duration);
	case P(4):
		return rd_completion(r, x, s);
	case P(5):
		return ms_rd_bool(r, x, &s->keep_active);
	case C(6):
		return ms_rd_params(r, x, 2, &s->params);
	case P(7):
		return rd_direction(r, x, &s->direction);
	case P(8):
		s->has_request_id = true;
		return ms_rd_uint(r, x, UINT32_MAX, &s->request_id);
	case P(9):
		s->has_delay = true;
		return ms_rd_uint(r, x, UINT16_MAX, &s->delay);
	default:
		return true;
	}
}

static bool rd_signal(struct rd *r, const struct el *e, struct ms_h248_signal *s)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		rd_signal_field(r, id, &x, s);
	return (s->name.id && r->err == 0) || ms_rd_bad(r, e->p, "signal");
}

static bool rd_signal_list(struct rd *r, const struct el *e, struct ms_h248_signal *s)
{
	struct fields f = ms_rd_fields(e);
	struct ms_h248_signal **tail = &s->list, *inner;
	struct el x, item;

	s->is_list = true;
	if (ms_rd_field(r, &f, &x) != P(0) || !ms_rd_u16(r, &x, &s->list_id) ||
	    ms_rd_field(r, &f, &x) != C(1))
		return ms_rd_bad(r, e->p, "signal_list");
	for (const uint8_t *at = x.p; ms_rd_item(r, &at, x.end, U_SEQUENCE, &item);) {
		inner = RD_APPEND(r, tail, struct ms_h248_signal);
		if (!inner || !rd_signal(r, &item, inner))
			return false;
	}
	return r->err == 0;
}

bool ms_rd_signals(struct rd *r, const struct el *e, struct ms_h248_signals **ret_signals)
{
	struct ms_h248_signals *signals = RD_NEW(r, struct ms_h248_signals);
	struct ms_h248_signal **tail = signals ? &signals->list : NULL;
	const uint8_t *at = e->p;
	struct el x;

	if (!signals)
		return false;
	*ret_signals = signals;
	while (ms_rd_next(r, &at, e->end, &x)) {
		struct ms_h248_signal *s = RD_APPEND(r, tail, struct ms_h248_signal);
		if (!s)
			return false;
		if (x.id == C(0))
			rd_signal(r, &x, s);
		else if (x.id == C(1))
			rd_signal_list(r, &x, s);
		else
			ms_rd_bad(r, x.p, "signal_request");
	}
	return r->err == 0;
}

/* ---- events ---- */

static bool rd_event_list(struct rd *r, const struct el *e, bool second,
			  struct ms_h248_events **ret_events);

static bool rd_regulated(struct rd *r, const struct el *e, struct ms_h248_event *event)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == C(0))
			rd_event_list(r, &x, true, &event->regulated_events);
		else if (id == C(1))
			ms_rd_signals(r, &x, &event->regulated_signals);
	return r->err == 0;
}

static bool rd_notify_behaviour(struct rd *r, const struct el *e, struct ms_h248_event *event)
{
	struct el x;

	if (!ms_rd_choice(r, e, &x))
		return false;
	switch (x.id) {
	case P(0):
		event->notify = MS_H248_NOTIFY_IMMEDIATE;
		return true;
	case C(1):
		event->notify = MS_H248_NOTIFY_REGULATED;
		return rd_regulated(r, &x, event);
	case P(2):
		event->notify = MS_H248_NOTIFY_NEVER;
		return true;
	default:
		return ms_rd_bad(r, x.p, "notify_behaviour");
	}
}

/* RequestedActions; SecondRequestedActions has no embedded events, so its fields from there on are
 * one lower. */
static bool rd_actions(struct rd *r, const struct el *e, bool second, struct ms_h248_event *event)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		switch (id + (second && (id & 0x1f) >= 2 ? 1 : 0)) {
		case P(0):
			ms_rd_bool(r, &x, &event->keep_active);
			break;
		case C(1):
			ms_rd_digitmap(r, &x, &event->digitmap);
			break;
		case C(2):
			rd_event_list(r, &x, true, &event->events);
			break;
		case C(3):
			ms_rd_signals(r, &x, &event->signals);
			break;
		case C(4):
			rd_notify_behaviour(r, &x, event);
			break;
		case P(5):
			event->reset_events = ms_rd_null(r, &x);
			break;
		default:
			break;
		}
	return r->err == 0;
}

static bool rd_event(struct rd *r, const struct el *e, bool second, struct ms_h248_event *event)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		switch (id) {
		case P(0):
			ms_rd_name(r, &x, &event->name.id);
			break;
		case P(1):
			ms_rd_u16(r, &x, &event->stream);
			break;
		case C(2):
			rd_actions(r, &x, second, event);
			break;
		case C(3):
			ms_rd_params(r, &x, 2, &event->params);
			break;
		default:
			break;
		}
	return (event->name.id && r->err == 0) || ms_rd_bad(r, e->p, "event");
}

static bool rd_event_items(struct rd *r, const struct el *e, bool second,
			   struct ms_h248_event **tail)
{
	const uint8_t *at = e->p;
	struct el item;

	while (ms_rd_item(r, &at, e->end, U_SEQUENCE, &item)) {
		struct ms_h248_event *event = RD_APPEND(r, tail, struct ms_h248_event);
		if (!event || !rd_event(r, &item, second, event))
			return false;
	}
	return r->err == 0;
}

static bool rd_event_list(struct rd *r, const struct el *e, bool second,
			  struct ms_h248_events **ret_events)
{
	struct ms_h248_events *events = RD_NEW(r, struct ms_h248_events);
	struct fields f = ms_rd_fields(e);
	struct el x;

	if (!events || r->depth >= RD_DEPTH_MAX)
		return ms_rd_bad(r, e->p, "nested_too_deep");
	*ret_events = events;
	r->depth++;
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == P(0))
			events->has_request_id = ms_rd_uint(r, &x, UINT32_MAX, &events->request_id);
		else if (id == C(1))
			rd_event_items(r, &x, second, &events->list);
	r->depth--;
	return r->err == 0;
}

bool ms_rd_events(struct rd *r, const struct el *e, struct ms_h248_events **ret_events)
{
	return rd_event_list(r, e, false, ret_events);
}

/* EventSpec: name, stream, parameters. */
static bool rd_event_spec(struct rd *r, const struct el *e, struct ms_h248_event *event)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == P(0))
			ms_rd_name(r, &x, &event->name.id);
		else if (id == P(1))
			ms_rd_u16(r, &x, &event->stream);
		else if (id == C(2))
			ms_rd_params(r, &x, 2, &event->params);
	return (event->name.id && r->err == 0) || ms_rd_bad(r, e->p, "event_spec");
}

bool ms_rd_event_buffer(struct rd *r, const struct el *e, struct ms_h248_event **tail)
{
	const uint8_t *at = e->p;
	struct el item;

	while (ms_rd_item(r, &at, e->end, U_SEQUENCE, &item)) {
		struct ms_h248_event *event = RD_APPEND(r, tail, struct ms_h248_event);
		if (!event || !rd_event_spec(r, &item, event))
			return false;
	}
	return r->err == 0;
}

/* ---- observed events ---- */

static bool rd_observed_event(struct rd *r, const struct el *e, struct ms_h248_observed *o)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		switch (id) {
		case P(0):
			ms_rd_name(r, &x, &o->name.id);
			break;
		case P(1):
			ms_rd_u16(r, &x, &o->stream);
			break;
		case C(2):
			ms_rd_params(r, &x, 2, &o->params);
			break;
		case C(3):
			ms_rd_time(r, &x, &o->time);
			break;
		default:
			break;
		}
	return (o->name.id && r->err == 0) || ms_rd_bad(r, e->p, "observed_event");
}

bool ms_rd_observed(struct rd *r, const struct el *e, struct ms_h248_command *c)
{
	struct ms_h248_observed **tail = &c->observed, *o;
	struct fields f = ms_rd_fields(e);
	struct el x, item;

	c->has_observed = true;
	if (ms_rd_field(r, &f, &x) != P(0) || !ms_rd_uint(r, &x, UINT32_MAX, &c->observed_id) ||
	    ms_rd_field(r, &f, &x) != C(1))
		return ms_rd_bad(r, e->p, "observed_events");
	for (const uint8_t *at = x.p; ms_rd_item(r, &at, x.end, U_SEQUENCE, &item);) {
		o = RD_APPEND(r, tail, struct ms_h248_observed);
		if (!o || !rd_observed_event(r, &item, o))
			return false;
	}
	return r->err == 0;
}
