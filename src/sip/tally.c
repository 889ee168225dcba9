/* SPDX-License-Identifier: Apache-2.0 */
/* How many of something each host has at the moment, so that one host cannot have them all. */
#include <errno.h>

#include "core/alloc.h"
#include "core/random.h"
#include "sip/wire-priv.h"

struct ms_sip_tally {
	struct ms_hash *hosts; /* host key -> struct entry */
};

struct entry {
	size_t n;
};

int ms_sip_tally_new(size_t hosts_max, struct ms_sip_tally **ret_t)
{
	struct ms_sip_tally *t = ms_zalloc(sizeof(*t));
	uint8_t key[16];
	int err;

	if (!t)
		return -ENOMEM;
	err = ms_random_fill(&ms_random_system, key, sizeof(key));
	if (err == 0)
		err = ms_hash_new(hosts_max, key, &t->hosts);
	if (err < 0)
		ms_free(t);
	else
		*ret_t = t;
	return err;
}

static int drop_entry(struct ms_span key MS_UNUSED, void *value, void *arg MS_UNUSED)
{
	ms_free(value);
	return 0;
}

struct ms_sip_tally *ms_sip_tally_free(struct ms_sip_tally *t)
{
	if (!t)
		return NULL;
	(void)ms_hash_each(t->hosts, drop_entry, NULL);
	ms_hash_free(t->hosts);
	return ms_free(t);
}

int ms_sip_tally_add(struct ms_sip_tally *t, const struct ms_addr *host, size_t max)
{
	struct ms_span key = ms_addr_host_key(host);
	struct entry *e = ms_hash_get(t->hosts, key);
	int err;

	if (e && e->n >= max)
		return -ENOSPC;
	if (!e) {
		e = ms_zalloc(sizeof(*e));
		err = e ? ms_hash_put(t->hosts, key, e) : -ENOMEM;
		if (err < 0) {
			ms_free(e);
			return err;
		}
	}
	e->n++;
	return 0;
}

void ms_sip_tally_remove(struct ms_sip_tally *t, const struct ms_addr *host)
{
	struct ms_span key = ms_addr_host_key(host);
	struct entry *e = ms_hash_get(t->hosts, key);

	if (e && --e->n == 0)
		ms_free(ms_hash_take(t->hosts, key));
}
