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
#define BODY_MAX ((size_t)40 << 10)

/** What there is to tell of one message. */
struct note {
	struct ms_list link;
	struct ms_lists_letter *letter;        /* borrowed: it stays until all is told */
	const struct ms_lists_parcel *message; /* borrowed from it */
	struct ms_keys_identity list, author;
	struct ms_keys_ring *ring;     /* borrowed */
	struct ms_keys_asking *asking; /* while the KMS is asked */
};

static struct {
	/* For more outcomes; for a ticket; for the KMS or room in the queue. */
	struct ms_list gathering, asking, waiting;
	size_t n;
	struct ms_timer gathered, retry;
} all;

static void note_free(struct note *n)
{
	ms_list_remove(&n->link);
	all.n--;
	ms_keys_asking_cancel(n->asking);
	ms_free(n);
}

static void move(struct note *n, struct ms_list *to)
{
	ms_list_remove(&n->link);
	ms_list_append(to, &n->link);
}

static void hush(struct ms_lists_letter *l, const struct ms_lists_parcel *p, const char *why)
{
	ms_lists_count(MS_LISTS_C_UNTOLD);
	MS_LOG(&ms_lists_log, MS_LOG_WARNING,
	       "%.*s is not told what became of a message to %.*s: %s", MS_SPAN_FMT(p->origin),
	       MS_SPAN_FMT(p->list), why);
	ms_lists_post_hush(l);
}

static void give_up(struct note *n, const char *why)
{
	hush(n->letter, n->message, why);
	note_free(n);
}

/* Better times may come, but nobody waits for such news for ever. */
static void try_later(struct note *n, const char *why)
{
	ms_usec end = ms_usec_add(n->message->expires, ms_lists.config->delivery.keep);

	if (ms_clock_wall() >= end) {
		give_up(n, why);
		return;
	}
	move(n, &all.waiting);
	if (!ms_timer_running(&all.retry))
		ms_timer_start(&all.retry, ms_lists.config->kms.retry);
}

/* ---- its content ---- */

static int put_imdn(const struct note *n, const struct ms_lists_news *news, struct ms_buf *xml)
{
	struct ms_imdn imdn = { .kind = MS_IMDN_DELIVERY,
				.status = news->outcome == MS_LISTS_DELIVERED ? MS_IMDN_DELIVERED
									      : MS_IMDN_FAILED };
	const struct ms_lists_wish *wish = &n->message->wish;

	if (ms_span_to_str(wish->message_id, imdn.message_id, sizeof(imdn.message_id)) ||
	    ms_span_to_str(wish->date_time, imdn.date_time, sizeof(imdn.date_time)) ||
	    ms_span_to_str(news->recipient, imdn.recipient_uri, sizeof(imdn.recipient_uri)))
		return -EMSGSIZE;
	ms_imdn_write(xml, &imdn);
	return ms_buf_status(xml);
}

/* RFC 5438 section 9: several in one message. */
static int put_several(const struct note *n, const struct ms_lists_news *news, size_t count,
		       struct ms_buf *type, struct ms_buf *body)
{
	char boundary[40];
	int err = ms_mime_boundary(&ms_random_system, boundary);

	ms_buf_put_str(type, "multipart/mixed");
	ms_mime_put_param(type, "boundary", ms_span_str(boundary));
	for (size_t i = 0; err == 0 && i < count; i++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf xml;
		struct ms_mime_out part = { .type = MS_SPAN_LIT("message/imdn+xml"),
					    .disposition = MS_SPAN_LIT("notification") };

		ms_buf_init(&xml, 8192);
		err = put_imdn(n, &news[i], &xml);
		part.body = ms_buf_span(&xml);
		if (err == 0)
			ms_mime_put_part(body, boundary, &part);
	}
	ms_mime_put_close(body, boundary);
	return err;
}

static int put_cpim(const struct note *n, const struct ms_lists_news *news, size_t count,
		    struct ms_buf *cpim)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf type, body;
	struct ms_mime_out content = { .disposition = MS_SPAN_LIT("notification") };
	char date[32];
	int err;

	ms_buf_init(&type, 256);
	ms_buf_init(&body, BODY_MAX);
	if (count > 1) {
		err = put_several(n, news, count, &type, &body);
	} else {
		ms_buf_put_str(&type, "message/imdn+xml");
		err = put_imdn(n, news, &body);
	}
	content.type = ms_buf_span(&type);
	content.body = ms_buf_span(&body);
	ms_buf_fail(cpim, err                    ? err
			  : ms_buf_status(&type) ? ms_buf_status(&type)
						 : ms_buf_status(&body));
	ms_cpim_write(cpim, &(struct ms_cpim_out){
				    .from = { .uri = ms_keys_identity_span(&n->list) },
				    .to = { .uri = ms_keys_identity_span(&n->author) },
				    .date_time = ms_span_str(ms_usec_to_iso(ms_clock_wall(), date)),
				    .content = content,
			    });
	return ms_buf_status(cpim);
}

static int seal(const struct note *n, struct ms_mikey_ticket_held *held,
		const struct ms_lists_news *news, size_t count, struct ms_buf *object)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf cpim, entity;
	struct ms_keys_smime smime = ms_lists_smime(&ms_lists, n->ring, ms_lists.replay);
	struct ms_mime_out out = { .type = MS_SPAN_LIT("message/cpim") };
	int err;

	ms_buf_init(&cpim, 2 * BODY_MAX);
	ms_buf_init_secret(&entity, 2 * BODY_MAX);
	err = put_cpim(n, news, count, &cpim);
	out.body = ms_buf_span(&cpim);
	ms_mime_write(&entity, &out);
	if (err == 0)
		err = ms_buf_status(&entity);
	return err ? err
		   : ms_keys_smime_seal(&smime, held, ms_keys_identity_span(&n->author),
					ms_buf_span(&entity), ms_clock_wall(), object);
}

/* ---- sending ---- */

static int post(const struct note *n, struct ms_mikey_ticket_held *held,
		const struct ms_lists_news *news, size_t count)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf object, from, type;
	struct ms_span author = ms_keys_identity_span(&n->author);
	struct ms_lists_parcel p = { .encoding = MS_SPAN_LIT("binary"),
				     .max_forwards = 70,
				     .expires = ms_mikey_ticket_held_end(held),
				     .origin = ms_keys_identity_span(&n->list),
				     .list = ms_keys_identity_span(&n->list),
				     .about = n->letter,
				     .n_about = count };
	int err;

	ms_buf_init(&object, 4 * BODY_MAX);
	ms_buf_init(&from, 2 * MS_KEYS_IDENTITY_MAX);
	ms_buf_init(&type, 1024);
	err = seal(n, held, news, count, &object);
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

/* Those that are told are not news any more; should that not become durable, they are again. */
static void post_all(struct note *n, struct ms_mikey_ticket_held *held)
{
	struct ms_lists_news news[NOTE_OUTCOMES];
	size_t count;
	bool some = false;
	int err = 0;

	while ((count = ms_lists_post_news(n->letter, news, NOTE_OUTCOMES)) > 0) {
		err = post(n, held, news, count);
		if (err)
			break;
		some = true;
	}
	/* What is left is brought to us again once these are durable. */
	if (err == 0 || (some && (err == -ENOSPC || err == -ENOMEM)))
		note_free(n);
	else if (err == -ENOSPC || err == -ENOMEM)
		try_later(n, strerror(-err));
	else
		give_up(n, strerror(-err));
}

static void got_ticket(struct ms_mikey_ticket_held *held, const struct ms_keys_failure *why,
		       void *arg)
{
	struct note *n = arg;

	n->asking = NULL;
	if (held)
		post_all(n, held);
	else if (why->unreachable)
		try_later(n, why->detail);
	else
		give_up(n, why->detail);
}

static void send_note(struct note *n)
{
	struct ms_span author = ms_keys_identity_span(&n->author);
	struct ms_mikey_ticket_held *held = NULL;
	int err = ms_lists_ring(&ms_lists, ms_keys_identity_span(&n->list), &n->ring);

	move(n, &all.asking);
	if (err == 0)
		err = ms_keys_ring_ticket(n->ring, MS_KEYS_TICKET_MESSAGE, &author, 1, got_ticket,
					  n, &held, &n->asking);
	if (err == -ENOMEM || err == -ENOSPC)
		try_later(n, strerror(-err));
	else if (err)
		give_up(n, strerror(-err));
	else if (held)
		post_all(n, held);
}

/* Those that cannot be sent come back to a list: of each list, what is there now. */
static void send_each(struct ms_list *notes)
{
	struct ms_list now;

	ms_list_init(&now);
	while (!ms_list_empty(notes))
		move(MS_CONTAINER_OF(notes->next, struct note, link), &now);
	while (!ms_list_empty(&now))
		send_note(MS_CONTAINER_OF(now.next, struct note, link));
}

static void gathered(void *arg)
{
	(void)arg;
	send_each(&all.gathering);
}

static void retry(void *arg)
{
	(void)arg;
	send_each(&all.waiting);
}

/* ---- beginnings and ends ---- */

static void begin(void)
{
	if (all.gathering.next)
		return;
	ms_list_init(&all.gathering);
	ms_list_init(&all.asking);
	ms_list_init(&all.waiting);
	ms_timer_init(&all.gathered, "list.notify", gathered, NULL);
	ms_timer_init(&all.retry, "list.notify-retry", retry, NULL);
}

/* NULL, or why the author is not told. */
static const char *note_new(struct ms_lists_letter *l, const struct ms_lists_parcel *p)
{
	struct note *n;

	if (all.n >= ms_lists.config->delivery.untold)
		return "too many wait to be told";
	n = ms_zalloc(sizeof(*n));
	if (!n)
		return strerror(ENOMEM);
	n->letter = l;
	n->message = p;
	ms_list_append(&all.gathering, &n->link);
	all.n++;
	if (ms_keys_identity_parse(p->origin, &n->author) == 0 &&
	    ms_keys_identity_parse(p->list, &n->list) == 0 &&
	    ms_lists_find(ms_lists.directory, ms_keys_identity_span(&n->list)))
		return NULL;
	note_free(n);
	return "the list has gone";
}

void ms_lists_notify(struct ms_lists_letter *l, const struct ms_lists_parcel *p, void *arg)
{
	const char *why;

	(void)arg;
	begin();
	why = note_new(l, p);
	if (why)
		hush(l, p, why);
	else if (!ms_timer_running(&all.gathered))
		ms_timer_start(&all.gathered, GATHER);
}

static struct ms_list *const lists[] = { &all.gathering, &all.asking, &all.waiting };

void ms_lists_notify_forget(struct ms_span list)
{
	struct ms_list *link, *next;

	begin();
	for (size_t i = 0; i < MS_ARRAY_SIZE(lists); i++)
		ms_list_foreach_safe (link, next, lists[i]) {
			struct note *n = MS_CONTAINER_OF(link, struct note, link);

			if (ms_span_is(list, n->list.uri))
				give_up(n, "the list has gone");
		}
}

void ms_lists_notify_end(void)
{
	begin();
	ms_timer_stop(&all.gathered);
	ms_timer_stop(&all.retry);
	for (size_t i = 0; i < MS_ARRAY_SIZE(lists); i++)
		while (!ms_list_empty(lists[i]))
			note_free(MS_CONTAINER_OF(lists[i]->next, struct note, link));
}
