/* SPDX-License-Identifier: Apache-2.0 */
#include "ms-test.h"

#include <errno.h>

#include "small-kms.h"

#define ENTITY MS_SPAN_LIT("Content-Type: text/plain\r\n\r\nhello")

static struct ms_mikey_ticket_held *held;
static struct ms_keys_replay *replay;
static struct ms_buf object;

static struct ms_keys_smime smime_of(enum small_user who)
{
	return (struct ms_keys_smime){ .party = small_party(who, true),
				       .profile = &ms_profile_default,
				       .random = &small_random,
				       .cms = { .alg = MS_AEAD_AES_256_GCM },
				       .replay = replay };
}

static int set_up(void **state)
{
	struct ms_keys_smime alice;

	(void)state;
	small_kms_reset();
	ms_buf_init(&object, 65536);
	assert_int_equal(ms_keys_replay_new(16, &small_random, &replay), 0);
	assert_int_equal(small_ticket(ALICE, true, small_uri(BOB), &held), 0);
	alice = smime_of(ALICE);
	assert_int_equal(ms_keys_smime_seal(&alice, held, ms_span_str(small_uri(BOB)), ENTITY,
					    SMALL_NOW, &object),
			 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	held = ms_mikey_ticket_held_free(held);
	replay = ms_keys_replay_free(replay);
	ms_buf_done(&object);
	return 0;
}

/* Reads, resolves and opens as `who`; the entity goes to `out`. */
static int receive(enum small_user who, struct ms_buf *out, struct ms_keys_identity *sender,
		   struct ms_fault *f)
{
	struct ms_keys_smime smime = smime_of(who);
	struct ms_keys_smime_in *in = NULL;
	int err = ms_keys_smime_read(&smime, ms_buf_span(&object), SMALL_NOW, f, &in);

	if (!err)
		err = small_resolve(ms_keys_smime_incoming(in), f);
	if (!err)
		err = ms_keys_smime_open(in, SMALL_NOW, out, sender, f);
	ms_keys_smime_in_free(in);
	return err;
}

static void a_message_arrives(void **state)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	struct ms_keys_identity sender = { "" };
	struct ms_fault f = { 0 };

	(void)state;
	ms_buf_init(&out, 65536);
	assert_int_equal(receive(BOB, &out, &sender, &f), 0);
	assert_span_equal(ms_buf_span(&out), ENTITY);
	assert_string_equal(sender.uri, small_uri(ALICE));
	assert_int_equal(ms_span_find_span(ms_buf_span(&object), MS_SPAN_LIT("hello")), object.len);
}

static void once_only(void **state)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	struct ms_keys_identity sender;
	struct ms_fault f = { 0 };

	(void)state;
	ms_buf_init(&out, 65536);
	assert_int_equal(receive(BOB, &out, &sender, &f), 0);
	ms_buf_reset(&out);
	assert_int_equal(receive(BOB, &out, &sender, &f), -EALREADY);
	assert_string_equal(f.reason, "replay");
	assert_int_equal(out.len, 0);
}

static void not_by_others(void **state)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	struct ms_keys_identity sender = { "nobody" };
	struct ms_fault f = { 0 };

	(void)state;
	ms_buf_init(&out, 65536);
	assert_int_not_equal(receive(CAROL, &out, &sender, &f), 0);
	assert_int_equal(out.len, 0);
	assert_string_equal(sender.uri, "nobody");
}

/* Whatever octet is changed: an error or the same content from the same sender, never another. */
static void no_octet_can_be_changed(void **state)
{
	size_t intact = 0;

	(void)state;
	for (size_t i = 0; i < object.len; i++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf out;
		struct ms_keys_identity sender = { "" };
		struct ms_fault f = { 0 };

		ms_buf_init(&out, 65536);
		object.p[i] ^= 0x40;
		if (receive(BOB, &out, &sender, &f) == 0) {
			assert_span_equal(ms_buf_span(&out), ENTITY);
			assert_string_equal(sender.uri, small_uri(ALICE));
			intact++;
			replay = ms_keys_replay_free(replay);
			assert_int_equal(ms_keys_replay_new(16, &small_random, &replay), 0);
		} else {
			assert_int_equal(out.len, 0);
			assert_string_equal(sender.uri, "");
		}
		object.p[i] ^= 0x40;
	}
	assert_in_range(intact, 0, 8); /* octets that carry no meaning, such as reserved bits */
}

static void session_tickets_are_not_for_messages(void **state)
{
	struct ms_keys_smime alice = smime_of(ALICE);
	struct ms_mikey_ticket_held *other = NULL;
	MS_CLEANUP(ms_buf_done) struct ms_buf out;

	(void)state;
	ms_buf_init(&out, 65536);
	assert_int_equal(small_ticket(ALICE, false, small_uri(BOB), &other), 0);
	assert_int_not_equal(ms_keys_smime_seal(&alice, other, ms_span_str(small_uri(BOB)), ENTITY,
						SMALL_NOW, &out),
			     0);
	ms_mikey_ticket_held_free(other);
}

/* Whoever can resolve such a ticket could have written the message, and the KMS cannot say who did. */
static void without_forking_nobody_is_the_sender(void **state)
{
	struct ms_keys_smime alice = smime_of(ALICE);
	struct ms_mikey_ticket_held *loose = NULL;
	struct ms_keys_identity sender = { "" };
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	struct ms_fault f = { 0 };

	(void)state;
	ms_buf_init(&out, 65536);
	assert_int_equal(small_loose_ticket(ALICE, small_uri(BOB), &loose), 0);
	ms_buf_reset(&object);
	assert_int_equal(ms_keys_smime_seal(&alice, loose, ms_span_str(small_uri(BOB)), ENTITY,
					    SMALL_NOW, &object),
			 0);
	assert_int_equal(receive(BOB, &out, &sender, &f), -EPERM);
	assert_string_equal(f.reason, "sender_not_proven");
	assert_int_equal(out.len, 0);
	assert_string_equal(sender.uri, "");
	ms_mikey_ticket_held_free(loose);
}

static int torture_run(void *arg)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out, made;
	struct ms_keys_smime alice = smime_of(ALICE);
	struct ms_keys_identity sender;
	struct ms_fault f = { 0 };
	int err;

	(void)arg;
	ms_buf_init(&out, 65536);
	ms_buf_init(&made, 65536);
	err = ms_keys_smime_seal(&alice, held, ms_span_str(small_uri(BOB)), ENTITY, SMALL_NOW,
				 &made);
	if (!err) {
		ms_buf_done(&object);
		object = made;
		ms_buf_init(&made, 65536);
		err = receive(BOB, &out, &sender, &f);
	}
	return err;
}

/* Delivery after days: the window of the clock is as wide as one may be away, and no wider; early ones
 * gain nothing by it. Of those too old for the replay cache the policy decides. */
static void deferred(void **state)
{
	const ms_usec day = 86400 * MS_SEC;
	struct ms_mikey_local wide;
	struct ms_mikey_party bob = *small_party(BOB, true);
	struct ms_keys_smime smime = smime_of(BOB);
	struct ms_keys_smime_in *in = NULL;
	struct ms_fault f = { 0 };

	(void)state;
	ms_mikey_local_init(&wide, &ms_profile_default);
	wide.skew = 3 * day;
	bob.local = &wide;
	smime.party = &bob;
	assert_int_equal(ms_keys_smime_read(&smime, ms_buf_span(&object),
					    SMALL_NOW + 3 * day + MS_SEC, &f, &in),
			 -ESTALE);
	assert_string_equal(f.reason, "stale_timestamp");
	/* The ticket of an hour has ended; that of the message's own time has not. */
	assert_int_equal(ms_keys_smime_read(&smime, ms_buf_span(&object), SMALL_NOW + day, &f, &in),
			 -ESTALE);
	assert_string_equal(f.reason, "ticket_expired");
	assert_int_equal(ms_keys_smime_ticket_end(&smime, ms_buf_span(&object)),
			 SMALL_NOW + 3600 * MS_SEC);
	assert_int_equal(ms_keys_smime_ticket_end(&smime, MS_SPAN_LIT("nonsense")), 0);
	assert_int_equal(ms_keys_smime_read(&smime, ms_buf_span(&object), SMALL_NOW + 3599 * MS_SEC,
					    &f, &in),
			 0);
	assert_int_equal(ms_keys_smime_made(in), SMALL_NOW);
	ms_keys_smime_in_free(in);
	assert_int_equal(ms_keys_smime_read(&smime, ms_buf_span(&object), SMALL_NOW - day, &f, &in),
			 -ESTALE);
	assert_string_equal(f.reason, "stale_timestamp");
}

static void older_than_remembered(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 17; i++) { /* 16 fit */
		uint8_t id[MS_KEYS_REPLAY_ID] = { (uint8_t)(i + 1) };

		assert_int_equal(ms_keys_replay_enter(replay, id, SMALL_NOW + MS_SEC + i), 0);
	}
	for (int show = 0; show < 3; show++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf out;
		struct ms_keys_smime smime = smime_of(BOB);
		struct ms_keys_smime_in *in = NULL;
		struct ms_keys_identity sender;
		struct ms_fault f = { 0 };

		ms_buf_init(&out, 65536);
		smime.take_forgotten = show > 0;
		assert_int_equal(
			ms_keys_smime_read(&smime, ms_buf_span(&object), SMALL_NOW, &f, &in), 0);
		assert_int_equal(small_resolve(ms_keys_smime_incoming(in), &f), 0);
		assert_int_equal(ms_keys_smime_open(in, SMALL_NOW, &out, &sender, &f),
				 show ? 0 : -ESTALE);
		assert_true(ms_keys_smime_forgotten(in));
		assert_int_equal(out.len, show ? ENTITY.len : 0);
		if (!show)
			assert_string_equal(f.reason, "replay_forgotten");
		ms_keys_smime_in_free(in);
	}
}

static void without_memory(void **state)
{
	(void)state;
	ms_test_torture(torture_run, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_message_arrives, set_up, tear_down),
		cmocka_unit_test_setup_teardown(once_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(not_by_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_octet_can_be_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(session_tickets_are_not_for_messages, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(without_forking_nobody_is_the_sender, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(deferred, set_up, tear_down),
		cmocka_unit_test_setup_teardown(older_than_remembered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_memory, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
