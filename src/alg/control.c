/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may ask and order; `mediasec alg` speaks to it. */
#include "border/control.h"

#include "alg/alg.h"

static void registrations(struct ms_control_request *r, json_t *args, void *arg)
{
	(void)args;
	(void)arg;
	ms_control_reply(r, ms_alg_registrar_list(ms_alg.registrar));
}

const struct ms_control_command ms_alg_commands[] = {
	MS_BORDER_COMMANDS(&ms_alg.service.border),
	MS_BORDER_GATEWAY_COMMANDS(&ms_alg.service.gateways),
	{ "registrations", "", "All registered contacts.", registrations },
	{ 0 },
};
