/* SPDX-License-Identifier: Apache-2.0 */
/* Base tickets and Initiator Data: what is refused, and why. */
#include "ms-test.h"

#include <errno.h>

#include "mikey/mac.h"
#include "mikey/ticket.h"
#include "mikey/writer.h"

static uint8_t room[8192];
static const uint8_t tpk_octets[16] = { 0x22 };
static const struct ms_mikey_ts some_time = { .set = true,
					      .type = MS_MIKEY_TS_NTP_UTC_32,
					      .value = 1 };
static const struct ms_mikey_id alice = { MS_MIKEY_ID_URI, MS_SPAN_LIT("sip:alice@example.com") };
static const struct ms_mikey_id bob = { MS_MIKEY_ID_URI, MS_SPAN_LIT("sip:bob@example.com") };

/* A base ticket with keys of these types and of `len` octets, made in `b`. */
static void make_ticket_with(struct ms_buf *b, const struct ms_prf_key *tpk, unsigned encr_alg,
			     const uint8_t *types, size_t n, size_t len)
{
	static const uint8_t octets[256] = { 0x11 };
	struct ms_mikey_keys keys = { .n = n };
	struct ms_mikey_policy policy = { .ticket_type = MS_MIKEY_TICKET_BASE,
					  .subtype = 1,
					  .version = 1 };
	struct ms_mikey_ticket_spec spec = { .policy = &policy,
					     .encr_alg = encr_alg,
					     .mac_alg = MS_MIKEY_MAC_HMAC_SHA_1_160,
					     .t = some_time,
					     .rand = ms_span_of(octets, 16),
					     .psk = alice,
					     .keys = &keys };
	uint8_t tp[256];
	struct ms_mikey_writer w;
	struct ms_buf tp_data;

	ms_buf_init_fixed(&tp_data, tp, sizeof(tp));
	ms_mikey_write_first(&w, &tp_data);
	ms_mikey_put_idr(&w, MS_MIKEY_ROLE_RESPONDER, &bob);
	policy.tp_data = ms_buf_span(&tp_data);
	for (size_t i = 0; i < n; i++)
		keys.key[i] = (struct ms_mikey_key){ .type = types[i],
						     .kv = MS_MIKEY_KV_SPI,
						     .key = ms_span_of(octets, len),
						     .salt = ms_span_of(octets, 14),
						     .spi = ms_span_of(octets, 3) };
	assert_int_equal(ms_mikey_ticket_make(&spec, tpk, b), 0);
}

/* One with an MPK and a TGK. */
static void make_ticket(struct ms_buf *b, const struct ms_prf_key *tpk, unsigned encr_alg)
{
	static const uint8_t types[] = { MS_MIKEY_KEY_MPK, MS_MIKEY_KEY_TGK };

	make_ticket_with(b, tpk, encr_alg, types, 2, 16);
}

static int open_ticket(struct ms_span ticket, const struct ms_prf_key *tpk,
		       struct ms_mikey_opened *o, struct ms_fault *fault)
{
	struct ms_mikey_payload p;
	struct ms_mikey_policy policy;
	struct ms_mikey_ticket_data d;
	int err = ms_mikey_payload_decode(MS_MIKEY_P_TICKET, ticket, &p, fault);

	if (err == 0)
		err = ms_mikey_policy_decode(&p, &policy, fault);
	if (err == 0)
		err = ms_mikey_ticket_data_decode(policy.ticket_data, &d, fault);
	return err < 0 ? err : ms_mikey_ticket_open(&policy, &d, tpk, o, fault);
}

/* Each bit under the MAC counts; Next Payload and Initiator Data length are not under it. */
static void test_ticket_bits(void **state)
{
	static struct ms_mikey_opened o;
	struct ms_prf_key tpk;
	struct ms_fault fault;
	struct ms_buf b;

	(void)state;
	assert_int_equal(ms_mikey_inkey(&tpk, 0, ms_span_of(tpk_octets, 16)), 0);
	for (unsigned alg = 1; alg <= 2; alg++) {
		ms_buf_init_fixed(&b, room, sizeof(room));
		make_ticket(&b, &tpk, alg);
		assert_int_equal(open_ticket(ms_buf_span(&b), &tpk, &o, &fault), 0);
		assert_int_equal(o.keys.n, 2);
		assert_true(ms_mikey_keys_have_tgk(&o.keys));
		ms_mikey_opened_wipe(&o);
		for (size_t bit = 8; bit < (b.len - 2) * 8; bit++) {
			room[bit / 8] ^= (uint8_t)(1 << bit % 8);
			fault.reason = NULL;
			assert_int_equal(open_ticket(ms_buf_span(&b), &tpk, &o, &fault), -EBADMSG);
			assert_non_null(fault.reason);
			room[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

static void test_ticket_refusals(void **state)
{
	struct ms_mikey_policy policy = { .tp_data = MS_SPAN_LIT("\0") };
	struct ms_mikey_keys keys = { .n = 0 };
	struct ms_mikey_ticket_spec spec = { .policy = &policy,
					     .encr_alg = MS_MIKEY_ENCR_NULL,
					     .mac_alg = MS_MIKEY_MAC_HMAC_SHA_1_160,
					     .t = some_time,
					     .keys = &keys };
	struct ms_prf_key tpk;
	struct ms_buf b;

	(void)state;
	assert_int_equal(ms_mikey_inkey(&tpk, 2, MS_SPAN_LIT("key")), -EINVAL);
	assert_int_equal(ms_mikey_inkey(&tpk, 0, MS_SPAN_LIT("key")), 0);
	ms_buf_init_fixed(&b, room, sizeof(room));
	ms_buf_put_str(&b, "before");
	assert_int_equal(ms_mikey_ticket_make(&spec, &tpk, &b), -EINVAL); /* encryption NULL */
	spec.encr_alg = MS_MIKEY_ENCR_AES_CM_128;
	spec.mac_alg = MS_MIKEY_MAC_NULL;
	assert_int_equal(ms_mikey_ticket_make(&spec, &tpk, &b), -EINVAL);
	spec.mac_alg = MS_MIKEY_MAC_HMAC_SHA_1_160;
	spec.encr_alg = MS_MIKEY_ENCR_AES_KW_128; /* nothing to wrap */
	assert_int_equal(ms_mikey_ticket_make(&spec, &tpk, &b), -EINVAL);
	assert_int_equal(b.len, 6);
}

static void test_initiator_data(void **state)
{
	static const uint8_t mpkr[16] = { 3 }, mac[20] = { 4 };
	uint8_t data[64];
	struct ms_span s = ms_span_of(data, ms_mikey_initiator_data_len(1));
	struct ms_mikey_initiator_data d;
	struct ms_fault fault;

	(void)state;
	assert_int_equal(s.len, 45);
	assert_int_equal(
		ms_mikey_initiator_data_make(0, ms_span_of(mpkr, 16), 1, ms_span_of(mac, 20), data),
		0);
	assert_int_equal(ms_mikey_initiator_data_decode(s, &d, &fault), 0);
	assert_span_equal(d.vi.mac, ms_span_of(mac, 20));
	assert_true(ms_mikey_initiator_data_ok(0, ms_span_of(mpkr, 16), s, &d));
	assert_false(ms_mikey_initiator_data_ok(1, ms_span_of(mpkr, 16), s, &d));
	data[5] ^= 1;
	assert_false(ms_mikey_initiator_data_ok(0, ms_span_of(mpkr, 16), s, &d));
	assert_int_equal(
		ms_mikey_initiator_data_make(0, ms_span_of(mpkr, 16), 0, MS_SPAN_NULL, data),
		-EINVAL);
	/* one V only */
	data[0] = MS_MIKEY_P_V;
	data[1] = MS_MIKEY_P_LAST;
	assert_int_equal(ms_mikey_initiator_data_decode(ms_span_sub(s, 0, 23), &d, &fault),
			 -EBADMSG);
	assert_string_equal(fault.reason, "initiator_data_invalid");
	assert_int_equal(ms_mikey_initiator_data_decode(MS_SPAN_NULL, &d, &fault), -EBADMSG);
}

/* Authentic tickets whose issuer was wrong. */
static void test_ticket_keys(void **state)
{
	static const struct {
		uint8_t types[4];
		size_t n, len;
		const char *reason; /* NULL: opened */
	} cases[] = {
		{ { MS_MIKEY_KEY_MPK }, 1, 16, NULL },
		{ { MS_MIKEY_KEY_MPK, MS_MIKEY_KEY_GTGK_SALT, MS_MIKEY_KEY_TEK_SALT },
		  3,
		  16,
		  NULL },
		{ { 0 }, 0, 16, "missing_mpk" },
		{ { MS_MIKEY_KEY_TGK, MS_MIKEY_KEY_MPK }, 2, 16, "missing_mpk" },
		{ { MS_MIKEY_KEY_MPK, MS_MIKEY_KEY_TGK, MS_MIKEY_KEY_MPK },
		  3,
		  16,
		  "unexpected_mpk" },
		{ { MS_MIKEY_KEY_MPK }, 1, MS_SECRET_MAX + 1, "parse" },
		{ { MS_MIKEY_KEY_MPK }, 1, 0, "parse" },
	};
	static struct ms_mikey_opened o;
	struct ms_prf_key tpk;
	struct ms_fault fault;
	struct ms_buf b;

	(void)state;
	assert_int_equal(ms_mikey_inkey(&tpk, 0, ms_span_of(tpk_octets, 16)), 0);
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		ms_buf_init_fixed(&b, room, sizeof(room));
		make_ticket_with(&b, &tpk, MS_MIKEY_ENCR_AES_CM_128, cases[i].types, cases[i].n,
				 cases[i].len);
		fault.reason = NULL;
		if (open_ticket(ms_buf_span(&b), &tpk, &o, &fault) == 0) {
			assert_null(cases[i].reason);
			assert_int_equal(o.keys.n, cases[i].n);
			ms_mikey_opened_wipe(&o);
		} else {
			assert_string_equal(fault.reason, cases[i].reason);
			assert_int_equal(o.len, 0); /* wiped */
		}
	}
}

enum {
	NO_T = 1,
	NO_RAND = 2,
	NO_KEMAC = 4,
	NO_V = 8,
	TWICE = 16,
	NULL_V = 32,
	AFTER_V = 64,
	MACCED = 128
};

/* Ticket Data that lack this or that. */
static void put_ticket_data(struct ms_buf *b, unsigned what)
{
	static const uint8_t mac[20];
	const struct ms_mikey_kemac macced = { .encr_alg = MS_MIKEY_ENCR_AES_CM_128,
					       .mac_alg = MS_MIKEY_MAC_HMAC_SHA_1_160,
					       .mac = ms_span_of(mac, 20) };
	struct ms_mikey_writer w;

	ms_mikey_write_bare(&w, b);
	ms_mikey_put_thdr(&w, MS_SPAN_NULL);
	if (!(what & NO_T))
		ms_mikey_put_t(&w, &some_time);
	if (!(what & NO_RAND))
		ms_mikey_put_rand(&w, ms_span_of(mac, 16));
	if (what & TWICE)
		ms_mikey_put_rand(&w, ms_span_of(mac, 16));
	if (what & MACCED)
		ms_mikey_put_kemac_mac(&w, &macced);
	else if (!(what & NO_KEMAC))
		ms_mikey_put_kemac(&w, MS_MIKEY_ENCR_AES_CM_128, MS_SPAN_NULL);
	ms_mikey_put_idr(&w, MS_MIKEY_ROLE_KMS, &alice); /* unexpected: ignored */
	if (!(what & NO_V))
		(void)ms_mikey_put_v(&w, what & NULL_V ? MS_MIKEY_MAC_NULL
						       : MS_MIKEY_MAC_HMAC_SHA_1_160);
	if (what & AFTER_V)
		ms_mikey_put_ext(&w, 0, MS_SPAN_NULL);
	assert_int_equal(ms_buf_status(b), 0);
}

static void test_ticket_data(void **state)
{
	static const struct {
		unsigned what;
		const char *reason;
	} cases[] = {
		{ 0, NULL },
		{ MACCED, NULL }, /* found by ms_mikey_ticket_open() */
		{ NO_T, "missing_payload" },
		{ NO_RAND, "missing_payload" },
		{ NO_KEMAC, "missing_payload" },
		{ NO_V, "missing_payload" },
		{ TWICE, "repeated_payload" },
		{ NULL_V, "unsupported_mac" },
		{ AFTER_V, "parse" },
	};
	struct ms_mikey_ticket_data d;
	struct ms_fault fault;
	struct ms_buf b;

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		ms_buf_init_fixed(&b, room, sizeof(room));
		put_ticket_data(&b, cases[i].what);
		if (ms_mikey_ticket_data_decode(ms_buf_span(&b), &d, &fault) == 0)
			assert_null(cases[i].reason);
		else
			assert_string_equal(fault.reason, cases[i].reason);
	}
}

/* What the decoder leaves to the one who opens. */
static void test_ticket_algorithms(void **state)
{
	static struct ms_mikey_opened o;
	struct ms_mikey_policy ticket = { .set = true };
	struct ms_mikey_ticket_data d;
	struct ms_prf_key tpk;
	struct ms_fault fault;
	struct ms_buf b;

	(void)state;
	assert_int_equal(ms_mikey_inkey(&tpk, 0, ms_span_of(tpk_octets, 16)), 0);
	ms_buf_init_fixed(&b, room, sizeof(room));
	put_ticket_data(&b, MACCED);
	assert_int_equal(ms_mikey_ticket_data_decode(ms_buf_span(&b), &d, &fault), 0);
	ticket.raw = ticket.ticket_data = ms_buf_span(&b);
	assert_int_equal(ms_mikey_ticket_open(&ticket, &d, &tpk, &o, &fault), -EBADMSG);
	assert_string_equal(fault.reason, "kemac_mac_not_null");
	d.kemac.mac_alg = MS_MIKEY_MAC_NULL;
	d.kemac.encr_alg = MS_MIKEY_ENCR_NULL;
	assert_int_equal(ms_mikey_ticket_open(&ticket, &d, &tpk, &o, &fault), -EBADMSG);
	assert_string_equal(fault.reason, "unsupported_encr");
	assert_int_equal(fault.code, MS_MIKEY_ERR_ENCR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ticket_bits),       cmocka_unit_test(test_ticket_refusals),
		cmocka_unit_test(test_ticket_keys),       cmocka_unit_test(test_ticket_data),
		cmocka_unit_test(test_ticket_algorithms), cmocka_unit_test(test_initiator_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
