/* SPDX-License-Identifier: Apache-2.0 */
/* TP and TICKET with their nested chains: RFC 6043 section 6.10 and appendix A.1. */
#include "mikey/mikey-priv.h"

#define HEAD_LEN 10 /* up to and with TP Data length */

static int repeated(struct ms_fault *fault, size_t offset)
{
	return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED, "repeated_payload", offset);
}

/* A thing that can be there once; false if it already is. */
static bool take_id(struct ms_mikey_id *to, const struct ms_mikey_id *id)
{
	if (to->data.p)
		return false;
	*to = *id;
	return true;
}

static bool take_ts(struct ms_mikey_ts *to, const struct ms_mikey_ts *ts)
{
	if (to->set)
		return false;
	*to = *ts;
	return true;
}

static bool take_kemac(struct ms_mikey_kemac *to, const struct ms_mikey_kemac *k)
{
	if (to->set)
		return false;
	*to = *k;
	return true;
}

static bool take_tp_id(struct ms_mikey_policy *tp, const struct ms_mikey_payload *p)
{
	switch (p->u.id.role) {
	case MS_MIKEY_ROLE_KMS:
		return take_id(&tp->kms, &p->u.id.id);
	case MS_MIKEY_ROLE_INITIATOR:
		return take_id(&tp->initiator, &p->u.id.id);
	case MS_MIKEY_ROLE_RESPONDER:
		tp->n_responders++;
		return true;
	case MS_MIKEY_ROLE_APP:
		tp->n_apps++;
		return true;
	default:
		return true;
	}
}

static bool take_tp_time(struct ms_mikey_policy *tp, const struct ms_mikey_payload *p)
{
	switch (p->u.tr.role) {
	case MS_MIKEY_TR_START:
		return take_ts(&tp->start, &p->u.tr.ts);
	case MS_MIKEY_TR_END:
		return take_ts(&tp->end, &p->u.tr.ts);
	case MS_MIKEY_TR_REKEY:
		return take_ts(&tp->rekey, &p->u.tr.ts);
	default:
		return true;
	}
}

/* "Unexpected payloads in the TP Data SHOULD be ignored." */
static bool take_tp_payload(struct ms_mikey_policy *tp, const struct ms_mikey_payload *p)
{
	switch (p->type) {
	case MS_MIKEY_P_IDR:
		return take_tp_id(tp, p);
	case MS_MIKEY_P_TR:
		return take_tp_time(tp, p);
	case MS_MIKEY_P_KEMAC:
		return take_kemac(&tp->kemac, &p->u.kemac);
	default:
		return true;
	}
}

static int read_tp_data(struct ms_mikey_policy *tp, struct ms_fault *fault)
{
	struct ms_mikey_chain c;
	struct ms_mikey_payload p;
	int err = ms_mikey_chain_first(tp->tp_data, &c, fault);

	if (err == 0)
		c.max = MS_MIKEY_TP_PAYLOADS_MAX;
	while (err >= 0) {
		size_t at = c.at;

		err = ms_mikey_chain_next(&c, &p, fault);
		if (err == 0)
			return 0;
		if (err > 0 && !take_tp_payload(tp, &p))
			err = repeated(fault, at);
	}
	return ms_mikey_fault_inside(fault, err, HEAD_LEN);
}

int ms_mikey_policy_decode(const struct ms_mikey_payload *p, struct ms_mikey_policy *ret_policy,
			   struct ms_fault *fault)
{
	struct ms_mikey_policy tp = { .set = true, .raw = p->raw };
	struct ms_reader r = ms_reader_of(ms_span_from(p->raw, 1));
	uint32_t word;
	int err;

	if (ms_read_u16(&r, &tp.ticket_type) < 0 || ms_read_u8(&r, &tp.subtype) < 0 ||
	    ms_read_u8(&r, &tp.version) < 0 || ms_read_u24(&r, &word) < 0 ||
	    ms_read_lv16(&r, &tp.tp_data) < 0)
		return ms_mikey_parse_fault(fault, ms_read_offset(&r) + 1);
	/* From the top: PRF func 7, flags 12, reserved 5. */
	tp.prf = (uint8_t)(word >> 17);
	tp.flags = word >> 5 & 0xfff;
	tp.reserved = word & 0x1f;
	if (p->type == MS_MIKEY_P_TICKET &&
	    (ms_read_lv16(&r, &tp.ticket_data) < 0 || ms_read_lv16(&r, &tp.initiator_data) < 0))
		return ms_mikey_parse_fault(fault, ms_read_offset(&r) + 1);
	err = read_tp_data(&tp, fault);
	if (err == 0)
		*ret_policy = tp;
	return err;
}

bool ms_mikey_tp_next_id(const struct ms_mikey_policy *p, unsigned role, size_t *pos,
			 struct ms_mikey_id *ret_id)
{
	struct ms_mikey_chain c;
	struct ms_mikey_payload payload;

	if (ms_mikey_chain_first(p->tp_data, &c, NULL) < 0)
		return false;
	c.max = MS_MIKEY_TP_PAYLOADS_MAX;
	if (*pos > 0) { /* offset, and which payload begins there */
		c.at = *pos >> 8;
		c.next = (unsigned)(*pos & 0xff);
		c.rest = ms_span_from(p->tp_data, c.at);
	}
	while (ms_mikey_chain_next(&c, &payload, NULL) > 0) {
		if (payload.type != MS_MIKEY_P_IDR || payload.u.id.role != role)
			continue;
		*pos = c.at << 8 | c.next;
		*ret_id = payload.u.id.id;
		return true;
	}
	return false;
}

int ms_mikey_initiator_data_decode(struct ms_span s, struct ms_mikey_initiator_data *ret_d,
				   struct ms_fault *fault)
{
	struct ms_mikey_payload v[2];
	struct ms_mikey_payload p;
	struct ms_mikey_chain c;
	size_t n = 0;
	int err = ms_mikey_chain_first(s, &c, fault);

	if (err < 0)
		return err;
	while ((err = ms_mikey_chain_next(&c, &p, fault)) > 0) {
		if (p.type == MS_MIKEY_P_V && n < 2)
			v[n] = p;
		n += p.type == MS_MIKEY_P_V;
	}
	if (err < 0)
		return err;
	/* Initiator Data = First Payload, Vi, Vr; other payloads are ignored, a third V cannot be. */
	if (n != 2 || v[1].next != MS_MIKEY_P_LAST)
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_AUTH, "initiator_data_invalid",
				    0);
	ret_d->vi = v[0].u.v;
	ret_d->vr = v[1].u.v;
	ret_d->vr_mac = (size_t)(v[1].u.v.mac.p - s.p);
	return 0;
}

static bool take_ticket_payload(struct ms_mikey_ticket_data *d, const struct ms_mikey_payload *p)
{
	switch (p->type) {
	case MS_MIKEY_P_THDR:
		d->thdr = p->u.thdr;
		return true;
	case MS_MIKEY_P_T:
		return take_ts(&d->t, &p->u.t);
	case MS_MIKEY_P_KEMAC:
		return take_kemac(&d->kemac, &p->u.kemac);
	case MS_MIKEY_P_RAND:
		if (d->rand.p)
			return false;
		d->rand = p->u.rand.rand;
		return true;
	case MS_MIKEY_P_IDR:
		return p->u.id.role != MS_MIKEY_ROLE_PSK || take_id(&d->psk, &p->u.id.id);
	case MS_MIKEY_P_V:
		d->v = p->u.v;
		return true; /* only the last payload comes here */
	default:
		return true;
	}
}

int ms_mikey_ticket_data_decode(struct ms_span s, struct ms_mikey_ticket_data *ret_d,
				struct ms_fault *fault)
{
	struct ms_mikey_ticket_data d = { .v_mac = 0 };
	struct ms_mikey_chain c = ms_mikey_chain_of(s, MS_MIKEY_P_THDR);
	struct ms_mikey_payload p;
	int err;

	while ((err = ms_mikey_chain_next(&c, &p, fault)) > 0) {
		/* The MAC ends the Ticket Data: what followed it would be outside of it. */
		if (p.type == MS_MIKEY_P_V && p.next != MS_MIKEY_P_LAST)
			return ms_mikey_parse_fault(fault, c.at);
		if (!take_ticket_payload(&d, &p))
			return repeated(fault, c.at - p.raw.len);
	}
	if (err < 0)
		return err;
	if (!d.t.set || !d.rand.p || !d.kemac.set || !d.v.set)
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED, "missing_payload",
				    s.len);
	if (d.v.mac_alg == MS_MIKEY_MAC_NULL)
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_MAC, "unsupported_mac",
				    s.len - 1);
	d.v_mac = s.len - d.v.mac.len;
	*ret_d = d;
	return 0;
}
