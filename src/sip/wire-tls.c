/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS for SIP streams, over memory. Users have no certificates: as server we ask for none. As client
 * the peer is verified: chain against the CA file and its name against the configured one.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "core/alloc.h"
#include "sip/wire-priv.h"

#define CHUNK 16384

static int complain(struct ms_buf *error, const char *what, const char *file)
{
	unsigned long e = ERR_peek_last_error();

	if (error)
		ms_buf_printf(error, "SIP over TLS: %s %s: %s", what, file ? file : "is missing",
			      e ? ERR_reason_error_string(e) : "no reason given");
	ERR_clear_error();
	return -EINVAL;
}

static int load(SSL_CTX *ctx, const struct ms_sip_proxy_tls *config, struct ms_buf *error)
{
	if (!SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION))
		return -ENOTSUP;
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (!config->cert_file || SSL_CTX_use_certificate_chain_file(ctx, config->cert_file) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, config->cert_file, SSL_FILETYPE_PEM) != 1)
		return complain(error, "certificate and key", config->cert_file);
	if (config->ca_file && !SSL_CTX_load_verify_locations(ctx, config->ca_file, NULL))
		return complain(error, "CA file", config->ca_file);
	return 0;
}

int ms_sip_wire_tls_new(struct ms_sip_wire *w, const struct ms_sip_proxy_tls *config,
			struct ms_buf *error)
{
	w->tls = SSL_CTX_new(TLS_method());
	if (!w->tls)
		return -ENOMEM;
	if (config->peer_name && config->ca_file) {
		w->peer_name = ms_strdup(config->peer_name);
		if (!w->peer_name)
			return -ENOMEM;
	}
	return load(w->tls, config, error);
}

int ms_sip_wire_tls_renew(struct ms_sip_wire *w, const struct ms_sip_proxy_tls *config,
			  struct ms_buf *error)
{
	SSL_CTX *tls = w->tls;
	char *peer_name = w->peer_name;
	int err;

	w->tls = NULL;
	w->peer_name = NULL;
	err = ms_sip_wire_tls_new(w, config, error);
	if (err < 0) {
		SSL_CTX_free(w->tls);
		ms_free(w->peer_name);
		w->tls = tls;
		w->peer_name = peer_name;
		return err;
	}
	/* Those who are connected hold the old one. */
	SSL_CTX_free(tls);
	ms_free(peer_name);
	return 0;
}

static int expect_peer(SSL *ssl, const char *name)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_ip_asc(param, name) ||
			       X509_VERIFY_PARAM_set1_host(param, name, 0)
		       ? 0
		       : -EINVAL;
}

int ms_sip_wire_tls_attach(struct ms_sip_wire_stream *s)
{
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	s->ssl = SSL_new(s->wire->tls);
	if (!s->ssl || !in || !out) {
		BIO_free(in);
		BIO_free(out);
		return -ENOMEM;
	}
	SSL_set_bio(s->ssl, in, out);
	if (!s->opened) {
		SSL_set_accept_state(s->ssl);
		return 0;
	}
	SSL_set_connect_state(s->ssl);
	/* Nobody is connected to whom we could not tell from others. */
	return s->wire->peer_name ? expect_peer(s->ssl, s->wire->peer_name) : -EACCES;
}

/* What TLS wants to send goes out, if TCP takes it. */
static int flush(struct ms_sip_wire_stream *s)
{
	uint8_t chunk[CHUNK];
	int n, err = 0;

	while (err == 0 && (n = BIO_read(SSL_get_wbio(s->ssl), chunk, sizeof(chunk))) > 0)
		err = ms_tcp_send(s->tcp, ms_span_of(chunk, (size_t)n));
	return err;
}

static int failed(struct ms_sip_wire_stream *s, int result)
{
	int reason = SSL_get_error(s->ssl, result);

	if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE)
		return 0;
	ERR_clear_error();
	if (reason == SSL_ERROR_ZERO_RETURN)
		return -ECONNRESET;
	s->wire->handlers.count(MS_SIP_PROXY_TLS_FAILED, s->wire->arg);
	return -EPROTO;
}

static int read_plain(struct ms_sip_wire_stream *s)
{
	uint8_t chunk[CHUNK];
	int n;

	while ((n = SSL_read(s->ssl, chunk, sizeof(chunk))) > 0)
		ms_buf_put(&s->in, chunk, (size_t)n);
	return failed(s, n);
}

int ms_sip_wire_tls_input(struct ms_sip_wire_stream *s, struct ms_span octets)
{
	int err = 0, n;

	if (octets.len > 0 &&
	    BIO_write(SSL_get_rbio(s->ssl), octets.p, (int)octets.len) != (int)octets.len)
		return -ENOMEM;
	if (!s->ready) {
		n = SSL_do_handshake(s->ssl);
		s->ready = n == 1;
		err = n == 1 ? 0 : failed(s, n);
	}
	if (err == 0 && s->ready)
		err = read_plain(s);
	/* An alert goes out even if it is over. */
	n = flush(s);
	return err < 0 ? err : n;
}

int ms_sip_wire_tls_write(struct ms_sip_wire_stream *s, struct ms_span octets)
{
	/* All or nothing: a message cut in half would spoil the stream. */
	if (octets.len + 1024 + octets.len / 8 > ms_tcp_room(s->tcp))
		return -ENOBUFS;
	while (octets.len > 0) {
		int n = SSL_write(s->ssl, octets.p, (int)(octets.len < CHUNK ? octets.len : CHUNK));

		if (n <= 0)
			return -EPROTO;
		octets = ms_span_from(octets, (size_t)n);
	}
	return flush(s);
}
