/* SPDX-License-Identifier: Apache-2.0 */
/* `mediasec trace`: collects what the daemons export in HEP, and draws it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "ctl/trace.h"
#include "loop/loop.h"

#define FILE_MAX (256u << 20)
#define DRAWING_MAX (64u << 20)
#define PACKET_MAX 65536

static const char *reason(int err)
{
	return strerror(-err);
}

/* ---- collect ---- */

struct collector {
	struct ms_watch watch;
	struct ms_timer end;
	int socket, file;
	unsigned n, bad;
	int err;
};

static int write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);
		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static void on_packet(unsigned events, void *arg)
{
	struct collector *c = arg;
	static uint8_t octets[PACKET_MAX];
	struct ms_hep_packet p;
	ssize_t n;

	(void)events;
	while ((n = recv(c->socket, octets, sizeof(octets), MSG_DONTWAIT)) >= 0) {
		if (ms_hep_read(ms_span_of(octets, (size_t)n), &p) < 0) {
			c->bad++;
			continue;
		}
		c->n++;
		c->err = write_all(c->file, octets, (size_t)n);
		if (c->err)
			ms_loop_stop();
	}
}

static void on_end(void *arg)
{
	(void)arg;
	ms_loop_stop();
}

static void on_signal(int signo, void *arg)
{
	(void)signo;
	(void)arg;
	ms_loop_stop();
}

static int open_all(struct collector *c, const struct ms_addr *at, const char *path)
{
	int room = 4 << 20;

	c->socket = socket(ms_addr_family(at), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (c->socket < 0)
		return -errno;
	(void)setsockopt(c->socket, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (bind(c->socket, &at->u.sa, at->len) < 0)
		return -errno;
	c->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return c->file < 0 ? -errno : 0;
}

static int run_collector(struct collector *c, const struct ms_addr *at, const char *path,
			 ms_usec duration)
{
	int err = ms_loop_init();

	ms_watch_init(&c->watch, "trace.socket", on_packet, c);
	ms_timer_init(&c->end, "trace.end", on_end, c);
	if (err == 0)
		err = open_all(c, at, path);
	if (err == 0)
		err = ms_watch_set(&c->watch, c->socket, MS_LOOP_READ);
	if (err == 0)
		err = ms_loop_signal(SIGINT, on_signal, c);
	if (err == 0)
		err = ms_loop_signal(SIGTERM, on_signal, c);
	if (duration > 0)
		ms_timer_start(&c->end, duration);
	if (err == 0)
		err = ms_loop_run();
	if (err == 0 && c->err == 0)
		on_packet(MS_LOOP_READ, c); /* what had come before the end */
	ms_watch_stop(&c->watch);
	ms_timer_stop(&c->end);
	ms_loop_close();
	return err ? err : c->err;
}

static int collect(int argc, char **argv)
{
	struct collector c = { .socket = -1, .file = -1 };
	const char *where = "127.0.0.1";
	struct ms_addr at;
	uint64_t seconds = 0;

	for (int o; (o = getopt(argc, argv, "l:t:")) != -1;)
		if (o == 'l')
			where = optarg;
		else if (o != 't' || ms_span_u64(ms_span_str(optarg), 86400, &seconds) < 0)
			return ms_ctl_usage(&ms_cmd_trace, "collect: option");
	if (optind + 1 != argc)
		return ms_ctl_usage(&ms_cmd_trace, "collect: one file");
	if (ms_addr_parse(ms_span_str(where), MS_HEP_PORT, &at) < 0)
		return ms_ctl_usage(&ms_cmd_trace, "%s: not an address", where);
	int err = run_collector(&c, &at, argv[optind], (ms_usec)seconds * MS_SEC);
	if (c.socket >= 0)
		close(c.socket);
	if (c.file >= 0 && close(c.file) < 0 && err == 0)
		err = -errno;
	if (err)
		return ms_ctl_fail("collect: %s", reason(err));
	fprintf(stderr, "%u packets, %u not HEP\n", c.n, c.bad);
	return MS_CTL_OK;
}

/* ---- draw ---- */

static int read_file(const char *path, struct ms_buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t octets[65536];
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, octets, sizeof(octets))) > 0)
		ms_buf_put(b, octets, (size_t)n);
	int err = n < 0 ? -errno : ms_buf_status(b);
	close(fd);
	return err;
}

static int write_svg(const struct ms_trace *t, const char *path)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ms_buf_init(&out, DRAWING_MAX);
	if (fd < 0)
		return -errno;
	ms_trace_svg(t, &out);
	int err = ms_buf_status(&out);
	if (err == 0)
		err = write_all(fd, out.p, out.len);
	return close(fd) < 0 && err == 0 ? -errno : err;
}

static int print_text(const struct ms_trace *t, unsigned width)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;

	ms_buf_init(&out, DRAWING_MAX);
	ms_trace_text(t, width, &out);
	int err = ms_buf_status(&out);
	if (err == 0 && fwrite(out.p, 1, out.len, stdout) != out.len)
		err = -EIO;
	return err;
}

static int draw_file(struct ms_trace *t, const char *path, unsigned width, const char *svg)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf file;

	ms_buf_init(&file, FILE_MAX);
	int err = read_file(path, &file);
	if (err == 0)
		err = ms_trace_read(t, ms_buf_span(&file));
	if (err == 0 && svg)
		err = write_svg(t, svg);
	if (err == 0)
		err = print_text(t, width);
	return err ? ms_ctl_fail("%s: %s", path, reason(err)) : MS_CTL_OK;
}

static int draw(int argc, char **argv)
{
	MS_CLEANUP(ms_trace_done) struct ms_trace t = { 0 };
	const char *svg = NULL;
	uint64_t width = 30;

	for (int o; (o = getopt(argc, argv, "n:i:s:w:ap")) != -1;)
		if (o == 'n' && ms_trace_name(&t, optarg) < 0)
			return ms_ctl_usage(&ms_cmd_trace, "%s: not ADDRESS=NAME", optarg);
		else if (o == 'i')
			t.correlation = optarg;
		else if (o == 's')
			svg = optarg;
		else if (o == 'a')
			t.heartbeats = true;
		else if (o == 'p')
			t.ports = true;
		else if (o == '?' ||
			 (o == 'w' &&
			  (ms_span_u64(ms_span_str(optarg), 200, &width) < 0 || width < 12)))
			return ms_ctl_usage(&ms_cmd_trace, "draw: option");
	if (optind + 1 != argc)
		return ms_ctl_usage(&ms_cmd_trace, "draw: one file");
	return draw_file(&t, argv[optind], (unsigned)width, svg);
}

static int run(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "collect") == 0)
		return collect(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "draw") == 0)
		return draw(argc - 1, argv + 1);
	return ms_ctl_usage(&ms_cmd_trace, "collect or draw");
}

const struct ms_ctl_command ms_cmd_trace = {
	.name = "trace",
	.summary = "collect what the daemons export in HEP, and draw it as a ladder",
	.usage =
		"mediasec trace collect [-l ADDRESS] [-t SECONDS] FILE\n"
		"  Receives HEPv3 packets (keys hep.* of the daemons) until SIGINT or for SECONDS.\n"
		"  -l ADDRESS         where to listen; 127.0.0.1:9060 if not given\n"
		"mediasec trace draw [-n ADDRESS=NAME]... [-i ID] [-s FILE.svg] [-w WIDTH] [-a] [-p] FILE\n"
		"  Prints the ladder of what passed, in the order of time.\n"
		"  -n ADDRESS=NAME    a participant: 192.0.2.1, 192.0.2.1:5060, 192.0.2.1:5060-5070,\n"
		"                     or the message identifier of H.248, agw1.example.net;\n"
		"                     participants stand in the order of these options\n"
		"  -i ID              only what has ID in its correlation (Call-ID, MID/CONTEXT)\n"
		"  -s FILE.svg        draws it in SVG too\n"
		"  -w WIDTH           columns of a participant, 12 to 200; 30 if not given\n"
		"  -a                 all: heartbeats, audits of ROOT and 100 Trying, too\n"
		"  -p                 who has no name stands with the port, not only with the host\n",
	.run = run,
};
