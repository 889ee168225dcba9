/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, reading: properties, media, events, signals and the small descriptors. */
#include "h248/binary-priv.h"

/* ---- names, values, properties ---- */

bool ms_rd_name(struct rd *r, const struct el *e, uint32_t *ret_id)
{
	const uint8_t *p = e->p;
	size_t len = (size_t)(e->end - p);

	if (len != 2 && len != 4)
		return ms_rd_bad(r, p, "name");
	*ret_id =
		len == 2 ? (uint32_t)p[0] << 8 | p[1]
			 : (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return true;
}

static struct ms_h248_value *append_value(struct rd *r, struct ms_h248_value ***tail)
{
	struct ms_h248_value **at = *tail;
	struct ms_h248_value *v = RD_APPEND(r, at, struct ms_h248_value);
	*tail = at;
	return v;
}

bool ms_rd_values(struct rd *r, const struct el *e, struct ms_h248_value **tail)
{
	const uint8_t *at = e->p;
	struct ms_h248_value *v;
	struct el x;

	while (ms_rd_next(r, &at, e->end, &x)) {
		if ((x.id & ~0x20) != U_OCTETS)
			return ms_rd_bad(r, x.p, "value");
		v = append_value(r, &tail);
		if (!v || !ms_rd_string(r, &x, 0, MS_H248_BINARY_MAX, &v->octets))
			return false;
		v->form = MS_H248_BER;
	}
	return r->err == 0;
}

/* A.2, PropertyParm: an empty sequence is CHOOSE. */
static bool rd_values_or_choose(struct rd *r, const struct el *e, struct ms_h248_param *p)
{
	struct ms_h248_value **tail = &p->values;

	if (e->p != e->end)
		return ms_rd_values(r, e, &p->values);
	struct ms_h248_value *v = append_value(r, &tail);
	if (v)
		v->octets = MS_SPAN_LIT("$");
	return v;
}

/* extraInfo: relation, range, sublist. */
static bool rd_extra(struct rd *r, const struct el *e, struct ms_h248_param *p)
{
	static const enum ms_h248_relation relations[] = { MS_H248_GREATER, MS_H248_LESS,
							   MS_H248_UNEQUAL };
	struct el x;
	uint32_t relation;
	bool on = false;

	if (!ms_rd_choice(r, e, &x))
		return false;
	if (x.id == P(0)) {
		if (!ms_rd_uint(r, &x, 2, &relation))
			return false;
		p->relation = relations[relation];
	} else if (x.id == P(1) || x.id == P(2)) {
		if (!ms_rd_bool(r, &x, &on))
			return false;
		if (on)
			p->relation = x.id == P(1) ? MS_H248_RANGE : MS_H248_ALL_OF;
	}
	return true;
}

bool ms_rd_param(struct rd *r, const struct el *e, size_t name_len, struct ms_h248_param *p)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	if (ms_rd_field(r, &f, &x) != P(0) || (size_t)(x.end - x.p) != name_len ||
	    !ms_rd_name(r, &x, &p->name.id))
		return ms_rd_bad(r, e->p, "property_name");
	if (ms_rd_field(r, &f, &x) != C(1) || !rd_values_or_choose(r, &x, p))
		return ms_rd_bad(r, e->p, "property_value");
	if (p->values && p->values->next)
		p->relation = MS_H248_ANY_OF; /* unless told otherwise */
	if (ms_rd_field(r, &f, &x) == C(2))
		rd_extra(r, &x, p);
	return r->err == 0;
}

/* PropertyParm with names of 4 octets, EventParameter and SigParameter with 2. */
bool ms_rd_params(struct rd *r, const struct el *e, size_t name_len, struct ms_h248_param **tail)
{
	const uint8_t *at = e->p;
	struct el item;

	while (ms_rd_item(r, &at, e->end, U_SEQUENCE, &item)) {
		struct ms_h248_param *p = RD_APPEND(r, tail, struct ms_h248_param);
		if (!p || !ms_rd_param(r, &item, name_len, p))
			return false;
	}
	return r->err == 0;
}

/* ---- media ---- */

static bool rd_flag(struct rd *r, const struct el *e, enum ms_h248_flag *ret_flag)
{
	bool on;
	if (!ms_rd_bool(r, e, &on))
		return false;
	*ret_flag = on ? MS_H248_FLAG_ON : MS_H248_FLAG_OFF;
	return true;
}

static bool rd_control(struct rd *r, const struct el *e, struct ms_h248_local_control *c)
{
	struct fields f = ms_rd_fields(e);
	uint32_t mode;
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		switch (id) {
		case P(0):
			if (ms_rd_uint(r, &x, 4, &mode))
				c->mode = MS_H248_MODE_SENDONLY + mode;
			break;
		case P(1):
			rd_flag(r, &x, &c->reserve_value);
			break;
		case P(2):
			rd_flag(r, &x, &c->reserve_group);
			break;
		case C(3):
			ms_rd_params(r, &x, 4, &c->properties);
			break;
		default:
			break;
		}
	return r->err == 0;
}

static bool rd_stream(struct rd *r, const struct el *e, struct ms_h248_stream *s)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		switch (id) {
		case C(0):
			s->has_control = rd_control(r, &x, &s->control);
			break;
		case C(1):
			ms_rd_sdp(r, &x, &s->local);
			break;
		case C(2):
			ms_rd_sdp(r, &x, &s->remote);
			break;
		case C(3):
			s->has_statistics = ms_rd_statistics(r, &x, &s->statistics);
			break;
		default:
			break;
		}
	return r->err == 0;
}

static bool rd_stream_list(struct rd *r, const struct el *e, struct ms_h248_stream **tail)
{
	const uint8_t *at = e->p;
	struct el item, x;

	while (ms_rd_item(r, &at, e->end, U_SEQUENCE, &item)) {
		struct ms_h248_stream *s = RD_APPEND(r, tail, struct ms_h248_stream);
		struct fields f = ms_rd_fields(&item);
		if (!s || ms_rd_field(r, &f, &x) != P(0) || !ms_rd_u16(r, &x, &s->id) || s->id == 0)
			return ms_rd_bad(r, item.p, "stream_id");
		if (ms_rd_field(r, &f, &x) != C(1) || !rd_stream(r, &x, s))
			return ms_rd_bad(r, item.p, "stream");
	}
	return r->err == 0;
}

static bool rd_streams(struct rd *r, const struct el *e, struct ms_h248_media *m)
{
	struct ms_h248_stream **tail = &m->streams;
	struct el x;

	if (!ms_rd_choice(r, e, &x))
		return false;
	if (x.id == C(1))
		return rd_stream_list(r, &x, tail);
	if (x.id != C(0))
		return ms_rd_bad(r, x.p, "streams");
	struct ms_h248_stream *s = RD_APPEND(r, tail, struct ms_h248_stream);
	return s && rd_stream(r, &x, s);
}

static bool rd_state(struct rd *r, const struct el *e, struct ms_h248_media *m)
{
	struct fields f = ms_rd_fields(e);
	uint32_t v;
	struct el x;

	m->has_state = true;
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == C(0))
			ms_rd_params(r, &x, 4, &m->state_properties);
		else if (id == P(1) && ms_rd_uint(r, &x, 1, &v))
			m->event_buffer = MS_H248_BUFFER_OFF + v;
		else if (id == P(2) && ms_rd_uint(r, &x, 2, &v))
			m->service_state = MS_H248_SERVICE_TEST + v;
	return r->err == 0;
}

bool ms_rd_media(struct rd *r, const struct el *e, struct ms_h248_media **ret_media)
{
	struct ms_h248_media *m = RD_NEW(r, struct ms_h248_media);
	struct fields f = ms_rd_fields(e);
	struct el x;

	if (!m)
		return false;
	*ret_media = m;
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == C(0))
			rd_state(r, &x, m);
		else if (id == C(1))
			rd_streams(r, &x, m);
	return r->err == 0;
}

bool ms_rd_statistics(struct rd *r, const struct el *e, struct ms_h248_param **tail)
{
	const uint8_t *at = e->p;
	struct el item, x;

	while (ms_rd_item(r, &at, e->end, U_SEQUENCE, &item)) {
		struct ms_h248_param *p = RD_APPEND(r, tail, struct ms_h248_param);
		struct fields f = ms_rd_fields(&item);
		if (!p || ms_rd_field(r, &f, &x) != P(0) || !ms_rd_name(r, &x, &p->name.id))
			return ms_rd_bad(r, item.p, "statistic");
		if (ms_rd_field(r, &f, &x) == C(1))
			ms_rd_values(r, &x, &p->values);
		if (p->values && p->values->next)
			p->relation = MS_H248_ALL_OF; /* v3: a sub-list */
	}
	return r->err == 0;
}

/* ---- the small descriptors ---- */

static bool rd_digitmap_value(struct rd *r, const struct el *e, struct ms_h248_digitmap *d)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		switch (id) {
		case P(0):
			ms_rd_u8(r, &x, 99, &d->t);
			break;
		case P(1):
			ms_rd_u8(r, &x, 99, &d->s);
			break;
		case P(2):
			ms_rd_u8(r, &x, 99, &d->l);
			break;
		case P(3):
		case C(3):
			ms_rd_string(r, &x, 0, MS_H248_BINARY_MAX, &d->body);
			break;
		case P(4):
			ms_rd_u8(r, &x, 99, &d->z);
			break;
		default:
			break;
		}
	return r->err == 0;
}

/* DigitMapDescriptor, and EventDM, a CHOICE with the same alternatives. */
bool ms_rd_digitmap(struct rd *r, const struct el *e, struct ms_h248_digitmap *d)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	d->present = true;
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == P(0))
			ms_rd_string(r, &x, 2, 2, &d->name);
		else if (id == C(1))
			rd_digitmap_value(r, &x, d);
	return r->err == 0;
}

bool ms_rd_packages(struct rd *r, const struct el *e, struct ms_h248_package **tail)
{
	const uint8_t *at = e->p;
	struct el item, x;

	while (ms_rd_item(r, &at, e->end, U_SEQUENCE, &item)) {
		struct ms_h248_package *p = RD_APPEND(r, tail, struct ms_h248_package);
		struct fields f = ms_rd_fields(&item);
		if (!p || ms_rd_field(r, &f, &x) != P(0) || x.end - x.p != 2 ||
		    !ms_rd_name(r, &x, &p->name.id))
			return ms_rd_bad(r, item.p, "package");
		p->name.id <<= 16;
		if (ms_rd_field(r, &f, &x) == P(1))
			ms_rd_u16(r, &x, &p->version);
	}
	return r->err == 0;
}

bool ms_rd_modem(struct rd *r, const struct el *e, struct ms_h248_modem **ret_modem)
{
	struct ms_h248_modem *m = RD_NEW(r, struct ms_h248_modem);
	struct fields f = ms_rd_fields(e);
	struct el x;

	if (!m)
		return false;
	*ret_modem = m;
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == C(0))
			m->types = ms_span_of(x.p, (size_t)(x.end - x.p));
		else if (id == C(1))
			ms_rd_params(r, &x, 4, &m->properties);
	return r->err == 0;
}

bool ms_rd_mux(struct rd *r, const struct el *e, struct ms_h248_mux **ret_mux)
{
	struct ms_h248_mux *m = RD_NEW(r, struct ms_h248_mux);
	struct fields f = ms_rd_fields(e);
	uint32_t type;
	struct el x;

	if (!m)
		return false;
	*ret_mux = m;
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == P(0) && ms_rd_uint(r, &x, 4, &type))
			m->type = MS_H248_MUX_H221 + type;
		else if (id == C(1))
			ms_rd_terminations(r, &x, &m->terminations);
	return m->type || ms_rd_bad(r, e->p, "mux");
}
