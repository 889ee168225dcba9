/* SPDX-License-Identifier: Apache-2.0 */
/* Add, Modify, Move, Subtract (RFC 3525 sections 7.2.1 to 7.2.4). */
#include "h248/mg-priv.h"

#define REALM_OPEN 0xff /* the realm is not decided yet */

static struct ms_h248_command *reply_for(struct mg_call *c, const struct mg_termination *t)
{
	return ms_mg_reply_add(c->job, c->reply, c->cmd->verb,
			       ms_mg_name_node(c->job->g, &c->job->arena, t));
}

static unsigned made(struct mg_job *j, struct mg_termination *t)
{
	if (ms_mg_undo_new(j, MG_UNDO_TERMINATION, t))
		return 0;
	ms_mg_termination_free(j->g, t);
	return 510;
}

unsigned ms_mg_add(struct mg_call *c, struct mg_termination **ret_t)
{
	struct mg_job *j = c->job;
	struct ms_h248_command *reply = ms_h248_arena_get(&j->arena, sizeof(*reply)), *linked;
	struct mg_termination *t;
	unsigned code;

	if (!reply)
		return 510;
	code = ms_mg_termination_new(j->g, c->context, REALM_OPEN, &t);
	if (!code)
		code = made(j, t);
	if (code)
		return code;
	t->since = j->now;
	t->touched = (uint32_t)(j->now / MS_SEC);
	if (c->pattern.realm >= 0)
		t->realm = (uint8_t)c->pattern.realm;
	code = ms_mg_descriptors(j, t, c->cmd, reply);
	if (code)
		return code;
	if (t->realm == REALM_OPEN)
		t->realm = 0;
	linked = reply_for(c, t);
	if (!linked)
		return 510;
	reply->verb = linked->verb;
	reply->terminations = linked->terminations;
	*linked = *reply;
	*ret_t = t;
	return 0;
}

unsigned ms_mg_modify(struct mg_call *c, struct mg_termination *t)
{
	struct ms_h248_command *reply = reply_for(c, t);

	if (!reply)
		return 510;
	if (t == &c->job->g->root)
		return ms_mg_root_modify(c->job, c->cmd, reply);
	return ms_mg_descriptors(c->job, t, c->cmd, reply);
}

unsigned ms_mg_move(struct mg_call *c, struct mg_termination *t)
{
	struct mg_context *from = t->set.context;
	struct ms_h248_command *reply = reply_for(c, t);
	struct mg_undo *u;

	if (!reply)
		return 510;
	if (from->job && from->job != c->job)
		return 511;
	if (from != c->context && c->context->n >= c->job->g->limits.terminations)
		return 434;
	u = ms_mg_undo_new(c->job, MG_UNDO_SET, t);
	if (!u)
		return 510;
	u->old.set = t->set;
	ms_mg_touch(c->job, from);
	if (from != c->context) {
		unsigned code = ms_mg_topology_leave(c->job, from, t);

		if (code)
			return code;
		ms_list_remove(&t->link);
		ms_list_append(&c->context->terminations, &t->link);
		from->n--;
		c->context->n++;
		t->set.context = c->context;
	}
	return ms_mg_descriptors(c->job, t, c->cmd, reply);
}

/* ---- Subtract ---- */

static unsigned delete_stream(struct mg_job *j, struct mg_stream *s, struct mg_fixup *f,
			      struct ms_h248_command *reply)
{
	struct ms_plane_op *op;
	struct ms_bearer b;
	struct mg_undo *u;

	ms_mg_stream_bearer(s, &b);
	if (b.local.port) {
		u = ms_mg_undo_new(j, MG_UNDO_LEFT, s);
		if (u)
			u->old.port = (struct mg_port){ s->termination->realm, b.local };
	}
	bool ok = !b.local.port || u;
	ms_bearer_wipe(&b);
	if (!ok)
		return 510;
	if (!s->set.live)
		return 0;
	op = ms_mg_op_new(j, MG_OP_ENDS, MS_PLANE_DELETE, s);
	if (op && f && s->set.statistics) {
		f = ms_mg_fixup_stream(j, s, s->set.statistics, reply);
		if (!f)
			return 510;
	}
	if (!op)
		return 510;
	j->at.ends->fixup = f;
	return 0;
}

unsigned ms_mg_take_away(struct mg_job *j, struct mg_termination *t, struct ms_h248_command *reply)
{
	struct mg_fixup *f = NULL;

	if (reply) {
		f = ms_mg_fixup_new(j, t, reply);
		if (!f)
			return 510;
	}
	for (struct mg_stream *s = t->streams; s; s = s->next) {
		unsigned code = delete_stream(j, s, f, reply);

		if (code)
			return code;
	}
	if (!ms_mg_undo_new(j, MG_UNDO_GONE, t))
		return 510;
	t->gone = true;
	t->set.context->n--;
	return 0;
}

/* Statistics come unless an Audit descriptor asks for something else, or for nothing. */
unsigned ms_mg_subtract(struct mg_call *c, struct mg_termination *t)
{
	struct ms_h248_command *reply = c->quiet ? NULL : reply_for(c, t);
	const struct ms_h248_audit *audit = c->cmd->audit;
	struct ms_h248_audit rest;
	bool statistics = !audit || (audit->tokens & MS_H248_AUDIT_STATISTICS) || audit->statistics;

	if (!reply)
		return c->quiet ? ms_mg_take_away(c->job, t, NULL) : 510;
	if (audit) {
		rest = *audit;
		rest.tokens &= ~(uint32_t)MS_H248_AUDIT_STATISTICS;
		rest.statistics = NULL;
		unsigned code = ms_mg_audit(c->job, t, &rest, reply);
		if (code)
			return code;
	}
	return ms_mg_take_away(c->job, t, statistics ? reply : NULL);
}
