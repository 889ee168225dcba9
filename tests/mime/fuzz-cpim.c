/* SPDX-License-Identifier: Apache-2.0 */
/* message/cpim, and an IMDN inside of it or as the input itself. An IMDN that was read can be written
 * and then reads the same. */
#include <stdlib.h>

#include "mime/cpim.h"
#include "mime/imdn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void imdn(struct ms_span xml)
{
	struct ms_imdn n, again;
	struct ms_fault f = { 0 };
	struct ms_buf b;

	if (ms_imdn_read(xml, &n, &f) < 0) {
		if (!f.reason || f.offset > xml.len)
			abort();
		return;
	}
	ms_buf_init(&b, 65536);
	ms_imdn_write(&b, &n);
	if (ms_buf_status(&b) < 0 || ms_imdn_read(ms_buf_span(&b), &again, &f) < 0)
		abort();
	if (n.kind != again.kind || n.status != again.status ||
	    !ms_span_is(ms_span_str(n.message_id), again.message_id) ||
	    !ms_span_is(ms_span_str(n.subject), again.subject))
		abort();
	ms_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_span in = ms_span_of(data, size);
	struct ms_fault f = { 0 };
	struct ms_cpim m;

	imdn(in);
	if (ms_cpim_read(in, NULL, &m, &f) < 0) {
		if (!f.reason || f.offset > size)
			abort();
		return 0;
	}
	if (m.n_cc > m.n_to || m.n_to > MS_CPIM_TO_MAX)
		abort();
	imdn(m.content.body);
	return 0;
}
