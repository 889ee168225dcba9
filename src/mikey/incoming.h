/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Responder's half of the Ticket Transfer exchange: RFC 6043 section 4.2.2.
 *
 *	ms_mikey_incoming_new()     <- TRANSFER_INIT; early checks, before anybody is asked
 *	then one of
 *	  ms_mikey_incoming_open()      the ticket can be opened here (modes 2 and 4)
 *	  ms_mikey_incoming_use()       it was resolved before (section 5.3)
 *	  ms_mikey_incoming_resolve()   -> RESOLVE_INIT for the KMS
 *	  ms_mikey_incoming_resolved()  <- RESOLVE_RESP
 *	each of which ends with the message verified and in the replay cache, and
 *	ms_mikey_incoming_answer()  -> TRANSFER_RESP if F is set; the bundle with its keys
 */
#ifndef MS_MIKEY_INCOMING_H
#define MS_MIKEY_INCOMING_H

#include "mikey/csb.h"
#include "mikey/replay.h"
#include "mikey/resolve.h"

struct ms_mikey_incoming; /* owned; secret */

/** NULL is fine. Returns NULL. */
struct ms_mikey_incoming *ms_mikey_incoming_free(struct ms_mikey_incoming *i);
void ms_mikey_incoming_freep(struct ms_mikey_incoming **i);

/**
 * Reads a TRANSFER_INIT and refuses what can be refused without the keys (section 4.2.2.2). The
 * octets are copied; `me` and `replay` (may be NULL) are borrowed until it is freed. `sdp_ids` is
 * the list of key management protocols in the SDP that carried the message ("mikey"); p NULL if it
 * did not travel in SDP, then the extension is not looked at. Returns 0, or -EBADMSG, -ESTALE
 * (clock), -EALREADY (replay), -EPERM (policy) with *fault filled (may be NULL), -ENOMEM. After a
 * refusal with me->answer_errors, ms_mikey_error_answer() writes the Error message.
 */
MS_MUST_CHECK int ms_mikey_incoming_new(const struct ms_mikey_party *me, struct ms_span in,
					struct ms_span sdp_ids, struct ms_mikey_replay *replay,
					ms_usec now, struct ms_fault *fault,
					struct ms_mikey_incoming **ret_i);

/** The message, decoded; borrowed. Nothing in it is authenticated until the keys are there. */
const struct ms_mikey_message *ms_mikey_incoming_message(const struct ms_mikey_incoming *i);

/** Who says to be calling (IDRi of the message, else of the ticket), borrowed; may be absent. */
struct ms_mikey_id ms_mikey_incoming_initiator(const struct ms_mikey_incoming *i);

/** Whether the ticket can be opened here: E is not set and we have its key. */
bool ms_mikey_incoming_can_open(const struct ms_mikey_incoming *i);

/** Opens the ticket with our own TPK and verifies the message. Errors as below. */
MS_MUST_CHECK int ms_mikey_incoming_open(struct ms_mikey_incoming *i, ms_usec now,
					 struct ms_fault *fault);

/**
 * Uses what an earlier Resolve of the same ticket gave (copied), and verifies the message. Then
 * nobody checks Vr: who needs proof of origin for each message resolves each. -EINVAL if it belongs
 * to another ticket. Errors as below.
 */
MS_MUST_CHECK int ms_mikey_incoming_use(struct ms_mikey_incoming *i,
					const struct ms_mikey_resolved *r, ms_usec now,
					struct ms_fault *fault);

/** Appends a RESOLVE_INIT to `out`. A second call starts a new one. Errors of its own. */
MS_MUST_CHECK int ms_mikey_incoming_resolve(struct ms_mikey_incoming *i, ms_usec now,
					    struct ms_buf *out);

/**
 * Takes the KMS's answer and verifies the TRANSFER_INIT: MAC, Vi against V, IDRi against the ticket,
 * SDP identifiers, an SPI for each session; then enters it into the replay cache. Returns 0, or
 * -EBADMSG, -EKEYREJECTED, -ENOKEY, -EPERM, -EALREADY, -EREMOTEIO (as ms_mikey_request_finish()), or
 * -ENOSPC (replay cache full) with *fault filled (may be NULL), -EPROTO (not asked), -ENOMEM.
 * Nothing changes on error.
 */
MS_MUST_CHECK int ms_mikey_incoming_resolved(struct ms_mikey_incoming *i, struct ms_span in,
					     ms_usec now, struct ms_fault *fault);

/** What was resolved, for a cache; borrowed; NULL before. */
const struct ms_mikey_resolved *ms_mikey_incoming_outcome(const struct ms_mikey_incoming *i);

/**
 * Whether the KMS resolved the ticket out of this very message, and so has seen by its Vr that the
 * owner of the ticket made it (section 6.10); false after ms_mikey_incoming_use() and _open().
 */
bool ms_mikey_incoming_vouched(const struct ms_mikey_incoming *i);

/** How to answer. Spans are borrowed. NULL or all zero: take every session as offered. */
struct ms_mikey_answer {
	/* One for each session that is taken, and added ones. NULL: all that are offered, each with
	 * its first acceptable policy, its SPI or else the first key, an SSRC of our choice. */
	const struct ms_mikey_session *session;
	size_t n_sessions;
	const struct ms_mikey_sp *sp; /* policies of our own; the Initiator's are not repeated */
	size_t n_sps;
	struct ms_span sdp_ids; /* p NULL: none */
	const struct ms_mikey_ext *ext;
	size_t n_exts;
	const struct ms_mikey_keyring *keys; /* our own session keys, needs M; may be NULL */
};

/**
 * After the message was verified (else -EPROTO): appends a TRANSFER_RESP to `out` if F is set, else
 * nothing (`out` may then be NULL), and gives the bundle, owned by the caller. -EPERM (keys without
 * M), -ENOKEY (a session without key), -EINVAL, -EMSGSIZE, -ENOMEM.
 */
MS_MUST_CHECK int ms_mikey_incoming_answer(struct ms_mikey_incoming *i,
					   const struct ms_mikey_answer *a, ms_usec now,
					   struct ms_buf *out, struct ms_mikey_csb **ret_c);

#endif
