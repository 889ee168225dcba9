/* SPDX-License-Identifier: Apache-2.0 */
/* One message at the KMS: dispatch, response frame, Error messages, outcome. */
#include "mikey/kms.h"

#include <errno.h>

#include "mikey/error-priv.h"
#include "mikey/kms-priv.h"
#include "mikey/policy.h"
#include "mikey/timestamp.h"

/* T of a response is fresh; COUNTER may repeat that of the request (RFC 6043 section 4.2.1.5). */
static struct ms_mikey_ts fresh_ts(const struct ms_mikey_kms_call *c)
{
	if (c->m.t.type == MS_MIKEY_TS_COUNTER)
		return c->m.t;
	return ms_mikey_ts_of(c->m.t.type, c->now);
}

int ms_mikey_kms_reply_start(struct ms_mikey_kms_call *c, unsigned data_type,
			     struct ms_mikey_kms_reply *r)
{
	struct ms_mikey_hdr hdr = c->m.hdr;

	hdr.data_type = (uint8_t)data_type;
	hdr.v = false;
	r->start = c->out->len;
	r->t = fresh_ts(c);
	ms_mikey_write_hdr(&r->w, c->out, &hdr, NULL);
	ms_mikey_put_t(&r->w, &r->t);
	if (c->m.id_kms.data.p)
		ms_mikey_put_idr(&r->w, MS_MIKEY_ROLE_KMS, &c->kms->id);
	return ms_buf_status(c->out);
}

int ms_mikey_kms_reply_keys(struct ms_mikey_kms_call *c, struct ms_mikey_kms_reply *r,
			    const struct ms_mikey_keys *keys)
{
	bool is_256 = c->m.hdr.prf == MS_MIKEY_PRF_HMAC_SHA_256;
	uint8_t room[MS_MIKEY_SEALED_ROOM];
	struct ms_buf plain;
	int err;

	ms_buf_init_fixed(&plain, room, sizeof(room));
	err = ms_mikey_guard_put_keys(&c->guard, MS_MIKEY_RESP,
				      is_256 ? MS_MIKEY_ENCR_AES_CM_256 : MS_MIKEY_ENCR_AES_CM_128,
				      &r->t, keys, &plain, &r->w);
	ms_wipe(room, plain.len);
	return err;
}

static unsigned reply_mac(const struct ms_mikey_kms_call *c)
{
	if (!c->is_pk)
		return c->m.v.mac_alg;
	return c->m.hdr.prf == MS_MIKEY_PRF_HMAC_SHA_256 ? MS_MIKEY_MAC_HMAC_SHA_256_256
							 : MS_MIKEY_MAC_HMAC_SHA_1_160;
}

int ms_mikey_kms_reply_finish(struct ms_mikey_kms_call *c, struct ms_mikey_kms_reply *r)
{
	struct ms_mikey_cover cover = { .n = 2 };
	size_t mac_at = ms_mikey_put_v(&r->w, reply_mac(c));
	int err = ms_buf_status(c->out);

	if (err < 0)
		return err;
	/* RFC 6043 section 5.5: this message up to its MAC, then the one it answers. */
	cover.part[0] = ms_span_of(c->out->p + r->start, mac_at - r->start);
	cover.part[1] = c->m.raw;
	return ms_mikey_guard_mac(&c->guard, MS_MIKEY_RESP, reply_mac(c), &cover,
				  c->out->p + mac_at);
}

int ms_mikey_kms_ticket_id(const struct ms_mikey_policy *ticket,
			   uint8_t ret_id[MS_MIKEY_KMS_TICKET_ID])
{
	struct ms_mikey_ticket_data data;
	int err = ms_mikey_ticket_data_decode(ticket->ticket_data, &data, NULL);

	if (err == 0 && data.v.mac.len < MS_MIKEY_KMS_TICKET_ID)
		err = -EBADMSG;
	if (err == 0)
		memcpy(ret_id, data.v.mac.p, MS_MIKEY_KMS_TICKET_ID);
	return err;
}

void ms_mikey_kms_note_ticket(struct ms_mikey_kms_call *c, const struct ms_mikey_policy *p)
{
	struct ms_mikey_kms_outcome *o = c->outcome;
	size_t pos = 0;

	o->flags = p->flags;
	o->n_responders = p->n_responders;
	if (!c->is_request) {
		o->initiator = p->initiator;
		(void)ms_mikey_tp_next_id(p, MS_MIKEY_ROLE_RESPONDER, &pos, &o->responder);
	}
	if (ms_mikey_ts_to_usec(&p->start, &o->start) < 0)
		o->start = 0;
	if (ms_mikey_ts_to_usec(&p->end, &o->end) < 0)
		o->end = MS_NEVER;
	o->has_ticket_id = ms_mikey_kms_ticket_id(p, o->ticket_id) == 0;
}

static int serve(struct ms_mikey_kms_call *c)
{
	int err = ms_mikey_decode(c->in, &c->m, &c->fault);

	if (err < 0)
		return err;
	c->outcome->data_type = c->m.hdr.data_type;
	c->is_pk = c->m.hdr.data_type == MS_MIKEY_REQUEST_INIT_PK ||
		   c->m.hdr.data_type == MS_MIKEY_RESOLVE_INIT_PK;
	switch (c->m.hdr.data_type) {
	case MS_MIKEY_REQUEST_INIT_PK:
	case MS_MIKEY_REQUEST_INIT_PSK:
		c->is_request = true;
		break;
	case MS_MIKEY_RESOLVE_INIT_PK:
	case MS_MIKEY_RESOLVE_INIT_PSK:
		break;
	default:
		return ms_mikey_refuse(&c->fault, MS_MIKEY_R_UNEXPECTED_DATA_TYPE);
	}
	err = ms_mikey_kms_authenticate(c);
	if (err < 0)
		return err;
	err = c->is_request ? ms_mikey_kms_request(c) : ms_mikey_kms_resolve(c);
	return err < 0 ? err : ms_mikey_kms_enter(c);
}

/* With a MAC only for users that were authenticated (RFC 3830 section 5.1.2), with the auth_key of
 * their message. */
static int answer_error(struct ms_mikey_kms_call *c)
{
	MS_CLEANUP(ms_secret_wipe) struct ms_secret auth = { .len = 0 };
	struct ms_mikey_hdr about;
	struct ms_mikey_error_build e = { .about = &about,
					  .error_no = { (uint8_t)c->fault.code },
					  .n = 1 };

	if (!ms_mikey_error_about(c->in, &about))
		return -EBADMSG;
	c->outcome->data_type = about.data_type;
	e.t = ms_mikey_ts_of(MS_MIKEY_TS_NTP_UTC, c->now);
	if (c->kms->authenticate_errors && c->outcome->authenticated &&
	    ms_mikey_msg_auth(&c->guard.key, c->guard.csb_id, MS_MIKEY_INIT, &c->guard.rands,
			      reply_mac(c), &auth) == 0) {
		e.mac_alg = reply_mac(c);
		e.auth_key = ms_secret_span(&auth);
	}
	return ms_mikey_error_write(&e, c->out);
}

static void note_fault(struct ms_mikey_kms_call *c)
{
	c->outcome->error_no = c->fault.code;
	c->outcome->reason = c->fault.reason;
	c->outcome->offset = c->fault.offset;
}

int ms_mikey_kms_handle(const struct ms_mikey_kms *kms, struct ms_span in, ms_usec now,
			struct ms_buf *out, struct ms_mikey_kms_outcome *ret_outcome)
{
	struct ms_mikey_kms_call c;
	size_t start = out->len;
	int err;

	c.kms = kms;
	c.in = in;
	c.now = now;
	c.out = out;
	c.outcome = ret_outcome;
	c.fault = (struct ms_fault){ 0, NULL, 0 };
	c.is_request = c.is_pk = false;
	c.envelope.len = 0;
	c.guard.key.n = 0;
	*ret_outcome = (struct ms_mikey_kms_outcome){ .error_no = -1, .reason = "granted" };
	err = serve(&c);
	if (err < 0) {
		ms_buf_truncate(out, start);
		/* A callback's error, or memory: no fault of the message. */
		if (!c.fault.reason) {
			(void)ms_mikey_refuse(&c.fault, MS_MIKEY_R_INTERNAL);
			note_fault(&c);
		} else {
			note_fault(&c);
			err = answer_error(&c);
		}
	}
	ret_outcome->granted = err == 0 && ret_outcome->error_no < 0;
	ms_mikey_guard_wipe(&c.guard);
	ms_secret_wipe(&c.envelope);
	return err;
}
