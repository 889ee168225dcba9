/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processes of the gateway say to each other, over src/priv channels: the parent, the control
 * role (H.248, no media) and the media workers. All are the same executable, so structures without
 * pointers go as they are.
 */
#ifndef MS_MGW_PROTOCOL_H
#define MS_MGW_PROTOCOL_H

#include "h248/plane.h"
#include "priv/chan.h"

/** Descriptors of the roles, after MS_ROLE_FD (the parent's channel). */
enum {
	MS_MGW_FD_SETTINGS = 1, /* a file: struct ms_mgw_settings (mgw/settings.h) */
	MS_MGW_FD_STATUS,       /* a pipe: one octet '+' when the role serves */
	MS_MGW_FD_LINK, /* worker: its channel to control. Control: a socket over which the parent
			   hands it the other ends, one descriptor a message (ms_mgw_pass_link()) */
	MS_MGW_FD_METRICS, /* control: the listening socket for Prometheus, if any */
};

enum ms_mgw_msg {
	/* parent -> role */
	MS_MGW_MSG_SETTINGS = 1, /* struct ms_mgw_settings: a reload */
	MS_MGW_MSG_STOP,         /* end gracefully */
	/* control -> worker */
	MS_MGW_MSG_OPS,    /* id: token; ms_mgw_put_ops() */
	MS_MGW_MSG_METER,  /* empty: asks for the worker's counters */
	MS_MGW_MSG_KEYLOG, /* u8: 1 on, 0 off (only where the settings name a file) */
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

/* ---- the parent hands a new worker's channel to control ---- */

/** Sends `fd` (stays open here) for worker `home`. 0 or negative errno. */
MS_MUST_CHECK int ms_mgw_pass_link(int socket, uint16_t home, int fd);
/** Takes one; *ret_fd is owned, close-on-exec. -EAGAIN: none there; -EPIPE: the parent is gone. */
MS_MUST_CHECK int ms_mgw_take_link(int socket, uint16_t *ret_home, int *ret_fd);

#endif
