/* SPDX-License-Identifier: Apache-2.0 */
/* MIKEY in SDP: the a=key-mgmt attribute and SDP IDs (RFC 4567), numbers of crypto sessions. */
#ifndef MS_MIKEY_KEYMGMT_H
#define MS_MIKEY_KEYMGMT_H

#include "core/buf.h"
#include "mikey/message.h"

/**
 * Reads the value of a key-mgmt attribute (what follows "key-mgmt:"): at most one space, protocol,
 * exactly one space, base64 that is not empty, nothing behind it. The protocol is borrowed from
 * `value`; the decoded octets are appended to `data`. Returns 0, -EINVAL, or what the buffer says.
 */
MS_MUST_CHECK int ms_mikey_keymgmt_decode(struct ms_span value, struct ms_span *ret_protocol,
					  struct ms_buf *data);

/** As above for a whole line "a=key-mgmt:..." without its line end. */
MS_MUST_CHECK int ms_mikey_keymgmt_line(struct ms_span line, struct ms_span *ret_protocol,
					struct ms_buf *data);

/** Appends "mikey " and the base64 of `message`: the attribute's value. */
void ms_mikey_keymgmt_encode(struct ms_buf *b, struct ms_span message);

/** The SDP IDs extension's data: offered protocols joined by ";" (RFC 4567 section 7). */
void ms_mikey_sdp_ids(struct ms_buf *b, const struct ms_span *protocols, size_t n);

/**
 * CS IDs of the secured m-lines in their order, from 1 on: an SRTP line takes two (RFC 4567 section
 * 7.1), any other one. `*next` starts at 1; returns the first ID of this line and moves *next on;
 * 0 if the numbers are used up.
 */
unsigned ms_mikey_cs_number(unsigned *next, bool srtp);

/** Is this the proto field of an SRTP line: RTP/SAVP, RTP/SAVPF or their UDP/TLS, TCP forms? */
bool ms_mikey_proto_is_srtp(struct ms_span proto);

#endif
