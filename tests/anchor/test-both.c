/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gateways and networks that fail between anchor and gateway. Whatever happens, every offer and answer ends
 * in one result, and in the end the gateway holds nothing.
 */
#include "both-world.h"

static void calls_under_loss(const struct ms_h248_codec *codec, uint64_t seed)
{
	struct world w;

	open_world(&w, seed, codec, 0, true);
	w.loss = 15;
	w.doubled = 10;
	run(&w, 15 * MS_SEC, false); /* it registers */
	run(&w, 60 * MS_SEC, true);
	assert_int_equal(w.bad, 0);
	assert_int_equal(w.ends, 0);
	assert_true(w.good > 500);
	close_world(&w);
}

static void test_calls_under_loss(void **state)
{
	(void)state;
	calls_under_loss(&ms_h248_codec_pretty, 1);
	calls_under_loss(&ms_h248_codec_compact, 2);
	calls_under_loss(&ms_h248_codec_binary, 3);
}

/* The network is cut for longer than T-MAX: calls end, and what the gateway kept is found again. */
static void test_network_away(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 4, &ms_h248_codec_compact, 0, false);
	run(&w, MS_SEC, false);
	run(&w, 5 * MS_SEC, true);
	assert_true(w.good > 50);
	w.cut = true;
	run(&w, 50 * MS_SEC, false);
	assert_int_equal(ms_mgc_gateway_state(w.g), MS_MGC_AWAY);
	assert_true(w.ends > 0);
	assert_true(contexts(&w) > 0);
	w.cut = false;
	run(&w, 40 * MS_SEC, false);
	assert_int_equal(ms_mgc_gateway_state(w.g), MS_MGC_IN_SERVICE);
	assert_int_equal(contexts(&w), ms_mgc_gateway_contexts(w.g));
	run(&w, 5 * MS_SEC, true);
	close_world(&w);
}

/* With patience calls that are up outlive it. */
static void test_network_away_for_a_while(void **state)
{
	struct world w;
	size_t before;

	(void)state;
	open_world(&w, 5, &ms_h248_codec_compact, 300 * MS_SEC, false);
	run(&w, 5 * MS_SEC, true);
	run(&w, 5 * MS_SEC, false);
	before = contexts(&w);
	assert_true(before > 0);
	w.cut = true;
	run(&w, 60 * MS_SEC, false);
	assert_int_equal(w.ends, 0);
	w.cut = false;
	run(&w, 60 * MS_SEC, false);
	assert_int_equal(ms_mgc_gateway_state(w.g), MS_MGC_IN_SERVICE);
	assert_int_equal(w.ends, 0);
	assert_int_equal(contexts(&w), before);
	close_world(&w);
}

/* The gateway loses its memory. */
static void test_gateway_restarts(void **state)
{
	struct world w;
	struct ms_h248_path to = path_of[0];

	(void)state;
	open_world(&w, 6, &ms_h248_codec_pretty, 0, false);
	run(&w, 5 * MS_SEC, true);
	run(&w, 2 * MS_SEC, false);
	assert_true(contexts(&w) > 0);
	w.mg = ms_mg_free(w.mg);
	ms_h248_entity_free(w.e[1]);
	w.token = 0;
	open_entity(&w, 1, "agw1.example.net");
	to.codec = w.codec;
	assert_int_equal(ms_h248_associate(w.e[1], &to, NULL, &w.to_controller), 0);
	open_gateway(&w);
	run(&w, 5 * MS_SEC, false);
	assert_true(w.ends > 0);
	assert_int_equal(contexts(&w), 0);
	w.ends = w.bad = 0;
	run(&w, 10 * MS_SEC, true);
	assert_int_equal(w.bad, 0);
	close_world(&w);
}

/* A wrong fingerprint is found out at the gateway and ends the call at the anchor. */
static void test_failure_is_told(void **state)
{
	struct world w;
	struct ms_bearer_event e = { .kind = MS_BEARER_TLS_FAILED,
				     .alert = 42,
				     .cause = "fpmismatch" };

	(void)state;
	open_world(&w, 7, &ms_h248_codec_binary, 0, false);
	run(&w, 2 * MS_SEC, false);
	begin(&w.calls[0]);
	run(&w, MS_SEC, false);
	w.calls[0].phase = ANSWERING;
	assert_int_equal(ms_anchor_answer(w.calls[0].s, MS_SPAN_LIT("d"), ms_span_str(both_answer),
					  true, w.now, on_done, &w.calls[0]),
			 0);
	run(&w, MS_SEC, false);
	assert_int_equal(w.calls[0].phase, UP);
	for (size_t i = 0; i < w.n_set; i++) /* the core's endpoint has no TLS event armed */
		ms_mg_event(w.mg, w.set[i], &e, w.now);
	run(&w, MS_SEC, false);
	assert_int_equal(w.ends, 1);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_under_loss),
		cmocka_unit_test(test_network_away),
		cmocka_unit_test(test_network_away_for_a_while),
		cmocka_unit_test(test_gateway_restarts),
		cmocka_unit_test(test_failure_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
