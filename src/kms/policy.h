/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may ask for which responders, for how long, with how many keys (RFC 6043 section 4.2.1.4
 * leaves it to the KMS). Rules are tried in the order of their numbers; for each responder asked for
 * the first rule that fits decides, and the strictest limits of the deciding rules hold. Where no
 * rule fits, the default decides.
 */
#ifndef MS_KMS_POLICY_H
#define MS_KMS_POLICY_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/span.h"
#include "store/store.h"

struct ms_kms_rule {
	int64_t id;
	char *who, *responder; /* owned */
	bool allow;
	uint32_t lifetime_s, max_keys, max_responders; /* 0: the default's */
};

struct ms_kms_limits {
	uint32_t lifetime_s, max_keys, max_responders;
};

struct ms_kms_policy {
	struct ms_kms_rule *rule; /* owned, sorted by id */
	size_t n;
};

/**
 * Does `pattern` cover `text`? `wildcard` octets in the pattern stand for one or more octets other
 * than '@'. The text may be a pattern too: its wildcards are met by the pattern's wildcards, so the
 * answer is yes only if everything that fits the text fits the pattern. The pattern "*" covers all.
 * Time is bounded by the product of the lengths.
 */
bool ms_kms_covers(struct ms_span pattern, struct ms_span text, int wildcard);

/** Adds (a copy of) a rule at its place. -EEXIST, -ENOMEM. */
MS_MUST_CHECK int ms_kms_policy_add(struct ms_kms_policy *p, const struct ms_store_policy *rule);

/** -ENOENT. */
MS_MUST_CHECK int ms_kms_policy_remove(struct ms_kms_policy *p, int64_t id);

/** Frees the rules. */
void ms_kms_policy_done(struct ms_kms_policy *p);

/**
 * May `who` (a public identity of the user) have a ticket for `responder`? Returns the rule that
 * decides, or NULL if none does: then the default holds. Borrowed. Lowers `l` (may be NULL) to the
 * limits of the rule and, if `responder` has wildcards, of the rules before it for a part of those.
 */
const struct ms_kms_rule *ms_kms_policy_decide(const struct ms_kms_policy *p, struct ms_span who,
					       struct ms_span responder, int wildcard,
					       struct ms_kms_limits *l);

#endif
