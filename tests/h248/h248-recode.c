/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h248-recode STYLE: reads messages from its input, each behind its length of 4 octets, and writes each
 * after a way through the text codec in the same form; one that was refused as "refused CODE REASON
 * OFFSET". STYLE is the number of MS_H248_TEXT_ bits. What other implementations compare us with.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/alloc.h"
#include "core/reader.h"
#include "h248/text.h"

#define MOST (64u * 1024)

static int recode(struct ms_span octets, unsigned style, struct ms_h248_arena *arena,
		  struct ms_buf *to)
{
	struct ms_h248_refused refused;
	const struct ms_h248_message *m;
	ms_h248_arena_reset(arena);
	ms_buf_reset(to);
	if (ms_h248_text_decode(octets, arena, &refused, &m) < 0)
		ms_buf_printf(to, "refused %d %s %zu", refused.fault.code, refused.fault.reason,
			      refused.fault.offset);
	else if (ms_h248_text_encode(m, style, to) < 0)
		ms_buf_printf(to, "not written");
	return ms_buf_status(to);
}

static int next(FILE *f, uint8_t *octets, uint32_t *ret_len)
{
	uint8_t head[4];
	if (fread(head, 1, sizeof(head), f) != sizeof(head))
		return -1;
	struct ms_reader r = ms_reader_of(ms_span_of(head, sizeof(head)));
	if (ms_read_u32(&r, ret_len) < 0 || *ret_len > MOST)
		return -1;
	return fread(octets, 1, *ret_len, f) == *ret_len ? 0 : -1;
}

int main(int argc, char **argv)
{
	static uint8_t octets[MOST];
	unsigned style = argc > 1 ? (unsigned)(argv[1][0] - '0') & 3 : 0;
	struct ms_h248_arena arena;
	struct ms_buf to;
	uint32_t len;
	int err = 0;
	ms_h248_arena_init(&arena, 0);
	ms_buf_init(&to, 2 * MOST);
	while (!err && next(stdin, octets, &len) == 0) {
		err = recode(ms_span_of(octets, len), style, &arena, &to);
		uint8_t head[4] = { (uint8_t)(to.len >> 24), (uint8_t)(to.len >> 16),
				    (uint8_t)(to.len >> 8), (uint8_t)to.len };
		fwrite(head, 1, sizeof(head), stdout);
		fwrite(to.p, 1, to.len, stdout);
		fflush(stdout);
	}
	ms_buf_done(&to);
	ms_h248_arena_done(&arena);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
