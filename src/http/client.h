/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP client over libcurl, driven from the loop: keep-alive, HTTPS with verification, limits on
 * time and size. Never follows redirects, never uses a proxy, never speaks another protocol.
 */
#ifndef MS_HTTP_CLIENT_H
#define MS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/span.h"
#include "core/time.h"

struct ms_http_client; /* owned */
struct ms_http_call;   /* a request under way; owned by the client */

struct ms_http_client_options {
	const char *ca_file;   /* PEM of the authorities trusted; NULL: the system's */
	const char *cert_file; /* our certificate and key for mutual TLS; NULL: none */
	const char *key_file;
	size_t reply_max;      /* 0: 64 KiB; a longer answer fails with -EMSGSIZE */
	ms_usec connect_limit; /* 0: 5 s */
	ms_usec total_limit;   /* 0: 15 s */
	unsigned connections;  /* most connections kept; 0: 8 */
};

struct ms_http_answer {
	int err;             /* 0 if an answer came, whatever its status; else negative errno:
				-ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH (name or route), -EMSGSIZE,
				-EKEYREJECTED (TLS: certificate or handshake), -EPROTO */
	const char *message; /* words for err, or "" */
	int status;          /* HTTP status */
	struct ms_span type; /* Content-Type as sent */
	struct ms_span body;
};

/** The call is over; everything in `a` is borrowed until the handler returns. */
typedef void ms_http_answer_f(const struct ms_http_answer *a, void *arg);

/** Strings are copied. Needs ms_loop_init(). Returns 0 or negative errno. */
MS_MUST_CHECK int ms_http_client_new(const struct ms_http_client_options *o,
				     struct ms_http_client **ret_c);

/**
 * POSTs `body` (copied) of media type `type` to an http: or https: URL. `done` is called once, from
 * the loop, never before this returns. *ret_call (may be NULL) is for ms_http_cancel(). Returns 0 or
 * negative errno (-EINVAL: URL).
 */
MS_MUST_CHECK int ms_http_post(struct ms_http_client *c, const char *url, const char *type,
			       struct ms_span body, ms_http_answer_f *done, void *arg,
			       struct ms_http_call **ret_call);

/** As ms_http_post(), with GET. */
MS_MUST_CHECK int ms_http_get(struct ms_http_client *c, const char *url, ms_http_answer_f *done,
			      void *arg, struct ms_http_call **ret_call);

/** Ends a call that is under way; `done` is not called. Not after `done`. */
void ms_http_cancel(struct ms_http_call *call);

/** Ends all calls without calling `done`. NULL is fine. Not from within `done`. Returns NULL. */
struct ms_http_client *ms_http_client_free(struct ms_http_client *c);

#endif
