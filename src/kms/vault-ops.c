/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine asks of us: who has which key, who may have and resolve which ticket, which
 * messages were seen. RFC 6043 sections 4.2.1.4 and 4.2.3.4.
 */
#include <errno.h>

#include "crypto/hmac.h"
#include "kms/vault.h"
#include "mikey/policy.h"
#include "mikey/timestamp.h"

/* The engine knows why in MIKEY's terms only; the operator wants to know more exactly. */
static int refuse(struct ms_kms_vault *v, int err, const char *reason)
{
	v->reason = reason;
	return err;
}

static bool is_name(const struct ms_mikey_id *id)
{
	return id->data.p && (id->type == MS_MIKEY_ID_URI || id->type == MS_MIKEY_ID_NAI);
}

static const struct ms_kms_user *user_of(const struct ms_kms_vault *v, const struct ms_mikey_id *id)
{
	return is_name(id) ? ms_kms_find_identity(v->dir, id->data) : NULL;
}

static const char *first_identity(const struct ms_kms_user *u)
{
	if (ms_list_empty(&u->identities))
		return u->name;
	return MS_CONTAINER_OF(u->identities.next, struct ms_kms_identity, link)->uri;
}

static int found(struct ms_kms_vault *v, const struct ms_kms_user *u, struct ms_span psk,
		 struct ms_mikey_kms_user *ret_user)
{
	v->user = u->name;
	if (u->disabled)
		return refuse(v, -ENOENT, "user_disabled");
	*ret_user = (struct ms_mikey_kms_user){
		/* The directory is ours; the engine only hands the pointer back. */
		.ref = (void *)(uintptr_t)u,
		.id = { .type = MS_MIKEY_ID_URI, .data = ms_span_str(first_identity(u)) },
		.psk = psk,
	};
	return 0;
}

static int find_psk(void *arg, const struct ms_mikey_id *psk_id, const struct ms_mikey_id *user,
		    struct ms_mikey_kms_user *ret_user)
{
	struct ms_kms_vault *v = arg;
	const struct ms_kms_key *k;

	if (psk_id->data.p) {
		k = ms_kms_find_key(v->dir, psk_id->data);
		if (k && k->expires <= v->now) {
			v->user = k->user->name;
			return refuse(v, -ENOENT, "key_expired");
		}
	} else {
		const struct ms_kms_user *u = user_of(v, user);

		k = u ? ms_kms_newest_key(u, v->now) : NULL;
	}
	return k ? found(v, k->user, ms_secret_span(&k->secret), ret_user) : -ENOENT;
}

/* A server speaks for the PSIs it owns as for its own identities. */
static bool owns(void *arg, const struct ms_mikey_kms_user *user, const struct ms_mikey_id *id)
{
	struct ms_kms_vault *v = arg;
	const struct ms_kms_user *u = user->ref;

	return user_of(v, id) == u || (is_name(id) && ms_kms_owns_psi(v->dir, id->data, u));
}

static int check_responders(struct ms_kms_vault *v, const struct ms_mikey_id *initiator,
			    const struct ms_mikey_kms_grant *g, struct ms_kms_limits *l)
{
	const struct ms_kms_policy *policy = ms_kms_directory_policy(v->dir);
	for (size_t i = 0; i < g->n_responders; i++) {
		const struct ms_kms_rule *rule = ms_kms_policy_decide(
			policy, initiator->data, g->responder[i].data, v->local.wildcard, l);

		if (rule ? !rule->allow : v->config.ticket.by_default == MS_KMS_DENY)
			return refuse(v, -EPERM, "policy_denied");
	}
	return 0;
}

/* Every ticket ends, or its key would have to be kept for ever. */
static int limit_lifetime(struct ms_kms_vault *v, struct ms_mikey_kms_grant *g, uint32_t lifetime_s)
{
	ms_usec longest = ms_usec_add(v->now, (ms_usec)lifetime_s * MS_SEC), start = 0, end;

	if (g->start.set && ms_mikey_ts_to_usec(&g->start, &start))
		return refuse(v, -EPERM, "lifetime_invalid");
	if (g->end.set && ms_mikey_ts_to_usec(&g->end, &end))
		return refuse(v, -EPERM, "lifetime_invalid");
	if (!g->end.set || end > longest)
		g->end = ms_mikey_ts_of(MS_MIKEY_TS_NTP_UTC_32, end = longest);
	return end <= v->now || end < start ? refuse(v, -EPERM, "lifetime_invalid") : 0;
}

static int may_request(void *arg, const struct ms_mikey_kms_user *user,
		       const struct ms_mikey_id *initiator, const struct ms_mikey_policy *tp,
		       ms_usec now, struct ms_mikey_kms_grant *g)
{
	struct ms_kms_vault *v = arg;
	struct ms_kms_limits l = {
		.lifetime_s = (uint32_t)(v->config.ticket.lifetime / MS_SEC),
		.max_keys = (uint32_t)v->config.ticket.max_keys,
		.max_responders = (uint32_t)v->config.ticket.max_responders,
	};
	int err;

	(void)user;
	(void)tp;
	(void)now;
	err = check_responders(v, initiator, g, &l);
	if (err)
		return err;
	if (g->n_responders > l.max_responders)
		return refuse(v, -EPERM, "too_many_responders");
	if (g->n_wishes > l.max_keys)
		return refuse(v, -EPERM, "too_many_keys");
	return limit_lifetime(v, g, l.lifetime_s);
}

static bool revoked(const struct ms_kms_user *u, const struct ms_mikey_ticket_data *data)
{
	ms_usec issued;

	return u->revoked_before > 0 &&
	       (ms_mikey_ts_to_usec(&data->t, &issued) || issued < u->revoked_before);
}

/* Which of its owners spoke as the PSI is not in the ticket: one who is revoked is enough. */
static int check_psi(struct ms_kms_vault *v, const struct ms_kms_psi *psi,
		     const struct ms_mikey_ticket_data *data)
{
	const struct ms_list *link;
	bool enabled = false;

	ms_list_foreach (link, &psi->owners) {
		const struct ms_kms_user *u =
			MS_CONTAINER_OF(link, struct ms_kms_psi_owner, link)->user;

		if (revoked(u, data))
			return refuse(v, -EPERM, "user_revoked");
		enabled = enabled || !u->disabled;
	}
	return enabled ? 0 : refuse(v, -EPERM, "initiator_gone");
}

/* Its issuer may have been removed, disabled, or had its tickets revoked since. */
static int check_initiator(struct ms_kms_vault *v, const struct ms_mikey_policy *ticket,
			   const struct ms_mikey_ticket_data *data)
{
	const struct ms_kms_user *u;
	const struct ms_kms_psi *psi;

	if (!ticket->initiator.data.p)
		return 0;
	psi = ms_kms_find_psi(v->dir, ticket->initiator.data);
	if (psi)
		return check_psi(v, psi, data);
	u = user_of(v, &ticket->initiator);
	if (!u || u->disabled)
		return refuse(v, -EPERM, "initiator_gone");
	return revoked(u, data) ? refuse(v, -EPERM, "user_revoked") : 0;
}

static int check_revoked(struct ms_kms_vault *v, const struct ms_mikey_policy *ticket)
{
	struct ms_mikey_ticket_data data;
	int err = ms_mikey_ticket_data_decode(ticket->ticket_data, &data, NULL);

	if (err)
		return err;
	if (data.v.mac.len >= MS_MIKEY_KMS_TICKET_ID &&
	    ms_kms_is_revoked(v->dir, ms_span_sub(data.v.mac, 0, MS_MIKEY_KMS_TICKET_ID)))
		return refuse(v, -EPERM, "ticket_revoked");
	return check_initiator(v, ticket, &data);
}

/* Equal or wildcard; else another identity of the same user. */
static bool admits_user(struct ms_kms_vault *v, const struct ms_mikey_policy *ticket,
			const struct ms_kms_user *u, const struct ms_mikey_id *responder,
			struct ms_mikey_id *ret_id)
{
	const struct ms_list *link;

	if (ms_mikey_policy_admits(ticket, responder, v->local.wildcard)) {
		*ret_id = *responder;
		return true;
	}
	ms_list_foreach (link, &u->identities) {
		struct ms_mikey_id alias = {
			.type = responder->type,
			.data = ms_span_str(
				MS_CONTAINER_OF(link, struct ms_kms_identity, link)->uri),
		};

		if (ms_mikey_policy_admits(ticket, &alias, v->local.wildcard)) {
			*ret_id = alias;
			return true;
		}
	}
	return false;
}

/* A PSI or group that the user belongs to; the member is named, not the group. */
static bool admits_member(struct ms_kms_vault *v, const struct ms_mikey_policy *ticket,
			  const struct ms_kms_user *u)
{
	struct ms_mikey_id id;
	size_t pos = 0;

	while (ms_mikey_tp_next_id(ticket, MS_MIKEY_ROLE_RESPONDER, &pos, &id))
		if (is_name(&id) &&
		    (ms_kms_owns_psi(v->dir, id.data, u) || ms_kms_in_psi(v->dir, id.data, u)))
			return true;
	return false;
}

/* Who judges proofs of origin is in no ticket. */
static bool is_arbiter(const struct ms_kms_vault *v, const struct ms_kms_user *u)
{
	const char *psi = v->config.ticket.arbiters;

	return *psi && ms_kms_owns_psi(v->dir, ms_span_str(psi), u);
}

/* Who asked for a wildcard or a group did not get past the rules against those it stands for. */
static int check_denied(struct ms_kms_vault *v, const struct ms_mikey_policy *ticket,
			const struct ms_mikey_id *admitted)
{
	const struct ms_kms_rule *rule =
		ms_kms_policy_decide(ms_kms_directory_policy(v->dir), ticket->initiator.data,
				     admitted->data, v->local.wildcard, NULL);

	return rule && !rule->allow ? refuse(v, -EPERM, "policy_denied") : 0;
}

static int may_resolve(void *arg, const struct ms_mikey_kms_user *user,
		       const struct ms_mikey_id *responder, const struct ms_mikey_policy *ticket,
		       ms_usec now, struct ms_mikey_id *ret_id)
{
	struct ms_kms_vault *v = arg;
	const struct ms_kms_user *u = user->ref;
	int err = check_revoked(v, ticket);

	(void)now;
	if (err)
		return err;
	if (admits_user(v, ticket, u, responder, ret_id))
		return check_denied(v, ticket, ret_id);
	*ret_id = *responder;
	if (admits_member(v, ticket, u))
		return check_denied(v, ticket, ret_id);
	return is_arbiter(v, u) ? 0 : refuse(v, -EPERM, "not_admitted");
}

static struct ms_mikey_tpk tpk_of(const struct ms_kms_tpk *k)
{
	return (struct ms_mikey_tpk){
		.id = { .type = MS_MIKEY_ID_BYTES, .data = ms_span_of(k->id, sizeof(k->id)) },
		.key = ms_secret_span(&k->secret),
	};
}

static int current_tpk(void *arg, struct ms_mikey_tpk *ret_tpk)
{
	const struct ms_kms_vault *v = arg;
	const struct ms_kms_tpk *k = ms_kms_keyring_current(&v->tpks);

	if (!k)
		return -ENOKEY;
	*ret_tpk = tpk_of(k);
	return 0;
}

static int find_tpk(void *arg, const struct ms_mikey_id *id, struct ms_mikey_tpk *ret_tpk)
{
	const struct ms_kms_vault *v = arg;
	const struct ms_kms_tpk *k = ms_kms_keyring_find(&v->tpks, id->data, v->now);

	if (!k)
		return -ENOENT;
	*ret_tpk = tpk_of(k);
	return 0;
}

static int seen(int err)
{
	/* What is older than our memory is treated as seen: nobody can say that it was not. */
	return err == -EEXIST || err == -ESTALE ? -EALREADY : err;
}

/* The name is a SHA-256; half of it is as good. */
static int replay_seen(void *arg, const uint8_t id[MS_MIKEY_REPLAY_ID], ms_usec until)
{
	const struct ms_kms_vault *v = arg;

	return seen(ms_kms_replay_check(v->replay, id, until - ms_kms_vault_window(v)));
}

static int replay_enter(void *arg, const uint8_t id[MS_MIKEY_REPLAY_ID], ms_usec until)
{
	struct ms_kms_vault *v = arg;
	int err = ms_kms_replay_add(v->replay, id, until - ms_kms_vault_window(v));

	/* No room is no fault of the message: the sender is told to come again. */
	return err == -ENOSPC ? -EBUSY : seen(err);
}

static const struct ms_kms_cert *cert_of(const struct ms_kms_vault *v, const struct ms_span *chain,
					 size_t n, const struct ms_mikey_id *user)
{
	uint8_t fingerprint[MS_HASH_MAX];
	const struct ms_kms_user *u;

	if (n > 0) {
		ms_hash(MS_HASH_SHA256, chain, 1, fingerprint);
		return ms_kms_find_cert(v->dir, fingerprint);
	}
	u = user_of(v, user);
	if (!u || ms_list_empty(&u->certs))
		return NULL;
	return MS_CONTAINER_OF(u->certs.prev, struct ms_kms_cert, link);
}

/* Certificates are trusted one by one, by their fingerprint in the store; no chain is followed. */
static int find_cert(void *arg, const struct ms_span *chain, size_t n,
		     const struct ms_mikey_id *user, ms_usec now,
		     struct ms_mikey_kms_user *ret_user, struct ms_span *ret_cert)
{
	struct ms_kms_vault *v = arg;
	const struct ms_kms_cert *c = cert_of(v, chain, n, user);
	int err;

	if (!c)
		return refuse(v, -ENOENT, "certificate_unknown");
	if (c->expires <= now)
		return refuse(v, -EPERM, "certificate_expired");
	err = found(v, c->user, MS_SPAN_NULL, ret_user);
	if (err == 0)
		*ret_cert = ms_span_of(c->der, c->der_len);
	return err;
}

const struct ms_mikey_kms_ops ms_kms_vault_ops = {
	.find_psk = find_psk,
	.owns = owns,
	.may_request = may_request,
	.may_resolve = may_resolve,
	.current_tpk = current_tpk,
	.find_tpk = find_tpk,
	.replay_seen = replay_seen,
	.replay_enter = replay_enter,
	.find_cert = find_cert,
};
