/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of an MSRP relay (RFC 4976 section 5.1): AUTH with HTTP Digest, to obtain the Use-Path
 * of a session. Runs over a connection engine beside its sessions.
 */
#ifndef MS_MSRP_AUTH_H
#define MS_MSRP_AUTH_H

#include "core/secret.h"
#include "msrp/session.h"

#define MS_MSRP_AUTH_TEXT_MAX 256

struct ms_msrp_auth_params {
	struct ms_span to_path;   /* Use-Path of the relays passed already, then the relay asked */
	struct ms_span local_uri; /* our own URI */
	struct ms_span user;      /* user name; empty if the relay asks for none */
	struct ms_span password;  /* copied into a secret */
	uint32_t expires;         /* seconds to ask for; 0: what the relay likes */
	/**
	 * The result, once: err is 0 and use_path (borrowed) and expires (seconds, 0 if not said) are
	 * set; or -EACCES (refused; code), -ETIMEDOUT, -EBADMSG (an answer without sense), -ECONNRESET
	 * (the connection ended), -ENOMEM. Called from input, tick or lost of the connection.
	 */
	void (*done)(void *arg, int err, int code, struct ms_span use_path, uint32_t expires);
	void *arg;
};

struct ms_msrp_auth;

/**
 * Starts an AUTH on the connection; one at a time on each. -EBUSY, -EINVAL, -ENOMEM. Owned by the
 * caller; free it after done() (not from inside), or before to be told nothing. It must be freed
 * before its connection.
 */
MS_MUST_CHECK int ms_msrp_auth_start(struct ms_msrp_conn *c,
				     const struct ms_msrp_auth_params *params,
				     const struct ms_random *random, struct ms_msrp_auth **ret_a);
struct ms_msrp_auth *ms_msrp_auth_free(struct ms_msrp_auth *a);

#endif
