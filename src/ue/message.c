/* SPDX-License-Identifier: Apache-2.0 */
/* Sending immediate messages: TS 33.328 annex F.3, TS 24.247 section 5.3.1.2. */
#include <errno.h>

#include "core/alloc.h"
#include "core/base64.h"
#include "mime/entity.h"
#include "mime/pkcs7.h"
#include "ue/ue-priv.h"

#define TEXT_TYPE "text/plain;charset=UTF-8"
#define ENTITY_EXTRA 4096 /* octets of header fields around a message, CPIM's too */
#define BODY_MAX (256 * 1024)

struct sending {
	struct ms_list link;
	struct ms_ue *ue;
	struct ms_keys_identity to; /* with several recipients the service they are reached by */
	struct ms_ue_many many;
	struct ms_buf object;     /* for several: what is protected for them, while the list is */
	struct ms_buf entity;     /* the canonical MIME entity; for plain ones the body */
	char *type;               /* owned; of a plain message */
	bool plain, prove, quiet; /* quiet: nothing is told */
	char id[MS_UE_MESSAGE_ID_LEN + 1]; /* if a notification was asked for */
	const char *source;                /* of the ticket: "kms" or "cache" */
	struct ms_keys_asking *asking;
	struct ms_sip_request *request;
};

struct ms_keys_smime ms_ue_smime_of(struct ms_ue *ue)
{
	const struct ms_ue_config *c = ue->settings->config;

	return (struct ms_keys_smime){
		.party = ms_keys_ring_party(ue->keys, MS_KEYS_TICKET_MESSAGE),
		.profile = &c->profile,
		.random = &ms_random_system,
		.cms = { .alg = (enum ms_aead_alg)c->message.algorithm },
		.replay = ue->replay,
		.take_forgotten = c->replay.forgotten == MS_UE_FORGOTTEN_SHOW,
	};
}

static void sending_free(struct sending *s)
{
	ms_list_remove(&s->link);
	s->ue->n_sending--;
	ms_keys_asking_cancel(s->asking);
	if (s->request)
		ms_sip_request_cancel(s->request);
	ms_buf_done(&s->object);
	ms_buf_done(&s->entity);
	ms_ue_many_done(&s->many);
	ms_free(s->type);
	ms_free(s);
}

/* Whom the user wrote to. */
static struct ms_span peer_of(const struct sending *s)
{
	return s->many.n > 0 ? ms_buf_span(&s->many.shown) : ms_keys_identity_span(&s->to);
}

static void failed(struct sending *s, const char *reason, struct ms_span detail)
{
	if (!s->quiet)
		ms_ue_tell(s->ue, &(struct ms_ue_event){
					  .type = MS_UE_EVENT_MESSAGE_FAILED,
					  .peer = peer_of(s),
					  .reason = reason,
					  .detail = detail,
				  });
	sending_free(s);
}

/* The final answer of SIP: only 2xx is success; a Warning says more than the phrase. */
static void answered(int err, const struct ms_sip_message *m, void *arg)
{
	struct sending *s = arg;
	struct ms_ue_event e = { .peer = peer_of(s),
				 .status = m ? ms_sip_status(m) : 0,
				 .message_id = ms_span_str(s->id),
				 .is_protected = !s->plain,
				 .source = s->source };
	struct ms_sip_warning warning;

	s->request = NULL;
	e.type = e.status >= 200 && e.status < 300 ? MS_UE_EVENT_MESSAGE_SENT
						   : MS_UE_EVENT_MESSAGE_FAILED;
	e.reason = e.status ? "refused" : "unreachable";
	e.detail = m ? ms_sip_reason(m) : ms_span_str(ms_ue_sip_error(s->ue, err));
	if (m && !ms_sip_warning_parse(ms_sip_header(m, "Warning"), &warning))
		e.warning = warning.text;
	if (!s->quiet)
		ms_ue_tell(s->ue, &e);
	sending_free(s);
}

static void post(struct sending *s, const char *type, const char *encoding, struct ms_span body)
{
	const struct ms_sip_header_value header = {
		s->many.n > 0 ? "Require" : "Content-Transfer-Encoding",
		s->many.n > 0 ? MS_SPAN_LIT("recipient-list-message") : ms_span_str(encoding)
	};
	const struct ms_sip_request_spec spec = {
		.method = "MESSAGE",
		.uri = s->to.uri,
		.content = { .headers = &header,
			     .n_headers = encoding || s->many.n > 0 ? 1 : 0,
			     .type = type,
			     .body = body },
	};
	int err = ms_sip_request(s->ue->account, &spec, answered, s, &s->request);

	if (err)
		failed(s, "sip", ms_span_str(strerror(-err)));
}

static void post_object(struct sending *s, struct ms_span object)
{
	const struct ms_ue_config *c = s->ue->settings->config;
	MS_CLEANUP(ms_buf_done) struct ms_buf type, text;

	ms_buf_init(&type, 1024);
	ms_buf_init(&text, 2 * BODY_MAX);
	ms_mime_put_pkcs7_type(&type, c->profile.smime_type);
	if (c->message.base64)
		ms_base64_encode_mime(&text, object);
	if (ms_buf_status(&type) || ms_buf_status(&text))
		failed(s, "memory", MS_SPAN_NULL);
	else
		post(s, ms_buf_cstr(&type), c->message.base64 ? "base64" : "binary",
		     c->message.base64 ? ms_buf_span(&text) : object);
}

/* RFC 5365: the object and beside it, for the service, for whom it is. */
static void post_many(struct sending *s, struct ms_span protected_list)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf type, body;
	const struct ms_ue_many_parts parts = {
		.object = ms_buf_span(&s->object),
		.list = protected_list,
		.smime_type = s->ue->settings->config->profile.smime_type,
	};
	int err;

	ms_buf_init(&type, 1024);
	ms_buf_init(&body, 2 * BODY_MAX);
	err = ms_ue_many_put(&s->many, &parts, &type, &body);
	if (err)
		failed(s, "memory", ms_span_str(strerror(-err)));
	else
		post(s, ms_buf_cstr(&type), NULL, ms_buf_span(&body));
}

/* The list as an S/MIME entity of its own: the service may read it, and nothing else of the message. */
static void seal_list(struct sending *s, struct ms_mikey_ticket_held *held)
{
	struct ms_keys_smime smime = ms_ue_smime_of(s->ue);
	MS_CLEANUP(ms_buf_done) struct ms_buf entity, object;
	int err;

	ms_buf_init_secret(&entity, BODY_MAX);
	ms_buf_init(&object, BODY_MAX);
	ms_ue_many_put_list(&s->many, &entity);
	err = ms_buf_status(&entity);
	if (!err)
		err = ms_keys_smime_seal(&smime, held, ms_keys_identity_span(&s->to),
					 ms_buf_span(&entity), ms_clock_wall(), &object);
	if (err)
		failed(s, "protect", ms_span_str(strerror(-err)));
	else
		post_many(s, ms_buf_span(&object));
}

static void got_list_ticket(struct ms_mikey_ticket_held *held, const struct ms_keys_failure *why,
			    void *arg)
{
	struct sending *s = arg;

	s->asking = NULL;
	if (held)
		seal_list(s, held);
	else
		failed(s, why->reason, ms_span_str(why->detail));
}

static void protect_list(struct sending *s)
{
	struct ms_span service = ms_keys_identity_span(&s->to);
	struct ms_mikey_ticket_held *held = NULL;
	int err = ms_keys_ring_ticket(s->ue->keys, MS_KEYS_TICKET_MESSAGE, &service, 1,
				      got_list_ticket, s, &held, &s->asking);

	if (err)
		failed(s, "protect", ms_span_str(strerror(-err)));
	else if (held)
		seal_list(s, held);
}

static void seal(struct sending *s, struct ms_mikey_ticket_held *held)
{
	struct ms_keys_smime smime = ms_ue_smime_of(s->ue);
	int err;

	smime.prove = s->prove;
	err = ms_keys_smime_seal(&smime, held, ms_keys_identity_span(&s->to),
				 ms_buf_span(&s->entity), ms_clock_wall(), &s->object);
	if (err)
		failed(s, "protect", ms_span_str(strerror(-err)));
	else if (s->many.n == 0)
		post_object(s, ms_buf_span(&s->object));
	else if (s->ue->settings->config->message.protect_list)
		protect_list(s);
	else
		post_many(s, MS_SPAN_NULL);
}

static void got_ticket(struct ms_mikey_ticket_held *held, const struct ms_keys_failure *why,
		       void *arg)
{
	struct sending *s = arg;

	s->asking = NULL;
	s->source = "kms";
	if (held)
		seal(s, held);
	else
		failed(s, why->reason, ms_span_str(why->detail));
}

static int protect(struct sending *s)
{
	struct ms_span to = ms_keys_identity_span(&s->to);
	struct ms_mikey_ticket_held *held = NULL;
	/* For its recipients alone: TR 33.829 annex E. */
	const struct ms_span *resolvers = s->many.n > 0 ? s->many.uri : &to;
	int err = ms_keys_ring_ticket(s->ue->keys, MS_KEYS_TICKET_MESSAGE, resolvers,
				      s->many.n > 0 ? s->many.n : 1, got_ticket, s, &held,
				      &s->asking);

	if (err || !held)
		return err;
	s->source = "cache";
	seal(s, held);
	return 0;
}

/* The entity, or with a wish for a notification a CPIM message around it. */
static void put_entity(struct sending *s, const struct ms_mime_out *out, bool notify)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf cpim;
	struct ms_mime_out wrapped = { .type = MS_SPAN_LIT("message/cpim") };

	ms_buf_init(&cpim, BODY_MAX);
	if (!notify) {
		ms_mime_write(&s->entity, out);
		return;
	}
	ms_buf_fail(&s->entity,
		    ms_ue_notification_ask(s->ue, &s->to, s->many.n > 0 ? s->many.id : &s->to,
					   s->many.n > 0 ? s->many.n : 1, out, &cpim, s->id));
	wrapped.body = ms_buf_span(&cpim);
	ms_mime_write(&s->entity, &wrapped);
}

static void put_content(struct sending *s, struct ms_span type, const struct ms_ue_message_spec *m)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	struct ms_mime_out out = { .type = type, .body = m->body };
	/* The recipients behind a service tell us themselves; not a thousand of them. */
	bool notify = (m->notify || s->ue->settings->config->message.ask_delivery) &&
		      s->many.n <= MS_UE_ASKED_MAX;

	ms_buf_init(&text, BODY_MAX);
	if (ms_span_starts_nocase(type, MS_SPAN_LIT("text/"))) {
		ms_mime_put_text(&text, m->body); /* canonical: RFC 8551 section 3.1 */
		ms_buf_fail(&s->entity, ms_buf_status(&text));
		out.body = ms_buf_span(&text);
	}
	if (s->plain)
		ms_buf_put_span(&s->entity, out.body);
	else
		put_entity(s, &out, notify && !m->is_notification);
}

static int whom(struct sending *s, struct ms_span to)
{
	const struct ms_ue_settings *set = s->ue->settings;
	struct ms_span service = ms_span_str(set->config->message.list_service);
	int err;

	if (!ms_ue_many_is(to))
		return ms_ue_contact_resolve(&set->contacts, to, &set->identity, &s->to);
	err = ms_ue_many_parse(s->ue, to, &s->many);
	if (err)
		return err;
	return service.len > 0 ? ms_keys_identity_parse(service, &s->to) : -EDESTADDRREQ;
}

static int sending_new(struct ms_ue *ue, const struct ms_ue_message_spec *m, struct sending **ret_s)
{
	struct ms_span type = m->content_type.len > 0 ? m->content_type : MS_SPAN_LIT(TEXT_TYPE);
	struct sending *s = ms_zalloc(sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->ue = ue;
	s->plain = m->plain;
	s->prove = !m->is_notification && (m->prove || ue->settings->config->message.prove);
	s->quiet = m->is_notification;
	ms_list_append(&ue->sending, &s->link);
	ue->n_sending++;
	ms_buf_init(&s->entity, BODY_MAX + ENTITY_EXTRA);
	ms_buf_init(&s->object, BODY_MAX);
	err = whom(s, m->to);
	if (!err && m->notify && s->many.n > MS_UE_ASKED_MAX)
		err = -E2BIG;
	if (!err) {
		put_content(s, type, m);
		s->type = ms_strdup_span(type);
		err = s->type ? ms_buf_status(&s->entity) : -ENOMEM;
	}
	if (err) {
		sending_free(s);
		return err;
	}
	*ret_s = s;
	return 0;
}

int ms_ue_message_send(struct ms_ue *ue, const struct ms_ue_message_spec *m)
{
	struct sending *s;
	int err;

	if (m->body.len > ue->settings->config->message.max_size)
		return -EMSGSIZE;
	if (m->plain && !ue->settings->policy.plain_message)
		return -EPERM;
	if (ms_ue_many_is(m->to) && m->plain)
		return -EOPNOTSUPP;
	err = sending_new(ue, m, &s);
	if (err)
		return err;
	if (s->plain) {
		post(s, s->type, NULL, ms_buf_span(&s->entity));
		return 0;
	}
	err = protect(s);
	if (err)
		sending_free(s);
	return err;
}

void ms_ue_sendings_stop(struct ms_ue *ue)
{
	while (!ms_list_empty(&ue->sending))
		sending_free(MS_CONTAINER_OF(ue->sending.next, struct sending, link));
}
