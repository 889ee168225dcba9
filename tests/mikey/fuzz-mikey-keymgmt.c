/* SPDX-License-Identifier: Apache-2.0 */
/* A line a=key-mgmt: what is taken for MIKEY must come out as the same octets when read again. */
#include "mikey/keymgmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct ms_span protocol;
	struct ms_buf data, line, again;

	ms_buf_init(&data, 70000);
	ms_buf_init(&line, 140000);
	ms_buf_init(&again, 70000);
	if (ms_mikey_keymgmt_line(ms_span_of(p, n), &protocol, &data) == 0) {
		ms_mikey_keymgmt_encode(&line, ms_buf_span(&data));
		if (ms_mikey_keymgmt_decode(ms_buf_span(&line), &protocol, &again) < 0 ||
		    !ms_span_eq(ms_buf_span(&again), ms_buf_span(&data)) || data.len == 0)
			__builtin_trap();
	}
	ms_buf_done(&again);
	ms_buf_done(&line);
	ms_buf_done(&data);
	return 0;
}
