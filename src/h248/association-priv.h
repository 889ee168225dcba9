/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the transaction layer, shared by its files. */
#ifndef MS_H248_ASSOCIATION_PRIV_H
#define MS_H248_ASSOCIATION_PRIV_H

#include "core/buf.h"
#include "core/hash.h"
#include "core/list.h"
#include "h248/association.h"
#include "h248/idmap.h"
#include "h248/idset.h"
#include "h248/package.h"
#include "h248/pool.h"
#include "h248/wheel.h"

#define MS_H248_OWNER(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))

/** Longest message identifier in octets, with its kind: a domain name of 255 and some. */
#define MS_H248_MID_KEY_MAX 288

/** Most runs of ids in an acknowledgement of ours. */
#define MS_H248_ACK_RUNS 32u

enum ms_h248_timer_kind {
	MS_H248_TIMER_REPEAT,  /* a request of ours waits for its reply */
	MS_H248_TIMER_PENDING, /* a job takes its time */
	MS_H248_TIMER_ACK,     /* an association has acknowledgements to send */
	MS_H248_TIMER_SEGMENT, /* a segment of a reply waits for its confirmation */
};

/** A request of ours, from ms_h248_request() to its reply. */
struct ms_h248_waiting {
	struct ms_h248_idlink link; /* in the entity's map, by id */
	struct ms_list all;         /* of its association */
	struct ms_h248_timer timer;
	struct ms_h248_association *a;
	void *request; /* the user's */
	uint32_t id;
	uint32_t repeats, pendings;
	ms_usec sent;         /* first; of this path */
	ms_usec heard;        /* first sent or last Pending: T-MAX counts from here */
	ms_usec delay;        /* "AAD" of this request: doubled by every repetition */
	bool repeated;        /* its delay measures nothing (Karn) */
	struct ms_list parts; /* segments of the reply so far */
	uint32_t n_parts;
	uint16_t last_part; /* 0: not known yet */
	uint8_t *octets;    /* owned, of the pool */
	size_t len;
};

/**
 * A request of a peer: first being executed (the user's job), then what is left of it: the reply,
 * kept for LONG-TIMER.
 */
struct ms_h248_job {
	struct ms_h248_idlink link; /* in the entity's map, by association and id */
	struct ms_list all;         /* of its association: `jobs`, `replies` or `bare` */
	struct ms_list age;         /* of the entity, oldest first; replied ones only */
	struct ms_list kept;        /* of the entity, oldest first; those with octets */
	struct ms_h248_timer timer;
	struct ms_h248_entity *e;
	struct ms_h248_association *a; /* NULL once it ended */
	struct ms_h248_path path;
	uint32_t id;
	uint32_t pendings;
	ms_usec told;     /* last Pending */
	ms_usec expires;  /* replied ones */
	uint64_t restart; /* what a Restart looked like; 0: it was none */
	bool running;     /* the user has not replied */
	bool aborted;     /* got error 506 */
	uint8_t *octets;  /* the encoded reply, of the pool; NULL: none (yet) */
	size_t len;
	struct ms_list segments; /* or it is in segments */
	size_t size;             /* of all this in the pool, counted as kept */
};

/** What is gathered for one path. */
struct ms_h248_gather {
	struct ms_list link; /* in the entity's list while there is something */
	bool listed;
	struct ms_h248_path path;
	struct ms_buf body;
	uint32_t n;
};

struct ms_h248_association {
	struct ms_list all; /* of the entity */
	struct ms_h248_entity *e;
	void *user;
	uint64_t number; /* never used again; keys the map of jobs */
	struct ms_h248_mid mid;
	uint8_t key[MS_H248_MID_KEY_MAX]; /* mid and host; empty until the mid is known */
	size_t key_len;
	struct ms_h248_path path;
	unsigned version;
	struct ms_h248_root_timing timing;
	ms_usec heard;
	ms_usec aad, adev; /* annex D.1.3; 0: nothing measured */
	ms_usec held;      /* backed off to, until delays are measured again */
	bool lost, ended;
	struct ms_list waiting; /* requests of ours */
	size_t n_waiting;
	struct ms_list jobs;
	size_t n_jobs;
	struct ms_list replies; /* oldest first */
	struct ms_list bare;    /* replies that lost their octets, their ids not in `executed` */
	size_t n_replies, reply_octets;
	struct ms_h248_idset
		executed[2];       /* ids whose replies are gone: this LONG-TIMER, the last one */
	ms_usec turned;            /* when the two were exchanged */
	size_t part_octets;        /* segments of replies to us */
	struct ms_h248_idset acks; /* replies to confirm */
	bool ack_now;
	struct ms_h248_timer ack_timer;
	struct ms_h248_gather out;
};

struct ms_h248_entity {
	struct ms_h248_mid mid;
	uint8_t *mid_name; /* owned */
	struct ms_h248_limits limits;
	uint16_t error_too_large;
	struct ms_h248_timers timers;
	struct ms_h248_wire wire;
	struct ms_h248_handlers handlers;
	void *arg;
	const struct ms_random *random;
	uint8_t hash_key[16];
	uint64_t dice; /* state of the generator for timers */
	struct ms_h248_counts counts;

	struct ms_list associations;
	struct ms_list ended;   /* freed when nobody is inside */
	struct ms_list orphans; /* jobs whose association has ended */
	size_t n_unnamed;       /* associations that have not heard their peer */
	unsigned inside;        /* calls of this layer under way that hold pointers */
	struct ms_hash *by_mid;
	struct ms_h248_association *last; /* the one heard last: often the next one */
	uint64_t next_number;
	uint32_t next_id;

	struct ms_h248_idmap waiting;
	struct ms_h248_idmap jobs;
	struct ms_list age;  /* replies, oldest first */
	struct ms_list kept; /* those of them that have octets */
	struct ms_h248_wheel wheel;
	struct ms_h248_pool pool;
	struct ms_list gathers; /* with something to send */
	const struct ms_h248_registry *registry;
	struct ms_span received; /* the message being read */
	const struct ms_h248_codec *received_codec;
	struct ms_h248_arena arena; /* of the message being read */
	struct ms_h248_arena whole; /* of a reply in segments */
	struct ms_h248_arena bound; /* of the transaction being encoded */
	struct ms_buf scratch;      /* a transaction being encoded */
	struct ms_buf message;      /* a message being made */
	int64_t error_second;
	uint32_t errors_made;
};

/* ---- association.c ---- */

/** Marks that pointers are held; ms_h248_entity_leave() frees what ended meanwhile. */
void ms_h248_entity_enter(struct ms_h248_entity *e);
void ms_h248_entity_leave(struct ms_h248_entity *e);

/** The association a message belongs to; a new one is admitted or NULL returned. */
struct ms_h248_association *ms_h248_association_of(struct ms_h248_entity *e,
						   const struct ms_h248_path *from,
						   const struct ms_h248_message *m, ms_usec now);

bool ms_h248_same_host(const struct ms_h248_path *a, const struct ms_h248_path *b);
bool ms_h248_same_path(const struct ms_h248_path *a, const struct ms_h248_path *b);

/* ---- association-send.c ---- */

/** Queues an encoded transaction. */
void ms_h248_gather_put(struct ms_h248_association *a, const struct ms_h248_path *to,
			struct ms_span transaction);

/** Sends what is gathered for this association. */
void ms_h248_gather_flush(struct ms_h248_association *a);

/** Most octets of a transaction in a message along this path. */
size_t ms_h248_most(const struct ms_h248_entity *e, const struct ms_h248_path *to);

/** Binds and encodes into e->scratch; 0, -ENOENT, -EINVAL, -EMSGSIZE, -ENOMEM. */
MS_MUST_CHECK int ms_h248_encode(struct ms_h248_association *a, const struct ms_h248_path *to,
				 struct ms_h248_transaction *t);

/** Encodes and queues one that nobody keeps (Pending, acknowledgement, error). */
void ms_h248_send_once(struct ms_h248_association *a, const struct ms_h248_path *to,
		       struct ms_h248_transaction *t);

/** An error about what could not be read, if not too many have been sent: a message error (RFC 3525
 * section 7.1.19) or a reply (section 8.2.2). */
void ms_h248_send_refusal(struct ms_h248_association *a, const struct ms_h248_path *to,
			  const struct ms_h248_refused *refused, ms_usec now);

/** A reply of the peer is to be confirmed. */
void ms_h248_ack_put(struct ms_h248_association *a, uint32_t id, bool now_please, ms_usec now);

/** The acknowledgement that is due or can travel along. */
void ms_h248_ack_send(struct ms_h248_association *a);

/** The copy of octets in the pool, or NULL. */
uint8_t *ms_h248_keep(struct ms_h248_entity *e, struct ms_span octets);

/* ---- association-request.c: requests of ours ---- */

void ms_h248_waiting_repeat(struct ms_h248_waiting *w, ms_usec now);
void ms_h248_waiting_reply(struct ms_h248_association *a, const struct ms_h248_message *m,
			   const struct ms_h248_transaction *t, ms_usec now);
void ms_h248_waiting_pending(struct ms_h248_association *a, uint32_t id, ms_usec now);
void ms_h248_waiting_fail(struct ms_h248_waiting *w, int err);
void ms_h248_waiting_resend(struct ms_h248_association *a, ms_usec now);

/* ---- association-job.c: requests of peers ---- */

void ms_h248_job_receive(struct ms_h248_association *a, const struct ms_h248_path *from,
			 const struct ms_h248_message *m, const struct ms_h248_transaction *t,
			 ms_usec now);

/* ---- association-reply.c: replies kept ---- */

uint64_t ms_h248_job_hash(const struct ms_h248_association *a, uint32_t id);
struct ms_h248_job *ms_h248_job_find(const struct ms_h248_association *a, uint32_t id);
struct ms_h248_job *ms_h248_job_new(struct ms_h248_association *a, uint32_t id);
void ms_h248_job_free(struct ms_h248_job *job);

/** Was it executed though its reply is not kept any more? */
bool ms_h248_executed(struct ms_h248_association *a, uint32_t id, ms_usec now);

/** Is there room to remember one more request as executed? Makes some. */
bool ms_h248_replies_room(struct ms_h248_association *a, ms_usec now);

/** The job has its reply: keep it. */
void ms_h248_reply_keep(struct ms_h248_job *job, ms_usec now);

/** Confirmed by the peer: only its id is remembered (annex D.1.1). */
void ms_h248_reply_confirm(struct ms_h248_association *a, const struct ms_h248_ack *acks,
			   ms_usec now);

/** Forgets what is older than LONG-TIMER. */
void ms_h248_replies_expire(struct ms_h248_entity *e, ms_usec now);

/** Forgets all replies and ids of a peer. */
void ms_h248_replies_drop(struct ms_h248_association *a);

/* ---- association-segment.c ---- */

/** The reply in segments of `most` octets; the first ones are queued. The tree is bound already. */
MS_MUST_CHECK int ms_h248_segments_make(struct ms_h248_job *job,
					const struct ms_h248_transaction *reply, size_t most,
					ms_usec now);
void ms_h248_segments_repeat(struct ms_h248_job *job, ms_usec now);
void ms_h248_segments_free(struct ms_h248_job *job);
void ms_h248_segment_due(struct ms_h248_timer *t, ms_usec now);
void ms_h248_segment_confirm(struct ms_h248_association *a, const struct ms_h248_transaction *t,
			     ms_usec now);

/** A segment for us: 1 (all are there, *ret_whole), 0 (kept), -ENOBUFS (not kept), -EMSGSIZE (all are
 * there and cannot be read). */
MS_MUST_CHECK int ms_h248_part_receive(struct ms_h248_waiting *w,
				       const struct ms_h248_transaction *t,
				       struct ms_h248_transaction *ret_whole);
void ms_h248_parts_free(struct ms_h248_waiting *w);

#endif
