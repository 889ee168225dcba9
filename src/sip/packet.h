/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SIP message as proxies need it (RFC 3261 sections 7 and 16): every header line in order, what they
 * have to know of them, and the same message written again with changes. Pure: octets in, octets out.
 *
 * What a proxy does not understand passes unchanged, so nothing is checked here that a proxy need not
 * know: Via, From, To, Call-ID, CSeq, Max-Forwards, Content-Length and the start line.
 */
#ifndef MS_SIP_PACKET_H
#define MS_SIP_PACKET_H

#include "core/fault.h"
#include "sip/message.h"

/** The topmost Via (RFC 3261 section 20.42), borrowed from the packet. */
struct ms_sip_via {
	struct ms_span transport; /* "UDP" ... */
	struct ms_span host;      /* without [] */
	struct ms_span sent_by;   /* host and port as they stand */
	uint16_t port;            /* 0 if there is none */
	struct ms_span params;
	struct ms_span branch; /* empty if there is none */
	bool rport;            /* asked for (RFC 3581) */
};

struct ms_sip_line {
	struct ms_span name, value; /* value without outer blanks, on one line */
};

/** Counted; all spans point into it and live as long. Read-only but for the count. */
struct ms_sip_packet {
	bool request;
	struct ms_span method; /* of a response: that of its CSeq */
	struct ms_span uri;    /* request */
	unsigned status;       /* response; 0 for a request */
	struct ms_span reason;
	struct ms_sip_via via;
	struct ms_span call_id, from_tag, to_tag; /* tags empty if there is none */
	uint32_t cseq;
	unsigned max_forwards; /* 70 if there is none */
	struct ms_span body;
	struct ms_sip_line *line; /* headers in order */
	size_t n_lines;
	uint8_t *octets; /* owned */
	unsigned holders;
};

/** Most header lines of a message. */
#define MS_SIP_LINES_MAX 256

/**
 * Reads a whole message (the octets are copied). -EBADMSG with f->code 400 and a reason, or 505 for
 * another version; -ENOMEM.
 */
MS_MUST_CHECK int ms_sip_packet_read(struct ms_span octets, struct ms_sip_packet **ret_p,
				     struct ms_fault *f);

/** One more holder; returns p. */
struct ms_sip_packet *ms_sip_packet_ref(struct ms_sip_packet *p);
/** One holder less; NULL is fine. Returns NULL. */
struct ms_sip_packet *ms_sip_packet_unref(struct ms_sip_packet *p);

/** The i-th line of that header (compact form too); false if there is none. */
MS_MUST_CHECK bool ms_sip_packet_line(const struct ms_sip_packet *p, const char *name, size_t i,
				      struct ms_span *ret_value);

/** The first line of that header, or the empty span. */
struct ms_span ms_sip_packet_get(const struct ms_sip_packet *p, const char *name);

/** The i-th element over all lines and commas of a header that is a list; false if there is none. */
MS_MUST_CHECK bool ms_sip_packet_element(const struct ms_sip_packet *p, const char *name, size_t i,
					 struct ms_span *ret_value);

/** The i-th address of a header that lists addresses; false: none, or malformed. */
MS_MUST_CHECK bool ms_sip_packet_address(const struct ms_sip_packet *p, const char *name, size_t i,
					 struct ms_sip_address *ret_a);

static inline bool ms_sip_packet_is(const struct ms_sip_packet *p, const char *method)
{
	return ms_span_is(p->method, method);
}

/** A response 2xx? Of NULL: no. */
static inline bool ms_sip_packet_is_success(const struct ms_sip_packet *p)
{
	return p && p->status >= 200 && p->status < 300;
}

/** Is `token` among the elements of that header, e.g. "100rel" in Supported? */
bool ms_sip_packet_has_token(const struct ms_sip_packet *p, const char *name, const char *token);

/** Is the line's name this header, compact form included? */
bool ms_sip_name_is(struct ms_span name, const char *full);

/* ---- writing ---- */

/** One change of the headers. */
struct ms_sip_edit {
	const char *name;
	struct ms_span value; /* put in on top of what stays; p NULL: nothing is */
	bool keep;            /* the lines of that name that are there stay */
};

/** What is to be different. All borrowed; zero is "nothing". */
struct ms_sip_change {
	const struct ms_sip_edit *edits;
	size_t n_edits;
	bool new_body; /* `body` and `content_type` stand for the old ones */
	struct ms_span body;
	const char *content_type; /* NULL: there is none */
};

/** What the proxy itself changes; see proxy-forward.c. */
struct ms_sip_rewrite {
	const struct ms_sip_change *change; /* may be NULL */
	struct ms_span uri;                 /* request: the new Request-URI; empty: as it is */
	unsigned status;                    /* response: another status; 0: as it is */
	struct ms_span via;      /* request: goes on top; response: the top one goes off */
	struct ms_span received; /* ";received=..;rport=..", for the topmost Via that was there */
	size_t routes_used;      /* elements of Route that go off */
	int max_forwards;        /* -1: leave */
	struct ms_span head;     /* complete lines with CRLF put above the others */
};

/** Appends the message with the changes; Content-Length is computed. Errors stick in `b`. */
void ms_sip_packet_write(const struct ms_sip_packet *p, const struct ms_sip_rewrite *r,
			 struct ms_buf *b);

/**
 * Appends a response to request `p` (RFC 3261 section 8.2.6): all its Via lines, From, To (with `tag`
 * if it has none and status is over 100), Call-ID, CSeq, then the change's headers and body.
 * `received` goes to the topmost Via.
 */
void ms_sip_packet_answer(const struct ms_sip_packet *p, unsigned status, const char *reason,
			  const char *tag, struct ms_span received, const struct ms_sip_change *c,
			  struct ms_buf *b);

#endif
