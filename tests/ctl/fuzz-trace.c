/* SPDX-License-Identifier: Apache-2.0 */
/* Any file is a trace or not; one that is can be drawn, with names and without. */
#include <stdlib.h>

#include "ctl/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void draw(struct ms_trace *t, unsigned width)
{
	struct ms_buf out;

	ms_buf_init(&out, 64u << 20);
	ms_trace_text(t, width, &out);
	if (t->n)
		ms_trace_svg(t, &out);
	if (ms_buf_status(&out) == 0 && out.len == 0)
		abort();
	ms_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (unsigned i = 0; i < 2; i++) {
		struct ms_trace t = { .heartbeats = i, .ports = i };
		if (i && (ms_trace_name(&t, "127.0.0.1:5060-5070=P-CSCF") < 0 ||
			  ms_trace_name(&t, "agw1.example.net=AGW") < 0))
			abort();
		if (ms_trace_read(&t, ms_span_of(data, size)) == 0)
			draw(&t, 12 + 60 * i);
		ms_trace_done(&t);
	}
	return 0;
}
