/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport as OpenSSL sees it: reading takes from the span the caller lends for the call,
 * writing appends to the output queue. Compared with a pair of memory BIOs this saves a copy each way
 * and leaves what is not read with the caller.
 */
#include <openssl/bio.h>
#include <string.h>

#include "tls/tls-priv.h"

static int bio_read(BIO *b, char *data, size_t size, size_t *ret_n)
{
	struct ms_tls *t = BIO_get_data(b);
	size_t n = t->in.len < size ? t->in.len : size;

	BIO_clear_retry_flags(b);
	if (n == 0) {
		BIO_set_retry_read(b);
		return 0;
	}
	memcpy(data, t->in.p, n);
	t->in = ms_span_from(t->in, n);
	*ret_n = n;
	return 1;
}

/* A failure is not marked for retry, so the session fails: memory ran out. */
static int bio_write(BIO *b, const char *data, size_t size, size_t *ret_n)
{
	struct ms_tls *t = BIO_get_data(b);

	BIO_clear_retry_flags(b);
	ms_tls_queue_tidy(&t->out);
	ms_buf_put(&t->out.b, data, size);
	if (ms_buf_status(&t->out.b) < 0)
		return 0;
	*ret_n = size;
	return 1;
}

static long bio_ctrl(BIO *b, int cmd, long num MS_UNUSED, void *ptr MS_UNUSED)
{
	const struct ms_tls *t = BIO_get_data(b);

	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_PENDING:
		return (long)t->in.len;
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

BIO *ms_tls_bio_new(BIO_METHOD *m, struct ms_tls *t)
{
	BIO *b = BIO_new(m);

	if (b)
		BIO_set_data(b, t);
	return b;
}
