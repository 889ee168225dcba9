/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an HTTP/1.1 request (RFC 9112), from octets; no sockets, no clock. What two readers
 * could understand differently is refused: bare CR or LF, blanks before a colon, folded lines, more
 * than one Content-Length or Host, Transfer-Encoding.
 */
#ifndef MS_HTTP_HTTP_PARSE_H
#define MS_HTTP_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/fault.h"
#include "core/span.h"

/** Most header fields of a request. */
#define MS_HTTP_FIELDS_MAX 64

/** Spans are borrowed from what was parsed. */
struct ms_http_head {
	unsigned method;            /* MS_HTTP_ bit, or 0: one we do not know */
	struct ms_span path, query; /* query without its '?', p == NULL if there is none */
	struct ms_span fields;      /* all field lines, each with CR LF */
	struct ms_span type;        /* Content-Type, p == NULL if there is none */
	uint64_t length;            /* octets of the body that follow; 0 if there is none */
	bool close;                 /* the connection ends after the answer */
	bool expects;               /* waits for 100 (Continue) */
};

/**
 * Parses the head at the start of `data`. Returns 0 with *ret_used octets of head (the body
 * follows), -EAGAIN (not complete yet, and not over `max` octets), or -EBADMSG with *ret_fault
 * filled: code is the status to answer with, after which the connection must be closed.
 */
MS_MUST_CHECK int ms_http_head_parse(struct ms_span data, size_t max, struct ms_http_head *ret_head,
				     size_t *ret_used, struct ms_fault *ret_fault);

/** The first field of that name (any case) in `fields`, trimmed; p == NULL if there is none. */
struct ms_span ms_http_field(struct ms_span fields, const char *name);

/** Percent-decodes (and '+' as blank) into dst. 0, -ENOBUFS, or -EINVAL (bad escape, NUL). */
MS_MUST_CHECK int ms_http_unescape(struct ms_span s, char *dst, size_t size);

/** As ms_http_query(), on a query's text. */
MS_MUST_CHECK int ms_http_query_value(struct ms_span query, const char *name, char *dst,
				      size_t size);

#endif
