/* SPDX-License-Identifier: Apache-2.0 */
/* Octets that wait for the reader or for the transport. */
#include "tls/tls-priv.h"

void ms_tls_queue_take(struct ms_tls_queue *q, size_t n)
{
	size_t left = q->b.len - q->off;

	q->off += n < left ? n : left;
	if (q->off == q->b.len) {
		q->off = 0;
		ms_buf_reset(&q->b);
	}
}

/* Moves what waits to the front once more lies in front of it than waits: each octet moves at most
 * once on average. */
void ms_tls_queue_tidy(struct ms_tls_queue *q)
{
	if (q->off > 0 && q->off >= q->b.len - q->off) {
		ms_buf_consume(&q->b, q->off);
		q->off = 0;
	}
}
