/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file: either every value is in range, or the error names the file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config-table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct outer *o)
{
	const struct inner *list = o->list.items;

	if (o->number < 1 || o->number > 100 || o->time < 0 || o->time > 3600 * MS_SEC ||
	    !o->text || !ms_addr_is_set(&o->addr) || o->choice > 1 || !o->map.name ||
	    o->list.n > 10 || o->profile.clock_skew_s > 86400)
		abort();
	for (size_t i = 0; i < o->list.n; i++)
		if (strlen(list[i].name) < 1 || strlen(list[i].name) > 16 || list[i].port < 1)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_config_error error = { "" };
	struct ms_config *c;
	int err = ms_config_parse(ms_span_of(data, size), "file", outer_fields,
				  sizeof(struct outer), &c, &error);

	if (err == 0) {
		check(ms_config_values(c));
		ms_config_free(c);
	} else if (err != -EINVAL || strncmp(error.text, "file", 4) != 0) {
		abort();
	}
	return 0;
}
