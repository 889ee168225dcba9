/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Ua reference point: MIKEY messages to the key management server over HTTP, and what came back
 * or why nothing did.
 */
#ifndef MS_KEYS_KMS_CLIENT_H
#define MS_KEYS_KMS_CLIENT_H

#include "core/profile.h"
#include "core/span.h"
#include "http/client.h"

enum ms_keys_kms_exchange { MS_KEYS_KMS_REQUEST, MS_KEYS_KMS_RESOLVE };

struct ms_keys_kms_options {
	const char *url;                  /* of the server, without path */
	const char *ca_file;              /* NULL: the system's */
	const struct ms_profile *profile; /* borrowed: path, query, body encoding */
	ms_usec timeout;
};

struct ms_keys_kms_answer {
	struct ms_span message; /* MIKEY octets, an Error message perhaps; empty: there is none */
	const char *reason;     /* static, why not: "kms_unreachable", "kms_timeout", "kms_tls",
				   "kms_http_status", "kms_body" */
	unsigned status;        /* HTTP; 0: no answer came */
	const char *detail;     /* for people */
};

/** Everything is borrowed until the handler returns. */
typedef void ms_keys_kms_f(const struct ms_keys_kms_answer *a, void *arg);

struct ms_keys_kms;      /* owned */
struct ms_keys_kms_call; /* an exchange under way; owned by the client */

MS_MUST_CHECK int ms_keys_kms_new(const struct ms_keys_kms_options *o, struct ms_keys_kms **ret_k);

/** Ends exchanges without calling their handlers. NULL is fine. Returns NULL. */
struct ms_keys_kms *ms_keys_kms_free(struct ms_keys_kms *k);

/** Posts a message (copied). The handler is called once, never before this returns. */
MS_MUST_CHECK int ms_keys_kms_post(struct ms_keys_kms *k, enum ms_keys_kms_exchange exchange,
				   struct ms_span message, ms_keys_kms_f *handler, void *arg,
				   struct ms_keys_kms_call **ret_call);

/** The handler will not be called. NULL is fine. Returns NULL. */
struct ms_keys_kms_call *ms_keys_kms_cancel(struct ms_keys_kms_call *call);

/** The server's URL, for messages. Borrowed. */
const char *ms_keys_kms_url(const struct ms_keys_kms *k);

#endif
