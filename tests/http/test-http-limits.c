/* SPDX-License-Identifier: Apache-2.0 */
/* What one peer, or one address, can make the server spend: time, memory, connections, requests. */
#include "http-raw.h"

static void test_slow(void **state MS_UNUSED)
{
	struct ms_http_limits limits = { .head_limit = 60 * MS_MSEC,
					 .body_limit = 60 * MS_MSEC,
					 .idle_limit = 800 * MS_MSEC };
	int head, body, idle;

	serve(limits);
	head = dial();
	body = dial();
	idle = dial();
	say(body, "POST /echo HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\na");
	for (int i = 0; i < 6; i++) {
		/* A trickle does not help: the limit is for the whole. */
		send(head, "G", 1, MSG_NOSIGNAL);
		run_loop(15 * MS_MSEC);
	}
	hears(head, "HTTP/1.1 408 ");
	hears(body, "HTTP/1.1 408 ");
	assert_string_equal(heard(idle), "");
	wait_for(SERVED(slow) == 2);
	run_loop(850 * MS_MSEC);
	wait_for(is_closed(idle));
	wait_for(SERVED(open) == 0);
	close(head);
	close(body);
	close(idle);
}

static void test_reader_that_does_not(void **state MS_UNUSED)
{
	int fd;

	serve((struct ms_http_limits){ .send_limit = 400 * MS_MSEC });
	fd = dial();
	say(fd, "GET /big HTTP/1.1\r\n" H "\r\n");
	wait_for(SERVED(open) == 1);
	run_loop(500 * MS_MSEC);
	wait_for(SERVED(open) == 0);
	wait_for(SERVED(slow) == 1);
	close(fd);
}

#define ASK "GET /none HTTP/1.1\r\n" H "\r\n"

/* Octets of the stream of ASKs before and after what the socket takes of it. */
static size_t ask_from(int fd, size_t at, size_t end)
{
	static char block[1000 * (sizeof(ASK) - 1) + 1];
	ssize_t n = 0;

	for (size_t i = 0; i < 1000; i++)
		memcpy(block + i * strlen(ASK), ASK, strlen(ASK));
	do {
		size_t from = at % strlen(ASK), left = sizeof(block) - 1 - from;

		n = send(fd, block + from, left < end - at ? left : end - at,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		at += n > 0 ? (size_t)n : 0;
	} while (n > 0 && at < end);
	return at;
}

/* Requests are not taken faster than their answers are read, or we would have to keep those. */
static void test_asks_and_does_not_read(void **state MS_UNUSED)
{
	const struct ms_http_stats *stats;
	size_t at = 0;
	uint64_t served;
	int fd, rounds = 0;

	serve((struct ms_http_limits){ .send_limit = 400 * MS_MSEC });
	stats = ms_http_server_stats(t.server);
	fd = dial();
	do {
		served = stats->not_found;
		at = ask_from(fd, at, SIZE_MAX);
		run_loop(5 * MS_MSEC);
	} while (stats->not_found > served && stats->open == 1 && ++rounds < 1000);
	assert_int_equal(stats->open, 1);
	run_loop(500 * MS_MSEC);
	assert_int_equal(stats->open, 0);
	assert_int_equal(stats->slow, 1);
	close(fd);
}

/* Who reads late gets them all. */
static void test_reads_late(void **state MS_UNUSED)
{
	enum { N = 60000 };
	size_t at = 0, got = 0, one;
	int fd;

	serve((struct ms_http_limits){ 0 });
	fd = dial();
	say(fd, ASK);
	one = strlen(hears(fd, "\r\n\r\n"));
	assert_true(one > 50);
	while (got < N * one) {
		at = ask_from(fd, at, N * strlen(ASK));
		run_loop(MS_MSEC);
		for (size_t n = 1; n > 0; got += n)
			n = strlen(heard(fd));
	}
	assert_int_equal(got, N * one);
	wait_for(SERVED(not_found) == N + 1);
	close(fd);
}

static void test_connections(void **state MS_UNUSED)
{
	int a, b, c;

	serve((struct ms_http_limits){ .connections = 2 });
	a = dial();
	b = dial();
	run_loop(10 * MS_MSEC);
	c = dial();
	run_loop(10 * MS_MSEC);
	hears(c, "HTTP/1.1 503 ");
	wait_for(SERVED(refused_total) == 1);
	close(a);
	run_loop(10 * MS_MSEC);
	close(c);
	c = dial();
	say(c, "GET /show HTTP/1.1\r\n" H "\r\n");
	hears(c, "HTTP/1.1 200 ");
	close(b);
	close(c);
}

/* Who only holds connections does not keep others out. */
static void test_idle_makes_room(void **state MS_UNUSED)
{
	int oldest, busy, other, late;

	serve((struct ms_http_limits){ .connections = 3 });
	oldest = dial();
	run_loop(10 * MS_MSEC);
	busy = dial();
	say(busy, "GET /later HTTP/1.1\r\n" H "\r\n");
	wait_for(t.n_waiting == 1);
	other = dial();
	run_loop(1100 * MS_MSEC);
	late = dial();
	say(late, "GET /show HTTP/1.1\r\n" H "\r\n");
	hears(late, "HTTP/1.1 200 ");
	wait_for(is_closed(oldest));
	assert_false(is_closed(other));
	wait_for(SERVED(evicted) == 1);
	ms_http_reply(t.waiting[0], 200, NULL, MS_SPAN_NULL);
	run_loop(10 * MS_MSEC);
	hears(busy, "HTTP/1.1 200 ");
	close(oldest);
	close(busy);
	close(other);
	close(late);
}

/* Nor do those that have begun a request keep others out. */
static void test_stalled_makes_room(void **state MS_UNUSED)
{
	int stalled[80], late;

	serve((struct ms_http_limits){ .connections = MS_ARRAY_SIZE(stalled) });
	for (size_t i = 0; i < MS_ARRAY_SIZE(stalled); i++) {
		stalled[i] = dial();
		assert_int_equal(send(stalled[i], "GET /sh", 7, MSG_NOSIGNAL), 7);
	}
	run_loop(1100 * MS_MSEC);
	late = dial();
	say(late, "GET /show HTTP/1.1\r\n" H "\r\n");
	hears(late, "HTTP/1.1 200 ");
	wait_for(is_closed(stalled[0]));
	wait_for(SERVED(evicted) == 1);
	for (size_t i = 0; i < MS_ARRAY_SIZE(stalled); i++)
		close(stalled[i]);
	close(late);
}

static void test_per_address(void **state MS_UNUSED)
{
	struct ms_http_limits two = { .per_address = 2 };
	int a, b, c;

	serve(two);
	a = dial();
	b = dial();
	run_loop(10 * MS_MSEC);
	c = dial();
	run_loop(10 * MS_MSEC);
	hears(c, "HTTP/1.1 503 ");
	wait_for(SERVED(refused_address) == 1);
	close(a);
	close(c);
	run_loop(10 * MS_MSEC);
	c = dial();
	say(c, "GET /show HTTP/1.1\r\n" H "\r\n");
	hears(c, "HTTP/1.1 200 ");
	close(b);
	close(c);
}

static void test_rate(void **state MS_UNUSED)
{
	int fd;

	serve((struct ms_http_limits){ .rate = 5, .rate_burst = 3 });
	fd = dial();
	for (int i = 0; i < 3; i++)
		say(fd, "GET /show HTTP/1.1\r\n" H "\r\n");
	heard(fd);
	say(fd, "GET /show HTTP/1.1\r\n" H "\r\nGET /show HTTP/1.1\r\n" H "\r\n"
		"GET /show HTTP/1.1\r\n" H "\r\n");
	hears(fd, "HTTP/1.1 429 Too Many Requests\r\n");
	wait_for(SERVED(rate_limited) >= 1);
	/* It belongs to the address, not to the connection, and outlives it. */
	close(fd);
	run_loop(5 * MS_MSEC);
	fd = dial();
	for (int i = 0; i < 4; i++)
		send(fd, "GET /show HTTP/1.1\r\n" H "\r\n", 31, 0);
	run_loop(10 * MS_MSEC);
	hears(fd, "HTTP/1.1 429 ");
	run_loop(450 * MS_MSEC);
	say(fd, "GET /show HTTP/1.1\r\n" H "\r\n");
	hears(fd, "HTTP/1.1 200 ");
	close(fd);
}

static void test_per_connection(void **state MS_UNUSED)
{
	int fd;

	serve((struct ms_http_limits){ .per_connection = 2 });
	fd = dial();
	say(fd, "GET /show HTTP/1.1\r\n" H "\r\n");
	assert_null(strstr(hears(fd, "\r\n\r\n"), "Connection: close"));
	say(fd, "GET /show HTTP/1.1\r\n" H "\r\n");
	hears(fd, "Connection: close\r\n");
	wait_for(is_closed(fd));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_slow),
		TEST(test_reader_that_does_not),
		TEST(test_asks_and_does_not_read),
		TEST(test_reads_late),
		TEST(test_connections),
		TEST(test_idle_makes_room),
		TEST(test_stalled_makes_room),
		TEST(test_per_address),
		TEST(test_rate),
		TEST(test_per_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
