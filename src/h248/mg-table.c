/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's contexts, terminations and stream endpoints: making, finding, freeing. */
#include "core/alloc.h"
#include "h248/mg-priv.h"

/* ---- contexts ---- */

struct mg_context *ms_mg_context_find(const struct ms_mg *g, uint32_t id)
{
	struct mg_context *c = g->contexts[id & g->contexts_mask];

	while (c && c->id != id)
		c = c->chain;
	return c;
}

/* Numbers count up and start at random, so that one from before a restart is hardly met again. */
static uint32_t free_context_id(struct ms_mg *g)
{
	do {
		if (++g->next_context >= MS_H248_CONTEXT_CHOOSE || !g->next_context)
			g->next_context = 1;
	} while (ms_mg_context_find(g, g->next_context));
	return g->next_context;
}

unsigned ms_mg_context_new(struct ms_mg *g, struct mg_context **ret_c)
{
	uint16_t home = 0;

	if (g->figures.contexts >= g->limits.contexts)
		return 412;
	unsigned code = (unsigned)g->o.plane.place(g->o.plane.arg, &home);
	if (code)
		return code;
	struct mg_context *c = ms_zalloc(sizeof(*c));
	if (!c)
		return 510;
	c->id = free_context_id(g);
	c->home = home;
	ms_list_init(&c->terminations);
	c->chain = g->contexts[c->id & g->contexts_mask];
	g->contexts[c->id & g->contexts_mask] = c;
	g->figures.contexts++;
	*ret_c = c;
	return 0;
}

void ms_mg_topology_free(struct mg_topology *list)
{
	while (list) {
		struct mg_topology *next = list->next;

		ms_free(list);
		list = next;
	}
}

void ms_mg_context_free(struct ms_mg *g, struct mg_context *c)
{
	struct mg_context **at = &g->contexts[c->id & g->contexts_mask];
	struct ms_list *l, *tmp;

	ms_list_foreach_safe (l, tmp, &c->terminations)
		ms_mg_termination_free(g, mg_termination_of(l));
	while (*at != c)
		at = &(*at)->chain;
	*at = c->chain;
	g->figures.contexts--;
	ms_mg_topology_free(c->attributes.topology);
	ms_free(c);
}

void ms_mg_contexts_each(struct ms_mg *g, bool (*f)(struct mg_context *c, void *arg), void *arg)
{
	for (uint32_t i = 0; i <= g->contexts_mask; i++) {
		struct mg_context *c = g->contexts[i];

		while (c) {
			struct mg_context *next = c->chain;

			if (!f(c, arg))
				return;
			c = next;
		}
	}
}

/* ---- terminations ---- */

struct mg_termination *ms_mg_termination_find(const struct ms_mg *g, uint32_t number)
{
	struct mg_termination *t = g->terminations[number & g->terminations_mask];

	while (t && t->number != number)
		t = t->chain;
	return t;
}

static uint32_t free_number(struct ms_mg *g)
{
	do {
		if (++g->next_number > MG_NUMBER_MAX)
			g->next_number = 1;
	} while (ms_mg_termination_find(g, g->next_number));
	return g->next_number;
}

unsigned ms_mg_termination_new(struct ms_mg *g, struct mg_context *c, unsigned realm,
			       struct mg_termination **ret_t)
{
	if (c->n >= g->limits.terminations)
		return 434;
	if (g->figures.terminations >= g->limits.all_terminations)
		return 432;
	struct mg_termination *t = ms_zalloc(sizeof(*t));
	if (!t)
		return 510;
	t->number = free_number(g);
	t->home = c->home;
	t->realm = (uint8_t)realm;
	t->set.context = c;
	t->set.service = MS_H248_SERVICE_IN;
	ms_list_append(&c->terminations, &t->link);
	c->n++;
	t->chain = g->terminations[t->number & g->terminations_mask];
	g->terminations[t->number & g->terminations_mask] = t;
	g->figures.terminations++;
	*ret_t = t;
	return 0;
}

static void leave_topology(struct mg_context *c, const struct mg_termination *t)
{
	struct mg_topology **at = &c->attributes.topology;

	while (*at) {
		struct mg_topology *n = *at;

		if (n->from == t || n->to == t) {
			*at = n->next;
			ms_free(n);
		} else {
			at = &n->next;
		}
	}
}

void ms_mg_termination_free(struct ms_mg *g, struct mg_termination *t)
{
	struct mg_termination **at = &g->terminations[t->number & g->terminations_mask];

	while (t->streams)
		ms_mg_stream_free(g, t->streams);
	while (*at != t)
		at = &(*at)->chain;
	*at = t->chain;
	ms_list_remove(&t->link);
	if (t->due.next) {
		ms_list_remove(&t->due);
		g->wheel_n--;
	}
	if (!t->gone)
		t->set.context->n--;
	leave_topology(t->set.context, t);
	g->figures.terminations--;
	ms_mg_events_free(t->events);
	ms_mg_events_free(t->event_buffer);
	ms_mg_observed_free(t);
	ms_free(t);
}

/* ---- streams ---- */

struct mg_stream *ms_mg_stream_find(const struct mg_termination *t, uint16_t id)
{
	struct mg_stream *s = t->streams;

	while (s && s->id != id)
		s = s->next;
	return s;
}

struct mg_stream *ms_mg_endpoint_find(const struct ms_mg *g, ms_plane_endpoint e)
{
	struct mg_stream *s = g->endpoints[e & g->terminations_mask];

	while (s && s->endpoint != e)
		s = s->chain;
	return s;
}

static ms_plane_endpoint free_endpoint(struct ms_mg *g)
{
	do
		g->next_endpoint++;
	while (!g->next_endpoint || ms_mg_endpoint_find(g, g->next_endpoint));
	return g->next_endpoint;
}

static unsigned streams_of(const struct mg_termination *t)
{
	unsigned n = 0;

	for (const struct mg_stream *s = t->streams; s; s = s->next)
		n++;
	return n;
}

unsigned ms_mg_stream_new(struct ms_mg *g, struct mg_termination *t, uint16_t id,
			  struct mg_stream **ret_s)
{
	struct mg_stream **at = &t->streams;

	if (streams_of(t) >= g->limits.streams)
		return 510;
	struct mg_stream *s = ms_zalloc(sizeof(*s));
	if (!s)
		return 510;
	s->id = id;
	s->termination = t;
	s->endpoint = free_endpoint(g);
	while (*at && (*at)->id < id)
		at = &(*at)->next;
	s->next = *at;
	*at = s;
	s->chain = g->endpoints[s->endpoint & g->terminations_mask];
	g->endpoints[s->endpoint & g->terminations_mask] = s;
	g->figures.streams++;
	*ret_s = s;
	return 0;
}

void ms_mg_packed_free(struct mg_stream_set *set)
{
	if (set->packed)
		ms_wipe(set->packed, set->packed_len);
	set->packed = ms_free(set->packed);
	set->packed_len = 0;
}

void ms_mg_stream_free(struct ms_mg *g, struct mg_stream *s)
{
	struct mg_stream **at = &g->endpoints[s->endpoint & g->terminations_mask];

	while (*at != s)
		at = &(*at)->chain;
	*at = s->chain;
	at = &s->termination->streams;
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	g->figures.streams--;
	ms_mg_packed_free(&s->set);
	ms_free(s);
}

void ms_mg_stream_bearer(const struct mg_stream *s, struct ms_bearer *ret_b)
{
	/* what we packed ourselves unpacks; an endpoint that is just being made has nothing yet */
	if (!s->set.packed || ms_bearer_unpack(ms_span_of(s->set.packed, s->set.packed_len), ret_b))
		ms_bearer_init(ret_b);
}
