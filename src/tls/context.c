/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sessions share: the suites, the rules of TS 33.328 annex H and TS 33.310 annex E (no old
 * versions, renegotiation by RFC 5746 or not at all), nothing that ties sessions together (no
 * tickets, no resumption).
 */
#include <errno.h>
#include <openssl/err.h>

#include "core/alloc.h"
#include "tls/library.h"
#include "tls/record-priv.h"

#define PLAIN_MAX (256 * 1024)
#define OUTPUT_MAX (256 * 1024)
#define HELD_MAX (64 * 1024)
#define HANDSHAKE_TIME (30 * MS_SEC)

static void fill_defaults(struct ms_tls_config *c)
{
	c->psk_suites = c->cert_suites = c->cert_suites_13 = NULL;
	if (c->plain_max == 0)
		c->plain_max = PLAIN_MAX;
	if (c->output_max == 0)
		c->output_max = OUTPUT_MAX;
	if (c->held_max == 0)
		c->held_max = HELD_MAX;
	/* What was held is decrypted at once. */
	if (c->held_max > c->plain_max)
		c->held_max = c->plain_max;
	if (c->handshake_time == 0)
		c->handshake_time = HANDSHAKE_TIME;
}

static void keylog(const SSL *ssl, const char *line)
{
	const struct ms_tls_context *ctx = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	ms_tls_record_secret(ctx->active, line);
	if (ctx->config.keylog)
		ctx->config.keylog(ctx->config.keylog_arg, line);
}

/* Called before each step of a handshake, and for alerts. */
static void step(const SSL *ssl, int where, int ret)
{
	SSL_CTX *shared = SSL_get_SSL_CTX(ssl);
	const struct ms_tls_context *ctx = SSL_CTX_get_app_data(shared);

	if (where & SSL_CB_ALERT)
		ms_tls_note_alert(ssl, where, ret);
	if (!(where & SSL_CB_LOOP) || ctx->config.keylog || ctx->config.allow_renegotiation)
		return;
	SSL_CTX_set_keylog_callback(shared, ms_tls_record_wants_line(ctx->active) ? keylog : NULL);
}

static bool has_scsv(struct ms_span suites)
{
	for (size_t i = 0; i + 1 < suites.len; i += 2) {
		if (suites.p[i] == 0x00 && suites.p[i + 1] == 0xff)
			return true;
	}
	return false;
}

/* Does a client offer TLS 1.3, and would we take it? Then there is nothing to renegotiate. */
static bool comes_to_13(SSL *ssl, const struct ms_tls *t)
{
	const unsigned char *p;
	size_t n;

	if (t->mode == MS_TLS_PSK_13)
		return true;
	if (t->mode == MS_TLS_PSK_12 || t->ctx->config.cert_versions == MS_TLS_ONLY_12 ||
	    !SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &p, &n))
		return false;
	for (size_t i = 1; i + 1 < n; i += 2) {
		if (p[i] == 0x03 && p[i + 1] == 0x04)
			return true;
	}
	return false;
}

/* TS 33.310 annex E makes RFC 5746 mandatory. OpenSSL refuses servers without it but not clients:
 * section 3.6 lets a server choose. */
static int client_hello(SSL *ssl, int *ret_alert, void *arg MS_UNUSED)
{
	struct ms_tls *t = ms_tls_active(ssl);
	const unsigned char *p;
	size_t n;

	if (t->ctx->config.allow_legacy_peer || comes_to_13(ssl, t) ||
	    SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_renegotiate, &p, &n))
		return SSL_CLIENT_HELLO_SUCCESS;
	n = SSL_client_hello_get0_ciphers(ssl, &p);
	if (has_scsv(ms_span_of(p, n)))
		return SSL_CLIENT_HELLO_SUCCESS;
	ms_tls_fail(t, 0, "tls_no_secure_renegotiation");
	*ret_alert = SSL_AD_HANDSHAKE_FAILURE;
	return SSL_CLIENT_HELLO_ERROR;
}

static uint64_t options(const struct ms_tls_config *c)
{
	uint64_t opt = SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
		       SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1;

	opt |= c->allow_renegotiation ? SSL_OP_ALLOW_CLIENT_RENEGOTIATION : SSL_OP_NO_RENEGOTIATION;
	if (c->allow_legacy_peer)
		opt |= SSL_OP_LEGACY_SERVER_CONNECT;
	return opt;
}

static void set_rules(SSL_CTX *ssl, const struct ms_tls_config *c)
{
	SSL_CTX_clear_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT |
					   SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
	SSL_CTX_set_options(ssl, options(c));
	/* Stated, so that a system-wide configuration of OpenSSL changes nothing. NULL suites count as
	 * level 0; above level 2 plain PSK would be refused. */
	SSL_CTX_set_security_level(ssl, c->allow_null ? 0 : 2);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ssl, 0);
	SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_client_hello_cb(ssl, client_hello, NULL);
	SSL_CTX_set_info_callback(ssl, step);
	if (c->allow_dh || c->allow_legacy_suites)
		SSL_CTX_set_dh_auto(ssl, 1);
	if (c->keylog)
		SSL_CTX_set_keylog_callback(ssl, keylog);
}

static int set_versions(SSL_CTX *ssl, enum ms_tls_versions v)
{
	int min = v == MS_TLS_ONLY_13 ? TLS1_3_VERSION : TLS1_2_VERSION;
	int max = v == MS_TLS_ONLY_12 ? TLS1_2_VERSION : TLS1_3_VERSION;

	return SSL_CTX_set_min_proto_version(ssl, min) && SSL_CTX_set_max_proto_version(ssl, max)
		       ? 0
		       : -ENOMEM;
}

static int open_psk(struct ms_tls_context *ctx, const struct ms_tls_config *c, struct ms_fault *f)
{
	int err;

	ctx->psk = SSL_CTX_new_ex(ms_tls_library(), NULL, TLS_method());
	err = ctx->psk ? ms_tls_suites_psk(ctx->psk, c, f) : -ENOMEM;
	if (err == 0) {
		set_rules(ctx->psk, c);
		SSL_CTX_set_app_data(ctx->psk, ctx);
	}
	return err;
}

/* TS 33.210 6.2.2: the two that must or should be there for TLS 1.3, and secp384r1. Larger ones would let
 * a stranger buy much of our time with one octet of a ClientHello. */
#define GROUPS "X25519:P-256:P-384"

static int open_cert(struct ms_tls_context *ctx, const struct ms_tls_config *c, struct ms_fault *f)
{
	int err;

	ctx->cert = SSL_CTX_new_ex(ms_tls_library(), NULL, TLS_method());
	err = ctx->cert ? ms_tls_suites_cert(ctx->cert, c, f) : -ENOMEM;
	if (err == 0)
		err = set_versions(ctx->cert, c->cert_versions);
	if (err == 0 && !SSL_CTX_set1_groups_list(ctx->cert, GROUPS))
		err = -ENOMEM;
	if (err == 0) {
		set_rules(ctx->cert, c);
		ms_tls_verify_prepare(ctx->cert);
		SSL_CTX_set_app_data(ctx->cert, ctx);
	}
	return err;
}

static int open_bio(struct ms_tls_context *ctx)
{
	ctx->method = ms_tls_bio_method();
	ctx->bio = ctx->method ? ms_tls_bio_new(ctx->method, ctx) : NULL;
	return ctx->bio ? 0 : -ENOMEM;
}

int ms_tls_context_new(const struct ms_tls_config *c, struct ms_tls_context **ret_ctx,
		       struct ms_fault *f)
{
	struct ms_tls_context *ctx;
	int err;

	if (!c->psk_suites && !c->cert_suites)
		return ms_fault_set(f, -EINVAL, 0, "tls_suite_unknown", 0);
	ctx = ms_zalloc(sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	err = open_bio(ctx);
	if (err == 0 && c->psk_suites)
		err = open_psk(ctx, c, f);
	if (err == 0 && c->cert_suites)
		err = open_cert(ctx, c, f);
	ERR_clear_error();
	if (err < 0) {
		ms_tls_context_free(ctx);
		return err;
	}
	ctx->config = *c;
	fill_defaults(&ctx->config);
	*ret_ctx = ctx;
	return 0;
}

int ms_tls_context_certificate(struct ms_tls_context *ctx, struct ms_tls_certificate *cert)
{
	int err = ctx->cert ? ms_tls_certificate_use_for_all(cert, ctx->cert) : -EINVAL;

	ERR_clear_error();
	if (err < 0)
		return err;
	ms_tls_certificate_ref(cert);
	ms_tls_certificate_unref(ctx->own);
	ctx->own = cert;
	return 0;
}

struct ms_tls_context *ms_tls_context_free(struct ms_tls_context *ctx)
{
	if (ctx) {
		ms_tls_record_ciphers_done(ctx);
		SSL_CTX_free(ctx->psk);
		SSL_CTX_free(ctx->cert);
		BIO_free(ctx->bio);
		BIO_meth_free(ctx->method);
		ms_tls_certificate_unref(ctx->own);
	}
	return ms_free(ctx);
}
