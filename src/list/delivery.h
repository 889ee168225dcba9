/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets a message when: the engine behind the post office (post.h). Pure: time and answers in,
 * requests to send and outcomes out. Octets of messages never come here.
 *
 *   ready --send--> under way --2xx--> delivered
 *     ^               |  5xx, no answer: again after a pause; after so many attempts failed (5xx) or away
 *     |               |  404, 480 ...: away, until registered() or after a long pause
 *     +--- registered-+  4xx, 6xx: failed
 */
#ifndef MS_LISTS_DELIVERY_H
#define MS_LISTS_DELIVERY_H

#include "core/list.h"
#include "core/random.h"
#include "core/span.h"
#include "core/time.h"
#include "list/outcome.h"

/** Pauses before the 2nd, 3rd ... attempt; the last one also ends the doubling. */
#define MS_LISTS_PAUSES 8

struct ms_lists_delivery_limits {
	size_t parallel;
	size_t window;     /* octets of requests under way; one may always be */
	unsigned attempts; /* 1 to MS_LISTS_PAUSES */
	ms_usec retry_first, retry_max;
	ms_usec away_retry; /* tried although nobody registered; 0: never */
	size_t messages, octets;
	size_t member_messages, member_octets; /* that wait for one who is away */
};

struct ms_lists_job;
struct ms_lists_member;

/** One recipient of one message; the engine's. */
struct ms_lists_recipient {
	struct ms_list link; /* ready, or a pause */
	struct ms_list away; /* of its member */
	struct ms_lists_job *job;
	struct ms_lists_member *member; /* while away */
	struct ms_span uri;             /* borrowed from who added the job */
	ms_usec due;
	uint16_t status;  /* of the last answer; 0: none came */
	uint8_t outcome;  /* enum ms_lists_outcome */
	uint8_t attempts; /* since it was last away */
	uint8_t unsent;   /* times in a row that it could not even be sent */
	bool under_way;
	bool repeat; /* it may have had this message: an attempt was not answered, or we were killed */
};

/** What a request has beside its body, about; octets. */
#define MS_LISTS_HEAD 1500

/** One message. */
struct ms_lists_job {
	struct ms_list link;
	ms_usec expires;
	size_t octets;
	size_t n;
	size_t open;      /* without a final outcome */
	size_t away;      /* of them */
	size_t under_way; /* of them */
	void *user;
	struct ms_lists_recipient recipient[];
};

struct ms_lists_delivery_handlers {
	/** Send it now; ms_lists_delivery_answer() must follow, later. Negative errno: it could not be
	 * sent. */
	int (*send)(struct ms_lists_recipient *r, void *arg);
	/** The outcome is another one: away, or final. */
	void (*outcome)(struct ms_lists_recipient *r, void *arg);
	/** Every outcome is final: the job is freed after this. */
	void (*finished)(struct ms_lists_job *j, void *arg);
	void *arg;
};

struct ms_lists_delivery; /* owned */

/** `limits` is copied. -ENOMEM, or what the random source says. */
MS_MUST_CHECK int ms_lists_delivery_new(const struct ms_lists_delivery_limits *limits,
					const struct ms_lists_delivery_handlers *handlers,
					const struct ms_random *random,
					struct ms_lists_delivery **ret_d);

/** Forgets all; no handler is called. NULL is fine. Returns NULL. */
struct ms_lists_delivery *ms_lists_delivery_free(struct ms_lists_delivery *d);

struct ms_lists_job_spec {
	const struct ms_span *uri; /* of recipients; borrowed as long as the job lives */
	size_t n;
	const uint8_t *outcome; /* of an earlier run, NULL: all are waiting */
	bool again;             /* an earlier run may have sent it */
	bool parked;            /* nothing is sent before ms_lists_delivery_release() */
	size_t octets;          /* of the message, for the limits */
	ms_usec expires;
	void *user;
};

/** May a message of so many octets come in? 0 or -ENOSPC. */
MS_MUST_CHECK int ms_lists_delivery_room(const struct ms_lists_delivery *d, size_t octets);

/**
 * Takes a message; nothing is sent before ms_lists_delivery_run(). -ENOSPC (not for one of an earlier
 * run), -ENOMEM. A job all of whose outcomes are final is finished by the next run.
 */
MS_MUST_CHECK int ms_lists_delivery_add(struct ms_lists_delivery *d,
					const struct ms_lists_job_spec *spec, ms_usec now,
					struct ms_lists_job **ret_job);

/** A parked job may be sent from now on. */
void ms_lists_delivery_release(struct ms_lists_delivery *d, struct ms_lists_job *j);

/** Takes a job back of which nothing is under way; no handler is called. */
void ms_lists_delivery_cancel(struct ms_lists_delivery *d, struct ms_lists_job *j);

/**
 * The final answer to what was sent; 408 if there was none, 0 if it could not be sent: that is not the
 * recipient's fault, so it is tried until the job expires. `retry_after` in seconds, 0 if none.
 */
void ms_lists_delivery_answer(struct ms_lists_delivery *d, struct ms_lists_recipient *r,
			      unsigned status, unsigned retry_after, ms_usec now);

/** That user can be reached (again): what waits for him is ready. Returns how many messages. */
size_t ms_lists_delivery_registered(struct ms_lists_delivery *d, struct ms_span uri);

/** Sends what is due, drops what has expired; returns when to be called again, MS_NEVER: not unless
 * something happens. */
ms_usec ms_lists_delivery_run(struct ms_lists_delivery *d, ms_usec now);

/** No further requests. */
void ms_lists_delivery_stop(struct ms_lists_delivery *d);

/** All jobs, for showing and saving: struct ms_lists_job by its link. Borrowed. */
const struct ms_list *ms_lists_delivery_jobs(const struct ms_lists_delivery *d);

struct ms_lists_delivery_state {
	size_t messages, octets, waiting, away, under_way;
	size_t under_way_octets;
	uint64_t sent, delivered, failed, expired;
	uint64_t repeated; /* refused as seen before by one who then had it */
};
void ms_lists_delivery_state(const struct ms_lists_delivery *d,
			     struct ms_lists_delivery_state *ret_state);

#endif
