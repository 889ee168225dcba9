/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The delivery engine under a clock of the test: members who answer, refuse, fail, say nothing, are away
 * and come back; answers in any order; limits; expiry; every allocation failing.
 */
#include "ms-test.h"

#include <errno.h>

#include "list/delivery.h"

#define MEMBERS_MAX 2000

/* How a member answers; 0: never. */
struct member {
	unsigned status[8]; /* of the 1st, 2nd ... attempt; the last one that is not 0 goes on */
	unsigned got;       /* requests */
	unsigned taken;     /* answered 2xx */
};

struct world {
	struct ms_lists_delivery *d;
	ms_usec now;
	struct member member[MEMBERS_MAX];
	struct ms_span uri[MEMBERS_MAX];
	char text[MEMBERS_MAX][32];
	struct ms_lists_recipient *sent[MEMBERS_MAX];
	size_t n_sent, most_under_way;
	unsigned outcomes[MS_LISTS_OUTCOMES];
	unsigned finished, retry_after;
	bool cannot_send;
};

static const struct ms_lists_delivery_limits limits = {
	.parallel = 10,
	.window = 1000000,
	.attempts = 3,
	.retry_first = 2 * MS_SEC,
	.retry_max = 8 * MS_SEC,
	.messages = 100,
	.octets = 100000,
	.member_messages = 5,
	.member_octets = 3000,
};

static int send_it(struct ms_lists_recipient *r, void *arg)
{
	struct world *w = arg;

	if (w->cannot_send)
		return -ENETUNREACH;
	assert_true(w->n_sent < MEMBERS_MAX);
	w->sent[w->n_sent++] = r;
	if (w->n_sent > w->most_under_way)
		w->most_under_way = w->n_sent;
	return 0;
}

static void outcome(struct ms_lists_recipient *r, void *arg)
{
	struct world *w = arg;

	assert_true(r->outcome < MS_LISTS_OUTCOMES);
	w->outcomes[r->outcome]++;
}

static void finished(struct ms_lists_job *j, void *arg)
{
	struct world *w = arg;

	assert_int_equal(j->open, 0);
	assert_int_equal(j->under_way, 0);
	w->finished++;
}

static int zeroes(void *arg, void *p, size_t n)
{
	(void)arg;
	memset(p, 0, n);
	return 0;
}

static const struct ms_random no_random = { zeroes, NULL };

static int open_world(struct world *w, const struct ms_lists_delivery_limits *l)
{
	const struct ms_lists_delivery_handlers h = { send_it, outcome, finished, w };

	memset(w, 0, sizeof(*w));
	w->now = MS_SEC;
	for (size_t i = 0; i < MEMBERS_MAX; i++) {
		snprintf(w->text[i], sizeof(w->text[i]), "sip:m%zu@example.org", i);
		w->uri[i] = ms_span_str(w->text[i]);
		w->member[i].status[0] = 200;
	}
	return ms_lists_delivery_new(l, &h, &no_random, &w->d);
}

static struct world *new_world(const struct ms_lists_delivery_limits *l)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_int_equal(open_world(w, l), 0);
	return w;
}

static void end_world(struct world *w)
{
	ms_lists_delivery_free(w->d);
	free(w);
}

static int add(struct world *w, size_t n, ms_usec expires, struct ms_lists_job **ret_j)
{
	const struct ms_lists_job_spec spec = {
		.uri = w->uri, .n = n, .octets = 1000, .expires = expires, .user = w
	};

	return ms_lists_delivery_add(w->d, &spec, w->now, ret_j);
}

static void must_add(struct world *w, size_t n)
{
	struct ms_lists_job *j;

	assert_int_equal(add(w, n, MS_NEVER, &j), 0);
}

static size_t index_of(const struct world *w, const struct ms_lists_recipient *r)
{
	for (size_t i = 0; i < MEMBERS_MAX; i++)
		if (ms_span_eq(r->uri, w->uri[i]))
			return i;
	fail();
	return 0;
}

static unsigned status_of(const struct member *m)
{
	unsigned status = m->status[0];

	for (unsigned i = 0; i < m->got && i < 8 && m->status[i]; i++)
		status = m->status[i];
	return status;
}

/* Takes one of the requests under way, not in order, and has its member answer it. */
static void answer_one(struct world *w)
{
	size_t at = (w->n_sent * 7 + 3) % w->n_sent;
	struct ms_lists_recipient *r = w->sent[at];
	struct member *m = &w->member[index_of(w, r)];
	unsigned status;

	w->sent[at] = w->sent[--w->n_sent];
	m->got++;
	status = status_of(m);
	m->taken += status == 200;
	/* One who says nothing is answered for by the transaction: 408. */
	ms_lists_delivery_answer(w->d, r, status ? status : 408, w->retry_after, w->now);
}

/* Until nothing is under way; returns what the engine waits for. */
static ms_usec settle(struct world *w)
{
	ms_usec next = ms_lists_delivery_run(w->d, w->now);

	while (w->n_sent > 0) {
		answer_one(w);
		next = ms_lists_delivery_run(w->d, w->now);
	}
	return next;
}

/* Lets the time pass from one event to the next, at most to `until`. */
static void pass(struct world *w, ms_usec until)
{
	for (;;) {
		ms_usec next = settle(w);

		if (next > until)
			break;
		w->now = next > w->now ? next : w->now;
	}
	w->now = until;
}

static struct ms_lists_delivery_state state_of(const struct world *w)
{
	struct ms_lists_delivery_state s;

	ms_lists_delivery_state(w->d, &s);
	return s;
}

/* ---- tests ---- */

static void delivers_to_all(void **state)
{
	struct world *w = new_world(&limits);

	(void)state;
	must_add(w, 1000);
	assert_int_equal(state_of(w).waiting, 1000);
	assert_int_equal(settle(w), MS_NEVER);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(w->member[i].got, 1);
	assert_int_equal(w->most_under_way, 10);
	assert_int_equal(w->outcomes[MS_LISTS_DELIVERED], 1000);
	assert_int_equal(w->finished, 1);
	assert_int_equal(state_of(w).messages, 0);
	assert_int_equal(state_of(w).octets, 0);
	assert_int_equal(state_of(w).waiting, 0);
	end_world(w);
}

/* What an answer leads to: attempts, and the outcome after them. */
static void obeys_answers(void **state)
{
	static const struct {
		unsigned status[8];
		unsigned got;
		enum ms_lists_outcome outcome;
	} cases[] = {
		{ { 200 }, 1, MS_LISTS_DELIVERED },
		{ { 202 }, 1, MS_LISTS_DELIVERED },
		{ { 503, 200 }, 2, MS_LISTS_DELIVERED },
		{ { 408, 500, 200 }, 3, MS_LISTS_DELIVERED },
		{ { 486, 200 }, 2, MS_LISTS_DELIVERED },
		{ { 403 }, 1, MS_LISTS_FAILED },
		{ { 415 }, 1, MS_LISTS_FAILED },
		{ { 493 }, 1, MS_LISTS_FAILED },
		{ { 603 }, 1, MS_LISTS_FAILED },
		{ { 302 }, 1, MS_LISTS_FAILED },
		{ { 500 }, 3, MS_LISTS_FAILED },
		{ { 599 }, 3, MS_LISTS_FAILED },
		{ { 503, 403 }, 2, MS_LISTS_FAILED },
		{ { 404 }, 1, MS_LISTS_AWAY },
		{ { 480 }, 1, MS_LISTS_AWAY },
		{ { 410 }, 1, MS_LISTS_AWAY },
		{ { 430 }, 1, MS_LISTS_AWAY },
		{ { 503, 480 }, 2, MS_LISTS_AWAY },
		{ { 0 }, 3, MS_LISTS_AWAY },
		{ { 504 }, 3, MS_LISTS_AWAY },
		/* It has had it: the answer to the first attempt was lost. */
		{ { 408, 493 }, 2, MS_LISTS_DELIVERED },
		{ { 503, 493 }, 2, MS_LISTS_DELIVERED },
		{ { 500, 493 }, 2, MS_LISTS_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		struct world *w = new_world(&limits);

		memcpy(w->member[0].status, cases[i].status, sizeof(cases[i].status));
		must_add(w, 1);
		pass(w, w->now + 3600 * MS_SEC);
		assert_int_equal(w->member[0].got, cases[i].got);
		assert_int_equal(w->outcomes[cases[i].outcome], 1);
		assert_int_equal(w->finished, cases[i].outcome != MS_LISTS_AWAY);
		end_world(w);
	}
}

static void pauses_double(void **state)
{
	struct world *w = new_world(&limits);
	ms_usec start = w->now;

	(void)state;
	w->member[0].status[0] = 500;
	must_add(w, 1);
	assert_int_equal(settle(w), start + 2 * MS_SEC);
	w->now = start + 2 * MS_SEC - 1;
	assert_int_equal(settle(w), start + 2 * MS_SEC);
	assert_int_equal(w->member[0].got, 1);
	w->now = start + 2 * MS_SEC;
	assert_int_equal(settle(w), start + 6 * MS_SEC);
	assert_int_equal(w->member[0].got, 2);
	end_world(w);
}

/* Retry-After makes a pause longer, up to the longest. */
static void obeys_retry_after(void **state)
{
	struct world *w = new_world(&limits);

	(void)state;
	w->member[0].status[0] = 503;
	w->retry_after = 3;
	must_add(w, 1);
	assert_int_equal(settle(w), w->now + 4 * MS_SEC);
	w->retry_after = 100000;
	w->now += 4 * MS_SEC;
	assert_int_equal(settle(w), w->now + 8 * MS_SEC);
	end_world(w);
}

/* A slow member does not hold up the others, and a pause does not hold up a shorter one. */
static void others_go_on(void **state)
{
	struct world *w = new_world(&limits);

	(void)state;
	for (size_t i = 0; i < 100; i += 10)
		w->member[i].status[0] = 503;
	must_add(w, 100);
	(void)settle(w);
	assert_int_equal(w->outcomes[MS_LISTS_DELIVERED], 90);
	assert_int_equal(state_of(w).waiting, 10);
	end_world(w);
}

static void waits_for_registration(void **state)
{
	struct world *w = new_world(&limits);

	(void)state;
	w->member[1].status[0] = 480;
	must_add(w, 3);
	must_add(w, 3);
	assert_int_equal(settle(w), MS_NEVER);
	assert_int_equal(state_of(w).away, 2);
	assert_int_equal(w->finished, 0);
	assert_int_equal(ms_lists_delivery_registered(w->d, w->uri[2]), 0);
	w->member[1].status[0] = 200;
	assert_int_equal(ms_lists_delivery_registered(w->d, w->uri[1]), 2);
	assert_int_equal(ms_lists_delivery_registered(w->d, w->uri[1]), 0);
	(void)settle(w);
	assert_int_equal(w->finished, 2);
	assert_int_equal(w->member[1].taken, 2);
	assert_int_equal(state_of(w).away, 0);
	end_world(w);
}

/* Without news of a registration it is tried again after a long pause. */
static void tries_those_away(void **state)
{
	struct ms_lists_delivery_limits l = limits;
	struct world *w;

	(void)state;
	l.away_retry = 60 * MS_SEC;
	w = new_world(&l);
	w->member[0].status[0] = 480;
	w->member[0].status[1] = 480;
	w->member[0].status[2] = 200;
	must_add(w, 1);
	assert_int_equal(settle(w), w->now + 60 * MS_SEC);
	pass(w, w->now + 121 * MS_SEC);
	assert_int_equal(w->member[0].got, 3);
	assert_int_equal(w->finished, 1);
	end_world(w);
}

static void bounds_what_waits(void **state)
{
	struct world *w = new_world(&limits);
	struct ms_lists_job *j;

	(void)state;
	w->member[0].status[0] = 480;
	for (unsigned i = 0; i < 5; i++) {
		must_add(w, 1);
		(void)settle(w);
	}
	/* 3,000 octets are three messages. */
	assert_int_equal(state_of(w).away, 3);
	assert_int_equal(w->outcomes[MS_LISTS_FAILED], 2);
	for (unsigned i = 3; i < 100; i++)
		assert_int_equal(add(w, 1, MS_NEVER, &j), 0);
	assert_int_equal(add(w, 1, MS_NEVER, &j), -ENOSPC);
	end_world(w);
}

static void expires(void **state)
{
	struct world *w = new_world(&limits);
	struct ms_lists_job *j;

	(void)state;
	w->member[0].status[0] = 480;
	w->member[1].status[0] = 500;
	assert_int_equal(add(w, 3, w->now + 3 * MS_SEC, &j), 0);
	must_add(w, 1);
	pass(w, w->now + 2999999);
	assert_int_equal(w->outcomes[MS_LISTS_EXPIRED], 0);
	pass(w, w->now + 1);
	assert_int_equal(w->outcomes[MS_LISTS_EXPIRED], 2);
	assert_int_equal(w->finished, 1);
	assert_int_equal(state_of(w).away, 1);
	end_world(w);
}

/* What is under way when its time ends is decided by its answer. */
static void answer_beats_expiry(void **state)
{
	struct world *w = new_world(&limits);
	struct ms_lists_job *j;

	(void)state;
	w->member[1].status[0] = 503;
	assert_int_equal(add(w, 2, w->now + MS_SEC, &j), 0);
	(void)ms_lists_delivery_run(w->d, w->now);
	w->now += 2 * MS_SEC;
	(void)ms_lists_delivery_run(w->d, w->now);
	assert_int_equal(w->finished, 0);
	(void)settle(w);
	assert_int_equal(w->outcomes[MS_LISTS_DELIVERED], 1);
	assert_int_equal(w->outcomes[MS_LISTS_EXPIRED], 1);
	assert_int_equal(w->finished, 1);
	end_world(w);
}

/* After a crash: who has it gets nothing, who was waiting may have it, who was away waits. */
static void goes_on_after_a_crash(void **state)
{
	static const uint8_t outcomes[] = { MS_LISTS_DELIVERED, MS_LISTS_WAITING, MS_LISTS_WAITING,
					    MS_LISTS_AWAY, MS_LISTS_FAILED };
	struct world *w = new_world(&limits);
	const struct ms_lists_job_spec spec = {
		.uri = w->uri, .n = 5, .outcome = outcomes, .again = true, .expires = MS_NEVER
	};
	const struct ms_lists_job_spec over = {
		.uri = w->uri, .n = 1, .outcome = outcomes, .again = true, .expires = MS_NEVER
	};
	struct ms_lists_job *j;

	(void)state;
	w->member[1].status[0] = 493;
	assert_int_equal(ms_lists_delivery_add(w->d, &spec, w->now, &j), 0);
	assert_int_equal(ms_lists_delivery_add(w->d, &over, w->now, &j), 0);
	(void)settle(w);
	assert_int_equal(w->member[0].got, 0);
	assert_int_equal(w->member[1].got, 1);
	assert_int_equal(w->member[2].got, 1);
	assert_int_equal(w->member[3].got, 0);
	assert_int_equal(w->member[4].got, 0);
	assert_int_equal(state_of(w).repeated, 1);
	assert_int_equal(w->finished, 1); /* the second one was over, and only its row was left */
	assert_int_equal(ms_lists_delivery_registered(w->d, w->uri[3]), 1);
	(void)settle(w);
	assert_int_equal(w->finished, 2);
	end_world(w);
}

/* Nothing leaves before it is durable. */
static void parks(void **state)
{
	struct world *w = new_world(&limits);
	const struct ms_lists_job_spec spec = {
		.uri = w->uri, .n = 3, .expires = MS_NEVER, .parked = true
	};
	struct ms_lists_job *j;

	(void)state;
	assert_int_equal(ms_lists_delivery_add(w->d, &spec, w->now, &j), 0);
	(void)settle(w);
	assert_int_equal(state_of(w).sent, 0);
	assert_int_equal(state_of(w).waiting, 3);
	ms_lists_delivery_release(w->d, j);
	(void)settle(w);
	assert_int_equal(w->outcomes[MS_LISTS_DELIVERED], 3);
	assert_int_equal(ms_lists_delivery_add(w->d, &spec, w->now, &j), 0);
	ms_lists_delivery_cancel(w->d, j);
	(void)settle(w);
	assert_int_equal(state_of(w).messages, 0);
	assert_int_equal(w->finished, 1);
	end_world(w);
}

static void network_away(void **state)
{
	struct world *w = new_world(&limits);

	(void)state;
	w->cannot_send = true;
	must_add(w, 50);
	(void)settle(w);
	w->cannot_send = false;
	pass(w, w->now + 10 * MS_SEC);
	assert_int_equal(w->outcomes[MS_LISTS_DELIVERED], 50);
	end_world(w);
}

/* The core is away for an hour: nobody has failed, and then all have it. */
static void outlasts_the_network(void **state)
{
	struct world *w = new_world(&limits);

	(void)state;
	w->cannot_send = true;
	must_add(w, 50);
	pass(w, w->now + 3600 * MS_SEC);
	assert_int_equal(w->outcomes[MS_LISTS_FAILED], 0);
	assert_int_equal(state_of(w).waiting, 50);
	assert_int_equal(state_of(w).under_way_octets, 0);
	w->cannot_send = false;
	pass(w, w->now + limits.retry_max);
	assert_int_equal(w->outcomes[MS_LISTS_DELIVERED], 50);
	end_world(w);
}

/* Large messages do not overflow what waits for the core; one goes always. */
static void bounds_octets_under_way(void **state)
{
	struct ms_lists_delivery_limits l = limits;
	struct world *w;

	(void)state;
	l.window = 3 * (1000 + MS_LISTS_HEAD);
	w = new_world(&l);
	must_add(w, 50);
	(void)settle(w);
	assert_int_equal(w->most_under_way, 3);
	assert_int_equal(w->outcomes[MS_LISTS_DELIVERED], 50);
	end_world(w);
	l.window = 1;
	w = new_world(&l);
	must_add(w, 5);
	(void)settle(w);
	assert_int_equal(w->most_under_way, 1);
	assert_int_equal(w->outcomes[MS_LISTS_DELIVERED], 5);
	end_world(w);
}

static void stops(void **state)
{
	struct world *w = new_world(&limits);

	(void)state;
	must_add(w, 50);
	(void)ms_lists_delivery_run(w->d, w->now);
	ms_lists_delivery_stop(w->d);
	(void)settle(w);
	assert_int_equal(w->outcomes[MS_LISTS_DELIVERED], 10);
	assert_int_equal(state_of(w).under_way, 0);
	assert_int_equal(state_of(w).waiting, 40);
	end_world(w);
}

static int whole_life(void *arg)
{
	struct world *w = arg;
	struct ms_lists_job *j;
	int err = open_world(w, &limits);

	if (err < 0)
		return err;
	w->member[0].status[0] = 480;
	w->member[1].status[0] = 503;
	err = add(w, 3, w->now + 100 * MS_SEC, &j);
	if (err == 0)
		pass(w, w->now + 10 * MS_SEC);
	/* Without memory for one who is away, the message fails for him, and nothing else. */
	if (err == 0 && w->outcomes[MS_LISTS_AWAY] == 0)
		err = -ENOMEM;
	ms_lists_delivery_free(w->d);
	return err;
}

static void survives_no_memory(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)state;
	assert_true(ms_test_torture(whole_life, w) >= 4);
	free(w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(delivers_to_all),
		cmocka_unit_test(obeys_answers),
		cmocka_unit_test(pauses_double),
		cmocka_unit_test(obeys_retry_after),
		cmocka_unit_test(others_go_on),
		cmocka_unit_test(waits_for_registration),
		cmocka_unit_test(tries_those_away),
		cmocka_unit_test(bounds_what_waits),
		cmocka_unit_test(expires),
		cmocka_unit_test(answer_beats_expiry),
		cmocka_unit_test(goes_on_after_a_crash),
		cmocka_unit_test(parks),
		cmocka_unit_test(network_away),
		cmocka_unit_test(outlasts_the_network),
		cmocka_unit_test(bounds_octets_under_way),
		cmocka_unit_test(stops),
		cmocka_unit_test(survives_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
