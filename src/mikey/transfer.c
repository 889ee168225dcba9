/* SPDX-License-Identifier: Apache-2.0 */
/* The Initiator sends a TRANSFER_INIT: RFC 6043 section 4.2.2.1. */
#include "mikey/transfer.h"

#include <errno.h>

#include "core/alloc.h"
#include "mikey/held-priv.h"
#include "mikey/ticket.h"
#include "mikey/transfer-priv.h"

struct ms_mikey_transfer *ms_mikey_transfer_free(struct ms_mikey_transfer *t)
{
	if (!t)
		return NULL;
	ms_mikey_octets_done(&t->sent);
	ms_mikey_octets_done(&t->owner.data);
	ms_mikey_octets_done(&t->called.data);
	ms_wipe(t, sizeof(*t));
	return ms_free(t);
}

void ms_mikey_transfer_freep(struct ms_mikey_transfer **t)
{
	*t = ms_mikey_transfer_free(*t);
}

static int transfer_new(const struct ms_mikey_party *me, const struct ms_mikey_ticket_held *h,
			const struct ms_mikey_id *called, struct ms_mikey_transfer **ret_t)
{
	MS_CLEANUP(ms_mikey_transfer_freep) struct ms_mikey_transfer *t = ms_zalloc(sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->me = me;
	t->flags = h->policy.flags;
	t->policy_prf = h->policy.prf;
	t->mpki = h->mpki;
	t->mpkr = h->mpkr;
	t->keys = h->keys;
	err = ms_mikey_name_set(&t->owner, me->id.data.p ? &me->id : &h->policy.initiator);
	if (err == 0)
		err = ms_mikey_name_set(&t->called, called);
	if (err < 0)
		return err;
	*ret_t = t;
	t = NULL;
	return 0;
}

/* The key that an SPI names: one sent along, or one of the ticket. */
static const struct ms_mikey_skey *find_key(const struct ms_mikey_ticket_held *h,
					    const struct ms_mikey_offer *o, struct ms_span spi)
{
	const struct ms_mikey_skey *k = o->keys ? ms_mikey_keyring_find(o->keys, spi) : NULL;

	return k ? k : ms_mikey_keyring_find(&h->keys, spi);
}

static const struct ms_mikey_skey *first_key(const struct ms_mikey_ticket_held *h,
					     const struct ms_mikey_offer *o)
{
	const struct ms_mikey_skey *k = o->keys ? ms_mikey_keyring_first(o->keys) : NULL;

	return k ? k : ms_mikey_keyring_first(&h->keys);
}

/* Without an answer to come everything has to be said at once (reading 26). */
static int complete(const struct ms_mikey_ticket_held *h, const struct ms_mikey_offer *o,
		    struct ms_mikey_session *s)
{
	const struct ms_mikey_skey *k;

	if (s->spi.len > 0)
		return find_key(h, o, s->spi) ? 0 : -ENOKEY;
	if (h->policy.flags & MS_MIKEY_FLAG_F)
		return 0;
	k = first_key(h, o);
	if (!k)
		return -ENOKEY;
	s->spi = ms_span_of(k->spi, k->spi_len);
	return 0;
}

static int offer_map(const struct ms_mikey_ticket_held *h, const struct ms_mikey_offer *o,
		     struct ms_mikey_map *map)
{
	bool half = !(h->policy.flags & MS_MIKEY_FLAG_F);

	map->n = 0;
	if (o->n_sessions == 0)
		return -EINVAL;
	for (size_t i = 0; i < o->n_sessions; i++) {
		struct ms_mikey_session s = o->session[i];
		int err = complete(h, o, &s);

		if (err == 0 && half && s.prot_type == MS_MIKEY_PROT_SRTP &&
		    (s.n_policies != 1 || !s.has_ssrc))
			err = -EINVAL;
		if (err == 0)
			err = ms_mikey_map_add(map, &s);
		if (err < 0)
			return err;
	}
	return 0;
}

/* MAC, and then the Initiator Data that depend on it (RFC 6043 section 6.10), into a whole message. */
static int seal(const struct ms_mikey_transfer *t, const struct ms_mikey_guard *g, uint8_t *p,
		size_t len)
{
	struct ms_mikey_message m;
	struct ms_mikey_cover c;
	uint8_t *mac;
	int err = ms_mikey_decode(ms_span_of(p, len), &m, NULL);

	if (err < 0)
		return err;
	mac = p + (m.v.mac.p - p);
	ms_mikey_cover_init(&c, &m, t->me->id.data, ms_mikey_name_id(&t->called).data);
	err = ms_mikey_guard_mac(g, MS_MIKEY_INIT, m.v.mac_alg, &c, mac);
	if (err < 0 || !(t->flags & MS_MIKEY_FLAG_I))
		return err;
	return ms_mikey_initiator_data_make(t->policy_prf, ms_secret_span(&t->mpkr), m.v.mac_alg,
					    ms_span_of(mac, m.v.mac.len), p + m.initiator_data + 2);
}

static void put_ticket(struct ms_mikey_writer *w, const struct ms_mikey_ticket_held *h,
		       const struct ms_mikey_suite *suite)
{
	static const uint8_t zeroes[2 * (MS_HASH_MAX + 2) + 1];
	struct ms_mikey_policy ticket = h->policy;

	ticket.initiator_data = MS_SPAN_NULL;
	if (h->policy.flags & MS_MIKEY_FLAG_I)
		ticket.initiator_data = ms_span_of(zeroes, ms_mikey_initiator_data_len(suite->mac));
	ms_mikey_put_ticket(w, &ticket);
}

static int write_init(const struct ms_mikey_transfer *transfer,
		      const struct ms_mikey_ticket_held *h, const struct ms_mikey_offer *o,
		      const struct ms_mikey_map *map, ms_usec now, struct ms_buf *out)
{
	const struct ms_mikey_party *me = transfer->me;
	MS_CLEANUP(ms_mikey_guard_wipe) struct ms_mikey_guard g = { .csb_id = 0 };
	struct ms_mikey_suite suite = ms_mikey_suite_for(me, h->policy.prf);
	struct ms_mikey_ts t = ms_mikey_clock_next(me->clock, now);
	struct ms_mikey_hdr hdr = { .data_type = MS_MIKEY_TRANSFER_INIT,
				    .prf = suite.prf,
				    .v = h->policy.flags & MS_MIKEY_FLAG_F,
				    .map_type = MS_MIKEY_MAP_GENERIC_ID,
				    .n_cs = (uint8_t)map->n };
	uint8_t rand[MS_SECRET_MAX];
	struct ms_mikey_writer w;
	size_t start = out->len;
	int err = ms_random_u32(me->random, &hdr.csb_id);

	/* RFC 6043 section 12.1: RANDs as long as the keys they are used with. */
	if (err == 0)
		err = ms_random_fill(me->random, rand, suite.key);
	if (err == 0)
		err = ms_mikey_guard_set(&g, &hdr, ms_secret_span(&h->mpki),
					 ms_span_of(rand, suite.key), MS_SPAN_NULL);
	if (err < 0)
		return err;
	ms_mikey_write_hdr(&w, out, &hdr, map->cs);
	ms_mikey_put_t(&w, &t);
	ms_mikey_put_randr(&w, MS_MIKEY_ROLE_INITIATOR, ms_span_of(rand, suite.key));
	if (!me->omit_ids && me->id.data.p)
		ms_mikey_put_idr(&w, MS_MIKEY_ROLE_INITIATOR, &me->id);
	if (!me->omit_ids && o->called.data.p)
		ms_mikey_put_idr(&w, MS_MIKEY_ROLE_RESPONDER, &o->called);
	ms_mikey_put_sps(&w, o->sp, o->n_sps);
	put_ticket(&w, h, &suite);
	err = ms_mikey_put_keyring(&w, &g, MS_MIKEY_INIT, suite.encr, &t, o->keys);
	ms_mikey_put_exts(&w, o->sdp_ids, o->ext, o->n_exts);
	(void)ms_mikey_put_v(&w, suite.mac);
	if (err == 0)
		err = ms_buf_status(out);
	return err < 0 ? err : seal(transfer, &g, out->p + start, out->len - start);
}

int ms_mikey_transfer_start(const struct ms_mikey_party *me, struct ms_mikey_ticket_held *h,
			    const struct ms_mikey_offer *o, ms_usec now, struct ms_buf *out,
			    struct ms_mikey_transfer **ret_t)
{
	MS_CLEANUP(ms_mikey_transfer_freep) struct ms_mikey_transfer *t = NULL;
	struct ms_mikey_map map;
	size_t start = out->len;
	int err = ms_mikey_ticket_held_usable(h, now, NULL);

	/* Its identity is under the MAC, in the message or not. */
	if (err == 0 && !o->called.data.p)
		err = -EINVAL;
	if (err == 0 && o->keys && o->keys->n > 0 && !(h->policy.flags & MS_MIKEY_FLAG_L))
		err = -EPERM;
	if (err == 0)
		err = offer_map(h, o, &map);
	if (err == 0)
		err = transfer_new(me, h, &o->called, &t);
	if (err < 0)
		return err;
	if (o->keys)
		t->own = *o->keys;
	err = write_init(t, h, o, &map, now, out);
	if (err == 0)
		err = ms_mikey_octets_set(&t->sent, ms_span_from(ms_buf_span(out), start));
	if (err < 0) {
		ms_buf_truncate(out, start);
		return err;
	}
	h->uses++;
	*ret_t = t;
	t = NULL;
	return 0;
}

int ms_mikey_transfer_amend(struct ms_mikey_transfer *t, unsigned ext, struct ms_span data)
{
	MS_CLEANUP(ms_mikey_guard_wipe) struct ms_mikey_guard g = { .csb_id = 0 };
	struct ms_mikey_message m;
	struct ms_span old;
	int err = ms_mikey_decode(ms_mikey_octets_span(&t->sent), &m, NULL);

	if (err < 0)
		return err;
	if (!ms_mikey_find_ext(&m, ext, &old) || old.len != data.len)
		return -EINVAL;
	err = ms_mikey_guard_set(&g, &m.hdr, ms_secret_span(&t->mpki), m.rand_i, MS_SPAN_NULL);
	if (err < 0)
		return err;
	memcpy(t->sent.p + (old.p - t->sent.p), data.p, data.len);
	return seal(t, &g, t->sent.p, t->sent.len);
}

/* Keys that we sent along in an earlier life of this Transfer. */
static int resume_own(struct ms_mikey_transfer *t, const struct ms_mikey_message *m)
{
	MS_CLEANUP(ms_mikey_guard_wipe) struct ms_mikey_guard g = { .csb_id = 0 };
	int err =
		ms_mikey_guard_set(&g, &m->hdr, ms_secret_span(&t->mpki), m->rand_i, MS_SPAN_NULL);

	if (err < 0)
		return err;
	return ms_mikey_take_keyring(&g, MS_MIKEY_INIT, m, t->flags & MS_MIKEY_FLAG_L, t->me->local,
				     &t->own, NULL);
}

int ms_mikey_transfer_resume(const struct ms_mikey_party *me, const struct ms_mikey_ticket_held *h,
			     struct ms_span sent, struct ms_mikey_transfer **ret_t)
{
	MS_CLEANUP(ms_mikey_transfer_freep) struct ms_mikey_transfer *t = NULL;
	struct ms_mikey_message m;
	int err = ms_mikey_decode(sent, &m, NULL);

	if (err < 0)
		return err;
	if (m.hdr.data_type != MS_MIKEY_TRANSFER_INIT || !m.rand_i.p)
		return -EBADMSG;
	err = transfer_new(me, h, &m.id_r, &t);
	if (err == 0)
		err = ms_mikey_octets_set(&t->sent, sent);
	if (err == 0)
		err = resume_own(t, &m);
	if (err < 0)
		return err;
	*ret_t = t;
	t = NULL;
	return 0;
}

struct ms_span ms_mikey_transfer_sent(const struct ms_mikey_transfer *t)
{
	return ms_mikey_octets_span(&t->sent);
}

int ms_mikey_transfer_bundle(const struct ms_mikey_transfer *t, struct ms_mikey_csb **ret_c)
{
	MS_CLEANUP(ms_mikey_keyring_wipe) struct ms_mikey_keyring keys = t->keys;
	struct ms_mikey_message init;
	struct ms_mikey_bundle_spec spec = { .me = t->me,
					     .initiator = true,
					     .flags = t->flags,
					     .init = &init,
					     .id_i = ms_mikey_name_id(&t->owner),
					     .id_r = ms_mikey_name_id(&t->called),
					     .key = ms_secret_span(&t->mpki),
					     .keys = &keys };
	int err;

	if (t->flags & MS_MIKEY_FLAG_F)
		return -EPROTO;
	err = ms_mikey_decode(ms_mikey_octets_span(&t->sent), &init, NULL);
	if (err == 0)
		err = ms_mikey_keyring_merge(&keys, &t->own);
	return err < 0 ? err : ms_mikey_bundle_new(&spec, NULL, ret_c);
}
