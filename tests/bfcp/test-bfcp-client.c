/* SPDX-License-Identifier: Apache-2.0 */
/* A floor participant against a server played by the test: RFC 8855 sections 8, 10 and 12. */
#include "ms-test.h"

#include <errno.h>

#include "bfcp/client.h"

struct world {
	struct ms_bfcp_client *c;
	struct ms_bfcp_event last; /* spans of it are gone */
	unsigned n;                /* events */
};

static void handler(void *arg, const struct ms_bfcp_event *e)
{
	struct world *w = arg;

	w->last = *e;
	w->n++;
}

static void open_world(struct world *w, struct ms_bfcp_client_config config)
{
	*w = (struct world){ 0 };
	config.conference = 77;
	config.user = 5;
	config.handler = handler;
	config.arg = w;
	assert_int_equal(ms_bfcp_client_new(&config, &w->c), 0);
}

static void close_world(struct world *w)
{
	assert_null(ms_bfcp_client_free(w->c));
}

/* What the client sent: one message. */
static void assert_sent(struct world *w, uint8_t primitive, uint16_t transaction)
{
	struct ms_bfcp_message m;

	assert_int_equal(ms_bfcp_parse(ms_bfcp_client_output(w->c), &m, NULL), 0);
	assert_int_equal(m.header.primitive, primitive);
	assert_int_equal(m.header.transaction, transaction);
	assert_int_equal(m.header.conference, 77);
	assert_int_equal(m.header.user, 5);
	ms_bfcp_client_sent(w->c, ms_bfcp_client_output(w->c).len);
}

static size_t reply(struct ms_buf *b, uint8_t primitive, uint16_t transaction)
{
	const struct ms_bfcp_header h = { .version = 1,
					  .primitive = primitive,
					  .conference = 77,
					  .transaction = transaction,
					  .user = 5 };

	ms_buf_init(b, 4096);
	return ms_bfcp_open(b, &h);
}

/* Gives it octet by octet, as TCP may. */
static void give(struct world *w, struct ms_buf *b, size_t mark)
{
	ms_bfcp_close(b, mark);
	assert_int_equal(ms_buf_status(b), 0);
	for (size_t i = 0; i < b->len; i++)
		assert_int_equal(ms_bfcp_client_input(w->c, ms_span_of(b->p + i, 1), NULL), 0);
	ms_buf_done(b);
}

static void give_status(struct world *w, uint16_t transaction, uint16_t request,
			enum ms_bfcp_status status, unsigned queue)
{
	struct ms_buf b;
	size_t mark = reply(&b, MS_BFCP_FLOOR_REQUEST_STATUS, transaction), g, i;

	g = ms_bfcp_open_group(&b, MS_BFCP_FLOOR_REQUEST_INFORMATION, request);
	i = ms_bfcp_open_group(&b, MS_BFCP_OVERALL_REQUEST_STATUS, request);
	ms_bfcp_put_status(&b, status, queue);
	ms_bfcp_close_group(&b, i);
	i = ms_bfcp_open_group(&b, MS_BFCP_FLOOR_REQUEST_STATUS_ATTRIBUTE, 3);
	ms_bfcp_close_group(&b, i);
	ms_bfcp_close_group(&b, g);
	give(w, &b, mark);
}

static void test_hello(void **state MS_UNUSED)
{
	static const uint8_t list[] = { 1, 2, 11 };
	struct ms_buf b;
	struct world w;
	uint16_t id;
	size_t mark;

	open_world(&w, (struct ms_bfcp_client_config){ 0 });
	assert_true(ms_bfcp_client_deadline(w.c) == MS_NEVER);
	assert_int_equal(ms_bfcp_client_hello(w.c, MS_SEC, &id), 0);
	assert_true(ms_bfcp_client_deadline(w.c) == 11 * MS_SEC);
	assert_sent(&w, MS_BFCP_HELLO, id);
	mark = reply(&b, MS_BFCP_HELLO_ACK, id);
	ms_bfcp_put_octets(&b, MS_BFCP_SUPPORTED_PRIMITIVES, ms_span_of(list, 3));
	ms_bfcp_put_octets(&b, MS_BFCP_SUPPORTED_ATTRIBUTES, ms_span_of(list, 3));
	give(&w, &b, mark);
	assert_int_equal(w.n, 1);
	assert_int_equal(w.last.kind, MS_BFCP_EVENT_HELLO);
	assert_int_equal(w.last.transaction, id);
	assert_int_equal(w.last.octets.len, 3);
	assert_true(ms_bfcp_client_deadline(w.c) == MS_NEVER);
	close_world(&w);
}

static void test_life_of_a_request(void **state MS_UNUSED)
{
	static const uint16_t floors[] = { 3, 4 };
	const struct ms_bfcp_ask ask = { floors, 2, 9, MS_SPAN_LIT("please"), 4 };
	const struct ms_bfcp_floor_request *r;
	struct world w;
	uint16_t id;
	size_t n;

	open_world(&w, (struct ms_bfcp_client_config){ 0 });
	assert_int_equal(ms_bfcp_client_request(w.c, &ask, 0, &id), 0);
	assert_sent(&w, MS_BFCP_FLOOR_REQUEST, id);
	give_status(&w, id, 12, MS_BFCP_PENDING, 0);
	assert_int_equal(w.last.kind, MS_BFCP_EVENT_REQUEST);
	assert_int_equal(w.last.transaction, id);
	assert_int_equal(w.last.request, 12);
	/* What comes later has no transaction of ours. */
	give_status(&w, 0, 12, MS_BFCP_ACCEPTED, 2);
	assert_int_equal(w.last.status, MS_BFCP_ACCEPTED);
	assert_int_equal(w.last.queue, 2);
	give_status(&w, 0, 12, MS_BFCP_GRANTED, 0);
	r = ms_bfcp_client_requests(w.c, &n);
	assert_int_equal(n, 1);
	assert_int_equal(r[0].id, 12);
	assert_int_equal(r[0].floor, 3);
	assert_int_equal(r[0].status, MS_BFCP_GRANTED);
	assert_int_equal(ms_bfcp_client_release(w.c, 12, 0, &id), 0);
	assert_sent(&w, MS_BFCP_FLOOR_RELEASE, id);
	give_status(&w, id, 12, MS_BFCP_RELEASED, 0);
	assert_int_equal(w.last.status, MS_BFCP_RELEASED);
	(void)ms_bfcp_client_requests(w.c, &n);
	assert_int_equal(n, 0);
	close_world(&w);
}

static void test_queries(void **state MS_UNUSED)
{
	static const uint16_t floors[] = { 3 };
	struct ms_buf b;
	struct world w;
	uint16_t id;
	size_t mark;

	open_world(&w, (struct ms_bfcp_client_config){ 0 });
	assert_int_equal(ms_bfcp_client_query_floors(w.c, floors, 1, 0, &id), 0);
	assert_sent(&w, MS_BFCP_FLOOR_QUERY, id);
	mark = reply(&b, MS_BFCP_FLOOR_STATUS, id);
	ms_bfcp_put_id(&b, MS_BFCP_FLOOR_ID, 3);
	give(&w, &b, mark);
	assert_int_equal(w.last.kind, MS_BFCP_EVENT_FLOOR);
	assert_int_equal(ms_bfcp_client_query_user(w.c, 0, 0, &id), 0);
	assert_sent(&w, MS_BFCP_USER_QUERY, id);
	mark = reply(&b, MS_BFCP_USER_STATUS, id);
	give(&w, &b, mark);
	assert_int_equal(w.last.kind, MS_BFCP_EVENT_USER);
	assert_int_equal(ms_bfcp_client_query_request(w.c, 8, 0, &id), 0);
	assert_sent(&w, MS_BFCP_FLOOR_REQUEST_QUERY, id);
	mark = reply(&b, MS_BFCP_ERROR, id);
	ms_bfcp_put_error(&b, MS_BFCP_NO_FLOOR_REQUEST, MS_SPAN_NULL);
	ms_bfcp_put_octets(&b, MS_BFCP_ERROR_INFO, MS_SPAN_LIT("gone"));
	give(&w, &b, mark);
	assert_int_equal(w.last.kind, MS_BFCP_EVENT_ERROR);
	assert_int_equal(w.last.code, 7);
	assert_int_equal(w.last.octets.len, 4);
	close_world(&w);
}

static void test_not_for_us(void **state MS_UNUSED)
{
	struct ms_buf b;
	struct world w;
	uint16_t id;
	size_t mark;

	open_world(&w, (struct ms_bfcp_client_config){ 0 });
	/* no such transaction, the wrong answer to one, no status, somebody else's */
	give_status(&w, 99, 12, MS_BFCP_GRANTED, 0);
	assert_int_equal(w.last.kind, MS_BFCP_EVENT_IGNORED);
	assert_string_equal(w.last.reason, "bfcp_no_transaction");
	assert_int_equal(ms_bfcp_client_hello(w.c, 0, &id), 0);
	give_status(&w, id, 12, MS_BFCP_GRANTED, 0);
	assert_string_equal(w.last.reason, "bfcp_no_transaction");
	give_status(&w, 0, 12, (enum ms_bfcp_status)9, 0);
	assert_string_equal(w.last.reason, "bfcp_no_status");
	mark = reply(&b, MS_BFCP_FLOOR_STATUS, 0);
	b.p[7] = 78;
	give(&w, &b, mark);
	assert_string_equal(w.last.reason, "bfcp_not_ours");
	close_world(&w);
}

static void test_timeout(void **state MS_UNUSED)
{
	struct world w;
	uint16_t id, id2;

	open_world(&w, (struct ms_bfcp_client_config){ .response_time = MS_SEC });
	assert_int_equal(ms_bfcp_client_hello(w.c, 0, &id), 0);
	assert_int_equal(ms_bfcp_client_hello(w.c, MS_SEC / 2, &id2), 0);
	ms_bfcp_client_expire(w.c, MS_SEC - 1);
	assert_int_equal(w.n, 0);
	ms_bfcp_client_expire(w.c, MS_SEC);
	assert_int_equal(w.n, 1);
	assert_int_equal(w.last.kind, MS_BFCP_EVENT_TIMEOUT);
	assert_int_equal(w.last.transaction, id);
	assert_true(ms_bfcp_client_deadline(w.c) == 3 * MS_SEC / 2);
	close_world(&w);
}

static void test_limits(void **state MS_UNUSED)
{
	static const uint16_t floors[] = { 3 };
	struct ms_bfcp_ask ask = { floors, 1, 0, MS_SPAN_NULL, 2 };
	struct world w;
	uint16_t id;

	open_world(&w, (struct ms_bfcp_client_config){
			       .transactions_max = 2, .requests_max = 1, .output_max = 40 });
	assert_int_equal(ms_bfcp_client_hello(w.c, 0, &id), 0);
	assert_int_equal(ms_bfcp_client_hello(w.c, 0, &id), 0);
	assert_int_equal(ms_bfcp_client_hello(w.c, 0, &id), -EBUSY);
	ms_bfcp_client_expire(w.c, MS_NEVER);
	assert_int_equal(ms_bfcp_client_request(w.c, &ask, 0, &id), 0);
	assert_int_equal(ms_bfcp_client_hello(w.c, 0, &id), -ENOBUFS);
	assert_int_equal(ms_bfcp_client_output(w.c).len, 40);
	ms_bfcp_client_sent(w.c, 40);
	give_status(&w, id, 1, MS_BFCP_GRANTED, 0);
	assert_int_equal(ms_bfcp_client_request(w.c, &ask, 0, &id), -EBUSY);
	ask.n_floors = 0;
	assert_int_equal(ms_bfcp_client_request(w.c, &ask, 0, &id), -EINVAL);
	close_world(&w);
}

/* Section 6.1: what cannot be parsed ends the connection. */
static void test_broken_stream(void **state MS_UNUSED)
{
	static const struct {
		uint8_t octets[12];
		const char *reason;
	} bad[] = {
		{ { 0x16, 0x03, 0x01 }, "bfcp_version" },
		{ { 0x20, 11, 0xff, 0xff }, "bfcp_too_long" },
		{ { 0x20, 99, 0, 0 }, "bfcp_primitive" },
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++) {
		struct ms_fault f = { 0 };
		struct world w;
		uint16_t id;

		open_world(&w, (struct ms_bfcp_client_config){ 0 });
		assert_int_equal(ms_bfcp_client_input(w.c, ms_span_of(bad[i].octets, 12), &f),
				 -EPROTO);
		assert_string_equal(f.reason, bad[i].reason);
		assert_int_equal(ms_bfcp_client_hello(w.c, 0, &id), -EPIPE);
		f.reason = NULL;
		assert_int_equal(ms_bfcp_client_input(w.c, MS_SPAN_LIT("x"), &f), -EPROTO);
		assert_string_equal(f.reason, bad[i].reason);
		assert_int_equal(w.n, 0);
		close_world(&w);
	}
}

static int torture(void *arg MS_UNUSED)
{
	static const uint8_t half[] = { 0x20, 11 };
	struct world w = { 0 };
	const struct ms_bfcp_client_config config = { .handler = handler, .arg = &w };
	uint16_t id;
	int err = ms_bfcp_client_new(&config, &w.c);

	if (err == 0)
		err = ms_bfcp_client_hello(w.c, 0, &id);
	if (err == 0)
		err = ms_bfcp_client_input(w.c, ms_span_of(half, 2), NULL);
	ms_bfcp_client_free(w.c);
	return err;
}

static void test_lack_of_memory(void **state MS_UNUSED)
{
	assert_true(ms_test_torture(torture, NULL) >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello),         cmocka_unit_test(test_life_of_a_request),
		cmocka_unit_test(test_queries),       cmocka_unit_test(test_not_for_us),
		cmocka_unit_test(test_timeout),       cmocka_unit_test(test_limits),
		cmocka_unit_test(test_broken_stream), cmocka_unit_test(test_lack_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
