/* SPDX-License-Identifier: Apache-2.0 */
/* Reading quoted-printable, RFC 2045 section 6.7. */
#include <errno.h>

#include "core/hex.h"
#include "mime/mime-priv.h"

/* Blanks at the end of a line were added on the way (rule 3). */
static struct ms_span without_trailing_blanks(struct ms_span line)
{
	while (line.len > 0 && (line.p[line.len - 1] == ' ' || line.p[line.len - 1] == '\t'))
		line.len--;
	return line;
}

/* One line; *ret_soft: it ended with "=", so the line goes on. */
static int decode_line(struct ms_span line, struct ms_buf *b, bool *ret_soft)
{
	*ret_soft = line.len > 0 && line.p[line.len - 1] == '=';
	if (*ret_soft)
		line.len--;
	for (size_t i = 0; i < line.len; i++) {
		uint8_t c = line.p[i];

		if (c == '=') {
			int high = i + 1 < line.len ? ms_hex_digit(line.p[i + 1]) : -1;
			int low = i + 2 < line.len ? ms_hex_digit(line.p[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -EBADMSG;
			ms_buf_put_u8(b, (unsigned)(high << 4 | low));
			i += 2;
		} else if ((c < 0x20 && c != '\t') || c >= 0x7f) {
			return -EBADMSG;
		} else {
			ms_buf_put_u8(b, c);
		}
	}
	return ms_buf_status(b);
}

int ms_mime_decode_qp(struct ms_span body, struct ms_buf *b)
{
	while (body.len > 0) {
		struct ms_span line = without_trailing_blanks(ms_mime_line(&body));
		bool soft;
		int err = decode_line(line, b, &soft);

		if (err < 0)
			return err;
		/* ms_mime_line() leaves p NULL after a last line without an end. */
		if (!soft && body.p)
			ms_buf_put_str(b, "\r\n");
	}
	return ms_buf_status(b);
}
