/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the key management server's database, and how older ones become like them. */
#include "store/store-priv.h"

#define META "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
/* Who may resolve what is for the PSI, but not speak as it: since version 2. */
#define PSI_MEMBER                                                                         \
	"CREATE TABLE psi_member (psi TEXT NOT NULL,"                                      \
	"  user TEXT NOT NULL REFERENCES user ON DELETE CASCADE, PRIMARY KEY (psi, user))" \
	"  WITHOUT ROWID;"                                                                 \
	"CREATE INDEX psi_member_user ON psi_member (user);"

static const char create[] = META
	"CREATE TABLE user (name TEXT PRIMARY KEY, disabled INTEGER NOT NULL DEFAULT 0,"
	"  created INTEGER NOT NULL, revoked_before INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
	"CREATE TABLE identity (uri TEXT PRIMARY KEY,"
	"  user TEXT NOT NULL REFERENCES user ON DELETE CASCADE) WITHOUT ROWID;"
	"CREATE INDEX identity_user ON identity (user);"
	"CREATE TABLE key (id BLOB PRIMARY KEY,"
	"  user TEXT NOT NULL REFERENCES user ON DELETE CASCADE, kind INTEGER NOT NULL,"
	"  created INTEGER NOT NULL, expires INTEGER NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX key_user ON key (user);"
	"CREATE TABLE cert (fingerprint BLOB PRIMARY KEY,"
	"  user TEXT NOT NULL REFERENCES user ON DELETE CASCADE, expires INTEGER NOT NULL,"
	"  der BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX cert_user ON cert (user);"
	"CREATE TABLE psi (uri TEXT NOT NULL,"
	"  user TEXT NOT NULL REFERENCES user ON DELETE CASCADE, PRIMARY KEY (uri, user))"
	"  WITHOUT ROWID;"
	"CREATE INDEX psi_user ON psi (user);" PSI_MEMBER
	"CREATE TABLE policy (id INTEGER PRIMARY KEY, who TEXT NOT NULL, responder TEXT NOT NULL,"
	"  allow INTEGER NOT NULL, lifetime INTEGER NOT NULL, max_keys INTEGER NOT NULL,"
	"  max_responders INTEGER NOT NULL);"
	"CREATE TABLE revoked (ticket BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE tpk (id BLOB PRIMARY KEY, starts INTEGER NOT NULL, retires INTEGER NOT NULL,"
	"  expires INTEGER NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;";

static const char *const upgrade[] = { [1] = PSI_MEMBER };

const struct ms_store_schema ms_store_kms_schema = {
	.id = 0x4d65534b, /* "MeSK" */
	.version = 2,
	.create = create,
	.upgrade = upgrade,
};
