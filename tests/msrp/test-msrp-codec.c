/* SPDX-License-Identifier: Apache-2.0 */
/* URIs, heads, media types, ranges and the stream parser: RFC 4975 sections 6, 8.6 and 9. */
#include <errno.h>

#include "ms-test.h"
#include "msrp/range-set.h"
#include "msrp/types.h"
#include "parse-log.h"

static struct ms_msrp_uri uri(const char *text)
{
	struct ms_msrp_uri u;

	assert_int_equal(ms_msrp_uri_parse(ms_span_str(text), &u), 0);
	return u;
}

static void test_uri_parts(void **state)
{
	struct ms_msrp_uri u = uri("MSRPS://alice@host.example.com:8493/asfd/34+=;TCP;x=1;y");

	(void)state;
	assert_true(u.secure);
	assert_span_str(u.userinfo, "alice");
	assert_span_str(u.host, "host.example.com");
	assert_int_equal(u.port, 8493);
	assert_span_str(u.session_id, "asfd/34+=");
	assert_span_str(u.transport, "TCP");
	u = uri("msrp://[2001:db8::1]:7/s;tcp");
	assert_span_str(u.host, "2001:db8::1");
	assert_int_equal(u.port, 7);
	u = uri("msrps://intra.example.com;tcp");
	assert_int_equal(u.port, 0);
	assert_int_equal(u.session_id.len, 0);
}

static void test_uri_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"msrp:",
		"msrp://",
		"msrp://h",
		"msrp://h/s",
		"http://h:1/s;tcp",
		"msrp://h:1/;tcp",
		"msrp://h:0/s;tcp",
		"msrp://h:65536/s;tcp",
		"msrp://h:x/s;tcp",
		"msrp://h:1/s;",
		"msrp://h:1/s;t-p",
		"msrp://h:1/s;tcp;",
		"msrp://h:1/s;tcp;=x",
		"msrp://h:1/s;tcp;x=",
		"msrp://127.0.0.1/s;tcp",
		"msrp://[::1]/s;tcp",
		"msrp://[::1:7/s;tcp",
		"msrp://[1.2.3.4]:7/s;tcp",
		"msrp://[1:2]:7/s;tcp",
		"msrp://[::1]x:7/s;tcp",
		"msrp://h:1/a b;tcp",
		"msrp://h:1/a\"b;tcp",
		"msrp://:1/s;tcp",
		"msrp://h h:1/s;tcp",
		" msrp://h:1/s;tcp",
		"msrp://h:1/s;tcp ",
	};
	struct ms_msrp_uri u;
	char longer[MS_MSRP_URI_MAX + 64];

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++)
		assert_int_equal(ms_msrp_uri_parse(ms_span_str(bad[i]), &u), -EBADMSG);
	snprintf(longer, sizeof(longer), "msrp://h:1/%0*d;tcp", MS_MSRP_URI_MAX, 1);
	assert_int_equal(ms_msrp_uri_parse(ms_span_str(longer), &u), -EMSGSIZE);
}

struct pair {
	const char *a, *b;
	bool uri, session; /* equal by URI; by session-id */
};

/* Section 6.1, rule by rule. */
static void test_uri_comparison(void **state)
{
	static const struct pair pairs[] = {
		{ "msrp://h.example:1/s;tcp", "MSRP://H.EXAMPLE:1/s;TCP", true, true },
		{ "msrp://h.example:1/s;tcp", "msrps://h.example:1/s;tcp", false, true },
		{ "msrp://h.example:1/s;tcp", "msrp://h.example:2/s;tcp", false, true },
		{ "msrp://h.example:1/s;tcp", "msrp://h.example/s;tcp", false, true },
		{ "msrp://h.example:1/s;tcp", "msrp://h.example:1/S;tcp", false, false },
		{ "msrp://h.example:1/s;tcp", "msrp://h.example:1;tcp", false, false },
		{ "msrp://h.example:1;tcp", "msrp://h.example:1;tcp", true, false },
		{ "msrp://h.example:1/s;tcp", "msrp://h.example:1/s;sctp", false, false },
		{ "msrp://u@h.example:1/s;tcp", "msrp://v@h.example:1/s;tcp;x=y", true, true },
		{ "msrp://%68.example:1/s;tcp", "msrp://h.example:1/s;tcp", true, true },
		{ "msrp://[2001:db8::1]:1/s;tcp", "msrp://[2001:0DB8:0:0:0:0:0:1]:1/s;tcp", true,
		  true },
		{ "msrp://[::ffff:192.0.2.1]:1/s;tcp", "msrp://[::FFFF:c000:201]:1/s;tcp", true,
		  true },
		{ "msrp://[::1]:1/s;tcp", "msrp://[::2]:1/s;tcp", false, true },
		{ "msrp://192.0.2.1:1/s;tcp", "msrp://192.0.2.10:1/s;tcp", false, true },
		{ "msrp://192.0.2.1:1/s;tcp", "msrp://[::ffff:192.0.2.1]:1/s;tcp", false, true },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(pairs); i++) {
		struct ms_msrp_uri a = uri(pairs[i].a), b = uri(pairs[i].b);

		assert_int_equal(ms_msrp_uri_equal(&a, &b, MS_MSRP_MATCH_URI), pairs[i].uri);
		assert_int_equal(ms_msrp_uri_equal(&b, &a, MS_MSRP_MATCH_URI), pairs[i].uri);
		assert_int_equal(ms_msrp_uri_equal(&a, &b, MS_MSRP_MATCH_SESSION_ID),
				 pairs[i].session);
	}
}

static void test_hosts(void **state)
{
	static const char *const numeric[] = {
		"1.2.3.4",        "::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4",
		"1:2:3:4:5:6:7::"
	};
	static const char *const names[] = { "",          "1.2.3", "1.2.3.4.5",
					     "1.2.3.256", "a.b",   ":",
					     ":::",       "1:2",   "1:2:3:4:5:6:7:8:9",
					     "12345::",   "::1::", "1::2:3:4:5:6:7:8",
					     "1.2.3.4::", "g::" };
	struct ms_msrp_host h;

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(numeric); i++)
		assert_true(ms_msrp_host_parse(ms_span_str(numeric[i]), &h));
	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		assert_false(ms_msrp_host_parse(ms_span_str(names[i]), &h));
		assert_int_equal(h.len, 0);
	}
}

static void test_uri_put(void **state)
{
	struct ms_buf b;

	(void)state;
	ms_buf_init(&b, 1000);
	ms_msrp_uri_put(&b, true, MS_SPAN_LIT("2001:db8::1"), 2855, MS_SPAN_LIT("abc"));
	assert_string_equal(ms_buf_cstr(&b), "msrps://[2001:db8::1]:2855/abc;tcp");
	ms_buf_reset(&b);
	ms_msrp_uri_put(&b, false, MS_SPAN_LIT("relay.example"), 0, MS_SPAN_NULL);
	assert_string_equal(ms_buf_cstr(&b), "msrp://relay.example;tcp");
	ms_buf_done(&b);
}

static void test_paths(void **state)
{
	struct ms_msrp_path path;

	(void)state;
	assert_int_equal(
		ms_msrp_path_parse(MS_SPAN_LIT("msrp://a:1/a;tcp msrp://b:2/b;tcp"), &path), 0);
	assert_int_equal(path.n, 2);
	assert_span_str(path.uri[1].session_id, "b");
	assert_int_equal(ms_msrp_path_parse(MS_SPAN_LIT(" "), &path), -EBADMSG);
	assert_int_equal(ms_msrp_path_parse(MS_SPAN_LIT("msrp://a:1/a;tcp x"), &path), -EBADMSG);
	assert_int_equal(
		ms_msrp_path_parse(
			MS_SPAN_LIT(
				"msrp://a;tcp msrp://a;tcp msrp://a;tcp msrp://a;tcp msrp://a;tcp "
				"msrp://a;tcp msrp://a;tcp msrp://a;tcp msrp://a;tcp"),
			&path),
		-E2BIG);
}

struct type_case {
	const char *list, *type;
	bool admitted;
};

static void test_types(void **state)
{
	static const struct type_case cases[] = {
		{ "text/plain", "text/plain", true },
		{ "text/plain", "TEXT/Plain;charset=utf-8", true },
		{ "text/plain;format=flowed text/html", "text/plain", true },
		{ "message/cpim text/*", "text/x-y; a=\"b c\"", true },
		{ "text/*", "textual/plain", false },
		{ "text/plain", "text/plainer", false },
		{ "text/plain", "text/pla", false },
		{ "*", "image/png", true },
		{ "*", "image", false },
		{ "*", "image/png; x", true },
		{ "*", "image/png x", false },
		{ "*", "image/png;", false },
		{ "a/b;x=\"c * d\"", "q/r", false },
		{ "", "text/plain", false },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++)
		assert_int_equal(
			ms_msrp_types_admit(ms_span_str(cases[i].list), ms_span_str(cases[i].type)),
			cases[i].admitted);
	assert_true(ms_msrp_types_valid(MS_SPAN_LIT("message/cpim text/* *")));
	assert_false(ms_msrp_types_valid(MS_SPAN_LIT("message/cpim text")));
	assert_false(ms_msrp_types_valid(MS_SPAN_LIT(" ")));
}

static void test_byte_ranges(void **state)
{
	static const char *const good[] = { "1-*/*", "1-0/0", "1-39/39",
					    "5-*/8", "9-8/8", "2049-4096/*" };
	static const char *const bad[] = {
		"",      "1",      "1-2",   "1/2",     "0-1/1",  "-1/1",  "3-1/9",
		"1-9/8", "10-*/8", "1-x/8", "1-2/3/4", "1-2/-3", "*-2/3", "1-2/99999999999999999999"
	};
	struct ms_msrp_range r;
	struct ms_buf b;

	(void)state;
	ms_buf_init(&b, 100);
	for (size_t i = 0; i < MS_ARRAY_SIZE(good); i++) {
		assert_int_equal(ms_msrp_range_parse(ms_span_str(good[i]), &r), 0);
		ms_buf_reset(&b);
		ms_msrp_range_put(&b, &r);
		assert_string_equal(ms_buf_cstr(&b), good[i]);
	}
	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++)
		assert_int_equal(ms_msrp_range_parse(ms_span_str(bad[i]), &r), -EBADMSG);
	ms_buf_done(&b);
}

#define PATHS "To-Path: msrp://b:1/b;tcp\r\nFrom-Path: msrp://a:1/a;tcp\r\n"

struct head_case {
	const char *text;
	int err;
	const char *reason; /* of the error, or of the refusal; NULL: fine */
};

static void test_heads(void **state)
{
	static const struct head_case cases[] = {
		{ "MSRP abcd SEND\r\n" PATHS "Message-ID: 1234\r\n", 0, NULL },
		{ "MSRP abcd SEND\r\n" PATHS "message-id:1234\r\nX-Other: y\r\n", 0, NULL },
		{ "MSRP abcd 200\r\n" PATHS, 0, NULL },
		{ "MSRP abcd 200 All is well\r\n" PATHS, 0, NULL },
		{ "MSRP abcd SEND\r\n" PATHS, 0, "no_message_id" },
		{ "MSRP abcd SEND\r\n" PATHS "Message-ID: 1\r\n", 0, "bad_message_id" },
		{ "MSRP abcd SEND\r\n" PATHS "Message-ID: 1234\r\nMessage-ID: 1234\r\n", 0,
		  "bad_message_id" },
		{ "MSRP abcd SEND\r\n" PATHS "Message-ID: 1234\r\nSuccess-Report: perhaps\r\n", 0,
		  "bad_success_report" },
		{ "MSRP abcd SEND\r\n" PATHS "Message-ID: 1234\r\nFailure-Report: maybe\r\n", 0,
		  "bad_failure_report" },
		{ "MSRP abcd SEND\r\n" PATHS "Message-ID: 1234\r\nContent-Type: text\r\n", 0,
		  "bad_content_type" },
		{ "MSRP abcd SEND\r\n" PATHS "Message-ID: 1234\r\nno colon\r\n", 0, "bad_header" },
		{ "MSRP abcd SEND\r\n" PATHS "Message-ID: 1234\r\nX: a\001b\r\n", 0, "bad_header" },
		{ "MSRP abcd SEND\r\n" PATHS "Message-ID: 1234\r\nTo-Path: msrp://c:1/c;tcp\r\n", 0,
		  "path_repeated" },
		{ "MSRP abcd REPORT\r\n" PATHS "Message-ID: 1234\r\n", 0, "incomplete_report" },
		{ "MSRP abcd REPORT\r\n" PATHS "Message-ID: 1234\r\nStatus: 000 200 OK\r\n"
		  "Success-Report: no\r\n",
		  0, "report_wants_report" },
		{ "MSRP abcd REPORT\r\n" PATHS "Message-ID: 1234\r\nStatus: 200 OK\r\n", 0,
		  "bad_status" },
		{ "MSRP abc SEND\r\n" PATHS, -EBADMSG, "bad_start_line" },
		{ "MSRP abcd send\r\n" PATHS, -EBADMSG, "bad_start_line" },
		{ "MSRP abcd 20 OK\r\n" PATHS, -EBADMSG, "bad_start_line" },
		{ "MSRP -abcd SEND\r\n" PATHS, -EBADMSG, "bad_start_line" },
		{ "MSRP abcdabcdabcdabcdabcdabcdabcdabcdX SEND\r\n" PATHS, -EBADMSG,
		  "bad_start_line" },
		{ "MSRP abcd SEND\r\nFrom-Path: msrp://a:1/a;tcp\r\nTo-Path: msrp://b:1/b;tcp\r\n",
		  -EBADMSG, "bad_to_path" },
		{ "MSRP abcd SEND\r\nTo-Path: msrp://b:1/b;tcp\r\nFrom-Path: x\r\n", -EBADMSG,
		  "bad_from_path" },
		{ "MSRP abcd SEND\r\n" PATHS "Message-ID: 1234", -EBADMSG, "bad_line" },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		struct ms_msrp_head h = { .status = 0 };
		struct ms_fault fault = { 0, NULL, 0 };
		int err = ms_msrp_head_parse(ms_span_str(cases[i].text),
					     &ms_msrp_head_limits_default, &h, &fault);
		const char *reason = err < 0 ? fault.reason : h.refuse.reason;

		assert_int_equal(err, cases[i].err);
		if (cases[i].reason)
			assert_string_equal(reason, cases[i].reason);
		else
			assert_null(reason);
	}
}

static void test_head_limits(void **state)
{
	struct ms_msrp_head_limits limits = { .head = 200, .line = 200, .lines = 2 };
	struct ms_msrp_head h;
	struct ms_fault fault;

	(void)state;
	assert_int_equal(
		ms_msrp_head_parse(MS_SPAN_LIT("MSRP abcd SEND\r\n" PATHS "A: b\r\nA: b\r\n"),
				   &limits, &h, &fault),
		0);
	assert_int_equal(ms_msrp_head_parse(
				 MS_SPAN_LIT("MSRP abcd SEND\r\n" PATHS "A: b\r\nA: b\r\nA: b\r\n"),
				 &limits, &h, &fault),
			 -EBADMSG);
	assert_string_equal(fault.reason, "too_many_headers");
}

static const char stream[] =
	"MSRP a786hjs2 SEND\r\n" PATHS "Message-ID: 87652491\r\nByte-Range: 1-25/25\r\n"
	"Content-Type: text/plain\r\n\r\nHey Bob, are you there?\r\n\r\n-------a786hjs2$\r\n"
	"MSRP a786hjs2 200 OK\r\n" PATHS "-------a786hjs2$\r\n"
	"MSRP abcd SEND\r\n" PATHS "Message-ID: 1234\r\nContent-Type: text/plain\r\n\r\n"
	"-------abcd\r\n\r\n-------abcd\r\n-------abc$\r\n--------abcd$\r\n\r\n-------abcd!\r\n"
	"-\r\n------\r\n-------abcd#\n\r\r\n-------abcd+\r\n"
	"MSRP abcd SEND\r\n" PATHS
	"Message-ID: 1234\r\nContent-Type: text/plain\r\n\r\n\r\n-------abcd$\r\n"
	"MSRP abce SEND\r\n" PATHS
	"Message-ID: 1234\r\nContent-Type: text/plain\r\n\r\n-------abce$\r\n";

static const char expected[] =
	"\n[head m=0 s=0 body=1 refuse=- tid=a786hjs2 to=msrp://b:1/b;tcp from=msrp://a:1/a;tcp id=87652491 "
	"range=1-25/25 type=text/plain report=0 failure=0 success=0]Hey Bob, are you there?\r\n[end $]"
	"\n[head m=4 s=200 body=0 refuse=- tid=a786hjs2 to=msrp://b:1/b;tcp from=msrp://a:1/a;tcp id= type= "
	"report=0 failure=0 success=0][end $]"
	"\n[head m=0 s=0 body=1 refuse=- tid=abcd to=msrp://b:1/b;tcp from=msrp://a:1/a;tcp id=1234 "
	"type=text/plain report=0 failure=0 success=0]"
	"-------abcd\r\n\r\n-------abcd\r\n-------abc$\r\n--------abcd$\r\n\r\n-------abcd!\r\n"
	"-\r\n------\r\n-------abcd#\n\r[end +]"
	"\n[head m=0 s=0 body=1 refuse=- tid=abcd to=msrp://b:1/b;tcp from=msrp://a:1/a;tcp id=1234 "
	"type=text/plain report=0 failure=0 success=0][end $]"
	"\n[head m=0 s=0 body=1 refuse=- tid=abce to=msrp://b:1/b;tcp from=msrp://a:1/a;tcp id=1234 "
	"type=text/plain report=0 failure=0 success=0][end $]";

static size_t cut_at(void *arg, size_t left)
{
	size_t *first = arg, n = *first > 0 && *first < left ? *first : left;

	*first = 0;
	return n;
}

/* Cut at every place, into octets, and at random: always the same. */
static void test_any_split(void **state)
{
	struct ms_span s = MS_SPAN_LIT(stream);
	struct ms_buf log;

	(void)state;
	ms_buf_init(&log, 100000);
	for (size_t i = 0; i <= s.len; i++) {
		size_t at = i;

		ms_buf_reset(&log);
		parse_log(&log, s, cut_at, &at);
		assert_string_equal(ms_buf_cstr(&log), expected);
	}
	for (uint32_t seed = 0; seed < 200; seed++) {
		uint32_t arg = seed;

		ms_buf_reset(&log);
		parse_log(&log, s, parse_cut_random, &arg);
		assert_string_equal(ms_buf_cstr(&log), expected);
	}
	ms_buf_reset(&log);
	parse_log(&log, s, parse_cut_octet, NULL);
	assert_string_equal(ms_buf_cstr(&log), expected);
	ms_buf_done(&log);
}

/* The end-line finder against a plain search, on bodies made of what end-lines are made of. */
static void test_bodies_against_plain_search(void **state)
{
	static const char alphabet[] = "\r\n---abc$+#";
	static const char end[] = "\r\n-------abca$\r\n";
	uint32_t x = 7;
	struct ms_buf whole, log;

	(void)state;
	ms_buf_init(&whole, 10000);
	ms_buf_init(&log, 10000);
	for (int round = 0; round < 20000; round++) {
		size_t n = (size_t)(round % 60), head, tail;

		ms_buf_reset(&whole);
		ms_buf_reset(&log);
		ms_buf_put_str(&whole, "MSRP abca SEND\r\n" PATHS
				       "Message-ID: 1234\r\nContent-Type: a/b\r\n\r\nX");
		head = whole.len - 1;
		for (size_t i = 0; i < n; i++) {
			x = x * 1664525u + 1013904223u;
			ms_buf_put_u8(&whole,
				      (uint8_t)alphabet[(x >> 20) % (sizeof(alphabet) - 1)]);
		}
		ms_buf_put_str(&whole, end);
		tail = ms_span_find_span(ms_span_from(ms_buf_span(&whole), head), MS_SPAN_LIT(end));
		if (tail != n + 1)
			continue; /* by chance an end-line inside */
		parse_log(&log, ms_buf_span(&whole), parse_cut_random, &x);
		assert_true(log.len > n + 1 + 7);
		assert_span_equal(ms_span_sub(ms_buf_span(&log), log.len - 7 - n - 1, n + 1),
				  ms_span_sub(ms_buf_span(&whole), head, n + 1));
		assert_span_str(ms_span_from(ms_buf_span(&log), log.len - 7), "[end $]");
	}
	ms_buf_done(&whole);
	ms_buf_done(&log);
}

static void expect_error(const char *text, size_t len, const char *reason)
{
	struct ms_buf log;

	ms_buf_init(&log, 200000);
	parse_log(&log, ms_span_of(text, len), parse_cut_whole, NULL);
	assert_non_null(strstr(ms_buf_cstr(&log), reason));
	ms_buf_reset(&log);
	parse_log(&log, ms_span_of(text, len), parse_cut_octet, NULL);
	assert_non_null(strstr(ms_buf_cstr(&log), reason));
	ms_buf_done(&log);
}

static void test_streams_refused(void **state)
{
	static char text[40000];
	size_t n;

	(void)state;
	expect_error("GET / HTTP/1.0\r\n\r\n", 18, "bad_start_line");
	expect_error("\026\003\001\002\000\001", 6, "bad_start_line");
	expect_error("MSRP abcd SEND\n", 15, "bad_line");
	n = (size_t)snprintf(text, sizeof(text), "MSRP abcd SEND\r\n" PATHS "-------abce$\r\n");
	expect_error(text, n, "bad_end_line");
	n = (size_t)snprintf(text, sizeof(text), "MSRP abcd SEND\r\n" PATHS "-------abcd!\r\n");
	expect_error(text, n, "bad_end_line");
	memset(text, 'x', sizeof(text));
	memcpy(text, "MSRP abcd ", 10);
	expect_error(text, sizeof(text), "line_too_long");
	n = 0;
	while (n < sizeof(text) - 16)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      n == 0 ? "MSRP abcd SEND\r\n" : "A: b\r\n");
	expect_error(text, n, "head_too_long");
}

static int torture(void *arg)
{
	struct ms_msrp_parser p;
	struct ms_span s = MS_SPAN_LIT(stream), body;
	int event = 0;

	(void)arg;
	ms_msrp_parser_init(&p, NULL);
	while (s.len > 0 && event >= 0) {
		struct ms_span piece = ms_span_sub(s, 0, 5);

		s = ms_span_from(s, 5);
		do
			event = ms_msrp_parser_next(&p, &piece, &body);
		while (event > 0);
	}
	ms_msrp_parser_done(&p);
	return event;
}

static void test_parser_torture(void **state)
{
	(void)state;
	assert_true(ms_test_torture(torture, NULL) > 0);
}

/* The range set against a plain array of octets. */
static void test_range_set(void **state)
{
	uint32_t x = 1;

	(void)state;
	for (int round = 0; round < 500; round++) {
		struct ms_msrp_range_set s;
		bool octet[64] = { false };
		uint64_t size = 0, prefix = 0, end = 0;

		ms_msrp_range_set_init(&s, 40);
		for (int i = 0; i < 12; i++) {
			unsigned from, to;

			x = x * 1664525u + 1013904223u;
			from = (x >> 8) % 64;
			to = from + (x >> 20) % (65 - from);
			assert_int_equal(ms_msrp_range_set_add(&s, from, to), 0);
			for (unsigned k = from; k < to; k++)
				octet[k] = true;
		}
		for (unsigned k = 0; k < 64; k++) {
			size += octet[k];
			prefix += octet[k] && prefix == k;
			end = octet[k] ? k + 1 : end;
		}
		assert_int_equal(ms_msrp_range_set_size(&s), size);
		assert_int_equal(ms_msrp_range_set_prefix(&s), prefix);
		assert_int_equal(ms_msrp_range_set_end(&s), end);
		assert_int_equal(ms_msrp_range_set_is_whole(&s, end), size == end);
		ms_msrp_range_set_done(&s);
	}
}

static void test_range_set_is_bounded(void **state)
{
	struct ms_msrp_range_set s;

	(void)state;
	ms_msrp_range_set_init(&s, 3);
	assert_int_equal(ms_msrp_range_set_add(&s, 0, 1), 0);
	assert_int_equal(ms_msrp_range_set_add(&s, 4, 5), 0);
	assert_int_equal(ms_msrp_range_set_add(&s, 2, 3), 0);
	assert_int_equal(ms_msrp_range_set_add(&s, 8, 9), -ENOSPC);
	assert_int_equal(ms_msrp_range_set_add(&s, 1, 4), 0);
	assert_true(ms_msrp_range_set_is_whole(&s, 5));
	ms_msrp_range_set_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uri_parts),
		cmocka_unit_test(test_uri_refused),
		cmocka_unit_test(test_uri_comparison),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_uri_put),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_byte_ranges),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_head_limits),
		cmocka_unit_test(test_any_split),
		cmocka_unit_test(test_bodies_against_plain_search),
		cmocka_unit_test(test_streams_refused),
		cmocka_unit_test(test_parser_torture),
		cmocka_unit_test(test_range_set),
		cmocka_unit_test(test_range_set_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
