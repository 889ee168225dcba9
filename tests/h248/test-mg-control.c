/* SPDX-License-Identifier: Apache-2.0 */
/* The control association of the gateway engine: registration, loss, return, overload, drain. */
#include <errno.h>

#include "fake-plane.h"

#define ADD                                                                                   \
	"Add=${Media{Stream=1{LocalControl{Mode=SendReceive,ipdc/realm=\"core\"},Local{v=0\n" \
	"c=IN IP4 $\nm=- $ TCP -\n}}},Events=1001{g/cause}}"

static uint32_t contexts(const struct fake *f)
{
	struct ms_mg_figures ret;

	ms_mg_figures(f->g, &ret);
	return ret.contexts;
}

static void tick(struct fake *f, ms_usec later)
{
	f->now += later;
	ms_mg_tick(f->g, f->now);
}

static void test_cold_start(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f);
	assert_int_equal(fake_start(&f), 0);
	/* RFC 3525 section 7.3: nobody commands before we are registered */
	(void)fake_ask(&f, "Context=${" ADD "}");
	assert_has(fake_reply(&f), "Error=505{");
	tick(&f, 0);
	assert_has(fake_request(&f),
		   "Context=-{ServiceChange=ROOT{Services{Method=Restart,Reason=\"901 Cold Boot\","
		   "Profile=xIq/1,Version=2}}}");
	(void)fake_ask(&f, "Context=${" ADD "}");
	assert_has(fake_reply(&f), "Error=505{");
	fake_answer(&f, 0, "Context=-{ServiceChange=ROOT{Services{Version=1}}}");
	assert_int_equal(ms_mg_state(f.g), MS_MG_IN_SERVICE);
	assert_int_equal(ms_mg_version(f.g), 1); /* the controller can no more */
	(void)fake_ask(&f, "Context=${" ADD "}");
	assert_has(fake_reply(&f), "Add=ip/core/1/1");
	(void)fake_ask_from(&f, 1, "Context=1{Subtract=*}");
	assert_has(fake_reply(&f), "Error=504{");
	(void)fake_ask_from(&f, MS_MG_STRANGER, "Context=1{Subtract=*}");
	assert_has(fake_reply(&f), "Error=504{");
	fake_free(&f);
}

struct answer {
	const char *actions; /* NULL: none comes */
	unsigned controller; /* where we are afterwards */
	enum ms_mg_state state;
	const char *next; /* in the next request after a tick */
};

/* What the answer to a registration leads to. */
static const struct answer answers[] = {
	{ "Context=-{ServiceChange=ROOT}", 0, MS_MG_IN_SERVICE, NULL },
	{ "Context=-{ServiceChange=ROOT{Services{Profile=xIq/1,Version=2}}}", 0, MS_MG_IN_SERVICE,
	  NULL },
	{ "Context=-{ServiceChange=ROOT{Services{Version=3}}}", 1, MS_MG_REGISTERING, "Version=2" },
	{ "Context=-{ServiceChange=ROOT{Services{Profile=other/7}}}", 1, MS_MG_REGISTERING,
	  "Restart" },
	{ "Context=-{ServiceChange=ROOT{Error=406{\"\"}}}", 0, MS_MG_REGISTERING, "Version=1" },
	{ "Context=-{ServiceChange=ROOT{Error=402{\"\"}}}", 1, MS_MG_REGISTERING, "Restart" },
	{ "Context=-{ServiceChange=ROOT{Services{MgcIdToTry=<mgc9>:2944}}}", 1, MS_MG_REGISTERING,
	  "HandOff" },
	{ NULL, 1, MS_MG_REGISTERING, "Restart" },
};

static unsigned redirect(void *arg, const struct ms_h248_mid *where)
{
	(void)arg;
	return ms_span_is(where->name, "mgc9") ? 1 : MS_MG_STRANGER;
}

static void test_answers_to_a_registration(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct fake f;

		fake_begin(&f);
		f.options.handlers.redirect = redirect;
		assert_int_equal(fake_start(&f), 0);
		tick(&f, 0);
		fake_answer(&f, answers[i].actions ? 0 : -ETIMEDOUT, answers[i].actions);
		tick(&f, 0);
		if (ms_mg_state(f.g) != answers[i].state ||
		    ms_mg_controller(f.g) != answers[i].controller)
			fail_msg("%zu: %s at %u (%s)", i, ms_mg_state_name(ms_mg_state(f.g)),
				 ms_mg_controller(f.g), f.state);
		if (answers[i].next)
			assert_has(fake_request(&f), answers[i].next);
		fake_free(&f);
	}
}

/* All are tried; then a random pause (section 11.5). */
static void test_nobody_answers(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f);
	assert_int_equal(fake_start(&f), 0);
	for (unsigned i = 0; i < 2; i++) {
		tick(&f, 0);
		assert_int_equal(ms_mg_state(f.g), MS_MG_REGISTERING);
		fake_answer(&f, -ETIMEDOUT, NULL);
	}
	tick(&f, MS_SEC);
	assert_int_equal(ms_mg_state(f.g), MS_MG_WAITING);
	assert_true(ms_mg_deadline(f.g) > f.now);
	tick(&f, 8 * MS_SEC);
	assert_int_equal(ms_mg_state(f.g), MS_MG_REGISTERING);
	fake_free(&f);
}

static void test_avalanche(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f);
	f.options.avalanche = 10 * MS_SEC;
	f.options.random = NULL;
	assert_int_equal(fake_start(&f), 0);
	assert_true(ms_mg_deadline(f.g) >= f.now && ms_mg_deadline(f.g) <= f.now + 10 * MS_SEC);
	tick(&f, 10 * MS_SEC);
	assert_int_equal(ms_mg_state(f.g), MS_MG_REGISTERING);
	fake_free(&f);
}

/* Media and state stay; the other controller is told Failover; what it could not hear it hears then. */
static void test_failover(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, "Context=${" ADD "}");
	ms_mg_controller_lost(f.g, 0, f.now);
	assert_int_equal(ms_mg_state(f.g), MS_MG_WAITING);
	fake_event(&f, MS_BEARER_RELEASED, "tcp-fin");
	assert_int_equal(contexts(&f), 1);
	tick(&f, MS_SEC);
	assert_int_equal(ms_mg_controller(f.g), 1);
	assert_has(fake_request(&f), "Method=Failover,Reason=\"909 MGC Impending Failure\"");
	fake_answer(&f, 0, "Context=-{ServiceChange=ROOT}");
	assert_has(fake_request(&f),
		   "g/cause{Stream=1,Generalcause=NR,Failurecause=\"while-alone\"}");
	/* and it is the only one that commands */
	(void)fake_ask_from(&f, 0, "Context=1{Subtract=*}");
	assert_has(fake_reply(&f), "Error=504{");
	(void)fake_ask_from(&f, 1, "Context=1{Subtract=*}");
	assert_int_equal(contexts(&f), 0);
	fake_free(&f);
}

static void test_the_same_controller_returns(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f);
	f.options.controllers = 1;
	assert_int_equal(fake_start(&f), 0);
	fake_register(&f);
	(void)fake_ask(&f, "Context=${" ADD "}");
	/* it began anew without its state: 505 to what we tell it */
	fake_event(&f, MS_BEARER_RELEASED, "tcp-fin");
	fake_answer(&f, 0, "Context=1{Notify=ip/core/1/1{Error=505{\"\"}}}");
	tick(&f, 0);
	assert_has(fake_request(&f), "Method=Disconnected,Reason=\"900 Service Restored\"");
	fake_answer(&f, 0, "Context=-{ServiceChange=ROOT}");
	assert_int_equal(contexts(&f), 1);
	fake_free(&f);
}

static void test_hold_over(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f);
	f.options.controllers = 1;
	f.options.hold = 30 * MS_SEC;
	assert_int_equal(fake_start(&f), 0);
	fake_register(&f);
	(void)fake_ask(&f, "Context=${" ADD "}");
	ms_mg_controller_lost(f.g, 0, f.now);
	tick(&f, 0);
	fake_answer(&f, -ETIMEDOUT, NULL);
	tick(&f, 29 * MS_SEC);
	fake_answer(&f, -ETIMEDOUT, NULL);
	assert_int_equal(contexts(&f), 1);
	tick(&f, 2 * MS_SEC);
	fake_apply(&f);
	assert_int_equal(contexts(&f), 0);
	assert_int_equal(f.reserved, f.released);
	/* and we come as new */
	for (unsigned i = 0; i < 10 && ms_mg_state(f.g) != MS_MG_REGISTERING; i++)
		tick(&f, 2 * MS_SEC);
	assert_has(fake_request(&f), "Method=Restart");
	fake_free(&f);
}

static void test_handed_off_by_the_controller(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f);
	f.options.handlers.redirect = redirect;
	assert_int_equal(fake_start(&f), 0);
	fake_register(&f);
	(void)fake_ask(&f, "Context=-{ServiceChange=ROOT{Services{Method=HandOff,Reason=\"903\","
			   "MgcIdToTry=<mgc9>:2944}}}");
	assert_has(fake_reply(&f), "Context=-{ServiceChange=ROOT}");
	tick(&f, 0);
	assert_int_equal(ms_mg_controller(f.g), 1);
	assert_has(fake_request(&f), "Method=HandOff,Reason=\"903 MGC Directed Change\"");
	fake_free(&f);
}

static void test_ito(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, "Context=-{Modify=ROOT{Events=1{it/ito{mit=300}}}}"); /* 3 s */
	assert_has(fake_reply(&f), "Modify=ROOT}");
	tick(&f, 2900 * MS_MSEC);
	assert_has_not(fake_request(&f), "ito");
	tick(&f, 200 * MS_MSEC);
	assert_has(fake_request(&f), "Context=-{Notify=ROOT{ObservedEvents=1{it/ito}}}");
	fake_answer(&f, 0, "Context=-{Notify=ROOT}");
	assert_int_equal(ms_mg_state(f.g), MS_MG_IN_SERVICE);
	tick(&f, 3100 * MS_MSEC);
	fake_answer(&f, -ETIMEDOUT, NULL);
	assert_int_equal(ms_mg_state(f.g), MS_MG_WAITING);
	fake_free(&f);
}

static void test_overload(void **state)
{
	struct fake f;
	unsigned before;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, "Context=-{Modify=ROOT{Events=2{ocp/mg_overload,chp/mgcon}}}");
	before = f.requests;
	ms_mg_load(f.g, 79, f.now);
	assert_int_equal(f.requests, before);
	ms_mg_load(f.g, 90, f.now);
	assert_has(fake_request(&f), "ocp/mg_overload");
	assert_int_equal(f.requests, before + 2); /* chp/mgcon{reduction=40} went before */
	ms_mg_load(f.g, 10, f.now);
	assert_has(fake_request(&f), "chp/mgcon{reduction=0}");
	fake_free(&f);
}

static void test_drain_and_close(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, "Context=${" ADD "}");
	ms_mg_drain(f.g, true, f.now);
	assert_has(fake_request(&f), "Method=Graceful");
	assert_has(fake_request(&f), "Delay=60");
	(void)fake_ask(&f, "Context=${" ADD "}");
	assert_has(fake_reply(&f), "Error=503{");
	(void)fake_ask(&f, "Context=1{" ADD "}"); /* calls that are there go on */
	assert_has(fake_reply(&f), "Add=ip/core/1/2");
	ms_mg_drain(f.g, false, f.now);
	assert_has(fake_request(&f), "Method=Restart,Reason=\"900 Service Restored\"");
	ms_mg_close(f.g, f.now);
	assert_has(fake_request(&f), "Method=Forced");
	assert_int_equal(ms_mg_state(f.g), MS_MG_CLOSED);
	fake_free(&f);
}

/* Its bearers are reported where that was asked for, else the termination changes its service. */
static void test_a_lost_worker(void **state)
{
	struct fake f;

	(void)state;
	fake_new(&f);
	(void)fake_ask(&f, "Context=${" ADD "}");
	ms_mg_home_lost(f.g, 1, f.now);
	assert_has(fake_request(&f),
		   "g/cause{Stream=1,Generalcause=FT,Failurecause=\"worker-lost\"}");
	(void)fake_ask(&f, "Context=1{Modify=*{Events}}");
	assert_string_equal(f.did, "SET "); /* the new worker gets it whole */
	ms_mg_home_lost(f.g, 1, f.now);
	assert_has(fake_request(&f), "Context=1{ServiceChange=ip/core/1/1{Services{Method=Forced,"
				     "Reason=\"904 Termination Malfunctioning\"");
	fake_free(&f);
}

static void timing_set(void *arg, unsigned controller, const struct ms_h248_root_timing *timing)
{
	struct fake *f = arg;

	assert_int_equal(controller, 0);
	assert_int_equal(timing->execution, 700 * MS_MSEC);
	f->replies += 100;
}

static void test_root_properties(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f);
	f.options.handlers.timing = timing_set;
	assert_int_equal(fake_start(&f), 0);
	fake_register(&f);
	(void)fake_ask(
		&f,
		"Context=-{Modify=ROOT{Media{TerminationState{root/normalMGExecutionTime=700}}}}");
	assert_int_equal(f.replies, 101);
	(void)fake_ask(&f, "Context=-{AuditValue=ROOT{Audit{Media}}}");
	assert_has(fake_reply(&f), "root/normalMGExecutionTime=700");
	(void)fake_ask(
		&f, "Context=-{Modify=ROOT{Media{TerminationState{root/maxNumberOfContexts=7}}}}");
	assert_has(fake_reply(&f), "Error=445{");
	(void)fake_ask(&f, "Context=-{Modify=ROOT{Signals{tcpbcc/EstBNC}}}");
	assert_has(fake_reply(&f), "Error=513{");
	fake_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cold_start),
		cmocka_unit_test(test_answers_to_a_registration),
		cmocka_unit_test(test_nobody_answers),
		cmocka_unit_test(test_avalanche),
		cmocka_unit_test(test_failover),
		cmocka_unit_test(test_the_same_controller_returns),
		cmocka_unit_test(test_hold_over),
		cmocka_unit_test(test_handed_off_by_the_controller),
		cmocka_unit_test(test_ito),
		cmocka_unit_test(test_overload),
		cmocka_unit_test(test_drain_and_close),
		cmocka_unit_test(test_a_lost_worker),
		cmocka_unit_test(test_root_properties),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
