/* SPDX-License-Identifier: Apache-2.0 */
/* Key rings and SRTP parameters. */
#include "mikey/session.h"

#include <errno.h>

#include "mikey/writer.h"

const struct ms_mikey_srtp ms_mikey_srtp_default = {
	.encr_alg = 1,
	.encr_key_len = 16,
	.auth_alg = 1,
	.auth_key_len = 20,
	.salt_len = 14,
	.encr = true,
	.rtcp_encr = true,
	.auth = true,
	.tag_len = 10,
};

void ms_mikey_srtp_encode(const struct ms_mikey_srtp *p, struct ms_buf *b)
{
	const uint8_t value[] = {
		[MS_MIKEY_SRTP_ENCR_ALG] = p->encr_alg,
		[MS_MIKEY_SRTP_ENCR_KEY_LEN] = p->encr_key_len,
		[MS_MIKEY_SRTP_AUTH_ALG] = p->auth_alg,
		[MS_MIKEY_SRTP_AUTH_KEY_LEN] = p->auth_key_len,
		[MS_MIKEY_SRTP_SALT_LEN] = p->salt_len,
		[MS_MIKEY_SRTP_PRF] = p->prf,
		[MS_MIKEY_SRTP_KEY_RATE] = p->key_rate,
		[MS_MIKEY_SRTP_ENCR] = p->encr,
		[MS_MIKEY_SRTP_RTCP_ENCR] = p->rtcp_encr,
		[MS_MIKEY_SRTP_FEC_ORDER] = p->fec_order,
		[MS_MIKEY_SRTP_AUTH] = p->auth,
		[MS_MIKEY_SRTP_TAG_LEN] = p->tag_len,
		[MS_MIKEY_SRTP_PREFIX_LEN] = p->prefix_len,
	};

	for (unsigned type = 0; type < sizeof(value); type++)
		ms_mikey_sp_param_u8(b, type, value[type]);
}

static void srtp_set(struct ms_mikey_srtp *p, unsigned type, uint8_t v)
{
	switch (type) {
	case MS_MIKEY_SRTP_ENCR_ALG:
		p->encr_alg = v;
		break;
	case MS_MIKEY_SRTP_ENCR_KEY_LEN:
		p->encr_key_len = v;
		break;
	case MS_MIKEY_SRTP_AUTH_ALG:
		p->auth_alg = v;
		break;
	case MS_MIKEY_SRTP_AUTH_KEY_LEN:
		p->auth_key_len = v;
		break;
	case MS_MIKEY_SRTP_SALT_LEN:
		p->salt_len = v;
		break;
	case MS_MIKEY_SRTP_PRF:
		p->prf = v;
		break;
	case MS_MIKEY_SRTP_KEY_RATE:
		p->key_rate = v;
		break;
	case MS_MIKEY_SRTP_ENCR:
		p->encr = v != 0;
		break;
	case MS_MIKEY_SRTP_RTCP_ENCR:
		p->rtcp_encr = v != 0;
		break;
	case MS_MIKEY_SRTP_FEC_ORDER:
		p->fec_order = v;
		break;
	case MS_MIKEY_SRTP_AUTH:
		p->auth = v != 0;
		break;
	case MS_MIKEY_SRTP_TAG_LEN:
		p->tag_len = v;
		break;
	case MS_MIKEY_SRTP_PREFIX_LEN:
		p->prefix_len = v;
		break;
	}
}

int ms_mikey_srtp_decode(struct ms_span params, struct ms_mikey_srtp *ret_p)
{
	struct ms_mikey_srtp p = ms_mikey_srtp_default;
	struct ms_span value;
	size_t pos = 0;
	uint8_t type;

	while (ms_mikey_sp_next(params, &pos, &type, &value)) {
		if (type > MS_MIKEY_SRTP_PREFIX_LEN)
			continue;
		if (value.len != 1)
			return -EBADMSG;
		srtp_set(&p, type, value.p[0]);
	}
	*ret_p = p;
	return 0;
}

void ms_mikey_keyring_wipe(struct ms_mikey_keyring *r)
{
	ms_wipe(r, sizeof(*r));
}

int ms_mikey_keyring_add(struct ms_mikey_keyring *r, unsigned type, struct ms_span key,
			 struct ms_span salt, struct ms_span spi)
{
	struct ms_mikey_skey *k;

	if (type > MS_MIKEY_KEY_GTGK_SALT || key.len == 0)
		return -EINVAL;
	if (r->n == MS_MIKEY_KEYS_MAX)
		return -ENOSPC;
	k = &r->key[r->n];
	if (spi.len > MS_MIKEY_SPI_MAX || ms_secret_set(&k->key, key) < 0 ||
	    ms_secret_set(&k->salt, ms_mikey_key_has_salt(type) ? salt : MS_SPAN_NULL) < 0)
		return -EMSGSIZE;
	k->type = (uint8_t)type;
	k->spi_len = (uint8_t)spi.len;
	if (spi.len > 0)
		memcpy(k->spi, spi.p, spi.len);
	r->n++;
	return 0;
}

const struct ms_mikey_skey *ms_mikey_keyring_find(const struct ms_mikey_keyring *r,
						  struct ms_span spi)
{
	if (spi.len == 0)
		return NULL;
	for (size_t i = 0; i < r->n; i++) {
		if (ms_span_eq(spi, ms_span_of(r->key[i].spi, r->key[i].spi_len)))
			return &r->key[i];
	}
	return NULL;
}

const struct ms_mikey_skey *ms_mikey_keyring_first(const struct ms_mikey_keyring *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->key[i].spi_len > 0)
			return &r->key[i];
	}
	return NULL;
}
