/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPKT (RFC 1006 section 6): messages in a stream of octets, as H.248 over TCP has them (RFC 3525 D.2).
 */
#ifndef MS_GCP_TPKT_H
#define MS_GCP_TPKT_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"

#define MS_GCP_TPKT_HEADER 4u
/** The longest message a frame can carry: its length has 16 bits and counts the header. */
#define MS_GCP_TPKT_MAX (65535u - MS_GCP_TPKT_HEADER)

struct ms_gcp_tpkt {
	struct ms_buf part; /* a frame that is not whole yet */
	bool told;          /* it was whole and told; it goes at the next call */
	size_t max;         /* longest message taken */
};

/** `max`: longest message taken, at most MS_GCP_TPKT_MAX. Takes no memory before it is needed. */
void ms_gcp_tpkt_init(struct ms_gcp_tpkt *t, size_t max);
void ms_gcp_tpkt_done(struct ms_gcp_tpkt *t);

/**
 * The next whole message from *octets, which moves on: 1 (*ret_message, borrowed from `octets` or from
 * `t` until the next call), 0 (all octets taken, more are needed), -EBADMSG (no TPKT: version, length
 * under the header's), -EMSGSIZE (over the maximum) or -ENOMEM. After an error the stream is useless.
 */
MS_MUST_CHECK int ms_gcp_tpkt_next(struct ms_gcp_tpkt *t, struct ms_span *octets,
				   struct ms_span *ret_message);

/** The header of a message of `len` octets (at most MS_GCP_TPKT_MAX). */
void ms_gcp_tpkt_header(size_t len, uint8_t ret_header[static MS_GCP_TPKT_HEADER]);

#endif
