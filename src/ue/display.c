/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a peer's text fit for a terminal. See display.h. */
#include "ue/display.h"

#include <stdbool.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static size_t sequence_length(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if ((lead & 0xf0) == 0xe0)
		return 3;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 4;
	return 0;
}

size_t ms_ue_utf8_decode(struct ms_span s, uint32_t *ret_c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	static const uint8_t lead_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c;
	size_t n;

	if (s.len == 0)
		return 0;
	n = sequence_length(s.p[0]);
	if (n == 0 || n > s.len)
		return 0;
	c = s.p[0] & lead_bits[n];
	for (size_t i = 1; i < n; i++) {
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s.p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_c = c;
	return n;
}

void ms_ue_display_utf8(struct ms_buf *b, struct ms_span text)
{
	while (text.len > 0) {
		uint32_t c = 0;
		size_t n = ms_ue_utf8_decode(text, &c);

		if (n == 0 || c == 0)
			ms_buf_put_str(b, REPLACEMENT);
		else
			ms_buf_put(b, text.p, n);
		text = ms_span_from(text, n > 0 ? n : 1);
	}
}

/* What could move the cursor, start a sequence or turn the direction of writing. */
static bool unfit(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||         /* C0, DEL, C1 */
	       c == 0x061c || c == 0x200e || c == 0x200f ||   /* direction marks */
	       (c >= 0x2028 && c <= 0x202e) ||                /* separators, embeddings */
	       (c >= 0x2066 && c <= 0x2069) ||                /* isolates */
	       (c >= 0xfff9 && c <= 0xfffb) ||                /* interlinear annotation */
	       c == 0xfeff || (c >= 0xe0000 && c <= 0xe007f); /* BOM, invisible tags */
}

static size_t put_break(struct ms_buf *b, struct ms_span text, const char *indent)
{
	if (indent) {
		ms_buf_put_u8(b, '\n');
		ms_buf_put_str(b, indent);
	} else {
		ms_buf_put_u8(b, ' ');
	}
	return text.p[0] == '\r' && text.len > 1 && text.p[1] == '\n' ? 2 : 1;
}

void ms_ue_display_text(struct ms_buf *b, struct ms_span text, const char *indent, size_t max)
{
	bool cut = text.len > max;

	text = ms_span_sub(text, 0, max);
	while (text.len > 0) {
		uint32_t c = 0;
		size_t n = ms_ue_utf8_decode(text, &c);

		if (n == 0 && cut && text.len < 4)
			break; /* a character that the cut divided */
		if (n == 1 && (c == '\n' || c == '\r'))
			n = put_break(b, text, indent);
		else if (n == 1 && c == '\t')
			ms_buf_put_u8(b, ' ');
		else if (n == 0 || unfit(c))
			ms_buf_put_str(b, REPLACEMENT);
		else
			ms_buf_put(b, text.p, n);
		text = ms_span_from(text, n > 0 ? n : 1);
	}
	if (cut)
		ms_buf_put_str(b, "...");
}
