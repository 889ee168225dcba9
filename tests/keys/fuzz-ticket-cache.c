/* SPDX-License-Identifier: Apache-2.0 */
/* The content of a ticket file, as if its encryption had been got around. */
#include <stddef.h>
#include <stdint.h>

#include "keys/ticket-cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_keys_cache *c = NULL;

	if (ms_keys_cache_new(4, &c))
		return 0;
	(void)!ms_keys_cache_parse(c, ms_span_of(data, size), 0);
	ms_keys_cache_free(c);
	return 0;
}
