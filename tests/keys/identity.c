/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include <errno.h>

#include "keys/identity.h"

static void reads(const char *text, const char *uri)
{
	struct ms_keys_identity id;

	assert_int_equal(ms_keys_identity_parse(ms_span_str(text), &id), 0);
	assert_string_equal(id.uri, uri);
}

static void accepted(void **state)
{
	(void)state;
	reads("sip:alice@example.org", "sip:alice@example.org");
	reads("SIPS:alice@Example.ORG:5061;transport=tls?x=y", "sip:alice@example.org");
	reads("\"Alice <sip:mallory@example.org>\" <sip:alice@example.org;x=y>;tag=1",
	      "sip:alice@example.org");
	reads("\"A \\\" <sip:m@x>\" <sip:alice@example.org>", "sip:alice@example.org");
	reads("Alice <sip:alice@example.org>", "sip:alice@example.org");
	reads("alice@example.org", "sip:alice@example.org");
	reads("sip:alice:secret@example.org", "sip:alice@example.org");
	reads("sip:+1234;phone-context=x@example.org", "sip:+1234@example.org");
	reads("sip:a@[2001:DB8::1]:5060", "sip:a@[2001:db8::1]");
	reads("tel:+49-89(1)23;x=y", "tel:+4989123");
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"",           "sip:",       "sip:example.org", "sip:@example.org",
		"sip:alice@", "http://a@b", "sip:al ice@b",    "sip:a\x01@b",
		"<sip:a@b",   "tel:",       "tel:12a",         "tel:1+2",
		"sip:a@[::1", "sip:a\"b@x", "alice",           "sip:;x@b",
	};
	struct ms_keys_identity id = { "kept" };
	char longer[400];

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++)
		assert_int_equal(ms_keys_identity_parse(ms_span_str(bad[i]), &id), -EINVAL);
	memset(longer, 'a', sizeof(longer));
	memcpy(longer, "sip:", 4);
	longer[sizeof(longer) - 10] = '@';
	assert_int_equal(ms_keys_identity_parse(ms_span_of(longer, sizeof(longer)), &id), -EINVAL);
	assert_string_equal(id.uri, "kept");
}

static void same_user(void **state)
{
	(void)state;
	assert_true(ms_keys_identity_same(MS_SPAN_LIT("<sip:bob@X.org>;tag=3"),
					  MS_SPAN_LIT("sips:bob@x.org:5061")));
	assert_false(
		ms_keys_identity_same(MS_SPAN_LIT("sip:Bob@x.org"), MS_SPAN_LIT("sip:bob@x.org")));
	assert_false(ms_keys_identity_same(MS_SPAN_LIT("garbage"), MS_SPAN_LIT("garbage")));
	assert_span_str(ms_keys_identity_user(MS_SPAN_LIT("sip:bob@x.org")), "bob");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(same_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
