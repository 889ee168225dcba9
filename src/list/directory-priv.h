/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the directory: its tables, and lists that are not yet in them. */
#ifndef MS_LISTS_DIRECTORY_PRIV_H
#define MS_LISTS_DIRECTORY_PRIV_H

#include "list/directory.h"

struct ms_lists_directory {
	struct ms_store *store; /* owned */
	struct ms_hash *by_uri; /* uri -> struct ms_lists_list, owned */
	size_t max_members;
	uint8_t hash_key[16];
};

/** A list without entries, in no table. -ENOMEM. */
MS_MUST_CHECK int ms_lists_list_new(const struct ms_lists_directory *d,
				    const struct ms_store_list *s, struct ms_lists_list **ret_l);

/** Frees it with its entries; NULL is fine. Returns NULL. */
struct ms_lists_list *ms_lists_list_free(struct ms_lists_list *l);

/** -EEXIST, -ENOSPC, -ENOMEM. */
MS_MUST_CHECK int ms_lists_list_add(struct ms_lists_list *l, enum ms_lists_kind kind,
				    struct ms_span uri, struct ms_span display);

/** False: it is not there. */
bool ms_lists_list_take(struct ms_lists_list *l, enum ms_lists_kind kind, struct ms_span uri);

/** Also one that never was in a list. NULL is fine. */
void ms_lists_entry_free(struct ms_lists_entry *e);

#endif
