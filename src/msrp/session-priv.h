/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the session engine.
 *
 *   conn.c         a connection: making, attaching, deadlines, the end
 *   conn-input.c   octets to requests and responses, and what answers them
 *   conn-output.c  which chunk is written next, and its octets
 *   transaction.c  requests that await a response
 *   session.c      a session: parameters, state
 *   out.c          a message being sent
 *   in.c           a message being received
 *   history.c      identifiers of messages received
 */
#ifndef MS_MSRP_SESSION_PRIV_H
#define MS_MSRP_SESSION_PRIV_H

#include "core/list.h"
#include "msrp/parser.h"
#include "msrp/range-set.h"
#include "msrp/session.h"

/* RFC 4975 section 7.1.1: no longer chunk unless it can be interrupted */
#define MSRP_CHUNK_SMALL 2048

/* RFC 4975 section 7.1: bodies of requests other than SEND */
#define MSRP_OTHER_BODY_MAX 10240

#define MSRP_TID_LEN 18 /* 80 random bits and the number of the transaction */
#define MSRP_REFUSED_TYPES 8
#define MSRP_TRANSACTIONS_MAX 1024

struct ms_msrp_transaction {
	struct ms_list link; /* in conn->awaiting by deadline, or in conn->spare */
	bool used;
	char tid[MSRP_TID_LEN];
	ms_usec deadline;                /* MS_NEVER while the request is being written */
	struct ms_msrp_out *out;         /* NULL: nobody wants to know any more */
	struct ms_msrp_session *binding; /* of a SEND without a body */
	struct ms_msrp_auth *auth;       /* of an AUTH */
};

struct ms_msrp_out {
	struct ms_list link;      /* in session->outs */
	struct ms_list ready;     /* in conn->ready */
	struct ms_list reporting; /* in session->reporting: all sent, awaiting success reports */
	struct ms_msrp_session *session;
	char id[MS_MSRP_IDENT_MAX];
	uint8_t id_len;
	struct ms_span type, disposition, body; /* in the memory behind this structure */
	struct ms_msrp_source source;
	uint64_t total, from, sent;
	bool success;
	enum ms_msrp_failure_report failure;
	bool all_sent;
	bool begun;                   /* a chunk was sent */
	bool stalled;                 /* the source has nothing at hand */
	bool aborting;                /* end the open chunk, or send an empty one, with '#' */
	unsigned open;                /* transactions without a response */
	enum ms_msrp_outcome outcome; /* while aborting */
	int code;
	struct ms_msrp_range_set reported;
	ms_usec deadline; /* for success reports */
	void *user;
	uint8_t memory[];
};

struct ms_msrp_in {
	struct ms_list link; /* in session->ins */
	struct ms_msrp_session *session;
	char id[MS_MSRP_IDENT_MAX];
	uint8_t id_len;
	struct ms_span type; /* in the memory behind this structure */
	uint64_t total;
	bool total_final; /* a chunk with '$' came */
	bool success;
	enum ms_msrp_failure_report failure;
	bool collect;
	bool busy;     /* a handler runs for it */
	bool gone;     /* ended while a handler ran: to be freed after it */
	int stop_code; /* asked for while a handler ran */
	struct ms_buf body;
	struct ms_msrp_range_set received;
	ms_usec deadline;
	uint8_t memory[];
};

struct ms_msrp_session {
	struct ms_list link; /* in conn->sessions */
	struct ms_msrp_conn *conn;
	const struct ms_random *random;
	struct ms_msrp_session_params params; /* its spans are in `text` */
	uint8_t *text;
	struct ms_msrp_uri uri;
	bool bind_wanted; /* a SEND without a body is due */
	bool bound, failed;
	struct ms_list outs, ins, reporting;
	unsigned n_outs, n_ins;
	struct ms_msrp_history *history, *own_history;
	char *refused_type[MSRP_REFUSED_TYPES];
	unsigned n_refused_types;
};

/* The request being read. */
struct ms_msrp_request {
	bool is_request;
	bool answered;  /* the response was put, or none is due */
	bool duplicate; /* of a message that was received before */
	enum ms_msrp_method method;
	enum ms_msrp_failure_report failure;
	bool success;
	int status;         /* refused with this; 0: not refused */
	uint64_t pos, body; /* next octet's offset in the message; octets of this body */
	char tid[MS_MSRP_IDENT_MAX];
	size_t tid_len;
	char id[MS_MSRP_IDENT_MAX];
	size_t id_len;
	struct ms_buf to, from; /* To-Path's first URI, and the whole From-Path */
	size_t from_first;      /* length of the first URI of From-Path */
	struct ms_msrp_session *session;
	struct ms_msrp_in *in;
};

/* The chunk being written. */
struct ms_msrp_chunk {
	struct ms_msrp_out *out; /* NULL: none, or its message is gone (ended with '#') */
	bool open;
	bool fixed;           /* the range-end was said */
	uint64_t body, limit; /* octets so far, and at most */
	char tid[MSRP_TID_LEN];
	struct ms_msrp_transaction *transaction; /* NULL with Failure-Report: no */
	uint8_t tail[7 +
		     MSRP_TID_LEN]; /* last octets: an end-line in the body may straddle reads */
	size_t tail_len;
};

struct ms_msrp_conn {
	const struct ms_random *random;
	struct ms_msrp_conn_params params;
	struct ms_msrp_parser parser;
	struct ms_list sessions;
	struct ms_list ready; /* messages with octets to send; the first is next */
	struct ms_list spare, awaiting;
	struct ms_msrp_transaction *transactions;
	unsigned n_waiting;    /* messages in `ready` that found no transaction */
	struct ms_buf control; /* responses and reports that wait */
	struct ms_buf stage;   /* what goes out now */
	size_t staged;         /* of it, already out */
	struct ms_msrp_chunk chunk;
	struct ms_msrp_request request;
	struct ms_msrp_auth *auth;
	struct ms_msrp_counters counters;
	ms_usec now;
	int err;
	bool lost;
	bool reading; /* the head of a request came and not yet its end */
};

/* transaction.c */
int ms_msrp_transactions_init(struct ms_msrp_conn *c);
/** A transaction with a new identifier, or NULL: none is free, or c->err is set. */
struct ms_msrp_transaction *ms_msrp_transaction_new(struct ms_msrp_conn *c);
bool ms_msrp_transaction_free_one(const struct ms_msrp_conn *c);
/** The request was written: wait for the response. */
void ms_msrp_transaction_await(struct ms_msrp_conn *c, struct ms_msrp_transaction *t, ms_usec wait);
void ms_msrp_transaction_release(struct ms_msrp_conn *c, struct ms_msrp_transaction *t);
struct ms_msrp_transaction *ms_msrp_transaction_find(struct ms_msrp_conn *c, struct ms_span tid);
void ms_msrp_transaction_response(struct ms_msrp_conn *c, const struct ms_msrp_head *h);
void ms_msrp_transaction_tick(struct ms_msrp_conn *c, ms_usec now);
/** Fills `n` letters and digits, 5 random bits each. 0 or negative errno. */
int ms_msrp_random_text(const struct ms_random *r, char *dst, size_t n);

/* conn.c, conn-output.c, conn-input.c */
void ms_msrp_conn_fail(struct ms_msrp_conn *c, int err);
void ms_msrp_chunk_close(struct ms_msrp_conn *c, char flag);
void ms_msrp_put_report(struct ms_msrp_session *s, struct ms_span to_path, struct ms_span id,
			int code, uint64_t total);
void ms_msrp_request_answer(struct ms_msrp_conn *c, int code);

/* session.c */
void ms_msrp_session_bound(struct ms_msrp_session *s);
void ms_msrp_session_failed(struct ms_msrp_session *s, int code);
bool ms_msrp_session_can_send(const struct ms_msrp_session *s);
void ms_msrp_session_unlink(struct ms_msrp_session *s);
void ms_msrp_session_refuse_type(struct ms_msrp_session *s, struct ms_span type);
bool ms_msrp_session_type_refused(const struct ms_msrp_session *s, struct ms_span type);
ms_usec ms_msrp_session_deadline(const struct ms_msrp_session *s);
void ms_msrp_session_tick(struct ms_msrp_session *s, ms_usec now);

/* out.c */
void ms_msrp_out_ready(struct ms_msrp_out *out);
void ms_msrp_out_finish(struct ms_msrp_out *out, enum ms_msrp_outcome outcome, int code);
void ms_msrp_out_fail(struct ms_msrp_out *out, enum ms_msrp_outcome outcome, int code);
/** A response came, or none is expected any more. */
void ms_msrp_out_answered(struct ms_msrp_out *out, int code);
/** All was sent or a transaction ended: is the message done? */
void ms_msrp_out_check(struct ms_msrp_out *out);
void ms_msrp_out_report(struct ms_msrp_session *s, const struct ms_msrp_head *h);

/* in.c */
/** The message of this chunk, or NULL with a status code in *ret_status. */
struct ms_msrp_in *ms_msrp_in_get(struct ms_msrp_session *s, const struct ms_msrp_head *h,
				  int *ret_status);
struct ms_msrp_in *ms_msrp_in_find(struct ms_msrp_session *s, struct ms_span id);
/** Octets at `offset`: 0, or a status code and the message is gone. */
int ms_msrp_in_data(struct ms_msrp_in *in, uint64_t offset, struct ms_span octets);
/** The last chunk ended at `end`: 0, or a status code and the message is gone. */
int ms_msrp_in_set_total(struct ms_msrp_in *in, uint64_t end);
/** If complete: delivers, frees and returns true with 200 or a failure in *ret_code. */
bool ms_msrp_in_complete(struct ms_msrp_in *in, int *ret_code);
void ms_msrp_in_finish(struct ms_msrp_in *in, enum ms_msrp_in_end how);
void ms_msrp_in_touch(struct ms_msrp_in *in, ms_usec now);

/* history.c */
/** 0 if unknown; else 200 or the code with which the message was refused. */
int ms_msrp_history_find(const struct ms_msrp_history *h, struct ms_span id);
void ms_msrp_history_add(struct ms_msrp_history *h, struct ms_span id, int code);

/* auth.c */
bool ms_msrp_auth_wanted(const struct ms_msrp_auth *a);
void ms_msrp_auth_put(struct ms_msrp_auth *a);
void ms_msrp_auth_response(struct ms_msrp_auth *a, const struct ms_msrp_head *h);
void ms_msrp_auth_fail(struct ms_msrp_auth *a, int err);

static inline struct ms_span msrp_out_id(const struct ms_msrp_out *out)
{
	return ms_span_of(out->id, out->id_len);
}

static inline struct ms_span msrp_in_id(const struct ms_msrp_in *in)
{
	return ms_span_of(in->id, in->id_len);
}

#endif
