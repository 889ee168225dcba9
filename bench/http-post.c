/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What HTTP alone costs a server: POSTs of 500 octets over keep-alive connections, one request in
 * flight on each, as fast as the server answers.
 *
 *   http-post PORT SECONDS CONNECTIONS          prints "ANSWERS SECONDS"
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/buf.h"

#define BODY 500
#define CONNECTIONS_MAX 1024
#define ANSWER_MAX 8192

struct conn {
	int fd;
	uint8_t answer[ANSWER_MAX];
	size_t n;
};

static struct ms_buf request;

static void die(const char *what)
{
	perror(what);
	_exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fire(struct conn *c)
{
	c->n = 0;
	if (send(c->fd, request.p, request.len, MSG_NOSIGNAL) != (ssize_t)request.len)
		die("http-post: send");
}

static void open_conn(struct conn *c, int ep, uint64_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
	int one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (void *)&a, sizeof(a)) < 0)
		die("http-post: connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
	fire(c);
}

/* True when a whole answer is there: its header block and as many octets as Content-Length says. */
static bool complete(const struct conn *c)
{
	struct ms_span all = ms_span_of(c->answer, c->n), value;
	size_t head = ms_span_find_span(all, MS_SPAN_LIT("\r\n\r\n"));
	size_t field = ms_span_find_span(all, MS_SPAN_LIT("Content-Length: "));
	uint64_t length;

	if (head == all.len || field == all.len)
		return false;
	value = ms_span_from(all, field + 16);
	value.len = ms_span_find(value, '\r');
	if (ms_span_u64(value, ANSWER_MAX, &length) < 0)
		die("http-post: length");
	return all.len >= head + 4 + length;
}

static bool receive(struct conn *c)
{
	ssize_t n = recv(c->fd, c->answer + c->n, sizeof(c->answer) - c->n, MSG_DONTWAIT);

	if (n <= 0)
		die("http-post: the server closed");
	c->n += (size_t)n;
	return complete(c);
}

int main(int argc, char **argv)
{
	static struct conn conns[CONNECTIONS_MAX];
	uint64_t port, seconds, n;
	unsigned long answers = 0;
	double began, end;
	int ep;

	if (argc != 4 || ms_span_u64(ms_span_str(argv[1]), 65535, &port) < 0 ||
	    ms_span_u64(ms_span_str(argv[2]), 60, &seconds) < 0 ||
	    ms_span_u64(ms_span_str(argv[3]), CONNECTIONS_MAX, &n) < 0) {
		fprintf(stderr, "http-post PORT SECONDS CONNECTIONS\n");
		return 2;
	}
	ms_buf_init(&request, 4096);
	ms_buf_printf(
		&request,
		"POST /keymanagement?requesttype=ticketrequest HTTP/1.1\r\nHost: 127.0.0.1\r\n"
		"Content-Type: application/mikey\r\nContent-Length: %d\r\n\r\n",
		BODY);
	ms_buf_put_zero(&request, BODY);
	ep = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < n; i++)
		open_conn(&conns[i], ep, port);
	began = now();
	end = began + (double)seconds;
	while (now() < end) {
		struct epoll_event ev[64];
		int k = epoll_wait(ep, ev, 64, 1000);

		for (int i = 0; i < k; i++)
			if (receive(ev[i].data.ptr)) {
				answers++;
				fire(ev[i].data.ptr);
			}
	}
	printf("%lu %.6f\n", answers, now() - began);
	ms_buf_done(&request);
	return 0;
}
