/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-CM and AES key wrap over EVP. Fetching a cipher costs more than ciphering a ticket, so each is
 * fetched once and one context is kept. Key wrap is put together from single blocks: libcrypto's own
 * does without the processor's AES instructions and takes three times as long.
 */
#include "crypto/aes.h"

#include <errno.h>

#include <openssl/evp.h>

#include "core/secret.h"

const uint8_t ms_aes_wrap_iv[8] = { 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6 };

enum mode { CTR, BLOCK, MODES };

/* [mode][0] for 16-octet keys, [mode][1] for 32 */
static EVP_CIPHER *fetched[MODES][2];
static const char *const names[MODES][2] = {
	{ "AES-128-CTR", "AES-256-CTR" },
	{ "AES-128-ECB", "AES-256-ECB" },
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

/* A context that has its cipher is only keyed again: no allocation, no lookup. NULL if that fails. */
static EVP_CIPHER_CTX *start(enum mode mode, struct ms_span key, const uint8_t *iv, bool encrypt)
{
	EVP_CIPHER_CTX *ctx = context(mode, key.len);
	const EVP_CIPHER *cipher;

	if (!ctx)
		return NULL;
	cipher = EVP_CIPHER_CTX_get0_cipher(ctx) ? NULL : fetched[mode][key.len == 32];
	if (EVP_CipherInit_ex2(ctx, cipher, key.p, iv, encrypt, NULL) != 1)
		return NULL;
	if (cipher && EVP_CIPHER_CTX_set_padding(ctx, 0) != 1)
		return NULL;
	return ctx;
}

/* Leaves no key schedule behind. */
static int finish(EVP_CIPHER_CTX *ctx, bool encrypt)
{
	static const uint8_t zeroes[32];

	return EVP_CipherInit_ex2(ctx, NULL, zeroes, NULL, encrypt, NULL) == 1 ? 0 : -EIO;
}

int ms_aes_cm(struct ms_span key, const uint8_t iv[MS_AES_BLOCK], struct ms_span in, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx;
	bool ok;
	int len;

	if ((key.len != 16 && key.len != 32) || in.len > INT32_MAX)
		return -EINVAL;
	if (in.len == 0)
		return 0;
	ctx = start(CTR, key, iv, true);
	if (!ctx)
		return -EIO;
	ok = EVP_CipherUpdate(ctx, out, &len, in.p, (int)in.len) == 1;
	return finish(ctx, true) || !ok ? -EIO : 0;
}

/* ---- key wrap ---- */

/* A and one of the registers R, as RFC 3394 section 2.2 has them side by side. */
struct wrapping {
	EVP_CIPHER_CTX *ctx;
	uint8_t b[MS_AES_BLOCK];
};

/* A ^ t, most significant octet first. */
static void add_step(struct wrapping *w, uint64_t t)
{
	for (unsigned i = 0; i < 8; i++)
		w->b[i] ^= (uint8_t)(t >> (56 - 8 * i));
}

static bool cipher_block(struct wrapping *w)
{
	int len;

	return EVP_CipherUpdate(w->ctx, w->b, &len, w->b, sizeof(w->b)) == 1;
}

/* RFC 3394 section 2.2.1, index based: `r` has n registers of 8 octets. */
static bool wrap_registers(struct wrapping *w, uint8_t *r, size_t n)
{
	for (uint64_t t = 1; t <= 6 * n; t++) {
		uint8_t *ri = r + 8 * ((t - 1) % n);

		memcpy(w->b + 8, ri, 8);
		if (!cipher_block(w))
			return false;
		add_step(w, t);
		memcpy(ri, w->b + 8, 8);
	}
	return true;
}

/* Section 2.2.2. */
static bool unwrap_registers(struct wrapping *w, uint8_t *r, size_t n)
{
	for (uint64_t t = 6 * n; t > 0; t--) {
		uint8_t *ri = r + 8 * ((t - 1) % n);

		add_step(w, t);
		memcpy(w->b + 8, ri, 8);
		if (!cipher_block(w))
			return false;
		memcpy(ri, w->b + 8, 8);
	}
	return true;
}

static bool wrappable(struct ms_span kek, size_t plain_len)
{
	return (kek.len == 16 || kek.len == 32) && plain_len % 8 == 0 && plain_len >= 16 &&
	       plain_len <= MS_AES_WRAP_MAX;
}

int ms_aes_wrap(struct ms_span kek, const uint8_t iv[8], struct ms_span plain, uint8_t *out)
{
	struct wrapping w;
	bool ok;

	if (!wrappable(kek, plain.len))
		return -EINVAL;
	w.ctx = start(BLOCK, kek, NULL, true);
	if (!w.ctx)
		return -EIO;
	memcpy(w.b, iv, 8);
	memcpy(out + 8, plain.p, plain.len);
	ok = wrap_registers(&w, out + 8, plain.len / 8);
	memcpy(out, w.b, 8);
	ok = finish(w.ctx, true) == 0 && ok;
	ms_wipe(w.b, sizeof(w.b));
	if (!ok)
		ms_wipe(out, plain.len + MS_AES_WRAP_EXTRA); /* some of it may be in the clear */
	return ok ? 0 : -EIO;
}

int ms_aes_unwrap(struct ms_span kek, const uint8_t iv[8], struct ms_span wrapped, uint8_t *out)
{
	size_t len = wrapped.len - MS_AES_WRAP_EXTRA;
	struct wrapping w;
	int err = 0;

	if (wrapped.len < MS_AES_WRAP_EXTRA || !wrappable(kek, len))
		return -EINVAL;
	w.ctx = start(BLOCK, kek, NULL, false);
	if (!w.ctx)
		return -EIO;
	memcpy(w.b, wrapped.p, 8);
	memcpy(out, wrapped.p + 8, len);
	if (!unwrap_registers(&w, out, len / 8))
		err = -EIO;
	else if (!ms_secret_equal(ms_span_of(w.b, 8), ms_span_of(iv, 8)))
		err = -EBADMSG;
	if (finish(w.ctx, false))
		err = -EIO;
	ms_wipe(w.b, sizeof(w.b));
	if (err)
		ms_wipe(out, len);
	return err;
}
