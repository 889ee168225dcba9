/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts as a whole, through both codecs: topology, attributes, selection, W-, ServiceChange. */
#include "fake-plane.h"

#define ADD(realm)                                                                  \
	"Add=${Media{Stream=1{LocalControl{Mode=SendReceive,ipdc/realm=\"" realm    \
	"\"},Local{v=0\nc=IN IP4 $\nm=- $ TCP -\n},Remote{v=0\nc=IN IP4 10.9.8.7\n" \
	"m=- 2855 TCP -\n}}}}"
#define TWO "Context=${" ADD("core") "," ADD("access") "}"
#define T1 "ip/core/1/1"
#define T2 "ip/access/1/2"
#define T3 "ip/core/1/3"

static struct ms_mg_figures figures(const struct fake *f)
{
	struct ms_mg_figures ret;

	ms_mg_figures(f->g, &ret);
	return ret;
}

/* RFC 3525 section 7.1.18. Endpoint n is that of the n-th termination. */
static void test_one_way(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, TWO);
	assert_string_equal(f.did, "SET SET PAIR ");
	assert_int_equal(f.flow, MS_PLANE_BOTHWAY);
	(void)fake_ask(&f, "Context=1{Topology{" T1 "," T2 ",Oneway}}");
	assert_string_equal(f.did, "PAIR ");
	assert_int_equal(f.flow, f.paired[0] == 1 ? MS_PLANE_FORWARD : MS_PLANE_BACKWARD);
	(void)fake_ask(&f, "Context=1{Topology{" T2 "," T1 ",Oneway}}");
	assert_string_equal(f.did, "PAIR ");
	assert_int_equal(f.flow, f.paired[0] == 2 ? MS_PLANE_FORWARD : MS_PLANE_BACKWARD);
	/* again the same changes nothing */
	(void)fake_ask(&f, "Context=1{Topology{" T2 "," T1 ",Oneway}}");
	assert_string_equal(f.did, "");
	(void)fake_ask(&f, "Context=1{ContextAudit{Topology}}");
	assert_has(fake_reply(&f), "Topology{" T2 "," T1 ",Oneway}");
	(void)fake_ask(&f, "Context=1{Topology{" T1 "," T2 ",Isolate}}");
	assert_string_equal(f.did, "PAIR- ");
	(void)fake_ask(&f, "Context=1{Topology{*,*,Bothway}}");
	assert_has(fake_reply(&f), "Context=1{Priority=0}"); /* never empty */
	assert_string_equal(f.did, "PAIR ");
	assert_int_equal(f.flow, MS_PLANE_BOTHWAY);
	fake_free(&f);
}

/* The plane refuses: the flow is what it was, in the audit as well. */
static void test_one_way_undone(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, TWO);
	(void)fake_ask(&f, "Context=1{Topology{" T1 "," T2 ",Oneway}}");
	f.fail_at = 1;
	(void)fake_ask(&f, "Context=1{Topology{" T2 "," T1 ",Oneway}}");
	assert_has(fake_reply(&f), "Error=510{");
	assert_string_equal(f.did, "PAIR! ");
	(void)fake_ask(&f, "Context=1{ContextAudit{Topology}}");
	assert_has(fake_reply(&f), "Topology{" T1 "," T2 ",Oneway}");
	(void)fake_ask(&f, "Context=1{Topology{" T1 "," T2 ",Oneway}}");
	assert_string_equal(f.did, "");
	fake_free(&f);
}

/* Three terminations: who is isolated from the third is a pair; what is not mentioned stays. */
static void test_three(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, "Context=${Topology{$,*,Isolate}," ADD("core") "," ADD("access") "," ADD(
				   "core") "}");
	assert_has(fake_reply(&f), T3);
	assert_string_equal(f.did, "SET SET SET PAIR ");
	assert_int_equal(f.paired[0] + f.paired[1], 2 + 3);
	/* from 2-3 to 1-3 */
	(void)fake_ask(&f, "Context=1{Topology{" T2 ",*,Isolate," T1 "," T3 ",Bothway}}");
	assert_string_equal(f.did, "PAIR- PAIR ");
	assert_int_equal(f.paired[0] + f.paired[1], 1 + 3);
	/* 1-2 is still isolated */
	(void)fake_ask(&f, "Context=1{ContextAudit{Topology}}");
	assert_has(fake_reply(&f), T2 "," T1 ",Isolate");
	(void)fake_ask(&f, "Context=1{Subtract=" T2 "{Audit{}}}");
	(void)fake_ask(&f, "Context=1{ContextAudit{Topology}}");
	assert_has_not(fake_reply(&f), T2);
	fake_free(&f);
}

/* A rule of a termination that has moved away is forgotten, and comes back when the move is undone. */
static void test_topology_and_move(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, TWO);
	(void)fake_ask(&f, "Context=${" ADD("core") "}");
	(void)fake_ask(&f, "Context=1{Topology{" T1 "," T2 ",Isolate}}");
	f.fail_at = 1;
	(void)fake_ask(&f, "Context=2{Move=" T2 "}");
	assert_has(fake_reply(&f), "Error=510{");
	(void)fake_ask(&f, "Context=1{ContextAudit{Topology}}");
	assert_has(fake_reply(&f), "Isolate");
	(void)fake_ask(&f, "Context=2{Move=" T2 "}");
	assert_string_equal(f.did, "PAIR ");
	(void)fake_ask(&f, "Context=2{Subtract=" T2 "{Audit{}}}");
	(void)fake_ask(&f, "Context=1{ContextAudit{Topology}}");
	assert_has_not(fake_reply(&f), "Isolate");
	fake_free(&f);
}

static void test_topology_of_a_stream(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	f.version = 3;
	(void)fake_ask(&f, TWO);
	(void)fake_ask(&f, "Context=1{Topology{" T1 "," T2 ",Isolate}}");
	(void)fake_ask(&f, "Context=1{Topology{" T1 "," T2 ",Oneway,Stream=1}}");
	assert_string_equal(f.did, "PAIR ");
	assert_int_not_equal(f.flow, MS_PLANE_BOTHWAY);
	(void)fake_ask(&f, "Context=1{ContextAudit{Topology}}");
	assert_has(fake_reply(&f), T2 ",Isolate," T1);
	assert_has(fake_reply(&f), "Oneway,Stream=1");
	/* a rule for all streams replaces it */
	(void)fake_ask(&f, "Context=1{Topology{" T1 "," T2 ",Isolate}}");
	assert_string_equal(f.did, "PAIR- ");
	fake_free(&f);
}

static void test_topology_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "Topology{" T1 ",*,Oneway}", "Error=421{" },
		{ "Topology{" T1 "," T3 ",Isolate}", "Error=430{" },
		{ "Topology{$," T1 ",Isolate}", "Error=421{" },
		{ "Topology{" T1 "," T1 ",Bothway}", "Error=431{" },
		{ "Topology{" T1 "," T2 ",Oneway,Stream=9}", "Error=449{" },
		{ "Topology{" T1 "," T2 ",OnewayBoth}", "Error=501{" },
	};
	struct fake f;

	(void)state;
	fake_new(&f);
	f.version = 3;
	(void)fake_ask(&f, TWO);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char actions[256];

		(void)snprintf(actions, sizeof(actions), "Context=1{%s}", cases[i][0]);
		(void)fake_ask(&f, actions);
		assert_has(fake_reply(&f), cases[i][1]);
		assert_string_equal(f.did, "");
		(void)fake_ask(&f, "Context=1{ContextAudit{Topology}}");
		assert_has(fake_reply(&f), "Topology{" T1 "," T2 ",Bothway}");
	}
	fake_free(&f);
}

/* ---- attributes and version 3's selection ---- */

static void test_attributes(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	f.version = 3;
	(void)fake_ask(&f, TWO);
	(void)fake_ask(&f, "Context=1{Priority=3,Emergency,ContextAudit{Emergency,Priority}}");
	assert_has(fake_reply(&f), "Priority=3"); /* as they are afterwards */
	assert_has(fake_reply(&f), "Emergency");
	if (!fake_binary) { /* a name without a number */
		(void)fake_ask(&f, "Context=1{ContextAudit{foo/bar}}");
		assert_has(fake_reply(&f), "Error=445{");
	}
	(void)fake_ask(&f, "Context=-{Priority=3}");
	assert_has(fake_reply(&f), "Error=421{");
	fake_free(&f);
}

static void test_selection(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	f.version = 3;
	for (unsigned i = 0; i < 3; i++)
		(void)fake_ask(&f, TWO);
	(void)fake_ask(&f, "Context=2{Emergency,Priority=7}");
	(void)fake_ask(&f, "Context=3{Priority=7}");
	(void)fake_ask(&f, "Context=*{ContextAudit{Priority=7},AuditValue=*{Audit{}}}");
	assert_has_not(fake_reply(&f), "Context=1{");
	assert_has(fake_reply(&f), "Context=2{");
	assert_has(fake_reply(&f), "Context=3{");
	(void)fake_ask(&f, "Context=*{ContextAudit{ANDLgc,Priority=7,EmergencyValue=EmergencyOff},"
			   "AuditValue=*{Audit{}}}");
	assert_has_not(fake_reply(&f), "Context=2{");
	assert_has(fake_reply(&f), "Context=3{");
	(void)fake_ask(&f, "Context=*{ContextAudit{ORLgc,Priority=0,EmergencyValue=Emergency},"
			   "AuditValue=*{Audit{}}}");
	assert_has(fake_reply(&f), "Context=1{");
	assert_has(fake_reply(&f), "Context=2{");
	assert_has_not(fake_reply(&f), "Context=3{");
	/* a list of contexts, for any action */
	(void)fake_ask(&f, "Context=*{ContextAttr{ContextList={1,3}},W-Subtract=*{Audit{}}}");
	assert_has(fake_reply(&f), "Context=*{Subtract=*}");
	assert_int_equal(figures(&f).contexts, 1);
	(void)fake_ask(&f, "Context=*{ContextAttr{ContextList={1,2}},AuditValue=*{Audit{}}}");
	assert_has(fake_reply(&f), "Error=411{");
	(void)fake_ask(&f, "Context=2{ContextAttr{ContextList={2}},AuditValue=*{Audit{}}}");
	assert_has(fake_reply(&f), "Error=421{");
	(void)fake_ask(&f, "Context=*{ContextAudit{Priority=1},AuditValue=*{Audit{}}}");
	assert_has(fake_reply(&f), "Error=431{");
	fake_free(&f);
}

/* RFC 3525 section 7.2.5: what audits in all contexts tell. */
static void test_everywhere(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	for (unsigned i = 0; i < 2; i++)
		(void)fake_ask(&f, TWO);
	(void)fake_ask(&f, "Context=*{AuditValue=ROOT{Audit{}}}");
	assert_has(fake_reply(&f), "Context=1{AuditValue=ROOT}");
	assert_has(fake_reply(&f), "Context=2{AuditValue=ROOT}");
	(void)fake_ask(&f, "Context=*{AuditValue=ip/access/1/4{Audit{}}}");
	assert_has(fake_reply(&f), "Context=2{AuditValue=ip/access/1/4}");
	assert_has_not(fake_reply(&f), "Context=1{");
	(void)fake_ask(&f, "Context=*{W-AuditValue=ip/core/1/*{Audit{Packages}}}");
	assert_has(fake_reply(&f), "Context=*{AuditValue=ip/core/1/*{Packages{");
	assert_has_not(fake_reply(&f), "Context=1");
	assert_null(strstr(strstr(fake_reply(&f), "Packages{") + 1, "Packages{"));
	(void)fake_ask(&f, "Context=1{W-AuditValue=*{Audit{Packages}}}");
	assert_has(fake_reply(&f), "Context=1{AuditValue=*{Packages{");
	assert_has_not(fake_reply(&f), "ip/core");
	(void)fake_ask(&f, "Context=1{W-AuditValue=ip/core/1/99{Audit{}}}");
	assert_has(fake_reply(&f), "Error=430{");
	fake_free(&f);
}

/* ---- ServiceChange by the controller (RFC 3525 section 7.2.8) ---- */

static const char *state_of(struct fake *f, const char *termination)
{
	char actions[128];

	(void)snprintf(actions, sizeof(actions), "Context=*{AuditValue=%s{Audit{Media}}}",
		       termination);
	(void)fake_ask(f, actions);
	return strstr(fake_reply(f), "ServiceStates=");
}

static void later(struct fake *f, unsigned seconds)
{
	while (seconds--) {
		f->now += MS_SEC;
		ms_mg_tick(f->g, f->now);
	}
	fake_apply(f);
}

#define IN "ServiceStates=InService"
#define OUT "ServiceStates=OutOfService"

static void test_terminations_change(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, TWO);
	assert_has(state_of(&f, T1), IN);
	(void)fake_ask(&f, "Context=1{ServiceChange=" T1
			   "{Services{Method=Forced,Reason=\"905 Taken\"}}}");
	assert_string_equal(f.did, "RELEASE ");
	assert_has(state_of(&f, T1), OUT);
	assert_has(state_of(&f, T2), IN);
	(void)fake_ask(&f, "Context=1{ServiceChange=*{Services{Method=Restart,Reason=\"900 Back\","
			   "Delay=5}}}");
	later(&f, 3);
	assert_has(state_of(&f, T1), OUT);
	later(&f, 3);
	assert_has(state_of(&f, T1), IN);
	/* graceful: nothing is released, and without a delay it lasts as long as the termination */
	(void)fake_ask(&f, "Context=1{W-ServiceChange=*{Services{Method=Graceful,"
			   "Reason=\"905 Taken\",Delay=10}}}");
	assert_has(fake_reply(&f), "ServiceChange=*");
	assert_string_equal(f.did, "");
	later(&f, 12);
	assert_has(state_of(&f, T1), OUT);
	assert_has(state_of(&f, T2), OUT);
	(void)fake_ask(&f,
		       "Context=1{ServiceChange=*{Services{Method=Restart,Reason=\"900 Back\"}}}");
	assert_has(state_of(&f, T2), IN);
	(void)fake_ask(
		&f, "Context=1{ServiceChange=*{Services{Method=Graceful,Reason=\"905 Taken\"}}}");
	later(&f, 100);
	assert_has(state_of(&f, T2), IN);
	(void)fake_ask(&f,
		       "Context=1{ServiceChange=*{Services{Method=Failover,Reason=\"908 x\"}}}");
	assert_has(fake_reply(&f), "Error=449{");
	(void)fake_ask(
		&f, "Context=1{ServiceChange=*{Services{Method=Disconnected,Reason=\"900 x\"}}}");
	assert_has(fake_reply(&f), "Error=449{");
	fake_free(&f);
}

static void test_root_changes(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, TWO);
	(void)fake_ask(&f, "Context=-{ServiceChange=ROOT{Services{Method=Graceful,"
			   "Reason=\"905 Taken\",Delay=20}}}");
	assert_has(fake_reply(&f), "Context=-{ServiceChange=ROOT");
	assert_has_not(fake_reply(&f), "Error");
	(void)fake_ask(&f, TWO);
	assert_has(fake_reply(&f), "Error=503{");
	assert_has(state_of(&f, T1), IN); /* calls go on */
	later(&f, 22);
	assert_has(state_of(&f, T1), OUT);
	(void)fake_ask(&f, "Context=-{ServiceChange=ROOT{Services{Method=Restart,"
			   "Reason=\"900 Back\"}}}");
	assert_has(state_of(&f, T1), IN);
	(void)fake_ask(&f, TWO);
	assert_int_equal(figures(&f).contexts, 2);
	(void)fake_ask(&f, "Context=1{Subtract=*{Audit{}}}");
	(void)fake_ask(&f, "Context=-{ServiceChange=ROOT{Services{Method=Forced,"
			   "Reason=\"905 Taken\"}}}");
	assert_has_not(fake_reply(&f), "Error");
	fake_apply(&f);
	assert_int_equal(figures(&f).contexts, 0);
	assert_int_equal(f.reserved, f.released);
	(void)fake_ask(&f, TWO);
	assert_has(fake_reply(&f), "Error=503{");
	(void)fake_ask(&f, "Context=-{ServiceChange=ROOT{Services{Method=Restart,"
			   "Reason=\"900 Back\",Delay=4}}}");
	(void)fake_ask(&f, TWO);
	assert_has(fake_reply(&f), "Error=503{");
	later(&f, 6);
	(void)fake_ask(&f, TWO);
	assert_int_equal(figures(&f).contexts, 1);
	(void)fake_ask(&f,
		       "Context=-{ServiceChange=ROOT{Services{Method=Failover,Reason=\"908 x\"}}}");
	assert_has(fake_reply(&f), "Error=449{");
	fake_free(&f);
}

#define BOTH(name)                                                                 \
	{ #name " (fake_as_text)", test_##name, fake_as_text, NULL, NULL },        \
	{                                                                          \
#name " (fake_as_binary)", test_##name, fake_as_binary, NULL, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(one_way),
		BOTH(one_way_undone),
		BOTH(three),
		BOTH(topology_and_move),
		BOTH(topology_of_a_stream),
		BOTH(topology_refused),
		BOTH(attributes),
		BOTH(selection),
		BOTH(everywhere),
		BOTH(terminations_change),
		BOTH(root_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
