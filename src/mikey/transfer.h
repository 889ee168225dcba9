/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Initiator's half of the Ticket Transfer exchange: RFC 6043 section 4.2.2.
 *
 *	ms_mikey_transfer_start()  -> octets for the Responder
 *	ms_mikey_transfer_finish() <- octets from the Responder; the bundle with its keys
 *
 * If F is not set in the ticket's policy no answer comes: ms_mikey_transfer_bundle() has the keys at
 * once.
 */
#ifndef MS_MIKEY_TRANSFER_H
#define MS_MIKEY_TRANSFER_H

#include "mikey/csb.h"
#include "mikey/held.h"

/** What is offered. Spans are borrowed for the call. */
struct ms_mikey_offer {
	struct ms_mikey_id called;              /* IDRr: whom we call, may be a group; needed */
	const struct ms_mikey_session *session; /* at least one */
	size_t n_sessions;
	const struct ms_mikey_sp *sp;
	size_t n_sps;
	struct ms_span sdp_ids; /* key management protocols of the SDP, "mikey"; p NULL: none */
	const struct ms_mikey_ext *ext; /* further General Extensions */
	size_t n_exts;
	const struct ms_mikey_keyring *keys; /* our own session keys, needs L; may be NULL */
};

struct ms_mikey_transfer; /* owned; secret */

/** NULL is fine. Returns NULL. */
struct ms_mikey_transfer *ms_mikey_transfer_free(struct ms_mikey_transfer *t);
void ms_mikey_transfer_freep(struct ms_mikey_transfer **t);

/**
 * Appends a TRANSFER_INIT to `out` and counts a use of the ticket; `h` is needed for the call only.
 * With F=0 every session must have an SPI (an empty one is filled in with the first key), SRTP ones
 * one policy and an SSRC. Returns 0, -ESTALE or -EALREADY (ms_mikey_ticket_held_usable()), -EPERM
 * (keys without L), -ENOKEY (an SPI names no key), -EINVAL, -EMSGSIZE, -ENOMEM.
 */
MS_MUST_CHECK int ms_mikey_transfer_start(const struct ms_mikey_party *me,
					  struct ms_mikey_ticket_held *h,
					  const struct ms_mikey_offer *o, ms_usec now,
					  struct ms_buf *out, struct ms_mikey_transfer **ret_t);

/** Takes up a Transfer that was sent before, from its octets. -EBADMSG, -ENOMEM. */
MS_MUST_CHECK int ms_mikey_transfer_resume(const struct ms_mikey_party *me,
					   const struct ms_mikey_ticket_held *h,
					   struct ms_span sent, struct ms_mikey_transfer **ret_t);

/** The octets sent, borrowed. */
struct ms_span ms_mikey_transfer_sent(const struct ms_mikey_transfer *t);

/**
 * Puts other octets, as many as there were, into the first General Extension of that type, and makes
 * V, Vi and Vr anew: what an extension says may depend on the keys, which depend on what is in the
 * message already (RANDRi, CSB ID). The octets to send are then ms_mikey_transfer_sent(). Not to be
 * called once the message has left. -EINVAL (no such extension, another length); after another error
 * the transfer is of no more use.
 */
MS_MUST_CHECK int ms_mikey_transfer_amend(struct ms_mikey_transfer *t, unsigned ext,
					  struct ms_span data);

/** F=0 only (else -EPROTO): the bundle, owned by the caller. -ENOKEY, -ENOMEM. */
MS_MUST_CHECK int ms_mikey_transfer_bundle(const struct ms_mikey_transfer *t,
					   struct ms_mikey_csb **ret_c);

/**
 * Takes what came back. The transfer stays as it is (a call may be answered by several; after a
 * refusal the genuine answer can still be taken). Returns 0 with a bundle owned by the caller;
 * -EBADMSG, -EKEYREJECTED (MAC), -ENOKEY (an SPI names no key) or -EPERM (policies that are not
 * acceptable) with *fault filled (may be NULL); -EREMOTEIO for an Error message, as
 * ms_mikey_request_finish() with reasons "peer_error" and "peer_error_unauthenticated"; -ENOMEM.
 * Whether the answering identity is acceptable is the caller's to decide (ms_mikey_csb_peer()).
 */
MS_MUST_CHECK int ms_mikey_transfer_finish(const struct ms_mikey_transfer *t, struct ms_span in,
					   ms_usec now, struct ms_fault *fault,
					   struct ms_mikey_csb **ret_c);

#endif
