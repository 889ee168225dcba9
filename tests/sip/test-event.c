/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions of RFC 6665, both roles: Alice watches Bob. */
#include "world.h"

#include <errno.h>

static struct user alice, bob;
static unsigned max_expires, refuse_with;
static bool answer_at_once;

/* ---- Alice ---- */

static void notified(struct ms_sip_subscription *s MS_UNUSED, enum ms_sip_subscription_state state,
		     const struct ms_sip_message *m, void *arg)
{
	static const char letters[] = "pat";

	world_take(arg, m);
	world_note(arg, letters[state]);
}

static void subscription_closed(struct ms_sip_subscription *s MS_UNUSED, int err,
				const struct ms_sip_message *m, void *arg)
{
	struct user *u = arg;

	u->err = err;
	if (m)
		world_take(u, m);
	u->subscription = NULL;
	world_note(u, err < 0 ? 'C' : 'c');
}

static const struct ms_sip_subscription_handlers watching = { notified, subscription_closed };

/* ---- Bob ---- */

static const struct ms_sip_content state_one = { .type = "application/conference-info+xml",
						 .body = { (const uint8_t *)"<one/>", 6 } };

static void refreshed(struct ms_sip_notifier *n, const struct ms_sip_message *m MS_UNUSED,
		      void *arg)
{
	world_note(arg, 'r');
	assert_int_equal(ms_sip_notify(n, MS_SIP_ACTIVE, NULL, &state_one), 0);
}

static void notifier_closed(struct ms_sip_notifier *n MS_UNUSED, int err, void *arg)
{
	struct user *u = arg;

	u->err = err;
	u->notifier = NULL;
	world_note(u, err < 0 ? 'C' : 'c');
}

static const struct ms_sip_notifier_handlers watched = { refreshed, notifier_closed };

static void subscribed(struct ms_sip *sip MS_UNUSED, struct ms_sip_notifier *n,
		       const struct ms_sip_message *m, void *arg)
{
	struct user *u = arg;

	world_take(u, m);
	world_note(u, 's');
	if (refuse_with == 1)
		return;
	if (refuse_with) {
		assert_int_equal(ms_sip_notifier_refuse(n, refuse_with, NULL, NULL), 0);
		return;
	}
	u->notifier = n;
	assert_int_equal(ms_sip_notifier_accept(n, u->account, max_expires, &watched, u), 0);
	if (answer_at_once)
		assert_int_equal(ms_sip_notify(n, MS_SIP_ACTIVE, NULL, &state_one), 0);
}

static const struct ms_sip_handlers bobs = { .subscribe = subscribed };

static void open_both(unsigned max)
{
	max_expires = max;
	refuse_with = 0;
	answer_at_once = true;
	world_open(&alice, "alice", "127.0.0.1", MS_SIP_UDP, NULL, NULL);
	world_open(&bob, "bob", "127.0.0.1", MS_SIP_UDP, &bobs, NULL);
}

static void close_both(void)
{
	world_close(&alice);
	world_close(&bob);
}

static void watch(unsigned expires)
{
	struct ms_sip_subscribe_spec spec = { .uri = bob.uri,
					      .event = "conference",
					      .accept = "application/conference-info+xml",
					      .expires_s = expires };

	assert_int_equal(
		ms_sip_subscribe(alice.account, &spec, &watching, &alice, &alice.subscription), 0);
}

static void test_watch_and_end(void **state MS_UNUSED)
{
	open_both(600);
	watch(3600);
	world_until(&alice, "a", 3000);
	assert_memory_equal(alice.body, "<one/>", 6);
	assert_string_equal(alice.type, "application/conference-info+xml");
	assert_in_range(ms_sip_notifier_expires(bob.notifier), 598, 600);
	assert_int_equal(ms_sip_notify(bob.notifier, MS_SIP_PENDING, NULL, NULL), 0);
	world_until(&alice, "ap", 3000);
	ms_sip_unsubscribe(alice.subscription);
	world_until(&alice, "aptc", 3000);
	world_until(&bob, "sc", 3000);
	assert_int_equal(bob.err, 0);
	close_both();
}

static void test_notifier_ends(void **state MS_UNUSED)
{
	open_both(600);
	watch(3600);
	world_until(&alice, "a", 3000);
	assert_int_equal(ms_sip_notify(bob.notifier, MS_SIP_TERMINATED, "noresource", NULL), 0);
	world_until(&alice, "atc", 3000);
	world_pass(50);
	assert_string_equal(bob.log, "s");
	close_both();
}

/* The watcher refreshes at half time; afterwards there is a new full state. */
static void test_refresh(void **state MS_UNUSED)
{
	open_both(2);
	watch(60);
	world_until(&alice, "a", 3000);
	world_until(&bob, "sr", 3000);
	world_until(&alice, "aa", 3000);
	close_both();
}

/* The watcher is gone: time runs out and the last NOTIFY gets no answer. */
static void test_time_runs_out(void **state MS_UNUSED)
{
	open_both(1);
	watch(60);
	world_until(&alice, "a", 3000);
	world_pass(50);
	world_close(&alice);
	world_pass(1200);
	assert_string_equal(bob.log, "s"); /* NOTIFY is being repeated */
	close_both();
}

/* Expires: 0 asks for the state once (section 4.4.3). */
static void test_fetch(void **state MS_UNUSED)
{
	open_both(600);
	watch(0);
	world_until(&alice, "tc", 3000);
	assert_memory_equal(alice.body, "<one/>", 6);
	world_until(&bob, "sc", 3000);
	close_both();
}

static void test_refused(void **state MS_UNUSED)
{
	open_both(600);
	refuse_with = 403;
	watch(60);
	world_until(&alice, "c", 3000);
	assert_int_equal(alice.status, 403);
	refuse_with = 1; /* neither accepted nor refused */
	watch(60);
	world_until(&alice, "cc", 3000);
	assert_int_equal(alice.status, 489);
	close_both();
}

static void test_late_state(void **state MS_UNUSED)
{
	open_both(600);
	answer_at_once = false;
	watch(60);
	world_until(&bob, "s", 3000);
	world_pass(50);
	assert_string_equal(alice.log, "");
	assert_int_equal(ms_sip_notify(bob.notifier, MS_SIP_ACTIVE, NULL, &state_one), 0);
	world_until(&alice, "a", 3000);
	assert_int_equal(ms_sip_notify(bob.notifier, MS_SIP_TERMINATED, "x\r\ny", NULL), -EINVAL);
	close_both();
}

static void note_down(void *arg)
{
	world_note(arg, 'd');
}

static void test_shutdown(void **state MS_UNUSED)
{
	open_both(600);
	watch(60);
	world_until(&alice, "a", 3000);
	ms_sip_shutdown(alice.sip, 3 * MS_SEC, note_down, &alice);
	world_until(&alice, "atcd", 3000);
	close_both();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watch_and_end), cmocka_unit_test(test_notifier_ends),
		cmocka_unit_test(test_refresh),       cmocka_unit_test(test_time_runs_out),
		cmocka_unit_test(test_fetch),         cmocka_unit_test(test_refused),
		cmocka_unit_test(test_late_state),    cmocka_unit_test(test_shutdown),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
