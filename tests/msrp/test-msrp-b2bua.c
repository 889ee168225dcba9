/* SPDX-License-Identifier: Apache-2.0 */
/* Two sessions back to back: paths, identifiers, responses, interruption, limits; and two whole endpoints
 * that talk through it. */
#include "ms-test.h"

#include <errno.h>

#include "msrp/b2bua.h"
#include "peers.h"

#define A "msrp://a.example:7001/alice;tcp"
#define B "msrp://b.example:7002/bob;tcp"
#define OWN_A "msrp://gw.example:9001/left;tcp"
#define OWN_B "msrp://gw.example:9002/right;tcp"
#define FROM_A "To-Path: " OWN_A "\r\nFrom-Path: " A "\r\n"
#define FROM_B "To-Path: " OWN_B "\r\nFrom-Path: " B "\r\n"
#define TO_A "To-Path: " A "\r\nFrom-Path: " OWN_A "\r\n"
#define TO_B "To-Path: " B "\r\nFrom-Path: " OWN_B "\r\n"
#define TYPE "Content-Type: text/plain\r\n"

struct test {
	struct ms_msrp_b2bua *b;
	struct ms_buf out[2];
	struct peer_random random;
	ms_usec now;
};

static void start_with(struct test *t, const struct ms_msrp_b2bua_limits *limits)
{
	*t = (struct test){ .now = 1000 * MS_SEC };
	peer_random_init(&t->random, 7);
	ms_buf_init(&t->out[0], 1 << 20);
	ms_buf_init(&t->out[1], 1 << 20);
	assert_int_equal(ms_msrp_b2bua_new(limits, &t->random.random, &t->b), 0);
	assert_int_equal(ms_msrp_b2bua_set_paths(t->b, 0, ms_span_str(OWN_A), ms_span_str(A)), 0);
	assert_int_equal(ms_msrp_b2bua_set_paths(t->b, 1, ms_span_str(OWN_B), ms_span_str(B)), 0);
}

static void start(struct test *t)
{
	start_with(t, NULL);
}

static void stop(struct test *t)
{
	ms_msrp_b2bua_free(t->b);
	ms_buf_done(&t->out[0]);
	ms_buf_done(&t->out[1]);
}

static int give(struct test *t, unsigned leg, struct ms_span in, size_t *ret_taken)
{
	struct ms_buf *out[2] = { &t->out[0], &t->out[1] };
	return ms_msrp_b2bua_input(t->b, leg, t->now, in, out, ret_taken, NULL);
}

static void feed(struct test *t, unsigned leg, const char *text)
{
	size_t taken = 0;
	assert_int_equal(give(t, leg, ms_span_str(text), &taken), 0);
	assert_int_equal(taken, strlen(text));
}

/* What is waiting for the peer of a leg, taken; good until the next. */
static const char *sent(struct test *t, unsigned leg)
{
	static char text[65536];
	assert_true(t->out[leg].len < sizeof(text));
	if (t->out[leg].len)
		memcpy(text, t->out[leg].p, t->out[leg].len);
	text[t->out[leg].len] = 0;
	ms_buf_reset(&t->out[leg]);
	return text;
}

/* The identifier that begins `text`: "MSRP tid ..." */
static const char *tid_of(const char *text, char tid[static 33])
{
	const char *space = strchr(text + 5, ' ');
	size_t n = space ? (size_t)(space - text - 5) : 0;
	assert_true(n > 0 && n <= 32);
	memcpy(tid, text + 5, n);
	tid[n] = 0;
	return tid;
}

/* `wanted` with each % as the identifier */
static void assert_message(const char *text, const char *tid, const char *wanted)
{
	char whole[4096], *p = whole;
	for (; *wanted; wanted++) {
		size_t n = *wanted == '%' ? strlen(tid) : 1;
		memcpy(p, *wanted == '%' ? tid : wanted, n);
		p += n;
	}
	*p = 0;
	assert_string_equal(text, whole);
}

static void answer(struct test *t, unsigned leg, const char *tid, const char *rest)
{
	char text[1024];
	snprintf(text, sizeof(text), "MSRP %s %s\r\n%s-------%s$\r\n", tid, rest,
		 leg ? FROM_B : FROM_A, tid);
	feed(t, leg, text);
}

static void test_send_and_response(void **state)
{
	struct test t;
	char tid[33];
	(void)state;
	start(&t);
	feed(&t, 0,
	     "MSRP abcd1234 SEND\r\n" FROM_A
	     "Message-ID: 1111\r\nByte-Range: 1-5/5\r\nX-Odd: y\r\n" TYPE
	     "\r\nhello\r\n-------abcd1234$\r\n");
	const char *text = sent(&t, 1);
	assert_message(text, tid_of(text, tid),
		       "MSRP % SEND\r\n" TO_B
		       "Message-ID: 1111\r\nByte-Range: 1-5/5\r\nX-Odd: y\r\n" TYPE
		       "\r\nhello\r\n-------%$\r\n");
	assert_string_not_equal(tid, "abcd1234");
	assert_int_equal(t.out[0].len, 0); /* nothing is promised before the receiver has it */
	answer(&t, 1, tid, "200 All well");
	assert_string_equal(sent(&t, 0),
			    "MSRP abcd1234 200 All well\r\n" TO_A "-------abcd1234$\r\n");
	answer(&t, 1, tid, "200 OK"); /* once is enough */
	assert_int_equal(t.out[0].len, 0);
	assert_int_equal(ms_msrp_b2bua_counters(t.b, 0)->sends, 1);
	assert_int_equal(ms_msrp_b2bua_counters(t.b, 0)->body, 5);
	assert_int_equal(ms_msrp_b2bua_counters(t.b, 1)->responses, 1);
	assert_int_equal(ms_msrp_b2bua_counters(t.b, 1)->unmatched, 1);
	stop(&t);
}

static void test_report(void **state)
{
	struct test t;
	char tid[33];
	(void)state;
	start(&t);
	feed(&t, 1,
	     "MSRP rrrr REPORT\r\n" FROM_B
	     "Message-ID: 1111\r\nByte-Range: 1-5/5\r\nStatus: 000 200 OK\r\n"
	     "-------rrrr$\r\n");
	const char *text = sent(&t, 0);
	assert_message(text, tid_of(text, tid),
		       "MSRP % REPORT\r\n" TO_A
		       "Message-ID: 1111\r\nByte-Range: 1-5/5\r\nStatus: 000 200 OK\r\n"
		       "-------%$\r\n");
	/* one for another session is dropped without an answer */
	feed(&t, 1,
	     "MSRP rrrr REPORT\r\nTo-Path: " OWN_A "\r\nFrom-Path: " B
	     "\r\nMessage-ID: 1111\r\nByte-Range: 1-5/5\r\nStatus: 000 200 OK\r\n-------rrrr$\r\n");
	assert_int_equal(t.out[0].len + t.out[1].len, 0);
	assert_int_equal(ms_msrp_b2bua_counters(t.b, 1)->reports, 1);
	assert_int_equal(ms_msrp_b2bua_counters(t.b, 1)->unmatched, 1);
	stop(&t);
}

static void test_flags(void **state)
{
	struct test t;
	char tid[33];
	(void)state;
	start(&t);
	feed(&t, 0,
	     "MSRP aaaa SEND\r\n" FROM_A "Message-ID: 1111\r\nByte-Range: 1-*/9\r\n" TYPE
	     "\r\nab\r\n-------aaaa+\r\n"
	     "MSRP bbbb SEND\r\n" FROM_A "Message-ID: 1111\r\nByte-Range: 3-*/9\r\n" TYPE
	     "\r\ncd\r\n-------bbbb#\r\n"
	     "MSRP cccc SEND\r\n" FROM_A "Message-ID: 2222\r\n-------cccc$\r\n");
	const char *text = sent(&t, 1);
	assert_non_null(strstr(text, "\r\nab\r\n-------"));
	assert_non_null(strstr(text, "+\r\nMSRP "));
	assert_non_null(strstr(text, "Byte-Range: 3-*/9\r\n"));
	assert_non_null(strstr(text, "#\r\nMSRP "));
	text = strstr(text, "#\r\nMSRP ") + 3;
	assert_message(text, tid_of(text, tid),
		       "MSRP % SEND\r\n" TO_B "Message-ID: 2222\r\n-------%$\r\n");
	stop(&t);
}

/* However the octets come in, the same goes out. */
static void test_in_pieces(void **state)
{
	static const char text[] =
		"MSRP abcd1234 SEND\r\n" FROM_A "Message-ID: 1111\r\n" TYPE
		"\r\nhel\r\n-------abcd123\r\nlo\r\n-------abcd1234$\r\n"
		"MSRP efgh SEND\r\n" FROM_A "Message-ID: 2222\r\n-------efgh$\r\n";
	char whole[4096];
	struct test t;
	(void)state;
	start(&t);
	feed(&t, 0, text);
	snprintf(whole, sizeof(whole), "%s", sent(&t, 1));
	stop(&t);
	for (size_t piece = 1; piece < 40; piece++) {
		start(&t);
		for (size_t at = 0; at < sizeof(text) - 1; at += piece) {
			size_t taken,
				n = sizeof(text) - 1 - at < piece ? sizeof(text) - 1 - at : piece;
			assert_int_equal(give(&t, 0, ms_span_of(text + at, n), &taken), 0);
			assert_int_equal(taken, n);
		}
		assert_string_equal(sent(&t, 1), whole);
		assert_false(ms_msrp_b2bua_in_message(t.b, 0));
		stop(&t);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *request;
		const char *answer;
	} all[] = {
		{ "MSRP aaaa SEND\r\nTo-Path: " OWN_B "\r\nFrom-Path: " A
		  "\r\nMessage-ID: 1111\r\n" TYPE "\r\nx\r\n-------aaaa$\r\n",
		  "MSRP aaaa 481 Session does not exist\r\nTo-Path: " A "\r\nFrom-Path: " OWN_B
		  "\r\n-------aaaa$\r\n" },
		{ "MSRP aaaa SEND\r\nTo-Path: " OWN_A " " OWN_B "\r\nFrom-Path: " A
		  "\r\nMessage-ID: 1111\r\n-------aaaa$\r\n",
		  "MSRP aaaa 481 Session does not exist\r\n" TO_A "-------aaaa$\r\n" },
		{ "MSRP aaaa SEND\r\n" FROM_A "Message-ID: 1111\r\nByte-Range: 5-1/9\r\n" TYPE
		  "\r\nx\r\n-------aaaa$\r\n",
		  "MSRP aaaa 400 Bad request\r\n" TO_A "-------aaaa$\r\n" },
		{ "MSRP aaaa AUTH\r\n" FROM_A "-------aaaa$\r\n",
		  "MSRP aaaa 501 Unknown method\r\n" TO_A "-------aaaa$\r\n" },
		{ "MSRP aaaa SEND\r\nTo-Path: " OWN_B "\r\nFrom-Path: " A
		  "\r\nMessage-ID: 1111\r\nFailure-Report: no\r\n-------aaaa$\r\n",
		  "" },
	};
	struct test t;
	(void)state;
	start(&t);
	for (size_t i = 0; i < MS_ARRAY_SIZE(all); i++) {
		feed(&t, 0, all[i].request);
		assert_string_equal(sent(&t, 0), all[i].answer);
		assert_int_equal(t.out[1].len, 0);
		assert_false(ms_msrp_b2bua_in_message(t.b, 0));
	}
	assert_int_equal(ms_msrp_b2bua_counters(t.b, 0)->refused, MS_ARRAY_SIZE(all));
	stop(&t);
}

static void test_unknown_method(void **state)
{
	static const char text[] =
		"MSRP aaaa NICKNAME\r\n" FROM_A "Use-Nickname: \"x\"\r\n-------aaaa$\r\n";
	struct test t;
	char tid[33];
	(void)state;
	start(&t);
	feed(&t, 0, text);
	const char *on = sent(&t, 1);
	assert_message(on, tid_of(on, tid),
		       "MSRP % NICKNAME\r\n" TO_B "Use-Nickname: \"x\"\r\n-------%$\r\n");
	answer(&t, 1, tid, "425");
	assert_string_equal(sent(&t, 0), "MSRP aaaa 425\r\n" TO_A "-------aaaa$\r\n");
	stop(&t);
	start_with(&t, &(struct ms_msrp_b2bua_limits){ .refuse_unknown = true });
	feed(&t, 0, text);
	assert_string_equal(sent(&t, 0),
			    "MSRP aaaa 501 Unknown method\r\n" TO_A "-------aaaa$\r\n");
	stop(&t);
}

/* A long chunk is on its way to B when B's own request must be refused: it is cut, and goes on. */
static void test_interruption(void **state)
{
	struct test t;
	char first[33], second[33], text[100];
	(void)state;
	start(&t);
	feed(&t, 0,
	     "MSRP aaaa SEND\r\n" FROM_A "Message-ID: 1111\r\nByte-Range: 11-*/100\r\nX: y\r\n" TYPE
	     "\r\n12345");
	feed(&t, 1, "MSRP bbbb AUTH\r\n" FROM_B "-------bbbb$\r\n");
	feed(&t, 0, "678\r\n-------aaaa$\r\n");
	const char *all = sent(&t, 1);
	const char *rest = strstr(all, "12345\r\n-------");
	assert_non_null(rest);
	snprintf(text, sizeof(text), "12345\r\n-------%s+\r\nMSRP bbbb 501 ", tid_of(all, first));
	assert_true(strncmp(rest, text, strlen(text)) == 0);
	rest = strstr(rest, "-------bbbb$\r\n") + 14;
	assert_message(rest, tid_of(rest, second),
		       "MSRP % SEND\r\n" TO_B "Message-ID: 1111\r\nX: y\r\n" TYPE
		       "Byte-Range: 16-*/100\r\n\r\n678\r\n-------%$\r\n");
	assert_string_not_equal(first, second);
	/* The sender knows of one chunk: the last part's response is its response. */
	answer(&t, 1, first, "200 OK");
	assert_int_equal(t.out[0].len, 0);
	answer(&t, 1, second, "200 OK");
	assert_string_equal(sent(&t, 0), "MSRP aaaa 200 OK\r\n" TO_A "-------aaaa$\r\n");
	assert_int_equal(ms_msrp_b2bua_counters(t.b, 1)->interrupted, 1);
	stop(&t);
}

static void test_interruption_at_the_end(void **state)
{
	struct test t;
	char tid[33];
	(void)state;
	start(&t);
	feed(&t, 0,
	     "MSRP aaaa SEND\r\n" FROM_A "Message-ID: 1111\r\nByte-Range: 1-5/5\r\n" TYPE
	     "\r\n12345");
	feed(&t, 1,
	     "MSRP bbbb AUTH\r\n" FROM_B "-------bbbb$\r\nMSRP cccc AUTH\r\n" FROM_B
	     "-------cccc$\r\n");
	const char *all = sent(&t, 1);
	answer(&t, 1, tid_of(all, tid), "413 Stop");
	assert_string_equal(sent(&t, 0), "MSRP aaaa 413 Stop\r\n" TO_A "-------aaaa$\r\n");
	feed(&t, 0, "\r\n-------aaaa$\r\n");
	all = sent(&t, 1);
	assert_message(all, tid_of(all, tid),
		       "MSRP % SEND\r\n" TO_B "Message-ID: 1111\r\n" TYPE
		       "Byte-Range: 6-5/5\r\n\r\n\r\n-------%$\r\n");
	stop(&t);
}

static void test_back_pressure(void **state)
{
	static char text[300000], body[250000];
	struct test t;
	struct ms_buf all;
	size_t len, at = 0;
	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	len = (size_t)snprintf(text, sizeof(text),
			       "MSRP aaaa SEND\r\n" FROM_A "Message-ID: 1111\r\n" TYPE
			       "\r\n%s\r\n-------aaaa$\r\n",
			       body);
	start(&t);
	ms_buf_init(&all, 1 << 20);
	ms_buf_done(&t.out[1]);
	ms_buf_init(&t.out[1], ms_msrp_b2bua_room(t.b) + 1000);
	while (at < len) {
		size_t taken;
		assert_int_equal(give(&t, 0, ms_span_of(text + at, len - at), &taken), 0);
		assert_true(taken > 0); /* the buffer is empty: something goes */
		at += taken;
		assert_int_equal(give(&t, 0, ms_span_of(text + at, len - at), &taken), 0);
		assert_true(t.out[1].len > 1000 ? taken == 0 : true);
		at += taken;
		ms_buf_put_span(&all, ms_buf_span(&t.out[1]));
		ms_buf_reset(&t.out[1]);
	}
	assert_int_equal(ms_buf_status(&all), 0);
	assert_true(ms_span_find_span(ms_buf_span(&all), ms_span_str(body)) < all.len);
	ms_buf_done(&all);
	stop(&t);
}

static void test_no_paths(void **state)
{
	struct test t;
	struct ms_msrp_b2bua *b;
	size_t taken = 1;
	(void)state;
	start(&t);
	assert_int_equal(ms_msrp_b2bua_new(NULL, &t.random.random, &b), 0);
	struct ms_buf *out[2] = { &t.out[0], &t.out[1] };
	assert_int_equal(ms_msrp_b2bua_set_paths(b, 0, ms_span_str("http://x"), ms_span_str(A)),
			 -EINVAL);
	assert_int_equal(ms_msrp_b2bua_set_paths(b, 0, ms_span_str(OWN_A), ms_span_str(A)), 0);
	assert_int_equal(ms_msrp_b2bua_input(b, 0, 0, MS_SPAN_LIT("MSRP "), out, &taken, NULL), 0);
	assert_int_equal(taken, 0);
	ms_msrp_b2bua_free(b);
	stop(&t);
}

static void test_not_msrp(void **state)
{
	struct test t;
	size_t taken;
	(void)state;
	start(&t);
	assert_int_equal(give(&t, 0, MS_SPAN_LIT("GET / HTTP/1.1\r\n"), &taken), -EBADMSG);
	stop(&t);
}

/* More requests without response than are remembered: the oldest is forgotten, not the newest. */
static void test_many_waiting(void **state)
{
	struct test t;
	char first[33], last[33];
	const char *text;
	(void)state;
	start_with(&t, &(struct ms_msrp_b2bua_limits){ .transactions = 16 });
	for (int i = 0; i < 17; i++) {
		char request[300];
		snprintf(request, sizeof(request),
			 "MSRP t%03d SEND\r\n" FROM_A "Message-ID: %04d\r\n-------t%03d$\r\n", i, i,
			 i);
		feed(&t, 0, request);
		text = sent(&t, 1);
		tid_of(text, i ? last : first);
	}
	assert_int_equal(ms_msrp_b2bua_counters(t.b, 0)->forgotten, 1);
	answer(&t, 1, first, "200 OK");
	assert_int_equal(t.out[0].len, 0);
	answer(&t, 1, last, "200 OK");
	assert_string_equal(sent(&t, 0), "MSRP t016 200 OK\r\n" TO_A "-------t016$\r\n");
	stop(&t);
}

/* ---- whole endpoints through it ---- */

static void through(struct ms_msrp_session_params *a, struct ms_msrp_session_params *b)
{
	a->remote_path = ms_span_str(OWN_A);
	b->remote_path = ms_span_str(OWN_B);
}

static bool carry(struct test *t, struct peers *p, struct ms_buf *held, unsigned leg)
{
	struct peer *from = leg ? &p->b : &p->a, *to = leg ? &p->a : &p->b;
	struct ms_span more = peer_fetch(p, from);
	size_t taken;
	ms_buf_put_span(held, more);
	assert_int_equal(give(t, leg, ms_buf_span(held), &taken), 0);
	ms_buf_consume(held, taken);
	ms_buf_put_span(&to->in, ms_buf_span(&t->out[!leg]));
	ms_buf_put_span(&from->in, ms_buf_span(&t->out[leg]));
	ms_buf_reset(&t->out[0]);
	ms_buf_reset(&t->out[1]);
	assert_int_equal(peer_feed(p, to, ""), 0);
	assert_int_equal(peer_feed(p, from, ""), 0);
	return more.len || taken;
}

static void run(struct test *t, struct peers *p)
{
	struct ms_buf held[2];
	bool moved = true;
	ms_buf_init(&held[0], 1 << 24);
	ms_buf_init(&held[1], 1 << 24);
	while (moved) {
		moved = carry(t, p, &held[0], 0);
		moved |= carry(t, p, &held[1], 1);
	}
	assert_int_equal(held[0].len + held[1].len, 0);
	ms_buf_done(&held[0]);
	ms_buf_done(&held[1]);
}

static void test_endpoints(void **state)
{
	static char text[100000];
	struct test t;
	struct peers p;
	struct ms_msrp_out *out;
	(void)state;
	memset(text, 'z', sizeof(text) - 1);
	start(&t);
	assert_int_equal(peers_init(&p, through), 0);
	run(&t, &p);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(peer_say(&p.a, "hello", &out), 0);
		assert_int_equal(peer_say(&p.b, "good day", &out), 0);
	}
	assert_int_equal(peer_say(&p.a, text, &out), 0);
	assert_int_equal(peer_say(&p.b, text, &out), 0);
	run(&t, &p);
	assert_int_equal(p.a.done, 21);
	assert_int_equal(p.b.done, 21);
	assert_int_equal(p.a.received, 21);
	assert_int_equal(p.b.received, 21);
	assert_int_equal(p.a.outcome, MS_MSRP_ACCEPTED);
	assert_int_equal(p.b.octets, 20 * 5 + sizeof(text) - 1);
	peers_done(&p);
	stop(&t);
}

static void test_endpoint_reports(void **state)
{
	struct test t;
	struct peers p;
	struct ms_msrp_out *out;
	struct ms_msrp_send m = { .content_type = MS_SPAN_LIT("text/plain"),
				  .body = MS_SPAN_LIT("hello"),
				  .success_report = true };
	(void)state;
	start(&t);
	assert_int_equal(peers_init(&p, through), 0);
	assert_int_equal(ms_msrp_send(p.a.session, &m, &out), 0);
	run(&t, &p);
	assert_int_equal(p.a.outcome, MS_MSRP_REPORTED);
	assert_non_null(strstr(peer_log(&p.a), "reported "));
	peers_done(&p);
	stop(&t);
}

static int torture(void *arg)
{
	struct test *t = arg;
	struct ms_msrp_b2bua *b;
	struct ms_buf *out[2] = { &t->out[0], &t->out[1] };
	size_t taken;
	int err = ms_msrp_b2bua_new(NULL, &t->random.random, &b);
	if (err < 0)
		return err;
	err = ms_msrp_b2bua_set_paths(b, 0, ms_span_str(OWN_A), ms_span_str(A));
	if (!err)
		err = ms_msrp_b2bua_set_paths(b, 1, ms_span_str(OWN_B), ms_span_str(B));
	if (!err)
		err = ms_msrp_b2bua_input(b, 0, 1,
					  MS_SPAN_LIT("MSRP aaaa SEND\r\n" FROM_A
						      "Message-ID: 1111\r\n" TYPE "\r\n123"),
					  out, &taken, NULL);
	if (!err)
		err = ms_msrp_b2bua_input(
			b, 1, 1, MS_SPAN_LIT("MSRP bbbb AUTH\r\n" FROM_B "-------bbbb$\r\n"), out,
			&taken, NULL);
	if (!err)
		err = ms_msrp_b2bua_input(b, 0, 1, MS_SPAN_LIT("4\r\n-------aaaa$\r\n"), out,
					  &taken, NULL);
	ms_msrp_b2bua_free(b);
	ms_buf_done(&t->out[0]);
	ms_buf_done(&t->out[1]);
	ms_buf_init(&t->out[0], 1 << 20);
	ms_buf_init(&t->out[1], 1 << 20);
	return err;
}

static void test_out_of_memory(void **state)
{
	struct test t;
	(void)state;
	start(&t);
	assert_true(ms_test_torture(torture, &t) > 5);
	stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_send_and_response),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_in_pieces),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unknown_method),
		cmocka_unit_test(test_interruption),
		cmocka_unit_test(test_interruption_at_the_end),
		cmocka_unit_test(test_back_pressure),
		cmocka_unit_test(test_no_paths),
		cmocka_unit_test(test_not_msrp),
		cmocka_unit_test(test_many_waiting),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_endpoint_reports),
		cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
