/* SPDX-License-Identifier: Apache-2.0 */
/* Connections over real sockets on 127.0.0.1, ::1 and a UNIX path. */
#include "ms-test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "loop/loop.h"
#include "loop/tcp.h"

static struct {
	struct ms_tcp_listener *listener;
	struct ms_tcp *client, *server;
	struct ms_buf at_server, at_client;
	int client_closed, server_closed; /* 1: not yet */
	unsigned connected, drained, eofs;
	bool echo, keep_half;
	struct ms_timer end, later;
} t;

static void stop_later(void *arg MS_UNUSED)
{
	ms_loop_stop();
}

static void over_limit(void *arg MS_UNUSED)
{
	ms_loop_stop();
	fail_msg("nothing happened for 5 s");
}

static int setup(void **state MS_UNUSED)
{
	memset(&t, 0, sizeof(t));
	t.client_closed = t.server_closed = 1;
	ms_buf_init(&t.at_server, 64 * 1024 * 1024);
	ms_buf_init(&t.at_client, 64 * 1024 * 1024);
	if (ms_loop_init())
		return -1;
	ms_timer_init(&t.end, "end", over_limit, NULL);
	ms_timer_start(&t.end, 60 * MS_SEC);
	return 0;
}

static int teardown(void **state MS_UNUSED)
{
	t.client = ms_tcp_close(t.client);
	t.server = ms_tcp_close(t.server);
	t.listener = ms_tcp_listener_close(t.listener);
	ms_timer_stop(&t.end);
	ms_buf_done(&t.at_server);
	ms_buf_done(&t.at_client);
	ms_loop_close();
	return 0;
}

static void server_received(struct ms_tcp *c, struct ms_span data, void *arg MS_UNUSED)
{
	ms_buf_put_span(&t.at_server, data);
	if (t.echo)
		assert_int_equal(ms_tcp_send(c, data), 0);
	else
		ms_loop_stop();
}

static void server_eof(struct ms_tcp *c, void *arg MS_UNUSED)
{
	t.eofs++;
	if (t.keep_half)
		assert_int_equal(ms_tcp_send(c, MS_SPAN_LIT("late")), 0);
	ms_tcp_shutdown(c);
}

static void server_closed(struct ms_tcp *c, int err, void *arg MS_UNUSED)
{
	t.server_closed = err;
	t.server = ms_tcp_close(c);
	ms_loop_stop();
}

static const struct ms_tcp_handlers server_handlers = {
	.received = server_received,
	.eof = server_eof,
	.closed = server_closed,
};

static void accepted(int fd, const struct ms_addr *peer, void *arg)
{
	assert_null(t.server);
	assert_int_equal(ms_tcp_attach(fd, peer, arg, &server_handlers, NULL, &t.server), 0);
	ms_loop_stop();
}

static void client_connected(struct ms_tcp *c, void *arg MS_UNUSED)
{
	assert_ptr_equal(c, t.client);
	t.connected++;
	if (t.server)
		ms_loop_stop();
}

static void client_received(struct ms_tcp *c MS_UNUSED, struct ms_span data, void *arg MS_UNUSED)
{
	ms_buf_put_span(&t.at_client, data);
	ms_loop_stop();
}

static void client_drained(struct ms_tcp *c MS_UNUSED, void *arg MS_UNUSED)
{
	t.drained++;
	ms_loop_stop();
}

static void client_closed(struct ms_tcp *c, int err, void *arg MS_UNUSED)
{
	t.client_closed = err;
	t.client = ms_tcp_close(c);
	ms_loop_stop();
}

static const struct ms_tcp_handlers client_handlers = {
	.connected = client_connected,
	.received = client_received,
	.drained = client_drained,
	.closed = client_closed,
};

static void listen_on(const char *text, struct ms_tcp_options *server_options)
{
	struct ms_addr a;

	assert_int_equal(ms_addr_parse(ms_span_str(text), 0, &a), 0);
	assert_int_equal(ms_tcp_listen(&a, NULL, accepted, server_options, &t.listener), 0);
}

static void connect_with(const struct ms_tcp_options *o)
{
	assert_int_equal(ms_tcp_connect(ms_tcp_listener_addr(t.listener), o, &client_handlers, NULL,
					&t.client),
			 0);
	while (!t.connected || !t.server)
		assert_int_equal(ms_loop_run(), 0);
}

static void talk(const char *where)
{
	struct ms_addr local;

	t.echo = true;
	listen_on(where, NULL);
	connect_with(NULL);
	assert_int_equal(ms_tcp_local(t.client, &local), 0);
	if (ms_addr_family(&local) != AF_UNIX)
		assert_true(ms_addr_equal(&local, ms_tcp_peer(t.server)));
	assert_int_equal(ms_tcp_send(t.client, MS_SPAN_LIT("hello")), 0);
	while (t.at_client.len < 5)
		assert_int_equal(ms_loop_run(), 0);
	assert_span_str(ms_buf_span(&t.at_client), "hello");
}

static void test_ipv4(void **state MS_UNUSED)
{
	talk("127.0.0.1:0");
}

static void test_ipv6(void **state MS_UNUSED)
{
	talk("[::1]:0");
}

static void test_any_takes_both(void **state MS_UNUSED)
{
	struct ms_addr a;

	listen_on("*:0", NULL);
	assert_int_equal(ms_addr_parse(MS_SPAN_LIT("127.0.0.1"),
				       ms_addr_port(ms_tcp_listener_addr(t.listener)), &a),
			 0);
	assert_int_equal(ms_tcp_connect(&a, NULL, &client_handlers, NULL, &t.client), 0);
	while (!t.server)
		assert_int_equal(ms_loop_run(), 0);
	assert_true(ms_addr_same_host(ms_tcp_peer(t.server), &a));
}

static void unix_path(char *dst, size_t size)
{
	snprintf(dst, size, "unix:/tmp/ms-test-tcp-%d", (int)getpid());
}

static void test_unix(void **state MS_UNUSED)
{
	char where[64];
	struct ms_addr a;
	struct ms_tcp_listener *second = NULL;
	struct stat st;
	int fd;

	unix_path(where, sizeof(where));
	talk(where);
	assert_int_equal(stat(where + 5, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(ms_addr_parse(ms_span_str(where), 0, &a), 0);
	assert_int_equal(ms_tcp_listen(&a, NULL, accepted, NULL, &second), -EADDRINUSE);
	t.listener = ms_tcp_listener_close(t.listener);
	assert_int_equal(stat(where + 5, &st), -1); /* unlinked */
	assert_int_equal(ms_tcp_bind(&a, NULL, &fd), 0);
	close(fd); /* left over, as after a crash: replaced */
	assert_int_equal(ms_tcp_listen(&a, NULL, accepted, NULL, &t.listener), 0);
}

static void test_unix_file_in_the_way(void **state MS_UNUSED)
{
	char where[64];
	struct ms_addr a;
	int fd;

	unix_path(where, sizeof(where));
	fd = open(where + 5, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(ms_addr_parse(ms_span_str(where), 0, &a), 0);
	assert_int_equal(ms_tcp_listen(&a, NULL, accepted, NULL, &t.listener), -EADDRINUSE);
	assert_int_equal(unlink(where + 5), 0); /* not taken away */
}

static void test_refused(void **state MS_UNUSED)
{
	struct ms_addr a;

	listen_on("127.0.0.1:0", NULL);
	a = *ms_tcp_listener_addr(t.listener);
	t.listener = ms_tcp_listener_close(t.listener);
	assert_int_equal(ms_tcp_connect(&a, NULL, &client_handlers, NULL, &t.client), 0);
	assert_int_equal(ms_tcp_send(t.client, MS_SPAN_LIT("x")), -ENOTCONN);
	assert_int_equal(ms_loop_run(), 0);
	assert_int_equal(t.client_closed, -ECONNREFUSED);
}

/* Nobody answers: the listener's queue is full of connections that are never accepted. */
static void test_connect_limit(void **state MS_UNUSED)
{
	struct ms_tcp_listen_options lo = { .backlog = 1 };
	struct ms_tcp_options o = { .connect_limit = 100 * MS_MSEC };
	struct ms_tcp *filler[3];
	struct ms_addr a;

	assert_int_equal(ms_addr_parse(MS_SPAN_LIT("127.0.0.1:0"), 0, &a), 0);
	assert_int_equal(ms_tcp_listen(&a, &lo, accepted, NULL, &t.listener), 0);
	ms_tcp_listener_pause(t.listener, true);
	a = *ms_tcp_listener_addr(t.listener);
	for (size_t i = 0; i < MS_ARRAY_SIZE(filler); i++)
		assert_int_equal(ms_tcp_connect(&a, NULL, &client_handlers, NULL, &filler[i]), 0);
	assert_int_equal(ms_tcp_connect(&a, &o, &client_handlers, NULL, &t.client), 0);
	for (size_t i = 0; i < MS_ARRAY_SIZE(filler); i++)
		ms_tcp_set_handlers(filler[i], &server_handlers, NULL);
	assert_int_equal(ms_loop_run(), 0);
	assert_int_equal(t.client_closed, -ETIMEDOUT);
	for (size_t i = 0; i < MS_ARRAY_SIZE(filler); i++)
		ms_tcp_close(filler[i]);
}

static void test_queue_bounded(void **state MS_UNUSED)
{
	static uint8_t block[64 * 1024];
	struct ms_tcp_options o = { .queue_max = 200 * 1024 };
	size_t sent = 0;
	int err;

	listen_on("127.0.0.1:0", NULL);
	connect_with(&o);
	ms_tcp_pause(t.server, true);
	do {
		err = ms_tcp_send(t.client, ms_span_of(block, sizeof(block)));
		sent += err == 0 ? sizeof(block) : 0;
	} while (err == 0);
	assert_int_equal(err, -ENOBUFS);
	assert_true(ms_tcp_queued(t.client) <= o.queue_max);
	assert_true(ms_tcp_room(t.client) < sizeof(block));
	ms_tcp_pause(t.server, false);
	while (t.drained == 0 || t.at_server.len < sent)
		assert_int_equal(ms_loop_run(), 0);
	assert_int_equal(t.at_server.len, sent);
	assert_int_equal(ms_tcp_queued(t.client), 0);
}

static void test_cork(void **state MS_UNUSED)
{
	listen_on("127.0.0.1:0", NULL);
	connect_with(NULL);
	ms_tcp_cork(t.client, true);
	assert_int_equal(ms_tcp_send(t.client, MS_SPAN_LIT("one ")), 0);
	assert_int_equal(ms_tcp_send(t.client, MS_SPAN_LIT("two")), 0);
	assert_int_equal(ms_tcp_queued(t.client), 7);
	ms_tcp_cork(t.client, false);
	assert_int_equal(ms_tcp_queued(t.client), 0);
	assert_int_equal(ms_loop_run(), 0);
	assert_span_str(ms_buf_span(&t.at_server), "one two");
}

static void test_half_close(void **state MS_UNUSED)
{
	t.keep_half = true;
	listen_on("[::1]:0", NULL);
	connect_with(NULL);
	assert_int_equal(ms_tcp_send(t.client, MS_SPAN_LIT("bye")), 0);
	ms_tcp_shutdown(t.client);
	assert_int_equal(ms_tcp_send(t.client, MS_SPAN_LIT("x")), -EPIPE);
	while (t.client_closed == 1)
		assert_int_equal(ms_loop_run(), 0);
	assert_span_str(ms_buf_span(&t.at_server), "bye");
	assert_span_str(ms_buf_span(&t.at_client), "late");
	assert_int_equal(t.eofs, 1);
	assert_int_equal(t.client_closed, 0);
	while (t.server_closed == 1)
		assert_int_equal(ms_loop_run(), 0);
	assert_int_equal(t.server_closed, 0);
}

static void test_idle_limit(void **state MS_UNUSED)
{
	struct ms_tcp_options o = { .idle_limit = 50 * MS_MSEC };

	listen_on("127.0.0.1:0", &o);
	connect_with(NULL);
	while (t.server_closed == 1)
		assert_int_equal(ms_loop_run(), 0);
	assert_int_equal(t.server_closed, -ETIMEDOUT);
}

static void test_reset(void **state MS_UNUSED)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };
	struct ms_addr a;
	int fd;

	listen_on("127.0.0.1:0", NULL);
	a = *ms_tcp_listener_addr(t.listener);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, &a.u.sa, a.len), 0);
	while (!t.server)
		assert_int_equal(ms_loop_run(), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	close(fd);
	while (t.server_closed == 1)
		assert_int_equal(ms_loop_run(), 0);
	assert_int_equal(t.server_closed, -ECONNRESET);
}

/* The answer reaches a peer that still sends while we close. */
static void test_finish(void **state MS_UNUSED)
{
	static uint8_t block[256 * 1024];

	listen_on("127.0.0.1:0", NULL);
	connect_with(NULL);
	assert_int_equal(ms_tcp_send(t.client, ms_span_of(block, sizeof(block))), 0);
	assert_int_equal(ms_tcp_send(t.server, MS_SPAN_LIT("no more")), 0);
	t.server = ms_tcp_finish(t.server, MS_SEC);
	while (t.client_closed == 1)
		assert_int_equal(ms_loop_run(), 0);
	assert_int_equal(t.client_closed, 0);
	assert_span_str(ms_buf_span(&t.at_client), "no more");
}

static void run_for(ms_usec time)
{
	ms_timer_init(&t.later, "later", stop_later, NULL);
	ms_timer_start(&t.later, time);
	assert_int_equal(ms_loop_run(), 0);
}

/* Peers that do not end theirs cannot make us hold any number of descriptors. */
static void test_finish_bounded(void **state MS_UNUSED)
{
	static int peer[MS_TCP_FINISHING_MAX + 10];
	const struct ms_addr nobody = { .len = sizeof(sa_family_t), .u.sa.sa_family = AF_UNIX };
	int pair[2], held = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(peer); i++) {
		struct ms_tcp *c;

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
		assert_int_equal(ms_tcp_attach(pair[0], &nobody, NULL, &server_handlers, NULL, &c),
				 0);
		peer[i] = pair[1];
		assert_null(ms_tcp_finish(c, MS_SEC));
	}
	for (size_t i = 0; i < MS_ARRAY_SIZE(peer); i++)
		held += send(peer[i], "x", 1, MSG_NOSIGNAL) == 1;
	assert_in_range(held, MS_TCP_FINISHING_MAX - 10, MS_TCP_FINISHING_MAX);
	for (size_t i = 0; i < MS_ARRAY_SIZE(peer); i++)
		close(peer[i]);
	/* With the peers gone there is room again, once the loop has seen it. */
	for (int i = 0; i < 200 && held != 1; i++) {
		run_for(50 * MS_MSEC);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
		assert_int_equal(
			ms_tcp_attach(pair[0], &nobody, NULL, &server_handlers, NULL, &t.server),
			0);
		t.server = ms_tcp_finish(t.server, MS_SEC);
		held = send(pair[1], "x", 1, MSG_NOSIGNAL) == 1;
		close(pair[1]);
	}
	assert_int_equal(held, 1);
	run_for(50 * MS_MSEC);
}

static int make_pair(void *arg)
{
	struct ms_tcp *c = NULL;
	struct ms_addr a = *(struct ms_addr *)arg;
	int err = ms_tcp_connect(&a, NULL, &client_handlers, NULL, &c);

	ms_tcp_close(c);
	return err;
}

static void test_torture(void **state MS_UNUSED)
{
	struct ms_addr a;

	listen_on("127.0.0.1:0", NULL);
	a = *ms_tcp_listener_addr(t.listener);
	assert_true(ms_test_torture(make_pair, &a) > 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ipv4),
		TEST(test_ipv6),
		TEST(test_any_takes_both),
		TEST(test_unix),
		TEST(test_unix_file_in_the_way),
		TEST(test_refused),
		TEST(test_connect_limit),
		TEST(test_queue_bounded),
		TEST(test_cork),
		TEST(test_half_close),
		TEST(test_idle_limit),
		TEST(test_reset),
		TEST(test_finish),
		TEST(test_finish_bounded),
		TEST(test_torture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
