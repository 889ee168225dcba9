/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's half of the coding: signals, orders to the bearer. */
#include "h248/coding-get-priv.h"

static int take_latch(struct ms_h248_get *g, const struct ms_h248_signal *s)
{
	int64_t v = MS_H248_IPNAPT_LATCH_NAPT_OFF;
	bool given = false;

	if (!g->c->profile->latch)
		return ms_h248_get_refuse(g, 513, "h248_signal", s->name.item);
	for (const struct ms_h248_param *p = s->params; p; p = p->next) {
		if (p->name.ref != MS_H248_IPNAPT_LATCH_NAPT)
			return ms_h248_get_refuse(g, 446, "h248_parameter", p->name.item);
		if (ms_h248_get_number(g, p, &v))
			return -EBADMSG;
		given = true;
	}
	if (!given)
		return ms_h248_get_refuse(g, 457, "h248_parameter", s->name.item);
	g->b->latch = v == MS_H248_IPNAPT_LATCH_NAPT_LATCH     ? MS_BEARER_LATCH
		      : v == MS_H248_IPNAPT_LATCH_NAPT_RELATCH ? MS_BEARER_RELATCH
							       : MS_BEARER_LATCH_OFF;
	return 0;
}

/* RelBNC: of its general cause there is nothing to tell the peer; Reset says how. */
static int take_relbnc(struct ms_h248_get *g, const struct ms_h248_signal *s, uint16_t cause,
		       uint16_t reset)
{
	g->b->release = true;
	for (const struct ms_h248_param *p = s->params; p; p = p->next) {
		if (p->name.ref == reset) {
			if (ms_h248_get_switch(g, p, &g->b->release_reset))
				return -EBADMSG;
		} else if (p->name.ref != cause) {
			return ms_h248_get_refuse(g, 446, "h248_parameter", p->name.item);
		}
	}
	return 0;
}

static int take_start(struct ms_h248_get *g, const struct ms_h248_signal *s, bool *start)
{
	if (s->params)
		return ms_h248_get_refuse(g, 446, "h248_parameter", s->params->name.item);
	*start = true;
	return 0;
}

static int take_signal(struct ms_h248_get *g, const struct ms_h248_signal *s)
{
	switch (s->name.ref) {
	case 0:
		return ms_h248_get_refuse(
			g, ms_h248_package_find(g->c->registry, s->name.package) ? 452 : 440,
			"h248_unknown_signal", s->name.item);
	case MS_H248_IPNAPT_LATCH:
		return take_latch(g, s);
	case MS_H248_TCPBCC_ESTBNC:
		return take_start(g, s, &g->b->start_tcp);
	case MS_H248_TLSBSC_ESTBNC:
		return g->b->tls ? take_start(g, s, &g->b->start_tls)
				 : ms_h248_get_refuse(g, 473, "h248_signal_without_tls",
						      s->name.item);
	case MS_H248_TCPBCC_RELBNC:
		return take_relbnc(g, s, MS_H248_TCPBCC_RELBNC_GENERALCAUSE,
				   MS_H248_TCPBCC_RELBNC_RESET);
	case MS_H248_TLSBSC_RELBNC:
		return take_relbnc(g, s, MS_H248_TLSBSC_RELBNC_GENERALCAUSE,
				   MS_H248_TLSBSC_RELBNC_RESET);
	default:
		return ms_h248_get_refuse(g, 513, "h248_signal", s->name.item);
	}
}

/* What is about a signal that lasts or is heard in a direction: ours are brief orders to the bearer. */
static int check_signal(struct ms_h248_get *g, const struct ms_h248_signal *s)
{
	const char *what = s->type == MS_H248_ON_OFF || s->type == MS_H248_TIME_OUT ? "SignalType"
			   : s->direction == MS_H248_DIRECTION_INTERNAL             ? "Direction"
			   : s->has_delay && s->delay ? "IntersigDelay"
			   : s->has_request_id        ? "RequestID"
						      : NULL;

	return what ? ms_h248_get_refuse(g, 501, "h248_signal_kind", ms_span_str(what)) : 0;
}

/* RFC 3525 section 7.1.11: with KeepActive one under way goes on, another one is ignored. */
static int keep_signal(struct ms_h248_get *g, const struct ms_h248_signal *s)
{
	const struct ms_bearer *b = g->b;
	bool tcp = b->start_tcp, tls = b->start_tls, release = b->release, reset = b->release_reset;
	enum ms_bearer_latch latch = b->latch;
	int err = take_signal(g, s);

	g->b->start_tcp = tcp;
	g->b->start_tls = tls;
	g->b->release = release;
	g->b->release_reset = reset;
	g->b->latch = latch;
	return err;
}

/* The order in which the media plane carries signals out. */
static unsigned rank_of(const struct ms_h248_signal *s)
{
	return s->name.ref == MS_H248_TCPBCC_RELBNC || s->name.ref == MS_H248_TLSBSC_RELBNC ? 0
	       : s->name.ref == MS_H248_IPNAPT_LATCH                                        ? 1
	       : s->name.ref == MS_H248_TCPBCC_ESTBNC                                       ? 2
											    : 3;
}

/* A sequential list whose sequence is that of a bearer: release, latch, TCP, TLS. */
static int take_signal_list(struct ms_h248_get *g, const struct ms_h248_signal *list)
{
	for (const struct ms_h248_signal *s = list; s && s->next; s = s->next)
		if (rank_of(s->next) < rank_of(s))
			return ms_h248_get_refuse(g, 501, "h248_signal_order", s->next->name.item);
	return ms_h248_get_signals(g, list);
}

int ms_h248_get_signals(struct ms_h248_get *g, const struct ms_h248_signal *list)
{
	int err = 0;

	for (const struct ms_h248_signal *s = list; s && !err; s = s->next) {
		bool mine = !s->stream || s->stream == g->stream;

		if (s->is_list)
			err = take_signal_list(g, s->list);
		else if (mine)
			err = check_signal(g, s);
		if (!err && !s->is_list && mine)
			err = s->keep_active ? keep_signal(g, s) : take_signal(g, s);
	}
	return err;
}
