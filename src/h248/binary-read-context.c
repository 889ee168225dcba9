/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, reading: what is asked and said of contexts. */
#include "h248/binary-read-priv.h"

static void rd_topology(struct rd *r, struct ms_span in, struct ms_h248_topology *t)
{
	struct fields f = ms_rd_fields(in);
	uint32_t direction = 0, extension = 0;
	struct el x;

	while (ms_rd_field(r, &f, &x))
		switch (x.id) {
		case C(0):
			ms_rd_termination(r, x.in, &t->from);
			break;
		case C(1):
			ms_rd_termination(r, x.in, &t->to);
			break;
		case P(2):
			direction = ms_rd_uint(r, x.in, 2);
			break;
		case P(3):
			t->stream = ms_rd_u16(r, x.in);
			break;
		case P(4):
			extension = ms_rd_uint(r, x.in, 1);
			t->has_base = true;
			break;
		default:
			break;
		}
	t->kind = MS_H248_TOPOLOGY_BOTHWAY + direction;
	if (t->has_base) {
		t->base = t->kind;
		t->kind = MS_H248_TOPOLOGY_ONEWAY_EXTERNAL + extension;
	}
	if (!ms_rd_reached(&f, 2))
		ms_rd_bad(r, in.p, "topology");
}

static void rd_topologies(struct rd *r, struct ms_span in, struct ms_h248_context *x)
{
	struct ms_h248_topology **tail = &x->topology, *t;
	struct ms_span item;

	x->has_topology = true;
	while (ms_rd_item(r, &in, U_SEQUENCE, &item)) {
		t = RD_APPEND(r, tail, struct ms_h248_topology);
		if (!t)
			return;
		rd_topology(r, item, t);
	}
}

static void rd_context_list(struct rd *r, struct ms_span in, struct ms_h248_context_id **tail)
{
	struct ms_span item;

	while (ms_rd_item(r, &in, U_INTEGER, &item)) {
		struct ms_h248_context_id *c = RD_APPEND(r, tail, struct ms_h248_context_id);
		if (!c)
			return;
		c->id = ms_rd_uint(r, item, UINT32_MAX);
	}
}

void ms_rd_context(struct rd *r, struct ms_span in, struct ms_h248_context *x)
{
	struct fields f = ms_rd_fields(in);
	struct el i;

	x->present = true;
	while (ms_rd_field(r, &f, &i))
		switch (i.id) {
		case P(0):
			x->has_priority = true;
			x->priority = ms_rd_u8(r, i.in, 15);
			break;
		case P(1):
			x->emergency = ms_rd_flag(r, i.in);
			break;
		case C(2):
			rd_topologies(r, i.in, x);
			break;
		case P(3):
			x->ieps = ms_rd_flag(r, i.in);
			break;
		case C(4):
			ms_rd_params(r, i.in, 4, &x->properties);
			break;
		case C(5):
			rd_context_list(r, i.in, &x->list);
			break;
		default:
			break;
		}
}

static enum ms_h248_select rd_select_logic(struct rd *r, struct ms_span in)
{
	struct el x;

	if (!ms_rd_choice(r, in, &x))
		return MS_H248_SELECT_ABSENT;
	if (x.id == P(0))
		return MS_H248_SELECT_AND;
	if (x.id != P(1))
		ms_rd_bad(r, x.in.p, "select_logic");
	return MS_H248_SELECT_OR;
}

static struct ms_h248_context_select *select_of(struct rd *r, struct ms_h248_context *x)
{
	if (!x->select)
		x->select = RD_NEW(r, struct ms_h248_context_select);
	return x->select;
}

static void rd_select(struct rd *r, unsigned id, struct ms_span in, struct ms_h248_context *x)
{
	struct ms_h248_context_select *select = select_of(r, x);

	if (!select)
		return;
	switch (id) {
	case P(5):
		select->has_priority = true;
		select->priority = ms_rd_u8(r, in, 15);
		break;
	case P(6):
		select->emergency = ms_rd_flag(r, in);
		break;
	case P(7):
		select->ieps = ms_rd_flag(r, in);
		break;
	default:
		select->logic = rd_select_logic(r, in);
	}
}

/* What is asked for, and in version 3 what selects by its value. */
static void rd_audited_properties(struct rd *r, struct ms_span in, struct ms_h248_context *x)
{
	struct ms_h248_param *all = NULL, **plain = &x->audit_properties, **with = NULL;

	ms_rd_ind_property(r, in, &all);
	while (all) {
		struct ms_h248_param *p = all;
		all = p->next;
		p->next = NULL;
		if (!p->values) {
			*plain = p;
			plain = &p->next;
			continue;
		}
		if (!with) {
			struct ms_h248_context_select *select = select_of(r, x);
			if (!select)
				return;
			with = &select->properties;
		}
		*with = p;
		with = &p->next;
	}
}

void ms_rd_context_audit(struct rd *r, struct ms_span in, struct ms_h248_context *x)
{
	struct fields f = ms_rd_fields(in);
	struct el i;

	x->audit = true;
	while (ms_rd_field(r, &f, &i))
		switch (i.id) {
		case P(0):
			x->audit_topology = ms_rd_null(r, i.in);
			break;
		case P(1):
			x->audit_emergency = ms_rd_null(r, i.in);
			break;
		case P(2):
			x->audit_priority = ms_rd_null(r, i.in);
			break;
		case P(3):
			x->audit_ieps = ms_rd_null(r, i.in);
			break;
		case C(4):
			rd_audited_properties(r, i.in, x);
			break;
		case P(5):
		case P(6):
		case P(7):
		case C(8):
			rd_select(r, i.id, i.in, x);
			break;
		default:
			break;
		}
}
