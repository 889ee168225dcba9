/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tickets kept for reuse (RFC 6043 section 5.3): our own, and what the key management server
 * resolved for us of others'. In memory, and in a file that is encrypted under a key made from our
 * pre-shared key, so that one-shot runs need not ask again.
 */
#ifndef MS_KEYS_TICKET_CACHE_H
#define MS_KEYS_TICKET_CACHE_H

#include "core/random.h"
#include "mikey/held.h"
#include "mikey/resolve.h"

/** What a ticket is for: the profiles of its policy differ. */
enum ms_keys_ticket_kind { MS_KEYS_TICKET_MESSAGE, MS_KEYS_TICKET_SESSION };

/** "message", "session". Static. */
const char *ms_keys_ticket_kind_name(enum ms_keys_ticket_kind kind);

struct ms_keys_cache; /* owned */

/** At most `max` tickets of our own and `max` of others. -ENOMEM. */
MS_MUST_CHECK int ms_keys_cache_new(size_t max, struct ms_keys_cache **ret_c);

/** Wipes. NULL is fine. Returns NULL. */
struct ms_keys_cache *ms_keys_cache_free(struct ms_keys_cache *c);

/**
 * Our ticket that may be used now for exactly these resolvers (joined as ms_keys_resolvers_put() does
 * it), borrowed; NULL if there is none. Drops what has ended.
 */
struct ms_mikey_ticket_held *ms_keys_cache_find(struct ms_keys_cache *c,
						enum ms_keys_ticket_kind kind,
						struct ms_span resolvers, ms_usec now);

/**
 * Takes the ticket over (also on error), obtained at `since`; the oldest goes if there is no room.
 * An older one of the same kind and resolvers is replaced. -ENOMEM.
 */
MS_MUST_CHECK int ms_keys_cache_add(struct ms_keys_cache *c, enum ms_keys_ticket_kind kind,
				    struct ms_span resolvers, struct ms_mikey_ticket_held *held,
				    ms_usec since);

/**
 * Whether this ticket, being used now, should be renewed: it ends within `ahead`, but half of its
 * life is over. Says so once a minute, so that a failure is not repeated with every use.
 */
bool ms_keys_cache_renewal_due(struct ms_keys_cache *c, enum ms_keys_ticket_kind kind,
			       struct ms_span resolvers, ms_usec now, ms_usec ahead);

/** What was resolved of this ticket, borrowed; NULL if it was not, or has ended. */
const struct ms_mikey_resolved *
ms_keys_cache_resolved(struct ms_keys_cache *c, const struct ms_mikey_policy *ticket, ms_usec now);

/** Keeps a copy, one for each ticket. -ENOMEM, -EMSGSIZE. Tickets without J are not kept: 0. */
MS_MUST_CHECK int ms_keys_cache_add_resolved(struct ms_keys_cache *c,
					     const struct ms_mikey_policy *ticket,
					     const struct ms_mikey_resolved *r);

/** Takes from `other` what `c` does not have (of the same kind and resolvers; of the same ticket). */
void ms_keys_cache_merge(struct ms_keys_cache *c, struct ms_keys_cache *other);

/** Ticket number `i` of our own, for a listing. False past the end. */
bool ms_keys_cache_at(const struct ms_keys_cache *c, size_t i, enum ms_keys_ticket_kind *ret_kind,
		      struct ms_span *ret_resolvers, const struct ms_mikey_ticket_held **ret_held);

/** How many resolved tickets of others there are. */
size_t ms_keys_cache_n_resolved(const struct ms_keys_cache *c);

/** Appends the resolvers, each once, sorted and joined by ", ". -ENOMEM sticks in the buffer. */
void ms_keys_resolvers_put(struct ms_buf *b, const struct ms_span *resolvers, size_t n);

/* ---- in a file ---- */

/** Longest content, octets. */
#define MS_KEYS_TICKET_FILE_MAX (64 << 20)

/** All entries, into a secret buffer of MS_KEYS_TICKET_FILE_MAX; errors stick in it. */
void ms_keys_cache_serialise(const struct ms_keys_cache *c, struct ms_buf *b);

/** Adds the entries; those that ended at `now` are left out. -EBADMSG, -EMSGSIZE, -ENOMEM. */
MS_MUST_CHECK int ms_keys_cache_parse(struct ms_keys_cache *c, struct ms_span s, ms_usec now);

/**
 * Writes the cache to `path` (mode 0600, at once or not at all), encrypted with AES-256-GCM under a
 * key derived from `psk`. Returns 0 or negative errno.
 */
MS_MUST_CHECK int ms_keys_ticket_file_save(const char *path, const struct ms_keys_cache *c,
					   struct ms_span psk, const struct ms_random *random);

/**
 * Reads it. A file that is not there: 0. -EACCES (others may read it), -EBADMSG (damaged, or of
 * another key; the cache is then as it was or has some of the entries), or negative
 * errno.
 */
MS_MUST_CHECK int ms_keys_ticket_file_load(const char *path, struct ms_keys_cache *c,
					   struct ms_span psk, ms_usec now);

#endif
