/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base64.h"

#include <errno.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define MIME_LINE 76

static void encode(struct ms_buf *b, struct ms_span s, size_t line)
{
	size_t column = 0;

	for (size_t i = 0; i < s.len; i += 3) {
		size_t n = s.len - i < 3 ? s.len - i : 3;
		uint32_t v = (uint32_t)s.p[i] << 16 | (n > 1 ? (uint32_t)s.p[i + 1] << 8 : 0) |
			     (n > 2 ? s.p[i + 2] : 0);
		char quad[4] = { alphabet[v >> 18], alphabet[v >> 12 & 63],
				 n > 1 ? alphabet[v >> 6 & 63] : '=',
				 n > 2 ? alphabet[v & 63] : '=' };

		ms_buf_put(b, quad, 4);
		column += 4;
		if (line > 0 && column == line) {
			ms_buf_put_str(b, "\r\n");
			column = 0;
		}
	}
	if (line > 0 && column > 0)
		ms_buf_put_str(b, "\r\n");
}

void ms_base64_encode(struct ms_buf *b, struct ms_span s)
{
	encode(b, s, 0);
}

void ms_base64_encode_mime(struct ms_buf *b, struct ms_span s)
{
	encode(b, s, MIME_LINE);
}

static int digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A finished group of four: `quad` holds 6-bit values, `pads` how many '=' ended it. */
static int put_group(struct ms_buf *b, const uint8_t quad[4], unsigned pads)
{
	uint32_t v = (uint32_t)quad[0] << 18 | (uint32_t)quad[1] << 12 | (uint32_t)quad[2] << 6 |
		     quad[3];

	if (pads > 2 || (pads == 2 && (quad[1] & 15) != 0) || (pads == 1 && (quad[2] & 3) != 0))
		return -EINVAL;
	ms_buf_put_u8(b, v >> 16);
	if (pads < 2)
		ms_buf_put_u8(b, v >> 8 & 255);
	if (pads < 1)
		ms_buf_put_u8(b, v & 255);
	return 0;
}

static int decode(struct ms_buf *b, struct ms_span text, bool skip_blanks)
{
	uint8_t quad[4] = { 0 };
	unsigned n = 0, pads = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];
		int d = digit(c);

		if (skip_blanks && blank(c))
			continue;
		if (n == 0 && pads > 0)
			return -EINVAL; /* something after the padding */
		if (c == '=')
			pads++;
		else if (d < 0 || pads > 0)
			return -EINVAL;
		quad[n++] = c == '=' ? 0 : (uint8_t)d;
		if (n == 4) {
			if (put_group(b, quad, pads) < 0)
				return -EINVAL;
			n = 0;
		}
	}
	return n == 0 ? 0 : -EINVAL;
}

int ms_base64_decode(struct ms_buf *b, struct ms_span text, bool skip_blanks)
{
	size_t mark = b->len;
	int err = decode(b, text, skip_blanks);

	if (err == 0)
		err = ms_buf_status(b);
	if (err < 0)
		ms_buf_truncate(b, mark);
	return err;
}
