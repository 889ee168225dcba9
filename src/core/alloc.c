/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static long fail_after = -1;
static size_t made;

static int may_allocate(void)
{
	made++;
	if (fail_after < 0)
		return 1;
	if (fail_after == 0)
		return 0;
	fail_after--;
	return 1;
}

size_t ms_alloc_fail_after(long n)
{
	size_t count = made;

	fail_after = n;
	made = 0;
	return count;
}

void *ms_zalloc(size_t size)
{
	return may_allocate() ? calloc(1, size > 0 ? size : 1) : NULL;
}

void *ms_calloc(size_t n, size_t size)
{
	if (size > 0 && n > SIZE_MAX / size)
		return NULL;
	return ms_zalloc(n * size);
}

void *ms_realloc(void *p, size_t size)
{
	return may_allocate() ? realloc(p, size > 0 ? size : 1) : NULL;
}

char *ms_strdup_span(struct ms_span s)
{
	char *copy = s.len < SIZE_MAX ? ms_zalloc(s.len + 1) : NULL;

	if (copy && s.len > 0)
		memcpy(copy, s.p, s.len);
	return copy;
}

char *ms_strdup(const char *s)
{
	return ms_strdup_span(ms_span_str(s));
}

void *ms_free(void *p)
{
	free(p);
	return NULL;
}

void ms_freep(void *pp)
{
	void **p = pp;

	*p = ms_free(*p);
}
