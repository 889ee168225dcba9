/* SPDX-License-Identifier: Apache-2.0 */
/* Lists in memory: finding and asking. See directory.h. */
#include "list/directory-priv.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/random.h"

const char *const ms_lists_posting_names[] = { "owner", "members", "named", NULL };
const char *const ms_lists_showing_names[] = { "owner", "members", NULL };

/* ---- one list ---- */

void ms_lists_entry_free(struct ms_lists_entry *e)
{
	if (!e)
		return;
	ms_list_remove(&e->link);
	ms_free(e->display);
	ms_free(e);
}

struct ms_lists_list *ms_lists_list_free(struct ms_lists_list *l)
{
	if (!l)
		return NULL;
	for (size_t k = 0; k < MS_LISTS_KINDS; k++) {
		struct ms_list *link, *next;

		ms_list_foreach_safe (link, next, &l->entries[k])
			ms_lists_entry_free(MS_CONTAINER_OF(link, struct ms_lists_entry, link));
		ms_hash_free(l->by_uri[k]);
	}
	ms_free(l->uri);
	ms_free(l->owner);
	ms_free(l->group);
	return ms_free(l);
}

static int fill_list(struct ms_lists_list *l, const struct ms_lists_directory *d,
		     const struct ms_store_list *s)
{
	int err = 0;

	l->uri = ms_strdup_span(s->uri);
	l->owner = ms_strdup_span(s->owner);
	l->group = ms_strdup_span(s->group);
	if (!l->uri || !l->owner || !l->group)
		return -ENOMEM;
	for (size_t k = 0; err == 0 && k < MS_LISTS_KINDS; k++)
		err = ms_hash_new(d->max_members, d->hash_key, &l->by_uri[k]);
	return err;
}

int ms_lists_list_new(const struct ms_lists_directory *d, const struct ms_store_list *s,
		      struct ms_lists_list **ret_l)
{
	struct ms_lists_list *l = ms_zalloc(sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	for (size_t k = 0; k < MS_LISTS_KINDS; k++)
		ms_list_init(&l->entries[k]);
	l->post = s->post <= MS_LISTS_POST_NAMED ? s->post : MS_LISTS_POST_OWNER;
	l->show = s->show <= MS_LISTS_SHOW_MEMBERS ? s->show : MS_LISTS_SHOW_OWNER;
	l->changed = s->changed;
	err = fill_list(l, d, s);
	if (err)
		ms_lists_list_free(l);
	else
		*ret_l = l;
	return err;
}

int ms_lists_list_add(struct ms_lists_list *l, enum ms_lists_kind kind, struct ms_span uri,
		      struct ms_span display)
{
	struct ms_lists_entry *e = ms_zalloc(sizeof(*e) + uri.len + 1);
	int err = -ENOMEM;

	if (!e)
		return -ENOMEM;
	ms_list_init(&e->link);
	memcpy(e->uri, uri.p, uri.len);
	e->display = display.len > 0 ? ms_strdup_span(display) : NULL;
	if (display.len == 0 || e->display)
		err = ms_hash_put(l->by_uri[kind], uri, e);
	if (err) {
		ms_lists_entry_free(e);
		return err;
	}
	ms_list_append(&l->entries[kind], &e->link);
	l->n[kind]++;
	return 0;
}

bool ms_lists_list_take(struct ms_lists_list *l, enum ms_lists_kind kind, struct ms_span uri)
{
	struct ms_lists_entry *e = ms_hash_take(l->by_uri[kind], uri);

	if (!e)
		return false;
	ms_lists_entry_free(e);
	l->n[kind]--;
	return true;
}

/* ---- opening ---- */

static int load_list(void *arg, const struct ms_store_list *s)
{
	struct ms_lists_directory *d = arg;
	struct ms_lists_list *l = NULL;
	int err = ms_lists_list_new(d, s, &l);

	if (err == 0)
		err = ms_hash_put(d->by_uri, s->uri, l);
	if (err)
		ms_lists_list_free(l);
	return err;
}

static int load_entry(void *arg, const struct ms_store_list_entry *e)
{
	const struct ms_lists_directory *d = arg;
	struct ms_lists_list *l = ms_hash_get(d->by_uri, e->list);

	if (!l || e->kind >= MS_LISTS_KINDS)
		return -EUCLEAN;
	return ms_lists_list_add(l, e->kind, e->uri, e->display);
}

static int load(struct ms_lists_directory *d, struct ms_buf *error)
{
	const struct ms_store_lists_visitor v = { load_list, load_entry, d };
	int err = ms_store_lists_load(d->store, &v);

	if (err == -ENOSPC)
		ms_buf_put_str(error, "the store has more than limits.lists or limits.members");
	else if (err)
		ms_buf_put_str(error, ms_lists_why(d, err));
	return err;
}

static int open_store(struct ms_lists_directory *d, const struct ms_lists_directory_options *o,
		      struct ms_buf *error)
{
	const struct ms_store_config c = { .path = o->path,
					   .busy_ms = (unsigned)(o->busy / MS_MSEC),
					   .schema = &ms_store_lists_schema };
	char why[MS_STORE_MESSAGE_MAX];
	int err = ms_store_open(&c, why, &d->store);

	if (err)
		ms_buf_put_str(error, why);
	return err;
}

int ms_lists_directory_open(const struct ms_lists_directory_options *o, struct ms_buf *error,
			    struct ms_lists_directory **ret_d)
{
	struct ms_lists_directory *d = ms_zalloc(sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	d->max_members = o->members;
	err = ms_random_fill(&ms_random_system, d->hash_key, sizeof(d->hash_key));
	if (err == 0)
		err = ms_hash_new(o->lists, d->hash_key, &d->by_uri);
	if (err == 0)
		err = open_store(d, o, error);
	if (err == 0)
		err = load(d, error);
	if (err)
		ms_lists_directory_close(d);
	else
		*ret_d = d;
	return err;
}

static int free_list(struct ms_span uri, void *value, void *arg)
{
	(void)uri;
	(void)arg;
	ms_lists_list_free(value);
	return 0;
}

struct ms_lists_directory *ms_lists_directory_close(struct ms_lists_directory *d)
{
	if (!d)
		return NULL;
	if (d->by_uri)
		ms_hash_each(d->by_uri, free_list, NULL);
	ms_hash_free(d->by_uri);
	ms_store_close(d->store);
	return ms_free(d);
}

/* ---- asking ---- */

struct ms_store *ms_lists_directory_store(struct ms_lists_directory *d)
{
	return d->store;
}

void ms_lists_directory_set_members(struct ms_lists_directory *d, size_t members)
{
	d->max_members = members;
}

const struct ms_lists_list *ms_lists_find(const struct ms_lists_directory *d, struct ms_span uri)
{
	return ms_hash_get(d->by_uri, uri);
}

size_t ms_lists_count_of(const struct ms_lists_directory *d)
{
	return ms_hash_count(d->by_uri);
}

struct each {
	int (*f)(const struct ms_lists_list *l, void *arg);
	void *arg;
};

static int tell(struct ms_span uri, void *value, void *arg)
{
	const struct each *e = arg;

	(void)uri;
	return e->f(value, e->arg);
}

int ms_lists_each(const struct ms_lists_directory *d,
		  int (*f)(const struct ms_lists_list *l, void *arg), void *arg)
{
	struct each e = { f, arg };

	return ms_hash_each(d->by_uri, tell, &e);
}

bool ms_lists_has(const struct ms_lists_list *l, enum ms_lists_kind kind, struct ms_span uri)
{
	return ms_hash_get(l->by_uri[kind], uri) != NULL;
}

bool ms_lists_may_post(const struct ms_lists_list *l, struct ms_span user)
{
	if (ms_span_is(user, l->owner))
		return true;
	switch (l->post) {
	case MS_LISTS_POST_MEMBERS:
		return ms_lists_has(l, MS_LISTS_MEMBER, user);
	case MS_LISTS_POST_NAMED:
		return ms_lists_has(l, MS_LISTS_POSTER, user);
	default:
		return false;
	}
}

bool ms_lists_may_see(const struct ms_lists_list *l, struct ms_span user)
{
	return ms_span_is(user, l->owner) ||
	       (l->show == MS_LISTS_SHOW_MEMBERS && ms_lists_has(l, MS_LISTS_MEMBER, user));
}
