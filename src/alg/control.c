/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may ask and order; `mediasec alg` speaks to it. */
#include "alg/alg.h"

static void status(struct ms_control_request *r, json_t *args, void *arg)
{
	(void)args;
	(void)arg;
	ms_control_reply(
		r, json_pack("{s:s, s:I, s:I, s:I, s:I}", "state",
			     ms_border_draining(ms_alg.border) ? "draining" : "in service",
			     "registrations", (json_int_t)ms_alg_registrar_count(ms_alg.registrar),
			     "sessions", (json_int_t)ms_border_sessions(ms_alg.border), "exchanges",
			     (json_int_t)ms_sip_proxy_exchanges(ms_border_proxy(ms_alg.border)),
			     "streams",
			     (json_int_t)ms_sip_proxy_streams(ms_border_proxy(ms_alg.border))));
}

static void sessions(struct ms_control_request *r, json_t *args, void *arg)
{
	(void)args;
	(void)arg;
	ms_control_reply(r, ms_border_list(ms_alg.border));
}

static void session(struct ms_control_request *r, json_t *args, void *arg)
{
	json_t *o = NULL;
	uint64_t id;

	(void)arg;
	if (ms_control_u64(args, "id", UINT64_MAX, &id) == 0)
		o = ms_border_show(ms_alg.border, id);
	if (o)
		ms_control_reply(r, o);
	else
		ms_control_fail(r, "no such session");
}

static void session_release(struct ms_control_request *r, json_t *args, void *arg)
{
	uint64_t id;

	(void)arg;
	if (ms_control_u64(args, "id", UINT64_MAX, &id) == 0 &&
	    ms_border_release(ms_alg.border, id, 480, "Released by the operator"))
		ms_control_reply(r, NULL);
	else
		ms_control_fail(r, "no such session");
}

static void registrations(struct ms_control_request *r, json_t *args, void *arg)
{
	(void)args;
	(void)arg;
	ms_control_reply(r, ms_alg_registrar_list(ms_alg.registrar));
}

static void drain(struct ms_control_request *r, json_t *args, void *arg)
{
	const char *off = ms_control_text(args, "off");

	(void)arg;
	ms_border_drain(ms_alg.border, off == NULL);
	ms_control_reply(r, json_string(off ? "in service" : "draining"));
}

const struct ms_control_command ms_alg_commands[] = {
	{ "status", "", "Numbers of registrations, sessions and connections.", status },
	{ "sessions", "", "All calls.", sessions },
	{ "session", "id=N", "One call: its dialogs and media.", session },
	{ "session.release", "id=N", "Ends one call towards both sides.", session_release },
	{ "registrations", "", "All registered contacts.", registrations },
	{ "drain", "[off=1]", "New requests get 503, calls go on; off ends that.", drain },
	{ 0 },
};
