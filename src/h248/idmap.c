/* SPDX-License-Identifier: Apache-2.0 */
/* Chained buckets. */
#include "h248/idmap.h"

#include <errno.h>

#include "core/alloc.h"

#define FIRST_BUCKETS 64

int ms_h248_idmap_init(struct ms_h248_idmap *m)
{
	struct ms_h248_idlink **buckets = ms_calloc(FIRST_BUCKETS, sizeof(struct ms_h248_idlink *));

	if (!buckets)
		return -ENOMEM;
	*m = (struct ms_h248_idmap){ buckets, FIRST_BUCKETS, 0 };
	return 0;
}

void ms_h248_idmap_done(struct ms_h248_idmap *m)
{
	ms_free(m->buckets);
	*m = (struct ms_h248_idmap){ 0 };
}

/* Failure to grow is no error: chains just get longer. */
static void grow(struct ms_h248_idmap *m)
{
	size_t n = m->n * 2;
	struct ms_h248_idlink **buckets = ms_calloc(n, sizeof(struct ms_h248_idlink *));

	if (!buckets)
		return;
	for (size_t i = 0; i < m->n; i++)
		for (struct ms_h248_idlink *l = m->buckets[i], *next; l; l = next) {
			next = l->next;
			l->next = buckets[l->hash & (n - 1)];
			buckets[l->hash & (n - 1)] = l;
		}
	ms_free(m->buckets);
	m->buckets = buckets;
	m->n = n;
}

void ms_h248_idmap_put(struct ms_h248_idmap *m, struct ms_h248_idlink *link)
{
	struct ms_h248_idlink **at;

	if (m->count >= m->n)
		grow(m);
	at = &m->buckets[link->hash & (m->n - 1)];
	link->next = *at;
	*at = link;
	m->count++;
}

void ms_h248_idmap_take(struct ms_h248_idmap *m, struct ms_h248_idlink *link)
{
	struct ms_h248_idlink **at = &m->buckets[link->hash & (m->n - 1)];

	while (*at && *at != link)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = link->next;
	m->count--;
}
