/* SPDX-License-Identifier: Apache-2.0 */
/* Slots of 10 ms in a circle, with a bitmap of those in use. */
#include "h248/wheel.h"

#include <string.h>

#define N MS_H248_WHEEL_SLOTS

void ms_h248_wheel_init(struct ms_h248_wheel *w, ms_usec now)
{
	memset(w->busy, 0, sizeof(w->busy));
	for (unsigned i = 0; i < N; i++)
		ms_list_init(&w->slots[i]);
	w->tick = now / MS_H248_WHEEL_SLOT;
	w->n = 0;
}

/* The tick at which a timer may be called due: never before its time, never one that has been run. */
static int64_t tick_of(const struct ms_h248_wheel *w, ms_usec at)
{
	int64_t tick = at / MS_H248_WHEEL_SLOT + 1;

	if (tick <= w->tick)
		return w->tick + 1;
	return tick < w->tick + (int64_t)N ? tick : w->tick + (int64_t)N - 1;
}

void ms_h248_wheel_set(struct ms_h248_wheel *w, struct ms_h248_timer *t, ms_usec at)
{
	ms_h248_wheel_stop(w, t);
	t->at = at;
	t->slot = (uint16_t)((uint64_t)tick_of(w, at) % N);
	t->set = true;
	w->n++;
	ms_list_append(&w->slots[t->slot], &t->link);
	w->busy[t->slot / 64] |= (uint64_t)1 << t->slot % 64;
}

void ms_h248_wheel_stop(struct ms_h248_wheel *w, struct ms_h248_timer *t)
{
	if (!t->set)
		return;
	ms_list_remove(&t->link);
	t->set = false;
	w->n--;
	if (ms_list_empty(&w->slots[t->slot]))
		w->busy[t->slot / 64] &= ~((uint64_t)1 << t->slot % 64);
}

/* The first tick after w->tick whose slot is not empty; INT64_MAX if there is none. */
static int64_t busy_tick(const struct ms_h248_wheel *w)
{
	unsigned begin = (unsigned)((uint64_t)(w->tick + 1) % N);

	for (unsigned i = 0; i <= N / 64; i++) {
		unsigned word = (begin / 64 + i) % (N / 64);
		uint64_t bits = w->busy[word];

		if (i == 0)
			bits &= ~(uint64_t)0 << begin % 64;
		else if (i == N / 64)
			bits &= ~(~(uint64_t)0 << begin % 64);
		if (bits) {
			unsigned slot = word * 64 + (unsigned)__builtin_ctzll(bits);

			return w->tick + 1 + (int64_t)((slot + N - begin) % N);
		}
	}
	return INT64_MAX;
}

struct ms_h248_timer *ms_h248_wheel_due(struct ms_h248_wheel *w, ms_usec now)
{
	int64_t last = now / MS_H248_WHEEL_SLOT;
	int64_t tick;

	while ((tick = busy_tick(w)) <= last) {
		struct ms_list *slot = &w->slots[(uint64_t)tick % N];
		struct ms_h248_timer *t =
			(struct ms_h248_timer *)((char *)slot->next -
						 offsetof(struct ms_h248_timer, link));

		w->tick = tick - 1;
		ms_h248_wheel_stop(w, t);
		if (t->at <= now)
			return t;
		w->tick = tick; /* it was further away than the circle is long */
		ms_h248_wheel_set(w, t, t->at);
		w->tick = ms_list_empty(slot) ? tick : tick - 1;
	}
	if (w->tick < last)
		w->tick = last;
	return NULL;
}

ms_usec ms_h248_wheel_next(const struct ms_h248_wheel *w)
{
	int64_t tick = busy_tick(w);

	return tick == INT64_MAX ? MS_NEVER : tick * MS_H248_WHEEL_SLOT;
}
