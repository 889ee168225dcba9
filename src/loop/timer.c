/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers in a pairing heap: starting is O(1), stopping and firing O(log n) amortised, and nothing is
 * allocated, so that starting a timer cannot fail. Links: `child` is the first child, `next` the next
 * sibling, `prev` the previous sibling or, for a first child, the parent.
 */
#include <stddef.h>

#include "loop/loop-priv.h"

static struct ms_timer *root;

/* The earlier of two heaps becomes the parent of the other. */
static struct ms_timer *meld(struct ms_timer *a, struct ms_timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->at < a->at) {
		struct ms_timer *t = a;

		a = b;
		b = t;
	}
	b->prev = a;
	b->next = a->child;
	if (a->child)
		a->child->prev = b;
	a->child = b;
	return a;
}

/* Melds a list of siblings, first in pairs from the left, then the pairs from the right. */
static struct ms_timer *meld_siblings(struct ms_timer *first)
{
	struct ms_timer *pairs = NULL, *heap = NULL;

	while (first) {
		struct ms_timer *a = first, *b = a->next, *m;

		first = b ? b->next : NULL;
		a->next = a->prev = NULL;
		if (b)
			b->next = b->prev = NULL;
		m = meld(a, b);
		m->next = pairs;
		pairs = m;
	}
	while (pairs) {
		struct ms_timer *p = pairs;

		pairs = p->next;
		p->next = NULL;
		heap = meld(heap, p);
	}
	return heap;
}

/* Takes t, which is not the root, with its children out of its place. */
static void cut(struct ms_timer *t)
{
	if (t->prev->child == t)
		t->prev->child = t->next;
	else
		t->prev->next = t->next;
	if (t->next)
		t->next->prev = t->prev;
	t->next = t->prev = NULL;
}

void ms_timer_init(struct ms_timer *t, const char *name, ms_timer_f *handler, void *arg)
{
	*t = (struct ms_timer){ .handler = handler, .arg = arg, .name = name };
}

void ms_timer_start(struct ms_timer *t, ms_usec delay)
{
	ms_timer_stop(t);
	t->at = ms_usec_add(ms_clock_mono(), delay > 0 ? delay : 0);
	t->running = true;
	root = meld(root, t);
	if (root == t)
		ms_loop_kick();
}

void ms_timer_stop(struct ms_timer *t)
{
	struct ms_timer *rest;

	if (!t->running)
		return;
	t->running = false;
	rest = meld_siblings(t->child);
	t->child = NULL;
	if (t == root) {
		root = rest;
		return;
	}
	cut(t);
	root = meld(root, rest);
}

ms_usec ms_timer_next(void)
{
	return root ? root->at : MS_NEVER;
}

/*
 * A handler that starts a timer with no delay must not keep this going for ever: what is started
 * here is due after `now` or waits for the next round.
 */
void ms_timer_run(ms_usec now)
{
	while (root && root->at <= now) {
		struct ms_timer *t = root;
		const char *name = t->name;
		ms_usec began = ms_clock_mono();

		ms_timer_stop(t);
		ms_loop_counts()->timers++;
		t->handler(t->arg);
		ms_loop_measured(name, began);
	}
}
