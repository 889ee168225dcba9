/* SPDX-License-Identifier: Apache-2.0 */
/* What a transaction has for the media plane to do: its order, pairs, and how to take it back. */
#include "h248/mg-priv.h"

static struct mg_op **list_of(struct mg_job *j, enum mg_op_list list)
{
	return list == MG_OP_SETS      ? &j->at.sets
	       : list == MG_OP_SIGNALS ? &j->at.signals
				       : &j->at.ends;
}

struct ms_plane_op *ms_mg_op_new(struct mg_job *j, enum mg_op_list list, enum ms_plane_verb verb,
				 struct mg_stream *s)
{
	struct mg_op **top = list_of(j, list), *op = ms_h248_arena_get(&j->arena, sizeof(*op));

	if (!op)
		return NULL;
	op->prev = *top;
	*top = op;
	op->stream = s;
	op->op.verb = verb;
	op->op.endpoint = s->endpoint;
	op->op.context = s->termination->set.context->id;
	op->op.home = s->termination->home;
	return &op->op;
}

/* ---- pairs ---- */

static bool isolated(const struct mg_context *c, const struct mg_termination *a,
		     const struct mg_termination *b)
{
	for (const struct mg_topology *t = c->attributes.topology; t; t = t->next)
		if (t->kind == MS_H248_TOPOLOGY_ISOLATE &&
		    ((t->from == a && t->to == b) || (t->from == b && t->to == a)))
			return true;
	return false;
}

/* The same stream of the other termination, when there is exactly one other that has it. */
static struct mg_stream *partner_of(const struct mg_context *c, const struct mg_stream *s)
{
	struct mg_stream *ret = NULL;
	struct mg_termination *t;
	struct ms_list *l;

	mg_each_termination(t, l, c)
	{
		struct mg_stream *other = t == s->termination ? NULL : ms_mg_stream_find(t, s->id);

		if (other && ret)
			return NULL;
		if (other)
			ret = other;
	}
	return ret && ret->set.live && !isolated(c, s->termination, ret->termination) ? ret : NULL;
}

static unsigned pair(struct mg_job *j, struct mg_stream *s, struct mg_stream *other)
{
	if (other && other->termination->home != s->termination->home)
		return ms_mg_refuse(j, 510, MS_SPAN_LIT("terminations live in different workers"));
	struct ms_plane_op *op = ms_mg_op_new(j, MG_OP_SETS, MS_PLANE_PAIR, s);
	if (!op)
		return 510;
	op->partner = other ? other->endpoint : 0;
	if (!other) /* who is left alone */
		other = ms_mg_endpoint_find(j->g, s->partner);
	j->at.sets->was = s->partner;
	j->at.sets->other = other;
	s->partner = op->partner;
	if (other) {
		j->at.sets->also = other->partner;
		other->partner = op->partner ? s->endpoint : 0;
	}
	return 0;
}

static unsigned pair_stream(struct mg_job *j, const struct mg_context *c, struct mg_stream *s)
{
	struct mg_stream *other = partner_of(c, s);

	if (!s->set.live || s->partner == (other ? other->endpoint : 0))
		return 0;
	return pair(j, s, other);
}

static unsigned pair_context(struct mg_job *j, const struct mg_context *c)
{
	struct mg_termination *t;
	struct ms_list *l;

	mg_each_termination(t, l, c)
	{
		for (struct mg_stream *s = t->streams; s; s = s->next) {
			unsigned code = pair_stream(j, c, s);

			if (code)
				return code;
		}
	}
	return 0;
}

unsigned ms_mg_ops_pair(struct mg_job *j)
{
	for (struct mg_context *c = j->touched; c; c = c->touched) {
		unsigned code = pair_context(j, c);

		if (code)
			return code;
	}
	return 0;
}

/* ---- order ---- */

static size_t count(const struct mg_op *op)
{
	size_t n = 0;

	for (; op; op = op->prev)
		n++;
	return n;
}

/* Lists are newest first: fill from the back. Returns where it began. */
static size_t fill(struct mg_job *j, struct mg_op *op, size_t end)
{
	for (; op; op = op->prev) {
		end--;
		j->from[end] = op;
		j->ops[end] = op->op;
	}
	return end;
}

static unsigned make_room(struct mg_job *j, size_t n)
{
	j->n_ops = n;
	if (!n)
		return 0;
	j->ops = ms_h248_arena_get(&j->arena, n * sizeof(*j->ops));
	j->from = ms_h248_arena_get(&j->arena, n * sizeof(struct mg_op *));
	return j->ops && j->from ? 0 : 510;
}

unsigned ms_mg_ops_order(struct mg_job *j)
{
	unsigned code = make_room(j, count(j->at.sets) + count(j->at.signals) + count(j->at.ends));

	if (code || !j->n_ops)
		return code;
	fill(j, j->at.sets, fill(j, j->at.signals, fill(j, j->at.ends, j->n_ops)));
	return 0;
}

/* ---- back ---- */

static void put_reverse(struct mg_job *j, const struct mg_op *op, enum ms_plane_verb verb,
			ms_plane_endpoint e, ms_plane_endpoint partner)
{
	j->ops[j->n_ops++] = (struct ms_plane_op){
		.verb = verb,
		.endpoint = e,
		.partner = partner,
		.context = op->op.context,
		.home = op->op.home,
		.certificate = op->old_certificate,
		.bearer = verb == MS_PLANE_SET ? op->old_bearer : MS_SPAN_NULL,
	};
}

static void reverse_pair(struct mg_job *j, const struct mg_op *op)
{
	op->stream->partner = op->was;
	put_reverse(j, op, MS_PLANE_PAIR, op->stream->endpoint, op->was);
	if (!op->other)
		return;
	op->other->partner = op->also;
	if (op->also)
		put_reverse(j, op, MS_PLANE_PAIR, op->other->endpoint, op->also);
}

void ms_mg_ops_unpair(struct mg_job *j)
{
	for (struct mg_op *op = j->at.sets; op; op = op->prev) {
		if (op->op.verb != MS_PLANE_PAIR)
			continue;
		op->stream->partner = op->was;
		if (op->other)
			op->other->partner = op->also;
	}
}

/* Deletions go last: two passes. */
static void reverse_all(struct mg_job *j, const struct ms_plane_op *done, struct mg_op **from,
			size_t n, bool deletions)
{
	for (size_t i = n; i-- > 0;) {
		struct mg_op *op = from[i];
		bool made = op->op.verb == MS_PLANE_SET && !op->was_live;

		if (done[i].error || op->op.verb > MS_PLANE_PAIR || made != deletions)
			continue;
		if (made)
			put_reverse(j, op, MS_PLANE_DELETE, op->op.endpoint, 0);
		else if (op->op.verb == MS_PLANE_SET)
			put_reverse(j, op, MS_PLANE_SET, op->op.endpoint, 0);
		else
			reverse_pair(j, op);
	}
}

bool ms_mg_ops_reverse(struct mg_job *j)
{
	const struct ms_plane_op *done = j->ops;
	struct mg_op **from = j->from;
	size_t n = j->n_ops;

	if (make_room(j, 2 * n))
		return false;
	j->n_ops = 0;
	reverse_all(j, done, from, n, false);
	reverse_all(j, done, from, n, true);
	return j->n_ops > 0;
}
