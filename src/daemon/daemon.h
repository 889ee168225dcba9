/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every daemon shares: options, configuration, log, counters, control socket, signals, reload
 * and stop. A program fills a struct ms_daemon_app and calls ms_daemon_main().
 *
 * Options: -c FILE, -n (--config-check), --print-config, -f (--foreground), -v (more log, twice for
 * debug), -V (--version), -h (--help).
 *
 * Order: options; configuration (-n ends here); log; loop; app->start(); control socket; readiness
 * told to systemd ($NOTIFY_SOCKET) or, without -f, to the waiting first process; loop; on SIGTERM,
 * SIGINT or `stop`: app->stop(), which ends with ms_daemon_stopped().
 *
 * Control commands of every daemon: help, version, counters, metrics, log, log.level, reload, stop.
 */
#ifndef MS_DAEMON_DAEMON_H
#define MS_DAEMON_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/time.h"
#include "daemon/config.h"
#include "daemon/control.h"
#include "daemon/counter.h"
#include "daemon/log.h"

struct ms_daemon; /* the running program; one a process */

/**
 * The section `daemon:` of every configuration; embed it and list it in the table as
 * MS_DAEMON_CONFIG(struct kms_config, daemon).
 */
struct ms_daemon_config {
	const char *user, *group, *chroot_dir; /* for the program's ms_sandbox_drop(); "": none */
	const char *control;                   /* path of the control socket; "": none */
	bool control_group;                    /* its mode is 0660 instead of 0600 */
	const char *pid_file;                  /* "": none */
	unsigned log_level;                    /* enum ms_log_level */
	struct ms_config_list log_levels;      /* of struct ms_daemon_log_level */
	ms_usec stop_limit;                    /* longest graceful stop: 30 s */
};

struct ms_daemon_log_level {
	const char *category;
	unsigned level;
};

extern const struct ms_config_field ms_daemon_config_fields[];

/** What of it every daemon takes over while it runs: for ms_daemon_app.loose. */
#define MS_DAEMON_LOOSE "daemon.log_level", "daemon.log_levels", "daemon.stop_limit"

#define MS_DAEMON_CONFIG(s, m)                                                    \
	{                                                                         \
		.key = "daemon", .type = MS_CONFIG_MAP, .offset = offsetof(s, m), \
		.fields = ms_daemon_config_fields,                                \
		.help = "What every daemon has: user, control socket, log.",      \
	}

/** The section `profile:` over a struct ms_profile. */
#define MS_PROFILE_CONFIG(s, m)                                                           \
	{                                                                                 \
		.key = "profile", .type = MS_CONFIG_PROFILE, .offset = offsetof(s, m),    \
		.help = "Values that no published standard fixes; see mediasec profile.", \
	}

struct ms_daemon_app {
	const char *name;        /* "mediasec-kms": log identity, --version */
	const char *summary;     /* one line of --help */
	const char *config_path; /* default of -c */
	const struct ms_config_field *fields;
	size_t config_size;
	size_t daemon_offset; /* of struct ms_daemon_config in the configuration */

	/** Checks what the table cannot say; ms_config_complain(). 0 or -EINVAL. May be NULL. */
	int (*check)(const struct ms_config *c, struct ms_config_error *ret_error);
	/** Starts the service. Logs what is wrong itself. Returns 0 or negative errno. */
	int (*start)(struct ms_daemon *d, const void *config);
	/**
	 * SIGHUP or `reload`: `config` has been read and checked. Returns 0 (the old configuration is
	 * freed after this; all pointers into it must be gone) or negative errno: nothing changed, the
	 * old one stays; ms_daemon_explain() says why. NULL: cannot reload.
	 */
	int (*reload)(struct ms_daemon *d, const void *config);
	/**
	 * The keys a reload may change (as for ms_config_differs(), ended by NULL): one that changes another
	 * is refused with its name, and reload() is not called. Needed where reload() is.
	 */
	const char *const *loose;
	/** Levels of the log were changed: for roles that run; later ones begin with them. May be NULL. */
	void (*levels)(struct ms_daemon *d);
	/** Begins the end; call ms_daemon_stopped() when done, here or later. NULL: at once. */
	void (*stop)(struct ms_daemon *d);
	/** After the loop: frees what start() made. May be NULL. */
	void (*done)(struct ms_daemon *d);

	struct ms_counter_set *const *counters;    /* ended by NULL; may be NULL */
	struct ms_log_category *const *categories; /* ended by NULL; may be NULL */
	const struct ms_control_command *commands; /* ended by name NULL; may be NULL */
};

/** Runs the program; returns its exit status: 0, 1 (failed), 2 (usage), 78 (configuration). */
int ms_daemon_main(const struct ms_daemon_app *app, int argc, char **argv);

/** The configuration in force. Borrowed until the next reload. */
const void *ms_daemon_config(const struct ms_daemon *d);

/** The program's own state, for handlers that only get the daemon. */
void ms_daemon_set_state(struct ms_daemon *d, void *state);
void *ms_daemon_state(const struct ms_daemon *d);

/** Asks for a graceful stop; `status` becomes the exit status. */
void ms_daemon_stop(struct ms_daemon *d, int status);

/** The graceful stop is complete: the loop ends. */
void ms_daemon_stopped(struct ms_daemon *d);

/** Reloads now, as SIGHUP does. 0 or negative errno with *ret_error (may be NULL) filled. */
int ms_daemon_reload(struct ms_daemon *d, struct ms_config_error *ret_error);

/** Why reload() is about to fail, in words: for the log and for who asked. Copied. */
void ms_daemon_explain(struct ms_daemon *d, const char *why);

/**
 * For the child roles of a daemon: log to where the parent logs, no core dumps, loop prepared.
 * `name`: "mediasec-kms/vault", static. Returns 0 or negative errno.
 */
MS_MUST_CHECK int ms_daemon_role_init(const char *name);

#endif
