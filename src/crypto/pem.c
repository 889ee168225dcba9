/* SPDX-License-Identifier: Apache-2.0 */
/* PEM by libcrypto. See pem.h. */
#include "crypto/pem.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#define DER_SEQUENCE 0x30

static int read_block(BIO *bio, struct ms_buf *out)
{
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	long len = 0;
	int err = -EINVAL;

	if (PEM_read_bio(bio, &name, &header, &data, &len) == 1 && !*header) {
		ms_buf_put(out, data, (size_t)len);
		err = ms_buf_status(out);
	}
	ERR_clear_error();
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_clear_free(data, (size_t)len);
	return err;
}

int ms_pem_decode(struct ms_span text, struct ms_buf *out)
{
	BIO *bio;
	int err;

	if (text.len == 0 || text.len > INT_MAX)
		return -EINVAL;
	if (text.p[0] == DER_SEQUENCE) {
		ms_buf_put_span(out, text);
		return ms_buf_status(out);
	}
	bio = BIO_new_mem_buf(text.p, (int)text.len);
	if (!bio)
		return -ENOMEM;
	err = read_block(bio, out);
	BIO_free(bio);
	return err;
}
