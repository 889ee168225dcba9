/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of a relay: the least that one epoll loop with OpenSSL (or plain TCP) can do, so that a
 * figure can be split into what kernel and OpenSSL cost and what a program adds. No product: no limits,
 * no half-close, no time-outs.
 *
 *   bench-relay-floor -l HOST:PORT -b HOST:PORT [-c CERT -k KEY] [-M] [-P HEXKEY]
 *       -c -k  TLS towards clients with this certificate;  -P  TLS with this pre-shared key; neither: TCP
 *       -M     clients show a certificate, whose SHA-256 is taken and nothing more
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/buf.h"
#include "core/hex.h"
#include "loop/addr.h"

#define READ_SIZE 65536

struct pair;

struct end {
	struct pair *pair;
	int fd;
	uint32_t events;
	uint8_t *waiting; /* not yet taken by this end's peer */
	size_t off, len;
};

struct pair {
	struct end client, server;
	SSL *ssl;
	bool shaking, dead;
	struct pair *next;
};

static int epoll_fd, listener;
static struct ms_addr listen_addr, backend;
static SSL_CTX *tls;
static uint8_t psk[64], scratch[READ_SIZE];
static size_t n_psk;
static struct pair *graves;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "relay-floor: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void watch(struct end *e, uint32_t events)
{
	struct epoll_event ev = { .events = events | EPOLLRDHUP, .data.ptr = e };

	if (e->events == ev.events)
		return;
	epoll_ctl(epoll_fd, e->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, e->fd, &ev);
	e->events = ev.events;
}

static void end_pair(struct pair *p)
{
	if (p->dead)
		return;
	p->dead = true;
	if (p->ssl && !p->shaking)
		SSL_shutdown(p->ssl);
	SSL_free(p->ssl);
	close(p->client.fd);
	if (p->server.fd >= 0)
		close(p->server.fd);
	ms_free(p->client.waiting);
	ms_free(p->server.waiting);
	p->next = graves;
	graves = p;
}

/* Octets, 0: none now, -1: the end. */
static ssize_t take(struct end *e, uint8_t *to, size_t n)
{
	SSL *ssl = e == &e->pair->client ? e->pair->ssl : NULL;
	ssize_t r;

	if (ssl) {
		r = SSL_read(ssl, to, (int)n);
		return r > 0 ? r : SSL_get_error(ssl, (int)r) == SSL_ERROR_WANT_READ ? 0 : -1;
	}
	r = recv(e->fd, to, n, 0);
	return r > 0 ? r : r < 0 && errno == EAGAIN ? 0 : -1;
}

static ssize_t give(struct end *e, const uint8_t *from, size_t n)
{
	SSL *ssl = e == &e->pair->client ? e->pair->ssl : NULL;
	ssize_t r;
	int why;

	if (ssl) {
		r = SSL_write(ssl, from, (int)n);
		why = r > 0 ? 0 : SSL_get_error(ssl, (int)r);
		return r > 0                                                       ? r
		       : why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ ? 0
										   : -1;
	}
	r = send(e->fd, from, n, MSG_NOSIGNAL);
	return r >= 0 ? r : errno == EAGAIN ? 0 : -1;
}

/* false: the pair has ended. */
static bool give_waiting(struct end *to)
{
	ssize_t n = to->len > 0 ? give(to, to->waiting + to->off, to->len) : 0;

	if (n < 0) {
		end_pair(to->pair);
		return false;
	}
	to->off += (size_t)n;
	to->len -= (size_t)n;
	if (to->len == 0)
		to->waiting = ms_free(to->waiting);
	return true;
}

static void keep(struct end *to, const uint8_t *from, size_t n)
{
	to->waiting = ms_zalloc(READ_SIZE);
	if (!to->waiting)
		die("memory");
	memcpy(to->waiting, from, n);
	to->off = 0;
	to->len = n;
}

/* Decrypts on until there is nothing or the block is full, so that one send carries it. */
static ssize_t take_much(struct end *e)
{
	ssize_t n = take(e, scratch, sizeof(scratch)), more = n;
	bool records = e == &e->pair->client && e->pair->ssl;

	while (records && more > 0 && n < (ssize_t)sizeof(scratch) - 16384) {
		more = take(e, scratch + n, sizeof(scratch) - (size_t)n);
		n += more > 0 ? more : 0;
	}
	return n;
}

static void flow(struct end *from, struct end *to)
{
	bool records = from == &from->pair->client && from->pair->ssl;

	if (!give_waiting(to))
		return;
	for (int i = 0; to->len == 0 && (i < 4 || (records && SSL_has_pending(from->pair->ssl)));
	     i++) {
		ssize_t n = take_much(from), sent;

		if (n == 0)
			break;
		sent = n < 0 ? -1 : give(to, scratch, (size_t)n);
		if (sent < 0) {
			end_pair(from->pair);
			return;
		}
		if (sent < n)
			keep(to, scratch + sent, (size_t)(n - sent));
	}
	watch(to, (to->events & EPOLLIN) | (to->len > 0 ? EPOLLOUT : 0));
	watch(from, (from->events & EPOLLOUT) | (to->len > 0 ? 0 : EPOLLIN));
}

static void open_backend(struct pair *p)
{
	int one = 1;

	p->server.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->server.fd < 0 ||
	    (connect(p->server.fd, &backend.u.sa, backend.len) < 0 && errno != EINPROGRESS)) {
		end_pair(p);
		return;
	}
	setsockopt(p->server.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	watch(&p->server, EPOLLIN);
	watch(&p->client, EPOLLIN);
}

static void shake(struct pair *p)
{
	int r = SSL_do_handshake(p->ssl), why;

	if (r == 1) {
		p->shaking = false;
		open_backend(p);
		return;
	}
	why = SSL_get_error(p->ssl, r);
	if (why == SSL_ERROR_WANT_READ) {
		watch(&p->client, EPOLLIN);
		return;
	}
	ERR_clear_error();
	end_pair(p);
}

static void accepted(int fd)
{
	struct pair *p = ms_zalloc(sizeof(*p));
	int one = 1;

	if (!p)
		die("memory");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	p->client.pair = p->server.pair = p;
	p->client.fd = fd;
	p->server.fd = -1;
	if (!tls) {
		open_backend(p);
		return;
	}
	p->ssl = SSL_new(tls);
	if (!p->ssl || SSL_set_fd(p->ssl, fd) != 1)
		die("SSL");
	SSL_set_accept_state(p->ssl);
	p->shaking = true;
	watch(&p->client, EPOLLIN);
}

static void accept_some(void)
{
	for (int i = 0; i < 16; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		accepted(fd);
	}
}

static void handle(struct end *e, uint32_t events)
{
	struct pair *p = e->pair;
	struct end *other = e == &p->client ? &p->server : &p->client;

	if (p->dead)
		return;
	if (p->shaking) {
		shake(p);
		return;
	}
	if (events & EPOLLOUT)
		flow(other, e);
	if (!p->dead && events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
		flow(e, other);
}

/* ---- start ---- */

static int take_fingerprint(X509_STORE_CTX *store, void *arg)
{
	uint8_t digest[32];
	unsigned n;

	(void)arg;
	return X509_digest(X509_STORE_CTX_get0_cert(store), EVP_sha256(), digest, &n);
}

static unsigned psk_of(SSL *ssl, const char *identity, uint8_t *key, unsigned room)
{
	(void)ssl;
	(void)identity;
	if (n_psk > room)
		return 0;
	memcpy(key, psk, n_psk);
	return (unsigned)n_psk;
}

static void open_tls(const char *cert, const char *key, bool mutual)
{
	tls = SSL_CTX_new(TLS_server_method());
	if (!tls)
		die("SSL_CTX");
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	SSL_CTX_set_options(tls, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_num_tickets(tls, 0);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(tls, 1);
	SSL_CTX_set_default_read_buffer_len(tls, READ_SIZE);
	if (cert && (SSL_CTX_use_certificate_chain_file(tls, cert) != 1 ||
		     SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1))
		die("certificate");
	if (mutual) {
		SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		SSL_CTX_set_cert_verify_callback(tls, take_fingerprint, NULL);
	}
	if (n_psk > 0)
		SSL_CTX_set_psk_server_callback(tls, psk_of);
}

static void open_listener(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	int one = 1;

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, &listen_addr.u.sa, listen_addr.len) < 0 || listen(listener, 65535) < 0)
		die("listen");
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &e);
}

static void take_key(const char *text)
{
	struct ms_buf b;

	ms_buf_init_fixed(&b, psk, sizeof(psk));
	if (ms_hex_decode(&b, ms_span_str(text)))
		die("-P");
	n_psk = b.len;
}

static void turn(void)
{
	struct epoll_event ev[256];
	int n = epoll_wait(epoll_fd, ev, 256, -1);

	for (int i = 0; i < n; i++) {
		if (ev[i].data.ptr)
			handle(ev[i].data.ptr, ev[i].events);
		else
			accept_some();
	}
	while (graves) {
		struct pair *p = graves;

		graves = p->next;
		ms_free(p);
	}
}

int main(int argc, char **argv)
{
	const char *cert = NULL, *key = NULL;
	struct rlimit r;
	bool mutual = false;
	int o;

	while ((o = getopt(argc, argv, "l:b:c:k:MP:")) != -1) {
		if (o == 'l' && ms_addr_parse(ms_span_str(optarg), 0, &listen_addr))
			die("-l");
		if (o == 'b' && ms_addr_parse(ms_span_str(optarg), 0, &backend))
			die("-b");
		if (o == 'c')
			cert = optarg;
		if (o == 'k')
			key = optarg;
		if (o == 'M')
			mutual = true;
		if (o == 'P')
			take_key(optarg);
	}
	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	if (cert || n_psk > 0)
		open_tls(cert, key, mutual);
	open_listener();
	for (;;)
		turn();
}
