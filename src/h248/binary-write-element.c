/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, writing: elements (X.690), their lengths, primitive types. */
#include "h248/binary-write-priv.h"

void ms_wr_bad(struct wr *w)
{
	ms_buf_fail(w->b, -EINVAL);
}

uint8_t *ms_wr_room_slow(struct ms_buf *b, size_t n)
{
	static _Thread_local uint8_t nowhere[16];
	uint8_t *p = ms_buf_extend(b, n);
	return p ? p : nowhere;
}

/* Elements in the outer levels of a message are rarely below 128 octets: two length octets are kept
 * for them, one for the others, and content moves where the guess was wrong. */
#define GUESS_LEVELS 9

size_t ms_wr_open(struct wr *w, unsigned id)
{
	bool guess = w->level++ < GUESS_LEVELS;
	uint8_t *p = ms_wr_room(w, 3);
	p[0] = (uint8_t)id;
	if (w->level <= w->indefinite) {
		p[1] = 0x80;
		guess = false;
	}
	if (!guess)
		w->b->len -= w->b->err ? 0 : 1;
	return w->b->len;
}

static void move_content(struct wr *w, size_t from, size_t to)
{
	struct ms_buf *b = w->b;
	size_t len = b->len - from;
	if (to > from)
		ms_wr_room(w, to - from);
	if (b->err)
		return;
	memmove(b->p + to, b->p + from, len);
	b->len = to + len;
}

void ms_wr_close(struct wr *w, size_t mark)
{
	bool indefinite = w->level <= w->indefinite;
	bool guessed = w->level-- <= GUESS_LEVELS;
	struct ms_buf *b = w->b;
	size_t len = b->len - mark;
	size_t head = len < 0x80 ? 1 : len < 0x100 ? 2 : 3;

	if (indefinite) {
		memset(ms_wr_room(w, 2), 0, 2);
		return;
	}
	if (b->err || len > 0xffff) {
		ms_buf_fail(b, -EMSGSIZE);
		return;
	}
	size_t start = mark - (guessed ? 2 : 1);
	if (start + head != mark)
		move_content(w, mark, start + head);
	if (b->err)
		return;
	uint8_t *p = b->p + start;
	if (head > 1)
		*p++ = (uint8_t)(0x80 | (head - 1));
	if (head > 2)
		*p++ = (uint8_t)(len >> 8);
	*p = (uint8_t)len;
}

void ms_wr_uint(struct wr *w, unsigned id, uint32_t v)
{
	size_t n = v < 0x80 ? 1 : v < 0x8000 ? 2 : v < 0x800000 ? 3 : v < 0x80000000 ? 4 : 5;
	uint8_t *p = ms_wr_room(w, 2 + n);
	*p++ = (uint8_t)id;
	*p++ = (uint8_t)n;
	while (n-- > 0)
		*p++ = n == 4 ? 0 : (uint8_t)(v >> 8 * n);
}

/* A BIT STRING with named bits ends with its last bit that is set (X.690 section 11.2.2). */
void ms_wr_bits(struct wr *w, unsigned id, uint32_t bits)
{
	unsigned n = bits ? 32 - (unsigned)__builtin_clz(bits) : 0; /* bits */
	unsigned octets = (n + 7) / 8;
	uint8_t *p = ms_wr_room(w, 3 + octets);
	*p++ = (uint8_t)id;
	*p++ = (uint8_t)(1 + octets);
	*p++ = (uint8_t)(octets * 8 - n);
	memset(p, 0, octets);
	for (unsigned i = 0; i < n; i++)
		if (bits & 1u << i)
			p[i / 8] |= (uint8_t)(0x80 >> i % 8);
}

static size_t length_octets(size_t len)
{
	return len < 0x80 ? 1 : len < 0x100 ? 2 : 3;
}

static void wr_head(struct wr *w, unsigned id, size_t len)
{
	size_t n = length_octets(len);
	uint8_t *p = ms_wr_room(w, 1 + n);
	if (len > 0xffff)
		ms_buf_fail(w->b, -EMSGSIZE);
	*p++ = (uint8_t)id;
	if (n > 1)
		*p++ = (uint8_t)(0x80 | (n - 1));
	if (n > 2)
		*p++ = (uint8_t)(len >> 8);
	*p = (uint8_t)len;
}

void ms_wr_string(struct wr *w, unsigned id, struct ms_span s)
{
	wr_head(w, id, s.len);
	if (s.len == 0)
		return;
	if (s.len <= 16)
		memcpy(ms_wr_room(w, s.len), s.p, s.len);
	else
		ms_buf_put_span(w->b, s);
}

void ms_wr_wrapped(struct wr *w, unsigned id, unsigned type, struct ms_span s)
{
	wr_head(w, id, 1 + length_octets(s.len) + s.len);
	ms_wr_string(w, type, s);
}
