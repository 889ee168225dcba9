/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hanging terminations (H.248.36) and delays of ServiceChange: a wheel of seconds. A message about a
 * termination only notes the time; whether timer X has really elapsed is seen when its slot comes round.
 */
#include "h248/mg-priv.h"

static struct mg_termination *of(struct ms_list *l)
{
	return (struct mg_termination *)((char *)l - offsetof(struct mg_termination, due));
}

static void put(struct ms_mg *g, struct mg_termination *t, uint32_t at)
{
	uint32_t furthest = g->wheel_at + MG_WHEEL_SLOTS - 1;

	if (at <= g->wheel_at)
		at = g->wheel_at + 1;
	if (at > furthest)
		at = furthest; /* looked at on the way */
	ms_list_append(&g->wheel[at % MG_WHEEL_SLOTS], &t->due);
	g->wheel_n++;
}

static void take(struct ms_mg *g, struct mg_termination *t)
{
	ms_list_remove(&t->due);
	t->due = (struct ms_list){ 0 };
	g->wheel_n--;
}

/* When to look at it; 0: never. */
static uint32_t wanted_at(const struct mg_termination *t)
{
	const struct mg_armed *a = ms_mg_events_find(t->events, MS_H248_HANGTERM_THB, 0);
	uint32_t heartbeat = a ? t->touched + a->value : 0;

	if (!t->set.change_at || !heartbeat)
		return heartbeat ? heartbeat : t->set.change_at;
	return heartbeat < t->set.change_at ? heartbeat : t->set.change_at;
}

void ms_mg_wheel_arm(struct ms_mg *g, struct mg_termination *t, ms_usec now)
{
	uint32_t at = wanted_at(t);

	if (!at)
		return;
	if (!g->wheel_n)
		g->wheel_at = (uint32_t)(now / MS_SEC);
	if (t->due.next)
		take(g, t);
	put(g, t, at);
}

static void ask(struct ms_mg *g, struct mg_termination *t, ms_usec now)
{
	struct ms_h248_observed o = {
		.name = ms_h248_name_of(g->o.coding.registry, MS_H248_HANGTERM_THB),
	};

	const struct mg_armed *a = ms_mg_events_find(t->events, MS_H248_HANGTERM_THB, 0);

	t->touched = (uint32_t)(now / MS_SEC);
	mg_count(g, "hanging_asked");
	if (a->then)
		ms_mg_embedded_due(g, t, a);
	ms_mg_notify(g, t, t->events->request_id, &o, MG_ASK_HEARTBEAT, now);
}

static void look(struct ms_mg *g, struct mg_termination *t, ms_usec now)
{
	const struct mg_armed *a = ms_mg_events_find(t->events, MS_H248_HANGTERM_THB, 0);
	uint32_t second = (uint32_t)(now / MS_SEC), next;

	take(g, t);
	if (t->gone)
		return;
	if (t->set.change_at && t->set.change_at <= second)
		ms_mg_service_due(g, t);
	if (a && t->touched + a->value <= second)
		ask(g, t, now);
	next = wanted_at(t);
	if (next)
		put(g, t, next);
}

void ms_mg_wheel_tick(struct ms_mg *g, ms_usec now)
{
	uint32_t second = (uint32_t)(now / MS_SEC);

	if (g->wheel_n && second - g->wheel_at > MG_WHEEL_SLOTS)
		g->wheel_at = second - MG_WHEEL_SLOTS; /* each slot once is enough */
	while (g->wheel_n && g->wheel_at < second) {
		struct ms_list *slot = &g->wheel[++g->wheel_at % MG_WHEEL_SLOTS], *l, *tmp;

		ms_list_foreach_safe (l, tmp, slot)
			look(g, of(l), now);
	}
	ms_mg_embedded_run(g, now);
}

ms_usec ms_mg_wheel_deadline(const struct ms_mg *g)
{
	return g->wheel_n ? ((ms_usec)g->wheel_at + 1) * MS_SEC : MS_NEVER;
}
