/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption of KEMAC contents: RFC 3830 section 4.2.3. */
#include "mikey/kemac.h"

#include <errno.h>

#include "crypto/aes.h"

void ms_mikey_iv(uint8_t iv[16], struct ms_span salt, uint32_t csb_id, uint64_t t64)
{
	for (size_t i = 0; i < 16; i++)
		iv[i] = i < salt.len && i < 14 ? salt.p[i] : 0;
	for (size_t i = 0; i < 4; i++)
		iv[2 + i] ^= (uint8_t)(csb_id >> (24 - 8 * i));
	for (size_t i = 0; i < 8; i++)
		iv[6 + i] ^= (uint8_t)(t64 >> (56 - 8 * i));
}

/* Do the keys have the lengths of the algorithm? */
static int check_keys(unsigned encr_alg, const struct ms_mikey_encr_keys *keys)
{
	size_t encr_len, salt_len;
	int err = ms_mikey_encr_lens(encr_alg, &encr_len, &salt_len);

	if (err < 0)
		return err;
	return keys->encr.len == encr_len && keys->salt.len == salt_len ? 0 : -EINVAL;
}

static int counter_mode(const struct ms_mikey_encr_keys *keys, uint32_t csb_id,
			const struct ms_mikey_ts *t, struct ms_span in, struct ms_buf *out)
{
	uint8_t iv[16];
	uint8_t *p = ms_buf_extend(out, in.len);

	if (!p)
		return ms_buf_status(out);
	ms_mikey_iv(iv, ms_secret_span(&keys->salt), csb_id, ms_mikey_ts_t64(t));
	return ms_aes_cm(ms_secret_span(&keys->encr), iv, in, p);
}

static int wrap(const struct ms_mikey_encr_keys *keys, struct ms_span plain, struct ms_buf *out)
{
	uint8_t *p = ms_buf_extend(out, plain.len + MS_AES_WRAP_EXTRA);

	if (!p)
		return ms_buf_status(out);
	return ms_aes_wrap(ms_secret_span(&keys->encr), keys->salt.b, plain, p);
}

static int unwrap(const struct ms_mikey_encr_keys *keys, struct ms_span wrapped, struct ms_buf *out)
{
	uint8_t *p;

	if (wrapped.len < MS_AES_WRAP_EXTRA)
		return -EINVAL;
	p = ms_buf_extend(out, wrapped.len - MS_AES_WRAP_EXTRA);
	if (!p)
		return ms_buf_status(out);
	return ms_aes_unwrap(ms_secret_span(&keys->encr), keys->salt.b, wrapped, p);
}

int ms_mikey_kemac_encrypt(unsigned encr_alg, const struct ms_mikey_encr_keys *keys,
			   uint32_t csb_id, const struct ms_mikey_ts *t, struct ms_span plain,
			   struct ms_buf *out)
{
	size_t start = out->len;
	int err = check_keys(encr_alg, keys);

	if (err < 0)
		return err;
	err = encr_alg == MS_MIKEY_ENCR_AES_KW_128 ? wrap(keys, plain, out)
						   : counter_mode(keys, csb_id, t, plain, out);
	if (err < 0)
		ms_buf_truncate(out, start);
	return err;
}

int ms_mikey_kemac_decrypt(unsigned encr_alg, const struct ms_mikey_encr_keys *keys,
			   uint32_t csb_id, const struct ms_mikey_ts *t, struct ms_span encr_data,
			   struct ms_buf *out)
{
	size_t start = out->len;
	int err = check_keys(encr_alg, keys);

	if (err < 0)
		return err;
	err = encr_alg == MS_MIKEY_ENCR_AES_KW_128 ? unwrap(keys, encr_data, out)
						   : counter_mode(keys, csb_id, t, encr_data, out);
	if (err < 0)
		ms_buf_truncate(out, start);
	return err;
}
