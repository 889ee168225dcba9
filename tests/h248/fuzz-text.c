/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever is read can be written, in each style, and read back as the same tree: decode(encode(m)) == m.
 * What is refused says why and where; the arena stays within its maximum.
 */
#include <stdlib.h>

#include "h248/text.h"
#include "tree-equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

static void round_trip(const struct ms_h248_message *m, unsigned style, struct ms_h248_arena *again)
{
	const struct ms_h248_message *back;
	struct ms_buf b;
	ms_buf_init(&b, 8 * 1024 * 1024);
	check(ms_h248_text_encode(m, style, &b) == 0);
	ms_h248_arena_reset(again);
	check(ms_h248_text_decode(ms_buf_span(&b), again, NULL, &back) == 0);
	check(h248_tree_equal(m, back));
	ms_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_h248_refused refused = { .fault = { 0 } };
	const struct ms_h248_message *m;
	struct ms_h248_arena arena, again;
	ms_h248_arena_init(&arena, 2 * 1024 * 1024);
	ms_h248_arena_init(&again, 4 * 1024 * 1024);
	if (ms_h248_text_decode(ms_span_of(data, size), &arena, &refused, &m) < 0) {
		check(refused.fault.code >= 400 && refused.fault.reason &&
		      refused.fault.offset <= size);
	} else {
		round_trip(m, 0, &again);
		round_trip(m, MS_H248_TEXT_PRETTY, &again);
	}
	ms_h248_arena_done(&arena);
	ms_h248_arena_done(&again);
	return 0;
}
