/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the control role (H.248, no media) and the media workers say to each other, over src/priv
 * channels; what the parent says to both is in role.h. All are the same executable, so structures without
 * pointers go as they are.
 */
#ifndef MS_MGW_PROTOCOL_H
#define MS_MGW_PROTOCOL_H

#include "h248/plane.h"
#include "priv/chan.h"

enum ms_mgw_msg {
	/* control -> worker */
	MS_MGW_MSG_OPS = 16, /* id: token; ms_mgw_put_ops() */
	MS_MGW_MSG_METER,    /* empty: asks for the worker's counters */
	MS_MGW_MSG_KEYLOG,   /* u8: 1 on, 0 off (only where the settings name a file) */
	/* worker -> control */
	MS_MGW_MSG_DONE,        /* id: token; ms_mgw_put_done() */
	MS_MGW_MSG_EVENT,       /* u32 endpoint, struct ms_bearer_event */
	MS_MGW_MSG_CERTIFICATE, /* u32 number (counts up from 1), struct ms_bearer_fingerprints: what
				   new sessions show from now on; one a hash that is offered. The
				   first comes before anything else */
	MS_MGW_MSG_FORGET,      /* u32 number: the last session that shows it is gone */
	MS_MGW_MSG_METERED,     /* ms_counters_put() of each of the worker's sets, in their order */
};

/** The body of MS_MGW_MSG_OPS. */
void ms_mgw_put_ops(struct ms_buf *out, const struct ms_plane_op *ops, size_t n);

/** Number of operations; then take each. */
uint32_t ms_mgw_take_n_ops(struct ms_msg *m);
/** One operation; its packed bearer is borrowed from the message. */
void ms_mgw_take_op(struct ms_msg *m, struct ms_plane_op *ret_op);

/** The body of MS_MGW_MSG_DONE: error of each, statistics of STATISTICS and DELETE. */
void ms_mgw_put_done(struct ms_buf *out, const struct ms_plane_op *ops, size_t n);
/** Fills in what the worker said of these `n` operations, which are those of the token. */
void ms_mgw_take_done(struct ms_msg *m, struct ms_plane_op *ops, size_t n);

/** The body of MS_MGW_MSG_EVENT. */
void ms_mgw_put_event(struct ms_buf *out, ms_plane_endpoint e, const struct ms_bearer_event *event);
ms_plane_endpoint ms_mgw_take_event(struct ms_msg *m, struct ms_bearer_event *ret_event);

#endif
