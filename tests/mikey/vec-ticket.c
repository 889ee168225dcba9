/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of base tickets: made, then opened again. */
#include "mikey-vectors.h"
#include "mikey/ticket.h"
#include "mikey/writer.h"
#include "vec-encode.h"

static void read_spec(struct vec_run *run, const json_t *v, struct ms_mikey_policy *policy,
		      struct ms_mikey_keys *keys, struct ms_mikey_ticket_spec *spec)
{
	*policy = (struct ms_mikey_policy){
		.ticket_type = MS_MIKEY_TICKET_BASE,
		.subtype = MS_MIKEY_TICKET_BASE_SUBTYPE,
		.version = MS_MIKEY_TICKET_BASE_VERSION,
		.prf = (uint8_t)vec_int(run, v, "prf"),
		.flags = (uint16_t)vec_flags(run, v, "flags"),
		.reserved = (uint8_t)vec_int(run, v, "res"),
		.tp_data = vec_hex(run, v, "tp_data"),
	};
	*spec = (struct ms_mikey_ticket_spec){
		.policy = policy,
		.encr_alg = (unsigned)vec_int(run, v, "encr_alg"),
		.mac_alg = (unsigned)vec_int(run, v, "mac_alg"),
		.t = vec_ts(run, v, "ts_type", "ts"),
		.thdr = vec_hex(run, v, "thdr"),
		.rand = vec_hex(run, json_object_get(v, "trace"), "rand"),
		.psk = vec_id(run, json_object_get(v, "idr_psk")),
		.keys = keys,
	};
}

static bool read_keys(struct vec_run *run, const json_t *v, struct ms_mikey_keys *keys)
{
	struct ms_mikey_keys others;

	if (!vec_keys(run, json_object_get(v, "keys"), &others) || others.n == MS_MIKEY_KEYS_MAX)
		return vec_fail(run, "too many keys");
	keys->key[0] = vec_key(run, json_object_get(v, "mpk"));
	for (size_t i = 0; i < others.n; i++)
		keys->key[i + 1] = others.key[i];
	keys->n = others.n + 1;
	return true;
}

static bool open_again(struct vec_run *run, const json_t *trace, struct ms_span ticket,
		       const struct ms_prf_key *tpk)
{
	struct ms_mikey_opened *o = vec_alloc(run, sizeof(*o));
	struct ms_mikey_ticket_data data;
	struct ms_mikey_policy policy;
	struct ms_mikey_payload p;

	if (ms_mikey_payload_decode(MS_MIKEY_P_TICKET, ticket, &p, NULL) < 0 ||
	    ms_mikey_policy_decode(&p, &policy, NULL) < 0 ||
	    ms_mikey_ticket_data_decode(policy.ticket_data, &data, NULL) < 0)
		return vec_fail(run, "not decoded");
	if (ms_mikey_ticket_open(&policy, &data, tpk, o, NULL) < 0)
		return vec_fail(run, "not opened");
	return vec_same(run, "mac", data.v.mac, vec_hex(run, trace, "mac")) &&
	       vec_same(run, "mpk", ms_secret_span(&o->mpk), vec_hex(run, trace, "mpk")) &&
	       vec_same(run, "mpki", ms_secret_span(&o->mpki), vec_hex(run, trace, "mpki")) &&
	       vec_same(run, "mpkr", ms_secret_span(&o->mpkr), vec_hex(run, trace, "mpkr")) &&
	       vec_same(run, "keys", ms_span_of(o->plain, o->len),
			vec_hex(run, trace, "kemac_plain"));
}

static bool one_ticket(struct vec_run *run, const json_t *v)
{
	const json_t *trace = json_object_get(v, "trace");
	struct ms_span want = vec_hex(run, v, "ticket_payload_next9_no_initiator_data");
	struct ms_mikey_ticket_spec spec;
	struct ms_mikey_policy policy;
	struct ms_mikey_keys keys;
	struct ms_prf_key tpk = { .n = 0 };
	uint8_t octets[8192];
	struct ms_buf b;

	if (!read_keys(run, v, &keys))
		return false;
	read_spec(run, v, &policy, &keys, &spec);
	if (ms_mikey_inkey(&tpk, policy.prf, vec_hex(run, trace, "tpk")) < 0)
		return vec_fail(run, "TPK refused");
	ms_buf_init_fixed(&b, octets, sizeof(octets));
	if (ms_mikey_ticket_make(&spec, &tpk, &b) < 0)
		return vec_fail(run, "not made");
	octets[0] = MS_MIKEY_P_V;
	return vec_same(run, "ticket", ms_buf_span(&b), want) && open_again(run, trace, want, &tpk);
}

void vec_run_ticket(struct vec_run *run, json_t *vectors)
{
	vec_each(run, vectors, one_ticket);
}
