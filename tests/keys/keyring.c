/* SPDX-License-Identifier: Apache-2.0 */
/* A keyring against a key management server that listens in the same loop and counts what it is asked. */
#include "ms-test.h"

#include <errno.h>
#include <unistd.h>

#include "daemon/counter.h"
#include "http/server.h"
#include "keys/keyring.h"
#include "keys/smime.h"
#include "loop/loop.h"
#include "small-kms.h"

#define HOUR (3600 * MS_SEC)

static struct {
	struct ms_http_server *server;
	struct ms_keys_kms *kms;
	struct ms_keys_ring *ring[SMALL_USERS];
	struct ms_profile profile;
	unsigned requests, resolves; /* that the server saw */
	int status;                  /* it answers so, without a body; 0: as it should */
	char url[64];
} t;

/* ---- the server ---- */

static void serve_mikey(struct ms_http_request *r, void *arg)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	char what[32];

	(void)arg;
	ms_buf_init(&out, MS_MIKEY_MESSAGE_MAX);
	assert_int_equal(ms_http_query(r, t.profile.kms_query, what, sizeof(what)), 0);
	if (strcmp(what, t.profile.kms_request) == 0)
		t.requests++;
	else
		t.resolves++;
	if (t.status) {
		ms_http_refuse(r, t.status);
		return;
	}
	assert_int_equal(small_serve(ms_http_body(r), &out), 0);
	ms_http_reply(r, 200, "application/mikey", ms_buf_span(&out));
}

static ms_usec test_clock(void *arg)
{
	(void)arg;
	return small_now;
}

static int open_ring(enum small_user who, ms_usec renew_ahead, const char *file,
		     struct ms_keys_ring **ret_r)
{
	static struct ms_keys_identity id[SMALL_USERS], kms_id;
	struct ms_keys_ring_options o = {
		.kms = t.kms,
		.profile = &t.profile,
		.identity = &id[who],
		.kms_identity = &kms_id,
		.psk = small_psk(who),
		.lifetime = 10 * HOUR,
		.renew_ahead = renew_ahead,
		.tickets_max = 8,
		.ticket_file = file,
		.clock = test_clock,
	};

	assert_int_equal(ms_keys_identity_parse(ms_span_str(small_uri(who)), &id[who]), 0);
	assert_int_equal(ms_keys_identity_parse(MS_SPAN_LIT("sip:kms@example.org"), &kms_id), 0);
	return ms_keys_ring_new(&o, ret_r);
}

static int set_up(void **state)
{
	static struct ms_http_route route = { NULL, MS_HTTP_POST, serve_mikey, NULL };
	const struct ms_http_server_options http = { .limits = { .body_max = 128 << 10 },
						     .routes = &route,
						     .n_routes = 1 };
	struct ms_keys_kms_options kms = { .url = t.url, .timeout = 10 * MS_SEC };
	char where[MS_ADDR_TEXT_MAX];
	struct ms_addr any, at;

	(void)state;
	memset(&t, 0, sizeof(t));
	t.profile = ms_profile_default;
	kms.profile = &t.profile;
	route.path = t.profile.kms_path;
	small_kms_reset();
	assert_int_equal(ms_loop_init(), 0);
	assert_int_equal(ms_addr_parse(MS_SPAN_LIT("127.0.0.1:0"), 0, &any), 0);
	assert_int_equal(ms_http_server_new(&http, &t.server), 0);
	assert_int_equal(ms_http_server_listen(t.server, &any, NULL, &at), 0);
	snprintf(t.url, sizeof(t.url), "http://%s", ms_addr_print(&at, where));
	assert_int_equal(ms_keys_kms_new(&kms, &t.kms), 0);
	assert_int_equal(open_ring(ALICE, HOUR, NULL, &t.ring[ALICE]), 0);
	assert_int_equal(open_ring(BOB, HOUR, NULL, &t.ring[BOB]), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (int u = 0; u < SMALL_USERS; u++)
		ms_keys_ring_free(t.ring[u]);
	ms_keys_kms_free(t.kms);
	ms_http_server_free(t.server);
	ms_loop_close();
	return 0;
}

/* ---- waiting ---- */

static void stop(void *arg)
{
	(void)arg;
	ms_loop_stop();
}

static void run_a_moment(void)
{
	struct ms_timer end;

	ms_timer_init(&end, "test.end", stop, NULL);
	ms_timer_start(&end, MS_MSEC);
	assert_int_equal(ms_loop_run(), 0);
	ms_timer_stop(&end);
}

/* Runs the loop until `n` is reached; a machine that is busy gets half a minute. */
static void run_until(const unsigned *count, unsigned n)
{
	ms_usec limit = ms_clock_mono() + 30 * MS_SEC;

	while (*count < n && ms_clock_mono() < limit)
		run_a_moment();
	assert_true(*count >= n);
}

struct outcome {
	unsigned *told;
	bool got;
	struct ms_keys_failure why;
};

static void got_ticket(struct ms_mikey_ticket_held *held, const struct ms_keys_failure *why,
		       void *arg)
{
	struct outcome *o = arg;

	o->got = held != NULL;
	assert_true((held != NULL) == (why == NULL));
	if (why)
		o->why = *why;
	(*o->told)++;
}

static void got_resolve(const struct ms_keys_failure *why, void *arg)
{
	struct outcome *o = arg;

	o->got = !why;
	if (why)
		o->why = *why;
	(*o->told)++;
}

/* A ticket for these, from wherever; NULL with *ret_why. */
static struct ms_mikey_ticket_held *ticket(enum small_user who, const char *const *uris, size_t n,
					   struct ms_keys_failure *ret_why)
{
	struct ms_mikey_ticket_held *held = NULL;
	struct ms_keys_asking *asking = NULL;
	struct ms_span resolvers[8];
	unsigned told = 0;
	struct outcome o = { .told = &told };

	for (size_t i = 0; i < n; i++)
		resolvers[i] = ms_span_str(uris[i]);
	assert_int_equal(ms_keys_ring_ticket(t.ring[who], MS_KEYS_TICKET_MESSAGE, resolvers, n,
					     got_ticket, &o, &held, &asking),
			 0);
	if (held)
		return held;
	run_until(&told, 1);
	if (ret_why)
		*ret_why = o.why;
	if (!o.got)
		return NULL;
	assert_int_equal(ms_keys_ring_ticket(t.ring[who], MS_KEYS_TICKET_MESSAGE, resolvers, n,
					     got_ticket, &o, &held, &asking),
			 0);
	return held;
}

/* A TRANSFER_INIT of Alice's for Bob, with the ticket for both given. */
static struct ms_mikey_incoming *message(const char *const *uris, size_t n)
{
	const struct ms_mikey_session session = { .cs_id = 1,
						  .prot_type =
							  (uint8_t)t.profile.prot_type_psk_mime };
	const struct ms_mikey_offer offer = { .called = { MS_MIKEY_ID_URI,
							  ms_span_str(small_uri(BOB)) },
					      .session = &session,
					      .n_sessions = 1 };
	struct ms_mikey_ticket_held *held = ticket(ALICE, uris, n, NULL);
	MS_CLEANUP(ms_buf_done) struct ms_buf init;
	struct ms_mikey_transfer *transfer = NULL;
	struct ms_mikey_incoming *in = NULL;

	assert_non_null(held);
	ms_buf_init(&init, MS_MIKEY_MESSAGE_MAX);
	assert_int_equal(
		ms_mikey_transfer_start(ms_keys_ring_party(t.ring[ALICE], MS_KEYS_TICKET_MESSAGE),
					held, &offer, small_now, &init, &transfer),
		0);
	ms_mikey_transfer_free(transfer);
	assert_int_equal(
		ms_mikey_incoming_new(ms_keys_ring_party(t.ring[BOB], MS_KEYS_TICKET_MESSAGE),
				      ms_buf_span(&init), MS_SPAN_NULL, NULL, small_now, NULL, &in),
		0);
	return in;
}

static uint64_t counted(const char *name, const char *value)
{
	return ms_counter_find(&ms_keys_counters, name, value)->value;
}

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
	assert_int_equal(t.requests, 1);
	assert_ptr_not_equal(ticket(ALICE, fewer, 2, NULL), held);
	assert_int_equal(t.requests, 2);
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
		assert_int_equal(ms_keys_ring_ticket(t.ring[ALICE], MS_KEYS_TICKET_MESSAGE, &bad[i],
						     1, got_ticket, &o, &held, &asking),
				 -EINVAL);
	assert_int_equal(ms_keys_ring_ticket(t.ring[ALICE], MS_KEYS_TICKET_MESSAGE, NULL, 0,
					     got_ticket, &o, &held, &asking),
			 -EINVAL);
	for (size_t i = 0; i < MS_ARRAY_SIZE(many); i++) {
		snprintf(names[i], sizeof(names[i]), "sip:member%04zu@example.org", i);
		many[i] = ms_span_str(names[i]);
	}
	assert_int_equal(ms_keys_ring_ticket(t.ring[ALICE], MS_KEYS_TICKET_MESSAGE, many,
					     MS_ARRAY_SIZE(many), got_ticket, &o, &held, &asking),
			 -EMSGSIZE);
	assert_int_equal(t.requests, 0);
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
		assert_int_equal(ms_keys_ring_ticket(t.ring[ALICE], MS_KEYS_TICKET_MESSAGE, members,
						     1000, got_ticket, &o, &held, &asking),
				 0);
		if (!held)
			run_until(&told, 1);
	}
	assert_true(o.got);
	assert_non_null(held);
	assert_int_equal(ms_mikey_ticket_held_policy(held)->n_responders, 1000);
	assert_int_equal(t.requests, 1);
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
		assert_int_equal(ms_keys_ring_ticket(t.ring[ALICE], MS_KEYS_TICKET_MESSAGE, &bob, 1,
						     got_ticket, &o[i], &held, &asking),
				 0);
		assert_null(held);
		if (i == 0) /* the one who asks goes away: the next asks */
			assert_null(ms_keys_asking_cancel(asking));
	}
	run_until(&told, 39);
	for (size_t i = 1; i < MS_ARRAY_SIZE(o); i++)
		assert_true(o[i].got);
	assert_int_equal(told, 39);
	assert_in_range(t.requests, 1, 2); /* the first may have left before it was cancelled */
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

	assert_true(
		ms_keys_cache_at(ms_keys_ring_tickets(t.ring[ALICE]), 0, &kind, &resolvers, &held));
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
	assert_int_equal(t.requests, 2);
	assert_int_equal(counted("kms_round_trips_total", "ahead"), ahead + 1);
}

static void not_renewed_without_use(void **state)
{
	const char *const bob[] = { small_uri(BOB) };
	const struct ms_mikey_ticket_held *first = ticket(ALICE, bob, 1, NULL);

	(void)state;
	small_now = ms_mikey_ticket_held_end(first) + MS_SEC;
	assert_non_null(ticket(ALICE, bob, 1, NULL));
	assert_int_equal(t.requests, 2);
}

/* The server is away when the successor is due: what is there serves, and is not asked for with every
 * use. */
static void renewal_that_fails(void **state)
{
	const char *const bob[] = { small_uri(BOB) };
	const struct ms_mikey_ticket_held *first = ticket(ALICE, bob, 1, NULL);
	ms_usec limit = ms_clock_mono() + 30 * MS_SEC;

	(void)state;
	t.status = 503;
	small_now = ms_mikey_ticket_held_end(first) - 30 * 60 * MS_SEC;
	for (unsigned minute = 1; minute <= 3; minute++) {
		uint64_t failed = counted("kms_failures_total", "kms_http_status");

		for (int i = 0; i < 10; i++)
			assert_ptr_equal(ticket(ALICE, bob, 1, NULL), first);
		run_until(&t.requests, 1 + minute);
		while (counted("kms_failures_total", "kms_http_status") == failed &&
		       ms_clock_mono() < limit)
			run_a_moment();
		small_now += 61 * MS_SEC;
	}
	assert_int_equal(t.requests, 4);
}

/* ---- resolving ---- */

static bool resolve(struct ms_mikey_incoming *in, enum ms_keys_resolve how,
		    struct ms_keys_failure *ret_why)
{
	struct ms_keys_asking *asking = NULL;
	struct ms_fault fault = { 0 };
	unsigned told = 0;
	struct outcome o = { .told = &told };

	assert_int_equal(
		ms_keys_ring_resolve(t.ring[BOB], in, how, got_resolve, &o, &fault, &asking), 0);
	if (!asking)
		return true;
	run_until(&told, 1);
	if (ret_why)
		*ret_why = o.why;
	return o.got;
}

static void one_resolve_for_many_messages(void **state)
{
	const char *const bob[] = { small_uri(BOB) };
	uint64_t in_before = counted("exchanges_total", "in");

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct ms_mikey_incoming *in = message(bob, 1);

		assert_true(resolve(in, MS_KEYS_RESOLVE_CACHED, NULL));
		ms_mikey_incoming_free(in);
	}
	assert_int_equal(t.resolves, 1);
	for (unsigned i = 0; i < 2; i++) { /* proof of origin: the server sees each */
		struct ms_mikey_incoming *in = message(bob, 1);

		assert_true(resolve(in, MS_KEYS_RESOLVE_EACH, NULL));
		assert_int_equal(t.resolves, 2 + i);
		ms_mikey_incoming_free(in);
	}
	assert_int_equal(ms_keys_cache_n_resolved(ms_keys_ring_tickets(t.ring[BOB])), 1);
	assert_int_equal(counted("exchanges_total", "in"), in_before + 7);
}

static void resolves_at_once(void **state)
{
	const char *const bob[] = { small_uri(BOB) };
	struct ms_mikey_incoming *in[20];
	struct outcome o[20];
	unsigned told = 0;

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		struct ms_keys_asking *asking = NULL;

		in[i] = message(bob, 1);
		o[i] = (struct outcome){ .told = &told };
		assert_int_equal(ms_keys_ring_resolve(t.ring[BOB], in[i], MS_KEYS_RESOLVE_CACHED,
						      got_resolve, &o[i], NULL, &asking),
				 0);
		assert_non_null(asking);
	}
	run_until(&told, 20);
	assert_int_equal(t.resolves, 1);
	for (size_t i = 0; i < 20; i++) {
		assert_true(o[i].got);
		ms_mikey_incoming_free(in[i]);
	}
}

static void refused_and_unreachable(void **state)
{
	const char *const carol[] = { small_uri(CAROL) };
	struct ms_mikey_incoming *in = message(carol, 1); /* not for Bob */
	struct ms_keys_failure why = { 0 };

	(void)state;
	assert_false(resolve(in, MS_KEYS_RESOLVE_CACHED, &why));
	assert_string_equal(why.reason, "kms_error_unauthenticated");
	assert_false(why.unreachable);
	t.status = 503;
	assert_false(resolve(in, MS_KEYS_RESOLVE_CACHED, &why));
	assert_string_equal(why.reason, "kms_http_status");
	assert_true(why.unreachable);
	t.server = ms_http_server_free(t.server);
	assert_false(resolve(in, MS_KEYS_RESOLVE_CACHED, &why));
	assert_string_equal(why.reason, "kms_unreachable");
	assert_true(why.unreachable);
	ms_mikey_incoming_free(in);
}

/* ---- across runs ---- */

static void across_runs(void **state)
{
	const char *const bob[] = { small_uri(BOB) };
	char folder[] = "/tmp/keyring-XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/tickets", folder);
	t.ring[ALICE] = ms_keys_ring_free(t.ring[ALICE]);
	for (int run = 0; run < 3; run++) {
		const struct ms_mikey_ticket_held *held;

		assert_int_equal(open_ring(ALICE, 20 * HOUR, path, &t.ring[ALICE]), 0);
		held = ticket(ALICE, bob, 1, NULL);
		assert_int_equal(ms_mikey_ticket_held_end(held), SMALL_NOW + 10 * HOUR);
		small_now +=
			HOUR; /* its life is shorter than the margin: half of it must be over */
		t.ring[ALICE] = ms_keys_ring_free(t.ring[ALICE]);
	}
	assert_int_equal(t.requests, 1);
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
		cmocka_unit_test_setup_teardown(one_resolve_for_many_messages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(resolves_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refused_and_unreachable, set_up, tear_down),
		cmocka_unit_test_setup_teardown(across_runs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_memory, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
