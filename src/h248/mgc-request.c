/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of a gateway: replied to command by command, then acted upon. */
#include "h248/mgc-priv.h"

void ms_mgc_error(struct ms_mgc *m, struct ms_h248_command *reply, uint16_t code, const char *text)
{
	/* without memory: a reply with less detail than there could be */
	reply->error = ms_h248_arena_get(&m->arena, sizeof(*reply->error));
	if (!reply->error)
		return;
	reply->error->code = code;
	reply->error->text = ms_span_str(text);
}

static bool is_registration(const struct ms_h248_transaction *t)
{
	const struct ms_h248_command *c = t->actions ? t->actions->commands : NULL;

	return c && c->verb == MS_H248_SERVICE_CHANGE && c->terminations &&
	       c->terminations->kind == MS_H248_TERMINATION_ROOT;
}

static void command_reply(struct ms_mgc_gateway *g, uint32_t context,
			  const struct ms_h248_command *cmd, struct ms_h248_command *reply)
{
	switch (cmd->verb) {
	case MS_H248_SERVICE_CHANGE:
		ms_mgc_service_change_reply(g, context, cmd, reply);
		break;
	case MS_H248_NOTIFY:
		ms_mgc_notify_reply(g, context, cmd, reply);
		break;
	default:
		ms_mgc_error(g->m, reply, 443, "not a command for a controller");
	}
}

/* One action; false: a command failed that was not optional, the rest is not carried out. */
static bool action_reply(struct ms_mgc_gateway *g, const struct ms_h248_action *a,
			 struct ms_h248_action *reply)
{
	struct ms_h248_command **at = &reply->commands;

	reply->context = a->context;
	for (const struct ms_h248_command *c = a->commands; c; c = c->next) {
		struct ms_h248_command *r = ms_h248_arena_get(&g->m->arena, sizeof(*r));

		if (!r)
			return false;
		*at = r;
		at = &r->next;
		r->verb = c->verb;
		r->terminations = c->terminations;
		command_reply(g, a->context, c, r);
		if (r->error && !c->optional)
			return false;
	}
	return true;
}

static void act(struct ms_mgc_gateway *g, const struct ms_h248_action *a,
		const struct ms_h248_command *cmd, ms_usec now)
{
	if (cmd->verb == MS_H248_SERVICE_CHANGE)
		ms_mgc_service_change_act(g, a->context, cmd, now);
	else
		ms_mgc_notify_act(g, a->context, cmd, now);
}

#define COMMANDS_MAX 256 /* of one transaction of a gateway that are carried out */

void ms_mgc_request(struct ms_mgc_gateway *g, void *job, const struct ms_h248_transaction *t,
		    ms_usec now)
{
	struct ms_mgc *m = g->m;
	struct ms_h248_transaction reply = { .kind = MS_H248_REPLY };
	struct ms_h248_action **at = &reply.actions;
	struct ms_h248_error error = { 505, MS_SPAN_LIT("register first") };
	const struct ms_h248_command *good[COMMANDS_MAX];
	const struct ms_h248_action *where[COMMANDS_MAX];
	size_t n = 0;
	bool go_on = true;

	if (!g->version && !is_registration(t)) {
		ms_mgc_count(m, "mgc_not_registered");
		reply.error = &error;
		m->h.reply(m->h.arg, job, &reply);
		return;
	}
	g->next_beat = ms_usec_add(now, m->o.heartbeat);
	ms_h248_arena_reset(&m->arena);
	for (const struct ms_h248_action *a = t->actions; a && go_on; a = a->next) {
		const struct ms_h248_command *c = a->commands;

		*at = ms_h248_arena_get(&m->arena, sizeof(**at));
		if (!*at)
			break;
		go_on = action_reply(g, a, *at);
		for (const struct ms_h248_command *r = (*at)->commands; r; r = r->next, c = c->next)
			if (!r->error && n < COMMANDS_MAX) {
				where[n] = a;
				good[n++] = c;
			}
		at = &(*at)->next;
	}
	m->h.reply(m->h.arg, job, &reply);
	/* ---- the gateway has its reply: now it may have consequences ---- */
	if (g->state == MS_MGC_AWAY && !is_registration(t))
		ms_mgc_gateway_came(g, "heard", now);
	for (size_t i = 0; i < n; i++)
		act(g, where[i], good[i], now);
}
