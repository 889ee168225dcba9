/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests inside a call that stands: a re-INVITE or UPDATE that refreshes it (session timers do that
 * in every IMS core), or offers lines beside ours. The media stays as it is: a connection under a
 * pre-shared key moves nowhere, and new keys need a new call. RFC 3261 section 14.2, RFC 3311, RFC
 * 3264 section 8.
 */
#include <errno.h>

#include "ue/call-priv.h"

static bool same_keys(const struct ms_ue_call *c, const struct ms_sdp *again)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf octets;
	enum ms_sdp_level level;
	int err;

	ms_buf_init(&octets, MS_MIKEY_MESSAGE_MAX);
	err = ms_ue_call_key_mgmt(again, c->line, &octets, &level);
	if (!c->secure)
		return err == -ENOENT;
	return !err && ms_span_eq(ms_buf_span(&octets), ms_buf_span(&c->there.keys));
}

static bool same_fingerprints(const struct ms_ue_call *c, const struct ms_sdp *again,
			      const struct ms_sdp_media *m)
{
	const struct ms_ue_fingerprints *before = &c->there.fingerprints;
	struct ms_ue_fingerprints now;

	if (ms_ue_call_read_fingerprints(c->ue, again, m, &now, NULL) || now.n != before->n)
		return false;
	for (size_t i = 0; i < now.n; i++) {
		if (!ms_tls_fingerprint_eq(&now.v[i], &before->v[i]))
			return false;
	}
	return true;
}

static enum ms_sdp_proto kind_of(const struct ms_ue_call *c)
{
	if (c->is_bfcp)
		return c->e2ae ? MS_SDP_TCP_TLS_BFCP : MS_SDP_TCP_BFCP;
	return ms_ue_call_is_tls(c) ? MS_SDP_TCP_TLS_MSRP : MS_SDP_TCP_MSRP;
}

static int check_path(const struct ms_ue_call *c, const struct ms_sdp_media *m, struct ms_fault *f)
{
	struct ms_sdp_msrp msrp;
	int err;

	if (c->is_bfcp)
		return 0;
	err = ms_sdp_msrp_read(m, f, &msrp);
	if (!err && !ms_span_eq(msrp.path, ms_buf_span(&c->there.path)))
		err = ms_fault_set(f, -EPROTO, 488, "media_changed", 0);
	return err;
}

/* Is our line as it was? */
static int check_line(const struct ms_ue_call *c, const struct ms_sdp *again, struct ms_fault *f)
{
	const struct ms_sdp_media *m = c->line < again->n_media ? &again->media[c->line] : NULL;
	int err;

	if (!m || m->port == 0 || m->kind != kind_of(c))
		return ms_fault_set(f, -EPROTO, 488, "media_changed", 0);
	err = check_path(c, m, f);
	if (err)
		return err;
	if (!same_keys(c, again) || (c->e2ae && !same_fingerprints(c, again, m)))
		return ms_fault_set(f, -EPROTO, 488, "keys_changed", 0);
	return 0;
}

static struct ms_span own_keys(const struct ms_ue_call *c)
{
	if (!c->secure)
		return MS_SPAN_NULL;
	return c->outgoing ? ms_mikey_transfer_sent(c->transfer) : ms_buf_span(&c->own_keys);
}

/* Who connected is settled: active stays active. */
static int put_answer(struct ms_ue_call *c, struct ms_span offer, struct ms_buf *b,
		      struct ms_fault *f)
{
	MS_CLEANUP(ms_sdp_done) struct ms_sdp again = { 0 };
	int err = ms_sdp_parse(offer, NULL, f, &again);

	if (!err)
		err = check_line(c, &again, f);
	return err ? err
		   : ms_ue_call_put_answer(c, &again, c->active ? MS_SDP_ACTIVE : MS_SDP_PASSIVE,
					   own_keys(c), b, f);
}

static int refuse(struct ms_ue_call *c, const char *why)
{
	char value[MS_UE_WARNING_MAX];
	const struct ms_sip_header_value header = {
		"Warning", ms_span_str(ms_ue_warning_put(c->ue, MS_UE_WARN_MISC, why, value))
	};
	const struct ms_sip_content content = { .headers = &header, .n_headers = 1 };

	return ms_sip_session_respond(c->sip, MS_UE_STATUS_NOT_ACCEPTABLE, NULL, &content);
}

static int answer(struct ms_ue_call *c, const struct ms_sip_message *m)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf sdp;
	struct ms_sip_content content = { .type = "application/sdp" };
	struct ms_fault f = { 0 };
	int err;

	ms_buf_init(&sdp, MS_SIP_BODY_MAX);
	if (ms_sip_body(m).len == 0 && ms_span_is(ms_sip_method(m), "UPDATE"))
		return ms_sip_session_respond(c->sip, 200, NULL, NULL); /* a timer, no offer */
	if (ms_sip_body(m).len == 0)
		return refuse(c, "a new offer would need new keys, and so a new call");
	err = put_answer(c, ms_sip_body(m), &sdp, &f);
	if (err)
		return refuse(c, f.reason ? f.reason : "the offer is malformed");
	content.body = ms_buf_span(&sdp);
	return ms_sip_session_respond(c->sip, 200, NULL, &content);
}

void ms_ue_call_offered(struct ms_sip_session *s, const struct ms_sip_message *m, void *arg)
{
	struct ms_ue_call *c = arg;
	int err;

	if (!c || c->over || !c->answered) /* ending, or an UPDATE before there is an answer */
		err = ms_sip_session_respond(s, 488, NULL, NULL);
	else
		err = answer(c, m);
	if (err && c)
		ms_ue_warn(c->ue, "a request inside a call was not answered: %s", strerror(-err));
}
