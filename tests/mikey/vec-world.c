/* SPDX-License-Identifier: Apache-2.0 */
/* Actors: who has which key, and a KMS that asks them. */
#include <errno.h>

#include "mikey/incoming.h"
#include "mikey/keymgmt.h"
#include "mikey/policy.h"
#include "mikey/request.h"
#include "vec-encode.h"
#include "vec-world.h"

static bool id_is(const struct ms_mikey_id *a, const struct ms_mikey_id *b)
{
	return a->data.p && b->data.p && ms_mikey_id_eq(a, b);
}

static int find_psk(void *arg, const struct ms_mikey_id *psk_id, const struct ms_mikey_id *user,
		    struct ms_mikey_kms_user *ret_user)
{
	struct vec_world *w = arg;

	for (size_t i = 0; i < w->n_users; i++) {
		struct vec_user *u = &w->user[i];

		if (psk_id->data.p ? !id_is(psk_id, &u->psk_id) : !id_is(user, &u->id))
			continue;
		*ret_user = (struct ms_mikey_kms_user){ .ref = u, .id = u->id, .psk = u->psk };
		return 0;
	}
	return -ENOENT;
}

static bool owns(void *arg MS_UNUSED, const struct ms_mikey_kms_user *user,
		 const struct ms_mikey_id *id)
{
	return ms_mikey_id_eq(&user->id, id);
}

static int may_request(void *arg MS_UNUSED, const struct ms_mikey_kms_user *user MS_UNUSED,
		       const struct ms_mikey_id *initiator MS_UNUSED,
		       const struct ms_mikey_policy *tp MS_UNUSED, ms_usec now MS_UNUSED,
		       struct ms_mikey_kms_grant *g MS_UNUSED)
{
	return 0;
}

static bool is_member(const struct vec_world *w, const json_t *group, const struct ms_mikey_id *id)
{
	json_t *members = json_object_get(group, "members"), *m;
	size_t i;

	json_array_foreach (members, i, m) {
		struct ms_mikey_id member = vec_id(w->run, m);

		if (id_is(&member, id))
			return true;
	}
	return false;
}

/* A member resolves what its group was sent; the answer names the member. */
static int may_resolve(void *arg, const struct ms_mikey_kms_user *user MS_UNUSED,
		       const struct ms_mikey_id *responder, const struct ms_mikey_policy *ticket,
		       ms_usec now MS_UNUSED, struct ms_mikey_id *ret_id)
{
	struct vec_world *w = arg;
	json_t *kms = json_object_get(json_object_get(w->base, "actors"), "kms");
	json_t *groups = json_object_get(kms, "groups"), *g;
	size_t i;

	*ret_id = *responder;
	if (ms_mikey_policy_admits(ticket, responder, w->local.wildcard))
		return 0;
	json_array_foreach (groups, i, g) {
		struct ms_mikey_id group = { .type = MS_MIKEY_ID_URI,
					     .data = vec_hex(w->run, g, "group") };

		if (is_member(w, g, responder) &&
		    ms_mikey_policy_admits(ticket, &group, w->local.wildcard))
			return 0;
	}
	return -EPERM;
}

static int current_tpk(void *arg, struct ms_mikey_tpk *ret_tpk)
{
	struct vec_world *w = arg;

	*ret_tpk = w->tpk;
	return 0;
}

static int find_tpk(void *arg, const struct ms_mikey_id *id, struct ms_mikey_tpk *ret_tpk)
{
	struct vec_world *w = arg;

	if (id->data.p && !ms_mikey_id_eq(id, &w->tpk.id))
		return -ENOENT;
	*ret_tpk = w->tpk;
	return 0;
}

static int replay_seen(void *arg, const uint8_t id[MS_MIKEY_REPLAY_ID], ms_usec until MS_UNUSED)
{
	struct vec_world *w = arg;

	return ms_mikey_replay_seen(w->replay, id, w->now) ? -EALREADY : 0;
}

static int replay_enter(void *arg, const uint8_t id[MS_MIKEY_REPLAY_ID], ms_usec until)
{
	struct vec_world *w = arg;

	return ms_mikey_replay_enter(w->replay, id, until);
}

static int counter(void *arg, const struct ms_mikey_kms_user *user, uint32_t value, bool enter)
{
	struct vec_world *w = arg;

	if (enter)
		return ms_mikey_replay_counter_enter(w->replay, user->id.data, value);
	return ms_mikey_replay_counter_ok(w->replay, user->id.data, value) ? 0 : -EALREADY;
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
};

static bool add_user(struct vec_world *w, const json_t *v)
{
	if (w->n_users == VEC_USERS_MAX)
		return vec_fail(w->run, "too many actors");
	w->user[w->n_users++] = (struct vec_user){
		.id = vec_id(w->run, v),
		.psk_id = vec_id(w->run, json_object_get(v, "psk_id")),
		.psk = vec_hex(w->run, v, "psk"),
	};
	return true;
}

static struct ms_mikey_party party(struct vec_world *w, size_t user, bool has_tpk)
{
	const struct vec_user *u = &w->user[user];
	uint64_t prf = vec_int(w->run, json_object_get(w->base, "prf"), "hdr");

	return (struct ms_mikey_party){
		.id = u->id,
		.kms = w->kms.id,
		.psk_id = u->psk_id,
		.psk = u->psk,
		.suite = prf == MS_MIKEY_PRF_HMAC_SHA_256 ? ms_mikey_suite_256 : ms_mikey_suite_128,
		.tpk = has_tpk ? &w->tpk : NULL,
		.n_tpk = has_tpk ? 1 : 0,
		.local = &w->local,
		.random = &ms_random_system,
		.clock = &w->clock,
	};
}

static void set_local(struct vec_world *w)
{
	json_t *prot = json_object_get(w->base, "prot_types"), *features, *f;
	size_t i;

	w->profile = ms_profile_default;
	w->profile.clock_skew_s = (uint32_t)vec_int(w->run, w->base, "skew_s");
	w->profile.prot_type_tls = (uint32_t)vec_int(w->run, prot, "TLS");
	w->profile.prot_type_psk_mime = (uint32_t)vec_int(w->run, prot, "PSK_MIME");
	w->profile.prot_type_app = (uint32_t)vec_int(w->run, prot, "APP");
	ms_mikey_local_init(&w->local, &w->profile);
	w->local.counter = true;
	features = json_object_get(w->base, "features");
	json_array_foreach (features, i, f) {
		const char *name = json_string_value(f);

		if (name && strcmp(name, "MIXED_PRF") == 0)
			w->local.mixed_prf = true;
	}
}

bool vec_world_init(struct vec_world *w, struct vec_run *run, const json_t *base)
{
	json_t *actors = json_object_get(base, "actors"), *others, *other;
	json_t *kms = json_object_get(actors, "kms");
	uint64_t mode = vec_int(run, base, "mode");
	bool ok;
	size_t i;

	*w = (struct vec_world){ .run = run, .base = base, .ops = ops };
	set_local(w);
	w->tpk.id = vec_id(run, json_object_get(kms, "tpk_id"));
	w->tpk.key = vec_hex(run, kms, "tpk");
	ok = add_user(w, json_object_get(actors, "initiator")) &&
	     add_user(w, json_object_get(actors, "responder"));
	others = json_object_get(actors, "others");
	json_array_foreach (others, i, other)
		ok = ok && add_user(w, other);
	w->kms = (struct ms_mikey_kms){ .id = vec_id(run, kms),
					.local = &w->local,
					.random = &ms_random_system,
					.authenticate_errors = true,
					.ops = &w->ops,
					.arg = w };
	w->initiator = party(w, 0, mode == 3 || mode == 4);
	w->responder = party(w, 1, mode == 2 || mode == 4);
	if (ms_mikey_replay_new(1000, &ms_random_system, &w->replay) < 0)
		return vec_fail(run, "no replay cache");
	return ok && !run->why[0];
}

void vec_world_done(struct vec_world *w)
{
	w->replay = ms_mikey_replay_free(w->replay);
}

const json_t *vec_base(struct vec_run *run, const char *id)
{
	size_t i;
	json_t *v;

	json_array_foreach (run->base, i, v) {
		const char *name = json_string_value(json_object_get(v, "id"));

		if (name && strcmp(name, id) == 0)
			return v;
	}
	vec_fail(run, "no exchange '%s'", id);
	return NULL;
}

struct ms_span vec_sdp_ids(struct vec_run *run, const json_t *v)
{
	json_t *ids = json_object_get(v, "sdp_ids"), *id;
	struct ms_span name[16];
	struct ms_buf b;
	size_t i;

	if (!json_is_array(ids))
		return ms_span_str(json_string_value(ids));
	if (json_array_size(ids) > MS_ARRAY_SIZE(name))
		vec_fail(run, "too many protocols");
	json_array_foreach (ids, i, id) {
		if (i < MS_ARRAY_SIZE(name))
			name[i] = ms_span_str(json_string_value(id));
	}
	ms_buf_init_fixed(&b, vec_alloc(run, 1024), 1024);
	ms_mikey_sdp_ids(&b, name, i);
	return ms_buf_span(&b);
}

static uint32_t mask(const json_t *list)
{
	uint32_t m = 0;

	for (size_t i = 0; i < json_array_size(list); i++)
		m |= 1u << (json_integer_value(json_array_get(list, i)) & 31);
	return m;
}

bool vec_world_policy(struct vec_world *w, const json_t *policy)
{
	const char *name;
	json_t *v;

	json_object_foreach ((json_t *)policy, name, v) {
		if (strcmp(name, "require_flags") == 0)
			w->local.require_flags = (uint16_t)vec_flags(w->run, policy, name);
		else if (strcmp(name, "refuse_flags") == 0)
			w->local.refuse_flags = (uint16_t)vec_flags(w->run, policy, name);
		else if (strcmp(name, "srtp_encr_alg") == 0)
			w->local.srtp_encr_algs = mask(v);
		else if (strcmp(name, "srtp_auth_alg") == 0)
			w->local.srtp_auth_algs = mask(v);
		else if (strcmp(name, "skew_s") == 0)
			w->local.skew = w->local.ahead = (ms_usec)json_integer_value(v) * MS_SEC;
		else
			return vec_fail(w->run, "unknown local policy '%s'", name);
	}
	return true;
}

ms_usec vec_time(struct vec_run *run, const json_t *v, const char *name)
{
	json_t *n = json_object_get(v, name);

	if (!json_is_number(n))
		vec_fail(run, "no time '%s'", name);
	return (ms_usec)(json_number_value(n) * 1e6);
}

bool vec_ring(struct vec_run *run, const json_t *list, struct ms_mikey_keyring *ret_ring)
{
	json_t *v;
	size_t i;

	ret_ring->n = 0;
	json_array_foreach ((json_t *)list, i, v) {
		struct ms_mikey_key k = vec_key(run, v);

		if (ms_mikey_keyring_add(ret_ring, k.type, k.key, k.salt, k.spi) < 0)
			return vec_fail(run, "key %zu does not fit", i);
	}
	return true;
}

static bool result(struct vec_run *run, const struct ms_mikey_csb *c, const json_t *v)
{
	unsigned cs_id = (unsigned)vec_int(run, v, "cs_id");
	const struct ms_mikey_traffic *t = ms_mikey_csb_traffic(c, cs_id);
	struct ms_span salt = vec_hex(run, v, "salt");

	if (!t)
		return vec_fail(run, "crypto session %u has no key", cs_id);
	if (t->prot_type != vec_int(run, v, "prot_type"))
		return vec_fail(run, "crypto session %u has another Prot type", cs_id);
	return vec_same(run, "tek", ms_secret_span(&t->tek), vec_hex(run, v, "tek")) &&
	       (!salt.p || vec_same(run, "salt", ms_secret_span(&t->salt), salt));
}

bool vec_results(struct vec_run *run, const struct ms_mikey_csb *c, const json_t *sessions)
{
	json_t *v;
	size_t i;

	json_array_foreach ((json_t *)sessions, i, v) {
		if (!result(run, c, v))
			return false;
	}
	return true;
}

bool vec_kms(struct vec_world *w, struct ms_span in, ms_usec now, struct vec_answer *ret_a)
{
	size_t room = 65536, before = ms_mikey_replay_count(w->replay);
	struct ms_buf out;

	w->now = now;
	ms_buf_init_fixed(&out, vec_alloc(w->run, room), room);
	ret_a->err = ms_mikey_kms_handle(&w->kms, in, now, &out, &ret_a->outcome);
	ret_a->octets = ms_buf_span(&out);
	if (ret_a->err < 0 && out.len != 0)
		return vec_fail(w->run, "an answer in spite of an error");
	if (ret_a->outcome.granted != (ms_mikey_replay_count(w->replay) == before + 1))
		return vec_fail(w->run, "replay cache and outcome disagree");
	return true;
}

static const struct vec_user *sender(const struct vec_world *w, const struct ms_mikey_message *m,
				     bool request)
{
	struct ms_mikey_kms_user user;
	const struct ms_mikey_id *id = request ? &m->id_i : &m->id_r;

	return find_psk((void *)(uintptr_t)w, &m->id_psk, id, &user) == 0 ? user.ref : NULL;
}

/* The users' half of the library takes what the KMS's half made. */
bool vec_kms_answer_taken(struct vec_world *w, struct ms_span in, const struct vec_answer *a,
			  ms_usec now)
{
	MS_CLEANUP(ms_mikey_ticket_held_freep) struct ms_mikey_ticket_held *held = NULL;
	MS_CLEANUP(ms_mikey_resolved_freep) struct ms_mikey_resolved *resolved = NULL;
	MS_CLEANUP(ms_mikey_request_freep) struct ms_mikey_request *request = NULL;
	MS_CLEANUP(ms_mikey_resolve_freep) struct ms_mikey_resolve *resolve = NULL;
	bool is_request = a->outcome.data_type == MS_MIKEY_REQUEST_INIT_PSK;
	struct ms_mikey_party me = is_request ? w->initiator : w->responder;
	struct ms_fault fault = { 0, NULL, 0 };
	struct ms_mikey_message m;
	const struct vec_user *u;
	int err = ms_mikey_decode(in, &m, NULL);

	u = err == 0 ? sender(w, &m, is_request) : NULL;
	if (!u)
		return vec_fail(w->run, "granted to nobody");
	me.id = u->id;
	me.psk = u->psk;
	if (is_request)
		err = ms_mikey_request_resume(&me, in, MS_SPAN_NULL, &request);
	else
		err = ms_mikey_resolve_resume(&me, in, MS_SPAN_NULL, &resolve);
	if (err == 0 && is_request)
		err = ms_mikey_request_finish(request, a->octets, now, &fault, &held);
	else if (err == 0)
		err = ms_mikey_resolve_finish(resolve, a->octets, now, &fault, &resolved);
	if (err < 0)
		return vec_fail(w->run, "the KMS's own answer is refused: %s",
				fault.reason ? fault.reason : "?");
	return true;
}
