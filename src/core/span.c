/* SPDX-License-Identifier: Apache-2.0 */
#include "core/span.h"

#include <errno.h>

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool ms_span_eq(struct ms_span a, struct ms_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool ms_span_eq_nocase(struct ms_span a, struct ms_span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool ms_span_is(struct ms_span a, const char *s)
{
	return ms_span_eq(a, ms_span_str(s));
}

bool ms_span_is_nocase(struct ms_span a, const char *s)
{
	return ms_span_eq_nocase(a, ms_span_str(s));
}

bool ms_span_starts(struct ms_span s, struct ms_span prefix)
{
	return s.len >= prefix.len && ms_span_eq(ms_span_sub(s, 0, prefix.len), prefix);
}

bool ms_span_starts_nocase(struct ms_span s, struct ms_span prefix)
{
	return s.len >= prefix.len && ms_span_eq_nocase(ms_span_sub(s, 0, prefix.len), prefix);
}

int ms_span_cmp(struct ms_span a, struct ms_span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	if (c != 0)
		return c;
	return a.len < b.len ? -1 : a.len > b.len;
}

struct ms_span ms_span_from(struct ms_span s, size_t off)
{
	if (off >= s.len)
		return ms_span_of(s.p ? s.p + s.len : NULL, 0);
	return ms_span_of(s.p + off, s.len - off);
}

struct ms_span ms_span_sub(struct ms_span s, size_t off, size_t len)
{
	struct ms_span r = ms_span_from(s, off);

	if (r.len > len)
		r.len = len;
	return r;
}

size_t ms_span_find(struct ms_span s, uint8_t c)
{
	const uint8_t *hit = s.len > 0 ? memchr(s.p, c, s.len) : NULL;

	return hit ? (size_t)(hit - s.p) : s.len;
}

size_t ms_span_find_span(struct ms_span s, struct ms_span needle)
{
	const uint8_t *hit;

	if (needle.len == 0)
		return 0;
	if (s.len < needle.len)
		return s.len;
	hit = memmem(s.p, s.len, needle.p, needle.len);
	return hit ? (size_t)(hit - s.p) : s.len;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct ms_span ms_span_trim(struct ms_span s)
{
	while (s.len > 0 && is_blank(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

struct ms_span ms_span_cut(struct ms_span *rest, uint8_t c)
{
	size_t at = ms_span_find(*rest, c);
	struct ms_span head = ms_span_sub(*rest, 0, at);

	if (at == rest->len)
		*rest = MS_SPAN_NULL;
	else
		*rest = ms_span_from(*rest, at + 1);
	return head;
}

int ms_span_u64(struct ms_span s, uint64_t max, uint64_t *ret_value)
{
	uint64_t v = 0;

	if (s.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		uint64_t digit = (uint64_t)(s.p[i] - '0');

		if (v > (max - (digit > max ? max : digit)) / 10 || digit > max)
			return -ERANGE;
		v = v * 10 + digit;
	}
	*ret_value = v;
	return 0;
}

int ms_span_to_str(struct ms_span s, char *dst, size_t size)
{
	if (s.len >= size)
		return -ENOBUFS;
	if (s.len > 0 && memchr(s.p, '\0', s.len))
		return -EINVAL;
	if (s.len > 0)
		memcpy(dst, s.p, s.len);
	dst[s.len] = '\0';
	return 0;
}
