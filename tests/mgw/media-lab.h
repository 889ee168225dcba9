/* SPDX-License-Identifier: Apache-2.0 */
/* A media plane with peers on 127.0.0.1, all of them in one loop: for tests. */
#ifndef TESTS_MGW_MEDIA_LAB_H
#define TESTS_MGW_MEDIA_LAB_H

#include "ms-test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/profile.h"
#include "loop/loop-priv.h"
#include "loop/loop.h"
#include "mgw/media/media.h"

#define LAB_EVENTS 64
/* Tests run side by side: each process has a loopback address of its own. */
#define LAB_HOST(i) ((uint8_t)(getpid() >> (8 * (i))))
#define LAB_PORT_A ((uint16_t)11801)            /* the gateway's, access side */
#define LAB_PORT_B ((uint16_t)(LAB_PORT_A + 1)) /* core side */
#define LAB_PEER_A 11803
#define LAB_PEER_B 11804

struct lab_event {
	ms_plane_endpoint endpoint;
	struct ms_bearer_event e;
};

struct lab {
	struct ms_media *media;
	struct ms_tls_certificate *cert; /* the gateway's */
	struct ms_tls_context *peers;    /* TLS of the peers */
	struct ms_tls_certificate *peer_cert;
	struct lab_event events[LAB_EVENTS];
	unsigned n_events;
};

static struct lab lab;

static inline void lab_note(ms_plane_endpoint endpoint, const struct ms_bearer_event *e,
			    void *arg MS_UNUSED)
{
	if (lab.n_events < LAB_EVENTS)
		lab.events[lab.n_events++] = (struct lab_event){ endpoint, *e };
}

static inline const struct ms_bearer_event *lab_event(ms_plane_endpoint endpoint,
						      enum ms_bearer_event_kind kind)
{
	for (unsigned i = 0; i < lab.n_events; i++)
		if (lab.events[i].endpoint == endpoint && lab.events[i].e.kind == kind)
			return &lab.events[i].e;
	return NULL;
}

static inline void lab_open(const struct ms_media_config *config)
{
	static const struct ms_media_config none;
	const struct ms_media_handlers h = { .event = lab_note };
	struct ms_tls_config t = { .cert_suites = ms_profile_default.cert_suites,
				   .psk_suites = ms_profile_default.psk_suites };
	struct ms_fault f = { 0 };

	memset(&lab, 0, sizeof(lab));
	assert_int_equal(ms_loop_init(), 0);
	assert_int_equal(ms_media_new(config ? config : &none, &h, &lab.media, &f), 0);
	assert_int_equal(
		ms_tls_certificate_make(MS_SPAN_LIT("gateway"), ms_clock_wall(), 30, &lab.cert), 0);
	assert_int_equal(ms_media_certificate(lab.media, 1, lab.cert), 0);
	assert_int_equal(
		ms_tls_certificate_make(MS_SPAN_LIT("peer"), ms_clock_wall(), 30, &lab.peer_cert),
		0);
	assert_int_equal(ms_tls_context_new(&t, &lab.peers, &f), 0);
}

static inline void lab_close(void)
{
	ms_media_free(lab.media);
	ms_tls_certificate_unref(lab.cert);
	ms_tls_certificate_unref(lab.peer_cert);
	ms_tls_context_free(lab.peers);
	ms_loop_close();
}

/* ---- bearers ---- */

static inline struct ms_bearer_address lab_address(uint16_t port)
{
	return (struct ms_bearer_address){ .family = 4,
					   .octets = { 127, LAB_HOST(1), LAB_HOST(0), 1 },
					   .port = port };
}

/** A plain, passive, two-way bearer at `port` that arms everything. */
static inline struct ms_bearer lab_bearer(uint16_t port)
{
	struct ms_bearer b;

	ms_bearer_init(&b);
	b.mode = MS_BEARER_SENDRECV;
	b.local = lab_address(port);
	b.report_release = b.report_tcp = b.report_tls = true;
	return b;
}

static inline uint16_t lab_set(ms_plane_endpoint endpoint, const struct ms_bearer *b)
{
	static uint8_t array[MS_BEARER_PACKED_MAX];
	struct ms_buf packed;

	ms_buf_init_fixed(&packed, array, sizeof(array));
	ms_bearer_pack(b, &packed);
	assert_int_equal(ms_buf_status(&packed), 0);
	return ms_media_set(lab.media, endpoint, 0, ms_buf_span(&packed));
}

static inline void lab_set_pair(const struct ms_bearer *a, const struct ms_bearer *b)
{
	assert_int_equal(lab_set(1, a), 0);
	assert_int_equal(lab_set(2, b), 0);
	assert_int_equal(ms_media_pair(lab.media, 1, 2, MS_PLANE_BOTHWAY), 0);
}

static inline void lab_fingerprint(struct ms_bearer *b, const struct ms_tls_certificate *cert)
{
	const struct ms_tls_fingerprint *f = ms_tls_certificate_fingerprint(cert, MS_TLS_SHA256);

	b->remote_fingerprints.n = 1;
	b->remote_fingerprints.list[0].hash = MS_BEARER_SHA256;
	b->remote_fingerprints.list[0].len = 32;
	memcpy(b->remote_fingerprints.list[0].digest, f->digest, 32);
}

/* ---- peers: plain non-blocking sockets ---- */

static inline void lab_round(void)
{
	ms_loop_round(false);
	usleep(100);
}

/** Rounds of the loop until `condition` holds; fails after twenty seconds. */
#define LAB_UNTIL(condition)                                                                \
	do {                                                                                \
		ms_usec end_ = ms_clock_mono() + 20 * MS_SEC;                               \
		while (!(condition)) {                                                      \
			if (ms_clock_mono() > end_)                                         \
				fail_msg("line %d: not in time: %s", __LINE__, #condition); \
			lab_round();                                                        \
		}                                                                           \
	} while (0)

/** Rounds for a time; some at least, however long one of them was kept from running. */
#define LAB_FOR(time)                                                     \
	do {                                                              \
		ms_usec end_ = ms_clock_mono() + (time);                  \
		for (int n_ = 0; n_ < 30 || ms_clock_mono() < end_; n_++) \
			lab_round();                                      \
	} while (0)

static inline struct sockaddr_in lab_sockaddr(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr =
					     htonl(0x7f000001u | (uint32_t)LAB_HOST(1) << 16 |
						   (uint32_t)LAB_HOST(0) << 8) };
}

static inline int lab_socket(uint16_t port)
{
	struct sockaddr_in a = lab_sockaddr(port);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (port)
		assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static inline int lab_listen(uint16_t port)
{
	int fd = lab_socket(port);

	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static inline int lab_connect(uint16_t from, uint16_t to)
{
	struct sockaddr_in a = lab_sockaddr(to);
	int fd = lab_socket(from);

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		assert_int_equal(errno, EINPROGRESS);
	return fd;
}

/** What happened to a connection begun: 0, or the errno of its failure. */
static inline int lab_error(int fd)
{
	int err = 0;
	socklen_t len = sizeof(err);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return err;
}

static inline int lab_accept(int listener)
{
	int fd = -1;

	LAB_UNTIL((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0);
	return fd;
}

static inline void lab_send(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static inline void lab_expect(int fd, const char *text)
{
	char got[256];
	size_t n = 0, len = strlen(text);
	ssize_t r = 0;

	LAB_UNTIL((r = recv(fd, got + n, len - n, 0), n += r > 0 ? (size_t)r : 0) == len);
	assert_memory_equal(got, text, len);
}

/** recv() once it is no more EAGAIN: 0 for FIN, -errno. */
static inline int lab_end(int fd)
{
	char octet;
	ssize_t n;

	LAB_UNTIL((n = recv(fd, &octet, 1, 0)) >= 0 || errno != EAGAIN);
	return n < 0 ? -errno : (int)n;
}

/* ---- peers with TLS ---- */

struct lab_tls {
	int fd;
	struct ms_tls *tls;
	struct ms_buf got;
	bool eof;
};

static inline void lab_tls_open(struct lab_tls *t, int fd, enum ms_tls_role role,
				const struct ms_tls_certificate *expected)
{
	struct ms_tls_peer p = {
		.role = role,
		.mode = MS_TLS_CERTIFICATE,
		.certificate = lab.peer_cert,
		.fingerprints = ms_tls_certificate_fingerprint(expected, MS_TLS_SHA256),
		.n_fingerprints = 1,
	};

	*t = (struct lab_tls){ .fd = fd };
	ms_buf_init(&t->got, 1 << 24);
	assert_int_equal(ms_tls_new(lab.peers, &p, ms_clock_mono(), &t->tls), 0);
}

static inline void lab_tls_close(struct lab_tls *t)
{
	t->tls = ms_tls_free(t->tls);
	ms_buf_done(&t->got);
	close(t->fd);
}

static inline void lab_tls_turn(struct lab_tls *t)
{
	static uint8_t in[65536];
	struct ms_span out = ms_tls_output(t->tls), plain;
	ssize_t n = out.len > 0 ? send(t->fd, out.p, out.len, MSG_NOSIGNAL) : 0;
	size_t taken;

	if (n > 0)
		ms_tls_sent(t->tls, (size_t)n);
	n = recv(t->fd, in, sizeof(in), 0);
	t->eof = t->eof || n == 0 || (n < 0 && errno != EAGAIN);
	if (n > 0)
		(void)!ms_tls_input(t->tls, ms_span_of(in, (size_t)n), &taken);
	plain = ms_tls_plain(t->tls);
	ms_buf_put_span(&t->got, plain);
	ms_tls_consume(t->tls, plain.len);
}

#define LAB_TLS_UNTIL(t, condition) LAB_UNTIL((lab_tls_turn(t), condition))

static inline void lab_tls_send(struct lab_tls *t, const char *text)
{
	size_t taken = 0;

	assert_int_equal(ms_tls_write(t->tls, ms_span_str(text), &taken), 0);
	assert_int_equal(taken, strlen(text));
}

/* ---- both sides ---- */

static inline bool lab_is_refused(uint16_t port)
{
	int fd = lab_connect(0, port), err;

	LAB_FOR(2 * MS_MSEC);
	err = lab_error(fd);
	close(fd);
	return err == ECONNREFUSED;
}

/* A peer at each side of endpoints 1 (access, forwarding) and 2 (core, with a remote address). */
struct lab_both {
	int a, b;
};

static inline struct lab_both lab_open_both(void)
{
	struct ms_bearer a = lab_bearer(LAB_PORT_A), b = lab_bearer(LAB_PORT_B);
	int listener = lab_listen(LAB_PEER_B);
	struct lab_both p;

	a.incoming = MS_BEARER_FORWARD;
	b.remote = lab_address(LAB_PEER_B);
	lab_set_pair(&a, &b);
	p.a = lab_connect(0, LAB_PORT_A);
	p.b = lab_accept(listener);
	close(listener);
	LAB_UNTIL(ms_media_stats(lab.media)->up == 2);
	return p;
}

static inline void lab_close_both(struct lab_both *p)
{
	close(p->a);
	close(p->b);
}

#endif
