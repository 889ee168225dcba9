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

/* `path` has `len` octets of the section's name with its dot already. */
static bool differs(const struct ms_config_field *f, const uint8_t *a, const uint8_t *b,
		    const char *const *loose, char path[static MS_CONFIG_PATH_MAX], size_t len)
{
	for (; f->key; f++) {
		int n = snprintf(path + len, MS_CONFIG_PATH_MAX - len, "%s", f->key);

		if (n < 0 || len + (size_t)n + 2 > MS_CONFIG_PATH_MAX)
			return true;
		if (is_loose(path, loose))
			continue;
		if (f->type != MS_CONFIG_MAP) {
			if (!same(f, a + f->offset, b + f->offset))
				return true;
			continue;
		}
		path[len + (size_t)n] = '.';
		path[len + (size_t)n + 1] = '\0';
		if (differs(f->fields, a + f->offset, b + f->offset, loose, path,
			    len + (size_t)n + 1))
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
