/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a daemon's parent and its re-executed roles (priv/role.h) begin: the parent writes a head of its
 * own choice and the configuration into a file without a name and waits at a pipe; the role reads, drops
 * privileges and says that it serves.
 */
#ifndef MS_DAEMON_ROLE_H
#define MS_DAEMON_ROLE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/span.h"
#include "daemon/daemon.h"

/* ---- the parent ---- */

/** Writes `head` and the values into a new file without a name; *ret_fd is owned. 0 or negative errno. */
MS_MUST_CHECK int ms_daemon_role_write(struct ms_span head, const struct ms_config_field *fields,
				       const void *values, int *ret_fd);

/** Waits for ms_daemon_role_ready(): 0; -ECHILD: the role ended before; -ETIMEDOUT. */
MS_MUST_CHECK int ms_daemon_role_wait(int status_fd, int limit_ms);

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
