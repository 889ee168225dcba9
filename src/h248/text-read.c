/* SPDX-License-Identifier: Apache-2.0 */
/* Messages, transactions and actions of the text encoding (RFC 3525 8 and B.2). */
#include "h248/text-priv.h"

/* ---- actions ---- */

/* One item of an action: an attribute of the context, a command, in replies an error. */
static void item(struct ms_h248_in *in, struct ms_h248_action *a, struct ms_h248_command ***tail)
{
	struct ms_span w;
	enum ms_h248_token token = ms_h248_in_token(in, &w);
	if (ms_h248_in_context(in, token, &a->attributes))
		return;
	if (token == MS_H248_T_ERROR && in->reply && !a->error) {
		a->error = ms_h248_in_error(in);
		return;
	}
	**tail = ms_h248_in_command(in, w);
	if (**tail)
		*tail = &(**tail)->next;
}

/* CtxToken EQUAL ContextID LBRKT ... RBRKT; v3 leaves an empty body out */
static struct ms_h248_action *action(struct ms_h248_in *in)
{
	struct ms_h248_action *a = ms_h248_in_node(in, sizeof(*a));
	struct ms_span w;
	if (!a)
		return NULL;
	if (ms_h248_in_token(in, &w) != MS_H248_T_CONTEXT)
		ms_h248_in_fail(in, 403, "h248_no_context", w.p);
	ms_h248_in_want(in, '=');
	a->context = ms_h248_in_context_id(in);
	if (in->err)
		return a;
	in->syntax = 422;
	in->refused.has_context = true;
	in->refused.context = a->context;
	if (ms_h248_in_next(in) == '{' && ms_h248_in_open(in)) {
		struct ms_h248_command **tail = &a->commands;
		do {
			item(in, a, &tail);
		} while (ms_h248_in_more(in));
	}
	if (!in->err) {
		in->syntax = 403;
		in->refused.has_context = false;
	}
	return a;
}

static struct ms_h248_action *actions(struct ms_h248_in *in)
{
	struct ms_h248_action *list = NULL, **tail = &list;
	do {
		*tail = action(in);
		if (!*tail)
			break;
		tail = &(*tail)->next;
	} while (ms_h248_in_is(in, ','));
	return list;
}

/* ---- transactions ---- */

static void begins(struct ms_h248_in *in, struct ms_h248_transaction *t,
		   enum ms_h248_transaction_kind kind)
{
	t->kind = kind;
	in->reply = kind == MS_H248_REPLY;
	in->refused.kind = kind;
}

static void known(struct ms_h248_in *in, const struct ms_h248_transaction *t)
{
	if (in->err)
		return;
	in->syntax = 403;
	in->refused.has_transaction = true;
	in->refused.transaction = t->id;
}

/* TransToken EQUAL TransactionID LBRKT actionRequest *(COMMA actionRequest) RBRKT */
static void request(struct ms_h248_in *in, struct ms_h248_transaction *t)
{
	t->id = ms_h248_in_equal_number(in, UINT32_MAX);
	known(in, t);
	ms_h248_in_want(in, '{');
	t->actions = actions(in);
	ms_h248_in_want(in, '}');
}

/* TransactionID [ "/" segmentNumber [ "/" SegmentationCompleteToken ] ], one word (v3) */
static void id_and_segment(struct ms_h248_in *in, struct ms_h248_transaction *t)
{
	ms_h248_in_want(in, '=');
	struct ms_span w = ms_h248_in_need(in), rest = w;
	struct ms_span id = ms_span_cut(&rest, '/'), segment = ms_span_cut(&rest, '/');
	uint64_t v = 0, n = 0;
	if (ms_span_u64(id, UINT32_MAX, &v) < 0 ||
	    (segment.p && (ms_span_u64(segment, UINT16_MAX, &n) < 0 || !n)))
		ms_h248_in_fail(in, in->syntax, "h248_transaction_id", w.p);
	t->segment_end = rest.p != NULL;
	if (rest.p && ms_h248_token_of(rest, in->end) != MS_H248_T_END)
		ms_h248_in_fail(in, in->syntax, "h248_segment", rest.p);
	t->id = (uint32_t)v;
	t->segment = (uint16_t)n;
}

/* LBRKT [ ImmAckRequiredToken COMMA ] ( errorDescriptor / actionReplyList ) RBRKT */
static void reply(struct ms_h248_in *in, struct ms_h248_transaction *t)
{
	struct ms_span w;
	id_and_segment(in, t);
	known(in, t);
	ms_h248_in_want(in, '{');
	const uint8_t *start = in->p;
	enum ms_h248_token token = ms_h248_in_token(in, &w);
	if (token == MS_H248_T_IMM_ACK) {
		t->ack_required = true;
		ms_h248_in_want(in, ',');
		start = in->p;
		token = ms_h248_in_token(in, &w);
	}
	if (token == MS_H248_T_ERROR) {
		t->error = ms_h248_in_error(in);
	} else if (!in->err) {
		in->p = start;
		t->actions = actions(in);
	}
	ms_h248_in_want(in, '}');
}

/* PendingToken EQUAL TransactionID LBRKT RBRKT */
static void pending(struct ms_h248_in *in, struct ms_h248_transaction *t)
{
	t->id = ms_h248_in_equal_number(in, UINT32_MAX);
	known(in, t);
	ms_h248_in_want(in, '{');
	ms_h248_in_want(in, '}');
}

/* MessageSegmentToken EQUAL TransactionID SLASH segmentNumber [SLASH SegmentationCompleteToken] */
static void segment_reply(struct ms_h248_in *in, struct ms_h248_transaction *t)
{
	id_and_segment(in, t);
	if (!t->segment)
		ms_h248_in_fail(in, in->syntax, "h248_segment", NULL);
}

/* transactionAck = transactionID / (transactionID "-" transactionID), one word */
static struct ms_h248_ack *ack(struct ms_h248_in *in)
{
	struct ms_h248_ack *a = ms_h248_in_node(in, sizeof(*a));
	struct ms_span w = ms_h248_in_need(in), rest = w;
	struct ms_span first = ms_span_cut(&rest, '-');
	uint64_t from = 0, to = 0;
	if (!a)
		return NULL;
	if (ms_span_u64(first, UINT32_MAX, &from) < 0 ||
	    (rest.p && ms_span_u64(rest, UINT32_MAX, &to) < 0))
		ms_h248_in_fail(in, in->syntax, "h248_transaction_id", w.p);
	a->first = (uint32_t)from;
	a->last = rest.p ? (uint32_t)to : a->first;
	return a;
}

/* ResponseAckToken LBRKT transactionAck *(COMMA transactionAck) RBRKT */
static void acks(struct ms_h248_in *in, struct ms_h248_transaction *t)
{
	struct ms_h248_ack **tail = &t->acks;
	ms_h248_in_want(in, '{');
	do {
		*tail = ack(in);
		if (!*tail)
			return;
		tail = &(*tail)->next;
	} while (ms_h248_in_more(in));
}

static struct ms_h248_transaction *transaction(struct ms_h248_in *in, enum ms_h248_token token,
					       struct ms_span word)
{
	static const struct {
		enum ms_h248_token token;
		enum ms_h248_transaction_kind kind;
		void (*read)(struct ms_h248_in *in, struct ms_h248_transaction *t);
	} kinds[] = {
		{ MS_H248_T_TRANSACTION, MS_H248_REQUEST, request },
		{ MS_H248_T_REPLY, MS_H248_REPLY, reply },
		{ MS_H248_T_PENDING, MS_H248_PENDING, pending },
		{ MS_H248_T_RESPONSE_ACK, MS_H248_ACK, acks },
		{ MS_H248_T_SEGMENT, MS_H248_SEGMENT_REPLY, segment_reply },
	};
	struct ms_h248_transaction *t = ms_h248_in_node(in, sizeof(*t));
	for (size_t i = 0; t && i < MS_ARRAY_SIZE(kinds); i++)
		if (kinds[i].token == token) {
			begins(in, t, kinds[i].kind);
			kinds[i].read(in, t);
			return t;
		}
	ms_h248_in_fail(in, in->syntax, "h248_no_transaction", word.p);
	return NULL;
}

/* ---- messages ---- */

/* "0x" digits */
static struct ms_span hex_octets(struct ms_h248_in *in, size_t min, size_t max)
{
	struct ms_span w = ms_h248_in_need(in);
	if (!ms_span_starts_nocase(w, MS_SPAN_LIT("0x")))
		ms_h248_in_fail(in, in->syntax, "h248_auth", w.p);
	return ms_h248_in_hex(in, ms_span_from(w, 2), min, max);
}

/* AuthToken EQUAL SecurityParmIndex COLON SequenceNum COLON AuthData SEP */
static void auth(struct ms_h248_in *in, struct ms_h248_auth *h)
{
	h->present = true;
	ms_h248_in_want(in, '=');
	struct ms_span spi = hex_octets(in, 4, 4);
	ms_h248_in_want(in, ':');
	struct ms_span sequence = hex_octets(in, 4, 4);
	ms_h248_in_want(in, ':');
	h->data = hex_octets(in, 12, 32);
	if (in->err)
		return;
	memcpy(h->spi, spi.p, sizeof(h->spi));
	memcpy(h->sequence, sequence.p, sizeof(h->sequence));
}

/* MegacopToken SLASH Version, one word */
static void version(struct ms_h248_in *in, struct ms_span w, struct ms_h248_message *m)
{
	size_t slash = ms_span_find(w, '/');
	uint64_t v = 0;
	if (ms_h248_token_of(ms_span_sub(w, 0, slash), in->end) != MS_H248_T_MEGACO ||
	    w.len - slash > 3 || ms_span_u64(ms_span_from(w, slash + 1), 99, &v) < 0 || !v)
		ms_h248_in_fail(in, in->syntax, "h248_header", w.p);
	m->version = (uint8_t)v;
}

static void header(struct ms_h248_in *in, struct ms_h248_message *m)
{
	struct ms_span w;
	if (ms_h248_in_token(in, &w) == MS_H248_T_AUTH) {
		auth(in, &m->auth);
		w = ms_h248_in_word(in);
	}
	version(in, w, m);
	m->mid = ms_h248_in_mid(in);
	if (in->err)
		return;
	in->refused.version = m->version;
	in->refused.mid = m->mid;
}

/* messageBody = ( errorDescriptor / transactionList ) */
static void body(struct ms_h248_in *in, struct ms_h248_message *m)
{
	struct ms_h248_transaction **tail = &m->transactions;
	struct ms_span w;
	enum ms_h248_token token = ms_h248_in_token(in, &w);
	if (token == MS_H248_T_ERROR) {
		m->error = ms_h248_in_error(in);
		if (ms_h248_in_next(in))
			ms_h248_in_fail(in, in->syntax, "h248_after_error", NULL);
		return;
	}
	for (;;) {
		*tail = transaction(in, token, w);
		if (!*tail)
			return;
		tail = &(*tail)->next;
		if (in->err)
			return;
		in->syntax = 400;
		in->refused.has_transaction = false;
		ms_h248_in_lwsp(in);
		if (in->p == in->end)
			return;
		token = ms_h248_in_token(in, &w);
	}
}

int ms_h248_text_decode(struct ms_span octets, struct ms_h248_arena *arena,
			struct ms_h248_refused *ret_refused,
			const struct ms_h248_message **ret_message)
{
	if (!octets.p)
		octets = MS_SPAN_LIT("");
	struct ms_h248_in in = {
		.p = octets.p,
		.end = octets.p + octets.len,
		.start = octets.p,
		.arena = arena,
		.syntax = 400,
	};
	struct ms_h248_message *m = ms_h248_in_node(&in, sizeof(*m));
	if (m)
		header(&in, m);
	if (!in.err)
		body(&in, m);
	if (in.err) {
		if (ret_refused)
			*ret_refused = in.refused;
		return in.err;
	}
	*ret_message = m;
	return 0;
}
