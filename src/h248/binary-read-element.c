/* SPDX-License-Identifier: Apache-2.0 */
/* The binary codec, reading: elements (X.690) that are not of the usual form, primitive types. */
#include "h248/binary-read-priv.h"

#define SKIP_DEPTH_MAX 32

/* Where reading is, as far as that is known. */
static void refuse(struct rd *r, int err, struct ms_fault fault)
{
	const struct ms_h248_transaction *t = r->transaction;

	r->err = err;
	r->refused = (struct ms_h248_refused){
		.fault = fault,
		.version = r->message ? r->message->version : 0,
		.has_transaction = t,
		.kind = t ? t->kind : 0,
		.transaction = t ? t->id : 0,
		.has_context = r->action,
		.context = r->action ? r->action->context : 0,
	};
	if (r->sender)
		r->refused.mid = *r->sender;
}

void ms_rd_bad(struct rd *r, const uint8_t *at, const char *reason)
{
	if (r->err == 0)
		refuse(r, -EBADMSG, (struct ms_fault){ r->code, reason, (size_t)(at - r->start) });
}

void ms_rd_no_memory(struct rd *r)
{
	if (r->err == 0)
		refuse(r, -ENOMEM, (struct ms_fault){ 500, "no_memory", 0 });
}

/* As ms_rd_bad(), for those who say whether they could. */
static bool bad(struct rd *r, const uint8_t *at, const char *reason)
{
	ms_rd_bad(r, at, reason);
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
		return bad(r, p, "cut_short");
	len = *p++;
	if (len == 0x80 && *ret_id & 0x20) {
		len = SIZE_MAX;
	} else if (len & 0x80) {
		n = len & 0x7f;
		if (n == 0 || n > (size_t)(end - p))
			return bad(r, p, "length");
		for (len = 0; n > 0 && len <= MS_H248_BINARY_MAX; n--)
			len = len << 8 | *p++;
	}
	if (len != SIZE_MAX && len > (size_t)(end - p))
		return bad(r, p, "cut_short");
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
			return bad(r, p, "cut_short");
		if (len != SIZE_MAX)
			p += len;
		else if (++depth > SKIP_DEPTH_MAX)
			return bad(r, p, "too_deep");
	}
	return true;
}

/* One or two octets of length: the outer elements of nearly every message. p NULL: none of that. */
static inline struct ms_span next_long(struct rd *r, struct ms_span in)
{
	const uint8_t *p = in.p;
	size_t head, len;

	if (in.len < 4 || (p[1] != 0x81 && p[1] != 0x82) || (p[0] & 0x1f) == 0x1f)
		return MS_SPAN_NULL;
	head = p[1] == 0x81 ? 3 : 4;
	len = p[1] == 0x81 ? p[2] : ms_rd_16(p + 2);
	if (len > in.len - head)
		return MS_SPAN_NULL;
	r->behind = p + head + len;
	return ms_span_of(p + head, len);
}

/* Kept apart, so that the others need no room on the stack. */
MS_COLD static struct ms_span next_other(struct rd *r, struct ms_span in)
{
	const uint8_t *p = in.p, *end = p + in.len, *content;
	uint8_t id;
	size_t len;

	if (in.len == 0 || r->err != 0 || !rd_head(r, &p, end, &id, &len))
		return MS_SPAN_NULL;
	content = p;
	if (len != SIZE_MAX) {
		r->behind = content + len;
		return ms_span_of(content, len);
	}
	if (!skip_indefinite(r, &p, end))
		return MS_SPAN_NULL;
	r->behind = p + 2;
	return ms_span_of(content, (size_t)(p - content));
}

struct ms_span ms_rd_next_slow(struct rd *r, struct ms_span in)
{
	struct ms_span found = next_long(r, in);
	return found.p ? found : next_other(r, in);
}

struct ms_span ms_rd_item_slow(struct rd *r, struct ms_span in, unsigned id)
{
	struct ms_span found = ms_rd_next_slow(r, in);
	if (!found.p || in.p[0] == id)
		return found;
	ms_rd_bad(r, found.p, "element_type");
	return MS_SPAN_NULL;
}

struct ms_span ms_rd_field_slow(struct rd *r, struct ms_span in, uint8_t room)
{
	struct ms_span found = ms_rd_next_slow(r, in);
	if (!found.p || ms_rd_room(in.p[0]) < room || (in.p[0] & 0xdf) == 0x9f) /* 0x9f: over 30 */
		return found;
	ms_rd_bad(r, found.p, "field_order");
	return MS_SPAN_NULL;
}

struct ms_span ms_rd_choice_slow(struct rd *r, struct ms_span in)
{
	struct ms_span found = ms_rd_next_slow(r, in);
	if (found.p && r->behind == in.p + in.len)
		return found;
	ms_rd_bad(r, in.p, "choice");
	return MS_SPAN_NULL;
}

uint32_t ms_rd_uint_long(struct rd *r, struct ms_span in, uint32_t max)
{
	const uint8_t *p = in.p;
	uint64_t v = 0;

	if (in.len == 0 || in.len > 5 || p[0] & 0x80) {
		ms_rd_bad(r, p, "integer");
		return 0;
	}
	if (in.len == 4)
		v = ms_rd_32(p);
	else if (in.len == 2)
		v = ms_rd_16(p);
	else
		for (size_t i = 0; i < in.len; i++)
			v = v << 8 | p[i];
	if (v <= max)
		return (uint32_t)v;
	ms_rd_bad(r, p, "integer_range");
	return 0;
}

/* X.690 section 8.6: the first octet says how many bits of the last are unused. */
uint32_t ms_rd_bits(struct rd *r, struct ms_span in)
{
	size_t len = in.len;
	uint32_t bits = 0;

	if (len == 0 || in.p[0] > 7 || (len == 1 && in.p[0] != 0)) {
		ms_rd_bad(r, in.p, "bit_string");
		return 0;
	}
	for (size_t i = 0; i < 8 * (len - 1) - in.p[0] && i < 32; i++)
		if (in.p[1 + i / 8] & 0x80 >> i % 8)
			bits |= 1u << i;
	return bits;
}

/* A string in pieces (X.690 section 8.7.3); pieces of pieces are refused. */
static struct ms_span rd_join(struct rd *r, struct ms_span in)
{
	uint8_t *p = ms_h248_arena_get(r->a, in.len + 1);
	struct el piece;
	size_t len = 0;

	if (!p) {
		ms_rd_no_memory(r);
		return MS_SPAN_NULL;
	}
	while (ms_rd_next(r, &in, &piece)) {
		if (piece.id & 0xe0) {
			ms_rd_bad(r, piece.in.p, "string_pieces");
			return MS_SPAN_NULL;
		}
		memcpy(p + len, piece.in.p, piece.in.len);
		len += piece.in.len;
	}
	return ms_span_of(p, len);
}

struct ms_span ms_rd_string_slow(struct rd *r, unsigned id, struct ms_span in, size_t min,
				 size_t max)
{
	struct ms_span s = in;
	if (id & 0x20)
		s = rd_join(r, in);
	if (s.len >= min && s.len <= max)
		return s;
	ms_rd_bad(r, in.p, "string_size");
	return MS_SPAN_NULL;
}

static bool is_string(unsigned id)
{
	return id == U_IA5 || id == U_UTF8 || id == U_OCTETS;
}

/* Senders are known that do not wrap: what is no string by its encoding is taken as it is. */
struct ms_span ms_rd_unwrap(struct ms_span octets)
{
	const uint8_t *p = octets.p;
	struct rd inner = { .start = p };
	struct ms_span found;

	if (octets.len < 2 || !is_string(p[0]))
		return octets;
	if (ms_rd_short(p) == octets.len - 2)
		return ms_span_of(p + 2, octets.len - 2);
	found = ms_rd_next_slow(&inner, octets);
	return found.p && inner.behind == p + octets.len ? found : octets;
}
