/* SPDX-License-Identifier: Apache-2.0 */
/* The Responder answers: TRANSFER_RESP, RFC 6043 sections 4.2.2.3 and 6.1.1. */
#include <errno.h>

#include "core/alloc.h"
#include "mikey/check.h"
#include "mikey/held-priv.h"
#include "mikey/incoming-priv.h"

static const struct ms_mikey_skey *first_key(const struct ms_mikey_incoming *i,
					     const struct ms_mikey_answer *a)
{
	const struct ms_mikey_skey *k = ms_mikey_keyring_first(&i->keys);

	return k || !a->keys ? k : ms_mikey_keyring_first(a->keys);
}

static const struct ms_mikey_cs *offered(const struct ms_mikey_incoming *i, unsigned cs_id)
{
	for (size_t n = 0; n < i->m.hdr.n_cs; n++) {
		if (i->m.cs[n].cs_id == cs_id)
			return &i->m.cs[n];
	}
	return NULL;
}

/* The policy number that our own default takes: one that nobody uses. */
static int free_policy_no(const struct ms_mikey_incoming *i, const struct ms_mikey_answer *a,
			  uint8_t *ret_no)
{
	for (unsigned no = 0; no < 256; no++) {
		bool used = ms_mikey_find_sp(&i->m, no) != NULL;

		for (size_t k = 0; k < a->n_sps && !used; k++)
			used = a->sp[k].policy_no == no;
		if (!used) {
			*ret_no = (uint8_t)no;
			return 0;
		}
	}
	return -ENOSPC;
}

/* What an answer adds of its own. */
struct extra {
	bool has_sp; /* the default SRTP policy, for sessions without one */
	struct ms_mikey_sp sp;
	uint8_t room[64];
};

static int default_policy(const struct ms_mikey_incoming *i, const struct ms_mikey_answer *a,
			  struct extra *x, struct ms_mikey_session *s)
{
	struct ms_buf params;
	int err;

	if (!x->has_sp) {
		err = free_policy_no(i, a, &x->sp.policy_no);
		if (err < 0)
			return err;
		ms_buf_init_fixed(&params, x->room, sizeof(x->room));
		ms_mikey_srtp_encode(&ms_mikey_srtp_default, &params);
		x->sp.prot_type = MS_MIKEY_PROT_SRTP;
		x->sp.params = ms_buf_span(&params);
		x->has_sp = true;
	}
	s->policy[0] = x->sp.policy_no;
	s->n_policies = 1;
	return 0;
}

/* Exactly one policy, and an SSRC. */
static int complete_srtp(const struct ms_mikey_incoming *i, const struct ms_mikey_answer *a,
			 struct extra *x, struct ms_mikey_session *s)
{
	struct ms_mikey_sp_source src = { .m = { &i->m } };
	const struct ms_mikey_cs *o = offered(i, s->cs_id);
	struct ms_mikey_srtp srtp;
	int err = 0;

	if (s->n_policies != 1 && o && o->policies.len > 0) {
		err = ms_mikey_choose_policy(o, &src, i->me->local, &s->policy[0], &srtp);
		s->n_policies = 1;
	} else if (s->n_policies != 1) {
		err = default_policy(i, a, x, s);
	}
	if (err == 0 && !s->has_ssrc) {
		err = ms_random_u32(i->me->random, &s->ssrc);
		s->has_ssrc = true;
	}
	return err;
}

static int complete(const struct ms_mikey_incoming *i, const struct ms_mikey_answer *a,
		    struct extra *x, struct ms_mikey_session *s)
{
	const struct ms_mikey_skey *k;

	if (s->spi.len == 0) {
		k = first_key(i, a);
		if (!k)
			return -ENOKEY;
		s->spi = ms_span_of(k->spi, k->spi_len);
	} else if (!ms_mikey_keyring_find(&i->keys, s->spi) &&
		   !(a->keys && ms_mikey_keyring_find(a->keys, s->spi))) {
		return -ENOKEY;
	}
	return s->prot_type == MS_MIKEY_PROT_SRTP ? complete_srtp(i, a, x, s) : 0;
}

static void take_as_offered(const struct ms_mikey_cs *cs, struct ms_mikey_session *s)
{
	ms_mikey_session_of(cs, s);
	/* But for SRTP nothing is to be agreed (reading 25). */
	if (s->prot_type != MS_MIKEY_PROT_SRTP)
		s->n_policies = 0;
}

static int answer_map(const struct ms_mikey_incoming *i, const struct ms_mikey_answer *a,
		      struct extra *x, struct ms_mikey_map *map)
{
	size_t n = a->session ? a->n_sessions : i->m.hdr.n_cs;

	map->n = 0;
	for (size_t k = 0; k < n; k++) {
		struct ms_mikey_session s;
		int err;

		if (a->session)
			s = a->session[k];
		else
			take_as_offered(&i->m.cs[k], &s);
		err = complete(i, a, x, &s);
		if (err == 0)
			err = ms_mikey_map_add(map, &s);
		if (err < 0)
			return err;
	}
	return 0;
}

/* The identity the KMS admitted goes into the answer; without key forking it may be our own. */
static void put_identity(const struct ms_mikey_incoming *i, struct ms_mikey_writer *w)
{
	struct ms_mikey_id id = ms_mikey_resolved_identity(i->resolved);
	struct ms_span rand = ms_mikey_resolved_rand(i->resolved);

	if (id.data.p)
		ms_mikey_put_idr(w, MS_MIKEY_ROLE_RESPONDER, &id);
	else if (!i->me->omit_ids && i->me->id.data.p)
		ms_mikey_put_idr(w, MS_MIKEY_ROLE_RESPONDER, &i->me->id);
	if (rand.p)
		ms_mikey_put_randr(w, MS_MIKEY_ROLE_KMS, rand);
}

static struct ms_span message_key(const struct ms_mikey_incoming *i)
{
	return i->m.ticket.flags & MS_MIKEY_FLAG_I ? ms_secret_span(&i->resolved->mpkr)
						   : ms_secret_span(&i->resolved->mpki);
}

static int seal(const struct ms_mikey_incoming *i, const struct ms_mikey_guard *g,
		const struct ms_mikey_suite *suite, struct ms_buf *out, size_t start, size_t mac_at)
{
	struct ms_mikey_cover c = { .n = 2 };

	/* RFC 6043 section 5.5: this message up to its MAC, then the one it answers. */
	c.part[0] = ms_span_of(out->p + start, mac_at - start);
	c.part[1] = i->m.raw;
	return ms_mikey_guard_mac(g, MS_MIKEY_RESP, suite->mac, &c, out->p + mac_at);
}

static int write_resp(const struct ms_mikey_incoming *i, const struct ms_mikey_answer *a,
		      const struct extra *x, const struct ms_mikey_map *map, ms_usec now,
		      struct ms_buf *out)
{
	MS_CLEANUP(ms_mikey_guard_wipe) struct ms_mikey_guard g = { .csb_id = 0 };
	struct ms_mikey_suite suite = ms_mikey_suite_for(i->me, i->m.hdr.prf);
	struct ms_mikey_ts t = ms_mikey_clock_next(i->me->clock, now);
	struct ms_mikey_hdr hdr = { .data_type = MS_MIKEY_TRANSFER_RESP,
				    .prf = i->m.hdr.prf,
				    .csb_id = i->m.hdr.csb_id,
				    .map_type = MS_MIKEY_MAP_GENERIC_ID,
				    .n_cs = (uint8_t)map->n };
	bool with_rand = i->m.ticket.flags & MS_MIKEY_FLAG_G;
	uint8_t rand[MS_SECRET_MAX];
	struct ms_span rand_r = with_rand ? ms_span_of(rand, suite.key) : MS_SPAN_NULL;
	struct ms_mikey_writer w;
	size_t start = out->len, mac_at;
	int err = ms_random_fill(i->me->random, rand, suite.key);

	if (err == 0)
		err = ms_mikey_guard_set(&g, &hdr, message_key(i), i->m.rand_i, rand_r);
	if (err < 0)
		return err;
	ms_mikey_write_hdr(&w, out, &hdr, map->cs);
	ms_mikey_put_t(&w, &t);
	if (with_rand)
		ms_mikey_put_randr(&w, MS_MIKEY_ROLE_RESPONDER, rand_r);
	put_identity(i, &w);
	ms_mikey_put_sps(&w, a->sp, a->n_sps);
	ms_mikey_put_sps(&w, &x->sp, x->has_sp ? 1 : 0);
	err = ms_mikey_put_keyring(&w, &g, MS_MIKEY_RESP, suite.encr, &t, a->keys);
	ms_mikey_put_exts(&w, a->sdp_ids, a->ext, a->n_exts);
	mac_at = ms_mikey_put_v(&w, suite.mac);
	if (err == 0)
		err = ms_buf_status(out);
	return err < 0 ? err : seal(i, &g, &suite, out, start, mac_at);
}

static int make_bundle(const struct ms_mikey_incoming *i, const struct ms_mikey_answer *a,
		       const struct ms_mikey_message *resp, struct ms_mikey_csb **ret_c)
{
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = i->keys;
	struct ms_mikey_bundle_spec spec = { .me = i->me,
					     .flags = i->m.ticket.flags,
					     .init = &i->m,
					     .resp = resp,
					     .id_i = ms_mikey_incoming_initiator(i),
					     .id_r = i->m.id_r.data.p ? i->m.id_r : i->me->id,
					     .key = ms_secret_span(&i->resolved->mpki),
					     .keys = &keys };
	int err = 0;

	if (resp) {
		spec.key = message_key(i);
		if (resp->id_r.data.p)
			spec.id_r = resp->id_r;
		if (a->keys)
			err = ms_mikey_keyring_merge(&keys, a->keys);
	}
	return err < 0 ? err : ms_mikey_bundle_new(&spec, NULL, ret_c);
}

int ms_mikey_incoming_answer(struct ms_mikey_incoming *i, const struct ms_mikey_answer *a,
			     ms_usec now, struct ms_buf *out, struct ms_mikey_csb **ret_c)
{
	static const struct ms_mikey_answer all;
	struct ms_mikey_message resp;
	struct ms_mikey_map map;
	struct extra x = { .has_sp = false };
	size_t start;
	int err;

	a = a ? a : &all;
	if (!i->resolved)
		return -EPROTO;
	if (!(i->m.ticket.flags & MS_MIKEY_FLAG_F))
		return make_bundle(i, a, NULL, ret_c);
	if (a->keys && a->keys->n > 0 && !(i->m.ticket.flags & MS_MIKEY_FLAG_M))
		return -EPERM;
	err = answer_map(i, a, &x, &map);
	if (err < 0)
		return err;
	start = out->len;
	err = write_resp(i, a, &x, &map, now, out);
	if (err == 0)
		err = ms_mikey_decode(ms_span_from(ms_buf_span(out), start), &resp, NULL);
	if (err == 0)
		err = make_bundle(i, a, &resp, ret_c);
	if (err < 0)
		ms_buf_truncate(out, start);
	return err;
}
