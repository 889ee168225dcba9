/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events and EventBuffer descriptors (RFC 3525 sections 7.1.9 and 7.1.10): which events this gateway can
 * detect, and where.
 */
#include "core/alloc.h"
#include "h248/mg-priv.h"

/* What can be detected, on terminations or on ROOT, and its parameters. */
static const struct known {
	uint16_t ref;
	bool root;
	uint16_t time, direction; /* handles of parameters; 0: none */
} known[] = {
	{ MS_H248_G_CAUSE, false, 0, 0 },
	{ MS_H248_G_SC, false, 0, 0 },
	{ MS_H248_TCPBCC_BNCCHANGE, false, 0, 0 },
	{ MS_H248_TLSBSC_BNCCHANGE, false, 0, 0 },
	{ MS_H248_ADID_IPSTOP, false, MS_H248_ADID_IPSTOP_DT, MS_H248_ADID_IPSTOP_DIR },
	{ MS_H248_HANGTERM_THB, false, MS_H248_HANGTERM_THB_TIMERX, 0 },
	{ MS_H248_IT_ITO, true, MS_H248_IT_ITO_MIT, 0 },
	{ MS_H248_OCP_MG_OVERLOAD, true, 0, 0 },
	{ MS_H248_CHP_MGCON, true, 0, 0 },
};

static unsigned number_of(struct mg_job *j, const struct ms_h248_param *p, uint32_t *ret)
{
	int64_t v;

	if (!p->values || p->relation != MS_H248_EQUAL ||
	    ms_h248_value_number(j->g->o.coding.registry, p->name.ref, p->values, &v) || v < 0 ||
	    v > UINT32_MAX)
		return ms_mg_refuse(j, 449, p->values ? p->values->octets : p->name.item);
	*ret = (uint32_t)v;
	return 0;
}

static unsigned take_params(struct mg_job *j, const struct known *k, const struct ms_h248_event *e,
			    struct mg_armed *a)
{
	uint32_t direction = MS_H248_ADID_IPSTOP_DIR_BOTH;
	bool timed = false;

	for (const struct ms_h248_param *p = e->params; p; p = p->next) {
		bool time = k->time && p->name.ref == k->time;
		unsigned code;

		if (!time && (!k->direction || p->name.ref != k->direction))
			return ms_mg_refuse(j, 446, p->name.item);
		code = number_of(j, p, time ? &a->value : &direction);
		if (code)
			return code;
		timed |= time;
	}
	a->direction = (uint8_t)direction;
	return k->time && (!timed || !a->value) ? ms_mg_refuse(j, 457, e->name.item) : 0;
}

/* RFC 3525 section 7.1.9: "package/ *" without the blank stands for all events of the package. */
static bool is_all(const struct ms_h248_event *e)
{
	return ms_span_is(e->name.item, "*");
}

/* `package`: all of its events; 0: the one that is named. */
static bool matches(const struct ms_h248_event *e, uint16_t package, const struct known *k)
{
	return package ? ms_h248_items[k->ref].package == package : e->name.ref == k->ref;
}

/* Why an event cannot be detected. */
static unsigned unknown(struct mg_job *j, const struct ms_h248_event *e)
{
	if (e->name.ref || is_all(e))
		return ms_mg_refuse(j,
				    e->name.ref || ms_h248_package_find(j->g->o.coding.registry,
									e->name.package)
					    ? 512
					    : 440,
				    e->name.item);
	return ms_mg_refuse(
		j, ms_h248_package_find(j->g->o.coding.registry, e->name.package) ? 451 : 440,
		e->name.item);
}

static unsigned take_one(struct mg_job *j, struct mg_termination *t, const struct ms_h248_event *e,
			 const struct known *k, struct mg_armed *a)
{
	if (e->digitmap.present)
		return ms_mg_refuse(j, 444, MS_SPAN_LIT("DigitMap"));
	a->ref = k->ref;
	a->stream = e->stream;
	a->keep_active = e->keep_active;
	a->silent = e->notify == MS_H248_NOTIFY_NEVER;
	unsigned code = take_params(j, k, e, a);
	return code ? code : ms_mg_embedded_take(j, t, e, &a->then);
}

#define KNOWN (sizeof(known) / sizeof(known[0]))

/* `to` NULL: counts only. */
static unsigned take_each(struct mg_job *j, struct mg_termination *t, const struct ms_h248_event *e,
			  struct mg_events *to, uint32_t *n)
{
	uint32_t before = *n;
	uint16_t package =
		is_all(e) ? ms_h248_package_find(j->g->o.coding.registry, e->name.package) : 0;
	bool root = t == &j->g->root;

	for (size_t i = 0; i < KNOWN; i++) {
		if (known[i].root != root || !matches(e, package, &known[i]))
			continue;
		++*n;
		unsigned code = to ? take_one(j, t, e, &known[i], &to->list[to->n++]) : 0;
		if (code)
			return code;
	}
	return *n == before ? unknown(j, e) : 0;
}

static unsigned take_list(struct mg_job *j, struct mg_termination *t,
			  const struct ms_h248_event *list, uint32_t request_id,
			  struct mg_events **ret)
{
	struct mg_events *events;
	unsigned code = 0;
	uint32_t n = 0;

	*ret = NULL;
	for (const struct ms_h248_event *e = list; e && !code; e = e->next)
		code = n <= j->g->limits.events
			       ? take_each(j, t, e, NULL, &n)
			       : ms_mg_refuse(j, 510, MS_SPAN_LIT("too many events"));
	if (!code && n > j->g->limits.events)
		code = ms_mg_refuse(j, 510, MS_SPAN_LIT("too many events"));
	if (code || !n)
		return code;
	events = ms_zalloc(sizeof(*events) + n * sizeof(events->list[0]));
	if (!events)
		return 510;
	events->request_id = request_id;
	events->serial = ++j->g->next_serial;
	for (; list && !code; list = list->next)
		code = take_each(j, t, list, events, &n);
	if (code)
		ms_mg_events_free(events);
	else
		*ret = events;
	return code;
}

unsigned ms_mg_events_take(struct mg_job *j, struct mg_termination *t,
			   const struct ms_h248_events *events, struct mg_events **ret_events)
{
	*ret_events = NULL;
	if (events->list && !events->has_request_id)
		return 472;
	return take_list(j, t, events->list, events->request_id, ret_events);
}

uint16_t ms_mg_events_known(bool root, size_t i)
{
	for (size_t k = 0; k < KNOWN; k++)
		if (known[k].root == root && !i--)
			return known[k].ref;
	return 0;
}

const struct mg_armed *ms_mg_events_find(const struct mg_events *e, uint16_t ref, uint16_t stream)
{
	for (unsigned i = 0; e && i < e->n; i++)
		if (e->list[i].ref == ref &&
		    (!e->list[i].stream || !stream || e->list[i].stream == stream))
			return &e->list[i];
	return NULL;
}

static unsigned replace(struct mg_job *j, struct mg_termination *t, struct mg_events *events,
			enum mg_undo_kind kind)
{
	struct mg_events **at = kind == MG_UNDO_EVENTS ? &t->events : &t->event_buffer;
	struct mg_undo *u = ms_mg_undo_new(j, kind, t);

	if (!u) {
		ms_mg_events_free(events);
		return 510;
	}
	u->old.events = *at;
	*at = events;
	return 0;
}

unsigned ms_mg_events_apply(struct mg_job *j, struct mg_termination *t,
			    const struct ms_h248_command *cmd)
{
	struct mg_events *events = NULL;
	unsigned code = 0;

	if (cmd->has_event_buffer || cmd->event_buffer) {
		code = take_list(j, t, cmd->event_buffer, 0, &events);
		if (!code)
			code = replace(j, t, events, MG_UNDO_BUFFER);
	}
	if (code || !cmd->events)
		return code;
	code = ms_mg_events_take(j, t, cmd->events, &events);
	if (!code)
		code = replace(j, t, events, MG_UNDO_EVENTS);
	if (!code && ms_mg_events_find(t->events, MS_H248_HANGTERM_THB, 0))
		ms_mg_wheel_arm(j->g, t, j->now);
	return code;
}
