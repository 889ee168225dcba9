/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/role.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "loop/loop.h"
#include "priv/sandbox.h"

#define FILE_MAX ((size_t)1024 * 1024)

int ms_daemon_role_write(struct ms_span head, const struct ms_config_field *fields,
			 const void *values, int *ret_fd)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, FILE_MAX);
	ms_buf_put(&b, head.p, head.len);
	ms_config_put(fields, values, &b);
	int err = ms_buf_status(&b);
	if (err)
		return err;
	int fd = memfd_create("mediasec-role", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, b.p, b.len) != (ssize_t)b.len) {
		close(fd);
		return -EIO;
	}
	*ret_fd = fd;
	return 0;
}

int ms_daemon_role_wait(int status_fd, int limit_ms)
{
	struct pollfd p = { .fd = status_fd, .events = POLLIN };
	char c = 0;
	int n;

	do
		n = poll(&p, 1, limit_ms);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return -ETIMEDOUT;
	return n > 0 && read(status_fd, &c, 1) == 1 && c == '+' ? 0 : -ECHILD;
}

int ms_daemon_role_read(int fd, void *ret_head, size_t head_size,
			const struct ms_config_field *fields, size_t size,
			struct ms_config **ret_config)
{
	MS_CLEANUP(ms_freep) uint8_t *octets = NULL;
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size < (off_t)head_size || st.st_size > (off_t)FILE_MAX)
		return -EBADMSG;
	size_t n = (size_t)st.st_size;
	octets = ms_zalloc(n);
	if (!octets)
		return -ENOMEM;
	if (pread(fd, octets, n, 0) != st.st_size)
		return -EIO;
	close(fd);
	memcpy(ret_head, octets, head_size);
	return ms_config_take(ms_span_of(octets + head_size, n - head_size), fields, size,
			      ret_config);
}

void ms_daemon_role_ready(int status_fd)
{
	/* Without a reader there is no parent, and the kernel is ending us. */
	(void)!write(status_fd, "+", 1);
	close(status_fd);
}

static void ignore(int signo, void *arg)
{
	(void)signo;
	(void)arg;
}

int ms_daemon_role_signals(void)
{
	int err = ms_loop_signal(SIGINT, ignore, NULL);

	if (err == 0)
		err = ms_loop_signal(SIGTERM, ignore, NULL);
	if (err == 0)
		err = ms_loop_signal(SIGHUP, ignore, NULL);
	/* A file size limit is an error of write(), not our end. */
	signal(SIGXFSZ, SIG_IGN);
	return err;
}

int ms_daemon_role_drop(const struct ms_daemon_config *c, bool with_chroot)
{
	const struct ms_sandbox_drop d = {
		.user = c->user,
		.group = c->group,
		.chroot_dir = with_chroot ? c->chroot_dir : NULL,
		.no_processes = 1,
	};
	const char *what = "";
	int err = ms_sandbox_drop(&d, &what);

	if (err)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "cannot drop privileges (%s): %s", what,
		       strerror(-err));
	return err;
}
