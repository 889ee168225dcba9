/* SPDX-License-Identifier: Apache-2.0 */
/* Registration and redirection, with Bob's stack as registrar that does what a test wants. */
#include "world.h"

#include <errno.h>

#include "sip/sip-priv.h"

static struct user alice, bob;

/* What the registrar answers; counted down where it makes sense. */
static struct {
	bool challenge, sha256;
	unsigned fail;        /* so many times 503 */
	unsigned min_expires; /* 423 below */
	unsigned grant;
	char redirect[200];
	const char *list; /* of this header far too many */
	bool once;
	bool greedy;      /* 423 always, for one second more */
	char expires[16]; /* Expires of the last REGISTER */
	unsigned nonces;
	const char *security;          /* Security-Server of the 200 */
	const char *told;              /* that of the challenge */
	const char *wants;             /* 494 with this, unless Security-Verify says it */
	char said[100];                /* Security-Verify of the last request that is no REGISTER */
	char client[100], verify[100]; /* Security-Client and -Verify of the last REGISTER */
} rule;

/* Does the answer fit the password? Computed anew from what the header says. */
static bool digest_fits(const struct ms_sip_message *m)
{
	struct ms_span v = ms_sip_header(m, "Authorization"), params, nonce, cnonce, nc, uri,
		       response;
	struct ms_sip_digest_input in = { .sha256 = rule.sha256,
					  .user = MS_SPAN_LIT("alice"),
					  .realm = MS_SPAN_LIT("bob"),
					  .password = MS_SPAN_LIT("secret"),
					  .method = ms_sip_method(m) };
	char hex[65], list[1024];

	if (ms_span_to_str(v, list, sizeof(list)) < 0 || v.len == 0)
		return false;
	for (char *p = list; *p; p++)
		if (*p == ',')
			*p = ';';
	params = ms_span_from(ms_span_str(list), ms_span_find(ms_span_str(list), ' '));
	list[params.p - (const uint8_t *)list] = ';';
	if (!ms_sip_param(params, "nonce", &nonce) || !ms_sip_param(params, "uri", &uri) ||
	    !ms_sip_param(params, "cnonce", &cnonce) || !ms_sip_param(params, "nc", &nc) ||
	    !ms_sip_param(params, "response", &response))
		return false;
	in.nonce = nonce;
	in.uri = uri;
	in.cnonce = cnonce;
	in.nc = nc;
	assert_int_equal(ms_sip_digest(&in, hex), 0);
	return ms_span_is(response, hex);
}

static void challenge(struct ms_sip *sip, const struct ms_sip_message *m)
{
	char value[200];
	struct ms_sip_header_value h[] = {
		{ "WWW-Authenticate",
		  MS_SPAN_LIT("Digest realm=\"bob\", nonce=\"x\", algorithm=X-NEW") },
		{ "WWW-Authenticate", { NULL, 0 } },
		{ "Security-Server", { NULL, 0 } },
	};
	struct ms_sip_content c = { .headers = h, .n_headers = rule.told ? 3 : 2 };

	if (rule.told)
		h[2].value = ms_span_str(rule.told);
	(void)snprintf(value, sizeof(value),
		       "Digest realm=\"bob\", nonce=\"n%u\", qop=\"auth-int,auth\", algorithm=%s, "
		       "opaque=\"a,b\"",
		       ++rule.nonces, rule.sha256 ? "SHA-256" : "MD5");
	h[1].value = ms_span_str(value);
	assert_int_equal(ms_sip_reply(sip, m, 401, NULL, &c), 0);
}

static void reply_with(struct ms_sip *sip, const struct ms_sip_message *m, unsigned status,
		       const char *name, const char *value)
{
	struct ms_sip_header_value h = { name, ms_span_str(value) };
	struct ms_sip_content c = { .headers = &h, .n_headers = 1 };

	assert_int_equal(ms_sip_reply(sip, m, status, NULL, &c), 0);
}

/* 40 entries in that header; with "once", only the first time. */
static void reply_with_list(struct ms_sip *sip, const struct ms_sip_message *m)
{
	struct ms_sip_header_value h[40];
	struct ms_sip_content c = { .headers = h, .n_headers = MS_ARRAY_SIZE(h) };

	for (size_t i = 0; i < MS_ARRAY_SIZE(h); i++)
		h[i] = (struct ms_sip_header_value){ rule.list, MS_SPAN_LIT("<sip:u@x;lr>") };
	if (rule.once)
		rule.list = NULL;
	assert_int_equal(ms_sip_reply(sip, m, 200, NULL, &c), 0);
}

static void receive_register(struct ms_sip *sip, const struct ms_sip_message *m)
{
	struct ms_sip_address contact;
	char value[300];
	uint64_t expires = 0;

	assert_int_equal(ms_span_u64(ms_sip_header(m, "Expires"), UINT32_MAX, &expires), 0);
	assert_int_equal(ms_span_to_str(ms_sip_header(m, "Security-Client"), rule.client, 100), 0);
	assert_int_equal(ms_span_to_str(ms_sip_header(m, "Security-Verify"), rule.verify, 100), 0);
	(void)snprintf(rule.expires, sizeof(rule.expires), "%u", (unsigned)expires);
	if (rule.greedy)
		rule.min_expires = (unsigned)expires + 1;
	if (rule.min_expires > expires && expires > 0) {
		(void)snprintf(value, sizeof(value), "%u", rule.min_expires);
		reply_with(sip, m, 423, "Min-Expires", value);
		return;
	}
	assert_true(ms_sip_contact(m, 0, &contact));
	if (rule.list) {
		reply_with_list(sip, m);
		return;
	}
	if (rule.security) {
		reply_with(sip, m, 200, "Security-Server", rule.security);
		return;
	}
	(void)snprintf(value, sizeof(value), "<sip:other@127.0.0.1:9>;expires=7, <%.*s>;expires=%u",
		       MS_SPAN_FMT(contact.uri), rule.grant);
	reply_with(sip, m, 200, "Contact", value);
}

static void request(struct ms_sip *sip, const struct ms_sip_message *m, void *arg)
{
	world_note(arg, 'q');
	if (rule.fail > 0) {
		rule.fail--;
		reply_with(sip, m, 503, "Retry-After", "1");
	} else if (rule.redirect[0]) {
		reply_with(sip, m, 302, "Contact", rule.redirect);
	} else if (rule.challenge && !digest_fits(m)) {
		challenge(sip, m);
	} else if (rule.wants && !ms_span_is(ms_sip_header(m, "Security-Verify"), rule.wants)) {
		reply_with(sip, m, 494, "Security-Server", rule.wants);
	} else if (ms_span_is(ms_sip_method(m), "REGISTER")) {
		receive_register(sip, m);
	} else {
		assert_int_equal(
			ms_span_to_str(ms_sip_header(m, "Security-Verify"), rule.said, 100), 0);
		assert_int_equal(ms_sip_reply(sip, m, 200, NULL, NULL), 0);
	}
}

static void invite(struct ms_sip *sip MS_UNUSED, struct ms_sip_session *s,
		   const struct ms_sip_message *m MS_UNUSED, void *arg)
{
	struct user *u = arg;
	struct ms_sip_header_value h = { "Contact", ms_span_str(rule.redirect) };
	struct ms_sip_content c = { .headers = &h, .n_headers = 1 };

	ms_sip_session_take(s, u->account, &world_calls, u);
	assert_int_equal(ms_sip_session_respond(s, 302, NULL, &c), 0);
	world_note(u, 'i');
}

static const struct ms_sip_handlers bobs = { .request = request, .invite = invite };

static void changed(struct ms_sip_account *a MS_UNUSED, enum ms_sip_registration_state state,
		    int err, const struct ms_sip_message *m, void *arg)
{
	struct user *u = arg;

	u->err = err;
	u->status = m ? ms_sip_status(m) : 0;
	world_note(u, state == MS_SIP_REGISTERED ? 'R' : state == MS_SIP_UNREGISTERED ? 'U' : 'F');
}

static const char *media_security;

static void open_both(enum ms_sip_transport t)
{
	struct ms_sip_account_config account = { .password = "secret",
						 .proxy = bob.uri,
						 .media_security = media_security };

	memset(&rule, 0, sizeof(rule));
	rule.grant = 300;
	world_open(&bob, "bob", "127.0.0.1", t, &bobs, NULL);
	world_open_as(&alice, "alice", "127.0.0.1", t, NULL, NULL, &account);
}

static void close_both(void)
{
	world_close(&alice);
	world_close(&bob);
}

static void start(unsigned expires, unsigned retry)
{
	const struct ms_sip_registration_handler h = { changed, &alice };

	assert_int_equal(ms_sip_register(alice.account, expires, retry, &h), 0);
}

static void test_register(void **state MS_UNUSED)
{
	open_both(MS_SIP_UDP);
	assert_int_equal(ms_sip_unregister(alice.account), -EALREADY);
	start(600, 0);
	assert_int_equal(ms_sip_registration(alice.account), MS_SIP_REGISTERING);
	world_until(&alice, "R", 3000);
	/* Ours among the contacts, not the first one. */
	assert_int_equal(ms_sip_registration_expires(alice.account), 300);
	assert_int_equal(ms_sip_registration(alice.account), MS_SIP_REGISTERED);
	assert_int_equal(ms_sip_unregister(alice.account), 0);
	world_until(&alice, "RU", 3000);
	assert_string_equal(rule.expires, "0");
	close_both();
}

static void digest(bool sha256)
{
	open_both(MS_SIP_UDP);
	rule.challenge = true;
	rule.sha256 = sha256;
	start(600, 0);
	world_until(&alice, "R", 3000);
	assert_string_equal(bob.log, "qq");
	/* The challenge is known: the next request carries its answer at once. */
	assert_int_equal(ms_sip_unregister(alice.account), 0);
	world_until(&alice, "RU", 3000);
	assert_string_equal(bob.log, "qqq");
	assert_int_equal(rule.nonces, 1);
	close_both();
}

/* Large sets of identities are normal; too many routes are an error that may pass. */
static void test_long_lists(void **state MS_UNUSED)
{
	open_both(MS_SIP_UDP);
	rule.list = "P-Associated-URI";
	start(600, 0);
	world_until(&alice, "R", 3000);
	assert_true(ms_sip_associated_uri(alice.account, 15).len > 0);
	close_both();
	open_both(MS_SIP_UDP);
	rule.list = "Service-Route";
	rule.once = true;
	start(600, 1);
	world_until(&alice, "F", 3000);
	assert_int_equal(alice.err, -E2BIG);
	world_until(&alice, "FR", 3000);
	close_both();
}

/* TS 24.229 clause 7.2A.7: each side says what it has, and the client repeats what the other said. */
/* RFC 3329 section 2.3.1: the list of the challenge goes back at once, and holds if the 200 has none. */
static void test_media_security_challenged(void **state MS_UNUSED)
{
	struct ms_sip_request_spec message = { .method = "MESSAGE", .uri = bob.uri };

	media_security = "msrp-tls;mediasec, bfcp-tls;mediasec";
	open_both(MS_SIP_UDP);
	rule.challenge = true;
	rule.told = "msrp-tls;mediasec, bfcp-tls;mediasec";
	start(600, 0);
	world_until(&alice, "R", 3000);
	assert_string_equal(rule.verify, rule.told);
	assert_string_equal(rule.client, media_security);
	assert_true(ms_sip_media_security(alice.account, "msrp-tls"));
	/* and in whatever else goes that way */
	assert_int_equal(ms_sip_request(alice.account, &message, world_response, &alice, NULL), 0);
	world_until(&alice, "Rr", 3000);
	assert_string_equal(rule.said, rule.told);
	/* the 200 has the last word */
	rule.security = "bfcp-tls;mediasec";
	start(600, 0);
	world_until(&alice, "RrR", 3000);
	assert_false(ms_sip_media_security(alice.account, "msrp-tls"));
	assert_true(ms_sip_media_security(alice.account, "bfcp-tls"));
	/* neither says anything any more: what was before does not hold */
	rule.security = rule.told = NULL;
	start(600, 0);
	world_until(&alice, "RrRR", 3000);
	assert_false(ms_sip_media_security(alice.account, "bfcp-tls"));
	close_both();
	media_security = NULL;
}

/* RFC 3329 section 2.3.2: 494 says what is to be sent back; once. */
static void test_media_security_demanded(void **state MS_UNUSED)
{
	media_security = "msrp-tls;mediasec";
	open_both(MS_SIP_UDP);
	rule.wants = "msrp-tls;mediasec";
	start(600, 0);
	world_until(&alice, "R", 3000);
	assert_string_equal(rule.verify, rule.wants);
	rule.wants = "ipsec-3gpp"; /* nothing of it is ours to send back */
	start(600, 0);
	world_until(&alice, "RF", 3000);
	close_both();
	media_security = NULL;
}

static void test_media_security(void **state MS_UNUSED)
{
	media_security = "msrp-tls;mediasec, bfcp-tls;mediasec";
	open_both(MS_SIP_UDP);
	rule.security = "ipsec-3gpp;q=0.1;spi-c=1, MSRP-TLS;mediasec,sdes-srtp ; mediasec";
	start(600, 0);
	world_until(&alice, "R", 3000);
	assert_string_equal(rule.client, media_security);
	assert_string_equal(rule.verify, "");
	assert_true(ms_sip_media_security(alice.account, "msrp-tls"));
	assert_true(ms_sip_media_security(alice.account, "sdes-srtp"));
	assert_false(ms_sip_media_security(alice.account, "bfcp-tls"));
	assert_false(ms_sip_media_security(alice.account, "ipsec-3gpp"));
	start(600, 0);
	world_until(&alice, "RR", 3000);
	assert_string_equal(rule.verify, "MSRP-TLS;mediasec, sdes-srtp ; mediasec");
	/* A network that has it no more. */
	rule.security = "ipsec-3gpp";
	start(600, 0);
	world_until(&alice, "RRR", 3000);
	assert_false(ms_sip_media_security(alice.account, "msrp-tls"));
	close_both();
	media_security = NULL;
	open_both(MS_SIP_UDP);
	start(600, 0);
	world_until(&alice, "R", 3000);
	assert_string_equal(rule.client, "");
	close_both();
}

/* Not in circles at the speed of the network. */
static void test_always_longer(void **state MS_UNUSED)
{
	open_both(MS_SIP_UDP);
	rule.greedy = true;
	start(600, 0);
	world_until(&alice, "F", 3000);
	assert_int_equal(alice.status, 423);
	assert_string_equal(bob.log, "qq");
	close_both();
}

static void test_digest_md5(void **state MS_UNUSED)
{
	digest(false);
}

static void test_digest_sha256(void **state MS_UNUSED)
{
	digest(true);
}

static void test_wrong_password(void **state MS_UNUSED)
{
	struct ms_sip_account_config account = { .password = "wrong", .proxy = bob.uri };

	memset(&rule, 0, sizeof(rule));
	world_open(&bob, "bob", "127.0.0.1", MS_SIP_UDP, &bobs, NULL);
	world_open_as(&alice, "alice", "127.0.0.1", MS_SIP_UDP, NULL, NULL, &account);
	rule.challenge = true;
	start(600, 0);
	world_until(&alice, "F", 3000);
	assert_int_equal(alice.err, -EACCES);
	assert_int_equal(alice.status, 401);
	assert_string_equal(bob.log, "qq");
	close_both();
}

static void test_no_password(void **state MS_UNUSED)
{
	struct ms_sip_account_config account = { .proxy = bob.uri };

	memset(&rule, 0, sizeof(rule));
	world_open(&bob, "bob", "127.0.0.1", MS_SIP_UDP, &bobs, NULL);
	world_open_as(&alice, "alice", "127.0.0.1", MS_SIP_UDP, NULL, NULL, &account);
	rule.challenge = true;
	start(600, 0);
	world_until(&alice, "F", 3000);
	assert_int_equal(alice.err, -EACCES);
	assert_string_equal(bob.log, "q");
	close_both();
}

static void test_interval_too_brief(void **state MS_UNUSED)
{
	open_both(MS_SIP_UDP);
	rule.min_expires = 1800;
	start(60, 0);
	world_until(&alice, "R", 3000);
	assert_string_equal(rule.expires, "1800");
	close_both();
}

static void test_tries_again(void **state MS_UNUSED)
{
	open_both(MS_SIP_UDP);
	rule.fail = 1;
	start(600, 1);
	world_until(&alice, "F", 3000);
	assert_int_equal(alice.status, 503);
	assert_int_equal(ms_sip_registration(alice.account), MS_SIP_REGISTRATION_FAILED);
	world_until(&alice, "FR", 4000);
	close_both();
}

/* The server goes away with its connections and comes back: we notice and register anew. */
static void test_connection_lost(void **state MS_UNUSED)
{
	struct ms_sip_bind bind = { MS_SIP_TCP, "127.0.0.1", 0 };
	struct ms_sip_config config = {
		.binds = &bind, .n_binds = 1, .handlers = bobs, .arg = &bob
	};

	open_both(MS_SIP_TCP);
	start(600, 0);
	world_until(&alice, "R", 3000);
	bind.port = ms_sip_port(bob.sip, 0);
	bob.sip = ms_sip_free(bob.sip);
	assert_int_equal(ms_sip_new(&config, NULL, &bob.sip), 0);
	world_until(&alice, "RR", 4000);
	close_both();
}

/* ---- 3xx (RFC 3261 section 8.1.3.4) ---- */

static void test_message_redirected(void **state MS_UNUSED)
{
	struct ms_sip_request_spec spec = { .method = "MESSAGE", .uri = bob.uri };
	struct ms_sip_account_config direct = { .identity = "sip:alice@127.0.0.1" };
	struct user carol;
	struct ms_sip_account *a;

	open_both(MS_SIP_UDP);
	world_open(&carol, "carol", "127.0.0.1", MS_SIP_UDP, NULL, NULL);
	assert_int_equal(ms_sip_account_new(alice.sip, &direct, &a), 0);
	(void)snprintf(rule.redirect, sizeof(rule.redirect), "<%s>;q=1, <sip:x@127.0.0.1:9>",
		       carol.uri);
	assert_int_equal(ms_sip_request(a, &spec, world_response, &alice, NULL), 0);
	world_until(&alice, "r", 3000);
	assert_int_equal(alice.status, 405); /* Carol's stack has no handler and says so */
	assert_int_equal(carol.sent, 1);
	spec.report_redirects = true;
	assert_int_equal(ms_sip_request(a, &spec, world_response, &alice, NULL), 0);
	world_until(&alice, "rr", 3000);
	assert_int_equal(alice.status, 302);
	world_close(&carol);
	close_both();
}

/* Redirected to itself for ever: it ends with the 302. */
static void test_redirected_in_circles(void **state MS_UNUSED)
{
	struct ms_sip_request_spec spec = { .method = "MESSAGE", .uri = bob.uri };

	open_both(MS_SIP_UDP);
	(void)snprintf(rule.redirect, sizeof(rule.redirect), "<%s>", bob.uri);
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL), 0);
	world_until(&alice, "r", 3000);
	assert_int_equal(alice.status, 302);
	assert_string_equal(bob.log, "qqqqqq"); /* the first and five more */
	close_both();
}

static void test_call_redirected(void **state MS_UNUSED)
{
	static const struct ms_sip_handlers carols = { .invite = world_invite };
	struct ms_sip_account_config direct = { .identity = "sip:alice@127.0.0.1" };
	struct user carol;
	struct ms_sip_account *proxied;

	open_both(MS_SIP_UDP);
	world_open(&carol, "carol", "127.0.0.1", MS_SIP_UDP, &carols, NULL);
	proxied = alice.account;
	assert_int_equal(ms_sip_account_new(alice.sip, &direct, &alice.account), 0);
	assert_non_null(proxied);
	(void)snprintf(rule.redirect, sizeof(rule.redirect), "<%s>", carol.uri);
	world_call(&alice, bob.uri, "A");
	world_until(&alice, "pa", 3000);
	world_until(&carol, "ik", 3000);
	ms_sip_session_end(alice.session, NULL);
	world_until(&alice, "pac", 3000);
	world_close(&carol);
	close_both();
}

/* No TCP where UDP is: RFC 3261 section 18.1.1 says to try UDP after all. */
static void test_no_stream_after_all(void **state MS_UNUSED)
{
	static uint8_t big[5000];
	struct ms_sip_bind bind = { MS_SIP_UDP, "127.0.0.1", 0 };
	struct ms_sip_config config = {
		.binds = &bind, .n_binds = 1, .handlers = bobs, .arg = &bob
	};
	char uri[64];
	struct ms_sip_request_spec spec = { .method = "MESSAGE",
					    .uri = uri,
					    .content = { .type = "text/plain",
							 .body = { big, sizeof(big) } } };
	struct ms_sip_account_config direct = { .identity = "sip:alice@127.0.0.1" };
	struct ms_sip_account *a;
	struct ms_sip *udp_only;

	open_both(MS_SIP_UDP);
	for (bind.port = 11100; ms_sip_new(&config, NULL, &udp_only) < 0; bind.port++)
		assert_true(bind.port < 11190);
	memset(big, 'x', sizeof(big));
	(void)snprintf(uri, sizeof(uri), "sip:bob@127.0.0.1:%u",
		       (unsigned)ms_sip_port(udp_only, 0));
	assert_int_equal(ms_sip_account_new(alice.sip, &direct, &a), 0);
	assert_int_equal(ms_sip_request(a, &spec, world_response, &alice, NULL), 0);
	world_until(&alice, "r", 3000);
	assert_int_equal(alice.status, 200);
	ms_sip_free(udp_only);
	close_both();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_register),
		cmocka_unit_test(test_long_lists),
		cmocka_unit_test(test_media_security),
		cmocka_unit_test(test_media_security_challenged),
		cmocka_unit_test(test_media_security_demanded),
		cmocka_unit_test(test_always_longer),
		cmocka_unit_test(test_digest_md5),
		cmocka_unit_test(test_digest_sha256),
		cmocka_unit_test(test_wrong_password),
		cmocka_unit_test(test_no_password),
		cmocka_unit_test(test_interval_too_brief),
		cmocka_unit_test(test_tries_again),
		cmocka_unit_test(test_connection_lost),
		cmocka_unit_test(test_message_redirected),
		cmocka_unit_test(test_redirected_in_circles),
		cmocka_unit_test(test_call_redirected),
		cmocka_unit_test(test_no_stream_after_all),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
