/* SPDX-License-Identifier: Apache-2.0 */
/* A whole message: HDR, the chain of payloads, and which payload is which. */
#include "mikey/mikey-priv.h"

/* All but raw, cs and payload[], which are written before they are read. */
static void clear(struct ms_mikey_message *m)
{
	memset(&m->hdr, 0, sizeof(m->hdr));
	m->n_payloads = 0;
	memset(&m->t, 0, sizeof(*m) - offsetof(struct ms_mikey_message, t));
}

static size_t offset_of(const struct ms_mikey_message *m, const uint8_t *p)
{
	return (size_t)(p - m->raw.p);
}

/* The place for an identity or RAND of this role; NULL if the role has none in messages. */
static struct ms_mikey_id *id_place(struct ms_mikey_message *m, unsigned role)
{
	switch (role) {
	case MS_MIKEY_ROLE_INITIATOR:
		return &m->id_i;
	case MS_MIKEY_ROLE_RESPONDER:
		return &m->id_r;
	case MS_MIKEY_ROLE_KMS:
		return &m->id_kms;
	case MS_MIKEY_ROLE_PSK:
		return &m->id_psk;
	default:
		return NULL;
	}
}

static struct ms_span *rand_place(struct ms_mikey_message *m, const struct ms_mikey_payload *p)
{
	if (p->type == MS_MIKEY_P_RAND)
		return &m->rand;
	switch (p->u.rand.role) {
	case MS_MIKEY_ROLE_INITIATOR:
		return &m->rand_i;
	case MS_MIKEY_ROLE_RESPONDER:
		return &m->rand_r;
	case MS_MIKEY_ROLE_KMS:
		return &m->rand_kms;
	default:
		return NULL;
	}
}

static bool take_id(struct ms_mikey_message *m, const struct ms_mikey_payload *p)
{
	struct ms_mikey_id *place = id_place(m, p->u.id.role);

	if (!place)
		return true;
	if (place->data.p)
		return false;
	*place = p->u.id.id;
	return true;
}

static bool take_rand(struct ms_mikey_message *m, const struct ms_mikey_payload *p)
{
	struct ms_span *place = rand_place(m, p);

	if (!place)
		return true;
	if (place->p)
		return false;
	*place = p->u.rand.rand;
	return true;
}

static bool take_kemac(struct ms_mikey_message *m, const struct ms_mikey_payload *p)
{
	if (m->kemac.set)
		return false;
	m->kemac = p->u.kemac;
	m->kemac_at = offset_of(m, p->raw.p);
	return true;
}

static bool take_v(struct ms_mikey_message *m, const struct ms_mikey_payload *p)
{
	m->v = p->u.v;
	m->v_mac = offset_of(m, p->u.v.mac.p);
	return true; /* only the last payload comes here */
}

static bool take_span(struct ms_span *place, uint8_t *number, struct ms_span value, uint8_t n)
{
	if (place->p)
		return false;
	*place = value;
	*number = n;
	return true;
}

/* Notes a payload under its name. False: there is one already, or it may not stand here. */
static bool take(struct ms_mikey_message *m, const struct ms_mikey_payload *p)
{
	switch (p->type) {
	case MS_MIKEY_P_T:
		if (m->t.set)
			return false;
		m->t = p->u.t;
		return true;
	case MS_MIKEY_P_RAND:
	case MS_MIKEY_P_RANDR:
		return take_rand(m, p);
	case MS_MIKEY_P_IDR:
		return take_id(m, p);
	case MS_MIKEY_P_KEMAC:
		return take_kemac(m, p);
	case MS_MIKEY_P_V:
		return take_v(m, p);
	case MS_MIKEY_P_CHASH:
		return take_span(&m->chash_hash, &m->chash_func, p->u.chash.hash,
				 p->u.chash.hash_func);
	case MS_MIKEY_P_PKE:
		return take_span(&m->pke_data, &m->pke_c, p->u.pke.data, p->u.pke.c);
	case MS_MIKEY_P_SIGN:
		m->sign_at = offset_of(m, p->u.sign.sig.p);
		return take_span(&m->sign_sig, &m->sign_type, p->u.sign.sig, p->u.sign.s_type);
	default:
		return true;
	}
}

/* TP and TICKET are read a level deeper. */
static int take_policy(struct ms_mikey_message *m, const struct ms_mikey_payload *p,
		       struct ms_fault *fault)
{
	struct ms_mikey_policy *place;
	int err;

	if (p->type != MS_MIKEY_P_TP && p->type != MS_MIKEY_P_TICKET)
		return 0;
	place = p->type == MS_MIKEY_P_TP ? &m->tp : &m->ticket;
	if (place->set)
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED, "repeated_payload",
				    0);
	err = ms_mikey_policy_decode(p, place, fault);
	if (err == 0 && p->type == MS_MIKEY_P_TICKET)
		m->initiator_data = offset_of(m, m->ticket.initiator_data.p) - 2;
	return err;
}

int ms_mikey_decode(struct ms_span raw, struct ms_mikey_message *ret_m, struct ms_fault *fault)
{
	struct ms_mikey_message *m = ret_m;
	struct ms_mikey_chain c;
	unsigned first;
	size_t hdr_len;
	int err;

	clear(m);
	m->raw = raw;
	err = ms_mikey_hdr_decode(raw, m, &first, &hdr_len, fault);
	if (err < 0)
		return err;
	/* HDR alone is no message. */
	if (first == MS_MIKEY_P_LAST)
		return ms_mikey_parse_fault(fault, 2);
	c = ms_mikey_chain_of(ms_span_from(raw, hdr_len), first);
	c.at = hdr_len;
	for (;;) {
		size_t at = c.at;
		struct ms_mikey_payload last;
		/* The end, or one too many, is found out without a place in the array. */
		struct ms_mikey_payload *p =
			m->n_payloads < MS_MIKEY_PAYLOADS_MAX ? &m->payload[m->n_payloads] : &last;

		err = ms_mikey_chain_next(&c, p, fault);
		if (err <= 0)
			return err;
		m->n_payloads++;
		err = ms_mikey_fault_inside(fault, take_policy(m, p, fault), at);
		if (err < 0)
			return err;
		/* V ends the message: what followed would be outside of the MAC. */
		if (p->type == MS_MIKEY_P_V && p->next != MS_MIKEY_P_LAST)
			return ms_mikey_parse_fault(fault, at);
		if (!take(m, p))
			return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED,
					    "repeated_payload", at);
	}
}

bool ms_mikey_sp_next(struct ms_span params, size_t *pos, uint8_t *ret_type,
		      struct ms_span *ret_value)
{
	struct ms_reader r = ms_reader_of(ms_span_from(params, *pos));

	if (ms_read_u8(&r, ret_type) < 0 || ms_read_lv8(&r, ret_value) < 0)
		return false;
	*pos += ms_read_offset(&r);
	return true;
}

const struct ms_mikey_payload *ms_mikey_find_sp(const struct ms_mikey_message *m,
						unsigned policy_no)
{
	for (size_t i = 0; i < m->n_payloads; i++) {
		const struct ms_mikey_payload *p = &m->payload[i];

		if (p->type == MS_MIKEY_P_SP && p->u.sp.policy_no == policy_no)
			return p;
	}
	return NULL;
}

bool ms_mikey_find_ext(const struct ms_mikey_message *m, unsigned type, struct ms_span *ret_data)
{
	for (size_t i = 0; i < m->n_payloads; i++) {
		const struct ms_mikey_payload *p = &m->payload[i];

		if (p->type == MS_MIKEY_P_EXT && p->u.ext.type == type) {
			*ret_data = p->u.ext.data;
			return true;
		}
	}
	return false;
}
