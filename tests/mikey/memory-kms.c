/* SPDX-License-Identifier: Apache-2.0 */
/* A KMS that keeps everything in a structure, for tests. */
#include "memory-kms.h"

#include <errno.h>

#include "mikey/policy.h"
#include "mikey/timestamp.h"

const struct ms_random *memory_random = &ms_random_system;

struct ms_mikey_id memory_id(const char *uri)
{
	return (struct ms_mikey_id){ .type = MS_MIKEY_ID_URI, .data = ms_span_str(uri) };
}

static bool named(const struct memory_user *u, const struct ms_mikey_id *psk_id,
		  const struct ms_mikey_id *id)
{
	if (psk_id && psk_id->data.p)
		return ms_span_eq(psk_id->data, ms_span_of(u->psk_id, sizeof(u->psk_id)));
	return id->data.p && ms_span_is(id->data, u->uri);
}

static int find_psk(void *arg, const struct ms_mikey_id *psk_id, const struct ms_mikey_id *user,
		    struct ms_mikey_kms_user *ret_user)
{
	struct memory_kms *k = arg;

	for (int i = 0; i < N_USERS; i++) {
		struct memory_user *u = &k->user[i];

		if (!named(u, psk_id, user))
			continue;
		*ret_user = (struct ms_mikey_kms_user){ .ref = u,
							.id = memory_id(u->uri),
							.psk = ms_span_of(u->psk, sizeof(u->psk)) };
		return 0;
	}
	return -ENOENT;
}

static int find_cert(void *arg, const struct ms_span *chain, size_t n,
		     const struct ms_mikey_id *user MS_UNUSED, ms_usec now MS_UNUSED,
		     struct ms_mikey_kms_user *ret_user, struct ms_span *ret_cert)
{
	struct memory_kms *k = arg;

	for (int i = 0; n > 0 && i < N_USERS; i++) {
		struct memory_user *u = &k->user[i];

		if (u->cert.len == 0 || !ms_span_eq(u->cert, chain[0]))
			continue;
		*ret_user = (struct ms_mikey_kms_user){ .ref = u, .id = memory_id(u->uri) };
		*ret_cert = u->cert;
		return 0;
	}
	return -ENOENT;
}

static bool owns(void *arg MS_UNUSED, const struct ms_mikey_kms_user *user,
		 const struct ms_mikey_id *id)
{
	return ms_mikey_id_eq(&user->id, id);
}

static int may_request(void *arg, const struct ms_mikey_kms_user *user MS_UNUSED,
		       const struct ms_mikey_id *initiator MS_UNUSED,
		       const struct ms_mikey_policy *tp MS_UNUSED, ms_usec now MS_UNUSED,
		       struct ms_mikey_kms_grant *g)
{
	struct memory_kms *k = arg;

	g->flags &= (uint16_t)~k->take_flags;
	if (k->end)
		g->end = ms_mikey_ts_of(MS_MIKEY_TS_NTP_UTC_32, k->end);
	return k->refuse ? -EPERM : 0;
}

static int may_resolve(void *arg, const struct ms_mikey_kms_user *user,
		       const struct ms_mikey_id *responder, const struct ms_mikey_policy *ticket,
		       ms_usec now MS_UNUSED, struct ms_mikey_id *ret_id)
{
	struct memory_kms *k = arg;
	const struct memory_user *u = user->ref;
	struct ms_mikey_id group = memory_id(u->group ? u->group : "");

	*ret_id = *responder;
	if (ms_mikey_policy_admits(ticket, responder, k->local.wildcard) ||
	    (u->group && ms_mikey_policy_admits(ticket, &group, k->local.wildcard)))
		return 0;
	return -EPERM;
}

static int current_tpk(void *arg, struct ms_mikey_tpk *ret_tpk)
{
	struct memory_kms *k = arg;

	*ret_tpk = k->tpk;
	return 0;
}

static int find_tpk(void *arg, const struct ms_mikey_id *id, struct ms_mikey_tpk *ret_tpk)
{
	struct memory_kms *k = arg;

	*ret_tpk = k->tpk;
	return !id->data.p || ms_mikey_id_eq(id, &k->tpk.id) ? 0 : -ENOENT;
}

static int replay_seen(void *arg, const uint8_t id[MS_MIKEY_REPLAY_ID], ms_usec until MS_UNUSED)
{
	struct memory_kms *k = arg;

	return k->replay && ms_mikey_replay_seen(k->replay, id, k->now) ? -EALREADY : 0;
}

static int replay_enter(void *arg, const uint8_t id[MS_MIKEY_REPLAY_ID], ms_usec until)
{
	struct memory_kms *k = arg;

	return k->replay ? ms_mikey_replay_enter(k->replay, id, until) : 0;
}

static int counter(void *arg, const struct ms_mikey_kms_user *user, uint32_t value, bool enter)
{
	struct memory_kms *k = arg;

	if (enter)
		return ms_mikey_replay_counter_enter(k->replay, user->id.data, value);
	return ms_mikey_replay_counter_ok(k->replay, user->id.data, value) ? 0 : -EALREADY;
}

static const struct ms_mikey_kms_ops ops = {
	.find_psk = find_psk,
	.owns = owns,
	.may_request = may_request,
	.may_resolve = may_resolve,
	.current_tpk = current_tpk,
	.find_tpk = find_tpk,
	.replay_seen = replay_seen,
	.replay_enter = replay_enter,
	.counter = counter,
	.find_cert = find_cert,
};

int memory_kms_init(struct memory_kms *k)
{
	static const char *const uri[N_USERS] = { "sip:alice@example.com", "sip:bob@example.com",
						  "sip:carol@example.org",
						  "sip:mallory@example.net" };
	int err = 0;

	*k = (struct memory_kms){ .profile = ms_profile_default, .ops = ops, .now = NOON };
	ms_mikey_local_init(&k->local, &k->profile);
	for (int i = 0; err == 0 && i < N_USERS; i++) {
		k->user[i].uri = uri[i];
		err = ms_random_fill(memory_random, k->user[i].psk, sizeof(k->user[i].psk));
		k->user[i].psk_id[0] = (uint8_t)(i + 1);
	}
	k->user[CAROL].group = "sip:support@example.com";
	if (err == 0)
		err = ms_random_fill(memory_random, k->tpk_key, sizeof(k->tpk_key));
	k->tpk = (struct ms_mikey_tpk){ .id = memory_id("sip:tpk@kms.example.com"),
					.key = ms_span_of(k->tpk_key, sizeof(k->tpk_key)) };
	k->kms = (struct ms_mikey_kms){ .id = memory_id("sip:kms.example.com"),
					.local = &k->local,
					.random = memory_random,
					.authenticate_errors = true,
					.ops = &k->ops,
					.arg = k };
	return err < 0 ? err : ms_mikey_replay_new(10000, memory_random, &k->replay);
}

void memory_kms_done(struct memory_kms *k)
{
	k->replay = ms_mikey_replay_free(k->replay);
}

struct ms_mikey_party memory_party(struct memory_kms *k, int user,
				   const struct ms_mikey_suite *suite, bool has_tpk)
{
	struct memory_user *u = &k->user[user];

	return (struct ms_mikey_party){
		.id = memory_id(u->uri),
		.kms = k->kms.id,
		.psk_id = { .type = MS_MIKEY_ID_BYTES,
			    .data = ms_span_of(u->psk_id, sizeof(u->psk_id)) },
		.psk = ms_span_of(u->psk, sizeof(u->psk)),
		.suite = *suite,
		.tpk = has_tpk ? &k->tpk : NULL,
		.n_tpk = has_tpk ? 1 : 0,
		.answer_errors = true,
		.local = &k->local,
		.random = memory_random,
		.clock = &k->clock,
	};
}

int memory_ask(struct memory_kms *k, struct ms_span in, struct ms_buf *out)
{
	ms_buf_reset(out);
	return ms_mikey_kms_handle(&k->kms, in, k->now, out, &k->outcome);
}
