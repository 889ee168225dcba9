/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of one message: blocks in a chain, each twice as large as the one before. */
#include "h248/arena.h"

#include "core/alloc.h"

#define FIRST_BLOCK 4096u
#define LARGEST_BLOCK 65536u

struct ms_h248_block {
	struct ms_h248_block *next;
	size_t size; /* of data */
	_Alignas(16) uint8_t data[];
};

void ms_h248_arena_init(struct ms_h248_arena *a, size_t max)
{
	*a = (struct ms_h248_arena){ .max = max ? max : 1024 * 1024 };
}

static void use(struct ms_h248_arena *a, struct ms_h248_block *b)
{
	a->current = b;
	a->p = b->data;
	a->end = b->data + b->size;
}

void ms_h248_arena_reset(struct ms_h248_arena *a)
{
	if (!a->current)
		return;
	for (struct ms_h248_block *b = a->blocks; b != a->current; b = b->next)
		memset(b->data, 0, b->size);
	memset(a->current->data, 0, (size_t)(a->p - a->current->data));
	use(a, a->blocks);
}

void ms_h248_arena_done(struct ms_h248_arena *a)
{
	for (struct ms_h248_block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		ms_free(b);
	}
	ms_h248_arena_init(a, a->max);
}

/* The next block kept from before a reset that is large enough, or NULL. */
static struct ms_h248_block *kept(const struct ms_h248_arena *a, size_t n)
{
	struct ms_h248_block *b = a->current ? a->current->next : NULL;
	return b && b->size >= n ? b : NULL;
}

static struct ms_h248_block *new_block(struct ms_h248_arena *a, size_t n)
{
	size_t size = a->current ? a->current->size * 2 : FIRST_BLOCK;
	if (size > LARGEST_BLOCK)
		size = LARGEST_BLOCK;
	if (size < n)
		size = n;
	if (size > a->max || a->used > a->max - size)
		return NULL;
	struct ms_h248_block *b = ms_zalloc(sizeof(*b) + size);
	if (!b)
		return NULL;
	b->size = size;
	a->used += size;
	struct ms_h248_block **at = a->current ? &a->current->next : &a->blocks;
	b->next = *at;
	*at = b;
	return b;
}

void *ms_h248_arena_grow(struct ms_h248_arena *a, size_t n)
{
	if (n > a->max)
		return NULL;
	struct ms_h248_block *b = kept(a, n);
	if (!b)
		b = new_block(a, n);
	if (!b)
		return NULL;
	use(a, b);
	a->p += n;
	return b->data;
}

struct ms_span ms_h248_arena_copy(struct ms_h248_arena *a, struct ms_span s)
{
	uint8_t *p = s.len ? ms_h248_arena_get(a, s.len) : NULL;
	if (!p)
		return MS_SPAN_NULL;
	memcpy(p, s.p, s.len);
	return ms_span_of(p, s.len);
}
