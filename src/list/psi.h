/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A protected message to a list that is kept here: opened as the list (a PSI is one of the server's
 * identities), checked, encrypted anew once for all members, and posted. TS 33.328 annex F, TS 24.247
 * clause 5.3.3.1.
 */
#ifndef MS_LISTS_PSI_H
#define MS_LISTS_PSI_H

#include "list/lists.h"

/** A message to `l`, checked as any request. Answers it, now or later. */
void ms_lists_psi_take(struct ms_sip_exchange *x, const struct ms_lists_list *l,
		       const struct ms_lists_sender *sender);

/** A message that was held (held.h) is worked on again, as it came. */
void ms_lists_psi_held(int64_t id, struct ms_sip_packet *m);

/** Nobody waits for the answer any more. */
void ms_lists_psi_forget(struct ms_sip_exchange *x);

/** Removes a list, what is under way to it, and its keys. As ms_lists_remove(). */
MS_MUST_CHECK int ms_lists_psi_remove(struct ms_span uri);

/** Ends all under way: nothing was promised. */
void ms_lists_psi_stop(void);

/** Forgets what is left; after post.h has gone. */
void ms_lists_psi_end(void);

#endif
