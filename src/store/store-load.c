/* SPDX-License-Identifier: Apache-2.0 */
/* Telling every row to a visitor, secrets opened. */
#include <errno.h>

#include "store/store-priv.h"

typedef int row_h(struct ms_store *s, sqlite3_stmt *stmt, const struct ms_store_visitor *v);

static int each(struct ms_store *s, const char *sql, row_h *row, const struct ms_store_visitor *v)
{
	sqlite3_stmt *stmt;
	int rc = SQLITE_DONE, err = ms_store_prepare(s, &stmt, sql, "");

	if (err)
		return err;
	while (err == 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		err = row(s, stmt, v);
	if (err == 0 && rc != SQLITE_DONE)
		err = ms_store_sql_error(s, rc);
	sqlite3_finalize(stmt);
	return err;
}

static int unseal(struct ms_store *s, const struct ms_store_row *row, struct ms_span sealed,
		  struct ms_secret *ret_secret)
{
	int err = ms_store_unseal(&s->master, row, sealed, ret_secret);

	if (err == -EBADMSG)
		return ms_store_fail(s, -EUCLEAN,
				     "%s: a sealed secret in table '%s' was changed or moved",
				     s->path, row->table);
	return err;
}

static int user_row(struct ms_store *s, sqlite3_stmt *stmt, const struct ms_store_visitor *v)
{
	const struct ms_store_user u = {
		.name = ms_store_column(stmt, 0),
		.disabled = sqlite3_column_int(stmt, 1) != 0,
		.created = sqlite3_column_int64(stmt, 2),
		.revoked_before = sqlite3_column_int64(stmt, 3),
	};

	(void)s;
	return v->user(v->arg, &u);
}

static int identity_row(struct ms_store *s, sqlite3_stmt *stmt, const struct ms_store_visitor *v)
{
	(void)s;
	return v->identity(v->arg, ms_store_column(stmt, 1), ms_store_column(stmt, 0));
}

static int key_row(struct ms_store *s, sqlite3_stmt *stmt, const struct ms_store_visitor *v)
{
	MS_CLEANUP(ms_secret_wipe) struct ms_secret secret = { .len = 0 };
	struct ms_store_key k = {
		.id = ms_store_column(stmt, 0),
		.user = ms_store_column(stmt, 1),
		.kind = (enum ms_store_key_kind)sqlite3_column_int(stmt, 2),
		.created = sqlite3_column_int64(stmt, 3),
		.expires = sqlite3_column_int64(stmt, 4),
	};
	const struct ms_store_row row = { "key", k.id, k.user, (int)k.kind, k.created, k.expires };
	int err = unseal(s, &row, ms_store_column(stmt, 5), &secret);

	if (err)
		return err;
	k.secret = ms_secret_span(&secret);
	return v->key(v->arg, &k);
}

static int cert_row(struct ms_store *s, sqlite3_stmt *stmt, const struct ms_store_visitor *v)
{
	struct ms_span fingerprint = ms_store_column(stmt, 0);
	struct ms_store_cert c = {
		.user = ms_store_column(stmt, 1),
		.expires = sqlite3_column_int64(stmt, 2),
		.der = ms_store_column(stmt, 3),
	};

	if (fingerprint.len != sizeof(c.fingerprint))
		return ms_store_fail(s, -EUCLEAN, "%s: a certificate's fingerprint is damaged",
				     s->path);
	memcpy(c.fingerprint, fingerprint.p, sizeof(c.fingerprint));
	return v->cert(v->arg, &c);
}

static int psi_member_row(struct ms_store *s, sqlite3_stmt *stmt, const struct ms_store_visitor *v)
{
	(void)s;
	return v->psi_member(v->arg, ms_store_column(stmt, 0), ms_store_column(stmt, 1));
}

static int psi_row(struct ms_store *s, sqlite3_stmt *stmt, const struct ms_store_visitor *v)
{
	(void)s;
	return v->psi(v->arg, ms_store_column(stmt, 0), ms_store_column(stmt, 1));
}

static int policy_row(struct ms_store *s, sqlite3_stmt *stmt, const struct ms_store_visitor *v)
{
	const struct ms_store_policy p = {
		.id = sqlite3_column_int64(stmt, 0),
		.who = ms_store_column(stmt, 1),
		.responder = ms_store_column(stmt, 2),
		.allow = sqlite3_column_int(stmt, 3) != 0,
		.lifetime_s = (uint32_t)sqlite3_column_int64(stmt, 4),
		.max_keys = (uint32_t)sqlite3_column_int64(stmt, 5),
		.max_responders = (uint32_t)sqlite3_column_int64(stmt, 6),
	};

	(void)s;
	return v->policy(v->arg, &p);
}

static int revoked_row(struct ms_store *s, sqlite3_stmt *stmt, const struct ms_store_visitor *v)
{
	const struct ms_store_revoked r = { ms_store_column(stmt, 0),
					    sqlite3_column_int64(stmt, 1) };

	(void)s;
	return v->revoked(v->arg, &r);
}

static int tpk_row(struct ms_store *s, sqlite3_stmt *stmt, const struct ms_store_visitor *v)
{
	MS_CLEANUP(ms_secret_wipe) struct ms_secret secret = { .len = 0 };
	struct ms_store_tpk k = {
		.id = ms_store_column(stmt, 0),
		.starts = sqlite3_column_int64(stmt, 1),
		.retires = sqlite3_column_int64(stmt, 2),
		.expires = sqlite3_column_int64(stmt, 3),
	};
	const struct ms_store_row row = { .table = "tpk", .id = k.id, .from = k.starts };
	int err = unseal(s, &row, ms_store_column(stmt, 4), &secret);

	if (err)
		return err;
	k.secret = ms_secret_span(&secret);
	return v->tpk(v->arg, &k);
}

int ms_store_load(struct ms_store *s, const struct ms_store_visitor *v)
{
	const struct {
		bool wanted;
		row_h *row;
		const char *sql;
	} tables[] = {
		{ v->user != NULL, user_row,
		  "SELECT name, disabled, created, revoked_before FROM user" },
		{ v->identity != NULL, identity_row, "SELECT uri, user FROM identity" },
		{ v->key != NULL, key_row,
		  "SELECT id, user, kind, created, expires, sealed FROM key" },
		{ v->cert != NULL, cert_row, "SELECT fingerprint, user, expires, der FROM cert" },
		{ v->psi != NULL, psi_row, "SELECT uri, user FROM psi" },
		{ v->psi_member != NULL, psi_member_row, "SELECT psi, user FROM psi_member" },
		{ v->policy != NULL, policy_row,
		  "SELECT id, who, responder, allow, lifetime, max_keys, max_responders"
		  " FROM policy ORDER BY id" },
		{ v->revoked != NULL, revoked_row, "SELECT ticket, until FROM revoked" },
		{ v->tpk != NULL, tpk_row,
		  "SELECT id, starts, retires, expires, sealed FROM tpk"
		  " ORDER BY starts" },
	};
	int err = 0;

	for (size_t i = 0; err == 0 && i < MS_ARRAY_SIZE(tables); i++)
		if (tables[i].wanted)
			err = each(s, tables[i].sql, tables[i].row, v);
	return err;
}
