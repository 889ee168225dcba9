/* SPDX-License-Identifier: Apache-2.0 */
/* Message digests by libcrypto. */
#include <errno.h>
#include <openssl/evp.h>

#include "core/alloc.h"
#include "crypto/digest.h"

struct ms_digest {
	EVP_MD_CTX *ctx; /* owned */
};

static const struct {
	const char *name;
	size_t len;
} algorithms[] = {
	[MS_DIGEST_MD5] = { "MD5", 16 },
	[MS_DIGEST_SHA1] = { "SHA1", 20 },
	[MS_DIGEST_SHA256] = { "SHA256", 32 },
};

static int start(struct ms_digest *d, enum ms_digest_algorithm algorithm)
{
	EVP_MD *md = EVP_MD_fetch(NULL, algorithms[algorithm].name, NULL);
	int err = 0;

	if (!md)
		return -ENOTSUP;
	d->ctx = EVP_MD_CTX_new();
	if (!d->ctx)
		err = -ENOMEM;
	else if (EVP_DigestInit_ex2(d->ctx, md, NULL) != 1)
		err = -EIO;
	EVP_MD_free(md);
	return err;
}

int ms_digest_new(enum ms_digest_algorithm algorithm, struct ms_digest **ret_d)
{
	struct ms_digest *d = ms_zalloc(sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	err = start(d, algorithm);
	if (err < 0) {
		ms_digest_free(d);
		return err;
	}
	*ret_d = d;
	return 0;
}

struct ms_digest *ms_digest_free(struct ms_digest *d)
{
	if (d)
		EVP_MD_CTX_free(d->ctx);
	return ms_free(d);
}

int ms_digest_update(struct ms_digest *d, struct ms_span octets)
{
	return EVP_DigestUpdate(d->ctx, octets.p, octets.len) == 1 ? 0 : -EIO;
}

int ms_digest_final(struct ms_digest *d, uint8_t ret_digest[static MS_DIGEST_MAX], size_t *ret_len)
{
	unsigned len = 0;

	if (EVP_DigestFinal_ex(d->ctx, ret_digest, &len) != 1)
		return -EIO;
	*ret_len = len;
	return 0;
}

size_t ms_digest_length(enum ms_digest_algorithm algorithm)
{
	return algorithms[algorithm].len;
}
