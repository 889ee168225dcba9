/* SPDX-License-Identifier: Apache-2.0 */
/* Events and signals of the gateway engine, through both codecs: embedded descriptors, EventBuffer, completion. */
#include "fake-plane.h"

#define MEDIA                                                                \
	"Media{Stream=1{LocalControl{Mode=SendReceive,ipdc/realm=\"core\"}," \
	"Local{v=0\nc=IN IP4 $\nm=- $ TCP/TLS -\na=setup:active\n},"         \
	"Remote{v=0\nc=IN IP4 10.9.8.7\nm=- 2855 TCP/TLS -\n}}}"
#define T1 "ip/core/1/1"
#define TCP "tcpbcc/EstBNC{Stream=1}"
#define TLS "tlsbsc/EstBNC{Stream=1}"

/* One termination, with these descriptors behind its Media. */
static void begin(struct fake *f, const char *descriptors)
{
	char actions[2048];

	fake_new(f);
	f->version = 3;
	(void)snprintf(actions, sizeof(actions), "Context=${Add=${" MEDIA "%s}}", descriptors);
	(void)fake_ask(f, actions);
}

static bool counted(const struct fake *f, const char *counter)
{
	return strstr(ms_buf_cstr((struct ms_buf *)(uintptr_t)&f->counts), counter) != NULL;
}

static const char *audit(struct fake *f, const char *what)
{
	char actions[128];

	(void)snprintf(actions, sizeof(actions), "Context=1{AuditValue=" T1 "{Audit{%s}}}", what);
	(void)fake_ask(f, actions);
	return fake_reply(f);
}

/* TLS is begun by the gateway itself when TCP stands; new events are armed; one level, once. */
static void test_embedded(void **state)
{
	struct fake f;

	(void)state;
	begin(&f, ",Signals{" TCP "},Events=5{tcpbcc/BNCChange{Embed{Signals{" TLS "},"
		  "Events=6{g/cause,tlsbsc/BNCChange{Embed{Signals{}}}}}}}");
	assert_has_not(fake_reply(&f), "Error");
	assert_string_equal(f.did, "SET TCP ");
	fake_event(&f, MS_BEARER_TCP_UP, "");
	assert_string_equal(f.did, "SET TLS ");
	assert_int_equal(f.requests, 2); /* registration and one Notify */
	assert_has(fake_request(&f), "ObservedEvents=5{");
	assert_has(fake_request(&f), "tcpbcc/BNCChange{");
	assert_true(f.last.report_release && f.last.report_tls && !f.last.report_tcp);
	assert_has(audit(&f, "Events"), "Events=6{");
	/* the new descriptor is the one in force */
	fake_event(&f, MS_BEARER_TLS_UP, "");
	assert_has(fake_request(&f), "ObservedEvents=6{");
	assert_string_equal(f.did, "");
	fake_event(&f, MS_BEARER_RELEASED, "tcp-fin");
	assert_has(fake_request(&f), "g/cause");
	assert_true(counted(&f, "embedded_done"));
	assert_false(counted(&f, "embedded_failed"));
	fake_free(&f);
}

static void test_embedded_refused(void **state)
{
	static const char *const cases[][2] = {
		{ ",Events=1{g/cause{Embed{Signals{g/nothing}}}}", "Error=452{" },
		{ ",Events=1{g/cause{Embed{Signals{tcpbcc/EstBNC{Stream=7}}}}}", "Error=441{" },
		{ ",Events=1{g/cause{Embed{Events=2{it/ito{mit=5}}}}}", "Error=512{" },
		{ ",Events=1{g/cause{Embed{Events=2{g/sc{Stream=7}}}}}", "Error=449{" },
		{ ",Events=1{g/cause{KeepActive,Embed{Signals{" TCP "}}}}", "Error=473{" },
		{ ",Events=1{g/cause{ResetEventsDescriptor}}", "Error=501{" },
		{ ",Events=1{g/cause{RegulatedNotify}}", "Error=501{" },
		{ ",Events=1{nt/*}", "Error=512{" },
		{ ",Signals{tcpbcc/EstBNC{Stream=1,SignalType=OnOff}}", "Error=501{" },
		{ ",Signals{SignalList=1{" TLS "," TCP "}}", "Error=501{" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake f;

		if (fake_binary && i == 0) /* a name without a number */
			continue;
		begin(&f, cases[i][0]);
		if (!strstr(fake_reply(&f), cases[i][1]))
			fail_msg("%s -> %s", cases[i][0], fake_reply(&f));
		assert_string_equal(f.did, "");
		assert_int_equal(f.reserved, f.released);
		fake_free(&f);
	}
}

/* While a transaction works on the context it waits; replaced Events take it along. */
static void test_embedded_waits(void **state)
{
	struct fake f;

	(void)state;
	begin(&f, ",Signals{" TCP "},Events=5{tcpbcc/BNCChange{Embed{Signals{" TLS "}}}}");
	f.by_hand = true;
	(void)fake_ask(&f,
		       "Context=1{Modify=" T1 "{Media{Stream=1{LocalControl{Mode=SendOnly}}}}}");
	assert_string_equal(f.did, "SET ");
	fake_event(&f, MS_BEARER_TCP_UP, "");
	assert_string_equal(f.did, "");
	fake_apply(&f); /* the list of the Modify, then that of the embedded signal */
	assert_has(f.did, "TLS ");
	(void)fake_ask(&f,
		       "Context=1{Modify=" T1 "{Media{Stream=1{LocalControl{Mode=ReceiveOnly}}}}}");
	fake_apply(&f);
	/* again, but the controller arms other events meanwhile */
	fake_event(&f, MS_BEARER_RELEASED, "tcp-fin");
	(void)fake_ask(&f,
		       "Context=1{Modify=" T1 "{Media{Stream=1{LocalControl{Mode=SendOnly}}}}}");
	fake_event(&f, MS_BEARER_TCP_UP, "");
	f.did[0] = 0;
	f.fail_at = 0;
	fake_apply(&f);
	assert_has(f.did, "TLS ");
	fake_free(&f);
}

/* What cannot be carried out any more (no Remote address) leaves everything as it was. */
static void test_embedded_fails(void **state)
{
	struct fake f;

	(void)state;
	begin(&f, ",Events=5{g/cause{Embed{Signals{" TCP "},Events=6{g/cause}}}}");
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{Media{Stream=1{Remote{v=0\nc=IN IP4 0.0.0.0\n"
			   "m=- 0 TCP/TLS -\n}}}}}");
	assert_has_not(fake_reply(&f), "Error");
	fake_event(&f, MS_BEARER_RELEASED, "x");
	assert_string_equal(f.did, "");
	assert_true(counted(&f, "embedded_failed"));
	assert_has(audit(&f, "Events"), "Events=5{");
	fake_free(&f);
}

/* Version 3 NeverNotify: what is embedded happens, nobody is told. "package/ *" is all of a package. */
static void test_never_notify_and_all(void **state)
{
	struct fake f;

	(void)state;
	begin(&f, ",Signals{" TCP "},Events=5{tcpbcc/*{NeverNotify,Embed{Signals{" TLS "}}},g/*}");
	assert_has_not(fake_reply(&f), "Error");
	fake_event(&f, MS_BEARER_TCP_UP, "");
	assert_string_equal(f.did, "TLS ");
	assert_int_equal(f.requests, 1);
	assert_has(audit(&f, "Events"), "g/cause");
	assert_has(fake_reply(&f), "g/sc");
	fake_event(&f, MS_BEARER_RELEASED, "x");
	assert_has(fake_request(&f), "g/cause");
	fake_free(&f);
}

/* RFC 3525 section 7.1.9, EventBufferControl LockStep. */
static void test_event_buffer(void **state)
{
	struct fake f;

	(void)state;
	begin(&f, ",Events=5{tcpbcc/BNCChange},EventBuffer{g/cause,tlsbsc/BNCChange}");
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{Media{TerminationState{Buffer=LockStep}}}}");
	assert_has_not(fake_reply(&f), "Error");
	fake_event(&f, MS_BEARER_TCP_UP, "");
	assert_has(fake_request(&f), "ObservedEvents=5{");
	fake_event(&f, MS_BEARER_TLS_UP, "");
	fake_event(&f, MS_BEARER_RELEASED, "x");
	assert_int_equal(f.requests, 2);
	assert_has(audit(&f, "ObservedEvents"), "tlsbsc/BNCChange");
	assert_has(fake_reply(&f), "g/cause");
	/* the first that the new Events have is told, the one before it dropped */
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{Events=7{g/cause}}}");
	assert_int_equal(f.requests, 3);
	assert_has(fake_request(&f), "ObservedEvents=7{");
	assert_has(fake_request(&f), "g/cause");
	assert_has_not(audit(&f, "ObservedEvents"), "tlsbsc");
	/* an empty EventBuffer descriptor clears what is buffered */
	fake_event(&f, MS_BEARER_TLS_UP, "");
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{EventBuffer}}");
	assert_has_not(audit(&f, "ObservedEvents"), "tlsbsc");
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{EventBuffer{tlsbsc/BNCChange}}}");
	fake_event(&f, MS_BEARER_TLS_UP, "");
	assert_int_equal(f.requests, 3);
	/* Off discards it and goes on with the active Events */
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{Media{TerminationState{Buffer=OFF}}}}");
	fake_event(&f, MS_BEARER_RELEASED, "x");
	assert_int_equal(f.requests, 4);
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{Events=8{tlsbsc/BNCChange}}}");
	assert_int_equal(f.requests, 4);
	fake_free(&f);
}

/* An embedded Events descriptor is a new one for the EventBuffer, too. */
static void test_lockstep_embedded(void **state)
{
	struct fake f;

	(void)state;
	begin(&f, ",Events=5{tcpbcc/BNCChange{Embed{Events=6{g/cause}}}},EventBuffer{g/cause}");
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{Media{TerminationState{Buffer=LockStep}}}}");
	fake_event(&f, MS_BEARER_TCP_UP, "");
	assert_int_equal(f.requests, 2);
	fake_event(&f, MS_BEARER_RELEASED, "x");
	assert_int_equal(f.requests, 3);
	assert_has(fake_request(&f), "ObservedEvents=6{");
	fake_event(&f, MS_BEARER_RELEASED, "y"); /* locked: into the buffer */
	assert_int_equal(f.requests, 3);
	fake_free(&f);
}

/* A release that no controller heard of does not lock: it is told to the next one. */
static void test_lockstep_alone(void **state)
{
	struct fake f;

	(void)state;
	begin(&f, ",Events=5{g/cause},EventBuffer{g/cause}");
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{Media{TerminationState{Buffer=LockStep}}}}");
	ms_mg_controller_lost(f.g, 0, f.now);
	fake_event(&f, MS_BEARER_RELEASED, "x");
	for (unsigned i = 0; i < 60 && ms_mg_state(f.g) != MS_MG_REGISTERING; i++) {
		f.now += MS_SEC;
		ms_mg_tick(f.g, f.now);
	}
	fake_answer(&f, 0, "Context=-{ServiceChange=ROOT{Services{Version=2}}}");
	assert_has(fake_request(&f), "ObservedEvents=5{g/cause{");
	assert_has(fake_request(&f), "while-alone");
	fake_free(&f);
}

/* RFC 3525 section 7.1.11 and E.1.2. */
static void test_completion(void **state)
{
	struct fake f;

	(void)state;
	begin(&f,
	      ",Signals{SignalList=9{tcpbcc/EstBNC{Stream=1,NotifyCompletion={TimeOut}},"
	      "tlsbsc/EstBNC{Stream=1,NotifyCompletion={TimeOut,IntBySigDescr}}}},Events=5{g/sc}");
	assert_has_not(fake_reply(&f), "Error");
	assert_string_equal(f.did, "SET TCP TLS ");
	/* the same list goes on, whatever is in it now */
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{Signals{SignalList=9{" TCP "," TLS "}}}}");
	assert_string_equal(f.did, "");
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{Signals{tcpbcc/EstBNC{Stream=1,KeepActive}}}}");
	assert_string_equal(f.did, "");
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{Signals{SignalList=9{"
			   "tcpbcc/EstBNC{Stream=1,NotifyCompletion={TimeOut}},"
			   "tlsbsc/EstBNC{Stream=1,NotifyCompletion={IntBySigDescr}}}}}}");
	fake_event(&f, MS_BEARER_TCP_UP, "");
	assert_has(fake_request(&f), "SigID=\"tcpbcc/EstBNC\"");
	assert_has(fake_request(&f), "Meth=TO");
	assert_has(fake_request(&f), "SLID=9");
	assert_int_equal(f.requests, 2);
	/* halted by the next signals */
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{Signals{tcpbcc/RelBNC{Stream=1}}}}");
	assert_has(fake_request(&f), "SigID=\"tlsbsc/EstBNC\"");
	assert_has(fake_request(&f), "Meth=SD");
	assert_int_equal(f.requests, 3);
	fake_free(&f);
}

/* Without NotifyCompletion: only what was not completed. */
static void test_completion_default(void **state)
{
	struct fake f;

	(void)state;
	begin(&f, ",Signals{" TCP "},Events=5{g/sc}");
	fake_event(&f, MS_BEARER_TCP_UP, "");
	assert_int_equal(f.requests, 1);
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{Signals{" TLS "}}}");
	fake_event(&f, MS_BEARER_TLS_FAILED, "timeout");
	assert_int_equal(f.requests, 2);
	assert_has(fake_request(&f), "Meth=NC");
	assert_has_not(fake_request(&f), "SLID");
	fake_free(&f);
}

/* ROOT: an overload arms another event; signals there are none. */
static void test_root_embedded(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, "Context=-{Modify=ROOT{Events=3{ocp/mg_overload{Embed{"
			   "Events=4{it/ito{mit=100}}}}}}}");
	assert_has_not(fake_reply(&f), "Error");
	ms_mg_load(f.g, 90, f.now);
	assert_has(fake_request(&f), "ObservedEvents=3{");
	(void)fake_ask(&f, "Context=-{AuditValue=ROOT{Audit{Events}}}");
	assert_has(fake_reply(&f), "Events=4{");
	(void)fake_ask(&f, "Context=-{Modify=ROOT{Events=3{ocp/mg_overload{Embed{Signals{" TCP
			   "}}}}}}");
	assert_has(fake_reply(&f), "Error=513{");
	fake_free(&f);
}

static void test_without_memory(void **state)
{
	long fails = 0;

	(void)state;
	for (bool done = false; !done; fails++) {
		struct fake f;

		begin(&f, ",Signals{" TCP "},Events=5{tcpbcc/BNCChange{Embed{Signals{" TLS "},"
			  "Events=6{g/cause}}}}");
		ms_alloc_fail_after(fails);
		fake_event(&f, MS_BEARER_TCP_UP, "");
		ms_alloc_fail_after(-1);
		done = strstr(f.did, "TLS ") != NULL;
		(void)fake_ask(&f, "Context=*{W-Subtract=*{Audit{}}}");
		assert_int_equal(f.reserved, f.released);
		fake_free(&f);
		assert_true(fails < 1000);
	}
	assert_true(fails > 3);
}

#define BOTH(name)                                                                 \
	{ #name " (fake_as_text)", test_##name, fake_as_text, NULL, NULL },        \
	{                                                                          \
#name " (fake_as_binary)", test_##name, fake_as_binary, NULL, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(embedded),
		BOTH(embedded_refused),
		BOTH(embedded_waits),
		BOTH(embedded_fails),
		BOTH(never_notify_and_all),
		BOTH(event_buffer),
		BOTH(lockstep_embedded),
		BOTH(lockstep_alone),
		BOTH(completion),
		BOTH(completion_default),
		BOTH(root_embedded),
		{ "without_memory", test_without_memory, fake_as_text, NULL, NULL },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
