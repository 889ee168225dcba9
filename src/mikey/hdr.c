/* SPDX-License-Identifier: Apache-2.0 */
/* Common Header and CS ID map: RFC 3830 section 6.1, RFC 4563 section 5, RFC 6043 section 6.1. */
#include "mikey/mikey-priv.h"

static int map_fault(struct ms_fault *f, size_t offset)
{
	return ms_fault_set(f, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED, "cs_map_invalid", offset);
}

/* RFC 3830 section 6.1.1: nine octets each; the CS ID is the place in the list. */
static int srtp_id(struct ms_reader *r, unsigned i, struct ms_mikey_cs *cs)
{
	*cs = (struct ms_mikey_cs){ .cs_id = (uint8_t)(i + 1), .prot_type = MS_MIKEY_PROT_SRTP };
	if (ms_read_span(r, 1, &cs->policies) < 0)
		return -EBADMSG;
	return ms_read_span(r, 8, &cs->session_data);
}

/* RFC 6043 section 6.1.1 */
static int generic_id(struct ms_reader *r, struct ms_mikey_cs *cs)
{
	uint8_t sp;

	if (ms_read_u8(r, &cs->cs_id) < 0 || ms_read_u8(r, &cs->prot_type) < 0 ||
	    ms_read_u8(r, &sp) < 0)
		return -EBADMSG;
	cs->s = sp >> 7;
	if (ms_read_span(r, sp & 0x7f, &cs->policies) < 0 || ms_read_lv16(r, &cs->session_data) < 0)
		return -EBADMSG;
	return ms_read_lv8(r, &cs->spi);
}

static int read_map(struct ms_reader *r, struct ms_mikey_message *m, struct ms_fault *fault)
{
	unsigned n = m->hdr.n_cs;

	if (m->hdr.map_type > MS_MIKEY_MAP_GENERIC_ID)
		return map_fault(fault, ms_read_offset(r) - 1);
	/* RFC 4563 section 5: the empty map has no crypto sessions. */
	if (m->hdr.map_type == MS_MIKEY_MAP_EMPTY)
		return n == 0 ? 0 : map_fault(fault, ms_read_offset(r) - 2);
	if (n > MS_MIKEY_CS_MAX)
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED, "too_many_sessions",
				    ms_read_offset(r) - 2);
	for (unsigned i = 0; i < n; i++) {
		int err = m->hdr.map_type == MS_MIKEY_MAP_SRTP_ID ? srtp_id(r, i, &m->cs[i])
								  : generic_id(r, &m->cs[i]);
		if (err < 0)
			return ms_mikey_parse_fault(fault, ms_read_offset(r));
	}
	return 0;
}

/* 0 to 6 of RFC 3830 and 11 to 18 of RFC 6043; those of other documents are not spoken here. */
static bool known_data_type(unsigned type)
{
	return type <= MS_MIKEY_ERROR ||
	       (type >= MS_MIKEY_REQUEST_INIT_PSK && type <= MS_MIKEY_RESOLVE_RESP);
}

int ms_mikey_hdr_decode(struct ms_span s, struct ms_mikey_message *ret_m, unsigned *ret_first,
			size_t *ret_len, struct ms_fault *fault)
{
	struct ms_reader r = ms_reader_of(s);
	struct ms_mikey_hdr *h = &ret_m->hdr;
	uint8_t version, next, prf;
	int err;

	if (ms_read_u8(&r, &version) < 0)
		return ms_mikey_parse_fault(fault, 0);
	if (version != MS_MIKEY_VERSION)
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_UNSPECIFIED,
				    "unsupported_version", 0);
	if (ms_read_u8(&r, &h->data_type) < 0)
		return ms_mikey_parse_fault(fault, ms_read_offset(&r));
	if (!known_data_type(h->data_type))
		return ms_fault_set(fault, -EBADMSG, MS_MIKEY_ERR_DATA_TYPE,
				    "unsupported_data_type", 1);
	if (ms_read_u8(&r, &next) < 0 || ms_read_u8(&r, &prf) < 0 ||
	    ms_read_u32(&r, &h->csb_id) < 0 || ms_read_u8(&r, &h->n_cs) < 0 ||
	    ms_read_u8(&r, &h->map_type) < 0)
		return ms_mikey_parse_fault(fault, ms_read_offset(&r));
	h->v = prf >> 7;
	h->prf = prf & 0x7f;
	err = read_map(&r, ret_m, fault);
	if (err < 0)
		return err;
	*ret_first = next;
	*ret_len = ms_read_offset(&r);
	return 0;
}
