/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a bundle: CSB updates from both ends (RFC 6043 section 5.2), a network that loses,
 * repeats and reorders, memory that runs out.
 */
#include <errno.h>

#include "ms-test.h"

#include "memory-call.h"

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

/* One update from `from` to `to`, with a new key; both have it afterwards. */
static void update_once(struct call *c, bool from_a, bool want_answer, const char *spi)
{
	struct ms_mikey_csb *from = from_a ? c->csb_a : c->csb_b;
	struct ms_mikey_csb *to = from_a ? c->csb_b : c->csb_a;
	struct ms_secret before = ms_mikey_csb_at(c->csb_a, 0)->tek;
	struct ms_mikey_keyring ring = { .n = 0 };
	const struct ms_mikey_update u = { .keys = &ring, .want_answer = want_answer };
	uint8_t key[32];

	assert_int_equal(ms_random_fill(&ms_random_system, key, sizeof(key)), 0);
	assert_int_equal(ms_mikey_keyring_add(&ring, MS_MIKEY_KEY_TGK, ms_span_of(key, 32),
					      MS_SPAN_NULL, ms_span_str(spi)),
			 0);
	ms_buf_reset(&c->init);
	ms_buf_reset(&c->resp);
	c->k->now += MS_SEC;
	assert_int_equal(ms_mikey_csb_update_start(from, &u, c->k->now, &c->init), 0);
	assert_int_equal(ms_mikey_csb_update_take(to, ms_buf_span(&c->init), NULL, c->replay,
						  c->k->now, &c->resp, &c->fault),
			 0);
	/* A second copy changes nothing. */
	assert_int_equal(ms_mikey_csb_update_take(to, ms_buf_span(&c->init), NULL, c->replay,
						  c->k->now, &c->resp, &c->fault),
			 -EALREADY);
	assert_int_equal(c->resp.len > 0, want_answer);
	if (want_answer) {
		assert_int_equal(ms_mikey_csb_update_start(from, &u, c->k->now, &c->out), -EBUSY);
		c->resp.p[c->resp.len - 1] ^= 1;
		assert_int_equal(ms_mikey_csb_update_finish(from, ms_buf_span(&c->resp), c->k->now,
							    &c->fault),
				 -EKEYREJECTED);
		c->resp.p[c->resp.len - 1] ^= 1;
		assert_int_equal(ms_mikey_csb_update_finish(from, ms_buf_span(&c->resp), c->k->now,
							    &c->fault),
				 0);
	}
	assert_true(call_agrees(c));
	assert_false(ms_secret_equal(ms_secret_span(&before),
				     ms_secret_span(&ms_mikey_csb_at(c->csb_b, 0)->tek)));
}

static void updates(void **state)
{
	struct memory_kms *k = *state;
	struct call c;

	for (int forks = 0; forks < 2; forks++) {
		uint16_t flags = SESSION_FLAGS | MS_MIKEY_FLAG_L | MS_MIKEY_FLAG_M;

		call_init(&c, k, ALICE, BOB, &ms_mikey_suite_128);
		c.replay = k->replay;
		if (!forks)
			flags &= (uint16_t)~MS_MIKEY_FLAG_I;
		assert_int_equal(call_all(&c, flags, "sip:bob@example.com"), 0);
		for (int i = 0; i < 4; i++)
			update_once(&c, i & 1, i & 2, i & 1 ? "one" : "two");
		call_done(&c);
	}
	/* An update without the flag is made by nobody. */
	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_128);
	assert_int_equal(call_all(&c, SESSION_FLAGS, "sip:bob@example.com"), 0);
	assert_int_equal(
		ms_mikey_csb_update_finish(c.csb_a, ms_buf_span(&c.resp), k->now, &c.fault),
		-EBADMSG);
	assert_string_equal(c.fault.reason, "unexpected_message");
	call_done(&c);
}

/* Both ends use the same keys in updates, so nobody takes back what it sent itself. */
static void reflection(void **state)
{
	struct memory_kms *k = *state;
	const struct ms_mikey_update u = { .want_answer = true };
	struct call c;

	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_128);
	assert_int_equal(call_all(&c, SESSION_FLAGS | MS_MIKEY_FLAG_L | MS_MIKEY_FLAG_M,
				  "sip:bob@example.com"),
			 0);
	for (int i = 0; i < 2; i++) {
		struct ms_mikey_csb *csb = i ? c.csb_a : c.csb_b;

		ms_buf_reset(&c.init);
		ms_buf_reset(&c.resp);
		assert_int_equal(ms_mikey_csb_update_start(csb, &u, k->now, &c.init), 0);
		assert_int_equal(ms_mikey_csb_update_take(csb, ms_buf_span(&c.init), NULL, NULL,
							  k->now, &c.resp, &c.fault),
				 -EALREADY);
		assert_string_equal(c.fault.reason, "replay");
		assert_int_equal(c.resp.len, 0);
		assert_int_equal(
			ms_mikey_csb_update_finish(csb, ms_buf_span(&c.init), k->now, &c.fault),
			-EBADMSG);
	}
	call_done(&c);
	/* With COUNTER timestamps whatever is not newer is refused too. */
	k->clock.type = MS_MIKEY_TS_COUNTER;
	k->local.counter = true;
	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_128);
	c.replay = k->replay;
	assert_int_equal(call_all(&c, SESSION_FLAGS | MS_MIKEY_FLAG_L | MS_MIKEY_FLAG_M,
				  "sip:bob@example.com"),
			 0);
	k->clock.last -= 4;
	assert_int_equal(call_offer(&c, NULL), 0);
	assert_int_equal(call_receive(&c), -EALREADY);
	call_done(&c);
}

static uint64_t t_of(const struct ms_buf *b)
{
	struct ms_mikey_message m;

	assert_int_equal(ms_mikey_decode(ms_buf_span(b), &m, NULL), 0);
	return m.t.value;
}

/* One key encrypts all updates of both ends, so no timestamp comes twice, whatever the clocks say. */
static void no_timestamp_twice(void **state)
{
	static const uint8_t types[] = { MS_MIKEY_TS_NTP_UTC, MS_MIKEY_TS_COUNTER,
					 MS_MIKEY_TS_NTP_UTC_32 };
	struct memory_kms *k = *state;
	const struct ms_mikey_update u = { .want_answer = true };

	k->local.counter = true;
	for (size_t i = 0; i < sizeof(types); i++) {
		struct ms_mikey_clock clock_b = { .type = types[i] };
		uint64_t first, second;
		struct call c;

		call_init(&c, k, ALICE, BOB, &ms_mikey_suite_128);
		k->clock = (struct ms_mikey_clock){ .type = types[i] };
		assert_int_equal(call_all(&c, SESSION_FLAGS | MS_MIKEY_FLAG_L | MS_MIKEY_FLAG_M,
					  "sip:bob@example.com"),
				 0);
		/* From here on Bob has a clock of his own that is about to say what Alice's does. */
		c.b.clock = &clock_b;
		clock_b.last = k->clock.last;
		ms_buf_reset(&c.init);
		ms_buf_reset(&c.resp);
		assert_int_equal(ms_mikey_csb_update_start(c.csb_a, &u, k->now, &c.init), 0);
		assert_int_equal(ms_mikey_csb_update_take(c.csb_b, ms_buf_span(&c.init), NULL, NULL,
							  k->now, &c.resp, &c.fault),
				 0);
		first = t_of(&c.init);
		assert_true(ms_mikey_ts_later(types[i], t_of(&c.resp), first));
		assert_int_equal(
			ms_mikey_csb_update_finish(c.csb_a, ms_buf_span(&c.resp), k->now, &c.fault),
			0);
		/* Both at the same time. */
		first = t_of(&c.resp);
		ms_buf_reset(&c.init);
		ms_buf_reset(&c.resp);
		assert_int_equal(ms_mikey_csb_update_start(c.csb_a, &u, k->now, &c.init), 0);
		assert_int_equal(ms_mikey_csb_update_start(c.csb_b, &u, k->now + 1, &c.resp), 0);
		second = t_of(&c.init);
		assert_true(ms_mikey_ts_later(types[i], second, first));
		if (types[i] == MS_MIKEY_TS_COUNTER)
			assert_true(second != t_of(&c.resp));
		call_done(&c);
	}
}

/* Calls over a network that loses, repeats and reorders. Whatever arrives is taken at most once, by
 * the call it belongs to, and both ends of a call that completes agree. */
static void bad_network(void **state)
{
	struct memory_kms *k = *state;
	struct call c[2];
	struct ms_mikey_csb *none = NULL;
	unsigned completed = 0;
	uint32_t dice = 1;

	for (int i = 0; i < 2; i++) {
		const struct ms_mikey_id bob = memory_id("sip:bob@example.com");
		const struct ms_mikey_wanted w = { .flags = SESSION_FLAGS,
						   .responder = &bob,
						   .n_responders = 1 };

		call_init(&c[i], k, ALICE, BOB, &ms_mikey_suite_128);
		c[i].replay = k->replay;
		assert_int_equal(call_ticket(&c[i], &w), 0);
	}
	for (int round = 0; round < 60; round++) {
		bool lost[2], twice;

		dice = dice * 1664525 + 1013904223;
		lost[0] = dice >> 28 & 1;
		lost[1] = dice >> 29 & 1;
		twice = dice >> 30 & 1;
		k->now += MS_SEC;
		for (int i = 0; i < 2; i++)
			assert_int_equal(call_offer(&c[i], NULL), 0);
		/* The later one arrives first. */
		for (int i = 1; i >= 0; i--) {
			if (lost[i])
				continue;
			assert_int_equal(call_receive(&c[i]), 0);
			assert_int_equal(call_answer(&c[i], NULL), 0);
			assert_true(call_agrees(&c[i]));
			completed++;
			if (twice) {
				assert_int_equal(call_receive(&c[i]), -EALREADY);
				assert_string_equal(c[i].fault.reason, "replay");
			}
		}
		/* Each gets the other's answer as well. */
		if (!lost[0] && !lost[1]) {
			assert_int_equal(ms_mikey_transfer_finish(c[0].transfer,
								  ms_buf_span(&c[1].resp), k->now,
								  &c[0].fault, &none),
					 -EBADMSG);
			assert_string_equal(c[0].fault.reason, "header_mismatch");
		}
	}
	assert_true(completed > 20);
	call_done(&c[0]);
	call_done(&c[1]);
}

/* Each allocation of a whole call fails once. */
static int whole_call(void *arg)
{
	struct call c;
	int err;

	call_init(&c, arg, ALICE, BOB, &ms_mikey_suite_128);
	err = call_all(&c, SESSION_FLAGS | MS_MIKEY_FLAG_L, "sip:bob@example.com");
	if (err == 0) {
		const struct ms_mikey_update u = { .want_answer = true };

		ms_buf_reset(&c.init);
		ms_buf_reset(&c.resp);
		err = ms_mikey_csb_update_start(c.csb_a, &u, c.k->now, &c.init);
		if (err == 0)
			err = ms_mikey_csb_update_take(c.csb_b, ms_buf_span(&c.init), NULL, NULL,
						       c.k->now, &c.resp, NULL);
		if (err == 0)
			err = ms_mikey_csb_update_finish(c.csb_a, ms_buf_span(&c.resp), c.k->now,
							 NULL);
	}
	call_done(&c);
	return err;
}

static void torture(void **state)
{
	struct memory_kms *k = *state;

	k->replay = ms_mikey_replay_free(k->replay);
	assert_true(ms_test_torture(whole_call, k) > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(updates, setup, teardown),
		cmocka_unit_test_setup_teardown(reflection, setup, teardown),
		cmocka_unit_test_setup_teardown(no_timestamp_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_network, setup, teardown),
		cmocka_unit_test_setup_teardown(torture, setup, teardown),
	};

	return cmocka_run_group_tests_name("mikey-life", tests, NULL, NULL);
}
