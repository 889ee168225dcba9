/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two H.248 entities and the network between them, under a clock that the test turns: messages are
 * lost, doubled, delayed, reordered and replayed as it says.
 */
#ifndef MS_TEST_H248_NET_H
#define MS_TEST_H248_NET_H

#include "core/time.h"
#include "h248/association.h"
#include "h248/package.h"

#define NET_FLIGHTS 4096
#define NET_REQUESTS 4096
#define NET_BIG 1000

/** LONG-TIMER is T-MAX and this, the longest a message may be under way (RFC 3525 D.1.5). */
#define NET_OLDEST (5 * MS_SEC)

struct net;

struct net_flight {
	ms_usec at;
	struct ms_h248_path from;
	unsigned to; /* peer */
	size_t len;
	uint8_t *octets;
};

/** What became of one request; by number, which travels as the context. */
struct net_request {
	unsigned executed, answered;
	int err;
	uint16_t error;    /* in the reply */
	unsigned commands; /* in the reply */
};

struct net_peer {
	struct net *net;
	unsigned number;
	struct ms_h248_entity *e;
	struct ms_h248_association *a; /* towards the other */
	struct ms_h248_path path;      /* where it is */
	unsigned lost, found, ended, message_errors, aborted;
	struct ms_h248_job *held[NET_REQUESTS]; /* not replied to yet */
	ms_usec reply_at[NET_REQUESTS];
	uint32_t context_of[NET_REQUESTS];
	size_t n_held;
};

struct net {
	ms_usec now;
	uint64_t dice;
	unsigned loss, doubled, replayed; /* percent */
	ms_usec delay, jitter;            /* of a message */
	unsigned big;                     /* commands in a reply; 0: one */
	unsigned slow;                    /* percent of requests executed slowly */
	ms_usec slowness;                 /* at most */
	bool cut;                         /* nothing arrives */
	const struct ms_h248_codec *codec;
	struct ms_h248_registry registry;
	struct net_flight flights[NET_FLIGHTS];
	size_t n_flights;
	struct net_peer peers[2];
	struct net_request requests[NET_REQUESTS];
	size_t n_requests;
	size_t sent;
};

/** Two entities; limits and timers may be NULL. 0 or -ENOMEM. */
int net_init(struct net *n, uint64_t seed, enum ms_h248_transport transport,
	     const struct ms_h248_limits *limits, const struct ms_h248_timers *timers);

/** The same in a real coding. */
int net_init_codec(struct net *n, uint64_t seed, const struct ms_h248_codec *codec,
		   const struct ms_h248_limits *limits);
void net_done(struct net *n);

uint64_t net_dice(struct net *n);

/** A request from `from` to the other; its number, or negative errno. */
int net_request(struct net *n, unsigned from);

/** A ServiceChange Restart on ROOT. */
int net_restart(struct net *n, unsigned from);

/** Runs until `until`. */
void net_run(struct net *n, ms_usec until);

#endif
