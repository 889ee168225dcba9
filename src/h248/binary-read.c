/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, reading: messages, transactions, actions, contexts and commands. */
#include "h248/binary-read-priv.h"

/* H.248.8: a syntax error in the message, a transaction, an action, a command. */
enum { IN_MESSAGE = 400, IN_TRANSACTION = 403, IN_ACTION = 422, IN_COMMAND = 442 };

void ms_rd_error(struct rd *r, struct ms_span in, struct ms_h248_error **ret_error)
{
	struct ms_h248_error *error = RD_NEW(r, struct ms_h248_error);
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (!error)
		return;
	*ret_error = error;
	while (ms_rd_field(r, &f, &x))
		if (x.id == P(0))
			error->code = ms_rd_u16(r, x.in);
		else if ((x.id & ~0x20u) == P(1))
			error->text = ms_rd_string(r, x, 0, MS_H248_BINARY_MAX);
}

/* ---- actions ---- */

static void rd_command_request(struct rd *r, struct ms_span in, struct ms_h248_command *c)
{
	struct fields f = ms_rd_fields(in);
	bool found = false;
	struct el x, choice;

	while (ms_rd_field(r, &f, &x))
		if (x.id == C(0)) {
			found = true;
			if (ms_rd_choice(r, x.in, &choice))
				ms_rd_command(r, choice.id, choice.in, c);
		} else if (x.id == P(1)) {
			c->optional = ms_rd_null(r, x.in);
		} else if (x.id == P(2)) {
			c->wildcard_response = ms_rd_null(r, x.in);
		}
	if (!found)
		ms_rd_bad(r, in.p, "command");
}

static void rd_command_requests(struct rd *r, struct ms_span in, struct ms_h248_command **tail)
{
	struct ms_h248_command *c;
	struct ms_span item;

	while (ms_rd_item(r, &in, U_SEQUENCE, &item)) {
		c = RD_APPEND(r, tail, struct ms_h248_command);
		if (!c)
			return;
		rd_command_request(r, item, c);
	}
}

static void rd_command_replies(struct rd *r, struct ms_span in, struct ms_h248_command **tail)
{
	struct ms_h248_command *c;
	struct el x;

	while (ms_rd_next(r, &in, &x)) {
		c = RD_APPEND(r, tail, struct ms_h248_command);
		if (!c)
			return;
		ms_rd_command_reply(r, x.id, x.in, c);
	}
}

static void rd_commands(struct rd *r, struct ms_span in, bool reply, struct ms_h248_command **tail)
{
	r->code = IN_COMMAND;
	reply ? rd_command_replies(r, in, tail) : rd_command_requests(r, in, tail);
	r->code = IN_ACTION;
}

/* ActionRequest and ActionReply: the same fields but for those that tell them apart. */
static void rd_action(struct rd *r, struct ms_span in, bool reply, struct ms_h248_action *a)
{
	struct fields f = ms_rd_fields(in);
	bool commands = false;
	struct el x;

	while (ms_rd_field(r, &f, &x))
		switch (x.id) {
		case P(0):
			a->context = ms_rd_uint(r, x.in, UINT32_MAX);
			r->action = a;
			break;
		case C(1):
			reply ? ms_rd_error(r, x.in, &a->error)
			      : ms_rd_context(r, x.in, &a->attributes);
			break;
		case C(2):
			reply ? ms_rd_context(r, x.in, &a->attributes)
			      : ms_rd_context_audit(r, x.in, &a->attributes);
			break;
		case C(3):
			commands = true;
			rd_commands(r, x.in, reply, &a->commands);
			break;
		default:
			break;
		}
	if (!commands)
		ms_rd_bad(r, in.p, "action");
}

static void rd_actions(struct rd *r, struct ms_span in, bool reply, struct ms_h248_action **tail)
{
	struct ms_h248_action *a;
	struct ms_span item;

	while (ms_rd_item(r, &in, U_SEQUENCE, &item)) {
		a = RD_APPEND(r, tail, struct ms_h248_action);
		if (!a)
			return;
		r->code = IN_ACTION;
		r->action = NULL;
		rd_action(r, item, reply, a);
	}
	r->code = IN_TRANSACTION;
}

/* ---- transactions ---- */

static void rd_transaction_id(struct rd *r, struct ms_span in, struct ms_h248_transaction *t)
{
	t->id = ms_rd_uint(r, in, UINT32_MAX);
	r->transaction = t;
}

static void rd_request(struct rd *r, struct ms_span in, struct ms_h248_transaction *t)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (!ms_rd_field(r, &f, &x) || x.id != P(0)) {
		ms_rd_bad(r, in.p, "transaction_id");
		return;
	}
	rd_transaction_id(r, x.in, t);
	if (!ms_rd_field(r, &f, &x) || x.id != C(1))
		ms_rd_bad(r, in.p, "actions");
	else
		rd_actions(r, x.in, false, &t->actions);
}

static void rd_pending(struct rd *r, struct ms_span in, struct ms_h248_transaction *t)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (!ms_rd_field(r, &f, &x) || x.id != P(0))
		ms_rd_bad(r, in.p, "transaction_id");
	else
		rd_transaction_id(r, x.in, t);
}

static void rd_result(struct rd *r, struct ms_span in, struct ms_h248_transaction *t)
{
	struct el x;

	if (!ms_rd_choice(r, in, &x))
		return;
	if (x.id == C(0))
		ms_rd_error(r, x.in, &t->error);
	else if (x.id == C(1))
		rd_actions(r, x.in, true, &t->actions);
	else
		ms_rd_bad(r, x.in.p, "transaction_result");
}

static void rd_reply(struct rd *r, struct ms_span in, struct ms_h248_transaction *t)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		switch (x.id) {
		case P(0):
			rd_transaction_id(r, x.in, t);
			break;
		case P(1):
			t->ack_required = ms_rd_null(r, x.in);
			break;
		case C(2):
			rd_result(r, x.in, t);
			break;
		case P(3):
			t->segment = ms_rd_u16(r, x.in);
			break;
		case P(4):
			t->segment_end = ms_rd_null(r, x.in);
			break;
		default:
			break;
		}
	if (!ms_rd_reached(&f, 2))
		ms_rd_bad(r, in.p, "reply");
}

static void rd_segment_reply(struct rd *r, struct ms_span in, struct ms_h248_transaction *t)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		if (x.id == P(0))
			rd_transaction_id(r, x.in, t);
		else if (x.id == P(1))
			t->segment = ms_rd_u16(r, x.in);
		else if (x.id == P(2))
			t->segment_end = ms_rd_null(r, x.in);
	if (!ms_rd_reached(&f, 1))
		ms_rd_bad(r, in.p, "segment_reply");
}

static void rd_acks(struct rd *r, struct ms_span in, struct ms_h248_ack **tail)
{
	struct ms_span item;
	struct el x;

	while (ms_rd_item(r, &in, U_SEQUENCE, &item)) {
		struct ms_h248_ack *ack = RD_APPEND(r, tail, struct ms_h248_ack);
		struct fields f = ms_rd_fields(item);
		if (!ack || !ms_rd_field(r, &f, &x) || x.id != P(0)) {
			ms_rd_bad(r, item.p, "ack");
			return;
		}
		ack->first = ack->last = ms_rd_uint(r, x.in, UINT32_MAX);
		if (ms_rd_field(r, &f, &x) && x.id == P(1))
			ack->last = ms_rd_uint(r, x.in, UINT32_MAX);
	}
}

static void rd_transaction(struct rd *r, struct el x, struct ms_h248_transaction *t)
{
	if (x.id < C(0) || x.id > C(4)) {
		ms_rd_bad(r, x.in.p, "transaction");
		return;
	}
	t->kind = MS_H248_REQUEST + (x.id - C(0));
	switch (t->kind) {
	case MS_H248_REQUEST:
		rd_request(r, x.in, t);
		break;
	case MS_H248_PENDING:
		rd_pending(r, x.in, t);
		break;
	case MS_H248_REPLY:
		rd_reply(r, x.in, t);
		break;
	case MS_H248_ACK:
		rd_acks(r, x.in, &t->acks);
		break;
	default:
		rd_segment_reply(r, x.in, t);
	}
}

static void rd_transactions(struct rd *r, struct ms_span in, struct ms_h248_transaction **tail)
{
	struct el x;

	while (ms_rd_next(r, &in, &x)) {
		struct ms_h248_transaction *t = RD_APPEND(r, tail, struct ms_h248_transaction);
		if (!t)
			return;
		r->code = IN_TRANSACTION;
		rd_transaction(r, x, t);
		r->code = IN_MESSAGE;
		r->transaction = NULL;
		r->action = NULL;
	}
}

/* ---- messages ---- */

static void rd_body(struct rd *r, struct ms_span in, struct ms_h248_message *m)
{
	struct el x;

	if (!ms_rd_choice(r, in, &x))
		return;
	if (x.id == C(0))
		ms_rd_error(r, x.in, &m->error);
	else if (x.id == C(1))
		rd_transactions(r, x.in, &m->transactions);
	else
		ms_rd_bad(r, x.in.p, "message_body");
}

static void rd_mess(struct rd *r, struct ms_span in, struct ms_h248_message *m)
{
	struct fields f = ms_rd_fields(in);
	bool body = false;
	struct el x;

	while (ms_rd_field(r, &f, &x))
		if (x.id == P(0)) {
			m->version = ms_rd_u8(r, x.in, 99);
		} else if (x.id == C(1)) {
			ms_rd_mid(r, x.in, 0, &m->mid);
			r->sender = &m->mid;
		} else if (x.id == C(2)) {
			rd_body(r, x.in, m);
			body = true;
		}
	if (!body || !m->mid.kind)
		ms_rd_bad(r, in.p, "message");
}

/* RFC 3525 section 10.2. */
static void rd_auth(struct rd *r, struct ms_span in, struct ms_h248_auth *auth)
{
	struct fields f = ms_rd_fields(in);
	struct ms_span s;
	struct el x;

	while (ms_rd_field(r, &f, &x))
		if (x.id == P(0) && (s = ms_rd_string(r, x, 4, 4)).p)
			memcpy(auth->spi, s.p, 4);
		else if (x.id == P(1) && (s = ms_rd_string(r, x, 4, 4)).p)
			memcpy(auth->sequence, s.p, 4);
		else if (x.id == P(2))
			auth->data = ms_rd_string(r, x, 12, 32);
	auth->present = auth->data.p;
	if (!auth->present)
		ms_rd_bad(r, in.p, "authentication_header");
}

static void rd_message(struct rd *r, struct ms_span octets, struct ms_h248_message *m)
{
	bool found = false;
	struct ms_span in;
	struct el x;

	if (!ms_rd_item(r, &octets, U_SEQUENCE, &in) || octets.len != 0) {
		ms_rd_bad(r, octets.p, "message");
		return;
	}
	struct fields f = ms_rd_fields(in);
	while (ms_rd_field(r, &f, &x))
		if (x.id == C(0)) {
			rd_auth(r, x.in, &m->auth);
		} else if (x.id == C(1)) {
			rd_mess(r, x.in, m);
			found = true;
		}
	if (!found)
		ms_rd_bad(r, in.p, "message");
}

int ms_h248_binary_decode(struct ms_span octets, struct ms_h248_arena *arena,
			  struct ms_h248_refused *ret_refused,
			  const struct ms_h248_message **ret_message)
{
	struct ms_h248_message *m;
	struct rd r;

	memset(&r, 0, offsetof(struct rd, refused));
	r.a = arena;
	r.start = octets.p;
	r.code = IN_MESSAGE;
	r.message = m = RD_NEW(&r, struct ms_h248_message);
	if (octets.len > MS_H248_BINARY_MAX)
		ms_rd_bad(&r, octets.p, "message_too_long");
	else if (octets.len == 0)
		ms_rd_bad(&r, octets.p, "message");
	else if (m)
		rd_message(&r, octets, m);
	if (r.err == 0) {
		*ret_message = m;
		return 0;
	}
	if (ret_refused)
		*ret_refused = r.refused;
	return r.err;
}
