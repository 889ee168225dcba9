/* SPDX-License-Identifier: Apache-2.0 */
/* CSB updates from either end: RFC 6043 section 5.2. */
#include <errno.h>

#include "core/alloc.h"
#include "mikey/check.h"
#include "mikey/error-priv.h"
#include "mikey/held-priv.h"
#include "mikey/transfer-priv.h"

/* The first exchange, decoded, and the keys that protected its last message: those of all updates. */
struct first {
	struct ms_mikey_message init, resp;
	bool has_resp;
	struct ms_mikey_guard guard;
};

static void first_wipe(struct first *f)
{
	ms_mikey_guard_wipe(&f->guard);
}

static int first_read(const struct ms_mikey_csb *c, struct first *f)
{
	struct ms_span rand_r = MS_SPAN_NULL;
	int err = ms_mikey_decode(ms_mikey_octets_span(&c->init), &f->init, NULL);

	f->guard.key.n = 0;
	f->has_resp = c->resp.p != NULL;
	if (err == 0 && f->has_resp)
		err = ms_mikey_decode(ms_mikey_octets_span(&c->resp), &f->resp, NULL);
	if (err < 0)
		return err;
	if (f->has_resp && (c->flags & MS_MIKEY_FLAG_G))
		rand_r = f->resp.rand_r;
	return ms_mikey_guard_set(&f->guard, &c->hdr, ms_secret_span(&c->key), f->init.rand_i,
				  rand_r);
}

static const struct ms_mikey_message *first_resp(const struct first *f)
{
	return f->has_resp ? &f->resp : NULL;
}

/* RANDs, or a TICKET, may be repeated but not new (reading 59). Initiator Data belong to the first
 * message and are not looked at again. */
static bool same_rand(struct ms_span now, struct ms_span first)
{
	return !now.p || (first.p && ms_span_eq(now, first));
}

static bool same_ticket(const struct ms_mikey_policy *now, const struct ms_mikey_policy *first)
{
	size_t n;

	if (!now->set)
		return true;
	if (!first->set)
		return false;
	n = (size_t)(first->ticket_data.p + first->ticket_data.len - first->raw.p);
	return ms_span_eq(ms_span_sub(now->raw, 1, n - 1), ms_span_sub(first->raw, 1, n - 1));
}

static int check_static(const struct ms_mikey_message *m, const struct first *f,
			struct ms_fault *fault)
{
	struct ms_span rand_r = f->has_resp ? f->resp.rand_r : MS_SPAN_NULL;
	struct ms_span rand_kms = f->has_resp ? f->resp.rand_kms : MS_SPAN_NULL;

	if (same_rand(m->rand_i, f->init.rand_i) && same_rand(m->rand_r, rand_r) &&
	    same_rand(m->rand_kms, rand_kms) && !m->rand.p &&
	    same_ticket(&m->ticket, &f->init.ticket))
		return 0;
	return ms_mikey_refuse(fault, MS_MIKEY_R_UPDATE_HAS_NEW_RAND_OR_TICKET);
}

/* Whether the end that sends may send keys: L for the Initiator, M for the Responder. */
static bool may_send_keys(const struct ms_mikey_csb *c, bool initiator)
{
	return c->flags & (initiator ? MS_MIKEY_FLAG_L : MS_MIKEY_FLAG_M);
}

/* By role, so the Initiator of the first exchange first, whoever sends (reading 9). */
static void update_cover(const struct ms_mikey_csb *c, const struct ms_mikey_message *m,
			 struct ms_mikey_cover *cover)
{
	struct ms_mikey_id id_i = ms_mikey_name_id(&c->id_i), id_r = ms_mikey_name_id(&c->id_r);

	ms_mikey_cover_init(cover, m, ms_mikey_id_or(&m->id_i, &id_i),
			    ms_mikey_id_or(&m->id_r, &id_r));
}

/* The sessions as they are, each with the given key if there is one. */
static int present_map(const struct ms_mikey_csb *c, const struct first *f,
		       const struct ms_mikey_skey *key, struct ms_mikey_map *map)
{
	const struct ms_mikey_message *last = f->has_resp ? &f->resp : &f->init;

	for (size_t i = 0; i < c->traffics.n; i++) {
		const struct ms_mikey_traffic *t = &c->traffics.at[i];
		struct ms_mikey_session s = { .cs_id = t->cs_id, .prot_type = t->prot_type };
		int err;

		for (size_t k = 0; k < last->hdr.n_cs; k++) {
			if (last->cs[k].cs_id == t->cs_id)
				ms_mikey_session_of(&last->cs[k], &s);
		}
		s.spi = key ? ms_span_of(key->spi, key->spi_len) : ms_span_of(t->spi, t->spi_len);
		err = ms_mikey_map_add(map, &s);
		if (err < 0)
			return err;
	}
	return 0;
}

static int update_map(const struct ms_mikey_csb *c, const struct first *f,
		      const struct ms_mikey_update *u, struct ms_mikey_map *map)
{
	map->n = 0;
	if (!u->session)
		return present_map(c, f, u->keys ? ms_mikey_keyring_first(u->keys) : NULL, map);
	for (size_t i = 0; i < u->n_sessions; i++) {
		int err = ms_mikey_map_add(map, &u->session[i]);

		if (err < 0)
			return err;
	}
	return 0;
}

static void put_ids(const struct ms_mikey_csb *c, bool both, struct ms_mikey_writer *w)
{
	struct ms_mikey_id id_i = ms_mikey_name_id(&c->id_i), id_r = ms_mikey_name_id(&c->id_r);

	if (c->me->omit_ids)
		return;
	if (id_i.data.p && (both || c->initiator))
		ms_mikey_put_idr(w, MS_MIKEY_ROLE_INITIATOR, &id_i);
	if (id_r.data.p && (both || !c->initiator))
		ms_mikey_put_idr(w, MS_MIKEY_ROLE_RESPONDER, &id_r);
}

/* One update message; `init` is what it answers, or empty. Leaves `out` as it was on error. */
static int write_update(const struct ms_mikey_csb *c, const struct first *f,
			const struct ms_mikey_update *u, const struct ms_mikey_map *map,
			struct ms_span init, ms_usec now, struct ms_buf *out,
			struct ms_mikey_message *ret_m)
{
	struct ms_mikey_suite suite = ms_mikey_suite_for(c->me, c->hdr.prf);
	struct ms_mikey_ts t = ms_mikey_clock_next(c->me->clock, now);
	struct ms_mikey_hdr hdr = { .data_type = init.p ? MS_MIKEY_TRANSFER_RESP
							: MS_MIKEY_TRANSFER_INIT,
				    .prf = c->hdr.prf,
				    .v = !init.p && u->want_answer,
				    .csb_id = c->hdr.csb_id,
				    .map_type = MS_MIKEY_MAP_GENERIC_ID,
				    .n_cs = (uint8_t)map->n };
	struct ms_mikey_cover cover;
	struct ms_mikey_writer w;
	size_t start = out->len, mac_at;
	int err;

	ms_mikey_write_hdr(&w, out, &hdr, map->cs);
	ms_mikey_put_t(&w, &t);
	put_ids(c, !init.p, &w);
	ms_mikey_put_sps(&w, u->sp, u->n_sps);
	err = ms_mikey_put_keyring(&w, &f->guard, c->which, suite.encr, &t, u->keys);
	mac_at = ms_mikey_put_v(&w, suite.mac);
	if (err == 0)
		err = ms_buf_status(out);
	if (err == 0)
		err = ms_mikey_decode(ms_span_from(ms_buf_span(out), start), ret_m, NULL);
	if (err < 0)
		return err;
	if (init.p)
		ms_mikey_cover_resp(&cover, ret_m, init);
	else
		update_cover(c, ret_m, &cover);
	return ms_mikey_guard_mac(&f->guard, c->which, suite.mac, &cover, out->p + mac_at);
}

/* Sessions that a message does not mention stay as they are. */
static int merge(const struct ms_mikey_traffics *old, struct ms_mikey_traffics *new)
{
	for (size_t i = 0; i < old->n; i++) {
		bool found = false;

		for (size_t k = 0; k < new->n && !found; k++)
			found = new->at[k].cs_id == old->at[i].cs_id;
		if (found)
			continue;
		if (new->n == MS_MIKEY_CS_MAX)
			return -ENOSPC;
		new->at[new->n++] = old->at[i];
	}
	return 0;
}

/* A message that ends an update: its sessions get their keys. */
static int apply(struct ms_mikey_csb *c, const struct first *f, const struct ms_mikey_message *m,
		 const struct ms_mikey_message *offer, const struct ms_mikey_keyring *keys,
		 struct ms_fault *fault)
{
	struct ms_mikey_rands rands = ms_mikey_bundle_rands(c->flags, &f->init, first_resp(f));
	struct ms_mikey_sp_source src = { .m = { m, offer }, .csb = c };
	struct ms_mikey_traffics *t = ms_zalloc(sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	err = ms_mikey_traffics_derive(m, &src, keys, &rands, c->me->local, t, fault);
	if (err == 0)
		err = merge(&c->traffics, t);
	if (err == 0)
		err = ms_mikey_bundle_keep_sps(c, offer);
	if (err == 0)
		err = ms_mikey_bundle_keep_sps(c, m);
	if (err == 0) {
		c->traffics = *t;
		c->keys = *keys;
	}
	ms_wipe(t, sizeof(*t));
	ms_free(t);
	return err;
}

int ms_mikey_csb_update_start(struct ms_mikey_csb *c, const struct ms_mikey_update *u, ms_usec now,
			      struct ms_buf *out)
{
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = c->keys;
	MS_CLEANUP(first_wipe) struct first f;
	struct ms_mikey_message m;
	struct ms_mikey_map map;
	size_t start = out->len;
	int err = first_read(c, &f);

	if (err == 0 && c->sent.p)
		err = -EBUSY;
	if (err == 0 && u->keys && u->keys->n > 0 && !may_send_keys(c, c->initiator))
		err = -EPERM;
	if (err == 0 && u->keys)
		err = ms_mikey_keyring_merge(&keys, u->keys);
	if (err == 0)
		err = update_map(c, &f, u, &map);
	if (err < 0)
		return err;
	err = write_update(c, &f, u, &map, MS_SPAN_NULL, now, out, &m);
	/* With an answer to come, the other end may bring the key of a session. */
	if (err == 0 && !(u->want_answer && may_send_keys(c, !c->initiator)))
		err = ms_mikey_check_spis(&m, &keys, NULL);
	if (err == 0 && u->want_answer)
		err = ms_mikey_octets_set(&c->sent, m.raw);
	else if (err == 0)
		err = apply(c, &f, &m, NULL, &keys, NULL);
	if (err < 0)
		ms_buf_truncate(out, start);
	else if (u->want_answer)
		c->new_keys = keys;
	return err;
}

int ms_mikey_csb_update_resume(struct ms_mikey_csb *c, struct ms_span sent)
{
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = c->keys;
	MS_CLEANUP(first_wipe) struct first f;
	struct ms_mikey_message m;
	int err = first_read(c, &f);

	if (err == 0 && c->sent.p)
		err = -EBUSY;
	if (err == 0)
		err = ms_mikey_decode(sent, &m, NULL);
	if (err < 0)
		return err;
	if (m.hdr.data_type != MS_MIKEY_TRANSFER_INIT || m.hdr.csb_id != c->hdr.csb_id)
		return -EBADMSG;
	err = ms_mikey_take_keyring(&f.guard, c->which, &m, may_send_keys(c, c->initiator),
				    c->me->local, &keys, NULL);
	if (err == 0)
		err = ms_mikey_octets_set(&c->sent, sent);
	if (err == 0)
		c->new_keys = keys;
	return err;
}

static void forget_sent(struct ms_mikey_csb *c)
{
	ms_mikey_octets_done(&c->sent);
	ms_mikey_keyring_wipe(&c->new_keys);
}

static int check_update(const struct ms_mikey_csb *c, const struct first *f,
			const struct ms_mikey_message *m, struct ms_fault *fault)
{
	int err = ms_mikey_check_hdr(&m->hdr, &c->hdr, false, fault);

	if (err == 0)
		err = ms_mikey_check_frame(m, c->me->local, fault);
	return err < 0 ? err : check_static(m, f, fault);
}

static int finish(struct ms_mikey_csb *c, const struct first *f, const struct ms_mikey_message *m,
		  const struct ms_mikey_message *sent, struct ms_fault *fault)
{
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = c->new_keys;
	struct ms_mikey_sp_source src = { .m = { m, sent }, .csb = c };
	struct ms_mikey_cover cover;
	int err = check_update(c, f, m, fault);

	if (err < 0)
		return err;
	ms_mikey_cover_resp(&cover, m, sent->raw);
	err = ms_mikey_guard_verify(&f->guard, c->which, &m->v, &cover, fault);
	if (err == 0)
		err = ms_mikey_check_map(m, &src, MS_MIKEY_MAP_ANSWER, c->me->local, fault);
	if (err == 0)
		err = ms_mikey_check_map_kept(m, sent, fault);
	if (err == 0)
		err = ms_mikey_take_keyring(&f->guard, c->which, m, may_send_keys(c, !c->initiator),
					    c->me->local, &keys, fault);
	if (err == 0)
		err = ms_mikey_check_spis(m, &keys, fault);
	return err < 0 ? err : apply(c, f, m, sent, &keys, fault);
}

int ms_mikey_csb_update_finish(struct ms_mikey_csb *c, struct ms_span in, ms_usec now MS_UNUSED,
			       struct ms_fault *fault)
{
	MS_CLEANUP(first_wipe) struct first f;
	struct ms_mikey_message m, sent;
	int err = first_read(c, &f);

	if (err < 0)
		return err;
	if (!c->sent.p)
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNEXPECTED_MESSAGE);
	err = ms_mikey_decode(in, &m, fault);
	if (err == 0)
		err = ms_mikey_decode(ms_mikey_octets_span(&c->sent), &sent, fault);
	if (err < 0)
		return err;
	if (m.hdr.data_type == MS_MIKEY_ERROR)
		return ms_mikey_error_taken(&f.guard, &m, MS_MIKEY_R_PEER_ERROR,
					    MS_MIKEY_R_PEER_ERROR_UNAUTHENTICATED, fault);
	if (m.hdr.data_type != MS_MIKEY_TRANSFER_RESP)
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNEXPECTED_DATA_TYPE);
	err = finish(c, &f, &m, &sent, fault);
	if (err == 0)
		forget_sent(c);
	return err;
}

static int check_replay(const struct ms_mikey_cover *cover, const struct ms_mikey_csb *c,
			const struct ms_mikey_message *m, struct ms_mikey_replay *replay,
			ms_usec now, uint8_t id[MS_HASH_MAX], struct ms_fault *fault)
{
	ms_hash(MS_HASH_SHA256, cover->part, cover->n, id);
	if (replay && ms_mikey_replay_seen(replay, id, now))
		return ms_mikey_refuse(fault, MS_MIKEY_R_REPLAY);
	return ms_mikey_check_clock(&m->t, c->me->local, now, fault);
}

/* Everything about an update that was sent to us, but no change yet. */
static int read_update(struct ms_mikey_csb *c, const struct first *f,
		       const struct ms_mikey_message *m, struct ms_mikey_replay *replay,
		       ms_usec now, uint8_t id[MS_HASH_MAX], struct ms_mikey_keyring *keys,
		       struct ms_fault *fault)
{
	struct ms_mikey_sp_source src = { .m = { m }, .csb = c };
	struct ms_mikey_cover cover;
	int err;

	if (m->hdr.data_type != MS_MIKEY_TRANSFER_INIT)
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNEXPECTED_DATA_TYPE);
	err = check_update(c, f, m, fault);
	if (err < 0)
		return err;
	update_cover(c, m, &cover);
	err = check_replay(&cover, c, m, replay, now, id, fault);
	if (err == 0)
		err = ms_mikey_guard_verify(&f->guard, c->which, &m->v, &cover, fault);
	if (err == 0)
		err = ms_mikey_check_map(m, &src,
					 m->hdr.v ? MS_MIKEY_MAP_OFFER : MS_MIKEY_MAP_COMPLETE,
					 c->me->local, fault);
	if (err == 0)
		err = ms_mikey_take_keyring(&f->guard, c->which, m, may_send_keys(c, !c->initiator),
					    c->me->local, keys, fault);
	/* A session may wait for a key that only our answer brings. */
	if (err == 0 && !(m->hdr.v && may_send_keys(c, c->initiator)))
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

static int write_answer(struct ms_mikey_csb *c, const struct first *f,
			const struct ms_mikey_message *m, const struct ms_mikey_update *answer,
			struct ms_mikey_keyring *keys, ms_usec now, struct ms_buf *out,
			struct ms_mikey_message *ret_resp, struct ms_fault *fault)
{
	static const struct ms_mikey_update as_asked;
	struct ms_mikey_map map;
	int err = 0;

	answer = answer ? answer : &as_asked;
	if (answer->keys && answer->keys->n > 0 && !may_send_keys(c, c->initiator))
		return -EPERM;
	if (answer->keys)
		err = ms_mikey_keyring_merge(keys, answer->keys);
	if (err == 0)
		err = answer_map(c, m, answer, keys, &map);
	if (err == 0)
		err = write_update(c, f, answer, &map, m->raw, now, out, ret_resp);
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
	if (err == -EALREADY)
		return ms_mikey_refuse(fault, MS_MIKEY_R_REPLAY);
	return err == -ENOSPC ? ms_mikey_refuse(fault, MS_MIKEY_R_REPLAY_CACHE_FULL) : err;
}

int ms_mikey_csb_update_take(struct ms_mikey_csb *c, struct ms_span in,
			     const struct ms_mikey_update *answer, struct ms_mikey_replay *replay,
			     ms_usec now, struct ms_buf *out, struct ms_fault *fault)
{
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = c->keys;
	MS_CLEANUP(first_wipe) struct first f;
	struct ms_mikey_message m, resp;
	uint8_t id[MS_HASH_MAX];
	size_t start = out ? out->len : 0;
	int err = first_read(c, &f);

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
		err = apply(c, &f, m.hdr.v ? &resp : &m, m.hdr.v ? &m : NULL, &keys, fault);
	if (err < 0 && out)
		ms_buf_truncate(out, start);
	return err;
}
