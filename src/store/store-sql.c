/* SPDX-License-Identifier: Apache-2.0 */
/* Statements with typed arguments, and SQLite's results as errno and as words for the operator. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "store/store-priv.h"

int ms_store_fail(struct ms_store *s, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->message, sizeof(s->message), fmt, ap);
	va_end(ap);
	return err;
}

static const struct {
	int rc, err;
	const char *words;
} results[] = {
	{ SQLITE_BUSY, -EBUSY, "locked by another process" },
	{ SQLITE_LOCKED, -EBUSY, "locked by another process" },
	{ SQLITE_FULL, -ENOSPC, "disk full; nothing was changed" },
	{ SQLITE_READONLY, -EROFS, "read-only" },
	{ SQLITE_PERM, -EROFS, "no permission" },
	{ SQLITE_CANTOPEN, -EROFS, "cannot be opened" },
	{ SQLITE_CORRUPT, -EUCLEAN, "damaged; left as it is, restore a copy" },
	{ SQLITE_NOTADB, -EUCLEAN, "not a database; left as it is" },
	{ SQLITE_NOMEM, -ENOMEM, "out of memory" },
	{ SQLITE_TOOBIG, -EINVAL, "value too large" },
};

/* A file size limit or a quota is a full disk to the operator. */
static bool no_room(int system_errno)
{
	return system_errno == ENOSPC || system_errno == EFBIG || system_errno == EDQUOT;
}

/* The errno of the log's or the database's own last failure; later calls have overwritten errno. */
static int file_errno(struct ms_store *s)
{
	sqlite3_file *log = NULL;
	int e = 0;

	if (!s->db)
		return 0;
	if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
	    log && log->pMethods)
		(void)log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &e);
	if (e == 0)
		(void)sqlite3_file_control(s->db, "main", SQLITE_FCNTL_LAST_ERRNO, &e);
	return e ? e : sqlite3_system_errno(s->db);
}

static int constraint(struct ms_store *s)
{
	int extended = sqlite3_extended_errcode(s->db);

	if (extended == SQLITE_CONSTRAINT_FOREIGNKEY)
		return ms_store_fail(s, -ENOENT, "%s: what it belongs to does not exist", s->path);
	if (extended == SQLITE_CONSTRAINT_PRIMARYKEY || extended == SQLITE_CONSTRAINT_UNIQUE)
		return ms_store_fail(s, -EEXIST, "%s: exists already", s->path);
	return ms_store_fail(s, -EINVAL, "%s: %s", s->path, sqlite3_errmsg(s->db));
}

int ms_store_sql_error(struct ms_store *s, int rc)
{
	int sys = file_errno(s);
	const char *detail = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);

	rc &= 0xff;
	if (rc == SQLITE_CONSTRAINT)
		return constraint(s);
	if (rc == SQLITE_IOERR && no_room(sys))
		rc = SQLITE_FULL;
	for (size_t i = 0; i < MS_ARRAY_SIZE(results); i++)
		if (results[i].rc == rc)
			return ms_store_fail(s, results[i].err, "%s: %s (%s)", s->path,
					     results[i].words, detail);
	return ms_store_fail(s, -EIO, "%s: %s (%s)", s->path, detail, strerror(sys));
}

static int bind_one(sqlite3_stmt *stmt, int i, char type, va_list *ap)
{
	struct ms_span v;

	if (type == 'i')
		return sqlite3_bind_int64(stmt, i, va_arg(*ap, int64_t));
	v = va_arg(*ap, struct ms_span);
	if (type == 't')
		return sqlite3_bind_text(stmt, i, v.p ? (const char *)v.p : "", (int)v.len,
					 SQLITE_TRANSIENT);
	return sqlite3_bind_blob(stmt, i, v.p ? v.p : (const uint8_t *)"", (int)v.len,
				 SQLITE_TRANSIENT);
}

static int prepare_v(struct ms_store *s, sqlite3_stmt **ret_stmt, const char *sql,
		     const char *types, va_list *ap)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);

	for (int i = 0; rc == SQLITE_OK && types[i]; i++)
		rc = bind_one(stmt, i + 1, types[i], ap);
	if (rc != SQLITE_OK) {
		int err = ms_store_sql_error(s, rc);

		sqlite3_finalize(stmt);
		return err;
	}
	*ret_stmt = stmt;
	return 0;
}

int ms_store_prepare(struct ms_store *s, sqlite3_stmt **ret_stmt, const char *sql,
		     const char *types, ...)
{
	va_list ap;
	int err;

	va_start(ap, types);
	err = prepare_v(s, ret_stmt, sql, types, &ap);
	va_end(ap);
	return err;
}

static int run_v(struct ms_store *s, int *ret_changed, const char *sql, const char *types,
		 va_list *ap)
{
	sqlite3_stmt *stmt;
	int rc, err = prepare_v(s, &stmt, sql, types, ap);

	if (err)
		return err;
	do
		rc = sqlite3_step(stmt);
	while (rc == SQLITE_ROW);
	if (rc != SQLITE_DONE)
		err = ms_store_sql_error(s, rc);
	else if (ret_changed)
		*ret_changed = sqlite3_changes(s->db);
	sqlite3_finalize(stmt);
	return err;
}

int ms_store_run(struct ms_store *s, int *ret_changed, const char *sql, const char *types, ...)
{
	va_list ap;
	int err;

	va_start(ap, types);
	err = run_v(s, ret_changed, sql, types, &ap);
	va_end(ap);
	return err;
}

int ms_store_change(struct ms_store *s, const char *sql, const char *types, ...)
{
	va_list ap;
	int err, changed = 0;

	va_start(ap, types);
	err = run_v(s, &changed, sql, types, &ap);
	va_end(ap);
	if (err == 0 && changed == 0)
		return ms_store_fail(s, -ENOENT, "%s: no such entry", s->path);
	return err;
}

struct ms_span ms_store_column(sqlite3_stmt *stmt, int i)
{
	/* The pointer first: asking for the length may convert the value. */
	const void *p = sqlite3_column_blob(stmt, i);
	int n = sqlite3_column_bytes(stmt, i);

	return n > 0 ? ms_span_of(p, (size_t)n) : MS_SPAN_NULL;
}

int ms_store_begin(struct ms_store *s)
{
	int err;

	if (s->in_transaction)
		return ms_store_fail(s, -EALREADY, "%s: a change is under way", s->path);
	err = ms_store_run(s, NULL, "BEGIN IMMEDIATE", "");
	s->in_transaction = err == 0;
	return err;
}

int ms_store_commit(struct ms_store *s)
{
	int err;

	if (!s->in_transaction)
		return ms_store_fail(s, -EINVAL, "%s: no change is under way", s->path);
	err = ms_store_run(s, NULL, "COMMIT", "");
	if (err)
		ms_store_rollback(s);
	s->in_transaction = false;
	return err;
}

void ms_store_rollback(struct ms_store *s)
{
	/* Its error, if any, says that the transaction is gone already. */
	if (s->in_transaction)
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	s->in_transaction = false;
}
