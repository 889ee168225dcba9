/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the back-to-back engine: its legs, and the requests that wait for their responses (b2bua-wait.c). */
#ifndef MS_MSRP_B2BUA_PRIV_H
#define MS_MSRP_B2BUA_PRIV_H

#include "msrp/b2bua.h"
#include "msrp/parser.h"

/* Prefix of 65 random bits, number in hexadecimal: RFC 4975 section 7.1 wants 64 bits, so that no body
 * holds our end-line by chance; the number, so that none holds it because it quotes an older one. */
#define B2BUA_PREFIX 13
#define B2BUA_TID (B2BUA_PREFIX + 8)

/** A request passed on whose response is awaited. */
struct ms_msrp_b2bua_wait {
	ms_usec at; /* when it was sent; 0: nothing waits here */
	uint32_t number;
	bool errors_only; /* Failure-Report: partial */
	bool part;        /* of a chunk that we have cut: success is told by the last part */
	uint8_t len;
	uint8_t tid[MS_MSRP_IDENT_MAX]; /* what the sender called it */
};

/** The requests sent to one peer: a ring indexed by number. */
struct ms_msrp_b2bua_waits {
	uint8_t prefix[B2BUA_PREFIX];
	uint32_t next; /* number */
	struct ms_msrp_b2bua_wait *ring;
	uint32_t size, max; /* powers of two; 0: no ring yet */
};

MS_MUST_CHECK int ms_msrp_waits_init(struct ms_msrp_b2bua_waits *w, const struct ms_random *random,
				     uint32_t max);
void ms_msrp_waits_done(struct ms_msrp_b2bua_waits *w);

/** A new identifier of ours. */
void ms_msrp_waits_name(struct ms_msrp_b2bua_waits *w, uint8_t ret_tid[static B2BUA_TID]);

/** Remembers that the request named last awaits a response. Returns an older one forgotten for it: 0 or 1,
 * or -ENOMEM. `wait` has all but number and time. */
MS_MUST_CHECK int ms_msrp_waits_add(struct ms_msrp_b2bua_waits *w, ms_usec now,
				    const struct ms_msrp_b2bua_wait *wait);

/** What the response to `tid` belongs to, NULL: nothing. The caller sets at = 0 when it is done with it. */
struct ms_msrp_b2bua_wait *ms_msrp_waits_find(struct ms_msrp_b2bua_waits *w, struct ms_span tid);

enum b2bua_state {
	B2BUA_IDLE,
	B2BUA_PASSING,  /* a request with a body, on to the other peer */
	B2BUA_DROPPING, /* what was refused or goes nowhere, to its end */
};

struct ms_msrp_b2bua_leg {
	struct ms_msrp_parser parser;
	struct ms_buf own, peer; /* texts of the paths */
	struct ms_msrp_uri own_uri;
	struct ms_span peer_uri;          /* the first of the peer's */
	struct ms_msrp_b2bua_waits waits; /* requests sent to this leg's peer */
	struct ms_msrp_b2bua_counters counters;
	/* the request that is coming from this leg's peer */
	enum b2bua_state state;
	bool cut;                       /* its chunk to the other peer was ended by us */
	uint8_t tid[B2BUA_TID];         /* what it is called there */
	struct ms_msrp_b2bua_wait wait; /* to be remembered again for a next part */
	bool answered;                  /* its response is awaited */
	struct ms_msrp_range range;
	uint64_t passed;       /* octets of its body in all parts */
	struct ms_span fields; /* of its head: in the input, or after that call in kept */
	struct ms_buf kept;
	struct ms_buf method;
};

struct ms_msrp_b2bua {
	struct ms_msrp_b2bua_leg legs[2];
	struct ms_msrp_b2bua_limits limits;
	size_t room;
};

#endif
