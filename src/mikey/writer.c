/* SPDX-License-Identifier: Apache-2.0 */
/* Writing payloads: the layouts of RFC 3830 section 6 and RFC 6043 section 6. */
#include "mikey/writer.h"

#include <errno.h>

#define NO_LINK SIZE_MAX

/* RFC 3830 section 6.1.1 */
static void put_srtp_id(struct ms_buf *b, const struct ms_mikey_cs *cs)
{
	if (cs->policies.len != 1 || cs->session_data.len != 8)
		ms_buf_fail(b, -EINVAL);
	ms_buf_put_span(b, cs->policies);
	ms_buf_put_span(b, cs->session_data);
}

/* RFC 6043 section 6.1.1 */
static void put_generic_id(struct ms_buf *b, const struct ms_mikey_cs *cs)
{
	if (cs->policies.len > 0x7f)
		ms_buf_fail(b, -EMSGSIZE);
	ms_buf_put_u8(b, cs->cs_id);
	ms_buf_put_u8(b, cs->prot_type);
	ms_buf_put_u8(b, (unsigned)cs->s << 7 | (unsigned)cs->policies.len);
	ms_buf_put_span(b, cs->policies);
	ms_buf_put_lv16(b, cs->session_data);
	ms_buf_put_lv8(b, cs->spi);
}

void ms_mikey_write_hdr(struct ms_mikey_writer *w, struct ms_buf *b, const struct ms_mikey_hdr *hdr,
			const struct ms_mikey_cs *cs)
{
	w->b = b;
	w->link = b->len + 2;
	if (hdr->prf > 0x7f || hdr->map_type > MS_MIKEY_MAP_GENERIC_ID ||
	    (hdr->map_type == MS_MIKEY_MAP_EMPTY && hdr->n_cs > 0))
		ms_buf_fail(b, -EINVAL);
	ms_buf_put_u8(b, MS_MIKEY_VERSION);
	ms_buf_put_u8(b, hdr->data_type);
	ms_buf_put_u8(b, MS_MIKEY_P_LAST);
	ms_buf_put_u8(b, (unsigned)hdr->v << 7 | hdr->prf);
	ms_buf_put_u32(b, hdr->csb_id);
	ms_buf_put_u8(b, hdr->n_cs);
	ms_buf_put_u8(b, hdr->map_type);
	for (unsigned i = 0; i < hdr->n_cs; i++) {
		if (hdr->map_type == MS_MIKEY_MAP_SRTP_ID)
			put_srtp_id(b, &cs[i]);
		else if (hdr->map_type == MS_MIKEY_MAP_GENERIC_ID)
			put_generic_id(b, &cs[i]);
	}
}

void ms_mikey_write_first(struct ms_mikey_writer *w, struct ms_buf *b)
{
	w->b = b;
	w->link = b->len;
	ms_buf_put_u8(b, MS_MIKEY_P_LAST);
}

void ms_mikey_write_bare(struct ms_mikey_writer *w, struct ms_buf *b)
{
	w->b = b;
	w->link = NO_LINK;
}

/* Announces the payload that starts here in the octet before it that does that. */
static void announce(struct ms_mikey_writer *w, unsigned type)
{
	if (ms_buf_status(w->b) == 0 && w->link != NO_LINK)
		w->b->p[w->link] = (uint8_t)type;
	w->link = w->b->len;
}

static void begin(struct ms_mikey_writer *w, unsigned type)
{
	announce(w, type);
	ms_buf_put_u8(w->b, MS_MIKEY_P_LAST);
}

static void put_ts(struct ms_buf *b, const struct ms_mikey_ts *t)
{
	int len = t->set ? ms_mikey_ts_len(t->type) : -1;

	ms_buf_put_u8(b, t->type);
	if (len == 8)
		ms_buf_put_u64(b, t->value);
	else if (len == 4)
		ms_buf_put_u32(b, (uint32_t)t->value);
	else
		ms_buf_fail(b, -EINVAL);
}

void ms_mikey_put_t(struct ms_mikey_writer *w, const struct ms_mikey_ts *t)
{
	begin(w, MS_MIKEY_P_T);
	put_ts(w->b, t);
}

void ms_mikey_put_tr(struct ms_mikey_writer *w, unsigned role, const struct ms_mikey_ts *t)
{
	begin(w, MS_MIKEY_P_TR);
	ms_buf_put_u8(w->b, role);
	put_ts(w->b, t);
}

void ms_mikey_put_id(struct ms_mikey_writer *w, const struct ms_mikey_id *id)
{
	begin(w, MS_MIKEY_P_ID);
	ms_buf_put_u8(w->b, id->type);
	ms_buf_put_lv16(w->b, id->data);
}

void ms_mikey_put_idr(struct ms_mikey_writer *w, unsigned role, const struct ms_mikey_id *id)
{
	begin(w, MS_MIKEY_P_IDR);
	ms_buf_put_u8(w->b, role);
	ms_buf_put_u8(w->b, id->type);
	ms_buf_put_lv16(w->b, id->data);
}

void ms_mikey_put_rand(struct ms_mikey_writer *w, struct ms_span rand)
{
	begin(w, MS_MIKEY_P_RAND);
	ms_buf_put_lv8(w->b, rand);
}

void ms_mikey_put_randr(struct ms_mikey_writer *w, unsigned role, struct ms_span rand)
{
	begin(w, MS_MIKEY_P_RANDR);
	ms_buf_put_u8(w->b, role);
	ms_buf_put_lv8(w->b, rand);
}

void ms_mikey_put_sp(struct ms_mikey_writer *w, unsigned policy_no, unsigned prot_type,
		     struct ms_span params)
{
	begin(w, MS_MIKEY_P_SP);
	ms_buf_put_u8(w->b, policy_no);
	ms_buf_put_u8(w->b, prot_type);
	ms_buf_put_lv16(w->b, params);
}

void ms_mikey_sp_param(struct ms_buf *b, unsigned type, struct ms_span value)
{
	ms_buf_put_u8(b, type);
	ms_buf_put_lv8(b, value);
}

void ms_mikey_sp_param_u8(struct ms_buf *b, unsigned type, unsigned value)
{
	uint8_t octet = (uint8_t)value;

	ms_mikey_sp_param(b, type, ms_span_of(&octet, 1));
}

void ms_mikey_put_err(struct ms_mikey_writer *w, unsigned error_no)
{
	begin(w, MS_MIKEY_P_ERR);
	ms_buf_put_u8(w->b, error_no);
	ms_buf_put_u16(w->b, 0);
}

void ms_mikey_put_ext(struct ms_mikey_writer *w, unsigned type, struct ms_span data)
{
	begin(w, MS_MIKEY_P_EXT);
	ms_buf_put_u8(w->b, type);
	ms_buf_put_lv16(w->b, data);
}

void ms_mikey_put_cert(struct ms_mikey_writer *w, unsigned type, struct ms_span cert)
{
	begin(w, MS_MIKEY_P_CERT);
	ms_buf_put_u8(w->b, type);
	ms_buf_put_lv16(w->b, cert);
}

void ms_mikey_put_chash(struct ms_mikey_writer *w, unsigned hash_func, struct ms_span hash)
{
	begin(w, MS_MIKEY_P_CHASH);
	if (ms_mikey_hash_len(hash_func) != (int)hash.len)
		ms_buf_fail(w->b, -EINVAL);
	ms_buf_put_u8(w->b, hash_func);
	ms_buf_put_span(w->b, hash);
}

void ms_mikey_put_pke(struct ms_mikey_writer *w, unsigned c, struct ms_span data)
{
	begin(w, MS_MIKEY_P_PKE);
	if (c > 3 || data.len > 0x3fff)
		ms_buf_fail(w->b, -EMSGSIZE);
	ms_buf_put_u16(w->b, c << 14 | (unsigned)data.len);
	ms_buf_put_span(w->b, data);
}

void ms_mikey_put_thdr(struct ms_mikey_writer *w, struct ms_span data)
{
	begin(w, MS_MIKEY_P_THDR);
	ms_buf_put_lv16(w->b, data);
}

static void put_mac(struct ms_buf *b, unsigned mac_alg, struct ms_span mac)
{
	if (ms_mikey_mac_len(mac_alg) != (int)mac.len)
		ms_buf_fail(b, -EINVAL);
	ms_buf_put_u8(b, mac_alg);
	ms_buf_put_span(b, mac);
}

void ms_mikey_put_kemac(struct ms_mikey_writer *w, unsigned encr_alg, struct ms_span encr_data)
{
	struct ms_mikey_kemac k = { .encr_alg = (uint8_t)encr_alg, .encr_data = encr_data };

	ms_mikey_put_kemac_mac(w, &k);
}

void ms_mikey_put_kemac_mac(struct ms_mikey_writer *w, const struct ms_mikey_kemac *k)
{
	begin(w, MS_MIKEY_P_KEMAC);
	ms_buf_put_u8(w->b, k->encr_alg);
	ms_buf_put_lv16(w->b, k->encr_data);
	put_mac(w->b, k->mac_alg, k->mac);
}

size_t ms_mikey_put_v(struct ms_mikey_writer *w, unsigned mac_alg)
{
	int len = ms_mikey_mac_len(mac_alg);
	size_t at;

	begin(w, MS_MIKEY_P_V);
	ms_buf_put_u8(w->b, mac_alg);
	at = w->b->len;
	if (len < 0)
		ms_buf_fail(w->b, -EINVAL);
	else
		ms_buf_put_zero(w->b, (size_t)len);
	return at;
}

void ms_mikey_put_v_mac(struct ms_mikey_writer *w, unsigned mac_alg, struct ms_span mac)
{
	begin(w, MS_MIKEY_P_V);
	put_mac(w->b, mac_alg, mac);
}

/* SIGN has no Next Payload octet: nothing can follow (RFC 3830 section 6.5). */
static void put_sign_head(struct ms_mikey_writer *w, unsigned s_type, size_t len)
{
	announce(w, MS_MIKEY_P_SIGN);
	w->link = NO_LINK;
	if (s_type > 15 || len > 0x0fff)
		ms_buf_fail(w->b, -EMSGSIZE);
	ms_buf_put_u16(w->b, s_type << 12 | (unsigned)len);
}

size_t ms_mikey_put_sign(struct ms_mikey_writer *w, unsigned s_type, size_t len)
{
	size_t at;

	put_sign_head(w, s_type, len);
	at = w->b->len;
	ms_buf_put_zero(w->b, len);
	return at;
}

static void put_policy(struct ms_mikey_writer *w, unsigned type, const struct ms_mikey_policy *p)
{
	begin(w, type);
	if (p->prf > 0x7f || p->flags > 0xfff || p->reserved > 0x1f)
		ms_buf_fail(w->b, -EINVAL);
	ms_buf_put_u16(w->b, p->ticket_type);
	ms_buf_put_u8(w->b, p->subtype);
	ms_buf_put_u8(w->b, p->version);
	ms_buf_put_u24(w->b, (uint32_t)p->prf << 17 | (uint32_t)p->flags << 5 | p->reserved);
	ms_buf_put_lv16(w->b, p->tp_data);
}

void ms_mikey_put_tp(struct ms_mikey_writer *w, const struct ms_mikey_policy *p)
{
	put_policy(w, MS_MIKEY_P_TP, p);
}

void ms_mikey_put_ticket(struct ms_mikey_writer *w, const struct ms_mikey_policy *p)
{
	put_policy(w, MS_MIKEY_P_TICKET, p);
	ms_buf_put_lv16(w->b, p->ticket_data);
	ms_buf_put_lv16(w->b, p->initiator_data);
}

void ms_mikey_put_raw(struct ms_mikey_writer *w, unsigned type, struct ms_span raw)
{
	if (type == MS_MIKEY_P_SIGN || raw.len == 0) {
		announce(w, type);
		w->link = NO_LINK;
		ms_buf_put_span(w->b, raw);
		return;
	}
	begin(w, type);
	ms_buf_put_span(w->b, ms_span_from(raw, 1));
}
