/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A crypto session bundle: what both ends know after a Ticket Transfer, and its updates (RFC 6043
 * section 5.2). Either end may start an update.
 */
#ifndef MS_MIKEY_CSB_H
#define MS_MIKEY_CSB_H

#include "mikey/party.h"
#include "mikey/replay.h"
#include "mikey/session.h"

struct ms_mikey_csb; /* owned; secret */

/** NULL is fine. Returns NULL. Wipes the keys. */
struct ms_mikey_csb *ms_mikey_csb_free(struct ms_mikey_csb *c);
void ms_mikey_csb_freep(struct ms_mikey_csb **c);

uint32_t ms_mikey_csb_id(const struct ms_mikey_csb *c);

/** Whether we were the Initiator of the first Transfer. */
bool ms_mikey_csb_is_initiator(const struct ms_mikey_csb *c);

/**
 * The other end. The KMS vouches for it: to a Responder it is who requested the ticket (if I is set;
 * without key forking, who says to be the Initiator), to an Initiator who resolved it (if I is set;
 * else who answered). Borrowed.
 */
struct ms_mikey_id ms_mikey_csb_peer(const struct ms_mikey_csb *c);

/** Whether key forking binds ms_mikey_csb_peer() to the keys. */
bool ms_mikey_csb_peer_proven(const struct ms_mikey_csb *c);

/** Crypto sessions that have a traffic key: how many, and number `i`. Borrowed until an update. */
size_t ms_mikey_csb_count(const struct ms_mikey_csb *c);
const struct ms_mikey_traffic *ms_mikey_csb_at(const struct ms_mikey_csb *c, size_t i);

/** The traffic key of one crypto session, or NULL. Borrowed until an update. */
const struct ms_mikey_traffic *ms_mikey_csb_traffic(const struct ms_mikey_csb *c, unsigned cs_id);

/** An update to be sent: new keys, and the sessions with their SPIs. Spans are borrowed. */
struct ms_mikey_update {
	const struct ms_mikey_session *session; /* NULL: all as they are, with the first new key */
	size_t n_sessions;
	const struct ms_mikey_sp *sp;
	size_t n_sps;
	const struct ms_mikey_keyring *keys; /* needs L (Initiator) or M (Responder); may be NULL */
	bool want_answer;                    /* the V flag */
};

/**
 * Appends the update message to `out`. One update at a time. Without want_answer the new keys hold
 * at once, with it after ms_mikey_csb_update_finish(). Returns 0, -EBUSY (one is under way), -EPERM
 * (keys without L or M), -ENOKEY (an SPI names no key), -EINVAL, -EMSGSIZE, -ENOMEM.
 */
MS_MUST_CHECK int ms_mikey_csb_update_start(struct ms_mikey_csb *c, const struct ms_mikey_update *u,
					    ms_usec now, struct ms_buf *out);

/** Takes up an update of ours that was sent before, from its octets. Errors as above, and -EBADMSG. */
MS_MUST_CHECK int ms_mikey_csb_update_resume(struct ms_mikey_csb *c, struct ms_span sent);

/** The answer to our update. Errors as ms_mikey_transfer_finish(); nothing changes on error. */
MS_MUST_CHECK int ms_mikey_csb_update_finish(struct ms_mikey_csb *c, struct ms_span in, ms_usec now,
					     struct ms_fault *fault);

/**
 * Takes an update from the other end. On success the new keys hold, and if an answer is wanted it
 * is appended to `out` (may be NULL only if the caller knows that none is); `answer` has our own
 * new keys and sessions, or is NULL. `replay` may be NULL. Nothing changes on error. Returns 0 or
 * as ms_mikey_transfer_finish().
 */
MS_MUST_CHECK int ms_mikey_csb_update_take(struct ms_mikey_csb *c, struct ms_span in,
					   const struct ms_mikey_update *answer,
					   struct ms_mikey_replay *replay, ms_usec now,
					   struct ms_buf *out, struct ms_fault *fault);

/** What a bundle is made of, to take it up again. Spans are borrowed and copied. */
struct ms_mikey_csb_state {
	bool initiator;               /* which side we are */
	struct ms_span transfer_init; /* the messages of the first exchange */
	struct ms_span transfer_resp; /* empty if there was none (F not set) */
	struct ms_span key;           /* MPKi, or MPKr' if the ticket forks and was answered */
	struct ms_mikey_id id_i;      /* if absent: from the messages */
	struct ms_mikey_id id_r;
	const struct ms_mikey_keyring *keys; /* of the ticket, forked if it forks; may be NULL */
};

/** Takes up a bundle. Traffic keys are there again if all keys are. -EBADMSG, -EMSGSIZE, -ENOMEM. */
MS_MUST_CHECK int ms_mikey_csb_resume(const struct ms_mikey_party *me,
				      const struct ms_mikey_csb_state *s,
				      struct ms_mikey_csb **ret_c);

#endif
