/* SPDX-License-Identifier: Apache-2.0 */
#include "keyring-world.h"

#include "daemon/counter.h"
#include "keys/smime.h"

struct keyring_world world;

/* ---- the server ---- */

static void serve_mikey(struct ms_http_request *r, void *arg)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	char what[32];

	(void)arg;
	ms_buf_init(&out, MS_MIKEY_MESSAGE_MAX);
	assert_int_equal(ms_http_query(r, world.profile.kms_query, what, sizeof(what)), 0);
	if (strcmp(what, world.profile.kms_request) == 0)
		world.requests++;
	else
		world.resolves++;
	if (world.status) {
		ms_http_refuse(r, world.status);
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

int open_ring(enum small_user who, ms_usec renew_ahead, const char *file,
	      struct ms_keys_ring **ret_r)
{
	static struct ms_keys_identity id[SMALL_USERS], kms_id;
	struct ms_keys_ring_options o = {
		.kms = world.kms,
		.profile = &world.profile,
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

int set_up(void **state)
{
	static struct ms_http_route route = { NULL, MS_HTTP_POST, serve_mikey, NULL };
	const struct ms_http_server_options http = { .limits = { .body_max = 128 << 10 },
						     .routes = &route,
						     .n_routes = 1 };
	struct ms_keys_kms_options kms = { .url = world.url, .timeout = 10 * MS_SEC };
	char where[MS_ADDR_TEXT_MAX];
	struct ms_addr any, at;

	(void)state;
	memset(&world, 0, sizeof(world));
	world.profile = ms_profile_default;
	kms.profile = &world.profile;
	route.path = world.profile.kms_path;
	small_kms_reset();
	assert_int_equal(ms_loop_init(), 0);
	assert_int_equal(ms_addr_parse(MS_SPAN_LIT("127.0.0.1:0"), 0, &any), 0);
	assert_int_equal(ms_http_server_new(&http, &world.server), 0);
	assert_int_equal(ms_http_server_listen(world.server, &any, NULL, &at), 0);
	snprintf(world.url, sizeof(world.url), "http://%s", ms_addr_print(&at, where));
	assert_int_equal(ms_keys_kms_new(&kms, &world.kms), 0);
	assert_int_equal(open_ring(ALICE, HOUR, NULL, &world.ring[ALICE]), 0);
	assert_int_equal(open_ring(BOB, HOUR, NULL, &world.ring[BOB]), 0);
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	for (int u = 0; u < SMALL_USERS; u++)
		ms_keys_ring_free(world.ring[u]);
	ms_keys_kms_free(world.kms);
	ms_http_server_free(world.server);
	ms_loop_close();
	return 0;
}

/* ---- waiting ---- */

static void stop(void *arg)
{
	(void)arg;
	ms_loop_stop();
}

void run_a_moment(void)
{
	struct ms_timer end;

	ms_timer_init(&end, "test.end", stop, NULL);
	ms_timer_start(&end, MS_MSEC);
	assert_int_equal(ms_loop_run(), 0);
	ms_timer_stop(&end);
}

void run_until(const unsigned *count, unsigned n)
{
	ms_usec limit = ms_clock_mono() + 30 * MS_SEC;

	while (*count < n && ms_clock_mono() < limit)
		run_a_moment();
	assert_true(*count >= n);
}

void got_ticket(struct ms_mikey_ticket_held *held, const struct ms_keys_failure *why, void *arg)
{
	struct outcome *o = arg;

	o->got = held != NULL;
	assert_true((held != NULL) == (why == NULL));
	if (why)
		o->why = *why;
	(*o->told)++;
}

void got_resolve(const struct ms_keys_failure *why, void *arg)
{
	struct outcome *o = arg;

	o->got = !why;
	if (why)
		o->why = *why;
	(*o->told)++;
}

struct ms_mikey_ticket_held *ticket(enum small_user who, const char *const *uris, size_t n,
				    struct ms_keys_failure *ret_why)
{
	struct ms_mikey_ticket_held *held = NULL;
	struct ms_keys_asking *asking = NULL;
	struct ms_span resolvers[8];
	unsigned told = 0;
	struct outcome o = { .told = &told };

	for (size_t i = 0; i < n; i++)
		resolvers[i] = ms_span_str(uris[i]);
	assert_int_equal(ms_keys_ring_ticket(world.ring[who], MS_KEYS_TICKET_MESSAGE, resolvers, n,
					     got_ticket, &o, &held, &asking),
			 0);
	if (held)
		return held;
	run_until(&told, 1);
	if (ret_why)
		*ret_why = o.why;
	if (!o.got)
		return NULL;
	assert_int_equal(ms_keys_ring_ticket(world.ring[who], MS_KEYS_TICKET_MESSAGE, resolvers, n,
					     got_ticket, &o, &held, &asking),
			 0);
	return held;
}

struct ms_mikey_incoming *message(const char *const *uris, size_t n)
{
	const struct ms_mikey_session session = {
		.cs_id = 1, .prot_type = (uint8_t)world.profile.prot_type_psk_mime
	};
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
	assert_int_equal(ms_mikey_transfer_start(
				 ms_keys_ring_party(world.ring[ALICE], MS_KEYS_TICKET_MESSAGE),
				 held, &offer, small_now, &init, &transfer),
			 0);
	ms_mikey_transfer_free(transfer);
	assert_int_equal(
		ms_mikey_incoming_new(ms_keys_ring_party(world.ring[BOB], MS_KEYS_TICKET_MESSAGE),
				      ms_buf_span(&init), MS_SPAN_NULL, NULL, small_now, NULL, &in),
		0);
	return in;
}

uint64_t counted(const char *name, const char *value)
{
	return ms_counter_find(&ms_keys_counters, name, value)->value;
}
