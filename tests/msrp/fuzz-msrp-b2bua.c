/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Octets on both legs in any order: first octet of each piece is leg and length, the rest its octets. What
 * goes out is MSRP to a parser, to its last octet, and never more than the buffers take. A peer that knows
 * our identifiers (here they are no secret, so that responses can be found) may end its own message's copy.
 */
#include <stdlib.h>

#include "msrp/b2bua.h"
#include "msrp/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

static int fill(void *arg, void *p, size_t n)
{
	(void)arg;
	memset(p, 5, n);
	return 0;
}

static bool read_all(struct ms_msrp_parser *p, struct ms_buf *b)
{
	struct ms_span s = ms_buf_span(b), body;
	int event;
	do
		event = ms_msrp_parser_next(p, &s, &body);
	while (event > 0);
	ms_buf_reset(b);
	return event == MS_MSRP_PARSE_NONE && s.len == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ms_random random = { fill, NULL };
	static const struct ms_msrp_b2bua_limits limits = { .head = { 2000, 1000, 32 },
							    .transactions = 16 };
	/* As much as a message may grow: what we write of it may be longer than what was read. */
	static const struct ms_msrp_head_limits wide = { 8000, 4000, 40 };
	struct ms_msrp_parser parsers[2];
	struct ms_buf a, b, *out[2] = { &a, &b };
	struct ms_msrp_b2bua *x = NULL;
	struct ms_span rest = ms_span_of(data, size);
	bool guessed = ms_span_find_span(rest, MS_SPAN_LIT("fffffffffffff000")) < rest.len;
	check(ms_msrp_b2bua_new(&limits, &random, &x) == 0);
	check(ms_msrp_b2bua_set_paths(x, 0, MS_SPAN_LIT("msrp://g:1/l;tcp"),
				      MS_SPAN_LIT("msrp://a:1/a;tcp")) == 0);
	check(ms_msrp_b2bua_set_paths(x, 1, MS_SPAN_LIT("msrp://g:1/r;tcp"),
				      MS_SPAN_LIT("msrp://b:1/b;tcp")) == 0);
	for (int i = 0; i < 2; i++) {
		ms_msrp_parser_init(&parsers[i], &wide);
		ms_buf_init(out[i], ms_msrp_b2bua_room(x) + 100);
	}
	for (ms_usec now = 1; rest.len > 1; now += MS_SEC) {
		struct ms_span piece = ms_span_sub(rest, 1, rest.p[0] >> 1);
		unsigned leg = rest.p[0] & 1;
		rest = ms_span_from(rest, 1 + piece.len);
		while (piece.len) {
			size_t taken = 0;
			if (ms_msrp_b2bua_input(x, leg, now, piece, out, &taken, NULL) < 0) {
				rest = piece = MS_SPAN_NULL;
				break;
			}
			check((taken > 0 || a.len || b.len) && a.len <= a.max && b.len <= b.max);
			piece = ms_span_from(piece, taken);
			bool good = read_all(&parsers[0], &a) && read_all(&parsers[1], &b);
			check(good || guessed);
			if (!good)
				rest = piece = MS_SPAN_NULL;
		}
	}
	for (int i = 0; i < 2; i++) {
		ms_msrp_parser_done(&parsers[i]);
		ms_buf_done(out[i]);
	}
	ms_msrp_b2bua_free(x);
	return 0;
}
