/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Individual items of an audit (H.248.1 version 2; the indAud productions of annexes A and B): of the
 * descriptors that an audit of the whole would give, what was asked for. An item with a value is
 * answered where it has that value (version 3).
 */
#include "h248/mg-priv.h"

/* ---- properties ---- */

static bool same_value(const struct ms_h248_param *a, const struct ms_h248_param *b)
{
	bool same =
		a->values && b->values && ms_span_eq_nocase(a->values->octets, b->values->octets);

	return !a->values || (a->relation == MS_H248_UNEQUAL ? !same : same);
}

/* What the descriptor leaves out is at its default. */
static struct ms_h248_param *by_default(struct mg_job *j, const struct ms_h248_param *asked)
{
	const char *text = ms_h248_items[asked->name.ref].value;
	struct ms_h248_param *p = text ? ms_h248_arena_get(&j->arena, sizeof(*p)) : NULL;
	struct ms_h248_value *v = p ? ms_h248_arena_get(&j->arena, sizeof(*v)) : NULL;

	if (!v)
		return NULL;
	p->name = ms_h248_name_of(j->g->o.coding.registry, asked->name.ref);
	p->values = v;
	v->octets = ms_span_str(text);
	return p;
}

static unsigned unknown(struct mg_job *j, const struct ms_h248_param *asked)
{
	bool package = ms_h248_package_find(j->g->o.coding.registry, asked->name.package) != 0;

	return ms_mg_refuse(j, asked->name.ref ? 445 : package ? 450 : 440, asked->name.item);
}

/* Is it one that could be set there? Keys are in no audit. */
static bool is_ours(const struct ms_h248_param *asked, unsigned where)
{
	return asked->name.ref && (ms_h248_items[asked->name.ref].where & where) &&
	       asked->name.ref != MS_H248_XEM_PSK;
}

static unsigned pick_params(struct mg_job *j, const struct ms_h248_param *asked,
			    struct ms_h248_param *have, unsigned where, struct ms_h248_param **ret)
{
	for (; asked; asked = asked->next) {
		struct ms_h248_param *p = have, *copy;

		if (!is_ours(asked, where))
			return unknown(j, asked);
		while (p && p->name.ref != asked->name.ref)
			p = p->next;
		if (!p)
			p = by_default(j, asked);
		if (!p || !same_value(asked, p))
			continue;
		copy = ms_h248_arena_get(&j->arena, sizeof(*copy));
		if (!copy)
			return 510;
		*copy = *p;
		copy->next = NULL;
		*ret = copy;
		ret = &copy->next;
	}
	return 0;
}

/* ---- Media ---- */

static unsigned pick_control(struct mg_job *j, const struct ms_h248_local_control *asked,
			     const struct ms_h248_local_control *have,
			     struct ms_h248_local_control *ret)
{
	bool all = !asked->mode && !asked->reserve_value && !asked->reserve_group &&
		   !asked->properties;

	if (all) {
		*ret = *have;
		return 0;
	}
	if (asked->mode == MS_H248_MODE_ASKED ||
	    (asked->mode && (asked->mode == have->mode) != asked->mode_unequal))
		ret->mode = have->mode;
	if (asked->reserve_value)
		ret->reserve_value = MS_H248_FLAG_OFF;
	if (asked->reserve_group)
		ret->reserve_group = MS_H248_FLAG_OFF;
	return pick_params(j, asked->properties, have->properties, MS_H248_IN_CONTROL,
			   &ret->properties);
}

static bool has_something(const struct ms_h248_stream *s)
{
	return s->control.mode || s->control.reserve_value || s->control.reserve_group ||
	       s->control.properties || s->local.present || s->remote.present;
}

static unsigned pick_stream(struct mg_job *j, const struct ms_h248_stream *asked,
			    const struct ms_h248_stream *have, struct ms_h248_media *ret)
{
	struct ms_h248_stream *n = ms_h248_arena_get(&j->arena, sizeof(*n)), **at = &ret->streams;
	unsigned code = 0;

	if (!n)
		return 510;
	n->id = have->id;
	if (asked->has_control)
		code = pick_control(j, &asked->control, &have->control, &n->control);
	n->has_control = n->control.mode || n->control.reserve_value || n->control.reserve_group ||
			 n->control.properties;
	if (asked->local.present)
		n->local = have->local;
	if (asked->remote.present)
		n->remote = have->remote;
	while (*at)
		at = &(*at)->next;
	if (has_something(n))
		*at = n;
	return code;
}

static unsigned pick_streams(struct mg_job *j, const struct ms_h248_stream *asked,
			     const struct ms_h248_media *have, struct ms_h248_media *ret)
{
	unsigned code = 0;

	for (const struct ms_h248_stream *s = have->streams; s && !code; s = s->next)
		if (!asked->id || asked->id == s->id)
			code = pick_stream(j, asked, s, ret);
	return code;
}

static unsigned pick_state(struct mg_job *j, const struct ms_h248_media *asked,
			   const struct ms_h248_media *have, struct ms_h248_media *ret)
{
	if (!asked->state_properties && !asked->event_buffer && !asked->service_state) {
		ret->has_state = true;
		ret->state_properties = have->state_properties;
		ret->event_buffer = have->event_buffer;
		ret->service_state = have->service_state;
		return 0;
	}
	if (asked->event_buffer == MS_H248_BUFFER_ASKED ||
	    asked->event_buffer == have->event_buffer)
		ret->event_buffer = have->event_buffer;
	if (asked->service_state == MS_H248_SERVICE_ASKED ||
	    (asked->service_state &&
	     (asked->service_state == have->service_state) != asked->service_state_unequal))
		ret->service_state = have->service_state;
	unsigned code = pick_params(j, asked->state_properties, have->state_properties,
				    MS_H248_IN_STATE, &ret->state_properties);
	ret->has_state = ret->event_buffer || ret->service_state || ret->state_properties;
	return code;
}

static unsigned pick_media(struct mg_job *j, struct mg_termination *t,
			   const struct ms_h248_media *asked, struct ms_h248_command *part)
{
	struct ms_h248_command whole = { .verb = part->verb };
	struct ms_h248_media *ret = ms_h248_arena_get(&j->arena, sizeof(*ret));
	unsigned code = ret ? ms_mg_audit_whole(j, t, MS_H248_AUDIT_MEDIA, &whole) : 510;

	if (!code && asked->has_state)
		code = pick_state(j, asked, whole.media, ret);
	for (const struct ms_h248_stream *s = asked->streams; s && !code; s = s->next)
		code = pick_streams(j, s, whole.media, ret);
	if (!code && (ret->has_state || ret->streams))
		part->media = ret;
	return code;
}

/* ---- Events, Signals, EventBuffer, Packages: by name and stream ---- */

static bool is_it(const struct ms_h248_name *asked, uint16_t asked_stream,
		  const struct ms_h248_name *have, uint16_t stream)
{
	return asked->ref == have->ref && (!asked_stream || asked_stream == stream);
}

static void pick_events(const struct ms_h248_event *asked, struct ms_h248_event **list)
{
	while (*list) {
		const struct ms_h248_event *a = asked;

		while (a && !is_it(&a->name, a->stream, &(*list)->name, (*list)->stream))
			a = a->next;
		if (a)
			list = &(*list)->next;
		else
			*list = (*list)->next;
	}
}

static void pick_signals(const struct ms_h248_signal *asked, struct ms_h248_signal **list)
{
	while (*list) {
		const struct ms_h248_signal *a = asked;

		while (a &&
		       (a->is_list || !is_it(&a->name, a->stream, &(*list)->name, (*list)->stream)))
			a = a->next;
		if (a)
			list = &(*list)->next;
		else
			*list = (*list)->next;
	}
}

static void pick_packages(const struct ms_h248_package *asked, struct ms_h248_package **list)
{
	while (*list) {
		const struct ms_h248_package *a = asked;

		while (a && (!ms_span_eq_nocase(a->name.package, (*list)->name.package) ||
			     (a->version && a->version != (*list)->version)))
			a = a->next;
		if (a)
			list = &(*list)->next;
		else
			*list = (*list)->next;
	}
}

/* ---- all ---- */

/* Those that are not asked for as a whole as well. */
static uint32_t tokens_of(const struct ms_h248_audit *a)
{
	return ((a->events ? MS_H248_AUDIT_EVENTS : 0u) |
		(a->signals ? MS_H248_AUDIT_SIGNALS : 0u) |
		(a->event_buffer ? MS_H248_AUDIT_EVENT_BUFFER : 0u) |
		(a->packages ? MS_H248_AUDIT_PACKAGES : 0u)) &
	       ~a->tokens;
}

static void pick_lists(const struct ms_h248_audit *asked, struct ms_h248_command *part)
{
	if (part->events)
		pick_events(asked->events->list, &part->events->list);
	if (part->events && !part->events->list)
		part->events = NULL;
	if (part->event_buffer)
		pick_events(asked->event_buffer->list, &part->event_buffer);
	part->has_event_buffer = part->event_buffer != NULL;
	if (part->signals)
		pick_signals(asked->signals->list, &part->signals->list);
	if (part->signals && !part->signals->list)
		part->signals = NULL;
	if (part->packages)
		pick_packages(asked->packages, &part->packages);
}

unsigned ms_mg_pick(struct mg_job *j, struct mg_termination *t, const struct ms_h248_audit *audit,
		    struct ms_h248_command *part)
{
	unsigned code = 0;

	if (audit->media && !(audit->tokens & MS_H248_AUDIT_MEDIA))
		code = pick_media(j, t, audit->media, part);
	if (!code)
		code = ms_mg_audit_whole(j, t, tokens_of(audit), part);
	if (!code)
		pick_lists(audit, part);
	return code;
}

static unsigned of_streams(struct mg_job *j, struct mg_termination *t,
			   const struct ms_h248_stream *asked, struct ms_h248_command *reply)
{
	uint16_t mask;
	unsigned code = ms_mg_statistics_mask(j, asked->statistics, &mask);

	for (struct mg_stream *s = t->streams; s && !code; s = s->next)
		if (!asked->id || asked->id == s->id)
			code = ms_mg_statistics_stream(j, s, mask, reply);
	return code;
}

unsigned ms_mg_pick_statistics(struct mg_job *j, struct mg_termination *t,
			       const struct ms_h248_audit *audit, struct ms_h248_command *reply)
{
	const struct ms_h248_stream *s = audit->media && !(audit->tokens & MS_H248_AUDIT_MEDIA)
						 ? audit->media->streams
						 : NULL;
	unsigned code = 0;
	uint16_t mask;

	for (; s && !code; s = s->next)
		if (s->has_statistics)
			code = of_streams(j, t, s, reply);
	if (code || !audit->statistics || (audit->tokens & MS_H248_AUDIT_STATISTICS))
		return code;
	code = ms_mg_statistics_mask(j, audit->statistics, &mask);
	return code ? code : ms_mg_statistics(j, t, mask, reply);
}
