/* SPDX-License-Identifier: Apache-2.0 */
/* What ties a daemon to its system: background, pid file, service manager, roles' inheritance. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/buf.h"
#include "daemon/daemon-priv.h"
#include "priv/sandbox.h"

#define TARGET_VARIABLE "MEDIASEC_LOG_TARGET"
#define LEVELS_VARIABLE "MEDIASEC_LOG_LEVELS"

/* The first process: its exit status is that of the start. */
static _Noreturn void wait_for_start(const char *name, int fd)
{
	uint8_t status = 1;

	if (read(fd, &status, 1) != 1 || status != 0)
		fprintf(stderr, "%s: did not start; the system log says why\n", name);
	_exit(status);
}

static int to_dev_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (int i = 0; i <= 2; i++)
		if (dup2(fd, i) < 0)
			return -errno;
	if (fd > 2)
		close(fd);
	return 0;
}

int ms_daemon_detach(const char *name, int *ret_ready_fd)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return -errno;
	}
	if (pid > 0) {
		close(fds[1]);
		wait_for_start(name, fds[0]);
	}
	close(fds[0]);
	setsid();
	*ret_ready_fd = fds[1];
	return to_dev_null();
}

void ms_daemon_detached(int ready_fd, int status)
{
	uint8_t octet = (uint8_t)status;

	if (ready_fd < 0)
		return;
	if (write(ready_fd, &octet, 1) < 0)
		MS_LOG(&ms_log_main, MS_LOG_DEBUG, "the first process has not waited");
	close(ready_fd);
}

/* A lock, not the file's existence, says that another one runs: it goes with the process. */
int ms_daemon_pid_file(const char *path)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	char text[32];
	int n, err = 0;

	if (fd < 0)
		return -errno;
	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (fcntl(fd, F_SETLK, &whole) < 0)
		err = errno == EAGAIN || errno == EACCES ? -EEXIST : -errno;
	else if (ftruncate(fd, 0) < 0 || write(fd, text, (size_t)n) != n)
		err = errno > 0 ? -errno : -EIO;
	if (err)
		close(fd);
	return err; /* on success it stays open: that holds the lock */
}

void ms_daemon_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t n = path ? strlen(path) : 0;
	int fd;

	if (n < 2 || n >= sizeof(un.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(un.sun_path, path, n);
	if (path[0] == '@')
		un.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&un,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		MS_LOG(&ms_log_main, MS_LOG_WARNING, "cannot tell the service manager: %m");
	close(fd);
}

/* ---- roles ---- */

void ms_daemon_export_log(enum ms_log_target target)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf levels;

	ms_buf_init(&levels, 4096);
	for (const struct ms_log_category *c = ms_log_category_next(NULL); c;
	     c = ms_log_category_next(c))
		ms_buf_printf(&levels, "%s=%s,", c->name, ms_log_level_name(c->level));
	if (setenv(TARGET_VARIABLE, target == MS_LOG_SYSLOG ? "syslog" : "stderr", 1) < 0 ||
	    setenv(LEVELS_VARIABLE, ms_buf_cstr(&levels), 1) < 0)
		MS_LOG(&ms_log_main, MS_LOG_WARNING, "roles will log in their own way: %m");
}

/* "name=level,..."; names this role does not have are the parent's own. */
static void import_levels(const char *text)
{
	struct ms_span rest = ms_span_str(text);

	while (rest.len > 0) {
		struct ms_span value = ms_span_cut(&rest, ','), name = ms_span_cut(&value, '=');
		enum ms_log_level level;
		char category[64];

		if (ms_span_to_str(name, category, sizeof(category)) == 0 &&
		    ms_log_level_parse(value, &level) == 0 && ms_log_set_level(category, level))
			continue;
	}
}

int ms_daemon_role_init(const char *name)
{
	const char *target = getenv(TARGET_VARIABLE), *levels = getenv(LEVELS_VARIABLE);
	int err;

	ms_log_open(name, target && strcmp(target, "syslog") == 0 ? MS_LOG_SYSLOG : MS_LOG_STDERR);
	if (levels)
		import_levels(levels);
	err = ms_sandbox_no_core();
	return err ? err : ms_loop_init();
}
