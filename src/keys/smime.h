/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PSK S/MIME for immediate messages (TS 33.328 annex F.3 and I.2), put together from CMS and
 * MIKEY-TICKET: the key-encryption key of the CMS object is the TEK of a crypto session whose
 * TRANSFER_INIT travels inside the object. Half a round trip: nobody answers (F = 0).
 */
#ifndef MS_KEYS_SMIME_H
#define MS_KEYS_SMIME_H

#include "cms/cms.h"
#include "core/profile.h"
#include "keys/identity.h"
#include "keys/proof.h"
#include "keys/replay.h"
#include "mikey/incoming.h"
#include "mikey/transfer.h"

/** What both directions need. All borrowed; for ms_keys_smime_read() until the object is freed. */
struct ms_keys_smime {
	const struct ms_mikey_party *party;
	const struct ms_profile *profile;
	const struct ms_random *random;
	struct ms_cms_params cms; /* of objects we make */
	struct ms_cms_limits limits;
	struct ms_keys_replay
		*replay;     /* NULL: messages are read again and again, as a verifier does */
	bool prove;          /* objects we make carry a proof of origin */
	bool take_forgotten; /* also what is older than the replay cache remembers */
	bool enter_later; /* ms_keys_smime_open() leaves the replay cache to ms_keys_smime_enter() */
};

/**
 * Appends the CMS object that protects `entity` (a canonical MIME entity) for `called`, a resolver
 * of the ticket. Returns 0, -EINVAL (a ticket that is not for messages), or what
 * ms_mikey_transfer_start() and ms_cms_seal() say.
 */
MS_MUST_CHECK int ms_keys_smime_seal(const struct ms_keys_smime *s,
				     struct ms_mikey_ticket_held *held, struct ms_span called,
				     struct ms_span entity, ms_usec now, struct ms_buf *out);

struct ms_keys_smime_in; /* a received object; owned; secret */

/** NULL is fine. Returns NULL. */
struct ms_keys_smime_in *ms_keys_smime_in_free(struct ms_keys_smime_in *in);

/**
 * Reads a received object and refuses what can be refused without keys: malformed, seen before,
 * outside of the clock's window, with a ticket that is not for messages. `der` is borrowed until
 * *ret_in is freed. Returns 0 or negative errno with *fault filled.
 */
MS_MUST_CHECK int ms_keys_smime_read(const struct ms_keys_smime *s, struct ms_span der, ms_usec now,
				     struct ms_fault *fault, struct ms_keys_smime_in **ret_in);

/**
 * Whether it comes with a proof of origin. Then the KMS should resolve the ticket out of this very
 * message, whatever is in a cache: only that proves anything.
 */
bool ms_keys_smime_claims_proof(const struct ms_keys_smime_in *in);

/** The TRANSFER_INIT in it, whose ticket is to be resolved before ms_keys_smime_open(). Borrowed. */
struct ms_mikey_incoming *ms_keys_smime_incoming(struct ms_keys_smime_in *in);

/**
 * After the ticket was resolved: appends the entity and says who sent it, as the KMS vouches for
 * it. The message is entered into the replay cache; what is older than that remembers is refused
 * (-ESTALE, "replay_forgotten"), unless take_forgotten. Returns 0, or negative errno with *fault
 * filled; then nothing is appended. A content that is not the one its TRANSFER_INIT was made for is
 * refused (-EPERM, "proof_mismatch").
 */
MS_MUST_CHECK int ms_keys_smime_open(struct ms_keys_smime_in *in, ms_usec now,
				     struct ms_buf *entity, struct ms_keys_identity *ret_sender,
				     struct ms_fault *fault);

/**
 * With enter_later, once the opened message is welcome: whoever sends another's message as his own must
 * not use it up. As ms_keys_smime_open() says of the replay cache; 0 without one.
 */
MS_MUST_CHECK int ms_keys_smime_enter(struct ms_keys_smime_in *in, struct ms_fault *fault);

/**
 * Who it says protected it, before the KMS is asked; not verified. False: it does not say. Who is refused
 * by this would be refused by what the KMS vouches for, too.
 */
bool ms_keys_smime_claimed(const struct ms_keys_smime_in *in, struct ms_keys_identity *ret_sender);

/** When its TRANSFER_INIT was made, by its own timestamp (verified once it is open); 0: it has none. */
ms_usec ms_keys_smime_made(const struct ms_keys_smime_in *in);

/** Opened, but older than the replay cache remembers: nobody can tell whether it was there before. */
bool ms_keys_smime_forgotten(const struct ms_keys_smime_in *in);

/**
 * When the ticket in a received object ends, read without any check, to say of a refused one; 0 if
 * that cannot be read or is open.
 */
ms_usec ms_keys_smime_ticket_end(const struct ms_keys_smime *s, struct ms_span der);

/** What an opened message proves of its origin. */
enum ms_keys_proof ms_keys_smime_proof(const struct ms_keys_smime_in *in);

#endif
