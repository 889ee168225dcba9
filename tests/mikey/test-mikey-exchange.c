/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two users and a KMS in memory: the modes of RFC 6043 section 4.1.1, key forking, reuse, keys of
 * one's own, cache files.
 */
#include <errno.h>

#include "ms-test.h"

#include "memory-call.h"

static int setup(void **state)
{
	static struct memory_kms k;

	*state = &k;
	return memory_kms_init(&k);
}

static int teardown(void **state)
{
	memory_kms_done(*state);
	return 0;
}

/* Mode 1 with and without key forking, and the suites. */
static void mode_1(void **state)
{
	static const struct ms_mikey_suite *const suites[] = { &ms_mikey_suite_128,
							       &ms_mikey_suite_256 };

	for (size_t i = 0; i < 4; i++) {
		bool forks = i & 1;
		uint16_t flags = SESSION_FLAGS & (forks ? 0xfff : ~MS_MIKEY_FLAG_I);
		const struct ms_mikey_suite *suite = suites[i / 2];
		struct call c;

		call_init(&c, *state, ALICE, BOB, suite);
		assert_int_equal(call_all(&c, flags, "sip:bob@example.com"), 0);
		assert_true(call_agrees(&c));
		assert_int_equal(ms_mikey_csb_at(c.csb_a, 0)->tek.len, suite->key);
		assert_int_equal(ms_mikey_csb_peer_proven(c.csb_a), forks);
		assert_int_equal(ms_mikey_csb_peer_proven(c.csb_b), forks);
		assert_span_str(ms_mikey_csb_peer(c.csb_a).data, "sip:bob@example.com");
		assert_span_str(ms_mikey_csb_peer(c.csb_b).data, "sip:alice@example.com");
		assert_true(ms_mikey_csb_is_initiator(c.csb_a));
		assert_false(ms_mikey_csb_is_initiator(c.csb_b));
		assert_int_equal(ms_mikey_csb_id(c.csb_a), ms_mikey_csb_id(c.csb_b));
		call_done(&c);
	}
}

static void other_modes(void **state)
{
	const struct {
		uint16_t flags;
		bool a_has_tpk, b_has_tpk;
	} mode[] = {
		/* 2: made by the KMS, opened by the Responder */
		{ MS_MIKEY_FLAG_D | MS_MIKEY_FLAG_F | MS_MIKEY_FLAG_G | MS_MIKEY_FLAG_H |
			  MS_MIKEY_FLAG_N | MS_MIKEY_FLAG_O,
		  false, true },
		/* 3: made by the Initiator, opened by the KMS; with key forking too */
		{ MS_MIKEY_FLAG_E | MS_MIKEY_FLAG_F | MS_MIKEY_FLAG_G | MS_MIKEY_FLAG_H |
			  MS_MIKEY_FLAG_L | MS_MIKEY_FLAG_N | MS_MIKEY_FLAG_O,
		  true, false },
		{ MS_MIKEY_FLAG_E | MS_MIKEY_FLAG_F | MS_MIKEY_FLAG_G | MS_MIKEY_FLAG_H |
			  MS_MIKEY_FLAG_I | MS_MIKEY_FLAG_L | MS_MIKEY_FLAG_N | MS_MIKEY_FLAG_O,
		  true, false },
		/* 4: made and opened by the two */
		{ MS_MIKEY_FLAG_F | MS_MIKEY_FLAG_G | MS_MIKEY_FLAG_H | MS_MIKEY_FLAG_L |
			  MS_MIKEY_FLAG_N | MS_MIKEY_FLAG_O,
		  true, true },
	};
	struct memory_kms *k = *state;

	for (size_t i = 0; i < MS_ARRAY_SIZE(mode); i++) {
		struct call c;

		call_init(&c, k, ALICE, BOB, &ms_mikey_suite_256);
		c.a = memory_party(k, ALICE, &ms_mikey_suite_256, mode[i].a_has_tpk);
		c.b = memory_party(k, BOB, &ms_mikey_suite_256, mode[i].b_has_tpk);
		assert_int_equal(call_all(&c, mode[i].flags, "sip:bob@example.com"), 0);
		assert_true(call_agrees(&c));
		call_done(&c);
	}
}

/* An immediate message: no answer, both have the key at once. */
static void half_round_trip(void **state)
{
	struct memory_kms *k = *state;
	const struct ms_mikey_session mime = { .cs_id = 7, .prot_type = k->local.prot_mime };
	struct ms_mikey_offer o = { .session = &mime, .n_sessions = 1 };
	const struct ms_mikey_id anyone = memory_id("?@?");
	const struct ms_mikey_wanted w = { .flags = MESSAGE_FLAGS,
					   .responder = &anyone,
					   .n_responders = 1 };
	struct call c;

	call_init(&c, k, ALICE, MALLORY, &ms_mikey_suite_256);
	assert_int_equal(call_ticket(&c, &w), 0);
	assert_int_equal(call_offer(&c, &o), -EINVAL);
	o.called = c.b.id;
	assert_int_equal(call_offer(&c, &o), 0);
	/* It did not come in SDP, so nobody looks for SDP identifiers. */
	assert_int_equal(ms_mikey_incoming_new(&c.b, ms_buf_span(&c.init), MS_SPAN_NULL, NULL,
					       k->now, &c.fault, &c.incoming),
			 0);
	assert_int_equal(call_receive(&c), -EPERM);
	assert_string_equal(c.fault.reason, "sdp_ids_mismatch");
	assert_int_equal(ms_mikey_incoming_new(&c.b, ms_buf_span(&c.init), MS_SPAN_NULL, NULL,
					       k->now, &c.fault, &c.incoming),
			 0);
	ms_buf_reset(&c.out);
	assert_int_equal(ms_mikey_incoming_resolve(c.incoming, k->now, &c.out), 0);
	assert_int_equal(memory_ask(k, ms_buf_span(&c.out), &c.in), 0);
	assert_int_equal(
		ms_mikey_incoming_resolved(c.incoming, ms_buf_span(&c.in), k->now, &c.fault), 0);
	assert_int_equal(call_answer(&c, NULL), 0);
	assert_int_equal(c.resp.len, 0);
	assert_true(call_agrees(&c));
	assert_non_null(ms_mikey_csb_traffic(c.csb_b, 7));
	assert_true(ms_mikey_csb_peer_proven(c.csb_b));
	assert_false(ms_mikey_csb_peer_proven(c.csb_a));
	call_done(&c);
}

/* The called identity is a group; who answers is named, and proven by its keys. */
static void group_answers(void **state)
{
	struct call c;

	call_init(&c, *state, ALICE, CAROL, &ms_mikey_suite_128);
	assert_int_equal(call_all(&c, SESSION_FLAGS, "sip:support@example.com"), 0);
	assert_true(call_agrees(&c));
	assert_span_str(ms_mikey_csb_peer(c.csb_a).data, "sip:carol@example.org");
	call_done(&c);
	call_init(&c, *state, ALICE, BOB, &ms_mikey_suite_128);
	assert_int_equal(call_all(&c, SESSION_FLAGS, "sip:support@example.com"), -EREMOTEIO);
	assert_string_equal(c.fault.reason, "kms_error");
	assert_string_equal(c.k->outcome.reason, "not_authorised");
	call_done(&c);
}

/* Section 5.3: what was resolved once serves again, but not without J. */
static void reuse(void **state)
{
	struct memory_kms *k = *state;
	MS_CLEANUP(ms_mikey_resolved_freep) struct ms_mikey_resolved *kept = NULL;
	MS_CLEANUP(ms_buf_done) struct ms_buf file;
	struct ms_secret first;
	struct call c;

	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_256);
	assert_int_equal(call_all(&c, SESSION_FLAGS, "sip:bob@example.com"), 0);
	first = ms_mikey_csb_at(c.csb_a, 0)->tek;
	ms_buf_init_secret(&file, MS_MIKEY_RESOLVED_MAX);
	ms_mikey_resolved_serialise(ms_mikey_incoming_outcome(c.incoming), &file);
	assert_int_equal(ms_mikey_resolved_parse(ms_buf_span(&file), &kept), 0);
	k->now += MS_SEC;
	assert_int_equal(call_offer(&c, NULL), 0);
	assert_int_equal(ms_mikey_ticket_held_uses(c.ticket), 2);
	assert_int_equal(ms_mikey_incoming_new(&c.b, ms_buf_span(&c.init), MS_SPAN_NULL, NULL,
					       k->now, &c.fault, &c.incoming),
			 0);
	assert_int_equal(ms_mikey_incoming_use(c.incoming, kept, k->now, &c.fault), 0);
	assert_int_equal(call_answer(&c, NULL), 0);
	assert_true(call_agrees(&c));
	assert_false(ms_secret_equal(ms_secret_span(&first),
				     ms_secret_span(&ms_mikey_csb_at(c.csb_a, 0)->tek)));
	/* Another ticket's keys are none of this one. */
	assert_int_equal(call_all(&c, SESSION_FLAGS & ~MS_MIKEY_FLAG_J, "sip:bob@example.com"), 0);
	c.incoming = ms_mikey_incoming_free(c.incoming);
	assert_int_equal(ms_mikey_incoming_new(&c.b, ms_buf_span(&c.init), MS_SPAN_NULL, NULL,
					       k->now, &c.fault, &c.incoming),
			 0);
	assert_int_equal(ms_mikey_incoming_use(c.incoming, kept, k->now, &c.fault), -EINVAL);
	assert_int_equal(call_offer(&c, NULL), -EALREADY);
	call_done(&c);
}

static void cache_file(void **state)
{
	struct memory_kms *k = *state;
	MS_CLEANUP(ms_buf_done) struct ms_buf file, again;
	struct ms_mikey_ticket_held *h = NULL;
	struct call c;

	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_256);
	k->end = k->now + 3600 * MS_SEC;
	assert_int_equal(call_all(&c, SESSION_FLAGS, "sip:bob@example.com"), 0);
	ms_buf_init_secret(&file, MS_MIKEY_HELD_MAX);
	ms_buf_init_secret(&again, MS_MIKEY_HELD_MAX);
	ms_mikey_ticket_held_serialise(c.ticket, &file);
	for (size_t n = 0; n < file.len; n++)
		assert_int_equal(ms_mikey_ticket_held_parse(ms_span_of(file.p, n), &h), -EBADMSG);
	assert_int_equal(ms_mikey_ticket_held_parse(ms_buf_span(&file), &h), 0);
	ms_mikey_ticket_held_serialise(h, &again);
	assert_span_equal(ms_buf_span(&file), ms_buf_span(&again));
	assert_int_equal(ms_mikey_ticket_held_uses(h), 1);
	/* The KMS set an end, and said that it changed the policy. */
	assert_true(ms_mikey_ticket_held_end(h) == k->end / MS_SEC * MS_SEC);
	assert_true(ms_mikey_ticket_held_policy(h)->flags & MS_MIKEY_FLAG_K);
	assert_true(k->outcome.has_ticket_id);
	ms_mikey_ticket_held_free(c.ticket);
	c.ticket = h;
	assert_int_equal(call_offer(&c, NULL), 0);
	assert_int_equal(call_receive(&c), 0);
	assert_int_equal(call_answer(&c, NULL), 0);
	assert_true(call_agrees(&c));
	k->now = k->end + 2 * MS_SEC;
	assert_int_equal(call_offer(&c, NULL), -ESTALE);
	call_done(&c);
}

/* L and M: keys that the two ends bring themselves; a ticket without any. */
static void own_keys(void **state)
{
	const uint8_t tek[32] = { 0x11 }, tgk[32] = { 0x22 };
	struct memory_kms *k = *state;
	struct ms_mikey_keyring ring = { .n = 0 }, other = { .n = 0 };
	const struct ms_mikey_session session[] = {
		{ .cs_id = 1, .prot_type = k->local.prot_tls, .spi = MS_SPAN_LIT("mine") },
		{ .cs_id = 2, .prot_type = k->local.prot_tls },
	};
	struct ms_mikey_offer o = {
		.session = session, .n_sessions = 2, .keys = &ring, .sdp_ids = MS_SPAN_LIT("mikey")
	};
	const struct ms_mikey_session taken[] = {
		{ .cs_id = 1, .prot_type = k->local.prot_tls, .spi = MS_SPAN_LIT("mine") },
		{ .cs_id = 2, .prot_type = k->local.prot_tls, .spi = MS_SPAN_LIT("yours") },
	};
	const struct ms_mikey_answer answer = { .session = taken, .n_sessions = 2, .keys = &other };
	const struct ms_mikey_id bob = memory_id("sip:bob@example.com");
	struct ms_mikey_wanted w = { .flags = SESSION_FLAGS | MS_MIKEY_FLAG_L | MS_MIKEY_FLAG_M,
				     .responder = &bob,
				     .n_responders = 1,
				     .no_keys = true };
	struct call c;

	assert_int_equal(ms_mikey_keyring_add(&ring, MS_MIKEY_KEY_TEK, ms_span_of(tek, sizeof(tek)),
					      MS_SPAN_NULL, MS_SPAN_LIT("mine")),
			 0);
	assert_int_equal(ms_mikey_keyring_add(&other, MS_MIKEY_KEY_TGK,
					      ms_span_of(tgk, sizeof(tgk)), MS_SPAN_NULL,
					      MS_SPAN_LIT("yours")),
			 0);
	call_init(&c, k, ALICE, BOB, &ms_mikey_suite_256);
	assert_int_equal(call_ticket(&c, &w), 0);
	assert_int_equal(ms_mikey_ticket_held_keys(c.ticket)->n, 0);
	o.called = c.b.id;
	assert_int_equal(call_offer(&c, &o), 0);
	assert_int_equal(call_receive(&c), 0);
	assert_int_equal(call_answer(&c, &answer), 0);
	assert_true(call_agrees(&c));
	assert_memory_equal(ms_mikey_csb_traffic(c.csb_b, 1)->tek.b, tek, sizeof(tek));
	assert_int_equal(ms_mikey_csb_traffic(c.csb_b, 2)->key_type, MS_MIKEY_KEY_TGK);
	/* Neither end may without its flag. */
	w.flags = SESSION_FLAGS;
	w.no_keys = false;
	assert_int_equal(call_ticket(&c, &w), 0);
	assert_int_equal(call_offer(&c, &o), -EPERM);
	assert_int_equal(call_offer(&c, NULL), 0);
	assert_int_equal(call_receive(&c), 0);
	assert_int_equal(call_answer(&c, &answer), -EPERM);
	call_done(&c);
}

/* Keys by name, type and length; salts of their own; a session that leaves everything open. */
static void wished_keys(void **state)
{
	struct memory_kms *k = *state;
	const struct ms_mikey_wish wish[] = {
		{ .type = MS_MIKEY_KEY_GTGK, .len = 16 },
		{ .type = MS_MIKEY_KEY_TGK_SALT, .len = 32, .spi = MS_SPAN_LIT("salted") },
		{ .type = MS_MIKEY_KEY_TEK, .len = 24, .spi = MS_SPAN_LIT("as it is") },
	};
	const struct ms_mikey_id ids[] = { memory_id("sip:bob@example.com"),
					   memory_id("sip:?@example.org") };
	const struct ms_mikey_wanted w = { .flags = SESSION_FLAGS,
					   .responder = ids,
					   .n_responders = 2,
					   .app = ids,
					   .n_apps = 1,
					   .start = k->now - 60 * MS_SEC,
					   .end = k->now + 60 * MS_SEC,
					   .rekey_s = 30,
					   .wish = wish,
					   .n_wishes = 3 };
	const struct ms_mikey_session session[] = {
		{ .cs_id = 1, .spi = MS_SPAN_LIT("salted") },
		{ .cs_id = 2 },
		{ .cs_id = 3, .prot_type = k->local.prot_tls, .spi = MS_SPAN_LIT("as it is") },
	};
	struct ms_mikey_offer o = { .session = session,
				    .n_sessions = 3,
				    .sdp_ids = MS_SPAN_LIT("mikey") };
	const struct ms_mikey_keyring *keys;
	struct call c;

	call_init(&c, k, ALICE, CAROL, &ms_mikey_suite_256);
	assert_int_equal(call_ticket(&c, &w), 0);
	assert_false(k->outcome.altered);
	assert_int_equal(k->outcome.n_responders, 2);
	keys = ms_mikey_ticket_held_keys(c.ticket);
	assert_int_equal(keys->n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(keys->key[i].type, wish[i].type);
		assert_int_equal(keys->key[i].key.len, wish[i].len);
		assert_true(keys->key[i].spi_len > 0);
	}
	o.called = c.b.id;
	assert_int_equal(call_offer(&c, &o), 0);
	assert_int_equal(call_receive(&c), 0);
	assert_int_equal(call_answer(&c, NULL), 0);
	assert_true(call_agrees(&c));
	assert_memory_equal(ms_mikey_csb_traffic(c.csb_b, 1)->salt.b, keys->key[1].salt.b, 14);
	assert_int_equal(ms_mikey_csb_traffic(c.csb_b, 2)->key_type, MS_MIKEY_KEY_GTGK);
	assert_true(ms_secret_equal(ms_secret_span(&ms_mikey_csb_traffic(c.csb_a, 3)->tek),
				    ms_secret_span(&keys->key[2].key)));
	call_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(mode_1, setup, teardown),
		cmocka_unit_test_setup_teardown(other_modes, setup, teardown),
		cmocka_unit_test_setup_teardown(half_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(group_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(reuse, setup, teardown),
		cmocka_unit_test_setup_teardown(cache_file, setup, teardown),
		cmocka_unit_test_setup_teardown(own_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(wished_keys, setup, teardown),
	};

	return cmocka_run_group_tests_name("mikey-exchange", tests, NULL, NULL);
}
