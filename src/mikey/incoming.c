/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Responder takes a TRANSFER_INIT: what can be refused without keys (RFC 6043 section 4.2.2.2),
 * and the verification once they are there (section 4.2.3.6).
 */
#include <errno.h>

#include "core/alloc.h"
#include "mikey/check.h"
#include "mikey/incoming-priv.h"
#include "mikey/policy.h"
#include "mikey/reason.h"
#include "mikey/ticket.h"

struct ms_mikey_incoming *ms_mikey_incoming_free(struct ms_mikey_incoming *i)
{
	if (!i)
		return NULL;
	ms_mikey_octets_done(&i->octets);
	ms_mikey_resolve_free(i->resolve);
	ms_mikey_resolved_free(i->resolved);
	ms_mikey_keyring_wipe(&i->keys);
	return ms_free(i);
}

void ms_mikey_incoming_freep(struct ms_mikey_incoming **i)
{
	*i = ms_mikey_incoming_free(*i);
}

const struct ms_mikey_message *ms_mikey_incoming_message(const struct ms_mikey_incoming *i)
{
	return &i->m;
}

struct ms_mikey_id ms_mikey_incoming_initiator(const struct ms_mikey_incoming *i)
{
	return i->m.id_i.data.p ? i->m.id_i : i->m.ticket.initiator;
}

const struct ms_mikey_resolved *ms_mikey_incoming_outcome(const struct ms_mikey_incoming *i)
{
	return i->resolved;
}

/* Identities that are left out are those both ends know: the ticket's owner, and ourselves. */
void ms_mikey_incoming_cover(const struct ms_mikey_incoming *i, struct ms_mikey_cover *c)
{
	ms_mikey_cover_init(c, &i->m, ms_mikey_id_or(&i->m.id_i, &i->m.ticket.initiator),
			    ms_mikey_id_or(&i->m.id_r, &i->me->id));
}

static int check_present(const struct ms_mikey_message *m, const struct ms_mikey_local *local,
			 struct ms_fault *fault)
{
	int err;

	if (m->hdr.data_type != MS_MIKEY_TRANSFER_INIT)
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNEXPECTED_DATA_TYPE);
	err = ms_mikey_check_frame(m, local, fault);
	if (err == 0 && (!m->rand_i.p || !m->ticket.set))
		err = ms_mikey_refuse(fault, MS_MIKEY_R_MISSING_PAYLOAD);
	return err;
}

static int check_policy(const struct ms_mikey_message *m, const struct ms_mikey_local *local,
			ms_usec now, struct ms_fault *fault)
{
	const struct ms_mikey_policy *p = &m->ticket;
	int err = ms_mikey_check_ticket(p, m->hdr.prf, local, now, fault);

	if (err == 0)
		err = ms_mikey_check_flags_wanted(p, local, fault);
	if (err < 0 || !(p->flags & MS_MIKEY_FLAG_I))
		return err;
	if (p->initiator_data.len == 0)
		return ms_mikey_refuse(fault, MS_MIKEY_R_INITIATOR_DATA_MISSING);
	/* With key forking only the owner of the ticket can have made the message (reading 10). */
	if (m->id_i.data.p && p->initiator.data.p && !ms_mikey_id_eq(&m->id_i, &p->initiator))
		return ms_mikey_refuse(fault, MS_MIKEY_R_IDENTITY_MISMATCH);
	return 0;
}

/* RFC 4567 sections 4.1.4 and 7: what was offered is what arrived. */
static int check_sdp_ids(const struct ms_mikey_message *m, struct ms_span sdp_ids,
			 struct ms_fault *fault)
{
	struct ms_span said;

	if (!sdp_ids.p)
		return 0;
	if (!ms_mikey_find_ext(m, MS_MIKEY_EXT_SDP_IDS, &said) || !ms_span_eq(said, sdp_ids))
		return ms_mikey_refuse(fault, MS_MIKEY_R_SDP_IDS_MISMATCH);
	return 0;
}

static struct ms_span counter_peer(const struct ms_mikey_incoming *i)
{
	return ms_mikey_id_or(&i->m.id_i, &i->m.ticket.initiator);
}

static int check_replay(struct ms_mikey_incoming *i, ms_usec now, struct ms_fault *fault)
{
	struct ms_mikey_cover c;

	ms_mikey_incoming_cover(i, &c);
	ms_hash(MS_HASH_SHA256, c.part, c.n, i->replay_id);
	if (!i->replay)
		return 0;
	if (ms_mikey_replay_seen(i->replay, i->replay_id, now) ||
	    (i->m.t.type == MS_MIKEY_TS_COUNTER &&
	     !ms_mikey_replay_counter_ok(i->replay, counter_peer(i), (uint32_t)i->m.t.value)))
		return ms_mikey_refuse(fault, MS_MIKEY_R_REPLAY);
	return 0;
}

static int early_checks(struct ms_mikey_incoming *i, struct ms_span sdp_ids, ms_usec now,
			struct ms_fault *fault)
{
	const struct ms_mikey_message *m = &i->m;
	const struct ms_mikey_local *local = i->me->local;
	struct ms_mikey_sp_source src = { .m = { m } };
	int err = check_present(m, local, fault);

	if (err == 0)
		err = ms_mikey_check_clock(&m->t, local, now, fault);
	if (err == 0)
		err = check_policy(m, local, now, fault);
	if (err == 0)
		err = ms_mikey_check_map(m, &src,
					 m->ticket.flags & MS_MIKEY_FLAG_F ? MS_MIKEY_MAP_OFFER
									   : MS_MIKEY_MAP_COMPLETE,
					 local, fault);
	if (err == 0)
		err = check_sdp_ids(m, sdp_ids, fault);
	return err < 0 ? err : check_replay(i, now, fault);
}

int ms_mikey_incoming_new(const struct ms_mikey_party *me, struct ms_span in,
			  struct ms_span sdp_ids, struct ms_mikey_replay *replay, ms_usec now,
			  struct ms_fault *fault, struct ms_mikey_incoming **ret_i)
{
	MS_CLEANUP(ms_mikey_incoming_freep) struct ms_mikey_incoming *i = ms_zalloc(sizeof(*i));
	int err;

	if (!i)
		return -ENOMEM;
	i->me = me;
	i->replay = replay;
	err = ms_mikey_octets_set(&i->octets, in);
	if (err == 0)
		err = ms_mikey_decode(ms_mikey_octets_span(&i->octets), &i->m, fault);
	if (err == 0)
		err = early_checks(i, sdp_ids, now, fault);
	if (err < 0)
		return err;
	*ret_i = i;
	i = NULL;
	return 0;
}

/* Vi repeats the MAC of this very message, and Vr (seen by the KMS) covers Vi. */
static int check_vi(const struct ms_mikey_message *m, struct ms_fault *fault)
{
	struct ms_mikey_initiator_data d;
	int err;

	if (!(m->ticket.flags & MS_MIKEY_FLAG_I))
		return 0;
	err = ms_mikey_initiator_data_decode(m->ticket.initiator_data, &d, fault);
	if (err < 0)
		return err;
	if (d.vi.mac_alg != m->v.mac_alg || !ms_secret_equal(d.vi.mac, m->v.mac))
		return ms_mikey_refuse(fault, MS_MIKEY_R_VI_MISMATCH);
	return 0;
}

static int enter_replay(struct ms_mikey_incoming *i, ms_usec now, struct ms_fault *fault)
{
	int err;

	if (!i->replay)
		return 0;
	err = ms_mikey_replay_enter(i->replay, i->replay_id,
				    ms_mikey_window_end(&i->m.t, i->me->local, now));
	if (err == 0 && i->m.t.type == MS_MIKEY_TS_COUNTER)
		err = ms_mikey_replay_counter_enter(i->replay, counter_peer(i),
						    (uint32_t)i->m.t.value);
	if (err == -EALREADY)
		return ms_mikey_refuse(fault, MS_MIKEY_R_REPLAY);
	if (err == -ENOSPC)
		return ms_mikey_refuse(fault, MS_MIKEY_R_REPLAY_CACHE_FULL);
	return err;
}

static bool ring_has_tgk(const struct ms_mikey_keyring *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (ms_mikey_key_is_tgk(r->key[i].type))
			return true;
	}
	return false;
}

/* Everything that needs the keys. Nothing of `i` changes until all is well. */
static int verify(struct ms_mikey_incoming *i, const struct ms_mikey_resolved *r,
		  struct ms_mikey_keyring *keys, struct ms_fault *fault)
{
	MS_CLEANUP(ms_mikey_guard_wipe) struct ms_mikey_guard g = { .csb_id = 0 };
	const struct ms_mikey_message *m = &i->m;
	struct ms_mikey_cover c;
	int err;

	if (ms_mikey_guard_set(&g, &m->hdr, ms_secret_span(&r->mpki), m->rand_i, MS_SPAN_NULL) < 0)
		return ms_mikey_refuse(fault, MS_MIKEY_R_INTERNAL);
	if ((m->ticket.flags & MS_MIKEY_FLAG_I) && r->mpkr.len == 0)
		return ms_mikey_refuse(fault, MS_MIKEY_R_MISSING_MPK);
	ms_mikey_incoming_cover(i, &c);
	err = ms_mikey_guard_verify(&g, MS_MIKEY_INIT, &m->v, &c, fault);
	if (err == 0)
		err = check_vi(m, fault);
	if (err == 0)
		err = ms_mikey_check_flags(m->ticket.flags, ring_has_tgk(&r->keys), fault);
	*keys = r->keys;
	if (err == 0)
		err = ms_mikey_take_keyring(&g, MS_MIKEY_INIT, m, m->ticket.flags & MS_MIKEY_FLAG_L,
					    i->me->local, keys, fault);
	return err < 0 ? err : ms_mikey_check_spis(m, keys, fault);
}

/* Takes `r` over on success. */
static int accept(struct ms_mikey_incoming *i, struct ms_mikey_resolved **r, ms_usec now,
		  struct ms_fault *fault)
{
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = { .n = 0 };
	int err = verify(i, *r, &keys, fault);

	if (err == 0)
		err = enter_replay(i, now, fault);
	if (err < 0)
		return err;
	i->keys = keys;
	i->resolved = *r;
	*r = NULL;
	return 0;
}

int ms_mikey_incoming_use(struct ms_mikey_incoming *i, const struct ms_mikey_resolved *r,
			  ms_usec now, struct ms_fault *fault)
{
	MS_CLEANUP(ms_mikey_resolved_freep) struct ms_mikey_resolved *copy = NULL;
	uint8_t id[MS_MIKEY_TICKET_ID];
	int err;

	if (i->resolved)
		return -EPROTO;
	ms_mikey_ticket_id(&i->m.ticket, id);
	if (!r->any && memcmp(id, r->ticket_id, sizeof(id)) != 0)
		return -EINVAL;
	err = ms_mikey_resolved_copy(r, &copy);
	return err < 0 ? err : accept(i, &copy, now, fault);
}

int ms_mikey_incoming_resolve(struct ms_mikey_incoming *i, ms_usec now, struct ms_buf *out)
{
	struct ms_mikey_resolve *r;
	int err;

	if (i->resolved)
		return -EPROTO;
	err = ms_mikey_resolve_start(i->me, &i->m.ticket, now, out, &r);
	if (err < 0)
		return err;
	ms_mikey_resolve_free(i->resolve);
	i->resolve = r;
	return 0;
}

int ms_mikey_incoming_resolved(struct ms_mikey_incoming *i, struct ms_span in, ms_usec now,
			       struct ms_fault *fault)
{
	MS_CLEANUP(ms_mikey_resolved_freep) struct ms_mikey_resolved *r = NULL;
	int err;

	if (!i->resolve || i->resolved)
		return -EPROTO;
	err = ms_mikey_resolve_finish(i->resolve, in, now, fault, &r);
	if (err == 0)
		err = accept(i, &r, now, fault);
	i->vouched = err == 0 && (i->m.ticket.flags & MS_MIKEY_FLAG_I);
	return err;
}

bool ms_mikey_incoming_vouched(const struct ms_mikey_incoming *i)
{
	return i->vouched;
}

static const struct ms_mikey_tpk *find_tpk(const struct ms_mikey_incoming *i)
{
	struct ms_mikey_ticket_data d;

	if (i->m.ticket.flags & MS_MIKEY_FLAG_E ||
	    ms_mikey_ticket_data_decode(i->m.ticket.ticket_data, &d, NULL) < 0)
		return NULL;
	for (size_t k = 0; k < i->me->n_tpk; k++) {
		if (!d.psk.data.p || ms_mikey_id_eq(&d.psk, &i->me->tpk[k].id))
			return &i->me->tpk[k];
	}
	return NULL;
}

bool ms_mikey_incoming_can_open(const struct ms_mikey_incoming *i)
{
	return find_tpk(i) != NULL;
}

/* RFC 6043 section 6.10: the KMS's checks are now ours. */
static int open_ticket(const struct ms_mikey_incoming *i, const struct ms_mikey_tpk *tpk,
		       struct ms_mikey_resolved **ret_r, struct ms_fault *fault)
{
	MS_CLEANUP(ms_mikey_opened_wipe) struct ms_mikey_opened o = { .len = 0 };
	MS_CLEANUP(ms_prf_key_wipe) struct ms_prf_key key = { .n = 0 };
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = { .n = 0 };
	struct ms_mikey_resolved_parts parts = { .ticket = &i->m.ticket, .keys = &keys };
	struct ms_mikey_ticket_data d;
	int err;

	if (!ms_mikey_policy_admits(&i->m.ticket, &i->me->id, i->me->local->wildcard))
		return ms_mikey_refuse(fault, MS_MIKEY_R_NOT_AUTHORISED);
	err = ms_mikey_ticket_data_decode(i->m.ticket.ticket_data, &d, fault);
	if (err == 0 && ms_mikey_inkey(&key, i->m.ticket.prf, tpk->key) < 0)
		err = ms_mikey_refuse(fault, MS_MIKEY_R_INTERNAL);
	if (err == 0)
		err = ms_mikey_ticket_open(&i->m.ticket, &d, &key, &o, fault);
	if (err == 0)
		err = ms_mikey_keyring_take(&keys, &o.keys, 1, fault);
	if (err < 0)
		return err;
	parts.mpki = ms_secret_span(&o.mpki);
	return ms_mikey_resolved_new(&parts, ret_r);
}

int ms_mikey_incoming_open(struct ms_mikey_incoming *i, ms_usec now, struct ms_fault *fault)
{
	MS_CLEANUP(ms_mikey_resolved_freep) struct ms_mikey_resolved *r = NULL;
	const struct ms_mikey_tpk *tpk = find_tpk(i);
	int err;

	if (i->resolved)
		return -EPROTO;
	if (!tpk)
		return ms_mikey_refuse(fault, MS_MIKEY_R_TICKET_CANNOT_BE_OPENED);
	err = open_ticket(i, tpk, &r, fault);
	return err < 0 ? err : accept(i, &r, now, fault);
}
