/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSRP over TLS-PSK on one loopback TCP connection, against OpenSSL alone on the same suite.
 *
 *   msrp-tls ours-file|raw-file|ours-chat|raw-chat sink|source PORT COUNT
 *
 * file: the source sends COUNT MiB, as one MSRP message through src/msrp and src/tls, or by SSL_write()
 * of 16 KiB pieces. chat: both sides send COUNT messages of 300 octets each and answer each of the
 * other's, as MSRP SENDs with their 200s, or as bare TLS records of the same two sizes. The sink
 * listens. Each process prints "WALL_SECONDS CPU_SECONDS" of its transfer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "msrp/session.h"
#include "tls/tls.h"

#define SUITE "PSK-AES128-GCM-SHA256"
#define PIECE 16384
#define SOCKET_PIECE 65536
#define CHAT_OCTETS 300
#define ANSWER_OCTETS 180 /* about what a 200 with two paths has */
#define CHAT_WINDOW 32

static const uint8_t key[16] = "0123456789abcdef";
static uint8_t pattern[SOCKET_PIECE];
static bool sink, chat;
static uint64_t count;

static void die(const char *what)
{
	fprintf(stderr, "msrp-tls: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static double wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static ms_usec now(void)
{
	return (ms_usec)(wall() * 1e6);
}

static int connect_socket(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, conn = fd;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (sink) {
		if (bind(fd, (void *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0)
			die("listen");
		conn = accept(fd, NULL, NULL);
	} else {
		for (int i = 0; connect(fd, (void *)&a, sizeof(a)) < 0; i++) {
			if (i == 100)
				die("connect");
			usleep(20000);
		}
	}
	if (conn < 0)
		die("accept");
	setsockopt(conn, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return conn;
}

/* OpenSSL alone */

static unsigned psk_client(SSL *s MS_UNUSED, const char *hint MS_UNUSED, char *id, unsigned id_len,
			   unsigned char *psk, unsigned psk_len)
{
	if (id_len < 1 || psk_len < sizeof(key))
		return 0;
	id[0] = '\0';
	memcpy(psk, key, sizeof(key));
	return sizeof(key);
}

static unsigned psk_server(SSL *s MS_UNUSED, const char *id MS_UNUSED, unsigned char *psk,
			   unsigned psk_len)
{
	if (psk_len < sizeof(key))
		return 0;
	memcpy(psk, key, sizeof(key));
	return sizeof(key);
}

static SSL *raw_open(int fd)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	SSL *ssl;

	SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(ctx, SUITE);
	SSL_CTX_set_psk_client_callback(ctx, psk_client);
	SSL_CTX_set_psk_server_callback(ctx, psk_server);
	ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	if ((sink ? SSL_accept(ssl) : SSL_connect(ssl)) != 1)
		die("raw handshake");
	return ssl;
}

static void raw_file(SSL *ssl)
{
	uint64_t left = count << 20;

	while (left > 0) {
		int n = sink ? SSL_read(ssl, pattern, PIECE)
			     : SSL_write(ssl, pattern, (int)(left < PIECE ? left : PIECE));

		if (n <= 0)
			die("raw transfer");
		left -= (uint64_t)n;
	}
}

static void raw_write(SSL *ssl, int n)
{
	if (SSL_write(ssl, pattern, n) != n)
		die("raw write");
}

/* Each record that comes is a message (to be answered) or an answer (which lets one more go). */
static void raw_chat(SSL *ssl)
{
	uint64_t sent = 0, answered = 0, heard = 0;

	for (int i = 0; i < CHAT_WINDOW && sent < count; i++, sent++)
		raw_write(ssl, CHAT_OCTETS);
	while (answered < count || heard < count) {
		int n = SSL_read(ssl, pattern, PIECE);

		if (n == CHAT_OCTETS) {
			heard++;
			raw_write(ssl, ANSWER_OCTETS);
		} else if (n == ANSWER_OCTETS) {
			answered++;
			if (sent < count) {
				sent++;
				raw_write(ssl, CHAT_OCTETS);
			}
		} else {
			die("raw chat");
		}
	}
}

/* Ours */

static struct {
	struct ms_tls *tls;
	struct ms_msrp_conn *conn;
	struct ms_msrp_session *session;
	uint64_t sent, accepted, heard;
	bool done;
} our;

static int source_read(void *arg MS_UNUSED, uint64_t offset, uint8_t *dst, size_t size,
		       size_t *ret_n)
{
	uint64_t left = (count << 20) - offset;

	if (size > sizeof(pattern))
		size = sizeof(pattern);
	*ret_n = size < left ? size : (size_t)left;
	memcpy(dst, pattern, *ret_n);
	return 0;
}

static int on_begin(void *arg MS_UNUSED, struct ms_msrp_in *in MS_UNUSED)
{
	return chat ? 1 : 0;
}

static int on_data(void *arg MS_UNUSED, struct ms_msrp_in *in MS_UNUSED, uint64_t offset MS_UNUSED,
		   struct ms_span octets MS_UNUSED)
{
	return 0;
}

static int on_message(void *arg MS_UNUSED, struct ms_msrp_in *in MS_UNUSED, struct ms_span body)
{
	our.heard += body.len == CHAT_OCTETS;
	return 0;
}

static int on_end(void *arg MS_UNUSED, struct ms_msrp_in *in MS_UNUSED, enum ms_msrp_in_end how)
{
	if (how != MS_MSRP_IN_COMPLETE)
		die("message did not end well");
	our.done = true;
	return 0;
}

static void send_one(void)
{
	struct ms_msrp_send m = { .content_type = MS_SPAN_LIT("text/plain"),
				  .body = ms_span_of(pattern, CHAT_OCTETS) };

	if (!chat) {
		m.content_type = MS_SPAN_LIT("application/octet-stream");
		m.source.read = source_read;
		m.total = count << 20;
		m.failure_report = MS_MSRP_FAILURE_YES;
		m.success_report = true;
	}
	if (ms_msrp_send(our.session, &m, NULL) < 0)
		die("send");
	our.sent++;
}

static void on_done(void *arg MS_UNUSED, struct ms_msrp_out *out MS_UNUSED,
		    enum ms_msrp_outcome outcome, int code)
{
	if (outcome != MS_MSRP_ACCEPTED && outcome != MS_MSRP_REPORTED) {
		fprintf(stderr, "msrp-tls: outcome %d, code %d\n", outcome, code);
		_exit(1);
	}
	our.accepted++;
	if (!chat)
		our.done = true;
	else if (our.sent < count)
		send_one();
}

static void make_session(void)
{
	struct ms_msrp_session_params p;
	struct ms_span a = MS_SPAN_LIT("msrps://127.0.0.1:9/aaaaaaaa;tcp");
	struct ms_span b = MS_SPAN_LIT("msrps://127.0.0.1:9/bbbbbbbb;tcp");

	ms_msrp_session_params_init(&p);
	p.local_uri = sink ? b : a;
	p.remote_path = sink ? a : b;
	p.active = !sink;
	p.handlers = (struct ms_msrp_handlers){ .begin = on_begin,
						.data = on_data,
						.end = on_end,
						.message = on_message,
						.done = on_done };
	p.limits.outgoing = CHAT_WINDOW * 2;
	if (ms_msrp_session_new(&p, &ms_random_system, &our.session) < 0 ||
	    ms_msrp_conn_new(NULL, &ms_random_system, &our.conn) < 0 ||
	    ms_msrp_conn_attach(our.conn, our.session) < 0)
		die("session");
}

static void make_tls(void)
{
	struct ms_tls_config c = { .psk_suites = SUITE };
	struct ms_tls_peer peer = { .role = sink ? MS_TLS_SERVER : MS_TLS_CLIENT,
				    .psk = ms_span_of(key, sizeof(key)) };
	struct ms_tls_context *ctx;

	if (ms_tls_context_new(&c, &ctx, NULL) < 0 || ms_tls_new(ctx, &peer, now(), &our.tls) < 0)
		die("tls");
}

/* MSRP into TLS until one of them has enough. */
static void encrypt(void)
{
	static uint8_t plain[PIECE];
	static size_t at, end;
	size_t taken;

	if (ms_tls_state(our.tls) != MS_TLS_OPEN)
		return;
	for (;;) {
		if (at == end) {
			at = 0;
			end = ms_msrp_conn_output(our.conn, plain, sizeof(plain), now());
			if (end == 0)
				return;
		}
		if (ms_tls_write(our.tls, ms_span_of(plain + at, end - at), &taken) < 0)
			die("tls write");
		at += taken;
		if (at < end)
			return;
	}
}

static void send_out(int fd)
{
	for (;;) {
		struct ms_span out;
		ssize_t n;

		encrypt();
		out = ms_tls_output(our.tls);
		if (out.len == 0)
			return;
		n = send(fd, out.p, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			return;
		ms_tls_sent(our.tls, (size_t)n);
	}
}

static void receive(int fd)
{
	static uint8_t in[SOCKET_PIECE];
	ssize_t n = recv(fd, in, sizeof(in), MSG_DONTWAIT);
	size_t at = 0;

	if (n == 0)
		die("peer closed");
	while (n > 0 && at < (size_t)n) {
		size_t taken, used;
		struct ms_span plain;

		if (ms_tls_input(our.tls, ms_span_of(in + at, (size_t)n - at), &taken) < 0)
			die(ms_tls_fault(our.tls)->reason);
		at += taken;
		plain = ms_tls_plain(our.tls);
		if (ms_msrp_conn_input(our.conn, plain, now(), &used) < 0)
			die("msrp input");
		ms_tls_consume(our.tls, used);
		send_out(fd);
	}
}

static bool finished(void)
{
	if (chat)
		return our.accepted >= count && our.heard >= count;
	return our.done;
}

static void our_transfer(int fd)
{
	if (chat)
		for (unsigned i = 0; i < CHAT_WINDOW && our.sent < count; i++)
			send_one();
	else if (!sink)
		send_one();
	while (!finished() || ms_tls_output(our.tls).len > 0 ||
	       ms_msrp_conn_wants_output(our.conn)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		send_out(fd);
		if (ms_tls_output(our.tls).len > 0)
			p.events |= POLLOUT;
		poll(&p, 1, 1000);
		if (p.revents & POLLIN)
			receive(fd);
	}
}

static void our_handshake(int fd)
{
	while (ms_tls_state(our.tls) == MS_TLS_HANDSHAKE) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		send_out(fd);
		if (ms_tls_state(our.tls) == MS_TLS_HANDSHAKE && poll(&p, 1, 5000) > 0)
			receive(fd);
	}
}

int main(int argc, char **argv)
{
	uint64_t port;
	double w, c;
	bool raw;
	int fd;

	if (argc != 5 || ms_span_u64(ms_span_str(argv[3]), 65535, &port) < 0 ||
	    ms_span_u64(ms_span_str(argv[4]), 1 << 30, &count) < 0) {
		fprintf(stderr,
			"msrp-tls ours-file|raw-file|ours-chat|raw-chat sink|source PORT COUNT\n");
		return 2;
	}
	raw = ms_span_starts(ms_span_str(argv[1]), MS_SPAN_LIT("raw"));
	chat = strstr(argv[1], "chat") != NULL;
	sink = strcmp(argv[2], "sink") == 0;
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 2654435761u >> 24);
	fd = connect_socket((int)port);
	if (raw) {
		SSL *ssl = raw_open(fd);

		w = wall();
		c = cpu();
		if (chat)
			raw_chat(ssl);
		else
			raw_file(ssl);
	} else {
		make_session();
		make_tls();
		our_handshake(fd);
		w = wall();
		c = cpu();
		our_transfer(fd);
	}
	printf("%.6f %.6f\n", wall() - w, cpu() - c);
	usleep(100000); /* let the other side read what is left */
	return 0;
}
