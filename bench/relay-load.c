/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load for a gateway that relays TLS (or TCP) to TCP: its clients and the backend behind it, in one
 * epoll loop. A command is one line on standard input, its answer one line of JSON on standard output.
 *
 *   bench-relay-load -t HOST:PORT [-n PORTS] -b HOST:PORT [-V 1.2|1.3] [-g GROUPS] [-c CERT -k KEY]
 *                    [-P HEXKEY] [-I IDENTITY] [-x] [-S] [-G PID,PID..] [-M HOST:PORT -A FILE]
 *
 *   -n   the gateway has PORTS ports from PORT on, each for one connection; others have one for all
 *   -x   plain TCP instead of TLS;  -S  no backend of our own;  -G  whose CPU time answers tell
 *   -M   the gateway's controller, too (relay-mgc.h): each of `calls` is set up by -A and torn down
 *
 *   connect N CONC        opens N connections and keeps them
 *   setups SECS CONC      connections in a loop: TCP, TLS, one octet from the backend, close_notify, FIN
 *   echo RATE SECS SIZE   messages over kept connections at random, echoed; round trips from when due
 *   up SECS N             N new connections, client to backend
 *   down SECS N           N new connections, backend to client
 *   ports P,P,..          the gateway's ports, instead of -n
 *   calls N CONC          N set-ups, each with its commands if we are the controller
 *   burst N SECS          N set-ups begun at once; waits at most SECS for all of them
 *   idle SECS             nothing
 *   close                 closes what is kept
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/hex.h"
#include "relay-load.h"

static void take_pids(const char *text)
{
	struct ms_span rest = ms_span_str(text);
	uint64_t pid;

	while (rest.len > 0 && load.n_pids < LOAD_PIDS_MAX)
		if (ms_span_u64(ms_span_cut(&rest, ','), 1u << 30, &pid) == 0)
			load.pids[load.n_pids++] = (pid_t)pid;
}

static void take_key(const char *text)
{
	struct ms_buf b;

	ms_buf_init_fixed(&b, load.psk, sizeof(load.psk));
	if (ms_hex_decode(&b, ms_span_str(text)))
		load_die("-P");
	load.n_psk = b.len;
}

static unsigned number_of(const char *text)
{
	uint64_t v;

	if (ms_span_u64(ms_span_str(text), 65535, &v))
		load_die("number");
	return (unsigned)v;
}

static void more_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

/* What the command line asks for beyond `load`. */
struct options {
	const char *version, *groups, *cert, *key;
	const char *control, *actions;
	bool no_backend;
};

static void take_option(struct options *o, int letter, char *value)
{
	switch (letter) {
	case 't':
		if (ms_addr_parse(ms_span_str(value), 0, &load.target))
			load_die("-t");
		break;
	case 'b':
		if (ms_addr_parse(ms_span_str(value), 0, &load.backend))
			load_die("-b");
		break;
	case 'n':
		load.ports = number_of(value);
		break;
	case 'V':
		o->version = value;
		break;
	case 'g':
		o->groups = value;
		break;
	case 'c':
		o->cert = value;
		break;
	case 'k':
		o->key = value;
		break;
	case 'P':
		take_key(value);
		break;
	case 'I':
		load.identity = value;
		break;
	case 'x':
		load.plain = true;
		break;
	case 'S':
		o->no_backend = true;
		break;
	case 'G':
		take_pids(value);
		break;
	case 'M':
		o->control = value;
		break;
	case 'A':
		o->actions = value;
		break;
	}
}

static void start(int argc, char **argv)
{
	struct options o = { .version = "1.2" };
	int letter;

	while ((letter = getopt(argc, argv, "t:n:b:V:g:c:k:P:I:xSG:M:A:")) != -1)
		take_option(&o, letter, optarg);
	more_files();
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	if (!load.plain)
		client_open_tls(o.version, o.groups, o.cert, o.key);
	if (!o.no_backend)
		load_open_backend();
	if (o.control)
		load_open_control(o.control, o.actions);
}

int main(int argc, char **argv)
{
	static char line[1 << 16];
	size_t n = 0;

	start(argc, argv);
	fcntl(0, F_SETFL, O_NONBLOCK);
	printf("ready\n");
	fflush(stdout);
	/* The backend is served between commands too. */
	for (;;) {
		ssize_t r = read(0, line + n, 1);

		if (r == 0)
			return 0;
		if (r < 0) {
			load_turn(10);
		} else if (line[n] == '\n') {
			line[n] = 0;
			n = 0;
			load_command(line);
		} else if (n < sizeof(line) - 2) {
			n++;
		}
	}
}
