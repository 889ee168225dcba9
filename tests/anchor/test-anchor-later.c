/* SPDX-License-Identifier: Apache-2.0 */
/* Later offers, forks, and a session that is known again after a restart. */
#include "ms-test.h"

#include <errno.h>

#include "anchor/offers.h"
#include "anchor/world.h"
#include "h248/package.h"

/* ---- later offers ---- */

static void test_unchanged_reoffer_asks_nothing_of_the_gateway(void **state)
{
	struct world w;
	unsigned requests;

	(void)state;
	open_world(&w, false);
	establish(&w);
	requests = w.fake[0].requests;
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, HEAD MSRP("9", "TLS/", "active") E2AE),
			 0);
	assert_has(w.sdp, "m=message 9 TCP/MSRP *\r\nc=IN IP4 192.0.2.10\r\n");
	assert_int_equal(world_answer(&w, "d1", CORE_HEAD MSRP("2855", "", "passive"), true), 0);
	assert_has(w.sdp, GW_FP);
	assert_int_equal(w.fake[0].requests, requests);
	/* and so from the core */
	assert_int_equal(world_offer(&w, MS_ANCHOR_CORE, CORE_HEAD MSRP("2855", "", "passive")), 0);
	assert_has(w.sdp, " TCP/TLS/MSRP *\r\n");
	assert_has(w.sdp, GW_FP "\r\na=3ge2ae:applied\r\n");
	assert_int_equal(world_answer(&w, "d1", HEAD MSRP("9", "TLS/", "active") HAS_FP, true), 0);
	assert_int_equal(w.status, 0);
	assert_int_equal(w.fake[0].requests, requests);
	world_close(&w);
}

static void test_hold_and_resume(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, false);
	establish(&w);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS,
				     HEAD MSRP("9", "TLS/", "active") E2AE "a=inactive\r\n"),
			 0);
	assert_has(w.sdp, "a=inactive\r\n");
	assert_int_equal(world_answer(&w, "d1",
				      CORE_HEAD MSRP("2855", "", "passive") "a=inactive\r\n", true),
			 0);
	assert_int_equal(at(&w, "access", 1)->bearer.mode, MS_BEARER_INACTIVE);
	assert_int_equal(at(&w, "core", 1)->bearer.mode, MS_BEARER_INACTIVE);
	/* sendonly is about SEND requests; their answers go the other way */
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS,
				     HEAD MSRP("9", "TLS/", "active") E2AE "a=sendonly\r\n"),
			 0);
	assert_int_equal(world_answer(&w, "d1",
				      CORE_HEAD MSRP("2855", "", "passive") "a=recvonly\r\n", true),
			 0);
	assert_int_equal(at(&w, "access", 1)->bearer.mode, MS_BEARER_SENDRECV);
	world_close(&w);
}

static void test_changed_parties(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, false);
	establish(&w);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS,
				     HEAD MSRP("9", "TLS/", "active") "a=fingerprint:SHA-256 " FP2
								      "\r\na=3ge2ae:requested\r\n"),
			 0);
	assert_int_equal(world_answer(&w, "d1", CORE_HEAD MSRP("2999", "", "passive"), true), 0);
	assert_int_equal(at(&w, "access", 1)->bearer.remote_fingerprints.list[0].digest[0], 0);
	assert_int_equal(at(&w, "core", 1)->bearer.remote.port, 2999);
	assert_int_equal(at(&w, "core", 1)->modified, 2);
	world_close(&w);
}

static void test_lines_come_and_go(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, false);
	establish(&w);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS,
				     HEAD MSRP("9", "TLS/", "active")
					     E2AE BFCP("9", "TLS/", "active") E2AE),
			 0);
	assert_int_equal(fake_terminations(&w.fake[0]), 3);
	assert_int_equal(world_answer(&w, "d1",
				      CORE_HEAD MSRP("2855", "", "passive")
					      BFCP("3000", "", "passive"),
				      true),
			 0);
	assert_int_equal(fake_terminations(&w.fake[0]), 4);
	assert_int_equal(fake_contexts(&w.fake[0]), 1);
	/* MSRP is switched off */
	assert_int_equal(world_offer(&w, MS_ANCHOR_CORE,
				     CORE_HEAD MSRP("0", "", "passive")
					     BFCP("3000", "", "passive")),
			 0);
	assert_has(w.sdp, "m=message 0 TCP/TLS/MSRP *\r\n");
	assert_int_equal(world_answer(&w, "d1",
				      HEAD MSRP("0", "TLS/", "active") BFCP("9", "TLS/", "active")
					      HAS_FP,
				      true),
			 0);
	assert_has(w.sdp, "m=message 0 TCP/MSRP *\r\n");
	assert_int_equal(fake_terminations(&w.fake[0]), 2);
	assert_null(fake_find(&w.fake[0], NULL, 1));
	/* and comes back */
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS,
				     HEAD MSRP("9", "TLS/", "active")
					     E2AE BFCP("9", "TLS/", "active") E2AE),
			 0);
	assert_int_equal(world_answer(&w, "d1",
				      CORE_HEAD MSRP("2855", "", "passive")
					      BFCP("3000", "", "passive"),
				      true),
			 0);
	assert_int_equal(fake_terminations(&w.fake[0]), 4);
	world_close(&w);
}

/* A line that becomes another: e2ae is given up, CEMA is given up (RFC 6714 section 4.2.2). */
static void test_line_changes_its_kind(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, true);
	establish(&w);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, HEAD MSRP("9", "", "active")), 0);
	assert_int_equal(world_answer(&w, "d1", CORE_HEAD MSRP("2855", "", "passive"), true), 0);
	assert_int_equal(w.status, 0);
	assert_has(w.sdp, " TCP/MSRP *");
	assert_int_equal(fake_terminations(&w.fake[0]), 2);
	assert_false(at(&w, "access", 2)->bearer.tls);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, HEAD OLD_MSRP("9", "active")), 0);
	assert_int_equal(world_answer(&w, "d1", CORE_HEAD OLD_MSRP("2855", "passive"), true), 0);
	assert_int_equal(at(&w, "access", 1)->bearer.application, MS_BEARER_MSRP);
	assert_int_equal(fake_terminations(&w.fake[0]), 2);
	world_close(&w);
}

/* ---- forking ---- */

static void test_forks(void **state)
{
	struct world w;
	unsigned modifies;

	(void)state;
	open_world(&w, false);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, HEAD MSRP("9", "TLS/", "active") E2AE),
			 0);
	assert_int_equal(world_answer(&w, "a", CORE_HEAD MSRP("1111", "", "passive"), false), 0);
	assert_has(w.sdp, "m=message 40002 ");
	assert_int_equal(at(&w, "core", 1)->bearer.remote.port, 1111);
	modifies = w.fake[0].modifies;
	assert_int_equal(world_answer(&w, "b", CORE_HEAD MSRP("2222", "", "passive"), false), 0);
	assert_has(w.sdp, "m=message 40002 "); /* the same place for all */
	assert_int_equal(w.fake[0].modifies, modifies);
	assert_int_equal(at(&w, "core", 1)->bearer.remote.port, 1111);
	/* b picks up, its answer is known */
	assert_int_equal(ms_anchor_confirm(w.s, MS_SPAN_LIT("b"), 0, NULL, NULL), 0);
	world_deliver(&w);
	assert_int_equal(at(&w, "core", 1)->bearer.remote.port, 2222);
	assert_int_equal(fake_terminations(&w.fake[0]), 2);
	assert_int_equal(ms_anchor_confirm(w.s, MS_SPAN_LIT("b"), 0, NULL, NULL), 0);
	assert_int_equal(world_answer(&w, "c", CORE_HEAD MSRP("3", "", "passive"), true), -ENOENT);
	world_close(&w);
}

/* a rings and, once acknowledged, goes on with UPDATE. */
static void ring_and_update(struct world *w, const char *update)
{
	open_world(w, false);
	assert_int_equal(world_offer(w, MS_ANCHOR_ACCESS, HEAD MSRP("9", "TLS/", "active") E2AE),
			 0);
	assert_int_equal(world_answer(w, "a", CORE_HEAD MSRP("1111", "", "passive"), false), 0);
	w->dialog = "a";
	assert_int_equal(world_offer(w, MS_ANCHOR_ACCESS, update), 0);
	assert_int_equal(w->status, 0);
}

static void test_fork_after_update(void **state)
{
	struct world w;

	(void)state;
	ring_and_update(&w, HEAD MSRP("9", "TLS/", "active") E2AE "a=inactive\r\n");
	assert_int_equal(world_answer(&w, "a", CORE_HEAD MSRP("1112", "", "passive"), true), 0);
	assert_int_equal(at(&w, "core", 1)->bearer.remote.port, 1112);
	/* b rings, too: its answer is to the offer of INVITE, and changes nothing yet */
	assert_int_equal(world_answer(&w, "b", CORE_HEAD MSRP("2222", "", "passive"), false), 0);
	assert_int_equal(w.status, 0);
	assert_has(w.sdp, "m=message 40002 TCP/TLS/MSRP");
	assert_int_equal(at(&w, "core", 1)->bearer.remote.port, 1112);
	/* and may not offer */
	w.dialog = "b";
	assert_int_equal(world_offer(&w, MS_ANCHOR_CORE, CORE_HEAD MSRP("6", "", "active")), 0);
	assert_int_equal(w.status, 488);
	assert_string_equal(w.reason, "anchor_fork_offer");
	/* b picks up: all is as INVITE offered it */
	assert_int_equal(ms_anchor_confirm(w.s, MS_SPAN_LIT("b"), 0, NULL, NULL), 0);
	world_deliver(&w);
	assert_int_equal(at(&w, "core", 1)->bearer.remote.port, 2222);
	assert_int_equal(at(&w, "core", 1)->bearer.mode, MS_BEARER_SENDRECV);
	assert_string_equal(ms_anchor_session_dialog(w.s), "b");
	assert_int_equal(fake_terminations(&w.fake[0]), 2);
	/* a is late, and has nothing to say any more */
	assert_int_equal(world_answer(&w, "a", CORE_HEAD MSRP("1113", "", "passive"), false),
			 -ENOENT);
	w.dialog = "a";
	assert_int_equal(world_offer(&w, MS_ANCHOR_CORE, CORE_HEAD MSRP("6", "", "active")), 0);
	assert_int_equal(w.status, 488);
	w.dialog = "b";
	assert_int_equal(world_offer(&w, MS_ANCHOR_CORE, CORE_HEAD MSRP("6", "", "active")), 0);
	assert_int_equal(w.status, 0);
	world_close(&w);
}

/* a has offered and b picks up before that has an answer. */
static void test_fork_while_another_offers(void **state)
{
	struct world w;

	(void)state;
	ring_and_update(&w, HEAD MSRP("9", "TLS/", "active") E2AE "a=inactive\r\n");
	assert_int_equal(world_answer(&w, "b", CORE_HEAD MSRP("2222", "", "passive"), true), 0);
	assert_int_equal(w.status, 0);
	assert_int_equal(at(&w, "core", 1)->bearer.remote.port, 2222);
	assert_int_equal(at(&w, "core", 1)->bearer.mode, MS_BEARER_SENDRECV);
	assert_int_equal(world_answer(&w, "a", CORE_HEAD MSRP("1112", "", "passive"), true),
			 -ENOENT);
	world_close(&w);
	/* the offer had a line more: there is none for it in what b answers, and it is given back */
	ring_and_update(&w, HEAD MSRP("9", "TLS/", "active") E2AE BFCP("9", "TLS/", "active") E2AE);
	assert_int_equal(world_answer(&w, "b", CORE_HEAD MSRP("2222", "", "passive"), false), 0);
	assert_int_equal(w.status, 0);
	assert_int_equal(world_answer(&w, "b", CORE_HEAD MSRP("2222", "", "passive"), true),
			 -EBUSY);
	world_deliver(&w);
	assert_int_equal(fake_terminations(&w.fake[0]), 2);
	assert_int_equal(world_answer(&w, "b", CORE_HEAD MSRP("2222", "", "passive"), true), 0);
	assert_int_equal(w.status, 0);
	assert_int_equal(at(&w, "core", 1)->bearer.remote.port, 2222);
	world_close(&w);
	/* it got one: b's answer has no place */
	ring_and_update(&w, HEAD MSRP("9", "TLS/", "active") E2AE BFCP("9", "TLS/", "active") E2AE);
	assert_int_equal(world_answer(&w, "a",
				      CORE_HEAD MSRP("1111", "", "passive")
					      BFCP("1200", "", "passive"),
				      true),
			 0);
	assert_int_equal(w.status, 0);
	assert_int_equal(world_answer(&w, "b", CORE_HEAD MSRP("2222", "", "passive"), true), 0);
	assert_int_equal(w.status, 488);
	world_close(&w);
}

/* Who rings may be unreachable: the call ends only when who picked up is. */
static void test_fork_fails_early(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, false);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, HEAD MSRP("9", "TLS/", "active") E2AE),
			 0);
	assert_int_equal(world_answer(&w, "a", CORE_HEAD MSRP("1111", "", "passive"), false), 0);
	world_event(&w, at(&w, "core", 1), MS_H248_TCPBCC_BNCCHANGE, MS_H248_TCPBCC_BNCCHANGE_TYPE,
		    "EstFail", 0, NULL);
	assert_int_equal(w.ends, 0);
	assert_int_equal(world_answer(&w, "a", CORE_HEAD MSRP("1111", "", "passive"), true), 0);
	assert_int_equal(at(&w, "core", 1)->bearer.remote.port, 1111);
	world_event(&w, at(&w, "core", 1), MS_H248_TCPBCC_BNCCHANGE, MS_H248_TCPBCC_BNCCHANGE_TYPE,
		    "EstFail", 0, NULL);
	assert_int_equal(w.ends, 1);
	world_close(&w);
}

/* ---- over a restart ---- */

static void test_known_again(void **state)
{
	struct ms_anchor_policy p = world_policy();
	struct world old, w;
	struct ms_buf saved, again;
	struct ms_anchor_line_info info;

	(void)state;
	open_world(&old, false);
	establish(&old);
	ms_buf_init(&saved, 65536);
	ms_buf_init(&again, 65536);
	assert_int_equal(ms_anchor_save(old.s, &saved), 0);
	assert_int_equal(world_open(&w, &p, false, false), 0);
	ms_anchor_release(w.s, 0);
	memcpy(w.fake[0].t, old.fake[0].t, sizeof(w.fake[0].t));
	assert_int_equal(ms_anchor_load(w.anchor, ms_buf_span(&saved), &w, &w.s), 0);
	assert_ptr_equal(ms_anchor_session_user(w.s), &w);
	assert_int_equal(ms_anchor_save(w.s, &again), 0);
	assert_span_equal(ms_buf_span(&saved), ms_buf_span(&again));
	assert_true(ms_anchor_line_info(w.s, 0, &info));
	assert_int_equal(info.treatment, MS_ANCHOR_E2AE);
	assert_string_equal(info.mode, "cema");
	assert_string_equal(info.termination[MS_ANCHOR_CORE], "ip/core/1/9001");
	assert_false(ms_anchor_line_info(w.s, 1, &info));
	/* the other network holds it: the known endpoints are told */
	assert_int_equal(world_offer(&w, MS_ANCHOR_CORE,
				     CORE_HEAD MSRP("2855", "", "passive") "a=inactive\r\n"),
			 0);
	assert_int_equal(world_answer(&w, "d1",
				      HEAD MSRP("9", "TLS/", "active") HAS_FP "a=inactive\r\n",
				      true),
			 0);
	assert_int_equal(w.status, 0);
	assert_int_equal(at(&w, "access", 1)->bearer.mode, MS_BEARER_INACTIVE);
	ms_anchor_release(w.s, 0);
	world_deliver(&w);
	assert_int_equal(fake_terminations(&w.fake[0]), 0);
	assert_int_equal(ms_anchor_load(w.anchor,
					MS_SPAN_LIT("anchor 1 1 0 0 0 0\ncontext <x> 1\n"), NULL,
					&w.s),
			 -ENOENT);
	assert_int_equal(ms_anchor_load(w.anchor, MS_SPAN_LIT("anchor 2\n"), NULL, &w.s), -EBADMSG);
	w.s = NULL;
	ms_buf_done(&saved);
	ms_buf_done(&again);
	world_close(&w);
	world_close(&old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unchanged_reoffer_asks_nothing_of_the_gateway),
		cmocka_unit_test(test_hold_and_resume),
		cmocka_unit_test(test_changed_parties),
		cmocka_unit_test(test_lines_come_and_go),
		cmocka_unit_test(test_line_changes_its_kind),
		cmocka_unit_test(test_forks),
		cmocka_unit_test(test_fork_after_update),
		cmocka_unit_test(test_fork_while_another_offers),
		cmocka_unit_test(test_fork_fails_early),
		cmocka_unit_test(test_known_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
