/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of a control socket (daemon/control.h): one request, one reply, blocking. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/buf.h"
#include "ctl/ctl.h"

#define REPLY_MAX (4 * 1024 * 1024 + 1)
#define WAIT_SECONDS 15

static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int unreachable(const char *path, int err)
{
	ms_ctl_fail("cannot ask the daemon at %s: %s", path, strerror(err));
	return MS_CTL_UNREACHABLE;
}

static int dial(const char *path, int *ret_fd)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = WAIT_SECONDS };
	int fd;

	if (strlen(path) >= sizeof(un.sun_path))
		return -ENAMETOOLONG;
	memcpy(un.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
	    connect(fd, (struct sockaddr *)&un, sizeof(un)) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

static int send_all(int fd, struct ms_span s)
{
	while (s.len > 0) {
		ssize_t n = send(fd, s.p, s.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EPIPE;
		s = ms_span_from(s, (size_t)n);
	}
	return 0;
}

static int receive_line(int fd, struct ms_buf *line)
{
	uint8_t chunk[16384];
	ssize_t n;

	do {
		n = recv(fd, chunk, sizeof(chunk), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (n == 0)
			return -ECONNRESET;
		ms_buf_put(line, chunk, (size_t)n);
		if (ms_buf_status(line))
			return ms_buf_status(line);
	} while (n < 0 || chunk[n - 1] != '\n');
	return 0;
}

static int exchange(const char *path, const json_t *request, struct ms_buf *reply)
{
	MS_CLEANUP(closep) int fd = -1;
	char *text = json_dumps(request, JSON_COMPACT);
	int err = text ? dial(path, &fd) : -ENOMEM;

	if (err == 0)
		err = send_all(fd, ms_span_str(text));
	if (err == 0)
		err = send_all(fd, MS_SPAN_LIT("\n"));
	if (err == 0)
		err = receive_line(fd, reply);
	/* the library's memory */
	free(text);
	return err;
}

/* Takes the reply apart; prints the daemon's refusal. */
static int judge(struct ms_span reply, json_t **ret_result)
{
	json_t *root = json_loadb((const char *)reply.p, reply.len, JSON_REJECT_DUPLICATES, NULL);
	const char *error;

	if (json_is_true(json_object_get(root, "ok"))) {
		*ret_result = json_object_get(root, "result")
				      ? json_incref(json_object_get(root, "result"))
				      : json_null();
		json_decref(root);
		return MS_CTL_OK;
	}
	error = json_string_value(json_object_get(root, "error"));
	ms_ctl_fail("%s", error ? error : "the daemon's answer makes no sense");
	json_decref(root);
	return MS_CTL_FAILED;
}

int ms_ctl_ask(const char *socket_path, const char *command, json_t *args, json_t **ret_result)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf reply;
	json_t *request =
		json_pack("{s:s,s:o}", "command", command, "args", args ? args : json_object());
	int err;

	ms_buf_init_secret(&reply, REPLY_MAX);
	if (!request)
		return ms_ctl_fail("the request is not UTF-8 text");
	err = exchange(socket_path, request, &reply);
	json_decref(request);
	if (err)
		return unreachable(socket_path, -err);
	return judge(ms_buf_span(&reply), ret_result);
}
