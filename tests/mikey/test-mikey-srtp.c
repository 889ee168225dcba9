/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes out of a Ticket Transfer is what libsrtp takes: packets that one end protects with its
 * derived keys are read at the other, in both directions. One exchange keys an SRTP line and a TLS
 * line together (RFC 6043 section 5.1.3).
 */
#include <srtp2/srtp.h>

#include "ms-test.h"

#include "memory-call.h"
#include "mikey/error.h"

#define RTP_HEADER 12

static int setup(void **state)
{
	static struct memory_kms k;

	*state = &k;
	return memory_kms_init(&k);
}

static int teardown(void **state)
{
	memory_kms_done(*state);
	return 0;
}

/* A libsrtp session for one stream with the master key and salt of a traffic key. */
static srtp_t stream(const struct ms_mikey_traffic *t)
{
	uint8_t key[64];
	srtp_policy_t p;
	srtp_t s = NULL;

	assert_int_equal(t->salt.len, 14);
	assert_true(t->tek.len + t->salt.len <= sizeof(key));
	memset(&p, 0, sizeof(p));
	if (t->srtp.encr_key_len == 16)
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&p.rtp);
	else
		srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&p.rtp);
	p.rtcp = p.rtp;
	assert_int_equal(t->srtp.auth_key_len, p.rtp.auth_key_len);
	assert_int_equal(t->srtp.tag_len, p.rtp.auth_tag_len);
	assert_int_equal(p.rtp.cipher_key_len, t->tek.len + t->salt.len);
	memcpy(key, t->tek.b, t->tek.len);
	memcpy(key + t->tek.len, t->salt.b, t->salt.len);
	p.key = key;
	p.ssrc.type = ssrc_specific;
	p.ssrc.value = t->ssrc;
	assert_int_equal(srtp_create(&s, &p), srtp_err_status_ok);
	return s;
}

static size_t packet(uint8_t p[64], uint32_t ssrc, const char *text)
{
	const uint8_t header[RTP_HEADER] = { 0x80,
					     0,
					     0,
					     1,
					     0,
					     0,
					     0,
					     9,
					     (uint8_t)(ssrc >> 24),
					     (uint8_t)(ssrc >> 16),
					     (uint8_t)(ssrc >> 8),
					     (uint8_t)ssrc };

	memcpy(p, header, sizeof(header));
	memcpy(p + sizeof(header), text, strlen(text));
	return sizeof(header) + strlen(text);
}

/* From who has `x` to who has `y`, which is the same session at the other end. */
static void one_way(const struct ms_mikey_traffic *x, const struct ms_mikey_traffic *y)
{
	srtp_t out = stream(x), in = stream(y);
	const char *text = "the quick brown fox";
	uint8_t p[64 + SRTP_MAX_TRAILER_LEN];
	int len = (int)packet(p, x->ssrc, text);

	assert_int_equal(srtp_protect(out, p, &len), srtp_err_status_ok);
	assert_memory_not_equal(p + RTP_HEADER, text, strlen(text));
	assert_int_equal(srtp_unprotect(in, p, &len), srtp_err_status_ok);
	assert_int_equal(len, RTP_HEADER + strlen(text));
	assert_memory_equal(p + RTP_HEADER, text, strlen(text));
	srtp_dealloc(out);
	srtp_dealloc(in);
}

static void exchange(struct call *c, struct memory_kms *k, const struct ms_mikey_srtp *params)
{
	uint8_t room[64];
	struct ms_buf b;
	const struct ms_mikey_session session[] = {
		{ .cs_id = 1, .policy = { 0 }, .n_policies = 1, .has_ssrc = true, .ssrc = 0x11 },
		{ .cs_id = 2, .policy = { 0 }, .n_policies = 1 },
		{ .cs_id = 3, .prot_type = k->local.prot_tls },
	};
	struct ms_mikey_sp sp = { .policy_no = 0, .prot_type = MS_MIKEY_PROT_SRTP };
	const struct ms_mikey_offer o = { .called = c->b.id,
					  .session = session,
					  .n_sessions = 3,
					  .sp = &sp,
					  .n_sps = 1,
					  .sdp_ids = MS_SPAN_LIT("mikey") };
	const struct ms_mikey_id bob = memory_id("sip:bob@example.com");
	const struct ms_mikey_wanted w = { .flags = SESSION_FLAGS,
					   .responder = &bob,
					   .n_responders = 1 };

	ms_buf_init_fixed(&b, room, sizeof(room));
	ms_mikey_srtp_encode(params, &b);
	sp.params = ms_buf_span(&b);
	assert_int_equal(call_ticket(c, &w), 0);
	assert_int_equal(call_offer(c, &o), 0);
	assert_int_equal(call_receive(c), 0);
	assert_int_equal(call_answer(c, NULL), 0);
	assert_true(call_agrees(c));
}

static void both_directions(void **state)
{
	struct ms_mikey_srtp params = ms_mikey_srtp_default;
	const struct ms_mikey_traffic *tls;
	struct call c;

	for (int i = 0; i < 2; i++) {
		params.encr_key_len = i == 0 ? 16 : 32;
		call_init(&c, *state, ALICE, BOB,
			  i == 0 ? &ms_mikey_suite_128 : &ms_mikey_suite_256);
		exchange(&c, *state, &params);
		/* Session 1 is the caller's stream, 2 the other's. */
		one_way(ms_mikey_csb_traffic(c.csb_a, 1), ms_mikey_csb_traffic(c.csb_b, 1));
		one_way(ms_mikey_csb_traffic(c.csb_b, 2), ms_mikey_csb_traffic(c.csb_a, 2));
		assert_int_equal(ms_mikey_csb_traffic(c.csb_b, 1)->ssrc, 0x11);
		tls = ms_mikey_csb_traffic(c.csb_b, 3);
		assert_int_equal(tls->salt.len, 0);
		assert_int_equal(tls->tek.len, i == 0 ? 16 : 32);
		/* One TGK, but a key of its own for each session. */
		assert_false(
			ms_secret_equal(ms_secret_span(&tls->tek),
					ms_secret_span(&ms_mikey_csb_traffic(c.csb_b, 1)->tek)));
		assert_false(
			ms_secret_equal(ms_secret_span(&ms_mikey_csb_traffic(c.csb_b, 2)->tek),
					ms_secret_span(&ms_mikey_csb_traffic(c.csb_b, 1)->tek)));
		call_done(&c);
	}
}

/* A policy that is not acceptable is refused before anybody is asked. */
static void null_encryption(void **state)
{
	struct ms_mikey_srtp params = ms_mikey_srtp_default, read_back;
	struct memory_kms *k = *state;
	uint8_t room[64];
	struct ms_buf b;
	const struct ms_mikey_session session = { .cs_id = 1, .n_policies = 1 };
	struct ms_mikey_sp sp = { .prot_type = MS_MIKEY_PROT_SRTP };
	struct ms_mikey_offer o = { .session = &session,
				    .n_sessions = 1,
				    .sp = &sp,
				    .n_sps = 1,
				    .sdp_ids = MS_SPAN_LIT("mikey") };
	const struct ms_mikey_id bob = memory_id("sip:bob@example.com");
	const struct ms_mikey_wanted w = { .flags = SESSION_FLAGS,
					   .responder = &bob,
					   .n_responders = 1 };
	struct ms_mikey_message m;
	struct ms_mikey_error e;
	struct call c;

	params.encr = false;
	ms_buf_init_fixed(&b, room, sizeof(room));
	ms_mikey_srtp_encode(&params, &b);
	sp.params = ms_buf_span(&b);
	assert_int_equal(ms_mikey_srtp_decode(sp.params, &read_back), 0);
	assert_memory_equal(&read_back, &params, sizeof(params));
	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_256);
	o.called = c.b.id;
	assert_int_equal(call_ticket(&c, &w), 0);
	assert_int_equal(call_offer(&c, &o), 0);
	assert_true(call_receive(&c) < 0);
	assert_string_equal(c.fault.reason, "sp_unsupported");
	assert_int_equal(c.fault.code, MS_MIKEY_ERR_SP_PARAM);
	assert_int_equal(
		ms_mikey_error_answer(&c.b, ms_buf_span(&c.init), &c.fault, k->now, &c.resp), 0);
	assert_int_equal(ms_mikey_error_read(ms_buf_span(&c.resp), MS_SPAN_NULL, &m, &e, NULL), 0);
	assert_int_equal(e.error_no[0], MS_MIKEY_ERR_SP_PARAM);
	assert_non_null(ms_mikey_find_sp(&m, 0));
	assert_int_equal(ms_mikey_srtp_decode(ms_mikey_find_sp(&m, 0)->u.sp.params, &read_back), 0);
	assert_true(read_back.encr);
	k->local.srtp_encr_algs |= 1;
	assert_int_equal(call_receive(&c), 0);
	call_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(both_directions, setup, teardown),
		cmocka_unit_test_setup_teardown(null_encryption, setup, teardown),
	};

	if (srtp_init() != srtp_err_status_ok)
		return 1;
	return cmocka_run_group_tests_name("mikey-srtp", tests, NULL, NULL);
}
