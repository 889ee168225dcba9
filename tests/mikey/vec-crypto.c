/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of PRFs, derivations, KEMAC contents and MACs. */
#include <stdio.h>

#include "mikey-vectors.h"
#include "mikey/derive.h"
#include "mikey/kemac.h"
#include "mikey/mac.h"
#include "mikey/writer.h"

static bool set_inkey(struct vec_run *run, const json_t *v, struct ms_prf_key *k)
{
	if (ms_mikey_inkey(k, (unsigned)vec_int(run, v, "prf"), vec_hex(run, v, "inkey")) < 0)
		return vec_fail(run, "input key refused");
	return true;
}

static bool outkey(struct vec_run *run, const json_t *v, struct ms_span label)
{
	struct ms_prf_key k = { .n = 0 };
	size_t len = vec_int(run, v, "outkey_bits") / 8;
	uint8_t out[MS_PRF_OUT_MAX];

	if (!set_inkey(run, v, &k))
		return false;
	if (ms_prf_out(&k, label, out, len) < 0)
		return vec_fail(run, "PRF failed");
	return vec_same(run, "outkey", ms_span_of(out, len), vec_hex(run, v, "outkey"));
}

static bool one_prf(struct vec_run *run, const json_t *v)
{
	return outkey(run, v, vec_hex(run, v, "label"));
}

void vec_run_prf(struct vec_run *run, json_t *vectors)
{
	vec_each(run, vectors, one_prf);
}

enum rule { MSG, TRAFFIC, FORK, VR, TPK, MPK };

static const struct derivation {
	const char *kind;
	enum rule rule;
	enum ms_mikey_purpose purpose;
} derivations[] = {
	{ "msg-auth", MSG, MS_MIKEY_FOR_AUTH },      { "msg-encr", MSG, MS_MIKEY_FOR_ENCR },
	{ "msg-salt", MSG, MS_MIKEY_FOR_SALT },      { "tgk-tek", TRAFFIC, MS_MIKEY_FOR_TEK },
	{ "tgk-auth", TRAFFIC, MS_MIKEY_FOR_TAUTH }, { "tgk-encr", TRAFFIC, MS_MIKEY_FOR_TENCR },
	{ "tgk-salt", TRAFFIC, MS_MIKEY_FOR_TSALT }, { "fork-mpkr", FORK, MS_MIKEY_FOR_MPKR_FORK },
	{ "fork-tgk", FORK, MS_MIKEY_FOR_TGK_FORK }, { "initdata-auth", VR, MS_MIKEY_FOR_AUTH },
	{ "tpk-auth", TPK, MS_MIKEY_FOR_AUTH },      { "tpk-encr", TPK, MS_MIKEY_FOR_ENCR },
	{ "tpk-salt", TPK, MS_MIKEY_FOR_SALT },      { "mpk-i", MPK, MS_MIKEY_FOR_MPKI },
	{ "mpk-r", MPK, MS_MIKEY_FOR_MPKR },
};

static bool make_label(struct vec_run *run, const json_t *v, const struct derivation *d,
		       struct ms_mikey_label *l)
{
	struct ms_mikey_rands rands = { vec_hex(run, v, "randr_i"), vec_hex(run, v, "randr_r") };

	switch (d->rule) {
	case MSG:
		ms_mikey_label_msg(l, d->purpose, (uint32_t)vec_int(run, v, "csb_id"),
				   (enum ms_mikey_which)vec_int(run, v, "which"), &rands);
		return true;
	case TRAFFIC:
		ms_mikey_label_traffic(l, d->purpose, (uint8_t)vec_int(run, v, "cs_id"), &rands);
		return true;
	case FORK:
		if (ms_mikey_label_fork(l, d->purpose, vec_hex(run, v, "id_data"),
					vec_hex(run, v, "randr_kms")) < 0)
			return vec_fail(run, "identity too long");
		return true;
	case VR:
		ms_mikey_label_vr(l);
		return true;
	case TPK:
		ms_mikey_label_tpk(l, d->purpose, vec_hex(run, v, "rand"));
		return true;
	case MPK:
		ms_mikey_label_mpk(l, d->purpose, vec_hex(run, v, "rand"));
		return true;
	}
	return false;
}

static bool one_derive(struct vec_run *run, const json_t *v)
{
	const char *kind = vec_str(run, v, "kind");
	struct ms_mikey_label l;

	for (size_t i = 0; i < MS_ARRAY_SIZE(derivations); i++) {
		if (strcmp(kind, derivations[i].kind) != 0)
			continue;
		return make_label(run, v, &derivations[i], &l) &&
		       vec_same(run, "label", ms_mikey_label_span(&l), vec_hex(run, v, "label")) &&
		       outkey(run, v, ms_mikey_label_span(&l));
	}
	return vec_fail(run, "unknown derivation '%s'", kind);
}

void vec_run_derive(struct vec_run *run, json_t *vectors)
{
	vec_each(run, vectors, one_derive);
}

/* NULL is no encryption: the contents stand in the payload as they are. */
static bool null_kemac(struct vec_run *run, const json_t *v)
{
	struct ms_span plain = vec_hex(run, v, "plain");
	struct ms_mikey_payload p;
	struct ms_mikey_writer w;
	struct ms_buf b;
	bool ok;

	ms_buf_init(&b, 70000);
	ms_mikey_write_bare(&w, &b);
	ms_mikey_put_kemac(&w, MS_MIKEY_ENCR_NULL, plain);
	ok = ms_buf_status(&b) == 0 &&
	     ms_mikey_payload_decode(MS_MIKEY_P_KEMAC, ms_buf_span(&b), &p, NULL) == 0 &&
	     vec_same(run, "contents", p.u.kemac.encr_data, vec_hex(run, v, "encr_data"));
	ms_buf_done(&b);
	return ok || vec_fail(run, "not read back");
}

static bool check_iv(struct vec_run *run, const json_t *v, unsigned alg,
		     const struct ms_mikey_encr_keys *keys, const struct ms_mikey_ts *t)
{
	uint8_t iv[16];

	if (alg == MS_MIKEY_ENCR_AES_KW_128)
		return vec_same(run, "iv", ms_secret_span(&keys->salt), vec_hex(run, v, "iv"));
	ms_mikey_iv(iv, ms_secret_span(&keys->salt), (uint32_t)vec_int(run, v, "csb_id"),
		    ms_mikey_ts_t64(t));
	return vec_same(run, "iv", ms_span_of(iv, 16), vec_hex(run, v, "iv"));
}

static bool both_ways(struct vec_run *run, const json_t *v, unsigned alg,
		      const struct ms_mikey_encr_keys *keys, const struct ms_mikey_ts *t)
{
	struct ms_span data = vec_hex(run, v, "encr_data");
	struct ms_span plain = vec_hex(run, v, "plain");
	uint32_t csb_id = (uint32_t)vec_int(run, v, "csb_id");
	uint8_t octets[4096];
	struct ms_buf out;
	int err;

	ms_buf_init_fixed(&out, octets, sizeof(octets));
	err = ms_mikey_kemac_decrypt(alg, keys, csb_id, t, data, &out);
	if (json_is_true(json_object_get(v, "reject")))
		return err < 0 || vec_fail(run, "decrypted");
	if (err < 0)
		return vec_fail(run, "decryption failed");
	if (!vec_same(run, "plain", ms_buf_span(&out), plain))
		return false;
	ms_buf_reset(&out);
	if (ms_mikey_kemac_encrypt(alg, keys, csb_id, t, plain, &out) < 0)
		return vec_fail(run, "encryption failed");
	return vec_same(run, "encr_data", ms_buf_span(&out), data);
}

static bool one_kemac(struct vec_run *run, const json_t *v)
{
	struct ms_mikey_encr_keys keys = { .encr.len = 0 };
	struct ms_mikey_ts t = vec_ts(run, v, "ts_type", "ts");
	unsigned alg = (unsigned)vec_int(run, v, "encr_alg");
	uint64_t t64 = ms_mikey_ts_t64(&t);
	uint8_t t64_octets[8];

	for (size_t i = 0; i < 8; i++)
		t64_octets[i] = (uint8_t)(t64 >> (56 - 8 * i));
	if (!vec_same(run, "t64", ms_span_of(t64_octets, 8), vec_hex(run, v, "t64")))
		return false;
	if (alg == MS_MIKEY_ENCR_NULL)
		return null_kemac(run, v);
	if (ms_secret_set(&keys.encr, vec_hex(run, v, "encr_key")) < 0 ||
	    ms_secret_set(&keys.salt, vec_hex(run, v, "salt_key")) < 0)
		return vec_fail(run, "key too long");
	return check_iv(run, v, alg, &keys, &t) && both_ways(run, v, alg, &keys, &t);
}

void vec_run_kemac(struct vec_run *run, json_t *vectors)
{
	vec_each(run, vectors, one_kemac);
}

static bool one_verify(struct vec_run *run, const json_t *v)
{
	unsigned alg = (unsigned)vec_int(run, v, "auth_alg");
	struct ms_mikey_cover cover = { .part = { vec_hex(run, v, "data") }, .n = 1 };
	struct ms_span key = vec_hex(run, v, "auth_key");
	struct ms_mikey_payload p;
	uint8_t octets[64];
	uint8_t mac[MS_HASH_MAX];
	struct ms_mikey_writer w;
	struct ms_buf b;

	if (ms_mikey_mac_len(alg) <= 0)
		return vec_fail(run, "unknown MAC algorithm");
	ms_mikey_mac(alg, key, &cover, mac);
	ms_buf_init_fixed(&b, octets, sizeof(octets));
	ms_mikey_write_bare(&w, &b);
	ms_mikey_put_v_mac(&w, alg, ms_span_of(mac, (size_t)ms_mikey_mac_len(alg)));
	octets[0] = (uint8_t)vec_int(run, v, "next");
	if (!vec_same(run, "mac", ms_span_of(mac, (size_t)ms_mikey_mac_len(alg)),
		      vec_hex(run, v, "mac")) ||
	    !vec_same(run, "payload", ms_buf_span(&b), vec_hex(run, v, "payload")))
		return false;
	if (ms_mikey_payload_decode(MS_MIKEY_P_V, ms_buf_span(&b), &p, NULL) < 0 ||
	    !ms_mikey_mac_ok(&p.u.v, key, &cover))
		return vec_fail(run, "not verified");
	octets[b.len - 1] ^= 1;
	return !ms_mikey_mac_ok(&p.u.v, key, &cover) || vec_fail(run, "a wrong MAC is taken");
}

void vec_run_verify(struct vec_run *run, json_t *vectors)
{
	vec_each(run, vectors, one_verify);
}
