/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration as an object: its memory, its lines, its complaints; and files. */
#include "daemon/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "core/alloc.h"
#include "daemon/config-priv.h"

#define FILE_MAX ((size_t)1024 * 1024)

/* "FILE:LINE: KEY: text" */
void ms_config_say(struct ms_config_error *error, const char *name, unsigned line, const char *path,
		   const char *fmt, va_list ap)
{
	char at[16] = "";
	int n;

	if (line > 0)
		snprintf(at, sizeof(at), ":%u", line);
	n = snprintf(error->text, sizeof(error->text), "%.200s%s: %.192s%s", name, at, path,
		     *path ? ": " : "");
	vsnprintf(error->text + n, sizeof(error->text) - (size_t)n, fmt, ap);
}

/* ---- the configuration's memory ---- */

static struct ms_config_piece *add_piece(struct ms_config *c, size_t size)
{
	struct ms_config_piece *p = ms_zalloc(sizeof(*p) + size);

	if (p)
		ms_list_append(&c->pieces, &p->link);
	return p;
}

void *ms_config_alloc(struct ms_config *c, size_t size)
{
	struct ms_config_piece *p = add_piece(c, size);

	return p ? p->text : NULL;
}

int ms_config_remember(struct ms_config *c, const char *path, unsigned line)
{
	struct ms_config_piece *p = add_piece(c, strlen(path) + 1);

	if (!p)
		return -ENOMEM;
	p->line = line;
	memcpy(p->text, path, strlen(path));
	return 0;
}

static unsigned recall_line(const struct ms_config *c, const char *path)
{
	struct ms_list *link;

	ms_list_foreach (link, &c->pieces) {
		struct ms_config_piece *p = MS_CONTAINER_OF(link, struct ms_config_piece, link);

		if (p->line > 0 && strcmp(p->text, path) == 0)
			return p->line;
	}
	return 0;
}

struct ms_config *ms_config_new(const char *name, size_t size)
{
	struct ms_config *c = ms_zalloc(sizeof(*c));

	if (!c)
		return NULL;
	ms_list_init(&c->pieces);
	c->name = ms_strdup(name);
	c->values = ms_zalloc(size);
	return c->name && c->values ? c : ms_config_free(c);
}

int ms_config_parse(struct ms_span text, const char *name, const struct ms_config_field *fields,
		    size_t size, struct ms_config **ret_config, struct ms_config_error *ret_error)
{
	struct ms_config *c = ms_config_new(name, size);
	int err = c ? ms_config_read(c, text, fields, ret_error) : -ENOMEM;

	if (err && err != -EINVAL)
		snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
	if (err)
		ms_config_free(c);
	else
		*ret_config = c;
	return err;
}

static int read_whole(const char *path, struct ms_buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n > 0 && ms_buf_status(b) == 0) {
		uint8_t *room = ms_buf_extend(b, 4096);

		if (!room)
			break;
		n = read(fd, room, 4096);
		ms_buf_truncate(b, b->len - 4096 + (n > 0 ? (size_t)n : 0));
	}
	n = n < 0 ? -errno : 0;
	close(fd);
	return n < 0 ? (int)n : ms_buf_status(b);
}

int ms_config_load(const char *path, const struct ms_config_field *fields, size_t size,
		   struct ms_config **ret_config, struct ms_config_error *ret_error)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	int err;

	ms_buf_init(&text, FILE_MAX + 4096);
	err = read_whole(path, &text);
	if (err == 0 && text.len > FILE_MAX)
		err = -EMSGSIZE;
	if (err) {
		snprintf(ret_error->text, sizeof(ret_error->text), "%s: %s", path,
			 err == -EMSGSIZE ? "longer than 1 MiB" : strerror(-err));
		return err;
	}
	return ms_config_parse(ms_buf_span(&text), path, fields, size, ret_config, ret_error);
}

const void *ms_config_values(const struct ms_config *c)
{
	return c->values;
}

int ms_config_complain(const struct ms_config *c, const char *key,
		       struct ms_config_error *ret_error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ms_config_say(ret_error, c->name, recall_line(c, key), key, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

struct ms_config *ms_config_free(struct ms_config *c)
{
	if (!c)
		return NULL;
	while (!ms_list_empty(&c->pieces)) {
		struct ms_config_piece *p =
			MS_CONTAINER_OF(c->pieces.next, struct ms_config_piece, link);

		ms_list_remove(&p->link);
		ms_free(p);
	}
	ms_free(c->name);
	ms_free(c->values);
	return ms_free(c);
}
