/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a list's document: what is found lies inside of what came, between quotes that it has not. */
#include <stdlib.h>

#include "list/http-priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_span uri, s = ms_span_of(data, size);

	if (ms_lists_selector_read(s, &uri))
		return 0;
	if (uri.len == 0 || uri.p <= data || uri.p + uri.len + 2 != data + size ||
	    uri.p[-1] != uri.p[uri.len] || ms_span_find(uri, uri.p[-1]) < uri.len)
		abort();
	return 0;
}
