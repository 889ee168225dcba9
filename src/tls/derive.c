/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/derive.h"

#include "core/secret.h"

/* ---- HMAC ---- */

void ms_tls_mac_set(struct ms_tls_mac *m, size_t hash_len, struct ms_span key)
{
	m->len = hash_len;
	if (hash_len == MS_SHA384_LEN)
		ms_hmac_384_key_set(&m->key.sha384, key);
	else
		ms_hmac_key_set(&m->key.sha256, MS_HASH_SHA256, key);
}

void ms_tls_mac(const struct ms_tls_mac *m, const struct ms_span *parts, size_t n,
		uint8_t mac[MS_TLS_HASH_MAX])
{
	if (m->len == MS_SHA384_LEN)
		ms_hmac_384(&m->key.sha384, parts, n, mac);
	else
		ms_hmac(&m->key.sha256, parts, n, mac);
}

void ms_tls_mac_wipe(struct ms_tls_mac *m)
{
	ms_wipe(m, sizeof(*m));
}

/* ---- TLS 1.2 ---- */

/* A(i) stands in front of the seed, so that both are the parts of one MAC. */
void ms_tls_prf(size_t hash_len, struct ms_span secret, const struct ms_span *seed, size_t n_seed,
		uint8_t *out, size_t n)
{
	uint8_t a[MS_TLS_HASH_MAX], block[MS_TLS_HASH_MAX];
	struct ms_span parts[1 + MS_TLS_SEEDS_MAX] = { ms_span_of(a, hash_len) };
	struct ms_tls_mac m;

	if (n_seed > MS_TLS_SEEDS_MAX)
		n_seed = MS_TLS_SEEDS_MAX;
	for (size_t i = 0; i < n_seed; i++)
		parts[1 + i] = seed[i];
	ms_tls_mac_set(&m, hash_len, secret);
	ms_tls_mac(&m, seed, n_seed, a);
	for (size_t at = 0; at < n; at += hash_len) {
		ms_tls_mac(&m, parts, 1 + n_seed, block);
		memcpy(out + at, block, n - at < hash_len ? n - at : hash_len);
		if (n - at > hash_len)
			ms_tls_mac(&m, parts, 1, a);
	}
	ms_tls_mac_wipe(&m);
	ms_wipe(a, sizeof(a));
	ms_wipe(block, sizeof(block));
}

/* ---- TLS 1.3 ---- */

void ms_tls_extract(size_t hash_len, struct ms_span salt, struct ms_span secret,
		    uint8_t out[MS_TLS_HASH_MAX])
{
	struct ms_tls_mac m;

	ms_tls_mac_set(&m, hash_len, salt);
	ms_tls_mac(&m, &secret, 1, out);
	ms_tls_mac_wipe(&m);
}

/* HKDF-Expand (RFC 5869 section 2.3) with what HkdfLabel consists of as its info. */
void ms_tls_expand_label(size_t hash_len, struct ms_span secret, struct ms_span prefix,
			 struct ms_span label, struct ms_span context, uint8_t *out, size_t n)
{
	uint8_t head[3] = { (uint8_t)(n >> 8), (uint8_t)n, (uint8_t)(prefix.len + label.len) };
	uint8_t context_len = (uint8_t)context.len, number = 1, block[MS_TLS_HASH_MAX];
	const struct ms_span parts[] = {
		ms_span_of(block, hash_len),
		ms_span_of(head, sizeof(head)),
		prefix,
		label,
		ms_span_of(&context_len, 1),
		context,
		ms_span_of(&number, 1),
	};
	struct ms_tls_mac m;

	ms_tls_mac_set(&m, hash_len, secret);
	for (size_t at = 0; at < n; at += hash_len, number++) {
		size_t first = number == 1; /* there is no block before it */

		ms_tls_mac(&m, parts + first, MS_ARRAY_SIZE(parts) - first, block);
		memcpy(out + at, block, n - at < hash_len ? n - at : hash_len);
	}
	ms_tls_mac_wipe(&m);
	ms_wipe(block, sizeof(block));
}
