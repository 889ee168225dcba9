/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that wait to be sent, in order, in one bounded buffer. */
#ifndef MS_GCP_QUEUE_H
#define MS_GCP_QUEUE_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"

struct ms_gcp_queue {
	struct ms_buf octets; /* each message behind its length */
	size_t done;          /* octets at the front that have been sent */
};

/** `max`: octets that may wait. */
void ms_gcp_queue_init(struct ms_gcp_queue *q, size_t max);
void ms_gcp_queue_done(struct ms_gcp_queue *q);

/** -ENOBUFS, -ENOMEM. */
MS_MUST_CHECK int ms_gcp_queue_put(struct ms_gcp_queue *q, struct ms_span message);

/** The oldest message, borrowed until the next put or drop; false: there is none. */
bool ms_gcp_queue_first(const struct ms_gcp_queue *q, struct ms_span *ret_message);

/** Drops the oldest. */
void ms_gcp_queue_drop(struct ms_gcp_queue *q);

#endif
