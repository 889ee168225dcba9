/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two MSRP sessions joined back to back: what an application-aware gateway does between peers of which
 * at least one knows neither CEMA (RFC 6714) nor sessmatch, so that each expects its own paths. Octets
 * of one leg come in, octets for both legs go out; no message is ever held whole.
 *
 * What changes on the way: To-Path and From-Path are those of the leg written to, and every request gets
 * a transaction identifier of our own. All other header fields, bodies and flags pass as they are; a
 * chunk stays a chunk. Responses are not made here but passed back from the far peer (RFC 4975 section
 * 7.2), with the identifier of the request they belong to: a sender learns what the receiver said, and
 * a gateway that answered itself would promise what it cannot keep. REPORTs travel as requests without a
 * response. We answer ourselves only what is not for the far peer: a request whose To-Path is not ours
 * (481), one with a head that must be refused (400, 423), AUTH (501), and if so wanted unknown methods
 * (501). While a chunk is on its way to a peer, such an answer interrupts it: the chunk ends with '+' and
 * goes on in a new one (RFC 4975 section 5.1).
 */
#ifndef MS_MSRP_B2BUA_H
#define MS_MSRP_B2BUA_H

#include "core/random.h"
#include "core/time.h"
#include "msrp/head.h"

struct ms_msrp_b2bua_limits {
	struct ms_msrp_head_limits head; /* of what peers send; zeros: the defaults */
	/* Requests of one leg without a response yet that are remembered, a power of two; the oldest is
	 * forgotten for a newer one, and its response is then not passed back. 0: 1024. */
	unsigned transactions;
	bool refuse_unknown; /* 501 for methods other than SEND and REPORT; else they pass as SEND does */
};

/** Of one leg: what came from its peer. */
struct ms_msrp_b2bua_counters {
	uint64_t sends;       /* SEND requests passed on: chunks */
	uint64_t reports;     /* REPORT requests passed on */
	uint64_t others;      /* requests of other methods passed on */
	uint64_t responses;   /* responses passed back */
	uint64_t body;        /* octets of bodies passed on */
	uint64_t refused;     /* requests answered here with an error */
	uint64_t unmatched;   /* responses to nothing, and REPORTs not for us: dropped */
	uint64_t forgotten;   /* requests whose response could not be passed back any more */
	uint64_t interrupted; /* chunks to this peer that an answer of ours has cut in two */
};

struct ms_msrp_b2bua; /* opaque */

/** Legs have the numbers 0 and 1. `limits` NULL: all defaults; copied. `random` makes the transaction
 * identifiers' prefix. Owned by the caller. -ENOMEM, -EINVAL, -EIO (no random numbers). */
MS_MUST_CHECK int ms_msrp_b2bua_new(const struct ms_msrp_b2bua_limits *limits,
				    const struct ms_random *random, struct ms_msrp_b2bua **ret_b);
struct ms_msrp_b2bua *ms_msrp_b2bua_free(struct ms_msrp_b2bua *b);

/**
 * The paths of a leg, a=path of what we said to the peer (one URI, where the peer sends to) and of what
 * it said (one or more, blanks between). Copied. Before both legs have theirs no input is taken; later
 * calls change them from the next request on. -EINVAL (no MSRP path), -ENOMEM.
 */
MS_MUST_CHECK int ms_msrp_b2bua_set_paths(struct ms_msrp_b2bua *b, unsigned leg, struct ms_span own,
					  struct ms_span peer);

/**
 * Octets that came on `leg`. What is to be sent is appended to out[0] and out[1], for the peers of the
 * legs: buffers of the caller, with a maximum each that is never exceeded, possibly shared by many
 * sessions one after another. *ret_taken octets were used up; fewer than there were if one of the
 * buffers has less room than ms_msrp_b2bua_room() left or the paths are not known: give the rest again,
 * and before anything newer, when that has changed. Several messages in one input leave in one output.
 *
 * Returns 0, -EBADMSG (what came is not MSRP, *fault, which may be NULL, says why: close both legs) or
 * -ENOMEM (close both legs).
 */
MS_MUST_CHECK int ms_msrp_b2bua_input(struct ms_msrp_b2bua *b, unsigned leg, ms_usec now,
				      struct ms_span in, struct ms_buf *out[static 2],
				      size_t *ret_taken, struct ms_fault *fault);

/** Room that a buffer must have left for input to be taken, octets. Changes with the paths only. */
size_t ms_msrp_b2bua_room(const struct ms_msrp_b2bua *b);

/** True if the last request of the leg's peer has not come to its end. */
bool ms_msrp_b2bua_in_message(const struct ms_msrp_b2bua *b, unsigned leg);

/** Borrowed, of the session's life. */
const struct ms_msrp_b2bua_counters *ms_msrp_b2bua_counters(const struct ms_msrp_b2bua *b,
							    unsigned leg);

#endif
