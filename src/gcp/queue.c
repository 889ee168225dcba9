/* SPDX-License-Identifier: Apache-2.0 */
/* A queue of messages in a buffer; the front is moved away when half of it is old. */
#include "gcp/queue.h"

#include <errno.h>
#include <string.h>

#define LENGTH sizeof(uint32_t)

void ms_gcp_queue_init(struct ms_gcp_queue *q, size_t max)
{
	ms_buf_init(&q->octets, max);
	q->done = 0;
}

void ms_gcp_queue_done(struct ms_gcp_queue *q)
{
	ms_buf_done(&q->octets);
	q->done = 0;
}

int ms_gcp_queue_put(struct ms_gcp_queue *q, struct ms_span message)
{
	size_t len = q->octets.len;
	int err;

	if (message.len + LENGTH > q->octets.max - len)
		return -ENOBUFS;
	ms_buf_put_u32(&q->octets, (uint32_t)message.len);
	ms_buf_put_span(&q->octets, message);
	err = ms_buf_status(&q->octets);
	if (err) { /* no memory now; what waits is still good */
		ms_buf_truncate(&q->octets, len);
		q->octets.err = 0;
	}
	return err;
}

bool ms_gcp_queue_first(const struct ms_gcp_queue *q, struct ms_span *ret_message)
{
	const uint8_t *p;

	if (q->done == q->octets.len)
		return false;
	p = q->octets.p + q->done;
	*ret_message = ms_span_of(p + LENGTH, (size_t)p[0] << 24 | (size_t)p[1] << 16 |
						      (size_t)p[2] << 8 | p[3]);
	return true;
}

void ms_gcp_queue_drop(struct ms_gcp_queue *q)
{
	struct ms_span first;

	if (!ms_gcp_queue_first(q, &first))
		return;
	q->done += LENGTH + first.len;
	if (q->done == q->octets.len) {
		ms_buf_reset(&q->octets);
		q->done = 0;
	} else if (q->done > q->octets.len / 2) {
		ms_buf_consume(&q->octets, q->done);
		q->done = 0;
	}
}
