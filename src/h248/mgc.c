/* SPDX-License-Identifier: Apache-2.0 */
/* The controller: its making, its gateways by name, what is due. */
#include "h248/mgc-priv.h"

#include <errno.h>
#include <stdio.h>

#include "core/alloc.h"

/* Numbers without a standard: how often a silent gateway is asked, when it asks for terminations. */
#define HEARTBEAT (10 * MS_SEC)
#define THB_S 300
#define CONTEXTS 100000
#define ORDERS 20000
#define TREE ((size_t)256 * 1024)

const char *const ms_mgc_counters[] = {
	"mgc_registered",
	"mgc_registration_refused",
	"mgc_not_registered",
	"mgc_gateway_lost",
	"mgc_context_lost",
	"mgc_context_orphan",
	"mgc_no_gateway",
	"mgc_overload",
	"mgc_order_refused",
	"mgc_order_timeout",
	"mgc_order_nonsense",
	"mgc_notify_unknown",
	"mgc_notify_heartbeat",
	"mgc_audit_one_by_one",
	"mgc_notify",
	"mgc_overload_reported",
	NULL,
};

void ms_mgc_count(const struct ms_mgc *m, const char *counter)
{
	if (m->h.count)
		m->h.count(m->h.arg, counter);
}

static void defaults(struct ms_mgc_options *o)
{
	if (!o->coding.profile)
		o->coding.profile = &ms_h248_profile_iq;
	if (!o->profile)
		o->profile = ms_h248_profile_name(o->coding.profile, &ms_profile_default);
	if (!o->ito_unit_ms)
		o->ito_unit_ms = ms_profile_default.h248_ito_unit_ms;
	if (!o->version)
		o->version = o->coding.profile->protocol;
	if (!o->heartbeat)
		o->heartbeat = HEARTBEAT;
	if (!o->thb_s)
		o->thb_s = THB_S;
	if (!o->max_contexts)
		o->max_contexts = CONTEXTS;
	if (!o->max_orders)
		o->max_orders = ORDERS;
	if (!o->tree)
		o->tree = TREE;
}

int ms_mgc_new(const struct ms_mgc_options *o, const struct ms_mgc_handlers *h,
	       const struct ms_random *random, struct ms_mgc **ret_mgc)
{
	uint8_t key[16];
	struct ms_mgc *m;
	int err;

	if (!o->coding.registry || !h->request || !h->reply)
		return -EINVAL;
	m = ms_zalloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->o = *o;
	m->h = *h;
	m->random = random ? random : &ms_random_system;
	defaults(&m->o);
	ms_list_init(&m->gateways);
	ms_list_init(&m->gone);
	ms_h248_arena_init(&m->arena, m->o.tree);
	err = ms_random_fill(m->random, key, sizeof(key));
	if (!err)
		err = ms_random_u32(m->random, &m->next_cookie);
	if (!err)
		err = ms_hash_new(m->o.max_orders, key, &m->orders);
	if (err) {
		ms_mgc_free(m);
		return err;
	}
	*ret_mgc = m;
	return 0;
}

static int free_order(struct ms_span key, void *value, void *arg)
{
	(void)key;
	(void)arg;
	ms_mgc_order_free(value);
	return 0;
}

struct ms_mgc *ms_mgc_free(struct ms_mgc *m)
{
	struct ms_list *l, *tmp;

	if (!m)
		return NULL;
	ms_mgc_abandon(m->in);
	if (m->orders)
		(void)ms_hash_each(m->orders, free_order, NULL);
	ms_hash_free(m->orders);
	ms_list_foreach_safe (l, tmp, &m->gateways) {
		struct ms_mgc_gateway *g = (struct ms_mgc_gateway *)l;

		ms_hash_free(g->ids);
		ms_free(g);
	}
	ms_h248_arena_done(&m->arena);
	return ms_free(m);
}

/* ---- gateways by name ---- */

int ms_mgc_gateway_change(struct ms_mgc_gateway *g, const struct ms_mgc_gateway_options *o)
{
	char realms[MS_MGC_REALMS_MAX][MS_BEARER_REALM_MAX];
	unsigned n = 0;

	for (; n < MS_MGC_REALMS_MAX && o->realms[n]; n++)
		if (ms_span_to_str(ms_span_str(o->realms[n]), realms[n], sizeof(realms[n])))
			return -EINVAL;
	memcpy(g->realms, realms, n * sizeof(realms[0]));
	g->n_realms = n;
	g->weight = o->weight;
	return 0;
}

int ms_mgc_gateway_add(struct ms_mgc *m, const struct ms_mgc_gateway_options *o,
		       struct ms_mgc_gateway **ret_g)
{
	uint8_t key[16];
	struct ms_mgc_gateway *g;
	int err;

	if (ms_mgc_gateway_find(m, ms_span_str(o->name)))
		return -EEXIST;
	g = ms_zalloc(sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->m = m;
	g->user = o->user;
	g->next_beat = g->give_up = MS_NEVER;
	g->load.share = 100;
	ms_list_init(&g->contexts);
	err = ms_span_to_str(ms_span_str(o->name), g->name, sizeof(g->name));
	if (!err)
		err = ms_mgc_gateway_change(g, o);
	if (!err)
		err = ms_random_fill(m->random, key, sizeof(key));
	if (!err)
		err = ms_hash_new(m->o.max_contexts, key, &g->ids);
	if (err) {
		ms_free(g);
		return err == -ENOBUFS ? -EINVAL : err;
	}
	ms_list_append(&m->gateways, &g->link);
	*ret_g = g;
	return 0;
}

static int is_of(struct ms_span key, void *order, void *gateway)
{
	(void)key;
	return ((const struct ms_mgc_order *)order)->g == gateway;
}

/* Contexts that were told lost are held until they are released. */
static bool is_held(struct ms_mgc_gateway *g)
{
	struct ms_list *l;

	ms_list_foreach (l, &g->m->gone)
		if (((struct ms_mgc_context *)l)->g == g)
			return true;
	return g->n_contexts || ms_hash_each(g->m->orders, is_of, g);
}

int ms_mgc_gateway_remove(struct ms_mgc_gateway *g)
{
	if (is_held(g))
		return -EBUSY;
	ms_list_remove(&g->link);
	ms_hash_free(g->ids);
	ms_free(g);
	return 0;
}

struct ms_mgc_gateway *ms_mgc_gateway_find(const struct ms_mgc *m, struct ms_span name)
{
	struct ms_list *l;

	ms_list_foreach (l, &m->gateways)
		if (ms_span_is_nocase(name, ((struct ms_mgc_gateway *)l)->name))
			return (struct ms_mgc_gateway *)l;
	return NULL;
}

struct ms_mgc_gateway *ms_mgc_gateway_at(const struct ms_mgc *m, size_t i)
{
	struct ms_list *l;

	ms_list_foreach (l, &m->gateways)
		if (i-- == 0)
			return (struct ms_mgc_gateway *)l;
	return NULL;
}

/* ---- time ---- */

static ms_usec gateway_deadline(const struct ms_mgc_gateway *g)
{
	return g->next_beat < g->give_up ? g->next_beat : g->give_up;
}

ms_usec ms_mgc_deadline(const struct ms_mgc *m)
{
	ms_usec first = MS_NEVER;
	struct ms_list *l;

	ms_list_foreach (l, &m->gateways) {
		ms_usec d = gateway_deadline((struct ms_mgc_gateway *)l);

		first = d < first ? d : first;
	}
	return first;
}

static void gateway_tick(struct ms_mgc_gateway *g, ms_usec now)
{
	if (now >= g->give_up) {
		g->give_up = MS_NEVER;
		ms_mgc_lose_all(g, MS_MGC_LOST_GATEWAY);
	}
	if (now >= g->next_beat)
		ms_mgc_gateway_beat(g, now);
}

void ms_mgc_tick(struct ms_mgc *m, ms_usec now)
{
	struct ms_list *l;

	ms_list_foreach (l, &m->gateways)
		gateway_tick((struct ms_mgc_gateway *)l, now);
}
