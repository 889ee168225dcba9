/* SPDX-License-Identifier: Apache-2.0 */
/* The life of sessions: making, telling, ending, and what the user may ask about them. */
#include <errno.h>

#include "core/alloc.h"
#include "ue/call-priv.h"

#define PATH_MAX_OCTETS 8192

static void reap(void *arg)
{
	ms_ue_call_reap(arg);
}

int ms_ue_call_new(struct ms_ue *ue, bool outgoing, struct ms_ue_call **ret_call)
{
	const struct ms_ue_config *config = ue->settings->config;
	struct ms_ue_call *c = ms_zalloc(sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->ue = ue;
	c->outgoing = outgoing;
	c->kind = "chat";
	c->number = ++ue->last_session;
	ms_buf_init(&c->remote_sdp, MS_SIP_BODY_MAX);
	ms_buf_init(&c->local_sdp, MS_SIP_BODY_MAX);
	ms_buf_init(&c->there.path, PATH_MAX_OCTETS);
	ms_buf_init(&c->there.accept_types, PATH_MAX_OCTETS);
	ms_buf_init(&c->there.keys, MS_MIKEY_MESSAGE_MAX);
	ms_buf_init(&c->own_keys, MS_MIKEY_MESSAGE_MAX);
	ms_timer_init(&c->reaper, "ue.reaper", reap, c);
	ms_list_append(&ue->calls, &c->link);
	ue->n_calls++;
	err = ms_ue_call_media_new(c, config->media.connect_limit, config->media.idle_limit);
	if (err) {
		ms_ue_call_reap(c);
		return err;
	}
	*ret_call = c;
	return 0;
}

/* Media before the MSRP session that is on it, that before the file it carries. */
void ms_ue_call_reap(struct ms_ue_call *c)
{
	c->reaping = true;
	ms_timer_stop(&c->reaper);
	ms_timer_stop(&c->retry);
	ms_timer_stop(&c->hash);
	ms_timer_stop(&c->ring);
	ms_list_remove(&c->link);
	c->ue->n_calls--;
	ms_keys_asking_cancel(c->asking);
	ms_ue_media_free(c->media);
	ms_msrp_session_free(c->msrp);
	ms_bfcp_client_free(c->bfcp);
	ms_ue_file_free(c->file);
	ms_mikey_transfer_free(c->transfer);
	ms_mikey_incoming_free(c->incoming);
	ms_secret_wipe(&c->psk);
	ms_sdp_done(&c->offer);
	ms_buf_done(&c->remote_sdp);
	ms_buf_done(&c->local_sdp);
	ms_buf_done(&c->there.path);
	ms_buf_done(&c->there.accept_types);
	ms_buf_done(&c->there.keys);
	ms_buf_done(&c->own_keys);
	ms_free(c->resolvers);
	ms_free(c);
}

static struct ms_ue_call *call_of(struct ms_list *l)
{
	return MS_CONTAINER_OF(l, struct ms_ue_call, link);
}

struct ms_ue_call *ms_ue_call_find(const struct ms_ue *ue, unsigned number)
{
	struct ms_list *l;

	ms_list_foreach (l, &ue->calls) {
		if (call_of(l)->number == number && !call_of(l)->over)
			return call_of(l);
	}
	return NULL;
}

struct ms_ue_event ms_ue_call_event(const struct ms_ue_call *c, enum ms_ue_event_type type)
{
	return (struct ms_ue_event){
		.type = type,
		.session = c->number,
		.kind = c->kind,
		.peer = ms_keys_identity_span(&c->peer),
		/* Who a plain session is with, only the network says. */
		.from = c->secure ? MS_SPAN_NULL : ms_keys_identity_span(&c->sender.from),
		.asserted = c->secure ? MS_SPAN_NULL : ms_keys_identity_span(&c->sender.asserted),
		.called = ms_keys_identity_span(&c->called),
		.is_protected = c->secure,
		.security = ms_ue_call_security(c),
		.direction = c->file && ms_ue_file_sending(c->file) ? "out" : "in",
	};
}

/* ---- the end ---- */

/* A Reason header (RFC 3326) tells the other side why its call, which stood, does not go on. */
static void end_sip(struct ms_ue_call *c, const char *reason)
{
	char text[128];
	struct ms_sip_header_value header = { "Reason", MS_SPAN_NULL };
	struct ms_sip_content content = { .headers = &header, .n_headers = 1 };
	struct ms_sip_session *s = c->sip;
	struct ms_buf b;

	if (!s)
		return;
	c->sip = NULL;
	ms_sip_session_set_arg(s, NULL); /* its `closed` comes when the call is gone */
	ms_buf_init_fixed(&b, text, sizeof(text));
	ms_buf_printf(&b, "SIP;cause=%u;text=\"%s\"", c->established ? 200u : 488u, reason);
	header.value = ms_buf_span(&b);
	ms_sip_session_end(s, ms_buf_status(&b) ? NULL : &content);
}

/* A file that had no end of its own has one now. */
static void tell_file_end(struct ms_ue_call *c, const char *reason, struct ms_span detail)
{
	struct ms_ue_event e = ms_ue_call_event(c, MS_UE_EVENT_FILE_FAILED);

	if (!c->file || c->file_told)
		return;
	c->file_told = true;
	e.name = ms_span_str(ms_ue_file_name(c->file));
	e.reason = reason;
	e.detail = detail;
	e.done = ms_ue_file_at(c->file);
	ms_ue_tell(c->ue, &e);
}

static void bury(struct ms_ue_call *c, const char *reason, bool again)
{
	c->over = true;
	c->waiting = false;
	c->asking = ms_keys_asking_cancel(c->asking);
	ms_timer_stop(&c->ring);
	ms_timer_stop(&c->hash);
	if (c->media)
		ms_ue_media_close(c->media);
	end_sip(c, reason);
	ms_secret_wipe(&c->psk);
	if (again)
		ms_ue_call_again(c);
	else
		ms_timer_start(&c->reaper, 0);
}

static void finish(void *arg)
{
	ms_ue_call_end(arg, "done", MS_SPAN_NULL);
}

void ms_ue_call_finish_soon(struct ms_ue_call *c, ms_usec pause)
{
	if (c->over)
		return;
	ms_timer_init(&c->ring, "ue.finish", finish, c);
	ms_timer_start(&c->ring, pause);
}

static void tell_end(struct ms_ue_call *c, struct ms_ue_event *e)
{
	e->type = c->established ? MS_UE_EVENT_CALL_ENDED : MS_UE_EVENT_CALL_FAILED;
	ms_ue_tell(c->ue, e);
}

void ms_ue_call_end(struct ms_ue_call *c, const char *reason, struct ms_span detail)
{
	struct ms_ue_event e;
	bool again;

	if (!c || c->over)
		return;
	again = (c->file_lost || (!c->file_told && (c->established || c->tries > 0))) &&
		ms_ue_call_goes_on(c);
	e = ms_ue_call_event(c, MS_UE_EVENT_CALL_ENDED);
	e.goes_on = again;
	e.reason = reason;
	e.detail = detail;
	c->over = true;
	tell_file_end(c, reason, detail);
	tell_end(c, &e);
	bury(c, reason, again);
}

void ms_ue_call_refused(struct ms_ue_call *c, unsigned status, struct ms_span phrase,
			struct ms_span warning)
{
	struct ms_ue_event e;
	bool again;

	if (!c || c->over)
		return;
	/* A peer that is away may come back; one that declines need not be asked again. */
	again = c->tries > 0 && status != MS_UE_STATUS_DECLINE && ms_ue_call_goes_on(c);
	e = ms_ue_call_event(c, MS_UE_EVENT_CALL_FAILED);
	e.goes_on = again;
	e.status = status;
	e.reason = "refused";
	e.detail = phrase;
	e.warning = warning;
	c->over = true;
	c->range_refused = c->file && status == MS_UE_STATUS_NOT_ACCEPTABLE;
	tell_file_end(c, "refused", warning.len > 0 ? warning : phrase);
	tell_end(c, &e);
	bury(c, "refused", again);
}

void ms_ue_call_reject(struct ms_ue_call *c, unsigned status, unsigned warning, const char *reason,
		       const char *text, const struct ms_sip_content *body)
{
	char value[MS_UE_WARNING_MAX];
	struct ms_sip_header_value header = { "Warning", MS_SPAN_NULL };
	struct ms_sip_content content = { 0 };
	struct ms_ue_event e;
	struct ms_sip_session *s = c->sip;

	if (c->over)
		return;
	if (body)
		content = *body;
	if (warning && text) {
		header.value = ms_span_str(ms_ue_warning_put(c->ue, warning, text, value));
		content.headers = &header;
		content.n_headers = 1;
	}
	c->sip = NULL; /* a final refusal ends it without `closed` */
	if (s && ms_sip_session_respond(s, status, NULL, &content))
		ms_ue_warn(c->ue, "an answer could not be sent");
	e = ms_ue_call_event(c, MS_UE_EVENT_CALL_FAILED);
	e.status = status;
	e.reason = reason;
	e.detail = ms_span_str(text);
	e.from = ms_keys_identity_span(&c->sender.from);
	e.asserted = ms_keys_identity_span(&c->sender.asserted);
	c->over = true;
	ms_ue_tell(c->ue, &e);
	bury(c, reason, false);
}

bool ms_ue_call_peer_ok(struct ms_ue_call *c)
{
	const struct ms_ue_settings *s = c->ue->settings;
	struct ms_span called = ms_keys_identity_span(&c->called);
	struct ms_span peer = ms_keys_identity_span(&c->peer);
	bool ok = c->only_called ? ms_keys_identity_same(called, peer)
				 : ms_ue_policy_peer(&s->policy, &s->contacts, called, peer);

	if (ok)
		return true;
	if (c->outgoing)
		ms_ue_call_end(c, "unexpected_peer",
			       MS_SPAN_LIT("somebody else answered than policy allows"));
	else
		ms_ue_call_reject(c, MS_UE_STATUS_NOT_ACCEPTABLE, MS_UE_WARN_MISC,
				  "unexpected_peer", "not from you", NULL);
	return false;
}

void ms_ue_calls_stop(struct ms_ue *ue)
{
	while (!ms_list_empty(&ue->calls)) {
		struct ms_ue_call *c = call_of(ue->calls.next);

		if (c->sip)
			ms_sip_session_set_arg(c->sip, NULL);
		ms_ue_call_reap(c);
	}
}

/* ---- what the user wants ---- */

int ms_ue_answer(struct ms_ue *ue, unsigned session, bool accept)
{
	struct ms_ue_call *c = ms_ue_call_find(ue, session);

	if (!c || !c->waiting)
		return -ENOENT;
	if (accept)
		ms_ue_call_accept(c);
	else
		ms_ue_call_reject(c, MS_UE_STATUS_DECLINE, 0, "declined", NULL, NULL);
	return 0;
}

int ms_ue_hangup(struct ms_ue *ue, unsigned session)
{
	struct ms_ue_call *c = ms_ue_call_find(ue, session);

	if (!c)
		return -ENOENT;
	c->cancelled = true;
	if (c->waiting)
		return ms_ue_answer(ue, session, false);
	if (c->file && c->established && !c->file_told)
		ms_ue_file_cancel(c->file); /* its end ends the call */
	else
		ms_ue_call_end(c, "hangup", MS_SPAN_NULL);
	return 0;
}

static bool fits(const struct ms_ue_call *c, enum ms_ue_call_query query)
{
	switch (query) {
	case MS_UE_CALL_WAITING:
		return c->waiting;
	case MS_UE_CALL_CHAT:
		return !c->file && !c->is_bfcp && c->established;
	case MS_UE_CALL_FLOOR:
		return c->is_bfcp && c->established;
	case MS_UE_CALL_ANY:
		break;
	}
	return true;
}

unsigned ms_ue_newest(const struct ms_ue *ue, enum ms_ue_call_query query)
{
	unsigned newest = 0;
	struct ms_list *l;

	ms_list_foreach (l, &ue->calls) {
		if (!call_of(l)->over && fits(call_of(l), query))
			newest = call_of(l)->number;
	}
	return newest;
}

unsigned ms_ue_chat_with(const struct ms_ue *ue, struct ms_span who)
{
	const struct ms_ue_settings *s = ue->settings;
	struct ms_keys_identity id;
	unsigned newest = 0;
	struct ms_list *l;

	if (ms_ue_contact_resolve(&s->contacts, who, &s->identity, &id))
		return 0;
	ms_list_foreach (l, &ue->calls) {
		const struct ms_ue_call *c = call_of(l);

		if (!c->over && fits(c, MS_UE_CALL_CHAT) &&
		    ms_keys_identity_same(ms_keys_identity_span(&c->peer),
					  ms_keys_identity_span(&id)))
			newest = c->number;
	}
	return newest;
}

size_t ms_ue_unsent(const struct ms_ue *ue)
{
	struct ms_list *l;
	size_t n = 0;

	ms_list_foreach (l, &ue->calls)
		n += call_of(l)->over ? 0 : call_of(l)->unsent;
	return n;
}

size_t ms_ue_busy(const struct ms_ue *ue)
{
	size_t n = ms_ue_unsent(ue);
	struct ms_list *l;

	ms_list_foreach (l, &ue->sending)
		n++;
	ms_list_foreach (l, &ue->calls) {
		const struct ms_ue_call *c = call_of(l);

		n += !c->over && c->file && ms_ue_file_sending(c->file) && !c->file_told;
	}
	return n;
}

struct ms_span ms_ue_peer(const struct ms_ue *ue, unsigned session)
{
	const struct ms_ue_call *c = ms_ue_call_find(ue, session);

	if (!c)
		return MS_SPAN_NULL;
	return ms_keys_identity_span(c->peer.uri[0] ? &c->peer : &c->called);
}
