/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/role.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "loop/loop.h"
#include "priv/sandbox.h"

#define CONFIG_MAX (256 * 1024)

int ms_kms_role_reconfig(struct ms_span body, struct ms_kms_config *ret_c,
			 struct ms_config **ret_owner)
{
	struct ms_config *owner;
	int err = ms_config_take(body, ms_kms_config_fields, sizeof(*ret_c), &owner);

	if (err)
		return err;
	*ret_c = *(const struct ms_kms_config *)ms_config_values(owner);
	ms_kms_config_settle(ret_c);
	*ret_owner = owner;
	return 0;
}

int ms_kms_role_config(int fd, struct ms_kms_hello *ret_hello, struct ms_kms_config *ret_c,
		       struct ms_config **ret_owner)
{
	MS_CLEANUP(ms_freep) uint8_t *octets = NULL;
	struct stat st;
	int err = 0;

	if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(*ret_hello) || st.st_size > CONFIG_MAX)
		return -EBADMSG;
	octets = ms_zalloc((size_t)st.st_size);
	if (!octets)
		return -ENOMEM;
	if (pread(fd, octets, (size_t)st.st_size, 0) != st.st_size)
		return -EIO;
	close(fd);
	memcpy(ret_hello, octets, sizeof(*ret_hello));
	err = ms_kms_role_reconfig(
		ms_span_of(octets + sizeof(*ret_hello), (size_t)st.st_size - sizeof(*ret_hello)),
		ret_c, ret_owner);
	return err;
}

int ms_kms_role_write(const struct ms_kms_hello *hello, const struct ms_kms_config *c, int *ret_fd)
{
	struct ms_buf b;
	int fd, err;

	ms_buf_init(&b, CONFIG_MAX);
	ms_buf_put(&b, hello, sizeof(*hello));
	ms_config_put(ms_kms_config_fields, c, &b);
	err = ms_buf_status(&b);
	fd = err ? -1 : memfd_create("mediasec-kms-config", MFD_CLOEXEC);
	if (err == 0 && fd < 0)
		err = -errno;
	if (err == 0 && write(fd, b.p, b.len) != (ssize_t)b.len)
		err = -EIO;
	ms_buf_done(&b);
	if (err) {
		if (fd >= 0)
			close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

void ms_kms_role_ready(int status_fd)
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

int ms_kms_role_signals(void)
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

int ms_kms_role_drop(const struct ms_kms_config *c, bool with_chroot)
{
	const struct ms_sandbox_drop d = {
		.user = c->daemon.user,
		.group = c->daemon.group,
		.chroot_dir = with_chroot ? c->daemon.chroot_dir : NULL,
		.no_processes = 1,
	};
	const char *what = "";
	int err = ms_sandbox_drop(&d, &what);

	if (err)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "cannot drop privileges (%s): %s", what,
		       strerror(-err));
	return err;
}
