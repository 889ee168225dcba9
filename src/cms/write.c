/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypting a MIME entity and writing the object, RFC 5083 section 2. */
#include <errno.h>

#include "cms/cms-priv.h"
#include "core/secret.h"
#include "crypto/aes.h"

/* What the pieces and DER around them may take beyond the content. */
#define PIECE_SLACK (64 * 1024)
#define TAG_DEFAULT 16

static int seal_content(struct ms_cms_message *m, const struct ms_secret *cek, size_t tag_len,
			struct ms_span entity)
{
	uint8_t *cipher = ms_buf_extend(&m->own[MS_CMS_CIPHER], entity.len);
	uint8_t *mac = ms_buf_extend(&m->own[MS_CMS_MAC], tag_len);
	int err;

	if (!cipher)
		return ms_buf_status(&m->own[MS_CMS_CIPHER]);
	if (!mac)
		return ms_buf_status(&m->own[MS_CMS_MAC]);
	/* RFC 5083 section 2.1: without authAttrs the additional data is empty. */
	err = ms_aead_seal(m->alg, ms_secret_span(cek), m->piece[MS_CMS_NONCE], MS_SPAN_NULL,
			   entity, tag_len, cipher, mac);
	m->piece[MS_CMS_CIPHER] = ms_buf_span(&m->own[MS_CMS_CIPHER]);
	m->piece[MS_CMS_MAC] = ms_buf_span(&m->own[MS_CMS_MAC]);
	return err;
}

/* A content key and nonce for this message alone (RFC 5083 section 2.1). */
static int draw(struct ms_cms_message *m, const struct ms_random *rng, struct ms_secret *ret_cek)
{
	const struct ms_aead_info *info = ms_aead_info(m->alg);
	uint8_t nonce[MS_AEAD_NONCE_MAX];
	int err = ms_random_fill(rng, ret_cek->b, info->key_len);

	ret_cek->len = info->key_len;
	if (err == 0)
		err = ms_random_fill(rng, nonce, info->nonce_default);
	if (err == 0)
		err = ms_cms_keep(m, MS_CMS_NONCE, ms_span_of(nonce, info->nonce_default));
	return err;
}

static int wrap(struct ms_cms_message *m, struct ms_span kek, const struct ms_secret *cek)
{
	uint8_t wrapped[MS_CMS_WRAPPED_MAX];
	int err = ms_aes_wrap(kek, ms_aes_wrap_iv, ms_secret_span(cek), wrapped);

	if (err < 0)
		return err;
	m->kek_len = kek.len;
	return ms_cms_keep(m, MS_CMS_WRAPPED, ms_span_of(wrapped, cek->len + MS_AES_WRAP_EXTRA));
}

int ms_cms_seal(const struct ms_cms_params *p, struct ms_span kek, struct ms_span entity,
		const struct ms_random *rng, struct ms_cms_message **ret_m)
{
	MS_CLEANUP(ms_secret_wipe) struct ms_secret cek = { .len = 0 };
	MS_CLEANUP(ms_cms_freep) struct ms_cms_message *m = NULL;
	size_t tag_len = p->tag_len > 0 ? p->tag_len : TAG_DEFAULT;
	int err;

	if ((kek.len != 16 && kek.len != 32) || !ms_aead_tag_ok(p->alg, tag_len))
		return -EINVAL;
	if (entity.len > SIZE_MAX - PIECE_SLACK)
		return -EMSGSIZE;
	m = ms_cms_new(entity.len + PIECE_SLACK);
	if (!m)
		return -ENOMEM;
	m->alg = p->alg;
	err = draw(m, rng, &cek);
	if (err == 0)
		err = wrap(m, kek, &cek);
	if (err == 0)
		err = seal_content(m, &cek, tag_len, entity);
	if (err < 0)
		return err;
	*ret_m = m;
	m = NULL;
	return 0;
}

/* RecipientInfo.kekri [2], RFC 5652 section 6.2.3. */
static void put_recipient(struct ms_buf *b, const struct ms_cms_message *m)
{
	size_t kekri = ms_der_open(b, MS_BER_CONTEXT_CONSTRUCTED(2));
	size_t inner;

	ms_der_put_uint(b, 4);
	inner = ms_der_open(b, MS_BER_SEQUENCE);
	ms_der_put(b, MS_BER_OCTET_STRING, m->piece[MS_CMS_KEY_ID]);
	ms_der_close(b, inner);
	inner = ms_der_open(b, MS_BER_SEQUENCE);
	/* RFC 3565 section 2.3.2: the parameters are absent. */
	ms_der_put(b, MS_BER_OID, ms_cms_oid_of_wrap(m->kek_len));
	ms_der_close(b, inner);
	ms_der_put(b, MS_BER_OCTET_STRING, m->piece[MS_CMS_WRAPPED]);
	ms_der_close(b, kekri);
}

/* GCMParameters and CCMParameters are alike: RFC 5084 section 3. */
static void put_algorithm(struct ms_buf *b, const struct ms_cms_message *m)
{
	size_t alg = ms_der_open(b, MS_BER_SEQUENCE), params;

	ms_der_put(b, MS_BER_OID, ms_cms_oid_of_alg(m->alg));
	params = ms_der_open(b, MS_BER_SEQUENCE);
	ms_der_put(b, MS_BER_OCTET_STRING, m->piece[MS_CMS_NONCE]);
	if (m->piece[MS_CMS_MAC].len != MS_CMS_ICV_DEFAULT)
		ms_der_put_uint(b, (uint32_t)m->piece[MS_CMS_MAC].len);
	ms_der_close(b, params);
	ms_der_close(b, alg);
}

/* All of AuthEnvelopedData before the encrypted content; its sizes are known, so nothing moves. */
static void put_around(struct ms_buf *b, struct ms_span recipients, struct ms_span info,
		       const struct ms_cms_message *m)
{
	struct ms_span cipher = m->piece[MS_CMS_CIPHER], mac = m->piece[MS_CMS_MAC];
	size_t info_len = info.len + ms_der_size(cipher.len);
	size_t data_len = ms_der_size(1) + ms_der_size(recipients.len) + ms_der_size(info_len) +
			  ms_der_size(mac.len);
	size_t content_len = ms_der_size(data_len);

	ms_der_put_header(b, MS_BER_SEQUENCE,
			  ms_der_size(ms_cms_oid_auth_enveloped.len) + ms_der_size(content_len));
	ms_der_put(b, MS_BER_OID, ms_cms_oid_auth_enveloped);
	ms_der_put_header(b, MS_BER_CONTEXT_CONSTRUCTED(0), content_len);
	ms_der_put_header(b, MS_BER_SEQUENCE, data_len);
	ms_der_put_uint(b, 0);
	ms_der_put(b, MS_BER_SET, recipients);
	ms_der_put_header(b, MS_BER_SEQUENCE, info_len);
	ms_buf_put_span(b, info);
	ms_der_put(b, MS_BER_CONTEXT(0), cipher);
	ms_der_put(b, MS_BER_OCTET_STRING, mac);
}

int ms_cms_write(const struct ms_cms_message *m, struct ms_buf *b)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf recipients;
	MS_CLEANUP(ms_buf_done) struct ms_buf info;
	int err;

	ms_buf_init(&recipients, m->piece[MS_CMS_KEY_ID].len + 256);
	ms_buf_init(&info, 256);
	if (!m->has_key_id)
		return -EINVAL;
	put_recipient(&recipients, m);
	ms_der_put(&info, MS_BER_OID, ms_cms_oid_data);
	put_algorithm(&info, m);
	err = ms_buf_status(&recipients);
	if (err == 0)
		err = ms_buf_status(&info);
	if (err < 0)
		return err;
	put_around(b, ms_buf_span(&recipients), ms_buf_span(&info), m);
	return ms_buf_status(b);
}
