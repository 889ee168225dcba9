/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transaction layer between two entities in memory: what annex D of RFC 3525 promises, whatever the
 * network does, and that a peer cannot make us keep more than the limits say.
 */
#include "ms-test.h"

#include <errno.h>

#include "h248/binary.h"
#include "h248/text.h"
#include "net.h"
#include "plain-codec.h"

static struct net net;

static void begin(uint64_t seed)
{
	assert_int_equal(net_init(&net, seed, MS_H248_UDP, NULL, NULL), 0);
}

static const struct ms_h248_counts *counts(unsigned peer)
{
	return ms_h248_entity_counts(net.peers[peer].e);
}

/* ---- the plain case ---- */

static void one_request(void **state)
{
	int r;

	(void)state;
	begin(1);
	r = net_restart(&net, 1);
	assert_true(r >= 0);
	net_run(&net, net.now + MS_SEC / 2);
	assert_int_equal(net.requests[r].executed, 1);
	assert_int_equal(net.requests[r].answered, 1);
	assert_int_equal(net.requests[r].err, 0);
	assert_int_equal(counts(1)->repeats_out, 0);
	/* now the controller knows where the gateway is */
	r = net_request(&net, 0);
	assert_true(r >= 0);
	net_run(&net, net.now + 2 * MS_SEC);
	assert_int_equal(net.requests[r].answered, 1);
	/* and replies have been confirmed: only ids are kept */
	assert_int_equal(counts(1)->acks_in, 1);
	assert_int_equal(counts(1)->replies, 0);
	net_done(&net);
	assert_int_equal(net.peers[0].ended, 1);
}

static void gathered(void **state)
{
	size_t before;

	(void)state;
	begin(2);
	net_restart(&net, 1);
	net_run(&net, net.now + MS_SEC / 2);
	before = net.sent;
	for (int i = 0; i < 25; i++)
		assert_true(net_request(&net, 0) >= 0);
	net_run(&net, net.now + 50 * MS_MSEC);
	/* ten in a message: three there, three back (the first with an acknowledgement, perhaps) */
	assert_in_range(net.sent - before, 6, 8);
	net_done(&net);
}

/* ---- repetition ---- */

static void timers_back_off(void **state)
{
	int r;

	(void)state;
	begin(3);
	net.cut = true;
	r = net_request(&net, 1);
	net_run(&net, net.now + 190 * MS_MSEC);
	assert_int_equal(counts(1)->repeats_out, 0);
	net_run(&net, net.now + 40 * MS_MSEC);
	assert_int_equal(counts(1)->repeats_out, 1); /* about 200 ms */
	net_run(&net, net.now + 6 * MS_SEC);
	/* "the loss of a fifth retransmission will be detected after about 6 seconds" */
	assert_in_range(counts(1)->repeats_out, 4, 7);
	assert_int_equal(net.requests[r].answered, 0);
	net_run(&net, net.now + 25 * MS_SEC);
	assert_int_equal(net.requests[r].answered, 1);
	assert_int_equal(net.requests[r].err, -ETIMEDOUT);
	assert_int_equal(net.peers[1].lost, 1);
	net.cut = false;
	r = net_request(&net, 1);
	net_run(&net, net.now + MS_SEC);
	assert_int_equal(net.requests[r].err, 0);
	assert_int_equal(net.peers[1].found, 1);
	net_done(&net);
}

static void adapts(void **state)
{
	(void)state;
	begin(4);
	net.delay =
		400 * MS_MSEC; /* 800 ms there and back: the first ones are repeated for nothing */
	for (int i = 0; i < 40; i++) {
		net_request(&net, 1);
		net_run(&net, net.now + 5 * MS_SEC);
	}
	assert_in_range(counts(1)->repeats_out, 1, 45);
	uint64_t before = counts(1)->repeats_out;
	/* Karn: repeated ones measure nothing, so give it an honest sample first */
	net.delay = 20 * MS_MSEC;
	for (int i = 0; i < 20; i++) {
		net_request(&net, 1);
		net_run(&net, net.now + MS_SEC);
	}
	assert_int_equal(counts(1)->repeats_out, before);
	net_done(&net);
}

/* Mean time to the answer of requests one after another. */
static ms_usec mean_answer(unsigned n)
{
	ms_usec begun = net.now;

	for (unsigned i = 0; i < n; i++) {
		int r = net_request(&net, 1);

		while (!net.requests[r].answered)
			net_run(&net, net.now + MS_MSEC);
		assert_int_equal(net.requests[r].err, 0);
	}
	return (net.now - begun) / n;
}

/*
 * Messages lost at random are no slow network: the timer stays near the measured delay. With 20 % lost
 * each way two of three requests are answered at once; an answer takes a third of a second on average, and
 * more than one if a lost message slows all later requests down.
 */
static void heavy_loss(void **state)
{
	(void)state;
	begin(17);
	net.delay = 10 * MS_MSEC;
	net.loss = 20;
	assert_in_range(mean_answer(1000), 20 * MS_MSEC, 600 * MS_MSEC);
	/* and when nothing is lost any more */
	net.loss = 0;
	assert_in_range(mean_answer(100), 20 * MS_MSEC, 25 * MS_MSEC);
	net_done(&net);
}

/* ---- Pending ---- */

static void pending_then_reply(void **state)
{
	int r;

	(void)state;
	begin(5);
	net.slow = 100;
	net.slowness = 1;
	net_restart(&net, 1);
	net_run(&net, net.now + MS_SEC);
	net.dice = 7;
	net.slowness = 40 * MS_SEC;
	r = net_request(&net, 1);
	net_run(&net, net.now + 100 * MS_MSEC);
	net.peers[0].reply_at[0] = net.now + 35 * MS_SEC; /* longer than T-MAX */
	net_run(&net, net.now + 36 * MS_SEC);
	assert_int_equal(net.requests[r].executed, 1);
	assert_int_equal(net.requests[r].answered, 1);
	assert_int_equal(net.requests[r].err, 0);
	assert_true(counts(1)->pendings_in > 10);
	/* the final reply asked for a confirmation and got it at once */
	assert_true(counts(0)->acks_in >= 1);
	net_done(&net);
}

static void too_many_pendings(void **state)
{
	struct ms_h248_root_timing timing = ms_h248_root_timing_default;
	int r;

	(void)state;
	begin(6);
	net_restart(&net, 1);
	net_run(&net, net.now + MS_SEC);
	timing.pendings_out = 3;
	ms_h248_association_set_timing(net.peers[0].a, &timing);
	net.slow = 100;
	net.slowness = 60 * MS_SEC;
	r = net_request(&net, 1);
	net_run(&net, net.now + 10 * MS_MSEC);
	assert_int_equal(net.peers[0].n_held, 1);
	net.peers[0].reply_at[0] = net.now + 60 * MS_SEC;
	net_run(&net, net.now + 59 * MS_SEC);
	assert_int_equal(net.requests[r].answered, 1);
	assert_int_equal(net.requests[r].error, 506);
	assert_int_equal(net.peers[0].aborted, 1);
	net_run(&net, net.now + 5 * MS_SEC);
	assert_int_equal(net.requests[r].answered, 1);
	net_done(&net);
}

/* ---- restarts ---- */

static void restart_reuses_ids(void **state)
{
	struct ms_h248_path elsewhere;
	struct ms_h248_service_change sc = { .method = MS_H248_SC_RESTART };
	struct ms_h248_termination root = { .kind = MS_H248_TERMINATION_ROOT };
	struct ms_h248_command c = { .verb = MS_H248_SERVICE_CHANGE,
				     .terminations = &root,
				     .service_change = &sc };
	struct ms_h248_action a = { .context = 77, .commands = &c };
	struct ms_h248_transaction t = { .kind = MS_H248_REQUEST, .id = 1, .actions = &a };
	struct ms_h248_message m = { .version = 1,
				     .mid = { .kind = MS_H248_MID_DOMAIN,
					      .name = MS_SPAN_LIT("agw.example") },
				     .transactions = &t };
	struct ms_buf b;

	(void)state;
	begin(7);
	ms_buf_init(&b, 1000);
	plain_codec.put_message(&b, &m, MS_SPAN_NULL);
	for (int i = 0; i < 3; i++)
		ms_h248_entity_receive(net.peers[0].e, &net.peers[1].path, ms_buf_span(&b),
				       net.now);
	assert_int_equal(net.requests[77].executed, 1);
	/* the same id from another port: the gateway has come back */
	elsewhere = net.peers[1].path;
	elsewhere.port = 40000;
	for (int i = 0; i < 3; i++)
		ms_h248_entity_receive(net.peers[0].e, &elsewhere, ms_buf_span(&b), net.now);
	assert_int_equal(net.requests[77].executed, 2);
	assert_int_equal(ms_h248_association_path(net.peers[0].a)->port, 40000);
	assert_int_equal(counts(0)->duplicates, 4);
	assert_int_equal(counts(0)->associations, 1);
	ms_buf_done(&b);
	net_done(&net);
}

/* ---- limits ---- */

/* What a peer did not answer because it was dead is asked of its successor, and no proof of its death. */
static void restart_is_life(void **state)
{
	int r;

	(void)state;
	begin(8);
	net_restart(&net, 1);
	net_run(&net, net.now + MS_SEC);
	net.cut = true;
	r = net_request(&net, 0);
	assert_true(r >= 0);
	net_run(&net, net.now + ms_h248_timers_default.t_max - 100 * MS_MSEC);
	assert_int_equal(net.requests[r].answered, 0);
	net.cut = false;
	net_restart(&net, 1);
	net_run(&net, net.now + 5 * MS_SEC);
	assert_int_equal(net.requests[r].answered, 1);
	assert_int_equal(net.requests[r].err, 0);
	assert_int_equal(net.peers[0].lost, 0);
	net_done(&net);
}

static struct ms_buf request_octets(uint32_t id, uint32_t context)
{
	struct ms_h248_action a = { .context = context };
	struct ms_h248_transaction t = { .kind = MS_H248_REQUEST, .id = id, .actions = &a };
	struct ms_h248_message m = { .version = 1,
				     .mid = { .kind = MS_H248_MID_DOMAIN,
					      .name = MS_SPAN_LIT("agw.example") },
				     .transactions = &t };
	struct ms_buf b;

	ms_buf_init(&b, 1000);
	plain_codec.put_message(&b, &m, MS_SPAN_NULL);
	assert_int_equal(ms_buf_status(&b), 0);
	return b;
}

static void flood(uint32_t step, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct ms_buf b = request_octets(1 + i * step, NET_REQUESTS);

		ms_h248_entity_receive(net.peers[0].e, &net.peers[1].path, ms_buf_span(&b),
				       net.now);
		ms_buf_done(&b);
	}
}

static void flooding_peer(void **state)
{
	struct ms_h248_limits limits = ms_h248_limits_default;

	(void)state;
	limits.replies = 1000;
	limits.reply_octets = 10000;
	limits.intervals = 64;
	assert_int_equal(net_init(&net, 8, MS_H248_UDP, &limits, NULL), 0);
	/* honest ids: as many as it likes are executed, few octets are kept, and none is executed twice */
	flood(1, 20000);
	assert_int_equal(counts(0)->refused_jobs, 0);
	assert_true(counts(0)->reply_octets <= 10000);
	assert_true(counts(0)->replies <= 1000);
	uint64_t executed = counts(0)->replies_out;
	assert_int_equal(executed, 20000);
	flood(1, 19000); /* all of these have lost their replies */
	assert_int_equal(counts(0)->replies_out, executed);
	/* scattered ids cannot be remembered in runs: then they are refused, unexecuted */
	flood(1000003, 20000);
	assert_true(counts(0)->refused_jobs > 0);
	assert_true(counts(0)->replies <= 1000);
	executed = counts(0)->requests_in - counts(0)->refused_jobs - counts(0)->duplicates;
	flood(1000003, 20000);
	assert_int_equal(counts(0)->requests_in - counts(0)->refused_jobs - counts(0)->duplicates,
			 executed);
	/* and after LONG-TIMER (twice, for ids) all is forgotten */
	net_run(&net, net.now + 61 * MS_SEC);
	assert_int_equal(counts(0)->replies, 0);
	net_done(&net);
}

static void too_many_jobs(void **state)
{
	struct ms_h248_limits limits = ms_h248_limits_default;

	(void)state;
	limits.jobs = 5;
	assert_int_equal(net_init(&net, 9, MS_H248_UDP, &limits, NULL), 0);
	net.slow = 100;
	net.slowness = MS_SEC;
	for (int i = 0; i < 20; i++)
		net_request(&net, 1);
	net_run(&net, net.now + 20 * MS_MSEC);
	assert_int_equal(counts(0)->jobs, 5);
	assert_int_equal(counts(0)->refused_jobs, 15);
	net_run(&net, net.now + 30 * MS_SEC); /* repetition brings the others in */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(net.requests[i].executed, 1);
		assert_int_equal(net.requests[i].answered, 1);
	}
	net_done(&net);
}

static void strangers(void **state)
{
	struct ms_h248_path path;
	struct ms_buf b = request_octets(5, 3);

	(void)state;
	begin(10);
	/* the gateway has no ear for anybody but its controller: net's handlers admit, so fill up */
	path = net.peers[1].path;
	for (unsigned i = 0; i < 5000; i++) {
		path.host[1] = (uint8_t)(i >> 8);
		path.host[2] = (uint8_t)i;
		ms_h248_entity_receive(net.peers[0].e, &path, ms_buf_span(&b), net.now);
	}
	assert_int_equal(counts(0)->associations, ms_h248_limits_default.associations);
	assert_int_equal(counts(0)->unknown_peers, 5000 - ms_h248_limits_default.associations);
	/* garbage from strangers is not answered, from a peer a few times a second */
	ms_h248_entity_flush(net.peers[0].e, net.now);
	uint64_t out = counts(0)->messages_out;
	path.host[0] = 9;
	for (int i = 0; i < 100; i++)
		ms_h248_entity_receive(net.peers[0].e, &path, MS_SPAN_LIT("garbage"), net.now);
	assert_int_equal(counts(0)->messages_out, out);
	path = net.peers[1].path;
	for (int i = 0; i < 100; i++)
		ms_h248_entity_receive(net.peers[0].e, &path, MS_SPAN_LIT("garbage"), net.now);
	assert_int_equal(counts(0)->messages_out, out + ms_h248_limits_default.errors);
	ms_buf_done(&b);
	net_done(&net);
}

static void too_many_requests(void **state)
{
	struct ms_h248_limits limits = ms_h248_limits_default;

	(void)state;
	limits.requests = 3;
	assert_int_equal(net_init(&net, 11, MS_H248_UDP, &limits, NULL), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(net_request(&net, 1), i);
	assert_int_equal(net_request(&net, 1), -EAGAIN);
	net_run(&net, net.now + MS_SEC);
	assert_int_equal(net_request(&net, 1), 3);
	net_done(&net);
	assert_int_equal(net.requests[3].err, -ECONNRESET); /* it ended before the answer */
}

/* ---- lost connections ---- */

static void connection_lost(void **state)
{
	struct ms_h248_path again;
	int r;

	(void)state;
	assert_int_equal(net_init(&net, 12, MS_H248_TCP, NULL, NULL), 0);
	net_restart(&net, 1);
	net_run(&net, net.now + MS_SEC);
	net.slow = 100;
	net.slowness = 1;
	r = net_request(&net, 1);
	net.cut = true;
	net_run(&net, net.now + MS_SEC);
	ms_h248_entity_path_lost(net.peers[1].e, &net.peers[0].path, net.now);
	ms_h248_entity_path_lost(net.peers[0].e, &net.peers[1].path, net.now);
	assert_int_equal(net.peers[1].lost, 1);
	assert_int_equal(net.peers[0].lost, 1);
	net.cut = false;
	again = net.peers[0].path;
	again.channel = 9;
	ms_h248_association_set_path(net.peers[1].a, &again, net.now);
	net.peers[1].path.channel = 10;
	net_run(&net, net.now + MS_SEC);
	assert_int_equal(net.requests[r].executed, 1);
	assert_int_equal(net.requests[r].answered, 1);
	/* requests of the controller take the new connection too */
	assert_int_equal(ms_h248_association_path(net.peers[0].a)->channel, 10);
	net_done(&net);
}

/* ---- the promise ---- */

static void storm(uint64_t seed)
{
	net.loss = (unsigned)(seed % 5) * 10;
	net.doubled = 20;
	net.replayed = 10;
	net.jitter = (ms_usec)(seed % 7) * 100 * MS_MSEC;
	net.slow = 30;
	net.slowness = 5 * MS_SEC;
	net_restart(&net, 1);
	for (int i = 0; i < 300; i++) {
		if (net_request(&net, net_dice(&net) % 2) < 0)
			continue; /* the controller does not know the gateway yet */
		net_run(&net, net.now + (ms_usec)(net_dice(&net) % (200 * MS_MSEC)));
	}
	net_run(&net, net.now + 120 * MS_SEC);
	for (size_t i = 0; i < net.n_requests; i++) {
		const struct net_request *r = &net.requests[i];

		assert_in_range(r->executed, 0, 1);
		assert_int_equal(r->answered, 1);
		if (r->err == 0)
			assert_int_equal(r->executed, 1);
		else
			assert_int_equal(r->err, -ETIMEDOUT);
	}
	assert_true(net.n_requests > 100);
	for (unsigned k = 0; k < 2; k++) {
		assert_int_equal(counts(k)->waiting, 0);
		assert_int_equal(counts(k)->undecodable, 0);
		assert_int_equal(counts(k)->jobs, 0);
		assert_int_equal(counts(k)->replies, 0);
		assert_int_equal(counts(k)->reply_octets, 0);
	}
	net_done(&net);
}

static void storms(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		begin(seed);
		storm(seed);
	}
}

static void storms_in_real_codings(void **state)
{
	static const struct ms_h248_codec *const codecs[] = { &ms_h248_codec_compact,
							      &ms_h248_codec_pretty,
							      &ms_h248_codec_binary };

	(void)state;
	for (uint64_t seed = 1; seed <= 15; seed++) {
		assert_int_equal(net_init_codec(&net, seed, codecs[seed % 3], NULL), 0);
		storm(seed);
	}
}

/* ---- segments ---- */

static void begin_segments(uint64_t seed, const struct ms_h248_codec *codec, unsigned version)
{
	struct ms_h248_limits limits = ms_h248_limits_default;

	limits.datagram = 1500;
	assert_int_equal(net_init_codec(&net, seed, codec, &limits), 0);
	net_restart(&net, 1);
	net_run(&net, net.now + MS_SEC);
	ms_h248_association_set_version(net.peers[0].a, version);
	ms_h248_association_set_version(net.peers[1].a, version);
}

static void segments(void **state)
{
	static const struct ms_h248_codec *const codecs[] = { &ms_h248_codec_compact,
							      &ms_h248_codec_binary };

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		begin_segments(seed, codecs[seed % 2], 3);
		net.loss = (unsigned)(seed % 5) * 5;
		net.doubled = 20;
		net.jitter = (ms_usec)(seed % 3) * 50 * MS_MSEC;
		net.slow = seed % 4 ? 0 : 100;
		net.slowness = 2 * MS_SEC;
		net.big = 1000;
		for (unsigned i = 0; i < 6; i++)
			assert_true(net_request(&net, i % 2) >= 0);
		net_run(&net, net.now + 100 * MS_SEC);
		for (size_t i = 1; i < net.n_requests; i++) {
			assert_int_equal(net.requests[i].executed, 1);
			assert_int_equal(net.requests[i].answered, 1);
			assert_int_equal(net.requests[i].err, 0);
			assert_int_equal(net.requests[i].commands, 1000);
		}
		assert_true(counts(0)->segments_in > 3 * 4);
		assert_int_equal(counts(0)->reply_octets, 0);
		net_done(&net);
	}
}

/* Version 2 has no segments: H.248.8 error 533. */
static void too_large(void **state)
{
	int r;

	(void)state;
	begin_segments(1, &ms_h248_codec_compact, 2);
	net.big = 1000;
	r = net_request(&net, 1);
	net_run(&net, net.now + MS_SEC);
	assert_int_equal(net.requests[r].error, 533);
	assert_int_equal(counts(0)->too_large, 1);
	net_done(&net);
}

static int short_life(void *arg)
{
	int err = net_init(&net, 99, MS_H248_UDP, NULL, NULL);

	(void)arg;
	if (!err && net_restart(&net, 1) < 0)
		err = -ENOMEM;
	if (!err)
		net_run(&net, net.now + 5 * MS_SEC);
	if (!err && net_request(&net, 0) < 0)
		err = -ENOMEM;
	if (!err)
		net_run(&net, net.now + 40 * MS_SEC);
	for (size_t i = 0; !err && i < net.n_requests; i++) {
		assert_int_equal(net.requests[i].answered, 1);
		if (net.requests[i].err)
			err = -ENOMEM;
	}
	net_done(&net);
	return err;
}

static void no_memory(void **state)
{
	(void)state;
	ms_test_torture(short_life, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_request),
		cmocka_unit_test(gathered),
		cmocka_unit_test(timers_back_off),
		cmocka_unit_test(adapts),
		cmocka_unit_test(heavy_loss),
		cmocka_unit_test(pending_then_reply),
		cmocka_unit_test(too_many_pendings),
		cmocka_unit_test(restart_reuses_ids),
		cmocka_unit_test(restart_is_life),
		cmocka_unit_test(flooding_peer),
		cmocka_unit_test(too_many_jobs),
		cmocka_unit_test(strangers),
		cmocka_unit_test(too_many_requests),
		cmocka_unit_test(connection_lost),
		cmocka_unit_test(storms),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(storms_in_real_codings),
		cmocka_unit_test(segments),
		cmocka_unit_test(too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
