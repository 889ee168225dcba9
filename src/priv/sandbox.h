/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up what a role does not need: user, root directory, resources, system calls. In this order:
 * open files and sockets, fetch algorithms, ms_sandbox_drop(), ms_sandbox_enter().
 */
#ifndef MS_PRIV_SANDBOX_H
#define MS_PRIV_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"

/** No core dumps, not dumpable, not to be traced by others of the same user. 0 or negative errno. */
MS_MUST_CHECK int ms_sandbox_no_core(void);

struct ms_sandbox_drop {
	const char *user;       /* NULL or "": stay who we are */
	const char *group;      /* NULL or "": the user's group */
	const char *chroot_dir; /* NULL or "": none */
	uint64_t max_files;     /* RLIMIT_NOFILE; 0: leave (never raised above the hard limit) */
	uint64_t max_memory;    /* RLIMIT_AS in octets; 0: leave */
	uint64_t max_file_size; /* RLIMIT_FSIZE in octets; 0: leave */
	int no_processes;       /* RLIMIT_NPROC 0 (not for root): no forks, no threads */
};

/**
 * Changes root directory, group, user (all only if we are root; otherwise a user other than ours is
 * an error), sets the limits and no-new-privileges. Returns 0, or negative errno with *ret_what
 * (static, may be NULL) naming the step: "user" (-ENOENT: unknown), "chroot", "limits" ...
 */
MS_MUST_CHECK int ms_sandbox_drop(const struct ms_sandbox_drop *d, const char **ret_what);

/** Groups of system calls beside what every role needs (memory, clocks, the loop, its sockets). */
enum {
	MS_SANDBOX_FILES_READ = 1,  /* open for reading, stat, directories */
	MS_SANDBOX_FILES_WRITE = 2, /* create, write, lock, sync, rename, unlink: a database */
	MS_SANDBOX_NET_SERVER = 4,  /* accept on and talk over sockets that exist */
	MS_SANDBOX_NET_CLIENT = 8,  /* make, bind and connect sockets (DNS included) */
	MS_SANDBOX_THREADS = 16,    /* libraries that start threads */
	MS_SANDBOX_SPAWN = 32,      /* the parent of roles: fork, exec, wait, kill */
};

/**
 * From here on the kernel kills the process at any other system call. `extra` (n names such as
 * "getrusage", static; may be NULL) are allowed too; names this machine does not know are skipped.
 * Wants no-new-privileges (ms_sandbox_drop() sets it; set here too). The time zone is read before. 0 or negative errno.
 *
 * Debugging: with MEDIASEC_SECCOMP=log in the environment a forbidden call is only written to the
 * kernel's log and goes through; with =trap its name is printed on standard error before the process
 * dies; with =off there is no filter (each prints a warning at start).
 */
MS_MUST_CHECK int ms_sandbox_enter(unsigned groups, const char *const *extra, size_t n_extra);

#endif
