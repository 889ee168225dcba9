/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the gateway's own: Notify and ServiceChange, and what their answers mean. */
#include <errno.h>

#include "h248/mg-priv.h"

bool ms_mg_ask(struct ms_mg *g, enum mg_ask_kind kind, const struct mg_termination *t,
	       struct ms_h248_action *actions)
{
	uint32_t cookie = ++g->next_cookie;
	struct mg_ask *ask = &g->asks[cookie & (MG_REQUESTS_MAX - 1)];

	if (ask->kind != MG_ASK_NONE) {
		mg_count(g, "requests_dropped");
		return false;
	}
	*ask = (struct mg_ask){ kind, cookie, t->number, g->controller };
	if (g->o.handlers.request(g->o.handlers.arg, g->controller, cookie, actions)) {
		ask->kind = MG_ASK_NONE;
		mg_count(g, "requests_dropped");
		return false;
	}
	if (kind == MG_ASK_REGISTER)
		g->registering = cookie;
	return true;
}

unsigned ms_mg_error_of(const struct ms_h248_transaction *t)
{
	if (t->error)
		return t->error->code;
	for (const struct ms_h248_action *a = t->actions; a; a = a->next) {
		if (a->error)
			return a->error->code;
		for (const struct ms_h248_command *c = a->commands; c; c = c->next)
			if (c->error)
				return c->error->code;
	}
	return 0;
}

/* The controller does not know the termination (H.248.36): nobody else will ever release it. */
static bool is_orphan(unsigned code)
{
	return code == 411 || code == 430 || code == 435;
}

static void notify_answered(struct ms_mg *g, const struct mg_ask *ask, unsigned code, ms_usec now)
{
	if (code == 504 || code == 505) {
		/* it has forgotten that we registered: tell it again */
		if (g->state == MS_MG_IN_SERVICE)
			ms_mg_look_for(g, g->controller, "not known to the controller", now);
		return;
	}
	if (code)
		mg_count(g, "notify_refused");
	if (ask->kind == MG_ASK_HEARTBEAT && is_orphan(code))
		ms_mg_release_orphan(g, ask->termination, now);
}

void ms_mg_answered(struct ms_mg *g, uint32_t cookie, int err, const struct ms_h248_transaction *t,
		    ms_usec now)
{
	struct mg_ask *slot = &g->asks[cookie & (MG_REQUESTS_MAX - 1)], ask = *slot;

	if (ask.kind == MG_ASK_NONE || ask.cookie != cookie)
		return;
	slot->kind = MG_ASK_NONE;
	if (!err)
		ms_mg_heard(g, ask.controller, now);
	if (ask.kind == MG_ASK_REGISTER) {
		if (cookie == g->registering && g->state == MS_MG_REGISTERING)
			ms_mg_register_answered(g, err, t, now);
		return;
	}
	if (ask.controller != g->controller || g->state != MS_MG_IN_SERVICE)
		return;
	if (err)
		ms_mg_controller_lost(g, ask.controller, now);
	else if (ask.kind != MG_ASK_CHANGE)
		notify_answered(g, &ask, ms_mg_error_of(t), now);
}
