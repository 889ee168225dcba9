/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages built again: what a sender chooses freely comes from the vector's decoded fields, keys
 * from the actors; tickets, ciphertexts, Initiator Data and MACs are computed, and all octets must
 * come out the same.
 */
#include <errno.h>

#include "mikey/guard.h"
#include "mikey/kemac.h"
#include "mikey/ticket.h"
#include "vec-encode.h"
#include "vec-exchange.h"

/* A message under construction. */
struct build {
	struct vec_walk *k;
	struct vec_run *run;
	const json_t *step, *payloads;
	struct ms_mikey_hdr hdr;
	struct ms_mikey_cs cs[MS_MIKEY_CS_MAX];
	struct ms_mikey_ts t;
	struct ms_span key;    /* PSK, MPKi or MPKr' */
	struct ms_secret made; /* what `key` borrows from if it was derived */
	struct ms_secret mpki, mpkr;
	enum ms_mikey_which which;
	struct ms_mikey_guard guard;
	struct ms_buf out;
	struct ms_mikey_writer w;
};

static const json_t *payload(const struct build *b, const char *name, int role)
{
	json_t *p;
	size_t i;

	json_array_foreach ((json_t *)b->payloads, i, p) {
		json_t *r = json_object_get(p, "role");

		if (strcmp(vec_str(b->run, p, "p"), name) == 0 &&
		    (role < 0 || (r && json_integer_value(r) == role)))
			return p;
	}
	return NULL;
}

/* Payloads of another step of the exchange. */
static const json_t *payload_of(const struct build *b, const char *msg, const char *name, int role)
{
	json_t *step;
	size_t i;

	json_array_foreach ((json_t *)b->k->steps, i, step) {
		struct build other = { .run = b->run };

		if (step == b->step)
			break;
		if (strcmp(vec_str(b->run, step, "msg"), msg) != 0)
			continue;
		other.payloads = json_object_get(json_object_get(step, "decoded"), "payloads");
		if (payload(&other, name, role))
			return payload(&other, name, role);
	}
	return NULL;
}

static bool is_msg(const struct build *b, const char *msg)
{
	return strcmp(vec_str(b->run, b->step, "msg"), msg) == 0;
}

static bool is_update(const struct build *b)
{
	return is_msg(b, "TRANSFER_INIT(update)") || is_msg(b, "TRANSFER_RESP(update)");
}

static unsigned ticket_flags(const struct build *b)
{
	return vec_flags(b->run, b->k->v, "flags");
}

/* MPKi and MPKr of the ticket, from its MPK. */
static bool split(struct build *b)
{
	json_t *ticket = json_object_get(b->k->v, "ticket");
	json_t *prf = json_object_get(b->k->v, "prf");

	if (ms_mikey_mpk_split((unsigned)vec_int(b->run, prf, "ticket_policy"),
			       vec_hex(b->run, ticket, "mpk"), vec_hex(b->run, ticket, "rand"),
			       &b->mpki, &b->mpkr) < 0)
		return vec_fail(b->run, "the MPK does not split");
	return vec_same(b->run, "MPKi", ms_secret_span(&b->mpki),
			vec_hex(b->run, ticket, "mpki")) &&
	       vec_same(b->run, "MPKr", ms_secret_span(&b->mpkr), vec_hex(b->run, ticket, "mpkr"));
}

/* Where the modifier stands: in a TRANSFER_RESP itself, for an update in the first one. */
static bool forked_key(struct build *b, bool update)
{
	const json_t *prf = json_object_get(b->k->v, "prf");
	const json_t *id = update ? payload_of(b, "TRANSFER_RESP", "IDR", MS_MIKEY_ROLE_RESPONDER)
				  : payload(b, "IDR", MS_MIKEY_ROLE_RESPONDER);
	const json_t *rand = update ? payload_of(b, "TRANSFER_RESP", "RANDR", MS_MIKEY_ROLE_KMS)
				    : payload(b, "RANDR", MS_MIKEY_ROLE_KMS);

	if (!id || !rand ||
	    ms_mikey_fork((unsigned)vec_int(b->run, prf, "ticket_policy"), MS_MIKEY_FOR_MPKR_FORK,
			  ms_secret_span(&b->mpkr), vec_hex(b->run, id, "id"),
			  vec_hex(b->run, rand, "rand"), &b->made) < 0)
		return vec_fail(b->run, "MPKr does not fork");
	b->key = ms_secret_span(&b->made);
	return true;
}

static bool answered(const struct build *b)
{
	return ticket_flags(b) & MS_MIKEY_FLAG_F;
}

static bool choose_key(struct build *b)
{
	const char *msg = vec_str(b->run, b->step, "msg");
	bool resp = strstr(msg, "_RESP") != NULL, forks = ticket_flags(b) & MS_MIKEY_FLAG_I;

	b->which = resp ? MS_MIKEY_RESP : MS_MIKEY_INIT;
	if (strncmp(msg, "REQUEST", 7) == 0)
		b->key = b->k->w.user[0].psk;
	else if (strncmp(msg, "RESOLVE", 7) == 0)
		b->key = b->k->w.user[1].psk;
	else
		b->key = ms_secret_span(&b->mpki);
	if (is_update(b))
		b->which = answered(b) ? MS_MIKEY_RESP : MS_MIKEY_INIT;
	if (strncmp(msg, "TRANSFER", 8) == 0 && b->which == MS_MIKEY_RESP && forks &&
	    !forked_key(b, is_update(b)))
		return false;
	return vec_same(b->run, "key of the message", b->key,
			vec_hex(b->run, json_object_get(b->step, "keys"), "key")) &&
	       (b->which == vec_int(b->run, json_object_get(b->step, "keys"), "which") ||
		vec_fail(b->run, "another `which`"));
}

static struct ms_span rand_in(struct build *b, const char *msg, int role)
{
	const json_t *p =
		is_msg(b, msg) ? payload(b, "RANDR", role) : payload_of(b, msg, "RANDR", role);

	return p ? vec_hex(b->run, p, "rand") : MS_SPAN_NULL;
}

/* The last message of a kind before this one, as TRANSFER_INIT and RESOLVE may come repeatedly. */
static bool set_guard(struct build *b)
{
	const char *msg = vec_str(b->run, b->step, "msg");
	struct ms_span i = MS_SPAN_NULL, r = MS_SPAN_NULL;
	struct ms_mikey_message init;

	if (strncmp(msg, "REQUEST", 7) == 0)
		i = rand_in(b, "REQUEST_INIT_PSK", MS_MIKEY_ROLE_INITIATOR);
	if (is_msg(b, "RESOLVE_INIT_PSK"))
		r = rand_in(b, msg, MS_MIKEY_ROLE_RESPONDER);
	if (is_msg(b, "RESOLVE_RESP")) {
		if (ms_mikey_decode(b->k->resolve, &init, NULL) < 0)
			return vec_fail(b->run, "RESOLVE_RESP out of place");
		r = init.rand_r;
	}
	if (is_msg(b, "TRANSFER_INIT"))
		i = rand_in(b, msg, MS_MIKEY_ROLE_INITIATOR);
	else if (strncmp(msg, "TRANSFER", 8) == 0) {
		if (ms_mikey_decode(b->k->transfer_init, &init, NULL) < 0)
			return vec_fail(b->run, "a Transfer message out of place");
		i = init.rand_i;
		if (ticket_flags(b) & MS_MIKEY_FLAG_G)
			r = is_update(b) ? rand_in(b, "TRANSFER_RESP", MS_MIKEY_ROLE_RESPONDER)
					 : rand_in(b, msg, MS_MIKEY_ROLE_RESPONDER);
	}
	return ms_mikey_guard_set(&b->guard, &b->hdr, b->key, i, r) == 0 ||
	       vec_fail(b->run, "no message keys");
}

static bool put_kemac(struct build *b, const json_t *p)
{
	struct ms_span plain = vec_hex(b->run, json_object_get(b->step, "keys"), "kemac_plain");
	struct ms_mikey_keys keys;
	struct ms_buf room;

	if (ms_mikey_keys_decode(plain, &keys, NULL) < 0)
		return vec_fail(b->run, "clear KEMAC does not decode");
	ms_buf_init_fixed(&room, vec_alloc(b->run, 65536), 65536);
	return ms_mikey_guard_put_keys(&b->guard, b->which,
				       (unsigned)vec_int(b->run, p, "encr_alg"), &b->t, &keys,
				       &room, &b->w) == 0 ||
	       vec_fail(b->run, "KEMAC cannot be made");
}

/* The payload of a kind in a list of nested ones. */
static const json_t *nested(struct build *b, const json_t *list, const char *name)
{
	json_t *p;
	size_t i;

	json_array_foreach ((json_t *)list, i, p) {
		if (strcmp(vec_str(b->run, p, "p"), name) == 0)
			return p;
	}
	vec_fail(b->run, "no %s in the ticket", name);
	return NULL;
}

/* A ticket as its maker makes it, from MPK, keys, RAND and TPK. */
static bool make_ticket(struct build *b, const struct ms_mikey_policy *policy,
			struct ms_span *ret_raw)
{
	const json_t *p = payload(b, "TICKET", -1);
	const json_t *list = json_object_get(p, "ticket_data_payloads");
	json_t *keys_in = json_object_get(b->k->v, "keys_in_ticket");
	const json_t *kemac = nested(b, list, "KEMAC"), *v = nested(b, list, "V");
	const json_t *t = nested(b, list, "T"), *rand = nested(b, list, "RAND");
	struct ms_mikey_keys keys, session;
	struct ms_prf_key tpk = { .n = 0 };
	struct ms_buf out;
	struct ms_mikey_ticket_spec spec = {
		.policy = policy,
		.encr_alg = (unsigned)vec_int(b->run, kemac, "encr_alg"),
		.mac_alg = (unsigned)vec_int(b->run, v, "auth_alg"),
		.t = vec_ts(b->run, t, "ts_type", "ts"),
		.thdr = vec_hex(b->run, nested(b, list, "THDR"), "data"),
		.rand = vec_hex(b->run, rand, "rand"),
		.psk = vec_id(b->run, nested(b, list, "IDR")),
		.keys = &keys,
	};

	keys.n = 1;
	keys.key[0] = vec_key(b->run, json_object_get(keys_in, "mpk"));
	if (!vec_keys(b->run, json_object_get(keys_in, "session"), &session))
		return false;
	for (size_t i = 0; i < session.n && keys.n < MS_MIKEY_KEYS_MAX; i++)
		keys.key[keys.n++] = session.key[i];
	ms_buf_init_fixed(&out, vec_alloc(b->run, 65536), 65536);
	if (ms_mikey_inkey(&tpk, policy->prf, b->k->w.tpk.key) < 0 ||
	    ms_mikey_ticket_make(&spec, &tpk, &out) < 0)
		return vec_fail(b->run, "the ticket cannot be made");
	*ret_raw = ms_buf_span(&out);
	return true;
}

/* The TICKET with Initiator Data of zeroes in TRANSFER_INIT, as it was sent in RESOLVE_INIT. */
static bool put_ticket(struct build *b, const json_t *p)
{
	struct ms_mikey_payload made;
	struct ms_mikey_policy policy;
	struct ms_span raw, sent = vec_hex(b->run, p, "initiator_data");
	struct ms_buf one;
	struct ms_mikey_writer w;

	ms_buf_init_fixed(&one, vec_alloc(b->run, 65536), 65536);
	ms_mikey_write_bare(&w, &one);
	if (vec_put_payload(b->run, &w, "TICKET", p) < 0 ||
	    ms_mikey_payload_decode(MS_MIKEY_P_TICKET, ms_buf_span(&one), &made, NULL) < 0 ||
	    ms_mikey_policy_decode(&made, &policy, NULL) < 0 || !make_ticket(b, &policy, &raw) ||
	    ms_mikey_payload_decode(MS_MIKEY_P_TICKET, raw, &made, NULL) < 0 ||
	    ms_mikey_policy_decode(&made, &policy, NULL) < 0)
		return vec_fail(b->run, "the ticket does not decode");
	policy.initiator_data = sent;
	if (is_msg(b, "TRANSFER_INIT") && sent.len > 0)
		policy.initiator_data = ms_span_of(vec_alloc(b->run, sent.len), sent.len);
	ms_mikey_put_ticket(&b->w, &policy);
	return true;
}

static bool put_payloads(struct build *b, size_t *ret_mac_at, unsigned *ret_alg)
{
	json_t *p;
	size_t i;

	json_array_foreach ((json_t *)b->payloads, i, p) {
		const char *name = vec_str(b->run, p, "p");
		bool ok = true;

		if (strcmp(name, "KEMAC") == 0)
			ok = put_kemac(b, p);
		else if (strcmp(name, "TICKET") == 0)
			ok = put_ticket(b, p);
		else if (strcmp(name, "V") == 0) {
			*ret_alg = (unsigned)vec_int(b->run, p, "auth_alg");
			*ret_mac_at = ms_mikey_put_v(&b->w, *ret_alg);
		} else {
			ok = vec_put_payload(b->run, &b->w, name, p) >= 0;
		}
		if (!ok || ms_buf_status(&b->out) < 0)
			return vec_fail(b->run, "payload %s cannot be written", name);
	}
	return true;
}

/* ID Data for a MAC: of the message, of the first exchange, or known otherwise (reading 2). */
static struct ms_span mac_id(struct build *b, int role)
{
	const json_t *p = payload(b, "IDR", role);
	json_t *actors = json_object_get(b->k->v, "actors");

	if (!p && is_update(b) && role == MS_MIKEY_ROLE_RESPONDER)
		p = payload_of(b, "TRANSFER_RESP", "IDR", role);
	if (p)
		return vec_hex(b->run, p, "id");
	if (role == MS_MIKEY_ROLE_KMS)
		return b->k->w.kms.id.data;
	if (role == MS_MIKEY_ROLE_INITIATOR)
		return b->k->w.user[0].id.data;
	if (is_msg(b, "RESOLVE_INIT_PSK"))
		return b->k->w.user[1].id.data;
	return vec_hex(b->run, json_object_get(actors, "called"), "id");
}

static void cover(struct build *b, const struct ms_mikey_message *m, struct ms_mikey_cover *c)
{
	if (is_msg(b, "REQUEST_INIT_PSK"))
		ms_mikey_cover_init(c, m, mac_id(b, MS_MIKEY_ROLE_INITIATOR),
				    mac_id(b, MS_MIKEY_ROLE_KMS));
	else if (is_msg(b, "RESOLVE_INIT_PSK"))
		ms_mikey_cover_init(c, m, mac_id(b, MS_MIKEY_ROLE_RESPONDER),
				    mac_id(b, MS_MIKEY_ROLE_KMS));
	else if (is_msg(b, "REQUEST_RESP"))
		ms_mikey_cover_resp(c, m, b->k->request);
	else if (is_msg(b, "RESOLVE_RESP"))
		ms_mikey_cover_resp(c, m, b->k->resolve);
	else if (is_msg(b, "TRANSFER_RESP"))
		ms_mikey_cover_resp(c, m, b->k->transfer_init);
	else if (is_msg(b, "TRANSFER_RESP(update)"))
		ms_mikey_cover_resp(c, m, b->k->update);
	else
		ms_mikey_cover_init(c, m, mac_id(b, MS_MIKEY_ROLE_INITIATOR),
				    mac_id(b, MS_MIKEY_ROLE_RESPONDER));
}

static bool seal(struct build *b, size_t mac_at, unsigned alg)
{
	unsigned prf = (unsigned)vec_int(b->run, json_object_get(b->k->v, "prf"), "ticket_policy");
	struct ms_mikey_message m;
	struct ms_mikey_cover c;

	if (ms_mikey_decode(ms_buf_span(&b->out), &m, NULL) < 0)
		return vec_fail(b->run, "the message built does not decode");
	cover(b, &m, &c);
	if (ms_mikey_guard_mac(&b->guard, b->which, alg, &c, b->out.p + mac_at) < 0)
		return vec_fail(b->run, "no MAC");
	if (is_msg(b, "TRANSFER_INIT") && m.ticket.initiator_data.len > 0 &&
	    ms_mikey_initiator_data_make(prf, ms_secret_span(&b->mpkr), alg, m.v.mac,
					 b->out.p + m.initiator_data + 2) < 0)
		return vec_fail(b->run, "no Initiator Data");
	return true;
}

bool vec_build(struct vec_walk *k, size_t n)
{
	struct build b = { .k = k, .run = k->run, .step = json_array_get(k->steps, n) };
	const json_t *decoded = json_object_get(b.step, "decoded");
	unsigned alg = 0;
	size_t mac_at = 0;

	b.payloads = json_object_get(decoded, "payloads");
	if (!vec_hdr(b.run, json_object_get(decoded, "hdr"), &b.hdr, b.cs) || !payload(&b, "T", -1))
		return vec_fail(b.run, "no header or no T");
	b.t = vec_ts(b.run, payload(&b, "T", -1), "ts_type", "ts");
	if (!split(&b) || !choose_key(&b) || !set_guard(&b))
		return false;
	ms_buf_init_fixed(&b.out, vec_alloc(b.run, 65536), 65536);
	ms_mikey_write_hdr(&b.w, &b.out, &b.hdr, b.cs);
	return put_payloads(&b, &mac_at, &alg) && seal(&b, mac_at, alg) &&
	       vec_same(b.run, "message built", ms_buf_span(&b.out), vec_hex(b.run, b.step, "hex"));
}
