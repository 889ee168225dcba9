/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's half of the coding: the descriptors of an Add or Modify as a bearer. A descriptor that
 * is there replaces what the one before it said, whole (RFC 3525 7.1.7, 7.1.8); the key alone stays
 * when it is not repeated.
 */
#include "h248/coding-get-priv.h"

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

static int take_control(struct ms_h248_get *g, const struct ms_h248_local_control *lc)
{
	static const enum ms_bearer_mode modes[] = {
		[MS_H248_MODE_ABSENT] = MS_BEARER_INACTIVE,
		[MS_H248_MODE_SENDONLY] = MS_BEARER_SENDONLY,
		[MS_H248_MODE_RECVONLY] = MS_BEARER_RECVONLY,
		[MS_H248_MODE_SENDRECV] = MS_BEARER_SENDRECV,
		[MS_H248_MODE_INACTIVE] = MS_BEARER_INACTIVE,
	};

	if (lc->mode > MS_H248_MODE_INACTIVE)
		return ms_h248_get_refuse(g, 517, "h248_mode", MS_SPAN_NULL);
	clear_control(g->b);
	g->b->mode = modes[lc->mode];
	for (const struct ms_h248_param *p = lc->properties; p; p = p->next) {
		for (const struct ms_h248_param *q = lc->properties; q != p; q = q->next)
			if (q->name.ref && q->name.ref == p->name.ref)
				return ms_h248_get_refuse(g, 456, "h248_twice", p->name.item);
		int err = ms_h248_get_property(g, p);
		if (err)
			return err;
	}
	return 0;
}

static int take_sdp(struct ms_h248_get *g, const struct ms_h248_sdp *d,
		    enum ms_h248_coding_side side)
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

static int take_stream(struct ms_h248_get *g, const struct ms_h248_stream *s)
{
	int err = s->has_control ? take_control(g, &s->control) : 0;

	if (s->local.present && s->local.sdp.len)
		g->b->local_path[0] = 0;
	if (!err)
		err = take_sdp(g, &s->local, MS_H248_CODING_LOCAL);
	return err ? err : take_sdp(g, &s->remote, MS_H248_CODING_REMOTE);
}

/* ---- events, as far as the bearer knows them; the engine arms them ---- */

static void take_idle(struct ms_h248_get *g, const struct ms_h248_event *e)
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
static bool is_event(const struct ms_h248_get *g, const struct ms_h248_event *e, uint16_t ref)
{
	return e->name.ref == ref || (ms_span_is(e->name.item, "*") &&
				      ms_h248_package_find(g->c->registry, e->name.package) ==
					      ms_h248_items[ref].package);
}

static void take_event(struct ms_h248_get *g, const struct ms_h248_event *e)
{
	if (e->stream && e->stream != g->stream)
		return;
	g->b->report_release |= is_event(g, e, MS_H248_G_CAUSE);
	g->b->report_tcp |= is_event(g, e, MS_H248_TCPBCC_BNCCHANGE);
	g->b->report_tls |= is_event(g, e, MS_H248_TLSBSC_BNCCHANGE);
	if (e->name.ref == MS_H248_ADID_IPSTOP)
		take_idle(g, e);
}

static void take_events(struct ms_h248_get *g, const struct ms_h248_events *events)
{
	g->b->report_release = g->b->report_tcp = g->b->report_tls = false;
	g->b->policy.inactivity_s = 0;
	for (const struct ms_h248_event *e = events->list; e; e = e->next)
		take_event(g, e);
}

/* ---- all ---- */

static int check_profile(struct ms_h248_get *g)
{
	const struct ms_h248_profile *p = g->c->profile;

	if (g->b->tls && !p->tls)
		return ms_h248_get_refuse(g, 449, "h248_tls", MS_SPAN_LIT("TCP/TLS"));
	if (g->b->application == MS_BEARER_MSRP && !p->msrp)
		return ms_h248_get_refuse(g, 449, "h248_msrp", MS_SPAN_LIT("TCP/MSRP"));
	return 0;
}

int ms_h248_coding_get(const struct ms_h248_coding *c, const struct ms_h248_command *cmd,
		       uint16_t stream, struct ms_bearer *b, struct ms_fault *f,
		       struct ms_span *ret_what)
{
	struct ms_span what = MS_SPAN_NULL;
	struct ms_h248_get g = { c, b, stream, f, &what };
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
		err = ms_h248_get_signals(&g, cmd->signals->list);
	*ret_what = what;
	return err;
}
