/* SPDX-License-Identifier: Apache-2.0 */
/* MSRP on a call that stands: chat texts both ways, or the one file of the session. */
#include <errno.h>

#include "core/alloc.h"
#include "mime/cpim.h"
#include "ue/call-priv.h"

#define TEXT_TYPE "text/plain;charset=UTF-8"

/* ---- media ---- */

static void on_open(void *arg)
{
	struct ms_ue_call *c = arg;
	struct ms_ue_event e;
	int err = 0;

	if (c->over)
		return;
	c->established = true;
	e = ms_ue_call_event(c, MS_UE_EVENT_CALL_ESTABLISHED);
	e.suite = ms_span_str(ms_ue_media_suite(c->media));
	e.diverted = c->outgoing && c->secure && !ms_keys_identity_same(e.called, e.peer);
	ms_ue_tell(c->ue, &e);
	if (c->file && !c->over)
		err = ms_ue_file_start(c->file, c->msrp);
	if (err)
		ms_ue_call_end(c, "file_start", ms_span_str(strerror(-err)));
}

static void on_media_closed(void *arg, int err, const char *reason)
{
	struct ms_ue_call *c = arg;
	const char *detail = ms_ue_media_detail(c->media);

	ms_ue_call_end(c, err ? reason : "media_closed",
		       ms_span_str(*detail ? detail
				   : err   ? strerror(-err)
					   : ""));
}

int ms_ue_call_media_new(struct ms_ue_call *c, ms_usec connect_limit, ms_usec idle_limit)
{
	const struct ms_profile *profile = &c->ue->settings->config->profile;
	const struct ms_ue_media_options o = {
		.tls = c->ue->tls,
		.tls_mode = profile->tls13_psk ? MS_TLS_PSK_13 : MS_TLS_PSK_12,
		.psk_identity = ms_span_str(profile->psk_identity),
		.connect_limit = connect_limit,
		.idle_limit = idle_limit,
		.handlers = { on_open, on_media_closed, c },
	};

	return ms_ue_media_new(&o, &c->media);
}

static int make_session(struct ms_ue_call *c, bool active)
{
	struct ms_msrp_session_params p;

	ms_msrp_session_params_init(&p);
	p.local_uri = ms_span_str(c->own_uri);
	p.remote_path = ms_buf_span(&c->there.path);
	p.active = active;
	p.match = MS_MSRP_MATCH_SESSION_ID; /* the authority is no address (TS 24.247) */
	p.peer_accept_types = ms_buf_span(&c->there.accept_types);
	p.peer_max_size = c->there.max_size;
	p.limits.collect = c->ue->settings->config->media.collect;
	if (c->file) {
		p.handlers = *ms_ue_file_msrp_handlers(c->file, &p.arg);
	} else {
		p.accept_types = MS_SPAN_LIT(MS_UE_CHAT_TYPES);
		p.max_size = p.limits.collect;
		p.handlers = ms_ue_chat_handlers;
		p.arg = c;
	}
	return ms_msrp_session_new(&p, &ms_random_system, &c->msrp);
}

int ms_ue_call_start_media(struct ms_ue_call *c, bool active)
{
	struct ms_ue_media_start start = {
		.active = active,
		.to = c->there.address,
		/* RFC 6135 section 6; RFC 8856 section 8: there the offerer, whoever connects */
		.tls_client = c->is_bfcp ? c->outgoing : active,
		.secure = c->secure,
		.psk = ms_secret_span(&c->psk),
		.certificates = c->e2ae,
		.fingerprints = c->there.fingerprints.v,
		.n_fingerprints = c->there.fingerprints.n,
	};
	int err = c->is_bfcp ? ms_ue_call_bfcp_new(c) : make_session(c, active);

	c->active = active;
	if (err)
		return err;
	c->carrier.session = c->msrp;
	start.engine = c->is_bfcp ? &ms_ue_bfcp_engine : &ms_ue_msrp_engine;
	start.engine_arg = c->is_bfcp ? (void *)c->bfcp : &c->carrier;
	return ms_ue_media_start(c->media, &start);
}

/* ---- chat ---- */

static void show_text(struct ms_ue_call *c, const struct ms_mime_entity *entity)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf body, type;
	struct ms_ue_event e = ms_ue_call_event(c, MS_UE_EVENT_CHAT);

	ms_buf_init(&body, c->ue->settings->config->media.collect + 1);
	ms_buf_init(&type, 512);
	ms_buf_put_span(&type, entity->type.type);
	ms_buf_put_u8(&type, '/');
	ms_buf_put_span(&type, entity->type.subtype);
	if (ms_mime_body(entity, &body))
		return;
	e.content_type = ms_buf_span(&type);
	e.size = body.len;
	if (ms_span_is_nocase(entity->type.type, "text"))
		e.text = ms_buf_span(&body);
	ms_ue_tell(c->ue, &e);
}

static int on_message(void *arg, struct ms_msrp_in *in, struct ms_span body)
{
	struct ms_ue_call *c = arg;
	struct ms_mime_entity entity = { .body = body };
	struct ms_cpim cpim;

	if (c->over || body.len == 0)
		return 0;
	if (ms_mime_content_type(ms_msrp_in_content_type(in), &entity.type, NULL))
		return MS_MSRP_BAD_REQUEST;
	if (ms_mime_is(&entity.type, "message", "cpim")) {
		if (ms_cpim_read(body, &ms_mime_limits_default, &cpim, NULL))
			return MS_MSRP_BAD_REQUEST;
		entity = cpim.content;
	}
	show_text(c, &entity);
	return 0;
}

static void on_done(void *arg, struct ms_msrp_out *out, enum ms_msrp_outcome outcome, int code)
{
	struct ms_ue_call *c = arg;
	char *text = ms_msrp_out_user(out);
	bool ok = outcome == MS_MSRP_ACCEPTED || outcome == MS_MSRP_REPORTED ||
		  outcome == MS_MSRP_SENT;
	struct ms_ue_event e =
		ms_ue_call_event(c, ok ? MS_UE_EVENT_CHAT_SENT : MS_UE_EVENT_CHAT_FAILED);

	c->unsent--;
	e.text = ms_span_str(text);
	e.status = code > 0 ? (unsigned)code : 0;
	e.reason = outcome == MS_MSRP_TIMED_OUT ? "timeout" : "not_delivered";
	if (!c->reaping)
		ms_ue_tell(c->ue, &e);
	ms_free(text);
}

static void on_failed(void *arg, int code)
{
	struct ms_ue_call *c = arg;

	/* Code 0: the connection was lost, which the media tells itself. */
	if (code)
		ms_ue_call_end(c, "msrp_failed", MS_SPAN_NULL);
}

const struct ms_msrp_handlers ms_ue_chat_handlers = {
	.message = on_message,
	.done = on_done,
	.failed = on_failed,
};

/* For peers that take only CPIM (TS 24.247 lets them). */
static void put_cpim(const struct ms_ue_call *c, struct ms_span text, struct ms_buf *b)
{
	char date[32];
	const struct ms_cpim_out m = {
		.from = { .uri = ms_keys_identity_span(&c->ue->settings->identity) },
		.to = { .uri = ms_keys_identity_span(&c->peer) },
		.date_time = ms_span_str(ms_usec_to_iso(ms_clock_wall(), date)),
		.content = { .type = MS_SPAN_LIT(TEXT_TYPE), .body = text },
	};

	ms_cpim_write(b, &m);
}

static int send_text(struct ms_ue_call *c, struct ms_span text, char *copy)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf cpim;
	struct ms_msrp_send m = {
		.content_type = MS_SPAN_LIT(TEXT_TYPE),
		.body = text,
		.failure_report = MS_MSRP_FAILURE_YES,
		.user = copy,
	};
	int err = ms_msrp_send(c->msrp, &m, NULL);

	ms_buf_init(&cpim, c->ue->settings->config->media.collect + 4096);
	if (err != -EPROTONOSUPPORT)
		return err;
	put_cpim(c, text, &cpim);
	if (ms_buf_status(&cpim))
		return ms_buf_status(&cpim);
	m.content_type = MS_SPAN_LIT("message/cpim");
	m.body = ms_buf_span(&cpim);
	return ms_msrp_send(c->msrp, &m, NULL);
}

int ms_ue_chat(struct ms_ue *ue, unsigned session, struct ms_span text)
{
	struct ms_ue_call *c = ms_ue_call_find(ue, session);
	char *copy;
	int err;

	if (!c || c->file || !c->msrp)
		return -ENOENT;
	copy = ms_strdup_span(text);
	if (!copy)
		return -ENOMEM;
	err = send_text(c, text, copy);
	if (err) {
		ms_free(copy);
		return err;
	}
	c->unsent++;
	ms_ue_media_wake(c->media);
	return 0;
}

/* ---- a file ---- */

static void tell_done(struct ms_ue_call *c)
{
	struct ms_ue_event e = ms_ue_call_event(c, MS_UE_EVENT_FILE_DONE);
	MS_CLEANUP(ms_buf_done) struct ms_buf hash;

	ms_buf_init(&hash, 256);
	ms_ue_file_put_hash(c->file, &hash);
	e.name = ms_span_str(ms_ue_file_name(c->file));
	e.path = ms_span_str(ms_ue_file_path(c->file));
	e.size = ms_ue_file_size(c->file);
	e.hash = ms_buf_span(&hash);
	e.verified = ms_ue_file_has_hash(c->file);
	ms_ue_tell(c->ue, &e);
}

void ms_ue_call_file_done(struct ms_ue_call *c, const char *reason, int code)
{
	struct ms_ue_event e = ms_ue_call_event(c, MS_UE_EVENT_FILE_FAILED);

	if (c->file_told || c->reaping)
		return;
	c->file_told = true;
	if (!reason) {
		tell_done(c);
	} else {
		c->file_lost =
			strcmp(reason, "file_lost") == 0 || strcmp(reason, "file_timeout") == 0;
		e.name = ms_span_str(ms_ue_file_name(c->file));
		e.reason = reason;
		e.status = code > 0 ? (unsigned)code : 0;
		e.done = ms_ue_file_at(c->file);
		ms_ue_tell(c->ue, &e);
	}
	/* The sender ends the session: RFC 5547 section 8.4. A receiver waits for it for a while, so
	 * that its last report gets out. */
	if (ms_ue_file_sending(c->file))
		ms_ue_call_finish_soon(c, 0);
	else
		ms_ue_call_finish_soon(c, reason ? 0 : 5 * MS_SEC);
}
