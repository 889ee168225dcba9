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

/* Runs the loop until it is so: the kernel of a busy machine delivers late. */
#define wait_for(condition)                                                   \
	do {                                                                  \
		for (int tries_ = 0; !(condition) && tries_ < 2000; tries_++) \
			run_loop(5 * MS_MSEC);                                \
		assert_true(condition);                                       \
	} while (0)

#define SERVED(member) (ms_http_server_stats(t.server)->member)

static char heard_text[65536];

/* Appends to the first n octets of what was heard; returns how much there is. */
static size_t hear(int fd, size_t n)
{
	ssize_t more;

	while ((more = recv(fd, heard_text + n, sizeof(heard_text) - 1 - n, 0)) > 0)
		n += (size_t)more;
	heard_text[n] = 0;
	return n;
}

/* What has come so far, as text; NULL-terminated, static. */
static inline const char *heard(int fd)
{
	hear(fd, 0);
	return heard_text;
}

/* What has come once `part` is in it. */
static const char *hears(int fd, const char *part)
{
	size_t n = hear(fd, 0);

	for (int tries = 0; !strstr(heard_text, part) && tries < 2000; tries++) {
		run_loop(5 * MS_MSEC);
		n = hear(fd, n);
	}
	if (!strstr(heard_text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, heard_text);
	return heard_text;
}

static inline bool is_closed(int fd)
{
	char c;

	return recv(fd, &c, 1, 0) == 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
