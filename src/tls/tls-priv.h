/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MS_TLS_TLS_PRIV_H
#define MS_TLS_TLS_PRIV_H

#include <openssl/ssl.h>

#include "core/buf.h"
#include "core/secret.h"
#include "tls/tls.h"

/** Longest plaintext of one record (RFC 5246 section 6.2.1). */
#define MS_TLS_RECORD 16384

/** Longest identity kept for the log; OpenSSL refuses longer ones than 256 octets. */
#define MS_TLS_PEER_IDENTITY_MAX 256

#define MS_TLS_NO_ALERT (-1)

struct ms_tls_context {
	SSL_CTX *ssl;
	BIO_METHOD *bio;
	struct ms_tls_config config; /* with the defaults filled in; psk_suites is not kept */
};

/** Octets that wait: written at the end, taken from the front without moving the rest. */
struct ms_tls_queue {
	struct ms_buf b;
	size_t off; /* octets of b already taken */
};

struct ms_tls {
	struct ms_tls_context *ctx; /* borrowed */
	SSL *ssl;
	enum ms_tls_role role;
	enum ms_tls_mode mode;
	enum ms_tls_state state;
	struct ms_secret psk;
	char identity[MS_TLS_IDENTITY_MAX + 1];
	char peer_identity[MS_TLS_PEER_IDENTITY_MAX + 1];
	struct ms_span in; /* received octets not yet read; borrowed during ms_tls_input() */
	struct ms_tls_queue plain;
	struct ms_tls_queue out;
	ms_usec deadline;
	int alert_in;  /* last alert of the peer, or MS_TLS_NO_ALERT */
	int alert_out; /* last alert of ours */
	struct ms_fault fault;
	const char *detail;
};

/* queue.c */
static inline struct ms_span ms_tls_queue_span(const struct ms_tls_queue *q)
{
	return ms_span_from(ms_buf_span(&q->b), q->off);
}
void ms_tls_queue_take(struct ms_tls_queue *q, size_t n);
void ms_tls_queue_tidy(struct ms_tls_queue *q);

/* bio.c: the transport OpenSSL sees: it reads t->in and writes t->out. NULL if memory is short. */
BIO_METHOD *ms_tls_bio_method(void);
BIO *ms_tls_bio_new(BIO_METHOD *m, struct ms_tls *t);

/* psk.c: hands t->psk to the handshake. 0 or -ENOMEM. */
MS_MUST_CHECK int ms_tls_psk_attach(struct ms_tls *t);

/* fault.c */
/** The session fails for a reason of ours. Keeps the first one. Returns -EPROTO. */
int ms_tls_fail(struct ms_tls *t, int code, const char *reason);
/** The session fails for what OpenSSL's error queue and the alerts tell. Returns -EPROTO. */
int ms_tls_fail_ssl(struct ms_tls *t);
/** For SSL_set_info_callback(): notes alerts. */
void ms_tls_note_alert(const SSL *ssl, int where, int ret);

#endif
