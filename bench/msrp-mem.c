/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MSRP engine alone: two endpoints in one process, octets handed over in memory.
 *
 *   msrp-mem file MIB | chat COUNT | parse MIB
 *
 * file: one message of MIB MiB in a single chunk, read from memory and dropped by the receiver. chat:
 * COUNT messages of 300 octets, each answered with 200. parse: the search for the end-line in a body
 * of hyphens (the worst there is) and of random octets. Prints figures a second of one core.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "msrp/parser.h"
#include "msrp/session.h"

#define PIECE 65536
#define CHAT_OCTETS 300
#define CHAT_WINDOW 32

#define HEAD                                                                          \
	"MSRP abcdefgh12 SEND\r\nTo-Path: msrp://127.0.0.1:7002/b;tcp\r\nFrom-Path: " \
	"msrp://127.0.0.1:7001/a;tcp\r\nMessage-ID: 12345\r\nContent-Type: a/b\r\n\r\n"

struct side {
	struct ms_msrp_conn *conn;
	struct ms_msrp_session *session;
	uint64_t octets, messages, done;
};

static uint8_t random_octets[PIECE];

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fill_random(void)
{
	uint64_t x = 88172645463325252u;

	for (size_t i = 0; i < sizeof(random_octets); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		random_octets[i] = (uint8_t)(x >> 32);
	}
}

static int read_octets(void *arg, uint64_t offset, uint8_t *dst, size_t size, size_t *ret_n)
{
	uint64_t total = *(uint64_t *)arg;
	size_t at = (size_t)(offset % PIECE);

	if (size > total - offset)
		size = (size_t)(total - offset);
	if (size > PIECE - at)
		size = PIECE - at;
	memcpy(dst, random_octets + at, size);
	*ret_n = size;
	return 0;
}

static int on_begin(void *arg, struct ms_msrp_in *in)
{
	(void)arg;
	return ms_msrp_in_total(in) > CHAT_OCTETS ? 0 : 1;
}

static int on_data(void *arg, struct ms_msrp_in *in, uint64_t offset, struct ms_span octets)
{
	struct side *s = arg;

	(void)in;
	(void)offset;
	s->octets += octets.len;
	return 0;
}

static int on_message(void *arg, struct ms_msrp_in *in, struct ms_span body)
{
	struct side *s = arg;

	(void)in;
	s->octets += body.len;
	s->messages++;
	return 0;
}

static void on_done(void *arg, struct ms_msrp_out *out, enum ms_msrp_outcome outcome, int code)
{
	struct side *s = arg;

	(void)out;
	(void)code;
	s->done += outcome == MS_MSRP_ACCEPTED;
}

static int make(struct side *s, bool active)
{
	struct ms_msrp_session_params p;
	int err;

	ms_msrp_session_params_init(&p);
	p.local_uri = active ? MS_SPAN_LIT("msrp://127.0.0.1:7001/aaaaaaaaaaaa;tcp")
			     : MS_SPAN_LIT("msrp://127.0.0.1:7002/bbbbbbbbbbbb;tcp");
	p.remote_path = active ? MS_SPAN_LIT("msrp://127.0.0.1:7002/bbbbbbbbbbbb;tcp")
			       : MS_SPAN_LIT("msrp://127.0.0.1:7001/aaaaaaaaaaaa;tcp");
	p.active = active;
	p.handlers = (struct ms_msrp_handlers){
		.begin = on_begin, .data = on_data, .message = on_message, .done = on_done
	};
	p.arg = s;
	err = ms_msrp_conn_new(NULL, &ms_random_system, &s->conn);
	if (err == 0)
		err = ms_msrp_session_new(&p, &ms_random_system, &s->session);
	return err < 0 ? err : ms_msrp_conn_attach(s->conn, s->session);
}

/* Hands over what one has to say; the engine takes all, since its answers are fetched at once. */
static int move(struct side *from, struct side *to, size_t *ret_n)
{
	static uint8_t octets[PIECE];
	size_t used = 0, n = ms_msrp_conn_output(from->conn, octets, sizeof(octets), 1);
	int err = ms_msrp_conn_input(to->conn, ms_span_of(octets, n), 1, &used);

	*ret_n = n;
	return err < 0 || used < n ? -1 : 0;
}

static int run(struct side *a, struct side *b)
{
	size_t there = 1, back = 1;
	int err = 0;

	while (err == 0 && there + back > 0) {
		err = move(a, b, &there);
		if (err == 0)
			err = move(b, a, &back);
	}
	return err;
}

static int bench_file(struct side *a, struct side *b, uint64_t mib)
{
	uint64_t total = mib << 20;
	struct ms_msrp_send m = { .content_type = MS_SPAN_LIT("application/octet-stream"),
				  .source = { read_octets, &total },
				  .total = total };
	double start = cpu(), time;

	if (ms_msrp_send(a->session, &m, NULL) < 0 || run(a, b) < 0 || b->octets != total)
		return -1;
	time = cpu() - start;
	printf("file: %.0f MB/s through both engines\n", (double)total / time / 1e6);
	return 0;
}

static int bench_chat(struct side *a, struct side *b, uint64_t count)
{
	struct ms_msrp_send m = { .content_type = MS_SPAN_LIT("text/plain"),
				  .body = ms_span_of(random_octets, CHAT_OCTETS) };
	double start = cpu(), time;

	for (uint64_t i = 0; i < count; i++) {
		if (ms_msrp_send(a->session, &m, NULL) < 0)
			return -1;
		if ((i + 1) % CHAT_WINDOW == 0 && run(a, b) < 0)
			return -1;
	}
	if (run(a, b) < 0 || b->messages != count || a->done != count)
		return -1;
	time = cpu() - start;
	printf("chat: %.0f messages/s with their 200s, both engines\n", (double)count / time);
	return 0;
}

static int parse(const char *name, const uint8_t *octets, uint64_t mib)
{
	struct ms_span head = MS_SPAN_LIT(HEAD), body;
	struct ms_msrp_parser p;
	double start, time;
	int event = 0;

	ms_msrp_parser_init(&p, NULL);
	while (head.len > 0 && event >= 0)
		event = ms_msrp_parser_next(&p, &head, &body);
	start = cpu();
	for (uint64_t i = 0; i < (mib << 20) / PIECE && event >= 0; i++) {
		struct ms_span piece = ms_span_of(octets, PIECE);

		while (piece.len > 0 && event >= 0)
			event = ms_msrp_parser_next(&p, &piece, &body);
	}
	time = cpu() - start;
	ms_msrp_parser_done(&p);
	printf("parse: %.0f MB/s of %s\n", (double)(mib << 20) / time / 1e6, name);
	return event;
}

static int bench_parse(uint64_t mib)
{
	static uint8_t hyphens[PIECE], lines[PIECE];
	int err = parse("random octets", random_octets, mib);

	memset(hyphens, '-', sizeof(hyphens));
	for (size_t i = 0; i < sizeof(lines); i++)
		lines[i] = (uint8_t)("\r\n-------"[i % 9]);
	if (err >= 0)
		err = parse("hyphens", hyphens, mib);
	return err < 0 ? err : parse("beginnings of end-lines", lines, mib);
}

int main(int argc, char **argv)
{
	struct side a = { .octets = 0 }, b = { .octets = 0 };
	uint64_t n;
	int err = -1;

	if (argc != 3 || ms_span_u64(ms_span_str(argv[2]), UINT32_MAX, &n) < 0) {
		fprintf(stderr, "usage: msrp-mem file MIB | chat COUNT | parse MIB\n");
		return 2;
	}
	fill_random();
	if (make(&a, true) < 0 || make(&b, false) < 0)
		return 1;
	if (strcmp(argv[1], "file") == 0)
		err = bench_file(&a, &b, n);
	else if (strcmp(argv[1], "chat") == 0)
		err = bench_chat(&a, &b, n);
	else if (strcmp(argv[1], "parse") == 0)
		err = bench_parse(n);
	ms_msrp_conn_free(a.conn);
	ms_msrp_conn_free(b.conn);
	ms_msrp_session_free(a.session);
	ms_msrp_session_free(b.session);
	if (err < 0)
		fprintf(stderr, "msrp-mem: failed\n");
	return err < 0;
}
