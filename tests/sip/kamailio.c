/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our users at a real proxy: run by tests/sip/kamailio.py, which starts the lab's Kamailio and
 * says where it is: MS_LAB_PORT (UDP and TCP; TLS on the next), MS_LAB_CA, MS_LAB_OTHER_CA,
 * MS_LAB_DOMAIN.
 */
#include "world.h"

#include <errno.h>

static struct user alice, bob, carol;
static const char *domain;
static unsigned lab_port;

static void request(struct ms_sip *sip, const struct ms_sip_message *m, void *arg)
{
	world_take(arg, m);
	world_note(arg, 'q');
	assert_int_equal(ms_sip_reply(sip, m, 200, NULL, NULL), 0);
}

/* ---- being watched, and watching ---- */

static const struct ms_sip_content some_state = { .type = "application/conference-info+xml",
						  .body = { (const uint8_t *)"<one/>", 6 } };

static void refreshed(struct ms_sip_notifier *n, const struct ms_sip_message *m MS_UNUSED,
		      void *arg)
{
	world_note(arg, 'n');
	assert_int_equal(ms_sip_notify(n, MS_SIP_ACTIVE, NULL, &some_state), 0);
}

static void notifier_closed(struct ms_sip_notifier *n MS_UNUSED, int err, void *arg)
{
	struct user *u = arg;

	u->err = err;
	u->notifier = NULL;
	world_note(u, 'c');
}

static void subscribed(struct ms_sip *sip MS_UNUSED, struct ms_sip_notifier *n,
		       const struct ms_sip_message *m, void *arg)
{
	static const struct ms_sip_notifier_handlers watched = { refreshed, notifier_closed };
	struct user *u = arg;

	world_take(u, m);
	world_note(u, 's');
	u->notifier = n;
	assert_int_equal(ms_sip_notifier_accept(n, u->account, 600, &watched, u), 0);
	assert_int_equal(ms_sip_notify(n, MS_SIP_ACTIVE, NULL, &some_state), 0);
}

static void notified(struct ms_sip_subscription *s MS_UNUSED, enum ms_sip_subscription_state state,
		     const struct ms_sip_message *m, void *arg)
{
	static const char letters[] = "pat";

	world_take(arg, m);
	world_note(arg, letters[state]);
}

static void subscription_closed(struct ms_sip_subscription *s MS_UNUSED, int err,
				const struct ms_sip_message *m MS_UNUSED, void *arg)
{
	struct user *u = arg;

	u->err = err;
	u->subscription = NULL;
	world_note(u, 'c');
}

static const struct ms_sip_handlers handlers = { .request = request,
						 .invite = world_invite,
						 .subscribe = subscribed };

static void registration(struct ms_sip_account *a MS_UNUSED, enum ms_sip_registration_state state,
			 int err, const struct ms_sip_message *m, void *arg)
{
	struct user *u = arg;

	u->err = err;
	if (m)
		u->status = ms_sip_status(m);
	world_note(u, state == MS_SIP_REGISTERED ? 'R' : state == MS_SIP_UNREGISTERED ? 'U' : 'F');
}

static const char *uri_of(const char *name, char dst[static 128])
{
	(void)snprintf(dst, 128, "sip:%s@%s", name, domain);
	return dst;
}

static void open_user(struct user *u, const char *name, const char *password,
		      enum ms_sip_transport t, const struct ms_sip_tls *tls)
{
	static const char *const params[] = { "", ";transport=tcp", ";transport=tls" };
	char identity[128], proxy[128];
	struct ms_sip_account_config account = { .identity = uri_of(name, identity),
						 .password = password,
						 .proxy = proxy };

	(void)snprintf(proxy, sizeof(proxy), "sip:127.0.0.1:%u%s;lr",
		       lab_port + (t == MS_SIP_TLS ? 1 : 0), params[t]);
	world_open_as(u, name, "127.0.0.1", t, &handlers, tls, &account);
}

static void sign_in(struct user *u)
{
	const struct ms_sip_registration_handler h = { registration, u };

	assert_int_equal(ms_sip_register(u->account, 600, 0, &h), 0);
	world_until(u, "R", 5000);
	u->log[0] = '\0';
}

static void sign_out(struct user *u)
{
	u->log[0] = '\0';
	assert_int_equal(ms_sip_unregister(u->account), 0);
	world_until(u, "U", 5000);
	world_close(u);
}

static void open_both(enum ms_sip_transport t, const struct ms_sip_tls *tls)
{
	open_user(&alice, "alice", "alicepw", t, tls);
	open_user(&bob, "bob", "bobpw", t, tls);
	sign_in(&alice);
	sign_in(&bob);
}

static void send_to(const char *name, const char *from, struct ms_span body)
{
	char uri[128], from_uri[128];
	struct ms_sip_request_spec spec = { .method = "MESSAGE",
					    .uri = uri_of(name, uri),
					    .from = from ? uri_of(from, from_uri) : NULL,
					    .content = { .type = "application/octet-stream",
							 .body = body } };

	alice.log[0] = '\0';
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL), 0);
	world_until(&alice, "r", 5000);
}

static void test_register(void **state MS_UNUSED)
{
	char expected[128];

	open_user(&alice, "alice", "alicepw", MS_SIP_UDP, NULL);
	sign_in(&alice);
	assert_int_equal(ms_sip_registration_expires(alice.account), 600);
	assert_span_str(ms_sip_associated_uri(alice.account, 0), uri_of("alice", expected));
	(void)snprintf(expected, sizeof(expected), "sip:127.0.0.1:%u;lr", lab_port);
	assert_span_str(ms_sip_service_route(alice.account, 0), expected);
	sign_out(&alice);
}

/* Refreshes come by themselves, with the nonce that is known. */
static void test_refresh(void **state MS_UNUSED)
{
	const struct ms_sip_registration_handler h = { registration, &alice };

	open_user(&alice, "alice", "alicepw", MS_SIP_UDP, NULL);
	assert_int_equal(ms_sip_register(alice.account, 2, 0, &h), 0);
	world_until(&alice, "RR", 5000);
	assert_in_range(alice.sent, 3, 5); /* challenge, answer, refresh */
	sign_out(&alice);
}

static void test_wrong_password(void **state MS_UNUSED)
{
	const struct ms_sip_registration_handler h = { registration, &alice };

	open_user(&alice, "alice", "wrong", MS_SIP_UDP, NULL);
	assert_int_equal(ms_sip_register(alice.account, 600, 0, &h), 0);
	world_until(&alice, "F", 5000);
	assert_int_equal(alice.err, -EACCES);
	assert_int_equal(alice.status, 401);
	assert_in_range(alice.sent, 2, 3);
	world_close(&alice);
}

static void test_foreign_identity(void **state MS_UNUSED)
{
	char proxy[64], identity[128];
	const struct ms_sip_registration_handler h = { registration, &alice };
	struct ms_sip_account_config account = { .identity = uri_of("bob", identity),
						 .auth_user = "alice",
						 .password = "alicepw",
						 .proxy = proxy };

	(void)snprintf(proxy, sizeof(proxy), "sip:127.0.0.1:%u", lab_port);
	world_open_as(&alice, "bob", "127.0.0.1", MS_SIP_UDP, &handlers, NULL, &account);
	assert_int_equal(ms_sip_register(alice.account, 600, 0, &h), 0);
	world_until(&alice, "F", 5000);
	assert_int_equal(alice.status, 403);
	world_close(&alice);
}

static void messages(enum ms_sip_transport t, const struct ms_sip_tls *tls)
{
	static uint8_t big[MS_SIP_BODY_MAX];
	char uri[128];

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7);
	open_both(t, tls);
	send_to("bob", NULL, ms_span_of(big, 300));
	assert_int_equal(alice.status, 200);
	assert_memory_equal(bob.body, big, 300);
	assert_string_equal(bob.asserted, uri_of("alice", uri));
	send_to("bob", NULL, ms_span_of(big, 2000));
	assert_int_equal(alice.status, 200);
	assert_int_equal(bob.body_len, 2000);
	send_to("bob", NULL, ms_span_of(big, sizeof(big)));
	assert_int_equal(alice.status, 200);
	assert_int_equal(bob.body_len, sizeof(big));
	assert_memory_equal(bob.body, big, sizeof(big));
	send_to("nobody", NULL, ms_span_of(big, 1));
	assert_int_equal(alice.status, 404);
	send_to("carol", NULL, ms_span_of(big, 1));
	assert_int_equal(alice.status, 480);
	sign_out(&alice);
	sign_out(&bob);
}

static void test_message_udp(void **state MS_UNUSED)
{
	messages(MS_SIP_UDP, NULL);
}

static void test_message_tcp(void **state MS_UNUSED)
{
	messages(MS_SIP_TCP, NULL);
}

static void test_message_tls(void **state MS_UNUSED)
{
	struct ms_sip_tls tls = { .ca_file = getenv("MS_LAB_CA"), .server_name = domain };

	messages(MS_SIP_TLS, &tls);
}

static void tls_refused(const char *ca, const char *name, const char *why)
{
	struct ms_sip_tls tls = { .ca_file = ca, .server_name = name };
	const struct ms_sip_registration_handler h = { registration, &alice };

	open_user(&alice, "alice", "alicepw", MS_SIP_TLS, &tls);
	assert_int_equal(ms_sip_register(alice.account, 600, 0, &h), 0);
	world_until(&alice, "F", 5000);
	assert_true(alice.err < 0);
	assert_int_equal(alice.sent, 0); /* not an octet of SIP left us */
	assert_int_equal(ms_sip_counter(alice.sip, MS_SIP_TLS_REFUSED), 1);
	assert_string_equal(ms_sip_tls_refusal(alice.sip), why);
	world_close(&alice);
}

static void test_wrong_ca(void **state MS_UNUSED)
{
	tls_refused(getenv("MS_LAB_OTHER_CA"), domain, "unable to get local issuer certificate");
	tls_refused(getenv("MS_LAB_CA"), "somebody.example", "hostname mismatch");
	tls_refused(getenv("MS_LAB_CA"), NULL, "no name is configured that the server should have");
}

/* The network vouches for who was authenticated, whatever From says. */
static void test_impersonation(void **state MS_UNUSED)
{
	char uri[128];

	open_both(MS_SIP_UDP, NULL);
	send_to("bob", "carol", MS_SPAN_LIT("x"));
	assert_int_equal(alice.status, 200);
	assert_string_equal(bob.from, uri_of("carol", uri));
	assert_string_equal(bob.asserted, uri_of("alice", uri));
	sign_out(&alice);
	sign_out(&bob);
}

/* A network that checks From (WITH_FROM_CHECK) stops it at the door. */
static void test_from_check(void **state MS_UNUSED)
{
	open_both(MS_SIP_UDP, NULL);
	send_to("bob", "carol", MS_SPAN_LIT("x"));
	assert_int_equal(alice.status, 403);
	assert_string_equal(bob.log, "");
	send_to("bob", NULL, MS_SPAN_LIT("x"));
	assert_int_equal(alice.status, 200);
	sign_out(&alice);
	sign_out(&bob);
}

static void whole_call(enum ms_sip_transport t, const struct ms_sip_tls *tls)
{
	static const struct ms_sip_content offer = { .type = "application/sdp",
						     .body = { (const uint8_t *)"A two", 5 } };
	char uri[128];

	open_both(t, tls);
	world_call(&alice, uri_of("bob", uri), "A offer");
	world_until(&alice, "pa", 5000);
	world_until(&bob, "ik", 5000);
	assert_string_equal(bob.asserted, uri_of("alice", uri));
	assert_int_equal(ms_sip_session_modify(bob.session, false, &offer), 0);
	world_until(&alice, "paok", 5000);
	world_until(&bob, "ikm", 5000);
	assert_int_equal(bob.status, 200);
	assert_int_equal(ms_sip_session_modify(alice.session, true, &offer), 0);
	world_until(&alice, "paokm", 5000);
	assert_int_equal(alice.status, 200);
	ms_sip_session_end(alice.session, NULL);
	world_until(&alice, "paokmc", 5000);
	world_until(&bob, "ikmoc", 5000);
	sign_out(&alice);
	sign_out(&bob);
}

static void test_call_udp(void **state MS_UNUSED)
{
	whole_call(MS_SIP_UDP, NULL);
}

static void test_call_tcp(void **state MS_UNUSED)
{
	whole_call(MS_SIP_TCP, NULL);
}

static void test_call_tls(void **state MS_UNUSED)
{
	struct ms_sip_tls tls = { .ca_file = getenv("MS_LAB_CA"), .server_name = domain };

	whole_call(MS_SIP_TLS, &tls);
}

/* SUBSCRIBE one way, NOTIFY the other, in one dialog through the proxy; the watcher's name is asserted. */
static void whole_watch(enum ms_sip_transport t, const struct ms_sip_tls *tls)
{
	static const struct ms_sip_subscription_handlers watching = { notified,
								      subscription_closed };
	char uri[128];
	const struct ms_sip_subscribe_spec spec = { .uri = uri_of("bob", uri),
						    .event = "conference",
						    .accept = "application/conference-info+xml",
						    .expires_s = 3600 };
	char asserted[128];

	open_both(t, tls);
	assert_int_equal(
		ms_sip_subscribe(alice.account, &spec, &watching, &alice, &alice.subscription), 0);
	world_until(&alice, "a", 5000);
	assert_memory_equal(alice.body, "<one/>", 6);
	assert_string_equal(bob.asserted, uri_of("alice", asserted));
	assert_int_equal(ms_sip_notify(bob.notifier, MS_SIP_PENDING, NULL, NULL), 0);
	world_until(&alice, "ap", 5000);
	ms_sip_unsubscribe(alice.subscription);
	world_until(&alice, "aptc", 5000);
	world_until(&bob, "sc", 5000);
	assert_int_equal(alice.err, 0);
	assert_int_equal(bob.err, 0);
	sign_out(&alice);
	sign_out(&bob);
}

static void test_watch_udp(void **state MS_UNUSED)
{
	whole_watch(MS_SIP_UDP, NULL);
}

static void test_watch_tcp(void **state MS_UNUSED)
{
	whole_watch(MS_SIP_TCP, NULL);
}

static void test_watch_tls(void **state MS_UNUSED)
{
	struct ms_sip_tls tls = { .ca_file = getenv("MS_LAB_CA"), .server_name = domain };

	whole_watch(MS_SIP_TLS, &tls);
}

static void test_cancel(void **state MS_UNUSED)
{
	char uri[128];

	open_both(MS_SIP_UDP, NULL);
	world_call(&alice, uri_of("bob", uri), "R");
	world_until(&alice, "p", 5000);
	ms_sip_session_end(alice.session, NULL);
	world_until(&bob, "iC", 5000);
	world_until(&alice, "pc", 5000);
	sign_out(&alice);
	sign_out(&bob);
}

static void test_refusal(void **state MS_UNUSED)
{
	char uri[128];

	open_both(MS_SIP_UDP, NULL);
	world_call(&alice, uri_of("bob", uri), "N");
	world_until(&alice, "c", 5000);
	assert_int_equal(alice.status, 488);
	assert_string_equal(alice.warning, "306 callee \"no key\"");
	assert_string_equal(alice.type, "application/mikey");
	assert_int_equal(alice.body_len, 3);
	sign_out(&alice);
	sign_out(&bob);
}

/* Diverted in the network (the script has set dave -> carol): the caller sees who asked for nothing. */
static void test_diversion(void **state MS_UNUSED)
{
	char uri[128];

	open_both(MS_SIP_UDP, NULL);
	open_user(&carol, "carol", "carolpw", MS_SIP_UDP, NULL);
	sign_in(&carol);
	send_to("dave", NULL, MS_SPAN_LIT("diverted"));
	assert_int_equal(alice.status, 200);
	assert_memory_equal(carol.body, "diverted", 8);
	alice.log[0] = carol.log[0] = '\0';
	world_call(&alice, uri_of("dave", uri), "A");
	world_until(&alice, "pa", 5000);
	world_until(&carol, "ik", 5000);
	ms_sip_session_end(carol.session, NULL);
	world_until(&alice, "pac", 5000);
	sign_out(&alice);
	sign_out(&bob);
	sign_out(&carol);
}

static void note_down(void *arg)
{
	world_note(arg, 'd');
}

static void test_shutdown(void **state MS_UNUSED)
{
	char uri[128];

	open_both(MS_SIP_UDP, NULL);
	world_call(&alice, uri_of("bob", uri), "A");
	world_until(&bob, "ik", 5000);
	ms_sip_shutdown(bob.sip, 5 * MS_SEC, note_down, &bob);
	for (int i = 0; i < 50 && !strchr(bob.log, 'd'); i++)
		world_pass(100);
	assert_non_null(strchr(bob.log, 'U'));
	assert_non_null(strchr(bob.log, 'c'));
	assert_int_equal(bob.log[strlen(bob.log) - 1], 'd');
	world_close(&bob);
	send_to("bob", NULL, MS_SPAN_LIT("x"));
	assert_int_equal(alice.status, 480);
	sign_out(&alice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_register),       cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_wrong_password), cmocka_unit_test(test_foreign_identity),
		cmocka_unit_test(test_message_udp),    cmocka_unit_test(test_message_tcp),
		cmocka_unit_test(test_message_tls),    cmocka_unit_test(test_wrong_ca),
		cmocka_unit_test(test_impersonation),  cmocka_unit_test(test_call_udp),
		cmocka_unit_test(test_call_tcp),       cmocka_unit_test(test_call_tls),
		cmocka_unit_test(test_watch_udp),      cmocka_unit_test(test_watch_tcp),
		cmocka_unit_test(test_watch_tls),      cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_refusal),        cmocka_unit_test(test_diversion),
		cmocka_unit_test(test_shutdown),
	};
	const struct CMUnitTest checked[] = { cmocka_unit_test(test_from_check) };
	const char *port = getenv("MS_LAB_PORT");
	uint64_t v = 0;

	domain = getenv("MS_LAB_DOMAIN");
	if (!port || !domain || ms_span_u64(ms_span_str(port), 65534, &v) < 0)
		return 77;
	lab_port = (unsigned)v;
	if (getenv("LAB_FROM_CHECK"))
		return cmocka_run_group_tests(checked, world_setup, world_teardown);
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
