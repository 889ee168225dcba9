/* SPDX-License-Identifier: Apache-2.0 */
/* The ticket cache. See ticket-cache.h. */
#include "keys/ticket-cache.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/list.h"
#include "core/reader.h"

struct own {
	struct ms_list link;
	enum ms_keys_ticket_kind kind;
	char *resolvers;                   /* owned */
	struct ms_mikey_ticket_held *held; /* owned */
};

struct resolved {
	struct ms_list link;
	struct ms_mikey_resolved *r; /* owned */
};

struct ms_keys_cache {
	struct ms_list own, resolved; /* the newest last */
	size_t n_own, n_resolved, max;
};

const char *ms_keys_ticket_kind_name(enum ms_keys_ticket_kind kind)
{
	return kind == MS_KEYS_TICKET_MESSAGE ? "message" : "session";
}

int ms_keys_cache_new(size_t max, struct ms_keys_cache **ret_c)
{
	struct ms_keys_cache *c = ms_zalloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	ms_list_init(&c->own);
	ms_list_init(&c->resolved);
	c->max = max;
	*ret_c = c;
	return 0;
}

static void drop_own(struct ms_keys_cache *c, struct own *o)
{
	ms_list_remove(&o->link);
	c->n_own--;
	ms_mikey_ticket_held_free(o->held);
	ms_free(o->resolvers);
	ms_free(o);
}

static void drop_resolved(struct ms_keys_cache *c, struct resolved *r)
{
	ms_list_remove(&r->link);
	c->n_resolved--;
	ms_mikey_resolved_free(r->r);
	ms_free(r);
}

static struct own *own_of(struct ms_list *l)
{
	return MS_CONTAINER_OF(l, struct own, link);
}

static struct resolved *resolved_of(struct ms_list *l)
{
	return MS_CONTAINER_OF(l, struct resolved, link);
}

struct ms_keys_cache *ms_keys_cache_free(struct ms_keys_cache *c)
{
	if (!c)
		return NULL;
	while (!ms_list_empty(&c->own))
		drop_own(c, own_of(c->own.next));
	while (!ms_list_empty(&c->resolved))
		drop_resolved(c, resolved_of(c->resolved.next));
	return ms_free(c);
}

struct ms_mikey_ticket_held *ms_keys_cache_find(struct ms_keys_cache *c,
						enum ms_keys_ticket_kind kind,
						struct ms_span resolvers, ms_usec now)
{
	struct ms_mikey_ticket_held *found = NULL;
	struct ms_list *l, *next;

	ms_list_foreach_safe (l, next, &c->own) {
		struct own *o = own_of(l);
		int usable = ms_mikey_ticket_held_usable(o->held, now, NULL);

		if (usable && ms_mikey_ticket_held_end(o->held) <= now)
			drop_own(c, o);
		else if (!usable && o->kind == kind && ms_span_is(resolvers, o->resolvers))
			found = o->held;
	}
	return found;
}

static void drop_same(struct ms_keys_cache *c, enum ms_keys_ticket_kind kind,
		      struct ms_span resolvers)
{
	struct ms_list *l, *next;

	ms_list_foreach_safe (l, next, &c->own) {
		struct own *o = own_of(l);

		if (o->kind == kind && ms_span_is(resolvers, o->resolvers))
			drop_own(c, o);
	}
}

int ms_keys_cache_add(struct ms_keys_cache *c, enum ms_keys_ticket_kind kind,
		      struct ms_span resolvers, struct ms_mikey_ticket_held *held)
{
	struct own *o = ms_zalloc(sizeof(*o));
	char *copy = ms_strdup_span(resolvers);

	if (!o || !copy) {
		ms_free(o);
		ms_free(copy);
		ms_mikey_ticket_held_free(held);
		return -ENOMEM;
	}
	drop_same(c, kind, resolvers);
	if (c->n_own == c->max)
		drop_own(c, own_of(c->own.next));
	*o = (struct own){ .kind = kind, .resolvers = copy, .held = held };
	ms_list_append(&c->own, &o->link);
	c->n_own++;
	return 0;
}

const struct ms_mikey_resolved *
ms_keys_cache_resolved(struct ms_keys_cache *c, const struct ms_mikey_policy *ticket, ms_usec now)
{
	const struct ms_mikey_resolved *found = NULL;
	uint8_t id[MS_MIKEY_TICKET_ID];
	struct ms_list *l, *next;

	ms_mikey_ticket_id(ticket, id);
	ms_list_foreach_safe (l, next, &c->resolved) {
		struct resolved *r = resolved_of(l);

		if (ms_mikey_resolved_end(r->r) <= now)
			drop_resolved(c, r);
		else if (memcmp(ms_mikey_resolved_ticket_id(r->r), id, sizeof(id)) == 0)
			found = r->r;
	}
	return found;
}

static int keep_resolved(struct ms_keys_cache *c, struct ms_span serialised)
{
	struct resolved *r = ms_zalloc(sizeof(*r));
	int err = r ? ms_mikey_resolved_parse(serialised, &r->r) : -ENOMEM;

	if (err) {
		ms_free(r);
		return err;
	}
	if (c->n_resolved == c->max)
		drop_resolved(c, resolved_of(c->resolved.next));
	ms_list_append(&c->resolved, &r->link);
	c->n_resolved++;
	return 0;
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
	return err ? err : keep_resolved(c, ms_buf_span(&b));
}

static bool has_own(const struct ms_keys_cache *c, const struct own *like)
{
	struct ms_list *l;

	ms_list_foreach (l, &c->own) {
		if (own_of(l)->kind == like->kind &&
		    strcmp(own_of(l)->resolvers, like->resolvers) == 0)
			return true;
	}
	return false;
}

static bool has_resolved(const struct ms_keys_cache *c, const struct resolved *like)
{
	const uint8_t *id = ms_mikey_resolved_ticket_id(like->r);
	struct ms_list *l;

	ms_list_foreach (l, &c->resolved) {
		if (memcmp(ms_mikey_resolved_ticket_id(resolved_of(l)->r), id,
			   MS_MIKEY_TICKET_ID) == 0)
			return true;
	}
	return false;
}

void ms_keys_cache_merge(struct ms_keys_cache *c, struct ms_keys_cache *other)
{
	struct ms_list *l, *next;

	ms_list_foreach_safe (l, next, &other->own) {
		if (c->n_own == c->max || has_own(c, own_of(l)))
			continue;
		ms_list_remove(l);
		other->n_own--;
		ms_list_append(&c->own, l);
		c->n_own++;
	}
	ms_list_foreach_safe (l, next, &other->resolved) {
		if (c->n_resolved == c->max || has_resolved(c, resolved_of(l)))
			continue;
		ms_list_remove(l);
		other->n_resolved--;
		ms_list_append(&c->resolved, l);
		c->n_resolved++;
	}
}

bool ms_keys_cache_at(const struct ms_keys_cache *c, size_t i, enum ms_keys_ticket_kind *ret_kind,
		      struct ms_span *ret_resolvers, const struct ms_mikey_ticket_held **ret_held)
{
	struct ms_list *l;

	ms_list_foreach (l, &c->own) {
		const struct own *o = own_of(l);

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

/* The least of those greater than `after`, for a sort without a copy. */
static const struct ms_span *next_in_order(const struct ms_span *v, size_t n,
					   const struct ms_span *after)
{
	const struct ms_span *best = NULL;

	for (size_t i = 0; i < n; i++) {
		if (after && ms_span_cmp(v[i], *after) <= 0)
			continue;
		if (!best || ms_span_cmp(v[i], *best) < 0)
			best = &v[i];
	}
	return best;
}

void ms_keys_resolvers_put(struct ms_buf *b, const struct ms_span *resolvers, size_t n)
{
	const struct ms_span *last = NULL, *s;

	while ((s = next_in_order(resolvers, n, last)) != NULL) {
		if (last)
			ms_buf_put_str(b, ", ");
		ms_buf_put_span(b, *s);
		last = s;
	}
}

/* ---- serialised: records of type, length (4 octets) and content ---- */

enum { RECORD_OWN = 1, RECORD_RESOLVED = 2 };

static void put_own(struct ms_buf *b, const struct own *o)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf t;

	ms_buf_init_secret(&t, MS_MIKEY_HELD_MAX);
	ms_mikey_ticket_held_serialise(o->held, &t);
	ms_buf_fail(b, ms_buf_status(&t));
	ms_buf_put_u8(b, RECORD_OWN);
	ms_buf_put_u32(b, (uint32_t)(3 + strlen(o->resolvers) + t.len));
	ms_buf_put_u8(b, o->kind);
	ms_buf_put_lv16(b, ms_span_str(o->resolvers));
	ms_buf_put_span(b, ms_buf_span(&t));
}

static void put_resolved(struct ms_buf *b, const struct resolved *r)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf t;

	ms_buf_init_secret(&t, MS_MIKEY_RESOLVED_MAX);
	ms_mikey_resolved_serialise(r->r, &t);
	ms_buf_fail(b, ms_buf_status(&t));
	ms_buf_put_u8(b, RECORD_RESOLVED);
	ms_buf_put_u32(b, (uint32_t)t.len);
	ms_buf_put_span(b, ms_buf_span(&t));
}

void ms_keys_cache_serialise(const struct ms_keys_cache *c, struct ms_buf *b)
{
	struct ms_list *l;

	ms_list_foreach (l, &c->own)
		put_own(b, own_of(l));
	ms_list_foreach (l, &c->resolved)
		put_resolved(b, resolved_of(l));
}

static int parse_own(struct ms_keys_cache *c, struct ms_span s, ms_usec now)
{
	struct ms_reader in = ms_reader_of(s);
	struct ms_mikey_ticket_held *held = NULL;
	struct ms_span resolvers;
	uint8_t kind;
	int err = ms_read_u8(&in, &kind);

	if (!err)
		err = ms_read_lv16(&in, &resolvers);
	if (!err && kind > MS_KEYS_TICKET_SESSION)
		err = -EBADMSG;
	if (!err)
		err = ms_mikey_ticket_held_parse(ms_span_of(in.p, ms_read_left(&in)), &held);
	if (err)
		return err;
	if (ms_mikey_ticket_held_end(held) <= now) {
		ms_mikey_ticket_held_free(held);
		return 0;
	}
	return ms_keys_cache_add(c, (enum ms_keys_ticket_kind)kind, resolvers, held);
}

int ms_keys_cache_parse(struct ms_keys_cache *c, struct ms_span s, ms_usec now)
{
	struct ms_reader in = ms_reader_of(s);
	int err = 0;

	while (!err && ms_read_left(&in) > 0) {
		struct ms_span content;
		uint32_t len;
		uint8_t type;

		err = ms_read_u8(&in, &type);
		if (!err)
			err = ms_read_u32(&in, &len);
		if (!err)
			err = ms_read_span(&in, len, &content);
		if (err)
			break;
		if (type == RECORD_OWN)
			err = parse_own(c, content, now);
		else if (type == RECORD_RESOLVED)
			err = keep_resolved(c, content);
		else
			err = -EBADMSG;
	}
	return err;
}
