/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions: the commands and attributes of one context, of a new one, of the null context, or of all
 * contexts, perhaps of a selection (RFC 3525 sections 6.1, 8 and 8.1.2).
 */
#include "h248/mg-priv.h"

static struct ms_h248_action *reply_action(struct mg_job *j, uint32_t context)
{
	struct ms_h248_action *a = ms_h248_arena_get(&j->arena, sizeof(*a));
	struct ms_h248_action **at = &j->reply.actions;

	if (!a) {
		j->broken = true;
		return NULL;
	}
	a->context = context;
	while (*at)
		at = &(*at)->next;
	*at = a;
	return a;
}

static bool refuse(struct mg_job *j, struct ms_h248_action *reply, unsigned code)
{
	if (reply)
		reply->error = ms_mg_error(j, code);
	j->g->figures.errors++;
	return false;
}

/* An action in one context (NULL: the null context), or the part there of one in all. */
struct run {
	struct mg_job *j;
	const struct ms_h248_action *a;
	struct ms_h248_command **merged; /* in all: of each command, its one reply */
	bool everywhere;
};

/* True: go on. */
static bool run_commands(const struct run *r, struct mg_context *c, struct ms_h248_action *reply)
{
	size_t i = 0;

	r->j->chosen = NULL;
	for (const struct ms_h248_command *cmd = r->a->commands; cmd; cmd = cmd->next, i++) {
		struct mg_call call = { .job = r->j,
					.context = c,
					.reply = reply,
					.cmd = cmd,
					.merged = r->merged ? &r->merged[i] : NULL,
					.everywhere = r->everywhere };

		if (c && !c->n && cmd->verb != MS_H248_ADD && cmd->verb != MS_H248_MOVE)
			reply->error = ms_mg_error(r->j, 411); /* its last termination has gone */
		if (reply->error || (ms_mg_command_run(&call) && !cmd->optional))
			return false;
	}
	return true;
}

static bool run_attributes(const struct run *r, struct mg_context *c, struct ms_h248_action *reply)
{
	struct mg_mark mark = r->j->at;
	unsigned code =
		r->a->attributes.present
			? ms_mg_context_attributes(r->j, c, &r->a->attributes, &reply->attributes)
			: 0;

	if (!code)
		return true;
	ms_mg_undo_to(r->j, &mark);
	return refuse(r->j, reply, code);
}

/* RFC 3525 B.2: the reply to an action is never empty. */
static void say_something(const struct mg_context *c, struct ms_h248_action *reply)
{
	struct ms_h248_context *x = &reply->attributes;

	if (reply->commands || x->topology || x->emergency || x->ieps || x->has_priority)
		return;
	x->present = x->has_priority = true;
	x->priority = c->attributes.priority;
}

static bool run_in(const struct run *r, struct mg_context *c, struct ms_h248_action *reply)
{
	ms_mg_touch(r->j, c);
	/* attributes may name terminations that the commands add */
	if (!run_commands(r, c, reply) || !run_attributes(r, c, reply))
		return false;
	say_something(c, reply);
	return true;
}

/* ---- a new context ---- */

static unsigned make(struct mg_job *j, struct mg_context **ret_c)
{
	struct mg_context *c = NULL;
	struct mg_undo *u;
	/* calls that are there may go on (H.248.11) */
	unsigned code = ms_mg_closed(j->g)  ? 503
			: j->g->load >= 100 ? 511
					    : ms_mg_context_new(j->g, &c);

	if (code == 511)
		mg_count(j->g, "overload_refused");
	if (code)
		return code;
	u = ms_mg_undo_new(j, MG_UNDO_CONTEXT, c);
	if (!u) {
		ms_mg_context_free(j->g, c);
		return 510;
	}
	*ret_c = c;
	return 0;
}

static bool run_choose(const struct run *r)
{
	struct ms_h248_action *reply = reply_action(r->j, MS_H248_CONTEXT_CHOOSE);
	struct mg_mark mark = r->j->at;
	struct mg_context *c = NULL;

	if (!reply)
		return false;
	unsigned code = make(r->j, &c);
	if (code)
		return refuse(r->j, reply, code);
	reply->context = c->id;
	bool ok = run_in(r, c, reply);
	if (!c->n) { /* nothing was added: there is none */
		ms_mg_undo_to(r->j, &mark);
		reply->context = MS_H248_CONTEXT_CHOOSE;
	}
	return ok;
}

/* ---- all contexts ---- */

struct each {
	struct run r;
	struct ms_h248_action *reply; /* W-: the one of all */
	unsigned n;
	bool ok, quiet;
};

static bool is_audit(const struct ms_h248_command *cmd)
{
	return cmd->verb == MS_H248_AUDIT_VALUE || cmd->verb == MS_H248_AUDIT_CAPABILITY;
}

/* Does the action concern anything in this context? One that names nothing here is not answered. */
static bool concerns(const struct mg_job *j, const struct ms_h248_action *a,
		     const struct mg_context *c)
{
	for (const struct ms_h248_command *cmd = a->commands; cmd; cmd = cmd->next) {
		struct mg_termination *t;
		struct mg_pattern p;
		struct ms_list *l;

		if (ms_mg_pattern_read(j->g, cmd->terminations, &p))
			continue;
		if (p.kind == MG_PATTERN_ROOT && is_audit(cmd))
			return true;
		mg_each_termination(t, l, c)
		{
			if (ms_mg_pattern_has(&p, t) && p.kind != MG_PATTERN_ROOT)
				return true;
		}
	}
	return !a->commands;
}

static struct ms_h248_action *reply_of(struct each *e, const struct mg_context *c)
{
	if (!e->quiet)
		return reply_action(e->r.j, c->id);
	if (!e->reply)
		e->reply = reply_action(e->r.j, MS_H248_CONTEXT_ALL);
	return e->reply;
}

static bool run_each(struct mg_context *c, void *arg)
{
	struct each *e = arg;
	struct ms_h248_action *reply;

	if (!c->n || !ms_mg_context_selected(c, &e->r.a->attributes) ||
	    !concerns(e->r.j, e->r.a, c))
		return true;
	e->n++;
	reply = reply_of(e, c);
	if (!reply || !run_in(&e->r, c, reply))
		e->ok = false;
	return e->r.j->commands <= e->r.j->g->limits.commands && !(e->quiet && !e->ok);
}

/* W- on all commands: one action reply with ContextID ALL (the example in RFC 3525 section 7.2.5). */
static bool prepare(struct each *e)
{
	size_t n = 0;

	e->quiet = e->r.a->commands && !e->r.a->attributes.audit;
	for (const struct ms_h248_command *cmd = e->r.a->commands; cmd; cmd = cmd->next) {
		e->quiet &= cmd->wildcard_response;
		e->ok &= cmd->verb != MS_H248_ADD && cmd->verb != MS_H248_MOVE;
		n++;
	}
	if (!e->quiet)
		return true;
	e->r.merged = ms_h248_arena_get(&e->r.j->arena, n * sizeof(*e->r.merged));
	e->r.j->broken |= !e->r.merged;
	return e->r.merged != NULL;
}

static bool run_everywhere(const struct run *r)
{
	struct each e = { .r = *r, .ok = true };

	e.r.everywhere = true;
	if (!prepare(&e))
		return false;
	if (e.ok)
		ms_mg_contexts_each(r->j->g, run_each, &e);
	if (e.n)
		return e.ok;
	return refuse(r->j, reply_action(r->j, MS_H248_CONTEXT_ALL), e.ok ? 431 : 421);
}

/* ---- one action ---- */

static bool run_action(struct mg_job *j, const struct ms_h248_action *a)
{
	const struct run r = { .j = j, .a = a };
	struct ms_h248_action *reply;
	struct mg_context *c;
	unsigned code = ms_mg_context_selection(j, a->context, &a->attributes);

	if (code)
		return refuse(j, reply_action(j, a->context), code);
	if (a->context == MS_H248_CONTEXT_CHOOSE)
		return run_choose(&r);
	if (a->context == MS_H248_CONTEXT_ALL)
		return run_everywhere(&r);
	reply = reply_action(j, a->context);
	if (!reply)
		return false;
	if (a->context == MS_H248_CONTEXT_NULL)
		return a->attributes.present ? refuse(j, reply, 421)
					     : run_commands(&r, NULL, reply);
	c = ms_mg_context_find(j->g, a->context);
	if (!c || !c->n)
		return refuse(j, reply, 411);
	return run_in(&r, c, reply);
}

void ms_mg_actions_run(struct mg_job *j, const struct ms_h248_transaction *t)
{
	for (const struct ms_h248_action *a = t->actions; a; a = a->next)
		if (!run_action(j, a))
			return;
}
