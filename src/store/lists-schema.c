/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a list server's database. */
#include "store/lists-queue.h"
#include "store/lists.h"

static const char create[] =
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE list (uri TEXT PRIMARY KEY, owner TEXT NOT NULL, grp TEXT NOT NULL,"
	"  post INTEGER NOT NULL, show INTEGER NOT NULL, changed INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE entry (id INTEGER PRIMARY KEY,"
	"  list TEXT NOT NULL REFERENCES list ON DELETE CASCADE, kind INTEGER NOT NULL,"
	"  uri TEXT NOT NULL, display TEXT NOT NULL, UNIQUE (list, kind, uri));" MS_STORE_QUEUE_SCHEMA;

const struct ms_store_schema ms_store_lists_schema = {
	.id = 0x4d65534c, /* "MeSL" */
	.version = 1,
	.create = create,
};
