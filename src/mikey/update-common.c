/* SPDX-License-Identifier: Apache-2.0 */
/* What senders and receivers of CSB updates have in common: RFC 6043 section 5.2. */
#include <errno.h>

#include "core/alloc.h"
#include "mikey/check.h"
#include "mikey/error-priv.h"
#include "mikey/held-priv.h"
#include "mikey/update-priv.h"

void ms_mikey_first_wipe(struct ms_mikey_first *f)
{
	ms_mikey_guard_wipe(&f->guard);
}

int ms_mikey_first_read(const struct ms_mikey_csb *c, struct ms_mikey_first *f)
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

static const struct ms_mikey_message *first_resp(const struct ms_mikey_first *f)
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

static int check_static(const struct ms_mikey_message *m, const struct ms_mikey_first *f,
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
bool ms_mikey_may_send_keys(const struct ms_mikey_csb *c, bool initiator)
{
	return c->flags & (initiator ? MS_MIKEY_FLAG_L : MS_MIKEY_FLAG_M);
}

/* By role, so the Initiator of the first exchange first, whoever sends (reading 9). */
void ms_mikey_update_cover(const struct ms_mikey_csb *c, const struct ms_mikey_message *m,
			   struct ms_mikey_cover *cover)
{
	struct ms_mikey_id id_i = ms_mikey_name_id(&c->id_i), id_r = ms_mikey_name_id(&c->id_r);

	ms_mikey_cover_init(cover, m, ms_mikey_id_or(&m->id_i, &id_i),
			    ms_mikey_id_or(&m->id_r, &id_r));
}

void ms_mikey_update_id(const struct ms_mikey_csb *c, const struct ms_mikey_message *m,
			uint8_t ret_id[MS_HASH_MAX])
{
	struct ms_mikey_cover cover;

	ms_mikey_update_cover(c, m, &cover);
	ms_hash(MS_HASH_SHA256, cover.part, cover.n, ret_id);
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

/* Later than anything in this bundle, from whichever end. Should both ends count and send at the same
 * time, one has the even numbers and the other the odd ones. Our clock itself does not follow the other
 * end's. */
static struct ms_mikey_ts next_ts(struct ms_mikey_csb *c, ms_usec now)
{
	struct ms_mikey_ts t = ms_mikey_clock_next(c->me->clock, now);
	const struct ms_mikey_ts *latest = &c->latest[t.type];

	if (latest->set && !ms_mikey_ts_later(t.type, t.value, latest->value))
		t.value = latest->value + 1;
	if (t.type == MS_MIKEY_TS_COUNTER && (t.value & 1) == c->initiator)
		t.value++;
	if (ms_mikey_ts_len(t.type) == 4)
		t.value &= UINT32_MAX;
	ms_mikey_bundle_saw(c, &t);
	return t;
}

/* One update message; `init` is what it answers, or empty. Leaves `out` as it was on error. */
int ms_mikey_update_write(struct ms_mikey_csb *c, const struct ms_mikey_first *f,
			  const struct ms_mikey_update *u, const struct ms_mikey_map *map,
			  struct ms_span init, ms_usec now, struct ms_buf *out,
			  struct ms_mikey_message *ret_m)
{
	struct ms_mikey_suite suite = ms_mikey_suite_for(c->me, c->hdr.prf);
	struct ms_mikey_ts t = next_ts(c, now);
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
		ms_mikey_update_cover(c, ret_m, &cover);
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
int ms_mikey_update_apply(struct ms_mikey_csb *c, const struct ms_mikey_first *f,
			  const struct ms_mikey_message *m, const struct ms_mikey_message *offer,
			  const struct ms_mikey_keyring *keys, struct ms_fault *fault)
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

int ms_mikey_update_check(const struct ms_mikey_csb *c, const struct ms_mikey_first *f,
			  const struct ms_mikey_message *m, struct ms_fault *fault)
{
	int err = ms_mikey_check_hdr(&m->hdr, &c->hdr, false, fault);

	if (err == 0)
		err = ms_mikey_check_frame(m, c->me->local, fault);
	return err < 0 ? err : check_static(m, f, fault);
}
