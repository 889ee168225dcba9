/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's half of the coding: the properties of LocalControl, one function each and a table. */
#include "core/hex.h"
#include "core/ip.h"
#include "h248/coding-get-priv.h"

/* ---- values ---- */

int ms_h248_get_refuse(struct ms_h248_get *g, int code, const char *reason, struct ms_span what)
{
	*g->what = what;
	return ms_fault_set(g->f, -EBADMSG, code, reason, 0);
}

static int bad_value(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	return ms_h248_get_refuse(g, 449, "h248_value",
				  p->values ? p->values->octets : p->name.item);
}

int ms_h248_get_number(struct ms_h248_get *g, const struct ms_h248_param *p, int64_t *ret)
{
	if (!p->values || p->relation != MS_H248_EQUAL ||
	    ms_h248_value_number(g->c->registry, p->name.ref, p->values, ret))
		return bad_value(g, p);
	return 0;
}

int ms_h248_get_switch(struct ms_h248_get *g, const struct ms_h248_param *p, bool *ret)
{
	int64_t v = 0;
	int err = ms_h248_get_number(g, p, &v);

	*ret = v != 0;
	return err;
}

static int rate_of(struct ms_h248_get *g, const struct ms_h248_param *p, uint64_t *ret)
{
	int64_t v = 0;
	int err = ms_h248_get_number(g, p, &v);

	if (err || v < 0)
		return err ? err : bad_value(g, p);
	*ret = (uint64_t)v;
	return 0;
}

static int limit_of(struct ms_h248_get *g, const struct ms_h248_param *p, uint32_t *ret)
{
	uint64_t v = 0;
	int err = rate_of(g, p, &v);

	*ret = (uint32_t)v; /* the package table limits it */
	return err;
}

/* Octets as hex digits, at most `max` of them. */
static int octets_of(struct ms_h248_get *g, const struct ms_h248_param *p, uint8_t *to, size_t max,
		     size_t *ret_n)
{
	struct ms_span s = p->values ? p->values->octets : MS_SPAN_NULL;

	if (!p->values || s.len % 2 || s.len / 2 > max)
		return ms_h248_get_refuse(g, 449, "h248_value",
					  p->name.item); /* may be a key: not quoted */
	for (size_t i = 0; i < s.len / 2; i++) {
		int hi = ms_hex_digit(s.p[2 * i]), lo = ms_hex_digit(s.p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return ms_h248_get_refuse(g, 449, "h248_value", p->name.item);
		to[i] = (uint8_t)(hi << 4 | lo);
	}
	*ret_n = s.len / 2;
	return 0;
}

/* ---- one property each ---- */

typedef int take_f(struct ms_h248_get *g, const struct ms_h248_param *p);

static int take_realm(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	if (!p->values || ms_span_to_str(p->values->octets, g->b->realm, sizeof(g->b->realm)))
		return bad_value(g, p);
	return 0;
}

static int take_dscp(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	size_t n = 0;
	int err = octets_of(g, p, &g->b->policy.dscp, 1, &n);

	if (!err && (n != 1 || g->b->policy.dscp > 63))
		return bad_value(g, p);
	g->b->policy.has_dscp = true;
	return err;
}

/* Copying the mark through needs packets, and we have a stream of octets. */
static int take_tagging(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	bool on = false;
	int err = ms_h248_get_switch(g, p, &on);

	return !err && on ? bad_value(g, p) : err;
}

static int take_police(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	return ms_h248_get_switch(g, p, &g->b->policy.police);
}

static int take_sustained(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	return rate_of(g, p, &g->b->policy.sustained_rate);
}

static int take_burst(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	return rate_of(g, p, &g->b->policy.burst);
}

static int take_peak(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	return rate_of(g, p, &g->b->policy.peak_rate);
}

/* Delay variation tolerance is about packets of a constant rate: nothing to do for TCP. */
static int take_tolerance(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	uint64_t ignored = 0;

	return rate_of(g, p, &ignored);
}

static int take_address_filter(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	return ms_h248_get_switch(g, p, &g->b->policy.filter_address);
}

static int take_prefix(struct ms_h248_get *g, struct ms_span s, struct ms_bearer_prefix *x)
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

static int take_mask(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	struct ms_bearer_policy *o = &g->b->policy;

	for (const struct ms_h248_value *v = p->values; v; v = v->next) {
		if (o->n_prefixes == MS_BEARER_PREFIXES_MAX)
			return ms_h248_get_refuse(g, 510, "h248_prefixes", v->octets);
		if (take_prefix(g, v->octets, &o->prefixes[o->n_prefixes]))
			return ms_h248_get_refuse(g, 449, "h248_value", v->octets);
		o->n_prefixes++;
	}
	return 0;
}

static int take_port_filter(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	return ms_h248_get_switch(g, p, &g->b->policy.filter_port);
}

static int take_ports(struct ms_h248_get *g, const struct ms_h248_param *p)
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
static int take_only_off(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	return take_tagging(g, p);
}

static int take_incoming(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	int64_t v = 0;
	int err = ms_h248_get_number(g, p, &v);

	g->b->incoming = v == MS_H248_XEM_TCPIN_FORWARD   ? MS_BEARER_FORWARD
			 : v == MS_H248_XEM_TCPIN_DISCARD ? MS_BEARER_DISCARD
							  : MS_BEARER_ACCEPT;
	return err;
}

static int take_release(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	bool on = true;
	int err = ms_h248_get_switch(g, p, &on);

	g->b->keep_partner = !on;
	return err;
}

static int take_mode(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	int64_t v = 0;
	int err = ms_h248_get_number(g, p, &v);

	g->b->tcp_mode = v == MS_H248_XEM_TCPMODE_RELAY   ? MS_BEARER_RELAY
			 : v == MS_H248_XEM_TCPMODE_MERGE ? MS_BEARER_MERGE
							  : MS_BEARER_PROXY;
	return err;
}

static int take_psk(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	struct ms_secret *s = &g->b->psk;
	size_t n = 0;

	if (!g->c->profile->psk)
		return ms_h248_get_refuse(g, 445, "h248_psk", p->name.item);
	int err = octets_of(g, p, s->b, sizeof(s->b), &n);
	s->len = err ? 0 : n;
	g->b->psk_wanted = true;
	return err;
}

static int take_identity(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	uint8_t room[MS_BEARER_IDENTITY_MAX];
	size_t n = 0;
	int err = octets_of(g, p, room, sizeof(room) - 1, &n);

	if (!err &&
	    ms_span_to_str(ms_span_of(room, n), g->b->psk_identity, sizeof(g->b->psk_identity)))
		return bad_value(g, p); /* OpenSSL takes identities as C strings */
	return err;
}

static int take_tcp_limit(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	return limit_of(g, p, &g->b->tcp_ms);
}

static int take_tls_limit(struct ms_h248_get *g, const struct ms_h248_param *p)
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

int ms_h248_get_property(struct ms_h248_get *g, const struct ms_h248_param *p)
{
	if (!p->name.ref)
		return ms_h248_get_refuse(
			g, ms_h248_package_find(g->c->registry, p->name.package) ? 450 : 440,
			"h248_unknown_property", p->name.item);
	if (!(ms_h248_items[p->name.ref].where & MS_H248_IN_CONTROL))
		return ms_h248_get_refuse(g, 455, "h248_property_place", p->name.item);
	for (size_t i = 0; i < N(controls); i++)
		if (controls[i].ref == p->name.ref)
			return controls[i].take(g, p);
	return ms_h248_get_refuse(g, 445, "h248_unsupported_property", p->name.item);
}
