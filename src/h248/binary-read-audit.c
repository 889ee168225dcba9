/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, reading: Audit descriptors with their individual items (H.248.1 version 2). */
#include "h248/binary-priv.h"

/* IndAudPropertyParm, of which version 3 may have a value that selects. */
bool ms_rd_ind_property(struct rd *r, const struct el *e, struct ms_h248_param **tail)
{
	const uint8_t *at = e->p;
	struct el item, x;

	while (ms_rd_item(r, &at, e->end, U_SEQUENCE, &item)) {
		struct fields f = ms_rd_fields(&item);
		struct ms_h248_param *p;
		uint32_t id;
		if (ms_rd_field(r, &f, &x) != P(0) || !ms_rd_name(r, &x, &id))
			return ms_rd_bad(r, item.p, "property_name");
		if (ms_rd_field(r, &f, &x) == C(1)) {
			struct el one = { U_SEQUENCE, x.p, x.end };
			p = RD_APPEND(r, tail, struct ms_h248_param);
			if (!p || !ms_rd_param(r, &one, 4, p))
				return false;
			continue;
		}
		p = RD_APPEND(r, tail, struct ms_h248_param);
		if (!p)
			return false;
		p->name.id = id;
	}
	return r->err == 0;
}

static bool rd_ind_control(struct rd *r, const struct el *e, struct ms_h248_local_control *c)
{
	struct fields f = ms_rd_fields(e);
	uint32_t mode;
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		switch (id) {
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
			ms_rd_ind_property(r, &x, &c->properties);
			break;
		case P(4):
			if (ms_rd_uint(r, &x, 4, &mode))
				c->mode = MS_H248_MODE_SENDONLY + mode;
			break;
		default:
			break;
		}
	return r->err == 0;
}

/* IndAudStatisticsDescriptor: one name. */
static bool rd_ind_statistic(struct rd *r, const struct el *e, struct ms_h248_param **tail)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	while (*tail)
		tail = &(*tail)->next;
	struct ms_h248_param *p = RD_APPEND(r, tail, struct ms_h248_param);
	return p && ((ms_rd_field(r, &f, &x) == P(0) && ms_rd_name(r, &x, &p->name.id)) ||
		     ms_rd_bad(r, e->p, "statistic"));
}

static bool rd_ind_stream(struct rd *r, const struct el *e, struct ms_h248_stream *s)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == C(0)) {
			s->has_control = rd_ind_control(r, &x, &s->control);
		} else if (id == C(1)) {
			ms_rd_sdp_names(r, &x, &s->local);
		} else if (id == C(2)) {
			ms_rd_sdp_names(r, &x, &s->remote);
		} else if (id == C(3)) {
			s->has_statistics = true;
			rd_ind_statistic(r, &x, &s->statistics);
		}
	return r->err == 0;
}

static bool rd_ind_streams(struct rd *r, const struct el *e, struct ms_h248_media *m)
{
	struct ms_h248_stream **tail = &m->streams, *s;
	struct el x, item, part;

	if (!ms_rd_choice(r, e, &x))
		return false;
	if (x.id == C(0)) {
		s = RD_APPEND(r, tail, struct ms_h248_stream);
		return s && rd_ind_stream(r, &x, s);
	}
	for (const uint8_t *at = x.p; ms_rd_item(r, &at, x.end, U_SEQUENCE, &item);) {
		struct fields f = ms_rd_fields(&item);
		s = RD_APPEND(r, tail, struct ms_h248_stream);
		if (!s || ms_rd_field(r, &f, &part) != P(0) || !ms_rd_u16(r, &part, &s->id) ||
		    ms_rd_field(r, &f, &part) != C(1) || !rd_ind_stream(r, &part, s))
			return ms_rd_bad(r, item.p, "stream");
	}
	return r->err == 0;
}

static bool rd_ind_state(struct rd *r, const struct el *e, struct ms_h248_media *m)
{
	struct fields f = ms_rd_fields(e);
	uint32_t state;
	struct el x;

	m->has_state = true;
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == C(0))
			ms_rd_ind_property(r, &x, &m->state_properties);
		else if (id == P(1))
			m->event_buffer = MS_H248_BUFFER_ASKED;
		else if (id == P(2))
			m->service_state = MS_H248_SERVICE_ASKED;
		else if (id == P(3) && ms_rd_uint(r, &x, 2, &state))
			m->service_state = MS_H248_SERVICE_TEST + state;
	return r->err == 0;
}

static bool rd_ind_media(struct rd *r, const struct el *e, struct ms_h248_media **ret_media)
{
	struct ms_h248_media *m = RD_NEW(r, struct ms_h248_media);
	struct fields f = ms_rd_fields(e);
	struct el x;

	if (!m)
		return false;
	*ret_media = m;
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == C(0))
			rd_ind_state(r, &x, m);
		else if (id == C(1))
			rd_ind_streams(r, &x, m);
	return r->err == 0;
}

/* IndAudEventsDescriptor (request id, name, stream) and IndAudEventBufferDescriptor (name, stream):
 * one event each, gathered in one list. `first`: the field that is the name. */
static bool rd_ind_event(struct rd *r, const struct el *e, unsigned first,
			 struct ms_h248_events **events)
{
	struct fields f = ms_rd_fields(e);
	struct ms_h248_event **tail, *event;
	struct el x;

	if (!*events && !(*events = RD_NEW(r, struct ms_h248_events)))
		return false;
	for (tail = &(*events)->list; *tail;)
		tail = &(*tail)->next;
	event = RD_APPEND(r, tail, struct ms_h248_event);
	if (!event)
		return false;
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == P(first))
			ms_rd_name(r, &x, &event->name.id);
		else if (id == P(first + 1))
			ms_rd_u16(r, &x, &event->stream);
		else if (id == P(0))
			(*events)->has_request_id =
				ms_rd_uint(r, &x, UINT32_MAX, &(*events)->request_id);
	return (event->name.id && r->err == 0) || ms_rd_bad(r, e->p, "event");
}

static bool rd_ind_one_signal(struct rd *r, const struct el *e, struct ms_h248_signal *s)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == P(0))
			ms_rd_name(r, &x, &s->name.id);
		else if (id == P(1))
			ms_rd_u16(r, &x, &s->stream);
		else if (id == P(2))
			s->has_request_id = ms_rd_uint(r, &x, UINT32_MAX, &s->request_id);
	return (s->name.id && r->err == 0) || ms_rd_bad(r, e->p, "signal");
}

static bool rd_ind_signal(struct rd *r, const struct el *e, struct ms_h248_signals **signals)
{
	struct ms_h248_signal **tail, *s;
	struct el choice, x;

	if (!*signals && !(*signals = RD_NEW(r, struct ms_h248_signals)))
		return false;
	for (tail = &(*signals)->list; *tail;)
		tail = &(*tail)->next;
	s = RD_APPEND(r, tail, struct ms_h248_signal);
	if (!s || !ms_rd_choice(r, e, &choice))
		return false;
	if (choice.id == C(0))
		return rd_ind_one_signal(r, &choice, s);
	struct fields f = ms_rd_fields(&choice);
	s->is_list = true;
	if (choice.id != C(1) || ms_rd_field(r, &f, &x) != P(0) || !ms_rd_u16(r, &x, &s->list_id))
		return ms_rd_bad(r, e->p, "signal_list");
	if (ms_rd_field(r, &f, &x) != C(1))
		return r->err == 0;
	s->list = RD_NEW(r, struct ms_h248_signal);
	return s->list && rd_ind_one_signal(r, &x, s->list);
}

static bool rd_ind_package(struct rd *r, const struct el *e, struct ms_h248_package **tail)
{
	struct el item = { U_SEQUENCE, e->p, e->end };
	struct fields f = ms_rd_fields(&item);
	struct el x;

	while (*tail)
		tail = &(*tail)->next;
	struct ms_h248_package *p = RD_APPEND(r, tail, struct ms_h248_package);
	if (!p || ms_rd_field(r, &f, &x) != P(0) || x.end - x.p != 2 ||
	    !ms_rd_name(r, &x, &p->name.id))
		return ms_rd_bad(r, e->p, "package");
	p->name.id <<= 16;
	return ms_rd_field(r, &f, &x) != P(1) || ms_rd_u16(r, &x, &p->version);
}

static bool rd_ind_item(struct rd *r, const struct el *e, struct ms_h248_audit *a)
{
	switch (e->id) {
	case C(0):
		return rd_ind_media(r, e, &a->media);
	case C(1):
		return rd_ind_event(r, e, 1, &a->events);
	case C(2):
		return rd_ind_event(r, e, 0, &a->event_buffer);
	case C(3):
		return rd_ind_signal(r, e, &a->signals);
	case C(4):
		return ms_rd_digitmap(r, e, &a->digitmap);
	case C(5):
		return rd_ind_statistic(r, e, &a->statistics);
	case C(6):
		return rd_ind_package(r, e, &a->packages);
	default:
		return true;
	}
}

bool ms_rd_audit(struct rd *r, const struct el *e, struct ms_h248_audit **ret_audit)
{
	struct ms_h248_audit *a = RD_NEW(r, struct ms_h248_audit);
	struct fields f = ms_rd_fields(e);
	struct el x, item;

	if (!a)
		return false;
	*ret_audit = a;
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == P(0))
			ms_rd_bits(r, &x, &a->tokens);
		else if (id == C(1))
			for (const uint8_t *at = x.p; ms_rd_next(r, &at, x.end, &item);)
				if (!rd_ind_item(r, &item, a))
					return false;
	a->tokens &= 0x3ff;
	return r->err == 0;
}
