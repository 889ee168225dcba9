/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3830 section 4.1.2: P over each 32-octet block of the input key, all XORed together. */
#include "crypto/prf.h"

#include <errno.h>

#include "core/secret.h"

int ms_prf_key_set(struct ms_prf_key *k, enum ms_hash_alg alg, struct ms_span inkey)
{
	if (inkey.len == 0 || inkey.len > MS_PRF_INKEY_MAX)
		return -EINVAL;
	k->n = 0;
	for (size_t at = 0; at < inkey.len; at += MS_PRF_BLOCK)
		ms_hmac_key_set(&k->block[k->n++], alg, ms_span_sub(inkey, at, MS_PRF_BLOCK));
	return 0;
}

void ms_prf_key_wipe(struct ms_prf_key *k)
{
	ms_wipe(k->block, k->n * sizeof(k->block[0]));
	k->n = 0;
}

/* P(s, label, m): HMAC(s, A_1 || label) || HMAC(s, A_2 || label) ..., A_0 = label,
 * A_i = HMAC(s, A_(i-1)); its first `len` octets are XORed into `out`. */
static void xor_p(const struct ms_hmac_key *s, struct ms_span label, uint8_t *out, size_t len)
{
	size_t hash_len = ms_hash_len(s->alg);
	uint8_t a[MS_HASH_MAX];
	uint8_t p[MS_HASH_MAX];
	struct ms_span in[2] = { label, label };

	ms_hmac(s, &label, 1, a);
	in[0] = ms_span_of(a, hash_len);
	for (size_t at = 0; at < len; at += hash_len) {
		if (at > 0)
			ms_hmac(s, in, 1, a);
		ms_hmac(s, in, 2, p);
		for (size_t i = 0; i < hash_len && at + i < len; i++)
			out[at + i] ^= p[i];
	}
	ms_wipe(a, sizeof(a));
	ms_wipe(p, sizeof(p));
}

int ms_prf_out(const struct ms_prf_key *k, struct ms_span label, uint8_t *out, size_t len)
{
	if (len > MS_PRF_OUT_MAX)
		return -EINVAL;
	memset(out, 0, len);
	for (size_t i = 0; i < k->n; i++)
		xor_p(&k->block[i], label, out, len);
	return 0;
}

int ms_prf(enum ms_hash_alg alg, struct ms_span inkey, struct ms_span label, uint8_t *out,
	   size_t len)
{
	MS_CLEANUP(ms_prf_key_wipe) struct ms_prf_key k;
	int err;

	k.n = 0;
	err = ms_prf_key_set(&k, alg, inkey);
	return err < 0 ? err : ms_prf_out(&k, label, out, len);
}
