/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists of this server: a list is a URI (a PSI), an owner, members, and a policy. In memory, and in
 * the store with every change: a function that changes something returns 0 only when the change
 * survives a kill.
 *
 * All URIs are identities in the form of keys/identity.h. What is found is borrowed until the next
 * change.
 */
#ifndef MS_LISTS_DIRECTORY_H
#define MS_LISTS_DIRECTORY_H

#include "core/buf.h"
#include "core/hash.h"
#include "core/list.h"
#include "keys/identity.h"
#include "store/lists.h"

/** Who may post; the owner always may. */
enum ms_lists_posting { MS_LISTS_POST_OWNER, MS_LISTS_POST_MEMBERS, MS_LISTS_POST_NAMED };

/** Who may see the members; the owner always may. */
enum ms_lists_showing { MS_LISTS_SHOW_OWNER, MS_LISTS_SHOW_MEMBERS };

/** "owner", "members", "named"; ended by NULL. */
extern const char *const ms_lists_posting_names[];
extern const char *const ms_lists_showing_names[];

/** What an entry is. */
enum ms_lists_kind { MS_LISTS_MEMBER, MS_LISTS_POSTER, MS_LISTS_KINDS };

struct ms_lists_entry {
	struct ms_list link; /* in the list's `entries` */
	char *display;       /* owned; NULL: none */
	char uri[];
};

struct ms_lists_list {
	char *uri, *owner, *group; /* owned; group "": by the configured rule */
	enum ms_lists_posting post;
	enum ms_lists_showing show;
	ms_usec changed;                        /* grows with each change: the ETag */
	struct ms_list entries[MS_LISTS_KINDS]; /* of struct ms_lists_entry, in order */
	size_t n[MS_LISTS_KINDS];
	struct ms_hash *by_uri[MS_LISTS_KINDS]; /* owned */
};

struct ms_lists_directory; /* owned */

struct ms_lists_directory_options {
	const char *path; /* of the store */
	ms_usec busy;
	size_t lists, members; /* most of them; of one list */
};

/** Opens the store and reads it. Errors of ms_store_open(), with a sentence in `error`. */
MS_MUST_CHECK int ms_lists_directory_open(const struct ms_lists_directory_options *o,
					  struct ms_buf *error, struct ms_lists_directory **ret_d);

/** NULL is fine. Returns NULL. */
struct ms_lists_directory *ms_lists_directory_close(struct ms_lists_directory *d);

/** The store below, for others that keep something in the same database. Borrowed. */
struct ms_store *ms_lists_directory_store(struct ms_lists_directory *d);

/** More or fewer members a list from now on; those that are there stay. */
void ms_lists_directory_set_members(struct ms_lists_directory *d, size_t members);

/** NULL: there is no such list. */
const struct ms_lists_list *ms_lists_find(const struct ms_lists_directory *d, struct ms_span uri);

size_t ms_lists_count_of(const struct ms_lists_directory *d);

/** Calls f for each list until it returns non-zero, which is then returned. */
int ms_lists_each(const struct ms_lists_directory *d,
		  int (*f)(const struct ms_lists_list *l, void *arg), void *arg);

/** Is that URI an entry of that kind? */
bool ms_lists_has(const struct ms_lists_list *l, enum ms_lists_kind kind, struct ms_span uri);

/** May that user post? */
bool ms_lists_may_post(const struct ms_lists_list *l, struct ms_span user);

/** May that user see who is a member? */
bool ms_lists_may_see(const struct ms_lists_list *l, struct ms_span user);

/* ---- changes ---- */

/** One entry to be. */
struct ms_lists_entry_spec {
	struct ms_span uri, display;
};

/** A list to be. Spans are borrowed. */
struct ms_lists_spec {
	struct ms_span uri, owner, group;
	enum ms_lists_posting post;
	enum ms_lists_showing show;
	/* With `replace`: its entries from now on; one given twice counts once. */
	bool replace[MS_LISTS_KINDS];
	const struct ms_lists_entry_spec *entries[MS_LISTS_KINDS];
	size_t n[MS_LISTS_KINDS];
};

/**
 * Why a change was refused, beside errno of the store: -EINVAL (a URI is no identity), -EEXIST,
 * -ENOENT, -ENOSPC (too many lists or members), -ELOOP (it would contain itself or another list of
 * ours), -ENOMEM.
 */

/** A new list. */
MS_MUST_CHECK int ms_lists_add(struct ms_lists_directory *d, const struct ms_lists_spec *s);

/** Changes everything the specification says of a list that is there, or makes it; all or nothing. */
MS_MUST_CHECK int ms_lists_put(struct ms_lists_directory *d, const struct ms_lists_spec *s);

MS_MUST_CHECK int ms_lists_remove(struct ms_lists_directory *d, struct ms_span uri);

/** Adds, or with an empty `display` in `remove` takes off, one entry. */
MS_MUST_CHECK int ms_lists_entry_add(struct ms_lists_directory *d, struct ms_span list,
				     enum ms_lists_kind kind, const struct ms_lists_entry_spec *e);
MS_MUST_CHECK int ms_lists_entry_remove(struct ms_lists_directory *d, struct ms_span list,
					enum ms_lists_kind kind, struct ms_span uri);

/** The last error of the store in words, or of ours. Borrowed. */
const char *ms_lists_why(const struct ms_lists_directory *d, int err);

#endif
