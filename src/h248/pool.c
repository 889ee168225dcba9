/* SPDX-License-Identifier: Apache-2.0 */
/* Free lists by size. */
#include "h248/pool.h"

#include "core/alloc.h"

void ms_h248_pool_init(struct ms_h248_pool *p, size_t max_kept)
{
	*p = (struct ms_h248_pool){ .max_kept = max_kept };
}

void ms_h248_pool_done(struct ms_h248_pool *p)
{
	for (unsigned i = 0; i < MS_H248_POOL_CLASSES; i++)
		for (void *block = p->free[i], *next; block; block = next) {
			next = *(void **)block;
			ms_free(block);
		}
	ms_h248_pool_init(p, p->max_kept);
}

static unsigned class_of(size_t n)
{
	if (n <= MS_H248_POOL_SMALLEST)
		return 0;
	return (unsigned)(64 - __builtin_clzll((n - 1) / MS_H248_POOL_SMALLEST));
}

size_t ms_h248_pool_size(size_t n)
{
	unsigned class = class_of(n);

	return class < MS_H248_POOL_CLASSES ? (size_t)MS_H248_POOL_SMALLEST << class : n;
}

void *ms_h248_pool_get(struct ms_h248_pool *p, size_t n)
{
	unsigned class = class_of(n);
	void *block;

	if (class >= MS_H248_POOL_CLASSES || !p->free[class])
		return ms_zalloc(ms_h248_pool_size(n));
	block = p->free[class];
	p->free[class] = *(void **)block;
	p->kept -= ms_h248_pool_size(n);
	return block;
}

void ms_h248_pool_put(struct ms_h248_pool *p, void *block, size_t n)
{
	unsigned class = class_of(n);
	size_t size = ms_h248_pool_size(n);

	if (!block)
		return;
	if (class >= MS_H248_POOL_CLASSES || size > p->max_kept - p->kept) {
		ms_free(block);
		return;
	}
	*(void **)block = p->free[class];
	p->free[class] = block;
	p->kept += size;
}
