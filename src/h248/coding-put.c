/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The controller's half of the coding: a bearer as the descriptors of an Add or Modify (TS 29.334
 * clauses 5.8 and 5.14). What is at the gateway's default is left out.
 */
#include <errno.h>

#include "core/hex.h"
#include "core/ip.h"
#include "h248/coding.h"
#include "h248/package.h"

#define SDP_MAX 2048
#define VALUE_MAX 1200 /* a PSK of 512 octets in hex, and more */

/* A command under construction: the first error sticks. */
struct put {
	const struct ms_h248_coding *c;
	struct ms_h248_arena *a;
	uint16_t stream;
	int err;
};

static void *get(struct put *p, size_t n)
{
	void *ret = p->err ? NULL : ms_h248_arena_get(p->a, n);

	if (!ret && !p->err)
		p->err = -ENOMEM;
	return ret;
}

/* ---- properties and parameters ---- */

static void put_value(struct put *p, struct ms_h248_param *param, struct ms_span text,
		      enum ms_h248_form form)
{
	struct ms_h248_value *v = get(p, sizeof(*v)), **at = &param->values;

	if (!v)
		return;
	v->octets = ms_h248_arena_copy(p->a, text);
	v->form = form;
	if (text.len && !v->octets.p)
		p->err = -ENOMEM;
	while (*at)
		at = &(*at)->next;
	*at = v;
}

static struct ms_h248_param *put_item(struct put *p, struct ms_h248_param **list, uint16_t item)
{
	struct ms_h248_param *param = get(p, sizeof(*param)), **at = list;

	if (!param)
		return NULL;
	param->name = ms_h248_name_of(p->c->registry, item);
	while (*at)
		at = &(*at)->next;
	return *at = param;
}

static void put_text(struct put *p, struct ms_h248_param **list, uint16_t item, struct ms_span text,
		     enum ms_h248_form form)
{
	struct ms_h248_param *param = put_item(p, list, item);

	if (param)
		put_value(p, param, text, form);
}

static void put_number(struct put *p, struct ms_h248_param **list, uint16_t item, uint64_t number)
{
	char room[24];
	struct ms_buf b;

	ms_buf_init_fixed(&b, room, sizeof(room));
	ms_buf_put_decimal(&b, number);
	put_text(p, list, item, ms_buf_span(&b), MS_H248_TEXT);
}

static void put_switch(struct put *p, struct ms_h248_param **list, uint16_t item, bool on)
{
	put_text(p, list, item, ms_span_str(on ? "on" : "off"), MS_H248_TEXT);
}

static void put_choice(struct put *p, struct ms_h248_param **list, uint16_t item, int number)
{
	put_text(p, list, item, ms_h248_choice_name(p->c->registry, item, number), MS_H248_TEXT);
}

static void put_hex(struct put *p, struct ms_h248_param **list, uint16_t item, struct ms_span raw)
{
	char room[VALUE_MAX];
	struct ms_buf b;

	ms_buf_init_fixed(&b, room, sizeof(room));
	ms_hex_encode_upper(&b, raw, 0);
	if (ms_buf_status(&b) && !p->err)
		p->err = -EMSGSIZE;
	put_text(p, list, item, ms_buf_span(&b), MS_H248_QUOTED);
	ms_wipe(room, sizeof(room));
}

/* ---- LocalControl ---- */

static void put_filter(struct put *p, struct ms_h248_param **list, const struct ms_bearer_policy *f)
{
	struct ms_h248_param *param;
	char room[64];
	struct ms_buf b;

	if (f->filter_address)
		put_switch(p, list, MS_H248_GM_SAF, true);
	if (f->filter_address && f->n_prefixes &&
	    (param = put_item(p, list, MS_H248_GM_SAM)) != NULL) {
		param->relation = MS_H248_ALL_OF;
		for (unsigned i = 0; i < f->n_prefixes; i++) {
			ms_buf_init_fixed(&b, room, sizeof(room));
			ms_ip_put(&b, f->prefixes[i].family, f->prefixes[i].octets);
			ms_buf_printf(&b, "/%u", f->prefixes[i].bits);
			put_value(p, param, ms_buf_span(&b), MS_H248_QUOTED);
		}
	}
	if (!f->filter_port)
		return;
	put_switch(p, list, MS_H248_GM_SPF, true);
	if (!f->port_first || (param = put_item(p, list, MS_H248_GM_SPR)) == NULL)
		return;
	param->relation = MS_H248_RANGE;
	for (unsigned i = 0; i < 2; i++) {
		ms_buf_init_fixed(&b, room, sizeof(room));
		ms_buf_printf(&b, "%u", i ? f->port_last : f->port_first);
		put_value(p, param, ms_buf_span(&b), MS_H248_TEXT);
	}
}

static void put_policy(struct put *p, struct ms_h248_param **list, const struct ms_bearer_policy *o)
{
	put_filter(p, list, o);
	if (o->has_dscp)
		put_hex(p, list, MS_H248_DS_DSCP, ms_span_of(&o->dscp, 1));
	if (!o->police)
		return;
	put_switch(p, list, MS_H248_TMAN_POL, true);
	if (o->sustained_rate)
		put_number(p, list, MS_H248_TMAN_SDR, o->sustained_rate);
	if (o->burst)
		put_number(p, list, MS_H248_TMAN_MBS, o->burst);
	if (o->peak_rate)
		put_number(p, list, MS_H248_TMAN_PDR, o->peak_rate);
}

/* The private package in place of H.248.92 and of the PSK's coding (docs/packages.md). */
static void put_xem(struct put *p, struct ms_h248_param **list, const struct ms_bearer *b)
{
	static const int tcpin[] = {
		[MS_BEARER_ACCEPT] = MS_H248_XEM_TCPIN_ACCEPT,
		[MS_BEARER_FORWARD] = MS_H248_XEM_TCPIN_FORWARD,
		[MS_BEARER_DISCARD] = MS_H248_XEM_TCPIN_DISCARD,
	};
	static const int mode[] = {
		[MS_BEARER_PROXY] = MS_H248_XEM_TCPMODE_PROXY,
		[MS_BEARER_RELAY] = MS_H248_XEM_TCPMODE_RELAY,
		[MS_BEARER_MERGE] = MS_H248_XEM_TCPMODE_MERGE,
	};

	if (b->incoming != MS_BEARER_ACCEPT)
		put_choice(p, list, MS_H248_XEM_TCPIN, tcpin[b->incoming]);
	if (b->keep_partner)
		put_switch(p, list, MS_H248_XEM_REL, false);
	if (b->tcp_mode != MS_BEARER_PROXY)
		put_choice(p, list, MS_H248_XEM_TCPMODE, mode[b->tcp_mode]);
	if (b->psk_wanted && b->psk.len) {
		put_hex(p, list, MS_H248_XEM_PSK, ms_secret_span(&b->psk));
		put_hex(p, list, MS_H248_XEM_PSKID, ms_span_str(b->psk_identity));
	}
	if (b->tcp_ms)
		put_number(p, list, MS_H248_XEM_TCPTO, b->tcp_ms);
	if (b->tls_ms)
		put_number(p, list, MS_H248_XEM_TLSTO, b->tls_ms);
}

static void put_control(struct put *p, struct ms_h248_stream *s, const struct ms_bearer *b)
{
	static const enum ms_h248_mode modes[] = {
		[MS_BEARER_INACTIVE] = MS_H248_MODE_INACTIVE,
		[MS_BEARER_SENDONLY] = MS_H248_MODE_SENDONLY,
		[MS_BEARER_RECVONLY] = MS_H248_MODE_RECVONLY,
		[MS_BEARER_SENDRECV] = MS_H248_MODE_SENDRECV,
	};
	struct ms_h248_param **list = &s->control.properties;

	s->has_control = true;
	s->control.mode = modes[b->mode];
	if (b->realm[0])
		put_text(p, list, MS_H248_IPDC_REALM, ms_span_str(b->realm), MS_H248_QUOTED);
	put_xem(p, list, b);
	put_policy(p, list, &b->policy);
}

static void put_sdp(struct put *p, struct ms_h248_sdp *d, const struct ms_bearer *b,
		    enum ms_h248_coding_side side)
{
	char room[SDP_MAX];
	struct ms_buf buf;

	ms_buf_init_fixed(&buf, room, sizeof(room));
	ms_h248_coding_put_sdp(&buf, b, side);
	if (ms_buf_status(&buf) && !p->err)
		p->err = -EMSGSIZE;
	d->present = true;
	d->sdp = ms_h248_arena_copy(p->a, ms_buf_span(&buf));
	if (!d->sdp.p && !p->err)
		p->err = -ENOMEM;
}

static void put_stream(struct put *p, const struct ms_bearer *b, unsigned what,
		       struct ms_h248_command *cmd)
{
	struct ms_h248_stream *s, **at;

	if (!cmd->media)
		cmd->media = get(p, sizeof(*cmd->media));
	s = get(p, sizeof(*s));
	if (!s)
		return;
	s->id = p->stream;
	put_control(p, s, b);
	if (what & MS_H248_PUT_LOCAL)
		put_sdp(p, &s->local, b, MS_H248_CODING_LOCAL);
	if ((what & MS_H248_PUT_REMOTE) && b->remote.family)
		put_sdp(p, &s->remote, b, MS_H248_CODING_REMOTE);
	for (at = &cmd->media->streams; *at; at = &(*at)->next)
		;
	*at = s;
}

/* ---- events and signals ---- */

static struct ms_h248_event *put_event(struct put *p, struct ms_h248_events *events, uint16_t item,
				       bool of_stream)
{
	struct ms_h248_event *e = get(p, sizeof(*e)), **at = &events->list;

	if (!e)
		return NULL;
	e->name = ms_h248_name_of(p->c->registry, item);
	e->stream = of_stream ? p->stream : 0;
	while (*at)
		at = &(*at)->next;
	return *at = e;
}

/* Events of the termination stand once, whatever the number of its streams. */
static void put_events(struct put *p, const struct ms_bearer *b, uint32_t id,
		       struct ms_h248_command *cmd)
{
	static const int directions[] = {
		[MS_BEARER_IN] = MS_H248_ADID_IPSTOP_DIR_IN,
		[MS_BEARER_OUT] = MS_H248_ADID_IPSTOP_DIR_OUT,
		[MS_BEARER_BOTH] = MS_H248_ADID_IPSTOP_DIR_BOTH,
	};
	struct ms_h248_event *e;
	bool first = !cmd->events;

	if (first)
		cmd->events = get(p, sizeof(*cmd->events));
	if (!cmd->events)
		return;
	cmd->events->has_request_id = true;
	cmd->events->request_id = id;
	if (first && b->heartbeat_s &&
	    (e = put_event(p, cmd->events, MS_H248_HANGTERM_THB, false)) != NULL)
		put_number(p, &e->params, MS_H248_HANGTERM_THB_TIMERX, b->heartbeat_s);
	if (b->report_release)
		(void)put_event(p, cmd->events, MS_H248_G_CAUSE, true);
	if (b->report_tcp)
		(void)put_event(p, cmd->events, MS_H248_TCPBCC_BNCCHANGE, true);
	if (b->report_tls)
		(void)put_event(p, cmd->events, MS_H248_TLSBSC_BNCCHANGE, true);
	if (!b->policy.inactivity_s)
		return;
	e = put_event(p, cmd->events, MS_H248_ADID_IPSTOP, true);
	if (!e)
		return;
	put_number(p, &e->params, MS_H248_ADID_IPSTOP_DT, b->policy.inactivity_s);
	put_choice(p, &e->params, MS_H248_ADID_IPSTOP_DIR,
		   directions[b->policy.inactivity_direction]);
}

static struct ms_h248_signal *put_signal(struct put *p, struct ms_h248_command *cmd, uint16_t item)
{
	struct ms_h248_signal *s, **at;

	if (!cmd->signals)
		cmd->signals = get(p, sizeof(*cmd->signals));
	s = get(p, sizeof(*s));
	if (!s)
		return NULL;
	s->name = ms_h248_name_of(p->c->registry, item);
	s->stream = p->stream;
	for (at = &cmd->signals->list; *at; at = &(*at)->next)
		;
	return *at = s;
}

static void put_signals(struct put *p, const struct ms_bearer *b, struct ms_h248_command *cmd)
{
	struct ms_h248_signal *s;

	if (b->latch != MS_BEARER_LATCH_OFF &&
	    (s = put_signal(p, cmd, MS_H248_IPNAPT_LATCH)) != NULL)
		put_choice(p, &s->params, MS_H248_IPNAPT_LATCH_NAPT,
			   b->latch == MS_BEARER_LATCH ? MS_H248_IPNAPT_LATCH_NAPT_LATCH
						       : MS_H248_IPNAPT_LATCH_NAPT_RELATCH);
	if (b->start_tcp)
		(void)put_signal(p, cmd, MS_H248_TCPBCC_ESTBNC);
	if (b->start_tls)
		(void)put_signal(p, cmd, MS_H248_TLSBSC_ESTBNC);
}

static bool possible(const struct ms_h248_profile *p, const struct ms_bearer *b)
{
	return (p->tls || !b->tls) && (p->psk || !b->psk_wanted) &&
	       (p->msrp || b->application != MS_BEARER_MSRP) &&
	       (p->latch || b->latch == MS_BEARER_LATCH_OFF);
}

int ms_h248_coding_put(const struct ms_h248_coding *c, struct ms_h248_arena *a,
		       const struct ms_bearer *b, uint16_t stream, unsigned what,
		       uint32_t request_id, struct ms_h248_command *cmd)
{
	struct put p = { c, a, stream, 0 };

	if (!possible(c->profile, b))
		return -EOPNOTSUPP;
	put_stream(&p, b, what, cmd);
	if (what & MS_H248_PUT_EVENTS)
		put_events(&p, b, request_id, cmd);
	if (what & MS_H248_PUT_SIGNALS)
		put_signals(&p, b, cmd);
	return p.err;
}
