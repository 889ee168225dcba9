/* SPDX-License-Identifier: Apache-2.0 */
/* Text about MIKEY: a line a=key-mgmt, whose octets must come out the same when read again, and the
 * letters of policy flags. */
#include "mikey/keymgmt.h"
#include "mikey/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check_flags(struct ms_span text)
{
	char letters[MS_MIKEY_FLAGS_TEXT];
	unsigned flags, again;

	if (ms_mikey_flags_parse(text, &flags) < 0)
		return;
	ms_mikey_flags_text(flags, letters);
	if (strlen(letters) != text.len || ms_mikey_flags_parse(ms_span_str(letters), &again) < 0 ||
	    again != flags)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct ms_span protocol;
	struct ms_buf data, line, again;

	check_flags(ms_span_of(p, n));
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
