/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about Ticket Policies: RFC 6043 section 6.10. */
#ifndef MS_MIKEY_POLICY_H
#define MS_MIKEY_POLICY_H

#include "core/time.h"
#include "mikey/message.h"

/** Longest text of ms_mikey_flags_text() with its NUL. */
#define MS_MIKEY_FLAGS_TEXT 13

/**
 * The implications among the flags. With `has_tgk` (the ticket holds a TGK, which only those know
 * who can see its keys) also: I demands F. Returns NULL if consistent, else the rule that is broken,
 * as text ("G=>F"; static). K of a TP is ignored by the KMS: clear it before.
 */
const char *ms_mikey_flags_check(unsigned flags, bool has_tgk);

/** The letters that are set, in the order DEFGHIJKLMNO. Returns dst. */
char *ms_mikey_flags_text(unsigned flags, char dst[static MS_MIKEY_FLAGS_TEXT]);

/** The inverse, letters in any order. -EINVAL: another letter, or one twice. */
MS_MUST_CHECK int ms_mikey_flags_parse(struct ms_span text, unsigned *ret_flags);

/** What a flag means when it is set, for people; `flag` has one bit. Static; NULL if there is none. */
const char *ms_mikey_flag_meaning(unsigned flag);

/** Same type and same octets. */
bool ms_mikey_id_eq(const struct ms_mikey_id *a, const struct ms_mikey_id *b);

/**
 * Does `id` match `pattern`, whose `wildcard` octets stand for one or more octets other than '@'?
 * Types must be equal. wildcard < 0: none, as ms_mikey_id_eq(). Linear in the lengths.
 * RFC 6043 has no wildcards; TS 33.328 6.2.3.5 uses ?@? without defining them.
 */
bool ms_mikey_id_match(const struct ms_mikey_id *pattern, const struct ms_mikey_id *id,
		       int wildcard);

/** Does any IDRr of the policy match? */
bool ms_mikey_policy_admits(const struct ms_mikey_policy *p, const struct ms_mikey_id *id,
			    int wildcard);

enum ms_mikey_validity {
	MS_MIKEY_VALID,
	MS_MIKEY_NOT_YET,
	MS_MIKEY_EXPIRED,
	MS_MIKEY_BAD_PERIOD, /* TRs or TRe is a COUNTER */
};

/** TRs <= now <= TRe, an absent one being open. */
enum ms_mikey_validity ms_mikey_policy_validity(const struct ms_mikey_policy *p, ms_usec now);

#endif
