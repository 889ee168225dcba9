/* SPDX-License-Identifier: Apache-2.0 */
/* The session description in the body of a message, alone or as a part of a multipart (RFC 5621). */
#ifndef MS_BORDER_BODY_H
#define MS_BORDER_BODY_H

#include "core/attr.h"
#include "core/buf.h"
#include "sip/packet.h"

/** The description, borrowed from the message; false if there is none that could be replaced in place. */
MS_MUST_CHECK bool ms_border_body_find(const struct ms_sip_packet *m, struct ms_span *ret_sdp);

/** Appends the body with another description in its place. */
void ms_border_body_put(const struct ms_sip_packet *m, struct ms_span sdp, struct ms_buf *b);

#endif
