/* SPDX-License-Identifier: Apache-2.0 */
/* Requests outside of dialogs: transports, sizes, binary bodies, answers, errors. */
#include "world.h"

#include <errno.h>

static struct user alice, bob;

/* Bob answers as the body's first octet says: 200 with an echo, later, or a refusal. */
static void bob_request(struct ms_sip *sip, const struct ms_sip_message *m, void *arg)
{
	struct user *u = arg;
	struct ms_sip_header_value warning = { "Warning",
					       MS_SPAN_LIT("399 bob \"no such message\"") };
	struct ms_sip_content echo = { .type = "application/octet-stream" };
	struct ms_sip_content refusal = { .headers = &warning,
					  .n_headers = 1,
					  .type = "application/mikey",
					  .body = MS_SPAN_LIT("\1\0\6") };
	struct ms_span body = ms_sip_body(m);

	world_take(u, m);
	echo.body = body;
	world_note(u, 'q');
	if (ms_span_is(ms_sip_method(m), "OPTIONS"))
		assert_int_equal(ms_sip_reply(sip, m, 200, "Fine", NULL), 0);
	else if (body.len > 0 && body.p[0] == 'L')
		u->kept = ms_sip_message_ref(m);
	else if (body.len > 0 && body.p[0] == 'N')
		assert_int_equal(ms_sip_reply(sip, m, 488, NULL, &refusal), 0);
	else
		assert_int_equal(ms_sip_reply(sip, m, 200, NULL, &echo), 0);
}

static const struct ms_sip_handlers bobs = { .request = bob_request };

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

static int send_body(struct ms_span body)
{
	static const struct ms_sip_header_value header = { "P-Asserted-Identity",
							   { (const uint8_t *)"<sip:a@x>", 9 } };
	struct ms_sip_request_spec spec = { .method = "MESSAGE",
					    .uri = bob.uri,
					    .content = { .headers = &header,
							 .n_headers = 1,
							 .type = "application/pkcs7-mime;x=\"y\"",
							 .body = body } };

	return ms_sip_request(alice.account, &spec, world_response, &alice, NULL);
}

/* Every octet there is, both ways. */
static void binary(const char *address, enum ms_sip_transport t)
{
	uint8_t octets[257];

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)i;
	open_both(address, t);
	assert_int_equal(send_body(ms_span_of(octets, sizeof(octets))), 0);
	world_until(&alice, "r", 3000);
	assert_int_equal(alice.status, 200);
	assert_int_equal(bob.body_len, sizeof(octets));
	assert_memory_equal(bob.body, octets, sizeof(octets));
	assert_memory_equal(alice.body, octets, sizeof(octets));
	assert_string_equal(bob.type, "application/pkcs7-mime;x=\"y\"");
	assert_string_equal(bob.from, alice.uri);
	assert_string_equal(bob.asserted, "sip:a@x");
	assert_int_equal(bob.sent_by[t], 1);
	close_both();
}

static void test_udp(void **state MS_UNUSED)
{
	binary("127.0.0.1", MS_SIP_UDP);
}

static void test_tcp(void **state MS_UNUSED)
{
	binary("127.0.0.1", MS_SIP_TCP);
}

static void test_udp6(void **state MS_UNUSED)
{
	binary("::1", MS_SIP_UDP);
}

static void test_tcp6(void **state MS_UNUSED)
{
	binary("::1", MS_SIP_TCP);
}

/* RFC 3261 section 18.1.1: what is too large for UDP goes by TCP by itself. */
static void test_large_goes_by_tcp(void **state MS_UNUSED)
{
	static uint8_t big[MS_SIP_BODY_MAX];

	memset(big, 'x', sizeof(big));
	open_both("127.0.0.1", MS_SIP_UDP);
	assert_int_equal(send_body(ms_span_of(big, 300)), 0);
	world_until(&alice, "r", 3000);
	assert_int_equal(alice.sent_by[MS_SIP_UDP], 1);
	assert_int_equal(send_body(ms_span_of(big, 1400)), 0);
	world_until(&alice, "rr", 3000);
	assert_int_equal(alice.sent_by[MS_SIP_TCP], 1);
	assert_int_equal(ms_sip_counter(alice.sip, MS_SIP_UPGRADED), 1);
	assert_int_equal(send_body(ms_span_of(big, sizeof(big))), 0);
	world_until(&alice, "rrr", 3000);
	assert_int_equal(alice.status, 200);
	assert_int_equal(alice.body_len, sizeof(big));
	close_both();
}

static void test_too_large(void **state MS_UNUSED)
{
	static uint8_t big[MS_SIP_BODY_MAX + 1];
	struct ms_sip_bind bind = { MS_SIP_UDP, "127.0.0.1", 0 };
	struct ms_sip_config config = { .binds = &bind, .n_binds = 1 };
	struct ms_sip_account_config account = { .identity = "sip:u@127.0.0.1" };
	struct ms_sip_request_spec spec = { .method = "MESSAGE",
					    .uri = "sip:x@127.0.0.1:11199",
					    .content = { .type = "text/plain" } };
	struct ms_sip_account *a;
	struct ms_sip *udp_only;

	memset(big, 'x', sizeof(big));
	open_both("127.0.0.1", MS_SIP_UDP);
	assert_int_equal(send_body(ms_span_of(big, sizeof(big))), -EMSGSIZE);
	/* No stream transport, and too large for a datagram. */
	assert_int_equal(ms_sip_new(&config, NULL, &udp_only), 0);
	assert_int_equal(ms_sip_account_new(udp_only, &account, &a), 0);
	spec.content.body = ms_span_of(big, 1400);
	assert_int_equal(ms_sip_request(a, &spec, world_response, &alice, NULL), -EMSGSIZE);
	ms_sip_free(udp_only);
	close_both();
}

static void test_refusal_has_a_body(void **state MS_UNUSED)
{
	open_both("127.0.0.1", MS_SIP_UDP);
	assert_int_equal(send_body(MS_SPAN_LIT("N")), 0);
	world_until(&alice, "r", 3000);
	assert_int_equal(alice.status, 488);
	assert_string_equal(alice.warning, "399 bob \"no such message\"");
	assert_string_equal(alice.type, "application/mikey");
	assert_int_equal(alice.body_len, 3);
	close_both();
}

/* The server takes longer than timer E: repetitions do not reach the user again. */
static void test_late_answer(void **state MS_UNUSED)
{
	open_both("127.0.0.1", MS_SIP_UDP);
	assert_int_equal(send_body(MS_SPAN_LIT("L")), 0);
	world_pass(2200);
	assert_string_equal(bob.log, "q");
	assert_true(alice.sent >= 3);
	assert_int_equal(ms_sip_reply(bob.sip, bob.kept, 200, NULL, NULL), 0);
	world_until(&alice, "r", 3000);
	assert_int_equal(alice.status, 200);
	assert_int_equal(ms_sip_reply(bob.sip, bob.kept, 200, NULL, NULL), -EALREADY);
	close_both();
}

static void test_options(void **state MS_UNUSED)
{
	struct ms_sip_request_spec spec = { .method = "OPTIONS", .uri = bob.uri, .contact = true };

	open_both("127.0.0.1", MS_SIP_UDP);
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL), 0);
	world_until(&alice, "r", 3000);
	assert_int_equal(alice.status, 200);
	/* Alice has no handler: OPTIONS is answered for her, MESSAGE is not. */
	spec.uri = alice.uri;
	assert_int_equal(ms_sip_request(bob.account, &spec, world_response, &bob, NULL), 0);
	world_until(&bob, "qr", 3000);
	assert_int_equal(bob.status, 200);
	spec.method = "MESSAGE";
	assert_int_equal(ms_sip_request(bob.account, &spec, world_response, &bob, NULL), 0);
	world_until(&bob, "qrr", 3000);
	assert_int_equal(bob.status, 405);
	close_both();
}

static void test_nobody_there(void **state MS_UNUSED)
{
	struct ms_sip_request_spec spec = { .method = "OPTIONS",
					    .uri = "sip:x@127.0.0.1:11198;transport=tcp" };

	open_both("127.0.0.1", MS_SIP_UDP);
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL), 0);
	world_until(&alice, "e", 3000);
	assert_int_equal(alice.err, -ECONNREFUSED);
	spec.uri = "sip:x@127.0.0.1:11198";
	spec.timeout = 600 * MS_MSEC;
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL), 0);
	world_until(&alice, "ee", 3000);
	assert_int_equal(alice.err, -ETIMEDOUT);
	assert_true(alice.sent >= 2); /* one repetition in 600 ms */
	close_both();
}

static void test_bad_arguments(void **state MS_UNUSED)
{
	struct ms_sip_header_value evil = { "Subject", MS_SPAN_LIT("x\r\nVia: evil") };
	struct ms_sip_request_spec spec = { .method = "MESSAGE",
					    .uri = bob.uri,
					    .content = { .headers = &evil, .n_headers = 1 } };

	open_both("127.0.0.1", MS_SIP_UDP);
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL),
			 -EINVAL);
	spec.content.n_headers = 0;
	spec.uri = "sip:x@127.0.0.1 SIP/2.0\r\nVia: evil";
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL),
			 -EINVAL);
	spec.uri = "tel:+49";
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL),
			 -EINVAL);
	spec.uri = "sip:x@127.0.0.1;transport=sctp";
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL),
			 -EAFNOSUPPORT);
	spec.uri = "sip:x@host.example";
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL),
			 -EDESTADDRREQ);
	spec.uri = "sips:x@127.0.0.1"; /* there is no TLS transport */
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL),
			 -EAFNOSUPPORT);
	close_both();
}

/* The user is slow: only so many requests wait, the rest hears 503. */
static void test_too_many_wait(void **state MS_UNUSED)
{
	struct ms_sip_bind bind = { MS_SIP_TCP, "127.0.0.1", 0 };
	struct ms_sip_config config = { .binds = &bind,
					.n_binds = 1,
					.limits = { .requests = 1 },
					.handlers = bobs,
					.arg = &bob };
	struct ms_sip_request_spec spec = {
		.method = "MESSAGE", .content = { .type = "text/plain", .body = MS_SPAN_LIT("L") }
	};
	struct ms_sip *busy;
	char uri[64];

	open_both("127.0.0.1", MS_SIP_TCP);
	assert_int_equal(ms_sip_new(&config, NULL, &busy), 0);
	(void)snprintf(uri, sizeof(uri), "sip:b@127.0.0.1:%u;transport=tcp",
		       (unsigned)ms_sip_port(busy, 0));
	spec.uri = uri;
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL), 0);
	world_until(&bob, "q", 3000);
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL), 0);
	world_until(&alice, "r", 3000);
	assert_int_equal(alice.status, 503);
	assert_int_equal(ms_sip_reply(busy, bob.kept, 200, NULL, NULL), 0);
	world_until(&alice, "rr", 3000);
	assert_int_equal(alice.status, 200);
	bob.kept = ms_sip_message_unref(bob.kept);
	ms_sip_free(busy);
	close_both();
}

static void test_cancel_and_free(void **state MS_UNUSED)
{
	struct ms_sip_request_spec spec = { .method = "OPTIONS", .uri = "sip:x@127.0.0.1:11198" };
	struct ms_sip_request *r;

	open_both("127.0.0.1", MS_SIP_UDP);
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, &r), 0);
	ms_sip_request_cancel(r);
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, &r), 0);
	close_both(); /* with one under way */
	assert_string_equal(alice.log, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_udp6),
		cmocka_unit_test(test_tcp6),
		cmocka_unit_test(test_large_goes_by_tcp),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_refusal_has_a_body),
		cmocka_unit_test(test_late_answer),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_too_many_wait),
		cmocka_unit_test(test_cancel_and_free),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
