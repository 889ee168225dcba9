/* SPDX-License-Identifier: Apache-2.0 */
/* What ends badly: refusals on either side, lost gateways, no memory; nothing is left behind. */
#include "ms-test.h"

#include <errno.h>

#include "anchor/offers.h"
#include "anchor/world.h"
#include "h248/package.h"

/* ---- failures ---- */

static void test_rollback(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, false);
	/* CANCEL while the gateway works */
	w.hold = true;
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, HEAD MSRP("9", "TLS/", "active") E2AE),
			 0);
	ms_anchor_rollback(w.s, 0);
	w.hold = false;
	world_deliver(&w);
	assert_int_equal(w.results, 0);
	assert_int_equal(fake_terminations(&w.fake[0]), 0);
	/* 486 */
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, HEAD MSRP("9", "TLS/", "active") E2AE),
			 0);
	ms_anchor_rollback(w.s, 0);
	world_deliver(&w);
	assert_int_equal(fake_terminations(&w.fake[0]), 0);
	/* a re-INVITE that adds a line, refused */
	establish(&w);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS,
				     HEAD MSRP("9", "TLS/", "active")
					     E2AE BFCP("9", "TLS/", "active") E2AE),
			 0);
	ms_anchor_rollback(w.s, 0);
	world_deliver(&w);
	assert_int_equal(fake_terminations(&w.fake[0]), 2);
	assert_int_equal(at(&w, "core", 1)->bearer.remote.port, 2855);
	/* the same, cancelled while the gateway works */
	w.hold = true;
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS,
				     HEAD MSRP("9", "TLS/", "active")
					     E2AE BFCP("9", "TLS/", "active") E2AE),
			 0);
	ms_anchor_rollback(w.s, 0);
	w.hold = false;
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, HEAD AUDIO), -EBUSY);
	world_deliver(&w);
	assert_int_equal(fake_terminations(&w.fake[0]), 2);
	/* and the session goes on */
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, HEAD MSRP("9", "TLS/", "active") E2AE),
			 0);
	assert_int_equal(w.status, 0);
	world_close(&w);
}

static void test_refusals(void **state)
{
	static const struct {
		enum ms_anchor_side from;
		const char *offer, *answer, *reason;
	} cases[] = {
		{ MS_ANCHOR_ACCESS, "nonsense", NULL, "anchor_sdp" },
		{ MS_ANCHOR_ACCESS, HEAD MSRP("9", "TLS/", "active") "a=3ge2ae:requested\r\n", NULL,
		  "anchor_no_fingerprint" },
		{ MS_ANCHOR_ACCESS,
		  HEAD MSRP(
			  "9", "TLS/",
			  "active") "a=3ge2ae:requested\r\na=fingerprint:SHA-1 "
				    "4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB\r\n",
		  NULL, "anchor_weak_fingerprint" },
		{ MS_ANCHOR_ACCESS,
		  HEAD MSRP("9", "TLS/",
			    "active") "a=3ge2ae:requested\r\na=fingerprint:SHA-256 4A\r\n",
		  NULL, "anchor_bad_fingerprint" },
		{ MS_ANCHOR_ACCESS,
		  "v=0\r\no=u 1 1 IN IP4 ue.example\r\ns=-\r\nc=IN IP4 ue.example\r\nt=0 0\r\n" MSRP(
			  "9", "TLS/", "active") E2AE,
		  NULL, "anchor_address" },
		{ MS_ANCHOR_ACCESS, HEAD MSRP("9", "TLS/", "active") E2AE,
		  CORE_HEAD MSRP("2855", "TLS/", "passive"), "anchor_answer" },
		{ MS_ANCHOR_ACCESS, HEAD MSRP("9", "TLS/", "active") E2AE,
		  CORE_HEAD MSRP("2855", "", "passive") AUDIO, "anchor_answer" },
		{ MS_ANCHOR_ACCESS, HEAD MSRP("9", "TLS/", "active") E2AE,
		  CORE_HEAD MSRP("2855", "", "active"), "anchor_setup" },
		{ MS_ANCHOR_CORE, CORE_HEAD MSRP("2855", "", "actpass"),
		  HEAD MSRP("9", "TLS/", "active"), "anchor_no_fingerprint" },
		{ MS_ANCHOR_CORE, CORE_HEAD MSRP("2855", "", "actpass"),
		  HEAD MSRP("9", "", "active"), "anchor_answer" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;

		open_world(&w, false);
		assert_int_equal(world_offer(&w, cases[i].from, cases[i].offer), 0);
		if (cases[i].answer) {
			assert_int_equal(w.status, 0);
			assert_int_equal(world_answer(&w, "d1", cases[i].answer, true), 0);
		}
		assert_int_equal(w.status, 488);
		assert_string_equal(w.reason, cases[i].reason);
		world_close(&w);
	}
}

static void test_gateway_refuses(void **state)
{
	static const char offer[] = HEAD MSRP("9", "TLS/", "active") E2AE;
	struct world w;

	(void)state;
	open_world(&w, false);
	w.fake[0].refuse = 510;
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, offer), 0);
	assert_int_equal(w.status, 503); /* there is no other gateway */
	assert_int_equal(fake_terminations(&w.fake[0]), 0);
	/* the next offer of the same session may succeed, and then the answer may not */
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, offer), 0);
	assert_int_equal(w.status, 0);
	w.fake[0].refuse = 449;
	w.fake[0].refuse_at = 1;
	assert_int_equal(world_answer(&w, "d1", CORE_HEAD MSRP("2855", "", "passive"), true), 0);
	assert_int_equal(w.status, 488);
	assert_string_equal(w.reason, "anchor_gateway_refused");
	w.s = ms_anchor_release(w.s, 0);
	world_deliver(&w);
	assert_int_equal(fake_terminations(&w.fake[0]), 0);
	world_close(&w);
}

static void test_wrong_fingerprint_ends_the_session(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, false);
	establish(&w);
	world_event(&w, at(&w, "access", 1), MS_H248_TLSBSC_BNCCHANGE,
		    MS_H248_TLSBSC_BNCCHANGE_TYPE, "EstFail", MS_H248_TLSBSC_BNCCHANGE_FAILURECAUSE,
		    "fpmismatch");
	assert_int_equal(w.ends, 1);
	assert_string_equal(w.end_reason, "anchor_tls_failed");
	assert_string_equal(w.end_detail, "fpmismatch");
	world_close(&w);

	/* with another line that works it goes on */
	open_world(&w, false);
	assert_int_equal(
		world_offer(&w, MS_ANCHOR_ACCESS, HEAD AUDIO MSRP("9", "TLS/", "active") E2AE), 0);
	assert_int_equal(world_answer(&w, "d1", CORE_HEAD AUDIO MSRP("2855", "", "passive"), true),
			 0);
	world_event(&w, at(&w, "access", 1), MS_H248_TLSBSC_BNCCHANGE,
		    MS_H248_TLSBSC_BNCCHANGE_TYPE, "EstFail", MS_H248_TLSBSC_BNCCHANGE_FAILURECAUSE,
		    "fpmismatch");
	assert_int_equal(w.ends, 0);
	world_event(&w, at(&w, "access", 1), MS_H248_G_CAUSE, MS_H248_G_CAUSE_GENERALCAUSE, "NR",
		    MS_H248_G_CAUSE_FAILURECAUSE, "tcp-fin");
	assert_int_equal(w.ends, 0); /* who hangs up says so by SIP */
	world_close(&w);
}

static void test_lost_gateway_ends_the_session(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, false);
	establish(&w);
	ms_mgc_gateway_lost(w.g[0], 0);
	assert_int_equal(w.ends, 1);
	assert_string_equal(w.end_reason, "anchor_gateway_lost");
	w.s = ms_anchor_release(w.s, 0);
	assert_int_equal(world_session(&w, true, false), 0);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, HEAD MSRP("9", "TLS/", "active") E2AE),
			 0);
	assert_int_equal(w.status, 503);
	assert_string_equal(w.reason, "anchor_no_gateway");
	world_close(&w);
}

/* ---- memory ---- */

static int whole_call(void *arg)
{
	struct world *w = arg;
	struct ms_buf saved;
	int err = world_session(w, true, true);

	if (err)
		return err;
	err = world_offer(w, MS_ANCHOR_ACCESS, HEAD AUDIO MSRP("9", "TLS/", "active") E2AE);
	if (!err && w->status)
		err = -ENOMEM;
	if (!err)
		err = world_answer(w, "d1", CORE_HEAD AUDIO MSRP("2855", "", "passive"), true);
	if (!err && w->status)
		err = -ENOMEM;
	ms_buf_init(&saved, 65536);
	if (!err)
		err = ms_anchor_save(w->s, &saved);
	ms_buf_done(&saved);
	w->s = ms_anchor_release(w->s, 0);
	world_deliver(w);
	fake_forget(&w->fake[0]);
	return err;
}

static void test_without_memory(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, true);
	w.s = ms_anchor_release(w.s, 0);
	assert_true(ms_test_torture(whole_call, &w) > 20);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rollback),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_gateway_refuses),
		cmocka_unit_test(test_wrong_fingerprint_ends_the_session),
		cmocka_unit_test(test_lost_gateway_ends_the_session),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
