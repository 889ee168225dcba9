/* SPDX-License-Identifier: Apache-2.0 */
#include "border/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "border/border.h"
#include "core/alloc.h"
#include "daemon/log.h"

#define FILE_MAX ((off_t)256 << 20)
#define REWRITE_OVER ((off_t)4 << 20)

struct ms_border_journal {
	int fd;
	const char *what;
	void (*rewrite)(void *arg);
	void *arg;
	off_t size, base; /* now; when it was last written anew */
	bool rewriting;
};

/* ---- writing ---- */

static void complain(const struct ms_border_journal *j, const char *why)
{
	MS_LOG(&ms_border_log, MS_LOG_ERROR, "%s: %s", j->what, why);
}

/* One write: a line is there whole or, at the end of the file, cut. */
static void append(struct ms_border_journal *j, const char *text)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf line;

	ms_buf_init(&line, (size_t)FILE_MAX);
	ms_buf_put_str(&line, text);
	ms_buf_put_u8(&line, '\n');
	if (ms_buf_status(&line))
		complain(j, "no memory for a line");
	else if (write(j->fd, line.p, line.len) != (ssize_t)line.len)
		complain(j, strerror(errno));
	else
		j->size += (off_t)line.len;
}

static void begin_anew(struct ms_border_journal *j)
{
	if (j->rewriting || j->size < REWRITE_OVER || j->size < 2 * j->base)
		return;
	if (ftruncate(j->fd, 0) < 0) {
		complain(j, strerror(errno));
		return;
	}
	j->rewriting = true;
	j->size = 0;
	j->rewrite(j->arg);
	j->base = j->size;
	j->rewriting = false;
}

void ms_border_journal_put(struct ms_border_journal *j, json_t *entry)
{
	char *text = j && entry ? json_dumps(entry, JSON_COMPACT) : NULL;

	json_decref(entry);
	if (!j)
		return;
	if (text)
		append(j, text);
	else
		complain(j, "an entry cannot be kept");
	/* library's memory */
	free(text);
	begin_anew(j);
}

void ms_border_journal_drop(struct ms_border_journal *j, const char *key)
{
	if (j)
		ms_border_journal_put(j, json_pack("{s:s, s:b}", "key", key, "gone", 1));
}

/* ---- reading ---- */

static json_t *entries_of(struct ms_span rest)
{
	json_t *entries = json_object();

	while (rest.len > 0) {
		struct ms_span line = ms_span_cut(&rest, '\n');
		json_t *o = json_loadb((const char *)line.p, line.len, 0, NULL);
		const char *key = json_string_value(json_object_get(o, "key"));

		/* A line that was cut off by the end is none. */
		if (key && json_object_get(o, "gone"))
			json_object_del(entries, key);
		else if (key)
			json_object_set(entries, key, o);
		json_decref(o);
	}
	return entries;
}

static json_t *read_file(int fd)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	struct stat st;
	uint8_t *p;

	ms_buf_init(&text, (size_t)FILE_MAX);
	if (fstat(fd, &st) < 0 || st.st_size > FILE_MAX)
		return NULL;
	if (st.st_size == 0)
		return json_object();
	p = ms_buf_extend(&text, (size_t)st.st_size);
	if (!p || pread(fd, p, text.len, 0) != (ssize_t)text.len)
		return NULL;
	return entries_of(ms_buf_span(&text));
}

int ms_border_journal_open(const char *path, const char *what, void (*rewrite)(void *arg),
			   void *arg, struct ms_buf *error, struct ms_border_journal **ret_j,
			   json_t **ret_entries)
{
	struct ms_border_journal *j = ms_zalloc(sizeof(*j));
	json_t *entries;

	if (!j)
		return -ENOMEM;
	*j = (struct ms_border_journal){ .what = what, .rewrite = rewrite, .arg = arg };
	j->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	entries = j->fd >= 0 ? read_file(j->fd) : NULL;
	if (!entries || ftruncate(j->fd, 0) < 0) {
		int err = errno ? -errno : -EIO;

		if (error)
			ms_buf_printf(error, "%s: %s: %s", what, path, strerror(-err));
		json_decref(entries);
		ms_border_journal_close(j);
		return err;
	}
	*ret_j = j;
	*ret_entries = entries;
	return 0;
}

struct ms_border_journal *ms_border_journal_close(struct ms_border_journal *j)
{
	if (!j)
		return NULL;
	if (j->fd >= 0)
		close(j->fd);
	return ms_free(j);
}
