/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may ask and order; `mediasec ibcf` speaks to it. */
#include "border/control.h"
#include "ibcf/ibcf.h"

const struct ms_control_command ms_ibcf_commands[] = {
	MS_BORDER_COMMANDS(&ms_ibcf.service.border),
	MS_BORDER_GATEWAY_COMMANDS(&ms_ibcf.service.gateways),
	{ 0 },
};
