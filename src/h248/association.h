/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions between an H.248 entity (a gateway or a controller: us) and its peers: RFC 3525
 * sections 8.2, 8.3, 9 and annex D. Pure: messages and the time in; messages, requests and replies out.
 *
 *	ms_h248_entity       our end: message identifier, timers, all associations
 *	ms_h248_association  a control association with one peer, known by message identifier and host
 *	ms_h248_job          a request of a peer that we are executing
 *
 * What it promises its user above:
 *  - a request of a peer is handed up at most once, whatever the network repeats or reorders;
 *  - each request of ours ends in exactly one call of `answered`, with a reply or an error;
 *  - nothing a peer sends makes us keep more than struct ms_h248_limits says.
 *
 * What is sent is gathered: transactions queued in one round to one place leave in one message, up to
 * limits.batch of them, at ms_h248_entity_flush().
 */
#ifndef MS_H248_ASSOCIATION_H
#define MS_H248_ASSOCIATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/random.h"
#include "core/time.h"
#include "h248/codec.h"
#include "h248/message.h"

struct ms_h248_registry;    /* package.h */
struct ms_h248_entity;      /* owned */
struct ms_h248_association; /* owned by the entity */
struct ms_h248_job;         /* owned by the entity; the user's until it replies */

/* ---- where messages come from and go to ---- */

enum ms_h248_transport {
	MS_H248_UDP,  /* messages get lost: annex D.1 */
	MS_H248_TCP,  /* annex D.2 */
	MS_H248_SCTP, /* H.248.4; treated as TCP is */
};

/** A place in the network and how to speak there. A reply goes to the path its request came from. */
struct ms_h248_path {
	enum ms_h248_transport transport;
	uint8_t family;   /* 4, 6; 0: none (tests) */
	uint8_t host[16]; /* IPv4: first 4, rest zero */
	uint16_t port;
	uint64_t channel; /* the transport's own number of the socket or connection */
	const struct ms_h248_codec *codec; /* borrowed, static */
};

/** What the transport below does for us. */
struct ms_h248_wire {
	/**
	 * Takes one message, borrowed until it returns; calls nothing here. Errors are the transport's
	 * to count; the layer repeats what is not answered.
	 */
	void (*send)(const struct ms_h248_path *to, struct ms_span message, void *arg);
	/** Something is queued where nothing was: ms_h248_entity_flush() is wanted, and
	 * ms_h248_entity_next() may be sooner. May be NULL. */
	void (*wanted)(void *arg);
	void *arg; /* borrowed */
};

/* ---- limits and timers ---- */

/** Everything a peer can make us keep or do. ms_h248_limits_default has what the comments say. */
struct ms_h248_limits {
	uint32_t associations; /* 1024; more peers are not listened to */
	uint32_t jobs;         /* 1000 requests of one peer in execution; further ones are dropped
				  unexecuted, the peer repeats them */
	uint32_t replies;      /* 100000 replies kept for one peer; then as `jobs` */
	size_t reply_octets;   /* 16 MiB of replies kept for one peer: beyond, the oldest lose their
				  octets but are still known as executed */
	size_t total_octets;   /* 256 MiB of replies kept for all peers: likewise */
	uint32_t requests; /* 10000 requests of ours to one peer without an answer; then -EAGAIN */
	size_t message;    /* 65507 octets in a message, either way */
	size_t datagram;   /* 65507 octets in a message over UDP that we make: larger replies are
				  segmented (version 3) or become error 533 */
	size_t tree;       /* 1 MiB for the tree of a message read */
	uint32_t batch;    /* 10 transactions in a message we make (TS 29.334 clause 5.10.1) */
	uint32_t batch_octets; /* 1400: a message is not filled beyond this by gathering */
	uint32_t transactions; /* 64 transactions taken from a message read; the rest is dropped */
	size_t segment_octets; /* 4 MiB of segmented replies of one peer that are not whole yet;
				  four times that for the tree of one */
	uint32_t intervals;    /* 4096 runs of ids remembered as executed, of one peer */
	uint32_t errors;       /* 10 message errors a second sent by us, to all peers together */
};

struct ms_h248_timers {
	ms_usec first;         /* 200 ms: first repetition before any delay was measured */
	ms_usec shortest;      /* 100 ms: and never sooner */
	ms_usec longest;       /* 4 s: cap of the repetition timer */
	ms_usec t_max;         /* 25 s: then the peer has failed (annex D.1.5) */
	uint32_t repeats;      /* 11: or after so many repetitions */
	ms_usec long_timer;    /* 30 s: how long replies are kept (annex D.1.1) */
	ms_usec stream;        /* 5 s: repetition over TCP and SCTP (annex D.2.3) */
	ms_usec after_pending; /* 4 s: repetition after a TransactionPending, any transport */
	ms_usec ack_delay; /* 1 s: a TransactionResponseAck waits so long for company; 0: none are sent
				unless asked for by ImmAckRequired */
};

extern const struct ms_h248_limits ms_h248_limits_default;
extern const struct ms_h248_timers ms_h248_timers_default;

/** Properties of ROOT that are about transactions (RFC 3525 E.2, H.248.1 version 2), of one association. */
struct ms_h248_root_timing {
	ms_usec execution; /* normalMG(C)ExecutionTime of our side, default 500 ms: then a first Pending */
	ms_usec provisional; /* MG(C)ProvisionalResponseTimerValue of our side, default 2 s: between Pendings */
	uint32_t
		pendings_out; /* our OriginatedPendingLimit, default 20; beyond: reply with error 506 */
	uint32_t
		pendings_in; /* the peer's, default 20; beyond: the request has failed with -EMLINK */
};

extern const struct ms_h248_root_timing ms_h248_root_timing_default;

/* ---- the user above: an MG or MGC engine ---- */

enum ms_h248_lost {
	MS_H248_LOST_TIMEOUT, /* requests were not answered within T-MAX */
	MS_H248_LOST_TRANSPORT, /* TCP connection or SCTP association down: ms_h248_entity_path_lost() */
};

/**
 * Every member but `request` and `answered` may be NULL. Trees are borrowed until the call returns.
 * Handlers may use everything here but ms_h248_entity_free() and ms_h248_entity_receive().
 */
struct ms_h248_handlers {
	/**
	 * A peer nobody knows sends a message: is it to be listened to? Without this handler only peers
	 * of ms_h248_associate() are. The association is usable in the call; ms_h248_association_set_user()
	 * may be used here.
	 */
	bool (*admit)(struct ms_h248_association *a, const struct ms_h248_message *m, void *arg);

	/**
	 * Execute this and reply by ms_h248_job_reply(), now or later. Every job must be replied to once.
	 * m is the message around it (version, mid).
	 */
	void (*request)(struct ms_h248_job *job, const struct ms_h248_message *m,
			const struct ms_h248_transaction *t, void *arg);

	/**
	 * The end of a request of ours. err 0: `reply` is it, whatever errors it carries. Otherwise
	 * reply is NULL: -ETIMEDOUT (T-MAX, repeats), -EMLINK (too many Pendings), -ECONNRESET
	 * (association ended).
	 */
	void (*answered)(struct ms_h248_association *a, void *request, int err,
			 const struct ms_h248_message *m, const struct ms_h248_transaction *reply,
			 void *arg);

	/** The job got error 506 since it took too many Pendings. It still must be "replied" to. */
	void (*aborted)(struct ms_h248_job *job, void *arg);

	/** The peer is not there any more. Told once until it is heard again. Requests stay queued. */
	void (*lost)(struct ms_h248_association *a, enum ms_h248_lost why, void *arg);

	/** A peer that was lost is heard again. */
	void (*found)(struct ms_h248_association *a, void *arg);

	/** The peer could not make sense of a message of ours (RFC 3525 section 7.1.19). */
	void (*message_error)(struct ms_h248_association *a, const struct ms_h248_error *error,
			      void *arg);

	/** Last call for this association: forget the pointer. */
	void (*ended)(struct ms_h248_association *a, void *arg);
};

/* ---- the entity ---- */

struct ms_h248_entity_options {
	struct ms_h248_mid mid; /* ours; copied with its name */
	/** Names and values are bound to it (package.h): MS_H248_BIND_TEXT before a tree is handed up,
	 * to the codec's form before one is encoded. Borrowed; NULL: nothing is bound. */
	const struct ms_h248_registry *registry;
	struct ms_h248_limits limits; /* all zero: defaults */
	struct ms_h248_timers timers; /* all zero: defaults */
	struct ms_h248_wire wire;
	const struct ms_h248_handlers *handlers; /* borrowed */
	void *arg;                               /* of the handlers, borrowed */
	const struct ms_random *random;          /* borrowed; NULL: ms_random_system */
	uint16_t error_too_large; /* of a reply that fits no message; 0: the project profile's */
};

/** -ENOMEM, -EINVAL (no mid, handler missing) or what the random source says. */
MS_MUST_CHECK int ms_h248_entity_new(const struct ms_h248_entity_options *o,
				     struct ms_h248_entity **ret_e);

/** Ends all associations without a word to peers; `answered` and `ended` are called. NULL is fine. */
struct ms_h248_entity *ms_h248_entity_free(struct ms_h248_entity *e);

/**
 * One message as the transport got it. Whatever is in it, this deals with it. Did it come from a peer
 * that is listened to?
 */
bool ms_h248_entity_receive(struct ms_h248_entity *e, const struct ms_h248_path *from,
			    struct ms_span octets, ms_usec now);

/** Sends what is queued. Call at the end of each round (after receive, request, reply, tick). */
void ms_h248_entity_flush(struct ms_h248_entity *e, ms_usec now);

/** When ms_h248_entity_tick() has something to do; MS_NEVER if nothing. */
ms_usec ms_h248_entity_next(const struct ms_h248_entity *e);

/** Repetitions, Pendings, give-ups, forgetting: what is due at `now`. */
void ms_h248_entity_tick(struct ms_h248_entity *e, ms_usec now);

/** The connection `path` (transport and channel count) is gone. Associations over it are told lost. */
void ms_h248_entity_path_lost(struct ms_h248_entity *e, const struct ms_h248_path *path,
			      ms_usec now);

/* ---- associations ---- */

/**
 * Begins an association towards `to`; the peer's mid becomes known by its first message from that
 * host. -ENOMEM, -ENOSPC (limit), -EEXIST (there is one that waits for its first message there).
 */
MS_MUST_CHECK int ms_h248_associate(struct ms_h248_entity *e, const struct ms_h248_path *to,
				    void *user, struct ms_h248_association **ret_a);

/**
 * Ends it: requests without answer end with -ECONNRESET, jobs lose their peer (reply as ever), what is
 * queued is sent first. `ended` is called before this returns or, inside a handler, after it.
 */
void ms_h248_association_end(struct ms_h248_association *a, ms_usec now);

/** Where requests go from now on (ServiceChangeAddress, failover, a new connection); unanswered ones
 * are sent there at once (annex D.1.5). */
void ms_h248_association_set_path(struct ms_h248_association *a, const struct ms_h248_path *to,
				  ms_usec now);
const struct ms_h248_path *ms_h248_association_path(const struct ms_h248_association *a);

/** Protocol version in the headers we write; 1 until set (RFC 3525 section 11.3). */
void ms_h248_association_set_version(struct ms_h248_association *a, unsigned version);

void ms_h248_association_set_timing(struct ms_h248_association *a,
				    const struct ms_h248_root_timing *timing);

/** The peer counts its ids from the beginning: what it sent before is forgotten. The layer does this by
 * itself when a Restart on ROOT has an id that is known, but came over another path or with another
 * time stamp than then. */
void ms_h248_association_forget(struct ms_h248_association *a);

void ms_h248_association_set_user(struct ms_h248_association *a, void *user);
void *ms_h248_association_user(const struct ms_h248_association *a);

/** Requests of ours without an answer. */
size_t ms_h248_association_waiting(const struct ms_h248_association *a);

/* ---- requests and replies ---- */

/**
 * Sends a request with these actions; they are encoded before this returns, and used up, since
 * binding to a binary codec changes the tree. `request` comes back in `answered`. -EAGAIN (limit),
 * -EMSGSIZE (larger than the path takes), -ENOMEM, -EINVAL and -ENOENT (not encodable). On error
 * `answered` is not called.
 */
MS_MUST_CHECK int ms_h248_request(struct ms_h248_association *a, struct ms_h248_action *actions,
				  void *request, ms_usec now, uint32_t *ret_id);

/**
 * The reply: `actions` and `error` of t count, the rest is filled in; the tree is used up. The job is
 * gone afterwards, whatever is returned. -EMSGSIZE, -EINVAL, -ENOMEM: the peer was sent an error instead (533, 500).
 */
MS_MUST_CHECK int ms_h248_job_reply(struct ms_h248_job *job, const struct ms_h248_transaction *t,
				    ms_usec now);

/** Tells the peer that this takes time, now; the layer does so by itself after timing.execution. */
void ms_h248_job_pending(struct ms_h248_job *job, ms_usec now);

/** NULL if the association has ended meanwhile. */
struct ms_h248_association *ms_h248_job_association(const struct ms_h248_job *job);
uint32_t ms_h248_job_id(const struct ms_h248_job *job);

/* ---- counts ---- */

/** Since the entity was made. */
struct ms_h248_counts {
	uint64_t messages_in, messages_out, octets_in, octets_out;
	uint64_t requests_in, requests_out;
	uint64_t replies_in, replies_out;
	uint64_t repeats_out; /* requests sent again */
	uint64_t timeouts;    /* requests given up */
	uint64_t
		duplicates; /* requests seen before: answered from the cache, or running, or dropped */
	uint64_t pendings_in, pendings_out;
	uint64_t acks_in, acks_out;
	uint64_t strays;          /* replies and Pendings to nothing we wait for */
	uint64_t undecodable;     /* messages that are none */
	uint64_t unknown_peers;   /* messages of peers not admitted */
	uint64_t refused_jobs;    /* requests dropped: limits */
	uint64_t forgotten_early; /* replies that lost their octets by a limit */
	uint64_t too_large;       /* replies that became error 533 */
	uint64_t message_errors_in, message_errors_out;
	uint64_t segments_in, segments_out;
	/* now */
	size_t associations, jobs, replies, reply_octets, waiting;
};

/** Borrowed, live. */
const struct ms_h248_counts *ms_h248_entity_counts(const struct ms_h248_entity *e);

#endif
