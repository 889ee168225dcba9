/* SPDX-License-Identifier: Apache-2.0 */
/* Stream endpoints over TCP alone: opening in both orders, gates, modes, filters, latching. */
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

static void test_forward(void **state MS_UNUSED)
{
	struct lab_both p = lab_open_both();

	lab_send(p.a, "hello");
	lab_expect(p.b, "hello");
	lab_send(p.b, "and back");
	lab_expect(p.a, "and back");
	assert_non_null(lab_event(1, MS_BEARER_TCP_UP));
	assert_non_null(lab_event(2, MS_BEARER_TCP_UP));
	/* The partner was opened first, from the port it was given. */
	assert_int_equal(lab.events[0].endpoint, 2);
	lab_close_both(&p);
}

static void test_forward_refused(void **state MS_UNUSED)
{
	struct ms_bearer a = lab_bearer(LAB_PORT_A), b = lab_bearer(LAB_PORT_B);
	int peer;

	a.incoming = MS_BEARER_FORWARD;
	b.remote = lab_address(LAB_PEER_B); /* nobody listens */
	lab_set_pair(&a, &b);
	peer = lab_connect(0, LAB_PORT_A);
	LAB_UNTIL(lab_event(2, MS_BEARER_TCP_FAILED));
	assert_string_equal(lab_event(2, MS_BEARER_TCP_FAILED)->cause, "refused");
	assert_int_equal(lab_end(peer), -ECONNRESET);
	assert_true(lab_is_refused(LAB_PORT_A));
	close(peer);
}

static void test_active(void **state MS_UNUSED)
{
	struct ms_bearer a = lab_bearer(LAB_PORT_A), b = lab_bearer(LAB_PORT_B);
	int la = lab_listen(LAB_PEER_A), lb = lab_listen(LAB_PEER_B), pa, pb;

	a.remote = lab_address(LAB_PEER_A);
	b.remote = lab_address(LAB_PEER_B);
	lab_set_pair(&a, &b);
	assert_int_equal(ms_media_start_tcp(lab.media, 1), 0);
	pa = lab_accept(la);
	/* Octets that come before the other side is open wait for it. */
	lab_send(pa, "early");
	LAB_FOR(5 * MS_MSEC);
	assert_int_equal(ms_media_start_tcp(lab.media, 2), 0);
	pb = lab_accept(lb);
	lab_expect(pb, "early");
	close(la);
	close(lb);
	close(pa);
	close(pb);
}

static void test_merge(void **state MS_UNUSED)
{
	struct ms_bearer a = lab_bearer(LAB_PORT_A), b = lab_bearer(LAB_PORT_B);
	int pa, pb;

	a.setup = b.setup = MS_BEARER_SETUP_PASSIVE;
	a.tcp_mode = b.tcp_mode = MS_BEARER_MERGE;
	lab_set_pair(&a, &b);
	pa = lab_connect(0, LAB_PORT_A);
	lab_send(pa, "first");
	LAB_UNTIL(ms_media_stats(lab.media)->up == 1);
	pb = lab_connect(0, LAB_PORT_B);
	lab_expect(pb, "first");
	lab_send(pb, "second");
	lab_expect(pa, "second");
	close(pa);
	close(pb);
}

static void test_gate(void **state MS_UNUSED)
{
	struct ms_bearer a = lab_bearer(LAB_PORT_A);
	int peer, other;

	a.mode = MS_BEARER_INACTIVE;
	assert_int_equal(lab_set(1, &a), 0);
	assert_true(lab_is_refused(LAB_PORT_A));
	a.mode = MS_BEARER_SENDRECV;
	assert_int_equal(lab_set(1, &a), 0);
	a.mode = MS_BEARER_INACTIVE;
	assert_int_equal(lab_set(1, &a), 0);
	assert_true(lab_is_refused(LAB_PORT_A));
	a.mode = MS_BEARER_SENDRECV;
	assert_int_equal(lab_set(1, &a), 0);
	peer = lab_connect(0, LAB_PORT_A);
	LAB_UNTIL(lab_event(1, MS_BEARER_TCP_UP));
	/* One connection is what it was open for. */
	assert_true(lab_is_refused(LAB_PORT_A));
	other = lab_connect(0, LAB_PORT_A);
	LAB_FOR(2 * MS_MSEC);
	assert_int_equal(lab_error(other), ECONNREFUSED);
	close(other);
	close(peer);
}

static void test_setup_active_listens_not(void **state MS_UNUSED)
{
	struct ms_bearer a = lab_bearer(LAB_PORT_A);

	a.setup = MS_BEARER_SETUP_ACTIVE;
	assert_int_equal(lab_set(1, &a), 0);
	assert_true(lab_is_refused(LAB_PORT_A));
}

static void test_discard(void **state MS_UNUSED)
{
	struct ms_bearer a = lab_bearer(LAB_PORT_A);
	int peer;

	a.incoming = MS_BEARER_DISCARD;
	assert_int_equal(lab_set(1, &a), 0);
	peer = lab_connect(0, LAB_PORT_A);
	LAB_FOR(20 * MS_MSEC);
	/* Neither refused nor accepted. */
	assert_int_equal(lab_error(peer), 0);
	assert_int_equal(send(peer, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(lab.n_events, 0);
	close(peer);
}

/* A peer who came before the controller said otherwise has not come in vain. */
static void test_gate_changes_with_a_peer_in_it(void **state MS_UNUSED)
{
	struct ms_bearer a = lab_bearer(LAB_PORT_A), b = lab_bearer(LAB_PORT_B);
	int listener = lab_listen(LAB_PEER_B);
	struct lab_both p;

	a.incoming = MS_BEARER_DISCARD;
	b.remote = lab_address(LAB_PEER_B);
	lab_set_pair(&a, &b);
	a.incoming = MS_BEARER_ACCEPT;
	assert_int_equal(lab_set(1, &a), 0);
	p.a = lab_connect(0, LAB_PORT_A); /* the kernel has it, the plane has not looked yet */
	a.incoming = MS_BEARER_FORWARD;
	assert_int_equal(lab_set(1, &a), 0);
	p.b = lab_accept(listener);
	close(listener);
	LAB_UNTIL(ms_media_stats(lab.media)->up == 2);
	lab_send(p.a, "hello");
	lab_expect(p.b, "hello");
	lab_close_both(&p);
}

static void test_modes(void **state MS_UNUSED)
{
	struct lab_both p = lab_open_both();
	struct ms_bearer a = lab_bearer(LAB_PORT_A);
	char octet;

	a.mode = MS_BEARER_SENDONLY;
	assert_int_equal(lab_set(1, &a), 0);
	lab_send(p.b, "out");
	lab_expect(p.a, "out");
	lab_send(p.a, "in");
	LAB_FOR(10 * MS_MSEC);
	assert_int_equal(recv(p.b, &octet, 1, 0), -1);
	a.mode = MS_BEARER_RECVONLY;
	assert_int_equal(lab_set(1, &a), 0);
	lab_expect(p.b, "in");
	lab_send(p.b, "held");
	LAB_FOR(10 * MS_MSEC);
	assert_int_equal(recv(p.a, &octet, 1, 0), -1);
	a.mode = MS_BEARER_SENDRECV;
	assert_int_equal(lab_set(1, &a), 0);
	lab_expect(p.a, "held");
	lab_close_both(&p);
}

/* One-way topology: held back, not lost; the modes stay as they are. */
static void test_one_way(void **state MS_UNUSED)
{
	struct lab_both p = lab_open_both();
	char octet;

	assert_int_equal(ms_media_pair(lab.media, 1, 2, MS_PLANE_FORWARD), 0);
	lab_send(p.a, "on");
	lab_expect(p.b, "on");
	lab_send(p.b, "held");
	LAB_FOR(10 * MS_MSEC);
	assert_int_equal(recv(p.a, &octet, 1, 0), -1);
	assert_int_equal(ms_media_pair(lab.media, 1, 2, MS_PLANE_BACKWARD), 0);
	lab_expect(p.a, "held");
	lab_send(p.a, "later");
	LAB_FOR(10 * MS_MSEC);
	assert_int_equal(recv(p.b, &octet, 1, 0), -1);
	assert_int_equal(ms_media_pair(lab.media, 2, 1, MS_PLANE_BOTHWAY), 0);
	lab_expect(p.b, "later");
	/* told for the other one, the other way round */
	assert_int_equal(ms_media_pair(lab.media, 2, 1, MS_PLANE_FORWARD), 0);
	lab_send(p.b, "more");
	lab_expect(p.a, "more");
	lab_close_both(&p);
}

/* ---- filters and latching ---- */

static void test_filter(void **state MS_UNUSED)
{
	struct ms_bearer a = lab_bearer(LAB_PORT_A);
	int stranger, peer;

	a.policy.filter_port = true;
	a.policy.port_first = a.policy.port_last = LAB_PEER_A;
	a.policy.filter_address = true;
	a.policy.n_prefixes = 1;
	a.policy.prefixes[0] =
		(struct ms_bearer_prefix){ 4, { 127, LAB_HOST(1), LAB_HOST(0), 0 }, 30 };
	assert_int_equal(lab_set(1, &a), 0);
	stranger = lab_connect(LAB_PEER_B, LAB_PORT_A);
	assert_int_equal(lab_end(stranger), -ECONNRESET);
	assert_int_equal(ms_media_stats(lab.media)->dropped_source, 1);
	peer = lab_connect(LAB_PEER_A, LAB_PORT_A);
	LAB_UNTIL(lab_event(1, MS_BEARER_TCP_UP));
	assert_int_equal(lab_event(1, MS_BEARER_TCP_UP)->remote.port, LAB_PEER_A);
	close(stranger);
	close(peer);
}

static void test_filter_prefix(void **state MS_UNUSED)
{
	struct ms_bearer a = lab_bearer(LAB_PORT_A);
	int stranger;

	a.policy.filter_address = true;
	a.policy.n_prefixes = 1;
	a.policy.prefixes[0] =
		(struct ms_bearer_prefix){ 4, { 127, LAB_HOST(1), LAB_HOST(0), 4 }, 30 };
	assert_int_equal(lab_set(1, &a), 0);
	stranger = lab_connect(0, LAB_PORT_A);
	assert_int_equal(lab_end(stranger), -ECONNRESET);
	close(stranger);
}

static void test_latch(void **state MS_UNUSED)
{
	struct ms_bearer a = lab_bearer(LAB_PORT_A);
	const struct ms_bearer_event *e;
	int peer;

	a.remote = lab_address(9);
	a.latch = MS_BEARER_LATCH;
	a.policy.filter_address = a.policy.filter_port = true;
	assert_int_equal(lab_set(1, &a), 0);
	/* Off in a later description says nothing. */
	a.latch = MS_BEARER_LATCH_OFF;
	assert_int_equal(lab_set(1, &a), 0);
	peer = lab_connect(LAB_PEER_A, LAB_PORT_A);
	LAB_UNTIL(lab_event(1, MS_BEARER_LATCHED));
	e = lab_event(1, MS_BEARER_LATCHED);
	assert_int_equal(e->remote.family, 4);
	assert_int_equal(e->remote.port, LAB_PEER_A);
	close(peer);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(forward), T(forward_refused),
		T(active),  T(merge),
		T(gate),    T(setup_active_listens_not),
		T(discard), T(gate_changes_with_a_peer_in_it),
		T(modes),   T(one_way),
		T(filter),  T(filter_prefix),
		T(latch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
