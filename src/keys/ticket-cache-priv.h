/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the ticket cache: its entries. */
#ifndef MS_KEYS_TICKET_CACHE_PRIV_H
#define MS_KEYS_TICKET_CACHE_PRIV_H

#include "core/hash.h"
#include "core/list.h"
#include "keys/ticket-cache.h"

struct ms_keys_own {
	struct ms_list link;
	enum ms_keys_ticket_kind kind;
	char *resolvers;                   /* owned */
	struct ms_mikey_ticket_held *held; /* owned */
	ms_usec since;                     /* when it was obtained */
	ms_usec renew_not_before;          /* after an attempt */
};

struct ms_keys_resolved {
	struct ms_list link;
	struct ms_mikey_resolved *r; /* owned */
};

struct ms_keys_cache {
	struct ms_list own, resolved; /* the newest last */
	struct ms_hash *by_ticket;    /* of struct ms_keys_resolved; owned */
	size_t n_own, n_resolved, max;
};

static inline struct ms_keys_own *ms_keys_own_of(struct ms_list *l)
{
	return MS_CONTAINER_OF(l, struct ms_keys_own, link);
}

static inline struct ms_keys_resolved *ms_keys_resolved_of(struct ms_list *l)
{
	return MS_CONTAINER_OF(l, struct ms_keys_resolved, link);
}

/** Keeps what was serialised, unless its ticket is there already. -EBADMSG, -EMSGSIZE, -ENOMEM. */
MS_MUST_CHECK int ms_keys_cache_keep(struct ms_keys_cache *c, struct ms_span serialised);

#endif
