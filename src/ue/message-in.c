/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receiving immediate messages: TS 33.328 annex F.3. What S/MIME says about the sender wins over
 * what SIP says; a message that does not verify is never shown.
 */
#include <errno.h>

#include "core/alloc.h"
#include "mikey/timestamp.h"
#include "mime/cpim.h"
#include "mime/entity.h"
#include "mime/pkcs7.h"
#include "ue/ue-priv.h"

#define OBJECT_MAX (256 * 1024)

/* SIP status codes of refusals. */
enum {
	STATUS_FORBIDDEN = 403,
	STATUS_UNAVAILABLE = 480,
	STATUS_NOT_ACCEPTABLE = 488,
	STATUS_UNDECIPHERABLE = 493,
	STATUS_TOO_LARGE = 513,
};

struct receiving {
	struct ms_list link;
	struct ms_ue *ue;
	const struct ms_sip_message *m; /* a reference */
	struct ms_ue_sender sender;     /* as SIP says */
	struct ms_buf object;           /* the CMS object */
	struct ms_keys_smime_in *in;    /* owned */
	struct ms_keys_asking *asking;  /* while the KMS is asked */
	struct ms_ue_others *others;    /* owned; NULL: no such list came along */
	struct ms_buf opened;           /* the entity; secret */
	struct ms_keys_identity author; /* of it */
};

static void receiving_free(struct receiving *r)
{
	ms_list_remove(&r->link);
	r->ue->n_receiving--;
	ms_keys_asking_cancel(r->asking);
	ms_keys_smime_in_free(r->in);
	ms_ue_others_free(r->others);
	ms_buf_done(&r->object);
	ms_buf_done(&r->opened);
	ms_sip_message_unref(r->m);
	ms_free(r);
}

static void tell_refused(const struct receiving *r, unsigned status, const char *reason,
			 const char *text)
{
	ms_ue_tell(r->ue, &(struct ms_ue_event){
				  .type = MS_UE_EVENT_MESSAGE_REFUSED,
				  .from = ms_keys_identity_span(&r->sender.from),
				  .asserted = ms_keys_identity_span(&r->sender.asserted),
				  .reason = reason,
				  .detail = ms_span_str(text),
				  .status = status,
			  });
}

static void refuse(struct receiving *r, unsigned status, const char *reason, const char *text)
{
	ms_ue_reply(r->ue, r->m, status, 399, text);
	tell_refused(r, status, reason, text);
	receiving_free(r);
}

/* Says when: whoever was away longer than that learns how long tickets have to last. */
static void refuse_expired(struct receiving *r)
{
	const struct ms_keys_smime smime = ms_ue_smime_of(r->ue);
	ms_usec end = ms_keys_smime_ticket_end(&smime, ms_buf_span(&r->object));
	char text[96], iso[32];
	struct ms_buf b;

	ms_buf_init_fixed(&b, text, sizeof(text) - 1);
	ms_buf_printf(&b, "the message's ticket has expired at %s",
		      end > 0 ? ms_usec_to_iso(end, iso) : "an unknown time");
	text[b.len] = '\0';
	refuse(r, STATUS_UNDECIPHERABLE, "ticket_expired", text);
}

static void refuse_fault(struct receiving *r, int err, const struct ms_fault *fault)
{
	if (fault->reason && strcmp(fault->reason, "ticket_expired") == 0)
		refuse_expired(r);
	else if (err == -ENOMEM)
		refuse(r, STATUS_UNAVAILABLE, "memory", "out of memory");
	else if (err == -EPERM)
		refuse(r, STATUS_FORBIDDEN, fault->reason ? fault->reason : "policy",
		       ms_ue_fault_text(fault));
	else
		refuse(r, STATUS_UNDECIPHERABLE, fault->reason ? fault->reason : "malformed",
		       ms_ue_fault_text(fault));
}

/* ---- showing ---- */

struct content {
	struct ms_span type; /* whole value */
	struct ms_span text; /* empty if it is not text */
	size_t size;
};

/* The essence of a media type, rebuilt: "text/plain". */
static void put_type(struct ms_buf *b, const struct ms_mime_value *v)
{
	ms_buf_put_span(b, v->type);
	ms_buf_put_u8(b, '/');
	ms_buf_put_span(b, v->subtype);
}

/* Kept as it came: who reads it later asks the KMS again. */
static void keep_proof(struct receiving *r, const struct ms_keys_identity *sender)
{
	const struct ms_ue_settings *s = r->ue->settings;
	const struct ms_mikey_message *m = ms_mikey_incoming_message(ms_keys_smime_incoming(r->in));
	struct ms_ue_proof_note note = { .from = ms_keys_identity_span(sender),
					 .to = ms_keys_identity_span(&s->identity),
					 .received = ms_clock_wall() };
	int err;

	if (!s->proof_file || ms_keys_smime_proof(r->in) != MS_KEYS_PROOF_PROVED)
		return;
	if (ms_mikey_ts_to_usec(&m->t, &note.written))
		note.written = 0;
	err = ms_ue_proof_keep(s->proof_file, s->config->message.proof_max, &note,
			       ms_buf_span(&r->object));
	if (err)
		ms_ue_warn(r->ue, "%s: %s: a proof of origin is not kept", s->proof_file,
			   err == -EFBIG ? "message.proof_max is reached" : strerror(-err));
}

static const char *proof_of(const struct receiving *r)
{
	enum ms_keys_proof proof = r->in ? ms_keys_smime_proof(r->in) : MS_KEYS_PROOF_NONE;

	return proof == MS_KEYS_PROOF_NONE ? NULL : ms_keys_proof_name(proof);
}

/*
 * A list passes on what its author wrote as itself (TS 33.328 annex F), and says inside who that was:
 * docs/profile.md. It is a list's word if the wrapper is addressed to who protected it.
 */
static bool take_author(const struct ms_keys_identity *sender, const struct ms_cpim *cpim,
			struct ms_keys_identity *ret_author)
{
	return cpim->n_to == 1 && cpim->n_cc == 0 &&
	       ms_keys_identity_same(cpim->to[0].uri, ms_keys_identity_span(sender)) &&
	       !ms_keys_identity_parse(cpim->from.uri, ret_author) &&
	       strcmp(ret_author->uri, sender->uri) != 0;
}

/*
 * When it was written, and that it comes late. What CPIM says (RFC 3862 section 4.4) is older than the
 * TRANSFER_INIT if a list server stands between; both are as good as their author's word.
 */
static void date(const struct receiving *r, const struct ms_cpim *cpim, struct ms_ue_event *e)
{
	ms_usec skew = (ms_usec)r->ue->settings->config->profile.clock_skew_s * MS_SEC;
	ms_usec written;

	e->written = ms_keys_smime_made(r->in);
	if (!ms_usec_of_iso(cpim->date_time, &written) && written < e->written)
		e->written = written;
	e->deferred = e->written > 0 && ms_clock_wall() - e->written > skew;
}

static void warn(const struct receiving *r, struct ms_ue_event *e, struct ms_buf *b)
{
	/* Of a message over a list SIP names the author. */
	struct ms_span differs =
		ms_ue_sender_differs(&r->sender, e->author.len > 0 ? e->author : e->peer);

	ms_buf_put_span(b, differs);
	if (ms_keys_smime_forgotten(r->in))
		ms_buf_printf(b, "%solder than what we remember: it may be a replay",
			      differs.len > 0 ? "; " : "");
	e->warning = ms_buf_span(b);
}

/* False: it was refused, and *r is gone. Else it is shown, and the caller's. */
static bool show(struct receiving *r, const struct ms_keys_identity *sender,
		 const struct ms_mime_value *type, const struct ms_cpim *cpim, struct ms_span body)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf name, warning;
	struct ms_keys_identity author;
	struct ms_ue_event e = { .type = MS_UE_EVENT_MESSAGE,
				 .from = ms_keys_identity_span(&r->sender.from),
				 .asserted = ms_keys_identity_span(&r->sender.asserted),
				 .size = body.len,
				 .others = ms_ue_others_text(r->others),
				 .is_protected = sender != NULL,
				 .verified = sender != NULL,
				 .proof = proof_of(r) };

	ms_buf_init(&name, 512);
	ms_buf_init(&warning, 512);
	if (body.len > r->ue->settings->config->message.max_size) {
		refuse(r, STATUS_TOO_LARGE, "too_large", "the message is too large");
		return false;
	}
	put_type(&name, type);
	e.content_type = ms_buf_span(&name);
	if (ms_span_is_nocase(type->type, "text"))
		e.text = body;
	if (sender) {
		e.peer = ms_keys_identity_span(sender);
		if (take_author(sender, cpim, &author))
			e.author = ms_keys_identity_span(&author);
		keep_proof(r, sender);
		date(r, cpim, &e);
		warn(r, &e, &warning);
	} else if (e.asserted.len > 0) {
		e.warning = ms_ue_sender_differs(&r->sender, e.asserted);
	} else {
		e.warning = MS_SPAN_LIT("the network does not vouch for the sender");
	}
	ms_ue_tell(r->ue, &e);
	ms_ue_reply(r->ue, r->m, 200, 0, NULL);
	return true;
}

static void take_notification(struct receiving *r, const struct ms_keys_identity *sender,
			      const struct ms_mime_entity *e)
{
	struct ms_fault fault = { 0 };
	int err = ms_ue_notification_take(r->ue, sender, e, &fault);

	if (err) {
		refuse_fault(r, err, &fault);
		return;
	}
	ms_ue_reply(r->ue, r->m, 200, 0, NULL);
	receiving_free(r);
}

/* An entity that was inside: a CPIM wrapper is taken off (TS 24.247 lets messages have one). */
static void show_entity(struct receiving *r, const struct ms_keys_identity *sender,
			const struct ms_mime_entity *entity)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf body;
	const struct ms_mime_value *type = &entity->type;
	struct ms_cpim cpim = { 0 };

	ms_buf_init_secret(&body, OBJECT_MAX);
	if (ms_mime_is(type, "message", "cpim") &&
	    !ms_cpim_read(entity->body, &ms_mime_limits_default, &cpim, NULL)) {
		entity = &cpim.content;
		type = &entity->type;
	}
	if (ms_mime_body(entity, &body)) {
		refuse(r, STATUS_UNDECIPHERABLE, "mime", "its content is malformed");
	} else if (ms_ue_notification_is(entity)) {
		take_notification(r, sender, entity);
	} else if (show(r, sender, type, &cpim, ms_buf_span(&body))) {
		ms_ue_notification_tell(r->ue, sender, &cpim); /* both are *r's */
		receiving_free(r);
	}
}

/* ---- protected messages ---- */

static void show_opened(void *arg)
{
	struct receiving *r = arg;
	struct ms_mime_entity entity;
	struct ms_fault fault = { 0 };

	if (ms_mime_read(ms_buf_span(&r->opened), &ms_mime_limits_default, &entity, &fault))
		refuse(r, STATUS_UNDECIPHERABLE, "mime", "its content is malformed");
	else
		show_entity(r, &r->author, &entity);
}

static void open_message(struct receiving *r)
{
	struct ms_fault fault = { 0 };
	int err = ms_keys_smime_open(r->in, ms_clock_wall(), &r->opened, &r->author, &fault);

	if (err)
		refuse_fault(r, err, &fault);
	else if (!r->others || !ms_ue_others_ask(r->others, show_opened, r))
		show_opened(r);
}

static void resolved(const struct ms_keys_failure *why, void *arg)
{
	struct receiving *r = arg;

	r->asking = NULL;
	if (!why)
		open_message(r);
	else if (why->unreachable)
		refuse(r, STATUS_UNAVAILABLE, why->reason, why->detail);
	else
		refuse(r, STATUS_UNDECIPHERABLE, why->reason ? why->reason : "key_exchange",
		       why->detail);
}

/* Only what the KMS says of this very message proves anything. */
static enum ms_keys_resolve how_to_resolve(const struct receiving *r)
{
	return r->ue->settings->config->message.check_proof && ms_keys_smime_claims_proof(r->in)
		       ? MS_KEYS_RESOLVE_EACH
		       : MS_KEYS_RESOLVE_CACHED;
}

static void receive_object(struct receiving *r)
{
	struct ms_keys_smime smime = ms_ue_smime_of(r->ue);
	struct ms_fault fault = { 0 };
	int err = ms_keys_smime_read(&smime, ms_buf_span(&r->object), ms_clock_wall(), &fault,
				     &r->in);

	if (!err)
		err = ms_keys_ring_resolve(r->ue->keys, ms_keys_smime_incoming(r->in),
					   how_to_resolve(r), resolved, r, &fault, &r->asking);
	if (err)
		refuse_fault(r, err, &fault);
	else if (!r->asking)
		open_message(r);
}

static void receive_protected(struct receiving *r, struct ms_span body, enum ms_mime_cte cte)
{
	if (ms_mime_decode(body, cte, &r->object))
		refuse(r, STATUS_UNDECIPHERABLE, "mime", "its encoding is malformed");
	else
		receive_object(r);
}

/* ---- plain messages ---- */

static void receive_plain(struct receiving *r, const struct ms_mime_value *type)
{
	const char *why = ms_ue_policy_plain_message(&r->ue->settings->policy,
						     r->sender.asserted.uri[0] != 0);

	if (why)
		refuse(r, STATUS_NOT_ACCEPTABLE, why, "only protected messages are taken here");
	else if (show(r, NULL, type, NULL, ms_sip_body(r->m)))
		receiving_free(r);
}

/* ---- sorting ---- */

static struct receiving *receiving_new(struct ms_ue *ue, const struct ms_sip_message *m)
{
	struct receiving *r = ms_zalloc(sizeof(*r));

	if (!r)
		return NULL;
	r->ue = ue;
	r->m = ms_sip_message_ref(m);
	ms_buf_init(&r->object, OBJECT_MAX);
	ms_buf_init_secret(&r->opened, OBJECT_MAX);
	ms_list_append(&ue->receiving, &r->link);
	ue->n_receiving++;
	r->sender = ms_ue_sender_of(ue, m);
	return r;
}

/* Who else got it is worth having, but not worth refusing the message for. */
static void receive_several(struct receiving *r, const struct ms_mime_entity *message,
			    const struct ms_mime_entity *history)
{
	if (history->body.p && ms_ue_others_new(r->ue, history, &r->others))
		ms_ue_warn(r->ue, "a list of recipients could not be read");
	receive_protected(r, message->body, message->cte);
}

static void sort_out(struct receiving *r)
{
	struct ms_fault fault = { 0 };
	struct ms_mime_entity part, history;
	struct ms_mime_value type;
	enum ms_mime_cte cte;
	int err;

	if (ms_mime_content_type(ms_sip_content_type(r->m), &type, &fault) ||
	    ms_mime_cte_of(ms_sip_header(r->m, "Content-Transfer-Encoding"), &cte)) {
		refuse(r, 400, "mime", "its Content-Type is malformed");
		return;
	}
	err = ms_mime_pkcs7_check(&type, &fault);
	if (!err)
		receive_protected(r, ms_sip_body(r->m), cte);
	else if (err != -ENOENT)
		refuse(r, 415, "smime_type", "this type of S/MIME is not supported");
	else if (ms_mime_is(&type, "multipart", "*") &&
		 !ms_ue_others_split(&type, ms_sip_body(r->m), &part, &history))
		receive_several(r, &part, &history);
	else
		receive_plain(r, &type);
}

void ms_ue_message_receive(struct ms_ue *ue, const struct ms_sip_message *m)
{
	const struct ms_ue_config *c = ue->settings->config;
	struct receiving *r;

	if (ue->n_receiving >= c->limits.pending) {
		ms_ue_reply(ue, m, 503, 0, NULL);
		return;
	}
	r = receiving_new(ue, m);
	if (!r)
		ms_ue_reply(ue, m, 500, 0, NULL);
	else if (ms_sip_body(m).len > OBJECT_MAX / 2)
		refuse(r, STATUS_TOO_LARGE, "too_large", "the message is too large");
	else
		sort_out(r);
}

void ms_ue_messages_stop(struct ms_ue *ue)
{
	ms_ue_sendings_stop(ue);
	ms_ue_checking_stop(ue);
	while (!ms_list_empty(&ue->receiving))
		receiving_free(MS_CONTAINER_OF(ue->receiving.next, struct receiving, link));
}
