/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, writing: commands, their replies, service change. */
#include "h248/binary-write-priv.h"

/* Alternatives of AmmDescriptor are one lower than those of AuditReturnParameter: `less`. */
static void wr_common(struct wr *w, unsigned less, const struct ms_h248_command *c)
{
	if (c->media)
		ms_wr_media(w, C(1 - less), c->media);
	if (c->modem)
		ms_wr_modem(w, C(2 - less), c->modem);
	if (c->mux)
		ms_wr_mux(w, C(3 - less), c->mux);
	if (c->events)
		ms_wr_events(w, C(4 - less), c->events);
	if (c->has_event_buffer)
		ms_wr_event_buffer(w, C(5 - less), c->event_buffer);
	if (c->signals)
		ms_wr_signals(w, C(6 - less), c->signals);
	if (c->digitmap.present)
		ms_wr_digitmap(w, C(7 - less), &c->digitmap);
}

static void wr_descriptors(struct wr *w, unsigned id, const struct ms_h248_command *c)
{
	size_t mark = ms_wr_open(w, id);
	wr_common(w, 1, c);
	if (c->audit)
		ms_wr_audit(w, C(7), c->audit);
	if (c->has_statistics && ms_wr_since(w, 3))
		ms_wr_statistics(w, C(8), c->statistics);
	ms_wr_close(w, mark);
}

static bool has_returned(const struct ms_h248_command *c)
{
	return c->error || c->media || c->modem || c->mux || c->events || c->has_event_buffer ||
	       c->signals || c->digitmap.present || c->has_observed || c->has_statistics ||
	       c->packages || c->audit;
}

static void wr_returned(struct wr *w, unsigned id, const struct ms_h248_command *c)
{
	size_t mark = ms_wr_open(w, id);
	if (c->error)
		ms_wr_error(w, C(0), c->error);
	wr_common(w, 0, c);
	if (c->has_observed)
		ms_wr_observed(w, C(8), c);
	if (c->has_statistics)
		ms_wr_statistics(w, C(9), c->statistics);
	if (c->packages)
		ms_wr_packages(w, C(10), c->packages);
	if (c->audit)
		ms_wr_audit(w, C(11), c->audit);
	ms_wr_close(w, mark);
}

/* ---- service change ---- */

void ms_wr_time(struct wr *w, unsigned id, const struct ms_h248_timestamp *t)
{
	size_t mark = ms_wr_open(w, id);
	ms_wr_string(w, P(0), ms_span_of(t->date, 8));
	ms_wr_string(w, P(1), ms_span_of(t->time, 8));
	ms_wr_close(w, mark);
}

static void wr_wrapped_mid(struct wr *w, unsigned id, unsigned tag, const struct ms_h248_mid *m)
{
	size_t mark = ms_wr_open(w, id);
	ms_wr_mid(w, tag, m);
	ms_wr_close(w, mark);
}

static void wr_profile(struct wr *w, struct ms_span profile)
{
	size_t mark = ms_wr_open(w, C(3));
	ms_wr_string(w, P(0), profile);
	ms_wr_close(w, mark);
}

static bool has_address(const struct ms_h248_mid *m)
{
	return m->kind || m->port_only;
}

void ms_wr_service_change(struct wr *w, unsigned id, const struct ms_h248_service_change *s)
{
	size_t mark = ms_wr_open(w, id);
	if (s->method < MS_H248_SC_FAILOVER || s->method > MS_H248_SC_HANDOFF || s->extensions)
		ms_wr_bad(w);
	else
		ms_wr_u8(w, P(0), s->method - MS_H248_SC_FAILOVER);
	if (has_address(&s->address))
		wr_wrapped_mid(w, C(1), 1, &s->address);
	if (s->version)
		ms_wr_uint(w, P(2), s->version);
	if (s->profile.len)
		wr_profile(w, s->profile);
	size_t reason = ms_wr_open(w, C(4));
	ms_wr_wrapped(w, U_OCTETS, U_IA5, s->reason);
	ms_wr_close(w, reason);
	if (s->has_delay)
		ms_wr_uint(w, P(5), s->delay);
	if (s->mgc_id.kind)
		wr_wrapped_mid(w, C(6), 0, &s->mgc_id);
	if (s->time.present)
		ms_wr_time(w, C(7), &s->time);
	if (s->info && ms_wr_since(w, 2))
		ms_wr_audit(w, C(9), s->info);
	if (s->incomplete && ms_wr_since(w, 3))
		ms_wr_null(w, P(10));
	ms_wr_close(w, mark);
}

void ms_wr_service_change_result(struct wr *w, unsigned id, const struct ms_h248_service_change *s)
{
	size_t mark = ms_wr_open(w, id);
	if (s->mgc_id.kind)
		wr_wrapped_mid(w, C(0), 0, &s->mgc_id);
	if (has_address(&s->address))
		wr_wrapped_mid(w, C(1), 1, &s->address);
	if (s->version)
		ms_wr_uint(w, P(2), s->version);
	if (s->profile.len)
		wr_profile(w, s->profile);
	if (s->time.present)
		ms_wr_time(w, C(4), &s->time);
	ms_wr_close(w, mark);
}

/* ---- requests ---- */

static bool is_audit(enum ms_h248_verb verb)
{
	return verb == MS_H248_AUDIT_CAPABILITY || verb == MS_H248_AUDIT_VALUE;
}

/* One termination; version 3 has the list behind it. */
static void wr_audit_request(struct wr *w, const struct ms_h248_command *c)
{
	static const struct ms_h248_audit empty;

	ms_wr_termination(w, C(0), c->terminations);
	ms_wr_audit(w, C(1), c->audit ? c->audit : &empty);
	if (c->terminations->next && ms_wr_since(w, 3))
		ms_wr_terminations(w, C(2), c->terminations);
}

static void wr_notify(struct wr *w, const struct ms_h248_command *c)
{
	ms_wr_terminations(w, C(0), c->terminations);
	ms_wr_observed(w, C(1), c);
	if (c->error)
		ms_wr_error(w, C(2), c->error);
}

static void wr_request(struct wr *w, const struct ms_h248_command *c)
{
	if (!is_audit(c->verb) && c->verb != MS_H248_NOTIFY)
		ms_wr_terminations(w, C(0), c->terminations);
	switch (c->verb) {
	case MS_H248_ADD:
	case MS_H248_MOVE:
	case MS_H248_MODIFY:
		wr_descriptors(w, C(1), c);
		break;
	case MS_H248_SUBTRACT:
		if (c->audit)
			ms_wr_audit(w, C(1), c->audit);
		break;
	case MS_H248_AUDIT_CAPABILITY:
	case MS_H248_AUDIT_VALUE:
		wr_audit_request(w, c);
		break;
	case MS_H248_NOTIFY:
		wr_notify(w, c);
		break;
	default:
		if (c->service_change)
			ms_wr_service_change(w, C(1), c->service_change);
		else
			ms_wr_bad(w);
	}
}

void ms_wr_command(struct wr *w, const struct ms_h248_command *c)
{
	size_t mark = ms_wr_open(w, U_SEQUENCE), choice = ms_wr_open(w, C(0));
	size_t command = ms_wr_open(w, C((unsigned)c->verb));
	if (c->terminations)
		wr_request(w, c);
	else
		ms_wr_bad(w);
	ms_wr_close(w, command);
	ms_wr_close(w, choice);
	if (c->optional)
		ms_wr_null(w, P(1));
	if (c->wildcard_response)
		ms_wr_null(w, P(2));
	ms_wr_close(w, mark);
}

/* ---- replies ---- */

static void wr_audit_reply(struct wr *w, const struct ms_h248_command *c)
{
	bool list = c->terminations && c->terminations->next;

	if (c->context_audit) {
		ms_wr_terminations(w, C(0), c->terminations);
		return;
	}
	if (!c->terminations) {
		if (c->error)
			ms_wr_error(w, C(1), c->error);
		else
			ms_wr_bad(w);
		return;
	}
	size_t mark = ms_wr_open(w, list ? C(3) : C(2));
	if (list && ms_wr_since(w, 3))
		ms_wr_terminations(w, C(0), c->terminations);
	else if (!list)
		ms_wr_termination(w, C(0), c->terminations);
	wr_returned(w, C(1), c);
	ms_wr_close(w, mark);
}

static void wr_service_change_reply(struct wr *w, const struct ms_h248_command *c)
{
	static const struct ms_h248_service_change empty;

	size_t choice = ms_wr_open(w, C(1));
	if (c->error)
		ms_wr_error(w, C(0), c->error);
	else
		ms_wr_service_change_result(w, C(1),
					    c->service_change ? c->service_change : &empty);
	ms_wr_close(w, choice);
}

void ms_wr_command_reply(struct wr *w, const struct ms_h248_command *c)
{
	size_t mark = ms_wr_open(w, C((unsigned)c->verb));
	if (is_audit(c->verb)) {
		wr_audit_reply(w, c);
	} else {
		ms_wr_terminations(w, C(0), c->terminations);
		if (c->verb == MS_H248_SERVICE_CHANGE)
			wr_service_change_reply(w, c);
		else if (c->verb == MS_H248_NOTIFY && c->error)
			ms_wr_error(w, C(1), c->error);
		else if (c->verb != MS_H248_NOTIFY && has_returned(c))
			wr_returned(w, C(1), c);
	}
	ms_wr_close(w, mark);
}
