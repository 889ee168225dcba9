/* SPDX-License-Identifier: Apache-2.0 */
/* IP address literals (RFC 4291 section 2.2, RFC 5952). */
#include "core/ip.h"

#include <string.h>

#include "core/hex.h"

static bool parse_ipv4(struct ms_span s, uint8_t addr[static 4])
{
	for (int i = 0; i < 4; i++) {
		struct ms_span part = ms_span_cut(&s, '.');
		uint64_t v;

		if (part.len > 3 || ms_span_u64(part, 255, &v) < 0)
			return false;
		if ((i < 3) != (s.p != NULL))
			return false;
		addr[i] = (uint8_t)v;
	}
	return true;
}

static bool parse_group(struct ms_span s, uint8_t dst[static 2])
{
	unsigned v = 0;

	if (s.len == 0 || s.len > 4)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		int d = ms_hex_digit(s.p[i]);

		if (d < 0)
			return false;
		v = v << 4 | (unsigned)d;
	}
	dst[0] = (uint8_t)(v >> 8);
	dst[1] = (uint8_t)v;
	return true;
}

/* Groups between single colons; with `v4` the last may be a dotted address. Octets, or -1. */
static int parse_groups(struct ms_span s, bool v4, uint8_t dst[static 16])
{
	int n = 0;

	if (s.len == 0)
		return 0;
	while (s.p) {
		struct ms_span part = ms_span_cut(&s, ':');

		if (v4 && !s.p && n <= 12 && parse_ipv4(part, dst + n))
			return n + 4;
		if (n > 14 || !parse_group(part, dst + n))
			return -1;
		n += 2;
	}
	return n;
}

static bool parse_ipv6(struct ms_span s, uint8_t addr[static 16])
{
	size_t gap = ms_span_find_span(s, MS_SPAN_LIT("::"));
	uint8_t tail[16];
	int before, after;

	memset(addr, 0, 16);
	if (gap == s.len)
		return parse_groups(s, true, addr) == 16;
	before = parse_groups(ms_span_sub(s, 0, gap), false, addr);
	after = parse_groups(ms_span_from(s, gap + 2), true, tail);
	if (before < 0 || after < 0 || before + after > 14)
		return false;
	memset(addr + before, 0, (size_t)(16 - before));
	memcpy(addr + 16 - after, tail, (size_t)after);
	return true;
}

uint8_t ms_ip_parse(struct ms_span text, uint8_t ret_octets[static 16])
{
	uint8_t octets[16] = { 0 };
	uint8_t family = 0;

	if (parse_ipv4(text, octets))
		family = 4;
	else if (ms_span_find(text, ':') < text.len && parse_ipv6(text, octets))
		family = 6;
	if (family)
		memcpy(ret_octets, octets, sizeof(octets));
	return family;
}

/* The longest run of zero groups, two at least: RFC 5952 section 4.2. */
static int longest_gap(const uint8_t *o, int *ret_len)
{
	int best = -1, len = 1;

	for (int i = 0, j; i < 8; i = j + 1) {
		for (j = i; j < 8 && !o[2 * j] && !o[2 * j + 1]; j++)
			;
		if (j - i > len) {
			best = i;
			len = j - i;
		}
	}
	*ret_len = len;
	return best;
}

/* Up to four hexadecimal digits without leading zeros. Messages full of addresses go without printf. */
static void put_group(struct ms_buf *b, unsigned v)
{
	uint8_t digits[4];
	int n = 0;

	for (int shift = 12; shift >= 0; shift -= 4)
		if (n || v >> shift || !shift)
			digits[n++] = (uint8_t) "0123456789abcdef"[v >> shift & 15];
	ms_buf_put(b, digits, (size_t)n);
}

static void put_ipv4(struct ms_buf *b, const uint8_t *o)
{
	uint8_t text[16], *p = text;

	for (int i = 0; i < 4; i++) {
		if (i)
			*p++ = '.';
		if (o[i] >= 100)
			*p++ = (uint8_t)('0' + o[i] / 100);
		if (o[i] >= 10)
			*p++ = (uint8_t)('0' + o[i] / 10 % 10);
		*p++ = (uint8_t)('0' + o[i] % 10);
	}
	ms_buf_put(b, text, (size_t)(p - text));
}

static void put_ipv6(struct ms_buf *b, const uint8_t *o)
{
	int len, gap = longest_gap(o, &len);

	for (int i = 0; i < 8; i++) {
		if (i == gap) {
			ms_buf_put_str(b, "::");
			i += len - 1;
			continue;
		}
		if (i && i != gap + len)
			ms_buf_put_u8(b, ':');
		put_group(b, (unsigned)(o[2 * i] << 8 | o[2 * i + 1]));
	}
}

void ms_ip_put(struct ms_buf *b, uint8_t family, const uint8_t *octets)
{
	if (family == 4)
		put_ipv4(b, octets);
	else if (family == 6)
		put_ipv6(b, octets);
}
