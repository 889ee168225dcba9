/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and sealing records. The cipher objects belong to the context and are keyed for the session
 * that uses them: a key schedule costs less than a quarter of a microsecond, an object of its own
 * nearly a kilobyte.
 */
#include <openssl/evp.h>

#include "tls/record-priv.h"

#define VERSION_12 0x0303 /* in the header of both (RFC 8446 section 5.1) */

static void put_u64(uint8_t *p, uint64_t v)
{
	for (int i = 7; i >= 0; i--, v >>= 8)
		p[i] = (uint8_t)v;
}

static void put_header(uint8_t *p, uint8_t type, size_t len)
{
	p[0] = type;
	p[1] = VERSION_12 >> 8;
	p[2] = VERSION_12 & 0xff;
	p[3] = (uint8_t)(len >> 8);
	p[4] = (uint8_t)len;
}

/* ---- cipher objects ---- */

static struct ms_tls_cipher *cipher_of(struct ms_tls_context *ctx, const struct ms_tls_record *r,
				       bool seals)
{
	return &ctx->cipher[seals][r->key_len == 32];
}

static bool make_cipher(struct ms_tls_cipher *c, const struct ms_tls_record *r, bool seals)
{
	const EVP_CIPHER *aes = r->key_len == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();

	c->evp = EVP_CIPHER_CTX_new();
	if (c->evp && EVP_CipherInit_ex(c->evp, aes, NULL, NULL, NULL, seals) == 1)
		return true;
	EVP_CIPHER_CTX_free(c->evp);
	c->evp = NULL;
	return false;
}

/* Ready for one record of `side`; NULL if libcrypto fails. */
static EVP_CIPHER_CTX *ready(struct ms_tls *t, const struct ms_tls_side *side, bool seals,
			     const uint8_t nonce[12])
{
	struct ms_tls_cipher *c = cipher_of(t->ctx, t->record, seals);
	const uint8_t *key = c->keyed == side ? NULL : side->key;

	if (!c->evp && !make_cipher(c, t->record, seals))
		return NULL;
	/* Until it succeeds nobody knows whose key is in there. */
	c->keyed = NULL;
	if (EVP_CipherInit_ex(c->evp, NULL, NULL, key, nonce, seals) != 1)
		return NULL;
	c->keyed = side;
	return c->evp;
}

/* A key that is of no use any more does not stay until another session comes. */
static void forget_key(struct ms_tls_cipher *c)
{
	static const uint8_t zeroes[32];

	c->keyed = NULL;
	if (EVP_CipherInit_ex(c->evp, NULL, NULL, zeroes, NULL, -1) == 1)
		return;
	EVP_CIPHER_CTX_free(c->evp);
	c->evp = NULL;
}

void ms_tls_record_unkey(struct ms_tls_context *ctx, const struct ms_tls_side *side)
{
	for (int i = 0; i < 4; i++) {
		struct ms_tls_cipher *c = &ctx->cipher[i / 2][i % 2];

		if (c->keyed == side)
			forget_key(c);
	}
}

void ms_tls_record_ciphers_done(struct ms_tls_context *ctx)
{
	for (int i = 0; i < 4; i++)
		EVP_CIPHER_CTX_free(ctx->cipher[i / 2][i % 2].evp);
}

/* ---- nonces and what is authenticated beside the text ---- */

/* RFC 5288 section 3: salt and what the record says; RFC 8446 section 5.3: the number under the IV. */
static void nonce_of(const struct ms_tls_record *r, const struct ms_tls_side *side,
		     const uint8_t *explicit, uint8_t nonce[12])
{
	memcpy(nonce, side->iv, 12);
	if (!r->v13) {
		memcpy(nonce + 4, explicit, MS_TLS_EXPLICIT);
		return;
	}
	for (int i = 0; i < 8; i++)
		nonce[4 + i] ^= (uint8_t)(side->seq >> (56 - 8 * i));
}

/* RFC 5246 section 6.2.3.3, RFC 8446 section 5.2. Returns its length. */
static int beside(const struct ms_tls_record *r, const struct ms_tls_side *side,
		  const uint8_t *header, size_t len, uint8_t aad[13])
{
	if (r->v13) {
		memcpy(aad, header, MS_TLS_HEADER);
		return MS_TLS_HEADER;
	}
	put_u64(aad, side->seq);
	put_header(aad + 8, header[0], len);
	return 13;
}

/* ---- records ---- */

static bool open_text(EVP_CIPHER_CTX *c, const uint8_t *aad, int aad_len, struct ms_span text,
		      uint8_t *out)
{
	int n;
	/* libcrypto does not write to it. */
	void *tag = (void *)(uintptr_t)(text.p + text.len);

	return EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, MS_TLS_TAG, tag) == 1 &&
	       EVP_DecryptUpdate(c, NULL, &n, aad, aad_len) == 1 &&
	       (text.len == 0 || EVP_DecryptUpdate(c, out, &n, text.p, (int)text.len) == 1) &&
	       EVP_DecryptFinal_ex(c, out + text.len, &n) == 1;
}

/* The type stands behind the text, and zeroes behind that (RFC 8446 section 5.4). */
static int inner_type(const uint8_t *out, uint8_t *ret_type, size_t *len)
{
	while (*len > 0 && out[*len - 1] == 0)
		--*len;
	if (*len == 0)
		return SSL_AD_UNEXPECTED_MESSAGE;
	*ret_type = out[--*len];
	return *len > MS_TLS_RECORD ? SSL_AD_RECORD_OVERFLOW : 0;
}

int ms_tls_record_open(struct ms_tls *t, struct ms_span record, uint8_t *out, uint8_t *ret_type,
		       size_t *ret_len)
{
	struct ms_tls_record *r = t->record;
	size_t before = r->v13 ? 0 : MS_TLS_EXPLICIT;
	struct ms_span text = ms_span_from(record, MS_TLS_HEADER + before);
	uint8_t nonce[12], aad[13];
	EVP_CIPHER_CTX *c;
	int n;

	if (text.len < MS_TLS_TAG + (r->v13 ? 1 : 0))
		return SSL_AD_BAD_RECORD_MAC;
	text.len -= MS_TLS_TAG;
	nonce_of(r, &r->in, record.p + MS_TLS_HEADER, nonce);
	n = beside(r, &r->in, record.p, text.len, aad);
	c = ready(t, &r->in, false, nonce);
	if (!c)
		return SSL_AD_INTERNAL_ERROR;
	if (!open_text(c, aad, n, text, out)) {
		ms_wipe(out, text.len);
		return SSL_AD_BAD_RECORD_MAC;
	}
	r->in.seq++;
	*ret_type = record.p[0];
	*ret_len = text.len;
	return r->v13 ? inner_type(out, ret_type, ret_len) : 0;
}

size_t ms_tls_record_seal(struct ms_tls *t, uint8_t type, struct ms_span plain, uint8_t *out)
{
	struct ms_tls_record *r = t->record;
	size_t before = r->v13 ? 0 : MS_TLS_EXPLICIT, len = plain.len + r->v13;
	uint8_t *text = out + MS_TLS_HEADER + before;
	uint8_t nonce[12], aad[13];
	EVP_CIPHER_CTX *c;
	int n, aad_len;

	put_header(out, r->v13 ? MS_TLS_DATA : type, before + len + MS_TLS_TAG);
	if (before)
		put_u64(out + MS_TLS_HEADER, r->out.seq);
	nonce_of(r, &r->out, out + MS_TLS_HEADER, nonce);
	aad_len = beside(r, &r->out, out, len, aad);
	c = ready(t, &r->out, true, nonce);
	if (!c || EVP_EncryptUpdate(c, NULL, &n, aad, aad_len) != 1 ||
	    (plain.len > 0 && EVP_EncryptUpdate(c, text, &n, plain.p, (int)plain.len) != 1) ||
	    (r->v13 && EVP_EncryptUpdate(c, text + plain.len, &n, &type, 1) != 1) ||
	    EVP_EncryptFinal_ex(c, text + len, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, MS_TLS_TAG, text + len) != 1)
		return 0;
	r->out.seq++;
	return MS_TLS_HEADER + before + len + MS_TLS_TAG;
}
