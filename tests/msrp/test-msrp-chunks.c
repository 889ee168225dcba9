/* SPDX-License-Identifier: Apache-2.0 */
/* Two endpoints in memory: messages in chunks, interrupted, given up, taken up again. RFC 4975 section 7. */
#include <errno.h>

#include "ms-test.h"
#include "peers.h"
#include "session-test.h"

static void tune_stream(struct ms_msrp_session_params *a, struct ms_msrp_session_params *b)
{
	(void)a;
	b->limits.ranges = 4;
}

/* Chunks in any order, with holes and overlaps: section 7.3.1. */
static void test_out_of_order(void **state)
{
	static const char chunk[] =
		"MSRP tid0%s SEND\r\n" TO_B "Message-ID: m123\r\nByte-Range: %s\r\n"
		"Success-Report: yes\r\nContent-Type: text/plain\r\n\r\n%s\r\n"
		"-------tid0%s%s\r\n";
	static const char *const parts[][4] = {
		{ "a", "7-9/9", "ghi", "$" },
		{ "b", "1-*/9", "ab", "+" },
		{ "c", "5-*/*", "EF", "+" },
		{ "d", "3-*/9", "cde", "+" },
	};
	struct peers p;
	struct ms_span answer;

	(void)state;
	assert_int_equal(peers_init(&p, tune_stream), 0);
	for (size_t i = 0; i < MS_ARRAY_SIZE(parts); i++) {
		char text[512];

		snprintf(text, sizeof(text), chunk, parts[i][0], parts[i][1], parts[i][2],
			 parts[i][0], parts[i][3]);
		assert_int_equal(peer_feed(&p, &p.b, text), 0);
	}
	/* the later chunk wins where they overlap: "e" over "E" */
	assert_string_equal(peer_log(&p.b), "bound\nmessage text/plain \"abcdeFghi\"\n");
	answer = peer_fetch(&p, &p.b);
	assert_contains(answer, "REPORT\r\nTo-Path: msrp://a.example:7001/alice;tcp\r\n");
	assert_contains(answer, "Byte-Range: 1-9/9\r\nStatus: 000 200 OK\r\n");
	/* again: acknowledged, not shown */
	assert_int_equal(peer_feed(&p, &p.b,
				   "MSRP tid0e SEND\r\n" TO_B "Message-ID: m123\r\n"
				   "Success-Report: yes\r\nContent-Type: text/plain\r\n\r\n"
				   "abcdeFghi\r\n-------tid0e$\r\n"),
			 0);
	assert_non_null(strstr(peer_log(&p.b), "duplicate m123\n"));
	answer = peer_fetch(&p, &p.b);
	assert_contains(answer, "MSRP tid0e 200 OK");
	assert_contains(answer, "Byte-Range: 1-9/9\r\nStatus: 000 200 OK\r\n");
	assert_int_equal(p.b.received, 1);
	peers_done(&p);
}

/* More holes than the limit: the message is stopped, the session lives. */
static void test_too_many_holes(void **state)
{
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, tune_stream), 0);
	for (int i = 0; i < 5; i++) {
		char text[512];

		snprintf(text, sizeof(text),
			 "MSRP tid0%d SEND\r\n" TO_B "Message-ID: m123\r\nByte-Range: %d-*/*\r\n"
			 "Content-Type: text/plain\r\n\r\nx\r\n-------tid0%d+\r\n",
			 i, 1 + 2 * i, i);
		assert_int_equal(peer_feed(&p, &p.b, text), 0);
	}
	assert_contains(peer_fetch(&p, &p.b), "MSRP tid04 413 ");
	assert_true(ms_msrp_session_is_bound(p.b.session));
	peers_done(&p);
}

/* Streamed through data(); whether the octets are right is checked in the transfer's tests. */
static void test_bulk(void **state)
{
	static const size_t pieces[] = { 1, 7, 4096, 100000 };

	(void)state;
	for (size_t i = 0; i < 2 * MS_ARRAY_SIZE(pieces); i++) {
		struct source s = { .total = i < 2 ? 30000 : 1000000 };
		struct ms_msrp_send m = send_of(&s, i % 2 == 0);
		struct peers p;

		assert_int_equal(peers_init(&p, NULL), 0);
		p.piece = pieces[i / 2];
		p.b.begin_answer = 0;
		p.a.keep_seen = false;
		assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), 0);
		assert_int_equal(peers_run(&p), 0);
		assert_int_equal(p.b.octets, s.total);
		assert_int_equal(p.a.outcome, MS_MSRP_REPORTED);
		/* nothing else wanted the connection: one chunk carried all */
		assert_int_equal(ms_msrp_conn_counters(p.a.conn)->requests_out, 1);
		peers_done(&p);
	}
}

/* Nothing is read before there is room for it. */
static void test_pull(void **state)
{
	struct source s = { .total = 1 << 20 };
	struct ms_msrp_send m = send_of(&s, true);
	uint8_t room[1000];
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), 0);
	assert_int_equal(s.read_to, 0);
	assert_int_equal(ms_msrp_conn_output(p.a.conn, room, sizeof(room), p.now), sizeof(room));
	assert_in_range(s.read_to, 1, sizeof(room));
	peers_done(&p);
}

/* A chat message passes a file on the way: sections 5.1 and 7.1.1. */
static void test_interruption(void **state)
{
	struct source s = { .total = 200000 };
	struct ms_msrp_send m = send_of(&s, true);
	struct peers p;
	int err;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	p.piece = 1000;
	p.b.begin_answer = 0;
	assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), 0);
	for (int i = 0; i < 10; i++)
		assert_true(peers_step(&p, &p.a, &p.b, &err));
	assert_int_equal(peer_say(&p.a, "quick", NULL), 0);
	for (int i = 0; i < 4; i++)
		assert_true(peers_step(&p, &p.a, &p.b, &err));
	assert_int_equal(ms_msrp_conn_counters(p.a.conn)->interrupted, 1);
	assert_string_equal(peer_log(&p.b), "bound\nend complete\n"); /* the short one */
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(p.a.done, 2);
	assert_int_equal(p.b.octets, 200000 + 5);
	peers_done(&p);
}

/* Two files take turns. */
static void test_fair_share(void **state)
{
	struct source s1 = { .total = 400000 }, s2 = { .total = 400000 };
	struct ms_msrp_send m1 = send_of(&s1, true), m2 = send_of(&s2, true);
	struct peers p;
	int err = 0;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	p.b.begin_answer = 0;
	assert_int_equal(ms_msrp_send(p.a.session, &m1, NULL), 0);
	assert_int_equal(ms_msrp_send(p.a.session, &m2, NULL), 0);
	while (s1.read_to < 200000 && err == 0)
		assert_true(peers_step(&p, &p.a, &p.b, &err));
	assert_in_range(s2.read_to, 200000 - 40000, 200000 + 40000);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(p.a.done, 2);
	peers_done(&p);
}

static void tune_small_chunks(struct ms_msrp_session_params *a, struct ms_msrp_session_params *b)
{
	(void)b;
	a->limits.chunk = 2048;
}

/* Relays that keep whole chunks get small ones, with their range said when it is known. */
static void test_small_chunks(void **state)
{
	char body[5001];
	struct peers p;

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	assert_int_equal(peers_init(&p, tune_small_chunks), 0);
	assert_int_equal(peer_say(&p.a, body, NULL), 0);
	assert_int_equal(peers_run(&p), 0);
	assert_contains(ms_buf_span(&p.a.seen), "Byte-Range: 1-2048/5000\r\n");
	assert_contains(ms_buf_span(&p.a.seen), "Byte-Range: 2049-4096/5000\r\n");
	assert_contains(ms_buf_span(&p.a.seen), "Byte-Range: 4097-5000/5000\r\n");
	assert_int_equal(p.b.octets, 5000);
	assert_int_equal(p.a.outcome, MS_MSRP_ACCEPTED);
	peers_done(&p);
}

/* Both sides can end a message early: '#' and 413. */
static void test_abort(void **state)
{
	struct source s = { .total = 1000000 };
	struct ms_msrp_send m = send_of(&s, true);
	struct ms_msrp_out *out;
	struct peers p;
	int err;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	p.b.begin_answer = 0;
	assert_int_equal(ms_msrp_send(p.a.session, &m, &out), 0);
	for (int i = 0; i < 5; i++)
		assert_true(peers_step(&p, &p.a, &p.b, &err));
	ms_msrp_out_abort(out);
	assert_int_equal(p.a.outcome, MS_MSRP_ABORTED);
	assert_int_equal(peers_run(&p), 0);
	assert_string_equal(peer_log(&p.b), "bound\nend aborted\n");
	/* now the receiver has enough */
	p.b.data_answer = MS_MSRP_STOP_SENDING;
	p.b.data_from = 50000;
	assert_int_equal(ms_msrp_send(p.a.session, &m, &out), 0);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(p.a.outcome, MS_MSRP_REFUSED);
	assert_int_equal(p.a.code, 413);
	assert_in_range(s.read_to, 50000, 80000);
	assert_non_null(strstr(peer_log(&p.b), "end stopped\n"));
	/* the session lives on */
	p.b.data_answer = 0;
	assert_int_equal(peer_say(&p.a, "still here", NULL), 0);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(p.a.outcome, MS_MSRP_ACCEPTED);
	peers_done(&p);
}

/* A short chunk has said where it ends, and does so even if its message is given up. */
static void test_abort_in_short_chunk(void **state)
{
	struct ms_msrp_out *out;
	char body[1001];
	struct peers p;
	int err;

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	assert_int_equal(peers_init(&p, NULL), 0);
	p.piece = 100;
	p.b.begin_answer = 0;
	assert_int_equal(peer_say(&p.a, body, &out), 0);
	for (int i = 0; i < 6; i++)
		assert_true(peers_step(&p, &p.a, &p.b, &err));
	assert_in_range(ms_msrp_out_sent(out), 1, 999);
	ms_msrp_out_abort(out);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(p.b.octets, 1000);
	assert_string_equal(peer_log(&p.b), "bound\nend aborted\n");
	peers_done(&p);
}

/* A message interrupted and then given up is ended with an empty chunk and '#'. */
static void test_abort_between_chunks(void **state)
{
	struct source s = { .total = 100000, .stall_at = 5000 };
	struct ms_msrp_send m = send_of(&s, true);
	struct ms_msrp_out *out;
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	p.b.begin_answer = 0;
	assert_int_equal(ms_msrp_send(p.a.session, &m, &out), 0);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(peer_say(&p.a, "x", NULL), 0); /* passes the stalled one */
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(p.a.done, 1);
	ms_msrp_out_abort(out);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(p.a.outcome, MS_MSRP_ABORTED);
	assert_non_null(strstr(peer_log(&p.b), "end aborted\n"));
	peers_done(&p);
}

/* A source without octets at hand waits, and goes on when woken; a broken one aborts. */
static void test_stall(void **state)
{
	struct source s = { .total = 10000, .stall_at = 3000 };
	struct ms_msrp_send m = send_of(&s, false);
	struct ms_msrp_out *out;
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	p.b.begin_answer = 0;
	assert_int_equal(ms_msrp_send(p.a.session, &m, &out), 0);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(ms_msrp_out_sent(out), 3000);
	assert_false(ms_msrp_conn_wants_output(p.a.conn));
	s.stall_at = 0;
	ms_msrp_out_wake(out);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(p.a.outcome, MS_MSRP_REPORTED);
	assert_int_equal(p.b.octets, 10000);
	s.fail = true;
	assert_int_equal(ms_msrp_send(p.a.session, &m, &out), 0);
	assert_int_equal(peers_run(&p), 0);
	assert_int_equal(p.a.outcome, MS_MSRP_ABORTED);
	peers_done(&p);
}

/* A resent message keeps its identifier and may go on where it was: section 5.4. */
static void test_resume_message(void **state)
{
	struct source s = { .total = 5000 };
	struct ms_msrp_send m = send_of(&s, true);
	struct peers p;

	(void)state;
	assert_int_equal(peers_init(&p, NULL), 0);
	m.message_id = MS_SPAN_LIT("again123");
	m.from = 3000;
	p.b.begin_answer = 0;
	assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), 0);
	peer_fetch(&p, &p.a);
	assert_contains(ms_buf_span(&p.a.seen),
			"Message-ID: again123\r\nByte-Range: 3001-*/5000\r\n");
	peers_done(&p);
}

/* Reads as a body that holds the end-line of whatever chunk carries it. */
struct mirror {
	struct peers *peers;
	unsigned hits;
};

static int mirror_read(void *arg, uint64_t offset, uint8_t *dst, size_t size, size_t *ret_n)
{
	struct mirror *m = arg;
	struct ms_span seen = ms_buf_span(&m->peers->a.seen);
	struct ms_span tid = ms_span_sub(seen, 5, 18);
	char text[64];
	size_t n;

	if (offset > 200) {
		*ret_n = 0;
		return 0;
	}
	/* an octet in front, then the end-line of the first chunk; again and again */
	n = (size_t)snprintf(text, sizeof(text), "\r\n-------%.*s$\r\n", MS_SPAN_FMT(tid));
	n = n < size ? n : size;
	memcpy(dst, text, n);
	m->hits++;
	*ret_n = n;
	return 0;
}

/* Section 7.1: the end-line in the body does not end the chunk. */
static void test_end_line_in_body(void **state)
{
	static const size_t sizes[] = { 3, 20, 64, 500 };

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(sizes); i++) {
		struct peers p;
		struct mirror mirror = { .peers = &p };
		struct ms_msrp_send m = { .content_type = MS_SPAN_LIT("text/plain"),
					  .source = { mirror_read, &mirror },
					  .total = MS_MSRP_UNKNOWN };

		assert_int_equal(peers_init(&p, NULL), 0);
		p.piece = 20; /* the start line is out before the body is read */
		assert_int_equal(ms_msrp_send(p.a.session, &m, NULL), 0);
		while (p.a.seen.len < 300) {
			int err;

			assert_true(peers_step(&p, &p.a, &p.b, &err));
		}
		p.piece = sizes[i];
		assert_int_equal(peers_run(&p), 0);
		assert_int_equal(p.b.received, 1);
		assert_int_equal(p.a.outcome, MS_MSRP_ACCEPTED);
		assert_true(mirror.hits > 1);
		peers_done(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_of_order),
		cmocka_unit_test(test_too_many_holes),
		cmocka_unit_test(test_bulk),
		cmocka_unit_test(test_pull),
		cmocka_unit_test(test_interruption),
		cmocka_unit_test(test_fair_share),
		cmocka_unit_test(test_small_chunks),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_abort_in_short_chunk),
		cmocka_unit_test(test_abort_between_chunks),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_resume_message),
		cmocka_unit_test(test_end_line_in_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
