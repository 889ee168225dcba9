/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include <errno.h>

#include "ue/command.h"

static void parses(const char *line, enum ms_ue_verb verb, const char *who, const char *text)
{
	struct ms_ue_command c;

	assert_int_equal(ms_ue_command_parse(ms_span_str(line), &c, NULL), 0);
	assert_int_equal(c.verb, verb);
	assert_span_str(c.who, who);
	assert_span_str(c.text, text);
}

static void good_lines(void **state)
{
	(void)state;
	parses("", MS_UE_VERB_NOTHING, "", "");
	parses("  \r\n", MS_UE_VERB_NOTHING, "", "");
	parses("hello there ", MS_UE_VERB_TEXT, "", "hello there");
	parses("//not a command", MS_UE_VERB_TEXT, "", "/not a command");
	parses("/msg bob  hi  you", MS_UE_VERB_MSG, "bob", "hi  you");
	parses("/chat sip:bob@x", MS_UE_VERB_CHAT, "sip:bob@x", "");
	parses("/send a.bin bob", MS_UE_VERB_SEND, "bob", "a.bin");
	parses("/send \"a b.bin\"", MS_UE_VERB_SEND, "", "a b.bin");
	parses("/accept", MS_UE_VERB_ACCEPT, "", "");
	parses("/reject 3", MS_UE_VERB_REJECT, "3", "");
	parses("/hangup", MS_UE_VERB_HANGUP, "", "");
	parses("/info 2", MS_UE_VERB_INFO, "2", "");
	parses("/contacts", MS_UE_VERB_CONTACTS, "", "");
	parses("/tickets ", MS_UE_VERB_TICKETS, "", "");
	parses("/stats", MS_UE_VERB_STATS, "", "");
	parses("/help", MS_UE_VERB_HELP, "", "");
	parses("/quit", MS_UE_VERB_QUIT, "", "");
}

static void bad_lines(void **state)
{
	static const char *const bad[] = {
		"/msg",  "/msg bob",    "/chat",     "/chat a b",
		"/send", "/send a b c", "/quit now", "/accept 1 2",
	};
	struct ms_ue_command c;
	const char *usage = NULL;

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++) {
		assert_int_equal(ms_ue_command_parse(ms_span_str(bad[i]), &c, &usage), -EINVAL);
		assert_memory_equal(usage, bad[i], 4);
	}
	assert_int_equal(ms_ue_command_parse(MS_SPAN_LIT("/dance"), &c, &usage), -ENOENT);
	assert_non_null(usage);
	assert_int_equal(ms_ue_command_parse(MS_SPAN_LIT("/"), &c, NULL), -ENOENT);
}

static void every_word_has_help(void **state)
{
	(void)state;
	for (unsigned i = 0; ms_ue_command_words[i]; i++) {
		const char *help = ms_ue_command_help(i);

		assert_non_null(help);
		assert_memory_equal(help, ms_ue_command_words[i], strlen(ms_ue_command_words[i]));
		assert_null(ms_ue_command_words[i + 1] ? NULL : ms_ue_command_help(i + 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lines),
		cmocka_unit_test(bad_lines),
		cmocka_unit_test(every_word_has_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
