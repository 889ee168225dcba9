/* SPDX-License-Identifier: Apache-2.0 */
/* A stream cut into messages: the cuts lie inside, and an answer can itself be cut out of a stream. */
#include <stdlib.h>

#include "sip/frame-priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

static void answer(struct ms_span head)
{
	struct ms_sip_frame f;
	struct ms_buf b;

	ms_buf_init(&b, 262144);
	if (ms_sip_frame_answer(head, 400, "tag", &b) == 0) {
		check(ms_sip_frame_begins(ms_buf_span(&b)));
		check(ms_sip_frame_read(ms_buf_span(&b), &f) == 0);
		check(f.head == b.len && f.body == 0);
	}
	ms_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_span rest = ms_span_of(data, size);
	struct ms_sip_frame f;

	(void)ms_sip_frame_begins(rest);
	while (rest.len > 0 && ms_sip_frame_read(rest, &f) == 0) {
		check(f.head > 0 && f.head <= rest.len);
		answer(ms_span_sub(rest, 0, f.head));
		rest = ms_span_from(rest, f.head + f.body);
	}
	return 0;
}
