/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of the directory. Each either happens whole or leaves everything as it was. */
#include <errno.h>

#include "core/alloc.h"
#include "kms/directory-priv.h"

static void key_free(struct ms_kms_key *k)
{
	ms_list_remove(&k->link);
	ms_secret_wipe(&k->secret);
	ms_free(k);
}

static void identity_free(struct ms_kms_identity *i)
{
	ms_list_remove(&i->link);
	ms_free(i);
}

static void cert_free(struct ms_kms_cert *c)
{
	ms_list_remove(&c->link);
	ms_free(c);
}

void ms_kms_user_free(struct ms_kms_user *u)
{
	struct ms_list *link, *tmp;

	ms_list_foreach_safe (link, tmp, &u->identities)
		identity_free(MS_CONTAINER_OF(link, struct ms_kms_identity, link));
	ms_list_foreach_safe (link, tmp, &u->keys)
		key_free(MS_CONTAINER_OF(link, struct ms_kms_key, link));
	ms_list_foreach_safe (link, tmp, &u->certs)
		cert_free(MS_CONTAINER_OF(link, struct ms_kms_cert, link));
	ms_free(u);
}

int ms_kms_add_user(struct ms_kms_directory *d, const struct ms_store_user *s)
{
	struct ms_kms_user *u = ms_zalloc(sizeof(*u) + s->name.len + 1);
	int err;

	if (!u)
		return -ENOMEM;
	ms_list_init(&u->identities);
	ms_list_init(&u->keys);
	ms_list_init(&u->certs);
	u->disabled = s->disabled;
	u->created = s->created;
	u->revoked_before = s->revoked_before;
	memcpy(u->name, s->name.p, s->name.len);
	err = ms_hash_put(d->users, s->name, u);
	if (err)
		ms_free(u);
	return err;
}

void ms_kms_psi_free(struct ms_kms_psi *p)
{
	if (p)
		ms_hash_free(p->members);
	ms_free(p);
}

struct disown {
	struct ms_kms_user *user;
	struct ms_span empty; /* a PSI that has no owner left */
};

static int disown(struct ms_span uri, void *value, void *arg)
{
	struct ms_kms_psi *p = value;
	struct disown *x = arg;
	struct ms_list *link, *tmp;

	ms_list_foreach_safe (link, tmp, &p->owners) {
		struct ms_kms_psi_owner *o = MS_CONTAINER_OF(link, struct ms_kms_psi_owner, link);

		if (o->user == x->user) {
			ms_list_remove(&o->link);
			ms_free(o);
		}
	}
	if (p->members)
		(void)ms_hash_take(p->members, ms_span_str(x->user->name));
	if (!ms_list_empty(&p->owners))
		return 0;
	x->empty = uri;
	return 1;
}

static void disown_all(struct ms_kms_directory *d, struct ms_kms_user *u)
{
	struct disown x = { .user = u };

	/* The walk ends at each PSI that lost its last owner, which is then taken out. */
	while (ms_hash_each(d->psis, disown, &x) != 0)
		ms_kms_psi_free(ms_hash_take(d->psis, x.empty));
}

int ms_kms_remove_user(struct ms_kms_directory *d, struct ms_span name)
{
	struct ms_kms_user *u = ms_hash_take(d->users, name);
	struct ms_list *link;

	if (!u)
		return -ENOENT;
	ms_list_foreach (link, &u->identities)
		ms_hash_take(d->identities,
			     ms_span_str(MS_CONTAINER_OF(link, struct ms_kms_identity, link)->uri));
	ms_list_foreach (link, &u->keys) {
		struct ms_kms_key *k = MS_CONTAINER_OF(link, struct ms_kms_key, link);

		ms_hash_take(d->keys, ms_span_of(k->id, k->id_len));
	}
	ms_list_foreach (link, &u->certs)
		ms_hash_take(
			d->certs,
			ms_span_of(MS_CONTAINER_OF(link, struct ms_kms_cert, link)->fingerprint,
				   32));
	disown_all(d, u);
	ms_kms_user_free(u);
	return 0;
}

int ms_kms_set_disabled(struct ms_kms_directory *d, struct ms_span name, bool disabled)
{
	struct ms_kms_user *u = ms_hash_get(d->users, name);

	if (!u)
		return -ENOENT;
	u->disabled = disabled;
	return 0;
}

int ms_kms_set_revoked(struct ms_kms_directory *d, struct ms_span name, ms_usec before)
{
	struct ms_kms_user *u = ms_hash_get(d->users, name);

	if (!u)
		return -ENOENT;
	u->revoked_before = before;
	return 0;
}

int ms_kms_add_identity(struct ms_kms_directory *d, struct ms_span user, struct ms_span uri)
{
	struct ms_kms_user *u = ms_hash_get(d->users, user);
	struct ms_kms_identity *i;
	int err;

	if (!u)
		return -ENOENT;
	i = ms_zalloc(sizeof(*i) + uri.len + 1);
	if (!i)
		return -ENOMEM;
	i->user = u;
	memcpy(i->uri, uri.p, uri.len);
	err = ms_hash_put(d->identities, uri, i);
	if (err)
		ms_free(i);
	else
		ms_list_append(&u->identities, &i->link);
	return err;
}

int ms_kms_remove_identity(struct ms_kms_directory *d, struct ms_span uri)
{
	struct ms_kms_identity *i = ms_hash_take(d->identities, uri);

	if (!i)
		return -ENOENT;
	identity_free(i);
	return 0;
}

int ms_kms_add_key(struct ms_kms_directory *d, const struct ms_store_key *s)
{
	struct ms_kms_user *u = ms_hash_get(d->users, s->user);
	struct ms_kms_key *k;
	int err;

	if (!u)
		return -ENOENT;
	k = ms_zalloc(sizeof(*k) + s->id.len);
	if (!k)
		return -ENOMEM;
	k->user = u;
	k->kind = s->kind;
	k->created = s->created;
	k->expires = s->expires;
	k->id_len = s->id.len;
	memcpy(k->id, s->id.p, s->id.len);
	err = ms_secret_set(&k->secret, s->secret);
	if (err == 0)
		err = ms_hash_put(d->keys, s->id, k);
	if (err) {
		ms_secret_wipe(&k->secret);
		ms_free(k);
		return err;
	}
	ms_list_append(&u->keys, &k->link);
	return 0;
}

int ms_kms_remove_key(struct ms_kms_directory *d, struct ms_span id)
{
	struct ms_kms_key *k = ms_hash_take(d->keys, id);

	if (!k)
		return -ENOENT;
	key_free(k);
	return 0;
}

int ms_kms_add_cert(struct ms_kms_directory *d, const struct ms_store_cert *s)
{
	struct ms_kms_user *u = ms_hash_get(d->users, s->user);
	struct ms_kms_cert *c;
	int err;

	if (!u)
		return -ENOENT;
	c = ms_zalloc(sizeof(*c) + s->der.len);
	if (!c)
		return -ENOMEM;
	c->user = u;
	c->expires = s->expires;
	c->der_len = s->der.len;
	memcpy(c->fingerprint, s->fingerprint, sizeof(c->fingerprint));
	memcpy(c->der, s->der.p, s->der.len);
	err = ms_hash_put(d->certs, ms_span_of(s->fingerprint, 32), c);
	if (err)
		ms_free(c);
	else
		ms_list_append(&u->certs, &c->link);
	return err;
}

int ms_kms_remove_cert(struct ms_kms_directory *d, const uint8_t fingerprint[static 32])
{
	struct ms_kms_cert *c = ms_hash_take(d->certs, ms_span_of(fingerprint, 32));

	if (!c)
		return -ENOENT;
	cert_free(c);
	return 0;
}

static int get_psi(struct ms_kms_directory *d, struct ms_span uri, struct ms_kms_psi **ret_p)
{
	struct ms_kms_psi *p = ms_hash_get(d->psis, uri);
	int err;

	if (!p) {
		p = ms_zalloc(sizeof(*p) + uri.len + 1);
		if (!p)
			return -ENOMEM;
		ms_list_init(&p->owners);
		memcpy(p->uri, uri.p, uri.len);
		err = ms_hash_put(d->psis, uri, p);
		if (err) {
			ms_free(p);
			return err;
		}
	}
	*ret_p = p;
	return 0;
}

int ms_kms_add_psi(struct ms_kms_directory *d, struct ms_span psi, struct ms_span user)
{
	struct ms_kms_user *u = ms_hash_get(d->users, user);
	struct ms_kms_psi_owner *o;
	struct ms_kms_psi *p;
	int err;

	if (!u)
		return -ENOENT;
	if (ms_kms_owns_psi(d, psi, u))
		return -EEXIST;
	o = ms_zalloc(sizeof(*o));
	err = o ? get_psi(d, psi, &p) : -ENOMEM;
	if (err) {
		ms_free(o);
		return err;
	}
	o->user = u;
	ms_list_append(&p->owners, &o->link);
	return 0;
}

int ms_kms_remove_psi(struct ms_kms_directory *d, struct ms_span psi, struct ms_span user)
{
	struct ms_kms_psi *p = ms_hash_get(d->psis, psi);
	struct ms_list *link, *tmp;
	int err = -ENOENT;

	if (!p)
		return -ENOENT;
	ms_list_foreach_safe (link, tmp, &p->owners) {
		struct ms_kms_psi_owner *o = MS_CONTAINER_OF(link, struct ms_kms_psi_owner, link);

		if (user.len > 0 && !ms_span_is(user, o->user->name))
			continue;
		ms_list_remove(&o->link);
		ms_free(o);
		err = 0;
	}
	if (ms_list_empty(&p->owners))
		ms_kms_psi_free(ms_hash_take(d->psis, psi));
	return err;
}

int ms_kms_add_psi_member(struct ms_kms_directory *d, struct ms_span psi, struct ms_span user)
{
	struct ms_kms_user *u = ms_hash_get(d->users, user);
	struct ms_kms_psi *p = ms_hash_get(d->psis, psi);
	int err = u && p ? 0 : -ENOENT;

	if (err == 0 && !p->members)
		err = ms_hash_new(d->max, d->hash_key, &p->members);
	return err ? err : ms_hash_put(p->members, user, u);
}

int ms_kms_remove_psi_member(struct ms_kms_directory *d, struct ms_span psi, struct ms_span user)
{
	struct ms_kms_psi *p = ms_hash_get(d->psis, psi);

	return p && p->members && ms_hash_take(p->members, user) ? 0 : -ENOENT;
}

int ms_kms_add_rule(struct ms_kms_directory *d, const struct ms_store_policy *p)
{
	return ms_kms_policy_add(&d->policy, p);
}

int ms_kms_remove_rule(struct ms_kms_directory *d, int64_t id)
{
	return ms_kms_policy_remove(&d->policy, id);
}

int ms_kms_add_revoked(struct ms_kms_directory *d, const struct ms_store_revoked *r)
{
	return ms_hash_put(d->revoked, r->ticket, d);
}
