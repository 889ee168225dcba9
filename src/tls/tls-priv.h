/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MS_TLS_TLS_PRIV_H
#define MS_TLS_TLS_PRIV_H

#include <openssl/ssl.h>

#include "core/buf.h"
#include "core/secret.h"
#include "tls/tls.h"

/** Longest plaintext of one record (RFC 5246 section 6.2.1). */
#define MS_TLS_RECORD 16384

/** Longest PEM or DER of a certificate or key of ours, octets. */
#define MS_TLS_PEM_MAX 65536

/** Longest identity kept for the log; OpenSSL refuses longer ones than 256 octets. */
#define MS_TLS_PEER_IDENTITY_MAX 256

#define MS_TLS_NO_ALERT (-1)

/** A cipher object for records of our own layer, keyed for whoever used it last. */
struct ms_tls_cipher {
	EVP_CIPHER_CTX *evp;
	const struct ms_tls_side *keyed; /* NULL: nobody */
};

struct ms_tls_context {
	SSL_CTX *psk;                   /* sessions with a pre-shared key; NULL: none */
	SSL_CTX *cert;                  /* sessions with certificates; NULL: none */
	struct ms_tls_certificate *own; /* the one `cert` has; a reference, or NULL */
	/* One BIO serves all sessions, since one at a time is inside OpenSSL: `active`, which reads `in`. */
	BIO_METHOD *method;
	BIO *bio;
	struct ms_tls *active;
	struct ms_span in;                 /* received octets not yet read; borrowed for one call */
	struct ms_tls_cipher cipher[2][2]; /* opening, sealing; AES-128, AES-256 */
	struct ms_tls_config config; /* with the defaults filled in; without the lists of suites */
};

/** What waits in a session: decrypted octets for the reader, or octets for the transport. */
enum ms_tls_way { MS_TLS_PLAIN, MS_TLS_OUT };
#define MS_TLS_WAYS 2

/** Octets that wait: written at the end, taken from the front without moving the rest. */
struct ms_tls_queue {
	struct ms_buf b;
	size_t off; /* octets of b already taken */
};

/** One area of a desk: octets off..len are `owner`'s. */
struct ms_tls_area {
	uint8_t *p;
	size_t size, len, off;
	struct ms_tls *owner; /* NULL if nothing waits here */
};

struct ms_tls_desk {
	struct ms_tls_area area[MS_TLS_WAYS];
};

/** A traffic secret of TLS 1.3, as the key log tells it; len 0: not told. */
struct ms_tls_secret {
	uint8_t len;
	uint8_t octets[48];
};

struct ms_tls_secrets {
	struct ms_tls_secret client, server;
};

/** What only the handshake needs; freed after it, unless the peer may renegotiate. */
struct ms_tls_start {
	struct ms_secret psk;
	char identity[MS_TLS_IDENTITY_MAX + 1];
	struct ms_tls_fingerprint
		fingerprints[MS_TLS_FINGERPRINTS_MAX]; /* all by the deciding hash */
	size_t n_fingerprints;                         /* 0: not known yet */
	bool checks;                                   /* the peer has to show a certificate */
	bool seen;                                     /* fingerprints have decided */
	bool unhold; /* what was held is read although no fingerprint came: the transport ended */
	struct ms_buf held; /* received, to be read when the fingerprints are known */
	struct ms_tls_secrets secrets;
};

struct ms_tls {
	struct ms_tls_context *ctx;   /* borrowed */
	SSL *ssl;                     /* NULL once its keys are taken over */
	struct ms_tls_record *record; /* owned; then the record layer, see record-priv.h */
	struct ms_tls_start *start;   /* owned; NULL after the handshake */
	char *peer_identity;          /* owned; NULL: none */
	/* Owned; only while octets of this session wait that have no place on a desk. */
	struct ms_tls_queue *own[MS_TLS_WAYS];
	ms_usec deadline;
	struct ms_fault fault;
	const char *detail;
	uint8_t role;  /* enum ms_tls_role */
	uint8_t mode;  /* enum ms_tls_mode */
	uint8_t state; /* enum ms_tls_state */
	bool no_memory;
	int16_t alert_in;  /* last fatal alert of the peer, or MS_TLS_NO_ALERT */
	int16_t alert_out; /* last one of ours */
	bool renegotiates; /* the peer asked for a renegotiation that was refused */
};

/* suites.c: are these suites of the context's kind and allowed? Sets them. */
MS_MUST_CHECK int ms_tls_suites_psk(SSL_CTX *ssl, const struct ms_tls_config *c,
				    struct ms_fault *f);
MS_MUST_CHECK int ms_tls_suites_cert(SSL_CTX *ssl, const struct ms_tls_config *c,
				     struct ms_fault *f);

/* queue.c: what waits, on the desk or in memory of the session; always all in one place. */
struct ms_span ms_tls_waiting(const struct ms_tls *t, enum ms_tls_way way);
void ms_tls_take(struct ms_tls *t, enum ms_tls_way way, size_t n);
/** Room for up to `want` octets at the end, at least `least`; NULL if memory is short. Then ms_tls_put(). */
uint8_t *ms_tls_room(struct ms_tls *t, enum ms_tls_way way, size_t least, size_t want,
		     size_t *ret_n);
void ms_tls_put(struct ms_tls *t, enum ms_tls_way way, size_t n);
/** The session goes: it owns nothing any more, on the desk neither. */
void ms_tls_queues_done(struct ms_tls *t);

/* bio.c: the transport OpenSSL sees: it reads ctx->in and writes to what waits in ctx->active. */
BIO_METHOD *ms_tls_bio_method(void);
BIO *ms_tls_bio_new(BIO_METHOD *m, struct ms_tls_context *ctx);
/** The session whose call OpenSSL is busy with. */
struct ms_tls *ms_tls_active(const SSL *ssl);

/* psk.c: hands start->psk to the handshake. 0 or -ENOMEM. */
MS_MUST_CHECK int ms_tls_psk_attach(struct ms_tls *t);

/* certificate.c: adopt takes over both, on failure too. */
MS_MUST_CHECK int ms_tls_certificate_adopt(X509 *x509, EVP_PKEY *key,
					   struct ms_tls_certificate **ret_cert);
MS_MUST_CHECK int ms_tls_certificate_use(const struct ms_tls_certificate *cert, SSL *ssl);
MS_MUST_CHECK int ms_tls_certificate_use_for_all(const struct ms_tls_certificate *cert,
						 SSL_CTX *ssl);

/* verify.c: the peer's certificate. */
void ms_tls_verify_prepare(SSL_CTX *ssl);
MS_MUST_CHECK int ms_tls_verify_attach(struct ms_tls *t, const struct ms_tls_peer *peer);
/** Must octets of the peer wait until its fingerprints are known? */
bool ms_tls_is_held(const struct ms_tls *t);
/** The transport ended in UNVERIFIED: reads what was held, for an alert may be in it. Fails. */
void ms_tls_unhold(struct ms_tls *t);
/* session.c: goes on with the handshake and reads what has been received. 0 or -EPROTO. */
MS_MUST_CHECK int ms_tls_pump(struct ms_tls *t, struct ms_span in, size_t *ret_left);
struct ms_tls_start *ms_tls_start_free(struct ms_tls_start *s);

/* fault.c */
/** The session fails for a reason of ours. Keeps the first one. Returns -EPROTO. */
int ms_tls_fail(struct ms_tls *t, int code, const char *reason);
/** The session fails for what OpenSSL's error queue and the alerts tell. Returns -EPROTO. */
int ms_tls_fail_ssl(struct ms_tls *t);
/** For SSL_CTX_set_info_callback(): notes alerts. */
void ms_tls_note_alert(const SSL *ssl, int where, int ret);

#endif
