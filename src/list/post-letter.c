/* SPDX-License-Identifier: Apache-2.0 */
/* Letters: a parcel packed for the store and unpacked again. */
#include <errno.h>

#include "core/alloc.h"
#include "core/reader.h"
#include "list/post-priv.h"
#include "store/lists-queue.h"

#define HEAD_VERSION 1

void ms_lists_letter_free(struct ms_lists_letter *l)
{
	if (!l)
		return;
	ms_list_remove(&l->fresh);
	ms_list_remove(&l->dirty);
	ms_list_remove(&l->news);
	ms_list_remove(&l->untold);
	ms_buf_done(&l->head);
	ms_buf_done(&l->recipients);
	ms_buf_done(&l->body);
	ms_free(l->uri);
	ms_free(l->outcome);
	ms_free(l->told);
	ms_free(l->content_type);
	ms_free(l);
}

static struct ms_lists_letter *empty(struct ms_lists_post *p)
{
	struct ms_lists_letter *l = ms_zalloc(sizeof(*l));

	if (!l)
		return NULL;
	l->post = p;
	ms_list_init(&l->fresh);
	ms_list_init(&l->dirty);
	ms_list_init(&l->news);
	ms_list_init(&l->untold);
	ms_buf_init(&l->head, MS_LISTS_HEAD_MAX);
	ms_buf_init(&l->recipients, MS_LISTS_RECIPIENTS_MAX);
	ms_buf_init(&l->body, MS_LISTS_BODY_MAX);
	return l;
}

/* ---- the head: what a parcel has beside its body ---- */

static void pack(struct ms_buf *b, const struct ms_lists_parcel *p)
{
	ms_buf_put_u8(b, HEAD_VERSION);
	ms_buf_put_lv16(b, p->from);
	ms_buf_put_lv16(b, p->asserted);
	ms_buf_put_lv16(b, p->content_type);
	ms_buf_put_lv16(b, p->encoding);
	ms_buf_put_lv16(b, p->privacy);
	ms_buf_put_lv16(b, p->tag);
	ms_buf_put_u16(b, p->max_forwards);
	ms_buf_put_lv16(b, p->origin);
	ms_buf_put_lv16(b, p->list);
	ms_buf_put_u16(b, p->wish.wishes);
	ms_buf_put_lv16(b, p->wish.message_id);
	ms_buf_put_lv16(b, p->wish.date_time);
}

static int unpack(struct ms_span head, struct ms_lists_parcel *p)
{
	struct ms_reader r = ms_reader_of(head);
	uint16_t forwards, wishes;
	uint8_t version;

	if (ms_read_u8(&r, &version) < 0 || version != HEAD_VERSION ||
	    ms_read_lv16(&r, &p->from) < 0 || ms_read_lv16(&r, &p->asserted) < 0 ||
	    ms_read_lv16(&r, &p->content_type) < 0 || ms_read_lv16(&r, &p->encoding) < 0 ||
	    ms_read_lv16(&r, &p->privacy) < 0 || ms_read_lv16(&r, &p->tag) < 0 ||
	    ms_read_u16(&r, &forwards) < 0 || ms_read_lv16(&r, &p->origin) < 0 ||
	    ms_read_lv16(&r, &p->list) < 0 || ms_read_u16(&r, &wishes) < 0 ||
	    ms_read_lv16(&r, &p->wish.message_id) < 0 || ms_read_lv16(&r, &p->wish.date_time) < 0 ||
	    ms_read_end(&r) < 0)
		return -EBADMSG;
	p->max_forwards = forwards;
	p->wish.wishes = wishes;
	return 0;
}

/* ---- recipients ---- */

static size_t count_uris(struct ms_span packed)
{
	struct ms_reader r = ms_reader_of(packed);
	struct ms_span uri;
	size_t n = 0;

	while (ms_read_lv16(&r, &uri) == 0)
		n++;
	return ms_read_end(&r) == 0 ? n : 0;
}

static int find_uris(struct ms_lists_letter *l)
{
	struct ms_reader r = ms_reader_of(ms_buf_span(&l->recipients));

	l->n = count_uris(ms_buf_span(&l->recipients));
	if (l->n == 0)
		return -EBADMSG;
	l->uri = ms_calloc(l->n, sizeof(*l->uri));
	l->outcome = ms_calloc(l->n, 1);
	l->told = ms_calloc(l->n, 1);
	if (!l->uri || !l->outcome || !l->told)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++)
		if (ms_read_lv16(&r, &l->uri[i]) < 0)
			return -EBADMSG;
	return 0;
}

/* The packed form is what both ways have in common. */
static int finish(struct ms_lists_letter *l)
{
	int err = unpack(ms_buf_span(&l->head), &l->parcel);

	if (err == 0)
		err = find_uris(l);
	if (err < 0)
		return err;
	l->content_type = ms_strdup_span(l->parcel.content_type);
	return l->content_type ? 0 : -ENOMEM;
}

static ms_usec end_of(const struct ms_lists_post *p, ms_usec created, ms_usec expires)
{
	ms_usec end = ms_usec_add(created, p->config.keep);

	return expires < end ? expires : end;
}

int ms_lists_letter_new(struct ms_lists_post *p, const struct ms_lists_parcel *parcel,
			const struct ms_span *recipients, size_t n, struct ms_lists_letter **ret_l)
{
	struct ms_lists_letter *l = empty(p);
	int err;

	if (!l)
		return -ENOMEM;
	pack(&l->head, parcel);
	for (size_t i = 0; i < n; i++)
		ms_buf_put_lv16(&l->recipients, recipients[i]);
	ms_buf_put_span(&l->body, parcel->body);
	err = ms_buf_status(&l->head);
	if (err == 0)
		err = ms_buf_status(&l->recipients);
	if (err == 0)
		err = ms_buf_status(&l->body);
	if (err == 0)
		err = finish(l);
	if (err < 0) {
		ms_lists_letter_free(l);
		return err;
	}
	l->has_body = true;
	l->octets = l->body.len;
	l->created = ms_clock_wall();
	l->expires = end_of(p, l->created, parcel->expires);
	l->parcel.expires = l->expires;
	l->parcel.held = parcel->held;
	l->parcel.about = parcel->about;
	*ret_l = l;
	return 0;
}

static int take_outcomes(struct ms_lists_letter *l, struct ms_span outcomes)
{
	if (outcomes.len != l->n)
		return -EBADMSG;
	for (size_t i = 0; i < l->n; i++) {
		l->outcome[i] = outcomes.p[i] & ~MS_LISTS_TOLD_BIT;
		l->told[i] = outcomes.p[i] & MS_LISTS_TOLD_BIT ? MS_LISTS_TOLD : MS_LISTS_UNTOLD;
		if (l->outcome[i] >= MS_LISTS_OUTCOMES)
			return -EBADMSG;
	}
	return 0;
}

int ms_lists_letter_load(struct ms_lists_post *p, const struct ms_store_job *row,
			 struct ms_lists_letter **ret_l)
{
	struct ms_lists_letter *l = empty(p);
	int err;

	if (!l)
		return -ENOMEM;
	ms_buf_put_span(&l->head, row->head);
	ms_buf_put_span(&l->recipients, row->recipients);
	err = ms_buf_status(&l->head);
	if (err == 0)
		err = ms_buf_status(&l->recipients);
	if (err == 0)
		err = finish(l);
	if (err == 0 && row->outcomes.len > 0)
		err = take_outcomes(l, row->outcomes);
	if (err < 0) {
		ms_lists_letter_free(l);
		return err;
	}
	l->id = row->id;
	l->octets = (size_t)row->body_len;
	l->created = row->created;
	l->expires = l->parcel.expires = row->expires;
	*ret_l = l;
	return 0;
}
