/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the list server's queue. */
#include <errno.h>

#include "store/lists-queue.h"
#include "store/store-priv.h"

int ms_store_job_add(struct ms_store *s, const struct ms_store_job *j, int64_t *ret_id)
{
	int err = ms_store_run(s, NULL,
			       "INSERT INTO job (created, expires, head, recipients, body)"
			       " VALUES (?, ?, ?, ?, ?)",
			       "iibbb", j->created, j->expires, j->head, j->recipients, j->body);

	if (err == 0)
		*ret_id = sqlite3_last_insert_rowid(s->db);
	return err;
}

int ms_store_job_outcomes(struct ms_store *s, int64_t id, struct ms_span outcomes)
{
	return ms_store_run(s, NULL, "INSERT OR REPLACE INTO progress VALUES (?, ?)", "ib", id,
			    outcomes);
}

int ms_store_job_remove(struct ms_store *s, int64_t id)
{
	return ms_store_run(s, NULL, "DELETE FROM job WHERE id = ?", "i", id);
}

/* Steps to the first row; -ENOENT if there is none. */
static int first_row(struct ms_store *s, sqlite3_stmt *stmt)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : ms_store_sql_error(s, rc);
}

int ms_store_job_body(struct ms_store *s, int64_t id, struct ms_buf *b)
{
	sqlite3_stmt *stmt;
	int err = ms_store_prepare(s, &stmt, "SELECT body FROM job WHERE id = ?", "i", id);

	if (err)
		return err;
	err = first_row(s, stmt);
	if (err == 0) {
		ms_buf_put_span(b, ms_store_column(stmt, 0));
		err = ms_buf_status(b);
	}
	sqlite3_finalize(stmt);
	return err;
}

int ms_store_jobs(struct ms_store *s, int (*f)(const struct ms_store_job *j, void *arg), void *arg)
{
	sqlite3_stmt *stmt;
	int rc, err = ms_store_prepare(s, &stmt,
				       "SELECT id, created, expires, head, recipients, outcomes,"
				       " length(body) FROM job LEFT JOIN progress ON job = id"
				       " ORDER BY id",
				       "");

	if (err)
		return err;
	while (err == 0 && (rc = sqlite3_step(stmt)) != SQLITE_DONE) {
		const struct ms_store_job j = {
			.id = sqlite3_column_int64(stmt, 0),
			.created = sqlite3_column_int64(stmt, 1),
			.expires = sqlite3_column_int64(stmt, 2),
			.head = ms_store_column(stmt, 3),
			.recipients = ms_store_column(stmt, 4),
			.outcomes = ms_store_column(stmt, 5),
			.body_len = (uint64_t)sqlite3_column_int64(stmt, 6),
		};

		err = rc == SQLITE_ROW ? f(&j, arg) : ms_store_sql_error(s, rc);
	}
	sqlite3_finalize(stmt);
	return err;
}

int ms_store_held_add(struct ms_store *s, struct ms_span request, ms_usec expires, int64_t *ret_id)
{
	int err = ms_store_run(s, NULL, "INSERT INTO held (expires, request) VALUES (?, ?)", "ib",
			       expires, request);

	if (err == 0)
		*ret_id = sqlite3_last_insert_rowid(s->db);
	return err;
}

int ms_store_held_remove(struct ms_store *s, int64_t id)
{
	return ms_store_run(s, NULL, "DELETE FROM held WHERE id = ?", "i", id);
}

int ms_store_held_next(struct ms_store *s, int64_t after, struct ms_buf *b, int64_t *ret_id,
		       ms_usec *ret_expires)
{
	sqlite3_stmt *stmt;
	int err = ms_store_prepare(s, &stmt,
				   "SELECT id, expires, request FROM held WHERE id > ?"
				   " ORDER BY id LIMIT 1",
				   "i", after);

	if (err)
		return err;
	err = first_row(s, stmt);
	if (err == 0) {
		ms_buf_put_span(b, ms_store_column(stmt, 2));
		err = ms_buf_status(b);
	}
	if (err == 0) {
		*ret_id = sqlite3_column_int64(stmt, 0);
		*ret_expires = sqlite3_column_int64(stmt, 1);
	}
	sqlite3_finalize(stmt);
	return err;
}

int ms_store_held_count(struct ms_store *s, size_t *ret_n, uint64_t *ret_octets)
{
	sqlite3_stmt *stmt;
	int err =
		ms_store_prepare(s, &stmt, "SELECT count(*), total(length(request)) FROM held", "");

	if (err)
		return err;
	err = first_row(s, stmt);
	if (err == 0) {
		*ret_n = (size_t)sqlite3_column_int64(stmt, 0);
		*ret_octets = (uint64_t)sqlite3_column_int64(stmt, 1);
	}
	sqlite3_finalize(stmt);
	return err;
}
