/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts of MSRP URIs: numeric addresses in any spelling, and names (RFC 4975 section 6.1). */
#include <string.h>

#include "core/hex.h"
#include "core/ip.h"
#include "msrp/uri.h"

#define HOST_MAX 255

bool ms_msrp_host_parse(struct ms_span host, struct ms_msrp_host *ret_h)
{
	struct ms_msrp_host h = { .len = 0 };
	uint8_t family = ms_ip_parse(host, h.addr);

	h.len = family == 4 ? 4 : family == 6 ? 16 : 0;
	*ret_h = h;
	return family != 0;
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
