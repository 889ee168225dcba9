/* SPDX-License-Identifier: Apache-2.0 */
#include "mgw/protocol.h"

/* What of an operation both ends know without being told is not sent. */
static void put_op(struct ms_buf *out, const struct ms_plane_op *op)
{
	ms_buf_put_u8(out, op->verb);
	ms_buf_put_u8(out, (unsigned)op->reset | (unsigned)op->tls_only << 1);
	ms_buf_put_u32(out, op->endpoint);
	ms_buf_put_u32(out, op->context);
	if (op->verb == MS_PLANE_PAIR) {
		ms_buf_put_u32(out, op->partner);
		ms_buf_put_u8(out, op->flow);
	}
	if (op->verb != MS_PLANE_SET)
		return;
	ms_buf_put_u32(out, op->certificate);
	ms_buf_put_lv16(out, op->bearer);
}

void ms_mgw_put_ops(struct ms_buf *out, const struct ms_plane_op *ops, size_t n)
{
	ms_buf_put_u32(out, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		put_op(out, &ops[i]);
}

uint32_t ms_mgw_take_n_ops(struct ms_msg *m)
{
	return ms_msg_u32(m);
}

void ms_mgw_take_op(struct ms_msg *m, struct ms_plane_op *ret_op)
{
	uint8_t flags;

	*ret_op = (struct ms_plane_op){ .verb = ms_msg_u8(m) };
	flags = ms_msg_u8(m);
	ret_op->reset = flags & 1;
	ret_op->tls_only = flags & 2;
	ret_op->endpoint = ms_msg_u32(m);
	ret_op->context = ms_msg_u32(m);
	if (ret_op->verb == MS_PLANE_PAIR) {
		ret_op->partner = ms_msg_u32(m);
		ret_op->flow = ms_msg_u8(m);
	}
	if (ret_op->verb != MS_PLANE_SET)
		return;
	ret_op->certificate = ms_msg_u32(m);
	ret_op->bearer = ms_msg_lv16(m);
}

static bool has_statistics(const struct ms_plane_op *op)
{
	return op->verb == MS_PLANE_STATISTICS || op->verb == MS_PLANE_DELETE;
}

void ms_mgw_put_done(struct ms_buf *out, const struct ms_plane_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ms_buf_put_u16(out, ops[i].error);
		if (has_statistics(&ops[i]))
			ms_buf_put_lv16(out,
					ms_span_of(&ops[i].statistics, sizeof(ops[i].statistics)));
	}
}

/* A structure of the same executable: of the right size, or the peer is none of ours. */
static void take_raw(struct ms_msg *m, void *to, size_t n)
{
	struct ms_span s = ms_msg_lv16(m);

	if (s.len == n)
		memcpy(to, s.p, n);
}

void ms_mgw_take_done(struct ms_msg *m, struct ms_plane_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ops[i].error = ms_msg_u16(m);
		if (has_statistics(&ops[i]))
			take_raw(m, &ops[i].statistics, sizeof(ops[i].statistics));
	}
	ms_msg_end(m);
}

void ms_mgw_put_event(struct ms_buf *out, ms_plane_endpoint e, const struct ms_bearer_event *event)
{
	ms_buf_put_u32(out, e);
	ms_buf_put_lv16(out, ms_span_of(event, sizeof(*event)));
}

ms_plane_endpoint ms_mgw_take_event(struct ms_msg *m, struct ms_bearer_event *ret_event)
{
	ms_plane_endpoint e = ms_msg_u32(m);

	*ret_event = (struct ms_bearer_event){ 0 };
	take_raw(m, ret_event, sizeof(*ret_event));
	ms_msg_end(m);
	return e;
}
