/* SPDX-License-Identifier: Apache-2.0 */
/* Finding, loading and freeing; changes are in directory-change.c. */
#include "kms/directory.h"

#include <errno.h>

#include "core/alloc.h"
#include "kms/directory-priv.h"

int ms_kms_directory_new(size_t max, const uint8_t hash_key[static 16],
			 struct ms_kms_directory **ret_d)
{
	struct ms_kms_directory *d = ms_zalloc(sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	d->max = max;
	memcpy(d->hash_key, hash_key, sizeof(d->hash_key));
	err = ms_hash_new(max, hash_key, &d->users);
	err = err ? err : ms_hash_new(max, hash_key, &d->identities);
	err = err ? err : ms_hash_new(max, hash_key, &d->keys);
	err = err ? err : ms_hash_new(max, hash_key, &d->certs);
	err = err ? err : ms_hash_new(max, hash_key, &d->psis);
	err = err ? err : ms_hash_new(max, hash_key, &d->revoked);
	if (err) {
		ms_kms_directory_free(d);
		return err;
	}
	*ret_d = d;
	return 0;
}

static int free_user(struct ms_span key, void *value, void *arg)
{
	(void)key;
	(void)arg;
	ms_kms_user_free(value);
	return 0;
}

static int free_psi(struct ms_span key, void *value, void *arg)
{
	struct ms_kms_psi *p = value;
	struct ms_list *link, *tmp;

	(void)key;
	(void)arg;
	ms_list_foreach_safe (link, tmp, &p->owners)
		ms_free(MS_CONTAINER_OF(link, struct ms_kms_psi_owner, link));
	ms_kms_psi_free(p);
	return 0;
}

struct ms_kms_directory *ms_kms_directory_free(struct ms_kms_directory *d)
{
	if (!d)
		return NULL;
	if (d->psis)
		ms_hash_each(d->psis, free_psi, NULL);
	if (d->users)
		ms_hash_each(d->users, free_user, NULL);
	ms_hash_free(d->users);
	ms_hash_free(d->identities);
	ms_hash_free(d->keys);
	ms_hash_free(d->certs);
	ms_hash_free(d->psis);
	ms_hash_free(d->revoked);
	ms_kms_policy_done(&d->policy);
	return ms_free(d);
}

struct loading {
	struct ms_kms_directory *d;
	int (*tpk)(void *arg, const struct ms_store_tpk *k);
	void *arg;
};

static int load_user(void *arg, const struct ms_store_user *u)
{
	return ms_kms_add_user(((struct loading *)arg)->d, u);
}

static int load_identity(void *arg, struct ms_span user, struct ms_span uri)
{
	return ms_kms_add_identity(((struct loading *)arg)->d, user, uri);
}

static int load_key(void *arg, const struct ms_store_key *k)
{
	return ms_kms_add_key(((struct loading *)arg)->d, k);
}

static int load_cert(void *arg, const struct ms_store_cert *c)
{
	return ms_kms_add_cert(((struct loading *)arg)->d, c);
}

static int load_psi(void *arg, struct ms_span psi, struct ms_span user)
{
	return ms_kms_add_psi(((struct loading *)arg)->d, psi, user);
}

static int load_psi_member(void *arg, struct ms_span psi, struct ms_span user)
{
	return ms_kms_add_psi_member(((struct loading *)arg)->d, psi, user);
}

static int load_policy(void *arg, const struct ms_store_policy *p)
{
	return ms_kms_add_rule(((struct loading *)arg)->d, p);
}

static int load_revoked(void *arg, const struct ms_store_revoked *r)
{
	return ms_kms_add_revoked(((struct loading *)arg)->d, r);
}

static int load_tpk(void *arg, const struct ms_store_tpk *k)
{
	struct loading *l = arg;

	return l->tpk ? l->tpk(l->arg, k) : 0;
}

int ms_kms_directory_load(struct ms_kms_directory *d, struct ms_store *s,
			  int (*tpk)(void *arg, const struct ms_store_tpk *k), void *arg)
{
	struct loading l = { d, tpk, arg };
	const struct ms_store_visitor v = {
		load_user,       load_identity, load_key,     load_cert, load_psi,
		load_psi_member, load_policy,   load_revoked, load_tpk,  &l,
	};

	return ms_store_load(s, &v);
}

const struct ms_kms_user *ms_kms_find_user(const struct ms_kms_directory *d, struct ms_span name)
{
	return ms_hash_get(d->users, name);
}

const struct ms_kms_user *ms_kms_find_identity(const struct ms_kms_directory *d, struct ms_span uri)
{
	const struct ms_kms_identity *i = ms_hash_get(d->identities, uri);

	return i ? i->user : NULL;
}

const struct ms_kms_key *ms_kms_find_key(const struct ms_kms_directory *d, struct ms_span id)
{
	return ms_hash_get(d->keys, id);
}

const struct ms_kms_key *ms_kms_newest_key(const struct ms_kms_user *u, ms_usec now)
{
	const struct ms_kms_key *newest = NULL;
	struct ms_list *link;

	ms_list_foreach (link, &u->keys) {
		const struct ms_kms_key *k = MS_CONTAINER_OF(link, struct ms_kms_key, link);

		if (k->expires > now && (!newest || k->created >= newest->created))
			newest = k;
	}
	return newest;
}

const struct ms_kms_cert *ms_kms_find_cert(const struct ms_kms_directory *d,
					   const uint8_t fingerprint[static 32])
{
	return ms_hash_get(d->certs, ms_span_of(fingerprint, 32));
}

const struct ms_kms_psi *ms_kms_find_psi(const struct ms_kms_directory *d, struct ms_span uri)
{
	return ms_hash_get(d->psis, uri);
}

bool ms_kms_owns_psi(const struct ms_kms_directory *d, struct ms_span psi,
		     const struct ms_kms_user *u)
{
	const struct ms_kms_psi *p = ms_kms_find_psi(d, psi);
	struct ms_list *link;

	if (!p)
		return false;
	ms_list_foreach (link, &p->owners)
		if (MS_CONTAINER_OF(link, struct ms_kms_psi_owner, link)->user == u)
			return true;
	return false;
}

bool ms_kms_is_revoked(const struct ms_kms_directory *d, struct ms_span ticket)
{
	return ms_hash_get(d->revoked, ticket) != NULL;
}

const struct ms_kms_policy *ms_kms_directory_policy(const struct ms_kms_directory *d)
{
	return &d->policy;
}

bool ms_kms_in_psi(const struct ms_kms_directory *d, struct ms_span psi,
		   const struct ms_kms_user *u)
{
	const struct ms_kms_psi *p = ms_kms_find_psi(d, psi);

	return p && p->members && ms_hash_get(p->members, ms_span_str(u->name)) == u;
}

struct ms_kms_directory_counts ms_kms_directory_counts(const struct ms_kms_directory *d)
{
	return (struct ms_kms_directory_counts){
		.users = ms_hash_count(d->users),
		.identities = ms_hash_count(d->identities),
		.keys = ms_hash_count(d->keys),
		.certs = ms_hash_count(d->certs),
		.psis = ms_hash_count(d->psis),
		.rules = d->policy.n,
		.revoked = ms_hash_count(d->revoked),
	};
}

struct each_user {
	int (*f)(const struct ms_kms_user *u, void *arg);
	void *arg;
};

static int each_user(struct ms_span key, void *value, void *arg)
{
	const struct each_user *e = arg;

	(void)key;
	return e->f(value, e->arg);
}

int ms_kms_each_user(const struct ms_kms_directory *d,
		     int (*f)(const struct ms_kms_user *u, void *arg), void *arg)
{
	struct each_user e = { f, arg };

	return ms_hash_each(d->users, each_user, &e);
}

struct each_psi {
	int (*f)(const struct ms_kms_psi *p, void *arg);
	void *arg;
};

static int each_psi(struct ms_span key, void *value, void *arg)
{
	const struct each_psi *e = arg;

	(void)key;
	return e->f(value, e->arg);
}

int ms_kms_each_psi(const struct ms_kms_directory *d,
		    int (*f)(const struct ms_kms_psi *p, void *arg), void *arg)
{
	struct each_psi e = { f, arg };

	return ms_hash_each(d->psis, each_psi, &e);
}
