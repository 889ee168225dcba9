/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a keyring: exchanges with the key management server under way, and who waits. */
#ifndef MS_KEYS_KEYRING_PRIV_H
#define MS_KEYS_KEYRING_PRIV_H

#include "core/list.h"
#include "keys/keyring.h"
#include "mikey/request.h"

/** Longest set of resolvers joined, octets: more than a MIKEY message holds. */
#define MS_KEYS_RESOLVERS_MAX (2 * MS_MIKEY_MESSAGE_MAX)

struct ms_keys_ring {
	struct ms_keys_ring_options o; /* spans and pointers borrowed */
	struct ms_keys_cache *tickets; /* owned */
	bool file_broken;              /* could not be read: it is not written over */
	struct ms_mikey_clock clock;
	struct ms_mikey_local local[2]; /* by enum ms_keys_ticket_kind */
	struct ms_mikey_party party[2];
	struct ms_list asking; /* of struct ms_keys_asking */
};

/**
 * Somebody who waits for the KMS. Who wants what is being asked for already has no call of its own,
 * but waits for that one: a burst of messages costs one request and one resolve.
 */
struct ms_keys_asking {
	struct ms_list link;
	struct ms_keys_ring *ring;
	struct ms_keys_kms_call *call; /* NULL: waits for another's */
	void *arg;
	/* a Ticket Request */
	struct ms_mikey_request *request; /* owned */
	enum ms_keys_ticket_kind kind;
	char *resolvers;          /* owned; sorted and joined; NULL in a Resolve */
	ms_keys_ticket_f *ticket; /* NULL: a renewal ahead of need, nobody waits */
	/* a Ticket Resolve */
	struct ms_mikey_incoming *incoming; /* borrowed; NULL in a Request */
	enum ms_keys_resolve how;
	ms_keys_resolve_f *resolved;
};

/** NULL without memory. */
struct ms_keys_asking *ms_keys_asking_new(struct ms_keys_ring *r, void *arg);
void ms_keys_asking_free(struct ms_keys_asking *a);

/** Who asks the KMS, for others too, does not want it any more. Frees it. */
void ms_keys_request_give_up(struct ms_keys_asking *a);
void ms_keys_resolve_give_up(struct ms_keys_asking *a);

ms_usec ms_keys_ring_now(const struct ms_keys_ring *r);

/** Why no answer came. */
struct ms_keys_failure ms_keys_failure_of_answer(const struct ms_keys_kms_answer *a);

/** Counts an exchange with the KMS that failed, and tells it. */
void ms_keys_ring_failed(const struct ms_keys_ring *r, const struct ms_keys_failure *f);

/** Tells the owner a sentence. */
void ms_keys_ring_warn(const struct ms_keys_ring *r, const char *fmt, ...) MS_PRINTF(2, 3);

enum ms_keys_count {
	MS_KEYS_C_REQUEST, /* round trips */
	MS_KEYS_C_AHEAD,
	MS_KEYS_C_RESOLVE,
	MS_KEYS_C_OUT, /* what they served */
	MS_KEYS_C_IN,
	MS_KEYS_C_TICKET_CACHED, /* without a round trip */
	MS_KEYS_C_RESOLVE_CACHED,
};

void ms_keys_count(enum ms_keys_count what);
void ms_keys_count_failure(const char *reason);

#endif
