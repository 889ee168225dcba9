/* SPDX-License-Identifier: Apache-2.0 */
/* The ticket cache. See ticket-cache.h. */
#include "keys/ticket-cache.h"

#include <errno.h>
#include <stdlib.h>

#include "core/alloc.h"
#include "keys/ticket-cache-priv.h"

#define RENEWAL_PAUSE (60 * MS_SEC)

const char *ms_keys_ticket_kind_name(enum ms_keys_ticket_kind kind)
{
	return kind == MS_KEYS_TICKET_MESSAGE ? "message" : "session";
}

int ms_keys_cache_new(size_t max, struct ms_keys_cache **ret_c)
{
	struct ms_keys_cache *c = ms_zalloc(sizeof(*c));
	uint8_t key[16];
	int err;

	if (!c)
		return -ENOMEM;
	ms_list_init(&c->own);
	ms_list_init(&c->resolved);
	c->max = max;
	err = ms_random_fill(&ms_random_system, key, sizeof(key));
	if (!err)
		err = ms_hash_new(max, key, &c->by_ticket);
	if (err) {
		ms_free(c);
		return err;
	}
	*ret_c = c;
	return 0;
}

static void drop_own(struct ms_keys_cache *c, struct ms_keys_own *o)
{
	ms_list_remove(&o->link);
	c->n_own--;
	ms_mikey_ticket_held_free(o->held);
	ms_free(o->resolvers);
	ms_free(o);
}

static struct ms_span id_of(const struct ms_keys_resolved *r)
{
	return ms_span_of(ms_mikey_resolved_ticket_id(r->r), MS_MIKEY_TICKET_ID);
}

static void drop_resolved(struct ms_keys_cache *c, struct ms_keys_resolved *r)
{
	ms_list_remove(&r->link);
	c->n_resolved--;
	ms_hash_take(c->by_ticket, id_of(r));
	ms_mikey_resolved_free(r->r);
	ms_free(r);
}

struct ms_keys_cache *ms_keys_cache_free(struct ms_keys_cache *c)
{
	if (!c)
		return NULL;
	while (!ms_list_empty(&c->own))
		drop_own(c, ms_keys_own_of(c->own.next));
	while (!ms_list_empty(&c->resolved))
		drop_resolved(c, ms_keys_resolved_of(c->resolved.next));
	ms_hash_free(c->by_ticket);
	return ms_free(c);
}

struct ms_mikey_ticket_held *ms_keys_cache_find(struct ms_keys_cache *c,
						enum ms_keys_ticket_kind kind,
						struct ms_span resolvers, ms_usec now)
{
	struct ms_mikey_ticket_held *found = NULL;
	struct ms_list *l, *next;

	ms_list_foreach_safe (l, next, &c->own) {
		struct ms_keys_own *o = ms_keys_own_of(l);
		int usable = ms_mikey_ticket_held_usable(o->held, now, NULL);

		if (usable && ms_mikey_ticket_held_end(o->held) <= now)
			drop_own(c, o);
		else if (!usable && o->kind == kind && ms_span_is(resolvers, o->resolvers))
			found = o->held;
	}
	return found;
}

static struct ms_keys_own *find_own(const struct ms_keys_cache *c, enum ms_keys_ticket_kind kind,
				    struct ms_span resolvers)
{
	struct ms_list *l;

	ms_list_foreach (l, &c->own) {
		if (ms_keys_own_of(l)->kind == kind &&
		    ms_span_is(resolvers, ms_keys_own_of(l)->resolvers))
			return ms_keys_own_of(l);
	}
	return NULL;
}

bool ms_keys_cache_renewal_due(struct ms_keys_cache *c, enum ms_keys_ticket_kind kind,
			       struct ms_span resolvers, ms_usec now, ms_usec ahead)
{
	struct ms_keys_own *o = find_own(c, kind, resolvers);
	ms_usec end = o ? ms_mikey_ticket_held_end(o->held) : MS_NEVER;

	if (end == MS_NEVER || now < end - ahead || now - o->since < end - now ||
	    now < o->renew_not_before)
		return false;
	o->renew_not_before = now + RENEWAL_PAUSE;
	return true;
}

int ms_keys_cache_add(struct ms_keys_cache *c, enum ms_keys_ticket_kind kind,
		      struct ms_span resolvers, struct ms_mikey_ticket_held *held, ms_usec since)
{
	struct ms_keys_own *o = ms_zalloc(sizeof(*o));
	char *copy = ms_strdup_span(resolvers);
	struct ms_keys_own *same;

	if (!o || !copy) {
		ms_free(o);
		ms_free(copy);
		ms_mikey_ticket_held_free(held);
		return -ENOMEM;
	}
	same = find_own(c, kind, resolvers);
	if (same)
		drop_own(c, same);
	if (c->n_own == c->max)
		drop_own(c, ms_keys_own_of(c->own.next));
	*o = (struct ms_keys_own){ .kind = kind, .resolvers = copy, .held = held, .since = since };
	ms_list_append(&c->own, &o->link);
	c->n_own++;
	return 0;
}

const struct ms_mikey_resolved *
ms_keys_cache_resolved(struct ms_keys_cache *c, const struct ms_mikey_policy *ticket, ms_usec now)
{
	uint8_t id[MS_MIKEY_TICKET_ID];
	struct ms_keys_resolved *r;

	ms_mikey_ticket_id(ticket, id);
	r = ms_hash_get(c->by_ticket, ms_span_of(id, sizeof(id)));
	if (!r || ms_mikey_resolved_end(r->r) > now)
		return r ? r->r : NULL;
	drop_resolved(c, r);
	return NULL;
}

static int enter_resolved(struct ms_keys_cache *c, struct ms_keys_resolved *r)
{
	int err;

	if (c->n_resolved == c->max)
		drop_resolved(c, ms_keys_resolved_of(c->resolved.next));
	err = ms_hash_put(c->by_ticket, id_of(r), r);
	if (err)
		return err;
	ms_list_append(&c->resolved, &r->link);
	c->n_resolved++;
	return 0;
}

int ms_keys_cache_keep(struct ms_keys_cache *c, struct ms_span serialised)
{
	struct ms_keys_resolved *r = ms_zalloc(sizeof(*r));
	int err = r ? ms_mikey_resolved_parse(serialised, &r->r) : -ENOMEM;

	if (!err && ms_hash_get(c->by_ticket, id_of(r)))
		err = -EEXIST;
	if (!err)
		err = enter_resolved(c, r);
	if (err && r) {
		ms_mikey_resolved_free(r->r);
		ms_free(r);
	}
	return err == -EEXIST ? 0 : err;
}

int ms_keys_cache_add_resolved(struct ms_keys_cache *c, const struct ms_mikey_policy *ticket,
			       const struct ms_mikey_resolved *r)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	int err;

	ms_buf_init_secret(&b, MS_MIKEY_RESOLVED_MAX);
	if (!(ticket->flags & MS_MIKEY_FLAG_J))
		return 0;
	ms_mikey_resolved_serialise(r, &b);
	err = ms_buf_status(&b);
	return err ? err : ms_keys_cache_keep(c, ms_buf_span(&b));
}

/* Of two tickets for the same the one that lasts longer. */
static void merge_own(struct ms_keys_cache *c, struct ms_keys_cache *other, struct ms_keys_own *o)
{
	struct ms_keys_own *mine = find_own(c, o->kind, ms_span_str(o->resolvers));

	if (mine && ms_mikey_ticket_held_end(mine->held) < ms_mikey_ticket_held_end(o->held)) {
		drop_own(c, mine);
		mine = NULL;
	}
	if (mine || c->n_own == c->max)
		return;
	ms_list_remove(&o->link);
	other->n_own--;
	ms_list_append(&c->own, &o->link);
	c->n_own++;
}

static void merge_resolved(struct ms_keys_cache *c, struct ms_keys_cache *other,
			   struct ms_keys_resolved *r)
{
	if (c->n_resolved == c->max || ms_hash_put(c->by_ticket, id_of(r), r))
		return; /* no room, or it is there */
	ms_hash_take(other->by_ticket, id_of(r));
	ms_list_remove(&r->link);
	other->n_resolved--;
	ms_list_append(&c->resolved, &r->link);
	c->n_resolved++;
}

void ms_keys_cache_merge(struct ms_keys_cache *c, struct ms_keys_cache *other)
{
	struct ms_list *l, *next;

	ms_list_foreach_safe (l, next, &other->own)
		merge_own(c, other, ms_keys_own_of(l));
	ms_list_foreach_safe (l, next, &other->resolved)
		merge_resolved(c, other, ms_keys_resolved_of(l));
}

bool ms_keys_cache_at(const struct ms_keys_cache *c, size_t i, enum ms_keys_ticket_kind *ret_kind,
		      struct ms_span *ret_resolvers, const struct ms_mikey_ticket_held **ret_held)
{
	struct ms_list *l;

	ms_list_foreach (l, &c->own) {
		const struct ms_keys_own *o = ms_keys_own_of(l);

		if (i-- > 0)
			continue;
		*ret_kind = o->kind;
		*ret_resolvers = ms_span_str(o->resolvers);
		*ret_held = o->held;
		return true;
	}
	return false;
}

size_t ms_keys_cache_n_resolved(const struct ms_keys_cache *c)
{
	return c->n_resolved;
}

static int compare(const void *a, const void *b)
{
	return ms_span_cmp(*(const struct ms_span *)a, *(const struct ms_span *)b);
}

void ms_keys_resolvers_put(struct ms_buf *b, const struct ms_span *resolvers, size_t n)
{
	struct ms_span *sorted = ms_calloc(n, sizeof(*sorted));

	if (!sorted) {
		ms_buf_fail(b, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < n; i++)
		sorted[i] = resolvers[i];
	qsort(sorted, n, sizeof(*sorted), compare);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && ms_span_eq(sorted[i], sorted[i - 1]))
			continue;
		if (i > 0)
			ms_buf_put_str(b, ", ");
		ms_buf_put_span(b, sorted[i]);
	}
	ms_free(sorted);
}
