/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replay cache's file: a heading, then a record of 40 octets for each message taken, appended.
 * Processes of one user share it under a lock. When most of its records are of forgotten messages it
 * is written anew beside and renamed; who still has the old one open finds that it lost its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/buf.h"
#include "core/reader.h"
#include "keys/replay-priv.h"

#define RECORD (MS_KEYS_REPLAY_ID + 8)
#define RECORDS_AT_ONCE 256
#define TIDY_FROM \
	1024 /* records beyond twice the cache: small ones are not written anew all the time */
#define PATH_MAX_OCTETS 8192

/* The first record: these octets, then the timestamp of the newest that was forgotten (0: none). */
static const uint8_t magic[MS_KEYS_REPLAY_ID] = "mediasec-ue seen messages 1\n";

/* ---- records ---- */

static void put_record(struct ms_buf *b, const uint8_t id[MS_KEYS_REPLAY_ID], ms_usec stamp)
{
	ms_buf_put(b, id, MS_KEYS_REPLAY_ID);
	ms_buf_put_u64(b, (uint64_t)stamp);
}

static ms_usec stamp_of(const uint8_t *record)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++)
		v = v << 8 | record[MS_KEYS_REPLAY_ID + i];
	return (ms_usec)v;
}

static int write_all(int fd, struct ms_span s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.p, s.len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ENOSPC;
		s = ms_span_from(s, n > 0 ? (size_t)n : 0);
	}
	return 0;
}

static void put_heading(const struct ms_keys_replay *r, struct ms_buf *b)
{
	put_record(b, magic, r->floor > 0 ? r->floor : 0);
}

int ms_keys_replay_append(struct ms_keys_replay *r, const struct ms_keys_seen *s)
{
	uint8_t record[RECORD];
	struct ms_buf b;
	int err;

	if (r->fd < 0)
		return 0;
	ms_buf_init_fixed(&b, record, sizeof(record));
	put_record(&b, s->id, s->stamp);
	err = write_all(r->fd, ms_buf_span(&b));
	if (!err)
		r->read_to += RECORD;
	else if (ftruncate(r->fd, r->read_to) < 0) /* half a record would shift all that follow */
		return -errno;
	return err;
}

int ms_keys_replay_catch_up(struct ms_keys_replay *r)
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
			int err = ms_keys_replay_recall(r, records + at, stamp_of(records + at));

			if (err)
				return err;
		}
		r->read_to += n;
		if (n < (ssize_t)sizeof(records))
			return 0;
	}
}

/* ---- the file as a whole ---- */

static int flock_exclusively(int fd)
{
	while (flock(fd, LOCK_EX) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static int open_locked(struct ms_keys_replay *r)
{
	r->fd = open(r->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW,
		     0600);
	r->read_to = 0;
	return r->fd < 0 ? -errno : flock_exclusively(r->fd);
}

/* A new file gets its heading; of a crash's half record nothing is left. */
static int check_file(struct ms_keys_replay *r, off_t size)
{
	uint8_t head[RECORD];
	struct ms_buf b;
	ssize_t n = pread(r->fd, head, sizeof(head), 0);

	if (n < 0)
		return -errno;
	if (n == 0) {
		ms_buf_init_fixed(&b, head, sizeof(head));
		put_heading(r, &b);
		r->read_to = RECORD;
		return write_all(r->fd, ms_buf_span(&b));
	}
	if (n != RECORD || memcmp(head, magic, sizeof(magic)) != 0)
		return -EBADMSG;
	if (stamp_of(head) > 0)
		ms_keys_replay_forgotten(r, stamp_of(head));
	r->read_to = RECORD;
	return size % RECORD != 0 && ftruncate(r->fd, size - size % RECORD) < 0 ? -errno : 0;
}

static void close_file(struct ms_keys_replay *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

/* The file that has the name now: somebody may have written it anew since we opened it. */
int ms_keys_replay_lock(struct ms_keys_replay *r)
{
	struct stat st;
	int err;

	if (!r->path)
		return 0;
	err = r->fd < 0 ? open_locked(r) : flock_exclusively(r->fd);
	while (!err) {
		if (fstat(r->fd, &st) < 0)
			return -errno;
		if (st.st_nlink > 0)
			break;
		close_file(r);
		err = open_locked(r);
	}
	if (!err && r->read_to == 0)
		err = check_file(r, st.st_size);
	if (!err)
		err = ms_keys_replay_catch_up(r);
	if (err)
		close_file(r); /* unlocks; the next tries again */
	return err;
}

void ms_keys_replay_unlock(struct ms_keys_replay *r)
{
	if (r->fd >= 0)
		(void)!flock(r->fd, LOCK_UN);
}

static int write_anew(const struct ms_keys_replay *r, int fd)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	int err;

	ms_buf_init(&b, (r->n + 1) * RECORD);
	put_heading(r, &b);
	for (size_t i = 0; i < r->n; i++)
		put_record(&b, r->heap[i].id, r->heap[i].stamp);
	err = ms_buf_status(&b);
	if (!err)
		err = write_all(fd, ms_buf_span(&b));
	if (!err && fdatasync(fd) < 0)
		err = -errno;
	return err;
}

void ms_keys_replay_tidy(struct ms_keys_replay *r)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf name;
	int fd, err;

	ms_buf_init(&name, PATH_MAX_OCTETS);
	if (r->fd < 0 || (size_t)(r->read_to / RECORD) < 2 * r->max + TIDY_FROM)
		return;
	ms_buf_printf(&name, "%s.new", r->path);
	if (ms_buf_status(&name))
		return;
	fd = open(ms_buf_cstr(&name),
		  O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	err = write_anew(r, fd);
	if (err || rename(ms_buf_cstr(&name), r->path) < 0) {
		unlink(ms_buf_cstr(&name));
		close(fd);
		return;
	}
	close_file(r); /* who waits for its lock finds it without a name */
	r->fd = fd;
	r->read_to = (off_t)(r->n + 1) * RECORD;
}

int ms_keys_replay_open(struct ms_keys_replay *r, const char *path)
{
	int err;

	r->path = ms_strdup(path);
	err = r->path ? ms_keys_replay_lock(r) : -ENOMEM;
	if (err) {
		r->path = ms_free(r->path);
		return err;
	}
	ms_keys_replay_unlock(r);
	return 0;
}
