/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which outcomes the sender of a message is to be told, and which he has been. A bit beside each outcome
 * in the store says the latter; it is written in the same commit as the message that tells, so a kill
 * neither loses a notification nor doubles it. Until then the row stays.
 */
#include "list/post-priv.h"
#include "mime/cpim.h"

/* RFC 5438 section 6.3: good news, bad news, both. */
static bool is_wanted(const struct ms_lists_letter *l, size_t i)
{
	const struct ms_lists_wish *w = &l->parcel.wish;
	unsigned wish =
		l->outcome[i] == MS_LISTS_DELIVERED ? MS_IMDN_WISH_POSITIVE : MS_IMDN_WISH_NEGATIVE;

	return ms_lists_outcome_final((enum ms_lists_outcome)l->outcome[i]) && w->wishes & wish &&
	       w->message_id.len > 0 && w->date_time.len > 0;
}

static bool is_news(const struct ms_lists_letter *l, size_t i)
{
	return l->told[i] == MS_LISTS_UNTOLD && is_wanted(l, i);
}

bool ms_lists_letter_has_news(const struct ms_lists_letter *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (is_news(l, i))
			return true;
	return false;
}

size_t ms_lists_post_news(const struct ms_lists_letter *l, struct ms_lists_news *ret_news,
			  size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n && n < max; i++)
		if (is_news(l, i))
			ret_news[n++] =
				(struct ms_lists_news){ l->uri[i],
							(enum ms_lists_outcome)l->outcome[i] };
	return n;
}

void ms_lists_letter_news(struct ms_lists_letter *l)
{
	if (!l->is_telling && ms_list_empty(&l->news))
		ms_list_append(&l->post->news, &l->news);
}

void ms_lists_letter_outcome_news(struct ms_lists_letter *l, size_t i)
{
	if (is_news(l, i))
		ms_lists_letter_news(l);
}

void ms_lists_post_tell(struct ms_lists_post *p)
{
	while (!ms_list_empty(&p->news)) {
		struct ms_lists_letter *l =
			MS_CONTAINER_OF(p->news.next, struct ms_lists_letter, news);

		ms_list_remove(&l->news);
		if (!ms_lists_letter_has_news(l))
			continue;
		l->is_telling = true;
		if (p->handlers.tell)
			p->handlers.tell(l, &l->parcel, p->handlers.arg);
		else
			ms_lists_post_hush(l);
	}
}

/* ---- telling ---- */

void ms_lists_letter_telling(struct ms_lists_letter *l, size_t n)
{
	for (size_t i = 0; i < l->n && n > 0; i++)
		if (is_news(l, i)) {
			l->told[i] = MS_LISTS_TELLING;
			n--;
		}
	ms_lists_letter_dirty(l);
}

void ms_lists_letter_told(struct ms_lists_letter *l, bool durable)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->told[i] == MS_LISTS_TELLING)
			l->told[i] = durable ? MS_LISTS_TOLD : MS_LISTS_UNTOLD;
	l->is_telling = false;
	if (ms_lists_letter_has_news(l))
		ms_lists_letter_news(l);
}

void ms_lists_post_hush(struct ms_lists_letter *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (is_news(l, i))
			l->told[i] = MS_LISTS_TOLD;
	l->is_telling = false;
	ms_lists_letter_dirty(l);
}
