/* SPDX-License-Identifier: Apache-2.0 */
#include "alg/registrar-priv.h"

#include <errno.h>

#include "alg/agreement.h"
#include "core/alloc.h"
#include "core/random.h"

struct ms_alg_flow {
	char key[192];
	struct ms_list contacts; /* by flow_link */
	size_t n;
};

/* ---- names ---- */

/* A stream is its number; a UDP user its address at our point. */
static const char *flow_key(const struct ms_sip_hop *hop, char dst[static 192])
{
	struct ms_buf b;
	char text[160];

	ms_buf_init_fixed(&b, dst, 192);
	if (hop->stream)
		ms_buf_printf(&b, "#%llu", (unsigned long long)hop->stream);
	else
		ms_buf_printf(&b, "%u %s", hop->point, ms_sip_hop_print(hop, text));
	return ms_buf_cstr(&b);
}

static int contact_key(struct ms_span aor, struct ms_span uri, struct ms_buf *key)
{
	ms_buf_put_span(key, aor);
	ms_buf_put_u8(key, '|');
	ms_buf_put_span(key, uri);
	return ms_buf_status(key);
}

static struct ms_alg_contact *find(const struct ms_alg_registrar *r, struct ms_span aor,
				   struct ms_span uri)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf key;

	ms_buf_init(&key, 65536);
	return contact_key(aor, uri, &key) < 0 ? NULL : ms_hash_get(r->by_key, ms_buf_span(&key));
}

/* ---- life ---- */

static void free_texts(struct ms_alg_texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		ms_free(t->text[i]);
	ms_free(t->text);
	*t = (struct ms_alg_texts){ NULL, 0 };
}

static void leave_flow(struct ms_alg_contact *c)
{
	struct ms_alg_flow *f = c->flow;

	if (!f)
		return;
	ms_list_remove(&c->flow_link);
	c->flow = NULL;
	if (--f->n > 0)
		return;
	(void)ms_hash_take(c->registrar->by_flow, ms_span_str(f->key));
	ms_free(f);
}

void ms_alg_contact_free(struct ms_alg_contact *c)
{
	if (c->kept)
		ms_border_journal_drop(c->registrar->journal, c->key);
	if (c->key)
		(void)ms_hash_take(c->registrar->by_key, ms_span_str(c->key));
	if (c->uri && ms_hash_get(c->registrar->by_uri, ms_span_str(c->uri)) == c)
		(void)ms_hash_take(c->registrar->by_uri, ms_span_str(c->uri));
	leave_flow(c);
	ms_timer_stop(&c->expiry);
	ms_list_remove(&c->link);
	c->registrar->n--;
	free_texts(&c->identities);
	free_texts(&c->routes);
	ms_free(c->key);
	ms_free(c->aor);
	ms_free(c->uri);
	ms_free(c);
}

static void expired(void *arg)
{
	ms_alg_contact_free(arg);
}

int ms_alg_registrar_new(size_t contacts_max, size_t flow_max, struct ms_alg_registrar **ret_r)
{
	struct ms_alg_registrar *r = ms_zalloc(sizeof(*r));
	uint8_t key[16];
	int err;

	if (!r)
		return -ENOMEM;
	r->max = contacts_max;
	r->flow_max = flow_max;
	ms_list_init(&r->contacts);
	err = ms_random_fill(&ms_random_system, key, sizeof(key));
	if (err == 0)
		err = ms_hash_new(contacts_max, key, &r->by_key);
	if (err == 0)
		err = ms_hash_new(contacts_max, key, &r->by_flow);
	if (err == 0)
		err = ms_hash_new(contacts_max, key, &r->by_uri);
	if (err < 0)
		ms_alg_registrar_free(r);
	else
		*ret_r = r;
	return err;
}

struct ms_alg_registrar *ms_alg_registrar_free(struct ms_alg_registrar *r)
{
	if (!r)
		return NULL;
	/* Who is registered stays so over a restart. */
	r->journal = ms_border_journal_close(r->journal);
	while (!ms_list_empty(&r->contacts))
		ms_alg_contact_free(MS_CONTAINER_OF(r->contacts.next, struct ms_alg_contact, link));
	ms_hash_free(r->by_key);
	ms_hash_free(r->by_flow);
	ms_hash_free(r->by_uri);
	return ms_free(r);
}

/* ---- registering ---- */

/* Takes the URIs, or with `whole` the values, of a header that lists addresses. */
static int take_texts(struct ms_alg_texts *t, const struct ms_sip_packet *m, const char *header,
		      bool whole)
{
	struct ms_sip_address a;
	struct ms_span value;

	t->text = ms_calloc(MS_ALG_TEXTS_MAX, sizeof(*t->text));
	if (!t->text)
		return -ENOMEM;
	for (size_t i = 0; t->n < MS_ALG_TEXTS_MAX && ms_sip_packet_element(m, header, i, &value);
	     i++) {
		if (ms_sip_address_parse(value, &a) < 0)
			continue;
		t->text[t->n] = ms_strdup_span(whole ? value : a.uri);
		if (!t->text[t->n])
			return -ENOMEM;
		t->n++;
	}
	return 0;
}

static int join_flow(struct ms_alg_contact *c)
{
	struct ms_alg_registrar *r = c->registrar;
	struct ms_alg_flow *f;
	char key[192];
	int err;

	f = ms_hash_get(r->by_flow, ms_span_str(flow_key(&c->hop, key)));
	if (f && f->n >= r->flow_max)
		return -ENOSPC;
	if (!f) {
		f = ms_zalloc(sizeof(*f));
		if (!f)
			return -ENOMEM;
		(void)flow_key(&c->hop, f->key);
		ms_list_init(&f->contacts);
		err = ms_hash_put(r->by_flow, ms_span_str(f->key), f);
		if (err < 0) {
			ms_free(f);
			return err;
		}
	}
	ms_list_append(&f->contacts, &c->flow_link);
	f->n++;
	c->flow = f;
	return 0;
}

static bool is_behind_nat(const struct ms_alg_registration *g)
{
	char host[MS_ADDR_TEXT_MAX];
	struct ms_sip_uri uri;

	(void)ms_addr_print_host(&g->hop->peer, host);
	return ms_sip_uri_parse(g->uri, &uri) == 0 && !ms_span_is_nocase(uri.host, host);
}

/* Where it is found: by its names, its Contact, its flow. */
int ms_alg_contact_enlist(struct ms_alg_contact *c, struct ms_span aor, struct ms_span uri)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf key;
	int err;

	ms_buf_init(&key, 65536);
	err = contact_key(aor, uri, &key);
	if (err < 0)
		return err;
	c->aor = ms_strdup_span(aor);
	c->uri = ms_strdup_span(uri);
	c->key = ms_strdup_span(ms_buf_span(&key));
	if (!c->aor || !c->uri || !c->key)
		return -ENOMEM;
	err = ms_hash_put(c->registrar->by_key, ms_span_str(c->key), c);
	if (err < 0) {
		c->key = ms_free(c->key);
		return err;
	}
	err = ms_hash_put(c->registrar->by_uri, ms_span_str(c->uri), c);
	if (err < 0 && err != -EEXIST)
		return err;
	return join_flow(c);
}

static int fill(struct ms_alg_contact *c, const struct ms_alg_registration *g)
{
	int err = ms_alg_contact_enlist(c, g->aor, g->uri);

	if (err == 0)
		err = take_texts(&c->identities, g->answer, "P-Associated-URI", false);
	return err == 0 ? take_texts(&c->routes, g->answer, "Service-Route", true) : err;
}

struct ms_alg_contact *ms_alg_contact_make(struct ms_alg_registrar *r)
{
	struct ms_alg_contact *c = r->n < r->max ? ms_zalloc(sizeof(*c)) : NULL;

	if (!c)
		return NULL;
	c->registrar = r;
	ms_timer_init(&c->expiry, "alg.expiry", expired, c);
	ms_list_append(&r->contacts, &c->link);
	r->n++;
	return c;
}

int ms_alg_register(struct ms_alg_registrar *r, const struct ms_alg_registration *g)
{
	struct ms_alg_contact *c = find(r, g->aor, g->uri);
	ms_usec since = c ? c->since : ms_clock_mono();
	int err;

	/* A refresh replaces everything: another flow, other identities. */
	if (c)
		ms_alg_contact_free(c);
	if (r->n >= r->max)
		return -ENOSPC;
	c = ms_alg_contact_make(r);
	if (!c)
		return -ENOMEM;
	c->hop = *g->hop;
	c->agreed = g->agreed;
	c->nat = is_behind_nat(g);
	c->since = since;
	c->until = ms_clock_mono() + (ms_usec)g->expires_s * MS_SEC;
	err = fill(c, g);
	if (err < 0) {
		ms_alg_contact_free(c);
		return err;
	}
	ms_timer_start(&c->expiry, (ms_usec)g->expires_s * MS_SEC);
	ms_alg_contact_keep(c);
	return 0;
}

void ms_alg_deregister(struct ms_alg_registrar *r, struct ms_span aor, struct ms_span uri)
{
	struct ms_alg_contact *c = find(r, aor, uri);
	struct ms_list *link, *next;

	if (c)
		ms_alg_contact_free(c);
	if (uri.len > 0)
		return;
	ms_list_foreach_safe (link, next, &r->contacts) {
		c = MS_CONTAINER_OF(link, struct ms_alg_contact, link);
		if (ms_span_is(aor, c->aor))
			ms_alg_contact_free(c);
	}
}

/* ---- flows ---- */

static struct ms_alg_flow *flow_of(const struct ms_alg_registrar *r, const struct ms_sip_hop *hop)
{
	char key[192];

	return ms_hash_get(r->by_flow, ms_span_str(flow_key(hop, key)));
}

bool ms_alg_registrar_has_room(const struct ms_alg_registrar *r, const struct ms_sip_hop *hop)
{
	const struct ms_alg_flow *f = flow_of(r, hop);

	return f ? f->n < r->flow_max : r->n < r->max;
}

void ms_alg_registrar_flow_lost(struct ms_alg_registrar *r, const struct ms_sip_hop *hop)
{
	struct ms_alg_flow *f = flow_of(r, hop);
	size_t n = f ? f->n : 0;

	/* The flow goes with its last contact. */
	while (n-- > 0)
		ms_alg_contact_free(
			MS_CONTAINER_OF(f->contacts.next, struct ms_alg_contact, flow_link));
}

struct ms_alg_contact *ms_alg_contact_by_uri(const struct ms_alg_registrar *r, struct ms_span uri)
{
	return ms_hash_get(r->by_uri, uri);
}

static bool has_identity(const struct ms_alg_contact *c, struct ms_span uri)
{
	if (ms_sip_uri_same(ms_span_str(c->aor), uri))
		return true;
	for (size_t i = 0; i < c->identities.n; i++)
		if (ms_sip_uri_same(ms_span_str(c->identities.text[i]), uri) ||
		    ms_span_is(uri, c->identities.text[i]))
			return true;
	return false;
}

struct ms_alg_contact *ms_alg_contact_of(const struct ms_alg_registrar *r,
					 const struct ms_sip_hop *hop, struct ms_span identity)
{
	struct ms_alg_flow *f = flow_of(r, hop);
	struct ms_list *link;

	if (!f)
		return NULL;
	ms_list_foreach (link, &f->contacts) {
		struct ms_alg_contact *c = MS_CONTAINER_OF(link, struct ms_alg_contact, flow_link);

		if (identity.len > 0 && has_identity(c, identity))
			return c;
	}
	return MS_CONTAINER_OF(f->contacts.next, struct ms_alg_contact, flow_link);
}

struct ms_span ms_alg_contact_identity(const struct ms_alg_contact *c, struct ms_span uri)
{
	if (uri.len > 0 && has_identity(c, uri))
		return uri;
	return ms_span_str(c->identities.n > 0 ? c->identities.text[0] : c->aor);
}

/* ---- for operators ---- */

size_t ms_alg_registrar_count(const struct ms_alg_registrar *r)
{
	return r->n;
}

static json_t *show(const struct ms_alg_contact *c)
{
	char hop[160], agreed[96];
	struct ms_buf b;

	ms_buf_init_fixed(&b, agreed, sizeof(agreed));
	ms_alg_agreement_put(c->agreed, &b);
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:I}", "identity", c->aor, "contact", c->uri,
			 "flow", ms_sip_hop_print(&c->hop, hop), "security", ms_buf_cstr(&b), "nat",
			 c->nat, "expires_s", (json_int_t)((c->until - ms_clock_mono()) / MS_SEC));
}

json_t *ms_alg_registrar_list(const struct ms_alg_registrar *r)
{
	json_t *list = json_array();
	struct ms_list *link;

	ms_list_foreach (link, &r->contacts)
		json_array_append_new(list,
				      show(MS_CONTAINER_OF(link, struct ms_alg_contact, link)));
	return list;
}
