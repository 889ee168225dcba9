/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resynchronisation: one of the two was away, and both may hold contexts. All contexts of the gateway
 * are asked for; those it does not know are lost, those nobody here knows are subtracted. Where the
 * list is too long for a message (UDP, version 2 has no segments) our own are asked for one by one, and
 * what is left over at the gateway is found by hangterm/thb.
 */
#include "h248/mgc-priv.h"

#include <errno.h>

#define AT_ONCE 50u /* audits of single contexts on their way */

static int send_audit(struct ms_mgc_gateway *g, enum ms_mgc_order_kind kind, uint32_t context)
{
	struct ms_h248_termination all = { .kind = MS_H248_TERMINATION_ALL };
	struct ms_h248_audit nothing = { .tokens = 0 };
	struct ms_h248_command cmd = { .verb = MS_H248_AUDIT_VALUE,
				       .terminations = &all,
				       .audit = &nothing };
	struct ms_h248_action action = { .context = context, .commands = &cmd };
	struct ms_mgc_order *o = ms_mgc_order_new(g, kind);

	if (!o)
		return -ENOMEM;
	o->round = g->round;
	return ms_mgc_order_send(o, &action);
}

static void finish(struct ms_mgc_gateway *g)
{
	ms_mgc_gateway_arm(g);
	ms_mgc_gateway_go(g, ms_mgc_gateway_drains(g) ? MS_MGC_DRAINING : MS_MGC_IN_SERVICE,
			  "audited");
}

void ms_mgc_audit_begin(struct ms_mgc_gateway *g, ms_usec now)
{
	g->round++;
	g->audits = 0;
	g->audit_at = NULL;
	if (send_audit(g, MS_MGC_ORDER_AUDIT, MS_H248_CONTEXT_ALL) < 0)
		ms_mgc_gateway_lost(g, now);
}

/* ---- all at once ---- */

/* A transaction of ours may have made a context whose reply is still on its way to us. */
static int makes_context(struct ms_span key, void *value, void *arg)
{
	const struct ms_mgc_order *o = value;

	(void)key;
	return o->g == arg && o->context_id == MS_H248_CONTEXT_CHOOSE;
}

static void take_list(struct ms_mgc_gateway *g, const struct ms_h248_transaction *t)
{
	bool unsure = ms_hash_each(g->m->orders, makes_context, g) != 0;

	for (const struct ms_h248_action *a = t->actions; a; a = a->next) {
		struct ms_mgc_context *c;

		if (a->context == MS_H248_CONTEXT_NULL || a->context >= MS_H248_CONTEXT_CHOOSE ||
		    a->error || !a->commands || a->commands->error)
			continue;
		c = ms_hash_get(g->ids, ms_span_of(&a->context, sizeof(a->context)));
		if (c) {
			c->round = g->round;
		} else if (!unsure) {
			ms_mgc_count(g->m, "mgc_context_orphan");
			ms_mgc_subtract_all(g, a->context);
		}
	}
}

/* Those the list did not have. `lost` may release others, so each time from the start. */
static void lose_unseen(struct ms_mgc_gateway *g)
{
	struct ms_list *l = g->contexts.next;

	while (l != &g->contexts) {
		struct ms_mgc_context *c = (struct ms_mgc_context *)l;

		l = l->next;
		if (c->round == g->round || c->id == MS_H248_CONTEXT_CHOOSE)
			continue;
		ms_mgc_lose(c, MS_MGC_LOST_UNKNOWN);
		l = g->contexts.next;
	}
}

static bool is_list(const struct ms_h248_transaction *t)
{
	/* no contexts at all: 411, 431, or a reply without actions */
	if (t->error)
		return t->error->code == 411 || t->error->code == 431;
	if (t->actions && t->actions->error)
		return t->actions->error->code == 411 || t->actions->error->code == 431;
	return true;
}

/* ---- one by one ---- */

void ms_mgc_audit_next(struct ms_mgc_gateway *g, ms_usec now)
{
	while (g->audit_at && g->audits < AT_ONCE) {
		struct ms_mgc_context *c = g->audit_at;

		g->audit_at =
			c->link.next == &g->contexts ? NULL : (struct ms_mgc_context *)c->link.next;
		if (c->id == MS_H248_CONTEXT_CHOOSE)
			continue;
		if (send_audit(g, MS_MGC_ORDER_CONTEXT, c->id) < 0) {
			ms_mgc_gateway_lost(g, now);
			return;
		}
		g->audits++;
	}
	if (!g->audits && !g->audit_at && g->state == MS_MGC_COMING)
		finish(g);
}

static bool unknown(const struct ms_h248_transaction *t)
{
	const struct ms_h248_error *e = t->error;

	if (!e && t->actions)
		e = t->actions->error      ? t->actions->error
		    : t->actions->commands ? t->actions->commands->error
					   : NULL;
	return e && (e->code == 411 || e->code == 430 || e->code == 431 || e->code == 435);
}

static void context_answered(struct ms_mgc_order *o, const struct ms_h248_transaction *t,
			     ms_usec now)
{
	struct ms_mgc_gateway *g = o->g;
	struct ms_mgc_context *c =
		ms_hash_get(g->ids, ms_span_of(&o->context_id, sizeof(o->context_id)));

	g->audits--;
	if (c && unknown(t))
		ms_mgc_lose(c, MS_MGC_LOST_UNKNOWN);
	ms_mgc_audit_next(g, now);
}

/* ---- ends ---- */

void ms_mgc_audit_answered(struct ms_mgc_order *o, int err, const struct ms_h248_transaction *t,
			   ms_usec now)
{
	struct ms_mgc_gateway *g = o->g;

	if (err || o->round != g->round || g->state != MS_MGC_COMING)
		return; /* lost again; the next return begins another round */
	if (o->kind == MS_MGC_ORDER_CONTEXT) {
		context_answered(o, t, now);
	} else if (is_list(t)) {
		take_list(g, t);
		lose_unseen(g);
		finish(g);
	} else {
		ms_mgc_count(g->m, "mgc_audit_one_by_one");
		g->audit_at = ms_list_empty(&g->contexts)
				      ? NULL
				      : (struct ms_mgc_context *)g->contexts.next;
		ms_mgc_audit_next(g, now);
	}
}
