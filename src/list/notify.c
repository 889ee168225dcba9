/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering outcomes into notifications and sending them. See notify.h. */
#include "list/notify.h"

#include <errno.h>

#include "core/alloc.h"
#include "loop/loop.h"
#include "mime/cpim.h"
#include "mime/imdn.h"
#include "mime/multipart.h"
#include "mime/pkcs7.h"

#define GATHER (300 * MS_MSEC) /* so long outcomes are gathered */
#define NOTE_OUTCOMES 50       /* and at most so many in one message: some 25 KB */
#define NOTES_MAX 1000         /* authors and messages at a time; more are not told */
#define BODY_MAX ((size_t)40 << 10)

/** One message about one message. */
struct note {
	struct ms_list link;
	struct ms_keys_identity list, author;
	char *message_id, *date_time; /* owned */
	struct ms_buf first, parts;   /* the first document; all, as parts */
	char boundary[40];
	size_t n;
	struct ms_keys_ring *ring;     /* borrowed */
	struct ms_keys_asking *asking; /* while the KMS is asked */
};

static struct {
	struct ms_list gathering, sending;
	size_t n;
	struct ms_timer timer;
} all;

static void note_free(struct note *n)
{
	ms_list_remove(&n->link);
	all.n--;
	ms_keys_asking_cancel(n->asking);
	ms_buf_done(&n->first);
	ms_buf_done(&n->parts);
	ms_free(n->message_id);
	ms_free(n->date_time);
	ms_free(n);
}

/* ---- sending ---- */

static void put_cpim(struct note *n, struct ms_buf *cpim)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf type;
	struct ms_mime_out content = { .type = MS_SPAN_LIT("message/imdn+xml"),
				       .disposition = MS_SPAN_LIT("notification"),
				       .body = ms_buf_span(&n->first) };
	char date[32];

	ms_buf_init(&type, 256);
	if (n->n > 1) {
		ms_mime_put_close(&n->parts, n->boundary);
		ms_buf_put_str(&type, "multipart/mixed");
		ms_mime_put_param(&type, "boundary", ms_span_str(n->boundary));
		content.type = ms_buf_span(&type);
		content.body = ms_buf_span(&n->parts);
	}
	ms_buf_fail(cpim, ms_buf_status(&n->first));
	ms_buf_fail(cpim, ms_buf_status(&n->parts));
	ms_buf_fail(cpim, ms_buf_status(&type));
	ms_cpim_write(cpim, &(struct ms_cpim_out){
				    .from = { .uri = ms_keys_identity_span(&n->list) },
				    .to = { .uri = ms_keys_identity_span(&n->author) },
				    .date_time = ms_span_str(ms_usec_to_iso(ms_clock_wall(), date)),
				    .content = content,
			    });
}

static int seal(struct note *n, struct ms_mikey_ticket_held *held, struct ms_buf *object)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf cpim, entity;
	struct ms_keys_smime smime = ms_lists_smime(&ms_lists, n->ring, ms_lists.replay);
	struct ms_mime_out out = { .type = MS_SPAN_LIT("message/cpim") };
	int err;

	ms_buf_init(&cpim, 2 * BODY_MAX);
	ms_buf_init_secret(&entity, 2 * BODY_MAX);
	put_cpim(n, &cpim);
	out.body = ms_buf_span(&cpim);
	ms_mime_write(&entity, &out);
	err = ms_buf_status(&cpim);
	if (err == 0)
		err = ms_buf_status(&entity);
	return err ? err
		   : ms_keys_smime_seal(&smime, held, ms_keys_identity_span(&n->author),
					ms_buf_span(&entity), ms_clock_wall(), object);
}

static int post(struct note *n, struct ms_mikey_ticket_held *held)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf object, from, type;
	struct ms_span author = ms_keys_identity_span(&n->author);
	struct ms_lists_parcel p = { .encoding = MS_SPAN_LIT("binary"),
				     .max_forwards = 70,
				     .expires = ms_mikey_ticket_held_end(held),
				     .origin = ms_keys_identity_span(&n->list),
				     .list = ms_keys_identity_span(&n->list) };
	int err;

	ms_buf_init(&object, 4 * BODY_MAX);
	ms_buf_init(&from, 2 * MS_KEYS_IDENTITY_MAX);
	ms_buf_init(&type, 1024);
	err = seal(n, held, &object);
	ms_buf_printf(&from, "<%s>", n->list.uri);
	ms_mime_put_pkcs7_type(&type, ms_lists.keys_config->profile.smime_type);
	if (err == 0)
		err = ms_buf_status(&from);
	if (err == 0)
		err = ms_buf_status(&type);
	if (err)
		return err;
	p.from = p.asserted = ms_buf_span(&from);
	p.content_type = ms_buf_span(&type);
	p.body = ms_buf_span(&object);
	return ms_lists_post_submit(ms_lists.post, &p, &author, 1, NULL, NULL);
}

static void post_note(struct note *n, struct ms_mikey_ticket_held *held)
{
	int err = post(n, held);

	if (err)
		MS_LOG(&ms_lists_log, MS_LOG_WARNING, "%s is not told what became of a message: %s",
		       n->author.uri, strerror(-err));
	note_free(n);
}

static void got_ticket(struct ms_mikey_ticket_held *held, const struct ms_keys_failure *why,
		       void *arg)
{
	struct note *n = arg;

	n->asking = NULL;
	if (held) {
		post_note(n, held);
		return;
	}
	MS_LOG(&ms_lists_log, MS_LOG_WARNING, "%s is not told what became of a message: %s",
	       n->author.uri, why->detail);
	note_free(n);
}

static void send_note(struct note *n)
{
	struct ms_span author = ms_keys_identity_span(&n->author);
	struct ms_mikey_ticket_held *held = NULL;
	int err = ms_lists_ring(&ms_lists, ms_keys_identity_span(&n->list), &n->ring);

	ms_list_remove(&n->link);
	ms_list_append(&all.sending, &n->link);
	if (err == 0)
		err = ms_keys_ring_ticket(n->ring, MS_KEYS_TICKET_MESSAGE, &author, 1, got_ticket,
					  n, &held, &n->asking);
	if (err)
		note_free(n);
	else if (held)
		post_note(n, held);
}

static void gathered(void *arg)
{
	(void)arg;
	while (!ms_list_empty(&all.gathering))
		send_note(MS_CONTAINER_OF(all.gathering.next, struct note, link));
}

/* ---- gathering ---- */

static void begin(void)
{
	if (all.gathering.next)
		return;
	ms_list_init(&all.gathering);
	ms_list_init(&all.sending);
	ms_timer_init(&all.timer, "list.notify", gathered, NULL);
}

static struct note *find(const struct ms_lists_parcel *p)
{
	struct ms_list *i;

	ms_list_foreach (i, &all.gathering) {
		struct note *n = MS_CONTAINER_OF(i, struct note, link);

		if (ms_span_is(p->wish.message_id, n->message_id) &&
		    ms_span_is(p->origin, n->author.uri) && ms_span_is(p->list, n->list.uri))
			return n;
	}
	return NULL;
}

static struct note *note_new(const struct ms_lists_parcel *p)
{
	struct note *n = all.n < NOTES_MAX ? ms_zalloc(sizeof(*n)) : NULL;

	if (!n)
		return NULL;
	ms_buf_init(&n->first, BODY_MAX);
	ms_buf_init(&n->parts, BODY_MAX);
	n->message_id = ms_strdup_span(p->wish.message_id);
	n->date_time = ms_strdup_span(p->wish.date_time);
	ms_list_append(&all.gathering, &n->link);
	all.n++;
	if (!n->message_id || !n->date_time || ms_keys_identity_parse(p->origin, &n->author) < 0 ||
	    ms_keys_identity_parse(p->list, &n->list) < 0 ||
	    ms_mime_boundary(&ms_random_system, n->boundary) < 0) {
		note_free(n);
		return NULL;
	}
	if (!ms_timer_running(&all.timer))
		ms_timer_start(&all.timer, GATHER);
	return n;
}

static void add(struct note *n, struct ms_span recipient, enum ms_lists_outcome o)
{
	struct ms_imdn imdn = { .kind = MS_IMDN_DELIVERY,
				.status = o == MS_LISTS_DELIVERED ? MS_IMDN_DELIVERED
								  : MS_IMDN_FAILED };
	MS_CLEANUP(ms_buf_done) struct ms_buf xml;
	struct ms_mime_out part = { .type = MS_SPAN_LIT("message/imdn+xml"),
				    .disposition = MS_SPAN_LIT("notification") };

	ms_buf_init(&xml, 8192);
	if (ms_span_to_str(ms_span_str(n->message_id), imdn.message_id, sizeof(imdn.message_id)) ||
	    ms_span_to_str(ms_span_str(n->date_time), imdn.date_time, sizeof(imdn.date_time)) ||
	    ms_span_to_str(recipient, imdn.recipient_uri, sizeof(imdn.recipient_uri)))
		return;
	ms_imdn_write(&xml, &imdn);
	if (ms_buf_status(&xml))
		return;
	part.body = ms_buf_span(&xml);
	if (n->n++ == 0)
		ms_buf_put_span(&n->first, part.body);
	ms_mime_put_part(&n->parts, n->boundary, &part);
	if (n->n >= NOTE_OUTCOMES)
		send_note(n);
}

static bool wanted(const struct ms_lists_parcel *p, enum ms_lists_outcome o)
{
	unsigned wish = o == MS_LISTS_DELIVERED ? MS_IMDN_WISH_POSITIVE : MS_IMDN_WISH_NEGATIVE;

	return p->wish.wishes & wish && p->wish.message_id.len > 0 && p->wish.date_time.len > 0 &&
	       p->list.len > 0;
}

void ms_lists_notify(const struct ms_lists_parcel *p, struct ms_span recipient,
		     enum ms_lists_outcome o, unsigned status, void *arg)
{
	struct note *n;

	(void)status;
	(void)arg;
	if (!wanted(p, o))
		return;
	begin();
	n = find(p);
	if (!n)
		n = note_new(p);
	if (n)
		add(n, recipient, o);
}

static void forget_in(struct ms_list *notes, struct ms_span list)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, notes) {
		struct note *n = MS_CONTAINER_OF(link, struct note, link);

		if (ms_span_is(list, n->list.uri))
			note_free(n);
	}
}

void ms_lists_notify_forget(struct ms_span list)
{
	begin();
	forget_in(&all.gathering, list);
	forget_in(&all.sending, list);
}

void ms_lists_notify_end(void)
{
	begin();
	ms_timer_stop(&all.timer);
	while (!ms_list_empty(&all.gathering))
		note_free(MS_CONTAINER_OF(all.gathering.next, struct note, link));
	while (!ms_list_empty(&all.sending))
		note_free(MS_CONTAINER_OF(all.sending.next, struct note, link));
}
