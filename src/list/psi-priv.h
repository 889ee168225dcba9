/* SPDX-License-Identifier: Apache-2.0 */
/* A message to a list on its way through: psi.c, then psi-in.c, then psi-out.c. */
#ifndef MS_LISTS_PSI_PRIV_H
#define MS_LISTS_PSI_PRIV_H

#include "keys/smime.h"
#include "list/author.h"
#include "list/held.h"
#include "list/post.h"
#include "list/psi.h"

struct ms_lists_work {
	struct ms_list link;
	struct ms_sip_exchange *x;     /* borrowed; NULL: nobody waits (held, or gone) */
	struct ms_sip_packet *request; /* a reference */
	struct ms_lists_held held;
	struct ms_keys_identity list;
	struct ms_lists_sender sender;

	struct ms_keys_ring *ring;     /* the list's; borrowed */
	struct ms_buf object;          /* CMS */
	struct ms_keys_smime_in *in;   /* owned */
	struct ms_keys_asking *asking; /* while the KMS is asked */

	ms_usec members; /* the list's `changed` when a ticket for its members was asked for */

	struct ms_buf opened; /* the author's entity; secret; `asked` points into it */
	struct ms_lists_asked asked;
	bool posted; /* post.h has it and will call */
};

/** Who waits for the answer is not this one's any more; NULL: nobody. */
struct ms_sip_exchange *ms_lists_work_exchange(struct ms_lists_work *w);

/** It is durable: counts and answers 202. Frees it. */
void ms_lists_work_accept(struct ms_lists_work *w);

/** Frees it; nothing is answered. */
void ms_lists_work_free(struct ms_lists_work *w);

/**
 * The message is refused: counts, logs, answers (who waits for a held one was told 202: it is taken
 * out of the store). Frees it.
 */
void ms_lists_work_refuse(struct ms_lists_work *w, unsigned status, const char *reason,
			  const char *detail);

/** As the key management server says: refused for good; or, if it does not answer, held or 503. */
void ms_lists_work_failed(struct ms_lists_work *w, const struct ms_keys_failure *why);

/** psi-held.c: it stays in the store and is tried again later. Frees it. */
void ms_lists_work_wait(struct ms_lists_work *w);

/** psi-in.c: opens and checks, then goes on to ms_lists_work_send(). */
void ms_lists_work_open(struct ms_lists_work *w);

/** psi-out.c: protects for the members and posts; `opened` is set. */
void ms_lists_work_send(struct ms_lists_work *w);

#endif
