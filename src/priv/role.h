/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles: one program, several processes. The parent starts its own executable again with a role
 * argument, so that address layouts differ and nothing is inherited but what is handed over: a
 * socket to the parent at MS_ROLE_FD and further descriptors after it (sockets between two roles,
 * listening sockets, files).
 *
 *   int main(int argc, char **argv)
 *   {
 *           const char *role = ms_role_self(argc, argv);
 *           if (role)
 *                   return vault_main(role);
 *           return ms_daemon_main(&app, argc, argv);
 *   }
 */
#ifndef MS_PRIV_ROLE_H
#define MS_PRIV_ROLE_H

#include <stddef.h>
#include <sys/types.h>

#include "core/attr.h"

/** The socket to the parent in every role; the descriptors of ms_role_spawn() follow it. */
#define MS_ROLE_FD 3

/** Most descriptors handed to a role besides MS_ROLE_FD. */
#define MS_ROLE_FDS_MAX 16

/**
 * In a process that ms_role_spawn() started: the role's name (borrowed from argv); NULL in any
 * other. Call first in main(). In a role it also asks the kernel to kill us when the parent dies,
 * and unblocks all signals.
 */
const char *ms_role_self(int argc, char **argv);

struct ms_role; /* a running role as its parent sees it; owned by the parent */

/**
 * The role ended. `status` is as of waitpid(2); `text` says it in words, e.g. "exited with status
 * 1" or "killed by signal 31 (Bad system call): a system call outside its list".
 */
typedef void ms_role_ended_f(struct ms_role *r, int status, const char *text, void *arg);

struct ms_role_spawn {
	const char *name; /* role, static: "vault" */
	const int *fds;   /* handed over as MS_ROLE_FD + 1, + 2, ...; stay open here too */
	size_t n_fds;
	ms_role_ended_f *ended; /* from the loop; the parent decides: exit or start again */
	void *arg;
};

/**
 * Starts this executable as a role: "<argv[0]> --role=NAME". Descriptors other than 0 to 2 and those
 * handed over are closed in it; its environment keeps PATH, TZ, LANG, and MEDIASEC_ variables.
 * *ret_fd is our end of the socket, non-blocking, owned by the caller (ms_chan_new()). Needs
 * ms_loop_init(). Returns 0 or negative errno.
 */
MS_MUST_CHECK int ms_role_spawn(const struct ms_role_spawn *s, struct ms_role **ret_r, int *ret_fd);

const char *ms_role_name(const struct ms_role *r);

/** Sends it a signal. Returns 0 or negative errno. */
int ms_role_kill(struct ms_role *r, int signo);

/**
 * Forgets the role: if it still runs it gets SIGKILL and is reaped. NULL is fine. Allowed in
 * `ended`. Returns NULL.
 */
struct ms_role *ms_role_free(struct ms_role *r);

/** A connected pair of sockets for two roles, non-blocking and close-on-exec. 0 or negative errno. */
MS_MUST_CHECK int ms_role_pair(int ret_fds[static 2]);

#endif
