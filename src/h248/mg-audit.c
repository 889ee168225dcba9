/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AuditValue and the Audit descriptor of other commands (RFC 3525 sections 7.1.12 and 7.2.5): whole
 * descriptors, with what is individually asked for (mg-pick.c) put into one reply. Keys are in none.
 */
#include "h248/mg-priv.h"

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

	struct ms_h248_signals *all = ms_h248_arena_get(&j->arena, sizeof(*all));

	if (!all)
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
			n->next = all->list;
			all->list = n;
		}
	}
	reply->signals = all->list ? all : NULL;
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

/* ---- whole descriptors ---- */

static unsigned event_buffer(struct mg_job *j, const struct mg_termination *t,
			     struct ms_h248_command *part)
{
	part->has_event_buffer = t->event_buffer != NULL;
	return event_list(j, t->event_buffer, &part->event_buffer);
}

/* What waits in the EventBuffer and was not told (RFC 3525 section 7.1.17). */
static unsigned observed(struct mg_job *j, const struct mg_termination *t,
			 struct ms_h248_command *part)
{
	struct ms_h248_observed **at = &part->observed;

	part->has_observed = t->buffered != NULL;
	part->observed_id = t->events ? t->events->request_id : 0;
	for (const struct mg_observed *o = t->buffered; o; o = o->next) {
		*at = ms_mg_observed_put(j->g, &j->arena, o);
		if (!*at)
			return 510;
		at = &(*at)->next;
	}
	return 0;
}

unsigned ms_mg_audit_whole(struct mg_job *j, struct mg_termination *t, uint32_t tokens,
			   struct ms_h248_command *part)
{
	unsigned code = 0;

	if (tokens & MS_H248_AUDIT_MEDIA)
		code = media(j, t, part);
	if (!code && (tokens & MS_H248_AUDIT_EVENTS) && t->events)
		code = events(j, t, part);
	if (!code && (tokens & MS_H248_AUDIT_SIGNALS))
		code = signals(j, t, part);
	if (!code && (tokens & MS_H248_AUDIT_EVENT_BUFFER))
		code = event_buffer(j, t, part);
	if (!code && (tokens & MS_H248_AUDIT_PACKAGES))
		code = packages(j, part);
	if (!code && (tokens & MS_H248_AUDIT_OBSERVED))
		code = observed(j, t, part);
	return code;
}

/* ---- all ---- */

uint32_t ms_mg_audit_wanted(const struct ms_h248_audit *a)
{
	return a->tokens | (a->media ? MS_H248_AUDIT_MEDIA : 0) |
	       (a->events ? MS_H248_AUDIT_EVENTS : 0) | (a->signals ? MS_H248_AUDIT_SIGNALS : 0) |
	       (a->event_buffer ? MS_H248_AUDIT_EVENT_BUFFER : 0) |
	       (a->digitmap.present ? MS_H248_AUDIT_DIGITMAP : 0) |
	       (a->statistics ? MS_H248_AUDIT_STATISTICS : 0) |
	       (a->packages ? MS_H248_AUDIT_PACKAGES : 0);
}

static uint32_t given(const struct ms_h248_command *r)
{
	return (r->media ? MS_H248_AUDIT_MEDIA : 0u) | (r->events ? MS_H248_AUDIT_EVENTS : 0u) |
	       (r->signals ? MS_H248_AUDIT_SIGNALS : 0u) |
	       (r->has_event_buffer ? MS_H248_AUDIT_EVENT_BUFFER : 0u) |
	       (r->packages ? MS_H248_AUDIT_PACKAGES : 0u) |
	       (r->has_observed ? MS_H248_AUDIT_OBSERVED : 0u);
}

unsigned ms_mg_audit_missing(struct mg_job *j, uint32_t tokens, struct ms_h248_command *reply)
{
	tokens &= ~given(reply);
	if (reply->audit)
		reply->audit->tokens &= ~given(reply); /* another termination of the union had it */
	if (!tokens)
		return 0;
	if (!reply->audit)
		reply->audit = ms_h248_arena_get(&j->arena, sizeof(*reply->audit));
	if (!reply->audit)
		return 510;
	reply->audit->tokens |= tokens;
	return 0;
}

unsigned ms_mg_audit(struct mg_job *j, struct mg_termination *t, const struct ms_h248_audit *audit,
		     struct ms_h248_command *reply)
{
	struct ms_h248_command part = { .verb = reply->verb }, picked = { .verb = reply->verb };
	uint32_t want = ms_mg_audit_wanted(audit), statistics = want & MS_H248_AUDIT_STATISTICS;
	unsigned code = ms_mg_audit_whole(j, t, audit->tokens, &part);

	if (!code)
		code = ms_mg_pick(j, t, audit, &picked);
	if (code)
		return code;
	ms_mg_audit_merge(&part, reply);
	ms_mg_audit_merge(&picked, reply);
	if (t != &j->g->root) {
		want &= ~statistics;
		code = ms_mg_pick_statistics(j, t, audit, reply);
		if (!code && (audit->tokens & statistics))
			code = ms_mg_statistics(j, t, MG_STATISTICS_ALL, reply);
	}
	return code ? code : ms_mg_audit_missing(j, want, reply);
}
