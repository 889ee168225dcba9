/* SPDX-License-Identifier: Apache-2.0 */
/* Character classes of RFC 4975 section 9 and RFC 3986, shared inside the module. */
#ifndef MS_MSRP_PRIV_H
#define MS_MSRP_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "core/span.h"

static inline bool msrp_is_alpha(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static inline bool msrp_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool msrp_is_alnum(uint8_t c)
{
	return msrp_is_alpha(c) || msrp_is_digit(c);
}

/* token = 1*(%x21 / %x23-27 / %x2A-2B / %x2D-2E / %x30-39 / %x41-5A / %x5E-7E) */
static inline bool msrp_is_token_char(uint8_t c)
{
	return c == 0x21 || (c >= 0x23 && c <= 0x27) || c == 0x2A || c == 0x2B || c == 0x2D ||
	       c == 0x2E || msrp_is_digit(c) || (c >= 0x41 && c <= 0x5A) ||
	       (c >= 0x5E && c <= 0x7E);
}

/* unreserved of RFC 3986 */
static inline bool msrp_is_unreserved(uint8_t c)
{
	return msrp_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static inline bool msrp_all(struct ms_span s, bool (*is)(uint8_t c))
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is(s.p[i]))
			return false;
	}
	return s.len > 0;
}

#endif
