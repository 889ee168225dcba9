/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a TRANSFER_INIT being taken. Inside of src/mikey only. */
#ifndef MS_MIKEY_INCOMING_PRIV_H
#define MS_MIKEY_INCOMING_PRIV_H

#include "mikey/incoming.h"
#include "mikey/resolve-priv.h"
#include "mikey/transfer-priv.h"

struct ms_mikey_incoming {
	const struct ms_mikey_party *me; /* borrowed */
	struct ms_mikey_replay *replay;  /* borrowed; may be NULL */
	struct ms_mikey_octets octets;
	struct ms_mikey_message m; /* decoded; borrows from `octets` */
	uint8_t replay_id[MS_MIKEY_REPLAY_ID];
	struct ms_mikey_resolve *resolve;   /* owned; a Resolve under way */
	struct ms_mikey_resolved *resolved; /* owned; set once the message is verified */
	struct ms_mikey_keyring keys;       /* then: of the ticket, and those sent along */
	bool vouched;
};

/** What the MAC of the message covers. */
void ms_mikey_incoming_cover(const struct ms_mikey_incoming *i, struct ms_mikey_cover *c);

#endif
