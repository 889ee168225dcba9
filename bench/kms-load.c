/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load on a key management server: REQUEST_INIT or RESOLVE_INIT messages with keys of real users,
 * each with a timestamp and random values of its own, over keep-alive HTTP connections with one
 * request in flight on each. Messages are built before the clock starts. Prints answers a second,
 * and a second of CPU time of the server's processes.
 *
 *   kms-load --port P --users FILE --kms IDENTITY [options]
 *     FILE has lines "NAME IDENTITY KEY-ID HEX"
 *     --mode request|resolve   which exchange (request)
 *     --messages N             in each round (100000)
 *     --rounds N               rounds; medians are printed at the end (5)
 *     --connections N          (64)
 *     --pids PID,...           the server's processes, for CPU time
 *     --responder URI          whom tickets are for (?@?)
 *     --pace N                 messages a second instead of as fast as possible
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/hex.h"
#include "mikey/request.h"
#include "mikey/resolve.h"
#include "mikey/transfer.h"

#define USERS_MAX 100000
#define TICKETS_MAX 512
#define PIDS_MAX 8
#define ROUNDS_MAX 64
#define CONNECTIONS_MAX 4096
#define REPLY_MAX 8192
#define HTTP_MAX ((size_t)8192)

struct user {
	char identity[128], key_id[64];
	struct ms_secret key;
};

struct message {
	size_t at, len; /* in the arena */
};

struct conn {
	int fd;
	size_t message; /* in flight; SIZE_MAX: none */
	ms_usec sent;
	uint8_t reply[REPLY_MAX];
	size_t n;
};

struct round {
	double seconds, cpu;
	size_t answered, refused, failed;
};

static struct {
	const char *host, *users_file, *kms, *responder;
	uint16_t port;
	bool resolve;
	size_t messages, rounds, connections, pace;
	pid_t pid[PIDS_MAX];
	size_t n_pids;
} opt = {
	.host = "127.0.0.1", .responder = "?@?", .messages = 100000, .rounds = 5, .connections = 64
};

static struct user *users;
static size_t n_users;
static struct ms_profile profile;
static struct ms_mikey_local local;
static struct ms_mikey_clock issue_clock;
static struct ms_buf arena;
static struct message *messages;
static size_t next_message, n_messages;
static struct ms_buf tickets[TICKETS_MAX]; /* TRANSFER_INITs */
static size_t n_tickets;
static struct conn *conns;
static uint32_t *latency; /* microseconds */

static void die(const char *what)
{
	fprintf(stderr, "kms-load: %s%s%s\n", what, errno ? ": " : "",
		errno ? strerror(errno) : "");
	exit(1);
}

static ms_usec wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (ms_usec)t.tv_sec * MS_SEC + t.tv_nsec / 1000;
}

static ms_usec mono(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (ms_usec)t.tv_sec * MS_SEC + t.tv_nsec / 1000;
}

/* ---- users and messages ---- */

static void load_users(void)
{
	FILE *f = fopen(opt.users_file, "re");
	char line[512];

	if (!f)
		die(opt.users_file);
	users = ms_calloc(USERS_MAX, sizeof(*users));
	while (users && n_users < USERS_MAX && fgets(line, sizeof(line), f)) {
		struct ms_span rest = ms_span_trim(ms_span_str(line)), word[4];
		struct user *u = &users[n_users];
		struct ms_buf key;

		for (int i = 0; i < 4; i++)
			word[i] = ms_span_cut(&rest, ' ');
		ms_buf_init_fixed(&key, u->key.b, sizeof(u->key.b));
		if (ms_span_to_str(word[1], u->identity, sizeof(u->identity)) ||
		    ms_span_to_str(word[2], u->key_id, sizeof(u->key_id)) ||
		    ms_hex_decode(&key, word[3]))
			continue;
		u->key.len = key.len;
		n_users++;
	}
	fclose(f);
	errno = 0;
	if (n_users < 2)
		die("two users are needed at least");
}

static struct ms_mikey_id uri(const char *text)
{
	return (struct ms_mikey_id){ MS_MIKEY_ID_URI, ms_span_str(text) };
}

static struct ms_mikey_party party_of(const struct user *u)
{
	return (struct ms_mikey_party){
		.id = uri(u->identity),
		.kms = uri(opt.kms),
		.psk_id = { MS_MIKEY_ID_BYTES, ms_span_str(u->key_id) },
		.psk = ms_secret_span(&u->key),
		.suite = *ms_mikey_suite_of(&profile),
		.local = &local,
		.random = &ms_random_system,
		.clock = &issue_clock,
	};
}

static void put_http(const char *query, struct ms_span body)
{
	struct message *m = &messages[n_messages++];

	m->at = arena.len;
	ms_buf_printf(&arena,
		      "POST %s?%s=%s HTTP/1.1\r\nHost: kms.example\r\n"
		      "Content-Type: application/mikey\r\nContent-Length: %zu\r\n\r\n",
		      profile.kms_path, profile.kms_query, query, body.len);
	ms_buf_put_span(&arena, body);
	if (ms_buf_status(&arena))
		die("too many messages for memory");
	m->len = arena.len - m->at;
}

static const struct ms_mikey_wanted *wanted(void)
{
	static struct ms_mikey_id responder;
	static struct ms_mikey_wanted w = {
		.flags = MS_MIKEY_FLAG_D | MS_MIKEY_FLAG_E | MS_MIKEY_FLAG_F | MS_MIKEY_FLAG_G |
			 MS_MIKEY_FLAG_H | MS_MIKEY_FLAG_I | MS_MIKEY_FLAG_J | MS_MIKEY_FLAG_N |
			 MS_MIKEY_FLAG_O,
		.responder = &responder,
		.n_responders = 1,
	};

	responder = uri(opt.responder);
	return &w;
}

static void build_request(size_t i, struct ms_buf *scratch)
{
	struct ms_mikey_party me = party_of(&users[i % n_users]);
	struct ms_mikey_request *r = NULL;

	ms_buf_reset(scratch);
	if (ms_mikey_request_start(&me, wanted(), wall(), scratch, &r))
		die("cannot make a REQUEST_INIT");
	ms_mikey_request_free(r);
	put_http(profile.kms_request, ms_buf_span(scratch));
}

static void build_resolve(size_t i, struct ms_buf *scratch)
{
	static struct ms_mikey_message m;
	struct ms_mikey_party me = party_of(&users[(i * 7 + 1) % n_users]);
	struct ms_mikey_resolve *r = NULL;

	ms_buf_reset(scratch);
	if (ms_mikey_decode(ms_buf_span(&tickets[i % n_tickets]), &m, NULL) ||
	    ms_mikey_resolve_start(&me, &m.ticket, wall(), scratch, &r))
		die("cannot make a RESOLVE_INIT");
	ms_mikey_resolve_free(r);
	put_http(profile.kms_resolve, ms_buf_span(scratch));
}

static void build(void)
{
	struct ms_buf scratch;

	ms_buf_init(&scratch, HTTP_MAX);
	ms_buf_reset(&arena);
	n_messages = next_message = 0;
	for (size_t i = 0; i < opt.messages; i++) {
		if (opt.resolve)
			build_resolve(i, &scratch);
		else
			build_request(i, &scratch);
	}
	ms_buf_done(&scratch);
}

/* ---- connections ---- */

static int connect_one(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(opt.port) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, opt.host, &a.sin_addr);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* Length of the whole answer once its head is there, else 0. */
static size_t reply_len(struct ms_span all, int *ret_status, size_t *ret_body)
{
	static const char field[] = "ontent-Length: ";
	size_t end = ms_span_find_span(all, MS_SPAN_LIT("\r\n\r\n")), at;
	struct ms_span rest;
	uint64_t v = 0;

	if (end == all.len)
		return 0;
	*ret_status = all.len > 12
			      ? (all.p[9] - '0') * 100 + (all.p[10] - '0') * 10 + all.p[11] - '0'
			      : 0;
	*ret_body = end + 4;
	at = ms_span_find_span(all, MS_SPAN_LIT(field));
	rest = ms_span_from(all, at + sizeof(field) - 1);
	if (at < end && ms_span_u64(ms_span_cut(&rest, '\r'), REPLY_MAX, &v))
		return 0;
	return end + 4 + (size_t)v;
}

static void send_next(struct conn *c)
{
	const struct message *m;

	if (next_message == n_messages) {
		c->message = SIZE_MAX;
		return;
	}
	c->message = next_message++;
	m = &messages[c->message];
	c->n = 0;
	c->sent = mono();
	if (send(c->fd, arena.p + m->at, m->len, MSG_NOSIGNAL) != (ssize_t)m->len)
		die("send");
}

static bool receive(struct conn *c, struct round *r)
{
	ssize_t n = recv(c->fd, c->reply + c->n, sizeof(c->reply) - c->n, 0);
	size_t len, body = 0;
	int status = 0;

	if (n <= 0)
		die("the server closed a connection");
	c->n += (size_t)n;
	len = reply_len(ms_span_of(c->reply, c->n), &status, &body);
	if (len == 0 || c->n < len)
		return false;
	latency[r->answered + r->refused + r->failed] = (uint32_t)(mono() - c->sent);
	if (status != 200)
		r->failed++;
	else if (c->reply[body + 1] == MS_MIKEY_ERROR)
		r->refused++;
	else
		r->answered++;
	return true;
}

static size_t done_of(const struct round *r)
{
	return r->answered + r->refused + r->failed;
}

/* With a pace, connections rest until their message's time has come. */
static void start_paced(ms_usec start)
{
	size_t due = (size_t)((mono() - start) * (ms_usec)opt.pace / MS_SEC);

	for (size_t i = 0; i < opt.connections && next_message < due; i++)
		if (conns[i].message == SIZE_MAX)
			send_next(&conns[i]);
}

static void run(int ep, struct round *r)
{
	struct epoll_event e[256];
	ms_usec start = mono();

	for (size_t i = 0; i < opt.connections; i++) {
		conns[i].message = SIZE_MAX;
		if (!opt.pace)
			send_next(&conns[i]);
	}
	while (done_of(r) < n_messages) {
		int n;

		if (opt.pace)
			start_paced(start);
		n = epoll_wait(ep, e, 256, opt.pace ? 1 : 10000);
		if (n == 0 && !opt.pace)
			die("no answer for ten seconds");
		for (int i = 0; i < n; i++) {
			struct conn *c = e[i].data.ptr;

			if (!receive(c, r))
				continue;
			c->message = SIZE_MAX;
			if (!opt.pace)
				send_next(c);
		}
	}
	r->seconds = (double)(mono() - start) / 1e6;
}

/* ---- CPU time ---- */

static double cpu_of(pid_t pid)
{
	char path[64], text[1024], *p;
	int fd;
	ssize_t n;
	uint64_t t[2] = { 0, 0 };

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		die(path);
	text[n] = 0;
	p = strrchr(text, ')');
	/* After the name: state is field 3; utime and stime are 14 and 15. */
	for (int field = 2; p && field < 15; field++) {
		struct ms_span rest;

		p = strchr(p, ' ');
		if (p)
			p++;
		rest = ms_span_str(p);
		if (field >= 12 &&
		    ms_span_u64(ms_span_cut(&rest, ' '), UINT64_MAX, &t[field == 13]))
			t[field == 13] = 0;
	}
	return (double)(t[0] + t[1]) / (double)sysconf(_SC_CLK_TCK);
}

static double cpu_all(void)
{
	double sum = 0;

	for (size_t i = 0; i < opt.n_pids; i++)
		sum += cpu_of(opt.pid[i]);
	return sum;
}

/* ---- rounds ---- */

/* One ticket after the other over the first connection, each put into a TRANSFER_INIT. */
static void get_ticket(struct conn *c, const struct user *u)
{
	const struct ms_mikey_session session = { .cs_id = 1, .prot_type = local.prot_tls };
	const struct ms_mikey_offer offer = { .called = uri(users[0].identity),
					      .session = &session,
					      .n_sessions = 1 };
	struct ms_mikey_party me = party_of(u);
	struct ms_mikey_request *r = NULL;
	struct ms_mikey_ticket_held *h = NULL;
	struct ms_mikey_transfer *t = NULL;
	struct ms_fault fault = { 0 };
	struct ms_buf body;
	size_t len = 0, at = 0;
	int status = 0;

	ms_buf_init(&body, HTTP_MAX);
	if (ms_mikey_request_start(&me, wanted(), wall(), &body, &r))
		die("cannot make a REQUEST_INIT");
	ms_buf_reset(&arena);
	n_messages = next_message = 0;
	put_http(profile.kms_request, ms_buf_span(&body));
	send_next(c);
	while (len == 0 || c->n < len) {
		ssize_t n = recv(c->fd, c->reply + c->n, sizeof(c->reply) - c->n, 0);

		if (n <= 0)
			die("no answer");
		c->n += (size_t)n;
		len = reply_len(ms_span_of(c->reply, c->n), &status, &at);
	}
	if (status != 200 ||
	    ms_mikey_request_finish(r, ms_span_of(c->reply + at, len - at), wall(), &fault, &h)) {
		fprintf(stderr, "kms-load: status %d, %s\n", status,
			fault.reason ? fault.reason : "");
		die("no ticket");
	}
	ms_buf_init(&tickets[n_tickets], HTTP_MAX);
	if (ms_mikey_transfer_start(&me, h, &offer, wall(), &tickets[n_tickets], &t))
		die("cannot make a TRANSFER_INIT");
	n_tickets++;
	ms_mikey_transfer_free(t);
	ms_mikey_ticket_held_free(h);
	ms_mikey_request_free(r);
	ms_buf_done(&body);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_value);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static void print_round(size_t i, const struct round *r)
{
	size_t n = done_of(r);

	qsort(latency, n, sizeof(*latency), by_size);
	printf("round %zu: %zu answered, %zu refused, %zu failed in %.3f s: %.0f/s", i + 1,
	       r->answered, r->refused, r->failed, r->seconds, (double)n / r->seconds);
	if (r->cpu > 0)
		printf(", server CPU %.2f s: %.0f/CPU s", r->cpu, (double)n / r->cpu);
	printf(", p50 %u us, p99 %u us, max %u us\n", latency[n / 2], latency[n * 99 / 100],
	       latency[n - 1]);
	fflush(stdout);
}

static void all_rounds(int ep)
{
	double rate[ROUNDS_MAX], per_cpu[ROUNDS_MAX];

	for (size_t i = 0; i < opt.rounds; i++) {
		struct round r = { 0 };
		double before;

		build();
		before = cpu_all();
		run(ep, &r);
		r.cpu = cpu_all() - before;
		print_round(i, &r);
		rate[i] = (double)done_of(&r) / r.seconds;
		per_cpu[i] = r.cpu > 0 ? (double)done_of(&r) / r.cpu : 0;
		if (r.refused + r.failed > 0)
			exit(1);
	}
	printf("median %s: %.0f/s, %.0f/CPU s\n", opt.resolve ? "resolve" : "request",
	       median(rate, opt.rounds), median(per_cpu, opt.rounds));
}

static size_t number(const char *text, size_t min, size_t max)
{
	uint64_t v;

	if (ms_span_u64(ms_span_str(text), max, &v) || v < min)
		die(text);
	return (size_t)v;
}

static void take_pids(const char *text)
{
	struct ms_span rest = ms_span_str(text);
	uint64_t v;

	while (rest.len > 0 && opt.n_pids < PIDS_MAX) {
		if (ms_span_u64(ms_span_cut(&rest, ','), INT32_MAX, &v))
			die("--pids");
		opt.pid[opt.n_pids++] = (pid_t)v;
	}
}

static void take_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "host", 1, NULL, 'h' },   { "port", 1, NULL, 'p' },
		{ "users", 1, NULL, 'u' },  { "kms", 1, NULL, 'k' },
		{ "mode", 1, NULL, 'm' },   { "messages", 1, NULL, 'n' },
		{ "rounds", 1, NULL, 'r' }, { "connections", 1, NULL, 'c' },
		{ "pids", 1, NULL, 'P' },   { "responder", 1, NULL, 'R' },
		{ "pace", 1, NULL, 'a' },   { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			opt.host = optarg;
			break;
		case 'p':
			opt.port = (uint16_t)number(optarg, 1, 65535);
			break;
		case 'u':
			opt.users_file = optarg;
			break;
		case 'k':
			opt.kms = optarg;
			break;
		case 'm':
			opt.resolve = strcmp(optarg, "resolve") == 0;
			break;
		case 'n':
			opt.messages = number(optarg, 1, 20000000);
			break;
		case 'r':
			opt.rounds = number(optarg, 1, ROUNDS_MAX);
			break;
		case 'c':
			opt.connections = number(optarg, 1, CONNECTIONS_MAX);
			break;
		case 'P':
			take_pids(optarg);
			break;
		case 'R':
			opt.responder = optarg;
			break;
		case 'a':
			opt.pace = number(optarg, 1, 10000000);
			break;
		default:
			exit(2);
		}
	}
	if (!opt.port || !opt.users_file || !opt.kms) {
		fprintf(stderr, "usage: kms-load --port P --users FILE --kms IDENTITY [options]\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	int ep;

	take_options(argc, argv);
	profile = ms_profile_default;
	ms_mikey_local_init(&local, &profile);
	load_users();
	ms_buf_init(&arena, (size_t)8 << 30);
	messages = ms_calloc(opt.messages + 1, sizeof(*messages));
	latency = ms_calloc(opt.messages + 1, sizeof(*latency));
	conns = ms_calloc(opt.connections, sizeof(*conns));
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (!messages || !latency || !conns || ep < 0)
		die("memory");
	for (size_t i = 0; i < opt.connections; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = &conns[i] };

		conns[i].fd = connect_one();
		if (epoll_ctl(ep, EPOLL_CTL_ADD, conns[i].fd, &e) < 0)
			die("epoll");
	}
	errno = 0;
	for (size_t i = 0; opt.resolve && i < TICKETS_MAX && i < n_users; i++)
		get_ticket(&conns[0], &users[i]);
	all_rounds(ep);
	return 0;
}
