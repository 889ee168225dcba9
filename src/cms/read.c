/* SPDX-License-Identifier: Apache-2.0 */
/* Reading AuthEnvelopedData in BER, RFC 5083 section 2 and RFC 5652 sections 3 and 6. */
#include <errno.h>

#include "cms/cms-priv.h"

struct reading {
	struct ms_cms_message *m;
	const struct ms_cms_limits *limits;
	struct ms_fault *f;
	const uint8_t *start;
	size_t tag_len; /* aes-ICVlen */
};

static int refuse(const struct reading *rd, int err, const char *reason, const struct ms_ber *at)
{
	return ms_fault_set(rd->f, err, 0, reason, (size_t)(at->r.p - rd->start));
}

static int malformed(const struct reading *rd, const struct ms_ber *at)
{
	return refuse(rd, -EBADMSG, "cms_malformed", at);
}

static int octets(const struct reading *rd, struct ms_ber *at, unsigned id, enum ms_cms_piece i)
{
	int err = ms_ber_octets(at, id, &rd->m->own[i], &rd->m->piece[i]);

	return err == -EBADMSG ? malformed(rd, at) : err;
}

/* KEKIdentifier ::= SEQUENCE { keyIdentifier, date OPTIONAL, other OPTIONAL }; the latter two are
 * of no use to us. */
static int read_kekid(struct reading *rd, struct ms_ber *at)
{
	struct ms_ber kekid;
	struct ms_ber_tlv e;
	int err;

	if (ms_ber_enter(at, MS_BER_SEQUENCE, &kekid) < 0)
		return malformed(rd, at);
	err = octets(rd, &kekid, MS_BER_OCTET_STRING, MS_CMS_KEY_ID);
	if (err < 0)
		return err;
	if (rd->m->piece[MS_CMS_KEY_ID].len > rd->limits->key_id_max)
		return refuse(rd, -EMSGSIZE, "cms_key_id_too_long", &kekid);
	rd->m->has_key_id = true;
	if (ms_ber_peek(&kekid) == MS_BER_GENERALIZED_TIME && ms_ber_next(&kekid, &e) < 0)
		return malformed(rd, &kekid);
	if (ms_ber_peek(&kekid) == MS_BER_SEQUENCE && ms_ber_next(&kekid, &e) < 0)
		return malformed(rd, &kekid);
	return ms_ber_end(&kekid) < 0 ? malformed(rd, &kekid) : 0;
}

static int read_wrap_algorithm(struct reading *rd, struct ms_ber *at)
{
	struct ms_ber alg;
	struct ms_span oid;

	if (ms_ber_enter(at, MS_BER_SEQUENCE, &alg) < 0 || ms_ber_oid(&alg, &oid) < 0)
		return malformed(rd, at);
	rd->m->kek_len = ms_cms_wrap_of_oid(oid);
	if (rd->m->kek_len == 0)
		return refuse(rd, -ENOTSUP, "cms_wrap_algorithm", &alg);
	/* RFC 3565 section 2.3.2: the parameters are absent. */
	return ms_ber_end(&alg) < 0 ? malformed(rd, &alg) : 0;
}

static int read_kek_recipient(struct reading *rd, struct ms_ber *at)
{
	struct ms_ber kekri;
	uint32_t version;
	int err;

	if (ms_ber_peek(at) != MS_BER_CONTEXT_CONSTRUCTED(2))
		return refuse(rd, -ENOTSUP, "cms_recipient", at);
	if (ms_ber_enter(at, MS_BER_CONTEXT_CONSTRUCTED(2), &kekri) < 0 ||
	    ms_ber_uint(&kekri, &version) < 0 || version != 4)
		return malformed(rd, at);
	err = read_kekid(rd, &kekri);
	if (err == 0)
		err = read_wrap_algorithm(rd, &kekri);
	if (err == 0)
		err = octets(rd, &kekri, MS_BER_OCTET_STRING, MS_CMS_WRAPPED);
	if (err < 0)
		return err;
	return ms_ber_end(&kekri) < 0 ? malformed(rd, &kekri) : 0;
}

/* TS 33.328 annex I.2: one recipient, as one ticket can name them all. */
static int read_recipients(struct reading *rd, struct ms_ber *at)
{
	struct ms_ber set;
	int err;

	if (ms_ber_enter(at, MS_BER_SET, &set) < 0)
		return malformed(rd, at);
	err = read_kek_recipient(rd, &set);
	if (err < 0)
		return err;
	return ms_ber_end(&set) < 0 ? refuse(rd, -ENOTSUP, "cms_recipient", &set) : 0;
}

/* SEQUENCE { aes-nonce OCTET STRING, aes-ICVlen INTEGER DEFAULT 12 }: RFC 5084 section 3. */
static int read_parameters(struct reading *rd, struct ms_ber *at)
{
	const struct ms_aead_info *info = ms_aead_info(rd->m->alg);
	uint32_t icv_len = MS_CMS_ICV_DEFAULT;
	struct ms_ber params;
	int err;

	if (ms_ber_enter(at, MS_BER_SEQUENCE, &params) < 0)
		return malformed(rd, at);
	err = octets(rd, &params, MS_BER_OCTET_STRING, MS_CMS_NONCE);
	if (err < 0)
		return err;
	if (ms_ber_peek(&params) == MS_BER_INTEGER && ms_ber_uint(&params, &icv_len) < 0)
		return malformed(rd, &params);
	if (ms_ber_end(&params) < 0)
		return malformed(rd, &params);
	if (rd->m->piece[MS_CMS_NONCE].len < info->nonce_min ||
	    rd->m->piece[MS_CMS_NONCE].len > info->nonce_max)
		return refuse(rd, -ENOTSUP, "cms_nonce_length", &params);
	if (!ms_aead_tag_ok(rd->m->alg, icv_len) || icv_len < rd->limits->mac_min)
		return refuse(rd, -ENOTSUP, "cms_mac_length", &params);
	rd->tag_len = icv_len;
	return 0;
}

static int read_content_algorithm(struct reading *rd, struct ms_ber *at)
{
	struct ms_ber alg;
	struct ms_span oid;
	int err;

	if (ms_ber_enter(at, MS_BER_SEQUENCE, &alg) < 0 || ms_ber_oid(&alg, &oid) < 0)
		return malformed(rd, at);
	if (ms_cms_alg_of_oid(oid, &rd->m->alg) < 0)
		return refuse(rd, -ENOTSUP, "cms_content_algorithm", &alg);
	err = read_parameters(rd, &alg);
	if (err < 0)
		return err;
	return ms_ber_end(&alg) < 0 ? malformed(rd, &alg) : 0;
}

static int read_content_info(struct reading *rd, struct ms_ber *at)
{
	struct ms_ber info;
	struct ms_span oid;
	int err;

	if (ms_ber_enter(at, MS_BER_SEQUENCE, &info) < 0 || ms_ber_oid(&info, &oid) < 0)
		return malformed(rd, at);
	if (!ms_span_eq(oid, ms_cms_oid_data))
		return refuse(rd, -ENOTSUP, "cms_content_type", &info);
	err = read_content_algorithm(rd, &info);
	if (err < 0)
		return err;
	if (ms_ber_end(&info) == 0)
		return refuse(rd, -ENOTSUP, "cms_detached", &info);
	err = octets(rd, &info, MS_BER_CONTEXT(0), MS_CMS_CIPHER);
	if (err < 0)
		return err;
	return ms_ber_end(&info) < 0 ? malformed(rd, &info) : 0;
}

/* RFC 5083 section 2.1: the additional data is the DER encoding of authAttrs with the tag of SET OF
 * and not the one it was sent under. */
static int read_auth_attrs(struct reading *rd, struct ms_ber *at)
{
	struct ms_ber attrs;
	int err;

	if (ms_ber_peek(at) != MS_BER_CONTEXT_CONSTRUCTED(1))
		return 0;
	if (ms_ber_enter(at, MS_BER_CONTEXT_CONSTRUCTED(1), &attrs) < 0)
		return malformed(rd, at);
	err = ms_der_put_set_of(&rd->m->own[MS_CMS_AAD], MS_BER_SET, &attrs);
	rd->m->piece[MS_CMS_AAD] = ms_buf_span(&rd->m->own[MS_CMS_AAD]);
	if (err == -EBADMSG || err == -E2BIG)
		return refuse(rd, -EBADMSG, "cms_auth_attributes", at);
	return err;
}

/* originatorInfo [0] and unauthAttrs [2] say nothing a KEK recipient needs, and are not protected. */
static int skip_optional(const struct reading *rd, struct ms_ber *at, unsigned id)
{
	struct ms_ber_tlv e;

	return ms_ber_peek(at) == id && ms_ber_next(at, &e) < 0 ? malformed(rd, at) : 0;
}

static int read_auth_enveloped(struct reading *rd, struct ms_ber *at)
{
	struct ms_ber data;
	uint32_t version;
	int err;

	if (ms_ber_enter(at, MS_BER_SEQUENCE, &data) < 0 || ms_ber_uint(&data, &version) < 0)
		return malformed(rd, at);
	if (version != 0)
		return refuse(rd, -ENOTSUP, "cms_version", &data);
	err = skip_optional(rd, &data, MS_BER_CONTEXT_CONSTRUCTED(0));
	if (err == 0)
		err = read_recipients(rd, &data);
	if (err == 0)
		err = read_content_info(rd, &data);
	if (err == 0)
		err = read_auth_attrs(rd, &data);
	if (err == 0)
		err = octets(rd, &data, MS_BER_OCTET_STRING, MS_CMS_MAC);
	if (err < 0)
		return err;
	if (rd->m->piece[MS_CMS_MAC].len != rd->tag_len)
		return refuse(rd, -EBADMSG, "cms_mac_length", &data);
	err = skip_optional(rd, &data, MS_BER_CONTEXT_CONSTRUCTED(2));
	if (err < 0)
		return err;
	return ms_ber_end(&data) < 0 ? malformed(rd, &data) : 0;
}

static int read_message(struct reading *rd, struct ms_span der)
{
	struct ms_ber top = ms_ber_of(der), info, content;
	struct ms_span oid;
	int err;

	if (ms_ber_enter(&top, MS_BER_SEQUENCE, &info) < 0 || ms_ber_oid(&info, &oid) < 0)
		return malformed(rd, &top);
	if (!ms_span_eq(oid, ms_cms_oid_auth_enveloped))
		return refuse(rd, -ENOTSUP, "cms_type", &info);
	if (ms_ber_enter(&info, MS_BER_CONTEXT_CONSTRUCTED(0), &content) < 0)
		return malformed(rd, &info);
	err = read_auth_enveloped(rd, &content);
	if (err < 0)
		return err;
	if (ms_ber_end(&content) < 0 || ms_ber_end(&info) < 0 || ms_ber_end(&top) < 0)
		return malformed(rd, &top);
	return 0;
}

int ms_cms_read(struct ms_span der, const struct ms_cms_limits *l, struct ms_cms_message **ret_m,
		struct ms_fault *f)
{
	MS_CLEANUP(ms_cms_freep) struct ms_cms_message *m = NULL;
	struct ms_cms_limits limits = l ? *l : ms_cms_limits_default;
	struct reading rd = { .limits = &limits, .f = f, .start = der.p };
	int err;

	if (limits.message_max == 0)
		limits.message_max = ms_cms_limits_default.message_max;
	if (limits.key_id_max == 0)
		limits.key_id_max = ms_cms_limits_default.key_id_max;
	if (limits.mac_min == 0)
		limits.mac_min = ms_cms_limits_default.mac_min;
	if (der.len > limits.message_max)
		return ms_fault_set(f, -EMSGSIZE, 0, "cms_too_long", 0);
	m = ms_cms_new(der.len + der.len / 1024 + 128);
	if (!m)
		return -ENOMEM;
	rd.m = m;
	err = read_message(&rd, der);
	if (err < 0)
		return err;
	*ret_m = m;
	m = NULL;
	return 0;
}
