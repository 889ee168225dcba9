/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, reading: Audit descriptors with their individual items (H.248.1 version 2). */
#include "h248/binary-read-priv.h"

/* IndAudPropertyParm, of which version 3 may have a value that selects. */
static void rd_ind_param(struct rd *r, struct ms_span in, struct ms_h248_param *p)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (!ms_rd_field(r, &f, &x) || x.id != P(0)) {
		ms_rd_bad(r, in.p, "property_name");
		return;
	}
	p->name.id = ms_rd_name(r, x.in);
	if (ms_rd_field(r, &f, &x) && x.id == C(1))
		ms_rd_param(r, x.in, 4, p);
}

void ms_rd_ind_property(struct rd *r, struct ms_span in, struct ms_h248_param **tail)
{
	struct ms_span item;

	while (ms_rd_item(r, &in, U_SEQUENCE, &item)) {
		struct ms_h248_param *p = RD_APPEND(r, tail, struct ms_h248_param);
		if (!p)
			return;
		rd_ind_param(r, item, p);
	}
}

static void rd_ind_control(struct rd *r, struct ms_span in, struct ms_h248_local_control *c)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		switch (x.id) {
		case P(0):
			c->mode = MS_H248_MODE_ASKED;
			break;
		case P(1):
			c->reserve_value = MS_H248_FLAG_ASKED;
			break;
		case P(2):
			c->reserve_group = MS_H248_FLAG_ASKED;
			break;
		case C(3):
			ms_rd_ind_property(r, x.in, &c->properties);
			break;
		case P(4):
			c->mode = MS_H248_MODE_SENDONLY + ms_rd_uint(r, x.in, 4);
			break;
		default:
			break;
		}
}

/* IndAudStatisticsDescriptor: one name. Appended at **tail, which moves on. */
static void rd_ind_statistic(struct rd *r, struct ms_span in, struct ms_h248_param ***tail)
{
	struct fields f = ms_rd_fields(in);
	struct ms_h248_param *p = RD_APPEND(r, *tail, struct ms_h248_param);
	struct el x;

	if (!p || !ms_rd_field(r, &f, &x) || x.id != P(0))
		ms_rd_bad(r, in.p, "statistic");
	else
		p->name.id = ms_rd_name(r, x.in);
}

static void rd_ind_stream(struct rd *r, struct ms_span in, struct ms_h248_stream *s)
{
	struct ms_h248_param **statistics = &s->statistics;
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		switch (x.id) {
		case C(0):
			s->has_control = true;
			rd_ind_control(r, x.in, &s->control);
			break;
		case C(1):
			ms_rd_sdp_names(r, x.in, &s->local);
			break;
		case C(2):
			ms_rd_sdp_names(r, x.in, &s->remote);
			break;
		case C(3):
			s->has_statistics = true;
			rd_ind_statistic(r, x.in, &statistics);
			break;
		default:
			break;
		}
}

static void rd_ind_stream_item(struct rd *r, struct ms_span in, struct ms_h248_stream *s)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (ms_rd_field(r, &f, &x) && x.id == P(0)) {
		s->id = ms_rd_u16(r, x.in);
		if (ms_rd_field(r, &f, &x) && x.id == C(1)) {
			rd_ind_stream(r, x.in, s);
			return;
		}
	}
	ms_rd_bad(r, in.p, "stream");
}

static void rd_ind_streams(struct rd *r, struct ms_span in, struct ms_h248_media *m)
{
	struct ms_h248_stream **tail = &m->streams, *s;
	struct ms_span item;
	struct el x;

	if (!ms_rd_choice(r, in, &x))
		return;
	if (x.id == C(0)) {
		s = RD_APPEND(r, tail, struct ms_h248_stream);
		if (s)
			rd_ind_stream(r, x.in, s);
		return;
	}
	while (ms_rd_item(r, &x.in, U_SEQUENCE, &item)) {
		s = RD_APPEND(r, tail, struct ms_h248_stream);
		if (!s)
			return;
		rd_ind_stream_item(r, item, s);
	}
}

static void rd_ind_state(struct rd *r, struct ms_span in, struct ms_h248_media *m)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	m->has_state = true;
	while (ms_rd_field(r, &f, &x))
		if (x.id == C(0))
			ms_rd_ind_property(r, x.in, &m->state_properties);
		else if (x.id == P(1))
			m->event_buffer = MS_H248_BUFFER_ASKED;
		else if (x.id == P(2))
			m->service_state = MS_H248_SERVICE_ASKED;
		else if (x.id == P(3))
			m->service_state = MS_H248_SERVICE_TEST + ms_rd_uint(r, x.in, 2);
}

static void rd_ind_media(struct rd *r, struct ms_span in, struct ms_h248_media **ret_media)
{
	struct ms_h248_media *m = RD_NEW(r, struct ms_h248_media);
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (!m)
		return;
	*ret_media = m;
	while (ms_rd_field(r, &f, &x))
		if (x.id == C(0))
			rd_ind_state(r, x.in, m);
		else if (x.id == C(1))
			rd_ind_streams(r, x.in, m);
}

/* Where each list of an Audit descriptor goes on: its items come one at a time and in any order. */
struct tails {
	struct ms_h248_event **events, **event_buffer;
	struct ms_h248_signal **signals;
	struct ms_h248_param **statistics;
	struct ms_h248_package **packages;
};

/* IndAudEventsDescriptor (request id, name, stream) and IndAudEventBufferDescriptor (name, stream):
 * one event each, gathered in one list. `first`: the field that is the name. */
static void rd_ind_event(struct rd *r, struct ms_span in, unsigned first,
			 struct ms_h248_events **events, struct ms_h248_event ***tail)
{
	struct fields f = ms_rd_fields(in);
	struct ms_h248_event *event;
	struct el x;

	if (!*events) {
		*events = RD_NEW(r, struct ms_h248_events);
		if (!*events)
			return;
		*tail = &(*events)->list;
	}
	event = RD_APPEND(r, *tail, struct ms_h248_event);
	if (!event)
		return;
	while (ms_rd_field(r, &f, &x))
		if (x.id == P(first)) {
			event->name.id = ms_rd_name(r, x.in);
		} else if (x.id == P(first + 1)) {
			event->stream = ms_rd_u16(r, x.in);
		} else if (x.id == P(0)) {
			(*events)->has_request_id = true;
			(*events)->request_id = ms_rd_uint(r, x.in, UINT32_MAX);
		}
	if (!event->name.id)
		ms_rd_bad(r, in.p, "event");
}

static void rd_ind_one_signal(struct rd *r, struct ms_span in, struct ms_h248_signal *s)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		if (x.id == P(0)) {
			s->name.id = ms_rd_name(r, x.in);
		} else if (x.id == P(1)) {
			s->stream = ms_rd_u16(r, x.in);
		} else if (x.id == P(2)) {
			s->has_request_id = true;
			s->request_id = ms_rd_uint(r, x.in, UINT32_MAX);
		}
	if (!s->name.id)
		ms_rd_bad(r, in.p, "signal");
}

static void rd_ind_signal_list(struct rd *r, struct ms_span in, struct ms_h248_signal *s)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	s->is_list = true;
	if (!ms_rd_field(r, &f, &x) || x.id != P(0)) {
		ms_rd_bad(r, in.p, "signal_list");
		return;
	}
	s->list_id = ms_rd_u16(r, x.in);
	if (!ms_rd_field(r, &f, &x) || x.id != C(1))
		return;
	s->list = RD_NEW(r, struct ms_h248_signal);
	if (s->list)
		rd_ind_one_signal(r, x.in, s->list);
}

static void rd_ind_signal(struct rd *r, struct ms_span in, struct ms_h248_signals **signals,
			  struct ms_h248_signal ***tail)
{
	struct ms_h248_signal *s;
	struct el x;

	if (!*signals) {
		*signals = RD_NEW(r, struct ms_h248_signals);
		if (!*signals)
			return;
		*tail = &(*signals)->list;
	}
	s = RD_APPEND(r, *tail, struct ms_h248_signal);
	if (!s || !ms_rd_choice(r, in, &x))
		return;
	if (x.id == C(0))
		rd_ind_one_signal(r, x.in, s);
	else if (x.id == C(1))
		rd_ind_signal_list(r, x.in, s);
	else
		ms_rd_bad(r, in.p, "signal_list");
}

static void rd_ind_package(struct rd *r, struct ms_span in, struct ms_h248_package ***tail)
{
	struct ms_h248_package *p = RD_APPEND(r, *tail, struct ms_h248_package);
	if (p)
		ms_rd_package(r, in, p);
}

static void rd_ind_item(struct rd *r, struct el x, struct ms_h248_audit *a, struct tails *tails)
{
	switch (x.id) {
	case C(0):
		rd_ind_media(r, x.in, &a->media);
		break;
	case C(1):
		rd_ind_event(r, x.in, 1, &a->events, &tails->events);
		break;
	case C(2):
		rd_ind_event(r, x.in, 0, &a->event_buffer, &tails->event_buffer);
		break;
	case C(3):
		rd_ind_signal(r, x.in, &a->signals, &tails->signals);
		break;
	case C(4):
		ms_rd_digitmap(r, x.in, &a->digitmap);
		break;
	case C(5):
		rd_ind_statistic(r, x.in, &tails->statistics);
		break;
	case C(6):
		rd_ind_package(r, x.in, &tails->packages);
		break;
	default:
		break;
	}
}

static void rd_ind_items(struct rd *r, struct ms_span in, struct ms_h248_audit *a)
{
	struct tails tails = { .statistics = &a->statistics, .packages = &a->packages };
	struct el x;

	while (ms_rd_next(r, &in, &x))
		rd_ind_item(r, x, a, &tails);
}

void ms_rd_audit(struct rd *r, struct ms_span in, struct ms_h248_audit **ret_audit)
{
	struct ms_h248_audit *a = RD_NEW(r, struct ms_h248_audit);
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (!a)
		return;
	*ret_audit = a;
	while (ms_rd_field(r, &f, &x))
		if (x.id == P(0))
			a->tokens = ms_rd_bits(r, x.in) & 0x3ff;
		else if (x.id == C(1))
			rd_ind_items(r, x.in, a);
}
