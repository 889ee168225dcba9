/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes key data; what is taken must come out the same when it is written again. */
#include "mikey/keydata.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct ms_mikey_keys keys;
	struct ms_fault fault = { 0, NULL, 0 };
	struct ms_buf b;

	if (ms_mikey_keys_decode(ms_span_of(p, n), &keys, &fault) < 0) {
		if (!fault.reason || fault.offset > n)
			__builtin_trap();
		return 0;
	}
	for (size_t i = 0; i < keys.n; i++)
		(void)ms_mikey_keys_find_spi(&keys, keys.key[i].spi);
	ms_buf_init(&b, n + 1);
	ms_mikey_keys_encode(&b, &keys);
	if (ms_buf_status(&b) < 0 || !ms_span_eq(ms_buf_span(&b), ms_span_of(p, n)))
		__builtin_trap();
	ms_buf_done(&b);
	return 0;
}
