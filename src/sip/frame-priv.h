/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a message on a stream ends, and an answer to one that the parser does not take. No libre here:
 * what is read is the little that RFC 3261 sections 7 and 18.3 make of it.
 */
#ifndef MS_SIP_FRAME_PRIV_H
#define MS_SIP_FRAME_PRIV_H

#include "core/buf.h"
#include "core/span.h"

struct ms_sip_frame {
	size_t head; /* octets up to the body, with the empty line */
	size_t body; /* as Content-Length says */
};

/**
 * Finds head and body of the message that begins at octets.p. -EAGAIN: the head is not all here.
 * -EBADMSG: nobody can tell where the body ends: no Content-Length, no number, or two that differ (who
 * counted by the other one would read a message out of the body).
 */
MS_MUST_CHECK int ms_sip_frame_read(struct ms_span octets, struct ms_sip_frame *ret_frame);

/** Can a message begin here? Looks at the first line. */
bool ms_sip_frame_begins(struct ms_span octets);

/**
 * Appends an answer to the request with this head (RFC 3261 section 8.2.6.2), without Contact or body.
 * -ENOENT: it is none that can be answered: a response, ACK, or without a header an answer needs.
 */
MS_MUST_CHECK int ms_sip_frame_answer(struct ms_span head, unsigned status, const char *tag,
				      struct ms_buf *b);

#endif
