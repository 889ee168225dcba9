/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages behind the handshake, and alerts: what may come, in which pieces, how often, and what is refused
 * (RFC 8446 sections 4.6, 5.1 and 6; RFC 5246 section 7.2).
 */
#include "record-pair.h"

#include <errno.h>

static void test_key_update(void **state MS_UNUSED)
{
	struct pair p;

	open_pair(&p, &psk_13);
	/* The peer's new keys; then ours too, since it asks. */
	assert_int_equal(SAY(p.c, p.s, MS_TLS_HANDSHAKE_MESSAGE, 24, 0, 0, 1, 0), 0);
	ms_tls_record_next_keys(p.c->record, &p.c->record->out);
	ms_tls_record_unkey(p.c->ctx, &p.c->record->out);
	expect_talk(&p);
	assert_int_equal(SAY(p.c, p.s, MS_TLS_HANDSHAKE_MESSAGE, 24, 0, 0, 1, 1), 0);
	ms_tls_record_next_keys(p.c->record, &p.c->record->out);
	ms_tls_record_unkey(p.c->ctx, &p.c->record->out);
	assert_true(ms_tls_output(p.s).len > 0);
	expect_talk(&p);
	pair_close(&p);
}

static void test_tickets_are_skipped(void **state MS_UNUSED)
{
	static uint8_t ticket[4 + 300] = { 4, 0, 1, 44 };
	struct pair p;

	open_pair(&p, &psk_13);
	/* In one record, in pieces (the header too), and two in one. */
	assert_int_equal(
		say(p.s, p.c, MS_TLS_HANDSHAKE_MESSAGE, ms_span_of(ticket, sizeof(ticket))), 0);
	assert_int_equal(say(p.s, p.c, MS_TLS_HANDSHAKE_MESSAGE, ms_span_of(ticket, 2)), 0);
	assert_int_equal(say(p.s, p.c, MS_TLS_HANDSHAKE_MESSAGE, ms_span_of(ticket + 2, 100)), 0);
	assert_int_equal(say(p.s, p.c, MS_TLS_HANDSHAKE_MESSAGE,
			     ms_span_of(ticket + 102, sizeof(ticket) - 102)),
			 0);
	expect_talk(&p);
	/* Nothing may come between the pieces. */
	assert_int_equal(say(p.s, p.c, MS_TLS_HANDSHAKE_MESSAGE, ms_span_of(ticket, 50)), 0);
	assert_int_equal(SAY(p.s, p.c, MS_TLS_ALERT, 1, 0), -EPROTO);
	pair_close(&p);
}

/* A server has no use for a ticket, and nobody for another message. */
static void test_messages_out_of_place(void **state MS_UNUSED)
{
	static const uint8_t types[] = { 0, 1, 2, 4, 8, 11, 13, 20, 255 };

	for (size_t i = 0; i < sizeof(types); i++) {
		struct pair p;

		open_pair(&p, &psk_13);
		assert_int_equal(SAY(p.c, p.s, MS_TLS_HANDSHAKE_MESSAGE, types[i], 0, 0, 0),
				 -EPROTO);
		assert_failed(p.s, "tls_protocol");
		pump(&p);
		assert_failed(p.c, "tls_alert_unexpected_message");
		pair_close(&p);
	}
}

/* Of a server neither: authentication after the handshake was not offered (RFC 8446 section 4.6.2). */
static void test_messages_to_a_client(void **state MS_UNUSED)
{
	static const uint8_t types[] = { 0, 1, 2, 8, 11, 13, 20, 255 };

	for (size_t i = 0; i < sizeof(types); i++) {
		struct pair p;

		open_pair(&p, &psk_13);
		assert_int_equal(SAY(p.s, p.c, MS_TLS_HANDSHAKE_MESSAGE, types[i], 0, 0, 0),
				 -EPROTO);
		assert_failed(p.c, "tls_protocol");
		assert_int_equal(ms_tls_fault_alert(p.c), SSL_AD_UNEXPECTED_MESSAGE);
		pair_close(&p);
	}
}

static void test_bad_key_updates(void **state MS_UNUSED)
{
	struct pair p;

	open_pair(&p, &psk_13);
	assert_int_equal(SAY(p.c, p.s, MS_TLS_HANDSHAKE_MESSAGE, 24, 0, 0, 1, 2), -EPROTO);
	pair_close(&p);
	open_pair(&p, &psk_13);
	/* Behind it the old keys are of no use any more. */
	assert_int_equal(SAY(p.c, p.s, MS_TLS_HANDSHAKE_MESSAGE, 24, 0, 0, 1, 0, 24), -EPROTO);
	pair_close(&p);
	open_pair(&p, &psk_13);
	assert_int_equal(SAY(p.c, p.s, MS_TLS_HANDSHAKE_MESSAGE, 24, 0, 0, 2, 0, 0), -EPROTO);
	pair_close(&p);
}

static void test_renegotiation(void **state MS_UNUSED)
{
	struct pair p;

	open_pair(&p, &psk_12);
	assert_int_equal(SAY(p.s, p.c, MS_TLS_HANDSHAKE_MESSAGE, 0, 0, 0, 0), -EPROTO);
	assert_failed(p.c, "tls_renegotiation");
	assert_string_equal(ms_tls_fault_token(p.c), "renegrefused");
	pair_close(&p);
	open_pair(&p, &psk_12);
	assert_int_equal(SAY(p.c, p.s, MS_TLS_HANDSHAKE_MESSAGE, 1, 0, 0, 50), -EPROTO);
	assert_failed(p.s, "tls_renegotiation");
	pair_close(&p);
}

static void test_alerts(void **state MS_UNUSED)
{
	struct pair p;

	open_pair(&p, &psk_12);
	assert_int_equal(SAY(p.c, p.s, MS_TLS_ALERT, 1, 90), 0); /* user_canceled, a warning */
	expect_talk(&p);
	assert_int_equal(SAY(p.c, p.s, MS_TLS_ALERT, 2, 80), -EPROTO);
	assert_failed(p.s, "tls_alert_internal_error");
	assert_int_equal(ms_tls_fault_alert(p.s), 80);
	pair_close(&p);
	open_pair(&p, &psk_13);
	assert_int_equal(SAY(p.c, p.s, MS_TLS_ALERT, 1, 80), -EPROTO); /* in 1.3 all are fatal */
	pair_close(&p);
	open_pair(&p, &psk_13);
	assert_int_equal(SAY(p.c, p.s, MS_TLS_ALERT, 1), -EPROTO);
	assert_failed(p.s, "tls_protocol");
	pair_close(&p);
	open_pair(&p, &psk_13);
	assert_int_equal(SAY(p.c, p.s, MS_TLS_ALERT, 1, 0), 0);
	assert_int_equal(ms_tls_state(p.s), MS_TLS_HALF);
	pair_close(&p);
}

static void test_floods(void **state MS_UNUSED)
{
	static const struct ms_tls_peer *const both[] = { &psk_12, &psk_13 };

	for (int i = 0; i < 2; i++) {
		struct pair p;
		int n = 0;

		open_pair(&p, both[i]);
		while (n < 100 && say(p.c, p.s, MS_TLS_DATA, MS_SPAN_NULL) == 0)
			n++;
		assert_int_equal(n, 32);
		assert_failed(p.s, "tls_flood");
		pair_close(&p);
	}
}

/* Nothing may come between the pieces of a message, the reader's octets neither. */
static void test_data_between_pieces(void **state MS_UNUSED)
{
	static const uint8_t ticket[50] = { 4, 0, 1, 44 };

	for (size_t n = 2; n < sizeof(ticket); n += 40) {
		struct pair p;

		open_pair(&p, &psk_13);
		assert_int_equal(say(p.s, p.c, MS_TLS_HANDSHAKE_MESSAGE, ms_span_of(ticket, n)), 0);
		assert_int_equal(SAY(p.s, p.c, MS_TLS_DATA, 'x'), -EPROTO);
		assert_failed(p.c, "tls_protocol");
		assert_int_equal(ms_tls_plain(p.c).len, 0);
		assert_int_equal(ms_tls_fault_alert(p.c), SSL_AD_UNEXPECTED_MESSAGE);
		pair_close(&p);
	}
}

static void test_key_update_in_pieces(void **state MS_UNUSED)
{
	struct pair p;

	open_pair(&p, &psk_13);
	assert_int_equal(SAY(p.c, p.s, MS_TLS_HANDSHAKE_MESSAGE, 24, 0), 0);
	assert_int_equal(SAY(p.c, p.s, MS_TLS_HANDSHAKE_MESSAGE, 0, 1), 0);
	assert_int_equal(SAY(p.c, p.s, MS_TLS_HANDSHAKE_MESSAGE, 0), 0);
	follow(&p);
	assert_int_equal(ms_tls_output(p.s).len, 0); /* no answer was asked for */
	expect_talk(&p);
	assert_int_equal(SAY(p.c, p.s, MS_TLS_HANDSHAKE_MESSAGE, 24, 0, 0, 1), 0);
	assert_int_equal(SAY(p.c, p.s, MS_TLS_HANDSHAKE_MESSAGE, 1, 24), -EPROTO);
	pair_close(&p);
}

/* RFC 8446 section 4.6.3: one answer for all; who asks and does not read fills no memory. */
static void test_key_updates_of_a_peer_that_does_not_read(void **state MS_UNUSED)
{
	struct pair p;

	open_pair(&p, &psk_13);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(SAY(p.c, p.s, MS_TLS_HANDSHAKE_MESSAGE, 24, 0, 0, 1, 1), 0);
		follow(&p);
		assert_int_equal(SAY(p.c, p.s, MS_TLS_DATA, 'x'), 0);
		ms_tls_consume(p.s, 1);
	}
	assert_in_range(ms_tls_output(p.s).len, 1, 40);
	assert_true(p.s->record->owes_update);
	expect_talk(&p);
	assert_false(p.s->record->owes_update);
	expect_talk(&p);
	pair_close(&p);
}

static void test_key_update_flood(void **state MS_UNUSED)
{
	struct pair p;
	int n = 0;

	open_pair(&p, &psk_13);
	while (n < 100 && SAY(p.c, p.s, MS_TLS_HANDSHAKE_MESSAGE, 24, 0, 0, 1, 0) == 0) {
		follow(&p);
		n++;
	}
	assert_int_equal(n, 32);
	assert_failed(p.s, "tls_flood");
	pair_close(&p);
}

static void test_change_cipher_spec(void **state MS_UNUSED)
{
	static const uint8_t plain[] = { 20, 3, 3, 0, 1, 1 };
	size_t taken;
	struct pair p;

	open_pair(&p, &psk_12);
	assert_int_equal(SAY(p.c, p.s, 20, 1), -EPROTO);
	assert_failed(p.s, "tls_protocol");
	pair_close(&p);
	open_pair(&p, &psk_13);
	assert_int_equal(SAY(p.c, p.s, 20, 1), -EPROTO);
	assert_failed(p.s, "tls_protocol");
	pair_close(&p);
	/* After the peer's Finished the one for middleboxes is refused too (RFC 8446 section 5). */
	open_pair(&p, &psk_13);
	assert_int_equal(ms_tls_input(p.s, ms_span_of(plain, sizeof(plain)), &taken), -EPROTO);
	assert_failed(p.s, "tls_protocol");
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_update),
		cmocka_unit_test(test_tickets_are_skipped),
		cmocka_unit_test(test_messages_out_of_place),
		cmocka_unit_test(test_messages_to_a_client),
		cmocka_unit_test(test_bad_key_updates),
		cmocka_unit_test(test_renegotiation),
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_data_between_pieces),
		cmocka_unit_test(test_key_update_in_pieces),
		cmocka_unit_test(test_key_updates_of_a_peer_that_does_not_read),
		cmocka_unit_test(test_key_update_flood),
		cmocka_unit_test(test_change_cipher_spec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
