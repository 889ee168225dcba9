/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in replies at once: addresses, ports, fingerprints. */
#include <errno.h>

#include "core/alloc.h"
#include "mgw/plane-priv.h"

/* H.248.8 */
enum { UNSUPPORTED_VALUE = 449, NO_RESOURCES = 510 };

static struct ms_bearer_address address_of(const struct ms_addr *a)
{
	struct ms_bearer_address b = { .family = ms_addr_family(a) == AF_INET6 ? 6 : 4 };

	if (b.family == 6)
		memcpy(b.octets, &a->u.in6.sin6_addr, 16);
	else
		memcpy(b.octets, &a->u.in.sin_addr, 4);
	return b;
}

int ms_mgw_plane_pools(struct ms_mgw_plane *p, const struct ms_mgw_config *c)
{
	const struct ms_mgw_realm *r = c->realms.items;

	p->pools = ms_zalloc(c->realms.n * sizeof(*p->pools));
	if (!p->pools)
		return -ENOMEM;
	for (size_t i = 0; i < c->realms.n; i++) {
		struct pool *pool = &p->pools[p->n_pools++];

		*pool = (struct pool){
			.realm = &r[i],
			.address = address_of(&r[i].address),
			.ports = ms_mgw_ports_new((uint16_t)r[i].port_min, (uint16_t)r[i].port_max),
		};
		if (!pool->ports)
			return -ENOMEM;
	}
	return 0;
}

void ms_mgw_plane_pools_done(struct ms_mgw_plane *p)
{
	for (size_t i = 0; i < p->n_pools; i++)
		ms_mgw_ports_free(p->pools[i].ports);
	ms_free(p->pools);
	p->pools = NULL;
	p->n_pools = 0;
}

static bool is_of_realm(const struct ms_mgw_plane *p, const struct pool *pool, const char *realm)
{
	return strcmp(pool->realm->name, realm[0] ? realm : p->pools[0].realm->name) == 0;
}

static bool has_octets(const struct ms_bearer_address *a)
{
	static const uint8_t none[16];

	return memcmp(a->octets, none, sizeof(none)) != 0;
}

static bool is_address(const struct pool *pool, const struct ms_bearer_address *wanted)
{
	if (wanted->family && wanted->family != pool->address.family)
		return false;
	return !has_octets(wanted) ||
	       memcmp(wanted->octets, pool->address.octets, sizeof(wanted->octets)) == 0;
}

int ms_mgw_plane_reserve(void *arg, const char *realm, const struct ms_bearer_address *local,
			 struct ms_bearer_address *ret_local)
{
	struct ms_mgw_plane *p = arg;
	int err = UNSUPPORTED_VALUE;

	for (size_t i = 0; i < p->n_pools; i++) {
		const struct pool *pool = &p->pools[i];

		if (!is_of_realm(p, pool, realm) || !is_address(pool, local))
			continue;
		uint16_t port = ms_mgw_ports_take(pool->ports, local->port);
		err = NO_RESOURCES;
		if (!port)
			continue;
		*ret_local = pool->address;
		ret_local->port = port;
		return 0;
	}
	if (err == NO_RESOURCES)
		p->counts.no_port++;
	return err;
}

void ms_mgw_plane_release(void *arg, const char *realm, const struct ms_bearer_address *local)
{
	struct ms_mgw_plane *p = arg;

	for (size_t i = 0; i < p->n_pools; i++) {
		const struct pool *pool = &p->pools[i];

		if (is_of_realm(p, pool, realm) && is_address(pool, local) &&
		    local->port >= pool->realm->port_min && local->port <= pool->realm->port_max) {
			ms_mgw_ports_give(pool->ports, local->port);
			return;
		}
	}
}

/* ---- certificates ---- */

void ms_mgw_plane_forget(struct worker *w, uint32_t number)
{
	for (unsigned i = 0; i < w->n_certificates; i++) {
		if (w->certificates[i].number != number)
			continue;
		w->n_certificates--;
		memmove(&w->certificates[i], &w->certificates[i + 1],
			(w->n_certificates - i) * sizeof(w->certificates[0]));
		return;
	}
}

void ms_mgw_plane_certificate(struct worker *w, uint32_t number,
			      const struct ms_bearer_fingerprints *list)
{
	if (w->n_certificates == CERTIFICATES_MAX)
		ms_mgw_plane_forget(w, w->certificates[0].number);
	w->certificates[w->n_certificates++] = (struct certificate){ number, *list };
}

static const struct certificate *find(const struct worker *w, uint32_t number)
{
	for (unsigned i = w->n_certificates; i-- > 0;)
		if (number == 0 || w->certificates[i].number == number)
			return &w->certificates[i];
	return NULL;
}

int ms_mgw_plane_fingerprint(void *arg, uint16_t home, uint32_t *certificate,
			     enum ms_bearer_hash hash, struct ms_bearer_fingerprint *ret_f)
{
	const struct ms_mgw_plane *p = arg;
	const struct certificate *c =
		home < p->n_workers ? find(&p->workers[home], *certificate) : NULL;

	if (!c)
		return NO_RESOURCES;
	for (unsigned i = 0; i < c->fingerprints.n; i++) {
		if (c->fingerprints.list[i].hash != hash)
			continue;
		*ret_f = c->fingerprints.list[i];
		*certificate = c->number;
		return 0;
	}
	return UNSUPPORTED_VALUE;
}
