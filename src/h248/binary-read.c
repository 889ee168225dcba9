/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, reading: messages, transactions, actions, contexts and commands. */
#include "h248/binary-priv.h"

/* H.248.8: a syntax error in the message, a transaction, an action, a command. */
enum { IN_MESSAGE = 400, IN_TRANSACTION = 403, IN_ACTION = 422, IN_COMMAND = 442 };

/* ---- addresses ---- */

static bool rd_address(struct rd *r, const struct el *e, size_t len, struct ms_h248_mid *m)
{
	struct fields f = ms_rd_fields(e);
	struct ms_span address = MS_SPAN_NULL;
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == P(0) && ms_rd_string(r, &x, len, len, &address))
			len == 4 ? memcpy(m->address, address.p, 4)
				 : memcpy(m->address, address.p, 16);
		else if (id == P(1))
			ms_rd_u16(r, &x, &m->port);
	return address.p || ms_rd_bad(r, e->p, "address");
}

static bool rd_domain(struct rd *r, const struct el *e, struct ms_h248_mid *m)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if ((id & ~0x20u) == P(0))
			ms_rd_string(r, &x, 1, 255, &m->name);
		else if (id == P(1))
			ms_rd_u16(r, &x, &m->port);
	return m->name.p || ms_rd_bad(r, e->p, "domain_name");
}

/* A CHOICE that stands in field `e`; its alternatives begin at `tag`: 0 MId, 1 ServiceChangeAddress. */
bool ms_rd_mid(struct rd *r, const struct el *e, unsigned tag, struct ms_h248_mid *m)
{
	struct el x;

	if (!ms_rd_choice(r, e, &x))
		return false;
	switch ((x.id & 0x1f) - (int)tag) {
	case -1:
		m->port_only = true;
		return ms_rd_u16(r, &x, &m->port);
	case 0:
		m->kind = MS_H248_MID_IPV4;
		return rd_address(r, &x, 4, m);
	case 1:
		m->kind = MS_H248_MID_IPV6;
		return rd_address(r, &x, 16, m);
	case 2:
		m->kind = MS_H248_MID_DOMAIN;
		return rd_domain(r, &x, m);
	case 3:
		m->kind = MS_H248_MID_DEVICE;
		return ms_rd_string(r, &x, 1, 64, &m->name);
	case 4:
		m->kind = MS_H248_MID_MTP;
		return ms_rd_string(r, &x, 2, 4, &m->name);
	default:
		return ms_rd_bad(r, x.p, "address_kind");
	}
}

bool ms_rd_error(struct rd *r, const struct el *e, struct ms_h248_error **ret_error)
{
	struct ms_h248_error *error = RD_NEW(r, struct ms_h248_error);
	struct fields f = ms_rd_fields(e);
	struct el x;

	if (!error)
		return false;
	*ret_error = error;
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == P(0))
			ms_rd_u16(r, &x, &error->code);
		else if ((id & ~0x20u) == P(1))
			ms_rd_string(r, &x, 0, MS_H248_BINARY_MAX, &error->text);
	return r->err == 0;
}

/* ---- actions ---- */

static bool rd_command_request(struct rd *r, const struct el *e, struct ms_h248_command *c)
{
	struct fields f = ms_rd_fields(e);
	bool found = false;
	struct el x, choice;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == C(0))
			found = ms_rd_choice(r, &x, &choice) && ms_rd_command(r, &choice, c);
		else if (id == P(1))
			c->optional = ms_rd_null(r, &x);
		else if (id == P(2))
			c->wildcard_response = ms_rd_null(r, &x);
	return (found && r->err == 0) || ms_rd_bad(r, e->p, "command");
}

static bool rd_commands(struct rd *r, const struct el *e, bool reply, struct ms_h248_command **tail)
{
	const uint8_t *at = e->p;
	struct el item;

	r->code = IN_COMMAND;
	while (reply ? ms_rd_next(r, &at, e->end, &item)
		     : ms_rd_item(r, &at, e->end, U_SEQUENCE, &item)) {
		struct ms_h248_command *c = RD_APPEND(r, tail, struct ms_h248_command);
		if (!c ||
		    !(reply ? ms_rd_command_reply(r, &item, c) : rd_command_request(r, &item, c)))
			return false;
	}
	r->code = IN_ACTION;
	return r->err == 0;
}

/* ActionRequest and ActionReply: the same fields but for those that tell them apart. */
static bool rd_action(struct rd *r, const struct el *e, bool reply, struct ms_h248_action *a)
{
	struct fields f = ms_rd_fields(e);
	bool commands = false;
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		switch (id) {
		case P(0):
			r->place.has_context = ms_rd_uint(r, &x, UINT32_MAX, &a->context);
			r->place.context = a->context;
			break;
		case C(1):
			reply ? ms_rd_error(r, &x, &a->error)
			      : ms_rd_context(r, &x, &a->attributes);
			break;
		case C(2):
			reply ? ms_rd_context(r, &x, &a->attributes)
			      : ms_rd_context_audit(r, &x, &a->attributes);
			break;
		case C(3):
			commands = rd_commands(r, &x, reply, &a->commands);
			break;
		default:
			break;
		}
	return (commands && r->err == 0) || ms_rd_bad(r, e->p, "action");
}

static bool rd_actions(struct rd *r, const struct el *e, bool reply, struct ms_h248_action **tail)
{
	const uint8_t *at = e->p;
	struct el item;

	while (ms_rd_item(r, &at, e->end, U_SEQUENCE, &item)) {
		struct ms_h248_action *a = RD_APPEND(r, tail, struct ms_h248_action);
		r->code = IN_ACTION;
		r->place.has_context = false;
		if (!a || !rd_action(r, &item, reply, a))
			return false;
	}
	r->code = IN_TRANSACTION;
	return r->err == 0;
}

/* ---- transactions ---- */

static bool rd_transaction_id(struct rd *r, const struct el *e, struct ms_h248_transaction *t)
{
	if (!ms_rd_uint(r, e, UINT32_MAX, &t->id))
		return false;
	r->place.has_transaction = true;
	r->place.transaction = t->id;
	return true;
}

static bool rd_request(struct rd *r, const struct el *e, struct ms_h248_transaction *t)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	if (ms_rd_field(r, &f, &x) != P(0) || !rd_transaction_id(r, &x, t))
		return ms_rd_bad(r, e->p, "transaction_id");
	if (ms_rd_field(r, &f, &x) != C(1))
		return ms_rd_bad(r, e->p, "actions");
	return rd_actions(r, &x, false, &t->actions);
}

static bool rd_result(struct rd *r, const struct el *e, struct ms_h248_transaction *t)
{
	struct el x;
	if (!ms_rd_choice(r, e, &x))
		return false;
	if (x.id == C(0))
		return ms_rd_error(r, &x, &t->error);
	return x.id == C(1) ? rd_actions(r, &x, true, &t->actions)
			    : ms_rd_bad(r, x.p, "transaction_result");
}

static bool rd_reply(struct rd *r, const struct el *e, struct ms_h248_transaction *t)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		switch (id) {
		case P(0):
			rd_transaction_id(r, &x, t);
			break;
		case P(1):
			t->ack_required = ms_rd_null(r, &x);
			break;
		case C(2):
			rd_result(r, &x, t);
			break;
		case P(3):
			ms_rd_u16(r, &x, &t->segment);
			break;
		case P(4):
			t->segment_end = ms_rd_null(r, &x);
			break;
		default:
			break;
		}
	return f.next > 2 || ms_rd_bad(r, e->p, "reply");
}

static bool rd_segment_reply(struct rd *r, const struct el *e, struct ms_h248_transaction *t)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == P(0))
			rd_transaction_id(r, &x, t);
		else if (id == P(1))
			ms_rd_u16(r, &x, &t->segment);
		else if (id == P(2))
			t->segment_end = ms_rd_null(r, &x);
	return f.next > 1 || ms_rd_bad(r, e->p, "segment_reply");
}

static bool rd_acks(struct rd *r, const struct el *e, struct ms_h248_ack **tail)
{
	const uint8_t *at = e->p;
	struct el item, x;

	while (ms_rd_item(r, &at, e->end, U_SEQUENCE, &item)) {
		struct ms_h248_ack *ack = RD_APPEND(r, tail, struct ms_h248_ack);
		struct fields f = ms_rd_fields(&item);
		if (!ack || ms_rd_field(r, &f, &x) != P(0) ||
		    !ms_rd_uint(r, &x, UINT32_MAX, &ack->first))
			return ms_rd_bad(r, item.p, "ack");
		ack->last = ack->first;
		if (ms_rd_field(r, &f, &x) == P(1))
			ms_rd_uint(r, &x, UINT32_MAX, &ack->last);
	}
	return r->err == 0;
}

static bool rd_transaction(struct rd *r, const struct el *e, struct ms_h248_transaction *t)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	if (e->id < C(0) || e->id > C(4))
		return ms_rd_bad(r, e->p, "transaction");
	t->kind = r->place.kind = MS_H248_REQUEST + (e->id - C(0));
	switch (t->kind) {
	case MS_H248_REQUEST:
		return rd_request(r, e, t);
	case MS_H248_PENDING:
		return (ms_rd_field(r, &f, &x) == P(0) && rd_transaction_id(r, &x, t)) ||
		       ms_rd_bad(r, e->p, "transaction_id");
	case MS_H248_REPLY:
		return rd_reply(r, e, t);
	case MS_H248_ACK:
		return rd_acks(r, e, &t->acks);
	default:
		return rd_segment_reply(r, e, t);
	}
}

static bool rd_transactions(struct rd *r, const struct el *e, struct ms_h248_transaction **tail)
{
	const uint8_t *at = e->p;
	struct el item;

	while (ms_rd_next(r, &at, e->end, &item)) {
		struct ms_h248_transaction *t = RD_APPEND(r, tail, struct ms_h248_transaction);
		r->code = IN_TRANSACTION;
		if (!t || !rd_transaction(r, &item, t))
			return false;
		r->code = IN_MESSAGE;
		r->place.has_transaction = r->place.has_context = false;
	}
	return r->err == 0;
}

/* ---- messages ---- */

static bool rd_body(struct rd *r, const struct el *e, struct ms_h248_message *m)
{
	struct el x;
	if (!ms_rd_choice(r, e, &x))
		return false;
	if (x.id == C(0))
		return ms_rd_error(r, &x, &m->error);
	return x.id == C(1) ? rd_transactions(r, &x, &m->transactions)
			    : ms_rd_bad(r, x.p, "message_body");
}

static bool rd_mess(struct rd *r, const struct el *e, struct ms_h248_message *m)
{
	struct fields f = ms_rd_fields(e);
	bool body = false;
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == P(0) && ms_rd_u8(r, &x, 99, &m->version))
			r->place.version = m->version;
		else if (id == C(1) && ms_rd_mid(r, &x, 0, &m->mid))
			r->place.mid = m->mid;
		else if (id == C(2))
			body = rd_body(r, &x, m);
	return (body && m->mid.kind && r->err == 0) || ms_rd_bad(r, e->p, "message");
}

/* RFC 3525 section 10.2. */
static bool rd_auth(struct rd *r, const struct el *e, struct ms_h248_auth *auth)
{
	struct fields f = ms_rd_fields(e);
	struct ms_span s;
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == P(0) && ms_rd_string(r, &x, 4, 4, &s))
			memcpy(auth->spi, s.p, 4);
		else if (id == P(1) && ms_rd_string(r, &x, 4, 4, &s))
			memcpy(auth->sequence, s.p, 4);
		else if (id == P(2))
			auth->present = ms_rd_string(r, &x, 12, 32, &auth->data);
	return auth->present || ms_rd_bad(r, e->p, "authentication_header");
}

static bool rd_message(struct rd *r, struct ms_span octets, struct ms_h248_message *m)
{
	const uint8_t *at = octets.p, *end = octets.p + octets.len;
	bool found = false;
	struct el e, x;

	if (!ms_rd_item(r, &at, end, U_SEQUENCE, &e) || at != end)
		return ms_rd_bad(r, at, "message");
	struct fields f = ms_rd_fields(&e);
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == C(0))
			rd_auth(r, &x, &m->auth);
		else if (id == C(1))
			found = rd_mess(r, &x, m);
	return (found && r->err == 0) || ms_rd_bad(r, e.p, "message");
}

int ms_h248_binary_decode(struct ms_span octets, struct ms_h248_arena *arena,
			  struct ms_h248_refused *ret_refused,
			  const struct ms_h248_message **ret_message)
{
	struct rd r = { .a = arena, .start = octets.p, .code = IN_MESSAGE };
	struct ms_h248_message *m = RD_NEW(&r, struct ms_h248_message);

	if (octets.len > MS_H248_BINARY_MAX)
		ms_rd_bad(&r, octets.p, "message_too_long");
	else if (octets.len == 0)
		ms_rd_bad(&r, octets.p, "message");
	if (r.err == 0 && rd_message(&r, octets, m)) {
		*ret_message = m;
		return 0;
	}
	if (ret_refused)
		*ret_refused = r.refused;
	return r.err;
}
