/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-h248-codec CODEC FILE SECONDS: decodes, then encodes the messages of FILE (each behind its length
 * of 4 octets) for SECONDS each; prints messages decoded and encoded a second of CPU, how many messages
 * there are and their mean size. CODEC is pretty, compact or binary. Every message must survive.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/alloc.h"
#include "core/reader.h"
#include "h248/binary.h"
#include "h248/text.h"

#define MOST 1000

static uint8_t octets[1 << 20];

struct sample {
	struct ms_span octets;
	const struct ms_h248_message *message;
	struct ms_h248_arena arena;
};

static struct sample samples[MOST];
static size_t n_samples;

struct codec {
	const char *name;
	unsigned style;
	int (*decode)(struct ms_span octets, struct ms_h248_arena *arena,
		      struct ms_h248_refused *ret_refused,
		      const struct ms_h248_message **ret_message);
	int (*encode)(const struct codec *c, const struct ms_h248_message *m, struct ms_buf *b);
};

static int encode_text(const struct codec *c, const struct ms_h248_message *m, struct ms_buf *b)
{
	return ms_h248_text_encode(m, c->style, b);
}

static int encode_binary(const struct codec *c, const struct ms_h248_message *m, struct ms_buf *b)
{
	(void)c;
	return ms_h248_binary_encode(m, b);
}

static const struct codec codecs[] = {
	{ "pretty", MS_H248_TEXT_PRETTY, ms_h248_text_decode, encode_text },
	{ "compact", 0, ms_h248_text_decode, encode_text },
	{ "binary", 0, ms_h248_binary_decode, encode_binary },
};

static double cpu(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what, size_t n)
{
	fprintf(stderr, "bench-h248-codec: %s (message %zu)\n", what, n);
	exit(EXIT_FAILURE);
}

static void load(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t len = f ? fread(octets, 1, sizeof(octets), f) : 0;
	struct ms_reader r = ms_reader_of(ms_span_of(octets, len));
	uint32_t n;
	if (!len)
		die("cannot read the file", 0);
	fclose(f);
	while (n_samples < MOST && ms_read_u32(&r, &n) == 0)
		if (ms_read_span(&r, n, &samples[n_samples++].octets) < 0)
			die("cut off", n_samples);
}

static double decode(const struct codec *c, double seconds)
{
	struct ms_h248_arena arena;
	const struct ms_h248_message *m;
	double start = cpu(), now = start;
	size_t done = 0;
	ms_h248_arena_init(&arena, 0);
	for (; now - start < seconds; now = cpu(), done += n_samples)
		for (size_t i = 0; i < n_samples; i++) {
			ms_h248_arena_reset(&arena);
			if (c->decode(samples[i].octets, &arena, NULL, &m) < 0)
				die("not decoded", i);
		}
	ms_h248_arena_done(&arena);
	return (double)done / (now - start);
}

static double encode(const struct codec *c, double seconds)
{
	struct ms_buf b;
	double start = cpu(), now = start;
	size_t done = 0;
	ms_buf_init(&b, 65536);
	for (; now - start < seconds; now = cpu(), done += n_samples)
		for (size_t i = 0; i < n_samples; i++) {
			ms_buf_reset(&b);
			if (c->encode(c, samples[i].message, &b) < 0)
				die("not encoded", i);
		}
	ms_buf_done(&b);
	return (double)done / (now - start);
}

int main(int argc, char **argv)
{
	const struct codec *c = NULL;
	size_t sum = 0;
	for (size_t i = 0; argc == 4 && i < MS_ARRAY_SIZE(codecs); i++)
		if (strcmp(argv[1], codecs[i].name) == 0)
			c = &codecs[i];
	if (!c) {
		fprintf(stderr, "usage: bench-h248-codec pretty|compact|binary FILE SECONDS\n");
		return EXIT_FAILURE;
	}
	load(argv[2]);
	for (size_t i = 0; i < n_samples; i++) {
		sum += samples[i].octets.len;
		ms_h248_arena_init(&samples[i].arena, 0);
		if (c->decode(samples[i].octets, &samples[i].arena, NULL, &samples[i].message) < 0)
			die("not decoded", i);
	}
	double seconds = strtod(argv[3], NULL);
	(void)decode(c, seconds / 10);
	double d = decode(c, seconds);
	(void)encode(c, seconds / 10);
	double e = encode(c, seconds);
	printf("%.0f %.0f %zu %.0f\n", d, e, n_samples, (double)sum / (double)n_samples);
	for (size_t i = 0; i < n_samples; i++)
		ms_h248_arena_done(&samples[i].arena);
	return EXIT_SUCCESS;
}
