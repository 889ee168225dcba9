/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the codec that the vectors do not reach: limits, repetitions, what cannot be written. */
#include "ms-test.h"

#include <errno.h>
#include <time.h>

#include "core/secret.h"
#include "mikey/derive.h"
#include "mikey/keydata.h"
#include "mikey/keymgmt.h"
#include "mikey/mac.h"
#include "mikey/mikey-priv.h"
#include "mikey/policy.h"
#include "mikey/print.h"
#include "mikey/timestamp.h"
#include "mikey/writer.h"

static struct ms_mikey_message m;
static uint8_t room[70000];

static const struct ms_mikey_hdr plain_hdr = {
	.data_type = MS_MIKEY_REQUEST_INIT_PSK,
	.map_type = MS_MIKEY_MAP_EMPTY,
	.csb_id = 7,
};
static const struct ms_mikey_ts some_time = { .set = true,
					      .type = MS_MIKEY_TS_NTP_UTC_32,
					      .value = 1 };
static const struct ms_mikey_id alice = { MS_MIKEY_ID_URI, MS_SPAN_LIT("sip:alice@example.com") };
static const struct ms_mikey_id bob = { MS_MIKEY_ID_URI, MS_SPAN_LIT("sip:bob@example.com") };

static void start(struct ms_mikey_writer *w, struct ms_buf *b)
{
	ms_buf_init_fixed(b, room, sizeof(room));
	ms_mikey_write_hdr(w, b, &plain_hdr, NULL);
}

static void expect_fault(struct ms_buf *b, const char *reason, int code)
{
	struct ms_fault fault = { 0, NULL, 0 };

	assert_int_equal(ms_buf_status(b), 0);
	assert_int_equal(ms_mikey_decode(ms_buf_span(b), &m, &fault), -EBADMSG);
	assert_string_equal(fault.reason, reason);
	assert_int_equal(fault.code, code);
	assert_true(fault.offset <= b->len);
	/* the fault is optional */
	assert_int_equal(ms_mikey_decode(ms_buf_span(b), &m, NULL), -EBADMSG);
}

static void put_one(struct ms_mikey_writer *w, unsigned type)
{
	struct ms_mikey_policy tp = { .ticket_type = 1 };
	uint8_t sixteen[16] = { 1 };
	uint8_t empty_chain[1] = { 0 };

	tp.tp_data = ms_span_of(empty_chain, 1);
	switch (type) {
	case MS_MIKEY_P_T:
		ms_mikey_put_t(w, &some_time);
		break;
	case MS_MIKEY_P_RAND:
		ms_mikey_put_rand(w, ms_span_of(sixteen, 16));
		break;
	case MS_MIKEY_P_RANDR:
		ms_mikey_put_randr(w, MS_MIKEY_ROLE_KMS, ms_span_of(sixteen, 16));
		break;
	case MS_MIKEY_P_IDR:
		ms_mikey_put_idr(w, MS_MIKEY_ROLE_INITIATOR, &alice);
		break;
	case MS_MIKEY_P_KEMAC:
		ms_mikey_put_kemac(w, MS_MIKEY_ENCR_AES_CM_128, MS_SPAN_NULL);
		break;
	case MS_MIKEY_P_TP:
		ms_mikey_put_tp(w, &tp);
		break;
	case MS_MIKEY_P_TICKET:
		ms_mikey_put_ticket(w, &tp);
		break;
	case MS_MIKEY_P_CHASH:
		ms_mikey_put_chash(w, MS_MIKEY_HASH_MD5, ms_span_of(sixteen, 16));
		break;
	case MS_MIKEY_P_PKE:
		ms_mikey_put_pke(w, MS_MIKEY_CACHE_NONE, ms_span_of(sixteen, 16));
		break;
	default:
		fail();
	}
}

static void test_repeated(void **state)
{
	static const unsigned once[] = { MS_MIKEY_P_T,      MS_MIKEY_P_RAND,  MS_MIKEY_P_RANDR,
					 MS_MIKEY_P_IDR,    MS_MIKEY_P_KEMAC, MS_MIKEY_P_TP,
					 MS_MIKEY_P_TICKET, MS_MIKEY_P_CHASH, MS_MIKEY_P_PKE };
	struct ms_mikey_writer w;
	struct ms_buf b;

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(once); i++) {
		start(&w, &b);
		put_one(&w, once[i]);
		assert_int_equal(ms_mikey_decode(ms_buf_span(&b), &m, NULL), 0);
		put_one(&w, once[i]);
		expect_fault(&b, "repeated_payload", MS_MIKEY_ERR_UNSPECIFIED);
	}
}

/* Different roles are different payloads; SP, ERR, CERT, extensions and application IDs repeat. */
static void test_repeatable(void **state)
{
	struct ms_mikey_writer w;
	struct ms_span data;
	struct ms_buf b;

	(void)state;
	start(&w, &b);
	for (unsigned i = 0; i < 2; i++) {
		ms_mikey_put_sp(&w, i, MS_MIKEY_PROT_SRTP, MS_SPAN_NULL);
		ms_mikey_put_err(&w, i);
		ms_mikey_put_cert(&w, MS_MIKEY_CERT_X509, MS_SPAN_LIT("cert"));
		ms_mikey_put_ext(&w, i, MS_SPAN_LIT("data"));
		ms_mikey_put_idr(&w, MS_MIKEY_ROLE_APP, &alice);
		ms_mikey_put_id(&w, &alice);
	}
	ms_mikey_put_idr(&w, MS_MIKEY_ROLE_INITIATOR, &alice);
	ms_mikey_put_idr(&w, MS_MIKEY_ROLE_RESPONDER, &bob);
	assert_int_equal(ms_mikey_decode(ms_buf_span(&b), &m, NULL), 0);
	assert_int_equal(m.n_payloads, 14);
	assert_true(ms_mikey_id_eq(&m.id_i, &alice));
	assert_true(ms_mikey_id_eq(&m.id_r, &bob));
	assert_null(m.id_kms.data.p);
	assert_int_equal(ms_mikey_find_sp(&m, 1)->u.sp.policy_no, 1);
	assert_null(ms_mikey_find_sp(&m, 2));
	assert_true(ms_mikey_find_ext(&m, MS_MIKEY_EXT_SDP_IDS, &data));
	assert_false(ms_mikey_find_ext(&m, MS_MIKEY_EXT_KEY_ID, &data));
}

static void test_v_is_last(void **state)
{
	struct ms_mikey_writer w;
	struct ms_buf b;

	(void)state;
	start(&w, &b);
	(void)ms_mikey_put_v(&w, MS_MIKEY_MAC_HMAC_SHA_1_160);
	assert_int_equal(ms_mikey_decode(ms_buf_span(&b), &m, NULL), 0);
	assert_int_equal(m.v_mac, 12);
	ms_mikey_put_t(&w, &some_time);
	expect_fault(&b, "parse", MS_MIKEY_ERR_UNSPECIFIED);
}

static void test_limits(void **state)
{
	struct ms_mikey_cs cs[MS_MIKEY_CS_MAX + 1] = { { .cs_id = 1 } };
	struct ms_mikey_hdr hdr = plain_hdr;
	struct ms_mikey_writer w;
	struct ms_buf b;

	(void)state;
	start(&w, &b);
	for (unsigned i = 0; i < MS_MIKEY_PAYLOADS_MAX; i++)
		ms_mikey_put_err(&w, 12);
	assert_int_equal(ms_mikey_decode(ms_buf_span(&b), &m, NULL), 0);
	assert_int_equal(m.n_payloads, MS_MIKEY_PAYLOADS_MAX);
	ms_mikey_put_err(&w, 12);
	expect_fault(&b, "too_many_payloads", MS_MIKEY_ERR_UNSPECIFIED);

	hdr.map_type = MS_MIKEY_MAP_GENERIC_ID;
	for (unsigned over = 0; over < 2; over++) {
		hdr.n_cs = (uint8_t)(MS_MIKEY_CS_MAX + over);
		ms_buf_reset(&b);
		ms_mikey_write_hdr(&w, &b, &hdr, cs);
		ms_mikey_put_t(&w, &some_time);
		if (over)
			expect_fault(&b, "too_many_sessions", MS_MIKEY_ERR_UNSPECIFIED);
		else
			assert_int_equal(ms_mikey_decode(ms_buf_span(&b), &m, NULL), 0);
	}
}

static void test_too_many_keys(void **state)
{
	struct ms_mikey_keys keys = { .n = MS_MIKEY_KEYS_MAX };
	struct ms_fault fault;
	struct ms_buf b;

	(void)state;
	ms_buf_init_fixed(&b, room, sizeof(room));
	ms_mikey_keys_encode(&b, &keys);
	assert_int_equal(ms_mikey_keys_decode(ms_buf_span(&b), &keys, &fault), 0);
	assert_int_equal(keys.n, MS_MIKEY_KEYS_MAX);
	/* the last one announces one more */
	room[b.len - 4] = MS_MIKEY_P_KEY_DATA;
	ms_buf_put(&b, "\0\0\0\0", 4);
	assert_int_equal(ms_mikey_keys_decode(ms_buf_span(&b), &keys, &fault), -EBADMSG);
	assert_string_equal(fault.reason, "too_many_keys");
	/* none at all is fine */
	assert_int_equal(ms_mikey_keys_decode(MS_SPAN_NULL, &keys, &fault), 0);
	assert_int_equal(keys.n, 0);
}

static void test_find_spi(void **state)
{
	struct ms_mikey_keys keys = { .n = 3 };
	struct ms_span spi = MS_SPAN_LIT("same");

	(void)state;
	/* an MPK and a key without SPI are passed over */
	keys.key[0] = (struct ms_mikey_key){ .type = MS_MIKEY_KEY_MPK, .kv = 1, .spi = spi };
	keys.key[1] = (struct ms_mikey_key){ .type = MS_MIKEY_KEY_TEK, .kv = 0, .spi = spi };
	keys.key[2] = (struct ms_mikey_key){ .type = MS_MIKEY_KEY_GTGK, .kv = 1, .spi = spi };
	assert_ptr_equal(ms_mikey_keys_find_spi(&keys, spi), &keys.key[2]);
	assert_null(ms_mikey_keys_find_spi(&keys, MS_SPAN_LIT("sam")));
	assert_false(ms_mikey_keys_have_tgk(&keys));
	keys.key[1].type = MS_MIKEY_KEY_TGK_SALT;
	assert_true(ms_mikey_keys_have_tgk(&keys));
}

/* A long field does not fit its length, a wrong number has no encoding: the buffer says so. */
static void test_cannot_be_written(void **state)
{
	static const uint8_t big[65536];
	struct ms_mikey_hdr hdr = plain_hdr;
	struct ms_mikey_ts bad = { .set = true, .type = 9 };
	struct ms_mikey_policy tp = { .flags = 0x1000 };
	struct ms_mikey_writer w;
	struct ms_buf b;

	(void)state;
	start(&w, &b);
	ms_mikey_put_randr(&w, 1, ms_span_of(big, 256));
	assert_int_equal(ms_buf_status(&b), -EMSGSIZE);
	start(&w, &b);
	ms_mikey_put_ext(&w, 0, ms_span_of(big, 65536));
	assert_int_equal(ms_buf_status(&b), -EMSGSIZE);
	start(&w, &b);
	ms_mikey_put_pke(&w, 0, ms_span_of(big, 0x4000));
	assert_int_equal(ms_buf_status(&b), -EMSGSIZE);
	start(&w, &b);
	(void)ms_mikey_put_sign(&w, 0, 0x1000);
	assert_int_equal(ms_buf_status(&b), -EMSGSIZE);
	start(&w, &b);
	ms_mikey_put_t(&w, &bad);
	assert_int_equal(ms_buf_status(&b), -EINVAL);
	start(&w, &b);
	(void)ms_mikey_put_v(&w, 3);
	assert_int_equal(ms_buf_status(&b), -EINVAL);
	start(&w, &b);
	ms_mikey_put_v_mac(&w, MS_MIKEY_MAC_HMAC_SHA_1_160, ms_span_of(big, 32));
	assert_int_equal(ms_buf_status(&b), -EINVAL);
	start(&w, &b);
	ms_mikey_put_tp(&w, &tp);
	assert_int_equal(ms_buf_status(&b), -EINVAL);
	hdr.n_cs = 1; /* with the empty map */
	ms_buf_reset(&b);
	ms_mikey_write_hdr(&w, &b, &hdr, NULL);
	assert_int_equal(ms_buf_status(&b), -EINVAL);
}

static bool matches(const char *pattern, const char *id)
{
	struct ms_mikey_id p = { MS_MIKEY_ID_URI, ms_span_str(pattern) };
	struct ms_mikey_id i = { MS_MIKEY_ID_URI, ms_span_str(id) };

	return ms_mikey_id_match(&p, &i, '?');
}

static void test_wildcards(void **state)
{
	struct ms_mikey_id pattern = { MS_MIKEY_ID_URI, MS_SPAN_LIT("?@?") };

	(void)state;
	assert_true(matches("", ""));
	assert_false(matches("", "a"));
	assert_true(matches("?", "a"));
	assert_false(matches("?", ""));
	assert_false(matches("??", "a"));
	assert_true(matches("??", "abc"));
	assert_true(matches("a?c", "abbbc"));
	assert_false(matches("a?c", "ac"));
	assert_true(matches("a?b?c", "axbxbxc"));
	assert_true(matches("?aba", "abababa"));
	assert_false(matches("?abc?", "xabc"));
	assert_true(matches("sip:?@?.example.com", "sip:bob@a.b.example.com"));
	assert_false(matches("sip:?@?.example.com", "sip:bob@example.com"));
	assert_false(matches("sip:bob?", "sip:bob@example.com"));
	assert_false(matches("?", "a@b"));
	assert_false(matches("?@", "a@b"));
	assert_false(matches("a@b", "a@b@"));
	assert_false(ms_mikey_id_match(&pattern, &bob, -1));
	assert_true(ms_mikey_id_match(&pattern, &pattern, -1));
	assert_true(ms_mikey_id_match(&pattern, &bob, '?'));
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A pattern made to make a matcher that goes back run for minutes. */
static void test_wildcards_are_linear(void **state)
{
	static uint8_t pattern[60000], text[60000];
	struct ms_mikey_id p = { MS_MIKEY_ID_URI, ms_span_of(pattern, sizeof(pattern)) };
	struct ms_mikey_id t = { MS_MIKEY_ID_URI, ms_span_of(text, sizeof(text)) };
	double began = cpu_seconds();

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = i % 3 == 0 ? '?' : 'a';
	pattern[sizeof(pattern) - 1] = 'b';
	assert_false(ms_mikey_id_match(&p, &t, '?'));
	memset(pattern, 'a', sizeof(pattern));
	pattern[0] = '?';
	pattern[30000] = 'b';
	assert_false(ms_mikey_id_match(&p, &t, '?'));
	assert_true(cpu_seconds() - began < 1.0);
}

static void test_times(void **state)
{
	struct ms_mikey_ts t = ms_mikey_ts_of(MS_MIKEY_TS_NTP_UTC, 1714564800123456);
	ms_usec back;

	(void)state;
	assert_int_equal(ms_mikey_ts_to_usec(&t, &back), 0);
	assert_int_equal(back, 1714564800123456);
	for (ms_usec usec = 0; usec < MS_SEC; usec += 997) {
		t = ms_mikey_ts_of(MS_MIKEY_TS_NTP, usec);
		assert_int_equal(ms_mikey_ts_to_usec(&t, &back), 0);
		assert_int_equal(back, usec);
	}
	t = ms_mikey_ts_of(MS_MIKEY_TS_COUNTER, 0);
	assert_false(t.set);
	assert_int_equal(ms_mikey_ts_to_usec(&t, &back), -EINVAL);
	t = (struct ms_mikey_ts){ .set = true, .type = MS_MIKEY_TS_COUNTER, .value = 5 };
	assert_int_equal(ms_mikey_ts_to_usec(&t, &back), -EINVAL);
	assert_int_equal(ms_mikey_ts_t64(&t), 5);
}

static void test_flags(void **state)
{
	char text[MS_MIKEY_FLAGS_TEXT];
	unsigned flags;

	(void)state;
	for (unsigned word = 0; word < 4096; word++) {
		assert_int_equal(
			ms_mikey_flags_parse(ms_span_str(ms_mikey_flags_text(word, text)), &flags),
			0);
		assert_int_equal(flags, word);
	}
	assert_int_equal(ms_mikey_flags_parse(MS_SPAN_LIT("DD"), &flags), -EINVAL);
	assert_int_equal(ms_mikey_flags_parse(MS_SPAN_LIT("DX"), &flags), -EINVAL);
	assert_string_equal(ms_mikey_flag_meaning(MS_MIKEY_FLAG_I), "key forking");
	assert_null(ms_mikey_flag_meaning(3));
}

/* A COUNTER as validity says nothing about time: such a policy is never valid. */
static void test_validity_by_counter(void **state)
{
	struct ms_mikey_policy p = { .start = { .set = true, .type = MS_MIKEY_TS_COUNTER } };

	(void)state;
	assert_int_equal(ms_mikey_policy_validity(&p, 0), MS_MIKEY_BAD_PERIOD);
	p.end = p.start;
	p.start.set = false;
	assert_int_equal(ms_mikey_policy_validity(&p, 0), MS_MIKEY_BAD_PERIOD);
}

static void test_fork_limits(void **state)
{
	static const uint8_t id[MS_MIKEY_ID_MAX + 1];
	struct ms_secret key;

	(void)state;
	assert_int_equal(ms_mikey_fork(0, MS_MIKEY_FOR_TGK_FORK, ms_span_of(id, 16),
				       ms_span_of(id, MS_MIKEY_ID_MAX), ms_span_of(id, 255), &key),
			 0);
	assert_int_equal(ms_mikey_fork(0, MS_MIKEY_FOR_TGK_FORK, ms_span_of(id, 16),
				       ms_span_of(id, MS_MIKEY_ID_MAX + 1), ms_span_of(id, 16),
				       &key),
			 -EMSGSIZE);
	/* longer than a secret can be */
	assert_int_equal(ms_mikey_fork(0, MS_MIKEY_FOR_TGK_FORK, ms_span_of(id, MS_SECRET_MAX + 1),
				       bob.data, ms_span_of(id, 16), &key),
			 -EINVAL);
}

static void test_cs_numbers(void **state)
{
	unsigned next = 1;

	(void)state;
	assert_int_equal(ms_mikey_cs_number(&next, true), 1);
	assert_int_equal(ms_mikey_cs_number(&next, false), 3);
	next = 254;
	assert_int_equal(ms_mikey_cs_number(&next, true), 254);
	assert_int_equal(ms_mikey_cs_number(&next, false), 0);
	next = 255;
	assert_int_equal(ms_mikey_cs_number(&next, true), 0);
	assert_int_equal(ms_mikey_cs_number(&next, false), 255);
}

/* The only memory the codec asks for is the buffer's. */
static int key_mgmt(void *arg)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf line;
	MS_CLEANUP(ms_buf_done) struct ms_buf data;
	struct ms_span protocol;

	(void)arg;
	ms_buf_init(&line, 1000);
	ms_buf_init(&data, 1000);
	ms_mikey_keymgmt_encode(&line, MS_SPAN_LIT("some message"));
	if (ms_buf_status(&line) < 0)
		return ms_buf_status(&line);
	return ms_mikey_keymgmt_decode(ms_buf_span(&line), &protocol, &data);
}

static void test_key_mgmt(void **state)
{
	struct ms_span protocol;
	struct ms_buf data;

	(void)state;
	assert_true(ms_test_torture(key_mgmt, NULL) > 0);
	ms_buf_init_fixed(&data, room, 5);
	assert_int_equal(ms_mikey_keymgmt_decode(MS_SPAN_LIT("mikey QUJDRA=="), &protocol, &data),
			 0);
	assert_int_equal(ms_mikey_keymgmt_decode(MS_SPAN_LIT("mikey QUJDRA=="), &protocol, &data),
			 -EMSGSIZE); /* only 5 octets of room */
	assert_int_equal(ms_mikey_keymgmt_decode(MS_SPAN_LIT("mi;key QQ=="), &protocol, &data),
			 -EINVAL);
	assert_int_equal(ms_mikey_keymgmt_decode(MS_SPAN_LIT("  mikey QQ=="), &protocol, &data),
			 -EINVAL);
}

static int print(void *arg)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	struct ms_buf *message = arg;

	ms_buf_init(&text, MS_MIKEY_PRINT_MAX);
	return ms_mikey_print(&text, ms_buf_span(message), MS_MIKEY_PRINT_JSON, &ms_profile_default,
			      NULL);
}

/* A TP inside a TP inside ... a peer may send it; it is printed without going down all the way. */
static void test_print(void **state)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	struct ms_mikey_policy tp = { .ticket_type = 1, .tp_data = MS_SPAN_LIT("\0") };
	static uint8_t inner[2][60000];
	struct ms_mikey_writer w;
	struct ms_buf b;

	(void)state;
	for (unsigned depth = 0; depth < 2000; depth++) {
		ms_buf_init_fixed(&b, inner[depth % 2], sizeof(inner[0]));
		ms_mikey_write_first(&w, &b);
		ms_mikey_put_tp(&w, &tp);
		tp.tp_data = ms_buf_span(&b);
	}
	start(&w, &b);
	ms_mikey_put_tp(&w, &tp);
	assert_int_equal(ms_buf_status(&b), 0);
	ms_buf_init(&text, MS_MIKEY_PRINT_MAX);
	assert_int_equal(ms_mikey_print(&text, ms_buf_span(&b), MS_MIKEY_PRINT_TEXT,
					&ms_profile_default, NULL),
			 0);
	assert_true(text.len < 200000);
	assert_true(ms_test_torture(print, &b) > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_repeatable),
		cmocka_unit_test(test_v_is_last),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_too_many_keys),
		cmocka_unit_test(test_find_spi),
		cmocka_unit_test(test_cannot_be_written),
		cmocka_unit_test(test_wildcards),
		cmocka_unit_test(test_wildcards_are_linear),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_validity_by_counter),
		cmocka_unit_test(test_fork_limits),
		cmocka_unit_test(test_cs_numbers),
		cmocka_unit_test(test_key_mgmt),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
