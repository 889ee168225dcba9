/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs of MSRP peers on both sides of something that relays: each first peer keeps WINDOW SENDs of SIZE
 * octets on their way, each second one answers 200. A SEND is done when it has arrived and been answered.
 *
 *   bench-msrp-load gate HOST PORT BACKEND_PORT PAIRS WINDOW SIZE
 *       first peers connect to PORT + i, second ones are called at BACKEND_PORT (bench-media-gate -M)
 *   bench-msrp-load relay HOST PORT 0 PAIRS WINDOW SIZE
 *       both connect to an MSRP relay that takes AUTH without a challenge (RFC 4976)
 *
 * Prints "ready", then for each line of its input, which is seconds, how many SENDs were done in them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/buf.h"

#define IN 65536u

/* One connection: what came of a message that is not whole yet, and what is to go. */
struct peer {
	struct pair *pair; /* NULL: a second peer that has not been told apart yet */
	int fd;
	size_t have;
	uint8_t in[IN];
	struct ms_buf out;
};

struct pair {
	unsigned number;
	struct peer *first, *second;
	uint64_t sent, answered, arrived, done;
	char to[400], from[64];
	char tokens[2][160]; /* relay: Use-Paths */
};

static struct {
	bool relay;
	const char *host;
	uint16_t port, backend;
	unsigned pairs, window, size;
	struct pair *list;
	int epoll, listener;
	uint64_t done;
} g;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench-msrp-load: %s (%s)\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static struct sockaddr_in address(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	if (inet_pton(AF_INET, g.host, &a.sin_addr) != 1)
		die("an IPv4 address is needed");
	return a;
}

static struct peer *new_peer(struct pair *pair, int fd)
{
	struct peer *p = ms_zalloc(sizeof(*p));
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = p };
	int one = 1;

	if (!p || fd < 0)
		die("connection");
	p->pair = pair;
	p->fd = fd;
	ms_buf_init(&p->out, 1 << 20);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (epoll_ctl(g.epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		die("epoll");
	return p;
}

static struct peer *call(struct pair *pair, unsigned port)
{
	struct sockaddr_in a = address(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("connect");
	return new_peer(pair, fd);
}

static void flush(struct peer *p)
{
	size_t sent = 0;

	while (sent < p->out.len) {
		ssize_t n = send(p->fd, p->out.p + sent, p->out.len - sent, MSG_NOSIGNAL);
		if (n < 0)
			die("send");
		sent += (size_t)n;
	}
	ms_buf_reset(&p->out);
}

/* ---- messages ---- */

static void put_send(struct pair *x)
{
	struct ms_buf *b = &x->first->out;
	uint64_t n = x->sent++;
	char tid[24];

	snprintf(tid, sizeof(tid), "t%04x%08llx", x->number, (unsigned long long)n);
	ms_buf_printf(b,
		      "MSRP %s SEND\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: m%08llx\r\n"
		      "Byte-Range: 1-%u/%u\r\nContent-Type: text/plain\r\n\r\n",
		      tid, x->to, x->from, (unsigned long long)n, g.size, g.size);
	uint8_t *body = ms_buf_extend(b, g.size);
	if (!body)
		die("memory");
	memset(body, 'x', g.size);
	ms_buf_printf(b, "\r\n-------%s$\r\n", tid);
}

static struct ms_span field(struct ms_span message, const char *name)
{
	size_t at = ms_span_find_span(message, ms_span_str(name));
	struct ms_span rest = ms_span_from(message, at + strlen(name));

	return ms_span_sub(rest, 0, ms_span_find(rest, '\r'));
}

static void put_answer(struct peer *p, struct ms_span message, struct ms_span tid)
{
	struct ms_span from = field(message, "\r\nFrom-Path: "),
		       to = field(message, "\r\nTo-Path: ");

	ms_buf_printf(&p->out,
		      "MSRP %.*s 200 OK\r\nTo-Path: %.*s\r\nFrom-Path: %.*s\r\n-------%.*s$\r\n",
		      MS_SPAN_FMT(tid), MS_SPAN_FMT(from), MS_SPAN_FMT(to), MS_SPAN_FMT(tid));
}

/* The pair a second peer belongs to: the digits behind "/b" in its own path. */
static struct pair *pair_of(struct ms_span message)
{
	struct ms_span to = field(message, "\r\nTo-Path: ");
	size_t at = ms_span_find_span(to, MS_SPAN_LIT("/b"));
	struct ms_span digits = ms_span_from(to, at + 2);
	uint64_t n;

	if (ms_span_u64(ms_span_sub(digits, 0, ms_span_find(digits, ';')), g.pairs - 1, &n) < 0)
		die("a message for nobody");
	return &g.list[n];
}

static void advance(struct pair *x)
{
	uint64_t done = x->answered < x->arrived ? x->answered : x->arrived;

	g.done += done - x->done;
	x->done = done;
	while (x->sent - x->done < g.window)
		put_send(x);
}

static void on_message(struct peer *p, struct ms_span message)
{
	struct ms_span tid = ms_span_sub(ms_span_from(message, 5), 0,
					 ms_span_find(ms_span_from(message, 5), ' '));
	struct ms_span what = ms_span_from(message, 5 + tid.len + 1);

	if (ms_span_starts(what, MS_SPAN_LIT("SEND"))) {
		if (!p->pair) {
			p->pair = pair_of(message);
			p->pair->second = p;
		}
		put_answer(p, message, tid);
		p->pair->arrived++;
		advance(p->pair);
	} else if (ms_span_starts(what, MS_SPAN_LIT("200"))) {
		if (p->pair && p == p->pair->first) {
			p->pair->answered++;
			advance(p->pair);
		}
	} else {
		fprintf(stderr, "%.*s\n", MS_SPAN_FMT(message));
		die("an error came back");
	}
}

/* Whole messages at the front of what came. */
static size_t take(struct peer *p)
{
	struct ms_span rest = ms_span_of(p->in, p->have);

	for (;;) {
		size_t end = ms_span_find_span(rest, MS_SPAN_LIT("\r\n-------"));
		struct ms_span tail = ms_span_from(rest, end + 9);
		size_t lf = ms_span_find(tail, '\n');

		if (end == rest.len || lf == tail.len)
			return p->have - rest.len;
		on_message(p, ms_span_sub(rest, 0, end + 9 + lf + 1));
		rest = ms_span_from(tail, lf + 1);
	}
}

static void receive(struct peer *p)
{
	ssize_t n = recv(p->fd, p->in + p->have, IN - p->have, 0);

	if (n <= 0)
		die("a connection ended");
	p->have += (size_t)n;
	size_t used = take(p);
	memmove(p->in, p->in + used, p->have - used);
	p->have -= used;
	if (p->out.len)
		flush(p);
	if (p->pair && p->pair->first->out.len)
		flush(p->pair->first);
}

static void turn(int timeout)
{
	struct epoll_event events[64];
	int n = epoll_wait(g.epoll, events, 64, timeout);

	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr)
			receive(events[i].data.ptr);
		else
			new_peer(NULL, accept(g.listener, NULL, NULL));
	}
}

/* ---- set-up ---- */

static void listen_backend(void)
{
	struct sockaddr_in a = address(g.backend);
	struct epoll_event e = { .events = EPOLLIN };
	int one = 1;

	g.listener = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(g.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(g.listener, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(g.listener, 1024) < 0 || epoll_ctl(g.epoll, EPOLL_CTL_ADD, g.listener, &e) < 0)
		die("listen");
}

/* AUTH, and the Use-Path of its answer. */
static void authenticate(struct peer *p, const char *from, char use_path[static 160])
{
	char text[1024];
	ssize_t n;

	ms_buf_printf(
		&p->out,
		"MSRP auth%05u AUTH\r\nTo-Path: msrp://%s:%u;tcp\r\nFrom-Path: %s\r\n-------auth%05u$\r\n",
		p->pair->number, g.host, g.port, from, p->pair->number);
	flush(p);
	n = recv(p->fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		die("no answer to AUTH");
	struct ms_span path = field(ms_span_of(text, (size_t)n), "\r\nUse-Path: ");
	if (!path.len || ms_span_to_str(path, use_path, 160) < 0)
		die("no Use-Path");
}

static void make_pair(struct pair *x, unsigned i)
{
	char b[64];

	x->number = i;
	snprintf(x->from, sizeof(x->from), "msrp://peer.example:7001/a%u;tcp", i);
	snprintf(b, sizeof(b), "msrp://peer.example:7002/b%u;tcp", i);
	if (!g.relay) {
		snprintf(x->to, sizeof(x->to), "msrp://gate.example:9001/l%u;tcp", i);
		x->first = call(x, g.port + i);
		return;
	}
	x->first = call(x, g.port);
	x->second = call(x, g.port);
	authenticate(x->first, x->from, x->tokens[0]);
	authenticate(x->second, b, x->tokens[1]);
	snprintf(x->to, sizeof(x->to), "%s %s", x->tokens[1], b);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run(double seconds)
{
	double end = now() + seconds;

	while (now() < end)
		turn(100);
}

int main(int argc, char **argv)
{
	uint64_t v[5];
	char line[64];

	for (int i = 0; argc == 8 && i < 5; i++)
		if (ms_span_u64(ms_span_str(argv[3 + i]), 65535, &v[i]) < 0)
			die("numbers are needed");
	if (argc != 8)
		die("usage: gate|relay HOST PORT BACKEND_PORT PAIRS WINDOW SIZE");
	g.relay = strcmp(argv[1], "relay") == 0;
	g.host = argv[2];
	g.port = (uint16_t)v[0];
	g.backend = (uint16_t)v[1];
	g.pairs = (unsigned)v[2];
	g.window = (unsigned)v[3];
	g.size = (unsigned)v[4];
	g.epoll = epoll_create1(0);
	g.list = ms_zalloc(g.pairs * sizeof(*g.list));
	if (!g.list)
		die("memory");
	if (!g.relay)
		listen_backend();
	for (unsigned i = 0; i < g.pairs; i++)
		make_pair(&g.list[i], i);
	for (unsigned i = 0; i < g.pairs; i++) {
		advance(&g.list[i]);
		flush(g.list[i].first);
	}
	run(0.3);
	if (!g.done)
		die("nothing passes");
	printf("ready\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		uint64_t before = g.done;
		run(strtod(line, NULL));
		printf("%llu\n", (unsigned long long)(g.done - before));
		fflush(stdout);
	}
	return EXIT_SUCCESS;
}
