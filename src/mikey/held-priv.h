/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a ticket held, and serialising. Inside of src/mikey only. */
#ifndef MS_MIKEY_HELD_PRIV_H
#define MS_MIKEY_HELD_PRIV_H

#include "core/reader.h"
#include "mikey/bundle.h"
#include "mikey/held.h"

struct ms_mikey_ticket_held {
	struct ms_mikey_octets ticket; /* TICKET payload, Next Payload 0, no Initiator Data */
	struct ms_mikey_policy policy; /* decoded; borrows from `ticket` */
	struct ms_secret mpki;
	struct ms_secret mpkr; /* length 0 without key forking */
	struct ms_mikey_keyring keys;
	uint32_t uses;
};

/** Suite for messages about a ticket of this PRF: our own if it is the same, else the PRF's. */
struct ms_mikey_suite ms_mikey_suite_for(const struct ms_mikey_party *me, unsigned prf);

/** Appends a key ring; and reads one: 0 or -EBADMSG. */
void ms_mikey_keyring_serialise(const struct ms_mikey_keyring *r, struct ms_buf *b);
MS_MUST_CHECK int ms_mikey_keyring_parse(struct ms_reader *r, struct ms_mikey_keyring *ret_r);

#endif
