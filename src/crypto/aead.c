/* SPDX-License-Identifier: Apache-2.0 */
/* GCM and CCM over EVP. CCM is not a stream: lengths first, the text in one piece. */
#include "crypto/aead.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>

#include "core/secret.h"

/* Lengths: RFC 5084 sections 3.1 and 3.2 (CCM), 3.2 and 5 (GCM). A CCM nonce of 12 octets leaves
 * room for messages of 16 MiB. */
static const struct {
	struct ms_aead_info info;
	const EVP_CIPHER *(*cipher)(void);
	bool ccm;
} algs[] = {
	[MS_AEAD_AES_128_GCM] = { { "AES-128-GCM", 16, 1, 64, 12, 12, 16 },
				  EVP_aes_128_gcm,
				  false },
	[MS_AEAD_AES_256_GCM] = { { "AES-256-GCM", 32, 1, 64, 12, 12, 16 },
				  EVP_aes_256_gcm,
				  false },
	[MS_AEAD_AES_128_CCM] = { { "AES-128-CCM", 16, 7, 13, 12, 4, 16 }, EVP_aes_128_ccm, true },
	[MS_AEAD_AES_256_CCM] = { { "AES-256-CCM", 32, 7, 13, 12, 4, 16 }, EVP_aes_256_ccm, true },
};

const struct ms_aead_info *ms_aead_info(enum ms_aead_alg alg)
{
	return (size_t)alg < MS_ARRAY_SIZE(algs) ? &algs[alg].info : NULL;
}

int ms_aead_tag_ok(enum ms_aead_alg alg, size_t tag_len)
{
	const struct ms_aead_info *i = ms_aead_info(alg);

	return i && tag_len >= i->tag_min && tag_len <= i->tag_max &&
	       !(algs[alg].ccm && tag_len % 2 != 0);
}

/* CCM counts the message in 15 - nonce octets (RFC 3610 section 2.1). */
static bool too_long(enum ms_aead_alg alg, size_t nonce_len, size_t len)
{
	size_t octets = 15 - nonce_len;

	if (len > INT_MAX)
		return true;
	return algs[alg].ccm && octets < sizeof(len) && len >> (8 * octets) != 0;
}

static int check(enum ms_aead_alg alg, struct ms_span key, struct ms_span nonce, struct ms_span aad,
		 size_t len, size_t tag_len)
{
	const struct ms_aead_info *i = ms_aead_info(alg);

	if (!i || key.len != i->key_len || nonce.len < i->nonce_min || nonce.len > i->nonce_max ||
	    !ms_aead_tag_ok(alg, tag_len))
		return -EINVAL;
	return aad.len > INT_MAX || too_long(alg, nonce.len, len) ? -EMSGSIZE : 0;
}

/* A context ready for the AAD. For CCM the tag's length, or when decrypting the tag itself, and the
 * message's length have to be known before. */
static EVP_CIPHER_CTX *begin(enum ms_aead_alg alg, struct ms_span key, struct ms_span nonce,
			     size_t len, struct ms_span tag, bool encrypt)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	void *tag_p = encrypt ? NULL : (void *)(uintptr_t)tag.p;
	int n;

	if (!c || !EVP_CipherInit_ex(c, algs[alg].cipher(), NULL, NULL, NULL, encrypt) ||
	    !EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce.len, NULL))
		goto fail;
	if ((algs[alg].ccm || !encrypt) &&
	    !EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, (int)tag.len, tag_p))
		goto fail;
	if (!EVP_CipherInit_ex(c, NULL, NULL, key.p, nonce.p, encrypt))
		goto fail;
	if (algs[alg].ccm && !EVP_CipherUpdate(c, NULL, &n, NULL, (int)len))
		goto fail;
	return c;
fail:
	EVP_CIPHER_CTX_free(c);
	return NULL;
}

static bool run(EVP_CIPHER_CTX *c, bool ccm, struct ms_span aad, struct ms_span in, uint8_t *out)
{
	static const uint8_t nothing[1];
	uint8_t end[16];
	int n;

	if (aad.len > 0 && !EVP_CipherUpdate(c, NULL, &n, aad.p, (int)aad.len))
		return false;
	/* CCM does its work, and decrypting checks the tag, in the one call for the text: also when
	 * that is empty. GCM checks at the end. */
	if ((ccm || in.len > 0) &&
	    EVP_CipherUpdate(c, out, &n, in.p ? in.p : nothing, (int)in.len) <= 0)
		return false;
	return ccm || EVP_CipherFinal_ex(c, end, &n) > 0;
}

int ms_aead_seal(enum ms_aead_alg alg, struct ms_span key, struct ms_span nonce, struct ms_span aad,
		 struct ms_span plain, size_t tag_len, uint8_t *ret_cipher, uint8_t *ret_tag)
{
	int err = check(alg, key, nonce, aad, plain.len, tag_len);
	EVP_CIPHER_CTX *c;

	if (err < 0)
		return err;
	c = begin(alg, key, nonce, plain.len, ms_span_of(NULL, tag_len), true);
	if (!c)
		return -ENOMEM;
	if (!run(c, algs[alg].ccm, aad, plain, ret_cipher) ||
	    !EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, (int)tag_len, ret_tag)) {
		ms_wipe(ret_cipher, plain.len);
		err = -EIO;
	}
	EVP_CIPHER_CTX_free(c);
	ERR_clear_error();
	return err;
}

int ms_aead_open(enum ms_aead_alg alg, struct ms_span key, struct ms_span nonce, struct ms_span aad,
		 struct ms_span cipher, struct ms_span tag, uint8_t *ret_plain)
{
	int err = check(alg, key, nonce, aad, cipher.len, tag.len);
	EVP_CIPHER_CTX *c;

	if (err < 0)
		return err;
	c = begin(alg, key, nonce, cipher.len, tag, false);
	if (!c)
		return -ENOMEM;
	if (!run(c, algs[alg].ccm, aad, cipher, ret_plain)) {
		ms_wipe(ret_plain, cipher.len);
		err = -EBADMSG;
	}
	EVP_CIPHER_CTX_free(c);
	ERR_clear_error();
	return err;
}
