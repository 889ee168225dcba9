/* SPDX-License-Identifier: Apache-2.0 */
/* Control commands that IMS-ALG and IBCF share. */
#ifndef MS_BORDER_CONTROL_H
#define MS_BORDER_CONTROL_H

#include "border/border.h"
#include "border/gateways.h"
#include "daemon/control.h"

/* `arg` is the address of the program's pointer to its border, which is filled in at start. */
void ms_border_command_status(struct ms_control_request *r, json_t *args, void *arg);
void ms_border_command_sessions(struct ms_control_request *r, json_t *args, void *arg);
void ms_border_command_session(struct ms_control_request *r, json_t *args, void *arg);
void ms_border_command_release(struct ms_control_request *r, json_t *args, void *arg);
void ms_border_command_drain(struct ms_control_request *r, json_t *args, void *arg);
void ms_border_command_undrain(struct ms_control_request *r, json_t *args, void *arg);

/* `arg` is the address of the program's pointer to its gateways. */
void ms_border_command_gateways(struct ms_control_request *r, json_t *args, void *arg);
void ms_border_command_gateway_drain(struct ms_control_request *r, json_t *args, void *arg);
void ms_border_command_gateway_undrain(struct ms_control_request *r, json_t *args, void *arg);

/** Rows for a program's table of commands. */
/* clang-format off */
#define MS_BORDER_COMMANDS(b) \
	{ "status", "", "State, calls, requests and connections.", ms_border_command_status, (b) }, \
	{ "sessions", "", "All calls.", ms_border_command_sessions, (b) }, \
	{ "session", "id=N", "One call: its dialogs and media.", ms_border_command_session, (b) }, \
	{ "session.release", "id=N", "Ends one call towards both sides.", \
	  ms_border_command_release, (b) }, \
	{ "drain", "", "New requests get 503, calls go on.", ms_border_command_drain, (b) }, \
	{ "undrain", "", "Back in service.", ms_border_command_undrain, (b) }
#define MS_BORDER_GATEWAY_COMMANDS(g) \
	{ "gateways", "", "Media gateways: state, profile, contexts.", \
	  ms_border_command_gateways, (g) }, \
	{ "gateway.drain", "name=NAME", "No new calls for this gateway.", \
	  ms_border_command_gateway_drain, (g) }, \
	{ "gateway.undrain", "name=NAME", "New calls again.", \
	  ms_border_command_gateway_undrain, (g) }
/* clang-format on */

#endif
