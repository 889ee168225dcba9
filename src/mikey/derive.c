/* SPDX-License-Identifier: Apache-2.0 */
/* Labels and key derivation: RFC 6043 sections 5.1, 6.10, A.2; the PRFs are in crypto/prf.c. */
#include "mikey/derive.h"

#include <errno.h>

/* RFC 3830 section 4.1.3 and RFC 6043 section 5.1: nine-digit groups of the decimals of e. */
static const uint32_t constants[] = {
	[MS_MIKEY_FOR_AUTH] = 0x2d22ac75,     [MS_MIKEY_FOR_ENCR] = 0x150533e1,
	[MS_MIKEY_FOR_SALT] = 0x29b88916,     [MS_MIKEY_FOR_TEK] = 0x2ad01c64,
	[MS_MIKEY_FOR_TSALT] = 0x39a2c14b,    [MS_MIKEY_FOR_TAUTH] = 0x1b5c7973,
	[MS_MIKEY_FOR_TENCR] = 0x15798cef,    [MS_MIKEY_FOR_MPKI] = 0x220e99a2,
	[MS_MIKEY_FOR_MPKR] = 0x1f4d675b,     [MS_MIKEY_FOR_MPKR_FORK] = 0x2b288856,
	[MS_MIKEY_FOR_TGK_FORK] = 0x1512b54a,
};

/* The octet behind CS ID and CSB ID: what kind of derivation this is. */
enum {
	KIND_FORK = 0,
	KIND_TRAFFIC = 3,
	KIND_VR = 4,
	KIND_TPK = 5,
	KIND_MPK = 6,
};

#define NO_CS 0xff
#define NO_CSB 0xffffffffu

static void put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* constant || CS ID || CSB ID || kind */
static void begin(struct ms_mikey_label *l, enum ms_mikey_purpose purpose, uint8_t cs_id,
		  uint32_t csb_id, uint8_t kind)
{
	put_u32(l->b, constants[purpose]);
	l->b[4] = cs_id;
	put_u32(l->b + 5, csb_id);
	l->b[9] = kind;
	l->len = 10;
}

/* One octet of length and the RAND; absent counts as empty. RANDs come from fields with such a
 * length, so that 255 octets is the most there can be. */
static void add_rand(struct ms_mikey_label *l, struct ms_span rand)
{
	size_t n = rand.len < 255 ? rand.len : 255;

	l->b[l->len++] = (uint8_t)n;
	if (n > 0)
		memcpy(l->b + l->len, rand.p, n);
	l->len += n;
}

void ms_mikey_label_msg(struct ms_mikey_label *l, enum ms_mikey_purpose purpose, uint32_t csb_id,
			enum ms_mikey_which which, const struct ms_mikey_rands *rands)
{
	begin(l, purpose, NO_CS, csb_id, (uint8_t)which);
	add_rand(l, rands->i);
	add_rand(l, rands->r);
}

void ms_mikey_label_traffic(struct ms_mikey_label *l, enum ms_mikey_purpose purpose, uint8_t cs_id,
			    const struct ms_mikey_rands *rands)
{
	begin(l, purpose, cs_id, NO_CSB, KIND_TRAFFIC);
	add_rand(l, rands->i);
	add_rand(l, rands->r);
}

int ms_mikey_label_fork(struct ms_mikey_label *l, enum ms_mikey_purpose purpose,
			struct ms_span id_data, struct ms_span rand_kms)
{
	if (id_data.len > MS_MIKEY_ID_MAX)
		return -EMSGSIZE;
	begin(l, purpose, NO_CS, NO_CSB, KIND_FORK);
	l->b[l->len++] = (uint8_t)(id_data.len >> 8);
	l->b[l->len++] = (uint8_t)id_data.len;
	if (id_data.len > 0)
		memcpy(l->b + l->len, id_data.p, id_data.len);
	l->len += id_data.len;
	add_rand(l, rand_kms);
	return 0;
}

void ms_mikey_label_vr(struct ms_mikey_label *l)
{
	begin(l, MS_MIKEY_FOR_AUTH, NO_CS, NO_CSB, KIND_VR);
}

void ms_mikey_label_tpk(struct ms_mikey_label *l, enum ms_mikey_purpose purpose,
			struct ms_span rand)
{
	begin(l, purpose, NO_CS, NO_CSB, KIND_TPK);
	add_rand(l, rand);
}

void ms_mikey_label_mpk(struct ms_mikey_label *l, enum ms_mikey_purpose purpose,
			struct ms_span rand)
{
	begin(l, purpose, NO_CS, NO_CSB, KIND_MPK);
	add_rand(l, rand);
}

int ms_mikey_inkey(struct ms_prf_key *k, unsigned prf_func, struct ms_span inkey)
{
	if (prf_func > MS_MIKEY_PRF_HMAC_SHA_256)
		return -EINVAL;
	return ms_prf_key_set(k, ms_mikey_prf_hash(prf_func), inkey);
}

int ms_mikey_derive(const struct ms_prf_key *k, const struct ms_mikey_label *l, size_t len,
		    struct ms_secret *ret_key)
{
	int err;

	if (len > MS_SECRET_MAX)
		return -EINVAL;
	err = ms_prf_out(k, ms_mikey_label_span(l), ret_key->b, len);
	if (err == 0)
		ret_key->len = len;
	return err;
}

void ms_mikey_encr_keys_wipe(struct ms_mikey_encr_keys *k)
{
	ms_secret_wipe(&k->encr);
	ms_secret_wipe(&k->salt);
}

int ms_mikey_encr_lens(unsigned encr_alg, size_t *ret_encr, size_t *ret_salt)
{
	/* encr_key and salt_key: RFC 3830 sections 4.1.4 and 4.2.3, RFC 6043 section 6.2 */
	static const uint8_t len[][2] = {
		[MS_MIKEY_ENCR_AES_CM_128] = { 16, 14 },
		[MS_MIKEY_ENCR_AES_KW_128] = { 16, 8 },
		[MS_MIKEY_ENCR_AES_CM_256] = { 32, 14 },
	};

	if (encr_alg == MS_MIKEY_ENCR_NULL || encr_alg >= MS_ARRAY_SIZE(len))
		return -EINVAL;
	*ret_encr = len[encr_alg][0];
	*ret_salt = len[encr_alg][1];
	return 0;
}

int ms_mikey_msg_auth(const struct ms_prf_key *k, uint32_t csb_id, enum ms_mikey_which which,
		      const struct ms_mikey_rands *rands, unsigned mac_alg,
		      struct ms_secret *ret_key)
{
	struct ms_mikey_label l;
	int len = ms_mikey_mac_len(mac_alg);

	if (len <= 0)
		return -EINVAL;
	ms_mikey_label_msg(&l, MS_MIKEY_FOR_AUTH, csb_id, which, rands);
	return ms_mikey_derive(k, &l, (size_t)len, ret_key);
}

int ms_mikey_msg_encr(const struct ms_prf_key *k, uint32_t csb_id, enum ms_mikey_which which,
		      const struct ms_mikey_rands *rands, unsigned encr_alg,
		      struct ms_mikey_encr_keys *ret_keys)
{
	struct ms_mikey_label l;
	size_t encr_len, salt_len;
	int err = ms_mikey_encr_lens(encr_alg, &encr_len, &salt_len);

	if (err < 0)
		return err;
	ms_mikey_label_msg(&l, MS_MIKEY_FOR_ENCR, csb_id, which, rands);
	err = ms_mikey_derive(k, &l, encr_len, &ret_keys->encr);
	if (err < 0)
		return err;
	put_u32(l.b, constants[MS_MIKEY_FOR_SALT]);
	return ms_mikey_derive(k, &l, salt_len, &ret_keys->salt);
}

int ms_mikey_fork(unsigned prf_func, enum ms_mikey_purpose purpose, struct ms_span inkey,
		  struct ms_span id_data, struct ms_span rand_kms, struct ms_secret *ret_key)
{
	MS_CLEANUP(ms_prf_key_wipe) struct ms_prf_key k;
	struct ms_mikey_label l;
	int err;

	k.n = 0;
	err = ms_mikey_label_fork(&l, purpose, id_data, rand_kms);
	if (err == 0)
		err = ms_mikey_inkey(&k, prf_func, inkey);
	return err < 0 ? err : ms_mikey_derive(&k, &l, inkey.len, ret_key);
}
