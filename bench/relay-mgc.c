/* SPDX-License-Identifier: Apache-2.0 */
#include "relay-mgc.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "core/alloc.h"

#define AGAIN 0.5
#define TEXT_MAX 65536

enum state { ADDING, STANDING, SUBTRACTING };

struct mgc_call {
	enum state state;
	uint32_t transaction; /* of the request under way */
	uint32_t acked;       /* reply to be acknowledged with the next request; 0: none */
	uint32_t context;
	bool ended, notified;
	double sent;
	struct mgc_call *next, *before; /* all of them */
};

static struct {
	int fd;
	struct ms_addr gateway;
	struct mgc_handlers h;
	char actions[8192];
	uint32_t next;
	uint32_t acked; /* a reply that goes with the next request */
	struct mgc_call *all;
	struct mgc_call *by_transaction[65536], *by_context[65536];
	double looked;
	uint64_t repeated;
} m;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "relay-mgc: %s: %s\n", what, strerror(errno));
	exit(2);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- requests ---- */

static void transmit(const char *text, int n)
{
	if (sendto(m.fd, text, (size_t)n, 0, &m.gateway.u.sa, m.gateway.len) < 0 &&
	    errno != EAGAIN && errno != ENOBUFS)
		die("sendto");
}

static void send_request(struct mgc_call *c)
{
	char text[9000], ack[32] = "";
	int n;

	if (c->acked)
		(void)snprintf(ack, sizeof(ack), "K{%u}", c->acked);
	if (c->state == ADDING)
		n = snprintf(text, sizeof(text), "!/2 <m>\n%sT=%u{%s}", ack, c->transaction,
			     m.actions);
	else
		n = snprintf(text, sizeof(text), "!/2 <m>\n%sT=%u{C=%u{W-S=*{AT{}}}}", ack,
			     c->transaction, c->context);
	c->sent = now();
	transmit(text, n);
}

static void request(struct mgc_call *c, enum state state)
{
	c->state = state;
	c->transaction = ++m.next;
	m.by_transaction[c->transaction & 65535] = c;
	send_request(c);
}

void mgc_begin(void)
{
	struct mgc_call *c = ms_zalloc(sizeof(*c));

	if (!c)
		die("memory");
	c->acked = m.acked;
	m.acked = 0;
	c->next = m.all;
	if (m.all)
		m.all->before = c;
	m.all = c;
	request(c, ADDING);
}

static void go_on(struct mgc_call *c)
{
	if (c->state == STANDING && c->ended && c->notified)
		request(c, SUBTRACTING);
}

void mgc_ended(struct mgc_call *c)
{
	c->ended = true;
	go_on(c);
}

static void forget(struct mgc_call *c, bool whole)
{
	m.h.torn_down(c, whole);
	m.acked = c->acked;
	if (m.by_context[c->context & 65535] == c)
		m.by_context[c->context & 65535] = NULL;
	m.by_transaction[c->transaction & 65535] = NULL;
	if (c->before)
		c->before->next = c->next;
	else
		m.all = c->next;
	if (c->next)
		c->next->before = c->before;
	ms_free(c);
}

/* ---- what comes ---- */

static uint32_t number_after(const char *text, const char *what)
{
	const char *p = strstr(text, what);

	return p ? (uint32_t)strtoul(p + strlen(what), NULL, 10) : 0;
}

/* The port of the second media line. */
static uint16_t second_port(const char *text)
{
	const char *p = strstr(text, "m=");

	p = p ? strstr(p + 2, "m=") : NULL;
	p = p ? strchr(p, ' ') : NULL;
	return p ? (uint16_t)strtoul(p, NULL, 10) : 0;
}

static void take_reply(const char *text)
{
	uint32_t transaction = number_after(text, "P=");
	struct mgc_call *c = m.by_transaction[transaction & 65535];
	uint16_t port = second_port(text);

	if (!c || c->transaction != transaction || c->state == STANDING)
		return;
	c->acked = transaction;
	if (c->state == SUBTRACTING || strstr(text, "ER=") || port == 0) {
		if (c->state == ADDING)
			fprintf(stderr, "relay-mgc: refused: %s\n", text);
		forget(c, c->state == SUBTRACTING);
		return;
	}
	c->state = STANDING;
	c->context = number_after(text, "C=");
	m.by_context[c->context & 65535] = c;
	m.h.set_up(c, port);
}

/* Of a call, or the registration. */
static void take_request(const char *text)
{
	uint32_t transaction = number_after(text, "T="), context = number_after(text, "C=");
	struct mgc_call *c = m.by_context[context & 65535];
	const char *name = strstr(text, "N=");
	char answer[256];
	int n;

	if (strstr(text, "SC=ROOT"))
		n = snprintf(answer, sizeof(answer), "!/1 <m>\nP=%u{C=-{SC=ROOT{SV{V=2}}}}",
			     transaction);
	else if (name)
		n = snprintf(answer, sizeof(answer), "!/2 <m>\nP=%u{C=%u{N=%.*s}}", transaction,
			     context, (int)strcspn(name + 2, "{},"), name + 2);
	else
		return;
	transmit(answer, n);
	if (c && c->context == context && strstr(text, "g/cause")) {
		c->notified = true;
		go_on(c);
	}
}

/* The gateway gathers transactions: each on its own. */
static void take(char *text)
{
	char *p = strchr(text, '\n'), *next;

	for (p = p ? p + 1 : text; *p; p = next) {
		bool reply = p[0] == 'P';
		int depth = 0;

		for (next = p; *next; next++) {
			depth += *next == '{' ? 1 : *next == '}' ? -1 : 0;
			if (*next == '}' && depth == 0)
				break;
		}
		if (*next)
			next++;
		char kept = *next;
		*next = 0;
		if (reply && p[1] == '=')
			take_reply(p);
		else if (p[0] == 'T')
			take_request(p);
		*next = kept;
		while (*next == '\n' || *next == '\r' || *next == ' ')
			next++;
	}
}

void mgc_receive(void)
{
	static char text[TEXT_MAX];
	struct ms_addr from = { .len = sizeof(from.u) };
	ssize_t n;

	while ((n = recvfrom(m.fd, text, sizeof(text) - 1, MSG_DONTWAIT, &from.u.sa, &from.len)) >
	       0) {
		text[n] = 0;
		m.gateway = from;
		take(text);
	}
}

uint64_t mgc_again(void)
{
	double t = now();

	if (t - m.looked < AGAIN / 5)
		return m.repeated;
	m.looked = t;
	for (struct mgc_call *c = m.all; c; c = c->next)
		if (c->state != STANDING && t - c->sent > AGAIN) {
			m.repeated++;
			send_request(c);
		}
	return m.repeated;
}

/* ---- start ---- */

static void read_actions(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(m.actions, 1, sizeof(m.actions) - 1, f) : 0;

	if (n == 0)
		die(path);
	fclose(f);
}

int mgc_open(const struct ms_addr *at, const char *path, const struct mgc_handlers *h)
{
	int size = 8 << 20;

	m.h = *h;
	read_actions(path);
	m.fd = socket(ms_addr_family(at), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (m.fd < 0 || bind(m.fd, &at->u.sa, at->len) < 0)
		die("bind");
	setsockopt(m.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (unsigned i = 0; m.gateway.len == 0 && i < 100; i++) {
		struct pollfd p = { .fd = m.fd, .events = POLLIN };

		if (poll(&p, 1, 100) > 0)
			mgc_receive();
	}
	if (m.gateway.len == 0)
		die("no gateway has registered");
	return m.fd;
}
