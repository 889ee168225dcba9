/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's half of the coding: the descriptors of an Add or Modify as a bearer. A descriptor that
 * is there replaces what the one before it said, whole (RFC 3525 7.1.7, 7.1.8); the key alone stays
 * when it is not repeated.
 */
#include <errno.h>

#include "core/hex.h"
#include "core/ip.h"
#include "h248/coding.h"
#include "h248/package.h"

/* What is being read, and what is wrong with it. */
struct get {
	const struct ms_h248_coding *c;
	struct ms_bearer *b;
	uint16_t stream;
	struct ms_fault *f;
	struct ms_span *what;
};

static int refuse(struct get *g, int code, const char *reason, struct ms_span what)
{
	*g->what = what;
	return ms_fault_set(g->f, -EBADMSG, code, reason, 0);
}

static int bad_value(struct get *g, const struct ms_h248_param *p)
{
	return refuse(g, 449, "h248_value", p->values ? p->values->octets : p->name.item);
}

/* ---- values ---- */

static int number_of(struct get *g, const struct ms_h248_param *p, int64_t *ret)
{
	if (!p->values || p->relation != MS_H248_EQUAL ||
	    ms_h248_value_number(g->c->registry, p->name.ref, p->values, ret))
		return bad_value(g, p);
	return 0;
}

static int switch_of(struct get *g, const struct ms_h248_param *p, bool *ret)
{
	int64_t v = 0;
	int err = number_of(g, p, &v);

	*ret = v != 0;
	return err;
}

static int rate_of(struct get *g, const struct ms_h248_param *p, uint64_t *ret)
{
	int64_t v = 0;
	int err = number_of(g, p, &v);

	if (err || v < 0)
		return err ? err : bad_value(g, p);
	*ret = (uint64_t)v;
	return 0;
}

static int limit_of(struct get *g, const struct ms_h248_param *p, uint32_t *ret)
{
	uint64_t v = 0;
	int err = rate_of(g, p, &v);

	*ret = (uint32_t)v; /* the package table limits it */
	return err;
}

/* Octets as hex digits, at most `max` of them. */
static int octets_of(struct get *g, const struct ms_h248_param *p, uint8_t *to, size_t max,
		     size_t *ret_n)
{
	struct ms_span s = p->values ? p->values->octets : MS_SPAN_NULL;

	if (!p->values || s.len % 2 || s.len / 2 > max)
		return refuse(g, 449, "h248_value", p->name.item); /* may be a key: not quoted */
	for (size_t i = 0; i < s.len / 2; i++) {
		int hi = ms_hex_digit(s.p[2 * i]), lo = ms_hex_digit(s.p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return refuse(g, 449, "h248_value", p->name.item);
		to[i] = (uint8_t)(hi << 4 | lo);
	}
	*ret_n = s.len / 2;
	return 0;
}

/* ---- one property each ---- */

typedef int take_f(struct get *g, const struct ms_h248_param *p);

static int take_realm(struct get *g, const struct ms_h248_param *p)
{
	if (!p->values || ms_span_to_str(p->values->octets, g->b->realm, sizeof(g->b->realm)))
		return bad_value(g, p);
	return 0;
}

static int take_dscp(struct get *g, const struct ms_h248_param *p)
{
	size_t n = 0;
	int err = octets_of(g, p, &g->b->policy.dscp, 1, &n);

	if (!err && (n != 1 || g->b->policy.dscp > 63))
		return bad_value(g, p);
	g->b->policy.has_dscp = true;
	return err;
}

/* Copying the mark through needs packets, and we have a stream of octets. */
static int take_tagging(struct get *g, const struct ms_h248_param *p)
{
	bool on = false;
	int err = switch_of(g, p, &on);

	return !err && on ? bad_value(g, p) : err;
}

static int take_police(struct get *g, const struct ms_h248_param *p)
{
	return switch_of(g, p, &g->b->policy.police);
}

static int take_sustained(struct get *g, const struct ms_h248_param *p)
{
	return rate_of(g, p, &g->b->policy.sustained_rate);
}

static int take_burst(struct get *g, const struct ms_h248_param *p)
{
	return rate_of(g, p, &g->b->policy.burst);
}

static int take_peak(struct get *g, const struct ms_h248_param *p)
{
	return rate_of(g, p, &g->b->policy.peak_rate);
}

/* Delay variation tolerance is about packets of a constant rate: nothing to do for TCP. */
static int take_tolerance(struct get *g, const struct ms_h248_param *p)
{
	uint64_t ignored = 0;

	return rate_of(g, p, &ignored);
}

static int take_address_filter(struct get *g, const struct ms_h248_param *p)
{
	return switch_of(g, p, &g->b->policy.filter_address);
}

static int take_prefix(struct get *g, struct ms_span s, struct ms_bearer_prefix *x)
{
	struct ms_span address = ms_span_cut(&s, '/');
	uint64_t bits = 0;
	int family = ms_ip_parse(address, x->octets);

	if (family != 4 && family != 6)
		return -EBADMSG;
	x->family = (uint8_t)family;
	x->bits = family == 4 ? 32 : 128;
	if (s.p && ms_span_u64(s, x->bits, &bits))
		return -EBADMSG;
	if (s.p)
		x->bits = (uint8_t)bits;
	(void)g;
	return 0;
}

static int take_mask(struct get *g, const struct ms_h248_param *p)
{
	struct ms_bearer_policy *o = &g->b->policy;

	for (const struct ms_h248_value *v = p->values; v; v = v->next) {
		if (o->n_prefixes == MS_BEARER_PREFIXES_MAX)
			return refuse(g, 510, "h248_prefixes", v->octets);
		if (take_prefix(g, v->octets, &o->prefixes[o->n_prefixes]))
			return refuse(g, 449, "h248_value", v->octets);
		o->n_prefixes++;
	}
	return 0;
}

static int take_port_filter(struct get *g, const struct ms_h248_param *p)
{
	return switch_of(g, p, &g->b->policy.filter_port);
}

static int take_ports(struct get *g, const struct ms_h248_param *p)
{
	const struct ms_h248_value *second = p->values ? p->values->next : NULL;
	uint64_t first = 0, last = 0;

	if (!p->values || ms_span_u64(p->values->octets, UINT16_MAX, &first))
		return bad_value(g, p);
	last = first;
	if (p->relation == MS_H248_RANGE &&
	    (!second || ms_span_u64(second->octets, UINT16_MAX, &last)))
		return bad_value(g, p);
	if (!first || last < first)
		return bad_value(g, p);
	g->b->policy.port_first = (uint16_t)first;
	g->b->policy.port_last = (uint16_t)last;
	return 0;
}

/* A TCP connection's source address and port are its local ones. */
static int take_only_off(struct get *g, const struct ms_h248_param *p)
{
	return take_tagging(g, p);
}

static int take_incoming(struct get *g, const struct ms_h248_param *p)
{
	int64_t v = 0;
	int err = number_of(g, p, &v);

	g->b->incoming = v == MS_H248_XEM_TCPIN_FORWARD   ? MS_BEARER_FORWARD
			 : v == MS_H248_XEM_TCPIN_DISCARD ? MS_BEARER_DISCARD
							  : MS_BEARER_ACCEPT;
	return err;
}

static int take_release(struct get *g, const struct ms_h248_param *p)
{
	bool on = true;
	int err = switch_of(g, p, &on);

	g->b->keep_partner = !on;
	return err;
}

static int take_mode(struct get *g, const struct ms_h248_param *p)
{
	int64_t v = 0;
	int err = number_of(g, p, &v);

	g->b->tcp_mode = v == MS_H248_XEM_TCPMODE_RELAY   ? MS_BEARER_RELAY
			 : v == MS_H248_XEM_TCPMODE_MERGE ? MS_BEARER_MERGE
							  : MS_BEARER_PROXY;
	return err;
}

static int take_psk(struct get *g, const struct ms_h248_param *p)
{
	struct ms_secret *s = &g->b->psk;
	size_t n = 0;

	if (!g->c->profile->psk)
		return refuse(g, 445, "h248_psk", p->name.item);
	int err = octets_of(g, p, s->b, sizeof(s->b), &n);
	s->len = err ? 0 : n;
	g->b->psk_wanted = true;
	return err;
}

static int take_identity(struct get *g, const struct ms_h248_param *p)
{
	uint8_t room[MS_BEARER_IDENTITY_MAX];
	size_t n = 0;
	int err = octets_of(g, p, room, sizeof(room) - 1, &n);

	if (!err &&
	    ms_span_to_str(ms_span_of(room, n), g->b->psk_identity, sizeof(g->b->psk_identity)))
		return bad_value(g, p); /* OpenSSL takes identities as C strings */
	return err;
}

static int take_tcp_limit(struct get *g, const struct ms_h248_param *p)
{
	return limit_of(g, p, &g->b->tcp_ms);
}

static int take_tls_limit(struct get *g, const struct ms_h248_param *p)
{
	return limit_of(g, p, &g->b->tls_ms);
}

static const struct {
	uint16_t ref;
	take_f *take;
} controls[] = {
	{ MS_H248_IPDC_REALM, take_realm },      { MS_H248_DS_DSCP, take_dscp },
	{ MS_H248_DS_TB, take_tagging },         { MS_H248_TMAN_POL, take_police },
	{ MS_H248_TMAN_SDR, take_sustained },    { MS_H248_TMAN_MBS, take_burst },
	{ MS_H248_TMAN_PDR, take_peak },         { MS_H248_TMAN_DVT, take_tolerance },
	{ MS_H248_GM_SAF, take_address_filter }, { MS_H248_GM_SAM, take_mask },
	{ MS_H248_GM_SPF, take_port_filter },    { MS_H248_GM_SPR, take_ports },
	{ MS_H248_GM_ESAS, take_only_off },      { MS_H248_GM_ESPS, take_only_off },
	{ MS_H248_GM_RSB, take_only_off },       { MS_H248_XEM_TCPIN, take_incoming },
	{ MS_H248_XEM_REL, take_release },       { MS_H248_XEM_TCPMODE, take_mode },
	{ MS_H248_XEM_PSK, take_psk },           { MS_H248_XEM_PSKID, take_identity },
	{ MS_H248_XEM_TCPTO, take_tcp_limit },   { MS_H248_XEM_TLSTO, take_tls_limit },
};

#define N(a) (sizeof(a) / sizeof((a)[0]))

static bool is_key(uint16_t ref)
{
	return ref == MS_H248_XEM_PSK || ref == MS_H248_XEM_PSKID;
}

uint16_t ms_h248_coding_property(const struct ms_h248_profile *p, size_t i)
{
	for (size_t k = 0; k < N(controls); k++)
		if ((p->psk || !is_key(controls[k].ref)) && !i--)
			return controls[k].ref;
	return 0;
}

static int take_property(struct get *g, const struct ms_h248_param *p)
{
	if (!p->name.ref)
		return refuse(g, ms_h248_package_find(g->c->registry, p->name.package) ? 450 : 440,
			      "h248_unknown_property", p->name.item);
	if (!(ms_h248_items[p->name.ref].where & MS_H248_IN_CONTROL))
		return refuse(g, 455, "h248_property_place", p->name.item);
	for (size_t i = 0; i < N(controls); i++)
		if (controls[i].ref == p->name.ref)
			return controls[i].take(g, p);
	return refuse(g, 445, "h248_unsupported_property", p->name.item);
}

/* ---- LocalControl, Local, Remote ---- */

static void clear_control(struct ms_bearer *b)
{
	uint32_t idle = b->policy.inactivity_s;
	enum ms_bearer_direction direction = b->policy.inactivity_direction;

	memset(&b->policy, 0, sizeof(b->policy));
	b->policy.inactivity_s = idle; /* of an event */
	b->policy.inactivity_direction = direction;
	b->incoming = MS_BEARER_ACCEPT;
	b->keep_partner = false;
	b->tcp_mode = MS_BEARER_PROXY;
	b->tcp_ms = b->tls_ms = 0;
}

static int take_control(struct get *g, const struct ms_h248_local_control *lc)
{
	static const enum ms_bearer_mode modes[] = {
		[MS_H248_MODE_ABSENT] = MS_BEARER_INACTIVE,
		[MS_H248_MODE_SENDONLY] = MS_BEARER_SENDONLY,
		[MS_H248_MODE_RECVONLY] = MS_BEARER_RECVONLY,
		[MS_H248_MODE_SENDRECV] = MS_BEARER_SENDRECV,
		[MS_H248_MODE_INACTIVE] = MS_BEARER_INACTIVE,
	};

	if (lc->mode > MS_H248_MODE_INACTIVE)
		return refuse(g, 517, "h248_mode", MS_SPAN_NULL);
	clear_control(g->b);
	g->b->mode = modes[lc->mode];
	for (const struct ms_h248_param *p = lc->properties; p; p = p->next) {
		for (const struct ms_h248_param *q = lc->properties; q != p; q = q->next)
			if (q->name.ref && q->name.ref == p->name.ref)
				return refuse(g, 456, "h248_twice", p->name.item);
		int err = take_property(g, p);
		if (err)
			return err;
	}
	return 0;
}

static int take_sdp(struct get *g, const struct ms_h248_sdp *d, enum ms_h248_coding_side side)
{
	int err;

	if (!d->present || !d->sdp.len)
		return 0;
	err = ms_h248_coding_get_sdp(d->sdp, side, g->b, g->f);
	if (err && g->f) { /* the line that it is about, for the answer */
		struct ms_span rest = ms_span_from(d->sdp, g->f->offset);

		*g->what = ms_span_trim(ms_span_cut(&rest, '\n'));
	}
	return err;
}

static int take_stream(struct get *g, const struct ms_h248_stream *s)
{
	int err = s->has_control ? take_control(g, &s->control) : 0;

	if (s->local.present && s->local.sdp.len)
		g->b->local_path[0] = 0;
	if (!err)
		err = take_sdp(g, &s->local, MS_H248_CODING_LOCAL);
	return err ? err : take_sdp(g, &s->remote, MS_H248_CODING_REMOTE);
}

/* ---- signals ---- */

static int take_latch(struct get *g, const struct ms_h248_signal *s)
{
	int64_t v = MS_H248_IPNAPT_LATCH_NAPT_OFF;
	bool given = false;

	if (!g->c->profile->latch)
		return refuse(g, 513, "h248_signal", s->name.item);
	for (const struct ms_h248_param *p = s->params; p; p = p->next) {
		if (p->name.ref != MS_H248_IPNAPT_LATCH_NAPT)
			return refuse(g, 446, "h248_parameter", p->name.item);
		if (number_of(g, p, &v))
			return -EBADMSG;
		given = true;
	}
	if (!given)
		return refuse(g, 457, "h248_parameter", s->name.item);
	g->b->latch = v == MS_H248_IPNAPT_LATCH_NAPT_LATCH     ? MS_BEARER_LATCH
		      : v == MS_H248_IPNAPT_LATCH_NAPT_RELATCH ? MS_BEARER_RELATCH
							       : MS_BEARER_LATCH_OFF;
	return 0;
}

/* RelBNC: of its general cause there is nothing to tell the peer; Reset says how. */
static int take_relbnc(struct get *g, const struct ms_h248_signal *s, uint16_t cause,
		       uint16_t reset)
{
	g->b->release = true;
	for (const struct ms_h248_param *p = s->params; p; p = p->next) {
		if (p->name.ref == reset) {
			if (switch_of(g, p, &g->b->release_reset))
				return -EBADMSG;
		} else if (p->name.ref != cause) {
			return refuse(g, 446, "h248_parameter", p->name.item);
		}
	}
	return 0;
}

static int take_start(struct get *g, const struct ms_h248_signal *s, bool *start)
{
	if (s->params)
		return refuse(g, 446, "h248_parameter", s->params->name.item);
	*start = true;
	return 0;
}

static int take_signal(struct get *g, const struct ms_h248_signal *s)
{
	switch (s->name.ref) {
	case 0:
		return refuse(g, ms_h248_package_find(g->c->registry, s->name.package) ? 452 : 440,
			      "h248_unknown_signal", s->name.item);
	case MS_H248_IPNAPT_LATCH:
		return take_latch(g, s);
	case MS_H248_TCPBCC_ESTBNC:
		return take_start(g, s, &g->b->start_tcp);
	case MS_H248_TLSBSC_ESTBNC:
		return g->b->tls ? take_start(g, s, &g->b->start_tls)
				 : refuse(g, 473, "h248_signal_without_tls", s->name.item);
	case MS_H248_TCPBCC_RELBNC:
		return take_relbnc(g, s, MS_H248_TCPBCC_RELBNC_GENERALCAUSE,
				   MS_H248_TCPBCC_RELBNC_RESET);
	case MS_H248_TLSBSC_RELBNC:
		return take_relbnc(g, s, MS_H248_TLSBSC_RELBNC_GENERALCAUSE,
				   MS_H248_TLSBSC_RELBNC_RESET);
	default:
		return refuse(g, 513, "h248_signal", s->name.item);
	}
}

/* What is about a signal that lasts or is heard in a direction: ours are brief orders to the bearer. */
static int check_signal(struct get *g, const struct ms_h248_signal *s)
{
	const char *what = s->type == MS_H248_ON_OFF || s->type == MS_H248_TIME_OUT ? "SignalType"
			   : s->direction == MS_H248_DIRECTION_INTERNAL             ? "Direction"
			   : s->has_delay && s->delay ? "IntersigDelay"
			   : s->has_request_id        ? "RequestID"
						      : NULL;

	return what ? refuse(g, 501, "h248_signal_kind", ms_span_str(what)) : 0;
}

/* RFC 3525 section 7.1.11: with KeepActive one under way goes on, another one is ignored. */
static int keep_signal(struct get *g, const struct ms_h248_signal *s)
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

static int take_signals(struct get *g, const struct ms_h248_signal *list);

/* The order in which the media plane carries signals out. */
static unsigned rank_of(const struct ms_h248_signal *s)
{
	return s->name.ref == MS_H248_TCPBCC_RELBNC || s->name.ref == MS_H248_TLSBSC_RELBNC ? 0
	       : s->name.ref == MS_H248_IPNAPT_LATCH                                        ? 1
	       : s->name.ref == MS_H248_TCPBCC_ESTBNC                                       ? 2
											    : 3;
}

/* A sequential list whose sequence is that of a bearer: release, latch, TCP, TLS. */
static int take_signal_list(struct get *g, const struct ms_h248_signal *list)
{
	for (const struct ms_h248_signal *s = list; s && s->next; s = s->next)
		if (rank_of(s->next) < rank_of(s))
			return refuse(g, 501, "h248_signal_order", s->next->name.item);
	return take_signals(g, list);
}

static int take_signals(struct get *g, const struct ms_h248_signal *list)
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

/* ---- events, as far as the bearer knows them; the engine arms them ---- */

static void take_idle(struct get *g, const struct ms_h248_event *e)
{
	struct ms_bearer_policy *o = &g->b->policy;
	int64_t v;

	o->inactivity_direction = MS_BEARER_BOTH;
	for (const struct ms_h248_param *p = e->params; p; p = p->next) {
		if (!p->values || ms_h248_value_number(g->c->registry, p->name.ref, p->values, &v))
			continue;
		if (p->name.ref == MS_H248_ADID_IPSTOP_DT)
			o->inactivity_s = (uint32_t)v;
		else if (p->name.ref == MS_H248_ADID_IPSTOP_DIR)
			o->inactivity_direction = v == MS_H248_ADID_IPSTOP_DIR_IN ? MS_BEARER_IN
						  : v == MS_H248_ADID_IPSTOP_DIR_OUT
							  ? MS_BEARER_OUT
							  : MS_BEARER_BOTH;
	}
}

/* "package/ *" without the blank is all events of the package. */
static bool is_event(const struct get *g, const struct ms_h248_event *e, uint16_t ref)
{
	return e->name.ref == ref || (ms_span_is(e->name.item, "*") &&
				      ms_h248_package_find(g->c->registry, e->name.package) ==
					      ms_h248_items[ref].package);
}

static void take_event(struct get *g, const struct ms_h248_event *e)
{
	if (e->stream && e->stream != g->stream)
		return;
	g->b->report_release |= is_event(g, e, MS_H248_G_CAUSE);
	g->b->report_tcp |= is_event(g, e, MS_H248_TCPBCC_BNCCHANGE);
	g->b->report_tls |= is_event(g, e, MS_H248_TLSBSC_BNCCHANGE);
	if (e->name.ref == MS_H248_ADID_IPSTOP)
		take_idle(g, e);
}

static void take_events(struct get *g, const struct ms_h248_events *events)
{
	g->b->report_release = g->b->report_tcp = g->b->report_tls = false;
	g->b->policy.inactivity_s = 0;
	for (const struct ms_h248_event *e = events->list; e; e = e->next)
		take_event(g, e);
}

/* ---- all ---- */

static int check_profile(struct get *g)
{
	const struct ms_h248_profile *p = g->c->profile;

	if (g->b->tls && !p->tls)
		return refuse(g, 449, "h248_tls", MS_SPAN_LIT("TCP/TLS"));
	if (g->b->application == MS_BEARER_MSRP && !p->msrp)
		return refuse(g, 449, "h248_msrp", MS_SPAN_LIT("TCP/MSRP"));
	return 0;
}

int ms_h248_coding_get(const struct ms_h248_coding *c, const struct ms_h248_command *cmd,
		       uint16_t stream, struct ms_bearer *b, struct ms_fault *f,
		       struct ms_span *ret_what)
{
	struct ms_span what = MS_SPAN_NULL;
	struct get g = { c, b, stream, f, &what };
	int err = 0;

	b->start_tcp = b->start_tls = b->release = b->release_reset = false;
	for (const struct ms_h248_stream *s = cmd->media ? cmd->media->streams : NULL; s && !err;
	     s = s->next)
		if ((s->id ? s->id : 1) == stream)
			err = take_stream(&g, s);
	if (!err)
		err = check_profile(&g);
	if (!err && cmd->events)
		take_events(&g, cmd->events);
	if (!err && cmd->signals)
		err = take_signals(&g, cmd->signals->list);
	*ret_what = what;
	return err;
}
