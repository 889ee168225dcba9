/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request of the controller: who may ask, which terminations its commands are about, and what follows a
 * command that fails (RFC 3525 section 8).
 */
#include <errno.h>

#include "h248/mg-priv.h"

struct ms_h248_command *ms_mg_reply_add(struct mg_job *j, struct ms_h248_action *a,
					enum ms_h248_verb verb, struct ms_h248_termination *id)
{
	struct ms_h248_command *r = id ? ms_h248_arena_get(&j->arena, sizeof(*r)) : NULL;
	struct ms_h248_command **at = &a->commands;

	if (!r)
		return NULL;
	r->verb = verb;
	r->terminations = id;
	while (*at)
		at = &(*at)->next;
	*at = r;
	return r;
}

/* The id as it came, for a reply to a wildcard or an error. */
static struct ms_h248_termination *same_id(struct mg_job *j, const struct ms_h248_termination *id)
{
	struct ms_h248_termination *r = ms_h248_arena_get(&j->arena, sizeof(*r));

	if (!r)
		return NULL;
	r->kind = id->kind;
	r->name = ms_h248_arena_copy(&j->arena, id->name);
	r->octets = ms_h248_arena_copy(&j->arena, id->octets);
	r->wildcard = ms_h248_arena_copy(&j->arena, id->wildcard);
	return r;
}

/* The command's error, in a reply of its own. */
static void put_error(struct mg_call *c, struct ms_h248_termination *id, unsigned code)
{
	struct ms_h248_command *r = ms_mg_reply_add(c->job, c->reply, c->cmd->verb, id);

	if (r)
		r->error = ms_mg_error(c->job, code);
	else
		c->job->broken = true;
	c->job->g->figures.errors++;
	mg_count(c->job->g, "command_failed");
}

/* ---- one command on one termination ---- */

static struct ms_h248_command *audit_reply(struct mg_call *c, const struct mg_termination *t)
{
	return c->quiet ? *c->merged
			: ms_mg_reply_add(c->job, c->reply, c->cmd->verb,
					  ms_mg_name_node(c->job->g, &c->job->arena, t));
}

static unsigned audit_value(struct mg_call *c, struct mg_termination *t)
{
	struct ms_h248_command *r = audit_reply(c, t);

	if (!r)
		return 510;
	return c->cmd->audit ? ms_mg_audit(c->job, t, c->cmd->audit, r) : 0;
}

static unsigned audit_capability(struct mg_call *c, struct mg_termination *t)
{
	struct ms_h248_command *r = audit_reply(c, t);

	if (!r)
		return 510;
	return c->cmd->audit ? ms_mg_audit_capability(c->job, t, c->cmd->audit, r) : 0;
}

static unsigned (*const verbs[MS_H248_VERB_COUNT])(struct mg_call *, struct mg_termination *) = {
	[MS_H248_MODIFY] = ms_mg_modify,
	[MS_H248_MOVE] = ms_mg_move,
	[MS_H248_SUBTRACT] = ms_mg_subtract,
	[MS_H248_AUDIT_VALUE] = audit_value,
	[MS_H248_AUDIT_CAPABILITY] = audit_capability,
	[MS_H248_SERVICE_CHANGE] = ms_mg_service_change,
};

/* Validated and carried out as a whole or not at all. */
static unsigned attempt(struct mg_call *c, struct mg_termination *t)
{
	struct mg_job *j = c->job;
	struct mg_mark mark = j->at;
	struct mg_termination *made = NULL;
	struct ms_h248_command **end = &c->reply->commands;

	while (*end)
		end = &(*end)->next;
	if (++j->commands > j->g->limits.commands)
		return ms_mg_refuse(j, 510, MS_SPAN_LIT("too many commands"));
	j->g->figures.commands++;
	if (t)
		t->touched = (uint32_t)(j->now / MS_SEC);
	unsigned code = t ? verbs[c->cmd->verb](c, t) : ms_mg_add(c, &made);
	if (!code && !j->chosen)
		j->chosen = made;
	if (!code)
		return 0;
	*end = NULL; /* what it had put into the reply */
	ms_mg_undo_to(j, &mark);
	put_error(c, t ? ms_mg_name_node(j->g, &j->arena, t) : same_id(j, c->cmd->terminations),
		  code);
	return code;
}

static unsigned refuse_id(struct mg_call *c, const struct ms_h248_termination *id, unsigned code)
{
	put_error(c, same_id(c->job, id), code);
	return code;
}

/* Wildcards: each is attempted; an error does not keep from the rest (RFC 3525 section 8). */
static unsigned run_all(struct mg_call *c, unsigned *n)
{
	struct mg_context *where = c->context;
	struct ms_list *l, *tmp;
	unsigned ret = 0;

	ms_list_foreach_safe (l, tmp, &where->terminations) {
		struct mg_termination *t = mg_termination_of(l);
		unsigned code;

		if (t->gone || !ms_mg_pattern_has(&c->pattern, t))
			continue;
		++*n;
		code = attempt(c, t);
		ret = code ? code : ret;
		if (c->job->commands > c->job->g->limits.commands)
			break;
	}
	return ret;
}

/* W-: one reply for all; of audits the union of what there is (RFC 3525 section 7.2.5). */
static unsigned run_quiet(struct mg_call *c, const struct ms_h248_termination *id, unsigned *n)
{
	struct ms_h248_command *own = NULL, **end = &c->reply->commands;

	if (!c->merged)
		c->merged = &own;
	c->quiet = true;
	while (*end)
		end = &(*end)->next;
	if (!*c->merged)
		*c->merged = ms_mg_reply_add(c->job, c->reply, c->cmd->verb, same_id(c->job, id));
	else
		end = NULL;
	if (!*c->merged)
		return 510;
	unsigned code = run_all(c, n);
	if (end && (code || !*n)) {
		*end = (*end)->next; /* the errors speak for themselves */
		*c->merged = NULL;
	}
	return code;
}

static unsigned run_wildcard(struct mg_call *c, const struct ms_h248_termination *id)
{
	unsigned n = 0, code;

	if (c->cmd->verb == MS_H248_MOVE)
		return refuse_id(c, id, 421);
	code = c->cmd->wildcard_response ? run_quiet(c, id, &n) : run_all(c, &n);
	return n || code || c->everywhere ? code : refuse_id(c, id, 431);
}

static unsigned run_one(struct mg_call *c, const struct ms_h248_termination *id)
{
	struct mg_termination *t = ms_mg_termination_find(c->job->g, c->pattern.number);

	if (!t || t->gone || !ms_mg_pattern_has(&c->pattern, t))
		return refuse_id(c, id, 430);
	if (c->cmd->verb == MS_H248_ADD)
		return refuse_id(c, id, 433);
	if (c->cmd->verb != MS_H248_MOVE && t->set.context != c->context)
		return refuse_id(c, id, 435);
	return attempt(c, t);
}

static bool is_audit(const struct ms_h248_command *cmd)
{
	return cmd->verb == MS_H248_AUDIT_VALUE || cmd->verb == MS_H248_AUDIT_CAPABILITY;
}

/* An audit of ROOT in all contexts asks for their numbers (RFC 3525 section 7.2.5). */
static unsigned list_context(struct mg_call *c)
{
	c->job->commands++;
	return ms_mg_reply_add(c->job, c->reply, c->cmd->verb,
			       ms_mg_name_node(c->job->g, &c->job->arena, &c->job->g->root))
		       ? 0
		       : 510;
}

static unsigned run_on(struct mg_call *c, const struct ms_h248_termination *id)
{
	unsigned code = ms_mg_pattern_read(c->job->g, id, &c->pattern);

	if (code)
		return id ? refuse_id(c, id, code) : code;
	if (c->pattern.kind == MG_PATTERN_ROOT && c->everywhere && is_audit(c->cmd))
		return list_context(c);
	if (c->pattern.kind == MG_PATTERN_ROOT)
		return c->context || c->cmd->verb == MS_H248_ADD || c->cmd->verb == MS_H248_MOVE ||
				       c->cmd->verb == MS_H248_SUBTRACT ||
				       c->cmd->verb == MS_H248_NOTIFY
			       ? refuse_id(c, id, c->context ? 435 : 421)
			       : attempt(c, &c->job->g->root);
	if (c->cmd->verb == MS_H248_NOTIFY)
		return refuse_id(c, id, 443); /* the gateway's to send */
	if (!c->context)
		return refuse_id(c, id,
				 c->cmd->verb == MS_H248_ADD         ? 421
				 : c->pattern.kind == MG_PATTERN_ALL ? 431
								     : 435);
	if (c->pattern.kind == MG_PATTERN_CHOOSE)
		return c->cmd->verb == MS_H248_ADD ? attempt(c, NULL) : refuse_id(c, id, 421);
	if (c->pattern.kind == MG_PATTERN_ALL)
		return c->cmd->verb == MS_H248_ADD ? refuse_id(c, id, 421) : run_wildcard(c, id);
	return run_one(c, id);
}

/* Version 3: a command may name several terminations. */
unsigned ms_mg_command_run(struct mg_call *c)
{
	unsigned ret = 0;

	c->quiet = false;
	for (const struct ms_h248_termination *id = c->cmd->terminations; id; id = id->next) {
		unsigned code = run_on(c, id);

		ret = code ? code : ret;
	}
	return c->cmd->terminations ? ret : 410;
}

/* ---- who may ask ---- */

/* RFC 3525 section 11.5 and H.248.8: one controller commands, and only after it took us in. */
static unsigned authority(const struct ms_mg *g, unsigned controller)
{
	if (controller == MS_MG_STRANGER ||
	    (g->state == MS_MG_IN_SERVICE && controller != g->controller))
		return 504;
	return g->state == MS_MG_IN_SERVICE ? 0 : 505;
}

/* ServiceChange of ROOT is about all contexts. */
static bool changes_all(const struct ms_h248_action *a)
{
	for (const struct ms_h248_command *cmd = a->commands; cmd; cmd = cmd->next)
		if (cmd->verb == MS_H248_SERVICE_CHANGE)
			return true;
	return false;
}

static bool busy(const struct ms_mg *g, const struct ms_h248_transaction *t)
{
	for (const struct ms_h248_action *a = t->actions; a; a = a->next) {
		const struct mg_context *c;

		if (a->context == MS_H248_CONTEXT_CHOOSE)
			continue;
		if (a->context == MS_H248_CONTEXT_ALL && g->n_jobs)
			return true;
		if (a->context == MS_H248_CONTEXT_NULL &&
		    (g->root_job || (g->n_jobs && changes_all(a))))
			return true;
		c = ms_mg_context_find(g, a->context);
		if (c && c->job)
			return true;
	}
	return false;
}

int ms_mg_request(struct ms_mg *g, unsigned controller, void *job,
		  const struct ms_h248_transaction *t, ms_usec now)
{
	unsigned code = authority(g, controller);
	struct mg_job *j;

	if (!code && busy(g, t))
		return -EAGAIN;
	if (!code)
		ms_mg_heard(g, controller, now);
	else
		mg_count(g, code == 504 ? "unauthorized" : "not_registered");
	j = ms_mg_job_new(g, job, now);
	if (!j) {
		struct ms_h248_error e = { .code = 510 };
		struct ms_h248_transaction r = { .kind = MS_H248_REPLY, .id = t->id, .error = &e };

		g->o.handlers.reply(g->o.handlers.arg, job, &r);
		return 0;
	}
	j->reply.kind = MS_H248_REPLY;
	j->reply.id = t->id;
	if (!code && t->error) /* the codec could not read all of it: RFC 3525 section 8.2.2 */
		code = t->error->code;
	if (code)
		j->reply.error = ms_mg_error(j, code);
	else
		ms_mg_actions_run(j, t);
	ms_mg_job_submit(j);
	ms_mg_embedded_run(g, now);
	return 0;
}

void ms_mg_request_aborted(struct ms_mg *g, void *job)
{
	struct ms_list *l;

	ms_list_foreach (l, &g->jobs) {
		struct mg_job *j = (struct mg_job *)((char *)l - offsetof(struct mg_job, link));

		if (j->cookie == job)
			j->cookie = NULL;
	}
}
