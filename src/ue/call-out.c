/* SPDX-License-Identifier: Apache-2.0 */
/* Calling: ticket, offer with TRANSFER_INIT, answer with TRANSFER_RESP. TS 33.328 sections 7.2.3, H.3. */
#include <errno.h>

#include "core/alloc.h"
#include "ue/call-priv.h"

#define CS_ID 1                    /* of our one m= line: RFC 4567 section 7.1, TLS one */
#define RESUME_OVERLAP (12u << 20) /* octets that may have been on the way when it broke */

/* ---- the answer ---- */

static int finish_transfer(struct ms_ue_call *c, const struct ms_sdp *answer, struct ms_fault *f)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf octets;
	MS_CLEANUP(ms_mikey_csb_freep) struct ms_mikey_csb *csb = NULL;
	enum ms_sdp_level level;
	int err;

	ms_buf_init(&octets, MS_MIKEY_MESSAGE_MAX);
	err = ms_ue_call_key_mgmt(answer, 0, &octets, &level);
	if (err)
		return ms_fault_set(f, err, 0, "key_mgmt_missing", 0);
	ms_buf_put_span(&c->there.keys, ms_buf_span(&octets));
	err = ms_buf_status(&c->there.keys);
	if (!err)
		err = ms_mikey_transfer_finish(c->transfer, ms_buf_span(&octets), ms_clock_wall(),
					       f, &csb);
	return err ? err : ms_ue_call_take_keys(c, csb, f);
}

static int read_answer(struct ms_ue_call *c, const struct ms_sdp *answer, bool *ret_active,
		       struct ms_fault *f)
{
	bool offerer_active;
	int err = ms_sdp_answer_check(&c->offer, answer, f);

	if (err)
		return err;
	if (answer->media[0].port == 0)
		return ms_fault_set(f, -EPROTO, 0, "media_refused", 0);
	err = ms_ue_call_read_line(c, &answer->media[0], true, f);
	if (!err && c->secure)
		err = finish_transfer(c, answer, f);
	if (!err && c->e2ae)
		err = ms_ue_call_read_fingerprints(c->ue, answer, &answer->media[0],
						   &c->there.fingerprints, f);
	if (err)
		return err;
	if (ms_sdp_setup_roles(c->offer.media[0].setup, c->there.setup, &offerer_active))
		return ms_fault_set(f, -EPROTO, 0, "sdp_setup", 0);
	*ret_active = offerer_active;
	return 0;
}

static void take_answer(struct ms_ue_call *c, const struct ms_sip_message *m)
{
	MS_CLEANUP(ms_sdp_done) struct ms_sdp answer = { 0 };
	struct ms_fault f = { 0 };
	bool active = false;
	int err = ms_sdp_parse(ms_sip_body(m), NULL, &f, &answer);

	if (!err)
		err = read_answer(c, &answer, &active, &f);
	if (err) {
		ms_ue_call_end(c, f.reason ? f.reason : "answer_malformed",
			       ms_span_str(ms_ue_fault_text(&f)));
		return;
	}
	if (c->secure && !ms_ue_call_peer_ok(c))
		return;
	err = ms_ue_call_start_media(c, active);
	if (err)
		ms_ue_call_end(c, "media", ms_span_str(strerror(-err)));
}

/* ---- the call ---- */

static void on_progress(struct ms_sip_session *s, const struct ms_sip_message *m, void *arg)
{
	struct ms_ue_call *c = arg;
	struct ms_ue_event e;

	(void)s;
	if (!c || c->over || c->rung || ms_sip_status(m) != 180)
		return;
	c->rung = true; /* told once, however many branches ring and repeat it */
	e = ms_ue_call_event(c, MS_UE_EVENT_CALL_RINGING);
	ms_ue_tell(c->ue, &e);
}

static void on_answered(struct ms_sip_session *s, const struct ms_sip_message *m, void *arg)
{
	struct ms_ue_call *c = arg;

	(void)s;
	if (!c || c->over)
		return;
	c->answered = true;
	take_answer(c, m);
}

static void on_closed(struct ms_sip_session *s, int err, const struct ms_sip_message *m, void *arg)
{
	struct ms_ue_call *c = arg;
	struct ms_sip_warning w = { 0 };

	(void)s;
	if (!c)
		return; /* ended by us, and gone */
	c->sip = NULL;
	if (m && ms_sip_status(m) > 0) {
		if (ms_sip_warning_parse(ms_sip_header(m, "Warning"), &w))
			w.text = MS_SPAN_NULL;
		ms_ue_call_refused(c, ms_sip_status(m), ms_sip_reason(m), w.text);
	} else if (m) {
		ms_ue_call_end(c, "bye", MS_SPAN_NULL);
	} else {
		ms_ue_call_end(c, err ? "unreachable" : "ended",
			       err ? ms_span_str(ms_ue_sip_error(c->ue, err)) : MS_SPAN_NULL);
	}
}

static const struct ms_sip_session_handlers caller_handlers = {
	.progress = on_progress,
	.answered = on_answered,
	.offered = ms_ue_call_offered,
	.closed = on_closed,
};

/* ---- the offer ---- */

static int start_transfer(struct ms_ue_call *c, struct ms_mikey_ticket_held *held,
			  struct ms_buf *init)
{
	const struct ms_profile *p = &c->ue->settings->config->profile;
	const struct ms_mikey_session session = { .cs_id = CS_ID,
						  .prot_type = (uint8_t)p->prot_type_tls };
	const struct ms_mikey_offer offer = {
		.called = { (uint8_t)p->id_type, ms_keys_identity_span(&c->called) },
		.session = &session,
		.n_sessions = 1,
		.sdp_ids = MS_SPAN_LIT("mikey"), /* against bidding down, RFC 4567 section 4.1.4 */
	};
	int err = ms_mikey_transfer_start(ms_keys_ring_party(c->ue->keys, MS_KEYS_TICKET_SESSION),
					  held, &offer, ms_clock_wall(), init, &c->transfer);

	c->ticket_end = ms_mikey_ticket_held_end(held);
	c->ticket_uses = ms_mikey_ticket_held_uses(held);
	return err;
}

static int invite(struct ms_ue_call *c)
{
	const struct ms_ue_config *config = c->ue->settings->config;
	const struct ms_sip_invite_spec spec = {
		.uri = c->called.uri,
		.ring_timeout_s = (unsigned)(config->limits.answer / MS_SEC),
		.content = { .type = "application/sdp", .body = ms_buf_span(&c->local_sdp) },
	};

	return ms_sip_session_invite(c->ue->account, &spec, &caller_handlers, c, &c->sip);
}

static int make_offer(struct ms_ue_call *c, struct ms_mikey_ticket_held *held)
{
	bool reachable = c->ue->settings->config->media.setup != MS_UE_SETUP_ACTIVE;
	MS_CLEANUP(ms_buf_done) struct ms_buf init;
	uint8_t cs_id = 0;
	int err = 0;

	ms_buf_init(&init, MS_MIKEY_MESSAGE_MAX);
	c->key_level = MS_SDP_LEVEL_SESSION;
	if (held)
		err = start_transfer(c, held, &init);
	if (!err)
		err = ms_ue_call_open_port(c, reachable);
	if (!err)
		err = ms_ue_call_put_offer(c, reachable ? MS_SDP_ACTPASS : MS_SDP_ACTIVE,
					   ms_buf_span(&init), &c->local_sdp);
	if (!err)
		err = ms_sdp_parse(ms_buf_span(&c->local_sdp), NULL, NULL, &c->offer);
	if (!err && c->secure)
		err = ms_ue_call_cs_id(c, &cs_id);
	if (!err && c->secure && cs_id != CS_ID)
		err = -EPROTO;
	return err;
}

static void offer(struct ms_ue_call *c, struct ms_mikey_ticket_held *held)
{
	int err = make_offer(c, held);

	if (!err)
		err = invite(c);
	if (err)
		ms_ue_call_end(c, "offer", ms_span_str(strerror(-err)));
}

static void got_ticket(struct ms_mikey_ticket_held *held, const struct ms_keys_failure *why,
		       void *arg)
{
	struct ms_ue_call *c = arg;

	c->asking = NULL;
	c->ticket_source = "kms";
	if (held)
		offer(c, held);
	else
		ms_ue_call_end(c, why->reason, ms_span_str(why->detail));
}

static int get_ticket(struct ms_ue_call *c)
{
	struct ms_span called = ms_keys_identity_span(&c->called);
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_mikey_ticket_held *held = NULL;
	struct ms_span resolver;
	int err;

	ms_buf_init(&b, MS_KEYS_IDENTITY_MAX);
	ms_ue_ticket_resolver(c->ue, MS_KEYS_TICKET_SESSION, called, c->only_called, &b);
	resolver = ms_buf_span(&b);
	c->resolvers = ms_strdup_span(resolver);
	if (!c->resolvers)
		return -ENOMEM;
	err = ms_keys_ring_ticket(c->ue->keys, MS_KEYS_TICKET_SESSION, &resolver, 1, got_ticket, c,
				  &held, &c->asking);
	if (err || !held)
		return err;
	c->ticket_source = "cache";
	offer(c, held);
	return 0;
}

/* What the network has, only a registration tells; commands for scripts have none yet. */
static bool waits_for_network(struct ms_ue_call *c)
{
	struct ms_ue *ue = c->ue;

	if (!c->e2ae || ue->settings->config->media.e2ae != MS_UE_E2AE_REGISTERED)
		return false;
	switch (ms_sip_registration(ue->account)) {
	case MS_SIP_UNREGISTERED:
		c->unasked = ms_ue_register(ue) == 0;
		break;
	case MS_SIP_REGISTERING:
		c->unasked = true;
		break;
	case MS_SIP_REGISTERED:
	case MS_SIP_REGISTRATION_FAILED:
		break;
	}
	return c->unasked;
}

static void begin(struct ms_ue_call *c)
{
	struct ms_fault f = { 0 };
	int err = 0;

	if (waits_for_network(c))
		return;
	if (c->e2ae && ms_ue_call_may_ask(c, c->is_bfcp ? "bfcp-tls" : "msrp-tls", &f)) {
		ms_ue_call_end(c, f.reason, ms_span_str(ms_ue_fault_text(&f)));
		return;
	}
	if (c->secure)
		err = get_ticket(c);
	else
		offer(c, NULL);
	if (err)
		ms_ue_call_end(c, "ticket", ms_span_str(strerror(-err)));
}

void ms_ue_calls_registered(struct ms_ue *ue)
{
	struct ms_list *l, *next;

	ms_list_foreach_safe (l, next, &ue->calls) {
		struct ms_ue_call *c = MS_CONTAINER_OF(l, struct ms_ue_call, link);

		if (!c->unasked || c->over)
			continue;
		c->unasked = false;
		begin(c);
	}
}

/* ---- files ---- */

/* The hash stands in the offer: the file is read before the call, a slice a round of the loop. */
static void on_hash(void *arg)
{
	struct ms_ue_call *c = arg;
	int more = ms_ue_file_hash(c->file);

	if (more > 0)
		ms_timer_start(&c->hash, 0);
	else if (more < 0)
		ms_ue_call_end(c, "file_storage", ms_span_str(strerror(-more)));
	else
		begin(c);
}

static void on_file_progress(void *arg, uint64_t done, uint64_t size)
{
	struct ms_ue_call *c = arg;
	struct ms_ue_event e = ms_ue_call_event(c, MS_UE_EVENT_FILE_PROGRESS);

	e.done = done;
	e.size = size;
	ms_ue_tell(c->ue, &e);
}

static void on_file_done(void *arg, const char *reason, int code)
{
	ms_ue_call_file_done(arg, reason, code);
}

const struct ms_ue_file_handlers ms_ue_call_file_handlers = { on_file_progress, on_file_done,
							      NULL };

static int call_with(struct ms_ue *ue, const struct ms_ue_call_spec *spec, unsigned tries,
		     unsigned *ret_session);

static void on_retry(void *arg)
{
	struct ms_ue_call *old = arg;
	struct ms_ue *ue = old->ue;
	uint64_t at = ms_ue_file_at(old->file), from = old->from;
	struct ms_ue_call_spec spec = {
		.to = ms_keys_identity_span(&old->called),
		.file = ms_ue_file_path(old->file),
		.only_called = old->only_called,
	};
	unsigned number;
	int err;

	/* What was on the way may be lost; the receiver has the rest, or says that it has not. */
	if (old->established)
		from = at > RESUME_OVERLAP ? at - RESUME_OVERLAP : 0;
	spec.from = old->range_refused ? 0 : from;
	err = call_with(ue, &spec, old->tries + 1, &number);

	if (err)
		ms_ue_warn(ue, "sending does not go on: %s", strerror(-err));
	ms_ue_call_reap(old);
}

bool ms_ue_call_goes_on(const struct ms_ue_call *c)
{
	return c->outgoing && c->file && !c->ue->stopping && !c->cancelled &&
	       c->tries < c->ue->settings->retries;
}

void ms_ue_call_again(struct ms_ue_call *c)
{
	ms_timer_init(&c->retry, "ue.retry", on_retry, c);
	ms_timer_start(&c->retry, c->ue->settings->config->files.retry_pause);
}

/* ---- the way in ---- */

static void set_protection(struct ms_ue_call *c, unsigned protection)
{
	c->secure = protection == MS_UE_E2E;
	c->e2ae = protection == MS_UE_E2AE;
}

/* Keys from the KMS are for MSRP so far: what would be end to end goes to the edge, or is not protected. */
static void set_bfcp(struct ms_ue_call *c)
{
	c->kind = "bfcp";
	c->is_bfcp = true;
	if (c->secure)
		set_protection(c, c->ue->settings->config->media.e2ae != MS_UE_E2AE_OFF
					  ? MS_UE_E2AE
					  : MS_UE_PLAIN);
}

static int prepare(struct ms_ue_call *c, const struct ms_ue_call_spec *spec)
{
	struct ms_ue_file_handlers h = ms_ue_call_file_handlers;
	int err = ms_ue_contact_resolve(&c->ue->settings->contacts, spec->to,
					&c->ue->settings->identity, &c->called);

	h.arg = c;
	c->only_called = spec->only_called;
	c->from = spec->from;
	set_protection(c, c->ue->settings->config->media.outgoing);
	if (spec->bfcp)
		set_bfcp(c);
	if (!err && c->is_bfcp && !c->e2ae && !c->ue->settings->policy.plain_media)
		err = -EPERM;
	if (!err && spec->file) {
		c->kind = "file";
		err = ms_ue_file_open(spec->file, spec->from, &h, &c->file);
	}
	return err;
}

static int call_with(struct ms_ue *ue, const struct ms_ue_call_spec *spec, unsigned tries,
		     unsigned *ret_session)
{
	struct ms_ue_call *c;
	struct ms_ue_event e;
	int err;

	if (ue->n_calls >= ue->settings->config->limits.sessions)
		return -ENOSPC;
	err = ms_ue_call_new(ue, true, &c);
	if (err)
		return err;
	c->tries = tries;
	err = prepare(c, spec);
	if (err) {
		ms_ue_call_reap(c);
		return err;
	}
	*ret_session = c->number;
	e = ms_ue_call_event(c, MS_UE_EVENT_CALL_OUTGOING);
	e.peer = ms_keys_identity_span(&c->called);
	ms_ue_tell(ue, &e);
	ms_timer_init(&c->hash, "ue.hash", on_hash, c);
	if (c->file)
		ms_timer_start(&c->hash, 0);
	else
		begin(c);
	return 0;
}

int ms_ue_call(struct ms_ue *ue, const struct ms_ue_call_spec *spec, unsigned *ret_session)
{
	return call_with(ue, spec, 0, ret_session);
}
