/* SPDX-License-Identifier: Apache-2.0 */
#include "reencode.h"

static void put_policy(struct ms_mikey_writer *w, const struct ms_mikey_payload *p)
{
	struct ms_mikey_policy policy;

	if (ms_mikey_policy_decode(p, &policy, NULL) < 0)
		ms_mikey_put_raw(w, p->type, p->raw); /* TP Data that cannot be read */
	else if (p->type == MS_MIKEY_P_TP)
		ms_mikey_put_tp(w, &policy);
	else
		ms_mikey_put_ticket(w, &policy);
}

void reencode_payload(struct ms_mikey_writer *w, const struct ms_mikey_payload *p)
{
	switch (p->type) {
	case MS_MIKEY_P_KEMAC:
		ms_mikey_put_kemac_mac(w, &p->u.kemac);
		return;
	case MS_MIKEY_P_PKE:
		ms_mikey_put_pke(w, p->u.pke.c, p->u.pke.data);
		return;
	case MS_MIKEY_P_SIGN: {
		size_t at = ms_mikey_put_sign(w, p->u.sign.s_type, p->u.sign.sig.len);

		if (ms_buf_status(w->b) == 0 && p->u.sign.sig.len > 0)
			memcpy(w->b->p + at, p->u.sign.sig.p, p->u.sign.sig.len);
		return;
	}
	case MS_MIKEY_P_T:
		ms_mikey_put_t(w, &p->u.t);
		return;
	case MS_MIKEY_P_TR:
		ms_mikey_put_tr(w, p->u.tr.role, &p->u.tr.ts);
		return;
	case MS_MIKEY_P_ID:
		ms_mikey_put_id(w, &p->u.id.id);
		return;
	case MS_MIKEY_P_IDR:
		ms_mikey_put_idr(w, p->u.id.role, &p->u.id.id);
		return;
	case MS_MIKEY_P_CERT:
		ms_mikey_put_cert(w, p->u.cert.type, p->u.cert.data);
		return;
	case MS_MIKEY_P_CHASH:
		ms_mikey_put_chash(w, p->u.chash.hash_func, p->u.chash.hash);
		return;
	case MS_MIKEY_P_V:
		ms_mikey_put_v_mac(w, p->u.v.mac_alg, p->u.v.mac);
		return;
	case MS_MIKEY_P_SP:
		ms_mikey_put_sp(w, p->u.sp.policy_no, p->u.sp.prot_type, p->u.sp.params);
		return;
	case MS_MIKEY_P_RAND:
		ms_mikey_put_rand(w, p->u.rand.rand);
		return;
	case MS_MIKEY_P_RANDR:
		ms_mikey_put_randr(w, p->u.rand.role, p->u.rand.rand);
		return;
	case MS_MIKEY_P_EXT:
		ms_mikey_put_ext(w, p->u.ext.type, p->u.ext.data);
		return;
	case MS_MIKEY_P_THDR:
		ms_mikey_put_thdr(w, p->u.thdr);
		return;
	case MS_MIKEY_P_TP:
	case MS_MIKEY_P_TICKET:
		put_policy(w, p);
		return;
	case MS_MIKEY_P_ERR:
		if (p->u.err.reserved == 0) {
			ms_mikey_put_err(w, p->u.err.error_no);
			return;
		}
		break;
	default:
		break;
	}
	ms_mikey_put_raw(w, p->type, p->raw);
}

void reencode_message(struct ms_buf *b, const struct ms_mikey_message *m)
{
	struct ms_mikey_writer w;

	ms_mikey_write_hdr(&w, b, &m->hdr, m->cs);
	for (size_t i = 0; i < m->n_payloads; i++)
		reencode_payload(&w, &m->payload[i]);
}
