/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of sessions share beside peers.h. */
#ifndef TESTS_MSRP_SESSION_TEST_H
#define TESTS_MSRP_SESSION_TEST_H

#include "ms-test.h"
#include "peers.h"

#define TO_B \
	"To-Path: msrp://b.example:7002/bob;tcp\r\nFrom-Path: msrp://a.example:7001/alice;tcp\r\n"

static inline bool contains(struct ms_span s, const char *text)
{
	return ms_span_find_span(s, ms_span_str(text)) < s.len;
}

#define assert_contains(s, text) assert_true(contains((s), (text)))
#define assert_lacks(s, text) assert_false(contains((s), (text)))

/* A source of `total` octets made from their offset; counts how far it was read. */
struct source {
	uint64_t total;
	uint64_t read_to;
	uint64_t stall_at; /* -EAGAIN from here on, while > 0 */
	bool fail;
};

static inline uint8_t source_octet(uint64_t offset)
{
	return (uint8_t)(offset * 31 + (offset >> 8));
}

static inline int source_read(void *arg, uint64_t offset, uint8_t *dst, size_t size, size_t *ret_n)
{
	struct source *s = arg;
	size_t n = size;

	if (s->fail)
		return -EIO;
	if (s->stall_at > 0 && offset >= s->stall_at)
		return -EAGAIN;
	if (s->stall_at > 0 && offset + n > s->stall_at)
		n = (size_t)(s->stall_at - offset);
	if (offset + n > s->total)
		n = (size_t)(s->total - offset);
	for (size_t i = 0; i < n; i++)
		dst[i] = source_octet(offset + i);
	s->read_to = offset + n;
	*ret_n = n;
	return 0;
}

static inline struct ms_msrp_send send_of(struct source *s, bool known)
{
	return (struct ms_msrp_send){ .content_type = MS_SPAN_LIT("application/octet-stream"),
				      .source = { source_read, s },
				      .total = known ? s->total : MS_MSRP_UNKNOWN,
				      .success_report = true };
}

#endif
