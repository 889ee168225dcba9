/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a list server must remember of its lists: who owns them, who is on them, who may post. A
 * database of its own schema, opened by ms_store_open() with ms_store_lists_schema; durability and
 * errors are those of store.h.
 */
#ifndef MS_STORE_LISTS_H
#define MS_STORE_LISTS_H

#include "store/store.h"

extern const struct ms_store_schema ms_store_lists_schema;

/** Longest display name of an entry, in octets. */
#define MS_STORE_DISPLAY_MAX 256

struct ms_store_list {
	struct ms_span uri;   /* the PSI */
	struct ms_span owner; /* public identity */
	struct ms_span
		group; /* PSI that members may resolve tickets of; empty: the configured rule */
	unsigned post, show; /* the program's enumerations */
	ms_usec changed;     /* never the same twice for one list */
};

/** What an entry is for: the program's enumeration in `kind`. */
struct ms_store_list_entry {
	struct ms_span list;
	unsigned kind;
	struct ms_span uri, display;
};

/** Adds a list, or changes what the structure says of one that is there. -EINVAL: a name is empty or long. */
MS_MUST_CHECK int ms_store_list_put(struct ms_store *s, const struct ms_store_list *l);

/** Takes its entries along. -ENOENT. */
MS_MUST_CHECK int ms_store_list_remove(struct ms_store *s, struct ms_span uri);

/** -ENOENT: no such list; -EEXIST; -EINVAL. */
MS_MUST_CHECK int ms_store_list_entry_add(struct ms_store *s, const struct ms_store_list_entry *e);

/** -ENOENT. */
MS_MUST_CHECK int ms_store_list_entry_remove(struct ms_store *s,
					     const struct ms_store_list_entry *e);

/** Removes all entries of that kind; none is fine. */
MS_MUST_CHECK int ms_store_list_entries_clear(struct ms_store *s, struct ms_span list,
					      unsigned kind);

/** Told every list, then every entry in the order they were added; as ms_store_visitor. */
struct ms_store_lists_visitor {
	int (*list)(void *arg, const struct ms_store_list *l);
	int (*entry)(void *arg, const struct ms_store_list_entry *e);
	void *arg;
};

MS_MUST_CHECK int ms_store_lists_load(struct ms_store *s, const struct ms_store_lists_visitor *v);

#endif
