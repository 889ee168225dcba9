/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The post office's rows in the store. What comes in one round of the loop is one commit, and outcomes
 * are written together, so that a thousand recipients do not cost a thousand waits for the disk.
 *
 * Killed before an outcome was written: that recipient is sent the same octets again with the same
 * Call-ID, and its client tells a repetition from a message (keys/replay.h).
 */
#include <errno.h>

#include "core/alloc.h"
#include "list/counters.h"
#include "list/post-priv.h"
#include "store/lists-queue.h"

void ms_lists_letter_dirty(struct ms_lists_letter *l)
{
	struct ms_lists_post *p = l->post;

	if (l->is_dirty)
		return;
	l->is_dirty = true;
	ms_list_append(&p->dirty, &l->dirty);
	if (!ms_timer_running(&p->flush))
		ms_timer_start(&p->flush, p->config.flush);
}

static int write_letter(struct ms_lists_post *p, struct ms_lists_letter *l)
{
	const struct ms_store_job row = {
		.created = l->created,
		.expires = l->expires,
		.head = ms_buf_span(&l->head),
		.recipients = ms_buf_span(&l->recipients),
		.body = ms_buf_span(&l->body),
	};
	int err = ms_store_job_add(p->store, &row, &l->id);

	if (err == 0 && l->parcel.held != 0)
		err = ms_store_held_remove(p->store, l->parcel.held);
	return err;
}

static int write_outcomes(struct ms_lists_post *p, const struct ms_lists_letter *l)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	int err;

	ms_buf_init(&b, MS_LISTS_RECIPIENTS_MAX);
	if (l->parcel.wish.wishes == 0) /* nobody is told: as they are */
		return ms_store_job_outcomes(p->store, l->id, ms_span_of(l->outcome, l->n));
	for (size_t i = 0; i < l->n; i++)
		ms_buf_put_u8(&b, l->outcome[i] |
					  (l->told[i] == MS_LISTS_UNTOLD ? 0 : MS_LISTS_TOLD_BIT));
	err = ms_buf_status(&b);
	return err ? err : ms_store_job_outcomes(p->store, l->id, ms_buf_span(&b));
}

static int write_dirty(struct ms_lists_post *p, const struct ms_lists_letter *l)
{
	if (l->finished && !ms_lists_letter_has_news(l))
		return ms_store_job_remove(p->store, l->id);
	return write_outcomes(p, l);
}

static int write_all(struct ms_lists_post *p)
{
	struct ms_list *i;
	int err = ms_store_begin(p->store);

	if (err < 0)
		return err;
	ms_list_foreach (i, &p->fresh) {
		if (err == 0)
			err = write_letter(p, MS_CONTAINER_OF(i, struct ms_lists_letter, fresh));
	}
	ms_list_foreach (i, &p->holding) {
		struct ms_lists_holding *h = MS_CONTAINER_OF(i, struct ms_lists_holding, link);
		int64_t id;

		if (err == 0)
			err = ms_store_held_add(p->store, ms_buf_span(&h->request), h->expires,
						&id);
	}
	ms_list_foreach (i, &p->dirty) {
		if (err == 0)
			err = write_dirty(p, MS_CONTAINER_OF(i, struct ms_lists_letter, dirty));
	}
	if (err == 0)
		return ms_store_commit(p->store);
	ms_store_rollback(p->store);
	return err;
}

static void told(struct ms_lists_post *p, struct ms_lists_letter *l, int err)
{
	ms_lists_posted_f *done = l->done;
	void *arg = l->arg;

	ms_list_remove(&l->fresh);
	l->done = NULL;
	if (err < 0) {
		ms_lists_delivery_cancel(p->delivery, l->job);
		ms_lists_letter_free(l);
	} else {
		ms_lists_delivery_release(p->delivery, l->job);
	}
	if (done)
		done(err, arg);
}

static void told_held(struct ms_lists_post *p, struct ms_lists_holding *h, int err)
{
	ms_lists_posted_f *done = h->done;
	void *arg = h->arg;

	if (err == 0) {
		p->held++;
		p->held_octets += h->request.len;
	}
	ms_list_remove(&h->link);
	ms_buf_done(&h->request);
	ms_free(h);
	if (done)
		done(err, arg);
}

/* Who was told with this commit has been, or has not. */
static void settle_told(struct ms_lists_post *p, int err)
{
	struct ms_list *i;

	ms_list_foreach (i, &p->fresh) {
		struct ms_lists_letter *l = MS_CONTAINER_OF(i, struct ms_lists_letter, fresh);

		if (l->parcel.about)
			ms_lists_letter_told(l->parcel.about, err == 0);
		l->parcel.about = NULL;
	}
}

static void clean(struct ms_lists_post *p)
{
	while (!ms_list_empty(&p->dirty)) {
		struct ms_lists_letter *l =
			MS_CONTAINER_OF(p->dirty.next, struct ms_lists_letter, dirty);

		ms_list_remove(&l->dirty);
		l->is_dirty = false;
		ms_list_remove(&l->untold);
		if (l->finished && ms_lists_letter_has_news(l))
			ms_list_append(&p->untold, &l->untold);
		else if (l->finished)
			ms_lists_letter_free(l);
	}
}

void ms_lists_post_commit(struct ms_lists_post *p)
{
	struct ms_list fresh, holding;
	int err;

	if (ms_list_empty(&p->fresh) && ms_list_empty(&p->holding) && ms_list_empty(&p->dirty))
		return;
	err = write_all(p);
	if (err < 0)
		MS_LOG(&ms_lists_log, MS_LOG_WARNING, "the queue was not written: %s",
		       ms_store_message(p->store));
	settle_told(p, err);
	if (err == 0)
		clean(p);
	/* Outcomes that were not written stay dirty. */
	if (!ms_list_empty(&p->dirty))
		ms_timer_start(&p->flush, MS_SEC);
	else
		ms_timer_stop(&p->flush);
	/* Those who are told may submit more, which is another commit. */
	ms_list_init(&fresh);
	ms_list_init(&holding);
	while (!ms_list_empty(&p->fresh)) {
		struct ms_list *i = p->fresh.next;

		ms_list_remove(i);
		ms_list_append(&fresh, i);
	}
	while (!ms_list_empty(&p->holding)) {
		struct ms_list *i = p->holding.next;

		ms_list_remove(i);
		ms_list_append(&holding, i);
	}
	while (!ms_list_empty(&fresh))
		told(p, MS_CONTAINER_OF(fresh.next, struct ms_lists_letter, fresh), err);
	while (!ms_list_empty(&holding))
		told_held(p, MS_CONTAINER_OF(holding.next, struct ms_lists_holding, link), err);
}

static int load_one(const struct ms_store_job *row, void *arg)
{
	struct ms_lists_post *p = arg;
	struct ms_lists_letter *l;
	int err = ms_lists_letter_load(p, row, &l);

	if (err == -EBADMSG) {
		MS_LOG(&ms_lists_log, MS_LOG_WARNING,
		       "message %lld of the queue is damaged and left alone", (long long)row->id);
		return 0;
	}
	if (err < 0)
		return err;
	err = ms_lists_post_enter(p, l, true);
	if (err < 0)
		ms_lists_letter_free(l);
	else
		ms_lists_letter_news(l);
	return err;
}

int ms_lists_post_load(struct ms_lists_post *p)
{
	int err = ms_store_jobs(p->store, load_one, p);

	if (err == 0)
		err = ms_store_held_count(p->store, &p->held, &p->held_octets);
	return err;
}
