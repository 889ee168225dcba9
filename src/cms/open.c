/* SPDX-License-Identifier: Apache-2.0 */
/* Unwrapping and decrypting, RFC 5083 section 2.2: nothing comes out before the MAC has verified. */
#include <errno.h>

#include "cms/cms-priv.h"
#include "core/secret.h"
#include "crypto/aes.h"

static int unwrap(const struct ms_cms_message *m, struct ms_span kek, struct ms_secret *ret_cek,
		  struct ms_fault *f)
{
	size_t key_len = ms_aead_info(m->alg)->key_len;
	int err;

	if (m->piece[MS_CMS_WRAPPED].len != key_len + MS_AES_WRAP_EXTRA)
		return ms_fault_set(f, -EBADMSG, 0, "cms_wrapped_key_length", 0);
	err = ms_aes_unwrap(kek, ms_aes_wrap_iv, m->piece[MS_CMS_WRAPPED], ret_cek->b);
	if (err == -EBADMSG)
		return ms_fault_set(f, -EKEYREJECTED, 0, "cms_wrong_key", 0);
	if (err == 0)
		ret_cek->len = key_len;
	return err;
}

int ms_cms_open(const struct ms_cms_message *m, struct ms_span kek, struct ms_buf *entity,
		struct ms_fault *f)
{
	MS_CLEANUP(ms_secret_wipe) struct ms_secret cek = { .len = 0 };
	struct ms_span cipher = m->piece[MS_CMS_CIPHER];
	size_t start = entity->len;
	uint8_t *plain;
	int err;

	if (kek.len != m->kek_len)
		return ms_fault_set(f, -EINVAL, 0, "cms_key_length", 0);
	err = unwrap(m, kek, &cek, f);
	if (err < 0)
		return err;
	plain = ms_buf_extend(entity, cipher.len);
	if (!plain)
		return ms_buf_status(entity);
	err = ms_aead_open(m->alg, ms_secret_span(&cek), m->piece[MS_CMS_NONCE],
			   m->piece[MS_CMS_AAD], cipher, m->piece[MS_CMS_MAC], plain);
	if (err < 0)
		ms_buf_truncate(entity, start);
	if (err == -EBADMSG)
		return ms_fault_set(f, err, 0, "cms_mac", 0);
	return err;
}
