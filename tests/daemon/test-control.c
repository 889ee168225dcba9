/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket with clients that behave and clients that do not. */
#include "ms-test.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/buf.h"
#include "daemon/control.h"
#include "loop/loop.h"

static struct {
	struct ms_control *control;
	struct ms_control_request *waiting;
	char path[64];
	struct ms_timer end;
} t;

static void run_echo(struct ms_control_request *r, json_t *args, void *arg MS_UNUSED)
{
	assert_int_equal(ms_control_peer_uid(r), getuid());
	ms_control_reply(r, json_incref(args));
}

static void run_later(struct ms_control_request *r, json_t *args MS_UNUSED, void *arg MS_UNUSED)
{
	assert_null(t.waiting);
	t.waiting = r;
}

static void run_fail(struct ms_control_request *r, json_t *args MS_UNUSED, void *arg MS_UNUSED)
{
	ms_control_fail(r, "no %s", "way");
}

static const struct ms_control_command commands[] = {
	{ .name = "echo", .args = "any", .help = "Echoes.", .run = run_echo },
	{ .name = "later", .help = "Waits.", .run = run_later },
	{ .name = "fail", .help = "Fails.", .run = run_fail },
	{ 0 },
};

static int setup(void **state MS_UNUSED)
{
	memset(&t, 0, sizeof(t));
	snprintf(t.path, sizeof(t.path), "/tmp/ms-test-control-%d", (int)getpid());
	if (ms_loop_init() || ms_control_new(t.path, 0660, &t.control))
		return -1;
	return ms_control_add(t.control, commands);
}

static int teardown(void **state MS_UNUSED)
{
	t.control = ms_control_free(t.control);
	ms_loop_close();
	return 0;
}

/*
 * Ends when the time is over and the last round had nothing to do: on a busy machine what was sent is
 * still worked off.
 */
static void stop(void *arg MS_UNUSED)
{
	static uint64_t events;

	if (events == ms_loop_stats()->events) {
		ms_loop_stop();
		return;
	}
	events = ms_loop_stats()->events;
	ms_timer_start(&t.end, MS_MSEC);
}

static void run_loop(ms_usec time)
{
	ms_timer_init(&t.end, "end", stop, NULL);
	ms_timer_start(&t.end, time);
	assert_int_equal(ms_loop_run(), 0);
	ms_timer_stop(&t.end);
}

static int dial(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", t.path);
	assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	run_loop(20 * MS_MSEC);
}

static void hears(int fd, const char *expected)
{
	char text[4096] = "";
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	assert_true(n >= 0 || errno == EAGAIN);
	assert_string_equal(text, expected);
}

static bool is_closed(int fd)
{
	char c;

	return recv(fd, &c, 1, 0) == 0;
}

#define MALFORMED                                                                                \
	"{\"ok\":false,\"error\":\"not a request: want one line {\\\"command\\\": \\\"...\\\", " \
	"\\\"args\\\": {...}}\"}\n"

static void test_requests(void **state MS_UNUSED)
{
	struct stat st;
	int fd = dial();

	assert_int_equal(stat(t.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	say(fd, "{\"command\":\"echo\",\"args\":{\"a\":1}}\n");
	hears(fd, "{\"ok\":true,\"result\":{\"a\":1}}\n");
	say(fd, "{\"command\":\"echo\"}\n");
	hears(fd, "{\"ok\":true,\"result\":{}}\n");
	say(fd, "{\"command\":\"fail\"}\n");
	hears(fd, "{\"ok\":false,\"error\":\"no way\"}\n");
	say(fd, "{\"command\":\"nothing\"}\n");
	hears(fd, "{\"ok\":false,\"error\":\"no such command; \\\"help\\\" lists them\"}\n");
	assert_int_equal(ms_control_stats(t.control)->requests, 4);
	assert_int_equal(ms_control_stats(t.control)->failed, 2);
	close(fd);
}

static void test_help(void **state MS_UNUSED)
{
	int fd = dial();
	char text[4096] = "";

	say(fd, "{\"command\":\"help\"}\n");
	assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
	assert_non_null(
		strstr(text, "{\"command\":\"echo\",\"args\":\"any\",\"help\":\"Echoes.\"}"));
	close(fd);
}

/* Lines in pieces, several in one piece, an answer that comes later: always in order. */
static void test_order(void **state MS_UNUSED)
{
	int fd = dial();

	say(fd, "{\"command\":");
	say(fd, "\"later\"}\n{\"command\":\"fail\"}\n{\"comm");
	hears(fd, "");
	assert_non_null(t.waiting);
	ms_control_reply(t.waiting, json_integer(5));
	run_loop(20 * MS_MSEC);
	hears(fd, "{\"ok\":true,\"result\":5}\n{\"ok\":false,\"error\":\"no way\"}\n");
	say(fd, "and\":\"echo\"}\n");
	hears(fd, "{\"ok\":true,\"result\":{}}\n");
	close(fd);
}

static void test_garbage(void **state MS_UNUSED)
{
	static const char *const bad[] = {
		"\n",
		"hello\n",
		"[]\n",
		"{\"command\":1}\n",
		"{\"command\":\"echo\",\"args\":[]}\n",
		"{\"command\":\"echo\",\"more\":1}\n",
		"{\"command\":\"echo\",\"command\":\"echo\"}\n",
		"{\"command\":\"echo\"} x\n",
		"\xff\xfe\n",
	};
	int fd = dial();

	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++) {
		say(fd, bad[i]);
		hears(fd, MALFORMED);
	}
	assert_int_equal(ms_control_stats(t.control)->malformed, MS_ARRAY_SIZE(bad));
	close(fd);
}

static void test_too_long(void **state MS_UNUSED)
{
	static char text[MS_CONTROL_LINE_MAX + 100];
	int fd = dial();

	memset(text, ' ', sizeof(text) - 1);
	say(fd, text);
	hears(fd, "{\"ok\":false,\"error\":\"the request is too long\"}\n");
	assert_true(is_closed(fd));
	close(fd);
}

static void test_too_many(void **state MS_UNUSED)
{
	int fds[MS_CONTROL_CLIENTS_MAX + 1];

	for (size_t i = 0; i < MS_ARRAY_SIZE(fds); i++)
		fds[i] = dial();
	run_loop(50 * MS_MSEC);
	assert_true(is_closed(fds[MS_CONTROL_CLIENTS_MAX]));
	assert_int_equal(ms_control_stats(t.control)->refused, 1);
	close(fds[0]);
	run_loop(20 * MS_MSEC);
	fds[0] = dial();
	say(fds[0], "{\"command\":\"echo\"}\n");
	hears(fds[0], "{\"ok\":true,\"result\":{}}\n");
	for (size_t i = 0; i < MS_ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

/* The client, and then the socket itself, are gone before the answer. */
static void test_gone(void **state MS_UNUSED)
{
	int fd = dial();

	say(fd, "{\"command\":\"later\"}\n");
	close(fd);
	run_loop(20 * MS_MSEC);
	ms_control_reply(t.waiting, NULL);
	t.waiting = NULL;
	fd = dial();
	say(fd, "{\"command\":\"later\"}\n");
	t.control = ms_control_free(t.control);
	ms_control_reply(t.waiting, NULL);
	assert_true(is_closed(fd));
	close(fd);
}

/* A client that ends its direction after the request still gets its answer. */
static void test_half_closed(void **state MS_UNUSED)
{
	int fd = dial();

	say(fd, "{\"command\":\"later\"}\n");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	run_loop(20 * MS_MSEC);
	ms_control_reply(t.waiting, json_true());
	run_loop(20 * MS_MSEC);
	hears(fd, "{\"ok\":true,\"result\":true}\n");
	assert_true(is_closed(fd));
	close(fd);
}

static void test_arguments(void **state MS_UNUSED)
{
	json_t *args = json_pack("{s:s,s:i,s:i}", "name", "x", "n", 7, "minus", -1);
	uint64_t v = 0;

	assert_string_equal(ms_control_text(args, "name"), "x");
	assert_null(ms_control_text(args, "n"));
	assert_int_equal(ms_control_u64(args, "n", 7, &v), 0);
	assert_int_equal(v, 7);
	assert_int_equal(ms_control_u64(args, "n", 6, &v), -ERANGE);
	assert_int_equal(ms_control_u64(args, "minus", 6, &v), -EINVAL);
	assert_int_equal(ms_control_u64(args, "name", 6, &v), -EINVAL);
	assert_int_equal(ms_control_u64(args, "none", 6, &v), -ENOENT);
	json_decref(args);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_requests), TEST(test_help),        TEST(test_order),
		TEST(test_garbage),  TEST(test_too_long),    TEST(test_too_many),
		TEST(test_gone),     TEST(test_half_closed), TEST(test_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
