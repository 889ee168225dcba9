/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening: the master key, the file and its mode, the lock, what kind of database it is, its schema
 * version, its integrity, and that the master key fits. Only an empty database is written to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "store/store-priv.h"

#define CHECK_TEXT "mediasec master key check"

const char *ms_store_message(const struct ms_store *s)
{
	return s->message;
}

struct ms_store *ms_store_close(struct ms_store *s)
{
	if (!s)
		return NULL;
	ms_store_rollback(s);
	sqlite3_close(s->db);
	ms_secret_wipe(&s->master);
	ms_free(s->path);
	return ms_free(s);
}

static int get_int(struct ms_store *s, const char *sql, int64_t *ret_v)
{
	sqlite3_stmt *stmt;
	int rc, err = ms_store_prepare(s, &stmt, sql, "");

	if (err)
		return err;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret_v = sqlite3_column_int64(stmt, 0);
	else
		err = ms_store_sql_error(s, rc);
	sqlite3_finalize(stmt);
	return err;
}

/* The log is created with the database's own mode, so this is the one place that decides it. */
static int make_file(struct ms_store *s)
{
	struct stat st;
	int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd < 0)
		return ms_store_fail(s, errno == ENOSPC ? -ENOSPC : -EROFS, "%s: %s", s->path,
				     strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return ms_store_fail(s, -EROFS, "%s: not a regular file", s->path);
	}
	close(fd);
	return 0;
}

/*
 * Exclusive: the users' keys are cached by the process that holds the lock, so a second server on
 * the same file would work on old data. It also spares the shared-memory file. The lock is the
 * kernel's and ends with the process, however that ends.
 */
static int connect(struct ms_store *s, unsigned busy_ms)
{
	int rc =
		sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	int64_t schema_cookie;
	int err;

	if (rc != SQLITE_OK)
		return ms_store_sql_error(s, rc);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, (int)busy_ms);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, 1 << 20);
	err = ms_store_run(s, NULL, "PRAGMA locking_mode=EXCLUSIVE", "");
	/* Reading the cookie takes the lock and finds out whether this is a database at all. */
	if (err == 0)
		err = get_int(s, "PRAGMA schema_version", &schema_cookie);
	return err;
}

static int set_modes(struct ms_store *s)
{
	static const char *const pragmas[] = {
		"PRAGMA journal_mode=WAL",       "PRAGMA synchronous=FULL",
		"PRAGMA foreign_keys=ON",        "PRAGMA temp_store=MEMORY",
		"PRAGMA secure_delete=ON",       "PRAGMA mmap_size=0",
		"PRAGMA wal_autocheckpoint=256",
	};
	int err = 0;

	for (size_t i = 0; err == 0 && i < MS_ARRAY_SIZE(pragmas); i++)
		err = ms_store_run(s, NULL, pragmas[i], "");
	return err;
}

static const struct ms_store_row check_row = { .table = "meta",
					       .id = { (const uint8_t *)"check", 5 } };

/* Runs statements and sets whose database it is and of which version, in one transaction. */
static int apply_schema(struct ms_store *s, const char *statements, int version)
{
	char pragmas[96];
	int rc = sqlite3_exec(s->db, statements, NULL, NULL, NULL);

	snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id=%d; PRAGMA user_version=%d",
		 (int)s->schema->id, version);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(s->db, pragmas, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : ms_store_sql_error(s, rc);
}

static int put_check(struct ms_store *s)
{
	uint8_t sealed[MS_STORE_SEALED_MAX];
	size_t len;
	int err = ms_store_seal(&s->master, &check_row, MS_SPAN_LIT(CHECK_TEXT), sealed, &len);

	if (err)
		return ms_store_fail(s, err, "%s: cannot seal", s->path);
	return ms_store_run(s, NULL, "INSERT INTO meta VALUES ('check', ?)", "b",
			    ms_span_of(sealed, len));
}

static int create_schema(struct ms_store *s, bool sealed)
{
	int err = ms_store_begin(s);

	if (err)
		return err;
	err = apply_schema(s, s->schema->create, s->schema->version);
	if (err == 0 && sealed)
		err = put_check(s);
	if (err == 0)
		return ms_store_commit(s);
	ms_store_rollback(s);
	return err;
}

/* One version at a time, all of them or none. */
static int upgrade_schema(struct ms_store *s, int version)
{
	int err = ms_store_begin(s);

	if (err)
		return err;
	for (; err == 0 && version < s->schema->version; version++)
		err = apply_schema(s, s->schema->upgrade[version], version + 1);
	if (err == 0)
		return ms_store_commit(s);
	ms_store_rollback(s);
	return err;
}

static int check_master(struct ms_store *s, const char *master_path)
{
	MS_CLEANUP(ms_secret_wipe) struct ms_secret text = { .len = 0 };
	sqlite3_stmt *stmt;
	int rc, err = ms_store_prepare(s, &stmt, "SELECT value FROM meta WHERE name='check'", "");

	if (err)
		return err;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		err = ms_store_unseal(&s->master, &check_row, ms_store_column(stmt, 0), &text);
	else
		err = ms_store_sql_error(s, SQLITE_CORRUPT);
	sqlite3_finalize(stmt);
	if (err == -EBADMSG)
		return ms_store_fail(s, -EKEYREJECTED, "%s: %s is not the master key of this store",
				     s->path, master_path);
	return err;
}

/* Does every page hang together, and every row belong to a user? */
static int check_integrity(struct ms_store *s)
{
	sqlite3_stmt *stmt;
	int rc, err = ms_store_prepare(s, &stmt, "PRAGMA quick_check(1)", "");

	if (err)
		return err;
	rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW)
		err = ms_store_sql_error(s, rc);
	else if (!ms_span_is(ms_store_column(stmt, 0), "ok"))
		err = ms_store_fail(s, -EUCLEAN, "%s: damaged; left as it is, restore a copy (%s)",
				    s->path, (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	return err;
}

/* Is there a way from that version to ours? */
static bool can_upgrade(const struct ms_store_schema *schema, int64_t version)
{
	if (version < 1 || version > schema->version)
		return false;
	for (; version < schema->version; version++)
		if (!schema->upgrade || !schema->upgrade[version])
			return false;
	return true;
}

/* *ret_version 0: the database is empty. */
static int check_kind(struct ms_store *s, int *ret_version)
{
	int64_t id, version, tables;
	int err = get_int(s, "PRAGMA application_id", &id);

	if (err == 0)
		err = get_int(s, "PRAGMA user_version", &version);
	if (err == 0)
		err = get_int(s, "SELECT count(*) FROM sqlite_schema", &tables);
	if (err)
		return err;
	*ret_version = 0;
	if (id == 0 && version == 0 && tables == 0)
		return 0;
	if (id != s->schema->id)
		return ms_store_fail(s, -EPROTONOSUPPORT, "%s: the database of another program",
				     s->path);
	if (!can_upgrade(s->schema, version))
		return ms_store_fail(s, -EPROTONOSUPPORT,
				     "%s: schema version %lld, this program knows %d", s->path,
				     (long long)version, s->schema->version);
	*ret_version = (int)version;
	return 0;
}

static int prepare_tables(struct ms_store *s, const struct ms_store_config *c, int version)
{
	int err;

	if (version == 0)
		err = create_schema(s, c->master != NULL);
	else
		err = check_integrity(s);
	if (err == 0 && c->master)
		err = check_master(s, c->master);
	if (err == 0 && version > 0 && version < s->schema->version)
		err = upgrade_schema(s, version);
	return err;
}

static int prepare_store(struct ms_store *s, const struct ms_store_config *c)
{
	int version = 0;
	int err = make_file(s);

	if (err == 0)
		err = connect(s, c->busy_ms);
	if (err == 0)
		err = check_kind(s, &version);
	if (err == 0)
		err = set_modes(s);
	return err ? err : prepare_tables(s, c, version);
}

static int take_config(struct ms_store *s, const struct ms_store_config *c,
		       char why[MS_STORE_MESSAGE_MAX])
{
	s->schema = c->schema ? c->schema : &ms_store_kms_schema;
	s->path = ms_strdup(c->path);
	if (!s->path)
		return -ENOMEM;
	return c->master ? ms_store_master_read(c->master, why, &s->master) : 0;
}

int ms_store_open(const struct ms_store_config *c, char why[MS_STORE_MESSAGE_MAX],
		  struct ms_store **ret_s)
{
	struct ms_store *s = ms_zalloc(sizeof(*s));
	int err;

	snprintf(why, MS_STORE_MESSAGE_MAX, "%s: out of memory", c->path);
	if (!s)
		return -ENOMEM;
	err = take_config(s, c, why);
	if (err == 0) {
		err = prepare_store(s, c);
		snprintf(why, MS_STORE_MESSAGE_MAX, "%s", s->message);
	}
	if (err) {
		ms_store_close(s);
		return err;
	}
	*ret_s = s;
	return 0;
}

int ms_store_size(struct ms_store *s, uint64_t *ret_octets, unsigned *ret_version)
{
	int64_t pages = 0, size = 0;
	int err = get_int(s, "PRAGMA page_count", &pages);

	if (err == 0)
		err = get_int(s, "PRAGMA page_size", &size);
	if (err)
		return err;
	*ret_octets = (uint64_t)pages * (uint64_t)size;
	*ret_version = (unsigned)s->schema->version;
	return 0;
}
