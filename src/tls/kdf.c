/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing is kept between calls: libssl brings all parameters with each derivation. */
#include "tls/kdf.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "core/attr.h"
#include "core/secret.h"
#include "tls/derive.h"

#define LABEL_MAX 255 /* octets of prefix and label, and of context (RFC 8446 section 7.1) */
#define BLOCKS_MAX 255

/* What a derivation is made of. */
struct given {
	size_t hash_len; /* 0: another hash */
	int mode;
	struct ms_span secret, salt, prefix, label, context;
	bool has_secret, has_salt;
	struct ms_span seed[MS_TLS_SEEDS_MAX];
	size_t n_seed;
	bool bad;
};

/* ---- parameters ---- */

static size_t hash_of(const char *name)
{
	static const struct {
		const char *name;
		size_t len;
	} hashes[] = { { "SHA2-256", 32 }, { "SHA256", 32 }, { "SHA2-384", 48 }, { "SHA384", 48 } };

	for (size_t i = 0; i < MS_ARRAY_SIZE(hashes); i++)
		if (strcasecmp(name, hashes[i].name) == 0)
			return hashes[i].len;
	return 0;
}

static void take_seed(struct given *g, struct ms_span seed)
{
	if (g->n_seed == MS_TLS_SEEDS_MAX)
		g->bad = true;
	else
		g->seed[g->n_seed++] = seed;
}

static void take_octets(struct given *g, const char *key, struct ms_span value)
{
	if (strcmp(key, OSSL_KDF_PARAM_SEED) == 0) {
		take_seed(g, value);
	} else if (strcmp(key, OSSL_KDF_PARAM_SECRET) == 0 ||
		   strcmp(key, OSSL_KDF_PARAM_KEY) == 0) {
		g->secret = value;
		g->has_secret = true;
	} else if (strcmp(key, OSSL_KDF_PARAM_SALT) == 0) {
		g->salt = value;
		g->has_salt = true;
	} else if (strcmp(key, OSSL_KDF_PARAM_PREFIX) == 0) {
		g->prefix = value;
	} else if (strcmp(key, OSSL_KDF_PARAM_LABEL) == 0) {
		g->label = value;
	} else if (strcmp(key, OSSL_KDF_PARAM_DATA) == 0) {
		g->context = value;
	}
}

static void take(struct given *g, const OSSL_PARAM *p)
{
	if (p->data_type == OSSL_PARAM_OCTET_STRING)
		take_octets(g, p->key, ms_span_of(p->data, p->data_size));
	else if (strcmp(p->key, OSSL_KDF_PARAM_DIGEST) == 0)
		g->hash_len = hash_of(p->data);
	else if (strcmp(p->key, OSSL_KDF_PARAM_MODE) == 0 && !OSSL_PARAM_get_int(p, &g->mode))
		g->bad = true;
}

static struct given read_all(const OSSL_PARAM *p)
{
	struct given g = { .mode = -1 };

	for (; p && p->key; p++)
		take(&g, p);
	return g;
}

/* ---- TLS 1.2 ---- */

static int derive_12(void *none MS_UNUSED, unsigned char *out, size_t n, const OSSL_PARAM *params)
{
	struct given g = read_all(params);

	if (g.bad || g.hash_len == 0 || !g.has_secret || g.n_seed == 0 || n == 0)
		return 0;
	ms_tls_prf(g.hash_len, g.secret, g.seed, g.n_seed, out, n);
	return 1;
}

/* ---- TLS 1.3 ---- */

static int expand(const struct given *g, uint8_t *out, size_t n)
{
	if (!g->has_secret || n == 0 || n > BLOCKS_MAX * g->hash_len)
		return 0;
	ms_tls_expand_label(g->hash_len, g->secret, g->prefix, g->label, g->context, out, n);
	return 1;
}

static void hash_of_nothing(size_t hash_len, uint8_t digest[MS_TLS_HASH_MAX])
{
	if (hash_len == MS_SHA384_LEN)
		ms_sha384(NULL, 0, digest);
	else
		ms_hash(MS_HASH_SHA256, NULL, 0, digest);
}

/*
 * One step of the key schedule: Extract(Derive-Secret(the secret before, "derived", ""), the new input).
 * The first has no secret before it, the last no input; zeros stand in for both.
 */
static int extract(const struct given *g, uint8_t *out, size_t n)
{
	static const uint8_t zeros[MS_TLS_HASH_MAX];
	uint8_t nothing[MS_TLS_HASH_MAX], salt[MS_TLS_HASH_MAX] = { 0 };
	struct ms_span input = g->has_secret ? g->secret : ms_span_of(zeros, g->hash_len);

	if (n != g->hash_len)
		return 0;
	if (g->has_salt) {
		hash_of_nothing(g->hash_len, nothing);
		ms_tls_expand_label(g->hash_len, g->salt, g->prefix, g->label,
				    ms_span_of(nothing, g->hash_len), salt, g->hash_len);
	}
	ms_tls_extract(g->hash_len, ms_span_of(salt, g->hash_len), input, out);
	ms_wipe(salt, sizeof(salt));
	return 1;
}

static int derive_13(void *none MS_UNUSED, unsigned char *out, size_t n, const OSSL_PARAM *params)
{
	struct given g = read_all(params);

	if (g.bad || g.hash_len == 0 || g.prefix.len + g.label.len > LABEL_MAX ||
	    g.context.len > LABEL_MAX)
		return 0;
	switch (g.mode) {
	case EVP_KDF_HKDF_MODE_EXTRACT_ONLY:
		return extract(&g, out, n);
	case EVP_KDF_HKDF_MODE_EXPAND_ONLY:
		return expand(&g, out, n);
	default:
		return 0;
	}
}

/* ---- for libcrypto ---- */

static void *new_context(void *provider)
{
	return provider;
}

static void free_context(void *provider MS_UNUSED)
{
}

#define FUNCTIONS(derive)                                                        \
	{                                                                        \
		{ OSSL_FUNC_KDF_NEWCTX, (void (*)(void))new_context },           \
			{ OSSL_FUNC_KDF_FREECTX, (void (*)(void))free_context }, \
			{ OSSL_FUNC_KDF_DERIVE, (void (*)(void))(derive) },      \
		{                                                                \
			0, NULL                                                  \
		}                                                                \
	}

static const OSSL_DISPATCH tls_12[] = FUNCTIONS(derive_12), tls_13[] = FUNCTIONS(derive_13);

const OSSL_DISPATCH *ms_tls_kdf(const char *name)
{
	if (strcasecmp(name, "TLS1-PRF") == 0)
		return tls_12;
	return strcasecmp(name, "TLS13-KDF") == 0 ? tls_13 : NULL;
}
