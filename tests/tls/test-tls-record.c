/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record layer that takes over after the handshake: what records may contain, in which pieces they
 * come, key updates, refusals. Contents are sealed by the peer's own layer, so that the test chooses.
 */
#include "pair.h"

#include <errno.h>

#include "tls/record-priv.h"

static const struct ms_tls_peer psk_12 = { .mode = MS_TLS_PSK_12, .psk = MS_SPAN_LIT(PSK32) };
static const struct ms_tls_peer psk_13 = { .mode = MS_TLS_PSK_13,
					   .psk = MS_SPAN_LIT(PSK32),
					   .identity = MS_SPAN_LIT("name") };

static void open_pair(struct pair *p, const struct ms_tls_peer *peer)
{
	struct ms_tls_peer c = *peer, s = *peer;

	pair_open(p, NULL, NULL, &c, &s);
	pump(p);
	assert_open(p);
	assert_non_null(p->c->record);
	assert_non_null(p->s->record);
	assert_null(p->c->ssl);
}

/* A record of `type` from `from` to `to`. */
static int say(struct ms_tls *from, struct ms_tls *to, uint8_t type, struct ms_span content)
{
	static uint8_t record[MS_TLS_RECORD + MS_TLS_RECORD_MORE];
	size_t n = ms_tls_record_seal(from, type, content, record), taken = 0;
	int err;

	assert_true(n > 0);
	err = ms_tls_input(to, ms_span_of(record, n), &taken);
	if (err == 0)
		assert_int_equal(taken, n);
	return err;
}

#define SAY(from, to, type, ...)                         \
	say((from), (to), (type),                        \
	    ms_span_of((const uint8_t[]){ __VA_ARGS__ }, \
		       sizeof((const uint8_t[]){ __VA_ARGS__ })))

static void expect_talk(struct pair *p)
{
	size_t taken;

	assert_int_equal(ms_tls_write(p->c, MS_SPAN_LIT("one way"), &taken), 0);
	assert_int_equal(ms_tls_write(p->s, MS_SPAN_LIT("and the other"), &taken), 0);
	pump(p);
	assert_span_str(ms_tls_plain(p->s), "one way");
	assert_span_str(ms_tls_plain(p->c), "and the other");
	ms_tls_consume(p->s, 7);
	ms_tls_consume(p->c, 13);
}

static void test_octet_by_octet(void **state MS_UNUSED)
{
	static const struct ms_tls_peer *const both[] = { &psk_12, &psk_13 };

	for (int i = 0; i < 2; i++) {
		struct pair p;

		open_pair(&p, both[i]);
		p.step = 1;
		expect_talk(&p);
		assert_null(p.c->record->part);
		assert_null(p.s->record->part);
		pair_close(&p);
	}
}

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

/* After so many records the keys are changed without being asked. */
static void test_key_limit(void **state MS_UNUSED)
{
	struct pair p;
	uint8_t before[32];

	open_pair(&p, &psk_13);
	memcpy(before, p.c->record->out.key, sizeof(before));
	p.c->record->out.seq = p.s->record->in.seq = (uint64_t)1 << 24;
	expect_talk(&p);
	assert_memory_not_equal(before, p.c->record->out.key, 16);
	assert_true(p.c->record->out.seq < 8);
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

static void test_too_long(void **state MS_UNUSED)
{
	static const struct ms_tls_peer *const both[] = { &psk_12, &psk_13 };
	static const uint8_t header[] = { 23, 3, 3, 0x48, 0x01 };
	size_t taken;

	for (int i = 0; i < 2; i++) {
		struct pair p;

		open_pair(&p, both[i]);
		assert_int_equal(ms_tls_input(p.s, ms_span_of(header, 5), &taken), -EPROTO);
		assert_failed(p.s, "tls_record_too_long");
		pair_close(&p);
	}
}

/* The same record again has another number. */
static void test_replay(void **state MS_UNUSED)
{
	static const struct ms_tls_peer *const both[] = { &psk_12, &psk_13 };
	uint8_t record[100];
	size_t taken;

	for (int i = 0; i < 2; i++) {
		struct pair p;
		size_t n;

		open_pair(&p, both[i]);
		n = ms_tls_record_seal(p.c, MS_TLS_DATA, MS_SPAN_LIT("once"), record);
		assert_int_equal(ms_tls_input(p.s, ms_span_of(record, n), &taken), 0);
		assert_span_str(ms_tls_plain(p.s), "once");
		assert_int_equal(ms_tls_input(p.s, ms_span_of(record, n), &taken), -EPROTO);
		assert_failed(p.s, "tls_bad_record_mac");
		assert_span_str(ms_tls_plain(p.s), "once");
		pair_close(&p);
	}
}

static void test_padding_of_13(void **state MS_UNUSED)
{
	static const uint8_t zeroes[50];
	struct pair p;

	open_pair(&p, &psk_13);
	/* The type behind the text is 0, so that the text's end looks like padding: no type is left. */
	assert_int_equal(say(p.c, p.s, 0, ms_span_of(zeroes, sizeof(zeroes))), -EPROTO);
	assert_failed(p.s, "tls_protocol");
	pair_close(&p);
	open_pair(&p, &psk_13);
	assert_int_equal(SAY(p.c, p.s, 0, 'h', 'i', MS_TLS_DATA, 0, 0, 0), 0);
	assert_span_str(ms_tls_plain(p.s), "hi");
	pair_close(&p);
}

/* Sessions of suites that we have not, or that may renegotiate, stay with libssl. */
static void test_left_alone(void **state MS_UNUSED)
{
	const struct ms_tls_config cbc = { .psk_suites = "PSK-AES128-CBC-SHA256" };
	const struct ms_tls_config again = { .allow_renegotiation = true };
	struct ms_tls_peer c = psk_12, s = psk_12;
	struct pair p;

	pair_open(&p, &cbc, &cbc, &c, &s);
	pump(&p);
	assert_open(&p);
	assert_null(p.c->record);
	expect_talk(&p);
	pair_close(&p);
	pair_open(&p, &again, NULL, &c, &s);
	pump(&p);
	assert_open(&p);
	assert_null(p.c->record);
	assert_non_null(p.s->record);
	expect_talk(&p);
	pair_close(&p);
}

static void test_suites(void **state MS_UNUSED)
{
	static const char *const suites[] = { "PSK-AES128-GCM-SHA256", "PSK-AES256-GCM-SHA384" };

	for (int i = 0; i < 2; i++) {
		const struct ms_tls_config config = { .psk_suites = suites[i] };
		struct ms_tls_peer c = psk_12, s = psk_12;
		struct pair p;

		pair_open(&p, &config, &config, &c, &s);
		pump(&p);
		assert_open(&p);
		assert_non_null(p.c->record);
		assert_string_equal(ms_tls_suite(p.c), suites[i]);
		assert_string_equal(ms_tls_version(p.c), "TLSv1.2");
		expect_talk(&p);
		pair_close(&p);
	}
}

static void with_certificates(enum ms_tls_versions versions, bool anonymous)
{
	const struct ms_tls_config config = { .cert_versions = versions };
	struct ms_tls_certificate *cert;
	struct ms_tls_peer c = { .mode = MS_TLS_CERTIFICATE, .n_fingerprints = 1 }, s;
	struct pair p;

	assert_int_equal(ms_tls_certificate_make(MS_SPAN_NULL, 0, 1, &cert), 0);
	c.certificate = cert;
	c.fingerprints = ms_tls_certificate_fingerprint(cert, MS_TLS_SHA256);
	s = c;
	s.anonymous_client = anonymous;
	s.n_fingerprints = !anonymous;
	pair_open(&p, &config, &config, &c, &s);
	pump(&p);
	assert_open(&p);
	assert_non_null(p.c->record);
	assert_non_null(p.s->record);
	expect_talk(&p);
	pair_close(&p);
	ms_tls_certificate_unref(cert);
}

static void test_certificates(void **state MS_UNUSED)
{
	with_certificates(MS_TLS_ONLY_12, false);
	with_certificates(MS_TLS_ONLY_13, false);
	with_certificates(MS_TLS_ONLY_12, true);
	with_certificates(MS_TLS_ONLY_13, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_octet_by_octet),
		cmocka_unit_test(test_key_update),
		cmocka_unit_test(test_key_limit),
		cmocka_unit_test(test_tickets_are_skipped),
		cmocka_unit_test(test_messages_out_of_place),
		cmocka_unit_test(test_bad_key_updates),
		cmocka_unit_test(test_renegotiation),
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_padding_of_13),
		cmocka_unit_test(test_left_alone),
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_certificates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
