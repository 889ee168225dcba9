/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include <errno.h>

#include "ue/policy.h"

#define BOB MS_SPAN_LIT("sip:bob@example.org")
#define CAROL MS_SPAN_LIT("sip:carol@example.org")
#define MALLORY MS_SPAN_LIT("sip:mallory@example.org")

static struct ms_ue_contact book[] = {
	{ (char *)"bob", { "sip:bob@example.org" } },
	{ (char *)"caz", { "sip:carol@example.org" } },
};
static const struct ms_ue_contacts contacts = { book, 2 };

static bool peer(enum ms_ue_peer_policy p, struct ms_span called, struct ms_span answered)
{
	struct ms_ue_policy policy = { .peer = p };

	return ms_ue_policy_peer(&policy, &contacts, called, answered);
}

static void outgoing(void **state)
{
	(void)state;
	assert_true(peer(MS_UE_PEER_ANY, BOB, MALLORY));
	assert_true(peer(MS_UE_PEER_CONTACTS, BOB, CAROL));
	assert_false(peer(MS_UE_PEER_CONTACTS, BOB, MALLORY));
	assert_true(peer(MS_UE_PEER_CONTACTS, MALLORY, MALLORY));
	assert_true(peer(MS_UE_PEER_CALLED, BOB, BOB));
	assert_false(peer(MS_UE_PEER_CALLED, BOB, CAROL));
}

static void incoming(void **state)
{
	(void)state;
	assert_true(peer(MS_UE_PEER_ANY, MS_SPAN_NULL, MALLORY));
	assert_false(peer(MS_UE_PEER_CONTACTS, MS_SPAN_NULL, MALLORY));
	assert_true(peer(MS_UE_PEER_CALLED, MS_SPAN_NULL, BOB));
	assert_false(peer(MS_UE_PEER_CALLED, MS_SPAN_NULL, MALLORY));
}

static void plain_messages(void **state)
{
	struct ms_ue_policy p = { .plain_message = false, .unverified_message = true };

	(void)state;
	assert_string_equal(ms_ue_policy_plain_message(&p, true), "plain_policy");
	p.plain_message = true;
	assert_null(ms_ue_policy_plain_message(&p, false));
	p.unverified_message = false;
	assert_string_equal(ms_ue_policy_plain_message(&p, false), "unverified_policy");
	assert_null(ms_ue_policy_plain_message(&p, true));
}

static void names(void **state)
{
	const struct ms_keys_identity home = { "sip:alice@example.org" };
	struct ms_keys_identity id;

	(void)state;
	assert_int_equal(ms_ue_contact_resolve(&contacts, MS_SPAN_LIT("CAZ"), &home, &id), 0);
	assert_string_equal(id.uri, "sip:carol@example.org");
	assert_int_equal(ms_ue_contact_resolve(&contacts, MS_SPAN_LIT("dave"), &home, &id), 0);
	assert_string_equal(id.uri, "sip:dave@example.org");
	assert_int_equal(ms_ue_contact_resolve(&contacts, MS_SPAN_LIT("sip:x@y"), &home, &id), 0);
	assert_string_equal(id.uri, "sip:x@y");
	assert_int_equal(ms_ue_contact_resolve(&contacts, MS_SPAN_LIT(""), &home, &id), -EINVAL);
	assert_string_equal(
		ms_ue_contact_find(&contacts, MS_SPAN_LIT("<sip:bob@EXAMPLE.org>"))->name, "bob");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outgoing),
		cmocka_unit_test(incoming),
		cmocka_unit_test(plain_messages),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
