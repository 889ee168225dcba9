/* SPDX-License-Identifier: Apache-2.0 */
/* Files on their way. See file.h. */
#include "ue/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/hex.h"
#include "crypto/digest.h"
#include "loop/loop.h"
#include "ue/display.h"

#define PATH_TEXT_MAX 4096
#define PROGRESS_EVERY (100 * MS_MSEC)
#define PIECE 65536       /* octets read at once for the hash */
#define PIECES_AT_ONCE 64 /* and how often before the loop gets its turn */
#define NAMES_MAX 1000    /* "name (1)" and so on */

struct ms_ue_file {
	struct ms_ue_file_handlers handlers;
	struct ms_msrp_file_selector selector;
	struct ms_msrp_file_range range;
	char id[MS_MSRP_FILE_ID_MAX + 1]; /* a=file-transfer-id */
	char path[PATH_TEXT_MAX];         /* sender: the file; receiver: its final name */
	char part[PATH_TEXT_MAX];         /* receiver: where it is until it is whole */
	int fd;                           /* owned; -1 */
	bool sending, over;
	uint64_t at;
	ms_usec told;
	struct ms_digest *sha1, *sha256; /* owned; while it is hashed */
	uint64_t hashed;
	struct ms_msrp_file_tx *tx; /* owned */
	struct ms_msrp_file_rx *rx; /* owned */
};

/* ---- storage ---- */

static int store_read(void *arg, uint64_t offset, uint8_t *dst, size_t size, size_t *ret_n)
{
	struct ms_ue_file *f = arg;
	ssize_t n = pread(f->fd, dst, size, (off_t)offset);

	if (n < 0)
		return -errno;
	*ret_n = (size_t)n;
	return 0;
}

static int store_write(void *arg, uint64_t offset, struct ms_span octets)
{
	struct ms_ue_file *f = arg;

	while (octets.len > 0) {
		ssize_t n = pwrite(f->fd, octets.p, octets.len, (off_t)offset);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			offset += (uint64_t)n;
			octets = ms_span_from(octets, (size_t)n);
		}
	}
	return 0;
}

/* ---- events of the transfer ---- */

static void on_progress(void *arg, uint64_t octets, uint64_t total)
{
	struct ms_ue_file *f = arg;
	ms_usec now = ms_loop_now();

	f->at = f->range.first - 1 + octets;
	if (octets < total && now - f->told < PROGRESS_EVERY)
		return;
	f->told = now;
	f->handlers.progress(f->handlers.arg, f->at, f->selector.size);
}

/* A name nobody has yet: "a.txt", "a.txt (1)" ... Nothing that is there is replaced. */
static int give_name(struct ms_ue_file *f)
{
	size_t len = strlen(f->path);

	for (unsigned i = 0; i < NAMES_MAX; i++) {
		struct ms_buf b;

		ms_buf_init_fixed(&b, f->path + len, sizeof(f->path) - len - 1);
		if (i > 0)
			ms_buf_printf(&b, " (%u)", i);
		if (ms_buf_status(&b))
			return ms_buf_status(&b);
		f->path[len + b.len] = '\0';
		if (renameat2(AT_FDCWD, f->part, AT_FDCWD, f->path, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* What came without a gap can be resumed; the rest cannot be told from holes. */
static void keep_part(const struct ms_ue_file *f)
{
	uint64_t have = f->range.first - 1 + ms_msrp_file_rx_contiguous(f->rx);

	if (have == 0)
		unlink(f->part);
	else
		(void)!ftruncate(f->fd, (off_t)have);
}

static const char *finish_received(struct ms_ue_file *f, enum ms_msrp_file_result result)
{
	switch (result) {
	case MS_MSRP_FILE_DONE:
		if (fsync(f->fd) < 0 || give_name(f))
			return "file_storage";
		return NULL;
	case MS_MSRP_FILE_LOST:
	case MS_MSRP_FILE_TIMED_OUT:
		keep_part(f);
		break;
	default:
		unlink(f->part);
	}
	return NULL;
}

static const char *const reasons[] = {
	[MS_MSRP_FILE_DONE] = NULL,
	[MS_MSRP_FILE_REFUSED] = "file_refused",
	[MS_MSRP_FILE_CANCELLED] = "file_cancelled",
	[MS_MSRP_FILE_ABORTED] = "file_aborted",
	[MS_MSRP_FILE_BAD_SIZE] = "file_bad_size",
	[MS_MSRP_FILE_BAD_TYPE] = "file_bad_type",
	[MS_MSRP_FILE_BAD_HASH] = "file_bad_hash",
	[MS_MSRP_FILE_STORAGE] = "file_storage",
	[MS_MSRP_FILE_TIMED_OUT] = "file_timeout",
	[MS_MSRP_FILE_LOST] = "file_lost",
};

static void on_done(void *arg, enum ms_msrp_file_result result, int code)
{
	struct ms_ue_file *f = arg;
	const char *reason = reasons[result];

	if (f->over)
		return;
	f->over = true;
	if (!f->sending) {
		const char *trouble = finish_received(f, result);

		reason = trouble ? trouble : reason;
	}
	f->handlers.done(f->handlers.arg, reason, code);
}

static struct ms_msrp_file_params params_of(struct ms_ue_file *f)
{
	return (struct ms_msrp_file_params){
		.file = f->selector,
		.range = f->range,
		.store = { store_read, store_write, f },
		.events = { .progress = on_progress, .done = on_done, .arg = f },
	};
}

/* ---- sending ---- */

static int describe(struct ms_ue_file *f, const char *path, uint64_t from)
{
	const char *slash = strrchr(path, '/');
	struct stat st;
	struct ms_buf b;

	if (fstat(f->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size == 0 || (uint64_t)st.st_size <= from)
		return -EINVAL;
	if (ms_span_to_str(ms_span_str(path), f->path, sizeof(f->path)) ||
	    ms_span_to_str(ms_span_str(slash ? slash + 1 : path), f->selector.name,
			   sizeof(f->selector.name)))
		return -ENAMETOOLONG;
	(void)!ms_span_to_str(MS_SPAN_LIT("application/octet-stream"), f->selector.type,
			      sizeof(f->selector.type));
	f->selector.has_size = true;
	f->selector.size = (uint64_t)st.st_size;
	f->range = (struct ms_msrp_file_range){ from + 1, f->selector.size };
	f->at = from;
	ms_buf_init_fixed(&b, f->id, sizeof(f->id) - 1);
	if (ms_msrp_file_id_put(&b, &ms_random_system))
		return -EIO;
	if (ms_digest_new(MS_DIGEST_SHA1, &f->sha1) || ms_digest_new(MS_DIGEST_SHA256, &f->sha256))
		return -ENOMEM;
	return 0;
}

static int hash_piece(struct ms_ue_file *f)
{
	static uint8_t piece[PIECE]; /* not a secret: it goes through here at once */
	size_t n = 0;
	int err = store_read(f, f->hashed, piece, sizeof(piece), &n);

	if (!err && n == 0)
		err = -EIO; /* it shrinks while we read */
	if (!err)
		err = ms_digest_update(f->sha1, ms_span_of(piece, n));
	if (!err)
		err = ms_digest_update(f->sha256, ms_span_of(piece, n));
	f->hashed += n;
	return err;
}

static int finish_hash(struct ms_ue_file *f)
{
	struct ms_msrp_file_params params;
	uint8_t digest[MS_DIGEST_MAX];
	size_t len;
	int err = ms_digest_final(f->sha1, digest, &len);

	if (err)
		return err;
	memcpy(f->selector.sha1, digest, sizeof(f->selector.sha1));
	err = ms_digest_final(f->sha256, digest, &len);
	if (err)
		return err;
	memcpy(f->selector.sha256, digest, sizeof(f->selector.sha256));
	f->selector.has_sha1 = f->selector.has_sha256 = true;
	params = params_of(f);
	return ms_msrp_file_tx_new(&params, &f->tx);
}

int ms_ue_file_hash(struct ms_ue_file *f)
{
	int err = 0;

	for (int i = 0; i < PIECES_AT_ONCE && !err && f->hashed < f->selector.size; i++)
		err = hash_piece(f);
	if (err)
		return err;
	return f->hashed < f->selector.size ? 1 : finish_hash(f);
}

static struct ms_ue_file *file_new(const struct ms_ue_file_handlers *h, bool sending)
{
	struct ms_ue_file *f = ms_zalloc(sizeof(*f));

	if (!f)
		return NULL;
	f->fd = -1;
	f->handlers = *h;
	f->sending = sending;
	return f;
}

int ms_ue_file_open(const char *path, uint64_t from, const struct ms_ue_file_handlers *h,
		    struct ms_ue_file **ret_f)
{
	struct ms_ue_file *f = file_new(h, true);
	int err;

	if (!f)
		return -ENOMEM;
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	err = f->fd < 0 ? -errno : describe(f, path, from);
	if (err) {
		ms_ue_file_free(f);
		return err;
	}
	*ret_f = f;
	return 0;
}

/* ---- receiving ---- */

int ms_ue_file_offered(const struct ms_sdp_msrp *line, uint64_t max_size,
		       const struct ms_ue_file_handlers *h, struct ms_ue_file **ret_f)
{
	struct ms_ue_file *f = file_new(h, false);
	int err;

	if (!f)
		return -ENOMEM;
	f->range = (struct ms_msrp_file_range){ 1, MS_MSRP_UNKNOWN };
	err = ms_msrp_file_selector_parse(line->file_selector, &f->selector);
	if (!err && line->file_range.len > 0)
		err = ms_msrp_file_range_parse(line->file_range, &f->range);
	if (!err && (!ms_msrp_file_id_valid(line->file_transfer_id) || !f->selector.has_size ||
		     ms_span_to_str(line->file_transfer_id, f->id, sizeof(f->id))))
		err = -EBADMSG;
	if (!err && f->selector.size > max_size)
		err = -EFBIG;
	if (!err && f->range.last != MS_MSRP_UNKNOWN && f->range.last > f->selector.size)
		err = -EBADMSG;
	if (err) {
		ms_ue_file_free(f);
		return err;
	}
	f->at = f->range.first - 1;
	*ret_f = f;
	return 0;
}

/* Nor may a name turn its direction ("exe.txt" for "txt.exe"), or look like an option to a command. */
static void put_safe_name(struct ms_buf *b, struct ms_span name)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf safe;

	ms_buf_init(&safe, 512);
	ms_msrp_file_safe_name(&safe, name);
	if (safe.len > 0 && safe.p[0] == '-')
		safe.p[0] = '_';
	ms_ue_display_text(b, ms_buf_span(&safe), NULL, safe.len);
	ms_buf_fail(b, ms_buf_status(&safe));
}

/* The partial file's name has the hash in it, so that only the same file is resumed. */
static int make_names(struct ms_ue_file *f, const char *directory)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf safe, path, part;
	struct ms_span hash = f->selector.has_sha256 ? ms_span_of(f->selector.sha256, 8)
			      : f->selector.has_sha1 ? ms_span_of(f->selector.sha1, 8)
						     : ms_span_str(f->id);

	ms_buf_init(&safe, 1024);
	ms_buf_init(&path, PATH_TEXT_MAX - 16);
	ms_buf_init(&part, PATH_TEXT_MAX - 16);
	put_safe_name(&safe, ms_span_str(f->selector.name));
	ms_buf_printf(&path, "%s/%s", directory, ms_buf_cstr(&safe));
	ms_buf_printf(&part, "%s/.%s.", directory, ms_buf_cstr(&safe));
	ms_hex_encode(&part, ms_span_sub(hash, 0, 8));
	ms_buf_put_str(&part, ".part");
	if (ms_buf_status(&safe) || ms_buf_status(&path) || ms_buf_status(&part))
		return -ENAMETOOLONG;
	if (ms_span_to_str(ms_buf_span(&path), f->path, sizeof(f->path)) ||
	    ms_span_to_str(ms_buf_span(&part), f->part, sizeof(f->part)))
		return -ENAMETOOLONG;
	return 0;
}

/*
 * One transfer a partial file: a second one of the same name and hash would write into what the first
 * has verified. The lock goes with the descriptor; a file that got its name meanwhile is not the part.
 */
static int lock_part(const struct ms_ue_file *f)
{
	struct stat here, there;

	if (flock(f->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (fstat(f->fd, &here) < 0)
		return -errno;
	if (lstat(f->part, &there) < 0 || here.st_ino != there.st_ino ||
	    here.st_dev != there.st_dev)
		return -EBUSY;
	return S_ISREG(here.st_mode) ? 0 : -EINVAL;
}

static int open_part(struct ms_ue_file *f)
{
	bool resume = f->range.first > 1;
	struct stat st;
	int err;

	f->fd = open(f->part, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | (resume ? 0 : O_CREAT),
		     0600);
	if (f->fd < 0)
		return resume && errno == ENOENT ? -ERANGE : -errno;
	err = lock_part(f);
	if (err)
		return err;
	if ((!resume && ftruncate(f->fd, 0) < 0) || fstat(f->fd, &st) < 0)
		return -errno;
	return (uint64_t)st.st_size < f->range.first - 1 ? -ERANGE : 0;
}

int ms_ue_file_accept(struct ms_ue_file *f, const char *directory)
{
	struct ms_msrp_file_params params;
	int err = make_names(f, directory);

	if (!err)
		err = open_part(f);
	if (err)
		return err;
	params = params_of(f);
	return ms_msrp_file_rx_new(&params, &f->rx);
}

struct ms_ue_file *ms_ue_file_free(struct ms_ue_file *f)
{
	if (!f)
		return NULL;
	if (f->rx && !f->over)
		keep_part(f);
	ms_digest_free(f->sha1);
	ms_digest_free(f->sha256);
	ms_msrp_file_tx_free(f->tx);
	ms_msrp_file_rx_free(f->rx);
	if (f->fd >= 0)
		close(f->fd);
	return ms_free(f);
}

/* ---- in the session ---- */

static struct ms_span mark(const struct ms_buf *b, size_t from)
{
	return ms_span_from(ms_buf_span(b), from);
}

/* RFC 5547 section 8: what offer and answer carry. `text` must not move: it has its room. */
int ms_ue_file_attributes(const struct ms_ue_file *f, bool answer, struct ms_buf *text,
			  struct ms_sdp_attr_value v[static 4], size_t *ret_n)
{
	struct ms_msrp_file_range range = f->range;
	size_t n = 0, selector, at;

	ms_msrp_file_selector_put(text, &f->selector);
	selector = text->len;
	if (range.first > 1 || range.last < f->selector.size)
		ms_msrp_file_range_put(text, &range);
	at = text->len;
	if (ms_buf_status(text))
		return ms_buf_status(text);
	v[n++] = (struct ms_sdp_attr_value){ "file-selector",
					     ms_span_sub(ms_buf_span(text), 0, selector) };
	v[n++] = (struct ms_sdp_attr_value){ "file-transfer-id", ms_span_str(f->id) };
	if (!answer)
		v[n++] =
			(struct ms_sdp_attr_value){ "file-disposition", MS_SPAN_LIT("attachment") };
	if (at > selector)
		v[n++] = (struct ms_sdp_attr_value){ "file-range", mark(text, selector) };
	*ret_n = n;
	return 0;
}

const struct ms_msrp_handlers *ms_ue_file_msrp_handlers(const struct ms_ue_file *f, void **ret_arg)
{
	*ret_arg = f->sending ? (void *)f->tx : (void *)f->rx;
	return f->sending ? ms_msrp_file_tx_handlers() : ms_msrp_file_rx_handlers();
}

int ms_ue_file_start(struct ms_ue_file *f, struct ms_msrp_session *s)
{
	return f->sending ? ms_msrp_file_tx_start(f->tx, s) : 0;
}

void ms_ue_file_cancel(struct ms_ue_file *f)
{
	if (f->tx)
		ms_msrp_file_tx_cancel(f->tx);
	if (f->rx)
		ms_msrp_file_rx_cancel(f->rx);
}

bool ms_ue_file_sending(const struct ms_ue_file *f)
{
	return f->sending;
}

const char *ms_ue_file_name(const struct ms_ue_file *f)
{
	return f->selector.name;
}

const char *ms_ue_file_path(const struct ms_ue_file *f)
{
	return f->path;
}

const char *ms_ue_file_type(const struct ms_ue_file *f)
{
	return f->selector.type;
}

uint64_t ms_ue_file_size(const struct ms_ue_file *f)
{
	return f->selector.size;
}

uint64_t ms_ue_file_at(const struct ms_ue_file *f)
{
	return f->at;
}

bool ms_ue_file_has_hash(const struct ms_ue_file *f)
{
	return f->selector.has_sha256 || f->selector.has_sha1;
}

static void put_hex(struct ms_buf *b, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ms_buf_printf(b, "%s%02X", i > 0 ? ":" : "", p[i]);
}

void ms_ue_file_put_hash(const struct ms_ue_file *f, struct ms_buf *b)
{
	if (f->selector.has_sha256) {
		ms_buf_put_str(b, "sha-256:");
		put_hex(b, f->selector.sha256, sizeof(f->selector.sha256));
	} else if (f->selector.has_sha1) {
		ms_buf_put_str(b, "sha-1:");
		put_hex(b, f->selector.sha1, sizeof(f->selector.sha1));
	}
}
