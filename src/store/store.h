/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a key management server must remember: users, their public identities, keys and
 * certificates, PSIs, policy, revocations, ticket protection keys. One interface; the back end is
 * SQLite inside the process (store-*.c). Other programs open databases of their own schema in the
 * same way (store/lists.h).
 *
 * The store is opened by one process at a time, is read once at start (ms_store_load()) and written
 * on changes; nothing here belongs on the path of a request.
 *
 * Secrets are sealed with AES-256-GCM under the master key; the identity of their row (table, id,
 * owner, kind, times) is authenticated with them, so a sealed key that was moved to another row or
 * whose lifetime was changed does not open.
 *
 * Durability: write-ahead log with synchronous=FULL: when a function that changes something has
 * returned 0 (outside of ms_store_begin()), the change survives a kill and a loss of power.
 *
 * Errors common to all: -ENOMEM; -EBUSY (locked by another process), -ENOSPC (disk or quota full),
 * -EROFS (read-only or no permission), -EUCLEAN (damaged), -EIO. ms_store_message() says it in words
 * that name the file. The library does not log.
 */
#ifndef MS_STORE_STORE_H
#define MS_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/secret.h"
#include "core/span.h"
#include "core/time.h"

/** Longest name of a user, public identity, PSI or pattern, and longest id of a key, in octets. */
#define MS_STORE_NAME_MAX 512

/** Largest certificate (DER), in octets. */
#define MS_STORE_CERT_MAX 16384

/** Room for the text of ms_store_message() and of ms_store_open(). */
#define MS_STORE_MESSAGE_MAX 512

/** Octets of a master key. */
#define MS_STORE_MASTER_LEN 32

struct ms_store;

/** What a database holds. Static. */
struct ms_store_schema {
	int32_t id;         /* SQLite's application_id: whose database it is */
	int version;        /* of `create` */
	const char *create; /* statements that make all tables of the present version */
	/* upgrade[v]: statements that make version v + 1 of version v; NULL: it cannot be done. */
	const char *const *upgrade;
};

struct ms_store_config {
	const char *path;   /* database; created with mode 0600 if it does not exist */
	const char *master; /* file of the master key, see ms_store_master_create(); NULL: a schema
			       in which nothing is sealed */
	unsigned busy_ms;   /* how long to wait for a lock of another process */
	const struct ms_store_schema *schema; /* NULL: that of the key management server */
};

/**
 * Opens, or creates, checks integrity, schema version and master key. Nothing that exists is ever
 * overwritten: a file that is no store of ours or does not fit the master key is left as it is.
 *
 * Returns 0, or as above, or -ENOENT (no master key file), -EACCES (master key unreadable or
 * readable by others), -EINVAL (master key malformed), -EKEYREJECTED (not the master key of this
 * store), -EPROTONOSUPPORT (schema of a later version, or the database of another program). `why`
 * then has one line for the operator. Owned by the caller.
 */
MS_MUST_CHECK int ms_store_open(const struct ms_store_config *c, char why[MS_STORE_MESSAGE_MAX],
				struct ms_store **ret_s);

/** Closes and wipes; NULL is fine. Returns NULL. */
struct ms_store *ms_store_close(struct ms_store *s);

/** The last error in words, borrowed until the next call; "" if there was none. */
const char *ms_store_message(const struct ms_store *s);

/** The database's size on disk in octets, and its schema's version. */
MS_MUST_CHECK int ms_store_size(struct ms_store *s, uint64_t *ret_octets, unsigned *ret_version);

/** Makes a master key file of 64 hex digits, mode 0600. -EEXIST if there is a file already. */
MS_MUST_CHECK int ms_store_master_create(const char *path);

/** Several changes that happen together or not at all. They do not nest (-EALREADY). */
MS_MUST_CHECK int ms_store_begin(struct ms_store *s);
MS_MUST_CHECK int ms_store_commit(struct ms_store *s);
/** Forgets the changes since ms_store_begin(); harmless if there is none. */
void ms_store_rollback(struct ms_store *s);

struct ms_store_user {
	struct ms_span name;
	bool disabled;
	ms_usec created;
	ms_usec revoked_before; /* tickets this user asked for before then are void; 0: none */
};

enum ms_store_key_kind {
	MS_STORE_KEY_STATIC = 0, /* a pre-shared key */
	MS_STORE_KEY_GBA = 1,    /* a Ks_NAF; its id is the B-TID (TS 33.220) */
};

struct ms_store_key {
	struct ms_span id; /* what stands in IDRpsk */
	struct ms_span user;
	enum ms_store_key_kind kind;
	ms_usec created;
	ms_usec expires;       /* MS_NEVER if it does not */
	struct ms_span secret; /* at most MS_SECRET_MAX octets */
};

struct ms_store_cert {
	uint8_t fingerprint[32]; /* SHA-256 of the DER */
	struct ms_span user;
	ms_usec expires; /* notAfter */
	struct ms_span der;
};

/** One rule: users whose identity matches `who` may (not) ask for responders matching `responder`. */
struct ms_store_policy {
	int64_t id;               /* rules are tried in the order of their numbers */
	struct ms_span who;       /* pattern, or a PSI, or "*" for every user */
	struct ms_span responder; /* pattern; may itself be met by a wildcard that it covers */
	bool allow;
	uint32_t lifetime_s;     /* longest validity of a ticket; 0: the server's default */
	uint32_t max_keys;       /* 0: the server's default */
	uint32_t max_responders; /* 0: the server's default */
};

/**
 * A ticket protection key. It makes tickets in [starts, retires) and opens them until `expires`;
 * while `retires` is MS_NEVER, `expires` is the longest validity of its tickets as a duration.
 */
struct ms_store_tpk {
	struct ms_span id; /* what stands in the ticket's IDRpsk */
	ms_usec starts;
	ms_usec retires; /* MS_NEVER: the present one */
	ms_usec expires;
	struct ms_span secret;
};

struct ms_store_revoked {
	struct ms_span ticket; /* the identifier of a ticket */
	ms_usec until;         /* when it would have ended anyway, and the entry can go */
};

/* Changes. -EEXIST if it is there already, -ENOENT if it (or the user it names) is not, -EINVAL for
 * an empty or too long name. Spans are borrowed for the call. */

MS_MUST_CHECK int ms_store_user_add(struct ms_store *s, struct ms_span name, ms_usec now);
/** Takes identities, keys, certificates and PSI memberships along. */
MS_MUST_CHECK int ms_store_user_remove(struct ms_store *s, struct ms_span name);
MS_MUST_CHECK int ms_store_user_disable(struct ms_store *s, struct ms_span name, bool disabled);
MS_MUST_CHECK int ms_store_user_revoke(struct ms_store *s, struct ms_span name, ms_usec before);

MS_MUST_CHECK int ms_store_identity_add(struct ms_store *s, struct ms_span user,
					struct ms_span uri);
MS_MUST_CHECK int ms_store_identity_remove(struct ms_store *s, struct ms_span user,
					   struct ms_span uri);

MS_MUST_CHECK int ms_store_key_add(struct ms_store *s, const struct ms_store_key *k);
MS_MUST_CHECK int ms_store_key_remove(struct ms_store *s, struct ms_span id);

MS_MUST_CHECK int ms_store_cert_add(struct ms_store *s, const struct ms_store_cert *c);
MS_MUST_CHECK int ms_store_cert_remove(struct ms_store *s, const uint8_t fingerprint[static 32]);

/** A PSI is owned by one or several users (servers). */
MS_MUST_CHECK int ms_store_psi_add(struct ms_store *s, struct ms_span psi, struct ms_span user);
/** An empty `user` removes the PSI whole. A PSI without owner has no members. */
MS_MUST_CHECK int ms_store_psi_remove(struct ms_store *s, struct ms_span psi, struct ms_span user);

/** Members of a PSI: they may resolve what is for it, but not speak as it. */
MS_MUST_CHECK int ms_store_psi_member_add(struct ms_store *s, struct ms_span psi,
					  struct ms_span user);
MS_MUST_CHECK int ms_store_psi_member_remove(struct ms_store *s, struct ms_span psi,
					     struct ms_span user);

/** p->id 0 takes the next number. */
MS_MUST_CHECK int ms_store_policy_add(struct ms_store *s, const struct ms_store_policy *p,
				      int64_t *ret_id);
MS_MUST_CHECK int ms_store_policy_remove(struct ms_store *s, int64_t id);

MS_MUST_CHECK int ms_store_ticket_revoke(struct ms_store *s, const struct ms_store_revoked *r);
/** Drops revocations whose tickets have ended. */
MS_MUST_CHECK int ms_store_ticket_purge(struct ms_store *s, ms_usec now);

MS_MUST_CHECK int ms_store_tpk_add(struct ms_store *s, const struct ms_store_tpk *k);
/** Sets when a key stops making tickets and when the last of them ends. */
MS_MUST_CHECK int ms_store_tpk_retire(struct ms_store *s, struct ms_span id, ms_usec retires,
				      ms_usec expires);
MS_MUST_CHECK int ms_store_tpk_remove(struct ms_store *s, struct ms_span id);

/**
 * Told every row, in the order of the members; everything borrowed for the call. A handler that
 * returns non-zero ends the load with that value. NULL members are skipped.
 */
struct ms_store_visitor {
	int (*user)(void *arg, const struct ms_store_user *u);
	int (*identity)(void *arg, struct ms_span user, struct ms_span uri);
	int (*key)(void *arg, const struct ms_store_key *k);
	int (*cert)(void *arg, const struct ms_store_cert *c);
	int (*psi)(void *arg, struct ms_span psi, struct ms_span user);
	int (*psi_member)(void *arg, struct ms_span psi, struct ms_span user);
	int (*policy)(void *arg, const struct ms_store_policy *p);
	int (*revoked)(void *arg, const struct ms_store_revoked *r);
	int (*tpk)(void *arg, const struct ms_store_tpk *k);
	void *arg;
};

/** -EUCLEAN also if a sealed key does not open. */
MS_MUST_CHECK int ms_store_load(struct ms_store *s, const struct ms_store_visitor *v);

#endif
