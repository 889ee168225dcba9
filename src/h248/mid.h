/* SPDX-License-Identifier: Apache-2.0 */
/* Message identifiers as people write them, in configurations and logs. */
#ifndef MS_H248_MID_H
#define MS_H248_MID_H

#include "core/attr.h"
#include "core/buf.h"
#include "h248/message.h"

/**
 * Reads "agw1.example.net", "<agw1.example.net>:2944", "[192.0.2.1]:2944", "[2001:db8::1]", or a device
 * name with a slash ("mg/1"). The name is borrowed from `text`. 0 or -EINVAL.
 */
MS_MUST_CHECK int ms_h248_mid_parse(struct ms_span text, struct ms_h248_mid *ret_mid);

/** Appends it as in the text coding (RFC 3525 annex B, mId). Nothing for kind NONE. */
void ms_h248_mid_put(struct ms_buf *out, const struct ms_h248_mid *m);

#endif
