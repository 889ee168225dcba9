/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include "ue/event.h"

#define NOW ((ms_usec)1700000000 * MS_SEC)
#define STAMP "\"time\":\"2023-11-14T22:13:20.000Z\""

static void expect_json(const struct ms_ue_event *e, const char *json)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, 65536);
	ms_ue_event_json(&b, e, NOW);
	assert_string_equal(ms_buf_cstr(&b), json);
}

static void json(void **state)
{
	struct ms_ue_event e = { .type = MS_UE_EVENT_MESSAGE,
				 .peer = MS_SPAN_LIT("sip:a@x"),
				 .text = MS_SPAN_LIT("q\"\\\n\x1b\xff\xc3\xbc"),
				 .content_type = MS_SPAN_LIT("text/plain"),
				 .size = 7,
				 .is_protected = true,
				 .verified = true,
				 .done = 9 };

	(void)state;
	expect_json(&e,
		    "{\"event\":\"message\"," STAMP ",\"peer\":\"sip:a@x\","
		    "\"type\":\"text/plain\",\"text\":\"q\\\"\\\\\\u000a\\u001b\\ufffd\xc3\xbc\","
		    "\"size\":7,\"protected\":true,\"verified\":true}\n");
	e = (struct ms_ue_event){ .type = MS_UE_EVENT_FILE_PROGRESS, .session = 2, .size = 10 };
	expect_json(&e, "{\"event\":\"file-progress\"," STAMP
			",\"session\":2,\"done\":0,\"size\":10}\n");
	e = (struct ms_ue_event){ .type = MS_UE_EVENT_TICKET,
				  .kind = "session",
				  .valid_until = NOW };
	expect_json(&e, "{\"event\":\"ticket\"," STAMP ",\"kind\":\"session\","
			"\"valid_until\":\"2023-11-14T22:13:20.000Z\",\"uses\":0}\n");
}

static void every_event_is_complete(void **state)
{
	(void)state;
	for (int t = 0; t < MS_UE_EVENT_N; t++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf b;
		struct ms_ue_event e = { .type = (enum ms_ue_event_type)t, .kind = "chat" };

		ms_buf_init(&b, 65536);
		assert_non_null(ms_ue_event_name(e.type));
		ms_ue_event_json(&b, &e, NOW);
		assert_int_equal(ms_buf_status(&b), 0);
		ms_buf_reset(&b);
		ms_ue_event_text(&b, &e);
		assert_int_equal(ms_buf_status(&b), 0);
		assert_true(b.len == 0 || b.p[b.len - 1] == '\n');
	}
}

static void text_is_fit_for_a_terminal(void **state)
{
	struct ms_span evil = MS_SPAN_LIT("\x1b]0;x\x07\xe2\x80\xae\r\n\x9b");

	(void)state;
	for (int t = 0; t < 2 * MS_UE_EVENT_N; t++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf b;
		struct ms_ue_event e = { .type = (enum ms_ue_event_type)(t / 2),
					 .verified = t % 2,
					 .author = evil,
					 .asserted = evil,
					 .called = evil,
					 .others = evil,
					 .content_type = evil,
					 .kind = "chat",
					 .peer = evil,
					 .from = evil,
					 .text = evil,
					 .name = evil,
					 .detail = evil,
					 .warning = evil,
					 .suite = evil,
					 .url = evil,
					 .hash = evil,
					 .resolvers = evil };

		ms_buf_init(&b, 65536);
		ms_ue_event_text(&b, &e);
		for (size_t i = 0; i < b.len; i++)
			assert_true(b.p[i] == '\n' || (b.p[i] >= 0x20 && b.p[i] != 0x7f));
		assert_int_equal(ms_span_find_span(ms_buf_span(&b), MS_SPAN_LIT("\xe2\x80\xae")),
				 b.len);
	}
}

static void unprotected_is_said(void **state)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_ue_event e = { .type = MS_UE_EVENT_MESSAGE,
				 .from = MS_SPAN_LIT("sip:m@x"),
				 .text = MS_SPAN_LIT("hi") };

	(void)state;
	ms_buf_init(&b, 4096);
	ms_ue_event_text(&b, &e);
	assert_true(ms_span_starts(ms_buf_span(&b), MS_SPAN_LIT("[NOT PROTECTED] sip:m@x")));
	e.type = MS_UE_EVENT_CHAT;
	e.session = 1;
	ms_buf_reset(&b);
	ms_ue_event_text(&b, &e);
	assert_true(ms_span_starts(ms_buf_span(&b), MS_SPAN_LIT("[1 NOT PROTECTED] sip:m@x: hi")));
	/* To the edge is not end to end. */
	e.security = "e2ae";
	ms_buf_reset(&b);
	ms_ue_event_text(&b, &e);
	assert_true(ms_span_starts(ms_buf_span(&b), MS_SPAN_LIT("[1 to the network] sip:m@x: hi")));
}

static void expect_text(const struct ms_ue_event *e, const char *text)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;

	ms_buf_init(&b, 4096);
	ms_ue_event_text(&b, e);
	assert_span_str(ms_buf_span(&b), text);
}

/* Who is vouched for by whom, what is proved, what comes late: each is said in words. */
static void lists_proofs_and_delays_are_said(void **state)
{
	struct ms_ue_event e = { .type = MS_UE_EVENT_MESSAGE,
				 .verified = true,
				 .is_protected = true,
				 .peer = MS_SPAN_LIT("sip:friends@x"),
				 .author = MS_SPAN_LIT("sip:alice@x"),
				 .from = MS_SPAN_LIT("sip:alice@x"),
				 .text = MS_SPAN_LIT("hi") };

	(void)state;
	expect_text(&e, "[protected] list sip:friends@x, written by sip:alice@x:\n      hi\n");
	e.deferred = true;
	e.written = 1795157100 * MS_SEC;
	expect_text(&e, "[protected] list sip:friends@x, written by sip:alice@x, written "
			"2026-11-20 06:45:00 UTC:\n      hi\n");
	e.author = MS_SPAN_NULL;
	e.deferred = false;
	e.proof = "proved";
	e.others = MS_SPAN_LIT("sip:bob@x, sip:carol@x");
	expect_text(&e, "[protected, origin proved] sip:friends@x:\n      hi\n"
			"      also to: sip:bob@x, sip:carol@x\n");
	/* One that was not checked is none. */
	e.proof = "unchecked";
	e.others = MS_SPAN_NULL;
	e.warning = MS_SPAN_LIT("From names somebody else");
	expect_text(
		&e,
		"[protected] sip:friends@x:\n      hi\n      warning: From names somebody else\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json),
		cmocka_unit_test(every_event_is_complete),
		cmocka_unit_test(text_is_fit_for_a_terminal),
		cmocka_unit_test(unprotected_is_said),
		cmocka_unit_test(lists_proofs_and_delays_are_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
