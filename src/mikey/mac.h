/* SPDX-License-Identifier: Apache-2.0 */
/* What the MAC of a MIKEY-TICKET message covers: RFC 6043 section 5.5. */
#ifndef MS_MIKEY_MAC_H
#define MS_MIKEY_MAC_H

#include "mikey/message.h"

/** Pieces of text that a MAC runs over, borrowed. */
struct ms_mikey_cover {
	struct ms_span part[6];
	size_t n;
};

/**
 * REQUEST_INIT (I, KMS), RESOLVE_INIT (R, KMS), TRANSFER_INIT (I, R): the message without its MAC
 * and, in TRANSFER_INIT, without Initiator Data and their length; then the ID Data of both parties,
 * by role. `m` must have V.
 */
void ms_mikey_cover_init(struct ms_mikey_cover *c, const struct ms_mikey_message *m,
			 struct ms_span id1, struct ms_span id2);

/** Any response: the message without its MAC, then the complete message it answers. */
void ms_mikey_cover_resp(struct ms_mikey_cover *c, const struct ms_mikey_message *m,
			 struct ms_span init);

/** Error message: itself without its MAC (RFC 6043 section 5.4). */
void ms_mikey_cover_error(struct ms_mikey_cover *c, const struct ms_mikey_message *m);

/** MAC over the pieces with an auth_key. Octets as ms_mikey_mac_len(mac_alg), which must be known
 * and not NULL. */
void ms_mikey_mac(unsigned mac_alg, struct ms_span auth_key, const struct ms_mikey_cover *c,
		  uint8_t mac[MS_HASH_MAX]);

/** Is `v` right? False for NULL and unknown algorithms. Constant time in the octets. */
bool ms_mikey_mac_ok(const struct ms_mikey_v *v, struct ms_span auth_key,
		     const struct ms_mikey_cover *c);

#endif
