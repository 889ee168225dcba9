/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's command `mediasec`: one sub-command a file, one descriptor each, listed in
 * src/ctl/commands.c.
 */
#ifndef MS_CTL_CTL_H
#define MS_CTL_CTL_H

#include <stdbool.h>

#include <jansson.h>

#include "core/attr.h"

/** Exit statuses: 0 done, 1 refused or failed, 2 wrong usage, 3 the daemon cannot be reached. */
enum { MS_CTL_OK = 0, MS_CTL_FAILED = 1, MS_CTL_USAGE = 2, MS_CTL_UNREACHABLE = 3 };

struct ms_ctl_command {
	const char *name;    /* first word after `mediasec` */
	const char *summary; /* one line of `mediasec help` */
	const char *usage;   /* several lines, each ends with \n; shown by `mediasec help NAME` */
	/** argv[0] is the command's name; getopt may be used (optind is 1). Returns exit status. */
	int (*run)(int argc, char **argv);
};

/** All commands, ended by NULL. */
extern const struct ms_ctl_command *const ms_ctl_commands[];

/** The command of that name, or NULL. */
const struct ms_ctl_command *ms_ctl_find(const char *name);

/** Prints "mediasec NAME: <text>" and the usage to standard error; returns MS_CTL_USAGE. */
int ms_ctl_usage(const struct ms_ctl_command *c, const char *fmt, ...) MS_PRINTF(2, 3);

/** Prints "mediasec: <text>" to standard error; returns MS_CTL_FAILED. */
int ms_ctl_fail(const char *fmt, ...) MS_PRINTF(1, 2);

/* ---- asking a daemon ---- */

/**
 * One request over a control socket: {"command": command, "args": args}. `args` (stolen; NULL:
 * none). On MS_CTL_OK *ret_result is the result, owned (json_decref()). Otherwise the reason has
 * been printed to standard error and the exit status is returned. Waits at most 15 s.
 */
MS_MUST_CHECK int ms_ctl_ask(const char *socket_path, const char *command, json_t *args,
			     json_t **ret_result);

/** Prints a result: as JSON if `json`, else as "key: value" lines and tables. */
void ms_ctl_print(const json_t *result, bool json);

#endif
