/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journals: one file a bucket, "bucket.<number>".
 *
 *   head, 32 octets: "MSREPLAY", version (4), record length (4), bucket length in us (8), number (8)
 *   records, 16 octets each, as many as there are; a shorter rest was torn and does not count
 *
 * and the file "floor": the lowest bucket that is still accepted (8), bucket length in us (8).
 * Integers are big-endian. While there are journals of another bucket length than is configured,
 * theirs is used: numbers would mean other times.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/buf.h"
#include "core/reader.h"
#include "kms/replay-priv.h"

#define PREFIX "bucket."
#define VERSION 1
#define NAME_MAX_OCTETS 40
#define FLOOR_LEN 16

/* Far beyond what any clock gives, so that products with lengths fit. */
#define NUMBER_MAX ((uint64_t)UINT32_MAX)
#define LENGTH_MAX ((uint64_t)3600 * MS_SEC)
#define READ_CHUNK ((size_t)64 * 1024)

static void name_of(int64_t number, char name[NAME_MAX_OCTETS])
{
	snprintf(name, NAME_MAX_OCTETS, PREFIX "%lld", (long long)number);
}

static void make_head(const struct ms_kms_replay *r, int64_t number,
		      uint8_t head[MS_KMS_JOURNAL_HEAD])
{
	struct ms_buf b;

	ms_buf_init_fixed(&b, head, MS_KMS_JOURNAL_HEAD);
	ms_buf_put_str(&b, "MSREPLAY");
	ms_buf_put_u32(&b, VERSION);
	ms_buf_put_u32(&b, MS_KMS_DIGEST_LEN);
	ms_buf_put_u64(&b, (uint64_t)r->c.bucket);
	ms_buf_put_u64(&b, (uint64_t)number);
}

static int open_journal(struct ms_kms_replay *r, struct ms_kms_bucket *b)
{
	char name[NAME_MAX_OCTETS];

	if (b->fd >= 0)
		return 0;
	name_of(b->number, name);
	b->fd = openat(r->dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return b->fd < 0 ? -errno : 0;
}

/* All of it at `offset`, or an error; the offset moves on only after success, so a part that was
 * written is written over the next time. */
static int write_at(struct ms_kms_bucket *b, struct iovec *v, int n, size_t total)
{
	size_t done = 0;

	while (done < total) {
		ssize_t w = pwritev(b->fd, v, n, (off_t)(b->offset + done));

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return w < 0 ? -errno : -EIO;
		done += (size_t)w;
		while (n > 0 && (size_t)w >= v->iov_len) {
			w -= (ssize_t)v->iov_len;
			v++;
			n--;
		}
		if (n > 0) {
			v->iov_base = (uint8_t *)v->iov_base + w;
			v->iov_len -= (size_t)w;
		}
	}
	return 0;
}

int ms_kms_journal_write(struct ms_kms_replay *r, struct ms_kms_bucket *b)
{
	uint8_t head[MS_KMS_JOURNAL_HEAD];
	struct iovec v[2] = { { head, sizeof(head) }, { b->pending, b->n_pending } };
	bool fresh = b->offset == 0;
	size_t total = b->n_pending + (fresh ? sizeof(head) : 0);
	int err = open_journal(r, b);

	make_head(r, b->number, head);
	if (err == 0)
		err = write_at(b, fresh ? v : v + 1, fresh ? 2 : 1, total);
	if (err) {
		r->stats.errors++;
		return err == -EFBIG || err == -EDQUOT ? -ENOSPC : err;
	}
	b->offset += total;
	b->n_pending = 0;
	b->unsynced = true;
	r->stats.written += total;
	r->stats.flushes++;
	if (r->c.sync != MS_KMS_SYNC_BATCH)
		return 0;
	r->stats.syncs++;
	b->unsynced = false;
	return fdatasync(b->fd) == 0 ? 0 : -errno;
}

void ms_kms_journal_unlink(struct ms_kms_replay *r, int64_t number)
{
	char name[NAME_MAX_OCTETS];

	name_of(number, name);
	/* A file that stays is below the floor and is tried again at the next start. */
	if (unlinkat(r->dir_fd, name, 0) < 0 && errno != ENOENT)
		r->stats.errors++;
}

void ms_kms_journal_floor(struct ms_kms_replay *r, int64_t floor)
{
	uint8_t octets[FLOOR_LEN];
	struct ms_buf b;

	r->floor = floor;
	ms_buf_init_fixed(&b, octets, sizeof(octets));
	ms_buf_put_u64(&b, (uint64_t)floor);
	ms_buf_put_u64(&b, (uint64_t)r->c.bucket);
	if (pwrite(r->floor_fd, octets, sizeof(octets), 0) != (ssize_t)sizeof(octets))
		r->stats.errors++;
}

/* *ret_length is that of the journals, or 0 if there is no floor file yet. */
static int load_floor(struct ms_kms_replay *r, ms_usec *ret_length)
{
	uint8_t octets[FLOOR_LEN];
	struct ms_reader in = ms_reader_of(ms_span_of(octets, sizeof(octets)));
	uint64_t floor, length;
	ssize_t n;

	*ret_length = 0;
	r->floor_fd = openat(r->dir_fd, "floor", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (r->floor_fd < 0)
		return -errno;
	n = pread(r->floor_fd, octets, sizeof(octets), 0);
	if (n < 0)
		return -errno;
	if (n == (ssize_t)sizeof(octets) && ms_read_u64(&in, &floor) == 0 &&
	    ms_read_u64(&in, &length) == 0 && length >= (uint64_t)MS_SEC && length <= LENGTH_MAX &&
	    (floor <= NUMBER_MAX || (int64_t)floor == INT64_MIN)) {
		r->floor = (int64_t)floor;
		*ret_length = (ms_usec)length;
	}
	return 0;
}

static int load_records(struct ms_kms_replay *r, struct ms_kms_bucket *b, uint8_t *chunk)
{
	for (;;) {
		ssize_t n = pread(b->fd, chunk, READ_CHUNK, (off_t)b->offset);
		size_t whole = n < 0 ? 0 : (size_t)n - (size_t)n % MS_KMS_DIGEST_LEN;

		if (n < 0)
			return -errno;
		for (size_t i = 0; i < whole; i += MS_KMS_DIGEST_LEN) {
			static const uint8_t hole[MS_KMS_DIGEST_LEN];
			int err = memcmp(chunk + i, hole, sizeof(hole)) == 0
					  ? 0
					  : ms_kms_bucket_put(r, b, chunk + i);

			if (err && err != -EEXIST)
				return err;
		}
		b->offset += whole;
		r->stats.loaded += whole / MS_KMS_DIGEST_LEN;
		if (whole == 0)
			return 0;
	}
}

/* A head that never got written whole means that nothing was answered on its account. */
static int load_journal(struct ms_kms_replay *r, int64_t number, uint8_t *chunk)
{
	uint8_t want[MS_KMS_JOURNAL_HEAD], head[MS_KMS_JOURNAL_HEAD];
	struct ms_kms_bucket *b = ms_kms_bucket_get(r, number);
	ssize_t n;
	int err;

	if (!b)
		return -ENOMEM;
	err = open_journal(r, b);
	if (err)
		return err;
	make_head(r, number, want);
	n = pread(b->fd, head, sizeof(head), 0);
	if (n < 0)
		return -errno;
	if (n < (ssize_t)sizeof(head))
		return 0;
	if (memcmp(head, want, sizeof(head)) != 0) {
		b->closed = true;
		r->stats.damaged++;
		return 0;
	}
	b->offset = sizeof(head);
	return load_records(r, b, chunk);
}

static bool number_of(const char *name, int64_t *ret_number)
{
	struct ms_span s = ms_span_str(name);
	uint64_t v;

	if (!ms_span_starts(s, MS_SPAN_LIT(PREFIX)) ||
	    ms_span_u64(ms_span_from(s, sizeof(PREFIX) - 1), NUMBER_MAX, &v))
		return false;
	*ret_number = (int64_t)v;
	return true;
}

static int load_each(struct ms_kms_replay *r, DIR *d, uint8_t *chunk)
{
	const struct dirent *e;
	int64_t number;
	int err = 0;

	for (errno = 0; err == 0 && (e = readdir(d)) != NULL; errno = 0) {
		if (!number_of(e->d_name, &number))
			continue;
		if (number < r->floor)
			ms_kms_journal_unlink(r, number);
		else
			err = load_journal(r, number, chunk);
	}
	return err ? err : -errno;
}

/* The highest number of a journal; INT64_MIN if there is none. */
static int64_t newest_journal(DIR *d)
{
	const struct dirent *e;
	int64_t number, newest = INT64_MIN;

	while ((e = readdir(d)) != NULL)
		if (number_of(e->d_name, &number) && number > newest)
			newest = number;
	rewinddir(d);
	return newest;
}

/* The first bucket of the new length that begins when the old bucket `number` has. */
static int64_t convert(int64_t number, ms_usec length, ms_usec wanted)
{
	return (int64_t)((double)number * (double)length / (double)wanted) + 1;
}

static void forget_all(struct ms_kms_replay *r, DIR *d)
{
	const struct dirent *e;
	int64_t number;

	while ((e = readdir(d)) != NULL)
		if (number_of(e->d_name, &number))
			ms_kms_journal_unlink(r, number);
	rewinddir(d);
}

static void choose_length(struct ms_kms_replay *r, DIR *d, ms_usec length, ms_usec now,
			  char why[MS_KMS_REPLAY_WHY_MAX])
{
	ms_usec wanted = r->c.bucket;
	int64_t newest;

	if (length == 0 || length == wanted)
		return;
	newest = newest_journal(d);
	if (newest >= now / length) {
		r->c.bucket = length;
		snprintf(why, MS_KMS_REPLAY_WHY_MAX,
			 "replay journals have buckets of %lld s, which stay in use until a start "
			 "that finds none of them",
			 (long long)(length / MS_SEC));
		return;
	}
	/* All have passed. What was closed stays closed, rounded up. */
	if (newest >= r->floor && newest != INT64_MIN)
		r->floor = newest + 1;
	if (r->floor > 0)
		r->floor = convert(r->floor, length, wanted);
	forget_all(r, d);
}

static int load_directory(struct ms_kms_replay *r, ms_usec now, char why[MS_KMS_REPLAY_WHY_MAX])
{
	ms_usec length = 0;
	MS_CLEANUP(ms_freep) uint8_t *chunk = ms_zalloc(READ_CHUNK);
	int err, fd = chunk ? dup(r->dir_fd) : -1;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d) {
		err = chunk ? -errno : -ENOMEM;
		if (fd >= 0)
			close(fd);
		return err;
	}
	err = load_floor(r, &length);
	if (err == 0) {
		choose_length(r, d, length, now, why);
		err = load_each(r, d, chunk);
	}
	closedir(d);
	if (err == 0)
		ms_kms_journal_floor(r, r->floor);
	return err;
}

int ms_kms_journal_load(struct ms_kms_replay *r, const char *dir, ms_usec now,
			char why[MS_KMS_REPLAY_WHY_MAX])
{
	int err;

	r->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = r->dir_fd < 0 ? -errno : load_directory(r, now, why);
	if (err)
		snprintf(why, MS_KMS_REPLAY_WHY_MAX, "replay journal %s: %s", dir, strerror(-err));
	else if (r->stats.damaged > 0)
		snprintf(why, MS_KMS_REPLAY_WHY_MAX,
			 "replay journal %s: %llu damaged; messages of their time are refused", dir,
			 (unsigned long long)r->stats.damaged);
	return err;
}
