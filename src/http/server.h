/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 server (RFC 9110, RFC 9112) for small requests with small answers: keep-alive and
 * pipelining, answers given now or later, and a limit on everything a peer can make us hold or wait
 * for. TLS is done in front of it. Listens on TCP and UNIX sockets.
 *
 * Strict on purpose: a body needs Content-Length (else 411), there is no Transfer-Encoding (411), no
 * Upgrade, no obsolete line folding (400). What is ambiguous is refused and the connection closed,
 * so that nobody in front of us can read a request in another way than we do.
 */
#ifndef MS_HTTP_SERVER_H
#define MS_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/span.h"
#include "core/time.h"
#include "loop/addr.h"
#include "loop/tcp.h"

struct ms_http_server;  /* owned */
struct ms_http_request; /* owned by the handler until it is answered */

/** Methods, as bits. */
enum {
	MS_HTTP_GET = 1,
	MS_HTTP_HEAD = 2, /* answered by the GET handler, without the body */
	MS_HTTP_POST = 4,
	MS_HTTP_PUT = 8,
	MS_HTTP_DELETE = 16,
};

/** Everything a peer can use up; zero members take the default. */
struct ms_http_limits {
	size_t head_max;      /* request line and header fields, octets: 8 KiB -> 431 (414: URI) */
	size_t body_max;      /* 64 KiB -> 413 */
	uint32_t connections; /* open at once: 4096; then one whose peer does nothing for
				    over a second makes room, else 503 and close */
	uint32_t per_address; /* of them from one address: 256 -> 503 and close */
	uint32_t rate;        /* requests a second from one address: 0 is none -> 429 */
	uint32_t rate_burst;  /* how many may come at once: 2 x rate */
	uint32_t per_connection; /* requests on one connection, then close: 0 is no limit */
	ms_usec head_limit;      /* from first octet to end of header fields: 10 s -> 408 */
	ms_usec body_limit;      /* from header fields to end of body: 20 s -> 408 */
	ms_usec idle_limit;      /* between requests: 60 s */
	ms_usec send_limit;      /* a peer that does not read its answer: 20 s */
};

/**
 * A request for a route. The handler answers with ms_http_reply(), now or later; until then the
 * request and all its spans live, even if the peer goes away meanwhile.
 */
typedef void ms_http_f(struct ms_http_request *r, void *arg);

struct ms_http_route {
	const char
		*path; /* exact, e.g. "/keymanagement"; owned by the program, outlives the server */
	unsigned methods; /* others get 405 with Allow */
	ms_http_f *handler;
	void *arg;
	bool below; /* every path below it leads here, too */
};

/** What happened since the start; live, for the program's counters. */
struct ms_http_stats {
	uint64_t accepted;        /* connections */
	uint64_t refused_total;   /* connections over `connections` */
	uint64_t refused_address; /* connections over `per_address` */
	uint64_t evicted;         /* connections closed to make room for others */
	uint64_t requests;        /* given to handlers */
	uint64_t malformed;       /* 400, 411, 413, 414, 417, 431, 501, 505 */
	uint64_t not_found;       /* 404 */
	uint64_t method;          /* 405 */
	uint64_t rate_limited;    /* 429 */
	uint64_t slow;            /* 408 and peers that did not read */
	uint64_t gone;            /* peers that left before their answer */
	uint64_t status[6];       /* answers by class: [2] is 2xx */
	uint32_t open;            /* connections now */
	uint32_t in_flight;       /* requests not yet answered */
};

struct ms_http_server_options {
	struct ms_http_limits limits;
	const struct ms_http_route *routes; /* borrowed for the server's life */
	size_t n_routes;
	const char *server_name; /* "Server:" field; NULL: none is sent. Static */
};

/** A server that does not listen yet. Returns 0 or negative errno. */
MS_MUST_CHECK int ms_http_server_new(const struct ms_http_server_options *o,
				     struct ms_http_server **ret_s);

/** Listens on one more address (at most 8). *ret_bound (may be NULL) is the address bound. */
MS_MUST_CHECK int ms_http_server_listen(struct ms_http_server *s, const struct ms_addr *a,
					const struct ms_tcp_listen_options *options,
					struct ms_addr *ret_bound);

/** As ms_http_server_listen(), over a listening socket from another role; owned from now. */
MS_MUST_CHECK int ms_http_server_listen_fd(struct ms_http_server *s, int fd);

/** New limits for what comes; used by a reload. Open connections stay. */
void ms_http_server_set_limits(struct ms_http_server *s, const struct ms_http_limits *l);

const struct ms_http_stats *ms_http_server_stats(const struct ms_http_server *s);

/**
 * Graceful stop: accepts no more, closes idle connections, answers what is in flight with
 * "Connection: close". `done` is called once nothing is left, or when `limit` has passed (what is
 * left is then cut off). Free the server there or later.
 */
void ms_http_server_stop(struct ms_http_server *s, ms_usec limit, void (*done)(void *arg),
			 void *arg);

/**
 * Closes everything at once. Requests not yet answered stay valid until ms_http_reply(). NULL is
 * fine. Returns NULL.
 */
struct ms_http_server *ms_http_server_free(struct ms_http_server *s);

/* ---- the request ---- */

/** One of the MS_HTTP_ bits. */
unsigned ms_http_method(const struct ms_http_request *r);

/**
 * What stands in the path below its route, without the slash, percent-decoded into dst; "": nothing.
 * Returns 0, -ENOBUFS (does not fit) or -EINVAL (bad escape, NUL).
 */
MS_MUST_CHECK int ms_http_below(const struct ms_http_request *r, const char *route, char *dst,
				size_t size);

/**
 * The value of query parameter `name`, percent-decoded into dst. Returns 0, -ENOENT (not there),
 * -ENOBUFS (does not fit), -EINVAL (bad escape, NUL) or -EEXIST (given twice).
 */
MS_MUST_CHECK int ms_http_query(const struct ms_http_request *r, const char *name, char *dst,
				size_t size);

/** The value of a header field (any case), trimmed; the first one; p == NULL if there is none. */
struct ms_span ms_http_header(const struct ms_http_request *r, const char *name);

/** True if the media type (parameters ignored, any case) is `type`, e.g. "application/mikey". */
bool ms_http_is_type(const struct ms_http_request *r, const char *type);

/** The body; len 0 if there is none. */
struct ms_span ms_http_body(const struct ms_http_request *r);

/** A number unique in this process, for logs. */
uint64_t ms_http_id(const struct ms_http_request *r);

/** ms_loop_now() when the request was complete: for measuring how long the answer took. */
ms_usec ms_http_since(const struct ms_http_request *r);

/**
 * Answers and frees the request: exactly once each. `type` (NULL: no body, no Content-Type) and
 * `body` are copied. If the peer has gone nothing is sent.
 */
void ms_http_reply(struct ms_http_request *r, int status, const char *type, struct ms_span body);

/** As ms_http_reply(), with further header fields: "Name: value\r\n..." complete lines. */
void ms_http_reply_fields(struct ms_http_request *r, int status, const char *fields,
			  const char *type, struct ms_span body);

/** Answers with a short text/plain body that says what the status means. */
void ms_http_refuse(struct ms_http_request *r, int status);

/** The reason phrase, or "Unknown". Static. */
const char *ms_http_reason(int status);

#endif
