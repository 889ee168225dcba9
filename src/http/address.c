/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits per peer address: connections counted, requests by a bucket that fills at `rate` a second.
 * An address without connections is remembered until the table needs its place.
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/random.h"
#include "http/http-priv.h"

#define REMEMBERED 16384
#define ONE 1000000u

int ms_http_addresses_init(struct ms_http_addresses *t, size_t max)
{
	uint8_t key[16];
	int err = ms_random_fill(&ms_random_system, key, sizeof(key));

	ms_list_init(&t->resting);
	return err ? err : ms_hash_new(max + REMEMBERED, key, &t->by_host);
}

static void forget(struct ms_http_addresses *t, struct ms_http_address *a)
{
	ms_list_remove(&a->link);
	ms_hash_take(t->by_host, ms_span_of(a->key, a->key_len));
	ms_free(a);
}

static int forget_entry(struct ms_span key MS_UNUSED, void *value, void *arg MS_UNUSED)
{
	ms_free(value);
	return 0;
}

void ms_http_addresses_done(struct ms_http_addresses *t)
{
	if (!t->by_host)
		return;
	ms_hash_each(t->by_host, forget_entry, NULL);
	t->by_host = ms_hash_free(t->by_host);
}

static int add(struct ms_http_addresses *t, struct ms_span key, struct ms_http_address **ret_a)
{
	struct ms_http_address *a = ms_zalloc(sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	memcpy(a->key, key.p, key.len);
	a->key_len = key.len;
	a->filled = -1; /* a full bucket */
	err = ms_hash_put(t->by_host, key, a);
	if (err == -ENOSPC && !ms_list_empty(&t->resting)) {
		forget(t, MS_CONTAINER_OF(t->resting.next, struct ms_http_address, link));
		err = ms_hash_put(t->by_host, key, a);
	}
	if (err) {
		ms_free(a);
		return err;
	}
	*ret_a = a;
	return 0;
}

int ms_http_address_enter(struct ms_http_addresses *t, const struct ms_addr *peer,
			  uint32_t per_address, struct ms_http_address **ret_a)
{
	struct ms_span key = ms_addr_host_key(peer);
	struct ms_http_address *a = NULL;
	int err = 0;

	if (key.len > 0) {
		a = ms_hash_get(t->by_host, key);
		if (!a)
			err = add(t, key, &a);
		if (err)
			return err;
		if (a->connections >= per_address)
			return -EDQUOT;
		ms_list_remove(&a->link);
		a->connections++;
	}
	*ret_a = a;
	return 0;
}

void ms_http_address_leave(struct ms_http_addresses *t, struct ms_http_address *a)
{
	if (a && --a->connections == 0)
		ms_list_append(&t->resting, &a->link);
}

bool ms_http_address_may(struct ms_http_address *a, uint32_t rate, uint32_t burst, ms_usec now)
{
	uint64_t full = (uint64_t)(burst > 0 ? burst : 2 * (uint64_t)rate) * ONE;
	uint64_t gained;

	if (!a || rate == 0)
		return true;
	/* A long silence fills it; the product below stays small. */
	if (a->filled < 0 || now - a->filled > 3600 * MS_SEC)
		a->tokens = full;
	else
		a->tokens += (uint64_t)(now - a->filled) * rate;
	gained = a->tokens > full ? full : a->tokens;
	a->filled = now;
	a->tokens = gained >= ONE ? gained - ONE : gained;
	return gained >= ONE;
}
