/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets that a keyring asks for: for whom, how often, renewed, kept. */
#include "keyring-world.h"

#include <errno.h>
#include <unistd.h>

/* ---- tickets ---- */

static void one_ticket_for_a_set(void **state)
{
	const char *const three[] = { "sip:b@x", "sip:c@x", "sip:a@x" };
	const char *const turned[] = { "sip:a@x", "sip:b@x", "sip:c@x", "sip:b@x" };
	const char *const fewer[] = { "sip:a@x", "sip:b@x" };
	const struct ms_mikey_ticket_held *held = ticket(ALICE, three, 3, NULL);

	(void)state;
	assert_non_null(held);
	assert_int_equal(ms_mikey_ticket_held_policy(held)->n_responders, 3);
	assert_ptr_equal(ticket(ALICE, turned, 4, NULL), held);
	assert_int_equal(world.requests, 1);
	assert_ptr_not_equal(ticket(ALICE, fewer, 2, NULL), held);
	assert_int_equal(world.requests, 2);
}

static void add_one(struct ms_mikey_kms_grant *g)
{
	g->responder[g->n_responders++] =
		(struct ms_mikey_id){ MS_MIKEY_ID_URI, MS_SPAN_LIT("sip:spy@x") };
}

static void drop_one(struct ms_mikey_kms_grant *g)
{
	g->n_responders--;
}

static void change_one(struct ms_mikey_kms_grant *g)
{
	g->responder[0].data = MS_SPAN_LIT("sip:spy@x");
}

static void twice_the_first(struct ms_mikey_kms_grant *g)
{
	g->responder[1] = g->responder[0];
}

static void all_in_one(struct ms_mikey_kms_grant *g)
{
	g->responder[0].data = MS_SPAN_LIT("sip:a@x, sip:b@x");
	g->n_responders = 1;
}

static void turn_round(struct ms_mikey_kms_grant *g)
{
	struct ms_mikey_id first = g->responder[0];

	g->responder[0] = g->responder[1];
	g->responder[1] = first;
}

/* RFC 6043 section 6.10, K: the server may grant something else. A ticket that others could resolve,
 * or that not all could, is not used. */
static void only_what_was_asked_for(void **state)
{
	void (*const alterations[])(struct ms_mikey_kms_grant *) = {
		add_one, drop_one, change_one, twice_the_first, all_in_one,
	};
	const char *const two[] = { "sip:a@x", "sip:b@x" };
	uint64_t before = counted("kms_failures_total", "ticket_other_resolvers");

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(alterations); i++) {
		struct ms_keys_failure why = { 0 };

		small_alter = alterations[i];
		assert_null(ticket(ALICE, two, 2, &why));
		assert_string_equal(why.reason, "ticket_other_resolvers");
		assert_int_equal(why.err, -EPERM);
		assert_false(why.unreachable);
	}
	assert_int_equal(counted("kms_failures_total", "ticket_other_resolvers"), before + 5);
	small_alter = turn_round;
	assert_non_null(ticket(ALICE, two, 2, NULL));
}

static void what_cannot_be_asked(void **state)
{
	const struct ms_span bad[] = { MS_SPAN_LIT("sip:a@x, sip:b@x"), MS_SPAN_LIT("") };
	static struct ms_span many[4000];
	static char names[4000][32];
	struct ms_mikey_ticket_held *held = NULL;
	struct ms_keys_asking *asking = NULL;
	unsigned told = 0;
	struct outcome o = { .told = &told };

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(ms_keys_ring_ticket(world.ring[ALICE], MS_KEYS_TICKET_MESSAGE,
						     &bad[i], 1, got_ticket, &o, &held, &asking),
				 -EINVAL);
	assert_int_equal(ms_keys_ring_ticket(world.ring[ALICE], MS_KEYS_TICKET_MESSAGE, NULL, 0,
					     got_ticket, &o, &held, &asking),
			 -EINVAL);
	for (size_t i = 0; i < MS_ARRAY_SIZE(many); i++) {
		snprintf(names[i], sizeof(names[i]), "sip:member%04zu@example.org", i);
		many[i] = ms_span_str(names[i]);
	}
	assert_int_equal(ms_keys_ring_ticket(world.ring[ALICE], MS_KEYS_TICKET_MESSAGE, many,
					     MS_ARRAY_SIZE(many), got_ticket, &o, &held, &asking),
			 -EMSGSIZE);
	assert_int_equal(world.requests, 0);
	assert_int_equal(told, 0);
}

/* A thousand members: one ticket, one request; each message after that costs none. */
static void a_thousand_members(void **state)
{
	static struct ms_span members[1000];
	static char names[1000][32];
	struct ms_mikey_ticket_held *held = NULL;
	struct ms_keys_asking *asking = NULL;
	unsigned told = 0;
	struct outcome o = { .told = &told };

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		snprintf(names[i], sizeof(names[i]), "sip:member%04zu@example.org",
			 i * 7919 % 1000);
		members[i] = ms_span_str(names[i]);
	}
	for (int message_no = 0; message_no < 10; message_no++) {
		assert_int_equal(ms_keys_ring_ticket(world.ring[ALICE], MS_KEYS_TICKET_MESSAGE,
						     members, 1000, got_ticket, &o, &held, &asking),
				 0);
		if (!held)
			run_until(&told, 1);
	}
	assert_true(o.got);
	assert_non_null(held);
	assert_int_equal(ms_mikey_ticket_held_policy(held)->n_responders, 1000);
	assert_int_equal(world.requests, 1);
}

/* Who asks for the same while it is being asked for waits for the same answer. */
static void a_burst(void **state)
{
	const struct ms_span bob = ms_span_str(small_uri(BOB));
	uint64_t trips = counted("kms_round_trips_total", "request");
	uint64_t served = counted("exchanges_total", "out");
	struct outcome o[40];
	unsigned told = 0;

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(o); i++) {
		struct ms_mikey_ticket_held *held;
		struct ms_keys_asking *asking;

		o[i] = (struct outcome){ .told = &told };
		assert_int_equal(ms_keys_ring_ticket(world.ring[ALICE], MS_KEYS_TICKET_MESSAGE,
						     &bob, 1, got_ticket, &o[i], &held, &asking),
				 0);
		assert_null(held);
		if (i == 0) /* the one who asks goes away: the next asks */
			assert_null(ms_keys_asking_cancel(asking));
	}
	run_until(&told, 39);
	for (size_t i = 1; i < MS_ARRAY_SIZE(o); i++)
		assert_true(o[i].got);
	assert_int_equal(told, 39);
	assert_in_range(world.requests, 1, 2); /* the first may have left before it was cancelled */
	assert_int_equal(counted("kms_round_trips_total", "request"), trips + 2);
	assert_int_equal(counted("exchanges_total", "out"), served + 39);
}

/* ---- renewal ---- */

/* When the one ticket of Alice's ends. */
static ms_usec kept_end(void)
{
	const struct ms_mikey_ticket_held *held = NULL;
	enum ms_keys_ticket_kind kind;
	struct ms_span resolvers;

	assert_true(ms_keys_cache_at(ms_keys_ring_tickets(world.ring[ALICE]), 0, &kind, &resolvers,
				     &held));
	return ms_mikey_ticket_held_end(held);
}

static void renewed_while_it_serves(void **state)
{
	ms_usec limit = ms_clock_mono() + 30 * MS_SEC;
	const char *const bob[] = { small_uri(BOB) };
	const struct ms_mikey_ticket_held *first = ticket(ALICE, bob, 1, NULL), *second;
	ms_usec end = ms_mikey_ticket_held_end(first);
	uint64_t ahead = counted("kms_round_trips_total", "ahead");

	(void)state;
	small_now = end - HOUR - MS_SEC;
	assert_ptr_equal(ticket(ALICE, bob, 1, NULL), first);
	small_now = end - HOUR + MS_SEC; /* used so near its end: its successor is asked for ... */
	for (int i = 0; i < 5; i++)
		assert_ptr_equal(ticket(ALICE, bob, 1, NULL), first); /* ... while it serves */
	while (kept_end() == end && ms_clock_mono() < limit)
		run_a_moment();
	second = ticket(ALICE, bob, 1, NULL);
	assert_int_equal(ms_mikey_ticket_held_end(second), small_now + 10 * HOUR);
	small_now = end + MS_SEC; /* nobody waits when the first is over */
	assert_non_null(ticket(ALICE, bob, 1, NULL));
	assert_int_equal(world.requests, 2);
	assert_int_equal(counted("kms_round_trips_total", "ahead"), ahead + 1);
}

static void not_renewed_without_use(void **state)
{
	const char *const bob[] = { small_uri(BOB) };
	const struct ms_mikey_ticket_held *first = ticket(ALICE, bob, 1, NULL);

	(void)state;
	small_now = ms_mikey_ticket_held_end(first) + MS_SEC;
	assert_non_null(ticket(ALICE, bob, 1, NULL));
	assert_int_equal(world.requests, 2);
}

/* The server is away when the successor is due: what is there serves, and is not asked for with every
 * use. */
static void renewal_that_fails(void **state)
{
	const char *const bob[] = { small_uri(BOB) };
	const struct ms_mikey_ticket_held *first = ticket(ALICE, bob, 1, NULL);
	ms_usec limit = ms_clock_mono() + 30 * MS_SEC;

	(void)state;
	world.status = 503;
	small_now = ms_mikey_ticket_held_end(first) - 30 * 60 * MS_SEC;
	for (unsigned minute = 1; minute <= 3; minute++) {
		uint64_t failed = counted("kms_failures_total", "kms_http_status");

		for (int i = 0; i < 10; i++)
			assert_ptr_equal(ticket(ALICE, bob, 1, NULL), first);
		run_until(&world.requests, 1 + minute);
		while (counted("kms_failures_total", "kms_http_status") == failed &&
		       ms_clock_mono() < limit)
			run_a_moment();
		small_now += 61 * MS_SEC;
	}
	assert_int_equal(world.requests, 4);
}

/* ---- across runs ---- */

static void across_runs(void **state)
{
	const char *const bob[] = { small_uri(BOB) };
	char folder[] = "/tmp/keyring-XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/tickets", folder);
	world.ring[ALICE] = ms_keys_ring_free(world.ring[ALICE]);
	for (int run = 0; run < 3; run++) {
		const struct ms_mikey_ticket_held *held;

		assert_int_equal(open_ring(ALICE, 20 * HOUR, path, &world.ring[ALICE]), 0);
		held = ticket(ALICE, bob, 1, NULL);
		assert_int_equal(ms_mikey_ticket_held_end(held), SMALL_NOW + 10 * HOUR);
		small_now +=
			HOUR; /* its life is shorter than the margin: half of it must be over */
		world.ring[ALICE] = ms_keys_ring_free(world.ring[ALICE]);
	}
	assert_int_equal(world.requests, 1);
	unlink(path);
	rmdir(folder);
}

/* ---- without memory ---- */

static int torture_run(void *arg)
{
	const struct ms_span two[] = { MS_SPAN_LIT("sip:b@x"), MS_SPAN_LIT("sip:a@x") };
	struct ms_mikey_ticket_held *held = NULL;
	struct ms_keys_asking *asking = NULL;
	struct ms_keys_ring *r = NULL;
	unsigned told = 0;
	struct outcome o = { .told = &told };
	int err = open_ring(CAROL, HOUR, NULL, &r);

	(void)arg;
	if (!err)
		err = ms_keys_ring_ticket(r, MS_KEYS_TICKET_MESSAGE, two, 2, got_ticket, &o, &held,
					  &asking);
	if (!err)
		ms_keys_asking_cancel(asking);
	ms_keys_ring_free(r);
	return err;
}

static void without_memory(void **state)
{
	(void)state;
	assert_true(ms_test_torture(torture_run, NULL) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_ticket_for_a_set, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_what_was_asked_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_thousand_members, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_burst, set_up, tear_down),
		cmocka_unit_test_setup_teardown(renewed_while_it_serves, set_up, tear_down),
		cmocka_unit_test_setup_teardown(not_renewed_without_use, set_up, tear_down),
		cmocka_unit_test_setup_teardown(renewal_that_fails, set_up, tear_down),
		cmocka_unit_test_setup_teardown(across_runs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_memory, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
