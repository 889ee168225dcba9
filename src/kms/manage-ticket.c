/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about ticket protection keys and revocation. */
#include <errno.h>

#include "core/hex.h"
#include "kms/counters.h"
#include "kms/manage.h"

/* Not a change of the directory: the keyring has its own transaction. */
static void tpk_rotate(struct ms_control_request *r, json_t *args, void *arg)
{
	struct ms_kms_vault *v = arg;
	ms_usec now = ms_clock_wall();

	(void)args;
	if (ms_kms_vault_rotate(v, now)) {
		ms_control_fail(r, "the old key stays: %s",
				v->tpks.n >= MS_KMS_TPK_MAX ? "too many are kept"
							    : ms_store_message(v->store));
		return;
	}
	ms_count(&ms_kms_vault_set.counters[MS_KMS_V_CHANGES]);
	ms_kms_audit_change(&v->audit, now, (unsigned)ms_control_peer_uid(r), "tpk.rotate",
			    MS_SPAN_NULL);
	ms_control_reply(r, json_pack("{s:I}", "ticket_keys", (json_int_t)v->tpks.n));
}

static void tpk_list(struct ms_control_request *r, json_t *args, void *arg)
{
	struct ms_kms_vault *v = arg;
	json_t *list = json_array();
	const struct ms_list *link;

	(void)args;
	ms_list_foreach (link, &v->tpks.keys) {
		const struct ms_kms_tpk *k = MS_CONTAINER_OF(link, struct ms_kms_tpk, link);
		bool current = k->retires == MS_NEVER;

		json_array_append_new(
			list, json_pack("{s:o, s:s, s:o, s:o, s:o}", "id",
					ms_kms_json_id(ms_span_of(k->id, sizeof(k->id))), "state",
					current ? "makes tickets" : "opens tickets", "starts",
					ms_kms_json_time(k->starts), "retires",
					ms_kms_json_time(k->retires), "opens_until",
					current ? json_null() : ms_kms_json_time(k->expires)));
	}
	ms_control_reply(r, list);
}

static int do_revoke_user(struct ms_kms_edit *e)
{
	uint64_t seconds = 0;
	ms_usec before = e->now; /* without a time: all up to this moment */
	struct ms_span name;
	int err = ms_kms_need(e, "name", &name);

	if (err == 0)
		err = ms_kms_number(e, "before_s", UINT32_MAX, &seconds);
	if (err)
		return err;
	if (seconds > 0)
		before = (ms_usec)seconds * MS_SEC;
	err = ms_store_user_revoke(e->v->store, name, before);
	return err ? err : ms_kms_set_revoked(e->v->dir, name, before);
}

/* A revocation ends with the last ticket that can exist now. */
static ms_usec last_end(const struct ms_kms_edit *e)
{
	const struct ms_kms_tpk *k = ms_kms_keyring_current(&e->v->tpks);

	return ms_usec_add(e->now, k ? k->expires : 0);
}

static int do_revoke_ticket(struct ms_kms_edit *e)
{
	uint8_t octets[MS_MIKEY_KMS_TICKET_ID];
	struct ms_store_revoked gone;
	struct ms_span text;
	struct ms_buf id;
	int err = ms_kms_need(e, "ticket", &text);

	if (err)
		return err;
	ms_buf_init_fixed(&id, octets, sizeof(octets));
	if (ms_hex_decode(&id, text) || id.len != sizeof(octets))
		return ms_kms_complain(e, "\"ticket\" is not the %d hex digits of a ticket's id",
				       2 * MS_MIKEY_KMS_TICKET_ID);
	gone = (struct ms_store_revoked){ ms_buf_span(&id), last_end(e) };
	err = ms_store_ticket_revoke(e->v->store, &gone);
	return err ? err : ms_kms_add_revoked(e->v->dir, &gone);
}

MS_KMS_CHANGE(revoke_user, "revoke.user", "name")
MS_KMS_CHANGE(revoke_ticket, "revoke.ticket", "ticket")

const struct ms_control_command ms_kms_manage_ticket[] = {
	{ "tpk.rotate", "", "Makes a new ticket protection key.", tpk_rotate, NULL },
	{ "tpk.list", "", "Lists ticket protection keys, without the keys.", tpk_list, NULL },
	{ "revoke.user", "name=NAME [before_s=SECONDS]",
	  "Makes void all tickets the user asked for until now (or that time).", revoke_user,
	  NULL },
	{ "revoke.ticket", "ticket=HEX", "Makes one ticket void, by its id.", revoke_ticket, NULL },
	{ 0 },
};
