/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's questions: taken at the parent's control socket, answered by the control role. */
#ifndef MS_MGW_ASK_H
#define MS_MGW_ASK_H

#include "daemon/control.h"
#include "priv/chan.h"

/** status, contexts, context, drain, undrain. For struct ms_daemon_app. */
extern const struct ms_control_command ms_mgw_ask_commands[];

/** An MS_MGW_MSG_ANSWER of the control role. */
void ms_mgw_ask_answered(struct ms_msg *m);

/** The control role is gone: whoever waits is told. */
void ms_mgw_ask_lost(void);

/** The channel to the control role, NULL while it is away (parent.c). */
struct ms_chan *ms_mgw_parent_control(void);

#endif
