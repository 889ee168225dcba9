/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the proxy: an exchange is a server transaction with its response context (RFC 3261
 * sections 17.2 and 16.7), a client is a client transaction (section 17.1); both with the Accepted
 * states of RFC 6026.
 */
#ifndef MS_SIP_PROXY_PRIV_H
#define MS_SIP_PROXY_PRIV_H

#include "crypto/hmac.h"
#include "sip/wire-priv.h"

#define MS_SIP_PROXY_T1 (500 * MS_MSEC)
#define MS_SIP_PROXY_T2 (4 * MS_SEC)
#define MS_SIP_PROXY_T4 (5 * MS_SEC)
#define MS_SIP_PROXY_64T1 (64 * MS_SIP_PROXY_T1)

/** "z9hG4bK", 16 random digits, '.', 16 digits of the loop check, NUL. */
#define MS_SIP_BRANCH_SIZE 41

struct ms_sip_client;

struct ms_sip_proxy {
	struct ms_sip_wire *wire;
	struct ms_sip_proxy_handlers handlers;
	void *arg;
	bool flows, draining;
	struct ms_hmac_key token_key;
	uint8_t loop_key[16];
	struct ms_addr next_hop[2];
	enum ms_sip_transport next_transport[2];
	struct ms_hash *servers; /* key of a server transaction -> struct ms_sip_exchange */
	struct ms_hash *clients; /* branch and method -> struct ms_sip_client */
	struct ms_list exchange_list, client_list;
	size_t n_exchanges;
	struct ms_sip_tally *sources;
	uint64_t counter[MS_SIP_PROXY_COUNTERS];
};

static inline void ms_sip_proxy_count(struct ms_sip_proxy *p, enum ms_sip_proxy_counter c)
{
	p->counter[c]++;
}

/* ---- proxy-exchange.c ---- */

enum ms_sip_server_state {
	MS_SIP_SERVER_PROCEEDING,
	MS_SIP_SERVER_COMPLETED, /* a final answer other than a 2xx to INVITE was sent */
	MS_SIP_SERVER_ACCEPTED,  /* 2xx to INVITE */
	MS_SIP_SERVER_CONFIRMED, /* ACK came */
	MS_SIP_SERVER_OVER,      /* to be freed */
};

/** A response that waits for the user, or was answered and may come again. */
struct ms_sip_heard {
	struct ms_list link;
	struct ms_sip_packet *m; /* counted; NULL: a failure */
	enum ms_sip_failure why;
	struct ms_buf sent; /* what became of it, to be sent again; may be empty */
};

#define MS_SIP_HEARD_MAX 32

struct ms_sip_exchange {
	struct ms_list link;
	struct ms_sip_proxy *proxy;
	struct ms_sip_packet *request;
	struct ms_sip_hop from, to;
	void *user;
	char *key; /* owned, in proxy->servers; NULL for ACK */
	enum ms_sip_server_state state;
	bool invite, ack, known, decided, cancelled, counted, asking;
	struct ms_sip_client *client;
	struct ms_buf last; /* the last response sent */
	struct ms_list
		waiting; /* struct ms_sip_heard; the first one is with the user if `asking` */
	struct ms_list answered; /* struct ms_sip_heard */
	size_t n_heard;
	ms_usec interval;            /* of timer G */
	struct ms_timer repeat;      /* timer G */
	struct ms_timer timer;       /* H, I, J, L; the end */
	struct ms_timer decision;    /* the user's patience */
	size_t own_routes;           /* topmost Route values that are ours */
	bool token_known, own_known; /* the last of them had a token; names the side */
	struct ms_sip_hop token;
	enum ms_sip_side own_side;
	char tag[20]; /* To tag of our own answers */
};

/** A request that is no repetition: makes the exchange and asks the user. */
void ms_sip_exchange_begin(struct ms_sip_proxy *p, struct ms_sip_packet *m,
			   const struct ms_sip_hop *from, const char *key);
/** A repetition of its request. */
void ms_sip_exchange_again(struct ms_sip_exchange *x);
void ms_sip_exchange_acked(struct ms_sip_exchange *x);
void ms_sip_exchange_cancel(struct ms_sip_exchange *x);
/** From its client: a response, or a failure. */
void ms_sip_exchange_heard(struct ms_sip_exchange *x, struct ms_sip_packet *m,
			   enum ms_sip_failure why);
void ms_sip_exchange_free(struct ms_sip_exchange *x);

/* ---- proxy-respond.c ---- */

/** Hands the first waiting response to the user, unless one is with him. */
void ms_sip_exchange_ask(struct ms_sip_exchange *x);
/** Writes and sends an answer of ours. */
void ms_sip_exchange_answer(struct ms_sip_exchange *x, unsigned status, const char *reason,
			    const struct ms_sip_change *c);
/** What was written in x->last, a response with this status, goes out and moves the state. */
void ms_sip_exchange_send(struct ms_sip_exchange *x, unsigned status);
void ms_sip_heard_free(struct ms_sip_heard *h);
/** ";received=..;rport=.." for the topmost Via (section 18.2.1, RFC 3581). */
void ms_sip_put_via_received(const struct ms_sip_packet *m, const struct ms_sip_hop *from,
			     struct ms_buf *b);
/** The way back (section 18.2.2). */
MS_MUST_CHECK int ms_sip_proxy_send_back(struct ms_sip_proxy *p, const struct ms_sip_packet *m,
					 const struct ms_sip_hop *from, struct ms_span octets);
/** Answers without a transaction. */
void ms_sip_proxy_refuse(struct ms_sip_proxy *p, const struct ms_sip_packet *m,
			 const struct ms_sip_hop *from, unsigned status);

/* ---- proxy-client.c ---- */

enum ms_sip_client_state {
	MS_SIP_CLIENT_CALLING, /* or Trying */
	MS_SIP_CLIENT_PROCEEDING,
	MS_SIP_CLIENT_COMPLETED,
	MS_SIP_CLIENT_ACCEPTED,
};

struct ms_sip_client {
	struct ms_list link;
	struct ms_sip_proxy *proxy;
	struct ms_sip_exchange *exchange; /* NULL: our own request, or nobody cares any more */
	ms_sip_originated_f *done;
	void *arg;
	char *key;
	bool invite, cancelling, cancelled, unsent;
	enum ms_sip_client_state state;
	struct ms_sip_hop hop;
	struct ms_buf message;
	struct ms_buf fallback; /* the same for UDP, if `message` left UDP for its size */
	struct ms_sip_hop fallback_hop;
	ms_usec interval;
	struct ms_timer repeat;  /* A, E */
	struct ms_timer timer;   /* B, F; then D, K, M */
	struct ms_timer ringing; /* C */
};

struct ms_sip_client_spec {
	const char *branch;
	struct ms_span method;
	struct ms_sip_exchange *exchange;
	ms_sip_originated_f *done;
	void *arg;
	const struct ms_sip_hop *hop, *fallback_hop;
	struct ms_buf *message, *fallback; /* stolen on success; fallback may be NULL */
};

/** Starts it. The result of sending comes later. -ENOMEM, -ENOSPC. */
MS_MUST_CHECK int ms_sip_client_start(struct ms_sip_proxy *p, const struct ms_sip_client_spec *spec,
				      struct ms_sip_client **ret_c);
void ms_sip_client_response(struct ms_sip_client *c, struct ms_sip_packet *m);
void ms_sip_client_cancel(struct ms_sip_client *c);
/** Nobody wants to hear of it any more. */
void ms_sip_client_orphan(struct ms_sip_client *c);
void ms_sip_client_failed(struct ms_sip_client *c, enum ms_sip_failure why);
void ms_sip_client_free(struct ms_sip_client *c);

/* ---- proxy-forward.c ---- */

/** A new branch; `m` gives the loop check, NULL: none. */
MS_MUST_CHECK int ms_sip_proxy_branch(struct ms_sip_proxy *p, const struct ms_sip_packet *m,
				      char dst[static MS_SIP_BRANCH_SIZE]);
/** Has it been here, and is it unchanged since (section 16.3 item 4)? */
bool ms_sip_proxy_is_loop(struct ms_sip_proxy *p, const struct ms_sip_packet *m);
/** "SIP/2.0/UDP host:port;branch=..;rport" */
void ms_sip_proxy_put_via(struct ms_sip_proxy *p, const struct ms_sip_hop *hop, const char *branch,
			  struct ms_buf *b);

/* ---- proxy-route.c ---- */

/** Looks at the Route values; -EACCES: a token of ours is not from us. */
MS_MUST_CHECK int ms_sip_exchange_read_routes(struct ms_sip_exchange *x);
/** Record-Route lines for a request from x->from to `to`. */
void ms_sip_put_record_route(const struct ms_sip_exchange *x, const struct ms_sip_hop *to,
			     struct ms_buf *b);
/** A Path line: the core side that leads to `to`, with a token of x->from. */
void ms_sip_put_path(const struct ms_sip_exchange *x, const struct ms_sip_hop *to,
		     struct ms_buf *b);

/* ---- token.c ---- */

/** Hex digits: a hop and its HMAC. */
void ms_sip_token_put(const struct ms_hmac_key *key, const struct ms_sip_hop *hop,
		      struct ms_buf *b);
/** -EBADMSG: not such a token; -EACCES: the HMAC is wrong. */
MS_MUST_CHECK int ms_sip_token_read(const struct ms_hmac_key *key, struct ms_span text,
				    struct ms_sip_hop *ret_hop);

#endif
