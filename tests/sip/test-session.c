/* SPDX-License-Identifier: Apache-2.0 */
/* Calls between two stacks: answer, refusal, CANCEL, BYE, re-INVITE, UPDATE, loss. */
#include "world.h"

#include <errno.h>

static struct user alice, bob;

static const struct ms_sip_handlers bobs = { .invite = world_invite };

static void open_both(const char *address, enum ms_sip_transport t)
{
	world_open(&alice, "alice", address, t, NULL, NULL);
	world_open(&bob, "bob", address, t, &bobs, NULL);
}

static void close_both(void)
{
	world_close(&alice);
	world_close(&bob);
}

static void establish(void)
{
	world_call(&alice, bob.uri, "A offer");
	world_until(&alice, "pa", 3000);
	world_until(&bob, "ik", 3000);
	alice.log[0] = bob.log[0] = '\0';
}

static void whole_call(const char *address, enum ms_sip_transport t)
{
	open_both(address, t);
	world_call(&alice, bob.uri, "A offer");
	world_until(&alice, "pa", 3000);
	assert_int_equal(alice.status, 200);
	assert_string_equal(alice.type, "application/sdp");
	assert_int_equal(alice.body_len, 6);
	assert_memory_equal(alice.body, "answer", 6);
	world_until(&bob, "ik", 3000);
	assert_memory_equal(bob.body, "A offer", 7);
	assert_int_equal(ms_sip_session_state(bob.session), MS_SIP_ESTABLISHED);
	ms_sip_session_end(alice.session, NULL);
	world_until(&alice, "pac", 3000);
	world_until(&bob, "ikc", 3000);
	assert_int_equal(bob.err, 0);
	assert_null(bob.session);
	close_both();
}

static void test_udp(void **state MS_UNUSED)
{
	whole_call("127.0.0.1", MS_SIP_UDP);
}

static void test_tcp(void **state MS_UNUSED)
{
	whole_call("127.0.0.1", MS_SIP_TCP);
}

static void test_ipv6(void **state MS_UNUSED)
{
	whole_call("::1", MS_SIP_UDP);
}

static void test_callee_hangs_up(void **state MS_UNUSED)
{
	struct ms_sip_header_value reason = { "Reason", MS_SPAN_LIT("SIP;cause=200") };
	struct ms_sip_content content = { .headers = &reason, .n_headers = 1 };

	open_both("127.0.0.1", MS_SIP_UDP);
	establish();
	ms_sip_session_end(bob.session, &content);
	ms_sip_session_end(bob.session, NULL); /* harmless */
	world_until(&bob, "c", 3000);
	world_until(&alice, "c", 3000);
	close_both();
}

static void test_refusal(void **state MS_UNUSED)
{
	struct ms_sip_warning w;

	open_both("127.0.0.1", MS_SIP_UDP);
	world_call(&alice, bob.uri, "N");
	world_until(&alice, "c", 3000);
	assert_int_equal(alice.status, 488);
	assert_int_equal(ms_sip_warning_parse(ms_span_str(alice.warning), &w), 0);
	assert_int_equal(w.code, 306);
	assert_span_str(w.text, "no key");
	assert_string_equal(alice.type, "application/mikey");
	assert_int_equal(alice.body_len, 3);
	close_both();
}

static void test_cancel(void **state MS_UNUSED)
{
	open_both("127.0.0.1", MS_SIP_UDP);
	world_call(&alice, bob.uri, "R");
	world_until(&alice, "p", 3000);
	assert_int_equal(alice.status, 180);
	ms_sip_session_end(alice.session, NULL);
	world_until(&bob, "iC", 3000);
	assert_int_equal(bob.err, -ECANCELED);
	world_until(&alice, "pc", 3000);
	close_both();
}

/* The callee answers, but before that the caller has gone: ACK, then BYE. */
static void test_cancel_crosses_answer(void **state MS_UNUSED)
{
	open_both("127.0.0.1", MS_SIP_UDP);
	world_call(&alice, bob.uri, "X");
	world_until(&bob, "i", 3000);
	world_pass(50);
	assert_int_equal(ms_sip_session_respond(bob.session, 200, NULL, NULL), 0);
	ms_sip_session_end(alice.session, NULL);
	world_until(&alice, "c", 3000);
	/* Confirmed, then ended. */
	world_until(&bob, "ikc", 3000);
	close_both();
}

static void test_ringing_too_long(void **state MS_UNUSED)
{
	struct ms_sip_invite_spec spec = { .uri = bob.uri,
					   .ring_timeout_s = 1,
					   .content = { .type = "application/sdp",
							.body = MS_SPAN_LIT("R") } };

	open_both("127.0.0.1", MS_SIP_UDP);
	assert_int_equal(
		ms_sip_session_invite(alice.account, &spec, &world_calls, &alice, &alice.session),
		0);
	world_until(&alice, "pC", 4000);
	assert_int_equal(alice.err, -ETIMEDOUT);
	world_until(&bob, "iC", 3000);
	close_both();
}

static const struct ms_sip_content offer2 = { .type = "application/sdp",
					      .body = { (const uint8_t *)"A two", 5 } };
static const struct ms_sip_content bad_offer = { .type = "application/sdp",
						 .body = { (const uint8_t *)"N two", 5 } };

static void modify_both_ways(bool update)
{
	open_both("127.0.0.1", MS_SIP_UDP);
	establish();
	assert_int_equal(ms_sip_session_modify(alice.session, update, &offer2), 0);
	assert_int_equal(ms_sip_session_modify(alice.session, update, &offer2), -EBUSY);
	world_until(&alice, "m", 3000);
	assert_int_equal(alice.status, 200);
	assert_memory_equal(alice.body, "answer", 6);
	world_until(&bob, update ? "o" : "ok", 3000);
	assert_memory_equal(bob.body, "A two", 5);
	assert_int_equal(ms_sip_session_modify(bob.session, update, &bad_offer), 0);
	world_until(&bob, update ? "om" : "okm", 3000);
	assert_int_equal(bob.status, 488);
	assert_int_equal(ms_sip_session_state(bob.session), MS_SIP_ESTABLISHED);
	ms_sip_session_end(bob.session, NULL);
	world_until(&alice, "moc", 3000);
	close_both();
}

static void test_reinvite(void **state MS_UNUSED)
{
	modify_both_ways(false);
}

static void test_update(void **state MS_UNUSED)
{
	modify_both_ways(true);
}

/* RFC 3261 section 14.1: both at once; one at least hears 491. */
static void test_glare(void **state MS_UNUSED)
{
	open_both("127.0.0.1", MS_SIP_UDP);
	establish();
	assert_int_equal(ms_sip_session_modify(alice.session, false, &offer2), 0);
	assert_int_equal(ms_sip_session_modify(bob.session, false, &offer2), 0);
	world_until(&alice, "m", 3000);
	world_until(&bob, "m", 3000);
	assert_int_equal(alice.status, 491);
	assert_int_equal(bob.status, 491);
	close_both();
}

static void test_request_inside(void **state MS_UNUSED)
{
	struct ms_sip_content info = { .type = "text/plain", .body = MS_SPAN_LIT("hello") };

	open_both("127.0.0.1", MS_SIP_UDP);
	establish();
	assert_int_equal(ms_sip_session_request(bob.session, "INFO", &info, world_response, &bob),
			 0);
	world_until(&alice, "q", 3000);
	assert_memory_equal(alice.body, "hello", 5);
	world_until(&bob, "r", 3000);
	assert_int_equal(bob.status, 200);
	close_both();
}

/* An answer of 40 KiB and an offer of 2000 octets, both over TCP although the users have UDP. */
static void test_large_offer(void **state MS_UNUSED)
{
	static char offer[2000], large[40000];
	struct ms_sip_content content = { .type = "application/sdp" };

	memset(offer, 'x', sizeof(offer) - 1);
	memset(large, 'y', sizeof(large));
	open_both("127.0.0.1", MS_SIP_UDP);
	world_call(&alice, bob.uri, offer);
	world_until(&bob, "i", 3000);
	content.body = ms_span_of(large, sizeof(large));
	assert_int_equal(ms_sip_session_respond(bob.session, 200, NULL, &content), 0);
	world_until(&alice, "a", 3000);
	assert_int_equal(alice.body_len, sizeof(large));
	assert_int_equal(alice.sent_by[MS_SIP_UDP], 0);
	world_until(&bob, "ik", 3000);
	close_both();
}

static void test_nobody_takes_it(void **state MS_UNUSED)
{
	open_both("127.0.0.1", MS_SIP_UDP);
	world_call(&bob, alice.uri, "A"); /* Alice has no handler */
	world_until(&bob, "c", 3000);
	assert_int_equal(bob.status, 603);
	close_both();
}

static void test_answer_too_large(void **state MS_UNUSED)
{
	static char large[MS_SIP_BODY_MAX + 1];
	struct ms_sip_content content = { .type = "application/sdp",
					  .body = { (const uint8_t *)large, sizeof(large) } };

	open_both("127.0.0.1", MS_SIP_UDP);
	world_call(&alice, bob.uri, "X");
	world_until(&bob, "i", 3000);
	assert_int_equal(ms_sip_session_respond(bob.session, 200, NULL, &content), -EMSGSIZE);
	/* Nothing was sent: another answer is still possible. */
	assert_int_equal(ms_sip_session_respond(bob.session, 500, NULL, NULL), 0);
	bob.session = NULL;
	world_until(&alice, "c", 3000);
	assert_int_equal(alice.status, 500);
	close_both();
}

static void note_down(void *arg)
{
	world_note(arg, 'd');
}

/* Calls in every state end politely, and the stack says when. */
static void test_shutdown(void **state MS_UNUSED)
{
	struct ms_sip_session *ringing;

	open_both("127.0.0.1", MS_SIP_UDP);
	establish();
	ms_sip_shutdown(bob.sip, 5 * MS_SEC, note_down, &bob);
	world_until(&bob, "cd", 3000);
	world_until(&alice, "c", 3000);
	world_call(&alice, bob.uri, "A");
	ringing = alice.session;
	assert_non_null(ringing);
	world_until(&alice, "cc", 3000);
	assert_int_equal(alice.status, 503);
	close_both();
}

/* A call that rings ends too, and who was asked about it is told. */
static void test_shutdown_ringing(void **state MS_UNUSED)
{
	open_both("127.0.0.1", MS_SIP_UDP);
	world_call(&alice, bob.uri, "R");
	world_until(&alice, "p", 3000);
	bob.log[0] = '\0';
	ms_sip_shutdown(bob.sip, 5 * MS_SEC, note_down, &bob);
	world_until(&bob, "cd", 3000);
	world_until(&alice, "pc", 3000);
	assert_int_equal(alice.status, 480);
	close_both();
}

static void test_free_in_the_middle(void **state MS_UNUSED)
{
	open_both("127.0.0.1", MS_SIP_UDP);
	establish();
	assert_int_equal(ms_sip_session_modify(alice.session, false, &offer2), 0);
	world_close(&alice);
	world_pass(50);
	close_both();
}

static void nothing_notified(struct ms_sip_subscription *s MS_UNUSED,
			     enum ms_sip_subscription_state state MS_UNUSED,
			     const struct ms_sip_message *m MS_UNUSED, void *arg MS_UNUSED)
{
}

/* A stack with everything under way, taken down again. */
static int everything(void *arg MS_UNUSED)
{
	static const struct ms_sip_subscription_handlers watching = { nothing_notified, NULL };
	struct ms_sip_bind bind = { MS_SIP_UDP, "127.0.0.1", 0 };
	struct ms_sip_config config = { .binds = &bind, .n_binds = 1, .user_agent = "x" };
	struct ms_sip_account_config account = { .identity = "sip:u@127.0.0.1",
						 .display = "User",
						 .password = "secret" };
	struct ms_sip_request_spec request = { .method = "MESSAGE",
					       .uri = "sip:x@127.0.0.1:11199" };
	struct ms_sip_invite_spec invite = { .uri = "sip:x@127.0.0.1:11199" };
	struct ms_sip_subscribe_spec subscribe = { .uri = "sip:x@127.0.0.1:11199",
						   .event = "conference",
						   .expires_s = 60 };
	struct ms_sip_subscription *subscription;
	struct ms_sip_session *session;
	struct ms_sip_account *a;
	struct ms_sip *sip;
	int err = ms_sip_new(&config, NULL, &sip);

	if (err < 0)
		return err;
	err = ms_sip_account_new(sip, &account, &a);
	if (err == 0)
		err = ms_sip_register(a, 60, 0, NULL);
	if (err == 0)
		err = ms_sip_request(a, &request, NULL, NULL, NULL);
	if (err == 0)
		err = ms_sip_session_invite(a, &invite, &world_calls, NULL, &session);
	if (err == 0)
		err = ms_sip_subscribe(a, &subscribe, &watching, NULL, &subscription);
	ms_sip_free(sip);
	return err;
}

static void test_allocations(void **state MS_UNUSED)
{
	assert_true(ms_test_torture(everything, NULL) > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_callee_hangs_up),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_cancel_crosses_answer),
		cmocka_unit_test(test_ringing_too_long),
		cmocka_unit_test(test_reinvite),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_glare),
		cmocka_unit_test(test_request_inside),
		cmocka_unit_test(test_large_offer),
		cmocka_unit_test(test_nobody_takes_it),
		cmocka_unit_test(test_answer_too_large),
		cmocka_unit_test(test_shutdown),
		cmocka_unit_test(test_shutdown_ringing),
		cmocka_unit_test(test_free_in_the_middle),
		cmocka_unit_test(test_allocations),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
