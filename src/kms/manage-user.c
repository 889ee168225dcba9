/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about users: their identities, keys and certificates. */
#include <errno.h>
#include <openssl/crypto.h>

#include "core/hex.h"
#include "crypto/hmac.h"
#include "kms/manage.h"
#include "kms/pem.h"

/* Shortest pre-shared key taken, in octets: RFC 6043 section 12.1 wants 128 bits. */
#define KEY_MIN 16

static int add_identity(struct ms_kms_edit *e, struct ms_span user, struct ms_span uri)
{
	int err;

	if (ms_kms_find_psi(e->v->dir, uri))
		return ms_kms_complain(e, "%.*s is a PSI", MS_SPAN_FMT(uri));
	err = ms_store_identity_add(e->v->store, user, uri);
	return err ? err : ms_kms_add_identity(e->v->dir, user, uri);
}

static int add_identities(struct ms_kms_edit *e, struct ms_span user)
{
	const json_t *list = json_object_get(e->args, "identities");
	size_t i;
	json_t *item;
	int err = 0;

	if (list && !json_is_array(list))
		return ms_kms_complain(e, "\"identities\" is no list");
	json_array_foreach (list, i, item) {
		if (!json_is_string(item))
			return ms_kms_complain(e, "\"identities\" is no list of texts");
		err = add_identity(e, user, ms_span_str(json_string_value(item)));
		if (err == -EEXIST)
			return ms_kms_complain(e, "%s belongs to a user already",
					       json_string_value(item));
		if (err)
			return err;
	}
	return 0;
}

static int store_key(struct ms_kms_edit *e, struct ms_span user, struct ms_span id,
		     struct ms_span secret)
{
	const char *kind = ms_control_text(e->args, "kind");
	uint64_t lifetime = 0;
	struct ms_store_key k = { id, user, MS_STORE_KEY_STATIC, e->now, MS_NEVER, secret };
	int err = ms_kms_number(e, "lifetime_s", UINT32_MAX, &lifetime);

	if (err)
		return err;
	if (kind && strcmp(kind, "gba") == 0)
		k.kind = MS_STORE_KEY_GBA;
	else if (kind && strcmp(kind, "static") != 0)
		return ms_kms_complain(e, "\"kind\" is neither static nor gba");
	if (lifetime > 0)
		k.expires = ms_usec_add(e->now, (ms_usec)lifetime * MS_SEC);
	else if (k.kind == MS_STORE_KEY_GBA)
		return ms_kms_complain(e, "a GBA key needs \"lifetime_s\"");
	err = ms_store_key_add(e->v->store, &k);
	return err ? err : ms_kms_add_key(e->v->dir, &k);
}

/* {"key_id": TEXT or hex:..., "key": hex digits, "kind", "lifetime_s"} */
static int add_key(struct ms_kms_edit *e, struct ms_span user)
{
	uint8_t secret_octets[MS_SECRET_MAX], id_octets[MS_STORE_NAME_MAX];
	struct ms_buf secret, id;
	struct ms_span text, id_text;
	int err = ms_kms_need(e, "key", &text);

	if (err == 0)
		err = ms_kms_need(e, "key_id", &id_text);
	if (err)
		return err;
	ms_buf_init_fixed(&secret, secret_octets, sizeof(secret_octets));
	ms_buf_init_fixed(&id, id_octets, sizeof(id_octets));
	if (ms_hex_decode(&secret, text) || secret.len < KEY_MIN)
		err = ms_kms_complain(e, "\"key\" is not %d to %d octets in hex digits", KEY_MIN,
				      MS_SECRET_MAX);
	else if (ms_kms_id_parse(id_text, &id))
		err = ms_kms_complain(e, "\"key_id\" is too long or no hex digits");
	else
		err = store_key(e, user, ms_buf_span(&id), ms_buf_span(&secret));
	if (err == -EEXIST)
		err = ms_kms_complain(e, "there is a key of that id already");
	ms_wipe(secret_octets, sizeof(secret_octets));
	return err;
}

static int do_user_add(struct ms_kms_edit *e)
{
	struct ms_store_user u = { .created = e->now };
	int err = ms_kms_need(e, "name", &u.name);

	if (err)
		return err;
	if (ms_kms_find_user(e->v->dir, u.name))
		return ms_kms_complain(e, "there is a user of that name already");
	err = ms_store_user_add(e->v->store, u.name, e->now);
	if (err == 0)
		err = ms_kms_add_user(e->v->dir, &u);
	if (err == 0)
		err = add_identities(e, u.name);
	if (err == 0 && json_object_get(e->args, "key"))
		err = add_key(e, u.name);
	/* What was added before the fault has to go from the directory again. */
	if (err && e->why[0] && ms_kms_find_user(e->v->dir, u.name))
		return ms_kms_remove_user(e->v->dir, u.name) == 0 ? err : -EIO;
	return err;
}

static int do_user_remove(struct ms_kms_edit *e)
{
	struct ms_span name;
	int err = ms_kms_need(e, "name", &name);

	if (err == 0)
		err = ms_store_user_remove(e->v->store, name);
	return err ? err : ms_kms_remove_user(e->v->dir, name);
}

static int set_disabled(struct ms_kms_edit *e, bool disabled)
{
	struct ms_span name;
	int err = ms_kms_need(e, "name", &name);

	if (err == 0)
		err = ms_store_user_disable(e->v->store, name, disabled);
	return err ? err : ms_kms_set_disabled(e->v->dir, name, disabled);
}

static int do_user_disable(struct ms_kms_edit *e)
{
	return set_disabled(e, true);
}

static int do_user_enable(struct ms_kms_edit *e)
{
	return set_disabled(e, false);
}

static int user_and(struct ms_kms_edit *e, const char *what, struct ms_span *ret_user,
		    struct ms_span *ret_thing)
{
	int err = ms_kms_need(e, "name", ret_user);

	if (err == 0 && !ms_kms_find_user(e->v->dir, *ret_user))
		err = ms_kms_complain(e, "there is no user of that name");
	return err ? err : ms_kms_need(e, what, ret_thing);
}

static int do_identity_add(struct ms_kms_edit *e)
{
	struct ms_span user, uri;
	int err = user_and(e, "identity", &user, &uri);

	if (err)
		return err;
	if (ms_kms_find_identity(e->v->dir, uri))
		return ms_kms_complain(e, "the identity belongs to a user already");
	return add_identity(e, user, uri);
}

static int do_identity_remove(struct ms_kms_edit *e)
{
	struct ms_span user, uri;
	int err = user_and(e, "identity", &user, &uri);

	if (err == 0)
		err = ms_store_identity_remove(e->v->store, user, uri);
	return err ? err : ms_kms_remove_identity(e->v->dir, uri);
}

static int do_key_add(struct ms_kms_edit *e)
{
	struct ms_span user, id;
	int err = user_and(e, "key_id", &user, &id);

	return err ? err : add_key(e, user);
}

static int do_key_remove(struct ms_kms_edit *e)
{
	uint8_t octets[MS_STORE_NAME_MAX];
	struct ms_span text;
	struct ms_buf id;
	int err = ms_kms_need(e, "key_id", &text);

	if (err)
		return err;
	ms_buf_init_fixed(&id, octets, sizeof(octets));
	if (ms_kms_id_parse(text, &id))
		return ms_kms_complain(e, "\"key_id\" is too long or no hex digits");
	err = ms_store_key_remove(e->v->store, ms_buf_span(&id));
	return err ? err : ms_kms_remove_key(e->v->dir, ms_buf_span(&id));
}

static int do_cert_add(struct ms_kms_edit *e)
{
	struct ms_store_cert c = { .expires = 0 };
	struct ms_span pem;
	uint8_t *der = NULL;
	size_t len = 0;
	int err = user_and(e, "certificate", &c.user, &pem);

	if (err)
		return err;
	if (ms_kms_pem_decode(pem, &der, &len, &c.expires))
		return ms_kms_complain(e, "\"certificate\" is no certificate in PEM form");
	c.der = ms_span_of(der, len);
	ms_hash(MS_HASH_SHA256, &c.der, 1, c.fingerprint);
	err = ms_store_cert_add(e->v->store, &c);
	if (err == 0)
		err = ms_kms_add_cert(e->v->dir, &c);
	OPENSSL_free(der);
	return err;
}

static int do_cert_remove(struct ms_kms_edit *e)
{
	uint8_t fingerprint[32];
	struct ms_span text;
	struct ms_buf b;
	int err = ms_kms_need(e, "fingerprint", &text);

	if (err)
		return err;
	ms_buf_init_fixed(&b, fingerprint, sizeof(fingerprint));
	if (ms_hex_decode(&b, text) || b.len != sizeof(fingerprint))
		return ms_kms_complain(e, "\"fingerprint\" is not 64 hex digits");
	err = ms_store_cert_remove(e->v->store, fingerprint);
	return err ? err : ms_kms_remove_cert(e->v->dir, fingerprint);
}

/* ---- asking ---- */

static json_t *identities_of(const struct ms_kms_user *u)
{
	json_t *list = json_array();
	const struct ms_list *link;

	ms_list_foreach (link, &u->identities)
		json_array_append_new(
			list,
			json_string(MS_CONTAINER_OF(link, struct ms_kms_identity, link)->uri));
	return list;
}

/* Everything about a key but the key. */
static json_t *keys_of(const struct ms_kms_user *u)
{
	json_t *list = json_array();
	const struct ms_list *link;

	ms_list_foreach (link, &u->keys) {
		const struct ms_kms_key *k = MS_CONTAINER_OF(link, struct ms_kms_key, link);

		json_array_append_new(
			list, json_pack("{s:o, s:s, s:I, s:o, s:o}", "id",
					ms_kms_json_id(ms_span_of(k->id, k->id_len)), "kind",
					k->kind == MS_STORE_KEY_GBA ? "gba" : "static", "octets",
					(json_int_t)k->secret.len, "created",
					ms_kms_json_time(k->created), "expires",
					ms_kms_json_time(k->expires)));
	}
	return list;
}

static json_t *certs_of(const struct ms_kms_user *u)
{
	json_t *list = json_array();
	const struct ms_list *link;

	ms_list_foreach (link, &u->certs) {
		const struct ms_kms_cert *c = MS_CONTAINER_OF(link, struct ms_kms_cert, link);
		char hex[65];
		struct ms_buf b;

		ms_buf_init_fixed(&b, hex, sizeof(hex));
		ms_hex_encode(&b, ms_span_of(c->fingerprint, 32));
		json_array_append_new(list, json_pack("{s:s, s:o}", "fingerprint", ms_buf_cstr(&b),
						      "expires", ms_kms_json_time(c->expires)));
	}
	return list;
}

struct listing {
	json_t *list;
	struct ms_span match;
	bool more;
};

static int list_one(const struct ms_kms_user *u, void *arg)
{
	struct listing *l = arg;

	if (l->match.len > 0 && !ms_span_starts(ms_span_str(u->name), l->match))
		return 0;
	if (json_array_size(l->list) >= MS_KMS_LIST_MAX) {
		l->more = true;
		return 1;
	}
	json_array_append_new(l->list, json_pack("{s:s, s:o, s:I, s:b}", "name", u->name,
						 "identities", identities_of(u), "keys",
						 (json_int_t)(ms_list_empty(&u->keys) ? 0 : 1),
						 "disabled", u->disabled));
	return 0;
}

static void user_list(struct ms_control_request *r, json_t *args, void *arg)
{
	struct ms_kms_vault *v = arg;
	struct listing l = { json_array(), ms_span_str(ms_control_text(args, "prefix")), false };

	ms_kms_each_user(v->dir, list_one, &l);
	ms_control_reply(r, json_pack("{s:o, s:b}", "users", l.list, "more", l.more));
}

static void user_show(struct ms_control_request *r, json_t *args, void *arg)
{
	struct ms_kms_vault *v = arg;
	struct ms_span name = ms_span_str(ms_control_text(args, "name"));
	const struct ms_kms_user *u = ms_kms_find_user(v->dir, name);

	if (!u)
		u = ms_kms_find_identity(v->dir, name);
	if (!u) {
		ms_control_fail(r, "there is no user of that name or identity");
		return;
	}
	ms_control_reply(
		r,
		json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "name", u->name, "disabled",
			  u->disabled, "created", ms_kms_json_time(u->created), "identities",
			  identities_of(u), "keys", keys_of(u), "certificates", certs_of(u),
			  "tickets_revoked_before",
			  u->revoked_before ? ms_kms_json_time(u->revoked_before) : json_null()));
}

MS_KMS_CHANGE(user_add, "user.add", "name")
MS_KMS_CHANGE(user_remove, "user.remove", "name")
MS_KMS_CHANGE(user_disable, "user.disable", "name")
MS_KMS_CHANGE(user_enable, "user.enable", "name")
MS_KMS_CHANGE(identity_add, "identity.add", "identity")
MS_KMS_CHANGE(identity_remove, "identity.remove", "identity")
MS_KMS_CHANGE(key_add, "key.add", "key_id")
MS_KMS_CHANGE(key_remove, "key.remove", "key_id")
MS_KMS_CHANGE(cert_add, "cert.add", "name")
MS_KMS_CHANGE(cert_remove, "cert.remove", "fingerprint")

const struct ms_control_command ms_kms_manage_user[] = {
	{ "user.add",
	  "name=NAME [identities=[URI...]] [key_id=ID key=HEX [kind=static|gba] [lifetime_s=N]]",
	  "Adds a user.", user_add, NULL },
	{ "user.list", "[prefix=TEXT]", "Lists users.", user_list, NULL },
	{ "user.show", "name=NAME|URI", "Shows one user, without keys.", user_show, NULL },
	{ "user.remove", "name=NAME", "Removes a user; its tickets are void.", user_remove, NULL },
	{ "user.disable", "name=NAME", "Refuses the user and its tickets.", user_disable, NULL },
	{ "user.enable", "name=NAME", "Takes the user in again.", user_enable, NULL },
	{ "identity.add", "name=NAME identity=URI", "Gives a user a public identity.", identity_add,
	  NULL },
	{ "identity.remove", "name=NAME identity=URI", "Takes it away.", identity_remove, NULL },
	{ "key.add", "name=NAME key_id=ID key=HEX [kind=static|gba] [lifetime_s=N]",
	  "Gives a user a pre-shared key.", key_add, NULL },
	{ "key.remove", "key_id=ID", "Removes a pre-shared key.", key_remove, NULL },
	{ "cert.add", "name=NAME certificate=PEM", "Gives a user a certificate.", cert_add, NULL },
	{ "cert.remove", "fingerprint=HEX", "Removes a certificate.", cert_remove, NULL },
	{ 0 },
};
