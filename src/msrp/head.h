/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an MSRP request or response: its start line and header fields (RFC 4975 section 9).
 * What a head means to a session is in session.h.
 */
#ifndef MS_MSRP_HEAD_H
#define MS_MSRP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/fault.h"
#include "core/span.h"
#include "msrp/uri.h"

/** Status codes of RFC 4975 section 10; 401 is of RFC 4976. */
enum ms_msrp_status {
	MS_MSRP_OK = 200,
	MS_MSRP_BAD_REQUEST = 400,
	MS_MSRP_UNAUTHORIZED = 401,
	MS_MSRP_FORBIDDEN = 403,
	MS_MSRP_TIMEOUT = 408,
	MS_MSRP_STOP_SENDING = 413,
	MS_MSRP_UNSUPPORTED_TYPE = 415,
	MS_MSRP_OUT_OF_BOUNDS = 423,
	MS_MSRP_NO_SESSION = 481,
	MS_MSRP_UNKNOWN_METHOD = 501,
	MS_MSRP_SESSION_IN_USE = 506,
};

/** The usual comment of a status code: "OK", "Session does not exist"; "" for an unknown code. */
const char *ms_msrp_status_text(int code);

enum ms_msrp_method {
	MS_MSRP_SEND,
	MS_MSRP_REPORT,
	MS_MSRP_AUTH,         /* RFC 4976 */
	MS_MSRP_OTHER_METHOD, /* any other word of capitals */
	MS_MSRP_RESPONSE      /* not a request: see status */
};

enum ms_msrp_failure_report {
	MS_MSRP_FAILURE_YES, /* the default when the header is absent */
	MS_MSRP_FAILURE_NO,
	MS_MSRP_FAILURE_PARTIAL
};

/** "*" in a Byte-Range. */
#define MS_MSRP_UNKNOWN UINT64_MAX

/** Largest number in a Byte-Range or size that is read. */
#define MS_MSRP_SIZE_MAX ((uint64_t)1 << 62)

struct ms_msrp_range {
	uint64_t first; /* position of the first octet; counting starts at 1 */
	uint64_t last;  /* of the last octet, first - 1 if there is none, or MS_MSRP_UNKNOWN */
	uint64_t total; /* of the whole message, or MS_MSRP_UNKNOWN */
};

/** Longest transaction identifier (RFC 4975 section 9: ident). */
#define MS_MSRP_IDENT_MAX 32

/** All spans are borrowed from the text that was parsed, or are the writer's input. */
struct ms_msrp_head {
	enum ms_msrp_method method;
	struct ms_span method_name; /* as written */
	struct ms_span tid;         /* transaction identifier */
	int status;                 /* of a response; 0 in requests */
	struct ms_span comment;
	struct ms_span message_id; /* empty if absent */
	bool has_range;
	struct ms_msrp_range range;
	bool has_success, success; /* Success-Report present, and "yes" */
	bool has_failure;
	enum ms_msrp_failure_report failure; /* MS_MSRP_FAILURE_YES if absent */
	int report_status;                   /* the code of a Status header; 0 if absent */
	unsigned report_namespace;           /* 0 for the codes of RFC 4975 */
	struct ms_span content_type;         /* p == NULL if there is none: no body follows */
	struct ms_span content_disposition;
	struct ms_span fields; /* all header lines after From-Path, CRLF after each */
	/* A request that can be answered but must be refused has the status to answer with here and
	 * a reason; code 0 if all is well. */
	struct ms_fault refuse;
	/* Last, since they are large: of the URIs only the first `n` are ever touched. */
	struct ms_msrp_path to, from;
};

/** Limits to what a peer may send; each is a configuration key in a program. */
struct ms_msrp_head_limits {
	size_t head;    /* start line and header fields, octets */
	size_t line;    /* one line, octets */
	unsigned lines; /* header lines */
};

extern const struct ms_msrp_head_limits ms_msrp_head_limits_default;

/**
 * Parses a head: from "MSRP" up to, not including, the empty line or the end-line. Returns 0, with
 * ret_h->refuse set if the request is to be answered with an error; or -EBADMSG if not even that can
 * be done (no transaction identifier or no usable path), with *fault (may be NULL) filled: the
 * connection must then be closed. All spans borrow from `text`.
 */
MS_MUST_CHECK int ms_msrp_head_parse(struct ms_span text, const struct ms_msrp_head_limits *limits,
				     struct ms_msrp_head *ret_h, struct ms_fault *fault);

/** The value of the first header field `name` in h->fields, any case; p == NULL if absent. */
struct ms_span ms_msrp_head_field(const struct ms_msrp_head *h, const char *name);

/** Byte-Range's value: "1-*" "/" "*" and so on. -EBADMSG if malformed or contradictory. */
MS_MUST_CHECK int ms_msrp_range_parse(struct ms_span value, struct ms_msrp_range *ret_r);
void ms_msrp_range_put(struct ms_buf *b, const struct ms_msrp_range *r);

/** True if `s` is an ident: 4 to 32 of letters, digits and . - + % =, a letter or digit first. */
bool ms_msrp_is_ident(struct ms_span s);

/* Writing. Errors stick to the buffer. */

/** "MSRP tid METHOD" and the two path fields; the paths are given as text. */
void ms_msrp_put_request(struct ms_buf *b, struct ms_span tid, const char *method,
			 struct ms_span to_path, struct ms_span from_path);

/** "MSRP tid code comment" and the two path fields. */
void ms_msrp_put_response(struct ms_buf *b, struct ms_span tid, int code, struct ms_span to_path,
			  struct ms_span from_path);

/** "Name: value" CRLF. Nothing is written if value.p is NULL. */
void ms_msrp_put_field(struct ms_buf *b, const char *name, struct ms_span value);

/** "-------tid" flag CRLF; `body` puts the CRLF in front that ends a body. */
void ms_msrp_put_end(struct ms_buf *b, struct ms_span tid, char flag, bool body);

#endif
