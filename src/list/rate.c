/* SPDX-License-Identifier: Apache-2.0 */
#include "list/rate.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/hash.h"
#include "core/list.h"
#include "core/random.h"

#define MINUTE (60 * MS_SEC)

struct bucket {
	struct ms_list link; /* the one seen last is last */
	uint64_t left;       /* in units of one a microsecond of the rate: see room() */
	ms_usec at;          /* when `left` was right */
	size_t len;
	uint8_t sender[];
};

struct ms_lists_rate {
	struct ms_hash *by_sender; /* -> struct bucket, owned */
	struct ms_list order;
	uint64_t per_minute, burst;
};

int ms_lists_rate_new(size_t max, struct ms_lists_rate **ret_r)
{
	struct ms_lists_rate *r = ms_zalloc(sizeof(*r));
	uint8_t key[16];
	int err;

	if (!r)
		return -ENOMEM;
	ms_list_init(&r->order);
	err = ms_random_fill(&ms_random_system, key, sizeof(key));
	if (err == 0)
		err = ms_hash_new(max, key, &r->by_sender);
	if (err)
		ms_free(r);
	else
		*ret_r = r;
	return err;
}

static void forget_oldest(struct ms_lists_rate *r)
{
	struct bucket *b = MS_CONTAINER_OF(r->order.next, struct bucket, link);

	(void)ms_hash_take(r->by_sender, ms_span_of(b->sender, b->len));
	ms_list_remove(&b->link);
	ms_free(b);
}

struct ms_lists_rate *ms_lists_rate_free(struct ms_lists_rate *r)
{
	if (!r)
		return NULL;
	while (!ms_list_empty(&r->order))
		forget_oldest(r);
	ms_hash_free(r->by_sender);
	return ms_free(r);
}

void ms_lists_rate_set(struct ms_lists_rate *r, uint64_t per_minute, uint64_t burst)
{
	r->per_minute = per_minute;
	r->burst = burst ? burst : per_minute;
}

bool ms_lists_rate_fits(const struct ms_lists_rate *r, uint64_t n)
{
	return r->per_minute == 0 || n <= r->burst;
}

/* A delivery is worth a minute of microseconds, so that a microsecond at the rate is whole. */
static uint64_t room(const struct ms_lists_rate *r)
{
	return r->burst * (uint64_t)MINUTE;
}

static void fill(const struct ms_lists_rate *r, struct bucket *b, ms_usec now)
{
	uint64_t passed = now > b->at ? (uint64_t)(now - b->at) : 0;

	/* After so long it is full, whatever was in it; else the product would overflow. */
	if (passed >= (uint64_t)MINUTE * (r->burst / r->per_minute + 1))
		b->left = room(r);
	else
		b->left += passed * r->per_minute;
	if (b->left > room(r))
		b->left = room(r);
	if (now > b->at)
		b->at = now;
}

static struct bucket *bucket_of(struct ms_lists_rate *r, struct ms_span sender, ms_usec now)
{
	struct bucket *b = ms_hash_get(r->by_sender, sender);
	int err;

	if (b)
		return b;
	b = ms_zalloc(sizeof(*b) + sender.len);
	if (!b)
		return NULL;
	b->len = sender.len;
	memcpy(b->sender, sender.p, sender.len);
	b->left = room(r);
	b->at = now;
	err = ms_hash_put(r->by_sender, sender, b);
	if (err == -ENOSPC && !ms_list_empty(&r->order)) {
		forget_oldest(r);
		err = ms_hash_put(r->by_sender, sender, b);
	}
	if (err) {
		ms_free(b);
		return NULL;
	}
	ms_list_append(&r->order, &b->link);
	return b;
}

ms_usec ms_lists_rate_take(struct ms_lists_rate *r, struct ms_span sender, uint64_t n, ms_usec now)
{
	uint64_t price = n * (uint64_t)MINUTE;
	struct bucket *b;

	if (r->per_minute == 0)
		return 0;
	b = bucket_of(r, sender, now);
	if (!b)
		return MS_SEC;
	fill(r, b, now);
	ms_list_remove(&b->link);
	ms_list_append(&r->order, &b->link);
	if (b->left < price)
		return (ms_usec)((price - b->left) / r->per_minute) + 1;
	b->left -= price;
	return 0;
}
