/* SPDX-License-Identifier: Apache-2.0 */
/* Walks everything that can be entered. The DER of the top level, as a SET OF, must be DER already
 * when it is made again. */
#include <stdlib.h>

#include "ber/ber.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void walk(struct ms_ber c, unsigned *budget)
{
	struct ms_ber_tlv e;
	struct ms_ber inside;

	while (*budget > 0 && ms_ber_next(&c, &e) == 0) {
		--*budget;
		for (size_t i = 0; i < e.value.len; i++)
			sink = (uint8_t)(sink ^ e.value.p[i]);
		if (ms_ber_inside(&e, &inside) == 0)
			walk(inside, budget);
	}
}

static void set_of(struct ms_span in)
{
	struct ms_ber c = ms_ber_of(in), set;
	struct ms_buf first, again;
	struct ms_ber_tlv e;

	ms_buf_init(&first, in.len * 2 + 64);
	ms_buf_init(&again, in.len * 2 + 64);
	if (ms_der_put_set_of(&first, MS_BER_SET, &c) == 0) {
		c = ms_ber_of(ms_buf_span(&first));
		/* A level more than in the input: it may just be too deep now. */
		if (ms_ber_expect(&c, MS_BER_SET, &e) < 0 || ms_ber_end(&c) < 0)
			abort();
		set = ms_ber_of(e.value);
		if (ms_der_put_set_of(&again, MS_BER_SET, &set) < 0 ||
		    !ms_span_eq(ms_buf_span(&first), ms_buf_span(&again)))
			abort();
	}
	ms_buf_done(&first);
	ms_buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_span in = ms_span_of(data, size);
	unsigned budget = 5000;

	walk(ms_ber_of(in), &budget);
	set_of(in);
	return 0;
}
