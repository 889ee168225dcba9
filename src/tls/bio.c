/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport as OpenSSL sees it: reading takes from the span the caller lends for the call,
 * writing appends to what waits for the transport. Compared with a pair of memory BIOs this saves a
 * copy each way and leaves what is not read with the caller. All sessions of a context share one BIO.
 */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <string.h>

#include "tls/tls-priv.h"

static int bio_read(BIO *b, char *data, size_t size, size_t *ret_n)
{
	struct ms_tls_context *ctx = BIO_get_data(b);
	size_t n = ctx->in.len < size ? ctx->in.len : size;

	BIO_clear_retry_flags(b);
	if (n == 0 || ms_tls_is_held(ctx->active)) {
		BIO_set_retry_read(b);
		return 0;
	}
	memcpy(data, ctx->in.p, n);
	ctx->in = ms_span_from(ctx->in, n);
	*ret_n = n;
	return 1;
}

/*
 * RFC 8122 section 6.2 wants bad_certificate when a client shows no certificate, OpenSSL says
 * handshake_failure in TLS 1.2, where the alert is still in the clear. (In TLS 1.3 it says
 * certificate_required, which RFC 8446 section 6.2 made for this.)
 */
static void correct_alert(uint8_t *record, size_t size)
{
	static const uint8_t said[] = { 21, 3, 3, 0, 2, SSL3_AL_FATAL, SSL_AD_HANDSHAKE_FAILURE };

	if (size == sizeof(said) && memcmp(record, said, sizeof(said)) == 0 &&
	    ERR_GET_REASON(ERR_peek_error()) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		record[size - 1] = SSL_AD_BAD_CERTIFICATE;
}

/* A failure is not marked for retry, so the session fails: memory ran out. */
static int bio_write(BIO *b, const char *data, size_t size, size_t *ret_n)
{
	struct ms_tls_context *ctx = BIO_get_data(b);
	size_t n;
	uint8_t *into = ms_tls_room(ctx->active, MS_TLS_OUT, size, size, &n);

	BIO_clear_retry_flags(b);
	if (!into)
		return 0;
	memcpy(into, data, size);
	correct_alert(into, size);
	ms_tls_put(ctx->active, MS_TLS_OUT, size);
	*ret_n = size;
	return 1;
}

static long bio_ctrl(BIO *b, int cmd, long num MS_UNUSED, void *ptr MS_UNUSED)
{
	const struct ms_tls_context *ctx = BIO_get_data(b);

	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_PENDING:
		return (long)ctx->in.len;
	default:
		return 0;
	}
}

static int bio_create(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

BIO_METHOD *ms_tls_bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "mediasec session");

	if (m && BIO_meth_set_read_ex(m, bio_read) && BIO_meth_set_write_ex(m, bio_write) &&
	    BIO_meth_set_ctrl(m, bio_ctrl) && BIO_meth_set_create(m, bio_create))
		return m;
	BIO_meth_free(m);
	return NULL;
}

BIO *ms_tls_bio_new(BIO_METHOD *m, struct ms_tls_context *ctx)
{
	BIO *b = BIO_new(m);

	if (b)
		BIO_set_data(b, ctx);
	return b;
}

struct ms_tls *ms_tls_active(const SSL *ssl)
{
	const struct ms_tls_context *ctx = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	return ctx->active;
}
