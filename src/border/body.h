/* SPDX-License-Identifier: Apache-2.0 */
/* The session description in the body of a message, alone or as a part of a multipart (RFC 5621). */
#ifndef MS_BORDER_BODY_H
#define MS_BORDER_BODY_H

#include "core/attr.h"
#include "core/buf.h"
#include "sip/packet.h"

/** What is in a body. Of all but the first two nobody knows what the other end would read in it. */
enum ms_border_body {
	MS_BORDER_BODY_NONE,      /* no description */
	MS_BORDER_BODY_SDP,       /* one */
	MS_BORDER_BODY_SEVERAL,   /* more than one, at any depth */
	MS_BORDER_BODY_ENCODED,   /* Content-Encoding, or a transfer encoding, is around one */
	MS_BORDER_BODY_MALFORMED, /* Content-Type twice or unreadable; a multipart that is none */
};

/** Looks for it. *ret_sdp, borrowed from the message, is written for MS_BORDER_BODY_SDP only. */
MS_MUST_CHECK enum ms_border_body ms_border_body_find(const struct ms_sip_packet *m,
						      struct ms_span *ret_sdp);

/** Appends the body with another description in the place of the one it has. */
void ms_border_body_put(const struct ms_sip_packet *m, struct ms_span sdp, struct ms_buf *b);

#endif
