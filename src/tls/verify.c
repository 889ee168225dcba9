/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer's certificate, known by its fingerprint and by nothing else: RFC 8122 sections 5.1 and 6.2,
 * RFC 4975 section 14.4. No chain is built and no date is looked at.
 *
 * The fingerprint may come after the connection (a media connection can outrace the answer). A client
 * then stops at the server's certificate, a server before it reads the client's; so the alert that
 * ends a handshake with the wrong certificate is still a part of it, and nothing that an unknown peer
 * has written is decrypted.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "tls/tls-priv.h"

/* Once the server has sent its flight the client's certificate comes next. */
bool ms_tls_is_held(const struct ms_tls *t)
{
	const struct ms_tls_start *s = t->start;

	if (!s || !s->checks || s->n_fingerprints > 0 || s->unhold || t->role != MS_TLS_SERVER)
		return false;
	switch (SSL_get_state(t->ssl)) {
	case TLS_ST_SW_SRVR_DONE:
	case TLS_ST_SW_FINISHED:
	case TLS_ST_EARLY_DATA:
		return true;
	default:
		return false;
	}
}

static bool matches(const struct ms_tls_start *s, X509 *x509)
{
	struct ms_tls_fingerprint fp;
	unsigned char *der = NULL;
	int n = x509 ? i2d_X509(x509, &der) : 0;
	int err = -EINVAL;
	bool found = false;

	if (n > 0)
		err = ms_tls_fingerprint_of(ms_span_of(der, (size_t)n), s->fingerprints[0].hash,
					    &fp);
	OPENSSL_free(der);
	for (size_t i = 0; err == 0 && i < s->n_fingerprints; i++)
		found = found || ms_tls_fingerprint_eq(&fp, &s->fingerprints[i]);
	return found;
}

/* Stands in for the whole verification of a chain. */
static int verify(X509_STORE_CTX *store, void *arg MS_UNUSED)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct ms_tls *t = ms_tls_active(ssl);
	struct ms_tls_start *s = t->start;

	if (s->n_fingerprints == 0 && t->role == MS_TLS_CLIENT && !s->unhold)
		return SSL_set_retry_verify(ssl);
	s->seen = true;
	if (matches(s, X509_STORE_CTX_get0_cert(store)))
		return 1;
	ms_tls_fail(t, SSL_AD_BAD_CERTIFICATE,
		    s->n_fingerprints > 0 ? "tls_fingerprint_mismatch" : "tls_truncated");
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
	return 0;
}

void ms_tls_verify_prepare(SSL_CTX *ssl)
{
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ssl, verify, NULL);
	SSL_CTX_set_verify_depth(ssl, 0);
}

/* Keeps those by the strongest hash: RFC 8122 section 5.1. */
static int keep(struct ms_tls *t, const struct ms_tls_fingerprint *list, size_t n)
{
	enum ms_tls_hash hash = ms_tls_fingerprint_deciding(list, n, t->ctx->config.allow_sha1);
	struct ms_tls_start *s = t->start;

	if (hash == MS_TLS_HASH_NONE)
		return -EOPNOTSUPP;
	s->n_fingerprints = 0;
	for (size_t i = 0; i < n; i++) {
		if (list[i].hash == hash)
			s->fingerprints[s->n_fingerprints++] = list[i];
	}
	return 0;
}

static int use_own(struct ms_tls *t, struct ms_tls_certificate *cert)
{
	if (!cert && !t->ctx->own)
		return -ENOKEY;
	return cert && cert != t->ctx->own ? ms_tls_certificate_use(cert, t->ssl) : 0;
}

int ms_tls_verify_attach(struct ms_tls *t, const struct ms_tls_peer *peer)
{
	t->start->checks = !(t->role == MS_TLS_SERVER && peer->anonymous_client);
	if (!t->start->checks)
		SSL_set_verify(t->ssl, SSL_VERIFY_NONE, NULL);
	else if (peer->n_fingerprints > 0 && keep(t, peer->fingerprints, peer->n_fingerprints) < 0)
		return -EOPNOTSUPP;
	return use_own(t, peer->certificate);
}

/* What was held is read now, and the handshake goes on. */
static int go_on(struct ms_tls *t)
{
	struct ms_buf held = t->start->held;
	size_t left = 0;
	int err;

	ms_buf_init(&t->start->held, 0);
	t->state = MS_TLS_HANDSHAKE;
	err = ms_tls_pump(t, ms_buf_span(&held), &left);
	/* plain_max is reached: cannot be, held_max is less. */
	if (err == 0 && left > 0)
		err = ms_tls_fail(t, 0, "tls_flood");
	ms_buf_done(&held);
	return err;
}

int ms_tls_verify(struct ms_tls *t, const struct ms_tls_fingerprint *list, size_t n)
{
	int err;

	if (t->state == MS_TLS_FAILED)
		return -EPROTO;
	if (t->mode != MS_TLS_CERTIFICATE || n == 0 || n > MS_TLS_FINGERPRINTS_MAX)
		return -EINVAL;
	if (!t->start || !t->start->checks || t->start->seen)
		return -EALREADY;
	err = keep(t, list, n);
	return err == 0 && t->state == MS_TLS_UNVERIFIED ? go_on(t) : err;
}

void ms_tls_unhold(struct ms_tls *t)
{
	t->start->unhold = true;
	if (go_on(t) < 0)
		return;
	ms_tls_fail(t, 0, "tls_truncated");
}
