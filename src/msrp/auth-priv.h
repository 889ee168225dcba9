/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the relay client: its state, and HTTP Digest (auth-digest.c). */
#ifndef MS_MSRP_AUTH_PRIV_H
#define MS_MSRP_AUTH_PRIV_H

#include "crypto/digest.h"
#include "msrp/auth.h"
#include "msrp/session-priv.h"

#define MSRP_CNONCE_LEN 16
#define MSRP_HEX_MAX (2 * MS_DIGEST_MAX)

struct ms_msrp_auth {
	struct ms_msrp_conn *conn;
	const struct ms_random *random;
	struct ms_buf to_path, local_uri, user;
	struct ms_secret password;
	uint32_t expires;
	void (*done)(void *arg, int err, int code, struct ms_span use_path, uint32_t expires);
	void *arg;
	bool wanted; /* the request is to be written */
	unsigned attempts;
	/* the relay's challenge */
	bool challenged;
	enum ms_digest_algorithm algorithm;
	struct ms_buf realm, nonce, opaque;
	char cnonce[MSRP_CNONCE_LEN];
	char response[MSRP_HEX_MAX], rspauth[MSRP_HEX_MAX];
	size_t hex_len;
};

/** Takes a copy of `s` into an initialised buffer. */
MS_MUST_CHECK int ms_msrp_auth_keep(struct ms_buf *b, struct ms_span s);

/** The parameters behind "Digest " in a header's value; p == NULL if it is another scheme. */
struct ms_span ms_msrp_digest_params(struct ms_span value);

/** The value of a parameter in a list; p == NULL if absent. */
struct ms_span ms_msrp_digest_param(struct ms_span list, const char *wanted);

/** Reads WWW-Authenticate into *a. -EBADMSG if it is nothing that RFC 4976 section 9.1 allows. */
MS_MUST_CHECK int ms_msrp_digest_challenge(struct ms_msrp_auth *a, const struct ms_msrp_head *h);

/** The digest of `method` ("" for rspauth) in hex, a->hex_len digits. */
MS_MUST_CHECK int ms_msrp_digest_respond(struct ms_msrp_auth *a, const char *method,
					 char hex[static MSRP_HEX_MAX]);

/** The Authorization header with a->response. */
void ms_msrp_digest_put(struct ms_msrp_auth *a, struct ms_buf *b);

#endif
