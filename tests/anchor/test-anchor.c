/* SPDX-License-Identifier: Apache-2.0 */
/* Offers and answers through a gateway: the cases of TS 33.328 clause 7 and TS 23.334 clause 6.2. */
#include "ms-test.h"

#include <errno.h>

#include "anchor/world.h"
#include "h248/package.h"

#define FP \
	"4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42:CD:54:F1"
#define FP2 \
	"00:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42:CD:54:F1"
#define GW_FP \
	"AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB"
#define HEAD "v=0\r\no=ue 1 1 IN IP4 10.1.2.3\r\ns=-\r\nc=IN IP4 10.1.2.3\r\nt=0 0\r\n"
#define CORE_HEAD \
	"v=0\r\no=peer 1 1 IN IP4 198.51.100.5\r\ns=-\r\nc=IN IP4 198.51.100.5\r\nt=0 0\r\n"
#define AUDIO "m=audio 5000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
#define MSRP(port, tls, setup)                                                  \
	"m=message " port " TCP/" tls "MSRP *\r\na=accept-types:text/plain\r\n" \
	"a=path:msrp://ue.example:2855/s1;tcp\r\na=msrp-cema\r\na=setup:" setup "\r\n"
#define BFCP(port, tls, setup)                                                                   \
	"m=application " port " TCP/" tls "BFCP *\r\na=floorctrl:c-only\r\na=connection:new\r\n" \
	"a=setup:" setup "\r\n"
#define E2AE "a=fingerprint:SHA-256 " FP "\r\na=3ge2ae:requested\r\n"
#define HAS_FP "a=fingerprint:SHA-256 " FP "\r\n"

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void assert_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

static struct fake_termination *at(struct world *w, const char *realm, uint16_t stream)
{
	struct fake_termination *t = fake_find(&w->fake[0], realm, stream);

	assert_non_null(t);
	return t;
}

static void open_world(struct world *w, bool nat)
{
	struct ms_anchor_policy p = world_policy();

	assert_int_equal(world_open(w, &p, true, nat), 0);
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

#define OLD_MSRP(port, setup)                                   \
	"m=message " port " TCP/MSRP *\r\na=accept-types:*\r\n" \
	"a=path:msrp://10.1.2.3:7777/s1;tcp\r\na=setup:" setup "\r\n"

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

/* ---- later offers ---- */

static void establish(struct world *w)
{
	assert_int_equal(world_offer(w, MS_ANCHOR_ACCESS, HEAD MSRP("9", "TLS/", "active") E2AE),
			 0);
	assert_int_equal(world_answer(w, "d1", CORE_HEAD MSRP("2855", "", "passive"), true), 0);
	assert_int_equal(w->status, 0);
	assert_int_equal(fake_terminations(&w->fake[0]), 2);
}

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
		cmocka_unit_test(test_msrp_originating),
		cmocka_unit_test(test_msrp_terminating),
		cmocka_unit_test(test_several_lines),
		cmocka_unit_test(test_bfcp_roles),
		cmocka_unit_test(test_without_request_untouched),
		cmocka_unit_test(test_who_may_ask),
		cmocka_unit_test(test_end_to_end_behind_nat),
		cmocka_unit_test(test_msrp_without_cema),
		cmocka_unit_test(test_both_active_merge),
		cmocka_unit_test(test_unchanged_reoffer_asks_nothing_of_the_gateway),
		cmocka_unit_test(test_hold_and_resume),
		cmocka_unit_test(test_changed_parties),
		cmocka_unit_test(test_lines_come_and_go),
		cmocka_unit_test(test_line_changes_its_kind),
		cmocka_unit_test(test_forks),
		cmocka_unit_test(test_fork_after_update),
		cmocka_unit_test(test_fork_while_another_offers),
		cmocka_unit_test(test_fork_fails_early),
		cmocka_unit_test(test_rollback),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_gateway_refuses),
		cmocka_unit_test(test_wrong_fingerprint_ends_the_session),
		cmocka_unit_test(test_lost_gateway_ends_the_session),
		cmocka_unit_test(test_interconnect),
		cmocka_unit_test(test_known_again),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
