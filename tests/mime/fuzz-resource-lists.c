/* SPDX-License-Identifier: Apache-2.0 */
/* Resource lists: what was read can be written and then reads the same; a history hides who is hidden. */
#include <stdlib.h>

#include "mime/resource-lists.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_history(const struct ms_resource_lists *l)
{
	struct ms_resource_lists h;
	struct ms_fault f = { 0 };
	struct ms_buf b;

	ms_buf_init(&b, (size_t)8 << 20);
	if (ms_resource_lists_history(&b, l->entry, l->n)) {
		if (ms_buf_status(&b) < 0 ||
		    ms_resource_lists_read(ms_buf_span(&b), NULL, &h, &f) < 0)
			abort();
		for (size_t i = 0; i < h.n; i++)
			if (h.entry[i].copy == MS_COPY_BCC || h.entry[i].anonymize)
				abort();
		ms_resource_lists_done(&h);
	}
	ms_buf_done(&b);
}

static void check_again(const struct ms_resource_lists *l)
{
	struct ms_resource_limits limits = { .octets = (size_t)8 << 20 };
	struct ms_resource_lists again;
	struct ms_fault f = { 0 };
	struct ms_buf b;

	ms_buf_init(&b, (size_t)8 << 20);
	ms_resource_lists_write(&b, l->name, l->entry, l->n);
	if (ms_buf_status(&b) < 0 ||
	    ms_resource_lists_read(ms_buf_span(&b), &limits, &again, &f) < 0 || again.n != l->n)
		abort();
	for (size_t i = 0; i < l->n; i++)
		if (!ms_span_eq(l->entry[i].uri, again.entry[i].uri) ||
		    l->entry[i].copy != again.entry[i].copy)
			abort();
	ms_resource_lists_done(&again);
	ms_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_resource_lists l;
	struct ms_fault f = { 0 };

	if (ms_resource_lists_read(ms_span_of(data, size), NULL, &l, &f) < 0) {
		if (!f.reason || f.offset > size)
			abort();
		return 0;
	}
	check_again(&l);
	check_history(&l);
	ms_resource_lists_done(&l);
	return 0;
}
