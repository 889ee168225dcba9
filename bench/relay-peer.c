/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of the load, the backend among them, and the loop that serves them. */
#include "relay-load.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/alloc.h"

#define AT_ONCE 16 /* events, connections accepted */

struct load load = { .ports = 1, .identity = "" };
uint8_t load_scratch[1 << 20];

_Noreturn void load_die(const char *what)
{
	fprintf(stderr, "relay-load: %s: %s\n", what, strerror(errno));
	exit(2);
}

double load_seconds(clockid_t clock)
{
	struct timespec t;

	return clock_gettime(clock, &t) ? 0 : (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double load_now(void)
{
	return load_seconds(CLOCK_MONOTONIC);
}

double load_cpu(void)
{
	double sum = 0;
	clockid_t clock;

	for (unsigned i = 0; i < load.n_pids; i++)
		if (clock_getcpuclockid(load.pids[i], &clock) == 0)
			sum += load_seconds(clock);
	return sum;
}

/* ---- peers ---- */

void peer_watch(struct peer *p, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = p };

	if (p->events == events)
		return;
	if (epoll_ctl(load.epoll, p->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, p->fd, &e) < 0)
		load_die("epoll");
	p->events = events;
}

struct peer *peer_new(int fd, enum state state, uint32_t events)
{
	struct peer *p = ms_zalloc(sizeof(*p));
	int one = 1;

	if (!p)
		load_die("memory");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	p->fd = fd;
	p->state = state;
	p->place = SIZE_MAX;
	peer_watch(p, events);
	return p;
}

void peer_end(struct peer *p)
{
	if (p->dead)
		return;
	p->dead = true;
	if (p->place != SIZE_MAX) {
		load.kept[p->place] = load.kept[--load.n_kept];
		load.kept[p->place]->place = p->place;
	}
	SSL_free(p->ssl);
	close(p->fd);
	ms_free(p->message);
	p->next = load.graves;
	load.graves = p;
}

static bool is_under_way(const struct peer *p)
{
	return p->state == CONNECTING || p->state == SHAKING || p->state == GREETING ||
	       p->state == ENDING;
}

void peer_over(struct peer *p)
{
	if (p->call)
		mgc_ended(p->call);
	else
		load.under_way--;
	p->call = NULL;
}

void peer_failed(struct peer *p)
{
	if (is_under_way(p))
		peer_over(p);
	load.failed += p->state != ENDING;
	peer_end(p);
}

struct peer *peer_connect(const struct ms_addr *to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return NULL;
	if (connect(fd, &to->u.sa, to->len) < 0 && errno != EINPROGRESS) {
		close(fd);
		load.failed++;
		return NULL;
	}
	return peer_new(fd, CONNECTING, EPOLLOUT);
}

/* ---- the backend ---- */

static void serve(struct peer *p, uint32_t events)
{
	ssize_t n;

	if (p->source && events & EPOLLOUT &&
	    send(p->fd, load_scratch, 1 << 18, MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
		peer_end(p);
		return;
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = recv(p->fd, load_scratch, load.task == UP ? 1 << 20 : sizeof(load_scratch),
		 load.task == UP ? MSG_TRUNC : 0);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			peer_end(p);
		return;
	}
	if (load.task == UP) {
		load.octets += (uint64_t)n;
	} else if (load.task == DOWN) {
		p->source = true;
		peer_watch(p, EPOLLIN | EPOLLOUT);
	} else if (send(p->fd, load_scratch, (size_t)n, MSG_NOSIGNAL) != n) {
		load_die("echo");
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
			load_die("greeting");
	}
}

void load_open_backend(void)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &load.backend.u.sa, load.backend.len) < 0 || listen(fd, 65535) < 0)
		load_die("backend");
	peer_new(fd, LISTENING, EPOLLIN);
}

/* ---- the loop ---- */

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
		client_connected(p);
		break;
	case SHAKING:
		client_shake(p);
		break;
	case GREETING:
		client_greeting(p);
		break;
	case KEPT:
		client_echo(p);
		break;
	case FLOWING:
		if (load.task == UP && events & EPOLLOUT)
			client_write_up(p);
		else
			client_read_down(p);
		break;
	case ENDING:
		client_end(p);
		break;
	}
}

void load_turn_until(double wait)
{
	struct timespec t = { .tv_sec = (time_t)wait,
			      .tv_nsec = (long)((wait - (double)(time_t)wait) * 1e9) };
	struct epoll_event e[AT_ONCE];
	int n = epoll_pwait2(load.epoll, e, AT_ONCE, &t, NULL);

	for (int i = 0; i < n; i++) {
		struct peer *p = e[i].data.ptr;

		if (!p->dead)
			handle(p, e[i].events);
	}
	while (load.graves) {
		struct peer *p = load.graves;

		load.graves = p->next;
		ms_free(p);
	}
}

void load_turn(int ms)
{
	load_turn_until(ms / 1000.0);
}

void load_turn_for(double secs)
{
	double end = load_now() + secs;

	while (load_now() < end)
		load_turn(5);
}
