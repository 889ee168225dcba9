/* SPDX-License-Identifier: Apache-2.0 */
/* The replay cache: a hash table, and a list in the order of entry for what falls out of time. */
#include "mikey/replay.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/hash.h"
#include "core/list.h"

struct entry {
	struct ms_list link;
	uint8_t id[MS_MIKEY_REPLAY_ID];
	ms_usec until;
};

struct counter {
	uint32_t last;
};

struct ms_mikey_replay {
	struct ms_hash *seen;     /* id -> struct entry */
	struct ms_hash *counters; /* peer -> struct counter */
	struct ms_list order;     /* of struct entry, oldest first */
	size_t max;
};

int ms_mikey_replay_new(size_t max, const struct ms_random *random, struct ms_mikey_replay **ret_r)
{
	struct ms_mikey_replay *r;
	uint8_t key[16];
	int err = ms_random_fill(random, key, sizeof(key));

	if (err < 0)
		return err;
	r = ms_zalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	ms_list_init(&r->order);
	r->max = max;
	err = ms_hash_new(max, key, &r->seen);
	if (err == 0)
		err = ms_hash_new(max, key, &r->counters);
	if (err < 0) {
		ms_mikey_replay_free(r);
		return err;
	}
	*ret_r = r;
	return 0;
}

static int free_value(struct ms_span key MS_UNUSED, void *value, void *arg MS_UNUSED)
{
	ms_free(value);
	return 0;
}

struct ms_mikey_replay *ms_mikey_replay_free(struct ms_mikey_replay *r)
{
	if (!r)
		return NULL;
	if (r->seen)
		(void)ms_hash_each(r->seen, free_value, NULL);
	if (r->counters)
		(void)ms_hash_each(r->counters, free_value, NULL);
	ms_hash_free(r->seen);
	ms_hash_free(r->counters);
	return ms_free(r);
}

static struct ms_span id_span(const uint8_t id[MS_MIKEY_REPLAY_ID])
{
	return ms_span_of(id, MS_MIKEY_REPLAY_ID);
}

static void drop(struct ms_mikey_replay *r, struct entry *e)
{
	ms_hash_take(r->seen, id_span(e->id));
	ms_list_remove(&e->link);
	ms_free(e);
}

/* Windows end in about the order of entry, give or take the skew: stop at the first that is open. */
static void purge(struct ms_mikey_replay *r, ms_usec now)
{
	while (!ms_list_empty(&r->order)) {
		struct entry *e = MS_CONTAINER_OF(r->order.next, struct entry, link);

		if (e->until >= now)
			return;
		drop(r, e);
	}
}

bool ms_mikey_replay_seen(struct ms_mikey_replay *r, const uint8_t id[MS_MIKEY_REPLAY_ID],
			  ms_usec now)
{
	purge(r, now);
	return ms_hash_get(r->seen, id_span(id)) != NULL;
}

int ms_mikey_replay_enter(struct ms_mikey_replay *r, const uint8_t id[MS_MIKEY_REPLAY_ID],
			  ms_usec until)
{
	struct entry *e;
	int err;

	if (ms_hash_get(r->seen, id_span(id)))
		return -EALREADY;
	if (ms_hash_count(r->seen) >= r->max)
		return -ENOSPC;
	e = ms_zalloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	memcpy(e->id, id, sizeof(e->id));
	e->until = until;
	err = ms_hash_put(r->seen, id_span(id), e);
	if (err < 0) {
		ms_free(e);
		return err;
	}
	ms_list_append(&r->order, &e->link);
	return 0;
}

bool ms_mikey_replay_counter_ok(const struct ms_mikey_replay *r, struct ms_span peer,
				uint32_t value)
{
	const struct counter *c = ms_hash_get(r->counters, peer);

	return !c || value > c->last;
}

int ms_mikey_replay_counter_enter(struct ms_mikey_replay *r, struct ms_span peer, uint32_t value)
{
	struct counter *c = ms_hash_get(r->counters, peer);
	int err;

	if (c && value <= c->last)
		return -EALREADY;
	if (c) {
		c->last = value;
		return 0;
	}
	c = ms_zalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->last = value;
	err = ms_hash_put(r->counters, peer, c);
	if (err < 0)
		ms_free(c);
	return err;
}

size_t ms_mikey_replay_count(const struct ms_mikey_replay *r)
{
	return ms_hash_count(r->seen);
}
