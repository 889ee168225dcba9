/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS for SIP. libre connects to whoever answers unless the context is told otherwise; here every
 * server is verified: chain against the CA file, and its name against the configured one.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "sip/sip-priv.h"

static int sip_of_ctx(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return index;
}

/* Called only for connections in which we are the server: users have no certificates. */
static int client_hello(SSL *ssl, int *alert MS_UNUSED, void *arg MS_UNUSED)
{
	SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
	return SSL_CLIENT_HELLO_SUCCESS;
}

static int verified(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct ms_sip *sip = ssl ? SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), sip_of_ctx()) : NULL;

	if (!sip)
		return 0;
	if (ok && !sip->server_name) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
		sip->tls_refusal = "no name is configured that the server should have";
		ok = 0;
	} else if (!ok) {
		sip->tls_refusal = X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
	}
	if (!ok)
		ms_sip_count(sip, MS_SIP_TLS_REFUSED);
	return ok;
}

static int complain(struct ms_buf *error, const char *what, const char *file)
{
	unsigned long e = ERR_peek_last_error();

	if (error)
		ms_buf_printf(error, "SIP over TLS: %s %s: %s", what, file,
			      e ? ERR_reason_error_string(e) : "no reason given");
	ERR_clear_error();
	return -EINVAL;
}

static int expect_name(SSL_CTX *ctx, const char *name)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

	if (!name)
		return 1;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_ip_asc(param, name) ||
	       X509_VERIFY_PARAM_set1_host(param, name, 0);
}

static int prepare(SSL_CTX *ctx, struct ms_sip *sip, const struct ms_sip_tls *config,
		   struct ms_buf *error)
{
	if (!sip_of_ctx() || !SSL_CTX_set_ex_data(ctx, sip_of_ctx(), sip))
		return -ENOMEM;
	if (!SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION))
		return -ENOTSUP;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, verified);
	SSL_CTX_set_client_hello_cb(ctx, client_hello, NULL);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	if (config->ca_file && !SSL_CTX_load_verify_locations(ctx, config->ca_file, NULL))
		return complain(error, "CA file", config->ca_file);
	if (!expect_name(ctx, config->server_name))
		return complain(error, "server name", config->server_name);
	if (config->cert_file &&
	    (SSL_CTX_use_certificate_chain_file(ctx, config->cert_file) != 1 ||
	     SSL_CTX_use_PrivateKey_file(ctx, config->cert_file, SSL_FILETYPE_PEM) != 1))
		return complain(error, "certificate and key", config->cert_file);
	return 0;
}

int ms_sip_tls_new(struct ms_sip *sip, const struct ms_sip_tls *config, struct ms_buf *error,
		   struct tls **ret_tls)
{
	struct tls *tls = NULL;
	int err = -tls_alloc(&tls, TLS_METHOD_SSLV23, NULL, NULL);

	if (err == 0)
		err = prepare(tls_openssl_context(tls), sip, config, error);
	if (err < 0)
		mem_deref(tls);
	else
		*ret_tls = tls;
	return err;
}
