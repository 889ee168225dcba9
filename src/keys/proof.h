/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof of origin: what the TRANSFER_INIT of a message says of its content (TR 33.829 clause
 * 8.3.1.1.1). A General Extension repeats the MAC of the CMS object; V covers the extension, Vi
 * repeats V, Vr covers Vi, and only the owner of the ticket and the KMS can make Vr. So who lets the
 * KMS resolve the ticket out of this very message knows who wrote the content.
 *
 * The MAC of GCM and CCM binds nobody who has the key: each resolver of the ticket could write
 * another content that has the same MAC. The project's layout "mac-hmac" therefore adds an
 * HMAC-SHA-256 over the content, under a key made from the TEK, for which that cannot be done. The
 * key keeps those who only see the TRANSFER_INIT from trying out what the content may be.
 */
#ifndef MS_KEYS_PROOF_H
#define MS_KEYS_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/profile.h"
#include "core/span.h"
#include "mikey/message.h"

/** Most octets of the extension's data. */
#define MS_KEYS_PROOF_MAX 64

/** What a received message proves of its origin. */
enum ms_keys_proof {
	MS_KEYS_PROOF_NONE,      /* nothing: it has no such extension */
	MS_KEYS_PROOF_UNCHECKED, /* it has one, which fits, but the KMS was not asked for this message */
	MS_KEYS_PROOF_PROVED, /* the KMS vouches that the sender made it */
};

/** "none", "unchecked", "proved". Static. */
const char *ms_keys_proof_name(enum ms_keys_proof proof);

/** One message, as both ends see it. Spans are borrowed. */
struct ms_keys_proof_of {
	const struct ms_profile *profile;
	struct ms_span tek;
	struct ms_span mac;    /* of the CMS object, whole */
	struct ms_span entity; /* its content */
};

/** Octets of the extension for a MAC of `mac` octets; 0 for a layout that is not known. */
size_t ms_keys_proof_len(const struct ms_profile *p, size_t mac);

/** The extension's data, ms_keys_proof_len() octets. -EINVAL (layout), -EMSGSIZE (a longer MAC). */
MS_MUST_CHECK int ms_keys_proof_make(const struct ms_keys_proof_of *o,
				     uint8_t ret_data[MS_KEYS_PROOF_MAX]);

/** The extension of a TRANSFER_INIT, borrowed; false if it has none. */
bool ms_keys_proof_find(const struct ms_profile *p, const struct ms_mikey_message *m,
			struct ms_span *ret_data);

/** Whether `data` says what ms_keys_proof_make() says. Constant time for equal lengths. */
bool ms_keys_proof_fits(const struct ms_keys_proof_of *o, struct ms_span data);

#endif
