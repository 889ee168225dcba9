/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 and hex. Whatever decodes must encode to the same text again: the decoder is strict. */
#include <stdlib.h>

#include "core/base64.h"
#include "core/hex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_span text = ms_span_of(data, size);
	struct ms_buf raw, again;

	ms_buf_init(&raw, size + 3);
	ms_buf_init(&again, size * 2 + 8);
	if (ms_base64_decode(&raw, text, false) == 0) {
		ms_base64_encode(&again, ms_buf_span(&raw));
		if (!ms_span_eq(ms_buf_span(&again), text))
			abort();
	}
	ms_buf_reset(&raw);
	if (ms_base64_decode(&raw, text, true) < 0 && raw.len != 0)
		abort();
	ms_buf_reset(&raw);
	if (ms_hex_decode(&raw, text) == 0 && raw.len != size / 2)
		abort();
	ms_buf_done(&raw);
	ms_buf_done(&again);
	return 0;
}
