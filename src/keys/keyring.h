/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One identity's keys: tickets of its own asked for, kept and renewed, tickets of others resolved,
 * RFC 6043 sections 4.2.1, 4.2.3 and 5.3. Whoever wants what is being asked for already waits for
 * that answer, so a burst of messages costs one round trip.
 *
 * Who acts as several identities has a keyring for each; they share one client of the key management
 * server (keys/kms-client.h).
 */
#ifndef MS_KEYS_KEYRING_H
#define MS_KEYS_KEYRING_H

#include "core/fault.h"
#include "core/profile.h"
#include "daemon/counter.h"
#include "keys/identity.h"
#include "keys/kms-client.h"
#include "keys/ticket-cache.h"
#include "mikey/incoming.h"
#include "mikey/party.h"

/** Why a key exchange did not come about. */
struct ms_keys_failure {
	int err;            /* negative errno; -EHOSTUNREACH: no answer came that could be read */
	const char *reason; /* static, a counter's name */
	unsigned status;    /* HTTP; 0: there was none */
	bool unreachable;   /* the KMS did not answer: trying again later may help */
	char detail[256];   /* for people */
};

/** A ticket of ours, told when it comes to be used. Borrowed for the call. */
struct ms_keys_ticket_news {
	enum ms_keys_ticket_kind kind;
	struct ms_span resolvers; /* sorted, joined by ", " */
	const struct ms_mikey_ticket_held *held;
	const char *source; /* "kms" or "cache"; static */
};

/** What the owner is told besides answers; any may be NULL. */
struct ms_keys_ring_handlers {
	void (*ticket)(void *arg, const struct ms_keys_ticket_news *n);
	void (*failed)(void *arg, const struct ms_keys_failure *f); /* an exchange with the KMS */
	void (*warn)(void *arg, const char *text);                  /* for people */
	void *arg;                                                  /* borrowed */
};

/** All pointers are borrowed and must outlive the keyring, except where it says copied. */
struct ms_keys_ring_options {
	struct ms_keys_kms *kms; /* NULL: there is no KMS, requests and resolves say -ENOKEY */
	const struct ms_profile *profile;
	const struct ms_keys_identity *identity;     /* ours: IDRi, IDRr */
	const struct ms_keys_identity *kms_identity; /* IDRkms; NULL or "": left out */
	const char *psk_id;                          /* IDRpsk; NULL or "": the identity names it */
	struct ms_span psk; /* shared with the KMS; also makes the key of the ticket file */
	const struct ms_mikey_credential *credential; /* instead of the PSK; NULL */
	ms_usec offline_limit; /* how old a message's TRANSFER_INIT may be; 0: the profile's skew */
	ms_usec lifetime;      /* of tickets asked for; 0: the profile's */
	ms_usec renew_ahead;   /* a ticket used so shortly before its end is renewed; 0: never */
	size_t tickets_max;    /* of ours, and of others each; > 0 */
	const char *ticket_file;     /* NULL: tickets are not kept */
	ms_usec (*clock)(void *arg); /* wall clock; NULL: ms_clock_wall() */
	void *clock_arg;
	struct ms_keys_ring_handlers handlers; /* copied */
};

struct ms_keys_ring; /* owned; secret */

/**
 * Makes a keyring, and reads the ticket file; a file that cannot be read as one (damaged, of another
 * key, readable by others) is told by handlers.warn, and is not written over. -ENOMEM, or negative
 * errno of the file.
 */
MS_MUST_CHECK int ms_keys_ring_new(const struct ms_keys_ring_options *o,
				   struct ms_keys_ring **ret_r);

/** Cancels what is under way, saves, wipes. NULL is fine. Returns NULL. */
struct ms_keys_ring *ms_keys_ring_free(struct ms_keys_ring *r);

/** Ourselves for exchanges of that kind, borrowed: what ms_keys_smime, transfers and answers need. */
const struct ms_mikey_party *ms_keys_ring_party(const struct ms_keys_ring *r,
						enum ms_keys_ticket_kind kind);

/** What it keeps, borrowed, for listings. */
const struct ms_keys_cache *ms_keys_ring_tickets(const struct ms_keys_ring *r);

struct ms_keys_asking; /* somebody who waits for the KMS */

/** The handler will not be called. NULL is fine. Returns NULL. */
struct ms_keys_asking *ms_keys_asking_cancel(struct ms_keys_asking *a);

/** `held` is borrowed for the call, or NULL and `why` says it. */
typedef void ms_keys_ticket_f(struct ms_mikey_ticket_held *held, const struct ms_keys_failure *why,
			      void *arg);

/**
 * A ticket for exactly these resolvers (identities or patterns; their order does not matter, nor one
 * that is named twice). From the cache: *ret_held is it, borrowed until the loop runs on, and
 * *ret_asking is NULL. Else *ret_held is NULL, the KMS is asked, and the handler is called once,
 * later. What the KMS grants must be for the same set, else it is refused ("ticket_other_resolvers").
 * Returns 0, -ENOKEY (no KMS), -EINVAL (no resolver, or one that is empty or has a blank),
 * -EMSGSIZE (more than a MIKEY message holds), -ENOMEM, or what the random source says.
 */
MS_MUST_CHECK int ms_keys_ring_ticket(struct ms_keys_ring *r, enum ms_keys_ticket_kind kind,
				      const struct ms_span *resolvers, size_t n,
				      ms_keys_ticket_f *handler, void *arg,
				      struct ms_mikey_ticket_held **ret_held,
				      struct ms_keys_asking **ret_asking);

/** `why` is NULL if the message is verified. */
typedef void ms_keys_resolve_f(const struct ms_keys_failure *why, void *arg);

/** Whether an earlier Resolve of the same ticket will do. Proof of origin needs one a message. */
enum ms_keys_resolve { MS_KEYS_RESOLVE_CACHED, MS_KEYS_RESOLVE_EACH };

/**
 * Verifies a TRANSFER_INIT: with what an earlier Resolve gave (then *ret_asking is NULL and the
 * outcome is what is returned: 0, or negative errno with *fault), or the KMS is asked and the
 * handler is called once, later. `incoming` is borrowed until then. -ENOKEY: there is no KMS.
 */
MS_MUST_CHECK int ms_keys_ring_resolve(struct ms_keys_ring *r, struct ms_mikey_incoming *incoming,
				       enum ms_keys_resolve how, ms_keys_resolve_f *handler,
				       void *arg, struct ms_fault *fault,
				       struct ms_keys_asking **ret_asking);

/** Writes the tickets to the file, if there is one; what another process wrote since is kept. */
void ms_keys_ring_save(struct ms_keys_ring *r);

/* ---- words ---- */

/** Why an answer was refused, from what the MIKEY engines say. */
struct ms_keys_failure ms_keys_failure_of_fault(int err, const struct ms_fault *fault);

/** Words for a fault of MIKEY, CMS or of keys' use in SDP, for people; its reason if there are none. Static. */
const char *ms_keys_fault_text(const struct ms_fault *f);

/* ---- counters of this process ---- */

/**
 * mediasec_keys_...: round trips to the KMS (kms_round_trips_total by exchange: request, resolve,
 * ahead), messages and calls they served (exchanges_total by direction out, in), answers out of the
 * caches, failures by reason. Round trips per message: kms_round_trips / exchanges.
 */
extern struct ms_counter_set ms_keys_counters;

#endif
