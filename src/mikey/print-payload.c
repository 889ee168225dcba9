/* SPDX-License-Identifier: Apache-2.0 */
/* One payload for people. */
#include "mikey/mikey-priv.h"
#include "mikey/policy.h"
#include "mikey/print-priv.h"
#include "mikey/timestamp.h"

static void print_ts(struct ms_mikey_out *o, const struct ms_mikey_ts *t)
{
	uint8_t octets[8];
	size_t n = (size_t)ms_mikey_ts_len(t->type);
	char iso[32];
	ms_usec when;

	for (size_t i = 0; i < n; i++)
		octets[i] = (uint8_t)(t->value >> (8 * (n - 1 - i)));
	ms_mikey_out_name(o, "ts_type", MS_MIKEY_N_TS, t->type);
	ms_mikey_out_octets(o, "ts_value", ms_span_of(octets, n));
	if (ms_mikey_ts_to_usec(t, &when) == 0)
		ms_mikey_out_str(o, "time", ms_usec_to_iso(when, iso));
}

static void print_tr(struct ms_mikey_out *o, const struct ms_mikey_payload *p)
{
	ms_mikey_out_name(o, "role", MS_MIKEY_N_TS_ROLE, p->u.tr.role);
	if (p->u.tr.role != MS_MIKEY_TR_REKEY) {
		print_ts(o, &p->u.tr.ts);
		return;
	}
	/* The integer part of this one is a number of seconds, not a date. */
	ms_mikey_out_name(o, "ts_type", MS_MIKEY_N_TS, p->u.tr.ts.type);
	ms_mikey_out_num(o, "seconds", ms_mikey_ts_t64(&p->u.tr.ts) >> 32);
}

static void print_id(struct ms_mikey_out *o, const struct ms_mikey_payload *p)
{
	if (p->type == MS_MIKEY_P_IDR)
		ms_mikey_out_name(o, "role", MS_MIKEY_N_ROLE, p->u.id.role);
	ms_mikey_out_name(o, "id_type", MS_MIKEY_N_ID, p->u.id.id.type);
	if (p->u.id.id.type == MS_MIKEY_ID_BYTES)
		ms_mikey_out_octets(o, "id", p->u.id.id.data);
	else
		ms_mikey_out_text(o, "id", p->u.id.id.data);
}

static void print_key(struct ms_mikey_out *o, const struct ms_mikey_key *k)
{
	ms_mikey_out_item(o, "Key data", k->key);
	ms_mikey_out_name(o, "type", MS_MIKEY_N_KEY, k->type);
	ms_mikey_out_num(o, "key_length", k->key.len);
	if (ms_mikey_key_has_salt(k->type))
		ms_mikey_out_num(o, "salt_length", k->salt.len);
	ms_mikey_out_name(o, "kv", MS_MIKEY_N_KV, k->kv);
	if (k->kv == MS_MIKEY_KV_SPI)
		ms_mikey_out_octets(o, "spi", k->spi);
	if (k->kv == MS_MIKEY_KV_INTERVAL) {
		ms_mikey_out_octets(o, "valid_from", k->from);
		ms_mikey_out_octets(o, "valid_to", k->to);
	}
	ms_mikey_out_item_end(o);
}

/* Contents that are not encrypted: the wanted keys of a TP. */
static void print_clear_keys(struct ms_mikey_out *o, struct ms_span s)
{
	struct ms_mikey_keys keys;

	if (ms_mikey_keys_decode(s, &keys, NULL) < 0)
		return;
	ms_mikey_out_list(o, "keys");
	for (size_t i = 0; i < keys.n; i++)
		print_key(o, &keys.key[i]);
	ms_mikey_out_list_end(o);
}

static void print_kemac(struct ms_mikey_out *o, const struct ms_mikey_kemac *k)
{
	ms_mikey_out_name(o, "encr_alg", MS_MIKEY_N_ENCR, k->encr_alg);
	ms_mikey_out_num(o, "encr_data_length", k->encr_data.len);
	ms_mikey_out_octets(o, "encr_data", k->encr_data);
	if (k->encr_alg == MS_MIKEY_ENCR_NULL)
		print_clear_keys(o, k->encr_data);
	ms_mikey_out_name(o, "mac_alg", MS_MIKEY_N_MAC, k->mac_alg);
	if (k->mac.len > 0)
		ms_mikey_out_octets(o, "mac", k->mac);
}

static void print_sp(struct ms_mikey_out *o, const struct ms_mikey_payload *p)
{
	struct ms_span value;
	uint8_t type;
	size_t pos = 0;

	ms_mikey_out_num(o, "policy_no", p->u.sp.policy_no);
	ms_mikey_out_prot(o, p->u.sp.prot_type);
	ms_mikey_out_list(o, "parameters");
	while (ms_mikey_sp_next(p->u.sp.params, &pos, &type, &value)) {
		ms_mikey_out_item(o, "parameter", ms_span_of(value.p - 2, value.len + 2));
		if (p->u.sp.prot_type == MS_MIKEY_PROT_SRTP)
			ms_mikey_out_name(o, "type", MS_MIKEY_N_SRTP_PARAM, type);
		else
			ms_mikey_out_num(o, "type", type);
		ms_mikey_out_octets(o, "value", value);
		ms_mikey_out_item_end(o);
	}
	ms_mikey_out_list_end(o);
}

static void print_ext(struct ms_mikey_out *o, const struct ms_mikey_payload *p)
{
	ms_mikey_out_name(o, "type", MS_MIKEY_N_EXT, p->u.ext.type);
	if (p->u.ext.type == MS_MIKEY_EXT_SDP_IDS)
		ms_mikey_out_text(o, "sdp_ids", p->u.ext.data);
	else
		ms_mikey_out_octets(o, "data", p->u.ext.data);
}

static void print_dh(struct ms_mikey_out *o, const struct ms_mikey_payload *p)
{
	static const char *const groups[] = { "OAKLEY 5", "OAKLEY 1", "OAKLEY 2" };

	ms_mikey_out_num(o, "dh_group", p->u.dh.group);
	ms_mikey_out_str(o, "dh_group_name", groups[p->u.dh.group]);
	ms_mikey_out_octets(o, "dh_value", p->u.dh.value);
	ms_mikey_out_name(o, "kv", MS_MIKEY_N_KV, p->u.dh.kv);
	if (p->u.dh.kv == MS_MIKEY_KV_SPI)
		ms_mikey_out_octets(o, "spi", p->u.dh.spi);
}

/* A message holds chains inside its payloads, and no sane one holds more: a peer could nest them by
 * the thousand. */
#define NESTED_MAX 2

/* A chain that is not broken, or the error where it breaks. */
static void print_nested(struct ms_mikey_out *o, const char *key, struct ms_mikey_chain c)
{
	struct ms_fault fault;

	if (o->nested == NESTED_MAX) {
		ms_mikey_out_octets(o, key, c.rest);
		return;
	}
	o->nested++;
	ms_mikey_out_list(o, key);
	if (ms_mikey_print_chain(o, &c, &fault) < 0) {
		ms_mikey_out_item(o, "error", c.rest);
		ms_mikey_out_str(o, "reason", fault.reason);
		ms_mikey_out_item_end(o);
	}
	ms_mikey_out_list_end(o);
	o->nested--;
}

static void print_flags(struct ms_mikey_out *o, unsigned flags)
{
	char text[MS_MIKEY_FLAGS_TEXT];
	const char *rule = ms_mikey_flags_check(flags, false);

	ms_mikey_out_str(o, "flags", ms_mikey_flags_text(flags, text));
	if (o->form == MS_MIKEY_PRINT_TEXT) {
		for (unsigned bit = MS_MIKEY_FLAG_D; bit != 0; bit >>= 1) {
			if (flags & bit)
				ms_buf_printf(o->b, "         %*s%s  %s\n", (int)(2 * o->depth), "",
					      ms_mikey_flags_text(bit, text),
					      ms_mikey_flag_meaning(bit));
		}
	}
	if (rule)
		ms_mikey_out_str(o, "flags_contradict", rule);
}

static void print_policy(struct ms_mikey_out *o, const struct ms_mikey_payload *p)
{
	struct ms_mikey_policy tp = { .set = false };
	struct ms_mikey_chain c;

	/* The head is sound, since the payload was decoded; its TP Data may be broken. */
	if (ms_mikey_policy_decode(p, &tp, NULL) < 0) {
		ms_mikey_out_str(o, "error", "TP Data cannot be decoded");
		return;
	}
	ms_mikey_out_name(o, "ticket_type", MS_MIKEY_N_TICKET, tp.ticket_type);
	ms_mikey_out_num(o, "subtype", tp.subtype);
	ms_mikey_out_num(o, "version", tp.version);
	ms_mikey_out_name(o, "prf", MS_MIKEY_N_PRF, tp.prf);
	print_flags(o, tp.flags);
	if (tp.reserved)
		ms_mikey_out_num(o, "reserved", tp.reserved);
	if (ms_mikey_chain_first(tp.tp_data, &c, NULL) == 0) {
		c.max = MS_MIKEY_TP_PAYLOADS_MAX;
		print_nested(o, "tp_data", c);
	}
	if (p->type != MS_MIKEY_P_TICKET)
		return;
	if (tp.ticket_type == MS_MIKEY_TICKET_BASE)
		print_nested(o, "ticket_data", ms_mikey_chain_of(tp.ticket_data, MS_MIKEY_P_THDR));
	else
		ms_mikey_out_octets(o, "ticket_data", tp.ticket_data);
	if (ms_mikey_chain_first(tp.initiator_data, &c, NULL) == 0)
		print_nested(o, "initiator_data", c);
}

/* Payloads of RFC 3830's own exchanges and of the public-key variants. */
static void print_other(struct ms_mikey_out *o, const struct ms_mikey_payload *p)
{
	switch (p->type) {
	case MS_MIKEY_P_PKE:
		ms_mikey_out_name(o, "cache", MS_MIKEY_N_CACHE, p->u.pke.c);
		ms_mikey_out_octets(o, "data", p->u.pke.data);
		break;
	case MS_MIKEY_P_SIGN:
		ms_mikey_out_name(o, "s_type", MS_MIKEY_N_SIGN, p->u.sign.s_type);
		ms_mikey_out_octets(o, "signature", p->u.sign.sig);
		break;
	case MS_MIKEY_P_CERT:
		ms_mikey_out_name(o, "cert_type", MS_MIKEY_N_CERT, p->u.cert.type);
		if (p->u.cert.type == MS_MIKEY_CERT_X509_URL)
			ms_mikey_out_text(o, "url", p->u.cert.data);
		else
			ms_mikey_out_octets(o, "certificate", p->u.cert.data);
		break;
	case MS_MIKEY_P_CHASH:
		ms_mikey_out_name(o, "hash_func", MS_MIKEY_N_HASH, p->u.chash.hash_func);
		ms_mikey_out_octets(o, "hash", p->u.chash.hash);
		break;
	case MS_MIKEY_P_DH:
		print_dh(o, p);
		break;
	default:
		break;
	}
}

static void print_fields(struct ms_mikey_out *o, const struct ms_mikey_payload *p)
{
	switch (p->type) {
	case MS_MIKEY_P_T:
		print_ts(o, &p->u.t);
		break;
	case MS_MIKEY_P_TR:
		print_tr(o, p);
		break;
	case MS_MIKEY_P_ID:
	case MS_MIKEY_P_IDR:
		print_id(o, p);
		break;
	case MS_MIKEY_P_RAND:
	case MS_MIKEY_P_RANDR:
		if (p->type == MS_MIKEY_P_RANDR)
			ms_mikey_out_name(o, "role", MS_MIKEY_N_ROLE, p->u.rand.role);
		ms_mikey_out_octets(o, "rand", p->u.rand.rand);
		break;
	case MS_MIKEY_P_V:
		ms_mikey_out_name(o, "mac_alg", MS_MIKEY_N_MAC, p->u.v.mac_alg);
		ms_mikey_out_octets(o, "mac", p->u.v.mac);
		break;
	case MS_MIKEY_P_KEMAC:
		print_kemac(o, &p->u.kemac);
		break;
	case MS_MIKEY_P_SP:
		print_sp(o, p);
		break;
	case MS_MIKEY_P_ERR:
		ms_mikey_out_name(o, "error_no", MS_MIKEY_N_ERROR, p->u.err.error_no);
		break;
	case MS_MIKEY_P_TP:
	case MS_MIKEY_P_TICKET:
		print_policy(o, p);
		break;
	case MS_MIKEY_P_EXT:
		print_ext(o, p);
		break;
	case MS_MIKEY_P_THDR:
		ms_mikey_out_octets(o, "data", p->u.thdr);
		break;
	default:
		print_other(o, p);
		break;
	}
}

void ms_mikey_print_payload(struct ms_mikey_out *o, const struct ms_mikey_payload *p)
{
	ms_mikey_out_item(o, ms_mikey_name(MS_MIKEY_N_PAYLOAD, p->type), p->raw);
	print_fields(o, p);
	ms_mikey_out_item_end(o);
}
