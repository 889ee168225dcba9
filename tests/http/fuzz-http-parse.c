/* SPDX-License-Identifier: Apache-2.0 */
/* The request head: all spans inside the input; a prefix never gives another answer than "more". */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "http/http-parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct ms_span all, struct ms_span s)
{
	if (s.p && (s.p < all.p || s.p + s.len > all.p + all.len))
		abort();
}

static void use(struct ms_span all, const struct ms_http_head *h, size_t used)
{
	char value[64];
	size_t again;
	struct ms_http_head same;

	check_inside(all, h->path);
	check_inside(all, h->query);
	check_inside(all, h->fields);
	check_inside(all, h->type);
	check_inside(all, ms_http_field(h->fields, "host"));
	if (ms_http_query_value(h->query, "b", value, sizeof(value)) == 0 &&
	    strlen(value) >= sizeof(value))
		abort();
	/* Exactly the octets it says, and not one less, are the head. */
	if (ms_http_head_parse(ms_span_sub(all, 0, used), 4096, &same, &again, NULL) ||
	    again != used ||
	    ms_http_head_parse(ms_span_sub(all, 0, used - 1), 4096, &same, &again, NULL) != -EAGAIN)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_span all = ms_span_of(data, size);
	struct ms_fault fault = { 0 };
	struct ms_http_head h;
	size_t used;
	int err = ms_http_head_parse(all, 4096, &h, &used, &fault);

	if (err == 0)
		use(all, &h, used);
	else if (err == -EBADMSG && (fault.code < 400 || !fault.reason || fault.offset > size))
		abort();
	else if (err == -EAGAIN && size >= 4096)
		abort();
	return 0;
}
