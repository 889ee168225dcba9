/* SPDX-License-Identifier: Apache-2.0 */
/* Two endpoints in memory: responses, reports and their absence. RFC 4975 section 7.1. */
#include <errno.h>

#include "ms-test.h"
#include "peers.h"
#include "session-test.h"

struct report_case {
	bool success;
	enum ms_msrp_failure_report failure;
	bool ok;            /* the receiver takes the message */
	const char *sender; /* its log after "bound" */
	unsigned responses, reports;
};

/* Sections 7.1.1 to 7.2: who answers and reports what. */
static void test_reports(void **state)
{
	static const struct report_case cases[] = {
		{ false, MS_MSRP_FAILURE_YES, true, "done accepted 200\n", 1, 0 },
		{ true, MS_MSRP_FAILURE_YES, true, "reported 1-2\ndone reported 200\n", 1, 1 },
		{ true, MS_MSRP_FAILURE_NO, true, "reported 1-2\ndone reported 200\n", 0, 1 },
		{ true, MS_MSRP_FAILURE_PARTIAL, true, "reported 1-2\ndone reported 200\n", 0, 1 },
		{ false, MS_MSRP_FAILURE_NO, true, "done sent 0\n", 0, 0 },
		{ false, MS_MSRP_FAILURE_PARTIAL, true, "", 0, 0 },
		{ false, MS_MSRP_FAILURE_YES, false, "done refused 403\n", 1, 0 },
		{ false, MS_MSRP_FAILURE_PARTIAL, false, "done refused 403\n", 1, 0 },
		{ false, MS_MSRP_FAILURE_NO, false, "done sent 0\n", 0, 0 },
		{ true, MS_MSRP_FAILURE_NO, false, "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		const struct report_case *c = &cases[i];
		struct ms_msrp_send m = { .content_type = MS_SPAN_LIT("text/plain"),
					  .body = MS_SPAN_LIT("hi"),
					  .success_report = c->success,
					  .failure_report = c->failure };
		struct peers p;

		assert_int_equal(peers_init(&p, NULL), 0);
		assert_int_equal(peers_run(&p), 0);
		p.b.begin_answer = c->ok ? 1 : MS_MSRP_FORBIDDEN;
		assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), 0);
		assert_int_equal(peers_run(&p), 0);
		assert_string_equal(peer_log(&p.a) + strlen("bound\n"), c->sender);
		assert_int_equal(ms_msrp_conn_counters(p.b.conn)->responses_out, 1 + c->responses);
		assert_int_equal(ms_msrp_conn_counters(p.b.conn)->reports_out, c->reports);
		peers_done(&p);
	}
}

/* "partial": silence means success, after the time in which an error would have come. */
static void test_partial_is_sent_in_the_end(void **state)
{
	struct ms_msrp_send m = { .content_type = MS_SPAN_LIT("text/plain"),
				  .body = MS_SPAN_LIT("hi"),
				  .failure_report = MS_MSRP_FAILURE_PARTIAL };
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), 0);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(p.a.done, 0);
	assert_int_equal(ms_msrp_conn_deadline(p.a.conn), p.now + 30 * MS_SEC);
	ms_msrp_conn_tick(p.a.conn, p.now + 30 * MS_SEC);
	assert_int_equal(p.a.done, 1);
	assert_int_equal(p.a.outcome, MS_MSRP_SENT);
	peers_done(&p);
}

/* Section 7.1.1: no response within 30 s. */
static void test_timeout(void **state)
{
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(peer_say(&p.a, "hello", NULL), 0);
	peer_fetch(&p, &p.a); /* into the void */
	ms_msrp_conn_tick(p.a.conn, p.now + 30 * MS_SEC - 1);
	assert_int_equal(p.a.done, 0);
	ms_msrp_conn_tick(p.a.conn, p.now + 30 * MS_SEC);
	assert_int_equal(p.a.outcome, MS_MSRP_TIMED_OUT);
	assert_int_equal(p.a.code, 408);
	assert_int_equal(ms_msrp_conn_deadline(p.a.conn), MS_NEVER);
	peers_done(&p);
}

/* A success report that never comes. */
static void test_report_timeout(void **state)
{
	struct ms_msrp_send m = { .content_type = MS_SPAN_LIT("text/plain"),
				  .body = MS_SPAN_LIT("hi"),
				  .success_report = true,
				  .failure_report = MS_MSRP_FAILURE_NO };
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), 0);
	peer_fetch(&p, &p.a);
	assert_int_equal(ms_msrp_conn_deadline(p.a.conn), p.now + 120 * MS_SEC);
	ms_msrp_conn_tick(p.a.conn, p.now + 120 * MS_SEC);
	assert_int_equal(p.a.outcome, MS_MSRP_UNCONFIRMED);
	peers_done(&p);
}

/* A failure that comes to light after the last 200: section 7.1.4. */
static void test_failure_report(void **state)
{
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	p.b.message_answer = MS_MSRP_FORBIDDEN;
	{
		struct ms_msrp_send m = { .content_type = MS_SPAN_LIT("text/plain"),
					  .body = MS_SPAN_LIT("hi"),
					  .success_report = true };

		assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), 0);
	}
	assert_int_equal(peers_run(&p), 0);
	assert_contains(ms_buf_span(&p.b.seen), "Status: 000 403 ");
	assert_int_equal(p.a.outcome, MS_MSRP_REFUSED);
	assert_int_equal(p.a.code, 403);
	assert_true(ms_msrp_session_is_bound(p.a.session));
	peers_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_partial_is_sent_in_the_end),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_report_timeout),
		cmocka_unit_test(test_failure_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
