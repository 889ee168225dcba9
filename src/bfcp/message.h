/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the Binary Floor Control Protocol: RFC 8855 section 5, and RFC 4582, whose messages are
 * the same. A message is read in place: its attributes are walked, not copied.
 *
 *    struct ms_bfcp_message m;                        size_t mark = ms_bfcp_open(&b, &header);
 *    if (ms_bfcp_parse(octets, &m, &f) == 0)          ms_bfcp_put_id(&b, MS_BFCP_FLOOR_ID, 7);
 *            for (s = m.attributes; ms_bfcp_next(&s, &a);)     ms_bfcp_close(&b, mark);
 *
 * Both versions are read and written: 1 over TCP and TLS, 2 over datagrams. Fragments (datagrams
 * only) are recognised and refused.
 */
#ifndef MS_BFCP_MESSAGE_H
#define MS_BFCP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/span.h"

/** Octets of the COMMON-HEADER without fragment fields. */
#define MS_BFCP_HEADER 12

/** Longest message the length field can tell, octets. */
#define MS_BFCP_MESSAGE_MAX (MS_BFCP_HEADER + 4 * 65535)

#define MS_BFCP_RELIABLE 1   /* version over TCP and TLS */
#define MS_BFCP_UNRELIABLE 2 /* version over UDP and DTLS */

/** RFC 8855 table 1. */
enum ms_bfcp_primitive {
	MS_BFCP_FLOOR_REQUEST = 1,
	MS_BFCP_FLOOR_RELEASE,
	MS_BFCP_FLOOR_REQUEST_QUERY,
	MS_BFCP_FLOOR_REQUEST_STATUS,
	MS_BFCP_USER_QUERY,
	MS_BFCP_USER_STATUS,
	MS_BFCP_FLOOR_QUERY,
	MS_BFCP_FLOOR_STATUS,
	MS_BFCP_CHAIR_ACTION,
	MS_BFCP_CHAIR_ACTION_ACK,
	MS_BFCP_HELLO,
	MS_BFCP_HELLO_ACK,
	MS_BFCP_ERROR,
	MS_BFCP_FLOOR_REQUEST_STATUS_ACK,
	MS_BFCP_FLOOR_STATUS_ACK,
	MS_BFCP_GOODBYE,
	MS_BFCP_GOODBYE_ACK,
};
#define MS_BFCP_PRIMITIVES 17

/** RFC 8855 table 2. */
enum ms_bfcp_type {
	MS_BFCP_BENEFICIARY_ID = 1,
	MS_BFCP_FLOOR_ID,
	MS_BFCP_FLOOR_REQUEST_ID,
	MS_BFCP_PRIORITY,
	MS_BFCP_REQUEST_STATUS,
	MS_BFCP_ERROR_CODE,
	MS_BFCP_ERROR_INFO,
	MS_BFCP_PARTICIPANT_PROVIDED_INFO,
	MS_BFCP_STATUS_INFO,
	MS_BFCP_SUPPORTED_ATTRIBUTES,
	MS_BFCP_SUPPORTED_PRIMITIVES,
	MS_BFCP_USER_DISPLAY_NAME,
	MS_BFCP_USER_URI,
	MS_BFCP_BENEFICIARY_INFORMATION,
	MS_BFCP_FLOOR_REQUEST_INFORMATION,
	MS_BFCP_REQUESTED_BY_INFORMATION,
	MS_BFCP_FLOOR_REQUEST_STATUS_ATTRIBUTE,
	MS_BFCP_OVERALL_REQUEST_STATUS,
};
#define MS_BFCP_TYPES 18

/** RFC 8855 table 4. */
enum ms_bfcp_status {
	MS_BFCP_PENDING = 1,
	MS_BFCP_ACCEPTED,
	MS_BFCP_GRANTED,
	MS_BFCP_DENIED,
	MS_BFCP_CANCELLED,
	MS_BFCP_RELEASED,
	MS_BFCP_REVOKED,
};

/** RFC 8855 table 5. */
enum ms_bfcp_error_code {
	MS_BFCP_NO_CONFERENCE = 1,
	MS_BFCP_NO_USER,
	MS_BFCP_UNKNOWN_PRIMITIVE,
	MS_BFCP_UNKNOWN_MANDATORY_ATTRIBUTE,
	MS_BFCP_UNAUTHORIZED,
	MS_BFCP_INVALID_FLOOR,
	MS_BFCP_NO_FLOOR_REQUEST,
	MS_BFCP_TOO_MANY_FLOOR_REQUESTS,
	MS_BFCP_USE_TLS,
	MS_BFCP_UNPARSEABLE,
	MS_BFCP_USE_DTLS,
	MS_BFCP_UNSUPPORTED_VERSION,
	MS_BFCP_INCORRECT_LENGTH,
	MS_BFCP_GENERIC_ERROR,
};

struct ms_bfcp_header {
	uint8_t version;   /* 1 or 2 */
	bool response;     /* R, version 2 only */
	bool fragment;     /* F, version 2 only */
	uint8_t primitive; /* enum ms_bfcp_primitive */
	uint16_t payload;  /* octets behind the header, in units of 4; the writer fills it in */
	uint32_t conference;
	uint16_t transaction; /* 0: begun by the server of a reliable transport (section 8.2) */
	uint16_t user;
};

struct ms_bfcp_message {
	struct ms_bfcp_header header;
	struct ms_span attributes; /* for ms_bfcp_next(); borrowed */
};

/** One attribute; which fields count depends on its type. Spans are borrowed from the message. */
struct ms_bfcp_attribute {
	uint8_t type; /* enum ms_bfcp_type, or one we do not know */
	bool mandatory;
	/** *-ID and *-INFORMATION, FLOOR-REQUEST-STATUS, OVERALL-REQUEST-STATUS: the id. PRIORITY: 0 (lowest)
	 * to 4. REQUEST-STATUS: enum ms_bfcp_status. ERROR-CODE: the code. */
	uint16_t value;
	uint8_t queue; /* REQUEST-STATUS: position, 0 if there is none */
	/** Texts (UTF-8, not checked); SUPPORTED-PRIMITIVES: one octet each; SUPPORTED-ATTRIBUTES and the details of
	 * error 4: the type in the upper seven bits of each octet; unknown types: all of the value. */
	struct ms_span octets;
	struct ms_span inner; /* grouped attributes: for ms_bfcp_next() */
};

/** "FloorRequest", static; NULL if it is none of RFC 8855. */
const char *ms_bfcp_primitive_name(unsigned primitive);
/** "FLOOR-ID", static; NULL if it is none of RFC 8855. */
const char *ms_bfcp_type_name(unsigned type);
/** "Granted", static; NULL if there is no such status. */
const char *ms_bfcp_status_name(unsigned status);
/** "Invalid Floor ID", static; NULL if there is no such code. */
const char *ms_bfcp_error_name(unsigned code);

/**
 * Framing of a stream: the length of the message `octets` begins with, 0 if its header is not complete
 * yet. -EMSGSIZE if it is longer than `max`; -EPROTO if this is not version 1.
 */
MS_MUST_CHECK int ms_bfcp_frame(struct ms_span octets, size_t max, size_t *ret_len);

/** The header only, of whatever primitive, to answer what ms_bfcp_parse() refuses. -EBADMSG. */
MS_MUST_CHECK int ms_bfcp_parse_header(struct ms_span octets, struct ms_bfcp_header *ret_header);

/**
 * One message that ends exactly. Every attribute, grouped ones included, is checked: lengths, and how often
 * each may and has to be there (section 5.3; the order is not looked at). -EBADMSG with the code for an
 * Error message in f->code: 12 (version), 13 (length), 3 (primitive), 10 (attributes), 4 (unknown
 * mandatory attributes; ms_bfcp_unknown() lists them). Reasons: "bfcp_version", "bfcp_length",
 * "bfcp_fragment", "bfcp_primitive", "bfcp_attribute", "bfcp_grammar", "bfcp_unknown_mandatory".
 */
MS_MUST_CHECK int ms_bfcp_parse(struct ms_span octets, struct ms_bfcp_message *ret_m,
				struct ms_fault *f);

/** The next attribute of *rest; false at the end (or where octets that were not checked are broken). */
bool ms_bfcp_next(struct ms_span *rest, struct ms_bfcp_attribute *ret_a);

/** The first attribute of that type; false if there is none. */
bool ms_bfcp_find(struct ms_span attributes, unsigned type, struct ms_bfcp_attribute *ret_a);

/** The details of Error 4 for a message refused with that code: its unknown mandatory types, up to `max` octets. */
size_t ms_bfcp_unknown(struct ms_span octets, uint8_t *types, size_t max);

/** Appends the header; returns a mark for ms_bfcp_close(). */
MS_MUST_CHECK size_t ms_bfcp_open(struct ms_buf *b, const struct ms_bfcp_header *header);
/** Fills in the length; -EMSGSIZE sticks to `b` if it is too long. */
void ms_bfcp_close(struct ms_buf *b, size_t mark);

/* Attributes, padded; each with the M bit set but texts, which nobody has to understand. */
/** BENEFICIARY-ID, FLOOR-ID, FLOOR-REQUEST-ID. */
void ms_bfcp_put_id(struct ms_buf *b, enum ms_bfcp_type type, uint16_t id);
void ms_bfcp_put_priority(struct ms_buf *b, unsigned priority);
void ms_bfcp_put_status(struct ms_buf *b, enum ms_bfcp_status status, unsigned queue);
/** `details` may be empty. */
void ms_bfcp_put_error(struct ms_buf *b, unsigned code, struct ms_span details);
/** Texts and the two SUPPORTED- lists, as in struct ms_bfcp_attribute; cut to 253 octets. */
void ms_bfcp_put_octets(struct ms_buf *b, enum ms_bfcp_type type, struct ms_span octets);
/** A grouped attribute: its id, then attributes in it, then the end; -EMSGSIZE sticks if it is over 255 octets. */
MS_MUST_CHECK size_t ms_bfcp_open_group(struct ms_buf *b, enum ms_bfcp_type type, uint16_t id);
void ms_bfcp_close_group(struct ms_buf *b, size_t mark);

#endif
