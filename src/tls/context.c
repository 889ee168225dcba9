/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sessions share: the suites, the rules of TS 33.328 annex H and TS 33.310 annex E (no old
 * versions, renegotiation by RFC 5746 or not at all), nothing that ties sessions together (no
 * tickets, no resumption).
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include "core/alloc.h"
#include "tls/tls-priv.h"

#define PLAIN_MAX (256 * 1024)
#define OUTPUT_MAX (256 * 1024)
#define HANDSHAKE_TIME (30 * MS_SEC)

static void fill_defaults(struct ms_tls_config *c)
{
	c->psk_suites = NULL;
	if (c->plain_max == 0)
		c->plain_max = PLAIN_MAX;
	if (c->output_max == 0)
		c->output_max = OUTPUT_MAX;
	if (c->handshake_time == 0)
		c->handshake_time = HANDSHAKE_TIME;
}

static const SSL_CIPHER *find_suite(const SSL_CTX *ssl, struct ms_span name)
{
	STACK_OF(SSL_CIPHER) *all = SSL_CTX_get_ciphers(ssl);

	for (int i = 0; i < sk_SSL_CIPHER_num(all); i++) {
		const SSL_CIPHER *c = sk_SSL_CIPHER_value(all, i);

		if (ms_span_is(name, SSL_CIPHER_get_name(c)))
			return c;
	}
	return NULL;
}

/* TS 33.328 clauses 5.3 (no NULL encryption) and H.2 (no Diffie-Hellman). */
static const char *refuse_suite(const struct ms_tls_config *c, const SSL_CIPHER *suite)
{
	if (!suite)
		return "tls_suite_unknown";
	switch (SSL_CIPHER_get_kx_nid(suite)) {
	case NID_kx_psk:
		break;
	case NID_kx_dhe_psk:
	case NID_kx_ecdhe_psk:
		if (!c->allow_dh)
			return "tls_suite_dh";
		break;
	default:
		return "tls_suite_not_psk";
	}
	if (SSL_CIPHER_get_cipher_nid(suite) == NID_undef && !c->allow_null)
		return "tls_suite_null";
	return NULL;
}

static int check_suites(SSL_CTX *ssl, const struct ms_tls_config *c, struct ms_fault *f)
{
	struct ms_span rest = ms_span_str(c->psk_suites);
	const char *start = c->psk_suites;

	if (!SSL_CTX_set_cipher_list(ssl, "ALL:eNULL"))
		return -ENOMEM;
	do {
		struct ms_span name = ms_span_cut(&rest, ':');
		const char *reason = refuse_suite(c, find_suite(ssl, name));

		if (reason)
			return ms_fault_set(f, -EINVAL, 0, reason,
					    (size_t)((const char *)name.p - start));
	} while (rest.p);
	return SSL_CTX_set_cipher_list(ssl, c->psk_suites) ? 0 : -EINVAL;
}

static void keylog(const SSL *ssl, const char *line)
{
	const struct ms_tls_context *ctx = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	ctx->config.keylog(ctx->config.keylog_arg, line);
}

static bool has_scsv(struct ms_span suites)
{
	for (size_t i = 0; i + 1 < suites.len; i += 2) {
		if (suites.p[i] == 0x00 && suites.p[i + 1] == 0xff)
			return true;
	}
	return false;
}

/* TS 33.310 annex E makes RFC 5746 mandatory. OpenSSL refuses servers without it but not clients:
 * section 3.6 lets a server choose. */
static int client_hello(SSL *ssl, int *ret_alert, void *arg MS_UNUSED)
{
	struct ms_tls *t = SSL_get_app_data(ssl);
	const unsigned char *p;
	size_t n;

	if (t->mode != MS_TLS_PSK_12 || t->ctx->config.allow_legacy_peer ||
	    SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_renegotiate, &p, &n))
		return SSL_CLIENT_HELLO_SUCCESS;
	n = SSL_client_hello_get0_ciphers(ssl, &p);
	if (has_scsv(ms_span_of(p, n)))
		return SSL_CLIENT_HELLO_SUCCESS;
	ms_tls_fail(t, 0, "tls_no_secure_renegotiation");
	*ret_alert = SSL_AD_HANDSHAKE_FAILURE;
	return SSL_CLIENT_HELLO_ERROR;
}

static void set_rules(SSL_CTX *ssl, const struct ms_tls_config *c)
{
	uint64_t opt = SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
		       SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1;

	SSL_CTX_clear_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT |
					   SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
	opt |= c->allow_renegotiation ? SSL_OP_ALLOW_CLIENT_RENEGOTIATION : SSL_OP_NO_RENEGOTIATION;
	if (c->allow_legacy_peer)
		opt |= SSL_OP_LEGACY_SERVER_CONNECT;
	SSL_CTX_set_options(ssl, opt);
	/* Stated, so that a system-wide configuration of OpenSSL changes nothing. NULL suites count as
	 * level 0; above level 2 plain PSK would be refused. */
	SSL_CTX_set_security_level(ssl, c->allow_null ? 0 : 2);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ssl, 0);
	/* An idle connection keeps no record buffers. */
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_client_hello_cb(ssl, client_hello, NULL);
	if (c->allow_dh)
		SSL_CTX_set_dh_auto(ssl, 1);
	if (c->keylog)
		SSL_CTX_set_keylog_callback(ssl, keylog);
}

int ms_tls_context_new(const struct ms_tls_config *c, struct ms_tls_context **ret_ctx,
		       struct ms_fault *f)
{
	struct ms_tls_context *ctx;
	int err;

	if (!c->psk_suites)
		return ms_fault_set(f, -EINVAL, 0, "tls_suite_unknown", 0);
	ctx = ms_zalloc(sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	ctx->ssl = SSL_CTX_new(TLS_method());
	ctx->bio = ms_tls_bio_method();
	err = ctx->ssl && ctx->bio ? check_suites(ctx->ssl, c, f) : -ENOMEM;
	ERR_clear_error();
	if (err < 0) {
		ms_tls_context_free(ctx);
		return err;
	}
	set_rules(ctx->ssl, c);
	SSL_CTX_set_app_data(ctx->ssl, ctx);
	ctx->config = *c;
	fill_defaults(&ctx->config);
	*ret_ctx = ctx;
	return 0;
}

struct ms_tls_context *ms_tls_context_free(struct ms_tls_context *ctx)
{
	if (ctx) {
		SSL_CTX_free(ctx->ssl);
		BIO_meth_free(ctx->bio);
	}
	return ms_free(ctx);
}
