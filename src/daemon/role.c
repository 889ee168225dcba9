/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/role.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "loop/loop.h"
#include "priv/sandbox.h"

#define FILE_MAX ((size_t)1024 * 1024)

/* ---- the parent ---- */

/* The head and the values in a new file without a name. */
static int write_config(const struct ms_daemon_child_start *start, int *ret_fd)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, FILE_MAX);
	ms_buf_put_span(&b, start->head);
	ms_config_put(start->fields, start->values, &b);
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

/* Until ms_daemon_role_ready(): 0; -ECHILD: the role ended before; -ETIMEDOUT. */
static int wait_ready(int status_fd, int limit_ms)
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

/* Its end is told by `ended`, with the reason. */
static void chan_closed(struct ms_chan *chan, int err, void *arg)
{
	struct ms_daemon_child *c = arg;

	(void)chan;
	(void)err;
	c->chan = ms_chan_free(c->chan);
}

static int spawn(struct ms_daemon_child *c, const struct ms_daemon_child_start *start, int config,
		 int status)
{
	int fds[MS_ROLE_FDS_MAX], fd;
	const struct ms_role_spawn s = { .name = start->name,
					 .fds = fds,
					 .n_fds = MS_DAEMON_FD_OWN - 1 + start->n_fds,
					 .ended = start->ended,
					 .arg = start->arg };

	if (s.n_fds > MS_ARRAY_SIZE(fds))
		return -E2BIG;
	fds[MS_DAEMON_FD_CONFIG - 1] = config;
	fds[MS_DAEMON_FD_STATUS - 1] = status;
	memcpy(fds + MS_DAEMON_FD_OWN - 1, start->fds, start->n_fds * sizeof(int));
	int err = ms_role_spawn(&s, &c->role, &fd);
	if (err)
		return err;
	c->handlers = (struct ms_chan_handlers){ .message = start->message, .closed = chan_closed };
	return ms_chan_new(fd, 0, false, &c->handlers, c, &c->chan);
}

int ms_daemon_child_start(struct ms_daemon_child *c, const struct ms_daemon_child_start *start)
{
	int status[2], config = -1;

	if (pipe2(status, O_CLOEXEC) < 0)
		return -errno;
	int err = write_config(start, &config);
	if (err == 0) {
		err = spawn(c, start, config, status[1]);
		close(config);
	}
	close(status[1]);
	if (err == 0)
		err = wait_ready(status[0], start->limit_ms);
	close(status[0]);
	if (err)
		ms_daemon_child_end(c);
	return err;
}

void ms_daemon_child_end(struct ms_daemon_child *c)
{
	c->chan = ms_chan_free(c->chan);
	c->role = ms_role_free(c->role);
}

#define DEATHS_WINDOW (60 * MS_SEC)

bool ms_daemon_deaths_bear(struct ms_daemon_deaths *d, unsigned max)
{
	ms_usec now = ms_clock_mono();

	if (d->n == 0 || now - d->since > DEATHS_WINDOW)
		*d = (struct ms_daemon_deaths){ .since = now };
	if (++d->n <= max)
		return true;
	MS_LOG(&ms_log_main, MS_LOG_ERROR, "%u restarts in a minute: giving up", max);
	return false;
}

/* ---- the role ---- */

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
