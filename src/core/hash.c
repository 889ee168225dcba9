/* SPDX-License-Identifier: Apache-2.0 */
/* Chained buckets that double when the table is full; SipHash-2-4 by Aumasson and Bernstein. */
#include "core/hash.h"

#include <errno.h>

#include "core/alloc.h"

#define FIRST_BUCKETS 16

struct entry {
	struct entry *next;
	void *value;
	uint64_t hash;
	size_t len;
	uint8_t key[];
};

struct ms_hash {
	struct entry **bucket; /* owned, n_buckets of them, a power of two */
	size_t n_buckets, count, max;
	uint8_t key[16];
};

static uint64_t rotl(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static uint64_t le64(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static void sip_word(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
}

uint64_t ms_siphash(const uint8_t key[static 16], struct ms_span s)
{
	uint64_t k0 = le64(key, 8), k1 = le64(key + 8, 8);
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575U, k1 ^ 0x646f72616e646f6dU,
			  k0 ^ 0x6c7967656e657261U, k1 ^ 0x7465646279746573U };
	size_t whole = s.len & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8)
		sip_word(v, le64(s.p + i, 8));
	sip_word(v, (uint64_t)(s.len & 255) << 56 |
			    (s.len > whole ? le64(s.p + whole, s.len - whole) : 0));
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

int ms_hash_new(size_t max, const uint8_t key[static 16], struct ms_hash **ret_h)
{
	struct ms_hash *h = ms_zalloc(sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->bucket = ms_calloc(FIRST_BUCKETS, sizeof(*h->bucket));
	if (!h->bucket) {
		ms_free(h);
		return -ENOMEM;
	}
	h->n_buckets = FIRST_BUCKETS;
	h->max = max;
	memcpy(h->key, key, sizeof(h->key));
	*ret_h = h;
	return 0;
}

struct ms_hash *ms_hash_free(struct ms_hash *h)
{
	if (!h)
		return NULL;
	for (size_t i = 0; i < h->n_buckets; i++) {
		struct entry *next;

		for (struct entry *e = h->bucket[i]; e; e = next) {
			next = e->next;
			ms_free(e);
		}
	}
	ms_free(h->bucket);
	return ms_free(h);
}

static struct entry **find(const struct ms_hash *h, struct ms_span key, uint64_t hash)
{
	struct entry **at = &h->bucket[hash & (h->n_buckets - 1)];

	while (*at && !((*at)->hash == hash && ms_span_eq(ms_span_of((*at)->key, (*at)->len), key)))
		at = &(*at)->next;
	return at;
}

/* Failure to grow is no error: chains just get longer. */
static void grow(struct ms_hash *h)
{
	size_t n = h->n_buckets * 2;
	struct entry **bucket = ms_calloc(n, sizeof(*bucket));

	if (!bucket)
		return;
	for (size_t i = 0; i < h->n_buckets; i++) {
		struct entry *next;

		for (struct entry *e = h->bucket[i]; e; e = next) {
			struct entry **to = &bucket[e->hash & (n - 1)];

			next = e->next;
			e->next = *to;
			*to = e;
		}
	}
	ms_free(h->bucket);
	h->bucket = bucket;
	h->n_buckets = n;
}

int ms_hash_put(struct ms_hash *h, struct ms_span key, void *value)
{
	uint64_t hash = ms_siphash(h->key, key);
	struct entry **at = find(h, key, hash), *e;

	if (*at)
		return -EEXIST;
	if (h->count >= h->max)
		return -ENOSPC;
	e = ms_zalloc(sizeof(*e) + key.len);
	if (!e)
		return -ENOMEM;
	*e = (struct entry){ .value = value, .hash = hash, .len = key.len };
	if (key.len > 0)
		memcpy(e->key, key.p, key.len);
	*at = e;
	if (++h->count > h->n_buckets)
		grow(h);
	return 0;
}

void *ms_hash_get(const struct ms_hash *h, struct ms_span key)
{
	struct entry *e = *find(h, key, ms_siphash(h->key, key));

	return e ? e->value : NULL;
}

void *ms_hash_take(struct ms_hash *h, struct ms_span key)
{
	struct entry **at = find(h, key, ms_siphash(h->key, key)), *e = *at;
	void *value;

	if (!e)
		return NULL;
	value = e->value;
	*at = e->next;
	ms_free(e);
	h->count--;
	return value;
}

size_t ms_hash_count(const struct ms_hash *h)
{
	return h->count;
}

int ms_hash_each(const struct ms_hash *h, int (*f)(struct ms_span key, void *value, void *arg),
		 void *arg)
{
	for (size_t i = 0; i < h->n_buckets; i++)
		for (struct entry *e = h->bucket[i]; e; e = e->next) {
			int r = f(ms_span_of(e->key, e->len), e->value, arg);

			if (r != 0)
				return r;
		}
	return 0;
}
