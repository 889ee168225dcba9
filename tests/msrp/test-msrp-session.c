/* SPDX-License-Identifier: Apache-2.0 */
/* Two endpoints in memory: who may talk, what is refused, how a session ends. RFC 4975 sections 5 and 10. */
#include <errno.h>

#include "ms-test.h"
#include "peers.h"
#include "session-test.h"

/* The active side binds with an empty SEND; then both may talk: section 5.4. */
static void test_bind_and_chat(void **state)
{
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	/* the passive side has something to say but must not speak first */
	assert_int_equal(peer_say(&p.b, "later", NULL), 0);
	assert_false(ms_msrp_conn_wants_output(p.b.conn));
	assert_true(ms_msrp_conn_wants_output(p.a.conn));
	assert_int_equal(peers_run(&p), 0);
	assert_contains(ms_buf_span(&p.a.seen), "Byte-Range: 1-0/0\r\n-------");
	assert_string_equal(peer_log(&p.a), "bound\nmessage text/plain \"later\"\n");
	assert_int_equal(peer_say(&p.a, "hello", NULL), 0);
	assert_int_equal(peers_run(&p), 0);
	assert_string_equal(peer_log(&p.b),
			    "bound\ndone accepted 200\nmessage text/plain \"hello\"\n");
	assert_int_equal(p.a.outcome, MS_MSRP_ACCEPTED);
	peers_done(&p);
}

/* With content at hand the first SEND carries it. */
static void test_first_send_has_body(void **state)
{
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	assert_int_equal(peer_say(&p.a, "hello", NULL), 0);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(ms_msrp_conn_counters(p.a.conn)->requests_out, 1);
	assert_contains(ms_buf_span(&p.a.seen), "Byte-Range: 1-5/5\r\n");
	assert_int_equal(p.a.done, 1);
	assert_string_equal(peer_log(&p.b), "bound\nmessage text/plain \"hello\"\n");
	peers_done(&p);
}

struct status_case {
	const char *request;
	const char *answer; /* what the response's start line has behind the tid; NULL: none */
};

/* What a receiver answers: section 10's codes, and silence where it is due. */
static void test_status_codes(void **state)
{
	static const struct status_case cases[] = {
		{ "MSRP aaaa1111 SEND\r\n" TO_B "Message-ID: id01\r\n-------aaaa1111$\r\n",
		  " 200 OK" },
		{ "MSRP aaaa1112 SEND\r\n" TO_B
		  "Message-ID: id02\r\nContent-Type: text/plain\r\n\r\nx\r\n"
		  "-------aaaa1112$\r\n",
		  " 200 OK" },
		{ "MSRP aaaa1113 SEND\r\n" TO_B "-------aaaa1113$\r\n", " 400 " },
		{ "MSRP aaaa1114 SEND\r\n" TO_B "Message-ID: id04\r\nByte-Range: 9-2/4\r\n"
		  "Content-Type: text/plain\r\n\r\nx\r\n-------aaaa1114$\r\n",
		  " 400 " },
		{ "MSRP aaaa1115 SEND\r\n" TO_B
		  "Message-ID: id05\r\nContent-Type: image/png\r\n\r\nx\r\n"
		  "-------aaaa1115$\r\n",
		  " 415 " },
		{ "MSRP aaaa1116 SEND\r\n" TO_B "Message-ID: id06\r\nByte-Range: 1-*/2000\r\n"
		  "Content-Type: text/plain\r\n\r\nx\r\n-------aaaa1116+\r\n",
		  " 413 " },
		{ "MSRP aaaa1117 SEND\r\nTo-Path: msrp://b.example:7002/eve;tcp\r\n"
		  "From-Path: msrp://a.example:7001/alice;tcp\r\nMessage-ID: id07\r\n-------aaaa1117$\r\n",
		  " 481 " },
		{ "MSRP aaaa1118 NICKNAME\r\n" TO_B "Use-Nickname: \"x\"\r\n-------aaaa1118$\r\n",
		  " 501 " },
		{ "MSRP aaaa1119 AUTH\r\n" TO_B "-------aaaa1119$\r\n", " 501 " },
		{ "MSRP aaaa1120 REPORT\r\n" TO_B "Message-ID: id10\r\nStatus: 000 200 OK\r\n"
		  "-------aaaa1120$\r\n",
		  NULL },
		{ "MSRP aaaa1121 REPORT\r\nTo-Path: msrp://b.example:7002/eve;tcp\r\n"
		  "From-Path: msrp://a.example:7001/alice;tcp\r\n-------aaaa1121$\r\n",
		  NULL },
		{ "MSRP aaaa1122 SEND\r\nTo-Path: msrp://b.example:7002/eve;tcp\r\n"
		  "From-Path: msrp://a.example:7001/alice;tcp\r\nMessage-ID: id12\r\n"
		  "Failure-Report: no\r\n-------aaaa1122$\r\n",
		  NULL },
		{ "MSRP aaaa1123 SEND\r\n" TO_B "Message-ID: id13\r\nFailure-Report: partial\r\n"
		  "Content-Type: text/plain\r\n\r\nx\r\n-------aaaa1123$\r\n",
		  NULL },
		{ "MSRP aaaa1124 SEND\r\n" TO_B "Message-ID: id14\r\nFailure-Report: partial\r\n"
		  "Content-Type: image/png\r\n\r\nx\r\n-------aaaa1124$\r\n",
		  " 415 " },
		{ "MSRP aaaa1125 SEND\r\n" TO_B "Message-ID: id15\r\n\r\nx\r\n-------aaaa1125$\r\n",
		  " 400 " },
		/* the body contradicts the total */
		{ "MSRP aaaa1126 SEND\r\n" TO_B "Message-ID: id16\r\nByte-Range: 1-2/2\r\n"
		  "Content-Type: text/plain\r\n\r\nxyz\r\n-------aaaa1126$\r\n",
		  " 400 " },
		{ "MSRP aaaa1127 SEND\r\n" TO_B "Message-ID: id17\r\nByte-Range: 1-*/4\r\n"
		  "Content-Type: text/plain\r\n\r\nxy\r\n-------aaaa1127$\r\n",
		  " 400 " },
		{ "MSRP aaaa1128 200 OK\r\n" TO_B "-------aaaa1128$\r\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		struct ms_span answer;
		struct peers p;
		char expected[64];

		assert_int_equal(peers_init(&p, NULL), 0);
		p.b.session = ms_msrp_session_free(p.b.session);
		{
			struct ms_msrp_session_params params;

			peer_params(&params, &p.b, false);
			params.accept_types = MS_SPAN_LIT("text/* message/cpim");
			params.max_size = 1000;
			assert_int_equal(
				ms_msrp_session_new(&params, &p.b.random.random, &p.b.session), 0);
			assert_int_equal(ms_msrp_conn_attach(p.b.conn, p.b.session), 0);
		}
		assert_int_equal(peer_feed(&p, &p.b, cases[i].request), 0);
		answer = peer_fetch(&p, &p.b);
		if (!cases[i].answer) {
			assert_int_equal(answer.len, 0);
		} else {
			snprintf(expected, sizeof(expected), "MSRP %.8s%s", cases[i].request + 5,
				 cases[i].answer);
			assert_true(ms_span_starts(answer, ms_span_str(expected)));
			assert_contains(answer, "To-Path: msrp://a.example:7001/alice;tcp\r\n");
		}
		peers_done(&p);
	}
}

static void tune_types(struct ms_msrp_session_params *a, struct ms_msrp_session_params *b)
{
	a->peer_accept_types = MS_SPAN_LIT("message/cpim text/plain image/*");
	a->peer_accept_wrapped_types = MS_SPAN_LIT("text/html");
	a->peer_max_size = 100;
	b->accept_types = MS_SPAN_LIT("message/cpim text/plain");
}

/* accept-types and max-size before anything is sent: section 8.6. */
static void test_negotiated_limits(void **state)
{
	struct ms_msrp_send m = { .content_type = MS_SPAN_LIT("text/html"),
				  .body = MS_SPAN_LIT("x") };
	struct source s = { .total = 1000 };
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, tune_types), 0);
	assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), -EPROTONOSUPPORT);
	m.content_type = MS_SPAN_LIT("message/cpim");
	m.wrapped_type = MS_SPAN_LIT("text/html; charset=utf-8");
	assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), 0);
	m.wrapped_type = MS_SPAN_LIT("application/pdf");
	assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), -EPROTONOSUPPORT);
	m = send_of(&s, true);
	m.content_type = MS_SPAN_LIT("text/plain");
	assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), -EMSGSIZE);
	/* of unknown size: ended when it gets too long */
	m = send_of(&s, false);
	m.content_type = MS_SPAN_LIT("text/plain");
	assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), 0);
	assert_int_equal(peers_run(&p), 0);
	assert_non_null(strstr(peer_log(&p.a), "done aborted 413\n"));
	/* 415: not a second time (section 10.6) */
	m = (struct ms_msrp_send){ .content_type = MS_SPAN_LIT("image/png"),
				   .body = MS_SPAN_LIT("x") };
	assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), 0);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(p.a.code, 415);
	m.content_type = MS_SPAN_LIT("IMAGE/png; x=y");
	assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), -EPROTONOSUPPORT);
	peers_done(&p);
}

/* 481 ends the session at the sender. */
static void test_no_session(void **state)
{
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	assert_int_equal(peers_run(&p), 0);
	p.b.session = ms_msrp_session_free(p.b.session);
	assert_int_equal(peer_say(&p.a, "1", NULL), 0);
	assert_int_equal(peer_say(&p.a, "2", NULL), 0);
	assert_int_equal(peers_run(&p), 0);
	assert_string_equal(peer_log(&p.a),
			    "bound\ndone refused 481\ndone unconfirmed 481\nfailed 481\n");
	assert_int_equal(peer_say(&p.a, "3", NULL), -ENOTCONN);
	peers_done(&p);
}

static struct ms_msrp_session *found;

static struct ms_msrp_session *find_session(void *arg, const struct ms_msrp_uri *to)
{
	(void)arg;
	return ms_span_is(to->session_id, "bob") ? found : NULL;
}

/* A listener's connection learns its session from the first request; a second one gets 506. */
static void test_find_and_506(void **state)
{
	static const char send[] =
		"MSRP aaaa1111 SEND\r\n" TO_B "Message-ID: id01\r\n-------aaaa1111$\r\n";
	struct ms_msrp_conn_params params = { .find = find_session };
	struct ms_msrp_session_params sp;
	struct ms_msrp_conn *first, *second;
	struct peer b = { .begin_answer = 1 };
	uint8_t octets[512];
	size_t used, n;

	(void)state;
	peer_random_init(&b.random, 3);
	ms_buf_init(&b.log, 1000);
	peer_params(&sp, &b, false);
	assert_int_equal(ms_msrp_session_new(&sp, &b.random.random, &found), 0);
	assert_int_equal(ms_msrp_conn_new(&params, &b.random.random, &first), 0);
	assert_int_equal(ms_msrp_conn_new(&params, &b.random.random, &second), 0);
	assert_int_equal(ms_msrp_conn_input(first, ms_span_str(send), 1, &used), 0);
	n = ms_msrp_conn_output(first, octets, sizeof(octets), 1);
	assert_contains(ms_span_of(octets, n), "MSRP aaaa1111 200 OK");
	assert_ptr_equal(ms_msrp_session_conn(found), first);
	assert_int_equal(ms_msrp_conn_input(second, ms_span_str(send), 1, &used), 0);
	n = ms_msrp_conn_output(second, octets, sizeof(octets), 1);
	assert_contains(ms_span_of(octets, n), "MSRP aaaa1111 506 ");
	assert_ptr_equal(ms_msrp_session_conn(found), first);
	ms_msrp_conn_free(first);
	assert_string_equal(ms_buf_cstr(&b.log), "bound\nfailed 0\n");
	ms_msrp_session_free(found);
	ms_msrp_conn_free(second);
	ms_buf_done(&b.log);
}

/* A lost connection: what was sent is unconfirmed, what was coming is lost: section 5.4. */
static void test_lost(void **state)
{
	struct source s = { .total = 1000000 };
	struct ms_msrp_send m = send_of(&s, true);
	struct peers p;
	int err;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	p.b.begin_answer = 0;
	assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), 0);
	for (int i = 0; i < 5; i++)
		assert_true(peers_step(&p, &p.a, &p.b, &err));
	ms_msrp_conn_lost(p.a.conn);
	ms_msrp_conn_lost(p.b.conn);
	assert_string_equal(peer_log(&p.a), "done unconfirmed 0\nfailed 0\n");
	assert_string_equal(peer_log(&p.b), "bound\nend lost\nfailed 0\n");
	assert_int_equal(peers_run(&p), 0);
	peers_done(&p);
}

/* A peer that only talks must wait until we could answer. */
static void test_backpressure(void **state)
{
	struct ms_msrp_conn_params params = { .control = 2000 };
	static const char send[] =
		"MSRP aaaa1111 SEND\r\n" TO_B "Message-ID: id01\r\n-------aaaa1111$\r\n";
	struct ms_msrp_session_params sp;
	struct ms_msrp_session *s;
	struct ms_msrp_conn *c;
	struct peer b = { .begin_answer = 1 };
	struct ms_buf flood;
	uint8_t octets[65536];
	size_t used, rest, total;

	(void)state;
	peer_random_init(&b.random, 3);
	ms_buf_init(&b.log, 1000);
	ms_buf_init(&flood, 1 << 20);
	for (int i = 0; i < 1000; i++)
		ms_buf_put_str(&flood, send);
	peer_params(&sp, &b, false);
	assert_int_equal(ms_msrp_session_new(&sp, &b.random.random, &s), 0);
	assert_int_equal(ms_msrp_conn_new(&params, &b.random.random, &c), 0);
	assert_int_equal(ms_msrp_conn_attach(c, s), 0);
	assert_int_equal(ms_msrp_conn_input(c, ms_buf_span(&flood), 1, &used), 0);
	assert_in_range(used, 1, 5000);
	assert_int_equal(ms_msrp_conn_input(c, ms_span_from(ms_buf_span(&flood), used), 1, &rest),
			 0);
	assert_int_equal(rest, 0);
	for (total = used; total < flood.len; total += rest) {
		assert_true(ms_msrp_conn_output(c, octets, sizeof(octets), 1) > 0);
		assert_int_equal(
			ms_msrp_conn_input(c, ms_span_from(ms_buf_span(&flood), total), 1, &rest),
			0);
		assert_true(rest > 0);
	}
	assert_int_equal(ms_msrp_conn_counters(c)->requests_in, 1000);
	ms_msrp_conn_free(c);
	ms_msrp_session_free(s);
	ms_buf_done(&flood);
	ms_buf_done(&b.log);
}

/* An idle message is dropped and does not come back. */
static void test_idle(void **state)
{
	static const char chunk[] = "MSRP aaaa1111 SEND\r\n" TO_B "Message-ID: id01\r\n"
				    "Byte-Range: 1-*/*\r\nContent-Type: text/plain\r\n\r\nx\r\n"
				    "-------aaaa1111+\r\n";
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	p.b.begin_answer = 0;
	assert_int_equal(peer_feed(&p, &p.b, chunk), 0);
	assert_int_equal(ms_msrp_conn_deadline(p.b.conn), p.now + 300 * MS_SEC);
	p.now += 300 * MS_SEC;
	ms_msrp_conn_tick(p.b.conn, p.now);
	assert_string_equal(peer_log(&p.b), "bound\nend idle\n");
	assert_int_equal(peer_feed(&p, &p.b, chunk), 0);
	assert_contains(peer_fetch(&p, &p.b), "MSRP aaaa1111 413 ");
	assert_int_equal(ms_msrp_conn_deadline(p.b.conn), MS_NEVER);
	peers_done(&p);
}

/* A path through relays: To-Path is the whole of it, responses go one hop, reports all the way. */
static void tune_relays(struct ms_msrp_session_params *a, struct ms_msrp_session_params *b)
{
	(void)b;
	a->remote_path = MS_SPAN_LIT("msrp://r1.example:1/x;tcp msrp://r2.example:2/y;tcp "
				     "msrp://b.example:7002/bob;tcp");
}

static void test_relay_paths(void **state)
{
	struct ms_span answer;
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, tune_relays), 0);
	assert_contains(peer_fetch(&p, &p.a),
			"To-Path: msrp://r1.example:1/x;tcp msrp://r2.example:2/y;tcp "
			"msrp://b.example:7002/bob;tcp\r\n");
	assert_int_equal(
		peer_feed(
			&p, &p.b,
			"MSRP aaaa1111 SEND\r\nTo-Path: msrp://b.example:7002/bob;tcp\r\n"
			"From-Path: msrp://r2.example:2/y;tcp msrp://r1.example:1/x;tcp msrp://a.example:7001/alice;tcp\r\n"
			"Message-ID: id01\r\nSuccess-Report: yes\r\nContent-Type: text/plain\r\n\r\nx\r\n"
			"-------aaaa1111$\r\n"),
		0);
	answer = peer_fetch(&p, &p.b);
	assert_contains(answer, "200 OK\r\nTo-Path: msrp://r2.example:2/y;tcp\r\n");
	assert_contains(answer,
			"REPORT\r\nTo-Path: msrp://r2.example:2/y;tcp msrp://r1.example:1/x;tcp "
			"msrp://a.example:7001/alice;tcp\r\n");
	peers_done(&p);
}

static void tune_sessmatch(struct ms_msrp_session_params *a, struct ms_msrp_session_params *b)
{
	/* a middlebox wrote its own address into the path that a saw */
	a->remote_path = MS_SPAN_LIT("msrp://192.0.2.1:9/bob;tcp");
	b->match = MS_MSRP_MATCH_SESSION_ID;
}

static void test_sessmatch(void **state)
{
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, tune_sessmatch), 0);
	assert_int_equal(peer_say(&p.a, "hi", NULL), 0);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(p.a.outcome, MS_MSRP_ACCEPTED);
	peers_done(&p);
}

/* Garbage ends the connection with a reason. */
static void test_garbage(void **state)
{
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	assert_int_equal(peer_feed(&p, &p.b, "GET / HTTP/1.1\r\n\r\n"), -EBADMSG);
	assert_string_equal(ms_msrp_conn_fault(p.b.conn).reason, "bad_start_line");
	assert_int_equal(ms_msrp_conn_status(p.b.conn), -EBADMSG);
	assert_false(ms_msrp_conn_wants_output(p.b.conn));
	peers_done(&p);
}

static void test_keepalive(void **state)
{
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	ms_msrp_session_keepalive(p.b.session);
	assert_false(ms_msrp_conn_wants_output(p.b.conn)); /* not before it is bound */
	assert_int_equal(peers_run(&p), 0);
	ms_msrp_session_keepalive(p.b.session);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(ms_msrp_conn_counters(p.b.conn)->requests_out, 1);
	assert_int_equal(ms_msrp_conn_counters(p.a.conn)->responses_out, 1);
	peers_done(&p);
}

/* Two sessions on one connection: each has its own URIs, they share fairly, one may end alone. */
static void test_two_sessions(void **state)
{
	struct source s1 = { .total = 300000 }, s2 = { .total = 300000 };
	struct ms_msrp_send m1 = send_of(&s1, true), m2 = send_of(&s2, true);
	struct ms_msrp_session_params pa, pb;
	struct ms_msrp_session *a2, *b2;
	struct peers p;
	int err = 0;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	peer_params(&pa, &p.a, true);
	peer_params(&pb, &p.b, false);
	pa.local_uri = pb.remote_path = MS_SPAN_LIT("msrp://a.example:7001/second;tcp");
	pb.local_uri = pa.remote_path = MS_SPAN_LIT("msrp://b.example:7002/zwei;tcp");
	assert_int_equal(ms_msrp_session_new(&pa, &p.a.random.random, &a2), 0);
	assert_int_equal(ms_msrp_session_new(&pb, &p.b.random.random, &b2), 0);
	assert_int_equal(ms_msrp_conn_attach(p.a.conn, a2), 0);
	assert_int_equal(ms_msrp_conn_attach(p.b.conn, b2), 0);
	assert_int_equal(ms_msrp_conn_attach(p.b.conn, b2), -EBUSY);
	p.b.begin_answer = 0;
	assert_int_equal(ms_msrp_send(p.a.session, &m1, NULL), 0);
	assert_int_equal(ms_msrp_send(a2, &m2, NULL), 0);
	while (s1.read_to < 150000 && err == 0)
		assert_true(peers_step(&p, &p.a, &p.b, &err));
	assert_in_range(s2.read_to, 150000 - 40000, 150000 + 40000);
	b2 = ms_msrp_session_free(b2); /* 481 for the second, the first goes on */
	assert_int_equal(peers_run(&p), 0);
	assert_non_null(strstr(peer_log(&p.a), "failed 481\n"));
	assert_int_equal(p.a.outcome, MS_MSRP_REPORTED);
	assert_true(ms_msrp_session_is_bound(p.a.session));
	assert_false(ms_msrp_session_is_bound(a2));
	ms_msrp_session_free(a2);
	peers_done(&p);
}

/* Every allocation fails once: an error or a refusal, never a crash or a leak. */
static int torture(void *arg)
{
	struct source s = { .total = 20000 };
	struct ms_msrp_send m = send_of(&s, true);
	struct peers p;
	int err = peers_init(&p, NULL);

	(void)arg;
	if (err < 0)
		return err;
	p.a.keep_seen = p.b.keep_seen = false;
	err = ms_msrp_send(p.a.session, &m, NULL);
	if (err == 0)
		err = peer_say(&p.a, "hello", NULL);
	if (err == 0)
		err = peers_run(&p);
	if (err == 0 && (p.a.done != 2 || p.b.octets != 20005))
		err = -ENOMEM; /* a message was refused for lack of memory */
	peers_done(&p);
	return err;
}

static void test_torture(void **state)
{
	(void)state;
	assert_true(ms_test_torture(torture, NULL) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bind_and_chat), cmocka_unit_test(test_first_send_has_body),
		cmocka_unit_test(test_status_codes),  cmocka_unit_test(test_negotiated_limits),
		cmocka_unit_test(test_no_session),    cmocka_unit_test(test_find_and_506),
		cmocka_unit_test(test_lost),          cmocka_unit_test(test_backpressure),
		cmocka_unit_test(test_idle),          cmocka_unit_test(test_relay_paths),
		cmocka_unit_test(test_sessmatch),     cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_keepalive),     cmocka_unit_test(test_two_sessions),
		cmocka_unit_test(test_torture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
