/* SPDX-License-Identifier: Apache-2.0 */
/* The list of sub-commands: one line each, in the order `mediasec help` shows them. */
#include "ctl/commands.h"

#include <stddef.h>

const struct ms_ctl_command *const ms_ctl_commands[] = {
	&ms_cmd_help, &ms_cmd_profile, &ms_cmd_ask, &ms_cmd_kms,  &ms_cmd_mikey, &ms_cmd_h248,
	&ms_cmd_alg,  &ms_cmd_ibcf,    &ms_cmd_mgw, &ms_cmd_list, &ms_cmd_trace, NULL,
};
