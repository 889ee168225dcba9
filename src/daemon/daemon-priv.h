/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the daemon frame, shared by its files. */
#ifndef MS_DAEMON_DAEMON_PRIV_H
#define MS_DAEMON_DAEMON_PRIV_H

#include "daemon/daemon.h"
#include "loop/loop.h"

/** sysexits.h: the configuration is wrong. */
#define MS_EXIT_CONFIG 78

struct ms_daemon_options {
	const char *config_path;
	bool check_only;
	bool print_config;
	bool foreground;
	unsigned verbose;
};

/**
 * Reads the command line. Returns true to go on, or false with *ret_status to exit with (help and
 * version have been printed; so has what is wrong).
 */
bool ms_daemon_options_read(const struct ms_daemon_app *app, int argc, char **argv,
			    struct ms_daemon_options *ret_o, int *ret_status);

struct ms_daemon {
	const struct ms_daemon_app *app;
	struct ms_daemon_options options;
	struct ms_config *config;
	struct ms_control *control;
	void *state;
	int ready_fd; /* to the first process, which waits; -1: none */
	int status;   /* exit status */
	bool stopping;
	char why[200]; /* of the last reload: what the program said; "" nothing */
	struct ms_timer stop_timer;
};

/** The section `daemon:` in force. */
const struct ms_daemon_config *ms_daemon_common(const struct ms_daemon *d);

/** The section `daemon:` of another configuration of this program. */
const struct ms_daemon_config *ms_daemon_common_of(const struct ms_daemon_app *app,
						   const struct ms_config *c);

/** Sets the levels of the configuration in force, and -v on top. */
void ms_daemon_set_levels(const struct ms_daemon *d);

/** Levels were changed while it runs: roles are told, and later ones begin with them. */
void ms_daemon_levels_changed(struct ms_daemon *d);

/** The commands every daemon has; `arg` of each is the daemon. Static, one daemon a process. */
const struct ms_control_command *ms_daemon_commands(struct ms_daemon *d);

/** Counts of the frame itself. */
void ms_daemon_counters_add(struct ms_daemon *d);
void ms_daemon_count_reload(bool ok);

/** Tells a service manager at $NOTIFY_SOCKET, e.g. "READY=1". Nothing happens without one. */
void ms_daemon_notify(const char *state);

/**
 * Goes to the background: returns 0 in the process that goes on, with *ret_ready_fd to tell the
 * waiting first process by ms_daemon_detached(). The first process does not return. Negative errno.
 */
MS_MUST_CHECK int ms_daemon_detach(const char *name, int *ret_ready_fd);

/** Ends the first process's wait: it exits with `status`. */
void ms_daemon_detached(int ready_fd, int status);

/** Writes the pid file. Returns 0 or negative errno (-EEXIST: another one runs). */
MS_MUST_CHECK int ms_daemon_pid_file(const char *path);

/** Hands target and levels to roles started later (environment). */
void ms_daemon_export_log(enum ms_log_target target);

#endif
