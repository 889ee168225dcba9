/* SPDX-License-Identifier: Apache-2.0 */
#include "list/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/list.h"
#include "core/secret.h"

#define FILE_MAX ((size_t)256 * 1024)

struct token {
	struct ms_list link;
	struct ms_keys_identity identity; /* "": "*" */
	size_t len;
	uint8_t octets[MS_LISTS_TOKEN_MAX];
};

struct ms_lists_tokens {
	struct ms_list all;
};

struct ms_lists_tokens *ms_lists_tokens_free(struct ms_lists_tokens *t)
{
	struct ms_list *link, *next;

	if (!t)
		return NULL;
	ms_list_foreach_safe (link, next, &t->all) {
		struct token *one = MS_CONTAINER_OF(link, struct token, link);

		ms_wipe(one->octets, sizeof(one->octets));
		ms_free(one);
	}
	return ms_free(t);
}

/* RFC 6750 section 2.1: b64token; here without the '=' that may end it. */
static bool is_token(struct ms_span s)
{
	if (s.len < MS_LISTS_TOKEN_MIN || s.len > MS_LISTS_TOKEN_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (c <= ' ' || c >= 0x7f || c == '"' || c == ',' || c == ';')
			return false;
	}
	return true;
}

static int take_line(struct ms_lists_tokens *t, struct ms_span line)
{
	struct ms_span rest = line, text = ms_span_cut(&rest, ' '), whose = ms_span_trim(rest);
	struct ms_keys_identity id = { "" };
	struct token *one;

	if (!is_token(text))
		return -EINVAL;
	if (!ms_span_is(whose, "*") && ms_keys_identity_parse(whose, &id))
		return -EINVAL;
	one = ms_zalloc(sizeof(*one));
	if (!one)
		return -ENOMEM;
	one->identity = id;
	one->len = text.len;
	memcpy(one->octets, text.p, text.len);
	ms_list_append(&t->all, &one->link);
	return 0;
}

int ms_lists_tokens_parse(struct ms_span text, struct ms_buf *error, struct ms_lists_tokens **ret_t)
{
	struct ms_lists_tokens *t = ms_zalloc(sizeof(*t));
	int err = 0;

	if (!t)
		return -ENOMEM;
	ms_list_init(&t->all);
	for (unsigned n = 1; err == 0 && text.len > 0; n++) {
		struct ms_span line = ms_span_trim(ms_span_cut(&text, '\n'));

		if (line.len == 0 || line.p[0] == '#')
			continue;
		err = take_line(t, line);
		if (err == -EINVAL)
			ms_buf_printf(error, "line %u is not \"TOKEN URI\" or \"TOKEN *\"", n);
	}
	if (err)
		ms_lists_tokens_free(t);
	else
		*ret_t = t;
	return err;
}

static int read_file(int fd, struct ms_buf *text)
{
	uint8_t *p = ms_buf_extend(text, FILE_MAX);
	ssize_t n = p ? read(fd, p, FILE_MAX) : -1;

	ms_buf_truncate(text, n > 0 ? (size_t)n : 0);
	return p ? n < 0 ? -EIO : (size_t)n == FILE_MAX ? -EFBIG : 0 : -ENOMEM;
}

int ms_lists_tokens_load(const char *path, struct ms_buf *error, struct ms_lists_tokens **ret_t)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	int err;

	ms_buf_init_secret(&text, FILE_MAX);
	ms_buf_printf(error, "%s: ", path);
	if (fd < 0) {
		err = -errno;
		ms_buf_put_str(error, strerror(errno));
		return err;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077)) {
		close(fd);
		ms_buf_put_str(error, "not a regular file of mode 0600");
		return -EACCES;
	}
	err = read_file(fd, &text);
	close(fd);
	if (err)
		ms_buf_put_str(error, strerror(-err));
	return err ? err : ms_lists_tokens_parse(ms_buf_span(&text), error, ret_t);
}

bool ms_lists_tokens_check(const struct ms_lists_tokens *t, struct ms_span authorization,
			   struct ms_lists_client *ret_client)
{
	struct ms_span rest = authorization, scheme = ms_span_cut(&rest, ' ');
	struct ms_span given = ms_span_trim(rest);
	const struct ms_list *link;
	bool found = false;

	if (!ms_span_is_nocase(scheme, "Bearer"))
		return false;
	ms_list_foreach (link, &t->all) {
		const struct token *one = MS_CONTAINER_OF(link, struct token, link);

		if (ms_secret_equal(ms_span_of(one->octets, one->len), given)) {
			ret_client->identity = one->identity;
			found = true;
		}
	}
	return found;
}
