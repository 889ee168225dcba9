/* SPDX-License-Identifier: Apache-2.0 */
/* What parses as a file selector is written so that it parses to the same. */
#include <stdlib.h>

#include "msrp/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_selector(struct ms_span text)
{
	struct ms_msrp_file_selector s, again;
	struct ms_buf b;

	if (ms_msrp_file_selector_parse(text, &s) < 0)
		return;
	ms_buf_init(&b, 8192);
	ms_msrp_file_selector_put(&b, &s);
	if (ms_buf_status(&b) < 0 || ms_msrp_file_selector_parse(ms_buf_span(&b), &again) < 0 ||
	    !ms_msrp_file_selector_matches(&s, &again) ||
	    !ms_msrp_file_selector_matches(&again, &s))
		abort();
	ms_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_span text = ms_span_of(data, size);
	struct ms_msrp_file_range range;
	struct ms_buf name;

	try_selector(text);
	if (ms_msrp_file_range_parse(text, &range) == 0 &&
	    (range.first == 0 || range.last < range.first))
		abort();
	ms_buf_init(&name, 1000);
	ms_msrp_file_safe_name(&name, text);
	if (name.len == 0 || name.p[0] == '.' || ms_span_find(ms_buf_span(&name), '/') < name.len)
		abort();
	ms_buf_done(&name);
	return 0;
}
