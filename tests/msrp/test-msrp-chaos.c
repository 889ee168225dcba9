/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handlers that do at random whatever session.h allows them: send, abort, stop, detach. Whatever
 * happens, every message queued ends with one done(), every one begun with one end(), and nothing is
 * touched after that (for the sanitizers to see).
 */
#include <errno.h>

#include "ms-test.h"
#include "peers.h"

#define OUTS_MAX 64

struct actor {
	struct peer p;
	uint32_t *dice;
	struct ms_msrp_out *outs[OUTS_MAX];
	struct ms_msrp_in *ins[OUTS_MAX];
	unsigned n_outs, n_ins, queued, done, begun, ended;
	bool wild; /* may detach */
	uint8_t content[9000];
};

static unsigned roll(struct actor *a, unsigned sides)
{
	*a->dice = *a->dice * 1664525u + 1013904223u;
	return (*a->dice >> 12) % sides;
}

static int read_content(void *arg, uint64_t offset, uint8_t *dst, size_t size, size_t *ret_n)
{
	struct actor *a = arg;
	size_t n = sizeof(a->content) - (size_t)offset;

	if (roll(a, 40) == 0)
		return -EAGAIN;
	if (roll(a, 60) == 0)
		return -EIO;
	*ret_n = n < size ? n : size;
	memcpy(dst, a->content + offset, *ret_n);
	return 0;
}

static void act_send(struct actor *a)
{
	struct ms_msrp_send m = {
		.content_type = MS_SPAN_LIT("text/plain"),
		.body = ms_span_of(a->content, roll(a, 5000)),
		.success_report = roll(a, 2) == 0,
		.failure_report = (enum ms_msrp_failure_report)roll(a, 3),
	};
	struct ms_msrp_out *out;

	if (roll(a, 3) == 0) {
		m.source = (struct ms_msrp_source){ read_content, a };
		m.total = roll(a, 2) ? sizeof(a->content) : MS_MSRP_UNKNOWN;
	}
	if (a->n_outs == OUTS_MAX || a->queued > 300 || ms_msrp_send(a->p.session, &m, &out) < 0)
		return;
	a->outs[a->n_outs++] = out;
	a->queued++;
}

static void act(struct actor *a)
{
	unsigned what = roll(a, 24);

	if (what < 4)
		act_send(a);
	else if (what == 5 && a->n_outs > 0)
		ms_msrp_out_abort(a->outs[roll(a, a->n_outs)]);
	else if (what == 6 && a->n_ins > 0)
		ms_msrp_in_stop(a->ins[roll(a, a->n_ins)], 413);
	else if (what == 7)
		ms_msrp_session_keepalive(a->p.session);
	else if (what == 8 && a->wild && roll(a, 10) == 0)
		ms_msrp_session_detach(a->p.session);
	else if (what < 12 && a->n_outs > 0)
		ms_msrp_out_wake(a->outs[roll(a, a->n_outs)]);
}

static int on_begin(void *arg, struct ms_msrp_in *in)
{
	struct actor *a = arg;
	unsigned what = roll(a, 8);

	if (what == 0)
		return 403;
	if (what < 4 || a->n_ins == OUTS_MAX)
		return 1;
	/* from here on the message counts as begun; a detach in act() would end it unbegun */
	a->ins[a->n_ins++] = in;
	a->begun++;
	return 0;
}

static int on_data(void *arg, struct ms_msrp_in *in, uint64_t offset, struct ms_span octets)
{
	struct actor *a = arg;

	(void)in;
	(void)offset;
	(void)octets;
	act(a);
	return roll(a, 60) == 0 ? 413 : 0;
}

static int on_message(void *arg, struct ms_msrp_in *in, struct ms_span body)
{
	struct actor *a = arg;

	(void)in;
	(void)body;
	act(a);
	return roll(a, 30) == 0 ? 400 : 0;
}

static int on_end(void *arg, struct ms_msrp_in *in, enum ms_msrp_in_end how)
{
	struct actor *a = arg;
	unsigned i = 0;

	(void)how;
	while (i < a->n_ins && a->ins[i] != in)
		i++;
	assert_true(i < a->n_ins);
	a->ins[i] = a->ins[--a->n_ins];
	a->ended++;
	act(a);
	return roll(a, 30) == 0 ? 403 : 0;
}

static void on_reported(void *arg, struct ms_msrp_out *out, uint64_t first, uint64_t last)
{
	(void)out;
	(void)first;
	(void)last;
	act(arg);
}

static void on_done(void *arg, struct ms_msrp_out *out, enum ms_msrp_outcome outcome, int code)
{
	struct actor *a = arg;
	unsigned i = 0;

	(void)outcome;
	(void)code;
	while (i < a->n_outs && a->outs[i] != out)
		i++;
	assert_true(i < a->n_outs);
	a->outs[i] = a->outs[--a->n_outs];
	a->done++;
	act(a);
}

static void on_bound(void *arg)
{
	act(arg);
}

static void on_failed(void *arg, int code)
{
	(void)code;
	act(arg);
}

static void start(struct actor *a, bool active, uint32_t *dice, bool wild)
{
	struct ms_msrp_session_params params;

	*a = (struct actor){ .dice = dice, .wild = wild };
	memset(a->content, 'x', sizeof(a->content));
	peer_random_init(&a->p.random, active ? 1 : 2);
	ms_buf_init(&a->p.in, 1 << 24);
	peer_params(&params, &a->p, active);
	params.handlers =
		(struct ms_msrp_handlers){ on_begin,    on_data, on_message, on_end,   NULL,
					   on_reported, on_done, on_bound,   on_failed };
	params.arg = a;
	params.limits.incoming = 6;
	assert_int_equal(ms_msrp_session_new(&params, &a->p.random.random, &a->p.session), 0);
	assert_int_equal(ms_msrp_conn_new(NULL, &a->p.random.random, &a->p.conn), 0);
	assert_int_equal(ms_msrp_conn_attach(a->p.conn, a->p.session), 0);
	for (int i = 0; i < 5; i++)
		act_send(a);
}

static unsigned long total_done, total_ended;

static void stop(struct actor *a)
{
	total_done += a->done;
	total_ended += a->ended;
	ms_msrp_session_free(a->p.session);
	ms_msrp_conn_free(a->p.conn);
	ms_buf_done(&a->p.in);
	assert_int_equal(a->queued, a->done);
	assert_int_equal(a->begun, a->ended);
	assert_int_equal(a->n_outs + a->n_ins, 0);
}

static void play(uint32_t seed, bool wild)
{
	static struct actor a, b;
	uint32_t dice = seed;
	struct peers p = { .now = MS_SEC };
	int err = 0;

	start(&a, true, &dice, wild);
	start(&b, false, &dice, wild);
	for (int i = 0; i < 400 && err == 0; i++) {
		bool from_a = roll(&a, 2) == 0;

		p.piece = 1 + roll(&a, 3000);
		(void)peers_step(&p, from_a ? &a.p : &b.p, from_a ? &b.p : &a.p, &err);
		p.now += (ms_usec)roll(&a, 3) * MS_SEC;
		if (ms_msrp_conn_deadline(a.p.conn) <= p.now)
			ms_msrp_conn_tick(a.p.conn, p.now);
		if (ms_msrp_conn_deadline(b.p.conn) <= p.now)
			ms_msrp_conn_tick(b.p.conn, p.now);
	}
	assert_int_equal(err, 0);
	if (seed % 2)
		ms_msrp_conn_lost(a.p.conn);
	stop(&a);
	stop(&b);
}

static void test_chaos(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 400; seed++)
		play(seed, false);
	/* the dice did let something happen */
	assert_true(total_done > 5000 && total_ended > 1000);
}

static void test_chaos_with_detaching(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 400; seed++)
		play(seed, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chaos),
		cmocka_unit_test(test_chaos_with_detaching),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
