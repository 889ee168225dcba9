/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints of certificates: RFC 8122 section 5. */
#include "tls/fingerprint.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "core/hex.h"

/* RFC 8122 section 5, hash-func. MD2 and MD5 MUST NOT be used: to us they are unknown. */
static const struct {
	const char *name;
	const EVP_MD *(*md)(void);
	size_t length;
} hashes[] = {
	[MS_TLS_HASH_NONE] = { "", NULL, 0 },
	[MS_TLS_SHA1] = { "sha-1", EVP_sha1, 20 },
	[MS_TLS_SHA224] = { "sha-224", EVP_sha224, 28 },
	[MS_TLS_SHA256] = { "sha-256", EVP_sha256, 32 },
	[MS_TLS_SHA384] = { "sha-384", EVP_sha384, 48 },
	[MS_TLS_SHA512] = { "sha-512", EVP_sha512, 64 },
};

static bool is_hash(enum ms_tls_hash hash)
{
	return hash > MS_TLS_HASH_NONE && (size_t)hash < MS_ARRAY_SIZE(hashes);
}

size_t ms_tls_hash_length(enum ms_tls_hash hash)
{
	return is_hash(hash) ? hashes[hash].length : 0;
}

const char *ms_tls_hash_name(enum ms_tls_hash hash)
{
	return is_hash(hash) ? hashes[hash].name : "";
}

int ms_tls_hash_find(struct ms_span name, enum ms_tls_hash *ret_hash)
{
	for (size_t i = 1; i < MS_ARRAY_SIZE(hashes); i++) {
		if (ms_span_is_nocase(name, hashes[i].name)) {
			*ret_hash = (enum ms_tls_hash)i;
			return 0;
		}
	}
	return -EOPNOTSUPP;
}

/* 2HEX *(":" 2HEX), exactly `n` octets. */
static int read_digest(struct ms_span text, size_t n, uint8_t *ret_digest)
{
	if (text.len != 3 * n - 1)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		int high = ms_hex_digit(text.p[3 * i]), low = ms_hex_digit(text.p[3 * i + 1]);

		if (high < 0 || low < 0 || (i + 1 < n && text.p[3 * i + 2] != ':'))
			return -EINVAL;
		ret_digest[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

int ms_tls_fingerprint_parse(struct ms_span value, struct ms_tls_fingerprint *ret_fp)
{
	struct ms_tls_fingerprint fp = { 0 };
	struct ms_span rest = ms_span_trim(value);
	struct ms_span name = ms_span_cut(&rest, ' ');
	int err;

	if (name.len == 0 || !rest.p)
		return -EINVAL;
	err = ms_tls_hash_find(name, &fp.hash);
	if (err == 0)
		err = read_digest(ms_span_trim(rest), hashes[fp.hash].length, fp.digest);
	if (err == 0)
		*ret_fp = fp;
	return err;
}

void ms_tls_fingerprint_put(struct ms_buf *b, const struct ms_tls_fingerprint *fp)
{
	ms_buf_put_str(b, ms_tls_hash_name(fp->hash));
	for (size_t i = 0; i < ms_tls_hash_length(fp->hash); i++)
		ms_buf_printf(b, "%c%02X", i == 0 ? ' ' : ':', fp->digest[i]);
}

int ms_tls_fingerprint_of(struct ms_span der, enum ms_tls_hash hash,
			  struct ms_tls_fingerprint *ret_fp)
{
	struct ms_tls_fingerprint fp = { .hash = hash };

	if (!is_hash(hash))
		return -EINVAL;
	if (!EVP_Digest(der.p, der.len, fp.digest, NULL, hashes[hash].md(), NULL)) {
		ERR_clear_error();
		return -EIO;
	}
	*ret_fp = fp;
	return 0;
}

bool ms_tls_fingerprint_eq(const struct ms_tls_fingerprint *a, const struct ms_tls_fingerprint *b)
{
	return a->hash == b->hash && is_hash(a->hash) &&
	       memcmp(a->digest, b->digest, hashes[a->hash].length) == 0;
}

enum ms_tls_hash ms_tls_fingerprint_deciding(const struct ms_tls_fingerprint *list, size_t n,
					     bool allow_sha1)
{
	enum ms_tls_hash best = MS_TLS_HASH_NONE;

	for (size_t i = 0; i < n; i++) {
		if (is_hash(list[i].hash) && list[i].hash > best)
			best = list[i].hash;
	}
	return best == MS_TLS_SHA1 && !allow_sha1 ? MS_TLS_HASH_NONE : best;
}
