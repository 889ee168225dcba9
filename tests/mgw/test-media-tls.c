/* SPDX-License-Identifier: Apache-2.0 */
/* Stream endpoints where TLS ends: roles, fingerprints, failures, endings, octets. */
#include "media-lab.h"

static int setup(void **state MS_UNUSED)
{
	lab_open(NULL);
	return 0;
}

static int teardown(void **state MS_UNUSED)
{
	lab_close();
	return 0;
}

/* An access side with TLS, passive and server unless changed, and a plain core side. */
static void bearers(struct ms_bearer *ret_a, struct ms_bearer *ret_b)
{
	*ret_a = lab_bearer(LAB_PORT_A);
	ret_a->tls = true;
	ret_a->incoming = MS_BEARER_FORWARD;
	lab_fingerprint(ret_a, lab.peer_cert);
	*ret_b = lab_bearer(LAB_PORT_B);
	ret_b->remote = lab_address(LAB_PEER_B);
}

struct both {
	struct lab_tls a;
	int b;
};

static struct both open_with(const struct ms_bearer *a, const struct ms_bearer *b)
{
	int listener = lab_listen(LAB_PEER_B);
	struct both p;

	lab_set_pair(a, b);
	lab_tls_open(&p.a, lab_connect(0, LAB_PORT_A), MS_TLS_CLIENT, lab.cert);
	p.b = lab_accept(listener);
	close(listener);
	return p;
}

static struct both open_both(void)
{
	struct ms_bearer a, b;
	struct both p;

	bearers(&a, &b);
	p = open_with(&a, &b);
	LAB_TLS_UNTIL(&p.a,
		      ms_tls_state(p.a.tls) == MS_TLS_OPEN && ms_media_stats(lab.media)->up == 2);
	return p;
}

static void close_both(struct both *p)
{
	lab_tls_close(&p->a);
	close(p->b);
}

static void expect_both_ways(struct both *p)
{
	char octet;

	lab_tls_send(&p->a, "secret");
	LAB_TLS_UNTIL(&p->a, recv(p->b, &octet, 1, MSG_PEEK) == 1);
	lab_expect(p->b, "secret");
	lab_send(p->b, "answer");
	LAB_TLS_UNTIL(&p->a, p->a.got.len == 6);
	assert_span_str(ms_buf_span(&p->a.got), "answer");
}

static void test_server(void **state MS_UNUSED)
{
	struct both p = open_both();

	expect_both_ways(&p);
	assert_non_null(lab_event(1, MS_BEARER_TLS_UP));
	close_both(&p);
}

/* The gateway is TLS client of a TCP connection it did not open: BFCP (RFC 8856 section 8). */
static void test_client_of_passive_tcp(void **state MS_UNUSED)
{
	struct ms_bearer a, b;
	struct both p;
	int listener = lab_listen(LAB_PEER_B);

	bearers(&a, &b);
	lab_set_pair(&a, &b);
	assert_int_equal(ms_media_start_tls(lab.media, 1), 0);
	lab_tls_open(&p.a, lab_connect(0, LAB_PORT_A), MS_TLS_SERVER, lab.cert);
	p.b = lab_accept(listener);
	LAB_TLS_UNTIL(&p.a, ms_tls_state(p.a.tls) == MS_TLS_OPEN);
	expect_both_ways(&p);
	close(listener);
	close_both(&p);
}

/* The order to be the client comes when TCP stands already, and nothing has been said. */
static void test_client_late(void **state MS_UNUSED)
{
	struct ms_bearer a, b;
	struct both p;
	int listener = lab_listen(LAB_PEER_B), fd;

	bearers(&a, &b);
	lab_set_pair(&a, &b);
	fd = lab_connect(0, LAB_PORT_A);
	p.b = lab_accept(listener);
	LAB_UNTIL(lab_event(1, MS_BEARER_TCP_UP));
	assert_int_equal(ms_media_start_tls(lab.media, 1), 0);
	lab_tls_open(&p.a, fd, MS_TLS_SERVER, lab.cert);
	LAB_TLS_UNTIL(&p.a, ms_tls_state(p.a.tls) == MS_TLS_OPEN);
	expect_both_ways(&p);
	close(listener);
	close_both(&p);
}

static void test_lost_in_handshake(void **state MS_UNUSED)
{
	struct ms_bearer a, b;
	struct both p;

	bearers(&a, &b);
	p = open_with(&a, &b);
	lab_tls_turn(&p.a);
	lab_tls_close(&p.a);
	LAB_UNTIL(lab_event(1, MS_BEARER_TLS_FAILED));
	assert_string_equal(lab_event(1, MS_BEARER_TLS_FAILED)->cause, "tcplost");
	assert_int_equal(lab_end(p.b), -ECONNRESET);
	close(p.b);
}

static void test_active_client(void **state MS_UNUSED)
{
	struct ms_bearer a, b;
	struct both p;
	int la = lab_listen(LAB_PEER_A), lb = lab_listen(LAB_PEER_B);

	bearers(&a, &b);
	a.remote = lab_address(LAB_PEER_A);
	lab_set_pair(&a, &b);
	assert_int_equal(ms_media_start_tcp(lab.media, 1), 0);
	assert_int_equal(ms_media_start_tls(lab.media, 1), 0);
	assert_int_equal(ms_media_start_tcp(lab.media, 2), 0);
	lab_tls_open(&p.a, lab_accept(la), MS_TLS_SERVER, lab.cert);
	p.b = lab_accept(lb);
	LAB_TLS_UNTIL(&p.a, ms_tls_state(p.a.tls) == MS_TLS_OPEN);
	expect_both_ways(&p);
	close(la);
	close(lb);
	close_both(&p);
}

static void test_tls_on_both_sides(void **state MS_UNUSED)
{
	struct ms_bearer a, b;
	struct lab_tls pa, pb;
	int listener = lab_listen(LAB_PEER_B);

	bearers(&a, &b);
	b.tls = true;
	lab_fingerprint(&b, lab.peer_cert);
	lab_set_pair(&a, &b);
	assert_int_equal(ms_media_start_tls(lab.media, 2), 0);
	lab_tls_open(&pa, lab_connect(0, LAB_PORT_A), MS_TLS_CLIENT, lab.cert);
	lab_tls_open(&pb, lab_accept(listener), MS_TLS_SERVER, lab.cert);
	LAB_TLS_UNTIL(&pa, (lab_tls_turn(&pb), ms_tls_state(pa.tls) == MS_TLS_OPEN &&
						       ms_tls_state(pb.tls) == MS_TLS_OPEN));
	lab_tls_send(&pa, "through two sessions");
	LAB_TLS_UNTIL(&pa, (lab_tls_turn(&pb), pb.got.len == 20));
	assert_span_str(ms_buf_span(&pb.got), "through two sessions");
	close(listener);
	lab_tls_close(&pa);
	lab_tls_close(&pb);
}

/* ---- fingerprints ---- */

static void expect_failure(struct both *p, const char *cause)
{
	LAB_TLS_UNTIL(&p->a, lab_event(1, MS_BEARER_TLS_FAILED));
	assert_string_equal(lab_event(1, MS_BEARER_TLS_FAILED)->cause, cause);
	/* Nothing of it reaches the core side but the end. */
	assert_true(lab_end(p->b) <= 0);
	LAB_TLS_UNTIL(&p->a, p->a.eof);
	assert_int_equal(ms_media_stats(lab.media)->up, 0);
	assert_int_equal(ms_media_stats(lab.media)->half, 0);
}

static void test_wrong_fingerprint(void **state MS_UNUSED)
{
	struct ms_bearer a, b;
	struct both p;

	bearers(&a, &b);
	lab_fingerprint(&a, lab.cert); /* somebody else's */
	p = open_with(&a, &b);
	expect_failure(&p, "fpmismatch");
	assert_int_equal(lab_event(1, MS_BEARER_TLS_FAILED)->alert, 42); /* bad_certificate */
	assert_int_equal(ms_media_stats(lab.media)->failed_fingerprint, 1);
	close_both(&p);
}

static void test_several_fingerprints(void **state MS_UNUSED)
{
	struct ms_bearer a, b;
	struct both p;

	bearers(&a, &b);
	a.remote_fingerprints.list[1] = a.remote_fingerprints.list[0];
	a.remote_fingerprints.list[0].digest[0] ^= 1;
	a.remote_fingerprints.n = 2;
	p = open_with(&a, &b);
	LAB_TLS_UNTIL(&p.a, ms_tls_state(p.a.tls) == MS_TLS_OPEN);
	expect_both_ways(&p);
	close_both(&p);
}

static void test_expired_certificate(void **state MS_UNUSED)
{
	struct ms_bearer a, b;
	struct both p;

	ms_tls_certificate_unref(lab.peer_cert);
	assert_int_equal(ms_tls_certificate_make(MS_SPAN_LIT("old"),
						 ms_clock_wall() - (ms_usec)90 * 86400 * MS_SEC, 30,
						 &lab.peer_cert),
			 0);
	bearers(&a, &b);
	p = open_with(&a, &b);
	LAB_TLS_UNTIL(&p.a, ms_tls_state(p.a.tls) == MS_TLS_OPEN);
	expect_both_ways(&p);
	close_both(&p);
}

static void test_late_fingerprint(void **state MS_UNUSED)
{
	struct ms_bearer a, b;
	struct both p;
	char octet;

	bearers(&a, &b);
	a.remote_fingerprints.n = 0;
	p = open_with(&a, &b);
	for (int i = 0; i < 100; i++) {
		lab_tls_turn(&p.a);
		lab_round();
	}
	assert_null(lab_event(1, MS_BEARER_TLS_UP));
	assert_null(lab_event(1, MS_BEARER_TLS_FAILED));
	assert_int_equal(recv(p.b, &octet, 1, 0), -1);
	lab_fingerprint(&a, lab.peer_cert);
	assert_int_equal(lab_set(1, &a), 0);
	LAB_TLS_UNTIL(&p.a, ms_tls_state(p.a.tls) == MS_TLS_OPEN);
	expect_both_ways(&p);
	close_both(&p);
}

static void test_late_wrong_fingerprint(void **state MS_UNUSED)
{
	struct ms_bearer a, b;
	struct both p;

	bearers(&a, &b);
	a.remote_fingerprints.n = 0;
	p = open_with(&a, &b);
	for (int i = 0; i < 100; i++) {
		lab_tls_turn(&p.a);
		lab_round();
	}
	lab_fingerprint(&a, lab.cert);
	assert_int_equal(lab_set(1, &a), 0);
	expect_failure(&p, "fpmismatch");
	close_both(&p);
}

/* ---- peers that do not play ---- */

static void test_no_handshake(void **state MS_UNUSED)
{
	struct ms_bearer a, b;
	int listener = lab_listen(LAB_PEER_B), pa, pb;

	bearers(&a, &b);
	a.tls_ms = 60;
	lab_set_pair(&a, &b);
	pa = lab_connect(0, LAB_PORT_A);
	pb = lab_accept(listener);
	LAB_UNTIL(lab_event(1, MS_BEARER_TLS_FAILED));
	assert_string_equal(lab_event(1, MS_BEARER_TLS_FAILED)->cause, "timeout");
	assert_int_equal(lab_end(pa), 0);
	assert_int_equal(lab_end(pb), -ECONNRESET);
	close(listener);
	close(pa);
	close(pb);
}

static void test_no_tls(void **state MS_UNUSED)
{
	struct ms_bearer a, b;
	int listener = lab_listen(LAB_PEER_B), pa, pb;

	bearers(&a, &b);
	lab_set_pair(&a, &b);
	pa = lab_connect(0, LAB_PORT_A);
	pb = lab_accept(listener);
	lab_send(pa, "MSRP 1234 SEND\r\n");
	LAB_UNTIL(lab_event(1, MS_BEARER_TLS_FAILED));
	assert_true(lab_end(pb) <= 0);
	close(listener);
	close(pa);
	close(pb);
}

static void test_psk(void **state MS_UNUSED)
{
	struct ms_bearer a, b;
	struct ms_tls_peer peer = { .role = MS_TLS_CLIENT,
				    .mode = MS_TLS_PSK_12,
				    .psk = MS_SPAN_LIT("0123456789abcdef") };
	struct both p;
	int listener = lab_listen(LAB_PEER_B);

	bearers(&a, &b);
	a.psk_wanted = true;
	a.remote_fingerprints.n = 0;
	assert_int_equal(ms_secret_set(&a.psk, peer.psk), 0);
	lab_set_pair(&a, &b);
	p.a = (struct lab_tls){ .fd = lab_connect(0, LAB_PORT_A) };
	ms_buf_init(&p.a.got, 4096);
	assert_int_equal(ms_tls_new(lab.peers, &peer, ms_clock_mono(), &p.a.tls), 0);
	p.b = lab_accept(listener);
	LAB_TLS_UNTIL(&p.a, ms_tls_state(p.a.tls) == MS_TLS_OPEN);
	expect_both_ways(&p);
	close(listener);
	close_both(&p);
}

static void test_psk_missing(void **state MS_UNUSED)
{
	struct ms_bearer a, b;
	int listener = lab_listen(LAB_PEER_B), pa;

	bearers(&a, &b);
	a.psk_wanted = true;
	lab_set_pair(&a, &b);
	pa = lab_connect(0, LAB_PORT_A);
	LAB_UNTIL(lab_event(1, MS_BEARER_TLS_FAILED));
	assert_string_equal(lab_event(1, MS_BEARER_TLS_FAILED)->cause, "badpsk");
	close(listener);
	close(pa);
}

static void test_handshake_rate(void **state MS_UNUSED)
{
	const struct ms_media_config c = { .handshakes_per_s = 1, .handshakes_burst = 1 };
	struct ms_bearer a = lab_bearer(LAB_PORT_A), b = lab_bearer(LAB_PORT_B);
	int pa, pb;

	lab_close();
	lab_open(&c);
	a.tls = b.tls = true;
	assert_int_equal(lab_set(1, &a), 0);
	assert_int_equal(lab_set(2, &b), 0);
	pa = lab_connect(0, LAB_PORT_A);
	LAB_UNTIL(ms_media_stats(lab.media)->half == 1);
	pb = lab_connect(0, LAB_PORT_B);
	assert_int_equal(lab_end(pb), -ECONNRESET);
	assert_int_equal(ms_media_stats(lab.media)->refused_handshakes, 1);
	close(pa);
	close(pb);
}

/* ---- endings ---- */

static void test_close_notify(void **state MS_UNUSED)
{
	struct both p = open_both();

	lab_tls_send(&p.a, "the end");
	ms_tls_close(p.a.tls);
	LAB_TLS_UNTIL(&p.a, p.a.eof); /* TLS ends, and TCP with it */
	lab_expect(p.b, "the end");
	assert_int_equal(lab_end(p.b), 0);
	assert_string_equal(lab_event(1, MS_BEARER_RELEASED)->cause, "tls-close");
	assert_int_equal(lab_event(1, MS_BEARER_RELEASED)->general, MS_BEARER_NORMAL);
	close_both(&p);
}

static void test_fin_of_plain_side(void **state MS_UNUSED)
{
	struct both p = open_both();

	lab_send(p.b, "bye");
	shutdown(p.b, SHUT_WR);
	LAB_TLS_UNTIL(&p.a, ms_tls_state(p.a.tls) == MS_TLS_HALF);
	assert_span_str(ms_buf_span(&p.a.got), "bye");
	ms_tls_close(p.a.tls);
	assert_int_equal(lab_end(p.b), 0);
	assert_string_equal(lab_event(2, MS_BEARER_RELEASED)->cause, "tcp-fin");
	close_both(&p);
	LAB_UNTIL(ms_media_stats(lab.media)->up == 0);
}

/* Without a close_notify the stream may be cut short: the partner must not take it for whole. */
static void test_truncated(void **state MS_UNUSED)
{
	struct both p = open_both();

	shutdown(p.a.fd, SHUT_WR);
	LAB_TLS_UNTIL(&p.a, lab_event(1, MS_BEARER_RELEASED));
	assert_int_equal(lab_event(1, MS_BEARER_RELEASED)->general, MS_BEARER_TEMPORARY);
	assert_string_equal(lab_event(1, MS_BEARER_RELEASED)->cause, "tcplost");
	assert_int_equal(lab_end(p.b), -ECONNRESET);
	close_both(&p);
}

static void test_garbage(void **state MS_UNUSED)
{
	struct both p = open_both();

	lab_send(p.a.fd, "no record at all, and long enough to be one");
	LAB_TLS_UNTIL(&p.a, lab_event(1, MS_BEARER_RELEASED));
	assert_int_equal(lab_end(p.b), -ECONNRESET);
	close_both(&p);
}

/* ---- many octets ---- */

/* The TLS peer reads nothing for a while, then all. */
static void bulk_down(size_t most)
{
	struct both p = open_both();
	static uint8_t block[512 << 10];
	size_t sent = 0;

	for (int i = 0; i < 2000; i++) {
		ssize_t n = send(p.b, block, sizeof(block), MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		ms_loop_round(false);
	}
	assert_true(ms_media_stats(lab.media)->waiting > 0);
	assert_true(ms_media_stats(lab.media)->waiting <= most);
	LAB_TLS_UNTIL(&p.a, p.a.got.len == sent);
	assert_int_equal(ms_media_stats(lab.media)->waiting, 0);
	for (size_t i = 0; i < sent; i += 4096)
		assert_int_equal(p.a.got.p[i], 0);
	close_both(&p);
}

static void test_bulk_down(void **state MS_UNUSED)
{
	bulk_down(256 << 10);
}

/* Less may wait than one read brings: the peer is slow, not wrong, and its session goes on. */
static void test_bulk_down_with_little_room(void **state MS_UNUSED)
{
	const struct ms_media_config c = { .read_size = 256 << 10, .waiting_max = 16384 };

	lab_close();
	lab_open(&c);
	bulk_down(512 << 10);
}

static void test_bulk_up(void **state MS_UNUSED)
{
	struct both p = open_both();
	static uint8_t block[16000], got[65536];
	size_t sent = 0, received = 0, taken;

	memset(block, 7, sizeof(block));
	while (received < 8 << 20) {
		ssize_t n;

		if (sent < 8 << 20 && ms_tls_output(p.a.tls).len < 65536) {
			assert_int_equal(
				ms_tls_write(p.a.tls, ms_span_of(block, sizeof(block)), &taken), 0);
			sent += taken;
		}
		lab_tls_turn(&p.a);
		ms_loop_round(false);
		n = recv(p.b, got, sizeof(got), 0);
		received += n > 0 ? (size_t)n : 0;
		if (n > 0)
			assert_int_equal(got[n - 1], 7);
	}
	close_both(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(server),
		T(client_of_passive_tcp),
		T(client_late),
		T(lost_in_handshake),
		T(active_client),
		T(tls_on_both_sides),
		T(wrong_fingerprint),
		T(several_fingerprints),
		T(expired_certificate),
		T(late_fingerprint),
		T(late_wrong_fingerprint),
		T(no_handshake),
		T(no_tls),
		T(psk),
		T(psk_missing),
		T(handshake_rate),
		T(close_notify),
		T(fin_of_plain_side),
		T(truncated),
		T(garbage),
		T(bulk_down),
		T(bulk_down_with_little_room),
		T(bulk_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
