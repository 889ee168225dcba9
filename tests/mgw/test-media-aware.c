/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of endpoints that are aware of MSRP: paths per leg, answers of ours, waiting for paths, endings. */
#include "media-lab.h"

#define A "msrp://a.example:7001/alice;tcp"
#define B "msrp://b.example:7002/bob;tcp"
#define OWN_A "msrp://gw.example:9001/left;tcp"
#define OWN_B "msrp://gw.example:9002/right;tcp"

static int setup(void **state MS_UNUSED)
{
	lab_open(NULL);
	return 0;
}

static int teardown(void **state MS_UNUSED)
{
	lab_close();
	return 0;
}

static struct ms_bearer aware(uint16_t port, const char *own, const char *peer)
{
	struct ms_bearer b = lab_bearer(port);

	b.application = MS_BEARER_MSRP;
	snprintf(b.local_path, sizeof(b.local_path), "%s", own);
	snprintf(b.remote_path, sizeof(b.remote_path), "%s", peer);
	return b;
}

struct both {
	int a, b;
};

/* `peer_b`: what is known of B's path so far. */
static struct both open_both(const char *peer_b)
{
	struct ms_bearer a = aware(LAB_PORT_A, OWN_A, A), b = aware(LAB_PORT_B, OWN_B, peer_b);
	int listener = lab_listen(LAB_PEER_B);
	struct both p;

	a.incoming = MS_BEARER_FORWARD;
	b.remote = lab_address(LAB_PEER_B);
	lab_set_pair(&a, &b);
	p.a = lab_connect(0, LAB_PORT_A);
	p.b = lab_accept(listener);
	close(listener);
	LAB_UNTIL(ms_media_stats(lab.media)->up == 2);
	return p;
}

static void close_both(struct both *p)
{
	close(p->a);
	close(p->b);
}

#define SEND(tid)                                                  \
	"MSRP " tid " SEND\r\nTo-Path: " OWN_A "\r\nFrom-Path: " A \
	"\r\nMessage-ID: 1234\r\nContent-Type: text/plain\r\n\r\nhello\r\n-------" tid "$\r\n"

/* What comes, up to and with the end-line of the first message; its identifier. */
static void receive(int fd, char text[static 1024], char tid[static 33])
{
	size_t n = 0;
	ssize_t r;

	text[0] = 0;
	LAB_UNTIL((r = recv(fd, text + n, 1, 0), n += r > 0 ? (size_t)r : 0, text[n] = 0,
		   strstr(text, "\r\n-------") && strstr(text, "$\r\n")) ||
		  n == 1023);
	size_t len = strcspn(text + 5, " ");

	assert_in_range(len, 4, 32);
	memcpy(tid, text + 5, len);
	tid[len] = 0;
}

static void test_both_ways(void **state MS_UNUSED)
{
	struct both p = open_both(B);
	char text[1024], tid[33], answer[512];

	lab_send(p.a, SEND("aaaa"));
	receive(p.b, text, tid);
	assert_string_not_equal(tid, "aaaa");
	assert_non_null(strstr(text, " SEND\r\nTo-Path: " B "\r\nFrom-Path: " OWN_B
				     "\r\nMessage-ID: 1234\r\n"));
	assert_non_null(strstr(text, "\r\n\r\nhello\r\n-------"));
	snprintf(answer, sizeof(answer),
		 "MSRP %s 200 OK\r\nTo-Path: " OWN_B "\r\nFrom-Path: " B "\r\n-------%s$\r\n", tid,
		 tid);
	lab_send(p.b, answer);
	lab_expect(p.a, "MSRP aaaa 200 OK\r\nTo-Path: " A "\r\nFrom-Path: " OWN_A
			"\r\n-------aaaa$\r\n");
	assert_int_equal(ms_media_stats(lab.media)->msrp_sends, 1);
	assert_int_equal(ms_media_stats(lab.media)->msrp_responses, 1);
	close_both(&p);
}

static void test_refused(void **state MS_UNUSED)
{
	struct both p = open_both(B);

	lab_send(p.a, "MSRP aaaa SEND\r\nTo-Path: " OWN_B "\r\nFrom-Path: " A
		      "\r\nMessage-ID: 1234\r\n-------aaaa$\r\n");
	lab_expect(p.a, "MSRP aaaa 481 Session does not exist\r\nTo-Path: " A
			"\r\nFrom-Path: " OWN_B "\r\n-------aaaa$\r\n");
	assert_int_equal(ms_media_stats(lab.media)->msrp_refused, 1);
	assert_int_equal(ms_media_stats(lab.media)->up, 2);
	close_both(&p);
}

/* The far path comes with the answer: until then nothing is read, and then nothing is lost. */
static void test_path_later(void **state MS_UNUSED)
{
	struct both p = open_both("");
	struct ms_bearer b = aware(LAB_PORT_B, OWN_B, B);
	char text[1024], tid[33];

	lab_send(p.a, SEND("aaaa"));
	LAB_FOR(5 * MS_MSEC);
	assert_int_equal(recv(p.b, text, 1, 0), -1);
	b.remote = lab_address(LAB_PEER_B);
	assert_int_equal(lab_set(2, &b), 0);
	receive(p.b, text, tid);
	assert_non_null(strstr(text, "To-Path: " B "\r\n"));
	close_both(&p);
}

static void test_not_msrp(void **state MS_UNUSED)
{
	struct both p = open_both(B);

	lab_send(p.a, "GET / HTTP/1.1\r\n\r\n");
	(void)lab_end(p.a);
	(void)lab_end(p.b);
	LAB_UNTIL(ms_media_stats(lab.media)->up == 0);
	assert_non_null(lab_event(1, MS_BEARER_RELEASED));
	close_both(&p);
}

/* One of the two does not want it: octets pass as they are. */
static void test_one_sided(void **state MS_UNUSED)
{
	struct both p = open_both(B);
	struct ms_bearer b = lab_bearer(LAB_PORT_B);

	b.remote = lab_address(LAB_PEER_B);
	assert_int_equal(lab_set(2, &b), 0);
	lab_send(p.a, "anything");
	lab_expect(p.b, "anything");
	close_both(&p);
}

/* B does not read: A is held back, everything arrives at last, and in order. */
static void test_back_pressure(void **state MS_UNUSED)
{
	static char message[9000], got[1 << 16];
	struct both p = open_both(B);
	size_t sent = 0, begun = 0, seen = 0, ends = 0, at = 0;
	int len = snprintf(
		message, sizeof(message),
		"MSRP aaaa SEND\r\nTo-Path: " OWN_A "\r\nFrom-Path: " A
		"\r\nMessage-ID: 1234\r\nContent-Type: text/plain\r\n\r\n%08000d\r\n-------aaaa$\r\n",
		0);
	ms_usec until = ms_clock_mono() + 300 * MS_MSEC;

	while (ms_clock_mono() < until && sent < (size_t)64 << 20) {
		ssize_t n = send(p.a, message + at, (size_t)len - at, MSG_NOSIGNAL);
		if (n > 0) {
			begun += at == 0;
			sent += (size_t)n;
			at = (at + (size_t)n) % (size_t)len;
		}
		lab_round();
	}
	assert_true(ms_media_stats(lab.media)->waiting < 1 << 20);
	while (at)
		LAB_UNTIL((ends = (size_t)recv(p.b, got, sizeof(got), 0),
			   ends = ends == (size_t)-1 ? 0 : ends, seen += ends,
			   ends = (size_t)send(p.a, message + at, (size_t)len - at, MSG_NOSIGNAL),
			   at = ends == (size_t)-1 ? at : (at + ends) % (size_t)len, at == 0));
	LAB_UNTIL((ends = (size_t)recv(p.b, got, sizeof(got), 0),
		   seen += ends == (size_t)-1 ? 0 : ends,
		   seen >= begun * 8000 && ms_media_stats(lab.media)->waiting == 0 &&
			   ends == (size_t)-1));
	assert_int_equal(ms_media_stats(lab.media)->msrp_sends, begun);
	close_both(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_both_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_path_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_msrp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_sided, setup, teardown),
		cmocka_unit_test_setup_teardown(test_back_pressure, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
