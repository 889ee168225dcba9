/* SPDX-License-Identifier: Apache-2.0 */
/* The KMS grants a ticket: RFC 6043 sections 4.2.1.4 and 4.2.1.5. */
#include <errno.h>

#include "mikey/kms-priv.h"
#include "mikey/mint.h"
#include "mikey/policy.h"

/* Room for a ticket before it goes into the response. */
#define TICKET_ROOM 65536

int ms_mikey_kms_grant_key(struct ms_mikey_kms_grant *g, unsigned type, size_t len)
{
	if (g->n_wishes == MS_MIKEY_KMS_KEYS_MAX)
		return -ENOSPC;
	g->wish[g->n_wishes++] =
		(struct ms_mikey_wish){ .type = (uint8_t)type, .len = (uint16_t)len };
	return 0;
}

/* Octets of the default key: those of the suite that goes with the policy's PRF. */
static size_t key_len(const struct ms_mikey_policy *tp)
{
	return tp->prf == MS_MIKEY_PRF_HMAC_SHA_256 ? ms_mikey_suite_256.key
						    : ms_mikey_suite_128.key;
}

/* What a policy gets that asks for no keys: one TGK (RFC 6043 section 4.2.1.5), but where a TGK would
 * need an answer that the policy excludes (I demands F, section 6.10) a GTGK. */
static int default_key(const struct ms_mikey_policy *tp, struct ms_mikey_kms_grant *g)
{
	return ms_mikey_kms_grant_key(g, ms_mikey_default_key(tp->flags), key_len(tp));
}

/* RFC 6043 section 6.10: the KEMAC of a TP is in the clear, and holds no MPK (reading 55). */
static int wanted_keys(struct ms_mikey_kms_call *c, struct ms_mikey_kms_grant *g)
{
	const struct ms_mikey_kemac *k = &c->m.tp.kemac;
	struct ms_mikey_keys keys;
	int err;

	if (!k->set)
		return default_key(&c->m.tp, g);
	if (k->encr_alg != MS_MIKEY_ENCR_NULL || k->mac_alg != MS_MIKEY_MAC_NULL)
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_TICKET_POLICY_UNACCEPTABLE);
	err = ms_mikey_keys_decode(k->encr_data, &keys, &c->fault);
	if (err < 0)
		return err;
	for (size_t i = 0; i < keys.n; i++) {
		const struct ms_mikey_key *key = &keys.key[i];

		if (key->type == MS_MIKEY_KEY_MPK || key->key.len > MS_SECRET_MAX ||
		    key->key.len == 0 || g->n_wishes == MS_MIKEY_KMS_KEYS_MAX)
			return ms_mikey_refuse(&c->fault, MS_MIKEY_R_TICKET_POLICY_UNACCEPTABLE);
		g->wish[g->n_wishes++] = (struct ms_mikey_wish){ .type = key->type,
								 .len = (uint16_t)key->key.len,
								 .spi = key->spi };
	}
	return 0;
}

static int wanted_ids(struct ms_mikey_kms_call *c, unsigned role, size_t max,
		      struct ms_mikey_id *id, size_t *n)
{
	struct ms_mikey_id one;
	size_t pos = 0;

	*n = 0;
	while (ms_mikey_tp_next_id(&c->m.tp, role, &pos, &one)) {
		if (*n == max)
			return ms_mikey_refuse(&c->fault, MS_MIKEY_R_TICKET_POLICY_UNACCEPTABLE);
		id[(*n)++] = one;
	}
	return 0;
}

static bool grant_has_tgk(const struct ms_mikey_kms_grant *g)
{
	for (size_t i = 0; i < g->n_wishes; i++) {
		if (ms_mikey_key_is_tgk(g->wish[i].type))
			return true;
	}
	return false;
}

/* What is asked for, as it would be granted. K has no meaning in a TP (reading 33). */
static int wanted(struct ms_mikey_kms_call *c, struct ms_mikey_kms_grant *g)
{
	const struct ms_mikey_policy *tp = &c->m.tp;
	int err;

	g->flags = tp->flags & ~MS_MIKEY_FLAG_K;
	g->start = tp->start;
	g->end = tp->end;
	g->rekey = tp->rekey;
	g->n_wishes = 0;
	err = wanted_ids(c, MS_MIKEY_ROLE_RESPONDER, MS_MIKEY_KMS_RESPONDERS_MAX, g->responder,
			 &g->n_responders);
	if (err == 0)
		err = wanted_ids(c, MS_MIKEY_ROLE_APP, MS_MIKEY_KMS_APPS_MAX, g->app, &g->n_apps);
	return err < 0 ? err : wanted_keys(c, g);
}

static int check_tp(struct ms_mikey_kms_call *c)
{
	struct ms_mikey_policy tp = c->m.tp;
	const struct ms_mikey_kms *kms = c->kms;
	int err;

	tp.flags &= (uint16_t)~MS_MIKEY_FLAG_K;
	err = ms_mikey_check_ticket(&tp, c->m.hdr.prf, kms->local, c->now, &c->fault);
	/* A ticket that becomes valid later may be asked for. */
	if (err < 0 && ms_span_is(ms_span_str(c->fault.reason), "ticket_not_yet_valid")) {
		c->fault = (struct ms_fault){ 0, NULL, 0 };
		err = 0;
	}
	if (err < 0)
		return err;
	if (tp.kms.data.p && !ms_mikey_id_eq(&tp.kms, &kms->id))
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_WRONG_KMS);
	if (tp.initiator.data.p && !kms->ops->owns(kms->arg, &c->user, &tp.initiator))
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_IDENTITY_MISMATCH);
	return 0;
}

static bool ts_same(const struct ms_mikey_ts *a, const struct ms_mikey_ts *b)
{
	return a->set == b->set && (!a->set || (a->type == b->type && a->value == b->value));
}

/* The identities granted are those of the policy asked for, which is still there to compare with: a
 * grant has room for too many to copy them. */
static bool ids_same(const struct ms_mikey_policy *tp, unsigned role, const struct ms_mikey_id *id,
		     size_t n)
{
	struct ms_mikey_id one;
	size_t pos = 0, i = 0;

	while (ms_mikey_tp_next_id(tp, role, &pos, &one)) {
		if (i == n || !ms_mikey_id_eq(&one, &id[i++]))
			return false;
	}
	return i == n;
}

/* What else is asked for. */
struct terms {
	uint16_t flags;
	struct ms_mikey_ts start, end, rekey;
	struct ms_mikey_wish wish[MS_MIKEY_KMS_KEYS_MAX];
	size_t n_wishes;
};

static void terms_of(const struct ms_mikey_kms_grant *g, struct terms *ret_t)
{
	ret_t->flags = g->flags & (uint16_t)~MS_MIKEY_FLAG_K;
	ret_t->start = g->start;
	ret_t->end = g->end;
	ret_t->rekey = g->rekey;
	ret_t->n_wishes = g->n_wishes;
	memcpy(ret_t->wish, g->wish, g->n_wishes * sizeof(g->wish[0]));
}

static bool wishes_same(const struct terms *a, const struct terms *b)
{
	for (size_t i = 0; a->n_wishes == b->n_wishes && i < a->n_wishes; i++) {
		if (a->wish[i].type != b->wish[i].type || a->wish[i].len != b->wish[i].len)
			return false;
	}
	return a->n_wishes == b->n_wishes;
}

/* RFC 6043 section 6.10, K: the policy or the keys are not those asked for. */
static bool altered(const struct ms_mikey_policy *tp, const struct terms *want,
		    const struct ms_mikey_kms_grant *g)
{
	struct terms got;

	terms_of(g, &got);
	return want->flags != got.flags || !ts_same(&want->start, &got.start) ||
	       !ts_same(&want->end, &got.end) || !ts_same(&want->rekey, &got.rekey) ||
	       !wishes_same(want, &got) ||
	       !ids_same(tp, MS_MIKEY_ROLE_RESPONDER, g->responder, g->n_responders) ||
	       !ids_same(tp, MS_MIKEY_ROLE_APP, g->app, g->n_apps);
}

/* Asks the caller, and checks what it says. */
static int authorise(struct ms_mikey_kms_call *c, struct ms_mikey_kms_grant *g)
{
	struct terms want;
	int err = wanted(c, g);

	if (err < 0)
		return err;
	terms_of(g, &want);
	/* A refusal has them in its audit line, too. */
	if (g->n_responders > 0)
		c->outcome->responder = g->responder[0];
	c->outcome->n_responders = g->n_responders;
	err = c->kms->ops->may_request(c->kms->arg, &c->user, &c->claimed, &c->m.tp, c->now, g);
	if (err == -EPERM)
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_NOT_AUTHORISED);
	if (err < 0)
		return err;
	c->outcome->altered = altered(&c->m.tp, &want, g);
	g->flags &= (uint16_t)~MS_MIKEY_FLAG_K;
	if (c->outcome->altered)
		g->flags |= MS_MIKEY_FLAG_K;
	if (g->n_responders == 0)
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_TICKET_POLICY_UNACCEPTABLE);
	return ms_mikey_check_flags(g->flags, grant_has_tgk(g), &c->fault);
}

/* MPKi, MPKr if keys are forked, then the session keys: RFC 6043 section 4.2.1.5. */
static void reply_keys(const struct ms_mikey_minted *minted, bool forks, struct ms_mikey_keys *keys)
{
	const struct ms_mikey_key *mpk = &minted->keys.key[0];

	keys->n = 0;
	keys->key[keys->n] = *mpk;
	keys->key[keys->n++].key = ms_secret_span(&minted->mpki);
	if (forks) {
		keys->key[keys->n] = *mpk;
		keys->key[keys->n++].key = ms_secret_span(&minted->mpkr);
	}
	for (size_t i = 1; i < minted->keys.n; i++)
		keys->key[keys->n++] = minted->keys.key[i];
}

static int mint(struct ms_mikey_kms_call *c, const struct ms_mikey_kms_grant *g,
		const struct ms_mikey_ts *t, struct ms_buf *ticket, struct ms_mikey_minted *minted)
{
	struct ms_mikey_tpk tpk;
	struct ms_mikey_mint_spec spec = {
		.flags = g->flags,
		.prf = c->m.tp.prf,
		.tp = { .kms = c->kms->id,
			.initiator = c->claimed,
			.start = g->start,
			.end = g->end,
			.rekey = g->rekey,
			.app = g->app,
			.n_apps = g->n_apps,
			.responder = g->responder,
			.n_responders = g->n_responders },
		.wish = g->wish,
		.n_wishes = g->n_wishes,
		.tpk = &tpk,
		.t = *t,
		.random = c->kms->random,
	};
	int err = c->kms->ops->current_tpk(c->kms->arg, &tpk);

	return err < 0 ? err : ms_mikey_mint(&spec, ticket, minted);
}

static int note_ticket(struct ms_mikey_kms_call *c, struct ms_span raw)
{
	struct ms_mikey_payload p;
	struct ms_mikey_policy policy;
	int err = ms_mikey_payload_decode(MS_MIKEY_P_TICKET, raw, &p, NULL);

	if (err == 0)
		err = ms_mikey_policy_decode(&p, &policy, NULL);
	if (err < 0)
		return -EIO;
	ms_mikey_kms_note_ticket(c, &policy);
	return 0;
}

static int reply(struct ms_mikey_kms_call *c, const struct ms_mikey_kms_grant *g,
		 struct ms_buf *ticket, struct ms_mikey_minted *minted)
{
	struct ms_mikey_kms_reply r;
	struct ms_mikey_keys keys;
	int err = ms_mikey_kms_reply_start(c, MS_MIKEY_REQUEST_RESP, &r);

	if (err == 0)
		err = mint(c, g, &r.t, ticket, minted);
	if (err < 0)
		return err;
	ms_mikey_put_raw(&r.w, MS_MIKEY_P_TICKET, ms_buf_span(ticket));
	reply_keys(minted, g->flags & MS_MIKEY_FLAG_I, &keys);
	err = ms_mikey_kms_reply_keys(c, &r, &keys);
	if (err == 0)
		err = ms_mikey_kms_reply_finish(c, &r);
	if (err == 0)
		err = note_ticket(c, ms_buf_span(ticket));
	/* The audit has the identities where they live longer than the ticket's room. */
	c->outcome->responder = g->responder[0];
	return err;
}

int ms_mikey_kms_request(struct ms_mikey_kms_call *c)
{
	MS_CLEANUP(ms_mikey_minted_wipe) struct ms_mikey_minted minted;
	struct ms_mikey_kms_grant grant;
	uint8_t room[TICKET_ROOM];
	struct ms_buf ticket;
	int err = check_tp(c);

	minted.len = 0;
	if (err == 0)
		err = authorise(c, &grant);
	if (err < 0)
		return err;
	ms_buf_init_fixed(&ticket, room, sizeof(room));
	return reply(c, &grant, &ticket, &minted);
}
