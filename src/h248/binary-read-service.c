/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, reading: addresses, service change. */
#include "h248/binary-read-priv.h"

/* ---- addresses ---- */

static void rd_address(struct rd *r, struct ms_span in, size_t len, struct ms_h248_mid *m)
{
	struct fields f = ms_rd_fields(in);
	struct ms_span address = MS_SPAN_NULL;
	struct el x;

	while (ms_rd_field(r, &f, &x))
		if (x.id == P(0))
			address = ms_rd_string(r, x, len, len);
		else if (x.id == P(1))
			m->port = ms_rd_u16(r, x.in);
	if (!address.p)
		ms_rd_bad(r, in.p, "address");
	else
		len == 4 ? memcpy(m->address, address.p, 4) : memcpy(m->address, address.p, 16);
}

static void rd_domain(struct rd *r, struct ms_span in, struct ms_h248_mid *m)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		if ((x.id & ~0x20u) == P(0))
			m->name = ms_rd_string(r, x, 1, 255);
		else if (x.id == P(1))
			m->port = ms_rd_u16(r, x.in);
	if (!m->name.p)
		ms_rd_bad(r, in.p, "domain_name");
}

/* A CHOICE that stands in a field; its alternatives begin at `tag`: 0 MId, 1 ServiceChangeAddress. */
void ms_rd_mid(struct rd *r, struct ms_span in, unsigned tag, struct ms_h248_mid *m)
{
	struct el x;

	if (!ms_rd_choice(r, in, &x))
		return;
	switch ((x.id & 0x1f) - (int)tag) {
	case -1:
		m->port_only = true;
		m->port = ms_rd_u16(r, x.in);
		break;
	case 0:
		m->kind = MS_H248_MID_IPV4;
		rd_address(r, x.in, 4, m);
		break;
	case 1:
		m->kind = MS_H248_MID_IPV6;
		rd_address(r, x.in, 16, m);
		break;
	case 2:
		m->kind = MS_H248_MID_DOMAIN;
		rd_domain(r, x.in, m);
		break;
	case 3:
		m->kind = MS_H248_MID_DEVICE;
		m->name = ms_rd_string(r, x, 1, 64);
		break;
	case 4:
		m->kind = MS_H248_MID_MTP;
		m->name = ms_rd_string(r, x, 2, 4);
		break;
	default:
		ms_rd_bad(r, x.in.p, "address_kind");
	}
}

/* ---- service change ---- */

/* SEQUENCE OF OCTET STRING, of which the first holds an IA5String (comment in ServiceChangeParm). */
static struct ms_span rd_reason(struct rd *r, struct ms_span in)
{
	struct ms_span first = in, item;

	if (ms_rd_item(r, &first, U_OCTETS, &item))
		return ms_rd_unwrap(item);
	ms_rd_bad(r, in.p, "service_change_reason");
	return MS_SPAN_NULL;
}

static struct ms_span rd_profile(struct rd *r, struct ms_span in)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (ms_rd_field(r, &f, &x) && (x.id & ~0x20u) == P(0))
		return ms_rd_string(r, x, 1, 67);
	ms_rd_bad(r, in.p, "profile");
	return MS_SPAN_NULL;
}

void ms_rd_time(struct rd *r, struct ms_span in, struct ms_h248_timestamp *t)
{
	struct fields f = ms_rd_fields(in);
	struct ms_span date = MS_SPAN_NULL, time = MS_SPAN_NULL;
	struct el x;

	if (ms_rd_field(r, &f, &x) && x.id == P(0))
		date = ms_rd_string(r, x, 8, 8);
	if (date.p && ms_rd_field(r, &f, &x) && x.id == P(1))
		time = ms_rd_string(r, x, 8, 8);
	if (!time.p) {
		ms_rd_bad(r, in.p, "time");
		return;
	}
	memcpy(t->date, date.p, 8);
	memcpy(t->time, time.p, 8);
	t->present = true;
}

static void rd_parameter(struct rd *r, struct el x, struct ms_h248_service_change *s)
{
	switch (x.id) {
	case P(0):
		s->method = MS_H248_SC_FAILOVER + ms_rd_uint(r, x.in, 5);
		break;
	case C(1):
		ms_rd_mid(r, x.in, 1, &s->address);
		break;
	case P(2):
		s->version = ms_rd_u8(r, x.in, 99);
		break;
	case C(3):
		s->profile = rd_profile(r, x.in);
		break;
	case C(4):
		s->reason = rd_reason(r, x.in);
		break;
	case P(5):
		s->has_delay = true;
		s->delay = ms_rd_uint(r, x.in, UINT32_MAX);
		break;
	case C(6):
		ms_rd_mid(r, x.in, 0, &s->mgc_id);
		break;
	case C(7):
		ms_rd_time(r, x.in, &s->time);
		break;
	case C(9):
		ms_rd_audit(r, x.in, &s->info);
		break;
	case P(10):
		s->incomplete = ms_rd_null(r, x.in);
		break;
	default:
		break;
	}
}

void ms_rd_service_change(struct rd *r, struct ms_span in, struct ms_h248_service_change **ret_sc)
{
	struct ms_h248_service_change *s = RD_NEW(r, struct ms_h248_service_change);
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (!s)
		return;
	*ret_sc = s;
	while (ms_rd_field(r, &f, &x))
		rd_parameter(r, x, s);
	if (!s->method || !s->reason.p)
		ms_rd_bad(r, in.p, "service_change");
}

static void rd_result(struct rd *r, struct el x, struct ms_h248_service_change *s)
{
	switch (x.id) {
	case C(0):
		ms_rd_mid(r, x.in, 0, &s->mgc_id);
		break;
	case C(1):
		ms_rd_mid(r, x.in, 1, &s->address);
		break;
	case P(2):
		s->version = ms_rd_u8(r, x.in, 99);
		break;
	case C(3):
		s->profile = rd_profile(r, x.in);
		break;
	case C(4):
		ms_rd_time(r, x.in, &s->time);
		break;
	default:
		break;
	}
}

void ms_rd_service_change_result(struct rd *r, struct ms_span in, struct ms_h248_command *c)
{
	struct el choice, x;

	if (!ms_rd_choice(r, in, &choice))
		return;
	if (choice.id == C(0)) {
		ms_rd_error(r, choice.in, &c->error);
		return;
	}
	if (choice.id != C(1)) {
		ms_rd_bad(r, choice.in.p, "service_change_result");
		return;
	}
	struct fields f = ms_rd_fields(choice.in);
	c->service_change = RD_NEW(r, struct ms_h248_service_change);
	if (!c->service_change)
		return;
	while (ms_rd_field(r, &f, &x))
		rd_result(r, x, c->service_change);
}
