/* SPDX-License-Identifier: Apache-2.0 */
/* Many sessions over one desk: no octet is lost, doubled or given to another session. */
#include "pair.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/buf.h"

#define SESSIONS 4

/* Servers on one desk, each with a client of its own memory. */
struct office {
	struct ms_tls_desk *desk;
	struct ms_tls_context *ctx_c, *ctx_s;
	struct ms_tls *c[SESSIONS], *s[SESSIONS];
};

static void office_open(struct office *o, size_t size, size_t max)
{
	struct ms_tls_peer peer = { .role = MS_TLS_SERVER, .psk = MS_SPAN_LIT(PSK32) };
	struct ms_tls_config config = { .plain_max = max, .output_max = max };

	assert_int_equal(ms_tls_desk_new(size, size, &o->desk), 0);
	config.desk = o->desk;
	o->ctx_s = context_of(&config);
	o->ctx_c = context_of(NULL);
	for (size_t i = 0; i < SESSIONS; i++) {
		peer.role = MS_TLS_SERVER;
		assert_int_equal(ms_tls_new(o->ctx_s, &peer, 0, &o->s[i]), 0);
		peer.role = MS_TLS_CLIENT;
		assert_int_equal(ms_tls_new(o->ctx_c, &peer, 0, &o->c[i]), 0);
	}
}

static void office_close(struct office *o)
{
	for (size_t i = 0; i < SESSIONS; i++) {
		ms_tls_free(o->c[i]);
		ms_tls_free(o->s[i]);
	}
	ms_tls_context_free(o->ctx_c);
	ms_tls_context_free(o->ctx_s);
	ms_tls_desk_free(o->desk);
}

static void office_pump(struct office *o)
{
	size_t moved;

	do {
		moved = 0;
		for (size_t i = 0; i < SESSIONS; i++)
			moved += carry(o->c[i], o->s[i], 0);
		for (size_t i = 0; i < SESSIONS; i++)
			moved += carry(o->s[i], o->c[i], 100);
	} while (moved > 0);
}

static void put(struct ms_tls *t, uint8_t fill, size_t n)
{
	static uint8_t block[100000];
	size_t taken = 0;

	memset(block, fill, n);
	assert_int_equal(ms_tls_write(t, ms_span_of(block, n), &taken), 0);
	assert_int_equal(taken, n);
}

static void assert_filled(struct ms_span s, uint8_t fill, size_t n)
{
	assert_int_equal(s.len, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(s.p[i], fill);
}

/* Handshakes side by side, each with output that was sent in part only. */
static void test_handshakes_side_by_side(void **state MS_UNUSED)
{
	struct office o;

	office_open(&o, 16384, 65536);
	office_pump(&o);
	for (size_t i = 0; i < SESSIONS; i++) {
		assert_int_equal(ms_tls_state(o.s[i]), MS_TLS_OPEN);
		assert_int_equal(ms_tls_state(o.c[i]), MS_TLS_OPEN);
	}
	office_close(&o);
}

/* Records lie side by side, so that one send carries them. */
static void test_records_are_gathered(void **state MS_UNUSED)
{
	struct office o;

	office_open(&o, 131072, 200000);
	office_pump(&o);
	put(o.c[0], 'a', 60000);
	carry(o.c[0], o.s[0], 0);
	assert_filled(ms_tls_plain(o.s[0]), 'a', 60000);
	/* A relay: what one session decrypted another one encrypts. */
	{
		size_t taken = 0;

		assert_int_equal(ms_tls_write(o.s[1], ms_tls_plain(o.s[0]), &taken), 0);
		assert_int_equal(taken, 60000);
		assert_true(ms_tls_output(o.s[1]).len > 60000);
	}
	ms_tls_consume(o.s[0], 60000);
	carry(o.s[1], o.c[1], 0);
	assert_filled(ms_tls_plain(o.c[1]), 'a', 60000);
	office_close(&o);
}

/* What one session leaves on the desk follows it when another one comes. */
static void test_leftovers_stay_with_their_session(void **state MS_UNUSED)
{
	struct office o;

	office_open(&o, 32768, 200000);
	office_pump(&o);
	for (size_t i = 0; i < SESSIONS; i++) {
		put(o.c[i], (uint8_t)('a' + i), 30000);
		carry(o.c[i], o.s[i], 0);
		ms_tls_consume(o.s[i], 10000);
		put(o.s[i], (uint8_t)('A' + i), 20000);
	}
	for (size_t i = 0; i < SESSIONS; i++) {
		put(o.c[i], (uint8_t)('a' + i), 5000);
		carry(o.c[i], o.s[i], 0);
		assert_filled(ms_tls_plain(o.s[i]), (uint8_t)('a' + i), 25000);
		put(o.s[i], (uint8_t)('A' + i), 20000);
	}
	office_pump(&o);
	for (size_t i = 0; i < SESSIONS; i++) {
		assert_filled(ms_tls_plain(o.c[i]), (uint8_t)('A' + i), 40000);
		ms_tls_consume(o.s[i], 25000);
		assert_int_equal(ms_tls_plain(o.s[i]).len, 0);
	}
	office_close(&o);
}

/* More than the desk holds, up to the session's own limit, then back-pressure. */
static void test_more_than_the_desk_holds(void **state MS_UNUSED)
{
	struct office o;
	size_t taken = 0, first;

	office_open(&o, 16384, 50000);
	office_pump(&o);
	put(o.c[0], 'x', 90000);
	carry(o.c[0], o.s[0], 0);
	first = ms_tls_plain(o.s[0]).len;
	/* Whole records only. */
	assert_in_range(first, 50000 - 16384, 50000);
	assert_filled(ms_tls_plain(o.s[0]), 'x', first);
	assert_true(ms_tls_output(o.c[0]).len > 0);
	ms_tls_consume(o.s[0], first);
	assert_int_equal(ms_tls_input(o.s[0], MS_SPAN_NULL, &taken), 0);
	carry(o.c[0], o.s[0], 0);
	assert_filled(ms_tls_plain(o.s[0]), 'x', 90000 - first);
	office_close(&o);
}

/* A session that goes leaves nothing on the desk that another one could read. */
static void test_free_clears_the_desk(void **state MS_UNUSED)
{
	struct office o;

	office_open(&o, 32768, 65536);
	office_pump(&o);
	put(o.c[0], 'x', 1000);
	carry(o.c[0], o.s[0], 0);
	put(o.s[0], 'X', 1000);
	o.s[0] = ms_tls_free(o.s[0]);
	assert_int_equal(ms_tls_plain(o.s[1]).len, 0);
	assert_int_equal(ms_tls_output(o.s[1]).len, 0);
	put(o.c[1], 'y', 10);
	carry(o.c[1], o.s[1], 0);
	assert_filled(ms_tls_plain(o.s[1]), 'y', 10);
	office_close(&o);
}

/* When there is no memory for what one session left, that session fails and no other. */
static void test_no_memory_to_move_to(void **state MS_UNUSED)
{
	struct office o;

	office_open(&o, 32768, 65536);
	office_pump(&o);
	put(o.c[0], 'x', 1000);
	put(o.c[1], 'y', 1000);
	carry(o.c[0], o.s[0], 0);
	ms_alloc_fail_after(0);
	carry(o.c[1], o.s[1], 0);
	ms_alloc_fail_after(-1);
	assert_failed(o.s[0], "tls_no_memory");
	assert_int_equal(ms_tls_plain(o.s[0]).len, 0);
	assert_filled(ms_tls_plain(o.s[1]), 'y', 1000);
	office_close(&o);
}

static void test_bad_sizes(void **state MS_UNUSED)
{
	struct ms_tls_desk *desk = NULL;

	assert_int_equal(ms_tls_desk_new(100, 65536, &desk), -EINVAL);
	assert_int_equal(ms_tls_desk_new(65536, 100, &desk), -EINVAL);
	assert_null(desk);
	assert_null(ms_tls_desk_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handshakes_side_by_side),
		cmocka_unit_test(test_records_are_gathered),
		cmocka_unit_test(test_leftovers_stay_with_their_session),
		cmocka_unit_test(test_more_than_the_desk_holds),
		cmocka_unit_test(test_free_clears_the_desk),
		cmocka_unit_test(test_no_memory_to_move_to),
		cmocka_unit_test(test_bad_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
