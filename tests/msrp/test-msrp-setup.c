/* SPDX-License-Identifier: Apache-2.0 */
/* Who connects where: RFC 6135 section 4, RFC 6714 section 4, RFC 4976 section 5.1. */
#include <errno.h>

#include "ms-test.h"
#include "msrp/setup.h"

#define ABSENT MS_MSRP_SETUP_ABSENT
#define ACTIVE MS_MSRP_SETUP_ACTIVE
#define PASSIVE MS_MSRP_SETUP_PASSIVE
#define ACTPASS MS_MSRP_SETUP_ACTPASS

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(ms_msrp_setup_parse(MS_SPAN_LIT("actpass")), ACTPASS);
	assert_int_equal(ms_msrp_setup_parse(MS_SPAN_LIT("active")), ACTIVE);
	assert_int_equal(ms_msrp_setup_parse(MS_SPAN_LIT("passive")), PASSIVE);
	/* RFC 6135 section 4.2.1: as if it were not there */
	assert_int_equal(ms_msrp_setup_parse(MS_SPAN_LIT("holdconn")), ABSENT);
	assert_int_equal(ms_msrp_setup_parse(MS_SPAN_LIT("")), ABSENT);
	assert_string_equal(ms_msrp_setup_name(ACTPASS), "actpass");
	assert_null(ms_msrp_setup_name(ABSENT));
}

static void test_offer_and_answer(void **state)
{
	enum ms_msrp_setup answer;

	(void)state;
	assert_int_equal(ms_msrp_setup_offer(true, false), ACTPASS);
	assert_int_equal(ms_msrp_setup_offer(false, true), ACTPASS);
	assert_int_equal(ms_msrp_setup_offer(false, false), ACTIVE);
	assert_int_equal(ms_msrp_setup_answer(ACTPASS, true, false, &answer), 0);
	assert_int_equal(answer, PASSIVE);
	assert_int_equal(ms_msrp_setup_answer(ACTPASS, false, false, &answer), 0);
	assert_int_equal(answer, ACTIVE);
	assert_int_equal(ms_msrp_setup_answer(ABSENT, true, false, &answer), 0);
	assert_int_equal(answer, PASSIVE);
	assert_int_equal(ms_msrp_setup_answer(ACTIVE, false, false, &answer), -EPROTO);
	assert_int_equal(ms_msrp_setup_answer(PASSIVE, true, false, &answer), 0);
	assert_int_equal(answer, ACTIVE);
}

static void test_roles(void **state)
{
	static const struct {
		enum ms_msrp_setup offer, answer;
		int offerer_active; /* -1: contradiction */
	} cases[] = {
		{ ABSENT, ABSENT, 1 },    { ABSENT, PASSIVE, 1 },  { ABSENT, ACTIVE, -1 },
		{ ACTIVE, ABSENT, 1 },    { ACTIVE, PASSIVE, 1 },  { ACTIVE, ACTIVE, -1 },
		{ ACTPASS, ABSENT, 1 },   { ACTPASS, PASSIVE, 1 }, { ACTPASS, ACTIVE, 0 },
		{ ACTPASS, ACTPASS, -1 }, { PASSIVE, ACTIVE, 0 },  { PASSIVE, PASSIVE, -1 },
		{ PASSIVE, ABSENT, -1 },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		bool a = false, b = false;
		int err = ms_msrp_setup_active(true, cases[i].offer, cases[i].answer, &a);

		assert_int_equal(err, cases[i].offerer_active < 0 ? -EPROTO : 0);
		if (err < 0)
			continue;
		assert_int_equal(a, cases[i].offerer_active);
		assert_int_equal(ms_msrp_setup_active(false, cases[i].offer, cases[i].answer, &b),
				 0);
		assert_int_not_equal(a, b);
	}
}

static struct ms_msrp_description description(const char *path, const char *host, uint16_t port,
					      enum ms_msrp_setup setup, bool cema)
{
	struct ms_msrp_description d = {
		.cema = cema, .setup = setup, .host = ms_span_str(host), .port = port
	};

	assert_int_equal(ms_msrp_path_parse(ms_span_str(path), &d.path), 0);
	return d;
}

static void test_address_matching(void **state)
{
	struct ms_span seven = MS_SPAN_LIT("192.0.2.7");
	struct ms_msrp_description d =
		description("msrp://192.0.2.1:7000/s;tcp", "192.0.2.1", 7000, ACTPASS, false);

	(void)state;
	assert_true(ms_msrp_address_matches(&d));
	d.port = 7001;
	assert_false(ms_msrp_address_matches(&d));
	d = description("msrp://[2001:db8::1]:7/s;tcp", "2001:DB8:0::1", 7, ACTPASS, false);
	assert_true(ms_msrp_address_matches(&d));
	/* names are compared by what they resolve to, record by record */
	d = description("msrp://a.example:7000/s;tcp", "192.0.2.7", 7000, ACTPASS, false);
	assert_false(ms_msrp_address_matches(&d));
	d.path_addresses = &seven;
	d.n_path_addresses = 1;
	assert_true(ms_msrp_address_matches(&d));
	d.host = MS_SPAN_LIT("b.example");
	assert_false(ms_msrp_address_matches(&d));
	d.host_addresses = &seven;
	d.n_host_addresses = 1;
	assert_true(ms_msrp_address_matches(&d));
	/* an active peer has port 9 */
	d = description("msrp://192.0.2.1:7000/s;tcp", "192.0.2.1", 9, ACTIVE, false);
	assert_true(ms_msrp_address_matches(&d));
	d.setup = ACTPASS;
	assert_false(ms_msrp_address_matches(&d));
}

#define DIRECT "msrp://192.0.2.1:7000/s;tcp"
#define RELAYED "msrp://192.0.2.9:9000/r;tcp msrp://192.0.2.1:7000/s;tcp"

struct answer_case {
	const char *path, *host;
	uint16_t port;
	enum ms_msrp_setup setup;
	bool cema;
	struct ms_msrp_here here;
	enum ms_msrp_connect connect;
	bool active, plan_cema;
};

static const struct ms_msrp_here plain = { .cema = true, .reachable = true };
static const struct ms_msrp_here natted = { .cema = true };

static void test_plan_answer(void **state)
{
	const struct ms_msrp_here relayed = { .cema = true, .reachable = true, .relay = true };
	const struct ms_msrp_here old = { .reachable = true };
	const struct ms_msrp_here secret = { .cema = true, .reachable = true, .end_to_end = true };
	const struct answer_case cases[] = {
		/* usual */
		{ DIRECT, "192.0.2.1", 7000, ACTPASS, true, plain, MS_MSRP_CONNECT_WAIT, false,
		  true },
		{ DIRECT, "192.0.2.1", 7000, ACTPASS, true, natted, MS_MSRP_CONNECT_MEDIA, true,
		  true },
		/* a middlebox anchors: to the c= and m= address */
		{ DIRECT, "198.51.100.1", 5000, ACTPASS, true, natted, MS_MSRP_CONNECT_MEDIA, true,
		  true },
		/* ... but not without msrp-cema: section 4.3 */
		{ DIRECT, "198.51.100.1", 5000, ACTPASS, false, plain, MS_MSRP_CONNECT_REJECT,
		  false, false },
		{ DIRECT, "198.51.100.1", 5000, ACTPASS, false, old, MS_MSRP_CONNECT_WAIT, false,
		  false },
		/* an RFC 4975 offerer */
		{ DIRECT, "192.0.2.1", 7000, ABSENT, false, plain, MS_MSRP_CONNECT_WAIT, false,
		  true },
		{ DIRECT, "192.0.2.1", 7000, ABSENT, false, natted, MS_MSRP_CONNECT_REJECT, false,
		  false },
		/* the three criteria for falling back */
		{ RELAYED, "192.0.2.9", 9000, ACTPASS, true, relayed, MS_MSRP_CONNECT_RELAY, false,
		  false },
		{ RELAYED, "192.0.2.9", 9000, ACTIVE, true, plain, MS_MSRP_CONNECT_WAIT, false,
		  false },
		{ DIRECT, "192.0.2.1", 7000, PASSIVE, true, relayed, MS_MSRP_CONNECT_RELAY, true,
		  false },
		/* one relay, CEMA is possible: the answerer behind it is passive */
		{ DIRECT, "192.0.2.1", 7000, ACTPASS, true, relayed, MS_MSRP_CONNECT_RELAY, false,
		  true },
		/* keys end to end: no relay */
		{ RELAYED, "192.0.2.9", 9000, ACTPASS, true, secret, MS_MSRP_CONNECT_REJECT, false,
		  false },
		{ DIRECT, "198.51.100.1", 5000, ACTPASS, true, secret, MS_MSRP_CONNECT_WAIT, false,
		  true },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		const struct answer_case *c = &cases[i];
		struct ms_msrp_description offer =
			description(c->path, c->host, c->port, c->setup, c->cema);
		struct ms_msrp_plan plan;

		ms_msrp_plan_answer(&c->here, &offer, &plan);
		assert_int_equal(plan.connect, c->connect);
		assert_int_equal(plan.active, c->active);
		assert_int_equal(plan.cema, c->plan_cema);
		if (plan.connect == MS_MSRP_CONNECT_MEDIA) {
			assert_span_str(plan.host, c->host);
			assert_int_equal(plan.port, c->port);
		}
		assert_int_equal(plan.connect == MS_MSRP_CONNECT_REJECT, plan.reason != NULL);
	}
}

static void test_plan_offer(void **state)
{
	const struct ms_msrp_here relayed = { .cema = true, .reachable = true, .relay = true };
	const struct ms_msrp_here old = { .reachable = true };
	const struct ms_msrp_here secret = { .cema = true, .reachable = true, .end_to_end = true };
	const struct answer_case cases[] = {
		{ DIRECT, "192.0.2.1", 7000, PASSIVE, true, plain, MS_MSRP_CONNECT_MEDIA, true,
		  true },
		{ DIRECT, "198.51.100.1", 5000, PASSIVE, true, plain, MS_MSRP_CONNECT_MEDIA, true,
		  true },
		{ DIRECT, "198.51.100.1", 9, ACTIVE, true, plain, MS_MSRP_CONNECT_WAIT, false,
		  true },
		/* no msrp-cema in the answer */
		{ DIRECT, "192.0.2.1", 7000, PASSIVE, false, plain, MS_MSRP_CONNECT_MEDIA, true,
		  false },
		{ DIRECT, "192.0.2.1", 9, ACTIVE, false, plain, MS_MSRP_CONNECT_WAIT, false,
		  false },
		/* section 4.2, criterion 1: we would wait and the peer go by the path */
		{ DIRECT, "198.51.100.1", 9, ACTIVE, false, plain, MS_MSRP_CONNECT_REOFFER, false,
		  false },
		/* criteria 2 and 3: relays */
		{ DIRECT, "198.51.100.1", 5000, PASSIVE, false, relayed, MS_MSRP_CONNECT_REOFFER,
		  true, false },
		{ RELAYED, "198.51.100.1", 5000, PASSIVE, false, plain, MS_MSRP_CONNECT_REOFFER,
		  true, false },
		/* we connect ourselves: no need to fall back */
		{ DIRECT, "198.51.100.1", 5000, ABSENT, false, plain, MS_MSRP_CONNECT_MEDIA, true,
		  false },
		/* the peer's relay and no middlebox: RFC 4975 */
		{ RELAYED, "192.0.2.9", 9000, PASSIVE, false, plain, MS_MSRP_CONNECT_PATH, true,
		  false },
		{ DIRECT, "198.51.100.1", 5000, PASSIVE, false, old, MS_MSRP_CONNECT_PATH, true,
		  false },
		/* a middlebox must not be invited to end TLS */
		{ DIRECT, "198.51.100.1", 9, ACTIVE, false, secret, MS_MSRP_CONNECT_REJECT, false,
		  false },
		{ DIRECT, "198.51.100.1", 5000, ACTPASS, true, plain, MS_MSRP_CONNECT_REJECT, false,
		  false },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		const struct answer_case *c = &cases[i];
		struct ms_msrp_description answer =
			description(c->path, c->host, c->port, c->setup, c->cema);
		struct ms_msrp_plan plan;

		ms_msrp_plan_offer(&c->here, ACTPASS, &answer, &plan);
		assert_int_equal(plan.connect, c->connect);
		if (plan.connect != MS_MSRP_CONNECT_REJECT)
			assert_int_equal(plan.active, c->active);
		assert_int_equal(plan.cema, c->plan_cema);
		if (plan.connect == MS_MSRP_CONNECT_PATH)
			assert_int_equal(plan.port, answer.path.uri[0].port);
	}
}

/* The example of RFC 4976 section 5.1: A behind B and C, F behind D and E. */
static void test_paths(void **state)
{
	struct ms_span use = MS_SPAN_LIT("msrps://b;tcp msrps://c;tcp");
	struct ms_buf b;

	(void)state;
	ms_buf_init(&b, 1000);
	assert_int_equal(ms_msrp_put_local_path(&b, use, MS_SPAN_LIT("msrp://a:1/a;tcp")), 0);
	assert_string_equal(ms_buf_cstr(&b), "msrps://c;tcp msrps://b;tcp msrp://a:1/a;tcp");
	ms_buf_reset(&b);
	assert_int_equal(
		ms_msrp_put_remote_path(
			&b, use, MS_SPAN_LIT("msrps://d;tcp msrps://e;tcp msrp://f:1/f;tcp")),
		0);
	assert_string_equal(ms_buf_cstr(&b),
			    "msrps://b;tcp msrps://c;tcp msrps://d;tcp msrps://e;tcp "
			    "msrp://f:1/f;tcp");
	ms_buf_reset(&b);
	assert_int_equal(ms_msrp_put_remote_path(&b, MS_SPAN_NULL, MS_SPAN_LIT("msrp://f:1/f;tcp")),
			 0);
	assert_string_equal(ms_buf_cstr(&b), "msrp://f:1/f;tcp");
	assert_int_equal(ms_msrp_put_local_path(&b, use, MS_SPAN_LIT("nonsense")), -EBADMSG);
	ms_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),       cmocka_unit_test(test_offer_and_answer),
		cmocka_unit_test(test_roles),       cmocka_unit_test(test_address_matching),
		cmocka_unit_test(test_plan_answer), cmocka_unit_test(test_plan_offer),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
