/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The media plane without its control role: N pairs of stream endpoints, an access side that listens at
 * a port of its own and forwards to one backend, as a controller would have set them up. For measuring
 * and for fault tests.
 *
 *   bench-media-gate -b HOST:PORT -a HOST:PORT -n PAIRS [-m tcp|tls|psk] [-c CERT -k KEY] [-F SHA256] [-P HEXKEY]
 *       -a     first access port; pair i listens at PORT + i
 *       -c -k  certificate and key (PEM); none: one is made
 *       -F     fingerprint (hexadecimal) that clients have to show; none: clients show no certificate
 *       -v     1.2 or 1.3 only
 *       -g     milliseconds for a handshake
 *       -H     most handshakes a second
 *       -R     KiB read at once
 *       -M     MSRP whose paths are changed, those of msrp-load.c
 *       -r     pairs whose bearer ended are deleted and set up anew (for set-ups a second)
 *
 * Prints "ready" when all listen, and its counts at SIGUSR1 and at the end.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/hex.h"
#include "core/profile.h"
#include "loop/addr.h"
#include "loop/loop.h"
#include "mgw/media/media.h"

static struct {
	struct ms_media *media;
	struct ms_addr access, backend;
	uint32_t pairs;
	bool tls, psk, again, msrp;
	uint8_t fingerprint[32], key[64];
	size_t n_fingerprint, n_key;
	struct ms_defer renew;
	uint32_t *ended; /* pairs to be made anew */
	uint32_t n_ended;
	uint8_t *is_ended;
	uint32_t serial;   /* endpoints made so far / 2 */
	uint32_t *number;  /* of each pair: its endpoints are 2 * number + 1 and + 2 */
	uint32_t *pair_of; /* number % room -> pair */
	uint32_t room;
} g;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "media-gate: %s\n", what);
	exit(2);
}

static struct ms_bearer_address address_of(const struct ms_addr *a, uint32_t more)
{
	struct ms_bearer_address b = { .family = 4, .port = (uint16_t)(ms_addr_port(a) + more) };

	memcpy(b.octets, &a->u.in.sin_addr, 4);
	return b;
}

static void set(ms_plane_endpoint e, const struct ms_bearer *b)
{
	static uint8_t array[MS_BEARER_PACKED_MAX];
	struct ms_buf packed;
	uint16_t error;

	ms_buf_init_fixed(&packed, array, sizeof(array));
	ms_bearer_pack(b, &packed);
	error = ms_buf_status(&packed) ? 500 : ms_media_set(g.media, e, 0, ms_buf_span(&packed));
	if (error)
		die("an endpoint could not be made");
}

static void be_aware(struct ms_bearer *a, struct ms_bearer *b, uint32_t i)
{
	a->application = b->application = MS_BEARER_MSRP;
	snprintf(a->local_path, sizeof(a->local_path), "msrp://gate.example:9001/l%u;tcp", i);
	snprintf(a->remote_path, sizeof(a->remote_path), "msrp://peer.example:7001/a%u;tcp", i);
	snprintf(b->local_path, sizeof(b->local_path), "msrp://gate.example:9002/r%u;tcp", i);
	snprintf(b->remote_path, sizeof(b->remote_path), "msrp://peer.example:7002/b%u;tcp", i);
}

static void make_pair(uint32_t i)
{
	struct ms_bearer a, b;
	uint32_t n = g.serial++;

	g.number[i] = n;
	g.pair_of[n % g.room] = i;
	ms_bearer_init(&a);
	a.mode = MS_BEARER_SENDRECV;
	a.incoming = MS_BEARER_FORWARD;
	a.local = address_of(&g.access, i);
	a.tls = g.tls;
	a.report_release = g.again;
	if (g.psk) {
		a.psk_wanted = true;
		(void)!ms_secret_set(&a.psk, ms_span_of(g.key, g.n_key));
	} else if (g.n_fingerprint) {
		a.remote_fingerprints.n = 1;
		a.remote_fingerprints.list[0].hash = MS_BEARER_SHA256;
		a.remote_fingerprints.list[0].len = 32;
		memcpy(a.remote_fingerprints.list[0].digest, g.fingerprint, 32);
	}
	ms_bearer_init(&b);
	b.mode = MS_BEARER_SENDRECV;
	b.setup = MS_BEARER_SETUP_ACTIVE;
	b.remote = address_of(&g.backend, 0);
	if (g.msrp)
		be_aware(&a, &b, i);
	set(2 * n + 1, &a);
	set(2 * n + 2, &b);
	if (ms_media_pair(g.media, 2 * n + 1, 2 * n + 2, MS_PLANE_BOTHWAY))
		die("a pair could not be made");
}

static void renew(void *arg)
{
	struct ms_bearer_statistics s;

	(void)arg;
	for (uint32_t k = 0; k < g.n_ended; k++) {
		uint32_t i = g.ended[k], n = g.number[i];

		(void)!ms_media_delete(g.media, 2 * n + 1, false, &s);
		(void)!ms_media_delete(g.media, 2 * n + 2, false, &s);
		g.is_ended[i] = 0;
		make_pair(i);
	}
	g.n_ended = 0;
}

static void on_event(ms_plane_endpoint endpoint, const struct ms_bearer_event *e, void *arg)
{
	uint32_t i = g.pair_of[(endpoint - 1) / 2 % g.room];

	(void)arg;
	if (!g.again || g.is_ended[i] ||
	    (e->kind != MS_BEARER_RELEASED && e->kind != MS_BEARER_TLS_FAILED &&
	     e->kind != MS_BEARER_TCP_FAILED))
		return;
	g.is_ended[i] = 1;
	g.ended[g.n_ended++] = i;
	ms_defer_call(&g.renew);
}

static struct ms_span file_of(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	uint8_t *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(path);
	p = ms_zalloc((size_t)st.st_size);
	if (!p || read(fd, p, (size_t)st.st_size) != st.st_size)
		die(path);
	close(fd);
	return ms_span_of(p, (size_t)st.st_size);
}

static struct ms_tls_certificate *certificate(const char *cert, const char *key)
{
	struct ms_tls_certificate *c = NULL;
	int err = cert ? ms_tls_certificate_load(file_of(cert), file_of(key), &c)
		       : ms_tls_certificate_make(MS_SPAN_LIT("gate"), ms_clock_wall(), 30, &c);

	if (err)
		die("certificate");
	return c;
}

static void report(int signo, void *arg)
{
	const struct ms_media_stats *s = ms_media_stats(g.media);

	(void)arg;
	printf("{\"accepted\":%lu,\"connected\":%lu,\"handshakes\":%lu,\"handshakes_failed\":%lu,"
	       "\"tcp_failed\":%lu,\"refused_half_open\":%lu,\"refused_handshakes\":%lu,"
	       "\"refused_memory\":%lu,\"refused_files\":%lu,\"dropped_source\":%lu,\"up\":%lu,"
	       "\"half\":%lu,\"waiting\":%lu,\"octets\":%lu,\"slow\":%lu,\"slowest_us\":%ld}\n",
	       s->accepted, s->connected, s->handshakes, s->handshakes_failed, s->tcp_failed,
	       s->refused_half_open, s->refused_handshakes, s->refused_memory, s->refused_files,
	       s->dropped_source, s->up, s->half, s->waiting, s->octets, ms_loop_stats()->slow,
	       (long)ms_loop_stats()->slowest);
	fflush(stdout);
	if (signo != SIGUSR1)
		ms_loop_stop();
}

static void read_hex(const char *text, uint8_t *octets, size_t room, size_t *ret_n)
{
	struct ms_buf b;

	ms_buf_init_fixed(&b, octets, room);
	if (ms_hex_decode(&b, ms_span_str(text)))
		die("hexadecimal digits expected");
	*ret_n = b.len;
}

static void open_media(struct ms_media_config *c, const char *cert, const char *key)
{
	const struct ms_media_handlers h = { .event = on_event };
	struct ms_fault f = { 0 };

	if (ms_loop_init())
		die("loop");
	c->anonymous_clients = g.n_fingerprint == 0;
	if (ms_media_new(c, &h, &g.media, &f))
		die(f.reason ? f.reason : "media plane");
	if (g.tls && ms_media_certificate(g.media, 1, certificate(cert, key)))
		die("certificate");
	ms_defer_init(&g.renew, renew, NULL);
	g.room = 4 * g.pairs;
	g.ended = ms_calloc(g.pairs, sizeof(*g.ended));
	g.is_ended = ms_calloc(g.pairs, 1);
	g.number = ms_calloc(g.pairs, sizeof(*g.number));
	g.pair_of = ms_calloc(g.room, sizeof(*g.pair_of));
	if (!g.ended || !g.is_ended || !g.number || !g.pair_of)
		die("memory");
}

static uint32_t number_of(const char *text)
{
	uint64_t v;

	if (ms_span_u64(ms_span_str(text), 1000000, &v))
		die("number expected");
	return (uint32_t)v;
}

int main(int argc, char **argv)
{
	struct ms_media_config c = { .endpoints = 200000, .half_open = 100000 };
	const char *cert = NULL, *key = NULL, *mode = "tcp";
	int o;

	while ((o = getopt(argc, argv, "a:b:n:m:c:k:F:P:v:g:H:R:rM")) != -1) {
		if (o == 'a' && ms_addr_parse(ms_span_str(optarg), 0, &g.access))
			die("address expected");
		if (o == 'b' && ms_addr_parse(ms_span_str(optarg), 0, &g.backend))
			die("address expected");
		if (o == 'n')
			g.pairs = number_of(optarg);
		if (o == 'm')
			mode = optarg;
		if (o == 'c')
			cert = optarg;
		if (o == 'k')
			key = optarg;
		if (o == 'F')
			read_hex(optarg, g.fingerprint, sizeof(g.fingerprint), &g.n_fingerprint);
		if (o == 'P')
			read_hex(optarg, g.key, sizeof(g.key), &g.n_key);
		if (o == 'v')
			c.versions = strcmp(optarg, "1.2") == 0 ? MS_TLS_ONLY_12 : MS_TLS_ONLY_13;
		if (o == 'g')
			c.tls_ms = number_of(optarg);
		if (o == 'R')
			c.read_size = number_of(optarg) << 10;
		if (o == 'H')
			c.handshakes_per_s = number_of(optarg);
		if (o == 'M')
			g.msrp = true;
		if (o == 'r')
			g.again = true;
		if (o == '?')
			die("see the head of media-gate.c");
	}
	if (!g.pairs || !ms_addr_is_set(&g.access) || !ms_addr_is_set(&g.backend))
		die("-a, -b and -n are needed");
	g.tls = strcmp(mode, "tcp") != 0;
	g.psk = strcmp(mode, "psk") == 0;
	open_media(&c, cert, key);
	for (uint32_t i = 0; i < g.pairs; i++)
		make_pair(i);
	if (ms_loop_signal(SIGTERM, report, NULL) || ms_loop_signal(SIGINT, report, NULL) ||
	    ms_loop_signal(SIGUSR1, report, NULL))
		die("signals");
	printf("ready\n");
	fflush(stdout);
	return ms_loop_run() ? 1 : 0;
}
