/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may manage lists over HTTP: bearer tokens (RFC 6750 section 2.1) out of a file that only the
 * server can read, a line each: "TOKEN sip:owner@example.org" or "TOKEN *".
 */
#ifndef MS_LISTS_TOKENS_H
#define MS_LISTS_TOKENS_H

#include "core/buf.h"
#include "keys/identity.h"

#define MS_LISTS_TOKEN_MIN 16
#define MS_LISTS_TOKEN_MAX 128

/** Whom a request comes from. */
struct ms_lists_client {
	struct ms_keys_identity identity; /* "": whoever has it may do everything */
};

struct ms_lists_tokens; /* owned; secret */

/**
 * Reads the lines of a token file; blank ones and those that begin with '#' are passed over. -EINVAL
 * with a sentence in `error` that names the line, -ENOMEM.
 */
MS_MUST_CHECK int ms_lists_tokens_parse(struct ms_span text, struct ms_buf *error,
					struct ms_lists_tokens **ret_t);

/** Reads the file. As above; also -EACCES (others may read it), or negative errno. */
MS_MUST_CHECK int ms_lists_tokens_load(const char *path, struct ms_buf *error,
				       struct ms_lists_tokens **ret_t);

/** Wipes. NULL is fine. Returns NULL. */
struct ms_lists_tokens *ms_lists_tokens_free(struct ms_lists_tokens *t);

/**
 * Whose request has that Authorization field? Every token is compared in full, so that the time tells
 * nothing. False: nobody's.
 */
MS_MUST_CHECK bool ms_lists_tokens_check(const struct ms_lists_tokens *t,
					 struct ms_span authorization,
					 struct ms_lists_client *ret_client);

#endif
