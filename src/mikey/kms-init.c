/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The KMS finds out who sends: RFC 6043 sections 4.2.1.2 to 4.2.1.4 and 4.2.3.2 to 4.2.3.4. Clock
 * and replay come before the MAC, entry into the replay cache after everything (RFC 3830 section
 * 5.3).
 */
#include <errno.h>

#include "mikey/kms-priv.h"
#include "mikey/pk-priv.h"
#include "mikey/policy.h"

static int check_payloads(struct ms_mikey_kms_call *c)
{
	const struct ms_mikey_message *m = &c->m;
	const struct ms_mikey_local *local = c->kms->local;
	bool present = m->t.set &&
		       (c->is_request ? m->rand_i.p && m->tp.set : m->rand_r.p && m->ticket.set);
	int err;

	err = ms_mikey_check_prf(m->hdr.prf, local, &c->fault);
	if (err == 0)
		err = ms_mikey_check_empty_map(m, &c->fault);
	if (err < 0)
		return err;
	if (!present || !(c->is_pk ? m->pke_data.p && m->sign_sig.p : m->v.set))
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_MISSING_PAYLOAD);
	if (!c->is_pk)
		err = ms_mikey_check_mac(m->v.mac_alg, local, &c->fault);
	if (err == 0)
		err = ms_mikey_check_clock(&m->t, local, c->now, &c->fault);
	/* Reading 53: routing between KMSs (section 10) is for others. */
	if (err == 0 && m->id_kms.data.p && !ms_mikey_id_eq(&m->id_kms, &c->kms->id))
		err = ms_mikey_refuse(&c->fault, MS_MIKEY_R_WRONG_KMS);
	return err;
}

static const struct ms_mikey_id *claimed_id(const struct ms_mikey_kms_call *c)
{
	return c->is_request ? &c->m.id_i : &c->m.id_r;
}

static int find_psk(struct ms_mikey_kms_call *c)
{
	const struct ms_mikey_kms_ops *ops = c->kms->ops;
	int err = ops->find_psk(c->kms->arg, &c->m.id_psk, claimed_id(c), &c->user);

	if (err == -ENOENT || (err == 0 && c->user.psk.len == 0))
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_UNKNOWN_PSK);
	return err;
}

static void note_claim(struct ms_mikey_kms_call *c)
{
	const struct ms_mikey_id *id = claimed_id(c);

	c->claimed = id->data.p ? *id : c->user.id;
}

/* The name in the message has to be one of the key's owner. */
static int check_owner(struct ms_mikey_kms_call *c)
{
	const struct ms_mikey_id *id = claimed_id(c);

	if (id->data.p && !c->kms->ops->owns(c->kms->arg, &c->user, id))
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_IDENTITY_MISMATCH);
	return 0;
}

static int check_counter(struct ms_mikey_kms_call *c, bool enter)
{
	const struct ms_mikey_kms_ops *ops = c->kms->ops;
	int err;

	if (c->m.t.type != MS_MIKEY_TS_COUNTER)
		return 0;
	if (!ops->counter)
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_UNSUPPORTED_TS_TYPE);
	err = ops->counter(c->kms->arg, &c->user, (uint32_t)c->m.t.value, enter);
	return err == -EALREADY ? ms_mikey_refuse(&c->fault, MS_MIKEY_R_REPLAY) : err;
}

static int check_seen(struct ms_mikey_kms_call *c, const struct ms_mikey_cover *cover)
{
	int err;

	ms_hash(MS_HASH_SHA256, cover->part, cover->n, c->replay_id);
	err = c->kms->ops->replay_seen(c->kms->arg, c->replay_id,
				       ms_mikey_window_end(&c->m.t, c->kms->local, c->now));
	if (err == -EALREADY)
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_REPLAY);
	return err < 0 ? err : check_counter(c, false);
}

/* Last of all: what was refused leaves nothing behind, and of two copies served at the same time one
 * finds the other in the cache. */
int ms_mikey_kms_enter(struct ms_mikey_kms_call *c)
{
	int err = c->kms->ops->replay_enter(c->kms->arg, c->replay_id,
					    ms_mikey_window_end(&c->m.t, c->kms->local, c->now));

	if (err == -EALREADY)
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_REPLAY);
	if (err == -ENOSPC)
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_REPLAY_CACHE_FULL);
	return err < 0 ? err : check_counter(c, true);
}

static int set_guard(struct ms_mikey_kms_call *c, struct ms_span inkey)
{
	if (ms_mikey_guard_set(&c->guard, &c->m.hdr, inkey,
			       c->is_request ? c->m.rand_i : MS_SPAN_NULL,
			       c->is_request ? MS_SPAN_NULL : c->m.rand_r) < 0)
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_INTERNAL);
	return 0;
}

/* Whose key it is comes after the MAC: who has no key does not learn which there are. */
static int authenticate_psk(struct ms_mikey_kms_call *c)
{
	struct ms_mikey_cover cover;
	int err = find_psk(c);

	if (err < 0)
		return err;
	note_claim(c);
	ms_mikey_cover_init(&cover, &c->m, c->claimed.data, c->kms->id.data);
	err = check_seen(c, &cover);
	if (err == 0)
		err = set_guard(c, c->user.psk);
	if (err == 0)
		err = ms_mikey_guard_verify(&c->guard, MS_MIKEY_INIT, &c->m.v, &cover, &c->fault);
	return err < 0 ? err : check_owner(c);
}

static int find_cert(struct ms_mikey_kms_call *c, struct ms_span *ret_cert)
{
	const struct ms_mikey_kms_ops *ops = c->kms->ops;
	struct ms_span chain[MS_MIKEY_CHAIN_MAX];
	size_t n = 0;
	int err;

	for (size_t i = 0; i < c->m.n_payloads; i++) {
		const struct ms_mikey_payload *p = &c->m.payload[i];

		if (p->type != MS_MIKEY_P_CERT)
			continue;
		if (n == MS_MIKEY_CHAIN_MAX || p->u.cert.type != MS_MIKEY_CERT_X509)
			return ms_mikey_refuse(&c->fault, MS_MIKEY_R_BAD_CERTIFICATE);
		chain[n++] = p->u.cert.data;
	}
	err = ops->find_cert(c->kms->arg, chain, n, claimed_id(c), c->now, &c->user, ret_cert);
	if (err == -ENOENT || err == -EPERM)
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_BAD_CERTIFICATE);
	return err;
}

/* The signature first: nobody else gets to try our decryption (RFC 3830 section 3.2). */
static int authenticate_pk(struct ms_mikey_kms_call *c)
{
	struct ms_mikey_cover cover;
	struct ms_span cert;
	int err = find_cert(c, &cert);

	if (err < 0)
		return err;
	note_claim(c);
	err = check_owner(c);
	if (err < 0)
		return err;
	ms_mikey_pk_cover(&cover, &c->m, c->claimed.data, c->kms->id.data);
	err = check_seen(c, &cover);
	if (err == 0)
		err = ms_mikey_pk_check(c->kms->credential, c->kms->random, &c->m, cert, &cover,
					&c->envelope, &c->fault);
	if (err == 0)
		err = set_guard(c, ms_secret_span(&c->envelope));
	return err;
}

int ms_mikey_kms_authenticate(struct ms_mikey_kms_call *c)
{
	int err;

	if (c->is_pk && (!c->kms->credential || !c->kms->ops->find_cert))
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_UNEXPECTED_DATA_TYPE);
	c->outcome->claimed = *claimed_id(c);
	err = check_payloads(c);
	if (err == 0)
		err = c->is_pk ? authenticate_pk(c) : authenticate_psk(c);
	if (err < 0)
		return err;
	c->outcome->authenticated = true;
	c->outcome->user = c->user.id;
	return 0;
}
