/* SPDX-License-Identifier: Apache-2.0 */
/* Audits of the gateway engine, through both codecs: individual items, capabilities, statistics of streams. */
#include "fake-plane.h"

#define STREAM(id)                                                                      \
	"Stream=" id                                                                    \
	"{LocalControl{Mode=SendReceive,ipdc/realm=\"core\",gm/saf=on,ds/dscp=\"2e\"}," \
	"Local{v=0\nc=IN IP4 $\nm=- $ TCP -\n},Remote{v=0\nc=IN IP4 10.9.8.7\nm=- 2855 TCP -\n}}"
#define T1 "ip/core/1/1"

static void begin(struct fake *f)
{
	fake_new(f);
	f->version = 3;
	(void)fake_ask(
		f,
		"Context=${Add=${Media{" STREAM("1") "," STREAM(
			"2") "},Signals{tcpbcc/EstBNC{"
			     "Stream=1}},Events=5{g/cause{Stream=1},g/cause{Stream=2},adid/ipstop{Stream=2,"
			     "dt=60,dir=IN}},EventBuffer{g/cause,g/sc}}}");
	assert_has_not(fake_reply(f), "Error");
}

static const char *ask(struct fake *f, const char *command, const char *items)
{
	char actions[512];

	(void)snprintf(actions, sizeof(actions), "Context=1{%s=" T1 "{Audit{%s}}}", command, items);
	(void)fake_ask(f, actions);
	return fake_reply(f);
}

/* All of what is asked for and nothing else: `has` and `not` are lists of words. */
static const struct {
	const char *asked, *has[4], *not [4];
} items[] = {
	{ "Media{Stream=1{LocalControl{Mode}}}",
	  { "Stream=1{LocalControl{Mode=SendReceive}}" },
	  { "Stream=2", "saf", "Local{", "TerminationState" } },
	{ "Media{Stream=2{LocalControl{gm/saf,ds/dscp}}}",
	  { "Stream=2{LocalControl{gm/saf=on,ds/dscp=\"2E\"}}" },
	  { "Stream=1", "Mode", "Remote" } },
	{ "Media{Stream=1{LocalControl{gm/spf}}}", { "gm/spf=off" }, { "gm/saf" } }, /* default */
	{ "Media{TerminationState{ServiceStates}}",
	  { "TerminationState{ServiceStates=InService}" },
	  { "Stream", "Buffer" } },
	{ "Media{TerminationState{Buffer}}", { "Buffer=OFF" }, { "Service" } },
	{ "Media{Stream=1{Remote}}", { "10.9.8.7" }, { "192.0.2.10", "Mode" } },
	{ "Events{g/cause{Stream=2}}", { "Events=5{g/cause{Stream=2}}" }, { "adid", "Stream=1" } },
	{ "Events{adid/ipstop}", { "dt=60", "dir=IN" }, { "g/cause" } },
	{ "Events{it/ito}", { "Events}" }, { "g/cause" } },
	{ "Signals{tcpbcc/EstBNC}", { "Signals{tcpbcc/EstBNC{Stream=1}}" }, { "tlsbsc" } },
	{ "Signals{tlsbsc/EstBNC}", { "Signals}" }, { "tcpbcc" } },
	{ "EventBuffer{g/sc}", { "EventBuffer{g/sc}" }, { "cause" } },
	{ "Statistics{nt/os}", { "nt/os=4000" }, { "nt/or", "nt/dur", "xem" } },
	{ "Statistics{nt/os},Events,Media{Stream=1{LocalControl{Mode}}}",
	  { "nt/os=4000", "adid", "Mode=SendReceive" },
	  { "nt/or", "saf" } },
};

static void test_individual(void **state)
{
	struct fake f;

	(void)state;
	begin(&f);
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		const char *reply = ask(&f, "AuditValue", items[i].asked);

		for (size_t k = 0; k < 4; k++) {
			if (items[i].has[k] && !strstr(reply, items[i].has[k]))
				fail_msg("%s: no %s in %s", items[i].asked, items[i].has[k], reply);
			if (items[i].not [k] && strstr(reply, items[i].not [k]))
				fail_msg("%s: %s in %s", items[i].asked, items[i].not [k], reply);
		}
	}
	fake_free(&f);
}

/* Version 3: the value that is asked for selects. */
static void test_values_select(void **state)
{
	struct fake f;

	(void)state;
	begin(&f);
	assert_has(ask(&f, "AuditValue", "Media{TerminationState{ServiceStates=InService}}"),
		   "ServiceStates=InService");
	assert_has_not(ask(&f, "AuditValue", "Media{TerminationState{ServiceStates=Test}}"),
		       "Service");
	assert_has(ask(&f, "AuditValue", "Media{Stream=1{LocalControl{Mode=SendReceive}}}"),
		   "Mode");
	assert_has_not(ask(&f, "AuditValue", "Media{Stream=1{LocalControl{Mode=Inactive}}}"),
		       "Mode");
	fake_free(&f);
}

static void test_individual_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "Media{Stream=1{LocalControl{root/maxNumberOfContexts}}}", "Error=445{" },
		{ "Media{TerminationState{gm/saf}}", "Error=445{" },
		{ "Media{Stream=1{LocalControl{xem/psk}}}", "Error=445{" },
		{ "Statistics{rtp/ps}", "Error=453{" },
	};
	struct fake f;

	(void)state;
	begin(&f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_has(ask(&f, "AuditValue", cases[i][0]), cases[i][1]);
	if (!fake_binary) {
		assert_has(ask(&f, "AuditValue", "Media{Stream=1{LocalControl{gm/none}}}"),
			   "Error=450{");
		assert_has(ask(&f, "AuditValue", "Statistics{foo/bar}"), "Error=440{");
	}
	fake_free(&f);
}

static void test_root(void **state)
{
	struct fake f;

	(void)state;
	begin(&f);
	(void)fake_ask(&f, "Context=-{AuditValue=ROOT{Audit{Media{TerminationState{"
			   "root/maxTerminationsPerContext}}}}}");
	assert_has(fake_reply(&f), "{root/maxTerminationsPerContext=16}");
	assert_has_not(fake_reply(&f), "maxNumberOfContexts");
	fake_free(&f);
}

/* ---- RFC 3525 section 7.2.6 ---- */

static void test_capabilities(void **state)
{
	struct fake f;
	const char *r;

	(void)state;
	begin(&f);
	r = ask(&f, "AuditCapability", "Media");
	assert_has(r, "ipdc/realm={\"core\",\"access\"}");
	assert_has(r, "tman/pol={on,off}");
	assert_has(r, "ds/tb=off");
	assert_has(r, "xem/tcpmode={proxy,relay,merge}");
	assert_has(r, "tman/sdr=[0:");
	assert_has_not(r, "xem/psk"); /* Mp's */
	assert_has(r, "m=message $ TCP/TLS/MSRP *");
	assert_has(r, "m=- $ TCP -");
	r = ask(&f, "AuditCapability", "Events,Signals");
	assert_has(r, "adid/ipstop{dt=[1:2147483647],dir={IN,OUT,BOTH}}");
	assert_has(r, "g/sc");
	assert_has_not(r, "it/ito"); /* ROOT's */
	assert_has(r, "ipnapt/latch{napt={OFF,LATCH,RELATCH}}");
	assert_has(r, "tcpbcc/RelBNC{Generalcause={NR,UR,FT,FP,IW,UN},Reset={on,off}}");
	r = ask(&f, "AuditCapability", "Statistics,ObservedEvents,EventBuffer");
	assert_has(r, "nt/dur,nt/os,nt/or");
	assert_has(r, "ObservedEvents=5{g/cause{Stream=1},");
	assert_has(r, "EventBuffer{g/cause,");
	assert_has(ask(&f, "AuditCapability", "Packages"), "Error=447{");
	assert_has(ask(&f, "AuditCapability", "DigitMap"), "Error=447{");
	(void)fake_ask(&f, "Context=-{AuditCapability=ROOT{Audit{Media,Events,Signals}}}");
	assert_has(fake_reply(&f), "root/maxNumberOfContexts=[1:");
	assert_has(fake_reply(&f), "it/ito{mit=[1:");
	assert_has(fake_reply(&f), "Signals");
	(void)fake_ask(&f, "Context=*{W-AuditCapability=*{Audit{Events,Statistics,Media}}}");
	assert_has(fake_reply(&f), "Context=*{AuditCapability=*{Media{");
	assert_null(strstr(strstr(fake_reply(&f), "g/cause") + 1, "g/cause"));
	fake_free(&f);
}

/* ---- statistics ---- */

static void test_statistics_of_a_stream(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f);
	f.options.version = 3;
	assert_int_equal(fake_start(&f), 0);
	ms_mg_tick(f.g, f.now);
	fake_answer(&f, 0, "Context=-{ServiceChange=ROOT{Services{Version=3}}}");
	f.version = 3;
	(void)fake_ask(&f,
		       "Context=${Add=${Media{Stream=1{LocalControl{Mode=SendReceive},Local{v=0\n"
		       "c=IN IP4 $\nm=- $ TCP -\n},Statistics{nt/os,nt/or}},Stream=2{LocalControl{"
		       "Mode=SendReceive},Local{v=0\nc=IN IP4 $\nm=- $ TCP -\n}}}}}");
	assert_has_not(fake_reply(&f), "Error");
	f.now += 3 * MS_SEC;
	(void)fake_ask(&f, "Context=1{AuditValue=" T1 "{Audit{Statistics}}}");
	assert_has(fake_reply(&f), "Stream=1{Statistics{nt/os=2000,nt/or=1000}}");
	assert_has(fake_reply(&f), "nt/dur=3000,nt/os=2000,nt/or=1000,");
	(void)fake_ask(&f,
		       "Context=1{AuditValue=" T1 "{Audit{Media{Stream=2{Statistics{nt/or}}}}}}");
	assert_has(fake_reply(&f), "Stream=2{Statistics{nt/or=1000}}");
	assert_has_not(fake_reply(&f), "nt/dur");
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{Statistics{nt/dur}}}");
	assert_has_not(fake_reply(&f), "Error");
	(void)fake_ask(&f, "Context=1{Modify=" T1 "{Statistics{rtp/ps}}}");
	assert_has(fake_reply(&f), "Error=453{");
	(void)fake_ask(&f, "Context=1{Subtract=" T1 "}");
	assert_has(fake_reply(&f), "Stream=1{Statistics{nt/os=2000,nt/or=1000}}");
	assert_has(fake_reply(&f), "Statistics{nt/dur=3000}");
	assert_string_equal(f.did, "DELETE DELETE ");
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
		BOTH(individual), BOTH(values_select), BOTH(individual_refused),
		BOTH(root),       BOTH(capabilities),  BOTH(statistics_of_a_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
