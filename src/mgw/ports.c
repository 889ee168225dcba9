/* SPDX-License-Identifier: Apache-2.0 */
/* The free ports stand in a ring in the order they came back; the oldest is the next. */
#include "mgw/ports.h"

#include <stdbool.h>

#include "core/alloc.h"

enum state { FREE, TAKEN };

struct ms_mgw_ports {
	uint16_t first;
	uint32_t n;    /* ports */
	uint32_t head; /* in ring: the oldest free one */
	uint32_t n_free;
	uint8_t *state; /* of each port; n of them */
	uint16_t *ring; /* n places */
};

struct ms_mgw_ports *ms_mgw_ports_new(uint16_t first, uint16_t last)
{
	uint32_t n = last >= first ? (uint32_t)last - first + 1 : 0;
	struct ms_mgw_ports *p = n ? ms_zalloc(sizeof(*p)) : NULL;

	if (!p)
		return NULL;
	*p = (struct ms_mgw_ports){ .first = first, .n = n, .n_free = n };
	p->state = ms_zalloc(n);
	p->ring = ms_zalloc(n * sizeof(*p->ring));
	if (!p->state || !p->ring)
		return ms_mgw_ports_free(p);
	for (uint32_t i = 0; i < n; i++)
		p->ring[i] = (uint16_t)(first + i);
	return p;
}

struct ms_mgw_ports *ms_mgw_ports_free(struct ms_mgw_ports *p)
{
	if (p) {
		ms_free(p->state);
		ms_free(p->ring);
		ms_free(p);
	}
	return NULL;
}

static uint16_t *place(struct ms_mgw_ports *p, uint32_t i)
{
	return &p->ring[(p->head + i) % p->n];
}

/* Rare: a controller that names the port. */
static uint16_t take_named(struct ms_mgw_ports *p, uint16_t wanted)
{
	for (uint32_t i = 0; i < p->n_free; i++) {
		if (*place(p, i) != wanted)
			continue;
		for (; i + 1 < p->n_free; i++)
			*place(p, i) = *place(p, i + 1);
		p->n_free--;
		p->state[wanted - p->first] = TAKEN;
		return wanted;
	}
	return 0;
}

uint16_t ms_mgw_ports_take(struct ms_mgw_ports *p, uint16_t wanted)
{
	if (wanted)
		return take_named(p, wanted);
	if (p->n_free == 0)
		return 0;
	uint16_t port = *place(p, 0);
	p->head = (p->head + 1) % p->n;
	p->n_free--;
	p->state[port - p->first] = TAKEN;
	return port;
}

void ms_mgw_ports_give(struct ms_mgw_ports *p, uint16_t port)
{
	if (port < p->first || port - p->first >= (int)p->n || p->state[port - p->first] != TAKEN)
		return;
	p->state[port - p->first] = FREE;
	*place(p, p->n_free++) = port;
}

uint32_t ms_mgw_ports_taken(const struct ms_mgw_ports *p)
{
	return p->n - p->n_free;
}

uint32_t ms_mgw_ports_all(const struct ms_mgw_ports *p)
{
	return p->n;
}
