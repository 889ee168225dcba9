/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store in memory, as the vault needs it for each request: users, their identities, keys,
 * certificates, the PSIs they own, revocations. Filled from the store at start and changed with it;
 * no request touches SQL.
 *
 * Everything found is borrowed until the next change.
 */
#ifndef MS_KMS_DIRECTORY_H
#define MS_KMS_DIRECTORY_H

#include <stdbool.h>

#include "core/hash.h"
#include "core/list.h"
#include "core/secret.h"
#include "kms/policy.h"
#include "store/store.h"

struct ms_kms_user {
	struct ms_list identities; /* of struct ms_kms_identity */
	struct ms_list keys;       /* of struct ms_kms_key, the newest last */
	struct ms_list certs;      /* of struct ms_kms_cert */
	bool disabled;
	ms_usec created;
	ms_usec revoked_before; /* 0: none */
	char name[];
};

struct ms_kms_identity {
	struct ms_list link;
	struct ms_kms_user *user;
	char uri[];
};

struct ms_kms_key {
	struct ms_list link;
	struct ms_kms_user *user;
	enum ms_store_key_kind kind;
	ms_usec created, expires;
	struct ms_secret secret;
	size_t id_len;
	uint8_t id[];
};

struct ms_kms_cert {
	struct ms_list link;
	struct ms_kms_user *user;
	uint8_t fingerprint[32];
	ms_usec expires;
	size_t der_len;
	uint8_t der[];
};

struct ms_kms_psi_owner {
	struct ms_list link;
	struct ms_kms_user *user;
};

struct ms_kms_psi {
	struct ms_list owners;   /* of struct ms_kms_psi_owner */
	struct ms_hash *members; /* name -> struct ms_kms_user; NULL: none yet */
	char uri[];
};

struct ms_kms_directory;

/** At most `max` entries of each kind. -ENOMEM. Owned by the caller. */
MS_MUST_CHECK int ms_kms_directory_new(size_t max, const uint8_t hash_key[static 16],
				       struct ms_kms_directory **ret_d);

/** Wipes and frees; NULL is fine. Returns NULL. */
struct ms_kms_directory *ms_kms_directory_free(struct ms_kms_directory *d);

/** Fills an empty directory from the store; ticket protection keys go to `tpk`. */
MS_MUST_CHECK int ms_kms_directory_load(struct ms_kms_directory *d, struct ms_store *s,
					int (*tpk)(void *arg, const struct ms_store_tpk *k),
					void *arg);

const struct ms_kms_user *ms_kms_find_user(const struct ms_kms_directory *d, struct ms_span name);

/** Whose public identity is that? NULL: nobody's. */
const struct ms_kms_user *ms_kms_find_identity(const struct ms_kms_directory *d,
					       struct ms_span uri);

const struct ms_kms_key *ms_kms_find_key(const struct ms_kms_directory *d, struct ms_span id);

/** The user's newest key that has not expired, or NULL. */
const struct ms_kms_key *ms_kms_newest_key(const struct ms_kms_user *u, ms_usec now);

const struct ms_kms_cert *ms_kms_find_cert(const struct ms_kms_directory *d,
					   const uint8_t fingerprint[static 32]);

const struct ms_kms_psi *ms_kms_find_psi(const struct ms_kms_directory *d, struct ms_span uri);

/** Does the user own the PSI? */
bool ms_kms_owns_psi(const struct ms_kms_directory *d, struct ms_span psi,
		     const struct ms_kms_user *u);

/** Is the user a member of the PSI: may it resolve what is for it? Owners need not be. */
bool ms_kms_in_psi(const struct ms_kms_directory *d, struct ms_span psi,
		   const struct ms_kms_user *u);

/** Was the ticket revoked by its identifier? */
bool ms_kms_is_revoked(const struct ms_kms_directory *d, struct ms_span ticket);

/** The rules in their order. */
const struct ms_kms_policy *ms_kms_directory_policy(const struct ms_kms_directory *d);

struct ms_kms_directory_counts {
	size_t users, identities, keys, certs, psis, rules, revoked;
};

struct ms_kms_directory_counts ms_kms_directory_counts(const struct ms_kms_directory *d);

/** Calls f for each user (PSI) until it returns non-zero, which is then returned. */
int ms_kms_each_user(const struct ms_kms_directory *d,
		     int (*f)(const struct ms_kms_user *u, void *arg), void *arg);
int ms_kms_each_psi(const struct ms_kms_directory *d,
		    int (*f)(const struct ms_kms_psi *p, void *arg), void *arg);

/* Changes, after the store took them: -EEXIST, -ENOENT, -ENOSPC, -ENOMEM. */

MS_MUST_CHECK int ms_kms_add_user(struct ms_kms_directory *d, const struct ms_store_user *u);
MS_MUST_CHECK int ms_kms_remove_user(struct ms_kms_directory *d, struct ms_span name);
MS_MUST_CHECK int ms_kms_set_disabled(struct ms_kms_directory *d, struct ms_span name,
				      bool disabled);
MS_MUST_CHECK int ms_kms_set_revoked(struct ms_kms_directory *d, struct ms_span name,
				     ms_usec before);
MS_MUST_CHECK int ms_kms_add_identity(struct ms_kms_directory *d, struct ms_span user,
				      struct ms_span uri);
MS_MUST_CHECK int ms_kms_remove_identity(struct ms_kms_directory *d, struct ms_span uri);
MS_MUST_CHECK int ms_kms_add_key(struct ms_kms_directory *d, const struct ms_store_key *k);
MS_MUST_CHECK int ms_kms_remove_key(struct ms_kms_directory *d, struct ms_span id);
MS_MUST_CHECK int ms_kms_add_cert(struct ms_kms_directory *d, const struct ms_store_cert *c);
MS_MUST_CHECK int ms_kms_remove_cert(struct ms_kms_directory *d,
				     const uint8_t fingerprint[static 32]);
MS_MUST_CHECK int ms_kms_add_psi(struct ms_kms_directory *d, struct ms_span psi,
				 struct ms_span user);
/** -ENOENT: no such PSI or user. */
MS_MUST_CHECK int ms_kms_add_psi_member(struct ms_kms_directory *d, struct ms_span psi,
					struct ms_span user);
MS_MUST_CHECK int ms_kms_remove_psi_member(struct ms_kms_directory *d, struct ms_span psi,
					   struct ms_span user);
/** An empty user removes the PSI whole. */
MS_MUST_CHECK int ms_kms_remove_psi(struct ms_kms_directory *d, struct ms_span psi,
				    struct ms_span user);
MS_MUST_CHECK int ms_kms_add_rule(struct ms_kms_directory *d, const struct ms_store_policy *p);
MS_MUST_CHECK int ms_kms_remove_rule(struct ms_kms_directory *d, int64_t id);
MS_MUST_CHECK int ms_kms_add_revoked(struct ms_kms_directory *d, const struct ms_store_revoked *r);

#endif
