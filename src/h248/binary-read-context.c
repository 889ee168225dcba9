/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, reading: what is asked and said of contexts. */
#include "h248/binary-priv.h"

static bool rd_topology(struct rd *r, const struct el *e, struct ms_h248_topology *t)
{
	struct fields f = ms_rd_fields(e);
	uint32_t direction = 0, extension = 0;
	bool extended = false;
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		switch (id) {
		case C(0):
			ms_rd_termination(r, &x, &t->from);
			break;
		case C(1):
			ms_rd_termination(r, &x, &t->to);
			break;
		case P(2):
			ms_rd_uint(r, &x, 2, &direction);
			break;
		case P(3):
			ms_rd_u16(r, &x, &t->stream);
			break;
		case P(4):
			extended = ms_rd_uint(r, &x, 1, &extension);
			break;
		default:
			break;
		}
	t->kind = MS_H248_TOPOLOGY_BOTHWAY + direction;
	if (extended) {
		t->has_base = true;
		t->base = t->kind;
		t->kind = MS_H248_TOPOLOGY_ONEWAY_EXTERNAL + extension;
	}
	return f.next > 2 || ms_rd_bad(r, e->p, "topology");
}

static bool rd_topologies(struct rd *r, const struct el *e, struct ms_h248_context *x)
{
	struct ms_h248_topology **tail = &x->topology, *t;
	const uint8_t *at = e->p;
	struct el item;

	x->has_topology = true;
	while (ms_rd_item(r, &at, e->end, U_SEQUENCE, &item)) {
		t = RD_APPEND(r, tail, struct ms_h248_topology);
		if (!t || !rd_topology(r, &item, t))
			return false;
	}
	return r->err == 0;
}

static bool rd_flag(struct rd *r, const struct el *e, enum ms_h248_flag *ret_flag)
{
	bool on;
	if (!ms_rd_bool(r, e, &on))
		return false;
	*ret_flag = on ? MS_H248_FLAG_ON : MS_H248_FLAG_OFF;
	return true;
}

static bool rd_context_list(struct rd *r, const struct el *e, struct ms_h248_context_id **tail)
{
	const uint8_t *at = e->p;
	struct el item;

	while (ms_rd_item(r, &at, e->end, U_INTEGER, &item)) {
		struct ms_h248_context_id *c = RD_APPEND(r, tail, struct ms_h248_context_id);
		if (!c || !ms_rd_uint(r, &item, UINT32_MAX, &c->id))
			return false;
	}
	return r->err == 0;
}

bool ms_rd_context(struct rd *r, const struct el *e, struct ms_h248_context *x)
{
	struct fields f = ms_rd_fields(e);
	struct el i;

	x->present = true;
	for (unsigned id; (id = ms_rd_field(r, &f, &i)) != 0;)
		switch (id) {
		case P(0):
			x->has_priority = ms_rd_u8(r, &i, 15, &x->priority);
			break;
		case P(1):
			rd_flag(r, &i, &x->emergency);
			break;
		case C(2):
			rd_topologies(r, &i, x);
			break;
		case P(3):
			rd_flag(r, &i, &x->ieps);
			break;
		case C(4):
			ms_rd_params(r, &i, 4, &x->properties);
			break;
		case C(5):
			rd_context_list(r, &i, &x->list);
			break;
		default:
			break;
		}
	return r->err == 0;
}

static bool rd_select_logic(struct rd *r, const struct el *e, struct ms_h248_context_select *s)
{
	struct el x;
	if (!ms_rd_choice(r, e, &x))
		return false;
	s->logic = x.id == P(0)   ? MS_H248_SELECT_AND
		   : x.id == P(1) ? MS_H248_SELECT_OR
				  : MS_H248_SELECT_ABSENT;
	return s->logic || ms_rd_bad(r, x.p, "select_logic");
}

static bool rd_select(struct rd *r, unsigned id, const struct el *e, struct ms_h248_context *x)
{
	if (!x->select)
		x->select = RD_NEW(r, struct ms_h248_context_select);
	if (!x->select)
		return false;
	switch (id) {
	case P(5):
		x->select->has_priority = true;
		return ms_rd_u8(r, e, 15, &x->select->priority);
	case P(6):
		return rd_flag(r, e, &x->select->emergency);
	case P(7):
		return rd_flag(r, e, &x->select->ieps);
	default:
		return rd_select_logic(r, e, x->select);
	}
}

/* What is asked for, and in version 3 what selects by its value. */
static bool rd_audited_properties(struct rd *r, const struct el *e, struct ms_h248_context *x)
{
	struct ms_h248_param *all = NULL, **plain = &x->audit_properties, **with = NULL;

	if (!ms_rd_ind_property(r, e, &all))
		return false;
	while (all) {
		struct ms_h248_param *p = all;
		all = p->next;
		p->next = NULL;
		if (!p->values) {
			*plain = p;
			plain = &p->next;
			continue;
		}
		if (!x->select && !(x->select = RD_NEW(r, struct ms_h248_context_select)))
			return false;
		if (!with)
			with = &x->select->properties;
		*with = p;
		with = &p->next;
	}
	return true;
}

bool ms_rd_context_audit(struct rd *r, const struct el *e, struct ms_h248_context *x)
{
	struct fields f = ms_rd_fields(e);
	struct el i;

	x->audit = true;
	for (unsigned id; (id = ms_rd_field(r, &f, &i)) != 0;)
		switch (id) {
		case P(0):
			x->audit_topology = ms_rd_null(r, &i);
			break;
		case P(1):
			x->audit_emergency = ms_rd_null(r, &i);
			break;
		case P(2):
			x->audit_priority = ms_rd_null(r, &i);
			break;
		case P(3):
			x->audit_ieps = ms_rd_null(r, &i);
			break;
		case C(4):
			rd_audited_properties(r, &i, x);
			break;
		case P(5):
		case P(6):
		case P(7):
		case C(8):
			rd_select(r, id, &i, x);
			break;
		default:
			break;
		}
	return r->err == 0;
}
