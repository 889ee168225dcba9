/* SPDX-License-Identifier: Apache-2.0 */
#include "vec-encode.h"

#define U(name) ((unsigned)vec_int(run, f, name))
#define HEX(name) vec_hex(run, f, name)

/* Octets of several fields of one crypto session, which the map keeps as spans. */
static struct ms_span octets(struct vec_run *run, uint64_t v, size_t n)
{
	uint8_t *p = vec_alloc(run, n);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
	return ms_span_of(p, n);
}

static void generic_cs(struct vec_run *run, const json_t *f, struct ms_mikey_cs *cs)
{
	json_t *ps = json_object_get(f, "ps");
	uint8_t *p = vec_alloc(run, json_array_size(ps));

	for (size_t i = 0; i < json_array_size(ps); i++)
		p[i] = (uint8_t)json_integer_value(json_array_get(ps, i));
	*cs = (struct ms_mikey_cs){
		.cs_id = (uint8_t)U("cs_id"),
		.prot_type = (uint8_t)U("prot_type"),
		.s = U("s"),
		.policies = ms_span_of(p, json_array_size(ps)),
		.session_data = HEX("session_data"),
		.spi = HEX("spi"),
	};
}

static void srtp_cs(struct vec_run *run, const json_t *f, size_t i, struct ms_mikey_cs *cs)
{
	*cs = (struct ms_mikey_cs){
		.cs_id = (uint8_t)(i + 1),
		.policies = octets(run, U("policy_no"), 1),
		.session_data = octets(run, (uint64_t)U("ssrc") << 32 | U("roc"), 8),
	};
}

bool vec_hdr(struct vec_run *run, const json_t *f, struct ms_mikey_hdr *ret_hdr,
	     struct ms_mikey_cs ret_cs[MS_MIKEY_CS_MAX])
{
	json_t *cs = json_object_get(f, "cs");
	size_t n = json_array_size(cs);

	if (n > MS_MIKEY_CS_MAX)
		return vec_fail(run, "%zu crypto sessions are too many", n);
	*ret_hdr = (struct ms_mikey_hdr){
		.data_type = (uint8_t)U("data_type"),
		.prf = (uint8_t)U("prf"),
		.v = U("v"),
		.csb_id = U("csb_id"),
		.map_type = (uint8_t)U("map_type"),
		.n_cs = (uint8_t)n,
	};
	for (size_t i = 0; i < n; i++) {
		if (ret_hdr->map_type == MS_MIKEY_MAP_SRTP_ID)
			srtp_cs(run, json_array_get(cs, i), i, &ret_cs[i]);
		else
			generic_cs(run, json_array_get(cs, i), &ret_cs[i]);
	}
	return true;
}

struct ms_mikey_key vec_key(struct vec_run *run, const json_t *f)
{
	return (struct ms_mikey_key){
		.type = (uint8_t)U("type"),
		.kv = (uint8_t)U("kv"),
		.key = HEX("key"),
		.salt = HEX("salt"),
		.spi = HEX("spi"),
		.from = HEX("vf"),
		.to = HEX("vt"),
	};
}

bool vec_keys(struct vec_run *run, const json_t *list, struct ms_mikey_keys *ret_keys)
{
	ret_keys->n = json_array_size(list);
	if (ret_keys->n > MS_MIKEY_KEYS_MAX)
		return vec_fail(run, "too many keys");
	for (size_t i = 0; i < ret_keys->n; i++)
		ret_keys->key[i] = vec_key(run, json_array_get(list, i));
	return true;
}

static void put_sp(struct vec_run *run, struct ms_mikey_writer *w, const json_t *f)
{
	json_t *params = json_object_get(f, "params");
	uint8_t *room = vec_alloc(run, 65536);
	struct ms_buf b;

	ms_buf_init_fixed(&b, room, 65536);
	for (size_t i = 0; i < json_array_size(params); i++) {
		const json_t *p = json_array_get(params, i);

		ms_mikey_sp_param(&b, (unsigned)vec_int(run, p, "type"), vec_hex(run, p, "value"));
	}
	ms_mikey_put_sp(w, U("policy_no"), U("prot_type"), ms_buf_span(&b));
}

static void put_policy(struct vec_run *run, struct ms_mikey_writer *w, const json_t *f, bool ticket)
{
	json_t *list = json_object_get(f, "tp_data");
	uint8_t *room = vec_alloc(run, 65536);
	struct ms_mikey_writer inner;
	struct ms_mikey_policy p = {
		.ticket_type = (uint16_t)U("ticket_type"),
		.subtype = (uint8_t)U("subtype"),
		.version = (uint8_t)U("version"),
		.prf = (uint8_t)U("prf"),
		.flags = (uint16_t)vec_flags(run, f, "flags"),
		.reserved = (uint8_t)U("res"),
		.ticket_data = HEX("ticket_data"),
		.initiator_data = HEX("initiator_data"),
	};
	struct ms_buf b;

	ms_buf_init_fixed(&b, room, 65536);
	ms_mikey_write_first(&inner, &b);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *payload = json_array_get(list, i);

		if (vec_put_payload(run, &inner, vec_str(run, payload, "p"), payload) < 0)
			vec_fail(run, "unknown payload in TP Data");
	}
	p.tp_data = ms_buf_span(&b);
	if (ticket)
		ms_mikey_put_ticket(w, &p);
	else
		ms_mikey_put_tp(w, &p);
}

static void put_sign(struct vec_run *run, struct ms_mikey_writer *w, const json_t *f)
{
	struct ms_span sig = HEX("sig");
	size_t at = ms_mikey_put_sign(w, U("s_type"), sig.len);

	if (ms_buf_status(w->b) == 0 && sig.len > 0)
		memcpy(w->b->p + at, sig.p, sig.len);
}

static void put_kemac(struct vec_run *run, struct ms_mikey_writer *w, const json_t *f)
{
	struct ms_mikey_kemac k = {
		.encr_alg = (uint8_t)U("encr_alg"),
		.encr_data = HEX("encr_data"),
		.mac_alg = (uint8_t)U("mac_alg"),
		.mac = HEX("mac"),
	};

	ms_mikey_put_kemac_mac(w, &k);
}

static int put_timed(struct vec_run *run, struct ms_mikey_writer *w, const json_t *f, bool role)
{
	struct ms_mikey_ts t = vec_ts(run, f, "ts_type", "ts");

	if (role)
		ms_mikey_put_tr(w, U("role"), &t);
	else
		ms_mikey_put_t(w, &t);
	return role ? MS_MIKEY_P_TR : MS_MIKEY_P_T;
}

static int put_id(struct vec_run *run, struct ms_mikey_writer *w, const json_t *f, bool role)
{
	struct ms_mikey_id id = vec_id(run, f);

	if (role)
		ms_mikey_put_idr(w, U("role"), &id);
	else
		ms_mikey_put_id(w, &id);
	return role ? MS_MIKEY_P_IDR : MS_MIKEY_P_ID;
}

#define IS(text) (strcmp(name, text) == 0)

static int put_other(struct vec_run *run, struct ms_mikey_writer *w, const char *name,
		     const json_t *f)
{
	if (IS("PKE")) {
		ms_mikey_put_pke(w, U("c"), HEX("data"));
		return MS_MIKEY_P_PKE;
	}
	if (IS("CERT")) {
		ms_mikey_put_cert(w, U("cert_type"), HEX("cert"));
		return MS_MIKEY_P_CERT;
	}
	if (IS("CHASH")) {
		ms_mikey_put_chash(w, U("hash_func"), HEX("hash"));
		return MS_MIKEY_P_CHASH;
	}
	if (IS("SIGN")) {
		put_sign(run, w, f);
		return MS_MIKEY_P_SIGN;
	}
	if (IS("THDR")) {
		ms_mikey_put_thdr(w, HEX("data"));
		return MS_MIKEY_P_THDR;
	}
	if (IS("EXT")) {
		ms_mikey_put_ext(w, U("type"), HEX("data"));
		return MS_MIKEY_P_EXT;
	}
	if (IS("ERR") && U("reserved") == 0) {
		ms_mikey_put_err(w, U("error_no"));
		return MS_MIKEY_P_ERR;
	}
	if (IS("ERR")) { /* reserved octets are kept, but we write none */
		struct ms_span raw = octets(run, (uint64_t)U("error_no") << 16 | U("reserved"), 4);

		ms_mikey_put_raw(w, MS_MIKEY_P_ERR, raw);
		return MS_MIKEY_P_ERR;
	}
	return -1;
}

int vec_put_payload(struct vec_run *run, struct ms_mikey_writer *w, const char *name,
		    const json_t *f)
{
	if (IS("T") || IS("TR"))
		return put_timed(run, w, f, IS("TR"));
	if (IS("ID") || IS("IDR"))
		return put_id(run, w, f, IS("IDR"));
	if (IS("RAND")) {
		ms_mikey_put_rand(w, HEX("rand"));
		return MS_MIKEY_P_RAND;
	}
	if (IS("RANDR")) {
		ms_mikey_put_randr(w, U("role"), HEX("rand"));
		return MS_MIKEY_P_RANDR;
	}
	if (IS("KEMAC")) {
		put_kemac(run, w, f);
		return MS_MIKEY_P_KEMAC;
	}
	if (IS("V")) {
		ms_mikey_put_v_mac(w, U("auth_alg"), HEX("mac"));
		return MS_MIKEY_P_V;
	}
	if (IS("SP")) {
		put_sp(run, w, f);
		return MS_MIKEY_P_SP;
	}
	if (IS("TP") || IS("TICKET")) {
		put_policy(run, w, f, IS("TICKET"));
		return IS("TP") ? MS_MIKEY_P_TP : MS_MIKEY_P_TICKET;
	}
	return put_other(run, w, name, f);
}
