/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery notifications: RFC 5438 over message/cpim, all of it inside the protection. Only whom the
 * key management server vouches for gets one, whatever From or CPIM say; and one is believed only
 * from whom we asked.
 */
#include <errno.h>

#include "core/hex.h"
#include "mime/cpim.h"
#include "mime/imdn.h"
#include "mime/multipart.h"
#include "ue/ue-priv.h"

#define ID_OCTETS (MS_UE_MESSAGE_ID_LEN / 2)
#define IMDN_MAX 4096

/* ---- asking ---- */

static struct ms_ue_asked *next_asked(struct ms_ue *ue)
{
	return &ue->asked[ue->n_asked++ % MS_UE_ASKED_MAX]; /* the oldest is forgotten */
}

static struct ms_ue_asked *find(struct ms_ue *ue, const struct ms_keys_identity *sender,
				struct ms_span id)
{
	for (size_t i = 0; i < MS_UE_ASKED_MAX; i++) {
		struct ms_ue_asked *a = &ue->asked[i];

		if (a->id[0] && ms_span_is(id, a->id) &&
		    ms_keys_identity_same(ms_keys_identity_span(sender),
					  ms_keys_identity_span(&a->to)))
			return a;
	}
	return NULL;
}

/* One who is named twice tells once. */
static void remember(struct ms_ue *ue, const char *id, const struct ms_keys_identity *whom)
{
	struct ms_ue_asked *asked;

	if (find(ue, whom, ms_span_str(id)))
		return;
	asked = next_asked(ue);
	memcpy(asked->id, id, sizeof(asked->id));
	asked->to = *whom;
}

size_t ms_ue_asked(const struct ms_ue *ue)
{
	size_t n = 0;

	for (size_t i = 0; i < MS_UE_ASKED_MAX; i++)
		n += ue->asked[i].id[0] != '\0';
	return n;
}

int ms_ue_notification_ask(struct ms_ue *ue, const struct ms_keys_identity *to,
			   const struct ms_keys_identity *whom, size_t n,
			   const struct ms_mime_out *content, struct ms_buf *cpim,
			   char ret_id[static MS_UE_MESSAGE_ID_LEN + 1])
{
	uint8_t random[ID_OCTETS];
	char date[32];
	struct ms_buf id;
	int err = ms_random_fill(&ms_random_system, random, sizeof(random));

	if (err)
		return err;
	ms_buf_init_fixed(&id, ret_id, MS_UE_MESSAGE_ID_LEN);
	ms_hex_encode(&id, ms_span_of(random, sizeof(random)));
	ret_id[id.len] = '\0';
	ms_cpim_write(cpim,
		      &(struct ms_cpim_out){
			      .from = { .uri = ms_keys_identity_span(&ue->settings->identity) },
			      .to = { .uri = ms_keys_identity_span(to) },
			      .date_time = ms_span_str(ms_usec_to_iso(ms_clock_wall(), date)),
			      .message_id = ms_buf_span(&id),
			      .wishes = MS_IMDN_WISH_POSITIVE | MS_IMDN_WISH_NEGATIVE,
			      .content = *content,
		      });
	err = ms_buf_status(cpim);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		remember(ue, ret_id, &whom[i]);
	return 0;
}

/* ---- telling ---- */

static bool copy(struct ms_span s, char *dst, size_t size)
{
	return ms_span_to_str(s, dst, size) == 0;
}

static int put_notification(const struct ms_ue *ue, const struct ms_keys_identity *sender,
			    const struct ms_cpim *about, struct ms_buf *cpim)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf xml;
	struct ms_span own = ms_keys_identity_span(&ue->settings->identity);
	struct ms_imdn n = { .kind = MS_IMDN_DELIVERY, .status = MS_IMDN_DELIVERED };
	char date[32];

	ms_buf_init(&xml, IMDN_MAX);
	if (!copy(about->message_id, n.message_id, sizeof(n.message_id)) ||
	    !copy(about->date_time, n.date_time, sizeof(n.date_time)) ||
	    !copy(own, n.recipient_uri, sizeof(n.recipient_uri)))
		return -EMSGSIZE;
	ms_imdn_write(&xml, &n);
	ms_buf_fail(cpim, ms_buf_status(&xml));
	ms_cpim_write(cpim, &(struct ms_cpim_out){
				    .from = { .uri = own },
				    .to = { .uri = ms_keys_identity_span(sender) },
				    .date_time = ms_span_str(ms_usec_to_iso(ms_clock_wall(), date)),
				    .content = { .type = MS_SPAN_LIT("message/imdn+xml"),
						 .disposition = MS_SPAN_LIT("notification"),
						 .body = ms_buf_span(&xml) },
			    });
	return ms_buf_status(cpim);
}

void ms_ue_notification_tell(struct ms_ue *ue, const struct ms_keys_identity *sender,
			     const struct ms_cpim *about)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf cpim;
	int err;

	ms_buf_init(&cpim, 2 * IMDN_MAX);
	if (!ue->settings->config->message.tell_delivery || about->message_id.len == 0 ||
	    !(about->wishes & MS_IMDN_WISH_POSITIVE))
		return;
	/* A courtesy: who asks for many and takes none cannot make us hold them all. */
	if (ue->n_sending >= ue->settings->config->limits.pending)
		return;
	err = put_notification(ue, sender, about, &cpim);
	if (!err)
		err = ms_ue_message_send(ue, &(struct ms_ue_message_spec){
						     .to = ms_keys_identity_span(sender),
						     .content_type = MS_SPAN_LIT("message/cpim"),
						     .body = ms_buf_span(&cpim),
						     .is_notification = true,
					     });
	if (err)
		ms_ue_warn(ue, "a delivery notification was not sent: %s", strerror(-err));
}

/* ---- being told ---- */

/* A list tells of each of its members; anybody else tells of himself, once. */
static bool is_about_another(const struct ms_imdn *n, const struct ms_keys_identity *sender)
{
	struct ms_span recipient = ms_span_str(n->recipient_uri);

	return recipient.len > 0 &&
	       !ms_keys_identity_same(recipient, ms_keys_identity_span(sender));
}

static int take_one(struct ms_ue *ue, const struct ms_keys_identity *sender, struct ms_span xml,
		    struct ms_fault *f)
{
	struct ms_ue_asked *asked;
	struct ms_imdn n;
	bool other;
	int err = ms_imdn_read(xml, &n, f);

	if (err)
		return err;
	asked = find(ue, sender, ms_span_str(n.message_id));
	if (!asked || n.kind != MS_IMDN_DELIVERY)
		return ms_fault_set(f, -EPERM, 0, "notification_unasked", 0);
	other = is_about_another(&n, sender);
	if (!other)
		asked->id[0] = '\0';
	ms_ue_tell(ue, &(struct ms_ue_event){
			       .type = MS_UE_EVENT_MESSAGE_DELIVERED,
			       .peer = ms_keys_identity_span(sender),
			       .called = other ? ms_span_str(n.recipient_uri) : MS_SPAN_NULL,
			       .message_id = ms_span_str(n.message_id),
			       .reason = ms_imdn_status_name(n.status),
		       });
	return 0;
}

/* RFC 5438 section 9: several in one message. */
static int take_several(struct ms_ue *ue, const struct ms_keys_identity *sender,
			const struct ms_mime_entity *e, struct ms_fault *f)
{
	struct ms_mime_parts it;
	struct ms_mime_entity part;
	int err = ms_mime_parts_open(&it, &e->type, e->body, &ms_mime_limits_default, f);

	while (!err && !(err = ms_mime_parts_next(&it, &part, f))) {
		MS_CLEANUP(ms_buf_done) struct ms_buf xml;

		ms_buf_init(&xml, IMDN_MAX);
		if (!ms_mime_is(&part.type, "message", "imdn+xml"))
			continue;
		err = ms_mime_body(&part, &xml);
		if (!err)
			err = take_one(ue, sender, ms_buf_span(&xml), f);
	}
	return err == -ENOENT ? 0 : err;
}

bool ms_ue_notification_is(const struct ms_mime_entity *e)
{
	struct ms_mime_entity part;
	struct ms_fault f;

	return ms_mime_is(&e->type, "message", "imdn+xml") ||
	       (ms_mime_is(&e->type, "multipart", "*") &&
		!ms_mime_find(&e->type, e->body, "message", "imdn+xml", &ms_mime_limits_default,
			      &part, &f));
}

int ms_ue_notification_take(struct ms_ue *ue, const struct ms_keys_identity *sender,
			    const struct ms_mime_entity *e, struct ms_fault *f)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf xml;

	ms_buf_init(&xml, IMDN_MAX);
	if (ms_mime_is(&e->type, "multipart", "*"))
		return take_several(ue, sender, e, f);
	if (ms_mime_body(e, &xml))
		return ms_fault_set(f, -EBADMSG, 0, "mime", 0);
	return take_one(ue, sender, ms_buf_span(&xml), f);
}
