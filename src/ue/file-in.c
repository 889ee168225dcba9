/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that is received: under a partial name, which only the same file can resume, until it is whole and
 * verified; then under a name that nobody has.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/hex.h"
#include "ue/display.h"
#include "ue/file-priv.h"

#define NAMES_MAX 1000 /* "name (1)" and so on */

/* ---- the offer ---- */

int ms_ue_file_offered(const struct ms_sdp_msrp *line, uint64_t max_size,
		       const struct ms_ue_file_handlers *h, struct ms_ue_file **ret_f)
{
	struct ms_ue_file *f = ms_ue_file_new(h, false);
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

/* ---- names ---- */

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
	ms_buf_init(&path, MS_UE_FILE_PATH_MAX - 16);
	ms_buf_init(&part, MS_UE_FILE_PATH_MAX - 16);
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

/* ---- the partial file ---- */

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
	params = ms_ue_file_params(f);
	return ms_msrp_file_rx_new(&params, &f->rx);
}

/* ---- the end ---- */

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
void ms_ue_file_keep_part(const struct ms_ue_file *f)
{
	uint64_t have = f->range.first - 1 + ms_msrp_file_rx_contiguous(f->rx);

	if (have == 0)
		unlink(f->part);
	else
		(void)!ftruncate(f->fd, (off_t)have);
}

const char *ms_ue_file_received(struct ms_ue_file *f, enum ms_msrp_file_result result)
{
	switch (result) {
	case MS_MSRP_FILE_DONE:
		if (fsync(f->fd) < 0 || give_name(f))
			return "file_storage";
		return NULL;
	case MS_MSRP_FILE_LOST:
	case MS_MSRP_FILE_TIMED_OUT:
		ms_ue_file_keep_part(f);
		break;
	default:
		unlink(f->part);
	}
	return NULL;
}
