/* SPDX-License-Identifier: Apache-2.0 */
/* MIKEY Error messages. */
#include "mikey/error.h"

#include <errno.h>

#include "core/reader.h"
#include "mikey/error-priv.h"
#include "mikey/mac.h"
#include "mikey/writer.h"

static int authenticate(const struct ms_mikey_error_build *e, struct ms_mikey_writer *w,
			size_t start)
{
	uint8_t mac[MS_HASH_MAX];
	struct ms_mikey_cover c = { .n = 1 };
	size_t at = ms_mikey_put_v(w, e->mac_alg);
	int err = ms_buf_status(w->b);

	if (err < 0)
		return err;
	c.part[0] = ms_span_of(w->b->p + start, at - start);
	ms_mikey_mac(e->mac_alg, e->auth_key, &c, mac);
	memcpy(w->b->p + at, mac, (size_t)ms_mikey_mac_len(e->mac_alg));
	return 0;
}

int ms_mikey_error_write(const struct ms_mikey_error_build *e, struct ms_buf *out)
{
	/* RFC 6043 section 5.4. SP payloads exclude the empty map (RFC 4563 section 5). */
	struct ms_mikey_hdr hdr = {
		.data_type = MS_MIKEY_ERROR,
		.prf = e->about->prf,
		.csb_id = e->about->csb_id,
		.map_type = e->n_sps > 0 ? MS_MIKEY_MAP_GENERIC_ID : MS_MIKEY_MAP_EMPTY,
	};
	struct ms_mikey_writer w;
	size_t start = out->len;
	int err = 0;

	if (e->about->data_type == MS_MIKEY_ERROR)
		return -EPROTO;
	if (e->n > MS_MIKEY_ERRORS_MAX ||
	    (e->mac_alg != MS_MIKEY_MAC_NULL && ms_mikey_mac_len(e->mac_alg) < 0))
		return -EINVAL;
	ms_mikey_write_hdr(&w, out, &hdr, NULL);
	ms_mikey_put_t(&w, &e->t);
	for (size_t i = 0; i < e->n; i++)
		ms_mikey_put_err(&w, e->error_no[i]);
	for (size_t i = 0; i < e->n_sps; i++)
		ms_mikey_put_sp(&w, e->sp[i].policy_no, e->sp[i].prot_type, e->sp[i].params);
	if (e->mac_alg != MS_MIKEY_MAC_NULL)
		err = authenticate(e, &w, start);
	if (err == 0)
		err = ms_buf_status(out);
	if (err < 0)
		ms_buf_truncate(out, start);
	return err;
}

bool ms_mikey_error_about(struct ms_span in, struct ms_mikey_hdr *ret_hdr)
{
	struct ms_reader r = ms_reader_of(in);
	uint8_t version, type, next, prf;
	uint32_t csb_id;
	uint16_t map;

	if (ms_read_u8(&r, &version) < 0 || ms_read_u8(&r, &type) < 0 ||
	    ms_read_u8(&r, &next) < 0 || ms_read_u8(&r, &prf) < 0 || ms_read_u32(&r, &csb_id) < 0 ||
	    ms_read_u16(&r, &map) < 0 || version != MS_MIKEY_VERSION || type == MS_MIKEY_ERROR)
		return false;
	*ret_hdr = (struct ms_mikey_hdr){ .data_type = type, .prf = prf & 0x7f, .csb_id = csb_id };
	return true;
}

/* RFC 6043 section 5.4: who does not support the policies of a Transfer should say which it does. */
static bool says_policies(const struct ms_mikey_party *me, const struct ms_mikey_hdr *about,
			  const struct ms_fault *fault)
{
	return (about->data_type == MS_MIKEY_TRANSFER_INIT ||
		about->data_type == MS_MIKEY_TRANSFER_RESP) &&
	       (fault->code == MS_MIKEY_ERR_SP || fault->code == MS_MIKEY_ERR_SP_PARAM) &&
	       me->local->prot_srtp;
}

int ms_mikey_error_answer(const struct ms_mikey_party *me, struct ms_span in,
			  const struct ms_fault *fault, ms_usec now, struct ms_buf *out)
{
	struct ms_mikey_sp sp = { .prot_type = MS_MIKEY_PROT_SRTP };
	struct ms_mikey_hdr about;
	struct ms_mikey_error_build e = {
		.about = &about,
		.error_no = { (uint8_t)fault->code },
		.n = 1,
		.sp = &sp,
	};
	uint8_t room[64];
	struct ms_buf params;

	if (!me->answer_errors || !ms_mikey_error_about(in, &about))
		return 0;
	ms_buf_init_fixed(&params, room, sizeof(room));
	ms_mikey_srtp_encode(&ms_mikey_srtp_default, &params);
	sp.params = ms_buf_span(&params);
	e.n_sps = says_policies(me, &about, fault) ? 1 : 0;
	e.t = ms_mikey_clock_next(me->clock, now);
	return ms_mikey_error_write(&e, out);
}

int ms_mikey_error_collect(const struct ms_mikey_message *m, struct ms_mikey_error *ret_e,
			   struct ms_fault *fault)
{
	bool has_sp = false;

	if (m->hdr.data_type != MS_MIKEY_ERROR)
		return ms_mikey_refuse(fault, MS_MIKEY_R_UNEXPECTED_DATA_TYPE);
	*ret_e = (struct ms_mikey_error){ .csb_id = m->hdr.csb_id };
	for (size_t i = 0; i < m->n_payloads; i++) {
		const struct ms_mikey_payload *p = &m->payload[i];

		if (p->type == MS_MIKEY_P_ERR && ret_e->n < MS_MIKEY_ERRORS_MAX)
			ret_e->error_no[ret_e->n++] = p->u.err.error_no;
		has_sp = has_sp || p->type == MS_MIKEY_P_SP;
	}
	if (!m->t.set || (ret_e->n == 0 && !has_sp))
		return ms_mikey_refuse(fault, MS_MIKEY_R_MISSING_PAYLOAD);
	return 0;
}

int ms_mikey_error_read(struct ms_span in, struct ms_span auth_key, struct ms_mikey_message *m,
			struct ms_mikey_error *ret_e, struct ms_fault *fault)
{
	struct ms_mikey_cover c;
	int err = ms_mikey_decode(in, m, fault);

	if (err == 0)
		err = ms_mikey_error_collect(m, ret_e, fault);
	if (err < 0)
		return err;
	ret_e->message = m;
	ms_mikey_cover_error(&c, m);
	ret_e->authenticated = m->v.set && auth_key.len > 0 && ms_mikey_mac_ok(&m->v, auth_key, &c);
	return 0;
}

int ms_mikey_error_taken(const struct ms_mikey_guard *g, const struct ms_mikey_message *m,
			 enum ms_mikey_reason proven, enum ms_mikey_reason hint,
			 struct ms_fault *fault)
{
	struct ms_mikey_error e;
	struct ms_mikey_cover c;
	bool ok;
	int err = ms_mikey_error_collect(m, &e, fault);

	if (err < 0)
		return err;
	ms_mikey_cover_error(&c, m);
	/* RFC 6043 section 5.4: the auth_key is that of the message where the error occurred. */
	ok = m->hdr.csb_id == g->csb_id && m->v.set && m->v.mac_alg != MS_MIKEY_MAC_NULL &&
	     ms_mikey_guard_verify(g, MS_MIKEY_INIT, &m->v, &c, NULL) == 0;
	err = ms_mikey_refuse(fault, ok ? proven : hint);
	if (fault)
		fault->code = e.n > 0 ? e.error_no[0] : MS_MIKEY_ERR_SP_PARAM;
	return err;
}
