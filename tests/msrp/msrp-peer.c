/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An MSRP endpoint for tests over plain TCP: one connection, commands on standard input, events on
 * standard output, a line each, fields separated by tabs.
 *
 *   msrp-peer connect|listen HOST PORT OWN-URI [--chunk N] [--sessmatch] [--types LIST]
 *
 *   auth RELAY-URI [USER PASSWORD]       -> use-path PATH EXPIRES | auth-failed ERRNO CODE
 *   session active|passive REMOTE-PATH   a chat session
 *   send active|passive REMOTE-PATH FILE TYPE         -> selector VALUE, then file RESULT CODE
 *   receive active|passive REMOTE-PATH FILE SELECTOR [FIRST]  -> file RESULT CODE
 *   say TEXT [REPORTS]    REPORTS: "success", "failure=no", "failure=partial", with commas between
 *   big N TYPE            a message of N octets made up on the fly
 *   cancel | keepalive | counters | quit
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "msrp/auth.h"
#include "msrp/transfer.h"

#define PIECE 65536
#define FIELDS_MAX 8

struct program {
	int fd, file;
	struct ms_msrp_conn *conn;
	struct ms_msrp_session *session;
	struct ms_msrp_auth *auth;
	struct ms_msrp_file_tx *tx;
	struct ms_msrp_file_rx *rx;
	const char *uri, *types;
	size_t chunk;
	bool sessmatch, quit;
	uint64_t big;
	uint8_t in[PIECE], out[PIECE];
	size_t in_len, out_len, out_done;
	char command[65536];
	size_t command_len;
};

static ms_usec now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (ms_usec)t.tv_sec * MS_SEC + t.tv_nsec / 1000;
}

static void die(const char *what)
{
	fprintf(stderr, "msrp-peer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void check(int err, const char *what)
{
	if (err < 0) {
		errno = -err;
		die(what);
	}
}

/* Handlers of a chat session */

static int on_message(void *arg, struct ms_msrp_in *in, struct ms_span body)
{
	uint64_t sum = 0;

	(void)arg;
	for (size_t i = 0; i < body.len; i++)
		sum = sum * 31 + body.p[i];
	printf("message\t%.*s\t%zu\t%llu\t%.*s\n", MS_SPAN_FMT(ms_msrp_in_content_type(in)),
	       body.len, (unsigned long long)sum, MS_SPAN_FMT(ms_span_sub(body, 0, 200)));
	return 0;
}

static void on_reported(void *arg, struct ms_msrp_out *out, uint64_t first, uint64_t last)
{
	(void)arg;
	(void)out;
	printf("reported\t%llu\t%llu\n", (unsigned long long)first, (unsigned long long)last);
}

static void on_done(void *arg, struct ms_msrp_out *out, enum ms_msrp_outcome outcome, int code)
{
	static const char *const name[] = { "sent",      "accepted", "reported",   "refused",
					    "timed-out", "aborted",  "unconfirmed" };

	(void)arg;
	(void)out;
	printf("done\t%s\t%d\n", name[outcome], code);
}

static void on_duplicate(void *arg, struct ms_span id)
{
	(void)arg;
	printf("duplicate\t%.*s\n", MS_SPAN_FMT(id));
}

static void on_bound(void *arg)
{
	(void)arg;
	printf("bound\n");
}

static void on_failed(void *arg, int code)
{
	(void)arg;
	printf("failed\t%d\n", code);
}

static const struct ms_msrp_handlers chat_handlers = {
	.message = on_message,
	.duplicate = on_duplicate,
	.reported = on_reported,
	.done = on_done,
	.bound = on_bound,
	.failed = on_failed,
};

/* Files */

static int file_read(void *arg, uint64_t offset, uint8_t *dst, size_t size, size_t *ret_n)
{
	struct program *p = arg;
	ssize_t n = pread(p->file, dst, size, (off_t)offset);

	if (n < 0)
		return -errno;
	*ret_n = (size_t)n;
	return 0;
}

static int file_write(void *arg, uint64_t offset, struct ms_span octets)
{
	struct program *p = arg;

	while (octets.len > 0) {
		ssize_t n = pwrite(p->file, octets.p, octets.len, (off_t)offset);

		if (n < 0)
			return -errno;
		octets = ms_span_from(octets, (size_t)n);
		offset += (uint64_t)n;
	}
	return 0;
}

static void on_file_done(void *arg, enum ms_msrp_file_result result, int code)
{
	(void)arg;
	printf("file\t%s\t%d\n", ms_msrp_file_result_name(result), code);
}

static struct ms_msrp_file_params file_params(struct program *p)
{
	return (struct ms_msrp_file_params){
		.range = { 1, MS_MSRP_UNKNOWN },
		.store = { file_read, file_write, p },
		.events = { .done = on_file_done,
			    .bound = on_bound,
			    .failed = on_failed,
			    .arg = p },
	};
}

/* Commands */

static void open_session(struct program *p, const char *role, const char *path,
			 const struct ms_msrp_handlers *handlers, void *arg)
{
	struct ms_msrp_session_params params;

	ms_msrp_session_params_init(&params);
	params.local_uri = ms_span_str(p->uri);
	params.remote_path = ms_span_str(path);
	params.active = strcmp(role, "active") == 0;
	params.accept_types = ms_span_str(p->types);
	params.match = p->sessmatch ? MS_MSRP_MATCH_SESSION_ID : MS_MSRP_MATCH_URI;
	params.limits.chunk = p->chunk;
	params.limits.collect = 64 << 20;
	params.handlers = *handlers;
	params.arg = arg;
	check(ms_msrp_session_new(&params, &ms_random_system, &p->session), "session");
	check(ms_msrp_conn_attach(p->conn, p->session), "attach");
	printf("session\n");
}

static void cmd_session(struct program *p, char **f, unsigned n)
{
	if (n >= 3)
		open_session(p, f[1], f[2], &chat_handlers, p);
}

static void cmd_send(struct program *p, char **f, unsigned n)
{
	struct ms_msrp_file_params params = file_params(p);
	struct ms_buf b;

	if (n < 5)
		return;
	p->file = open(f[3], O_RDONLY | O_CLOEXEC);
	if (p->file < 0)
		die(f[3]);
	check(ms_msrp_file_digest(&params.store, &params.file), "digest");
	snprintf(params.file.type, sizeof(params.file.type), "%s", f[4]);
	ms_buf_init(&b, 4096);
	ms_msrp_file_selector_put(&b, &params.file);
	printf("selector\t%s\n", ms_buf_cstr(&b));
	ms_buf_done(&b);
	check(ms_msrp_file_tx_new(&params, &p->tx), "file");
	open_session(p, f[1], f[2], ms_msrp_file_tx_handlers(), p->tx);
	check(ms_msrp_file_tx_start(p->tx, p->session), "start");
}

static void cmd_receive(struct program *p, char **f, unsigned n)
{
	struct ms_msrp_file_params params = file_params(p);

	if (n < 5)
		return;
	check(ms_msrp_file_selector_parse(ms_span_str(f[4]), &params.file), "selector");
	if (n > 5)
		check(ms_span_u64(ms_span_str(f[5]), UINT64_MAX, &params.range.first), "first");
	p->file = open(f[3], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (p->file < 0)
		die(f[3]);
	check(ms_msrp_file_rx_new(&params, &p->rx), "file");
	open_session(p, f[1], f[2], ms_msrp_file_rx_handlers(), p->rx);
}

static void cmd_say(struct program *p, char **f, unsigned n)
{
	struct ms_msrp_send m = { .content_type = MS_SPAN_LIT("text/plain") };
	int err;

	if (n < 2 || !p->session)
		return;
	m.body = ms_span_str(f[1]);
	m.success_report = n > 2 && strstr(f[2], "success");
	if (n > 2 && strstr(f[2], "failure=no"))
		m.failure_report = MS_MSRP_FAILURE_NO;
	else if (n > 2 && strstr(f[2], "failure=partial"))
		m.failure_report = MS_MSRP_FAILURE_PARTIAL;
	err = ms_msrp_send(p->session, &m, NULL);
	if (err < 0)
		printf("error\t%s\n", strerror(-err));
}

static int big_read(void *arg, uint64_t offset, uint8_t *dst, size_t size, size_t *ret_n)
{
	struct program *p = arg;

	if (size > p->big - offset)
		size = (size_t)(p->big - offset);
	for (size_t i = 0; i < size; i++)
		dst[i] = (uint8_t)("\r\n-------abc$"[(offset + i) % 13]);
	*ret_n = size;
	return 0;
}

static void cmd_big(struct program *p, char **f, unsigned n)
{
	struct ms_msrp_send m = { .source = { big_read, p }, .success_report = true };
	int err;

	if (n < 3 || !p->session || ms_span_u64(ms_span_str(f[1]), UINT32_MAX, &p->big) < 0)
		return;
	m.content_type = ms_span_str(f[2]);
	m.total = p->big;
	err = ms_msrp_send(p->session, &m, NULL);
	if (err < 0)
		printf("error\t%s\n", strerror(-err));
}

static void on_auth(void *arg, int err, int code, struct ms_span use_path, uint32_t expires)
{
	(void)arg;
	if (err == 0)
		printf("use-path\t%.*s\t%u\n", MS_SPAN_FMT(use_path), expires);
	else
		printf("auth-failed\t%d\t%d\n", -err, code);
}

static void cmd_auth(struct program *p, char **f, unsigned n)
{
	struct ms_msrp_auth_params params = { .local_uri = ms_span_str(p->uri), .done = on_auth };

	if (n < 2)
		return;
	params.to_path = ms_span_str(f[1]);
	if (n >= 4) {
		params.user = ms_span_str(f[2]);
		params.password = ms_span_str(f[3]);
	}
	p->auth = ms_msrp_auth_free(p->auth);
	check(ms_msrp_auth_start(p->conn, &params, &ms_random_system, &p->auth), "auth");
}

static void cmd_cancel(struct program *p, char **f, unsigned n)
{
	(void)f;
	(void)n;
	if (p->tx)
		ms_msrp_file_tx_cancel(p->tx);
	if (p->rx)
		ms_msrp_file_rx_cancel(p->rx);
}

static void cmd_keepalive(struct program *p, char **f, unsigned n)
{
	(void)f;
	(void)n;
	if (p->session)
		ms_msrp_session_keepalive(p->session);
}

static void cmd_counters(struct program *p, char **f, unsigned n)
{
	const struct ms_msrp_counters *c = ms_msrp_conn_counters(p->conn);

	(void)f;
	(void)n;
	printf("counters\trequests-out=%llu\trequests-in=%llu\tresponses-in=%llu\treports-in=%llu\t"
	       "interrupted=%llu\trefused=%llu\n",
	       (unsigned long long)c->requests_out, (unsigned long long)c->requests_in,
	       (unsigned long long)c->responses_in, (unsigned long long)c->reports_in,
	       (unsigned long long)c->interrupted, (unsigned long long)c->refused);
}

static void cmd_quit(struct program *p, char **f, unsigned n)
{
	(void)f;
	(void)n;
	p->quit = true;
}

static const struct {
	const char *name;
	void (*run)(struct program *p, char **fields, unsigned n);
} commands[] = {
	{ "session", cmd_session },   { "send", cmd_send },
	{ "receive", cmd_receive },   { "say", cmd_say },
	{ "big", cmd_big },           { "auth", cmd_auth },
	{ "cancel", cmd_cancel },     { "keepalive", cmd_keepalive },
	{ "counters", cmd_counters }, { "quit", cmd_quit },
};

static void run_command(struct program *p, char *line)
{
	char *fields[FIELDS_MAX];
	unsigned n = 0;

	while (line && n < FIELDS_MAX)
		fields[n++] = strsep(&line, "\t");
	for (size_t i = 0; i < MS_ARRAY_SIZE(commands); i++) {
		if (strcmp(fields[0], commands[i].name) == 0) {
			commands[i].run(p, fields, n);
			return;
		}
	}
	printf("error\tunknown command\n");
}

static void read_commands(struct program *p)
{
	ssize_t n = read(0, p->command + p->command_len, sizeof(p->command) - p->command_len - 1);
	char *end;

	if (n <= 0) {
		p->quit = true;
		return;
	}
	p->command_len += (size_t)n;
	p->command[p->command_len] = '\0';
	while ((end = strchr(p->command, '\n')) && !p->quit) {
		*end = '\0';
		run_command(p, p->command);
		p->command_len -= (size_t)(end + 1 - p->command);
		memmove(p->command, end + 1, p->command_len + 1);
	}
}

/* The connection */

static void lost(struct program *p, const char *why)
{
	printf("lost\t%s\n", why);
	ms_msrp_conn_lost(p->conn);
	close(p->fd);
	p->fd = -1;
}

static void take_input(struct program *p)
{
	size_t used = 0;
	int err = ms_msrp_conn_input(p->conn, ms_span_of(p->in, p->in_len), now(), &used);

	if (err < 0) {
		const char *reason = ms_msrp_conn_fault(p->conn).reason;

		lost(p, reason ? reason : strerror(-err));
		return;
	}
	memmove(p->in, p->in + used, p->in_len - used);
	p->in_len -= used;
}

static void read_socket(struct program *p)
{
	ssize_t n = recv(p->fd, p->in + p->in_len, sizeof(p->in) - p->in_len, 0);

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			lost(p, n == 0 ? "closed" : strerror(errno));
		return;
	}
	p->in_len += (size_t)n;
	take_input(p);
}

static void write_socket(struct program *p)
{
	ssize_t n;

	if (p->out_done == p->out_len) {
		p->out_done = 0;
		p->out_len = ms_msrp_conn_output(p->conn, p->out, sizeof(p->out), now());
	}
	if (p->out_len == 0)
		return;
	n = send(p->fd, p->out + p->out_done, p->out_len - p->out_done, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN)
		lost(p, strerror(errno));
	else if (n > 0)
		p->out_done += (size_t)n;
}

static bool wants_to_write(const struct program *p)
{
	return p->out_done < p->out_len || ms_msrp_conn_wants_output(p->conn);
}

static int timeout_ms(const struct program *p)
{
	ms_usec deadline = ms_msrp_conn_deadline(p->conn), t = now();

	if (deadline == MS_NEVER)
		return -1;
	return deadline <= t ? 0 : (int)((deadline - t) / 1000 + 1);
}

static void serve(struct program *p)
{
	while (!p->quit) {
		struct pollfd fds[] = { { .fd = 0, .events = POLLIN }, { .fd = p->fd } };

		fflush(stdout);
		if (p->fd >= 0 && p->in_len < sizeof(p->in))
			fds[1].events |= POLLIN;
		if (p->fd >= 0 && wants_to_write(p))
			fds[1].events |= POLLOUT;
		if (poll(fds, 2, timeout_ms(p)) < 0)
			die("poll");
		ms_msrp_conn_tick(p->conn, now());
		if (fds[0].revents)
			read_commands(p);
		if (p->fd >= 0 && (fds[1].revents & (POLLIN | POLLHUP | POLLERR)))
			read_socket(p);
		if (p->fd >= 0 && (fds[1].revents & POLLOUT))
			write_socket(p);
		if (p->fd >= 0 && p->in_len > 0)
			take_input(p); /* what had to wait for output */
	}
}

static int open_socket(const char *mode, const char *host, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, got = fd;
	uint64_t number = 0;

	if (fd < 0 || inet_pton(AF_INET, host, &a.sin_addr) != 1 ||
	    ms_span_u64(ms_span_str(port), 65535, &number) < 0)
		die(host);
	a.sin_port = htons((uint16_t)number);
	if (strcmp(mode, "listen") == 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0)
			die("listen");
		printf("listening\n");
		fflush(stdout);
		got = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		close(fd);
	} else if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		die("connect");
	}
	if (got < 0 || fcntl(got, F_SETFL, O_NONBLOCK) < 0)
		die("connection");
	setsockopt(got, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	printf("connected\n");
	return got;
}

static void read_options(struct program *p, int argc, char **argv)
{
	uint64_t n;

	for (int i = 5; i < argc; i++) {
		if (strcmp(argv[i], "--sessmatch") == 0) {
			p->sessmatch = true;
		} else if (strcmp(argv[i], "--chunk") == 0 && i + 1 < argc) {
			check(ms_span_u64(ms_span_str(argv[++i]), 1 << 30, &n), "--chunk");
			p->chunk = (size_t)n;
		} else if (strcmp(argv[i], "--types") == 0 && i + 1 < argc) {
			p->types = argv[++i];
		} else {
			errno = EINVAL;
			die(argv[i]);
		}
	}
}

int main(int argc, char **argv)
{
	static struct program p = { .file = -1, .types = "*" };

	if (argc < 5) {
		fprintf(stderr, "usage: msrp-peer connect|listen HOST PORT OWN-URI [--chunk N] "
				"[--sessmatch] [--types LIST]\n");
		return 2;
	}
	p.uri = argv[4];
	read_options(&p, argc, argv);
	p.fd = open_socket(argv[1], argv[2], argv[3]);
	check(ms_msrp_conn_new(NULL, &ms_random_system, &p.conn), "connection");
	serve(&p);
	ms_msrp_auth_free(p.auth);
	ms_msrp_conn_free(p.conn);
	ms_msrp_session_free(p.session);
	ms_msrp_file_tx_free(p.tx);
	ms_msrp_file_rx_free(p.rx);
	if (p.fd >= 0)
		close(p.fd);
	if (p.file >= 0)
		close(p.file);
	return 0;
}
