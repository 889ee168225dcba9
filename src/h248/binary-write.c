/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, writing: messages, transactions, actions, commands, service change. */
#include "h248/binary-write-priv.h"

/* A transaction stands in SEQUENCE, mess, messageBody, transactions. */
#define TRANSACTION_LEVEL 4

/* ---- addresses ---- */

static void wr_address(struct wr *w, unsigned id, const struct ms_h248_mid *m, size_t len)
{
	size_t mark = ms_wr_open(w, id);
	ms_wr_string(w, P(0), ms_span_of(m->address, len));
	if (m->port)
		ms_wr_uint(w, P(1), m->port);
	ms_wr_close(w, mark);
}

static void wr_domain(struct wr *w, unsigned id, const struct ms_h248_mid *m)
{
	size_t mark = ms_wr_open(w, id);
	ms_wr_string(w, P(0), m->name);
	if (m->port)
		ms_wr_uint(w, P(1), m->port);
	ms_wr_close(w, mark);
}

/* The alternative itself; alternatives begin at `tag`: 0 MId, 1 ServiceChangeAddress. */
void ms_wr_mid(struct wr *w, unsigned tag, const struct ms_h248_mid *m)
{
	switch (m->kind) {
	case MS_H248_MID_IPV4:
		wr_address(w, C(tag), m, 4);
		break;
	case MS_H248_MID_IPV6:
		wr_address(w, C(tag + 1), m, 16);
		break;
	case MS_H248_MID_DOMAIN:
		wr_domain(w, C(tag + 2), m);
		break;
	case MS_H248_MID_DEVICE:
		ms_wr_string(w, P(tag + 3), m->name);
		break;
	case MS_H248_MID_MTP:
		ms_wr_string(w, P(tag + 4), m->name);
		break;
	default:
		if (tag == 1 && m->port_only)
			ms_wr_uint(w, P(0), m->port);
		else
			ms_wr_bad(w);
	}
}

static void wr_wrapped_mid(struct wr *w, unsigned id, unsigned tag, const struct ms_h248_mid *m)
{
	size_t mark = ms_wr_open(w, id);
	ms_wr_mid(w, tag, m);
	ms_wr_close(w, mark);
}

void ms_wr_error(struct wr *w, unsigned id, const struct ms_h248_error *e)
{
	size_t mark = ms_wr_open(w, id);
	ms_wr_uint(w, P(0), e->code);
	if (e->text.p)
		ms_wr_string(w, P(1), e->text);
	ms_wr_close(w, mark);
}

/* ---- terminations ---- */

static struct ms_span octets_of(const struct ms_h248_termination *t)
{
	static const uint8_t ones[8] = { 255, 255, 255, 255, 255, 255, 255, 255 };
	static const uint8_t zeros[4];

	if (t->octets.len)
		return t->octets;
	if (t->kind == MS_H248_TERMINATION_ROOT)
		return ms_span_of(ones, 8); /* A.1 */
	return t->kind == MS_H248_TERMINATION_NAMED ? MS_SPAN_NULL : ms_span_of(zeros, 4);
}

/* A.1: one field from the first bit down, over all levels. */
static void wr_wildcard(struct wr *w, const struct ms_h248_termination *t, size_t bits)
{
	size_t mark = ms_wr_open(w, C(0));
	if (t->wildcard.len == 0 && t->kind == MS_H248_TERMINATION_CHOOSE)
		ms_wr_u8(w, U_OCTETS, 0x40 | (unsigned)(bits - 1));
	else if (t->wildcard.len == 0 && t->kind == MS_H248_TERMINATION_ALL)
		ms_wr_u8(w, U_OCTETS, 0xc0 | (unsigned)(bits - 1));
	for (size_t i = 0; i < t->wildcard.len; i++)
		ms_wr_u8(w, U_OCTETS, t->wildcard.p[i]);
	ms_wr_close(w, mark);
}

void ms_wr_termination(struct wr *w, unsigned id, const struct ms_h248_termination *t)
{
	struct ms_span octets = octets_of(t);
	size_t mark = ms_wr_open(w, id);
	if (octets.len == 0 || octets.len > 8)
		ms_wr_bad(w);
	wr_wildcard(w, t, octets.len * 8);
	ms_wr_string(w, P(1), octets);
	ms_wr_close(w, mark);
}

void ms_wr_terminations(struct wr *w, unsigned id, const struct ms_h248_termination *list)
{
	size_t mark = ms_wr_open(w, id);
	for (; list; list = list->next)
		ms_wr_termination(w, U_SEQUENCE, list);
	ms_wr_close(w, mark);
}

/* ---- contexts ---- */

static void wr_flag(struct wr *w, unsigned id, enum ms_h248_flag flag)
{
	if (flag)
		ms_wr_bool(w, id, flag == MS_H248_FLAG_ON);
}

static void wr_topology(struct wr *w, const struct ms_h248_topology *t)
{
	bool extended = t->kind >= MS_H248_TOPOLOGY_ONEWAY_EXTERNAL;
	size_t mark = ms_wr_open(w, U_SEQUENCE);
	ms_wr_termination(w, C(0), &t->from);
	ms_wr_termination(w, C(1), &t->to);
	ms_wr_u8(w, P(2), !extended ? t->kind : t->has_base ? t->base : MS_H248_TOPOLOGY_ONEWAY);
	if (t->stream && ms_wr_since(w, 3))
		ms_wr_uint(w, P(3), t->stream);
	if (extended && ms_wr_since(w, 3))
		ms_wr_u8(w, P(4), t->kind - MS_H248_TOPOLOGY_ONEWAY_EXTERNAL);
	ms_wr_close(w, mark);
}

static void wr_context_list(struct wr *w, unsigned id, const struct ms_h248_context_id *list)
{
	size_t mark = ms_wr_open(w, id);
	for (; list; list = list->next)
		ms_wr_uint(w, U_INTEGER, list->id);
	ms_wr_close(w, mark);
}

void ms_wr_context(struct wr *w, unsigned id, const struct ms_h248_context *x)
{
	size_t mark = ms_wr_open(w, id);
	if (x->has_priority)
		ms_wr_uint(w, P(0), x->priority);
	wr_flag(w, P(1), x->emergency);
	if (x->has_topology) {
		size_t list = ms_wr_open(w, C(2));
		for (const struct ms_h248_topology *t = x->topology; t; t = t->next)
			wr_topology(w, t);
		ms_wr_close(w, list);
	}
	if ((x->ieps || x->properties || x->list) && ms_wr_since(w, 3)) {
		wr_flag(w, P(3), x->ieps);
		if (x->properties)
			ms_wr_params(w, C(4), x->properties, 4);
		if (x->list)
			wr_context_list(w, C(5), x->list);
	}
	ms_wr_close(w, mark);
}

static void wr_select(struct wr *w, const struct ms_h248_context_select *s)
{
	if (!ms_wr_since(w, 3))
		return;
	if (s->list) /* has no binary form */
		ms_wr_bad(w);
	if (s->has_priority)
		ms_wr_uint(w, P(5), s->priority);
	wr_flag(w, P(6), s->emergency);
	wr_flag(w, P(7), s->ieps);
	if (s->logic) {
		size_t mark = ms_wr_open(w, C(8));
		ms_wr_null(w, s->logic == MS_H248_SELECT_AND ? P(0) : P(1));
		ms_wr_close(w, mark);
	}
}

void ms_wr_context_audit(struct wr *w, unsigned id, const struct ms_h248_context *x)
{
	const struct ms_h248_param *selecting = x->select ? x->select->properties : NULL;
	size_t mark = ms_wr_open(w, id);
	if (x->audit_topology)
		ms_wr_null(w, P(0));
	if (x->audit_emergency)
		ms_wr_null(w, P(1));
	if (x->audit_priority)
		ms_wr_null(w, P(2));
	if (x->audit_ieps && ms_wr_since(w, 3))
		ms_wr_null(w, P(3));
	if ((x->audit_properties || selecting) && ms_wr_since(w, 3)) {
		size_t all = ms_wr_open(w, C(4));
		ms_wr_ind_property_items(w, x->audit_properties);
		ms_wr_ind_property_items(w, selecting);
		ms_wr_close(w, all);
	}
	if (x->select)
		wr_select(w, x->select);
	ms_wr_close(w, mark);
}

static void wr_action(struct wr *w, bool reply, const struct ms_h248_action *a)
{
	size_t mark = ms_wr_open(w, U_SEQUENCE);
	ms_wr_uint(w, P(0), a->context);
	if (reply && a->error)
		ms_wr_error(w, C(1), a->error);
	if (a->attributes.present)
		ms_wr_context(w, reply ? C(2) : C(1), &a->attributes);
	if (!reply && (a->attributes.audit || a->attributes.select))
		ms_wr_context_audit(w, C(2), &a->attributes);
	size_t commands = ms_wr_open(w, C(3));
	for (const struct ms_h248_command *c = a->commands; c; c = c->next)
		if (reply)
			ms_wr_command_reply(w, c);
		else
			ms_wr_command(w, c);
	ms_wr_close(w, commands);
	ms_wr_close(w, mark);
}

/* ---- transactions ---- */

static void wr_actions(struct wr *w, unsigned id, bool reply, const struct ms_h248_action *a)
{
	size_t mark = ms_wr_open(w, id);
	for (; a; a = a->next)
		wr_action(w, reply, a);
	ms_wr_close(w, mark);
}

static void wr_acks(struct wr *w, const struct ms_h248_ack *ack)
{
	for (; ack; ack = ack->next) {
		size_t one = ms_wr_open(w, U_SEQUENCE);
		ms_wr_uint(w, P(0), ack->first);
		if (ack->last != ack->first)
			ms_wr_uint(w, P(1), ack->last);
		ms_wr_close(w, one);
	}
}

static void wr_reply(struct wr *w, const struct ms_h248_transaction *t)
{
	ms_wr_uint(w, P(0), t->id);
	if (t->ack_required)
		ms_wr_null(w, P(1));
	size_t result = ms_wr_open(w, C(2));
	if (t->error)
		ms_wr_error(w, C(0), t->error);
	else
		wr_actions(w, C(1), true, t->actions);
	ms_wr_close(w, result);
	if (t->segment && ms_wr_since(w, 3))
		ms_wr_uint(w, P(3), t->segment);
	if (t->segment_end && ms_wr_since(w, 3))
		ms_wr_null(w, P(4));
}

static void wr_segment_reply(struct wr *w, const struct ms_h248_transaction *t)
{
	if (!ms_wr_since(w, 3))
		return;
	ms_wr_uint(w, P(0), t->id);
	ms_wr_uint(w, P(1), t->segment);
	if (t->segment_end)
		ms_wr_null(w, P(2));
}

static void wr_transaction(struct wr *w, const struct ms_h248_transaction *t)
{
	size_t mark = ms_wr_open(w, C((unsigned)t->kind));
	switch (t->kind) {
	case MS_H248_REQUEST:
		ms_wr_uint(w, P(0), t->id);
		wr_actions(w, C(1), false, t->actions);
		break;
	case MS_H248_PENDING:
		ms_wr_uint(w, P(0), t->id);
		break;
	case MS_H248_REPLY:
		wr_reply(w, t);
		break;
	case MS_H248_ACK:
		wr_acks(w, t->acks);
		break;
	case MS_H248_SEGMENT_REPLY:
		wr_segment_reply(w, t);
		break;
	}
	ms_wr_close(w, mark);
}

/* ---- messages ---- */

static void wr_auth(struct wr *w, const struct ms_h248_auth *auth)
{
	size_t mark = ms_wr_open(w, C(0));
	ms_wr_string(w, P(0), ms_span_of(auth->spi, 4));
	ms_wr_string(w, P(1), ms_span_of(auth->sequence, 4));
	ms_wr_string(w, P(2), auth->data);
	ms_wr_close(w, mark);
}

static void wr_body(struct wr *w, const struct ms_h248_message *m, struct ms_span encoded)
{
	if (m->error) {
		ms_wr_error(w, C(0), m->error);
		return;
	}
	size_t list = ms_wr_open(w, C(1));
	for (const struct ms_h248_transaction *t = m->transactions; t; t = t->next)
		wr_transaction(w, t);
	if (encoded.len)
		ms_buf_put_span(w->b, encoded);
	ms_wr_close(w, list);
}

static void wr_message(struct wr *w, const struct ms_h248_message *m, struct ms_span encoded)
{
	size_t message = ms_wr_open(w, U_SEQUENCE);
	if (m->auth.present)
		wr_auth(w, &m->auth);
	size_t mess = ms_wr_open(w, C(1));
	ms_wr_uint(w, P(0), m->version);
	wr_wrapped_mid(w, C(1), 0, &m->mid);
	size_t body = ms_wr_open(w, C(2));
	wr_body(w, m, encoded);
	ms_wr_close(w, body);
	ms_wr_close(w, mess);
	ms_wr_close(w, message);
}

static int encode(const struct ms_h248_message *m, unsigned levels, struct ms_buf *b)
{
	struct wr w = { .b = b, .version = m->version, .indefinite = levels };
	size_t start = b->len;

	wr_message(&w, m, MS_SPAN_NULL);
	int err = ms_buf_status(b);
	if (err < 0)
		ms_buf_truncate(b, start);
	return err;
}

int ms_h248_binary_encode(const struct ms_h248_message *m, struct ms_buf *b)
{
	return encode(m, 0, b);
}

int ms_h248_binary_encode_indefinite(const struct ms_h248_message *m, unsigned levels,
				     struct ms_buf *b)
{
	return encode(m, levels, b);
}

static void put_transaction(struct ms_buf *out, const struct ms_h248_transaction *t,
			    unsigned version)
{
	struct wr w = { .b = out, .version = version, .level = TRANSACTION_LEVEL };
	wr_transaction(&w, t);
}

static void put_message(struct ms_buf *out, const struct ms_h248_message *m, struct ms_span encoded)
{
	struct wr w = { .b = out, .version = m->version };
	wr_message(&w, m, encoded);
}

const struct ms_h248_codec ms_h248_codec_binary = {
	.name = "binary",
	.port = 2945,
	.binary = true,
	.decode = ms_h248_binary_decode,
	.put_transaction = put_transaction,
	.put_message = put_message,
};
