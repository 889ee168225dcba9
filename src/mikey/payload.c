/* SPDX-License-Identifier: Apache-2.0 */
/* One payload after the other, in the order of RFC 3830 section 6 and RFC 6043 section 6. */
#include "mikey/mikey-priv.h"

/*
 * A reader for each payload's fields, called with the cursor behind the Next Payload octet. Returns
 * 0, or -EBADMSG; it sets the fault itself only where that is not "parse".
 */
typedef int payload_reader(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault);

static int algorithm_fault(const struct ms_reader *r, struct ms_fault *fault, int code,
			   const char *reason)
{
	return ms_fault_set(fault, -EBADMSG, code, reason, ms_read_offset(r) - 1);
}

/* An algorithm number and as many octets as it implies. */
static int read_mac(struct ms_reader *r, uint8_t *ret_alg, struct ms_span *ret_mac,
		    struct ms_fault *fault)
{
	int len;

	if (ms_read_u8(r, ret_alg) < 0)
		return -EBADMSG;
	len = ms_mikey_mac_len(*ret_alg);
	if (len < 0)
		return algorithm_fault(r, fault, MS_MIKEY_ERR_MAC, "unsupported_mac");
	return ms_read_span(r, (size_t)len, ret_mac);
}

static int read_ts(struct ms_reader *r, struct ms_mikey_ts *ts, struct ms_fault *fault)
{
	uint32_t v32;
	int len;

	if (ms_read_u8(r, &ts->type) < 0)
		return -EBADMSG;
	len = ms_mikey_ts_len(ts->type);
	if (len < 0)
		return algorithm_fault(r, fault, MS_MIKEY_ERR_TS, "unsupported_ts_type");
	ts->set = true;
	if (len == 8)
		return ms_read_u64(r, &ts->value);
	if (ms_read_u32(r, &v32) < 0)
		return -EBADMSG;
	ts->value = v32;
	return 0;
}

/* RFC 3830 section 6.2 */
static int read_kemac(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	struct ms_mikey_kemac *k = &p->u.kemac;

	k->set = true;
	if (ms_read_u8(r, &k->encr_alg) < 0 || ms_read_lv16(r, &k->encr_data) < 0)
		return -EBADMSG;
	return read_mac(r, &k->mac_alg, &k->mac, fault);
}

/* RFC 3830 section 6.3 */
static int read_pke(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	uint16_t v;

	(void)fault;
	if (ms_read_u16(r, &v) < 0)
		return -EBADMSG;
	p->u.pke.c = (uint8_t)(v >> 14);
	return ms_read_span(r, v & 0x3fff, &p->u.pke.data);
}

int ms_mikey_read_kv(struct ms_reader *r, unsigned kv, struct ms_span *ret_spi,
		     struct ms_span *ret_from, struct ms_span *ret_to)
{
	*ret_spi = *ret_from = *ret_to = MS_SPAN_NULL;
	switch (kv) {
	case MS_MIKEY_KV_NULL:
		return 0;
	case MS_MIKEY_KV_SPI:
		return ms_read_lv8(r, ret_spi);
	case MS_MIKEY_KV_INTERVAL:
		if (ms_read_lv8(r, ret_from) < 0)
			return -EBADMSG;
		return ms_read_lv8(r, ret_to);
	default:
		return -EBADMSG;
	}
}

/* RFC 3830 section 6.4 */
static int read_dh(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	static const uint8_t value_len[] = { 192, 96, 128 }; /* OAKLEY 5, 1, 2 */
	uint8_t kv;

	if (ms_read_u8(r, &p->u.dh.group) < 0)
		return -EBADMSG;
	if (p->u.dh.group >= MS_ARRAY_SIZE(value_len))
		return algorithm_fault(r, fault, MS_MIKEY_ERR_DH, "unsupported_dh_group");
	if (ms_read_span(r, value_len[p->u.dh.group], &p->u.dh.value) < 0 || ms_read_u8(r, &kv) < 0)
		return -EBADMSG;
	p->u.dh.kv = kv & 0x0f;
	return ms_mikey_read_kv(r, p->u.dh.kv, &p->u.dh.spi, &p->u.dh.from, &p->u.dh.to);
}

/* RFC 3830 section 6.5 */
static int read_sign(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	uint16_t v;

	(void)fault;
	if (ms_read_u16(r, &v) < 0)
		return -EBADMSG;
	p->u.sign.s_type = (uint8_t)(v >> 12);
	return ms_read_span(r, v & 0x0fff, &p->u.sign.sig);
}

/* RFC 3830 section 6.6 */
static int read_t(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	return read_ts(r, &p->u.t, fault);
}

/* RFC 6043 section 6.4 */
static int read_tr(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	if (ms_read_u8(r, &p->u.tr.role) < 0)
		return -EBADMSG;
	return read_ts(r, &p->u.tr.ts, fault);
}

/* RFC 3830 section 6.7 */
static int read_id(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	(void)fault;
	p->u.id.role = 0;
	if (ms_read_u8(r, &p->u.id.id.type) < 0)
		return -EBADMSG;
	return ms_read_lv16(r, &p->u.id.id.data);
}

/* RFC 6043 section 6.6 */
static int read_idr(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	(void)fault;
	if (ms_read_u8(r, &p->u.id.role) < 0 || ms_read_u8(r, &p->u.id.id.type) < 0)
		return -EBADMSG;
	return ms_read_lv16(r, &p->u.id.id.data);
}

/* RFC 3830 section 6.7 */
static int read_cert(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	(void)fault;
	if (ms_read_u8(r, &p->u.cert.type) < 0)
		return -EBADMSG;
	return ms_read_lv16(r, &p->u.cert.data);
}

/* RFC 3830 section 6.8, RFC 6043 section 6.7 */
static int read_chash(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	int len;

	if (ms_read_u8(r, &p->u.chash.hash_func) < 0)
		return -EBADMSG;
	len = ms_mikey_hash_len(p->u.chash.hash_func);
	if (len < 0)
		return algorithm_fault(r, fault, MS_MIKEY_ERR_HASH, "unsupported_hash");
	return ms_read_span(r, (size_t)len, &p->u.chash.hash);
}

/* RFC 3830 section 6.9 */
static int read_v(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	p->u.v.set = true;
	return read_mac(r, &p->u.v.mac_alg, &p->u.v.mac, fault);
}

/* RFC 3830 section 6.10; the parameters must fill their length exactly. */
static int read_sp(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	struct ms_reader params;
	struct ms_span value;
	uint8_t type;

	(void)fault;
	if (ms_read_u8(r, &p->u.sp.policy_no) < 0 || ms_read_u8(r, &p->u.sp.prot_type) < 0 ||
	    ms_read_lv16(r, &p->u.sp.params) < 0)
		return -EBADMSG;
	params = ms_reader_of(p->u.sp.params);
	while (ms_read_left(&params) > 0) {
		if (ms_read_u8(&params, &type) < 0 || ms_read_lv8(&params, &value) < 0)
			return -EBADMSG;
	}
	return 0;
}

/* RFC 3830 section 6.11 */
static int read_rand(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	(void)fault;
	p->u.rand.role = 0;
	return ms_read_lv8(r, &p->u.rand.rand);
}

/* RFC 6043 section 6.8 */
static int read_randr(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	(void)fault;
	if (ms_read_u8(r, &p->u.rand.role) < 0)
		return -EBADMSG;
	return ms_read_lv8(r, &p->u.rand.rand);
}

/* RFC 3830 section 6.12 */
static int read_err(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	(void)fault;
	if (ms_read_u8(r, &p->u.err.error_no) < 0)
		return -EBADMSG;
	return ms_read_u16(r, &p->u.err.reserved);
}

/* RFC 6043 section 6.10: the head has nine octets behind Next Payload, TP Data length included. */
static int read_tp(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	struct ms_span skipped;

	(void)p;
	(void)fault;
	if (ms_read_span(r, 7, &skipped) < 0)
		return -EBADMSG;
	return ms_read_lv16(r, &skipped);
}

static int read_ticket(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	struct ms_span skipped;

	if (read_tp(r, p, fault) < 0 || ms_read_lv16(r, &skipped) < 0)
		return -EBADMSG;
	return ms_read_lv16(r, &skipped);
}

/* RFC 3830 section 6.15 */
static int read_ext(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	(void)fault;
	if (ms_read_u8(r, &p->u.ext.type) < 0)
		return -EBADMSG;
	return ms_read_lv16(r, &p->u.ext.data);
}

/* RFC 6043 appendix A.1 */
static int read_thdr(struct ms_reader *r, struct ms_mikey_payload *p, struct ms_fault *fault)
{
	(void)fault;
	return ms_read_lv16(r, &p->u.thdr);
}

static payload_reader *const readers[] = {
	[MS_MIKEY_P_KEMAC] = read_kemac,   [MS_MIKEY_P_PKE] = read_pke,
	[MS_MIKEY_P_DH] = read_dh,         [MS_MIKEY_P_SIGN] = read_sign,
	[MS_MIKEY_P_T] = read_t,           [MS_MIKEY_P_ID] = read_id,
	[MS_MIKEY_P_CERT] = read_cert,     [MS_MIKEY_P_CHASH] = read_chash,
	[MS_MIKEY_P_V] = read_v,           [MS_MIKEY_P_SP] = read_sp,
	[MS_MIKEY_P_RAND] = read_rand,     [MS_MIKEY_P_ERR] = read_err,
	[MS_MIKEY_P_TR] = read_tr,         [MS_MIKEY_P_IDR] = read_idr,
	[MS_MIKEY_P_RANDR] = read_randr,   [MS_MIKEY_P_TP] = read_tp,
	[MS_MIKEY_P_TICKET] = read_ticket, [MS_MIKEY_P_EXT] = read_ext,
	[MS_MIKEY_P_THDR] = read_thdr,
};

int ms_mikey_payload_decode(unsigned type, struct ms_span s, struct ms_mikey_payload *ret_p,
			    struct ms_fault *fault)
{
	struct ms_reader r = ms_reader_of(s);
	struct ms_fault inner = { 0, NULL, 0 };

	if (type >= MS_ARRAY_SIZE(readers) || !readers[type])
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED, "unknown_payload",
				    0);
	ret_p->type = (uint16_t)type;
	ret_p->next = MS_MIKEY_P_LAST;
	if ((type != MS_MIKEY_P_SIGN && ms_read_u8(&r, &ret_p->next) < 0) ||
	    readers[type](&r, ret_p, &inner) < 0) {
		if (!inner.reason)
			return ms_mikey_parse_fault(fault, ms_read_offset(&r));
		return ms_fault_set(fault, -EBADMSG, inner.code, inner.reason, inner.offset);
	}
	ret_p->raw = ms_span_of(s.p, ms_read_offset(&r));
	return 0;
}
