/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is read gives spans that can be read, and no plaintext under the wrong key. */
#include <stdlib.h>

#include "cms/cms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void touch(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++)
		sink = (uint8_t)(sink ^ s.p[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t kek[32] = "0123456789abcdef0123456789abcdef";
	const struct ms_cms_locator *at = ms_cms_locator(MS_SPAN_LIT("kekid.keyIdentifier"));
	struct ms_cms_message *m = NULL;
	struct ms_fault f = { 0 };
	struct ms_span transfer;
	struct ms_buf plain;
	int err = ms_cms_read(ms_span_of(data, size), NULL, &m, &f);

	if (err < 0) {
		if (m || !f.reason || f.offset > size)
			abort();
		return 0;
	}
	ms_buf_init(&plain, size);
	if (ms_cms_transfer(m, at, &transfer) == 0)
		touch(transfer);
	touch(ms_cms_mac(m));
	err = ms_cms_open(m, ms_span_of(kek, ms_cms_kek_len(m)), &plain, &f);
	if (err < 0 && plain.len > 0)
		abort();
	touch(ms_buf_span(&plain));
	ms_buf_done(&plain);
	ms_cms_free(m);
	return 0;
}
