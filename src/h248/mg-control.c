/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control association: registration with one of our controllers, its supervision, and what becomes
 * of the calls when there is none (RFC 3525 sections 7.2.8, 9.2, 11.2 to 11.5; TS 29.334 clause 5.12).
 */
#include <stdio.h>

#include "h248/mg-priv.h"

#define REDIRECTS_MAX 5

static const char *const names[MS_MG_STATES] = {
	[MS_MG_WAITING] = "waiting",
	[MS_MG_REGISTERING] = "registering",
	[MS_MG_IN_SERVICE] = "in service",
	[MS_MG_CLOSED] = "closed",
};

const char *ms_mg_state_name(enum ms_mg_state s)
{
	return s < MS_MG_STATES ? names[s] : "?";
}

void ms_mg_state_go(struct ms_mg *g, enum ms_mg_state to, const char *why)
{
	enum ms_mg_state from = g->state;

	g->state = to;
	if (g->o.handlers.state)
		g->o.handlers.state(g->o.handlers.arg, from, to, g->controller, why);
}

/* ---- ServiceChange out ---- */

static bool send_change(struct ms_mg *g, struct mg_termination *t, enum mg_ask_kind kind,
			struct ms_h248_service_change *sc)
{
	struct ms_h248_command cmd = { .verb = MS_H248_SERVICE_CHANGE, .service_change = sc };
	struct ms_h248_action action = { .commands = &cmd };

	action.context = t->set.context ? t->set.context->id : MS_H248_CONTEXT_NULL;
	cmd.terminations = ms_mg_name_node(g, &g->scratch, t);
	bool ok = cmd.terminations && ms_mg_ask(g, kind, t, &action);
	ms_h248_arena_reset(&g->scratch);
	return ok;
}

bool ms_mg_tell_change(struct ms_mg *g, struct mg_termination *t, enum ms_h248_sc_method method,
		       const char *reason, ms_usec delay)
{
	struct ms_h248_service_change sc = {
		.method = method,
		.reason = ms_span_str(reason),
		.has_delay = delay > 0,
		.delay = (uint32_t)(delay / MS_SEC),
	};

	return g->state == MS_MG_IN_SERVICE && send_change(g, t, MG_ASK_CHANGE, &sc);
}

/* Which method and reason tell this controller what has become of us. */
static void say_why(const struct ms_mg *g, struct ms_h248_service_change *sc)
{
	if (g->handoff) {
		sc->method = MS_H248_SC_HANDOFF;
		sc->reason = MS_SPAN_LIT("903 MGC Directed Change");
	} else if (g->previous == MS_MG_STRANGER) {
		sc->method = MS_H248_SC_RESTART;
		sc->reason =
			g->o.warm ? MS_SPAN_LIT("902 Warm Boot") : MS_SPAN_LIT("901 Cold Boot");
	} else if (g->previous == g->controller) {
		sc->method = MS_H248_SC_DISCONNECTED;
		sc->reason = MS_SPAN_LIT("900 Service Restored");
	} else {
		sc->method = MS_H248_SC_FAILOVER;
		sc->reason = MS_SPAN_LIT("909 MGC Impending Failure");
	}
}

static void wait_for(struct ms_mg *g, ms_usec longest, ms_usec now)
{
	uint32_t random = 0;

	if (longest > 0 && ms_random_u32(g->random, &random))
		random = UINT32_MAX; /* then the longest wait */
	g->due = now + (longest > 0 ? longest * (ms_usec)(random >> 1) / INT32_MAX : 0);
}

static void next_controller(struct ms_mg *g, const char *why, ms_usec now)
{
	g->handoff = false;
	g->controller = (g->controller + 1) % g->o.controllers;
	wait_for(g, 0, now);
	if (++g->tried >= g->o.controllers) {
		g->tried = 0;
		g->redirects = 0;
		/* RFC 3525 section 11.5: a random time before the next round */
		wait_for(g, g->o.retry, now);
		g->due += g->o.retry / 2;
	}
	ms_mg_state_go(g, MS_MG_WAITING, why);
}

static void try_register(struct ms_mg *g, ms_usec now)
{
	struct ms_h248_service_change sc = {
		.version = g->version,
		.profile = ms_span_str(g->profile),
	};

	say_why(g, &sc);
	/* the header of a registration says 1 (RFC 3525 section 11.3) */
	if (g->o.handlers.version)
		g->o.handlers.version(g->o.handlers.arg, g->controller, 1);
	ms_mg_state_go(g, MS_MG_REGISTERING, "registration");
	if (!send_change(g, &g->root, MG_ASK_REGISTER, &sc))
		next_controller(g, "registration not sent", now);
}

/* ---- and its answer ---- */

static const struct ms_h248_service_change *answer_of(const struct ms_h248_transaction *t)
{
	for (const struct ms_h248_action *a = t->actions; a; a = a->next)
		for (const struct ms_h248_command *c = a->commands; c; c = c->next)
			if (c->verb == MS_H248_SERVICE_CHANGE && c->service_change)
				return c->service_change;
	return NULL;
}

static void follow(struct ms_mg *g, const struct ms_h248_mid *where, ms_usec now)
{
	unsigned to = MS_MG_STRANGER;

	if (g->o.handlers.redirect && ++g->redirects <= REDIRECTS_MAX)
		to = g->o.handlers.redirect(g->o.handlers.arg, where);
	if (to == MS_MG_STRANGER) {
		next_controller(g, "sent to a controller that is not ours", now);
		return;
	}
	if (to >= g->o.controllers)
		g->o.controllers = to + 1;
	g->controller = to;
	g->handoff = true;
	wait_for(g, 0, now);
	ms_mg_state_go(g, MS_MG_WAITING, "sent to another controller");
}

static bool profile_fits(const struct ms_mg *g, struct ms_span theirs)
{
	return !theirs.len || g->o.any_profile || ms_span_is_nocase(theirs, g->profile);
}

static void taken_in(struct ms_mg *g, const struct ms_h248_service_change *sc, ms_usec now)
{
	if (sc && sc->version)
		g->version = sc->version;
	if (g->o.handlers.version)
		g->o.handlers.version(g->o.handlers.arg, g->controller, g->version);
	if (sc && (sc->address.kind != MS_H248_MID_NONE || sc->address.port_only) &&
	    g->o.handlers.address)
		g->o.handlers.address(g->o.handlers.arg, g->controller, &sc->address);
	g->previous = g->controller;
	g->handoff = false;
	g->tried = g->redirects = 0;
	g->lost_at = MS_NEVER;
	g->heard = now;
	g->ito_asked = false;
	mg_count(g, "registered");
	ms_mg_state_go(g, MS_MG_IN_SERVICE, "registered");
	ms_mg_notify_missed(g, now);
	if (g->draining)
		(void)ms_mg_tell_change(g, &g->root, MS_H248_SC_GRACEFUL,
					"905 Termination Taken Out of Service", g->o.drain);
}

static void refused(struct ms_mg *g, unsigned code, ms_usec now)
{
	mg_count(g, "registration_refused");
	if (code == 406 && g->version > 1) {
		g->version--;
		wait_for(g, 0, now);
		ms_mg_state_go(g, MS_MG_WAITING, "version refused: a lower one");
		return;
	}
	next_controller(g,
			code == 406                  ? "version refused"
			: code == 459 || code == 461 ? "profile refused"
						     : "registration refused",
			now);
}

void ms_mg_register_answered(struct ms_mg *g, int err, const struct ms_h248_transaction *t,
			     ms_usec now)
{
	const struct ms_h248_service_change *sc = err ? NULL : answer_of(t);
	unsigned code = err ? 0 : ms_mg_error_of(t);

	if (err)
		next_controller(g, "controller does not answer", now);
	else if (code)
		refused(g, code, now);
	else if (sc && sc->mgc_id.kind != MS_H248_MID_NONE)
		follow(g, &sc->mgc_id, now);
	else if (sc && sc->version > g->version)
		next_controller(g, "controller wants a higher version", now);
	else if (sc && !profile_fits(g, sc->profile))
		next_controller(g, "controller wants another profile", now);
	else
		taken_in(g, sc, now);
}

void ms_mg_message_error(struct ms_mg *g, unsigned controller, unsigned code, ms_usec now)
{
	if (g->state == MS_MG_REGISTERING && controller == g->controller)
		refused(g, code, now);
}

/* ---- loss ---- */

void ms_mg_look_for(struct ms_mg *g, unsigned first, const char *why, ms_usec now)
{
	if (g->lost_at == MS_NEVER)
		g->lost_at = now;
	g->tried = 0;
	g->controller = first;
	g->version = g->o.version;
	wait_for(g, 0, now);
	ms_mg_state_go(g, MS_MG_WAITING, why);
}

/* RFC 3525 section 11.5: the first of the list, unless that is the one that failed. */
void ms_mg_controller_lost(struct ms_mg *g, unsigned controller, ms_usec now)
{
	if (controller != g->controller)
		return;
	if (g->state == MS_MG_REGISTERING) {
		next_controller(g, "connection lost", now);
	} else if (g->state == MS_MG_IN_SERVICE) {
		mg_count(g, "controller_lost");
		ms_mg_look_for(g, controller == 0 ? 1 % g->o.controllers : 0, "controller lost",
			       now);
	}
}

unsigned ms_mg_handoff(struct ms_mg *g, const struct ms_h248_service_change *sc, ms_usec now)
{
	unsigned to = MS_MG_STRANGER;

	if (sc->mgc_id.kind == MS_H248_MID_NONE)
		return 472;
	if (g->o.handlers.redirect)
		to = g->o.handlers.redirect(g->o.handlers.arg, &sc->mgc_id);
	if (to == MS_MG_STRANGER)
		return 410;
	if (to >= g->o.controllers)
		g->o.controllers = to + 1;
	g->handoff_to = to;
	g->handoff_due = now;
	return 0;
}

/* ---- the operator ---- */

void ms_mg_drain(struct ms_mg *g, bool drain, ms_usec now)
{
	(void)now;
	if (g->draining == drain)
		return;
	g->draining = drain;
	(void)ms_mg_tell_change(g, &g->root, drain ? MS_H248_SC_GRACEFUL : MS_H248_SC_RESTART,
				drain ? "905 Termination Taken Out of Service"
				      : "900 Service Restored",
				drain ? g->o.drain : 0);
}

void ms_mg_close(struct ms_mg *g, ms_usec now)
{
	(void)now;
	(void)ms_mg_tell_change(g, &g->root, MS_H248_SC_FORCED,
				"905 Termination Taken Out of Service", 0);
	ms_mg_state_go(g, MS_MG_CLOSED, "closed");
}

/* ---- time ---- */

/* H.248.14: so long without a word of the controller. */
static ms_usec ito_at(const struct ms_mg *g)
{
	const struct mg_armed *a = ms_mg_events_find(g->root.events, MS_H248_IT_ITO, 0);

	return a && g->state == MS_MG_IN_SERVICE && !g->ito_asked
		       ? g->heard + (ms_usec)a->value * g->o.ito_unit_ms * MS_MSEC
		       : MS_NEVER;
}

static ms_usec hold_at(const struct ms_mg *g)
{
	return g->lost_at == MS_NEVER ? MS_NEVER : ms_usec_add(g->lost_at, g->o.hold);
}

static void hand_off(struct ms_mg *g, ms_usec now)
{
	g->handoff_due = MS_NEVER;
	if (g->lost_at == MS_NEVER)
		g->lost_at = now;
	g->controller = g->handoff_to;
	g->handoff = true;
	g->tried = 0;
	g->version = g->o.version;
	wait_for(g, 0, now);
	ms_mg_state_go(g, MS_MG_WAITING, "handed off");
}

void ms_mg_control_tick(struct ms_mg *g, ms_usec now)
{
	if (g->handoff_due <= now && g->state == MS_MG_IN_SERVICE)
		hand_off(g, now);
	if (g->state == MS_MG_WAITING && g->due <= now)
		try_register(g, now);
	if (ito_at(g) <= now) {
		g->ito_asked = true;
		ms_mg_notify_root(g, MS_H248_IT_ITO, 0, MG_ASK_ITO, now);
	}
	if (hold_at(g) <= now) {
		mg_count(g, "held_contexts_released");
		ms_mg_release_all(g, now);
		g->previous = MS_MG_STRANGER;                      /* we come as new */
		g->lost_at = g->figures.contexts ? now : MS_NEVER; /* some wait for the plane */
	}
}

ms_usec ms_mg_control_deadline(const struct ms_mg *g)
{
	ms_usec ret = g->state == MS_MG_WAITING ? g->due : MS_NEVER;
	ms_usec more[] = { ito_at(g), hold_at(g),
			   g->state == MS_MG_IN_SERVICE ? g->handoff_due : MS_NEVER };

	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		if (more[i] < ret)
			ret = more[i];
	return ret;
}

void ms_mg_heard(struct ms_mg *g, unsigned controller, ms_usec now)
{
	if (controller != g->controller)
		return;
	g->heard = now;
	g->ito_asked = false;
}
