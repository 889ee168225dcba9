/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, reading: events, signals, observed events. */
#include "h248/binary-read-priv.h"

/* ---- signals ---- */

/* SignalDirection: internal(0), external(1), both(3). */
static enum ms_h248_direction rd_direction(struct rd *r, struct ms_span in)
{
	static const enum ms_h248_direction directions[] = {
		MS_H248_DIRECTION_INTERNAL,
		MS_H248_DIRECTION_EXTERNAL,
		MS_H248_DIRECTION_ABSENT,
		MS_H248_DIRECTION_BOTH,
	};
	enum ms_h248_direction direction = directions[ms_rd_uint(r, in, 3)];

	if (direction == MS_H248_DIRECTION_ABSENT)
		ms_rd_bad(r, in.p, "direction");
	return direction;
}

static void rd_signal_field(struct rd *r, struct el x, struct ms_h248_signal *s)
{
	switch (x.id) {
	case P(0):
		s->name.id = ms_rd_name(r, x.in);
		break;
	case P(1):
		s->stream = ms_rd_u16(r, x.in);
		break;
	case P(2):
		s->type = MS_H248_BRIEF + ms_rd_uint(r, x.in, 2);
		break;
	case P(3):
		s->has_duration = true;
		s->duration = ms_rd_u16(r, x.in);
		break;
	case P(4):
		s->has_completion = true;
		s->completion = ms_rd_bits(r, x.in) & 0x1f;
		break;
	case P(5):
		s->keep_active = ms_rd_bool(r, x.in);
		break;
	case C(6):
		ms_rd_params(r, x.in, 2, &s->params);
		break;
	case P(7):
		s->direction = rd_direction(r, x.in);
		break;
	case P(8):
		s->has_request_id = true;
		s->request_id = ms_rd_uint(r, x.in, UINT32_MAX);
		break;
	case P(9):
		s->has_delay = true;
		s->delay = ms_rd_u16(r, x.in);
		break;
	default:
		break;
	}
}

static void rd_signal(struct rd *r, struct ms_span in, struct ms_h248_signal *s)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		rd_signal_field(r, x, s);
	if (!s->name.id)
		ms_rd_bad(r, in.p, "signal");
}

static void rd_signal_items(struct rd *r, struct ms_span in, struct ms_h248_signal **tail)
{
	struct ms_span item;

	while (ms_rd_item(r, &in, U_SEQUENCE, &item)) {
		struct ms_h248_signal *s = RD_APPEND(r, tail, struct ms_h248_signal);
		if (!s)
			return;
		rd_signal(r, item, s);
	}
}

static void rd_signal_list(struct rd *r, struct ms_span in, struct ms_h248_signal *s)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	s->is_list = true;
	if (ms_rd_field(r, &f, &x) && x.id == P(0)) {
		s->list_id = ms_rd_u16(r, x.in);
		if (ms_rd_field(r, &f, &x) && x.id == C(1)) {
			rd_signal_items(r, x.in, &s->list);
			return;
		}
	}
	ms_rd_bad(r, in.p, "signal_list");
}

void ms_rd_signals(struct rd *r, struct ms_span in, struct ms_h248_signals **ret_signals)
{
	struct ms_h248_signals *signals = RD_NEW(r, struct ms_h248_signals);
	struct ms_h248_signal **tail = signals ? &signals->list : NULL;
	struct el x;

	if (!signals)
		return;
	*ret_signals = signals;
	while (ms_rd_next(r, &in, &x)) {
		struct ms_h248_signal *s = RD_APPEND(r, tail, struct ms_h248_signal);
		if (!s)
			return;
		if (x.id == C(0))
			rd_signal(r, x.in, s);
		else if (x.id == C(1))
			rd_signal_list(r, x.in, s);
		else
			ms_rd_bad(r, x.in.p, "signal_request");
	}
}

/* ---- events ---- */

static void rd_event_list(struct rd *r, struct ms_span in, bool second,
			  struct ms_h248_events **ret_events);

static void rd_regulated(struct rd *r, struct ms_span in, struct ms_h248_event *event)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		if (x.id == C(0))
			rd_event_list(r, x.in, true, &event->regulated_events);
		else if (x.id == C(1))
			ms_rd_signals(r, x.in, &event->regulated_signals);
}

static void rd_notify_behaviour(struct rd *r, struct ms_span in, struct ms_h248_event *event)
{
	struct el x;

	if (!ms_rd_choice(r, in, &x))
		return;
	switch (x.id) {
	case P(0):
		event->notify = MS_H248_NOTIFY_IMMEDIATE;
		break;
	case C(1):
		event->notify = MS_H248_NOTIFY_REGULATED;
		rd_regulated(r, x.in, event);
		break;
	case P(2):
		event->notify = MS_H248_NOTIFY_NEVER;
		break;
	default:
		ms_rd_bad(r, x.in.p, "notify_behaviour");
	}
}

/* RequestedActions; SecondRequestedActions has no embedded events, so its fields from there on are
 * one lower. */
static void rd_actions(struct rd *r, struct ms_span in, bool second, struct ms_h248_event *event)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		switch (x.id + (second && (x.id & 0x1f) >= 2 ? 1 : 0)) {
		case P(0):
			event->keep_active = ms_rd_bool(r, x.in);
			break;
		case C(1):
			ms_rd_digitmap(r, x.in, &event->digitmap);
			break;
		case C(2):
			rd_event_list(r, x.in, true, &event->events);
			break;
		case C(3):
			ms_rd_signals(r, x.in, &event->signals);
			break;
		case C(4):
			rd_notify_behaviour(r, x.in, event);
			break;
		case P(5):
			event->reset_events = ms_rd_null(r, x.in);
			break;
		default:
			break;
		}
}

static void rd_event(struct rd *r, struct ms_span in, bool second, struct ms_h248_event *event)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		switch (x.id) {
		case P(0):
			event->name.id = ms_rd_name(r, x.in);
			break;
		case P(1):
			event->stream = ms_rd_u16(r, x.in);
			break;
		case C(2):
			rd_actions(r, x.in, second, event);
			break;
		case C(3):
			ms_rd_params(r, x.in, 2, &event->params);
			break;
		default:
			break;
		}
	if (!event->name.id)
		ms_rd_bad(r, in.p, "event");
}

static void rd_event_items(struct rd *r, struct ms_span in, bool second,
			   struct ms_h248_event **tail)
{
	struct ms_span item;

	while (ms_rd_item(r, &in, U_SEQUENCE, &item)) {
		struct ms_h248_event *event = RD_APPEND(r, tail, struct ms_h248_event);
		if (!event)
			return;
		rd_event(r, item, second, event);
	}
}

static void rd_event_list(struct rd *r, struct ms_span in, bool second,
			  struct ms_h248_events **ret_events)
{
	struct ms_h248_events *events = RD_NEW(r, struct ms_h248_events);
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (!events || r->depth >= RD_DEPTH_MAX) {
		ms_rd_bad(r, in.p, "nested_too_deep");
		return;
	}
	*ret_events = events;
	r->depth++;
	while (ms_rd_field(r, &f, &x))
		if (x.id == P(0)) {
			events->has_request_id = true;
			events->request_id = ms_rd_uint(r, x.in, UINT32_MAX);
		} else if (x.id == C(1)) {
			rd_event_items(r, x.in, second, &events->list);
		}
	r->depth--;
}

void ms_rd_events(struct rd *r, struct ms_span in, struct ms_h248_events **ret_events)
{
	rd_event_list(r, in, false, ret_events);
}

/* EventSpec: name, stream, parameters. */
static void rd_event_spec(struct rd *r, struct ms_span in, struct ms_h248_event *event)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		if (x.id == P(0))
			event->name.id = ms_rd_name(r, x.in);
		else if (x.id == P(1))
			event->stream = ms_rd_u16(r, x.in);
		else if (x.id == C(2))
			ms_rd_params(r, x.in, 2, &event->params);
	if (!event->name.id)
		ms_rd_bad(r, in.p, "event_spec");
}

void ms_rd_event_buffer(struct rd *r, struct ms_span in, struct ms_h248_event **tail)
{
	struct ms_span item;

	while (ms_rd_item(r, &in, U_SEQUENCE, &item)) {
		struct ms_h248_event *event = RD_APPEND(r, tail, struct ms_h248_event);
		if (!event)
			return;
		rd_event_spec(r, item, event);
	}
}

/* ---- observed events ---- */

static void rd_observed_event(struct rd *r, struct ms_span in, struct ms_h248_observed *o)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		switch (x.id) {
		case P(0):
			o->name.id = ms_rd_name(r, x.in);
			break;
		case P(1):
			o->stream = ms_rd_u16(r, x.in);
			break;
		case C(2):
			ms_rd_params(r, x.in, 2, &o->params);
			break;
		case C(3):
			ms_rd_time(r, x.in, &o->time);
			break;
		default:
			break;
		}
	if (!o->name.id)
		ms_rd_bad(r, in.p, "observed_event");
}

static void rd_observed_events(struct rd *r, struct ms_span in, struct ms_h248_observed **tail)
{
	struct ms_span item;

	while (ms_rd_item(r, &in, U_SEQUENCE, &item)) {
		struct ms_h248_observed *o = RD_APPEND(r, tail, struct ms_h248_observed);
		if (!o)
			return;
		rd_observed_event(r, item, o);
	}
}

void ms_rd_observed(struct rd *r, struct ms_span in, struct ms_h248_command *c)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	c->has_observed = true;
	if (ms_rd_field(r, &f, &x) && x.id == P(0)) {
		c->observed_id = ms_rd_uint(r, x.in, UINT32_MAX);
		if (ms_rd_field(r, &f, &x) && x.id == C(1)) {
			rd_observed_events(r, x.in, &c->observed);
			return;
		}
	}
	ms_rd_bad(r, in.p, "observed_events");
}
