/* SPDX-License-Identifier: Apache-2.0 */
/* The "virtual buffer" bookkeeping of RFC 4975 section 7.3.1. */
#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "msrp/range-set.h"

void ms_msrp_range_set_init(struct ms_msrp_range_set *s, unsigned max)
{
	*s = (struct ms_msrp_range_set){ .max = max };
}

void ms_msrp_range_set_done(struct ms_msrp_range_set *s)
{
	s->more = ms_free(s->more);
	s->n = 0;
}

static struct ms_msrp_span64 *at(const struct ms_msrp_range_set *s, unsigned i)
{
	return i == 0 ? (struct ms_msrp_span64 *)&s->first : &s->more[i - 1];
}

/* Opens a place at i; there must be room. */
static void open_gap(struct ms_msrp_range_set *s, unsigned i)
{
	s->n++;
	for (unsigned k = s->n - 1; k > i; k--)
		*at(s, k) = *at(s, k - 1);
}

static void remove_at(struct ms_msrp_range_set *s, unsigned i, unsigned count)
{
	for (unsigned k = i; k + count < s->n; k++)
		*at(s, k) = *at(s, k + count);
	s->n -= count;
}

static int make_room(struct ms_msrp_range_set *s)
{
	if (s->n == s->max)
		return -ENOSPC;
	if (s->n > 0 && !s->more) {
		s->more = ms_calloc(s->max - 1, sizeof(*s->more));
		if (!s->more)
			return -ENOMEM;
	}
	return 0;
}

int ms_msrp_range_set_add(struct ms_msrp_range_set *s, uint64_t from, uint64_t to)
{
	unsigned i = 0, end;
	int err;

	if (from >= to)
		return 0;
	/* all before i end before us and do not touch us; octets usually come in order */
	if (s->n > 0 && at(s, s->n - 1)->to <= from)
		i = at(s, s->n - 1)->to == from ? s->n - 1 : s->n;
	while (i < s->n && at(s, i)->to < from)
		i++;
	for (end = i; end < s->n && at(s, end)->from <= to; end++)
		continue;
	if (end == i) {
		err = make_room(s);
		if (err < 0)
			return err;
		open_gap(s, i);
		*at(s, i) = (struct ms_msrp_span64){ from, to };
		return 0;
	}
	if (at(s, i)->from < from)
		from = at(s, i)->from;
	if (at(s, end - 1)->to > to)
		to = at(s, end - 1)->to;
	*at(s, i) = (struct ms_msrp_span64){ from, to };
	remove_at(s, i + 1, end - i - 1);
	return 0;
}

bool ms_msrp_range_set_is_whole(const struct ms_msrp_range_set *s, uint64_t total)
{
	if (total == 0)
		return s->n == 0;
	return s->n == 1 && s->first.from == 0 && s->first.to == total;
}

uint64_t ms_msrp_range_set_prefix(const struct ms_msrp_range_set *s)
{
	return s->n > 0 && s->first.from == 0 ? s->first.to : 0;
}

uint64_t ms_msrp_range_set_end(const struct ms_msrp_range_set *s)
{
	return s->n > 0 ? at(s, s->n - 1)->to : 0;
}

uint64_t ms_msrp_range_set_size(const struct ms_msrp_range_set *s)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < s->n; i++)
		sum += at(s, i)->to - at(s, i)->from;
	return sum;
}
