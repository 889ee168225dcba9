/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Topology descriptor of a context (RFC 3525 section 7.1.18): which way media flow between
 * terminations. What a descriptor does not mention stays; terminations that nothing was said about are
 * bothway. One rule is kept of a pair, or of a pair and stream (version 3), which then goes first.
 */
#include "core/alloc.h"
#include "h248/mg-priv.h"

static bool is_pair(const struct mg_topology *n, const struct mg_termination *a,
		    const struct mg_termination *b)
{
	return (n->from == a && n->to == b) || (n->from == b && n->to == a);
}

bool ms_mg_topology_flow(const struct mg_context *c, const struct mg_stream *from,
			 const struct mg_stream *to, enum ms_plane_flow *ret_flow)
{
	const struct mg_topology *rule = NULL;

	*ret_flow = MS_PLANE_BOTHWAY;
	for (const struct mg_topology *n = c->attributes.topology; n; n = n->next)
		if (is_pair(n, from->termination, to->termination) &&
		    (n->stream ? n->stream == from->id : !rule))
			rule = n;
	if (!rule || rule->kind == MS_H248_TOPOLOGY_BOTHWAY)
		return true;
	if (rule->kind == MS_H248_TOPOLOGY_ONEWAY)
		*ret_flow = rule->from == from->termination ? MS_PLANE_FORWARD : MS_PLANE_BACKWARD;
	return rule->kind == MS_H248_TOPOLOGY_ONEWAY;
}

/* ---- changing it ---- */

/* A rule for all streams replaces those for one. */
static void forget(struct mg_topology **list, const struct mg_topology *rule)
{
	while (*list) {
		struct mg_topology *n = *list;

		if (!is_pair(n, rule->from, rule->to) ||
		    (rule->stream && n->stream != rule->stream)) {
			list = &n->next;
			continue;
		}
		*list = n->next;
		ms_free(n);
	}
}

static unsigned add(struct mg_topology **list, const struct mg_topology *rule)
{
	struct mg_topology *n;

	while (*list)
		list = &(*list)->next;
	n = ms_zalloc(sizeof(*n));
	if (!n)
		return 510;
	*n = *rule;
	n->next = NULL;
	*list = n;
	return 0;
}

static unsigned put(struct mg_topology **list, const struct mg_topology *rule)
{
	forget(list, rule);
	return rule->kind == MS_H248_TOPOLOGY_BOTHWAY && !rule->stream ? 0 : add(list, rule);
}

/* Without what concerns `but`. */
static unsigned copy(const struct mg_topology *from, const struct mg_termination *but,
		     struct mg_topology **ret)
{
	unsigned code = 0;

	for (; from && !code; from = from->next)
		if (from->from != but && from->to != but)
			code = add(ret, from);
	return code;
}

/* ---- a descriptor ---- */

/* $ is the termination that the first Add with $ of this action has made. */
static unsigned read_end(struct mg_job *j, const struct mg_context *c,
			 const struct ms_h248_termination *id, struct mg_pattern *p)
{
	unsigned code = ms_mg_pattern_read(j->g, id, p);
	struct mg_termination *t;

	if (code || p->kind == MG_PATTERN_ALL)
		return code;
	if (p->kind == MG_PATTERN_ROOT)
		return ms_mg_refuse(j, 410, MS_SPAN_LIT("ROOT in Topology"));
	if (p->kind == MG_PATTERN_CHOOSE) {
		if (id->kind != MS_H248_TERMINATION_CHOOSE || !j->chosen)
			return ms_mg_refuse(j, 421, MS_SPAN_LIT("$ in Topology"));
		*p = (struct mg_pattern){ MG_PATTERN_ONE, -1, j->chosen->number };
	}
	t = ms_mg_termination_find(j->g, p->number);
	if (!t || t->gone)
		return 430;
	return t->set.context == c ? 0 : 435;
}

static unsigned apply_to(const struct mg_pattern *from, const struct mg_pattern *to,
			 const struct mg_context *c, const struct ms_h248_topology *asked,
			 unsigned *n, struct mg_topology **list)
{
	struct mg_termination *a, *b;
	struct ms_list *l, *k;

	mg_each_termination(a, l, c)
	{
		mg_each_termination(b, k, c)
		{
			struct mg_topology rule = { NULL, a, b, asked->kind, asked->stream };

			if (a == b || !ms_mg_pattern_has(from, a) || !ms_mg_pattern_has(to, b))
				continue;
			if (asked->stream && (!ms_mg_stream_find(a, asked->stream) ||
					      !ms_mg_stream_find(b, asked->stream)))
				continue;
			++*n;
			unsigned code = put(list, &rule);
			if (code)
				return code;
		}
	}
	return 0;
}

/* One way between terminations of which some are on both sides would be one way and the other. */
static bool overlaps(const struct mg_pattern *from, const struct mg_pattern *to,
		     const struct mg_context *c)
{
	struct mg_termination *t;
	struct ms_list *l;

	mg_each_termination(t, l, c)
	{
		if (ms_mg_pattern_has(from, t) && ms_mg_pattern_has(to, t))
			return true;
	}
	return false;
}

static unsigned triple(struct mg_job *j, const struct mg_context *c,
		       const struct ms_h248_topology *asked, struct mg_topology **list)
{
	struct mg_pattern from, to;
	unsigned code, n = 0;

	/* the kinds of version 3 speak of signals and of copies for a third party: there are none here */
	if (asked->has_base || asked->kind > MS_H248_TOPOLOGY_ONEWAY)
		return ms_mg_refuse(j, 501, MS_SPAN_LIT("OnewayExternal, OnewayBoth in Topology"));
	code = read_end(j, c, &asked->from, &from);
	if (!code)
		code = read_end(j, c, &asked->to, &to);
	if (!code && asked->kind == MS_H248_TOPOLOGY_ONEWAY && overlaps(&from, &to, c))
		return ms_mg_refuse(j, 421, MS_SPAN_LIT("Oneway from a termination to itself"));
	if (!code)
		code = apply_to(&from, &to, c, asked, &n, list);
	if (!code && !n)
		code = asked->stream ? ms_mg_refuse(j, 449, MS_SPAN_LIT("Stream in Topology"))
				     : 431;
	return code;
}

unsigned ms_mg_topology_take(struct mg_job *j, const struct mg_context *c,
			     const struct ms_h248_context *asked, struct mg_topology **ret_list)
{
	unsigned code = 0;

	*ret_list = NULL;
	if (asked->topology) /* an empty one makes all bothway */
		code = copy(c->attributes.topology, NULL, ret_list);
	for (const struct ms_h248_topology *t = asked->topology; t && !code; t = t->next)
		code = triple(j, c, t, ret_list);
	return code;
}

unsigned ms_mg_topology_leave(struct mg_job *j, struct mg_context *c,
			      const struct mg_termination *t)
{
	struct mg_topology *list = NULL;
	struct mg_undo *u;
	unsigned code;

	if (!c->attributes.topology)
		return 0;
	code = copy(c->attributes.topology, t, &list);
	u = code ? NULL : ms_mg_undo_new(j, MG_UNDO_ATTRIBUTES, c);
	if (!u) {
		ms_mg_topology_free(list);
		return 510;
	}
	u->old.attributes = c->attributes;
	c->attributes.topology = list;
	return 0;
}

static unsigned tell(struct mg_job *j, const struct mg_topology *t, struct ms_h248_context *ret)
{
	struct ms_h248_topology *n = ms_h248_arena_get(&j->arena, sizeof(*n)),
				**at = &ret->topology;
	struct ms_h248_termination *from = ms_mg_name_node(j->g, &j->arena, t->from);
	struct ms_h248_termination *to = ms_mg_name_node(j->g, &j->arena, t->to);

	if (!n || !from || !to)
		return 510;
	*n = (struct ms_h248_topology){
		.from = *from, .to = *to, .kind = t->kind, .stream = t->stream
	};
	while (*at)
		at = &(*at)->next;
	*at = n;
	ret->has_topology = true;
	return 0;
}

/* Without rules: a descriptor has one triple at least. */
static unsigned tell_bothway(struct mg_job *j, const struct mg_context *c,
			     struct ms_h248_context *ret)
{
	struct mg_termination *a, *b;
	struct ms_list *l, *k;
	unsigned code = 0;

	mg_each_termination(a, l, c)
	{
		mg_each_termination(b, k, c)
		{
			const struct mg_topology rule = { .from = a, .to = b };

			if (a->number < b->number && !code)
				code = tell(j, &rule, ret);
		}
	}
	return code;
}

unsigned ms_mg_topology_tell(struct mg_job *j, const struct mg_context *c,
			     struct ms_h248_context *ret)
{
	unsigned code = 0;

	for (const struct mg_topology *t = c->attributes.topology; t && !code; t = t->next)
		if (!t->from->gone && !t->to->gone)
			code = tell(j, t, ret);
	return code || ret->has_topology ? code : tell_bothway(j, c, ret);
}
