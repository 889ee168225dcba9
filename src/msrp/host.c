/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts of MSRP URIs: numeric addresses in any spelling, and names (RFC 4975 section 6.1). */
#include "core/hex.h"
#include "msrp/uri.h"

#define HOST_MAX 255

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

/* Groups separated by single colons; with `v4` the last may be a dotted address. Octets, or -1. */
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

bool ms_msrp_host_parse(struct ms_span host, struct ms_msrp_host *ret_h)
{
	struct ms_msrp_host h = { .len = 0 };

	if (parse_ipv4(host, h.addr))
		h.len = 4;
	else if (ms_span_find(host, ':') < host.len && parse_ipv6(host, h.addr))
		h.len = 16;
	else
		memset(h.addr, 0, sizeof(h.addr));
	*ret_h = h;
	return h.len > 0;
}

/* Percent-escapes decoded; a malformed escape stays as it is. */
static struct ms_span decode(struct ms_span s, uint8_t dst[static HOST_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < s.len && n < HOST_MAX; i++) {
		int hi = -1, lo = -1;

		if (s.p[i] == '%' && i + 2 < s.len) {
			hi = ms_hex_digit(s.p[i + 1]);
			lo = ms_hex_digit(s.p[i + 2]);
		}
		if (hi >= 0 && lo >= 0) {
			dst[n++] = (uint8_t)(hi << 4 | lo);
			i += 2;
		} else {
			dst[n++] = s.p[i];
		}
	}
	return ms_span_of(dst, n);
}

bool ms_msrp_host_equal(struct ms_span a, struct ms_span b)
{
	uint8_t da[HOST_MAX], db[HOST_MAX];
	struct ms_msrp_host ha, hb;

	if (a.len > HOST_MAX || b.len > HOST_MAX)
		return ms_span_eq_nocase(a, b);
	a = decode(a, da);
	b = decode(b, db);
	if (ms_msrp_host_parse(a, &ha) && ms_msrp_host_parse(b, &hb))
		return ha.len == hb.len && memcmp(ha.addr, hb.addr, ha.len) == 0;
	return ms_span_eq_nocase(a, b);
}
