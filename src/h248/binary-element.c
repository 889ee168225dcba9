/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec's elements (X.690): identifiers, lengths, primitive types, both directions. */
#include "h248/binary-priv.h"

#define SKIP_DEPTH_MAX 32

/* ---- reading ---- */

bool ms_rd_bad(struct rd *r, const uint8_t *at, const char *reason)
{
	if (r->err == 0) {
		r->err = -EBADMSG;
		r->refused = r->place;
		ms_fault_set(&r->refused.fault, 0, r->code, reason, (size_t)(at - r->start));
	}
	return false;
}

bool ms_rd_no_memory(struct rd *r)
{
	if (r->err == 0) {
		r->err = -ENOMEM;
		r->refused = r->place;
		ms_fault_set(&r->refused.fault, 0, 500, "no_memory", 0);
	}
	return false;
}

/* Identifier and length octets; *ret_len SIZE_MAX: indefinite. */
static bool rd_head(struct rd *r, const uint8_t **at, const uint8_t *end, uint8_t *ret_id,
		    size_t *ret_len)
{
	const uint8_t *p = *at;
	size_t len, n;

	*ret_id = *p++;
	if ((*ret_id & 0x1f) == 0x1f) { /* a tag over 30: an extension we do not know */
		while (p < end && *p & 0x80)
			p++;
		p += p < end;
	}
	if (p == end)
		return ms_rd_bad(r, p, "cut_short");
	len = *p++;
	if (len == 0x80 && *ret_id & 0x20) {
		len = SIZE_MAX;
	} else if (len & 0x80) {
		n = len & 0x7f;
		if (n == 0 || n > (size_t)(end - p))
			return ms_rd_bad(r, p, "length");
		for (len = 0; n > 0 && len <= MS_H248_BINARY_MAX; n--)
			len = len << 8 | *p++;
	}
	if (len != SIZE_MAX && len > (size_t)(end - p))
		return ms_rd_bad(r, p, "cut_short");
	*ret_len = len;
	*at = p;
	return true;
}

/* To the end-of-contents octets of an element of indefinite length (X.690 section 8.1.5). */
static bool skip_indefinite(struct rd *r, const uint8_t **at, const uint8_t *end)
{
	unsigned depth = 1;
	const uint8_t *p = *at;

	while (depth > 0) {
		uint8_t id;
		size_t len;
		if (end - p >= 2 && p[0] == 0 && p[1] == 0) {
			*at = p;
			p += 2;
			depth--;
			continue;
		}
		if (p == end || !rd_head(r, &p, end, &id, &len))
			return ms_rd_bad(r, p, "cut_short");
		if (len != SIZE_MAX)
			p += len;
		else if (++depth > SKIP_DEPTH_MAX)
			return ms_rd_bad(r, p, "too_deep");
	}
	return true;
}

/* One or two octets of length: the outer elements of nearly every message. false: none of that. */
static inline bool next_long(const uint8_t **at, const uint8_t *end, struct el *e)
{
	const uint8_t *p = *at;
	size_t left = (size_t)(end - p), head, len;

	if (left < 4 || (p[1] != 0x81 && p[1] != 0x82) || (p[0] & 0x1f) == 0x1f)
		return false;
	head = p[1] == 0x81 ? 3 : 4;
	len = p[1] == 0x81 ? p[2] : (size_t)p[2] << 8 | p[3];
	if (len > left - head)
		return false;
	e->id = p[0];
	e->p = p + head;
	e->end = *at = e->p + len;
	return true;
}

static bool next_other(struct rd *r, const uint8_t **at, const uint8_t *end, struct el *e)
{
	const uint8_t *p = *at;
	size_t len;

	if (p == end || r->err != 0 || !rd_head(r, &p, end, &e->id, &len))
		return false;
	e->p = p;
	if (len != SIZE_MAX) {
		e->end = *at = p + len;
		return true;
	}
	if (!skip_indefinite(r, &p, end))
		return false;
	e->end = p;
	*at = p + 2;
	return true;
}

bool ms_rd_next_slow(struct rd *r, const uint8_t **at, const uint8_t *end, struct el *e)
{
	return next_long(at, end, e) || next_other(r, at, end, e);
}

bool ms_rd_item_slow(struct rd *r, const uint8_t **at, const uint8_t *end, unsigned id,
		     struct el *e)
{
	return ms_rd_next(r, at, end, e) && (e->id == id || ms_rd_bad(r, e->p, "element_type"));
}

unsigned ms_rd_field_slow(struct rd *r, struct fields *f, struct el *e)
{
	if (!next_long(&f->at, f->end, e) && !next_other(r, &f->at, f->end, e))
		return 0;
	unsigned tag = e->id & 0x1f;
	if ((e->id & 0xc0) != 0x80 || (tag < f->next && tag != 31)) { /* 31: a tag over 30 */
		ms_rd_bad(r, e->p, "field_order");
		return 0;
	}
	f->next = tag == 31 ? 31 : tag + 1;
	return e->id;
}

bool ms_rd_choice_slow(struct rd *r, const struct el *field, struct el *e)
{
	const uint8_t *at = field->p;
	if (!ms_rd_next(r, &at, field->end, e) || at != field->end)
		return ms_rd_bad(r, field->p, "choice");
	return true;
}

bool ms_rd_uint_long(struct rd *r, const struct el *e, uint32_t max, uint32_t *ret_v)
{
	const uint8_t *p = e->p;
	size_t len = (size_t)(e->end - p);
	uint64_t v;

	if (len == 0 || len > 5 || p[0] & 0x80)
		return ms_rd_bad(r, p, "integer");
	if (len == 4)
		v = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	else
		for (v = *p++; p < e->end; p++)
			v = v << 8 | *p;
	if (v > max)
		return ms_rd_bad(r, e->p, "integer_range");
	*ret_v = (uint32_t)v;
	return true;
}

bool ms_rd_u16(struct rd *r, const struct el *e, uint16_t *ret_v)
{
	uint32_t v;
	if (!ms_rd_uint(r, e, UINT16_MAX, &v))
		return false;
	*ret_v = (uint16_t)v;
	return true;
}

bool ms_rd_u8(struct rd *r, const struct el *e, uint32_t max, uint8_t *ret_v)
{
	uint32_t v;
	if (!ms_rd_uint(r, e, max, &v))
		return false;
	*ret_v = (uint8_t)v;
	return true;
}

bool ms_rd_bool(struct rd *r, const struct el *e, bool *ret_v)
{
	if (e->end - e->p != 1)
		return ms_rd_bad(r, e->p, "boolean");
	*ret_v = e->p[0] != 0;
	return true;
}

bool ms_rd_null(struct rd *r, const struct el *e)
{
	return e->p == e->end || ms_rd_bad(r, e->p, "null");
}

/* X.690 section 8.6: the first octet says how many bits of the last are unused. */
bool ms_rd_bits(struct rd *r, const struct el *e, uint32_t *ret_bits)
{
	size_t len = (size_t)(e->end - e->p);
	uint32_t bits = 0;

	if (len == 0 || e->p[0] > 7 || (len == 1 && e->p[0] != 0))
		return ms_rd_bad(r, e->p, "bit_string");
	for (size_t i = 0; i < 8 * (len - 1) - e->p[0] && i < 32; i++)
		if (e->p[1 + i / 8] & 0x80 >> i % 8)
			bits |= 1u << i;
	*ret_bits = bits;
	return true;
}

/* A string in pieces (X.690 section 8.7.3); pieces of pieces are refused. */
static bool rd_join(struct rd *r, const struct el *e, struct ms_span *ret_s)
{
	const uint8_t *at = e->p;
	uint8_t *p = ms_h248_arena_get(r->a, (size_t)(e->end - e->p) + 1);
	struct el piece;
	size_t len = 0;

	if (!p)
		return ms_rd_no_memory(r);
	while (ms_rd_next(r, &at, e->end, &piece)) {
		if (piece.id & 0xe0)
			return ms_rd_bad(r, piece.p, "string_pieces");
		memcpy(p + len, piece.p, (size_t)(piece.end - piece.p));
		len += (size_t)(piece.end - piece.p);
	}
	*ret_s = ms_span_of(p, len);
	return r->err == 0;
}

bool ms_rd_string_slow(struct rd *r, const struct el *e, size_t min, size_t max,
		       struct ms_span *ret_s)
{
	struct ms_span s = ms_span_of(e->p, (size_t)(e->end - e->p));
	if (e->id & 0x20 && !rd_join(r, e, &s))
		return false;
	if (s.len < min || s.len > max)
		return ms_rd_bad(r, e->p, "string_size");
	*ret_s = s;
	return true;
}

/* Senders are known that do not wrap: what is no string by its encoding is taken as it is. */
struct ms_span ms_rd_unwrap(struct ms_span octets)
{
	struct rd inner = { .start = octets.p };
	const uint8_t *at = octets.p, *end = at + octets.len;
	struct el e;

	if (octets.len == 0 || !ms_rd_next(&inner, &at, end, &e) || at != end ||
	    (e.id != U_IA5 && e.id != U_UTF8 && e.id != U_OCTETS))
		return octets;
	return ms_span_of(e.p, (size_t)(e.end - e.p));
}

/* ---- writing ---- */

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
