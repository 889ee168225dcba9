/* SPDX-License-Identifier: Apache-2.0 */
/* However a stream is split, the parser must tell the same. */
#include <stdlib.h>

#include "parse-log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A head alone: either it can be answered, or there is a reason. */
static void try_head(struct ms_span text)
{
	struct ms_msrp_head h;
	struct ms_fault fault = { 0, NULL, 0 };

	if (ms_msrp_head_parse(text, &ms_msrp_head_limits_default, &h, &fault) < 0) {
		if (!fault.reason)
			abort();
	} else if (!ms_msrp_is_ident(h.tid) || h.to.n == 0 || h.from.n == 0) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_span stream = ms_span_of(data, size);
	uint32_t seed = (uint32_t)size * 2654435761u + (size > 0 ? data[size / 2] : 0);
	struct ms_buf whole, pieces;

	try_head(stream);
	ms_buf_init(&whole, 1 << 24);
	ms_buf_init(&pieces, 1 << 24);
	parse_log(&whole, stream, parse_cut_whole, NULL);
	parse_log(&pieces, stream, parse_cut_random, &seed);
	if (!ms_span_eq(ms_buf_span(&whole), ms_buf_span(&pieces)))
		abort();
	ms_buf_reset(&pieces);
	parse_log(&pieces, stream, parse_cut_octet, NULL);
	if (!ms_span_eq(ms_buf_span(&whole), ms_buf_span(&pieces)))
		abort();
	ms_buf_done(&whole);
	ms_buf_done(&pieces);
	return 0;
}
