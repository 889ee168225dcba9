/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session descriptions (RFC 8866): parsing. A description is kept as the list of its lines, so that
 * what we do not know is neither lost nor in the way; the fields every user needs are taken out.
 * All spans are borrowed from the text that was parsed, which must outlive the description.
 */
#ifndef MS_SDP_SDP_H
#define MS_SDP_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/fault.h"
#include "core/span.h"

/** What a peer can make us spend. ms_sdp_limits_default fits IMS; 0 in a field means its default. */
struct ms_sdp_limits {
	size_t text;  /* octets of the whole description */
	size_t lines; /* lines in all */
	size_t media; /* m= lines */
	size_t line;  /* octets of one line */
};
extern const struct ms_sdp_limits ms_sdp_limits_default; /* 48 KiB, 1024, 32, 32 KiB */

/** One line: "type=value", e.g. 'a' and "setup:active". */
struct ms_sdp_line {
	char type;
	struct ms_span value;
	size_t offset; /* of the line in the text, octets */
};

/** The session part, or one media description with its m= line first: a range of the lines. */
struct ms_sdp_section {
	const struct ms_sdp_line *lines; /* borrowed from the description */
	size_t n_lines;
};

/** A c= line or the address of the o= line. `address` has no "/ttl" behind it. */
struct ms_sdp_address {
	bool ipv6;              /* IN IP6; false: IN IP4 */
	struct ms_span address; /* text: a literal or a host name; empty if there is none */
};

enum ms_sdp_direction { MS_SDP_SENDRECV, MS_SDP_SENDONLY, MS_SDP_RECVONLY, MS_SDP_INACTIVE };

/** RFC 4145. NONE: no attribute (or holdconn, which RFC 6135 section 4.2.1 says to ignore). */
enum ms_sdp_setup { MS_SDP_SETUP_NONE, MS_SDP_ACTIVE, MS_SDP_PASSIVE, MS_SDP_ACTPASS };

/** The transports that matter here; anything else is OTHER and stays readable in `proto`. */
enum ms_sdp_proto {
	MS_SDP_OTHER,
	MS_SDP_TCP_MSRP,
	MS_SDP_TCP_TLS_MSRP,
	MS_SDP_TCP_BFCP,
	MS_SDP_TCP_TLS_BFCP,
	MS_SDP_RTP,  /* RTP/AVP, RTP/AVPF */
	MS_SDP_SRTP, /* RTP/SAVP, RTP/SAVPF */
};

struct ms_sdp_media {
	struct ms_sdp_section section;
	struct ms_span media; /* "message", "audio" ... */
	uint16_t port;        /* 0: rejected or switched off (RFC 3264 section 6) */
	uint16_t n_ports;     /* 1 unless "port/number" */
	struct ms_span proto; /* as it stands, e.g. "TCP/TLS/MSRP" */
	enum ms_sdp_proto kind;
	struct ms_span fmt;               /* "*" for MSRP; not split */
	struct ms_sdp_address connection; /* the c= line in force: own, else the session's */
	enum ms_sdp_direction direction;  /* in force: own, else the session's, else sendrecv */
	enum ms_sdp_setup setup;          /* in force: own, else the session's */
};

struct ms_sdp {
	struct ms_sdp_line *lines; /* owned; all lines in order */
	size_t n_lines;
	struct ms_sdp_section session;
	struct ms_span username, session_id, session_version; /* o= */
	struct ms_sdp_address origin;                         /* o= */
	struct ms_span name;                                  /* s= */
	struct ms_sdp_media *media;                           /* owned */
	size_t n_media;
};

/**
 * Parses a description. Lines end with CRLF or LF; the order of RFC 8866 section 5 is asked for only
 * where it carries meaning (v= first, o=, s= before the first m=). `limits` may be NULL. Release
 * *ret_sdp with ms_sdp_done(). Returns 0, -EBADMSG (f->reason: sdp_version, sdp_line, sdp_origin,
 * sdp_media, sdp_connection, sdp_missing, sdp_attribute, with the offset), -E2BIG (a limit: sdp_limit)
 * or -ENOMEM. f->code is 488, or 513 for a limit.
 */
MS_MUST_CHECK int ms_sdp_parse(struct ms_span text, const struct ms_sdp_limits *limits,
			       struct ms_fault *f, struct ms_sdp *ret_sdp);

/** Releases; an all-zero description is fine. For MS_CLEANUP. */
void ms_sdp_done(struct ms_sdp *sdp);

/** The value of the first "a=name:value" of the section (empty for "a=name"); false if none. */
MS_MUST_CHECK bool ms_sdp_attr(const struct ms_sdp_section *s, const char *name,
			       struct ms_span *ret_value);

/** The i-th (from 0) attribute of that name. */
MS_MUST_CHECK bool ms_sdp_attr_at(const struct ms_sdp_section *s, const char *name, size_t i,
				  struct ms_span *ret_value);

/** "a=name" or "a=name:..." is there. */
bool ms_sdp_has(const struct ms_sdp_section *s, const char *name);

/** The attribute of the media section, else of the session section. */
MS_MUST_CHECK bool ms_sdp_attr_inherited(const struct ms_sdp *sdp, const struct ms_sdp_media *m,
					 const char *name, struct ms_span *ret_value);

/** The value of the first line of type `type` ("i", "b" ...) of the section; false if none. */
MS_MUST_CHECK bool ms_sdp_line(const struct ms_sdp_section *s, char type,
			       struct ms_span *ret_value);

/** The transport of an m= line by its name; case does not matter. */
enum ms_sdp_proto ms_sdp_proto_of(struct ms_span proto);

/** TLS beneath MSRP or BFCP: the line wants exactly one crypto session. */
bool ms_sdp_proto_is_tls(enum ms_sdp_proto p);

/** What an MSRP line says (RFC 4975 section 8, 6135, 6714, 5547). All borrowed. */
struct ms_sdp_msrp {
	struct ms_span path;         /* the MSRP URIs, separated by a space; leftmost first */
	struct ms_span accept_types; /* separated by spaces; "*" means any */
	struct ms_span accept_wrapped_types; /* empty if there is none */
	uint64_t max_size;                   /* octets; UINT64_MAX if there is none */
	bool cema;                           /* a=msrp-cema */
	/* RFC 5547; empty if there is none */
	struct ms_span file_selector, file_transfer_id, file_disposition, file_date, file_icon,
		file_range;
};

/**
 * Reads an MSRP line. Returns 0, -EPROTOTYPE (no MSRP line) or -EBADMSG (no or a repeated path, no
 * accept-types, a bad max-size; f->reason: sdp_msrp, f->code 488).
 */
MS_MUST_CHECK int ms_sdp_msrp_read(const struct ms_sdp_media *m, struct ms_fault *f,
				   struct ms_sdp_msrp *ret_msrp);

/** host and port of an "msrp(s)://" URI; port 2855 if it has none. -EBADMSG. */
MS_MUST_CHECK int ms_sdp_msrp_uri_address(struct ms_span uri, struct ms_span *ret_host,
					  uint16_t *ret_port);

#endif
