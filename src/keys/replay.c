/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replay cache: a hash table of names, a heap by timestamp to find the oldest, and an append-only
 * file of fixed records. See replay.h.
 */
#include "keys/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/buf.h"
#include "core/hash.h"
#include "core/reader.h"
#include "crypto/hmac.h"

#define RECORD (MS_KEYS_REPLAY_ID + 8)
#define RECORDS_AT_ONCE 256

static const char magic[RECORD] = "mediasec-ue seen messages 1\n";

struct entry {
	ms_usec stamp;
	uint8_t id[MS_KEYS_REPLAY_ID];
};

struct ms_keys_replay {
	struct ms_hash *ids; /* owned; the values say nothing */
	struct entry *heap;  /* owned; the oldest first */
	size_t n, cap, max;
	ms_usec floor; /* timestamp of the newest entry that was forgotten; INT64_MIN if none */
	int fd;        /* owned; -1 without a file */
	off_t read_to; /* how much of the file was read */
};

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
		err = ms_hash_new(max, key, &r->ids);
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

static void swap(struct entry *a, struct entry *b)
{
	struct entry t = *a;

	*a = *b;
	*b = t;
}

static void sift_up(struct ms_keys_replay *r, size_t i)
{
	for (; i > 0 && r->heap[i].stamp < r->heap[(i - 1) / 2].stamp; i = (i - 1) / 2)
		swap(&r->heap[i], &r->heap[(i - 1) / 2]);
}

static void sift_down(struct ms_keys_replay *r, size_t i)
{
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < r->n; child++) {
			if (r->heap[child].stamp < r->heap[least].stamp)
				least = child;
		}
		if (least == i)
			return;
		swap(&r->heap[i], &r->heap[least]);
		i = least;
	}
}

static void forget_oldest(struct ms_keys_replay *r)
{
	if (r->heap[0].stamp > r->floor)
		r->floor = r->heap[0].stamp;
	ms_hash_take(r->ids, ms_span_of(r->heap[0].id, MS_KEYS_REPLAY_ID));
	r->heap[0] = r->heap[--r->n];
	sift_down(r, 0);
}

static int grow(struct ms_keys_replay *r)
{
	size_t cap = r->cap ? 2 * r->cap : 64;
	struct entry *heap;

	if (r->n < r->cap)
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

static bool has(const struct ms_keys_replay *r, const uint8_t id[MS_KEYS_REPLAY_ID])
{
	return ms_hash_get(r->ids, ms_span_of(id, MS_KEYS_REPLAY_ID)) != NULL;
}

static int remember(struct ms_keys_replay *r, const uint8_t id[MS_KEYS_REPLAY_ID], ms_usec stamp)
{
	struct ms_span name = ms_span_of(id, MS_KEYS_REPLAY_ID);
	int err;

	if (has(r, id))
		return -EALREADY;
	if (stamp <= r->floor || (r->n == r->max && stamp <= r->heap[0].stamp))
		return -ESTALE;
	if (r->n == r->max)
		forget_oldest(r);
	err = grow(r);
	if (!err)
		err = ms_hash_put(r->ids, name, r);
	if (err)
		return err;
	r->heap[r->n].stamp = stamp;
	memcpy(r->heap[r->n].id, id, MS_KEYS_REPLAY_ID);
	sift_up(r, r->n++);
	return 0;
}

static int take_record(struct ms_keys_replay *r, const uint8_t *record)
{
	struct ms_reader in = ms_reader_of(ms_span_of(record + MS_KEYS_REPLAY_ID, 8));
	uint64_t stamp;
	int err = ms_read_u64(&in, &stamp);

	if (!err)
		err = remember(r, record, (ms_usec)stamp);
	return err == -ENOMEM ? err : 0; /* seen twice, or too old to matter */
}

/* What was written since the file was read last, by others perhaps. */
static int catch_up(struct ms_keys_replay *r)
{
	uint8_t records[RECORDS_AT_ONCE * RECORD];

	if (r->fd < 0)
		return 0;
	for (;;) {
		ssize_t n = pread(r->fd, records, sizeof(records), r->read_to);

		if (n < 0)
			return -errno;
		n -= n % RECORD; /* the rest is being written */
		for (ssize_t at = 0; at < n; at += RECORD) {
			int err = take_record(r, records + at);

			if (err)
				return err;
		}
		r->read_to += n;
		if (n < (ssize_t)sizeof(records))
			return 0;
	}
}

static int append(const struct ms_keys_replay *r, const void *record)
{
	ssize_t n;

	if (r->fd < 0)
		return 0;
	n = write(r->fd, record, RECORD); /* O_APPEND: in one piece */
	return n == RECORD ? 0 : n < 0 ? -errno : -ENOSPC;
}

static int check_file(struct ms_keys_replay *r)
{
	char head[RECORD];
	ssize_t n = pread(r->fd, head, sizeof(head), 0);

	if (n < 0)
		return -errno;
	if (n == 0)
		return append(r, magic);
	return n == RECORD && memcmp(head, magic, RECORD) == 0 ? 0 : -EBADMSG;
}

int ms_keys_replay_open(struct ms_keys_replay *r, const char *path)
{
	int err;

	r->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
	if (r->fd < 0)
		return -errno;
	err = check_file(r);
	r->read_to = RECORD;
	if (!err)
		err = catch_up(r);
	if (err) {
		close(r->fd);
		r->fd = -1;
	}
	return err;
}

bool ms_keys_replay_seen(struct ms_keys_replay *r, const uint8_t id[MS_KEYS_REPLAY_ID])
{
	/* Unreadable is told by ms_keys_replay_enter(), which comes before anything is shown. */
	(void)!catch_up(r);
	return has(r, id);
}

int ms_keys_replay_enter(struct ms_keys_replay *r, const uint8_t id[MS_KEYS_REPLAY_ID],
			 ms_usec stamp)
{
	uint8_t record[RECORD];
	struct ms_buf b;
	int err = catch_up(r);

	if (!err)
		err = remember(r, id, stamp);
	if (err)
		return err;
	ms_buf_init_fixed(&b, record, sizeof(record));
	ms_buf_put(&b, id, MS_KEYS_REPLAY_ID);
	ms_buf_put_u64(&b, (uint64_t)stamp);
	return append(r, record);
}

size_t ms_keys_replay_count(const struct ms_keys_replay *r)
{
	return r->n;
}
