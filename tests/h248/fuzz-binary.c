/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets are read or refused. What is read and can be written is read again and is then written
 * alike; binding to text and back refuses or not, without harm.
 */
#include <errno.h>
#include <stdlib.h>

#include "h248/binary.h"
#include "h248/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ms_h248_registry registry;

/* Reads and writes; false if either is refused. */
static bool again(struct ms_span in, struct ms_h248_arena *a, bool bind, struct ms_buf *out)
{
	const struct ms_h248_message *read;

	if (ms_h248_binary_decode(in, a, NULL, &read) < 0)
		return false;
	struct ms_h248_message m = *read;
	if (bind && ms_h248_bind(&m, &registry, MS_H248_BIND_TEXT, a, NULL) < 0)
		return false;
	if (bind && ms_h248_bind(&m, &registry, MS_H248_BIND_BER, a, NULL) < 0)
		return false;
	return ms_h248_binary_encode(&m, out) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_h248_arena a, b;
	struct ms_buf first, second;

	if (!registry.packages[1].number)
		ms_h248_registry_init(&registry);
	ms_h248_arena_init(&a, 0);
	ms_h248_arena_init(&b, 0);
	ms_buf_init(&first, 4 * MS_H248_BINARY_MAX);
	ms_buf_init(&second, 4 * MS_H248_BINARY_MAX);
	if (again(ms_span_of(data, size), &a, false, &first) && first.len <= MS_H248_BINARY_MAX) {
		if (!again(ms_buf_span(&first), &b, false, &second) ||
		    !ms_span_eq(ms_buf_span(&first), ms_buf_span(&second)))
			abort();
		/* Values that are not of their type, or not written the shortest way, may differ. */
		ms_buf_reset(&second);
		again(ms_buf_span(&first), &b, true, &second);
	}
	ms_buf_done(&first);
	ms_buf_done(&second);
	ms_h248_arena_done(&a);
	ms_h248_arena_done(&b);
	return 0;
}
