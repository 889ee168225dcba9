/* SPDX-License-Identifier: Apache-2.0 */
/* Contacts over a restart: see ms_alg_registrar_keep(). */
#include <errno.h>

#include "alg/registrar-priv.h"
#include "border/border.h"
#include "core/alloc.h"

static json_t *texts_json(const struct ms_alg_texts *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->n; i++)
		json_array_append_new(list, json_string(t->text[i]));
	return list;
}

void ms_alg_contact_keep(struct ms_alg_contact *c)
{
	struct ms_alg_registrar *r = c->registrar;

	if (!r->journal || c->hop.transport != MS_SIP_UDP)
		return;
	c->kept = true;
	ms_border_journal_put(
		r->journal,
		json_pack("{s:s, s:s, s:s, s:i, s:b, s:I, s:o, s:o, s:o}", "key", c->key, "aor",
			  c->aor, "uri", c->uri, "agreed", (int)c->agreed, "nat", c->nat, "until",
			  (json_int_t)(ms_clock_wall() + c->until - ms_clock_mono()), "identities",
			  texts_json(&c->identities), "routes", texts_json(&c->routes), "hop",
			  ms_border_hop_json(&c->hop)));
}

static void rewrite(void *arg)
{
	struct ms_alg_registrar *r = arg;
	struct ms_list *link;

	ms_list_foreach (link, &r->contacts)
		ms_alg_contact_keep(MS_CONTAINER_OF(link, struct ms_alg_contact, link));
}

static int read_texts(const json_t *list, struct ms_alg_texts *t)
{
	t->text = ms_calloc(MS_ALG_TEXTS_MAX, sizeof(*t->text));
	if (!t->text)
		return -ENOMEM;
	for (size_t i = 0; i < json_array_size(list) && t->n < MS_ALG_TEXTS_MAX; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		t->text[t->n] = ms_strdup(text ? text : "");
		if (!t->text[t->n])
			return -ENOMEM;
		t->n++;
	}
	return 0;
}

static int take_up(struct ms_alg_contact *c, const json_t *o, ms_usec left)
{
	int err = ms_border_hop_read(json_object_get(o, "hop"), &c->hop);

	c->agreed = (unsigned)json_integer_value(json_object_get(o, "agreed"));
	c->nat = json_is_true(json_object_get(o, "nat"));
	c->since = ms_clock_mono();
	c->until = c->since + left;
	if (err == 0)
		err = ms_alg_contact_enlist(
			c, ms_span_str(json_string_value(json_object_get(o, "aor"))),
			ms_span_str(json_string_value(json_object_get(o, "uri"))));
	if (err == 0)
		err = read_texts(json_object_get(o, "identities"), &c->identities);
	return err == 0 ? read_texts(json_object_get(o, "routes"), &c->routes) : err;
}

static void restore(struct ms_alg_registrar *r, const json_t *o)
{
	ms_usec left = (ms_usec)json_integer_value(json_object_get(o, "until")) - ms_clock_wall();
	struct ms_alg_contact *c = left > 0 ? ms_alg_contact_make(r) : NULL;

	if (!c)
		return;
	if (take_up(c, o, left) < 0) {
		ms_alg_contact_free(c);
		return;
	}
	ms_timer_start(&c->expiry, left);
	ms_alg_contact_keep(c);
}

int ms_alg_registrar_keep(struct ms_alg_registrar *r, const char *path, struct ms_buf *error)
{
	const char *key;
	json_t *contacts, *o;
	int err;

	if (!*path)
		return 0;
	err = ms_border_journal_open(path, "access.state", rewrite, r, error, &r->journal,
				     &contacts);
	if (err < 0)
		return err;
	json_object_foreach (contacts, key, o)
		restore(r, o);
	json_decref(contacts);
	return 0;
}
