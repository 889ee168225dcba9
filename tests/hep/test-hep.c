/* SPDX-License-Identifier: Apache-2.0 */
/* HEP packets: known octets, both families, refusals, events, the sender against a socket of ours. */
#include "ms-test.h"

#include <errno.h>
#include <unistd.h>

#include "hep/hep.h"

static struct ms_addr addr(const char *text)
{
	struct ms_addr a;
	assert_int_equal(ms_addr_parse(ms_span_str(text), 0, &a), 0);
	return a;
}

static struct ms_hep_packet sample(void)
{
	return (struct ms_hep_packet){ .source = addr("10.0.0.1:2944"),
				       .destination = addr("10.0.0.2:2945"),
				       .transport = MS_HEP_UDP,
				       .protocol = MS_HEP_H248,
				       .time = 5 * MS_SEC + 7,
				       .agent = 9,
				       .correlation = MS_SPAN_LIT("c"),
				       .key = MS_SPAN_LIT("k"),
				       .payload = MS_SPAN_LIT("!/1") };
}

static void test_octets(void **state)
{
	static const uint8_t
		want
			[] = {
				'H', 'E', 'P', '3', 0,    116,     /* the whole length */
				0,   0,   0,   1,   0,    7,    2, /* IPv4 */
				0,   0,   0,   3,   0,    10,   10,   0,    0,   1,
				0,   0,   0,   4,   0,    10,   10,   0,    0,   2, /* hosts */
				0,   0,   0,   2,   0,    7,    17,                 /* UDP */
				0,   0,   0,   7,   0,    8,    0x0b, 0x80, 0,   0,
				0,   8,   0,   8,   0x0b, 0x81, /* ports */
				0,   0,   0,   9,   0,    10,   0,    0,    0,   5,
				0,   0,   0,   10,  0,    10,   0,    0,    0,   7, /* time */
				0,   0,   0,   11,  0,    7,    7,                  /* H.248 */
				0,   0,   0,   12,  0,    10,   0,    0,    0,   9, /* agent */
				0,   0,   0,   14,  0,    7,    'k',  0,    0,   0,
				17,  0,   7,   'c', /* key, correlation */
				0,   0,   0,   15,  0,    9,    '!',  '/',  '1',
			};
	struct ms_hep_packet p = sample();
	struct ms_buf b;

	(void)state;
	ms_buf_init(&b, 1000);
	ms_hep_put(&b, &p);
	assert_int_equal(ms_buf_status(&b), 0);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.p, want, sizeof(want));
	ms_buf_done(&b);
}

static void round_trip(const char *source, const char *destination)
{
	struct ms_hep_packet p = sample(), q;
	struct ms_buf b;

	p.source = addr(source);
	p.destination = addr(destination);
	ms_buf_init(&b, 1000);
	ms_hep_put(&b, &p);
	assert_int_equal(ms_hep_read(ms_buf_span(&b), &q), 0);
	assert_true(ms_addr_equal(&p.source, &q.source));
	assert_true(ms_addr_equal(&p.destination, &q.destination));
	assert_int_equal(q.time, p.time);
	assert_int_equal(q.protocol, MS_HEP_H248);
	assert_int_equal(q.transport, MS_HEP_UDP);
	assert_true(ms_span_eq(q.payload, p.payload));
	assert_true(ms_span_eq(q.correlation, p.correlation));
	assert_true(ms_span_eq(q.key, p.key));
	for (size_t n = 0; n < b.len; n++) /* no part of it is a packet */
		assert_int_equal(ms_hep_read(ms_span_sub(ms_buf_span(&b), 0, n), &q), -EBADMSG);
	ms_buf_done(&b);
}

static void test_round_trip(void **state)
{
	(void)state;
	round_trip("10.0.0.1:2944", "192.0.2.1:65535");
	round_trip("[2001:db8::1]:5060", "[2001:db8::2]:1");
}

static void test_refused(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
	} bad[] = {
		{ "HEP2\0\6", 6 },
		{ "HEP3\0\7", 6 },
		{ "HEP3\0\14\0\0\0\17\0\5", 12 },               /* a chunk shorter than its head */
		{ "HEP3\0\15\0\0\0\2\0\10\21", 13 },            /* a chunk past the end */
		{ "HEP3\0\16\0\0\0\2\0\10\21\21", 14 },         /* an octet that is two */
		{ "HEP3\0\17\0\0\0\3\0\11\1\1\1", 15 },         /* a host of three octets */
		{ "HEP3\0\20\0\0\0\12\0\12\0\17\102\100", 16 }, /* a million microseconds */
	};
	struct ms_hep_packet p;

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++)
		assert_int_equal(ms_hep_read(ms_span_of(bad[i].octets, bad[i].len), &p), -EBADMSG);
	assert_int_equal(ms_hep_read(MS_SPAN_LIT("HEP3\0\6"), &p), 0); /* empty, but one */
	assert_int_equal(ms_hep_read(MS_SPAN_LIT("HEP3\0\20\0\0\0\12\0\12\0\17\102\77"), &p), 0);
	assert_int_equal(p.time, MS_SEC - 1);
}

static void test_event(void **state)
{
	struct ms_buf b;

	(void)state;
	ms_buf_init(&b, 1000);
	ms_hep_put_event(&b, MS_SPAN_LIT("tls \"up\""), MS_SPAN_LIT("a\\b\x01\xc3"));
	assert_string_equal(ms_buf_cstr(&b), "{\"event\":\"tls \\\"up\\\"\",\"detail\":"
					     "\"a\\\\b\\u0001\\u00c3\"}");
	ms_buf_reset(&b);
	ms_hep_put_event(&b, MS_SPAN_LIT("tcp up"), MS_SPAN_NULL);
	assert_string_equal(ms_buf_cstr(&b), "{\"event\":\"tcp up\"}");
	ms_buf_done(&b);
}

static void test_long_payload_is_cut(void **state)
{
	static uint8_t octets[70000];
	struct ms_hep_packet p = sample(), q;
	struct ms_buf b;

	(void)state;
	p.payload = ms_span_of(octets, sizeof(octets));
	ms_buf_init(&b, 70000);
	ms_hep_put(&b, &p);
	assert_int_equal(ms_hep_read(ms_buf_span(&b), &q), 0);
	assert_int_equal(q.payload.len, MS_HEP_PAYLOAD_MAX);
	ms_buf_done(&b);
}

static int collector(struct ms_addr *ret_at)
{
	struct ms_addr any = addr("127.0.0.1:0");
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, &any.u.sa, any.len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(ms_addr_from_sockaddr((struct sockaddr *)&at, len, ret_at), 0);
	return fd;
}

static void test_sender(void **state)
{
	struct ms_addr at, from = addr("10.0.0.1:1"), to = addr("10.0.0.2:2");
	struct ms_hep_sender *h;
	struct ms_hep_packet p;
	uint8_t octets[2000];
	int fd = collector(&at);

	(void)state;
	assert_int_equal(ms_hep_sender_new(&at, 77, MS_SPAN_LIT("secret"), &h), 0);
	ms_hep_send_event(h, &from, &to, MS_SPAN_LIT("agw1/7"), "tcp up", NULL);
	ssize_t n = recv(fd, octets, sizeof(octets), 0);
	assert_true(n > 0);
	assert_int_equal(ms_hep_read(ms_span_of(octets, (size_t)n), &p), 0);
	assert_int_equal(p.agent, 77);
	assert_int_equal(p.protocol, MS_HEP_LOG);
	assert_true(p.time > 1000 * MS_SEC);
	assert_true(ms_span_is(p.key, "secret"));
	assert_true(ms_span_is(p.correlation, "agw1/7"));
	assert_true(ms_span_is(p.payload, "{\"event\":\"tcp up\"}"));
	assert_int_equal(ms_hep_counts(h)->sent, 1);
	close(fd);
	/* nobody there: counted, and nothing else */
	for (int i = 0; i < 10; i++)
		ms_hep_send_event(h, &from, &to, MS_SPAN_NULL, "x", NULL);
	assert_true(ms_hep_counts(h)->lost > 0);
	h = ms_hep_sender_free(h);
	ms_hep_send(NULL, &p);
	assert_null(h);
}

static int make_once(void *arg)
{
	struct ms_hep_sender *h = NULL;
	struct ms_addr at = addr("127.0.0.1:9");
	int err = ms_hep_sender_new(&at, 1, MS_SPAN_NULL, &h);

	(void)arg;
	if (err == 0)
		ms_hep_send_event(h, &at, &at, MS_SPAN_NULL, "x", "y");
	ms_hep_sender_free(h);
	return err;
}

static void test_torture(void **state)
{
	(void)state;
	assert_true(ms_test_torture(make_once, NULL) > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_octets),  cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_event),
		cmocka_unit_test(test_sender),  cmocka_unit_test(test_long_payload_is_cut),
		cmocka_unit_test(test_torture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
