/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 2 procedures as transactions of one context (TS 23.334 clause 8): commands are gathered, sent
 * as one action, and their replies read back into bearers.
 */
#include "h248/mgc-priv.h"

#include <errno.h>

#include "core/alloc.h"

/* ---- construction ---- */

int ms_mgc_begin(struct ms_mgc_context *c, struct ms_mgc_procedure **ret_p)
{
	struct ms_mgc *m = c->g->m;
	struct ms_mgc_procedure *p;

	if (m->in)
		return -EBUSY;
	p = ms_zalloc(sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->order = ms_mgc_order_new(c->g, MS_MGC_ORDER_PROCEDURE);
	if (!p->order) {
		ms_free(p);
		return -ENOMEM;
	}
	ms_h248_arena_reset(&m->arena);
	p->context = c;
	p->action.context = c->id;
	p->tail = &p->action.commands;
	p->step_tail = &p->order->steps;
	m->in = p;
	*ret_p = p;
	return 0;
}

void ms_mgc_abandon(struct ms_mgc_procedure *p)
{
	if (!p)
		return;
	p->context->g->m->in = NULL;
	ms_mgc_order_free(p->order);
	ms_free(p);
}

static struct ms_mgc_step *step_of(const struct ms_mgc_procedure *p, unsigned slot)
{
	for (struct ms_mgc_step *s = p->order->steps; s; s = s->next)
		if (s->slot == slot)
			return s;
	return NULL;
}

/* A step and its command at the ends of their lists, once all of it could be made. */
static int append(struct ms_mgc_procedure *p, struct ms_mgc_step *s, struct ms_h248_command *cmd)
{
	*p->tail = cmd;
	p->tail = &cmd->next;
	*p->step_tail = s;
	p->step_tail = &s->next;
	p->n++;
	return 0;
}

static int add_step(struct ms_mgc_procedure *p, enum ms_mgc_step_kind kind, unsigned slot,
		    uint16_t stream, const struct ms_bearer *b, unsigned what)
{
	static const enum ms_h248_verb verbs[] = {
		[MS_MGC_STEP_ADD] = MS_H248_ADD,
		[MS_MGC_STEP_MODIFY] = MS_H248_MODIFY,
		[MS_MGC_STEP_SUBTRACT] = MS_H248_SUBTRACT,
	};
	struct ms_mgc *m = p->context->g->m;
	const struct ms_mgc_endpoint *e = p->context->slot[slot];
	struct ms_h248_command *cmd = ms_h248_arena_get(&m->arena, sizeof(*cmd));
	struct ms_mgc_step *s = ms_zalloc(sizeof(*s));
	int err = cmd && s ? 0 : -ENOMEM;

	if (err) {
		ms_free(s);
		return err;
	}
	*s = (struct ms_mgc_step){ .kind = kind, .slot = slot, .stream = stream };
	s->events = what & MS_H248_PUT_EVENTS ? ++m->next_events : 0;
	cmd->verb = verbs[kind];
	if (e)
		cmd->terminations = ms_mgc_termination(&m->arena, e->termination);
	else
		cmd->terminations = ms_h248_arena_get(&m->arena, sizeof(*cmd->terminations));
	if (!cmd->terminations)
		err = -ENOMEM;
	else if (!e)
		cmd->terminations->kind = MS_H248_TERMINATION_CHOOSE;
	if (!err && b) {
		s->bearer = *b;
		if (!s->bearer.heartbeat_s)
			s->bearer.heartbeat_s = m->o.thb_s;
		err = ms_h248_coding_put(&m->o.coding, &m->arena, &s->bearer, stream, what,
					 s->events, cmd);
	}
	if (err) {
		ms_bearer_wipe(&s->bearer);
		ms_free(s);
		return err;
	}
	return append(p, s, cmd);
}

int ms_mgc_reserve(struct ms_mgc_procedure *p, unsigned slot, uint16_t stream,
		   const struct ms_bearer *b)
{
	if (slot >= MS_MGC_SLOTS_MAX)
		return -ERANGE;
	if (p->context->slot[slot] || step_of(p, slot))
		return -EEXIST;
	return add_step(p, MS_MGC_STEP_ADD, slot, stream, b, MS_H248_PUT_ALL);
}

static int modify(struct ms_mgc_procedure *p, unsigned slot, const struct ms_bearer *b,
		  unsigned what)
{
	if (slot >= MS_MGC_SLOTS_MAX || !p->context->slot[slot] || step_of(p, slot))
		return -ENOENT;
	return add_step(p, MS_MGC_STEP_MODIFY, slot, p->context->slot[slot]->stream, b, what);
}

int ms_mgc_configure(struct ms_mgc_procedure *p, unsigned slot, const struct ms_bearer *b)
{
	return modify(p, slot, b, MS_H248_PUT_ALL);
}

int ms_mgc_through_connection(struct ms_mgc_procedure *p, unsigned slot, const struct ms_bearer *b)
{
	return modify(p, slot, b, 0);
}

int ms_mgc_release(struct ms_mgc_procedure *p, unsigned slot)
{
	if (slot >= MS_MGC_SLOTS_MAX || !p->context->slot[slot] || step_of(p, slot))
		return -ENOENT;
	return add_step(p, MS_MGC_STEP_SUBTRACT, slot, p->context->slot[slot]->stream, NULL, 0);
}

int ms_mgc_run(struct ms_mgc_procedure *p, ms_usec now, ms_mgc_done *done, void *arg)
{
	struct ms_mgc_context *c = p->context;
	struct ms_mgc_gateway *g = c->g;
	struct ms_mgc_order *o = p->order;
	int err = 0;

	(void)now;
	if (!p->action.commands)
		err = -ENODATA;
	else if (c->order)
		err = -EBUSY;
	else if (c->gone || g->state == MS_MGC_AWAY)
		err = -EHOSTUNREACH;
	if (err) {
		ms_mgc_abandon(p);
		return err;
	}
	o->context = c;
	o->done = done;
	o->arg = arg;
	g->m->in = NULL;
	c->order = o;
	err = ms_mgc_order_send(o, &p->action);
	if (err)
		c->order = NULL;
	ms_free(p);
	return err;
}

/* ---- replies ---- */

static uint16_t error_of(const struct ms_h248_transaction *t)
{
	if (t->error)
		return t->error->code;
	if (t->actions && t->actions->error)
		return t->actions->error->code;
	return 0;
}

static int take_termination(struct ms_mgc_context *c, const struct ms_mgc_step *s,
			    const struct ms_h248_command *reply)
{
	struct ms_mgc_endpoint *e = ms_zalloc(sizeof(*e));

	if (!e)
		return -ENOMEM;
	if (!reply->terminations || ms_mgc_termination_text(reply->terminations, e->termination)) {
		ms_free(e);
		return -EBADMSG;
	}
	e->slot = s->slot;
	e->stream = s->stream;
	e->events = s->events;
	c->slot[s->slot] = e;
	return 0;
}

/* What one command came to. A Modify may say nothing: then all is as it was asked. */
static int take_reply(struct ms_mgc_context *c, struct ms_mgc_step *s,
		      const struct ms_h248_command *reply)
{
	int err = 0;

	switch (s->kind) {
	case MS_MGC_STEP_ADD:
		err = take_termination(c, s, reply);
		if (!err)
			err = ms_h248_coding_get_reply(reply, s->stream, &s->bearer);
		return err == -ENOENT ? -EBADMSG : err;
	case MS_MGC_STEP_MODIFY:
		if (s->events)
			c->slot[s->slot]->events = s->events;
		err = ms_h248_coding_get_reply(reply, s->stream, &s->bearer);
		return err == -ENOENT ? 0 : err;
	case MS_MGC_STEP_SUBTRACT:
		c->slot[s->slot] = ms_free(c->slot[s->slot]);
		return 0;
	}
	return err;
}

/* The context's number, when the gateway chose one. */
static int take_context(struct ms_mgc_context *c, const struct ms_h248_action *a)
{
	int err;

	if (c->id != MS_H248_CONTEXT_CHOOSE)
		return 0;
	if (a->context == MS_H248_CONTEXT_NULL || a->context >= MS_H248_CONTEXT_CHOOSE)
		return -EBADMSG;
	err = ms_hash_put(c->g->ids, ms_span_of(&a->context, sizeof(a->context)), c);
	if (err)
		return err == -EEXIST ? -EBADMSG : err;
	c->id = a->context;
	return 0;
}

/* Adds of a failed procedure do not stay: the whole context when this began it. */
static void undo(struct ms_mgc_context *c, const struct ms_mgc_order *o, uint32_t made)
{
	struct ms_mgc_gateway *g = c->g;
	bool all = o->context_id == MS_H248_CONTEXT_CHOOSE;

	for (const struct ms_mgc_step *s = o->steps; s; s = s->next) {
		struct ms_h248_termination t = { .kind = MS_H248_TERMINATION_NAMED };
		struct ms_h248_audit nothing = { .tokens = 0 };
		struct ms_h248_command cmd = { .verb = MS_H248_SUBTRACT,
					       .terminations = &t,
					       .audit = &nothing };
		struct ms_h248_action action = { .context = c->id, .commands = &cmd };
		struct ms_h248_termination *named;
		struct ms_mgc_order *sub;

		if (s->kind != MS_MGC_STEP_ADD || !c->slot[s->slot])
			continue;
		ms_h248_arena_reset(&g->m->arena);
		named = ms_mgc_termination(&g->m->arena, c->slot[s->slot]->termination);
		c->slot[s->slot] = ms_free(c->slot[s->slot]);
		if (all || !named)
			continue;
		cmd.terminations = named;
		sub = ms_mgc_order_new(g, MS_MGC_ORDER_SUBTRACT);
		if (sub)
			(void)!ms_mgc_order_send(sub, &action);
	}
	if (!all)
		return;
	if (c->id != MS_H248_CONTEXT_CHOOSE)
		ms_hash_take(g->ids, ms_span_of(&c->id, sizeof(c->id)));
	c->id = MS_H248_CONTEXT_CHOOSE;
	if (made != MS_H248_CONTEXT_NULL && made < MS_H248_CONTEXT_CHOOSE)
		ms_mgc_subtract_all(g, made);
}

struct outcome {
	int status;
	uint16_t error;
	struct ms_mgc_result *results;
	size_t n;
};

static void take_commands(struct ms_mgc_context *c, struct ms_mgc_order *o,
			  const struct ms_h248_action *a, struct outcome *out)
{
	const struct ms_h248_command *r = a ? a->commands : NULL;

	for (struct ms_mgc_step *s = o->steps; s; s = s->next, r = r ? r->next : NULL) {
		struct ms_mgc_result *res = &out->results[out->n++];

		*res = (struct ms_mgc_result){ .slot = s->slot, .status = -ECANCELED };
		if (!r || out->status)
			continue;
		if (r->error) {
			res->status = out->status = -EREMOTEIO;
			res->code = out->error = r->error->code;
			continue;
		}
		res->status = take_reply(c, s, r);
		if (res->status)
			out->status = res->status;
		else if (s->kind != MS_MGC_STEP_SUBTRACT)
			res->bearer = &s->bearer;
	}
	/* fewer replies than commands, and no error to say why */
	if (!out->status && out->n && out->results[out->n - 1].status == -ECANCELED)
		out->status = -EBADMSG;
}

static void evaluate(struct ms_mgc_context *c, struct ms_mgc_order *o,
		     const struct ms_h248_transaction *t, struct outcome *out)
{
	const struct ms_h248_action *a = t->actions;

	if (t->error || !a) {
		out->status = t->error ? -EREMOTEIO : -EBADMSG;
		out->error = error_of(t);
	} else if (!a->error || a->commands) {
		out->status = a->commands && !a->commands->error ? take_context(c, a) : 0;
	}
	take_commands(c, o, out->status ? NULL : a, out);
	if (error_of(t)) {
		out->status = -EREMOTEIO;
		out->error = error_of(t);
	}
	if (out->status == -EBADMSG)
		ms_mgc_count(c->g->m, "mgc_order_nonsense");
	if (out->status)
		undo(c, o, a ? a->context : MS_H248_CONTEXT_NULL);
}

/* Nobody waits any more: what came to be must go. */
static void abandoned(struct ms_mgc_order *o, const struct ms_h248_transaction *t)
{
	const struct ms_h248_action *a = t ? t->actions : NULL;

	if (a && o->context_id == MS_H248_CONTEXT_CHOOSE && a->context != MS_H248_CONTEXT_NULL &&
	    a->context < MS_H248_CONTEXT_CHOOSE)
		ms_mgc_subtract_all(o->g, a->context);
	ms_mgc_order_free(o);
}

void ms_mgc_procedure_answered(struct ms_mgc_order *o, int err, const struct ms_h248_transaction *t,
			       ms_usec now)
{
	struct ms_mgc_context *c = o->context;
	struct ms_mgc_result results[MS_MGC_SLOTS_MAX]; /* a slot has one step at most */
	struct outcome out = { .results = results };

	(void)now;
	if (!c) {
		abandoned(o, t);
		return;
	}
	c->order = NULL;
	if (err)
		out.status = -ETIMEDOUT;
	else
		evaluate(c, o, t, &out);
	o->done(o->arg, c, out.status, out.error, results, out.n);
	ms_mgc_order_free(o);
}
