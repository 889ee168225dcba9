/* SPDX-License-Identifier: Apache-2.0 */
/* Offers and answers through a gateway: the cases of TS 33.328 clause 7 and TS 23.334 clause 6.2. */
#include "ms-test.h"

#include <errno.h>

#include "anchor/offers.h"
#include "anchor/world.h"
#include "h248/package.h"

static void assert_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

/* ---- e2ae MSRP ---- */

static void test_msrp_originating(void **state)
{
	struct world w;
	const struct fake_termination *t;

	(void)state;
	open_world(&w, false);
	assert_int_equal(
		world_offer(&w, MS_ANCHOR_ACCESS, HEAD AUDIO MSRP("9", "TLS/", "active") E2AE), 0);
	assert_int_equal(w.status, 0);
	assert_true(w.changed);
	assert_has(w.sdp,
		   "m=message 9 TCP/MSRP *\r\nc=IN IP4 192.0.2.10\r\n"); /* active: nobody calls */
	assert_not(w.sdp, "fingerprint");
	assert_not(w.sdp, "3ge2ae");
	assert_has(w.sdp, "a=setup:active\r\n");
	assert_has(w.sdp, AUDIO);
	assert_has(w.sdp, "\r\nc=IN IP4 10.1.2.3\r\n"); /* the audio line's */
	assert_int_equal(fake_terminations(&w.fake[0]), 1);
	assert_int_equal(at(&w, "core", 1)->bearer.mode, MS_BEARER_INACTIVE);

	assert_int_equal(world_answer(&w, "d1", CORE_HEAD AUDIO MSRP("2855", "", "passive"), true),
			 0);
	assert_int_equal(w.status, 0);
	assert_has(w.sdp, "m=message 40002 TCP/TLS/MSRP *\r\nc=IN IP4 203.0.113.7\r\n");
	assert_has(w.sdp, "a=setup:passive\r\na=fingerprint:SHA-256 " GW_FP "\r\n");
	assert_not(w.sdp, "3ge2ae");
	assert_has(w.sdp, "a=path:msrp://ue.example:2855/s1;tcp"); /* CEMA: as it is */
	t = at(&w, "access", 1);
	assert_true(t->bearer.tls);
	assert_int_equal(t->bearer.application, MS_BEARER_AGNOSTIC);
	assert_int_equal(t->bearer.remote_fingerprints.list[0].digest[0], 0x4a);
	assert_int_equal(t->bearer.incoming, MS_BEARER_FORWARD);
	assert_false(t->bearer.start_tls); /* the UE is TCP client and thereby TLS client */
	assert_true(t->armed_tls && t->armed_release && t->armed_heartbeat);
	t = at(&w, "core", 1);
	assert_false(t->bearer.tls);
	assert_int_equal(t->bearer.remote.port, 2855);
	assert_int_equal(t->bearer.mode, MS_BEARER_SENDRECV);
	assert_false(t->bearer.start_tcp); /* opened when the UE comes */
	assert_int_equal(w.saved, 1);
	w.s = ms_anchor_release(w.s, 0);
	world_deliver(&w);
	assert_int_equal(fake_terminations(&w.fake[0]), 0);
	world_close(&w);
}

static void test_msrp_terminating(void **state)
{
	static const bool ue_active[] = { true, false };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world w;
		const struct fake_termination *t;

		open_world(&w, false);
		assert_int_equal(
			world_offer(&w, MS_ANCHOR_CORE, CORE_HEAD MSRP("2855", "", "actpass")), 0);
		assert_has(w.sdp, "m=message 40001 TCP/TLS/MSRP *\r\nc=IN IP4 203.0.113.7\r\n");
		assert_has(w.sdp, "a=fingerprint:SHA-256 " GW_FP "\r\na=3ge2ae:applied\r\n");
		assert_has(w.sdp, "a=setup:actpass\r\n");
		/* no line is left that the session's address is for */
		assert_has(w.sdp, "s=-\r\nc=IN IP4 203.0.113.7\r\n");
		assert_int_equal(at(&w, "access", 1)->bearer.mode, MS_BEARER_SENDRECV);
		assert_int_equal(world_answer(&w, "d1",
					      ue_active[i] ? HEAD MSRP("9", "TLS/", "active") HAS_FP
							   : HEAD MSRP("7394", "TLS/", "passive")
								     HAS_FP,
					      true),
				 0);
		assert_int_equal(w.status, 0);
		assert_has(w.sdp, " TCP/MSRP *\r\nc=IN IP4 192.0.2.10\r\n");
		assert_not(w.sdp, "fingerprint");
		assert_has(w.sdp, ue_active[i] ? "a=setup:active\r\n" : "a=setup:passive\r\n");
		t = at(&w, "access", 1);
		assert_int_equal(t->bearer.start_tls, !ue_active[i]); /* RFC 6135 section 6 */
		assert_int_equal(t->bearer.remote_fingerprints.n, 1);
		assert_int_equal(at(&w, "core", 1)->bearer.start_tcp, ue_active[i]);
		assert_int_equal(at(&w, "core", 1)->bearer.incoming,
				 ue_active[i] ? MS_BEARER_ACCEPT : MS_BEARER_FORWARD);
		world_close(&w);
	}
}

static void test_several_lines(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, false);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS,
				     HEAD MSRP("9", "TLS/", "active")
					     E2AE AUDIO MSRP("9", "TLS/", "active")
						     E2AE BFCP("9", "TLS/", "active") E2AE),
			 0);
	assert_int_equal(w.status, 0);
	assert_int_equal(fake_terminations(&w.fake[0]), 3);
	assert_int_equal(fake_contexts(&w.fake[0]), 1);
	/* the second MSRP line is refused: both of its endpoints go */
	assert_int_equal(world_answer(&w, "d1",
				      CORE_HEAD MSRP("2855", "", "passive") AUDIO MSRP(
					      "0", "", "passive") BFCP("3000", "", "passive"),
				      true),
			 0);
	assert_int_equal(w.status, 0);
	assert_int_equal(fake_terminations(&w.fake[0]), 4);
	assert_has(w.sdp, "m=message 0 TCP/TLS/MSRP *\r\n");
	assert_has(w.sdp, "m=application 40");
	assert_has(w.sdp, " TCP/TLS/BFCP *");
	assert_null(fake_find(&w.fake[0], NULL, 2));
	world_close(&w);
}

/* ---- e2ae BFCP: the answerer is TLS server, whoever opens TCP (RFC 8856 clause 8) ---- */

static void test_bfcp_roles(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, false);
	assert_int_equal(
		world_offer(&w, MS_ANCHOR_ACCESS, HEAD BFCP("5000", "TLS/", "actpass") E2AE), 0);
	assert_int_equal(world_answer(&w, "d1", CORE_HEAD BFCP("3000", "", "active"), true), 0);
	assert_has(w.sdp, "m=application 9 TCP/TLS/BFCP *"); /* we open TCP */
	assert_has(w.sdp, "a=setup:active");
	assert_has(w.sdp, "a=connection:new");
	assert_false(at(&w, "access", 1)->bearer.start_tls);
	assert_true(at(&w, "access", 1)->bearer.start_tcp);
	world_close(&w);

	open_world(&w, false);
	assert_int_equal(world_offer(&w, MS_ANCHOR_CORE, CORE_HEAD BFCP("3000", "", "actpass")), 0);
	assert_int_equal(world_answer(&w, "d1", HEAD BFCP("9", "TLS/", "active") HAS_FP, true), 0);
	assert_true(at(&w, "access", 1)->bearer.start_tls); /* RFC 8856 section 8 */
	assert_false(at(&w, "access", 1)->bearer.start_tcp);
	/* the UE offers later: the connection is the same, and so are its roles */
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS,
				     HEAD "m=application 9 TCP/TLS/BFCP *\r\na=setup:active\r\n"
					  "a=connection:existing\r\na=inactive\r\n" HAS_FP),
			 0);
	assert_has(w.sdp, " TCP/BFCP *");
	assert_int_equal(world_answer(&w, "d1",
				      CORE_HEAD
				      "m=application 3000 TCP/BFCP *\r\na=setup:passive\r\n"
				      "a=connection:existing\r\na=inactive\r\n",
				      true),
			 0);
	assert_int_equal(w.status, 0);
	assert_int_equal(at(&w, "access", 1)->bearer.mode, MS_BEARER_INACTIVE);
	assert_false(at(&w, "access", 1)->bearer.start_tls);
	world_close(&w);
}

/* ---- who does not ask, or may not ---- */

static void test_without_request_untouched(void **state)
{
	static const char *const offers[] = {
		HEAD MSRP("9", "TLS/", "active") HAS_FP "a=key-mgmt:mikey AAAA\r\n",
		HEAD MSRP("9", "TLS/", "active") HAS_FP "a=3ge2ae:wanted\r\n",
		HEAD MSRP("9", "", "active"),
		HEAD AUDIO,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		struct world w;

		open_world(&w, false);
		assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, offers[i]), 0);
		assert_int_equal(w.status, 0);
		assert_false(w.changed);
		assert_string_equal(w.sdp, offers[i]);
		assert_int_equal(w.fake[0].adds, 0);
		assert_int_equal(world_answer(&w, "d1", CORE_HEAD AUDIO, true), 0);
		assert_false(w.changed);
		world_close(&w);
	}
}

static void test_who_may_ask(void **state)
{
	static const char offer[] = HEAD MSRP("9", "TLS/", "active") E2AE;
	struct ms_anchor_policy p = world_policy();
	struct world w;

	(void)state;
	assert_int_equal(world_open(&w, &p, false, false), 0);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, offer), 0);
	assert_false(w.changed); /* not registered */
	world_close(&w);
	p.unregistered = true; /* RCS */
	assert_int_equal(world_open(&w, &p, false, false), 0);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, offer), 0);
	assert_has(w.sdp, " TCP/MSRP *");
	world_close(&w);
	/* but nobody offers it to a UE that did not register it */
	assert_int_equal(world_open(&w, &p, false, false), 0);
	assert_int_equal(world_offer(&w, MS_ANCHOR_CORE, CORE_HEAD MSRP("2855", "", "actpass")), 0);
	assert_false(w.changed);
	world_close(&w);
	p.msrp = false;
	assert_int_equal(world_open(&w, &p, true, false), 0);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, offer), 0);
	assert_false(w.changed); /* the network does not */
	world_close(&w);
}

/* TS 23.334 clause 6.2.10A: octets pass, and so do the attributes of TLS. */
static void test_end_to_end_behind_nat(void **state)
{
	static const char tls[] = "a=fingerprint:SHA-256 " FP "\r\na=key-mgmt:mikey AAAA\r\n";
	struct world w;
	const struct fake_termination *t;

	(void)state;
	open_world(&w, true);
	assert_int_equal(
		world_offer(&w, MS_ANCHOR_ACCESS,
			    HEAD MSRP("9", "TLS/", "active") "a=fingerprint:SHA-256 " FP
							     "\r\na=key-mgmt:mikey AAAA\r\n"),
		0);
	assert_has(w.sdp, " TCP/TLS/MSRP *\r\nc=IN IP4 192.0.2.10\r\n");
	assert_has(w.sdp, tls);
	assert_false(at(&w, "core", 1)->bearer.tls);
	assert_int_equal(
		world_answer(&w, "d1",
			     CORE_HEAD MSRP("2855", "TLS/", "passive") "a=key-mgmt:mikey BBBB\r\n",
			     true),
		0);
	assert_has(w.sdp, "m=message 40002 TCP/TLS/MSRP *\r\nc=IN IP4 203.0.113.7\r\n");
	assert_has(w.sdp, "a=key-mgmt:mikey BBBB\r\n");
	t = at(&w, "access", 1);
	assert_false(t->bearer.tls);
	assert_int_equal(t->bearer.latch, MS_BEARER_LATCH);
	assert_int_equal(t->bearer.application, MS_BEARER_AGNOSTIC);
	world_close(&w);
}

/* ---- CEMA, sessmatch, B2BUA ---- */

static void test_msrp_without_cema(void **state)
{
	struct ms_anchor_policy p = world_policy();
	struct world w;

	(void)state;
	p.plain = MS_ANCHOR_ALWAYS;
	p.without_cema = MS_ANCHOR_MSRP_B2BUA;
	assert_int_equal(world_open(&w, &p, false, false), 0);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, HEAD OLD_MSRP("7777", "actpass")), 0);
	assert_has(w.sdp, "a=path:msrp://192.0.2.10:40001/gw9001;tcp\r\n");
	assert_not(w.sdp, "10.1.2.3:7777");
	assert_int_equal(at(&w, "core", 1)->bearer.application, MS_BEARER_MSRP);
	assert_int_equal(world_answer(&w, "d1",
				      CORE_HEAD "m=message 2855 TCP/MSRP *\r\na=accept-types:*\r\n"
						"a=path:msrp://198.51.100.6:2855/p;tcp\r\n"
						"a=setup:passive\r\n",
				      true),
			 0);
	assert_has(w.sdp, "a=path:msrp://192.0.2.10:40002/gw9002;tcp\r\n");
	assert_string_equal(at(&w, "core", 1)->bearer.remote_path,
			    "msrp://198.51.100.6:2855/p;tcp");
	/* who has no CEMA means his path, not c= */
	assert_int_equal(at(&w, "core", 1)->bearer.remote.octets[3], 6);
	world_close(&w);

	p.without_cema = MS_ANCHOR_MSRP_SESSMATCH;
	assert_int_equal(world_open(&w, &p, false, false), 0);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, HEAD OLD_MSRP("7777", "actpass")), 0);
	assert_has(w.sdp, "a=path:msrp://192.0.2.10:40001/s1;tcp\r\n");
	assert_int_equal(at(&w, "core", 1)->bearer.application, MS_BEARER_AGNOSTIC);
	world_close(&w);

	p.without_cema = MS_ANCHOR_MSRP_REFUSE;
	assert_int_equal(world_open(&w, &p, false, false), 0);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, HEAD OLD_MSRP("7777", "actpass")), 0);
	assert_int_equal(w.status, 488);
	assert_string_equal(w.reason, "anchor_no_cema");
	world_close(&w);
}

/* ---- directions of TCP ---- */

/* TS 23.334 clause 5.16.2.3: a UE behind a NAT opens, and the other end wants to, too. */
static void test_both_active_merge(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, true);
	assert_int_equal(
		world_offer(&w, MS_ANCHOR_ACCESS, HEAD MSRP("7777", "TLS/", "actpass") E2AE), 0);
	assert_has(w.sdp, "a=setup:actpass");
	assert_int_equal(world_answer(&w, "d1", CORE_HEAD MSRP("9", "", "active"), true), 0);
	assert_has(w.sdp, "a=setup:passive");
	assert_int_equal(at(&w, "access", 1)->bearer.tcp_mode, MS_BEARER_MERGE);
	assert_int_equal(at(&w, "core", 1)->bearer.tcp_mode, MS_BEARER_MERGE);
	assert_false(at(&w, "access", 1)->bearer.start_tcp || at(&w, "core", 1)->bearer.start_tcp);
	world_close(&w);

	/* the core insists on opening: the UE is asked, and opens as well */
	open_world(&w, true);
	assert_int_equal(world_offer(&w, MS_ANCHOR_CORE, CORE_HEAD MSRP("9", "", "active")), 0);
	assert_has(w.sdp, "a=setup:actpass");
	assert_int_equal(world_answer(&w, "d1", HEAD MSRP("9", "TLS/", "active") HAS_FP, true), 0);
	assert_has(w.sdp, "a=setup:passive");
	assert_int_equal(at(&w, "access", 1)->bearer.tcp_mode, MS_BEARER_MERGE);
	world_close(&w);

	/* without a NAT the direction is not ours to change */
	open_world(&w, false);
	assert_int_equal(world_offer(&w, MS_ANCHOR_CORE, CORE_HEAD MSRP("9", "", "active")), 0);
	assert_has(w.sdp, "a=setup:active");
	assert_int_equal(world_answer(&w, "d1", HEAD MSRP("9", "TLS/", "active") HAS_FP, true), 0);
	assert_int_equal(w.status, 488);
	assert_string_equal(w.reason, "anchor_setup");
	world_close(&w);
}

/* ---- the IBCF ---- */

static void test_interconnect(void **state)
{
	static const char tls[] =
		"a=fingerprint:SHA-256 " FP "\r\na=3ge2ae:requested\r\na=key-mgmt:mikey AAAA\r\n";
	struct ms_anchor_policy p = world_policy();
	char offer[2048];
	struct world w;

	(void)state;
	p.role = MS_ANCHOR_IBCF;
	p.tls = p.plain = MS_ANCHOR_ALWAYS;
	p.direction = MS_ANCHOR_DIRECTION_KEEP;
	assert_int_equal(world_open(&w, &p, true, false), 0);
	(void)snprintf(offer, sizeof(offer), "%s%s%s", HEAD, MSRP("9", "TLS/", "active"), tls);
	assert_int_equal(world_offer(&w, MS_ANCHOR_ACCESS, offer), 0);
	assert_int_equal(w.status, 0);
	assert_has(w.sdp, tls); /* what is e2ae elsewhere is none of ours */
	assert_has(w.sdp, "c=IN IP4 192.0.2.10");
	assert_int_equal(world_answer(&w, "d1", CORE_HEAD MSRP("2855", "TLS/", "passive"), true),
			 0);
	assert_int_equal(w.status, 0);
	assert_false(at(&w, "access", 1)->bearer.tls || at(&w, "core", 1)->bearer.tls);
	world_close(&w);
	/* without CEMA: the TrGW cannot be a B2BUA */
	assert_int_equal(world_open(&w, &p, true, false), 0);
	assert_int_equal(world_offer(&w, MS_ANCHOR_CORE, CORE_HEAD OLD_MSRP("7777", "active")), 0);
	assert_has(w.sdp, "a=path:msrp://203.0.113.7:40001/s1;tcp\r\n");
	assert_int_equal(at(&w, "access", 1)->bearer.application, MS_BEARER_AGNOSTIC);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_msrp_originating),
		cmocka_unit_test(test_msrp_terminating),
		cmocka_unit_test(test_several_lines),
		cmocka_unit_test(test_bfcp_roles),
		cmocka_unit_test(test_without_request_untouched),
		cmocka_unit_test(test_who_may_ask),
		cmocka_unit_test(test_end_to_end_behind_nat),
		cmocka_unit_test(test_msrp_without_cema),
		cmocka_unit_test(test_both_active_merge),
		cmocka_unit_test(test_interconnect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
