/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pre-shared key of a session. RFC 4279 with an empty identity (TS 33.328 H.2): the key belongs
 * to the connection, so a server takes no notice of the identity and a client none of a hint. And
 * the external PSK of TLS 1.3, which needs a name (RFC 8446 section 4.2.11).
 */
#include <errno.h>

#include "core/alloc.h"
#include "tls/tls-priv.h"

/* RFC 8446 section 4.2.11: an external PSK whose hash nobody stated goes with SHA-256. */
#define SUITES_13 "TLS_AES_128_GCM_SHA256"
static const unsigned char suite_13[2] = { 0x13, 0x01 };

static unsigned copy_key(const struct ms_tls *t, unsigned char *psk, unsigned max)
{
	if (t->start->psk.len > max)
		return 0;
	memcpy(psk, t->start->psk.b, t->start->psk.len);
	return (unsigned)t->start->psk.len;
}

static unsigned client_12(SSL *ssl, const char *hint MS_UNUSED, char *identity,
			  unsigned identity_max, unsigned char *psk, unsigned psk_max)
{
	const struct ms_tls *t = ms_tls_active(ssl);

	if (strlen(t->start->identity) >= identity_max)
		return 0;
	memcpy(identity, t->start->identity, strlen(t->start->identity) + 1);
	return copy_key(t, psk, psk_max);
}

/* For the log only: that memory is too short for it is no failure. */
static void note_identity(struct ms_tls *t, const void *identity, size_t len)
{
	struct ms_span s = ms_span_of(identity, len);

	s = ms_span_sub(s, 0, ms_span_find(s, '\0'));
	ms_free(t->peer_identity);
	t->peer_identity =
		s.len > 0 ? ms_strdup_span(ms_span_sub(s, 0, MS_TLS_PEER_IDENTITY_MAX)) : NULL;
}

static unsigned server_12(SSL *ssl, const char *identity, unsigned char *psk, unsigned psk_max)
{
	struct ms_tls *t = ms_tls_active(ssl);

	note_identity(t, identity, strlen(identity));
	return copy_key(t, psk, psk_max);
}

/* The external PSK in the shape OpenSSL wants it: a session that never was. */
static SSL_SESSION *session_13(SSL *ssl, const struct ms_tls *t)
{
	const SSL_CIPHER *suite = SSL_CIPHER_find(ssl, suite_13);
	SSL_SESSION *s = SSL_SESSION_new();

	if (s && suite && SSL_SESSION_set1_master_key(s, t->start->psk.b, t->start->psk.len) &&
	    SSL_SESSION_set_cipher(s, suite) && SSL_SESSION_set_protocol_version(s, TLS1_3_VERSION))
		return s;
	SSL_SESSION_free(s);
	return NULL;
}

static int client_13(SSL *ssl, const EVP_MD *md MS_UNUSED, const unsigned char **ret_id,
		     size_t *ret_id_len, SSL_SESSION **ret_session)
{
	struct ms_tls *t = ms_tls_active(ssl);
	SSL_SESSION *s = session_13(ssl, t);

	if (!s)
		return 0;
	*ret_id = (const unsigned char *)t->start->identity;
	*ret_id_len = strlen(t->start->identity);
	*ret_session = s;
	return 1;
}

static int server_13(SSL *ssl, const unsigned char *identity, size_t identity_len,
		     SSL_SESSION **ret_session)
{
	struct ms_tls *t = ms_tls_active(ssl);

	note_identity(t, identity, identity_len);
	*ret_session = NULL;
	/* Unknown: OpenSSL goes on without a PSK, and without a certificate that fails. */
	if (!ms_span_is(ms_span_of(identity, identity_len), t->start->identity))
		return 1;
	*ret_session = session_13(ssl, t);
	return *ret_session ? 1 : 0;
}

static int attach_12(struct ms_tls *t)
{
	if (!SSL_set_min_proto_version(t->ssl, TLS1_2_VERSION) ||
	    !SSL_set_max_proto_version(t->ssl, TLS1_2_VERSION))
		return -ENOMEM;
	if (t->role == MS_TLS_CLIENT)
		SSL_set_psk_client_callback(t->ssl, client_12);
	else
		SSL_set_psk_server_callback(t->ssl, server_12);
	return 0;
}

static int attach_13(struct ms_tls *t)
{
	if (!SSL_set_min_proto_version(t->ssl, TLS1_3_VERSION) ||
	    !SSL_set_max_proto_version(t->ssl, TLS1_3_VERSION) ||
	    !SSL_set_ciphersuites(t->ssl, SUITES_13))
		return -ENOMEM;
	if (t->role == MS_TLS_CLIENT)
		SSL_set_psk_use_session_callback(t->ssl, client_13);
	else
		SSL_set_psk_find_session_callback(t->ssl, server_13);
	return 0;
}

int ms_tls_psk_attach(struct ms_tls *t)
{
	return t->mode == MS_TLS_PSK_13 ? attach_13(t) : attach_12(t);
}
