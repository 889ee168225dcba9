/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the load: TCP, TLS, the backend's greeting, then what the task asks for. */
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "core/alloc.h"
#include "relay-load.h"

static unsigned psk_of(SSL *ssl, const char *hint, char *identity, unsigned room, uint8_t *psk,
		       unsigned psk_room)
{
	(void)ssl;
	(void)hint;
	if (load.n_psk > psk_room)
		return 0;
	snprintf(identity, room, "%s", load.identity);
	memcpy(psk, load.psk, load.n_psk);
	return (unsigned)load.n_psk;
}

void client_open_tls(const char *version, const char *groups, const char *cert, const char *key)
{
	int v = strcmp(version, "1.3") == 0 ? TLS1_3_VERSION : TLS1_2_VERSION;

	load.ssl = SSL_CTX_new(TLS_client_method());
	if (!load.ssl)
		load_die("SSL_CTX");
	SSL_CTX_set_min_proto_version(load.ssl, v);
	SSL_CTX_set_max_proto_version(load.ssl, v);
	SSL_CTX_set_options(load.ssl, SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(load.ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(load.ssl, SSL_MODE_RELEASE_BUFFERS);
	if (groups && SSL_CTX_set1_groups_list(load.ssl, groups) != 1)
		load_die("groups");
	if (cert && (SSL_CTX_use_certificate_chain_file(load.ssl, cert) != 1 ||
		     SSL_CTX_use_PrivateKey_file(load.ssl, key, SSL_FILETYPE_PEM) != 1))
		load_die("certificate");
	if (load.n_psk > 0) {
		SSL_CTX_set_psk_client_callback(load.ssl, psk_of);
		if (SSL_CTX_set_cipher_list(load.ssl, "PSK-AES128-GCM-SHA256") != 1)
			load_die("suites");
	} else if (v == TLS1_2_VERSION &&
		   SSL_CTX_set_cipher_list(load.ssl, "ECDHE-ECDSA-AES128-GCM-SHA256") != 1) {
		load_die("suites");
	} else if (v == TLS1_3_VERSION &&
		   SSL_CTX_set_ciphersuites(load.ssl, "TLS_AES_128_GCM_SHA256") != 1) {
		load_die("suites");
	}
}

/* ---- its life ---- */

static void keep(struct peer *p)
{
	if (load.n_kept == load.room) {
		load.room = load.room ? 2 * load.room : 1024;
		load.kept = ms_realloc(load.kept, load.room * sizeof(struct peer *));
		if (!load.kept)
			load_die("memory");
	}
	p->place = load.n_kept;
	load.kept[load.n_kept++] = p;
	p->state = KEPT;
	load.under_way--;
	peer_watch(p, EPOLLIN);
}

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

bool client_give(struct peer *p, const void *from, size_t n)
{
	if (!p->ssl)
		return send(p->fd, from, n, MSG_NOSIGNAL) == (ssize_t)n;
	return SSL_write(p->ssl, from, (int)n) == (int)n;
}

void client_write_up(struct peer *p)
{
	uint8_t *octets = load_scratch;
	long n = 1 << 18;
	ssize_t sent;

	if (p->out && BIO_get_mem_data(p->out, &octets) == (long)p->off) {
		(void)BIO_reset(p->out);
		p->off = 0;
		for (int i = 0; i < 8; i++)
			if (SSL_write(p->ssl, load_scratch, LOAD_BLOCK) <= 0)
				load_die("SSL_write");
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
void client_read_down(struct peer *p)
{
	ssize_t n = recv(p->fd, load_scratch, 1 << 20, MSG_TRUNC);

	if (n > 0)
		load.octets += (uint64_t)n;
	else if (n == 0 || errno != EAGAIN)
		peer_failed(p);
}

static void flow(struct peer *p)
{
	p->state = FLOWING;
	if (load.task == UP && p->ssl) {
		p->out = BIO_new(BIO_s_mem());
		SSL_set0_wbio(p->ssl, p->out);
	}
	if (load.task == DOWN && !client_give(p, "g", 1))
		peer_failed(p);
	else
		peer_watch(p, load.task == UP ? EPOLLOUT : EPOLLIN);
}

static void greeted(struct peer *p)
{
	load.done++;
	if (load.task == SETUPS || load.task == BURST) {
		if (p->ssl)
			SSL_shutdown(p->ssl);
		shutdown(p->fd, SHUT_WR);
		p->state = ENDING;
		return;
	}
	keep(p);
	if (load.task == UP || load.task == DOWN)
		flow(p);
}

void client_greeting(struct peer *p)
{
	uint8_t octet;
	ssize_t n = take(p, &octet, 1);

	if (n == 1)
		greeted(p);
	else if (n == 0 || errno != EAGAIN)
		peer_failed(p);
}

void client_shake(struct peer *p)
{
	int r = SSL_do_handshake(p->ssl), e;

	if (r == 1) {
		p->state = GREETING;
		peer_watch(p, EPOLLIN);
		client_greeting(p);
		return;
	}
	e = SSL_get_error(p->ssl, r);
	if (e == SSL_ERROR_WANT_READ) {
		peer_watch(p, EPOLLIN);
		return;
	}
	if (load.failed < 3)
		ERR_print_errors_fp(stderr);
	ERR_clear_error();
	peer_failed(p);
}

void client_connected(struct peer *p)
{
	int err = 0;
	socklen_t len = sizeof(err);

	getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err) {
		peer_failed(p);
		return;
	}
	p->state = GREETING;
	peer_watch(p, EPOLLIN);
	if (load.plain)
		return;
	p->state = SHAKING;
	p->ssl = SSL_new(load.ssl);
	if (!p->ssl || SSL_set_fd(p->ssl, p->fd) != 1)
		load_die("SSL");
	SSL_set_connect_state(p->ssl);
	client_shake(p);
}

static void message_back(struct peer *p)
{
	double due, us;

	memcpy(&due, p->message, sizeof(due));
	us = (load_now() - due) * 1e6;
	if (load.n_trips < load.room_trips)
		load.trips[load.n_trips++] = us < 4e8 ? (uint32_t)(us * 10) : 4000000000u;
	p->got = 0;
}

void client_echo(struct peer *p)
{
	ssize_t n;

	if (!p->message)
		p->message = ms_zalloc(LOAD_BLOCK);
	for (;;) {
		n = take(p, p->message + p->got, (load.size ? load.size : LOAD_BLOCK) - p->got);
		if (n <= 0) {
			if (n == 0 || errno != EAGAIN)
				peer_failed(p);
			return;
		}
		p->got += (size_t)n;
		if (load.size && p->got == load.size)
			message_back(p);
	}
}

void client_end(struct peer *p)
{
	ssize_t n = recv(p->fd, load_scratch, sizeof(load_scratch), 0);

	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		peer_over(p);
		peer_end(p);
	}
}
