/* SPDX-License-Identifier: Apache-2.0 */
/* The list of system calls of a role, put in force by libseccomp. */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/attr.h"
#include "core/span.h"
#include "priv/priv-priv.h"
#include "priv/sandbox.h"

/* Names are blank-separated; those this kernel or architecture does not have are skipped. */
static const char always[] =
	"read write readv writev close exit exit_group rt_sigreturn rt_sigaction rt_sigprocmask "
	"sigaltstack brk munmap mremap madvise futex restart_syscall rseq sched_yield "
	"clock_gettime clock_nanosleep nanosleep gettimeofday time getrandom "
	"epoll_wait epoll_pwait epoll_pwait2 epoll_ctl epoll_create1 poll ppoll "
	"timerfd_create timerfd_settime eventfd2 signalfd4 "
	"recvfrom recvmsg sendto sendmsg shutdown getsockopt setsockopt getsockname getpeername "
	"fcntl lseek fstat newfstatat dup pipe2 "
	"getpid gettid getppid getuid geteuid getgid getegid uname sysinfo "
	"getrlimit getrusage times sched_getaffinity";

static const struct {
	unsigned group;
	const char *names;
} groups_of[] = {
	{ MS_SANDBOX_FILES_READ, "stat lstat statx access faccessat faccessat2 readlink readlinkat "
				 "getdents64 pread64 preadv getcwd statfs fstatfs fadvise64" },
	{ MS_SANDBOX_FILES_WRITE,
	  "openat open creat stat lstat statx access faccessat faccessat2 readlink readlinkat "
	  "getdents64 pread64 preadv getcwd statfs fstatfs fadvise64 pwrite64 pwritev ftruncate "
	  "fallocate fsync fdatasync sync_file_range rename renameat renameat2 unlink unlinkat mkdir "
	  "mkdirat rmdir link linkat chmod fchmod fchmodat fchown chown fchownat flock utimensat umask "
	  "msync" },
	{ MS_SANDBOX_NET_SERVER, "accept accept4 listen" },
	{ MS_SANDBOX_NET_CLIENT, "socket connect bind listen accept accept4 socketpair sendmmsg "
				 "recvmmsg ioctl sendfile" },
	{ MS_SANDBOX_THREADS,
	  "clone set_robust_list set_tid_address sched_setaffinity sched_getparam "
	  "sched_getscheduler membarrier" },
	{ MS_SANDBOX_SPAWN, "clone clone3 fork vfork execve wait4 waitid kill pidfd_open prctl "
			    "close_range socketpair dup2 dup3 set_robust_list setpgid setsid" },
};

#ifdef MS_SANITIZER
/* What the sanitizers' own runtime does, at the latest when the process ends. */
static const char sanitizer[] = "clone clone3 ptrace wait4 prctl openat open readlink readlinkat "
				"getdents64 process_vm_readv arch_prctl kill sched_getaffinity "
				"pread64 stat mprotect";

/* The leak checker stops the process with a tracer, which a sandbox does not let it have: it would
 * wait for ever at the end. It asks this function of its own interface. */
static bool in_sandbox;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return in_sandbox;
}
#else
static const char sanitizer[] = "";
#endif

enum mode { KILL, LOG, TRAP, OFF };

static enum mode chosen_mode(void)
{
	const char *v = getenv("MEDIASEC_SECCOMP");
	enum mode m = KILL;

	if (!v || !*v)
		return KILL;
	if (strcmp(v, "log") == 0)
		m = LOG;
	else if (strcmp(v, "trap") == 0)
		m = TRAP;
	else if (strcmp(v, "off") == 0)
		m = OFF;
	if (m != KILL)
		fprintf(stderr, "warning: MEDIASEC_SECCOMP=%s weakens the system call filter\n", v);
	return m;
}

static uint32_t action_of(enum mode m)
{
	if (m == LOG)
		return SCMP_ACT_LOG;
	return m == TRAP ? SCMP_ACT_TRAP : SCMP_ACT_KILL_PROCESS;
}

/* Debugging only: names the call that was not on the list. */
static void trapped(int signo MS_UNUSED, siginfo_t *si, void *context MS_UNUSED)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, si->si_syscall);

	fprintf(stderr, "seccomp: forbidden system call %d (%s)\n", si->si_syscall,
		name ? name : "?");
	_exit(128 + SIGSYS);
}

static int install_trap(void)
{
	struct sigaction sa = { .sa_sigaction = trapped, .sa_flags = SA_SIGINFO };

	return sigaction(SIGSYS, &sa, NULL) < 0 ? -errno : 0;
}

static int allow(scmp_filter_ctx ctx, const char *name)
{
	int nr = seccomp_syscall_resolve_name(name);
	int err;

	if (nr == __NR_SCMP_ERROR)
		return 0;
	err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
	/* Twice on the list is no error; nor is a call of another architecture. */
	return err == -EEXIST || err == -EDOM ? 0 : err;
}

static int allow_list(scmp_filter_ctx ctx, const char *names)
{
	struct ms_span rest = ms_span_str(names);
	int err = 0;

	while (err == 0 && rest.len > 0) {
		char name[64];
		struct ms_span word = ms_span_cut(&rest, ' ');

		if (word.len > 0)
			err = ms_span_to_str(word, name, sizeof(name));
		if (err == 0 && word.len > 0)
			err = allow(ctx, name);
	}
	return err;
}

/* Memory yes, but none that can be executed: code cannot be brought in. */
static int allow_memory(scmp_filter_ctx ctx)
{
	struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	int err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_exec);

#ifdef MS_SANITIZER
	return err;
#endif
	if (err == 0)
		err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_exec);
	return err;
}

/* Signals and limits for ourselves only: others may run as the same user. */
static int allow_for_self(scmp_filter_ctx ctx)
{
	scmp_datum_t pid = (scmp_datum_t)getpid();
	struct scmp_arg_cmp self = SCMP_A0(SCMP_CMP_EQ, pid);
	struct scmp_arg_cmp zero = SCMP_A0(SCMP_CMP_EQ, 0);
	int err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self);

	if (err == 0)
		err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, &self);
	if (err == 0)
		err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, &zero);
	return err;
}

static int allow_open_for_reading(scmp_filter_ctx ctx)
{
	struct scmp_arg_cmp at =
		SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
	struct scmp_arg_cmp plain =
		SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
	int err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, &at);

	if (err == 0)
		err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(open), 1, &plain);
	return err == -EDOM ? 0 : err;
}

/*
 * The C library's syslog() makes a new socket when its old one fails, and its thread functions try
 * clone3 first: an error is the right answer to those, not death.
 */
static int refuse_softly(scmp_filter_ctx ctx, unsigned groups)
{
	int err = 0;

	if (!(groups & MS_SANDBOX_NET_CLIENT))
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(connect), 0);
	if (err == 0 && !(groups & MS_SANDBOX_NET_CLIENT)) {
		struct scmp_arg_cmp local = SCMP_A0(SCMP_CMP_EQ, AF_UNIX);

		err = seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
					     &local);
	}
	if (err == 0 && (groups & MS_SANDBOX_THREADS) && !(groups & MS_SANDBOX_SPAWN) &&
	    sanitizer[0] == 0)
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return err;
}

static int fill(scmp_filter_ctx ctx, unsigned groups, const char *const *extra, size_t n_extra)
{
	int err = allow_list(ctx, always);

	for (size_t i = 0; i < MS_ARRAY_SIZE(groups_of) && err == 0; i++)
		if (groups & groups_of[i].group)
			err = allow_list(ctx, groups_of[i].names);
	for (size_t i = 0; i < n_extra && err == 0; i++)
		err = allow(ctx, extra[i]);
	if (err == 0)
		err = allow_list(ctx, sanitizer);
	if (err == 0)
		err = allow_memory(ctx);
	if (err == 0)
		err = allow_for_self(ctx);
	if (err == 0 && (groups & MS_SANDBOX_FILES_READ) && !(groups & MS_SANDBOX_FILES_WRITE) &&
	    sanitizer[0] == 0)
		err = allow_open_for_reading(ctx);
	return err ? err : refuse_softly(ctx, groups);
}

int ms_sandbox_enter(unsigned groups, const char *const *extra, size_t n_extra)
{
	enum mode m = chosen_mode();
	scmp_filter_ctx ctx;
	int err;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* gmtime_r() reads the file of the time zone at its first use. */
	tzset();
	if (m == OFF)
		return 0;
	ctx = seccomp_init(action_of(m));
	if (!ctx)
		return -ENOMEM;
	err = fill(ctx, groups, extra, n_extra);
	if (err == 0 && m == TRAP)
		err = install_trap();
	if (err == 0)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
#ifdef MS_SANITIZER
	in_sandbox = err == 0;
#endif
	return err;
}
