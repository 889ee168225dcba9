/* SPDX-License-Identifier: Apache-2.0 */
/* MIKEY messages for people (and, as JSON, for their scripts). Nothing is decrypted. */
#ifndef MS_MIKEY_PRINT_H
#define MS_MIKEY_PRINT_H

#include "core/buf.h"
#include "core/profile.h"
#include "mikey/message.h"

/** Room that the text of any message of MS_MIKEY_MESSAGE_MAX octets fits into, in octets. */
#define MS_MIKEY_PRINT_MAX (8u * 1024 * 1024)

enum ms_mikey_print_form {
	MS_MIKEY_PRINT_TEXT,
	MS_MIKEY_PRINT_JSON, /* one object, without a line end */
};

/**
 * Appends every field of `message` to `out`: names of numbers, flags with their meaning, identities,
 * times, crypto sessions, and what is in the clear of TP Data, Ticket Data and Initiator Data.
 * Offsets count from the start of the message. A message that cannot be decoded is printed as far as
 * it goes, with the error and its offset at the end. `profile` names the Prot types that have no
 * number of their own. Returns 0; -EBADMSG if the message is broken (fault filled as by
 * ms_mikey_decode()); or what the buffer says.
 */
MS_MUST_CHECK int ms_mikey_print(struct ms_buf *out, struct ms_span message,
				 enum ms_mikey_print_form form, const struct ms_profile *profile,
				 struct ms_fault *fault);

#endif
