/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs of hyphens in a body. Seven in a row cannot hide between looks at every seventh octet, which
 * is why the end-line has seven (RFC 4975 section 7.3.1). Every octet is looked at a bounded number
 * of times, whatever the body holds.
 */
#ifndef MS_MSRP_SCAN_H
#define MS_MSRP_SCAN_H

#include "core/span.h"

#define MSRP_HYPHENS 7

/**
 * From the look at *at on, finds the next run of hyphens that may have seven: true, and its bounds
 * in *from and *to; *at is moved on. Begin with *at = MSRP_HYPHENS - 1.
 */
static inline bool msrp_scan_hyphens(struct ms_span s, size_t *at, size_t *from, size_t *to)
{
	size_t i = *at;

	while (i < s.len && s.p[i] != '-')
		i += MSRP_HYPHENS;
	if (i >= s.len)
		return false;
	*from = i;
	*to = i + 1;
	while (*from > 0 && s.p[*from - 1] == '-')
		--*from;
	while (*to < s.len && s.p[*to] == '-')
		++*to;
	*at = *to + MSRP_HYPHENS;
	return true;
}

/**
 * How many octets of `s` can stand in a body under the transaction identifier `tid`: s.len, or all
 * before the last octet of the first "-------tid".
 */
static inline size_t msrp_scan_tid(struct ms_span s, struct ms_span tid)
{
	size_t at = MSRP_HYPHENS - 1, from, to;

	while (msrp_scan_hyphens(s, &at, &from, &to)) {
		if (to - from >= MSRP_HYPHENS && ms_span_starts(ms_span_from(s, to), tid))
			return to + tid.len - 1;
	}
	return s.len;
}

#endif
