/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever Local or Remote reads is written, read again and written alike. */
#include <stdlib.h>

#include "h248/coding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (enum ms_h248_coding_side side = MS_H248_CODING_LOCAL; side <= MS_H248_CODING_REMOTE;
	     side++) {
		char first[2048], second[2048];
		struct ms_bearer a, b;
		struct ms_buf one, two;

		ms_bearer_init(&a);
		ms_bearer_init(&b);
		if (ms_h248_coding_get_sdp(ms_span_of(data, size), side, &a, NULL) < 0)
			continue;
		ms_buf_init_fixed(&one, first, sizeof(first));
		ms_buf_init_fixed(&two, second, sizeof(second));
		ms_h248_coding_put_sdp(&one, &a, side);
		check(ms_buf_status(&one) == 0);
		check(ms_h248_coding_get_sdp(ms_buf_span(&one), side, &b, NULL) == 0);
		ms_h248_coding_put_sdp(&two, &b, side);
		check(ms_span_eq(ms_buf_span(&one), ms_buf_span(&two)));
	}
	return 0;
}
