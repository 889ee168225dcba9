/* SPDX-License-Identifier: Apache-2.0 */
/* Messages, transactions, actions and context attributes, written (RFC 3525 8 and B.2). */
#include <errno.h>

#include "h248/text-out.h"

static const struct ms_h248_spelling spellings[2][MS_H248_T_COUNT] = {
	{
#define MS_TOKEN(name, long_form, short_form) \
	[MS_H248_T_##name] = { short_form, sizeof(short_form) - 1 },
#define MS_ALIAS(name, form)
#include "h248/tokens.def"
#undef MS_TOKEN
	},
	{
#define MS_TOKEN(name, long_form, short_form) \
	[MS_H248_T_##name] = { long_form, sizeof(long_form) - 1 },
#include "h248/tokens.def"
#undef MS_TOKEN
#undef MS_ALIAS
	},
};

/* ---- context attributes ---- */

static void topology_kind(struct ms_h248_out *out, enum ms_h248_topology_kind kind)
{
	static const enum ms_h248_token kinds[] = {
		[MS_H248_TOPOLOGY_BOTHWAY] = MS_H248_T_BOTHWAY,
		[MS_H248_TOPOLOGY_ISOLATE] = MS_H248_T_ISOLATE,
		[MS_H248_TOPOLOGY_ONEWAY] = MS_H248_T_ONEWAY,
		[MS_H248_TOPOLOGY_ONEWAY_EXTERNAL] = MS_H248_T_ONEWAY_EXTERNAL,
		[MS_H248_TOPOLOGY_ONEWAY_BOTH] = MS_H248_T_ONEWAY_BOTH,
	};
	ms_h248_out_c(out, ',');
	if ((unsigned)kind >= MS_ARRAY_SIZE(kinds))
		ms_h248_out_fail(out);
	else
		ms_h248_out_token(out, kinds[kind]);
}

static void topology(struct ms_h248_out *out, const struct ms_h248_topology *t)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_token(out, MS_H248_T_TOPOLOGY);
	for (; t; t = t->next) {
		ms_h248_out_item(out, &list);
		ms_h248_out_termination(out, &t->from);
		ms_h248_out_c(out, ',');
		ms_h248_out_termination(out, &t->to);
		if (t->has_base)
			topology_kind(out, t->base);
		topology_kind(out, t->kind);
		if (t->stream)
			ms_h248_out_item_number(out, &list, MS_H248_T_STREAM, t->stream);
	}
	ms_h248_out_end(out, &list, true);
}

static enum ms_h248_token on_off(enum ms_h248_flag flag)
{
	return flag == MS_H248_FLAG_ON    ? MS_H248_T_ON
	       : flag == MS_H248_FLAG_OFF ? MS_H248_T_OFF
					  : MS_H248_T_NONE;
}

static void context_list(struct ms_h248_out *out, const struct ms_h248_context_id *id)
{
	struct ms_h248_list list = { 0 }, ids = { 0 };
	ms_h248_out_token(out, MS_H248_T_CONTEXT_ATTR);
	ms_h248_out_item_token(out, &list, MS_H248_T_CONTEXT_LIST);
	ms_h248_out_equal(out);
	for (; id; id = id->next) {
		ms_h248_out_item(out, &ids);
		ms_h248_out_context_id(out, id->id);
	}
	ms_h248_out_end(out, &ids, true);
	ms_h248_out_end(out, &list, true);
}

/* v3: ContextAttr { properties }, ContextAttr { ContextList }; two of them if there are both */
static void attributes(struct ms_h248_out *out, struct ms_h248_list *list,
		       const struct ms_h248_param *properties, const struct ms_h248_context_id *ids)
{
	if (properties) {
		struct ms_h248_list inner = { 0 };
		ms_h248_out_item_token(out, list, MS_H248_T_CONTEXT_ATTR);
		ms_h248_out_params(out, &inner, properties, true);
		ms_h248_out_end(out, &inner, true);
	}
	if (ids) {
		ms_h248_out_item(out, list);
		context_list(out, ids);
	}
}

/* v3: contextAuditSelector */
static void selectors(struct ms_h248_out *out, struct ms_h248_list *list,
		      const struct ms_h248_context_select *s)
{
	if (s->logic != MS_H248_SELECT_ABSENT)
		ms_h248_out_item_token(out, list,
				       s->logic == MS_H248_SELECT_AND ? MS_H248_T_AND_AUDIT
								      : MS_H248_T_OR_AUDIT);
	if (s->has_priority)
		ms_h248_out_item_number(out, list, MS_H248_T_PRIORITY, s->priority);
	if (s->emergency != MS_H248_FLAG_ABSENT)
		ms_h248_out_item_is(out, list, MS_H248_T_EMERGENCY_VALUE,
				    s->emergency == MS_H248_FLAG_ON ? MS_H248_T_EMERGENCY
								    : MS_H248_T_EMERGENCY_OFF);
	if (s->ieps != MS_H248_FLAG_ABSENT)
		ms_h248_out_item_is(out, list, MS_H248_T_IEPS, on_off(s->ieps));
	attributes(out, list, s->properties, s->list);
}

static void context_audit(struct ms_h248_out *out, const struct ms_h248_context *c)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_token(out, MS_H248_T_CONTEXT_AUDIT);
	if (c->audit_topology)
		ms_h248_out_item_token(out, &list, MS_H248_T_TOPOLOGY);
	if (c->audit_emergency)
		ms_h248_out_item_token(out, &list, MS_H248_T_EMERGENCY);
	if (c->audit_priority)
		ms_h248_out_item_token(out, &list, MS_H248_T_PRIORITY);
	if (c->audit_ieps)
		ms_h248_out_item_token(out, &list, MS_H248_T_IEPS);
	ms_h248_out_params(out, &list, c->audit_properties, true);
	if (c->select)
		selectors(out, &list, c->select);
	ms_h248_out_end(out, &list, true);
}

void ms_h248_out_context(struct ms_h248_out *out, struct ms_h248_list *list,
			 const struct ms_h248_context *c)
{
	if (c->has_topology) {
		ms_h248_out_item(out, list);
		topology(out, c->topology);
	}
	if (c->has_priority)
		ms_h248_out_item_number(out, list, MS_H248_T_PRIORITY, c->priority);
	if (c->emergency != MS_H248_FLAG_ABSENT)
		ms_h248_out_item_token(out, list,
				       c->emergency == MS_H248_FLAG_ON ? MS_H248_T_EMERGENCY
								       : MS_H248_T_EMERGENCY_OFF);
	if (c->ieps != MS_H248_FLAG_ABSENT)
		ms_h248_out_item_is(out, list, MS_H248_T_IEPS, on_off(c->ieps));
	attributes(out, list, c->properties, c->list);
	if (c->audit) {
		ms_h248_out_item(out, list);
		context_audit(out, c);
	}
}

/* ---- actions ---- */

static void action(struct ms_h248_out *out, const struct ms_h248_action *a)
{
	struct ms_h248_list list = { 0 };
	ms_h248_out_token(out, MS_H248_T_CONTEXT);
	ms_h248_out_equal(out);
	ms_h248_out_context_id(out, a->context);
	if (a->attributes.present)
		ms_h248_out_context(out, &list, &a->attributes);
	for (const struct ms_h248_command *c = a->commands; c; c = c->next) {
		ms_h248_out_item(out, &list);
		ms_h248_out_command(out, c);
	}
	if (a->error) {
		if (!out->reply)
			ms_h248_out_fail(out);
		ms_h248_out_item(out, &list);
		ms_h248_out_error(out, a->error);
	}
	ms_h248_out_end(out, &list, false);
}

static void actions(struct ms_h248_out *out, struct ms_h248_list *list,
		    const struct ms_h248_action *a)
{
	if (!a)
		ms_h248_out_fail(out);
	for (; a; a = a->next) {
		ms_h248_out_item(out, list);
		action(out, a);
	}
}

/* ---- transactions ---- */

static void segment(struct ms_h248_out *out, const struct ms_h248_transaction *t)
{
	if (!t->segment)
		return;
	ms_h248_out_c(out, '/');
	ms_h248_out_number(out, t->segment);
	if (!t->segment_end)
		return;
	ms_h248_out_c(out, '/');
	ms_h248_out_token(out, MS_H248_T_END);
}

static void reply(struct ms_h248_out *out, const struct ms_h248_transaction *t)
{
	struct ms_h248_list list = { 0 };
	segment(out, t);
	if (t->ack_required)
		ms_h248_out_item_token(out, &list, MS_H248_T_IMM_ACK);
	if (t->error) {
		ms_h248_out_item(out, &list);
		ms_h248_out_error(out, t->error);
	} else {
		actions(out, &list, t->actions);
	}
	ms_h248_out_end(out, &list, true);
}

static void acks(struct ms_h248_out *out, const struct ms_h248_ack *a)
{
	struct ms_h248_list list = { 0 };
	if (!a)
		ms_h248_out_fail(out);
	for (; a; a = a->next) {
		ms_h248_out_item(out, &list);
		ms_h248_out_number(out, a->first);
		if (a->last == a->first)
			continue;
		ms_h248_out_c(out, '-');
		ms_h248_out_number(out, a->last);
	}
	ms_h248_out_end(out, &list, true);
}

static void transaction(struct ms_h248_out *out, const struct ms_h248_transaction *t)
{
	static const enum ms_h248_token kinds[] = {
		[MS_H248_REQUEST] = MS_H248_T_TRANSACTION,   [MS_H248_PENDING] = MS_H248_T_PENDING,
		[MS_H248_REPLY] = MS_H248_T_REPLY,           [MS_H248_ACK] = MS_H248_T_RESPONSE_ACK,
		[MS_H248_SEGMENT_REPLY] = MS_H248_T_SEGMENT,
	};
	struct ms_h248_list list = { 0 };
	if ((unsigned)t->kind >= MS_ARRAY_SIZE(kinds)) {
		ms_h248_out_fail(out);
		return;
	}
	ms_h248_out_token(out, kinds[t->kind]);
	if (t->kind != MS_H248_ACK) {
		ms_h248_out_equal(out);
		ms_h248_out_number(out, t->id);
	}
	out->reply = t->kind == MS_H248_REPLY;
	switch (t->kind) {
	case MS_H248_REQUEST:
		actions(out, &list, t->actions);
		ms_h248_out_end(out, &list, true);
		return;
	case MS_H248_REPLY:
		reply(out, t);
		return;
	case MS_H248_PENDING:
		ms_h248_out_end(out, &list, true);
		return;
	case MS_H248_ACK:
		acks(out, t->acks);
		return;
	case MS_H248_SEGMENT_REPLY:
		if (!t->segment)
			ms_h248_out_fail(out);
		segment(out, t);
		return;
	}
}

/* ---- messages ---- */

static void hex(struct ms_h248_out *out, struct ms_span s)
{
	ms_h248_out_put(out, "0x", 2);
	ms_h248_out_hex(out, s);
}

static void auth(struct ms_h248_out *out, const struct ms_h248_auth *h)
{
	if (h->data.len < 12 || h->data.len > 32)
		ms_h248_out_fail(out);
	ms_h248_out_token(out, MS_H248_T_AUTH);
	ms_h248_out_equal(out);
	hex(out, ms_span_of(h->spi, sizeof(h->spi)));
	ms_h248_out_c(out, ':');
	hex(out, ms_span_of(h->sequence, sizeof(h->sequence)));
	ms_h248_out_c(out, ':');
	hex(out, h->data);
	ms_h248_out_c(out, '\n');
}

/* Each transaction begins a line: a segment reply has no brace at its end. */
static void line_of(struct ms_h248_out *out, const struct ms_h248_transaction *t)
{
	ms_h248_out_c(out, '\n');
	transaction(out, t);
}

static void message(struct ms_h248_out *out, const struct ms_h248_message *m)
{
	if (m->auth.present)
		auth(out, &m->auth);
	ms_h248_out_token(out, MS_H248_T_MEGACO);
	ms_h248_out_c(out, '/');
	ms_h248_out_number(out, m->version);
	ms_h248_out_c(out, ' ');
	ms_h248_out_mid(out, &m->mid);
	if (!m->version || m->version > 99 || (m->error && m->transactions))
		ms_h248_out_fail(out);
	if (m->error) {
		ms_h248_out_c(out, '\n');
		ms_h248_out_error(out, m->error);
	}
	for (const struct ms_h248_transaction *t = m->transactions; t; t = t->next)
		line_of(out, t);
}

static struct ms_h248_out begin(struct ms_buf *b, unsigned style)
{
	return (struct ms_h248_out){
		.b = b,
		.spellings = spellings[style & MS_H248_TEXT_LONG ? 1 : 0],
		.indent = style & MS_H248_TEXT_INDENT,
		.err = ms_buf_status(b),
	};
}

/* Gives back the room that was not needed, or all that was written since `before`. */
static int finish(struct ms_h248_out *out, size_t before)
{
	ms_buf_truncate(out->b, out->err ? before : out->b->len - (size_t)(out->end - out->p));
	return out->err;
}

int ms_h248_text_encode(const struct ms_h248_message *m, unsigned style, struct ms_buf *b)
{
	size_t before = b->len;
	struct ms_h248_out out = begin(b, style);
	message(&out, m);
	if (!m->error && !m->transactions)
		ms_h248_out_fail(&out);
	return finish(&out, before);
}

/* ---- one transaction after another (codec.h) ---- */

static void put_transaction(struct ms_buf *b, const struct ms_h248_transaction *t, unsigned style)
{
	size_t before = b->len;
	struct ms_h248_out out = begin(b, style);
	line_of(&out, t);
	int err = finish(&out, before);
	if (err)
		ms_buf_fail(b, err);
}

static void put_message(struct ms_buf *b, const struct ms_h248_message *m, struct ms_span encoded,
			unsigned style)
{
	size_t before = b->len;
	struct ms_h248_out out = begin(b, style);
	message(&out, m);
	ms_h248_out_put(&out, encoded.p, encoded.len);
	int err = finish(&out, before);
	if (err)
		ms_buf_fail(b, err);
}

static void compact_transaction(struct ms_buf *b, const struct ms_h248_transaction *t,
				unsigned version)
{
	(void)version; /* the text of a version 3 item is unknown to older peers, and they say so */
	put_transaction(b, t, 0);
}

static void compact_message(struct ms_buf *b, const struct ms_h248_message *m,
			    struct ms_span encoded)
{
	put_message(b, m, encoded, 0);
}

static void pretty_transaction(struct ms_buf *b, const struct ms_h248_transaction *t,
			       unsigned version)
{
	(void)version;
	put_transaction(b, t, MS_H248_TEXT_PRETTY);
}

static void pretty_message(struct ms_buf *b, const struct ms_h248_message *m,
			   struct ms_span encoded)
{
	put_message(b, m, encoded, MS_H248_TEXT_PRETTY);
}

const struct ms_h248_codec ms_h248_codec_compact = {
	.name = "compact",
	.port = 2944,
	.decode = ms_h248_text_decode,
	.put_transaction = compact_transaction,
	.put_message = compact_message,
};

const struct ms_h248_codec ms_h248_codec_pretty = {
	.name = "pretty",
	.port = 2944,
	.decode = ms_h248_text_decode,
	.put_transaction = pretty_transaction,
	.put_message = pretty_message,
};
