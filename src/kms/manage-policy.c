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
	json_array_append_new(arg, json_pack("{s:s, s:o}", "psi", p->uri, "owners", owners));
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
		err = ms_kms_number(e, "max_responders", MS_MIKEY_KMS_IDS_MAX, &responders);
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

#define CHANGE(function, what, of)                                                  \
	static void function(struct ms_control_request *r, json_t *args, void *arg) \
	{                                                                           \
		ms_kms_change(r, args, arg, what, of, do_##function);               \
	}

CHANGE(psi_add, "psi.add", "psi")
CHANGE(psi_remove, "psi.remove", "psi")
CHANGE(policy_add, "policy.add", "who")
CHANGE(policy_remove, "policy.remove", "id")

const struct ms_control_command ms_kms_manage_policy[] = {
	{ "psi.add", "psi=URI name=NAME", "Makes a user (a server) an owner of a PSI.", psi_add,
	  NULL },
	{ "psi.list", "", "Lists PSIs with their owners.", psi_list, NULL },
	{ "psi.remove", "psi=URI [name=NAME]", "Removes an owner, or the PSI whole.", psi_remove,
	  NULL },
	{ "policy.add",
	  "who=PATTERN responder=PATTERN [action=allow|deny] [id=N] [lifetime_s=N] [max_keys=N]"
	  " [max_responders=N]",
	  "Adds a rule.", policy_add, NULL },
	{ "policy.list", "", "Lists the rules in their order.", policy_list, NULL },
	{ "policy.remove", "id=N", "Removes a rule.", policy_remove, NULL },
	{ 0 },
};
