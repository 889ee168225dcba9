/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/rsa.h"

#include <errno.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "core/alloc.h"
#include "crypto/rsa-priv.h"

int ms_rsa_adopt(EVP_PKEY *pkey, struct ms_rsa_key **ret_key)
{
	struct ms_rsa_key *key = NULL;
	int err = -EINVAL;

	if (pkey && EVP_PKEY_is_a(pkey, "RSA") && EVP_PKEY_get_bits(pkey) >= MS_RSA_BITS_MIN &&
	    EVP_PKEY_get_bits(pkey) <= MS_RSA_BITS_MAX) {
		key = ms_zalloc(sizeof(*key));
		err = key ? 0 : -ENOMEM;
	}
	/* What libcrypto did not like is our caller's error now. */
	ERR_clear_error();
	if (err < 0) {
		EVP_PKEY_free(pkey);
		return err;
	}
	key->pkey = pkey;
	*ret_key = key;
	return 0;
}

int ms_rsa_private_new(struct ms_span der, struct ms_rsa_key **ret_key)
{
	const unsigned char *p = der.p;
	EVP_PKEY *pkey;

	if (der.len == 0 || der.len > INT32_MAX)
		return -EINVAL;
	pkey = d2i_AutoPrivateKey(NULL, &p, (long)der.len);
	if (pkey && p != der.p + der.len) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	return ms_rsa_adopt(pkey, ret_key);
}

int ms_rsa_public_new(struct ms_span der, struct ms_rsa_key **ret_key)
{
	const unsigned char *p = der.p;
	EVP_PKEY *pkey;

	if (der.len == 0 || der.len > INT32_MAX)
		return -EINVAL;
	pkey = d2i_PUBKEY(NULL, &p, (long)der.len);
	if (pkey && p != der.p + der.len) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	return ms_rsa_adopt(pkey, ret_key);
}

struct ms_rsa_key *ms_rsa_free(struct ms_rsa_key *key)
{
	if (key)
		EVP_PKEY_free(key->pkey);
	return ms_free(key);
}

size_t ms_rsa_size(const struct ms_rsa_key *key)
{
	return (size_t)EVP_PKEY_get_size(key->pkey);
}

static const EVP_MD *digest(enum ms_hash_alg hash)
{
	return hash == MS_HASH_SHA1 ? EVP_sha1() : EVP_sha256();
}

static bool set_padding(EVP_PKEY_CTX *ctx, enum ms_rsa_padding padding)
{
	if (padding == MS_RSA_PKCS1)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool update_all(EVP_MD_CTX *md, const struct ms_span *parts, size_t n, bool sign)
{
	for (size_t i = 0; i < n; i++) {
		int ok = sign ? EVP_DigestSignUpdate(md, parts[i].p, parts[i].len)
			      : EVP_DigestVerifyUpdate(md, parts[i].p, parts[i].len);

		if (ok != 1)
			return false;
	}
	return true;
}

int ms_rsa_sign(const struct ms_rsa_key *key, enum ms_rsa_padding padding, enum ms_hash_alg hash,
		const struct ms_span *parts, size_t n, uint8_t *sig)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx; /* md's */
	size_t len = ms_rsa_size(key);
	bool ok;

	if (!md)
		return -ENOMEM;
	ok = EVP_DigestSignInit(md, &ctx, digest(hash), NULL, key->pkey) == 1 &&
	     set_padding(ctx, padding) && update_all(md, parts, n, true) &&
	     EVP_DigestSignFinal(md, sig, &len) == 1 && len == ms_rsa_size(key);
	EVP_MD_CTX_free(md);
	ERR_clear_error();
	return ok ? 0 : -EIO;
}

int ms_rsa_verify(const struct ms_rsa_key *key, enum ms_rsa_padding padding, enum ms_hash_alg hash,
		  const struct ms_span *parts, size_t n, struct ms_span sig)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx; /* md's */
	bool ok;

	if (!md)
		return -ENOMEM;
	ok = EVP_DigestVerifyInit(md, &ctx, digest(hash), NULL, key->pkey) == 1 &&
	     set_padding(ctx, padding) && update_all(md, parts, n, false) &&
	     EVP_DigestVerifyFinal(md, sig.p, sig.len) == 1;
	EVP_MD_CTX_free(md);
	ERR_clear_error();
	return ok ? 0 : -EBADMSG;
}

static bool is_key_len(size_t n)
{
	return n == 16 || n == 24 || n == 32;
}

int ms_rsa_encrypt(const struct ms_rsa_key *key, struct ms_span plain, uint8_t *out)
{
	EVP_PKEY_CTX *ctx;
	size_t len = ms_rsa_size(key);
	bool ok;

	if (!is_key_len(plain.len))
		return -EINVAL;
	ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	if (!ctx)
		return -ENOMEM;
	ok = EVP_PKEY_encrypt_init(ctx) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	     EVP_PKEY_encrypt(ctx, out, &len, plain.p, plain.len) == 1 && len == ms_rsa_size(key);
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return ok ? 0 : -EIO;
}

/* The block 00 02 PS 00 KEY as a whole. A ciphertext that is no number below the modulus is not
 * secret, and fails here. */
static int decrypt_raw(const struct ms_rsa_key *key, struct ms_span cipher, uint8_t *block)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	size_t len = cipher.len;
	bool ok;

	if (!ctx)
		return -ENOMEM;
	ok = EVP_PKEY_decrypt_init(ctx) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
	     EVP_PKEY_decrypt(ctx, block, &len, cipher.p, cipher.len) == 1 && len == cipher.len;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return ok ? 0 : -EIO;
}

/* All ones if x is 0, else 0; x < 2^31. No branch. */
static uint32_t mask_if_zero(uint32_t x)
{
	return 0u - ((x - 1) >> 31);
}

/* All ones if the block carries a key of `len` octets: 00 02, no zero octet in PS, then 00. */
static uint32_t mask_if_key(const uint8_t *block, size_t n, size_t len)
{
	uint32_t good = mask_if_zero(block[0]) & mask_if_zero(block[1] ^ 2u);

	for (size_t i = 2; i < n - len - 1; i++)
		good &= ~mask_if_zero(block[i]);
	return good & mask_if_zero(block[n - len - 1]);
}

static void take_key(const uint8_t *block, size_t n, struct ms_secret *key)
{
	static const size_t lens[] = { 16, 24, 32 };

	for (size_t k = 0; k < MS_ARRAY_SIZE(lens); k++) {
		uint32_t good = mask_if_key(block, n, lens[k]);

		for (size_t i = 0; i < lens[k]; i++) {
			uint8_t from = block[n - lens[k] + i];

			key->b[i] = (uint8_t)((from & good) | (key->b[i] & ~good));
		}
		key->len = (lens[k] & good) | (key->len & ~(size_t)good & 0xff);
	}
}

int ms_rsa_decrypt(const struct ms_rsa_key *key, const struct ms_random *random,
		   struct ms_span cipher, struct ms_secret *ret_plain)
{
	uint8_t block[MS_RSA_MAX];
	int err;

	if (cipher.len != ms_rsa_size(key))
		return -EINVAL;
	ms_secret_wipe(ret_plain);
	err = ms_random_fill(random, ret_plain->b, 16);
	if (err == 0)
		err = decrypt_raw(key, cipher, block);
	if (err == 0) {
		ret_plain->len = 16;
		take_key(block, cipher.len, ret_plain);
	}
	ms_wipe(block, sizeof(block));
	return err;
}
