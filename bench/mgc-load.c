/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-mgc-load PORT FLIGHT SECONDS MODE: a controller at 127.0.0.1:PORT that waits for a gateway to
 * register and then sets contexts of two terminations up and tears them down, FLIGHT at a time, by
 * compact text over UDP. MODE: Inactive (the gates stay closed: the media plane has nothing to do) or
 * SendReceive (they open). Prints contexts a second, the longest answer in
 * microseconds, refusals and repetitions.
 *
 * Each transaction is a message of its own, as over a real Iq (TS 29.334 clause 5.10.1: typically 1).
 * Replies are acknowledged with the next request (TransactionResponseAck), so that the gateway need not
 * keep them for LONG-TIMER. Lost datagrams are sent again after 200 ms.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 1024
#define AGAIN 200000 /* us */

/* One context at a time in each slot: set up, then torn down. */
struct slot {
	uint32_t transaction;
	int64_t sent;
	uint32_t acked; /* reply to be acknowledged with the next request; 0: none */
	bool ending;
	char context[16];
};

static struct slot slots[MOST];
static struct slot *by_transaction[65536];
static unsigned flight;
static int fd;
static struct sockaddr_in gateway;
static const char *mode;
static uint32_t next_transaction = 1;
static uint64_t done, failed, repeated;
static int64_t longest;

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what)
{
	fprintf(stderr, "bench-mgc-load: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* ---- sending ---- */

static void transmit(const char *text, size_t n)
{
	if (sendto(fd, text, n, 0, (struct sockaddr *)&gateway, sizeof(gateway)) < 0 &&
	    errno != EAGAIN && errno != ENOBUFS)
		die("sendto");
}

static void send_slot(struct slot *s)
{
	char text[1200], ack[32] = "";
	int n;

	if (s->acked)
		(void)snprintf(ack, sizeof(ack), "K{%u}", s->acked);
	if (s->ending)
		n = snprintf(text, sizeof(text), "!/2 <m>\n%sT=%u{C=%s{W-S=*{AT{}}}}", ack,
			     s->transaction, s->context);
	else
		n = snprintf(
			text, sizeof(text),
			"!/2 <m>\n%sT=%u{C=${A=${M{ST=1{O{MO=%s,ipdc/realm=\"core\"},L{v=0\nc=IN IP4 $\n"
			"m=- $ TCP -\n}}},E=1{g/cause,tcpbcc/BNCChange{ST=1},hangterm/thb{timerx=300}}},"
			"A=${M{ST=1{O{MO=%s,ipdc/realm=\"access\"},L{v=0\nc=IN IP4 $\nm=- $ TCP -\n}}},"
			"E=1{g/cause,tcpbcc/BNCChange{ST=1},hangterm/thb{timerx=300}}}}}",
			ack, s->transaction, mode, mode);
	s->sent = now_us();
	transmit(text, (size_t)n);
}

static void begin(struct slot *s, bool ending)
{
	s->ending = ending;
	s->transaction = next_transaction++;
	by_transaction[s->transaction & 65535] = s;
	send_slot(s);
}

/* ---- receiving ---- */

/* Digits after `what`; false: it is not there. */
static bool number_after(const char *text, const char *what, char *to, size_t size)
{
	const char *p = strstr(text, what);
	size_t n = 0;

	if (!p)
		return false;
	p += strlen(what);
	while (*p == ' ')
		p++;
	while (n + 1 < size && p[n] >= '0' && p[n] <= '9')
		n++;
	memcpy(to, p, n);
	to[n] = 0;
	return n > 0;
}

static void take_reply(const char *text, const char *number)
{
	uint32_t transaction = (uint32_t)strtoul(number, NULL, 10);
	struct slot *s = by_transaction[transaction & 65535];
	int64_t took;

	if (!s || s->transaction != transaction)
		return;
	took = now_us() - s->sent;
	longest = took > longest ? took : longest;
	s->acked = transaction;
	if (strstr(text, "ER=")) {
		if (!failed++)
			fprintf(stderr, "bench-mgc-load: refused: %s\n", text);
		begin(s, false);
	} else if (s->ending) {
		done++;
		begin(s, false);
	} else if (number_after(text, "C=", s->context, sizeof(s->context))) {
		begin(s, true);
	}
}

static void take(char *text, const struct sockaddr_in *from)
{
	char number[16], answer[256];
	int n;

	/* the gateway gathers replies: each on its own */
	for (char *p = strstr(text, "P="), *next; p; p = next) {
		next = strstr(p + 2, "P=");
		if (next)
			next[-1] = 0;
		if (number_after(p, "P=", number, sizeof(number)))
			take_reply(p, number);
	}
	if (strstr(text, "SC=ROOT") && number_after(text, "T=", number, sizeof(number))) {
		gateway = *from;
		n = snprintf(answer, sizeof(answer), "!/1 <m>\nP=%s{C=-{SC=ROOT{SV{V=2}}}}",
			     number);
		transmit(answer, (size_t)n);
	}
}

static bool receive(int limit_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	static char text[65536];
	ssize_t n;
	bool any = false;

	if (poll(&p, 1, limit_ms) <= 0)
		return false;
	while ((n = recvfrom(fd, text, sizeof(text) - 1, MSG_DONTWAIT, (struct sockaddr *)&from,
			     &len)) > 0) {
		text[n] = 0;
		take(text, &from);
		any = true;
	}
	return any;
}

static void again(void)
{
	int64_t now = now_us();

	for (unsigned i = 0; i < flight; i++)
		if (now - slots[i].sent > AGAIN) {
			repeated++;
			send_slot(&slots[i]);
		}
}

static double run(double seconds)
{
	int64_t start = now_us(), last = start, end = start + (int64_t)(seconds * 1e6);
	uint64_t before = done;

	while (now_us() < end) {
		(void)receive(10);
		if (now_us() - last > AGAIN) {
			last = now_us();
			again();
		}
	}
	return (double)(done - before) * 1e6 / (double)(now_us() - start);
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int size = 8 << 20;

	if (argc != 5) {
		fprintf(stderr, "usage: bench-mgc-load PORT FLIGHT SECONDS Inactive|SendReceive\n");
		return EXIT_FAILURE;
	}
	flight = (unsigned)strtoul(argv[2], NULL, 10);
	flight = flight > MOST ? MOST : flight;
	mode = argv[4];
	at.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die("bind");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (unsigned i = 0; !gateway.sin_port && i < 100; i++)
		(void)receive(100);
	if (!gateway.sin_port)
		die("no gateway registered");
	printf("registered\n");
	fflush(stdout);
	for (unsigned i = 0; i < flight; i++)
		begin(&slots[i], false);
	(void)run(0.5);
	longest = 0;
	repeated = 0;
	double rate = run(strtod(argv[3], NULL));
	printf("%.0f %lld %llu %llu\n", rate, (long long)longest, (unsigned long long)failed,
	       (unsigned long long)repeated);
	return EXIT_SUCCESS;
}
