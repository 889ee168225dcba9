/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may ask and order of IMS-ALG and IBCF alike; arg is a struct ms_border **. */
#include "border/control.h"

#include "border/session-priv.h"

void ms_border_command_status(struct ms_control_request *r, json_t *args, void *arg)
{
	const struct ms_border *b = *(struct ms_border **)arg;

	(void)args;
	ms_control_reply(r, json_pack("{s:s, s:I, s:I, s:I}", "state",
				      b->draining ? "draining" : "in service", "sessions",
				      (json_int_t)b->n_sessions, "exchanges",
				      (json_int_t)ms_sip_proxy_exchanges(b->proxy), "streams",
				      (json_int_t)ms_sip_proxy_streams(b->proxy)));
}

void ms_border_command_sessions(struct ms_control_request *r, json_t *args, void *arg)
{
	(void)args;
	ms_control_reply(r, ms_border_list(*(struct ms_border **)arg));
}

void ms_border_command_session(struct ms_control_request *r, json_t *args, void *arg)
{
	json_t *o = NULL;
	uint64_t id;

	if (ms_control_u64(args, "id", UINT64_MAX, &id) == 0)
		o = ms_border_show(*(struct ms_border **)arg, id);
	if (o)
		ms_control_reply(r, o);
	else
		ms_control_fail(r, "no such session");
}

void ms_border_command_release(struct ms_control_request *r, json_t *args, void *arg)
{
	uint64_t id;

	if (ms_control_u64(args, "id", UINT64_MAX, &id) == 0 &&
	    ms_border_release(*(struct ms_border **)arg, id, 480, "Released by the operator"))
		ms_control_reply(r, NULL);
	else
		ms_control_fail(r, "no such session");
}

void ms_border_command_drain(struct ms_control_request *r, json_t *args, void *arg)
{
	(void)args;
	ms_border_drain(*(struct ms_border **)arg, true);
	ms_control_reply(r, json_string("draining"));
}

void ms_border_command_undrain(struct ms_control_request *r, json_t *args, void *arg)
{
	(void)args;
	ms_border_drain(*(struct ms_border **)arg, false);
	ms_control_reply(r, json_string("in service"));
}

/* ---- gateways; arg is a struct ms_border_gateways ** ---- */

void ms_border_command_gateways(struct ms_control_request *r, json_t *args, void *arg)
{
	(void)args;
	ms_control_reply(r, ms_border_gateways_list(*(struct ms_border_gateways **)arg));
}

static void set_drain(struct ms_control_request *r, const json_t *args, void *arg, bool drain)
{
	const char *name = json_string_value(json_object_get(args, "name"));

	if (name && ms_border_gateways_drain(*(struct ms_border_gateways **)arg, name, drain))
		ms_control_reply(r, NULL);
	else
		ms_control_fail(r, "no such gateway");
}

void ms_border_command_gateway_drain(struct ms_control_request *r, json_t *args, void *arg)
{
	set_drain(r, args, arg, true);
}

void ms_border_command_gateway_undrain(struct ms_control_request *r, json_t *args, void *arg)
{
	set_drain(r, args, arg, false);
}
