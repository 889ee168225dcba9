/* SPDX-License-Identifier: Apache-2.0 */
/* The vault's control socket: what its commands share, and `status`. */
#include <errno.h>
#include <stdio.h>

#include "core/alloc.h"
#include "kms/counters.h"
#include "kms/manage.h"
#include "kms/pem.h"

int ms_kms_complain(struct ms_kms_edit *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->why, sizeof(e->why), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int ms_kms_need(struct ms_kms_edit *e, const char *name, struct ms_span *ret_s)
{
	const char *text = ms_control_text(e->args, name);

	if (!text || !*text)
		return ms_kms_complain(e, "\"%s\" is missing", name);
	*ret_s = ms_span_str(text);
	return 0;
}

int ms_kms_number(struct ms_kms_edit *e, const char *name, uint64_t max, uint64_t *ret_v)
{
	int err = ms_control_u64(e->args, name, max, ret_v);

	if (err == 0 || err == -ENOENT)
		return 0;
	return ms_kms_complain(e, "\"%s\" is no number up to %llu", name, (unsigned long long)max);
}

json_t *ms_kms_json_id(struct ms_span id)
{
	struct ms_buf b;
	json_t *j;

	ms_buf_init(&b, 4 + 2 * id.len);
	ms_kms_id_print(id, &b);
	j = ms_buf_status(&b) ? NULL : json_stringn((const char *)b.p, b.len);
	ms_buf_done(&b);
	return j;
}

json_t *ms_kms_json_time(ms_usec t)
{
	char text[32];

	return json_string(t == MS_NEVER ? "never" : ms_usec_to_iso(t, text));
}

/* The store has the truth; without memory for it, what we have stays and the operator is told. */
static void refill(struct ms_kms_vault *v)
{
	struct ms_kms_directory *fresh = NULL;
	int err = ms_kms_directory_new(v->config.vault.max_entries, v->hash_key, &fresh);

	if (err == 0)
		err = ms_kms_directory_load(fresh, v->store, NULL, NULL);
	if (err) {
		ms_kms_directory_free(fresh);
		MS_LOG(&ms_kms_log_store, MS_LOG_ERROR,
		       "directory is not up to date with the store, restart: %s", strerror(-err));
		return;
	}
	ms_kms_directory_free(v->dir);
	v->dir = fresh;
}

static int transaction(struct ms_kms_edit *e, int (*f)(struct ms_kms_edit *e))
{
	int err = ms_store_begin(e->v->store);

	if (err)
		return err;
	err = f(e);
	if (err == 0)
		err = ms_store_commit(e->v->store);
	else
		ms_store_rollback(e->v->store);
	return err;
}

static const char *words(const struct ms_kms_edit *e, int err)
{
	if (e->why[0])
		return e->why;
	switch (err) {
	case -EEXIST:
		return "exists already";
	case -ENOENT:
		return "no such entry";
	case -ENOMEM:
		return "out of memory";
	default:
		return *ms_store_message(e->v->store) ? ms_store_message(e->v->store)
						      : strerror(-err);
	}
}

void ms_kms_change(struct ms_control_request *r, json_t *args, struct ms_kms_vault *v,
		   const char *what, const char *of, int (*f)(struct ms_kms_edit *e))
{
	struct ms_kms_edit e = { .v = v, .args = args, .now = ms_clock_wall() };
	const char *thing = ms_control_text(args, of);
	char number[24];
	int err = transaction(&e, f);

	if (err) {
		/* The directory may be ahead of the store by a part of the change. */
		if (!e.why[0] && err != -ENOENT && err != -EEXIST)
			refill(v);
		json_decref(e.result);
		ms_control_fail(r, "%s", words(&e, err));
		return;
	}
	if (!thing) {
		snprintf(number, sizeof(number), "%lld",
			 (long long)json_integer_value(json_object_get(args, of)));
		thing = number;
	}
	ms_count(&ms_kms_vault_set.counters[MS_KMS_V_CHANGES]);
	ms_kms_audit_change(&v->audit, e.now, (unsigned)ms_control_peer_uid(r), what,
			    ms_span_str(thing));
	MS_LOG(&ms_kms_log_store, MS_LOG_NOTICE, "%s %s by uid %u", what,
	       MS_QUOTED(ms_span_str(thing)), (unsigned)ms_control_peer_uid(r));
	ms_control_reply(r, e.result);
}

static void status(struct ms_control_request *r, json_t *args, void *arg)
{
	struct ms_kms_vault *v = arg;
	const struct ms_kms_tpk *k = ms_kms_keyring_current(&v->tpks);
	struct ms_kms_directory_counts n = ms_kms_directory_counts(v->dir);
	ms_usec behind = ms_kms_vault_behind(v);
	uint64_t octets = 0;
	unsigned version = 0;

	(void)args;
	ms_kms_vault_gauges(v);
	if (ms_store_size(v->store, &octets, &version)) {
		ms_control_fail(r, "%s", ms_store_message(v->store));
		return;
	}
	ms_control_reply(
		r, json_pack("{s:s, s:s, s:o, s:o, s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I,"
			     " s:s, s:I, s:i, s:o}",
			     "version", MS_VERSION, "identity", v->config.identity, "serving_since",
			     ms_kms_json_time(v->started), "clock",
			     ms_kms_json_time(ms_clock_wall()), "clock_behind_s",
			     (json_int_t)(behind / MS_SEC), "front_connected", v->link != NULL,
			     "users", (json_int_t)n.users, "identities", (json_int_t)n.identities,
			     "keys", (json_int_t)n.keys, "psis", (json_int_t)n.psis, "rules",
			     (json_int_t)n.rules, "ticket_keys", (json_int_t)v->tpks.n,
			     "replay_records", (json_int_t)ms_kms_replay_stats(v->replay)->records,
			     "store", v->config.vault.store, "store_octets", (json_int_t)octets,
			     "store_version", (int)version, "ticket_key_since",
			     ms_kms_json_time(k ? k->starts : MS_NEVER)));
}

static void counters(struct ms_control_request *r, json_t *args, void *arg)
{
	(void)args;
	ms_kms_vault_gauges(arg);
	ms_control_reply(r, ms_counters_json());
}

static const struct ms_control_command own[] = {
	{ "status", "", "What the vault has and does.", status, NULL },
	{ "counters", "", "All counters of vault and front.", counters, NULL },
	{ 0 },
};

static size_t append(struct ms_kms_vault *v, size_t n, const struct ms_control_command *table)
{
	for (; table->name; table++) {
		if (v->commands) {
			v->commands[n] = *table;
			v->commands[n].arg = v;
		}
		n++;
	}
	return n;
}

static size_t append_all(struct ms_kms_vault *v)
{
	size_t n = append(v, 0, own);

	n = append(v, n, ms_kms_manage_user);
	n = append(v, n, ms_kms_manage_policy);
	return append(v, n, ms_kms_manage_ticket);
}

int ms_kms_manage_start(struct ms_kms_vault *v)
{
	const char *path = v->config.vault.control;
	struct ms_control_command *table;
	int err;

	/* Counted first, then filled; the last one stays zero and ends the table. */
	table = ms_calloc(append_all(v) + 1, sizeof(*v->commands));
	if (!table)
		return -ENOMEM;
	v->commands = table;
	append_all(v);
	err = ms_control_new(path, v->config.vault.control_group ? 0660 : 0600, &v->control);
	if (err == 0)
		err = ms_control_add(v->control, v->commands);
	if (err)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "control socket %s: %s", path, strerror(-err));
	return err;
}

void ms_kms_manage_stop(struct ms_kms_vault *v)
{
	v->control = ms_control_free(v->control);
	v->commands = ms_free(v->commands);
}
