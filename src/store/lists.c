/* SPDX-License-Identifier: Apache-2.0 */
/* A list server's lists. See lists.h. */
#include "store/lists.h"

#include <errno.h>

#include "store/store-priv.h"

static bool good_name(struct ms_span name, size_t max)
{
	return name.len <= max && ms_span_find(name, 0) == name.len;
}

static int check_names(struct ms_store *s, struct ms_span first, struct ms_span second,
		       size_t second_max)
{
	if (first.len > 0 && good_name(first, MS_STORE_NAME_MAX) && good_name(second, second_max))
		return 0;
	return ms_store_fail(s, -EINVAL, "%s: a name must have 1 to %d octets and no NUL", s->path,
			     MS_STORE_NAME_MAX);
}

int ms_store_list_put(struct ms_store *s, const struct ms_store_list *l)
{
	int err = check_names(s, l->uri, l->group, MS_STORE_NAME_MAX);

	if (err == 0)
		err = check_names(s, l->owner, MS_SPAN_NULL, 0);
	if (err)
		return err;
	return ms_store_run(s, NULL,
			    "INSERT INTO list (uri, owner, grp, post, show, changed)"
			    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (uri) DO UPDATE SET"
			    " owner=excluded.owner, grp=excluded.grp, post=excluded.post,"
			    " show=excluded.show, changed=excluded.changed",
			    "tttiii", l->uri, l->owner, l->group, (int64_t)l->post,
			    (int64_t)l->show, (int64_t)l->changed);
}

int ms_store_list_remove(struct ms_store *s, struct ms_span uri)
{
	return ms_store_change(s, "DELETE FROM list WHERE uri=?", "t", uri);
}

int ms_store_list_entry_add(struct ms_store *s, const struct ms_store_list_entry *e)
{
	int err = check_names(s, e->uri, e->display, MS_STORE_DISPLAY_MAX);

	if (err)
		return err;
	return ms_store_run(s, NULL,
			    "INSERT INTO entry (list, kind, uri, display) VALUES (?, ?, ?, ?)",
			    "titt", e->list, (int64_t)e->kind, e->uri, e->display);
}

int ms_store_list_entry_remove(struct ms_store *s, const struct ms_store_list_entry *e)
{
	return ms_store_change(s, "DELETE FROM entry WHERE list=? AND kind=? AND uri=?", "tit",
			       e->list, (int64_t)e->kind, e->uri);
}

int ms_store_list_entries_clear(struct ms_store *s, struct ms_span list, unsigned kind)
{
	return ms_store_run(s, NULL, "DELETE FROM entry WHERE list=? AND kind=?", "ti", list,
			    (int64_t)kind);
}

/* ---- loading ---- */

static int list_row(sqlite3_stmt *stmt, const struct ms_store_lists_visitor *v)
{
	const struct ms_store_list l = {
		.uri = ms_store_column(stmt, 0),
		.owner = ms_store_column(stmt, 1),
		.group = ms_store_column(stmt, 2),
		.post = (unsigned)sqlite3_column_int64(stmt, 3),
		.show = (unsigned)sqlite3_column_int64(stmt, 4),
		.changed = sqlite3_column_int64(stmt, 5),
	};

	return v->list(v->arg, &l);
}

static int entry_row(sqlite3_stmt *stmt, const struct ms_store_lists_visitor *v)
{
	const struct ms_store_list_entry e = {
		.list = ms_store_column(stmt, 0),
		.kind = (unsigned)sqlite3_column_int64(stmt, 1),
		.uri = ms_store_column(stmt, 2),
		.display = ms_store_column(stmt, 3),
	};

	return v->entry(v->arg, &e);
}

static int each(struct ms_store *s, const char *sql,
		int (*row)(sqlite3_stmt *stmt, const struct ms_store_lists_visitor *v),
		const struct ms_store_lists_visitor *v)
{
	sqlite3_stmt *stmt;
	int rc = SQLITE_DONE, err = ms_store_prepare(s, &stmt, sql, "");

	if (err)
		return err;
	while (err == 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		err = row(stmt, v);
	if (err == 0 && rc != SQLITE_DONE)
		err = ms_store_sql_error(s, rc);
	sqlite3_finalize(stmt);
	return err;
}

int ms_store_lists_load(struct ms_store *s, const struct ms_store_lists_visitor *v)
{
	int err = each(s, "SELECT uri, owner, grp, post, show, changed FROM list ORDER BY uri",
		       list_row, v);

	return err ? err
		   : each(s, "SELECT list, kind, uri, display FROM entry ORDER BY id", entry_row,
			  v);
}
