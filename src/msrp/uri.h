/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSRP URIs and paths: parse, compare, build (RFC 4975 sections 6, 6.1 and 9).
 */
#ifndef MS_MSRP_URI_H
#define MS_MSRP_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/span.h"

/** Longest URI read, octets. */
#define MS_MSRP_URI_MAX 1024

/** Most URIs in one path: an endpoint, its relays, the peer's relays and the peer. */
#define MS_MSRP_PATH_MAX 8

struct ms_msrp_uri {
	bool secure;             /* "msrps": the connection must be TLS */
	struct ms_span text;     /* the whole URI; all spans borrow from the parsed text */
	struct ms_span userinfo; /* empty if absent */
	struct ms_span host;     /* without the brackets of an IPv6 address; escapes as they came */
	uint16_t port;           /* 0 if absent */
	struct ms_span session_id; /* empty if absent: the URI names a device, not a session */
	struct ms_span transport;  /* "tcp" */
};

/** A list of URIs, separated by one space, as in To-Path and in a=path. */
struct ms_msrp_path {
	struct ms_span text;
	unsigned n;
	struct ms_msrp_uri uri[MS_MSRP_PATH_MAX]; /* those from n on are not written */
};

/** A host as an address: what two spellings of an IP address have in common. */
struct ms_msrp_host {
	uint8_t addr[16];
	uint8_t len; /* 4, 16, or 0 if it is a name */
};

enum ms_msrp_match {
	MS_MSRP_MATCH_URI,       /* RFC 4975 section 6.1, whole URI */
	MS_MSRP_MATCH_SESSION_ID /* session-id and transport only ("sessmatch"): survives a
				  * middlebox that rewrote the authority in the SDP */
};

/**
 * Parses one URI, strictly by the grammar of section 9; a numeric host must come with a port
 * (section 6). Borrows from `text`. -EBADMSG, or -EMSGSIZE if it is over MS_MSRP_URI_MAX.
 */
MS_MUST_CHECK int ms_msrp_uri_parse(struct ms_span text, struct ms_msrp_uri *ret_u);

/**
 * Parses 1 to MS_MSRP_PATH_MAX URIs. Several spaces between them are accepted. Borrows from `text`.
 * -EBADMSG, -EMSGSIZE (a URI too long) or -E2BIG (too many).
 */
MS_MUST_CHECK int ms_msrp_path_parse(struct ms_span text, struct ms_msrp_path *ret_p);

/** Copies what is in use of a path. */
static inline void ms_msrp_path_copy(struct ms_msrp_path *to, const struct ms_msrp_path *from)
{
	to->text = from->text;
	to->n = from->n;
	for (unsigned i = 0; i < from->n; i++)
		to->uri[i] = from->uri[i];
}

/** True if the two URIs are equivalent: section 6.1, or by session-id (see enum). */
bool ms_msrp_uri_equal(const struct ms_msrp_uri *a, const struct ms_msrp_uri *b,
		       enum ms_msrp_match how);

/** True if `host` is a numeric address (IPv4, or IPv6 without brackets); *ret_h is always written. */
bool ms_msrp_host_parse(struct ms_span host, struct ms_msrp_host *ret_h);

/** Same address or, for names, the same name but for case (percent escapes are decoded first). */
bool ms_msrp_host_equal(struct ms_span a, struct ms_span b);

/**
 * Appends "msrp[s]://host[:port]/session-id;tcp"; an IPv6 host gets its brackets. Port 0 and an
 * empty session-id leave the part out. Errors stick to the buffer.
 */
void ms_msrp_uri_put(struct ms_buf *b, bool secure, struct ms_span host, uint16_t port,
		     struct ms_span session_id);

#endif
