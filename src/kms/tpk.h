/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket protection keys (RFC 6043 appendix A): one makes tickets, the older ones open theirs until
 * the last of them has ended. A key is in the store, synced, before it makes its first ticket: no
 * kill can leave a ticket behind that nobody opens.
 */
#ifndef MS_KMS_TPK_H
#define MS_KMS_TPK_H

#include "core/list.h"
#include "core/random.h"
#include "core/secret.h"
#include "store/store.h"

#define MS_KMS_TPK_ID_LEN 16
#define MS_KMS_TPK_LEN 32

/** Most keys kept; rotating more often than tickets end is refused beyond it. */
#define MS_KMS_TPK_MAX 256

struct ms_kms_tpk {
	struct ms_list link;
	uint8_t id[MS_KMS_TPK_ID_LEN];
	struct ms_secret secret;
	ms_usec starts;
	ms_usec retires; /* MS_NEVER: it makes the tickets */
	ms_usec expires; /* while it makes tickets: their longest validity so far, as a duration */
};

struct ms_kms_keyring {
	struct ms_list keys; /* the oldest first; the last one makes the tickets */
	size_t n;
};

void ms_kms_keyring_init(struct ms_kms_keyring *r);
void ms_kms_keyring_done(struct ms_kms_keyring *r);

/** Takes a key from the store, in the order of their starts. -EUCLEAN, -ENOMEM. */
MS_MUST_CHECK int ms_kms_keyring_load(struct ms_kms_keyring *r, const struct ms_store_tpk *k);

/** The key that makes tickets, or NULL. Borrowed. */
const struct ms_kms_tpk *ms_kms_keyring_current(const struct ms_kms_keyring *r);

/** The key of that id if it may still open tickets at `now`, or NULL. Borrowed. */
const struct ms_kms_tpk *ms_kms_keyring_find(const struct ms_kms_keyring *r, struct ms_span id,
					     ms_usec now);

/**
 * Makes a new key the current one, in the store first; `lifetime` is the longest validity of its
 * tickets. The one before opens tickets until now plus the longest validity it had. Errors of the
 * store; -ENOSPC: MS_KMS_TPK_MAX. Nothing changes on error.
 */
MS_MUST_CHECK int ms_kms_keyring_rotate(struct ms_kms_keyring *r, struct ms_store *s,
					const struct ms_random *random, ms_usec lifetime,
					ms_usec now);

/** Notes in the store that tickets of the current key may now be valid for longer. */
MS_MUST_CHECK int ms_kms_keyring_lifetime(struct ms_kms_keyring *r, struct ms_store *s,
					  ms_usec lifetime);

/** Removes keys whose last ticket has ended. */
MS_MUST_CHECK int ms_kms_keyring_purge(struct ms_kms_keyring *r, struct ms_store *s, ms_usec now);

#endif
