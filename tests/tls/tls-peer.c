/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS peer for interoperation tests: src/tls on a socket of 127.0.0.1.
 *
 *   tls-peer client|server PORT KEY_HEX [suites=LIST] [identity=TEXT] [tls13] [dh] [null] [reneg] [lines=N]
 *   tls-peer client|server PORT cert=FILE [fp=FINGERPRINT] [late] [only12] [only13] [legacy] [suites=LIST]
 *
 * With a certificate (PEM with its key) the peer is known by its fingerprint; `late` tells it only half
 * a second after the handshake came to it. Without fp= a server does not ask for a certificate.
 * A client sends the line "hello mediasec" and waits for one line back, then closes. A server answers
 * each line with "echo " and the line, until the peer closes. Everything of note is a line on stdout:
 *   listening / open SUITE VERSION IDENTITY / line TEXT / closed / failed REASON (DETAIL)
 * Exit codes: 0 closed, 1 failed, 2 usage or network.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/hex.h"
#include "core/profile.h"
#include "core/secret.h"
#include "tls/tls.h"

#define WAIT_MS 60000

struct peer {
	struct ms_tls *t;
	int fd;
	bool client;
	bool told_open;
	ms_usec tell_at; /* when a late fingerprint is told */
	struct ms_tls_fingerprint fp;
	unsigned lines; /* a client waits for so many */
};

static ms_usec now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * MS_SEC + ts.tv_nsec / 1000;
}

static int say_failed(const struct peer *p)
{
	printf("failed %s (%s)\n", ms_tls_fault(p->t)->reason, ms_tls_fault_detail(p->t));
	return 1;
}

/* Sends what there is to send; blocking. */
static int flush(struct peer *p)
{
	while (ms_tls_output(p->t).len > 0) {
		struct ms_span out = ms_tls_output(p->t);
		ssize_t n = send(p->fd, out.p, out.len, MSG_NOSIGNAL);

		if (n <= 0)
			return -1;
		ms_tls_sent(p->t, (size_t)n);
	}
	return 0;
}

static void put(struct peer *p, struct ms_span text)
{
	while (text.len > 0) {
		size_t taken = 0;

		if (ms_tls_write(p->t, text, &taken) < 0 || taken == 0)
			return;
		text = ms_span_from(text, taken);
	}
}

static void answer(struct peer *p, struct ms_span line)
{
	printf("line %.*s\n", MS_SPAN_FMT(ms_span_trim(line)));
	if (p->client) {
		if (p->lines > 0)
			p->lines--;
		if (p->lines == 0)
			ms_tls_close(p->t);
		return;
	}
	put(p, MS_SPAN_LIT("echo "));
	put(p, line);
}

static void read_lines(struct peer *p)
{
	for (;;) {
		struct ms_span plain = ms_tls_plain(p->t);
		size_t n = ms_span_find(plain, '\n');
		char line[4096];

		if (n == plain.len || n + 1 > sizeof(line))
			return;
		memcpy(line, plain.p, n + 1);
		ms_tls_consume(p->t, n + 1);
		answer(p, ms_span_of(line, n + 1));
	}
}

static void note_open(struct peer *p)
{
	struct ms_span identity = ms_tls_peer_identity(p->t);

	if (p->told_open || ms_tls_state(p->t) != MS_TLS_OPEN)
		return;
	p->told_open = true;
	printf("open %s %s %.*s\n", ms_tls_suite(p->t), ms_tls_version(p->t),
	       MS_SPAN_FMT(identity));
	if (p->client)
		put(p, MS_SPAN_LIT("hello mediasec\n"));
}

/* The answer with the fingerprint arrives after the connection. */
static int tell_late(struct peer *p)
{
	if (ms_tls_state(p->t) != MS_TLS_UNVERIFIED)
		return 0;
	if (p->tell_at == 0) {
		printf("unverified\n");
		p->tell_at = now() + MS_SEC / 2;
	}
	return now() < p->tell_at ? 0 : ms_tls_verify(p->t, &p->fp, 1);
}

/* Reads once. Returns 1 to go on, 0 when closed, -1 when failed. */
static int step(struct peer *p)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };
	uint8_t in[16384];
	size_t taken = 0;
	ssize_t n;

	if (tell_late(p) < 0)
		return -1;
	if (ms_tls_state(p->t) == MS_TLS_UNVERIFIED)
		return poll(NULL, 0, 50), 1; /* nothing is read meanwhile */
	note_open(p);
	flush(p);
	if (poll(&pfd, 1, WAIT_MS) == 0) {
		ms_tls_expire(p->t, MS_NEVER);
		return ms_tls_fault(p->t) ? -1 : 0;
	}
	n = recv(p->fd, in, sizeof(in), 0);
	if (n <= 0) {
		if (ms_tls_input_end(p->t) < 0)
			return -1;
		ms_tls_close(p->t);
		return 0;
	}
	if (ms_tls_input(p->t, ms_span_of(in, (size_t)n), &taken) < 0)
		return -1;
	note_open(p);
	read_lines(p);
	if (ms_tls_state(p->t) == MS_TLS_HALF)
		ms_tls_close(p->t);
	return ms_tls_state(p->t) == MS_TLS_CLOSED ? 0 : 1;
}

static int run(struct peer *p)
{
	int more;

	do {
		flush(p);
		more = step(p);
		fflush(stdout);
	} while (more > 0);
	flush(p);
	if (more < 0)
		return say_failed(p);
	printf("closed\n");
	return 0;
}

static int connect_to(const struct sockaddr_in *a)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)a, sizeof(*a)) < 0) {
		perror("connect");
		return -1;
	}
	return fd;
}

static int accept_one(const struct sockaddr_in *a)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (const struct sockaddr *)a, sizeof(*a)) < 0 || listen(fd, 1) < 0) {
		perror("listen");
		return -1;
	}
	printf("listening\n");
	fflush(stdout);
	return accept(fd, NULL, NULL);
}

static int read_certificate(const char *path, struct ms_tls_certificate **ret_cert)
{
	char pem[16384];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(pem, 1, sizeof(pem), f) : 0;

	if (f)
		fclose(f);
	return ms_tls_certificate_load(ms_span_of(pem, n), ms_span_of(pem, n), ret_cert);
}

/* Those of a peer with a certificate. 1: it is none of them. */
static int certificate_option(const char *o, struct ms_tls_config *c, struct ms_tls_peer *peer,
			      struct peer *p)
{
	if (strncmp(o, "fp=", 3) == 0) {
		peer->fingerprints = &p->fp;
		peer->n_fingerprints = 1;
		return ms_tls_fingerprint_parse(ms_span_str(o + 3), &p->fp);
	}
	if (strncmp(o, "suites=", 7) == 0)
		c->cert_suites = o + 7;
	else if (strcmp(o, "late") == 0)
		peer->n_fingerprints = 0;
	else if (strcmp(o, "only12") == 0)
		c->cert_versions = MS_TLS_ONLY_12;
	else if (strcmp(o, "only13") == 0)
		c->cert_versions = MS_TLS_ONLY_13;
	else if (strcmp(o, "legacy") == 0)
		c->allow_legacy_suites = true;
	else
		return 1;
	return 0;
}

static int options(int argc, char **argv, struct ms_tls_config *c, struct ms_tls_peer *peer,
		   struct peer *p)
{
	for (int i = 4; i < argc; i++) {
		int taken = peer->certificate ? certificate_option(argv[i], c, peer, p) : 1;

		if (taken < 0)
			return -1;
		if (taken == 0)
			continue;
		if (strncmp(argv[i], "suites=", 7) == 0)
			c->psk_suites = argv[i] + 7;
		else if (strncmp(argv[i], "identity=", 9) == 0)
			peer->identity = ms_span_str(argv[i] + 9);
		else if (strcmp(argv[i], "tls13") == 0)
			peer->mode = MS_TLS_PSK_13;
		else if (strcmp(argv[i], "dh") == 0)
			c->allow_dh = true;
		else if (strcmp(argv[i], "null") == 0)
			c->allow_null = true;
		else if (strcmp(argv[i], "reneg") == 0)
			c->allow_renegotiation = true;
		else if (strcmp(argv[i], "lines=2") == 0)
			p->lines = 2;
		else
			return -1;
	}
	return 0;
}

static int identify(const char *argument, struct ms_buf *key, struct ms_tls_peer *peer)
{
	if (strncmp(argument, "cert=", 5) != 0)
		return ms_hex_decode(key, ms_span_str(argument));
	peer->mode = MS_TLS_CERTIFICATE;
	return read_certificate(argument + 5, &peer->certificate);
}

int main(int argc, char **argv)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf key;
	struct ms_tls_config config = { .psk_suites = ms_profile_default.psk_suites,
					.cert_suites = ms_profile_default.cert_suites };
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct ms_tls_context *ctx = NULL;
	struct ms_tls_peer peer = { .role = MS_TLS_SERVER };
	struct peer p = { .lines = 1 };
	struct ms_fault f = { 0 };
	uint64_t port = 0;
	int status = 2;

	ms_buf_init_secret(&key, 64);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (argc < 4 || ms_span_u64(ms_span_str(argv[2]), 65535, &port) < 0 ||
	    identify(argv[3], &key, &peer) < 0 || options(argc, argv, &config, &peer, &p) < 0) {
		fprintf(stderr, "usage: tls-peer client|server PORT KEY_HEX [OPTION...]\n");
		return 2;
	}
	p.client = strcmp(argv[1], "client") == 0;
	peer.anonymous_client = !peer.fingerprints;
	peer.role = p.client ? MS_TLS_CLIENT : MS_TLS_SERVER;
	peer.psk = ms_buf_span(&key);
	a.sin_port = htons((uint16_t)port);
	p.fd = p.client ? connect_to(&a) : accept_one(&a);
	if (p.fd < 0)
		return 2;
	if (ms_tls_context_new(&config, &ctx, &f) < 0)
		fprintf(stderr, "context: %s\n", f.reason ? f.reason : "?");
	else if (ms_tls_new(ctx, &peer, now(), &p.t) < 0)
		fprintf(stderr, "session refused\n");
	else
		status = run(&p);
	ms_tls_free(p.t);
	ms_tls_context_free(ctx);
	ms_tls_certificate_unref(peer.certificate);
	close(p.fd);
	return status;
}
