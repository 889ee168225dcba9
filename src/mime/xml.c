/* SPDX-License-Identifier: Apache-2.0 */
/* A tokenizer for small XML documents, XML 1.0 without what only a DTD brings. */
#include <errno.h>

#include "core/hex.h"
#include "mime/mime-priv.h"
#include "mime/xml-priv.h"

#define BOM MS_SPAN_LIT("\xef\xbb\xbf")

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* ASCII names; others would be legal but nothing of IMS has them. */
static bool is_name_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.' || c == ':';
}

static void skip_space(struct ms_span *s)
{
	while (s->len > 0 && is_space(s->p[0]))
		*s = ms_span_from(*s, 1);
}

static bool take(struct ms_span *s, const char *text)
{
	if (!ms_span_starts(*s, ms_span_str(text)))
		return false;
	*s = ms_span_from(*s, strlen(text));
	return true;
}

static bool take_name(struct ms_span *s, struct ms_span *ret_name)
{
	size_t n = 0;

	while (n < s->len && is_name_char(s->p[n]))
		n++;
	*ret_name = ms_span_sub(*s, 0, n);
	*s = ms_span_from(*s, n);
	return n > 0;
}

/* Goes past `end`; what is before it to *ret. */
static bool take_until(struct ms_span *s, const char *end, struct ms_span *ret)
{
	size_t n = ms_span_find_span(*s, ms_span_str(end));

	if (n == s->len)
		return false;
	*ret = ms_span_sub(*s, 0, n);
	*s = ms_span_from(*s, n + strlen(end));
	return true;
}

/* name="value" or name='value' with the space in front of it. */
static bool take_attribute(struct ms_span *s, struct ms_span *ret_name, struct ms_span *ret_value)
{
	const char *quote;

	if (s->len == 0 || !is_space(s->p[0]))
		return false;
	skip_space(s);
	if (!take_name(s, ret_name))
		return false;
	skip_space(s);
	if (!take(s, "="))
		return false;
	skip_space(s);
	quote = take(s, "\"") ? "\"" : take(s, "'") ? "'" : NULL;
	return quote && take_until(s, quote, ret_value) &&
	       ms_span_find(*ret_value, '<') == ret_value->len;
}

int ms_xml_open(struct ms_xml *x, struct ms_span document)
{
	struct ms_span declaration;

	*x = (struct ms_xml){ .rest = document };
	if (!ms_mime_is_utf8(document))
		return -EBADMSG;
	for (size_t i = 0; i < document.len; i++) {
		if (document.p[i] < 0x20 && !is_space(document.p[i]))
			return -EBADMSG;
	}
	if (ms_span_starts(x->rest, BOM))
		x->rest = ms_span_from(x->rest, BOM.len);
	if (ms_span_starts(x->rest, MS_SPAN_LIT("<?xml ")) &&
	    !take_until(&x->rest, "?>", &declaration))
		return -EBADMSG;
	return 0;
}

/* After "<" of a start tag. */
static int start_tag(struct ms_xml *x, struct ms_xml_token *ret_t)
{
	struct ms_span s = x->rest, name, value;

	ret_t->kind = MS_XML_START;
	if (!take_name(&s, &ret_t->name) || x->depth == MS_XML_DEPTH || (x->begun && x->depth == 0))
		return -EBADMSG;
	ret_t->attributes = s;
	for (;;) {
		struct ms_span at = s;

		skip_space(&at);
		if (at.len > 0 && (at.p[0] == '>' || at.p[0] == '/'))
			break;
		if (!take_attribute(&s, &name, &value))
			return -EBADMSG;
	}
	ret_t->attributes.len = (size_t)(s.p - ret_t->attributes.p);
	skip_space(&s);
	x->empty = take(&s, "/");
	if (!take(&s, ">"))
		return -EBADMSG;
	x->open[x->depth++] = ret_t->name;
	x->begun = true;
	x->rest = s;
	return 0;
}

static int close_element(struct ms_xml *x, struct ms_span name, struct ms_xml_token *ret_t)
{
	if (x->depth == 0 || !ms_span_eq(name, x->open[x->depth - 1]))
		return -EBADMSG;
	x->depth--;
	x->empty = false;
	ret_t->kind = MS_XML_CLOSE;
	ret_t->name = name;
	return 0;
}

/* After "</". */
static int end_tag(struct ms_xml *x, struct ms_xml_token *ret_t)
{
	struct ms_span name;

	if (!take_name(&x->rest, &name))
		return -EBADMSG;
	skip_space(&x->rest);
	return take(&x->rest, ">") ? close_element(x, name, ret_t) : -EBADMSG;
}

/* XML 1.0 section 2.5: "--" may not be inside. */
static int skip_comment(struct ms_xml *x)
{
	struct ms_span comment;

	if (!take_until(&x->rest, "--", &comment) || !take(&x->rest, ">"))
		return -EBADMSG;
	return 0;
}

int ms_xml_next(struct ms_xml *x, struct ms_xml_token *ret_t)
{
	*ret_t = (struct ms_xml_token){ .kind = MS_XML_END };
	if (x->empty)
		return close_element(x, x->open[x->depth - 1], ret_t);
	for (;;) {
		if (x->depth == 0)
			skip_space(&x->rest);
		if (x->rest.len == 0)
			return x->begun && x->depth == 0 ? 0 : -EBADMSG;
		if (take(&x->rest, "<!--")) {
			if (skip_comment(x) < 0)
				return -EBADMSG;
			continue;
		}
		if (take(&x->rest, "</"))
			return end_tag(x, ret_t);
		if (take(&x->rest, "<"))
			return start_tag(x, ret_t);
		if (x->depth == 0)
			return -EBADMSG;
		ret_t->kind = MS_XML_TEXT;
		ret_t->text = ms_span_sub(x->rest, 0, ms_span_find(x->rest, '<'));
		x->rest = ms_span_from(x->rest, ret_t->text.len);
		return 0;
	}
}

bool ms_xml_next_attribute(struct ms_span *rest, struct ms_span *ret_name,
			   struct ms_span *ret_value)
{
	return take_attribute(rest, ret_name, ret_value);
}

struct ms_span ms_xml_attribute(struct ms_span attributes, struct ms_span name)
{
	struct ms_span n, value;

	while (take_attribute(&attributes, &n, &value)) {
		if (ms_span_eq(n, name))
			return value;
	}
	return MS_SPAN_NULL;
}

static void put_utf8(struct ms_buf *b, uint32_t c)
{
	if (c < 0x80) {
		ms_buf_put_u8(b, c);
	} else if (c < 0x800) {
		ms_buf_put_u8(b, 0xc0 | c >> 6);
		ms_buf_put_u8(b, 0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		ms_buf_put_u8(b, 0xe0 | c >> 12);
		ms_buf_put_u8(b, 0x80 | (c >> 6 & 0x3f));
		ms_buf_put_u8(b, 0x80 | (c & 0x3f));
	} else {
		ms_buf_put_u8(b, 0xf0 | c >> 18);
		ms_buf_put_u8(b, 0x80 | (c >> 12 & 0x3f));
		ms_buf_put_u8(b, 0x80 | (c >> 6 & 0x3f));
		ms_buf_put_u8(b, 0x80 | (c & 0x3f));
	}
}

/* "#65" or "#x41"; the character range of XML 1.0 section 2.2. */
static bool character(struct ms_span ref, uint32_t *ret_c)
{
	bool hex = ref.len > 1 && ref.p[1] == 'x';
	uint32_t c = 0;

	ref = ms_span_from(ref, hex ? 2 : 1);
	if (ref.len == 0 || ref.len > 7)
		return false;
	for (size_t i = 0; i < ref.len; i++) {
		int v = ms_hex_digit(ref.p[i]);

		if (v < 0 || (!hex && v > 9))
			return false;
		c = c * (hex ? 16 : 10) + (uint32_t)v;
	}
	if (c < 0x20 ? !is_space((uint8_t)c) : c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return false;
	*ret_c = c;
	return true;
}

static bool reference(struct ms_span ref, uint32_t *ret_c)
{
	static const struct {
		const char *name;
		uint32_t c;
	} names[] = {
		{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' }
	};

	if (ref.len > 0 && ref.p[0] == '#')
		return character(ref, ret_c);
	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		if (ms_span_is(ref, names[i].name)) {
			*ret_c = names[i].c;
			return true;
		}
	}
	return false;
}

void ms_xml_put_resolved(struct ms_buf *b, struct ms_span text)
{
	while (text.len > 0) {
		size_t n = ms_span_find(text, '&');
		struct ms_span ref;
		uint32_t c;

		ms_buf_put_span(b, ms_span_sub(text, 0, n));
		if (n == text.len)
			return;
		text = ms_span_from(text, n + 1);
		if (!take_until(&text, ";", &ref) || !reference(ref, &c)) {
			ms_buf_fail(b, -EBADMSG);
			return;
		}
		put_utf8(b, c);
	}
}

void ms_xml_put_escaped(struct ms_buf *b, struct ms_span text)
{
	for (size_t i = 0; i < text.len; i++) {
		switch (text.p[i]) {
		case '&':
			ms_buf_put_str(b, "&amp;");
			break;
		case '<':
			ms_buf_put_str(b, "&lt;");
			break;
		case '>':
			ms_buf_put_str(b, "&gt;");
			break;
		case '"':
			ms_buf_put_str(b, "&quot;");
			break;
		default:
			ms_buf_put_u8(b, text.p[i]);
		}
	}
}
