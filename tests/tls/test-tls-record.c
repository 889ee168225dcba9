/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record layer that takes over after the handshake: for which sessions, what keys and numbers it goes on
 * with, how records are cut and how long they may be.
 */
#include "record-pair.h"

#include <errno.h>
#include <openssl/evp.h>

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

static void count_line(void *arg, const char *line MS_UNUSED)
{
	++*(int *)arg;
}

/* Then the traffic secrets are of no use to us, however long the session lives. */
static void test_secrets_are_not_kept(void **state MS_UNUSED)
{
	static const struct ms_tls_secrets none;
	int lines = 0;
	const struct ms_tls_config config = { .allow_renegotiation = true,
					      .keylog = count_line,
					      .keylog_arg = &lines };
	struct ms_tls_peer c = psk_13, s = psk_13;
	struct pair p;

	pair_open(&p, &config, NULL, &c, &s);
	pump(&p);
	assert_open(&p);
	assert_true(lines >= 4);
	assert_null(p.c->record);
	assert_memory_equal(&p.c->start->secrets, &none, sizeof(none));
	assert_null(p.s->start);
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

/* The longest body there may be, and one octet more. */
static void test_limits_of_a_record(void **state MS_UNUSED)
{
	static const struct {
		const struct ms_tls_peer *peer;
		uint16_t max;
	} rows[] = { { &psk_12, 16384 + 24 }, { &psk_13, 16384 + 256 } };
	size_t taken;

	for (size_t i = 0; i < 4; i++) {
		unsigned len = rows[i / 2].max + i % 2U;
		const uint8_t header[] = { 23, 3, 3, (uint8_t)(len >> 8), (uint8_t)len };
		struct pair p;

		open_pair(&p, rows[i / 2].peer);
		assert_int_equal(ms_tls_input(p.s, ms_span_of(header, 5), &taken),
				 i % 2 ? -EPROTO : 0);
		/* Nothing is decided while nothing comes. */
		if (i % 2 == 0)
			assert_int_equal(ms_tls_input(p.s, MS_SPAN_NULL, &taken), 0);
		pair_close(&p);
	}
}

static void test_text_too_long(void **state MS_UNUSED)
{
	static uint8_t text[MS_TLS_RECORD + 2];
	struct pair p;

	open_pair(&p, &psk_13);
	text[MS_TLS_RECORD] = MS_TLS_DATA; /* behind it as much padding as there may be */
	assert_int_equal(say(p.c, p.s, 0, ms_span_of(text, MS_TLS_RECORD + 1)), 0);
	assert_int_equal(ms_tls_plain(p.s).len, MS_TLS_RECORD);
	ms_tls_consume(p.s, MS_TLS_RECORD);
	assert_int_equal(say(p.c, p.s, MS_TLS_DATA, ms_span_of(text, MS_TLS_RECORD + 1)), -EPROTO);
	assert_failed(p.s, "tls_record_too_long");
	assert_int_equal(ms_tls_plain(p.s).len, 0);
	pair_close(&p);
}

/* Each record has a number of its own, also while the transport takes nothing. */
static void test_numbers_while_blocked(void **state MS_UNUSED)
{
	static const struct ms_tls_peer *const both[] = { &psk_12, &psk_13 };
	const struct ms_tls_config config = { .output_max = 1 };

	for (int i = 0; i < 2; i++) {
		struct ms_tls_peer c = *both[i], s = *both[i];
		struct pair p;
		uint64_t first;
		size_t taken;

		pair_open(&p, &config, NULL, &c, &s);
		pump(&p);
		assert_open(&p);
		first = p.c->record->out.seq;
		assert_int_equal(ms_tls_write(p.c, MS_SPAN_LIT("one"), &taken), 0);
		assert_int_equal(taken, 3);
		assert_int_equal(ms_tls_write(p.c, MS_SPAN_LIT("two"), &taken), 0);
		assert_int_equal(taken, 0);
		assert_int_equal(p.c->record->out.seq, first + 1);
		carry(p.c, p.s, 7); /* a part of it */
		assert_int_equal(ms_tls_write(p.c, MS_SPAN_LIT("two"), &taken), 0);
		assert_int_equal(taken, 0);
		ms_tls_close(p.c); /* behind what waits */
		ms_tls_close(p.c); /* once */
		assert_int_equal(p.c->record->out.seq, first + 2);
		pump(&p);
		assert_int_equal(ms_tls_state(p.s), MS_TLS_HALF);
		assert_span_str(ms_tls_plain(p.s), "one");
		assert_int_equal(ms_tls_write(p.c, MS_SPAN_LIT("two"), &taken), -EPIPE);
		assert_int_equal(ms_tls_input_end(p.s), 0);
		pair_close(&p);
	}
}

static void test_truncation(void **state MS_UNUSED)
{
	struct pair p;
	size_t taken;

	open_pair(&p, &psk_13);
	assert_int_equal(ms_tls_write(p.c, MS_SPAN_LIT("whole"), &taken), 0);
	carry(p.c, p.s, 0);
	assert_int_equal(ms_tls_write(p.c, MS_SPAN_LIT("cut"), &taken), 0);
	carry(p.c, p.s, 20);
	assert_int_equal(ms_tls_input_end(p.s), -EPROTO);
	assert_failed(p.s, "tls_truncated");
	assert_span_str(ms_tls_plain(p.s), "whole");
	pair_close(&p);
}

/* A reader that always leaves a little more than half: the queue is never moved, up to its end. */
static void test_slow_reader(void **state MS_UNUSED)
{
	static const uint8_t text[MS_TLS_RECORD];
	const struct ms_tls_config config = { .plain_max = 3000 };
	struct ms_tls_peer c = psk_12, s = psk_12;
	struct pair p;

	pair_open(&p, NULL, &config, &c, &s);
	pump(&p);
	assert_open(&p);
	for (size_t gone = 0, n = 0; n < 40; n++) {
		size_t left = ms_tls_plain(p.s).len;

		for (; left < 3000; left = ms_tls_plain(p.s).len) {
			size_t more = 3000 - left < 500 ? 1 : 500;

			assert_int_equal(say(p.c, p.s, MS_TLS_DATA, ms_span_of(text, more)), 0);
		}
		if (gone + 1 < left) {
			ms_tls_consume(p.s, (left - gone) / 2);
			gone += (left - gone) / 2;
		}
	}
	ms_tls_consume(p.s, 3000);
	/* One record always has room. */
	assert_int_equal(say(p.c, p.s, MS_TLS_DATA, ms_span_of(text, sizeof(text))), 0);
	assert_int_equal(ms_tls_plain(p.s).len, sizeof(text));
	pair_close(&p);
}

/* What an object that all sessions share makes of a block of zeroes. */
static void seal_zeroes(EVP_CIPHER_CTX *evp, const EVP_CIPHER *aes, const uint8_t *key,
			uint8_t out[16])
{
	static const uint8_t zeroes[16];
	int n;

	assert_int_equal(EVP_CipherInit_ex(evp, aes, NULL, key, zeroes, 1), 1);
	assert_int_equal(EVP_EncryptUpdate(evp, out, &n, zeroes, 16), 1);
}

/* The key of a session does not outlive it. */
static void test_key_is_forgotten(void **state MS_UNUSED)
{
	static const uint8_t zeroes[16];
	uint8_t left[16], want[16];
	EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();
	struct pair p;

	open_pair(&p, &psk_13);
	expect_talk(&p);
	p.c = ms_tls_free(p.c);
	assert_null(p.ctx_c->cipher[1][0].keyed);
	seal_zeroes(p.ctx_c->cipher[1][0].evp, NULL, NULL, left);
	seal_zeroes(evp, EVP_aes_128_gcm(), zeroes, want);
	assert_memory_equal(left, want, 16);
	EVP_CIPHER_CTX_free(evp);
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_octet_by_octet),
		cmocka_unit_test(test_key_limit),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_padding_of_13),
		cmocka_unit_test(test_left_alone),
		cmocka_unit_test(test_secrets_are_not_kept),
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_limits_of_a_record),
		cmocka_unit_test(test_text_too_long),
		cmocka_unit_test(test_numbers_while_blocked),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_key_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
