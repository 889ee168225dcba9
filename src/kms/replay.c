/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets of digests in memory: RFC 3830 section 5.4, with a cost that does not grow. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/hash.h"
#include "kms/replay-priv.h"

#define FIRST_SLOTS 16

static const uint8_t zero[MS_KMS_DIGEST_LEN];

/* Rounds down, before 1970 as well. */
static int64_t bucket_of(const struct ms_kms_replay *r, ms_usec t)
{
	int64_t n = t / r->c.bucket;

	return t < 0 && t % r->c.bucket != 0 ? n - 1 : n;
}

struct ms_kms_bucket *ms_kms_bucket_find(const struct ms_kms_replay *r, int64_t number)
{
	struct ms_list *link;

	if (r->recent && r->recent->number == number)
		return r->recent;
	ms_list_foreach (link, &r->buckets) {
		struct ms_kms_bucket *b = MS_CONTAINER_OF(link, struct ms_kms_bucket, link);

		if (b->number == number)
			return b;
	}
	return NULL;
}

struct ms_kms_bucket *ms_kms_bucket_get(struct ms_kms_replay *r, int64_t number)
{
	struct ms_kms_bucket *b = ms_kms_bucket_find(r, number);

	if (!b) {
		b = ms_zalloc(sizeof(*b));
		if (!b)
			return NULL;
		b->pending = ms_zalloc(MS_KMS_PENDING_MAX);
		if (!b->pending)
			return ms_free(b);
		b->number = number;
		b->fd = -1;
		ms_list_append(&r->buckets, &b->link);
		r->stats.buckets++;
	}
	r->recent = b;
	return b;
}

static void bucket_free(struct ms_kms_replay *r, struct ms_kms_bucket *b)
{
	if (r->recent == b)
		r->recent = NULL;
	ms_list_remove(&b->link);
	for (size_t i = 0; i < MS_KMS_SHARDS; i++)
		ms_free(b->shard[i].slot);
	r->stats.records -= b->records;
	r->stats.buckets--;
	if (b->fd >= 0)
		close(b->fd);
	ms_free(b->pending);
	ms_free(b);
}

/* The slot that holds the digest, or the free one where it would go. */
static uint32_t probe(const struct ms_kms_shard *s, uint64_t hash, const uint8_t *digest)
{
	uint32_t i = (uint32_t)(hash >> 8) & (s->cap - 1);

	while (memcmp(s->slot[i], zero, sizeof(zero)) != 0 &&
	       memcmp(s->slot[i], digest, MS_KMS_DIGEST_LEN) != 0)
		i = (i + 1) & (s->cap - 1);
	return i;
}

static uint64_t hash_of(const struct ms_kms_replay *r, const uint8_t *digest)
{
	return ms_siphash(r->hash_key, ms_span_of(digest, MS_KMS_DIGEST_LEN));
}

/* At most three quarters full. */
static int make_room(struct ms_kms_replay *r, struct ms_kms_shard *s)
{
	struct ms_kms_shard bigger = { .count = s->count };

	if (s->cap > 0 && (uint64_t)s->count * 4 < (uint64_t)s->cap * 3)
		return 0;
	bigger.cap = s->cap > 0 ? 2 * s->cap : FIRST_SLOTS;
	bigger.slot = ms_calloc(bigger.cap, MS_KMS_DIGEST_LEN);
	if (!bigger.slot)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->cap; i++)
		if (memcmp(s->slot[i], zero, sizeof(zero)) != 0)
			memcpy(bigger.slot[probe(&bigger, hash_of(r, s->slot[i]), s->slot[i])],
			       s->slot[i], MS_KMS_DIGEST_LEN);
	ms_free(s->slot);
	*s = bigger;
	return 0;
}

int ms_kms_bucket_put(struct ms_kms_replay *r, struct ms_kms_bucket *b,
		      const uint8_t digest[static MS_KMS_DIGEST_LEN])
{
	uint64_t hash = hash_of(r, digest);
	struct ms_kms_shard *s = &b->shard[hash & (MS_KMS_SHARDS - 1)];
	uint32_t i;
	int err = make_room(r, s);

	if (err)
		return err;
	i = probe(s, hash, digest);
	if (memcmp(s->slot[i], digest, MS_KMS_DIGEST_LEN) == 0)
		return -EEXIST;
	memcpy(s->slot[i], digest, MS_KMS_DIGEST_LEN);
	s->count++;
	b->records++;
	r->stats.records++;
	return 0;
}

/* All zeroes marks a free slot; a digest that is all zeroes is as likely as a forged MAC. */
static const uint8_t *not_zero(const uint8_t *digest)
{
	static const uint8_t one[MS_KMS_DIGEST_LEN] = { [MS_KMS_DIGEST_LEN - 1] = 1 };

	return memcmp(digest, zero, sizeof(zero)) == 0 ? one : digest;
}

int ms_kms_replay_check(const struct ms_kms_replay *r,
			const uint8_t digest[static MS_KMS_DIGEST_LEN], ms_usec until)
{
	int64_t number = bucket_of(r, until);
	const struct ms_kms_bucket *b;
	const struct ms_kms_shard *s;
	uint64_t hash;

	if (number < r->floor)
		return -ESTALE;
	b = ms_kms_bucket_find(r, number);
	if (!b)
		return 0;
	if (b->closed)
		return -ESTALE;
	digest = not_zero(digest);
	hash = hash_of(r, digest);
	s = &b->shard[hash & (MS_KMS_SHARDS - 1)];
	if (s->cap == 0)
		return 0;
	return memcmp(s->slot[probe(s, hash, digest)], digest, MS_KMS_DIGEST_LEN) == 0 ? -EEXIST
										       : 0;
}

int ms_kms_replay_add(struct ms_kms_replay *r, const uint8_t digest[static MS_KMS_DIGEST_LEN],
		      ms_usec until)
{
	struct ms_kms_bucket *b;
	int err = ms_kms_replay_check(r, digest, until);

	if (err)
		return err;
	if (r->stats.records >= r->c.max_records)
		return -ENOSPC;
	b = ms_kms_bucket_get(r, bucket_of(r, until));
	if (!b)
		return -ENOMEM;
	/* What cannot be written must not be accepted either. */
	if (b->n_pending + MS_KMS_DIGEST_LEN > MS_KMS_PENDING_MAX) {
		err = ms_kms_journal_write(r, b);
		if (err)
			return err;
	}
	digest = not_zero(digest);
	err = ms_kms_bucket_put(r, b, digest);
	if (err)
		return err;
	memcpy(b->pending + b->n_pending, digest, MS_KMS_DIGEST_LEN);
	b->n_pending += MS_KMS_DIGEST_LEN;
	return 0;
}

int ms_kms_replay_flush(struct ms_kms_replay *r)
{
	struct ms_list *link;
	int err = 0;

	ms_list_foreach (link, &r->buckets) {
		struct ms_kms_bucket *b = MS_CONTAINER_OF(link, struct ms_kms_bucket, link);
		int e = b->n_pending > 0 ? ms_kms_journal_write(r, b) : 0;

		err = err ? err : e;
	}
	return err;
}

int ms_kms_replay_sync(struct ms_kms_replay *r)
{
	struct ms_list *link;
	int err = 0;

	ms_list_foreach (link, &r->buckets) {
		struct ms_kms_bucket *b = MS_CONTAINER_OF(link, struct ms_kms_bucket, link);

		if (!b->unsynced || b->fd < 0)
			continue;
		r->stats.syncs++;
		if (fdatasync(b->fd) == 0) {
			b->unsynced = false;
		} else {
			err = err ? err : -errno;
			r->stats.errors++;
		}
	}
	return err;
}

void ms_kms_replay_expire(struct ms_kms_replay *r, ms_usec now)
{
	struct ms_list *link, *tmp;
	int64_t keep = bucket_of(r, now), floor = r->floor;

	/*
	 * The floor rises to the newest bucket that is forgotten, not to the clock: a clock that was
	 * wrong for a while must not shut everybody out after it was put right.
	 */
	ms_list_foreach (link, &r->buckets) {
		struct ms_kms_bucket *b = MS_CONTAINER_OF(link, struct ms_kms_bucket, link);

		if (b->number < keep && b->number >= floor)
			floor = b->number + 1;
	}
	if (floor == r->floor)
		return;
	/* On disk before the files go. */
	ms_kms_journal_floor(r, floor);
	ms_list_foreach_safe (link, tmp, &r->buckets) {
		struct ms_kms_bucket *b = MS_CONTAINER_OF(link, struct ms_kms_bucket, link);
		int64_t number = b->number;

		if (number < floor) {
			bucket_free(r, b);
			ms_kms_journal_unlink(r, number);
		}
	}
}

ms_usec ms_kms_replay_ahead(const struct ms_kms_replay *r, ms_usec now)
{
	struct ms_list *link;
	int64_t newest = r->floor == INT64_MIN ? INT64_MIN : r->floor - 1;

	ms_list_foreach (link, &r->buckets) {
		struct ms_kms_bucket *b = MS_CONTAINER_OF(link, struct ms_kms_bucket, link);

		if (b->number > newest)
			newest = b->number;
	}
	if (newest == INT64_MIN || newest <= bucket_of(r, now + r->c.window))
		return 0;
	/* A damaged floor file may have any number in it. */
	if (newest > MS_NEVER / r->c.bucket)
		return MS_NEVER;
	if (newest > (MS_NEVER - r->c.window) / r->c.bucket)
		return MS_NEVER;
	return newest * r->c.bucket - (now + r->c.window);
}

const struct ms_kms_replay_stats *ms_kms_replay_stats(const struct ms_kms_replay *r)
{
	return &r->stats;
}

int ms_kms_replay_open(const struct ms_kms_replay_config *c, ms_usec now,
		       char why[MS_KMS_REPLAY_WHY_MAX], struct ms_kms_replay **ret_r)
{
	struct ms_kms_replay *r = ms_zalloc(sizeof(*r));
	ms_usec ahead;
	int err;

	why[0] = 0;
	if (!r)
		return -ENOMEM;
	r->c = *c;
	r->c.dir = NULL;
	if (r->c.bucket < MS_SEC)
		r->c.bucket = MS_SEC;
	memcpy(r->hash_key, c->hash_key, sizeof(r->hash_key));
	r->dir_fd = r->floor_fd = -1;
	r->floor = INT64_MIN;
	ms_list_init(&r->buckets);
	err = ms_kms_journal_load(r, c->dir, now, why);
	if (err) {
		ms_kms_replay_close(r);
		return err;
	}
	ms_kms_replay_expire(r, now);
	ahead = ms_kms_replay_ahead(r, now);
	if (ahead > 0 && !why[0])
		snprintf(why, MS_KMS_REPLAY_WHY_MAX,
			 "%s: the clock is at least %lld s behind messages accepted earlier; "
			 "messages that old are refused until it is right",
			 c->dir, (long long)(ahead / MS_SEC) + 1);
	*ret_r = r;
	return 0;
}

struct ms_kms_replay *ms_kms_replay_close(struct ms_kms_replay *r)
{
	struct ms_list *link, *tmp;

	if (!r)
		return NULL;
	/* An error here was or will be seen by nobody: the answers have not left either. */
	if (ms_kms_replay_flush(r) == 0 && r->c.sync != MS_KMS_SYNC_NEVER)
		(void)!ms_kms_replay_sync(r);
	ms_list_foreach_safe (link, tmp, &r->buckets)
		bucket_free(r, MS_CONTAINER_OF(link, struct ms_kms_bucket, link));
	if (r->floor_fd >= 0)
		close(r->floor_fd);
	if (r->dir_fd >= 0)
		close(r->dir_fd);
	return ms_free(r);
}
