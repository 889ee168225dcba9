/* SPDX-License-Identifier: Apache-2.0 */
/* Octets of a client's choice to the server under test, on a socket of its own. */
#ifndef MS_TEST_HTTP_RAW_H
#define MS_TEST_HTTP_RAW_H

#include "http-test.h"

static inline int dial(void)
{
	int fd = socket(ms_addr_family(&t.at), SOCK_STREAM, 0);

	assert_int_equal(connect(fd, &t.at.u.sa, t.at.len), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static inline void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	run_loop(15 * MS_MSEC);
}

/* What has come, as text; NULL-terminated, static. */
static const char *heard(int fd)
{
	static char text[65536];
	size_t n = 0;
	ssize_t more;

	while ((more = recv(fd, text + n, sizeof(text) - 1 - n, 0)) > 0)
		n += (size_t)more;
	text[n] = 0;
	return text;
}

static inline void hears(int fd, const char *part)
{
	const char *text = heard(fd);

	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static inline bool is_closed(int fd)
{
	char c;

	return recv(fd, &c, 1, 0) == 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
