/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway tells of a bearer: Local as it filled it in, observed events, statistics. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "h248/coding.h"
#include "h248/package.h"

#define SDP_MAX 2048

/* ---- pieces ---- */

static struct ms_h248_param *add_param(const struct ms_h248_coding *c, struct ms_h248_arena *a,
				       struct ms_h248_param **list, uint16_t ref,
				       struct ms_span text, enum ms_h248_form form)
{
	struct ms_h248_param *p = ms_h248_arena_get(a, sizeof(*p));
	struct ms_h248_value *v = ms_h248_arena_get(a, sizeof(*v));

	if (!p || !v)
		return NULL;
	p->name = ms_h248_name_of(c->registry, ref);
	p->values = v;
	v->form = form;
	v->octets = ms_h248_arena_copy(a, text);
	if (text.len && !v->octets.p)
		return NULL;
	while (*list)
		list = &(*list)->next;
	return *list = p;
}

static struct ms_h248_param *add_number(const struct ms_h248_coding *c, struct ms_h248_arena *a,
					struct ms_h248_param **list, uint16_t ref, uint64_t number)
{
	uint8_t room[24];
	struct ms_buf b;

	ms_buf_init_fixed(&b, room, sizeof(room));
	ms_buf_put_decimal(&b, number);
	return add_param(c, a, list, ref, ms_buf_span(&b), MS_H248_TEXT);
}

static struct ms_h248_param *add_choice(const struct ms_h248_coding *c, struct ms_h248_arena *a,
					struct ms_h248_param **list, uint16_t ref, int number)
{
	return add_param(c, a, list, ref, ms_h248_choice_name(c->registry, ref, number),
			 MS_H248_TEXT);
}

/* ---- replies ---- */

static struct ms_h248_stream *stream_of(struct ms_h248_arena *a, struct ms_h248_command *reply,
					uint16_t id)
{
	struct ms_h248_stream **at, *s;

	if (!reply->media)
		reply->media = ms_h248_arena_get(a, sizeof(*reply->media));
	if (!reply->media)
		return NULL;
	for (at = &reply->media->streams; *at; at = &(*at)->next)
		if ((*at)->id == id)
			return *at;
	s = ms_h248_arena_get(a, sizeof(*s));
	if (s)
		s->id = id;
	return *at = s;
}

int ms_h248_coding_put_reply(struct ms_h248_arena *a, const struct ms_bearer *b, uint16_t stream,
			     struct ms_h248_command *reply)
{
	struct ms_h248_stream *s = stream_of(a, reply, stream);
	uint8_t room[SDP_MAX];
	struct ms_buf text;

	if (!s)
		return -ENOMEM;
	ms_buf_init_fixed(&text, room, sizeof(room));
	ms_h248_coding_put_sdp(&text, b, MS_H248_CODING_LOCAL);
	s->local.present = true;
	s->local.sdp = ms_h248_arena_copy(a, ms_buf_span(&text));
	return s->local.sdp.p && !ms_buf_status(&text) ? 0 : -ENOMEM;
}

/* ---- events ---- */

const uint16_t *ms_h248_coding_events(enum ms_bearer_event_kind kind)
{
	static const uint16_t none[] = { 0 };
	static const uint16_t tcp[] = { MS_H248_TCPBCC_BNCCHANGE, 0 };
	static const uint16_t tcp_failed[] = { MS_H248_TCPBCC_BNCCHANGE, MS_H248_G_CAUSE, 0 };
	static const uint16_t tls[] = { MS_H248_TLSBSC_BNCCHANGE, 0 };
	static const uint16_t tls_failed[] = { MS_H248_TLSBSC_BNCCHANGE, MS_H248_G_CAUSE, 0 };
	static const uint16_t released[] = { MS_H248_G_CAUSE, MS_H248_TLSBSC_BNCCHANGE,
					     MS_H248_TCPBCC_BNCCHANGE, 0 };
	static const uint16_t idle[] = { MS_H248_ADID_IPSTOP, 0 };

	switch (kind) {
	case MS_BEARER_TCP_UP:
		return tcp;
	case MS_BEARER_TCP_FAILED:
		return tcp_failed;
	case MS_BEARER_TLS_UP:
		return tls;
	case MS_BEARER_TLS_FAILED:
		return tls_failed;
	case MS_BEARER_RELEASED:
		return released;
	case MS_BEARER_IDLE:
		return idle;
	case MS_BEARER_LATCHED:
		break;
	}
	return none;
}

static int change_of(enum ms_bearer_event_kind kind)
{
	switch (kind) {
	case MS_BEARER_TCP_UP:
	case MS_BEARER_TLS_UP:
		return MS_H248_TCPBCC_BNCCHANGE_TYPE_EST;
	case MS_BEARER_TCP_FAILED:
	case MS_BEARER_TLS_FAILED:
		return MS_H248_TCPBCC_BNCCHANGE_TYPE_ESTFAIL;
	default:
		return MS_H248_TCPBCC_BNCCHANGE_TYPE_REL;
	}
}

/* Parameters of the events that tell of a bearer: general cause or type, words, TLS alert. */
static const struct {
	uint16_t event, type, general, cause, alert;
} shapes[] = {
	{ MS_H248_G_CAUSE, 0, MS_H248_G_CAUSE_GENERALCAUSE, MS_H248_G_CAUSE_FAILURECAUSE, 0 },
	{ MS_H248_TCPBCC_BNCCHANGE, MS_H248_TCPBCC_BNCCHANGE_TYPE, 0,
	  MS_H248_TCPBCC_BNCCHANGE_FAILURECAUSE, 0 },
	{ MS_H248_TLSBSC_BNCCHANGE, MS_H248_TLSBSC_BNCCHANGE_TYPE, 0,
	  MS_H248_TLSBSC_BNCCHANGE_FAILURECAUSE, MS_H248_TLSBSC_BNCCHANGE_ALERT },
};

static bool put_shape(const struct ms_h248_coding *c, struct ms_h248_arena *a,
		      const struct ms_bearer_event *e, struct ms_h248_observed *o, size_t i)
{
	bool failed = e->kind != MS_BEARER_TCP_UP && e->kind != MS_BEARER_TLS_UP;
	int general = e->general ? (int)e->general : MS_BEARER_TEMPORARY;

	if (shapes[i].general && !add_choice(c, a, &o->params, shapes[i].general, general))
		return false;
	/* the types of both BNCChange events have the same numbers */
	if (shapes[i].type && !add_choice(c, a, &o->params, shapes[i].type, change_of(e->kind)))
		return false;
	if (shapes[i].alert && failed && e->alert >= 0 &&
	    !add_number(c, a, &o->params, shapes[i].alert, (uint64_t)e->alert))
		return false;
	return !failed || !e->cause[0] ||
	       add_param(c, a, &o->params, shapes[i].cause, ms_span_str(e->cause), MS_H248_QUOTED);
}

struct ms_h248_observed *ms_h248_coding_put_event(const struct ms_h248_coding *c,
						  struct ms_h248_arena *a,
						  const struct ms_bearer_event *event, uint16_t ref,
						  uint16_t stream)
{
	struct ms_h248_observed *o = ms_h248_arena_get(a, sizeof(*o));

	if (!o)
		return NULL;
	o->name = ms_h248_name_of(c->registry, ref);
	o->stream = stream;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (shapes[i].event == ref && !put_shape(c, a, event, o, i))
			return NULL;
	return o;
}

/* ---- statistics ---- */

#define STATISTIC(item, member)                                               \
	{                                                                     \
		MS_H248_##item, offsetof(struct ms_bearer_statistics, member) \
	}

/* Octets and time by RFC 3525 E.11; for TCP and TLS no standard was available (docs/packages.md). */
const struct ms_h248_statistic ms_h248_statistics[MS_H248_STATISTICS] = {
	STATISTIC(NT_DUR, up_ms),
	STATISTIC(NT_OS, octets_out),
	STATISTIC(NT_OR, octets_in),
	STATISTIC(XEM_TCPEST, connections),
	STATISTIC(XEM_TCPFAIL, connections_failed),
	STATISTIC(XEM_TCPDROP, connections_dropped),
	STATISTIC(XEM_TCPOS, wire_out),
	STATISTIC(XEM_TCPOR, wire_in),
	STATISTIC(XEM_TLSEST, handshakes),
	STATISTIC(XEM_TLSFAIL, handshakes_failed),
};

int ms_h248_coding_put_statistics(const struct ms_h248_coding *c, struct ms_h248_arena *a,
				  const struct ms_bearer_statistics *s, unsigned mask,
				  struct ms_h248_param **list)
{
	for (size_t i = 0; i < MS_H248_STATISTICS; i++) {
		const struct ms_h248_statistic *t = &ms_h248_statistics[i];
		uint64_t value;

		if (!(mask & 1u << i))
			continue;
		memcpy(&value, (const uint8_t *)s + t->offset, sizeof(value));
		if (!add_number(c, a, list, t->ref, value))
			return -ENOMEM;
	}
	return 0;
}
