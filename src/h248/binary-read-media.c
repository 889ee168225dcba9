/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, reading: properties, media, statistics and the small descriptors. */
#include "h248/binary-read-priv.h"

/* ---- values and properties ---- */

void ms_rd_values(struct rd *r, struct ms_span in, struct ms_h248_value **tail)
{
	struct ms_h248_value *v;
	struct el x;

	while (ms_rd_next(r, &in, &x)) {
		if ((x.id & ~0x20) != U_OCTETS) {
			ms_rd_bad(r, x.in.p, "value");
			return;
		}
		v = RD_APPEND(r, tail, struct ms_h248_value);
		if (!v)
			return;
		v->octets = ms_rd_string(r, x, 0, MS_H248_BINARY_MAX);
		v->form = MS_H248_BER;
	}
}

/* A.2, PropertyParm: an empty sequence is CHOOSE. */
static void rd_values_or_choose(struct rd *r, struct ms_span in, struct ms_h248_param *p)
{
	if (in.len != 0) {
		ms_rd_values(r, in, &p->values);
		return;
	}
	p->values = RD_NEW(r, struct ms_h248_value);
	if (p->values)
		p->values->octets = MS_SPAN_LIT("$");
}

/* extraInfo: relation, range, sublist. */
static void rd_extra(struct rd *r, struct ms_span in, struct ms_h248_param *p)
{
	static const enum ms_h248_relation relations[] = { MS_H248_GREATER, MS_H248_LESS,
							   MS_H248_UNEQUAL };
	struct el x;

	if (!ms_rd_choice(r, in, &x))
		return;
	if (x.id == P(0))
		p->relation = relations[ms_rd_uint(r, x.in, 2)];
	else if ((x.id == P(1) || x.id == P(2)) && ms_rd_bool(r, x.in))
		p->relation = x.id == P(1) ? MS_H248_RANGE : MS_H248_ALL_OF;
}

void ms_rd_param(struct rd *r, struct ms_span in, size_t name_len, struct ms_h248_param *p)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (!ms_rd_field(r, &f, &x) || x.id != P(0) || x.in.len != name_len) {
		ms_rd_bad(r, in.p, "property_name");
		return;
	}
	p->name.id = ms_rd_name(r, x.in);
	if (!ms_rd_field(r, &f, &x) || x.id != C(1)) {
		ms_rd_bad(r, in.p, "property_value");
		return;
	}
	rd_values_or_choose(r, x.in, p);
	if (p->values && p->values->next)
		p->relation = MS_H248_ANY_OF; /* unless told otherwise */
	if (ms_rd_field(r, &f, &x) && x.id == C(2))
		rd_extra(r, x.in, p);
}

/* PropertyParm with names of 4 octets, EventParameter and SigParameter with 2. */
void ms_rd_params(struct rd *r, struct ms_span in, size_t name_len, struct ms_h248_param **tail)
{
	struct ms_span item;

	while (ms_rd_item(r, &in, U_SEQUENCE, &item)) {
		struct ms_h248_param *p = RD_APPEND(r, tail, struct ms_h248_param);
		if (!p)
			return;
		ms_rd_param(r, item, name_len, p);
	}
}

/* ---- media ---- */

static void rd_control(struct rd *r, struct ms_span in, struct ms_h248_local_control *c)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		switch (x.id) {
		case P(0):
			c->mode = MS_H248_MODE_SENDONLY + ms_rd_uint(r, x.in, 4);
			break;
		case P(1):
			c->reserve_value = ms_rd_flag(r, x.in);
			break;
		case P(2):
			c->reserve_group = ms_rd_flag(r, x.in);
			break;
		case C(3):
			ms_rd_params(r, x.in, 4, &c->properties);
			break;
		default:
			break;
		}
}

static void rd_stream(struct rd *r, struct ms_span in, struct ms_h248_stream *s)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		switch (x.id) {
		case C(0):
			s->has_control = true;
			rd_control(r, x.in, &s->control);
			break;
		case C(1):
			ms_rd_sdp(r, x.in, &s->local);
			break;
		case C(2):
			ms_rd_sdp(r, x.in, &s->remote);
			break;
		case C(3):
			s->has_statistics = true;
			ms_rd_statistics(r, x.in, &s->statistics);
			break;
		default:
			break;
		}
}

static void rd_stream_list(struct rd *r, struct ms_span in, struct ms_h248_stream **tail)
{
	struct ms_span item;
	struct el x;

	while (ms_rd_item(r, &in, U_SEQUENCE, &item)) {
		struct ms_h248_stream *s = RD_APPEND(r, tail, struct ms_h248_stream);
		struct fields f = ms_rd_fields(item);
		if (s && ms_rd_field(r, &f, &x) && x.id == P(0))
			s->id = ms_rd_u16(r, x.in);
		if (!s || s->id == 0) {
			ms_rd_bad(r, item.p, "stream_id");
			return;
		}
		if (!ms_rd_field(r, &f, &x) || x.id != C(1)) {
			ms_rd_bad(r, item.p, "stream");
			return;
		}
		rd_stream(r, x.in, s);
	}
}

static void rd_streams(struct rd *r, struct ms_span in, struct ms_h248_media *m)
{
	struct el x;

	if (!ms_rd_choice(r, in, &x))
		return;
	if (x.id == C(1)) {
		rd_stream_list(r, x.in, &m->streams);
	} else if (x.id == C(0)) {
		m->streams = RD_NEW(r, struct ms_h248_stream);
		if (m->streams)
			rd_stream(r, x.in, m->streams);
	} else {
		ms_rd_bad(r, x.in.p, "streams");
	}
}

static void rd_state(struct rd *r, struct ms_span in, struct ms_h248_media *m)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	m->has_state = true;
	while (ms_rd_field(r, &f, &x))
		if (x.id == C(0))
			ms_rd_params(r, x.in, 4, &m->state_properties);
		else if (x.id == P(1))
			m->event_buffer = MS_H248_BUFFER_OFF + ms_rd_uint(r, x.in, 1);
		else if (x.id == P(2))
			m->service_state = MS_H248_SERVICE_TEST + ms_rd_uint(r, x.in, 2);
}

void ms_rd_media(struct rd *r, struct ms_span in, struct ms_h248_media **ret_media)
{
	struct ms_h248_media *m = RD_NEW(r, struct ms_h248_media);
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (!m)
		return;
	*ret_media = m;
	while (ms_rd_field(r, &f, &x))
		if (x.id == C(0))
			rd_state(r, x.in, m);
		else if (x.id == C(1))
			rd_streams(r, x.in, m);
}

void ms_rd_statistics(struct rd *r, struct ms_span in, struct ms_h248_param **tail)
{
	struct ms_span item;
	struct el x;

	while (ms_rd_item(r, &in, U_SEQUENCE, &item)) {
		struct ms_h248_param *p = RD_APPEND(r, tail, struct ms_h248_param);
		struct fields f = ms_rd_fields(item);
		if (!p || !ms_rd_field(r, &f, &x) || x.id != P(0)) {
			ms_rd_bad(r, item.p, "statistic");
			return;
		}
		p->name.id = ms_rd_name(r, x.in);
		if (ms_rd_field(r, &f, &x) && x.id == C(1))
			ms_rd_values(r, x.in, &p->values);
		if (p->values && p->values->next)
			p->relation = MS_H248_ALL_OF; /* v3: a sub-list */
	}
}

/* ---- the small descriptors ---- */

static void rd_digitmap_value(struct rd *r, struct ms_span in, struct ms_h248_digitmap *d)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		switch (x.id) {
		case P(0):
			d->t = ms_rd_u8(r, x.in, 99);
			break;
		case P(1):
			d->s = ms_rd_u8(r, x.in, 99);
			break;
		case P(2):
			d->l = ms_rd_u8(r, x.in, 99);
			break;
		case P(3):
		case C(3):
			d->body = ms_rd_string(r, x, 0, MS_H248_BINARY_MAX);
			break;
		case P(4):
			d->z = ms_rd_u8(r, x.in, 99);
			break;
		default:
			break;
		}
}

/* DigitMapDescriptor, and EventDM, a CHOICE with the same alternatives. */
void ms_rd_digitmap(struct rd *r, struct ms_span in, struct ms_h248_digitmap *d)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	d->present = true;
	while (ms_rd_field(r, &f, &x))
		if (x.id == P(0))
			d->name = ms_rd_string(r, x, 2, 2);
		else if (x.id == C(1))
			rd_digitmap_value(r, x.in, d);
}

void ms_rd_packages(struct rd *r, struct ms_span in, struct ms_h248_package **tail)
{
	struct ms_span item;

	while (ms_rd_item(r, &in, U_SEQUENCE, &item)) {
		struct ms_h248_package *p = RD_APPEND(r, tail, struct ms_h248_package);
		if (!p)
			return;
		ms_rd_package(r, item, p);
	}
}

void ms_rd_package(struct rd *r, struct ms_span in, struct ms_h248_package *p)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (!ms_rd_field(r, &f, &x) || x.id != P(0) || x.in.len != 2) {
		ms_rd_bad(r, in.p, "package");
		return;
	}
	p->name.id = ms_rd_name(r, x.in) << 16;
	if (ms_rd_field(r, &f, &x) && x.id == P(1))
		p->version = ms_rd_u16(r, x.in);
}

void ms_rd_modem(struct rd *r, struct ms_span in, struct ms_h248_modem **ret_modem)
{
	struct ms_h248_modem *m = RD_NEW(r, struct ms_h248_modem);
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (!m)
		return;
	*ret_modem = m;
	while (ms_rd_field(r, &f, &x))
		if (x.id == C(0))
			m->types = x.in;
		else if (x.id == C(1))
			ms_rd_params(r, x.in, 4, &m->properties);
}

void ms_rd_mux(struct rd *r, struct ms_span in, struct ms_h248_mux **ret_mux)
{
	struct ms_h248_mux *m = RD_NEW(r, struct ms_h248_mux);
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (!m)
		return;
	*ret_mux = m;
	while (ms_rd_field(r, &f, &x))
		if (x.id == P(0))
			m->type = MS_H248_MUX_H221 + ms_rd_uint(r, x.in, 4);
		else if (x.id == C(1))
			ms_rd_terminations(r, x.in, &m->terminations);
	if (!m->type)
		ms_rd_bad(r, in.p, "mux");
}
