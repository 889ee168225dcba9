/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets are a packet or not; one that is, is written and read alike. */
#include <stdlib.h>

#include "hep/hep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_hep_packet p, q;
	struct ms_buf b;

	if (ms_hep_read(ms_span_of(data, size), &p) < 0)
		return 0;
	ms_buf_init(&b, 70000);
	ms_hep_put(&b, &p);
	if (ms_buf_status(&b) == 0 &&
	    (ms_hep_read(ms_buf_span(&b), &q) < 0 || !ms_span_eq(p.correlation, q.correlation) ||
	     q.time != p.time || q.protocol != p.protocol))
		abort();
	ms_buf_done(&b);
	return 0;
}
