/* SPDX-License-Identifier: Apache-2.0 */
/* Starting this executable again as a role, and noticing its end. */
#include "priv/role.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/span.h"
#include "loop/loop.h"

#define ROLE_OPTION "--role="
#define ENVIRONMENT_MAX 64

/* Descriptors are first copied out of the way of the numbers they are to get. */
#define OUT_OF_THE_WAY 200

struct ms_role {
	const char *name; /* static */
	pid_t pid;
	int pidfd;
	bool reaped;
	struct ms_watch watch;
	ms_role_ended_f *ended;
	void *arg;
};

/* ---- in the role ---- */

/*
 * Signals of the terminal or of a service manager go to the whole group; the parent alone answers
 * them, and a role lives until the parent closes its channel.
 */
static void leave_signals_to_parent(void)
{
	sigset_t none;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

const char *ms_role_self(int argc, char **argv)
{
	size_t n = strlen(ROLE_OPTION);

	if (argc != 2 || strncmp(argv[1], ROLE_OPTION, n) != 0 || !is_socket(MS_ROLE_FD))
		return NULL;
	for (int fd = MS_ROLE_FD; fd <= MS_ROLE_FD + MS_ROLE_FDS_MAX; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			break;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	leave_signals_to_parent();
	return argv[1] + n;
}

/* ---- in the parent ---- */

int ms_role_pair(int ret_fds[static 2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_fds) < 0)
		return -errno;
	return 0;
}

static bool keep_variable(const char *v)
{
	static const char *const kept[] = { "PATH=",        "TZ=",           "LANG=",
					    "MEDIASEC_",    "ASAN_OPTIONS=", "UBSAN_OPTIONS=",
					    "LSAN_OPTIONS=" };

	for (size_t i = 0; i < MS_ARRAY_SIZE(kept); i++)
		if (strncmp(v, kept[i], strlen(kept[i])) == 0)
			return true;
	return false;
}

static void make_environment(char *env[static ENVIRONMENT_MAX])
{
	size_t n = 0;

	for (char **v = environ; *v && n + 1 < ENVIRONMENT_MAX; v++)
		if (keep_variable(*v))
			env[n++] = *v;
	env[n] = NULL;
}

/* Only calls that are safe between fork and exec; a failure shows as exit status 127. */
static void become_role(const struct ms_role_spawn *s, int fd, char **argv, char **env)
{
	int away[MS_ROLE_FDS_MAX + 1];
	int n = (int)s->n_fds + 1;

	for (int i = 0; i < n; i++) {
		away[i] = fcntl(i == 0 ? fd : s->fds[i - 1], F_DUPFD, OUT_OF_THE_WAY);
		if (away[i] < 0)
			_exit(127);
	}
	for (int i = 0; i < n; i++)
		if (dup2(away[i], MS_ROLE_FD + i) < 0)
			_exit(127);
	close_range((unsigned)(MS_ROLE_FD + n), ~0U, 0);
	execve("/proc/self/exe", argv, env);
	_exit(127);
}

static pid_t start(const struct ms_role_spawn *s, int fd)
{
	char option[64];
	char *argv[] = { program_invocation_name, option, NULL };
	char *env[ENVIRONMENT_MAX];
	sigset_t all, old;
	pid_t pid;

	snprintf(option, sizeof(option), ROLE_OPTION "%s", s->name);
	make_environment(env);
	/* Signals wait until the role has said which it ignores: ms_role_self() unblocks them. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		become_role(s, fd, argv, env);
	pid = pid < 0 ? -errno : pid;
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

/* siginfo of waitid() as a status of waitpid(). */
static int wait_status(const siginfo_t *si)
{
	return si->si_code == CLD_EXITED ? (si->si_status & 0xff) << 8 : si->si_status & 0x7f;
}

static void describe(int status, char *text, size_t size)
{
	if (WIFEXITED(status))
		snprintf(text, size, "exited with status %d", WEXITSTATUS(status));
	else
		snprintf(text, size, "killed by signal %d (%s)%s", WTERMSIG(status),
			 strsignal(WTERMSIG(status)),
			 WTERMSIG(status) == SIGSYS ? ": a system call outside its list" : "");
}

static void role_ended(unsigned events MS_UNUSED, void *arg)
{
	struct ms_role *r = arg;
	siginfo_t si = { 0 };
	char text[128];
	int status;

	if (waitid(P_PIDFD, (id_t)r->pidfd, &si, WEXITED | WNOHANG) < 0 || si.si_pid == 0)
		return;
	ms_watch_stop(&r->watch);
	r->reaped = true;
	status = wait_status(&si);
	describe(status, text, sizeof(text));
	if (r->ended)
		r->ended(r, status, text, r->arg);
}

static int watch_role(struct ms_role *r)
{
	r->pidfd = pidfd_open(r->pid, 0);
	if (r->pidfd < 0)
		return -errno;
	ms_watch_init(&r->watch, "priv.role", role_ended, r);
	return ms_watch_set(&r->watch, r->pidfd, MS_LOOP_READ);
}

int ms_role_spawn(const struct ms_role_spawn *s, struct ms_role **ret_r, int *ret_fd)
{
	struct ms_role *r;
	int pair[2], err;

	if (s->n_fds > MS_ROLE_FDS_MAX)
		return -E2BIG;
	r = ms_zalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	*r = (struct ms_role){ .name = s->name, .pidfd = -1, .ended = s->ended, .arg = s->arg };
	err = ms_role_pair(pair);
	if (err) {
		ms_free(r);
		return err;
	}
	r->pid = start(s, pair[1]);
	close(pair[1]);
	err = r->pid < 0 ? (int)r->pid : watch_role(r);
	if (err) {
		close(pair[0]);
		ms_role_free(r);
		return err;
	}
	*ret_r = r;
	*ret_fd = pair[0];
	return 0;
}

const char *ms_role_name(const struct ms_role *r)
{
	return r->name;
}

int ms_role_kill(struct ms_role *r, int signo)
{
	if (r->reaped)
		return -ESRCH;
	return kill(r->pid, signo) < 0 ? -errno : 0;
}

struct ms_role *ms_role_free(struct ms_role *r)
{
	if (!r)
		return NULL;
	ms_watch_stop(&r->watch);
	if (r->pid > 0 && !r->reaped) {
		kill(r->pid, SIGKILL);
		while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (r->pidfd >= 0)
		close(r->pidfd);
	return ms_free(r);
}
