/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the server. A connection handles one request at a time, so the request that handlers
 * see *is* the connection; it outlives its socket while an answer is owed.
 */
#ifndef MS_HTTP_HTTP_PRIV_H
#define MS_HTTP_HTTP_PRIV_H

#include "core/buf.h"
#include "core/hash.h"
#include "core/list.h"
#include "http/http-parse.h"
#include "http/server.h"
#include "loop/loop.h"

#define MS_HTTP_LISTENERS_MAX 8

/** How long a closed connection may still take what was sent to it. */
#define MS_HTTP_LINGER (2 * MS_SEC)

/** A connection whose peer did nothing whole for this long may be closed to make room for another. */
#define MS_HTTP_FAIR_IDLE MS_SEC

/** What one address uses: kept while it has connections or an unfilled bucket. */
struct ms_http_address {
	struct ms_list link; /* in the table's `resting`, if it has no connection */
	uint8_t key[16];
	size_t key_len;
	uint32_t connections;
	uint64_t tokens; /* millionths of a request */
	ms_usec filled;  /* when tokens was brought up to date */
};

struct ms_http_addresses {
	struct ms_hash *by_host;
	struct ms_list resting; /* oldest first */
};

MS_MUST_CHECK int ms_http_addresses_init(struct ms_http_addresses *t, size_t max);
void ms_http_addresses_done(struct ms_http_addresses *t);

/**
 * The entry for a new connection from `peer`, counted. NULL with err 0 for peers without an
 * address. -EDQUOT: over per_address.
 */
MS_MUST_CHECK int ms_http_address_enter(struct ms_http_addresses *t, const struct ms_addr *peer,
					uint32_t per_address, struct ms_http_address **ret_a);

/** The connection is gone. NULL is fine. */
void ms_http_address_leave(struct ms_http_addresses *t, struct ms_http_address *a);

/** Takes one request out of the bucket; false if it is empty. */
bool ms_http_address_may(struct ms_http_address *a, uint32_t rate, uint32_t burst, ms_usec now);

struct ms_http_server {
	struct ms_http_limits limits;
	const struct ms_http_route *routes;
	size_t n_routes;
	const char *name;
	struct ms_tcp_listener *listeners[MS_HTTP_LISTENERS_MAX];
	size_t n_listeners;
	struct ms_list conns;
	struct ms_http_addresses addresses;
	struct ms_http_stats stats;
	bool stopping;
	struct ms_timer stop_timer;
	struct ms_defer stop_defer;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

/** What a connection waits for; says which time limit holds. */
enum ms_http_phase { MS_HTTP_IDLE, MS_HTTP_HEAD_COMING, MS_HTTP_BODY_COMING, MS_HTTP_ANSWERING };

struct ms_http_request {
	struct ms_list link;           /* in the server's conns */
	struct ms_http_server *server; /* NULL: it is gone, only the answer is waited for */
	struct ms_tcp *tcp;            /* NULL: the peer is gone */
	struct ms_http_address *address;
	struct ms_addr peer;
	enum ms_http_phase phase;
	bool owed;           /* a handler has the request */
	bool working;        /* in ms_http_conn_work(): no recursion */
	bool last;           /* close after this answer */
	bool peer_end;       /* the peer sends no more */
	bool choked;         /* nothing is served before the peer has read its answers */
	struct ms_buf in;    /* from the first octet of the request in hand */
	struct ms_buf ahead; /* what came while an answer was owed */
	size_t head_size;    /* octets of the head in `in`; 0: not parsed yet */
	struct ms_http_head head;
	struct ms_timer timer;
	ms_usec deadline;
	ms_usec since; /* the request was complete, or the wait for its next part began */
	uint64_t id, served;
};

/** A connection for a new socket; owns fd. */
void ms_http_conn_new(struct ms_http_server *s, int fd, const struct ms_addr *peer);

/** Goes on with what has arrived. */
void ms_http_conn_work(struct ms_http_request *r);

/** After an answer was sent: the next request, or the end. */
void ms_http_conn_answered(struct ms_http_request *r);

/** Ends the connection (what was sent still goes out) and frees it unless an answer is owed. */
void ms_http_conn_end(struct ms_http_request *r);

/** Sends an error the parser or a limit asks for and ends the connection. */
void ms_http_conn_refuse(struct ms_http_request *r, int status);

/** Finds the route and calls its handler, or answers 404, 405 or 429. */
void ms_http_dispatch(struct ms_http_request *r);

/** Tells the server that a connection has gone. */
void ms_http_server_left(struct ms_http_server *s);

/** Writes the answer to the socket. */
void ms_http_send(struct ms_http_request *r, int status, const char *fields, const char *type,
		  struct ms_span body);

#endif
