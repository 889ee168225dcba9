/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-CM and AES key wrap over EVP. Fetching a cipher costs more than ciphering a ticket, so each is
 * fetched once and one context is kept.
 */
#include "crypto/aes.h"

#include <errno.h>

#include <openssl/evp.h>

#include "core/secret.h"

const uint8_t ms_aes_wrap_iv[8] = { 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6 };

enum mode { CTR, WRAP, MODES };

/* [mode][0] for 16-octet keys, [mode][1] for 32 */
static EVP_CIPHER *fetched[MODES][2];
static const char *const names[MODES][2] = {
	{ "AES-128-CTR", "AES-256-CTR" },
	{ "AES-128-WRAP", "AES-256-WRAP" },
};
static EVP_CIPHER_CTX *kept[MODES][2];

/* The kept context for this mode and key length; NULL if libcrypto has none. */
static EVP_CIPHER_CTX *context(enum mode mode, size_t key_len)
{
	size_t size = key_len == 32;

	if (!fetched[mode][size])
		fetched[mode][size] = EVP_CIPHER_fetch(NULL, names[mode][size], NULL);
	if (!kept[mode][size])
		kept[mode][size] = EVP_CIPHER_CTX_new();
	return fetched[mode][size] ? kept[mode][size] : NULL;
}

static int run(enum mode mode, struct ms_span key, const uint8_t *iv, bool encrypt,
	       struct ms_span in, uint8_t *out, int *ret_len)
{
	static const uint8_t zeroes[32];
	EVP_CIPHER_CTX *ctx = context(mode, key.len);
	/* A context that has its cipher is only keyed again: no allocation, no lookup. */
	const EVP_CIPHER *cipher;
	int ok;

	if (!ctx)
		return -EIO;
	cipher = EVP_CIPHER_CTX_get0_cipher(ctx) ? NULL : fetched[mode][key.len == 32];
	if (cipher && mode == WRAP)
		EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = EVP_CipherInit_ex2(ctx, cipher, key.p, iv, encrypt, NULL) == 1;
	ok = ok && EVP_CipherUpdate(ctx, out, ret_len, in.p, (int)in.len) == 1;
	/* Leave no key schedule behind. */
	if (EVP_CipherInit_ex2(ctx, NULL, zeroes, NULL, encrypt, NULL) != 1)
		return -EIO;
	return ok ? 0 : -EBADMSG;
}

int ms_aes_cm(struct ms_span key, const uint8_t iv[MS_AES_BLOCK], struct ms_span in, uint8_t *out)
{
	int len;
	int err;

	if ((key.len != 16 && key.len != 32) || in.len > INT32_MAX)
		return -EINVAL;
	if (in.len == 0)
		return 0;
	err = run(CTR, key, iv, true, in, out, &len);
	return err == -EBADMSG ? -EIO : err;
}

static bool wrappable(struct ms_span kek, size_t plain_len)
{
	return (kek.len == 16 || kek.len == 32) && plain_len % 8 == 0 && plain_len >= 16 &&
	       plain_len <= MS_AES_WRAP_MAX;
}

int ms_aes_wrap(struct ms_span kek, const uint8_t iv[8], struct ms_span plain, uint8_t *out)
{
	int len;
	int err;

	if (!wrappable(kek, plain.len))
		return -EINVAL;
	err = run(WRAP, kek, iv, true, plain, out, &len);
	return err == -EBADMSG ? -EIO : err;
}

int ms_aes_unwrap(struct ms_span kek, const uint8_t iv[8], struct ms_span wrapped, uint8_t *out)
{
	int len;
	int err;

	if (wrapped.len < MS_AES_WRAP_EXTRA || !wrappable(kek, wrapped.len - MS_AES_WRAP_EXTRA))
		return -EINVAL;
	err = run(WRAP, kek, iv, false, wrapped, out, &len);
	if (err < 0)
		ms_wipe(out, wrapped.len - MS_AES_WRAP_EXTRA);
	return err;
}
