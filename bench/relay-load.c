/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load for a gateway that relays TLS (or TCP) to TCP: its clients and the backend behind it, in one
 * epoll loop. A command is one line on standard input, its answer one line of JSON on standard output.
 *
 *   bench-relay-load -t HOST:PORT [-n PORTS] -b HOST:PORT [-V 1.2|1.3] [-g GROUPS] [-c CERT -k KEY]
 *                    [-P HEXKEY] [-I IDENTITY] [-x] [-S] [-G PID,PID..] [-M HOST:PORT -A FILE]
 *
 *   -n   the gateway has PORTS ports from PORT on, each for one connection; others have one for all
 *   -x   plain TCP instead of TLS;  -S  no backend of our own;  -G  whose CPU time answers tell
 *   -M   the gateway's controller, too (relay-mgc.h): each of `calls` is set up by -A and torn down
 *
 *   connect N CONC        opens N connections and keeps them
 *   setups SECS CONC      connections in a loop: TCP, TLS, one octet from the backend, close_notify, FIN
 *   echo RATE SECS SIZE   messages over kept connections at random, echoed; round trips from when due
 *   up SECS N             N new connections, client to backend
 *   down SECS N           N new connections, backend to client
 *   ports P,P,..          the gateway's ports, instead of -n
 *   calls N CONC          N set-ups, each with its commands if we are the controller
 *   burst N SECS          N set-ups begun at once; waits at most SECS for all of them
 *   idle SECS             nothing
 *   close                 closes what is kept
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/buf.h"
#include "core/hex.h"
#include "loop/addr.h"
#include "relay-mgc.h"

#define PIDS_MAX 64
#define BLOCK 16384
#define AT_ONCE 16 /* events, connections accepted */

enum state { CONTROL, LISTENING, SERVING, CONNECTING, SHAKING, GREETING, KEPT, FLOWING, ENDING };
enum task { NOTHING, CONNECT, SETUPS, ECHO, UP, DOWN, BURST };

struct peer {
	int fd;
	enum state state;
	bool dead, source;
	uint32_t events;
	SSL *ssl;
	BIO *out; /* up: records not sent yet */
	size_t off;
	uint8_t *message; /* echo: its beginning */
	size_t got;
	size_t place;          /* in kept */
	struct mgc_call *call; /* whose connection it is */
	struct peer *next;     /* to be freed */
};

static struct {
	int epoll;
	struct ms_addr target, backend;
	unsigned ports, next_port;
	uint16_t *list; /* of ports; NULL: from the target's on */
	bool plain, commands;
	SSL_CTX *ssl;
	uint8_t psk[64];
	size_t n_psk;
	const char *identity;
	pid_t pids[PIDS_MAX];
	unsigned n_pids;
	struct peer **kept, *graves;
	size_t n_kept, room;
	enum task task;
	unsigned under_way;
	uint64_t done, failed, octets;
	size_t size; /* of a message */
	uint32_t *trips;
	size_t n_trips, room_trips;
	double window, cpu, own;
} l;

static uint8_t scratch[1 << 20];

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "relay-load: %s: %s\n", what, strerror(errno));
	exit(2);
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	return clock_gettime(clock, &t) ? 0 : (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double now(void)
{
	return seconds(CLOCK_MONOTONIC);
}

static double their_cpu(void)
{
	double sum = 0;
	clockid_t clock;

	for (unsigned i = 0; i < l.n_pids; i++)
		if (clock_getcpuclockid(l.pids[i], &clock) == 0)
			sum += seconds(clock);
	return sum;
}

/* ---- peers ---- */

static void watch(struct peer *p, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = p };

	if (p->events == events)
		return;
	if (epoll_ctl(l.epoll, p->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, p->fd, &e) < 0)
		die("epoll");
	p->events = events;
}

static struct peer *peer_new(int fd, enum state state, uint32_t events)
{
	struct peer *p = ms_zalloc(sizeof(*p));
	int one = 1;

	if (!p)
		die("memory");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	p->fd = fd;
	p->state = state;
	p->place = SIZE_MAX;
	watch(p, events);
	return p;
}

static void peer_end(struct peer *p)
{
	if (p->dead)
		return;
	p->dead = true;
	if (p->place != SIZE_MAX) {
		l.kept[p->place] = l.kept[--l.n_kept];
		l.kept[p->place]->place = p->place;
	}
	SSL_free(p->ssl);
	close(p->fd);
	ms_free(p->message);
	p->next = l.graves;
	l.graves = p;
}

static bool is_under_way(const struct peer *p)
{
	return p->state == CONNECTING || p->state == SHAKING || p->state == GREETING ||
	       p->state == ENDING;
}

/* With commands it is the call that is under way. */
static void over(struct peer *p)
{
	if (p->call)
		mgc_ended(p->call);
	else
		l.under_way--;
	p->call = NULL;
}

static void peer_failed(struct peer *p)
{
	if (is_under_way(p))
		over(p);
	l.failed += p->state != ENDING;
	peer_end(p);
}

static struct peer *connect_to(const struct ms_addr *to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return NULL;
	if (connect(fd, &to->u.sa, to->len) < 0 && errno != EINPROGRESS) {
		close(fd);
		l.failed++;
		return NULL;
	}
	return peer_new(fd, CONNECTING, EPOLLOUT);
}

static bool start_one(void)
{
	struct ms_addr to = l.target;

	if (l.list)
		ms_addr_set_port(&to, l.list[l.next_port++ % l.ports]);
	else if (l.ports > 1)
		ms_addr_set_port(&to, (uint16_t)(ms_addr_port(&to) + l.next_port++ % l.ports));
	if (!connect_to(&to))
		return false;
	l.under_way++;
	return true;
}

/* ---- calls with commands ---- */

static void call_set_up(struct mgc_call *c, uint16_t port)
{
	struct ms_addr to = l.target;
	struct peer *p;

	ms_addr_set_port(&to, port);
	p = connect_to(&to);
	if (p)
		p->call = c;
	else
		mgc_ended(c);
}

static void call_torn_down(struct mgc_call *c MS_UNUSED, bool whole)
{
	l.under_way--;
	l.failed += !whole;
}

static void open_control(const char *at, const char *actions)
{
	static const struct mgc_handlers handlers = { call_set_up, call_torn_down };
	struct ms_addr a;

	if (!actions || ms_addr_parse(ms_span_str(at), 2944, &a))
		die("-M");
	peer_new(mgc_open(&a, actions, &handlers), CONTROL, EPOLLIN);
	l.commands = true;
}

static void keep(struct peer *p)
{
	if (l.n_kept == l.room) {
		l.room = l.room ? 2 * l.room : 1024;
		l.kept = ms_realloc(l.kept, l.room * sizeof(struct peer *));
		if (!l.kept)
			die("memory");
	}
	p->place = l.n_kept;
	l.kept[l.n_kept++] = p;
	p->state = KEPT;
	l.under_way--;
	watch(p, EPOLLIN);
}

/* ---- octets of clients ---- */

/* As recv(): octets, 0 at the end, -1 with EAGAIN. */
static ssize_t take(struct peer *p, void *to, size_t n)
{
	int r;

	if (!p->ssl)
		return recv(p->fd, to, n, 0);
	r = SSL_read(p->ssl, to, (int)n);
	if (r > 0)
		return r;
	errno = SSL_get_error(p->ssl, r) == SSL_ERROR_WANT_READ ? EAGAIN : EPROTO;
	return -1;
}

static bool give(struct peer *p, const void *from, size_t n)
{
	if (!p->ssl)
		return send(p->fd, from, n, MSG_NOSIGNAL) == (ssize_t)n;
	return SSL_write(p->ssl, from, (int)n) == (int)n;
}

static void write_up(struct peer *p)
{
	uint8_t *octets = scratch;
	long n = 1 << 18;
	ssize_t sent;

	if (p->out && BIO_get_mem_data(p->out, &octets) == (long)p->off) {
		(void)BIO_reset(p->out);
		p->off = 0;
		for (int i = 0; i < 8; i++)
			if (SSL_write(p->ssl, scratch, BLOCK) <= 0)
				die("SSL_write");
	}
	if (p->out)
		n = BIO_get_mem_data(p->out, &octets);
	sent = send(p->fd, octets + p->off, (size_t)n - p->off, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN)
		peer_failed(p);
	else if (sent > 0 && p->out)
		p->off += (size_t)sent;
}

/* What comes down is counted, not decrypted: the gateway is what is measured. */
static void read_down(struct peer *p)
{
	ssize_t n = recv(p->fd, scratch, 1 << 20, MSG_TRUNC);

	if (n > 0)
		l.octets += (uint64_t)n;
	else if (n == 0 || errno != EAGAIN)
		peer_failed(p);
}

static void flow(struct peer *p)
{
	p->state = FLOWING;
	if (l.task == UP && p->ssl) {
		p->out = BIO_new(BIO_s_mem());
		SSL_set0_wbio(p->ssl, p->out);
	}
	if (l.task == DOWN && !give(p, "g", 1))
		peer_failed(p);
	else
		watch(p, l.task == UP ? EPOLLOUT : EPOLLIN);
}

static void greeted(struct peer *p)
{
	l.done++;
	if (l.task == SETUPS || l.task == BURST) {
		if (p->ssl)
			SSL_shutdown(p->ssl);
		shutdown(p->fd, SHUT_WR);
		p->state = ENDING;
		return;
	}
	keep(p);
	if (l.task == UP || l.task == DOWN)
		flow(p);
}

static void read_greeting(struct peer *p)
{
	uint8_t octet;
	ssize_t n = take(p, &octet, 1);

	if (n == 1)
		greeted(p);
	else if (n == 0 || errno != EAGAIN)
		peer_failed(p);
}

static void shake(struct peer *p)
{
	int r = SSL_do_handshake(p->ssl), e;

	if (r == 1) {
		p->state = GREETING;
		watch(p, EPOLLIN);
		read_greeting(p);
		return;
	}
	e = SSL_get_error(p->ssl, r);
	if (e == SSL_ERROR_WANT_READ) {
		watch(p, EPOLLIN);
		return;
	}
	if (l.failed < 3)
		ERR_print_errors_fp(stderr);
	ERR_clear_error();
	peer_failed(p);
}

static void connected(struct peer *p)
{
	int err = 0;
	socklen_t len = sizeof(err);

	getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err) {
		peer_failed(p);
		return;
	}
	p->state = GREETING;
	watch(p, EPOLLIN);
	if (l.plain)
		return;
	p->state = SHAKING;
	p->ssl = SSL_new(l.ssl);
	if (!p->ssl || SSL_set_fd(p->ssl, p->fd) != 1)
		die("SSL");
	SSL_set_connect_state(p->ssl);
	shake(p);
}

static void message_back(struct peer *p)
{
	double due, us;

	memcpy(&due, p->message, sizeof(due));
	us = (now() - due) * 1e6;
	if (l.n_trips < l.room_trips)
		l.trips[l.n_trips++] = us < 4e8 ? (uint32_t)(us * 10) : 4000000000u;
	p->got = 0;
}

static void read_echo(struct peer *p)
{
	ssize_t n;

	if (!p->message)
		p->message = ms_zalloc(BLOCK);
	for (;;) {
		n = take(p, p->message + p->got, (l.size ? l.size : BLOCK) - p->got);
		if (n <= 0) {
			if (n == 0 || errno != EAGAIN)
				peer_failed(p);
			return;
		}
		p->got += (size_t)n;
		if (l.size && p->got == l.size)
			message_back(p);
	}
}

static void read_end(struct peer *p)
{
	ssize_t n = recv(p->fd, scratch, sizeof(scratch), 0);

	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		over(p);
		peer_end(p);
	}
}

/* ---- the backend ---- */

static void serve(struct peer *p, uint32_t events)
{
	ssize_t n;

	if (p->source && events & EPOLLOUT && send(p->fd, scratch, 1 << 18, MSG_NOSIGNAL) < 0 &&
	    errno != EAGAIN) {
		peer_end(p);
		return;
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = recv(p->fd, scratch, l.task == UP ? 1 << 20 : sizeof(scratch),
		 l.task == UP ? MSG_TRUNC : 0);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			peer_end(p);
		return;
	}
	if (l.task == UP) {
		l.octets += (uint64_t)n;
	} else if (l.task == DOWN) {
		p->source = true;
		watch(p, EPOLLIN | EPOLLOUT);
	} else if (send(p->fd, scratch, (size_t)n, MSG_NOSIGNAL) != n) {
		die("echo");
	}
}

/* Some of those that wait: in a burst the messages of other connections come in between. */
static void accept_some(struct peer *listener)
{
	for (int i = 0; i < AT_ONCE; i++) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		peer_new(fd, SERVING, EPOLLIN);
		if (send(fd, "h", 1, MSG_NOSIGNAL) != 1)
			die("greeting");
	}
}

static void handle(struct peer *p, uint32_t events)
{
	switch (p->state) {
	case CONTROL:
		mgc_receive();
		break;
	case LISTENING:
		accept_some(p);
		break;
	case SERVING:
		serve(p, events);
		break;
	case CONNECTING:
		connected(p);
		break;
	case SHAKING:
		shake(p);
		break;
	case GREETING:
		read_greeting(p);
		break;
	case KEPT:
		read_echo(p);
		break;
	case FLOWING:
		if (l.task == UP && events & EPOLLOUT)
			write_up(p);
		else
			read_down(p);
		break;
	case ENDING:
		read_end(p);
		break;
	}
}

static void turn_until(double wait)
{
	struct timespec t = { .tv_sec = (time_t)wait,
			      .tv_nsec = (long)((wait - (double)(time_t)wait) * 1e9) };
	struct epoll_event e[AT_ONCE];
	int n = epoll_pwait2(l.epoll, e, AT_ONCE, &t, NULL);

	for (int i = 0; i < n; i++) {
		struct peer *p = e[i].data.ptr;

		if (!p->dead)
			handle(p, e[i].events);
	}
	while (l.graves) {
		struct peer *p = l.graves;

		l.graves = p->next;
		ms_free(p);
	}
}

static void turn(int ms)
{
	turn_until(ms / 1000.0);
}

static void turn_for(double secs)
{
	double end = now() + secs;

	while (now() < end)
		turn(5);
}

/* ---- commands ---- */

static void begin(enum task task)
{
	l.task = task;
	l.done = l.failed = l.octets = 0;
}

static void window(void)
{
	l.window = now();
	l.cpu = their_cpu();
	l.own = seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void answer(const char *command, const char *more)
{
	printf("{\"command\":\"%s\",\"wall\":%.4f,\"cpu\":%.6f,\"own_cpu\":%.4f,\"kept\":%zu,\"failed\":%lu%s}\n",
	       command, now() - l.window, their_cpu() - l.cpu,
	       seconds(CLOCK_PROCESS_CPUTIME_ID) - l.own, l.n_kept, l.failed, more);
	fflush(stdout);
}

static void turn_and_repeat(int ms)
{
	turn(ms);
	if (l.commands)
		mgc_again();
}

static bool start_another(void)
{
	if (!l.commands)
		return start_one();
	l.under_way++;
	mgc_begin();
	return true;
}

static void open_some(unsigned n, unsigned at_once, double limit)
{
	double end = now() + limit;
	uint64_t started = 0;

	while (l.done + l.failed < n && now() < end) {
		while (l.under_way < at_once && started < n) {
			started++;
			if (!start_another())
				break;
		}
		turn_and_repeat(20);
	}
}

static void do_connect(unsigned n, unsigned at_once)
{
	char more[64];

	begin(CONNECT);
	window();
	open_some(n, at_once, 120);
	snprintf(more, sizeof(more), ",\"done\":%lu", l.done);
	answer("connect", more);
}

static void do_setups(double secs, unsigned at_once)
{
	double start = now() + 0.5, end = start + secs;
	uint64_t before = 0;
	bool measuring = false;
	char more[64];

	begin(SETUPS);
	while (now() < end) {
		if (!measuring && now() >= start) {
			measuring = true;
			before = l.done;
			window();
		}
		while (l.under_way < at_once && start_one())
			;
		turn(20);
	}
	snprintf(more, sizeof(more), ",\"done\":%lu", l.done - before);
	answer("setups", more);
	for (end = now() + 3; l.under_way > 0 && now() < end;)
		turn(20);
	l.task = NOTHING;
}

static void do_calls(unsigned n, unsigned at_once)
{
	uint64_t again = l.commands ? mgc_again() : 0;
	char more[96];

	begin(SETUPS);
	window();
	open_some(n, at_once, 60);
	for (double end = now() + 5; l.under_way > 0 && now() < end;)
		turn_and_repeat(20);
	again = l.commands ? mgc_again() - again : 0;
	snprintf(more, sizeof(more), ",\"done\":%lu,\"repeated\":%lu", l.done, again);
	answer("calls", more);
	l.task = NOTHING;
}

static void do_ports(const char *text)
{
	struct ms_span rest = ms_span_str(text);
	uint64_t port;

	l.list = ms_realloc(l.list, (strlen(text) + 1) * sizeof(*l.list));
	if (!l.list)
		die("memory");
	for (l.ports = l.next_port = 0; rest.len > 0;)
		if (ms_span_u64(ms_span_cut(&rest, ','), 65535, &port) == 0)
			l.list[l.ports++] = (uint16_t)port;
	begin(NOTHING);
	window();
	answer("ports", "");
}

static void do_burst(unsigned n, double secs)
{
	char more[96];

	begin(BURST);
	window();
	open_some(n, n, secs);
	snprintf(more, sizeof(more), ",\"done\":%lu,\"asked\":%u", l.done, n);
	answer("burst", more);
	for (double end = now() + 3; l.under_way > 0 && now() < end;)
		turn(20);
	l.task = NOTHING;
}

static void do_flow(enum task task, double secs, unsigned n)
{
	char more[64];

	begin(task);
	open_some(n, 16, 30);
	turn_for(0.4);
	l.octets = 0;
	window();
	turn_for(secs);
	snprintf(more, sizeof(more), ",\"done\":%lu,\"octets\":%lu", l.done, l.octets);
	answer(task == UP ? "up" : "down", more);
	while (l.n_kept > 0)
		peer_end(l.kept[l.n_kept - 1]);
	turn_for(0.3);
	l.task = NOTHING;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double percentile(double p)
{
	return l.n_trips ? l.trips[(size_t)(p * (double)(l.n_trips - 1))] / 10.0 : -1;
}

static uint64_t send_due(double rate, double from, double until, uint64_t sent, uint8_t *message)
{
	static uint32_t chance = 1;

	for (; from + (double)sent / rate <= until && l.n_kept > 0; sent++) {
		double due = from + (double)sent / rate;

		chance = chance * 1664525u + 1013904223u;
		memcpy(message, &due, sizeof(due));
		if (!give(l.kept[(chance >> 8) % l.n_kept], message, l.size))
			l.failed++;
	}
	return sent;
}

static void do_echo(double rate, double secs, unsigned size)
{
	static uint8_t message[BLOCK];
	double start = now() + 0.2, measured = start + 0.5, end = measured + secs, wait;
	uint64_t sent = 0, before = 0;
	char more[192];

	if (size < 16 || size > sizeof(message))
		return;
	begin(ECHO);
	l.size = size;
	l.room_trips = (size_t)(rate * (secs + 1)) + 1000;
	l.trips = ms_realloc(l.trips, l.room_trips * sizeof(*l.trips));
	if (!l.trips)
		die("memory");
	for (bool measuring = false; now() < end;) {
		if (!measuring && now() >= measured) {
			measuring = true;
			l.n_trips = 0;
			before = sent;
			window();
		}
		sent = send_due(rate, start, now(), sent, message);
		wait = start + (double)sent / rate - now();
		turn_until(wait > 0 ? wait : 0);
	}
	double wall_cpu = their_cpu() - l.cpu;
	for (end = now() + 1; l.n_trips < sent - before && now() < end;)
		turn(0);
	qsort(l.trips, l.n_trips, sizeof(*l.trips), by_size);
	snprintf(
		more, sizeof(more),
		",\"sent\":%lu,\"back\":%zu,\"echo_cpu\":%.6f,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f",
		sent - before, l.n_trips, wall_cpu, percentile(0.5), percentile(0.99),
		percentile(0.999), percentile(1));
	answer("echo", more);
	l.task = NOTHING;
}

static void do_idle(double secs)
{
	begin(NOTHING);
	window();
	turn_for(secs);
	answer("idle", "");
}

static void do_close(void)
{
	begin(NOTHING);
	window();
	while (l.n_kept > 0)
		peer_end(l.kept[l.n_kept - 1]);
	turn_for(0.5);
	answer("close", "");
}

static void command(char *line)
{
	double a, b;
	unsigned n, m;

	if (sscanf(line, "connect %u %u", &n, &m) == 2)
		do_connect(n, m);
	else if (sscanf(line, "setups %lf %u", &a, &n) == 2)
		do_setups(a, n);
	else if (sscanf(line, "echo %lf %lf %u", &a, &b, &n) == 3)
		do_echo(a, b, n);
	else if (sscanf(line, "up %lf %u", &a, &n) == 2)
		do_flow(UP, a, n);
	else if (sscanf(line, "down %lf %u", &a, &n) == 2)
		do_flow(DOWN, a, n);
	else if (strncmp(line, "ports ", 6) == 0)
		do_ports(line + 6);
	else if (sscanf(line, "calls %u %u", &n, &m) == 2)
		do_calls(n, m);
	else if (sscanf(line, "burst %u %lf", &n, &a) == 2)
		do_burst(n, a);
	else if (sscanf(line, "idle %lf", &a) == 1)
		do_idle(a);
	else if (strncmp(line, "close", 5) == 0)
		do_close();
	else
		die(line);
}

/* ---- start ---- */

static unsigned psk_of(SSL *ssl, const char *hint, char *identity, unsigned room, uint8_t *psk,
		       unsigned psk_room)
{
	(void)ssl;
	(void)hint;
	if (l.n_psk > psk_room)
		return 0;
	snprintf(identity, room, "%s", l.identity);
	memcpy(psk, l.psk, l.n_psk);
	return (unsigned)l.n_psk;
}

static void open_tls(const char *version, const char *groups, const char *cert, const char *key)
{
	int v = strcmp(version, "1.3") == 0 ? TLS1_3_VERSION : TLS1_2_VERSION;

	l.ssl = SSL_CTX_new(TLS_client_method());
	if (!l.ssl)
		die("SSL_CTX");
	SSL_CTX_set_min_proto_version(l.ssl, v);
	SSL_CTX_set_max_proto_version(l.ssl, v);
	SSL_CTX_set_options(l.ssl, SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(l.ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(l.ssl, SSL_MODE_RELEASE_BUFFERS);
	if (groups && SSL_CTX_set1_groups_list(l.ssl, groups) != 1)
		die("groups");
	if (cert && (SSL_CTX_use_certificate_chain_file(l.ssl, cert) != 1 ||
		     SSL_CTX_use_PrivateKey_file(l.ssl, key, SSL_FILETYPE_PEM) != 1))
		die("certificate");
	if (l.n_psk > 0) {
		SSL_CTX_set_psk_client_callback(l.ssl, psk_of);
		if (SSL_CTX_set_cipher_list(l.ssl, "PSK-AES128-GCM-SHA256") != 1)
			die("suites");
	} else if (v == TLS1_2_VERSION &&
		   SSL_CTX_set_cipher_list(l.ssl, "ECDHE-ECDSA-AES128-GCM-SHA256") != 1) {
		die("suites");
	} else if (v == TLS1_3_VERSION &&
		   SSL_CTX_set_ciphersuites(l.ssl, "TLS_AES_128_GCM_SHA256") != 1) {
		die("suites");
	}
}

static void open_backend(void)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &l.backend.u.sa, l.backend.len) < 0 || listen(fd, 65535) < 0)
		die("backend");
	peer_new(fd, LISTENING, EPOLLIN);
}

static void take_pids(const char *text)
{
	struct ms_span rest = ms_span_str(text);
	uint64_t pid;

	while (rest.len > 0 && l.n_pids < PIDS_MAX)
		if (ms_span_u64(ms_span_cut(&rest, ','), 1u << 30, &pid) == 0)
			l.pids[l.n_pids++] = (pid_t)pid;
}

static void take_key(const char *text)
{
	struct ms_buf b;

	ms_buf_init_fixed(&b, l.psk, sizeof(l.psk));
	if (ms_hex_decode(&b, ms_span_str(text)))
		die("-P");
	l.n_psk = b.len;
}

static unsigned number_of(const char *text)
{
	uint64_t v;

	if (ms_span_u64(ms_span_str(text), 65535, &v))
		die("number");
	return (unsigned)v;
}

static void more_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

int main(int argc, char **argv)
{
	const char *version = "1.2", *groups = NULL, *cert = NULL, *key = NULL;
	const char *control = NULL, *actions = NULL;
	bool backend = true;
	static char line[1 << 16];
	size_t n = 0;
	int o;

	l.ports = 1;
	l.identity = "";
	while ((o = getopt(argc, argv, "t:n:b:V:g:c:k:P:I:xSG:M:A:")) != -1) {
		if (o == 't' && ms_addr_parse(ms_span_str(optarg), 0, &l.target))
			die("-t");
		if (o == 'b' && ms_addr_parse(ms_span_str(optarg), 0, &l.backend))
			die("-b");
		if (o == 'n')
			l.ports = number_of(optarg);
		if (o == 'V')
			version = optarg;
		if (o == 'g')
			groups = optarg;
		if (o == 'c')
			cert = optarg;
		if (o == 'k')
			key = optarg;
		if (o == 'P')
			take_key(optarg);
		if (o == 'I')
			l.identity = optarg;
		if (o == 'x')
			l.plain = true;
		if (o == 'S')
			backend = false;
		if (o == 'G')
			take_pids(optarg);
		if (o == 'M')
			control = optarg;
		if (o == 'A')
			actions = optarg;
	}
	more_files();
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	if (!l.plain)
		open_tls(version, groups, cert, key);
	if (backend)
		open_backend();
	if (control)
		open_control(control, actions);
	fcntl(0, F_SETFL, O_NONBLOCK);
	printf("ready\n");
	fflush(stdout);
	/* The backend is served between commands too. */
	for (;;) {
		ssize_t r = read(0, line + n, 1);

		if (r == 0)
			return 0;
		if (r < 0) {
			turn(10);
		} else if (line[n] == '\n') {
			line[n] = 0;
			n = 0;
			command(line);
		} else if (n < sizeof(line) - 2) {
			n++;
		}
	}
}
