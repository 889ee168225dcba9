/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading SIP messages (RFC 3261 section 7). A message is borrowed inside the callback that hands it
 * over; ms_sip_message_ref() keeps it longer. All spans are borrowed from the message.
 */
#ifndef MS_SIP_MESSAGE_H
#define MS_SIP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"

enum ms_sip_transport { MS_SIP_UDP, MS_SIP_TCP, MS_SIP_TLS };

/** A received request or response. Counted. */
struct ms_sip_message;

/** One more holder; returns m. */
const struct ms_sip_message *ms_sip_message_ref(const struct ms_sip_message *m);

/** One holder less; NULL is fine. Returns NULL. */
const struct ms_sip_message *ms_sip_message_unref(const struct ms_sip_message *m);

/** "INVITE" ...; for a response the method of its CSeq. */
struct ms_span ms_sip_method(const struct ms_sip_message *m);

/** Status code of a response; 0 for a request. */
unsigned ms_sip_status(const struct ms_sip_message *m);

/** Reason phrase of a response; empty for a request. */
struct ms_span ms_sip_reason(const struct ms_sip_message *m);

/** The i-th (from 0) line of that header, compact forms included; false if there is none. */
MS_MUST_CHECK bool ms_sip_header_at(const struct ms_sip_message *m, const char *name, size_t i,
				    struct ms_span *ret_value);

/** The first line of that header, or the empty span. */
struct ms_span ms_sip_header(const struct ms_sip_message *m, const char *name);

/** The body: what Content-Length says (over UDP without one: all); empty if there is none. */
struct ms_span ms_sip_body(const struct ms_sip_message *m);

/** The Content-Type with its parameters; empty if there is none. */
struct ms_span ms_sip_content_type(const struct ms_sip_message *m);

enum ms_sip_transport ms_sip_message_transport(const struct ms_sip_message *m);

/** Where it came from, as "127.0.0.1:5060" or "[::1]:5060", for logs. Returns dst. */
char *ms_sip_source(const struct ms_sip_message *m, char dst[static 64]);

/** A name-addr or addr-spec with its parameters (RFC 3261 section 25.1). */
struct ms_sip_address {
	struct ms_span display; /* without quotes, escapes left as they are; empty if none */
	struct ms_span uri;     /* without <> */
	struct ms_span params;  /* header parameters from ';' on; empty if none */
};

/** Parses one address; -EBADMSG. Text behind a comma outside of quotes and <> is not looked at. */
MS_MUST_CHECK int ms_sip_address_parse(struct ms_span text, struct ms_sip_address *ret_a);

/** From. All fields are empty if the header is malformed. */
struct ms_sip_address ms_sip_from(const struct ms_sip_message *m);

/** The i-th (from 0) address of a header that lists addresses, over all its lines and commas. */
MS_MUST_CHECK bool ms_sip_address_at(const struct ms_sip_message *m, const char *header, size_t i,
				     struct ms_sip_address *ret_a);

/** Contact and P-Asserted-Identity (RFC 3325): the i-th address. */
static inline bool ms_sip_contact(const struct ms_sip_message *m, size_t i,
				  struct ms_sip_address *ret_a)
{
	return ms_sip_address_at(m, "Contact", i, ret_a);
}
static inline bool ms_sip_asserted_identity(const struct ms_sip_message *m, size_t i,
					    struct ms_sip_address *ret_a)
{
	return ms_sip_address_at(m, "P-Asserted-Identity", i, ret_a);
}

/** The value of ";name=value" (quotes taken off), empty for ";name"; false if it is not there. */
MS_MUST_CHECK bool ms_sip_param(struct ms_span params, const char *name, struct ms_span *ret_value);

/** Parts of a SIP or SIPS URI (RFC 3261 section 19.1). */
struct ms_sip_uri {
	bool secure; /* sips: */
	struct ms_span user;
	struct ms_span host; /* without [] */
	bool ipv6;           /* host was in [] */
	uint16_t port;       /* 0 if there is none */
	struct ms_span params;
	struct ms_span headers;
};

/** -EBADMSG: not a SIP URI. */
MS_MUST_CHECK int ms_sip_uri_parse(struct ms_span text, struct ms_sip_uri *ret_uri);

/**
 * The same resource (the parts of RFC 3261 section 19.1.4 that name a user): scheme, user (case
 * matters), host (case does not) and port. Parameters are not looked at.
 */
bool ms_sip_uri_same(struct ms_span a, struct ms_span b);

/** A warning (RFC 3261 section 20.43). */
struct ms_sip_warning {
	unsigned code;
	struct ms_span agent;
	struct ms_span text; /* without quotes */
};

/** Parses "306 host \"text\""; -EBADMSG. */
MS_MUST_CHECK int ms_sip_warning_parse(struct ms_span value, struct ms_sip_warning *ret_w);

/** A header to be written. `value` must not contain CR, LF or NUL. */
struct ms_sip_header_value {
	const char *name;
	struct ms_span value;
};

/** What a request or response of ours carries beyond what SIP itself needs. All borrowed. */
struct ms_sip_content {
	const struct ms_sip_header_value *headers;
	size_t n_headers;
	const char *type;    /* Content-Type of `body`; NULL if there is no body */
	struct ms_span body; /* any octets, at most the stack's limit (48 KiB by default) */
};

#endif
