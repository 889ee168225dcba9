/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AuditValue, AuditCapability and the Audit descriptor of other commands (RFC 3525 sections 7.1.12,
 * 7.2.5, 7.2.6). Individual items (version 2) are answered by the whole descriptor they are in, which
 * section 7.2.5 leaves to us; keys are in none.
 */
#include "h248/mg-priv.h"

struct mg_fixup *ms_mg_fixup_new(struct mg_job *j, const struct mg_termination *t,
				 struct ms_h248_command *reply)
{
	struct mg_fixup *f = ms_h248_arena_get(&j->arena, sizeof(*f));

	if (!f)
		return NULL;
	f->reply = reply;
	f->sum.up_ms = (uint64_t)((j->now - t->since) / MS_MSEC); /* nt/dur */
	f->prev = j->at.fixups;
	j->at.fixups = f;
	return f;
}

static unsigned statistics(struct mg_job *j, struct mg_termination *t,
			   struct ms_h248_command *reply)
{
	struct mg_fixup *f = ms_mg_fixup_new(j, t, reply);

	if (!f)
		return 510;
	for (struct mg_stream *s = t->streams; s; s = s->next) {
		if (!s->set.live)
			continue;
		if (!ms_mg_op_new(j, MG_OP_ENDS, MS_PLANE_STATISTICS, s))
			return 510;
		j->at.ends->fixup = f;
	}
	if (t->set.context)
		ms_mg_touch(j, t->set.context); /* it must stay until the plane has told */
	return 0;
}

/* ---- Media ---- */

static unsigned stream(struct mg_job *j, const struct mg_termination *t, const struct mg_stream *s,
		       struct ms_h248_command *reply)
{
	struct ms_bearer b;
	unsigned code = ms_mg_stream_view(j, s, &b);

	b.latch = MS_BEARER_LATCH_OFF;
	memcpy(b.realm, j->g->realms[t->realm], sizeof(b.realm));
	if (!code && ms_h248_coding_put(&j->g->o.coding, &j->arena, &b, s->id,
					(b.local.port ? MS_H248_PUT_LOCAL : 0) | MS_H248_PUT_REMOTE,
					0, reply))
		code = 510;
	ms_bearer_wipe(&b);
	return code;
}

static unsigned media(struct mg_job *j, const struct mg_termination *t,
		      struct ms_h248_command *reply)
{
	unsigned code = 0;

	reply->media = ms_h248_arena_get(&j->arena, sizeof(*reply->media));
	if (!reply->media)
		return 510;
	reply->media->has_state = true;
	if (t == &j->g->root)
		return ms_mg_root_properties(j, &reply->media->state_properties);
	reply->media->service_state = t->set.service;
	reply->media->event_buffer = t->set.buffering ? t->set.buffering : MS_H248_BUFFER_OFF;
	for (const struct mg_stream *s = t->streams; s && !code; s = s->next)
		code = stream(j, t, s, reply);
	return code;
}

/* ---- Events, Signals ---- */

static unsigned parameter(struct mg_job *j, struct ms_h248_event *e, uint16_t ref,
			  struct ms_span text)
{
	struct ms_h248_param *p = ms_h248_arena_get(&j->arena, sizeof(*p));
	struct ms_h248_value *v = ms_h248_arena_get(&j->arena, sizeof(*v));

	if (!p || !v)
		return 510;
	p->name = ms_h248_name_of(j->g->o.coding.registry, ref);
	p->values = v;
	v->octets = ms_h248_arena_copy(&j->arena, text);
	p->next = e->params;
	e->params = p;
	return v->octets.p ? 0 : 510;
}

static unsigned parameters(struct mg_job *j, struct ms_h248_event *e, const struct mg_armed *a)
{
	const struct ms_h248_registry *r = j->g->o.coding.registry;
	uint8_t room[16];
	struct ms_buf b;
	unsigned code = 0;

	ms_buf_init_fixed(&b, room, sizeof(room));
	ms_buf_printf(&b, "%u", a->value);
	switch (a->ref) {
	case MS_H248_ADID_IPSTOP:
		code = parameter(j, e, MS_H248_ADID_IPSTOP_DIR,
				 ms_h248_choice_name(r, MS_H248_ADID_IPSTOP_DIR, a->direction));
		return code ? code : parameter(j, e, MS_H248_ADID_IPSTOP_DT, ms_buf_span(&b));
	case MS_H248_HANGTERM_THB:
		return parameter(j, e, MS_H248_HANGTERM_THB_TIMERX, ms_buf_span(&b));
	case MS_H248_IT_ITO:
		return parameter(j, e, MS_H248_IT_ITO_MIT, ms_buf_span(&b));
	default:
		return 0;
	}
}

static unsigned event_list(struct mg_job *j, const struct mg_events *from,
			   struct ms_h248_event **ret)
{
	for (unsigned i = 0; from && i < from->n; i++) {
		struct ms_h248_event *e = ms_h248_arena_get(&j->arena, sizeof(*e));

		if (!e)
			return 510;
		e->name = ms_h248_name_of(j->g->o.coding.registry, from->list[i].ref);
		e->stream = from->list[i].stream;
		e->keep_active = from->list[i].keep_active;
		unsigned code = parameters(j, e, &from->list[i]);
		if (code)
			return code;
		*ret = e;
		ret = &e->next;
	}
	return 0;
}

static unsigned events(struct mg_job *j, const struct mg_termination *t,
		       struct ms_h248_command *reply)
{
	reply->events = ms_h248_arena_get(&j->arena, sizeof(*reply->events));
	if (!reply->events)
		return 510;
	reply->events->has_request_id = t->events != NULL;
	reply->events->request_id = t->events ? t->events->request_id : 0;
	return event_list(j, t->events, &reply->events->list);
}

/* Active are the EstBNC whose outcome is not known; all others are over when they are heard. */
static unsigned signals(struct mg_job *j, const struct mg_termination *t,
			struct ms_h248_command *reply)
{
	static const struct {
		uint8_t bit;
		uint16_t ref;
	} kinds[] = { { MG_TCP, MS_H248_TCPBCC_ESTBNC }, { MG_TLS, MS_H248_TLSBSC_ESTBNC } };

	reply->signals = ms_h248_arena_get(&j->arena, sizeof(*reply->signals));
	if (!reply->signals)
		return 510;
	for (const struct mg_stream *s = t->streams; s; s = s->next) {
		for (size_t i = 0; i < 2; i++) {
			struct ms_h248_signal *n;

			if (!(s->set.starting & kinds[i].bit))
				continue;
			n = ms_h248_arena_get(&j->arena, sizeof(*n));
			if (!n)
				return 510;
			n->name = ms_h248_name_of(j->g->o.coding.registry, kinds[i].ref);
			n->stream = s->id;
			n->next = reply->signals->list;
			reply->signals->list = n;
		}
	}
	return 0;
}

/* ---- Packages ---- */

static const uint16_t supported[] = {
	MS_H248_PKG_G,    MS_H248_PKG_ROOT, MS_H248_PKG_NT,     MS_H248_PKG_IPNAPT,
	MS_H248_PKG_GM,   MS_H248_PKG_TMAN, MS_H248_PKG_IPDC,   MS_H248_PKG_HANGTERM,
	MS_H248_PKG_DS,   MS_H248_PKG_IT,   MS_H248_PKG_OCP,    MS_H248_PKG_CHP,
	MS_H248_PKG_ADID, MS_H248_PKG_XEM,  MS_H248_PKG_TCPBCC, MS_H248_PKG_TLSBSC,
};

static bool offered(const struct ms_h248_profile *p, uint16_t package)
{
	return (p->tls || package != MS_H248_PKG_TLSBSC) &&
	       (p->latch || package != MS_H248_PKG_IPNAPT);
}

static unsigned packages(struct mg_job *j, struct ms_h248_command *reply)
{
	struct ms_h248_package **at = &reply->packages;

	for (size_t i = 0; i < sizeof(supported) / sizeof(supported[0]); i++) {
		struct ms_h248_package *p;

		if (!offered(j->g->o.coding.profile, supported[i]))
			continue;
		p = ms_h248_arena_get(&j->arena, sizeof(*p));
		if (!p)
			return 510;
		p->name = ms_h248_package_name_of(j->g->o.coding.registry, supported[i]);
		p->version = ms_h248_packages[supported[i]].version;
		*at = p;
		at = &p->next;
	}
	return 0;
}

/* ---- all ---- */

/* What is asked for, and has nothing to tell, is named in an Audit descriptor of the reply. */
static unsigned nothing(struct mg_job *j, uint32_t token, struct ms_h248_command *reply)
{
	if (!reply->audit)
		reply->audit = ms_h248_arena_get(&j->arena, sizeof(*reply->audit));
	if (!reply->audit)
		return 510;
	reply->audit->tokens |= token;
	return 0;
}

static uint32_t wanted(const struct ms_h248_audit *a)
{
	return a->tokens | (a->media ? MS_H248_AUDIT_MEDIA : 0) |
	       (a->events ? MS_H248_AUDIT_EVENTS : 0) | (a->signals ? MS_H248_AUDIT_SIGNALS : 0) |
	       (a->event_buffer ? MS_H248_AUDIT_EVENT_BUFFER : 0) |
	       (a->digitmap.present ? MS_H248_AUDIT_DIGITMAP : 0) |
	       (a->statistics ? MS_H248_AUDIT_STATISTICS : 0) |
	       (a->packages ? MS_H248_AUDIT_PACKAGES : 0);
}

static unsigned event_buffer(struct mg_job *j, const struct mg_termination *t,
			     struct ms_h248_command *reply)
{
	reply->has_event_buffer = true;
	return event_list(j, t->event_buffer, &reply->event_buffer);
}

/* What waits in the EventBuffer and was not told (RFC 3525 section 7.1.17). */
static unsigned observed(struct mg_job *j, const struct mg_termination *t,
			 struct ms_h248_command *reply)
{
	struct ms_h248_observed **at = &reply->observed;

	reply->has_observed = true;
	reply->observed_id = t->events ? t->events->request_id : 0;
	while (*at)
		at = &(*at)->next;
	for (const struct mg_observed *o = t->buffered; o; o = o->next) {
		*at = ms_mg_observed_put(j->g, &j->arena, o);
		if (!*at)
			return 510;
		at = &(*at)->next;
	}
	return 0;
}

unsigned ms_mg_audit(struct mg_job *j, struct mg_termination *t, const struct ms_h248_audit *audit,
		     struct ms_h248_command *reply)
{
	uint32_t want = wanted(audit);
	unsigned code = 0;

	if (want & MS_H248_AUDIT_MEDIA)
		code = media(j, t, reply);
	if (!code && (want & MS_H248_AUDIT_EVENTS))
		code = t->events ? events(j, t, reply) : nothing(j, MS_H248_AUDIT_EVENTS, reply);
	if (!code && (want & MS_H248_AUDIT_SIGNALS))
		code = signals(j, t, reply);
	if (!code && reply->signals && !reply->signals->list) {
		reply->signals = NULL;
		code = nothing(j, MS_H248_AUDIT_SIGNALS, reply);
	}
	if (!code && (want & MS_H248_AUDIT_EVENT_BUFFER))
		code = t->event_buffer ? event_buffer(j, t, reply)
				       : nothing(j, MS_H248_AUDIT_EVENT_BUFFER, reply);
	if (!code && (want & MS_H248_AUDIT_PACKAGES))
		code = packages(j, reply);
	if (!code && (want & MS_H248_AUDIT_STATISTICS))
		code = t == &j->g->root ? nothing(j, MS_H248_AUDIT_STATISTICS, reply)
					: statistics(j, t, reply);
	if (!code && (want & MS_H248_AUDIT_OBSERVED))
		code = t->buffered ? observed(j, t, reply)
				   : nothing(j, MS_H248_AUDIT_OBSERVED, reply);
	want &= MS_H248_AUDIT_MUX | MS_H248_AUDIT_MODEM | MS_H248_AUDIT_DIGITMAP;
	return code || !want ? code : nothing(j, want, reply);
}

/* Capabilities: the packages, which say which events, signals, properties and statistics there are. */
unsigned ms_mg_audit_capability(struct mg_job *j, struct mg_termination *t,
				const struct ms_h248_audit *audit, struct ms_h248_command *reply)
{
	(void)t;

	uint32_t want = wanted(audit), rest = want & ~(uint32_t)MS_H248_AUDIT_PACKAGES;
	unsigned code = want & MS_H248_AUDIT_PACKAGES ? packages(j, reply) : 0;

	return code || !rest ? code : nothing(j, rest, reply);
}
