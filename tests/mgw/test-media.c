/* SPDX-License-Identifier: Apache-2.0 */
/* Stream endpoints over TCP alone that stand: relaying, limits, endings. */
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

/* ---- octets ---- */

static void test_back_pressure(void **state MS_UNUSED)
{
	struct lab_both p = lab_open_both();
	static uint8_t block[65536], got[65536];
	uint64_t sent = 0, received = 0;
	int quiet = 0;
	ssize_t n;

	/* As much as fits into the sockets and the gateway, whose part is bounded. */
	while (quiet < 20) {
		n = send(p.a, block, sizeof(block), MSG_NOSIGNAL);
		sent += n > 0 ? (uint64_t)n : 0;
		quiet = n > 0 ? 0 : quiet + 1;
		lab_round();
	}
	assert_true(ms_media_stats(lab.media)->waiting <= 128 << 10);
	assert_true(ms_media_stats(lab.media)->waiting > 0);
	/* The other direction does not care. */
	lab_send(p.b, "still");
	lab_expect(p.a, "still");
	while (received < sent) {
		n = recv(p.b, got, sizeof(got), 0);
		received += n > 0 ? (uint64_t)n : 0;
		if (n <= 0)
			lab_round();
	}
	assert_int_equal(received, sent);
	assert_int_equal(ms_media_stats(lab.media)->waiting, 0);
	lab_close_both(&p);
}

/* Every octet in its place, whether the kernel moved it or the peer's slowness brought it back. */
static void test_bulk(void **state MS_UNUSED)
{
	struct lab_both p = lab_open_both();
	static uint8_t block[251 * 1000], got[65536];
	size_t sent = 0, received = 0, all = sizeof(block) * 64;
	ssize_t n;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)(i % 251);
	for (unsigned turn = 0; received < all; turn++) {
		size_t at = sent % sizeof(block);

		n = sent < all ? send(p.a, block + at, sizeof(block) - at, MSG_NOSIGNAL) : 0;
		sent += n > 0 ? (size_t)n : 0;
		ms_loop_round(false);
		/* Reads little, then much. */
		n = turn % 64 < 32 ? 0 : recv(p.b, got, sizeof(got), 0);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(got[i], (received + (size_t)i) % 251);
		received += n > 0 ? (size_t)n : 0;
	}
	assert_int_equal(ms_media_stats(lab.media)->octets, all);
	assert_true(ms_media_stats(lab.media)->spliced > all / 4);
	shutdown(p.a, SHUT_WR);
	assert_int_equal(lab_end(p.b), 0);
	lab_close_both(&p);
}

static void test_memory_limit(void **state MS_UNUSED)
{
	const struct ms_media_config c = { .memory_max = 16 << 10 };
	static uint8_t block[65536];
	struct lab_both p;
	int quiet = 0;

	lab_close();
	lab_open(&c);
	p = lab_open_both();
	while (quiet < 20 && !lab_event(2, MS_BEARER_RELEASED)) {
		quiet = send(p.a, block, sizeof(block), MSG_NOSIGNAL) > 0 ? 0 : quiet + 1;
		lab_round();
	}
	assert_non_null(lab_event(2, MS_BEARER_RELEASED));
	assert_string_equal(lab_event(2, MS_BEARER_RELEASED)->cause, "resources");
	assert_true(ms_media_stats(lab.media)->refused_memory > 0);
	lab_close_both(&p);
}

static void test_policing(void **state MS_UNUSED)
{
	struct lab_both p = lab_open_both();
	struct ms_bearer a = lab_bearer(LAB_PORT_A);
	static uint8_t block[20000], got[20000];
	ms_usec began = ms_clock_mono();
	size_t n = 0;

	a.policy.police = true;
	a.policy.sustained_rate = 100000;
	a.policy.burst = 5000;
	assert_int_equal(lab_set(1, &a), 0);
	assert_int_equal(send(p.a, block, sizeof(block), 0), sizeof(block));
	while (n < sizeof(got)) {
		ssize_t r = recv(p.b, got, sizeof(got), 0);

		n += r > 0 ? (size_t)r : 0;
		lab_round();
	}
	/* 5,000 at once, 15,000 at 100,000 a second. */
	assert_true(ms_clock_mono() - began > 100 * MS_MSEC);
	lab_close_both(&p);
}

static void test_inactivity(void **state MS_UNUSED)
{
	struct lab_both p = lab_open_both();
	struct ms_bearer a = lab_bearer(LAB_PORT_A);

	a.policy.inactivity_s = 2;
	a.policy.inactivity_direction = MS_BEARER_BOTH;
	assert_int_equal(lab_set(1, &a), 0);
	LAB_FOR(1100 * MS_MSEC);
	lab_send(p.a, "here");
	LAB_FOR(1100 * MS_MSEC);
	assert_null(lab_event(1, MS_BEARER_IDLE));
	LAB_UNTIL(lab_event(1, MS_BEARER_IDLE));
	lab_close_both(&p);
}

/* ---- endings ---- */

static void test_half_close(void **state MS_UNUSED)
{
	struct lab_both p = lab_open_both();

	lab_send(p.a, "last");
	shutdown(p.a, SHUT_WR);
	lab_expect(p.b, "last");
	assert_int_equal(lab_end(p.b), 0);
	/* Only one direction has ended. */
	lab_send(p.b, "answer");
	lab_expect(p.a, "answer");
	assert_null(lab_event(1, MS_BEARER_RELEASED));
	shutdown(p.b, SHUT_WR);
	assert_int_equal(lab_end(p.a), 0);
	LAB_UNTIL(lab_event(2, MS_BEARER_RELEASED));
	assert_int_equal(lab_event(2, MS_BEARER_RELEASED)->general, MS_BEARER_NORMAL);
	assert_string_equal(lab_event(2, MS_BEARER_RELEASED)->cause, "tcp-fin");
	assert_null(lab_event(1, MS_BEARER_RELEASED)); /* told once */
	assert_int_equal(ms_media_stats(lab.media)->up, 0);
	lab_close_both(&p);
}

static void test_reset(void **state MS_UNUSED)
{
	struct lab_both p = lab_open_both();
	struct linger now = { 1, 0 };

	setsockopt(p.b, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(p.b);
	assert_int_equal(lab_end(p.a), -ECONNRESET);
	LAB_UNTIL(lab_event(2, MS_BEARER_RELEASED));
	assert_int_equal(lab_event(2, MS_BEARER_RELEASED)->general, MS_BEARER_TEMPORARY);
	assert_string_equal(lab_event(2, MS_BEARER_RELEASED)->cause, "tcp-rst");
	close(p.a);
}

static void test_keep_partner(void **state MS_UNUSED)
{
	struct lab_both p = lab_open_both();
	struct ms_bearer b = lab_bearer(LAB_PORT_B);
	char octet;

	b.remote = lab_address(LAB_PEER_B);
	b.keep_partner = true;
	assert_int_equal(lab_set(2, &b), 0);
	close(p.b);
	LAB_UNTIL(lab_event(2, MS_BEARER_RELEASED));
	LAB_FOR(5 * MS_MSEC);
	assert_int_equal(recv(p.a, &octet, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(ms_media_stats(lab.media)->up, 1);
	close(p.a);
}

static void test_release(void **state MS_UNUSED)
{
	struct lab_both p = lab_open_both();

	assert_int_equal(ms_media_release(lab.media, 1, false), 0);
	assert_int_equal(lab_end(p.a), 0);
	assert_int_equal(lab_end(p.b), 0);
	lab_close_both(&p);
	LAB_UNTIL(ms_media_stats(lab.media)->up == 0);
	/* The controller asked for it, and is not told. */
	assert_null(lab_event(1, MS_BEARER_RELEASED));
	assert_null(lab_event(2, MS_BEARER_RELEASED));
}

static void test_release_reset(void **state MS_UNUSED)
{
	struct lab_both p = lab_open_both();

	assert_int_equal(ms_media_release(lab.media, 2, true), 0);
	assert_int_equal(lab_end(p.b), -ECONNRESET);
	assert_int_equal(lab_end(p.a), -ECONNRESET);
	lab_close_both(&p);
}

static void test_delete(void **state MS_UNUSED)
{
	struct lab_both p = lab_open_both();
	struct ms_bearer_statistics s;

	lab_send(p.a, "12345");
	lab_expect(p.b, "12345");
	assert_int_equal(ms_media_delete(lab.media, 1, false, &s), 0);
	assert_int_equal(s.octets_in, 5);
	assert_int_equal(s.octets_out, 0);
	assert_int_equal(s.connections, 1);
	assert_int_equal(lab_end(p.a), 0);
	assert_int_equal(ms_media_delete(lab.media, 1, false, &s), 500);
	assert_int_equal(ms_media_delete(lab.media, 2, false, &s), 0);
	assert_int_equal(s.octets_out, 5);
	assert_int_equal(lab_end(p.b), 0);
	assert_int_equal(ms_media_stats(lab.media)->endpoints, 0);
	lab_close_both(&p);
}

static void test_new_remote(void **state MS_UNUSED)
{
	struct lab_both p = lab_open_both();
	struct ms_bearer b = lab_bearer(LAB_PORT_B);
	int listener = lab_listen(LAB_PEER_A), peer;

	b.remote = lab_address(LAB_PEER_A);
	assert_int_equal(lab_set(2, &b), 0);
	assert_int_equal(lab_end(p.b), 0);
	assert_null(lab_event(2, MS_BEARER_RELEASED));
	assert_int_equal(ms_media_start_tcp(lab.media, 2), 0);
	peer = lab_accept(listener);
	lab_send(p.a, "moved");
	lab_expect(peer, "moved");
	close(peer);
	close(listener);
	lab_close_both(&p);
}

static void test_tcp_guard(void **state MS_UNUSED)
{
	struct ms_bearer b = lab_bearer(LAB_PORT_B);
	struct ms_bearer d = lab_bearer(LAB_PEER_B);

	/* An endpoint of ours that discards is a peer that never answers. */
	d.incoming = MS_BEARER_DISCARD;
	assert_int_equal(lab_set(3, &d), 0);
	b.remote = lab_address(LAB_PEER_B);
	b.tcp_ms = 50;
	assert_int_equal(lab_set(2, &b), 0);
	assert_int_equal(ms_media_start_tcp(lab.media, 2), 0);
	LAB_UNTIL(lab_event(2, MS_BEARER_TCP_FAILED));
	assert_string_equal(lab_event(2, MS_BEARER_TCP_FAILED)->cause, "timeout");
}

static void test_half_open_limit(void **state MS_UNUSED)
{
	const struct ms_media_config c = { .half_open = 1 };
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
	assert_int_equal(ms_media_stats(lab.media)->refused_half_open, 1);
	close(pa);
	close(pb);
}

static void test_port_in_use(void **state MS_UNUSED)
{
	struct ms_bearer a = lab_bearer(LAB_PEER_A);
	int listener = lab_listen(LAB_PEER_A);

	assert_int_equal(lab_set(1, &a), 510);
	/* Without a trace. */
	assert_int_equal(ms_media_stats(lab.media)->endpoints, 0);
	assert_int_equal(ms_media_start_tcp(lab.media, 1), 500);
	close(listener);
	assert_int_equal(lab_set(1, &a), 0);
}

static int one_call(void *arg MS_UNUSED)
{
	struct ms_bearer a = lab_bearer(LAB_PORT_A), b = lab_bearer(LAB_PORT_B);
	struct ms_bearer_statistics s;
	int err;

	a.policy.police = true;
	a.policy.sustained_rate = 1000;
	err = lab_set(1, &a) || lab_set(2, &b) || ms_media_pair(lab.media, 1, 2, MS_PLANE_BOTHWAY)
		      ? -ENOMEM
		      : 0;
	(void)!ms_media_delete(lab.media, 1, false, &s);
	(void)!ms_media_delete(lab.media, 2, false, &s);
	return err;
}

static void test_memory(void **state MS_UNUSED)
{
	assert_true(ms_test_torture(one_call, NULL) > 0);
	assert_int_equal(ms_media_stats(lab.media)->endpoints, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(back_pressure), T(bulk),
		T(memory_limit),  T(policing),
		T(inactivity),    T(half_close),
		T(reset),         T(keep_partner),
		T(release),       T(release_reset),
		T(delete),        T(new_remote),
		T(tcp_guard),     T(half_open_limit),
		T(port_in_use),   T(memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
