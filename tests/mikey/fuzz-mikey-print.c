/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever comes in is printed in bounded room, and refused just if the decoder refuses it. */
#include "mikey/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Quotes pair up and brackets close: what a JSON reader stumbles over first. */
static void check_json(struct ms_span text)
{
	bool quoted = false;
	long depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];

		if (c < ' ' || c > '~')
			__builtin_trap();
		if (c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '['))
			depth++;
		else if (!quoted && (c == '}' || c == ']'))
			depth--;
	}
	if (quoted || depth != 0)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct ms_mikey_message m;
	struct ms_span message = ms_span_of(p, n);
	int want = ms_mikey_decode(message, &m, NULL);

	for (int form = MS_MIKEY_PRINT_TEXT; form <= MS_MIKEY_PRINT_JSON; form++) {
		struct ms_fault fault = { 0, NULL, 0 };
		struct ms_buf b;
		int err;

		ms_buf_init(&b, MS_MIKEY_PRINT_MAX);
		err = ms_mikey_print(&b, message, (enum ms_mikey_print_form)form,
				     &ms_profile_default, &fault);
		if (err != want || (err < 0 && (!fault.reason || fault.offset > n)))
			__builtin_trap();
		if (form == MS_MIKEY_PRINT_JSON)
			check_json(ms_buf_span(&b));
		ms_buf_done(&b);
	}
	return 0;
}
