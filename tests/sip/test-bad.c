/* SPDX-License-Identifier: Apache-2.0 */
/* What hostile and broken peers send: raw octets over UDP and TCP, and a network that loses packets. */
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static struct user alice, bob;

static void request(struct ms_sip *sip, const struct ms_sip_message *m, void *arg)
{
	world_take(arg, m);
	world_note(arg, 'q');
	assert_int_equal(ms_sip_reply(sip, m, 200, NULL, NULL), 0);
}

static const struct ms_sip_handlers bobs = { .request = request, .invite = world_invite };

/* ---- a peer that sends what it likes ---- */

static struct {
	int fd;
	struct ms_watch watch;
	char got[4096];
	size_t len;
	bool ended, asking;
} raw;

static void raw_ready(unsigned events MS_UNUSED, void *arg MS_UNUSED)
{
	ssize_t n = recv(raw.fd, raw.got + raw.len, sizeof(raw.got) - 1 - raw.len, MSG_DONTWAIT);

	if (n > 0) {
		raw.len += (size_t)n;
	} else if (n == 0 || errno != EAGAIN) {
		raw.ended = true;
		ms_watch_stop(&raw.watch);
	}
	if (raw.asking)
		ms_loop_stop();
}

static void raw_open(int type, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	memset(&raw, 0, sizeof(raw));
	raw.fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	assert_true(raw.fd >= 0);
	assert_int_equal(connect(raw.fd, (struct sockaddr *)&to, sizeof(to)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(
			setsockopt(raw.fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)), 0);
	ms_watch_init(&raw.watch, "raw", raw_ready, NULL);
	assert_int_equal(ms_watch_set(&raw.watch, raw.fd, MS_LOOP_READ), 0);
}

static void raw_close(void)
{
	ms_watch_stop(&raw.watch);
	close(raw.fd);
}

/* Sends what should not be answered. */
static void raw_send(const char *octets, size_t n)
{
	raw.len = 0;
	memset(raw.got, 0, sizeof(raw.got));
	assert_int_equal(send(raw.fd, octets, n, MSG_NOSIGNAL), n);
	world_pass(20);
}

/* Sends what should be: waits for the answer or the end, and for what follows it at once. */
static void raw_ask(const char *octets, size_t n)
{
	raw.len = 0;
	memset(raw.got, 0, sizeof(raw.got));
	assert_int_equal(send(raw.fd, octets, n, MSG_NOSIGNAL), n);
	raw.asking = true;
	if (!raw.ended)
		world_pass(3000);
	raw.asking = false;
	world_pass(20);
}

/*
 * Sends a request made of the parts and expects that status; 0: no answer at all. Each has a branch
 * and, unless `id` is NULL, a Call-ID of its own: else it would be a merged request (482).
 */
static void expect_id(unsigned status, const char *start, const char *id, const char *headers,
		      const char *body)
{
	static unsigned branch;
	char text[4096], wanted[32];
	int n = snprintf(
		text, sizeof(text),
		"%s\r\nVia: SIP/2.0/UDP 127.0.0.1:5;branch=z9hG4bKx%u;rport\r\n%s%u\r\n%s\r\n%s",
		start, branch + 1, id ? id : "X-None: ", branch + 1, headers, body);

	branch++;
	assert_true(n > 0 && (size_t)n < sizeof(text));
	if (status == 0) {
		raw_send(text, (size_t)n);
		assert_int_equal(raw.len, 0);
		return;
	}
	raw_ask(text, (size_t)n);
	(void)snprintf(wanted, sizeof(wanted), "SIP/2.0 %u ", status);
	assert_memory_equal(raw.got, wanted, strlen(wanted));
}

static void expect(unsigned status, const char *start, const char *headers, const char *body)
{
	expect_id(status, start, "Call-ID: id", headers, body);
}

#define START "MESSAGE sip:bob@127.0.0.1 SIP/2.0"
#define FROM "From: <sip:x@y>;tag=1\r\n"
#define TO "To: <sip:bob@127.0.0.1>\r\n"
#define SEQ "CSeq: 1 MESSAGE\r\n"

static void still_alive(void)
{
	struct ms_sip_request_spec spec = { .method = "MESSAGE", .uri = bob.uri };

	alice.log[0] = '\0';
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL), 0);
	world_until(&alice, "r", 3000);
	assert_int_equal(alice.status, 200);
}

static void open_both(void)
{
	world_open(&alice, "alice", "127.0.0.1", MS_SIP_UDP, NULL, NULL);
	world_open(&bob, "bob", "127.0.0.1", MS_SIP_UDP, &bobs, NULL);
}

static void close_both(void)
{
	world_close(&alice);
	world_close(&bob);
}

static void test_malformed_udp(void **state MS_UNUSED)
{
	open_both();
	raw_open(SOCK_DGRAM, ms_sip_port(bob.sip, 0));
	expect(200, START, FROM TO SEQ, "");
	/* Required headers, one by one. */
	expect(400, START, TO SEQ, "");
	expect(400, START, FROM SEQ, "");
	expect_id(400, START, NULL, FROM TO SEQ, "");
	expect(400, START, FROM TO, "");
	expect(400, START, FROM TO "CSeq: 1 OPTIONS\r\n", "");
	expect(400, START, FROM TO SEQ "Content-Length: 5\r\n", "abc");
	expect(400, START, FROM TO SEQ "Content-Length: -1\r\n", "");
	expect(400, START, FROM TO SEQ "Content-Length: 99999999999999999999999\r\n", "");
	expect(416, "MESSAGE tel:+4912345 SIP/2.0", FROM TO SEQ, "");
	expect(420, START, FROM TO SEQ "Require: precondition\r\n", "");
	assert_non_null(strstr(raw.got, "Unsupported: precondition\r\n"));
	expect(481, "BYE sip:bob@127.0.0.1 SIP/2.0",
	       FROM "To: <sip:bob@x>;tag=nope\r\nCSeq: 2 BYE\r\n", "");
	expect(481, "BYE sip:bob@127.0.0.1 SIP/2.0", FROM TO "CSeq: 2 BYE\r\n", "");
	expect(481, "CANCEL sip:bob@127.0.0.1 SIP/2.0", FROM TO "CSeq: 2 CANCEL\r\n", "");
	expect(0, "ACK sip:bob@127.0.0.1 SIP/2.0", FROM TO "CSeq: 2 ACK\r\n", "");
	/* An INVITE that no dialog can be made of, since it has no Contact. */
	expect(400, "INVITE sip:bob@127.0.0.1 SIP/2.0", FROM TO "CSeq: 2 INVITE\r\n", "");
	expect(489, "SUBSCRIBE sip:bob@127.0.0.1 SIP/2.0", FROM TO "CSeq: 2 SUBSCRIBE\r\n", "");
	assert_true(ms_sip_counter(bob.sip, MS_SIP_MALFORMED) >= 8);
	still_alive();
	raw_close();
	close_both();
}

static void test_garbage_udp(void **state MS_UNUSED)
{
	static const char *const garbage[] = {
		"",
		"x",
		"\r\n\r\n\r\n\r\n",
		"SIP/2.0 200 OK\r\n\r\n",
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCSeq: 1 INVITE\r\n\r\n",
		"SIP/2.0 99999 x\r\nVia: x\r\n\r\n",
		"MESSAGE\r\n\r\n",
		"MESSAGE sip:bob@127.0.0.1 SIP/2.0\r\n\r\n",
		"MESSAGE sip:bob@127.0.0.1 SIP/2.0\r\nVia: \r\n\r\n",
		"MESSAGE sip:bob@127.0.0.1 SIP/2.0\r\n: x\r\n\r\n",
		"MESSAGE sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n \r\n \r\nFrom",
		"INVITE sip:[::::]:99999999 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1\r\n\r\n",
	};

	open_both();
	raw_open(SOCK_DGRAM, ms_sip_port(bob.sip, 0));
	still_alive();
	for (size_t i = 0; i < MS_ARRAY_SIZE(garbage); i++)
		raw_send(garbage[i], strlen(garbage[i]));
	assert_true(ms_sip_counter(bob.sip, MS_SIP_MALFORMED) >= 9);
	/* STUN is not SIP: no answer. */
	raw_send("\0\1\0\0\x21\x12\xa4\x42"
		 "0123456789ab",
		 20);
	assert_int_equal(raw.len, 0);
	raw_send("MESSAGE sip:\0bob@x SIP/2.0\r\n\r\n", 31);
	still_alive();
	raw_close();
	close_both();
}

static void test_tcp_stream(void **state MS_UNUSED)
{
	static char flood[160 * 1024];
	static const char head[] = START
		"\r\nVia: SIP/2.0/TCP 127.0.0.1:5;branch=z9hG4bKs\r\n" FROM TO "Call-ID: t\r\n" SEQ;

	open_both();
	/* One message in three pieces, and the next right behind it. */
	raw_open(SOCK_STREAM, ms_sip_port(bob.sip, 0));
	raw_send(head, 20);
	raw_send(head + 20, sizeof(head) - 21);
	assert_int_equal(raw.len, 0);
	raw_send("Content-Length: 3\r\n\r\nab", 23);
	assert_int_equal(raw.len, 0);
	raw_ask("c\r\n\r\n", 5);
	assert_memory_equal(raw.got, "SIP/2.0 200 ", 12);
	assert_memory_equal(bob.body, "abc", 3);
	/* Without Content-Length there is no next message on a stream. */
	raw_send(head, sizeof(head) - 1);
	raw_ask("\r\n", 2);
	assert_true(raw.ended);
	raw_close();
	/* A head that never ends. */
	raw_open(SOCK_STREAM, ms_sip_port(bob.sip, 0));
	memset(flood, 'a', sizeof(flood));
	memcpy(flood, head, sizeof(head) - 1);
	raw_ask(flood, sizeof(flood));
	assert_true(raw.ended);
	raw_close();
	still_alive();
	close_both();
}

/* More than we take, but less than would break the stream: refused in SIP's own words. */
static void test_body_over_limit(void **state MS_UNUSED)
{
	struct ms_sip_bind bind = { MS_SIP_TCP, "127.0.0.1", 0 };
	struct ms_sip_config config = { .binds = &bind, .n_binds = 1, .limits = { .body = 60000 } };
	struct ms_sip_account_config account = { .identity = "sip:u@127.0.0.1" };
	static char body[MS_SIP_BODY_MAX + 100];
	struct ms_sip_request_spec spec = { .method = "MESSAGE",
					    .uri = bob.uri,
					    .content = { .type = "text/plain" } };
	struct ms_sip_account *a;
	struct ms_sip *generous;

	open_both();
	memset(body, 'x', sizeof(body));
	spec.content.body = ms_span_of(body, sizeof(body));
	assert_int_equal(ms_sip_new(&config, NULL, &generous), 0);
	assert_int_equal(ms_sip_account_new(generous, &account, &a), 0);
	assert_int_equal(ms_sip_request(a, &spec, world_response, &alice, NULL), 0);
	world_until(&alice, "r", 3000);
	assert_int_equal(alice.status, 413);
	ms_sip_free(generous);
	close_both();
}

/* ---- a network that loses packets: between Alice and Bob's port ---- */

static struct relay {
	int fd;
	uint16_t port;
	struct ms_watch watch;
	struct sockaddr_in alice, bob;
	unsigned seen, lose; /* bit n of `lose`: the n-th packet is lost */
} relay;

static void relay_ready(unsigned events MS_UNUSED, void *arg MS_UNUSED)
{
	uint8_t packet[65536];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(relay.fd, packet, sizeof(packet), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len);
	bool from_bob = from.sin_port == relay.bob.sin_port;

	if (n <= 0)
		return;
	if (!from_bob)
		relay.alice = from;
	if (relay.lose >> relay.seen++ & 1)
		return;
	(void)sendto(relay.fd, packet, (size_t)n, 0,
		     (struct sockaddr *)(from_bob ? &relay.alice : &relay.bob), sizeof(from));
}

static void relay_open(unsigned lose)
{
	struct sockaddr_in me = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	memset(&relay, 0, sizeof(relay));
	relay.lose = lose;
	relay.bob = me;
	relay.bob.sin_port = htons(ms_sip_port(bob.sip, 0));
	relay.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (relay.port = 11150; relay.port < 11190; relay.port++) {
		me.sin_port = htons(relay.port);
		if (bind(relay.fd, (struct sockaddr *)&me, sizeof(me)) == 0)
			break;
	}
	assert_true(relay.port < 11190);
	ms_watch_init(&relay.watch, "relay", relay_ready, NULL);
	assert_int_equal(ms_watch_set(&relay.watch, relay.fd, MS_LOOP_READ), 0);
}

static void relay_close(void)
{
	ms_watch_stop(&relay.watch);
	close(relay.fd);
}

/* First the request is lost, then the answer: once each, and Bob's user hears of it once. */
static void test_message_with_loss(void **state MS_UNUSED)
{
	char uri[64];
	struct ms_sip_request_spec spec = { .method = "MESSAGE", .uri = uri };

	open_both();
	relay_open(1 << 0 | 1 << 2);
	(void)snprintf(uri, sizeof(uri), "sip:bob@127.0.0.1:%u", (unsigned)relay.port);
	assert_int_equal(ms_sip_request(alice.account, &spec, world_response, &alice, NULL), 0);
	world_until(&alice, "r", 5000);
	assert_int_equal(alice.status, 200);
	assert_string_equal(bob.log, "q");
	assert_in_range(relay.seen, 5, 8); /* lost, request, lost answer, request, answer */
	relay_close();
	close_both();
}

/* INVITE, 100, 180, 200 all suffer; the 200 is repeated by Bob until the ACK. */
static void test_call_with_loss(void **state MS_UNUSED)
{
	char uri[64];

	open_both();
	relay_open(1 << 0 | 1 << 2 | 1 << 3 | 1 << 4);
	(void)snprintf(uri, sizeof(uri), "sip:bob@127.0.0.1:%u", (unsigned)relay.port);
	world_call(&alice, uri, "A");
	world_until(&alice, "a", 5000);
	world_until(&bob, "ik", 5000);
	ms_sip_session_end(bob.session, NULL);
	world_until(&alice, "ac", 5000);
	relay_close();
	close_both();
}

/* Replaces the line of `text` that begins with `name`; with `keep`, adds to it instead. */
static void edit_line(char *text, size_t size, const char *name, bool keep, const char *with)
{
	char rest[2048], key[64];
	char *line, *end;

	(void)snprintf(key, sizeof(key), "\r\n%s: ", name);
	line = strstr(text, key);
	assert_non_null(line);
	end = strstr(line + 2, "\r\n");
	assert_non_null(end);
	(void)snprintf(rest, sizeof(rest), "%s", end);
	if (!keep)
		end = line + strlen(key);
	(void)snprintf(end, size - (size_t)(end - text), "%s%s", with, rest);
}

/* The 200 to the INVITE in raw.got: its own headers, with a tag and our Contact. */
static void make_ok(char *ok, size_t size, const char *uri)
{
	char contact[80];
	char *end = strstr(raw.got, "\r\n\r\n");

	assert_memory_equal(raw.got, "INVITE ", 7);
	assert_non_null(end);
	end[4] = '\0';
	(void)snprintf(ok, size, "SIP/2.0 200 OK%s", strstr(raw.got, "\r\n"));
	(void)snprintf(contact, sizeof(contact), "<%s>", uri);
	edit_line(ok, size, "To", true, ";tag=raw");
	edit_line(ok, size, "Contact", false, contact);
	edit_line(ok, size, "Content-Length", false, "0");
}

/* Our ACK is lost: the 200 comes again, and so does the ACK; the user hears of neither. */
static void test_ack_repeated(void **state MS_UNUSED)
{
	struct sockaddr_in me;
	socklen_t len = sizeof(me);
	char ok[2048], uri[64];

	open_both();
	raw_open(SOCK_DGRAM, ms_sip_port(alice.sip, 0));
	assert_int_equal(getsockname(raw.fd, (struct sockaddr *)&me, &len), 0);
	(void)snprintf(uri, sizeof(uri), "sip:raw@127.0.0.1:%u", (unsigned)ntohs(me.sin_port));
	raw.asking = true;
	world_call(&alice, uri, "offer");
	world_pass(3000);
	raw.asking = false;
	make_ok(ok, sizeof(ok), uri);
	raw_ask(ok, strlen(ok));
	assert_memory_equal(raw.got, "ACK ", 4);
	raw_ask(ok, strlen(ok));
	assert_memory_equal(raw.got, "ACK ", 4);
	assert_string_equal(alice.log, "a");
	/* Another branch of a forking proxy answers too: acknowledged and ended. */
	memcpy(strstr(ok, ";tag=raw"), ";tag=two", 8);
	raw_ask(ok, strlen(ok));
	assert_memory_equal(raw.got, "ACK ", 4);
	assert_non_null(strstr(raw.got, "\r\n\r\nBYE "));
	assert_non_null(strstr(raw.got, ";tag=two"));
	assert_string_equal(alice.log, "a");
	raw_close();
	close_both();
}

/* ---- names: a DNS server that knows one ---- */

static struct {
	int fd;
	uint16_t port;
	struct ms_watch watch;
} dns;

/* Answers A questions for names that begin with 'b' with 127.0.0.1, all others with nothing. */
static void dns_ready(unsigned events MS_UNUSED, void *arg MS_UNUSED)
{
	static const uint8_t answer[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1 };
	uint8_t packet[600];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(dns.fd, packet, 512, MSG_DONTWAIT, (struct sockaddr *)&from, &len);

	if (n < 17)
		return;
	packet[2] |= 0x80; /* a response */
	packet[3] = 0x80;
	if (packet[n - 3] == 1 && packet[13] == 'b') {
		packet[7] = 1;
		memcpy(packet + n, answer, sizeof(answer));
		n += (ssize_t)sizeof(answer);
	}
	(void)sendto(dns.fd, packet, (size_t)n, 0, (struct sockaddr *)&from, len);
}

static void dns_open(void)
{
	struct sockaddr_in me = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	dns.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (dns.port = 11100; dns.port < 11150; dns.port++) {
		me.sin_port = htons(dns.port);
		if (bind(dns.fd, (struct sockaddr *)&me, sizeof(me)) == 0)
			break;
	}
	assert_true(dns.port < 11150);
	ms_watch_init(&dns.watch, "dns", dns_ready, NULL);
	assert_int_equal(ms_watch_set(&dns.watch, dns.fd, MS_LOOP_READ), 0);
}

static void test_names(void **state MS_UNUSED)
{
	struct ms_sip_bind bind = { MS_SIP_UDP, "127.0.0.1", 0 };
	char server[32], uri[64];
	struct ms_sip_config config = {
		.binds = &bind, .n_binds = 1, .dns = true, .dns_server = server
	};
	struct ms_sip_account_config account = { .identity = "sip:u@host.example" };
	struct ms_sip_request_spec spec = { .method = "MESSAGE", .uri = uri };
	struct ms_sip_account *a;
	struct ms_sip *sip;

	open_both();
	dns_open();
	(void)snprintf(server, sizeof(server), "127.0.0.1:%u", (unsigned)dns.port);
	assert_int_equal(ms_sip_new(&config, NULL, &sip), 0);
	assert_int_equal(ms_sip_account_new(sip, &account, &a), 0);
	(void)snprintf(uri, sizeof(uri), "sip:bob@bob.example:%u",
		       (unsigned)ms_sip_port(bob.sip, 0));
	assert_int_equal(ms_sip_request(a, &spec, world_response, &alice, NULL), 0);
	world_until(&alice, "r", 3000);
	assert_int_equal(alice.status, 200);
	(void)snprintf(uri, sizeof(uri), "sip:bob@nobody.example:9");
	assert_int_equal(ms_sip_request(a, &spec, world_response, &alice, NULL), 0);
	world_until(&alice, "re", 3000);
	assert_int_equal(alice.err, -EDESTADDRREQ);
	ms_sip_free(sip);
	ms_watch_stop(&dns.watch);
	close(dns.fd);
	close_both();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_malformed_udp),     cmocka_unit_test(test_garbage_udp),
		cmocka_unit_test(test_tcp_stream),        cmocka_unit_test(test_body_over_limit),
		cmocka_unit_test(test_message_with_loss), cmocka_unit_test(test_call_with_loss),
		cmocka_unit_test(test_ack_repeated),      cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
