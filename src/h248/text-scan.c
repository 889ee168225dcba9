/* SPDX-License-Identifier: Apache-2.0 */
/* Words, numbers, tokens, strings of the text encoding (RFC 3525 B.2). */
#include <endian.h>
#include <errno.h>

#include "h248/text-priv.h"

struct spelling {
	uint64_t words
		[3]; /* lower case: octets 1-8, 9-16 (of more than 16), the last 8 (of more than 8) */
	uint8_t len;
	uint8_t token;
};

#include "h248/tokens-table.h"

#define S MS_H248_C_SAFE | MS_H248_C_QUOTED
#define A S | MS_H248_C_NAME | MS_H248_C_PATH
#define D A | MS_H248_C_DIGIT
#define P S | MS_H248_C_PATH
#define W MS_H248_C_WHITE | MS_H248_C_GAP
#define R MS_H248_C_QUOTED
/* clang-format off */
const uint8_t ms_h248_class[256] = {
	['\t'] = W | R, [' '] = W | R, ['\r'] = W, ['\n'] = W, [';'] = MS_H248_C_GAP | R,
	['0' ... '9'] = D, ['a' ... 'z'] = A, ['A' ... 'Z'] = A, ['_'] = A, ['*'] = A,
	['/'] = P, ['$'] = P, ['@'] = P, ['.'] = P, ['-'] = P,
	['+'] = S, ['&'] = S, ['!'] = S, ['\''] = S, ['?'] = S, ['^'] = S, ['`'] = S, ['~'] = S,
	['\\'] = S, ['('] = S, [')'] = S, ['%'] = S, ['|'] = S,
	['['] = R, [']'] = R, ['{'] = R, ['}'] = R, [':'] = R, [','] = R, ['#'] = R, ['<'] = R,
	['>'] = R, ['='] = R,
	[0x80 ... 0xff] = R, /* B.2: a Character is UTF-8 between quotes */
};
/* clang-format on */
#undef S
#undef A
#undef D
#undef P
#undef W
#undef R

bool ms_h248_all(struct ms_span s, unsigned classes)
{
	for (size_t i = 0; i < s.len; i++)
		if (!(ms_h248_class[s.p[i]] & classes))
			return false;
	return true;
}

#define LOWER 0x2020202020202020u

/* Up to 8 octets as a number, in lower case; no other SafeChar becomes a letter by that. */
static uint64_t load(const uint8_t *p, size_t n, const uint8_t *end)
{
	uint64_t v = 0;
	if (end - p >= 8)
		memcpy(&v, p, 8);
	else
		memcpy(&v, p, n);
	v = le64toh(v) | LOWER;
	return n < 8 ? v & (((uint64_t)1 << 8 * n) - 1) : v;
}

static bool spells(const struct spelling *s, uint64_t first, uint64_t last, struct ms_span w,
		   const uint8_t *end)
{
	if (s->len != w.len || s->words[0] != first || s->words[2] != last)
		return false;
	return w.len <= 16 || s->words[1] == load(w.p + 8, 8, end);
}

enum ms_h248_token ms_h248_token_of(struct ms_span w, const uint8_t *end)
{
	if (!w.len || w.len > 24)
		return MS_H248_T_NONE;
	uint64_t first = load(w.p, w.len < 8 ? w.len : 8, end);
	uint64_t last = w.len > 8 ? load(w.p + w.len - 8, 8, end) : 0;
	size_t slot = (first ^ last) * MS_H248_TOKEN_MULTIPLIER >> MS_H248_TOKEN_SHIFT;
	const struct spelling *s = &spellings[slots[slot]];
	return spells(s, first, last, w, end) ? (enum ms_h248_token)s->token : MS_H248_T_NONE;
}

void ms_h248_in_fail(struct ms_h248_in *in, int code, const char *reason, const uint8_t *at)
{
	if (in->err)
		return;
	in->err = code == 500 ? -ENOMEM : -EBADMSG;
	in->refused.fault =
		(struct ms_fault){ code, reason, (size_t)((at ? at : in->p) - in->start) };
	in->p = in->end;
}

/* LWSP = *( WSP / COMMENT / EOL ) */
void ms_h248_in_gap(struct ms_h248_in *in)
{
	const uint8_t *p = in->p;
	while (p < in->end && ms_h248_class[*p] & MS_H248_C_GAP) {
		if (*p == ';')
			while (p < in->end && *p != '\r' && *p != '\n')
				p++;
		else
			p++;
	}
	in->p = p;
}

void *ms_h248_in_node(struct ms_h248_in *in, size_t size)
{
	void *p = in->err ? NULL : ms_h248_arena_get(in->arena, size);
	if (!p)
		ms_h248_in_fail(in, 500, "h248_too_large", NULL);
	return p;
}

struct ms_span ms_h248_in_need(struct ms_h248_in *in)
{
	struct ms_span w = ms_h248_in_word(in);
	if (!w.len)
		ms_h248_in_fail(in, in->syntax, "h248_syntax", NULL);
	return w;
}

uint32_t ms_h248_in_number(struct ms_h248_in *in, uint32_t max)
{
	struct ms_span w = ms_h248_in_word(in);
	uint64_t v = 0;
	bool digits = w.len && w.len <= 10;
	for (size_t i = 0; digits && i < w.len; i++) {
		unsigned d = w.p[i] - (unsigned)'0';
		digits = d <= 9;
		v = v * 10 + d;
	}
	if (!digits || v > max) {
		ms_h248_in_fail(in, in->syntax, "h248_number", w.p);
		return 0;
	}
	return (uint32_t)v;
}

uint32_t ms_h248_in_equal_number(struct ms_h248_in *in, uint32_t max)
{
	ms_h248_in_want(in, '=');
	return ms_h248_in_number(in, max);
}

/* RequestID = ( UINT32 / "*" ); annex A has all ones for all. */
uint32_t ms_h248_in_request_id(struct ms_h248_in *in)
{
	ms_h248_in_lwsp(in);
	if (in->p < in->end && *in->p == '*') {
		in->p++;
		return UINT32_MAX;
	}
	return ms_h248_in_number(in, UINT32_MAX);
}

/* The opening quote is the next octet. */
static struct ms_span quoted(struct ms_h248_in *in)
{
	const uint8_t *start = ++in->p;
	while (in->p < in->end && ms_h248_class[*in->p] & MS_H248_C_QUOTED)
		in->p++;
	if (in->p == in->end || *in->p != '"') {
		ms_h248_in_fail(in, in->syntax, "h248_quotes", start);
		return MS_SPAN_NULL;
	}
	return ms_span_of(start, (size_t)(in->p++ - start));
}

struct ms_span ms_h248_in_quoted(struct ms_h248_in *in)
{
	return ms_h248_in_next(in) == '"' ? quoted(in) : MS_SPAN_NULL;
}

struct ms_h248_value *ms_h248_in_value(struct ms_h248_in *in)
{
	struct ms_h248_value *v = ms_h248_in_node(in, sizeof(*v));
	if (!v)
		return NULL;
	if (ms_h248_in_next(in) == '"') {
		v->form = MS_H248_QUOTED;
		v->octets = quoted(in);
	} else {
		v->octets = ms_h248_in_need(in);
	}
	return v;
}

/* "}" stands escaped as "\}" in octetString. */
static struct ms_span without_escapes(struct ms_h248_in *in, struct ms_span s)
{
	uint8_t *to = ms_h248_in_node(in, s.len), *p = to;
	if (!to)
		return MS_SPAN_NULL;
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] != '\\' || i + 1 == s.len || s.p[i + 1] != '}')
			*p++ = s.p[i];
	return ms_span_of(to, (size_t)(p - to));
}

static struct ms_span trimmed(const uint8_t *p, const uint8_t *end)
{
	while (p < end && ms_h248_class[*p] & MS_H248_C_WHITE)
		p++;
	while (p < end && ms_h248_class[end[-1]] & MS_H248_C_WHITE)
		end--;
	return ms_span_of(p, (size_t)(end - p));
}

struct ms_span ms_h248_in_octets(struct ms_h248_in *in)
{
	const uint8_t *start = in->p;
	bool escapes = false;
	for (;;) {
		const uint8_t *at = memchr(in->p, '}', (size_t)(in->end - in->p));
		if (!at) {
			ms_h248_in_fail(in, in->syntax, "h248_no_end", start);
			return MS_SPAN_NULL;
		}
		in->p = at + 1;
		if (at == start || at[-1] != '\\')
			break;
		escapes = true;
	}
	struct ms_span s = trimmed(start, in->p - 1);
	if (memchr(start, 0, (size_t)(in->p - start))) { /* octetString has no NUL */
		ms_h248_in_fail(in, in->syntax, "h248_nul", start);
		return MS_SPAN_NULL;
	}
	return escapes ? without_escapes(in, s) : s;
}

enum ms_h248_flag ms_h248_in_flag(struct ms_h248_in *in)
{
	struct ms_span w;
	ms_h248_in_want(in, '=');
	switch (ms_h248_in_token(in, &w)) {
	case MS_H248_T_ON:
		return MS_H248_FLAG_ON;
	case MS_H248_T_OFF:
		return MS_H248_FLAG_OFF;
	default:
		ms_h248_in_fail(in, in->syntax, "h248_flag", w.p);
		return MS_H248_FLAG_ABSENT;
	}
}

bool ms_h248_is_timestamp(struct ms_span w)
{
	return w.len == 17 && (w.p[8] | 0x20) == 't' &&
	       ms_h248_all(ms_span_of(w.p, 8), MS_H248_C_DIGIT) &&
	       ms_h248_all(ms_span_of(w.p + 9, 8), MS_H248_C_DIGIT);
}

struct ms_h248_timestamp ms_h248_timestamp_of(struct ms_span w)
{
	struct ms_h248_timestamp t = { .present = true };
	memcpy(t.date, w.p, sizeof(t.date));
	memcpy(t.time, w.p + 9, sizeof(t.time));
	return t;
}
