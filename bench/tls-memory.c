/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS in memory: src/tls against OpenSSL alone, both peers in this process, no sockets. The bare loop
 * is the leanest there is: two memory BIOs, the writer's is the reader's; it believes any certificate.
 *
 *   tls-memory [HOW] [ROUNDS]       HOW: a PSK suite, server-12, server-13, mutual-12 or mutual-13
 *
 * For set-ups (session made, handshake, session freed; both sides), bulk (MiB a second through
 * encryption and decryption) and memory (octets of heap an idle pair takes) prints a line a round:
 *   NAME OURS BARE
 * Rounds of the two alternate, so that a disturbance hits both. bench/tls_memory.py makes tables of it.
 */
#include <malloc.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tls/tls.h"

#define ROUNDS_MAX 99
#define SETUPS 2000
#define BULK_MIB 256
#define PIECE 16384
#define IDLE 500
#define DESK 65536

/* With certificates: who shows one, and the version. */
static const struct how {
	const char *name;
	bool mutual;
	enum ms_tls_versions versions;
	int version;
} hows[] = {
	{ "server-12", false, MS_TLS_ONLY_12, TLS1_2_VERSION },
	{ "server-13", false, MS_TLS_ONLY_13, TLS1_3_VERSION },
	{ "mutual-12", true, MS_TLS_ONLY_12, TLS1_2_VERSION },
	{ "mutual-13", true, MS_TLS_ONLY_13, TLS1_3_VERSION },
};

static const char *suite = "PSK-AES128-GCM-SHA256";
static const struct how *how; /* NULL: a pre-shared key */
static struct ms_tls_certificate *certificate;
static const uint8_t key[16] = "0123456789abcdef";
static uint8_t text[65536];

struct bare {
	SSL *client, *server;
};

static SSL_CTX *bare_ctx;
/* Each with a desk of its own: what one sends is read by the other from where it lies. */
static struct ms_tls_context *client_ctx, *server_ctx;

static void die(const char *what)
{
	fprintf(stderr, "tls-memory: %s\n", what);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static unsigned server_key(SSL *ssl MS_UNUSED, const char *identity MS_UNUSED, unsigned char *psk,
			   unsigned max MS_UNUSED)
{
	memcpy(psk, key, sizeof(key));
	return sizeof(key);
}

static unsigned client_key(SSL *ssl, const char *hint, char *identity, unsigned identity_max,
			   unsigned char *psk, unsigned psk_max)
{
	if (identity_max > 0)
		identity[0] = '\0';
	return server_key(ssl, hint, psk, psk_max);
}

static void bare_certificate(void)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf pem;
	BIO *cert, *key_bio;

	ms_buf_init_secret(&pem, 65536);
	if (ms_tls_certificate_put_pem(certificate, &pem) < 0)
		die("certificate");
	cert = BIO_new_mem_buf(pem.p, (int)pem.len);
	key_bio = BIO_new_mem_buf(pem.p, (int)pem.len);
	if (SSL_CTX_use_certificate(bare_ctx, PEM_read_bio_X509(cert, NULL, NULL, NULL)) != 1 ||
	    SSL_CTX_use_PrivateKey(bare_ctx, PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL)) !=
		    1)
		die("bare certificate");
	BIO_free(cert);
	BIO_free(key_bio);
}

static int believe(X509_STORE_CTX *store MS_UNUSED, void *arg MS_UNUSED)
{
	return 1;
}

static void make_bare(void)
{
	bare_ctx = SSL_CTX_new(TLS_method());
	if (!bare_ctx || (!how && !SSL_CTX_set_cipher_list(bare_ctx, suite)))
		die("bare context");
	SSL_CTX_set_min_proto_version(bare_ctx, how ? how->version : TLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(bare_ctx, how ? how->version : TLS1_2_VERSION);
	SSL_CTX_set_options(bare_ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(bare_ctx, 0);
	SSL_CTX_set_mode(bare_ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(bare_ctx, SSL_SESS_CACHE_OFF);
	if (!how) {
		SSL_CTX_set_psk_client_callback(bare_ctx, client_key);
		SSL_CTX_set_psk_server_callback(bare_ctx, server_key);
		return;
	}
	bare_certificate();
	SSL_CTX_set_cert_verify_callback(bare_ctx, believe, NULL);
	if (how->mutual)
		SSL_CTX_set_verify(bare_ctx, SSL_VERIFY_PEER, NULL);
}

static struct ms_tls_context *make_ours(void)
{
	struct ms_tls_config c = { .psk_suites = how ? NULL : suite,
				   .cert_suites = how ? "ECDHE-ECDSA-AES128-GCM-SHA256" : NULL,
				   .cert_versions = how ? how->versions : MS_TLS_12_OR_13 };
	struct ms_tls_context *ctx;

	if (ms_tls_desk_new(DESK, DESK + 4096, &c.desk) < 0 ||
	    ms_tls_context_new(&c, &ctx, NULL) < 0 ||
	    (how && ms_tls_context_certificate(ctx, certificate) < 0))
		die("context");
	return ctx;
}

static void make_contexts(void)
{
	if (how && ms_tls_certificate_make(MS_SPAN_NULL, 0, 30, &certificate) < 0)
		die("certificate");
	client_ctx = make_ours();
	server_ctx = make_ours();
	make_bare();
}

static void bare_open(struct bare *b)
{
	BIO *up = BIO_new(BIO_s_mem()), *down = BIO_new(BIO_s_mem());

	b->client = SSL_new(bare_ctx);
	b->server = SSL_new(bare_ctx);
	if (!up || !down || !b->client || !b->server)
		die("bare session");
	BIO_up_ref(up);
	BIO_up_ref(down);
	SSL_set_bio(b->client, down, up);
	SSL_set_bio(b->server, up, down);
	SSL_set_connect_state(b->client);
	SSL_set_accept_state(b->server);
	for (int i = 0; i < 4; i++) {
		SSL_do_handshake(b->client);
		SSL_do_handshake(b->server);
	}
	if (!SSL_is_init_finished(b->client) || !SSL_is_init_finished(b->server))
		die("bare handshake");
}

static void bare_close(struct bare *b)
{
	SSL_free(b->client);
	SSL_free(b->server);
}

struct ours {
	struct ms_tls *client, *server;
};

static void carry(struct ms_tls *from, struct ms_tls *to)
{
	size_t taken = 0;

	if (ms_tls_input(to, ms_tls_output(from), &taken) < 0)
		die(ms_tls_fault(to)->reason);
	ms_tls_sent(from, taken);
}

static struct ms_tls_peer peer_of(enum ms_tls_role role)
{
	struct ms_tls_peer p = { .role = role, .psk = { key, sizeof(key) } };

	if (!how)
		return p;
	p.mode = MS_TLS_CERTIFICATE;
	p.fingerprints = ms_tls_certificate_fingerprint(certificate, MS_TLS_SHA256);
	p.n_fingerprints = 1;
	p.anonymous_client = !how->mutual;
	return p;
}

static void ours_open(struct ours *o)
{
	const struct ms_tls_peer c = peer_of(MS_TLS_CLIENT), s = peer_of(MS_TLS_SERVER);

	if (ms_tls_new(client_ctx, &c, 0, &o->client) < 0 ||
	    ms_tls_new(server_ctx, &s, 0, &o->server) < 0)
		die("session");
	while (ms_tls_output(o->client).len > 0 || ms_tls_output(o->server).len > 0) {
		carry(o->client, o->server);
		carry(o->server, o->client);
	}
	if (ms_tls_state(o->client) != MS_TLS_OPEN || ms_tls_state(o->server) != MS_TLS_OPEN)
		die("handshake");
}

static void ours_close(struct ours *o)
{
	ms_tls_free(o->client);
	ms_tls_free(o->server);
}

static double ours_setups(void)
{
	double start = now();

	for (int i = 0; i < SETUPS; i++) {
		struct ours o;

		ours_open(&o);
		ours_close(&o);
	}
	return SETUPS / (now() - start);
}

static double bare_setups(void)
{
	double start = now();

	for (int i = 0; i < SETUPS; i++) {
		struct bare b;

		bare_open(&b);
		bare_close(&b);
	}
	return SETUPS / (now() - start);
}

static double ours_bulk(void)
{
	size_t left = (size_t)BULK_MIB << 20;
	struct ours o;
	double start;

	ours_open(&o);
	start = now();
	while (left > 0) {
		size_t taken = 0;

		if (ms_tls_write(o.client, ms_span_of(text, sizeof(text)), &taken) < 0)
			die("write");
		carry(o.client, o.server);
		left -= ms_tls_plain(o.server).len;
		ms_tls_consume(o.server, ms_tls_plain(o.server).len);
	}
	start = BULK_MIB / (now() - start);
	ours_close(&o);
	return start;
}

static double bare_bulk(void)
{
	static uint8_t in[PIECE];
	size_t left = (size_t)BULK_MIB << 20;
	struct bare b;
	double start;

	bare_open(&b);
	start = now();
	while (left > 0) {
		int n;

		if (SSL_write(b.client, text, PIECE) != PIECE)
			die("bare write");
		n = SSL_read(b.server, in, sizeof(in));
		if (n <= 0)
			die("bare read");
		left -= (size_t)n;
	}
	start = BULK_MIB / (now() - start);
	bare_close(&b);
	return start;
}

static double ours_memory(void)
{
	static struct ours o[IDLE];
	size_t before = mallinfo2().uordblks, after;

	for (int i = 0; i < IDLE; i++)
		ours_open(&o[i]);
	after = mallinfo2().uordblks;
	for (int i = 0; i < IDLE; i++)
		ours_close(&o[i]);
	return (double)(after - before) / IDLE;
}

static double bare_memory(void)
{
	static struct bare b[IDLE];
	size_t before = mallinfo2().uordblks, after;

	for (int i = 0; i < IDLE; i++)
		bare_open(&b[i]);
	after = mallinfo2().uordblks;
	for (int i = 0; i < IDLE; i++)
		bare_close(&b[i]);
	return (double)(after - before) / IDLE;
}

static void compare(const char *name, double (*ours)(void), double (*bare)(void), int rounds)
{
	for (int i = 0; i < rounds; i++) {
		double a = ours(), b = bare();

		printf("%s %.0f %.0f\n", name, a, b);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	uint64_t rounds = 5;

	if (argc > 1)
		suite = argv[1];
	for (size_t i = 0; i < MS_ARRAY_SIZE(hows); i++) {
		if (strcmp(suite, hows[i].name) == 0)
			how = &hows[i];
	}
	if (argc > 2 && (ms_span_u64(ms_span_str(argv[2]), ROUNDS_MAX, &rounds) < 0 || rounds < 1))
		die("ROUNDS: 1 to 99");
	make_contexts();
	compare("setups_per_s", ours_setups, bare_setups, (int)rounds);
	compare("bulk_mib_per_s", ours_bulk, bare_bulk, (int)rounds);
	compare("idle_pair_octets", ours_memory, bare_memory, 1);
	ms_tls_context_free(client_ctx);
	ms_tls_context_free(server_ctx);
	ms_tls_certificate_unref(certificate);
	SSL_CTX_free(bare_ctx);
	return 0;
}
