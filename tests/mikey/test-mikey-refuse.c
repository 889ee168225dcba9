/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engines refuse, and that nothing is left behind: Error messages, replay, clocks, COUNTER,
 * policies of the KMS, resources that run out.
 */
#include <errno.h>

#include "ms-test.h"

#include "memory-call.h"
#include "mikey/error.h"
#include "mikey/reason.h"
#include "mikey/timestamp.h"

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

static const struct ms_mikey_id bob_id = { MS_MIKEY_ID_URI, MS_SPAN_LIT("sip:bob@example.com") };
static const struct ms_mikey_wanted session_wanted = { .flags = SESSION_FLAGS,
						       .responder = &bob_id,
						       .n_responders = 1 };

static int ask_ticket(struct call *c, struct ms_mikey_request **r)
{
	ms_buf_reset(&c->out);
	return ms_mikey_request_start(&c->a, &session_wanted, c->k->now, &c->out, r);
}

/* An authenticated refusal, one without, and the genuine answer after a forged Error message. */
static void kms_errors(void **state)
{
	MS_CLEANUP(ms_mikey_request_freep) struct ms_mikey_request *r = NULL;
	struct memory_kms *k = *state;
	struct call c;

	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_256);
	k->refuse = true;
	assert_int_equal(call_ticket(&c, &session_wanted), -EREMOTEIO);
	assert_string_equal(c.fault.reason, "kms_error");
	assert_int_equal(c.fault.code, MS_MIKEY_ERR_UNSPECIFIED);
	assert_true(k->outcome.authenticated);
	assert_int_equal(ms_mikey_replay_count(k->replay), 0);
	k->kms.authenticate_errors = false;
	assert_int_equal(call_ticket(&c, &session_wanted), -EREMOTEIO);
	assert_string_equal(c.fault.reason, "kms_error_unauthenticated");
	k->refuse = false;
	/* With another's key there is no MAC on the Error message either. */
	k->kms.authenticate_errors = true;
	c.a.psk = ms_span_of(k->user[MALLORY].psk, 32);
	assert_int_equal(ask_ticket(&c, &r), 0);
	assert_int_equal(memory_ask(k, ms_buf_span(&c.out), &c.in), 0);
	assert_string_equal(k->outcome.reason, "bad_mac");
	assert_false(k->outcome.authenticated);
	assert_int_equal(
		ms_mikey_request_finish(r, ms_buf_span(&c.in), k->now, &c.fault, &c.ticket),
		-EREMOTEIO);
	assert_string_equal(c.fault.reason, "kms_error_unauthenticated");
	assert_int_equal(c.fault.code, MS_MIKEY_ERR_AUTH);
	call_done(&c);
}

static void kms_ends_nothing(void **state)
{
	const uint8_t error[] = { 1, 6, 5, 0, 0, 0, 0, 1, 0, 1,  12, 0,
				  0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0,  0 };
	struct memory_kms *k = *state;
	struct ms_buf out;

	ms_buf_init(&out, MS_MIKEY_MESSAGE_MAX);
	/* Never an Error message about an Error message, nor about what is no MIKEY at all. */
	assert_int_equal(memory_ask(k, ms_span_of(error, sizeof(error)), &out), -EBADMSG);
	assert_int_equal(memory_ask(k, MS_SPAN_LIT("GET / HTTP/1.1\r\n\r\n"), &out), -EBADMSG);
	assert_int_equal(memory_ask(k, MS_SPAN_NULL, &out), -EBADMSG);
	assert_int_equal(out.len, 0);
	assert_non_null(k->outcome.reason);
	ms_buf_done(&out);
}

static void kms_replay(void **state)
{
	MS_CLEANUP(ms_mikey_request_freep) struct ms_mikey_request *r = NULL;
	struct memory_kms *k = *state;
	struct call c;

	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_256);
	assert_int_equal(ask_ticket(&c, &r), 0);
	assert_int_equal(memory_ask(k, ms_buf_span(&c.out), &c.in), 0);
	assert_true(k->outcome.granted);
	k->now += 10 * MS_SEC;
	assert_int_equal(memory_ask(k, ms_buf_span(&c.out), &c.in), 0);
	assert_string_equal(k->outcome.reason, "replay");
	assert_int_equal(k->outcome.error_no, MS_MIKEY_ERR_TS);
	k->now += k->local.skew;
	assert_int_equal(memory_ask(k, ms_buf_span(&c.out), &c.in), 0);
	assert_string_equal(k->outcome.reason, "stale_timestamp");
	call_done(&c);
}

/* The KMS takes J away, and the Initiator insists on it. */
static void policy_altered(void **state)
{
	struct memory_kms *k = *state;
	struct call c;

	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_256);
	k->take_flags = MS_MIKEY_FLAG_J;
	assert_int_equal(call_ticket(&c, &session_wanted), 0);
	assert_true(k->outcome.altered);
	assert_int_equal(ms_mikey_ticket_held_policy(c.ticket)->flags,
			 (SESSION_FLAGS & ~MS_MIKEY_FLAG_J) | MS_MIKEY_FLAG_K);
	k->local.require_flags = MS_MIKEY_FLAG_J;
	assert_int_equal(call_ticket(&c, &session_wanted), -EPERM);
	assert_string_equal(c.fault.reason, "ticket_policy_unacceptable");
	/* Taking F away as well would contradict G: an inconsistency of our own, not granted. */
	k->take_flags = MS_MIKEY_FLAG_F;
	assert_int_equal(call_ticket(&c, &session_wanted), -EREMOTEIO);
	assert_string_equal(k->outcome.reason, "ticket_policy_inconsistent");
	call_done(&c);
}

static void bad_wishes(void **state)
{
	MS_CLEANUP(ms_mikey_request_freep) struct ms_mikey_request *r = NULL;
	struct ms_mikey_wanted w = session_wanted;
	struct ms_mikey_ticket_held *h = NULL;
	struct call c;

	call_init(&c, *state, ALICE, BOB, &ms_mikey_suite_256);
	w.flags = SESSION_FLAGS & ~MS_MIKEY_FLAG_F;
	assert_int_equal(ms_mikey_request_start(&c.a, &w, c.k->now, &c.out, &r), -EINVAL);
	w.flags = SESSION_FLAGS;
	w.n_responders = 0;
	assert_int_equal(ms_mikey_request_start(&c.a, &w, c.k->now, &c.out, &r), -EINVAL);
	/* A ticket of one's own needs a TPK, and L in place of D. */
	w = session_wanted;
	assert_int_equal(ms_mikey_ticket_held_make(&c.a, &w, c.k->now, &h), -EINVAL);
	c.a = memory_party(c.k, ALICE, &ms_mikey_suite_256, true);
	assert_int_equal(ms_mikey_ticket_held_make(&c.a, &w, c.k->now, &h), -EINVAL);
	w.flags = (SESSION_FLAGS & ~MS_MIKEY_FLAG_D) | MS_MIKEY_FLAG_L;
	w.rekey_s = 600;
	assert_int_equal(ms_mikey_ticket_held_make(&c.a, &w, c.k->now, &h), 0);
	assert_true(ms_mikey_ticket_held_rekey(h, NOON) == NOON + 600 * MS_SEC);
	assert_int_equal(c.out.len, 0);
	ms_mikey_ticket_held_free(h);
	call_done(&c);
}

/* A TRANSFER_RESP does not get through with one bit changed, whichever it is; nor a TRANSFER_INIT. */
static void every_bit(void **state)
{
	struct memory_kms *k = *state;
	struct ms_mikey_incoming *i = NULL;
	struct ms_mikey_csb *csb = NULL;
	struct call c;

	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_128);
	assert_int_equal(call_all(&c, SESSION_FLAGS, "sip:bob@example.com"), 0);
	for (size_t bit = 0; bit < c.resp.len * 8; bit++) {
		c.resp.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* HDR's V flag has no meaning there, but is under the MAC. */
		assert_true(ms_mikey_transfer_finish(c.transfer, ms_buf_span(&c.resp), k->now,
						     &c.fault, &csb) < 0);
		assert_non_null(c.fault.reason);
		c.resp.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < c.init.len * 8; bit++) {
		int err;

		c.init.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		err = ms_mikey_incoming_new(&c.b, ms_buf_span(&c.init), MS_SPAN_NULL, NULL, k->now,
					    &c.fault, &i);
		if (err == 0)
			err = ms_mikey_incoming_use(i, ms_mikey_incoming_outcome(c.incoming),
						    k->now, &c.fault);
		/* Vr is for the KMS alone: whoever takes kept keys does not see it (section 5.3). */
		if (err == 0)
			assert_true(bit / 8 > c.init.len - 100);
		i = ms_mikey_incoming_free(i);
		c.init.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	call_done(&c);
}

/*
 * Who takes old messages on purpose takes none from the future: a replay cache full of those would bar
 * every honest one until then.
 */
static void early_and_late(void **state)
{
	struct memory_kms *k = *state;
	struct call c;

	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_256);
	k->local.skew = 7 * (ms_usec)86400 * MS_SEC;
	assert_int_equal(call_ticket(&c, &session_wanted), 0);
	k->now += 3600 * MS_SEC;
	assert_int_equal(call_offer(&c, NULL), 0);
	k->now -= k->local.ahead + 10 * MS_SEC;
	assert_int_equal(call_receive(&c), -ESTALE);
	assert_string_equal(c.fault.reason, "stale_timestamp");
	k->now += k->local.ahead + 7200 * MS_SEC;
	assert_int_equal(call_receive(&c), 0);
	call_done(&c);
}

static void responder_errors(void **state)
{
	struct memory_kms *k = *state;
	struct ms_mikey_message m;
	struct ms_mikey_error e;
	struct call c;

	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_256);
	assert_int_equal(call_ticket(&c, &session_wanted), 0);
	assert_int_equal(call_offer(&c, NULL), 0);
	k->now += k->local.skew + MS_SEC;
	assert_int_equal(call_receive(&c), -ESTALE);
	assert_int_equal(
		ms_mikey_error_answer(&c.b, ms_buf_span(&c.init), &c.fault, k->now, &c.resp), 0);
	assert_int_equal(ms_mikey_error_read(ms_buf_span(&c.resp), MS_SPAN_NULL, &m, &e, NULL), 0);
	assert_int_equal(e.n, 1);
	assert_int_equal(e.error_no[0], MS_MIKEY_ERR_TS);
	assert_false(e.authenticated);
	assert_int_equal(ms_mikey_transfer_finish(c.transfer, ms_buf_span(&c.resp), k->now,
						  &c.fault, &c.csb_a),
			 -EREMOTEIO);
	assert_string_equal(c.fault.reason, "peer_error_unauthenticated");
	/* No answer to that, and none if we are told to keep silent. */
	ms_buf_reset(&c.out);
	assert_int_equal(
		ms_mikey_error_answer(&c.a, ms_buf_span(&c.resp), &c.fault, k->now, &c.out), 0);
	c.b.answer_errors = false;
	assert_int_equal(
		ms_mikey_error_answer(&c.b, ms_buf_span(&c.init), &c.fault, k->now, &c.out), 0);
	assert_int_equal(c.out.len, 0);
	call_done(&c);
}

static void out_of_order(void **state)
{
	struct memory_kms *k = *state;
	struct call c;

	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_256);
	assert_int_equal(call_ticket(&c, &session_wanted), 0);
	assert_int_equal(call_offer(&c, NULL), 0);
	assert_int_equal(ms_mikey_incoming_new(&c.b, ms_buf_span(&c.init), MS_SPAN_NULL, NULL,
					       k->now, &c.fault, &c.incoming),
			 0);
	assert_null(ms_mikey_incoming_outcome(c.incoming));
	assert_int_equal(ms_mikey_incoming_answer(c.incoming, NULL, k->now, &c.out, &c.csb_b),
			 -EPROTO);
	assert_int_equal(ms_mikey_incoming_resolved(c.incoming, MS_SPAN_NULL, k->now, &c.fault),
			 -EPROTO);
	assert_int_equal(ms_mikey_incoming_open(c.incoming, k->now, &c.fault), -EPERM);
	assert_string_equal(c.fault.reason, "ticket_cannot_be_opened");
	assert_int_equal(ms_mikey_transfer_bundle(c.transfer, &c.csb_a), -EPROTO);
	call_done(&c);
}

static void replay_cache(void **state MS_UNUSED)
{
	const uint8_t a[MS_MIKEY_REPLAY_ID] = { 1 }, b[MS_MIKEY_REPLAY_ID] = { 2 },
		      c[MS_MIKEY_REPLAY_ID] = { 3 };
	struct ms_mikey_replay *r = NULL;

	assert_int_equal(ms_mikey_replay_new(2, &ms_random_system, &r), 0);
	assert_false(ms_mikey_replay_seen(r, a, NOON));
	assert_int_equal(ms_mikey_replay_enter(r, a, NOON + 1), 0);
	assert_int_equal(ms_mikey_replay_enter(r, a, NOON + 1), -EALREADY);
	assert_int_equal(ms_mikey_replay_enter(r, b, NOON + 5), 0);
	assert_int_equal(ms_mikey_replay_enter(r, c, NOON + 5), -ENOSPC);
	assert_true(ms_mikey_replay_seen(r, a, NOON + 1));
	assert_false(ms_mikey_replay_seen(r, a, NOON + 2));
	assert_int_equal(ms_mikey_replay_count(r), 1);
	assert_int_equal(ms_mikey_replay_enter(r, c, NOON + 5), 0);
	assert_true(ms_mikey_replay_counter_ok(r, MS_SPAN_LIT("peer"), 0));
	assert_int_equal(ms_mikey_replay_counter_enter(r, MS_SPAN_LIT("peer"), 7), 0);
	assert_int_equal(ms_mikey_replay_counter_enter(r, MS_SPAN_LIT("peer"), 7), -EALREADY);
	assert_false(ms_mikey_replay_counter_ok(r, MS_SPAN_LIT("peer"), 7));
	assert_true(ms_mikey_replay_counter_ok(r, MS_SPAN_LIT("peer"), 8));
	assert_int_equal(ms_mikey_replay_counter_enter(r, MS_SPAN_LIT("two"), 1), 0);
	assert_int_equal(ms_mikey_replay_counter_enter(r, MS_SPAN_LIT("three"), 1), -ENOSPC);
	assert_null(ms_mikey_replay_free(r));
}

/* A cache that is full refuses rather than forgets. */
static void replay_full(void **state)
{
	struct memory_kms *k = *state;
	struct call c;

	k->replay = ms_mikey_replay_free(k->replay);
	assert_int_equal(ms_mikey_replay_new(1, &ms_random_system, &k->replay), 0);
	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_256);
	assert_int_equal(call_ticket(&c, &session_wanted), 0);
	assert_int_equal(call_ticket(&c, &session_wanted), -EREMOTEIO);
	assert_string_equal(k->outcome.reason, "replay_cache_full");
	k->now += 2 * k->local.skew + 2 * MS_SEC;
	assert_int_equal(call_ticket(&c, &session_wanted), 0);
	call_done(&c);
}

static void clocks(void **state)
{
	struct memory_kms *k = *state;
	struct ms_mikey_clock clock = { .type = MS_MIKEY_TS_NTP_UTC };
	struct ms_mikey_ts t = ms_mikey_clock_next(&clock, NOON), u;
	struct call c;

	/* Never twice, even if time stands still or goes back. */
	u = ms_mikey_clock_next(&clock, NOON);
	assert_true(u.value > t.value);
	t = ms_mikey_clock_next(&clock, NOON - MS_SEC);
	assert_true(t.value > u.value);
	clock = (struct ms_mikey_clock){ .type = MS_MIKEY_TS_NTP_UTC_32 };
	t = ms_mikey_clock_next(&clock, NOON);
	u = ms_mikey_clock_next(&clock, NOON);
	assert_int_equal(u.value, t.value + 1);
	/* Over the end of the first NTP era, 2036-02-07 06:28:16. */
	clock = (struct ms_mikey_clock){ .type = MS_MIKEY_TS_NTP_UTC_32 };
	t = ms_mikey_clock_next(&clock, 2085978495 * MS_SEC);
	assert_int_equal(t.value, UINT32_MAX);
	t = ms_mikey_clock_next(&clock, 2085978500 * MS_SEC);
	assert_int_equal(t.value, 4);
	/* COUNTER in all messages, if local policy puts up with it. */
	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_256);
	k->clock.type = MS_MIKEY_TS_COUNTER;
	assert_int_equal(call_ticket(&c, &session_wanted), -EREMOTEIO);
	assert_string_equal(k->outcome.reason, "unsupported_ts_type");
	k->local.counter = true;
	assert_int_equal(call_all(&c, SESSION_FLAGS, "sip:bob@example.com"), 0);
	assert_true(call_agrees(&c));
	k->clock.last = 0;
	assert_int_equal(call_ticket(&c, &session_wanted), -EREMOTEIO);
	assert_string_equal(k->outcome.reason, "replay");
	call_done(&c);
}

/* 128 and 256 bits are not mixed, and either can be left out. */
static void suites(void **state)
{
	struct memory_kms *k = *state;
	struct call c;

	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_128);
	k->local.suite_128 = false;
	assert_int_equal(call_ticket(&c, &session_wanted), -EREMOTEIO);
	assert_string_equal(k->outcome.reason, "unsupported_prf");
	k->local.suite_128 = true;
	assert_int_equal(call_ticket(&c, &session_wanted), 0);
	/* The ticket decides about the messages that go with it. */
	c.a.suite = c.b.suite = ms_mikey_suite_256;
	assert_int_equal(call_offer(&c, NULL), 0);
	assert_int_equal(call_receive(&c), 0);
	assert_int_equal(call_answer(&c, NULL), 0);
	assert_int_equal(ms_mikey_csb_at(c.csb_a, 0)->tek.len, 16);
	call_done(&c);
}

static void reasons(void **state MS_UNUSED)
{
	size_t n = 0;

	for (; ms_mikey_reason_name(n); n++) {
		for (size_t i = 0; i < n; i++)
			assert_string_not_equal(ms_mikey_reason_name(i), ms_mikey_reason_name(n));
	}
	assert_true(n > MS_MIKEY_R_COUNT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kms_errors),       TEST(kms_ends_nothing), TEST(kms_replay),
		TEST(policy_altered),   TEST(bad_wishes),       TEST(every_bit),
		TEST(early_and_late),   TEST(out_of_order),     TEST(replay_cache),
		TEST(responder_errors), TEST(out_of_order),     TEST(replay_cache),
		TEST(replay_full),      TEST(clocks),           TEST(suites),
		TEST(reasons),
	};

	return cmocka_run_group_tests_name("mikey-refuse", tests, NULL, NULL);
}
