/* SPDX-License-Identifier: Apache-2.0 */
/* Characters and lines. */
#include "mime/mime-priv.h"

bool ms_mime_is_token_char(uint8_t c)
{
	return c > 0x20 && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);
}

bool ms_mime_is_token(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!ms_mime_is_token_char(s.p[i]))
			return false;
	}
	return s.len > 0;
}

bool ms_mime_has_control(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
			return true;
	}
	return false;
}

/* Octets of the sequence that starts with `c`, and in *ret_min the least second octet; 0 if none
 * starts so. RFC 3629 section 4. */
static size_t sequence(uint8_t c, uint8_t *ret_min, uint8_t *ret_max)
{
	*ret_min = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	*ret_max = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

bool ms_mime_is_utf8(struct ms_span s)
{
	for (size_t i = 0; i < s.len;) {
		uint8_t min, max;
		size_t n = sequence(s.p[i], &min, &max);

		if (n == 0 || n > s.len - i)
			return false;
		if (n > 1 && (s.p[i + 1] < min || s.p[i + 1] > max))
			return false;
		for (size_t k = 2; k < n; k++) {
			if ((s.p[i + k] & 0xc0) != 0x80)
				return false;
		}
		i += n;
	}
	return true;
}

struct ms_span ms_mime_line(struct ms_span *rest)
{
	struct ms_span line = ms_span_cut(rest, '\n');

	if (line.len > 0 && line.p[line.len - 1] == '\r' && rest->p)
		line.len--;
	return line;
}

void ms_mime_put_text(struct ms_buf *b, struct ms_span text)
{
	for (size_t i = 0; i < text.len;) {
		size_t n = 0;

		while (i + n < text.len && text.p[i + n] != '\r' && text.p[i + n] != '\n')
			n++;
		ms_buf_put_span(b, ms_span_sub(text, i, n));
		i += n;
		if (i == text.len)
			return;
		ms_buf_put_str(b, "\r\n");
		i += text.p[i] == '\r' && i + 1 < text.len && text.p[i + 1] == '\n' ? 2 : 1;
	}
}
