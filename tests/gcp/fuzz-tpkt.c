/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets, cut anywhere: pieces and the whole give the same messages and the same end. */
#include <stdint.h>
#include <stdlib.h>

#include "gcp/tpkt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t sum;
	size_t n;
	int end;
};

static struct seen feed(struct ms_span stream, size_t piece)
{
	struct ms_gcp_tpkt t;
	struct ms_span message;
	struct seen s = { 0 };

	ms_gcp_tpkt_init(&t, 1000);
	for (size_t at = 0; at < stream.len && s.end >= 0; at += piece) {
		struct ms_span part = ms_span_sub(stream, at, piece);

		while ((s.end = ms_gcp_tpkt_next(&t, &part, &message)) == 1) {
			s.n++;
			for (size_t i = 0; i < message.len; i++)
				s.sum = s.sum * 31 + message.p[i];
		}
	}
	ms_gcp_tpkt_done(&t);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = size > 0 ? data[0] % 16 + 1u : 1;
	struct ms_span stream = size > 0 ? ms_span_of(data + 1, size - 1) : MS_SPAN_NULL;
	struct seen whole, pieces;

	if (stream.len == 0)
		return 0;
	whole = feed(stream, stream.len);
	pieces = feed(stream, piece);
	if (whole.sum != pieces.sum || whole.n != pieces.n || whole.end != pieces.end)
		abort();
	return 0;
}
