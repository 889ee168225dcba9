/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of freed blocks by size: steps of 32 octets up to 1024, then four steps to each doubling. */
#include "crypto/heap.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <string.h>

#include "core/alloc.h"

#define SMALL 1024u
#define STEP 32u
#define N_SMALL (SMALL / STEP)
#define LARGEST (32u * 1024)
#define N_SIZES (N_SMALL + 20) /* five doublings */

#ifdef __has_feature
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer) || HAS_FEATURE(memory_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* Before each block. */
struct head {
	_Alignas(16) size_t room; /* octets of the block */
	unsigned size;            /* which list it goes to; N_SIZES: none */
};

/* A block that is kept. */
struct kept {
	struct kept *next;
};

static struct {
	struct kept *list[N_SIZES];
	size_t room[N_SIZES]; /* octets of its blocks */
	size_t octets, most;
} heap;

static struct head *head_of(void *p)
{
	return (struct head *)p - 1;
}

/* n > 0. */
static unsigned size_of(size_t n)
{
	unsigned doubling = 0;

	if (n <= SMALL)
		return (unsigned)((n - 1) / STEP);
	if (n > LARGEST)
		return N_SIZES;
	while (n > (size_t)2 * SMALL << doubling)
		doubling++;
	return N_SMALL + 4 * doubling +
	       (unsigned)((n - 1 - ((size_t)SMALL << doubling)) / ((size_t)SMALL / 4 << doubling));
}

static void *take(size_t n, const char *file MS_UNUSED, int line MS_UNUSED)
{
	unsigned size = n > 0 ? size_of(n) : N_SIZES;
	size_t room = size < N_SIZES ? heap.room[size] : n;
	struct kept *k = size < N_SIZES ? heap.list[size] : NULL;
	struct head *h;

	if (k) {
		heap.list[size] = k->next;
		heap.octets -= room;
		return k;
	}
	if (n == 0 || room > SIZE_MAX - sizeof(*h))
		return NULL;
	h = ms_realloc(NULL, sizeof(*h) + room);
	if (!h)
		return NULL;
	*h = (struct head){ .room = room, .size = size };
	return h + 1;
}

static void give(void *p, const char *file MS_UNUSED, int line MS_UNUSED)
{
	struct kept *k = p;
	struct head *h;

	if (!p)
		return;
	h = head_of(p);
	if (h->size == N_SIZES || heap.octets + h->room > heap.most) {
		ms_free(h);
		return;
	}
	k->next = heap.list[h->size];
	heap.list[h->size] = k;
	heap.octets += h->room;
}

static void *change(void *p, size_t n, const char *file, int line)
{
	size_t room = p ? head_of(p)->room : 0;
	void *q;

	if (p && n > 0 && n <= room)
		return p;
	q = n > 0 ? take(n, file, line) : NULL;
	if (q && p)
		memcpy(q, p, room);
	if (q || n == 0)
		give(p, file, line);
	return q;
}

int ms_crypto_heap_keep(size_t most)
{
	if (SANITIZED)
		return 0;
	for (unsigned i = 0; i < N_SMALL; i++)
		heap.room[i] = (size_t)STEP * (i + 1);
	for (unsigned i = 0; i < N_SIZES - N_SMALL; i++)
		heap.room[N_SMALL + i] = ((size_t)SMALL << i / 4) / 4 * (5 + i % 4);
	if (!CRYPTO_set_mem_functions(take, change, give))
		return -EBUSY;
	heap.most = most;
	return 0;
}

size_t ms_crypto_heap_kept(void)
{
	return heap.octets;
}
