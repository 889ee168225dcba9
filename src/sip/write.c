/* SPDX-License-Identifier: Apache-2.0 */
/* Writing headers and bodies: RFC 3261 section 7.3. */
#include <errno.h>

#include "sip/sip-priv.h"

size_t ms_sip_buffer_max(const struct ms_sip *sip)
{
	/* libre drops what is over 64 KiB on a stream, so the head must fit beside the body. */
	return sip->limits.body + (size_t)12 * 1024;
}

static bool is_token(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", s.p[i]))
			return false;
	return s.len > 0;
}

static bool is_line(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
			return false;
	return true;
}

void ms_sip_put_header(struct ms_buf *b, const char *name, struct ms_span value)
{
	if (!is_token(ms_span_str(name)) || !is_line(value)) {
		ms_buf_fail(b, -EINVAL);
		return;
	}
	ms_buf_put_str(b, name);
	ms_buf_put_str(b, ": ");
	ms_buf_put_span(b, value);
	ms_buf_put_str(b, "\r\n");
}

void ms_sip_put_content(struct ms_buf *b, const struct ms_sip *sip, const struct ms_sip_content *c)
{
	static const struct ms_sip_content none = { 0 };

	if (!c)
		c = &none;
	for (size_t i = 0; i < c->n_headers; i++)
		ms_sip_put_header(b, c->headers[i].name, c->headers[i].value);
	if (c->body.len > sip->limits.body)
		ms_buf_fail(b, -EMSGSIZE);
	if (c->body.len > 0 && !c->type)
		ms_buf_fail(b, -EINVAL);
	if (c->type)
		ms_sip_put_header(b, "Content-Type", ms_span_str(c->type));
	ms_buf_printf(b, "Content-Length: %zu\r\n\r\n", c->type ? c->body.len : 0);
	if (c->type)
		ms_buf_put_span(b, c->body);
}

void ms_sip_put_contact(struct ms_buf *b, const char *user, const struct sa *laddr,
			enum sip_transp tp, const char *params)
{
	char address[64];

	(void)re_snprintf(address, sizeof(address), "%J", laddr);
	ms_buf_printf(b, "Contact: <sip:%s%s%s%s>%s\r\n", user ? user : "", user ? "@" : "",
		      address, sip_transp_param(tp), params ? params : "");
}

void ms_sip_put_address(struct ms_buf *b, const char *text)
{
	struct ms_span s = ms_span_str(text);
	bool bare = ms_span_find(s, '<') == s.len;

	if (!is_line(s))
		ms_buf_fail(b, -EINVAL);
	if (bare)
		ms_buf_put_u8(b, '<');
	ms_buf_put_span(b, s);
	if (bare)
		ms_buf_put_u8(b, '>');
}
