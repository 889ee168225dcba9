/* SPDX-License-Identifier: Apache-2.0 */
/* The value of an a=fingerprint line: what is read is written, and read again is the same. */
#include <stdlib.h>

#include "tls/fingerprint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t text[MS_TLS_FINGERPRINT_TEXT_MAX];
	struct ms_tls_fingerprint fp, again;
	struct ms_buf b;

	if (ms_tls_fingerprint_parse(ms_span_of(data, size), &fp) < 0)
		return 0;
	ms_buf_init_fixed(&b, text, sizeof(text));
	ms_tls_fingerprint_put(&b, &fp);
	if (ms_buf_status(&b) < 0 || ms_tls_fingerprint_parse(ms_buf_span(&b), &again) < 0 ||
	    !ms_tls_fingerprint_eq(&fp, &again))
		abort();
	return 0;
}
