/* SPDX-License-Identifier: Apache-2.0 */
/* Peer text on its way to the screen, identities, typed lines: any octets are harmless. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "keys/identity.h"
#include "ue/command.h"
#include "ue/display.h"
#include "ue/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_span in = ms_span_of(data, size);
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	uint32_t c;
	struct ms_keys_identity id, again;
	struct ms_ue_command command;
	struct ms_ue_line line;

	ms_buf_init(&b, 1 << 24);
	ms_ue_display_text(&b, in, "  ", 4096);
	for (size_t i = 0; i < b.len; i++)
		must(b.p[i] == '\n' || (b.p[i] >= 0x20 && b.p[i] != 0x7f));
	if (ms_keys_identity_parse(in, &id) == 0) {
		must(ms_keys_identity_parse(ms_keys_identity_span(&id), &again) == 0);
		must(ms_span_is(ms_keys_identity_span(&id), again.uri));
	}
	if (ms_ue_command_parse(in, &command, NULL) == 0)
		must(command.text.len <= size && command.who.len <= size);
	must(ms_ue_utf8_decode(in, &c) <= 4);
	ms_ue_line_init(&line, "> ");
	for (size_t i = 0; i < size && i < 512; i++) {
		ms_buf_reset(&b);
		if (ms_ue_line_key(&line, data[i], &b) == MS_UE_LINE_ENTER)
			ms_ue_line_clear(&line);
		must(line.cursor <= line.len && line.len <= sizeof(line.text));
	}
	ms_ue_line_done(&line);
	return 0;
}
