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

/* The same stream of the only other termination that has it and is not isolated from this one. */
static struct mg_stream *candidate(const struct mg_context *c, const struct mg_stream *s)
{
	struct mg_stream *ret = NULL;
	struct mg_termination *t;
	struct ms_list *l;

	mg_each_termination(t, l, c)
	{
		struct mg_stream *other = t == s->termination ? NULL : ms_mg_stream_find(t, s->id);
		enum ms_plane_flow flow;

		if (!other || !ms_mg_topology_flow(c, s, other, &flow))
			continue;
		if (ret)
			return NULL;
		ret = other;
	}
	return ret;
}

/* A connection has two ends: each must be the other's only candidate. */
static struct mg_stream *partner_of(const struct mg_context *c, const struct mg_stream *s,
				    enum ms_plane_flow *ret_flow)
{
	struct mg_stream *other = s->set.live ? candidate(c, s) : NULL;

	*ret_flow = MS_PLANE_BOTHWAY;
	if (!other || !other->set.live || candidate(c, other) != s)
		return NULL;
	(void)ms_mg_topology_flow(c, s, other, ret_flow);
	return other;
}

static uint8_t mirrored(unsigned flow)
{
	return flow == MS_PLANE_FORWARD    ? MS_PLANE_BACKWARD
	       : flow == MS_PLANE_BACKWARD ? MS_PLANE_FORWARD
					   : MS_PLANE_BOTHWAY;
}

/* `to` 0: the two are nobody's. */
static void join(struct mg_stream *s, struct mg_stream *other, ms_plane_endpoint to, unsigned flow)
{
	s->partner = to;
	s->flow = (uint8_t)flow;
	if (!other)
		return;
	other->partner = to ? s->endpoint : 0;
	other->flow = mirrored(flow);
}

static unsigned pair(struct mg_job *j, struct mg_stream *s, struct mg_stream *other,
		     ms_plane_endpoint to, enum ms_plane_flow flow)
{
	struct ms_plane_op *op = ms_mg_op_new(j, MG_OP_SETS, MS_PLANE_PAIR, s);

	if (!op)
		return 510;
	op->partner = to;
	op->flow = flow;
	j->at.sets->other = other;
	j->at.sets->was = s->partner;
	j->at.sets->was_flow = s->flow;
	join(s, other, to, flow);
	return 0;
}

/* Who has another partner from now on is alone first. */
static unsigned part_stream(struct mg_job *j, const struct mg_context *c, struct mg_stream *s)
{
	enum ms_plane_flow flow;
	struct mg_stream *other = partner_of(c, s, &flow);

	if (!s->set.live || !s->partner || (other && other->endpoint == s->partner))
		return 0;
	return pair(j, s, ms_mg_endpoint_find(j->g, s->partner), 0, MS_PLANE_BOTHWAY);
}

static unsigned pair_stream(struct mg_job *j, const struct mg_context *c, struct mg_stream *s)
{
	enum ms_plane_flow flow;
	struct mg_stream *other = partner_of(c, s, &flow);

	if (!other || (s->partner == other->endpoint && s->flow == flow))
		return 0;
	if (other->termination->home != s->termination->home)
		return ms_mg_refuse(j, 510, MS_SPAN_LIT("terminations live in different workers"));
	return pair(j, s, other, other->endpoint, flow);
}

typedef unsigned each_stream(struct mg_job *j, const struct mg_context *c, struct mg_stream *s);

static unsigned each(struct mg_job *j, const struct mg_context *c, each_stream *f)
{
	struct mg_termination *t;
	struct ms_list *l;

	mg_each_termination(t, l, c)
	{
		for (struct mg_stream *s = t->streams; s; s = s->next) {
			unsigned code = f(j, c, s);

			if (code)
				return code;
		}
	}
	return 0;
}

unsigned ms_mg_ops_pair(struct mg_job *j)
{
	static each_stream *const passes[] = { part_stream, pair_stream };

	for (size_t i = 0; i < 2; i++) {
		for (struct mg_context *c = j->touched; c; c = c->touched) {
			unsigned code = each(j, c, passes[i]);

			if (code)
				return code;
		}
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
	join(op->stream, op->other, op->was, op->was_flow);
	put_reverse(j, op, MS_PLANE_PAIR, op->stream->endpoint, op->was);
	j->ops[j->n_ops - 1].flow = op->was_flow;
}

void ms_mg_ops_unpair(struct mg_job *j)
{
	for (struct mg_op *op = j->at.sets; op; op = op->prev)
		if (op->op.verb == MS_PLANE_PAIR)
			join(op->stream, op->other, op->was, op->was_flow);
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

	if (make_room(j, n))
		return false;
	j->n_ops = 0;
	reverse_all(j, done, from, n, false);
	reverse_all(j, done, from, n, true);
	return j->n_ops > 0;
}
