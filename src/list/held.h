/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While the key management server does not answer, messages are kept as they came: nobody here can
 * read them. They have been accepted (202), so each is worked on again until something final is said
 * about it, also after a kill.
 *
 * That a held message was posted is known by its place in the store, which goes in the same commit as
 * the posting. The replay cache cannot say it: a run may have ended between the two. So held messages
 * are not asked about there, and instead no second copy of one is taken while it is held.
 */
#ifndef MS_LISTS_HELD_H
#define MS_LISTS_HELD_H

#include "keys/smime.h"
#include "list/post.h"

/** What a message that is or may be held knows of that. */
struct ms_lists_held {
	int64_t id;   /* its place in the store; 0: it was not held */
	ms_usec came; /* wall clock */
	bool named;   /* its name among those held goes with it */
};

/** The name of what is in `in` is among those held until ms_lists_held_leave(). -EALREADY: another's is
 * there; -EBADMSG: it has none; -ENOSPC; -ENOMEM. */
MS_MUST_CHECK int ms_lists_held_enter(struct ms_lists_held *h, struct ms_keys_smime_in *in);
/** `in` may be NULL. */
void ms_lists_held_leave(struct ms_lists_held *h, struct ms_keys_smime_in *in);

/**
 * What has just been read: one that was held takes its name again (after a restart it is not there
 * yet); of another, none like it may be held: -EALREADY with *f.
 */
MS_MUST_CHECK int ms_lists_held_check(struct ms_lists_held *h, struct ms_keys_smime_in *in,
				      struct ms_fault *f);

/** One that was held was posted: from now on the replay cache knows it. */
void ms_lists_held_remember(const struct ms_lists_held *h, struct ms_keys_smime_in *in);

/** When a request that was held came. */
ms_usec ms_lists_held_came(const struct ms_sip_packet *m, ms_usec otherwise);

/**
 * Writes a request to the store as it came; `done` says when it is durable. -EALREADY: one like it is
 * held; else as ms_lists_post_hold().
 */
MS_MUST_CHECK int ms_lists_held_keep(struct ms_lists_held *h, struct ms_keys_smime_in *in,
				     const struct ms_sip_packet *m, ms_lists_posted_f *done,
				     void *arg);

/** It is durable: its place in the store has its name now; counts and logs. */
void ms_lists_held_kept(struct ms_lists_held *h, const struct ms_sip_packet *m);

/** Nothing good will come of it: counts, logs, removes it from the store. */
void ms_lists_held_give_up(const struct ms_lists_held *h, const struct ms_sip_packet *m,
			   unsigned status, const char *reason, const char *detail);

/** Before the first message; then those that earlier runs left, as soon as the loop runs. */
void ms_lists_held_open(void);
void ms_lists_held_begin(void);

/** Held messages are tried again after a while. */
void ms_lists_held_retry(void);

/** They are not any more: the server stops. */
void ms_lists_held_stop(void);

/** The post office's handlers.held: works on it again, as it came. */
void ms_lists_held_take(int64_t id, struct ms_span request, void *arg);

#endif
