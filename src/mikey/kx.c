/* SPDX-License-Identifier: Apache-2.0 */
/* The user's end of the exchanges with the KMS: RFC 6043 sections 4.2.1 and 4.2.3. */
#include "mikey/kx.h"

#include <errno.h>

#include "mikey/check.h"
#include "mikey/pk-priv.h"
#include "mikey/pk.h"

const struct ms_mikey_kx_kind ms_mikey_kx_request = {
	.psk = MS_MIKEY_REQUEST_INIT_PSK,
	.pk = MS_MIKEY_REQUEST_INIT_PK,
	.resp = MS_MIKEY_REQUEST_RESP,
	.role = MS_MIKEY_ROLE_INITIATOR,
	.payload = MS_MIKEY_P_TP,
};

const struct ms_mikey_kx_kind ms_mikey_kx_resolve = {
	.psk = MS_MIKEY_RESOLVE_INIT_PSK,
	.pk = MS_MIKEY_RESOLVE_INIT_PK,
	.resp = MS_MIKEY_RESOLVE_RESP,
	.role = MS_MIKEY_ROLE_RESPONDER,
	.payload = MS_MIKEY_P_TICKET,
};

void ms_mikey_kx_done(struct ms_mikey_kx *kx)
{
	ms_mikey_octets_done(&kx->sent);
	ms_secret_wipe(&kx->envelope);
}

static struct ms_span inkey(const struct ms_mikey_kx *kx)
{
	return kx->envelope.len > 0 ? ms_secret_span(&kx->envelope) : kx->me->psk;
}

static int guard_of(const struct ms_mikey_kx *kx, const struct ms_mikey_message *init,
		    struct ms_mikey_guard *g)
{
	return ms_mikey_guard_set(g, &init->hdr, inkey(kx), init->rand_i, init->rand_r);
}

static void put_frame(const struct ms_mikey_kx_kind *kind, const struct ms_mikey_party *me,
		      struct ms_span rand, struct ms_span payload, ms_usec now,
		      struct ms_mikey_writer *w)
{
	struct ms_mikey_ts t = ms_mikey_clock_next(me->clock, now);

	ms_mikey_put_t(w, &t);
	ms_mikey_put_randr(w, kind->role, rand);
	if (!me->omit_ids) {
		ms_mikey_put_idr(w, kind->role, &me->id);
		ms_mikey_put_idr(w, MS_MIKEY_ROLE_KMS, &me->kms);
	}
	ms_mikey_put_raw(w, kind->payload, payload);
}

/* V with the MAC over message and identities (RFC 6043 section 5.5). */
static int put_verification(struct ms_mikey_kx *kx, const struct ms_mikey_suite *suite,
			    struct ms_mikey_writer *w, size_t start)
{
	const struct ms_mikey_party *me = kx->me;
	MS_CLEANUP(ms_mikey_guard_wipe) struct ms_mikey_guard g = { .csb_id = 0 };
	struct ms_mikey_message m;
	struct ms_mikey_cover c;
	size_t mac_at;
	int err;

	if (me->psk_id.data.p)
		ms_mikey_put_idr(w, MS_MIKEY_ROLE_PSK, &me->psk_id);
	mac_at = ms_mikey_put_v(w, suite->mac);
	err = ms_buf_status(w->b);
	if (err == 0)
		err = ms_mikey_decode(ms_span_from(ms_buf_span(w->b), start), &m, NULL);
	if (err == 0)
		err = guard_of(kx, &m, &g);
	if (err < 0)
		return err;
	ms_mikey_cover_init(&c, &m, me->id.data, me->kms.data);
	return ms_mikey_guard_mac(&g, MS_MIKEY_INIT, suite->mac, &c, w->b->p + mac_at);
}

static int write_init(struct ms_mikey_kx *kx, const struct ms_mikey_kx_kind *kind,
		      const struct ms_mikey_suite *suite, struct ms_span payload, ms_usec now,
		      struct ms_buf *out)
{
	const struct ms_mikey_party *me = kx->me;
	/* The V flag: RFC 6043 sections 4.2.1.1 and 4.2.3.1. */
	struct ms_mikey_hdr hdr = { .data_type = me->credential ? kind->pk : kind->psk,
				    .prf = suite->prf,
				    .v = true,
				    .map_type = MS_MIKEY_MAP_EMPTY };
	uint8_t rand[MS_SECRET_MAX];
	struct ms_mikey_writer w;
	size_t start = out->len;
	/* RFC 6043 section 12.1: as long as the longest key it is used with. */
	size_t n = me->psk.len > suite->key ? me->psk.len : suite->key;
	int err;

	if (n > sizeof(rand) || (!me->credential && me->psk.len == 0))
		return -EINVAL;
	err = ms_random_u32(me->random, &hdr.csb_id);
	if (err == 0)
		err = ms_random_fill(me->random, rand, n);
	if (err < 0)
		return err;
	ms_mikey_write_hdr(&w, out, &hdr, NULL);
	put_frame(kind, me, ms_span_of(rand, n), payload, now, &w);
	if (me->credential)
		return ms_mikey_pk_finish(me, suite, &w, start, &kx->envelope);
	return put_verification(kx, suite, &w, start);
}

int ms_mikey_kx_start(struct ms_mikey_kx *kx, const struct ms_mikey_kx_kind *kind,
		      const struct ms_mikey_party *me, const struct ms_mikey_suite *suite,
		      struct ms_span payload, ms_usec now, struct ms_buf *out)
{
	size_t start = out->len;
	int err;

	*kx = (struct ms_mikey_kx){ .me = me };
	err = write_init(kx, kind, suite, payload, now, out);
	if (err == 0)
		err = ms_mikey_octets_set(&kx->sent, ms_span_from(ms_buf_span(out), start));
	if (err < 0) {
		ms_buf_truncate(out, start);
		ms_mikey_kx_done(kx);
	}
	return err;
}

int ms_mikey_kx_resume(struct ms_mikey_kx *kx, const struct ms_mikey_kx_kind *kind,
		       const struct ms_mikey_party *me, struct ms_span sent,
		       struct ms_span envelope)
{
	struct ms_mikey_message m;
	int err = ms_mikey_decode(sent, &m, NULL);

	if (err < 0)
		return err;
	if (m.hdr.data_type != kind->psk && m.hdr.data_type != kind->pk)
		return -EBADMSG;
	*kx = (struct ms_mikey_kx){ .me = me };
	err = ms_secret_set(&kx->envelope, envelope);
	if (err == 0)
		err = ms_mikey_octets_set(&kx->sent, sent);
	if (err < 0)
		ms_mikey_kx_done(kx);
	return err;
}

void ms_mikey_kx_answer_init(struct ms_mikey_kx_answer *a)
{
	a->guard.key.n = 0;
	a->keys.n = 0;
	ms_buf_init_fixed(&a->plain, a->room, sizeof(a->room));
}

void ms_mikey_kx_answer_done(struct ms_mikey_kx_answer *a)
{
	ms_mikey_guard_wipe(&a->guard);
	ms_wipe(a->room, a->plain.len);
}

int ms_mikey_kx_take(const struct ms_mikey_kx *kx, const struct ms_mikey_kx_kind *kind,
		     struct ms_span in, struct ms_mikey_kx_answer *a, struct ms_fault *fault)
{
	const struct ms_mikey_local *local = kx->me->local;
	struct ms_mikey_message *m = &a->resp;
	struct ms_mikey_cover c;
	int err = ms_mikey_decode(in, m, fault);

	if (err < 0)
		return err;
	err = ms_mikey_decode(ms_mikey_octets_span(&kx->sent), &a->init, fault);
	if (err == 0 && guard_of(kx, &a->init, &a->guard) < 0)
		err = ms_mikey_refuse(fault, MS_MIKEY_R_INTERNAL);
	if (err < 0)
		return err;
	if (m->hdr.data_type == MS_MIKEY_ERROR)
		return ms_mikey_error_taken(&a->guard, m, MS_MIKEY_R_KMS_ERROR,
					    MS_MIKEY_R_KMS_ERROR_UNAUTHENTICATED, fault);
	if (m->hdr.data_type != kind->resp)
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNEXPECTED_DATA_TYPE);
	err = ms_mikey_check_hdr(&m->hdr, &a->init.hdr, true, fault);
	if (err == 0)
		err = ms_mikey_check_frame(m, local, fault);
	if (err < 0)
		return err;
	ms_mikey_cover_resp(&c, m, a->init.raw);
	err = ms_mikey_guard_verify(&a->guard, MS_MIKEY_RESP, &m->v, &c, fault);
	if (err < 0)
		return err;
	return m->kemac.set ? 0 : ms_mikey_refuse(fault, MS_MIKEY_R_MISSING_PAYLOAD);
}

int ms_mikey_kx_keys(const struct ms_mikey_kx *kx, struct ms_mikey_kx_answer *a, size_t n_mpks,
		     struct ms_fault *fault)
{
	int err = ms_mikey_guard_get_keys(&a->guard, MS_MIKEY_RESP, &a->resp, kx->me->local,
					  &a->keys, &a->plain, fault);

	return err < 0 ? err : ms_mikey_check_keys(&a->keys, n_mpks, fault);
}
