/* SPDX-License-Identifier: Apache-2.0 */
/* What both ends of a Transfer need to write messages. Inside of src/mikey only. */
#ifndef MS_MIKEY_TRANSFER_PRIV_H
#define MS_MIKEY_TRANSFER_PRIV_H

#include "mikey/bundle.h"
#include "mikey/transfer.h"

/** The Initiator's end of a Transfer under way. Secret. */
struct ms_mikey_transfer {
	const struct ms_mikey_party *me; /* borrowed */
	struct ms_mikey_octets sent;
	uint16_t flags;
	uint8_t policy_prf;
	struct ms_secret mpki, mpkr;
	struct ms_mikey_keyring keys; /* of the ticket, not forked */
	struct ms_mikey_keyring own;  /* that we sent along: never forked */
	struct ms_mikey_name owner;   /* IDRi of the ticket, in case the message has none */
	struct ms_mikey_name called;
};

/** Sessions on their way into a map: octets that its spans borrow. */
struct ms_mikey_map {
	struct ms_mikey_cs cs[MS_MIKEY_CS_MAX];
	struct ms_mikey_session session[MS_MIKEY_CS_MAX]; /* copies; policies borrow from here */
	uint8_t data[MS_MIKEY_CS_MAX][10];                /* SRTP session data */
	size_t n;
};

/** Adds one session as it is. -ENOSPC. */
MS_MUST_CHECK int ms_mikey_map_add(struct ms_mikey_map *map, const struct ms_mikey_session *s);

/** A session of a decoded map in the form of one to be offered; borrows from it. */
void ms_mikey_session_of(const struct ms_mikey_cs *cs, struct ms_mikey_session *ret_s);

/** SP payloads, then (KEMAC later), SDP IDs and further extensions. */
void ms_mikey_put_sps(struct ms_mikey_writer *w, const struct ms_mikey_sp *sp, size_t n);
void ms_mikey_put_exts(struct ms_mikey_writer *w, struct ms_span sdp_ids,
		       const struct ms_mikey_ext *ext, size_t n);

/** KEMAC of a ring; nothing if it is NULL or empty. */
MS_MUST_CHECK int ms_mikey_put_keyring(struct ms_mikey_writer *w, const struct ms_mikey_guard *g,
				       enum ms_mikey_which which, unsigned encr_alg,
				       const struct ms_mikey_ts *t,
				       const struct ms_mikey_keyring *keys);

/**
 * Takes the KEMAC of a verified Transfer message into a ring if `allowed` (the L or M flag);
 * else an unexpected payload, skipped (RFC 6043 sections 4.2.2.2 and 4.2.2.4).
 */
MS_MUST_CHECK int ms_mikey_take_keyring(const struct ms_mikey_guard *g, enum ms_mikey_which which,
					const struct ms_mikey_message *m, bool allowed,
					const struct ms_mikey_local *local,
					struct ms_mikey_keyring *keys, struct ms_fault *fault);

/** ID Data of Initiator and Responder for a MAC: of the message, else the fallback (reading 2). */
struct ms_span ms_mikey_id_or(const struct ms_mikey_id *id, const struct ms_mikey_id *fallback);

#endif
