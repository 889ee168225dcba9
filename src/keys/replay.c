/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replay cache: a hash table of names and a heap by timestamp to find the oldest; its file is in
 * replay-file.c. See replay.h.
 */
#include "keys/replay.h"

#include <errno.h>
#include <unistd.h>

#include "core/alloc.h"
#include "crypto/hmac.h"
#include "keys/replay-priv.h"

/* Children of a node of the heap: fewer levels than with two, and theirs lie together. */
#define CHILDREN 4

int ms_keys_replay_new(size_t max, const struct ms_random *random, struct ms_keys_replay **ret_r)
{
	uint8_t key[16];
	struct ms_keys_replay *r = ms_zalloc(sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->max = max;
	r->floor = INT64_MIN;
	r->fd = -1;
	err = ms_random_fill(random, key, sizeof(key));
	if (!err)
		err = ms_hash_new(max + 1, key, &r->ids); /* one more while it takes a place */
	if (err) {
		ms_free(r);
		return err;
	}
	*ret_r = r;
	return 0;
}

struct ms_keys_replay *ms_keys_replay_free(struct ms_keys_replay *r)
{
	if (!r)
		return NULL;
	if (r->fd >= 0)
		close(r->fd);
	ms_free(r->path);
	ms_hash_free(r->ids);
	ms_free(r->heap);
	return ms_free(r);
}

int ms_keys_replay_id(const struct ms_mikey_message *m, uint8_t ret_id[MS_KEYS_REPLAY_ID])
{
	uint8_t csb[4] = { (uint8_t)(m->hdr.csb_id >> 24), (uint8_t)(m->hdr.csb_id >> 16),
			   (uint8_t)(m->hdr.csb_id >> 8), (uint8_t)m->hdr.csb_id };
	struct ms_span parts[] = { ms_span_of(csb, sizeof(csb)), m->v.mac };

	if (!m->v.set || m->v.mac.len == 0)
		return -EBADMSG;
	ms_hash(MS_HASH_SHA256, parts, MS_ARRAY_SIZE(parts), ret_id);
	return 0;
}

/* ---- the heap ---- */

/* Puts `s` where it belongs, from the place `i` upwards. */
static void sift_up(struct ms_keys_replay *r, size_t i, const struct ms_keys_seen *s)
{
	while (i > 0 && s->stamp < r->heap[(i - 1) / CHILDREN].stamp) {
		r->heap[i] = r->heap[(i - 1) / CHILDREN];
		i = (i - 1) / CHILDREN;
	}
	r->heap[i] = *s;
}

static size_t oldest_child(const struct ms_keys_replay *r, size_t i)
{
	size_t first = CHILDREN * i + 1, oldest = first;

	for (size_t c = first + 1; c < first + CHILDREN && c < r->n; c++) {
		if (r->heap[c].stamp < r->heap[oldest].stamp)
			oldest = c;
	}
	return oldest;
}

/* Puts `s` in place of the oldest. */
static void replace_oldest(struct ms_keys_replay *r, const struct ms_keys_seen *s)
{
	size_t i = 0, c;

	while ((c = oldest_child(r, i)) < r->n && r->heap[c].stamp < s->stamp) {
		r->heap[i] = r->heap[c];
		i = c;
	}
	r->heap[i] = *s;
}

static int grow(struct ms_keys_replay *r)
{
	size_t cap = r->cap ? 2 * r->cap : 64;
	struct ms_keys_seen *heap;

	if (r->n < r->cap || r->n == r->max)
		return 0;
	if (cap > r->max)
		cap = r->max;
	heap = ms_realloc(r->heap, cap * sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	r->heap = heap;
	r->cap = cap;
	return 0;
}

/* ---- remembering ---- */

void ms_keys_replay_forgotten(struct ms_keys_replay *r, ms_usec stamp)
{
	if (stamp > r->floor)
		r->floor = stamp;
}

static struct ms_span name_of(const uint8_t id[MS_KEYS_REPLAY_ID])
{
	return ms_span_of(id, MS_KEYS_REPLAY_ID);
}

static bool has(const struct ms_keys_replay *r, const uint8_t id[MS_KEYS_REPLAY_ID])
{
	return ms_hash_get(r->ids, name_of(id)) != NULL;
}

/* The rule: a full cache takes what is newer than its oldest entry, whose place it takes. */
static bool has_place_for(const struct ms_keys_replay *r, ms_usec stamp)
{
	return r->n < r->max || stamp > r->heap[0].stamp;
}

/* Room for one and its name; it is not in the heap yet. */
static int prepare(struct ms_keys_replay *r, const struct ms_keys_seen *s)
{
	int err = grow(r);

	return err ? err : ms_hash_put(r->ids, name_of(s->id), r);
}

static void settle(struct ms_keys_replay *r, const struct ms_keys_seen *s)
{
	if (r->n < r->max) {
		sift_up(r, r->n++, s);
		return;
	}
	ms_keys_replay_forgotten(r, r->heap[0].stamp);
	ms_hash_take(r->ids, name_of(r->heap[0].id));
	replace_oldest(r, s);
}

int ms_keys_replay_recall(struct ms_keys_replay *r, const uint8_t id[MS_KEYS_REPLAY_ID],
			  ms_usec stamp)
{
	struct ms_keys_seen s = { .stamp = stamp };
	int err;

	if (has(r, id))
		return 0;
	if (!has_place_for(r, stamp)) {
		ms_keys_replay_forgotten(r, stamp);
		return 0;
	}
	memcpy(s.id, id, sizeof(s.id));
	err = prepare(r, &s);
	if (!err)
		settle(r, &s);
	return err;
}

static int remember(struct ms_keys_replay *r, const struct ms_keys_seen *s)
{
	int err;

	if (has(r, s->id))
		return -EALREADY;
	if (s->stamp <= r->floor || !has_place_for(r, s->stamp))
		return -ESTALE;
	err = prepare(r, s);
	if (err)
		return err;
	err = ms_keys_replay_append(r, s);
	if (err) {
		ms_hash_take(r->ids, name_of(s->id));
		return err;
	}
	settle(r, s);
	return 0;
}

bool ms_keys_replay_seen(struct ms_keys_replay *r, const uint8_t id[MS_KEYS_REPLAY_ID])
{
	/* Unreadable is told by ms_keys_replay_enter(), which comes before anything is shown. */
	(void)!ms_keys_replay_catch_up(r);
	return has(r, id);
}

int ms_keys_replay_enter(struct ms_keys_replay *r, const uint8_t id[MS_KEYS_REPLAY_ID],
			 ms_usec stamp)
{
	struct ms_keys_seen s = { .stamp = stamp };
	int err = ms_keys_replay_lock(r);

	if (err)
		return err;
	memcpy(s.id, id, sizeof(s.id));
	err = remember(r, &s);
	if (!err)
		ms_keys_replay_tidy(r);
	ms_keys_replay_unlock(r);
	return err;
}

size_t ms_keys_replay_count(const struct ms_keys_replay *r)
{
	return r->n;
}
