/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of the lists. The new list is made in memory first, where everything that may be wrong
 * shows; then the store takes it in one transaction; then it stands in for the old one, which cannot
 * fail.
 */
#include <errno.h>

#include "core/alloc.h"
#include "list/directory-priv.h"
#include "loop/loop.h"

const char *ms_lists_why(const struct ms_lists_directory *d, int err)
{
	switch (err) {
	case -EEXIST:
		return "that is there already";
	case -ENOENT:
		return "there is no such list or entry";
	case -EINVAL:
		return "not a SIP or tel URI that names a user, or a name too long";
	case -ENOSPC:
		return "too many lists or members (limits.lists, limits.members), or no room on disk";
	case -ELOOP:
		return "a list may not contain itself or another list of this server";
	case -ENOMEM:
		return "out of memory";
	default:
		return d->store && *ms_store_message(d->store) ? ms_store_message(d->store)
							       : "the store failed";
	}
}

/* ---- loops ---- */

static int contains(const struct ms_lists_list *l, void *arg)
{
	const struct ms_lists_list *as_member = arg;

	return !ms_span_is(ms_span_str(l->uri), as_member->uri) &&
	       ms_lists_has(l, MS_LISTS_MEMBER, ms_span_str(as_member->uri));
}

/* A message would go round, or be multiplied twice. */
static int check_loop(const struct ms_lists_directory *d, const struct ms_lists_list *l)
{
	const struct ms_list *link;

	ms_list_foreach (link, &l->entries[MS_LISTS_MEMBER]) {
		struct ms_span uri =
			ms_span_str(MS_CONTAINER_OF(link, struct ms_lists_entry, link)->uri);

		if (ms_span_is(uri, l->uri) || ms_lists_find(d, uri))
			return -ELOOP;
	}
	if (ms_lists_find(d, ms_span_str(l->uri)))
		return 0; /* it was looked at when it was made */
	return ms_lists_each(d, contains, (void *)(uintptr_t)l) ? -ELOOP : 0;
}

/* ---- making the new list ---- */

static int add_entry(struct ms_lists_list *l, enum ms_lists_kind kind,
		     const struct ms_lists_entry_spec *e)
{
	struct ms_keys_identity id;
	int err = ms_keys_identity_parse(e->uri, &id);

	if (err == 0 && e->display.len > MS_STORE_DISPLAY_MAX)
		err = -EINVAL;
	if (err == 0)
		err = ms_lists_list_add(l, kind, ms_keys_identity_span(&id), e->display);
	return err == -EEXIST ? 0 : err;
}

static int copy_entries(struct ms_lists_list *l, const struct ms_lists_list *old,
			enum ms_lists_kind kind)
{
	const struct ms_list *link;
	int err = 0;

	ms_list_foreach (link, &old->entries[kind]) {
		const struct ms_lists_entry *e = MS_CONTAINER_OF(link, struct ms_lists_entry, link);

		err = ms_lists_list_add(l, kind, ms_span_str(e->uri), ms_span_str(e->display));
		if (err)
			break;
	}
	return err;
}

static int fill(struct ms_lists_list *l, const struct ms_lists_list *old,
		const struct ms_lists_spec *s)
{
	int err = 0;

	for (unsigned k = 0; err == 0 && k < MS_LISTS_KINDS; k++) {
		if (!s->replace[k] && old)
			err = copy_entries(l, old, k);
		for (size_t i = 0; err == 0 && s->replace[k] && i < s->n[k]; i++)
			err = add_entry(l, k, &s->entries[k][i]);
	}
	return err;
}

static int head_of(const struct ms_lists_spec *s, const struct ms_lists_list *old,
		   struct ms_keys_identity id[3], struct ms_store_list *ret_head)
{
	ms_usec now = ms_clock_wall();
	int err = ms_keys_identity_parse(s->uri, &id[0]);

	id[2].uri[0] = '\0';
	if (err == 0)
		err = ms_keys_identity_parse(s->owner, &id[1]);
	if (err == 0 && s->group.len > 0)
		err = ms_keys_identity_parse(s->group, &id[2]);
	*ret_head = (struct ms_store_list){
		.uri = ms_keys_identity_span(&id[0]),
		.owner = ms_keys_identity_span(&id[1]),
		.group = ms_keys_identity_span(&id[2]),
		.post = s->post,
		.show = s->show,
		.changed = old && old->changed >= now ? old->changed + 1 : now,
	};
	return err;
}

static int make(const struct ms_lists_directory *d, const struct ms_lists_spec *s,
		const struct ms_lists_list *old, struct ms_lists_list **ret_l)
{
	struct ms_keys_identity id[3];
	struct ms_store_list head;
	struct ms_lists_list *l = NULL;
	int err = head_of(s, old, id, &head);

	if (err == 0)
		err = ms_lists_list_new(d, &head, &l);
	if (err == 0)
		err = fill(l, old, s);
	if (err == 0)
		err = check_loop(d, l);
	if (err)
		ms_lists_list_free(l);
	else
		*ret_l = l;
	return err;
}

/* ---- the store ---- */

static struct ms_store_list head_of_list(const struct ms_lists_list *l)
{
	return (struct ms_store_list){
		.uri = ms_span_str(l->uri),
		.owner = ms_span_str(l->owner),
		.group = ms_span_str(l->group),
		.post = l->post,
		.show = l->show,
		.changed = l->changed,
	};
}

static int store_entries(struct ms_store *s, const struct ms_lists_list *l, unsigned kind)
{
	struct ms_span list = ms_span_str(l->uri);
	const struct ms_list *link;
	int err = ms_store_list_entries_clear(s, list, kind);

	ms_list_foreach (link, &l->entries[kind]) {
		const struct ms_lists_entry *e = MS_CONTAINER_OF(link, struct ms_lists_entry, link);
		const struct ms_store_list_entry row = { list, kind, ms_span_str(e->uri),
							 ms_span_str(e->display) };

		if (err)
			break;
		err = ms_store_list_entry_add(s, &row);
	}
	return err;
}

static int store_list(struct ms_store *s, const struct ms_lists_list *l, const bool replace[])
{
	struct ms_store_list head = head_of_list(l);
	int err = ms_store_begin(s);

	if (err)
		return err;
	err = ms_store_list_put(s, &head);
	for (unsigned k = 0; err == 0 && k < MS_LISTS_KINDS; k++)
		if (replace[k])
			err = store_entries(s, l, k);
	if (err == 0)
		return ms_store_commit(s);
	ms_store_rollback(s);
	return err;
}

/* ---- whole lists ---- */

/* The place in the table is taken before the store changes: after that nothing may fail. */
static int put_new(struct ms_lists_directory *d, struct ms_lists_list *l, const bool replace[])
{
	int err = ms_hash_put(d->by_uri, ms_span_str(l->uri), l);

	if (err)
		return err;
	err = store_list(d->store, l, replace);
	if (err)
		(void)ms_hash_take(d->by_uri, ms_span_str(l->uri));
	return err;
}

/* What hangs on `from` hangs on `to` then. */
static void move_entries(struct ms_list *to, struct ms_list *from)
{
	ms_list_init(to);
	if (ms_list_empty(from))
		return;
	*to = *from;
	to->next->prev = to->prev->next = to;
	ms_list_init(from);
}

/* The old list's place is in the table: it gets the new one's content, and the new one the old. */
static void swap(struct ms_lists_list *a, struct ms_lists_list *b)
{
	struct ms_lists_list t = *a;

	for (size_t k = 0; k < MS_LISTS_KINDS; k++)
		move_entries(&t.entries[k], &a->entries[k]);
	*a = *b;
	for (size_t k = 0; k < MS_LISTS_KINDS; k++)
		move_entries(&a->entries[k], &b->entries[k]);
	*b = t;
	for (size_t k = 0; k < MS_LISTS_KINDS; k++)
		move_entries(&b->entries[k], &t.entries[k]);
}

static int put_over(struct ms_lists_directory *d, struct ms_lists_list *old,
		    struct ms_lists_list *l, const bool replace[])
{
	int err = store_list(d->store, l, replace);

	if (err)
		return err;
	swap(old, l);
	ms_lists_list_free(l);
	return 0;
}

static int put(struct ms_lists_directory *d, const struct ms_lists_spec *s, bool only_new)
{
	struct ms_keys_identity id;
	struct ms_lists_list *l = NULL, *old;
	int err = ms_keys_identity_parse(s->uri, &id);

	if (err)
		return err;
	old = ms_hash_get(d->by_uri, ms_keys_identity_span(&id));
	if (old && only_new)
		return -EEXIST;
	err = make(d, s, old, &l);
	if (err)
		return err;
	err = old ? put_over(d, old, l, s->replace) : put_new(d, l, s->replace);
	if (err)
		ms_lists_list_free(l);
	return err;
}

int ms_lists_add(struct ms_lists_directory *d, const struct ms_lists_spec *s)
{
	return put(d, s, true);
}

int ms_lists_put(struct ms_lists_directory *d, const struct ms_lists_spec *s)
{
	return put(d, s, false);
}

int ms_lists_remove(struct ms_lists_directory *d, struct ms_span uri)
{
	int err = ms_lists_find(d, uri) ? ms_store_list_remove(d->store, uri) : -ENOENT;

	if (err == 0)
		ms_lists_list_free(ms_hash_take(d->by_uri, uri));
	return err;
}

/* ---- single entries ---- */

static int store_entry(struct ms_lists_directory *d, struct ms_lists_list *l,
		       const struct ms_store_list_entry *row, bool add)
{
	struct ms_store_list head = head_of_list(l);
	ms_usec now = ms_clock_wall();
	int err = ms_store_begin(d->store);

	if (err)
		return err;
	head.changed = l->changed >= now ? l->changed + 1 : now;
	err = add ? ms_store_list_entry_add(d->store, row)
		  : ms_store_list_entry_remove(d->store, row);
	if (err == 0)
		err = ms_store_list_put(d->store, &head);
	if (err == 0)
		err = ms_store_commit(d->store);
	else
		ms_store_rollback(d->store);
	if (err == 0)
		l->changed = head.changed;
	return err;
}

int ms_lists_entry_add(struct ms_lists_directory *d, struct ms_span list, enum ms_lists_kind kind,
		       const struct ms_lists_entry_spec *e)
{
	struct ms_lists_list *l = ms_hash_get(d->by_uri, list);
	struct ms_keys_identity id;
	int err = l ? ms_keys_identity_parse(e->uri, &id) : -ENOENT;
	struct ms_store_list_entry row = { list, kind, MS_SPAN_NULL, e->display };

	if (err)
		return err;
	row.uri = ms_keys_identity_span(&id);
	if (e->display.len > MS_STORE_DISPLAY_MAX)
		return -EINVAL;
	if (kind == MS_LISTS_MEMBER && ms_lists_find(d, row.uri))
		return -ELOOP;
	if (l->n[kind] >= d->max_members)
		return -ENOSPC;
	err = ms_lists_list_add(l, kind, row.uri, e->display);
	if (err)
		return err;
	err = store_entry(d, l, &row, true);
	if (err)
		(void)ms_lists_list_take(l, kind, row.uri);
	return err;
}

int ms_lists_entry_remove(struct ms_lists_directory *d, struct ms_span list,
			  enum ms_lists_kind kind, struct ms_span uri)
{
	struct ms_lists_list *l = ms_hash_get(d->by_uri, list);
	const struct ms_store_list_entry row = { list, kind, uri, MS_SPAN_NULL };
	int err = l && ms_lists_has(l, kind, uri) ? store_entry(d, l, &row, false) : -ENOENT;

	if (err == 0)
		(void)ms_lists_list_take(l, kind, uri);
	return err;
}
