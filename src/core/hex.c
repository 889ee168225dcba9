/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hex.h"

#include <errno.h>

int ms_hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void encode(struct ms_buf *b, struct ms_span s, const char *digits, char between)
{
	for (size_t i = 0; i < s.len; i++) {
		char text[3] = { between, digits[s.p[i] >> 4], digits[s.p[i] & 15] };
		size_t skip = i == 0 || !between;

		ms_buf_put(b, text + skip, sizeof(text) - skip);
	}
}

void ms_hex_encode(struct ms_buf *b, struct ms_span s)
{
	encode(b, s, "0123456789abcdef", 0);
}

void ms_hex_encode_upper(struct ms_buf *b, struct ms_span s, char between)
{
	encode(b, s, "0123456789ABCDEF", between);
}

int ms_hex_decode(struct ms_buf *b, struct ms_span text)
{
	size_t mark = b->len;

	if (text.len % 2 != 0)
		return -EINVAL;
	for (size_t i = 0; i < text.len; i += 2) {
		int hi = ms_hex_digit(text.p[i]), lo = ms_hex_digit(text.p[i + 1]);

		if (hi < 0 || lo < 0) {
			ms_buf_truncate(b, mark);
			return -EINVAL;
		}
		ms_buf_put_u8(b, (unsigned)(hi << 4 | lo));
	}
	return ms_buf_status(b);
}
