/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts a stream of octets into MSRP requests and responses (RFC 4975 sections 5.1, 7.1 and 9). The
 * stream may be split anywhere; a body is handed on in the pieces in which it came, without a copy,
 * and its end is found in linear time.
 */
#ifndef MS_MSRP_PARSER_H
#define MS_MSRP_PARSER_H

#include "core/buf.h"
#include "msrp/head.h"

enum ms_msrp_parse_event {
	MS_MSRP_PARSE_NONE, /* all input is used up; give more */
	MS_MSRP_PARSE_HEAD, /* parser->head is valid until the next call */
	MS_MSRP_PARSE_BODY, /* *ret_body is a piece of the body, valid until the next call */
	MS_MSRP_PARSE_END   /* end-line; parser->flag is '$', '+' or '#' */
};

/** Longest end-line with the CRLFs around it. */
#define MS_MSRP_END_MAX (2 + 7 + MS_MSRP_IDENT_MAX + 1 + 2)

struct ms_msrp_parser {
	struct ms_msrp_head head; /* of the request or response being read */
	char flag;                /* continuation flag, after MS_MSRP_PARSE_END */
	bool body;                /* the head announced a body */
	struct ms_fault fault;    /* why the stream was refused */
	/* The rest is the parser's own. */
	struct ms_msrp_head_limits limits;
	int state;
	struct ms_buf text;           /* a head that came in pieces */
	size_t line;                  /* where the current line begins */
	size_t scanned;               /* no LF before this offset of the current line */
	uint8_t end[MS_MSRP_END_MAX]; /* CRLF ------- tid: what ends the body */
	size_t end_len;               /* of it, without flag and CRLF */
	/* octets at the end of the input that may begin an end-line */
	uint8_t held[MS_MSRP_END_MAX];
	size_t held_len;
	size_t held_given; /* of those, how many are no body in any case */
};

/** Makes ready. `limits` NULL: the defaults. Allocates nothing yet. */
void ms_msrp_parser_init(struct ms_msrp_parser *p, const struct ms_msrp_head_limits *limits);

/** Frees what the parser holds. */
void ms_msrp_parser_done(struct ms_msrp_parser *p);

/**
 * Takes octets from the front of *input (which is moved on) until there is something to tell.
 * Returns an enum ms_msrp_parse_event, or negative errno: -EBADMSG (p->fault says why; the stream
 * cannot be followed any more), -ENOMEM. The octets behind *input must stay until the event is
 * dealt with. *ret_body is written only with MS_MSRP_PARSE_BODY and is never empty.
 */
MS_MUST_CHECK int ms_msrp_parser_next(struct ms_msrp_parser *p, struct ms_span *input,
				      struct ms_span *ret_body);

#endif
