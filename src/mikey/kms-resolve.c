/* SPDX-License-Identifier: Apache-2.0 */
/* The KMS opens a ticket for its Responder: RFC 6043 sections 4.2.3.4 and 4.2.3.5. */
#include <errno.h>

#include "mikey/kms-priv.h"
#include "mikey/policy.h"
#include "mikey/ticket.h"

/* Forked keys, and the modifier they come from: RFC 6043 section 5.1.1. */
struct forked {
	uint8_t rand[MS_SECRET_MAX];
	size_t rand_len;
	struct ms_secret key[MS_MIKEY_KEYS_MAX];
	size_t n;
	struct ms_secret mpkr;
};

static void forked_wipe(struct forked *f)
{
	ms_secret_wipe(&f->mpkr);
	for (size_t i = 0; i < f->n; i++)
		ms_secret_wipe(&f->key[i]);
}

static int find_tpk(struct ms_mikey_kms_call *c, const struct ms_mikey_ticket_data *data,
		    struct ms_prf_key *key)
{
	struct ms_mikey_tpk tpk;
	int err = c->kms->ops->find_tpk(c->kms->arg, &data->psk, &tpk);

	if (err == -ENOENT)
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_UNKNOWN_TPK);
	if (err == 0 && ms_mikey_inkey(key, c->m.ticket.prf, tpk.key) < 0)
		err = ms_mikey_refuse(&c->fault, MS_MIKEY_R_INTERNAL);
	return err;
}

static int open_ticket(struct ms_mikey_kms_call *c, struct ms_mikey_opened *o)
{
	MS_CLEANUP(ms_prf_key_wipe) struct ms_prf_key key = { .n = 0 };
	const struct ms_mikey_policy *p = &c->m.ticket;
	struct ms_mikey_ticket_data data;
	int err = ms_mikey_check_ticket_type(p, &c->fault);

	if (err == 0)
		err = ms_mikey_check_prf(p->prf, c->kms->local, &c->fault);
	if (err == 0)
		err = ms_mikey_ticket_data_decode(p->ticket_data, &data, &c->fault);
	if (err == 0)
		err = find_tpk(c, &data, &key);
	if (err == 0)
		err = ms_mikey_ticket_open(p, &data, &key, o, &c->fault);
	if (err == 0)
		err = ms_mikey_check_keys(&o->keys, 1, &c->fault);
	return err;
}

/* The ticket is genuine: is it good, now that its keys are known, and good now? */
static int check_policy(struct ms_mikey_kms_call *c, const struct ms_mikey_opened *o)
{
	const struct ms_mikey_policy *p = &c->m.ticket;
	int err = ms_mikey_check_ticket(p, c->m.hdr.prf, c->kms->local, c->now, &c->fault);

	if (err == 0)
		err = ms_mikey_check_flags(p->flags, ms_mikey_keys_have_tgk(&o->keys), &c->fault);
	return err;
}

static int authorise(struct ms_mikey_kms_call *c, struct ms_mikey_id *ret_id)
{
	int err = c->kms->ops->may_resolve(c->kms->arg, &c->user, &c->claimed, &c->m.ticket, c->now,
					   ret_id);

	if (err == -EPERM || err == -ENOENT)
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_NOT_AUTHORISED);
	return err;
}

/* RFC 6043 section 6.10: who has MPKr made Vr, over Vi. */
static int check_initiator_data(struct ms_mikey_kms_call *c, const struct ms_mikey_opened *o)
{
	const struct ms_mikey_policy *p = &c->m.ticket;
	struct ms_mikey_initiator_data d;
	int err;

	if (p->initiator_data.len == 0)
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_INITIATOR_DATA_MISSING);
	err = ms_mikey_initiator_data_decode(p->initiator_data, &d, &c->fault);
	if (err < 0)
		return err;
	if (d.vi.mac_alg != d.vr.mac_alg)
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_INITIATOR_DATA_INVALID);
	err = ms_mikey_check_mac(d.vr.mac_alg, c->kms->local, &c->fault);
	if (err == 0 &&
	    !ms_mikey_initiator_data_ok(p->prf, ms_secret_span(&o->mpkr), p->initiator_data, &d))
		err = ms_mikey_refuse(&c->fault, MS_MIKEY_R_INITIATOR_DATA_BAD_MAC);
	return err;
}

static int fork_one(const struct ms_mikey_kms_call *c, const struct forked *f,
		    enum ms_mikey_purpose purpose, struct ms_span key, struct ms_span id,
		    struct ms_secret *ret_key)
{
	return ms_mikey_fork(c->m.ticket.prf, purpose, key, id, ms_span_of(f->rand, f->rand_len),
			     ret_key);
}

/* RANDRkms is as long as the longest of MPKr and TGKs (RFC 6043 section 12.1). */
static size_t modifier_len(const struct ms_mikey_opened *o)
{
	size_t n = o->mpkr.len;

	for (size_t i = 1; i < o->keys.n; i++) {
		if (ms_mikey_key_is_tgk(o->keys.key[i].type) && o->keys.key[i].key.len > n)
			n = o->keys.key[i].key.len;
	}
	return n;
}

static int fork_all(struct ms_mikey_kms_call *c, const struct ms_mikey_opened *o, struct ms_span id,
		    struct forked *f)
{
	int err;

	f->rand_len = modifier_len(o);
	err = ms_random_fill(c->kms->random, f->rand, f->rand_len);
	if (err == 0)
		err = fork_one(c, f, MS_MIKEY_FOR_MPKR_FORK, ms_secret_span(&o->mpkr), id,
			       &f->mpkr);
	f->n = o->keys.n;
	for (size_t i = 0; i < o->keys.n; i++)
		f->key[i].len = 0;
	for (size_t i = 1; err == 0 && i < o->keys.n; i++) {
		if (ms_mikey_key_is_tgk(o->keys.key[i].type))
			err = fork_one(c, f, MS_MIKEY_FOR_TGK_FORK, o->keys.key[i].key, id,
				       &f->key[i]);
	}
	/* What does not fork here is an identity too long for a label. */
	return err == -EMSGSIZE ? ms_mikey_refuse(&c->fault, MS_MIKEY_R_IDENTITY_MISMATCH) : err;
}

/* MPKi, MPKr' if keys are forked, then the session keys: RFC 6043 section 4.2.3.5. */
static void reply_keys(const struct ms_mikey_opened *o, const struct forked *f,
		       struct ms_mikey_keys *keys)
{
	keys->n = 0;
	keys->key[keys->n] = o->keys.key[0];
	keys->key[keys->n++].key = ms_secret_span(&o->mpki);
	if (f) {
		keys->key[keys->n] = o->keys.key[0];
		keys->key[keys->n++].key = ms_secret_span(&f->mpkr);
	}
	for (size_t i = 1; i < o->keys.n && keys->n < MS_MIKEY_KEYS_MAX; i++) {
		keys->key[keys->n] = o->keys.key[i];
		if (f && f->key[i].len > 0)
			keys->key[keys->n].key = ms_secret_span(&f->key[i]);
		keys->n++;
	}
}

static int reply(struct ms_mikey_kms_call *c, const struct ms_mikey_opened *o,
		 const struct ms_mikey_id *admitted, const struct forked *f)
{
	struct ms_mikey_kms_reply r;
	struct ms_mikey_keys keys;
	int err = ms_mikey_kms_reply_start(c, MS_MIKEY_RESOLVE_RESP, &r);

	if (err < 0)
		return err;
	reply_keys(o, f, &keys);
	err = ms_mikey_kms_reply_keys(c, &r, &keys);
	if (err < 0)
		return err;
	if (f) {
		ms_mikey_put_idr(&r.w, MS_MIKEY_ROLE_RESPONDER, admitted);
		ms_mikey_put_randr(&r.w, MS_MIKEY_ROLE_KMS, ms_span_of(f->rand, f->rand_len));
	}
	return ms_mikey_kms_reply_finish(c, &r);
}

static int resolve_forked(struct ms_mikey_kms_call *c, const struct ms_mikey_opened *o,
			  const struct ms_mikey_id *admitted)
{
	MS_CLEANUP(forked_wipe) struct forked f;
	int err;

	f.n = 0;
	f.mpkr.len = 0;
	err = check_initiator_data(c, o);
	if (err == 0)
		err = fork_all(c, o, admitted->data, &f);
	return err < 0 ? err : reply(c, o, admitted, &f);
}

int ms_mikey_kms_resolve(struct ms_mikey_kms_call *c)
{
	MS_CLEANUP(ms_mikey_opened_wipe) struct ms_mikey_opened o;
	struct ms_mikey_id admitted;
	int err;

	o.len = 0;
	o.mpk.len = o.mpki.len = o.mpkr.len = 0;
	err = open_ticket(c, &o);
	if (err < 0)
		return err;
	ms_mikey_kms_note_ticket(c, &c->m.ticket);
	err = check_policy(c, &o);
	if (err == 0)
		err = authorise(c, &admitted);
	if (err < 0)
		return err;
	c->outcome->admitted = admitted;
	return c->m.ticket.flags & MS_MIKEY_FLAG_I ? resolve_forked(c, &o, &admitted)
						   : reply(c, &o, &admitted, NULL);
}
