/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, reading: terminations, commands and their replies, service change. */
#include "h248/binary-read-priv.h"

/* ---- terminations ---- */

static bool all_ones(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] != 0xff)
			return false;
	return true;
}

/* A.1: one wildcard over the whole identifier, from its first bit and all levels below. */
static enum ms_h248_termination_kind kind_of(const struct ms_h248_termination *t)
{
	if (t->wildcard.len == 0)
		return (t->octets.len == 8 || t->octets.len == 4) && all_ones(t->octets)
			       ? MS_H248_TERMINATION_ROOT
			       : MS_H248_TERMINATION_NAMED;
	if (t->wildcard.len != 1 || (t->wildcard.p[0] & 0x7f) != (0x40 | (8 * t->octets.len - 1)))
		return MS_H248_TERMINATION_NAMED;
	return t->wildcard.p[0] & 0x80 ? MS_H248_TERMINATION_ALL : MS_H248_TERMINATION_CHOOSE;
}

/* SEQUENCE OF one-octet strings: their octets one after another. */
static struct ms_span rd_wildcard(struct rd *r, struct ms_span in)
{
	struct ms_span x;
	size_t n = 0;

	if (in.len == 0)
		return MS_SPAN_NULL;
	uint8_t *p = ms_h248_arena_get(r->a, in.len);
	if (!p) {
		ms_rd_no_memory(r);
		return MS_SPAN_NULL;
	}
	for (; ms_rd_item(r, &in, U_OCTETS, &x); n++) {
		if (x.len != 1) {
			ms_rd_bad(r, x.p, "wildcard");
			return MS_SPAN_NULL;
		}
		p[n] = x.p[0];
	}
	return ms_span_of(p, n);
}

void ms_rd_termination(struct rd *r, struct ms_span in, struct ms_h248_termination *t)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		if (x.id == C(0))
			t->wildcard = rd_wildcard(r, x.in);
		else if ((x.id & ~0x20u) == P(1))
			t->octets = ms_rd_string(r, x, 1, 8);
	if (!t->octets.p)
		ms_rd_bad(r, in.p, "termination");
	t->kind = kind_of(t);
}

void ms_rd_terminations(struct rd *r, struct ms_span in, struct ms_h248_termination **tail)
{
	struct ms_span item;

	while (ms_rd_item(r, &in, U_SEQUENCE, &item)) {
		struct ms_h248_termination *t = RD_APPEND(r, tail, struct ms_h248_termination);
		if (!t)
			return;
		ms_rd_termination(r, item, t);
	}
}

static void rd_one_termination(struct rd *r, struct ms_span in, struct ms_h248_command *c)
{
	c->terminations = RD_NEW(r, struct ms_h248_termination);
	if (c->terminations)
		ms_rd_termination(r, in, c->terminations);
}

/* ---- descriptors of requests and replies ---- */

/* Alternatives 1 to 7 of AuditReturnParameter; those of AmmDescriptor are one lower. */
static void rd_common(struct rd *r, unsigned alternative, struct ms_span in,
		      struct ms_h248_command *c)
{
	switch (alternative) {
	case C(1):
		ms_rd_media(r, in, &c->media);
		break;
	case C(2):
		ms_rd_modem(r, in, &c->modem);
		break;
	case C(3):
		ms_rd_mux(r, in, &c->mux);
		break;
	case C(4):
		ms_rd_events(r, in, &c->events);
		break;
	case C(5):
		c->has_event_buffer = true;
		ms_rd_event_buffer(r, in, &c->event_buffer);
		break;
	case C(6):
		ms_rd_signals(r, in, &c->signals);
		break;
	case C(7):
		ms_rd_digitmap(r, in, &c->digitmap);
		break;
	default:
		break; /* an extension */
	}
}

static void rd_command_statistics(struct rd *r, struct ms_span in, struct ms_h248_command *c)
{
	c->has_statistics = true;
	ms_rd_statistics(r, in, &c->statistics);
}

static void rd_descriptors(struct rd *r, struct ms_span in, struct ms_h248_command *c)
{
	struct el x;

	while (ms_rd_next(r, &in, &x))
		if (x.id == C(7))
			ms_rd_audit(r, x.in, &c->audit);
		else if (x.id == C(8))
			rd_command_statistics(r, x.in, c);
		else
			rd_common(r, x.id + 1u, x.in, c);
}

static void rd_returned(struct rd *r, struct ms_span in, struct ms_h248_command *c)
{
	struct el x;

	while (ms_rd_next(r, &in, &x))
		switch (x.id) {
		case C(0):
			ms_rd_error(r, x.in, &c->error);
			break;
		case C(8):
			ms_rd_observed(r, x.in, c);
			break;
		case C(9):
			rd_command_statistics(r, x.in, c);
			break;
		case C(10):
			ms_rd_packages(r, x.in, &c->packages);
			break;
		case C(11):
			ms_rd_audit(r, x.in, &c->audit);
			break;
		default:
			rd_common(r, x.id, x.in, c);
		}
}

/* ---- requests ---- */

static void rd_notify(struct rd *r, unsigned id, struct ms_span in, struct ms_h248_command *c)
{
	if (id == C(1))
		ms_rd_observed(r, in, c);
	else if (id == C(2))
		ms_rd_error(r, in, &c->error);
}

/* Field 2 of version 3: the whole list, of which field 0 is the first. */
static void rd_audit_request(struct rd *r, unsigned id, struct ms_span in,
			     struct ms_h248_command *c)
{
	if (id == C(1)) {
		ms_rd_audit(r, in, &c->audit);
	} else if (id == C(2)) {
		c->terminations = NULL;
		ms_rd_terminations(r, in, &c->terminations);
	}
}

static void rd_request_field(struct rd *r, unsigned id, struct ms_span in,
			     struct ms_h248_command *c)
{
	switch (c->verb) {
	case MS_H248_ADD:
	case MS_H248_MOVE:
	case MS_H248_MODIFY:
		if (id == C(1))
			rd_descriptors(r, in, c);
		break;
	case MS_H248_SUBTRACT:
		if (id == C(1))
			ms_rd_audit(r, in, &c->audit);
		break;
	case MS_H248_AUDIT_CAPABILITY:
	case MS_H248_AUDIT_VALUE:
		rd_audit_request(r, id, in, c);
		break;
	case MS_H248_NOTIFY:
		rd_notify(r, id, in, c);
		break;
	default:
		if (id == C(1))
			ms_rd_service_change(r, in, &c->service_change);
	}
}

static bool is_audit(enum ms_h248_verb verb)
{
	return verb == MS_H248_AUDIT_CAPABILITY || verb == MS_H248_AUDIT_VALUE;
}

/* The alternative of Command or CommandReply, both in the order of the verbs. */
static bool rd_verb(struct rd *r, unsigned id, struct ms_span in, struct ms_h248_command *c)
{
	if (id < C(0) || id > C(7)) {
		ms_rd_bad(r, in.p, "command_unknown");
		return false;
	}
	c->verb = MS_H248_ADD + (id - C(0));
	return true;
}

void ms_rd_command(struct rd *r, unsigned id, struct ms_span in, struct ms_h248_command *c)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (!rd_verb(r, id, in, c))
		return;
	while (ms_rd_field(r, &f, &x))
		if (x.id != C(0))
			rd_request_field(r, x.id, x.in, c);
		else if (is_audit(c->verb))
			rd_one_termination(r, x.in, c);
		else
			ms_rd_terminations(r, x.in, &c->terminations);
	if (!c->terminations)
		ms_rd_bad(r, in.p, "termination");
}

/* ---- replies ---- */

/* AuditResult and TermListAuditResult: field 0 is one termination or a list. */
static void rd_audit_result(struct rd *r, struct ms_span in, bool list, struct ms_h248_command *c)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	while (ms_rd_field(r, &f, &x))
		if (x.id == C(0))
			list ? ms_rd_terminations(r, x.in, &c->terminations)
			     : rd_one_termination(r, x.in, c);
		else if (x.id == C(1))
			rd_returned(r, x.in, c);
}

static void rd_audit_reply(struct rd *r, struct ms_span in, struct ms_h248_command *c)
{
	struct el x;

	if (!ms_rd_choice(r, in, &x))
		return;
	switch (x.id) {
	case C(0):
		c->context_audit = true;
		ms_rd_terminations(r, x.in, &c->terminations);
		break;
	case C(1):
		ms_rd_error(r, x.in, &c->error);
		break;
	case C(2):
		rd_audit_result(r, x.in, false, c);
		break;
	case C(3):
		rd_audit_result(r, x.in, true, c);
		break;
	default:
		ms_rd_bad(r, x.in.p, "audit_reply");
	}
}

static void rd_reply_field(struct rd *r, struct ms_span in, struct ms_h248_command *c)
{
	if (c->verb == MS_H248_NOTIFY)
		ms_rd_error(r, in, &c->error);
	else if (c->verb == MS_H248_SERVICE_CHANGE)
		ms_rd_service_change_result(r, in, c);
	else
		rd_returned(r, in, c);
}

void ms_rd_command_reply(struct rd *r, unsigned id, struct ms_span in, struct ms_h248_command *c)
{
	struct fields f = ms_rd_fields(in);
	struct el x;

	if (!rd_verb(r, id, in, c))
		return;
	if (is_audit(c->verb)) {
		rd_audit_reply(r, in, c);
		return;
	}
	while (ms_rd_field(r, &f, &x))
		if (x.id == C(0))
			ms_rd_terminations(r, x.in, &c->terminations);
		else if (x.id == C(1))
			rd_reply_field(r, x.in, c);
	if (!c->terminations)
		ms_rd_bad(r, in.p, "termination");
}
