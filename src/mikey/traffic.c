/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session keys on their way from key data to traffic keys: RFC 6043 sections 5.1.1, 5.1.3 and 6.2.1.
 */
#include <errno.h>

#include "core/reader.h"
#include "mikey/bundle.h"
#include "mikey/derive.h"
#include "mikey/reason.h"

/* Octets of an SRTP master salt (RFC 3711 section 8.2), whatever SP type 4 says: that is the length
 * of the session salt. */
#define MASTER_SALT 14

/* The place of a key: that of one with the same SPI, which it replaces, or a new one. */
static int keyring_put(struct ms_mikey_keyring *r, unsigned type, struct ms_span key,
		       struct ms_span salt, struct ms_span spi)
{
	struct ms_mikey_skey *old = (struct ms_mikey_skey *)ms_mikey_keyring_find(r, spi);
	size_t n = r->n;
	int err;

	if (!old)
		return ms_mikey_keyring_add(r, type, key, salt, spi);
	if (n == MS_MIKEY_KEYS_MAX) {
		*old = r->key[n - 1];
		ms_wipe(&r->key[--r->n], sizeof(*old));
		return ms_mikey_keyring_add(r, type, key, salt, spi);
	}
	err = ms_mikey_keyring_add(r, type, key, salt, spi);
	if (err < 0)
		return err;
	*old = r->key[n];
	ms_wipe(&r->key[n], sizeof(*old));
	r->n = n;
	return 0;
}

int ms_mikey_keyring_take(struct ms_mikey_keyring *r, const struct ms_mikey_keys *k, size_t from,
			  struct ms_fault *fault)
{
	for (size_t i = from; i < k->n; i++) {
		const struct ms_mikey_key *key = &k->key[i];
		int err = keyring_put(r, key->type, key->key, key->salt, key->spi);

		if (err < 0)
			return ms_mikey_refuse(fault, MS_MIKEY_R_KEY_TOO_LONG);
	}
	return 0;
}

int ms_mikey_keyring_merge(struct ms_mikey_keyring *r, const struct ms_mikey_keyring *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct ms_mikey_skey *k = &from->key[i];
		int err = keyring_put(r, k->type, ms_secret_span(&k->key), ms_secret_span(&k->salt),
				      ms_span_of(k->spi, k->spi_len));

		if (err < 0)
			return err;
	}
	return 0;
}

void ms_mikey_keyring_list(const struct ms_mikey_keyring *r, struct ms_mikey_keys *ret_keys)
{
	ret_keys->n = r->n;
	for (size_t i = 0; i < r->n; i++)
		ret_keys->key[i] = (struct ms_mikey_key){
			.type = r->key[i].type,
			.kv = r->key[i].spi_len > 0 ? MS_MIKEY_KV_SPI : MS_MIKEY_KV_NULL,
			.key = ms_secret_span(&r->key[i].key),
			.salt = ms_secret_span(&r->key[i].salt),
			.spi = ms_span_of(r->key[i].spi, r->key[i].spi_len),
		};
}

int ms_mikey_keyring_fork(struct ms_mikey_keyring *r, unsigned prf, struct ms_span id_data,
			  struct ms_span rand_kms)
{
	for (size_t i = 0; i < r->n; i++) {
		MS_CLEANUP(ms_secret_wipe) struct ms_secret forked = { .len = 0 };
		int err;

		if (!ms_mikey_key_is_tgk(r->key[i].type))
			continue;
		err = ms_mikey_fork(prf, MS_MIKEY_FOR_TGK_FORK, ms_secret_span(&r->key[i].key),
				    id_data, rand_kms, &forked);
		if (err < 0)
			return err;
		r->key[i].key = forked;
	}
	return 0;
}

static int derive(const struct ms_mikey_skey *k, unsigned prf, uint8_t cs_id,
		  const struct ms_mikey_rands *rands, enum ms_mikey_purpose purpose, size_t len,
		  struct ms_secret *ret_key)
{
	MS_CLEANUP(ms_prf_key_wipe) struct ms_prf_key key = { .n = 0 };
	struct ms_mikey_label label;
	int err = ms_mikey_inkey(&key, prf, ms_secret_span(&k->key));

	if (err < 0)
		return err;
	ms_mikey_label_traffic(&label, purpose, cs_id, rands);
	return ms_mikey_derive(&key, &label, len, ret_key);
}

/* A TEK is used as it is; a TGK or GTGK gives a key of its own length, but for SRTP, whose policy
 * says how long (RFC 3830 section 6.10.1). A salt that came with the key takes the place of the
 * derived one. */
static int traffic_keys(const struct ms_mikey_skey *k, unsigned prf,
			const struct ms_mikey_rands *rands, struct ms_mikey_traffic *t)
{
	bool srtp = t->prot_type == MS_MIKEY_PROT_SRTP;
	int err = 0;

	if (ms_mikey_key_is_tek(k->type))
		t->tek = k->key;
	else
		err = derive(k, prf, t->cs_id, rands, MS_MIKEY_FOR_TEK,
			     srtp ? t->srtp.encr_key_len : k->key.len, &t->tek);
	if (err < 0 || !srtp)
		return err;
	if (k->salt.len > 0)
		t->salt = k->salt;
	else if (!ms_mikey_key_is_tek(k->type))
		err = derive(k, prf, t->cs_id, rands, MS_MIKEY_FOR_TSALT, MASTER_SALT, &t->salt);
	return err;
}

static void session_data(const struct ms_mikey_cs *cs, struct ms_mikey_traffic *t)
{
	struct ms_reader r = ms_reader_of(cs->session_data);

	/* Checked before: 4 octets, or 10 with S. Absent ones leave the zeroes. */
	if (ms_read_u32(&r, &t->ssrc) < 0 || ms_read_u32(&r, &t->roc) < 0 ||
	    ms_read_u16(&r, &t->seq) < 0)
		return;
}

static int session_traffic(const struct ms_mikey_cs *cs, unsigned prf,
			   const struct ms_mikey_sp_source *src,
			   const struct ms_mikey_keyring *keys, const struct ms_mikey_rands *rands,
			   const struct ms_mikey_local *local, struct ms_mikey_traffic *t,
			   struct ms_fault *fault)
{
	const struct ms_mikey_skey *k = ms_mikey_keyring_find(keys, cs->spi);
	uint8_t policy_no;

	if (!k)
		return ms_mikey_refuse(fault, MS_MIKEY_R_NO_KEY_FOR_SPI);
	*t = (struct ms_mikey_traffic){ .cs_id = cs->cs_id,
					.prot_type = cs->prot_type,
					.key_type = k->type,
					.spi_len = (uint8_t)cs->spi.len,
					.srtp = ms_mikey_srtp_default };
	memcpy(t->spi, cs->spi.p, cs->spi.len);
	if (t->prot_type == MS_MIKEY_PROT_SRTP) {
		session_data(cs, t);
		if (cs->policies.len > 0 &&
		    ms_mikey_choose_policy(cs, src, local, &policy_no, &t->srtp) < 0)
			return ms_mikey_refuse(fault, MS_MIKEY_R_SP_UNSUPPORTED);
	}
	if (traffic_keys(k, prf, rands, t) < 0)
		return ms_mikey_refuse(fault, MS_MIKEY_R_INTERNAL);
	return 0;
}

int ms_mikey_traffics_derive(const struct ms_mikey_message *m, const struct ms_mikey_sp_source *src,
			     const struct ms_mikey_keyring *keys,
			     const struct ms_mikey_rands *rands, const struct ms_mikey_local *local,
			     struct ms_mikey_traffics *ret_t, struct ms_fault *fault)
{
	ret_t->n = 0;
	for (size_t i = 0; i < m->hdr.n_cs; i++) {
		int err;

		if (m->cs[i].spi.len == 0)
			continue;
		err = session_traffic(&m->cs[i], m->hdr.prf, src, keys, rands, local,
				      &ret_t->at[ret_t->n], fault);
		if (err < 0)
			return err;
		ret_t->n++;
	}
	return 0;
}
