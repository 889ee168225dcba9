/* SPDX-License-Identifier: Apache-2.0 */
#include "priv/fd.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr head; /* for its alignment */
	char octets[CMSG_SPACE(sizeof(int))];
};

int ms_fd_send(int sock, uint32_t number, int fd)
{
	union control control = { .octets = { 0 } };
	struct iovec iov = { .iov_base = &number, .iov_len = sizeof(number) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(sock, &m, MSG_NOSIGNAL) == (ssize_t)sizeof(number) ? 0 : -errno;
}

static int descriptor_of(struct msghdr *m, int *ret_fd)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(m);

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EBADMSG;
	memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	return 0;
}

int ms_fd_receive(int sock, uint32_t *ret_number, int *ret_fd)
{
	union control control = { .octets = { 0 } };
	uint32_t number = 0;
	struct iovec iov = { .iov_base = &number, .iov_len = sizeof(number) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	int fd = -1;

	if (n <= 0)
		return n == 0 ? -EPIPE : -errno;
	int err = descriptor_of(&m, &fd);
	if (err)
		return err;
	if (n != (ssize_t)sizeof(number)) {
		close(fd);
		return -EBADMSG;
	}
	*ret_number = number;
	*ret_fd = fd;
	return 0;
}
