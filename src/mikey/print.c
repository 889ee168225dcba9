/* SPDX-License-Identifier: Apache-2.0 */
#include "mikey/print.h"

#include "mikey/mikey-priv.h"
#include "mikey/print-priv.h"

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* RFC 3711: SSRC, then for a session that has started ROC and SEQ (RFC 6043 section 6.1.1). */
static void print_srtp_data(struct ms_mikey_out *o, struct ms_span d)
{
	if (d.len >= 4)
		ms_mikey_out_hex32(o, "ssrc", be32(d.p));
	if (d.len >= 8)
		ms_mikey_out_num(o, "roc", be32(d.p + 4));
	if (d.len == 10)
		ms_mikey_out_num(o, "seq", (unsigned)d.p[8] << 8 | d.p[9]);
}

/* A block of the map, which no field of struct ms_mikey_cs spans. */
static struct ms_span cs_octets(const struct ms_mikey_cs *cs, unsigned map_type)
{
	const uint8_t *end = cs->session_data.p + cs->session_data.len;

	if (map_type == MS_MIKEY_MAP_SRTP_ID)
		return ms_span_of(cs->policies.p, (size_t)(end - cs->policies.p));
	end = cs->spi.p + cs->spi.len;
	return ms_span_of(cs->policies.p - 3, (size_t)(end - cs->policies.p) + 3);
}

static void print_cs(struct ms_mikey_out *o, const struct ms_mikey_cs *cs, unsigned map_type)
{
	ms_mikey_out_item(o, "crypto session", cs_octets(cs, map_type));
	ms_mikey_out_num(o, "cs_id", cs->cs_id);
	ms_mikey_out_prot(o, cs->prot_type);
	ms_mikey_out_num(o, "s", cs->s);
	ms_mikey_out_octets(o, "policies", cs->policies);
	ms_mikey_out_octets(o, "session_data", cs->session_data);
	if (cs->prot_type == MS_MIKEY_PROT_SRTP)
		print_srtp_data(o, cs->session_data);
	ms_mikey_out_octets(o, "spi", cs->spi);
	ms_mikey_out_item_end(o);
}

static void print_hdr(struct ms_mikey_out *o, const struct ms_mikey_message *m, struct ms_span raw)
{
	const struct ms_mikey_hdr *h = &m->hdr;

	ms_mikey_out_item(o, "HDR", raw);
	ms_mikey_out_num(o, "version", MS_MIKEY_VERSION);
	ms_mikey_out_name(o, "data_type", MS_MIKEY_N_DATA_TYPE, h->data_type);
	ms_mikey_out_num(o, "v", h->v);
	ms_mikey_out_name(o, "prf", MS_MIKEY_N_PRF, h->prf);
	ms_mikey_out_hex32(o, "csb_id", h->csb_id);
	ms_mikey_out_num(o, "number_of_cs", h->n_cs);
	ms_mikey_out_name(o, "map_type", MS_MIKEY_N_MAP, h->map_type);
	if (h->n_cs > 0) {
		ms_mikey_out_list(o, "crypto_sessions");
		for (unsigned i = 0; i < h->n_cs; i++)
			print_cs(o, &m->cs[i], h->map_type);
		ms_mikey_out_list_end(o);
	}
	ms_mikey_out_item_end(o);
}

int ms_mikey_print_chain(struct ms_mikey_out *o, struct ms_mikey_chain *c, struct ms_fault *fault)
{
	struct ms_mikey_payload p;
	int err;

	while ((err = ms_mikey_chain_next(c, &p, fault)) > 0)
		ms_mikey_print_payload(o, &p);
	return err;
}

/* Header and payloads as far as they can be read. */
static int print_parts(struct ms_mikey_out *o, struct ms_span raw, struct ms_fault *fault)
{
	struct ms_mikey_message m;
	struct ms_mikey_chain c;
	unsigned first;
	size_t len;
	int err = ms_mikey_hdr_decode(raw, &m, &first, &len, fault);

	if (err < 0)
		return err;
	print_hdr(o, &m, ms_span_sub(raw, 0, len));
	c = ms_mikey_chain_of(ms_span_from(raw, len), first);
	c.at = len;
	err = ms_mikey_print_chain(o, &c, fault);
	if (err < 0)
		return err;
	/* What no single payload shows: repetitions, order, broken TP Data. */
	return ms_mikey_decode(raw, &m, fault);
}

static void print_error(struct ms_mikey_out *o, struct ms_span raw, const struct ms_fault *f)
{
	ms_mikey_out_item(o, "error", ms_span_from(raw, f->offset));
	ms_mikey_out_str(o, "reason", f->reason);
	ms_mikey_out_num(o, "at_offset", f->offset);
	ms_mikey_out_name(o, "error_no", MS_MIKEY_N_ERROR, (unsigned)f->code);
	ms_mikey_out_item_end(o);
}

int ms_mikey_print(struct ms_buf *out, struct ms_span message, enum ms_mikey_print_form form,
		   const struct ms_profile *profile, struct ms_fault *fault)
{
	struct ms_mikey_out o = {
		.b = out, .form = form, .first = true, .base = message.p, .profile = profile
	};
	struct ms_fault f = { 0, NULL, 0 };
	bool json = form == MS_MIKEY_PRINT_JSON;
	int err;

	if (json)
		ms_buf_printf(out, "{\"length\":%zu,\"items\":[", message.len);
	else
		ms_buf_printf(out, "MIKEY message, %zu octets\n", message.len);
	err = print_parts(&o, message, &f);
	if (err < 0) {
		print_error(&o, message, &f);
		ms_fault_set(fault, err, f.code, f.reason, f.offset);
	}
	if (json)
		ms_buf_put_str(out, "]}");
	return ms_buf_status(out) < 0 ? ms_buf_status(out) : err;
}
