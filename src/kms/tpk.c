/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/tpk.h"

#include <errno.h>

#include "core/alloc.h"

static struct ms_kms_tpk *key_at(struct ms_list *link)
{
	return MS_CONTAINER_OF(link, struct ms_kms_tpk, link);
}

static void key_free(struct ms_kms_tpk *k)
{
	ms_list_remove(&k->link);
	ms_secret_wipe(&k->secret);
	ms_free(k);
}

void ms_kms_keyring_init(struct ms_kms_keyring *r)
{
	ms_list_init(&r->keys);
	r->n = 0;
}

void ms_kms_keyring_done(struct ms_kms_keyring *r)
{
	struct ms_list *link, *tmp;

	ms_list_foreach_safe (link, tmp, &r->keys)
		key_free(key_at(link));
	r->n = 0;
}

int ms_kms_keyring_load(struct ms_kms_keyring *r, const struct ms_store_tpk *s)
{
	struct ms_kms_tpk *k;

	if (s->id.len != MS_KMS_TPK_ID_LEN || s->secret.len != MS_KMS_TPK_LEN)
		return -EUCLEAN;
	k = ms_zalloc(sizeof(*k));
	if (!k)
		return -ENOMEM;
	memcpy(k->id, s->id.p, sizeof(k->id));
	memcpy(k->secret.b, s->secret.p, MS_KMS_TPK_LEN);
	k->secret.len = MS_KMS_TPK_LEN;
	k->starts = s->starts;
	k->retires = s->retires;
	k->expires = s->expires;
	ms_list_append(&r->keys, &k->link);
	r->n++;
	return 0;
}

const struct ms_kms_tpk *ms_kms_keyring_current(const struct ms_kms_keyring *r)
{
	const struct ms_kms_tpk *last;

	if (ms_list_empty(&r->keys))
		return NULL;
	last = MS_CONTAINER_OF(r->keys.prev, struct ms_kms_tpk, link);
	return last->retires == MS_NEVER ? last : NULL;
}

const struct ms_kms_tpk *ms_kms_keyring_find(const struct ms_kms_keyring *r, struct ms_span id,
					     ms_usec now)
{
	struct ms_list *link;

	if (id.len != MS_KMS_TPK_ID_LEN)
		return NULL;
	/* The newest first: it made most of the tickets that come in. */
	for (link = r->keys.prev; link != &r->keys; link = link->prev) {
		const struct ms_kms_tpk *k = key_at(link);

		if (memcmp(k->id, id.p, MS_KMS_TPK_ID_LEN) == 0)
			return k->retires == MS_NEVER || now <= k->expires ? k : NULL;
	}
	return NULL;
}

static int new_key(const struct ms_random *random, ms_usec lifetime, ms_usec now,
		   struct ms_kms_tpk **ret_k)
{
	struct ms_kms_tpk *k = ms_zalloc(sizeof(*k));
	int err;

	if (!k)
		return -ENOMEM;
	ms_list_init(&k->link);
	err = ms_random_fill(random, k->id, sizeof(k->id));
	if (err == 0)
		err = ms_random_fill(random, k->secret.b, MS_KMS_TPK_LEN);
	if (err) {
		key_free(k);
		return err;
	}
	k->secret.len = MS_KMS_TPK_LEN;
	k->starts = now;
	k->retires = MS_NEVER;
	k->expires = lifetime;
	*ret_k = k;
	return 0;
}

static int store_change(struct ms_store *s, const struct ms_kms_tpk *fresh,
			const struct ms_kms_tpk *old, ms_usec now)
{
	const struct ms_store_tpk row = { ms_span_of(fresh->id, sizeof(fresh->id)), fresh->starts,
					  fresh->retires, fresh->expires,
					  ms_secret_span(&fresh->secret) };
	int err = ms_store_begin(s);

	if (err)
		return err;
	err = ms_store_tpk_add(s, &row);
	if (err == 0 && old)
		err = ms_store_tpk_retire(s, ms_span_of(old->id, sizeof(old->id)), now,
					  ms_usec_add(now, old->expires));
	if (err == 0)
		return ms_store_commit(s);
	ms_store_rollback(s);
	return err;
}

int ms_kms_keyring_rotate(struct ms_kms_keyring *r, struct ms_store *s,
			  const struct ms_random *random, ms_usec lifetime, ms_usec now)
{
	struct ms_kms_tpk *fresh, *old = NULL;
	int err;

	if (r->n >= MS_KMS_TPK_MAX)
		return -ENOSPC;
	if (ms_kms_keyring_current(r))
		old = key_at(r->keys.prev);
	/* Loading goes by the start: a clock set back must not change the order. */
	if (!ms_list_empty(&r->keys) && key_at(r->keys.prev)->starts >= now)
		now = key_at(r->keys.prev)->starts + 1;
	err = new_key(random, lifetime, now, &fresh);
	if (err)
		return err;
	err = store_change(s, fresh, old, now);
	if (err) {
		key_free(fresh);
		return err;
	}
	if (old) {
		old->retires = now;
		old->expires = ms_usec_add(now, old->expires);
	}
	ms_list_append(&r->keys, &fresh->link);
	r->n++;
	return 0;
}

int ms_kms_keyring_lifetime(struct ms_kms_keyring *r, struct ms_store *s, ms_usec lifetime)
{
	struct ms_kms_tpk *k;
	int err;

	if (!ms_kms_keyring_current(r))
		return 0;
	k = key_at(r->keys.prev);
	if (lifetime <= k->expires)
		return 0;
	err = ms_store_tpk_retire(s, ms_span_of(k->id, sizeof(k->id)), MS_NEVER, lifetime);
	if (err == 0)
		k->expires = lifetime;
	return err;
}

int ms_kms_keyring_purge(struct ms_kms_keyring *r, struct ms_store *s, ms_usec now)
{
	struct ms_list *link, *tmp;
	int err = 0;

	ms_list_foreach_safe (link, tmp, &r->keys) {
		struct ms_kms_tpk *k = key_at(link);

		if (k->retires == MS_NEVER || now <= k->expires)
			continue;
		err = ms_store_tpk_remove(s, ms_span_of(k->id, sizeof(k->id)));
		if (err)
			return err;
		key_free(k);
		r->n--;
	}
	return 0;
}
