/* SPDX-License-Identifier: Apache-2.0 */
/* Address literals: what is read can be written, and read again as the same address. */
#include <stdlib.h>

#include "core/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t octets[16] = { 0 }, again[16] = { 0 }, text[64];
	uint8_t family = ms_ip_parse(ms_span_of(data, size), octets);
	struct ms_buf b;

	if (!family)
		return 0;
	ms_buf_init_fixed(&b, text, sizeof(text));
	ms_ip_put(&b, family, octets);
	if (ms_buf_status(&b) < 0 || ms_ip_parse(ms_buf_span(&b), again) != family ||
	    memcmp(octets, again, family == 4 ? 4 : 16) != 0)
		abort();
	return 0;
}
