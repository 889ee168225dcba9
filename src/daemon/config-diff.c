/* SPDX-License-Identifier: Apache-2.0 */
/* Two configurations of one table: whether what differs may be changed while the program runs; a copy. */
#include <errno.h>
#include <stdio.h>

#include "core/alloc.h"
#include "daemon/config-priv.h"

#define VALUES_MAX ((size_t)16 << 20) /* a file has at most 1 MiB, its defaults repeat in lists */

/* "sip.idle", or "media", which stands for all of that section. */
static bool is_loose(const char *path, const char *const *loose)
{
	for (; loose && *loose; loose++) {
		size_t n = strlen(*loose);

		if (strncmp(path, *loose, n) == 0 && (path[n] == '\0' || path[n] == '.'))
			return true;
	}
	return false;
}

static bool same(const struct ms_config_field *f, const uint8_t *a, const uint8_t *b)
{
	const struct ms_config_field one[] = { { .type = f->type,
						 .key = "",
						 .fields = f->fields,
						 .item = f->item,
						 .item_size = f->item_size },
					       { 0 } };
	MS_CLEANUP(ms_buf_done) struct ms_buf x, y;

	ms_buf_init(&x, VALUES_MAX);
	ms_buf_init(&y, VALUES_MAX);
	ms_config_put(one, a, &x);
	ms_config_put(one, b, &y);
	return !ms_buf_status(&x) && !ms_buf_status(&y) &&
	       ms_span_eq(ms_buf_span(&x), ms_buf_span(&y));
}

/* The path of `key` in the section whose name, with its dot, are the first `len` octets; -1: too long. */
static int put_key(char path[static MS_CONFIG_PATH_MAX], size_t len, const char *key)
{
	int n = snprintf(path + len, MS_CONFIG_PATH_MAX - len, "%s", key);

	return n < 0 || len + (size_t)n + 2 > MS_CONFIG_PATH_MAX ? -1 : n;
}

static bool profile_differs(const struct ms_profile *a, const struct ms_profile *b,
			    const char *const *loose, char path[static MS_CONFIG_PATH_MAX],
			    size_t len)
{
	const struct ms_profile_entry *e;

	for (size_t i = 0; (e = ms_profile_entry(i)); i++)
		if (!ms_profile_same(a, b, i) &&
		    (put_key(path, len, e->name) < 0 || !is_loose(path, loose)))
			return true;
	return false;
}

/* `path` has `len` octets of the section's name with its dot already. */
static bool differs(const struct ms_config_field *f, const uint8_t *a, const uint8_t *b,
		    const char *const *loose, char path[static MS_CONFIG_PATH_MAX], size_t len)
{
	for (; f->key; f++) {
		const uint8_t *x = a + f->offset, *y = b + f->offset;
		int n = put_key(path, len, f->key);
		size_t inner;

		if (n < 0)
			return true;
		if (is_loose(path, loose))
			continue;
		if (f->type != MS_CONFIG_MAP && f->type != MS_CONFIG_PROFILE) {
			if (!same(f, x, y))
				return true;
			continue;
		}
		inner = len + (size_t)n + 1;
		path[inner - 1] = '.';
		path[inner] = '\0';
		if (f->type == MS_CONFIG_MAP
			    ? differs(f->fields, x, y, loose, path, inner)
			    : profile_differs((const void *)x, (const void *)y, loose, path, inner))
			return true;
	}
	return false;
}

bool ms_config_differs(const struct ms_config_field *fields, const void *a, const void *b,
		       const char *const *loose, char ret_path[static MS_CONFIG_PATH_MAX])
{
	char path[MS_CONFIG_PATH_MAX] = "";

	if (!differs(fields, a, b, loose, path, 0))
		return false;
	memcpy(ret_path, path, sizeof(path));
	return true;
}

int ms_config_copy(const struct ms_config_field *fields, const void *values, size_t size,
		   struct ms_config **ret_config)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, VALUES_MAX);
	ms_config_put(fields, values, &b);
	return ms_buf_status(&b) ? ms_buf_status(&b)
				 : ms_config_take(ms_buf_span(&b), fields, size, ret_config);
}
