/* SPDX-License-Identifier: Apache-2.0 */
/* Being called: offer with TRANSFER_INIT, the KMS, the user, answer with TRANSFER_RESP. TS 33.328 7.3.3. */
#include <errno.h>

#include "mikey/error.h"
#include "mikey/timestamp.h"
#include "ue/call-priv.h"

/* ---- choosing a line ---- */

static bool is_msrp(const struct ms_sdp_media *m)
{
	return m->port != 0 && (m->kind == MS_SDP_TCP_TLS_MSRP || m->kind == MS_SDP_TCP_MSRP);
}

/* How good a line is: 0 is not taken. */
enum { NO_LINE, PLAIN_LINE, BARE_TLS_LINE, E2AE_LINE, E2E_LINE };

static int rank(const struct ms_ue_call *c, size_t i)
{
	const struct ms_ue_settings *s = c->ue->settings;
	const struct ms_sdp_media *m = &c->offer.media[i];
	struct ms_span data;

	bool edge =
		s->config->media.e2ae != MS_UE_E2AE_OFF && ms_ue_call_has_fingerprint(&c->offer, m);

	if (!is_msrp(m) && !ms_ue_call_is_bfcp_line(m))
		return NO_LINE;
	if (m->kind == MS_SDP_TCP_MSRP || m->kind == MS_SDP_TCP_BFCP)
		return s->policy.plain_media ? PLAIN_LINE : NO_LINE;
	if (m->kind == MS_SDP_TCP_TLS_BFCP)
		return edge ? E2AE_LINE : NO_LINE;
	if (ms_sdp_keymgmt_find(&c->offer, i, "mikey", &data) != MS_SDP_LEVEL_NONE)
		return E2E_LINE;
	return edge ? E2AE_LINE : BARE_TLS_LINE;
}

/* The best protected line; among those the first. One with TLS and nothing else is refused later, for
 * its want of keys. */
static bool choose_line(struct ms_ue_call *c)
{
	int best = NO_LINE;

	for (size_t i = 0; i < c->offer.n_media && i < 32; i++) {
		int r = rank(c, i);

		if (r <= best)
			continue;
		best = r;
		c->line = i;
	}
	c->is_bfcp = best != NO_LINE && ms_ue_call_is_bfcp_line(&c->offer.media[c->line]);
	if (c->is_bfcp)
		c->kind = "bfcp";
	c->secure = best == E2E_LINE || best == BARE_TLS_LINE;
	c->e2ae = best == E2AE_LINE;
	return best != NO_LINE;
}

/* ---- refusing a key exchange: 488, Warning, a MIKEY Error message inside (RFC 4567 section 4) ---- */

static void put_error(struct ms_ue_call *c, struct ms_span init, const struct ms_fault *fault,
		      struct ms_buf *sdp)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf error;
	const struct ms_mikey_party *me = ms_keys_ring_party(c->ue->keys, MS_KEYS_TICKET_SESSION);

	ms_buf_init(&error, MS_MIKEY_MESSAGE_MAX);
	if (ms_mikey_error_answer(me, init, fault, ms_clock_wall(), &error) || error.len == 0)
		return;
	ms_ue_call_put_refusal(c, ms_buf_span(&error), sdp);
}

static void refuse_keys(struct ms_ue_call *c, struct ms_span init, const struct ms_fault *fault)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf sdp;
	struct ms_sip_content body = { .type = "application/sdp" };

	ms_buf_init(&sdp, MS_SIP_BODY_MAX);
	put_error(c, init, fault, &sdp);
	body.body = ms_buf_span(&sdp);
	ms_ue_call_reject(c, MS_UE_STATUS_NOT_ACCEPTABLE, MS_UE_WARN_MISC,
			  fault->reason ? fault->reason : "key_exchange", ms_ue_fault_text(fault),
			  sdp.len > 0 && !ms_buf_status(&sdp) ? &body : NULL);
}

/* ---- answering ---- */

static int answer_keys(struct ms_ue_call *c, struct ms_buf *resp, struct ms_fault *f)
{
	const struct ms_mikey_message *m = ms_mikey_incoming_message(c->incoming);
	MS_CLEANUP(ms_mikey_csb_freep) struct ms_mikey_csb *csb = NULL;
	struct ms_mikey_session session = { 0 };
	struct ms_mikey_answer answer = { .session = &session, .n_sessions = 1 };
	int err = ms_ue_call_cs_id(c, &session.cs_id);

	if (err)
		return ms_fault_set(f, err, MS_MIKEY_ERR_SP, "crypto_session_missing", 0);
	/* Only the line that is taken: lines with port 0 need no keys. */
	for (unsigned i = 0; i < m->hdr.n_cs; i++) {
		if (m->cs[i].cs_id == session.cs_id) {
			session.prot_type = m->cs[i].prot_type;
			session.spi = m->cs[i].spi;
		}
	}
	err = ms_mikey_incoming_answer(c->incoming, &answer, ms_clock_wall(), resp, &csb);
	if (err)
		return ms_fault_set(f, err, MS_MIKEY_ERR_SP, "key_exchange", 0);
	return ms_ue_call_take_keys(c, csb, f);
}

static enum ms_sdp_setup preferred_setup(const struct ms_ue_call *c)
{
	switch ((enum ms_ue_setup)c->ue->settings->config->media.setup) {
	case MS_UE_SETUP_ACTIVE:
		return MS_SDP_ACTIVE;
	case MS_UE_SETUP_PASSIVE:
		return MS_SDP_PASSIVE;
	case MS_UE_SETUP_AUTO:
		break;
	}
	return MS_SDP_SETUP_NONE;
}

static int make_answer(struct ms_ue_call *c, struct ms_buf *sdp, bool *ret_active,
		       struct ms_fault *f)
{
	enum ms_sdp_setup setup;
	int err = ms_sdp_setup_answer(c->there.setup, preferred_setup(c), &setup);

	if (err)
		return ms_fault_set(f, err, 0, "sdp_setup", 0);
	*ret_active = setup == MS_SDP_ACTIVE;
	if (c->file)
		err = ms_ue_file_accept(c->file, c->ue->settings->directory);
	if (err == -EBUSY)
		return ms_fault_set(f, err, MS_UE_STATUS_BUSY, "file_busy", 0);
	if (err)
		return ms_fault_set(f, err, 0, err == -ERANGE ? "file_range" : "file_storage", 0);
	if (c->secure)
		err = answer_keys(c, &c->own_keys, f);
	if (!err)
		err = ms_ue_call_open_port(c, !*ret_active);
	return err ? err
		   : ms_ue_call_put_answer(c, &c->offer, setup, ms_buf_span(&c->own_keys), sdp, f);
}

void ms_ue_call_accept(struct ms_ue_call *c)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf sdp;
	struct ms_sip_content content = { .type = "application/sdp" };
	struct ms_fault f = { 0 };
	bool active = false;
	int err;

	c->waiting = false;
	ms_timer_stop(&c->ring);
	ms_buf_init(&sdp, MS_SIP_BODY_MAX);
	err = make_answer(c, &sdp, &active, &f);
	if (err) {
		/* Busy: who resumes a file may ask again when its lost connection is noticed here. */
		ms_ue_call_reject(c,
				  f.code == MS_UE_STATUS_BUSY ? MS_UE_STATUS_BUSY
							      : MS_UE_STATUS_NOT_ACCEPTABLE,
				  MS_UE_WARN_MISC, f.reason ? f.reason : "answer",
				  f.reason ? ms_ue_fault_text(&f) : strerror(-err), NULL);
		return;
	}
	content.body = ms_buf_span(&sdp);
	err = ms_sip_session_respond(c->sip, 200, NULL, &content);
	if (!err) {
		c->answered = true;
		err = ms_ue_call_start_media(c, active);
	}
	if (err)
		ms_ue_call_end(c, "answer", ms_span_str(strerror(-err)));
}

/* ---- asking the user, or the policy ---- */

static void on_ring_timeout(void *arg)
{
	struct ms_ue_call *c = arg;

	ms_ue_call_reject(c, MS_UE_STATUS_UNAVAILABLE, 0, "unanswered", NULL, NULL);
}

static void tell_offer(struct ms_ue_call *c)
{
	struct ms_ue_event e = ms_ue_call_event(c, MS_UE_EVENT_CALL_INCOMING);
	MS_CLEANUP(ms_buf_done) struct ms_buf hash;

	ms_buf_init(&hash, 256);
	e.from = ms_keys_identity_span(&c->sender.from);
	e.asserted = ms_keys_identity_span(&c->sender.asserted);
	e.warning = ms_ue_sender_differs(&c->sender, c->peer.uri[0] ? e.peer : e.asserted);
	ms_ue_tell(c->ue, &e);
	if (!c->file)
		return;
	ms_ue_file_put_hash(c->file, &hash);
	e = ms_ue_call_event(c, MS_UE_EVENT_FILE_OFFERED);
	e.name = ms_span_str(ms_ue_file_name(c->file));
	e.content_type = ms_span_str(ms_ue_file_type(c->file));
	e.size = ms_ue_file_size(c->file);
	e.hash = ms_buf_span(&hash);
	ms_ue_tell(c->ue, &e);
}

static void ask_user(struct ms_ue_call *c)
{
	const struct ms_ue_settings *s = c->ue->settings;
	enum ms_ue_answer answer = c->file ? s->policy.file : s->policy.chat;

	if (answer == MS_UE_ANSWER_REFUSE) {
		ms_ue_call_reject(c, MS_UE_STATUS_DECLINE, 0, "policy", NULL, NULL);
		return;
	}
	c->waiting = true;
	if (ms_sip_session_respond(c->sip, 180, NULL, NULL))
		ms_ue_warn(c->ue, "180 could not be sent");
	tell_offer(c);
	if (c->over || !c->waiting)
		return; /* the listener of the event answered */
	if (answer == MS_UE_ANSWER_ACCEPT) {
		ms_ue_call_accept(c);
		return;
	}
	ms_timer_init(&c->ring, "ue.ring", on_ring_timeout, c);
	ms_timer_start(&c->ring, s->config->limits.answer);
}

/* ---- the key exchange ---- */

static int enter_replay(struct ms_ue_call *c, struct ms_fault *f)
{
	const struct ms_mikey_message *m = ms_mikey_incoming_message(c->incoming);
	uint8_t id[MS_KEYS_REPLAY_ID];
	ms_usec stamp;
	int err = ms_keys_replay_id(m, id);

	if (!err)
		err = ms_mikey_ts_to_usec(&m->t, &stamp);
	if (!err)
		err = ms_keys_replay_enter(c->ue->replay, id, stamp);
	return err ? ms_fault_set(f, err, MS_MIKEY_ERR_TS, "replay", 0) : 0;
}

static void verified(struct ms_ue_call *c)
{
	struct ms_span init = ms_mikey_incoming_message(c->incoming)->raw;
	struct ms_mikey_id who = ms_mikey_incoming_initiator(c->incoming);
	struct ms_fault f = { 0 };

	if (enter_replay(c, &f)) {
		refuse_keys(c, init, &f);
		return;
	}
	if (ms_keys_identity_parse(who.data, &c->peer)) {
		f = (struct ms_fault){ MS_MIKEY_ERR_ID, "peer_not_proven", 0 };
		refuse_keys(c, init, &f);
		return;
	}
	if (ms_ue_call_peer_ok(c))
		ask_user(c);
}

static void resolved(const struct ms_keys_failure *why, void *arg)
{
	struct ms_ue_call *c = arg;
	struct ms_fault f = { MS_MIKEY_ERR_AUTH, why ? why->reason : NULL, 0 };

	c->asking = NULL;
	if (!why)
		verified(c);
	else if (why->unreachable)
		ms_ue_call_reject(c, MS_UE_STATUS_UNAVAILABLE, MS_UE_WARN_MISC, why->reason,
				  why->detail, NULL);
	else
		refuse_keys(c, ms_mikey_incoming_message(c->incoming)->raw, &f);
}

static int read_keys(struct ms_ue_call *c, struct ms_buf *init, struct ms_fault *f)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf ids;
	uint8_t id[MS_KEYS_REPLAY_ID];
	int err;

	ms_buf_init(&ids, 1024);
	(void)ms_sdp_keymgmt_ids(&c->offer, c->line, &ids);
	err = ms_mikey_incoming_new(ms_keys_ring_party(c->ue->keys, MS_KEYS_TICKET_SESSION),
				    ms_buf_span(init), ms_buf_span(&ids), NULL, ms_clock_wall(), f,
				    &c->incoming);
	if (err)
		return err;
	if (ms_keys_replay_id(ms_mikey_incoming_message(c->incoming), id))
		return ms_fault_set(f, -EBADMSG, MS_MIKEY_ERR_AUTH, "mac_missing", 0);
	if (ms_keys_replay_seen(c->ue->replay, id))
		return ms_fault_set(f, -EALREADY, MS_MIKEY_ERR_TS, "replay", 0);
	return ms_keys_ring_resolve(c->ue->keys, c->incoming, MS_KEYS_RESOLVE_CACHED, resolved, c,
				    f, &c->asking);
}

static void exchange_keys(struct ms_ue_call *c)
{
	struct ms_buf *init = &c->there.keys;
	struct ms_fault f = { 0 };
	int err = ms_ue_call_key_mgmt(&c->offer, c->line, init, &c->key_level);

	if (err) {
		ms_ue_call_reject(c, MS_UE_STATUS_NOT_ACCEPTABLE, MS_UE_WARN_ATTRIBUTE,
				  err == -ENOENT ? "key_mgmt_missing" : "key_mgmt_malformed",
				  "a=key-mgmt: mikey is needed for TLS here", NULL);
		return;
	}
	err = read_keys(c, init, &f);
	if (err)
		refuse_keys(c, ms_buf_span(init), &f);
	else if (!c->asking)
		verified(c);
}

/* ---- the offer ---- */

static int read_file(struct ms_ue_call *c, struct ms_fault *f)
{
	struct ms_ue_file_handlers h = ms_ue_call_file_handlers;
	struct ms_sdp_msrp msrp;
	int err;

	if (c->is_bfcp)
		return 0;
	err = ms_sdp_msrp_read(&c->offer.media[c->line], f, &msrp);
	if (err || msrp.file_selector.len == 0)
		return err;
	h.arg = c;
	c->kind = "file";
	err = ms_ue_file_offered(&msrp, c->ue->settings->config->files.max_size, &h, &c->file);
	return err ? ms_fault_set(f, err, 0, err == -EFBIG ? "file_too_large" : "file_offer", 0)
		   : 0;
}

static int read_offer(struct ms_ue_call *c, const struct ms_sip_message *m, struct ms_fault *f)
{
	int err;

	ms_buf_put_span(&c->remote_sdp, ms_sip_body(m));
	if (ms_buf_status(&c->remote_sdp))
		return ms_buf_status(&c->remote_sdp);
	err = ms_sdp_parse(ms_buf_span(&c->remote_sdp), NULL, f, &c->offer);
	if (err)
		return err;
	if (!choose_line(c))
		return ms_fault_set(f, -EPROTO, 0, "no_protected_msrp", 0);
	err = ms_ue_call_read_line(c, &c->offer.media[c->line], false, f);
	if (!err && c->e2ae)
		err = ms_ue_call_read_fingerprints(c->ue, &c->offer, &c->offer.media[c->line],
						   &c->there.fingerprints, f);
	return err ? err : read_file(c, f);
}

static void on_closed(struct ms_sip_session *s, int err, const struct ms_sip_message *m, void *arg)
{
	struct ms_ue_call *c = arg;

	(void)s;
	if (!c)
		return; /* ended by us, and gone */
	c->sip = NULL;
	if (err == -ECANCELED)
		ms_ue_call_end(c, "cancelled", MS_SPAN_NULL);
	else if (err)
		ms_ue_call_end(c, "unreachable", ms_span_str(strerror(-err)));
	else
		ms_ue_call_end(c, m ? "bye" : "ended", MS_SPAN_NULL);
}

static const struct ms_sip_session_handlers callee_handlers = {
	.offered = ms_ue_call_offered,
	.closed = on_closed,
};

static const struct ms_keys_identity *name_of(const struct ms_ue_sender *s)
{
	return s->asserted.uri[0] ? &s->asserted : &s->from;
}

/* One caller alone must not take all sessions by letting them ring. */
static bool rings_too_often(const struct ms_ue *ue, const struct ms_ue_sender *sender)
{
	struct ms_span name = ms_keys_identity_span(name_of(sender));
	struct ms_list *l;
	size_t n = 0;

	ms_list_foreach (l, &ue->calls) {
		const struct ms_ue_call *c = MS_CONTAINER_OF(l, struct ms_ue_call, link);

		n += !c->outgoing && !c->answered && !c->over &&
		     ms_keys_identity_same(name, ms_keys_identity_span(name_of(&c->sender)));
	}
	return n >= ue->settings->config->limits.caller;
}

void ms_ue_call_receive(struct ms_ue *ue, struct ms_sip_session *s, const struct ms_sip_message *m)
{
	struct ms_ue_sender sender = ms_ue_sender_of(ue, m);
	struct ms_fault f = { 0 };
	struct ms_ue_call *c;

	if (ue->n_calls >= ue->settings->config->limits.sessions || rings_too_often(ue, &sender) ||
	    ms_ue_call_new(ue, false, &c)) {
		ms_sip_session_take(s, ue->account, &callee_handlers, NULL);
		(void)!ms_sip_session_respond(s, MS_UE_STATUS_BUSY, NULL, NULL);
		return;
	}
	c->sip = s;
	ms_sip_session_take(s, ue->account, &callee_handlers, c);
	c->sender = sender;
	if (read_offer(c, m, &f))
		ms_ue_call_reject(c, MS_UE_STATUS_NOT_ACCEPTABLE, MS_UE_WARN_MEDIA,
				  f.reason ? f.reason : "offer_malformed",
				  "no MSRP line that is acceptable here", NULL);
	else if (c->secure)
		exchange_keys(c);
	else
		ask_user(c); /* plain, and the policy takes it: the event says so */
}
