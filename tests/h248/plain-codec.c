/* SPDX-License-Identifier: Apache-2.0 */
#include "plain-codec.h"

#include <errno.h>

#include "core/reader.h"

/*
 * message: 'P' version(1) mid length(1) mid error(2) transaction...
 * transaction: kind(1) id(4) ack required(1) error(2) acks(1) {first(4) last(4)} action(1) context(4)
 *              verb + 1(1) service change method(1) padding length(2) padding
 */

static void put_transaction(struct ms_buf *out, const struct ms_h248_transaction *t,
			    unsigned version)
{
	const struct ms_h248_action *a = t->actions;
	const struct ms_h248_command *c = a ? a->commands : NULL;
	size_t at;
	unsigned n = 0;

	(void)version;
	ms_buf_put_u8(out, t->kind);
	ms_buf_put_u32(out, t->id);
	ms_buf_put_u8(out, t->ack_required);
	ms_buf_put_u16(out, t->error ? t->error->code : 0);
	at = out->len;
	ms_buf_put_u8(out, 0);
	for (const struct ms_h248_ack *k = t->acks; k; k = k->next, n++) {
		ms_buf_put_u32(out, k->first);
		ms_buf_put_u32(out, k->last);
	}
	if (ms_buf_status(out) == 0)
		out->p[at] = (uint8_t)n;
	ms_buf_put_u8(out, a != NULL);
	ms_buf_put_u32(out, a ? a->context : 0);
	ms_buf_put_u8(out, c ? c->verb + 1u : 0);
	ms_buf_put_u8(out, c && c->service_change ? c->service_change->method : 0);
	ms_buf_put_lv16(out, c && c->error ? c->error->text : MS_SPAN_NULL);
}

static void put_message(struct ms_buf *out, const struct ms_h248_message *m, struct ms_span encoded)
{
	ms_buf_put_u8(out, 'P');
	ms_buf_put_u8(out, m->version);
	ms_buf_put_lv8(out, m->mid.name);
	ms_buf_put_u16(out, m->error ? m->error->code : 0);
	for (const struct ms_h248_transaction *t = m->transactions; t; t = t->next)
		put_transaction(out, t, m->version);
	ms_buf_put_span(out, encoded);
}

static struct ms_h248_error *error_of(struct ms_h248_arena *arena, uint16_t code)
{
	struct ms_h248_error *e = code ? ms_h248_arena_get(arena, sizeof(*e)) : NULL;

	if (e)
		e->code = code;
	return e;
}

static bool read_acks(struct ms_reader *r, struct ms_h248_arena *arena, struct ms_h248_ack **at)
{
	uint8_t n;

	if (ms_read_u8(r, &n))
		return false;
	for (; n > 0; n--) {
		struct ms_h248_ack *k = ms_h248_arena_get(arena, sizeof(*k));

		if (!k || ms_read_u32(r, &k->first) || ms_read_u32(r, &k->last))
			return false;
		*at = k;
		at = &k->next;
	}
	return true;
}

static bool read_action(struct ms_reader *r, struct ms_h248_arena *arena,
			struct ms_h248_transaction *t)
{
	struct ms_h248_action *a = ms_h248_arena_get(arena, sizeof(*a));
	struct ms_h248_command *c = ms_h248_arena_get(arena, sizeof(*c));
	struct ms_h248_service_change *sc = ms_h248_arena_get(arena, sizeof(*sc));
	struct ms_h248_termination *root = ms_h248_arena_get(arena, sizeof(*root));
	uint8_t has, verb, method;
	struct ms_span padding;

	if (!a || !c || !sc || !root || ms_read_u8(r, &has) || ms_read_u32(r, &a->context) ||
	    ms_read_u8(r, &verb) || ms_read_u8(r, &method) || ms_read_lv16(r, &padding))
		return false;
	t->actions = has ? a : NULL;
	a->commands = verb ? c : NULL;
	c->verb = (enum ms_h248_verb)(verb - 1);
	root->kind = MS_H248_TERMINATION_ROOT;
	c->terminations = root;
	sc->method = (enum ms_h248_sc_method)method;
	c->service_change = method ? sc : NULL;
	return true;
}

static struct ms_h248_transaction *read_transaction(struct ms_reader *r,
						    struct ms_h248_arena *arena)
{
	struct ms_h248_transaction *t = ms_h248_arena_get(arena, sizeof(*t));
	uint8_t kind, ack;
	uint16_t error;

	if (!t || ms_read_u8(r, &kind) || kind > MS_H248_SEGMENT_REPLY || ms_read_u32(r, &t->id) ||
	    ms_read_u8(r, &ack) || ms_read_u16(r, &error))
		return NULL;
	t->kind = (enum ms_h248_transaction_kind)kind;
	t->ack_required = ack;
	t->error = error_of(arena, error);
	return read_acks(r, arena, &t->acks) && read_action(r, arena, t) ? t : NULL;
}

static int decode(struct ms_span octets, struct ms_h248_arena *arena,
		  struct ms_h248_refused *ret_refused, const struct ms_h248_message **ret_message)
{
	struct ms_h248_message *m = ms_h248_arena_get(arena, sizeof(*m));
	struct ms_h248_transaction **at;
	struct ms_reader r;
	uint8_t p = 0;
	uint16_t error = 0;

	r = ms_reader_of(octets);
	ret_refused->fault.code = 400;
	if (!m || ms_read_u8(&r, &p) || p != 'P' || ms_read_u8(&r, &m->version) ||
	    ms_read_lv8(&r, &m->mid.name) || ms_read_u16(&r, &error))
		return -EBADMSG;
	m->mid.kind = MS_H248_MID_DOMAIN;
	m->error = error_of(arena, error);
	at = &m->transactions;
	while (ms_read_left(&r) > 0) {
		*at = read_transaction(&r, arena);
		if (!*at)
			return -EBADMSG;
		at = &(*at)->next;
	}
	*ret_message = m;
	return 0;
}

const struct ms_h248_codec plain_codec = {
	.name = "plain",
	.port = 2944,
	.decode = decode,
	.put_transaction = put_transaction,
	.put_message = put_message,
};
