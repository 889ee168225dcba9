/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of src/store: the SQLite connection, statements with typed arguments, sealing. */
#ifndef MS_STORE_STORE_PRIV_H
#define MS_STORE_STORE_PRIV_H

#include <sqlite3.h>

#include "core/buf.h"
#include "store/store.h"

/** Longest sealed secret: version, nonce, secret, tag. */
#define MS_STORE_SEALED_MAX (1 + 12 + MS_SECRET_MAX + 16)

struct ms_store {
	sqlite3 *db;
	const struct ms_store_schema *schema;
	char *path; /* owned */
	struct ms_secret master;
	bool in_transaction;
	char message[MS_STORE_MESSAGE_MAX];
};

/** What is authenticated together with a sealed secret. Times in microseconds. */
struct ms_store_row {
	const char *table;
	struct ms_span id, owner;
	int kind;
	ms_usec from, to;
};

/** The key management server's (store-schema.c). */
extern const struct ms_store_schema ms_store_kms_schema;

/** Writes the sealed form into `out`. Returns 0 or -EIO. */
MS_MUST_CHECK int ms_store_seal(const struct ms_secret *master, const struct ms_store_row *row,
				struct ms_span secret, uint8_t out[MS_STORE_SEALED_MAX],
				size_t *ret_len);

/** -EBADMSG if it was not sealed under this master key for this row. */
MS_MUST_CHECK int ms_store_unseal(const struct ms_secret *master, const struct ms_store_row *row,
				  struct ms_span sealed, struct ms_secret *ret_secret);

/** Reads a master key file and checks its mode. Errors as ms_store_open(), with `why`. */
MS_MUST_CHECK int ms_store_master_read(const char *path, char why[MS_STORE_MESSAGE_MAX],
				       struct ms_secret *ret_key);

/** Keeps "path: words (detail)" for ms_store_message() and returns the negative errno for `rc`. */
int ms_store_sql_error(struct ms_store *s, int rc);

/** Sets the message and gives `err` back. */
int ms_store_fail(struct ms_store *s, int err, const char *fmt, ...) MS_PRINTF(3, 4);

/**
 * Prepares `sql` and binds its arguments by `types`: t span as text, b span as blob, i int64_t.
 * *ret_stmt is owned by the caller: sqlite3_finalize().
 */
MS_MUST_CHECK int ms_store_prepare(struct ms_store *s, sqlite3_stmt **ret_stmt, const char *sql,
				   const char *types, ...);

/** Prepares, binds, runs to the end. *ret_changed (may be NULL) is the number of rows changed. */
MS_MUST_CHECK int ms_store_run(struct ms_store *s, int *ret_changed, const char *sql,
			       const char *types, ...);

/** As ms_store_run(); -ENOENT if no row changed. */
MS_MUST_CHECK int ms_store_change(struct ms_store *s, const char *sql, const char *types, ...);

/** Column `i` of the present row, borrowed until the next step. */
struct ms_span ms_store_column(sqlite3_stmt *stmt, int i);

#endif
