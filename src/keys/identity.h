/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public identities (IMPUs): SIP and tel URIs as they stand in From, P-Asserted-Identity and IDR
 * payloads, and when two of them are the same user.
 */
#ifndef MS_KEYS_IDENTITY_H
#define MS_KEYS_IDENTITY_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/span.h"

/** Longest identity kept, with its NUL. */
#define MS_KEYS_IDENTITY_MAX 256

struct ms_keys_identity {
	char uri[MS_KEYS_IDENTITY_MAX]; /* "sip:alice@example.org"; "" if none */
};

/**
 * Reads an identity out of a URI, a name-addr (`"Alice" <sip:alice@example.org;x=y>;tag=1`) or a
 * bare `alice@example.org` (taken for a SIP URI). Scheme and host become lower case; `sips` becomes
 * `sip`; a password, parameters and headers are dropped, and so is a port (a public identity has
 * none, TS 23.003 section 13.4). Returns 0, or -EINVAL for what is no such URI: no user or no host,
 * another scheme, control characters, blanks; or too long.
 */
MS_MUST_CHECK int ms_keys_identity_parse(struct ms_span text, struct ms_keys_identity *ret_id);

/** The same user: both parse, and to the same octets. */
bool ms_keys_identity_same(struct ms_span a, struct ms_span b);

/** The URI as a span, borrowed. */
static inline struct ms_span ms_keys_identity_span(const struct ms_keys_identity *id)
{
	return ms_span_str(id->uri);
}

/** "alice" of "sip:alice@example.org", borrowed: what a prompt shows. */
struct ms_span ms_keys_identity_user(struct ms_span uri);

#endif
