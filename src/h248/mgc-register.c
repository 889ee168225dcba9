/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServiceChange of gateways (RFC 3525 sections 7.2.8 and 11): registration with version and profile,
 * leaving, coming back.
 */
#include "h248/mgc-priv.h"

#include <stdio.h>

/* ---- versions and profiles ---- */

/* RFC 3525 section 11.3: the lower of both; 0: it cannot be. */
static uint8_t agree(const struct ms_mgc *m, uint8_t theirs)
{
	if (!theirs)
		theirs = 1;
	return theirs < m->o.version ? theirs : m->o.version;
}

static bool profile_fits(const struct ms_mgc *m, struct ms_span theirs)
{
	struct ms_span ours = ms_span_str(m->o.profile);

	return m->o.any_profile ||
	       ms_span_eq_nocase(ms_span_cut(&theirs, '/'), ms_span_cut(&ours, '/'));
}

/* ---- methods on ROOT ---- */

enum outcome { COLD, RESYNC, DRAIN, LEAVE };

/* The reason is "901 Cold Boot": a number and words. */
static unsigned reason_of(const struct ms_h248_service_change *s)
{
	struct ms_span text = ms_span_trim(s->reason), number = ms_span_cut(&text, ' ');
	uint64_t n = 0;

	return ms_span_u64(number, 999, &n) ? 0 : (unsigned)n;
}

/* A warm boot (902) and a restored service (900) keep contexts; the audit shows. */
static enum outcome outcome_of(const struct ms_h248_service_change *s)
{
	switch (s->method) {
	case MS_H248_SC_GRACEFUL:
		return DRAIN;
	case MS_H248_SC_FORCED:
		return LEAVE;
	case MS_H248_SC_DISCONNECTED:
	case MS_H248_SC_FAILOVER:
	case MS_H248_SC_HANDOFF:
		return RESYNC;
	default:
		return reason_of(s) == 900 || reason_of(s) == 902 ? RESYNC : COLD;
	}
}

static void answer(struct ms_mgc_gateway *g, const struct ms_h248_service_change *s,
		   struct ms_h248_command *reply)
{
	struct ms_h248_service_change *r = ms_h248_arena_get(&g->m->arena, sizeof(*r));

	if (!r)
		return;
	r->version = g->version;
	/* only who negotiates one names it (section 7.2.8) */
	if (s->profile.len)
		r->profile = s->profile;
	reply->service_change = r;
}

static void registered(struct ms_mgc_gateway *g, const struct ms_h248_service_change *s)
{
	const struct ms_mgc_handlers *h = &g->m->h;

	g->version = agree(g->m, s->version);
	if (s->profile.len && ms_span_to_str(s->profile, g->profile, sizeof(g->profile)))
		g->profile[0] = '\0';
	g->drain_gateway = false;
	ms_mgc_count(g->m, "mgc_registered");
	if (h->version)
		h->version(h->arg, g, g->version);
	if (h->address && (s->address.kind != MS_H248_MID_NONE || s->address.port_only))
		h->address(h->arg, g, &s->address);
}

/* Whoever set up that gateway reads there what it should be. */
static void refuse_profile(struct ms_mgc_gateway *g, struct ms_h248_command *reply)
{
	char text[128];
	struct ms_span copy;

	ms_mgc_error(g->m, reply, 459, "profile not supported");
	(void)snprintf(text, sizeof(text), "profile not supported: %s is", g->m->o.profile);
	copy = ms_h248_arena_copy(&g->m->arena, ms_span_str(text));
	if (reply->error && copy.len)
		reply->error->text = copy;
}

static void root_reply(struct ms_mgc_gateway *g, const struct ms_h248_service_change *s,
		       struct ms_h248_command *reply)
{
	enum outcome what = outcome_of(s);
	bool joins = what == COLD || what == RESYNC;

	if (joins && (s->profile.len ? !profile_fits(g->m, s->profile)
				     : !g->m->o.any_profile && !g->version)) {
		ms_mgc_count(g->m, "mgc_registration_refused");
		refuse_profile(g, reply);
		return;
	}
	if (joins)
		registered(g, s);
	answer(g, s, reply);
}

static void root_act(struct ms_mgc_gateway *g, const struct ms_h248_service_change *s, ms_usec now)
{
	switch (outcome_of(s)) {
	case COLD:
		ms_mgc_gateway_go(g, MS_MGC_AWAY, "restarts");
		ms_mgc_lose_all(g, MS_MGC_LOST_RESTART);
		ms_mgc_gateway_came(g, "restarted", now);
		break;
	case RESYNC:
		ms_mgc_gateway_came(g, "ServiceChange", now);
		break;
	case DRAIN:
		g->drain_gateway = true;
		if (g->state == MS_MGC_IN_SERVICE)
			ms_mgc_gateway_go(g, MS_MGC_DRAINING, "ServiceChange Graceful");
		break;
	case LEAVE:
		g->version = 0;
		g->next_beat = g->give_up = MS_NEVER;
		ms_mgc_gateway_go(g, MS_MGC_AWAY, "ServiceChange Forced");
		ms_mgc_lose_all(g, MS_MGC_LOST_GATEWAY);
		break;
	}
}

/* ---- terminations that change by themselves ---- */

/* Forced on a termination: its bearer has gone, what is left is to subtract it. */
static void termination_act(struct ms_mgc_gateway *g, uint32_t context,
			    const struct ms_h248_command *cmd)
{
	struct ms_mgc_context *c = ms_hash_get(g->ids, ms_span_of(&context, sizeof(context)));
	struct ms_bearer_event e = { .kind = MS_BEARER_RELEASED,
				     .general = MS_BEARER_TEMPORARY,
				     .alert = 255,
				     .cause = "service-change" };
	int slot = c ? ms_mgc_slot_of(c, cmd->terminations) : -1;

	if (slot >= 0 && cmd->service_change->method == MS_H248_SC_FORCED)
		c->h.event(c->h.arg, c, (unsigned)slot, &e);
}

static bool on_root(const struct ms_h248_command *cmd)
{
	return cmd->terminations && cmd->terminations->kind == MS_H248_TERMINATION_ROOT;
}

void ms_mgc_service_change_reply(struct ms_mgc_gateway *g, uint32_t context,
				 const struct ms_h248_command *cmd, struct ms_h248_command *reply)
{
	if (!cmd->service_change || cmd->service_change->method == MS_H248_SC_ABSENT)
		ms_mgc_error(g->m, reply, 442, "ServiceChange without a method");
	else if (on_root(cmd))
		root_reply(g, cmd->service_change, reply);
	else if (!ms_hash_get(g->ids, ms_span_of(&context, sizeof(context))))
		ms_mgc_error(g->m, reply, 411, "no such context here");
}

void ms_mgc_service_change_act(struct ms_mgc_gateway *g, uint32_t context,
			       const struct ms_h248_command *cmd, ms_usec now)
{
	if (on_root(cmd))
		root_act(g, cmd->service_change, now);
	else
		termination_act(g, context, cmd);
}
