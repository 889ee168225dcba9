/* SPDX-License-Identifier: Apache-2.0 */
/* CSB updates from the other end, and our answers: RFC 6043 section 5.2. */
#include <errno.h>

#include "mikey/check.h"
#include "mikey/error-priv.h"
#include "mikey/held-priv.h"
#include "mikey/update-priv.h"

static bool is_own(const struct ms_mikey_csb *c, const uint8_t id[MS_HASH_MAX])
{
	for (size_t i = 0; i < c->n_own && i < MS_MIKEY_OWN_UPDATES; i++) {
		if (memcmp(c->own[i], id, MS_HASH_MAX) == 0)
			return true;
	}
	return false;
}

static struct ms_span counter_peer(const struct ms_mikey_csb *c)
{
	return ms_mikey_csb_peer(c).data;
}

static int check_replay(const struct ms_mikey_csb *c, const struct ms_mikey_message *m,
			struct ms_mikey_replay *replay, ms_usec now, uint8_t id[MS_HASH_MAX],
			struct ms_fault *fault)
{
	ms_mikey_update_id(c, m, id);
	if (is_own(c, id) || (replay && ms_mikey_replay_seen(replay, id, now)))
		return ms_mikey_refuse(fault, MS_MIKEY_R_REPLAY);
	if (replay && m->t.type == MS_MIKEY_TS_COUNTER &&
	    !ms_mikey_replay_counter_ok(replay, counter_peer(c), (uint32_t)m->t.value))
		return ms_mikey_refuse(fault, MS_MIKEY_R_REPLAY);
	return ms_mikey_check_clock(&m->t, c->me->local, now, fault);
}

/* Everything about an update that was sent to us, but no change yet. */
static int read_update(struct ms_mikey_csb *c, const struct ms_mikey_first *f,
		       const struct ms_mikey_message *m, struct ms_mikey_replay *replay,
		       ms_usec now, uint8_t id[MS_HASH_MAX], struct ms_mikey_keyring *keys,
		       struct ms_fault *fault)
{
	struct ms_mikey_sp_source src = { .m = { m }, .csb = c };
	struct ms_mikey_cover cover;
	int err;

	if (m->hdr.data_type != MS_MIKEY_TRANSFER_INIT)
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNEXPECTED_DATA_TYPE);
	err = ms_mikey_update_check(c, f, m, fault);
	if (err < 0)
		return err;
	ms_mikey_update_cover(c, m, &cover);
	err = check_replay(c, m, replay, now, id, fault);
	if (err == 0)
		err = ms_mikey_guard_verify(&f->guard, c->which, &m->v, &cover, fault);
	if (err == 0)
		ms_mikey_bundle_saw(c, &m->t);
	if (err == 0)
		err = ms_mikey_check_map(m, &src,
					 m->hdr.v ? MS_MIKEY_MAP_OFFER : MS_MIKEY_MAP_COMPLETE,
					 c->me->local, fault);
	if (err == 0)
		err = ms_mikey_take_keyring(&f->guard, c->which, m,
					    ms_mikey_may_send_keys(c, !c->initiator), c->me->local,
					    keys, fault);
	/* A session may wait for a key that only our answer brings. */
	if (err == 0 && !(m->hdr.v && ms_mikey_may_send_keys(c, c->initiator)))
		err = ms_mikey_check_spis(m, keys, fault);
	return err;
}

/* The sessions of an answer: as in the update, what is missing filled in from what there is. */
static int answer_map(const struct ms_mikey_csb *c, const struct ms_mikey_message *m,
		      const struct ms_mikey_update *answer, const struct ms_mikey_keyring *keys,
		      struct ms_mikey_map *map)
{
	struct ms_mikey_sp_source src = { .m = { m }, .csb = c };

	map->n = 0;
	for (size_t i = 0; i < (answer->session ? answer->n_sessions : m->hdr.n_cs); i++) {
		const struct ms_mikey_skey *k = ms_mikey_keyring_first(keys);
		struct ms_mikey_session s;
		struct ms_mikey_srtp srtp;
		int err = 0;

		if (answer->session)
			s = answer->session[i];
		else
			ms_mikey_session_of(&m->cs[i], &s);
		if (s.spi.len == 0 && k)
			s.spi = ms_span_of(k->spi, k->spi_len);
		if (s.prot_type != MS_MIKEY_PROT_SRTP)
			s.n_policies = answer->session ? s.n_policies : 0;
		else if (s.n_policies != 1 && !answer->session) {
			err = ms_mikey_choose_policy(&m->cs[i], &src, c->me->local, &s.policy[0],
						     &srtp);
			s.n_policies = 1;
		}
		if (err == 0 && s.prot_type == MS_MIKEY_PROT_SRTP && !s.has_ssrc) {
			err = ms_random_u32(c->me->random, &s.ssrc);
			s.has_ssrc = true;
		}
		if (err == 0)
			err = ms_mikey_map_add(map, &s);
		if (err < 0)
			return err;
	}
	return 0;
}

static int write_answer(struct ms_mikey_csb *c, const struct ms_mikey_first *f,
			const struct ms_mikey_message *m, const struct ms_mikey_update *answer,
			struct ms_mikey_keyring *keys, ms_usec now, struct ms_buf *out,
			struct ms_mikey_message *ret_resp, struct ms_fault *fault)
{
	static const struct ms_mikey_update as_asked;
	struct ms_mikey_map map;
	int err = 0;

	answer = answer ? answer : &as_asked;
	if (answer->keys && answer->keys->n > 0 && !ms_mikey_may_send_keys(c, c->initiator))
		return -EPERM;
	if (answer->keys)
		err = ms_mikey_keyring_merge(keys, answer->keys);
	if (err == 0)
		err = answer_map(c, m, answer, keys, &map);
	if (err == 0)
		err = ms_mikey_update_write(c, f, answer, &map, m->raw, now, out, ret_resp);
	return err < 0 ? err : ms_mikey_check_spis(ret_resp, keys, fault);
}

static int enter(struct ms_mikey_replay *replay, const uint8_t id[MS_HASH_MAX],
		 const struct ms_mikey_csb *c, const struct ms_mikey_message *m, ms_usec now,
		 struct ms_fault *fault)
{
	int err = 0;

	if (replay)
		err = ms_mikey_replay_enter(replay, id,
					    ms_mikey_window_end(&m->t, c->me->local, now));
	if (err == 0 && replay && m->t.type == MS_MIKEY_TS_COUNTER)
		err = ms_mikey_replay_counter_enter(replay, counter_peer(c), (uint32_t)m->t.value);
	if (err == -EALREADY)
		return ms_mikey_refuse(fault, MS_MIKEY_R_REPLAY);
	return err == -ENOSPC ? ms_mikey_refuse(fault, MS_MIKEY_R_REPLAY_CACHE_FULL) : err;
}

int ms_mikey_csb_update_take(struct ms_mikey_csb *c, struct ms_span in,
			     const struct ms_mikey_update *answer, struct ms_mikey_replay *replay,
			     ms_usec now, struct ms_buf *out, struct ms_fault *fault)
{
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = c->keys;
	MS_CLEANUP(ms_mikey_first_wipe) struct ms_mikey_first f;
	struct ms_mikey_message m, resp;
	uint8_t id[MS_HASH_MAX];
	size_t start = out ? out->len : 0;
	int err = ms_mikey_first_read(c, &f);

	if (err == 0)
		err = ms_mikey_decode(in, &m, fault);
	if (err == 0)
		err = read_update(c, &f, &m, replay, now, id, &keys, fault);
	if (err < 0)
		return err;
	if (m.hdr.v && !out)
		return -EINVAL;
	if (m.hdr.v)
		err = write_answer(c, &f, &m, answer, &keys, now, out, &resp, fault);
	if (err == 0)
		err = enter(replay, id, c, &m, now, fault);
	if (err == 0)
		err = ms_mikey_update_apply(c, &f, m.hdr.v ? &resp : &m, m.hdr.v ? &m : NULL, &keys,
					    fault);
	if (err < 0 && out)
		ms_buf_truncate(out, start);
	return err;
}
