/* SPDX-License-Identifier: Apache-2.0 */
/* Message identifiers as people write them: what is read can be written and read again as the same. */
#include <stdlib.h>

#include "h248/mid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_h248_mid mid = { 0 }, again = { 0 };
	struct ms_buf b;

	if (ms_h248_mid_parse(ms_span_of(data, size), &mid) < 0)
		return 0;
	ms_buf_init(&b, size + 64);
	ms_h248_mid_put(&b, &mid);
	check(ms_buf_status(&b) == 0 && ms_h248_mid_parse(ms_buf_span(&b), &again) == 0);
	check(again.kind == mid.kind && again.port == mid.port &&
	      ms_span_eq(again.name, mid.name) &&
	      memcmp(again.address, mid.address, sizeof(mid.address)) == 0);
	ms_buf_done(&b);
	return 0;
}
