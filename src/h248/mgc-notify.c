/* SPDX-License-Identifier: Apache-2.0 */
/* Notify: bearers, hanging terminations (H.248.36), silence (H.248.14), overload (H.248.10, .11). */
#include "h248/mgc-priv.h"

static bool on_root(const struct ms_h248_command *cmd)
{
	return cmd->terminations && cmd->terminations->kind == MS_H248_TERMINATION_ROOT;
}

static struct ms_mgc_context *context_of(const struct ms_mgc_gateway *g, uint32_t id)
{
	return ms_hash_get(g->ids, ms_span_of(&id, sizeof(id)));
}

static bool is_heartbeat(const struct ms_h248_command *cmd)
{
	return cmd->observed && cmd->observed->name.ref == MS_H248_HANGTERM_THB;
}

/*
 * A termination nobody here knows: 430 or 435, upon which its gateway or we get rid of it. Not as long
 * as we are finding out what there is, or a reply that names the context is on its way.
 */
void ms_mgc_notify_reply(struct ms_mgc_gateway *g, uint32_t context,
			 const struct ms_h248_command *cmd, struct ms_h248_command *reply)
{
	struct ms_mgc_context *c = context_of(g, context);

	if (!cmd->terminations || !cmd->has_observed) {
		ms_mgc_error(g->m, reply, 442, "Notify without observed events");
		return;
	}
	if (on_root(cmd) || g->state == MS_MGC_AWAY || g->state == MS_MGC_COMING)
		return;
	ms_mgc_count(g->m, is_heartbeat(cmd) ? "mgc_notify_heartbeat" : "mgc_notify");
	if (c && ms_mgc_slot_of(c, cmd->terminations) < 0 && !c->order)
		ms_mgc_error(g->m, reply, 435, "not in this context");
	else if (!c)
		ms_mgc_error(g->m, reply, 430, "nobody here knows it");
	if (reply->error)
		ms_mgc_count(g->m, "mgc_notify_unknown");
}

static void root_act(struct ms_mgc_gateway *g, const struct ms_h248_command *cmd, ms_usec now)
{
	for (const struct ms_h248_observed *o = cmd->observed; o; o = o->next) {
		const struct ms_h248_param *p = o->params;
		int64_t percent;

		if (o->name.ref == MS_H248_OCP_MG_OVERLOAD) {
			ms_mgc_load_overload(&g->load, now);
			ms_mgc_count(g->m, "mgc_overload_reported");
		} else if (o->name.ref == MS_H248_CHP_MGCON && p && p->values &&
			   !ms_h248_value_number(g->m->o.coding.registry,
						 MS_H248_CHP_MGCON_REDUCTION, p->values,
						 &percent)) {
			ms_mgc_load_reduce(&g->load, (unsigned)percent);
			ms_mgc_count(g->m, "mgc_overload_reported");
		}
	}
}

/* The holder may release the context, and with it everything, in any of these calls. */
static void bearer_act(struct ms_mgc_gateway *g, uint32_t context,
		       const struct ms_h248_command *cmd)
{
	for (const struct ms_h248_observed *o = cmd->observed; o; o = o->next) {
		struct ms_mgc_context *c = context_of(g, context);
		int slot = c ? ms_mgc_slot_of(c, cmd->terminations) : -1;
		struct ms_bearer_event e;
		uint16_t stream;

		if (slot < 0)
			return;
		if (ms_h248_coding_get_event(&g->m->o.coding, o, &stream, &e) < 0)
			continue;
		c->h.event(c->h.arg, c, (unsigned)slot, &e);
	}
}

void ms_mgc_notify_act(struct ms_mgc_gateway *g, uint32_t context,
		       const struct ms_h248_command *cmd, ms_usec now)
{
	if (on_root(cmd))
		root_act(g, cmd, now);
	else
		bearer_act(g, context, cmd);
}
