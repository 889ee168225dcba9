/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway engine under commands: the flows of TS 23.334 6.2.10, errors, undo. */
#include "fake-plane.h"

#include <errno.h>

#define LOCAL(proto) "Local{v=0\nc=IN IP4 $\nm=- $ " proto " -\n}"
#define REMOTE(proto) "Remote{v=0\nc=IN IP4 198.51.100.5\nm=- 2855 " proto " -\n}"
#define ADD_CORE                                                                          \
	"Add=${Media{Stream=1{LocalControl{Mode=SendReceive,ipdc/realm=\"core\"}," LOCAL( \
		"TCP") "}},Events=1001{hangterm/thb{timerx=300},g/cause,tcpbcc/BNCChange{Stream=1}}}"
#define FINGERPRINT                                                                            \
	"4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:" \
	"42:CD:54:F1"
#define ADD_ACCESS                                                                                \
	"Add=${Media{Stream=1{LocalControl{Mode=SendReceive,ipdc/realm=\"access\","               \
	"xem/tcpin=forward,xem/rel=on},Local{v=0\nc=IN IP4 $\nm=- $ TCP/TLS -\na=setup:passive\n" \
	"a=fingerprint:SHA-256 $\n},Remote{v=0\nc=IN IP4 10.1.2.3\nm=- 9 TCP/TLS -\n"             \
	"a=fingerprint:SHA-256 " FINGERPRINT "\n}}},"                                             \
	"Signals{ipnapt/latch{Stream=1,napt=LATCH}},Events=1002{hangterm/thb{timerx=300},"        \
	"g/cause,tlsbsc/BNCChange{Stream=1}}}"

static struct ms_mg_figures figures(const struct fake *f)
{
	struct ms_mg_figures ret;

	ms_mg_figures(f->g, &ret);
	return ret;
}

/* TS 23.334 6.2.10.3.1.1: MSRP from a UE, TLS at the access side. */
static void test_originating(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	assert_int_equal(fake_ask(&f, "Context=${" ADD_CORE "}"), 0);
	assert_has(fake_reply(&f), "Context=1{Add=ip/core/1/1{");
	assert_has(fake_reply(&f), "c=IN IP4 192.0.2.10");
	assert_has(fake_reply(&f), "m=- 40001 TCP -");
	assert_string_equal(f.did, "SET ");
	assert_int_equal(fake_ask(&f, "Context=1{Modify=ip/core/1/1{Media{Stream=1{LocalControl{"
				      "Mode=SendReceive,ipdc/realm=\"core\"}," REMOTE(
					      "TCP") "}}}," ADD_ACCESS "}"),
			 0);
	assert_has(fake_reply(&f), "Modify=ip/core/1/1,Add=ip/access/1/2{");
	assert_has(fake_reply(&f), "a=fingerprint:SHA-256 AA:BB:00");
	assert_has(fake_reply(&f), "m=- 40002 TCP/TLS -");
	assert_string_equal(f.did, "SET SET PAIR ");
	assert_true(f.last.tls);
	assert_int_equal(f.last.incoming, MS_BEARER_FORWARD);
	assert_int_equal(f.last.latch, MS_BEARER_LATCH);
	assert_int_equal(f.last.remote_fingerprints.n, 1);
	assert_int_equal(f.last.local.port, 40002);
	/* end of the call: statistics suppressed, one reply for all */
	assert_int_equal(fake_ask(&f, "Context=1{W-Subtract=*{Audit{}}}"), 0);
	assert_has(fake_reply(&f), "Context=1{Subtract=*}");
	assert_string_equal(f.did, "DELETE DELETE ");
	assert_int_equal(f.released, 2);
	assert_int_equal(figures(&f).contexts, 0);
	assert_int_equal(figures(&f).terminations, 0);
	assert_int_equal(figures(&f).streams, 0);
	fake_free(&f);
}

/* EstBNC has nowhere to go while the first packet is waited for (docs/mgw.md, 441). */
static void test_latching(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, "Context=${" ADD_ACCESS "}");
	assert_int_equal(f.last.latch, MS_BEARER_LATCH);
	(void)fake_ask(&f, "Context=1{Modify=*{Signals{tcpbcc/EstBNC{Stream=1}}}}");
	assert_has(fake_reply(&f), "Error=441{");
	fake_event(&f, MS_BEARER_LATCHED, "");
	(void)fake_ask(&f, "Context=1{Modify=*{Signals{tcpbcc/EstBNC{Stream=1}}}}");
	assert_has_not(fake_reply(&f), "Error");
	assert_string_equal(f.did, "TCP ");
	/* another change does not arm it again */
	(void)fake_ask(&f, "Context=1{Modify=*{Media{Stream=1{LocalControl{Mode=SendOnly}}}}}");
	assert_string_equal(f.did, "SET ");
	assert_int_equal(f.last.latch, MS_BEARER_LATCH_OFF);
	fake_free(&f);
}

/* TS 23.334 6.2.10.3.1.2: the gate stays closed until the answer; then TCP and TLS are started. */
static void test_terminating(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f,
		       "Context=${Add=${Media{Stream=1{LocalControl{Mode=Inactive,"
		       "ipdc/realm=\"access\"},Local{v=0\nc=IN IP4 $\nm=message $ TCP/TLS/MSRP *\n"
		       "a=setup:actpass\na=path:$\na=fingerprint:SHA-256 $\n}}}}}");
	assert_string_equal(f.did, ""); /* nothing for the plane yet */
	assert_has(fake_reply(&f), "a=path:msrps://192.0.2.20:40001/");
	(void)fake_ask(
		&f,
		"Context=1{Modify=ip/access/1/1{Media{Stream=1{LocalControl{"
		"Mode=SendReceive,ipdc/realm=\"access\"},Remote{v=0\nc=IN IP4 10.1.2.9\n"
		"m=message 7394 TCP/TLS/MSRP *\na=setup:passive\na=fingerprint:SHA-256 " FINGERPRINT
		"\n}}},Signals{tcpbcc/EstBNC{Stream=1},"
		"tlsbsc/EstBNC{Stream=1}}}}");
	assert_has(fake_reply(&f), "Context=1{Modify=ip/access/1/1}");
	assert_string_equal(f.did, "SET TCP TLS ");
	assert_int_equal(f.last.application, MS_BEARER_MSRP);
	assert_int_equal(f.last.remote.port, 7394);
	/* a repetition of the same changes nothing but orders again what is not up yet */
	fake_event(&f, MS_BEARER_TCP_UP, "");
	fake_event(&f, MS_BEARER_TLS_UP, "");
	(void)fake_ask(&f, "Context=1{Modify=ip/access/1/1{Signals{tcpbcc/EstBNC{Stream=1},"
			   "tlsbsc/EstBNC{Stream=1}}}}");
	assert_string_equal(f.did, "");
	fake_free(&f);
}

struct refusal {
	const char *actions;
	const char *reply;
};

/* Each leaves no trace: no context, no port, nothing at the plane. */
static const struct refusal refusals[] = {
	{ "Context=99{Modify=ip/core/1/1}", "Error=411{" },
	{ "Context=-{Add=$}", "Add=${Error=421{" },
	{ "Context=${Subtract=*}", "Error=" },
	{ "Context=${Add=ip/nowhere/1/$}", "Error=430{" },
	{ "Context=${Add=${Media{Stream=1{LocalControl{Mode=SendReceive," /* realm unknown */
	  "ipdc/realm=\"moon\"}," LOCAL("TCP") "}}}}",
	  "Error=449{\"moon\"}" },
	{ "Context=${Add=${Media{Stream=1{" LOCAL("TCP/QUIC") "}}}}",
	  "Error=449{\"m=- $ TCP/QUIC -\"}" },
	{ "Context=${Add=${Media{Stream=1{Local{v=0\nc=IN IP4 nonsense\nm=- $ TCP -\n}}}}}",
	  "Error=474{" },
	{ "Context=${Add=${Media{Stream=1{LocalControl{Mode=Loopback}," LOCAL("TCP") "}}}}",
	  "Error=517{" },
	{ "Context=${Add=${Media{Stream=1{LocalControl{foo/bar=1}," LOCAL("TCP") "}}}}",
	  "Error=440{" },
	{ "Context=${Add=${Media{Stream=1{LocalControl{gm/bar=1}," LOCAL("TCP") "}}}}",
	  "Error=450{" },
	{ "Context=${Add=${Media{Stream=1{LocalControl{gm/saf=on,gm/saf=on}," LOCAL("TCP") "}}}}",
	  "Error=456{" },
	{ "Context=${Add=${Media{Stream=1{LocalControl{root/maxNumberOfContexts=1}," LOCAL(
		  "TCP") "}}}}",
	  "Error=455{" },
	{ "Context=${Add=${Media{Stream=1{LocalControl{xem/psk=\"0011\"}," LOCAL("TCP/TLS") "}}}}",
	  "Error=445{" }, /* a key is Mp's */
	{ "Context=${Add=${Media{Stream=1{LocalControl{Mode=SendReceive}}}}}", "Error=441{" },
	{ "Context=${Add=${Media{Stream=1{" LOCAL("TCP") "}},Signals{tcpbcc/EstBNC{Stream=1}}}}",
	  "Error=441{" },
	{ "Context=${Add=${Media{Stream=1{" LOCAL("TCP") "," REMOTE(
		  "TCP") "}},Signals{tlsbsc/EstBNC{Stream=1}}}}",
	  "Error=473{" },
	{ "Context=${Add=${Media{Stream=1{" LOCAL("TCP") "}},Signals{cg/dt}}}", "Error=440{" },
	{ "Context=${Add=${Media{Stream=1{" LOCAL("TCP") "}},Events=1{it/ito{mit=100}}}}",
	  "Error=512{" },
	{ "Context=${Add=${Media{Stream=1{" LOCAL("TCP") "}},Events=1{g/nothing}}}", "Error=451{" },
	{ "Context=${Add=${Media{Stream=1{" LOCAL("TCP") "}},Events=1{hangterm/thb}}}",
	  "Error=457{" },
	{ "Context=${Add=${Media{Stream=1{" LOCAL("TCP") "}},Events=1{g/cause{Stream=2}}}}",
	  "Error=449{" },
	{ "Context=${Add=${Media{Stream=1{" LOCAL("TCP") "},Stream=1{" LOCAL("TCP") "}}}}",
	  "Error=448{" },
	{ "Context=${Add=${Media{Stream=1{Local{v=0\nc=IN IP4 $\nm=- $ TCP/TLS -\na=fingerprint:SHA-1 $\n}}}}}",
	  "Error=449{" },
	{ "Context=${Add=${DigitMap=x{(1)}}}", "Error=444{" },
	{ "Context=-{Notify=ROOT{ObservedEvents=1{g/cause}}}", "Notify=ROOT{Error=421{" },
	{ "Context=*{Subtract=*}", "Error=431{" },
};

static void test_refusals_leave_no_trace(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct fake f;

		fake_new(&f);
		assert_int_equal(fake_ask(&f, refusals[i].actions), 0);
		if (!strstr(fake_reply(&f), refusals[i].reply))
			fail_msg("%s\n -> %s", refusals[i].actions, fake_reply(&f));
		assert_string_equal(f.did, "");
		assert_int_equal(f.reserved, f.released);
		assert_int_equal(figures(&f).contexts, 0);
		assert_int_equal(figures(&f).streams, 0);
		fake_free(&f);
	}
}

/* RFC 3525 section 8: what was done before the failing command stays, what follows is not tried. */
static void test_commands_before_the_failing_one_stay(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, "Context=${" ADD_CORE ",Modify=ip/core/1/9," ADD_ACCESS "}");
	assert_has(fake_reply(&f), "Context=1{Add=ip/core/1/1{");
	assert_has(fake_reply(&f), "Modify=ip/core/1/9{Error=430{");
	assert_has_not(fake_reply(&f), "access");
	assert_int_equal(figures(&f).terminations, 1);
	/* an optional command does not stop it */
	(void)fake_ask(&f, "Context=1{O-Modify=ip/core/1/9," ADD_ACCESS "}");
	assert_has(fake_reply(&f), "Add=ip/access/1/2");
	assert_int_equal(figures(&f).terminations, 2);
	fake_free(&f);
}

/* The plane cannot: all of the transaction is undone, the plane's part too. */
static void test_a_failed_apply_is_undone(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, "Context=${" ADD_CORE "}");
	f.fail_at = 2;
	(void)fake_ask(&f,
		       "Context=1{Modify=ip/core/1/1{Media{Stream=1{LocalControl{"
		       "Mode=SendOnly},Remote{v=0\nc=IN IP4 9.9.9.9\nm=- 99 TCP -\n}}}}," ADD_ACCESS
		       "}");
	assert_has(fake_reply(&f), "Reply=1{Error=510{");
	/* SET of the first, SET that failed; then the first gets back what it had */
	assert_string_equal(f.did, "SET SET! PAIR! SET ");
	assert_int_equal(f.last.mode, MS_BEARER_SENDRECV);
	assert_int_equal(f.last.remote.family, 0);
	assert_int_equal(figures(&f).terminations, 1);
	assert_int_equal(f.reserved - f.released, 1);
	f.submit_fails = true;
	(void)fake_ask(&f, "Context=1{" ADD_ACCESS "}");
	assert_has(fake_reply(&f), "Reply=1{Error=511{");
	assert_int_equal(figures(&f).terminations, 1);
	f.submit_fails = false;
	f.reserve_fails = true;
	(void)fake_ask(&f, "Context=1{" ADD_ACCESS "}");
	assert_has(fake_reply(&f), "Add=${Error=510{");
	assert_int_equal(figures(&f).terminations, 1);
	fake_free(&f);
}

static void test_a_busy_context_waits(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	f.by_hand = true;
	(void)fake_ask(&f, "Context=${" ADD_CORE "}");
	assert_int_equal(f.replies, 0);
	assert_int_equal(fake_ask(&f, "Context=1{Subtract=*}"), -EAGAIN);
	assert_int_equal(fake_ask(&f, "Context=*{AuditValue=*{Audit{}}}"), -EAGAIN);
	assert_int_equal(fake_ask(&f, "Context=-{AuditValue=ROOT{Audit{}}}"), 0);
	assert_int_equal(f.replies, 1);
	fake_apply(&f);
	assert_int_equal(f.replies, 2);
	assert_int_equal(fake_ask(&f, "Context=1{Subtract=*}"), 0);
	fake_apply(&f);
	assert_has(fake_reply(&f), "Statistics{nt/dur=0,nt/os=2000,nt/or=1000,xem/tcpest=");
	fake_free(&f);
}

static void test_audits(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, "Context=-{AuditValue=ROOT{Audit{}}}");
	assert_has(fake_reply(&f), "Context=-{AuditValue=ROOT}");
	(void)fake_ask(&f, "Context=-{AuditValue=ROOT{Audit{Media,Packages}}}");
	assert_has(fake_reply(&f), "root/maxNumberOfContexts=100000");
	assert_has(fake_reply(&f), "tlsbsc-1");
	(void)fake_ask(&f, "Context=${" ADD_CORE "," ADD_ACCESS "}");
	(void)fake_ask(&f, "Context=${" ADD_CORE "}");
	(void)fake_ask(&f, "Context=*{AuditValue=*{Audit{}}}");
	assert_has(
		fake_reply(&f),
		"Context=1{AuditValue=ip/core/1/1,AuditValue=ip/access/1/2},Context=2{AuditValue=ip/core/1/3}");
	(void)fake_ask(&f,
		       "Context=1{AuditValue=ip/access/*{Audit{Media,Events,Signals,Statistics}}}");
	assert_has(fake_reply(&f), "Mode=SendReceive,ipdc/realm=\"access\",xem/tcpin=forward");
	assert_has(fake_reply(&f),
		   "Events=1002{hangterm/thb{timerx=300},g/cause,tlsbsc/BNCChange{Stream=1}}");
	assert_has(fake_reply(&f), "nt/os=2000");
	assert_has(fake_reply(&f), ",Signals}}}");
	assert_string_equal(f.did, "STATS ");
	(void)fake_ask(&f, "Context=1{AuditValue=ip/core/1/3{Audit{}}}");
	assert_has(fake_reply(&f), "Error=435{");
	fake_free(&f);
}

/* A key goes to the plane and comes back in no audit. */
static void test_the_key_is_told_to_nobody(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f);
	f.options.coding.profile = &ms_h248_profile_mp;
	assert_int_equal(fake_start(&f), 0);
	fake_register(&f);
	(void)fake_ask(&f,
		       "Context=${Add=${Media{Stream=1{LocalControl{Mode=SendReceive,"
		       "xem/psk=\"00112233445566778899AABBCCDDEEFF\",xem/pskid=\"\"},Local{v=0\n"
		       "c=IN IP4 $\nm=message $ TCP/TLS/MSRP *\na=setup:active\n},Remote{v=0\n"
		       "c=IN IP4 198.51.100.7\nm=message 9999 TCP/TLS/MSRP *\na=setup:actpass\n}}},"
		       "Signals{tcpbcc/EstBNC{Stream=1},tlsbsc/EstBNC{Stream=1}}}}");
	assert_string_equal(f.did, "SET TCP TLS ");
	assert_int_equal(f.last.psk.len, 16);
	assert_int_equal(f.last.psk.b[15], 0xff);
	(void)fake_ask(&f, "Context=1{AuditValue=*{Audit{Media}}}");
	assert_has_not(fake_reply(&f), "psk");
	assert_has_not(fake_reply(&f), "AABBCC");
	/* not repeated, it stays (docs/mgw.md) */
	(void)fake_ask(&f, "Context=1{Modify=*{Media{Stream=1{LocalControl{Mode=ReceiveOnly}}}}}");
	assert_int_equal(f.last.psk.len, 16);
	assert_int_equal(f.last.mode, MS_BEARER_RECVONLY);
	fake_free(&f);
}

static void test_events_become_notifies(void **state)
{
	struct fake f;
	unsigned before;

	(void)state;
	fake_begin(&f);
	f.options.wall = 1; /* the clock of the test counts from 1970, 1000 s ago */
	assert_int_equal(fake_start(&f), 0);
	fake_register(&f);
	(void)fake_ask(&f, "Context=${" ADD_CORE "," ADD_ACCESS "}");
	fake_event(&f, MS_BEARER_TLS_FAILED, "fpmismatch");
	assert_has(fake_request(&f), "Context=1{Notify=ip/access/1/2{ObservedEvents=1002{"
				     "19700101T00164000:");
	assert_has(fake_request(&f),
		   "tlsbsc/BNCChange{Stream=1,Type=EstFail,Alert=255,Failurecause=\"fpmismatch\"}");
	fake_event(&f, MS_BEARER_RELEASED, "tcp-fin");
	assert_has(fake_request(&f), "g/cause{Stream=1,Generalcause=NR,Failurecause=\"tcp-fin\"}");
	before = f.requests;
	fake_event(&f, MS_BEARER_IDLE, ""); /* not armed */
	assert_int_equal(f.requests, before);
	fake_free(&f);
}

static void test_lockstep(void **state)
{
	struct fake f;
	unsigned before;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, "Context=${Add=${Media{TerminationState{Buffer=LockStep},"
			   "Stream=1{LocalControl{Mode=SendReceive}," LOCAL(
				   "TCP") "}},"
					  "Events=5{tcpbcc/BNCChange},EventBuffer{g/cause}}}");
	fake_event(&f, MS_BEARER_TCP_UP, "");
	assert_has(fake_request(&f), "Type=Est");
	before = f.requests;
	fake_event(&f, MS_BEARER_RELEASED, "tcp-rst");
	assert_int_equal(f.requests, before); /* it waits */
	(void)fake_ask(&f, "Context=1{Modify=*{Events=6{g/cause}}}");
	assert_int_equal(f.requests, before + 1);
	assert_has(fake_request(&f), "ObservedEvents=6{g/cause{");
	fake_free(&f);
}

static void test_move_and_topology(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, "Context=${" ADD_CORE "," ADD_ACCESS "}");
	(void)fake_ask(&f, "Context=${" ADD_CORE "}");
	(void)fake_ask(&f, "Context=2{Move=ip/access/1/2}");
	assert_has(fake_reply(&f), "Context=2{Move=ip/access/1/2}");
	assert_string_equal(f.did, "PAIR- PAIR ");
	(void)fake_ask(&f, "Context=2{Topology{ip/access/1/2,ip/core/1/3,Isolate}}");
	assert_string_equal(f.did, "PAIR- ");
	(void)fake_ask(&f, "Context=2{Subtract=ip/access/1/2{Audit{}}}");
	assert_int_equal(figures(&f).contexts, 2);
	(void)fake_ask(&f, "Context=*{W-Subtract=*{Audit{}}}");
	assert_int_equal(figures(&f).contexts, 0);
	assert_int_equal(f.reserved, f.released);
	fake_free(&f);
}

static void test_hanging_termination(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, "Context=${" ADD_CORE "}");
	f.now += 299 * MS_SEC;
	ms_mg_tick(f.g, f.now);
	assert_has_not(fake_request(&f), "thb");
	f.now += 2 * MS_SEC;
	ms_mg_tick(f.g, f.now);
	assert_has(fake_request(&f), "ObservedEvents=1001{hangterm/thb}");
	fake_answer(&f, 0, "Context=1{Notify=ip/core/1/1}");
	assert_int_equal(figures(&f).contexts, 1);
	f.now += 301 * MS_SEC;
	ms_mg_tick(f.g, f.now);
	fake_answer(&f, 0, "Context=1{Notify=ip/core/1/1{Error=430{\"?\"}}}");
	assert_int_equal(figures(&f).contexts, 0); /* nobody knows it: it goes */
	assert_int_equal(f.reserved, f.released);
	fake_free(&f);
}

static void test_limits(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f);
	f.options.limits = (struct ms_mg_limits){ .contexts = 1, .terminations = 2, .streams = 1 };
	assert_int_equal(fake_start(&f), 0);
	fake_register(&f);
	(void)fake_ask(&f, "Context=${" ADD_CORE "}");
	(void)fake_ask(&f, "Context=${" ADD_CORE "}");
	assert_has(fake_reply(&f), "Error=412{");
	(void)fake_ask(&f, "Context=1{" ADD_CORE "}");
	(void)fake_ask(&f, "Context=1{" ADD_CORE "}");
	assert_has(fake_reply(&f), "Error=434{");
	(void)fake_ask(&f, "Context=1{Modify=ip/core/1/1{Media{Stream=2{" LOCAL("TCP") "}}}}");
	assert_has(fake_reply(&f), "Error=510{");
	ms_mg_load(f.g, 100, f.now);
	(void)fake_ask(&f, "Context=${" ADD_CORE "}");
	assert_has(fake_reply(&f), "Error=511{");
	assert_has(ms_buf_cstr(&f.counts), "overload_refused");
	fake_free(&f);
}

/* ---- every allocation fails once ---- */

static void test_every_allocation_fails_once(void **state)
{
	struct fake f;
	bool through = false;

	(void)state;
	for (long n = 0; !through; n++) {
		assert_true(n < 200);
		fake_new(&f);
		f.tortured = true;
		f.fail_after = n;
		assert_int_equal(fake_ask(&f, "Context=${" ADD_CORE "," ADD_ACCESS "}"), 0);
		through = f.made <= (size_t)n;
		assert_int_equal(strstr(fake_reply(&f), "Error") == NULL, through);
		(void)fake_ask(&f, "Context=*{W-Subtract=*{Audit{}}}");
		assert_int_equal(figures(&f).contexts, 0);
		assert_int_equal(figures(&f).streams, 0);
		assert_int_equal(f.reserved, f.released);
		fake_free(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_originating),
		cmocka_unit_test(test_latching),
		cmocka_unit_test(test_terminating),
		cmocka_unit_test(test_refusals_leave_no_trace),
		cmocka_unit_test(test_commands_before_the_failing_one_stay),
		cmocka_unit_test(test_a_failed_apply_is_undone),
		cmocka_unit_test(test_a_busy_context_waits),
		cmocka_unit_test(test_audits),
		cmocka_unit_test(test_the_key_is_told_to_nobody),
		cmocka_unit_test(test_events_become_notifies),
		cmocka_unit_test(test_lockstep),
		cmocka_unit_test(test_move_and_topology),
		cmocka_unit_test(test_hanging_termination),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_every_allocation_fails_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
