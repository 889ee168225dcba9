/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts: at which gateway a new one begins, their end, and taking them up after a restart. */
#include "h248/mgc-priv.h"

#include <errno.h>
#include <strings.h>

#include "core/alloc.h"
#include "core/hex.h"

/* ---- terminations ---- */

int ms_mgc_termination_text(const struct ms_h248_termination *t,
			    char dst[static MS_MGC_TERMINATION_MAX])
{
	struct ms_buf b;

	if (t->name.len)
		return ms_span_to_str(t->name, dst, MS_MGC_TERMINATION_MAX);
	if (!t->octets.len)
		return -EBADMSG;
	ms_buf_init_fixed(&b, dst, MS_MGC_TERMINATION_MAX - 1);
	ms_buf_put_u8(&b, '#');
	for (size_t i = 0; i < t->octets.len; i++)
		ms_buf_printf(&b, "%02x", t->octets.p[i]);
	if (ms_buf_status(&b))
		return -EBADMSG;
	dst[b.len] = '\0';
	return 0;
}

struct ms_h248_termination *ms_mgc_termination(struct ms_h248_arena *a, const char *text)
{
	struct ms_h248_termination *t = ms_h248_arena_get(a, sizeof(*t));
	uint8_t room[MS_MGC_TERMINATION_MAX];
	struct ms_buf b;

	if (!t)
		return NULL;
	if (text[0] != '#') {
		t->name = ms_h248_arena_copy(a, ms_span_str(text));
		return t->name.p ? t : NULL;
	}
	ms_buf_init_fixed(&b, room, sizeof(room));
	if (ms_hex_decode(&b, ms_span_str(text + 1)))
		return NULL;
	t->octets = ms_h248_arena_copy(a, ms_buf_span(&b));
	return t->octets.p ? t : NULL;
}

int ms_mgc_slot_of(const struct ms_mgc_context *c, const struct ms_h248_termination *t)
{
	char name[MS_MGC_TERMINATION_MAX];

	if (!t || ms_mgc_termination_text(t, name))
		return -1;
	for (int i = 0; i < MS_MGC_SLOTS_MAX; i++)
		if (c->slot[i] && strcasecmp(c->slot[i]->termination, name) == 0)
			return i;
	return -1;
}

/* ---- choosing a gateway ---- */

static bool has_realm(const struct ms_mgc_gateway *g, const char *realm)
{
	if (!realm || !realm[0] || !g->n_realms)
		return true;
	for (unsigned i = 0; i < g->n_realms; i++)
		if (strcasecmp(g->realms[i], realm) == 0)
			return true;
	return false;
}

static bool fits(const struct ms_mgc_gateway *g, const struct ms_mgc_want *w)
{
	if (g->state != MS_MGC_IN_SERVICE || !g->weight || g == w->not_at)
		return false;
	for (size_t i = 0; i < sizeof(w->realms) / sizeof(w->realms[0]); i++)
		if (!has_realm(g, w->realms[i]))
			return false;
	return true;
}

/* By weight among those that fit, then perhaps not there after all: the gateway wants fewer. */
static int choose(struct ms_mgc *m, const struct ms_mgc_want *w, ms_usec now,
		  struct ms_mgc_gateway **ret_g)
{
	uint64_t sum = 0;
	uint32_t dice[2];
	struct ms_list *l;
	int err = ms_random_fill(m->random, dice, sizeof(dice));

	if (err)
		return err;
	ms_list_foreach (l, &m->gateways)
		if (fits((struct ms_mgc_gateway *)l, w))
			sum += ((struct ms_mgc_gateway *)l)->weight;
	if (!sum) {
		ms_mgc_count(m, "mgc_no_gateway");
		return -EHOSTUNREACH;
	}
	sum = dice[0] % sum;
	ms_list_foreach (l, &m->gateways) {
		struct ms_mgc_gateway *g = (struct ms_mgc_gateway *)l;

		if (!fits(g, w))
			continue;
		if (sum >= g->weight) {
			sum -= g->weight;
			continue;
		}
		if (dice[1] % 100 >= ms_mgc_load_share(&g->load, now)) {
			ms_mgc_count(m, "mgc_overload");
			return -EBUSY;
		}
		*ret_g = g;
		return 0;
	}
	return -EHOSTUNREACH;
}

/* ---- beginning and end ---- */

static int begin(struct ms_mgc_gateway *g, const struct ms_mgc_context_handlers *h,
		 struct ms_mgc_context **ret_c)
{
	struct ms_mgc_context *c;

	if (g->m->n_contexts >= g->m->o.max_contexts)
		return -ENOSPC;
	c = ms_zalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->g = g;
	c->id = MS_H248_CONTEXT_CHOOSE;
	c->h = *h;
	c->round = g->round;
	ms_list_append(&g->contexts, &c->link);
	g->n_contexts++;
	g->m->n_contexts++;
	*ret_c = c;
	return 0;
}

int ms_mgc_context_new(struct ms_mgc *m, const struct ms_mgc_want *want,
		       const struct ms_mgc_context_handlers *h, ms_usec now,
		       struct ms_mgc_context **ret_c)
{
	struct ms_mgc_gateway *g;
	int err = choose(m, want, now, &g);

	return err ? err : begin(g, h, ret_c);
}

/* The context is nobody's any more. What is on its way may still make it: then it is subtracted. */
struct ms_mgc_context *ms_mgc_context_release(struct ms_mgc_context *c, ms_usec now)
{
	struct ms_mgc_gateway *g;

	(void)now;
	if (!c)
		return NULL;
	g = c->g;
	if (g->m->in && g->m->in->context == c)
		ms_mgc_abandon(g->m->in);
	if (c->order)
		c->order->context = NULL;
	if (g->audit_at == c)
		g->audit_at =
			c->link.next == &g->contexts ? NULL : (struct ms_mgc_context *)c->link.next;
	ms_list_remove(&c->link);
	g->m->n_contexts--;
	if (!c->gone) {
		g->n_contexts--;
		if (c->id != MS_H248_CONTEXT_CHOOSE) {
			ms_hash_take(g->ids, ms_span_of(&c->id, sizeof(c->id)));
			ms_mgc_subtract_all(g, c->id);
		}
	}
	for (unsigned i = 0; i < MS_MGC_SLOTS_MAX; i++)
		ms_free(c->slot[i]);
	return ms_free(c);
}

struct ms_mgc_gateway *ms_mgc_context_gateway(const struct ms_mgc_context *c)
{
	return c->g;
}

uint32_t ms_mgc_context_id(const struct ms_mgc_context *c)
{
	return c->id;
}

const char *ms_mgc_context_termination(const struct ms_mgc_context *c, unsigned slot)
{
	return slot < MS_MGC_SLOTS_MAX && c->slot[slot] ? c->slot[slot]->termination : "";
}

/* ---- over a restart ---- */

void ms_mgc_context_endpoints(const struct ms_mgc_context *c, struct ms_mgc_endpoint *list,
			      size_t *n)
{
	size_t room = *n;

	*n = 0;
	for (unsigned i = 0; i < MS_MGC_SLOTS_MAX && *n < room; i++)
		if (c->slot[i])
			list[(*n)++] = *c->slot[i];
}

static int adopt_endpoints(struct ms_mgc_context *c, const struct ms_mgc_endpoint *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct ms_mgc_endpoint *e;

		if (list[i].slot >= MS_MGC_SLOTS_MAX || c->slot[list[i].slot])
			return -EEXIST;
		e = ms_zalloc(sizeof(*e));
		if (!e)
			return -ENOMEM;
		*e = list[i];
		c->slot[list[i].slot] = e;
		if (e->events > c->g->m->next_events)
			c->g->m->next_events = e->events;
	}
	return 0;
}

int ms_mgc_context_adopt(struct ms_mgc *m, struct ms_mgc_gateway *g, uint32_t id,
			 const struct ms_mgc_endpoint *list, size_t n,
			 const struct ms_mgc_context_handlers *h, struct ms_mgc_context **ret_c)
{
	struct ms_mgc_context *c;
	int err = begin(g, h, &c);

	(void)m;
	if (err)
		return err;
	c->round = g->round - 1; /* not seen by any audit */
	err = adopt_endpoints(c, list, n);
	if (!err)
		err = ms_hash_put(g->ids, ms_span_of(&id, sizeof(id)), c);
	if (err) {
		ms_mgc_context_release(c, 0); /* has no number: nothing is asked of the gateway */
		return err;
	}
	c->id = id;
	*ret_c = c;
	return 0;
}
