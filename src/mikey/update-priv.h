/* SPDX-License-Identifier: Apache-2.0 */
/* CSB updates, what both ends need: RFC 6043 section 5.2. Inside of src/mikey only. */
#ifndef MS_MIKEY_UPDATE_PRIV_H
#define MS_MIKEY_UPDATE_PRIV_H

#include "mikey/transfer-priv.h"

/** The first exchange, decoded, and the keys of its last message: those of all updates. */
struct ms_mikey_first {
	struct ms_mikey_message init, resp;
	bool has_resp;
	struct ms_mikey_guard guard;
};

MS_MUST_CHECK int ms_mikey_first_read(const struct ms_mikey_csb *c, struct ms_mikey_first *f);
void ms_mikey_first_wipe(struct ms_mikey_first *f);

/** Whether the end that sends may send keys: L for the Initiator, M for the Responder. */
bool ms_mikey_may_send_keys(const struct ms_mikey_csb *c, bool initiator);

/** What the MAC of an update covers. */
void ms_mikey_update_cover(const struct ms_mikey_csb *c, const struct ms_mikey_message *m,
			   struct ms_mikey_cover *cover);

/** The name of an update: SHA-256 of what its MAC covers. */
void ms_mikey_update_id(const struct ms_mikey_csb *c, const struct ms_mikey_message *m,
			uint8_t ret_id[MS_HASH_MAX]);

/** Header, frame, and that nothing static is new. */
MS_MUST_CHECK int ms_mikey_update_check(const struct ms_mikey_csb *c,
					const struct ms_mikey_first *f,
					const struct ms_mikey_message *m, struct ms_fault *fault);

/** Appends one update message, decoded into *ret_m; `init` is what it answers, or empty. What it
 * appended on error is for the caller to cut off. */
MS_MUST_CHECK int ms_mikey_update_write(struct ms_mikey_csb *c, const struct ms_mikey_first *f,
					const struct ms_mikey_update *u,
					const struct ms_mikey_map *map, struct ms_span init,
					ms_usec now, struct ms_buf *out,
					struct ms_mikey_message *ret_m);

/** The message that ends an update (`offer`: the one it answers, or NULL): its sessions get their
 * keys, others keep theirs. */
MS_MUST_CHECK int ms_mikey_update_apply(struct ms_mikey_csb *c, const struct ms_mikey_first *f,
					const struct ms_mikey_message *m,
					const struct ms_mikey_message *offer,
					const struct ms_mikey_keyring *keys,
					struct ms_fault *fault);

#endif
