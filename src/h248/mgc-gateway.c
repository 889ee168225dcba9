/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One gateway as the controller sees it: its state, heartbeats, loss and return.
 *
 *	AWAY -> COMING      ServiceChange, or an answer after a loss: what we hold is audited
 *	COMING -> IN_SERVICE, DRAINING     audited
 *	any -> AWAY         no answer, transport lost, ServiceChange Forced
 */
#include "h248/mgc-priv.h"

#include <errno.h>
#include <stdio.h>

/* How long a gateway known from before our restart has to be heard: it asks after a silence of ours. */
#define RETURN (60 * MS_SEC)

const char *ms_mgc_state_name(enum ms_mgc_state s)
{
	static const char *const names[MS_MGC_STATES] = {
		[MS_MGC_AWAY] = "away",
		[MS_MGC_COMING] = "coming",
		[MS_MGC_IN_SERVICE] = "in service",
		[MS_MGC_DRAINING] = "draining",
	};

	return s < MS_MGC_STATES ? names[s] : "?";
}

const char *ms_mgc_gateway_name(const struct ms_mgc_gateway *g)
{
	return g->name;
}

void *ms_mgc_gateway_user(const struct ms_mgc_gateway *g)
{
	return g->user;
}

enum ms_mgc_state ms_mgc_gateway_state(const struct ms_mgc_gateway *g)
{
	return g->state;
}

size_t ms_mgc_gateway_contexts(const struct ms_mgc_gateway *g)
{
	return g->n_contexts;
}

unsigned ms_mgc_gateway_weight(const struct ms_mgc_gateway *g)
{
	return g->weight;
}

uint8_t ms_mgc_gateway_version(const struct ms_mgc_gateway *g)
{
	return g->version;
}

const char *ms_mgc_gateway_profile(const struct ms_mgc_gateway *g)
{
	return g->profile;
}

void ms_mgc_gateway_go(struct ms_mgc_gateway *g, enum ms_mgc_state to, const char *why)
{
	enum ms_mgc_state from = g->state;

	if (from == to)
		return;
	g->state = to;
	if (g->m->h.state)
		g->m->h.state(g->m->h.arg, g, from, to, why);
}

bool ms_mgc_gateway_drains(const struct ms_mgc_gateway *g)
{
	return g->drain_operator || g->drain_gateway || g->leaving;
}

static void drain_or_not(struct ms_mgc_gateway *g, const char *why)
{
	if (g->state == MS_MGC_IN_SERVICE || g->state == MS_MGC_DRAINING)
		ms_mgc_gateway_go(g, ms_mgc_gateway_drains(g) ? MS_MGC_DRAINING : MS_MGC_IN_SERVICE,
				  why);
}

void ms_mgc_gateway_drain(struct ms_mgc_gateway *g, bool drain)
{
	g->drain_operator = drain;
	drain_or_not(g, "operator");
}

void ms_mgc_gateway_leave(struct ms_mgc_gateway *g, bool leave)
{
	g->leaving = leave;
	drain_or_not(g, leave ? "to be forgotten" : "stays after all");
}

int ms_mgc_gateway_restore(struct ms_mgc_gateway *g, uint8_t version, struct ms_span profile,
			   bool later, ms_usec now)
{
	if (g->state != MS_MGC_AWAY || !version ||
	    ms_span_to_str(profile, g->profile, sizeof(g->profile)))
		return -EINVAL;
	g->version = version;
	g->next_beat = now;
	if (later)
		g->next_beat = ms_usec_add(now, g->m->o.heartbeat);
	if (g->m->h.version)
		g->m->h.version(g->m->h.arg, g, version);
	/* it was well when we went, and has to notice first that we are back */
	g->give_up = ms_usec_add(now, g->m->o.patience > RETURN ? g->m->o.patience : RETURN);
	return 0;
}

/* ---- heartbeats: an empty AuditValue on ROOT (TS 29.334 clause 5.12) ---- */

void ms_mgc_gateway_beat(struct ms_mgc_gateway *g, ms_usec now)
{
	struct ms_h248_termination root = { .kind = MS_H248_TERMINATION_ROOT };
	struct ms_h248_audit nothing = { .tokens = 0 };
	struct ms_h248_command cmd = { .verb = MS_H248_AUDIT_VALUE,
				       .terminations = &root,
				       .audit = &nothing };
	struct ms_h248_action action = { .context = MS_H248_CONTEXT_NULL, .commands = &cmd };
	struct ms_mgc_order *o;

	g->next_beat = ms_usec_add(now, g->m->o.heartbeat);
	if (g->beating || !g->version)
		return;
	o = ms_mgc_order_new(g, MS_MGC_ORDER_HEARTBEAT);
	if (o && ms_mgc_order_send(o, &action) == 0)
		g->beating = true;
}

/* ---- events on ROOT: H.248.14, and overload where the gateway knows it ---- */

static bool put_root_event(struct ms_mgc_gateway *g, struct ms_h248_events *events, uint16_t item,
			   struct ms_h248_param *params)
{
	struct ms_h248_event *e = ms_h248_arena_get(&g->m->arena, sizeof(*e));
	struct ms_h248_event **at = &events->list;

	if (!e)
		return false;
	e->name = ms_h248_name_of(g->m->o.coding.registry, item);
	e->params = params;
	while (*at)
		at = &(*at)->next;
	*at = e;
	return true;
}

void ms_mgc_gateway_arm(struct ms_mgc_gateway *g)
{
	const struct ms_h248_registry *r = g->m->o.coding.registry;
	char mit[16];
	struct ms_h248_value value = { .form = MS_H248_TEXT };
	struct ms_h248_param param = { .name = ms_h248_name_of(r, MS_H248_IT_ITO_MIT),
				       .values = &value };
	struct ms_h248_events events = { .has_request_id = true,
					 .request_id = ++g->m->next_events };
	struct ms_h248_termination root = { .kind = MS_H248_TERMINATION_ROOT };
	struct ms_h248_command cmd = { .verb = MS_H248_MODIFY,
				       .terminations = &root,
				       .events = &events };
	struct ms_h248_action action = { .context = MS_H248_CONTEXT_NULL, .commands = &cmd };
	struct ms_mgc_order *o;
	bool ok = true;

	(void)snprintf(mit, sizeof(mit), "%u",
		       (unsigned)(g->m->o.inactivity_ms / g->m->o.ito_unit_ms));
	value.octets = ms_span_str(mit);
	ms_h248_arena_reset(&g->m->arena);
	if (g->root_events & MS_MGC_ROOT_INACTIVITY)
		ok = put_root_event(g, &events, MS_H248_IT_ITO, &param);
	if (g->root_events & MS_MGC_ROOT_OVERLOAD)
		ok = ok && put_root_event(g, &events, MS_H248_OCP_MG_OVERLOAD, NULL) &&
		     put_root_event(g, &events, MS_H248_CHP_MGCON, NULL);
	if (!ok || !events.list)
		return;
	o = ms_mgc_order_new(g, MS_MGC_ORDER_ROOT);
	if (o)
		(void)!ms_mgc_order_send(o, &action);
}

/* ---- loss and return ---- */

void ms_mgc_lose(struct ms_mgc_context *c, enum ms_mgc_lost why)
{
	struct ms_mgc_gateway *g = c->g;
	struct ms_mgc_order *o = c->order;

	if (g->audit_at == c)
		g->audit_at =
			c->link.next == &g->contexts ? NULL : (struct ms_mgc_context *)c->link.next;
	if (c->id != MS_H248_CONTEXT_CHOOSE)
		ms_hash_take(g->ids, ms_span_of(&c->id, sizeof(c->id)));
	c->gone = true;
	ms_list_remove(&c->link);
	ms_list_append(&g->m->gone, &c->link);
	g->n_contexts--;
	ms_mgc_count(g->m, "mgc_context_lost");
	if (o) {
		c->order = NULL;
		o->context = NULL;
		o->done(o->arg, c, -ETIMEDOUT, 0, NULL, 0);
	}
	/* `done` may have released it: then it is in no list of lost ones any more */
	for (struct ms_list *l = g->m->gone.next; l != &g->m->gone; l = l->next) {
		if (l == &c->link) {
			c->h.lost(c->h.arg, c, why);
			return;
		}
	}
}

void ms_mgc_lose_all(struct ms_mgc_gateway *g, enum ms_mgc_lost why)
{
	while (!ms_list_empty(&g->contexts))
		ms_mgc_lose((struct ms_mgc_context *)g->contexts.next, why);
}

void ms_mgc_gateway_lost(struct ms_mgc_gateway *g, ms_usec now)
{
	if (g->state == MS_MGC_AWAY)
		return;
	ms_mgc_count(g->m, "mgc_gateway_lost");
	g->audit_at = NULL;
	g->next_beat = ms_usec_add(now, g->m->o.heartbeat);
	g->give_up = ms_usec_add(now, g->m->o.patience);
	ms_mgc_gateway_go(g, MS_MGC_AWAY, "no answer");
	if (!g->m->o.patience) {
		g->give_up = MS_NEVER;
		ms_mgc_lose_all(g, MS_MGC_LOST_GATEWAY);
	}
}

void ms_mgc_gateway_came(struct ms_mgc_gateway *g, const char *why, ms_usec now)
{
	g->give_up = MS_NEVER;
	g->load = (struct ms_mgc_load){ .share = 100, .since = now };
	g->root_events =
		(g->m->o.inactivity_ms ? MS_MGC_ROOT_INACTIVITY : 0) | MS_MGC_ROOT_OVERLOAD;
	g->next_beat = ms_usec_add(now, g->m->o.heartbeat);
	ms_mgc_gateway_go(g, MS_MGC_COMING, why);
	ms_mgc_audit_begin(g, now);
}
