/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, reading: terminations, commands and their replies, service change. */
#include "h248/binary-priv.h"

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
	if (t->wildcard.len == 0 && all_ones(t->octets) &&
	    (t->octets.len == 8 || t->octets.len == 4))
		return MS_H248_TERMINATION_ROOT;
	if (t->wildcard.len != 1 || (t->wildcard.p[0] & 0x7f) != (0x40 | (8 * t->octets.len - 1)))
		return MS_H248_TERMINATION_NAMED;
	return t->wildcard.p[0] & 0x80 ? MS_H248_TERMINATION_ALL : MS_H248_TERMINATION_CHOOSE;
}

/* SEQUENCE OF one-octet strings: their octets one after another. */
static bool rd_wildcard(struct rd *r, const struct el *e, struct ms_span *ret_s)
{
	const uint8_t *at = e->p;
	struct el x;
	size_t n = 0;

	if (e->p == e->end)
		return true;
	uint8_t *p = ms_h248_arena_get(r->a, (size_t)(e->end - e->p));
	if (!p)
		return ms_rd_no_memory(r);
	for (; ms_rd_item(r, &at, e->end, U_OCTETS, &x); n++) {
		if (x.end - x.p != 1)
			return ms_rd_bad(r, x.p, "wildcard");
		p[n] = x.p[0];
	}
	*ret_s = ms_span_of(p, n);
	return r->err == 0;
}

bool ms_rd_termination(struct rd *r, const struct el *e, struct ms_h248_termination *t)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == C(0))
			rd_wildcard(r, &x, &t->wildcard);
		else if ((id & ~0x20u) == P(1))
			ms_rd_string(r, &x, 1, 8, &t->octets);
	if (r->err != 0 || !t->octets.p)
		return ms_rd_bad(r, e->p, "termination");
	t->kind = kind_of(t);
	return true;
}

bool ms_rd_terminations(struct rd *r, const struct el *e, struct ms_h248_termination **tail)
{
	const uint8_t *at = e->p;
	struct el item;

	while (ms_rd_item(r, &at, e->end, U_SEQUENCE, &item)) {
		struct ms_h248_termination *t = RD_APPEND(r, tail, struct ms_h248_termination);
		if (!t || !ms_rd_termination(r, &item, t))
			return false;
	}
	return r->err == 0;
}

static bool rd_one_termination(struct rd *r, const struct el *e, struct ms_h248_command *c)
{
	c->terminations = RD_NEW(r, struct ms_h248_termination);
	return c->terminations && ms_rd_termination(r, e, c->terminations);
}

/* ---- descriptors of requests and replies ---- */

/* Alternatives 1 to 7 of AuditReturnParameter; those of AmmDescriptor are one lower. */
static bool rd_common(struct rd *r, unsigned alternative, const struct el *e,
		      struct ms_h248_command *c)
{
	switch (alternative) {
	case C(1):
		return ms_rd_media(r, e, &c->media);
	case C(2):
		return ms_rd_modem(r, e, &c->modem);
	case C(3):
		return ms_rd_mux(r, e, &c->mux);
	case C(4):
		return ms_rd_events(r, e, &c->events);
	case C(5):
		c->has_event_buffer = true;
		return ms_rd_event_buffer(r, e, &c->event_buffer);
	case C(6):
		return ms_rd_signals(r, e, &c->signals);
	case C(7):
		return ms_rd_digitmap(r, e, &c->digitmap);
	default:
		return true; /* an extension */
	}
}

static bool rd_descriptors(struct rd *r, const struct el *e, struct ms_h248_command *c)
{
	const uint8_t *at = e->p;
	struct el x;

	while (ms_rd_next(r, &at, e->end, &x))
		if (x.id == C(7)) {
			ms_rd_audit(r, &x, &c->audit);
		} else if (x.id == C(8)) {
			c->has_statistics = true;
			ms_rd_statistics(r, &x, &c->statistics);
		} else {
			rd_common(r, x.id + 1u, &x, c);
		}
	return r->err == 0;
}

static bool rd_returned(struct rd *r, const struct el *e, struct ms_h248_command *c)
{
	const uint8_t *at = e->p;
	struct el x;

	while (ms_rd_next(r, &at, e->end, &x))
		switch (x.id) {
		case C(0):
			ms_rd_error(r, &x, &c->error);
			break;
		case C(8):
			ms_rd_observed(r, &x, c);
			break;
		case C(9):
			c->has_statistics = true;
			ms_rd_statistics(r, &x, &c->statistics);
			break;
		case C(10):
			ms_rd_packages(r, &x, &c->packages);
			break;
		case C(11):
			ms_rd_audit(r, &x, &c->audit);
			break;
		default:
			rd_common(r, x.id, &x, c);
		}
	return r->err == 0;
}

/* ---- requests ---- */

static bool rd_notify(struct rd *r, unsigned id, const struct el *x, struct ms_h248_command *c)
{
	if (id == C(1))
		return ms_rd_observed(r, x, c);
	return id == C(2) ? ms_rd_error(r, x, &c->error) : true;
}

/* Field 2 of version 3: the whole list, of which field 0 is the first. */
static bool rd_audit_request(struct rd *r, unsigned id, const struct el *x,
			     struct ms_h248_command *c)
{
	if (id == C(1))
		return ms_rd_audit(r, x, &c->audit);
	if (id != C(2))
		return true;
	c->terminations = NULL;
	return ms_rd_terminations(r, x, &c->terminations);
}

static bool rd_request_field(struct rd *r, unsigned id, const struct el *x,
			     struct ms_h248_command *c)
{
	switch (c->verb) {
	case MS_H248_ADD:
	case MS_H248_MOVE:
	case MS_H248_MODIFY:
		return id == C(1) ? rd_descriptors(r, x, c) : true;
	case MS_H248_SUBTRACT:
		return id == C(1) ? ms_rd_audit(r, x, &c->audit) : true;
	case MS_H248_AUDIT_CAPABILITY:
	case MS_H248_AUDIT_VALUE:
		return rd_audit_request(r, id, x, c);
	case MS_H248_NOTIFY:
		return rd_notify(r, id, x, c);
	default:
		return id == C(1) ? ms_rd_service_change(r, x, &c->service_change) : true;
	}
}

static bool is_audit(enum ms_h248_verb verb)
{
	return verb == MS_H248_AUDIT_CAPABILITY || verb == MS_H248_AUDIT_VALUE;
}

bool ms_rd_command(struct rd *r, const struct el *e, struct ms_h248_command *c)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	if (e->id < C(0) || e->id > C(7))
		return ms_rd_bad(r, e->p, "command_unknown");
	c->verb = MS_H248_ADD + (e->id - C(0));
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == C(0))
			is_audit(c->verb) ? rd_one_termination(r, &x, c)
					  : ms_rd_terminations(r, &x, &c->terminations);
		else
			rd_request_field(r, id, &x, c);
	return (c->terminations && r->err == 0) || ms_rd_bad(r, e->p, "termination");
}

/* ---- replies ---- */

/* AuditResult and TermListAuditResult: field 0 is one termination or a list. */
static bool rd_audit_result(struct rd *r, const struct el *e, bool list, struct ms_h248_command *c)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == C(0))
			list ? ms_rd_terminations(r, &x, &c->terminations)
			     : rd_one_termination(r, &x, c);
		else if (id == C(1))
			rd_returned(r, &x, c);
	return r->err == 0;
}

static bool rd_audit_reply(struct rd *r, const struct el *e, struct ms_h248_command *c)
{
	struct el x;

	if (!ms_rd_choice(r, e, &x))
		return false;
	switch (x.id) {
	case C(0):
		c->context_audit = true;
		return ms_rd_terminations(r, &x, &c->terminations);
	case C(1):
		return ms_rd_error(r, &x, &c->error);
	case C(2):
		return rd_audit_result(r, &x, false, c);
	case C(3):
		return rd_audit_result(r, &x, true, c);
	default:
		return ms_rd_bad(r, x.p, "audit_reply");
	}
}

static bool rd_reply_field(struct rd *r, const struct el *x, struct ms_h248_command *c)
{
	if (c->verb == MS_H248_NOTIFY)
		return ms_rd_error(r, x, &c->error);
	if (c->verb == MS_H248_SERVICE_CHANGE)
		return ms_rd_service_change_result(r, x, c);
	return rd_returned(r, x, c);
}

bool ms_rd_command_reply(struct rd *r, const struct el *e, struct ms_h248_command *c)
{
	struct fields f = ms_rd_fields(e);
	struct el x;

	if (e->id < C(0) || e->id > C(7))
		return ms_rd_bad(r, e->p, "command_unknown");
	c->verb = MS_H248_ADD + (e->id - C(0));
	if (is_audit(c->verb))
		return rd_audit_reply(r, e, c);
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		if (id == C(0))
			ms_rd_terminations(r, &x, &c->terminations);
		else if (id == C(1))
			rd_reply_field(r, &x, c);
	return (c->terminations && r->err == 0) || ms_rd_bad(r, e->p, "termination");
}

/* ---- service change ---- */

/* SEQUENCE OF OCTET STRING, of which the first holds an IA5String (comment in ServiceChangeParm). */
static bool rd_reason(struct rd *r, const struct el *e, struct ms_span *ret_reason)
{
	const uint8_t *at = e->p;
	struct ms_span octets;
	struct el x;

	if (!ms_rd_item(r, &at, e->end, U_OCTETS, &x) ||
	    !ms_rd_string(r, &x, 0, MS_H248_BINARY_MAX, &octets))
		return ms_rd_bad(r, e->p, "service_change_reason");
	*ret_reason = ms_rd_unwrap(octets);
	return true;
}

static bool rd_profile(struct rd *r, const struct el *e, struct ms_span *ret_profile)
{
	struct fields f = ms_rd_fields(e);
	struct el x;
	return ((ms_rd_field(r, &f, &x) & ~0x20u) == P(0) &&
		ms_rd_string(r, &x, 1, 67, ret_profile)) ||
	       ms_rd_bad(r, e->p, "profile");
}

bool ms_rd_time(struct rd *r, const struct el *e, struct ms_h248_timestamp *t)
{
	struct fields f = ms_rd_fields(e);
	struct ms_span date, time;
	struct el x;

	if (ms_rd_field(r, &f, &x) != P(0) || !ms_rd_string(r, &x, 8, 8, &date) ||
	    ms_rd_field(r, &f, &x) != P(1) || !ms_rd_string(r, &x, 8, 8, &time))
		return ms_rd_bad(r, e->p, "time");
	memcpy(t->date, date.p, 8);
	memcpy(t->time, time.p, 8);
	t->present = true;
	return true;
}

static bool rd_service_change_field(struct rd *r, unsigned id, const struct el *x,
				    struct ms_h248_service_change *s)
{
	uint32_t method;

	switch (id) {
	case P(0):
		if (!ms_rd_uint(r, x, 5, &method))
			return false;
		s->method = MS_H248_SC_FAILOVER + method;
		return true;
	case C(1):
		return ms_rd_mid(r, x, 1, &s->address);
	case P(2):
		return ms_rd_u8(r, x, 99, &s->version);
	case C(3):
		return rd_profile(r, x, &s->profile);
	case C(4):
		return rd_reason(r, x, &s->reason);
	case P(5):
		s->has_delay = true;
		return ms_rd_uint(r, x, UINT32_MAX, &s->delay);
	case C(6):
		return ms_rd_mid(r, x, 0, &s->mgc_id);
	case C(7):
		return ms_rd_time(r, x, &s->time);
	case C(9):
		return ms_rd_audit(r, x, &s->info);
	case P(10):
		s->incomplete = true;
		return ms_rd_null(r, x);
	default:
		return true;
	}
}

bool ms_rd_service_change(struct rd *r, const struct el *e, struct ms_h248_service_change **ret_sc)
{
	struct ms_h248_service_change *s = RD_NEW(r, struct ms_h248_service_change);
	struct fields f = ms_rd_fields(e);
	struct el x;

	if (!s)
		return false;
	*ret_sc = s;
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		rd_service_change_field(r, id, &x, s);
	return (s->method && s->reason.p && r->err == 0) || ms_rd_bad(r, e->p, "service_change");
}

static bool rd_result_field(struct rd *r, unsigned id, const struct el *x,
			    struct ms_h248_service_change *s)
{
	switch (id) {
	case C(0):
		return ms_rd_mid(r, x, 0, &s->mgc_id);
	case C(1):
		return ms_rd_mid(r, x, 1, &s->address);
	case P(2):
		return ms_rd_u8(r, x, 99, &s->version);
	case C(3):
		return rd_profile(r, x, &s->profile);
	case C(4):
		return ms_rd_time(r, x, &s->time);
	default:
		return true;
	}
}

bool ms_rd_service_change_result(struct rd *r, const struct el *e, struct ms_h248_command *c)
{
	struct el choice, x;

	if (!ms_rd_choice(r, e, &choice))
		return false;
	if (choice.id == C(0))
		return ms_rd_error(r, &choice, &c->error);
	if (choice.id != C(1))
		return ms_rd_bad(r, choice.p, "service_change_result");
	struct fields f = ms_rd_fields(&choice);
	c->service_change = RD_NEW(r, struct ms_h248_service_change);
	if (!c->service_change)
		return false;
	for (unsigned id; (id = ms_rd_field(r, &f, &x)) != 0;)
		rd_result_field(r, id, &x, c->service_change);
	return r->err == 0;
}
