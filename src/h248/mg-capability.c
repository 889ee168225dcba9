/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AuditCapability (RFC 3525 section 7.2.6): the possible values of properties, events, signals and
 * statistics, out of the package tables and of what this gateway takes of them. A choice is written as
 * alternatives ({a,b}), a number as a range ([a:b]), a text that may be anything as "not empty" (# "").
 */
#include "h248/mg-priv.h"

/* ---- possible values ---- */

static unsigned value(struct mg_job *j, struct ms_h248_param *p, struct ms_span text, bool quoted)
{
	struct ms_h248_value *v = ms_h248_arena_get(&j->arena, sizeof(*v)), **at = &p->values;

	if (!v)
		return 510;
	v->octets = text.len ? ms_h248_arena_copy(&j->arena, text) : MS_SPAN_LIT("");
	v->form = quoted ? MS_H248_QUOTED : MS_H248_TEXT;
	while (*at)
		at = &(*at)->next;
	*at = v;
	return v->octets.p ? 0 : 510;
}

static unsigned number(struct mg_job *j, struct ms_h248_param *p, int64_t n)
{
	uint8_t room[24];
	struct ms_buf b;

	ms_buf_init_fixed(&b, room, sizeof(room));
	ms_buf_printf(&b, "%lld", (long long)n);
	return value(j, p, ms_buf_span(&b), false);
}

static unsigned choices(struct mg_job *j, struct ms_h248_param *p, const struct ms_h248_item *i)
{
	unsigned code = 0;

	p->relation = MS_H248_ANY_OF;
	for (unsigned k = 0; k < i->n_choices && !code; k++)
		code = value(j, p, j->g->o.coding.registry->choices[i->choices + k].name, false);
	return code;
}

static unsigned range(struct mg_job *j, struct ms_h248_param *p, const struct ms_h248_item *i)
{
	int64_t most = i->type == MS_H248_TYPE_INTEGER ? INT32_MAX : INT64_MAX;
	unsigned code = number(j, p, i->min > 0 ? i->min : 0);

	p->relation = MS_H248_RANGE;
	return code ? code : number(j, p, i->max < most ? i->max : most);
}

static unsigned realms(struct mg_job *j, struct ms_h248_param *p)
{
	unsigned code = 0;

	p->relation = MS_H248_ANY_OF;
	for (unsigned i = 0; i < j->g->n_realms && !code; i++)
		code = value(j, p, ms_span_str(j->g->realms[i]), true);
	return code;
}

/* Copying a mark, local source filters: a TCP connection has nothing of the kind. */
static bool is_off_only(uint16_t ref)
{
	return ref == MS_H248_DS_TB || ref == MS_H248_GM_ESAS || ref == MS_H248_GM_ESPS ||
	       ref == MS_H248_GM_RSB;
}

static unsigned possible(struct mg_job *j, struct ms_h248_param *p, uint16_t ref)
{
	const struct ms_h248_item *i = &ms_h248_items[ref];
	unsigned code;

	if (ref == MS_H248_IPDC_REALM)
		return realms(j, p);
	if (is_off_only(ref))
		return value(j, p, MS_SPAN_LIT("off"), false);
	switch (i->type) {
	case MS_H248_TYPE_ENUM:
		return choices(j, p, i);
	case MS_H248_TYPE_BOOLEAN:
		p->relation = MS_H248_ANY_OF;
		code = value(j, p, MS_SPAN_LIT("on"), false);
		return code ? code : value(j, p, MS_SPAN_LIT("off"), false);
	case MS_H248_TYPE_INTEGER:
	case MS_H248_TYPE_DOUBLE:
		return range(j, p, i);
	default:
		p->relation = MS_H248_UNEQUAL;
		return value(j, p, MS_SPAN_LIT(""), true);
	}
}

static unsigned add(struct mg_job *j, struct ms_h248_param **list, uint16_t ref)
{
	struct ms_h248_param *p = ms_h248_arena_get(&j->arena, sizeof(*p));

	if (!p)
		return 510;
	p->name = ms_h248_name_of(j->g->o.coding.registry, ref);
	while (*list)
		list = &(*list)->next;
	*list = p;
	return possible(j, p, ref);
}

/* The parameters of an event or signal that may stand in its descriptor. */
static unsigned params(struct mg_job *j, struct ms_h248_param **list, uint16_t parent,
		       uint8_t where)
{
	unsigned code = 0;

	for (uint16_t k = 1; k < MS_H248_ITEM_COUNT && !code; k++)
		if (ms_h248_items[k].parent == parent && (ms_h248_items[k].where & where))
			code = add(j, list, k);
	return code;
}

/* ---- Media ---- */

static const struct {
	bool tls;
	enum ms_bearer_application application;
} kinds[] = {
	{ false, MS_BEARER_AGNOSTIC }, { true, MS_BEARER_AGNOSTIC }, { false, MS_BEARER_MSRP },
	{ true, MS_BEARER_MSRP },      { false, MS_BEARER_BFCP },    { true, MS_BEARER_BFCP },
};

static bool offers(const struct ms_h248_profile *p, size_t kind)
{
	return (p->tls || !kinds[kind].tls) &&
	       (p->msrp || kinds[kind].application != MS_BEARER_MSRP);
}

/* Alternatives, each a session description with an address to be chosen (RFC 3525 section 7.1.8). */
static unsigned local(struct mg_job *j, struct ms_h248_stream *s)
{
	uint8_t room[1024];
	struct ms_buf b;

	ms_buf_init_fixed(&b, room, sizeof(room));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct ms_bearer bearer;

		if (!offers(j->g->o.coding.profile, i))
			continue;
		ms_bearer_init(&bearer);
		bearer.tls = kinds[i].tls;
		bearer.application = kinds[i].application;
		bearer.local.family = 4;
		if (b.len)
			ms_buf_put_str(&b, "\r\n");
		ms_h248_coding_put_sdp(&b, &bearer, MS_H248_CODING_LOCAL);
	}
	s->local.present = true;
	s->local.sdp = ms_h248_arena_copy(&j->arena, ms_buf_span(&b));
	return ms_buf_status(&b) || !s->local.sdp.p ? 510 : 0;
}

static unsigned stream(struct mg_job *j, struct ms_h248_media *m)
{
	struct ms_h248_stream *s = ms_h248_arena_get(&j->arena, sizeof(*s));
	unsigned code = 0;
	uint16_t ref;

	if (!s)
		return 510;
	m->streams = s;
	s->id = 1;
	s->has_control = true;
	s->control.mode = MS_H248_MODE_SENDRECV;
	s->control.reserve_value = s->control.reserve_group = MS_H248_FLAG_OFF;
	for (size_t i = 0; (ref = ms_h248_coding_property(j->g->o.coding.profile, i)) && !code; i++)
		code = add(j, &s->control.properties, ref);
	return code ? code : local(j, s);
}

static unsigned root_state(struct mg_job *j, struct ms_h248_media *m)
{
	unsigned code = 0;

	for (uint16_t k = 1; k < MS_H248_ITEM_COUNT && !code; k++)
		if (ms_h248_items[k].package == MS_H248_PKG_ROOT &&
		    ms_h248_items[k].kind == MS_H248_PROPERTY)
			code = add(j, &m->state_properties, k);
	return code;
}

static unsigned media(struct mg_job *j, const struct mg_termination *t,
		      struct ms_h248_command *part)
{
	struct ms_h248_media *m = part->media = ms_h248_arena_get(&j->arena, sizeof(*m));

	if (!m)
		return 510;
	m->has_state = true;
	if (t == &j->g->root)
		return root_state(j, m);
	m->service_state = MS_H248_SERVICE_IN;
	m->event_buffer = MS_H248_BUFFER_LOCKSTEP;
	return stream(j, m);
}

/* ---- Events, Signals, Statistics ---- */

static unsigned events(struct mg_job *j, bool root, struct ms_h248_event **ret)
{
	uint16_t ref;

	for (size_t i = 0; (ref = ms_mg_events_known(root, i)) != 0; i++) {
		struct ms_h248_event *e = ms_h248_arena_get(&j->arena, sizeof(*e));

		if (!e)
			return 510;
		e->name = ms_h248_name_of(j->g->o.coding.registry, ref);
		*ret = e;
		ret = &e->next;
		unsigned code = params(j, &e->params, ref, MS_H248_IN_EVENTS);
		if (code)
			return code;
	}
	return 0;
}

static unsigned requested(struct mg_job *j, bool root, struct ms_h248_command *part)
{
	part->events = ms_h248_arena_get(&j->arena, sizeof(*part->events));
	if (!part->events)
		return 510;
	part->events->has_request_id = true; /* of no descriptor: 0 */
	return events(j, root, &part->events->list);
}

static unsigned signals(struct mg_job *j, struct ms_h248_command *part)
{
	static const uint16_t refs[] = { MS_H248_IPNAPT_LATCH, MS_H248_TCPBCC_ESTBNC,
					 MS_H248_TCPBCC_RELBNC, MS_H248_TLSBSC_ESTBNC,
					 MS_H248_TLSBSC_RELBNC };
	const struct ms_h248_profile *p = j->g->o.coding.profile;
	struct ms_h248_signals *all = ms_h248_arena_get(&j->arena, sizeof(*all));
	struct ms_h248_signal **at = all ? &all->list : NULL;

	for (size_t i = 0; at && i < sizeof(refs) / sizeof(refs[0]); i++) {
		struct ms_h248_signal *s;

		if ((refs[i] == MS_H248_IPNAPT_LATCH && !p->latch) ||
		    (ms_h248_items[refs[i]].package == MS_H248_PKG_TLSBSC && !p->tls))
			continue;
		s = ms_h248_arena_get(&j->arena, sizeof(*s));
		if (!s)
			return 510;
		s->name = ms_h248_name_of(j->g->o.coding.registry, refs[i]);
		*at = s;
		at = &s->next;
		unsigned code = params(j, &s->params, refs[i], MS_H248_IN_SIGNALS);
		if (code)
			return code;
	}
	part->signals = all;
	return all ? 0 : 510;
}

/* The names. */
static unsigned statistics(struct mg_job *j, struct ms_h248_command *reply)
{
	struct ms_h248_param **at = &reply->statistics;

	if (reply->has_statistics)
		return 0;
	reply->has_statistics = true;
	for (size_t i = 0; i < MS_H248_STATISTICS; i++) {
		struct ms_h248_param *p = ms_h248_arena_get(&j->arena, sizeof(*p));

		if (!p)
			return 510;
		p->name = ms_h248_name_of(j->g->o.coding.registry, ms_h248_statistics[i].ref);
		*at = p;
		at = &p->next;
	}
	return 0;
}

/* The names of the events that are active. */
static unsigned observed(struct mg_job *j, const struct mg_termination *t,
			 struct ms_h248_command *part)
{
	struct ms_h248_observed **at = &part->observed;

	part->has_observed = t->events != NULL;
	part->observed_id = t->events ? t->events->request_id : 0;
	for (unsigned i = 0; t->events && i < t->events->n; i++) {
		struct ms_h248_observed *o = ms_h248_arena_get(&j->arena, sizeof(*o));

		if (!o)
			return 510;
		o->name = ms_h248_name_of(j->g->o.coding.registry, t->events->list[i].ref);
		o->stream = t->events->list[i].stream;
		*at = o;
		at = &o->next;
	}
	return 0;
}

/* ---- all ---- */

static unsigned whole(struct mg_job *j, const struct mg_termination *t, uint32_t tokens,
		      struct ms_h248_command *part)
{
	bool root = t == &j->g->root;
	unsigned code = 0;

	if (tokens & MS_H248_AUDIT_MEDIA)
		code = media(j, t, part);
	if (!code && (tokens & MS_H248_AUDIT_EVENTS))
		code = requested(j, root, part);
	if (!code && (tokens & MS_H248_AUDIT_EVENT_BUFFER)) {
		part->has_event_buffer = true;
		code = events(j, root, &part->event_buffer);
	}
	if (!code && (tokens & MS_H248_AUDIT_SIGNALS) && !root)
		code = signals(j, part);
	if (!code && (tokens & MS_H248_AUDIT_OBSERVED))
		code = observed(j, t, part);
	return code;
}

#define LEGAL                                                                        \
	(MS_H248_AUDIT_MEDIA | MS_H248_AUDIT_EVENTS | MS_H248_AUDIT_EVENT_BUFFER |   \
	 MS_H248_AUDIT_SIGNALS | MS_H248_AUDIT_STATISTICS | MS_H248_AUDIT_OBSERVED | \
	 MS_H248_AUDIT_MUX | MS_H248_AUDIT_MODEM)

unsigned ms_mg_audit_capability(struct mg_job *j, struct mg_termination *t,
				const struct ms_h248_audit *audit, struct ms_h248_command *reply)
{
	struct ms_h248_command part = { .verb = reply->verb };
	uint32_t want = ms_mg_audit_wanted(audit);
	unsigned code;

	if (want & ~(uint32_t)LEGAL)
		return ms_mg_refuse(j, 447,
				    want & MS_H248_AUDIT_PACKAGES ? MS_SPAN_LIT("Packages")
								  : MS_SPAN_LIT("DigitMap"));
	code = whole(j, t, want, &part);
	if (code)
		return code;
	if (reply->media) /* all terminations can the same */
		part.media = NULL;
	ms_mg_audit_merge(&part, reply);
	if ((want & MS_H248_AUDIT_STATISTICS) && t != &j->g->root) {
		want &= ~(uint32_t)MS_H248_AUDIT_STATISTICS;
		code = statistics(j, reply);
	}
	return code ? code : ms_mg_audit_missing(j, want, reply);
}
