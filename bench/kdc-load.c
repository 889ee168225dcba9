/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load on a Kerberos KDC (RFC 4120), the named peer of the KMS's figures: AS-REQ without
 * pre-authentication, or TGS-REQ with a ticket from libkrb5, over UDP.
 *
 *   kdc-load as|tgs PORT SECONDS REALM CLIENT PASSWORD SERVICE HOST
 *
 * The KDC answers on 127.0.0.1. Every request is new (nonce, and for TGS the authenticator), so the
 * KDC's cache of answered requests never hits; TGS requests are made beforehand, since making one
 * costs the client more than answering it. Prints "answers SECONDS errors lost".
 */
#include <arpa/inet.h>
#include <krb5.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/buf.h"

#define WINDOW 32
#define REQUEST_MAX 2048
#define ANSWER_TIMEOUT_MS 500
#define NONCE_FIRST 0x40000000u

static krb5_context krb;
static krb5_creds tgt;
static const char *realm, *client, *service, *host;

static void fail(krb5_error_code err, const char *what)
{
	fprintf(stderr, "kdc-load: %s: %s\n", what, krb5_get_error_message(krb, err));
	_exit(1);
}

/* DER is written back to front: contents first, then put() wraps them. */
struct der {
	uint8_t b[REQUEST_MAX];
	size_t at; /* first used octet */
};

static void der_start(struct der *d)
{
	d->at = sizeof(d->b);
}

static void raw(struct der *d, const void *p, size_t n)
{
	d->at -= n;
	memcpy(d->b + d->at, p, n);
}

static void octet(struct der *d, unsigned v)
{
	d->b[--d->at] = (uint8_t)v;
}

/* Puts tag and length before all that was written since `end`. */
static void wrap(struct der *d, size_t end, unsigned tag)
{
	size_t n = end - d->at;

	if (n < 128) {
		octet(d, (unsigned)n);
	} else {
		octet(d, n & 255);
		octet(d, (unsigned)(n >> 8));
		octet(d, 0x82);
	}
	octet(d, tag);
}

static void integer(struct der *d, uint32_t v)
{
	size_t end = d->at;

	do {
		octet(d, v & 255);
		v >>= 8;
	} while (v > 0);
	if (d->b[d->at] & 0x80)
		octet(d, 0);
	wrap(d, end, 0x02);
}

static void string(struct der *d, unsigned tag, const char *s)
{
	size_t end = d->at;

	raw(d, s, strlen(s));
	wrap(d, end, tag);
}

static void gtime(struct der *d, time_t t)
{
	struct tm tm;
	char text[32];

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &tm);
	string(d, 0x18, text);
}

static void flags(struct der *d)
{
	raw(d, "\x03\x05\0\0\0\0\0", 7);
}

static void principal(struct der *d, unsigned type, const char *a, const char *b)
{
	size_t end = d->at, names;

	names = d->at;
	if (b)
		string(d, 0x1b, b);
	string(d, 0x1b, a);
	wrap(d, names, 0x30);
	wrap(d, names, 0xa1);
	names = d->at;
	integer(d, type);
	wrap(d, names, 0xa0);
	wrap(d, end, 0x30);
}

static void request_body(struct der *d, bool as, uint32_t nonce)
{
	size_t end = d->at, at = end;

	integer(d, 17); /* aes128-cts-hmac-sha1-96 */
	wrap(d, at, 0x30);
	wrap(d, at, 0xa8);
	at = d->at;
	integer(d, nonce);
	wrap(d, at, 0xa7);
	at = d->at;
	gtime(d, time(NULL) + 36000);
	wrap(d, at, 0xa5);
	at = d->at;
	principal(d, as ? 2 : 3, as ? "krbtgt" : service, as ? realm : host);
	wrap(d, at, 0xa3);
	at = d->at;
	string(d, 0x1b, realm);
	wrap(d, at, 0xa2);
	at = d->at;
	if (as) {
		principal(d, 1, client, NULL);
		wrap(d, at, 0xa1);
		at = d->at;
	}
	flags(d);
	wrap(d, at, 0xa0);
	wrap(d, end, 0x30);
}

static void message(struct der *d, size_t end, unsigned type)
{
	size_t at = d->at;

	integer(d, type);
	wrap(d, at, 0xa2);
	at = d->at;
	integer(d, 5);
	wrap(d, at, 0xa1);
	wrap(d, end, 0x30);
	wrap(d, end, 0x60 | type);
}

static void as_request(struct der *d, uint32_t nonce)
{
	size_t end;

	der_start(d);
	end = d->at;
	request_body(d, true, nonce);
	wrap(d, end, 0xa4);
	message(d, end, 10);
}

static void checksum(struct der *d, krb5_data body)
{
	krb5_checksum sum = { 0 };
	size_t end = d->at, at = end;
	krb5_error_code err = krb5_c_make_checksum(krb, 0, &tgt.keyblock, 6, &body, &sum);

	if (err)
		fail(err, "checksum");
	raw(d, sum.contents, sum.length);
	wrap(d, at, 0x04);
	wrap(d, at, 0xa1);
	at = d->at;
	integer(d, (uint32_t)sum.checksum_type);
	wrap(d, at, 0xa0);
	wrap(d, end, 0x30);
	krb5_free_checksum_contents(krb, &sum);
}

static void authenticator(struct der *d, krb5_data body, uint32_t nonce)
{
	size_t end = d->at, at = end;

	gtime(d, time(NULL));
	wrap(d, at, 0xa5);
	at = d->at;
	integer(d, nonce % 1000000);
	wrap(d, at, 0xa4);
	at = d->at;
	checksum(d, body);
	wrap(d, at, 0xa3);
	at = d->at;
	principal(d, 1, client, NULL);
	wrap(d, at, 0xa2);
	at = d->at;
	string(d, 0x1b, realm);
	wrap(d, at, 0xa1);
	at = d->at;
	integer(d, 5);
	wrap(d, at, 0xa0);
	wrap(d, end, 0x30);
	wrap(d, end, 0x62);
}

static void encrypted(struct der *d, const struct der *plain, unsigned usage)
{
	krb5_data in = { 0, (unsigned)(sizeof(plain->b) - plain->at),
			 (char *)plain->b + plain->at };
	char out[REQUEST_MAX];
	krb5_enc_data enc = { .ciphertext = { 0, sizeof(out), out } };
	size_t end = d->at, at = end;
	krb5_error_code err = krb5_c_encrypt(krb, &tgt.keyblock, (int)usage, NULL, &in, &enc);

	if (err)
		fail(err, "encrypt");
	raw(d, enc.ciphertext.data, enc.ciphertext.length);
	wrap(d, at, 0x04);
	wrap(d, at, 0xa2);
	at = d->at;
	integer(d, (uint32_t)enc.enctype);
	wrap(d, at, 0xa0);
	wrap(d, end, 0x30);
}

static void ap_request(struct der *d, krb5_data body, uint32_t nonce)
{
	static struct der plain;
	size_t end = d->at, at = end;

	der_start(&plain);
	authenticator(&plain, body, nonce);
	encrypted(d, &plain, 7);
	wrap(d, at, 0xa4);
	at = d->at;
	raw(d, tgt.ticket.data, tgt.ticket.length);
	wrap(d, at, 0xa3);
	at = d->at;
	flags(d);
	wrap(d, at, 0xa2);
	at = d->at;
	integer(d, 14);
	wrap(d, at, 0xa1);
	at = d->at;
	integer(d, 5);
	wrap(d, at, 0xa0);
	wrap(d, end, 0x30);
	wrap(d, end, 0x6e);
}

static void tgs_request(struct der *d, uint32_t nonce)
{
	krb5_data body;
	size_t end, at;

	der_start(d);
	end = d->at;
	request_body(d, false, nonce);
	body = (krb5_data){ 0, (unsigned)(end - d->at), (char *)d->b + d->at };
	at = end;
	wrap(d, end, 0xa4);
	at = d->at;
	/* padata: SEQUENCE OF { [1] type 1, [2] OCTET STRING of the AP-REQ } */
	ap_request(d, body, nonce);
	wrap(d, at, 0x04);
	wrap(d, at, 0xa2);
	{
		size_t type = d->at;

		integer(d, 1);
		wrap(d, type, 0xa1);
	}
	wrap(d, at, 0x30);
	wrap(d, at, 0x30);
	wrap(d, at, 0xa3);
	message(d, end, 12);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct stock {
	uint8_t *p; /* n requests, each with two octets of length in front */
	size_t n, at;
};

static void fill_stock(struct stock *s, size_t n)
{
	static struct der d;

	s->p = ms_calloc(n, REQUEST_MAX);
	if (!s->p)
		_exit(1);
	for (size_t i = 0; i < n; i++) {
		size_t len;

		tgs_request(&d, NONCE_FIRST + (uint32_t)i);
		len = sizeof(d.b) - d.at;
		memcpy(s->p + i * REQUEST_MAX, &len, sizeof(len));
		memcpy(s->p + i * REQUEST_MAX + sizeof(len), d.b + d.at, len);
	}
	s->n = n;
}

/* Sends one new request; false when the stock of TGS requests is used up. */
static bool fire(int fd, bool as, struct stock *s)
{
	static struct der d;
	static uint32_t nonce = NONCE_FIRST;
	size_t len;

	if (as) {
		as_request(&d, nonce++);
		return send(fd, d.b + d.at, sizeof(d.b) - d.at, 0) >= 0;
	}
	if (s->at == s->n)
		return false;
	memcpy(&len, s->p + s->at * REQUEST_MAX, sizeof(len));
	return send(fd, s->p + s->at++ * REQUEST_MAX + sizeof(len), len, 0) >= 0;
}

static void run(int fd, bool as, struct stock *s, double seconds)
{
	unsigned long answers = 0, errors = 0, lost = 0;
	uint8_t answer[8192], want = as ? 0x6b : 0x6d;
	double began = now(), end = began + seconds;
	unsigned out = 0;
	bool more = true;

	while (now() < end && (more || out > 0)) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };

		while (more && out < WINDOW) {
			more = fire(fd, as, s);
			out += more;
		}
		if (poll(&pfd, 1, ANSWER_TIMEOUT_MS) == 0) {
			lost += out;
			out = 0;
			continue;
		}
		while (out > 0 && recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0) {
			out--;
			if (answer[0] == want)
				answers++;
			else
				errors++;
		}
	}
	printf("%lu %.6f %lu %lu\n", answers, now() - began, errors, lost);
}

static int open_socket(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (void *)&to, sizeof(to)) < 0) {
		perror("kdc-load");
		_exit(1);
	}
	return fd;
}

static void get_tgt(const char *password)
{
	char name[256];
	krb5_principal p;
	krb5_error_code err;

	snprintf(name, sizeof(name), "%s@%s", client, realm);
	err = krb5_parse_name(krb, name, &p);
	if (err == 0)
		err = krb5_get_init_creds_password(krb, &tgt, p, password, NULL, NULL, 0, NULL,
						   NULL);
	if (err)
		fail(err, "no ticket granting ticket");
}

int main(int argc, char **argv)
{
	struct stock stock = { 0 };
	uint64_t port, seconds;
	bool as;

	if (argc != 9 || ms_span_u64(ms_span_str(argv[2]), 65535, &port) < 0 ||
	    ms_span_u64(ms_span_str(argv[3]), 60, &seconds) < 0) {
		fprintf(stderr,
			"kdc-load as|tgs PORT SECONDS REALM CLIENT PASSWORD SERVICE HOST\n");
		return 2;
	}
	as = strcmp(argv[1], "as") == 0;
	realm = argv[4];
	client = argv[5];
	service = argv[7];
	host = argv[8];
	if (krb5_init_context(&krb))
		return 1;
	if (!as) {
		get_tgt(argv[6]);
		fill_stock(&stock, (size_t)seconds * 20000);
	}
	run(open_socket((int)port), as, &stock, (double)seconds);
	ms_free(stock.p);
	return 0;
}
