/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes and encodes the messages of a file again: each is four octets of length and the message.
 *
 *   h248-binary-recode FILE [N]   writes what we encode to standard output, framed the same way, with
 *                                 N outer levels of indefinite length
 *
 * A message in text is bound to the package tables, so that it becomes binary.
 */
#include <stdio.h>

#include "core/reader.h"
#include "h248/binary.h"
#include "h248/package.h"
#include "h248/text.h"

#define FILE_MAX (16u << 20)

static int read_file(const char *path, struct ms_buf *b)
{
	FILE *f = fopen(path, "rb");
	uint8_t octets[4096];

	if (!f)
		return -1;
	for (size_t n; (n = fread(octets, 1, sizeof(octets), f)) > 0;)
		ms_buf_put(b, octets, n);
	fclose(f);
	return ms_buf_status(b);
}

static int next(struct ms_reader *r, struct ms_span *ret_message)
{
	uint32_t len;
	return ms_read_left(r) == 0 || ms_read_u32(r, &len) < 0 ? -1
								: ms_read_span(r, len, ret_message);
}

static int read_text(struct ms_span in, struct ms_h248_arena *a, struct ms_h248_message *ret_m)
{
	static struct ms_h248_registry r;
	const struct ms_h248_message *m;

	ms_h248_registry_init(&r);
	if (ms_h248_registry_add_group(&r, MS_SPAN_LIT("core"), MS_SPAN_LIT("1")) < 0 ||
	    ms_h248_registry_add_group(&r, MS_SPAN_LIT("access"), MS_SPAN_LIT("1")) < 0 ||
	    ms_h248_text_decode(in, a, NULL, &m) < 0)
		return -1;
	*ret_m = *m;
	return ms_h248_bind(ret_m, &r, MS_H248_BIND_BER, a, NULL);
}

static int read_binary(struct ms_span in, struct ms_h248_arena *a, struct ms_h248_message *ret_m)
{
	const struct ms_h248_message *m;
	if (ms_h248_binary_decode(in, a, NULL, &m) < 0)
		return -1;
	*ret_m = *m;
	return 0;
}

/* One message; 0 if it could be read and written. */
static int rewrite(struct ms_span in, unsigned levels, struct ms_h248_arena *a, struct ms_buf *out)
{
	bool text = in.len && (in.p[0] == 'M' || in.p[0] == '!');
	struct ms_h248_message m;

	if ((text ? read_text(in, a, &m) : read_binary(in, a, &m)) < 0 ||
	    ms_h248_binary_encode_indefinite(&m, levels, out) < 0)
		return 1;
	uint8_t len[4] = { 0, 0, (uint8_t)(out->len >> 8), (uint8_t)out->len };
	fwrite(len, 1, 4, stdout);
	fwrite(out->p, 1, out->len, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	struct ms_h248_arena a;
	struct ms_buf in, out;
	struct ms_span message;
	unsigned n = 0, bad = 0;

	ms_buf_init(&in, FILE_MAX);
	ms_buf_init(&out, MS_H248_BINARY_MAX);
	ms_h248_arena_init(&a, 0);
	if (argc < 2 || read_file(argv[1], &in) < 0)
		return 2;
	struct ms_reader r = ms_reader_of(ms_buf_span(&in));
	for (; next(&r, &message) == 0; n++) {
		ms_h248_arena_reset(&a);
		ms_buf_reset(&out);
		bad += (unsigned)rewrite(message, argc > 2 ? (unsigned)(argv[2][0] - '0') : 0, &a,
					 &out);
	}
	fprintf(stderr, "%u messages, %u not understood\n", n, bad);
	ms_h248_arena_done(&a);
	ms_buf_done(&in);
	ms_buf_done(&out);
	return bad || n == 0;
}
