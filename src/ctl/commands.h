/* SPDX-License-Identifier: Apache-2.0 */
/* Every sub-command's descriptor; each is defined in its own cmd-<name>.c. */
#ifndef MS_CTL_COMMANDS_H
#define MS_CTL_COMMANDS_H

#include "ctl/ctl.h"

extern const struct ms_ctl_command ms_cmd_help;
extern const struct ms_ctl_command ms_cmd_profile;
extern const struct ms_ctl_command ms_cmd_ask;
extern const struct ms_ctl_command ms_cmd_kms;
extern const struct ms_ctl_command ms_cmd_mikey;
extern const struct ms_ctl_command ms_cmd_h248;
extern const struct ms_ctl_command ms_cmd_alg;
extern const struct ms_ctl_command ms_cmd_ibcf;
extern const struct ms_ctl_command ms_cmd_mgw;
extern const struct ms_ctl_command ms_cmd_list;
extern const struct ms_ctl_command ms_cmd_trace;

#endif
