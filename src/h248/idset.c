/* SPDX-License-Identifier: Apache-2.0 */
/* Runs in a sorted array; the last run, where ids usually go, is tried first. */
#include "h248/idset.h"

#include <errno.h>
#include <string.h>

#include "core/alloc.h"

void ms_h248_idset_init(struct ms_h248_idset *s, uint32_t max_runs)
{
	*s = (struct ms_h248_idset){ .max = max_runs };
}

void ms_h248_idset_done(struct ms_h248_idset *s)
{
	ms_free(s->runs);
	ms_h248_idset_init(s, s->max);
}

void ms_h248_idset_clear(struct ms_h248_idset *s)
{
	s->n = 0;
}

/* The number of runs that begin at or before `id`. */
static uint32_t upto(const struct ms_h248_idset *s, uint32_t id)
{
	uint32_t lo = 0, hi = s->n;

	if (s->n > 0 && s->runs[s->n - 1].first <= id)
		return s->n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (s->runs[mid].first <= id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool ms_h248_idset_has(const struct ms_h248_idset *s, uint32_t id)
{
	uint32_t i = upto(s, id);

	return i > 0 && id <= s->runs[i - 1].last;
}

static int make_room(struct ms_h248_idset *s)
{
	uint32_t cap = s->cap ? s->cap * 2 : 8;
	struct ms_h248_run *runs;

	if (s->n < s->cap)
		return 0;
	if (s->n >= s->max)
		return -ENOSPC;
	if (cap > s->max)
		cap = s->max;
	runs = ms_realloc(s->runs, cap * sizeof(*runs));
	if (!runs)
		return -ENOMEM;
	s->runs = runs;
	s->cap = cap;
	return 0;
}

static void take_out(struct ms_h248_idset *s, uint32_t i)
{
	memmove(&s->runs[i], &s->runs[i + 1], (s->n - i - 1) * sizeof(*s->runs));
	s->n--;
}

int ms_h248_idset_put(struct ms_h248_idset *s, uint32_t id)
{
	uint32_t i = upto(s, id);
	bool after = i > 0 && s->runs[i - 1].last + 1 == id && id != 0;
	bool before = i < s->n && s->runs[i].first - 1 == id;
	int err;

	if (i > 0 && id <= s->runs[i - 1].last)
		return 0;
	if (after && before) {
		s->runs[i - 1].last = s->runs[i].last;
		take_out(s, i);
	} else if (after) {
		s->runs[i - 1].last = id;
	} else if (before) {
		s->runs[i].first = id;
	} else {
		err = make_room(s);
		if (err)
			return err;
		memmove(&s->runs[i + 1], &s->runs[i], (s->n - i) * sizeof(*s->runs));
		s->runs[i] = (struct ms_h248_run){ id, id };
		s->n++;
	}
	return 0;
}
