/* SPDX-License-Identifier: Apache-2.0 */
/* A key management server in memory, for users alice, bob and carol, and what the client does with it. */
#ifndef SMALL_KMS_H
#define SMALL_KMS_H

#include "keys/smime.h"
#include "mikey/held.h"
#include "mikey/incoming.h"
#include "mikey/kms.h"

#define SMALL_NOW ((ms_usec)1763622000 * MS_SEC)

enum small_user { ALICE, BOB, CAROL, SMALL_USERS };

/** Starts anew: random octets from a counter, empty caches, SMALL_NOW. */
void small_kms_reset(void);

/** What time it is, for all. */
extern ms_usec small_now;

/** What the KMS does to policies before it grants them; NULL: nothing. */
extern void (*small_alter)(struct ms_mikey_kms_grant *g);

/** Serves one message. */
int small_serve(struct ms_span in, struct ms_buf *out);

/** The pre-shared key. Borrowed. */
struct ms_span small_psk(enum small_user who);

const struct ms_mikey_party *small_party(enum small_user who, bool for_messages);
const char *small_uri(enum small_user who);
extern const struct ms_random small_random;

/** A ticket for messages (GTGK, F=0) or sessions (TGK, F=1), resolvable by `responder`. */
int small_ticket(enum small_user who, bool for_messages, const char *responder,
		 struct ms_mikey_ticket_held **ret_h);

/** As for messages, but without key forking: nobody vouches for who uses it. */
int small_loose_ticket(enum small_user who, const char *responder,
		       struct ms_mikey_ticket_held **ret_h);

/** Has the KMS resolve for `who`. */
int small_resolve(struct ms_mikey_incoming *in, struct ms_fault *fault);

#endif
