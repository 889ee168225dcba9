/* SPDX-License-Identifier: Apache-2.0 */
/* Address text: what is accepted prints as something that is accepted again and is equal. */
#include <stdint.h>
#include <stdlib.h>

#include "loop/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_addr a, b;
	char text[MS_ADDR_TEXT_MAX];

	if (ms_addr_parse(ms_span_of(data, size), 5060, &a))
		return 0;
	ms_addr_print(&a, text);
	if (ms_addr_parse(ms_span_str(text), 0, &b) || !ms_addr_equal(&a, &b))
		abort();
	return 0;
}
