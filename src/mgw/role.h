/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of mediasec-mgw: a parent (parent.c), one control role (H.248, contexts, port pools) and
 * media workers (sockets, TLS). What the parent says to both; what control and workers say to each
 * other is in protocol.h.
 */
#ifndef MS_MGW_ROLE_H
#define MS_MGW_ROLE_H

#include <stdint.h>

#include "daemon/role.h"
#include "mgw/config.h"
#include "priv/chan.h"

/** Descriptors of the roles, after MS_ROLE_FD (the channel to the parent). */
enum {
	MS_MGW_FD_CONFIG = 1, /* file: struct ms_mgw_hello, then the configuration */
	MS_MGW_FD_STATUS,     /* pipe: ms_daemon_role_ready() */
	/**
	 * Control: a socket on which links to workers arrive (ms_fd_receive(): the number is the worker's
	 * index), at the start and whenever a worker was started again; the link held so far for that
	 * index is dead then. Media: its link to control.
	 */
	MS_MGW_FD_LINK,
};

struct ms_mgw_hello {
	uint32_t workers; /* how many there are */
	uint32_t index;   /* media: which one this is, from 0 */
};

/** Messages over the channel to the parent. */
enum ms_mgw_role_msg {
	MS_MGW_MSG_STOP = 1, /* parent -> role: end gracefully; the end is the answer */
	MS_MGW_MSG_LEVEL,    /* parent -> role: u8 level, rest: category ("" for all) */
	MS_MGW_MSG_ASK,    /* parent -> control, with an id: JSON {"command": ..., "args": {...}} */
	MS_MGW_MSG_ANSWER, /* control -> parent, same id: u8 1 done, 0 refused; rest: JSON, or text */
};

/** The role's configuration; *ret_owner keeps it. 0 or negative errno. */
MS_MUST_CHECK int ms_mgw_role_config(struct ms_mgw_hello *ret_hello, struct ms_config **ret_owner);

/** Categories of the control role; the parent knows them for its configuration. */
extern struct ms_log_category ms_mgw_log_h248, ms_mgw_log_media;

/** Takes an MS_MGW_MSG_LEVEL. */
void ms_mgw_role_level(struct ms_msg *m);

/** Main functions of the roles; they return exit statuses. */
int ms_mgw_control_main(void);
int ms_mgw_media_main(void);

#endif
