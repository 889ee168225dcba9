/* SPDX-License-Identifier: Apache-2.0 */
/* Requests on their way to gateways, by cookie, and where their ends go. */
#include "h248/mgc-priv.h"

#include <errno.h>

#include "core/alloc.h"

struct ms_mgc_order *ms_mgc_order_new(struct ms_mgc_gateway *g, enum ms_mgc_order_kind kind)
{
	struct ms_mgc_order *o = ms_zalloc(sizeof(*o));

	if (!o)
		return NULL;
	o->g = g;
	o->kind = kind;
	o->context_id = MS_H248_CONTEXT_NULL;
	return o;
}

struct ms_mgc_order *ms_mgc_order_free(struct ms_mgc_order *o)
{
	if (!o)
		return NULL;
	for (struct ms_mgc_step *s = o->steps, *next; s; s = next) {
		next = s->next;
		ms_bearer_wipe(&s->bearer);
		ms_free(s);
	}
	return ms_free(o);
}

int ms_mgc_order_send(struct ms_mgc_order *o, struct ms_h248_action *action)
{
	struct ms_mgc *m = o->g->m;
	struct ms_span key = ms_span_of(&o->cookie, sizeof(o->cookie));
	int err;

	o->context_id = action->context;
	do { /* a cookie comes back after four thousand million others: one may still be out */
		o->cookie = ++m->next_cookie;
		err = ms_hash_put(m->orders, key, o);
	} while (err == -EEXIST);
	if (!err) {
		err = m->h.request(m->h.arg, o->g, o->cookie, action);
		if (err)
			ms_hash_take(m->orders, key);
	}
	if (err) {
		ms_mgc_count(m, "mgc_order_refused");
		ms_mgc_order_free(o);
	}
	return err == -ENOSPC ? -EBUSY : err;
}

void ms_mgc_subtract_all(struct ms_mgc_gateway *g, uint32_t context)
{
	struct ms_h248_termination all = { .kind = MS_H248_TERMINATION_ALL };
	struct ms_h248_audit nothing = { .tokens = 0 };
	struct ms_h248_command cmd = { .verb = MS_H248_SUBTRACT,
				       .wildcard_response = true,
				       .terminations = &all,
				       .audit = &nothing };
	struct ms_h248_action action = { .context = context, .commands = &cmd };
	struct ms_mgc_order *o = ms_mgc_order_new(g, MS_MGC_ORDER_SUBTRACT);

	/* when it cannot be sent, hangterm/thb asks later, and is told that nobody knows it */
	if (o)
		(void)!ms_mgc_order_send(o, &action);
}

static bool refused(const struct ms_h248_transaction *t)
{
	uint32_t context;

	return ms_h248_reply_error(t, &context);
}

/* A gateway without overload packages refuses the whole Events descriptor: then without them. */
static void root_answered(struct ms_mgc_gateway *g, const struct ms_h248_transaction *t)
{
	if (!t || !refused(t) || !(g->root_events & MS_MGC_ROOT_OVERLOAD))
		return;
	g->root_events &= ~(unsigned)MS_MGC_ROOT_OVERLOAD;
	ms_mgc_gateway_arm(g);
}

static void heartbeat_answered(struct ms_mgc_gateway *g, int err, ms_usec now)
{
	g->beating = false;
	/* it answers again, and did not notice that we had given it up */
	if (!err && g->state == MS_MGC_AWAY)
		ms_mgc_gateway_came(g, "answers", now);
}

static void dispatch(struct ms_mgc_order *o, int err, const struct ms_h248_transaction *t,
		     ms_usec now)
{
	struct ms_mgc_gateway *g = o->g;

	switch (o->kind) {
	case MS_MGC_ORDER_PROCEDURE:
		ms_mgc_procedure_answered(o, err, t, now);
		return; /* frees it */
	case MS_MGC_ORDER_HEARTBEAT:
		heartbeat_answered(g, err, now);
		break;
	case MS_MGC_ORDER_ROOT:
		root_answered(g, t);
		break;
	case MS_MGC_ORDER_AUDIT:
	case MS_MGC_ORDER_CONTEXT:
		ms_mgc_audit_answered(o, err, t, now);
		break;
	case MS_MGC_ORDER_SUBTRACT:
		break; /* gone, or was not there */
	}
	ms_mgc_order_free(o);
}

void ms_mgc_answered(struct ms_mgc_gateway *g, uint32_t cookie, int err,
		     const struct ms_h248_transaction *t, ms_usec now)
{
	struct ms_mgc_order *o = ms_hash_take(g->m->orders, ms_span_of(&cookie, sizeof(cookie)));

	if (!o)
		return;
	if (err)
		ms_mgc_count(g->m, "mgc_order_timeout");
	/* too many Pendings: it is slow, but there */
	if (err && err != -EMLINK) {
		ms_mgc_gateway_lost(g, now);
	} else {
		g->next_beat = ms_usec_add(now, g->m->o.heartbeat);
	}
	dispatch(o, err, err ? NULL : t, now);
}
