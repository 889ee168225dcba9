/* SPDX-License-Identifier: Apache-2.0 */
/* Who wrote a message that somebody shows us: the KMS is asked, as for one that came to us. */
#include <errno.h>

#include "core/alloc.h"
#include "mikey/timestamp.h"
#include "mime/cpim.h"
#include "mime/entity.h"
#include "ue/ue-priv.h"

#define ENTITY_MAX (256 * 1024)

struct ms_ue_checking {
	struct ms_ue *ue;
	struct ms_buf object;
	struct ms_keys_smime_in *in;   /* owned */
	struct ms_keys_asking *asking; /* while the KMS is asked */
};

static void checking_free(struct ms_ue_checking *c)
{
	c->ue->checking = NULL;
	ms_keys_asking_cancel(c->asking);
	ms_keys_smime_in_free(c->in);
	ms_buf_done(&c->object);
	ms_free(c);
}

void ms_ue_checking_stop(struct ms_ue *ue)
{
	if (ue->checking)
		checking_free(ue->checking);
}

static void tell_failed(struct ms_ue_checking *c, const char *reason, const char *text)
{
	const struct ms_ue_event e = { .type = MS_UE_EVENT_PROOF,
				       .proof = "failed",
				       .reason = reason ? reason : "malformed",
				       .detail = ms_span_str(text) };
	struct ms_ue *ue = c->ue;

	checking_free(c);
	ms_ue_tell(ue, &e);
}

static void tell_fault(struct ms_ue_checking *c, const struct ms_fault *fault)
{
	tell_failed(c, fault->reason, fault->reason ? ms_keys_fault_text(fault) : "out of memory");
}

/* What a reader is shown of it: the content without its wrapping. */
static void put_content(const struct ms_mime_entity *entity, struct ms_buf *body,
			struct ms_ue_event *e)
{
	const struct ms_mime_value *type = &entity->type;
	struct ms_cpim cpim;

	if (ms_mime_is(type, "message", "cpim") &&
	    !ms_cpim_read(entity->body, &ms_mime_limits_default, &cpim, NULL)) {
		put_content(&cpim.content, body, e);
		return;
	}
	if (!ms_mime_body(entity, body) && ms_span_is_nocase(type->type, "text"))
		e->text = ms_buf_span(body);
	e->size = body->len;
}

static void tell_opened(struct ms_ue_checking *c, struct ms_span text,
			const struct ms_keys_identity *sender)
{
	const struct ms_mikey_message *m = ms_mikey_incoming_message(ms_keys_smime_incoming(c->in));
	struct ms_ue_event e = { .type = MS_UE_EVENT_PROOF,
				 .proof = ms_keys_proof_name(ms_keys_smime_proof(c->in)),
				 .peer = ms_keys_identity_span(sender),
				 .called = m->id_r.data };
	MS_CLEANUP(ms_buf_done) struct ms_buf body;
	struct ms_mime_entity entity;
	struct ms_fault fault;

	ms_buf_init_secret(&body, ENTITY_MAX);
	if (ms_mikey_ts_to_usec(&m->t, &e.written))
		e.written = 0;
	if (!ms_mime_read(text, &ms_mime_limits_default, &entity, &fault))
		put_content(&entity, &body, &e);
	ms_ue_tell(c->ue, &e);
}

static void open_object(struct ms_ue_checking *c)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	struct ms_keys_identity sender;
	struct ms_fault fault = { 0 };

	ms_buf_init_secret(&text, ENTITY_MAX);
	if (ms_keys_smime_open(c->in, ms_clock_wall(), &text, &sender, &fault)) {
		tell_fault(c, &fault);
		return;
	}
	tell_opened(c, ms_buf_span(&text), &sender);
	checking_free(c);
}

static void resolved(const struct ms_keys_failure *why, void *arg)
{
	struct ms_ue_checking *c = arg;

	c->asking = NULL;
	if (why)
		tell_failed(c, why->reason, why->detail);
	else
		open_object(c);
}

static int begin(struct ms_ue_checking *c, struct ms_fault *fault)
{
	struct ms_keys_smime smime = ms_ue_smime_of(c->ue);
	int err;

	smime.replay = NULL; /* it was seen, of course, if it came to us */
	err = ms_keys_smime_read(&smime, ms_buf_span(&c->object), ms_clock_wall(), fault, &c->in);
	if (!err && !ms_keys_smime_claims_proof(c->in))
		err = ms_fault_set(fault, -EPERM, 0, "proof_missing", 0);
	if (!err)
		err = ms_keys_ring_resolve(c->ue->keys, ms_keys_smime_incoming(c->in),
					   MS_KEYS_RESOLVE_EACH, resolved, c, fault, &c->asking);
	return err;
}

int ms_ue_proof_check(struct ms_ue *ue, struct ms_span object)
{
	struct ms_ue_checking *c;
	struct ms_fault fault = { 0 };

	if (ue->checking)
		return -EBUSY;
	c = ms_zalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->ue = ue;
	ue->checking = c;
	ms_buf_init(&c->object, MS_UE_PROOF_TEXT_MAX);
	ms_buf_put_span(&c->object, object);
	if (ms_buf_status(&c->object)) {
		checking_free(c);
		return -ENOMEM;
	}
	if (begin(c, &fault))
		tell_fault(c, &fault);
	return 0;
}
