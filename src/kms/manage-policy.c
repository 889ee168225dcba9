/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about PSIs and about the policy. */
#include <errno.h>

#include "kms/manage.h"

static int do_psi_add(struct ms_kms_edit *e)
{
	struct ms_span psi, user;
	int err = ms_kms_need(e, "psi", &psi);

	if (err == 0)
		err = ms_kms_need(e, "name", &user);
	if (err)
		return err;
	if (!ms_kms_find_user(e->v->dir, user))
		return ms_kms_complain(e, "there is no user of that name");
	/* Else its owner could speak as that user. */
	if (ms_kms_find_identity(e->v->dir, psi))
		return ms_kms_complain(e, "that is a user's own identity");
	err = ms_store_psi_add(e->v->store, psi, user);
	return err ? err : ms_kms_add_psi(e->v->dir, psi, user);
}

static int do_psi_remove(struct ms_kms_edit *e)
{
	struct ms_span psi, user = ms_span_str(ms_control_text(e->args, "name"));
	int err = ms_kms_need(e, "psi", &psi);

	if (err == 0)
		err = ms_store_psi_remove(e->v->store, psi, user);
	return err ? err : ms_kms_remove_psi(e->v->dir, psi, user);
}

/* ---- members of PSIs ---- */

/* {"uris": [URI...]}: identities of users; what is nobody's is told in the result. */
static int each_uri(struct ms_kms_edit *e,
		    int (*f)(struct ms_kms_edit *e, struct ms_span psi, struct ms_span user))
{
	const json_t *uris = json_object_get(e->args, "uris");
	json_t *unknown = json_array(), *item;
	struct ms_span psi;
	size_t i, n = 0;
	int err = ms_kms_need(e, "psi", &psi);

	e->result = json_object();
	json_object_set_new(e->result, "unknown", unknown);
	if (err == 0 && !ms_kms_find_psi(e->v->dir, psi))
		err = ms_kms_complain(e, "there is no such PSI; psi add makes it");
	if (err == 0 && !json_is_array(uris))
		err = ms_kms_complain(e, "\"uris\" is no list");
	json_array_foreach (uris, i, item) {
		const char *uri = json_string_value(item);
		const struct ms_kms_user *u =
			uri ? ms_kms_find_identity(e->v->dir, ms_span_str(uri)) : NULL;

		if (err)
			break;
		if (!u) {
			json_array_append(unknown, item);
			continue;
		}
		err = f(e, psi, ms_span_str(u->name));
		n += err == 0;
		if (err == -EEXIST || err == -ENOENT)
			err = 0;
	}
	json_object_set_new(e->result, "changed", json_integer((json_int_t)n));
	return err;
}

static int add_member(struct ms_kms_edit *e, struct ms_span psi, struct ms_span user)
{
	const struct ms_kms_user *u = ms_kms_find_user(e->v->dir, user);
	int err = ms_kms_in_psi(e->v->dir, psi, u) ? -EEXIST : 0;

	if (err == 0)
		err = ms_store_psi_member_add(e->v->store, psi, user);
	return err ? err : ms_kms_add_psi_member(e->v->dir, psi, user);
}

static int remove_member(struct ms_kms_edit *e, struct ms_span psi, struct ms_span user)
{
	int err = ms_store_psi_member_remove(e->v->store, psi, user);

	return err ? err : ms_kms_remove_psi_member(e->v->dir, psi, user);
}

static int do_psi_member_add(struct ms_kms_edit *e)
{
	return each_uri(e, add_member);
}

static int do_psi_member_remove(struct ms_kms_edit *e)
{
	return each_uri(e, remove_member);
}

static int tell_member(struct ms_span name, void *value, void *arg)
{
	const struct ms_kms_user *u = value;
	json_t *uris = json_array();
	const struct ms_list *link;

	(void)name;
	ms_list_foreach (link, &u->identities)
		json_array_append_new(
			uris,
			json_string(MS_CONTAINER_OF(link, struct ms_kms_identity, link)->uri));
	return json_array_append_new(arg,
				     json_pack("{s:s, s:o}", "name", u->name, "identities", uris));
}

static void psi_member_list(struct ms_control_request *r, json_t *args, void *arg)
{
	const struct ms_kms_vault *v = arg;
	const struct ms_kms_psi *p =
		ms_kms_find_psi(v->dir, ms_span_str(ms_control_text(args, "psi")));
	json_t *list;

	if (!p) {
		ms_control_fail(r, "there is no such PSI");
		return;
	}
	list = json_array();
	if (p->members)
		ms_hash_each(p->members, tell_member, list);
	ms_control_reply(r, json_pack("{s:o}", "members", list));
}

static int add_psi(const struct ms_kms_psi *p, void *arg)
{
	json_t *owners = json_array();
	const struct ms_list *link;

	if (json_array_size(arg) >= MS_KMS_LIST_MAX) {
		json_decref(owners);
		return 1;
	}
	ms_list_foreach (link, &p->owners)
		json_array_append_new(
			owners,
			json_string(
				MS_CONTAINER_OF(link, struct ms_kms_psi_owner, link)->user->name));
	json_array_append_new(
		arg, json_pack("{s:s, s:o, s:I}", "psi", p->uri, "owners", owners, "members",
			       (json_int_t)(p->members ? ms_hash_count(p->members) : 0)));
	return 0;
}

static void psi_list(struct ms_control_request *r, json_t *args, void *arg)
{
	struct ms_kms_vault *v = arg;
	json_t *list = json_array();
	int more = ms_kms_each_psi(v->dir, add_psi, list);

	(void)args;
	ms_control_reply(r, json_pack("{s:o, s:b}", "psis", list, "more", more));
}

static int limits_of(struct ms_kms_edit *e, struct ms_store_policy *p)
{
	uint64_t id = 0, lifetime = 0, keys = 0, responders = 0;
	int err = ms_kms_number(e, "id", INT32_MAX, &id);

	if (err == 0)
		err = ms_kms_number(e, "lifetime_s", UINT32_MAX, &lifetime);
	if (err == 0)
		err = ms_kms_number(e, "max_keys", MS_MIKEY_KMS_KEYS_MAX, &keys);
	if (err == 0)
		err = ms_kms_number(e, "max_responders", MS_MIKEY_KMS_RESPONDERS_MAX, &responders);
	p->id = (int64_t)id;
	p->lifetime_s = (uint32_t)lifetime;
	p->max_keys = (uint32_t)keys;
	p->max_responders = (uint32_t)responders;
	return err;
}

static int do_policy_add(struct ms_kms_edit *e)
{
	struct ms_store_policy p = { .allow = true };
	const char *action = ms_control_text(e->args, "action");
	int err = ms_kms_need(e, "who", &p.who);

	if (err == 0)
		err = ms_kms_need(e, "responder", &p.responder);
	if (err == 0)
		err = limits_of(e, &p);
	if (err)
		return err;
	if (action && strcmp(action, "deny") == 0)
		p.allow = false;
	else if (action && strcmp(action, "allow") != 0)
		return ms_kms_complain(e, "\"action\" is neither allow nor deny");
	err = ms_store_policy_add(e->v->store, &p, &p.id);
	if (err == 0)
		err = ms_kms_add_rule(e->v->dir, &p);
	if (err == 0)
		e->result = json_pack("{s:I}", "id", (json_int_t)p.id);
	return err;
}

static int do_policy_remove(struct ms_kms_edit *e)
{
	uint64_t id = 0;
	int err = ms_kms_number(e, "id", UINT32_MAX, &id);

	if (err == 0 && id == 0)
		err = ms_kms_complain(e, "\"id\" is missing");
	if (err == 0)
		err = ms_store_policy_remove(e->v->store, (int64_t)id);
	return err ? err : ms_kms_remove_rule(e->v->dir, (int64_t)id);
}

static void policy_list(struct ms_control_request *r, json_t *args, void *arg)
{
	struct ms_kms_vault *v = arg;
	const struct ms_kms_policy *p = ms_kms_directory_policy(v->dir);
	json_t *list = json_array();

	(void)args;
	for (size_t i = 0; i < p->n && i < MS_KMS_LIST_MAX; i++) {
		const struct ms_kms_rule *u = &p->rule[i];

		json_array_append_new(list,
				      json_pack("{s:I, s:s, s:s, s:s, s:I, s:I, s:I}", "id",
						(json_int_t)u->id, "who", u->who, "responder",
						u->responder, "action", u->allow ? "allow" : "deny",
						"lifetime_s", (json_int_t)u->lifetime_s, "max_keys",
						(json_int_t)u->max_keys, "max_responders",
						(json_int_t)u->max_responders));
	}
	ms_control_reply(r,
			 json_pack("{s:o, s:s}", "rules", list, "default",
				   v->config.ticket.by_default == MS_KMS_DENY ? "deny" : "allow"));
}

MS_KMS_CHANGE(psi_add, "psi.add", "psi")
MS_KMS_CHANGE(psi_remove, "psi.remove", "psi")
MS_KMS_CHANGE(psi_member_add, "psi.member.add", "psi")
MS_KMS_CHANGE(psi_member_remove, "psi.member.remove", "psi")
MS_KMS_CHANGE(policy_add, "policy.add", "who")
MS_KMS_CHANGE(policy_remove, "policy.remove", "id")

const struct ms_control_command ms_kms_manage_policy[] = {
	{ "psi.add", "psi=URI name=NAME", "Makes a user (a server) an owner of a PSI.", psi_add,
	  NULL },
	{ "psi.list", "", "Lists PSIs with their owners.", psi_list, NULL },
	{ "psi.remove", "psi=URI [name=NAME]", "Removes an owner, or the PSI whole.", psi_remove,
	  NULL },
	{ "psi.member.add", "psi=URI uris=[URI...]",
	  "Users with these identities may resolve what is for the PSI.", psi_member_add, NULL },
	{ "psi.member.list", "psi=URI", "Lists the members of a PSI.", psi_member_list, NULL },
	{ "psi.member.remove", "psi=URI uris=[URI...]", "Takes that back.", psi_member_remove,
	  NULL },
	{ "policy.add",
	  "who=PATTERN responder=PATTERN [action=allow|deny] [id=N] [lifetime_s=N] [max_keys=N]"
	  " [max_responders=N]",
	  "Adds a rule.", policy_add, NULL },
	{ "policy.list", "", "Lists the rules in their order.", policy_list, NULL },
	{ "policy.remove", "id=N", "Removes a rule.", policy_remove, NULL },
	{ 0 },
};
