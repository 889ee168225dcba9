/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a daemon's parent and its re-executed roles (priv/role.h) begin: the parent writes a head of its
 * own choice and the configuration into a file without a name and waits at a pipe; the role reads, drops
 * privileges and says that it serves. From then on they have a channel, by which the parent ends it.
 */
#ifndef MS_DAEMON_ROLE_H
#define MS_DAEMON_ROLE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/span.h"
#include "core/time.h"
#include "daemon/daemon.h"
#include "priv/chan.h"
#include "priv/role.h"

/* ---- the parent ---- */

/** The first descriptors behind MS_ROLE_FD in every role; a program's own follow. */
enum ms_daemon_role_fd {
	MS_DAEMON_FD_CONFIG = 1, /* file: ms_daemon_role_read() */
	MS_DAEMON_FD_STATUS,     /* pipe: ms_daemon_role_ready() */
	MS_DAEMON_FD_OWN,
};

/** A role of ours. All zero: it does not run. */
struct ms_daemon_child {
	struct ms_role *role;
	struct ms_chan *chan; /* NULL with a role: the role has closed it and is ending */
	struct ms_chan_handlers handlers;
};

/** What a role is started with; all borrowed until ms_daemon_child_start() returns. */
struct ms_daemon_child_start {
	const char *name;    /* static: "vault" */
	struct ms_span head; /* what the role gets before its configuration */
	const struct ms_config_field *fields;
	const void *values;
	const int *fds; /* from MS_DAEMON_FD_OWN on; they stay the caller's */
	size_t n_fds;
	int limit_ms; /* to say that it serves */
	/** A message of the role; `arg` is the child. */
	void (*message)(struct ms_chan *c, struct ms_msg *m, void *arg);
	ms_role_ended_f *ended; /* calls ms_daemon_child_end() */
	void *arg;              /* of `ended` */
};

/** Starts a role and waits until it serves. 0 or negative errno, and then nothing of it is left. */
MS_MUST_CHECK int ms_daemon_child_start(struct ms_daemon_child *c,
					const struct ms_daemon_child_start *s);

/** Ends it at once if it still runs, and forgets it. */
void ms_daemon_child_end(struct ms_daemon_child *c);

/** How often roles died lately. All zero: never. */
struct ms_daemon_deaths {
	ms_usec since; /* the first of this minute */
	unsigned n;
};

/** Counts a death. False, logged: more than `max` in a minute, starting again is given up. */
bool ms_daemon_deaths_bear(struct ms_daemon_deaths *d, unsigned max);

/** So long after a death the role is started again: what killed it may need a moment to pass. */
#define MS_DAEMON_AGAIN (200 * MS_MSEC)

/* ---- the role ---- */

/** Reads and closes the file: a head of exactly `head_size` octets and the configuration. Owned. */
MS_MUST_CHECK int ms_daemon_role_read(int fd, void *ret_head, size_t head_size,
				      const struct ms_config_field *fields, size_t size,
				      struct ms_config **ret_config);

/** Tells the parent that the role serves, and closes the pipe. */
void ms_daemon_role_ready(int status_fd);

/** Signals of the terminal are for the parent, who ends us. 0 or negative errno. */
MS_MUST_CHECK int ms_daemon_role_signals(void);

/** Drops privileges as the configuration says; logs what failed. */
MS_MUST_CHECK int ms_daemon_role_drop(const struct ms_daemon_config *c, bool with_chroot);

#endif
