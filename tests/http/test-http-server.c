/* SPDX-License-Identifier: Apache-2.0 */
/* The server against raw sockets: good peers, broken ones, slow ones, too many. */
#include "http-raw.h"

/* A request that must be refused with `status`, after which the connection is closed. */
static void refused(const char *request, const char *status)
{
	int fd = dial();
	char line[64];
	const char *text;

	say(fd, request);
	text = hears(fd, "\r\n\r\n");
	snprintf(line, sizeof(line), "HTTP/1.1 %s ", status);
	if (strncmp(text, line, strlen(line)) != 0)
		fail_msg("%s: \"%s\", not %s", request, text, status);
	assert_non_null(strstr(text, "Connection: close\r\n"));
	wait_for(is_closed(fd));
	close(fd);
}

static void test_keep_alive(void **state MS_UNUSED)
{
	int fd;

	serve((struct ms_http_limits){ 0 });
	fd = dial();
	for (int i = 0; i < 3; i++) {
		say(fd, "POST /echo HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello");
		hears(fd, "\r\n\r\nhello");
	}
	say(fd, "GET /show?q=a%41+b HTTP/1.1\r\n" H "x-Thing:  val \r\n"
		"Content-Type: Application/MIKEY; v=1\r\n\r\n");
	hears(fd, "q=aA b x=val mikey=1");
	say(fd, "GET http://h/show?q=1&q=2 HTTP/1.1\r\n" H "\r\n");
	hears(fd, "q=- x= mikey=0");
	say(fd, "POST /echo HTTP/1.1\r\n" H "Connection: Close\r\nContent-Length: 0\r\n\r\n");
	hears(fd, "Connection: close\r\n");
	wait_for(is_closed(fd));
	close(fd);
	wait_for(SERVED(requests) == 6);
	wait_for(SERVED(status[2]) == 6);
	wait_for(SERVED(open) == 0);
}

static void test_answer(void **state MS_UNUSED)
{
	const char *text;
	int fd;

	serve((struct ms_http_limits){ 0 });
	fd = dial();
	say(fd, "HEAD /show HTTP/1.1\r\n" H "\r\n");
	text = hears(fd, "\r\n\r\n");
	assert_int_equal(strncmp(text, "HTTP/1.1 200 OK\r\nDate: ", 23), 0);
	assert_non_null(strstr(text, " GMT\r\nServer: mediasec\r\nContent-Type: text/plain\r\n"
				     "Content-Length: 14\r\nX-Err: yes\r\n\r\n"));
	assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n"); /* no body */
	say(fd, "GET /show HTTP/1.0\r\n\r\n");
	hears(fd, "Connection: close\r\n");
	wait_for(is_closed(fd));
	close(fd);
}

static void test_routes(void **state MS_UNUSED)
{
	int fd;

	serve((struct ms_http_limits){ 0 });
	fd = dial();
	say(fd, "GET /nothing HTTP/1.1\r\n" H "\r\n");
	hears(fd, "HTTP/1.1 404 Not Found");
	say(fd, "GET /ech%6f HTTP/1.1\r\n" H "\r\n");
	hears(fd, "HTTP/1.1 404 ");
	say(fd, "GET /echo HTTP/1.1\r\n" H "\r\n");
	hears(fd, "Allow: POST\r\n");
	say(fd, "DELETE /later HTTP/1.1\r\n" H "\r\n");
	hears(fd, "Allow: GET, HEAD, POST\r\n");
	say(fd, "BREW /later HTTP/1.1\r\n" H "\r\n");
	hears(fd, "HTTP/1.1 405 ");
	wait_for(SERVED(not_found) == 2);
	wait_for(SERVED(method) == 3);
	close(fd);
}

static void test_pieces(void **state MS_UNUSED)
{
	static const char request[] =
		"\r\nPOST /echo HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc";
	int fd;

	serve((struct ms_http_limits){ 0 });
	fd = dial();
	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		assert_int_equal(send(fd, request + i, 1, 0), 1);
		run_loop(MS_MSEC);
	}
	hears(fd, "\r\n\r\nabc");
	close(fd);
}

static void test_pipelining(void **state MS_UNUSED)
{
	const char *text, *b, *c;
	int fd;

	serve((struct ms_http_limits){ 0 });
	fd = dial();
	say(fd, "POST /later HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\na"
		"POST /echo HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nbbb");
	say(fd, "POST /echo HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nccc");
	wait_for(t.n_waiting == 1);
	assert_string_equal(heard(fd), "");
	assert_span_str(ms_http_body(t.waiting[0]), "a");
	ms_http_reply(t.waiting[0], 200, "text/plain", ms_http_body(t.waiting[0]));
	text = hears(fd, "ccc");
	b = strstr(text, "bbb");
	c = strstr(text, "ccc");
	assert_non_null(strstr(text, "\r\n\r\naHTTP/1.1 200"));
	assert_true(b && c && b < c);
	close(fd);
}

static void test_malformed(void **state MS_UNUSED)
{
	serve((struct ms_http_limits){ .head_max = 512, .body_max = 100 });
	refused("hello\r\n\r\n", "400");
	refused("GET /echo\r\n\r\n", "400");
	refused("GET  /echo HTTP/1.1\r\n" H "\r\n", "400");
	refused("GET /echo HTTP/1.1\n" H "\r\n", "400");
	refused("GET /echo HTTP/1.1\r\nHost: h\rx\r\n\r\n", "400");
	refused("GET /echo HTTP/1.1\r\n\r\n", "400");        /* no Host */
	refused("GET /echo HTTP/1.1\r\n" H H "\r\n", "400"); /* two */
	refused("GET /echo HTTP/1.1\r\n" H "A : b\r\n\r\n", "400");
	refused("GET /echo HTTP/1.1\r\n" H " folded\r\n\r\n", "400");
	refused("GET /echo HTTP/1.1\r\n" H "A: \x01\r\n\r\n", "400");
	refused("GET /e\x01 HTTP/1.1\r\n" H "\r\n", "400");
	refused("GET echo HTTP/1.1\r\n" H "\r\n", "400");
	refused("GET /echo HTTP/1.x\r\n" H "\r\n", "400");
	refused("GET /echo HTTP/2.0\r\n" H "\r\n", "505");
	refused("POST /echo HTTP/1.1\r\n" H "\r\n", "411");
	refused("POST /echo HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
		"400");
	refused("POST /echo HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\na", "400");
	refused("POST /echo HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\na", "400");
	refused("POST /echo HTTP/1.1\r\n" H "Content-Length: 99999999999999999999\r\n\r\n", "413");
	refused("POST /echo HTTP/1.1\r\n" H "Content-Length: 101\r\n\r\n", "413");
	refused("POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "411");
	refused("POST /echo HTTP/1.1\r\n" H
		"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\na",
		"400");
	refused("POST /echo HTTP/1.1\r\n" H "Content-Length: 1\r\nExpect: wonders\r\n\r\n", "417");
	wait_for(SERVED(malformed) == 23);
	wait_for(SERVED(requests) == 0);
}

static void test_head_limits(void **state MS_UNUSED)
{
	char request[2048] = "GET /echo HTTP/1.1\r\n";

	serve((struct ms_http_limits){ .head_max = 1024 });
	for (int i = 0; i < 70; i++)
		snprintf(request + strlen(request), sizeof(request) - strlen(request), "a: b\r\n");
	refused(request, "431");
	memset(request, 'x', 1100);
	memcpy(request, "GET /", 5);
	request[1100] = 0;
	refused(request, "414");
	memcpy(request, "GET / HTTP/1.1\r\n", 16);
	refused(request, "431");
}

static void test_expect(void **state MS_UNUSED)
{
	int fd;

	serve((struct ms_http_limits){ 0 });
	fd = dial();
	say(fd, "POST /echo HTTP/1.1\r\n" H "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
	hears(fd, "HTTP/1.1 100 Continue\r\n\r\n");
	say(fd, "abc");
	hears(fd, "\r\n\r\nabc");
	close(fd);
}

static void test_big_answer(void **state MS_UNUSED)
{
	static char sink[1024 * 1024];
	size_t got = 0;
	int fd;

	serve((struct ms_http_limits){ 0 });
	fd = dial();
	say(fd, "GET /big HTTP/1.1\r\n" H "\r\n");
	for (int i = 0; i < 2000 && got < (size_t)8 * 1024 * 1024; i++) {
		ssize_t n = recv(fd, sink, sizeof(sink), 0);

		got += n > 0 ? (size_t)n : 0;
		if (n <= 0)
			run_loop(MS_MSEC);
	}
	assert_true(got > (size_t)8 * 1024 * 1024);
	close(fd);
}

static void on_stopped(void *arg MS_UNUSED)
{
	t.stopped = true;
}

static void test_graceful_stop(void **state MS_UNUSED)
{
	int idle, busy, late;

	serve((struct ms_http_limits){ 0 });
	idle = dial();
	busy = dial();
	say(busy, "GET /later HTTP/1.1\r\n" H "\r\n");
	wait_for(t.n_waiting == 1);
	ms_http_server_stop(t.server, MS_SEC, on_stopped, NULL);
	run_loop(10 * MS_MSEC);
	wait_for(is_closed(idle));
	assert_false(t.stopped);
	late = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(late, &t.at.u.sa, t.at.len), -1);
	ms_http_reply(t.waiting[0], 200, "text/plain", MS_SPAN_LIT("bye"));
	run_loop(10 * MS_MSEC);
	hears(busy, "Connection: close\r\n");
	wait_for(t.stopped);
	close(idle);
	close(busy);
	close(late);
}

static void test_forced_stop(void **state MS_UNUSED)
{
	int fd;

	serve((struct ms_http_limits){ 0 });
	fd = dial();
	say(fd, "GET /later HTTP/1.1\r\n" H "\r\n");
	wait_for(t.n_waiting == 1);
	ms_http_server_stop(t.server, 30 * MS_MSEC, on_stopped, NULL);
	run_loop(80 * MS_MSEC);
	wait_for(t.stopped);
	wait_for(is_closed(fd));
	ms_http_reply(t.waiting[0], 200, NULL, MS_SPAN_NULL); /* still allowed */
	close(fd);
}

static void test_gone_before_answer(void **state MS_UNUSED)
{
	int fd;

	serve((struct ms_http_limits){ 0 });
	fd = dial();
	say(fd, "POST /later HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\nbody");
	wait_for(t.n_waiting == 1);
	close(fd);
	run_loop(10 * MS_MSEC);
	assert_int_equal(ms_http_server_stats(t.server)->gone, 0); /* perhaps only half closed */
	assert_span_str(ms_http_body(t.waiting[0]), "body");
	ms_http_reply(t.waiting[0], 200, NULL, MS_SPAN_NULL);
	run_loop(10 * MS_MSEC);
	wait_for(SERVED(open) == 0);
	fd = dial();
	t.n_waiting = 0;
	say(fd, "POST /later HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\nbody");
	wait_for(t.n_waiting == 1);
	t.server = ms_http_server_free(t.server);
	assert_span_str(ms_http_body(t.waiting[0]), "body");
	ms_http_reply(t.waiting[0], 200, NULL, MS_SPAN_NULL);
	close(fd);
}

static void test_reset_before_answer(void **state MS_UNUSED)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };
	int fd;

	serve((struct ms_http_limits){ 0 });
	fd = dial();
	say(fd, "GET /later HTTP/1.1\r\n" H "\r\n");
	wait_for(t.n_waiting == 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
	run_loop(10 * MS_MSEC);
	wait_for(SERVED(gone) == 1);
	wait_for(SERVED(in_flight) == 0);
	ms_http_reply(t.waiting[0], 200, NULL, MS_SPAN_NULL);
}

static void test_half_close(void **state MS_UNUSED)
{
	int fd;

	serve((struct ms_http_limits){ 0 });
	fd = dial();
	say(fd, "GET /later HTTP/1.1\r\n" H "\r\n");
	wait_for(t.n_waiting == 1);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	run_loop(10 * MS_MSEC);
	ms_http_reply(t.waiting[0], 200, "text/plain", MS_SPAN_LIT("still here"));
	run_loop(10 * MS_MSEC);
	hears(fd, "still here");
	wait_for(is_closed(fd));
	close(fd);
}

static void test_ipv6_and_unix(void **state MS_UNUSED)
{
	char where[64];
	int fd;

	serve_at("[::1]:0", (struct ms_http_limits){ .per_address = 1 });
	fd = dial();
	say(fd, "GET /show HTTP/1.1\r\n" H "\r\n");
	hears(fd, "HTTP/1.1 200 ");
	close(fd);
	t.server = ms_http_server_free(t.server);
	snprintf(where, sizeof(where), "unix:/tmp/ms-test-http-%d", (int)getpid());
	serve_at(where, (struct ms_http_limits){ .per_address = 1 });
	for (int i = 0; i < 2; i++) { /* no address, no limit per address */
		fd = dial();
		say(fd, "GET /show HTTP/1.1\r\n" H "\r\n");
		hears(fd, "HTTP/1.1 200 ");
		if (i == 1)
			close(fd);
	}
}

static int one_request(void *arg MS_UNUSED)
{
	int fd = dial();
	bool ok;

	say(fd, "POST /echo HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello");
	ok = strstr(heard(fd), "hello");
	close(fd);
	run_loop(2 * MS_MSEC);
	return ok ? 0 : -ENOMEM;
}

/* Whatever allocation fails, the server lives and the next request is answered. */
static void test_torture(void **state MS_UNUSED)
{
	serve((struct ms_http_limits){ 0 });
	assert_true(ms_test_torture(one_request, NULL) > 2);
	assert_int_equal(one_request(NULL), 0);
	wait_for(SERVED(open) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_keep_alive),
		TEST(test_answer),
		TEST(test_routes),
		TEST(test_pieces),
		TEST(test_pipelining),
		TEST(test_malformed),
		TEST(test_head_limits),
		TEST(test_expect),
		TEST(test_big_answer),
		TEST(test_graceful_stop),
		TEST(test_forced_stop),
		TEST(test_gone_before_answer),
		TEST(test_reset_before_answer),
		TEST(test_half_close),
		TEST(test_ipv6_and_unix),
		TEST(test_torture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
